-- Plan of text search objects and extended statistics: their CREATE, ALTER and DROP statements.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.alter_text_search_configuration(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER %s DROP MAPPING FOR %s', _pggit.object_address(p_new),
        string_agg(quote_ident(substr(o.key, 9)), ', ' ORDER BY o.key)))
    FROM jsonb_object_keys((p_old).attrs) AS o(key)
    WHERE starts_with(o.key, 'mapping:') AND NOT (p_new).attrs ? o.key
    HAVING count(*) > 0
    UNION ALL
    SELECT _pggit.make_ddl(format('ALTER %s %s MAPPING FOR %s WITH %s', _pggit.object_address(p_new),
        CASE WHEN m.is_new THEN 'ADD' ELSE 'ALTER' END, m.tokens, _pggit.name_list(m.dictionaries)))
    FROM (
        SELECT n.value AS dictionaries, NOT (p_old).attrs ? n.key AS is_new,
            string_agg(quote_ident(substr(n.key, 9)), ', ' ORDER BY n.key) AS tokens
        FROM jsonb_each((p_new).attrs) AS n
        WHERE starts_with(n.key, 'mapping:') AND (p_old).attrs->n.key IS DISTINCT FROM n.value
        GROUP BY 1, 2
    ) AS m;
END;
COMMENT ON FUNCTION _pggit.alter_text_search_configuration(_pggit.object, _pggit.object) IS $$
ALTER TEXT SEARCH CONFIGURATION: the mappings that differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_text_search_configuration(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('CREATE %s (PARSER = %s)', _pggit.object_address(p_object), (p_object).attrs->>'parser'))
    UNION ALL
    SELECT a FROM _pggit.alter_text_search_configuration(
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL)::_pggit.object, p_object) AS a;
END;
COMMENT ON FUNCTION _pggit.create_text_search_configuration(_pggit.object, _pggit.object[]) IS $$
CREATE TEXT SEARCH CONFIGURATION with its mappings.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_text_search_configuration(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'parser' <> (p_new).attrs->'parser';
COMMENT ON FUNCTION _pggit.rebuild_text_search_configuration(_pggit.object, _pggit.object) IS $$
The parser of a configuration stays.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_text_search_dictionary(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('CREATE %s (%s)', _pggit.object_address(p_object),
    concat_ws(', ', 'TEMPLATE = ' || ((p_object).attrs->>'template'), (p_object).attrs->>'options')));
COMMENT ON FUNCTION _pggit.create_text_search_dictionary(_pggit.object, _pggit.object[]) IS $$
CREATE TEXT SEARCH DICTIONARY; its options are kept as PostgreSQL writes them.
$$;

CREATE OR REPLACE FUNCTION _pggit.dictionary_options(p_options text)
RETURNS TABLE (name text, value text)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 3
BEGIN ATOMIC
    SELECT m.found[1], m.found[2]
    FROM regexp_matches(p_options, '("(?:[^"]|"")*"|[\w$]+) = (E?''(?:[^''\\]|''''|\\.)*''|[^,]+)', 'g') AS m(found);
END;
COMMENT ON FUNCTION _pggit.dictionary_options(text) IS $$
The options of a dictionary one by one.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_text_search_dictionary(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER %s (%s)', _pggit.object_address(p_new), string_agg(
        coalesce(n.name || ' = ' || n.value, o.name), ', ' ORDER BY coalesce(n.name, o.name))))
    FROM _pggit.dictionary_options((p_old).attrs->>'options') AS o
    FULL JOIN _pggit.dictionary_options((p_new).attrs->>'options') AS n ON n.name = o.name
    WHERE n.value IS DISTINCT FROM o.value
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION _pggit.alter_text_search_dictionary(_pggit.object, _pggit.object) IS $$
ALTER TEXT SEARCH DICTIONARY: an option without a value is taken away.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_text_search_dictionary(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'template' <> (p_new).attrs->'template';
COMMENT ON FUNCTION _pggit.rebuild_text_search_dictionary(_pggit.object, _pggit.object) IS $$
The template of a dictionary stays.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_text_search_template(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('CREATE %s (%s)', _pggit.object_address(p_object), concat_ws(', ',
    'INIT = ' || ((p_object).attrs->>'init'), 'LEXIZE = ' || ((p_object).attrs->>'lexize'))));
COMMENT ON FUNCTION _pggit.create_text_search_template(_pggit.object, _pggit.object[]) IS $$
CREATE TEXT SEARCH TEMPLATE, which only superusers may.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_text_search_parser(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('CREATE %s (%s)', _pggit.object_address(p_object), concat_ws(', ',
    'START = ' || ((p_object).attrs->>'start'), 'GETTOKEN = ' || ((p_object).attrs->>'gettoken'),
    'END = ' || ((p_object).attrs->>'end'), 'HEADLINE = ' || ((p_object).attrs->>'headline'),
    'LEXTYPES = ' || ((p_object).attrs->>'lextypes'))));
COMMENT ON FUNCTION _pggit.create_text_search_parser(_pggit.object, _pggit.object[]) IS $$
CREATE TEXT SEARCH PARSER, which only superusers may.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_statistics(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('CREATE %s%s ON %s FROM %s', _pggit.object_address(p_object),
        coalesce(' (' || _pggit.name_list((p_object).attrs->'kinds') || ')', ''),
        _pggit.name_list((p_object).attrs->'items'), (p_object).attrs->>'relation'), 'SHARE UPDATE EXCLUSIVE')
    UNION ALL
    SELECT _pggit.make_ddl(format('ALTER %s SET STATISTICS %s', _pggit.object_address(p_object), (p_object).attrs->>'statistics'))
    WHERE (p_object).attrs ? 'statistics';
END;
COMMENT ON FUNCTION _pggit.create_statistics(_pggit.object, _pggit.object[]) IS $$
CREATE STATISTICS.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_statistics(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER %s SET STATISTICS %s', _pggit.object_address(p_new),
        coalesce((p_new).attrs->>'statistics', '-1')))
    WHERE (p_old).attrs->'statistics' IS DISTINCT FROM (p_new).attrs->'statistics';
END;
COMMENT ON FUNCTION _pggit.alter_statistics(_pggit.object, _pggit.object) IS $$
ALTER STATISTICS: its target.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_statistics(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl('DROP ' || _pggit.object_address(p_object), 'SHARE UPDATE EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_statistics(_pggit.object) IS $$
DROP STATISTICS.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_statistics(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ((p_old).attrs->'relation', (p_old).attrs->'kinds', (p_old).attrs->'items')
    IS DISTINCT FROM ((p_new).attrs->'relation', (p_new).attrs->'kinds', (p_new).attrs->'items');
COMMENT ON FUNCTION _pggit.rebuild_statistics(_pggit.object, _pggit.object) IS $$
What statistics are of cannot be altered.
$$;
