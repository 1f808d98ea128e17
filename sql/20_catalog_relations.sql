-- Catalog of relations: tables with their columns, and sequences, read into catalog rows.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit._read_tables(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 2000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, c.oid, 0, 'table', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, c.relname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'owner', pg_get_userbyid(c.relowner),
                'comment', d.description,
                'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
                'partition_by', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
                'partition_of', CASE WHEN c.relispartition THEN (
                    SELECT h.inhparent::regclass::text FROM pg_inherits AS h WHERE h.inhrelid = c.oid) END,
                'bound', pg_get_expr(c.relpartbound, c.oid, true),
                'inherits', CASE WHEN NOT c.relispartition THEN (
                    SELECT jsonb_agg(h.inhparent::regclass::text ORDER BY h.inhseqno)
                    FROM pg_inherits AS h
                    WHERE h.inhrelid = c.oid) END,
                'of_type', CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype::text END,
                'tablespace', t.spcname,
                'server', quote_ident(v.srvname),
                'access_method', nullif(a.amname, 'heap'),
                'row_security', nullif(c.relrowsecurity, false),
                'force_row_security', nullif(c.relforcerowsecurity, false),
                'replica_identity', CASE
                    WHEN c.relkind = 'f' THEN NULL
                    WHEN c.relreplident = 'f' THEN 'full' WHEN c.relreplident = 'n' THEN 'nothing'
                    WHEN c.relreplident = 'i' THEN 'index' END,
                'clustered', CASE WHEN EXISTS (
                    SELECT FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisclustered) THEN true END
            ))
        END
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || CASE WHEN o.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(o.reloptions, 'option:toast.') END
        || CASE WHEN f.ftoptions IS NULL THEN '{}' ELSE _pggit.foreign_option_attrs(f.ftoptions) END
        || CASE WHEN c.relacl IS NULL THEN '{}'
            ELSE _pggit.acl_attrs(c.relacl, acldefault('r', c.relowner), c.relowner) END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_class AS c ON c.oid = w.oid
    JOIN unnest(p_places) AS s ON s.nspoid = c.relnamespace
    LEFT JOIN pg_foreign_table AS f ON f.ftrelid = c.oid
    LEFT JOIN pg_foreign_server AS v ON v.oid = f.ftserver
    LEFT JOIN pg_class AS o ON o.oid = c.reltoastrelid
    LEFT JOIN pg_am AS a ON a.oid = c.relam
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d
        ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0;
END;
$$;
COMMENT ON FUNCTION _pggit._read_tables(_pggit.catalog_place[], oid[]) IS $$
Tables, partitioned and foreign ones and partitions among them.
$$;

CREATE OR REPLACE FUNCTION _pggit.default_name(p_table text, p_column text, p_label text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_table  text := p_table;
    v_column text := p_column;
    v_room   integer := 62 - octet_length(p_label) - CASE WHEN p_column IS NULL THEN 0 ELSE 1 END;
    v_ahead  integer;
    v_over   integer;
BEGIN
    -- makeObjectName() of commands/indexcmds.c: shorten the longer part, byte by byte, then to whole characters.
    LOOP
        v_ahead := octet_length(v_table) - coalesce(octet_length(v_column), 0);
        v_over := octet_length(v_table) + coalesce(octet_length(v_column), 0) - v_room;
        EXIT WHEN coalesce(v_over, 0) <= 0;
        -- a character has up to four bytes: so many at a time as are surely too many
        IF v_ahead > 0 THEN
            v_table := left(v_table, -greatest(least(v_over, v_ahead) / 4, 1));
        ELSE
            v_column := left(v_column, -greatest(least(v_over, 1 - v_ahead) / 4, 1));
        END IF;
    END LOOP;
    RETURN concat_ws('_', v_table, v_column, p_label);
END;
$$;
COMMENT ON FUNCTION _pggit.default_name(text, text, text) IS $$
The name that PostgreSQL gives to a constraint, index or sequence if none is said (and it is free).
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_top(p_type oid)
RETURNS bigint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_type
    WHEN 'smallint'::regtype THEN 32767::bigint
    WHEN 'integer'::regtype THEN 2147483647
    ELSE 9223372036854775807
END;
COMMENT ON FUNCTION _pggit.sequence_top(oid) IS 'The greatest value that a sequence of a type can have.';

-- One expression, so that it inlines.
CREATE OR REPLACE FUNCTION _pggit.sequence_attrs(
    p_type oid,
    p_start bigint,
    p_increment bigint,
    p_min bigint,
    p_max bigint,
    p_cache bigint,
    p_cycle boolean
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_strip_nulls(jsonb_build_object(
    'type', nullif(p_type::regtype::text, 'bigint'),
    'increment', nullif(p_increment, 1),
    'minimum', nullif(p_min, CASE WHEN p_increment > 0 THEN 1 ELSE -_pggit.sequence_top(p_type) - 1 END),
    'maximum', nullif(p_max, CASE WHEN p_increment > 0 THEN _pggit.sequence_top(p_type) ELSE -1 END),
    'start', CASE WHEN p_start <> CASE WHEN p_increment > 0 THEN p_min ELSE p_max END THEN p_start END,
    'cache', nullif(p_cache, 1),
    'cycle', nullif(p_cycle, false)
));
COMMENT ON FUNCTION _pggit.sequence_attrs(oid, bigint, bigint, bigint, bigint, bigint, boolean) IS $$
The parameters of a sequence that differ from what CREATE SEQUENCE alone gives.
$$;

CREATE OR REPLACE FUNCTION _pggit.identity_attrs(p_table oid, p_attnum integer, p_kind "char")
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'identity', CASE p_kind WHEN 'a' THEN 'always' ELSE 'by default' END,
        'identity:sequence', quote_ident(c.relname)
    ) || jsonb_strip_nulls(jsonb_build_object(
        'identity:comment', obj_description(c.oid, 'pg_class'),
        -- its sequence is logged, or not, as the table is, unless it is told otherwise
        'identity:persistence', CASE WHEN c.relpersistence <> (SELECT t.relpersistence FROM pg_class AS t WHERE t.oid = p_table) THEN
            CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END END
    )) || CASE WHEN c.relacl IS NULL THEN '{}' ELSE (
        SELECT coalesce(jsonb_object_agg('identity:' || g.key, g.value), '{}')
        FROM jsonb_each(_pggit.acl_attrs(c.relacl, acldefault('s', c.relowner), c.relowner)) AS g
    ) END || coalesce((
        SELECT jsonb_object_agg('identity:' || a.key, a.value)
        FROM jsonb_each(_pggit.sequence_attrs(
            s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)) AS a
        WHERE a.key <> 'type'
    ), '{}')
    FROM pg_depend AS d
    JOIN pg_sequence AS s ON s.seqrelid = d.objid
    JOIN pg_class AS c ON c.oid = s.seqrelid
    WHERE d.classid = 'pg_class'::regclass
      AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = p_table
      AND d.refobjsubid = p_attnum
      AND d.deptype = 'i';
END;
COMMENT ON FUNCTION _pggit.identity_attrs(oid, integer, "char") IS $$
What an identity column says of its sequence.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_columns(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 15000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, c.oid, a.attnum::integer, 'column', 'pg_class'::regclass::oid, c.oid,
        s.logical::text, c.relname::text, a.attname::text, NULL::text,
        CASE WHEN _pggit.stands_on(s.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'position', row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
                'foreign', CASE WHEN c.relkind = 'f' THEN true END,
                'type', format_type(a.atttypid, a.atttypmod),
                'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
                'not_null', CASE WHEN a.attnotnull THEN true END,
                'not_null_name', quote_ident(n.conname),
                'not_null_no_inherit', nullif(n.connoinherit, false),
                'not_null_not_valid', CASE WHEN NOT n.convalidated THEN true END,
                'not_null_comment', b.description,
                'default', CASE WHEN a.attgenerated = '' THEN _pggit.settled(pg_get_expr(e.adbin, e.adrelid, true)) END,
                'expression', CASE WHEN a.attgenerated <> '' THEN _pggit.settled(pg_get_expr(e.adbin, e.adrelid, true)) END,
                'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
                'storage', CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage
                    WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END END,
                'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
                'statistics', nullif(a.attstattarget, -1),
                'comment', d.description
            ))
        END
        || CASE WHEN a.attidentity = '' THEN '{}'
            ELSE _pggit.identity_attrs(a.attrelid, a.attnum, a.attidentity) END
        || CASE WHEN a.attoptions IS NULL THEN '{}' ELSE _pggit.option_attrs(a.attoptions) END
        || CASE WHEN a.attfdwoptions IS NULL THEN '{}' ELSE _pggit.foreign_option_attrs(a.attfdwoptions) END
        || CASE WHEN a.attacl IS NULL THEN '{}'
            ELSE _pggit.acl_attrs(a.attacl, acldefault('c', c.relowner), c.relowner) END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_class AS c ON c.oid = w.oid AND NOT c.relispartition AND c.reloftype = 0
    JOIN unnest(p_places) AS s ON s.nspoid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attislocal
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    LEFT JOIN pg_constraint AS n
        ON n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum
    LEFT JOIN pg_description AS b ON b.objoid = n.oid AND b.classoid = 'pg_constraint'::regclass AND b.objsubid = 0
    LEFT JOIN pg_description AS d
        ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum;
    IF EXISTS (SELECT FROM pg_inherits) OR EXISTS (SELECT FROM pg_class AS c WHERE c.reloftype <> 0) THEN
        RETURN QUERY SELECT i.* FROM _pggit._read_inherited_columns(p_places, p_only) AS i;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit._read_columns(_pggit.catalog_place[], oid[]) IS $$
Columns of tables.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_inherited_columns(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT v.classid, v.objid, v.objsubid, v.kind, v.classid, v.objid, v.logical, v.relname, v.attname, NULL::text, v.attrs
    FROM (
        SELECT
            'pg_class'::regclass::oid AS classid, c.oid AS objid, a.attnum::integer AS objsubid, 'column' AS kind,
            s.logical::text AS logical, c.relname::text AS relname, a.attname::text AS attname,
            CASE WHEN _pggit.stands_on(s.path) THEN jsonb_strip_nulls(jsonb_build_object(
                'inherited', true,
                'not_null', CASE WHEN a.attnotnull AND (
                    NOT coalesce(u.attnotnull, false) OR n.conname <> y.conname) THEN true END,
                'not_null_name', CASE WHEN n.conname IS DISTINCT FROM y.conname THEN quote_ident(n.conname) END,
                'not_null_not_valid', CASE WHEN NOT n.convalidated AND y.convalidated IS NOT FALSE THEN true END,
                'not_null_comment', b.description,
                'not_null_comment_on', CASE WHEN b.description IS NOT NULL THEN quote_ident(n.conname) END,
                'default', CASE
                    WHEN a.attgenerated = '' AND e.adbin::text IS DISTINCT FROM o.adbin::text
                        AND pg_get_expr(e.adbin, e.adrelid, true) IS DISTINCT FROM pg_get_expr(o.adbin, o.adrelid, true)
                    THEN _pggit.settled(pg_get_expr(e.adbin, e.adrelid, true)) END,
                'no_default', CASE WHEN e.oid IS NULL AND o.oid IS NOT NULL THEN true END,
                'storage', CASE WHEN a.attstorage <> coalesce(u.attstorage, t.typstorage) THEN CASE a.attstorage
                    WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END END,
                'compression', CASE WHEN a.attcompression <> coalesce(u.attcompression, '') THEN
                    CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END END,
                'statistics', nullif(a.attstattarget, -1),
                'comment', d.description
            )) END
            || CASE WHEN a.attoptions IS NULL THEN '{}' ELSE _pggit.option_attrs(a.attoptions) END
            || CASE WHEN a.attfdwoptions IS NULL THEN '{}' ELSE _pggit.foreign_option_attrs(a.attfdwoptions) END
            || CASE WHEN a.attacl IS NULL THEN '{}'
                ELSE _pggit.acl_attrs(a.attacl, acldefault('c', c.relowner), c.relowner) END AS attrs
        FROM unnest(p_only) AS w(oid)
        JOIN pg_class AS c ON c.oid = w.oid
        JOIN unnest(p_places) AS s ON s.nspoid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND (NOT a.attislocal OR c.relispartition OR c.reloftype <> 0)
        JOIN pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
        -- of several parents the first
        LEFT JOIN pg_inherits AS p ON p.inhrelid = c.oid AND NOT EXISTS (
            SELECT FROM pg_inherits AS h WHERE h.inhrelid = p.inhrelid AND h.inhseqno < p.inhseqno)
        LEFT JOIN pg_attribute AS u ON u.attrelid = p.inhparent AND u.attname = a.attname
        LEFT JOIN pg_attrdef AS o ON o.adrelid = u.attrelid AND o.adnum = u.attnum
        LEFT JOIN pg_constraint AS n ON n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum
        LEFT JOIN pg_constraint AS y ON y.conrelid = u.attrelid AND y.contype = 'n' AND y.conkey[1] = u.attnum
        LEFT JOIN pg_description AS b ON b.objoid = n.oid AND b.classoid = 'pg_constraint'::regclass AND b.objsubid = 0
        LEFT JOIN pg_description AS d
            ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
    ) AS v
    WHERE v.attrs <> '{"inherited": true}';
END;
$$;
COMMENT ON FUNCTION _pggit._read_inherited_columns(_pggit.catalog_place[], oid[]) IS $$
Columns of partitions, heirs and typed tables, as far as they differ from what their table gives them.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_sequences(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, c.oid, 0, 'sequence', 'pg_namespace'::regclass::oid, p.nspoid,
        p.logical::text, NULL::text, c.relname::text, NULL::text,
        CASE WHEN _pggit.stands_on(p.path) THEN
            jsonb_strip_nulls(jsonb_build_object(
                'owner', pg_get_userbyid(c.relowner),
                'comment', d.description,
                'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
                'owned_by', CASE WHEN o.refobjid IS NOT NULL THEN
                    o.refobjid::regclass::text || '.' || quote_ident(a.attname) END
            ))
            || _pggit.sequence_attrs(
                s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
        END
        || CASE WHEN c.relacl IS NULL THEN '{}'
            ELSE _pggit.acl_attrs(c.relacl, acldefault('s', c.relowner), c.relowner) END
    FROM unnest(p_only) AS w(oid)
    JOIN pg_class AS c ON c.oid = w.oid
    JOIN unnest(p_places) AS p ON p.nspoid = c.relnamespace
    JOIN pg_sequence AS s ON s.seqrelid = c.oid
    LEFT JOIN pg_depend AS o
        ON o.classid = 'pg_class'::regclass
        AND o.objid = c.oid
        AND o.refclassid = 'pg_class'::regclass
        AND o.refobjsubid > 0
        AND o.deptype IN ('a', 'i')
    LEFT JOIN pg_attribute AS a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
    LEFT JOIN pg_description AS d
        ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    WHERE o.deptype IS DISTINCT FROM 'i';
END;
$$;
COMMENT ON FUNCTION _pggit._read_sequences(_pggit.catalog_place[], oid[]) IS $$
Sequences; those of identity columns belong to their column.
$$;
