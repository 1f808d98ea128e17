-- Plan, ordering: the nodes of a plan, what must come before what, and the order that follows.

-- == relations ==

CREATE TYPE _pggit.plan_edge AS (
    before_no integer,
    after_no  integer
);

-- A node with its object. What is folded into another node acts as that one.
CREATE TYPE _pggit.plan_actor AS (
    node_no      integer,
    object_id    uuid,
    op           text,
    kind         text,
    is_set_aside boolean,
    first        _pggit.object,
    old          _pggit.object,
    new          _pggit.object,
    acts_as      integer
);

CREATE TYPE _pggit.plan_order AS (
    node_order    integer[],
    cycle_objects uuid[]  -- objects on both ends of the edges that had to be ignored
);

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.owned_sequences(p_items _pggit.plan_item[])
RETURNS TABLE (sequence_id uuid, old_column_id uuid, new_column_id uuid)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 100
BEGIN ATOMIC
    WITH seq AS MATERIALIZED (
        SELECT s.object_id, s.first, s.new
        FROM unnest(p_items) AS s
        WHERE s.kind = 'sequence'
          AND ((s.first).attrs ? 'owned_by' OR (s.new).attrs ? 'owned_by')
    ), col AS MATERIALIZED (
        SELECT
            c.object_id,
            quote_ident((c.first).schema_name) AS old_schema,
            quote_ident((c.first).table_name) || '.' || quote_ident((c.first).name) AS old_path,
            quote_ident((c.new).schema_name) AS new_schema,
            quote_ident((c.new).table_name) || '.' || quote_ident((c.new).name) AS new_path
        FROM unnest(p_items) AS c
        WHERE c.kind = 'column'
          AND EXISTS (SELECT FROM seq)
    ), named AS MATERIALIZED (
        -- an owner in the sequence's own schema stands without it
        SELECT s.object_id, n.old_name, n.new_name
        FROM seq AS s
        CROSS JOIN LATERAL (
            VALUES
                ((s.first).attrs->>'owned_by', (s.new).attrs->>'owned_by'),
                (quote_ident((s.first).schema_name) || '.' || ((s.first).attrs->>'owned_by'),
                    quote_ident((s.new).schema_name) || '.' || ((s.new).attrs->>'owned_by'))
        ) AS n(old_name, new_name)
    ), old_owner AS MATERIALIZED (
        SELECT m.object_id, c.object_id AS column_id
        FROM named AS m
        JOIN col AS c ON c.old_schema || '.' || c.old_path = m.old_name
    ), new_owner AS MATERIALIZED (
        SELECT m.object_id, c.object_id AS column_id
        FROM named AS m
        JOIN col AS c ON c.new_schema || '.' || c.new_path = m.new_name
    )
    SELECT s.object_id, o.column_id, n.column_id
    FROM seq AS s
    LEFT JOIN old_owner AS o ON o.object_id = s.object_id
    LEFT JOIN new_owner AS n ON n.object_id = s.object_id;
END;
COMMENT ON FUNCTION _pggit.owned_sequences(_pggit.plan_item[]) IS $$
The owned sequences with their columns, before and after, as far as these are among the items.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_table_clause(p_constraint _pggit.object, p_table _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_constraint).kind = 'constraint'
    AND (p_constraint).attrs->>'type' IN ('check', 'primary_key', 'unique')
    AND (p_constraint).attrs - '{type,expression,key_columns,include,nulls_not_distinct,deferrable,no_inherit,comment}'::text[] = '{}'
    -- PostgreSQL 18 would see the name taken when it names the NOT NULL of a table made later
    AND strpos((p_constraint).name, '_not_null') = 0
    AND (p_table).kind = 'table'
    AND NOT (p_table).attrs ?| '{partition_of,partition_by,inherits,of_type,server}';
COMMENT ON FUNCTION _pggit.is_table_clause(_pggit.object, _pggit.object) IS $$
Whether a constraint of a new table can be said in its CREATE TABLE, as far as the two tell: that saves a statement, and an ALTER TABLE
costs more than to make a small table.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_facts(p_items _pggit.plan_item[], p_cycle uuid[])
RETURNS TABLE (
    object_id uuid, kind text, action text, is_renamed boolean, is_loosened boolean, is_set_aside boolean,
    old _pggit.object, new _pggit.object, parent_kind text, parent_action text, is_cyclic boolean,
    is_owned_by_dropped boolean, is_owned_by_identity boolean, is_regiven boolean, is_table_clause boolean
)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH calling AS MATERIALIZED (
        -- what calls a routine waits for it; its table, which the routine may name, does not
        SELECT DISTINCT k.object_id
        FROM unnest(p_items) AS k
        CROSS JOIN LATERAL unnest((k.new).deps) AS d(object_id)
        JOIN unnest(p_items) AS r ON r.object_id = d.object_id AND r.kind IN ('function', 'procedure', 'aggregate', 'operator')
        WHERE k.kind = 'constraint'
    )
    SELECT
        i.object_id, i.kind, i.action, i.is_renamed, i.is_loosened, i.is_set_aside, i.old, i.new, i.parent_kind,
        p.action AS parent_action,
        i.object_id = ANY (p_cycle) AS is_cyclic,
        -- what is dropped with its parent: all that lives in a table, and the sequence of a column
        o.object_id IS NOT NULL AS is_owned_by_dropped,
        -- or with the alteration that puts an identity's sequence of the same name in its place
        y.object_id IS NOT NULL AS is_owned_by_identity,
        i.kind = 'sequence' AND (
            i.action IN ('create', 'rebuild')
            OR (i.old).attrs->'owned_by' IS DISTINCT FROM (i.new).attrs->'owned_by'
            OR o.object_id IS NOT NULL
        ) AS is_regiven,
        c.object_id IS NULL AND NOT i.object_id = ANY (p_cycle) AND _pggit.is_table_clause(i.new, p.new) AS is_table_clause
    FROM unnest(p_items) AS i
    LEFT JOIN calling AS c ON c.object_id = i.object_id
    LEFT JOIN unnest(p_items) AS p ON p.object_id = coalesce((i.old).parent_id, (i.new).parent_id)
    LEFT JOIN _pggit.owned_sequences(p_items) AS w ON w.sequence_id = i.object_id
    LEFT JOIN unnest(p_items) AS o ON o.action IN ('drop', 'rebuild') AND o.object_id = w.old_column_id
    LEFT JOIN unnest(p_items) AS y
        ON y.object_id = w.old_column_id
        AND y.action = 'alter'
        AND (y.old).attrs->>'default' LIKE 'nextval(%'
        AND (y.new).attrs->>'identity:sequence' = quote_ident((i.old).name);
END;
COMMENT ON FUNCTION _pggit.plan_facts(_pggit.plan_item[], uuid[]) IS $$
The items with what their parents and owners undergo, from which their nodes follow.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_nodes(p_items _pggit.plan_item[], p_cycle uuid[])
RETURNS _pggit.plan_node[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS (
        SELECT i.object_id, v.op, v.phase, coalesce(v.is_folded, false) AS is_folded, i.kind, coalesce(i.new, i.old) AS object
        FROM _pggit.plan_facts(p_items, p_cycle) AS i
        CROSS JOIN LATERAL (
            SELECT 'create' AS op, 0 AS phase, false AS is_folded
            WHERE i.action = 'create' AND i.kind = 'schema'
            UNION ALL
            -- an inherited column is renamed with its origin's, a view's with the view that is made anew
            SELECT v.op, v.phase, false
            FROM (VALUES ('rename', 1), ('settle', 3)) AS v(op, phase)
            WHERE i.is_renamed
              AND NOT (i.kind = 'column' AND (
                  (i.new).attrs ? 'inherited'
                  OR i.parent_kind IN ('view', 'materialized_view') AND coalesce(i.parent_action = 'rebuild', false)))
            UNION ALL
            SELECT 'loosen', 2, false
            WHERE i.is_loosened
               OR i.action = 'drop' AND i.kind = 'column' AND i.is_cyclic AND (i.old).attrs ? 'default'
               OR i.action = 'alter' AND i.is_regiven AND (i.old).attrs ? 'owned_by'
               -- an identity lets go of its sequence's name before another takes it
               OR i.action = 'alter' AND i.kind = 'column' AND (i.old).attrs ? 'identity' AND NOT (i.new).attrs ? 'identity'
            UNION ALL
            SELECT
                'drop', 2,
                (coalesce(i.parent_kind, '') NOT IN ('schema', 'server') OR i.kind = 'default_privilege')
                    AND coalesce(i.parent_action IN ('drop', 'rebuild'), false)
                    AND NOT (i.is_cyclic AND i.kind IN ('constraint', 'index', 'policy', 'rule', 'trigger'))
                OR (i.is_owned_by_dropped OR i.is_owned_by_identity) AND i.action = 'drop'
            WHERE i.action IN ('drop', 'rebuild')
            UNION ALL
            SELECT 'create', 4, coalesce(i.parent_action IN ('create', 'rebuild'), false)
                AND (i.kind = 'column' AND i.parent_kind = 'table' OR coalesce(i.is_table_clause, false))
            WHERE i.action IN ('create', 'rebuild') AND NOT (i.action = 'create' AND i.kind = 'schema')
            UNION ALL
            SELECT 'alter', 4, false WHERE i.action = 'alter'
            UNION ALL
            SELECT 'late', 5, false
            WHERE i.action IN ('create', 'rebuild') AND i.kind = 'column' AND i.is_cyclic AND (i.new).attrs ? 'default'
               OR i.action IN ('create', 'rebuild', 'alter') AND i.is_regiven AND (i.new).attrs ? 'owned_by'
               OR i.kind = 'table' AND (i.new).attrs ? 'partition_of' AND (
                   i.action IN ('create', 'rebuild') AND (i.new).attrs ? 'attached'
                   OR i.is_loosened
                   OR i.action = 'alter' AND ((i.old).attrs->'partition_of', (i.old).attrs->'bound')
                       IS DISTINCT FROM ((i.new).attrs->'partition_of', (i.new).attrs->'bound'))
            UNION ALL
            SELECT 'purge', 6, false WHERE i.is_set_aside
        ) AS v
    )
    SELECT array_agg((
        n.node_no, n.object_id, n.op, n.is_folded
    )::_pggit.plan_node ORDER BY n.node_no)
    FROM (
        SELECT
            row_number() OVER (
                ORDER BY
                    -- what later objects get by default changes after all are made
                    CASE WHEN w.kind IN ('default_privilege', 'partition_index', 'event_trigger') THEN
                        CASE WHEN w.kind = 'event_trigger' AND w.op IN ('drop', 'rename') THEN 0 ELSE 9 END ELSE w.phase END,
                    CASE WHEN w.phase = 2 THEN -_pggit.kind_weight(w.kind) ELSE _pggit.kind_weight(w.kind) END,
                    -- to make a partition, PostgreSQL goes through all constraints of the database: better while they are few
                    w.kind = 'table' AND NOT (w.object).attrs ?| '{partition_of,partition_by}',
                    (w.object).schema_name, (w.object).table_name,
                    CASE jsonb_typeof((w.object).attrs->'position') WHEN 'number' THEN ((w.object).attrs->>'position')::numeric END,
                    (w.object).name, (w.object).signature, w.object_id
            )::integer AS node_no,
            w.object_id, w.op, w.is_folded
        FROM node AS w
    ) AS n;
END;
COMMENT ON FUNCTION _pggit.plan_nodes(_pggit.plan_item[], uuid[]) IS $$
What is to be done, numbered in the order that reads best where nothing demands another.
p_cycle: objects whose defaults (columns) or foreign keys are handled apart, to open a cycle.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_class(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind IN ('table', 'view', 'materialized_view', 'sequence', 'index') THEN 'relation'
    WHEN (p_object).kind IN ('enum', 'domain', 'composite', 'range') THEN 'relation'
    WHEN (p_object).kind IN ('function', 'procedure', 'aggregate') THEN 'routine'
    ELSE (p_object).kind
END;
COMMENT ON FUNCTION _pggit.name_class(_pggit.object) IS $$
The namespace in which a name must be free: relations and types share one, since a relation has a row type.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_actors(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS SETOF _pggit.plan_actor
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH owned AS MATERIALIZED (
        SELECT w.sequence_id, w.old_column_id, w.new_column_id FROM _pggit.owned_sequences(p_items) AS w
    ), raw AS MATERIALIZED (
        SELECT n.node_no, n.object_id, n.op, n.is_folded, i.kind, i.first, i.old, i.new, i.is_set_aside
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
    )
    -- a folded node stands for its parent's (a column's sequence: for the parent's parent)
    SELECT (
        r.node_no, r.object_id, r.op, r.kind, r.is_set_aside, r.first, r.old, r.new,
        CASE WHEN r.is_folded THEN coalesce(CASE WHEN p.is_folded THEN g.node_no ELSE p.node_no END, r.node_no)
            ELSE r.node_no END
    )::_pggit.plan_actor
    FROM raw AS r
    LEFT JOIN owned AS w ON r.is_folded AND w.sequence_id = r.object_id
    LEFT JOIN raw AS p
        ON r.is_folded AND p.op = r.op
        AND p.object_id = CASE
            WHEN r.kind = 'sequence' THEN w.old_column_id
            WHEN r.op = 'drop' THEN (r.old).parent_id
            ELSE (r.new).parent_id
        END
    LEFT JOIN raw AS g ON p.is_folded AND g.op = p.op AND g.object_id = (p.old).parent_id;
END;
COMMENT ON FUNCTION _pggit.plan_actors(_pggit.plan_item[], _pggit.plan_node[]) IS $$
The nodes with their objects, and with the node that does their work.
$$;

CREATE OR REPLACE FUNCTION _pggit.make_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    ), late AS (
        SELECT n.object_id FROM node AS n WHERE n.op = 'late' AND n.kind = 'column'
    ), heir AS MATERIALIZED (
        -- columns and checks of its own that a table gets or loses while its parents change
        SELECT t.object_id, n.acts_as AS node_no, n.object_id AS part_id, CASE
                -- a table is made what its type asks for before it is given it, and changes after it was freed of it
                WHEN (t.old).attrs->'of_type' IS DISTINCT FROM (t.new).attrs->'of_type' THEN (t.new).attrs ? 'of_type'
                ELSE n.op = 'create'
            END AS is_before
        FROM node AS t
        JOIN node AS n
            ON n.op IN ('create', 'drop')
            AND n.kind IN ('column', 'constraint')
            AND (coalesce(n.new, n.old)).parent_id = t.object_id
            AND NOT (coalesce(n.new, n.old)).attrs ? 'inherited'
        WHERE t.op = 'alter'
          AND t.kind = 'table'
          AND ((t.old).attrs->'inherits', (t.old).attrs->'of_type')
              IS DISTINCT FROM ((t.new).attrs->'inherits', (t.new).attrs->'of_type')
    ), new_need AS MATERIALIZED (
        SELECT n.node_no, n.acts_as, n.object_id, n.op, d.object_id AS needed_id
        FROM node AS n
        CROSS JOIN LATERAL unnest((n.new).deps || (n.new).parent_id) AS d(object_id)
        WHERE n.op IN ('create', 'alter', 'late')
    )
    -- what is needed is made first
    SELECT m.acts_as, w.acts_as
    FROM new_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op IN ('create', 'alter')
    LEFT JOIN late AS l ON l.object_id = w.object_id AND w.op = 'create'
    LEFT JOIN heir AS h ON h.object_id = m.object_id AND h.node_no = w.node_no
    WHERE (l.object_id IS NULL OR m.kind NOT IN ('function', 'procedure', 'aggregate', 'sequence'))
      AND h.object_id IS NULL
    UNION
    -- what an heir must have by itself comes before it joins its parent, and goes after it has left
    SELECT
        CASE WHEN h.is_before THEN h.node_no ELSE m.acts_as END,
        CASE WHEN h.is_before THEN m.acts_as ELSE h.node_no END
    FROM heir AS h
    JOIN node AS m ON m.object_id = h.object_id AND m.op = 'alter'
    UNION
    -- a domain is whole before it is used: arrays of it forbid new checks
    SELECT m.acts_as, w.acts_as
    FROM new_need AS w
    JOIN node AS p ON p.object_id = w.needed_id AND p.kind = 'domain'
    JOIN node AS m ON m.op = 'create' AND m.kind = 'constraint' AND (m.new).parent_id = p.object_id
    JOIN node AS n ON n.node_no = w.node_no
    WHERE (n.new).parent_id IS DISTINCT FROM p.object_id
    UNION
    SELECT m.acts_as, w.acts_as
    FROM new_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op = 'settle';
END;
COMMENT ON FUNCTION _pggit.make_edges(_pggit.plan_actor[]) IS $$
What must be there before something that needs it is made or changed.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    ), loose AS (
        SELECT n.object_id FROM node AS n WHERE n.op = 'loosen' AND n.kind = 'column' AND n.new IS NULL
    ), loosened AS (
        -- the column has let go of the old routine before it is altered
        SELECT n.object_id FROM node AS n WHERE n.op = 'loosen' AND n.kind = 'column' AND (n.new).object_id IS NOT NULL
    ), heir AS MATERIALIZED (
        -- columns, keys and checks of its own that a table gets or loses while its parents change
        SELECT t.object_id, n.acts_as AS node_no, n.object_id AS part_id
        FROM node AS t
        JOIN node AS n
            ON n.op IN ('create', 'drop')
            AND (n.kind IN ('column', 'constraint') OR n.kind = 'index' AND (n.old).attrs ? 'unshared')
            AND (coalesce(n.new, n.old)).parent_id = t.object_id
            AND NOT (coalesce(n.new, n.old)).attrs ? 'inherited'
        WHERE t.op = 'alter'
          AND t.kind = 'table'
          AND (((t.old).attrs->'inherits', (t.old).attrs->'of_type')
              IS DISTINCT FROM ((t.new).attrs->'inherits', (t.new).attrs->'of_type') OR (n.old).attrs ? 'unshared')
    ), old_need AS MATERIALIZED (
        SELECT n.acts_as, n.object_id, n.op, n.new, d.object_id AS needed_id
        FROM node AS n
        CROSS JOIN LATERAL unnest((n.old).deps || (n.old).parent_id) AS d(object_id)
        WHERE n.op IN ('drop', 'loosen', 'alter', 'purge')
    )
    -- what depends goes before what it depends on goes or changes
    SELECT w.acts_as, m.acts_as
    FROM old_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op IN ('drop', 'alter')
    LEFT JOIN loose AS l ON l.object_id = w.object_id AND w.op = 'drop'
    LEFT JOIN loosened AS s ON s.object_id = w.object_id AND w.op = 'alter' AND m.kind IN ('function', 'procedure')
    LEFT JOIN heir AS h ON h.object_id = m.object_id AND h.part_id = w.object_id AND m.op = 'alter'
    WHERE h.object_id IS NULL AND (w.op = 'drop'
        AND (l.object_id IS NULL OR m.kind NOT IN ('function', 'procedure', 'aggregate', 'sequence'))
       OR w.op = 'loosen' AND m.op = 'drop'
       OR w.op = 'purge' AND m.op = 'drop' AND NOT m.is_set_aside
       OR w.op = 'alter' AND m.op = 'drop' AND NOT m.is_set_aside AND s.object_id IS NULL
           AND w.needed_id <> ALL ((w.new).deps) AND w.needed_id IS DISTINCT FROM (w.new).parent_id)
    UNION
    -- a type set aside goes when its columns have left it
    SELECT w.acts_as, m.acts_as
    FROM old_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op = 'purge'
    WHERE w.op IN ('alter', 'drop', 'purge');
END;
COMMENT ON FUNCTION _pggit.drop_edges(_pggit.plan_actor[]) IS $$
What must be gone, or changed, before something that it needs goes or changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.heir_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Each set is computed once, in plain columns: joined as composites, thousands of actors cost seconds.
    WITH node AS MATERIALIZED (
        SELECT a.node_no, a.acts_as, a.object_id, a.op, a.kind, coalesce(a.new, a.old) AS object, a.new
        FROM unnest(p_actors) AS a
        WHERE a.kind IN ('table', 'column', 'constraint', 'index', 'trigger')
    ), part AS MATERIALIZED (
        SELECT n.acts_as, n.object_id, n.op, n.op = 'drop' AS is_dropped, n.kind || ' ' || (n.object).name AS name,
            n.acts_as <> n.node_no AS is_folded, (n.object).attrs ? 'inherited'
                OR n.op = 'alter' AND (n.object).attrs ? 'merged' AS is_inherited
        FROM node AS n
        WHERE n.kind IN ('column', 'trigger')
          AND n.op IN ('create', 'alter', 'drop')
          AND NOT (n.object).attrs ? 'not_null_before'
    ), heir AS MATERIALIZED (
        SELECT p.acts_as, p.object_id, p.is_dropped, p.name, p.is_folded FROM part AS p WHERE p.is_inherited
    ), origin AS MATERIALIZED (
        SELECT p.acts_as, p.object_id, p.is_dropped, p.name, p.is_folded FROM part AS p WHERE NOT p.is_inherited
    ), attached AS MATERIALIZED (
        SELECT n.acts_as, d.object_id AS parent_id
        FROM node AS n
        CROSS JOIN LATERAL unnest((n.new).deps) AS d(object_id)
        WHERE n.op = 'create' AND n.kind = 'table' AND (n.new).attrs ? 'attached'
    ), late AS MATERIALIZED (
        SELECT n.acts_as, n.object_id FROM node AS n WHERE n.op = 'late' AND n.kind = 'table'
    ), made AS MATERIALIZED (
        SELECT n.acts_as, n.object_id, n.op, n.kind, (n.new).parent_id AS parent_id, (n.new).attrs->>'type' AS type, (n.new).deps AS deps
        FROM node AS n
        WHERE n.op IN ('create', 'alter') AND n.kind <> 'table'
          AND EXISTS (SELECT FROM late UNION ALL SELECT FROM attached)
    ), reference AS MATERIALIZED (
        SELECT m.acts_as, m.parent_id, d.object_id AS needed_id
        FROM made AS m
        CROSS JOIN LATERAL unnest(m.deps) AS d(object_id)
        WHERE m.op = 'create' AND m.kind = 'constraint' AND m.type = 'foreign_key'
    )
    -- what an heir says of an inherited column comes after the column, and goes before it; two that come or go with their
    -- tables are in order when the tables are, by the dependency of the one on the other
    SELECT
        CASE WHEN n.is_dropped THEN n.acts_as ELSE m.acts_as END,
        CASE WHEN n.is_dropped THEN m.acts_as ELSE n.acts_as END
    FROM (SELECT h.* FROM heir AS h WHERE NOT h.is_folded) AS n
    JOIN origin AS m ON m.name = n.name AND m.is_dropped = n.is_dropped AND m.object_id <> n.object_id
    UNION
    SELECT
        CASE WHEN n.is_dropped THEN n.acts_as ELSE m.acts_as END,
        CASE WHEN n.is_dropped THEN m.acts_as ELSE n.acts_as END
    FROM (SELECT h.* FROM heir AS h WHERE h.is_folded) AS n
    JOIN (SELECT o.* FROM origin AS o WHERE NOT o.is_folded) AS m
        ON m.name = n.name AND m.is_dropped = n.is_dropped AND m.object_id <> n.object_id
    UNION
    -- a table to be attached copies the checks of its parent
    SELECT m.acts_as, n.acts_as
    FROM attached AS n
    JOIN made AS m ON m.parent_id = n.parent_id AND m.op = 'create' AND m.kind = 'constraint' AND m.type = 'check'
    UNION
    -- what a foreign key refers to may come with the attachment
    SELECT m.acts_as, r.acts_as
    FROM reference AS r
    JOIN late AS m ON m.object_id = r.needed_id
    WHERE m.object_id <> r.parent_id
    UNION
    SELECT m.acts_as, r.acts_as
    FROM reference AS r
    JOIN node AS c ON c.object_id = r.needed_id AND c.kind = 'column'
    JOIN late AS m ON m.object_id = (c.new).parent_id
    WHERE m.object_id <> r.parent_id;
END;
COMMENT ON FUNCTION _pggit.heir_edges(_pggit.plan_actor[]) IS $$
The order among partitions, heirs and their parents.
$$;

CREATE OR REPLACE FUNCTION _pggit.attach_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH late AS MATERIALIZED (
        SELECT a.acts_as, a.object_id FROM unnest(p_actors) AS a WHERE a.op = 'late' AND a.kind = 'table'
    ), made AS MATERIALIZED (
        SELECT a.acts_as, (a.new).parent_id AS parent_id,
            a.kind = 'column' OR (a.new).attrs->>'type' = 'check' OR (a.new).attrs ? 'attached' AS is_demanded
        FROM unnest(p_actors) AS a
        WHERE a.op IN ('create', 'alter') AND a.kind IN ('column', 'constraint', 'index')
          AND (a.new).attrs->>'type' IS DISTINCT FROM 'foreign_key'
          AND EXISTS (SELECT FROM late)
        UNION ALL
        SELECT a.acts_as, (a.old).parent_id, true
        FROM unnest(p_actors) AS a
        WHERE a.op = 'drop' AND a.kind = 'column'
          AND EXISTS (SELECT FROM late)
    )
    -- a table becomes a partition when it has all that a partition must have, and gets afterwards what PostgreSQL would
    -- take for the part of an index of its parent
    SELECT
        CASE WHEN m.is_demanded THEN m.acts_as ELSE n.acts_as END,
        CASE WHEN m.is_demanded THEN n.acts_as ELSE m.acts_as END
    FROM late AS n
    JOIN made AS m ON m.parent_id = n.object_id;
END;
COMMENT ON FUNCTION _pggit.attach_edges(_pggit.plan_actor[]) IS $$
The order between the attachment of a partition and what it has of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    )
    -- steps of one object
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b ON b.object_id = a.object_id
    WHERE (a.op, b.op) IN (
        ('drop', 'create'), ('loosen', 'drop'), ('loosen', 'alter'), ('loosen', 'late'), ('create', 'late'), ('alter', 'late'),
        ('create', 'purge'), ('rename', 'settle'),
        ('settle', 'create'), ('settle', 'alter')
    )
    UNION
    -- a name is free before it is taken
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b
        ON b.op IN ('create', 'settle')
        AND _pggit.name_class(b.new) = _pggit.name_class(a.old)
        AND (b.new).name = (a.old).name
        AND (b.new).schema_name IS NOT DISTINCT FROM (a.old).schema_name
        AND ((b.new).table_name IS NOT DISTINCT FROM (a.old).table_name OR b.kind = 'index')
        AND (b.new).signature IS NOT DISTINCT FROM (a.old).signature
    WHERE a.op = 'drop'
      AND a.object_id <> b.object_id
    UNION
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b
        ON b.op = 'settle'
        AND _pggit.name_class(b.new) = _pggit.name_class(a.first)
        AND (b.new).name = (a.first).name
        AND ((b.new).parent_id = (a.first).parent_id OR b.kind = 'index' AND (b.new).schema_name = (a.first).schema_name)
    WHERE a.op = 'rename'
      AND a.object_id <> b.object_id
    UNION
    -- the same for the name of a NOT NULL (PostgreSQL 18)
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b
        ON b.op = 'create' AND b.kind = 'column'
        AND (b.new).parent_id = (a.old).parent_id
        AND (b.new).attrs->>'not_null_name' = (a.old).attrs->>'not_null_name'
    WHERE a.op = 'drop' AND a.kind = 'column' AND (a.old).attrs ? 'not_null_name'
      AND a.object_id <> b.object_id
    UNION
    -- a call may fit two routines of one name, if one of them is about to go and has defaults; what still needs that keeps it
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b
        ON b.op = 'create' AND b.kind IN ('function', 'procedure')
        AND (b.new).name = (a.old).name AND (b.new).schema_name = (a.old).schema_name
    WHERE a.op = 'drop' AND a.kind IN ('function', 'procedure')
      AND a.object_id <> b.object_id
      AND NOT EXISTS (
          SELECT
          FROM node AS x
          WHERE x.op = 'alter' AND a.object_id = ANY ((x.old).deps)
            AND NOT EXISTS (SELECT FROM node AS l WHERE l.op = 'loosen' AND l.object_id = x.object_id)
      )
    UNION
    -- a table has its final name before anything in it, or on it, is named
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    JOIN node AS m ON m.op = 'settle' AND m.object_id = coalesce((n.new).parent_id, (n.old).parent_id)
    UNION
    -- schemas are there before anything moves into them
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    JOIN node AS m ON m.object_id = (n.new).parent_id AND m.op = 'create'
    WHERE n.op = 'rename';
END;
COMMENT ON FUNCTION _pggit.name_edges(_pggit.plan_actor[]) IS $$
The order among the steps of one object, and among objects that have one name after the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.owner_edges(p_items _pggit.plan_item[], p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    ), owned AS MATERIALIZED (
        SELECT w.sequence_id, w.old_column_id, w.new_column_id FROM _pggit.owned_sequences(p_items) AS w
    )
    -- an owned sequence is tied to its column when that exists
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    JOIN owned AS w ON w.sequence_id = n.object_id
    JOIN node AS m ON m.op IN ('create', 'alter') AND m.object_id = w.new_column_id
    WHERE n.op = 'late' AND n.kind = 'sequence'
    UNION
    -- and let go before its column goes
    SELECT n.acts_as, m.acts_as
    FROM node AS n
    JOIN owned AS w ON w.sequence_id = n.object_id
    JOIN node AS m ON m.op = 'drop' AND m.object_id = w.old_column_id
    WHERE n.op IN ('loosen', 'drop') AND n.kind = 'sequence';
END;
COMMENT ON FUNCTION _pggit.owner_edges(_pggit.plan_item[], _pggit.plan_actor[]) IS $$
Sequences are tied to columns that exist, and let go of those that go.
$$;

CREATE OR REPLACE FUNCTION _pggit.body_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE routine AS MATERIALIZED (
        SELECT a.acts_as, lower((a.new).name) AS name, (a.new).attrs->>'body' AS body
        FROM unnest(p_actors) AS a
        WHERE a.op IN ('create', 'alter') AND a.kind IN ('function', 'procedure')
    ), mention AS MATERIALIZED (
        SELECT DISTINCT r.acts_as AS caller, t.acts_as AS callee
        FROM routine AS r
        CROSS JOIN LATERAL regexp_matches(r.body, '[[:alpha:]_][[:alnum:]_$]*', 'g') AS w(word)
        JOIN routine AS t ON t.name = lower(w.word[1]) AND t.acts_as <> r.acts_as
    ), reach(caller, callee) AS (
        SELECT m.caller, m.callee FROM mention AS m
        UNION
        SELECT r.caller, m.callee FROM reach AS r JOIN mention AS m ON m.caller = r.callee
    )
    SELECT m.callee, m.caller
    FROM mention AS m
    WHERE NOT EXISTS (SELECT FROM reach AS r WHERE r.caller = m.callee AND r.callee = m.caller);
END;
COMMENT ON FUNCTION _pggit.body_edges(_pggit.plan_actor[]) IS $$
Routines that the text of another seems to call come before it: PostgreSQL knows no such dependency, yet a default or a check may run
the other while the plan is carried out. Those that call each other have no order.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_edges(
    p_items _pggit.plan_item[],
    p_nodes _pggit.plan_node[],
    p_reads_bodies boolean DEFAULT true
)
RETURNS SETOF _pggit.plan_edge
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_actors _pggit.plan_actor[] := ARRAY(SELECT a FROM _pggit.plan_actors(p_items, p_nodes) AS a);
BEGIN
    RETURN QUERY
    SELECT e.before_no, e.after_no
    FROM (
        SELECT * FROM _pggit.make_edges(v_actors)
        UNION
        SELECT * FROM _pggit.drop_edges(v_actors)
        UNION
        SELECT * FROM _pggit.heir_edges(v_actors)
        UNION
        SELECT * FROM _pggit.attach_edges(v_actors)
        UNION
        SELECT * FROM _pggit.parent_edges(v_actors)
        UNION
        SELECT b.* FROM _pggit.body_edges(v_actors) AS b WHERE p_reads_bodies
        UNION
        SELECT * FROM _pggit.name_edges(v_actors)
        UNION
        SELECT * FROM _pggit.owner_edges(p_items, v_actors)
    ) AS e
    WHERE e.before_no <> e.after_no;
END;
$$;
COMMENT ON FUNCTION _pggit.plan_edges(_pggit.plan_item[], _pggit.plan_node[], boolean) IS $$
What must come before what, from the dependencies of both trees.
$$;

CREATE OR REPLACE FUNCTION _pggit.sort_nodes(p_count integer, p_before integer[], p_after integer[])
RETURNS TABLE (node_order integer[], ignored integer[])
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
-- Depth first: each node in the order of its number, after all that it waits for. p_before and p_after come sorted by
-- (after, before). ignored: places of edges that close a cycle.
DECLARE
    v_first   integer[] := array_fill(0, ARRAY[p_count + 1]);
    v_next    integer[];
    v_state   integer[] := array_fill(0, ARRAY[p_count + 1]);  -- 0 not seen, 1 on the stack, 2 done
    v_stack   integer[] := array_fill(0, ARRAY[p_count + 1]);
    v_order   integer[] := array_fill(0, ARRAY[p_count]);
    v_ignored integer[] := '{}'::integer[];
    v_edges   integer := coalesce(cardinality(p_before), 0);
    v_depth   integer;
    v_done    integer := 0;
    v_node    integer;
    v_edge    integer;
    v_need    integer;
BEGIN
    FOR v_edge IN REVERSE v_edges .. 1 LOOP
        v_first[p_after[v_edge]] := v_edge;
    END LOOP;
    v_next := v_first;
    FOR v_root IN 1 .. p_count LOOP
        CONTINUE WHEN v_state[v_root] <> 0;
        v_depth := 1;
        v_stack[1] := v_root;
        v_state[v_root] := 1;
        WHILE v_depth > 0 LOOP
            v_node := v_stack[v_depth];
            v_edge := v_next[v_node];
            IF v_edge > 0 AND v_edge <= v_edges AND p_after[v_edge] = v_node THEN
                v_next[v_node] := v_edge + 1;
                v_need := p_before[v_edge];
                IF v_state[v_need] = 0 THEN
                    v_depth := v_depth + 1;
                    v_stack[v_depth] := v_need;
                    v_state[v_need] := 1;
                ELSIF v_state[v_need] = 1 THEN
                    v_ignored := v_ignored || v_edge;
                    -- all between the two ends belong to the cycle
                    FOR v_i IN 1 .. v_depth LOOP
                        IF v_stack[v_i] = v_need OR v_ignored[array_upper(v_ignored, 1)] < 0 THEN
                            v_ignored := v_ignored || -v_stack[v_i];
                        END IF;
                    END LOOP;
                END IF;
            ELSE
                v_state[v_node] := 2;
                v_done := v_done + 1;
                v_order[v_done] := v_node;
                v_depth := v_depth - 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN QUERY SELECT v_order, v_ignored;
END;
$$;
COMMENT ON FUNCTION _pggit.sort_nodes(integer, integer[], integer[]) IS $$
A topological order of the nodes 1 .. p_count that stays near their numbers.
Edges say that p_before[i] comes before p_after[i], sorted by (p_after, p_before).
Returns: the order, and for every edge that closes a cycle its place, followed by the negated numbers of the cycle's nodes.
$$;

CREATE OR REPLACE FUNCTION _pggit.order_nodes(
    p_items _pggit.plan_item[],
    p_nodes _pggit.plan_node[],
    p_reads_bodies boolean DEFAULT true
)
RETURNS _pggit.plan_order
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH edges AS MATERIALIZED (
        SELECT
            array_agg(e.before_no ORDER BY e.after_no, e.before_no) AS befores,
            array_agg(e.after_no ORDER BY e.after_no, e.before_no) AS afters
        FROM _pggit.plan_edges(p_items, p_nodes, p_reads_bodies) AS e
    )
    SELECT (
        s.node_order,
        ARRAY(
            SELECT DISTINCT i.object_id
            FROM unnest(s.ignored) AS g(node_no)
            JOIN unnest(p_nodes) AS n ON n.node_no = -g.node_no
            JOIN unnest(p_items) AS i ON i.object_id = n.object_id OR (coalesce(i.new, i.old)).parent_id = n.object_id
            ORDER BY i.object_id
        )
    )::_pggit.plan_order
    FROM edges AS e
    CROSS JOIN LATERAL _pggit.sort_nodes(cardinality(p_nodes), e.befores, e.afters) AS s;
END;
COMMENT ON FUNCTION _pggit.order_nodes(_pggit.plan_item[], _pggit.plan_node[], boolean) IS $$
The order of the nodes, and the objects on cycles (with what lives in them).
$$;
