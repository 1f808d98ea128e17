-- The proof of a merge: its plan runs on a scratch copy without rows, and the catalog read back must equal the merged tree.

-- == relations ==

-- What became of a trial in scratch schemas; error_step is the number of the step that failed, 0 before the plan began.
CREATE TYPE _pggit.trial AS (
    objects       _pggit.object[],
    error_state   text,
    error_message text,
    error_step    integer
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.affected_ids(p_ours _pggit.object[], p_merged _pggit.object[])
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_ids uuid[];
BEGIN
    WITH RECURSIVE
    edge AS MATERIALIZED (
        SELECT DISTINCT e.object_id, e.needed_id
        FROM (
            SELECT o.object_id, unnest(o.deps || o.parent_id) AS needed_id FROM unnest(p_ours) AS o
            UNION ALL
            SELECT m.object_id, unnest(m.deps || m.parent_id) FROM unnest(p_merged) AS m
            UNION ALL
            -- a sequence's owner is no dependency of its own: it would close a circle with the default
            SELECT w.sequence_id, o.column_id
            FROM _pggit.owned_sequences(_pggit.plan_items(p_ours, p_merged)) AS w
            CROSS JOIN LATERAL (VALUES (w.old_column_id), (w.new_column_id)) AS o(column_id)
        ) AS e
        WHERE e.needed_id IS NOT NULL
    ), change AS (
        SELECT c.object_id, c.kind,
            c.action <> 'modified' OR EXISTS (SELECT FROM unnest(c.attributes) AS a
                WHERE a NOT IN ('comment', 'owner') AND a NOT LIKE 'acl:%') AS is_spreading
        FROM _pggit.diff_objects(p_ours, p_merged) AS c
    ), dependent AS (
        SELECT c.object_id FROM change AS c WHERE c.is_spreading AND c.kind <> 'schema'
        UNION
        SELECT e.object_id FROM dependent AS d JOIN edge AS e ON e.needed_id = d.object_id
    ), part AS MATERIALIZED (
        -- a table is built with its columns, and with the index by which it is clustered or replicated
        SELECT p.parent_id, p.object_id
        FROM (SELECT o.* FROM unnest(p_ours) AS o UNION ALL SELECT m.* FROM unnest(p_merged) AS m) AS p
        WHERE p.kind = 'column' OR p.kind IN ('index', 'constraint') AND p.attrs ?| '{clustered,replica_identity}'
    ), sibling AS MATERIALIZED (
        -- the bounds of partitions stand against each other
        SELECT b.object_id AS parent_id, s.object_id
        FROM change AS c
        JOIN unnest(p_merged) AS b ON b.object_id = c.object_id AND b.attrs ? 'bound'
        JOIN unnest(p_merged) AS s ON s.attrs ->> 'partition_of' = b.attrs ->> 'partition_of'
            AND s.deps && b.deps AND s.object_id <> b.object_id
    ), heirloom AS MATERIALIZED (
        -- what a partition has of its own may be taken in by what its parent gets
        SELECT DISTINCT p.object_id
        FROM change AS c
        JOIN unnest(p_merged) AS i ON i.object_id = c.object_id AND i.kind IN ('index', 'constraint', 'column')
        JOIN unnest(p_merged) AS h ON h.kind = 'table' AND h.attrs ?| '{partition_of,inherits}' AND h.deps @> ARRAY[i.parent_id]
        JOIN unnest(p_merged) AS p ON p.parent_id = h.object_id AND p.kind IN ('index', 'constraint', 'column')
    ), supply AS MATERIALIZED (
        SELECT e.object_id, e.needed_id FROM edge AS e
        UNION ALL
        SELECT p.parent_id, p.object_id FROM part AS p
        UNION ALL
        SELECT s.parent_id, s.object_id FROM sibling AS s
        UNION ALL
        -- an index of a partition comes with its parent's
        SELECT x.object_id, i.object_id
        FROM unnest(p_merged) AS x
        JOIN unnest(p_merged) AS h ON h.object_id = x.parent_id
        JOIN unnest(p_merged) AS i ON i.parent_id = ANY (h.deps) AND i.name = x.name AND i.kind IN ('index', 'constraint')
        WHERE x.kind = 'partition_index'
    ), needed AS (
        SELECT d.object_id FROM dependent AS d
        UNION
        SELECT c.object_id FROM change AS c
        UNION
        SELECT h.object_id FROM heirloom AS h
        UNION
        SELECT s.needed_id FROM needed AS n JOIN supply AS s ON s.object_id = n.object_id
    )
    SELECT array_agg(n.object_id) INTO v_ids FROM needed AS n;
    RETURN coalesce(v_ids, '{}');
END;
$$;
COMMENT ON FUNCTION _pggit.affected_ids(_pggit.object[], _pggit.object[]) IS $$
The objects that a change touches: the changed ones, what depends on them, and what all these need.
$$;

CREATE OR REPLACE FUNCTION _pggit.bare_objects(p_objects _pggit.object[], p_ids uuid[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
        CASE WHEN o.kind = 'schema' THEN '{}'::jsonb ELSE (o.attrs - 'owner') - ARRAY(
            SELECT k FROM jsonb_object_keys(o.attrs) AS k WHERE k LIKE 'acl:%') END,
        o.deps)::_pggit.object
    FROM unnest(p_objects) AS o
    JOIN unnest(p_ids) AS i(object_id) ON i.object_id = o.object_id
    WHERE o.kind NOT IN ('extension', 'default_privilege')
);
COMMENT ON FUNCTION _pggit.bare_objects(_pggit.object[], uuid[]) IS $$
Some of the objects as a scratch copy holds them: without owners and grants, which the live run proves.
$$;

CREATE OR REPLACE FUNCTION _pggit.addresses_in(p_schemas name[])
RETURNS SETOF _pggit.catalog_address
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
-- from the schemas on along the indexes, however much there is in others
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    WITH placed AS MATERIALIZED (
        SELECT d.classid, d.objid
        FROM pg_namespace AS n
        JOIN pg_depend AS d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
        WHERE n.nspname = ANY (p_schemas)
    ), relation AS MATERIALIZED (
        SELECT p.objid FROM placed AS p WHERE p.classid = 'pg_class'::regclass
    )
    SELECT p.classid, p.objid FROM placed AS p
    UNION ALL
    SELECT 'pg_class'::regclass, i.indexrelid FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.objid
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid FROM relation AS r JOIN pg_constraint AS k ON k.conrelid = r.objid WHERE k.contype <> 'n'
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid
    FROM placed AS p
    JOIN pg_constraint AS k ON k.contypid = p.objid AND k.contype = 'c'
    WHERE p.classid = 'pg_type'::regclass
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.objid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'pg_policy'::regclass, p.oid FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.objid
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.objid WHERE w.rulename <> '_RETURN';
END;
$$;
COMMENT ON FUNCTION _pggit.addresses_in(name[]) IS $$
What lies in some schemas, found without a look at others; none of these may be pinned.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_definitions(p_logical name[], p_live name[], p_expected _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    -- Beyond so many objects it is cheaper to scan the catalogs.
    c_limit CONSTANT integer := 3000;
    v_rows _pggit.catalog_row[] := ARRAY(SELECT r FROM _pggit.read_rows(p_logical, p_live, CASE
        WHEN cardinality(p_expected) <= c_limit THEN ARRAY(SELECT a FROM _pggit.addresses_in(p_live) AS a) END) AS r);
    v_ids  _pggit.known_identity[] := ARRAY[]::_pggit.known_identity[];
BEGIN
    FOR v_level IN 1 .. 3 LOOP
        v_ids := _pggit.assign_level(v_rows, v_ids, ARRAY[]::_pggit.known_identity[], p_expected, v_level);
    END LOOP;
    RETURN ARRAY(
        SELECT ROW(i.object_id, r.kind, p.object_id, r.schema_name, r.table_name, r.name, r.signature, r.attrs, '{}'
            )::_pggit.object
        FROM unnest(v_rows) AS r
        JOIN unnest(v_ids) AS i ON i.classid = r.classid AND i.objid = r.objid AND i.objsubid = r.objsubid
        LEFT JOIN unnest(v_ids) AS p ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0);
END;
$$;
COMMENT ON FUNCTION _pggit.read_definitions(name[], name[], _pggit.object[]) IS $$
The objects of live schemas as _pggit.read_objects gives them, but without their dependencies: these are no part of what is compared.
p_expected: the tree to pair with by path.
$$;

CREATE OR REPLACE FUNCTION _pggit.keep_relocated(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_live_from _pggit.object[],
    p_live_to _pggit.object[]
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH respelled AS MATERIALIZED (
        SELECT t.object_id, lf.attrs
        FROM unnest(p_to) AS t
        JOIN unnest(p_from) AS f ON f.object_id = t.object_id AND f.attrs = t.attrs
        JOIN unnest(p_live_to) AS lt ON lt.object_id = t.object_id
        JOIN unnest(p_live_from) AS lf ON lf.object_id = t.object_id
        WHERE lf.attrs <> lt.attrs
    )
    SELECT array_agg(CASE WHEN r.object_id IS NULL THEN t ELSE ROW(
        t.object_id, t.kind, t.parent_id, t.schema_name, t.table_name, t.name, t.signature, r.attrs, t.deps)::_pggit.object END)
    FROM unnest(p_live_to) AS t
    LEFT JOIN respelled AS r ON r.object_id = t.object_id
);
COMMENT ON FUNCTION _pggit.keep_relocated(_pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[]) IS $$
A state as it is to be built in other schemas. A definition that stays keeps the text that it is built with first, although what it names
would be spelled otherwise once it, or what it names, has moved.
p_live_from, p_live_to: both states, relocated.
$$;

CREATE OR REPLACE FUNCTION _pggit.try_plan(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_columns _pggit.merge_name[] DEFAULT '{}'
)
RETURNS _pggit.trial
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
SET client_min_messages = warning
AS $$
DECLARE
    v_logical name[] := _pggit.tracked_schemas();
    -- Branch names hold no tilde and a backend runs one transaction: the name is free.
    v_live name[] := ARRAY(SELECT format('%s@~%s.%s', left(s.name, 20), pg_backend_pid(), s.place)::name
        FROM unnest(v_logical) WITH ORDINALITY AS s(name, place) ORDER BY s.place);
    v_extra jsonb := coalesce((SELECT jsonb_object_agg(s.live, jsonb_build_array(s.logical))
        FROM unnest(v_logical, v_live) AS s(logical, live)
        WHERE _pggit.holds_extension_objects(s.logical)), '{}');
    v_from _pggit.object[] := _pggit.relocate(p_from, v_logical, v_live);
    v_to _pggit.object[] := _pggit.keep_relocated(p_from, p_to, v_from, _pggit.relocate(p_to, v_logical, v_live));
    v_trial _pggit.trial;
    v_schema name;
    v_detail text;
    v_phase integer := 0;
BEGIN
    BEGIN
        FOREACH v_schema IN ARRAY v_live LOOP
            EXECUTE format('CREATE SCHEMA %I', v_schema);
        END LOOP;
        PERFORM _pggit.execute_steps(ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan_transaction(
            ARRAY(SELECT o FROM unnest(v_from) AS o WHERE o.kind = 'schema'), v_from, v_extra) AS s ORDER BY s.step_no));
        v_phase := 1;
        PERFORM _pggit.execute_steps(ARRAY(SELECT ROW(s.*)::_pggit.step
            FROM _pggit.plan_transaction(v_from, v_to, v_extra) AS s ORDER BY s.step_no), p_is_trial => true);
        PERFORM _pggit.rename_view_columns(v_to, p_columns);
        v_trial.objects := _pggit.bare_objects(r.objects, ARRAY(
                SELECT o.object_id FROM unnest(r.objects) AS o
                -- a tracked schema of which neither state has anything is there all the same
                WHERE o.kind <> 'schema' OR o.object_id IN (SELECT s.object_id FROM unnest(p_from || p_to) AS s)))
            FROM (SELECT _pggit.read_definitions(v_logical, v_live, p_to) AS objects) AS r;
        -- always undone: this is a trial
        RAISE EXCEPTION USING ERRCODE = 'transaction_rollback', MESSAGE = 'end of trial';
    EXCEPTION
        WHEN transaction_rollback OR lock_not_available OR insufficient_resources THEN
            IF SQLSTATE <> '40000' THEN
                RAISE;
            END IF;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                v_trial.error_state = RETURNED_SQLSTATE,
                v_trial.error_message = MESSAGE_TEXT,
                v_detail = PG_EXCEPTION_DETAIL;
            v_trial.error_step := CASE WHEN v_phase = 1
                THEN coalesce(substring(v_detail FROM 'In step ([0-9]+),')::integer, 0) ELSE 0 END;
            v_trial.error_message := concat_ws(': ', v_trial.error_message, nullif(split_part(v_detail, 'In step ', 1), ''));
            v_trial.objects := NULL;
    END;
    RETURN v_trial;
END;
$$;
COMMENT ON FUNCTION _pggit.try_plan(_pggit.object[], _pggit.object[], _pggit.merge_name[]) IS $$
Builds one state in scratch schemas, leads it to another by its plan, and reads the result back; all of it is rolled back.
p_columns: columns of views to rename at the end, each with the identity of its view.
Errors: 55P03 and class 53 are raised, every other failure is in the result.
$$;

CREATE OR REPLACE FUNCTION _pggit.heir_ids(p_objects _pggit.object[])
RETURNS uuid[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT t.object_id FROM unnest(p_objects) AS t WHERE t.kind = 'table' AND t.attrs ?| '{partition_of,inherits}'
);
COMMENT ON FUNCTION _pggit.heir_ids(_pggit.object[]) IS $$
The partitions and the tables that inherit.
$$;

CREATE OR REPLACE FUNCTION _pggit.adopt_text(p_merged _pggit.object[], p_built _pggit.object[], p_read _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH change AS MATERIALIZED (
        SELECT c.* FROM _pggit.diff_objects(p_built, p_read) AS c
    )
    SELECT array_agg(CASE WHEN c.object_id IS NULL THEN m ELSE ROW(
        m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature,
        (c.new).attrs || coalesce((
            SELECT jsonb_object_agg(a.key, a.value) FROM jsonb_each(m.attrs) AS a
            WHERE a.key IN ('owner', 'position') OR a.key LIKE 'acl:%'), '{}'),
        m.deps)::_pggit.object END)
        || coalesce((SELECT array_agg(n.new) FROM change AS n
            WHERE n.action = 'added' AND (n.new).parent_id = ANY (_pggit.heir_ids(p_read))), '{}')
    FROM unnest(p_merged) AS m
    LEFT JOIN change AS c ON c.object_id = m.object_id AND c.action = 'modified'
    -- A parent's new index, key or NOT NULL takes in the one that an heir had of its own.
    WHERE NOT EXISTS (SELECT FROM change AS d WHERE d.object_id = m.object_id AND d.action = 'dropped')
);
COMMENT ON FUNCTION _pggit.adopt_text(_pggit.object[], _pggit.object[], _pggit.object[]) IS $$
The merged objects with the definitions as PostgreSQL printed them when it had built them, and without what parents took from heirs.
p_built: those of them that were built.
$$;

CREATE OR REPLACE FUNCTION _pggit.refusal(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_merged _pggit.object[],
    p_object_id uuid,
    p_type text,
    p_message text,
    p_other_id uuid DEFAULT NULL
)
RETURNS _pggit.merge_conflict
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_pair _pggit.merge_pair;
    v_object _pggit.object;
BEGIN
    v_pair.object_id := p_object_id;
    v_pair.base := (SELECT o FROM unnest(p_base) AS o WHERE o.object_id = p_object_id);
    v_pair.ours := (SELECT o FROM unnest(p_ours) AS o WHERE o.object_id = p_object_id);
    v_pair.theirs := (SELECT o FROM unnest(p_theirs) AS o WHERE o.object_id = p_object_id);
    v_object := (SELECT o FROM unnest(p_merged || p_ours) AS o WHERE o.object_id = p_object_id LIMIT 1);
    RETURN _pggit.new_conflict(p_type, v_pair, NULL,
        coalesce(_pggit.object_label(v_object) || ': ', '') || p_message, p_other_id);
END;
$$;
COMMENT ON FUNCTION _pggit.refusal(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[], uuid, text, text, uuid) IS $$
A conflict over an object that PostgreSQL or the rows refuse.
$$;

CREATE OR REPLACE FUNCTION _pggit.refused_step(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_merged _pggit.object[],
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_trial _pggit.trial
)
RETURNS _pggit.merge_conflict
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_none _pggit.object[] := ARRAY(SELECT o FROM unnest(p_to) AS o WHERE o.kind = 'schema');
    v_fresh _pggit.trial;
    v_object_id uuid;
    v_needing _pggit.object;
    v_other_id uuid;
BEGIN
    SELECT s.object_id INTO v_object_id
    FROM _pggit.plan_transaction(p_from, p_to) AS s
    WHERE s.step_no = p_trial.error_step;
    -- the target's partition that the source's overlaps
    SELECT m.object_id INTO v_other_id
    FROM unnest(p_to) AS m
    WHERE m.name = substring(p_trial.error_message FROM '(?:would overlap|conflicts with existing default) partition "(.*)"')
        AND m.kind = 'table' AND m.object_id <> v_object_id
    LIMIT 1;
    IF v_other_id IS NULL THEN
        -- Built from nothing, what fails is what needs something, whichever side the plan starts from.
        v_fresh := _pggit.try_plan(v_none, p_to);
        SELECT o.* INTO v_needing
        FROM _pggit.plan_transaction(v_none, p_to) AS s
        JOIN unnest(p_to) AS o ON o.object_id = s.object_id
        WHERE s.step_no = v_fresh.error_step AND v_fresh.error_state IS NOT NULL;
        IF _pggit.is_changed(v_needing.object_id, p_base, p_ours, p_theirs)
            OR EXISTS (SELECT FROM unnest(v_needing.deps) AS d WHERE _pggit.is_changed(d, p_base, p_ours, p_theirs))
        THEN
            v_object_id := v_needing.object_id;
            p_trial.error_message := v_fresh.error_message;
        END IF;
    END IF;
    RETURN _pggit.refusal(p_base, p_ours, p_theirs, p_merged, v_object_id, 'dependency_broken', p_trial.error_message, v_other_id);
END;
$$;
COMMENT ON FUNCTION _pggit.refused_step(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[], _pggit.trial) IS $$
The conflict over a plan that PostgreSQL refused on the scratch copy: over the object that needs what the merged tree does not have.
p_from, p_to: what the plan leads from and to.
Errors: 55P03 and class 53.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_changed(
    p_object_id uuid,
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[]
)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN p_object_id IS NOT NULL AND (
    SELECT NOT _pggit.is_same_object(v.base, v.ours) OR NOT _pggit.is_same_object(v.base, v.theirs)
    FROM (
        SELECT
            (SELECT b FROM unnest(p_base) AS b WHERE b.object_id = p_object_id) AS base,
            (SELECT o FROM unnest(p_ours) AS o WHERE o.object_id = p_object_id) AS ours,
            (SELECT t FROM unnest(p_theirs) AS t WHERE t.object_id = p_object_id) AS theirs
    ) AS v
);
COMMENT ON FUNCTION _pggit.is_changed(uuid, _pggit.object[], _pggit.object[], _pggit.object[]) IS 'Whether a side changed an object.';

CREATE OR REPLACE FUNCTION _pggit.left_columns(p_base _pggit.object[], p_ours _pggit.object[], p_merged _pggit.object[])
RETURNS TABLE (heir_id uuid, column_id uuid, message text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT (h).object_id, (c).object_id,
        format('column %s of table %s is %s in its new parent: its rows would not go with it', (x).name, (h).name, (c).name)
    FROM unnest(p_merged) AS h
    JOIN unnest(p_ours) AS t ON (t).object_id = (h).object_id AND NOT (t).attrs ?| '{partition_of,inherits}'
    JOIN unnest(p_merged) AS c ON (c).kind = 'column' AND (c).parent_id = ANY ((h).deps)
    JOIN unnest(p_base) AS b ON (b).object_id = (c).object_id AND (b).name <> (c).name
    JOIN unnest(p_ours) AS x ON (x).kind = 'column' AND (x).parent_id = (h).object_id AND (x).name = (b).name
    WHERE (h).kind = 'table'
      AND (h).attrs ?| '{partition_of,inherits}'
      AND NOT EXISTS (SELECT FROM unnest(p_merged) AS m WHERE (m).object_id = (x).object_id);
END;
COMMENT ON FUNCTION _pggit.left_columns(_pggit.object[], _pggit.object[], _pggit.object[]) IS $$
Tables of the target that the source lets join a parent, with a column that the target has renamed in that parent since: the plan would
drop the table's and add the parent's, without the rows that stand in it.
$$;

CREATE OR REPLACE FUNCTION _pggit.prove_merge(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_merged _pggit.object[]
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_ids uuid[] := _pggit.affected_ids(p_ours, p_merged);
    v_from _pggit.object[] := _pggit.bare_objects(p_ours, v_ids);
    v_to _pggit.object[] := _pggit.bare_objects(p_merged, v_ids);
    v_trial _pggit.trial;
    v_fresh _pggit.trial;
    v_object_id uuid;
    v_faults text[];
    v_result _pggit.merge_result := ROW(p_merged, '{}', '{}')::_pggit.merge_result;
BEGIN
    IF v_ids = '{}' THEN
        RETURN v_result;
    END IF;
    v_result.conflicts := ARRAY(
        SELECT _pggit.refusal(p_base, p_ours, p_theirs, p_merged, l.heir_id, 'dependency_broken', l.message, l.column_id)
        FROM _pggit.left_columns(p_base, p_ours, p_merged) AS l);
    IF v_result.conflicts <> '{}' THEN
        RETURN v_result;
    END IF;
    v_trial := _pggit.try_plan(v_from, v_to);
    IF v_trial.error_state IS NOT NULL AND v_trial.error_step = 0 THEN
        -- the target as it stands cannot be copied: what the live run says must do
        v_result.notes := ARRAY[format('not tried on a scratch copy: %s', v_trial.error_message)];
        RETURN v_result;
    ELSIF v_trial.error_state IS NOT NULL THEN
        v_result.conflicts := ARRAY[_pggit.refused_step(p_base, p_ours, p_theirs, p_merged, v_from, v_to, v_trial)];
        RETURN v_result;
    END IF;
    IF EXISTS (SELECT FROM _pggit.diff_objects(v_to, v_trial.objects)) THEN
        -- A type changed under an expression, say: PostgreSQL prints it otherwise. Then building the merged objects from
        -- nothing must print the same, and that print is what is merged.
        v_fresh := _pggit.try_plan(ARRAY(SELECT o FROM unnest(v_to) AS o WHERE o.kind = 'schema'), v_to);
        v_faults := CASE WHEN v_fresh.error_state IS NULL
            THEN _pggit.list_faults(v_fresh.objects, v_trial.objects)
            ELSE _pggit.list_faults(v_to, v_trial.objects) END;
        IF v_faults <> '{}' THEN
            SELECT c.object_id INTO v_object_id FROM _pggit.diff_objects(v_to, v_trial.objects) AS c LIMIT 1;
            v_result.conflicts := ARRAY[_pggit.refusal(p_base, p_ours, p_theirs, p_merged, v_object_id,
                'dependency_broken', array_to_string(v_faults[1:5], '; '))];
            RETURN v_result;
        END IF;
        v_result.objects := _pggit.adopt_text(p_merged, v_to, v_trial.objects);
    END IF;
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.prove_merge(_pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[]) IS $$
Tries the way from the target to the merged tree on a scratch copy of what it touches.
Returns: the merged tree as PostgreSQL prints it, or the conflict that it found.
$$;
