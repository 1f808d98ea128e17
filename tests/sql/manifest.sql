-- One line for everything that pggit is in the catalog, in an order of its own. Shares no code with pggit's differ.
-- Lines that begin with "text" are left out of the checked-in manifest: the sources show them.
WITH ours AS (
    SELECT n.oid, n.nspname FROM pg_namespace AS n WHERE n.nspname IN ('pggit', '_pggit', 'pggit_analytics')
), rights AS (
    SELECT o.kind, o.name, a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END AS privilege,
        CASE WHEN a.grantee = 0 THEN 'PUBLIC' WHEN a.grantee = o.owner THEN 'owner' ELSE a.grantee::regrole::text END AS grantee
    FROM (
        SELECT 'schema' AS kind, n.nspname::text AS name, n.nspowner AS owner, coalesce(n.nspacl, acldefault('n', n.nspowner)) AS acl
        FROM pg_namespace AS n JOIN ours USING (oid)
        UNION ALL
        SELECT 'relation', format('%s.%s', ours.nspname, c.relname), c.relowner,
            coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
        FROM pg_class AS c JOIN ours ON ours.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT 'routine', p.oid::regprocedure::text, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
        FROM pg_proc AS p JOIN ours ON ours.oid = p.pronamespace
        UNION ALL
        SELECT 'type', t.oid::regtype::text, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
        FROM pg_type AS t JOIN ours ON ours.oid = t.typnamespace WHERE t.typelem = 0
    ) AS o, aclexplode(o.acl) AS a
), lines (line) AS (
    SELECT CASE WHEN kind = 'routine' AND name ~ '^_pggit\.' THEN 'text ' ELSE '' END || format('grant %s %s: %s to %s', kind, name, string_agg(privilege, ', ' ORDER BY privilege COLLATE "C"), grantee)
    FROM rights
    WHERE grantee <> 'owner' AND privilege !~ '^MAINTAIN'
    GROUP BY kind, name, grantee
    UNION ALL
    SELECT format('relation %s %s.%s persistence %s options %s row security %s %s', c.relkind, ours.nspname, c.relname, c.relpersistence,
        c.reloptions, c.relrowsecurity, c.relforcerowsecurity)
    FROM pg_class AS c JOIN ours ON ours.oid = c.relnamespace WHERE c.relkind NOT IN ('i', 't', 'c')
    UNION ALL
    SELECT format('column %s.%s %s %s %s%s%s%s%s', ours.nspname, c.relname,
        lpad(row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::text, 2, '0'), a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' NOT NULL' END, ' default ' || pg_get_expr(d.adbin, d.adrelid),
        nullif(' identity ' || a.attidentity::text, ' identity '), nullif(' generated ' || a.attgenerated::text, ' generated '))
    FROM pg_class AS c
    JOIN ours ON ours.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'c')
    UNION ALL
    SELECT format('constraint %s.%s %s: %s%s', ours.nspname, coalesce(c.relname, t.typname), k.conname, pg_get_constraintdef(k.oid),
        CASE WHEN NOT k.convalidated THEN ' NOT VALID' END)
    FROM pg_constraint AS k
    JOIN ours ON ours.oid = k.connamespace
    LEFT JOIN pg_class AS c ON c.oid = k.conrelid
    LEFT JOIN pg_type AS t ON t.oid = k.contypid
    WHERE k.contype <> 'n' -- a row of its own since 18; the column's line has it
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(i.indexrelid)
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN ours ON ours.oid = c.relnamespace
    WHERE c.relkind IN ('i', 'I')
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(t.oid)
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN ours ON ours.oid = c.relnamespace
    WHERE NOT t.tgisinternal
    UNION ALL
    SELECT format('policy %s.%s %s', p.schemaname, p.tablename, to_jsonb(p) - 'schemaname' - 'tablename')
    FROM pg_policies AS p JOIN ours ON ours.nspname = p.schemaname
    UNION ALL
    SELECT format('text view %s.%s %s', ours.nspname, c.relname, md5(pg_get_viewdef(c.oid)))
    FROM pg_class AS c JOIN ours ON ours.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
    UNION ALL
    SELECT format('sequence %s.%s %s start %s by %s from %s to %s cache %s cycle %s of %s', s.schemaname, s.sequencename, s.data_type,
        s.start_value, s.increment_by, s.min_value, s.max_value, s.cache_size, s.cycle, d.refobjid::regclass)
    FROM pg_sequences AS s
    JOIN ours ON ours.nspname = s.schemaname
    LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    UNION ALL
    SELECT format('type %s kind %s%s', t.oid::regtype, t.typtype,
        (SELECT ' labels ' || string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
         FROM pg_enum AS e WHERE e.enumtypid = t.oid))
    FROM pg_type AS t JOIN ours ON ours.oid = t.typnamespace
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE t.typtype <> 'b' AND (c.oid IS NULL OR c.relkind = 'c')
    UNION ALL
    SELECT format('routine %s(%s) returns %s, %s kind %s volatility %s parallel %s%s%s%s cost %s rows %s', p.oid::regproc,
        pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname, p.prokind, p.provolatile, p.proparallel,
        CASE WHEN p.prosecdef THEN ' security definer' END, CASE WHEN p.proisstrict THEN ' strict' END,
        ' set ' || array_to_string(p.proconfig, ' set '), p.procost, p.prorows)
    FROM pg_proc AS p JOIN ours ON ours.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
    UNION ALL
    SELECT format('text routine %s %s', p.oid::regprocedure, md5(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)))
    FROM pg_proc AS p JOIN ours ON ours.oid = p.pronamespace
    UNION ALL
    SELECT format('text comment %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid),
        replace(d.description, E'\n', ' '))
    FROM pg_description AS d
    WHERE EXISTS (
        SELECT FROM pg_depend AS x JOIN ours ON ours.oid = x.refobjid
        WHERE x.classid = d.classoid AND x.objid = d.objoid AND x.refclassid = 'pg_namespace'::regclass
    ) OR d.classoid = 'pg_namespace'::regclass AND d.objoid IN (SELECT oid FROM ours)
    UNION ALL
    SELECT 'statistics ' || pg_get_statisticsobjdef(s.oid)
    FROM pg_statistic_ext AS s JOIN ours ON ours.oid = s.stxnamespace
    UNION ALL
    SELECT format('cast %s to %s', c.castsource::regtype, c.casttarget::regtype)
    FROM pg_cast AS c
    WHERE EXISTS (SELECT FROM pg_type AS t JOIN ours ON ours.oid = t.typnamespace WHERE t.oid IN (c.castsource, c.casttarget))
    UNION ALL
    SELECT format('other %s', pg_describe_object(d.classid, d.objid, d.objsubid))
    FROM pg_depend AS d JOIN ours ON ours.oid = d.refobjid
    WHERE d.refclassid = 'pg_namespace'::regclass
      AND d.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass,
          'pg_statistic_ext'::regclass)
    UNION ALL
    SELECT format('error code %s %s: %s', e.error_code, e.condition, e.description) FROM _pggit.error_codes AS e
    UNION ALL
    SELECT format('extension dumps %s %s', c.oid::regclass, c.condition)
    FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS c(oid, condition)
    WHERE e.extname = 'pggit'
    UNION ALL
    SELECT format('extension member %s', pg_describe_object(d.classid, d.objid, d.objsubid))
    FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'pggit'
)
SELECT line FROM lines ORDER BY line COLLATE "C";
