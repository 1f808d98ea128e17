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
    '^DROP (ACCESS METHOD|AGGREGATE|CAST|COLLATION|CONVERSION|DOMAIN|EVENT TRIGGER|EXTENSION|FOREIGN DATA WRAPPER|FOREIGN TABLE|FUNCTION'
    '|INDEX|MATERIALIZED VIEW|OPERATOR|OPERATOR CLASS|OPERATOR FAMILY|POLICY|PROCEDURE|PUBLICATION|RULE|SCHEMA|SEQUENCE|SERVER|STATISTICS'
    '|SUBSCRIPTION|TABLE|TEXT SEARCH (?:CONFIGURATION|DICTIONARY|PARSER|TEMPLATE)|TRIGGER|TYPE|USER MAPPING|VIEW) (?!IF EXISTS)',
    'DROP \1 IF EXISTS '),
    '^(ALTER TABLE (?:ONLY )?(?:"(?:[^"]|"")+"|\w+)\.(?:"(?:[^"]|"")+"|\w+)'
    '(?: ALTER COLUMN (?:"(?:[^"]|"")+"|\w+))? DROP (?:COLUMN|CONSTRAINT|IDENTITY|EXPRESSION))(?! IF EXISTS)',
    '\1 IF EXISTS');
COMMENT ON FUNCTION _pggit.repeatable_sql(text) IS $$
A statement with IF EXISTS where it drops something, so that it can be run again.
$$;

CREATE OR REPLACE FUNCTION _pggit.temporary_name(p_object_id uuid, p_for text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN 'pggit_' || p_for || '_' || left(md5(p_object_id::text), 16);
COMMENT ON FUNCTION _pggit.temporary_name(uuid, text) IS $$
The name of something that is in the schema only while a migration runs, the same in each run.
p_for: new, old or part.
$$;

CREATE OR REPLACE FUNCTION _pggit.under_name(p_object _pggit.object, p_name text)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ((p_object).object_id, (p_object).kind, (p_object).parent_id, (p_object).schema_name, (p_object).table_name, p_name,
    (p_object).signature, (p_object).attrs, (p_object).deps)::_pggit.object;
COMMENT ON FUNCTION _pggit.under_name(_pggit.object, text) IS 'The same object under another name.';

CREATE OR REPLACE FUNCTION _pggit.create_index_sql(p_object _pggit.object, p_target text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(' ',
    'CREATE',
    CASE WHEN (p_object).attrs ? 'unique' OR (p_object).kind = 'constraint' THEN 'UNIQUE' END,
    'INDEX',
    CASE WHEN p_target NOT LIKE 'ONLY %' THEN 'CONCURRENTLY' END,
    quote_ident((p_object).name),
    'ON',
    p_target,
    'USING ' || coalesce((p_object).attrs->>'method', 'btree'),
    coalesce((p_object).attrs->>'keys', '(' || _pggit.name_list((p_object).attrs->'key_columns') || ')'),
    'INCLUDE (' || _pggit.name_list((p_object).attrs->'include') || ')',
    CASE WHEN (p_object).attrs ? 'nulls_not_distinct' THEN 'NULLS NOT DISTINCT' END,
    'WITH (' || _pggit.option_list((p_object).attrs) || ')',
    'TABLESPACE ' || quote_ident((p_object).attrs->>'tablespace'),
    'WHERE ' || ((p_object).attrs->>'where'));
COMMENT ON FUNCTION _pggit.create_index_sql(_pggit.object, text) IS $$
CREATE INDEX beside writers, of an index or of a key that is to have one; with the target ONLY … that of a partitioned table alone.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_index_online(p_object _pggit.object, p_is_done text DEFAULT NULL)
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
        _pggit.create_index_sql(p_object, _pggit.table_target(p_object)),
        concat_ws(' OR ', p_is_done, _pggit.regclass_text((p_object).schema_name, (p_object).name) || ' IS NOT NULL'),
        'SHARE UPDATE EXCLUSIVE',
        CASE WHEN (p_object).attrs ? 'unique' OR (p_object).kind = 'constraint' THEN '{may_fail}'::text[] ELSE '{}' END,
        false);
END;
COMMENT ON FUNCTION _pggit.build_index_online(_pggit.object, text) IS $$
An index built beside writers: what an interrupted build left goes first.
p_is_done: a condition under which it need not be built, although no index has the name.
$$;

CREATE OR REPLACE FUNCTION _pggit.swap_index_online(p_new _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_schema text := (p_new).schema_name;
    v_fresh  text := _pggit.temporary_name((p_new).object_id, 'new');
    v_stale  _pggit.object := _pggit.under_name(p_new, _pggit.temporary_name((p_new).object_id, 'old'));
    v_rename text := format('ALTER INDEX %s RENAME TO %I', _pggit.qualified_name(v_schema, v_fresh), (p_new).name);
    v_is_key boolean := (p_new).attrs ? 'replica_identity';
BEGIN
    IF p_parts <> '{}' THEN
        -- that of a partitioned table cannot be dropped concurrently
        RETURN NEXT _pggit.make_online(
            'DO ' || _pggit.dollar_quote(format('BEGIN DROP INDEX IF EXISTS %s; %s; END', _pggit.object_target(p_new), v_rename)),
            _pggit.regclass_text(v_schema, v_fresh) || ' IS NULL', 'ACCESS EXCLUSIVE');
        RETURN;
    END IF;
    RETURN NEXT _pggit.make_online(
        'DO ' || _pggit.dollar_quote(format('BEGIN DROP INDEX IF EXISTS %s; ALTER INDEX IF EXISTS %s RENAME TO %I; %s;%s END',
            _pggit.object_target(v_stale), _pggit.object_target(p_new), (v_stale).name, v_rename,
            CASE WHEN v_is_key THEN format(' ALTER TABLE %s REPLICA IDENTITY USING INDEX %I;', _pggit.table_target(p_new), (p_new).name)
                ELSE '' END)),
        _pggit.regclass_text(v_schema, v_fresh) || ' IS NULL',
        CASE WHEN v_is_key THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE UPDATE EXCLUSIVE' END);
    RETURN NEXT _pggit.make_online(
        'DROP INDEX CONCURRENTLY IF EXISTS ' || _pggit.object_target(v_stale), NULL, 'SHARE UPDATE EXCLUSIVE', '{}', false);
END;
$$;
COMMENT ON FUNCTION _pggit.swap_index_online(_pggit.object, _pggit.object[]) IS $$
An index that was built under a temporary name takes the place of the one that it replaces.
p_parts: the partitions of its table, if that has any.
$$;

CREATE OR REPLACE FUNCTION _pggit.required_condition(p_column _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN format('EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = %s AND a.attname = %L AND a.attnotnull)',
    _pggit.regclass_text((p_column).schema_name, (p_column).table_name), (p_column).name);
COMMENT ON FUNCTION _pggit.required_condition(_pggit.object) IS 'An SQL condition that says whether a column is NOT NULL.';

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
    v_set   text := _pggit.required_condition(p_column);
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

CREATE OR REPLACE FUNCTION _pggit.key_type(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN upper(replace(p_attrs->>'type', '_', ' '));
COMMENT ON FUNCTION _pggit.key_type(jsonb) IS 'PRIMARY KEY or UNIQUE.';

CREATE OR REPLACE FUNCTION _pggit.deferrable_phrase(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_attrs->>'deferrable'
    WHEN 'initially deferred' THEN 'DEFERRABLE INITIALLY DEFERRED' WHEN 'initially immediate' THEN 'DEFERRABLE' END;
COMMENT ON FUNCTION _pggit.deferrable_phrase(jsonb) IS 'How a key says that it can be deferred; NULL if it cannot.';

CREATE OR REPLACE FUNCTION _pggit.require_columns_online(p_nullable _pggit.object[])
RETURNS SETOF _pggit.online_step
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 4
BEGIN ATOMIC
    SELECT n.*
    FROM unnest(p_nullable) AS c
    CROSS JOIN LATERAL _pggit.set_not_null_online(
        c, format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', _pggit.table_target(c), (c).name)) AS n;
END;
COMMENT ON FUNCTION _pggit.require_columns_online(_pggit.object[]) IS $$
NOT NULL for the columns of a primary key that do not yet have it.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_key_online(p_object _pggit.object, p_is_swapped boolean)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 3
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_index _pggit.object := CASE WHEN p_is_swapped
        THEN _pggit.under_name(p_object, _pggit.temporary_name((p_object).object_id, 'new')) ELSE p_object END;
BEGIN
    RETURN QUERY SELECT * FROM _pggit.build_index_online(v_index);
    RETURN NEXT _pggit.make_online(
        concat_ws(' ',
            'ALTER TABLE', _pggit.table_target(p_object),
            CASE WHEN p_is_swapped THEN format('DROP CONSTRAINT IF EXISTS %I,', (p_object).name) END,
            format('ADD CONSTRAINT %I %s USING INDEX %I', (p_object).name, _pggit.key_type((p_object).attrs), (v_index).name),
            _pggit.deferrable_phrase((p_object).attrs)),
        CASE WHEN p_is_swapped THEN _pggit.regclass_text((v_index).schema_name, (v_index).name) || ' IS NULL'
            ELSE _pggit.existence_condition(p_object, 'table') END,
        'ACCESS EXCLUSIVE');
END;
$$;
COMMENT ON FUNCTION _pggit.add_key_online(_pggit.object, boolean) IS $$
A primary or unique key from an index that is built beside writers.
p_is_swapped: whether it takes the place of one of its name.
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
