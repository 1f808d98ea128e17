-- Plan for columns: the DDL that adds, alters and drops the columns of existing tables.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.retype_using(p_column text, p_old_type text, p_new_type text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old oid := to_regtype(regexp_replace(p_old_type, '\(.*?\)', ''))::oid;
    v_new oid := to_regtype(regexp_replace(p_new_type, '\(.*?\)', ''))::oid;
BEGIN
    IF v_old = v_new THEN
        RETURN NULL;
    END IF;
    -- the element decides for arrays
    SELECT coalesce(max(e.oid), v_old) INTO v_old FROM pg_type AS e WHERE e.typarray = v_old AND v_old <> 0;
    SELECT coalesce(max(e.oid), v_new) INTO v_new FROM pg_type AS e WHERE e.typarray = v_new AND v_new <> 0;
    IF v_new IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
        OR EXISTS (
            SELECT FROM pg_cast AS c WHERE c.castsource = v_old AND c.casttarget = v_new AND c.castcontext IN ('i', 'a')
        ) THEN
        RETURN NULL;
    END IF;
    IF v_old IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
        OR EXISTS (SELECT FROM pg_cast AS c WHERE c.castsource = v_old AND c.casttarget = v_new) THEN
        RETURN p_column || '::' || p_new_type;
    END IF;
    RETURN p_column || '::text' || CASE WHEN p_old_type LIKE '%[]' AND p_new_type LIKE '%[]' THEN '[]' ELSE '' END
        || '::' || p_new_type;
END;
$$;
COMMENT ON FUNCTION _pggit.retype_using(text, text, text) IS $$
The USING expression for a change of type, NULL where PostgreSQL converts by itself.
$$;

CREATE OR REPLACE FUNCTION _pggit.retype_hazards(p_old_type text, p_new_type text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_old_type = p_new_type THEN '{}'::text[]
    WHEN p_new_type IN ('text', 'character varying') AND p_old_type ~ '^(text|character varying(\(\d+\))?)$' THEN '{}'
    -- the same type with a wider limit, or none (transform functions of varchar, varbit, numeric, time, timestamp)
    WHEN regexp_replace(p_old_type, '\(.*?\)', '') = regexp_replace(p_new_type, '\(.*?\)', '')
        AND p_old_type ~ '^(character varying|bit varying|numeric|time|timestamp)\(' AND (
            p_new_type !~ '\('
            OR split_part(substring(p_old_type FROM '\((.*?)\)'), ',', 1)::integer
                <= split_part(substring(p_new_type FROM '\((.*?)\)'), ',', 1)::integer
                AND split_part(substring(p_old_type FROM '\((.*?)\)'), ',', 2)
                    = split_part(substring(p_new_type FROM '\((.*?)\)'), ',', 2)) THEN '{}'
    WHEN p_new_type IN ('text', 'character varying')
        OR (p_old_type, p_new_type) IN (('smallint', 'integer'), ('smallint', 'bigint'), ('integer', 'bigint'))
        THEN '{table_rewrite}'
    ELSE '{table_rewrite,may_fail}'
END;
COMMENT ON FUNCTION _pggit.retype_hazards(text, text) IS $$
What a change of type costs: widening a text only changes the catalog.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_column(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := (p_object).attrs;
    v_bare  _pggit.object := p_object;
BEGIN
    IF v_attrs ? 'inherited' THEN
        v_bare.attrs := '{"inherited": true}';
        RETURN QUERY SELECT * FROM _pggit.alter_column(v_bare, p_object);
        RETURN;
    END IF;
    RETURN NEXT _pggit.make_ddl(
        format('ALTER TABLE %s ADD COLUMN %s', _pggit.table_target(p_object), _pggit.column_definition(p_object)),
        'ACCESS EXCLUSIVE',
        CASE
            WHEN v_attrs ? 'identity' OR v_attrs->>'generated' = 'stored'
                OR v_attrs->>'default' ~ '(nextval|random|uuid\w*|clock_timestamp|timeofday)\(' THEN '{table_rewrite}'::text[]
            ELSE '{}'
        END || CASE
            WHEN v_attrs ? 'not_null' AND NOT v_attrs ?| '{default,identity,generated,not_null_not_valid}'
                THEN '{may_fail}'::text[]
            ELSE '{}'
        END);
    RETURN QUERY SELECT * FROM _pggit.not_valid_not_null(p_object);
    RETURN QUERY SELECT * FROM _pggit.column_tuning('{}', p_object);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.add_column(_pggit.object) IS $$
ADD COLUMN on a table that exists; an inherited column is only told what differs.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_column(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT d.sql, d.lock_level, d.hazards, d.in_transaction FROM _pggit.add_column(p_object) AS d;
END;
COMMENT ON FUNCTION _pggit.create_column(_pggit.object, _pggit.object[]) IS $$
ADD COLUMN, as the planner calls it.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_not_null(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old    jsonb := (p_old).attrs;
    v_new    jsonb := (p_new).attrs;
    v_table  text := 'ALTER TABLE ' || _pggit.table_target(p_new);
    v_column text := v_table || ' ALTER COLUMN ' || quote_ident((p_new).name);
BEGIN
    IF v_old ? 'not_null' AND v_new ? 'not_null' THEN
        IF v_old->>'not_null_name' <> v_new->>'not_null_name' THEN
            RETURN NEXT _pggit.make_ddl(
                format('%s RENAME CONSTRAINT %s TO %s', v_table, v_old->>'not_null_name', v_new->>'not_null_name'),
                'ACCESS EXCLUSIVE');
        END IF;
        IF v_old ? 'not_null_not_valid' AND NOT v_new ? 'not_null_not_valid' THEN
            RETURN NEXT _pggit.make_ddl(
                format('%s VALIDATE CONSTRAINT %s', v_table, v_new->>'not_null_name'),
                'SHARE UPDATE EXCLUSIVE', '{may_fail,long_lock}');
        END IF;
        IF v_old->'not_null_no_inherit' IS NOT DISTINCT FROM v_new->'not_null_no_inherit'
            AND (v_old ? 'not_null_not_valid' OR NOT v_new ? 'not_null_not_valid') THEN
            RETURN;
        END IF;
    END IF;
    IF v_old ? 'not_null' OR v_new ? 'not_null_afresh' THEN
        RETURN NEXT _pggit.make_ddl(v_column || ' DROP NOT NULL', 'ACCESS EXCLUSIVE');
    END IF;
    IF v_new ? 'not_null_not_valid' THEN
        RETURN QUERY SELECT * FROM _pggit.not_valid_not_null(p_new);
    ELSIF v_new ? 'not_null' THEN
        RETURN NEXT _pggit.make_ddl(
            CASE
                WHEN v_new ?| '{not_null_no_inherit,not_null_spelled}'
                    OR v_new->>'not_null_name'
                        <> quote_ident(_pggit.default_name((p_new).table_name, (p_new).name, 'not_null'))
                    THEN format('%s ADD CONSTRAINT %s NOT NULL %I%s', v_table, v_new->>'not_null_name', (p_new).name,
                        CASE WHEN v_new ? 'not_null_no_inherit' THEN ' NO INHERIT' ELSE '' END)
                ELSE v_column || ' SET NOT NULL'
            END,
            'ACCESS EXCLUSIVE', '{may_fail,long_lock}');
    END IF;
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_not_null(_pggit.object, _pggit.object) IS $$
NOT NULL set, dropped, renamed or validated.
$$;

CREATE OR REPLACE FUNCTION _pggit.count_on(p_column _pggit.object, p_sequence text)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.make_ddl(
    format('SELECT pg_catalog.setval(%L::pg_catalog.regclass, pg_catalog.max(%I)) FROM %s HAVING pg_catalog.max(%2$I) > 0',
        p_sequence, (p_column).name, _pggit.table_target(p_column)),
    'ROW EXCLUSIVE');
COMMENT ON FUNCTION _pggit.count_on(_pggit.object, text) IS $$
A new sequence goes on where the column's rows have come: what another sequence counted before.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_identity(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old   jsonb := (p_old).attrs;
    v_new   jsonb := (p_new).attrs;
    v_head  text := format('ALTER TABLE %s ALTER COLUMN %I', _pggit.table_target(p_new), (p_new).name);
    v_parts text;
BEGIN
    IF NOT v_old ? 'identity' AND v_new ? 'identity' THEN
        -- the sequence of a serial column often holds the very name
        IF v_old->>'default' LIKE 'nextval(%' THEN
            RETURN NEXT _pggit.make_ddl(format(
                'DROP SEQUENCE IF EXISTS %I.%s', (p_new).schema_name, v_new->>'identity:sequence'), 'ACCESS EXCLUSIVE');
        END IF;
        RETURN NEXT _pggit.make_ddl(v_head || ' ADD ' || _pggit.identity_clause(p_new), 'ACCESS EXCLUSIVE');
        IF v_old->>'default' LIKE 'nextval(%' THEN
            RETURN NEXT _pggit.count_on(p_new, format('%I.%s', (p_new).schema_name, v_new->>'identity:sequence'));
        END IF;
    ELSIF v_old ? 'identity' AND v_new ? 'identity' THEN
        IF v_old->>'identity:sequence' <> v_new->>'identity:sequence' THEN
            RETURN NEXT _pggit.make_ddl(
                format('ALTER SEQUENCE %I.%s RENAME TO %s', (p_new).schema_name, v_old->>'identity:sequence',
                    v_new->>'identity:sequence'),
                'ACCESS EXCLUSIVE');
        END IF;
        v_parts := concat_ws(' ',
            CASE WHEN v_old->'identity' <> v_new->'identity' THEN 'SET GENERATED ' || upper(v_new->>'identity') END,
            _pggit.sequence_changes(v_old, v_new, 'identity:', 'SET '));
        IF v_parts <> '' THEN
            RETURN QUERY
            SELECT d.*
            FROM _pggit.sequence_rewind(v_old, v_new, 'identity:',
                quote_literal(format('%I.%s', (p_new).schema_name, v_new->>'identity:sequence')) || '::pg_catalog.regclass') AS r(rewind)
            CROSS JOIN LATERAL _pggit.make_ddl(r.rewind, 'ROW EXCLUSIVE') AS d
            WHERE r.rewind IS NOT NULL;
            RETURN NEXT _pggit.make_ddl(v_head || ' ' || v_parts, 'ACCESS EXCLUSIVE');
        END IF;
    END IF;
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_identity(_pggit.object, _pggit.object) IS $$
Identity added or changed; it is dropped elsewhere, before NOT NULL and default are looked at.
$$;

CREATE OR REPLACE FUNCTION _pggit.bare_expression(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN p_attrs->>'expression' ~ '^[(][^()]*[)]$|^[(]{2}[^()]*[)]{2}$' THEN btrim(p_attrs->>'expression', '()')
    ELSE p_attrs->>'expression' END;
COMMENT ON FUNCTION _pggit.bare_expression(jsonb) IS $$
The expression of a computed column without the parentheses that PostgreSQL prints around one that it casts to the column's type.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_column(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old     jsonb := (p_old).attrs;
    v_new     jsonb := (p_new).attrs;
    v_head    text := format('ALTER TABLE %s ALTER COLUMN %I', _pggit.table_target(p_new), (p_new).name);
    v_retype  boolean := v_old->'type' <> v_new->'type'
        OR v_old->'collation' IS DISTINCT FROM v_new->'collation' AND v_new ? 'type';
    v_default boolean := v_old->'default' IS DISTINCT FROM v_new->'default';
    -- the bounds of a larger type do not fit a smaller one's sequence
    v_narrows boolean := v_retype AND v_old ? 'identity' AND v_new ? 'identity'
        AND (v_new->>'type' = 'smallint' OR v_old->>'type' = 'bigint');
    v_using   text := CASE WHEN NOT v_new ?| '{generated,foreign}' THEN
        _pggit.retype_using(quote_ident((p_new).name), v_old->>'type', v_new->>'type') END;
BEGIN
    IF v_old ? 'identity' AND NOT v_new ? 'identity' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP IDENTITY', 'ACCESS EXCLUSIVE');
    END IF;
    IF v_old ? 'generated' AND NOT v_new ? 'generated' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP EXPRESSION', 'ACCESS EXCLUSIVE');
    END IF;
    IF v_old ? 'default' AND (v_retype OR v_default AND NOT v_new ? 'default') THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP DEFAULT', 'ACCESS EXCLUSIVE');
        v_default := true;
    END IF;
    IF v_narrows THEN
        RETURN QUERY SELECT * FROM _pggit.alter_identity(p_old, p_new);
    END IF;
    -- a column that is the parent's, too, changes its type with that
    IF v_retype AND NOT v_new ? 'merged' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' TYPE ' || (v_new->>'type') || coalesce(' COLLATE ' || (v_new->>'collation'), '')
                || coalesce(' USING ' || v_using, ''),
            'ACCESS EXCLUSIVE', CASE WHEN v_new ? 'foreign' THEN '{}' ELSE _pggit.retype_hazards(v_old->>'type', v_new->>'type') END);
    END IF;
    IF v_new ? 'commented_indexes' THEN
        RETURN NEXT _pggit.clear_part_comments(p_new);
    END IF;
    IF v_new ? 'generated' AND _pggit.bare_expression(v_old) <> _pggit.bare_expression(v_new) THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET EXPRESSION AS (' || (v_new->>'expression') || ')', 'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    IF v_default AND v_new ? 'default' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' SET DEFAULT ' || (v_new->>'default'), 'ACCESS EXCLUSIVE');
        IF v_old ? 'identity' AND v_new->>'default' LIKE 'nextval(''%' THEN
            RETURN NEXT _pggit.count_on(p_new, substring(v_new->>'default' FROM $re$^nextval\('(.*)'::regclass\)$re$));
        END IF;
    END IF;
    IF v_new ? 'no_default' AND NOT v_old ? 'no_default' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP DEFAULT', 'ACCESS EXCLUSIVE');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.alter_not_null(p_old, p_new);
    IF NOT v_narrows THEN
        RETURN QUERY SELECT * FROM _pggit.alter_identity(p_old, p_new);
    END IF;
    -- a new type comes with its own storage and without compression
    IF v_old->'compression' IS DISTINCT FROM v_new->'compression' OR v_retype AND v_new ? 'compression' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET COMPRESSION ' || coalesce(v_new->>'compression', 'default'), 'ACCESS EXCLUSIVE');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.column_tuning(
        v_old - CASE WHEN v_retype THEN '{storage}'::text[] ELSE '{}' END
            -- a NOT NULL that is made anew has lost its comment
            - CASE WHEN v_old->'not_null_no_inherit' IS DISTINCT FROM v_new->'not_null_no_inherit'
                OR v_new ? 'not_null_not_valid' AND NOT v_old ? 'not_null_not_valid' THEN '{not_null_comment}'::text[] ELSE '{}' END,
        p_new);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_column(_pggit.object, _pggit.object) IS $$
ALTER COLUMN: what stands in the way goes first, then the type, then what rests on it.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_column(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_old).attrs ? 'inherited' OR (p_new).attrs ? 'inherited' THEN false
    WHEN NOT (p_new).attrs ? 'generated' THEN (p_old).attrs->>'generated' = 'virtual'
    ELSE (p_old).attrs->'generated' IS DISTINCT FROM (p_new).attrs->'generated'
        OR (p_old).attrs->'expression' IS DISTINCT FROM (p_new).attrs->'expression'
            AND _pggit.bare_expression((p_old).attrs) IS DISTINCT FROM _pggit.bare_expression((p_new).attrs)
            AND current_setting('server_version_num')::integer < 170000
        OR (p_old).attrs->'type' IS DISTINCT FROM (p_new).attrs->'type'
            -- the expression must be one that PostgreSQL casts to the new type by itself
            AND (_pggit.retype_using('', (p_old).attrs->>'type', (p_new).attrs->>'type') IS NOT NULL
                OR _pggit.bare_expression((p_old).attrs) IS DISTINCT FROM _pggit.bare_expression((p_new).attrs))
END;
COMMENT ON FUNCTION _pggit.rebuild_column(_pggit.object, _pggit.object) IS $$
A computed column is computed anew where PostgreSQL cannot turn one form into the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_column(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old  _pggit.object := p_object;
    v_bare _pggit.object := p_object;
BEGIN
    IF (p_object).attrs ? 'inherited' THEN
        v_old.attrs := v_old.attrs - 'default';
        v_bare.attrs := '{"inherited": true}';
        RETURN QUERY SELECT * FROM _pggit.alter_column(v_old, v_bare);
        RETURN;
    END IF;
    RETURN NEXT _pggit.make_ddl(
        format('ALTER TABLE %s%s DROP COLUMN %I', CASE WHEN (p_object).attrs ? 'only' THEN 'ONLY ' ELSE '' END,
            _pggit.table_target(p_object), (p_object).name),
        'ACCESS EXCLUSIVE',
        CASE WHEN (p_object).attrs ? 'generated' THEN '{}'::text[] ELSE '{data_loss}' END);
END;
$$;
COMMENT ON FUNCTION _pggit.drop_column(_pggit.object) IS $$
DROP COLUMN; an inherited column stays and only loses what its table said of it.
$$;
