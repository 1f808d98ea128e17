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

CREATE OR REPLACE FUNCTION _pggit._read_constraints(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 5000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_constraint'::regclass::oid, k.oid, 0, 'constraint', 'pg_class'::regclass::oid, r.oid,
        s.logical::text, r.relname::text, k.conname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'type', CASE k.contype
                    WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign_key' WHEN 'c' THEN 'check'
                    WHEN 'x' THEN 'exclusion' END,
                'definition', CASE WHEN k.contype = 'x' THEN _pggit.settled(p.definition) END,
                'expression', CASE WHEN k.contype = 'c' THEN _pggit.settled(pg_get_expr(k.conbin, k.conrelid, true)) END,
                'no_inherit', CASE WHEN k.contype = 'c' THEN nullif(k.connoinherit, false) END,
                'key_columns', CASE
                    WHEN k.contype NOT IN ('p', 'u', 'f') THEN NULL
                    WHEN cardinality(k.conkey) > 1 THEN _pggit.column_names(k.conrelid, k.conkey)
                    ELSE (SELECT jsonb_build_array(quote_ident(a.attname))
                        FROM pg_attribute AS a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) END,
                'include', CASE WHEN i.indnatts > i.indnkeyatts THEN _pggit.column_names(
                    k.conrelid, (i.indkey::smallint[])[i.indnkeyatts:]) END,
                'nulls_not_distinct', nullif(i.indnullsnotdistinct, false),
                -- of a partitioned table: not every partition has its part yet
                'only', CASE WHEN NOT i.indisvalid THEN true END,
                'period', CASE
                    WHEN k.contype = 'f' AND strpos(p.definition, ', PERIOD ') > 0 THEN true
                    WHEN k.contype IN ('p', 'u') AND strpos(p.definition, ' WITHOUT OVERLAPS)') > 0 THEN true END,
                'target', CASE WHEN k.confrelid <> 0 THEN k.confrelid::regclass::text END,
                'target_columns', CASE
                    WHEN k.confrelid = 0 THEN NULL
                    WHEN cardinality(k.confkey) > 1 THEN _pggit.column_names(k.confrelid, k.confkey)
                    ELSE (SELECT jsonb_build_array(quote_ident(a.attname))
                        FROM pg_attribute AS a WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1]) END,
                'match', CASE k.confmatchtype WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial' END,
                'on_update', CASE k.confupdtype
                    WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END,
                'on_delete', CASE k.confdeltype
                    WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END,
                'on_delete_columns', CASE WHEN k.confdelsetcols IS NOT NULL THEN
                    _pggit.column_names(k.conrelid, k.confdelsetcols) END,
                'deferrable', CASE
                    WHEN k.condeferred THEN 'initially deferred' WHEN k.condeferrable THEN 'initially immediate' END,
                'not_enforced', CASE WHEN p.definition LIKE '%NOT ENFORCED' THEN true END,
                'not_valid', CASE WHEN NOT k.convalidated AND p.definition NOT LIKE '%NOT ENFORCED' THEN true END,
                'clustered', nullif(i.indisclustered, false),
                'replica_identity', nullif(i.indisreplident, false)
            ))
        END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('comment', d.description) END
        || CASE WHEN e.description IS NULL THEN '{}' ELSE jsonb_build_object('index_comment', e.description) END
        || CASE WHEN t.spcname IS NULL THEN '{}' ELSE jsonb_build_object('tablespace', t.spcname) END
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || CASE WHEN c.relispartition THEN '{"attached": true}'::jsonb ELSE '{}' END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_constraint AS k ON k.oid = w.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0
        AND (k.conislocal OR k.contype <> 'c')
    JOIN pg_class AS r ON r.oid = k.conrelid AND (k.coninhcount = 0 OR NOT r.relispartition)
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
    LEFT JOIN pg_index AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class AS c ON c.oid = i.indexrelid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass AND d.objsubid = 0
    LEFT JOIN pg_description AS e ON e.objoid = c.oid AND e.classoid = 'pg_class'::regclass AND e.objsubid = 0
    CROSS JOIN LATERAL (
        -- Printed only where the catalog says it otherwise in no version: what is not enforced is not validated either, and
        -- without overlaps there are operators of exclusion, on the referenced side too.
        SELECT CASE
            WHEN k.contype = 'x' OR NOT k.convalidated OR k.conexclop IS NOT NULL
                OR k.contype = 'f' AND (SELECT x.indisexclusion FROM pg_index AS x WHERE x.indexrelid = k.conindid)
                THEN pg_get_constraintdef(k.oid, true) END AS definition
        OFFSET 0
    ) AS p;
    RETURN QUERY SELECT * FROM _pggit.read_domain_constraints(p_places, p_only);
END;
$$;
COMMENT ON FUNCTION _pggit._read_constraints(_pggit.catalog_place[], oid[]) IS $$
Constraints of tables and domains; what partitions and heirs have from their parents is left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_domain_constraints(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 50
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_constraint'::regclass::oid, k.oid, 0, 'constraint', 'pg_type'::regclass::oid, y.oid,
        s.logical::text, y.typname::text, k.conname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN jsonb_strip_nulls(jsonb_build_object(
            'type', 'check',
            'expression', _pggit.settled(pg_get_expr(k.conbin, 0, true)),
            'not_valid', CASE WHEN NOT k.convalidated THEN true END,
            'comment', d.description
        )) END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_constraint AS k ON k.oid = w.oid AND k.contype = 'c'
    JOIN pg_type AS y ON y.oid = k.contypid
    JOIN unnest(p_places) AS s ON s.nspoid = y.typnamespace
    LEFT JOIN pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass AND d.objsubid = 0;
END;
$$;
COMMENT ON FUNCTION _pggit.read_domain_constraints(_pggit.catalog_place[], oid[]) IS $$
Checks of domains.
$$;

CREATE OR REPLACE FUNCTION _pggit.index_extras(p_index pg_index, p_options text[])
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE WHEN (p_index).indnatts > (p_index).indnkeyatts THEN ' INCLUDE (' || (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
        FROM unnest(((p_index).indkey::smallint[])[(p_index).indnkeyatts:]) WITH ORDINALITY AS k(number, place)
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
    ) || ')', '');
COMMENT ON FUNCTION _pggit.index_extras(pg_index, text[]) IS $$
What pg_get_indexdef prints between the keys of an index and its condition.
$$;

CREATE OR REPLACE FUNCTION _pggit.index_statistics(p_index_oid oid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT jsonb_object_agg('statistics:' || a.attnum, a.attstattarget)
    FROM pg_attribute AS a
    WHERE a.attrelid = p_index_oid AND a.attnum > 0 AND a.attstattarget >= 0
), '{}');
COMMENT ON FUNCTION _pggit.index_statistics(oid) IS $$
The statistics targets of an index, as "statistics:<number>" attributes: only expressions can have one.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_indexes(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 5000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, c.oid, 0, 'index', 'pg_class'::regclass::oid, r.oid,
        s.logical::text, r.relname::text, c.relname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'method', nullif(split_part(b.body, ' (', 1), 'btree'),
            'unique', nullif(i.indisunique, false),
            'keys', _pggit.settled(substr(b.body, strpos(b.body, ' (') + 1)),
            'include', CASE WHEN i.indnatts > i.indnkeyatts THEN _pggit.column_names(
                i.indrelid, (i.indkey::smallint[])[i.indnkeyatts:]) END,
            'nulls_not_distinct', nullif(i.indnullsnotdistinct, false),
            'where', _pggit.settled(p.condition),
            'invalid', CASE WHEN NOT i.indisvalid AND c.relkind = 'i' THEN true END,
            'only', CASE WHEN NOT i.indisvalid AND c.relkind = 'I' THEN true END,
            'clustered', nullif(i.indisclustered, false),
            'replica_identity', nullif(i.indisreplident, false),
            'comment', d.description,
            'tablespace', t.spcname
        ))
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || CASE WHEN i.indexprs IS NULL THEN '{}' ELSE _pggit.index_statistics(c.oid) END
        || CASE WHEN c.relkind = 'I' AND EXISTS (
            SELECT
            FROM pg_inherits AS h
            JOIN pg_depend AS o ON o.classid = 'pg_class'::regclass AND o.objid = h.inhrelid
                AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
            JOIN pg_constraint AS x ON x.oid = o.refobjid AND x.conparentid = 0 AND x.contype IN ('p', 'u')
            WHERE h.inhparent = c.oid
        ) THEN '{"holds_keys": true}'::jsonb ELSE '{}' END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_index AS i ON i.indexrelid = w.oid
    JOIN pg_class AS c ON c.oid = i.indexrelid AND NOT c.relispartition
    JOIN pg_class AS r ON r.oid = i.indrelid AND r.relkind IN ('r', 'p', 'm')
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    CROSS JOIN LATERAL (
        SELECT CASE WHEN _pggit.stands_on(s.path) THEN
            pg_get_indexdef(c.oid, 0, true) END AS definition
        OFFSET 0
    ) AS q
    CROSS JOIN LATERAL (
        SELECT CASE WHEN i.indpred IS NOT NULL THEN pg_get_expr(i.indpred, i.indrelid, true) END AS condition OFFSET 0
    ) AS p
    -- What is printed before the method and behind the keys is known exactly from the catalog: between them stand the keys.
    CROSS JOIN LATERAL (
        SELECT substr(q.definition, 1 + length(
            'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(c.relname)
            || ' ON ' || CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END || r.oid::regclass::text || ' USING ')) AS rest,
            CASE WHEN i.indnatts > i.indnkeyatts OR i.indnullsnotdistinct OR c.reloptions IS NOT NULL
                THEN _pggit.index_extras(i, c.reloptions) ELSE '' END
            || coalesce(' WHERE ' || p.condition, '') AS tail
        OFFSET 0
    ) AS m
    CROSS JOIN LATERAL (SELECT left(m.rest, length(m.rest) - length(m.tail)) AS body OFFSET 0) AS b
    -- no index of pg_constraint leads from an index to its constraint; its dependency does
    WHERE NOT EXISTS (
        SELECT
        FROM pg_depend AS o
        WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
          AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
    );
END;
$$;
COMMENT ON FUNCTION _pggit._read_indexes(_pggit.catalog_place[], oid[]) IS $$
Indexes, those of constraints and those attached to the index of a partitioned table left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.partition_index_attrs(p_index pg_index, p_class pg_class, p_parent pg_class)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_options jsonb := _pggit.option_attrs((p_class).reloptions);
    v_usual   jsonb := _pggit.option_attrs((p_parent).reloptions);
BEGIN
    RETURN CASE WHEN (p_index).indisclustered THEN '{"clustered": true}'::jsonb ELSE '{}' END
        || CASE WHEN EXISTS (
            SELECT
            FROM pg_index AS m
            WHERE m.indexrelid = (p_parent).oid AND NOT m.indisvalid AND NOT (p_parent).relispartition
        ) THEN '{"only": true}'::jsonb ELSE '{}' END
        || CASE WHEN (p_index).indisreplident THEN '{"replica_identity": true}'::jsonb ELSE '{}' END
        || CASE WHEN v_options = v_usual THEN '{}' ELSE v_options || jsonb_build_object('usual_options', v_usual) END
        || CASE WHEN (p_class).reltablespace = 0 AND (p_parent).reltablespace = 0 THEN '{}' ELSE jsonb_build_object(
            'tablespace', coalesce(
                (SELECT t.spcname FROM pg_tablespace AS t WHERE t.oid = (p_class).reltablespace), 'pg_default')) END
        || CASE WHEN (p_index).indexprs IS NULL THEN '{}' ELSE _pggit.index_statistics((p_class).oid) END;
END;
$$;
COMMENT ON FUNCTION _pggit.partition_index_attrs(pg_index, pg_class, pg_class) IS $$
What the index of a partition is or has that PostgreSQL would not give it by its parent's. That hands on its storage parameters and
its tablespace when the part is made, and nothing later (DefineIndex); these are said where they are the part's own, with what the
parent would give. Said, too, is that the parent's has been made ON ONLY its table: then each part has been attached.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_partition_indexes(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, v.oid, 0, 'partition_index', 'pg_class'::regclass::oid, v.indrelid,
        v.logical::text, v.relname::text, v.parent::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object('index_name', v.name, 'usual_name', v.usual_name, 'comment', v.comment)) || v.own
    FROM (
        SELECT
            c.oid, i.indrelid, s.logical, r.relname, u.relname AS parent, c.relname AS name, f.own,
            _pggit.default_name(r.relname, n.columns, n.label) AS usual_name,
            -- where the usual name is taken, PostgreSQL counts: which number an index got depends on the order in which they were made
            _pggit.default_name(r.relname, n.columns, n.label || substring(c.relname FROM '[0-9]+$')) AS counted_name,
            coalesce(d.description, e.description) AS comment
        FROM unnest(p_only) AS w(oid)
        JOIN pg_index AS i ON i.indexrelid = w.oid
        JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relispartition
        JOIN pg_class AS r ON r.oid = i.indrelid AND r.relispartition
        JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
        JOIN pg_inherits AS h ON h.inhrelid = c.oid
        JOIN pg_class AS u ON u.oid = h.inhparent
        LEFT JOIN pg_depend AS o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid
            AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
        LEFT JOIN pg_constraint AS k ON k.oid = o.refobjid AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
        LEFT JOIN pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass AND d.objsubid = 0
        LEFT JOIN pg_description AS e ON e.objoid = c.oid AND e.classoid = 'pg_class'::regclass AND e.objsubid = 0
        CROSS JOIN LATERAL (
            SELECT
                -- an index keeps the names that its own was made of
                CASE WHEN NOT i.indisprimary THEN (
                    SELECT string_agg(a.attname, '_' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid) END AS columns,
                CASE WHEN i.indisprimary THEN 'pkey' WHEN k.contype = 'u' THEN 'key' WHEN k.contype = 'x' THEN 'excl' ELSE 'idx' END
                    AS label
        ) AS n
        CROSS JOIN LATERAL (SELECT _pggit.partition_index_attrs(i, c, u) AS own OFFSET 0) AS f
        -- a key of the partition's own, beside an index of its parent, is a constraint by itself
        WHERE k.conparentid IS DISTINCT FROM 0
    ) AS v
    WHERE v.name <> v.usual_name AND v.name IS DISTINCT FROM v.counted_name
       OR v.comment IS NOT NULL
       OR v.own <> '{}';
END;
$$;
COMMENT ON FUNCTION _pggit._read_partition_indexes(_pggit.catalog_place[], oid[]) IS $$
The indexes that partitions have from their parents, as far as they have anything of their own; each stands under the name of its
parent's.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_triggers(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_trigger'::regclass::oid, t.oid, 0, 'trigger', 'pg_class'::regclass::oid, r.oid,
        s.logical::text, r.relname::text, t.tgname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'timing', CASE
                WHEN t.tgtype & 2 <> 0 THEN 'before' WHEN t.tgtype & 64 <> 0 THEN 'instead of' ELSE 'after' END,
            'events', concat_ws(' or ',
                CASE WHEN t.tgtype & 4 <> 0 THEN 'insert' END,
                CASE WHEN t.tgtype & 8 <> 0 THEN 'delete' END,
                CASE WHEN t.tgtype & 16 <> 0 THEN 'update' END,
                CASE WHEN t.tgtype & 32 <> 0 THEN 'truncate' END),
            'update_of', CASE WHEN cardinality(t.tgattr::smallint[]) > 0 THEN _pggit.column_names(t.tgrelid, t.tgattr::smallint[]) END,
            'level', CASE WHEN t.tgtype & 1 <> 0 THEN 'row' END,
            'old_table', t.tgoldtable,
            'new_table', t.tgnewtable,
            'when', CASE WHEN t.tgqual IS NOT NULL THEN
                _pggit.settled(substring(f.rest FROM ' FOR EACH (?:ROW|STATEMENT) WHEN \((.*)\) EXECUTE FUNCTION ')) END,
            'function', CASE
                WHEN t.tgqual IS NULL THEN substr(f.rest, strpos(f.rest, f.mark) + length(f.mark))
                WHEN t.tgnargs = 0 THEN substring(f.rest FROM '^.*\) EXECUTE FUNCTION (.*)$')
                ELSE substring(f.rest FROM '^.*?\) EXECUTE FUNCTION (.*)$') END,
            'constraint', CASE WHEN t.tgconstraint <> 0 THEN true END,
            'from_table', CASE WHEN t.tgconstrrelid <> 0 THEN t.tgconstrrelid::regclass::text END,
            'deferrable', CASE
                WHEN t.tginitdeferred THEN 'initially deferred' WHEN t.tgdeferrable THEN 'initially immediate' END,
            'enabled', CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END,
            'comment', d.description
        ))
    FROM unnest(p_only) AS w(oid)
    JOIN pg_trigger AS t ON t.oid = w.oid AND NOT t.tgisinternal AND t.tgparentid = 0
    JOIN pg_class AS r ON r.oid = t.tgrelid
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
    LEFT JOIN pg_description AS d ON d.objoid = t.oid AND d.classoid = 'pg_trigger'::regclass AND d.objsubid = 0
    -- condition and call are cut out of the definition that PostgreSQL prints
    CROSS JOIN LATERAL (
        SELECT
            substr(
                CASE WHEN _pggit.stands_on(s.path) THEN
                    pg_get_triggerdef(t.oid, true) END,
                length('CREATE ' || CASE WHEN t.tgconstraint <> 0 THEN 'CONSTRAINT ' ELSE '' END
                    || 'TRIGGER ' || quote_ident(t.tgname)) + 1) AS rest,
            CASE WHEN t.tgtype & 1 <> 0 THEN ' FOR EACH ROW EXECUTE FUNCTION ' ELSE ' FOR EACH STATEMENT EXECUTE FUNCTION ' END AS mark
        OFFSET 0
    ) AS f;
    RETURN QUERY
    SELECT
        'pg_trigger'::regclass::oid, t.oid, 0, 'trigger', 'pg_class'::regclass::oid, r.oid,
        s.logical::text, r.relname::text, t.tgname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'inherited', true,
            'enabled', CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END,
            'parent_enabled', CASE p.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END))
    FROM unnest(p_only) AS w(oid)
    JOIN pg_trigger AS t ON t.oid = w.oid AND NOT t.tgisinternal AND t.tgparentid <> 0
    JOIN pg_trigger AS p ON p.oid = t.tgparentid AND p.tgenabled <> t.tgenabled
    JOIN pg_class AS r ON r.oid = t.tgrelid
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace;
END;
$$;
COMMENT ON FUNCTION _pggit._read_triggers(_pggit.catalog_place[], oid[]) IS $$
Triggers of tables and views; those that partitions have from their parents where they fire at other times.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_policies(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_policy'::regclass::oid, p.oid, 0, 'policy', 'pg_class'::regclass::oid, r.oid,
        s.logical::text, r.relname::text, p.polname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN jsonb_strip_nulls(jsonb_build_object(
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
    FROM unnest(p_only) AS w(oid)
    JOIN pg_policy AS p ON p.oid = w.oid
    JOIN pg_class AS r ON r.oid = p.polrelid
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
    LEFT JOIN pg_description AS d ON d.objoid = p.oid AND d.classoid = 'pg_policy'::regclass AND d.objsubid = 0;
END;
$$;
COMMENT ON FUNCTION _pggit._read_policies(_pggit.catalog_place[], oid[]) IS $$
Row-level security policies.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_rules(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_rewrite'::regclass::oid, w.oid, 0, 'rule', 'pg_class'::regclass::oid, r.oid,
        s.logical::text, r.relname::text, w.rulename::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN jsonb_strip_nulls(jsonb_build_object(
            'definition', _pggit.settled(rtrim(substr(
                pg_get_ruledef(w.oid, true), length('CREATE RULE ' || quote_ident(w.rulename) || ' AS') + 1), ';')),
            'enabled', CASE w.ev_enabled
                WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END,
            'comment', d.description
        )) END
    FROM unnest(p_only) AS o(oid)
    JOIN pg_rewrite AS w ON w.oid = o.oid AND w.rulename <> '_RETURN'
    JOIN pg_class AS r ON r.oid = w.ev_class
    JOIN unnest(p_places) AS s ON s.nspoid = r.relnamespace
    LEFT JOIN pg_description AS d ON d.objoid = w.oid AND d.classoid = 'pg_rewrite'::regclass AND d.objsubid = 0;
END;
$$;
COMMENT ON FUNCTION _pggit._read_rules(_pggit.catalog_place[], oid[]) IS $$
Rewrite rules; those that are a view's query belong to the view.
$$;
