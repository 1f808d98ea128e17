-- The merge of whole trees: the pure function merge_objects, and the checks that need all merged objects side by side.

-- == relations ==

-- Two objects that cannot both stand. target_id came from ours, source_id from theirs.
CREATE TYPE _pggit.merge_contest AS (
    conflict_type text,
    target_id     uuid,
    source_id     uuid,
    description   text
);

-- An object that needs one which is no longer there.
CREATE TYPE _pggit.merge_break AS (
    object_id  uuid,
    missing_id uuid
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.merge_single(
    p_pair _pggit.merge_pair,
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_in_base boolean := ((p_pair).base).object_id IS NOT NULL;
    v_in_ours boolean := ((p_pair).ours).object_id IS NOT NULL;
    v_in_theirs boolean := ((p_pair).theirs).object_id IS NOT NULL;
    v_type text;
    v_choice _pggit.merge_choice;
    v_object _pggit.object;
BEGIN
    IF NOT v_in_ours AND NOT v_in_theirs THEN
        RETURN ROW('{}', '{}', '{}')::_pggit.merge_result;
    ELSIF NOT v_in_base AND NOT v_in_theirs THEN
        RETURN ROW(ARRAY[(p_pair).ours], '{}', '{}')::_pggit.merge_result;
    ELSIF NOT v_in_base AND NOT v_in_ours THEN
        RETURN ROW(ARRAY[(p_pair).theirs], '{}', '{}')::_pggit.merge_result;
    ELSIF v_in_base AND NOT (v_in_ours AND v_in_theirs) THEN
        IF _pggit.is_same_object((p_pair).base, CASE WHEN v_in_ours THEN (p_pair).ours ELSE (p_pair).theirs END) THEN
            RETURN ROW('{}', '{}', '{}')::_pggit.merge_result;
        END IF;
        v_type := 'modify_delete';
    ELSIF NOT v_in_base
        AND NOT _pggit.is_same_core(_pggit.core_attrs(((p_pair).ours).attrs), _pggit.core_attrs(((p_pair).theirs).attrs))
        -- what heirs say of a parent's column is no column of their own: attribute by attribute
        AND NOT (((p_pair).ours).attrs ? 'inherited' AND ((p_pair).theirs).attrs ? 'inherited')
    THEN
        v_type := 'both_added';
    ELSE
        RETURN _pggit.merge_versions(p_pair, p_choices, p_strategy);
    END IF;
    v_choice := _pggit.find_choice(p_choices, p_strategy, v_type, (p_pair).object_id);
    v_object := _pggit.side_object(p_pair, v_choice);
    IF v_choice.custom ? 'attrs' THEN
        v_object := CASE WHEN v_object.object_id IS NULL THEN (p_pair).theirs ELSE v_object END;
        v_object := _pggit.overlay_object(v_object, v_choice);
    END IF;
    RETURN ROW(
        CASE WHEN v_object.object_id IS NULL THEN '{}' ELSE ARRAY[v_object] END,
        CASE WHEN v_choice.strategy IS NULL THEN ARRAY[_pggit.new_conflict(v_type, p_pair, NULL,
            CASE
                WHEN v_type = 'both_added' THEN _pggit.describe_both_added(p_pair)
                WHEN v_in_ours THEN _pggit.object_label((p_pair).base) || ' was changed in the target and dropped in the source'
                ELSE _pggit.object_label((p_pair).base) || ' was dropped in the target and changed in the source'
            END)] ELSE '{}' END,
        '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_single(_pggit.merge_pair, _pggit.merge_choice[], text) IS $$
Merges one object that no contested container decides.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_both_added(p_pair _pggit.merge_pair)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.object_label((p_pair).ours) || ' was added on both sides with different definitions'
    || coalesce((
        SELECT ': ' || string_agg(format('%s is %s in the target and %s in the source', k,
            coalesce(((p_pair).ours).attrs ->> k, 'not set'), coalesce(((p_pair).theirs).attrs ->> k, 'not set')),
            ', ' ORDER BY k)
        FROM unnest(_pggit.changed_attributes(
            _pggit.core_attrs(((p_pair).ours).attrs), _pggit.core_attrs(((p_pair).theirs).attrs))) AS k
    ), '');
COMMENT ON FUNCTION _pggit.describe_both_added(_pggit.merge_pair) IS $$
Says in which attributes two additions of one path differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_container(
    p_pairs _pggit.merge_pair[],
    p_container_id uuid,
    p_type text,
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_choice _pggit.merge_choice := _pggit.find_choice(p_choices, p_strategy, p_type, p_container_id);
    v_members _pggit.merge_pair[];
    v_self _pggit.merge_pair;
    v_conflict _pggit.merge_conflict;
    v_objects _pggit.object[];
BEGIN
    v_members := ARRAY(SELECT p FROM unnest(p_pairs) AS p WHERE _pggit.pair_container(p) = p_container_id);
    v_self := (SELECT p FROM unnest(v_members) AS p WHERE p.object_id = p_container_id);
    IF v_choice.custom ? 'objects' THEN
        v_objects := ARRAY(SELECT o FROM jsonb_populate_recordset(NULL::_pggit.object, v_choice.custom -> 'objects') AS o);
        RETURN ROW(v_objects, '{}', '{}')::_pggit.merge_result;
    END IF;
    v_objects := ARRAY(
        SELECT c.object
        FROM unnest(v_members) AS p
        CROSS JOIN LATERAL _pggit.side_object(p, v_choice) AS o
        -- a definition of one's own is laid over the side that still has the object
        CROSS JOIN LATERAL (SELECT CASE WHEN v_choice.custom IS NOT NULL AND ((v_self).ours).object_id IS NULL
            THEN p.theirs ELSE o END) AS c(object)
        WHERE (c.object).object_id IS NOT NULL);
    IF v_choice.strategy IS NOT NULL THEN
        IF v_choice.custom IS NOT NULL THEN
            v_objects := ARRAY(SELECT CASE WHEN o.object_id = p_container_id
                THEN _pggit.overlay_object(o, v_choice) ELSE o END FROM unnest(v_objects) AS o);
        END IF;
        RETURN ROW(v_objects, '{}', '{}')::_pggit.merge_result;
    END IF;
    v_conflict := _pggit.new_conflict(p_type, v_self, NULL, _pggit.describe_container(v_members, v_self, p_type));
    v_conflict.base := _pggit.conflict_shape((v_self).base, ARRAY(SELECT (p).base FROM unnest(v_members) AS p));
    v_conflict.source := _pggit.conflict_shape((v_self).theirs, ARRAY(SELECT (p).theirs FROM unnest(v_members) AS p));
    v_conflict.target := _pggit.conflict_shape((v_self).ours, ARRAY(SELECT (p).ours FROM unnest(v_members) AS p));
    RETURN ROW(v_objects, ARRAY[v_conflict], '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_container(_pggit.merge_pair[], uuid, text, _pggit.merge_choice[], text) IS $$
Merges a contested container: it and all its parts come from one side, under one conflict.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_container(
    p_members _pggit.merge_pair[],
    p_self _pggit.merge_pair,
    p_type text
)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH side AS (
        SELECT ((p_self).ours).object_id IS NOT NULL AS is_ours
    ), changed AS (
        SELECT m.object_id, coalesce(m.ours, m.theirs, m.base) AS object, s.is_ours
        FROM unnest(p_members) AS m
        CROSS JOIN side AS s
        WHERE CASE
            WHEN p_type = 'both_added' THEN NOT _pggit.is_same_object(m.ours, m.theirs)
            ELSE NOT _pggit.is_same_object(m.base, CASE WHEN s.is_ours THEN m.ours ELSE m.theirs END)
        END
    )
    SELECT CASE
        WHEN p_type = 'both_added' THEN format('%s was added on both sides with different definitions: %s',
            _pggit.object_label((p_self).ours), c.list)
        ELSE format('%s was changed in the %s and dropped in the %s: %s', _pggit.object_label((p_self).base),
            CASE WHEN s.is_ours THEN 'target' ELSE 'source' END,
            CASE WHEN s.is_ours THEN 'source' ELSE 'target' END, c.list)
    END
    FROM side AS s
    CROSS JOIN (
        SELECT string_agg(CASE WHEN object_id = (p_self).object_id THEN 'its own attributes'
            ELSE _pggit.object_label(object) END, ', ' ORDER BY _pggit.object_label(object)) AS list
        FROM (SELECT * FROM changed ORDER BY _pggit.object_label(object) LIMIT 10) AS few
    ) AS c
);
COMMENT ON FUNCTION _pggit.describe_container(_pggit.merge_pair[], _pggit.merge_pair, text) IS $$
Says which parts of a contested container make the difference.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_all_pairs(
    p_pairs _pggit.merge_pair[],
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_objects _pggit.object[] := ARRAY[]::_pggit.object[];
    v_conflicts _pggit.merge_conflict[] := ARRAY[]::_pggit.merge_conflict[];
    v_contested uuid[] := ARRAY[]::uuid[];
    v_result _pggit.merge_result;
    v_container record;
    v_pair _pggit.merge_pair;
BEGIN
    FOR v_container IN SELECT * FROM _pggit.contested_containers(p_pairs) AS c
    LOOP
        -- a single object without parts goes the way of single objects
        IF (SELECT count(*) FROM unnest(p_pairs) AS p
            WHERE _pggit.pair_container(p) = v_container.container_id) > 1
        THEN
            v_contested := v_contested || v_container.container_id;
            v_result := _pggit.merge_container(p_pairs, v_container.container_id,
                v_container.conflict_type, p_choices, p_strategy);
            v_objects := v_objects || v_result.objects;
            v_conflicts := v_conflicts || v_result.conflicts;
        END IF;
    END LOOP;
    FOR v_pair IN
        SELECT p.* FROM unnest(p_pairs) AS p WHERE _pggit.pair_container(p) <> ALL (v_contested)
    LOOP
        v_result := _pggit.merge_single(v_pair, p_choices, p_strategy);
        v_objects := v_objects || v_result.objects;
        v_conflicts := v_conflicts || v_result.conflicts;
    END LOOP;
    RETURN ROW(v_objects, v_conflicts, '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_all_pairs(_pggit.merge_pair[], _pggit.merge_choice[], text) IS $$
Merges each pair on its own; what only shows in the whole is not looked at yet.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_twins(p_pairs _pggit.merge_pair[], p_result _pggit.merge_result)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_twin record;
BEGIN
    FOR v_twin IN
        SELECT
            CASE WHEN (o.ours).name COLLATE "C" < (t.theirs).name COLLATE "C" THEN o.ours ELSE t.theirs END AS kept,
            CASE WHEN (o.ours).name COLLATE "C" < (t.theirs).name COLLATE "C" THEN t.theirs ELSE o.ours END AS gone
        FROM unnest(p_pairs) AS o
        JOIN unnest(p_pairs) AS t
            ON (t.theirs).parent_id = (o.ours).parent_id
            AND (t.theirs).kind = (o.ours).kind
            AND (t.theirs).name <> (o.ours).name
            AND _pggit.core_attrs((t.theirs).attrs) = _pggit.core_attrs((o.ours).attrs)
        WHERE (o.ours).kind IN ('index', 'constraint')
            AND (o.base).object_id IS NULL AND (o.theirs).object_id IS NULL
            AND (t.base).object_id IS NULL AND (t.ours).object_id IS NULL
    LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM unnest(p_result.objects) AS m WHERE m.object_id = (v_twin.gone).object_id)
            OR NOT EXISTS (SELECT FROM unnest(p_result.objects) AS m WHERE m.object_id = (v_twin.kept).object_id);
        p_result.objects := ARRAY(
            SELECT CASE WHEN m.deps @> ARRAY[(v_twin.gone).object_id] THEN ROW(
                m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature, m.attrs,
                ARRAY(SELECT DISTINCT CASE WHEN d = (v_twin.gone).object_id
                    THEN (v_twin.kept).object_id ELSE d END AS d
                    FROM unnest(m.deps) AS d ORDER BY d))::_pggit.object ELSE m END
            FROM unnest(p_result.objects) AS m
            WHERE m.object_id <> (v_twin.gone).object_id);
        p_result.notes := p_result.notes || format('%s and %s are the same; kept the first',
            _pggit.object_label(v_twin.kept), _pggit.object_label(v_twin.gone));
    END LOOP;
    RETURN p_result;
END;
$$;
COMMENT ON FUNCTION _pggit.drop_twins(_pggit.merge_pair[], _pggit.merge_result) IS $$
Keeps one of two equal indexes or constraints that both sides added under different names, the first by name, and notes it.
$$;
