-- Alerts: what a person should know about, each once while it is open, with who saw it and when it ended.

-- == relations ==
CREATE TYPE _pggit.alert_severity AS ENUM ('INFO', 'WARNING', 'CRITICAL');
CREATE TYPE _pggit.alert_status AS ENUM ('pending', 'acknowledged', 'resolved');

CREATE TABLE _pggit.alerts (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation_type  text NOT NULL CHECK (operation_type ~ '[^[:space:]]' AND length(operation_type) <= 100),
    severity        _pggit.alert_severity NOT NULL,
    message         text NOT NULL CHECK (message ~ '[^[:space:]]' AND length(message) <= 2000),
    context         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(context) = 'object'),
    status          _pggit.alert_status NOT NULL DEFAULT 'pending',
    -- What makes two of them the same trouble.
    dedupe_key      text NOT NULL CHECK (dedupe_key <> '' AND length(dedupe_key) <= 300),
    occurrences     integer NOT NULL DEFAULT 1 CHECK (occurrences >= 1),
    raised_by       text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_raised_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at     timestamptz,
    resolved_by     text,
    note            text CHECK (length(note) <= 2000),
    CONSTRAINT alerts_acknowledged_check CHECK (
        (acknowledged_at IS NULL) = (acknowledged_by IS NULL)
        AND (status <> 'acknowledged' OR acknowledged_at IS NOT NULL)),
    CONSTRAINT alerts_resolved_check CHECK (
        (resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NOT NULL) = (status = 'resolved'))
);
-- One open alert for one trouble: a repeat finds it and counts up.
CREATE UNIQUE INDEX alerts_dedupe_key_key ON _pggit.alerts (dedupe_key) WHERE status <> 'resolved';
CREATE INDEX alerts_status_idx ON _pggit.alerts (status, alert_id);
CREATE INDEX alerts_severity_idx ON _pggit.alerts (severity, alert_id);
CREATE INDEX alerts_created_at_idx ON _pggit.alerts (created_at);

-- == routines ==
COMMENT ON TABLE _pggit.alerts IS 'Alerts: one row for each trouble from its first time until it is resolved.';

CREATE OR REPLACE FUNCTION _pggit.alert_item(p_alert _pggit.alerts)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'id', (p_alert).alert_id,
    'operation_type', (p_alert).operation_type,
    'severity', (p_alert).severity,
    'message', (p_alert).message,
    'status', (p_alert).status,
    'created_at', (p_alert).created_at,
    'last_raised_at', (p_alert).last_raised_at,
    'occurrences', (p_alert).occurrences);
COMMENT ON FUNCTION _pggit.alert_item(_pggit.alerts) IS 'An alert as lists show it.';

CREATE OR REPLACE FUNCTION _pggit.alert_document(p_alert _pggit.alerts)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.alert_item(p_alert) || jsonb_build_object(
    'context', (p_alert).context,
    'raised_by', (p_alert).raised_by,
    'acknowledged_at', (p_alert).acknowledged_at,
    'acknowledged_by', (p_alert).acknowledged_by,
    'resolved_at', (p_alert).resolved_at,
    'resolved_by', (p_alert).resolved_by,
    'note', (p_alert).note);
COMMENT ON FUNCTION _pggit.alert_document(_pggit.alerts) IS 'An alert with all that is known about it.';

CREATE OR REPLACE FUNCTION _pggit.emit_alert(p_what text, p_alert _pggit.alerts)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM _pggit.emit_event('alert.' || p_what, 'alert/' || p_alert.alert_id, jsonb_build_object(
        'id', p_alert.alert_id,
        'operation_type', p_alert.operation_type,
        'severity', p_alert.severity,
        'message', p_alert.message,
        'status', p_alert.status,
        'occurrences', p_alert.occurrences,
        'context', p_alert.context,
        'timestamp', clock_timestamp()));
END;
$$;
COMMENT ON FUNCTION _pggit.emit_alert(text, _pggit.alerts) IS $$
The event alert.<p_what>, with all that a feed shows of the alert.
$$;

CREATE OR REPLACE FUNCTION _pggit.raise_alert(
    p_operation_type text,
    p_severity text,
    p_message text,
    p_context jsonb DEFAULT '{}',
    p_dedupe_key text DEFAULT NULL
)
RETURNS _pggit.alerts
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_severity _pggit.alert_severity := p_severity::_pggit.alert_severity;
    v_before   _pggit.alert_severity;
    v_alert    _pggit.alerts;
    v_key      text := coalesce(
        p_dedupe_key,
        'raised ' || encode(sha256(convert_to(concat_ws(E'\n', p_operation_type, p_message), 'UTF8')), 'hex'));
BEGIN
    SELECT a.severity
    INTO v_before
    FROM _pggit.alerts AS a
    WHERE a.dedupe_key = v_key AND a.status <> 'resolved'
    FOR UPDATE;

    INSERT INTO _pggit.alerts AS a (operation_type, severity, message, context, dedupe_key, raised_by)
    VALUES (p_operation_type, v_severity, p_message, coalesce(p_context, '{}'), v_key, _pggit.current_author())
    ON CONFLICT (dedupe_key) WHERE status <> 'resolved' DO UPDATE
    SET occurrences = a.occurrences + 1,
        last_raised_at = clock_timestamp(),
        message = EXCLUDED.message,
        context = EXCLUDED.context,
        severity = greatest(a.severity, EXCLUDED.severity),
        -- Whoever saw a warning has not seen that it became critical.
        status = CASE WHEN EXCLUDED.severity > a.severity THEN 'pending' ELSE a.status END
    RETURNING a.* INTO v_alert;

    IF v_alert.occurrences = 1 OR v_alert.severity > v_before THEN
        PERFORM _pggit.emit_alert('raised', v_alert);
    ELSIF v_alert.occurrences & (v_alert.occurrences - 1) = 0 THEN
        -- The second time, the fourth, the eighth: a check that fails each half minute must not fill every inbox.
        PERFORM _pggit.emit_alert('repeated', v_alert);
    ELSE
        -- Nobody is told; but a kept list would show the old count.
        PERFORM pggit.invalidate_cache('{alerts_summary,dashboard_metrics}');
    END IF;
    RETURN v_alert;
END;
$$;
COMMENT ON FUNCTION _pggit.raise_alert(text, text, text, jsonb, text) IS $$
Raises an alert, or counts up the open one of the same trouble; the event goes out with the transaction.
p_severity: INFO, WARNING or CRITICAL. A graver repeat makes the open alert graver and pending again.
p_context: an object with whatever helps; replaced by that of the last repeat.
p_dedupe_key: what makes it the same trouble; NULL for the operation and the message.
Errors: 22P02 for an unknown severity; 23502, 23514 for a missing or overlong text.
Locks: the open alert's row until the end of the transaction.
$$;

CREATE OR REPLACE FUNCTION _pggit.clear_alert(p_dedupe_key text, p_note text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_alert _pggit.alerts;
BEGIN
    UPDATE _pggit.alerts AS a
    SET status = 'resolved', resolved_at = clock_timestamp(), resolved_by = 'pggit', note = p_note
    WHERE a.dedupe_key = p_dedupe_key AND a.status <> 'resolved'
    RETURNING a.* INTO v_alert;
    IF v_alert.alert_id IS NULL THEN
        RETURN false;
    END IF;
    PERFORM _pggit.emit_alert('resolved', v_alert);
    RETURN true;
END;
$$;
COMMENT ON FUNCTION _pggit.clear_alert(text, text) IS $$
Resolves the open alert of a trouble that has gone by itself, if there is one, and says whether there was.
$$;

CREATE OR REPLACE FUNCTION pggit.raise_alert(
    p_operation_type text,
    p_severity text,
    p_message text,
    p_context jsonb DEFAULT '{}',
    p_dedupe_key text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
RETURN _pggit.alert_document(_pggit.raise_alert(p_operation_type, p_severity, p_message, p_context, p_dedupe_key));
COMMENT ON FUNCTION pggit.raise_alert(text, text, text, jsonb, text) IS $$
Raises an alert, or counts up the open one of the same trouble.
p_operation_type: what it is about: commit, merge, diff, or a word of your own.
p_severity: INFO, WARNING or CRITICAL.
p_context: an object with whatever helps.
p_dedupe_key: what makes two of them the same trouble; NULL for the operation and the message.
Returns: the alert as a document.
Errors: 22P02 for an unknown severity; 23502, 23514 for a missing or overlong text.
$$;

CREATE OR REPLACE FUNCTION pggit.list_alerts(
    p_status text DEFAULT NULL,
    p_severity text DEFAULT NULL,
    p_limit integer DEFAULT 20,
    p_offset integer DEFAULT 0,
    p_operation_type text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_status   _pggit.alert_status := p_status::_pggit.alert_status;
    v_severity _pggit.alert_severity := p_severity::_pggit.alert_severity;
    v_items    jsonb;
    v_total    bigint;
BEGIN
    SELECT coalesce(jsonb_agg(_pggit.alert_item(p.alert) ORDER BY p.alert_id DESC), '[]')
    INTO v_items
    FROM (
        SELECT a.alert_id, a AS alert
        FROM _pggit.alerts AS a
        WHERE (v_status IS NULL OR a.status = v_status)
          AND (v_severity IS NULL OR a.severity = v_severity)
          AND (p_operation_type IS NULL OR a.operation_type = p_operation_type)
        ORDER BY a.alert_id DESC
        LIMIT p_limit OFFSET p_offset
    ) AS p;
    SELECT count(*)
    INTO v_total
    FROM _pggit.alerts AS a
    WHERE (v_status IS NULL OR a.status = v_status)
      AND (v_severity IS NULL OR a.severity = v_severity)
      AND (p_operation_type IS NULL OR a.operation_type = p_operation_type);
    RETURN jsonb_build_object('items', v_items, 'total', v_total);
END;
$$;
COMMENT ON FUNCTION pggit.list_alerts(text, text, integer, integer, text) IS $$
A page of the alerts, newest first, as a document.
p_status: pending, acknowledged or resolved; NULL for all.
p_severity: INFO, WARNING or CRITICAL; NULL for all.
p_limit: NULL for all.
Returns: {items, total}.
Errors: 22P02 for an unknown status or severity; 2201W, 2201X for a negative limit or offset.
$$;

CREATE OR REPLACE FUNCTION _pggit.get_alert(p_alert_id bigint, p_is_locked boolean DEFAULT false)
RETURNS _pggit.alerts
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_alert _pggit.alerts;
BEGIN
    IF p_is_locked THEN
        SELECT a.* INTO v_alert FROM _pggit.alerts AS a WHERE a.alert_id = p_alert_id FOR UPDATE;
    ELSE
        SELECT a.* INTO v_alert FROM _pggit.alerts AS a WHERE a.alert_id = p_alert_id;
    END IF;
    IF v_alert.alert_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN60', format('alert %s does not exist', p_alert_id), NULL,
            'The list of alerts shows their ids.');
    END IF;
    RETURN v_alert;
END;
$$;
COMMENT ON FUNCTION _pggit.get_alert(bigint, boolean) IS $$
The alert of that id.
p_is_locked: hold its row until the end of the transaction.
Errors: VCN60 if there is none.
Locks: the alert's row, if asked.
$$;

CREATE OR REPLACE FUNCTION pggit.get_alert(p_alert_id bigint)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.alert_document(_pggit.get_alert(p_alert_id));
COMMENT ON FUNCTION pggit.get_alert(bigint) IS $$
One alert as a document, with its context.
Errors: VCN60 for an unknown one.
$$;

CREATE OR REPLACE FUNCTION pggit.acknowledge_alerts(p_alert_ids bigint[])
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_alert        _pggit.alerts;
    v_open         bigint[] := ARRAY[]::bigint[];
    v_acknowledged integer;
BEGIN
    -- In the order of keys, so that two who acknowledge the same alerts wait instead of deadlocking.
    FOR v_alert IN
        SELECT a.*
        FROM _pggit.alerts AS a
        WHERE a.alert_id = ANY (p_alert_ids) AND a.status <> 'resolved'
        ORDER BY a.alert_id
        FOR UPDATE
    LOOP
        v_open := v_open || v_alert.alert_id;
        IF v_alert.status = 'pending' THEN
            UPDATE _pggit.alerts AS a
            SET status = 'acknowledged', acknowledged_at = clock_timestamp(), acknowledged_by = _pggit.current_author()
            WHERE a.alert_id = v_alert.alert_id
            RETURNING a.* INTO v_alert;
            PERFORM _pggit.emit_alert('acknowledged', v_alert);
        END IF;
    END LOOP;
    v_acknowledged := (SELECT count(*)::integer FROM unnest(p_alert_ids) AS i(id) WHERE i.id = ANY (v_open));
    RETURN jsonb_build_object(
        'acknowledged', v_acknowledged,
        'failed', coalesce(cardinality(p_alert_ids), 0) - v_acknowledged);
END;
$$;
COMMENT ON FUNCTION pggit.acknowledge_alerts(bigint[]) IS $$
Says that somebody has seen these alerts. One that was acknowledged before counts as acknowledged.
Returns: {acknowledged, failed}; failed are those that are unknown or resolved.
Locks: the rows of the open ones.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_alert_open(p_alert _pggit.alerts)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_alert.status = 'resolved' THEN
        PERFORM _pggit.raise_error('VCS60', format('alert %s is resolved', p_alert.alert_id),
            format('%s resolved it at %s.', p_alert.resolved_by, p_alert.resolved_at),
            'If the trouble is back, raise it again.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_alert_open(_pggit.alerts) IS $$
Nothing, if the alert is still open.
Errors: VCS60 if it is resolved.
$$;

CREATE OR REPLACE FUNCTION pggit.acknowledge_alert(p_alert_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM _pggit.check_alert_open(_pggit.get_alert(p_alert_id, true));
    RETURN pggit.acknowledge_alerts(ARRAY[p_alert_id]) || _pggit.alert_document(_pggit.get_alert(p_alert_id));
END;
$$;
COMMENT ON FUNCTION pggit.acknowledge_alert(bigint) IS $$
pggit.acknowledge_alerts for one alert.
Returns: the alert as a document, with acknowledged 1 and failed 0.
Errors: VCN60 for an unknown one, VCS60 for one that is resolved.
$$;

CREATE OR REPLACE FUNCTION pggit.resolve_alert(p_alert_id bigint, p_note text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_alert _pggit.alerts := _pggit.get_alert(p_alert_id, true);
BEGIN
    PERFORM _pggit.check_alert_open(v_alert);
    UPDATE _pggit.alerts AS a
    SET status = 'resolved',
        resolved_at = clock_timestamp(),
        resolved_by = _pggit.current_author(),
        note = nullif(p_note, '')
    WHERE a.alert_id = p_alert_id
    RETURNING a.* INTO v_alert;
    PERFORM _pggit.emit_alert('resolved', v_alert);
    RETURN _pggit.alert_document(v_alert);
END;
$$;
COMMENT ON FUNCTION pggit.resolve_alert(bigint, text) IS $$
Ends an alert; if the trouble comes back, it is a new one.
p_note: what was done about it.
Returns: the alert as a document.
Errors: VCN60 for an unknown one, VCS60 for one that is resolved already.
$$;

-- A trigger and not a call in the engine: however a merge comes to wait or to end, its alert follows.
CREATE OR REPLACE FUNCTION _pggit.alert_of_merge()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge pggit.merges;
BEGIN
    IF NEW.status <> 'pending_conflicts' THEN
        PERFORM _pggit.clear_alert('merge ' || NEW.merge_id, format('the merge is %s', NEW.status));
        RETURN NULL;
    END IF;
    SELECT m.* INTO v_merge FROM pggit.merges AS m WHERE m.merge_id = NEW.merge_id;
    PERFORM _pggit.raise_alert(
        'merge',
        'WARNING',
        left(format('%s of %s into %s: %s', v_merge.operation, v_merge.source, v_merge.target, v_merge.message), 2000),
        jsonb_build_object(
            'merge_id', v_merge.merge_id,
            'source', v_merge.source,
            'target', v_merge.target,
            'total_conflicts', v_merge.total_conflicts,
            'conflicts', (
                SELECT jsonb_agg(c.description ORDER BY c.conflict_id)
                FROM (
                    SELECT o.conflict_id, o.description
                    FROM pggit.conflicts AS o
                    WHERE o.merge_id = NEW.merge_id AND o.resolution_status = 'pending'
                    ORDER BY o.conflict_id
                    LIMIT 10
                ) AS c)),
        'merge ' || NEW.merge_id);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.alert_of_merge() IS $$
Raises an alert for a merge that waits for its conflicts, and resolves it when the merge ends.
$$;

CREATE OR REPLACE TRIGGER alert_of_merge
AFTER UPDATE OF status ON _pggit.merges
FOR EACH ROW
WHEN (OLD.status <> NEW.status OR NEW.status = 'pending_conflicts')
EXECUTE FUNCTION _pggit.alert_of_merge();

CREATE OR REPLACE FUNCTION _pggit.alert_of_webhook()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM _pggit.raise_alert(
        'webhook',
        'CRITICAL',
        format('webhook "%s" was switched off: %s', NEW.name,
            CASE NEW.disabled_reason WHEN 'gone' THEN 'its receiver is gone' ELSE 'it failed for days' END),
        jsonb_build_object('webhook_id', NEW.webhook_id, 'name', NEW.name, 'reason', NEW.disabled_reason),
        'webhook ' || NEW.webhook_id);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.alert_of_webhook() IS 'Raises an alert for a webhook that pggit switched off.';

CREATE OR REPLACE TRIGGER alert_of_webhook
AFTER UPDATE OF disabled_reason ON _pggit.webhooks
FOR EACH ROW
WHEN (OLD.disabled_reason IS NULL AND NEW.disabled_reason IS NOT NULL)
EXECUTE FUNCTION _pggit.alert_of_webhook();

CREATE OR REPLACE FUNCTION _pggit.check_webhooks()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook record;
    v_key     text;
    v_raised  integer := 0;
BEGIN
    FOR v_webhook IN
        SELECT w.webhook_id, w.name, m.consecutive_failures, m.failing_since, m.last_success_at
        FROM _pggit.webhooks AS w
        JOIN _pggit.webhook_health_metrics AS m USING (webhook_id)
        WHERE w.is_active AND m.health_status = 'unavailable'
        ORDER BY w.webhook_id
    LOOP
        PERFORM _pggit.raise_alert(
            'webhook',
            'WARNING',
            format('webhook "%s" fails: %s attempts in a row', v_webhook.name, v_webhook.consecutive_failures),
            to_jsonb(v_webhook),
            'webhook ' || v_webhook.webhook_id);
        v_raised := v_raised + 1;
    END LOOP;
    FOR v_key IN
        SELECT a.dedupe_key
        FROM _pggit.alerts AS a
        LEFT JOIN _pggit.webhooks AS w ON a.dedupe_key = 'webhook ' || w.webhook_id
        LEFT JOIN _pggit.webhook_health_metrics AS m ON m.webhook_id = w.webhook_id
        WHERE a.status <> 'resolved'
          AND a.dedupe_key ~ '^webhook \d+$'
          -- deleted, switched off by hand, switched on again and well
          AND (w.webhook_id IS NULL
              OR NOT w.is_active AND w.disabled_reason IS NULL
              OR w.is_active AND coalesce(m.health_status, 'unknown') IN ('healthy', 'unknown'))
        ORDER BY a.dedupe_key
    LOOP
        PERFORM _pggit.clear_alert(v_key, 'the webhook no longer fails');
    END LOOP;
    RETURN v_raised;
END;
$$;
COMMENT ON FUNCTION _pggit.check_webhooks() IS $$
Raises alerts for webhooks whose receiver is unavailable, and resolves those of webhooks that are well, off by hand, or gone.
Returns: how many fail.
$$;

CREATE OR REPLACE VIEW pggit.alert_delivery_queue AS
SELECT (e.data ->> 'id')::bigint AS alert_id, d.webhook_id, d.delivery_id, e.data::text AS message_body,
    CASE WHEN d.attempt > 0 THEN 'retrying' ELSE 'pending' END AS delivery_status,
    greatest(d.attempt - 1, 0) AS retry_count, w.max_retries,
    CASE WHEN d.leased_by IS NULL THEN d.due_at END AS next_retry_at, d.created_at
FROM _pggit.deliveries AS d
JOIN _pggit.webhooks AS w USING (webhook_id)
JOIN _pggit.events AS e ON e.xid = d.event_xid AND e.event_id = d.event_id
WHERE e.type LIKE 'alert.%'
UNION ALL
SELECT (e.data ->> 'id')::bigint, l.webhook_id, l.delivery_id, coalesce(l.body, e.data::text), 'failed',
    greatest(l.attempt - 1, 0), w.max_retries, NULL, l.created_at
FROM _pggit.dead_letters AS l
JOIN _pggit.webhooks AS w USING (webhook_id)
LEFT JOIN _pggit.events AS e ON e.xid = l.event_xid AND e.event_id = l.event_id
WHERE l.event_type LIKE 'alert.%'
UNION ALL
SELECT (e.data ->> 'id')::bigint, a.webhook_id, a.delivery_id, e.data::text, 'delivered',
    greatest(a.attempt - 1, 0), w.max_retries, NULL, e.created_at
FROM _pggit.attempts AS a
JOIN _pggit.webhooks AS w USING (webhook_id)
JOIN _pggit.events AS e ON e.xid = a.event_xid AND e.event_id = a.event_id
WHERE a.outcome = 'delivered' AND e.type LIKE 'alert.%';
COMMENT ON VIEW pggit.alert_delivery_queue IS 'What is to be sent of alerts, was sent, or could not be: a row for an event and a webhook.';
