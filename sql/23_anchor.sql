-- Anchors: what was read of a worktree last, so that the next reading deparses only what changed since.

-- == relations ==

-- The state that worktree_objects describes, and what must still hold for it to be a beginning.
-- not dumped: OIDs and transaction ids mean nothing in another database
CREATE TABLE _pggit.worktree_anchors (
    worktree_id  integer PRIMARY KEY REFERENCES _pggit.worktrees ON DELETE CASCADE,
    tree_hash    bytea NOT NULL,
    -- Every row version of an older transaction was seen when the state was read.
    horizon      xid8 NOT NULL,
    -- The roles and schemas whose names definitions may hold.
    role_ids     oid[] NOT NULL,
    schema_ids   oid[] NOT NULL,
    surroundings bytea NOT NULL
);

-- What a reading found to differ from an anchor's state. tree_hash is NULL where there is no anchor to begin from.
CREATE TYPE _pggit.rereading AS (
    tree_hash bytea,
    old       _pggit.identified[],  -- what was read again, as the anchor's state has it
    new       _pggit.identified[]   -- and as it is now
);

-- == routines ==
COMMENT ON TABLE _pggit.worktree_anchors IS 'The state from which a worktree is read again, and what it rests on.';
COMMENT ON TYPE _pggit.rereading IS 'What changed in a worktree since it was read last.';

CREATE OR REPLACE FUNCTION _pggit.role_digest(p_role_ids oid[], p_owner text)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT string_agg(format('%s %I %s', r.oid, r.rolname, p_owner IS NOT NULL AND _pggit.is_worktree_role(r.rolname, p_owner)), ','
        ORDER BY r.oid)
    FROM pg_roles AS r
    WHERE r.oid = ANY (p_role_ids));
COMMENT ON FUNCTION _pggit.role_digest(oid[], text) IS $$
The names of some roles, and which of them count as a worktree's own.
$$;

CREATE OR REPLACE FUNCTION _pggit.surroundings(
    p_logical name[],
    p_live name[],
    p_owner text,
    p_role_ids oid[],
    p_schema_ids oid[]
)
RETURNS bytea
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    -- Whatever shows in definitions and is no row version of a catalog that is watched.
    RETURN sha256(convert_to(concat_ws(E'\n',
        _pggit.oid_origin(), current_setting('server_version_num'), pggit.version(), p_owner,
        (SELECT string_agg(format('%s %I %s', s.nspoid, s.logical, s.path), ',' ORDER BY s.nspoid)
            FROM _pggit.read_scope(p_logical, p_live) AS s),
        (SELECT string_agg(format('%s %I', n.oid, n.nspname), ',' ORDER BY n.oid)
            FROM pg_namespace AS n WHERE n.oid = ANY (p_schema_ids)),
        _pggit.role_digest(p_role_ids, p_owner),
        (SELECT string_agg(format('%s %I', t.oid, t.spcname), ',' ORDER BY t.oid) FROM pg_tablespace AS t),
        (SELECT string_agg(format('%s %I', v.oid, v.srvname), ',' ORDER BY v.oid) FROM pg_foreign_server AS v),
        -- A row of these that went or came can change how any name prints.
        (SELECT count(*) FROM pg_operator), (SELECT count(*) FROM pg_opclass), (SELECT count(*) FROM pg_opfamily),
        (SELECT count(*) FROM pg_collation), (SELECT count(*) FROM pg_ts_config), (SELECT count(*) FROM pg_ts_dict),
        (SELECT count(*) FROM pg_language), (SELECT count(*) FROM pg_am), (SELECT count(*) FROM pg_seclabel),
        (SELECT count(*) FROM pg_depend AS d WHERE d.refclassid = 'pg_extension'::regclass)), 'UTF8'));
END;
$$;
COMMENT ON FUNCTION _pggit.surroundings(name[], name[], text, oid[], oid[]) IS $$
A digest of what a worktree's definitions rest on beside its own objects; where it differs, all is read again.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_unsettled(p_age integer)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN EXISTS (SELECT FROM pg_operator AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_opclass AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_opfamily AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_collation AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_ts_config AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_ts_dict AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_language AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_am AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_seclabel AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_extension AS r WHERE age(r.xmin) <= p_age)
    OR EXISTS (SELECT FROM pg_depend AS r WHERE r.refclassid = 'pg_extension'::regclass AND age(r.xmin) <= p_age);
COMMENT ON FUNCTION _pggit.is_unsettled(integer) IS $$
Whether a catalog changed that any definition may rest on without naming it among its dependencies.
p_age: of the oldest transaction that counts as new.
$$;

CREATE OR REPLACE FUNCTION _pggit.changed_addresses(p_age integer)
RETURNS SETOF _pggit.catalog_address
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    -- age() compares transaction ids in a circle as PostgreSQL does; what is older than half of it is kept from here by the caller.
    SELECT 'pg_class'::regclass::oid, c.oid FROM pg_class AS c WHERE age(c.xmin) <= p_age
    UNION
    SELECT 'pg_class'::regclass, a.attrelid FROM pg_attribute AS a WHERE age(a.xmin) <= p_age
    UNION
    SELECT 'pg_class'::regclass, d.adrelid FROM pg_attrdef AS d WHERE age(d.xmin) <= p_age
    UNION
    SELECT 'pg_class'::regclass, s.seqrelid FROM pg_sequence AS s WHERE age(s.xmin) <= p_age
    UNION
    SELECT 'pg_class'::regclass, f.ftrelid FROM pg_foreign_table AS f WHERE age(f.xmin) <= p_age
    UNION
    SELECT 'pg_class'::regclass, v.objid
    FROM pg_index AS i
    CROSS JOIN LATERAL (VALUES (i.indexrelid), (i.indrelid)) AS v(objid)
    WHERE age(i.xmin) <= p_age
    UNION
    SELECT 'pg_class'::regclass, v.objid
    FROM pg_inherits AS h
    CROSS JOIN LATERAL (VALUES (h.inhrelid), (h.inhparent)) AS v(objid)
    WHERE age(h.xmin) <= p_age
    UNION
    SELECT v.classid, v.objid
    FROM pg_constraint AS k
    CROSS JOIN LATERAL (VALUES
        ('pg_constraint'::regclass, k.oid),
        ('pg_class', k.conrelid),
        ('pg_constraint', k.conparentid),
        ('pg_class', CASE WHEN k.contype IN ('p', 'u', 'x') THEN k.conindid ELSE 0 END)
    ) AS v(classid, objid)
    WHERE age(k.xmin) <= p_age
      AND v.objid <> 0
    UNION
    SELECT v.classid, v.objid
    FROM pg_rewrite AS w
    CROSS JOIN LATERAL (VALUES ('pg_rewrite'::regclass, w.oid), ('pg_class', w.ev_class)) AS v(classid, objid)
    WHERE age(w.xmin) <= p_age
    UNION
    SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger AS t WHERE age(t.xmin) <= p_age AND NOT t.tgisinternal
    UNION
    SELECT 'pg_policy'::regclass, p.oid FROM pg_policy AS p WHERE age(p.xmin) <= p_age
    UNION
    SELECT 'pg_proc'::regclass, p.oid FROM pg_proc AS p WHERE age(p.xmin) <= p_age
    UNION
    SELECT 'pg_proc'::regclass, g.aggfnoid FROM pg_aggregate AS g WHERE age(g.xmin) <= p_age
    UNION
    SELECT 'pg_type'::regclass, t.oid FROM pg_type AS t WHERE age(t.xmin) <= p_age
    UNION
    SELECT 'pg_type'::regclass, e.enumtypid FROM pg_enum AS e WHERE age(e.xmin) <= p_age
    UNION
    SELECT 'pg_type'::regclass, r.rngtypid FROM pg_range AS r WHERE age(r.xmin) <= p_age
    UNION
    SELECT d.classoid, d.objoid FROM pg_description AS d WHERE age(d.xmin) <= p_age
    UNION
    SELECT 'pg_constraint'::regclass, k.oid
    FROM pg_description AS d
    JOIN pg_constraint AS k ON k.conindid = d.objoid AND k.contype IN ('p', 'u', 'x')
    WHERE d.classoid = 'pg_class'::regclass AND age(d.xmin) <= p_age
    UNION
    SELECT 'pg_class'::regclass, k.conrelid
    FROM pg_description AS d
    JOIN pg_constraint AS k ON k.oid = d.objoid AND k.contype = 'n' AND k.conrelid <> 0
    WHERE d.classoid = 'pg_constraint'::regclass AND age(d.xmin) <= p_age;
END;
COMMENT ON FUNCTION _pggit.changed_addresses(integer) IS $$
The objects of which a row version is new. Every catalog that a reader looks at must stand here, in _pggit.is_unsettled or in
_pggit.surroundings, or the reader be among those that _pggit.reread_rows always calls.
p_age: of the oldest transaction that counts as new.
$$;

CREATE OR REPLACE FUNCTION _pggit.lost_beside(p_worktree_id integer)
RETURNS SETOF _pggit.catalog_address
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
-- few objects have rows beside them: each looks for its own along the indexes
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    CROSS JOIN LATERAL (
        SELECT count(*) AS own
        FROM pg_description AS e
        WHERE e.objoid = k.objid AND e.classoid = k.classid AND e.objsubid = k.objsubid
    ) AS d
    WHERE k.worktree_id = p_worktree_id
      AND k.beside > 0
      -- a plain comment is the common case: only beyond that is more looked for
      AND CASE WHEN k.beside > d.own THEN k.beside > d.own + CASE
          WHEN k.classid = 'pg_class'::regclass AND k.objsubid = 0 THEN (
              SELECT count(*) FROM pg_inherits AS i WHERE i.inhrelid = k.objid)
          WHEN k.classid = 'pg_class'::regclass THEN (
              SELECT count(*) FROM pg_constraint AS c
              JOIN pg_description AS e ON e.objoid = c.oid AND e.classoid = 'pg_constraint'::regclass AND e.objsubid = 0
              WHERE c.conrelid = k.objid AND c.contype = 'n' AND c.conkey[1] = k.objsubid)
          WHEN k.classid = 'pg_constraint'::regclass THEN (
              SELECT count(*) FROM pg_constraint AS c
              JOIN pg_description AS e ON e.objoid = c.conindid AND e.classoid = 'pg_class'::regclass AND e.objsubid = 0
              WHERE c.oid = k.objid AND c.contype IN ('p', 'u', 'x'))
          ELSE 0
      END ELSE false END;
END;
$$;
COMMENT ON FUNCTION _pggit.lost_beside(integer) IS $$
The known objects that lost a row beside them: a comment, or a table from which they inherit.
$$;

CREATE OR REPLACE FUNCTION _pggit.gone_addresses(p_worktree_id integer)
RETURNS SETOF _pggit.catalog_address
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
-- Each catalog once: where there are no statistics, every known object would be looked up by itself.
SET enable_nestloop = off
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
      AND k.classid = 'pg_class'::regclass
      AND k.objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = k.objid)
    UNION ALL
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
      AND k.classid = 'pg_constraint'::regclass
      AND k.objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.oid = k.objid)
    UNION ALL
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
      AND k.classid = 'pg_trigger'::regclass
      AND k.objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.oid = k.objid)
    UNION ALL
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
      AND k.classid = 'pg_policy'::regclass
      AND k.objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.oid = k.objid)
    UNION ALL
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
      AND k.classid = 'pg_rewrite'::regclass
      AND k.objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_rewrite AS w WHERE w.oid = k.objid)
    UNION ALL
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
      AND k.classid = 'pg_proc'::regclass
      AND k.objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.oid = k.objid)
    UNION ALL
    SELECT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
      AND k.classid = 'pg_type'::regclass
      AND k.objsubid = 0
      AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.oid = k.objid)
    UNION ALL
    SELECT l.classid, l.objid FROM _pggit.lost_beside(p_worktree_id) AS l;
END;
$$;
COMMENT ON FUNCTION _pggit.gone_addresses(integer) IS $$
The known objects that do not exist any more, or lost a row beside them: a comment, or a table from which they inherit.
$$;

CREATE OR REPLACE FUNCTION _pggit.without_other_worktrees(p_worktree_id integer, p_touched _pggit.catalog_address[])
RETURNS _pggit.catalog_address[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
BEGIN
    RETURN ARRAY(
        WITH spaces AS MATERIALIZED (
            SELECT n.oid
            FROM _pggit.worktree_schemas AS s
            JOIN pg_namespace AS n ON n.nspname = s.live_name
            WHERE s.worktree_id <> p_worktree_id
        ), tables AS MATERIALIZED (
            SELECT c.oid, c.reltoastrelid FROM pg_class AS c WHERE c.relnamespace IN (SELECT s.oid FROM spaces AS s)
        ), elsewhere AS MATERIALIZED (
            SELECT 'pg_class'::regclass::oid AS classid, t.oid AS objid FROM tables AS t
            UNION ALL
            SELECT 'pg_class'::regclass, t.reltoastrelid FROM tables AS t WHERE t.reltoastrelid <> 0
            UNION ALL
            SELECT 'pg_class'::regclass, i.indexrelid
            FROM pg_index AS i
            JOIN tables AS t ON t.reltoastrelid = i.indrelid
            UNION ALL
            SELECT 'pg_type'::regclass, y.oid FROM pg_type AS y WHERE y.typnamespace IN (SELECT s.oid FROM spaces AS s)
            UNION ALL
            SELECT 'pg_proc'::regclass, f.oid FROM pg_proc AS f WHERE f.pronamespace IN (SELECT s.oid FROM spaces AS s)
            UNION ALL
            SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint AS k WHERE k.connamespace IN (SELECT s.oid FROM spaces AS s)
            UNION ALL
            SELECT 'pg_attrdef'::regclass, d.oid FROM pg_attrdef AS d JOIN tables AS t ON t.oid = d.adrelid
            UNION ALL
            SELECT 'pg_rewrite'::regclass, w.oid FROM pg_rewrite AS w JOIN tables AS t ON t.oid = w.ev_class
            UNION ALL
            SELECT 'pg_trigger'::regclass, g.oid FROM pg_trigger AS g JOIN tables AS t ON t.oid = g.tgrelid
            UNION ALL
            SELECT 'pg_policy'::regclass, p.oid FROM pg_policy AS p JOIN tables AS t ON t.oid = p.polrelid
        ), needed AS (
            -- What something beyond those schemas rests on counts, wherever it is.
            SELECT d.refclassid AS classid, d.refobjid AS objid
            FROM pg_depend AS d
            JOIN elsewhere AS e ON e.classid = d.refclassid AND e.objid = d.refobjid
            LEFT JOIN elsewhere AS u ON u.classid = d.classid AND u.objid = d.objid
            WHERE u.objid IS NULL
        )
        SELECT a
        FROM unnest(p_touched) AS a
        LEFT JOIN elsewhere AS e ON e.classid = a.classid AND e.objid = a.objid
        WHERE e.objid IS NULL
        UNION
        SELECT a
        FROM unnest(p_touched) AS a
        JOIN needed AS n ON n.classid = a.classid AND n.objid = a.objid
        UNION
        -- what went from here to there
        SELECT a
        FROM unnest(p_touched) AS a
        JOIN _pggit.worktree_objects AS o ON o.worktree_id = p_worktree_id AND o.classid = a.classid AND o.objid = a.objid);
END;
$$;
COMMENT ON FUNCTION _pggit.without_other_worktrees(integer, _pggit.catalog_address[]) IS $$
Changed objects without those of other worktrees on which nothing beyond these rests: building a large one is no change of this one.
$$;

CREATE OR REPLACE FUNCTION _pggit.beside(p_object _pggit.object)
RETURNS smallint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ((CASE WHEN (p_object).attrs ? 'comment' THEN 1 ELSE 0 END)
    + (CASE WHEN (p_object).attrs ? 'index_comment' THEN 1 ELSE 0 END)
    + (CASE WHEN (p_object).attrs ? 'not_null_comment' THEN 1 ELSE 0 END)
    + (CASE WHEN (p_object).kind <> 'table' THEN 0
        WHEN (p_object).attrs ? 'partition_of' THEN 1
        WHEN (p_object).attrs ? 'inherits' THEN jsonb_array_length((p_object).attrs->'inherits')
        ELSE 0 END))::smallint;
COMMENT ON FUNCTION _pggit.beside(_pggit.object) IS $$
How many rows of pg_description and pg_inherits an object has that can go without a trace in its own row.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_anchor(p_worktree_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    DELETE FROM _pggit.worktree_anchors AS a WHERE a.worktree_id = p_worktree_id;
END;
COMMENT ON FUNCTION _pggit.drop_anchor(integer) IS 'Makes the next reading of a worktree a whole one.';

CREATE OR REPLACE FUNCTION _pggit.begin_reading(p_logical name[], p_live name[], p_owner text)
RETURNS _pggit.worktree_anchors
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_anchor _pggit.worktree_anchors;
BEGIN
    v_anchor.horizon := pg_snapshot_xmin(pg_current_snapshot());
    v_anchor.role_ids := ARRAY(
        -- what initdb made is pinned and not recorded among shared dependencies
        SELECT r.oid FROM pg_roles AS r WHERE r.oid < 16384
        UNION
        SELECT s.refobjid
        FROM pg_shdepend AS s
        JOIN pg_database AS d ON d.oid = s.dbid
        WHERE d.datname = current_database()
          AND s.refclassid = 'pg_authid'::regclass
        ORDER BY 1);
    v_anchor.schema_ids := ARRAY(SELECT n.oid FROM pg_namespace AS n WHERE n.nspname !~ '^pg_(toast_)?temp_' ORDER BY n.oid);
    v_anchor.surroundings := _pggit.surroundings(p_logical, p_live, p_owner, v_anchor.role_ids, v_anchor.schema_ids);
    RETURN v_anchor;
END;
$$;
COMMENT ON FUNCTION _pggit.begin_reading(name[], name[], text) IS $$
What an anchor must remember of the moment before schemas are read: whatever commits meanwhile is later than it.
p_owner: the owner of the worktree, NULL for main.
$$;

CREATE OR REPLACE FUNCTION _pggit.begin_reading(p_worktree_id integer)
RETURNS _pggit.worktree_anchors
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.begin_reading(_pggit.tracked_schemas(), _pggit.live_schemas(p_worktree_id), (
    SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id));
COMMENT ON FUNCTION _pggit.begin_reading(integer) IS 'The same for a worktree.';

CREATE OR REPLACE FUNCTION _pggit.set_anchor(p_worktree_id integer, p_tree bytea, p_reading _pggit.worktree_anchors)
RETURNS void
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO _pggit.worktree_anchors AS a (worktree_id, tree_hash, horizon, role_ids, schema_ids, surroundings)
    VALUES (p_worktree_id, p_tree, (p_reading).horizon, (p_reading).role_ids, (p_reading).schema_ids, (p_reading).surroundings)
    ON CONFLICT (worktree_id) DO UPDATE
    SET tree_hash = excluded.tree_hash,
        horizon = excluded.horizon,
        role_ids = excluded.role_ids,
        schema_ids = excluded.schema_ids,
        surroundings = excluded.surroundings;
END;
COMMENT ON FUNCTION _pggit.set_anchor(integer, bytea, _pggit.worktree_anchors) IS $$
Remembers that worktree_objects holds the state of a tree.
p_reading: of _pggit.begin_reading, called before the state was read.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_anchor(p_worktree_id integer)
RETURNS SETOF _pggit.worktree_anchors
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_anchor _pggit.worktree_anchors;
    v_owner  text;
BEGIN
    SELECT a.* INTO v_anchor FROM _pggit.worktree_anchors AS a WHERE a.worktree_id = p_worktree_id;
    IF v_anchor.tree_hash IS NULL THEN
        RETURN;
    END IF;
    SELECT w.owner_name INTO v_owner FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
    -- Transaction ids are compared in a circle of 2^32: an anchor from far back would take new rows for old.
    IF pg_snapshot_xmax(pg_current_snapshot())::text::numeric - v_anchor.horizon::text::numeric < 1000000000
        AND v_anchor.surroundings = _pggit.surroundings(
            _pggit.tracked_schemas(), _pggit.live_schemas(p_worktree_id), v_owner, v_anchor.role_ids, v_anchor.schema_ids)
        AND NOT _pggit.is_unsettled(age(v_anchor.horizon::xid))
    THEN
        RETURN NEXT v_anchor;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.find_anchor(integer) IS 'The anchor of a worktree, if it still holds.';
