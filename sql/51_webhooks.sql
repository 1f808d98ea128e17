-- Webhooks: the addresses that are told of events, their secrets, and the deliveries that wait, were tried, or were given up.

-- == relations ==

CREATE TABLE _pggit.webhooks (
    webhook_id                    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                          text NOT NULL UNIQUE CHECK (btrim(name) <> '' AND length(name) <= 200),
    url                           text NOT NULL,
    description                   text CHECK (length(description) <= 2000),
    is_active                     boolean NOT NULL DEFAULT true,
    -- After the n-th failure the next attempt follows in backoff_base^n seconds, at most max_backoff.
    max_retries                   integer NOT NULL DEFAULT 3 CHECK (max_retries BETWEEN 0 AND 50),
    backoff_base                  double precision NOT NULL DEFAULT 2 CHECK (backoff_base BETWEEN 1 AND 3600),
    max_backoff                   integer NOT NULL DEFAULT 3600 CHECK (max_backoff BETWEEN 1 AND 86400),
    timeout_seconds               integer NOT NULL DEFAULT 30 CHECK (timeout_seconds BETWEEN 1 AND 120),
    ssl_verify                    boolean NOT NULL DEFAULT true,
    health_check_interval_seconds integer NOT NULL DEFAULT 300 CHECK (health_check_interval_seconds BETWEEN 10 AND 86400),
    event_types                   text[] NOT NULL DEFAULT '{*}',
    is_ordered                    boolean NOT NULL DEFAULT false,
    hourly_limit                  integer NOT NULL DEFAULT 1000 CHECK (hourly_limit BETWEEN 1 AND 100000000),
    -- Why pggit itself switched it off.
    disabled_reason               text CHECK (disabled_reason IN ('gone', 'failing')),
    created_by                    text NOT NULL,
    created_at                    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at                    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (disabled_reason IS NULL OR NOT is_active)
);

-- Two live ones at most, so that a receiver can change over without losing a delivery.
CREATE TABLE _pggit.webhook_secrets (
    secret_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id integer NOT NULL REFERENCES _pggit.webhooks ON DELETE CASCADE,
    secret     text NOT NULL CHECK (secret ~ '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$'),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz
);
CREATE INDEX webhook_secrets_webhook_id_idx ON _pggit.webhook_secrets (webhook_id);

-- One hot row a webhook: what its deliveries learned, and what that means for the next claim.
CREATE TABLE _pggit.webhook_health_metrics (
    webhook_id             integer NOT NULL REFERENCES _pggit.webhooks ON DELETE CASCADE,
    total_deliveries       bigint NOT NULL DEFAULT 0,
    successful_deliveries  bigint NOT NULL DEFAULT 0,
    failed_deliveries      bigint NOT NULL DEFAULT 0,
    -- A delivery is counted above once; its attempts here.
    total_attempts         bigint NOT NULL DEFAULT 0,
    total_response_time_ms double precision NOT NULL DEFAULT 0,
    avg_response_time_ms   double precision GENERATED ALWAYS AS (total_response_time_ms / nullif(total_attempts, 0)) STORED,
    max_response_time_ms   double precision,
    min_response_time_ms   double precision,
    health_status          text NOT NULL DEFAULT 'unknown'
        CHECK (health_status IN ('healthy', 'degraded', 'unavailable', 'unknown')),
    last_attempt_at        timestamptz,
    last_success_at        timestamptz,
    last_failure_at        timestamptz,
    consecutive_failures   integer NOT NULL DEFAULT 0,
    failing_since          timestamptz,
    -- Deliveries given up since the last success: one message alone switches no webhook off.
    dead_since_success     integer NOT NULL DEFAULT 0,
    -- Nothing is claimed before: the breaker is open, or the receiver asked for a pause.
    blocked_until          timestamptz NOT NULL DEFAULT '-infinity',
    -- How many may be under way; grows with success, halves where the receiver is overloaded.
    concurrency            integer NOT NULL DEFAULT 10 CHECK (concurrency BETWEEN 1 AND 128),
    hour_started_at        timestamptz NOT NULL DEFAULT '-infinity',
    hour_count             integer NOT NULL DEFAULT 0,
    claimed_at             timestamptz NOT NULL DEFAULT '-infinity',
    -- No delivery is due before, nor will be: whoever looks for one begins here, behind the index entries of what is done, which
    -- stay for as long as anybody holds an old snapshot.
    due_from               timestamptz NOT NULL DEFAULT '-infinity',
    -- A transaction, and a moment before it had its id: once all up to it have ended, what commits later is due later than that.
    seen_xid               xid8,
    seen_at                timestamptz,
    -- The second of the last claim. It is in the key so that the index, read backwards, gives the newest first of the versions
    -- that an old snapshot keeps; a key without it would look at each of them whenever a page is full.
    turn                   bigint NOT NULL DEFAULT 0,
    updated_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (webhook_id, turn)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- What waits or is under way; it goes when it is done. No foreign key to webhooks: its check would lock the webhook's row in
-- every transaction that makes an event; a delivery whose webhook is gone is swept.
-- not dumped: a restored copy must not send again what the original sends
CREATE TABLE _pggit.deliveries (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id  integer NOT NULL,
    event_id    bigint NOT NULL,
    event_xid   xid8 NOT NULL,
    event_slot  smallint NOT NULL,
    -- The body, where its event may be gone: deliveries taken back from the dead letters.
    body        text,
    trigger     text NOT NULL DEFAULT 'event' CHECK (trigger IN ('event', 'ping', 'manual', 'replay')),
    is_ordered  boolean NOT NULL DEFAULT false,
    -- Counted when it is claimed; whoever finishes must know it, so that one who lost his lease changes nothing.
    attempt     integer NOT NULL DEFAULT 0,
    -- Attempts before it was queued again: the policy begins anew behind them, their count goes on.
    spent       integer NOT NULL DEFAULT 0,
    -- When it may be claimed; while it is leased, when the lease ends. One column, so that an expired lease needs no care.
    due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    leased_by   text,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0);
CREATE INDEX deliveries_due_idx ON _pggit.deliveries (webhook_id, due_at, delivery_id);
CREATE INDEX deliveries_ordered_idx ON _pggit.deliveries (webhook_id, event_xid, event_id, delivery_id) WHERE is_ordered;

-- Every attempt, for a week.
-- not dumped: a log
CREATE TABLE _pggit.attempts (
    webhook_id    integer NOT NULL,
    delivery_id   bigint NOT NULL,
    attempt       integer NOT NULL,
    slot          smallint NOT NULL CHECK (slot BETWEEN 0 AND 7),
    event_id      bigint NOT NULL,
    event_xid     xid8 NOT NULL,
    trigger       text NOT NULL,
    outcome       text NOT NULL CHECK (outcome IN ('delivered', 'failed')),
    error_class   text,
    error         text CHECK (length(error) <= 1100),
    status_code   integer CHECK (status_code BETWEEN 100 AND 599),
    duration_ms   double precision NOT NULL,
    retry_after   text CHECK (length(retry_after) <= 1100),
    response_body text CHECK (octet_length(response_body) <= 65536),
    is_truncated  boolean NOT NULL DEFAULT false,
    next_at       timestamptz,
    worker        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (webhook_id, delivery_id, attempt, slot)
) PARTITION BY LIST (slot);
CREATE TABLE _pggit.attempts_0 PARTITION OF _pggit.attempts FOR VALUES IN (0);
CREATE TABLE _pggit.attempts_1 PARTITION OF _pggit.attempts FOR VALUES IN (1);
CREATE TABLE _pggit.attempts_2 PARTITION OF _pggit.attempts FOR VALUES IN (2);
CREATE TABLE _pggit.attempts_3 PARTITION OF _pggit.attempts FOR VALUES IN (3);
CREATE TABLE _pggit.attempts_4 PARTITION OF _pggit.attempts FOR VALUES IN (4);
CREATE TABLE _pggit.attempts_5 PARTITION OF _pggit.attempts FOR VALUES IN (5);
CREATE TABLE _pggit.attempts_6 PARTITION OF _pggit.attempts FOR VALUES IN (6);
CREATE TABLE _pggit.attempts_7 PARTITION OF _pggit.attempts FOR VALUES IN (7);

-- not dumped: with the deliveries
CREATE TABLE _pggit.dead_letters (
    delivery_id bigint PRIMARY KEY,
    webhook_id  integer NOT NULL REFERENCES _pggit.webhooks ON DELETE CASCADE,
    event_id    bigint NOT NULL,
    event_xid   xid8 NOT NULL,
    event_slot  smallint NOT NULL,
    message_id  text,
    event_type  text,
    -- NULL once it is expunged.
    body        text,
    trigger     text NOT NULL,
    -- exhausted: every retry failed; held: the webhook is switched off; cancelled: the receiver is gone.
    reason      text NOT NULL CHECK (reason IN ('exhausted', 'held', 'cancelled')),
    attempt     integer NOT NULL,
    error       text,
    created_at  timestamptz NOT NULL,
    died_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX dead_letters_webhook_id_idx ON _pggit.dead_letters (webhook_id, delivery_id);
CREATE INDEX dead_letters_died_at_idx ON _pggit.dead_letters (died_at);

-- == routines ==
COMMENT ON TABLE _pggit.webhooks IS 'Addresses that are told of events, and how.';
COMMENT ON TABLE _pggit.webhook_secrets IS 'What deliveries are signed with; nobody but the owner reads it.';
COMMENT ON TABLE _pggit.webhook_health_metrics IS 'How each webhook fares: counts, times, the breaker, and this hour''s deliveries.';
COMMENT ON TABLE _pggit.deliveries IS 'What is to be sent: one row for an event and a webhook, gone when it is done.';
COMMENT ON TABLE _pggit.attempts IS 'Every attempt at a delivery and what the receiver said, for a week.';
COMMENT ON TABLE _pggit.dead_letters IS 'Deliveries given up, held back or cancelled, for thirty days; retry_delivery revives one.';
DO $$
BEGIN
    FOR v_slot IN 0..7 LOOP
        EXECUTE format('COMMENT ON TABLE _pggit.attempts_%s IS %L', v_slot, 'The attempts of every eighth day.');
    END LOOP;
END;
$$;

CREATE OR REPLACE FUNCTION _pggit.raise_field_error(p_code text, p_field text, p_message text, p_hint text)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
-- As in raise_error, which has the reason.
-- @plpgsql_check_options: performance_warnings = false
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = p_code,
        MESSAGE = p_message,
        COLUMN = p_field,
        HINT = p_hint;
END;
$$;
COMMENT ON FUNCTION _pggit.raise_field_error(text, text, text, text) IS $$
Raises the error p_code about one argument, whose name goes along as the error's column.
$$;

CREATE OR REPLACE FUNCTION _pggit.lock_webhooks(p_webhook_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM
    FROM (SELECT DISTINCT u.webhook_id FROM unnest(p_webhook_ids) AS u(webhook_id) ORDER BY u.webhook_id) AS i
    CROSS JOIN LATERAL (
        SELECT FROM _pggit.webhook_health_metrics AS m
        WHERE m.webhook_id = i.webhook_id
        ORDER BY m.turn DESC
        LIMIT 1
        FOR UPDATE
    ) AS l;
END;
$$;
COMMENT ON FUNCTION _pggit.lock_webhooks(integer[]) IS $$
Makes what waits for some webhooks the caller's own until his transaction ends. Whoever changes or removes more than one delivery,
or a webhook that may have some, begins with this, once and for all that he changes; so nobody ever waits in a circle.
Locks: the rows of webhook_health_metrics, in the order of their ids; what follows are webhooks, deliveries and dead letters.
$$;

CREATE OR REPLACE FUNCTION _pggit.blocked_networks()
RETURNS cidr[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY[
    '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24',
    '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24',
    '224.0.0.0/4', '240.0.0.0/4',
    -- All but 2000::/3, and in it protocol assignments (Teredo, ORCHID), documentation and 6to4.
    '::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'
]::cidr[];
COMMENT ON FUNCTION _pggit.blocked_networks() IS $$
Where no delivery may go unless it is opened: everything that is not a public unicast address.
$$;

CREATE OR REPLACE FUNCTION _pggit.opened_networks()
RETURNS cidr[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce(
    string_to_array(
        nullif(replace(current_setting('pggit.webhook_allowed_networks', true), ' ', ''), ''), ','), '{}')::cidr[];
COMMENT ON FUNCTION _pggit.opened_networks() IS $$
What the setting pggit.webhook_allowed_networks opens of the blocked networks, for the check of an address as it is written;
the deliverer, which checks the address that it dials, has a setting of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_blocked(p_address inet)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN EXISTS (SELECT FROM unnest(_pggit.blocked_networks()) AS b(network) WHERE p_address <<= b.network)
    AND NOT EXISTS (SELECT FROM unnest(_pggit.opened_networks()) AS o(network) WHERE p_address <<= o.network);
COMMENT ON FUNCTION _pggit.is_blocked(inet) IS 'Whether no delivery may go to an address.';

CREATE OR REPLACE FUNCTION _pggit.find_host_fault(p_host text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- The last label of a name in the DNS is never a number; what looks like one, resolvers read as an address.
    v_is_number boolean := p_host ~ '(^|\.)(0x[0-9a-f]*|[0-9]+)$';
BEGIN
    IF p_host LIKE '[%' THEN
        IF p_host !~ '^\[[0-9a-f:]+(:[0-9]+(\.[0-9]+){3})?\]$' OR NOT _pggit.is_inet(btrim(p_host, '[]')) THEN
            RETURN 'is not an IPv6 address';
        ELSIF _pggit.is_blocked(btrim(p_host, '[]')::inet) THEN
            RETURN 'is not a public address';
        END IF;
    ELSIF v_is_number THEN
        IF p_host !~ '^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$' OR NOT _pggit.is_inet(p_host) THEN
            RETURN 'is not an IPv4 address in its usual form';
        ELSIF _pggit.is_blocked(p_host::inet) THEN
            RETURN 'is not a public address';
        END IF;
    ELSIF p_host !~ '^[\x01-\x7f]*$' THEN
        RETURN 'is not ASCII; write it in its xn-- form';
    ELSIF length(p_host) > 253 THEN
        RETURN 'is longer than 253 characters';
    ELSIF p_host !~ '^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$' THEN
        RETURN 'is not a host name';
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.find_host_fault(text) IS $$
What speaks against a host of a URL, in lower case and without a last dot; NULL for a good one.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_inet(p_text text)
RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN p_text::inet IS NOT NULL;
EXCEPTION
    WHEN invalid_text_representation THEN
        RETURN false;
END;
$$;
COMMENT ON FUNCTION _pggit.is_inet(text) IS 'Whether PostgreSQL reads a text as an address.';

CREATE OR REPLACE FUNCTION _pggit.find_url_fault(p_url text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- scheme, user, host, port, rest
    v_parts text[] := regexp_match(p_url,
        '^([A-Za-z][A-Za-z0-9+.-]*)://(?:([^/?#@]*)@)?(\[[^\]/?#@]*\]|[^/?#@:]*)(?::([^/?#@]*))?([/?].*)?$');
    v_fault text;
BEGIN
    IF p_url IS NULL OR octet_length(p_url) > 2048 THEN
        RETURN CASE WHEN p_url IS NULL THEN 'is missing' ELSE 'is longer than 2048 bytes' END;
    ELSIF p_url ~ '[\x01-\x20\x7f]' THEN
        RETURN 'holds a space or a control character';
    ELSIF p_url LIKE '%#%' THEN
        RETURN 'holds a fragment, which is never sent';
    ELSIF v_parts IS NULL THEN
        RETURN 'is not of the form https://host/path';
    ELSIF v_parts[2] IS NOT NULL THEN
        RETURN 'holds a user name or password';
    ELSIF lower(v_parts[1]) NOT IN ('https', 'http') THEN
        RETURN format('has the scheme %s; only https can be used', v_parts[1]);
    ELSIF lower(v_parts[1]) = 'http' AND coalesce(current_setting('pggit.webhook_allow_http', true), '') <> 'on' THEN
        RETURN 'has the scheme http, and only https is allowed here';
    ELSIF v_parts[4] IS NOT NULL AND (v_parts[4] !~ '^[0-9]{1,5}$' OR v_parts[4]::integer NOT BETWEEN 1 AND 65535) THEN
        RETURN 'has a port that is none';
    ELSIF coalesce(v_parts[5], '') !~ '^[\x21-\x7e]*$' THEN
        RETURN 'has a path that is not ASCII; write it percent-encoded';
    END IF;
    v_fault := _pggit.find_host_fault(regexp_replace(lower(v_parts[3]), '\.$', ''));
    RETURN 'has a host that ' || v_fault;
END;
$$;
COMMENT ON FUNCTION _pggit.find_url_fault(text) IS $$
What speaks against the URL of a webhook; NULL for a good one. What a name resolves to is checked when it is dialled.
$$;

CREATE OR REPLACE FUNCTION _pggit.normal_url(p_url text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_fault text := _pggit.find_url_fault(p_url);
    v_parts text[];
BEGIN
    IF v_fault IS NOT NULL THEN
        PERFORM _pggit.raise_field_error('VCV31', 'url', format('url %s', v_fault),
            'Give the public address of the receiver, as in https://hooks.example.org/pggit.');
    END IF;
    v_parts := regexp_match(p_url, '^([A-Za-z]+)://(\[[^\]]*\]|[^/?:]*)(:[0-9]+)?(.*)$');
    RETURN lower(v_parts[1]) || '://' || regexp_replace(lower(v_parts[2]), '\.$', '') || coalesce(v_parts[3], '')
        || CASE WHEN v_parts[4] LIKE '/%' THEN '' ELSE '/' END || v_parts[4];
END;
$$;
COMMENT ON FUNCTION _pggit.normal_url(text) IS $$
The URL in the form that is stored: scheme and host in lower case, no dot behind the host, a path.
Errors: VCV31.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_event_types(p_types text[])
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_types IS NULL OR p_types = '{}' OR cardinality(p_types) > 100
        OR EXISTS (
            SELECT FROM unnest(p_types) AS t(type)
            WHERE t.type IS NULL OR t.type !~ '^(\*|[a-z][a-z0-9_]*\.(\*|[a-z0-9_.]+))$' OR length(t.type) > 100)
    THEN
        PERFORM _pggit.raise_field_error('VCV32', 'event_types', 'event_types holds what is no event type',
            'Name one to a hundred types, as in "merge.completed", "alert.*" or "*".');
    END IF;
    RETURN ARRAY(SELECT DISTINCT t.type FROM unnest(p_types) AS t(type) ORDER BY t.type);
END;
$$;
COMMENT ON FUNCTION _pggit.check_event_types(text[]) IS $$
A filter of event types without repeats.
Errors: VCV32.
$$;

CREATE OR REPLACE FUNCTION _pggit.get_webhook(p_webhook_id bigint)
RETURNS _pggit.webhooks
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_webhook _pggit.webhooks;
BEGIN
    SELECT w.* INTO v_webhook FROM _pggit.webhooks AS w WHERE w.webhook_id = p_webhook_id;
    IF v_webhook.webhook_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN30', format('webhook %s does not exist', p_webhook_id), NULL,
            'The list of webhooks shows their ids.');
    END IF;
    RETURN v_webhook;
END;
$$;
COMMENT ON FUNCTION _pggit.get_webhook(bigint) IS $$
The webhook of that id.
Errors: VCN30.
$$;

CREATE OR REPLACE FUNCTION _pggit.webhook_document(p_webhook _pggit.webhooks)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'id', (p_webhook).webhook_id,
    'name', (p_webhook).name,
    'url', (p_webhook).url,
    'description', (p_webhook).description,
    'is_active', (p_webhook).is_active,
    'event_types', to_jsonb((p_webhook).event_types),
    'is_ordered', (p_webhook).is_ordered,
    'retry_policy', jsonb_build_object(
        'max_retries', (p_webhook).max_retries,
        'backoff_base', (p_webhook).backoff_base,
        'max_backoff', (p_webhook).max_backoff),
    'timeout_seconds', (p_webhook).timeout_seconds,
    'ssl_verify', (p_webhook).ssl_verify,
    'health_check_interval_seconds', (p_webhook).health_check_interval_seconds,
    'hourly_limit', (p_webhook).hourly_limit,
    'disabled_reason', (p_webhook).disabled_reason,
    'created_at', (p_webhook).created_at,
    'updated_at', (p_webhook).updated_at,
    'last_used_at', (
        SELECT m.last_attempt_at FROM _pggit.webhook_health_metrics AS m WHERE m.webhook_id = (p_webhook).webhook_id),
    'health_status', (
        SELECT m.health_status FROM _pggit.webhook_health_metrics AS m WHERE m.webhook_id = (p_webhook).webhook_id));
COMMENT ON FUNCTION _pggit.webhook_document(_pggit.webhooks) IS 'A webhook as the API shows it; its secrets are not part of it.';
