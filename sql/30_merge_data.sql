-- What the rows say to a merge: new types, checks, keys and NOT NULLs are asked of the live rows by queries, never by rewriting.

-- == relations ==

-- A question to the rows. query gives one row per offending row, with its key in the column k.
CREATE TYPE _pggit.row_question AS (
    object_id uuid,
    attribute text,
    path      text,
    query     text,
    state     text,
    message   text
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.row_key(p_columns _pggit.object[], p_parts _pggit.object[], p_alias text)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT 'jsonb_build_object(' || string_agg(format('%L, %s.%I', k.name, p_alias, k.name), ', ' ORDER BY k.n) || ')'
    FROM unnest(p_parts) AS p
    CROSS JOIN LATERAL jsonb_array_elements_text(p.attrs -> 'key_columns') WITH ORDINALITY AS k(name, n)
    WHERE p.kind = 'constraint' AND p.attrs ->> 'type' = 'primary_key'
), format('jsonb_build_object(''ctid'', %s.ctid)', p_alias));
COMMENT ON FUNCTION _pggit.row_key(_pggit.object[], _pggit.object[], text) IS $$
An expression for the key of a live row: its primary key, else its place.
$$;

CREATE OR REPLACE FUNCTION _pggit.future_rows(
    p_table _pggit.object,
    p_old_parts _pggit.object[],
    p_new_parts _pggit.object[]
)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT format('SELECT %s AS pggit_key%s FROM %I.%I AS r',
        _pggit.row_key(p_old_parts, p_old_parts, 'r'),
        coalesce(string_agg(', ' || CASE
            WHEN o.object_id IS NOT NULL AND o.attrs ->> 'type' = n.attrs ->> 'type'
                THEN format('r.%I AS %I', o.name, n.name)
            WHEN o.object_id IS NOT NULL THEN format('CAST(r.%I AS %s) AS %I', o.name, n.attrs ->> 'type', n.name)
            -- a new column: its default where that is a constant, else nothing can be said of it yet
            WHEN n.attrs ->> 'default' ~ '^[^(]*$'
                THEN format('CAST(%s AS %s) AS %I', n.attrs ->> 'default', n.attrs ->> 'type', n.name)
            ELSE format('CAST(NULL AS %s) AS %I', n.attrs ->> 'type', n.name)
        END, '' ORDER BY n.name), ''),
        (p_table).schema_name, (p_table).name)
    FROM unnest(p_new_parts) AS n
    LEFT JOIN unnest(p_old_parts) AS o ON o.object_id = n.object_id AND o.kind = 'column'
    WHERE n.kind = 'column'
);
COMMENT ON FUNCTION _pggit.future_rows(_pggit.object, _pggit.object[], _pggit.object[]) IS $$
A query for a table's live rows as they will be after the merge, with their key as pggit_key.
$$;

CREATE OR REPLACE FUNCTION _pggit.column_questions(
    p_old _pggit.object,
    p_new _pggit.object,
    p_table _pggit.object,
    p_old_parts _pggit.object[]
)
RETURNS SETOF _pggit.row_question
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key text := _pggit.row_key(p_old_parts, p_old_parts, 'r');
    v_from text := format('%I.%I AS r', p_table.schema_name, p_table.name);
    v_length integer := substring(p_new.attrs ->> 'type' FROM '^character(?: varying)?\(([0-9]+)\)$')::integer;
BEGIN
    IF p_new.attrs ? 'not_null' AND NOT coalesce(p_old.attrs ? 'not_null', false) AND NOT p_new.attrs ? 'not_null_not_valid'
    THEN
        IF p_old.object_id IS NOT NULL THEN
            RETURN NEXT ROW(p_new.object_id, 'not_null', NULL,
                format('SELECT %s AS k FROM %s WHERE r.%I IS NULL', v_key, v_from, p_old.name), '23502',
                format('column "%s" of relation "%s" contains null values', p_new.name, p_table.name))::_pggit.row_question;
        ELSIF NOT p_new.attrs ?| '{default,identity,generated}' THEN
            RETURN NEXT ROW(p_new.object_id, 'not_null', NULL, format('SELECT %s AS k FROM %s', v_key, v_from), '23502',
                format('column "%s" of relation "%s" contains null values', p_new.name, p_table.name))::_pggit.row_question;
        END IF;
    END IF;
    IF p_old.attrs ->> 'type' <> p_new.attrs ->> 'type' AND NOT p_new.attrs ? 'generated' THEN
        IF v_length IS NOT NULL THEN
            -- an assignment cuts off blanks only
            RETURN NEXT ROW(p_new.object_id, 'type', NULL, format(
                'SELECT %s AS k FROM %s WHERE rtrim(substr(r.%I::text, %s)) <> ''''',
                v_key, v_from, p_old.name, v_length + 1), '22001',
                format('value too long for type %s', p_new.attrs ->> 'type'))::_pggit.row_question;
        ELSE
            RETURN NEXT ROW(p_new.object_id, 'type', 'cast', format(
                'SELECT %s AS k, r.%I::text AS v FROM %s WHERE r.%I IS NOT NULL', v_key, p_old.name, v_from, p_old.name),
                p_old.attrs ->> 'type', p_new.attrs ->> 'type')::_pggit.row_question;
        END IF;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.column_questions(_pggit.object, _pggit.object, _pggit.object, _pggit.object[]) IS $$
What to ask the rows about a new or changed column. A question with the path "cast" is put value by value.
$$;

CREATE OR REPLACE FUNCTION _pggit.key_list(p_keys text)
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_depth integer := 0;
    v_is_quoted boolean := false;
    v_part text := '';
    v_parts text[] := ARRAY[]::text[];
    v_char text;
BEGIN
    FOREACH v_char IN ARRAY string_to_array(substr(p_keys, 2, length(p_keys) - 2), NULL) LOOP
        v_is_quoted := v_is_quoted <> (v_char IN ('"', ''''));
        v_depth := v_depth + CASE WHEN v_is_quoted THEN 0 WHEN v_char = '(' THEN 1 WHEN v_char = ')' THEN -1 ELSE 0 END;
        IF v_char = ',' AND v_depth = 0 AND NOT v_is_quoted THEN
            v_parts := v_parts || v_part;
            v_part := '';
        ELSE
            v_part := v_part || v_char;
        END IF;
    END LOOP;
    RETURN ARRAY(SELECT regexp_replace(btrim(p),
        '( [a-z_]+_ops)?( DESC| ASC)?( NULLS (FIRST|LAST))?$', '') FROM unnest(v_parts || v_part) AS p);
END;
$$;
COMMENT ON FUNCTION _pggit.key_list(text) IS $$
The expressions in the key list of an index, without operator class and order.
$$;

CREATE OR REPLACE FUNCTION _pggit.unique_question(
    p_new _pggit.object,
    p_rows text,
    p_expressions text[],
    p_is_distinct boolean
)
RETURNS _pggit.row_question
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ROW((p_new).object_id, NULL, NULL,
    format('SELECT jsonb_build_object(%s) AS k FROM (%s) AS q WHERE %s%s GROUP BY %s HAVING count(*) > 1',
        (SELECT string_agg(format('%L, %s', e, e), ', ' ORDER BY n) FROM unnest(p_expressions) WITH ORDINALITY AS u(e, n)),
        p_rows,
        CASE WHEN (p_new).attrs ? 'where' THEN format('(%s)', (p_new).attrs ->> 'where') ELSE 'true' END,
        CASE WHEN p_is_distinct THEN (SELECT string_agg(format(' AND (%s) IS NOT NULL', e), '') FROM unnest(p_expressions) AS e)
            ELSE '' END,
        array_to_string(p_expressions, ', ')),
    '23505', format('could not create unique index "%s"', (p_new).name))::_pggit.row_question;
COMMENT ON FUNCTION _pggit.unique_question(_pggit.object, text, text[], boolean) IS $$
Asks for keys that would be there twice.
$$;

CREATE OR REPLACE FUNCTION _pggit.exclusion_question(p_new _pggit.object, p_rows text)
RETURNS _pggit.row_question
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT ROW((p_new).object_id, NULL, NULL,
        format('WITH q AS (SELECT q.pggit_key, %s FROM (%s) AS q WHERE %s) SELECT a.pggit_key AS k FROM q AS a'
            ' WHERE EXISTS (SELECT FROM q AS b WHERE b.pggit_key <> a.pggit_key AND %s)',
            string_agg(format('(%s) AS pggit_%s', k.part[1], k.place), ', ' ORDER BY k.place), p_rows, coalesce(min(k.condition), 'true'),
            string_agg(format('a.pggit_%1$s %2$s b.pggit_%1$s', k.place, k.part[2]), ' AND ' ORDER BY k.place)),
        '23P01', format('could not create exclusion constraint "%s"', (p_new).name))::_pggit.row_question
    FROM (
        SELECT e.place, d.found[2] AS condition,
            regexp_match(e.element, '^(.*?)(?: [a-z0-9_]+_ops)? WITH (\S+)$') AS part
        FROM regexp_match((p_new).attrs->>'definition', '^EXCLUDE USING \S+ (\(.*?\))(?: WHERE (\(.*\)))?$') AS d(found)
        CROSS JOIN LATERAL unnest(_pggit.key_list(d.found[1])) WITH ORDINALITY AS e(element, place)
    ) AS k
    HAVING bool_and(k.part IS NOT NULL);
END;
COMMENT ON FUNCTION _pggit.exclusion_question(_pggit.object, text) IS $$
Asks for rows that exclude another; NULL for a constraint with more to it than elements and a condition.
$$;

CREATE OR REPLACE FUNCTION _pggit.constraint_question(
    p_new _pggit.object,
    p_table _pggit.object,
    p_rows text,
    p_target_rows text
)
RETURNS _pggit.row_question
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_columns text[] := ARRAY(SELECT quote_ident(c) FROM jsonb_array_elements_text(p_new.attrs -> 'key_columns') AS c);
    v_targets text[] := ARRAY(SELECT quote_ident(c) FROM jsonb_array_elements_text(p_new.attrs -> 'target_columns') AS c);
BEGIN
    IF p_new.attrs ?| '{not_valid,not_enforced,period}' THEN
        RETURN NULL;
    END IF;
    CASE p_new.attrs ->> 'type'
        WHEN 'check' THEN
            RETURN ROW(p_new.object_id, NULL, NULL,
                format('SELECT q.pggit_key AS k FROM (%s) AS q WHERE NOT (%s)', p_rows, p_new.attrs ->> 'expression'),
                '23514', format('check constraint "%s" of relation "%s" is violated by some row',
                    p_new.name, p_table.name))::_pggit.row_question;
        WHEN 'primary_key', 'unique' THEN
            RETURN _pggit.unique_question(p_new, p_rows, v_columns, NOT p_new.attrs ? 'nulls_not_distinct');
        WHEN 'exclusion' THEN
            RETURN _pggit.exclusion_question(p_new, p_rows);
        WHEN 'foreign_key' THEN
            RETURN ROW(p_new.object_id, NULL, NULL, format(
                'SELECT q.pggit_key AS k FROM (%s) AS q WHERE %s AND NOT EXISTS (SELECT FROM (%s) AS t WHERE %s)',
                p_rows,
                (SELECT string_agg(format('q.%s IS NOT NULL', c), ' AND ') FROM unnest(v_columns) AS c),
                coalesce(p_target_rows, format('SELECT 1 AS none, %s WHERE false',
                    (SELECT string_agg('NULL AS ' || t, ', ') FROM unnest(v_targets) AS t))),
                (SELECT string_agg(format('t.%s = q.%s', t, c), ' AND ') FROM unnest(v_columns, v_targets) AS u(c, t))),
                '23503', format('insert or update on table "%s" violates foreign key constraint "%s"',
                    p_table.name, p_new.name))::_pggit.row_question;
        ELSE
            RETURN NULL;
    END CASE;
END;
$$;
COMMENT ON FUNCTION _pggit.constraint_question(_pggit.object, _pggit.object, text, text) IS $$
What to ask the rows about a new or changed constraint; NULL where only PostgreSQL itself can tell.
$$;

CREATE OR REPLACE FUNCTION _pggit.type_questions(
    p_old _pggit.object,
    p_new _pggit.object,
    p_ours _pggit.object[],
    p_merged _pggit.object[]
)
RETURNS SETOF _pggit.row_question
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH use AS (
        -- the live columns of an enum or domain
        SELECT t.schema_name, t.name AS table_name, o.name AS column_name,
            _pggit.row_key(parts.list, parts.list, 'r') AS key
        FROM unnest(p_ours) AS o
        JOIN unnest(p_merged) AS m ON m.object_id = o.object_id
        JOIN unnest(p_ours) AS t ON t.object_id = o.parent_id AND t.kind = 'table'
        CROSS JOIN LATERAL (SELECT ARRAY(SELECT x FROM unnest(p_ours) AS x WHERE x.parent_id = t.object_id) AS list) AS parts
        WHERE o.kind = 'column'
            AND o.deps @> ARRAY[CASE WHEN (p_new).kind = 'constraint' THEN (p_new).parent_id ELSE (p_new).object_id END]
            AND o.attrs ->> 'type' NOT LIKE '%[]'
    )
    SELECT (p_new).object_id, 'labels', NULL::text,
        format('SELECT %s AS k FROM %I.%I AS r WHERE r.%I::text = ANY (ARRAY[%s])', u.key, u.schema_name, u.table_name,
            u.column_name, (SELECT string_agg(quote_literal(l), ', ')
                FROM unnest(_pggit.lost_labels((p_old).attrs -> 'labels', (p_new).attrs -> 'labels')) AS l)),
        '22P02', format('rows of "%s" hold labels that enum "%s" loses', u.table_name, (p_new).name)
    FROM use AS u
    WHERE (p_new).kind = 'enum'
        AND _pggit.lost_labels((p_old).attrs -> 'labels', (p_new).attrs -> 'labels') <> '{}'
    UNION ALL
    SELECT (p_new).object_id, 'not_null', NULL,
        format('SELECT %s AS k FROM %I.%I AS r WHERE r.%I IS NULL', u.key, u.schema_name, u.table_name, u.column_name),
        '23502', format('column "%s" of table "%s" contains null values', u.column_name, u.table_name)
    FROM use AS u
    WHERE (p_new).kind = 'domain' AND (p_new).attrs ? 'not_null' AND NOT (p_old).attrs ? 'not_null'
    UNION ALL
    SELECT (p_new).object_id, NULL, NULL,
        format('SELECT r.pggit_key AS k FROM (SELECT %s AS pggit_key, r.%I AS value FROM %I.%I AS r) AS r WHERE NOT (%s)',
            u.key, u.column_name, u.schema_name, u.table_name,
            regexp_replace((p_new).attrs ->> 'expression', '\mVALUE\M', 'r.value', 'g')),
        '23514', format('column "%s" of table "%s" contains values that violate the new constraint "%s"',
            u.column_name, u.table_name, (p_new).name)
    FROM use AS u
    WHERE (p_new).kind = 'constraint' AND NOT (p_new).attrs ? 'not_valid';
END;
COMMENT ON FUNCTION _pggit.type_questions(_pggit.object, _pggit.object, _pggit.object[], _pggit.object[]) IS $$
What to ask the rows about an enum that loses labels and a domain that becomes stricter.
$$;

CREATE OR REPLACE FUNCTION _pggit.table_questions(
    p_table_id uuid,
    p_ours _pggit.object[],
    p_merged _pggit.object[],
    p_changes _pggit.change[],
    p_extra_path jsonb
)
RETURNS SETOF _pggit.row_question
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_table _pggit.object := (SELECT o FROM unnest(p_ours) AS o WHERE o.object_id = p_table_id);
    v_old _pggit.object[] := ARRAY(SELECT o FROM unnest(p_ours) AS o WHERE o.parent_id = p_table_id);
    v_rows text := _pggit.future_rows(v_table, v_old,
        ARRAY(SELECT m FROM unnest(p_merged) AS m WHERE m.parent_id = p_table_id));
    v_change _pggit.change;
    v_target _pggit.object;
    v_question _pggit.row_question;
    v_path text := _pggit.plan_path(v_table.schema_name, p_extra_path);
BEGIN
    FOR v_change IN
        SELECT c.* FROM unnest(p_changes) AS c
        WHERE (c.new).parent_id = p_table_id AND c.action IN ('added', 'modified')
    LOOP
        IF v_change.kind = 'column' THEN
            FOR v_question IN SELECT * FROM _pggit.column_questions(v_change.old, v_change.new, v_table, v_old) LOOP
                v_question.path := concat_ws('|', v_question.path, v_path);
                RETURN NEXT v_question;
            END LOOP;
            CONTINUE;
        END IF;
        CONTINUE WHEN v_change.action = 'modified'
            AND _pggit.core_attrs((v_change.old).attrs) = _pggit.core_attrs((v_change.new).attrs);
        v_question := NULL;
        IF v_change.kind = 'index' AND (v_change.new).attrs ? 'unique' THEN
            v_question := _pggit.unique_question(v_change.new, v_rows,
                _pggit.key_list((v_change.new).attrs ->> 'keys'), NOT (v_change.new).attrs ? 'nulls_not_distinct');
        ELSIF v_change.kind = 'constraint' THEN
            v_target := (
                SELECT t FROM unnest(p_merged) AS t
                WHERE t.kind = 'table' AND (
                    t.object_id = ANY ((v_change.new).deps)
                    OR EXISTS (SELECT FROM unnest(p_merged) AS c
                        WHERE c.parent_id = t.object_id AND c.object_id = ANY ((v_change.new).deps)))
                ORDER BY t.object_id = p_table_id
                LIMIT 1);
            v_target := CASE WHEN v_target.object_id IS NULL THEN v_table
                ELSE (SELECT o FROM unnest(p_ours) AS o WHERE o.object_id = v_target.object_id) END;
            v_question := _pggit.constraint_question(v_change.new, v_table, v_rows,
                CASE WHEN v_target.object_id IS NOT NULL THEN _pggit.future_rows(v_target,
                    ARRAY(SELECT o FROM unnest(p_ours) AS o WHERE o.parent_id = v_target.object_id),
                    ARRAY(SELECT m FROM unnest(p_merged) AS m WHERE m.parent_id = v_target.object_id)) END);
        END IF;
        IF v_question.query IS NOT NULL THEN
            v_question.path := v_path;
            RETURN NEXT v_question;
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.table_questions(uuid, _pggit.object[], _pggit.object[], _pggit.change[], jsonb) IS $$
What to ask a live table's rows about the changes of its parts.
$$;

CREATE OR REPLACE FUNCTION _pggit.ask_casts(p_question _pggit.row_question, OUT violations bigint, OUT sample jsonb, OUT message text)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key jsonb;
    v_value text;
    v_cast text := format('SELECT CAST(CAST($1 AS %s) AS %s)', (p_question).state, (p_question).message);
BEGIN
    violations := 0;
    sample := '[]'::jsonb;
    BEGIN
        EXECUTE format('SELECT count(CAST(CAST(q.v AS %s) AS %s)) FROM (%s) AS q',
            (p_question).state, (p_question).message, (p_question).query);
        RETURN;
    EXCEPTION
        WHEN cannot_coerce OR undefined_object THEN
            -- no cast between the types: the plan goes by way of text
            v_cast := format('SELECT CAST($1 AS %s)', (p_question).message);
        WHEN data_exception OR integrity_constraint_violation THEN
            NULL;
    END;
    FOR v_key, v_value IN EXECUTE (p_question).query LOOP
        BEGIN
            EXECUTE v_cast USING v_value;
        EXCEPTION
            WHEN data_exception OR integrity_constraint_violation THEN
                message := coalesce(message, SQLERRM);
                violations := violations + 1;
                IF violations <= 3 THEN
                    sample := sample || v_key;
                END IF;
        END;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.ask_casts(_pggit.row_question) IS $$
Counts the values of a column that its new type refuses.
$$;

CREATE OR REPLACE FUNCTION _pggit.ask_rows(p_question _pggit.row_question, OUT violations bigint, OUT sample jsonb, OUT message text)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    message := (p_question).message;
    PERFORM set_config('search_path', regexp_replace((p_question).path, '^cast\|', ''), true);
    IF (p_question).path LIKE 'cast|%' THEN
        SELECT a.violations, a.sample, a.message INTO violations, sample, message FROM _pggit.ask_casts(p_question) AS a;
    ELSE
        EXECUTE format(
            'SELECT count(*), jsonb_agg(q.k) FILTER (WHERE q.n <= 3)'
            ' FROM (SELECT k, row_number() OVER () AS n FROM (%s) AS r) AS q',
            (p_question).query) INTO violations, sample;
    END IF;
EXCEPTION
    WHEN syntax_error_or_access_rule_violation OR feature_not_supported OR data_exception OR internal_error THEN
        -- The question needs what the merge only brings (a function, a type): the live run answers it.
        violations := 0;
END;
$$;
COMMENT ON FUNCTION _pggit.ask_rows(_pggit.row_question) IS $$
Puts a question to the rows: how many offend, the keys of three of them, and what PostgreSQL would say.
Locks: ACCESS SHARE on what the question reads.
$$;

CREATE OR REPLACE FUNCTION _pggit.data_conflicts(
    p_worktree_id integer,
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_merged _pggit.object[]
)
RETURNS SETOF _pggit.merge_conflict
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_ours _pggit.object[] := _pggit.live_objects(p_ours, p_worktree_id);
    v_merged _pggit.object[] := _pggit.live_objects(p_merged, p_worktree_id);
    v_changes _pggit.change[];
    v_extra jsonb := _pggit.extra_path(p_worktree_id);
    v_question _pggit.row_question;
    v_answer record;
    v_conflict _pggit.merge_conflict;
    v_found _pggit.merge_conflict[] := ARRAY[]::_pggit.merge_conflict[];
    v_timeout text := current_setting('lock_timeout');
BEGIN
    -- a table that leaves or joins a parent keeps the columns it has
    v_ours := _pggit.spell_out_heirs(v_ours, v_merged);
    v_merged := _pggit.spell_out_heirs(v_merged, v_ours);
    v_changes := ARRAY(SELECT ROW(c.*)::_pggit.change FROM _pggit.diff_objects(v_ours, v_merged) AS c);
    PERFORM set_config('lock_timeout', coalesce(nullif(current_setting('pggit.lock_timeout', true), ''), '2s'), true);
    FOR v_question IN
        SELECT q.*
        FROM (SELECT DISTINCT (c.new).parent_id AS table_id FROM unnest(v_changes) AS c
            WHERE c.kind IN ('column', 'constraint', 'index') AND c.action IN ('added', 'modified')) AS t
        JOIN unnest(v_ours) AS o ON o.object_id = t.table_id AND o.kind = 'table'
        CROSS JOIN LATERAL _pggit.table_questions(t.table_id, v_ours, v_merged, v_changes, v_extra) AS q
        UNION ALL
        SELECT q.object_id, q.attribute, _pggit.plan_path((c.new).schema_name, v_extra), q.query, q.state, q.message
        FROM unnest(v_changes) AS c
        CROSS JOIN LATERAL _pggit.type_questions(c.old, c.new, v_ours, v_merged) AS q
        WHERE c.kind IN ('enum', 'domain') AND c.action = 'modified'
            OR c.kind = 'constraint' AND c.action IN ('added', 'modified')
                AND EXISTS (SELECT FROM unnest(v_ours) AS d WHERE d.object_id = (c.new).parent_id AND d.kind = 'domain')
    LOOP
        SELECT * INTO v_answer FROM _pggit.ask_rows(v_question);
        CONTINUE WHEN coalesce(v_answer.violations, 0) = 0;
        v_conflict := _pggit.refusal(p_base, p_ours, p_theirs, p_merged, v_question.object_id, 'data_violation',
            format('%s (%s rows, such as %s)', v_answer.message, v_answer.violations, coalesce(v_answer.sample, '[]')));
        v_conflict.attribute := v_question.attribute;
        v_found := v_found || v_conflict;
    END LOOP;
    PERFORM set_config('lock_timeout', v_timeout, true);
    -- a type is asked of every column that has it: one question to decide on
    RETURN QUERY
    SELECT f.conflict_type, f.object_id, f.other_id, f.attribute, f.object_kind, f.schema_name, f.table_name, f.column_name,
        f.object_name, f.base, f.source, f.target, string_agg(f.description, '; ' ORDER BY f.description)
    FROM unnest(v_found) AS f
    GROUP BY f.conflict_type, f.object_id, f.other_id, f.attribute, f.object_kind, f.schema_name, f.table_name, f.column_name,
        f.object_name, f.base, f.source, f.target;
END;
$$;
COMMENT ON FUNCTION _pggit.data_conflicts(
    integer, _pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[]) IS $$
What the rows of the target's worktree refuse of a merged tree, with counts and keys.
Locks: ACCESS SHARE on the tables it asks, waited for no longer than pggit.lock_timeout.
$$;
