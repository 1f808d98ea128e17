-- Plan for enums whose labels have other names: these are renamed first, so that rows and all that names them keep them.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.renamed_labels(p_base jsonb, p_side jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    WITH run AS (
        SELECT l.is_base, count(*) FILTER (WHERE l.is_kept) OVER (PARTITION BY l.is_base ORDER BY l.n) AS gap, l.label, l.is_kept, l.n
        FROM (
            SELECT true AS is_base, value AS label, ordinality AS n, p_side ? value AS is_kept
            FROM jsonb_array_elements_text(p_base) WITH ORDINALITY
            UNION ALL
            SELECT false, value, ordinality, p_base ? value
            FROM jsonb_array_elements_text(p_side) WITH ORDINALITY
        ) AS l
    ), gap AS (
        SELECT
            r.gap,
            array_agg(r.label ORDER BY r.n) FILTER (WHERE r.is_base) AS gone,
            array_agg(r.label ORDER BY r.n) FILTER (WHERE NOT r.is_base) AS made
        FROM run AS r
        WHERE NOT r.is_kept
        GROUP BY r.gap
    )
    SELECT coalesce(jsonb_object_agg(u.gone, u.made), '{}')
    FROM gap AS g
    CROSS JOIN LATERAL unnest(g.gone, g.made) AS u(gone, made)
    WHERE cardinality(g.gone) = cardinality(g.made)
);
COMMENT ON FUNCTION _pggit.renamed_labels(jsonb, jsonb) IS $$
The labels of an enum that a side renamed, each with its new name: between two labels that stayed, as many new ones as went.
$$;

CREATE OR REPLACE FUNCTION _pggit.map_labels(p_labels jsonb, p_names jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_agg(coalesce(p_names -> l.value, to_jsonb(l.value)) ORDER BY l.ordinality), '[]')
    FROM jsonb_array_elements_text(p_labels) WITH ORDINALITY AS l
);
COMMENT ON FUNCTION _pggit.map_labels(jsonb, jsonb) IS 'Labels under their new names.';

CREATE OR REPLACE FUNCTION _pggit.lost_labels(p_old jsonb, p_new jsonb)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT l.label
    FROM jsonb_array_elements_text(p_old) AS l(label)
    WHERE NOT p_new ? l.label
      AND NOT _pggit.renamed_labels(p_old, p_new) ? l.label);
COMMENT ON FUNCTION _pggit.lost_labels(jsonb, jsonb) IS 'The labels of an enum that went without another name.';

CREATE OR REPLACE FUNCTION _pggit.label_text(p_label text, p_type text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN regexp_replace(to_jsonb(quote_literal(p_label) || '::' || p_type)::text, '^"|"$', '', 'g');
COMMENT ON FUNCTION _pggit.label_text(text, text) IS 'A label as definitions print it, and as these stand in the text of jsonb.';

CREATE OR REPLACE FUNCTION _pggit.list_label_renames(p_from _pggit.object[], p_to _pggit.object[])
RETURNS TABLE (enum _pggit.object, old_label text, new_label text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    WITH pair AS MATERIALIZED (
        SELECT o AS old, n AS new
        FROM unnest(p_from) AS o
        JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
        WHERE (o).kind = 'enum'
          AND (n).kind = 'enum'
          AND (o).attrs->'labels' <> (n).attrs->'labels'
    )
    SELECT p.old, l.key, l.value
    FROM pair AS p
    CROSS JOIN LATERAL jsonb_each_text(_pggit.renamed_labels((p.old).attrs->'labels', (p.new).attrs->'labels')) AS l
    ORDER BY (p.old).object_id, l.key;
END;
COMMENT ON FUNCTION _pggit.list_label_renames(_pggit.object[], _pggit.object[]) IS $$
The labels that a branch renamed. ALTER TYPE cannot drop one, so where as many came as went, they are the same.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_labels(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_from   _pggit.object[] := p_from;
    v_rename record;
    v_enum   _pggit.object;
    v_type   text;
    v_path   text;
BEGIN
    FOR v_rename IN SELECT r.enum, r.old_label, r.new_label FROM _pggit.list_label_renames(p_from, p_to) AS r LOOP
        v_enum := v_rename.enum;
        v_type := quote_ident(v_enum.name);
        v_path := _pggit.qualified_name(v_enum.schema_name, v_enum.name);
        v_from := ARRAY(
            SELECT (o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature, CASE
                WHEN o.object_id = v_enum.object_id THEN
                    o.attrs || jsonb_build_object('labels',
                        _pggit.map_labels(o.attrs->'labels', jsonb_build_object(v_rename.old_label, v_rename.new_label)))
                WHEN v_enum.object_id = ANY (o.deps) THEN replace(replace(
                    o.attrs::text,
                    _pggit.label_text(v_rename.old_label, v_type), _pggit.label_text(v_rename.new_label, v_type)),
                    _pggit.label_text(v_rename.old_label, v_path), _pggit.label_text(v_rename.new_label, v_path))::jsonb
                ELSE o.attrs
            END, o.deps)::_pggit.object
            FROM unnest(v_from) AS o);
    END LOOP;
    RETURN v_from;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_labels(_pggit.object[], _pggit.object[]) IS $$
p_from as it is once _pggit.label_steps have run.
$$;

CREATE OR REPLACE FUNCTION _pggit.label_steps(p_from _pggit.object[], p_to _pggit.object[])
RETURNS TABLE (step _pggit.step, enum _pggit.object, new_label text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT
        ROW(row_number() OVER (),
            format('ALTER TYPE %s RENAME VALUE %L TO %L',
                _pggit.qualified_name((r.enum).schema_name, (r.enum).name), r.old_label, r.new_label),
            '', '{}', true, 'alter', 'enum', (r.enum).object_id, _pggit.object_title(r.enum))::_pggit.step,
        r.enum, r.new_label
    FROM _pggit.list_label_renames(p_from, p_to) AS r;
END;
COMMENT ON FUNCTION _pggit.label_steps(_pggit.object[], _pggit.object[]) IS $$
What stands before a plan between two states of one repository: labels get their new names.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_known(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_extra_path jsonb DEFAULT '{}',
    p_rebuild uuid[] DEFAULT '{}'
)
RETURNS SETOF _pggit.step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_first _pggit.step[] := ARRAY(SELECT s.step FROM _pggit.label_steps(p_from, p_to) AS s);
BEGIN
    RETURN QUERY SELECT * FROM unnest(v_first);
    RETURN QUERY
    SELECT s.step_no + cardinality(v_first), s.sql, s.lock_level, s.hazards, s.in_transaction, s.action, s.kind, s.object_id, s.identity
    FROM _pggit.plan(
        CASE v_first WHEN '{}' THEN p_from ELSE _pggit.rename_labels(p_from, p_to) END, p_to, p_extra_path, p_rebuild) AS s;
END;
$$;
COMMENT ON FUNCTION _pggit.plan_known(_pggit.object[], _pggit.object[], jsonb, uuid[]) IS $$
_pggit.plan between two states of one repository, which knows of labels that were renamed. Between two databases nothing is known.
$$;
