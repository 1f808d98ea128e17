-- Catalog, readers: which rows of the catalog are to be read, and the readers of all kinds one after the other.

-- == relations ==

-- A live schema to read, with the search_path under which its definitions print without their location.
CREATE TYPE _pggit.catalog_place AS (
    nspoid  oid,
    logical name,
    live    name,
    path    text
);

-- The objects that the readers are asked for.
CREATE TYPE _pggit.catalog_choice AS (
    tables      oid[],
    sequences   oid[],
    views       oid[],
    indexes     oid[],
    constraints oid[],
    triggers    oid[],
    policies    oid[],
    rules       oid[],
    routines    oid[],
    types       oid[]
);

-- == routines ==
COMMENT ON TYPE _pggit.catalog_place IS 'A live schema to read.';
COMMENT ON TYPE _pggit.catalog_choice IS 'What the readers are asked for.';

CREATE OR REPLACE FUNCTION _pggit.stands_on(p_path text)
RETURNS boolean
LANGUAGE sql
VOLATILE
-- It inlines: a reader asks it for every row before it prints a definition, and most rows follow one of the same schema.
RETURN current_setting('search_path') = p_path OR set_config('search_path', p_path, true) <> '';
COMMENT ON FUNCTION _pggit.stands_on(text) IS $$
Sees to it that definitions print as under a search_path, until the reader ends; always true.
$$;

CREATE OR REPLACE FUNCTION _pggit.all_rows(p_schemas oid[])
RETURNS _pggit.catalog_choice
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
    v_choice    _pggit.catalog_choice;
    v_relations oid[];
BEGIN
    SELECT
        coalesce(array_agg(c.oid) FILTER (WHERE c.relkind IN ('r', 'p', 'f')), '{}'),
        coalesce(array_agg(c.oid) FILTER (WHERE c.relkind = 'S'), '{}'),
        coalesce(array_agg(c.oid) FILTER (WHERE c.relkind IN ('v', 'm')), '{}')
    INTO v_choice.tables, v_choice.sequences, v_choice.views
    FROM pg_class AS c
    WHERE c.relnamespace = ANY (p_schemas)
      AND c.relkind IN ('r', 'p', 'f', 'S', 'v', 'm')
      AND NOT EXISTS (
          SELECT
          FROM pg_depend AS x
          WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.objsubid = 0 AND x.deptype = 'e'
      );
    v_choice.types := ARRAY(
        SELECT t.oid
        FROM pg_type AS t
        LEFT JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
        WHERE t.typnamespace = ANY (p_schemas)
          AND (t.typtype IN ('e', 'd', 'r') OR c.oid IS NOT NULL)
          AND NOT EXISTS (
              SELECT
              FROM pg_depend AS x
              WHERE x.classid = 'pg_type'::regclass AND x.objid = t.oid AND x.objsubid = 0 AND x.deptype = 'e'
          ));
    v_choice.routines := ARRAY(
        SELECT p.oid
        FROM pg_proc AS p
        WHERE p.pronamespace = ANY (p_schemas)
          AND NOT EXISTS (
              -- members of extensions, and the constructors that belong to a range type
              SELECT
              FROM pg_depend AS x
              WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype IN ('e', 'i')
          ));
    v_relations := v_choice.tables || v_choice.views;
    v_choice.indexes := ARRAY(
        SELECT i.indexrelid FROM unnest(v_relations) AS r(oid) JOIN pg_index AS i ON i.indrelid = r.oid);
    v_choice.constraints := ARRAY(
        SELECT k.oid FROM unnest(v_choice.tables) AS r(oid) JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype <> 'n'
        UNION ALL
        SELECT k.oid FROM unnest(v_choice.types) AS y(oid) JOIN pg_constraint AS k ON k.contypid = y.oid AND k.contype = 'c');
    v_choice.triggers := ARRAY(
        SELECT t.oid FROM unnest(v_relations) AS r(oid) JOIN pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal);
    v_choice.policies := ARRAY(
        SELECT p.oid FROM unnest(v_relations) AS r(oid) JOIN pg_policy AS p ON p.polrelid = r.oid);
    v_choice.rules := ARRAY(
        SELECT w.oid FROM unnest(v_relations) AS r(oid) JOIN pg_rewrite AS w ON w.ev_class = r.oid AND w.rulename <> '_RETURN');
    RETURN v_choice;
END;
$$;
COMMENT ON FUNCTION _pggit.all_rows(oid[]) IS $$
All that the readers are to read of some schemas; members of extensions are left to their extension.
$$;

CREATE OR REPLACE FUNCTION _pggit.some_rows(p_schemas oid[], p_only _pggit.catalog_address[])
RETURNS _pggit.catalog_choice
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
    v_choice _pggit.catalog_choice;
BEGIN
    WITH found AS MATERIALIZED (
        -- relid: the relation whose place decides
        SELECT a.classid, a.objid, coalesce(i.indrelid, k.conrelid, t.tgrelid, p.polrelid, w.ev_class, a.objid) AS relid, k.contypid
        FROM unnest(p_only) AS a
        LEFT JOIN pg_index AS i ON i.indexrelid = a.objid AND a.classid = 'pg_class'::regclass
        LEFT JOIN pg_constraint AS k ON k.oid = a.objid AND a.classid = 'pg_constraint'::regclass
        LEFT JOIN pg_trigger AS t ON t.oid = a.objid AND a.classid = 'pg_trigger'::regclass
        LEFT JOIN pg_policy AS p ON p.oid = a.objid AND a.classid = 'pg_policy'::regclass
        LEFT JOIN pg_rewrite AS w ON w.oid = a.objid AND a.classid = 'pg_rewrite'::regclass
        WHERE a.classid IN (
            'pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_rewrite'::regclass)
    ), placed AS MATERIALIZED (
        SELECT f.classid, f.objid, c.relkind
        FROM found AS f
        JOIN pg_class AS c ON c.oid = f.relid AND c.relnamespace = ANY (p_schemas)
        WHERE NOT EXISTS (
            SELECT
            FROM pg_depend AS x
            WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.objsubid = 0 AND x.deptype = 'e'
        )
    )
    SELECT
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_class'::regclass AND n.relkind IN ('r', 'p', 'f')), '{}'),
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_class'::regclass AND n.relkind = 'S'), '{}'),
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_class'::regclass AND n.relkind IN ('v', 'm')), '{}'),
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_class'::regclass AND n.relkind IN ('i', 'I')), '{}'),
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_constraint'::regclass AND d.relkind IN ('r', 'p', 'f')), '{}'),
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_trigger'::regclass), '{}'),
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_policy'::regclass), '{}'),
        coalesce(array_agg(d.objid) FILTER (WHERE d.classid = 'pg_rewrite'::regclass), '{}')
    INTO
        v_choice.tables, v_choice.sequences, v_choice.views, v_choice.indexes, v_choice.constraints, v_choice.triggers,
        v_choice.policies, v_choice.rules
    FROM placed AS d
    LEFT JOIN pg_class AS n ON n.oid = d.objid AND d.classid = 'pg_class'::regclass;
    v_choice.types := ARRAY(
        SELECT t.oid
        FROM unnest(p_only) AS a
        JOIN pg_type AS t ON t.oid = a.objid AND t.typnamespace = ANY (p_schemas)
        LEFT JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
        WHERE a.classid = 'pg_type'::regclass
          AND (t.typtype IN ('e', 'd', 'r') OR c.oid IS NOT NULL)
          AND NOT _pggit.is_extension_member('pg_type'::regclass, t.oid));
    v_choice.constraints := v_choice.constraints || ARRAY(
        SELECT k.oid
        FROM unnest(p_only) AS a
        JOIN pg_constraint AS k ON k.oid = a.objid AND k.contype = 'c' AND k.contypid <> 0
        JOIN pg_type AS t ON t.oid = k.contypid AND t.typnamespace = ANY (p_schemas)
        WHERE a.classid = 'pg_constraint'::regclass
          AND NOT _pggit.is_extension_member('pg_type'::regclass, t.oid));
    v_choice.routines := ARRAY(
        SELECT p.oid
        FROM unnest(p_only) AS a
        JOIN pg_proc AS p ON p.oid = a.objid AND p.pronamespace = ANY (p_schemas)
        WHERE a.classid = 'pg_proc'::regclass
          AND NOT EXISTS (
              SELECT
              FROM pg_depend AS x
              WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype IN ('e', 'i')
          ));
    RETURN v_choice;
END;
$$;
COMMENT ON FUNCTION _pggit.some_rows(oid[], _pggit.catalog_address[]) IS $$
What the readers are to read if only some objects are wanted: those that _pggit.all_rows would name, too.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_types(p_places _pggit.catalog_place[], p_only oid[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- To plan the reader of a kind costs more than to see that there is nothing to read.
    v_kinds text[] := ARRAY(SELECT DISTINCT t.typtype::text FROM unnest(p_only) AS w(oid) JOIN pg_type AS t ON t.oid = w.oid);
BEGIN
    IF 'e' = ANY (v_kinds) THEN
        RETURN QUERY SELECT * FROM _pggit._read_enums(p_places, p_only);
    END IF;
    IF 'd' = ANY (v_kinds) THEN
        RETURN QUERY SELECT * FROM _pggit._read_domains(p_places, p_only);
    END IF;
    IF 'c' = ANY (v_kinds) THEN
        RETURN QUERY SELECT * FROM _pggit._read_composites(p_places, p_only);
    END IF;
    IF 'r' = ANY (v_kinds) THEN
        RETURN QUERY SELECT * FROM _pggit._read_ranges(p_places, p_only);
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit._read_types(_pggit.catalog_place[], oid[]) IS $$
Types of all kinds.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_rest(p_places _pggit.catalog_place[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    -- What initdb makes has an OID below 16384, what users make one above.
    IF EXISTS (SELECT FROM pg_collation AS c WHERE c.oid >= 16384) THEN
        RETURN QUERY SELECT * FROM _pggit._read_collations(p_places);
    END IF;
    IF EXISTS (SELECT FROM pg_operator AS o WHERE o.oid >= 16384) THEN
        RETURN QUERY SELECT * FROM _pggit._read_operators(p_places);
    END IF;
    IF EXISTS (SELECT FROM pg_opfamily AS f WHERE f.oid >= 16384) OR EXISTS (SELECT FROM pg_opclass AS c WHERE c.oid >= 16384) THEN
        RETURN QUERY SELECT * FROM _pggit._read_families(p_places);
    END IF;
    IF EXISTS (SELECT FROM pg_cast AS c WHERE c.oid >= 16384) THEN
        RETURN QUERY SELECT * FROM _pggit._read_casts(p_places);
    END IF;
    IF EXISTS (SELECT FROM pg_conversion AS c WHERE c.oid >= 16384) THEN
        RETURN QUERY SELECT * FROM _pggit._read_conversions(p_places);
    END IF;
    IF EXISTS (SELECT FROM pg_ts_config AS c WHERE c.oid >= 16384) THEN
        RETURN QUERY SELECT * FROM _pggit._read_search_configurations(p_places);
    END IF;
    IF EXISTS (SELECT FROM pg_ts_dict AS d WHERE d.oid >= 16384)
        OR EXISTS (SELECT FROM pg_ts_template AS t WHERE t.oid >= 16384)
        OR EXISTS (SELECT FROM pg_ts_parser AS p WHERE p.oid >= 16384)
    THEN
        RETURN QUERY SELECT * FROM _pggit._read_search_parts(p_places);
    END IF;
    IF EXISTS (SELECT FROM pg_statistic_ext) THEN
        RETURN QUERY SELECT * FROM _pggit._read_statistics(p_places);
    END IF;
    IF _pggit.reads_whole_database() THEN
        RETURN QUERY SELECT * FROM _pggit._read_default_privileges(p_places);
        RETURN QUERY SELECT * FROM _pggit._read_foreign_servers();
        RETURN QUERY SELECT * FROM _pggit._read_publications();
        RETURN QUERY SELECT * FROM _pggit._read_subscriptions();
        RETURN QUERY SELECT * FROM _pggit._read_event_triggers();
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit._read_rest(_pggit.catalog_place[]) IS $$
The kinds that few schemas have.
$$;

CREATE OR REPLACE FUNCTION _pggit.require_usage(p_places _pggit.catalog_place[])
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_hidden text := (SELECT min(p.live) FROM unnest(p_places) AS p WHERE NOT has_schema_privilege(p.nspoid, 'USAGE'));
BEGIN
    IF v_hidden IS NULL THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = '42501',
        MESSAGE = format('schema %I cannot be read by role %I', v_hidden, current_user),
        DETAIL = 'PostgreSQL leaves it out of the search_path, so that its definitions would print otherwise than for others.',
        HINT = format('GRANT USAGE ON SCHEMA %I TO %I.', v_hidden, current_user);
END;
$$;
COMMENT ON FUNCTION _pggit.require_usage(_pggit.catalog_place[]) IS $$
Refuses schemas that are not on the path of a role without USAGE.
Errors: 42501.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_kinds(p_logical name[], p_live name[], p_only _pggit.catalog_address[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = on
SET enable_nestloop = on
SET enable_hashjoin = on
SET enable_mergejoin = on
SET jit = off
AS $$
DECLARE
    v_places  _pggit.catalog_place[] := ARRAY(
        SELECT ROW(s.*)::_pggit.catalog_place FROM _pggit.read_scope(p_logical, p_live) AS s);
    v_schemas oid[] := ARRAY(SELECT p.nspoid FROM unnest(v_places) AS p);
    v_choice  _pggit.catalog_choice;
BEGIN
    IF p_only IS NULL OR p_only <> '{}' THEN
        PERFORM _pggit.require_usage(v_places);
    END IF;
    -- The readers' queries are planned for what they have to read. All: with the arrays known and each catalog scanned once, since
    -- right after a load there are no statistics, and loops would be chosen. Few: once, along the indexes.
    IF p_only IS NULL THEN
        v_choice := _pggit.all_rows(v_schemas);
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_nestloop', 'off', true);
    ELSE
        v_choice := _pggit.some_rows(v_schemas, p_only);
        PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
            set_config('enable_mergejoin', 'off', true);
    END IF;
    RETURN QUERY SELECT * FROM _pggit._read_schemas(v_places);
    RETURN QUERY SELECT * FROM _pggit._read_extensions(v_places);
    IF v_choice.tables <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_tables(v_places, v_choice.tables);
        RETURN QUERY SELECT * FROM _pggit._read_columns(v_places, v_choice.tables);
    END IF;
    IF v_choice.constraints <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_constraints(v_places, v_choice.constraints);
    END IF;
    IF v_choice.indexes <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_indexes(v_places, v_choice.indexes);
        IF EXISTS (SELECT FROM pg_inherits) THEN
            RETURN QUERY SELECT * FROM _pggit._read_partition_indexes(v_places, v_choice.indexes);
        END IF;
    END IF;
    IF v_choice.sequences <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_sequences(v_places, v_choice.sequences);
    END IF;
    IF v_choice.triggers <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_triggers(v_places, v_choice.triggers);
    END IF;
    IF v_choice.policies <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_policies(v_places, v_choice.policies);
    END IF;
    IF v_choice.rules <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_rules(v_places, v_choice.rules);
    END IF;
    IF v_choice.types <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_types(v_places, v_choice.types);
    END IF;
    IF v_choice.views <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_views(v_places, v_choice.views);
    END IF;
    IF v_choice.routines <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit._read_routines(v_places, v_choice.routines);
        IF EXISTS (SELECT FROM pg_aggregate AS g WHERE g.aggfnoid >= 16384) THEN
            RETURN QUERY SELECT * FROM _pggit._read_aggregates(v_places, v_choice.routines);
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM _pggit._read_rest(v_places);
END;
$$;
COMMENT ON FUNCTION _pggit.read_kinds(name[], name[], _pggit.catalog_address[]) IS $$
What the readers of all kinds find, one after the other.
p_only: as in _pggit.read_rows.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_rows(
    p_logical name[],
    p_live name[],
    p_only _pggit.catalog_address[] DEFAULT NULL
)
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
-- constants print under the caller's settings: the same state must give the same text everywhere, as pg_dump sees to it
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET quote_all_identifiers = off
SET standard_conforming_strings = on
AS $$
DECLARE
    v_probe     text[];
    v_from      text[];
    v_to        text[];
    v_path_from text[];
    v_path_to   text[];
BEGIN
    SELECT
        array_agg(_pggit.name_probe(s.live) ORDER BY s.place),
        array_agg(_pggit.name_pattern(quote_ident(s.live) || '.', '') ORDER BY s.place),
        array_agg(quote_ident(s.logical) || '.' ORDER BY s.place),
        array_agg(_pggit.name_pattern(quote_ident(s.live)) ORDER BY s.place),
        array_agg(quote_ident(s.logical) ORDER BY s.place)
    INTO v_probe, v_from, v_to, v_path_from, v_path_to
    FROM unnest(p_logical, p_live) WITH ORDINALITY AS s(logical, live, place)
    WHERE s.logical <> s.live;
    RETURN QUERY
    SELECT
        r.classid, r.objid, r.objsubid, r.kind, r.parent_classid, r.parent_objid, r.schema_name, r.table_name, r.name,
        CASE WHEN r.signature IS NULL OR v_from IS NULL THEN r.signature ELSE _pggit.map_text(r.signature, v_from, v_to) END,
        CASE
            WHEN v_from IS NULL OR NOT r.attrs::text LIKE ANY (v_probe) THEN r.attrs
            ELSE _pggit.map_attrs(r.attrs, v_from, v_to, v_path_from, v_path_to)
        END
    FROM _pggit.read_kinds(p_logical, p_live, p_only) AS r;
END;
$$;
COMMENT ON FUNCTION _pggit.read_rows(name[], name[], _pggit.catalog_address[]) IS $$
The objects of the live schemas, as the catalog gives them, with the tracked schemas' names in their definitions.
p_only: only these, with the columns of the tables and views among them, and all that are of the rarer kinds; NULL for every object.
$$;
