-- Partitions under load: indexes, keys and references of a partitioned table, one partition after the other.

-- == relations ==

-- A partition, and the table at the top or between under which it stands.
CREATE TYPE _pggit.partition_part AS (
    root_id uuid,
    depth   integer,
    part    _pggit.object
);

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.partition_parts(p_from _pggit.object[], p_to _pggit.object[])
RETURNS SETOF _pggit.partition_part
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 100
BEGIN ATOMIC
    WITH RECURSIVE parted AS MATERIALIZED (
        SELECT (t).object_id FROM unnest(p_from) AS t WHERE (t).kind = 'table' AND (t).attrs ? 'partition_by'
    ), heirs AS MATERIALIZED (
        SELECT n AS part, d.parent_id
        FROM unnest(p_to) AS n
        JOIN unnest(p_from) AS o ON (o).object_id = (n).object_id AND (o).attrs ? 'partition_of'
        CROSS JOIN LATERAL unnest((n).deps) AS d(parent_id)
        JOIN parted AS p ON p.object_id = d.parent_id
        WHERE (n).kind = 'table'
          AND (n).attrs ? 'partition_of'
    ), below AS (
        SELECT h.parent_id AS root_id, 1 AS depth, h.part FROM heirs AS h
        UNION ALL
        SELECT b.root_id, b.depth + 1, h.part FROM below AS b JOIN heirs AS h ON h.parent_id = (b.part).object_id
    )
    SELECT b.root_id, b.depth, b.part FROM below AS b;
END;
COMMENT ON FUNCTION _pggit.partition_parts(_pggit.object[], _pggit.object[]) IS $$
The partitions of each partitioned table at any depth, as they are after the plan.
$$;

CREATE OR REPLACE FUNCTION _pggit.loose_tables(p_from _pggit.object[], p_to _pggit.object[], p_steps _pggit.step[])
RETURNS SETOF uuid
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    WITH heirs AS MATERIALIZED (
        SELECT
            coalesce((n).object_id, (o).object_id) AS part_id,
            (o).attrs->'bound' = (n).attrs->'bound'
                AND (o).attrs->'partition_of' = (n).attrs->'partition_of'
                AND NOT coalesce((n).attrs, '{}') ? 'server' AS stays,
            coalesce((n).deps, '{}') || coalesce((o).deps, '{}') AS parents
        FROM unnest(p_from) AS o
        FULL JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
        WHERE coalesce((n).kind, (o).kind) = 'table'
          AND ((n).attrs ? 'partition_of' OR (o).attrs ? 'partition_of')
    ), loose AS (
        SELECT DISTINCT t.parent_id
        FROM heirs AS h
        CROSS JOIN LATERAL unnest(h.parents) AS t(parent_id)
        WHERE h.stays IS NOT TRUE
        UNION
        -- an index or key of a partition that its parent's takes over
        SELECT t.parent_id
        FROM unnest(p_from) AS i
        JOIN heirs AS h ON h.part_id = (i).parent_id
        CROSS JOIN LATERAL unnest(h.parents) AS t(parent_id)
        WHERE (i).kind IN ('index', 'constraint')
          AND NOT EXISTS (SELECT FROM unnest(p_to) AS n WHERE (n).object_id = (i).object_id)
          AND NOT EXISTS (SELECT FROM unnest(p_steps) AS s WHERE s.object_id = (i).object_id AND s.action = 'drop')
    )
    -- and all above
    SELECT w.id
    FROM (
        WITH RECURSIVE above(id) AS (
            SELECT l.parent_id FROM loose AS l
            UNION
            SELECT t.parent_id
            FROM above AS a
            JOIN heirs AS h ON h.part_id = a.id
            CROSS JOIN LATERAL unnest(h.parents) AS t(parent_id)
        )
        SELECT a.id FROM above AS a
    ) AS w;
END;
COMMENT ON FUNCTION _pggit.loose_tables(_pggit.object[], _pggit.object[], _pggit.step[]) IS $$
Partitioned tables to which one cannot go partition by partition: the plan adds or takes some, or lets their indexes be taken over, or
some are foreign.
$$;

CREATE OR REPLACE FUNCTION _pggit.on_part(p_object _pggit.object, p_part _pggit.object)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (NULL, (p_object).kind, (p_part).object_id, (p_part).schema_name, (p_part).name,
    _pggit.temporary_name(md5((p_object).object_id::text || (p_part).object_id::text)::uuid, 'part'), NULL,
    (p_object).attrs, NULL)::_pggit.object;
COMMENT ON FUNCTION _pggit.on_part(_pggit.object, _pggit.object) IS $$
The part that a partition has in an index or key of its parent, under a name that it has until all are there.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_part_online(
    p_object _pggit.object,
    p_part _pggit.object,
    p_parent_name text,
    p_parent_schema text,
    p_is_whole text
)
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 4
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_here     _pggit.object := _pggit.on_part(p_object, p_part);
    v_only     text := 'ONLY ' || _pggit.table_target(v_here);
    v_is_key   boolean := (p_object).kind = 'constraint';
    v_attached text := format(
        '%s OR EXISTS (SELECT FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_index AS i ON i.indexrelid = h.inhrelid'
        ' WHERE h.inhparent = %s AND i.indrelid = %s)', p_is_whole,
        _pggit.regclass_text(p_parent_schema, p_parent_name), _pggit.regclass_text((p_part).schema_name, (p_part).name));
    v_there    text := v_attached || ' OR ' || _pggit.regclass_text((v_here).schema_name, (v_here).name) || ' IS NOT NULL';
BEGIN
    IF (p_part).attrs ? 'partition_by' AND v_is_key THEN
        RETURN NEXT _pggit.make_online(
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', v_only, (v_here).name, _pggit.constraint_definition((v_here).attrs)),
            v_there, 'ACCESS EXCLUSIVE');
    ELSIF (p_part).attrs ? 'partition_by' THEN
        RETURN NEXT _pggit.make_online(_pggit.create_index_sql(v_here, v_only), v_there, 'SHARE');
    ELSE
        RETURN QUERY SELECT * FROM _pggit.build_index_online(v_here, v_attached);
    END IF;
    IF v_is_key AND NOT (p_part).attrs ? 'partition_by' THEN
        RETURN NEXT _pggit.make_online(
            concat_ws(' ', format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %2$I', _pggit.table_target(v_here), (v_here).name,
                _pggit.key_type((v_here).attrs)), _pggit.deferrable_phrase((v_here).attrs)),
            v_attached || ' OR ' || _pggit.existence_condition(v_here, 'table'), 'ACCESS EXCLUSIVE');
    END IF;
    RETURN NEXT _pggit.make_online(
        format('ALTER INDEX %s ATTACH PARTITION %s', _pggit.qualified_name(p_parent_schema, p_parent_name),
            _pggit.object_target(v_here)),
        v_attached, 'ACCESS EXCLUSIVE');
END;
$$;
COMMENT ON FUNCTION _pggit.build_part_online(_pggit.object, _pggit.object, text, text, text) IS $$
What a partition has in an index or key: built beside writers, then attached.
p_parent_name, p_parent_schema: the index of the table of which it is a partition.
p_is_whole: a condition that is true where nothing is left to be attached.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_parts_online(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.online_step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 20
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_only  text := 'ONLY ' || _pggit.table_target(p_object);
    -- missing: another has taken its name already
    v_whole text := format('NOT EXISTS (SELECT FROM pg_catalog.pg_index AS r WHERE r.indexrelid = %s AND NOT r.indisvalid)',
        _pggit.regclass_text((p_object).schema_name, (p_object).name));
BEGIN
    RETURN NEXT CASE
        WHEN (p_object).kind = 'index' THEN _pggit.make_online(
            _pggit.create_index_sql(p_object, v_only),
            _pggit.regclass_text((p_object).schema_name, (p_object).name) || ' IS NOT NULL', 'SHARE')
        ELSE _pggit.make_online(
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', v_only, (p_object).name, _pggit.constraint_definition((p_object).attrs)),
            _pggit.existence_condition(p_object, 'table'), 'ACCESS EXCLUSIVE')
    END;
    RETURN QUERY
    SELECT b.step_no, b.sql, b.is_done, b.lock_level, b.hazards, b.in_transaction, b.action, b.kind, b.object_id, b.identity, b.advice
    FROM unnest(p_parts) WITH ORDINALITY AS p(object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps, place)
    CROSS JOIN LATERAL (SELECT (
        p.object_id, p.kind, p.parent_id, p.schema_name, p.table_name, p.name, p.signature, p.attrs, p.deps)::_pggit.object) AS q(part)
    LEFT JOIN unnest(p_parts) AS m ON (m).object_id = ANY (p.deps) AND (m).attrs ? 'partition_by'
    CROSS JOIN LATERAL _pggit.build_part_online(
        p_object, q.part,
        CASE WHEN (m).object_id IS NULL THEN (p_object).name ELSE (_pggit.on_part(p_object, m)).name END,
        CASE WHEN (m).object_id IS NULL THEN (p_object).schema_name ELSE (m).schema_name END, v_whole)
        WITH ORDINALITY AS b(step_no, sql, is_done, lock_level, hazards, in_transaction, action, kind, object_id, identity, advice, nth)
    ORDER BY p.place, b.nth;
END;
$$;
COMMENT ON FUNCTION _pggit.build_parts_online(_pggit.object, _pggit.object[]) IS $$
An index or key of a partitioned table: first for the table alone, then for one partition after the other; valid with the last.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_parts_online(p_object _pggit.object)
RETURNS _pggit.online_step
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.make_online(
    'DO ' || _pggit.dollar_quote(format($sql$DECLARE
    v_part  record;
    v_table text;
    v_label text;
    v_name  text;
BEGIN
    FOR v_part IN
        SELECT c.oid, c.relnamespace, r.relname::text AS in_table,
            CASE WHEN NOT i.indisprimary THEN (
                SELECT string_agg(a.attname, '_' ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid
            ) END AS columns,
            CASE WHEN i.indisprimary THEN 'pkey' WHEN k.oid IS NOT NULL THEN 'key' ELSE 'idx' END AS label
        FROM pg_catalog.pg_partition_tree(%s) AS t
        JOIN pg_catalog.pg_class AS c ON c.oid = t.relid AND c.relname ~ '^pggit_part_[0-9a-f]{16}$'
        JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
        JOIN pg_catalog.pg_class AS r ON r.oid = i.indrelid
        LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = c.oid AND k.conrelid = r.oid AND k.contype IN ('p', 'u')
        ORDER BY c.relname
    LOOP
        FOR v_count IN 0 .. 100000 LOOP
            v_label := v_part.label || coalesce(nullif(v_count, 0)::text, '');
            v_table := v_part.in_table;
            LOOP  -- shorten the longer, as PostgreSQL does
                v_name := concat_ws('_', v_table, v_part.columns, v_label);
                EXIT WHEN octet_length(v_name) <= 63;
                IF octet_length(v_table) > coalesce(octet_length(v_part.columns), 0) THEN
                    v_table := left(v_table, -1);
                ELSE
                    v_part.columns := left(v_part.columns, -1);
                END IF;
            END LOOP;
            EXIT WHEN NOT EXISTS (
                SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace = v_part.relnamespace AND c.relname = v_name);
        END LOOP;
        EXECUTE format('ALTER INDEX %%s RENAME TO %%I', v_part.oid::regclass, v_name);
    END LOOP;
END$sql$, _pggit.regclass_text((p_object).schema_name, (p_object).name))),
    NULL, 'SHARE UPDATE EXCLUSIVE');
COMMENT ON FUNCTION _pggit.name_parts_online(_pggit.object) IS $$
Gives the parts of an index or key the names that PostgreSQL would have given them.
$$;

CREATE OR REPLACE FUNCTION _pggit.reference_parts_online(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.online_step
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20
BEGIN ATOMIC
    -- Before PostgreSQL 18 a partitioned table has no reference that is not valid, but takes over the valid ones of its partitions.
    SELECT q.step
    FROM unnest(p_parts) WITH ORDINALITY AS p(object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps, place)
    CROSS JOIN LATERAL (SELECT (NULL, (p_object).kind, p.object_id, p.schema_name, p.name, (p_object).name, NULL,
        (p_object).attrs, NULL)::_pggit.object) AS h(here)
    CROSS JOIN LATERAL (
        SELECT 1 AS nth, _pggit.make_online(
            format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', _pggit.table_target(h.here), (h.here).name,
                _pggit.constraint_definition((h.here).attrs)),
            _pggit.existence_condition(h.here, 'table'), 'SHARE ROW EXCLUSIVE') AS step
        UNION ALL
        SELECT 2, _pggit.make_online(
            format('ALTER TABLE %s VALIDATE CONSTRAINT %I', _pggit.table_target(h.here), (h.here).name), NULL,
            'SHARE UPDATE EXCLUSIVE', '{may_fail}')
    ) AS q
    WHERE NOT p.attrs ? 'partition_by'
    ORDER BY p.place, q.nth;
END;
COMMENT ON FUNCTION _pggit.reference_parts_online(_pggit.object, _pggit.object[]) IS $$
A foreign key of each partition of a table, validated, for that of the table to take over.
$$;
