-- Three-way merge as a pure function over objects: per object and per attribute, with the conflicts that remain.

-- == relations ==

-- One object as base, target (ours) and source (theirs) have it; NULL where it does not exist.
CREATE TYPE _pggit.merge_pair AS (
    object_id uuid,
    base      _pggit.object,
    ours      _pggit.object,
    theirs    _pggit.object
);

-- Two sides that do not agree. other_id: the second object of a collision, the missing one of a broken dependency.
CREATE TYPE _pggit.merge_conflict AS (
    conflict_type text,
    object_id     uuid,
    other_id      uuid,
    attribute     text,
    object_kind   text,
    schema_name   text,
    table_name    text,
    column_name   text,
    object_name   text,
    base          jsonb,
    source        jsonb,
    target        jsonb,
    description   text
);

-- How one conflict was settled. custom: {"attrs": {…}} laid over the object, {"objects": […]} in its place, {"name": …}.
CREATE TYPE _pggit.merge_choice AS (
    conflict_type text,
    object_id     uuid,
    other_id      uuid,
    attribute     text,
    strategy      text,
    custom        jsonb
);

-- A merged set of objects; while a conflict is open its object stands as in the target.
CREATE TYPE _pggit.merge_result AS (
    objects   _pggit.object[],
    conflicts _pggit.merge_conflict[],
    notes     text[]
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.core_attrs(p_attrs jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT jsonb_object_agg(a.key, a.value)
    FROM jsonb_each(_pggit.compared_attrs(p_attrs)) AS a
    WHERE a.key NOT IN ('comment', 'owner') AND a.key NOT LIKE 'acl:%'
), '{}'::jsonb);
COMMENT ON FUNCTION _pggit.core_attrs(jsonb) IS $$
The attributes that make a definition: without position, comment, owner and grants.
$$;

CREATE OR REPLACE FUNCTION _pggit.constant_value(p_expression text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_expression ~ '^(-?\d+(\.\d+)?|\(-?\d+(\.\d+)?\))(::[a-z][a-z ]*(\(\d+(,\d+)?\))?)?$'
        THEN pg_catalog.substring(p_expression, '-?\d+(?:\.\d+)?')
    WHEN p_expression ~ '^''([^'']|'''')*''(::[a-z][a-z ]*(\(\d+(,\d+)?\))?)?$'
        THEN pg_catalog.replace(pg_catalog.substring(p_expression, '^''((?:[^'']|'''')*)'''), '''''', '''')
END;
COMMENT ON FUNCTION _pggit.constant_value(text) IS $$
The value of a number or string as PostgreSQL prints it, cast or not; NULL for any other expression.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_same_constant(p_left text, p_right text, p_type text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(CASE
        WHEN p_type ~ '^(smallint|integer|bigint|real|double precision|numeric)'
            AND c.one ~ '^-?\d+(\.\d+)?$' AND c.other ~ '^-?\d+(\.\d+)?$'
            -- a scale rounds; without one, the zeros of a numeric are kept, too
            THEN CASE
                WHEN p_type = 'numeric' THEN c.one = c.other
                WHEN p_type ~ '^numeric' THEN round(c.one::numeric, s.scale) = round(c.other::numeric, s.scale)
                ELSE c.one::numeric = c.other::numeric
            END
        ELSE p_type ~ '^(character|text|smallint|integer|bigint|real|double precision|numeric)' AND c.one = c.other
    END, false)
    FROM (SELECT _pggit.constant_value(p_left) AS one, _pggit.constant_value(p_right) AS other) AS c
    CROSS JOIN (SELECT coalesce(substring(p_type FROM ',(-?\d+)\)$')::integer, 0) AS scale) AS s
);
COMMENT ON FUNCTION _pggit.is_same_constant(text, text, text) IS $$
Whether two constants are one number or string to a column of that type, such as 1.50 and '1.5'::double precision.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_same_core(p_left jsonb, p_right jsonb)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_left = p_right
    OR p_left - 'default' = p_right - 'default'
        AND _pggit.is_same_constant(p_left ->> 'default', p_right ->> 'default', p_left ->> 'type');
COMMENT ON FUNCTION _pggit.is_same_core(jsonb, jsonb) IS $$
Whether two sides define an object alike; a default may be written in two ways.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_same_object(p_left _pggit.object, p_right _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_left).object_id IS NULL OR (p_right).object_id IS NULL
        THEN (p_left).object_id IS NULL AND (p_right).object_id IS NULL
    ELSE _pggit.object_attributes_changed(p_left, p_right) = '{}'
END;
COMMENT ON FUNCTION _pggit.is_same_object(_pggit.object, _pggit.object) IS $$
Whether the differ finds nothing between both; two absent objects are the same.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_label(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_object).kind || ' ' || pg_catalog.concat_ws('.',
    (p_object).schema_name, (p_object).table_name, (p_object).name)
    || CASE WHEN (p_object).signature IS NULL THEN '' ELSE '(' || (p_object).signature || ')' END;
COMMENT ON FUNCTION _pggit.object_label(_pggit.object) IS $$
An object's name for people, such as 'column app.users.email'.
$$;

CREATE OR REPLACE FUNCTION _pggit.conflict_shape(p_object _pggit.object, p_parts _pggit.object[] DEFAULT '{}')
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := (p_object).attrs - 'position';
    v_type text := (p_object).attrs ->> 'type';
BEGIN
    IF (p_object).object_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF (p_object).kind = 'column' THEN
        RETURN jsonb_build_object(
            'column_name', (p_object).name,
            'data_type', regexp_replace(v_type, '^(character varying|character|bit varying|bit)\(\d+\)', '\1'),
            'max_length', substring(v_type FROM '^(?:character|bit)[a-z ]*\((\d+)\)')::integer,
            'nullable', NOT coalesce((v_attrs ->> 'not_null')::boolean, false),
            'default', v_attrs -> 'default'
        ) || (v_attrs - ARRAY['not_null', 'default']);
    END IF;
    IF p_parts <> '{}' THEN
        v_attrs := v_attrs || (
            SELECT jsonb_strip_nulls(jsonb_build_object('columns', jsonb_agg(_pggit.conflict_shape(p)
                ORDER BY (p.attrs ->> 'position')::numeric, p.name COLLATE "C")))
            FROM unnest(p_parts) AS p
            WHERE p.kind = 'column');
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'name', (p_object).name, 'schema', (p_object).schema_name)) || v_attrs;
END;
$$;
COMMENT ON FUNCTION _pggit.conflict_shape(_pggit.object, _pggit.object[]) IS $$
One side of a conflict as its reader sees it; a column in the words of the API, a table with its columns.
$$;

CREATE OR REPLACE FUNCTION _pggit.new_conflict(
    p_type text,
    p_pair _pggit.merge_pair,
    p_attribute text,
    p_description text,
    p_other_id uuid DEFAULT NULL
)
RETURNS _pggit.merge_conflict
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_object _pggit.object;
BEGIN
    v_object := CASE
        WHEN ((p_pair).base).object_id IS NOT NULL THEN (p_pair).base
        WHEN ((p_pair).ours).object_id IS NOT NULL THEN (p_pair).ours
        ELSE (p_pair).theirs END;
    RETURN ROW(
        p_type, v_object.object_id, p_other_id, p_attribute, v_object.kind, v_object.schema_name,
        CASE WHEN v_object.kind IN ('table', 'foreign_table', 'view', 'materialized_view')
            THEN v_object.name ELSE v_object.table_name END,
        CASE WHEN v_object.kind = 'column' THEN v_object.name END,
        v_object.name || CASE WHEN v_object.signature IS NULL THEN '' ELSE '(' || v_object.signature || ')' END,
        _pggit.conflict_shape((p_pair).base),
        _pggit.conflict_shape((p_pair).theirs),
        _pggit.conflict_shape((p_pair).ours),
        p_description)::_pggit.merge_conflict;
END;
$$;
COMMENT ON FUNCTION _pggit.new_conflict(text, _pggit.merge_pair, text, text, uuid) IS $$
A conflict over one object, with its three versions.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_choice(
    p_choices _pggit.merge_choice[],
    p_strategy text,
    p_type text,
    p_object_id uuid,
    p_attribute text DEFAULT NULL,
    p_other_id uuid DEFAULT NULL
)
RETURNS _pggit.merge_choice
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT c
    FROM unnest(p_choices) AS c
    WHERE c.conflict_type = p_type
        AND c.object_id = p_object_id
        AND c.attribute IS NOT DISTINCT FROM p_attribute
        AND c.other_id IS NOT DISTINCT FROM p_other_id
    LIMIT 1
), CASE
    WHEN p_type IN ('dependency_broken', 'data_violation') THEN NULL
    WHEN p_strategy = 'ours'
        THEN ROW(p_type, p_object_id, p_other_id, p_attribute, 'use_target', NULL)::_pggit.merge_choice
    WHEN p_strategy = 'theirs'
        THEN ROW(p_type, p_object_id, p_other_id, p_attribute, 'use_source', NULL)::_pggit.merge_choice
    WHEN p_strategy = 'base'
        THEN ROW(p_type, p_object_id, p_other_id, p_attribute, 'use_base', NULL)::_pggit.merge_choice
END);
COMMENT ON FUNCTION _pggit.find_choice(_pggit.merge_choice[], text, text, uuid, text, uuid) IS $$
How a conflict was settled: by its resolution, else by the strategies ours, theirs and base; NULL while it is open.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_lists(p_base jsonb, p_ours jsonb, p_theirs jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_base jsonb[] := ARRAY(SELECT value FROM jsonb_array_elements(coalesce(p_base, '[]')));
    v_kept jsonb[];
    v_sides jsonb[];
    v_gaps jsonb[] := ARRAY[]::jsonb[];
    v_result jsonb := '[]'::jsonb;
    v_ours jsonb;
    v_theirs jsonb;
    v_item jsonb;
BEGIN
    -- What both keep, in the base's order: a side that reorders it cannot be merged.
    v_kept := ARRAY(SELECT b FROM unnest(v_base) WITH ORDINALITY AS u(b, n)
        WHERE p_ours @> jsonb_build_array(b) AND p_theirs @> jsonb_build_array(b) ORDER BY n);
    FOREACH v_item IN ARRAY ARRAY[p_ours, p_theirs] LOOP
        IF v_kept <> ARRAY(SELECT value FROM jsonb_array_elements(v_item) WITH ORDINALITY AS u(value, n)
            WHERE value = ANY (v_kept) ORDER BY n)
        THEN
            RETURN NULL;
        END IF;
    END LOOP;
    -- Per side one list of additions for each gap between kept items; the last gap is the end.
    FOREACH v_item IN ARRAY ARRAY[p_ours, p_theirs] LOOP
        v_sides := ARRAY(
            SELECT coalesce(jsonb_agg(e.value ORDER BY e.n) FILTER (WHERE e.value IS NOT NULL), '[]')
            FROM generate_series(0, cardinality(v_kept)) AS g(gap)
            LEFT JOIN (
                SELECT u.value, u.n,
                    count(*) FILTER (WHERE u.value = ANY (v_kept)) OVER (ORDER BY u.n) AS gap
                FROM jsonb_array_elements(v_item) WITH ORDINALITY AS u(value, n)
            ) AS e ON e.gap = g.gap AND e.value <> ALL (v_kept) AND e.value <> ALL (v_base)
            GROUP BY g.gap
            ORDER BY g.gap);
        v_gaps := v_gaps || to_jsonb(v_sides);
    END LOOP;
    FOR i IN 0 .. cardinality(v_kept) LOOP
        v_ours := v_gaps[1] -> i;
        v_theirs := v_gaps[2] -> i;
        -- Both replaced the same item by something else, or put the same item in two places.
        IF v_ours <> v_theirs AND (
            EXISTS (SELECT FROM unnest(v_base) AS b
                WHERE NOT p_ours @> jsonb_build_array(b) AND NOT p_theirs @> jsonb_build_array(b))
            AND v_ours <> '[]' AND v_theirs <> '[]'
            OR EXISTS (SELECT FROM jsonb_array_elements(v_ours) AS a
                WHERE p_theirs @> jsonb_build_array(a) AND NOT v_theirs @> jsonb_build_array(a))
            OR EXISTS (SELECT FROM jsonb_array_elements(v_theirs) AS a
                WHERE p_ours @> jsonb_build_array(a) AND NOT v_ours @> jsonb_build_array(a)))
        THEN
            RETURN NULL;
        END IF;
        v_item := _pggit.merge_runs(v_ours, v_theirs);
        IF v_item IS NULL THEN
            RETURN NULL;
        END IF;
        v_result := v_result || v_item;
        IF i < cardinality(v_kept) THEN
            v_result := v_result || jsonb_build_array(v_kept[i + 1]);
        END IF;
    END LOOP;
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_lists(jsonb, jsonb, jsonb) IS $$
Merges two ordered sets over their base: both sides' additions in place, both sides' removals gone.
Returns: NULL if the orders contradict or one item was replaced in two ways.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_runs(p_ours jsonb, p_theirs jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_common jsonb;
    v_shorter jsonb;
    v_longer jsonb;
BEGIN
    v_shorter := CASE WHEN jsonb_array_length(p_ours) <= jsonb_array_length(p_theirs) THEN p_ours ELSE p_theirs END;
    v_longer := CASE WHEN v_shorter = p_ours THEN p_theirs ELSE p_ours END;
    SELECT coalesce(jsonb_agg(l.value ORDER BY l.n), '[]')
    INTO v_common
    FROM jsonb_array_elements(v_longer) WITH ORDINALITY AS l(value, n)
    WHERE v_shorter @> jsonb_build_array(l.value);
    IF v_common = v_shorter THEN
        RETURN v_longer;
    ELSIF v_common <> '[]' THEN
        -- a shared beginning, then each side's own
        IF v_shorter -> 0 = v_longer -> 0 THEN
            RETURN jsonb_build_array(v_shorter -> 0) || _pggit.merge_runs(v_shorter - 0, v_longer - 0);
        END IF;
        RETURN NULL;
    END IF;
    -- Nothing in common: the order must not depend on which side is called ours.
    RETURN CASE WHEN (p_ours ->> 0) COLLATE "C" < (p_theirs ->> 0) COLLATE "C"
        THEN p_ours || p_theirs ELSE p_theirs || p_ours END;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_runs(jsonb, jsonb) IS $$
Joins what two sides added at one place, in an order that does not depend on the direction; NULL if their orders contradict.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_labels(p_base jsonb, p_ours jsonb, p_theirs jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_ours jsonb := _pggit.renamed_labels(p_base, p_ours);
    v_theirs jsonb := _pggit.renamed_labels(p_base, p_theirs);
    v_result jsonb;
BEGIN
    IF EXISTS (
        SELECT FROM jsonb_each(v_ours || v_theirs) AS r
        WHERE v_ours -> r.key <> v_theirs -> r.key
            -- renamed here, gone or replaced there
            OR NOT v_ours ? r.key AND NOT p_ours ? r.key
            OR NOT v_theirs ? r.key AND NOT p_theirs ? r.key)
    THEN
        RETURN NULL;
    END IF;
    v_result := _pggit.merge_lists(
        _pggit.map_labels(p_base, v_ours || v_theirs),
        _pggit.map_labels(p_ours, v_theirs - ARRAY(SELECT jsonb_object_keys(v_ours))),
        _pggit.map_labels(p_theirs, v_ours - ARRAY(SELECT jsonb_object_keys(v_theirs))));
    RETURN CASE WHEN (SELECT count(DISTINCT l.value) = count(*) FROM jsonb_array_elements(v_result) AS l) THEN v_result END;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_labels(jsonb, jsonb, jsonb) IS $$
Merges the labels of an enum over their base; a label that one side renamed keeps its place, whatever the other adds beside it.
Returns: NULL where one was renamed in two ways, or the orders contradict.
$$;

CREATE OR REPLACE FUNCTION _pggit.pair_attributes(p_base jsonb, p_side jsonb)
RETURNS TABLE (place bigint, base jsonb, side jsonb)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Attributes of a composite type pair by name, else by place: only a rename leaves the others where they are.
    WITH old AS (
        SELECT u.value, u.n FROM jsonb_array_elements(p_base) WITH ORDINALITY AS u(value, n)
    ), new AS (
        SELECT u.value, u.n FROM jsonb_array_elements(p_side) WITH ORDINALITY AS u(value, n)
    ), pair AS (
        SELECT o.n AS old_n, n.n AS new_n, o.value AS old_value, n.value AS new_value
        FROM old AS o
        JOIN new AS n ON n.value ->> 'name' = o.value ->> 'name'
            OR n.n = o.n AND jsonb_array_length(p_base) <= jsonb_array_length(p_side)
                AND NOT EXISTS (SELECT FROM old AS x WHERE x.value ->> 'name' = n.value ->> 'name')
                AND NOT EXISTS (SELECT FROM new AS x WHERE x.value ->> 'name' = o.value ->> 'name')
    )
    SELECT o.n, o.value, p.new_value
    FROM old AS o
    LEFT JOIN pair AS p ON p.old_n = o.n
    UNION ALL
    SELECT jsonb_array_length(p_base) + n.n, NULL, n.value
    FROM new AS n
    WHERE NOT EXISTS (SELECT FROM pair AS p WHERE p.new_n = n.n);
END;
COMMENT ON FUNCTION _pggit.pair_attributes(jsonb, jsonb) IS $$
The attributes of a composite type beside what one side made of them; base is NULL for new ones, side for those that went.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_attributes(p_base jsonb, p_ours jsonb, p_theirs jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_result jsonb := '[]'::jsonb;
    v_kept record;
    v_item jsonb;
BEGIN
    FOR v_kept IN
        SELECT o.base, o.side AS ours, t.side AS theirs
        FROM _pggit.pair_attributes(p_base, p_ours) AS o
        JOIN _pggit.pair_attributes(p_base, p_theirs) AS t ON t.place = o.place AND t.base IS NOT NULL
        WHERE o.base IS NOT NULL
        ORDER BY o.place
    LOOP
        IF v_kept.ours IS NULL OR v_kept.theirs IS NULL THEN
            IF coalesce(v_kept.ours, v_kept.theirs, v_kept.base) <> v_kept.base THEN
                RETURN NULL;
            END IF;
            CONTINUE;
        END IF;
        v_item := (
            SELECT jsonb_object_agg(k.key, CASE WHEN v_kept.ours -> k.key IS NOT DISTINCT FROM v_kept.base -> k.key
                THEN v_kept.theirs -> k.key ELSE v_kept.ours -> k.key END)
            FROM jsonb_object_keys(v_kept.ours || v_kept.theirs || v_kept.base) AS k(key));
        IF EXISTS (
            SELECT FROM jsonb_object_keys(v_kept.ours || v_kept.theirs || v_kept.base) AS k(key)
            WHERE v_kept.ours -> k.key IS DISTINCT FROM v_kept.base -> k.key
                AND v_kept.theirs -> k.key IS DISTINCT FROM v_kept.base -> k.key
                AND v_kept.ours -> k.key IS DISTINCT FROM v_kept.theirs -> k.key)
        THEN
            RETURN NULL;
        END IF;
        v_result := v_result || jsonb_build_array(jsonb_strip_nulls(v_item));
    END LOOP;
    v_result := v_result || _pggit.merge_runs((
        SELECT coalesce(jsonb_agg(a.side ORDER BY a.place), '[]') FROM _pggit.pair_attributes(p_base, p_ours) AS a
        WHERE a.base IS NULL
    ), (
        SELECT coalesce(jsonb_agg(a.side ORDER BY a.place), '[]') FROM _pggit.pair_attributes(p_base, p_theirs) AS a
        WHERE a.base IS NULL));
    RETURN CASE WHEN (SELECT count(DISTINCT e ->> 'name') = count(*) FROM jsonb_array_elements(v_result) AS e) THEN v_result END;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_attributes(jsonb, jsonb, jsonb) IS $$
Merges the attributes of a composite type one by one, as the columns of a table.
Returns: NULL if one was changed in two ways, changed and dropped, or two come to one name.
$$;
