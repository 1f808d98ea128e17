-- Diff: two trees to the list of what was added, dropped, renamed and modified between them.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.compared_attrs(p_attrs jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_attrs - CASE WHEN p_attrs ? 'query' THEN '{position,columns}'::text[] ELSE '{position}' END;
COMMENT ON FUNCTION _pggit.compared_attrs(jsonb) IS $$
The attributes that make a difference: without a column's position and a view's derived output columns, which follow from the rest.
$$;

CREATE OR REPLACE FUNCTION _pggit.changed_attributes(p_old jsonb, p_new jsonb)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(k.key ORDER BY k.key), '{}')
    FROM (
        SELECT o.key
        FROM jsonb_each(_pggit.compared_attrs(p_old)) AS o
        WHERE p_new->o.key IS DISTINCT FROM o.value
          AND (o.key <> 'owner' OR p_new ? 'owner')
        UNION
        SELECT n.key
        FROM jsonb_each(_pggit.compared_attrs(p_new)) AS n
        WHERE NOT p_old ? n.key
          AND n.key <> 'owner'
    ) AS k
);
COMMENT ON FUNCTION _pggit.changed_attributes(jsonb, jsonb) IS $$
Names of the attributes that differ; an owner that only one side knows is not a difference.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_attributes_changed(p_old _pggit.object, p_new _pggit.object)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN (p_old).name IS DISTINCT FROM (p_new).name THEN '{name}'::text[] ELSE '{}' END
    || CASE
        WHEN (p_old).parent_id IS DISTINCT FROM (p_new).parent_id THEN '{schema}'::text[]
        ELSE '{}'
    END
    || CASE
        WHEN (p_old).signature IS DISTINCT FROM (p_new).signature THEN '{signature}'::text[]
        ELSE '{}'
    END
    || CASE
        WHEN (p_old).attrs = (p_new).attrs THEN '{}'::text[]
        ELSE _pggit.changed_attributes((p_old).attrs, (p_new).attrs)
    END;
COMMENT ON FUNCTION _pggit.object_attributes_changed(_pggit.object, _pggit.object) IS $$
What differs between two versions of one object: attributes, and "name", "schema" (its parent) and "signature".
$$;

CREATE OR REPLACE FUNCTION _pggit.diff_objects(p_from _pggit.object[], p_to _pggit.object[])
RETURNS SETOF _pggit.change
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH pairs AS (
        SELECT
            o AS old,
            n AS new,
            CASE
                WHEN (o).object_id IS NULL OR (n).object_id IS NULL THEN '{}'::text[]
                ELSE _pggit.object_attributes_changed(o, n)
            END AS attributes
        FROM unnest(p_from) AS o
        FULL JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
    )
    SELECT
        CASE
            WHEN (p.old).object_id IS NULL THEN 'added'
            WHEN (p.new).object_id IS NULL THEN 'dropped'
            WHEN p.attributes <@ '{name,schema}' THEN 'renamed'
            ELSE 'modified'
        END,
        coalesce((p.new).kind, (p.old).kind),
        coalesce((p.new).object_id, (p.old).object_id),
        coalesce((p.new).schema_name, (p.old).schema_name),
        coalesce((p.new).table_name, (p.old).table_name),
        coalesce((p.new).name, (p.old).name),
        CASE WHEN (p.old).name <> (p.new).name THEN (p.old).name END,
        p.attributes,
        p.old,
        p.new
    FROM pairs AS p
    WHERE (p.old).object_id IS NULL
       OR (p.new).object_id IS NULL
       OR p.attributes <> '{}'
    ORDER BY 4 NULLS FIRST, 5 NULLS FIRST, 2, 6, 3;
END;
COMMENT ON FUNCTION _pggit.diff_objects(_pggit.object[], _pggit.object[]) IS $$
The differences between two trees, paired by stable identity, one row per object, ordered by path.
$$;
