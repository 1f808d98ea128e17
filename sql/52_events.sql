-- Events: the one stream of what happened, written in the transaction that caused it and read in an order that nobody can miss.

-- == relations ==

-- Eight partitions in a ring, one a day: what is too old goes by TRUNCATE, and no DDL ever runs beside the writers.
-- not dumped: the order rests on this cluster's transaction ids
CREATE TABLE _pggit.events (
    event_id   bigint NOT NULL,
    -- With event_id the order of reading: sequences commit out of order, and a transaction that still runs is not overtaken.
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    slot       smallint NOT NULL CHECK (slot BETWEEN 0 AND 7),
    -- What a receiver tells repeats by; it goes into the signed text and a header, so its alphabet is narrow.
    message_id text NOT NULL DEFAULT 'evt_' || replace(gen_random_uuid()::text, '-', '')
        CHECK (message_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    type       text NOT NULL CHECK (type ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$' AND length(type) <= 100),
    subject    text,
    data       jsonb NOT NULL,
    actor      text NOT NULL,
    -- Its content was taken out; what is left says that it happened.
    is_expunged boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (xid, event_id, slot)
) PARTITION BY LIST (slot);
CREATE TABLE _pggit.events_0 PARTITION OF _pggit.events FOR VALUES IN (0);
CREATE TABLE _pggit.events_1 PARTITION OF _pggit.events FOR VALUES IN (1);
CREATE TABLE _pggit.events_2 PARTITION OF _pggit.events FOR VALUES IN (2);
CREATE TABLE _pggit.events_3 PARTITION OF _pggit.events FOR VALUES IN (3);
CREATE TABLE _pggit.events_4 PARTITION OF _pggit.events FOR VALUES IN (4);
CREATE TABLE _pggit.events_5 PARTITION OF _pggit.events FOR VALUES IN (5);
CREATE TABLE _pggit.events_6 PARTITION OF _pggit.events FOR VALUES IN (6);
CREATE TABLE _pggit.events_7 PARTITION OF _pggit.events FOR VALUES IN (7);
-- Before 17 a partitioned table has no identity columns. The ticker watches this sequence.
CREATE SEQUENCE _pggit.events_event_id_seq AS bigint OWNED BY _pggit.events.event_id;

-- Up to where events have been thrown away: a cursor from before it has missed some.
-- not dumped: it speaks of this cluster's transaction ids
CREATE TABLE _pggit.event_horizon (
    is_single boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    xid       xid8 NOT NULL
);

CREATE TYPE pggit.event AS (
    cursor     text,
    event_id   bigint,
    message_id text,
    type       text,
    subject    text,
    data       jsonb,
    actor      text,
    created_at timestamptz
);

-- == routines ==
COMMENT ON TABLE _pggit.events IS 'What happened, for a week: the source of deliveries, feeds and cache invalidation.';
DO $$
BEGIN
    FOR v_slot IN 0..7 LOOP
        EXECUTE format('COMMENT ON TABLE _pggit.events_%s IS %L', v_slot, 'The events of every eighth day.');
    END LOOP;
END;
$$;
COMMENT ON TABLE _pggit.event_horizon IS 'The transaction id below which events may have been thrown away; no row before that happens.';
COMMENT ON TYPE pggit.event IS 'An event as its readers see it; cursor is what they pass to read on after it.';

CREATE OR REPLACE FUNCTION _pggit.ring_slot(p_time timestamptz)
RETURNS smallint
LANGUAGE sql
-- No more than extract() says of itself, else it would not be inlined.
STABLE
PARALLEL SAFE
RETURN (floor(extract(epoch FROM p_time) / 86400)::bigint % 8)::smallint;
COMMENT ON FUNCTION _pggit.ring_slot(timestamptz) IS 'The partition of a ring that the day of p_time (UTC) belongs to.';

CREATE OR REPLACE FUNCTION _pggit.type_fits(p_type text, p_types text[])
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_types && ARRAY['*', p_type, split_part(p_type, '.', 1) || '.*'];
COMMENT ON FUNCTION _pggit.type_fits(text, text[]) IS $$
Whether a filter takes an event type: it names the type, its first word with ".*", or "*".
$$;

CREATE OR REPLACE FUNCTION _pggit.emit_event(
    p_type text,
    p_subject text,
    p_data jsonb,
    p_message_id text DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
-- Planning anew for each type and subject would cost more than the two inserts.
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_event_id bigint := nextval('_pggit.events_event_id_seq');
    v_slot     smallint := _pggit.ring_slot(clock_timestamp());
    v_family   text := split_part(p_type, '.', 1);
    -- News of webhooks themselves goes to those who ask by name.
    v_is_own   boolean := v_family IN ('cache', 'delivery', 'webhook');
    v_wanted   text[] := ARRAY[p_type, v_family || '.*'] || CASE WHEN NOT v_is_own THEN '*' END;
BEGIN
    -- One statement: starting a second one costs as much as the row that it writes.
    WITH made AS (
        INSERT INTO _pggit.events (event_id, slot, message_id, type, subject, data, actor)
        VALUES (
            v_event_id, v_slot, coalesce(p_message_id, 'evt_' || replace(gen_random_uuid()::text, '-', '')), p_type, p_subject,
            coalesce(p_data, '{}'),
            coalesce(nullif(btrim(current_setting('pggit.author', true)), ''),
                nullif(current_setting('role'), 'none'), session_user::text))
    )
    INSERT INTO _pggit.deliveries (webhook_id, event_id, event_xid, event_slot, is_ordered)
    SELECT w.webhook_id, v_event_id, pg_current_xact_id(), v_slot, w.is_ordered
    FROM _pggit.webhooks AS w
    WHERE w.is_active
        AND w.event_types && v_wanted
        AND (NOT v_is_own OR w.webhook_id::text <> p_subject)
        -- A ping is for one webhook, which whoever makes it queues.
        AND p_type <> 'webhook.ping';
    RETURN v_event_id;
END;
$$;
COMMENT ON FUNCTION _pggit.emit_event(text, text, jsonb, text) IS $$
Writes what happened, and what is to be sent of it, into the transaction that caused it. It never notifies: the ticker does.
p_type: <thing>.<what happened>, as in branch.created.
p_subject: the thing, as its users call it.
p_message_id: what receivers tell repeats by; NULL for a new one.
Returns: the event's id.
$$;

CREATE OR REPLACE FUNCTION _pggit.make_cursor(p_xid xid8, p_event_id bigint)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_xid::text || '-' || p_event_id::text;
COMMENT ON FUNCTION _pggit.make_cursor(xid8, bigint) IS 'A position in the stream as text.';

CREATE OR REPLACE FUNCTION _pggit.cursor_xid(p_cursor text)
RETURNS xid8
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce(split_part(p_cursor, '-', 1), '0')::xid8;
COMMENT ON FUNCTION _pggit.cursor_xid(text) IS 'The transaction id of a cursor; of NULL, one before all.';

CREATE OR REPLACE FUNCTION pggit.event_position()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.make_cursor(pg_snapshot_xmin(pg_current_snapshot()), 0);
COMMENT ON FUNCTION pggit.event_position() IS $$
The cursor of now: pggit.read_events gives, after it, exactly the events that it could not give before.
$$;

CREATE OR REPLACE FUNCTION pggit.read_events(
    p_after text DEFAULT NULL,
    p_types text[] DEFAULT NULL,
    p_limit integer DEFAULT 100
)
RETURNS SETOF pggit.event
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_xid      xid8;
    v_event_id bigint;
BEGIN
    IF p_after !~ '^[0-9]{1,19}-[0-9]{1,18}$' THEN
        PERFORM _pggit.raise_error('VCV30', format('"%s" is not a cursor', left(p_after, 100)), NULL,
            'Pass the cursor of an event as it was given, or none.');
    END IF;
    v_xid := _pggit.cursor_xid(p_after);
    v_event_id := coalesce(split_part(p_after, '-', 2)::bigint, 0);
    IF p_after IS NOT NULL AND EXISTS (SELECT FROM _pggit.event_horizon AS h WHERE h.xid > v_xid) THEN
        PERFORM _pggit.raise_error('VCS30', 'events after this cursor have been thrown away',
            'Events are kept for a week.', 'Read the state anew, and go on from pggit.event_position().');
    END IF;
    RETURN QUERY
    SELECT _pggit.make_cursor(e.xid, e.event_id), e.event_id, e.message_id, e.type, e.subject, e.data, e.actor, e.created_at
    FROM _pggit.events AS e
    WHERE (e.xid, e.event_id) > (v_xid, v_event_id)
        AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
        AND (p_types IS NULL OR _pggit.type_fits(e.type, p_types))
    ORDER BY e.xid, e.event_id
    LIMIT least(greatest(p_limit, 0), 1000);
END;
$$;
COMMENT ON FUNCTION pggit.read_events(text, text[], integer) IS $$
The events after a cursor, in order; those of a transaction that still runs, and what began after it, come later.
p_after: the cursor of the last event that was read, or of pggit.event_position(); NULL for all that are kept.
p_types: only these; "merge.*" and "*" are understood. NULL for all.
p_limit: at most 1000.
Errors: VCV30 for a text that is no cursor, VCS30 for one from before the events that are kept.
$$;

CREATE OR REPLACE FUNCTION _pggit.empty_slot(p_ring regclass, p_slot integer, p_newest timestamptz)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET lock_timeout = '500ms'
AS $$
BEGIN
    -- A clock that jumped shows here: nothing younger than six days goes, whatever day it seems to be.
    IF p_newest IS NULL OR p_newest > clock_timestamp() - interval '6 days' THEN
        RETURN false;
    END IF;
    EXECUTE format('TRUNCATE %s', format('%s_%s', p_ring, p_slot)::regclass);
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        -- Writers wait behind us meanwhile, so we give way and come again.
        RETURN false;
END;
$$;
COMMENT ON FUNCTION _pggit.empty_slot(regclass, integer, timestamptz) IS $$
Empties a partition of a ring if all that it holds is older than six days; false if not, or if it is in use.
p_newest: when the last row was written into it; NULL if it is empty.
$$;

CREATE OR REPLACE FUNCTION _pggit.expire_events()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_slot  smallint;
    v_event _pggit.events;
    v_count integer := 0;
BEGIN
    -- Today's slot is being written, and an empty one costs a look into its index.
    FOR v_slot IN
        SELECT _pggit.ring_slot(clock_timestamp() + d.days * interval '1 day') FROM generate_series(1, 7) AS d(days)
    LOOP
        SELECT e.* INTO v_event
        FROM _pggit.events AS e
        WHERE e.slot = v_slot
        ORDER BY e.xid DESC, e.event_id DESC
        LIMIT 1;
        CONTINUE WHEN NOT _pggit.empty_slot('_pggit.events', v_slot, v_event.created_at);
        v_count := v_count + 1;
        INSERT INTO _pggit.event_horizon AS h (xid)
        VALUES (v_event.xid)
        ON CONFLICT (is_single) DO UPDATE SET xid = greatest(h.xid, EXCLUDED.xid);
    END LOOP;
    RETURN v_count;
END;
$$;
COMMENT ON FUNCTION _pggit.expire_events() IS $$
Throws away events of days that are older than six days.
Returns: how many days went.
$$;

CREATE OR REPLACE FUNCTION pggit.tick(p_seen text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_made bigint;
    v_read text;
    v_now  text;
BEGIN
    SELECT s.last_value INTO v_made FROM _pggit.events_event_id_seq AS s;
    SELECT _pggit.make_cursor(e.xid, e.event_id) INTO v_read
    FROM _pggit.events AS e
    WHERE e.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY e.xid DESC, e.event_id DESC
    LIMIT 1;
    v_now := concat_ws('/', v_made, v_read);
    IF v_now IS DISTINCT FROM p_seen THEN
        PERFORM pg_notify('pggit_events', v_made::text);
    END IF;
    RETURN v_now;
END;
$$;
COMMENT ON FUNCTION pggit.tick(text) IS $$
For a worker, every few milliseconds: wakes those who listen on pggit_events if events were made, or became readable, since the
tick before. So no transaction that makes events carries a NOTIFY, which would queue it behind every other one.
p_seen: what the tick before returned.
$$;

CREATE OR REPLACE FUNCTION pggit.lead_ticker()
RETURNS boolean
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN pg_try_advisory_lock(8244711560462190);
COMMENT ON FUNCTION pggit.lead_ticker() IS 'For a worker: whether this session is the one that ticks. It stays so until it ends.';
