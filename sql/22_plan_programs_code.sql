-- Plan of views, functions, procedures and aggregates: their CREATE, ALTER and DROP statements.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.view_options(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT ' WITH (' || string_agg(
        quote_ident(substr(a.key, 8)) || '=' || quote_literal(a.value), ', ' ORDER BY a.key) || ')'
    FROM jsonb_each_text(p_attrs) AS a
    WHERE a.key LIKE 'option:%';
END;
COMMENT ON FUNCTION _pggit.view_options(jsonb) IS $$
The WITH clause of a view, NULL if it has no options.
$$;

CREATE OR REPLACE FUNCTION _pggit.view_option_changes(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' RESET ('
        || string_agg(quote_ident(substr(o.key, 8)), ', ' ORDER BY o.key) || ')',
        CASE WHEN (p_new).kind = 'view' THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE UPDATE EXCLUSIVE' END)
    FROM jsonb_each_text((p_old).attrs) AS o
    WHERE o.key LIKE 'option:%'
      AND NOT (p_new).attrs ? o.key
    HAVING count(*) > 0
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' SET ('
        || string_agg(quote_ident(substr(n.key, 8)) || '=' || quote_literal(n.value), ', ' ORDER BY n.key) || ')',
        CASE WHEN (p_new).kind = 'view' THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE UPDATE EXCLUSIVE' END)
    FROM jsonb_each_text((p_new).attrs) AS n
    WHERE n.key LIKE 'option:%'
      AND (p_old).attrs->>n.key IS DISTINCT FROM n.value
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION _pggit.view_option_changes(_pggit.object, _pggit.object) IS $$
ALTER … SET and RESET of the options of a view.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_view(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE VIEW ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || coalesce(_pggit.view_options((p_object).attrs), '') || E' AS\n' || ((p_object).attrs->>'query'), 'ACCESS SHARE');
END;
COMMENT ON FUNCTION _pggit.create_view(_pggit.object, _pggit.object[]) IS $$
CREATE VIEW.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_view(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'query' IS DISTINCT FROM (p_new).attrs->'query' AND EXISTS (
    -- CREATE OR REPLACE VIEW can only append columns
    SELECT
    FROM jsonb_array_elements((p_old).attrs->'columns') WITH ORDINALITY AS c(item, place)
    WHERE (p_new).attrs->'columns'->(c.place - 1)::integer IS DISTINCT FROM c.item
);
COMMENT ON FUNCTION _pggit.rebuild_view(_pggit.object, _pggit.object) IS $$
Whether a column of the view goes away, or changes its name or type.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_view(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE OR REPLACE VIEW ' || _pggit.qualified_name((p_new).schema_name, (p_new).name)
        || coalesce(_pggit.view_options((p_new).attrs), '') || E' AS\n' || ((p_new).attrs->>'query'), 'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->'query' IS DISTINCT FROM (p_new).attrs->'query'
    UNION ALL
    SELECT c FROM _pggit.view_option_changes(p_old, p_new) AS c
    WHERE (p_old).attrs->'query' IS NOT DISTINCT FROM (p_new).attrs->'query';
END;
COMMENT ON FUNCTION _pggit.alter_view(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE VIEW, or only its options.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_view(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object), 'ACCESS EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.drop_view(_pggit.object) IS $$
DROP VIEW.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_materialized_view(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE MATERIALIZED VIEW ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || coalesce(' USING ' || quote_ident((p_object).attrs->>'access_method'), '')
        || coalesce(_pggit.view_options((p_object).attrs), '')
        || coalesce(' TABLESPACE ' || quote_ident((p_object).attrs->>'tablespace'), '')
        || E' AS\n' || ((p_object).attrs->>'query'), 'ACCESS SHARE');
END;
COMMENT ON FUNCTION _pggit.create_materialized_view(_pggit.object, _pggit.object[]) IS $$
CREATE MATERIALIZED VIEW, filled.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_materialized_view(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'query' IS DISTINCT FROM (p_new).attrs->'query';
COMMENT ON FUNCTION _pggit.rebuild_materialized_view(_pggit.object, _pggit.object) IS $$
Whether the query changes: there is no CREATE OR REPLACE for it.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_materialized_view(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT c FROM _pggit.view_option_changes(p_old, p_new) AS c
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' SET TABLESPACE '
        || coalesce(quote_ident((p_new).attrs->>'tablespace'), 'pg_default'), 'ACCESS EXCLUSIVE', '{table_rewrite}')
    WHERE (p_old).attrs->'tablespace' IS DISTINCT FROM (p_new).attrs->'tablespace'
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' SET ACCESS METHOD '
        || coalesce(quote_ident((p_new).attrs->>'access_method'), 'heap'), 'ACCESS EXCLUSIVE', '{table_rewrite}')
    WHERE (p_old).attrs->'access_method' IS DISTINCT FROM (p_new).attrs->'access_method'
    UNION ALL
    SELECT _pggit.make_ddl('ALTER ' || _pggit.object_address(p_new) || ' SET WITHOUT CLUSTER', 'SHARE UPDATE EXCLUSIVE')
    WHERE (p_old).attrs ? 'clustered' AND NOT (p_new).attrs ? 'clustered';
END;
COMMENT ON FUNCTION _pggit.alter_materialized_view(_pggit.object, _pggit.object) IS $$
ALTER MATERIALIZED VIEW: options, tablespace, access method, and no more clustering.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_materialized_view(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object), 'ACCESS EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.drop_materialized_view(_pggit.object) IS $$
DROP MATERIALIZED VIEW; its rows can be had again from its query.
$$;

CREATE OR REPLACE FUNCTION _pggit.dollar_quote(p_text text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_tag text := 'function';
BEGIN
    -- the closing tag must not begin in the text, nor across its end
    WHILE strpos(p_text || '$', '$' || v_tag || '$') > 0 LOOP
        v_tag := v_tag || 'x';
    END LOOP;
    RETURN '$' || v_tag || '$' || p_text || '$' || v_tag || '$';
END;
$$;
COMMENT ON FUNCTION _pggit.dollar_quote(text) IS $$
The text as a dollar-quoted string, with a tag that it does not contain.
$$;

CREATE OR REPLACE FUNCTION _pggit.setting_value(p_name text, p_value text)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_name IN (
        'search_path', 'temp_tablespaces', 'session_preload_libraries', 'shared_preload_libraries',
        'local_preload_libraries', 'unix_socket_directories'
    ) THEN (
        -- these hold lists of quoted identifiers; SET wants each as a string
        SELECT coalesce(string_agg(quote_literal(CASE
            WHEN m.item[1] LIKE '"%' THEN replace(substr(m.item[1], 2, length(m.item[1]) - 2), '""', '"')
            ELSE m.item[1]
        END), ', ' ORDER BY m.place), '''''')
        FROM regexp_matches(p_value, '("(?:[^"]|"")*"|[^", ]+)', 'g') WITH ORDINALITY AS m(item, place)
    )
    ELSE quote_literal(p_value)
END;
COMMENT ON FUNCTION _pggit.setting_value(text, text) IS $$
The value of a routine's setting as SET writes it.
$$;

CREATE OR REPLACE FUNCTION _pggit.setting_name(p_name text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(quote_ident(n.part), '.' ORDER BY n.place)
    FROM regexp_split_to_table(p_name, '\.') WITH ORDINALITY AS n(part, place);
END;
COMMENT ON FUNCTION _pggit.setting_name(text) IS $$
The name of a setting, each part quoted.
$$;

CREATE OR REPLACE FUNCTION _pggit.argument_list(p_arguments jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(
        concat_ws(' ',
            upper(a.item->>'mode'), quote_ident(a.item->>'name'), a.item->>'type', 'DEFAULT ' || (a.item->>'default')),
        ', ' ORDER BY a.place), '')
    FROM jsonb_array_elements(p_arguments) WITH ORDINALITY AS a(item, place);
END;
COMMENT ON FUNCTION _pggit.argument_list(jsonb) IS $$
The arguments of a routine as CREATE writes them.
$$;

CREATE OR REPLACE FUNCTION _pggit.routine_statement(p_object _pggit.object, p_verb text)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN p_verb || ' ' || upper((p_object).kind) || ' '
    || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    || '(' || _pggit.argument_list((p_object).attrs->'arguments') || ')'
    || concat_ws(E'\n ', '',
        'RETURNS ' || ((p_object).attrs->>'result'),
        'LANGUAGE ' || quote_ident((p_object).attrs->>'language'),
        (
            SELECT 'TRANSFORM ' || string_agg('FOR TYPE ' || t.type, ', ' ORDER BY t.place)
            FROM jsonb_array_elements_text((p_object).attrs->'transforms') WITH ORDINALITY AS t(type, place)
        ),
        nullif(concat_ws(' ',
            CASE WHEN (p_object).attrs ? 'window' THEN 'WINDOW' END,
            upper((p_object).attrs->>'volatility'),
            CASE WHEN (p_object).attrs ? 'strict' THEN 'STRICT' END,
            CASE WHEN (p_object).attrs ? 'security_definer' THEN 'SECURITY DEFINER' END,
            CASE WHEN (p_object).attrs ? 'leakproof' THEN 'LEAKPROOF' END,
            'PARALLEL ' || upper((p_object).attrs->>'parallel'),
            'COST ' || ((p_object).attrs->>'cost'),
            'ROWS ' || ((p_object).attrs->>'rows'),
            'SUPPORT ' || ((p_object).attrs->>'support')), ''),
        (
            SELECT string_agg(
                'SET ' || _pggit.setting_name(substr(c.key, 8)) || ' TO ' || _pggit.setting_value(substr(c.key, 8), c.value),
                E'\n ' ORDER BY o.place NULLS LAST, c.key)
            FROM jsonb_each_text((p_object).attrs) AS c
            LEFT JOIN jsonb_array_elements_text((p_object).attrs->'position') WITH ORDINALITY AS o(name, place)
                ON c.key = 'config:' || o.name
            WHERE c.key LIKE 'config:%'
        ),
        coalesce(
            (p_object).attrs->>'sql_body',
            'AS ' || CASE
                WHEN (p_object).attrs ? 'library' THEN quote_literal((p_object).attrs->>'library') || ', '
                    || quote_literal((p_object).attrs->>'body')
                ELSE _pggit.dollar_quote((p_object).attrs->>'body')
            END));
COMMENT ON FUNCTION _pggit.routine_statement(_pggit.object, text) IS $$
CREATE or CREATE OR REPLACE of a function or procedure.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_function(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.routine_statement(p_object, 'CREATE'),
        -- a body that PostgreSQL parses locks what it reads
        CASE WHEN (p_object).attrs ? 'sql_body' THEN 'ACCESS SHARE' ELSE '' END);
END;
COMMENT ON FUNCTION _pggit.create_function(_pggit.object, _pggit.object[]) IS $$
CREATE FUNCTION.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_procedure(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.routine_statement(p_object, 'CREATE'),
        -- a body that PostgreSQL parses locks what it reads
        CASE WHEN (p_object).attrs ? 'sql_body' THEN 'ACCESS SHARE' ELSE '' END);
END;
COMMENT ON FUNCTION _pggit.create_procedure(_pggit.object, _pggit.object[]) IS $$
CREATE PROCEDURE.
$$;

CREATE OR REPLACE FUNCTION _pggit.arguments_clash(p_old jsonb, p_new jsonb)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    -- replacing may name what had no name and add defaults, nothing else
    SELECT
    FROM jsonb_array_elements(p_old) WITH ORDINALITY AS o(item, place)
    FULL JOIN jsonb_array_elements(p_new) WITH ORDINALITY AS n(item, place) ON n.place = o.place
    WHERE o.item IS NULL
       OR n.item IS NULL
       OR o.item->'type' <> n.item->'type'
       OR o.item->'mode' IS DISTINCT FROM n.item->'mode'
       OR o.item ? 'name' AND o.item->'name' IS DISTINCT FROM n.item->'name'
       OR o.item ? 'default' AND NOT n.item ? 'default'
       OR NOT o.item ? 'name' AND n.item ? 'name' AND o.item->>'mode' IN ('out', 'inout')
);
COMMENT ON FUNCTION _pggit.arguments_clash(jsonb, jsonb) IS $$
Whether CREATE OR REPLACE refuses the change of arguments.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_function(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'result' IS DISTINCT FROM (p_new).attrs->'result'
    OR (p_old).attrs->'window' IS DISTINCT FROM (p_new).attrs->'window'
    OR _pggit.arguments_clash(
        coalesce((p_old).attrs->'arguments', '[]'), coalesce((p_new).attrs->'arguments', '[]'));
COMMENT ON FUNCTION _pggit.rebuild_function(_pggit.object, _pggit.object) IS $$
Whether the result changes, or arguments do in a way that CREATE OR REPLACE refuses.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_procedure(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.arguments_clash(
    coalesce((p_old).attrs->'arguments', '[]'), coalesce((p_new).attrs->'arguments', '[]'));
COMMENT ON FUNCTION _pggit.rebuild_procedure(_pggit.object, _pggit.object) IS $$
Whether arguments change in a way that CREATE OR REPLACE refuses.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_function(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.routine_statement(p_new, 'CREATE OR REPLACE'),
        -- a body that PostgreSQL parses locks what it reads
        CASE WHEN (p_new).attrs ? 'sql_body' THEN 'ACCESS SHARE' ELSE '' END)
    WHERE EXISTS (
        SELECT
        FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
        WHERE c.attribute NOT IN ('owner', 'comment')
          AND c.attribute NOT LIKE 'acl:%'
    );
END;
COMMENT ON FUNCTION _pggit.alter_function(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE FUNCTION.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_procedure(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.alter_function(p_old, p_new);
END;
COMMENT ON FUNCTION _pggit.alter_procedure(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE PROCEDURE.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_function(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_function(_pggit.object) IS $$
DROP FUNCTION.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_procedure(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_procedure(_pggit.object) IS $$
DROP PROCEDURE.
$$;

CREATE OR REPLACE FUNCTION _pggit.aggregate_arguments(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_attrs ? 'direct_arguments' THEN concat_ws(' ',
        nullif(_pggit.argument_list(jsonb_path_query_array(
            p_attrs->'arguments', '$[0 to $last]',
            jsonb_build_object('last', (p_attrs->>'direct_arguments')::integer - 1))), ''),
        'ORDER BY',
        _pggit.argument_list(jsonb_path_query_array(
            p_attrs->'arguments', '$[$first to last]',
            jsonb_build_object('first', least(
                (p_attrs->>'direct_arguments')::integer, jsonb_array_length(p_attrs->'arguments') - 1)))))
    WHEN p_attrs ? 'arguments' THEN _pggit.argument_list(p_attrs->'arguments')
    ELSE '*'
END;
COMMENT ON FUNCTION _pggit.aggregate_arguments(jsonb) IS $$
The arguments of an aggregate as CREATE writes them: direct ones, ORDER BY, aggregated ones.
$$;

CREATE OR REPLACE FUNCTION _pggit.finalfunc_modify(p_letter text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_letter WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' WHEN 'w' THEN 'READ_WRITE' END;
COMMENT ON FUNCTION _pggit.finalfunc_modify(text) IS $$
The word for what a final function does to the state.
$$;

CREATE OR REPLACE FUNCTION _pggit.aggregate_statement(p_object _pggit.object, p_verb text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_verb || ' AGGREGATE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    || '(' || _pggit.aggregate_arguments((p_object).attrs) || E') (\n    '
    || concat_ws(E',\n    ',
        'SFUNC = ' || ((p_object).attrs->>'sfunc'),
        'STYPE = ' || ((p_object).attrs->>'stype'),
        'SSPACE = ' || ((p_object).attrs->>'sspace'),
        'FINALFUNC = ' || ((p_object).attrs->>'finalfunc'),
        CASE WHEN (p_object).attrs ? 'finalfunc_extra' THEN 'FINALFUNC_EXTRA' END,
        'FINALFUNC_MODIFY = ' || _pggit.finalfunc_modify((p_object).attrs->>'finalfunc_modify'),
        'COMBINEFUNC = ' || ((p_object).attrs->>'combinefunc'),
        'SERIALFUNC = ' || ((p_object).attrs->>'serialfunc'),
        'DESERIALFUNC = ' || ((p_object).attrs->>'deserialfunc'),
        'INITCOND = ' || quote_literal((p_object).attrs->>'initcond'),
        'MSFUNC = ' || ((p_object).attrs->>'msfunc'),
        'MINVFUNC = ' || ((p_object).attrs->>'minvfunc'),
        'MSTYPE = ' || ((p_object).attrs->>'mstype'),
        'MSSPACE = ' || ((p_object).attrs->>'msspace'),
        'MFINALFUNC = ' || ((p_object).attrs->>'mfinalfunc'),
        CASE WHEN (p_object).attrs ? 'mfinalfunc_extra' THEN 'MFINALFUNC_EXTRA' END,
        'MFINALFUNC_MODIFY = ' || _pggit.finalfunc_modify((p_object).attrs->>'mfinalfunc_modify'),
        'MINITCOND = ' || quote_literal((p_object).attrs->>'minitcond'),
        'SORTOP = OPERATOR(' || ((p_object).attrs->>'sortop') || ')',
        'PARALLEL = ' || upper((p_object).attrs->>'parallel'),
        CASE WHEN (p_object).attrs ? 'hypothetical' THEN 'HYPOTHETICAL' END)
    || E'\n)';
COMMENT ON FUNCTION _pggit.aggregate_statement(_pggit.object, text) IS $$
CREATE or CREATE OR REPLACE of an aggregate.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_aggregate(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.aggregate_statement(p_object, 'CREATE'));
END;
COMMENT ON FUNCTION _pggit.create_aggregate(_pggit.object, _pggit.object[]) IS $$
CREATE AGGREGATE.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_aggregate(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    -- the result type follows from these
    SELECT
    FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
    WHERE c.attribute IN ('arguments', 'direct_arguments', 'hypothetical', 'stype', 'finalfunc')
);
COMMENT ON FUNCTION _pggit.rebuild_aggregate(_pggit.object, _pggit.object) IS $$
Whether arguments or, perhaps, the result change, so that CREATE OR REPLACE might refuse.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_aggregate(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.aggregate_statement(p_new, 'CREATE OR REPLACE'))
    WHERE EXISTS (
        SELECT
        FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
        WHERE c.attribute NOT IN ('owner', 'comment')
          AND c.attribute NOT LIKE 'acl:%'
    );
END;
COMMENT ON FUNCTION _pggit.alter_aggregate(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE AGGREGATE.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_aggregate(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_aggregate(_pggit.object) IS $$
DROP AGGREGATE.
$$;
