-- Renames in a merge, spelled by PostgreSQL: where a definition that one side wrote names what the other renamed.

-- == relations ==

-- An object and the schema that it gets.
CREATE TYPE _pggit.merge_move AS (
    object_id uuid,
    schema_id uuid
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.naming_ids(p_objects _pggit.object[], p_names _pggit.merge_name[])
RETURNS TABLE (object_id uuid, old_name text)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE heir AS MATERIALIZED (
        SELECT o.object_id, o.deps FROM unnest(p_objects) AS o
        WHERE o.kind = 'table' AND o.attrs ?| '{partition_of,inherits}'
    ), place AS (
        -- where a name stands: what has it, a column's table, and the tables that inherit the column
        SELECT n.object_id AS needed_id, n.old_name FROM unnest(p_names) AS n
        UNION
        SELECT o.parent_id, n.old_name
        FROM unnest(p_objects) AS o
        JOIN unnest(p_names) AS n ON n.object_id = o.object_id
        WHERE o.kind = 'column'
        UNION
        SELECT h.object_id, p.old_name
        FROM place AS p
        JOIN heir AS h ON p.needed_id = ANY (h.deps)
    ), parts AS MATERIALIZED (
        SELECT o.object_id, o.parent_id FROM unnest(p_objects) AS o WHERE o.parent_id IN (SELECT p.needed_id FROM place AS p)
    )
    SELECT DISTINCT o.object_id, p.old_name
    FROM unnest(p_objects) AS o
    CROSS JOIN LATERAL (
        SELECT unnest(o.deps || o.parent_id || o.object_id)
        -- who needs a column names its table as well
        UNION SELECT t.parent_id FROM parts AS t WHERE t.object_id = ANY (o.deps)
    ) AS d(needed_id)
    JOIN place AS p ON p.needed_id = d.needed_id;
END;
COMMENT ON FUNCTION _pggit.naming_ids(_pggit.object[], _pggit.merge_name[]) IS $$
The objects whose definitions can hold one of the names, by what they need, with that name.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_spelling_open(
    p_base _pggit.object[],
    p_side _pggit.object[],
    p_names _pggit.merge_name[]
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM _pggit.naming_ids(p_side, p_names) AS n
        JOIN unnest(p_side) AS s ON s.object_id = n.object_id
        LEFT JOIN unnest(p_base) AS b ON b.object_id = n.object_id
        CROSS JOIN LATERAL jsonb_each_text(s.attrs) AS a
        WHERE a.value IS DISTINCT FROM b.attrs ->> a.key
            AND a.key NOT IN ('comment', 'owner', 'position')
            AND (n.old_name IS NULL
                OR a.key <> 'type' AND (_pggit.mentions(a.value, n.old_name) OR strpos(a.value, quote_literal(n.old_name)) > 0)));
END;
$$;
COMMENT ON FUNCTION _pggit.is_spelling_open(_pggit.object[], _pggit.object[], _pggit.merge_name[]) IS $$
Whether a side wrote something that holds a name which is another after the merge.
p_names: with NULL for a name, where the object gets another schema: then all that has to do with it is spelled otherwise.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_drop_open(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_moves _pggit.merge_move[]
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN p_moves <> '{}' AND EXISTS (
        SELECT
        FROM _pggit.naming_ids(p_base, _pggit.moved_names(p_moves)) AS n
        LEFT JOIN unnest(p_ours) AS o ON o.object_id = n.object_id
        LEFT JOIN unnest(p_theirs) AS t ON t.object_id = n.object_id
        WHERE (o.object_id IS NULL) <> (t.object_id IS NULL));
END;
$$;
COMMENT ON FUNCTION _pggit.is_drop_open(_pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_move[]) IS $$
Whether one side dropped what names a thing that gets another schema: the other has it spelled otherwise, which is no change.
p_moves: what stands elsewhere in the base.
$$;

CREATE OR REPLACE FUNCTION _pggit.output_columns(p_object _pggit.object)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce((p_object).attrs -> 'columns', (
    SELECT jsonb_agg(jsonb_build_array(a.value ->> 'name', a.value ->> 'type') ORDER BY a.place)
    FROM jsonb_array_elements((p_object).attrs -> 'attributes') WITH ORDINALITY AS a(value, place)
));
COMMENT ON FUNCTION _pggit.output_columns(_pggit.object) IS $$
The columns of a view and the attributes of a composite type, which are no objects of their own: pairs of name and type.
$$;

CREATE OR REPLACE FUNCTION _pggit.renamed_view_columns(
    p_pairs _pggit.merge_pair[],
    p_is_ours boolean,
    p_other_views uuid[]
)
RETURNS _pggit.merge_name[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(v.object_id, b.value ->> 0, r.value ->> 0)::_pggit.merge_name
    FROM (
        SELECT p.object_id, _pggit.output_columns(p.base) AS base,
            _pggit.output_columns(CASE WHEN p_is_ours THEN p.ours ELSE p.theirs END) AS renaming,
            _pggit.output_columns(CASE WHEN p_is_ours THEN p.theirs ELSE p.ours END) AS other
        FROM unnest(p_pairs) AS p
        WHERE (p.base).kind IN ('view', 'materialized_view', 'composite') AND p.object_id <> ALL (p_other_views)
    ) AS v
    CROSS JOIN LATERAL jsonb_array_elements(v.base) WITH ORDINALITY AS b(value, place)
    JOIN LATERAL jsonb_array_elements(v.renaming) WITH ORDINALITY AS r(value, place) ON r.place = b.place
    WHERE jsonb_array_length(v.base) = jsonb_array_length(v.renaming)
        AND r.value ->> 0 <> b.value ->> 0
        AND r.value ->> 1 = b.value ->> 1
        AND v.other -> (b.place - 1)::integer = b.value
    ORDER BY v.object_id, b.place
) || ARRAY(
    SELECT ROW(p.object_id, l.key, l.value)::_pggit.merge_name
    FROM unnest(p_pairs) AS p
    CROSS JOIN LATERAL jsonb_each_text(_pggit.renamed_labels((p.base).attrs -> 'labels',
        CASE WHEN p_is_ours THEN (p.ours).attrs ELSE (p.theirs).attrs END -> 'labels')) AS l
    WHERE (p.base).kind = 'enum'
        AND CASE WHEN p_is_ours THEN (p.theirs).attrs ELSE (p.ours).attrs END -> 'labels' ? l.key
    ORDER BY p.object_id, l.key
);
COMMENT ON FUNCTION _pggit.renamed_view_columns(_pggit.merge_pair[], boolean, uuid[]) IS $$
The columns of views, attributes of composite types and labels of enums that one side may have renamed while the other kept them, each
with the identity of what it is in.
p_other_views: views to leave out.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_view_column(p_of _pggit.object, p_old_name text, p_new_name text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_of.kind = 'composite' THEN
        EXECUTE format('ALTER TYPE %I.%I RENAME ATTRIBUTE %I TO %I', p_of.schema_name, p_of.name, p_old_name, p_new_name);
    ELSIF p_of.kind = 'enum' THEN
        EXECUTE format('ALTER TYPE %I.%I RENAME VALUE %L TO %L', p_of.schema_name, p_of.name, p_old_name, p_new_name);
    ELSIF p_of.kind = 'view' THEN
        EXECUTE format('ALTER VIEW %I.%I RENAME COLUMN %I TO %I', p_of.schema_name, p_of.name, p_old_name, p_new_name);
    ELSE
        EXECUTE format('ALTER MATERIALIZED VIEW %I.%I RENAME COLUMN %I TO %I', p_of.schema_name, p_of.name, p_old_name, p_new_name);
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_view_column(_pggit.object, text, text) IS $$
Renames a column of a view, an attribute of a composite type or a label of an enum in scratch schemas.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_view_columns(p_objects _pggit.object[], p_columns _pggit.merge_name[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    -- by way of a name that nothing has: two columns may exchange theirs
    PERFORM _pggit.rename_view_column(o, c.old_name, format('pggit_%s', c.place))
    FROM unnest(p_columns) WITH ORDINALITY AS c(object_id, old_name, new_name, place)
    JOIN unnest(p_objects) AS o ON o.object_id = c.object_id;
    PERFORM _pggit.rename_view_column(o, format('pggit_%s', c.place), c.new_name)
    FROM unnest(p_columns) WITH ORDINALITY AS c(object_id, old_name, new_name, place)
    JOIN unnest(p_objects) AS o ON o.object_id = c.object_id;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_view_columns(_pggit.object[], _pggit.merge_name[]) IS $$
Renames columns of views, attributes of composite types and labels of enums that stand in scratch schemas.
$$;

CREATE OR REPLACE FUNCTION _pggit.move_objects(p_objects _pggit.object[], p_moves _pggit.merge_move[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_moves = '{}' THEN
        RETURN p_objects;
    END IF;
    RETURN _pggit.settle_paths(ARRAY(
        SELECT ROW(o.object_id, o.kind, coalesce(m.schema_id, o.parent_id), o.schema_name, o.table_name, o.name, o.signature,
            o.attrs, o.deps)::_pggit.object
        FROM unnest(p_objects) AS o
        LEFT JOIN unnest(p_moves) AS m ON m.object_id = o.object_id), ARRAY[]::_pggit.object[]);
END;
$$;
COMMENT ON FUNCTION _pggit.move_objects(_pggit.object[], _pggit.merge_move[]) IS $$
The objects in other schemas, their definitions as they were.
$$;

CREATE OR REPLACE FUNCTION _pggit.final_moves(
    p_pairs _pggit.merge_pair[],
    p_choices _pggit.merge_choice[],
    p_strategy text,
    p_side text
)
RETURNS _pggit.merge_move[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(m.object_id, m.new_id)::_pggit.merge_move
        FROM (
            SELECT
                p.object_id,
                CASE p_side WHEN 'base' THEN (p.base).parent_id WHEN 'ours' THEN (p.ours).parent_id ELSE (p.theirs).parent_id END AS old_id,
                CASE
                    WHEN (p.ours).object_id IS NULL THEN (p.theirs).parent_id
                    WHEN (p.theirs).object_id IS NULL THEN (p.ours).parent_id
                    ELSE (((_pggit.merge_place(p, p_choices, p_strategy)).objects)[1]).parent_id
                END AS new_id
            FROM unnest(p_pairs) AS p
            WHERE coalesce((p.ours).table_name, (p.theirs).table_name) IS NULL
        ) AS m
        WHERE m.old_id <> m.new_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.final_moves(_pggit.merge_pair[], _pggit.merge_choice[], text, text) IS $$
The objects that one side (base, ours, theirs) has in another schema than the merge will.
$$;

CREATE OR REPLACE FUNCTION _pggit.moved_names(p_moves _pggit.merge_move[])
RETURNS _pggit.merge_name[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(SELECT ROW(m.object_id, NULL, NULL)::_pggit.merge_name FROM unnest(p_moves) AS m);
COMMENT ON FUNCTION _pggit.moved_names(_pggit.merge_move[]) IS 'Moves as names that stay, but are spelled otherwise wherever they stand.';

CREATE OR REPLACE FUNCTION _pggit.rename_objects(p_objects _pggit.object[], p_names _pggit.merge_name[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_name _pggit.merge_name;
BEGIN
    -- a routine is known by the types of its arguments
    FOR v_name IN
        SELECT n.* FROM unnest(p_names) AS n
        WHERE EXISTS (SELECT FROM unnest(p_objects) AS o WHERE o.signature IS NOT NULL AND n.object_id = ANY (o.deps))
    LOOP
        p_objects := ARRAY(
            SELECT CASE WHEN o.signature IS NULL OR v_name.object_id <> ALL (o.deps) THEN o ELSE ROW(
                o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name,
                _pggit.rename_words(o.signature, quote_ident(v_name.old_name), quote_ident(v_name.new_name)),
                o.attrs, o.deps)::_pggit.object END
            FROM unnest(p_objects) AS o);
    END LOOP;
    RETURN _pggit.settle_paths(ARRAY(
        SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, coalesce(n.new_name, o.name), o.signature,
            o.attrs, o.deps)::_pggit.object
        FROM unnest(p_objects) AS o
        LEFT JOIN unnest(p_names) AS n ON n.object_id = o.object_id), ARRAY[]::_pggit.object[]);
END;
$$;
COMMENT ON FUNCTION _pggit.rename_objects(_pggit.object[], _pggit.merge_name[]) IS $$
The objects under other names, their definitions as they were.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_by_renaming(
    p_objects _pggit.object[],
    p_names _pggit.merge_name[],
    p_columns _pggit.merge_name[],
    p_moves _pggit.merge_move[]
)
RETURNS _pggit.object[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_naming uuid[] := ARRAY(SELECT DISTINCT n.object_id FROM _pggit.naming_ids(
        p_objects, p_names || p_columns || _pggit.moved_names(p_moves)) AS n);
    v_renamed _pggit.object[];
    v_ids uuid[];
    v_trial _pggit.trial;
BEGIN
    IF p_names || p_columns = '{}' AND p_moves = '{}' THEN
        RETURN p_objects;
    END IF;
    -- The same definitions under other names: the plan is nothing but renames, and PostgreSQL rewrites what names them.
    v_renamed := _pggit.move_objects(_pggit.rename_objects(p_objects, p_names), p_moves);
    -- whatever names them counts as changed
    v_ids := _pggit.affected_ids(p_objects, ARRAY(
        SELECT CASE WHEN n.object_id IS NULL THEN r ELSE ROW(
            r.object_id, r.kind, r.parent_id, r.schema_name, r.table_name, r.name, r.signature,
            r.attrs || '{"is_spelled": true}', r.deps)::_pggit.object END
        FROM unnest(v_renamed) AS r
        LEFT JOIN unnest(v_naming) AS n(object_id) ON n.object_id = r.object_id));
    v_trial := _pggit.try_plan(_pggit.bare_objects(p_objects, v_ids), _pggit.bare_objects(v_renamed, v_ids), p_columns);
    IF v_trial.error_state IS NOT NULL THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(
        SELECT CASE WHEN t.object_id IS NULL THEN o ELSE ROW(
            o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, t.signature,
            t.attrs || coalesce((
                SELECT jsonb_object_agg(a.key, a.value) FROM jsonb_each(o.attrs) AS a
                WHERE a.key IN ('owner', 'position') OR a.key LIKE 'acl:%'), '{}'),
            o.deps)::_pggit.object END
        FROM unnest(p_objects) AS o
        LEFT JOIN unnest(v_trial.objects) AS t ON t.object_id = o.object_id AND (o.kind = 'sequence'
            OR t.object_id = ANY (v_naming)));
END;
$$;
COMMENT ON FUNCTION _pggit.spell_by_renaming(_pggit.object[], _pggit.merge_name[], _pggit.merge_name[], _pggit.merge_move[]) IS $$
The objects with their definitions as PostgreSQL prints them once names and schemas have changed: built in scratch schemas, renamed
and moved there, read back, and rolled back. Their own names and schemas stay.
p_columns: columns of views, each with the identity of its view.
Returns: NULL where they cannot be built.
Errors: 55P03 and class 53 are raised.
$$;

CREATE OR REPLACE FUNCTION _pggit.otherwise_changed(
    p_base _pggit.object[],
    p_side _pggit.object[],
    p_columns _pggit.merge_name[]
)
RETURNS uuid[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT DISTINCT c.object_id
    FROM unnest(p_columns) AS c
    LEFT JOIN unnest(p_base) AS b ON b.object_id = c.object_id
    LEFT JOIN unnest(p_side) AS s ON s.object_id = c.object_id
    WHERE b.attrs IS NULL OR b.attrs ->> 'query' IS DISTINCT FROM s.attrs ->> 'query'
        OR b.attrs -> 'attributes' IS DISTINCT FROM s.attrs -> 'attributes'
);
COMMENT ON FUNCTION _pggit.otherwise_changed(_pggit.object[], _pggit.object[], _pggit.merge_name[]) IS $$
The views that did not come to be what a side has by nothing but renaming their columns.
p_base: as it is with the columns renamed.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_sides(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_choices _pggit.merge_choice[],
    p_strategy text,
    p_other_views uuid[] DEFAULT '{}'
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_pairs _pggit.merge_pair[] := ARRAY(
        SELECT p
        FROM unnest(_pggit.merge_pairs(p_base, p_ours, p_theirs)) AS p
        WHERE (p.base).name <> (p.ours).name OR (p.base).name <> (p.theirs).name OR (p.ours).name <> (p.theirs).name
            OR (p.base).parent_id <> (p.ours).parent_id OR (p.base).parent_id <> (p.theirs).parent_id
            OR _pggit.output_columns(p.base) <> _pggit.output_columns(p.ours)
            OR _pggit.output_columns(p.base) <> _pggit.output_columns(p.theirs)
            OR (p.base).attrs -> 'labels' <> (p.ours).attrs -> 'labels' OR (p.base).attrs -> 'labels' <> (p.theirs).attrs -> 'labels');
    v_our_names _pggit.merge_name[] := _pggit.final_names(v_pairs, p_choices, p_strategy, 'ours');
    v_their_names _pggit.merge_name[] := _pggit.final_names(v_pairs, p_choices, p_strategy, 'theirs');
    v_our_moves _pggit.merge_move[] := _pggit.final_moves(v_pairs, p_choices, p_strategy, 'ours');
    v_their_moves _pggit.merge_move[] := _pggit.final_moves(v_pairs, p_choices, p_strategy, 'theirs');
    v_base_moves _pggit.merge_move[] := _pggit.final_moves(v_pairs, p_choices, p_strategy, 'base');
    -- what a side renamed stands otherwise on the other
    v_our_columns _pggit.merge_name[] := _pggit.renamed_view_columns(v_pairs, true, p_other_views);
    v_their_columns _pggit.merge_name[] := _pggit.renamed_view_columns(v_pairs, false, p_other_views);
    v_other uuid[];
    v_base _pggit.object[];
    v_ours _pggit.object[];
    v_theirs _pggit.object[];
BEGIN
    IF v_pairs <> '{}' AND (_pggit.is_spelling_open(p_base, p_ours,
            v_our_names || v_their_columns || _pggit.moved_names(v_our_moves))
        OR _pggit.is_spelling_open(p_base, p_theirs, v_their_names || v_our_columns || _pggit.moved_names(v_their_moves))
        OR _pggit.is_drop_open(p_base, p_ours, p_theirs, v_base_moves))
    THEN
        v_base := _pggit.spell_by_renaming(p_base,
            _pggit.final_names(v_pairs, p_choices, p_strategy, 'base'), v_our_columns || v_their_columns, v_base_moves);
        v_ours := _pggit.spell_by_renaming(p_ours, v_our_names, v_their_columns, v_our_moves);
        v_theirs := _pggit.spell_by_renaming(p_theirs, v_their_names, v_our_columns, v_their_moves);
        v_other := _pggit.otherwise_changed(v_base, v_ours, v_our_columns)
            || _pggit.otherwise_changed(v_base, v_theirs, v_their_columns);
        IF v_other <> '{}' THEN
            RETURN _pggit.merge_sides(p_base, p_ours, p_theirs, p_choices, p_strategy, p_other_views || v_other);
        END IF;
    END IF;
    IF v_base IS NULL OR v_ours IS NULL OR v_theirs IS NULL THEN
        RETURN _pggit.merge_trees(p_base, p_ours, p_theirs, p_choices, p_strategy);
    END IF;
    RETURN _pggit.merge_trees(v_base, v_ours, v_theirs, p_choices, p_strategy, true);
END;
$$;
COMMENT ON FUNCTION _pggit.merge_sides(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text, uuid[]) IS $$
Merges two sides over their base. Where one side wrote what names a thing that the other renamed or moved, replacing words in its text could
take one name for another, so PostgreSQL is asked for the text.
p_other_views: views whose columns have other names, but not because they were renamed.
Errors: 55P03 and class 53.
$$;
