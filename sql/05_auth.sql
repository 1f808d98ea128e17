-- Authentication: the keys by which programs identify themselves; tokens are checked where they arrive, and stored nowhere.

-- == relations ==
CREATE TABLE _pggit.api_keys (
    key_id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL CHECK (btrim(name) <> '' AND octet_length(name) <= 200),
    -- The key itself is shown once and kept nowhere. It is random, so a plain hash of it cannot be guessed back.
    key_hash     bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    key_prefix   text NOT NULL,
    role         text NOT NULL CHECK (role IN ('reader', 'writer', 'admin')),
    tier         text NOT NULL CHECK (tier IN ('standard', 'premium', 'unlimited')),
    -- Requests per window instead of those of the tier.
    rate_limit   integer CHECK (rate_limit > 0),
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE UNIQUE INDEX api_keys_name_key ON _pggit.api_keys (name) WHERE revoked_at IS NULL;

-- == routines ==
COMMENT ON TABLE _pggit.api_keys IS 'API keys by their SHA-256, with what they may do; a revoked one keeps its row.';

CREATE OR REPLACE FUNCTION _pggit.json_time(p_time timestamptz)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION _pggit.json_time(timestamptz) IS 'A time as documents show it: ISO 8601, in UTC, with its Z.';

CREATE OR REPLACE FUNCTION _pggit.key_document(p_key _pggit.api_keys)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'key_id', (p_key).key_id,
    'name', (p_key).name,
    'key_prefix', (p_key).key_prefix,
    'role', (p_key).role,
    'tier', (p_key).tier,
    'rate_limit', (p_key).rate_limit,
    'created_by', (p_key).created_by,
    'created_at', _pggit.json_time((p_key).created_at),
    'expires_at', _pggit.json_time((p_key).expires_at),
    'last_used_at', _pggit.json_time((p_key).last_used_at));
COMMENT ON FUNCTION _pggit.key_document(_pggit.api_keys) IS 'A key as the API shows it, which is without its hash.';

CREATE OR REPLACE FUNCTION pggit.create_api_key(
    p_name text,
    p_role text DEFAULT 'reader',
    p_tier text DEFAULT 'standard',
    p_expires_at timestamptz DEFAULT NULL,
    p_rate_limit integer DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- Two random UUIDs are 244 random bits from the server's strong source; core PostgreSQL has no other.
    v_key text := 'pggit_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    v_row _pggit.api_keys;
BEGIN
    IF p_role IS NULL OR p_role NOT IN ('reader', 'writer', 'admin') THEN
        PERFORM _pggit.raise_error('VCV40', format('"%s" is no role', p_role), NULL, 'Use reader, writer or admin.');
    ELSIF p_tier IS NULL OR p_tier NOT IN ('standard', 'premium', 'unlimited') THEN
        PERFORM _pggit.raise_error('VCV40', format('"%s" is no tier', p_tier), NULL, 'Use standard, premium or unlimited.');
    ELSIF p_expires_at <= clock_timestamp() THEN
        PERFORM _pggit.raise_error('VCV40', 'the key would have expired already', format('expires_at is %s.', p_expires_at),
            'Give a time in the future, or none.');
    ELSIF p_name IS NULL OR btrim(p_name) = '' OR octet_length(p_name) > 200 THEN
        PERFORM _pggit.raise_error('VCV40', 'a key needs a name of 1 to 200 bytes', NULL, 'Name the program that will use it.');
    END IF;
    INSERT INTO _pggit.api_keys (name, key_hash, key_prefix, role, tier, rate_limit, created_by, expires_at)
    VALUES (p_name, sha256(convert_to(v_key, 'UTF8')), left(v_key, 12), p_role, p_tier, p_rate_limit,
        _pggit.current_author(), p_expires_at)
    ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
    RETURNING * INTO v_row;
    IF v_row.key_id IS NULL THEN
        PERFORM _pggit.raise_error('VCC40', format('API key "%s" already exists', p_name), NULL,
            'Choose another name, or revoke that key first.');
    END IF;
    RETURN _pggit.key_document(v_row) || jsonb_build_object('key', v_key);
END;
$$;
COMMENT ON FUNCTION pggit.create_api_key(text, text, text, timestamptz, integer) IS $$
Makes an API key.
p_role: reader, writer or admin.
p_tier: standard (the configured limit), premium (ten times as much) or unlimited.
p_rate_limit: requests per window instead of those of the tier.
Returns: the key as a document; its member "key" is never shown again.
Errors: VCV40 for an unusable argument, VCC40 if the name is taken.
$$;

CREATE OR REPLACE FUNCTION pggit.list_api_keys(p_limit integer DEFAULT 50, p_offset integer DEFAULT 0)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(_pggit.key_document(p.api_key) ORDER BY p.key_id), '[]'),
        'total', (SELECT count(*) FROM _pggit.api_keys AS t WHERE t.revoked_at IS NULL))
    FROM (
        SELECT k.key_id, ROW(k.*)::_pggit.api_keys AS api_key
        FROM _pggit.api_keys AS k
        WHERE k.revoked_at IS NULL
        ORDER BY k.key_id
        LIMIT p_limit OFFSET p_offset
    ) AS p;
END;
COMMENT ON FUNCTION pggit.list_api_keys(integer, integer) IS $$
A page of the keys that are not revoked, oldest first, without the keys themselves.
Returns: {items, total}.
$$;

CREATE OR REPLACE FUNCTION pggit.revoke_api_key(p_key_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    UPDATE _pggit.api_keys AS k
    SET revoked_at = clock_timestamp()
    WHERE k.key_id = p_key_id AND k.revoked_at IS NULL;
    IF NOT FOUND THEN
        PERFORM _pggit.raise_error('VCN40', format('API key %s does not exist', p_key_id),
            (SELECT 'It has been revoked.' FROM _pggit.api_keys AS k WHERE k.key_id = p_key_id),
            'pggit.list_api_keys lists the keys that are in use.');
    END IF;
END;
$$;
COMMENT ON FUNCTION pggit.revoke_api_key(integer) IS $$
Takes a key out of use, at once and for good.
Errors: VCN40 for a key that does not exist or has been revoked.
$$;

CREATE OR REPLACE FUNCTION pggit.authenticate_key(p_key_hash text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key _pggit.api_keys;
    v_now timestamptz := clock_timestamp();
BEGIN
    SELECT k.* INTO v_key
    FROM _pggit.api_keys AS k
    WHERE k.key_hash = decode(p_key_hash, 'hex')
        AND k.revoked_at IS NULL
        AND (k.expires_at IS NULL OR k.expires_at > v_now);
    IF v_key.key_id IS NULL THEN
        RETURN NULL;
    END IF;
    -- Rarely, and never in a queue: a key in constant use would otherwise be the hottest row of the database.
    IF v_key.last_used_at IS NULL OR v_key.last_used_at < v_now - interval '1 minute' THEN
        UPDATE _pggit.api_keys AS k
        SET last_used_at = v_now
        WHERE k.key_id = ANY (ARRAY(
            SELECT u.key_id FROM _pggit.api_keys AS u WHERE u.key_id = v_key.key_id FOR NO KEY UPDATE SKIP LOCKED));
    END IF;
    RETURN jsonb_build_object('key_id', v_key.key_id, 'name', v_key.name, 'role', v_key.role, 'tier', v_key.tier,
        'rate_limit', v_key.rate_limit, 'expires_at', extract(epoch FROM v_key.expires_at));
END;
$$;
COMMENT ON FUNCTION pggit.authenticate_key(text) IS $$
Who a key belongs to.
p_key_hash: the SHA-256 of the key as hexadecimal digits, so that the key itself reaches no log.
Returns: {key_id, name, role, tier, rate_limit, expires_at (epoch)}, or NULL for a key that is unknown, expired or revoked.
$$;

CREATE OR REPLACE FUNCTION pggit.find_good_keys(p_key_ids integer[])
RETURNS integer[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT k.key_id
    FROM _pggit.api_keys AS k
    WHERE k.key_id = ANY (p_key_ids)
        AND k.revoked_at IS NULL
        AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
    ORDER BY k.key_id);
COMMENT ON FUNCTION pggit.find_good_keys(integer[]) IS 'Those of the keys that are neither revoked nor expired; other feeds end.';
