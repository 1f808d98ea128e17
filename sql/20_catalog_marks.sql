-- Catalog, marks: one digest of all that the catalog says of a relation or a routine, to find those that need no reading.

-- == relations ==

-- kind: relation or routine. mark: equal on two servers of one major version where the readers would give equal objects.
CREATE TYPE _pggit.catalog_mark AS (
    kind        text,
    schema_name text,
    name        text,
    signature   text,
    objid       oid,
    mark        bytea
);

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.relation_facts(p_schema_ids oid[])
RETURNS TABLE (objid oid, fact text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20000
BEGIN ATOMIC
    -- Rows are written as they stand in the catalog, with names for the OIDs that are not PostgreSQL's own: what is said twice or
    -- of no interest costs a second reading at worst; what is left out would be overlooked. Keys are numbers of columns, so the
    -- columns say theirs.
    SELECT c.oid, ROW(
        c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), a.amname, t.spcname,
        c.relacl, c.reloptions, o.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition,
        nullif(c.reloftype, 0)::regtype, pg_get_expr(c.relpartbound, c.oid),
        CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END)::text
    FROM pg_class AS c
    LEFT JOIN pg_am AS a ON a.oid = c.relam
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_class AS o ON o.oid = c.reltoastrelid AND c.reltoastrelid <> 0
    WHERE c.relnamespace = ANY (p_schema_ids) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT c.oid, ROW(
        a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
        a.attcompression, a.attstattarget, a.attoptions, a.attfdwoptions, a.attacl, a.attislocal, a.attinhcount,
        CASE WHEN a.attcollation NOT IN (0, 100) THEN a.attcollation::regcollation END,
        pg_get_expr(d.adbin, d.adrelid))::text
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
    WHERE c.relnamespace = ANY (p_schema_ids) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT k.conrelid, ROW(
        k.conname, k.contype, k.convalidated, k.connoinherit, k.conislocal, k.coninhcount, k.condeferrable, k.condeferred,
        k.conparentid <> 0, CASE WHEN k.contype IN ('n', 'p', 'u') THEN k.conkey::text ELSE pg_get_constraintdef(k.oid) END)::text
    FROM pg_constraint AS k
    WHERE k.connamespace = ANY (p_schema_ids) AND k.conrelid <> 0
    UNION ALL
    SELECT i.indrelid, ROW(
        c.relname,
        CASE
            WHEN i.indexprs IS NULL AND i.indpred IS NULL AND (i.indclass, i.indcollation)::text !~ '[0-9]{5}'
                THEN ROW(a.amname, i.indkey, i.indnkeyatts, i.indclass, i.indcollation, i.indoption, i.indnullsnotdistinct)::text
            ELSE pg_get_indexdef(i.indexrelid)
        END,
        i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate, i.indisclustered, i.indisvalid, i.indisready,
        i.indisreplident, c.relispartition, c.reloptions, t.spcname)::text
    FROM pg_class AS c
    JOIN pg_index AS i ON i.indexrelid = c.oid
    JOIN pg_am AS a ON a.oid = c.relam
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    WHERE c.relnamespace = ANY (p_schema_ids) AND c.relkind IN ('i', 'I')
    UNION ALL
    SELECT i.indrelid, ROW(a.attrelid::regclass, a.attname, a.attstattarget, a.attoptions)::text
    FROM pg_attribute AS a
    JOIN pg_index AS i ON i.indexrelid = a.attrelid
    WHERE a.attstattarget >= 0 OR a.attoptions IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.relation_facts(oid[]) IS $$
What the catalog says of relations, row by row, with the relation it is said of: themselves, columns, constraints and indexes.
$$;

CREATE OR REPLACE FUNCTION _pggit.relation_further_facts(p_schema_ids oid[])
RETURNS TABLE (objid oid, fact text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 2000
BEGIN ATOMIC
    SELECT t.tgrelid, ROW(pg_get_triggerdef(t.oid), t.tgenabled, t.tgparentid <> 0)::text
    FROM pg_trigger AS t
    WHERE NOT t.tgisinternal
    UNION ALL
    SELECT p.polrelid, ROW(
        p.polname, p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
        ARRAY(SELECT pg_get_userbyid(r.role) FROM unnest(p.polroles) AS r(role) ORDER BY 1))::text
    FROM pg_policy AS p
    UNION ALL
    SELECT w.ev_class, ROW(w.rulename, w.ev_enabled, pg_get_ruledef(w.oid))::text
    FROM pg_rewrite AS w
    JOIN pg_class AS c ON c.oid = w.ev_class
    WHERE c.relnamespace = ANY (p_schema_ids)
    UNION ALL
    SELECT h.inhrelid, ROW('parent', h.inhparent::regclass, h.inhseqno)::text
    FROM pg_inherits AS h
    UNION ALL
    SELECT x.indrelid, ROW('parent', h.inhrelid::regclass, h.inhparent::regclass)::text
    FROM pg_inherits AS h
    JOIN pg_index AS x ON x.indexrelid = h.inhrelid
    UNION ALL
    -- what a parent says of its indexes depends on those of its partitions
    SELECT x.indrelid, ROW('holds', h.inhparent::regclass)::text
    FROM pg_inherits AS h
    JOIN pg_index AS x ON x.indexrelid = h.inhparent
    JOIN pg_constraint AS k ON k.conindid = h.inhrelid AND k.conparentid = 0
    UNION ALL
    -- the sequence of an identity column is said of its table
    SELECT coalesce(w.refobjid, s.seqrelid), ROW(
        s.seqrelid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
        c.relpersistence, c.relacl)::text
    FROM pg_sequence AS s
    JOIN pg_class AS c ON c.oid = s.seqrelid
    LEFT JOIN pg_depend AS w ON w.classid = 'pg_class'::regclass AND w.objid = s.seqrelid AND w.deptype = 'i'
        AND w.refclassid = 'pg_class'::regclass
    UNION ALL
    SELECT s.seqrelid, ROW('owner', w.refobjid::regclass, (
        -- looked up by itself, here and below: a join would read all columns that there are
        SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = w.refobjid AND a.attnum = w.refobjsubid))::text
    FROM pg_sequence AS s
    JOIN pg_depend AS w ON w.classid = 'pg_class'::regclass AND w.objid = s.seqrelid AND w.deptype IN ('a', 'i')
        AND w.refclassid = 'pg_class'::regclass
    UNION ALL
    SELECT f.ftrelid, ROW(v.srvname, f.ftoptions)::text
    FROM pg_foreign_table AS f
    JOIN pg_foreign_server AS v ON v.oid = f.ftserver
    UNION ALL
    SELECT d.objoid, ROW('comment', CASE WHEN d.objsubid <> 0 THEN (
        SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = d.objoid AND a.attnum = d.objsubid) END, d.description)::text
    FROM pg_description AS d
    WHERE d.classoid = 'pg_class'::regclass
    UNION ALL
    SELECT p.relid, ROW('comment of part', p.name, d.classoid::regclass, d.description)::text
    FROM pg_description AS d
    CROSS JOIN LATERAL (
        SELECT i.indrelid AS relid, x.relname AS name FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
        WHERE d.classoid = 'pg_class'::regclass AND i.indexrelid = d.objoid
        UNION ALL
        SELECT k.conrelid, k.conname FROM pg_constraint AS k WHERE d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid
        UNION ALL
        SELECT t.tgrelid, t.tgname FROM pg_trigger AS t WHERE d.classoid = 'pg_trigger'::regclass AND t.oid = d.objoid
        UNION ALL
        SELECT y.polrelid, y.polname FROM pg_policy AS y WHERE d.classoid = 'pg_policy'::regclass AND y.oid = d.objoid
        UNION ALL
        SELECT w.ev_class, w.rulename FROM pg_rewrite AS w WHERE d.classoid = 'pg_rewrite'::regclass AND w.oid = d.objoid
    ) AS p
    WHERE d.classoid IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
        'pg_rewrite'::regclass)
    UNION ALL
    SELECT coalesce(i.indrelid, l.objoid), ROW('label', l.objoid::regclass, l.objsubid, l.provider, l.label)::text
    FROM pg_seclabel AS l
    LEFT JOIN pg_index AS i ON i.indexrelid = l.objoid
    WHERE l.classoid = 'pg_class'::regclass;
END;
COMMENT ON FUNCTION _pggit.relation_further_facts(oid[]) IS $$
The same for what only some relations have: triggers, policies, rules, parents, sequences, comments, labels.
$$;

CREATE OR REPLACE FUNCTION _pggit.catalog_marks(p_schemas name[])
RETURNS SETOF _pggit.catalog_mark
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 3000
-- no schema of the user is on the path: every name of theirs prints with its schema
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
-- right after a restore the catalogs have no statistics: the planner would loop
SET enable_nestloop = off
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET quote_all_identifiers = off
SET work_mem = '32MB'
AS $$
DECLARE
    v_schema_ids oid[] := ARRAY(SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = ANY (p_schemas));
BEGIN
    RETURN QUERY
    SELECT 'relation', n.nspname::text, c.relname::text, NULL::text, c.oid, m.mark
    FROM (
        -- Sums of two hashes of 64 bits, so that nothing has to be sorted: that would take as long as all the definitions.
        SELECT f.objid, convert_to(format('%s %s %s', count(*), sum(hashtextextended(f.fact, 0)), sum(hashtextextended(f.fact, 1))),
            'UTF8') AS mark
        FROM (
            SELECT f.objid, f.fact FROM _pggit.relation_facts(v_schema_ids) AS f
            UNION ALL
            SELECT f.objid, f.fact FROM _pggit.relation_further_facts(v_schema_ids) AS f
        ) AS f
        GROUP BY f.objid
    ) AS m
    JOIN pg_class AS c ON c.oid = m.objid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relnamespace = ANY (v_schema_ids) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'routine', n.nspname::text, p.proname::text, pg_get_function_identity_arguments(p.oid), p.oid,
        -- an aggregate has no definition that PostgreSQL prints: it is read always
        CASE WHEN p.prokind <> 'a' THEN sha256(convert_to(ROW(
            pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner), p.proacl, p.prosupport::regproc, d.description)::text, 'UTF8')) END
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    LEFT JOIN pg_description AS d ON d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid AND d.objsubid = 0
    WHERE p.pronamespace = ANY (v_schema_ids);
END;
$$;
COMMENT ON FUNCTION _pggit.catalog_marks(name[]) IS $$
A digest of each relation and routine of some schemas. Where two databases of one major version have the same mark under the same name,
the readers would give the same objects for it and its parts. A NULL mark equals no other.
$$;
