-- Catalog of text search objects and extended statistics, read into catalog rows.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.dictionary_name(p_dictionary oid)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN pg_ts_dict_is_visible(d.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(d.dictname)
    FROM pg_ts_dict AS d
    JOIN pg_namespace AS n ON n.oid = d.dictnamespace
    WHERE d.oid = p_dictionary;
END;
COMMENT ON FUNCTION _pggit.dictionary_name(oid) IS $$
The name of a text search dictionary, with its schema where the search_path does not find it.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_search_configurations(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_ts_config'::regclass::oid, c.oid, 0, 'text_search_configuration', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, c.cfgname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.common_attrs(c.cfgowner, obj_description(c.oid, 'pg_ts_config'), NULL, 'f')
            || jsonb_build_object('parser', CASE WHEN pg_ts_parser_is_visible(p.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END
                || quote_ident(p.prsname))
            || coalesce((
                SELECT jsonb_object_agg('mapping:' || m.alias, m.dictionaries)
                FROM (
                    SELECT t.alias, jsonb_agg(_pggit.dictionary_name(g.mapdict) ORDER BY g.mapseqno) AS dictionaries
                    FROM pg_ts_config_map AS g
                    JOIN ts_token_type(p.oid) AS t ON t.tokid = g.maptokentype
                    WHERE g.mapcfg = c.oid
                    GROUP BY t.alias
                ) AS m
            ), '{}')
        END
    FROM unnest(p_places) AS s
    JOIN pg_ts_config AS c ON c.cfgnamespace = s.nspoid
    JOIN pg_ts_parser AS p ON p.oid = c.cfgparser
    JOIN pg_namespace AS n ON n.oid = p.prsnamespace
    WHERE NOT _pggit.is_extension_member('pg_ts_config'::regclass, c.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_search_configurations(_pggit.catalog_place[]) IS $$
Text search configurations, with the dictionaries of each token type as one attribute.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_search_parts(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_ts_dict'::regclass::oid, d.oid, 0, 'text_search_dictionary', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, d.dictname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.common_attrs(d.dictowner, obj_description(d.oid, 'pg_ts_dict'), NULL, 'f')
            || jsonb_strip_nulls(jsonb_build_object(
                'template', CASE WHEN pg_ts_template_is_visible(t.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END
                    || quote_ident(t.tmplname),
                'options', d.dictinitoption
            ))
        END
    FROM unnest(p_places) AS s
    JOIN pg_ts_dict AS d ON d.dictnamespace = s.nspoid
    JOIN pg_ts_template AS t ON t.oid = d.dicttemplate
    JOIN pg_namespace AS n ON n.oid = t.tmplnamespace
    WHERE NOT _pggit.is_extension_member('pg_ts_dict'::regclass, d.oid);
    RETURN QUERY
    SELECT
        'pg_ts_template'::regclass::oid, t.oid, 0, 'text_search_template', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, t.tmplname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN jsonb_strip_nulls(jsonb_build_object(
            'comment', obj_description(t.oid, 'pg_ts_template'),
            'init', _pggit.routine_name(t.tmplinit),
            'lexize', _pggit.routine_name(t.tmpllexize)
        )) END
    FROM unnest(p_places) AS s
    JOIN pg_ts_template AS t ON t.tmplnamespace = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_ts_template'::regclass, t.oid);
    RETURN QUERY
    SELECT
        'pg_ts_parser'::regclass::oid, p.oid, 0, 'text_search_parser', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, p.prsname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN jsonb_strip_nulls(jsonb_build_object(
            'comment', obj_description(p.oid, 'pg_ts_parser'),
            'start', _pggit.routine_name(p.prsstart),
            'gettoken', _pggit.routine_name(p.prstoken),
            'end', _pggit.routine_name(p.prsend),
            'headline', _pggit.routine_name(p.prsheadline),
            'lextypes', _pggit.routine_name(p.prslextype)
        )) END
    FROM unnest(p_places) AS s
    JOIN pg_ts_parser AS p ON p.prsnamespace = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_ts_parser'::regclass, p.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_search_parts(_pggit.catalog_place[]) IS $$
Text search dictionaries, templates and parsers.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_statistics(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_statistic_ext'::regclass::oid, x.oid, 0, 'statistics', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, x.stxname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.common_attrs(x.stxowner, obj_description(x.oid, 'pg_statistic_ext'), NULL, 'f')
            || jsonb_strip_nulls(jsonb_build_object(
                'relation', x.stxrelid::regclass::text,
                -- all three are what CREATE STATISTICS alone gives; e stands for expressions
                'kinds', CASE WHEN NOT x.stxkind @> '{d,f,m}' AND x.stxkind <> '{e}' THEN (
                    SELECT jsonb_agg(k.word ORDER BY k.word)
                    FROM (VALUES ('d', 'ndistinct'), ('f', 'dependencies'), ('m', 'mcv')) AS k(letter, word)
                    WHERE k.letter::"char" = ANY (x.stxkind)
                ) END,
                -- the server keeps the columns in the order of the table
                'items', coalesce((
                    SELECT jsonb_agg(c.name ORDER BY c.name)
                    FROM jsonb_array_elements_text(_pggit.column_names(x.stxrelid, x.stxkeys::smallint[])) AS c(name)
                ), '[]') || coalesce((
                    SELECT jsonb_agg('(' || _pggit.settled(e.expression) || ')' ORDER BY e.place)
                    FROM unnest(pg_get_statisticsobjdef_expressions(x.oid)) WITH ORDINALITY AS e(expression, place)
                ), '[]'),
                'statistics', nullif(x.stxstattarget, -1)
            ))
        END
    FROM unnest(p_places) AS s
    JOIN pg_statistic_ext AS x ON x.stxnamespace = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_statistic_ext'::regclass, x.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_statistics(_pggit.catalog_place[]) IS $$
Extended statistics.
$$;
