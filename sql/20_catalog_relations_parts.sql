-- Catalog of what hangs on tables: constraints, indexes, triggers, policies and rules, read into catalog rows.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.column_names(p_relation oid, p_numbers smallint[])
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(quote_ident(a.attname) ORDER BY k.place)
    FROM unnest(p_numbers) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute AS a ON a.attrelid = p_relation AND a.attnum = k.number;
END;
COMMENT ON FUNCTION _pggit.column_names(oid, smallint[]) IS $$
The names of a relation's columns, quoted, in the order asked for.
$$;

CREATE OR REPLACE FUNCTION _pggit.constraint_attrs(p_constraint pg_constraint, p_index pg_index, p_definition text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'type', CASE (p_constraint).contype
            WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign_key' WHEN 'c' THEN 'check'
            WHEN 'x' THEN 'exclusion' END,
        'definition', CASE WHEN (p_constraint).contype = 'x' THEN _pggit.settled(p_definition) END,
        'expression', CASE WHEN (p_constraint).contype = 'c' THEN
            _pggit.settled(pg_get_expr((p_constraint).conbin, (p_constraint).conrelid, true)) END,
        'no_inherit', CASE WHEN (p_constraint).contype = 'c' THEN nullif((p_constraint).connoinherit, false) END,
        'key_columns', CASE WHEN (p_constraint).contype IN ('p', 'u', 'f') THEN
            _pggit.column_names((p_constraint).conrelid, (p_constraint).conkey) END,
        'include', CASE WHEN (p_index).indnatts > (p_index).indnkeyatts THEN _pggit.column_names(
            (p_constraint).conrelid, ((p_index).indkey::smallint[])[(p_index).indnkeyatts:]) END,
        'nulls_not_distinct', nullif((p_index).indnullsnotdistinct, false),
        -- of a partitioned table: not every partition has its part yet
        'only', CASE WHEN NOT (p_index).indisvalid THEN true END,
        'period', CASE
            WHEN (p_constraint).contype = 'f' AND strpos(p_definition, ', PERIOD ') > 0 THEN true
            WHEN (p_constraint).contype IN ('p', 'u') AND strpos(p_definition, ' WITHOUT OVERLAPS)') > 0 THEN true END,
        'target', CASE WHEN (p_constraint).confrelid <> 0 THEN (p_constraint).confrelid::regclass::text END,
        'target_columns', _pggit.column_names((p_constraint).confrelid, (p_constraint).confkey),
        'match', CASE (p_constraint).confmatchtype WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial' END,
        'on_update', CASE (p_constraint).confupdtype
            WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END,
        'on_delete', CASE (p_constraint).confdeltype
            WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END,
        'on_delete_columns', _pggit.column_names((p_constraint).conrelid, (p_constraint).confdelsetcols),
        'deferrable', CASE
            WHEN (p_constraint).condeferred THEN 'initially deferred'
            WHEN (p_constraint).condeferrable THEN 'initially immediate' END,
        'not_enforced', CASE WHEN p_definition LIKE '%NOT ENFORCED' THEN true END,
        'not_valid', CASE
            WHEN NOT (p_constraint).convalidated AND p_definition NOT LIKE '%NOT ENFORCED' THEN true END,
        'clustered', nullif((p_index).indisclustered, false),
        'replica_identity', nullif((p_index).indisreplident, false)
    ));
END;
COMMENT ON FUNCTION _pggit.constraint_attrs(pg_constraint, pg_index, text) IS $$
The attributes of a constraint, its index among them.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_constraints(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 5000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_constraint'::regclass::oid, k.oid, 0, 'constraint', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, k.conname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            _pggit.constraint_attrs(k, i, pg_get_constraintdef(k.oid, true))
        END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('comment', d.description) END
        || CASE WHEN t.spcname IS NULL THEN '{}' ELSE jsonb_build_object('tablespace', t.spcname) END
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || CASE WHEN c.relispartition THEN '{"attached": true}'::jsonb ELSE '{}' END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
    LEFT JOIN pg_index AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class AS c ON c.oid = i.indexrelid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass AND d.objsubid = 0
    WHERE r.relkind IN ('r', 'p', 'f')
      AND k.conparentid = 0
      AND (k.conislocal OR k.contype <> 'c')
      AND (k.coninhcount = 0 OR NOT r.relispartition)
      AND (p_only IS NULL OR k.oid = ANY (p_only))
    UNION ALL
    SELECT
        'pg_constraint'::regclass::oid, k.oid, 0, 'constraint', 'pg_type'::regclass::oid, y.oid,
        s.logical::text, y.typname::text, k.conname::text, NULL::text,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN jsonb_strip_nulls(jsonb_build_object(
            'type', 'check',
            'expression', _pggit.settled(pg_get_expr(k.conbin, 0, true)),
            'not_valid', CASE WHEN NOT k.convalidated THEN true END,
            'comment', d.description
        )) END
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_type AS y ON y.typnamespace = s.nspoid
    JOIN pg_constraint AS k ON k.contypid = y.oid AND k.contype = 'c'
    LEFT JOIN pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass AND d.objsubid = 0
    WHERE NOT EXISTS (
        SELECT
        FROM pg_depend AS x
        WHERE x.classid = 'pg_type'::regclass AND x.objid = y.oid AND x.deptype = 'e'
    )
      AND (p_only IS NULL OR k.oid = ANY (p_only));
END;
$$;
COMMENT ON FUNCTION _pggit._read_constraints(name[], name[], oid[]) IS $$
Constraints of tables and domains; what partitions and heirs have from their parents is left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.index_attrs(
    p_index pg_index,
    p_definition text,
    p_head text,
    p_where text,
    p_options text[]
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH part AS (
        SELECT
            CASE WHEN (p_index).indnatts > (p_index).indnkeyatts THEN ' INCLUDE (' || (
                SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
                FROM unnest(((p_index).indkey::smallint[])[(p_index).indnkeyatts:])
                    WITH ORDINALITY AS k(number, place)
                JOIN pg_attribute AS a ON a.attrelid = (p_index).indrelid AND a.attnum = k.number
            ) || ')' ELSE '' END
            || CASE WHEN (p_index).indnullsnotdistinct THEN ' NULLS NOT DISTINCT' ELSE '' END
            || coalesce(' WITH (' || (
                SELECT string_agg(
                    quote_ident(split_part(o.item, '=', 1)) || '='
                    || CASE WHEN quote_ident(v.value) = v.value THEN v.value ELSE quote_literal(v.value) END,
                    ', ' ORDER BY o.place)
                FROM unnest(p_options) WITH ORDINALITY AS o(item, place)
                CROSS JOIN LATERAL (SELECT substr(o.item, strpos(o.item, '=') + 1)) AS v(value)
            ) || ')', '')
            || coalesce(' WHERE ' || p_where, '') AS tail,
            substr(p_definition, length(p_head) + 1) AS body
    ), cut AS (
        SELECT left(p.body, length(p.body) - length(p.tail)) AS body FROM part AS p
    )
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'method', nullif(split_part(c.body, ' (', 1), 'btree'),
        'unique', nullif((p_index).indisunique, false),
        'keys', _pggit.settled(substr(c.body, strpos(c.body, ' (') + 1)),
        'include', CASE WHEN (p_index).indnatts > (p_index).indnkeyatts THEN _pggit.column_names(
            (p_index).indrelid, ((p_index).indkey::smallint[])[(p_index).indnkeyatts:]) END,
        'nulls_not_distinct', nullif((p_index).indnullsnotdistinct, false),
        'where', _pggit.settled(p_where),
        'invalid', CASE WHEN NOT (p_index).indisvalid AND strpos(p_head, ' ON ONLY ') = 0 THEN true END,
        'only', CASE WHEN NOT (p_index).indisvalid AND strpos(p_head, ' ON ONLY ') > 0 THEN true END,
        'clustered', nullif((p_index).indisclustered, false),
        'replica_identity', nullif((p_index).indisreplident, false)
    ))
    FROM cut AS c;
END;
COMMENT ON FUNCTION _pggit.index_attrs(pg_index, text, text, text, text[]) IS $$
The attributes of an index, its keys cut out of the definition that PostgreSQL prints.
p_head: the definition up to and including USING; the printed tail is known exactly from the other attributes.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_indexes(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 5000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, c.oid, 0, 'index', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, c.relname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN _pggit.index_attrs(
            i,
            pg_get_indexdef(c.oid, 0, true),
            'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(c.relname)
                || ' ON ' || CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END || r.oid::regclass::text || ' USING ',
            pg_get_expr(i.indpred, i.indrelid, true),
            c.reloptions
        ) END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('comment', d.description) END
        || CASE WHEN t.spcname IS NULL THEN '{}' ELSE jsonb_build_object('tablespace', t.spcname) END
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || coalesce((
            SELECT jsonb_object_agg('statistics:' || a.attnum, a.attstattarget)
            FROM pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attstattarget >= 0
        ), '{}')
        || CASE WHEN c.relkind = 'I' AND EXISTS (
            SELECT
            FROM pg_inherits AS h
            JOIN pg_depend AS o ON o.classid = 'pg_class'::regclass AND o.objid = h.inhrelid
                AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
            JOIN pg_constraint AS x ON x.oid = o.refobjid AND x.conparentid = 0 AND x.contype IN ('p', 'u')
            WHERE h.inhparent = c.oid
        ) THEN '{"holds_keys": true}'::jsonb ELSE '{}' END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_index AS i ON i.indrelid = r.oid
    JOIN pg_class AS c ON c.oid = i.indexrelid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    WHERE r.relkind IN ('r', 'p', 'm')
      -- no index of pg_constraint leads from an index to its constraint; its dependency does
      AND NOT EXISTS (
          SELECT
          FROM pg_depend AS o
          WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
            AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
      )
      AND NOT c.relispartition
      AND (p_only IS NULL OR c.oid = ANY (p_only));
END;
$$;
COMMENT ON FUNCTION _pggit._read_indexes(name[], name[], oid[]) IS $$
Indexes, those of constraints and those attached to the index of a partitioned table left out.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_partition_indexes(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, v.oid, 0, 'partition_index', 'pg_class'::regclass::oid, v.indrelid,
        v.logical::text, v.relname::text, v.parent::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object('index_name', v.name, 'usual_name', v.usual_name, 'comment', v.comment))
    FROM (
        SELECT
            c.oid, i.indrelid, r.logical, r.relname, u.relname AS parent, c.relname AS name,
            _pggit.default_name(r.relname, w.columns, w.label) AS usual_name,
            -- where the usual name is taken, PostgreSQL counts: which number an index got depends on the order in which they were made
            _pggit.default_name(r.relname, w.columns, w.label || substring(c.relname FROM '[0-9]+$')) AS counted_name,
            coalesce(obj_description(k.oid, 'pg_constraint'), obj_description(c.oid, 'pg_class')) AS comment
        FROM _pggit.read_relations(p_logical, p_live) AS r
        JOIN pg_index AS i ON i.indrelid = r.oid
        JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relispartition
        JOIN pg_inherits AS h ON h.inhrelid = c.oid
        JOIN pg_class AS u ON u.oid = h.inhparent
        LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
        CROSS JOIN LATERAL (
            SELECT
                -- an index keeps the names that its own was made of
                CASE WHEN NOT i.indisprimary THEN (
                    SELECT string_agg(a.attname, '_' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid) END AS columns,
                CASE WHEN i.indisprimary THEN 'pkey' WHEN k.contype = 'u' THEN 'key' WHEN k.contype = 'x' THEN 'excl' ELSE 'idx' END
                    AS label
        ) AS w
        WHERE r.relispartition
          -- a key of the partition's own, beside an index of its parent, is a constraint by itself
          AND k.conparentid IS DISTINCT FROM 0
          AND (p_only IS NULL OR c.oid = ANY (p_only))
    ) AS v
    WHERE v.name <> v.usual_name AND v.name IS DISTINCT FROM v.counted_name
       OR v.comment IS NOT NULL;
END;
$$;
COMMENT ON FUNCTION _pggit._read_partition_indexes(name[], name[], oid[]) IS $$
The indexes that partitions have from their parents, as far as they have a name or comment of their own; each stands under the name
of its parent's.
$$;

CREATE OR REPLACE FUNCTION _pggit.trigger_attrs(p_trigger pg_trigger, p_definition text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'timing', CASE
            WHEN (p_trigger).tgtype & 2 <> 0 THEN 'before' WHEN (p_trigger).tgtype & 64 <> 0 THEN 'instead of'
            ELSE 'after' END,
        'events', concat_ws(' or ',
            CASE WHEN (p_trigger).tgtype & 4 <> 0 THEN 'insert' END,
            CASE WHEN (p_trigger).tgtype & 8 <> 0 THEN 'delete' END,
            CASE WHEN (p_trigger).tgtype & 16 <> 0 THEN 'update' END,
            CASE WHEN (p_trigger).tgtype & 32 <> 0 THEN 'truncate' END),
        'update_of', _pggit.column_names((p_trigger).tgrelid, (p_trigger).tgattr::smallint[]),
        'level', CASE WHEN (p_trigger).tgtype & 1 <> 0 THEN 'row' END,
        'old_table', (p_trigger).tgoldtable,
        'new_table', (p_trigger).tgnewtable,
        'when', CASE WHEN (p_trigger).tgqual IS NOT NULL THEN
            _pggit.settled(substring(r.rest FROM ' FOR EACH (?:ROW|STATEMENT) WHEN \((.*)\) EXECUTE FUNCTION ')) END,
        'function', CASE
            WHEN (p_trigger).tgqual IS NULL
                THEN substring(r.rest FROM ' FOR EACH (?:ROW|STATEMENT) EXECUTE FUNCTION (.*)$')
            WHEN (p_trigger).tgnargs = 0
                THEN substring(r.rest FROM '^.*\) EXECUTE FUNCTION (.*)$')
            ELSE substring(r.rest FROM '^.*?\) EXECUTE FUNCTION (.*)$') END,
        'constraint', CASE WHEN (p_trigger).tgconstraint <> 0 THEN true END,
        'from_table', CASE WHEN (p_trigger).tgconstrrelid <> 0 THEN (p_trigger).tgconstrrelid::regclass::text END,
        'deferrable', CASE
            WHEN (p_trigger).tginitdeferred THEN 'initially deferred'
            WHEN (p_trigger).tgdeferrable THEN 'initially immediate' END,
        'enabled', CASE (p_trigger).tgenabled
            WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END
    ))
    FROM (
        SELECT substr(p_definition, length(
            'CREATE ' || CASE WHEN (p_trigger).tgconstraint <> 0 THEN 'CONSTRAINT ' ELSE '' END
            || 'TRIGGER ' || quote_ident((p_trigger).tgname)) + 1)
    ) AS r(rest);
END;
COMMENT ON FUNCTION _pggit.trigger_attrs(pg_trigger, text) IS $$
The attributes of a trigger; condition and call are cut out of the definition that PostgreSQL prints.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_triggers(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_trigger'::regclass::oid, t.oid, 0, 'trigger', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, t.tgname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            _pggit.trigger_attrs(t, pg_get_triggerdef(t.oid, true))
        END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('comment', d.description) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_trigger AS t ON t.tgrelid = r.oid
    LEFT JOIN pg_description AS d ON d.objoid = t.oid AND d.classoid = 'pg_trigger'::regclass AND d.objsubid = 0
    WHERE NOT t.tgisinternal
      AND t.tgparentid = 0
      AND (p_only IS NULL OR t.oid = ANY (p_only));
END;
$$;
COMMENT ON FUNCTION _pggit._read_triggers(name[], name[], oid[]) IS $$
Triggers of tables and views.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_policies(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_policy'::regclass::oid, p.oid, 0, 'policy', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, p.polname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN jsonb_strip_nulls(jsonb_build_object(
            'restrictive', CASE WHEN NOT p.polpermissive THEN true END,
            'command', CASE p.polcmd
                WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' END,
            'roles', CASE WHEN p.polroles <> '{0}' THEN (
                SELECT jsonb_agg(pg_get_userbyid(m.role) ORDER BY pg_get_userbyid(m.role))
                FROM unnest(p.polroles) AS m(role)) END,
            'using', _pggit.settled(pg_get_expr(p.polqual, p.polrelid, true)),
            'check', _pggit.settled(pg_get_expr(p.polwithcheck, p.polrelid, true)),
            'comment', d.description
        )) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_policy AS p ON p.polrelid = r.oid
    LEFT JOIN pg_description AS d ON d.objoid = p.oid AND d.classoid = 'pg_policy'::regclass AND d.objsubid = 0
    WHERE p_only IS NULL OR p.oid = ANY (p_only);
END;
$$;
COMMENT ON FUNCTION _pggit._read_policies(name[], name[], oid[]) IS $$
Row-level security policies.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_rules(p_logical name[], p_live name[], p_only oid[] DEFAULT NULL)
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
        'pg_rewrite'::regclass::oid, w.oid, 0, 'rule', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, w.rulename::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN jsonb_strip_nulls(jsonb_build_object(
            'definition', _pggit.settled(rtrim(substr(
                pg_get_ruledef(w.oid, true), length('CREATE RULE ' || quote_ident(w.rulename) || ' AS') + 1), ';')),
            'enabled', CASE w.ev_enabled
                WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END,
            'comment', d.description
        )) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_rewrite AS w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
    LEFT JOIN pg_description AS d ON d.objoid = w.oid AND d.classoid = 'pg_rewrite'::regclass AND d.objsubid = 0
    WHERE p_only IS NULL OR w.oid = ANY (p_only);
END;
$$;
COMMENT ON FUNCTION _pggit._read_rules(name[], name[], oid[]) IS $$
Rewrite rules; those that are a view's query belong to the view.
$$;
