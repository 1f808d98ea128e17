-- Catalog: reads the live schemas of a worktree into objects with stable identities.

-- == relations ==

-- An object beside the catalog address it was read from.
CREATE TYPE _pggit.identified AS (
    classid  oid,
    objid    oid,
    objsubid integer,
    object   _pggit.object
);

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.new_object_id(
    p_kind text,
    p_parent_id uuid,
    p_name text,
    p_signature text,
    p_salt integer DEFAULT 0
)
RETURNS uuid
LANGUAGE sql
-- No more than convert_to() says of itself, else it would not be inlined.
STABLE
PARALLEL SAFE
RETURN encode(substr(sha256(convert_to(
    p_kind || '|' || coalesce(p_parent_id::text, '') || '|"' || replace(p_name, '"', '""') || '"'
    || coalesce('(' || p_signature || ')', '')
    || CASE WHEN p_salt = 0 THEN '' ELSE '|' || p_salt END, 'UTF8')), 1, 16), 'hex')::uuid;
COMMENT ON FUNCTION _pggit.new_object_id(text, uuid, text, text, integer) IS $$
The identity of an object at its first appearance: the same on every server for the same path.
$$;

CREATE OR REPLACE FUNCTION _pggit.acl_attrs(p_acl aclitem[], p_default aclitem[], p_owner oid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH granted AS (
        SELECT a.grantee, a.privilege_type, bool_or(a.is_grantable) AS is_grantable
        FROM aclexplode(p_acl) AS a
        GROUP BY a.grantee, a.privilege_type
    ), initial AS (
        SELECT d.grantee, d.privilege_type, bool_or(d.is_grantable) AS is_grantable
        FROM aclexplode(p_default) AS d
        GROUP BY d.grantee, d.privilege_type
    )
    SELECT coalesce(jsonb_object_agg(
        'acl:' || CASE grantee
            WHEN 0 THEN 'PUBLIC'
            WHEN p_owner THEN '@owner'
            ELSE quote_ident(pg_get_userbyid(grantee))
        END || ':' || privilege_type,
        CASE WHEN g.is_grantable THEN 'grantable' WHEN g.is_grantable IS NULL THEN 'revoked' ELSE 'granted' END
    ), '{}')
    FROM granted AS g
    FULL JOIN initial AS i USING (grantee, privilege_type)
    WHERE g.is_grantable IS DISTINCT FROM i.is_grantable;
END;
COMMENT ON FUNCTION _pggit.acl_attrs(aclitem[], aclitem[], oid) IS $$
What an access list grants or lacks against the default one, as "acl:<grantee>:<privilege>" attributes.
$$;

CREATE OR REPLACE FUNCTION _pggit.option_attrs(p_options text[], p_prefix text DEFAULT 'option:')
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(
        p_prefix || split_part(o.item, '=', 1),
        substr(o.item, strpos(o.item, '=') + 1)
    ), '{}')
    FROM unnest(p_options) AS o(item)
    -- The server's own stamps, such as pg_attver of the minor releases of November 2026: no DDL sets them, pg_dump skips them.
    WHERE NOT starts_with(o.item, 'pg_');
END;
COMMENT ON FUNCTION _pggit.option_attrs(text[], text) IS $$
Spreads "name=value" options over one attribute each; those that the server keeps for itself are not the user's.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_scope(p_logical name[], p_live name[])
RETURNS TABLE (nspoid oid, logical name, live name, path text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    -- Materialized: inlined, the search for extensions would run again for every row that is read.
    WITH place AS MATERIALIZED (
        SELECT
            n.oid,
            s.logical,
            s.live,
            quote_ident(s.live)
            || CASE
                WHEN s.live <> s.logical AND EXISTS (
                    SELECT
                    FROM pg_namespace AS main
                    JOIN pg_depend AS held ON held.refclassid = 'pg_namespace'::regclass AND held.refobjid = main.oid
                    JOIN pg_depend AS member ON member.classid = held.classid AND member.objid = held.objid
                        AND member.deptype = 'e'
                        -- without this, which holds for all members, the index does not lead to them
                        AND member.refclassid = 'pg_extension'::regclass
                    WHERE main.nspname = s.logical
                ) THEN ', ' || quote_ident(s.logical)
                ELSE ''
            END || ', pg_temp' AS path
        FROM unnest(p_logical, p_live) AS s(logical, live)
        JOIN pg_namespace AS n ON n.nspname = s.live
    )
    SELECT p.oid, p.logical, p.live, p.path FROM place AS p;
END;
COMMENT ON FUNCTION _pggit.read_scope(name[], name[]) IS $$
The schemas to read, each with the search_path under which its definitions print without their location.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_pattern(p_name text, p_after text DEFAULT '(?![\w$".])')
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN '(?<![\w$"])' || regexp_replace(p_name, '([][\\^$.|?*+(){}])', '\\\1', 'g') || p_after;
COMMENT ON FUNCTION _pggit.name_pattern(text, text) IS $$
A regular expression for a whole name, not for a part of a longer one.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_probe(p_schema name)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN '%' || regexp_replace(
    regexp_replace(to_jsonb(quote_ident(p_schema))::text, '^"|"$', '', 'g'), '([\\%_])', '\\\1', 'g') || '%';
COMMENT ON FUNCTION _pggit.name_probe(name) IS $$
A LIKE pattern for the text of a jsonb in which a schema may be named.
$$;

CREATE OR REPLACE FUNCTION _pggit.map_text(p_text text, p_from text[], p_to text[])
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_text text := p_text;
BEGIN
    FOR v_i IN 1 .. coalesce(cardinality(p_from), 0) LOOP
        v_text := regexp_replace(v_text, p_from[v_i], replace(p_to[v_i], '\', '\\'), 'g');
    END LOOP;
    RETURN v_text;
END;
$$;
COMMENT ON FUNCTION _pggit.map_text(text, text[], text[]) IS $$
Replaces patterns one after the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.map_attrs(
    p_attrs jsonb,
    p_from text[],
    p_to text[],
    p_path_from text[] DEFAULT '{}',
    p_path_to text[] DEFAULT '{}'
)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN CASE jsonb_typeof(p_attrs)
        WHEN 'string' THEN to_jsonb(_pggit.map_text(p_attrs #>> '{}', p_from, p_to))
        WHEN 'array' THEN (
            SELECT coalesce(jsonb_agg(_pggit.map_attrs(e.item, p_from, p_to) ORDER BY e.place), '[]')
            FROM jsonb_array_elements(p_attrs) WITH ORDINALITY AS e(item, place)
        )
        WHEN 'object' THEN (
            SELECT coalesce(jsonb_object_agg(e.key, CASE
                -- what people wrote: a name in it is not a reference
                WHEN e.key IN ('comment', 'owner', 'body') THEN e.value
                WHEN e.key = 'config:search_path' THEN to_jsonb(_pggit.map_text(e.value #>> '{}', p_path_from, p_path_to))
                ELSE _pggit.map_attrs(e.value, p_from, p_to)
            END), '{}')
            FROM jsonb_each(p_attrs) AS e
        )
        ELSE p_attrs
    END;
END;
$$;
COMMENT ON FUNCTION _pggit.map_attrs(jsonb, text[], text[], text[], text[]) IS $$
Replaces patterns in the definitions among an object's attributes.
p_path_from, p_path_to: the same for the items of a function's own search_path.
$$;

CREATE OR REPLACE FUNCTION _pggit.relocate(p_objects _pggit.object[], p_logical name[], p_live name[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_probe     text[];
    v_path_from text[];
    v_path_to   text[];
BEGIN
    SELECT
        array_agg(_pggit.name_probe(s.logical)),
        array_agg(_pggit.name_pattern(quote_ident(s.logical)) ORDER BY s.place),
        array_agg(quote_ident(s.live) ORDER BY s.place)
    INTO v_probe, v_path_from, v_path_to
    FROM unnest(p_logical, p_live) WITH ORDINALITY AS s(logical, live, place)
    WHERE s.logical <> s.live;
    IF v_probe IS NULL THEN
        RETURN p_objects;
    END IF;
    RETURN (
        WITH item AS MATERIALIZED (
            SELECT o AS object, (o).object_id AS object_id, (o).schema_name AS schema_name,
                (o).attrs::text LIKE ANY (v_probe) OR to_jsonb((o).signature)::text LIKE ANY (v_probe) AS is_naming
            FROM unnest(p_objects) AS o
        ), place AS MATERIALIZED (
            SELECT s.logical::text AS logical, s.live::text AS live FROM unnest(p_logical, p_live) AS s(logical, live)
        ), token AS (
            -- an alias may be called as a schema is: only schema.name of what is depended on is a reference
            SELECT DISTINCT
                n.object_id,
                _pggit.name_pattern(
                    quote_ident(t.schema_name) || '.' || quote_ident(coalesce((t.object).table_name, (t.object).name)),
                    '(?![\w$"])') AS pattern,
                quote_ident(m.live) || '.' || quote_ident(coalesce((t.object).table_name, (t.object).name)) AS value
            FROM item AS n
            CROSS JOIN LATERAL unnest((n.object).deps) AS d(object_id)
            JOIN item AS t ON t.object_id = d.object_id
            JOIN place AS m ON m.logical = t.schema_name
            WHERE n.is_naming
                -- what lies in an object's own schema stands unqualified: there such a text is an alias
                AND t.schema_name IS DISTINCT FROM n.schema_name
        ), tokens AS (
            SELECT
                k.object_id,
                array_agg(k.pattern ORDER BY k.pattern) AS patterns,
                array_agg(k.value ORDER BY k.pattern) AS values
            FROM token AS k
            GROUP BY k.object_id
        )
        SELECT array_agg((
            i.object_id, (i.object).kind, (i.object).parent_id, coalesce(m.live, i.schema_name), (i.object).table_name,
            CASE WHEN (i.object).kind = 'schema' THEN coalesce(own.live, (i.object).name) ELSE (i.object).name END,
            CASE WHEN i.is_naming THEN _pggit.map_text((i.object).signature, t.patterns, t.values)
                ELSE (i.object).signature END,
            CASE WHEN i.is_naming THEN _pggit.map_attrs((i.object).attrs, t.patterns, t.values, v_path_from, v_path_to)
                ELSE (i.object).attrs END,
            (i.object).deps
        )::_pggit.object)
        FROM item AS i
        LEFT JOIN place AS m ON m.logical = i.schema_name
        LEFT JOIN place AS own ON own.logical = (i.object).name AND (i.object).kind = 'schema'
        LEFT JOIN tokens AS t ON t.object_id = i.object_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.relocate(_pggit.object[], name[], name[]) IS $$
The objects as they are to be built in other schemas: paths, and the names in definitions that a dependency proves to be references.
p_objects: with all that they depend on.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_aliases()
RETURNS TABLE (classid oid, objid oid, to_classid oid, to_objid oid, to_objsubid integer, is_part boolean)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20000
BEGIN ATOMIC
    WITH RECURSIVE inherited(indexrelid, root) AS (
        SELECT h.inhrelid, h.inhparent
        FROM pg_inherits AS h
        JOIN pg_index AS x ON x.indexrelid = h.inhrelid
        UNION ALL
        SELECT u.indexrelid, h.inhparent
        FROM inherited AS u
        JOIN pg_inherits AS h ON h.inhrelid = u.root
    ), copied(conid, root, contype) AS (
        SELECT k.oid, k.conparentid, k.contype
        FROM pg_constraint AS k
        WHERE k.conparentid <> 0
        UNION ALL
        SELECT c.conid, k.conparentid, c.contype
        FROM copied AS c
        JOIN pg_constraint AS k ON k.oid = c.root AND k.conparentid <> 0
    )
    SELECT 'pg_attrdef'::regclass::oid, d.oid, 'pg_class'::regclass::oid, d.adrelid, d.adnum::integer, false
    FROM pg_attrdef AS d
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 'pg_class'::regclass, w.ev_class, 0, false
    FROM pg_rewrite AS w
    WHERE w.rulename = '_RETURN'
    UNION ALL
    SELECT 'pg_class'::regclass, k.conindid, 'pg_constraint'::regclass, k.oid, 0, false
    FROM pg_constraint AS k
    WHERE k.contype IN ('p', 'u', 'x')
    UNION ALL
    -- a foreign key is repeated for every partition on either side
    SELECT 'pg_constraint'::regclass, c.conid, 'pg_constraint'::regclass, c.root, 0, c.contype <> 'f'
    FROM copied AS c
    UNION ALL
    -- an index that a partition has from its parent counts as the parent's
    SELECT 'pg_class'::regclass, u.indexrelid, CASE WHEN k.oid IS NULL THEN 'pg_class'::regclass ELSE 'pg_constraint'::regclass END,
        coalesce(k.oid, u.root), 0, true
    FROM inherited AS u
    LEFT JOIN pg_constraint AS k ON k.conindid = u.root AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'pg_class'::regclass, t.typrelid, 0, false
    FROM pg_type AS t
    JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE c.relkind <> 'c'
    UNION ALL
    SELECT 'pg_class'::regclass, t.typrelid, 'pg_type'::regclass, t.oid, 0, false
    FROM pg_type AS t
    JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE c.relkind = 'c'
    UNION ALL
    SELECT
        'pg_type'::regclass, t.typarray,
        CASE WHEN c.oid IS NULL THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END, coalesce(c.oid, t.oid), 0, false
    FROM pg_type AS t
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind <> 'c'
    WHERE t.typarray <> 0
    UNION ALL
    SELECT 'pg_type'::regclass, r.rngmultitypid, 'pg_type'::regclass, r.rngtypid, 0, false
    FROM pg_range AS r
    UNION ALL
    SELECT m.classid, m.objid, m.refclassid, m.refobjid, 0, false
    FROM pg_depend AS m
    WHERE m.deptype = 'e'
    UNION ALL
    -- members of an operator class or, being in none, of a family
    SELECT m.classid, m.objid, m.refclassid, m.refobjid, 0, false FROM pg_depend AS m
    WHERE m.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND m.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
      AND NOT EXISTS (SELECT FROM pg_amop AS o WHERE o.oid = m.objid AND o.amopsortfamily = m.refobjid)
    UNION ALL
    SELECT i.classid, i.objid, i.refclassid, i.refobjid, i.refobjsubid, false
    FROM pg_depend AS i
    WHERE i.deptype = 'i'
      AND i.classid = 'pg_class'::regclass
      AND i.refclassid = 'pg_class'::regclass
      AND i.refobjsubid > 0;
END;
COMMENT ON FUNCTION _pggit.read_aliases() IS $$
What PostgreSQL makes inside another object (defaults, rewrite rules, row and array types, indexes of constraints, identity
sequences, members of extensions), with the object that it counts as. is_part: only as what others need.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_edges(p_addresses _pggit.known_identity[])
RETURNS SETOF _pggit.catalog_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20000
SET jit = off
SET enable_nestloop = off
BEGIN ATOMIC
    WITH address AS MATERIALIZED (
        SELECT k.classid, k.objid, k.objsubid FROM unnest(p_addresses) AS k
    ), alias AS MATERIALIZED (
        SELECT l.classid, l.objid, l.to_classid, l.to_objid, l.to_objsubid, l.is_part FROM _pggit.read_aliases() AS l
    ), folded AS MATERIALIZED (
        SELECT DISTINCT
            coalesce(a.to_classid, d.classid) AS classid,
            coalesce(a.to_objid, d.objid) AS objid,
            coalesce(a.to_objsubid, d.objsubid) AS objsubid,
            coalesce(r.to_classid, d.refclassid) AS refclassid,
            coalesce(r.to_objid, d.refobjid) AS refobjid,
            coalesce(r.to_objsubid, d.refobjsubid) AS refobjsubid
        FROM pg_depend AS d
        LEFT JOIN alias AS a ON a.classid = d.classid AND a.objid = d.objid AND NOT a.is_part
        LEFT JOIN alias AS r ON r.classid = d.refclassid AND r.objid = d.refobjid
        LEFT JOIN pg_class AS q ON d.classid = 'pg_class'::regclass AND q.oid = d.objid AND q.relkind = 'S'
        WHERE d.deptype IN ('n', 'a', 'i', 'x')
          AND (d.refclassid <> 'pg_namespace'::regclass OR d.classid = 'pg_extension'::regclass)
          AND NOT (d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND q.oid IS NOT NULL)
    ), anchored AS MATERIALIZED (
        SELECT
            f.classid, f.objid,
            coalesce(exact.objsubid, 0) AS objsubid,
            f.refclassid, f.refobjid,
            coalesce(target.objsubid, 0) AS refobjsubid
        FROM folded AS f
        LEFT JOIN address AS exact
            ON exact.classid = f.classid AND exact.objid = f.objid AND exact.objsubid = f.objsubid
        LEFT JOIN address AS target
            ON target.classid = f.refclassid AND target.objid = f.refobjid AND target.objsubid = f.refobjsubid
        WHERE (exact.objid IS NOT NULL OR f.objsubid <> 0)
          AND (target.objid IS NOT NULL OR f.refobjsubid <> 0)
    )
    SELECT DISTINCT n.classid, n.objid, n.objsubid, n.refclassid, n.refobjid, n.refobjsubid
    FROM anchored AS n
    JOIN address AS one ON one.classid = n.classid AND one.objid = n.objid AND one.objsubid = n.objsubid
    JOIN address AS two ON two.classid = n.refclassid AND two.objid = n.refobjid AND two.objsubid = n.refobjsubid
    WHERE (n.classid, n.objid, n.objsubid) <> (n.refclassid, n.refobjid, n.refobjsubid);
END;
COMMENT ON FUNCTION _pggit.read_edges(_pggit.known_identity[]) IS $$
The dependencies among the given addresses.
$$;

CREATE OR REPLACE FUNCTION _pggit.assign_level(
    p_rows _pggit.catalog_row[],
    p_ids _pggit.known_identity[],
    p_known _pggit.known_identity[],
    p_expected _pggit.object[],
    p_level integer
)
RETURNS _pggit.known_identity[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_new  _pggit.known_identity[];
    v_salt integer := 0;
BEGIN
    WITH placed AS MATERIALIZED (
        SELECT
            r.classid, r.objid, r.objsubid, r.kind, r.name, r.signature, p.object_id AS parent_id, k.object_id AS known_id
        FROM unnest(p_rows) AS r
        LEFT JOIN unnest(p_ids) AS p
            ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
        LEFT JOIN unnest(p_known) AS k
            ON k.classid = r.classid AND k.objid = r.objid AND k.objsubid = r.objsubid
        LEFT JOIN unnest(p_ids) AS done
            ON done.classid = r.classid AND done.objid = r.objid AND done.objsubid = r.objsubid
        WHERE done.objid IS NULL
          AND (p.objid IS NOT NULL OR coalesce(r.parent_objid, 0) = 0 OR p_level = 3)
    ), free AS MATERIALIZED (
        SELECT e.object_id, e.kind, e.parent_id, e.name, e.signature
        FROM unnest(p_expected) AS e
        LEFT JOIN (
            SELECT k.object_id
            FROM unnest(p_known) AS k
            JOIN unnest(p_rows) AS r ON r.classid = k.classid AND r.objid = k.objid AND r.objsubid = k.objsubid
        ) AS taken ON taken.object_id = e.object_id
        WHERE taken.object_id IS NULL
    )
    SELECT array_agg((w.classid, w.objid, w.objsubid, coalesce(w.known_id, f.object_id))::_pggit.known_identity)
    INTO v_new
    FROM placed AS w
    LEFT JOIN free AS f
        ON w.known_id IS NULL
        AND f.kind = w.kind
        AND f.name = w.name
        AND coalesce(f.parent_id::text, '') = coalesce(w.parent_id::text, '')
        AND coalesce(f.signature, '') = coalesce(w.signature, '');

    WHILE v_salt < 1000 AND EXISTS (SELECT FROM unnest(v_new) AS n WHERE n.object_id IS NULL) LOOP
        WITH named AS MATERIALIZED (
            SELECT n.classid, n.objid, n.objsubid, n.object_id,
                _pggit.new_object_id(r.kind, p.object_id, r.name, r.signature, v_salt) AS candidate
            FROM unnest(v_new) AS n
            JOIN unnest(p_rows) AS r ON r.classid = n.classid AND r.objid = n.objid AND r.objsubid = n.objsubid
            LEFT JOIN unnest(p_ids) AS p
                ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
        ), used AS MATERIALIZED (
            SELECT k.object_id FROM unnest(p_known) AS k
            UNION
            SELECT e.object_id FROM unnest(p_expected) AS e
            UNION
            SELECT d.object_id FROM unnest(p_ids) AS d
            UNION
            SELECT v.object_id FROM unnest(v_new) AS v WHERE v.object_id IS NOT NULL
        )
        SELECT array_agg((
            m.classid, m.objid, m.objsubid,
            coalesce(m.object_id, CASE WHEN u.object_id IS NULL THEN m.candidate END)
        )::_pggit.known_identity)
        INTO v_new
        FROM named AS m
        LEFT JOIN used AS u ON u.object_id = m.candidate;
        v_salt := v_salt + 1;
    END LOOP;
    RETURN p_ids || coalesce(v_new, '{}');
END;
$$;
COMMENT ON FUNCTION _pggit.assign_level(
    _pggit.catalog_row[], _pggit.known_identity[], _pggit.known_identity[], _pggit.object[], integer
) IS $$
Gives identities to the rows whose parents have one: by catalog address, else by path from the expected tree, else a new one.
$$;

CREATE OR REPLACE FUNCTION _pggit.identify(
    p_rows _pggit.catalog_row[],
    p_known _pggit.known_identity[],
    p_expected _pggit.object[]
)
RETURNS SETOF _pggit.identified
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_ids _pggit.known_identity[] := '{}'::_pggit.known_identity[];
BEGIN
    FOR v_level IN 1 .. 3 LOOP
        EXIT WHEN cardinality(v_ids) = cardinality(p_rows);
        v_ids := _pggit.assign_level(p_rows, v_ids, p_known, p_expected, v_level);
    END LOOP;
    RETURN QUERY
    WITH ids AS MATERIALIZED (
        SELECT i.classid, i.objid, i.objsubid, i.object_id FROM unnest(v_ids) AS i
    ), needs AS MATERIALIZED (
        SELECT e.classid, e.objid, e.objsubid, array_agg(DISTINCT t.object_id ORDER BY t.object_id) AS deps
        FROM _pggit.read_edges(v_ids) AS e
        JOIN ids AS t ON t.classid = e.refclassid AND t.objid = e.refobjid AND t.objsubid = e.refobjsubid
        GROUP BY e.classid, e.objid, e.objsubid
    )
    SELECT r.classid, r.objid, r.objsubid, (
        i.object_id, r.kind, p.object_id, r.schema_name, r.table_name, r.name, r.signature, r.attrs,
        coalesce(array_remove(n.deps, p.object_id), '{}')
    )::_pggit.object
    FROM unnest(p_rows) AS r
    JOIN ids AS i ON i.classid = r.classid AND i.objid = r.objid AND i.objsubid = r.objsubid
    LEFT JOIN ids AS p ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
    LEFT JOIN needs AS n ON n.classid = r.classid AND n.objid = r.objid AND n.objsubid = r.objsubid;
END;
$$;
COMMENT ON FUNCTION _pggit.identify(_pggit.catalog_row[], _pggit.known_identity[], _pggit.object[]) IS $$
Catalog rows to objects: identities, parents and dependencies. A parent is not repeated among the dependencies.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_objects(
    p_logical name[],
    p_live name[],
    p_known _pggit.known_identity[] DEFAULT '{}',
    p_expected _pggit.object[] DEFAULT '{}'
)
RETURNS SETOF _pggit.identified
LANGUAGE plpgsql
VOLATILE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET work_mem = '64MB'
AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM _pggit.identify(
        ARRAY(SELECT r FROM _pggit.read_rows(p_logical, p_live) AS r),
        coalesce(p_known, '{}'),
        coalesce(p_expected, '{}')
    );
END;
$$;
COMMENT ON FUNCTION _pggit.read_objects(name[], name[], _pggit.known_identity[], _pggit.object[]) IS $$
The objects of the live schemas as they are now, under the names of main's worktree.
p_logical: the tracked schemas.
p_live: the schemas in which they live, place by place.
p_known: identities by catalog address, from the last read of this worktree.
p_expected: the tree to pair with by path where no address is known.
$$;
