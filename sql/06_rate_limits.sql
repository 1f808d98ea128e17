-- Rate limits: one exact count of requests for all routes and all replicas.

-- == relations ==
-- not dumped: counts of the last minute
CREATE UNLOGGED TABLE _pggit.rate_limits (
    principal      text PRIMARY KEY,
    used           integer NOT NULL CHECK (used >= 0),
    window_ends_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX rate_limits_window_ends_at_idx ON _pggit.rate_limits (window_ends_at);

-- == routines ==
COMMENT ON TABLE _pggit.rate_limits IS
    'How many requests each principal made in its current window. Unlogged: after a crash everybody starts anew.';

CREATE OR REPLACE FUNCTION pggit.take_request(p_principal text, p_limit integer, p_window integer)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_window  interval := make_interval(secs => p_window);
    v_ends_at timestamptz;
    v_used    integer;
    v_refused boolean;
BEGIN
    -- A window that ends later than a new one would was opened before the clock was set back, or the window shortened. The time is
    -- asked once the row is locked: somebody who came later may have opened the window while this call waited.
    INSERT INTO _pggit.rate_limits AS r (principal, used, window_ends_at)
    VALUES (p_principal, 1, clock_timestamp() + v_window)
    ON CONFLICT (principal) DO UPDATE
    SET used = CASE
            WHEN r.window_ends_at > clock_timestamp() AND r.window_ends_at <= clock_timestamp() + v_window THEN r.used + 1
            ELSE 1
        END,
        window_ends_at = CASE
            WHEN r.window_ends_at > clock_timestamp() AND r.window_ends_at <= clock_timestamp() + v_window THEN r.window_ends_at
            ELSE clock_timestamp() + v_window
        END
    WHERE r.used < p_limit OR r.window_ends_at <= clock_timestamp() OR r.window_ends_at > clock_timestamp() + v_window
    RETURNING r.used, r.window_ends_at INTO v_used, v_ends_at;
    v_refused := NOT FOUND;
    IF v_refused THEN
        -- The conflicting row is locked even where nothing was changed, so this is still its state.
        SELECT r.used, r.window_ends_at INTO v_used, v_ends_at
        FROM _pggit.rate_limits AS r
        WHERE r.principal = p_principal;
    ELSIF v_used = 1 AND random() < 0.01 THEN
        PERFORM _pggit.forget_rate_limits(1000);
    END IF;
    RETURN jsonb_build_object(
        'is_allowed', NOT v_refused,
        'limit', p_limit,
        'remaining', greatest(p_limit - v_used, 0),
        'reset_at', ceil(extract(epoch FROM v_ends_at))::bigint);
END;
$$;
COMMENT ON FUNCTION pggit.take_request(text, integer, integer) IS $$
Counts one request of a principal, unless its window is used up.
p_principal: whom to count: user:…, key:… or ip:….
p_limit, p_window: how many requests in how many seconds; the window begins with the first of them.
Returns: {is_allowed, limit, remaining, reset_at (epoch)}.
Locks: the principal's row, until the transaction ends; so call it in a transaction of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.forget_rate_limits(p_limit integer)
RETURNS bigint
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM _pggit.rate_limits AS r
        WHERE r.principal = ANY (ARRAY(
            SELECT old.principal
            FROM _pggit.rate_limits AS old
            WHERE old.window_ends_at < clock_timestamp()
            ORDER BY old.window_ends_at
            LIMIT p_limit
            FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION _pggit.forget_rate_limits(integer) IS $$
Deletes up to p_limit counts whose window is over.
Returns: how many.
$$;

CREATE OR REPLACE FUNCTION _pggit.limit_of(p_tier text, p_own integer, p_limit integer)
RETURNS integer
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce(p_own, CASE p_tier WHEN 'unlimited' THEN NULL WHEN 'premium' THEN 10 * p_limit ELSE p_limit END);
COMMENT ON FUNCTION _pggit.limit_of(text, integer, integer) IS 'Requests per window of a key: its own, else its tier''s; NULL for none.';

CREATE OR REPLACE FUNCTION pggit.admit_key(p_key_hash text, p_address text, p_limit integer, p_window integer)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key   jsonb := pggit.authenticate_key(p_key_hash);
    v_limit integer;
BEGIN
    IF v_key IS NULL THEN
        -- Who tries keys is counted by the address that they come from.
        RETURN jsonb_build_object('key', NULL, 'admission', pggit.take_request('ip:' || p_address, p_limit, p_window));
    END IF;
    v_limit := _pggit.limit_of(v_key ->> 'tier', (v_key ->> 'rate_limit')::integer, p_limit);
    RETURN jsonb_build_object(
        'key', v_key,
        'admission', CASE WHEN v_limit IS NOT NULL
            THEN pggit.take_request('key:' || (v_key ->> 'key_id'), v_limit, p_window) END);
END;
$$;
COMMENT ON FUNCTION pggit.admit_key(text, text, integer, integer) IS $$
Authenticates a key and counts the request in one call: by the key if it is good, else by the address.
p_key_hash: as in pggit.authenticate_key.
p_limit, p_window: as in pggit.take_request, for the tier standard.
Returns: {key, admission}, as authenticate_key and take_request give them; admission is null where there is no limit.
$$;
