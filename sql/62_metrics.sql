-- Metrics: how long pggit's operations take, what is usual for each, and the alert for what is slower than usual.

-- == relations ==

-- Unlogged: an operation that only reads must not wait for the disk because it was measured. A crash of the server empties it;
-- what was computed from it (baselines, operation_hours) is logged.
-- not dumped: measurements of this server
CREATE UNLOGGED TABLE _pggit.operation_timings (
    operation_type text NOT NULL CHECK (operation_type IN ('commit', 'merge', 'diff', 'checkout', 'migration')),
    duration_ms    double precision NOT NULL CHECK (duration_ms >= 0),
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX operation_timings_recorded_at_idx ON _pggit.operation_timings (operation_type, recorded_at);

CREATE TABLE _pggit.baseline_recalc_schedule (
    operation_type         text PRIMARY KEY,
    recalc_frequency_hours integer NOT NULL DEFAULT 24 CHECK (recalc_frequency_hours BETWEEN 1 AND 8760),
    min_samples            integer NOT NULL DEFAULT 10 CHECK (min_samples >= 1),
    lookback_days          integer NOT NULL DEFAULT 7 CHECK (lookback_days BETWEEN 1 AND 90),
    is_enabled             boolean NOT NULL DEFAULT true,
    last_recalculated_at   timestamptz
);

CREATE TABLE _pggit.baselines (
    operation_type text PRIMARY KEY,
    p50_ms         double precision NOT NULL,
    p95_ms         double precision NOT NULL,
    p99_ms         double precision NOT NULL,
    sample_count   integer NOT NULL CHECK (sample_count >= 1),
    calculated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row an hour and operation, kept for three months.
CREATE TABLE _pggit.operation_hours (
    hour           timestamptz NOT NULL,
    operation_type text NOT NULL,
    operations     integer NOT NULL CHECK (operations >= 1),
    avg_ms         double precision NOT NULL,
    max_ms         double precision NOT NULL,
    p50_ms         double precision NOT NULL,
    p95_ms         double precision NOT NULL,
    p99_ms         double precision NOT NULL,
    PRIMARY KEY (hour, operation_type)
);

-- == routines ==
COMMENT ON TABLE _pggit.operation_timings IS 'How long each operation of the last days took.';
COMMENT ON TABLE _pggit.baseline_recalc_schedule IS 'From what and how often the baseline of an operation is computed.';
COMMENT ON TABLE _pggit.baselines IS 'How long an operation usually takes: percentiles of the lookback.';
COMMENT ON TABLE _pggit.operation_hours IS 'Operations by the hour.';

CREATE OR REPLACE FUNCTION _pggit.record_timing(p_operation_type text, p_started_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    -- A standby is read-only, too.
    IF NOT current_setting('transaction_read_only')::boolean THEN
        INSERT INTO _pggit.operation_timings (operation_type, duration_ms)
        VALUES (p_operation_type, greatest(0, extract(epoch FROM
            -- No longer than what is going on has taken: anybody may call this.
            clock_timestamp() - greatest(p_started_at, least(transaction_timestamp(), statement_timestamp()))) * 1000));
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.record_timing(text, timestamptz) IS $$
Notes how long an operation took that began at p_started_at; nothing in a transaction that only reads.
Runs as the owner: a reader's diff is measured, and readers write nothing else.
$$;

CREATE OR REPLACE FUNCTION _pggit.operation_types()
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY['commit', 'merge', 'diff', 'checkout', 'migration'];
COMMENT ON FUNCTION _pggit.operation_types() IS 'The operations that are measured.';

CREATE OR REPLACE FUNCTION _pggit.ensure_recalc_schedule()
RETURNS void
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    -- Not by the install script: rows that it writes are not dumped, and these are for the site to change.
    INSERT INTO _pggit.baseline_recalc_schedule (operation_type)
    SELECT o.operation_type
    FROM unnest(_pggit.operation_types()) AS o(operation_type)
    ON CONFLICT (operation_type) DO NOTHING;
END;
COMMENT ON FUNCTION _pggit.ensure_recalc_schedule() IS 'Makes the rows of baseline_recalc_schedule that are missing.';

CREATE OR REPLACE FUNCTION _pggit.recalculate_baselines(p_operation_type text, p_is_forced boolean)
RETURNS SETOF _pggit.baselines
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_schedule _pggit.baseline_recalc_schedule;
    v_baseline _pggit.baselines;
BEGIN
    PERFORM _pggit.ensure_recalc_schedule();
    FOR v_schedule IN
        SELECT s.*
        FROM _pggit.baseline_recalc_schedule AS s
        WHERE (p_operation_type IS NULL OR s.operation_type = p_operation_type)
          AND (p_is_forced OR s.is_enabled AND (
              s.last_recalculated_at IS NULL
              OR s.last_recalculated_at <= clock_timestamp() - make_interval(hours => s.recalc_frequency_hours)
              -- the clock was set back
              OR s.last_recalculated_at > clock_timestamp()))
        ORDER BY s.operation_type
        FOR UPDATE
    LOOP
        v_baseline := NULL;
        INSERT INTO _pggit.baselines AS b (operation_type, p50_ms, p95_ms, p99_ms, sample_count)
        SELECT v_schedule.operation_type, t.percentiles[1], t.percentiles[2], t.percentiles[3], t.sample_count
        FROM (
            SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY o.duration_ms) AS percentiles,
                count(*)::integer AS sample_count
            FROM _pggit.operation_timings AS o
            WHERE o.operation_type = v_schedule.operation_type
              AND o.recorded_at > clock_timestamp() - make_interval(days => v_schedule.lookback_days)
        ) AS t
        WHERE t.sample_count >= v_schedule.min_samples
        ON CONFLICT (operation_type) DO UPDATE
        SET p50_ms = EXCLUDED.p50_ms, p95_ms = EXCLUDED.p95_ms, p99_ms = EXCLUDED.p99_ms,
            sample_count = EXCLUDED.sample_count, calculated_at = EXCLUDED.calculated_at
        RETURNING b.* INTO v_baseline;
        -- With too few samples the next run looks again: the first baseline should not wait for a day.
        IF v_baseline.operation_type IS NOT NULL THEN
            UPDATE _pggit.baseline_recalc_schedule AS s
            SET last_recalculated_at = clock_timestamp()
            WHERE s.operation_type = v_schedule.operation_type;
            RETURN NEXT v_baseline;
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.recalculate_baselines(text, boolean) IS $$
Computes the baselines that are due, and gives those that it computed.
p_operation_type: only this one; NULL for all.
p_is_forced: also those that are not due.
$$;

CREATE OR REPLACE FUNCTION pggit.recalculate_baselines(p_operation_type text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_items jsonb;
BEGIN
    IF NOT coalesce(p_operation_type, 'diff') = ANY (_pggit.operation_types()) THEN
        PERFORM _pggit.raise_error('VCV60', format('operation "%s" is not measured', p_operation_type), NULL,
            format('One of %s, or NULL for all.', array_to_string(_pggit.operation_types(), ', ')));
    END IF;
    v_items := (
        SELECT coalesce(jsonb_agg(to_jsonb(b) ORDER BY b.operation_type), '[]')
        FROM _pggit.recalculate_baselines(p_operation_type, true) AS b);
    PERFORM _pggit.emit_event('metrics.recalculated', 'baselines', jsonb_build_object('baselines', v_items));
    RETURN jsonb_build_object('items', v_items, 'total', jsonb_array_length(v_items));
END;
$$;
COMMENT ON FUNCTION pggit.recalculate_baselines(text) IS $$
Computes the baselines now, due or not; where there are fewer samples than min_samples, the old one stays.
p_operation_type: commit, merge, diff, checkout or migration; NULL for all.
Returns: {items, total}: the baselines that were computed.
Errors: VCV60 for another operation.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_operation_latency(p_baseline _pggit.baselines)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key    text := 'latency ' || p_baseline.operation_type;
    v_since  timestamptz := clock_timestamp() - interval '15 minutes';
    v_latest timestamptz;
    v_count  integer;
    v_slow   integer;
    v_p99    double precision;
    v_grade  text;
BEGIN
    -- What an earlier alert has told of is not told again.
    SELECT greatest(v_since, max(coalesce(a.resolved_at, (a.context ->> 'last_operation_at')::timestamptz)))
    INTO v_since
    FROM _pggit.alerts AS a
    WHERE a.dedupe_key = v_key AND a.last_raised_at > v_since - interval '1 day';

    SELECT count(*)::integer, (count(*) FILTER (WHERE o.duration_ms > p_baseline.p95_ms))::integer,
        percentile_cont(0.99) WITHIN GROUP (ORDER BY o.duration_ms), max(o.recorded_at)
    INTO v_count, v_slow, v_p99, v_latest
    FROM _pggit.operation_timings AS o
    WHERE o.operation_type = p_baseline.operation_type AND o.recorded_at > v_since;
    IF v_slow = 0 THEN
        RETURN false;
    END IF;
    -- One in twenty exceeds the P95 of itself. Beyond two standard deviations more is no chance.
    v_grade := CASE
        WHEN v_p99 > 3 * p_baseline.p95_ms THEN 'CRITICAL'
        WHEN v_p99 > p_baseline.p99_ms OR v_slow > v_count * 0.05 + 2 * sqrt(v_count * 0.05 * 0.95) THEN 'WARNING'
        ELSE 'INFO'
    END;
    PERFORM _pggit.raise_alert(
        p_baseline.operation_type,
        v_grade,
        format('%s exceeds its latency baseline: P99 %s ms, usual P95 %s ms',
            p_baseline.operation_type, round(v_p99::numeric, 1), round(p_baseline.p95_ms::numeric, 1)),
        jsonb_build_object(
            'p99_ms', round(v_p99::numeric, 3),
            'baseline_ms', round(p_baseline.p95_ms::numeric, 3),
            'affected_operations', v_slow,
            'operations', v_count,
            'last_operation_at', v_latest),
        v_key);
    RETURN true;
END;
$$;
COMMENT ON FUNCTION _pggit.check_operation_latency(_pggit.baselines) IS $$
Raises an alert where operations since the last one took longer than the baseline's P95, and says whether it did.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_latency()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_quiet interval := interval '1 hour';
    v_key   text;
    v_count integer;
BEGIN
    SELECT count(*) FILTER (WHERE _pggit.check_operation_latency(b))::integer
    INTO v_count
    FROM (SELECT l.* FROM _pggit.baselines AS l ORDER BY l.operation_type OFFSET 0) AS b;
    FOR v_key IN
        SELECT a.dedupe_key
        FROM _pggit.alerts AS a
        WHERE a.status <> 'resolved' AND a.dedupe_key ^@ 'latency ' AND a.last_raised_at < clock_timestamp() - v_quiet
        ORDER BY a.dedupe_key
    LOOP
        PERFORM _pggit.clear_alert(v_key, 'within the baseline for an hour');
    END LOOP;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.check_latency() IS $$
Checks every operation against its baseline, and gives how many exceed it; resolves what was quiet for an hour.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_drift()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_changes pggit.change[];
    v_count   integer;
BEGIN
    IF NOT EXISTS (SELECT FROM _pggit.branches) THEN
        RETURN NULL;
    END IF;
    v_changes := ARRAY(SELECT ROW(s.*)::pggit.change FROM _pggit.list_status('main', '{}') AS s);
    v_count := cardinality(v_changes);
    IF v_count = 0 THEN
        PERFORM _pggit.clear_alert('drift main', 'the live schema equals its branch');
    ELSE
        PERFORM _pggit.raise_alert(
            'drift',
            'WARNING',
            format('the live schema differs from branch "main" in %s object%s', v_count,
                CASE WHEN v_count = 1 THEN '' ELSE 's' END),
            jsonb_build_object(
                'branch', 'main',
                'affected_objects', v_count,
                'changes', (SELECT jsonb_agg(to_jsonb(c) - ARRAY['old', 'new']) FROM unnest(v_changes[1:10]) AS c)),
            'drift main');
    END IF;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.check_drift() IS $$
Raises an alert where the live schema differs from the head of main, and resolves it when it does not.
Returns: how many objects differ; NULL before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.roll_up_timings()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    -- The last two hours anew each time: what commits late is counted, too.
    INSERT INTO _pggit.operation_hours (hour, operation_type, operations, avg_ms, max_ms, p50_ms, p95_ms, p99_ms)
    SELECT s.hour, s.operation_type, s.operations, s.avg_ms, s.max_ms, s.percentiles[1], s.percentiles[2], s.percentiles[3]
    FROM (
        SELECT date_trunc('hour', o.recorded_at) AS hour, o.operation_type, count(*)::integer AS operations,
            avg(o.duration_ms) AS avg_ms, max(o.duration_ms) AS max_ms,
            percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY o.duration_ms) AS percentiles
        FROM _pggit.operation_timings AS o
        WHERE o.operation_type = ANY (_pggit.operation_types())
          AND o.recorded_at >= date_trunc('hour', clock_timestamp()) - interval '1 hour'
        GROUP BY 1, 2
    ) AS s
    ORDER BY s.hour, s.operation_type
    ON CONFLICT (hour, operation_type) DO UPDATE
    SET operations = EXCLUDED.operations, avg_ms = EXCLUDED.avg_ms, max_ms = EXCLUDED.max_ms,
        p50_ms = EXCLUDED.p50_ms, p95_ms = EXCLUDED.p95_ms, p99_ms = EXCLUDED.p99_ms
    WHERE operation_hours.operations <= EXCLUDED.operations;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.roll_up_timings() IS $$
Writes the hours of operation_hours that are not over, and the last one. After a crash emptied the measurements, what was
counted before stays.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_server()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_used   integer := (SELECT sum(d.numbackends)::integer FROM pg_stat_database AS d);
    v_limit  integer := current_setting('max_connections')::integer;
    v_oldest interval := (
        SELECT max(clock_timestamp() - a.xact_start)
        FROM pg_stat_activity AS a
        WHERE a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL);
    v_raised integer := 0;
BEGIN
    IF v_used > v_limit * 0.9 THEN
        PERFORM _pggit.raise_alert('health', 'WARNING', format('%s of %s connections are in use', v_used, v_limit),
            jsonb_build_object('connections', v_used, 'max_connections', v_limit), 'health connections');
        v_raised := v_raised + 1;
    ELSE
        PERFORM _pggit.clear_alert('health connections', 'connections are free again');
    END IF;
    -- What it holds back, vacuum cannot clean: queues get slower by the minute.
    IF v_oldest > interval '30 minutes' THEN
        PERFORM _pggit.raise_alert('health', 'WARNING',
            format('a transaction has been open for %s minutes', (extract(epoch FROM v_oldest) / 60)::integer),
            jsonb_build_object('seconds', extract(epoch FROM v_oldest)::integer), 'health old transaction');
        v_raised := v_raised + 1;
    ELSE
        PERFORM _pggit.clear_alert('health old transaction', 'it has ended');
    END IF;
    RETURN v_raised;
END;
$$;
COMMENT ON FUNCTION _pggit.check_server() IS $$
Raises alerts for what makes a server ill: connections nearly used up, a transaction open for half an hour.
Returns: how many of them there are.
$$;

CREATE OR REPLACE FUNCTION pggit.report_health(
    p_source text,
    p_status text,
    p_response_time_ms double precision,
    p_failing jsonb DEFAULT '{}'
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_status = 'healthy' THEN
        PERFORM _pggit.clear_alert('health ' || p_source, 'healthy again');
    ELSE
        PERFORM _pggit.raise_alert('health', 'CRITICAL', format('%s is %s', p_source, p_status),
            jsonb_build_object('status', p_status, 'failing', p_failing), 'health ' || p_source);
    END IF;
    IF p_response_time_ms > 100 THEN
        PERFORM _pggit.raise_alert('health', 'WARNING',
            format('the database took %s ms to answer %s', round(p_response_time_ms::numeric, 1), p_source),
            jsonb_build_object('response_time_ms', p_response_time_ms, 'limit_ms', 100), 'response time ' || p_source);
    ELSE
        PERFORM _pggit.clear_alert('response time ' || p_source, 'answers in time again');
    END IF;
END;
$$;
COMMENT ON FUNCTION pggit.report_health(text, text, double precision, jsonb) IS $$
How a process finds its surroundings: anything but healthy raises an alert, and so does a database that took more than 100 ms to
answer; each is resolved by the next report without it.
p_source: who reports.
p_status: healthy, degraded or unhealthy.
p_failing: what is not healthy, and why.
$$;
