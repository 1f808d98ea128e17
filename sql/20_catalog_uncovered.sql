-- Catalog, the rest: what lives in tracked schemas and is not versioned.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.uncovered(p_logical name[], p_live name[])
RETURNS TABLE (kind text, identity text, reason text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
SET jit = off
BEGIN ATOMIC
    WITH scope AS MATERIALIZED (
        SELECT s.nspoid FROM _pggit.read_scope(p_logical, p_live) AS s
    ), found(classid, objid, reason) AS (
        SELECT d.classid, d.objid, 'objects of this kind are not versioned'
        FROM pg_depend AS d
        JOIN scope AS s ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.nspoid
        WHERE d.deptype = 'n'
          AND d.classid IN (
              'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_conversion'::regclass,
              'pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass,
              'pg_statistic_ext'::regclass)
        UNION ALL
        SELECT 'pg_class'::regclass, c.oid, 'foreign tables are not versioned'
        FROM pg_class AS c
        JOIN scope AS s ON s.nspoid = c.relnamespace
        WHERE c.relkind = 'f'
        UNION ALL
        SELECT 'pg_type'::regclass, t.oid, 'base types are not versioned'
        FROM pg_type AS t
        JOIN scope AS s ON s.nspoid = t.typnamespace
        LEFT JOIN pg_type AS e ON e.typarray = t.oid
        WHERE t.typtype IN ('b', 'p')
          AND e.oid IS NULL
        UNION ALL
        SELECT 'pg_cast'::regclass, c.oid, 'casts are not versioned'
        FROM pg_cast AS c
        WHERE EXISTS (
            SELECT
            FROM pg_type AS t
            JOIN scope AS s ON s.nspoid = t.typnamespace
            WHERE t.oid IN (c.castsource, c.casttarget)
              AND t.typtype <> 'm'
        )
        UNION ALL
        SELECT 'pg_publication_rel'::regclass, p.oid, 'what a publication contains is not versioned'
        FROM pg_publication_rel AS p
        JOIN pg_class AS c ON c.oid = p.prrelid
        JOIN scope AS s ON s.nspoid = c.relnamespace
        UNION ALL
        SELECT 'pg_publication_namespace'::regclass, p.oid, 'what a publication contains is not versioned'
        FROM pg_publication_namespace AS p
        JOIN scope AS s ON s.nspoid = p.pnnspid
    )
    SELECT i.type, i.identity, f.reason
    FROM found AS f
    CROSS JOIN LATERAL pg_identify_object(f.classid, f.objid, 0) AS i
    WHERE NOT EXISTS (
        SELECT
        FROM pg_depend AS x
        WHERE x.classid = f.classid AND x.objid = f.objid AND x.deptype IN ('e', 'i')
    )
    UNION ALL
    SELECT 'security label', l.objnamespace::regnamespace || '.' || l.objname, 'security labels are not versioned'
    FROM pg_seclabels AS l
    JOIN scope AS s ON s.nspoid = l.objnamespace
    ORDER BY 1, 2;
END;
COMMENT ON FUNCTION _pggit.uncovered(name[], name[]) IS $$
What lives in the schemas without being versioned, each with the reason; members of extensions are left to their extension.
$$;
