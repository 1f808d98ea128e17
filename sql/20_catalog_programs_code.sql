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

CREATE OR REPLACE FUNCTION _pggit._read_views(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 500
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, 0,
        CASE r.relkind WHEN 'm' THEN 'materialized_view' ELSE 'view' END,
        'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, r.relname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'query', _pggit.settled(rtrim(pg_get_viewdef(r.oid), E'; \n')),
                'columns', _pggit.output_columns(r.oid),
                'tablespace', t.spcname,
                'access_method', nullif(a.amname, 'heap')
            ))
        END
        || _pggit.common_attrs(r.relowner, obj_description(r.oid, 'pg_class'), r.relacl, 'r')
        || CASE WHEN r.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(r.reloptions) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_class AS c ON c.oid = r.oid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_am AS a ON a.oid = c.relam
    WHERE r.relkind IN ('v', 'm')
      AND (p_only IS NULL OR r.oid = ANY (p_only));
    RETURN QUERY SELECT * FROM _pggit.read_view_columns(p_logical, p_live, p_only);
END;
$$;
COMMENT ON FUNCTION _pggit._read_views(name[], name[], oid[]) IS $$
Views and materialized views, with those of their columns of which something is said.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_view_columns(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, a.attnum::integer, 'column', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, a.attname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'position', a.attnum,
                'default', _pggit.settled(pg_get_expr(e.adbin, e.adrelid, true)),
                'statistics', nullif(a.attstattarget, -1),
                'comment', d.description
            ))
        END
        || CASE WHEN a.attacl IS NULL THEN '{}' ELSE _pggit.acl_attrs(a.attacl, acldefault('c', r.relowner), r.relowner) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    LEFT JOIN pg_description AS d
        ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
    WHERE r.relkind IN ('v', 'm')
      AND (e.oid IS NOT NULL OR d.description IS NOT NULL OR a.attacl IS NOT NULL
          OR a.attstattarget >= 0 AND r.relkind = 'm')
      AND (p_only IS NULL OR r.oid = ANY (p_only));
END;
$$;
COMMENT ON FUNCTION _pggit.read_view_columns(name[], name[], oid[]) IS $$
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
        'default', _pggit.settled(pg_get_function_arg_default((p_routine).oid, a.place::integer))
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

CREATE OR REPLACE FUNCTION _pggit.routine_attrs(p_routine pg_proc)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'arguments', _pggit.routine_arguments(p_routine),
        'result', CASE WHEN (p_routine).prokind <> 'p' THEN pg_get_function_result((p_routine).oid) END,
        'language', l.lanname,
        'body', CASE WHEN b.sql_body IS NULL THEN (p_routine).prosrc END,
        'sql_body', b.sql_body,
        'library', (p_routine).probin,
        'window', CASE WHEN (p_routine).prokind = 'w' THEN true END,
        'volatility', CASE (p_routine).provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END,
        'parallel', CASE (p_routine).proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END,
        'strict', nullif((p_routine).proisstrict, false),
        'security_definer', nullif((p_routine).prosecdef, false),
        'leakproof', nullif((p_routine).proleakproof, false),
        'cost', CASE
            WHEN (p_routine).procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END
                THEN (p_routine).procost END,
        'rows', CASE WHEN (p_routine).proretset AND (p_routine).prorows <> 1000 THEN (p_routine).prorows END,
        'support', CASE WHEN (p_routine).prosupport <> 0 THEN (p_routine).prosupport::regproc::text END,
        'transforms', (
            SELECT jsonb_agg(format_type(t.type, NULL) ORDER BY t.place)
            FROM unnest((p_routine).protrftypes) WITH ORDINALITY AS t(type, place)
        )
    ))
    FROM pg_language AS l
    CROSS JOIN LATERAL (SELECT _pggit.settled(pg_get_function_sqlbody((p_routine).oid)) AS sql_body) AS b
    WHERE l.oid = (p_routine).prolang;
END;
COMMENT ON FUNCTION _pggit.routine_attrs(pg_proc) IS $$
The attributes of a function or procedure.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_routines(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 500
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_proc'::regclass::oid, p.oid, 0,
        CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
        'pg_namespace'::regclass::oid, s.nspoid, s.logical::text, NULL::text, p.proname::text,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN
            _pggit.routine_signature(p.proargtypes::oid[])
        END,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN
            _pggit.routine_attrs(p)
            || _pggit.common_attrs(p.proowner, obj_description(p.oid, 'pg_proc'), p.proacl, 'f')
            || CASE WHEN p.proconfig IS NULL THEN '{}' ELSE _pggit.option_attrs(p.proconfig, 'config:') END
        END
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_proc AS p ON p.pronamespace = s.nspoid
    WHERE p.prokind <> 'a'
      AND NOT EXISTS (
          -- members of extensions, and the constructors that belong to a range type
          SELECT
          FROM pg_depend AS x
          WHERE x.classid = 'pg_proc'::regclass
            AND x.objid = p.oid
            AND x.deptype IN ('e', 'i')
      )
      AND (p_only IS NULL OR p.oid = ANY (p_only));
END;
$$;
COMMENT ON FUNCTION _pggit._read_routines(name[], name[], oid[]) IS $$
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
    'sfunc', (p_aggregate).aggtransfn::regproc::text,
    'stype', format_type((p_aggregate).aggtranstype, NULL),
    'sspace', nullif((p_aggregate).aggtransspace, 0),
    'finalfunc', CASE WHEN (p_aggregate).aggfinalfn <> 0 THEN (p_aggregate).aggfinalfn::regproc::text END,
    'finalfunc_extra', nullif((p_aggregate).aggfinalextra, false),
    'finalfunc_modify', CASE
        WHEN (p_aggregate).aggfinalmodify <> CASE WHEN (p_aggregate).aggkind = 'n' THEN 'r' ELSE 'w' END
            THEN (p_aggregate).aggfinalmodify::text END,
    'combinefunc', CASE WHEN (p_aggregate).aggcombinefn <> 0 THEN (p_aggregate).aggcombinefn::regproc::text END,
    'serialfunc', CASE WHEN (p_aggregate).aggserialfn <> 0 THEN (p_aggregate).aggserialfn::regproc::text END,
    'deserialfunc', CASE WHEN (p_aggregate).aggdeserialfn <> 0 THEN (p_aggregate).aggdeserialfn::regproc::text END,
    'initcond', (p_aggregate).agginitval,
    'msfunc', CASE WHEN (p_aggregate).aggmtransfn <> 0 THEN (p_aggregate).aggmtransfn::regproc::text END,
    'minvfunc', CASE WHEN (p_aggregate).aggminvtransfn <> 0 THEN (p_aggregate).aggminvtransfn::regproc::text END,
    'mstype', CASE WHEN (p_aggregate).aggmtranstype <> 0 THEN format_type((p_aggregate).aggmtranstype, NULL) END,
    'msspace', nullif((p_aggregate).aggmtransspace, 0),
    'mfinalfunc', CASE WHEN (p_aggregate).aggmfinalfn <> 0 THEN (p_aggregate).aggmfinalfn::regproc::text END,
    'mfinalfunc_extra', nullif((p_aggregate).aggmfinalextra, false),
    'mfinalfunc_modify', CASE
        WHEN (p_aggregate).aggmtransfn <> 0
            AND (p_aggregate).aggmfinalmodify <> CASE WHEN (p_aggregate).aggkind = 'n' THEN 'r' ELSE 'w' END
            THEN (p_aggregate).aggmfinalmodify::text END,
    'minitcond', (p_aggregate).aggminitval,
    'sortop', CASE WHEN (p_aggregate).aggsortop <> 0 THEN (p_aggregate).aggsortop::regoper::text END
));
COMMENT ON FUNCTION _pggit.aggregate_attrs(pg_proc, pg_aggregate) IS $$
The attributes of an aggregate.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_aggregates(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_proc'::regclass::oid, p.oid, 0, 'aggregate',
        'pg_namespace'::regclass::oid, s.nspoid, s.logical::text, NULL::text, p.proname::text,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN CASE
            WHEN g.aggkind <> 'n' THEN concat_ws(' ',
                nullif(_pggit.routine_signature((p.proargtypes::oid[])[0:g.aggnumdirectargs - 1]), ''),
                'ORDER BY',
                _pggit.routine_signature((p.proargtypes::oid[])[g.aggnumdirectargs:]))
            WHEN p.pronargs = 0 THEN '*'
            ELSE _pggit.routine_signature(p.proargtypes::oid[])
        END END,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN
            _pggit.aggregate_attrs(p, g)
            || _pggit.common_attrs(p.proowner, obj_description(p.oid, 'pg_proc'), p.proacl, 'f')
        END
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_proc AS p ON p.pronamespace = s.nspoid
    JOIN pg_aggregate AS g ON g.aggfnoid = p.oid
    WHERE NOT _pggit.is_extension_member('pg_proc'::regclass, p.oid)
      AND (p_only IS NULL OR p.oid = ANY (p_only));
END;
$$;
COMMENT ON FUNCTION _pggit._read_aggregates(name[], name[], oid[]) IS $$
Aggregates.
$$;
