-- Webhooks, the calls: make, change, list and remove them, and turn their secrets over.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.add_secret(p_webhook_id integer, p_overlap interval)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- Two UUIDs hold 244 bits from the operating system's source of randomness.
    v_secret text := 'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64');
BEGIN
    UPDATE _pggit.webhook_secrets AS s
    SET expires_at = clock_timestamp() + p_overlap
    WHERE s.webhook_id = p_webhook_id AND s.expires_at IS NULL;
    -- Of the old ones only the youngest lives on beside the new one.
    DELETE FROM _pggit.webhook_secrets AS s
    WHERE s.webhook_id = p_webhook_id
        AND (s.expires_at <= clock_timestamp()
            OR s.secret_id < (SELECT max(o.secret_id) FROM _pggit.webhook_secrets AS o WHERE o.webhook_id = p_webhook_id));
    INSERT INTO _pggit.webhook_secrets (webhook_id, secret) VALUES (p_webhook_id, v_secret);
    RETURN v_secret;
END;
$$;
COMMENT ON FUNCTION _pggit.add_secret(integer, interval) IS $$
Gives a webhook a new secret, and returns it this once.
p_overlap: how long the one before is still signed with.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_retry_policy(p_policy jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key   text;
    v_value jsonb;
BEGIN
    IF jsonb_typeof(p_policy) IS DISTINCT FROM 'object' THEN
        PERFORM _pggit.raise_field_error('VCV33', 'retry_policy', 'retry_policy is not an object',
            'Give {"max_retries": 3, "backoff_base": 2, "max_backoff": 3600}, or some of these.');
    END IF;
    FOR v_key, v_value IN SELECT e.key, e.value FROM jsonb_each(p_policy) AS e LOOP
        IF v_key NOT IN ('max_retries', 'backoff_base', 'max_backoff') OR jsonb_typeof(v_value) <> 'number' THEN
            PERFORM _pggit.raise_field_error('VCV33', 'retry_policy', format('retry_policy.%s is not one of its numbers', v_key),
            'Its keys are max_retries, backoff_base and max_backoff.');
        END IF;
    END LOOP;
    RETURN p_policy;
END;
$$;
COMMENT ON FUNCTION _pggit.check_retry_policy(jsonb) IS $$
The policy itself, if it has the right keys.
Errors: VCV33.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_webhook_name(p_name text, p_webhook_id integer)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_other integer;
BEGIN
    IF p_name IS NULL OR btrim(p_name) = '' OR length(p_name) > 200 OR p_name ~ '[\x01-\x1f\x7f]' THEN
        PERFORM _pggit.raise_field_error('VCV34', 'name', 'name is not usable',
            'Give 1 to 200 characters without line breaks.');
    END IF;
    SELECT w.webhook_id INTO v_other FROM _pggit.webhooks AS w WHERE w.name = btrim(p_name);
    IF v_other <> coalesce(p_webhook_id, 0) THEN
        PERFORM _pggit.raise_error('VCC30', format('webhook "%s" already exists', btrim(p_name)),
            format('It is webhook %s.', v_other), 'Choose another name, or change that webhook.');
    END IF;
    RETURN btrim(p_name);
END;
$$;
COMMENT ON FUNCTION _pggit.check_webhook_name(text, integer) IS $$
The name without blanks around it.
Errors: VCV34, VCC30 if another webhook has it.
$$;

CREATE OR REPLACE FUNCTION pggit.create_webhook(
    p_name text,
    p_url text,
    p_description text DEFAULT NULL,
    p_is_active boolean DEFAULT true,
    p_retry_policy jsonb DEFAULT '{}',
    p_timeout_seconds integer DEFAULT 30,
    p_ssl_verify boolean DEFAULT true,
    p_health_check_interval_seconds integer DEFAULT 300,
    p_event_types text[] DEFAULT '{*}',
    p_is_ordered boolean DEFAULT false,
    p_hourly_limit integer DEFAULT 1000
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks;
    v_policy  jsonb := _pggit.check_retry_policy(coalesce(p_retry_policy, '{}'));
BEGIN
    IF (SELECT count(*) FROM _pggit.webhooks) >= 1000 THEN
        PERFORM _pggit.raise_error('VCL30', 'there are 1000 webhooks already', NULL, 'Delete those that nobody needs.');
    END IF;
    INSERT INTO _pggit.webhooks (
        name, url, description, is_active, max_retries, backoff_base, max_backoff, timeout_seconds, ssl_verify,
        health_check_interval_seconds, event_types, is_ordered, hourly_limit, created_by)
    VALUES (
        _pggit.check_webhook_name(p_name, NULL), _pggit.normal_url(p_url), nullif(p_description, ''), coalesce(p_is_active, true),
        coalesce((v_policy->>'max_retries')::integer, 3), coalesce((v_policy->>'backoff_base')::double precision, 2),
        coalesce((v_policy->>'max_backoff')::integer, 3600), coalesce(p_timeout_seconds, 30), coalesce(p_ssl_verify, true),
        coalesce(p_health_check_interval_seconds, 300), _pggit.check_event_types(coalesce(p_event_types, '{*}')),
        coalesce(p_is_ordered, false), coalesce(p_hourly_limit, 1000), _pggit.current_author())
    -- Two at once: the second sees the first only here.
    ON CONFLICT (name) DO NOTHING
    RETURNING * INTO v_webhook;
    IF v_webhook.webhook_id IS NULL THEN
        PERFORM _pggit.check_webhook_name(p_name, NULL);
    END IF;
    INSERT INTO _pggit.webhook_health_metrics (webhook_id) VALUES (v_webhook.webhook_id);
    PERFORM _pggit.emit_event('webhook.created', v_webhook.webhook_id::text, _pggit.webhook_document(v_webhook));
    RETURN _pggit.webhook_document(v_webhook)
        || jsonb_build_object('secret', _pggit.add_secret(v_webhook.webhook_id, interval '0'));
END;
$$;
COMMENT ON FUNCTION pggit.create_webhook(
    text, text, text, boolean, jsonb, integer, boolean, integer, text[], boolean, integer) IS $$
Makes a webhook: from now on, events whose type fits are sent to its URL.
p_retry_policy: {max_retries, backoff_base, max_backoff}, 3, 2 and 3600 where they are absent.
p_event_types: as in "merge.completed", "alert.*" or "*".
p_is_ordered: one event after the other, in their order; a failing one holds up those after it.
p_hourly_limit: more than that many attempts in an hour are delayed, never dropped.
Returns: the webhook as a document, with its secret, which is not shown again.
Errors: VCV31, VCV32, VCV33, VCV34, 23514 for values out of range; VCC30 for a taken name; VCL30 beyond 1000 webhooks.
$$;

CREATE OR REPLACE FUNCTION pggit.list_webhooks(p_limit integer DEFAULT 100, p_offset integer DEFAULT 0)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(_pggit.webhook_document(p.webhook) ORDER BY p.webhook_id), '[]'),
        'total', (SELECT count(*) FROM _pggit.webhooks))
    FROM (
        SELECT w.webhook_id, w AS webhook
        FROM _pggit.webhooks AS w
        ORDER BY w.webhook_id
        LIMIT p_limit OFFSET p_offset
    ) AS p;
END;
COMMENT ON FUNCTION pggit.list_webhooks(integer, integer) IS $$
A page of the webhooks, oldest first, as a document.
Returns: {items, total}.
$$;

CREATE OR REPLACE FUNCTION pggit.get_webhook(p_webhook_id bigint)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.webhook_document(_pggit.get_webhook(p_webhook_id));
COMMENT ON FUNCTION pggit.get_webhook(bigint) IS $$
One webhook as a document.
Errors: VCN30.
$$;

CREATE OR REPLACE FUNCTION _pggit.hold_deliveries(p_webhook_id integer, p_reason text)
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
    -- What is under way ends by itself, and comes here where it fails.
    WITH taken AS (
        DELETE FROM _pggit.deliveries AS d
        WHERE d.webhook_id = p_webhook_id
            AND (d.leased_by IS NULL OR d.due_at <= clock_timestamp())
        RETURNING d.*
    )
    INSERT INTO _pggit.dead_letters (
        delivery_id, webhook_id, event_id, event_xid, event_slot, message_id, event_type, body, trigger, reason, attempt, created_at)
    SELECT t.delivery_id, t.webhook_id, t.event_id, t.event_xid, t.event_slot, e.message_id, e.type,
        coalesce(t.body, _pggit.event_body(e)), t.trigger, p_reason, t.attempt, t.created_at
    FROM taken AS t
    LEFT JOIN _pggit.events AS e ON e.xid = t.event_xid AND e.event_id = t.event_id AND e.slot = t.event_slot;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.hold_deliveries(integer, text) IS $$
Puts what waits for a webhook among the dead letters.
Returns: how many that were.
$$;

CREATE OR REPLACE FUNCTION pggit.update_webhook(p_webhook_id bigint, p_changes jsonb)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old    _pggit.webhooks;
    v_new    _pggit.webhooks;
    v_policy jsonb;
BEGIN
    PERFORM _pggit.lock_webhooks(ARRAY(SELECT w.webhook_id FROM _pggit.webhooks AS w WHERE w.webhook_id = p_webhook_id));
    PERFORM FROM _pggit.webhooks AS w WHERE w.webhook_id = p_webhook_id FOR UPDATE;
    v_old := _pggit.get_webhook(p_webhook_id);
    IF p_changes ? 'retry_policy' THEN
        v_policy := _pggit.check_retry_policy(p_changes->'retry_policy');
    END IF;
    -- A key that is not given keeps its value, and so does what a policy does not say.
    v_new := jsonb_populate_record(v_old, (p_changes - ARRAY['webhook_id', 'created_by', 'created_at', 'disabled_reason'])
        || coalesce(v_policy, '{}'));
    UPDATE _pggit.webhooks AS w
    SET name = _pggit.check_webhook_name(v_new.name, v_old.webhook_id),
        url = CASE WHEN v_new.url = v_old.url THEN v_old.url ELSE _pggit.normal_url(v_new.url) END,
        description = nullif(v_new.description, ''),
        is_active = v_new.is_active,
        max_retries = v_new.max_retries,
        backoff_base = v_new.backoff_base,
        max_backoff = v_new.max_backoff,
        timeout_seconds = v_new.timeout_seconds,
        ssl_verify = v_new.ssl_verify,
        health_check_interval_seconds = v_new.health_check_interval_seconds,
        event_types = _pggit.check_event_types(v_new.event_types),
        is_ordered = v_new.is_ordered,
        hourly_limit = v_new.hourly_limit,
        disabled_reason = CASE WHEN NOT v_new.is_active THEN v_old.disabled_reason END,
        updated_at = clock_timestamp()
    WHERE w.webhook_id = v_old.webhook_id
    RETURNING w.* INTO v_new;
    IF v_new.is_active <> v_old.is_active THEN
        -- On the way down what waits is held back; on the way up what slipped in meanwhile is not sent silently.
        PERFORM _pggit.hold_deliveries(v_new.webhook_id, 'held');
    END IF;
    IF v_new.is_active AND (NOT v_old.is_active OR v_new.url <> v_old.url) THEN
        UPDATE _pggit.webhook_health_metrics AS m
        SET blocked_until = '-infinity', consecutive_failures = 0, failing_since = NULL, dead_since_success = 0,
            health_status = 'unknown', updated_at = clock_timestamp()
        WHERE m.webhook_id = v_new.webhook_id;
    END IF;
    PERFORM _pggit.emit_event('webhook.updated', v_new.webhook_id::text, _pggit.webhook_document(v_new));
    RETURN _pggit.webhook_document(v_new);
END;
$$;
COMMENT ON FUNCTION pggit.update_webhook(bigint, jsonb) IS $$
Changes what p_changes names and nothing else. Switched off, a webhook's waiting deliveries are held among the dead letters;
switched on again, it is sent nothing older unless replay_deliveries asks for it.
p_changes: keys as in the document of a webhook.
Returns: the webhook as a document.
Errors: VCN30; VCV31 to VCV34, 22P02, 23502 and 23514 for values that cannot be used; VCC30 for a taken name.
$$;

CREATE OR REPLACE FUNCTION pggit.delete_webhook(p_webhook_id bigint)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
BEGIN
    PERFORM _pggit.remove_webhook(v_webhook.webhook_id);
    PERFORM _pggit.emit_event('webhook.deleted', v_webhook.webhook_id::text, jsonb_build_object(
        'id', v_webhook.webhook_id, 'name', v_webhook.name));
END;
$$;
COMMENT ON FUNCTION pggit.delete_webhook(bigint) IS $$
Removes a webhook with its secrets and all that waits for it; an attempt that is under way ends without a trace.
Errors: VCN30.
$$;

CREATE OR REPLACE FUNCTION _pggit.remove_webhook(p_webhook_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM _pggit.lock_webhooks(ARRAY[p_webhook_id]);
    DELETE FROM _pggit.webhooks AS w WHERE w.webhook_id = p_webhook_id;
    DELETE FROM _pggit.deliveries AS d WHERE d.webhook_id = p_webhook_id;
END;
$$;
COMMENT ON FUNCTION _pggit.remove_webhook(integer) IS 'Behind pggit.delete_webhook: callers may not touch secrets.';

CREATE OR REPLACE FUNCTION pggit.rotate_webhook_secret(p_webhook_id bigint, p_overlap_hours integer DEFAULT 24)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
    v_overlap interval := make_interval(hours => p_overlap_hours);
BEGIN
    IF p_overlap_hours IS NULL OR p_overlap_hours NOT BETWEEN 0 AND 720 THEN
        PERFORM _pggit.raise_field_error('VCV35', 'overlap_hours', 'overlap_hours is not between 0 and 720',
            'Give the time in which the receiver changes over.');
    END IF;
    RETURN jsonb_build_object(
        'id', v_webhook.webhook_id,
        'secret', _pggit.add_secret(v_webhook.webhook_id, v_overlap),
        'previous_expires_at', clock_timestamp() + v_overlap);
END;
$$;
COMMENT ON FUNCTION pggit.rotate_webhook_secret(bigint, integer) IS $$
Gives a webhook a new secret. For p_overlap_hours deliveries carry the signatures of both, so that the receiver can change over.
Returns: {id, secret, previous_expires_at}; the secret is not shown again.
Errors: VCN30, VCV35.
$$;

CREATE OR REPLACE FUNCTION pggit.get_webhook_health(p_webhook_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks := _pggit.get_webhook(p_webhook_id);
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'webhook_id', m.webhook_id,
            'health_status', m.health_status,
            'is_active', v_webhook.is_active,
            'total_deliveries', m.total_deliveries,
            'successful_deliveries', m.successful_deliveries,
            'failed_deliveries', m.failed_deliveries,
            'total_attempts', m.total_attempts,
            'avg_response_time_ms', m.avg_response_time_ms,
            'max_response_time_ms', m.max_response_time_ms,
            'min_response_time_ms', m.min_response_time_ms,
            'last_attempt_at', m.last_attempt_at,
            'last_success_at', m.last_success_at,
            'last_failure_at', m.last_failure_at,
            'consecutive_failures', m.consecutive_failures,
            'failing_since', m.failing_since,
            'breaker', CASE
                WHEN m.consecutive_failures < 5 THEN 'closed'
                WHEN m.blocked_until > clock_timestamp() THEN 'open'
                ELSE 'half_open' END,
            'blocked_until', nullif(m.blocked_until, '-infinity'),
            'sent_this_hour', CASE
                WHEN m.hour_started_at > clock_timestamp() - interval '1 hour' THEN m.hour_count ELSE 0 END,
            'hourly_limit', v_webhook.hourly_limit,
            'waiting', (SELECT count(*) FROM _pggit.deliveries AS d WHERE d.webhook_id = m.webhook_id),
            'dead_letters', (SELECT count(*) FROM _pggit.dead_letters AS d WHERE d.webhook_id = m.webhook_id))
        FROM _pggit.webhook_health_metrics AS m
        WHERE m.webhook_id = v_webhook.webhook_id);
END;
$$;
COMMENT ON FUNCTION pggit.get_webhook_health(bigint) IS $$
How a webhook fares, as a document.
Errors: VCN30.
$$;
