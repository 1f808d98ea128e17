-- Feeds: the stream as those follow it who must hear of everything at once, once, and go on where they stopped.

-- == relations ==

CREATE TYPE pggit.feed_event AS (
    position   text,
    event_id   bigint,
    type       text,
    subject    text,
    data       jsonb,
    created_at timestamptz
);

-- == routines ==
COMMENT ON TYPE pggit.feed_event IS 'An event as a feed gives it; position is what its reader passes to go on after it.';

CREATE OR REPLACE FUNCTION _pggit.feed_epoch()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    -- Another cluster, database or timeline counts its transactions anew: positions in it say nothing about this one.
    SELECT to_hex(hashtextextended(
        format('%s %s %s', s.system_identifier, d.oid, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)), 0))
    FROM pg_control_system() AS s, pg_database AS d
    WHERE d.datname = current_database()
);
COMMENT ON FUNCTION _pggit.feed_epoch() IS 'What all positions of this database begin with, until it is restored or failed over.';

CREATE OR REPLACE FUNCTION pggit.feed_position()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.feed_epoch() || '~' || pg_current_snapshot()::text;
COMMENT ON FUNCTION pggit.feed_position() IS $$
The position of now: pggit.follow_events gives, after it, exactly what is not to be seen yet.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_passed(p_xid xid8, p_event_id bigint, p_position text[])
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN pg_visible_in_snapshot(p_xid, p_position[2]::pg_snapshot)
    OR (cardinality(p_position) = 4
        AND p_event_id <= p_position[4]::bigint
        AND pg_visible_in_snapshot(p_xid, p_position[3]::pg_snapshot));
COMMENT ON FUNCTION _pggit.is_passed(xid8, bigint, text[]) IS 'Whether who stands at a position, cut at "~", has had this event.';

CREATE OR REPLACE FUNCTION _pggit.parse_feed_position(p_position text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_parts   text[] := string_to_array(p_position, '~');
    v_horizon xid8;
BEGIN
    IF p_position !~
        '^[0-9a-f]{1,16}~[0-9]{1,19}:[0-9]{1,19}:[0-9,]*(~[0-9]{1,19}:[0-9]{1,19}:[0-9,]*~[0-9]{1,18})?$'
    THEN
        PERFORM _pggit.raise_error('VCV30', format('"%s" is no position of the feed', left(p_position, 100)), NULL,
            'Pass the position of an event as it was given, or none.');
    END IF;
    SELECT h.xid INTO v_horizon FROM _pggit.event_horizon AS h;
    -- A server that crashed without flushing its last commits counts some transactions twice: we stand ahead of it then.
    IF v_parts[1] <> _pggit.feed_epoch()
        OR pg_snapshot_xmin(v_parts[2]::pg_snapshot) < v_horizon
        OR pg_snapshot_xmax(v_parts[cardinality(v_parts) - cardinality(v_parts) / 4]::pg_snapshot)
            > pg_snapshot_xmax(pg_current_snapshot())
    THEN
        PERFORM _pggit.raise_error('VCS30', 'events after this position are not known any more',
            'They are kept for a week, and until the database is restored or failed over.',
            'Read the state anew, and go on from pggit.feed_position().');
    END IF;
    RETURN v_parts;
END;
$$;
COMMENT ON FUNCTION _pggit.parse_feed_position(text) IS $$
Cuts a position at "~"; refuses a text that is none, and a position from which events are missing.
$$;

CREATE OR REPLACE FUNCTION pggit.follow_events(
    p_after text DEFAULT NULL,
    p_types text[] DEFAULT NULL,
    p_limit integer DEFAULT 500,
    p_until text DEFAULT NULL
)
RETURNS SETOF pggit.feed_event
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
-- pggit.read_events waits for the oldest transaction of the cluster, so that positions are single numbers. This waits for
-- nobody: a position is a snapshot, and what comes after it is what is visible now and was not visible then. So a migration
-- that runs for an hour holds back no alert. Where a batch was cut, the position names both snapshots and the last event.
-- Within a batch event_id is the order: it is drawn when the event is written, so a cause has the smaller one.
DECLARE
    v_after text[];
    v_epoch text := _pggit.feed_epoch();
    v_until text[] := ARRAY[v_epoch, pg_current_snapshot()::text];
BEGIN
    v_after := _pggit.parse_feed_position(coalesce(p_after, v_epoch || '~1:1:'));
    IF p_until IS NOT NULL THEN
        v_until := (_pggit.parse_feed_position(p_until))[1:2];
    END IF;
    IF cardinality(v_after) = 4 THEN
        -- First what is left of the batch that was cut.
        RETURN QUERY
        SELECT b.* FROM _pggit.feed_batch(v_after, ARRAY[v_epoch, v_after[3]], v_until, p_types, p_limit) AS b;
        IF FOUND THEN
            RETURN;
        END IF;
        v_after := ARRAY[v_epoch, v_after[3]];
    END IF;
    RETURN QUERY
    SELECT b.* FROM _pggit.feed_batch(v_after, v_until, v_until, p_types, p_limit) AS b;
END;
$$;
COMMENT ON FUNCTION pggit.follow_events(text, text[], integer, text) IS $$
The events that are visible now and were not at p_after, each once, oldest first; call again until none comes.
p_after: the position of the last event that was read, or of pggit.feed_position(); NULL for all that are kept.
p_types: only these; "merge.*" and "*" are understood. NULL for all. It must not change while one follows.
p_limit: at most 1000.
p_until: only what somebody who stands at this position, one of pggit.feed_position(), has had.
Errors: VCV30 for a text that is no position, VCS30 for one from which events are missing.
$$;

CREATE OR REPLACE FUNCTION _pggit.feed_batch(
    p_after text[],
    p_now text[],
    p_until text[],
    p_types text[],
    p_limit integer
)
RETURNS SETOF pggit.feed_event
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH bounds AS (
        SELECT least(greatest(p_limit, 1), 1000) AS most
    ),
    found AS (
        SELECT e.event_id, e.type, e.subject, e.data, e.created_at
        FROM _pggit.events AS e
        WHERE e.xid >= pg_snapshot_xmin(p_after[2]::pg_snapshot)
            AND NOT _pggit.is_passed(e.xid, e.event_id, p_after)
            AND _pggit.is_passed(e.xid, e.event_id, p_now)
            AND _pggit.is_passed(e.xid, e.event_id, p_until)
            AND (p_types IS NULL OR _pggit.type_fits(e.type, p_types))
        ORDER BY e.event_id
        LIMIT (SELECT b.most + 1 FROM bounds AS b)
    ),
    numbered AS (
        SELECT f.*, row_number() OVER (ORDER BY f.event_id) AS number, count(*) OVER () AS numbers
        FROM found AS f
    )
    SELECT
        -- Who has had the whole batch stands at its snapshot; who has not, between two of them.
        array_to_string(
            CASE
                WHEN n.number = n.numbers THEN p_now
                ELSE p_after[1:2] || p_now[2] || n.event_id::text
            END, '~'),
        n.event_id, n.type, n.subject, n.data, n.created_at
    FROM numbered AS n, bounds AS b
    WHERE n.number <= b.most
    ORDER BY n.event_id;
END;
COMMENT ON FUNCTION _pggit.feed_batch(text[], text[], text[], text[], integer) IS $$
Events that somebody at p_now and p_until has had, and at p_after has not; the position of the last of them all is p_now.
$$;

CREATE OR REPLACE FUNCTION pggit.list_feed(
    p_after text DEFAULT NULL,
    p_types text[] DEFAULT NULL,
    p_limit integer DEFAULT 100
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH page AS (
        SELECT f.position, f.event_id, f.type, f.subject, f.data, f.created_at
        FROM pggit.follow_events(p_after, p_types, p_limit) AS f
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.event_id), '[]'),
        'position', coalesce(
            (SELECT l.position FROM page AS l ORDER BY l.event_id DESC LIMIT 1), p_after, pggit.feed_position()))
    FROM page AS p;
END;
COMMENT ON FUNCTION pggit.list_feed(text, text[], integer) IS $$
A page of pggit.follow_events, and the position after it.
Errors: VCV30 for a text that is no position, VCS30 for one from which events are missing.
$$;

CREATE OR REPLACE FUNCTION pggit.feed_status()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'active_webhooks', (SELECT count(*) FROM _pggit.webhooks AS w WHERE w.is_active),
        -- Every process asks each few seconds: beyond some number it is "very many".
        'pending_deliveries', (SELECT count(*) FROM (SELECT FROM _pggit.deliveries LIMIT 10000) AS d));
END;
COMMENT ON FUNCTION pggit.feed_status() IS 'What the feeds tell about the system: active webhooks, and waiting deliveries up to 10000.';
