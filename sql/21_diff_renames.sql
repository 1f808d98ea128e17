-- Renames between two databases that share no history: told by whoever knows, offered where they are likely, never guessed.

-- == relations ==

-- Two paths that may be one object before and after a rename.
CREATE TYPE _pggit.rename AS (
    old_path text,
    new_path text
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.object_path(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws('.', quote_ident((p_object).schema_name),
    CASE WHEN (p_object).kind <> 'index' THEN quote_ident((p_object).table_name) END, quote_ident((p_object).name))
    || coalesce('(' || (p_object).signature || ')', '');
COMMENT ON FUNCTION _pggit.object_path(_pggit.object) IS $$
How a rename names an object: schema, schema.table, schema.table.column, schema.function(arguments).
$$;

CREATE OR REPLACE FUNCTION _pggit.row_object(p_row _pggit.catalog_row)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (NULL, (p_row).kind, NULL, (p_row).schema_name, (p_row).table_name, (p_row).name, (p_row).signature, NULL, NULL)::_pggit.object;
COMMENT ON FUNCTION _pggit.row_object(_pggit.catalog_row) IS 'What a row of the catalog is called, as an object.';

CREATE OR REPLACE FUNCTION _pggit.path_words(p_path text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN parse_ident(regexp_replace(p_path, '\(.*\)$', ''));
COMMENT ON FUNCTION _pggit.path_words(text) IS 'The names of a path, without the arguments of a function.';

CREATE OR REPLACE FUNCTION _pggit.renamed_identities(p_rows _pggit.catalog_row[], p_old text[], p_new text[])
RETURNS _pggit.known_identity[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_missing text;
BEGIN
    v_missing := (
        SELECT n.old
        FROM unnest(p_old) AS n(old)
        WHERE NOT EXISTS (
            SELECT FROM unnest(p_rows) AS r
            WHERE _pggit.path_words(_pggit.object_path(_pggit.row_object(r))) = _pggit.path_words(n.old)
              AND (n.old !~ '\)$' OR _pggit.object_path(_pggit.row_object(r)) = n.old))
        LIMIT 1);
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('nothing is called %s', v_missing),
            HINT = 'Name a schema, schema.table, schema.table.column or schema.function(arguments): --rename old=new.';
    END IF;
    RETURN ARRAY(
        WITH told AS (
            SELECT _pggit.path_words(n.old) AS old, _pggit.path_words(n.new) AS new, n.old AS old_path
            FROM unnest(p_old, p_new) AS n(old, new)
        ), renamed AS (
            SELECT r.classid, r.objid, r.objsubid, r.kind, r.signature, r.schema_name, r.table_name, t.new,
                (SELECT c.kind FROM unnest(p_rows) AS c
                 WHERE c.classid = r.parent_classid AND c.objid = r.parent_objid AND c.objsubid = 0) AS parent_kind,
                (SELECT o.new FROM told AS o WHERE o.old = ARRAY[r.schema_name, r.table_name]) AS new_table
            FROM told AS t
            JOIN unnest(p_rows) AS r
                ON _pggit.path_words(_pggit.object_path(_pggit.row_object(r))) = t.old
                AND (t.old_path !~ '\)$' OR _pggit.object_path(_pggit.row_object(r)) = t.old_path)
        )
        SELECT (r.classid, r.objid, r.objsubid, _pggit.new_object_id(r.kind, CASE
            WHEN cardinality(r.new) = 1 THEN NULL
            WHEN r.parent_kind = 'schema' THEN _pggit.new_object_id('schema', NULL, r.new[1], NULL)
            ELSE _pggit.new_object_id(
                r.parent_kind, _pggit.new_object_id('schema', NULL, r.new[1], NULL),
                CASE WHEN cardinality(r.new) = 3 THEN r.new[2] ELSE coalesce(r.new_table[2], r.table_name) END, NULL)
        END, r.new[cardinality(r.new)], r.signature))::_pggit.known_identity
        FROM renamed AS r);
END;
$$;
COMMENT ON FUNCTION _pggit.renamed_identities(_pggit.catalog_row[], text[], text[]) IS $$
The identities of objects that have another path on the other side.
p_old, p_new: paths here and there, pair by pair.
Errors: 42704 naming a path of p_old that is not there.
$$;

CREATE OR REPLACE FUNCTION _pggit.likely_renames(p_from _pggit.object[], p_to _pggit.object[])
RETURNS SETOF _pggit.rename
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH lost AS MATERIALIZED (
        SELECT o AS object FROM unnest(p_from) AS o
        LEFT JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
        WHERE (n).object_id IS NULL AND (o).kind IN ('table', 'column', 'view', 'sequence', 'enum', 'domain', 'composite', 'function')
    ), found AS MATERIALIZED (
        SELECT n AS object FROM unnest(p_to) AS n
        LEFT JOIN unnest(p_from) AS o ON (o).object_id = (n).object_id
        WHERE (o).object_id IS NULL AND (n).kind IN ('table', 'column', 'view', 'sequence', 'enum', 'domain', 'composite', 'function')
    ), shapes AS MATERIALIZED (
        SELECT s.object, s.is_lost, s.object_kind, s.parent_id, CASE s.object_kind
            WHEN 'table' THEN (
                SELECT jsonb_agg(jsonb_build_array((c).name, (c).attrs->'type') ORDER BY (c).name)
                FROM unnest(CASE WHEN s.is_lost THEN p_from ELSE p_to END) AS c
                WHERE (c).parent_id = (s.object).object_id AND (c).kind = 'column')
            WHEN 'column' THEN (s.object).attrs - '{position,not_null_name}'::text[]
            ELSE (s.object).attrs
        END AS shape
        FROM (
            SELECT l.object, true AS is_lost, (l.object).kind AS object_kind, (l.object).parent_id FROM lost AS l
            UNION ALL
            SELECT f.object, false, (f.object).kind, (f.object).parent_id FROM found AS f
        ) AS s
    ), pairs AS (
        SELECT o.object AS old, n.object AS new,
            count(*) OVER (PARTITION BY (o.object).object_id) AS of_old, count(*) OVER (PARTITION BY (n.object).object_id) AS of_new
        FROM shapes AS o
        JOIN shapes AS n
            ON n.object_kind = o.object_kind AND n.parent_id IS NOT DISTINCT FROM o.parent_id AND n.shape = o.shape
        WHERE o.is_lost AND NOT n.is_lost
    )
    SELECT _pggit.object_path(p.old), _pggit.object_path(p.new)
    FROM pairs AS p
    WHERE p.of_old = 1 AND p.of_new = 1
    ORDER BY 1;
END;
COMMENT ON FUNCTION _pggit.likely_renames(_pggit.object[], _pggit.object[]) IS $$
What was lost and what was found in one place with one shape, where only one such pair exists: to be asked about.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_equal_parts(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_old uuid[];
    v_new uuid[];
BEGIN
    WITH lost AS MATERIALIZED (
        SELECT (o).object_id, (o).parent_id, (o).kind, (o).attrs - 'comment'::text AS attrs
        FROM unnest(p_from) AS o
        LEFT JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
        WHERE (n).object_id IS NULL
          AND ((o).kind = 'index' OR (o).kind = 'constraint' AND (o).attrs->>'type' <> 'check')
    ), found AS MATERIALIZED (
        SELECT (n).object_id, (n).parent_id, (n).kind, (n).attrs - 'comment'::text AS attrs
        FROM unnest(p_to) AS n
        JOIN unnest(p_to) AS t ON (t).object_id = (n).parent_id
        LEFT JOIN unnest(p_from) AS o ON (o).object_id = (n).object_id
        WHERE (o).object_id IS NULL
          AND ((n).kind = 'index' OR (n).kind = 'constraint' AND (n).attrs->>'type' <> 'check')
          AND (t).kind = 'table'
          AND NOT (t).attrs ?| '{partition_of,partition_by,inherits}'
    ), pairs AS (
        SELECT o.object_id AS old_id, n.object_id AS new_id,
            count(*) OVER (PARTITION BY o.object_id) + count(*) OVER (PARTITION BY n.object_id) AS choices
        FROM lost AS o
        JOIN found AS n ON n.parent_id = o.parent_id AND n.kind = o.kind AND n.attrs = o.attrs
    )
    SELECT array_agg(p.old_id), array_agg(p.new_id)
    INTO v_old, v_new
    FROM pairs AS p
    WHERE p.choices = 2;
    IF v_old IS NULL THEN
        RETURN p_from;
    END IF;
    RETURN ARRAY(
        SELECT (
            coalesce(v_new[array_position(v_old, (o).object_id)], (o).object_id), (o).kind, (o).parent_id, (o).schema_name,
            (o).table_name, (o).name, (o).signature, (o).attrs,
            CASE WHEN (o).deps && v_old
                THEN ARRAY(SELECT coalesce(v_new[array_position(v_old, d.id)], d.id) FROM unnest((o).deps) AS d(id) ORDER BY 1)
                ELSE (o).deps
            END
        )::_pggit.object
        FROM unnest(p_from) AS o);
END;
$$;
COMMENT ON FUNCTION _pggit.rename_equal_parts(_pggit.object[], _pggit.object[]) IS $$
Keys and indexes of a table that come back the same under another name are renamed, not dropped and built anew: p_from with their
identities of p_to. For plans that are run elsewhere; a worktree would read its own identities back.
$$;
