-- Steps under load: what becomes of each step of a plan, and the plan of them.

-- == relations ==

-- What a step is about, beside itself.
CREATE TYPE _pggit.online_context AS (
    old        _pggit.object,    -- its object before the plan
    new        _pggit.object,    -- and after
    in_table   _pggit.object,    -- the relation or domain in which it lives, as it was before the plan; NULL where the plan makes that
    parts      _pggit.object[],  -- the partitions of that, parents first
    is_loose   boolean,          -- the plan adds or takes partitions
    is_swapped boolean,          -- an index or constraint that takes the place of the one that it replaces
    nullable   _pggit.object[]   -- the columns of a primary key that were not NOT NULL before the plan
);

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.add_index_online(p_context _pggit.online_context)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 4
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_new   _pggit.object := (p_context).new;
    v_index _pggit.object := CASE WHEN (p_context).is_swapped
        THEN _pggit.under_name(v_new, _pggit.temporary_name((v_new).object_id, 'new')) ELSE v_new END;
BEGIN
    IF ((p_context).in_table).attrs ? 'partition_by' THEN
        RETURN QUERY SELECT * FROM _pggit.build_parts_online(v_index, (p_context).parts);
    ELSE
        RETURN QUERY SELECT * FROM _pggit.build_index_online(v_index);
    END IF;
    IF (p_context).is_swapped THEN
        RETURN QUERY SELECT * FROM _pggit.swap_index_online(v_new, (p_context).parts);
    END IF;
    IF (p_context).parts <> '{}' THEN
        RETURN NEXT _pggit.name_parts_online(v_new);
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.add_index_online(_pggit.online_context) IS $$
An index, new or in the place of another, of a table, a materialized view or a partitioned table.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_constraint_online(p_step _pggit.step, p_context _pggit.online_context)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 4
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_new            _pggit.object := (p_context).new;
    v_is_partitioned boolean := ((p_context).in_table).attrs ? 'partition_by';
    v_is_key         boolean := (v_new).attrs->>'type' IN ('primary_key', 'unique');
BEGIN
    IF v_is_key THEN
        RETURN QUERY SELECT * FROM _pggit.require_columns_online((p_context).nullable);
    END IF;
    IF v_is_key AND v_is_partitioned THEN
        RETURN QUERY SELECT * FROM _pggit.build_parts_online(v_new, (p_context).parts);
        RETURN NEXT _pggit.name_parts_online(v_new);
    ELSIF v_is_key THEN
        RETURN QUERY SELECT * FROM _pggit.add_key_online(v_new, (p_context).is_swapped);
    ELSIF v_is_partitioned AND (v_new).attrs->>'type' = 'foreign_key' THEN
        RETURN QUERY SELECT * FROM _pggit.reference_parts_online(v_new, (p_context).parts);
        RETURN NEXT _pggit.make_online((p_step).sql, _pggit.existence_condition(v_new, 'table'), 'ACCESS EXCLUSIVE');
    ELSE
        RETURN NEXT _pggit.make_online(
            format('ALTER TABLE %s %sADD CONSTRAINT %I %s NOT VALID', _pggit.table_target(v_new),
                CASE WHEN (p_context).is_swapped THEN format('DROP CONSTRAINT IF EXISTS %I, ', (v_new).name) ELSE '' END,
                (v_new).name, _pggit.constraint_definition((v_new).attrs)),
            CASE WHEN NOT (p_context).is_swapped THEN _pggit.existence_condition(v_new, 'table') END,
            CASE WHEN (p_context).is_swapped THEN 'ACCESS EXCLUSIVE' ELSE (p_step).lock_level END);
        RETURN NEXT _pggit.make_online(
            format('ALTER TABLE %s VALIDATE CONSTRAINT %I', _pggit.table_target(v_new), (v_new).name), NULL,
            'SHARE UPDATE EXCLUSIVE', '{may_fail}');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.add_constraint_online(_pggit.step, _pggit.online_context) IS $$
A key, a check or a foreign key, new or in the place of another, of a table or a partitioned table.
$$;

CREATE OR REPLACE FUNCTION _pggit.adds_online(p_step _pggit.step, p_context _pggit.online_context)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ((p_context).in_table).object_id IS NOT NULL
    AND (p_step).action = 'create'
    AND NOT coalesce((p_context).is_loose, false)
    AND NOT ((p_context).new).attrs ?| '{only,attached,period,not_valid,not_enforced}'
    AND CASE ((p_context).in_table).kind
        WHEN 'table' THEN NOT ((p_context).in_table).attrs ? 'server'
        ELSE ((p_context).in_table).kind = 'materialized_view'
    END
    AND CASE (p_step).kind
        WHEN 'index' THEN (p_step).sql ~ '^CREATE (UNIQUE )?INDEX '
        WHEN 'constraint' THEN (p_step).sql ~ '^ALTER TABLE ' AND strpos((p_step).sql, ' ADD CONSTRAINT ') > 0
            AND ((p_context).new).attrs->>'type' IN ('primary_key', 'unique', 'check', 'foreign_key')
        ELSE false
    END;
COMMENT ON FUNCTION _pggit.adds_online(_pggit.step, _pggit.online_context) IS $$
Whether the step adds an index or a constraint to a relation with rows in a way that has another one under load.
$$;

CREATE OR REPLACE FUNCTION _pggit.online_parts(p_step _pggit.step, p_context _pggit.online_context)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_sql   text := (p_step).sql;
    v_old   _pggit.object := (p_context).old;
    v_new   _pggit.object := (p_context).new;
    v_table _pggit.object := (p_context).in_table;
    v_is_column boolean := (p_step).kind = 'column' AND (v_table).kind = 'table' AND (v_new).object_id IS NOT NULL;
BEGIN
    IF (p_context).is_swapped AND (p_step).action = 'drop' THEN
        RETURN;  -- with the step that puts another in its place
    ELSIF _pggit.adds_online(p_step, p_context) AND (p_step).kind = 'index' THEN
        RETURN QUERY SELECT * FROM _pggit.add_index_online(p_context);
    ELSIF _pggit.adds_online(p_step, p_context) THEN
        RETURN QUERY SELECT * FROM _pggit.add_constraint_online(p_step, p_context);
    ELSIF (p_step).kind = 'index' AND v_sql ~ '^DROP INDEX ' AND v_sql !~ ' CASCADE$' AND (v_table).object_id IS NOT NULL
        AND NOT (v_table).attrs ? 'partition_by'
    THEN
        RETURN NEXT _pggit.make_online(
            regexp_replace(v_sql, '^DROP INDEX ', 'DROP INDEX CONCURRENTLY IF EXISTS '), NULL, 'SHARE UPDATE EXCLUSIVE', '{}', false);
    ELSIF v_is_column AND 'long_lock' = ANY ((p_step).hazards) AND v_sql ~ '( SET NOT NULL| NOT NULL ("([^"]|"")+"|\w+))$'
        AND strpos(v_sql, ' VALIDATE ') = 0
    THEN
        RETURN QUERY SELECT * FROM _pggit.set_not_null_online(v_new, v_sql);
    ELSIF v_is_column AND (p_step).action = 'create' AND v_sql ~ '^ALTER TABLE ' AND strpos(v_sql, ' ADD COLUMN ') > 0
        AND (v_new).attrs ? 'default' AND 'table_rewrite' = ANY ((p_step).hazards) AND NOT (v_new).attrs ?| '{identity,generated}'
    THEN
        RETURN QUERY SELECT * FROM _pggit.add_column_online(v_new);
    ELSIF (p_step).kind = 'enum' AND v_sql ~ '^ALTER TYPE ("([^"]|"")+"|\w+)\.("([^"]|"")+"|\w+) ADD VALUE ' THEN
        RETURN NEXT _pggit.make_online(
            regexp_replace(v_sql, '^(ALTER TYPE (?:"(?:[^"]|"")+"|\w+)\.(?:"(?:[^"]|"")+"|\w+) ADD VALUE )', '\1IF NOT EXISTS '),
            NULL, (p_step).lock_level, (p_step).hazards, false);
    ELSE
        RETURN NEXT _pggit.make_online(
            _pggit.repeatable_sql(v_sql),
            CASE
                WHEN v_is_column AND v_sql ~ ' ADD CONSTRAINT ("([^"]|"")+"|\w+) NOT NULL ' THEN _pggit.required_condition(v_new)
                WHEN (p_step).action = 'rename' AND strpos(v_sql, ' RENAME TO pggit_old_') = 0
                    OR v_sql ~ '^CREATE (?!OR REPLACE )'
                    OR (p_step).action = 'create' AND v_sql ~ ' ADD (COLUMN|CONSTRAINT) '
                    THEN _pggit.existence_condition(v_new, (v_table).kind)
            END,
            (p_step).lock_level, (p_step).hazards, (p_step).in_transaction,
            CASE WHEN (p_step).kind = 'column' AND (p_step).action = 'alter' AND 'table_rewrite' = ANY ((p_step).hazards)
                AND v_sql ~ ' TYPE ' THEN _pggit.retype_advice(v_new, (v_old).attrs->>'type') END);
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.online_parts(_pggit.step, _pggit.online_context) IS $$
One step of a plan as steps for a database under load.
$$;

CREATE OR REPLACE FUNCTION _pggit.swapped_objects(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_steps _pggit.step[],
    p_loose uuid[]
)
RETURNS uuid[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH touched AS MATERIALIZED (
        SELECT DISTINCT s.object_id
        FROM unnest(p_steps) AS s
        WHERE s.action NOT IN ('set', 'create') AND (s.action <> 'alter' OR s.sql ~ '( TYPE | DROP NOT NULL$)')
    )
    SELECT coalesce(array_agg(DISTINCT (n).object_id), '{}')
    FROM unnest(p_steps) AS d
    JOIN unnest(p_steps) AS c ON c.object_id = d.object_id AND c.action = 'create' AND c.sql ~ '^(CREATE (UNIQUE )?INDEX|ALTER TABLE) '
    JOIN unnest(p_to) AS n ON (n).object_id = d.object_id
    JOIN unnest(p_from) AS o ON (o).object_id = d.object_id
    JOIN unnest(p_from) AS t ON (t).object_id = (n).parent_id AND (t).kind IN ('table', 'materialized_view')
    WHERE d.action = 'drop'
      AND d.sql ~ '^(DROP INDEX|ALTER TABLE) '
      AND ((n).schema_name, (n).table_name, (n).name) = ((o).schema_name, (o).table_name, (o).name)
      AND (n).parent_id = (o).parent_id
      AND CASE (n).kind
          WHEN 'index' THEN NOT (o).attrs ?| '{holds_keys,only}' AND NOT (n).attrs ? 'only' AND (t).object_id <> ALL (p_loose)
          WHEN 'constraint' THEN ((o).attrs->>'type' IN ('primary_key', 'unique')) = ((n).attrs->>'type' IN ('primary_key', 'unique'))
              AND (n).attrs->>'type' IN ('primary_key', 'unique', 'check', 'foreign_key')
              AND NOT (t).attrs ?| '{partition_by,server}'
              AND NOT (n).attrs ?| '{attached,period,not_valid,not_enforced}' AND NOT (o).attrs ?| '{attached,period}'
          ELSE false
      END
      -- what the old one needs is there as it was
      AND NOT EXISTS (SELECT FROM touched AS w WHERE w.object_id = ANY ((o).deps || (n).deps));
END;
COMMENT ON FUNCTION _pggit.swapped_objects(_pggit.object[], _pggit.object[], _pggit.step[], uuid[]) IS $$
The indexes and constraints that the plan drops and makes anew, and that can stay until the new one takes their place.
p_loose: partitioned tables of which the plan adds or takes partitions.
$$;

CREATE OR REPLACE FUNCTION _pggit.online_contexts(p_from _pggit.object[], p_to _pggit.object[], p_steps _pggit.step[])
RETURNS TABLE (step _pggit.step, context _pggit.online_context)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_parts   _pggit.partition_part[] := ARRAY(SELECT p FROM _pggit.partition_parts(p_from, p_to) AS p);
    v_loose   uuid[] := ARRAY(SELECT l FROM _pggit.loose_tables(p_from, p_to, p_steps) AS l);
    v_swapped uuid[] := _pggit.swapped_objects(p_from, p_to, p_steps, v_loose);
BEGIN
    RETURN QUERY
    SELECT s, (
        o, n, t,
        CASE WHEN (t).attrs ? 'partition_by' THEN ARRAY(
            SELECT p.part FROM unnest(v_parts) AS p WHERE p.root_id = (t).object_id ORDER BY p.depth, (p.part).schema_name, (p.part).name)
        ELSE '{}' END,
        (t).object_id = ANY (v_loose),
        coalesce((n).object_id = ANY (v_swapped), false),
        ARRAY(
            SELECT c
            FROM unnest(p_to) AS c
            JOIN unnest(p_from) AS b ON (b).object_id = (c).object_id
            WHERE s.kind = 'constraint'
              AND (n).attrs->>'type' = 'primary_key'
              AND (c).parent_id = (n).parent_id
              AND (c).kind = 'column'
              AND (n).attrs->'key_columns' ? quote_ident((c).name)
              AND NOT (b).attrs ? 'not_null'
        )
    )::_pggit.online_context
    FROM unnest(p_steps) AS s
    LEFT JOIN unnest(p_from) AS o ON (o).object_id = s.object_id
    LEFT JOIN unnest(p_to) AS n ON (n).object_id = s.object_id
    LEFT JOIN unnest(p_from) AS t ON (t).object_id = coalesce((n).parent_id, (o).parent_id)
    ORDER BY s.step_no;
END;
$$;
COMMENT ON FUNCTION _pggit.online_contexts(_pggit.object[], _pggit.object[], _pggit.step[]) IS $$
The steps of a plan, each with what it is about.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_online(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_extra_path jsonb DEFAULT '{}'
)
RETURNS SETOF _pggit.online_step
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH parts AS (
        SELECT s.step, p.*, row_number() OVER (PARTITION BY p.sql ORDER BY (s.step).step_no, p.ordinality) AS nth
        FROM _pggit.online_contexts(
            p_from, p_to, ARRAY(SELECT s FROM _pggit.plan(p_from, p_to, p_extra_path) AS s)) AS s
        CROSS JOIN LATERAL _pggit.online_parts(s.step, s.context)
            WITH ORDINALITY AS p(step_no, sql, is_done, lock_level, hazards, in_transaction, action, kind, object_id, identity, advice,
                ordinality)
    )
    SELECT
        (row_number() OVER (ORDER BY (p.step).step_no, p.ordinality))::integer,
        p.sql, p.is_done, p.lock_level, coalesce(p.hazards, '{}'), p.in_transaction,
        (p.step).action, (p.step).kind, (p.step).object_id, (p.step).identity, p.advice
    FROM parts AS p
    -- a column that a key has made NOT NULL need not be made so again
    WHERE p.nth = 1 OR (p.step).kind IS DISTINCT FROM 'column'
    ORDER BY 1;
END;
COMMENT ON FUNCTION _pggit.plan_online(_pggit.object[], _pggit.object[], jsonb) IS $$
_pggit.plan for a database under load: every step is short under its lock, or holds none that stops writers; each can be run again.
$$;
