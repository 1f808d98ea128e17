-- Webhooks, the work: what a deliverer claims, and what becomes of what it tried.

-- The queue is empty when statistics are taken, and long when that matters. So what claims and finishes leaves the planner no
-- choice: a LATERAL that it cannot take apart (OFFSET 0, FOR UPDATE) looks each row up in an index, and what is changed then is found
-- by its ctid, which holds while its webhook is locked.

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
    hourly_limit integer,
    -- when it was served last
    claimed_at   timestamptz,
    -- nothing is due before; and what is known of that now
    due_from     timestamptz,
    next_from    timestamptz,
    -- a later moment may be noted, to be known of
    is_seen      boolean,
    -- where the row lies that is locked
    place        tid
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

CREATE OR REPLACE FUNCTION _pggit.known_mark(p_due_from timestamptz, p_now timestamptz)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN p_due_from <= p_now THEN p_due_from ELSE '-infinity' END;
COMMENT ON FUNCTION _pggit.known_mark(timestamptz, timestamptz) IS $$
Where the look for what is due begins; a mark that lies ahead is of a clock that was set back, and says nothing.
$$;

CREATE OR REPLACE FUNCTION _pggit.due_webhooks(p_now timestamptz)
RETURNS TABLE (webhook_id integer, first_at timestamptz)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Two looks into indexes for each webhook, however long its queue is and however much of it is done.
    SELECT w.webhook_id, f.due_at
    FROM _pggit.webhooks AS w
    CROSS JOIN LATERAL (
        SELECT h.blocked_until, _pggit.known_mark(h.due_from, p_now) AS due_from
        FROM _pggit.webhook_health_metrics AS h
        WHERE h.webhook_id = w.webhook_id
        ORDER BY h.turn DESC
        LIMIT 1
    ) AS m
    CROSS JOIN LATERAL (
        SELECT d.due_at
        FROM _pggit.deliveries AS d
        WHERE d.webhook_id = w.webhook_id AND d.due_at >= m.due_from AND d.due_at <= p_now
        ORDER BY d.due_at
        LIMIT 1
    ) AS f
    WHERE w.is_active AND m.blocked_until <= p_now;
END;
COMMENT ON FUNCTION _pggit.due_webhooks(timestamptz) IS $$
The webhooks that have something due and are not blocked, and since when.
$$;

CREATE OR REPLACE FUNCTION _pggit.take_places(p_now timestamptz, p_busy jsonb)
RETURNS _pggit.place[]
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
-- It locks, which plpgsql_check does not see.
-- @plpgsql_check_options: performance_warnings = false
DECLARE
    v_places _pggit.place[];
BEGIN
    SELECT array_agg(ROW(p.*)::_pggit.place) INTO v_places
    FROM (
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
            w.hourly_limit,
            m.claimed_at,
            _pggit.known_mark(m.due_from, p_now),
            -- Whatever this statement does not see was written by a later transaction than the one noted, and so is due after
            -- the moment noted. Where the clock was set back, that says nothing.
            CASE WHEN m.seen_at > p_now THEN '-infinity'
                WHEN m.seen_xid < s.xmin THEN least(m.seen_at, u.first_at)
                ELSE _pggit.known_mark(m.due_from, p_now) END,
            m.seen_xid IS NULL OR m.seen_xid < s.xmin OR m.seen_xid >= s.xmax OR m.seen_at > p_now,
            m.place
        FROM (SELECT pg_snapshot_xmin(n.now) AS xmin, pg_snapshot_xmax(n.now) AS xmax FROM pg_current_snapshot() AS n(now)) AS s
        CROSS JOIN _pggit.due_webhooks(p_now) AS u
        CROSS JOIN LATERAL (
            SELECT h.* FROM _pggit.webhooks AS h WHERE h.webhook_id = u.webhook_id AND h.is_active OFFSET 0
        ) AS w
        CROSS JOIN LATERAL (
            SELECT h.*, h.ctid AS place
            FROM _pggit.webhook_health_metrics AS h
            WHERE h.webhook_id = u.webhook_id
            ORDER BY h.turn DESC
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        ) AS m
        WHERE m.blocked_until <= p_now
    ) AS p;
    RETURN v_places;
END;
$$;
COMMENT ON FUNCTION _pggit.take_places(timestamptz, jsonb) IS $$
How many deliveries more each webhook that has something due may have under way; NULL where none has.
Locks: their rows of webhook_health_metrics, so that one worker at a time claims of a webhook; who is locked is left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.receiver(p_webhook _pggit.webhooks)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN concat('{"webhook_id": ', (p_webhook).webhook_id, ', "url": ', to_json((p_webhook).url), ', "timeout_seconds": ',
    (p_webhook).timeout_seconds, ', "ssl_verify": ', to_json((p_webhook).ssl_verify), ', "secrets": ', to_json(ARRAY(
        SELECT s.secret
        FROM _pggit.webhook_secrets AS s
        WHERE s.webhook_id = (p_webhook).webhook_id AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())
        ORDER BY s.secret_id DESC)), '}');
COMMENT ON FUNCTION _pggit.receiver(_pggit.webhooks) IS 'Where deliveries of a webhook go, and what they are signed with, as JSON.';

CREATE OR REPLACE FUNCTION _pggit.next_deliveries(p_places _pggit.place[], p_now timestamptz, p_limit integer)
RETURNS TABLE (delivery_id bigint, lease_until timestamptz)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    (SELECT c.delivery_id, p.lease_until
    FROM unnest(p_places) AS p
    CROSS JOIN LATERAL (
        SELECT d.delivery_id, row_number() OVER (ORDER BY d.due_at, d.delivery_id) AS turn
        FROM _pggit.deliveries AS d
        WHERE d.webhook_id = p.webhook_id AND d.due_at >= p.due_from AND d.due_at <= p_now
            AND NOT (d.is_ordered AND p.is_ordered)
        ORDER BY d.due_at, d.delivery_id
        -- Nobody waits behind another's backlog: the first of each, then the second of each, up to two fair shares.
        LIMIT greatest(least(p.places, p_limit, 2 * p_limit / cardinality(p_places) + 1), 0)
    ) AS c
    -- Where there are more of them than may be claimed, those come first that were served longest ago.
    ORDER BY c.turn, p.claimed_at, p.webhook_id
    LIMIT p_limit)
    UNION ALL
    -- In order: only the first of all, and only once no older transaction can still put one before it.
    SELECT f.delivery_id, p.lease_until
    FROM unnest(p_places) AS p
    CROSS JOIN LATERAL (
        SELECT d.delivery_id, d.due_at, d.event_xid
        FROM _pggit.deliveries AS d
        WHERE d.webhook_id = p.webhook_id AND d.is_ordered
        ORDER BY d.event_xid, d.event_id, d.delivery_id
        LIMIT 1
    ) AS f
    WHERE p.is_ordered AND p.places > 0 AND f.due_at <= p_now AND f.event_xid < pg_snapshot_xmin(pg_current_snapshot());
END;
COMMENT ON FUNCTION _pggit.next_deliveries(_pggit.place[], timestamptz, integer) IS $$
What may be claimed now of webhooks whose places are taken, each with the end of its lease.
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
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_now    timestamptz := clock_timestamp();
    -- A statement of its own: what the next one sees began after these rows were ours, so nobody is about to change it.
    v_places _pggit.place[] := CASE WHEN p_limit > 0 THEN _pggit.take_places(v_now, coalesce(p_busy, '{}')) END;
    v_found  json;
BEGIN
    IF v_places IS NULL THEN
        RETURN '{"webhooks": [], "events": [], "deliveries": []}'::json;
    END IF;
    WITH locked AS (
        -- Somebody who looks at one by hand holds up that one, not the worker.
        SELECT l.place, n.lease_until
        FROM _pggit.next_deliveries(v_places, v_now, p_limit) AS n
        CROSS JOIN LATERAL (
            SELECT d.ctid AS place
            FROM _pggit.deliveries AS d
            WHERE d.delivery_id = n.delivery_id AND d.due_at <= v_now
            FOR UPDATE SKIP LOCKED
        ) AS l
    ), claimed AS (
        UPDATE _pggit.deliveries AS d
        SET attempt = d.attempt + 1, due_at = l.lease_until, leased_by = p_worker
        FROM locked AS l
        WHERE d.ctid = l.place
        RETURNING d.delivery_id, d.webhook_id, d.attempt, d.trigger, d.event_id, d.event_xid, d.event_slot, d.body
    ), counted AS (
        SELECT c.webhook_id, count(*)::integer AS claims FROM claimed AS c GROUP BY c.webhook_id
    ), noted AS (
        UPDATE _pggit.webhook_health_metrics AS m
        SET claimed_at = v_now,
            turn = greatest(m.turn, floor(extract(epoch FROM v_now))::bigint),
            due_from = c.next_from,
            seen_xid = CASE WHEN c.is_seen THEN pg_current_xact_id() ELSE m.seen_xid END,
            -- The transaction began before it had its id.
            seen_at = CASE WHEN c.is_seen THEN transaction_timestamp() ELSE m.seen_at END,
            hour_started_at = CASE WHEN c.is_fresh THEN v_now ELSE m.hour_started_at END,
            hour_count = CASE WHEN c.is_fresh THEN 0 ELSE m.hour_count END + coalesce(c.claims, 0),
            blocked_until = CASE
                -- The hour is used up.
                WHEN CASE WHEN c.is_fresh THEN 0 ELSE m.hour_count END + coalesce(c.claims, 0) >= c.hourly_limit
                    THEN CASE WHEN c.is_fresh THEN v_now ELSE m.hour_started_at END + interval '1 hour'
                -- Until the one that probes has come back.
                WHEN m.consecutive_failures >= 5 THEN c.lease_until
                ELSE m.blocked_until END
        FROM (
            SELECT p.*, (SELECT c.claims FROM counted AS c WHERE c.webhook_id = p.webhook_id) AS claims
            FROM unnest(v_places) AS p
        ) AS c
        WHERE m.ctid = c.place AND (c.claims > 0 OR c.places <= 0)
    )
    -- As text: a third of the cost of building as many objects.
    SELECT concat(
        '{"webhooks": [', (
            SELECT string_agg((SELECT _pggit.receiver(w) FROM _pggit.webhooks AS w WHERE w.webhook_id = c.webhook_id), ', ')
            FROM counted AS c),
        '], "events": [', (
            SELECT string_agg(concat('{"event_id": ', e.event_id, ', "message_id": "', e.message_id, '", "body": ',
                to_json(_pggit.event_body(e)), '}'), ', ') FILTER (WHERE e.event_id IS NOT NULL)
            FROM (SELECT DISTINCT c.event_xid, c.event_id, c.event_slot FROM claimed AS c WHERE c.body IS NULL) AS n
            LEFT JOIN _pggit.events AS e ON e.xid = n.event_xid AND e.event_id = n.event_id AND e.slot = n.event_slot),
        '], "deliveries": [', string_agg(concat('{"delivery_id": ', c.delivery_id, ', "webhook_id": ', c.webhook_id,
            ', "attempt": ', c.attempt, ', "trigger": "', c.trigger, '", "event_id": ', c.event_id, ', "body": ',
            coalesce(to_json(c.body)::text, 'null'), '}'), ', '),
        ']}')::json
    INTO v_found
    FROM claimed AS c;
    RETURN v_found;
END;
$$;
COMMENT ON FUNCTION pggit.claim_deliveries(text, integer, jsonb) IS $$
For a worker: leases up to p_limit deliveries, fairly among the webhooks and within the limits of each, and gives what it takes to
send them. Its plans go by indexes alone, however small the tables were when they were made.
p_worker: who it is, for the log.
p_busy: {webhook_id: count} of those that it has under way.
Returns: {webhooks: [{webhook_id, url, timeout_seconds, ssl_verify, secrets}], events: [{event_id, message_id, body}],
deliveries: [{delivery_id, webhook_id, attempt, trigger, event_id, body}]}; a delivery has a body of its own where its event may be
gone, and is of none of these events where it is gone.
Locks: as take_places, then the deliveries; it waits for neither.
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
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_results _pggit.attempt_result[] := ARRAY(
        SELECT r FROM jsonb_populate_recordset(NULL::_pggit.attempt_result, p_results) AS r);
    v_slot    smallint := _pggit.ring_slot(clock_timestamp());
    v_known   bigint[];
BEGIN
    PERFORM _pggit.lock_webhooks(ARRAY(SELECT r.webhook_id FROM unnest(v_results) AS r));
    -- Most are delivered, and of those nothing is to be decided.
    WITH ended AS (
        DELETE FROM _pggit.deliveries AS d
        USING (
            SELECT u.*, l.place
            FROM unnest(v_results) AS u
            CROSS JOIN LATERAL (
                SELECT f.ctid AS place FROM _pggit.deliveries AS f WHERE f.delivery_id = u.delivery_id OFFSET 0
            ) AS l
            WHERE u.is_delivered
        ) AS r
        WHERE d.ctid = r.place AND d.attempt = r.attempt AND d.leased_by IS NOT NULL
        RETURNING d.webhook_id, d.delivery_id, d.attempt, d.event_id, d.event_xid, d.trigger, r.status_code, r.duration_ms,
            r.retry_after, r.response_body, coalesce(r.is_truncated, false) AS is_truncated
    ), logged AS (
        INSERT INTO _pggit.attempts (
            webhook_id, delivery_id, attempt, slot, event_id, event_xid, trigger, outcome, status_code, duration_ms, retry_after,
            response_body, is_truncated, worker)
        SELECT e.webhook_id, e.delivery_id, e.attempt, v_slot, e.event_id, e.event_xid, e.trigger, 'delivered', e.status_code,
            e.duration_ms, e.retry_after, e.response_body, e.is_truncated, p_worker
        FROM ended AS e
    )
    SELECT coalesce(array_agg(e.delivery_id), '{}') INTO v_known FROM ended AS e;
    IF cardinality(v_known) < cardinality(v_results) THEN
        v_known := v_known || _pggit.finish_failed(p_worker, v_results);
        v_results := ARRAY(SELECT r FROM unnest(v_results) AS r WHERE r.delivery_id = ANY (v_known));
    END IF;
    IF v_known <> '{}' THEN
        PERFORM _pggit.record_health(v_results);
        IF EXISTS (SELECT FROM unnest(v_results) AS r WHERE NOT r.is_delivered) THEN
            PERFORM _pggit.tell_of_failures(v_results);
        END IF;
    END IF;
    RETURN cardinality(v_known);
END;
$$;
COMMENT ON FUNCTION pggit.finish_deliveries(text, jsonb) IS $$
For a worker: says what became of attempts. Those whose lease was lost, or whose webhook is gone, change nothing.
p_results: an array of objects with the keys of _pggit.attempt_result.
Returns: how many were still the worker's.
Locks: as lock_webhooks, then the deliveries.
$$;

CREATE OR REPLACE FUNCTION _pggit.finish_failed(p_worker text, p_results _pggit.attempt_result[])
RETURNS bigint[]
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_known bigint[];
BEGIN
    -- A worker that gives back unsent what it claimed gives back the attempt, too.
    UPDATE _pggit.deliveries AS d
    SET attempt = d.attempt - 1, due_at = clock_timestamp(), leased_by = NULL
    FROM unnest(p_results) AS r
    WHERE r.is_released AND d.delivery_id = r.delivery_id AND d.attempt = r.attempt;

    WITH known AS (
        SELECT r.*, d.event_id, d.event_xid, d.event_slot, d.trigger, d.body, d.place, d.created_at AS queued_at, w.is_active,
            -- A manual or test delivery is tried once; one with events behind it is tried as the policy says.
            CASE WHEN w.is_active AND r.status_code IS DISTINCT FROM 410
                    AND r.attempt - d.spent <= w.max_retries AND d.trigger IN ('event', 'replay')
                    AND r.error_class IS DISTINCT FROM 'payload_too_large'
                THEN clock_timestamp() + greatest(_pggit.retry_delay(w.webhook, r.attempt - d.spent),
                    make_interval(secs => r.pause_seconds)) END AS next_at
        FROM unnest(p_results) AS r
        CROSS JOIN LATERAL (
            SELECT f.*, f.ctid AS place FROM _pggit.deliveries AS f WHERE f.delivery_id = r.delivery_id OFFSET 0
        ) AS d
        CROSS JOIN LATERAL (
            SELECT h AS webhook, h.* FROM _pggit.webhooks AS h WHERE h.webhook_id = d.webhook_id OFFSET 0
        ) AS w
        WHERE r.is_released IS NOT TRUE AND r.is_delivered IS NOT TRUE AND d.attempt = r.attempt AND d.leased_by IS NOT NULL
    ), logged AS (
        INSERT INTO _pggit.attempts (
            webhook_id, delivery_id, attempt, slot, event_id, event_xid, trigger, outcome, error_class, error, status_code,
            duration_ms, retry_after, response_body, is_truncated, next_at, worker)
        SELECT k.webhook_id, k.delivery_id, k.attempt, _pggit.ring_slot(clock_timestamp()), k.event_id, k.event_xid, k.trigger,
            'failed', k.error_class, k.error, k.status_code, k.duration_ms, k.retry_after, k.response_body,
            coalesce(k.is_truncated, false), k.next_at, p_worker
        FROM known AS k
    ), retried AS (
        UPDATE _pggit.deliveries AS d
        SET due_at = k.next_at, leased_by = NULL
        FROM known AS k
        WHERE d.ctid = k.place AND k.next_at IS NOT NULL
    ), ended AS (
        DELETE FROM _pggit.deliveries AS d
        USING known AS k
        WHERE d.ctid = k.place AND k.next_at IS NULL
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
        WHERE k.next_at IS NULL
    )
    SELECT array_agg(k.delivery_id) INTO v_known FROM known AS k;
    RETURN v_known;
END;
$$;
COMMENT ON FUNCTION _pggit.finish_failed(text, _pggit.attempt_result[]) IS $$
Of some results, those that failed or were given back: they wait for their next attempt, or are given up.
Returns: the deliveries that failed, without those whose lease was lost.
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
            max(r.ordinality) FILTER (WHERE r.is_delivered) AS last_good,
            bool_or(NOT r.is_delivered AND (r.status_code IS NULL OR r.status_code IN (408, 425, 429, 502, 503, 504, 507)
                OR r.status_code BETWEEN 520 AND 527)) AS is_overloaded,
            sum(r.duration_ms) AS duration_ms,
            max(r.duration_ms) AS max_ms,
            min(r.duration_ms) AS min_ms
        FROM unnest(p_results) WITH ORDINALITY AS r
        GROUP BY r.webhook_id
    ), failed AS (
        SELECT
            t.webhook_id,
            -- given up: there is a dead letter now
            count(*) FILTER (WHERE r.is_manual IS NOT TRUE AND EXISTS (
                SELECT FROM _pggit.dead_letters AS d WHERE d.delivery_id = r.delivery_id)) AS dead,
            -- A receiver that asks for a pause is busy, not broken.
            count(*) FILTER (WHERE r.pause_seconds IS NULL AND r.ordinality > coalesce(t.last_good, 0)) AS failures,
            max(r.pause_seconds) AS pause_seconds
        FROM told AS t
        JOIN unnest(p_results) WITH ORDINALITY AS r ON r.webhook_id = t.webhook_id
        WHERE t.good < t.attempts AND NOT r.is_delivered
        GROUP BY t.webhook_id
    ), counted AS (
        SELECT t.*, m.place, coalesce(f.dead, 0) AS dead, coalesce(f.failures, 0) AS failures, f.pause_seconds,
            CASE WHEN t.good > 0 THEN 0 ELSE m.consecutive_failures END + coalesce(f.failures, 0) AS in_a_row
        FROM told AS t
        LEFT JOIN failed AS f USING (webhook_id)
        CROSS JOIN LATERAL (
            SELECT h.ctid AS place, h.consecutive_failures
            FROM _pggit.webhook_health_metrics AS h
            WHERE h.webhook_id = t.webhook_id
            ORDER BY h.turn DESC
            LIMIT 1
        ) AS m
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
    WHERE m.ctid = c.place;
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

CREATE OR REPLACE FUNCTION _pggit.follow_clock()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_now      timestamptz := clock_timestamp();
    -- What others have written since then is no step of the clock.
    v_soon     timestamptz := v_now + interval '1 second';
    v_webhooks integer[] := ARRAY(
        SELECT m.webhook_id
        FROM _pggit.webhook_health_metrics AS m
        WHERE greatest(m.updated_at, m.claimed_at) > v_soon
            OR EXISTS (SELECT FROM _pggit.deliveries AS d WHERE d.webhook_id = m.webhook_id AND d.due_at > v_soon)
        ORDER BY m.webhook_id
        FOR UPDATE SKIP LOCKED);
    v_count    integer;
BEGIN
    UPDATE _pggit.webhook_health_metrics AS m
    SET blocked_until = m.blocked_until - (greatest(m.updated_at, m.claimed_at) - v_now),
        hour_started_at = least(m.hour_started_at, v_now),
        failing_since = least(m.failing_since, v_now),
        claimed_at = least(m.claimed_at, v_now),
        updated_at = least(m.updated_at, v_now)
    WHERE m.webhook_id = ANY (v_webhooks) AND greatest(m.updated_at, m.claimed_at) > v_soon;
    UPDATE _pggit.deliveries AS d
    SET due_at = v_now + f.wait
    FROM (
        SELECT w.delivery_id,
            CASE
                -- The longest lease that there is.
                WHEN w.leased_by IS NOT NULL THEN interval '150 seconds'
                WHEN w.attempt = w.spent THEN interval '0'
                ELSE (
                    SELECT max(a.next_at - a.created_at) FROM _pggit.attempts AS a
                    WHERE a.webhook_id = w.webhook_id AND a.delivery_id = w.delivery_id AND a.attempt = w.attempt)
            END AS wait
        FROM _pggit.deliveries AS w
        WHERE w.webhook_id = ANY (v_webhooks) AND w.due_at > v_soon
        FOR UPDATE OF w SKIP LOCKED
    ) AS f
    WHERE d.delivery_id = f.delivery_id AND d.due_at > v_soon + f.wait;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.follow_clock() IS $$
After the clock was set back: what was written for a moment that comes once more waits no longer than it would have waited.
Returns: how many deliveries come sooner.
Locks: as lock_webhooks, then the deliveries; it waits for neither.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_marks()
RETURNS void
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE _pggit.webhook_health_metrics AS m
    SET due_from = '-infinity', seen_xid = NULL, seen_at = NULL
    WHERE m.webhook_id = ANY (ARRAY(
        SELECT h.webhook_id
        FROM _pggit.webhook_health_metrics AS h
        WHERE EXISTS (SELECT FROM _pggit.deliveries AS d WHERE d.webhook_id = h.webhook_id AND d.due_at < h.due_from)
        ORDER BY h.webhook_id
        FOR UPDATE SKIP LOCKED));
END;
COMMENT ON FUNCTION _pggit.check_marks() IS $$
Looks for deliveries before the mark that the look for what is due begins from, and takes such a mark away. Only a clock that was
set back, or a hand in the table, puts one there.
Locks: as lock_webhooks; it waits for nobody.
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
    PERFORM _pggit.follow_clock();
    PERFORM _pggit.check_marks();
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
For a worker, every minute or so: it follows a clock that was set back; what lost its webhook goes, dead letters go after thirty days,
attempts and events after a week, and an unhealthy webhook that nothing is sent to is pinged each health_check_interval_seconds.
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
