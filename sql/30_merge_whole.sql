-- The merge as a whole: contests over one name, broken dependencies, overruled objects, and merge_objects itself.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.name_keys(p_object _pggit.object)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind IN ('table', 'foreign_table', 'view', 'materialized_view', 'composite')
        THEN ARRAY['relation', 'type']
    WHEN (p_object).kind IN ('sequence', 'index') THEN ARRAY['relation']
    WHEN (p_object).kind = 'constraint' AND (p_object).attrs ->> 'type' IN ('primary_key', 'unique', 'exclusion')
        THEN ARRAY['relation', 'constraint|' || (p_object).parent_id]
    WHEN (p_object).kind IN ('enum', 'domain', 'range') THEN ARRAY['type']
    WHEN (p_object).kind IN ('function', 'procedure', 'aggregate') THEN ARRAY['routine']
    ELSE ARRAY[(p_object).kind || '|' || coalesce((p_object).parent_id::text, '')]
END;
COMMENT ON FUNCTION _pggit.name_keys(_pggit.object) IS $$
The name spaces in which PostgreSQL wants an object's name to be unique.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_contests(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_context _pggit.object[]
)
RETURNS SETOF _pggit.merge_contest
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH named AS (
        SELECT o, true AS is_merged FROM unnest(p_objects) AS o
        UNION ALL
        SELECT c, false FROM unnest(p_context) AS c
    ), keyed AS (
        SELECT n.o, n.is_merged,
            k || CASE WHEN k LIKE '%|%' THEN '' ELSE '|' || (n.o).schema_name END
                || '|' || (n.o).name || coalesce('(' || (n.o).signature || ')', '') AS key
        FROM named AS n
        CROSS JOIN LATERAL unnest(_pggit.name_keys(n.o)) AS k
    ), clashes AS (
        SELECT DISTINCT ON ((a.o).object_id, (b.o).object_id)
            a.o AS target, b.o AS source
        FROM keyed AS a
        JOIN keyed AS b ON b.key = a.key AND (b.o).object_id <> (a.o).object_id AND b.is_merged
        JOIN unnest(p_pairs) AS p ON p.object_id = (b.o).object_id
        LEFT JOIN unnest(p_pairs) AS q ON q.object_id = (a.o).object_id
        -- the source brought b to this name, the target has a there
        WHERE ((p.ours).object_id IS NULL OR (p.ours).name <> (b.o).name
                OR (p.ours).parent_id IS DISTINCT FROM (b.o).parent_id)
            AND (NOT a.is_merged OR (q.ours).object_id IS NOT NULL AND (q.ours).name = (a.o).name)
        ORDER BY (a.o).object_id, (b.o).object_id
    )
    SELECT 'name_collision', (c.target).object_id, (c.source).object_id,
        format('%s in the target and %s in the source both come to be named "%s"',
            _pggit.object_label(coalesce(tp.base, c.target)), _pggit.object_label(coalesce(sp.base, c.source)), (c.target).name)
    FROM clashes AS c
    LEFT JOIN unnest(p_pairs) AS tp ON tp.object_id = (c.target).object_id
    LEFT JOIN unnest(p_pairs) AS sp ON sp.object_id = (c.source).object_id
    UNION ALL
    SELECT 'both_added', a.object_id, b.object_id,
        format('table %s has two primary keys: %s in the target and %s in the source',
            a.table_name, a.name, b.name)
    FROM unnest(p_objects) AS a
    JOIN unnest(p_objects) AS b ON b.parent_id = a.parent_id AND b.object_id <> a.object_id
    JOIN unnest(p_pairs) AS p ON p.object_id = a.object_id AND (p.ours).object_id IS NOT NULL
    JOIN unnest(p_pairs) AS q ON q.object_id = b.object_id AND (q.ours).object_id IS NULL
    WHERE a.kind = 'constraint' AND a.attrs ->> 'type' = 'primary_key'
        AND b.kind = 'constraint' AND b.attrs ->> 'type' = 'primary_key'
    UNION ALL
    SELECT 'schema_mismatch', a.object_id, b.object_id,
        format('table %s has one index that is %s, and it is %s in the target and %s in the source',
            a.table_name, CASE k.key WHEN 'clustered' THEN 'clustered' ELSE 'its replica identity' END, a.name, b.name)
    FROM unnest('{clustered,replica_identity}'::text[]) AS k(key)
    JOIN unnest(p_objects) AS a ON a.kind IN ('index', 'constraint') AND a.attrs ? k.key
    JOIN unnest(p_objects) AS b ON b.kind IN ('index', 'constraint') AND b.attrs ? k.key
        AND b.parent_id = a.parent_id AND b.object_id <> a.object_id
    JOIN unnest(p_pairs) AS p ON p.object_id = a.object_id AND (p.ours).attrs ? k.key
    JOIN unnest(p_pairs) AS q ON q.object_id = b.object_id AND NOT coalesce((q.ours).attrs ? k.key, false)
    UNION ALL
    SELECT 'dependency_broken', CASE WHEN s.is_ours THEN i.object_id ELSE c.object_id END,
        CASE WHEN s.is_ours THEN c.object_id ELSE i.object_id END,
        format('%s in the %s is the replica identity and needs %s, which is nullable in the %s',
            _pggit.object_label(i), CASE WHEN s.is_ours THEN 'target' ELSE 'source' END,
            _pggit.object_label(c), CASE WHEN s.is_ours THEN 'source' ELSE 'target' END)
    FROM unnest(p_objects) AS i
    JOIN unnest(p_objects) AS c ON c.object_id = ANY (i.deps) AND c.kind = 'column' AND NOT c.attrs ? 'not_null'
    JOIN unnest(p_pairs) AS p ON p.object_id = i.object_id
    CROSS JOIN LATERAL (SELECT coalesce((p.ours).attrs ? 'replica_identity', false) AS is_ours) AS s
    WHERE i.kind IN ('index', 'constraint') AND i.attrs ? 'replica_identity';
END;
COMMENT ON FUNCTION _pggit.name_contests(_pggit.merge_pair[], _pggit.object[], _pggit.object[]) IS $$
Different objects that the two sides brought to one name; two primary keys, clustered indexes or replica identities of one table; and a
replica identity over a column that may be NULL.
$$;

CREATE OR REPLACE FUNCTION _pggit.take_version(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_object_id uuid,
    p_side text
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH side AS MATERIALIZED (
        SELECT p.object_id, CASE WHEN p_side = 'ours' THEN p.ours ELSE p.theirs END AS object
        FROM unnest(p_pairs) AS p
    ), kept AS MATERIALIZED (
        -- parts stay merged while their container stays and has the same parents: else what it inherits is another thing
        SELECT EXISTS (
            SELECT
            FROM side AS s
            LEFT JOIN unnest(p_objects) AS m ON m.object_id = p_object_id
            WHERE s.object_id = p_object_id AND (s.object).object_id IS NOT NULL
              AND (m.object_id IS NULL OR (m.attrs->'partition_of', m.attrs->'inherits')
                  IS NOT DISTINCT FROM ((s.object).attrs->'partition_of', (s.object).attrs->'inherits'))
        ) AS are_parts
    )
    SELECT ARRAY(
        SELECT m
        FROM unnest(p_objects) AS m
        WHERE m.object_id <> p_object_id
          AND (m.parent_id IS DISTINCT FROM p_object_id OR (SELECT k.are_parts FROM kept AS k))
        UNION ALL
        SELECT s.object
        FROM side AS s
        WHERE (s.object).object_id = p_object_id
            OR (s.object).parent_id = p_object_id
                AND NOT EXISTS (SELECT FROM unnest(p_objects) AS m
                    WHERE m.object_id IN (s.object_id, p_object_id) AND (SELECT k.are_parts FROM kept AS k)));
END;
COMMENT ON FUNCTION _pggit.take_version(_pggit.merge_pair[], _pggit.object[], uuid, text) IS $$
The objects with one of them as one side has it: replaced, added with its parts, or removed with them.
$$;

CREATE OR REPLACE FUNCTION _pggit.take_with_needs(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_object_id uuid,
    p_side text
)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_need uuid;
BEGIN
    FOR v_need IN
        SELECT n.object_id
        FROM (
            SELECT CASE p_side WHEN 'ours' THEN (p.ours).deps ELSE (p.theirs).deps END AS deps
            FROM unnest(p_pairs) AS p
            WHERE p.object_id = p_object_id
        ) AS o
        JOIN unnest(p_pairs) AS n ON n.object_id = ANY (o.deps)
        LEFT JOIN unnest(p_objects) AS m ON m.object_id = n.object_id
        WHERE NOT _pggit.is_same_object(m, CASE p_side WHEN 'ours' THEN n.ours ELSE n.theirs END)
    LOOP
        p_objects := _pggit.take_version(p_pairs, p_objects, v_need, p_side);
    END LOOP;
    RETURN _pggit.take_version(p_pairs, p_objects, p_object_id, p_side);
END;
$$;
COMMENT ON FUNCTION _pggit.take_with_needs(_pggit.merge_pair[], _pggit.object[], uuid, text) IS $$
The objects with one of them as one side has it, and what it needs as that side has it: there it is built.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_contests(
    p_pairs _pggit.merge_pair[],
    p_result _pggit.merge_result,
    p_context _pggit.object[],
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
    v_contest _pggit.merge_contest;
    v_choice _pggit.merge_choice;
    v_conflict _pggit.merge_conflict;
    v_pair _pggit.merge_pair;
    v_other _pggit.merge_pair;
BEGIN
    FOR v_contest IN
        SELECT c.*
        FROM _pggit.name_contests(p_pairs, p_result.objects, p_context) AS c
        ORDER BY c.target_id, c.source_id
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM unnest(p_result.conflicts) AS k
            WHERE k.object_id IN (v_contest.target_id, v_contest.source_id)
                AND k.conflict_type IN ('rename_rename', 'both_added', 'modify_delete'));
        v_choice := _pggit.find_choice(p_choices, p_strategy, v_contest.conflict_type,
            v_contest.target_id, NULL, v_contest.source_id);
        IF v_choice.custom ? 'name' THEN
            p_result.objects := ARRAY(SELECT CASE WHEN m.object_id = v_contest.source_id
                THEN _pggit.overlay_object(m, v_choice) ELSE m END FROM unnest(p_result.objects) AS m);
        ELSIF v_choice.strategy = 'use_source' THEN
            p_result.objects := _pggit.take_version(p_pairs, p_result.objects, v_contest.target_id, 'theirs');
        ELSE
            p_result.objects := _pggit.take_version(p_pairs, p_result.objects, v_contest.source_id, 'ours');
        END IF;
        IF v_choice.strategy IS NULL THEN
            v_pair := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_contest.target_id);
            v_other := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_contest.source_id);
            v_pair := coalesce(v_pair, ROW(v_contest.target_id, NULL,
                (SELECT c FROM unnest(p_context) AS c WHERE c.object_id = v_contest.target_id), NULL)::_pggit.merge_pair);
            v_conflict := _pggit.new_conflict(v_contest.conflict_type, v_pair, NULL,
                v_contest.description, v_contest.source_id);
            v_conflict.object_name := ((v_pair).ours).name;
            v_conflict.column_name := CASE WHEN v_conflict.object_kind = 'column' THEN ((v_pair).ours).name END;
            v_conflict.source := _pggit.conflict_shape((v_other).theirs);
            p_result.conflicts := p_result.conflicts || v_conflict;
        END IF;
    END LOOP;
    RETURN p_result;
END;
$$;
COMMENT ON FUNCTION _pggit.settle_contests(
    _pggit.merge_pair[], _pggit.merge_result, _pggit.object[], _pggit.merge_choice[], text) IS $$
Settles what name_contests finds: the loser is as the winner's side has it; while it is open the target wins.
$$;

CREATE OR REPLACE FUNCTION _pggit.mentions(p_text text, p_name text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_text ~ (
    '(^|[^[:alnum:]_$])' || regexp_replace(quote_ident(p_name), '([][\\^$.|?*+(){}])', '\\\1', 'g') || '(?![[:alnum:]_$])');
COMMENT ON FUNCTION _pggit.mentions(text, text) IS $$
Whether a text holds a name as a whole word, as SQL writes it.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_body_breaks(p_pairs _pggit.merge_pair[], p_objects _pggit.object[])
RETURNS SETOF _pggit.merge_break
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- PostgreSQL does not look into a body that is a string, so the names in it are looked for: what one side dropped and the
    -- other side's new body still says. A column counts only beside the name of its table.
    WITH gone AS (
        SELECT p.object_id, coalesce(p.ours, p.theirs) AS object, (p.ours).object_id IS NULL AS is_ours
        FROM unnest(p_pairs) AS p
        WHERE (p.base).object_id IS NOT NULL
            AND ((p.ours).object_id IS NULL) <> ((p.theirs).object_id IS NULL)
            AND coalesce((p.ours).kind, (p.theirs).kind) IN (
                'table', 'foreign_table', 'view', 'materialized_view', 'sequence', 'function', 'procedure', 'enum', 'domain',
                'composite', 'range', 'column')
            AND NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    ), body AS (
        SELECT m.object_id, m.attrs ->> 'body' AS text,
            (p.ours).attrs ->> 'body' IS DISTINCT FROM m.attrs ->> 'body' AS is_new_to_ours,
            (p.theirs).attrs ->> 'body' IS DISTINCT FROM m.attrs ->> 'body' AS is_new_to_theirs
        FROM unnest(p_objects) AS m
        JOIN unnest(p_pairs) AS p ON p.object_id = m.object_id
        WHERE m.kind IN ('function', 'procedure') AND m.attrs ? 'body'
    )
    SELECT b.object_id, g.object_id
    FROM gone AS g
    JOIN body AS b ON CASE WHEN g.is_ours THEN b.is_new_to_ours ELSE b.is_new_to_theirs END
    WHERE _pggit.mentions(b.text, (g.object).name)
        AND ((g.object).kind <> 'column' OR _pggit.mentions(b.text, (g.object).table_name));
END;
COMMENT ON FUNCTION _pggit.find_body_breaks(_pggit.merge_pair[], _pggit.object[]) IS $$
Routines whose new body, a string, names what the other side dropped.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_owner_breaks(p_pairs _pggit.merge_pair[], p_objects _pggit.object[])
RETURNS SETOF _pggit.merge_break
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- a sequence's owner is no dependency of its own: it would close a circle with the default
    WITH owned AS (
        SELECT m.object_id, m.schema_name, m.attrs ->> 'owned_by' AS owner FROM unnest(p_objects) AS m
        WHERE m.kind = 'sequence' AND m.attrs ? 'owned_by'
    ), gone AS (
        SELECT p.object_id, coalesce(p.ours, p.theirs) AS object
        FROM unnest(p_pairs) AS p
        WHERE coalesce((p.ours).kind, (p.theirs).kind) = 'column' AND EXISTS (SELECT FROM owned)
            AND NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    )
    SELECT o.object_id, g.object_id
    FROM gone AS g
    CROSS JOIN LATERAL (
        SELECT quote_ident((g.object).table_name) || '.' || quote_ident((g.object).name) AS path
    ) AS n
    JOIN owned AS o ON o.owner = n.path AND o.schema_name = (g.object).schema_name
        OR o.owner = quote_ident((g.object).schema_name) || '.' || n.path;
END;
COMMENT ON FUNCTION _pggit.find_owner_breaks(_pggit.merge_pair[], _pggit.object[]) IS $$
Sequences whose owning column is gone.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_breaks(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_conflicts _pggit.merge_conflict[],
    p_context _pggit.object[]
)
RETURNS SETOF _pggit.merge_break
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH gone AS (
        SELECT p.object_id, _pggit.pair_container(p) AS container_id
        FROM unnest(p_pairs) AS p
        WHERE NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    )
    SELECT DISTINCT m.object_id, coalesce(c.object_id, g.object_id)
    FROM (
        SELECT o.object_id, o.parent_id, unnest(o.deps || o.parent_id) AS needed_id FROM unnest(p_objects) AS o
        UNION ALL
        SELECT b.object_id, NULL, b.missing_id FROM _pggit.find_body_breaks(p_pairs, p_objects) AS b
        UNION ALL
        SELECT h.object_id, NULL, h.missing_id FROM _pggit.find_heir_breaks(p_pairs, p_objects, p_context) AS h
        UNION ALL
        SELECT q.object_id, NULL, q.missing_id FROM _pggit.find_owner_breaks(p_pairs, p_objects) AS q
        UNION ALL
        SELECT i.object_id, NULL, i.missing_id FROM _pggit.inherited_columns(p_pairs, p_objects, p_context) AS i
        UNION ALL
        SELECT x.object_id, NULL, x.missing_id FROM _pggit.find_part_breaks(p_pairs, p_objects, p_context) AS x
    ) AS m
    CROSS JOIN LATERAL (SELECT m.needed_id) AS d
    JOIN gone AS g ON g.object_id = d.needed_id
    -- a part that went with its table is named by the table
    LEFT JOIN gone AS c ON c.object_id = g.container_id
    WHERE NOT EXISTS (
        SELECT FROM unnest(p_conflicts) AS k
        WHERE k.object_id IN (m.object_id, m.parent_id, g.object_id, g.container_id)
            OR k.other_id IN (m.object_id, m.parent_id, g.object_id, g.container_id))
    ORDER BY 1, 2;
END;
COMMENT ON FUNCTION _pggit.find_breaks(_pggit.merge_pair[], _pggit.object[], _pggit.merge_conflict[], _pggit.object[]) IS $$
Merged objects that need one which is gone; what an open conflict touches is left for later.
$$;

CREATE OR REPLACE FUNCTION _pggit.restore_needed(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_missing_id uuid,
    p_side text
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH RECURSIVE side AS (
        SELECT p.object_id, _pggit.pair_container(p) AS container_id,
            CASE WHEN p_side = 'ours' THEN p.ours ELSE p.theirs END AS object
        FROM unnest(p_pairs) AS p
        WHERE NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    ), needed AS (
        SELECT s.object_id, s.object
        FROM side AS s
        WHERE p_missing_id IN (s.object_id, s.container_id) AND (s.object).object_id IS NOT NULL
        UNION
        SELECT s.object_id, s.object
        FROM needed AS n
        JOIN side AS s ON s.object_id = ANY ((n.object).deps || (n.object).parent_id)
            OR s.container_id = n.object_id
        WHERE (s.object).object_id IS NOT NULL
    )
    SELECT p_objects || coalesce(array_agg(n.object), '{}') FROM needed AS n
);
COMMENT ON FUNCTION _pggit.restore_needed(_pggit.merge_pair[], _pggit.object[], uuid, text) IS $$
Brings an object back from one side, with its parts and all that these need.
$$;

CREATE OR REPLACE FUNCTION _pggit.implied_choice(
    p_pairs _pggit.merge_pair[],
    p_choices _pggit.merge_choice[],
    p_break _pggit.merge_break
)
RETURNS _pggit.merge_choice
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT c
    FROM unnest(p_pairs) AS m
    JOIN unnest(p_choices) AS c ON c.conflict_type = 'modify_delete'
        AND c.object_id IN (m.object_id, _pggit.pair_container(m)) AND c.custom IS NULL
    JOIN unnest(p_pairs) AS g ON g.object_id = p_break.missing_id
    WHERE m.object_id = p_break.object_id
      AND CASE c.strategy WHEN 'use_target' THEN (g.ours).object_id WHEN 'use_source' THEN (g.theirs).object_id END IS NOT NULL
    LIMIT 1
);
COMMENT ON FUNCTION _pggit.implied_choice(_pggit.merge_pair[], _pggit.merge_choice[], _pggit.merge_break) IS $$
Whoever keeps what the other side dropped keeps what it needs: the choice of a modify_delete, where that side has what is missing.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_breaks(
    p_pairs _pggit.merge_pair[],
    p_result _pggit.merge_result,
    p_context _pggit.object[],
    p_choices _pggit.merge_choice[]
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_break _pggit.merge_break;
    v_choice _pggit.merge_choice;
    v_pair _pggit.merge_pair;
    v_missing _pggit.merge_pair;
    v_holder text;
    v_is_settled boolean := true;
BEGIN
    -- Settling one break can heal or make another: start over after each. A choice is used once; an implied one brings
    -- something back each time.
    WHILE v_is_settled LOOP
        v_is_settled := false;
        FOR v_break IN SELECT b.* FROM _pggit.find_breaks(p_pairs, p_result.objects, p_result.conflicts, p_context) AS b
        LOOP
            v_choice := coalesce(
                _pggit.find_choice(p_choices, 'auto', 'dependency_broken', v_break.object_id, NULL, v_break.missing_id),
                _pggit.implied_choice(p_pairs, p_choices, v_break));
            CONTINUE WHEN v_choice.strategy IS NULL;
            p_choices := ARRAY(SELECT c FROM unnest(p_choices) AS c
                WHERE c.conflict_type <> 'dependency_broken' OR c IS DISTINCT FROM v_choice);
            v_missing := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_break.missing_id);
            v_holder := CASE WHEN ((v_missing).ours).object_id IS NOT NULL THEN 'ours' ELSE 'theirs' END;
            IF v_choice.custom ? 'objects' THEN
                p_result.objects := ARRAY(SELECT m FROM unnest(p_result.objects) AS m
                        WHERE m.object_id <> v_break.object_id)
                    || ARRAY(SELECT o FROM jsonb_populate_recordset(
                        NULL::_pggit.object, v_choice.custom -> 'objects') AS o);
            ELSIF v_choice.custom IS NOT NULL THEN
                -- defined anew, it does without what is missing
                p_result.objects := ARRAY(SELECT CASE WHEN m.object_id <> v_break.object_id THEN m ELSE _pggit.overlay_object(ROW(
                    m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature, m.attrs,
                    ARRAY(SELECT d FROM unnest(m.deps) AS d WHERE d <> v_break.missing_id AND NOT EXISTS (
                        SELECT FROM unnest(p_pairs) AS p
                        WHERE p.object_id = d AND _pggit.pair_container(p) = v_break.missing_id)))::_pggit.object, v_choice) END
                    FROM unnest(p_result.objects) AS m);
            ELSIF (v_holder = 'ours') = (v_choice.strategy = 'use_target') THEN
                p_result.objects := _pggit.restore_needed(p_pairs, p_result.objects, v_break.missing_id, v_holder);
            ELSE
                p_result.objects := _pggit.take_version(p_pairs, p_result.objects, v_break.object_id,
                    CASE v_holder WHEN 'ours' THEN 'theirs' ELSE 'ours' END);
            END IF;
            v_is_settled := true;
            EXIT;
        END LOOP;
    END LOOP;
    FOR v_break IN SELECT b.* FROM _pggit.find_breaks(p_pairs, p_result.objects, p_result.conflicts, p_context) AS b
    LOOP
        v_pair := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_break.object_id);
        v_missing := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_break.missing_id);
        v_holder := CASE WHEN ((v_missing).ours).object_id IS NOT NULL THEN 'target' ELSE 'source' END;
        p_result.conflicts := p_result.conflicts || _pggit.new_conflict('dependency_broken', v_pair, NULL,
            format('%s in the %s needs %s, which the %s dropped',
                _pggit.object_label((SELECT m FROM unnest(p_result.objects) AS m WHERE m.object_id = v_break.object_id)),
                v_holder,
                _pggit.object_label(CASE v_holder WHEN 'target' THEN (v_missing).ours ELSE (v_missing).theirs END),
                CASE v_holder WHEN 'target' THEN 'source' ELSE 'target' END),
            v_break.missing_id);
    END LOOP;
    RETURN p_result;
END;
$$;
COMMENT ON FUNCTION _pggit.settle_breaks(_pggit.merge_pair[], _pggit.merge_result, _pggit.object[], _pggit.merge_choice[]) IS $$
Settles broken dependencies by their choices (bring back what is needed, or give up what needs it); the rest are conflicts.
$$;

CREATE OR REPLACE FUNCTION _pggit.overrule(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_choices _pggit.merge_choice[]
)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_choice _pggit.merge_choice;
    v_ours _pggit.object;
BEGIN
    -- What PostgreSQL or the rows refused: no rule finds these again, so their choices are laid over the result.
    FOR v_choice IN
        SELECT c.* FROM unnest(p_choices) AS c
        WHERE c.conflict_type = 'data_violation'
            OR c.conflict_type = 'dependency_broken' AND (c.other_id IS NULL
                OR EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = c.other_id))
    LOOP
        v_ours := (SELECT (p).ours FROM unnest(p_pairs) AS p WHERE p.object_id = v_choice.object_id);
        IF v_choice.custom IS NOT NULL THEN
            p_objects := CASE WHEN v_choice.custom ? 'objects'
                THEN ARRAY(SELECT m FROM unnest(p_objects) AS m WHERE m.object_id <> v_choice.object_id
                        AND m.object_id NOT IN (SELECT o.object_id FROM jsonb_populate_recordset(
                            NULL::_pggit.object, v_choice.custom -> 'objects') AS o))
                    || ARRAY(SELECT o FROM jsonb_populate_recordset(NULL::_pggit.object, v_choice.custom -> 'objects') AS o)
                ELSE ARRAY(SELECT CASE WHEN m.object_id = v_choice.object_id
                    THEN _pggit.overlay_object(m, v_choice) ELSE m END FROM unnest(p_objects) AS m) END;
        ELSIF v_choice.strategy = 'use_target' AND v_choice.attribute IS NOT NULL AND v_ours.object_id IS NOT NULL THEN
            p_objects := ARRAY(SELECT CASE WHEN m.object_id <> v_choice.object_id THEN m ELSE ROW(
                m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature,
                jsonb_strip_nulls(m.attrs || jsonb_build_object(v_choice.attribute, v_ours.attrs -> v_choice.attribute)),
                m.deps)::_pggit.object END FROM unnest(p_objects) AS m);
        ELSIF v_choice.conflict_type = 'dependency_broken' AND v_choice.other_id IS NULL THEN
            p_objects := _pggit.take_with_needs(p_pairs, p_objects, v_choice.object_id,
                CASE v_choice.strategy WHEN 'use_target' THEN 'ours' ELSE 'theirs' END);
        ELSIF v_choice.strategy = 'use_target' THEN
            p_objects := _pggit.take_version(p_pairs, p_objects, v_choice.object_id, 'ours');
        ELSIF v_choice.other_id IS NOT NULL THEN
            -- two that stand in each other's way: the target's gives way
            p_objects := _pggit.take_version(p_pairs, p_objects, v_choice.other_id, 'theirs');
        END IF;
    END LOOP;
    -- a column that is said to be unique brings its constraint along
    RETURN p_objects || ARRAY(
        SELECT o
        FROM unnest(p_choices) AS c
        CROSS JOIN LATERAL jsonb_populate_recordset(NULL::_pggit.object, c.custom -> 'more') AS o
        WHERE o.object_id NOT IN (SELECT m.object_id FROM unnest(p_objects) AS m));
END;
$$;
COMMENT ON FUNCTION _pggit.overrule(_pggit.merge_pair[], _pggit.object[], _pggit.merge_choice[]) IS $$
Lays the choices over data violations and over what PostgreSQL refused to build; use_source of a violation asks the rows again.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_paths(p_objects _pggit.object[], p_context _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(m.object_id, m.kind, m.parent_id,
        CASE
            WHEN m.kind = 'schema' OR p.object_id IS NULL THEN m.schema_name
            WHEN p.kind = 'schema' THEN p.name
            ELSE coalesce(g.name, p.schema_name)
        END,
        CASE WHEN p.kind <> 'schema' THEN p.name ELSE m.table_name END,
        m.name, m.signature, m.attrs, m.deps)::_pggit.object
    FROM unnest(p_objects) AS m
    LEFT JOIN unnest(p_objects || p_context) AS p ON p.object_id = m.parent_id
    LEFT JOIN unnest(p_objects || p_context) AS g ON g.object_id = p.parent_id AND g.kind = 'schema'
);
COMMENT ON FUNCTION _pggit.settle_paths(_pggit.object[], _pggit.object[]) IS $$
Gives each object the path that follows from its container's merged name.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_marks(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_context _pggit.object[]
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT CASE WHEN k.keys IS NULL THEN m ELSE ROW(
        m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature, m.attrs - k.keys, m.deps)::_pggit.object
        END
    FROM unnest(p_objects) AS m
    LEFT JOIN LATERAL (
        SELECT array_agg(k.key) AS keys
        FROM unnest('{clustered,replica_identity}'::text[]) AS k(key)
        WHERE CASE
            WHEN NOT m.attrs ? k.key THEN false
            WHEN m.kind IN ('index', 'constraint') THEN EXISTS (
                SELECT FROM unnest(p_objects || p_context) AS t
                WHERE t.object_id = m.parent_id AND coalesce(t.attrs ->> k.key, '') NOT IN ('index', 'true'))
            ELSE m.attrs ->> k.key IN ('index', 'true')
                -- the side that dropped the index knows best what a table without it says
                AND EXISTS (SELECT FROM unnest(p_pairs) AS p WHERE p.object_id = m.object_id
                    AND (NOT (p.ours).attrs ? k.key OR NOT (p.theirs).attrs ? k.key))
                AND NOT EXISTS (SELECT FROM unnest(p_objects || p_context) AS i WHERE i.parent_id = m.object_id AND i.attrs ? k.key)
        END
    ) AS k ON true
);
COMMENT ON FUNCTION _pggit.settle_marks(_pggit.merge_pair[], _pggit.object[], _pggit.object[]) IS $$
A table and its index both say that it is clustered or has its replica identity by it: where one does not, neither does the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_keys(p_pairs _pggit.merge_pair[], p_objects _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH bare AS MATERIALIZED (
        -- the key's side knows the column as NOT NULL, and under what name
        SELECT c.object_id, CASE WHEN (p.ours).attrs ? 'not_null' THEN (p.ours).attrs ELSE (p.theirs).attrs END AS attrs
        FROM unnest(p_objects) AS k
        JOIN unnest(p_objects) AS c ON c.kind = 'column' AND c.parent_id = k.parent_id AND c.object_id = ANY (k.deps)
            AND NOT c.attrs ? 'not_null'
        JOIN unnest(p_pairs) AS p ON p.object_id = c.object_id
        WHERE k.kind = 'constraint' AND k.attrs ->> 'type' = 'primary_key'
    )
    SELECT array_agg(CASE WHEN b.object_id IS NULL THEN m ELSE ROW(
        m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature,
        m.attrs || jsonb_strip_nulls(jsonb_build_object('not_null', true, 'not_null_name', b.attrs -> 'not_null_name')),
        m.deps)::_pggit.object END)
    FROM unnest(p_objects) AS m
    LEFT JOIN bare AS b ON b.object_id = m.object_id
);
COMMENT ON FUNCTION _pggit.settle_keys(_pggit.merge_pair[], _pggit.object[]) IS $$
The columns of one side's primary key stay NOT NULL, although the other side no longer wanted them so.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_objects(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_choices _pggit.merge_choice[] DEFAULT '{}',
    p_strategy text DEFAULT 'auto',
    p_context _pggit.object[] DEFAULT '{}',
    p_is_spelled boolean DEFAULT false
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_pairs _pggit.merge_pair[] := CASE WHEN p_is_spelled THEN _pggit.merge_pairs(p_base, p_ours, p_theirs)
        ELSE _pggit.pairs_spelled_alike(p_base, p_ours, p_theirs, p_choices, p_strategy) END;
    v_result _pggit.merge_result;
    v_named _pggit.object[];
BEGIN
    v_pairs := _pggit.whole_partition_indexes(_pggit.whole_columns(v_pairs, p_context));
    v_result := _pggit.drop_twins(v_pairs, _pggit.merge_all_pairs(v_pairs, p_choices, p_strategy));
    v_result.objects := _pggit.overrule(v_pairs, v_result.objects, p_choices);
    v_result.objects := _pggit.settle_paths(
        _pggit.follow_parents(v_pairs, v_result.objects, p_context), p_context);
    v_named := v_result.objects;
    v_result := _pggit.settle_contests(v_pairs, v_result, p_context, p_choices, p_strategy);
    v_result.objects := _pggit.respell(v_named, v_result.objects);
    v_result := _pggit.settle_breaks(v_pairs, v_result, p_context, p_choices);
    v_result.objects := _pggit.settle_paths(_pggit.settle_marks(v_pairs, _pggit.settle_keys(v_pairs,
        _pggit.settle_partition_indexes(v_result.objects)), p_context), p_context);
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_objects(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text, _pggit.object[], boolean) IS $$
Merges target and source over their base: per object, per attribute, aware of renames; reads nothing but its arguments.
p_base, p_ours, p_theirs: whole trees, or the objects that either side changed.
p_choices, p_strategy: how conflicts were settled.
p_context: the objects that no side changed, where the others hold only the changed ones; not returned.
p_is_spelled: the definitions hold the merged names already.
Returns: the merged objects, the conflicts that are open (their objects stand as in the target), notes for people.
$$;
