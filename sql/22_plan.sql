-- Plan: two trees to the ordered DDL that turns a database at the first into one at the second.

-- == relations ==

-- What the plan does with one object. action: keep, create, drop, alter, rebuild (drop and create).
CREATE TYPE _pggit.plan_item AS (
    object_id    uuid,
    kind         text,
    action       text,
    is_renamed   boolean,        -- its name or its parent changes
    is_retyped   boolean,        -- a column whose type is rebuilt: cast by way of text
    is_loosened  boolean,        -- a column whose default goes before, and comes back after, what it needs is rebuilt
    is_set_aside boolean,        -- a type renamed out of the way until nothing uses it
    parent_kind  text,
    first        _pggit.object,  -- as the old tree has it
    old          _pggit.object,  -- the same under the names that it has after all renames
    new          _pggit.object
);

-- One unit of execution. op: rename, settle (second half of a rename), loosen, drop, create, alter, late (a default or an
-- ownership that closes a cycle), purge (a type that was set aside).
CREATE TYPE _pggit.plan_node AS (
    node_no   integer,
    object_id uuid,
    op        text,
    is_folded boolean  -- happens with its parent: gives no statement
);

CREATE TYPE _pggit.plan_statement AS (
    node_no integer,
    part_no integer,
    ddl     _pggit.ddl
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.make_ddl(
    p_sql text,
    p_lock_level text DEFAULT '',
    p_hazards text[] DEFAULT '{}'
)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_sql, p_lock_level, coalesce(p_hazards, '{}'), true)::_pggit.ddl;
COMMENT ON FUNCTION _pggit.make_ddl(text, text, text[]) IS $$
One statement that runs inside a transaction.
$$;

CREATE OR REPLACE FUNCTION _pggit.qualified_name(p_schema text, p_name text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce(quote_ident(p_schema) || '.', '') || quote_ident(p_name);
COMMENT ON FUNCTION _pggit.qualified_name(text, text) IS $$
A name quoted for SQL, with its schema if there is one.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_list(p_names jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(n.name, ', ' ORDER BY n.place)
    FROM jsonb_array_elements_text(p_names) WITH ORDINALITY AS n(name, place);
END;
COMMENT ON FUNCTION _pggit.name_list(jsonb) IS $$
Names that are stored quoted, with commas between.
$$;

CREATE OR REPLACE FUNCTION _pggit.enabled_phrase(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_attrs->>'enabled'
    WHEN 'disabled' THEN 'DISABLE' WHEN 'replica' THEN 'ENABLE REPLICA' WHEN 'always' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END;
COMMENT ON FUNCTION _pggit.enabled_phrase(jsonb) IS $$
When a trigger or rule fires, as ALTER TABLE says it.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_address(p_object _pggit.object, p_parent_kind text DEFAULT NULL)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind IN ('schema', 'extension') THEN upper((p_object).kind) || ' ' || quote_ident((p_object).name)
    WHEN (p_object).kind = 'table' AND (p_object).attrs ? 'server'
        THEN 'FOREIGN TABLE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    WHEN (p_object).kind = 'operator' THEN 'OPERATOR ' || quote_ident((p_object).schema_name) || '.' || (p_object).name
        || ' (' || (p_object).signature || ')'
    WHEN (p_object).kind IN ('operator_class', 'operator_family') THEN upper(replace((p_object).kind, '_', ' ')) || ' '
        || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' USING ' || quote_ident((p_object).signature)
    WHEN (p_object).kind = 'cast' THEN 'CAST (' || (p_object).signature || ')'
    WHEN (p_object).kind = 'user_mapping' THEN 'USER MAPPING FOR ' || (p_object).name || ' SERVER ' || ((p_object).attrs->>'server')
    WHEN (p_object).kind = 'partition_index'
        THEN 'INDEX ' || _pggit.qualified_name((p_object).schema_name, (p_object).attrs->>'index_name')
    WHEN (p_object).kind IN ('enum', 'composite', 'range')
        THEN 'TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    WHEN (p_object).kind = 'column' THEN 'COLUMN '
        || _pggit.qualified_name((p_object).schema_name, (p_object).table_name) || '.' || quote_ident((p_object).name)
    WHEN (p_object).kind IN ('function', 'procedure', 'aggregate') THEN upper((p_object).kind) || ' '
        || _pggit.qualified_name((p_object).schema_name, (p_object).name) || '(' || (p_object).signature || ')'
    WHEN (p_object).kind IN ('constraint', 'trigger', 'policy', 'rule') THEN upper((p_object).kind) || ' '
        || quote_ident((p_object).name) || ' ON ' || CASE WHEN p_parent_kind = 'domain' THEN 'DOMAIN ' ELSE '' END
        || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
    ELSE upper(replace((p_object).kind, '_', ' ')) || ' '
        || _pggit.qualified_name((p_object).schema_name, (p_object).name)
END;
COMMENT ON FUNCTION _pggit.object_address(_pggit.object, text) IS $$
How DDL names the object: 'TABLE app.users', 'COLUMN app.users.id', 'FUNCTION app.f(integer)', 'TRIGGER t ON app.users'.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_title(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN replace((p_object).kind, '_', ' ') || ' '
    || concat_ws('.', quote_ident((p_object).schema_name), quote_ident((p_object).table_name), quote_ident((p_object).name))
    || coalesce('(' || (p_object).signature || ')', '');
COMMENT ON FUNCTION _pggit.object_title(_pggit.object) IS $$
What people call the object: 'column app.users.email'.
$$;

CREATE OR REPLACE FUNCTION _pggit.grant_target(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind = 'server' THEN 'FOREIGN SERVER ' || quote_ident((p_object).name)
    WHEN (p_object).kind IN ('table', 'view', 'materialized_view')
        THEN 'TABLE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    WHEN (p_object).kind = 'column'
        THEN 'TABLE ' || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
    WHEN (p_object).kind = 'domain'
        THEN 'TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    WHEN (p_object).kind = 'aggregate' THEN 'FUNCTION '
        || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || '(' || CASE WHEN (p_object).signature LIKE '% ORDER BY VARIADIC %'
            THEN regexp_replace((p_object).signature, ' ORDER BY VARIADIC .*$', '')
            ELSE replace(replace((p_object).signature, '*', ''), ' ORDER BY ', ', ') END || ')'
    ELSE _pggit.object_address(p_object)
END;
COMMENT ON FUNCTION _pggit.grant_target(_pggit.object) IS $$
How GRANT names the object.
$$;

CREATE OR REPLACE FUNCTION _pggit.kind_weight(p_kind text)
RETURNS integer
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce(array_position(
    ('{schema,access_method,extension,foreign_data_wrapper,server,user_mapping,collation,enum,domain,composite,range,'
    'sequence,table,function,procedure,aggregate,column,operator,operator_family,operator_class,cast,conversion,'
    'text_search_parser,text_search_template,text_search_dictionary,text_search_configuration,'
    'view,materialized_view,constraint,index,partition_index,statistics,trigger,rule,policy,'
    'publication,publication_table,publication_schema,subscription,default_privilege,event_trigger}')::text[], p_kind), 50);
COMMENT ON FUNCTION _pggit.kind_weight(text) IS $$
The order in which kinds are created where no dependency says otherwise.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_type_kind(p_kind text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_kind IN ('enum', 'domain', 'composite', 'range', 'collation');
COMMENT ON FUNCTION _pggit.is_type_kind(text) IS $$
Whether objects of this kind are what columns are typed with: types, and collations that go with them.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_relation_kind(p_kind text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_kind IN ('table', 'foreign_table', 'view', 'materialized_view', 'sequence', 'index');
COMMENT ON FUNCTION _pggit.is_relation_kind(text) IS $$
Whether objects of this kind are what PostgreSQL's lock levels are about.
$$;

CREATE OR REPLACE FUNCTION _pggit.set_aside_name(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN 'pggit_old_' || replace((p_object).object_id::text, '-', '');
COMMENT ON FUNCTION _pggit.set_aside_name(_pggit.object) IS $$
The name an object has while it makes room for another of its own name.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_items(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH pairs AS MATERIALIZED (
        SELECT o AS first, n AS new, coalesce((n).object_id, (o).object_id) AS object_id
        FROM unnest(p_from) AS o
        FULL JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
    ), placed AS (
        SELECT
            p.object_id, p.first, p.new,
            coalesce((q.new).kind, (q.first).kind) AS parent_kind,
            CASE
                WHEN (p.first).object_id IS NULL THEN NULL
                ELSE (
                    (p.first).object_id, (p.first).kind, (p.first).parent_id,
                    CASE
                        WHEN (p.new).object_id IS NOT NULL THEN (p.new).schema_name
                        WHEN (q.new).object_id IS NULL THEN (p.first).schema_name
                        WHEN (q.new).kind = 'schema' THEN (q.new).name
                        ELSE (q.new).schema_name
                    END,
                    CASE
                        WHEN (p.new).object_id IS NOT NULL THEN (p.new).table_name
                        WHEN (q.new).object_id IS NULL OR (q.new).kind = 'schema' THEN (p.first).table_name
                        ELSE (q.new).name
                    END,
                    coalesce((p.new).name, (p.first).name),
                    coalesce((p.new).signature, (p.first).signature),
                    (p.first).attrs, (p.first).deps
                )::_pggit.object
            END AS old
        FROM pairs AS p
        LEFT JOIN pairs AS q ON q.object_id = coalesce((p.new).parent_id, (p.first).parent_id)
    )
    SELECT array_agg((
        p.object_id,
        coalesce((p.new).kind, (p.first).kind),
        CASE
            WHEN (p.first).object_id IS NULL THEN 'create'
            WHEN (p.new).object_id IS NULL THEN 'drop'
            WHEN (p.first).attrs = (p.new).attrs THEN 'keep'
            WHEN _pggit.changed_attributes((p.first).attrs, (p.new).attrs) = '{}' THEN 'keep'
            ELSE 'alter'
        END,
        (p.first).object_id IS NOT NULL AND (p.new).object_id IS NOT NULL
            AND ((p.first).name <> (p.new).name OR (p.first).parent_id IS DISTINCT FROM (p.new).parent_id),
        false, false, false,
        p.parent_kind, p.first, p.old, p.new
    )::_pggit.plan_item)
    FROM placed AS p;
END;
COMMENT ON FUNCTION _pggit.plan_items(_pggit.object[], _pggit.object[]) IS $$
Every object of either tree with what is to be done to it, before dependents are looked at.
$$;

CREATE OR REPLACE FUNCTION _pggit.definition_changed(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
    WHERE c.attribute NOT IN ('owner', 'comment')
      AND NOT starts_with(c.attribute, 'acl:')
);
COMMENT ON FUNCTION _pggit.definition_changed(_pggit.object, _pggit.object) IS $$
Whether anything differs but what all kinds have.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_rebuilds(p_items _pggit.plan_item[], p_rebuild uuid[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_rebuilt uuid[] := p_rebuild;
    v_some    uuid[];
    v_kind    text;
    v_test    text;
    v_changed _pggit.plan_item[];
BEGIN
    FOR v_kind, v_changed IN
        SELECT CASE WHEN i.kind = 'constraint' AND i.parent_kind = 'domain' THEN 'domain_constraint' ELSE i.kind END, array_agg(i)
        FROM unnest(p_items) AS i
        WHERE i.action = 'alter'
        GROUP BY 1
    LOOP
        -- a kind without ALTER is made anew
        v_test := CASE
            WHEN to_regprocedure(format('_pggit.%I(_pggit.object, _pggit.object)', 'rebuild_' || v_kind)) IS NOT NULL
                THEN 'rebuild_' || v_kind
            WHEN to_regprocedure(format('_pggit.%I(_pggit.object, _pggit.object)', 'alter_' || v_kind)) IS NULL
                THEN 'definition_changed'
        END;
        CONTINUE WHEN v_test IS NULL;
        EXECUTE format('SELECT array_agg(i.object_id) FROM unnest($1) AS i WHERE _pggit.%I(i.old, i.new)', v_test)
        INTO v_some
        USING v_changed;
        v_rebuilt := v_rebuilt || coalesce(v_some, '{}');
    END LOOP;
    IF v_rebuilt = '{}' THEN
        RETURN p_items;
    END IF;
    RETURN (
        SELECT array_agg((
            i.object_id, i.kind, CASE WHEN r.object_id IS NULL THEN i.action ELSE 'rebuild' END, i.is_renamed,
            i.is_retyped, i.is_loosened, i.is_set_aside, i.parent_kind, i.first, i.old, i.new
        )::_pggit.plan_item)
        FROM unnest(p_items) AS i
        LEFT JOIN (SELECT DISTINCT w.object_id FROM unnest(v_rebuilt) AS w(object_id)) AS r ON r.object_id = i.object_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.mark_rebuilds(_pggit.plan_item[], uuid[]) IS $$
Turns alterations that ALTER cannot express into rebuilds, as the rebuild_<kind> functions say (a kind that has neither that nor
alter_<kind> is rebuilt for any change of its definition), and those of p_rebuild.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_path(p_schema text, p_extra_path jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_schema IS NOT NULL THEN (
        SELECT string_agg(quote_ident(s.name), ', ' ORDER BY s.place)
        FROM (
            SELECT p_schema AS name, 0 AS place
            UNION ALL
            SELECT e.name, e.place
            FROM jsonb_array_elements_text(p_extra_path->p_schema) WITH ORDINALITY AS e(name, place)
            UNION ALL
            SELECT 'pg_temp', 1000000
        ) AS s
    )
END;
COMMENT ON FUNCTION _pggit.plan_path(text, jsonb) IS $$
The search_path under which the definitions of a schema were printed, and are read back.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_extra_path jsonb DEFAULT '{}',
    p_rebuild uuid[] DEFAULT '{}'
)
RETURNS SETOF _pggit.step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
-- Arrays have no statistics: the planner would loop over tens of thousands of items for each of them.
SET enable_nestloop = off
-- Tens of thousands of items with their definitions are some 20 MB: by default they would go through temporary files time and again.
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_from       _pggit.object[] := _pggit.forget_local(
        _pggit.remake_partitioned(_pggit.spell_out_attached(p_from, p_to), p_to), p_to);
    v_to         _pggit.object[] := _pggit.spell_out_attached(p_to, p_from);
    v_items      _pggit.plan_item[] := _pggit.plan_items(
        _pggit.mark_merged(
            _pggit.keep_columns(_pggit.spell_out_leaving(
                _pggit.spell_out_heirs(_pggit.spell_out_typed(v_from, v_to), v_to), v_to), v_to), v_to, false),
        _pggit.mark_merged(_pggit.mark_targets(v_from, _pggit.spell_out_not_nulls(
            v_from, _pggit.spell_out_defaults(v_from, _pggit.spell_out_heirs(_pggit.spell_out_typed(v_to, v_from), v_from)))),
            v_from, true));
    v_nodes      _pggit.plan_node[];
    v_order      integer[];
    v_cycle      uuid[] := '{}'::uuid[];
    v_more       uuid[];
    v_statements _pggit.plan_statement[];
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(v_items) AS i WHERE i.action <> 'keep' OR i.is_renamed) THEN
        RETURN;
    END IF;
    -- Where all is new, nothing stands in the way of anything.
    IF p_rebuild <> '{}' OR EXISTS (SELECT FROM unnest(v_items) AS i WHERE i.action <> 'create' AND i.kind <> 'schema' OR i.is_renamed) THEN
        v_items := _pggit.adopt_indexes(_pggit.mark_rebuilds(
            _pggit.follow_renames(v_items), p_rebuild || _pggit.fixed_options(v_items) || _pggit.remade_extensions(v_items)));
        v_items := _pggit.spread_rebuilds(_pggit.rebuild_held_domains(_pggit.spare_partitions(v_items)));
        v_items := _pggit.note_commented_indexes(_pggit.follow_attached(_pggit.follow_partition_indexes(v_items)));
    END IF;
    v_items := ARRAY(SELECT i FROM unnest(v_items) AS i WHERE i.action <> 'keep' OR i.is_renamed);
    FOR v_try IN 1 .. 4 LOOP
        v_nodes := _pggit.plan_nodes(v_items, v_cycle);
        SELECT s.node_order, s.cycle_objects
        INTO v_order, v_more
        FROM _pggit.order_nodes(v_items, v_nodes, v_try = 1) AS s;
        -- what bodies seem to call is no reason to break a cycle
        CONTINUE WHEN v_try = 1 AND v_more <> '{}';
        EXIT WHEN v_more = '{}' OR v_more <@ v_cycle;
        v_cycle := v_cycle || v_more;
    END LOOP;
    -- what would be replaced while both what it needed and what it needs exist is dropped first where these are never there together
    v_more := ARRAY(
        SELECT i.object_id FROM unnest(v_items) AS i
        WHERE i.object_id = ANY (v_more) AND i.action = 'alter' AND i.kind IN ('function', 'procedure', 'view')
          AND i.object_id <> ALL (p_rebuild));
    IF v_more <> '{}' THEN
        RETURN QUERY SELECT * FROM _pggit.plan(p_from, p_to, p_extra_path, p_rebuild || v_more);
        RETURN;
    END IF;
    v_statements := _pggit.plan_statements(v_items, v_nodes);
    RETURN QUERY SELECT * FROM _pggit.lay_out_steps(v_items, v_nodes, v_order, v_statements, p_extra_path);
END;
$$;
COMMENT ON FUNCTION _pggit.plan(_pggit.object[], _pggit.object[], jsonb, uuid[]) IS $$
The ordered DDL from one tree to another. Objects equal in both trees are context: dependents are found among them.
p_extra_path: per schema, the schemas that its definitions see besides their own: {"app@feature/x": ["app"]}.
p_rebuild: objects to make anew although ALTER would do.
Returns: steps in execution order; SET and RESET among them keep the search_path that the definitions need.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_transaction(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_extra_path jsonb DEFAULT '{}'
)
RETURNS SETOF _pggit.step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_steps _pggit.step[] := ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan_known(p_from, p_to, p_extra_path) AS s);
    v_late  uuid[] := ARRAY(SELECT s.object_id FROM unnest(v_steps) AS s WHERE s.kind = 'enum' AND NOT s.in_transaction);
BEGIN
    IF v_late <> '{}' THEN
        v_steps := ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan_known(p_from, p_to, p_extra_path, v_late) AS s);
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_steps) AS s ORDER BY s.step_no;
END;
$$;
COMMENT ON FUNCTION _pggit.plan_transaction(_pggit.object[], _pggit.object[], jsonb) IS $$
A plan that runs in one transaction: an enum whose new label the plan uses is built anew, because PostgreSQL lets a label be used
only after the transaction that added it (ALTER TYPE, Notes).
$$;
