-- Catalog, the rest: what lives in tracked schemas, or beside them for their sake, and is not versioned.

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
        SELECT 'pg_type'::regclass, t.oid, 'base types are not versioned'
        FROM pg_type AS t
        JOIN scope AS s ON s.nspoid = t.typnamespace
        LEFT JOIN pg_type AS e ON e.typarray = t.oid
        WHERE t.typtype IN ('b', 'p')
          AND e.oid IS NULL
        UNION ALL
        -- What lives in no schema exists once beside all worktrees: pggit compare carries it from database to database.
        SELECT 'pg_publication_rel'::regclass, p.oid, 'publications are compared between databases, not versioned on branches'
        FROM pg_publication_rel AS p
        JOIN pg_class AS c ON c.oid = p.prrelid
        JOIN scope AS s ON s.nspoid = c.relnamespace
        UNION ALL
        SELECT 'pg_publication_namespace'::regclass, p.oid, 'publications are compared between databases, not versioned on branches'
        FROM pg_publication_namespace AS p
        JOIN scope AS s ON s.nspoid = p.pnnspid
        UNION ALL
        SELECT 'pg_event_trigger'::regclass, e.oid, 'event triggers are compared between databases, not versioned on branches'
        FROM pg_event_trigger AS e
        JOIN pg_proc AS p ON p.oid = e.evtfoid
        JOIN scope AS s ON s.nspoid = p.pronamespace
        UNION ALL
        SELECT DISTINCT 'pg_foreign_server'::regclass, t.ftserver, 'servers are compared between databases, not versioned on branches'
        FROM pg_foreign_table AS t
        JOIN pg_class AS c ON c.oid = t.ftrelid
        JOIN scope AS s ON s.nspoid = c.relnamespace
        UNION ALL
        SELECT 'pg_transform'::regclass, f.oid, 'transforms are not versioned'
        FROM pg_transform AS f
        JOIN pg_type AS t ON t.oid = f.trftype
        JOIN scope AS s ON s.nspoid = t.typnamespace
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
