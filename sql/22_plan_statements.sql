-- Plan, statements: the DDL of each node, with what all kinds share: address, owner, grants, comment, rename.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.common_statements(
    p_old _pggit.object,
    p_new _pggit.object,
    p_parent_kind text
)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_address text := _pggit.object_address(p_new, p_parent_kind);
    v_owner   text := (p_new).attrs->>'owner';
BEGIN
    -- Owner first: ALTER OWNER rewrites the grants of the old owner.
    IF v_owner <> coalesce((p_old).attrs->>'owner', current_user) AND (p_new).kind <> 'extension'
        -- the sequence of a column follows its table
        AND NOT coalesce((p_old).attrs ? 'owned_by' AND (p_old).attrs->'owned_by' = (p_new).attrs->'owned_by', false) THEN
        RETURN NEXT (
            'ALTER ' || v_address || ' OWNER TO ' || quote_ident(v_owner),
            CASE WHEN _pggit.is_relation_kind((p_new).kind) THEN 'ACCESS EXCLUSIVE' ELSE '' END, '{}', true
        )::_pggit.ddl;
    END IF;
    IF (p_old).attrs::text LIKE '%"acl:%' OR (p_new).attrs::text LIKE '%"acl:%' THEN
        RETURN QUERY SELECT * FROM _pggit.acl_statements(p_old, p_new);
    END IF;
    IF (p_old).attrs->>'comment' IS DISTINCT FROM (p_new).attrs->>'comment' THEN
        RETURN NEXT (
            'COMMENT ON ' || v_address || ' IS ' || coalesce(quote_literal((p_new).attrs->>'comment'), 'NULL'),
            CASE
                WHEN _pggit.is_relation_kind((p_new).kind) OR (p_new).kind = 'partition_index'
                    OR (p_new).kind = 'column' AND p_parent_kind <> 'composite'
                    THEN 'SHARE UPDATE EXCLUSIVE'
                WHEN (p_new).kind IN ('trigger', 'policy', 'rule') OR (p_new).kind = 'constraint' AND p_parent_kind <> 'domain'
                    THEN 'ACCESS SHARE'
                ELSE ''
            END, '{}', true
        )::_pggit.ddl;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.common_statements(_pggit.object, _pggit.object, text) IS $$
Owner, grants and comment, as every kind has them. A new object belongs to the current user until this gives it away.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_statements(
    p_item _pggit.plan_item,
    p_name text,
    p_moves boolean
)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- parents, and types in signatures, have their new names by now; only its own name is the old one
    v_now    _pggit.object := p_item.new;
    v_lock   text := CASE WHEN p_item.kind IN ('index') THEN 'SHARE UPDATE EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END;
    v_table  text := _pggit.qualified_name((p_item.new).schema_name, (p_item.new).table_name);
    v_parent text;
BEGIN
    v_now.name := (p_item.first).name;
    IF p_moves THEN
        v_now.schema_name := (p_item.first).schema_name;
        RETURN NEXT (
            'ALTER ' || _pggit.object_address(v_now) || ' SET SCHEMA ' || quote_ident((p_item.new).schema_name),
            v_lock, '{}', true
        )::_pggit.ddl;
        v_now.schema_name := (p_item.new).schema_name;
    END IF;
    IF v_now.name = p_name THEN
        RETURN;
    END IF;
    v_parent := CASE p_item.parent_kind
        WHEN 'view' THEN 'VIEW '
        WHEN 'materialized_view' THEN 'MATERIALIZED VIEW '
        WHEN 'domain' THEN 'DOMAIN '
        ELSE 'TABLE '
    END || v_table;
    RETURN NEXT (
        CASE
            WHEN p_item.kind IN ('column', 'constraint') THEN
                'ALTER ' || v_parent || ' RENAME ' || upper(p_item.kind) || ' ' || quote_ident(v_now.name)
            ELSE 'ALTER ' || _pggit.object_address(v_now, p_item.parent_kind) || ' RENAME'
        END || ' TO ' || quote_ident(p_name),
        v_lock, '{}', true
    )::_pggit.ddl;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_statements(_pggit.plan_item, text, boolean) IS $$
ALTER … SET SCHEMA and RENAME TO p_name.
$$;

CREATE OR REPLACE FUNCTION _pggit.retype_statements(p_item _pggit.plan_item)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT (
        'ALTER TABLE ' || _pggit.qualified_name((p_item.new).schema_name, (p_item.new).table_name)
        || CASE
            WHEN (p_item.old).attrs ? 'default' AND NOT p_item.is_loosened
                THEN ' ALTER COLUMN ' || quote_ident((p_item.new).name) || ' DROP DEFAULT,'
            ELSE ''
        END
        || ' ALTER COLUMN ' || quote_ident((p_item.new).name) || ' TYPE ' || ((p_item.new).attrs->>'type')
        || coalesce(' COLLATE ' || ((p_item.new).attrs->>'collation'), '')
        || CASE WHEN (p_item.new).attrs ? 'foreign' THEN ''
            ELSE ' USING ' || quote_ident((p_item.new).name) || '::text::' || ((p_item.new).attrs->>'type') END,
        'ACCESS EXCLUSIVE', '{table_rewrite,may_fail}', true
    )::_pggit.ddl
    -- an heir's column follows its parent's
    WHERE (p_item.new).attrs ? 'type';
END;
COMMENT ON FUNCTION _pggit.retype_statements(_pggit.plan_item) IS $$
Moves a column onto the rebuilt version of its type; the default returns with the column's own alteration.
$$;

CREATE OR REPLACE FUNCTION _pggit.set_constructors_aside(p_range _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 5
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER FUNCTION %s(%s) RENAME TO %I',
        _pggit.qualified_name((p_range).schema_name, f.name), f.arguments, _pggit.set_aside_name(p_range)))
    FROM (VALUES
        (1, (p_range).name, format('%1$s, %1$s', (p_range).attrs->>'subtype')),
        (2, (p_range).name, format('%1$s, %1$s, text', (p_range).attrs->>'subtype')),
        (3, (p_range).attrs->>'multirange', ''),
        (4, (p_range).attrs->>'multirange', _pggit.qualified_name((p_range).schema_name, (p_range).name)),
        (5, (p_range).attrs->>'multirange', _pggit.qualified_name((p_range).schema_name, (p_range).name) || '[]')
    ) AS f(place, name, arguments)
    ORDER BY f.place;
END;
COMMENT ON FUNCTION _pggit.set_constructors_aside(_pggit.object) IS $$
The constructors of a range type keep their names when the types are renamed: they are renamed by themselves.
$$;

CREATE OR REPLACE FUNCTION _pggit.node_alterations(p_item _pggit.plan_item, p_op text)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_name  text := _pggit.qualified_name((p_item.new).schema_name, (p_item.new).name);
    v_table text := _pggit.qualified_name((p_item.new).schema_name, (p_item.new).table_name);
    v_moves boolean := (p_item.first).parent_id IS DISTINCT FROM (p_item.new).parent_id
        AND NOT (p_item.kind = 'sequence' AND (p_item.new).attrs ? 'owned_by');
BEGIN
    CASE p_op
        WHEN 'rename' THEN
            RETURN QUERY SELECT * FROM _pggit.rename_statements(p_item, (p_item.new).name, v_moves);
        WHEN 'loosen' THEN
            IF p_item.kind = 'table' THEN
                RETURN QUERY SELECT d.* FROM _pggit.detach_partition(p_item.old, v_name) AS d;
                RETURN;
            END IF;
            RETURN NEXT CASE p_item.kind
                WHEN 'sequence' THEN ('ALTER SEQUENCE ' || v_name || ' OWNED BY NONE', 'SHARE ROW EXCLUSIVE', '{}', true)::_pggit.ddl
                ELSE (
                    'ALTER TABLE ' || coalesce(v_table, _pggit.qualified_name((p_item.old).schema_name, (p_item.old).table_name))
                        || ' ALTER COLUMN ' || quote_ident((p_item.old).name)
                        || CASE WHEN (p_item.old).attrs ? 'identity' THEN ' DROP IDENTITY' ELSE ' DROP DEFAULT' END,
                    'ACCESS EXCLUSIVE', '{}', true
                )::_pggit.ddl
            END;
        WHEN 'late' THEN
            IF p_item.kind = 'table' THEN
                RETURN QUERY SELECT * FROM _pggit.attach_partition(p_item.new);
                RETURN;
            END IF;
            RETURN NEXT CASE p_item.kind
                WHEN 'sequence' THEN (
                    'ALTER SEQUENCE ' || v_name || ' OWNED BY ' || ((p_item.new).attrs->>'owned_by'),
                    'SHARE ROW EXCLUSIVE', '{}', true
                )::_pggit.ddl
                ELSE (
                    'ALTER TABLE ' || v_table || ' ALTER COLUMN ' || quote_ident((p_item.new).name)
                        || ' SET DEFAULT ' || ((p_item.new).attrs->>'default'),
                    'ACCESS EXCLUSIVE', '{}', true
                )::_pggit.ddl
            END;
        WHEN 'purge' THEN
            RETURN NEXT (
                'DROP ' || CASE p_item.kind WHEN 'domain' THEN 'DOMAIN ' WHEN 'collation' THEN 'COLLATION ' ELSE 'TYPE ' END
                    || _pggit.qualified_name((p_item.old).schema_name, _pggit.set_aside_name(p_item.old)),
                '', '{}', true
            )::_pggit.ddl;
        WHEN 'drop' THEN
            IF p_item.kind = 'range' THEN
                RETURN QUERY SELECT d.* FROM _pggit.set_constructors_aside(p_item.old) AS d;
                RETURN NEXT (
                    'ALTER TYPE ' || _pggit.qualified_name((p_item.old).schema_name, (p_item.old).attrs->>'multirange')
                        || ' RENAME TO ' || quote_ident(left(_pggit.set_aside_name(p_item.old), -1) || 'm'),
                    '', '{}', true
                )::_pggit.ddl;
            END IF;
            RETURN NEXT (
                'ALTER ' || _pggit.object_address(p_item.old) || ' RENAME TO '
                    || quote_ident(_pggit.set_aside_name(p_item.old)),
                '', '{}', true
            )::_pggit.ddl;
        ELSE
            RETURN;
    END CASE;
END;
$$;
COMMENT ON FUNCTION _pggit.node_alterations(_pggit.plan_item, text) IS $$
Statements of the nodes that mean the same for all kinds. "drop" here is a type set aside.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_statements(p_item _pggit.plan_item)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_item _pggit.plan_item := p_item;
BEGIN
    v_item.first.name := _pggit.set_aside_name(p_item.new);
    RETURN QUERY SELECT * FROM _pggit.rename_statements(v_item, (p_item.new).name, false);
END;
$$;
COMMENT ON FUNCTION _pggit.settle_statements(_pggit.plan_item) IS $$
The second half of a rename to a name that was taken: from the interim name to the final one.
$$;

CREATE OR REPLACE FUNCTION _pggit.view_column_statements(
    p_old _pggit.object,
    p_new _pggit.object,
    p_parent_kind text
)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_bare _pggit.object := p_old;
BEGIN
    IF (p_new).object_id IS NULL THEN
        v_bare.attrs := '{}';
        RETURN QUERY SELECT * FROM _pggit.common_statements(p_old, v_bare, p_parent_kind);
    END IF;
    IF (p_old).attrs->>'default' IS DISTINCT FROM (p_new).attrs->>'default' THEN
        RETURN NEXT (
            'ALTER VIEW ' || _pggit.qualified_name(
                coalesce((p_new).schema_name, (p_old).schema_name), coalesce((p_new).table_name, (p_old).table_name))
            || ' ALTER COLUMN ' || quote_ident(coalesce((p_new).name, (p_old).name))
            || coalesce(' SET DEFAULT ' || ((p_new).attrs->>'default'), ' DROP DEFAULT'),
            'ACCESS EXCLUSIVE', '{}', true
        )::_pggit.ddl;
    END IF;
    IF (p_old).attrs->>'statistics' IS DISTINCT FROM (p_new).attrs->>'statistics' AND p_parent_kind = 'materialized_view' THEN
        RETURN NEXT (
            'ALTER MATERIALIZED VIEW ' || _pggit.qualified_name(
                coalesce((p_new).schema_name, (p_old).schema_name), coalesce((p_new).table_name, (p_old).table_name))
            || ' ALTER COLUMN ' || quote_ident(coalesce((p_new).name, (p_old).name))
            || ' SET STATISTICS ' || coalesce((p_new).attrs->>'statistics', '-1'),
            'SHARE UPDATE EXCLUSIVE', '{}', true
        )::_pggit.ddl;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.view_column_statements(_pggit.object, _pggit.object, text) IS $$
What can be said of a column of a view: its default, and the comment and grants that all kinds have.
$$;

CREATE OR REPLACE FUNCTION _pggit.dispatch_ddl(p_function text, p_items _pggit.plan_item[], p_nodes integer[], p_parts _pggit.object[])
RETURNS SETOF _pggit.plan_statement
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
BEGIN
    IF p_function LIKE 'alter%' THEN
        RETURN QUERY EXECUTE format($sql$
            SELECT n.node_no, d.part_no::integer + 10,
                (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
            FROM unnest($1, $2) AS n(object_id, kind, action, is_renamed, is_retyped, is_loosened, is_set_aside,
                parent_kind, first, old, new, node_no)
            CROSS JOIN LATERAL _pggit.%I(
                _pggit.altered_from(n.old, n.is_retyped, n.is_loosened, n.new), _pggit.altered_to(n.new))
                WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
            $sql$, p_function)
        USING p_items, p_nodes;
    ELSIF p_function LIKE 'drop%' THEN
        RETURN QUERY EXECUTE format($sql$
            SELECT n.node_no, d.part_no::integer + 10,
                (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
            FROM unnest($1, $2) AS n(object_id, kind, action, is_renamed, is_retyped, is_loosened, is_set_aside,
                parent_kind, first, old, new, node_no)
            CROSS JOIN LATERAL _pggit.%I(n.old)
                WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
            $sql$, p_function)
        USING p_items, p_nodes;
    ELSE
        RETURN QUERY EXECUTE format($sql$
            SELECT n.node_no, d.part_no::integer + 10,
                (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
            FROM unnest($1, $2) AS n(object_id, kind, action, is_renamed, is_retyped, is_loosened, is_set_aside,
                parent_kind, first, old, new, node_no)
            LEFT JOIN (
                SELECT (p).parent_id, array_agg(p ORDER BY ((p).attrs->>'position')::numeric, (p).name) AS parts
                FROM unnest($3) AS p
                GROUP BY 1
            ) AS a ON a.parent_id = n.object_id
            CROSS JOIN LATERAL _pggit.%I(_pggit.altered_to(n.new), coalesce(a.parts, '{}'))
                WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
            $sql$, p_function)
        USING p_items, p_nodes, p_parts;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.dispatch_ddl(text, _pggit.plan_item[], integer[], _pggit.object[]) IS $$
Calls create_<kind>, alter_<kind> or drop_<kind> for all items of that kind in one query.
$$;

CREATE OR REPLACE FUNCTION _pggit.altered_to(p_object _pggit.object)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind <> 'sequence' THEN p_object
    ELSE (
        (p_object).object_id, (p_object).kind, (p_object).parent_id, (p_object).schema_name, (p_object).table_name,
        (p_object).name, (p_object).signature, (p_object).attrs - 'owned_by', (p_object).deps
    )::_pggit.object
END;
COMMENT ON FUNCTION _pggit.altered_to(_pggit.object) IS $$
The object as its kind's functions see it: sequences without their owner column, which nodes of its own tie and untie.
$$;

CREATE OR REPLACE FUNCTION _pggit.altered_from(
    p_old _pggit.object,
    p_is_retyped boolean,
    p_is_loosened boolean,
    p_new _pggit.object
)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_is_retyped OR p_is_loosened
        OR (p_old).kind = 'column' AND (p_old).attrs ? 'identity' AND NOT (p_new).attrs ? 'identity' THEN (
        (p_old).object_id, (p_old).kind, (p_old).parent_id, (p_old).schema_name, (p_old).table_name,
        (p_old).name, (p_old).signature,
        (p_old).attrs - CASE WHEN p_is_retyped OR p_is_loosened THEN 'default' ELSE '' END
        - CASE WHEN (p_new).attrs ? 'identity' THEN '' ELSE 'identity' END
        || CASE
            WHEN p_is_retyped THEN jsonb_strip_nulls(jsonb_build_object(
                'type', (p_new).attrs->'type', 'collation', (p_new).attrs->'collation'))
            ELSE '{}'
        END
        - CASE WHEN p_is_retyped AND NOT (p_new).attrs ? 'collation' THEN 'collation' ELSE '' END,
        (p_old).deps
    )::_pggit.object
    ELSE _pggit.altered_to(p_old)
END;
COMMENT ON FUNCTION _pggit.altered_from(_pggit.object, boolean, boolean, _pggit.object) IS $$
The old version as it stands when the alteration runs: default or identity taken off, type already moved.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_uncommitted_labels(
    p_items _pggit.plan_item[],
    p_nodes _pggit.plan_node[],
    p_statements _pggit.plan_statement[]
)
RETURNS _pggit.plan_statement[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH added AS MATERIALIZED (
        SELECT i.object_id, l.label, regexp_replace(to_jsonb(quote_literal(l.label))::text, '^"|"$', '', 'g') AS token
        FROM unnest(p_items) AS i
        CROSS JOIN LATERAL jsonb_array_elements_text((i.new).attrs->'labels') AS l(label)
        WHERE i.kind = 'enum'
          AND i.action = 'alter'
          AND NOT (i.old).attrs->'labels' ? l.label
    ), used AS MATERIALIZED (
        SELECT DISTINCT n.node_no
        FROM unnest(p_items) AS i
        CROSS JOIN LATERAL unnest((i.new).deps || (i.new).parent_id) AS d(object_id)
        JOIN added AS a ON a.object_id = d.object_id OR a.object_id IN (
            -- by way of a domain
            SELECT e.object_id FROM unnest(p_items) AS o CROSS JOIN LATERAL unnest((o.new).deps) AS e(object_id)
            WHERE o.object_id = d.object_id)
        JOIN unnest(p_nodes) AS n ON n.object_id = a.object_id AND n.op = 'alter'
        WHERE i.action IN ('create', 'alter', 'rebuild')
          AND strpos((i.new).attrs::text, a.token) > 0
    )
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM used) THEN p_statements
        ELSE (
            SELECT array_agg((
                s.node_no, s.part_no,
                ((s.ddl).sql, (s.ddl).lock_level, (s.ddl).hazards,
                    (s.ddl).in_transaction AND (u.node_no IS NULL OR (s.ddl).sql NOT LIKE '% ADD VALUE %'))::_pggit.ddl
            )::_pggit.plan_statement)
            FROM unnest(p_statements) AS s
            LEFT JOIN used AS u ON u.node_no = s.node_no
        )
    END;
END;
COMMENT ON FUNCTION _pggit.mark_uncommitted_labels(_pggit.plan_item[], _pggit.plan_node[], _pggit.plan_statement[]) IS $$
A label of an enum can be used only after the transaction that added it: where the plan uses it, adding stands outside.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_statements(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS _pggit.plan_statement[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_done     _pggit.plan_statement[] := '{}'::_pggit.plan_statement[];
    v_some     _pggit.plan_statement[];
    v_parts    _pggit.object[];
    v_function text;
    v_items    _pggit.plan_item[];
    v_nodes    integer[];
BEGIN
    v_parts := ARRAY(
        SELECT CASE
            WHEN l.node_no IS NULL THEN i.new
            ELSE (
                (i.new).object_id, (i.new).kind, (i.new).parent_id, (i.new).schema_name, (i.new).table_name,
                (i.new).name, (i.new).signature, (i.new).attrs - 'default', (i.new).deps
            )::_pggit.object
        END
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        LEFT JOIN unnest(p_nodes) AS l ON l.object_id = n.object_id AND l.op = 'late'
        WHERE n.op = 'create' AND n.is_folded
    );
    FOR v_function, v_items, v_nodes IN
        SELECT
            n.op || '_' || CASE WHEN i.kind = 'constraint' AND i.parent_kind = 'domain' THEN 'domain_' ELSE '' END || i.kind,
            array_agg(i ORDER BY n.node_no),
            array_agg(n.node_no ORDER BY n.node_no)
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        WHERE n.op IN ('create', 'alter', 'drop')
          AND NOT n.is_folded
          AND NOT (n.op = 'drop' AND i.is_set_aside)
          AND NOT (i.kind = 'column' AND i.parent_kind IN ('view', 'materialized_view'))
        GROUP BY 1
    LOOP
        -- what all kinds have is enough for some, and its address for DROP
        IF v_function LIKE 'drop%' AND to_regprocedure(format('_pggit.%I(_pggit.object)', v_function)) IS NULL THEN
            v_function := 'drop_type';
        END IF;
        CONTINUE WHEN v_function LIKE 'alter%'
            AND to_regprocedure(format('_pggit.%I(_pggit.object, _pggit.object)', v_function)) IS NULL;
        v_some := ARRAY(
            SELECT s FROM _pggit.dispatch_ddl(v_function, v_items,
                v_nodes, CASE v_function WHEN 'create_table' THEN v_parts ELSE '{}' END) AS s);
        v_done := v_done || v_some;
    END LOOP;
    v_done := v_done || ARRAY(
        SELECT s FROM _pggit.plan_common_statements(p_items, p_nodes) AS s
        UNION ALL
        SELECT s FROM _pggit.plan_identity_statements(p_items, p_nodes) AS s);
    IF EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.kind = 'enum' AND i.action = 'alter') THEN
        v_done := _pggit.mark_uncommitted_labels(p_items, p_nodes, v_done);
    END IF;
    RETURN v_done;
END;
$$;
COMMENT ON FUNCTION _pggit.plan_statements(_pggit.plan_item[], _pggit.plan_node[]) IS $$
The statements of all nodes.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_common_statements(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS SETOF _pggit.plan_statement
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT
            n.node_no, n.op, n.is_folded, i AS item, i.kind, i.parent_kind, i.action, i.old, i.new,
            coalesce(p.node_no, n.node_no) AS acts_as,
            i.is_renamed AND EXISTS (
                SELECT
                FROM unnest(p_items) AS o
                WHERE o.object_id <> i.object_id
                  AND o.first IS DISTINCT FROM NULL
                  AND (o.first).name = (i.new).name
                  AND (o.old).schema_name IS NOT DISTINCT FROM (i.new).schema_name
                  AND ((o.old).table_name IS NOT DISTINCT FROM (i.new).table_name OR i.kind = 'index')
                  AND _pggit.name_class(o.old) = _pggit.name_class(i.new)
                  AND (o.old).signature IS NOT DISTINCT FROM (i.new).signature
            ) AS is_occupied
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        LEFT JOIN unnest(p_nodes) AS p
            ON n.is_folded AND n.op = 'create' AND p.object_id = (i.new).parent_id AND p.op = 'create'
    )
    SELECT n.acts_as, (100 + row_number() OVER (PARTITION BY n.acts_as ORDER BY n.node_no, d.part_no))::integer,
        (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    LEFT JOIN _pggit.implied_grants() AS g
        ON n.op = 'create'
        AND g.objects = _pggit.grant_class(n.kind)
        AND g.schema_name IS NOT DISTINCT FROM coalesce((n.new).schema_name, g.schema_name)
    CROSS JOIN LATERAL _pggit.common_statements(
        CASE
            WHEN n.op = 'alter' THEN n.old
            WHEN g.attrs IS NOT NULL THEN (NULL, NULL, NULL, NULL, NULL, NULL, NULL, g.attrs, NULL)::_pggit.object
        END,
        n.new, n.parent_kind) WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op IN ('create', 'alter')
      AND n.kind <> 'default_privilege'
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.node_alterations(n.item, n.op)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op IN ('loosen', 'late', 'purge')
       OR n.op = 'drop' AND (n.item).is_set_aside
       OR n.op = 'rename' AND NOT n.is_occupied
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.rename_statements(
        n.item, _pggit.set_aside_name(n.new), (n.old).parent_id IS DISTINCT FROM (n.new).parent_id)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op = 'rename' AND n.is_occupied
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.settle_statements(n.item)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op = 'settle' AND n.is_occupied
    UNION ALL
    SELECT n.node_no, 1, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.retype_statements(n.item) AS d
    WHERE n.op = 'alter' AND (n.item).is_retyped
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.view_column_statements(
        CASE WHEN n.op <> 'create' THEN n.old END, CASE WHEN n.op <> 'drop' THEN n.new END, n.parent_kind)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.kind = 'column'
      AND n.parent_kind IN ('view', 'materialized_view')
      AND n.op IN ('create', 'alter', 'drop')
      AND NOT n.is_folded;
END;
COMMENT ON FUNCTION _pggit.plan_common_statements(_pggit.plan_item[], _pggit.plan_node[]) IS $$
The statements that no kind has for itself: owners, grants, comments, renames, and what opens and closes cycles.
$$;

CREATE OR REPLACE FUNCTION _pggit.identity_sequence(p_column _pggit.object, p_attrs jsonb, p_owner text)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    NULL, 'sequence', NULL, (p_column).schema_name, NULL, (parse_ident(p_attrs->>'identity:sequence'))[1], NULL,
    (
        SELECT coalesce(jsonb_object_agg(substr(a.key, length('identity:') + 1), a.value), '{}')
        FROM jsonb_each(p_attrs) AS a
        WHERE a.key = 'identity:comment' OR starts_with(a.key, 'identity:acl:')
    ) || jsonb_strip_nulls(jsonb_build_object('owner', p_owner)),
    NULL
)::_pggit.object;
COMMENT ON FUNCTION _pggit.identity_sequence(_pggit.object, jsonb, text) IS $$
The sequence of an identity column as an object, with what can be said of it beside its parameters.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_identity_statements(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS SETOF _pggit.plan_statement
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT
            coalesce(p.node_no, n.node_no) AS acts_as, i.new, (t.new).attrs->>'owner' AS owner,
            CASE WHEN n.op = 'alter' AND (i.old).attrs ? 'identity' THEN (i.old).attrs END AS old_attrs
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        LEFT JOIN unnest(p_nodes) AS p ON n.is_folded AND p.object_id = (i.new).parent_id AND p.op = 'create'
        LEFT JOIN unnest(p_items) AS t ON t.object_id = (i.new).parent_id
        WHERE n.op IN ('create', 'alter')
          AND i.kind = 'column'
          AND (i.new).attrs ? 'identity'
    )
    SELECT n.acts_as, (5000 + row_number() OVER (PARTITION BY n.acts_as))::integer,
        (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    LEFT JOIN _pggit.implied_grants() AS g
        ON n.old_attrs IS NULL AND g.objects = 'S' AND g.schema_name = (n.new).schema_name
    CROSS JOIN LATERAL (
        SELECT _pggit.identity_sequence(n.new, (n.new).attrs, n.owner) AS new
    ) AS s
    CROSS JOIN LATERAL (
        SELECT _pggit.make_ddl(
            'ALTER SEQUENCE ' || _pggit.object_target(s.new) || ' SET ' || upper(coalesce(
                (n.new).attrs->>'identity:persistence',
                CASE n.old_attrs->>'identity:persistence' WHEN 'unlogged' THEN 'logged' ELSE 'unlogged' END)),
            'ACCESS EXCLUSIVE') AS ddl
        WHERE n.old_attrs->'identity:persistence' IS DISTINCT FROM (n.new).attrs->'identity:persistence'
        UNION ALL
        SELECT c
        FROM _pggit.common_statements(CASE
            WHEN n.old_attrs IS NOT NULL THEN _pggit.identity_sequence(n.new, n.old_attrs, n.owner)
            ELSE (NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                coalesce(g.attrs, '{}') || jsonb_strip_nulls(jsonb_build_object('owner', n.owner)), NULL)::_pggit.object
        END, s.new, NULL) AS c
    ) AS q
    CROSS JOIN LATERAL (SELECT (q.ddl).sql, (q.ddl).lock_level, (q.ddl).hazards, (q.ddl).in_transaction) AS d;
END;
COMMENT ON FUNCTION _pggit.plan_identity_statements(_pggit.plan_item[], _pggit.plan_node[]) IS $$
Grants and comments of the sequences of identity columns, and whether these are logged; their owner is the table's.
$$;

CREATE OR REPLACE FUNCTION _pggit.lay_out_steps(
    p_items _pggit.plan_item[],
    p_nodes _pggit.plan_node[],
    p_order integer[],
    p_statements _pggit.plan_statement[],
    p_extra_path jsonb
)
RETURNS SETOF _pggit.step
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH ordered AS MATERIALIZED (
        SELECT
            row_number() OVER (ORDER BY o.place, s.part_no) AS place,
            (s.ddl).sql, (s.ddl).lock_level, (s.ddl).hazards, (s.ddl).in_transaction,
            n.op, i.kind, i.object_id,
            _pggit.object_title(coalesce(i.new, i.old)) AS identity,
            _pggit.plan_path(CASE
                WHEN n.op IN ('drop', 'loosen', 'purge') THEN (i.old).schema_name
                ELSE (i.new).schema_name
            END, p_extra_path) AS path
        FROM unnest(p_order) WITH ORDINALITY AS o(node_no, place)
        JOIN unnest(p_nodes) AS n ON n.node_no = o.node_no
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        JOIN unnest(p_statements) AS s ON s.node_no = n.node_no
    ), pathed AS (
        SELECT d.*, lag(d.path) OVER (ORDER BY d.place) AS previous_path
        FROM ordered AS d
        WHERE d.path IS NOT NULL
    ), lines(place, part, sql, lock_level, hazards, in_transaction, op, kind, object_id, identity) AS (
        SELECT
            0::bigint, 0, 'SET check_function_bodies = off', '', '{}'::text[], true, 'set', NULL::text, NULL::uuid, NULL::text
        WHERE EXISTS (
            SELECT FROM ordered AS d WHERE d.kind IN ('function', 'procedure') AND d.sql LIKE 'CREATE %'
        )
        UNION ALL
        SELECT p.place, 0, 'SET search_path = ' || p.path, '', '{}', true, 'set', NULL, NULL, NULL
        FROM pathed AS p
        WHERE p.path IS DISTINCT FROM p.previous_path
        UNION ALL
        SELECT
            d.place, 1, d.sql, coalesce(d.lock_level, ''), coalesce(d.hazards, '{}'), coalesce(d.in_transaction, true),
            d.op, d.kind, d.object_id, d.identity
        FROM ordered AS d
        UNION ALL
        SELECT 9000000000, 0, 'RESET check_function_bodies', '', '{}', true, 'set', NULL, NULL, NULL
        WHERE EXISTS (
            SELECT FROM ordered AS d WHERE d.kind IN ('function', 'procedure') AND d.sql LIKE 'CREATE %'
        )
        UNION ALL
        SELECT 9000000000, 1, 'RESET search_path', '', '{}', true, 'set', NULL, NULL, NULL
        WHERE EXISTS (SELECT FROM pathed)
    )
    SELECT
        (row_number() OVER (ORDER BY l.place, l.part))::integer,
        l.sql, l.lock_level, l.hazards, l.in_transaction, l.op, l.kind, l.object_id, l.identity
    FROM lines AS l
    ORDER BY l.place, l.part;
END;
COMMENT ON FUNCTION _pggit.lay_out_steps(
    _pggit.plan_item[], _pggit.plan_node[], integer[], _pggit.plan_statement[], jsonb
) IS $$
Statements in their order, with the settings that they need between them.
$$;
