-- Partitions in a merge: what the index of a partition has for itself is an object only where it has something; the rest is its parent's.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.usual_partition_index(p_model _pggit.object, p_other _pggit.object, p_table_name text)
RETURNS _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.with_attrs(p_model, (
    SELECT jsonb_build_object('index_name', u.name, 'usual_name', u.name)
    FROM (
        SELECT CASE
            WHEN p_table_name = (p_model).table_name THEN (p_model).attrs ->> 'usual_name'
            WHEN p_table_name = (p_other).table_name THEN (p_other).attrs ->> 'usual_name'
            WHEN starts_with((p_model).attrs ->> 'usual_name', (p_model).table_name)
                THEN p_table_name || substr((p_model).attrs ->> 'usual_name', length((p_model).table_name) + 1)
            ELSE (p_model).attrs ->> 'usual_name'
        END AS name
    ) AS u
));
COMMENT ON FUNCTION _pggit.usual_partition_index(_pggit.object, _pggit.object, text) IS $$
The index of a partition that has nothing for itself, modelled on a version that has.
p_other: one more version, where there is one.
p_table_name: how the partition is called there.
$$;

CREATE OR REPLACE FUNCTION _pggit.with_usual_options(p_object _pggit.object, p_usual jsonb)
RETURNS _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).object_id IS NULL OR (p_object).attrs ? 'usual_options' OR p_usual IS NULL THEN p_object
    ELSE _pggit.with_attrs(p_object, (p_object).attrs || p_usual || jsonb_build_object('usual_options', p_usual))
END;
COMMENT ON FUNCTION _pggit.with_usual_options(_pggit.object, jsonb) IS $$
The index of a partition with the storage parameters that it has from its parent's, where it has none of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.whole_partition_index(
    p_pair _pggit.merge_pair,
    p_table _pggit.merge_pair,
    p_gone text[]
)
RETURNS _pggit.merge_pair
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_one _pggit.object := coalesce(p_pair.ours, p_pair.theirs);
    v_two _pggit.object := CASE WHEN (p_pair.base).object_id IS NOT NULL THEN p_pair.base ELSE p_pair.theirs END;
    v_usual jsonb;
BEGIN
    IF (p_pair.base).object_id IS NULL AND 'base' <> ALL (p_gone) THEN
        p_pair.base := _pggit.usual_partition_index(v_one, v_two, coalesce((p_table.base).name, v_one.table_name));
    END IF;
    IF (p_pair.ours).object_id IS NULL AND 'ours' <> ALL (p_gone) THEN
        p_pair.ours := _pggit.usual_partition_index(v_one, v_two, coalesce((p_table.ours).name, v_one.table_name));
    END IF;
    IF (p_pair.theirs).object_id IS NULL AND 'theirs' <> ALL (p_gone) THEN
        p_pair.theirs := _pggit.usual_partition_index(v_one, v_two, coalesce((p_table.theirs).name, v_one.table_name));
    END IF;
    v_usual := coalesce((p_pair.base).attrs -> 'usual_options', (p_pair.ours).attrs -> 'usual_options',
        (p_pair.theirs).attrs -> 'usual_options');
    p_pair.base := _pggit.with_usual_options(p_pair.base, v_usual);
    p_pair.ours := _pggit.with_usual_options(p_pair.ours, v_usual);
    p_pair.theirs := _pggit.with_usual_options(p_pair.theirs, v_usual);
    RETURN p_pair;
END;
$$;
COMMENT ON FUNCTION _pggit.whole_partition_index(_pggit.merge_pair, _pggit.merge_pair, text[]) IS $$
The index of a partition as it is on all three sides.
p_table: its partition, if a side changed that.
p_gone: the sides (base, ours, theirs) on which there is no such index.
$$;

CREATE OR REPLACE FUNCTION _pggit.whole_partition_indexes(p_pairs _pggit.merge_pair[])
RETURNS _pggit.merge_pair[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_pairs) AS p WHERE coalesce((p.base).kind, (p.ours).kind) = 'partition_index') THEN
        RETURN p_pairs;
    END IF;
    RETURN ARRAY(
        SELECT CASE WHEN o.object_id IS NULL THEN p ELSE _pggit.whole_partition_index(p, t, g.sides) END
        FROM unnest(p_pairs) AS p
        LEFT JOIN (
            -- said on two of three sides: on the third it may be as usual
            SELECT q.object_id, coalesce((q.ours).parent_id, (q.theirs).parent_id) AS table_id,
                coalesce((q.ours).name, (q.theirs).name) AS name
            FROM unnest(p_pairs) AS q
            WHERE coalesce((q.ours).kind, (q.theirs).kind) = 'partition_index'
                AND num_nonnulls((q.base).object_id, (q.ours).object_id, (q.theirs).object_id) = 2
        ) AS o ON o.object_id = p.object_id
        LEFT JOIN unnest(p_pairs) AS t ON t.object_id = o.table_id
        LEFT JOIN LATERAL (
            SELECT array_remove(ARRAY[
                CASE WHEN bool_or((x.base).object_id IS NULL) THEN 'base' END,
                CASE WHEN bool_or((x.ours).object_id IS NULL) THEN 'ours' END,
                CASE WHEN bool_or((x.theirs).object_id IS NULL) THEN 'theirs' END], NULL) AS sides
            FROM unnest(p_pairs) AS x
            WHERE x.object_id = o.table_id
                OR coalesce((x.base).kind, (x.ours).kind, (x.theirs).kind) IN ('index', 'constraint')
                AND o.name IN ((x.base).name, (x.ours).name, (x.theirs).name)
        ) AS g ON true);
END;
$$;
COMMENT ON FUNCTION _pggit.whole_partition_indexes(_pggit.merge_pair[]) IS $$
The pairs, with the indexes of partitions of which a side says nothing as they are there: it has the index all the same.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_partition_indexes(p_objects _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.kind = 'partition_index') THEN
        RETURN p_objects;
    END IF;
    RETURN ARRAY(
        SELECT CASE WHEN s.attrs IS NULL THEN m ELSE _pggit.with_attrs(m, s.attrs) END
        FROM unnest(p_objects) AS m
        LEFT JOIN LATERAL (
            SELECT CASE WHEN m.attrs -> 'usual_options' = u.options
                THEN m.attrs - 'usual_options' - ARRAY(SELECT jsonb_object_keys(u.options)) ELSE m.attrs END AS attrs
            FROM (
                SELECT coalesce(jsonb_object_agg(a.key, a.value) FILTER (WHERE a.key LIKE 'option:%'), '{}') AS options
                FROM jsonb_each(m.attrs) AS a
            ) AS u
        ) AS s ON m.kind = 'partition_index'
        WHERE s.attrs IS NULL OR s.attrs ->> 'index_name' <> s.attrs ->> 'usual_name'
            OR s.attrs - '{index_name,usual_name}'::text[] <> '{}');
END;
$$;
COMMENT ON FUNCTION _pggit.settle_partition_indexes(_pggit.object[]) IS $$
The merged objects without the indexes of partitions that have nothing for themselves.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_part_breaks(
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
    IF NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.kind = 'partition_index') THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT m.object_id, p.object_id
    FROM unnest(p_objects) AS m
    JOIN unnest(p_objects || p_context) AS h ON h.object_id = m.parent_id
    JOIN unnest(p_pairs) AS p ON (p.base).kind IN ('index', 'constraint') AND (p.base).name = m.name
        AND (p.base).parent_id = ANY (h.deps)
    WHERE m.kind = 'partition_index';
END;
$$;
COMMENT ON FUNCTION _pggit.find_part_breaks(_pggit.merge_pair[], _pggit.object[], _pggit.object[]) IS $$
What indexes of partitions have for themselves, beside the index of the parent that they are parts of.
$$;
