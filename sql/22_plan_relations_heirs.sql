-- Plan for partitions and heirs: what a table has from its parents, written out where the parents change.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.is_same_part(p_part _pggit.object, p_model _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_part).kind = (p_model).kind AND CASE
    WHEN (p_part).kind = 'column' THEN (p_part).name = (p_model).name
    WHEN (p_part).attrs->>'type' = 'check' THEN (p_part).name = (p_model).name
        AND (p_part).attrs - 'comment'::text = (p_model).attrs - 'comment'::text
    ELSE (p_part).attrs - '{comment,shared}'::text[] = (p_model).attrs - 'comment'::text
END;
COMMENT ON FUNCTION _pggit.is_same_part(_pggit.object, _pggit.object) IS $$
Whether a table's own column, constraint or index is what its parent would give it.
$$;

CREATE OR REPLACE FUNCTION _pggit.qualify_names(p_object _pggit.object, p_tree _pggit.object[])
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN count(*) = 0 THEN (p_object).attrs
        ELSE _pggit.map_attrs(
            (p_object).attrs,
            array_agg(_pggit.name_pattern(quote_ident((d).name)) ORDER BY (d).object_id),
            array_agg(quote_ident((d).schema_name) || '.' || quote_ident((d).name) ORDER BY (d).object_id))
    END
    FROM unnest(p_tree) AS d
    WHERE (d).object_id = ANY ((p_object).deps)
      AND (d).schema_name = (p_object).schema_name
      AND (d).table_name IS NULL;
END;
COMMENT ON FUNCTION _pggit.qualify_names(_pggit.object, _pggit.object[]) IS $$
The attributes as another schema would write them: what it needs of its own schema under qualified names.
$$;

CREATE OR REPLACE FUNCTION _pggit.own_attrs(p_heir _pggit.object, p_model _pggit.object, p_tree _pggit.object[])
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_object_agg(a.key, a.value)
    FROM jsonb_each(CASE
        WHEN (p_heir).schema_name = (p_model).schema_name THEN (p_model).attrs
        ELSE _pggit.qualify_names(p_model, p_tree)
    END) AS a
    WHERE a.key <> 'comment' AND a.key <> 'identity' AND NOT starts_with(a.key, 'identity:') AND NOT starts_with(a.key, 'acl:')
);
COMMENT ON FUNCTION _pggit.own_attrs(_pggit.object, _pggit.object, _pggit.object[]) IS $$
What a parent's column says, as the heir's own column would: comments, grants and identities are not inherited.
$$;

CREATE OR REPLACE FUNCTION _pggit.note_kept_parts(p_heir _pggit.object, p_this _pggit.object[], p_other _pggit.object[])
RETURNS _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ((p_heir).object_id, (p_heir).kind, (p_heir).parent_id, (p_heir).schema_name, (p_heir).table_name, (p_heir).name, (p_heir).signature,
    (p_heir).attrs || coalesce((
        SELECT jsonb_build_object('kept', jsonb_agg((m).object_id))
        FROM unnest(p_this) AS m
        JOIN unnest(p_other) AS x ON (x).parent_id = (p_heir).object_id AND _pggit.is_same_part(x, m)
        WHERE (m).parent_id = ANY ((p_heir).deps)
          AND ((m).kind = 'index' OR (m).kind = 'constraint' AND (m).attrs->>'type' <> 'foreign_key')
    ), '{}'), (p_heir).deps)::_pggit.object;
COMMENT ON FUNCTION _pggit.note_kept_parts(_pggit.object, _pggit.object[], _pggit.object[]) IS $$
A partition or heir with the keys and indexes of its parents that are its own in p_other: it leaves before they go.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_out_heirs(p_this _pggit.object[], p_other _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_heirs uuid[];
    v_moved _pggit.object[];
BEGIN
    SELECT array_agg((t).object_id)
    INTO v_heirs
    FROM unnest(p_this) AS t
    JOIN unnest(p_other) AS o ON (o).object_id = (t).object_id
    WHERE (t).kind = 'table'
      AND (t).attrs ?| '{partition_of,inherits}'
      AND (
          ((t).attrs->'partition_of', (t).attrs->'inherits')
              IS DISTINCT FROM ((o).attrs->'partition_of', (o).attrs->'inherits')
          -- a table that is partitioned in another way is made anew
          OR (t).attrs ? 'partition_of' AND EXISTS (
              SELECT
              FROM unnest(p_this) AS m
              JOIN unnest(p_other) AS n ON (n).object_id = (m).object_id
              WHERE (m).object_id = ANY ((t).deps)
                AND (m).kind = 'table'
                AND (m).attrs->'partition_by' IS DISTINCT FROM (n).attrs->'partition_by')
      );
    IF v_heirs IS NULL THEN
        RETURN p_this;
    END IF;
    v_moved := _pggit.moved_defaults(p_this, p_other, v_heirs);
    RETURN ARRAY(
        SELECT CASE WHEN (t).object_id <> ALL (v_heirs) THEN t ELSE _pggit.note_kept_parts(t, p_this, p_other) END
        FROM unnest(p_this) AS t LEFT JOIN unnest(v_moved) AS m ON (m).object_id = (t).object_id WHERE (m).object_id IS NULL
    ) || ARRAY(
        SELECT DISTINCT ON ((x).object_id) (
            (x).object_id, (x).kind, (x).parent_id, (l.heir).schema_name, (l.heir).name, (x).name, (x).signature,
            CASE
                -- it becomes the part of the parent's, or was that: no index to build
                WHEN (x).kind = 'index' THEN (x).attrs || '{"shared": true}'
                WHEN (x).kind <> 'column' THEN (x).attrs
                ELSE _pggit.own_attrs(l.heir, m, p_this)
            END,
            CASE WHEN (x).kind = 'column' THEN (m).deps ELSE (x).deps END
        )::_pggit.object
        FROM _pggit.lineage(p_this, v_heirs) AS l
        JOIN unnest(p_other) AS x ON (x).parent_id = (l.heir).object_id
        JOIN unnest(p_this) AS m ON (m).parent_id = (l.member).object_id AND _pggit.is_same_part(x, m)
        LEFT JOIN unnest(p_this) AS k ON (k).object_id = (x).object_id
        WHERE l.distance > 0
          AND (x).kind IN ('column', 'constraint', 'index')
          AND NOT (x).attrs ? 'inherited'
          AND (k).object_id IS NULL
        ORDER BY (x).object_id, l.distance
    ) || v_moved || _pggit.unshared_parts(p_this, p_other, v_heirs);
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_heirs(_pggit.object[], _pggit.object[]) IS $$
The tree with the inherited parts of those tables whose parents are others in p_other, as far as they are its own there: a table
that leaves its parent keeps its columns and keys, and one that joins a parent brings its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.keep_columns(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_kept _pggit.object[];
    v_lost uuid[];
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_to) AS t WHERE (t).attrs ? 'inherits') THEN
        RETURN p_from;
    END IF;
    WITH heir AS MATERIALIZED (
        SELECT (f).object_id, (f).deps
        FROM unnest(p_from) AS f
        JOIN unnest(p_to) AS t ON (t).object_id = (f).object_id
        WHERE (f).kind = 'table' AND (f).attrs ? 'inherits'
          AND (f).attrs->'inherits' = (t).attrs->'inherits'
    ), kept AS MATERIALIZED (
        SELECT x, m
        FROM heir AS h
        JOIN unnest(p_to) AS x ON (x).parent_id = h.object_id
        JOIN unnest(p_from) AS m ON (m).parent_id = ANY (h.deps) AND (m).kind = 'column' AND (m).name = (x).name
        JOIN unnest(p_to) AS g ON (g).object_id = (m).parent_id
        WHERE (x).kind = 'column' AND NOT (x).attrs ? 'inherited'
          AND (x).attrs - '{position,comment,default}'::text[] = (m).attrs - '{position,comment,default}'::text[]
          AND NOT EXISTS (SELECT FROM unnest(p_from) AS o WHERE (o).object_id = (x).object_id)
          AND NOT EXISTS (SELECT FROM unnest(p_to) AS o WHERE (o).object_id = (m).object_id)
    ), whole AS (
        -- ONLY spares every heir: it serves where every heir keeps the column and has no heirs itself
        SELECT c.lost_id AS object_id
        FROM (
            SELECT (k.m).object_id AS lost_id, (k.m).parent_id AS table_id, array_agg((k.x).parent_id) AS heir_ids
            FROM kept AS k
            GROUP BY 1, 2
        ) AS c
        WHERE NOT EXISTS (
            SELECT FROM unnest(p_from) AS f
            WHERE (f).attrs ? 'inherits'
              AND (c.table_id = ANY ((f).deps) AND (f).object_id <> ALL (c.heir_ids) OR (f).deps && c.heir_ids))
    )
    SELECT
        array_agg(((k.x).object_id, 'column', (k.x).parent_id, (k.x).schema_name, (k.x).table_name, (k.x).name, NULL,
            (k.m).attrs - 'comment'::text, (k.m).deps)::_pggit.object),
        array_agg((k.m).object_id)
    INTO v_kept, v_lost
    FROM kept AS k
    JOIN whole AS w ON w.object_id = (k.m).object_id;
    IF v_kept IS NULL THEN
        RETURN p_from;
    END IF;
    RETURN v_kept || ARRAY(
        SELECT CASE WHEN (f).object_id = ANY (v_lost) THEN ((f).object_id, (f).kind, (f).parent_id, (f).schema_name,
            (f).table_name, (f).name, (f).signature, (f).attrs || '{"only": true}', (f).deps)::_pggit.object ELSE f END
        FROM unnest(p_from) AS f);
END;
$$;
COMMENT ON FUNCTION _pggit.keep_columns(_pggit.object[], _pggit.object[]) IS $$
The old tree where a parent loses a column that its heirs keep as their own: the heirs' columns are spelled out, and the parent's is marked
to be dropped with ONLY, which makes the others local (ALTER TABLE, DROP COLUMN).
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_out_defaults(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_lost _pggit.object[];
BEGIN
    SELECT array_agg(f)
    INTO v_lost
    FROM (
        SELECT f
        FROM unnest(p_from) AS f
        WHERE (f).kind = 'column'
          AND (f).attrs ? 'inherited'
          AND (f).attrs ?| '{default,no_default}'
    ) AS f
    JOIN unnest(p_to) AS h ON (h).object_id = (f.f).parent_id AND (h).attrs ?| '{partition_of,inherits,of_type}'
    LEFT JOIN unnest(p_to) AS t ON (t).object_id = (f.f).object_id
    WHERE (t).object_id IS NULL;
    IF v_lost IS NULL THEN
        RETURN p_to;
    END IF;
    RETURN p_to || ARRAY(
        SELECT DISTINCT ON ((f).object_id) (
            (f).object_id, 'column', (f).parent_id, (l.heir).schema_name, (l.heir).name, (f).name, NULL,
            jsonb_strip_nulls(jsonb_build_object('inherited', true, 'default', (CASE
                WHEN (l.heir).schema_name = (l.member).schema_name THEN (m).attrs
                ELSE _pggit.qualify_names(m, p_to)
            END)->'default')),
            ARRAY(SELECT d FROM unnest((m).deps || (l.heir).object_id) AS d WHERE d <> (m).parent_id ORDER BY d)
        )::_pggit.object
        FROM _pggit.lineage(p_to, ARRAY(SELECT (f).parent_id FROM unnest(v_lost) AS f)) AS l
        JOIN unnest(v_lost) AS f ON (f).parent_id = (l.heir).object_id
        JOIN unnest(p_to) AS m ON (m).parent_id = (l.member).object_id AND (m).kind = 'column' AND (m).name = (f).name
        WHERE l.distance > 0
        ORDER BY (f).object_id, l.distance
    ) || ARRAY(
        -- the attributes of a type have no defaults
        SELECT ((f).object_id, 'column', (f).parent_id, (h).schema_name, (h).name, (f).name, NULL, '{"inherited": true}',
            ARRAY[(h).object_id])::_pggit.object
        FROM unnest(v_lost) AS f
        JOIN unnest(p_to) AS h ON (h).object_id = (f).parent_id AND (h).attrs ? 'of_type'
        JOIN unnest(p_to) AS c ON (c).kind = 'composite' AND (c).object_id = ANY ((h).deps)
        WHERE jsonb_path_exists((c).attrs->'attributes', '$[*] ? (@.name == $name)', jsonb_build_object('name', (f).name))
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_defaults(_pggit.object[], _pggit.object[]) IS $$
The new tree with the inherited defaults of those columns whose table said something else of them before.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_out_not_nulls(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_heirs uuid[];
    v_named _pggit.object[];
BEGIN
    SELECT array_agg(DISTINCT (h).object_id)
    INTO v_heirs
    FROM unnest(p_from || p_to) AS x
    JOIN unnest(p_to) AS h ON (h).object_id = (x).parent_id AND (h).attrs ?| '{partition_of,inherits}'
    JOIN unnest(p_from) AS o ON (o).object_id = (h).object_id
        AND (o).attrs->'partition_of' IS NOT DISTINCT FROM (h).attrs->'partition_of'
    WHERE (x).kind = 'column' AND (x).attrs ?& '{inherited,not_null_name}';
    IF v_heirs IS NULL THEN
        RETURN p_to;
    END IF;
    SELECT array_agg((
        coalesce((f).object_id, (t).object_id), 'column', (h).object_id, (h).schema_name, (h).name, coalesce(g.name, n.name), NULL,
        coalesce((t).attrs, '{"inherited": true}') || CASE
            -- whether it is the table's own, too, and so stays there under the parent's name, is not known
            WHEN g.heir_id IS NULL THEN '{"not_null_afresh": true}'
            WHEN n.heir_id IS NOT NULL THEN CASE WHEN (f).object_id IS NULL THEN '{}' ELSE
                jsonb_build_object('not_null', true, 'not_null_name', (f).attrs->'not_null_name') END
            -- an heir would have it as its own ever after
            WHEN (h).attrs ? 'inherits' THEN jsonb_build_object('not_null_before', g.origin_id)
            ELSE jsonb_build_object('not_null', true, 'not_null_before', g.origin_id,
                'not_null_name', coalesce((t).attrs->'not_null_name', g.not_null_name))
        END - CASE WHEN g.heir_id IS NOT NULL AND n.heir_id IS NOT NULL AND (f).object_id IS NULL
            THEN '{not_null,not_null_name}'::text[] ELSE '{}' END,
        coalesce((t).deps, '{}')
    )::_pggit.object)
    INTO v_named
    FROM _pggit.named_not_nulls(p_to, v_heirs) AS g
    FULL JOIN _pggit.named_not_nulls(p_from, v_heirs) AS n ON n.heir_id = g.heir_id AND n.name = g.name
    JOIN unnest(p_to) AS h ON (h).object_id = coalesce(g.heir_id, n.heir_id)
    LEFT JOIN unnest(p_from) AS f ON (f).parent_id = (h).object_id AND (f).kind = 'column' AND (f).name = coalesce(g.name, n.name)
        AND (f).attrs ?& '{inherited,not_null_name}'
    LEFT JOIN unnest(p_to) AS t ON (t).parent_id = (h).object_id AND (t).kind = 'column' AND (t).name = coalesce(g.name, n.name)
    WHERE ((t).object_id IS NULL OR (t).attrs ? 'inherited')
      AND CASE WHEN g.heir_id IS NULL THEN (f).object_id IS NULL AND coalesce((t).attrs ? 'not_null_name', false)
          ELSE (f).object_id IS NOT NULL OR n.heir_id IS NOT NULL AND coalesce((t).attrs ? 'not_null_name', false) END;
    IF v_named IS NULL THEN
        RETURN p_to;
    END IF;
    RETURN ARRAY(SELECT n FROM unnest(v_named) AS n WHERE (n).attrs <> '{"inherited": true}') || ARRAY(
        SELECT t
        FROM unnest(p_to) AS t
        LEFT JOIN unnest(v_named) AS n ON (n).object_id = (t).object_id
        WHERE (n).object_id IS NULL
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_not_nulls(_pggit.object[], _pggit.object[]) IS $$
The new tree where inherited columns have a name of their own for their NOT NULL (PostgreSQL 18). Where it is inherited by now, it stays
under the name that it has, since such a constraint can be neither dropped nor renamed; else it gets the one of the goal before the parent
has any (not_null_before). Where the parent's goes it is made afresh.
$$;

CREATE OR REPLACE FUNCTION _pggit.adopt_indexes(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_adopted uuid[];
BEGIN
    SELECT array_agg(DISTINCT g.object_id)
    INTO v_adopted
    FROM unnest(p_items) AS g
    JOIN unnest(p_items) AS h ON h.object_id = (g.old).parent_id AND h.action <> 'drop' AND (h.new).attrs ? 'partition_of'
    JOIN unnest(p_items) AS m ON (m.new).parent_id = ANY ((h.new).deps) AND m.kind = 'index' AND m.action IN ('create', 'rebuild')
    WHERE g.kind = 'index'
      AND g.action = 'drop'
      AND _pggit.is_same_part(g.old, m.new);
    IF v_adopted IS NULL THEN
        RETURN p_items;
    END IF;
    RETURN ARRAY(SELECT i FROM unnest(p_items) AS i WHERE i.object_id <> ALL (v_adopted));
END;
$$;
COMMENT ON FUNCTION _pggit.adopt_indexes(_pggit.plan_item[]) IS $$
Leaves a partition's own index where its parent gets the same one: CREATE INDEX on the parent attaches it.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_out_attached(p_this _pggit.object[], p_other _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_parts _pggit.object[];
    v_gone  uuid[];
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_this) AS t WHERE (t).kind = 'partition_index' AND (t).attrs ? 'only') THEN
        RETURN p_this;
    END IF;
    SELECT
        array_agg((
            coalesce((o).object_id, _pggit.new_object_id('index', (h).object_id, (x).attrs->>'index_name', NULL)), 'index', (h).object_id,
            (h).schema_name, (h).name, (x).attrs->>'index_name', NULL,
            (
                SELECT jsonb_object_agg(a.key, a.value)
                FROM jsonb_each((m).attrs) AS a
                WHERE a.key NOT IN ('only', 'comment') AND NOT ((x).attrs ? 'usual_options' AND starts_with(a.key, 'option:'))
            ) || ((x).attrs - '{only,index_name,usual_name,usual_options}'::text[])
                || CASE WHEN (h).attrs->'partition_of' IS DISTINCT FROM (k).attrs->'partition_of' AND (k).object_id IS NOT NULL THEN '{}'
                    ELSE jsonb_build_object('attached_to', _pggit.object_target(m), 'attached_id', (m).object_id) END,
            _pggit.leaving_deps(h, m, p_this) || ARRAY[(h).object_id, (m).object_id]
        )::_pggit.object),
        array_agg((x).object_id)
    INTO v_parts, v_gone
    FROM unnest(p_this) AS x
    JOIN unnest(p_this) AS h ON (h).object_id = (x).parent_id
    JOIN unnest(p_this) AS m ON (m).kind = 'index' AND (m).name = (x).name AND (m).parent_id = ANY ((h).deps) AND (m).attrs ? 'only'
    LEFT JOIN unnest(p_other) AS k ON (k).object_id = (h).object_id
    LEFT JOIN unnest(p_other) AS o
        ON (o).kind = 'index' AND (o).parent_id = (h).object_id AND (o).name = (x).attrs->>'index_name'
    WHERE (x).kind = 'partition_index' AND (x).attrs ? 'only';
    IF v_parts IS NULL THEN
        RETURN p_this;
    END IF;
    RETURN v_parts || ARRAY(SELECT t FROM unnest(p_this) AS t WHERE (t).object_id <> ALL (v_gone));
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_attached(_pggit.object[], _pggit.object[]) IS $$
The tree with the parts of indexes ON ONLY a partitioned table as the partitions' own indexes: such an index makes none itself, each is
built and attached (ALTER INDEX, ATTACH PARTITION).
$$;

CREATE OR REPLACE FUNCTION _pggit.follow_attached(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_anew uuid[];
BEGIN
    SELECT array_agg(DISTINCT m.object_id)
    INTO v_anew
    FROM unnest(p_items) AS m
    WHERE m.kind IN ('index', 'constraint') AND m.action <> 'create' AND (m.old).attrs ? 'only' AND (
        m.action IN ('drop', 'rebuild')
        OR EXISTS (
            SELECT FROM unnest(p_items) AS g
            WHERE g.kind = 'index' AND g.action IN ('drop', 'rebuild') AND (g.old).attrs->>'attached_id' = m.object_id::text)
        -- with the type of a column PostgreSQL builds it anew, and whole
        OR EXISTS (
            SELECT FROM unnest(p_items) AS c
            WHERE c.kind = 'column' AND c.object_id = ANY ((m.old).deps) AND c.action = 'alter'
              AND (c.is_retyped OR _pggit.is_retyping(c.old, c.new))));
    IF v_anew IS NULL THEN
        RETURN p_items;
    END IF;
    RETURN ARRAY(
        SELECT (
            i.object_id, i.kind, CASE
                WHEN i.object_id = ANY (v_anew) THEN CASE i.action WHEN 'drop' THEN 'drop' ELSE 'rebuild' END
                WHEN i.kind = 'index' AND ((i.old).attrs->>'attached_id')::uuid = ANY (v_anew) THEN 'create'
                ELSE i.action
            END, i.is_renamed, i.is_retyped, i.is_loosened, i.is_set_aside, i.parent_kind, i.first, i.old, i.new
        )::_pggit.plan_item
        FROM unnest(p_items) AS i
        WHERE NOT (i.kind = 'index' AND i.action = 'drop' AND coalesce(((i.old).attrs->>'attached_id')::uuid = ANY (v_anew), false)));
END;
$$;
COMMENT ON FUNCTION _pggit.follow_attached(_pggit.plan_item[]) IS $$
What is attached to an index ON ONLY a partitioned table goes with that alone, so it takes that with it, and comes again after it.
$$;

CREATE OR REPLACE FUNCTION _pggit.spare_partitions(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_spared uuid[];
BEGIN
    SELECT array_agg(DISTINCT h.object_id)
    INTO v_spared
    FROM unnest(p_items) AS h
    JOIN unnest(p_items) AS t ON t.action = 'rebuild' AND t.kind = 'table' AND t.object_id = ANY ((h.old).deps)
    WHERE h.kind = 'table'
      AND h.action IN ('keep', 'alter')
      AND (h.old).attrs ? 'partition_of'
      AND (h.old).attrs->'partition_of' = (h.new).attrs->'partition_of';
    IF v_spared IS NULL THEN
        RETURN p_items;
    END IF;
    RETURN ARRAY(
        SELECT CASE
            WHEN i.object_id <> ALL (v_spared) THEN i
            ELSE (
                i.object_id, i.kind, 'alter', i.is_renamed, i.is_retyped, true, i.is_set_aside, i.parent_kind, i.first,
                ((i.old).object_id, (i.old).kind, (i.old).parent_id, (i.old).schema_name, (i.old).table_name, (i.old).name,
                    (i.old).signature, (i.old).attrs || jsonb_strip_nulls(jsonb_build_object('bound', (i.new).attrs->'bound')),
                    (i.old).deps)::_pggit.object,
                i.new
            )::_pggit.plan_item
        END
        FROM unnest(p_items) AS i
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spare_partitions(_pggit.plan_item[]) IS $$
A partition whose parent is made anew is detached from the old one and attached to the new one, with its rows.
$$;

CREATE OR REPLACE FUNCTION _pggit.follow_partition_indexes(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_named uuid[];
    v_gone  uuid[];
    v_apart uuid[];
BEGIN
    -- what the parent's index undergoes, its parts do: they lose their names with it, or go
    SELECT array_agg(x.object_id) FILTER (WHERE x.action <> 'drop'), array_agg(x.object_id) FILTER (WHERE x.action = 'drop')
    INTO v_named, v_gone
    FROM unnest(p_items) AS x
    JOIN unnest(p_items) AS h ON h.object_id = coalesce((x.new).parent_id, (x.old).parent_id)
    JOIN unnest(p_items) AS m
        ON m.kind IN ('index', 'constraint')
        AND m.action IN ('drop', 'create', 'rebuild')
        AND coalesce((m.new).name, (m.old).name) = coalesce((x.new).name, (x.old).name)
        AND coalesce((m.new).parent_id, (m.old).parent_id) = ANY ((coalesce(h.new, h.old)).deps)
    WHERE x.kind = 'partition_index'
      AND x.action <> 'create';
    v_named := v_named || _pggit.retyped_partition_indexes(p_items);
    -- a table that joins a parent would give up its own index to be the part of the parent's equal one
    SELECT array_agg(DISTINCT g.object_id)
    INTO v_apart
    FROM _pggit.lineage(
        ARRAY(SELECT t.new FROM unnest(p_items) AS t WHERE t.kind = 'table' AND t.action <> 'drop'),
        ARRAY(
            SELECT h.object_id
            FROM unnest(p_items) AS h
            WHERE h.kind = 'table'
              AND h.action = 'alter'
              AND (h.new).attrs ? 'partition_of'
              AND (h.old).attrs->'partition_of' IS DISTINCT FROM (h.new).attrs->'partition_of')) AS l
    JOIN unnest(p_items) AS g ON g.kind = 'index' AND g.action = 'keep' AND (g.new).parent_id = (l.heir).object_id
    JOIN unnest(p_items) AS m
        ON m.kind IN ('index', 'constraint') AND (m.new).parent_id = (l.member).object_id AND _pggit.is_same_part(g.new, m.new)
    WHERE l.distance > 0;
    IF v_named IS NULL AND v_gone IS NULL AND v_apart IS NULL THEN
        RETURN p_items;
    END IF;
    RETURN ARRAY(
        SELECT CASE
            WHEN i.object_id = ANY (v_apart) OR i.object_id = ANY (v_named) THEN (
                i.object_id, i.kind, CASE WHEN i.kind = 'partition_index' THEN 'create' ELSE 'rebuild' END, i.is_renamed,
                i.is_retyped, i.is_loosened, i.is_set_aside, i.parent_kind, i.first, i.old, i.new
            )::_pggit.plan_item
            ELSE i
        END
        FROM unnest(p_items) AS i
        WHERE v_gone IS NULL OR i.object_id <> ALL (v_gone)
    );
END;
$$;
COMMENT ON FUNCTION _pggit.follow_partition_indexes(_pggit.plan_item[]) IS $$
Keeps the names of the parts of partitioned indexes, and a partition's own indexes apart from them.
$$;

CREATE OR REPLACE FUNCTION _pggit.contested_not_nulls(p_from _pggit.object[], p_to _pggit.object[])
RETURNS uuid[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH kept AS MATERIALIZED (
        SELECT DISTINCT d.object_id
        FROM unnest(p_to) AS h
        JOIN unnest(p_from) AS o ON (o).object_id = (h).object_id
        CROSS JOIN LATERAL unnest((h).deps) AS d(object_id)
        WHERE (h).attrs ? 'partition_of'
    ), remade AS MATERIALIZED (
        SELECT (o).object_id
        FROM unnest(p_from) AS o
        JOIN unnest(p_to) AS t ON (t).object_id = (o).object_id
        WHERE (o).kind = 'table' AND (o).attrs->'partition_by' IS DISTINCT FROM (t).attrs->'partition_by'
    )
    SELECT array_agg(c.object_id)
    FROM (
        SELECT a.object_id, a.table_id, a.is_wanted, count(*) OVER (PARTITION BY a.schema_name, a.name) AS namesakes
        FROM (
            SELECT (o).object_id, (o).parent_id AS table_id, (o).schema_name, (o).attrs->>'not_null_name' AS name, true AS is_wanted
            FROM unnest(p_to) AS o
            WHERE (o).kind = 'column' AND (o).attrs ? 'not_null_name'
            UNION ALL
            -- a name is taken, too, by what goes later in the plan
            SELECT (f).object_id, (f).parent_id, (f).schema_name, (f).attrs->>'not_null_name', false
            FROM unnest(p_from) AS f
            LEFT JOIN unnest(p_to) AS t ON (t).object_id = (f).object_id
            WHERE (f).kind = 'column' AND (f).attrs ? 'not_null_name' AND (t).object_id IS NULL
        ) AS a
    ) AS c
    LEFT JOIN unnest(p_from) AS f ON (f).object_id = c.object_id
    LEFT JOIN remade AS r ON r.object_id = c.table_id
    WHERE c.is_wanted
      -- the partitions of a table that is made anew leave it with the names of its constraints
      AND (r.object_id IS NOT NULL OR NOT coalesce((f).attrs ? 'not_null_name', false) AND (
          c.namesakes > 1
          -- partitions hold the names of their parents' constraints, too: those that stay may have come from another parent
          OR c.table_id IN (SELECT k.object_id FROM kept AS k)));
END;
COMMENT ON FUNCTION _pggit.contested_not_nulls(_pggit.object[], _pggit.object[]) IS $$
Columns whose NOT NULL is made under its name, since PostgreSQL 18 would find that taken and choose another.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_targets(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_later uuid[];
    v_named uuid[];
    v_typed uuid[];
BEGIN
    SELECT array_agg(DISTINCT (t).object_id)
    INTO v_later
    FROM unnest(p_to) AS t
    JOIN unnest(p_to) AS k ON (k).parent_id = (t).object_id AND (k).kind = 'constraint' AND (k).attrs ? 'attached'
    LEFT JOIN unnest(p_from) AS f ON (f).object_id = (t).object_id
    WHERE (t).kind = 'table'
      AND (t).attrs ? 'partition_of'
      AND (f).object_id IS NULL;
    v_named := _pggit.contested_not_nulls(p_from, p_to);
    SELECT array_agg(DISTINCT (c).object_id)
    INTO v_typed
    FROM unnest(p_to) AS t
    CROSS JOIN LATERAL unnest((t).deps) AS d(object_id)
    JOIN unnest(p_to) AS c ON (c).object_id = d.object_id AND (c).kind = 'composite'
    JOIN unnest(p_from) AS f ON (f).object_id = (c).object_id AND (f).attrs->'attributes' <> (c).attrs->'attributes'
    WHERE (t).kind = 'table' AND (t).attrs ? 'of_type';
    IF v_later IS NULL AND v_named IS NULL AND v_typed IS NULL THEN
        RETURN p_to;
    END IF;
    RETURN ARRAY(
        SELECT CASE
            WHEN (o).object_id = ANY (v_named) THEN (
                (o).object_id, (o).kind, (o).parent_id, (o).schema_name, (o).table_name, (o).name, (o).signature,
                (o).attrs || '{"not_null_spelled": true}', (o).deps
            )::_pggit.object
            WHEN (o).object_id = ANY (v_typed) THEN (
                (o).object_id, (o).kind, (o).parent_id, (o).schema_name, (o).table_name, (o).name, (o).signature,
                (o).attrs || '{"typed": true}', (o).deps
            )::_pggit.object
            WHEN (o).object_id = ANY (v_later) THEN (
                (o).object_id, (o).kind, (o).parent_id, (o).schema_name, (o).table_name, (o).name, (o).signature,
                (o).attrs || '{"attached": true}', (o).deps
            )::_pggit.object
            ELSE o
        END
        FROM unnest(p_to) AS o
    );
END;
$$;
COMMENT ON FUNCTION _pggit.mark_targets(_pggit.object[], _pggit.object[]) IS $$
Marks the new partitions that have keys of their own as their part of an index of the parent: these are made first and the table is
attached then, so that PostgreSQL takes them for those that its parent asks for instead of making others. Marks, too, the columns
whose NOT NULL has a namesake in its schema (PostgreSQL 18): left to itself, PostgreSQL would choose another name. Marks, last, the types
of typed tables that change: their tables change with them.
$$;

CREATE OR REPLACE FUNCTION _pggit.attach_partition(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s ATTACH PARTITION %s %s', (p_object).attrs->>'partition_of',
            _pggit.qualified_name((p_object).schema_name, (p_object).name), (p_object).attrs->>'bound'),
        'ACCESS EXCLUSIVE', '{may_fail,long_lock}')
    WHERE (p_object).attrs ? 'partition_of';
END;
COMMENT ON FUNCTION _pggit.attach_partition(_pggit.object) IS $$
ATTACH PARTITION, when the table has all that its parent asks for.
$$;
