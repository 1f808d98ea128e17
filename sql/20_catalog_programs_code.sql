-- Catalog of views, functions, procedures and aggregates, read into catalog rows.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.output_columns(p_relation oid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_build_array(
        a.attname,
        format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END
    ) ORDER BY a.attnum)
    FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = p_relation
      AND a.attnum > 0
      AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION _pggit.output_columns(oid) IS $$
Names and types of the columns of a view. They follow from its query: told apart to know what CREATE OR REPLACE can do.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_views(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 500
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, 0,
        CASE r.relkind WHEN 'm' THEN 'materialized_view' ELSE 'view' END,
        'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, r.relname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'query', _pggit.settled(rtrim(pg_get_viewdef(r.oid), E'; \n')),
                'columns', _pggit.output_columns(r.oid),
                'tablespace', t.spcname,
                'access_method', nullif(a.amname, 'heap'),
                'clustered', CASE WHEN r.relkind = 'm' AND EXISTS (
                    SELECT FROM pg_index AS x WHERE x.indrelid = r.oid AND x.indisclustered) THEN true END
            ))
        END
        || _pggit.common_attrs(r.relowner, d.description, r.relacl, 'r')
        || CASE WHEN r.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(r.reloptions) END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_class AS r ON r.oid = w.oid
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
    LEFT JOIN pg_tablespace AS t ON t.oid = r.reltablespace
    LEFT JOIN pg_am AS a ON a.oid = r.relam
    LEFT JOIN pg_description AS d ON d.objoid = r.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0;
    RETURN QUERY SELECT * FROM _pggit.read_view_columns(p_places, p_only);
END;
$$;
COMMENT ON FUNCTION _pggit._read_views(_pggit.catalog_place[], oid[]) IS $$
Views and materialized views, with those of their columns of which something is said.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_view_columns(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, a.attnum::integer, 'column', 'pg_class'::regclass::oid, r.oid,
        s.logical::text, r.relname::text, a.attname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'position', a.attnum,
                'default', _pggit.settled(pg_get_expr(e.adbin, e.adrelid, true)),
                'statistics', nullif(a.attstattarget, -1),
                'comment', d.description
            ))
        END
        || CASE WHEN a.attacl IS NULL THEN '{}' ELSE _pggit.acl_attrs(a.attacl, acldefault('c', r.relowner), r.relowner) END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_class AS r ON r.oid = w.oid
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    LEFT JOIN pg_description AS d
        ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
    WHERE e.oid IS NOT NULL OR d.description IS NOT NULL OR a.attacl IS NOT NULL
        OR a.attstattarget >= 0 AND r.relkind = 'm';
END;
$$;
COMMENT ON FUNCTION _pggit.read_view_columns(_pggit.catalog_place[], oid[]) IS $$
Columns of views that have a default, comment, statistics target or grants of their own.
$$;

CREATE OR REPLACE FUNCTION _pggit.routine_arguments(p_routine pg_proc)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'mode', CASE a.mode WHEN 'o' THEN 'out' WHEN 'b' THEN 'inout' WHEN 'v' THEN 'variadic' END,
        'name', nullif(a.name, ''),
        'type', format_type(a.type, NULL),
        'default', CASE WHEN (p_routine).pronargdefaults > 0 THEN
            _pggit.settled(pg_get_function_arg_default((p_routine).oid, a.place::integer)) END
    )) ORDER BY a.place)
    FROM unnest(
        coalesce((p_routine).proallargtypes, (p_routine).proargtypes::oid[]),
        (p_routine).proargmodes,
        (p_routine).proargnames
    ) WITH ORDINALITY AS a(type, mode, name, place)
    WHERE a.type IS NOT NULL
      AND a.mode IS DISTINCT FROM 't';
END;
COMMENT ON FUNCTION _pggit.routine_arguments(pg_proc) IS $$
Modes, names, types and defaults of a routine's arguments; output columns of RETURNS TABLE belong to its result.
$$;

CREATE OR REPLACE FUNCTION _pggit.routine_signature(p_types oid[])
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(format_type(t.type, NULL), ', ' ORDER BY t.place), '')
    FROM unnest(p_types) WITH ORDINALITY AS t(type, place);
END;
COMMENT ON FUNCTION _pggit.routine_signature(oid[]) IS $$
The types by which a routine is told from others of its name.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_routines(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 500
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_proc'::regclass::oid, p.oid, 0,
        CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
        'pg_namespace'::regclass::oid, s.nspoid, s.logical::text, NULL::text, p.proname::text,
        CASE
            WHEN NOT _pggit.stands_on(s.path) THEN NULL
            WHEN p.pronargs = 0 THEN ''
            ELSE _pggit.routine_signature(p.proargtypes::oid[])
        END,
        jsonb_strip_nulls(jsonb_build_object(
            'arguments', CASE WHEN p.pronargs > 0 OR p.proallargtypes IS NOT NULL THEN _pggit.routine_arguments(p) END,
            'result', CASE WHEN p.prokind <> 'p' THEN pg_get_function_result(p.oid) END,
            'language', l.lanname,
            'body', CASE WHEN b.sql_body IS NULL THEN p.prosrc END,
            'sql_body', b.sql_body,
            'library', p.probin,
            'window', CASE WHEN p.prokind = 'w' THEN true END,
            'volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END,
            'parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END,
            'strict', nullif(p.proisstrict, false),
            'security_definer', nullif(p.prosecdef, false),
            'leakproof', nullif(p.proleakproof, false),
            'cost', CASE WHEN p.procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END THEN p.procost END,
            'rows', CASE WHEN p.proretset AND p.prorows <> 1000 THEN p.prorows END,
            'support', _pggit.routine_name(p.prosupport),
            'transforms', (
                SELECT jsonb_agg(format_type(t.type, NULL) ORDER BY t.place)
                FROM unnest(p.protrftypes) WITH ORDINALITY AS t(type, place)
            )
        ))
        || _pggit.common_attrs(p.proowner, d.description, p.proacl, 'f')
        || CASE WHEN p.proconfig IS NULL THEN '{}' ELSE _pggit.option_attrs(p.proconfig, 'config:') END
        -- the order of several settings
        || CASE WHEN cardinality(p.proconfig) > 1 THEN jsonb_build_object('position', (
            SELECT jsonb_agg(split_part(c.setting, '=', 1) ORDER BY c.place)
            FROM unnest(p.proconfig) WITH ORDINALITY AS c(setting, place))) ELSE '{}' END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_proc AS p ON p.oid = w.oid AND p.prokind <> 'a'
    JOIN unnest(p_places) AS s ON s.nspoid = p.pronamespace
    JOIN pg_language AS l ON l.oid = p.prolang
    LEFT JOIN pg_description AS d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass AND d.objsubid = 0
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.prosqlbody IS NOT NULL
            AND _pggit.stands_on(s.path) THEN
            _pggit.settled(pg_get_function_sqlbody(p.oid)) END AS sql_body
        OFFSET 0
    ) AS b;
END;
$$;
COMMENT ON FUNCTION _pggit._read_routines(_pggit.catalog_place[], oid[]) IS $$
Functions and procedures.
$$;

CREATE OR REPLACE FUNCTION _pggit.aggregate_attrs(p_routine pg_proc, p_aggregate pg_aggregate)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_strip_nulls(jsonb_build_object(
    'arguments', _pggit.routine_arguments(p_routine),
    'direct_arguments', CASE WHEN (p_aggregate).aggkind <> 'n' THEN (p_aggregate).aggnumdirectargs END,
    'hypothetical', CASE WHEN (p_aggregate).aggkind = 'h' THEN true END,
    'parallel', CASE (p_routine).proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END,
    'sfunc', _pggit.routine_name((p_aggregate).aggtransfn),
    'stype', format_type((p_aggregate).aggtranstype, NULL),
    'sspace', nullif((p_aggregate).aggtransspace, 0),
    'finalfunc', _pggit.routine_name((p_aggregate).aggfinalfn),
    'finalfunc_extra', nullif((p_aggregate).aggfinalextra, false),
    'finalfunc_modify', CASE
        WHEN (p_aggregate).aggfinalmodify <> CASE WHEN (p_aggregate).aggkind = 'n' THEN 'r' ELSE 'w' END
            THEN (p_aggregate).aggfinalmodify::text END,
    'combinefunc', _pggit.routine_name((p_aggregate).aggcombinefn),
    'serialfunc', _pggit.routine_name((p_aggregate).aggserialfn),
    'deserialfunc', _pggit.routine_name((p_aggregate).aggdeserialfn),
    'initcond', (p_aggregate).agginitval,
    'msfunc', _pggit.routine_name((p_aggregate).aggmtransfn),
    'minvfunc', _pggit.routine_name((p_aggregate).aggminvtransfn),
    'mstype', CASE WHEN (p_aggregate).aggmtranstype <> 0 THEN format_type((p_aggregate).aggmtranstype, NULL) END,
    'msspace', nullif((p_aggregate).aggmtransspace, 0),
    'mfinalfunc', _pggit.routine_name((p_aggregate).aggmfinalfn),
    'mfinalfunc_extra', nullif((p_aggregate).aggmfinalextra, false),
    'mfinalfunc_modify', CASE
        WHEN (p_aggregate).aggmtransfn <> 0
            AND (p_aggregate).aggmfinalmodify <> CASE WHEN (p_aggregate).aggkind = 'n' THEN 'r' ELSE 'w' END
            THEN (p_aggregate).aggmfinalmodify::text END,
    'minitcond', (p_aggregate).aggminitval,
    'sortop', _pggit.operator_name((p_aggregate).aggsortop)
));
COMMENT ON FUNCTION _pggit.aggregate_attrs(pg_proc, pg_aggregate) IS $$
The attributes of an aggregate.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_aggregates(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_proc'::regclass::oid, p.oid, 0, 'aggregate',
        'pg_namespace'::regclass::oid, s.nspoid, s.logical::text, NULL::text, p.proname::text,
        CASE WHEN _pggit.stands_on(s.path) THEN CASE
            -- direct and aggregated arguments of the same variadic type are kept once (CREATE AGGREGATE)
            WHEN g.aggkind <> 'n' AND g.aggnumdirectargs = p.pronargs THEN format('%s ORDER BY VARIADIC %s',
                concat_ws(', ', nullif(_pggit.routine_signature((p.proargtypes::oid[])[0:p.pronargs - 2]), ''),
                    'VARIADIC ' || _pggit.routine_signature((p.proargtypes::oid[])[p.pronargs - 1:])),
                _pggit.routine_signature((p.proargtypes::oid[])[p.pronargs - 1:]))
            WHEN g.aggkind <> 'n' THEN concat_ws(' ',
                nullif(_pggit.routine_signature((p.proargtypes::oid[])[0:g.aggnumdirectargs - 1]), ''),
                'ORDER BY',
                _pggit.routine_signature((p.proargtypes::oid[])[g.aggnumdirectargs:]))
            WHEN p.pronargs = 0 THEN '*'
            ELSE _pggit.routine_signature(p.proargtypes::oid[])
        END END,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.aggregate_attrs(p, g)
            || _pggit.common_attrs(p.proowner, obj_description(p.oid, 'pg_proc'), p.proacl, 'f')
        END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_proc AS p ON p.oid = w.oid
    JOIN pg_aggregate AS g ON g.aggfnoid = p.oid
    JOIN unnest(p_places) AS s ON s.nspoid = p.pronamespace;
END;
$$;
COMMENT ON FUNCTION _pggit._read_aggregates(_pggit.catalog_place[], oid[]) IS $$
Aggregates.
$$;
