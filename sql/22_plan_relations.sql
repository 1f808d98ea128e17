-- Plan for relations: the DDL that creates, alters and drops tables, columns and sequences.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.table_target(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN quote_ident((p_object).schema_name) || '.' || quote_ident((p_object).table_name);
COMMENT ON FUNCTION _pggit.table_target(_pggit.object) IS $$
The relation or domain in which an object lives, as DDL names it.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_target(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN quote_ident((p_object).schema_name) || '.' || quote_ident((p_object).name);
COMMENT ON FUNCTION _pggit.object_target(_pggit.object) IS $$
An object of a schema, as DDL names it.
$$;

CREATE OR REPLACE FUNCTION _pggit.option_list(p_attrs jsonb, p_prefix text DEFAULT 'option:')
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(
        (
            SELECT string_agg(quote_ident(w.word), '.' ORDER BY w.place)
            FROM regexp_split_to_table(substr(o.key, length(p_prefix) + 1), '\.') WITH ORDINALITY AS w(word, place)
        ) || ' = ' || quote_literal(o.value),
        ', ' ORDER BY o.key)
    FROM jsonb_each_text(p_attrs) AS o
    WHERE starts_with(o.key, p_prefix);
END;
COMMENT ON FUNCTION _pggit.option_list(jsonb, text) IS $$
Storage options as WITH and SET write them; NULL if there are none.
$$;

CREATE OR REPLACE FUNCTION _pggit.option_lock(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN EXISTS (
        SELECT
        FROM jsonb_object_keys(p_attrs) AS o(key)
        WHERE o.key !~ '^option:(toast\.|autovacuum_|vacuum_|log_autovacuum_|n_distinct)'
          AND o.key NOT IN ('option:fillfactor', 'option:deduplicate_items', 'option:toast_tuple_target', 'option:parallel_workers')
    ) THEN 'ACCESS EXCLUSIVE'
    ELSE 'SHARE UPDATE EXCLUSIVE'
END;
COMMENT ON FUNCTION _pggit.option_lock(jsonb) IS $$
The lock under which PostgreSQL sets storage options of tables, columns and indexes (reloptions.c, AlterTableGetRelOptionsLockLevel).
$$;

CREATE OR REPLACE FUNCTION _pggit.option_changes(p_head text, p_old jsonb, p_new jsonb)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (q.ddl).* FROM (
        WITH gone AS (
            SELECT jsonb_object_agg(o.key, o.value) AS attrs
            FROM jsonb_each_text(p_old) AS o
            WHERE starts_with(o.key, 'option:') AND NOT p_new ? o.key
        ), fresh AS (
            SELECT jsonb_object_agg(n.key, n.value) AS attrs
            FROM jsonb_each_text(p_new) AS n
            WHERE starts_with(n.key, 'option:') AND p_old->>n.key IS DISTINCT FROM n.value
        )
        SELECT _pggit.make_ddl(
            p_head || ' RESET (' || regexp_replace(_pggit.option_list(g.attrs), ' = ''[^'']*''', '', 'g') || ')',
            _pggit.option_lock(g.attrs))
        FROM gone AS g
        WHERE g.attrs IS NOT NULL
        UNION ALL
        SELECT _pggit.make_ddl(p_head || ' SET (' || _pggit.option_list(f.attrs) || ')', _pggit.option_lock(f.attrs))
        FROM fresh AS f
        WHERE f.attrs IS NOT NULL
    ) AS q(ddl);
END;
$$;
COMMENT ON FUNCTION _pggit.option_changes(text, jsonb, jsonb) IS $$
SET and RESET of the storage options that differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_options(p_attrs jsonb, p_prefix text DEFAULT '')
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(' ',
    'INCREMENT BY ' || (p_attrs->>(p_prefix || 'increment')),
    'MINVALUE ' || (p_attrs->>(p_prefix || 'minimum')),
    'MAXVALUE ' || (p_attrs->>(p_prefix || 'maximum')),
    'START WITH ' || (p_attrs->>(p_prefix || 'start')),
    'CACHE ' || (p_attrs->>(p_prefix || 'cache')),
    CASE WHEN p_attrs ? (p_prefix || 'cycle') THEN 'CYCLE' END
);
COMMENT ON FUNCTION _pggit.sequence_options(jsonb, text) IS $$
The parameters of a new sequence that are not the default.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_range(p_attrs jsonb, p_prefix text)
RETURNS numrange
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN coalesce((p_attrs->>(p_prefix || 'increment'))::numeric, 1) > 0
    THEN numrange(
        coalesce((p_attrs->>(p_prefix || 'minimum'))::numeric, 1), (p_attrs->>(p_prefix || 'maximum'))::numeric, '[]')
    ELSE numrange(
        (p_attrs->>(p_prefix || 'minimum'))::numeric, coalesce((p_attrs->>(p_prefix || 'maximum'))::numeric, -1), '[]')
END;
COMMENT ON FUNCTION _pggit.sequence_range(jsonb, text) IS $$
The values that a sequence can have; without end where its type is the bound.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_rewind(p_old jsonb, p_new jsonb, p_prefix text, p_sequence text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT format('SELECT pg_catalog.setval(%1$s, %2$s, false) WHERE pg_catalog.pg_sequence_last_value(%1$s) IS NULL',
        p_sequence, coalesce(CASE WHEN r.both @> r.new_start THEN r.new_start END, lower(r.both)))
    FROM (
        SELECT
            _pggit.sequence_range(p_old, p_prefix) * _pggit.sequence_range(p_new, p_prefix) AS both,
            coalesce((p_old->>(p_prefix || 'start'))::numeric, b.old_first) AS old_start,
            coalesce((p_new->>(p_prefix || 'start'))::numeric, b.new_first) AS new_start
        FROM (
            SELECT
                CASE WHEN coalesce((p_old->>(p_prefix || 'increment'))::numeric, 1) > 0
                    THEN lower(_pggit.sequence_range(p_old, p_prefix)) ELSE upper(_pggit.sequence_range(p_old, p_prefix)) END,
                CASE WHEN coalesce((p_new->>(p_prefix || 'increment'))::numeric, 1) > 0
                    THEN lower(_pggit.sequence_range(p_new, p_prefix)) ELSE upper(_pggit.sequence_range(p_new, p_prefix)) END
        ) AS b(old_first, new_first)
    ) AS r
    WHERE NOT isempty(r.both)
      AND NOT r.both @> r.old_start;
END;
COMMENT ON FUNCTION _pggit.sequence_rewind(jsonb, jsonb, text, text) IS $$
Moves a sequence that has not counted yet to where the new bounds allow it to stand; no row where they leave it alone.
p_sequence: an expression of type regclass.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_changes(p_old jsonb, p_new jsonb, p_prefix text, p_set text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(CASE c.key WHEN 'restart' THEN '' ELSE p_set END || c.phrase, ' ' ORDER BY c.place)
    FROM (
        VALUES
            (1, 'increment', 'INCREMENT BY ' || coalesce(p_new->>(p_prefix || 'increment'), '1')),
            (2, 'minimum', coalesce('MINVALUE ' || (p_new->>(p_prefix || 'minimum')), 'NO MINVALUE')),
            (3, 'maximum', coalesce('MAXVALUE ' || (p_new->>(p_prefix || 'maximum')), 'NO MAXVALUE')),
            (4, 'start', 'START WITH ' || coalesce(
                p_new->>(p_prefix || 'start'),
                CASE WHEN coalesce((p_new->>(p_prefix || 'increment'))::bigint, 1) > 0
                    THEN coalesce(p_new->>(p_prefix || 'minimum'), '1')
                    ELSE coalesce(p_new->>(p_prefix || 'maximum'), '-1') END)),
            (5, 'cache', 'CACHE ' || coalesce(p_new->>(p_prefix || 'cache'), '1')),
            (6, 'cycle', CASE WHEN p_new ? (p_prefix || 'cycle') THEN 'CYCLE' ELSE 'NO CYCLE' END),
            (7, 'restart', 'RESTART')
    ) AS c(place, key, phrase)
    WHERE c.key = 'restart' AND CASE
            -- it began beyond the new bound, so whatever it counted to is beyond it, too
            WHEN coalesce((p_old->>(p_prefix || 'increment'))::bigint, 1) > 0
                THEN coalesce(p_old->>(p_prefix || 'start'), p_old->>(p_prefix || 'minimum'), '1')::bigint
                    > coalesce((p_new->>(p_prefix || 'maximum'))::bigint,
                        CASE WHEN (p_new->>(p_prefix || 'increment'))::bigint < 0 THEN -1 END)
                    -- or it could not count as far as the new bound
                    OR _pggit.sequence_range(p_old, p_prefix) << _pggit.sequence_range(p_new, p_prefix)
            ELSE coalesce(p_old->>(p_prefix || 'start'), p_old->>(p_prefix || 'maximum'), '-1')::bigint
                < coalesce((p_new->>(p_prefix || 'minimum'))::bigint,
                    CASE WHEN coalesce((p_new->>(p_prefix || 'increment'))::bigint, 1) > 0 THEN 1 END)
        END
       OR p_old->(p_prefix || c.key) IS DISTINCT FROM p_new->(p_prefix || c.key)
       -- the default bounds follow the direction
       OR c.key IN ('minimum', 'maximum', 'start')
           AND sign(coalesce((p_old->>(p_prefix || 'increment'))::numeric, 1))
               <> sign(coalesce((p_new->>(p_prefix || 'increment'))::numeric, 1))
       OR c.key = 'start' AND (
           p_old->(p_prefix || 'minimum') IS DISTINCT FROM p_new->(p_prefix || 'minimum')
           OR p_old->(p_prefix || 'maximum') IS DISTINCT FROM p_new->(p_prefix || 'maximum')
           OR p_old->(p_prefix || 'increment') IS DISTINCT FROM p_new->(p_prefix || 'increment'));
END;
COMMENT ON FUNCTION _pggit.sequence_changes(jsonb, jsonb, text, text) IS $$
The phrases of ALTER SEQUENCE, or with p_set = 'SET ' of ALTER COLUMN, for the parameters that differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_sequence(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(concat_ws(' ',
        'CREATE',
        upper((p_object).attrs->>'persistence'),
        'SEQUENCE',
        _pggit.object_target(p_object),
        'AS ' || ((p_object).attrs->>'type'),
        nullif(_pggit.sequence_options((p_object).attrs), '')
    ));
END;
COMMENT ON FUNCTION _pggit.create_sequence(_pggit.object, _pggit.object[]) IS $$
CREATE SEQUENCE; its column takes it later, when both exist.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_sequence(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER SEQUENCE ' || _pggit.object_target(p_new) || ' SET '
            || CASE WHEN (p_new).attrs ? 'persistence' THEN 'UNLOGGED' ELSE 'LOGGED' END,
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->'persistence' IS DISTINCT FROM (p_new).attrs->'persistence'
      AND NOT (p_new).attrs ? 'owned_by'
    UNION ALL
    SELECT _pggit.make_ddl(r.rewind, 'ROW EXCLUSIVE')
    FROM _pggit.sequence_rewind(
        (p_old).attrs, (p_new).attrs, '', quote_literal(_pggit.object_target(p_new)) || '::pg_catalog.regclass') AS r(rewind)
    WHERE r.rewind IS NOT NULL
    UNION ALL
    SELECT _pggit.make_ddl(
        concat_ws(' ', 'ALTER SEQUENCE', _pggit.object_target(p_new), c.type, c.rest),
        'SHARE ROW EXCLUSIVE', '{may_fail}')
    FROM (
        SELECT
            CASE WHEN (p_old).attrs->'type' IS DISTINCT FROM (p_new).attrs->'type'
                THEN 'AS ' || coalesce((p_new).attrs->>'type', 'bigint') END,
            _pggit.sequence_changes((p_old).attrs, (p_new).attrs, '', '')
    ) AS c(type, rest)
    WHERE c.type IS NOT NULL OR c.rest IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.alter_sequence(_pggit.object, _pggit.object) IS $$
ALTER SEQUENCE for all but its owner column, which is settled apart.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_sequence(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    'DROP SEQUENCE IF EXISTS ' || _pggit.object_target(p_object), 'ACCESS EXCLUSIVE', '{data_loss}');
COMMENT ON FUNCTION _pggit.drop_sequence(_pggit.object) IS $$
DROP SEQUENCE; IF EXISTS because an owned sequence goes with its column.
$$;

CREATE OR REPLACE FUNCTION _pggit.identity_clause(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN 'GENERATED ' || upper((p_object).attrs->>'identity') || ' AS IDENTITY' || coalesce(' (' || nullif(concat_ws(' ',
    CASE
        WHEN (p_object).attrs->>'identity:sequence'
            <> quote_ident(_pggit.default_name((p_object).table_name, (p_object).name, 'seq'))
        THEN 'SEQUENCE NAME ' || quote_ident((p_object).schema_name) || '.' || ((p_object).attrs->>'identity:sequence')
    END,
    nullif(_pggit.sequence_options((p_object).attrs, 'identity:'), '')
), '') || ')', '');
COMMENT ON FUNCTION _pggit.identity_clause(_pggit.object) IS $$
GENERATED … AS IDENTITY with the parameters that are not the default.
$$;

CREATE OR REPLACE FUNCTION _pggit.not_null_clause(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN (p_object).attrs ? 'not_null' THEN concat_ws(' ',
    CASE
        WHEN (p_object).attrs ? 'not_null_spelled' OR (p_object).attrs->>'not_null_name'
            <> quote_ident(_pggit.default_name((p_object).table_name, (p_object).name, 'not_null'))
        THEN 'CONSTRAINT ' || ((p_object).attrs->>'not_null_name')
    END,
    'NOT NULL',
    CASE WHEN (p_object).attrs ? 'not_null_no_inherit' THEN 'NO INHERIT' END
) END;
COMMENT ON FUNCTION _pggit.not_null_clause(_pggit.object) IS $$
NOT NULL, with the name of its constraint (PostgreSQL 18) where that is not the default one.
$$;

CREATE OR REPLACE FUNCTION _pggit.column_definition(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(' ',
    quote_ident((p_object).name),
    (p_object).attrs->>'type',
    'COMPRESSION ' || ((p_object).attrs->>'compression'),
    'COLLATE ' || ((p_object).attrs->>'collation'),
    CASE
        WHEN (p_object).attrs ? 'generated'
            THEN 'GENERATED ALWAYS AS (' || ((p_object).attrs->>'expression') || ') '
                || upper((p_object).attrs->>'generated')
        WHEN (p_object).attrs ? 'identity' THEN _pggit.identity_clause(p_object)
        WHEN (p_object).attrs ? 'default' THEN 'DEFAULT ' || ((p_object).attrs->>'default')
    END,
    CASE WHEN NOT (p_object).attrs ? 'not_null_not_valid' THEN _pggit.not_null_clause(p_object) END
);
COMMENT ON FUNCTION _pggit.column_definition(_pggit.object) IS $$
A column as CREATE TABLE and ADD COLUMN write it.
$$;

CREATE OR REPLACE FUNCTION _pggit.column_tuning(p_old jsonb, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_head text := format('ALTER TABLE %s ALTER COLUMN %I', _pggit.table_target(p_new), (p_new).name);
    v_new  jsonb := (p_new).attrs;
BEGIN
    IF p_old->'statistics' IS DISTINCT FROM v_new->'statistics' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET STATISTICS ' || coalesce(v_new->>'statistics', '-1'), 'SHARE UPDATE EXCLUSIVE');
    END IF;
    IF p_old->'storage' IS DISTINCT FROM v_new->'storage'
        OR p_old ? 'storage' AND p_old->'type' IS DISTINCT FROM v_new->'type' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET STORAGE ' || upper(coalesce(v_new->>'storage', (
                SELECT CASE t.typstorage
                    WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END
                FROM pg_type AS t
                WHERE t.oid = to_regtype(regexp_replace(v_new->>'type', '\(.*\)', ''))
            ), 'extended')),
            'ACCESS EXCLUSIVE');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.option_changes(v_head, p_old, v_new);
    RETURN QUERY SELECT d.* FROM _pggit.foreign_changes(v_head, p_old, v_new) AS d;
    IF p_old->'not_null_comment' IS DISTINCT FROM v_new->'not_null_comment'
        AND (v_new ? 'not_null' OR v_new ? 'inherited' AND NOT p_old ? 'not_null') THEN
        RETURN NEXT _pggit.make_ddl(
            format('COMMENT ON CONSTRAINT %s ON %s IS %s',
                coalesce(v_new->>'not_null_comment_on', v_new->>'not_null_name', p_old->>'not_null_comment_on'),
                _pggit.table_target(p_new), coalesce(quote_literal(v_new->>'not_null_comment'), 'NULL')),
            'ACCESS SHARE');
    END IF;
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.column_tuning(jsonb, _pggit.object) IS $$
The statements for statistics target, storage and options of a column, and the comment of its NOT NULL.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_table(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 3
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs  jsonb := (p_object).attrs;
    v_target text := _pggit.object_target(p_object);
    v_lines  text;
    v_part   _pggit.object;
BEGIN
    SELECT string_agg('    ' || _pggit.column_definition(c), E',\n'
        ORDER BY ((c).attrs->>'position')::numeric, (c).name)
    INTO v_lines
    FROM unnest(p_parts) AS c
    WHERE (c).kind = 'column' AND NOT (c).attrs ? 'inherited';
    IF v_attrs ? 'inherits' THEN
        -- said later it would be one with the parent's, under the parent's name
        v_lines := nullif(concat_ws(E',\n', v_lines, (
            SELECT string_agg(format('    CONSTRAINT %s NOT NULL %I', (c).attrs->>'not_null_name', (c).name), E',\n' ORDER BY (c).name)
            FROM unnest(p_parts) AS c
            WHERE (c).kind = 'column' AND (c).attrs ?& '{inherited,not_null,not_null_name}' AND NOT (c).attrs ? 'not_null_not_valid')), '');
    END IF;
    v_lines := nullif(concat_ws(E',\n', v_lines, (
        SELECT string_agg(format('    CONSTRAINT %I %s', k.name, _pggit.constraint_definition(k.attrs)), E',\n' ORDER BY k.name)
        FROM unnest(p_parts) AS k
        WHERE k.kind = 'constraint')), '');
    RETURN NEXT _pggit.make_ddl(
        concat_ws(' ',
            'CREATE', upper(v_attrs->>'persistence'), CASE WHEN v_attrs ? 'server' THEN 'FOREIGN' END, 'TABLE', v_target,
            CASE
                WHEN v_attrs ? 'attached' THEN '(LIKE ' || (v_attrs->>'partition_of')
                    || ' INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)'
                WHEN v_attrs ? 'partition_of' THEN 'PARTITION OF ' || (v_attrs->>'partition_of')
                    || coalesce(' (' || (
                        SELECT string_agg(quote_ident((c).name) || ' ' || _pggit.not_null_clause(c), ', ' ORDER BY (c).name)
                        FROM unnest(p_parts) AS c
                        WHERE (c).kind = 'column' AND (c).attrs ? 'not_null' AND NOT (c).attrs ? 'not_null_not_valid'
                    ) || ')', '') || ' ' || (v_attrs->>'bound')
                WHEN v_attrs ? 'of_type' THEN 'OF ' || (v_attrs->>'of_type')
                ELSE '(' || coalesce(E'\n' || v_lines || E'\n', '') || ')'
            END,
            'INHERITS (' || _pggit.name_list(v_attrs->'inherits') || ')',
            'PARTITION BY ' || (v_attrs->>'partition_by'),
            'SERVER ' || (v_attrs->>'server'),
            CASE WHEN v_attrs ? 'server' THEN _pggit.foreign_options(NULL, v_attrs) END,
            'USING ' || quote_ident(v_attrs->>'access_method'),
            'WITH (' || _pggit.option_list(v_attrs) || ')',
            'TABLESPACE ' || quote_ident(v_attrs->>'tablespace')),
        CASE WHEN v_attrs ? 'partition_of' THEN 'ACCESS EXCLUSIVE' WHEN v_attrs ? 'inherits' THEN 'SHARE UPDATE EXCLUSIVE'
            ELSE '' END);
    FOREACH v_part IN ARRAY coalesce(p_parts, '{}') LOOP
        CONTINUE WHEN (v_part).kind <> 'column'
            -- most columns are said in full by now
            OR (v_part).attrs - '{type,collation,compression,default,position,not_null,not_null_name}'::text[] = '{}'
            OR v_attrs ? 'partition_of' AND NOT v_attrs ? 'attached'
                AND (v_part).attrs - '{inherited,position,not_null,not_null_name}'::text[] = '{}';
        IF (v_part).attrs ? 'inherited' THEN
            IF (v_attrs ? 'partition_of' AND NOT v_attrs ? 'attached' OR v_attrs ? 'inherits' AND (v_part).attrs ? 'not_null_name')
                AND NOT (v_part).attrs ? 'not_null_not_valid' THEN
                v_part.attrs := v_part.attrs - '{not_null,not_null_name}'::text[];
            ELSIF v_attrs ? 'attached' AND (v_part).attrs ? 'not_null_name' THEN
                -- LIKE has copied the constraint under the parent's name
                RETURN NEXT _pggit.make_ddl(format(
                    'ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', v_target, (v_part).name));
            END IF;
            RETURN QUERY SELECT * FROM _pggit.add_column(v_part);
        ELSE
            RETURN QUERY SELECT * FROM _pggit.not_valid_not_null(v_part);
            RETURN QUERY SELECT * FROM _pggit.column_tuning('{}', v_part);
        END IF;
    END LOOP;
    RETURN QUERY SELECT * FROM _pggit.table_flags('{}', p_object);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.create_table(_pggit.object, _pggit.object[]) IS $$
CREATE TABLE with its columns and those of its constraints that need no more than them.
p_parts: the columns and these constraints.
$$;

CREATE OR REPLACE FUNCTION _pggit.not_valid_not_null(p_column _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (q.ddl).* FROM (
        SELECT _pggit.make_ddl(format(
            'ALTER TABLE %s ADD CONSTRAINT %s NOT NULL %I%s NOT VALID',
            _pggit.table_target(p_column), (p_column).attrs->>'not_null_name', (p_column).name,
            CASE WHEN (p_column).attrs ? 'not_null_no_inherit' THEN ' NO INHERIT' ELSE '' END), 'ACCESS EXCLUSIVE')
        WHERE (p_column).attrs ? 'not_null_not_valid'
    ) AS q(ddl);
END;
$$;
COMMENT ON FUNCTION _pggit.not_valid_not_null(_pggit.object) IS $$
A NOT NULL that existing rows need not meet (PostgreSQL 18) can only be added afterwards.
$$;

CREATE OR REPLACE FUNCTION _pggit.table_flags(p_old jsonb, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT _pggit.make_ddl('ALTER TABLE ' || _pggit.object_target(p_new) || ' ' || f.phrase, f.lock_level)
    FROM (
        VALUES
            (
                'row_security',
                CASE WHEN (p_new).attrs ? 'row_security' THEN 'ENABLE' ELSE 'DISABLE' END || ' ROW LEVEL SECURITY',
                'ACCESS EXCLUSIVE'
            ),
            (
                'force_row_security',
                CASE WHEN (p_new).attrs ? 'force_row_security' THEN 'FORCE' ELSE 'NO FORCE' END || ' ROW LEVEL SECURITY',
                'ACCESS EXCLUSIVE'
            ),
            (
                'replica_identity',
                -- an index says so itself, when it exists
                CASE WHEN (p_new).attrs->>'replica_identity' = 'index' THEN NULL
                    ELSE 'REPLICA IDENTITY ' || upper(coalesce((p_new).attrs->>'replica_identity', 'default')) END,
                'ACCESS EXCLUSIVE'
            ),
            (
                'clustered',
                CASE WHEN NOT (p_new).attrs ? 'clustered' THEN 'SET WITHOUT CLUSTER' END,
                'SHARE UPDATE EXCLUSIVE'
            )
    ) AS f(key, phrase, lock_level)
    WHERE p_old->f.key IS DISTINCT FROM (p_new).attrs->f.key
      AND f.phrase IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.table_flags(jsonb, _pggit.object) IS $$
The statements for row-level security, replica identity and clustering of a table.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_table(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 3
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old  jsonb := (p_old).attrs;
    v_new  jsonb := (p_new).attrs;
    v_head text := 'ALTER TABLE ' || _pggit.object_target(p_new);
    v_name text;
BEGIN
    IF (v_old->'partition_of', v_old->'bound') IS DISTINCT FROM (v_new->'partition_of', v_new->'bound') THEN
        IF v_old ? 'partition_of' THEN
            RETURN QUERY SELECT d.* FROM _pggit.detach_partition(p_old, _pggit.object_target(p_new)) AS d;
        END IF;
    END IF;
    -- New parents first: a column that is inherited from nobody for a moment would be the table's own ever after.
    FOR v_name IN SELECT jsonb_array_elements_text(v_new->'inherits') LOOP
        IF NOT coalesce(v_old->'inherits' ? v_name, false) THEN
            RETURN NEXT _pggit.make_ddl(v_head || ' INHERIT ' || v_name, 'ACCESS EXCLUSIVE', '{may_fail}');
        END IF;
    END LOOP;
    FOR v_name IN SELECT jsonb_array_elements_text(v_old->'inherits') LOOP
        IF NOT coalesce(v_new->'inherits' ? v_name, false) THEN
            RETURN NEXT _pggit.make_ddl(v_head || ' NO INHERIT ' || v_name, 'ACCESS EXCLUSIVE');
        END IF;
    END LOOP;
    IF v_old->'of_type' IS DISTINCT FROM v_new->'of_type' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || coalesce(' OF ' || (v_new->>'of_type'), ' NOT OF'), 'ACCESS EXCLUSIVE', '{may_fail}');
    END IF;
    IF v_old->'persistence' IS DISTINCT FROM v_new->'persistence' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || CASE WHEN v_new ? 'persistence' THEN ' SET UNLOGGED' ELSE ' SET LOGGED' END,
            'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    IF v_old->'access_method' IS DISTINCT FROM v_new->'access_method' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s SET ACCESS METHOD %I', v_head, coalesce(v_new->>'access_method', 'heap')),
            'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    IF v_old->'tablespace' IS DISTINCT FROM v_new->'tablespace' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s SET TABLESPACE %I', v_head, coalesce(v_new->>'tablespace', 'pg_default')),
            'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.option_changes(v_head, v_old, v_new);
    RETURN QUERY SELECT d.* FROM _pggit.foreign_changes(v_head, v_old, v_new) AS d;
    RETURN QUERY SELECT * FROM _pggit.table_flags(v_old, p_new);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_table(_pggit.object, _pggit.object) IS $$
ALTER TABLE for what is the table's own.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_table(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'partition_by' IS DISTINCT FROM (p_new).attrs->'partition_by'
    OR (p_old).attrs->'server' IS DISTINCT FROM (p_new).attrs->'server';
COMMENT ON FUNCTION _pggit.rebuild_table(_pggit.object, _pggit.object) IS $$
A table cannot become partitioned, or partitioned differently, in place; nor can it move to a foreign server.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_table(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl('DROP ' || _pggit.object_address(p_object), 'ACCESS EXCLUSIVE',
    CASE WHEN (p_object).attrs ? 'server' THEN '{}'::text[] ELSE '{data_loss}' END);
COMMENT ON FUNCTION _pggit.drop_table(_pggit.object) IS $$
DROP TABLE.
$$;
