-- Scheduled jobs: what runs when, who has claimed it, and how each run ended.

-- == relations ==

-- Written when a worker first sees the job; a site changes it with pggit.schedule_job.
CREATE TABLE _pggit.scheduled_jobs (
    job_name      text PRIMARY KEY,
    -- NULL: that of _pggit.job_definitions.
    cron_schedule text,
    is_enabled    boolean NOT NULL DEFAULT true,
    next_run_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE _pggit.scheduled_job_execution (
    execution_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_name      text NOT NULL,
    cron_schedule text NOT NULL,
    status        text NOT NULL CHECK (status IN ('RUNNING', 'SUCCESS', 'FAILED', 'SKIPPED')),
    worker        text NOT NULL,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at   timestamptz,
    duration_ms   double precision CHECK (duration_ms >= 0),
    rows_affected integer,
    error_message text,
    CONSTRAINT scheduled_job_execution_finished_check CHECK ((status = 'RUNNING') = (finished_at IS NULL))
);
-- One run of a job at a time, whatever the workers believe.
CREATE UNIQUE INDEX scheduled_job_execution_job_name_key ON _pggit.scheduled_job_execution (job_name) WHERE status = 'RUNNING';
CREATE INDEX scheduled_job_execution_job_name_idx ON _pggit.scheduled_job_execution (job_name, execution_id);
CREATE INDEX scheduled_job_execution_started_at_idx ON _pggit.scheduled_job_execution (started_at);

-- Who works beside the API; seen at most every five seconds.
CREATE TABLE _pggit.workers (
    worker       text PRIMARY KEY CHECK (worker <> '' AND length(worker) <= 200),
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- == routines ==
COMMENT ON TABLE _pggit.workers IS 'Worker processes of the last day, and when each was seen last.';
COMMENT ON TABLE _pggit.scheduled_jobs IS 'When each job runs next, and what a site has changed about it.';
COMMENT ON TABLE _pggit.scheduled_job_execution IS 'The runs of the last week, and how they ended.';

CREATE OR REPLACE FUNCTION _pggit.job_definitions()
RETURNS TABLE (job_name text, cron_schedule text)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    VALUES
        ('check_server', '@every 30 seconds'),
        ('check_webhooks', '@every 1 minute'),
        ('check_latency', '@every 1 minute'),
        ('check_drift', '@every 5 minutes'),
        ('roll_up_timings', '@every 5 minutes'),
        ('recalculate_baselines', '*/15 * * * *'),
        ('prune_metrics', '17 3 * * *');
END;
COMMENT ON FUNCTION _pggit.job_definitions() IS 'The jobs that there are, and when they run unless a site says otherwise.';

CREATE OR REPLACE FUNCTION _pggit.cron_field(p_field text, p_first integer, p_last integer)
RETURNS integer[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_values integer[] := ARRAY[]::integer[];
    v_part   text[];
    v_from   integer;
    v_to     integer;
    v_item   text;
BEGIN
    FOREACH v_item IN ARRAY string_to_array(coalesce(p_field, ''), ',') LOOP
        v_part := regexp_match(v_item, '^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?$');
        IF v_part IS NULL THEN
            RETURN NULL;
        END IF;
        v_from := coalesce(v_part[1]::integer, p_first);
        v_to := coalesce(v_part[2]::integer, CASE WHEN v_part[1] IS NULL OR v_part[3] IS NOT NULL THEN p_last ELSE v_from END);
        IF v_from < p_first OR v_to > p_last OR v_from > v_to THEN
            RETURN NULL;
        END IF;
        v_values := v_values || ARRAY(SELECT generate_series(v_from, v_to, coalesce(v_part[3]::integer, 1)));
    END LOOP;
    RETURN nullif(v_values, '{}');
END;
$$;
COMMENT ON FUNCTION _pggit.cron_field(text, integer, integer) IS 'The numbers that one field of a cron line means; NULL where it is none.';

CREATE OR REPLACE FUNCTION _pggit.cron_time(p_schedule text, p_after timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_fields  text[] := regexp_split_to_array(btrim(p_schedule), '\s+');
    v_minutes integer[] := _pggit.cron_field(v_fields[1], 0, 59);
    v_hours   integer[] := _pggit.cron_field(v_fields[2], 0, 23);
    v_days    integer[] := _pggit.cron_field(v_fields[3], 1, 31);
    v_months  integer[] := _pggit.cron_field(v_fields[4], 1, 12);
    v_weekday integer[] := _pggit.cron_field(v_fields[5], 0, 7);
    v_day     timestamptz := date_trunc('day', p_after);
    v_found   timestamptz;
BEGIN
    IF cardinality(v_fields) <> 5 OR v_minutes IS NULL OR v_hours IS NULL OR v_days IS NULL OR v_months IS NULL
        OR v_weekday IS NULL
    THEN
        RETURN NULL;
    END IF;
    -- Every day of the year comes within eight years, the 29th of February as well.
    WHILE v_found IS NULL AND v_day < p_after + interval '8 years 2 days' LOOP
        -- As cron has it: where both the day and the weekday are given, either will do.
        IF extract(month FROM v_day)::integer = ANY (v_months) AND (CASE
            WHEN v_fields[3] = '*' OR v_fields[5] = '*' THEN
                extract(day FROM v_day)::integer = ANY (v_days)
                AND (extract(dow FROM v_day)::integer = ANY (v_weekday) OR extract(isodow FROM v_day)::integer = ANY (v_weekday))
            ELSE extract(day FROM v_day)::integer = ANY (v_days)
                OR extract(dow FROM v_day)::integer = ANY (v_weekday) OR extract(isodow FROM v_day)::integer = ANY (v_weekday)
        END) THEN
            SELECT min(v_day + make_interval(hours => h.hour, mins => m.minute))
            INTO v_found
            FROM unnest(v_hours) AS h(hour), unnest(v_minutes) AS m(minute)
            WHERE v_day + make_interval(hours => h.hour, mins => m.minute) > p_after;
        END IF;
        v_day := v_day + interval '1 day';
    END LOOP;
    RETURN v_found;
END;
$$;
COMMENT ON FUNCTION _pggit.cron_time(text, timestamptz) IS $$
When a cron line of five fields comes round next, in UTC; NULL where it is no such line, or never does.
$$;

CREATE OR REPLACE FUNCTION _pggit.next_time(p_schedule text, p_after timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_found text[] := regexp_match(p_schedule, '^@every ([1-9]\d{0,5}) (second|minute|hour|day)s?$');
    v_next  timestamptz;
BEGIN
    IF v_found IS NOT NULL THEN
        RETURN p_after + (v_found[1] || ' ' || v_found[2])::interval;
    END IF;
    v_next := _pggit.cron_time(p_schedule, p_after);
    IF v_next IS NULL THEN
        PERFORM _pggit.raise_error('VCV61', format('"%s" is no schedule', p_schedule), NULL,
            'Write five fields of cron, as in "*/15 * * * *" (UTC), or "@every 30 seconds".');
    END IF;
    RETURN v_next;
END;
$$;
COMMENT ON FUNCTION _pggit.next_time(text, timestamptz) IS $$
When a schedule comes round next.
p_schedule: five fields of cron in UTC (lists, ranges, steps), or @every <number> seconds, minutes, hours, days.
Errors: VCV61 for anything else.
$$;

CREATE OR REPLACE FUNCTION _pggit.bury_lost_runs()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_lost _pggit.scheduled_job_execution;
BEGIN
    -- A run holds its row's lock until it ends, so one that nobody holds has been left: no lease to extend, no clock to trust.
    -- Between the claim and the run lie milliseconds.
    FOR v_lost IN
        SELECT e.*
        FROM _pggit.scheduled_job_execution AS e
        WHERE e.status = 'RUNNING' AND NOT e.started_at BETWEEN clock_timestamp() - interval '15 seconds' AND clock_timestamp()
        ORDER BY e.execution_id
        FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM _pggit.end_run(v_lost, 'FAILED', NULL, format('worker %s has gone', v_lost.worker));
        UPDATE _pggit.scheduled_jobs AS j SET next_run_at = clock_timestamp() WHERE j.job_name = v_lost.job_name;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.bury_lost_runs() IS 'Records runs whose worker died as failed, and makes their jobs due again.';

CREATE OR REPLACE FUNCTION _pggit.end_run(
    p_run _pggit.scheduled_job_execution,
    p_status text,
    p_rows integer,
    p_error text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    UPDATE _pggit.scheduled_job_execution AS e
    SET status = p_status,
        finished_at = clock_timestamp(),
        duration_ms = greatest(extract(epoch FROM clock_timestamp() - e.started_at) * 1000, 0),
        rows_affected = p_rows,
        error_message = left(p_error, 2000)
    WHERE e.execution_id = p_run.execution_id;
    IF p_status = 'FAILED' THEN
        PERFORM _pggit.raise_alert('scheduler', 'WARNING', left(format('job %s failed: %s', p_run.job_name, p_error), 2000),
            jsonb_build_object('job_name', p_run.job_name, 'execution_id', p_run.execution_id), 'job ' || p_run.job_name);
    ELSIF p_status = 'SUCCESS' THEN
        PERFORM _pggit.clear_alert('job ' || p_run.job_name, 'the job succeeded');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.end_run(_pggit.scheduled_job_execution, text, integer, text) IS $$
Records how a run ended; a failed one raises an alert, the next that succeeds resolves it.
$$;

CREATE OR REPLACE FUNCTION pggit.claim_job(p_worker text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_now     timestamptz;
    v_job     record;
    v_is_held boolean;
    v_run_id  bigint;
BEGIN
    -- A standby has no work, and must not answer with an error each second.
    IF current_setting('transaction_read_only')::boolean THEN
        RETURN NULL;
    END IF;
    INSERT INTO _pggit.workers AS w (worker)
    VALUES (p_worker)
    ON CONFLICT (worker) DO UPDATE
    SET last_seen_at = clock_timestamp()
    WHERE NOT w.last_seen_at BETWEEN clock_timestamp() - interval '5 seconds' AND clock_timestamp();
    INSERT INTO _pggit.scheduled_jobs (job_name)
    SELECT d.job_name
    FROM _pggit.job_definitions() AS d
    WHERE NOT EXISTS (SELECT FROM _pggit.scheduled_jobs AS j WHERE j.job_name = d.job_name)
    ON CONFLICT (job_name) DO NOTHING;
    PERFORM _pggit.bury_lost_runs();
    v_now := clock_timestamp();
    FOR v_job IN
        SELECT j.job_name, coalesce(j.cron_schedule, d.cron_schedule) AS schedule, j.next_run_at,
            _pggit.next_time(coalesce(j.cron_schedule, d.cron_schedule), v_now) AS coming
        FROM _pggit.scheduled_jobs AS j
        JOIN _pggit.job_definitions() AS d USING (job_name)
        WHERE j.is_enabled
        ORDER BY j.next_run_at, j.job_name
        FOR UPDATE OF j SKIP LOCKED
    LOOP
        -- After a step back of the clock the time that was noted lies beyond the next one.
        UPDATE _pggit.scheduled_jobs AS j
        SET next_run_at = v_job.coming
        WHERE j.job_name = v_job.job_name AND (v_job.next_run_at <= v_now OR v_job.next_run_at > v_job.coming);
        IF v_job.next_run_at <= v_now THEN
            v_is_held := EXISTS (
                SELECT FROM _pggit.scheduled_job_execution AS e WHERE e.job_name = v_job.job_name AND e.status = 'RUNNING');
            INSERT INTO _pggit.scheduled_job_execution (
                job_name, cron_schedule, status, worker, finished_at, duration_ms, error_message)
            SELECT v_job.job_name, v_job.schedule, CASE WHEN v_is_held THEN 'SKIPPED' ELSE 'RUNNING' END, p_worker,
                CASE WHEN v_is_held THEN v_now END, CASE WHEN v_is_held THEN 0 END,
                CASE WHEN v_is_held THEN 'the run before has not ended' END
            RETURNING execution_id INTO v_run_id;
            IF NOT v_is_held THEN
                RETURN jsonb_build_object('execution_id', v_run_id, 'job_name', v_job.job_name);
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION pggit.claim_job(text) IS $$
Takes the next job that is due for a worker, which calls pggit.run_job with it in a transaction of its own.
Workers side by side: a job is taken by one of them, and not again while it runs.
Returns: {execution_id, job_name}; NULL where nothing is due, and on a server that is read-only.
Locks: the rows of the jobs, not waiting for any.
$$;

CREATE OR REPLACE FUNCTION _pggit.prune_metrics()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_days  integer := (SELECT greatest(max(s.lookback_days), 7) FROM _pggit.baseline_recalc_schedule AS s);
    v_count integer;
    v_total integer := 0;
BEGIN
    DELETE FROM _pggit.operation_timings AS o WHERE o.recorded_at < clock_timestamp() - make_interval(days => v_days);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_total := v_total + v_count;
    DELETE FROM _pggit.scheduled_job_execution AS e
    WHERE e.started_at < clock_timestamp() - interval '7 days' AND e.status <> 'RUNNING';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_total := v_total + v_count;
    DELETE FROM _pggit.workers AS w WHERE w.last_seen_at < clock_timestamp() - interval '1 day';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_total := v_total + v_count;
    DELETE FROM _pggit.operation_hours AS h WHERE h.hour < clock_timestamp() - interval '90 days';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_total := v_total + v_count;
    DELETE FROM _pggit.alerts AS a WHERE a.resolved_at < clock_timestamp() - interval '90 days';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_total + v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.prune_metrics() IS $$
Throws away what is too old: measurements beyond the lookback, runs of jobs after a week, hours and resolved alerts after 90 days.
Returns: how many rows.
$$;

CREATE OR REPLACE FUNCTION _pggit.perform_job(p_job_name text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_rows integer;
BEGIN
    CASE p_job_name
        WHEN 'check_server' THEN v_rows := _pggit.check_server();
        WHEN 'check_webhooks' THEN v_rows := _pggit.check_webhooks();
        WHEN 'check_latency' THEN v_rows := _pggit.check_latency();
        WHEN 'check_drift' THEN v_rows := _pggit.check_drift();
        WHEN 'roll_up_timings' THEN v_rows := _pggit.roll_up_timings();
        WHEN 'recalculate_baselines' THEN
            v_rows := (SELECT count(*)::integer FROM _pggit.recalculate_baselines(NULL, false));
            IF v_rows > 0 THEN
                PERFORM _pggit.emit_event('metrics.recalculated', 'baselines', jsonb_build_object('baselines', (
                    SELECT jsonb_agg(to_jsonb(b) ORDER BY b.operation_type) FROM _pggit.baselines AS b)));
            END IF;
        WHEN 'prune_metrics' THEN v_rows := _pggit.prune_metrics();
    END CASE;
    RETURN v_rows;
END;
$$;
COMMENT ON FUNCTION _pggit.perform_job(text) IS 'What a job does; gives the rows that it touched, NULL where it had nothing to do.';

CREATE OR REPLACE FUNCTION pggit.run_job(p_execution_id bigint)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_run    _pggit.scheduled_job_execution;
    v_rows   integer;
    v_status text;
BEGIN
    -- Held until the end: it tells the other workers that this run lives.
    SELECT e.* INTO v_run FROM _pggit.scheduled_job_execution AS e WHERE e.execution_id = p_execution_id FOR UPDATE;
    IF v_run.status IS DISTINCT FROM 'RUNNING' THEN
        PERFORM _pggit.raise_error('VCS61', format('run %s is not under way', p_execution_id),
            coalesce('It is ' || v_run.status || '.', 'There is no such run.'), 'Claim the job again.');
    END IF;
    v_rows := _pggit.perform_job(v_run.job_name);
    v_status := CASE WHEN v_rows IS NULL THEN 'SKIPPED' ELSE 'SUCCESS' END;
    PERFORM _pggit.end_run(v_run, v_status, v_rows, NULL);
    RETURN v_status;
END;
$$;
COMMENT ON FUNCTION pggit.run_job(bigint) IS $$
Does what a claimed run is for, and records it in the same transaction.
Returns: SUCCESS, or SKIPPED where there was nothing it could do.
Errors: VCS61 where the run has ended or never was; whatever the job raises, which the worker reports with pggit.fail_job.
Locks: the run's row until the end of the transaction.
$$;

CREATE OR REPLACE FUNCTION pggit.fail_job(p_execution_id bigint, p_error text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_run _pggit.scheduled_job_execution;
BEGIN
    SELECT e.* INTO v_run FROM _pggit.scheduled_job_execution AS e WHERE e.execution_id = p_execution_id FOR UPDATE;
    IF v_run.status = 'RUNNING' THEN
        PERFORM _pggit.end_run(v_run, 'FAILED', NULL, p_error);
    END IF;
END;
$$;
COMMENT ON FUNCTION pggit.fail_job(bigint, text) IS $$
Records that a claimed run failed, and raises an alert; nothing where the run has ended.
Locks: the run's row.
$$;

CREATE OR REPLACE FUNCTION pggit.schedule_job(
    p_job_name text,
    p_cron_schedule text DEFAULT NULL,
    p_is_enabled boolean DEFAULT true
)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_default text := (SELECT d.cron_schedule FROM _pggit.job_definitions() AS d WHERE d.job_name = p_job_name);
    v_next    timestamptz;
BEGIN
    IF v_default IS NULL THEN
        PERFORM _pggit.raise_error('VCN61', format('job "%s" does not exist', p_job_name), NULL,
            'SELECT * FROM pggit_analytics.jobs lists them.');
    END IF;
    v_next := _pggit.next_time(coalesce(p_cron_schedule, v_default), clock_timestamp());
    INSERT INTO _pggit.scheduled_jobs AS j (job_name, cron_schedule, is_enabled, next_run_at)
    VALUES (p_job_name, p_cron_schedule, p_is_enabled, v_next)
    ON CONFLICT (job_name) DO UPDATE
    SET cron_schedule = EXCLUDED.cron_schedule, is_enabled = EXCLUDED.is_enabled, next_run_at = EXCLUDED.next_run_at;
    RETURN v_next;
END;
$$;
COMMENT ON FUNCTION pggit.schedule_job(text, text, boolean) IS $$
Changes when a job runs, or whether it does.
p_cron_schedule: five fields of cron in UTC, or "@every 30 seconds"; NULL for the job's own.
Returns: when it runs next.
Errors: VCN61 for an unknown job, VCV61 for what is no schedule.
$$;
