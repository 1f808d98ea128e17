-- Catalog of operators, their families and classes, casts and conversions, read into catalog rows.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.routine_name(p_routine oid)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- not regproc: that qualifies the name of an overloaded function although it is visible
    SELECT CASE WHEN pg_function_is_visible(p.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(p.proname)
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.oid = p_routine;
END;
COMMENT ON FUNCTION _pggit.routine_name(oid) IS $$
The name of a function, with its schema where the search_path does not find it; NULL for 0.
$$;

CREATE OR REPLACE FUNCTION _pggit.operator_name(p_operator oid)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN pg_operator_is_visible(o.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || o.oprname
    FROM pg_operator AS o
    JOIN pg_namespace AS n ON n.oid = o.oprnamespace
    WHERE o.oid = p_operator;
END;
COMMENT ON FUNCTION _pggit.operator_name(oid) IS $$
The name of an operator as OPERATOR() takes it; NULL for 0.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_operators(p_places _pggit.catalog_place[])
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
        'pg_operator'::regclass::oid, o.oid, 0, 'operator', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, o.oprname::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', ' || format_type(o.oprright, NULL)
        END,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.common_attrs(o.oprowner, obj_description(o.oid, 'pg_operator'), NULL, 'f')
            || jsonb_strip_nulls(jsonb_build_object(
                'function', _pggit.routine_name(o.oprcode),
                'commutator', _pggit.operator_name(o.oprcom),
                'negator', _pggit.operator_name(o.oprnegate),
                'restrict', _pggit.routine_name(o.oprrest),
                'join', _pggit.routine_name(o.oprjoin),
                'hashes', nullif(o.oprcanhash, false),
                'merges', nullif(o.oprcanmerge, false)
            ))
        END
    FROM unnest(p_places) AS s
    JOIN pg_operator AS o ON o.oprnamespace = s.nspoid
    -- without a function it is the shell that a commutator left behind
    WHERE o.oprcode <> 0
      AND NOT _pggit.is_extension_member('pg_operator'::regclass, o.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_operators(_pggit.catalog_place[]) IS $$
Operators.
$$;

CREATE OR REPLACE FUNCTION _pggit.family_name(p_family oid)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN pg_opfamily_is_visible(f.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(f.opfname)
    FROM pg_opfamily AS f
    JOIN pg_namespace AS n ON n.oid = f.opfnamespace
    WHERE f.oid = p_family;
END;
COMMENT ON FUNCTION _pggit.family_name(oid) IS $$
The name of an operator family, with its schema where the search_path does not find it.
$$;

CREATE OR REPLACE FUNCTION _pggit.family_items(p_classid oid, p_objid oid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_object_agg(i.place, i.definition)
    FROM (
        SELECT
            format('item:OPERATOR %s (%s, %s)', m.amopstrategy,
                format_type(m.amoplefttype, NULL), format_type(m.amoprighttype, NULL)),
            _pggit.operator_name(m.amopopr)
            || coalesce(' FOR ORDER BY ' || CASE WHEN m.amoppurpose = 'o' THEN _pggit.family_name(m.amopsortfamily) END, '')
        FROM pg_depend AS d
        JOIN pg_amop AS m ON m.oid = d.objid
        WHERE d.refclassid = p_classid
          AND d.refobjid = p_objid
          AND d.classid = 'pg_amop'::regclass
          AND (d.refclassid = 'pg_opclass'::regclass OR m.amopfamily = d.refobjid)
        UNION ALL
        SELECT
            format('item:FUNCTION %s (%s, %s)', r.amprocnum,
                format_type(r.amproclefttype, NULL), format_type(r.amprocrighttype, NULL)),
            r.amproc::oid::regprocedure::text
        FROM pg_depend AS d
        JOIN pg_amproc AS r ON r.oid = d.objid
        WHERE d.refclassid = p_classid
          AND d.refobjid = p_objid
          AND d.classid = 'pg_amproc'::regclass
    ) AS i(place, definition);
END;
COMMENT ON FUNCTION _pggit.family_items(oid, oid) IS $$
The operators and functions that belong to an operator class, or to a family and none of its classes: one attribute each.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_families(p_places _pggit.catalog_place[])
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
        'pg_opfamily'::regclass::oid, f.oid, 0, 'operator_family', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, f.opfname::text, a.amname::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.common_attrs(f.opfowner, obj_description(f.oid, 'pg_opfamily'), NULL, 'f')
            || coalesce(_pggit.family_items('pg_opfamily'::regclass, f.oid), '{}')
        END
    FROM unnest(p_places) AS s
    JOIN pg_opfamily AS f ON f.opfnamespace = s.nspoid
    JOIN pg_am AS a ON a.oid = f.opfmethod
    WHERE NOT _pggit.is_extension_member('pg_opfamily'::regclass, f.oid);
    RETURN QUERY
    SELECT
        'pg_opclass'::regclass::oid, c.oid, 0, 'operator_class', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, c.opcname::text, a.amname::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.common_attrs(c.opcowner, obj_description(c.oid, 'pg_opclass'), NULL, 'f')
            || jsonb_strip_nulls(jsonb_build_object(
                'type', format_type(c.opcintype, NULL),
                'family', _pggit.family_name(c.opcfamily),
                'default', nullif(c.opcdefault, false),
                'storage', CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END
            ))
            || coalesce(_pggit.family_items('pg_opclass'::regclass, c.oid), '{}')
        END
    FROM unnest(p_places) AS s
    JOIN pg_opclass AS c ON c.opcnamespace = s.nspoid
    JOIN pg_am AS a ON a.oid = c.opcmethod
    WHERE NOT _pggit.is_extension_member('pg_opclass'::regclass, c.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_families(_pggit.catalog_place[]) IS $$
Operator families and classes; the signature is the access method, since each has names of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_casts(p_places _pggit.catalog_place[])
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
        'pg_cast'::regclass::oid, c.oid, 0, 'cast', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, a.typname || ' as ' || b.typname,
        CASE WHEN _pggit.stands_on(s.path) THEN
            format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL)
        END,
        CASE WHEN _pggit.stands_on(s.path) THEN jsonb_strip_nulls(jsonb_build_object(
            'comment', obj_description(c.oid, 'pg_cast'),
            'function', CASE WHEN c.castmethod = 'f' THEN c.castfunc::regprocedure::text END,
            'inout', CASE WHEN c.castmethod = 'i' THEN true END,
            'context', CASE c.castcontext WHEN 'a' THEN 'assignment' WHEN 'i' THEN 'implicit' END
        )) END
    FROM pg_cast AS c
    JOIN pg_type AS a ON a.oid = c.castsource
    JOIN pg_type AS b ON b.oid = c.casttarget
    LEFT JOIN pg_proc AS p ON p.oid = c.castfunc
    -- It lives where its source does, else its target, else its function: a cast of foreign types alone belongs to nobody here.
    CROSS JOIN LATERAL (
        SELECT r.nspoid, r.logical, r.path
        FROM unnest(p_places) AS r
        WHERE r.nspoid IN (a.typnamespace, b.typnamespace, p.pronamespace)
        ORDER BY CASE r.nspoid WHEN a.typnamespace THEN 1 WHEN b.typnamespace THEN 2 ELSE 3 END
        LIMIT 1
    ) AS s
    -- the server's own
    WHERE c.oid >= 16384
      -- from a multirange to the range it belongs to
      AND NOT EXISTS (
          SELECT
          FROM pg_depend AS d
          WHERE d.classid = 'pg_cast'::regclass
            AND d.objid = c.oid
            AND d.deptype IN ('e', 'i')
      );
END;
$$;
COMMENT ON FUNCTION _pggit._read_casts(_pggit.catalog_place[]) IS $$
Casts from, to or by way of something in the schemas.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_conversions(p_places _pggit.catalog_place[])
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
        'pg_conversion'::regclass::oid, c.oid, 0, 'conversion', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, c.conname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            _pggit.common_attrs(c.conowner, obj_description(c.oid, 'pg_conversion'), NULL, 'f')
            || jsonb_strip_nulls(jsonb_build_object(
                'source', pg_encoding_to_char(c.conforencoding),
                'target', pg_encoding_to_char(c.contoencoding),
                'function', _pggit.routine_name(c.conproc),
                'default', nullif(c.condefault, false)
            ))
        END
    FROM unnest(p_places) AS s
    JOIN pg_conversion AS c ON c.connamespace = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_conversion'::regclass, c.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_conversions(_pggit.catalog_place[]) IS $$
Conversions between encodings.
$$;
