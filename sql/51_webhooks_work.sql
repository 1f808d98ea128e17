-- Webhooks, the work: what a deliverer claims, and what becomes of what it tried.

-- == relations ==

-- What a deliverer says of one attempt.
CREATE TYPE _pggit.attempt_result AS (
    delivery_id   bigint,
    webhook_id    integer,
    attempt       integer,
    is_delivered  boolean,
    -- NULL where the receiver gave no proper answer
    status_code   integer,
    error_class   text,
    error         text,
    duration_ms   double precision,
    -- seconds that the receiver asks to be left alone, where it said so in a way that is understood
    pause_seconds double precision,  -- at most a day
    retry_after   text,
    response_body text,
    is_truncated  boolean,
    -- given back unsent: the worker stops, or has no place for it
    is_released   boolean,
    -- claimed as sent again by hand
    is_manual     boolean
);

-- How many deliveries more a webhook may have under way, and on what terms.
CREATE TYPE _pggit.place AS (
    webhook_id   integer,
    is_ordered   boolean,
    lease_until  timestamptz,
    places       integer,
    -- the hour that its limit counts begins anew
    is_fresh     boolean,
    hourly_limit integer
);

-- == routines ==
COMMENT ON TYPE _pggit.place IS 'How many deliveries more a webhook may have under way, and on what terms.';
COMMENT ON TYPE _pggit.attempt_result IS 'What a deliverer says of one attempt.';

CREATE OR REPLACE FUNCTION _pggit.event_body(p_event _pggit.events)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
-- Put together as text, which costs a third of a jsonb that is built to be printed. Ids and types have a narrow alphabet.
RETURN '{"id": "' || (p_event).message_id || '", "type": "' || (p_event).type || '", "timestamp": "'
    || to_char((p_event).created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '", "subject": '
    || coalesce(to_json((p_event).subject)::text, 'null') || ', "actor": ' || to_json((p_event).actor)::text
    || ', "data": ' || (p_event).data::text || '}';
COMMENT ON FUNCTION _pggit.event_body(_pggit.events) IS 'What is posted of an event.';

CREATE OR REPLACE FUNCTION _pggit.retry_delay(p_webhook _pggit.webhooks, p_attempt integer)
RETURNS interval
LANGUAGE sql
VOLATILE
PARALLEL SAFE
RETURN make_interval(secs => least((p_webhook).max_backoff::double precision, power((p_webhook).backoff_base, p_attempt))
    * (0.8 + 0.4 * random()));
COMMENT ON FUNCTION _pggit.retry_delay(_pggit.webhooks, integer) IS $$
How long a webhook waits after its p_attempt-th failure: backoff_base^p_attempt seconds, at most max_backoff, give or take a fifth.
$$;

CREATE OR REPLACE FUNCTION _pggit.due_webhooks(p_now timestamptz)
RETURNS TABLE (webhook_id integer)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- A skip scan: one look into the index for each webhook that has anything, however long its queue is.
    WITH RECURSIVE waiting (webhook_id) AS (
        (SELECT d.webhook_id FROM _pggit.deliveries AS d ORDER BY d.webhook_id LIMIT 1)
        UNION ALL
        SELECT n.webhook_id
        FROM waiting AS w
        CROSS JOIN LATERAL (
            SELECT d.webhook_id
            FROM _pggit.deliveries AS d
            WHERE d.webhook_id > w.webhook_id
            ORDER BY d.webhook_id
            LIMIT 1
        ) AS n
    )
    SELECT m.webhook_id
    FROM waiting AS w
    JOIN _pggit.webhook_health_metrics AS m ON m.webhook_id = w.webhook_id
    WHERE m.blocked_until <= p_now
        AND EXISTS (SELECT FROM _pggit.deliveries AS d WHERE d.webhook_id = w.webhook_id AND d.due_at <= p_now)
    ORDER BY m.claimed_at, m.webhook_id;
END;
COMMENT ON FUNCTION _pggit.due_webhooks(timestamptz) IS $$
The webhooks that have something due and are not blocked, those first that were served longest ago.
$$;

CREATE OR REPLACE FUNCTION _pggit.places_of(p_ids integer[], p_now timestamptz, p_busy jsonb)
RETURNS SETOF _pggit.place
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT
        w.webhook_id,
        w.is_ordered,
        -- Long enough that no attempt outlives it, whatever the deliverer's own clock says.
        p_now + make_interval(secs => w.timeout_seconds + 30),
        least(
            -- A breaker that was open lets one through.
            CASE WHEN m.consecutive_failures >= 5 THEN 1 ELSE m.concurrency END
                - coalesce((p_busy->>(w.webhook_id::text))::integer, 0),
            w.hourly_limit - CASE WHEN m.hour_started_at <= p_now - interval '1 hour' THEN 0 ELSE m.hour_count END),
        m.hour_started_at <= p_now - interval '1 hour',
        w.hourly_limit
    FROM _pggit.webhook_health_metrics AS m
    JOIN _pggit.webhooks AS w ON w.webhook_id = m.webhook_id
    WHERE m.webhook_id = ANY (p_ids)
        AND m.blocked_until <= p_now
        AND w.is_active
    FOR UPDATE OF m SKIP LOCKED;
END;
COMMENT ON FUNCTION _pggit.places_of(integer[], timestamptz, jsonb) IS $$
How many deliveries more each of some webhooks may have under way.
Locks: the rows of webhook_health_metrics, so that one worker at a time claims of a webhook; who is locked is left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.claim(p_worker text, p_limit integer, p_busy jsonb)
RETURNS _pggit.deliveries[]
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_now     timestamptz := clock_timestamp();
    v_ids     integer[] := ARRAY(SELECT w.webhook_id FROM _pggit.due_webhooks(v_now) AS w);
    -- Nobody waits behind another's backlog: the first of each, then the second of each, up to two fair shares.
    v_share   integer := greatest(least(2 * p_limit / greatest(cardinality(v_ids), 1), p_limit), 1);
    v_places  _pggit.place[];
    v_claimed _pggit.deliveries[];
BEGIN
    IF v_ids = '{}' OR p_limit <= 0 THEN
        RETURN '{}'::_pggit.deliveries[];
    END IF;
    -- A statement of its own: what the next one sees began after these rows were ours, so nobody is about to change it.
    v_places := ARRAY(SELECT p FROM _pggit.places_of(v_ids, v_now, p_busy) AS p);
    WITH next AS (
        SELECT c.delivery_id
        FROM unnest(v_places) AS p
        CROSS JOIN LATERAL (
            SELECT d.delivery_id, row_number() OVER (ORDER BY d.due_at, d.delivery_id) AS turn
            FROM _pggit.deliveries AS d
            WHERE d.webhook_id = p.webhook_id AND d.due_at <= v_now AND NOT (d.is_ordered AND p.is_ordered)
            ORDER BY d.due_at, d.delivery_id
            LIMIT greatest(least(p.places, v_share), 0)
        ) AS c
        ORDER BY c.turn, p.webhook_id
        LIMIT p_limit
    ), first AS (
        -- In order: only the first of all, and only once no older transaction can still put one before it.
        SELECT f.delivery_id
        FROM unnest(v_places) AS p
        CROSS JOIN LATERAL (
            SELECT d.delivery_id, d.due_at, d.event_xid
            FROM _pggit.deliveries AS d
            WHERE d.webhook_id = p.webhook_id AND d.is_ordered
            ORDER BY d.event_xid, d.event_id, d.delivery_id
            LIMIT 1
        ) AS f
        WHERE p.is_ordered AND p.places > 0 AND f.due_at <= v_now
            AND f.event_xid < pg_snapshot_xmin(pg_current_snapshot())
    ), locked AS (
        -- Somebody who looks at one by hand holds up that one, not the worker.
        SELECT d.delivery_id
        FROM _pggit.deliveries AS d
        WHERE d.delivery_id = ANY (ARRAY(SELECT n.delivery_id FROM next AS n UNION ALL SELECT f.delivery_id FROM first AS f))
            AND d.due_at <= v_now
        ORDER BY d.delivery_id
        FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE _pggit.deliveries AS d
        SET attempt = d.attempt + 1,
            due_at = (SELECT p.lease_until FROM unnest(v_places) AS p WHERE p.webhook_id = d.webhook_id),
            leased_by = p_worker
        WHERE d.delivery_id = ANY (ARRAY(SELECT l.delivery_id FROM locked AS l))
        RETURNING d.*
    ), counted AS (
        SELECT c.webhook_id, count(*)::integer AS claimed FROM claimed AS c GROUP BY c.webhook_id
    ), noted AS (
        UPDATE _pggit.webhook_health_metrics AS m
        SET claimed_at = v_now,
            hour_started_at = CASE WHEN p.is_fresh THEN v_now ELSE m.hour_started_at END,
            hour_count = CASE WHEN p.is_fresh THEN 0 ELSE m.hour_count END + coalesce(c.claimed, 0),
            blocked_until = CASE
                -- The hour is used up.
                WHEN CASE WHEN p.is_fresh THEN 0 ELSE m.hour_count END + coalesce(c.claimed, 0) >= p.hourly_limit
                    THEN CASE WHEN p.is_fresh THEN v_now ELSE m.hour_started_at END + interval '1 hour'
                -- Until the one that probes has come back.
                WHEN m.consecutive_failures >= 5 THEN p.lease_until
                ELSE m.blocked_until END
        FROM unnest(v_places) AS p
        LEFT JOIN counted AS c ON c.webhook_id = p.webhook_id
        WHERE m.webhook_id = p.webhook_id AND (c.claimed > 0 OR p.places <= 0)
    )
    SELECT array_agg(ROW(c.*)::_pggit.deliveries) INTO v_claimed FROM claimed AS c;
    RETURN coalesce(v_claimed, '{}');
END;
$$;
COMMENT ON FUNCTION _pggit.claim(text, integer, jsonb) IS $$
Leases up to p_limit deliveries, fairly among the webhooks, within the limits of each.
p_busy: how many this worker has under way for each webhook.
Locks: as places_of, then the deliveries; it waits for neither.
$$;

CREATE OR REPLACE FUNCTION pggit.claim_deliveries(p_worker text, p_limit integer DEFAULT 100, p_busy jsonb DEFAULT '{}')
RETURNS json
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
    -- A statement of its own: in the snapshot of one that began before, the events of what it claims might not exist yet.
    v_claimed _pggit.deliveries[] := _pggit.claim(p_worker, p_limit, coalesce(p_busy, '{}'));
    v_found   json;
BEGIN
    SELECT json_build_object(
        'webhooks', (
            SELECT coalesce(json_agg(json_build_object(
                'webhook_id', w.webhook_id,
                'url', w.url,
                'timeout_seconds', w.timeout_seconds,
                'ssl_verify', w.ssl_verify,
                'secrets', (
                    SELECT json_agg(s.secret ORDER BY s.secret_id DESC)
                    FROM _pggit.webhook_secrets AS s
                    WHERE s.webhook_id = w.webhook_id AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())))), '[]')
            FROM (SELECT DISTINCT u.webhook_id FROM unnest(v_claimed) AS u) AS n
            JOIN _pggit.webhooks AS w ON w.webhook_id = n.webhook_id),
        'deliveries', (
            SELECT coalesce(json_agg(json_build_object(
                'delivery_id', c.delivery_id,
                'webhook_id', c.webhook_id,
                'attempt', c.attempt,
                'trigger', c.trigger,
                'message_id', coalesce(e.message_id, c.body::jsonb->>'id'),
                'body', coalesce(c.body, _pggit.event_body(e)))), '[]')
            FROM unnest(v_claimed) AS c
            LEFT JOIN _pggit.events AS e ON e.xid = c.event_xid AND e.event_id = c.event_id AND e.slot = c.event_slot))
    INTO v_found;
    RETURN v_found;
END;
$$;
COMMENT ON FUNCTION pggit.claim_deliveries(text, integer, jsonb) IS $$
For a worker: leases deliveries and gives what it takes to send them. Its plans go by indexes alone, however small the tables
were when they were made.
p_worker: who it is, for the log.
p_busy: {webhook_id: count} of those that it has under way.
Returns: {webhooks: [{webhook_id, url, timeout_seconds, ssl_verify, secrets}],
deliveries: [{delivery_id, webhook_id, attempt, trigger, message_id, body}]}.
$$;

CREATE OR REPLACE FUNCTION pggit.finish_deliveries(p_worker text, p_results jsonb)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
    v_results _pggit.attempt_result[] := ARRAY(
        SELECT r FROM jsonb_populate_recordset(NULL::_pggit.attempt_result, p_results) AS r);
    v_count   integer;
    v_ended   boolean;
BEGIN
    PERFORM _pggit.lock_webhooks(ARRAY(SELECT r.webhook_id FROM unnest(v_results) AS r));
    -- A worker that gives back unsent what it claimed gives back the attempt, too.
    UPDATE _pggit.deliveries AS d
    SET attempt = d.attempt - 1, due_at = clock_timestamp(), leased_by = NULL
    FROM unnest(v_results) AS r
    WHERE r.is_released AND d.delivery_id = r.delivery_id AND d.attempt = r.attempt;

    WITH known AS (
        SELECT r.*, d.event_id, d.event_xid, d.event_slot, d.trigger, d.body, d.created_at AS queued_at, w.is_active,
            -- A manual or test delivery is tried once; one with events behind it is tried as the policy says.
            CASE WHEN NOT r.is_delivered AND w.is_active AND r.status_code IS DISTINCT FROM 410
                    AND r.attempt - d.spent <= w.max_retries AND d.trigger IN ('event', 'replay')
                    AND r.error_class IS DISTINCT FROM 'payload_too_large'
                THEN clock_timestamp() + greatest(_pggit.retry_delay(w, r.attempt - d.spent),
                    make_interval(secs => r.pause_seconds)) END AS next_at
        FROM unnest(v_results) AS r
        JOIN _pggit.deliveries AS d ON d.delivery_id = r.delivery_id AND d.attempt = r.attempt
        JOIN _pggit.webhooks AS w ON w.webhook_id = d.webhook_id
        WHERE NOT coalesce(r.is_released, false) AND d.leased_by IS NOT NULL
    ), logged AS (
        INSERT INTO _pggit.attempts (
            webhook_id, delivery_id, attempt, slot, event_id, event_xid, trigger, outcome, error_class, error, status_code,
            duration_ms, retry_after, response_body, is_truncated, next_at, worker)
        SELECT k.webhook_id, k.delivery_id, k.attempt, _pggit.ring_slot(clock_timestamp()), k.event_id, k.event_xid, k.trigger,
            CASE WHEN k.is_delivered THEN 'delivered' ELSE 'failed' END, k.error_class, k.error, k.status_code, k.duration_ms,
            k.retry_after, k.response_body, coalesce(k.is_truncated, false), k.next_at, p_worker
        FROM known AS k
    ), retried AS (
        UPDATE _pggit.deliveries AS d
        SET due_at = k.next_at, leased_by = NULL
        FROM known AS k
        WHERE d.delivery_id = k.delivery_id AND k.next_at IS NOT NULL
    ), ended AS (
        DELETE FROM _pggit.deliveries AS d
        USING known AS k
        WHERE d.delivery_id = k.delivery_id AND k.next_at IS NULL
    ), dead AS (
        INSERT INTO _pggit.dead_letters (
            delivery_id, webhook_id, event_id, event_xid, event_slot, message_id, event_type, body, trigger, reason, attempt,
            error, created_at)
        SELECT k.delivery_id, k.webhook_id, k.event_id, k.event_xid, k.event_slot, e.message_id, e.type,
            coalesce(k.body, _pggit.event_body(e)), k.trigger,
            CASE WHEN k.status_code = 410 THEN 'cancelled' WHEN k.is_active THEN 'exhausted' ELSE 'held' END,
            k.attempt, coalesce(k.error, 'status ' || k.status_code), k.queued_at
        FROM known AS k
        LEFT JOIN _pggit.events AS e ON e.xid = k.event_xid AND e.event_id = k.event_id AND e.slot = k.event_slot
        WHERE NOT k.is_delivered AND k.next_at IS NULL
    )
    SELECT count(*)::integer, bool_or(NOT k.is_delivered AND k.next_at IS NULL) INTO v_count, v_ended FROM known AS k;

    IF v_count > 0 THEN
        PERFORM _pggit.record_health(v_results);
    END IF;
    IF v_ended THEN
        PERFORM _pggit.tell_of_failures(v_results);
    END IF;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION pggit.finish_deliveries(text, jsonb) IS $$
For a worker: says what became of attempts. Those whose lease was lost, or whose webhook is gone, change nothing.
p_results: an array of objects with the keys of _pggit.attempt_result.
Returns: how many were still the worker's.
Locks: as lock_webhooks, then the deliveries.
$$;

CREATE OR REPLACE FUNCTION _pggit.record_health(p_results _pggit.attempt_result[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    WITH told AS (
        SELECT
            r.webhook_id,
            count(*) AS attempts,
            count(*) FILTER (WHERE r.is_delivered) AS good,
            -- Sent again by hand, a delivery was counted before.
            count(*) FILTER (WHERE r.is_delivered AND r.is_manual IS NOT TRUE) AS delivered,
            -- given up: there is a dead letter now
            count(*) FILTER (WHERE NOT r.is_delivered AND r.is_manual IS NOT TRUE AND EXISTS (
                SELECT FROM _pggit.dead_letters AS d WHERE d.delivery_id = r.delivery_id)) AS dead,
            -- A receiver that asks for a pause is busy, not broken.
            count(*) FILTER (WHERE NOT r.is_delivered AND r.pause_seconds IS NULL
                AND r.ordinality > coalesce(r.last_good, 0)) AS failures,
            bool_or(NOT r.is_delivered AND (r.status_code IS NULL OR r.status_code IN (408, 425, 429, 502, 503, 504, 507)
                OR r.status_code BETWEEN 520 AND 527)) AS is_overloaded,
            sum(r.duration_ms) AS duration_ms,
            max(r.duration_ms) AS max_ms,
            min(r.duration_ms) AS min_ms,
            max(r.pause_seconds) FILTER (WHERE NOT r.is_delivered) AS pause_seconds
        FROM (
            SELECT u.*, max(u.ordinality) FILTER (WHERE u.is_delivered) OVER (PARTITION BY u.webhook_id) AS last_good
            FROM unnest(p_results) WITH ORDINALITY AS u
            WHERE NOT coalesce(u.is_released, false)
        ) AS r
        GROUP BY r.webhook_id
    ), counted AS (
        SELECT t.*, CASE WHEN t.good > 0 THEN 0 ELSE m.consecutive_failures END + t.failures AS in_a_row
        FROM told AS t
        JOIN _pggit.webhook_health_metrics AS m USING (webhook_id)
    )
    UPDATE _pggit.webhook_health_metrics AS m
    SET total_deliveries = m.total_deliveries + c.delivered + c.dead,
        successful_deliveries = m.successful_deliveries + c.delivered,
        failed_deliveries = m.failed_deliveries + c.dead,
        total_attempts = m.total_attempts + c.attempts,
        total_response_time_ms = m.total_response_time_ms + c.duration_ms,
        max_response_time_ms = greatest(m.max_response_time_ms, c.max_ms),
        min_response_time_ms = least(m.min_response_time_ms, c.min_ms),
        last_attempt_at = clock_timestamp(),
        last_success_at = CASE WHEN c.good > 0 THEN clock_timestamp() ELSE m.last_success_at END,
        last_failure_at = CASE WHEN c.good < c.attempts THEN clock_timestamp() ELSE m.last_failure_at END,
        consecutive_failures = c.in_a_row,
        failing_since = CASE WHEN c.in_a_row = 0 THEN NULL WHEN c.good > 0 THEN clock_timestamp()
            ELSE coalesce(m.failing_since, clock_timestamp()) END,
        dead_since_success = CASE WHEN c.good > 0 THEN 0 ELSE m.dead_since_success + c.dead END,
        health_status = CASE WHEN c.in_a_row >= 5 THEN 'unavailable' WHEN c.in_a_row > 0 OR c.good < c.attempts THEN 'degraded'
            ELSE 'healthy' END,
        blocked_until = greatest(
            CASE WHEN c.in_a_row >= 5 AND c.failures > 0 THEN clock_timestamp() + interval '30 seconds'
                WHEN c.in_a_row < 5 AND m.consecutive_failures >= 5 THEN '-infinity' ELSE m.blocked_until END,
            clock_timestamp() + make_interval(secs => c.pause_seconds)),
        concurrency = CASE WHEN c.is_overloaded THEN greatest(m.concurrency / 2, 1)
            WHEN c.good > 0 THEN least(greatest(m.concurrency * 2, 10), 128) ELSE m.concurrency END,
        updated_at = clock_timestamp()
    FROM counted AS c
    WHERE m.webhook_id = c.webhook_id;
END;
$$;
COMMENT ON FUNCTION _pggit.record_health(_pggit.attempt_result[]) IS $$
Adds attempts to the health of their webhooks: counts and times, five failures in a row open the breaker for thirty seconds, a
pause that the receiver asked for holds for all that waits, and how many may be under way grows or halves.
$$;

CREATE OR REPLACE FUNCTION _pggit.tell_of_failures(p_results _pggit.attempt_result[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook_id integer;
    v_reason     text;
BEGIN
    -- What tells of deliveries and webhooks makes no further event where it fails: two broken receivers would feed each other.
    PERFORM _pggit.emit_event('delivery.failed', d.webhook_id::text, jsonb_build_object(
        'webhook_id', d.webhook_id, 'delivery_id', d.delivery_id, 'message_id', d.message_id, 'event_type', d.event_type,
        'attempts', d.attempt, 'error', d.error))
    FROM unnest(p_results) AS r
    JOIN _pggit.dead_letters AS d ON d.delivery_id = r.delivery_id
    WHERE NOT r.is_delivered AND d.reason = 'exhausted' AND d.event_type !~ '^(delivery|webhook)\.';
    FOR v_webhook_id, v_reason IN
        SELECT w.webhook_id, CASE WHEN g.is_gone THEN 'gone' ELSE 'failing' END
        FROM (
            SELECT r.webhook_id, bool_or(r.status_code = 410) AS is_gone FROM unnest(p_results) AS r GROUP BY r.webhook_id
        ) AS g
        JOIN _pggit.webhooks AS w ON w.webhook_id = g.webhook_id AND w.is_active
        JOIN _pggit.webhook_health_metrics AS m ON m.webhook_id = w.webhook_id
        WHERE g.is_gone
            OR m.failing_since <= clock_timestamp() - interval '5 days'
                AND m.consecutive_failures >= 10
                AND m.dead_since_success >= 2
        ORDER BY w.webhook_id
    LOOP
        UPDATE _pggit.webhooks AS w
        SET is_active = false, disabled_reason = v_reason, updated_at = clock_timestamp()
        WHERE w.webhook_id = v_webhook_id AND w.is_active;
        CONTINUE WHEN NOT FOUND;
        PERFORM _pggit.hold_deliveries(v_webhook_id, CASE v_reason WHEN 'gone' THEN 'cancelled' ELSE 'held' END);
        PERFORM _pggit.emit_event('webhook.disabled', v_webhook_id::text, jsonb_build_object(
            'webhook_id', v_webhook_id, 'name', w.name, 'reason', v_reason, 'failing_since', m.failing_since,
            'consecutive_failures', m.consecutive_failures, 'given_up', m.dead_since_success))
        FROM _pggit.webhooks AS w
        JOIN _pggit.webhook_health_metrics AS m ON m.webhook_id = w.webhook_id
        WHERE w.webhook_id = v_webhook_id;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.tell_of_failures(_pggit.attempt_result[]) IS $$
Makes events of deliveries that were given up, and switches off what is gone (410) or has failed for five days, in at least ten
attempts and two deliveries.
$$;

CREATE OR REPLACE FUNCTION pggit.exchange_deliveries(
    p_worker text,
    p_results jsonb,
    p_limit integer DEFAULT 100,
    p_busy jsonb DEFAULT '{}'
)
RETURNS json
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_results <> '[]' THEN
        PERFORM pggit.finish_deliveries(p_worker, p_results);
    END IF;
    RETURN pggit.claim_deliveries(p_worker, p_limit, p_busy);
END;
$$;
COMMENT ON FUNCTION pggit.exchange_deliveries(text, jsonb, integer, jsonb) IS $$
For a worker: finish_deliveries of the last batch and claim_deliveries of the next, in one transaction.
$$;

CREATE OR REPLACE FUNCTION pggit.sweep_deliveries()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_slot   smallint;
    v_newest timestamptz;
    v_count  integer := 0;
BEGIN
    -- One sweeps, and waits for nobody: what is locked is left for the next time.
    IF NOT pg_try_advisory_xact_lock(8244711560462191) THEN
        RETURN 0;
    END IF;
    -- What an event of the same moment still put behind a webhook that was deleted or switched off.
    DELETE FROM _pggit.deliveries AS d
    WHERE d.delivery_id = ANY (ARRAY(
        SELECT g.delivery_id
        FROM _pggit.deliveries AS g
        WHERE NOT EXISTS (SELECT FROM _pggit.webhooks AS w WHERE w.webhook_id = g.webhook_id)
        FOR UPDATE SKIP LOCKED));
    PERFORM _pggit.hold_deliveries(h.webhook_id, h.reason)
    FROM (
        SELECT w.webhook_id, CASE w.disabled_reason WHEN 'gone' THEN 'cancelled' ELSE 'held' END AS reason
        FROM _pggit.webhooks AS w
        WHERE NOT w.is_active AND EXISTS (SELECT FROM _pggit.deliveries AS d WHERE d.webhook_id = w.webhook_id)
        ORDER BY w.webhook_id
    ) AS h;
    DELETE FROM _pggit.dead_letters AS d
    WHERE d.delivery_id = ANY (ARRAY(
        SELECT o.delivery_id
        FROM _pggit.dead_letters AS o
        WHERE o.died_at < clock_timestamp() - interval '30 days'
        FOR UPDATE SKIP LOCKED));
    DELETE FROM _pggit.webhook_secrets AS s WHERE s.expires_at < clock_timestamp();
    DELETE FROM _pggit.event_keys AS k WHERE k.created_at < clock_timestamp() - interval '7 days';
    -- An event that waits for a receiver keeps its body.
    UPDATE _pggit.deliveries AS d
    SET body = o.body
    FROM (
        SELECT b.delivery_id, _pggit.event_body(e) AS body
        FROM _pggit.deliveries AS b
        JOIN _pggit.events AS e ON e.xid = b.event_xid AND e.event_id = b.event_id AND e.slot = b.event_slot
        WHERE b.body IS NULL AND b.created_at < clock_timestamp() - interval '5 days'
        FOR UPDATE OF b SKIP LOCKED
    ) AS o
    WHERE d.delivery_id = o.delivery_id;
    FOR v_slot IN
        SELECT _pggit.ring_slot(clock_timestamp() + n.days * interval '1 day') FROM generate_series(1, 7) AS n(days)
    LOOP
        SELECT max(a.created_at) INTO v_newest FROM _pggit.attempts AS a WHERE a.slot = v_slot;
        IF _pggit.empty_slot('_pggit.attempts', v_slot, v_newest) THEN
            v_count := v_count + 1;
        END IF;
    END LOOP;
    -- One that fails and is not asked for is looked at by a ping now and then.
    PERFORM _pggit.add_ping(w)
    FROM _pggit.webhooks AS w
    JOIN _pggit.webhook_health_metrics AS m ON m.webhook_id = w.webhook_id
    WHERE w.is_active
        AND m.health_status IN ('degraded', 'unavailable')
        AND m.last_attempt_at < clock_timestamp() - make_interval(secs => w.health_check_interval_seconds)
        AND NOT EXISTS (SELECT FROM _pggit.deliveries AS d WHERE d.webhook_id = w.webhook_id);
    RETURN v_count + _pggit.expire_events();
END;
$$;
COMMENT ON FUNCTION pggit.sweep_deliveries() IS $$
For a worker, every minute or so: what lost its webhook goes, dead letters go after thirty days, attempts and events after a week,
and an unhealthy webhook that nothing is sent to is pinged each health_check_interval_seconds.
Returns: how many days of logs went.
$$;

CREATE OR REPLACE FUNCTION pggit.blocked_networks()
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN to_jsonb(_pggit.blocked_networks());
COMMENT ON FUNCTION pggit.blocked_networks() IS $$
For a worker, once: where no delivery may go unless its own setting opens it.
$$;
