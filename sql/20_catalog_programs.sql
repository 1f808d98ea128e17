-- Catalog of schemas, extensions and types, read into catalog rows.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.is_extension_member(p_classid oid, p_objid oid)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM pg_depend AS x
    WHERE x.classid = p_classid
      AND x.objid = p_objid
      AND x.objsubid = 0
      AND x.deptype = 'e'
);
COMMENT ON FUNCTION _pggit.is_extension_member(oid, oid) IS $$
Whether an extension owns the object, so that it is left alone.
$$;

CREATE OR REPLACE FUNCTION _pggit.common_attrs(
    p_owner oid,
    p_comment text,
    p_acl aclitem[],
    p_acl_type "char"
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_strip_nulls(jsonb_build_object('owner', pg_get_userbyid(p_owner), 'comment', p_comment))
    || CASE
        WHEN p_acl IS NULL THEN '{}'
        ELSE _pggit.acl_attrs(p_acl, acldefault(p_acl_type, p_owner), p_owner)
    END;
COMMENT ON FUNCTION _pggit.common_attrs(oid, text, aclitem[], "char") IS $$
The attributes that every owned object has: owner, comment, grants.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_schemas(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT
        'pg_namespace'::regclass::oid, n.oid, 0, 'schema', NULL::oid, NULL::oid,
        NULL::text, NULL::text, s.logical::text, NULL::text,
        _pggit.common_attrs(n.nspowner, obj_description(n.oid, 'pg_namespace'), n.nspacl, 'n')
    FROM unnest(p_places) AS s
    JOIN pg_namespace AS n ON n.oid = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_namespace'::regclass, n.oid);
END;
COMMENT ON FUNCTION _pggit._read_schemas(_pggit.catalog_place[]) IS $$
The schemas themselves.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_extensions(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT
        'pg_extension'::regclass::oid, e.oid, 0, 'extension', NULL::oid, NULL::oid,
        NULL::text, NULL::text, e.extname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'version', e.extversion,
            'schema', n.nspname,
            'comment', nullif(obj_description(e.oid, 'pg_extension'), a.comment),
            'members', CASE WHEN _pggit.reads_whole_database() THEN _pggit.extension_grants(e.oid) END
        ))
    FROM pg_extension AS e
    JOIN pg_namespace AS n ON n.oid = e.extnamespace
    LEFT JOIN pg_available_extensions AS a ON a.name = e.extname
    WHERE e.extname NOT IN ('plpgsql', 'pggit');
END;
COMMENT ON FUNCTION _pggit._read_extensions(_pggit.catalog_place[]) IS $$
The extensions of the database, whatever their schema; without the one every database has, and ourselves.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_types(p_places _pggit.catalog_place[], p_only oid[])
RETURNS TABLE (nspoid oid, logical name, path text, type pg_type, common jsonb)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 100
BEGIN ATOMIC
    SELECT
        s.nspoid, s.logical, s.path, t,
        _pggit.common_attrs(t.typowner, obj_description(t.oid, 'pg_type'), t.typacl, 'T')
    FROM unnest(p_only) AS w(oid)
    JOIN pg_type AS t ON t.oid = w.oid
    JOIN unnest(p_places) AS s ON s.nspoid = t.typnamespace;
END;
COMMENT ON FUNCTION _pggit.read_types(_pggit.catalog_place[], oid[]) IS $$
Some of the types that users make: enums, domains, ranges and free-standing composites.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_enums(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 50
BEGIN ATOMIC
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'enum', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || jsonb_build_object('labels', coalesce((
            SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder)
            FROM pg_enum AS e
            WHERE e.enumtypid = (r.type).oid
        ), '[]'))
    FROM _pggit.read_types(p_places, p_only) AS r
    WHERE (r.type).typtype = 'e';
END;
COMMENT ON FUNCTION _pggit._read_enums(_pggit.catalog_place[], oid[]) IS $$
Enums with their labels in order.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_domains(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 50
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'domain', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || CASE WHEN _pggit.stands_on(r.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'base', format_type((r.type).typbasetype, (r.type).typtypmod),
                'collation', CASE WHEN (r.type).typcollation <> b.typcollation
                    THEN (r.type).typcollation::regcollation::text END,
                'default', _pggit.settled(pg_get_expr((r.type).typdefaultbin, 0, true)),
                'not_null', nullif((r.type).typnotnull, false)
            ))
        END
    FROM _pggit.read_types(p_places, p_only) AS r
    JOIN pg_type AS b ON b.oid = (r.type).typbasetype
    WHERE (r.type).typtype = 'd';
END;
$$;
COMMENT ON FUNCTION _pggit._read_domains(_pggit.catalog_place[], oid[]) IS $$
Domains; their checks are constraints of their own.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_composites(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 50
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'composite', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || CASE WHEN _pggit.stands_on(r.path) THEN
            jsonb_build_object('attributes', coalesce((
                SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                    'name', a.attname,
                    'type', format_type(a.atttypid, a.atttypmod),
                    'collation', CASE WHEN a.attcollation <> t.typcollation
                        THEN a.attcollation::regcollation::text END,
                    'comment', col_description(a.attrelid, a.attnum)
                )) ORDER BY a.attnum)
                FROM pg_attribute AS a
                JOIN pg_type AS t ON t.oid = a.atttypid
                WHERE a.attrelid = (r.type).typrelid
                  AND a.attnum > 0
                  AND NOT a.attisdropped
            ), '[]'))
        END
    FROM _pggit.read_types(p_places, p_only) AS r
    WHERE (r.type).typtype = 'c';
END;
$$;
COMMENT ON FUNCTION _pggit._read_composites(_pggit.catalog_place[], oid[]) IS $$
Composite types with their attributes in order.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_ranges(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'range', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || CASE WHEN _pggit.stands_on(r.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'subtype', format_type(g.rngsubtype, NULL),
                'opclass', CASE WHEN NOT o.opcdefault THEN
                    CASE WHEN pg_opclass_is_visible(o.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END
                    || quote_ident(o.opcname) END,
                'collation', CASE WHEN g.rngcollation <> t.typcollation THEN g.rngcollation::regcollation::text END,
                'canonical', _pggit.routine_name(g.rngcanonical),
                'subtype_diff', _pggit.routine_name(g.rngsubdiff),
                'multirange', m.typname
            ))
        END
    FROM _pggit.read_types(p_places, p_only) AS r
    JOIN pg_range AS g ON g.rngtypid = (r.type).oid
    JOIN pg_type AS t ON t.oid = g.rngsubtype
    JOIN pg_type AS m ON m.oid = g.rngmultitypid
    JOIN pg_opclass AS o ON o.oid = g.rngsubopc
    JOIN pg_namespace AS n ON n.oid = o.opcnamespace;
END;
$$;
COMMENT ON FUNCTION _pggit._read_ranges(_pggit.catalog_place[], oid[]) IS $$
Range types.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_collations(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT
        'pg_collation'::regclass::oid, c.oid, 0, 'collation', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, c.collname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'owner', pg_get_userbyid(c.collowner),
            'comment', obj_description(c.oid, 'pg_collation'),
            'provider', CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'd' THEN 'default' ELSE 'libc' END,
            -- the column of ICU locales was renamed twice
            'locale', coalesce(
                to_jsonb(c)->>'colllocale', to_jsonb(c)->>'colliculocale',
                CASE WHEN c.collcollate = c.collctype THEN c.collcollate END),
            'lc_collate', CASE WHEN c.collcollate <> c.collctype THEN c.collcollate END,
            'lc_ctype', CASE WHEN c.collcollate <> c.collctype THEN c.collctype END,
            'rules', to_jsonb(c)->>'collicurules',
            'nondeterministic', nullif(NOT c.collisdeterministic, false)
        ))
    FROM unnest(p_places) AS s
    JOIN pg_collation AS c ON c.collnamespace = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_collation'::regclass, c.oid);
END;
COMMENT ON FUNCTION _pggit._read_collations(_pggit.catalog_place[]) IS $$
Collations that users made.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_default_privileges(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT
        'pg_default_acl'::regclass::oid, d.oid, 0, 'default_privilege',
        CASE WHEN s.nspoid IS NOT NULL THEN 'pg_namespace'::regclass::oid END, s.nspoid,
        s.logical::text, NULL::text, quote_ident(pg_get_userbyid(d.defaclrole)) || ' ' || o.word, NULL::text,
        jsonb_build_object('role', pg_get_userbyid(d.defaclrole), 'objects', o.word)
        || _pggit.acl_attrs(
            d.defaclacl,
            CASE
                WHEN d.defaclnamespace = 0 AND d.defaclobjtype = 'S' THEN acldefault('s', d.defaclrole)
                WHEN d.defaclnamespace = 0 THEN acldefault(d.defaclobjtype, d.defaclrole)
                ELSE acldefault('c', d.defaclrole)  -- nothing
            END,
            d.defaclrole)
    FROM pg_default_acl AS d
    CROSS JOIN LATERAL (
        SELECT CASE d.defaclobjtype
            WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
            WHEN 'n' THEN 'schemas' ELSE 'large objects'
        END AS word
    ) AS o
    LEFT JOIN unnest(p_places) AS s ON s.nspoid = d.defaclnamespace
    -- Whole databases have them; those of a tracked schema would ask for the rights of their roles at every checkout.
    WHERE current_setting('pggit.whole_database', true) = 'on'
      AND (d.defaclnamespace = 0 OR s.nspoid IS NOT NULL);
END;
COMMENT ON FUNCTION _pggit._read_default_privileges(_pggit.catalog_place[]) IS $$
ALTER DEFAULT PRIVILEGES, where two whole databases are compared.
$$;
