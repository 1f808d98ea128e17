-- Plan for tables that change their parents or their type: what is theirs in the one tree and their parents' in the other.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.spell_out_typed(p_this _pggit.object[], p_other _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_columns _pggit.object[];
BEGIN
    SELECT array_agg((
        coalesce((x).object_id, _pggit.new_object_id('column', (t).object_id, a.item->>'name', NULL)), 'column', (t).object_id,
        (t).schema_name, (t).name, a.item->>'name', NULL,
        coalesce((x).attrs, '{}') - 'inherited'::text || (a.item - '{name,comment}'::text[]) || jsonb_build_object('position', a.place),
        ARRAY(SELECT d FROM unnest(coalesce((x).deps, '{}') || (c).deps || (t).object_id) AS d WHERE d <> (c).parent_id ORDER BY d)
    )::_pggit.object)
    INTO v_columns
    FROM unnest(p_this) AS t
    JOIN unnest(p_other) AS o ON (o).object_id = (t).object_id AND NOT (o).attrs ? 'of_type'
    JOIN unnest(p_this) AS c ON (c).kind = 'composite' AND (c).object_id = ANY ((t).deps)
    CROSS JOIN LATERAL jsonb_array_elements((c).attrs->'attributes') WITH ORDINALITY AS a(item, place)
    LEFT JOIN unnest(p_this) AS x ON (x).parent_id = (t).object_id AND (x).kind = 'column' AND (x).name = a.item->>'name'
    WHERE (t).kind = 'table' AND (t).attrs ? 'of_type';
    IF v_columns IS NULL THEN
        RETURN p_this;
    END IF;
    RETURN v_columns || ARRAY(
        SELECT t
        FROM unnest(p_this) AS t
        LEFT JOIN unnest(v_columns) AS c ON (c).object_id = (t).object_id
        WHERE (c).object_id IS NULL
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_typed(_pggit.object[], _pggit.object[]) IS $$
The tree with the columns of typed tables that are no typed tables in p_other, as columns of their own.
$$;

CREATE OR REPLACE FUNCTION _pggit.lineage(p_tree _pggit.object[], p_heirs uuid[])
RETURNS TABLE (heir _pggit.object, member _pggit.object, distance integer)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    WITH RECURSIVE line AS (
        SELECT t AS heir, t AS member, 0 AS distance
        FROM unnest(p_tree) AS t
        WHERE (t).object_id = ANY (p_heirs)
        UNION ALL
        SELECT l.heir, p, l.distance + 1
        FROM line AS l
        JOIN unnest(p_tree) AS p ON (p).object_id = ANY ((l.member).deps)
        WHERE (l.member).attrs ?| '{partition_of,inherits}'
          AND (p).kind = 'table'
          AND l.distance < 50
    )
    SELECT l.heir, l.member, l.distance
    FROM line AS l;
END;
COMMENT ON FUNCTION _pggit.lineage(_pggit.object[], uuid[]) IS $$
Some tables, each with itself, its parents, and all further ancestors.
$$;

CREATE OR REPLACE FUNCTION _pggit.ancestor_parts(p_tree _pggit.object[], p_heirs uuid[])
RETURNS TABLE (heir_id uuid, part _pggit.object)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT DISTINCT ON ((l.heir).object_id, (m).kind, (m).name) (l.heir).object_id, m
    FROM _pggit.lineage(p_tree, p_heirs) AS l
    JOIN unnest(p_tree) AS m ON (m).parent_id = (l.member).object_id
    WHERE l.distance > 0
      AND ((m).kind = 'column' AND NOT (m).attrs ? 'inherited' OR (m).attrs->>'type' = 'check' AND NOT (m).attrs ? 'no_inherit')
    ORDER BY (l.heir).object_id, (m).kind, (m).name, l.distance;
END;
COMMENT ON FUNCTION _pggit.ancestor_parts(_pggit.object[], uuid[]) IS $$
The columns and checks that some tables inherit, from the nearest ancestor that has them of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.named_not_nulls(p_tree _pggit.object[], p_heirs uuid[])
RETURNS TABLE (heir_id uuid, name text, origin_id uuid, not_null_name jsonb)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT DISTINCT ON ((l.heir).object_id, (m).name)
        (l.heir).object_id, (m).name, (m).object_id, (m).attrs->'not_null_name'
    FROM _pggit.lineage(p_tree, p_heirs) AS l
    JOIN unnest(p_tree) AS m ON (m).parent_id = (l.member).object_id AND (m).kind = 'column' AND (m).attrs ? 'not_null_name'
    WHERE l.distance > 0
    ORDER BY (l.heir).object_id, (m).name, l.distance;
END;
COMMENT ON FUNCTION _pggit.named_not_nulls(_pggit.object[], uuid[]) IS $$
The NOT NULL that some tables inherit, with the nearest ancestor's column that names it.
$$;

CREATE OR REPLACE FUNCTION _pggit.unshared_parts(p_this _pggit.object[], p_other _pggit.object[], p_heirs uuid[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT (
        _pggit.new_object_id((a.part).kind, a.heir_id, (a.part).name, NULL), (a.part).kind, a.heir_id, (h).schema_name, (h).name,
        (a.part).name, NULL, _pggit.own_attrs(h, a.part, p_this) || '{"unshared": true}',
        ARRAY(
            SELECT CASE WHEN (c).object_id IS NULL THEN d.object_id
                ELSE coalesce((k).object_id, _pggit.new_object_id('column', a.heir_id, (c).name, NULL)) END
            FROM unnest((a.part).deps) AS d(object_id)
            -- a check needs the columns of its own table
            LEFT JOIN unnest(p_this) AS c ON (c).object_id = d.object_id AND (c).kind = 'column' AND (c).parent_id = (a.part).parent_id
            LEFT JOIN unnest(p_other) AS k ON (k).parent_id = a.heir_id AND (k).kind = 'column' AND (k).name = (c).name
            WHERE d.object_id <> (a.part).parent_id)
    )::_pggit.object
    FROM _pggit.ancestor_parts(p_this, p_heirs) AS a
    JOIN unnest(p_this) AS h ON (h).object_id = a.heir_id
    -- partitions follow a parent that is made anew
    JOIN unnest(p_other) AS o ON (o).object_id = a.heir_id AND NOT (o).attrs ?| '{partition_of,inherits}'
    WHERE NOT EXISTS (
        SELECT FROM unnest(p_other) AS x WHERE (x).parent_id = a.heir_id AND (x).kind = (a.part).kind AND (x).name = (a.part).name)
);
COMMENT ON FUNCTION _pggit.unshared_parts(_pggit.object[], _pggit.object[], uuid[]) IS $$
The columns and checks that some tables inherit and do not have at all in p_other, where they have no parents: they get them before
they join one, and lose them when they have left it.
$$;

CREATE OR REPLACE FUNCTION _pggit.inheriting_tables(p_from _pggit.object[], p_to _pggit.object[])
RETURNS uuid[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT array_agg((t).object_id)
    FROM unnest(p_to) AS t
    LEFT JOIN unnest(p_from) AS f ON (f).object_id = (t).object_id
    WHERE (t).kind = 'table' AND (t).attrs ? 'inherits' AND (f).attrs ? 'inherits'
);
COMMENT ON FUNCTION _pggit.inheriting_tables(_pggit.object[], _pggit.object[]) IS $$
The tables that inherit, before and after.
$$;

CREATE OR REPLACE FUNCTION _pggit.forget_local(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_heirs uuid[] := _pggit.inheriting_tables(p_from, p_to);
    v_local uuid[];
    v_gone  uuid[];
BEGIN
    IF v_heirs IS NULL THEN
        RETURN p_from;
    END IF;
    SELECT array_agg((x).object_id)
    INTO v_local
    FROM _pggit.ancestor_parts(p_to, v_heirs) AS a
    JOIN unnest(p_from) AS x ON (x).parent_id = a.heir_id AND (x).kind = (a.part).kind AND (x).name = (a.part).name
    LEFT JOIN _pggit.ancestor_parts(p_from, v_heirs) AS b
        ON b.heir_id = a.heir_id AND (b.part).kind = (a.part).kind AND (b.part).name = (a.part).name
    LEFT JOIN unnest(p_to) AS t ON (t).object_id = (x).object_id
    WHERE NOT (x).attrs ? 'inherited'
      AND ((t).object_id IS NULL OR (t).attrs ? 'inherited')
      -- a column that the parents get now takes in the table's own, with its values
      AND (b.heir_id IS NOT NULL OR (x).attrs->'type' = (a.part).attrs->'type'
          AND (x).attrs->'collation' IS NOT DISTINCT FROM (a.part).attrs->'collation');
    IF v_local IS NULL THEN
        RETURN p_from;
    END IF;
    v_gone := ARRAY(
        SELECT (f).object_id
        FROM unnest(p_from) AS f
        JOIN _pggit.ancestor_parts(p_from, v_heirs) AS b
            ON b.heir_id = (f).parent_id AND (b.part).kind = (f).kind AND (b.part).name = (f).name
        WHERE (f).object_id = ANY (v_local)
          AND ((f).kind <> 'column' OR (f).attrs->'default' IS NOT DISTINCT FROM (b.part).attrs->'default')
        UNION
        SELECT (f).object_id
        FROM unnest(p_from) AS f
        WHERE (f).object_id = ANY (v_local) AND NOT (f).attrs ? 'default');
    RETURN ARRAY(
        SELECT CASE WHEN (f).object_id <> ALL (v_local) THEN f ELSE (
            (f).object_id, (f).kind, (f).parent_id, (f).schema_name, (f).table_name, (f).name, (f).signature,
            jsonb_strip_nulls(jsonb_build_object('inherited', true, 'default', (f).attrs->'default')), (f).deps
        )::_pggit.object END
        FROM unnest(p_from) AS f
        WHERE (f).object_id <> ALL (v_gone));
END;
$$;
COMMENT ON FUNCTION _pggit.forget_local(_pggit.object[], _pggit.object[]) IS $$
The old tree without the mark that an inherited column or check is a table's own as well, where the new tree has it from the parents
alone: PostgreSQL has no statement that takes the mark away.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_merged(p_this _pggit.object[], p_other _pggit.object[], p_if_retyped boolean)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_heirs  uuid[] := _pggit.inheriting_tables(p_other, p_this);
    v_marked _pggit.object[];
BEGIN
    IF v_heirs IS NULL THEN
        RETURN p_this;
    END IF;
    SELECT array_agg((
        (x).object_id, (x).kind, (x).parent_id, (x).schema_name, (x).table_name, (x).name, (x).signature,
        (x).attrs || jsonb_build_object('merged', (a.part).object_id), (x).deps)::_pggit.object)
    INTO v_marked
    FROM _pggit.ancestor_parts(p_this, v_heirs) AS a
    JOIN unnest(p_this) AS x ON (x).parent_id = a.heir_id AND (x).kind = 'column' AND (x).name = (a.part).name
    LEFT JOIN unnest(p_other) AS o ON (o).object_id = (x).object_id
    WHERE (a.part).kind = 'column'
      AND NOT (x).attrs ? 'inherited'
      AND CASE WHEN (o).object_id IS NULL THEN true
          ELSE p_if_retyped AND ((o).attrs->'type' <> (x).attrs->'type'
              OR (o).attrs->'collation' IS DISTINCT FROM (x).attrs->'collation') END;
    IF v_marked IS NULL THEN
        RETURN p_this;
    END IF;
    RETURN v_marked || ARRAY(
        SELECT t
        FROM unnest(p_this) AS t
        LEFT JOIN unnest(v_marked) AS m ON (m).object_id = (t).object_id
        WHERE (m).object_id IS NULL
    );
END;
$$;
COMMENT ON FUNCTION _pggit.mark_merged(_pggit.object[], _pggit.object[], boolean) IS $$
Marks the columns that come, go or change their type and are a table's own as well as inherited, with the parent's column.
p_if_retyped: in the new tree; in the old one only what goes is marked.
$$;

CREATE OR REPLACE FUNCTION _pggit.inherited_columns(p_tree _pggit.object[], p_heirs uuid[])
RETURNS TABLE (heir _pggit.object, model _pggit.object, default_text text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT DISTINCT ON ((l.heir).object_id, (m).name) l.heir, m, (CASE
        WHEN (l.heir).schema_name = (l.member).schema_name THEN (m).attrs
        ELSE _pggit.qualify_names(m, p_tree)
    END)->>'default'
    FROM _pggit.lineage(p_tree, p_heirs) AS l
    JOIN unnest(p_tree) AS m ON (m).parent_id = (l.member).object_id AND (m).kind = 'column'
    WHERE NOT (m).attrs ? 'inherited' OR (m).attrs ?| '{default,no_default}'
    ORDER BY (l.heir).object_id, (m).name, l.distance;
END;
COMMENT ON FUNCTION _pggit.inherited_columns(_pggit.object[], uuid[]) IS $$
For every column of some tables the nearest one, their own or an ancestor's, that says what its default is.
$$;

CREATE OR REPLACE FUNCTION _pggit.remake_partitioned(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_tables uuid[];
BEGIN
    SELECT array_agg((f).object_id)
    INTO v_tables
    FROM unnest(p_from) AS f
    JOIN unnest(p_to) AS t ON (t).object_id = (f).object_id
    WHERE (f).attrs ? 'partition_by' AND (f).attrs->'partition_by' = (t).attrs->'partition_by';
    IF v_tables IS NULL THEN
        RETURN p_from;
    END IF;
    SELECT array_agg(DISTINCT (o.heir).object_id)
    INTO v_tables
    FROM _pggit.inherited_columns(p_from, v_tables) AS o
    JOIN _pggit.inherited_columns(p_to, v_tables) AS n
        ON (n.heir).object_id = (o.heir).object_id AND (n.model).name = (o.model).name
    WHERE (_pggit.is_retyping(o.model, n.model) AND NOT EXISTS (
            -- the same type under another name
            SELECT
            FROM unnest(p_from) AS d
            JOIN unnest(p_to) AS e ON (e).object_id = (d).object_id
            WHERE (d).object_id = ANY ((o.model).deps)
              AND _pggit.is_type_kind((d).kind)
              AND (o.model).attrs->>'type' = _pggit.name_seen_from((o.model).schema_name, d)
              AND (n.model).attrs->>'type' = _pggit.name_seen_from((n.model).schema_name, e)
        ) OR EXISTS (
            SELECT
            FROM unnest(p_from) AS d
            JOIN unnest(p_to) AS e ON (e).object_id = (d).object_id AND (d).attrs <> (e).attrs
            WHERE (d).object_id = ANY ((o.model).deps)
              AND ((d).kind = 'enum' AND _pggit.rebuild_enum(d, e) OR (d).kind = 'range' AND _pggit.definition_changed(d, e))))
      AND (o.heir).attrs->>'partition_by'
          <> _pggit.rename_words((o.heir).attrs->>'partition_by', quote_ident((o.model).name), quote_ident((o.model).name) || '_');
    IF v_tables IS NULL THEN
        RETURN p_from;
    END IF;
    RETURN ARRAY(
        SELECT CASE WHEN (f).object_id <> ALL (v_tables) THEN f ELSE (
            (f).object_id, (f).kind, (f).parent_id, (f).schema_name, (f).table_name, (f).name, (f).signature,
            (f).attrs || jsonb_build_object('partition_by', (f).attrs->>'partition_by' || ' '), (f).deps
        )::_pggit.object END
        FROM unnest(p_from) AS f);
END;
$$;
COMMENT ON FUNCTION _pggit.remake_partitioned(_pggit.object[], _pggit.object[]) IS $$
The old tree in which those partitioned tables are partitioned otherwise whose key gets another type: PostgreSQL alters no column that is
part of a key. Such a table has no rows itself and is made anew; its partitions leave it, are altered, and join the new one.
$$;

CREATE OR REPLACE FUNCTION _pggit.inherited_attrs(p_tree _pggit.object[], p_heir _pggit.object, p_column text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(v.key, v.value), '{}')
    FROM (
        SELECT DISTINCT ON (a.key) a.key, a.value
        FROM _pggit.lineage(p_tree, ARRAY[(p_heir).object_id]) AS l
        JOIN unnest(p_tree) AS m ON (m).parent_id = (l.member).object_id AND (m).kind = 'column' AND (m).name = p_column
        CROSS JOIN LATERAL jsonb_each((m).attrs) AS a
        WHERE a.key IN ('type', 'collation', 'not_null', 'not_null_name')
        ORDER BY a.key, l.distance
    ) AS v
);
COMMENT ON FUNCTION _pggit.inherited_attrs(_pggit.object[], _pggit.object, text) IS $$
The type of a column and its NOT NULL, from the nearest of its table and the ancestors that says them.
$$;

CREATE OR REPLACE FUNCTION _pggit.moved_defaults(p_this _pggit.object[], p_other _pggit.object[], p_heirs uuid[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT (
        coalesce((k).object_id, _pggit.new_object_id('column', (t.heir).object_id, (t.model).name, NULL)), 'column', (t.heir).object_id,
        (t.heir).schema_name, (t.heir).name, (t.model).name, NULL,
        coalesce((k).attrs, '{}')
            || jsonb_strip_nulls(jsonb_build_object('inherited', true, 'inherited_from', (t.model).parent_id, 'default', t.default_text))
            -- between two parents a partition stands alone
            || CASE WHEN (t.heir).attrs ? 'partition_of' THEN _pggit.inherited_attrs(p_this, t.heir, (t.model).name) ELSE '{}' END,
        ARRAY(SELECT d FROM unnest((t.model).deps || (t.heir).object_id) AS d WHERE d <> (t.model).parent_id ORDER BY d)
    )::_pggit.object
    FROM _pggit.inherited_columns(p_this, p_heirs) AS t
    JOIN _pggit.inherited_columns(p_other, p_heirs) AS o
        ON (o.heir).object_id = (t.heir).object_id AND (o.model).name = (t.model).name
    LEFT JOIN unnest(p_this) AS k ON (k).parent_id = (t.heir).object_id AND (k).kind = 'column' AND (k).name = (t.model).name
    -- neither tree has a default of the table's own
    WHERE (t.model).parent_id <> (t.heir).object_id
      AND (o.model).parent_id <> (o.heir).object_id
      AND ((o.model).parent_id <> (t.model).parent_id OR EXISTS (
          -- what is made anew is another parent
          SELECT
          FROM unnest(p_this) AS m
          JOIN unnest(p_other) AS n ON (n).object_id = (m).object_id
          WHERE (m).object_id = ANY ((t.heir).deps)
            AND (m).kind = 'table'
            AND (m).attrs->'partition_by' IS DISTINCT FROM (n).attrs->'partition_by'))
);
COMMENT ON FUNCTION _pggit.moved_defaults(_pggit.object[], _pggit.object[], uuid[]) IS $$
The inherited columns of tables that change their parents, with the parent and the default: a table keeps the default that it had.
$$;

CREATE OR REPLACE FUNCTION _pggit.retyped_partition_indexes(p_items _pggit.plan_item[])
RETURNS uuid[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH retyped AS MATERIALIZED (
        SELECT (c.new).parent_id AS table_id
        FROM unnest(p_items) AS c
        WHERE c.kind = 'column' AND c.action = 'alter' AND (c.is_retyped OR (c.old).attrs->'type' <> (c.new).attrs->'type')
    ), part AS MATERIALIZED (
        SELECT x.object_id, (x.new).parent_id AS heir_id
        FROM unnest(p_items) AS x
        WHERE x.kind = 'partition_index' AND x.action NOT IN ('create', 'drop') AND EXISTS (SELECT FROM retyped)
    )
    SELECT array_agg(p.object_id)
    FROM part AS p
    WHERE p.heir_id IN (
        SELECT (l.heir).object_id
        FROM _pggit.lineage(
            ARRAY(SELECT t.new FROM unnest(p_items) AS t WHERE t.kind = 'table' AND t.action <> 'drop' AND EXISTS (SELECT FROM part)),
            ARRAY(SELECT q.heir_id FROM part AS q)) AS l
        JOIN retyped AS r ON r.table_id = (l.member).object_id);
END;
COMMENT ON FUNCTION _pggit.retyped_partition_indexes(_pggit.plan_item[]) IS $$
The parts of partitioned indexes under a column that gets another type: PostgreSQL makes them anew, with a usual name and the comment of
the parent's index or none.
$$;

CREATE OR REPLACE FUNCTION _pggit.note_commented_indexes(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_notes jsonb;
BEGIN
    IF current_setting('server_version_num')::integer >= 180000 THEN
        RETURN p_items;
    END IF;
    SELECT jsonb_object_agg(n.column_id, n.indexes)
    INTO v_notes
    FROM (
        SELECT c.object_id AS column_id, jsonb_agg(_pggit.object_target(x.new) ORDER BY (x.new).name) AS indexes
        FROM unnest(p_items) AS x
        JOIN unnest(p_items) AS t ON t.object_id = (x.new).parent_id AND (t.new).attrs ? 'partition_by'
        JOIN unnest(p_items) AS c ON c.object_id = ANY ((x.old).deps) AND c.kind = 'column' AND c.action = 'alter'
            AND (c.is_retyped OR _pggit.is_retyping(c.old, c.new))
        WHERE x.kind IN ('index', 'constraint') AND x.action IN ('keep', 'alter')
          AND (x.old).attrs ?| CASE x.kind WHEN 'index' THEN '{comment}'::text[] ELSE '{index_comment}' END
        GROUP BY c.object_id
    ) AS n;
    IF v_notes IS NULL THEN
        RETURN p_items;
    END IF;
    RETURN ARRAY(
        SELECT CASE WHEN v_notes ? i.object_id::text THEN (
            i.object_id, i.kind, i.action, i.is_renamed, i.is_retyped, i.is_loosened, i.is_set_aside, i.parent_kind, i.first, i.old,
            ((i.new).object_id, (i.new).kind, (i.new).parent_id, (i.new).schema_name, (i.new).table_name, (i.new).name, (i.new).signature,
                (i.new).attrs || jsonb_build_object('commented_indexes', v_notes->(i.object_id::text)), (i.new).deps)::_pggit.object
            )::_pggit.plan_item ELSE i END
        FROM unnest(p_items) AS i);
END;
$$;
COMMENT ON FUNCTION _pggit.note_commented_indexes(_pggit.plan_item[]) IS $$
The columns that get another type with the commented indexes on them whose parts would get that comment as well (before PostgreSQL 18).
$$;

CREATE OR REPLACE FUNCTION _pggit.clear_part_comments(p_column _pggit.object)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'DO ' || _pggit.dollar_quote(format(
            'DECLARE part regclass; BEGIN FOR part IN SELECT t.relid FROM pg_catalog.unnest(%L::pg_catalog.regclass[]) AS i(index)'
            ' CROSS JOIN LATERAL pg_catalog.pg_partition_tree(i.index) AS t'
            ' WHERE t.level > 0 AND pg_catalog.obj_description(t.relid, ''pg_class'') IS NOT NULL'
            ' LOOP EXECUTE pg_catalog.format(''COMMENT ON INDEX %%s IS NULL'', part); END LOOP; END',
            ARRAY(SELECT jsonb_array_elements_text((p_column).attrs->'commented_indexes')))),
        'SHARE UPDATE EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.clear_part_comments(_pggit.object) IS $$
Takes the comment of partitioned indexes off their parts, which an ALTER COLUMN has just built with it; those with a comment of their own
get that afterwards.
$$;

CREATE OR REPLACE FUNCTION _pggit.parent_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.acts_as, a.object_id, a.op, a.kind, coalesce(a.new, a.old) AS object, a.first, a.new
        FROM unnest(p_actors) AS a
        WHERE a.kind IN ('table', 'column', 'constraint', 'index')
    )
    -- what a table has of its own comes before its parent gets the same, and goes after it has gone from the parent
    SELECT CASE WHEN n.op = 'create' THEN n.acts_as ELSE m.acts_as END, CASE WHEN n.op = 'create' THEN m.acts_as ELSE n.acts_as END
    FROM node AS n
    JOIN node AS m ON m.kind = 'column' AND m.op = n.op AND m.object_id = ((n.object).attrs->>'merged')::uuid
    WHERE n.kind = 'column' AND n.op IN ('create', 'drop') AND (n.object).attrs ? 'merged'
    UNION
    -- a partition leaves its parent before that loses anything the partition keeps
    SELECT n.acts_as, m.acts_as
    FROM node AS n
    CROSS JOIN LATERAL unnest((n.first).deps) AS d(object_id)
    JOIN node AS m ON m.op IN ('drop', 'loosen') AND (m.first).parent_id = d.object_id
        -- but not foreign keys: a partition that has left would keep one to what is about to go
        AND (m.kind = 'column' OR m.kind = 'constraint' AND (m.first).attrs->>'type' = 'check'
            OR coalesce((n.first).attrs->'kept' ? m.object_id::text, false))
    WHERE n.kind = 'table' AND (n.first).attrs ? 'partition_of' AND (n.new).object_id IS NOT NULL
      AND (n.op = 'loosen' OR n.op = 'alter' AND (n.first).attrs->'partition_of' IS DISTINCT FROM (n.new).attrs->'partition_of'
          AND (NOT (n.new).attrs ? 'partition_of' OR (n.first).attrs->'bound' IS NOT DISTINCT FROM (n.new).attrs->'bound'))
    UNION
    -- and loses what it had from there when it has left
    SELECT t.acts_as, n.acts_as
    FROM node AS n
    JOIN node AS t ON t.object_id = (n.first).parent_id AND t.op IN ('loosen', 'alter')
    WHERE n.op IN ('drop', 'purge') AND (n.first).attrs ? 'unshared'
    UNION
    -- the columns of a table that joins a parent become what that asks for before it does
    SELECT c.acts_as, t.acts_as
    FROM node AS t
    JOIN node AS c ON c.kind = 'column' AND c.op = 'alter' AND (c.new).parent_id = t.object_id AND (c.new).attrs ? 'not_null'
    WHERE t.kind = 'table' AND t.op = 'alter' AND NOT (t.first).attrs ? 'inherits' AND (t.new).attrs ? 'inherits'
    UNION
    -- a NOT NULL gets its name before it is inherited as well
    SELECT c.acts_as, m.acts_as
    FROM node AS c
    JOIN node AS m ON m.kind = 'column' AND m.op = 'alter' AND m.object_id = ((c.new).attrs->>'not_null_before')::uuid
    WHERE c.kind = 'column' AND c.op = 'alter' AND (c.new).attrs ? 'not_null_before'
    UNION
    -- what a table has already its new parent has, too, before it becomes that
    SELECT c.acts_as, t.acts_as
    FROM node AS n
    JOIN node AS c ON c.kind = 'column' AND c.op = 'create' AND (c.new).name = (n.new).name
        AND (c.new).parent_id = ((n.new).attrs->>'inherited_from')::uuid
    JOIN node AS t ON t.object_id = (n.new).parent_id AND t.op = 'alter'
    WHERE n.kind = 'column' AND n.op = 'alter' AND (n.new).attrs ? 'inherited_from'
      AND (n.first).attrs->'inherited_from' IS DISTINCT FROM (n.new).attrs->'inherited_from'
    UNION
    -- a partition whose parent is made anew is altered after it has left the old one and before it joins the new one
    SELECT CASE WHEN t.op = 'loosen' THEN t.acts_as ELSE n.acts_as END, CASE WHEN t.op = 'loosen' THEN n.acts_as ELSE t.acts_as END
    FROM node AS n
    JOIN node AS t ON t.kind = 'table' AND t.object_id = (n.new).parent_id AND t.op IN ('loosen', 'late')
    WHERE n.kind = 'column' AND n.op = 'alter' AND (n.first).attrs->'inherited_from' = (n.new).attrs->'inherited_from'
    UNION
    -- and leaves the old one before that loses it
    SELECT t.acts_as, c.acts_as
    FROM node AS n
    JOIN node AS c ON c.kind = 'column' AND c.op = 'drop' AND (c.first).name = (n.first).name
        AND (c.first).parent_id = ((n.first).attrs->>'inherited_from')::uuid
    JOIN node AS t ON t.object_id = (n.new).parent_id AND t.op = 'alter'
    WHERE n.kind = 'column' AND n.op = 'alter' AND (n.first).attrs ? 'inherited_from'
      AND (n.first).attrs->'inherited_from' IS DISTINCT FROM (n.new).attrs->'inherited_from';
END;
COMMENT ON FUNCTION _pggit.parent_edges(_pggit.plan_actor[]) IS $$
The order between what a table has and what the parents that it joins, leaves or keeps have.
$$;

CREATE OR REPLACE FUNCTION _pggit.fixed_options(p_items _pggit.plan_item[])
RETURNS uuid[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT i.object_id
    FROM unnest(p_items) AS i
    JOIN unnest(p_items) AS t ON t.object_id = (i.new).parent_id AND (t.new).attrs ? 'partition_by'
    WHERE i.kind IN ('index', 'constraint')
      AND i.action = 'alter'
      AND EXISTS (SELECT FROM _pggit.option_changes('', (i.old).attrs, (i.new).attrs))
);
COMMENT ON FUNCTION _pggit.fixed_options(_pggit.plan_item[]) IS $$
Indexes and keys of partitioned tables whose storage parameters differ: PostgreSQL sets them when such an index is made, and never later.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_usual_name(p_table _pggit.object, p_name text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN starts_with(p_name, left((p_table).name, 25)) AND p_name ~ '_(idx|key|pkey|excl)[0-9]*$';
COMMENT ON FUNCTION _pggit.is_usual_name(_pggit.object, text) IS $$
Whether PostgreSQL may have chosen the name for an index of the table.
$$;

CREATE OR REPLACE FUNCTION _pggit.leaving_attrs(p_model _pggit.object, p_own _pggit.object, p_part _pggit.object)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
    FROM jsonb_each(coalesce((p_own).attrs, (p_model).attrs)) AS a
    WHERE a.key NOT IN ('comment', 'index_comment')
      AND NOT (a.key LIKE 'option:%' AND coalesce((p_part).attrs ? 'usual_options', false))
) || coalesce((p_part).attrs - '{index_name,usual_name,usual_options}'::text[], '{}')
  || CASE WHEN (p_own).object_id IS NULL THEN '{"unshared": true}'::jsonb ELSE '{}' END;
COMMENT ON FUNCTION _pggit.leaving_attrs(_pggit.object, _pggit.object, _pggit.object) IS $$
What a partition's part of an index or key is, as the partition's own.
$$;

CREATE OR REPLACE FUNCTION _pggit.leaving_deps(p_heir _pggit.object, p_model _pggit.object, p_from _pggit.object[])
RETURNS uuid[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT coalesce((k).object_id, d.object_id) AS object_id
    FROM unnest((p_model).deps) AS d(object_id)
    LEFT JOIN unnest(p_from) AS c ON (c).object_id = d.object_id AND (c).kind = 'column' AND (c).parent_id = (p_model).parent_id
    LEFT JOIN unnest(p_from) AS k ON (k).parent_id = (p_heir).object_id AND (k).kind = 'column' AND (k).name = (c).name
    WHERE d.object_id <> (p_model).parent_id
    ORDER BY 1
);
COMMENT ON FUNCTION _pggit.leaving_deps(_pggit.object, _pggit.object, _pggit.object[]) IS $$
What the part of a partition needs: what its parent's does, with the partition's columns where these are told apart.
$$;

CREATE OR REPLACE FUNCTION _pggit.leaving_parts(p_from _pggit.object[], p_to _pggit.object[])
RETURNS TABLE (heir _pggit.object, model _pggit.object, own _pggit.object, part _pggit.object)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    WITH heir AS MATERIALIZED (
        SELECT (t).object_id
        FROM unnest(p_from) AS t
        JOIN unnest(p_to) AS o ON (o).object_id = (t).object_id
        WHERE (t).kind = 'table' AND (t).attrs ? 'partition_of'
          AND (t).attrs->'partition_of' IS DISTINCT FROM (o).attrs->'partition_of'
    )
    SELECT l.heir, m, x.own, i
    FROM _pggit.lineage(p_from, ARRAY(SELECT h.object_id FROM heir AS h)) AS l
    JOIN unnest(p_from) AS m ON (m).parent_id = (l.member).object_id
    LEFT JOIN LATERAL (
        SELECT w AS own
        FROM unnest(p_from) AS w
        WHERE (w).parent_id = (l.heir).object_id AND _pggit.is_same_part(w, m)
          -- an index of its own beside the part is no part
          AND ((w).kind <> 'index' OR (w).attrs ? 'shared')
        ORDER BY (w).name
        LIMIT 1
    ) AS x ON true
    LEFT JOIN unnest(p_from) AS i
        ON (i).kind = 'partition_index' AND (i).parent_id = (l.heir).object_id AND (i).name = (m).name AND l.distance = 1
    WHERE l.distance > 0
      AND ((m).kind = 'index' AND NOT (m).attrs ? 'only' OR (m).attrs->>'type' IN ('primary_key', 'unique', 'exclusion')
          -- one that the parent loses has gone before
          OR (m).attrs->>'type' = 'foreign_key' AND EXISTS (SELECT FROM unnest(p_to) AS k WHERE (k).object_id = (m).object_id))
      -- a new parent with an equal one takes it in
      AND NOT EXISTS (
          SELECT
          FROM unnest(p_to) AS o
          JOIN unnest(p_to) AS n ON (n).parent_id = ANY ((o).deps) AND _pggit.is_same_part(n, m)
          WHERE (o).object_id = (l.heir).object_id AND (o).attrs ? 'partition_of');
END;
COMMENT ON FUNCTION _pggit.leaving_parts(_pggit.object[], _pggit.object[]) IS $$
What partitions that leave a parent take with them (ALTER TABLE, DETACH PARTITION): for each index and key of the parent (model) what is
known of the partition's part, and what p_from says of it as the partition's own.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_out_leaving(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_own   _pggit.object[];
    v_gone  uuid[];
    v_notes jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_from) AS f WHERE (f).attrs ? 'partition_of') THEN
        RETURN p_from;
    END IF;
    WITH leaving AS MATERIALIZED (
        SELECT
            l.heir, l.model, l.own, l.part, (l.model).attrs->>'type' IS NOT DISTINCT FROM 'foreign_key' AS is_foreign,
            _pggit.new_object_id((l.model).kind, (l.heir).object_id, (l.model).object_id::text, NULL) AS new_id
        FROM _pggit.leaving_parts(p_from, p_to) AS l
    ), named AS MATERIALIZED (
        SELECT
            w.*,
            coalesce((w.own).name, CASE WHEN w.is_foreign THEN (w.model).name
                ELSE coalesce((w.part).attrs->>'index_name', 'left_' || left(w.new_id::text, 8)) END) AS name
        FROM leaving AS w
    )
    SELECT
        array_agg((
            coalesce((n.own).object_id, n.new_id), (n.model).kind, (n.heir).object_id, (n.heir).schema_name, (n.heir).name, n.name, NULL,
            _pggit.leaving_attrs(n.model, n.own, n.part),
            CASE WHEN (n.own).object_id IS NULL THEN _pggit.leaving_deps(n.heir, n.model, p_from) ELSE (n.own).deps END
        )::_pggit.object),
        array_agg((n.own).object_id) || array_agg((n.part).object_id),
        (
            SELECT jsonb_object_agg(h.heir_id, h.note)
            FROM (
                SELECT (k.heir).object_id AS heir_id, jsonb_strip_nulls(jsonb_build_object(
                    'kept', jsonb_agg((k.model).object_id) FILTER (WHERE NOT k.is_foreign),
                    'leaving', jsonb_object_agg((k.model).name, k.name) FILTER (WHERE NOT k.is_foreign AND CASE
                        WHEN (k.part).object_id IS NOT NULL THEN (k.part).attrs->>'index_name' <> k.name
                        WHEN (k.own).object_id IS NULL THEN true
                        ELSE NOT _pggit.is_usual_name(k.heir, k.name)
                    END))) AS note
                FROM named AS k
                GROUP BY (k.heir).object_id
            ) AS h
        )
    INTO v_own, v_gone, v_notes
    FROM named AS n;
    IF v_own IS NULL THEN
        RETURN p_from;
    END IF;
    RETURN v_own || ARRAY(
        SELECT CASE WHEN v_notes ? (f).object_id::text THEN (
            (f).object_id, (f).kind, (f).parent_id, (f).schema_name, (f).table_name, (f).name, (f).signature,
            (f).attrs || (v_notes->((f).object_id::text)), (f).deps)::_pggit.object ELSE f END
        FROM unnest(p_from) AS f
        WHERE (f).object_id = ANY (v_gone) IS NOT TRUE
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_leaving(_pggit.object[], _pggit.object[]) IS $$
The old tree where partitions that leave their parents have what they take with them as their own: what p_to has too stays, and
gets its name and attributes; the rest is dropped when they have left.
$$;
