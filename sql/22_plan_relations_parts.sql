-- Plan for what hangs on tables: the DDL of constraints, indexes, triggers, policies and rules.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.period_list(p_names jsonb, p_attrs jsonb, p_before text, p_after text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(
        CASE WHEN p_attrs ? 'period' AND n.place = jsonb_array_length(p_names) THEN p_before || n.name || p_after
            ELSE n.name END,
        ', ' ORDER BY n.place)
    FROM jsonb_array_elements_text(p_names) WITH ORDINALITY AS n(name, place);
END;
COMMENT ON FUNCTION _pggit.period_list(jsonb, jsonb, text, text) IS $$
The columns of a key, the last marked as its period if it has one (PostgreSQL 18).
$$;

CREATE OR REPLACE FUNCTION _pggit.constraint_definition(p_attrs jsonb)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN CASE p_attrs->>'type'
        WHEN 'check' THEN concat_ws(' ',
            'CHECK (' || (p_attrs->>'expression') || ')',
            CASE WHEN p_attrs ? 'no_inherit' THEN 'NO INHERIT' END)
        WHEN 'exclusion' THEN p_attrs->>'definition'
        WHEN 'foreign_key' THEN concat_ws(' ',
            'FOREIGN KEY (' || _pggit.period_list(p_attrs->'key_columns', p_attrs, 'PERIOD ', '')
                || ') REFERENCES ' || (p_attrs->>'target')
                || ' (' || _pggit.period_list(p_attrs->'target_columns', p_attrs, 'PERIOD ', '') || ')',
            'MATCH ' || upper(p_attrs->>'match'),
            'ON UPDATE ' || upper(p_attrs->>'on_update'),
            'ON DELETE ' || upper(p_attrs->>'on_delete'),
            '(' || _pggit.name_list(p_attrs->'on_delete_columns') || ')')
        ELSE concat_ws(' ',
            upper(replace(p_attrs->>'type', '_', ' ')),
            CASE WHEN p_attrs ? 'nulls_not_distinct' THEN 'NULLS NOT DISTINCT' END,
            '(' || _pggit.period_list(p_attrs->'key_columns', p_attrs, '', ' WITHOUT OVERLAPS') || ')',
            'INCLUDE (' || _pggit.name_list(p_attrs->'include') || ')',
            'WITH (' || _pggit.option_list(p_attrs) || ')',
            'USING INDEX TABLESPACE ' || quote_ident(p_attrs->>'tablespace'))
    END || CASE
        WHEN p_attrs->>'type' = 'exclusion' THEN ''
        ELSE coalesce(CASE p_attrs->>'deferrable'
            WHEN 'initially deferred' THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN 'initially immediate' THEN ' DEFERRABLE' END, '')
            || CASE WHEN p_attrs ? 'not_enforced' THEN ' NOT ENFORCED' WHEN p_attrs ? 'not_valid' THEN ' NOT VALID' ELSE '' END
    END;
END;
$$;
COMMENT ON FUNCTION _pggit.constraint_definition(jsonb) IS $$
A table constraint without its name, as ADD CONSTRAINT writes it.
$$;

CREATE OR REPLACE FUNCTION _pggit.index_marks(p_old jsonb, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    -- most are said in full by now
    IF p_old = '{}' AND '{}' = (p_new).attrs
        - '{method,keys,unique,where,include,type,key_columns,expression,target,target_columns,on_update,on_delete}'::text[]
    THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT (q.ddl).* FROM (
        SELECT _pggit.make_ddl(format('ALTER TABLE %s CLUSTER ON %I', _pggit.table_target(p_new), (p_new).name),
            'SHARE UPDATE EXCLUSIVE')
        WHERE (p_new).attrs ? 'clustered' AND NOT p_old ? 'clustered'
        UNION ALL
        SELECT _pggit.make_ddl(format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', _pggit.table_target(p_new), (p_new).name),
            'ACCESS EXCLUSIVE')
        WHERE (p_new).attrs ? 'replica_identity' AND NOT p_old ? 'replica_identity'
        UNION ALL
        SELECT _pggit.make_ddl(
            format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', (p_new).schema_name, (p_new).name,
                substr(s.key, length('statistics:') + 1), coalesce((p_new).attrs->>s.key, '-1')),
            'SHARE UPDATE EXCLUSIVE')
        FROM (
            SELECT o.key FROM jsonb_object_keys(p_old) AS o(key)
            UNION
            SELECT n.key FROM jsonb_object_keys((p_new).attrs) AS n(key)
        ) AS s
        WHERE starts_with(s.key, 'statistics:')
          AND p_old->s.key IS DISTINCT FROM (p_new).attrs->s.key
        UNION ALL
        -- an index that serves a constraint can have a comment beside the constraint's
        SELECT _pggit.make_ddl(
            format('COMMENT ON INDEX %I.%I IS %s', (p_new).schema_name, (p_new).name,
                coalesce(quote_literal((p_new).attrs->>'index_comment'), 'NULL')),
            'SHARE UPDATE EXCLUSIVE')
        WHERE p_old->'index_comment' IS DISTINCT FROM (p_new).attrs->'index_comment'
    ) AS q(ddl);
END;
$$;
COMMENT ON FUNCTION _pggit.index_marks(jsonb, _pggit.object) IS $$
What is said of an index by statements of its own: clustering, replica identity, statistics targets, the comment of a constraint's index.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_constraint(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s%s ADD CONSTRAINT %I %s', CASE WHEN (p_object).attrs ? 'only' THEN 'ONLY ' ELSE '' END,
            _pggit.table_target(p_object), (p_object).name,
            _pggit.constraint_definition((p_object).attrs)),
        CASE WHEN (p_object).attrs->>'type' = 'foreign_key' THEN 'SHARE ROW EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END,
        CASE WHEN (p_object).attrs ?| '{not_valid,not_enforced}' THEN '{}'::text[] ELSE '{may_fail,long_lock}' END)
    UNION ALL
    SELECT m FROM _pggit.index_marks('{}', p_object) AS m;
END;
COMMENT ON FUNCTION _pggit.create_constraint(_pggit.object, _pggit.object[]) IS $$
ADD CONSTRAINT on a table.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old  jsonb := (p_old).attrs;
    v_new  jsonb := (p_new).attrs;
    v_head text := 'ALTER TABLE ' || _pggit.table_target(p_new);
BEGIN
    IF v_old->'deferrable' IS DISTINCT FROM v_new->'deferrable' OR v_old ? 'not_enforced' AND NOT v_new ? 'not_enforced' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s ALTER CONSTRAINT %I%s%s', v_head, (p_new).name,
                CASE WHEN v_old->'deferrable' IS NOT DISTINCT FROM v_new->'deferrable' THEN ''
                    ELSE coalesce(
                        ' DEFERRABLE ' || upper(v_new->>'deferrable'), ' NOT DEFERRABLE') END,
                CASE WHEN v_old ? 'not_enforced' AND NOT v_new ? 'not_enforced' THEN ' ENFORCED' ELSE '' END),
            'ACCESS EXCLUSIVE');
    END IF;
    IF v_old ? 'not_valid' AND NOT v_new ? 'not_valid' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s VALIDATE CONSTRAINT %I', v_head, (p_new).name),
            'SHARE UPDATE EXCLUSIVE', '{may_fail,long_lock}');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.option_changes(
        format('ALTER INDEX %I.%I', (p_new).schema_name, (p_new).name), v_old, v_new);
    IF v_old->'tablespace' IS DISTINCT FROM v_new->'tablespace' THEN
        RETURN NEXT _pggit.make_ddl(
            format('ALTER INDEX %I.%I SET TABLESPACE %I', (p_new).schema_name, (p_new).name,
                coalesce(v_new->>'tablespace', 'pg_default')),
            'ACCESS EXCLUSIVE', '{long_lock}');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.index_marks(v_old, p_new);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_constraint(_pggit.object, _pggit.object) IS $$
What can change in a constraint that stays.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(bool_or(CASE
        WHEN k.key IN ('comment', 'index_comment', 'attached', 'clustered', 'replica_identity', 'tablespace')
            OR starts_with(k.key, 'option:') THEN false
        WHEN k.key = 'deferrable' THEN (p_new).attrs->>'type' <> 'foreign_key'
        WHEN k.key = 'not_valid' THEN (p_new).attrs ? 'not_valid'
        WHEN k.key = 'not_enforced' THEN (p_new).attrs ? 'not_enforced' OR (p_new).attrs->>'type' <> 'foreign_key'
        ELSE true
    END), false)
    FROM (
        SELECT o.key FROM jsonb_object_keys((p_old).attrs) AS o(key)
        UNION
        SELECT n.key FROM jsonb_object_keys((p_new).attrs) AS n(key)
    ) AS k
    WHERE (p_old).attrs->k.key IS DISTINCT FROM (p_new).attrs->k.key;
END;
COMMENT ON FUNCTION _pggit.rebuild_constraint(_pggit.object, _pggit.object) IS $$
Whether a constraint must be dropped and added anew.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_constraint(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('ALTER TABLE %s DROP CONSTRAINT %s%I', _pggit.table_target(p_object),
        -- its index belongs to the parent's, and goes with that; so does the part of a foreign key that is made anew
        CASE WHEN (p_object).attrs ? 'attached' OR (p_object).attrs ? 'unshared' AND (p_object).attrs->>'type' = 'foreign_key'
            THEN 'IF EXISTS ' ELSE '' END, (p_object).name),
    'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_constraint(_pggit.object) IS $$
DROP CONSTRAINT of a table.
$$;

CREATE OR REPLACE FUNCTION _pggit.attach_index(p_index _pggit.object)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.make_ddl(
    format('ALTER INDEX %s ATTACH PARTITION %s', (p_index).attrs->>'attached_to', _pggit.object_target(p_index)), 'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.attach_index(_pggit.object) IS $$
ATTACH PARTITION of an index.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_index(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        concat_ws(' ',
            'CREATE',
            CASE WHEN (p_object).attrs ? 'unique' THEN 'UNIQUE' END,
            'INDEX',
            quote_ident((p_object).name),
            'ON',
            CASE WHEN (p_object).attrs ? 'only' THEN 'ONLY' END,
            _pggit.table_target(p_object),
            'USING ' || coalesce((p_object).attrs->>'method', 'btree'),
            (p_object).attrs->>'keys',
            'INCLUDE (' || _pggit.name_list((p_object).attrs->'include') || ')',
            CASE WHEN (p_object).attrs ? 'nulls_not_distinct' THEN 'NULLS NOT DISTINCT' END,
            'WITH (' || _pggit.option_list((p_object).attrs) || ')',
            'TABLESPACE ' || quote_ident((p_object).attrs->>'tablespace'),
            'WHERE ' || ((p_object).attrs->>'where')),
        'SHARE',
        CASE WHEN (p_object).attrs ? 'unique' THEN '{may_fail,long_lock}'::text[] ELSE '{long_lock}' END
            -- no statement makes a broken one
            || CASE WHEN (p_object).attrs ? 'invalid' THEN '{invalid_at_goal}'::text[] ELSE '{}' END)
    UNION ALL
    SELECT _pggit.attach_index(p_object) WHERE (p_object).attrs ? 'attached_to'
    UNION ALL
    SELECT m FROM _pggit.index_marks('{}', p_object) AS m;
END;
COMMENT ON FUNCTION _pggit.create_index(_pggit.object, _pggit.object[]) IS $$
CREATE INDEX.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_index(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT o FROM _pggit.option_changes(
        'ALTER INDEX ' || _pggit.object_target(p_new), (p_old).attrs, (p_new).attrs) AS o
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER INDEX %s SET TABLESPACE %I', _pggit.object_target(p_new),
            coalesce((p_new).attrs->>'tablespace', 'pg_default')),
        'ACCESS EXCLUSIVE', '{long_lock}')
    WHERE (p_old).attrs->'tablespace' IS DISTINCT FROM (p_new).attrs->'tablespace'
    UNION ALL
    SELECT _pggit.attach_index(p_new) WHERE (p_new).attrs ? 'attached_to' AND NOT (p_old).attrs ? 'attached_to'
    UNION ALL
    SELECT m FROM _pggit.index_marks((p_old).attrs, p_new) AS m;
END;
COMMENT ON FUNCTION _pggit.alter_index(_pggit.object, _pggit.object) IS $$
What can change in an index that stays.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_index(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each((p_old).attrs) AS o
    WHERE o.key IN ('method', 'unique', 'keys', 'include', 'nulls_not_distinct', 'where', 'only')
) IS DISTINCT FROM (
    SELECT jsonb_object_agg(n.key, n.value) FROM jsonb_each((p_new).attrs) AS n
    WHERE n.key IN ('method', 'unique', 'keys', 'include', 'nulls_not_distinct', 'where', 'only')
)
-- nothing takes a part off the index that it is attached to
OR (p_old).attrs ? 'attached_to' AND (p_old).attrs->'attached_id' IS DISTINCT FROM (p_new).attrs->'attached_id'
-- a broken index is built anew; none is broken on purpose
OR (p_old).attrs ? 'invalid' AND NOT (p_new).attrs ? 'invalid';
COMMENT ON FUNCTION _pggit.rebuild_index(_pggit.object, _pggit.object) IS $$
Whether an index must be built anew.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_index(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    'DROP INDEX ' || _pggit.object_target(p_object) || CASE WHEN (p_object).attrs ? 'holds_keys' THEN ' CASCADE' ELSE '' END,
    'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_index(_pggit.object) IS $$
DROP INDEX.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_partition_index(p_object _pggit.object, p_name text)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
-- PostgreSQL itself chooses the name when it makes the index, or takes one that is there: so it is looked up
RETURN _pggit.make_ddl(
    'DO ' || _pggit.dollar_quote(format(
        'DECLARE part regclass := (SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h'
        ' JOIN pg_catalog.pg_index AS i ON i.indexrelid = h.inhrelid JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid'
        ' JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent'
        ' WHERE i.indrelid = %L::regclass AND p.relname = %L AND c.relname <> %L); '
        'BEGIN IF part IS NOT NULL THEN EXECUTE format(''ALTER INDEX %%s RENAME TO %%I'', part, %L); END IF; END',
        _pggit.table_target(p_object), (p_object).name, p_name, p_name)),
    'SHARE UPDATE EXCLUSIVE');
COMMENT ON FUNCTION _pggit.name_partition_index(_pggit.object, text) IS $$
Gives a name to the index that a partition has from its parent's.
$$;

CREATE OR REPLACE FUNCTION _pggit.detach_partition(p_old _pggit.object, p_target text)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    -- nothing leads from the parent's index to what was its part when the partition has left
    SELECT _pggit.make_ddl(
        'DO ' || _pggit.dollar_quote(format(
            'DECLARE part regclass := (SELECT i.indexrelid FROM pg_catalog.pg_index AS i'
            ' JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid'
            ' CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(i.indexrelid) AS a JOIN pg_catalog.pg_class AS p ON p.oid = a.relid'
            ' WHERE i.indrelid = %L::regclass AND a.relid <> i.indexrelid AND p.relname = %L AND c.relname <> %L); '
            'BEGIN IF part IS NOT NULL THEN EXECUTE format(''ALTER INDEX %%s RENAME TO %%I'', part, %L); END IF; END',
            p_target, l.key, l.value, l.value)),
        'SHARE UPDATE EXCLUSIVE')
    FROM jsonb_each_text((p_old).attrs->'leaving') AS l
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s DETACH PARTITION %s', (p_old).attrs->>'partition_of', p_target), 'ACCESS EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.detach_partition(_pggit.object, text) IS $$
DETACH PARTITION of a table as it was; parts of the parent's indexes get the names before by which they are known afterwards.
p_target: the name of the partition by now.
$$;

CREATE OR REPLACE FUNCTION _pggit.part_options(p_attrs jsonb, p_other jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN p_attrs ? 'usual_options' THEN p_attrs ELSE coalesce(p_other->'usual_options', '{}') END;
COMMENT ON FUNCTION _pggit.part_options(jsonb, jsonb) IS $$
Attributes with the storage parameters of a partition's index: its own, or those of its parent's, which the other side knows.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_partition_index(p_object _pggit.object, p_old jsonb, p_new jsonb)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_index  _pggit.object := p_object;
    v_target text;
BEGIN
    v_index.name := p_object.attrs->>'index_name';
    v_index.attrs := p_new;
    v_target := 'ALTER INDEX ' || _pggit.object_target(v_index);
    RETURN QUERY SELECT * FROM _pggit.option_changes(v_target, _pggit.part_options(p_old, p_new), _pggit.part_options(p_new, p_old));
    IF p_old->'tablespace' IS DISTINCT FROM p_new->'tablespace' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s SET TABLESPACE %I', v_target, coalesce(p_new->>'tablespace', 'pg_default')),
            'ACCESS EXCLUSIVE', '{long_lock}');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.index_marks(p_old, v_index);
END;
$$;
COMMENT ON FUNCTION _pggit.mark_partition_index(_pggit.object, jsonb, jsonb) IS $$
What is said of the index of a partition alone: storage parameters, tablespace, clustering, replica identity, statistics targets.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_partition_index(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.name_partition_index(p_new, (p_new).attrs->>'index_name')
    WHERE (p_old).attrs->>'index_name' IS DISTINCT FROM (p_new).attrs->>'index_name'
    UNION ALL
    SELECT m FROM _pggit.mark_partition_index(p_new, (p_old).attrs, (p_new).attrs) AS m;
END;
COMMENT ON FUNCTION _pggit.alter_partition_index(_pggit.object, _pggit.object) IS $$
ALTER INDEX of what the part has for itself.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_partition_index(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.name_partition_index(p_object, (p_object).attrs->>'index_name')
    UNION ALL
    SELECT m FROM _pggit.mark_partition_index(p_object, '{}', (p_object).attrs) AS m;
END;
COMMENT ON FUNCTION _pggit.create_partition_index(_pggit.object, _pggit.object[]) IS $$
The index comes with its parent's, or with the partition: only its name is given, and what it has for itself.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_partition_index(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        format('COMMENT ON INDEX %I.%I IS NULL', (p_object).schema_name, (p_object).attrs->>'index_name'), 'SHARE UPDATE EXCLUSIVE')
    WHERE (p_object).attrs ? 'comment'
    UNION ALL
    SELECT m FROM _pggit.mark_partition_index(p_object, (p_object).attrs, '{}') AS m
    UNION ALL
    SELECT _pggit.name_partition_index(p_object, (p_object).attrs->>'usual_name')
    WHERE (p_object).attrs->>'usual_name' <> (p_object).attrs->>'index_name';
END;
COMMENT ON FUNCTION _pggit.drop_partition_index(_pggit.object) IS $$
The index stays as long as its parent's does, under the name that it would have had, with nothing of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.trigger_statement(p_object _pggit.object, p_verb text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(' ',
    p_verb,
    CASE WHEN (p_object).attrs ? 'constraint' THEN 'CONSTRAINT' END,
    'TRIGGER',
    quote_ident((p_object).name),
    upper((p_object).attrs->>'timing'),
    replace(
        upper((p_object).attrs->>'events'), 'UPDATE',
        'UPDATE' || coalesce(' OF ' || _pggit.name_list((p_object).attrs->'update_of'), '')),
    'ON',
    _pggit.table_target(p_object),
    'FROM ' || ((p_object).attrs->>'from_table'),
    'DEFERRABLE ' || upper((p_object).attrs->>'deferrable'),
    CASE WHEN (p_object).attrs ?| '{old_table,new_table}' THEN 'REFERENCING' END,
    'OLD TABLE AS ' || quote_ident((p_object).attrs->>'old_table'),
    'NEW TABLE AS ' || quote_ident((p_object).attrs->>'new_table'),
    'FOR EACH',
    upper(coalesce((p_object).attrs->>'level', 'statement')),
    'WHEN (' || ((p_object).attrs->>'when') || ')',
    'EXECUTE FUNCTION',
    (p_object).attrs->>'function');
COMMENT ON FUNCTION _pggit.trigger_statement(_pggit.object, text) IS $$
CREATE [OR REPLACE] TRIGGER.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_trigger(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.trigger_statement(p_object, 'CREATE'), 'SHARE ROW EXCLUSIVE')
    WHERE NOT (p_object).attrs ? 'inherited'
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s TRIGGER %I', _pggit.table_target(p_object), _pggit.enabled_phrase((p_object).attrs),
            (p_object).name),
        'SHARE ROW EXCLUSIVE')
    WHERE (p_object).attrs ?| '{enabled,inherited}';
END;
COMMENT ON FUNCTION _pggit.create_trigger(_pggit.object, _pggit.object[]) IS $$
CREATE TRIGGER.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_trigger(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.trigger_statement(p_new, 'CREATE OR REPLACE'), 'SHARE ROW EXCLUSIVE')
    WHERE (p_old).attrs - '{enabled,comment}'::text[] <> (p_new).attrs - '{enabled,comment}'::text[]
      AND NOT (p_new).attrs ? 'inherited'
    UNION ALL
    -- CREATE OR REPLACE enables the trigger
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s TRIGGER %I', _pggit.table_target(p_new), _pggit.enabled_phrase((p_new).attrs), (p_new).name),
        'SHARE ROW EXCLUSIVE')
    WHERE (p_old).attrs->'enabled' IS DISTINCT FROM (p_new).attrs->'enabled'
       OR (p_new).attrs ?| '{enabled,inherited}'
           AND (p_old).attrs - '{enabled,comment}'::text[] <> (p_new).attrs - '{enabled,comment}'::text[];
END;
COMMENT ON FUNCTION _pggit.alter_trigger(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE TRIGGER, and when it fires.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_trigger(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs - '{enabled,comment}'::text[] <> (p_new).attrs - '{enabled,comment}'::text[]
    AND ((p_old).attrs ? 'constraint' OR (p_new).attrs ? 'constraint');
COMMENT ON FUNCTION _pggit.rebuild_trigger(_pggit.object, _pggit.object) IS $$
Constraint triggers cannot be replaced.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_trigger(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN CASE
    WHEN NOT (p_object).attrs ? 'inherited' THEN _pggit.make_ddl(
        format('DROP TRIGGER %I ON %s', (p_object).name, _pggit.table_target(p_object)), 'ACCESS EXCLUSIVE')
    ELSE _pggit.make_ddl(
        'DO ' || _pggit.dollar_quote(format(
            'BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = %L::regclass AND t.tgname = %L) THEN'
            ' ALTER TABLE %s %s TRIGGER %I; END IF; END',
            _pggit.table_target(p_object), (p_object).name, _pggit.table_target(p_object),
            _pggit.enabled_phrase(jsonb_strip_nulls(jsonb_build_object('enabled', (p_object).attrs->'parent_enabled'))),
            (p_object).name)),
        'SHARE ROW EXCLUSIVE')
END;
COMMENT ON FUNCTION _pggit.drop_trigger(_pggit.object) IS $$
DROP TRIGGER. One that a partition has from its parent fires again as that does, if it still exists.
$$;

CREATE OR REPLACE FUNCTION _pggit.policy_roles(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(quote_ident(r.role), ', ' ORDER BY r.place), 'PUBLIC')
    FROM jsonb_array_elements_text(p_attrs->'roles') WITH ORDINALITY AS r(role, place);
END;
COMMENT ON FUNCTION _pggit.policy_roles(jsonb) IS $$
The roles of a policy as its TO clause.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_policy(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        concat_ws(' ',
            'CREATE POLICY', quote_ident((p_object).name), 'ON', _pggit.table_target(p_object),
            CASE WHEN (p_object).attrs ? 'restrictive' THEN 'AS RESTRICTIVE' END,
            'FOR ' || upper((p_object).attrs->>'command'),
            CASE WHEN (p_object).attrs ? 'roles' THEN 'TO ' || _pggit.policy_roles((p_object).attrs) END,
            'USING (' || ((p_object).attrs->>'using') || ')',
            'WITH CHECK (' || ((p_object).attrs->>'check') || ')'),
        'ACCESS EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.create_policy(_pggit.object, _pggit.object[]) IS $$
CREATE POLICY.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_policy(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        concat_ws(' ',
            'ALTER POLICY', quote_ident((p_new).name), 'ON', _pggit.table_target(p_new),
            CASE WHEN (p_old).attrs->'roles' IS DISTINCT FROM (p_new).attrs->'roles'
                THEN 'TO ' || _pggit.policy_roles((p_new).attrs) END,
            'USING (' || ((p_new).attrs->>'using') || ')',
            'WITH CHECK (' || ((p_new).attrs->>'check') || ')'),
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs - 'comment'::text <> (p_new).attrs - 'comment'::text;
END;
COMMENT ON FUNCTION _pggit.alter_policy(_pggit.object, _pggit.object) IS $$
ALTER POLICY.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_policy(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'restrictive' IS DISTINCT FROM (p_new).attrs->'restrictive'
    OR (p_old).attrs->'command' IS DISTINCT FROM (p_new).attrs->'command'
    OR (p_old).attrs ? 'using' AND NOT (p_new).attrs ? 'using'
    OR (p_old).attrs ? 'check' AND NOT (p_new).attrs ? 'check';
COMMENT ON FUNCTION _pggit.rebuild_policy(_pggit.object, _pggit.object) IS $$
ALTER POLICY cannot change the command or kind, nor take an expression away.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_policy(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('DROP POLICY %I ON %s', (p_object).name, _pggit.table_target(p_object)), 'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_policy(_pggit.object) IS $$
DROP POLICY.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_rule(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE OR REPLACE RULE ' || quote_ident((p_object).name) || ' AS' || ((p_object).attrs->>'definition'),
        'ACCESS EXCLUSIVE')
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s RULE %I', _pggit.table_target(p_object), _pggit.enabled_phrase((p_object).attrs),
            (p_object).name),
        'ACCESS EXCLUSIVE')
    WHERE (p_object).attrs ? 'enabled';
END;
COMMENT ON FUNCTION _pggit.create_rule(_pggit.object, _pggit.object[]) IS $$
CREATE RULE.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_rule(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE OR REPLACE RULE ' || quote_ident((p_new).name) || ' AS' || ((p_new).attrs->>'definition'),
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->'definition' <> (p_new).attrs->'definition'
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s RULE %I', _pggit.table_target(p_new), _pggit.enabled_phrase((p_new).attrs), (p_new).name),
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->'enabled' IS DISTINCT FROM (p_new).attrs->'enabled';
END;
COMMENT ON FUNCTION _pggit.alter_rule(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE RULE, which keeps its enabled state.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_rule(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('DROP RULE %I ON %s', (p_object).name, _pggit.table_target(p_object)), 'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_rule(_pggit.object) IS $$
DROP RULE.
$$;
