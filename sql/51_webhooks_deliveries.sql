-- Webhooks, their deliveries: look at them, send them again, and forget what they held.

-- == relations ==

-- Keys that publishers gave, so that a publisher who repeats himself makes one event.
-- not dumped: it speaks of events, which are not dumped
CREATE TABLE _pggit.event_keys (
    message_id text PRIMARY KEY CHECK (message_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    event_id   bigint NOT NULL,
    digest     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX event_keys_created_at_idx ON _pggit.event_keys (created_at);

-- == routines ==
COMMENT ON TABLE _pggit.event_keys IS 'The message ids that publishers chose themselves, for as long as their events are kept.';

CREATE OR REPLACE VIEW pggit.webhook_health_metrics AS
SELECT
    m.webhook_id, w.name, m.total_deliveries, m.successful_deliveries, m.failed_deliveries, m.total_attempts,
    m.avg_response_time_ms, m.max_response_time_ms, m.min_response_time_ms, m.health_status, m.last_attempt_at,
    m.last_success_at, m.last_failure_at, m.consecutive_failures, m.failing_since, m.updated_at
FROM _pggit.webhook_health_metrics AS m
JOIN _pggit.webhooks AS w ON w.webhook_id = m.webhook_id;
COMMENT ON VIEW pggit.webhook_health_metrics IS 'How each webhook fares.';

CREATE OR REPLACE FUNCTION _pggit.add_ping(p_webhook _pggit.webhooks)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- The fan-out leaves this type alone: a ping is for one.
    v_event_id    bigint := _pggit.emit_event('webhook.ping', p_webhook.webhook_id::text, jsonb_build_object(
        'webhook_id', p_webhook.webhook_id, 'name', p_webhook.name));
    v_delivery_id bigint;
BEGIN
    INSERT INTO _pggit.deliveries (webhook_id, event_id, event_xid, event_slot, trigger)
    SELECT p_webhook.webhook_id, v_event_id, e.xid, e.slot, 'ping'
    FROM _pggit.events AS e
    WHERE e.xid = pg_current_xact_id() AND e.event_id = v_event_id
    RETURNING delivery_id INTO v_delivery_id;
    RETURN v_delivery_id;
END;
$$;
COMMENT ON FUNCTION _pggit.add_ping(_pggit.webhooks) IS 'Queues a test delivery, and gives its id.';

CREATE OR REPLACE FUNCTION _pggit.check_sendable(p_webhook _pggit.webhooks)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT p_webhook.is_active THEN
        PERFORM _pggit.raise_error('VCS31', format('webhook %s is not active', p_webhook.webhook_id),
            CASE p_webhook.disabled_reason
                WHEN 'gone' THEN 'Its receiver answered 410 Gone.'
                WHEN 'failing' THEN 'It was switched off because it failed for days.'
                ELSE 'It was switched off.' END,
            'Switch it on first: is_active = true.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_sendable(_pggit.webhooks) IS $$
Raises for a webhook that is switched off.
Errors: VCS31.
$$;

CREATE OR REPLACE FUNCTION pggit.ping_webhook(p_webhook_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook     _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
    v_delivery_id bigint;
BEGIN
    PERFORM _pggit.check_sendable(v_webhook);
    v_delivery_id := _pggit.add_ping(v_webhook);
    RETURN _pggit.get_delivery(v_webhook.webhook_id, v_delivery_id);
END;
$$;
COMMENT ON FUNCTION pggit.ping_webhook(bigint) IS $$
Sends a webhook an event webhook.ping, once.
Returns: the delivery as a document; get_delivery shows how it went.
Errors: VCN30; VCS31 if it is switched off.
$$;

CREATE OR REPLACE FUNCTION _pggit.delivery_documents(p_webhook_id integer, p_delivery_ids bigint[])
RETURNS TABLE (delivery_id bigint, document jsonb)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH tried AS (
        SELECT a.delivery_id, a.event_id, a.event_xid, a.trigger, a.attempt, a.outcome, a.next_at, a.created_at,
            row_number() OVER (PARTITION BY a.delivery_id ORDER BY a.attempt DESC) AS back,
            min(a.created_at) OVER (PARTITION BY a.delivery_id) AS first_at,
            jsonb_agg(jsonb_build_object(
                'attempt', a.attempt, 'outcome', a.outcome, 'status_code', a.status_code, 'error_class', a.error_class,
                'error', a.error, 'duration_ms', a.duration_ms, 'retry_after', a.retry_after,
                'response_body', a.response_body, 'is_truncated', a.is_truncated, 'worker', a.worker,
                'trigger', a.trigger, 'created_at', a.created_at)) OVER (
                PARTITION BY a.delivery_id ORDER BY a.attempt ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS attempts
        FROM _pggit.attempts AS a
        WHERE a.webhook_id = p_webhook_id AND a.delivery_id = ANY (p_delivery_ids)
    )
    SELECT i.delivery_id, jsonb_build_object(
        'id', i.delivery_id,
        'webhook_id', p_webhook_id,
        'event_id', coalesce(d.event_id, l.event_id, t.event_id),
        'message_id', coalesce(e.message_id, l.message_id),
        'event_type', coalesce(e.type, l.event_type),
        'trigger', coalesce(d.trigger, l.trigger, t.trigger),
        'status', CASE
            WHEN d.leased_by IS NOT NULL THEN 'sending'
            WHEN d.attempt > d.spent THEN 'retrying'
            WHEN d.delivery_id IS NOT NULL THEN 'pending'
            WHEN l.reason = 'exhausted' THEN 'failed'
            WHEN l.reason IS NOT NULL THEN l.reason
            WHEN t.outcome = 'delivered' THEN 'delivered'
            ELSE 'failed' END,
        'attempt_count', coalesce(d.attempt, l.attempt, t.attempt),
        'next_attempt_at', CASE WHEN d.leased_by IS NULL THEN d.due_at END,
        'created_at', coalesce(d.created_at, l.created_at, t.first_at),
        'attempts', coalesce(t.attempts, '[]'))
    FROM unnest(p_delivery_ids) AS i(delivery_id)
    LEFT JOIN _pggit.deliveries AS d ON d.delivery_id = i.delivery_id AND d.webhook_id = p_webhook_id
    LEFT JOIN _pggit.dead_letters AS l ON l.delivery_id = i.delivery_id AND l.webhook_id = p_webhook_id
    LEFT JOIN tried AS t ON t.delivery_id = i.delivery_id AND t.back = 1
    LEFT JOIN _pggit.events AS e
        ON e.xid = coalesce(d.event_xid, l.event_xid, t.event_xid) AND e.event_id = coalesce(d.event_id, l.event_id, t.event_id)
    WHERE coalesce(d.event_id, l.event_id, t.event_id) IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.delivery_documents(integer, bigint[]) IS $$
Deliveries of a webhook as the API shows them, with their attempts; those that are not its own are left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.get_delivery(p_webhook_id integer, p_delivery_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_document jsonb;
BEGIN
    SELECT d.document INTO v_document FROM _pggit.delivery_documents(p_webhook_id, ARRAY[p_delivery_id]) AS d;
    IF v_document IS NULL THEN
        PERFORM _pggit.raise_error('VCN31', format('delivery %s of webhook %s does not exist', p_delivery_id, p_webhook_id),
            NULL, 'Deliveries are kept for a week, dead letters for thirty days.');
    END IF;
    RETURN v_document;
END;
$$;
COMMENT ON FUNCTION _pggit.get_delivery(integer, bigint) IS $$
One delivery as a document.
Errors: VCN31 if the webhook has none of that id.
$$;

CREATE OR REPLACE FUNCTION pggit.get_delivery(p_webhook_id bigint, p_delivery_id bigint)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.get_delivery((_pggit.get_webhook(p_webhook_id)).webhook_id, p_delivery_id);
COMMENT ON FUNCTION pggit.get_delivery(bigint, bigint) IS $$
One delivery with its attempts, as a document.
Errors: VCN30, VCN31.
$$;

CREATE OR REPLACE FUNCTION pggit.list_deliveries(
    p_webhook_id bigint,
    p_before bigint DEFAULT NULL,
    p_limit integer DEFAULT 20
)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
    v_limit   integer := least(greatest(p_limit, 1), 100);
    v_before  bigint := coalesce(p_before, 9223372036854775807);
    v_ids     bigint[];
BEGIN
    -- Each part by its own index; a delivery may stand in several. Of attempts the first stands for all.
    v_ids := ARRAY(
        SELECT f.delivery_id
        FROM (
            (SELECT d.delivery_id FROM _pggit.deliveries AS d
            WHERE d.webhook_id = v_webhook.webhook_id AND d.delivery_id < v_before
            ORDER BY d.delivery_id DESC LIMIT v_limit)
            UNION
            (SELECT l.delivery_id FROM _pggit.dead_letters AS l
            WHERE l.webhook_id = v_webhook.webhook_id AND l.delivery_id < v_before
            ORDER BY l.delivery_id DESC LIMIT v_limit)
            UNION
            (SELECT DISTINCT a.delivery_id FROM _pggit.attempts AS a
            WHERE a.webhook_id = v_webhook.webhook_id AND a.delivery_id < v_before
            ORDER BY a.delivery_id DESC LIMIT v_limit)
        ) AS f
        ORDER BY f.delivery_id DESC
        LIMIT v_limit);
    RETURN jsonb_build_object(
        'items', (
            SELECT coalesce(jsonb_agg(d.document ORDER BY d.delivery_id DESC), '[]')
            FROM _pggit.delivery_documents(v_webhook.webhook_id, v_ids) AS d),
        'total', (
            SELECT count(*) FROM (
                SELECT d.delivery_id FROM _pggit.deliveries AS d WHERE d.webhook_id = v_webhook.webhook_id
                UNION
                SELECT l.delivery_id FROM _pggit.dead_letters AS l WHERE l.webhook_id = v_webhook.webhook_id
                UNION
                SELECT a.delivery_id FROM _pggit.attempts AS a WHERE a.webhook_id = v_webhook.webhook_id) AS f),
        'next_before', CASE WHEN cardinality(v_ids) = v_limit THEN v_ids[v_limit] END);
END;
$$;
COMMENT ON FUNCTION pggit.list_deliveries(bigint, bigint, integer) IS $$
Deliveries of a webhook, youngest first, with their attempts: those that wait, those of the last week, and dead letters.
p_before: only those with a smaller id; next_before of the page before.
Returns: {items, total, next_before}.
Errors: VCN30.
$$;

CREATE OR REPLACE FUNCTION pggit.list_dead_letters(p_webhook_id bigint, p_limit integer DEFAULT 20, p_offset integer DEFAULT 0)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
BEGIN
    RETURN jsonb_build_object(
        'items', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'id', l.delivery_id, 'webhook_id', l.webhook_id, 'event_id', l.event_id, 'message_id', l.message_id,
                'event_type', l.event_type, 'reason', l.reason, 'attempt_count', l.attempt, 'error', l.error, 'body', l.body,
                'created_at', l.created_at, 'died_at', l.died_at) ORDER BY l.delivery_id DESC), '[]')
            FROM (
                SELECT d.* FROM _pggit.dead_letters AS d
                WHERE d.webhook_id = v_webhook.webhook_id
                ORDER BY d.delivery_id DESC
                LIMIT p_limit OFFSET p_offset
            ) AS l),
        'total', (SELECT count(*) FROM _pggit.dead_letters AS d WHERE d.webhook_id = v_webhook.webhook_id));
END;
$$;
COMMENT ON FUNCTION pggit.list_dead_letters(bigint, integer, integer) IS $$
What was given up, held back or cancelled of a webhook's deliveries, youngest first, as a document.
Returns: {items, total}.
Errors: VCN30.
$$;

CREATE OR REPLACE FUNCTION _pggit.requeue(p_webhook_id integer, p_delivery_ids bigint[], p_trigger text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM _pggit.lock_webhooks(ARRAY[p_webhook_id]);
    -- The id stays, and the count of attempts with it: one history for one delivery.
    WITH revived AS (
        DELETE FROM _pggit.dead_letters AS l
        WHERE l.webhook_id = p_webhook_id AND l.delivery_id = ANY (p_delivery_ids) AND l.body IS NOT NULL
        RETURNING l.*
    ), delivered AS (
        SELECT DISTINCT ON (a.delivery_id) a.*
        FROM _pggit.attempts AS a
        WHERE a.webhook_id = p_webhook_id AND a.delivery_id = ANY (p_delivery_ids)
        ORDER BY a.delivery_id, a.attempt DESC
    )
    INSERT INTO _pggit.deliveries (
        delivery_id, webhook_id, event_id, event_xid, event_slot, body, trigger, is_ordered, attempt, spent, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT r.delivery_id, p_webhook_id, r.event_id, r.event_xid, r.event_slot, r.body, p_trigger,
        w.is_ordered AND p_trigger = 'replay', r.attempt, r.attempt, r.created_at
    FROM revived AS r
    JOIN _pggit.webhooks AS w ON w.webhook_id = p_webhook_id
    UNION ALL
    SELECT d.delivery_id, p_webhook_id, d.event_id, d.event_xid, e.slot, NULL, p_trigger, false, d.attempt, d.attempt, d.created_at
    FROM delivered AS d
    JOIN _pggit.events AS e ON e.xid = d.event_xid AND e.event_id = d.event_id AND NOT e.is_expunged
    -- One whose dead letter could not be revived was expunged a moment ago.
    WHERE NOT EXISTS (SELECT FROM _pggit.dead_letters AS l WHERE l.delivery_id = d.delivery_id)
    ON CONFLICT (delivery_id) DO NOTHING;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.requeue(integer, bigint[], text) IS $$
Queues deliveries of a webhook again, from the dead letters or, where they were delivered, from their events.
p_trigger: manual tries once; replay tries as the policy says, from its beginning.
Returns: how many are queued.
$$;

CREATE OR REPLACE FUNCTION pggit.retry_delivery(p_webhook_id bigint, p_delivery_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook  _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
    v_delivery jsonb := _pggit.get_delivery(v_webhook.webhook_id, p_delivery_id);
BEGIN
    PERFORM _pggit.check_sendable(v_webhook);
    IF v_delivery->>'status' IN ('sending', 'pending') THEN
        PERFORM _pggit.raise_error('VCS32', format('delivery %s is under way', p_delivery_id), NULL, 'Wait until it has ended.');
    ELSIF v_delivery->>'status' = 'retrying' THEN
        PERFORM _pggit.make_due(v_webhook.webhook_id, p_delivery_id);
    ELSIF _pggit.requeue(v_webhook.webhook_id, ARRAY[p_delivery_id], 'manual') = 0 THEN
        PERFORM _pggit.raise_error('VCS33', format('what delivery %s held is gone', p_delivery_id),
            'It was expunged, or its event is older than a week.', 'Make the event again.');
    END IF;
    RETURN _pggit.get_delivery(v_webhook.webhook_id, p_delivery_id);
END;
$$;
COMMENT ON FUNCTION pggit.retry_delivery(bigint, bigint) IS $$
Sends a delivery again under its own message id: at once if it waits for a retry, else one attempt, whatever became of it before.
Who does so for several webhooks in one transaction takes them in the order of their ids, as deliverers do.
Locks: the webhook's row of webhook_health_metrics, then the delivery.
Returns: the delivery as a document.
Errors: VCN30, VCN31; VCS31 if the webhook is switched off, VCS32 if the delivery is under way, VCS33 if its content is gone.
$$;

CREATE OR REPLACE FUNCTION _pggit.make_due(p_webhook_id integer, p_delivery_id bigint)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    -- Else whoever makes two of one webhook due in one transaction would wait in a circle with its deliverer.
    PERFORM _pggit.lock_webhooks(ARRAY[p_webhook_id]);
    UPDATE _pggit.deliveries AS d
    SET due_at = clock_timestamp()
    WHERE d.delivery_id = p_delivery_id AND d.webhook_id = p_webhook_id AND d.leased_by IS NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.make_due(integer, bigint) IS $$
Lets a waiting delivery be claimed at once.
Locks: as lock_webhooks, then the delivery.
$$;

CREATE OR REPLACE FUNCTION pggit.replay_deliveries(
    p_webhook_id bigint,
    p_since timestamptz DEFAULT NULL,
    p_until timestamptz DEFAULT NULL,
    p_missing_only boolean DEFAULT true
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
    v_ids     bigint[];
BEGIN
    PERFORM _pggit.check_sendable(v_webhook);
    IF p_since > p_until THEN
        PERFORM _pggit.raise_field_error('VCV36', 'since', 'since is later than until',
            'Give a range of time, or leave both out.');
    END IF;
    SELECT array_agg(f.delivery_id ORDER BY f.delivery_id) INTO v_ids
    FROM (
        SELECT l.delivery_id
        FROM _pggit.dead_letters AS l
        WHERE l.webhook_id = v_webhook.webhook_id
            AND l.created_at BETWEEN coalesce(p_since, '-infinity') AND coalesce(p_until, 'infinity')
        UNION
        SELECT a.delivery_id
        FROM _pggit.attempts AS a
        WHERE NOT coalesce(p_missing_only, true)
            AND a.webhook_id = v_webhook.webhook_id
            AND a.outcome = 'delivered'
            AND a.created_at BETWEEN coalesce(p_since, '-infinity') AND coalesce(p_until, 'infinity')
    ) AS f;
    RETURN jsonb_build_object('webhook_id', v_webhook.webhook_id, 'queued', _pggit.requeue(v_webhook.webhook_id, v_ids, 'replay'));
END;
$$;
COMMENT ON FUNCTION pggit.replay_deliveries(bigint, timestamptz, timestamptz, boolean) IS $$
Sends again what a webhook missed in a range of time: what was given up, held back or cancelled.
p_since, p_until: when the deliveries were made; NULL for no bound.
p_missing_only: false sends again what was delivered, too.
Returns: {webhook_id, queued}.
Errors: VCN30, VCV36; VCS31 if the webhook is switched off.
$$;

CREATE OR REPLACE FUNCTION pggit.expunge_delivery(p_webhook_id bigint, p_delivery_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook  _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
    v_delivery jsonb := _pggit.get_delivery(v_webhook.webhook_id, p_delivery_id);
    v_event_id bigint := (v_delivery->>'event_id')::bigint;
BEGIN
    IF v_delivery->>'status' IN ('sending', 'pending', 'retrying') THEN
        PERFORM _pggit.raise_error('VCS32', format('delivery %s is under way', p_delivery_id), NULL, 'Wait until it has ended.');
    END IF;
    -- Every delivery of the event held the same; those that still wait for other webhooks go with it.
    PERFORM _pggit.lock_webhooks(ARRAY(
        SELECT d.webhook_id FROM _pggit.deliveries AS d WHERE d.event_id = v_event_id
        UNION ALL
        SELECT l.webhook_id FROM _pggit.dead_letters AS l WHERE l.event_id = v_event_id
        UNION ALL
        SELECT a.webhook_id FROM _pggit.attempts AS a WHERE a.event_id = v_event_id));
    DELETE FROM _pggit.deliveries AS d WHERE d.event_id = v_event_id AND d.leased_by IS NULL;
    UPDATE _pggit.events AS e SET data = '{}', subject = NULL, is_expunged = true WHERE e.event_id = v_event_id;
    UPDATE _pggit.dead_letters AS l SET body = NULL, error = NULL WHERE l.event_id = v_event_id;
    UPDATE _pggit.attempts AS a
    SET response_body = NULL, error = NULL, retry_after = NULL
    WHERE a.event_id = v_event_id;
    RETURN _pggit.get_delivery(v_webhook.webhook_id, p_delivery_id);
END;
$$;
COMMENT ON FUNCTION pggit.expunge_delivery(bigint, bigint) IS $$
Forgets what a delivery held and what receivers answered to it, with the content of its event; ids and states stay.
Returns: the delivery as a document.
Errors: VCN30, VCN31; VCS32 if it is under way.
$$;

CREATE OR REPLACE FUNCTION pggit.publish_event(
    p_type text,
    p_data jsonb,
    p_subject text DEFAULT NULL,
    p_message_id text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_digest bytea := sha256(convert_to(concat_ws(E'\n', p_type, p_subject, p_data::text), 'UTF8'));
    v_known  _pggit.event_keys;
    v_id     bigint;
BEGIN
    IF p_type IS NULL OR p_type !~ '^custom(\.[a-z0-9_]+)+$' OR length(p_type) > 100 THEN
        PERFORM _pggit.raise_field_error('VCV37', 'type', 'type is not one of your own',
            'Give custom.<something>; the other types say what pggit itself did.');
    ELSIF p_message_id !~ '^[A-Za-z0-9_-]{1,64}$' THEN
        PERFORM _pggit.raise_field_error('VCV38', 'message_id', 'message_id is not usable',
            'Give 1 to 64 letters, digits, hyphens and underscores, or none.');
    ELSIF pg_column_size(p_data) > 200000 THEN
        PERFORM _pggit.raise_field_error('VCV39', 'data', 'data is too large',
            'Send a reference to what is larger than 200 kB.');
    END IF;
    IF p_message_id IS NOT NULL THEN
        -- Of two at once the second waits here for the first.
        INSERT INTO _pggit.event_keys (message_id, event_id, digest)
        VALUES (p_message_id, 0, v_digest)
        ON CONFLICT (message_id) DO NOTHING;
        IF NOT FOUND THEN
            SELECT k.* INTO v_known FROM _pggit.event_keys AS k WHERE k.message_id = p_message_id;
            IF v_known.digest <> v_digest THEN
                PERFORM _pggit.raise_error('VCC31', format('message "%s" exists with another content', p_message_id),
                    format('It is event %s.', v_known.event_id), 'Give another message_id, or none.');
            END IF;
            RETURN jsonb_build_object('event_id', v_known.event_id, 'message_id', p_message_id, 'is_new', false);
        END IF;
    END IF;
    v_id := _pggit.emit_event(p_type, p_subject, p_data, p_message_id);
    UPDATE _pggit.event_keys AS k SET event_id = v_id WHERE k.message_id = p_message_id;
    RETURN (
        SELECT jsonb_build_object('event_id', e.event_id, 'message_id', e.message_id, 'is_new', true)
        FROM _pggit.events AS e
        WHERE e.xid = pg_current_xact_id() AND e.event_id = v_id);
END;
$$;
COMMENT ON FUNCTION pggit.publish_event(text, jsonb, text, text) IS $$
Makes an event of the caller's own, in his transaction, and what is to be sent of it.
p_type: custom.<something>.
p_subject: what it is about.
p_message_id: the caller's own key: a repeat with the same content makes no second event, for as long as events are kept.
Returns: {event_id, message_id, is_new}.
Errors: VCV37, VCV38, VCV39; VCC31 for a message_id that was used for something else.
$$;
