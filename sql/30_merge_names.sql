-- Renames in a merge: brings the texts of all three versions to the names that the merge will give.

-- == relations ==

-- One object's name in a tree and the name that it gets.
CREATE TYPE _pggit.merge_name AS (
    object_id uuid,
    old_name  text,
    new_name  text
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.keep_output_names(p_before jsonb, p_after jsonb, p_from text[], p_to text[])
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_query text := p_after ->> 'query';
BEGIN
    IF v_query IS NULL OR p_before = p_after THEN
        RETURN p_after;
    END IF;
    -- pg_get_viewdef prints one output column a line, with AS only where its name is not the column's own.
    FOR v_i IN 1 .. cardinality(p_from) LOOP
        v_query := regexp_replace(
            v_query,
            '^( SELECT |    )(([[:alnum:]_$]+|"[^"]+")\.)?('
                || regexp_replace(p_to[v_i], '([][\\^$.|?*+(){}])', '\\\1', 'g') || ')(,?)$',
            '\1\2\4 AS ' || replace(p_from[v_i], '\', '\\') || '\5',
            'gn');
    END LOOP;
    RETURN p_after || jsonb_build_object('query', v_query, 'columns', p_before -> 'columns');
END;
$$;
COMMENT ON FUNCTION _pggit.keep_output_names(jsonb, jsonb, text[], text[]) IS $$
A view's attributes after a column under it was renamed: its own columns keep their names, as PostgreSQL keeps them.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell(p_objects _pggit.object[], p_names _pggit.merge_name[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_names = '{}' THEN
        RETURN p_objects;
    END IF;
    RETURN (
        WITH token AS (
            SELECT
                n.object_id,
                regexp_replace(to_jsonb(quote_ident(n.old_name))::text, '^"|"$', '', 'g') AS token_from,
                -- by way of a name that nothing has: two objects may exchange theirs
                'pggit_' || replace(n.object_id::text, '-', '') AS token_by,
                regexp_replace(to_jsonb(quote_ident(n.new_name))::text, '^"|"$', '', 'g') AS token_to,
                quote_ident(n.old_name) AS name_from,
                quote_ident(n.new_name) AS name_to,
                EXISTS (SELECT FROM unnest(p_objects) AS c
                    WHERE c.object_id = n.object_id AND c.kind = 'column') AS is_column
            FROM unnest(p_names) AS n
        ), columns AS (
            SELECT o.object_id, o.parent_id FROM unnest(p_objects) AS o JOIN token AS t ON t.object_id = o.parent_id
        ), touched AS (
            SELECT
                o.object_id,
                array_agg(t.token_from ORDER BY t.token_by) AS tokens_from,
                array_agg(t.token_by ORDER BY t.token_by) AS tokens_by,
                array_agg(t.token_to ORDER BY t.token_by) AS tokens_to,
                coalesce(array_agg(t.name_from ORDER BY t.token_by) FILTER (WHERE t.is_column), '{}') AS columns_from,
                coalesce(array_agg(t.name_to ORDER BY t.token_by) FILTER (WHERE t.is_column), '{}') AS columns_to
            FROM unnest(p_objects) AS o
            CROSS JOIN LATERAL (
                SELECT d FROM unnest(o.deps) AS d
                UNION SELECT o.parent_id
                UNION SELECT o.object_id
                -- who needs a column names its table as well
                UNION SELECT c.parent_id FROM columns AS c WHERE c.object_id = ANY (o.deps)
            ) AS d(needed_id)
            JOIN token AS t ON t.object_id = d.needed_id
            GROUP BY o.object_id
        )
        SELECT array_agg(CASE WHEN t.object_id IS NULL THEN o ELSE ROW(
            o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
            _pggit.keep_output_names(o.attrs,
                _pggit.rename_tokens(_pggit.rename_tokens(o.attrs, t.tokens_from, t.tokens_by), t.tokens_by, t.tokens_to),
                t.columns_from, t.columns_to),
            o.deps)::_pggit.object END)
        FROM unnest(p_objects) AS o
        LEFT JOIN touched AS t ON t.object_id = o.object_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell(_pggit.object[], _pggit.merge_name[]) IS $$
The objects with the names of what they need replaced in their definitions, as PostgreSQL does on a rename.
$$;

CREATE OR REPLACE FUNCTION _pggit.final_names(
    p_pairs _pggit.merge_pair[],
    p_choices _pggit.merge_choice[],
    p_strategy text,
    p_side text
)
RETURNS _pggit.merge_name[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(n.object_id, n.old_name, n.new_name)::_pggit.merge_name
        FROM (
            SELECT
                p.object_id,
                CASE p_side
                    WHEN 'base' THEN (p.base).name WHEN 'ours' THEN (p.ours).name ELSE (p.theirs).name
                END AS old_name,
                CASE
                    WHEN (p.ours).object_id IS NULL THEN (p.theirs).name
                    WHEN (p.theirs).object_id IS NULL THEN (p.ours).name
                    ELSE (((_pggit.merge_place(p, p_choices, p_strategy)).objects)[1]).name
                END AS new_name
            FROM unnest(p_pairs) AS p
            WHERE (p.base).name <> (p.ours).name
                OR (p.base).name <> (p.theirs).name
                OR (p.ours).name <> (p.theirs).name
        ) AS n
        WHERE n.old_name <> n.new_name
    );
END;
$$;
COMMENT ON FUNCTION _pggit.final_names(_pggit.merge_pair[], _pggit.merge_choice[], text, text) IS $$
The objects that one side (base, ours, theirs) names otherwise than the merge will.
$$;

CREATE OR REPLACE FUNCTION _pggit.pairs_spelled_alike(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_pair[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_pairs _pggit.merge_pair[] := _pggit.merge_pairs(p_base, p_ours, p_theirs);
BEGIN
    IF NOT EXISTS (
        SELECT FROM unnest(v_pairs) AS p
        WHERE (p.base).name <> (p.ours).name OR (p.base).name <> (p.theirs).name OR (p.ours).name <> (p.theirs).name)
    THEN
        RETURN v_pairs;
    END IF;
    RETURN _pggit.merge_pairs(
        _pggit.spell(p_base, _pggit.final_names(v_pairs, p_choices, p_strategy, 'base')),
        _pggit.spell(p_ours, _pggit.final_names(v_pairs, p_choices, p_strategy, 'ours')),
        _pggit.spell(p_theirs, _pggit.final_names(v_pairs, p_choices, p_strategy, 'theirs')));
END;
$$;
COMMENT ON FUNCTION _pggit.pairs_spelled_alike(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text) IS $$
The pairs of three trees, their definitions spelled with the merged names, so that what a rename rewrote is no change.
$$;

CREATE OR REPLACE FUNCTION _pggit.respell(p_before _pggit.object[], p_after _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.spell(p_after, ARRAY(
    SELECT ROW(a.object_id, b.name, a.name)::_pggit.merge_name
    FROM unnest(p_before) AS b
    JOIN unnest(p_after) AS a ON a.object_id = b.object_id
    WHERE a.name <> b.name
));
COMMENT ON FUNCTION _pggit.respell(_pggit.object[], _pggit.object[]) IS $$
The later objects, spelled with the names that changed between both.
$$;

CREATE OR REPLACE FUNCTION _pggit.inherited_columns(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_context _pggit.object[]
)
RETURNS SETOF _pggit.merge_break
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.kind = 'column' AND m.attrs ? 'inherited') THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH RECURSIVE line AS (
        SELECT m.object_id AS column_id, m.name, t.deps
        FROM unnest(p_objects) AS m
        JOIN unnest(p_objects || p_context) AS t ON t.object_id = m.parent_id
        WHERE m.kind = 'column' AND m.attrs ? 'inherited'
        UNION
        SELECT l.column_id, l.name, t.deps
        FROM line AS l
        JOIN unnest(p_objects || p_context) AS t ON t.object_id = ANY (l.deps) AND t.kind = 'table'
    )
    SELECT DISTINCT ON (l.column_id) l.column_id, p.object_id
    FROM line AS l
    JOIN unnest(p_pairs) AS p ON (p.base).kind = 'column' AND (p.base).parent_id = ANY (l.deps)
        AND (p.base).name = l.name AND NOT (p.base).attrs ? 'inherited'
    ORDER BY l.column_id, p.object_id;
END;
$$;
COMMENT ON FUNCTION _pggit.inherited_columns(_pggit.merge_pair[], _pggit.object[], _pggit.object[]) IS $$
What heirs say of an inherited column, beside the column of the parent that a side changed.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_heir_breaks(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_context _pggit.object[]
)
RETURNS SETOF _pggit.merge_break
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_pairs) AS p WHERE (p.base).kind = 'column' AND (
        (p.ours).object_id IS NULL OR (p.theirs).object_id IS NULL))
    THEN
        RETURN;
    END IF;
    -- An heir's columns are its ancestors': nothing else says that an index of the heir needs one.
    RETURN QUERY
    WITH RECURSIVE line AS (
        SELECT t.object_id AS heir_id, t.deps
        FROM unnest(p_objects || p_context) AS t
        WHERE t.kind = 'table' AND t.attrs ?| '{partition_of,inherits}'
        UNION
        SELECT l.heir_id, t.deps
        FROM line AS l
        JOIN unnest(p_objects || p_context) AS t ON t.object_id = ANY (l.deps) AND t.kind = 'table'
    ), gone AS (
        SELECT p.object_id, (p.base).parent_id AS parent_id, (p.base).name AS name
        FROM unnest(p_pairs) AS p
        WHERE (p.base).kind = 'column' AND NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    )
    SELECT DISTINCT m.object_id, g.object_id
    FROM gone AS g
    JOIN line AS l ON g.parent_id = ANY (l.deps)
    JOIN unnest(p_objects) AS m ON m.parent_id = l.heir_id
        AND m.kind IN ('index', 'constraint', 'trigger', 'policy', 'rule')
        OR l.heir_id = ANY (m.deps) AND m.kind IN (
            'view', 'materialized_view', 'function', 'procedure', 'constraint', 'trigger', 'policy', 'rule', 'statistics')
    JOIN unnest(p_pairs) AS p ON p.object_id = m.object_id
        AND ((p.ours).object_id IS NULL OR (p.theirs).object_id IS NULL)
    WHERE _pggit.mentions((m.attrs - 'comment')::text, g.name)
        -- a column of its own that has the name
        AND NOT EXISTS (SELECT FROM unnest(p_objects || p_context) AS c
            WHERE c.parent_id = l.heir_id AND c.kind = 'column' AND c.name = g.name AND NOT c.attrs ? 'inherited');
END;
$$;
COMMENT ON FUNCTION _pggit.find_heir_breaks(_pggit.merge_pair[], _pggit.object[], _pggit.object[]) IS $$
What one side made over a column of heirs that the other dropped from their parent.
$$;

CREATE OR REPLACE FUNCTION _pggit.follow_parents(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_context _pggit.object[]
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT CASE WHEN c.object_id IS NULL THEN m ELSE ROW(
        m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, c.name, m.signature, m.attrs, m.deps)::_pggit.object END
    FROM unnest(p_objects) AS m
    LEFT JOIN _pggit.inherited_columns(p_pairs, p_objects, p_context) AS i ON i.object_id = m.object_id
    LEFT JOIN unnest(p_objects) AS c ON c.object_id = i.missing_id
);
COMMENT ON FUNCTION _pggit.follow_parents(_pggit.merge_pair[], _pggit.object[], _pggit.object[]) IS $$
The merged objects, what heirs say of an inherited column under the name that it got at the parent.
$$;

CREATE OR REPLACE FUNCTION _pggit.with_attrs(p_object _pggit.object, p_attrs jsonb)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ROW(
    (p_object).object_id, (p_object).kind, (p_object).parent_id, (p_object).schema_name, (p_object).table_name,
    (p_object).name, (p_object).signature, p_attrs, (p_object).deps)::_pggit.object;
COMMENT ON FUNCTION _pggit.with_attrs(_pggit.object, jsonb) IS 'An object with other attributes.';

CREATE OR REPLACE FUNCTION _pggit.whole_column(p_parent jsonb, p_heir jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
    FROM jsonb_each(p_parent) AS a
    WHERE a.key IN ('type', 'collation', 'not_null', 'default', 'generated', 'expression')
        AND NOT (a.key = 'default' AND p_heir ? 'no_default')
) || (p_heir - '{inherited,no_default}'::text[]);
COMMENT ON FUNCTION _pggit.whole_column(jsonb, jsonb) IS $$
An inherited column as it stands in the heir: what the parent says, and what the heir says of it.
$$;

CREATE OR REPLACE FUNCTION _pggit.whole_columns(p_pairs _pggit.merge_pair[], p_context _pggit.object[])
RETURNS _pggit.merge_pair[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_pairs) AS p WHERE (p.base).object_id IS NULL AND (p.ours).kind = 'column'
        AND (p.ours).attrs ? 'inherited' <> ((p.theirs).attrs ? 'inherited'))
    THEN
        RETURN p_pairs;
    END IF;
    RETURN (
        WITH RECURSIVE version AS MATERIALIZED (
            SELECT (p.base).* FROM unnest(p_pairs) AS p WHERE (p.base).object_id IS NOT NULL
            UNION ALL
            SELECT c.* FROM unnest(p_context) AS c
        ), line AS (
            SELECT p.object_id AS column_id, (p.ours).name, t.deps
            FROM unnest(p_pairs) AS p
            JOIN version AS t ON t.object_id = (p.ours).parent_id
            WHERE (p.base).object_id IS NULL AND (p.ours).kind = 'column'
                AND (p.ours).attrs ? 'inherited' <> ((p.theirs).attrs ? 'inherited')
            UNION
            SELECT l.column_id, l.name, t.deps
            FROM line AS l
            JOIN version AS t ON t.object_id = ANY (l.deps) AND t.kind = 'table'
        ), root AS (
            SELECT DISTINCT ON (l.column_id) l.column_id, c.object_id, c.attrs
            FROM line AS l
            JOIN version AS c ON c.kind = 'column' AND c.parent_id = ANY (l.deps) AND c.name = l.name AND NOT c.attrs ? 'inherited'
            ORDER BY l.column_id, c.object_id
        )
        SELECT array_agg(CASE WHEN r.column_id IS NULL THEN p ELSE ROW(
            p.object_id,
            _pggit.with_attrs(coalesce(p.ours, p.theirs), _pggit.whole_column(r.attrs, '{}')),
            CASE WHEN (p.ours).attrs ? 'inherited' THEN _pggit.with_attrs(p.ours, _pggit.whole_column(
                coalesce((q.ours).attrs, r.attrs), (p.ours).attrs)) ELSE p.ours END,
            CASE WHEN (p.theirs).attrs ? 'inherited' THEN _pggit.with_attrs(p.theirs, _pggit.whole_column(
                coalesce((q.theirs).attrs, r.attrs), (p.theirs).attrs)) ELSE p.theirs END)::_pggit.merge_pair END)
        FROM unnest(p_pairs) AS p
        LEFT JOIN root AS r ON r.column_id = p.object_id
        LEFT JOIN unnest(p_pairs) AS q ON q.object_id = r.object_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.whole_columns(_pggit.merge_pair[], _pggit.object[]) IS $$
A column that is a table's own on one side, which left the parent, and inherited on the other: as it stands in the heir on all three.
$$;
