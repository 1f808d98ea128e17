-- The steps of a three-way merge: pairing, whole containers, single objects, and what only shows once all stand together.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.merge_pairs(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[]
)
RETURNS _pggit.merge_pair[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(coalesce(b.object_id, o.object_id, t.object_id), b, o, t)::_pggit.merge_pair
    FROM unnest(p_base) AS b
    FULL JOIN unnest(p_ours) AS o ON o.object_id = b.object_id
    FULL JOIN unnest(p_theirs) AS t ON t.object_id = coalesce(b.object_id, o.object_id)
);
COMMENT ON FUNCTION _pggit.merge_pairs(_pggit.object[], _pggit.object[], _pggit.object[]) IS $$
Puts the three versions of each object side by side, by identity.
$$;

CREATE OR REPLACE FUNCTION _pggit.pair_container(p_pair _pggit.merge_pair)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN coalesce(((p_pair).base).table_name, ((p_pair).ours).table_name, ((p_pair).theirs).table_name) IS NULL
        THEN (p_pair).object_id
    ELSE coalesce(((p_pair).base).parent_id, ((p_pair).ours).parent_id, ((p_pair).theirs).parent_id)
END;
COMMENT ON FUNCTION _pggit.pair_container(_pggit.merge_pair) IS $$
The table, view or domain that an object is a part of; else the object itself.
$$;

CREATE OR REPLACE FUNCTION _pggit.contested_containers(p_pairs _pggit.merge_pair[])
RETURNS TABLE (container_id uuid, conflict_type text)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH parts AS (
        SELECT
            _pggit.pair_container(p) AS container_id,
            p.object_id,
            coalesce((p.ours).kind, (p.theirs).kind, (p.base).kind) AS kind,
            (p.base).object_id IS NOT NULL AS in_base,
            (p.ours).object_id IS NOT NULL AS in_ours,
            (p.theirs).object_id IS NOT NULL AS in_theirs,
            NOT _pggit.is_same_object(p.base, p.ours) AS ours_changed,
            NOT _pggit.is_same_object(p.base, p.theirs) AS theirs_changed,
            _pggit.core_attrs((p.ours).attrs) AS ours_core,
            _pggit.core_attrs((p.theirs).attrs) AS theirs_core
        FROM unnest(p_pairs) AS p
    ), containers AS (
        SELECT
            c.container_id,
            bool_or(c.in_base) FILTER (WHERE c.object_id = c.container_id) AS in_base,
            bool_or(c.in_ours) FILTER (WHERE c.object_id = c.container_id) AS in_ours,
            bool_or(c.in_theirs) FILTER (WHERE c.object_id = c.container_id) AS in_theirs,
            bool_or(c.ours_changed) AS ours_changed,
            bool_or(c.theirs_changed) AS theirs_changed,
            bool_or(NOT coalesce(_pggit.is_same_core(c.ours_core, c.theirs_core), false))
                FILTER (WHERE c.kind = 'column' OR c.object_id = c.container_id) AS is_different,
            array_agg(c.ours_core ORDER BY c.ours_core)
                FILTER (WHERE c.kind = 'constraint' AND c.in_ours) AS ours_constraints,
            array_agg(c.theirs_core ORDER BY c.theirs_core)
                FILTER (WHERE c.kind = 'constraint' AND c.in_theirs) AS theirs_constraints
        FROM parts AS c
        GROUP BY c.container_id
    )
    SELECT
        c.container_id,
        CASE WHEN c.in_base THEN 'modify_delete' ELSE 'both_added' END
    FROM containers AS c
    WHERE CASE
        WHEN c.in_base THEN c.in_ours AND c.ours_changed AND NOT c.in_theirs
            OR c.in_theirs AND c.theirs_changed AND NOT c.in_ours
        ELSE c.in_ours AND c.in_theirs
            AND (c.is_different OR c.ours_constraints IS DISTINCT FROM c.theirs_constraints)
    END;
END;
COMMENT ON FUNCTION _pggit.contested_containers(_pggit.merge_pair[]) IS $$
What one side deleted and the other changed, and what both added differently; a table counts with all its parts.
$$;

CREATE OR REPLACE FUNCTION _pggit.side_object(p_pair _pggit.merge_pair, p_choice _pggit.merge_choice)
RETURNS _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_choice).custom ? 'objects' THEN (
        SELECT o
        FROM jsonb_populate_recordset(NULL::_pggit.object, (p_choice).custom -> 'objects') AS o
        WHERE o.object_id = (p_pair).object_id
    )
    WHEN (p_choice).strategy = 'use_source' THEN (p_pair).theirs
    WHEN (p_choice).strategy = 'use_base' THEN (p_pair).base
    ELSE (p_pair).ours
END;
COMMENT ON FUNCTION _pggit.side_object(_pggit.merge_pair, _pggit.merge_choice) IS $$
The version of an object that a choice takes; the target's while nothing is chosen.
$$;

CREATE OR REPLACE FUNCTION _pggit.overlay_object(p_object _pggit.object, p_choice _pggit.merge_choice)
RETURNS _pggit.object
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF (p_choice).custom ? 'attrs' THEN
        p_object.attrs := jsonb_strip_nulls(p_object.attrs || ((p_choice).custom -> 'attrs'));
        IF p_object.kind = 'column' AND NOT p_object.attrs ? 'identity' THEN
            p_object.attrs := p_object.attrs - ARRAY(SELECT k FROM jsonb_object_keys(p_object.attrs) AS k WHERE k LIKE 'identity:%');
        END IF;
    END IF;
    IF (p_choice).custom ? 'deps' THEN
        p_object.deps := ARRAY(
            SELECT d FROM unnest(p_object.deps) AS d
            UNION SELECT d::uuid FROM jsonb_array_elements_text((p_choice).custom -> 'deps') AS d ORDER BY 1);
    END IF;
    IF (p_choice).custom ? 'name' THEN
        p_object.name := (p_choice).custom ->> 'name';
    END IF;
    RETURN p_object;
END;
$$;
COMMENT ON FUNCTION _pggit.overlay_object(_pggit.object, _pggit.merge_choice) IS $$
Lays the attributes and the name of a custom resolution over an object.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_deps(p_base uuid[], p_ours uuid[], p_theirs uuid[])
RETURNS uuid[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT d
    FROM (SELECT unnest(p_ours) UNION SELECT unnest(p_theirs)) AS u(d)
    WHERE d = ANY (p_ours) AND d = ANY (p_theirs) OR d <> ALL (coalesce(p_base, '{}'))
    ORDER BY d
);
COMMENT ON FUNCTION _pggit.merge_deps(uuid[], uuid[], uuid[]) IS $$
What a merged object needs: what both need and what either side added.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_place(
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
    v_base _pggit.object := (p_pair).base;
    v_ours _pggit.object := (p_pair).ours;
    v_theirs _pggit.object := (p_pair).theirs;
    v_choice _pggit.merge_choice;
    v_conflicts _pggit.merge_conflict[] := ARRAY[]::_pggit.merge_conflict[];
BEGIN
    IF v_theirs.name <> v_ours.name AND v_ours.name = v_base.name THEN
        v_ours.name := v_theirs.name;
    ELSIF v_theirs.name <> v_ours.name AND v_theirs.name IS DISTINCT FROM v_base.name THEN
        v_choice := _pggit.find_choice(p_choices, p_strategy, 'rename_rename', v_ours.object_id, 'name');
        IF v_choice.strategy IS NULL THEN
            v_conflicts := v_conflicts || _pggit.new_conflict('rename_rename', p_pair, 'name', format(
                '%s was renamed to "%s" in the target and to "%s" in the source',
                _pggit.object_label(CASE WHEN v_base.object_id IS NULL THEN v_ours ELSE v_base END),
                v_ours.name, v_theirs.name));
        ELSIF v_choice.strategy = 'use_source' THEN
            v_ours.name := v_theirs.name;
        ELSIF v_choice.strategy = 'use_base' THEN
            v_ours.name := coalesce(v_base.name, v_ours.name);
        END IF;
        v_ours := _pggit.overlay_object(v_ours, v_choice);
    END IF;
    IF v_theirs.parent_id <> v_ours.parent_id AND v_ours.parent_id = v_base.parent_id THEN
        v_ours.parent_id := v_theirs.parent_id;
    ELSIF v_theirs.parent_id <> v_ours.parent_id AND v_theirs.parent_id IS DISTINCT FROM v_base.parent_id THEN
        v_choice := _pggit.find_choice(p_choices, p_strategy, 'rename_rename', v_ours.object_id, 'schema');
        IF v_choice.strategy IS NULL THEN
            v_conflicts := v_conflicts || _pggit.new_conflict('rename_rename', p_pair, 'schema', format(
                '%s was moved to schema "%s" in the target and to "%s" in the source',
                _pggit.object_label(v_base), v_ours.schema_name, v_theirs.schema_name));
        ELSIF v_choice.strategy = 'use_source' THEN
            v_ours.parent_id := v_theirs.parent_id;
        END IF;
    END IF;
    IF v_ours.signature IS NOT DISTINCT FROM v_base.signature THEN
        v_ours.signature := v_theirs.signature;
    END IF;
    RETURN ROW(ARRAY[v_ours], v_conflicts, '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_place(_pggit.merge_pair, _pggit.merge_choice[], text) IS $$
Merges name, schema and signature of an object that both sides have; the attributes stay the target's.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_attribute(
    p_key text,
    p_base jsonb,
    p_ours jsonb,
    p_theirs jsonb,
    p_column_type text,
    OUT merged jsonb,
    OUT is_conflict boolean
)
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    is_conflict := false;
    merged := p_ours;
    IF p_ours IS NOT DISTINCT FROM p_theirs OR p_theirs IS NOT DISTINCT FROM p_base THEN
        RETURN;
    ELSIF p_ours IS NOT DISTINCT FROM p_base THEN
        merged := p_theirs;
    ELSIF p_key = 'position' THEN
        -- no difference between states, but one answer for both directions
        merged := least(p_ours, p_theirs);
    ELSIF p_key = 'default' AND _pggit.is_same_constant(p_ours #>> '{}', p_theirs #>> '{}', p_column_type) THEN
        -- one value written in two ways
        merged := CASE WHEN (p_ours #>> '{}') COLLATE "C" < (p_theirs #>> '{}') COLLATE "C" THEN p_ours ELSE p_theirs END;
    ELSIF p_key = 'owner' AND (p_ours IS NULL OR p_theirs IS NULL) THEN
        -- an owner that one side does not know is no change of that side
        merged := coalesce(p_ours, p_theirs);
    ELSIF p_key = 'not_null_name' AND p_base IS NULL THEN
        -- one constraint under two names, as any other: the first is kept
        merged := CASE WHEN (p_ours #>> '{}') COLLATE "C" < (p_theirs #>> '{}') COLLATE "C" THEN p_ours ELSE p_theirs END;
    ELSIF p_key IN ('labels', 'attributes')
        AND jsonb_typeof(p_base) = 'array' AND jsonb_typeof(p_ours) = 'array' AND jsonb_typeof(p_theirs) = 'array'
    THEN
        merged := CASE WHEN p_key = 'labels' THEN _pggit.merge_labels(p_base, p_ours, p_theirs)
            ELSE _pggit.merge_attributes(p_base, p_ours, p_theirs) END;
        IF merged IS NULL THEN
            merged := p_ours;
            is_conflict := true;
        END IF;
    ELSE
        is_conflict := true;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_attribute(text, jsonb, jsonb, jsonb, text) IS $$
Merges one attribute: a change of one side wins over none, equal changes agree, lists merge as ordered sets.
p_column_type: of a column that has one type on both sides.
$$;

CREATE OR REPLACE FUNCTION _pggit.value_source_clash(p_base jsonb, p_ours jsonb, p_theirs jsonb, p_merged jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN (
        SELECT count(*) > 1 FROM unnest('{default,identity,generated}'::text[]) AS k WHERE p_merged ? k
    ) THEN (
        SELECT min(k) FROM unnest('{default,identity,generated}'::text[]) AS k
        WHERE p_ours ->> k IS DISTINCT FROM p_theirs ->> k AND p_merged ? k
    ) END;
COMMENT ON FUNCTION _pggit.value_source_clash(jsonb, jsonb, jsonb, jsonb) IS $$
Where a merged column has two of default, identity and generation, of which PostgreSQL takes one: the attribute to decide on.
$$;

CREATE OR REPLACE FUNCTION _pggit.take_value_source(p_attrs jsonb, p_from jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT jsonb_object_agg(a.key, a.value)
    FROM (
        SELECT k.key, k.value FROM jsonb_each(p_attrs) AS k
        WHERE k.key NOT IN ('default', 'expression', 'generated') AND k.key NOT LIKE 'identity%'
        UNION ALL
        SELECT f.key, f.value FROM jsonb_each(p_from) AS f
        WHERE f.key IN ('default', 'expression', 'generated') OR f.key LIKE 'identity%'
    ) AS a
), '{}');
COMMENT ON FUNCTION _pggit.take_value_source(jsonb, jsonb) IS $$
A column's attributes with default, identity and generation as another version has them.
$$;

CREATE OR REPLACE FUNCTION _pggit.take_body(p_attrs jsonb, p_from jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN jsonb_strip_nulls((p_attrs - '{body,sql_body,language,library}'::text[]) || jsonb_build_object(
    'body', p_from -> 'body', 'sql_body', p_from -> 'sql_body', 'language', p_from -> 'language', 'library', p_from -> 'library'));
COMMENT ON FUNCTION _pggit.take_body(jsonb, jsonb) IS $$
A routine's attributes with body and language as another version has them.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_versions(
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
    v_base jsonb := coalesce(((p_pair).base).attrs, '{}');
    v_ours jsonb := ((p_pair).ours).attrs;
    v_theirs jsonb := ((p_pair).theirs).attrs;
    v_place _pggit.merge_result := _pggit.merge_place(p_pair, p_choices, p_strategy);
    v_object _pggit.object := v_place.objects[1];
    v_choice _pggit.merge_choice;
    v_conflicts _pggit.merge_conflict[] := v_place.conflicts;
    v_attrs jsonb := v_ours;
    v_custom _pggit.merge_choice[] := ARRAY[]::_pggit.merge_choice[];
    v_key text;
    v_merged jsonb;
    v_is_conflict boolean;
    v_bodies _pggit.merge_choice[] := ARRAY[]::_pggit.merge_choice[];
BEGIN
    FOR v_key IN
        SELECT k FROM (SELECT jsonb_object_keys(v_ours) UNION SELECT jsonb_object_keys(v_theirs)
            UNION SELECT jsonb_object_keys(v_base)) AS u(k) ORDER BY k COLLATE "C"
    LOOP
        SELECT m.merged, m.is_conflict INTO v_merged, v_is_conflict
        FROM _pggit.merge_attribute(v_key, v_base -> v_key, v_ours -> v_key, v_theirs -> v_key,
            CASE WHEN v_ours ->> 'type' = v_theirs ->> 'type' THEN v_ours ->> 'type' END) AS m;
        -- a view's output columns follow from its query
        IF v_is_conflict AND NOT (v_key = 'columns' AND v_ours ? 'query') THEN
            v_choice := _pggit.find_choice(p_choices, p_strategy, 'schema_mismatch', v_object.object_id, v_key);
            IF v_choice.strategy IS NULL THEN
                v_conflicts := v_conflicts || _pggit.new_conflict('schema_mismatch', p_pair, v_key,
                    _pggit.describe_mismatch(p_pair, v_key));
            ELSIF v_choice.strategy = 'use_source' THEN
                v_merged := v_theirs -> v_key;
            ELSIF v_choice.strategy = 'use_base' THEN
                v_merged := v_base -> v_key;
            ELSIF v_choice.strategy = 'custom' THEN
                v_custom := v_custom || v_choice;
            END IF;
            -- a body is in a language, and is either a string or parsed
            v_bodies := v_bodies || CASE WHEN v_key IN ('body', 'sql_body') THEN v_choice END;
        END IF;
        v_attrs := CASE WHEN v_merged IS NULL THEN v_attrs - v_key
            ELSE v_attrs || jsonb_build_object(v_key, v_merged) END;
    END LOOP;
    v_key := _pggit.value_source_clash(v_base, v_ours, v_theirs, v_attrs);
    IF v_key IS NOT NULL AND v_object.kind = 'column' THEN
        v_choice := _pggit.find_choice(p_choices, p_strategy, 'schema_mismatch', v_object.object_id, v_key);
        IF v_choice.strategy IS NULL THEN
            v_conflicts := v_conflicts || _pggit.new_conflict('schema_mismatch', p_pair, v_key,
                _pggit.describe_mismatch(p_pair, v_key));
        ELSIF v_choice.strategy = 'custom' THEN
            v_custom := v_custom || v_choice;
        END IF;
        v_attrs := _pggit.take_value_source(v_attrs, CASE v_choice.strategy
            WHEN 'use_source' THEN v_theirs WHEN 'use_base' THEN v_base ELSE v_ours END);
    END IF;
    -- an heir that got no default from its parent may get one of its own
    IF v_attrs ? 'default' THEN
        v_attrs := v_attrs - 'no_default';
    END IF;
    IF v_bodies <> '{}' THEN
        v_attrs := _pggit.take_body(v_attrs, CASE v_bodies[1].strategy
            WHEN 'use_source' THEN v_theirs WHEN 'use_base' THEN v_base ELSE v_ours END);
    END IF;
    v_object.attrs := v_attrs;
    v_object.deps := _pggit.merge_deps(((p_pair).base).deps, v_object.deps, ((p_pair).theirs).deps);
    FOREACH v_choice IN ARRAY v_custom LOOP
        v_object := CASE WHEN v_choice.custom ? 'objects' THEN _pggit.side_object(p_pair, v_choice)
            ELSE _pggit.overlay_object(v_object, v_choice) END;
    END LOOP;
    RETURN ROW(ARRAY[v_object], v_conflicts, '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_versions(_pggit.merge_pair, _pggit.merge_choice[], text) IS $$
Merges an object that both sides have, attribute by attribute.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_mismatch(p_pair _pggit.merge_pair, p_attribute text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN format(
    '%s: %s was %s, is %s in the target and %s in the source',
    _pggit.object_label(CASE WHEN ((p_pair).base).object_id IS NULL THEN (p_pair).ours ELSE (p_pair).base END),
    p_attribute,
    coalesce(((p_pair).base).attrs ->> p_attribute, 'not set'),
    coalesce(((p_pair).ours).attrs ->> p_attribute, 'not set'),
    coalesce(((p_pair).theirs).attrs ->> p_attribute, 'not set'));
COMMENT ON FUNCTION _pggit.describe_mismatch(_pggit.merge_pair, text) IS $$
Says what an attribute was and what each side made of it.
$$;
