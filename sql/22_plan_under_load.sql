-- Plan under load: the same plan in online steps, with no scan and no build behind a lock that stops writers.

-- == relations ==

-- A step that can be tried again. is_done: an SQL condition that is true where an earlier run has done it; NULL where doing it
-- twice is doing it once. advice: what a person should know or could do instead.
CREATE TYPE _pggit.online_step AS (
    step_no        integer,
    sql            text,
    is_done        text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean,
    action         text,
    kind           text,
    object_id      uuid,
    identity       text,
    advice         text
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.make_online(
    p_sql text,
    p_is_done text,
    p_lock_level text,
    p_hazards text[] DEFAULT '{}',
    p_in_transaction boolean DEFAULT true,
    p_advice text DEFAULT NULL
)
RETURNS _pggit.online_step
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (NULL, p_sql, p_is_done, p_lock_level, p_hazards, p_in_transaction, NULL, NULL, NULL, NULL, p_advice)::_pggit.online_step;
COMMENT ON FUNCTION _pggit.make_online(text, text, text, text[], boolean, text) IS $$
One step; what it acts on is filled in by the plan.
$$;

CREATE OR REPLACE FUNCTION _pggit.regclass_text(p_schema text, p_name text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN 'pg_catalog.to_regclass(' || quote_literal(_pggit.qualified_name(p_schema, p_name)) || ')';
COMMENT ON FUNCTION _pggit.regclass_text(text, text) IS 'An expression for the OID of a relation, NULL where it is missing.';

CREATE OR REPLACE FUNCTION _pggit.existence_condition(p_object _pggit.object, p_parent_kind text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN _pggit.is_relation_kind((p_object).kind)
        THEN _pggit.regclass_text((p_object).schema_name, (p_object).name) || ' IS NOT NULL'
    WHEN (p_object).kind = 'schema'
        THEN format('pg_catalog.to_regnamespace(%L) IS NOT NULL', quote_ident((p_object).name))
    WHEN (p_object).kind IN ('enum', 'domain', 'composite', 'range')
        THEN format('pg_catalog.to_regtype(%L) IS NOT NULL', _pggit.qualified_name((p_object).schema_name, (p_object).name))
    WHEN (p_object).kind IN ('function', 'procedure', 'aggregate') THEN format(
        'EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = pg_catalog.to_regnamespace(%L) AND p.proname = %L'
        ' AND pg_catalog.pg_get_function_identity_arguments(p.oid) = %L)',
        quote_ident((p_object).schema_name), (p_object).name, (p_object).signature)
    WHEN (p_object).kind = 'extension'
        THEN format('EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = %L)', (p_object).name)
    WHEN (p_object).kind = 'constraint' AND p_parent_kind = 'domain' THEN format(
        'EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid = pg_catalog.to_regtype(%L) AND k.conname = %L)',
        _pggit.table_target(p_object), (p_object).name)
    WHEN (p_object).kind IN ('column', 'constraint', 'trigger', 'policy', 'rule') THEN format(
        'EXISTS (SELECT FROM pg_catalog.%s = %s AND x.%s = %L)',
        CASE (p_object).kind
            WHEN 'column' THEN 'pg_attribute AS x WHERE NOT x.attisdropped AND x.attrelid'
            WHEN 'constraint' THEN 'pg_constraint AS x WHERE x.conrelid'
            WHEN 'trigger' THEN 'pg_trigger AS x WHERE x.tgrelid'
            WHEN 'policy' THEN 'pg_policy AS x WHERE x.polrelid'
            ELSE 'pg_rewrite AS x WHERE x.ev_class'
        END,
        _pggit.regclass_text((p_object).schema_name, (p_object).table_name),
        CASE (p_object).kind
            WHEN 'column' THEN 'attname' WHEN 'constraint' THEN 'conname' WHEN 'trigger' THEN 'tgname'
            WHEN 'policy' THEN 'polname' ELSE 'rulename'
        END,
        (p_object).name)
END;
COMMENT ON FUNCTION _pggit.existence_condition(_pggit.object, text) IS $$
An SQL condition that says whether the object is there; NULL for kinds without one.
$$;

CREATE OR REPLACE FUNCTION _pggit.repeatable_sql(p_sql text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN regexp_replace(regexp_replace(p_sql,
    '^DROP (AGGREGATE|COLLATION|DOMAIN|EXTENSION|FOREIGN TABLE|FUNCTION|INDEX|MATERIALIZED VIEW|POLICY|PROCEDURE|RULE|SCHEMA|SEQUENCE'
    '|STATISTICS|TABLE|TRIGGER|TYPE|VIEW) ', 'DROP \1 IF EXISTS '),
    '^(ALTER TABLE (?:ONLY )?(?:"(?:[^"]|"")+"|\w+)\.(?:"(?:[^"]|"")+"|\w+)'
    '(?: ALTER COLUMN (?:"(?:[^"]|"")+"|\w+))? DROP (?:COLUMN|CONSTRAINT|IDENTITY|EXPRESSION))(?! IF EXISTS)',
    '\1 IF EXISTS');
COMMENT ON FUNCTION _pggit.repeatable_sql(text) IS $$
A statement with IF EXISTS where it drops something, so that it can be run again.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_index_online(p_object _pggit.object, p_sql text, p_hazards text[])
RETURNS SETOF _pggit.online_step
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    -- A build that was interrupted leaves an invalid index (CREATE INDEX, Building Indexes Concurrently).
    SELECT _pggit.make_online(
        'DROP INDEX CONCURRENTLY IF EXISTS ' || _pggit.object_target(p_object),
        format('NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = %s AND NOT i.indisvalid)',
            _pggit.regclass_text((p_object).schema_name, (p_object).name)),
        'SHARE UPDATE EXCLUSIVE', '{}', false)
    UNION ALL
    SELECT _pggit.make_online(
        p_sql, _pggit.regclass_text((p_object).schema_name, (p_object).name) || ' IS NOT NULL',
        'SHARE UPDATE EXCLUSIVE', array_remove(p_hazards, 'long_lock'), false);
END;
COMMENT ON FUNCTION _pggit.build_index_online(_pggit.object, text, text[]) IS $$
An index built beside writers: what an interrupted build left goes first.
$$;

CREATE OR REPLACE FUNCTION _pggit.set_not_null_online(p_column _pggit.object, p_sql text)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 4
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_table text := 'ALTER TABLE ' || _pggit.table_target(p_column);
    v_check text := 'pggit_not_null_' || left(md5((p_column).object_id::text), 16);
    v_class text := _pggit.regclass_text((p_column).schema_name, (p_column).table_name);
    v_set   text := format('EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = %s AND a.attname = %L AND a.attnotnull)',
        v_class, (p_column).name);
    v_there text := format('EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = %s AND k.conname = %L',
        v_class, v_check);
BEGIN
    -- A validated check lets SET NOT NULL pass without a scan (ALTER TABLE, SET/DROP NOT NULL).
    RETURN NEXT _pggit.make_online(
        format('%s ADD CONSTRAINT %I CHECK (%I IS NOT NULL) NOT VALID', v_table, v_check, (p_column).name),
        format('%s OR %s)', v_set, v_there), 'ACCESS EXCLUSIVE');
    RETURN NEXT _pggit.make_online(
        format('%s VALIDATE CONSTRAINT %I', v_table, v_check),
        format('%s OR %s AND k.convalidated)', v_set, v_there), 'SHARE UPDATE EXCLUSIVE', '{may_fail}');
    RETURN NEXT _pggit.make_online(p_sql, v_set, 'ACCESS EXCLUSIVE');
    RETURN NEXT _pggit.make_online(format('%s DROP CONSTRAINT IF EXISTS %I', v_table, v_check), NULL, 'ACCESS EXCLUSIVE');
END;
$$;
COMMENT ON FUNCTION _pggit.set_not_null_online(_pggit.object, text) IS $$
NOT NULL through a check that is validated while others write.
p_sql: the statement that sets it.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_key_online(p_object _pggit.object, p_nullable _pggit.object[])
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 6
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := (p_object).attrs;
BEGIN
    RETURN QUERY
    SELECT n.*
    FROM unnest(p_nullable) AS c
    CROSS JOIN LATERAL _pggit.set_not_null_online(
        c, format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', _pggit.table_target(c), (c).name)) AS n;
    RETURN QUERY
    SELECT i.*
    FROM _pggit.build_index_online(p_object, concat_ws(' ',
        'CREATE UNIQUE INDEX CONCURRENTLY', quote_ident((p_object).name), 'ON', _pggit.table_target(p_object),
        '(' || _pggit.name_list(v_attrs->'key_columns') || ')',
        'INCLUDE (' || _pggit.name_list(v_attrs->'include') || ')',
        CASE WHEN v_attrs ? 'nulls_not_distinct' THEN 'NULLS NOT DISTINCT' END,
        'WITH (' || _pggit.option_list(v_attrs) || ')',
        'TABLESPACE ' || quote_ident(v_attrs->>'tablespace')), '{may_fail}') AS i;
    RETURN NEXT _pggit.make_online(
        concat_ws(' ', format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %2$I', _pggit.table_target(p_object),
            (p_object).name, upper(replace(v_attrs->>'type', '_', ' '))),
            CASE v_attrs->>'deferrable'
                WHEN 'initially deferred' THEN 'DEFERRABLE INITIALLY DEFERRED' WHEN 'initially immediate' THEN 'DEFERRABLE' END),
        _pggit.existence_condition(p_object, 'table'), 'ACCESS EXCLUSIVE');
END;
$$;
COMMENT ON FUNCTION _pggit.add_key_online(_pggit.object, _pggit.object[]) IS $$
A primary or unique key from an index that is built beside writers.
p_nullable: the columns of a primary key that are not yet NOT NULL.
$$;

CREATE OR REPLACE FUNCTION _pggit.backfill_sql(p_column _pggit.object, p_value text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN format($sql$DO $pggit$
DECLARE
    v_pages   bigint;
    v_page    bigint;
    v_found   bigint;
    v_changed bigint;
BEGIN
    FOR v_pass IN 1 .. 5 LOOP  -- a row that somebody else changes meanwhile moves, perhaps to where a pass has been
        SELECT coalesce(pg_catalog.max(pg_catalog.pg_relation_size(t.relid)), pg_catalog.pg_relation_size(%1$L))
            / pg_catalog.current_setting('block_size')::pg_catalog.int8
        INTO v_pages
        FROM pg_catalog.pg_partition_tree(%1$L) AS t;
        v_changed := 0;
        v_page := 0;
        WHILE v_page <= v_pages LOOP
            UPDATE %2$s
            SET %3$s = %4$s
            WHERE ctid >= pg_catalog.format('(%%s,0)', v_page)::pg_catalog.tid
              AND ctid < pg_catalog.format('(%%s,0)', v_page + 200)::pg_catalog.tid
              AND %3$s IS NULL;
            GET DIAGNOSTICS v_found = ROW_COUNT;
            COMMIT;
            v_changed := v_changed + v_found;
            v_page := v_page + 200;
        END LOOP;
        EXIT WHEN v_changed = 0;
    END LOOP;
END
$pggit$$sql$, _pggit.table_target(p_column), _pggit.table_target(p_column), quote_ident((p_column).name), p_value);
COMMENT ON FUNCTION _pggit.backfill_sql(_pggit.object, text) IS $$
A statement that fills a column where it is NULL, 200 pages a transaction.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_column_online(p_column _pggit.object)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 7
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_bare  _pggit.object := p_column;
    v_table text := 'ALTER TABLE ' || _pggit.table_target(p_column);
    v_head  text := format('%s ALTER COLUMN %I', v_table, (p_column).name);
BEGIN
    -- A volatile default is asked once a row, which rewrites the table (ALTER TABLE, Notes); set afterwards it rewrites nothing.
    v_bare.attrs := (p_column).attrs - '{default,not_null,not_null_name,not_null_spelled,not_null_no_inherit}'::text[];
    RETURN NEXT _pggit.make_online(
        format('%s ADD COLUMN %s', v_table, _pggit.column_definition(v_bare)),
        _pggit.existence_condition(p_column, 'table'), 'ACCESS EXCLUSIVE');
    RETURN NEXT _pggit.make_online(v_head || ' SET DEFAULT ' || ((p_column).attrs->>'default'), NULL, 'ACCESS EXCLUSIVE');
    RETURN NEXT _pggit.make_online(_pggit.backfill_sql(p_column, 'DEFAULT'), NULL, 'ROW EXCLUSIVE', '{}', false);
    IF (p_column).attrs ? 'not_null' THEN
        RETURN QUERY
        SELECT n.*
        FROM _pggit.alter_not_null(v_bare, p_column) AS d
        CROSS JOIN LATERAL _pggit.set_not_null_online(p_column, d.sql) AS n;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.add_column_online(_pggit.object) IS $$
A new column whose default differs from row to row: added empty, filled in batches, then made NOT NULL if it is to be.
$$;

CREATE OR REPLACE FUNCTION _pggit.retype_advice(p_column _pggit.object, p_old_type text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN format(
    E'This rewrites %1$s behind ACCESS EXCLUSIVE. Without that, as expand, backfill, contract:\n'
    'expand:   ALTER TABLE %1$s ADD COLUMN %2$s %3$s; a trigger BEFORE INSERT OR UPDATE sets NEW.%2$s := NEW.%4$s::%3$s;\n'
    'backfill: UPDATE %1$s SET %2$s = %4$s::%3$s WHERE %2$s IS NULL, in batches that commit;\n'
    'contract: in one transaction drop the trigger and column %4$s (%5$s), rename %2$s to %4$s, and build its indexes, '
    'constraints and views on it.',
    _pggit.table_target(p_column), quote_ident((p_column).name || '_new'), (p_column).attrs->>'type',
    quote_ident((p_column).name), p_old_type);
COMMENT ON FUNCTION _pggit.retype_advice(_pggit.object, text) IS 'How a column changes its type under load.';

CREATE OR REPLACE FUNCTION _pggit.online_parts(
    p_step _pggit.step,
    p_old _pggit.object,
    p_new _pggit.object,
    p_table _pggit.object,
    p_nullable _pggit.object[]
)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_sql   text := (p_step).sql;
    v_type  text := (p_new).attrs->>'type';
    v_plain boolean := (p_table).object_id IS NOT NULL AND (p_table).kind = 'table' AND NOT (p_table).attrs ? 'partition_by';
BEGIN
    IF (p_step).kind = 'index' AND v_plain AND v_sql ~ '^CREATE (UNIQUE )?INDEX ' THEN
        RETURN QUERY SELECT * FROM _pggit.build_index_online(
            p_new, regexp_replace(v_sql, '^CREATE (UNIQUE )?INDEX ', 'CREATE \1INDEX CONCURRENTLY '), (p_step).hazards);
    ELSIF (p_step).kind = 'index' AND v_plain AND v_sql ~ '^DROP INDEX ' AND v_sql !~ ' CASCADE$' THEN
        RETURN NEXT _pggit.make_online(
            regexp_replace(v_sql, '^DROP INDEX ', 'DROP INDEX CONCURRENTLY IF EXISTS '), NULL, 'SHARE UPDATE EXCLUSIVE', '{}', false);
    ELSIF (p_step).kind = 'constraint' AND v_plain AND v_sql ~ ' ADD CONSTRAINT ' AND v_type IN ('check', 'foreign_key')
        AND NOT (p_new).attrs ?| '{not_valid,not_enforced}'
    THEN
        RETURN NEXT _pggit.make_online(v_sql || ' NOT VALID', _pggit.existence_condition(p_new, 'table'), (p_step).lock_level);
        RETURN NEXT _pggit.make_online(
            format('ALTER TABLE %s VALIDATE CONSTRAINT %I', _pggit.table_target(p_new), (p_new).name), NULL,
            'SHARE UPDATE EXCLUSIVE', '{may_fail}');
    ELSIF (p_step).kind = 'constraint' AND v_plain AND v_sql ~ ' ADD CONSTRAINT ' AND v_type IN ('primary_key', 'unique')
        AND NOT (p_new).attrs ? 'period'
    THEN
        RETURN QUERY SELECT * FROM _pggit.add_key_online(p_new, p_nullable);
    ELSIF (p_step).kind = 'column' AND (p_table).kind = 'table' AND 'long_lock' = ANY ((p_step).hazards)
        AND v_sql ~ '( SET NOT NULL| NOT NULL \S+)$' AND v_sql !~ ' VALIDATE '
    THEN
        RETURN QUERY SELECT * FROM _pggit.set_not_null_online(p_new, v_sql);
    ELSIF (p_step).kind = 'column' AND (p_table).kind = 'table' AND v_sql ~ ' ADD COLUMN ' AND (p_new).attrs ? 'default'
        AND 'table_rewrite' = ANY ((p_step).hazards) AND NOT (p_new).attrs ?| '{identity,generated}'
    THEN
        RETURN QUERY SELECT * FROM _pggit.add_column_online(p_new);
    ELSIF (p_step).kind = 'enum' AND v_sql ~ ' ADD VALUE ' THEN
        RETURN NEXT _pggit.make_online(
            regexp_replace(v_sql, ' ADD VALUE ', ' ADD VALUE IF NOT EXISTS '), NULL, (p_step).lock_level, (p_step).hazards, false);
    ELSE
        RETURN NEXT _pggit.make_online(
            _pggit.repeatable_sql(v_sql),
            CASE WHEN (p_step).action = 'rename' OR v_sql ~ '^CREATE (?!OR REPLACE )'
                OR (p_step).action = 'create' AND v_sql ~ ' ADD (COLUMN|CONSTRAINT) '
                THEN _pggit.existence_condition(p_new, (p_table).kind) END,
            (p_step).lock_level, (p_step).hazards, (p_step).in_transaction,
            CASE WHEN (p_step).kind = 'column' AND (p_step).action = 'alter' AND 'table_rewrite' = ANY ((p_step).hazards)
                AND v_sql ~ ' TYPE ' THEN _pggit.retype_advice(p_new, (p_old).attrs->>'type') END);
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.online_parts(_pggit.step, _pggit.object, _pggit.object, _pggit.object, _pggit.object[]) IS $$
One step of a plan as steps for a database under load.
p_table: the table that it acts on as it was before the plan; NULL where the plan makes it.
p_nullable: for a primary key, its columns that were not NOT NULL before.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_online(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_extra_path jsonb DEFAULT '{}'
)
RETURNS SETOF _pggit.online_step
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH steps AS MATERIALIZED (
        SELECT s AS step, o AS old, n AS new, t AS in_table
        FROM _pggit.plan(p_from, p_to, p_extra_path) AS s
        LEFT JOIN unnest(p_from) AS o ON (o).object_id = (s).object_id
        LEFT JOIN unnest(p_to) AS n ON (n).object_id = (s).object_id
        LEFT JOIN unnest(p_from) AS t ON (t).object_id = coalesce((n).parent_id, (o).parent_id)
    ), parts AS (
        SELECT s.step, p.*, row_number() OVER (PARTITION BY p.sql ORDER BY (s.step).step_no, p.ordinality) AS nth
        FROM steps AS s
        CROSS JOIN LATERAL _pggit.online_parts(s.step, s.old, s.new, s.in_table, ARRAY(
            SELECT c
            FROM unnest(p_to) AS c
            JOIN unnest(p_from) AS b ON (b).object_id = (c).object_id
            WHERE (s.step).kind = 'constraint'
              AND (s.new).attrs->>'type' = 'primary_key'
              AND (c).parent_id = (s.new).parent_id
              AND (c).kind = 'column'
              AND (s.new).attrs->'key_columns' ? quote_ident((c).name)
              AND NOT (b).attrs ? 'not_null'
        )) WITH ORDINALITY AS p(step_no, sql, is_done, lock_level, hazards, in_transaction, action, kind, object_id, identity, advice,
            ordinality)
    )
    SELECT
        (row_number() OVER (ORDER BY (p.step).step_no, p.ordinality))::integer,
        p.sql, p.is_done, p.lock_level, coalesce(p.hazards, '{}'), p.in_transaction,
        (p.step).action, (p.step).kind, (p.step).object_id, (p.step).identity, p.advice
    FROM parts AS p
    -- a column that a key has made NOT NULL need not be made so again
    WHERE p.nth = 1 OR (p.step).action = 'set'
    ORDER BY 1;
END;
COMMENT ON FUNCTION _pggit.plan_online(_pggit.object[], _pggit.object[], jsonb) IS $$
_pggit.plan for a database under load: every step is short under its lock, or holds none that stops writers; each can be run again.
$$;

CREATE OR REPLACE FUNCTION _pggit.online_script(p_title text, p_steps _pggit.online_step[])
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT concat_ws(E'\n', '-- ' || regexp_replace(p_title, '[\n\r]+', ' ', 'g'),
        $head$-- For psql. Each step is a transaction of its own and waits at most 2 s for a lock, again and again.
-- After an error, run the script once more: what is done is passed over.
\set ON_ERROR_STOP on
CREATE PROCEDURE pg_temp.pggit_step(p_sql text, p_is_done text)
LANGUAGE plpgsql
AS $pggit$
DECLARE
    v_is_done boolean;
BEGIN
    EXECUTE 'SELECT ' || p_is_done INTO v_is_done;
    FOR v_try IN 1 .. 60 LOOP
        EXIT WHEN v_is_done;
        BEGIN
            SET LOCAL lock_timeout = '2s';
            EXECUTE p_sql;
            v_is_done := true;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_try = 60 THEN
                    RAISE;
                END IF;
                RAISE NOTICE 'waiting for a lock, try %: %', v_try, p_sql;
        END;
        COMMIT;
        IF NOT v_is_done THEN
            PERFORM pg_catalog.pg_sleep(least(0.1 * v_try, 3) * (0.5 + pg_catalog.random()));
        END IF;
    END LOOP;
END
$pggit$;$head$,
        string_agg(concat_ws(E'\n',
            regexp_replace(s.advice, '^', '-- ', 'ng'),
            CASE WHEN s.hazards <> '{}'
                THEN '-- ' || regexp_replace(format('%s: %s', s.identity, array_to_string(s.hazards, ', ')), '[\n\r]+', ' ', 'g') END,
            CASE
                WHEN s.action = 'set' THEN s.sql || ';'
                WHEN s.in_transaction THEN format('CALL pg_temp.pggit_step(%s, %s);',
                    _pggit.dollar_quote(s.sql), _pggit.dollar_quote(coalesce(s.is_done, 'false')))
                ELSE format(E'SELECT %s WHERE NOT (%s) \\gexec', _pggit.dollar_quote(s.sql), coalesce(s.is_done, 'false'))
            END), E'\n' ORDER BY s.step_no),
        'DROP PROCEDURE pg_temp.pggit_step(text, text);') || E'\n'
    FROM unnest(p_steps) AS s;
END;
COMMENT ON FUNCTION _pggit.online_script(text, _pggit.online_step[]) IS $$
The steps as a script for psql that tries locks again, and that can be run again after an error.
$$;
