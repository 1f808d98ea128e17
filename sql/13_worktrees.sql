-- Worktrees: the live schemas in which a branch is changed, how a session finds its own, and how one is read.

-- == relations ==

-- One row once pggit.init was called.
CREATE TABLE _pggit.repository (
    is_singleton boolean PRIMARY KEY DEFAULT true CHECK (is_singleton),
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- main's worktree is the tracked schemas themselves. A worktree without a branch is a detached commit.
CREATE TABLE _pggit.worktrees (
    worktree_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch_id   integer UNIQUE REFERENCES _pggit.branches,
    -- What it was built from.
    commit_id   integer NOT NULL REFERENCES _pggit.commits,
    state       text NOT NULL CHECK (state IN ('building', 'ready', 'dropping')),
    -- Who owns what pggit built in it; NULL for main, whose owners are its own.
    owner_name  text,
    -- The server and database whose OIDs worktree_objects holds; elsewhere (after a restore) they mean nothing.
    oid_origin  text,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX worktrees_detached_key ON _pggit.worktrees (commit_id) WHERE branch_id IS NULL;
CREATE INDEX worktrees_commit_id_idx ON _pggit.worktrees (commit_id);

CREATE TABLE _pggit.worktree_schemas (
    worktree_id integer NOT NULL REFERENCES _pggit.worktrees ON DELETE CASCADE,
    position    integer NOT NULL,
    schema_name name NOT NULL,
    live_name   name NOT NULL UNIQUE,
    PRIMARY KEY (worktree_id, position),
    UNIQUE (worktree_id, schema_name)
);

-- not dumped: OIDs mean nothing in another database
CREATE TABLE _pggit.worktree_objects (
    worktree_id integer NOT NULL REFERENCES _pggit.worktrees ON DELETE CASCADE,
    classid     oid NOT NULL,
    objid       oid NOT NULL,
    objsubid    integer NOT NULL,
    object_id   uuid NOT NULL,
    -- The version that was read, and how many rows of pg_description and pg_inherits it has; where an anchor describes the state.
    hash        bytea,
    beside      smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (worktree_id, classid, objid, objsubid)
);
CREATE INDEX worktree_objects_object_id_idx ON _pggit.worktree_objects (worktree_id, object_id);
CREATE INDEX worktree_objects_beside_idx ON _pggit.worktree_objects (worktree_id) WHERE beside > 0;

-- What is left to do on a worktree that is built in batches.
CREATE TABLE _pggit.worktree_steps (
    worktree_id integer NOT NULL REFERENCES _pggit.worktrees ON DELETE CASCADE,
    step_no     integer NOT NULL,
    step        jsonb NOT NULL,
    PRIMARY KEY (worktree_id, step_no)
);

CREATE TYPE pggit.worktree AS (
    branch      text,     -- NULL when detached
    commit_id   integer,
    schemas     name[],
    search_path text
);

-- == routines ==
COMMENT ON TABLE _pggit.repository IS 'The repository of this database.';
COMMENT ON TABLE _pggit.worktrees IS 'Which branches and commits have schemas of their own.';
COMMENT ON TABLE _pggit.worktree_schemas IS
    'The schema in which a tracked schema lives, per worktree; main''s rows are the tracked schemas.';
COMMENT ON TABLE _pggit.worktree_objects IS 'The identities of a worktree''s objects by catalog address.';
COMMENT ON TABLE _pggit.worktree_steps IS 'The steps that a worktree under construction still needs.';
COMMENT ON TYPE pggit.worktree IS 'Where a session stands after a checkout.';

CREATE OR REPLACE FUNCTION _pggit.oid_origin()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT format('%s/%s', s.system_identifier, d.oid)
    FROM pg_control_system() AS s, pg_database AS d
    WHERE d.datname = current_database());
COMMENT ON FUNCTION _pggit.oid_origin() IS 'This server and this database: OIDs are comparable only where it is equal.';

CREATE OR REPLACE FUNCTION _pggit.shorten_name(p_name text, p_bytes integer)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_name text := p_name;
BEGIN
    WHILE octet_length(v_name) > p_bytes LOOP
        v_name := left(v_name, -1);
    END LOOP;
    RETURN v_name;
END;
$$;
COMMENT ON FUNCTION _pggit.shorten_name(text, integer) IS 'The longest beginning of a text within so many bytes.';

CREATE OR REPLACE FUNCTION _pggit.worktree_schema_name(p_schema name, p_label text, p_suffix text)
RETURNS name
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN octet_length(p_schema || '@' || p_label) <= 63 THEN (p_schema || '@' || p_label)::name
    ELSE (_pggit.shorten_name(p_schema || '@' || p_label, 63 - octet_length(p_suffix)) || p_suffix)::name
END;
COMMENT ON FUNCTION _pggit.worktree_schema_name(name, text, text) IS $$
The schema in which a tracked schema lives in a worktree: "app@feature/x"; beyond 63 bytes its end gives way to the suffix.
p_label: the branch's name, or a commit's hash.
p_suffix: what is different for every branch and tracked schema; begins with a tilde, which branch names never hold.
$$;

CREATE OR REPLACE FUNCTION _pggit.holds_extension_objects(p_schema name)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM pg_namespace AS n
    JOIN pg_depend AS held ON held.refclassid = 'pg_namespace'::regclass AND held.refobjid = n.oid
    JOIN pg_depend AS member
        ON member.classid = held.classid AND member.objid = held.objid AND member.deptype = 'e'
        -- without this, which holds for all members, the index does not lead to them
        AND member.refclassid = 'pg_extension'::regclass
    WHERE n.nspname = p_schema);
COMMENT ON FUNCTION _pggit.holds_extension_objects(name) IS $$
Whether a schema holds objects of extensions, so that worktrees need it on their search_path.
$$;

CREATE OR REPLACE FUNCTION _pggit.main_worktree_id()
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT w.worktree_id
    FROM _pggit.worktrees AS w
    JOIN _pggit.branches AS b USING (branch_id)
    WHERE b.name = 'main' AND b.is_active);
COMMENT ON FUNCTION _pggit.main_worktree_id() IS 'The worktree of main, whose schemas are the tracked ones.';

CREATE OR REPLACE FUNCTION _pggit.tracked_schemas()
RETURNS name[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT s.schema_name
    FROM _pggit.worktree_schemas AS s
    WHERE s.worktree_id = _pggit.main_worktree_id()
    ORDER BY s.position);
COMMENT ON FUNCTION _pggit.tracked_schemas() IS 'The schemas under version control, in the order given to pggit.init.';

CREATE OR REPLACE FUNCTION _pggit.live_schemas(p_worktree_id integer)
RETURNS name[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT s.live_name FROM _pggit.worktree_schemas AS s WHERE s.worktree_id = p_worktree_id ORDER BY s.position);
COMMENT ON FUNCTION _pggit.live_schemas(integer) IS 'The schemas of a worktree, in the order of the tracked schemas.';

CREATE OR REPLACE FUNCTION _pggit.session_worktree(p_path name[])
RETURNS _pggit.worktrees
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
BEGIN
    PERFORM _pggit.check_initialised();
    SELECT w.* INTO v_worktree
    FROM unnest(p_path) WITH ORDINALITY AS p(name, ordinality)
    JOIN _pggit.worktree_schemas AS s ON s.live_name = p.name
    JOIN _pggit.worktrees AS w USING (worktree_id)
    ORDER BY p.ordinality
    LIMIT 1;
    IF v_worktree.worktree_id IS NULL THEN
        SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = _pggit.main_worktree_id();
    END IF;
    RETURN v_worktree;
END;
$$;
COMMENT ON FUNCTION _pggit.session_worktree(name[]) IS $$
The worktree that a search_path leads to: that of its first schema that belongs to one, else main's.
p_path: current_schemas(false) of the session.
Errors: VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.session_ref(p_path name[])
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(b.name, w.commit_id::text)
    FROM _pggit.session_worktree(p_path) AS w
    LEFT JOIN _pggit.branches AS b USING (branch_id));
COMMENT ON FUNCTION _pggit.session_ref(name[]) IS $$
What HEAD is in a session: its branch, or the commit that it is detached at.
$$;

CREATE OR REPLACE FUNCTION _pggit.session_branch(p_branch text, p_path name[])
RETURNS _pggit.branches
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_branch   _pggit.branches;
BEGIN
    IF p_branch IS NOT NULL THEN
        RETURN _pggit.get_branch(p_branch);
    END IF;
    v_worktree := _pggit.session_worktree(p_path);
    IF v_worktree.branch_id IS NULL THEN
        PERFORM _pggit.raise_error('VCS08', format('no branch is checked out, but commit %s', v_worktree.commit_id),
            'This session is detached.', 'Name a branch, or pggit.checkout one.');
    END IF;
    SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.branch_id = v_worktree.branch_id;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.session_branch(text, name[]) IS $$
The branch of that name; for NULL the session's.
Errors: VCN01, VCN06 for an unknown one; VCS08 where the session is detached.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_worktree(p_branch_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (SELECT w.worktree_id FROM _pggit.worktrees AS w WHERE w.branch_id = p_branch_id AND w.state = 'ready');
COMMENT ON FUNCTION _pggit.find_worktree(integer) IS 'The finished worktree of a branch, NULL for none.';

CREATE OR REPLACE FUNCTION _pggit.is_worktree_role(p_role text, p_owner text)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN p_role = p_owner OR coalesce((
    SELECT pg_has_role(m.oid, r.oid, 'MEMBER')
    FROM pg_roles AS m, pg_roles AS r
    WHERE m.rolname = p_role AND r.rolname = p_owner), false);
COMMENT ON FUNCTION _pggit.is_worktree_role(text, text) IS $$
Whether what a role owns in a worktree is owned so only because it was made there.
$$;

CREATE OR REPLACE FUNCTION _pggit.logical_attrs(p_read jsonb, p_expected jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
    FROM (
        SELECT r.key, r.value
        FROM jsonb_each(p_read - 'owner') AS r
        WHERE NOT starts_with(r.key, 'acl:' || quote_ident(p_read->>'owner') || ':')
        UNION ALL
        SELECT e.key, e.value
        FROM jsonb_each(p_expected) AS e
        WHERE e.key = 'owner' OR starts_with(e.key, 'acl:' || quote_ident(p_read->>'owner') || ':')
    ) AS a);
COMMENT ON FUNCTION _pggit.logical_attrs(jsonb, jsonb) IS $$
An object's attributes as read in a worktree, with the owner that the branch's head names and the grants to the role that owns
it here: both cannot be seen in a worktree.
$$;

CREATE OR REPLACE FUNCTION _pggit.with_logical_owners(
    p_worktree_id integer,
    p_read _pggit.identified[],
    p_expected _pggit.object[]
)
RETURNS _pggit.identified[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_owner text := (SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id);
    v_roles text[];
BEGIN
    IF v_owner IS NULL THEN
        RETURN p_read;
    END IF;
    WITH owners AS MATERIALIZED (
        SELECT DISTINCT (i.object).attrs->>'owner' AS name FROM unnest(p_read) AS i
    )
    SELECT array_agg(r.name) INTO v_roles
    FROM owners AS r
    WHERE _pggit.is_worktree_role(r.name, v_owner);
    RETURN ARRAY(
        SELECT ROW(i.classid, i.objid, i.objsubid,
            CASE
                WHEN (i.object).attrs->>'owner' = ANY (v_roles) THEN ROW(
                    (i.object).object_id, (i.object).kind, (i.object).parent_id, (i.object).schema_name,
                    (i.object).table_name, (i.object).name, (i.object).signature,
                    _pggit.logical_attrs((i.object).attrs, e.attrs), (i.object).deps)::_pggit.object
                ELSE i.object
            END)::_pggit.identified
        FROM unnest(p_read) AS i
        LEFT JOIN unnest(p_expected) AS e ON e.object_id = (i.object).object_id);
END;
$$;
COMMENT ON FUNCTION _pggit.with_logical_owners(integer, _pggit.identified[], _pggit.object[]) IS $$
What was read in a worktree, with the owners that the branch's head names where the worktree's own role owns an object.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_whole_worktree(p_worktree_id integer, p_commit_id integer)
RETURNS _pggit.identified[]
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
SET work_mem = '64MB'
AS $$
DECLARE
    v_known    _pggit.known_identity[] := '{}'::_pggit.known_identity[];
    v_expected _pggit.object[] := ARRAY(
        SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(_pggit.commit_tree(p_commit_id)) AS o);
BEGIN
    IF EXISTS (SELECT FROM _pggit.worktrees AS w
        WHERE w.worktree_id = p_worktree_id AND w.oid_origin = _pggit.oid_origin())
    THEN
        v_known := ARRAY(
            SELECT ROW(k.classid, k.objid, k.objsubid, k.object_id)::_pggit.known_identity
            FROM _pggit.worktree_objects AS k
            WHERE k.worktree_id = p_worktree_id);
    END IF;
    RETURN _pggit.with_logical_owners(p_worktree_id, ARRAY(
        SELECT ROW(i.*)::_pggit.identified
        FROM _pggit.read_objects(
            _pggit.tracked_schemas(), _pggit.live_schemas(p_worktree_id), v_known, v_expected) AS i), v_expected);
END;
$$;
COMMENT ON FUNCTION _pggit.read_whole_worktree(integer, integer) IS $$
A worktree as it is now, every object of it deparsed.
p_commit_id: as in _pggit.read_worktree.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_worktree(p_worktree_id integer, p_commit_id integer)
RETURNS SETOF _pggit.identified
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_again _pggit.rereading := _pggit.reread_worktree(p_worktree_id, p_commit_id);
BEGIN
    IF v_again.tree_hash IS NULL THEN
        RETURN QUERY
        SELECT i.classid, i.objid, i.objsubid, i.object
        FROM unnest(_pggit.read_whole_worktree(p_worktree_id, p_commit_id)) AS i;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT k.classid, k.objid, k.objsubid, ROW(
        b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature, b.attrs, b.deps)::_pggit.object
    FROM _pggit.worktree_objects AS k
    JOIN _pggit.blobs AS b ON b.hash = k.hash
    LEFT JOIN unnest(v_again.old) AS o ON o.classid = k.classid AND o.objid = k.objid AND o.objsubid = k.objsubid
    WHERE k.worktree_id = p_worktree_id
      AND o.objid IS NULL
    UNION ALL
    SELECT i.classid, i.objid, i.objsubid, i.object FROM unnest(v_again.new) AS i;
END;
$$;
COMMENT ON FUNCTION _pggit.read_worktree(integer, integer) IS $$
A worktree as it is now, with catalog addresses.
p_commit_id: the commit with whose objects it pairs by path where no address is known, and whose owners it keeps.
$$;

CREATE OR REPLACE FUNCTION _pggit.store_identities(
    p_worktree_id integer,
    p_read _pggit.identified[],
    p_reading _pggit.worktree_anchors DEFAULT NULL,
    p_tree bytea DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_tree bytea := CASE WHEN (p_reading).horizon IS NOT NULL THEN
        coalesce(p_tree, _pggit.write_tree(ARRAY(SELECT i.object FROM unnest(p_read) AS i))) END;
BEGIN
    DELETE FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
        AND NOT EXISTS (
            SELECT
            FROM unnest(p_read) AS i
            WHERE i.classid = k.classid AND i.objid = k.objid AND i.objsubid = k.objsubid
                AND (i.object).object_id = k.object_id);
    INSERT INTO _pggit.worktree_objects AS k (worktree_id, classid, objid, objsubid, object_id, hash, beside)
    SELECT p_worktree_id, i.classid, i.objid, i.objsubid, (i.object).object_id, t.hash, _pggit.beside(i.object)
    FROM unnest(p_read) AS i
    LEFT JOIN _pggit.tree_hashes(v_tree) AS t ON t.object_id = (i.object).object_id
    ON CONFLICT (worktree_id, classid, objid, objsubid) DO UPDATE
    SET hash = excluded.hash,
        beside = excluded.beside
    WHERE (k.hash, k.beside) IS DISTINCT FROM (excluded.hash, excluded.beside);
    IF v_tree IS NULL THEN
        PERFORM _pggit.drop_anchor(p_worktree_id);
    ELSE
        PERFORM _pggit.set_anchor(p_worktree_id, v_tree, p_reading);
    END IF;
    UPDATE _pggit.worktrees AS w
    SET oid_origin = _pggit.oid_origin()
    WHERE w.worktree_id = p_worktree_id
        AND w.oid_origin IS DISTINCT FROM _pggit.oid_origin();
END;
$$;
COMMENT ON FUNCTION _pggit.store_identities(integer, _pggit.identified[], _pggit.worktree_anchors, bytea) IS $$
Remembers which identity every catalog address of a worktree has, and the state as the one to read again from.
p_reading: of _pggit.begin_reading, called before the state was read; without it the next reading is a whole one.
p_tree: the tree that holds the state, where it is written already.
$$;

CREATE OR REPLACE FUNCTION _pggit.store_rereading(
    p_worktree_id integer,
    p_again _pggit.rereading,
    p_reading _pggit.worktree_anchors,
    p_tree bytea
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    DELETE FROM _pggit.worktree_objects AS k
    USING unnest(p_again.old) AS o
    WHERE k.worktree_id = p_worktree_id
        AND k.classid = o.classid AND k.objid = o.objid AND k.objsubid = o.objsubid
        AND NOT EXISTS (
            SELECT
            FROM unnest(p_again.new) AS i
            WHERE i.classid = k.classid AND i.objid = k.objid AND i.objsubid = k.objsubid
                AND (i.object).object_id = k.object_id);
    INSERT INTO _pggit.worktree_objects AS k (worktree_id, classid, objid, objsubid, object_id, hash, beside)
    SELECT p_worktree_id, i.classid, i.objid, i.objsubid, (i.object).object_id,
        _pggit.object_hash(i.object), _pggit.beside(i.object)
    FROM unnest(p_again.new) AS i
    ON CONFLICT (worktree_id, classid, objid, objsubid) DO UPDATE
    SET hash = excluded.hash,
        beside = excluded.beside
    WHERE (k.hash, k.beside) IS DISTINCT FROM (excluded.hash, excluded.beside);
    PERFORM _pggit.set_anchor(p_worktree_id, p_tree, p_reading);
END;
$$;
COMMENT ON FUNCTION _pggit.store_rereading(integer, _pggit.rereading, _pggit.worktree_anchors, bytea) IS $$
Remembers a state that was read again.
p_reading: of _pggit.begin_reading, called before that.
p_tree: the tree that holds the state.
$$;

CREATE OR REPLACE FUNCTION _pggit.snapshot(p_branch_id integer)
RETURNS SETOF _pggit.object
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_head        integer;
    v_worktree_id integer := _pggit.find_worktree(p_branch_id);
BEGIN
    SELECT b.head_commit_id INTO STRICT v_head FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id;
    IF v_worktree_id IS NULL THEN
        RETURN QUERY SELECT * FROM _pggit.tree_objects(_pggit.commit_tree(v_head));
    ELSE
        RETURN QUERY SELECT (i.object).* FROM _pggit.read_worktree(v_worktree_id, v_head) AS i;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.snapshot(integer) IS $$
The objects of a branch's worktree as they are now; of its head where no worktree is built.
$$;

CREATE OR REPLACE FUNCTION _pggit.split_path(p_setting text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT CASE
        WHEN btrim(m.match[1]) LIKE '"%' THEN replace(substr(btrim(m.match[1]), 2, length(btrim(m.match[1])) - 2), '""', '"')
        ELSE lower(btrim(m.match[1]))
    END
    FROM regexp_matches(p_setting, '("(?:[^"]|"")*"|[^,"]+)', 'g') WITH ORDINALITY AS m(match, ordinality)
    WHERE btrim(m.match[1]) <> ''
    ORDER BY m.ordinality);
COMMENT ON FUNCTION _pggit.split_path(text) IS 'The names in a search_path setting.';

CREATE OR REPLACE FUNCTION _pggit.worktree_path(p_worktree_id integer, p_setting text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_path text[];
BEGIN
    WITH items AS (
        SELECT s.schema_name, p.ordinality,
            coalesce(mine.live_name::text, p.item) AS item
        FROM unnest(_pggit.split_path(p_setting)) WITH ORDINALITY AS p(item, ordinality)
        LEFT JOIN _pggit.worktree_schemas AS s
            ON s.live_name = CASE WHEN p.item = '$user' THEN current_user::text ELSE p.item END
        LEFT JOIN _pggit.worktree_schemas AS mine
            ON mine.worktree_id = p_worktree_id AND mine.schema_name = s.schema_name
    ), first_own AS (
        -- A path from another worktree may end in live schemas of extensions: only first mentions count.
        SELECT i.schema_name, min(i.ordinality) AS ordinality
        FROM items AS i
        WHERE i.schema_name IS NOT NULL
        GROUP BY i.schema_name
    ), placed AS (
        SELECT i.item, i.ordinality::numeric AS place FROM items AS i
        UNION ALL
        SELECT s.live_name,
            coalesce((SELECT max(f.ordinality) FROM first_own AS f), 0) + s.position / 1000000.0
        FROM _pggit.worktree_schemas AS s
        WHERE s.worktree_id = p_worktree_id
            AND NOT EXISTS (SELECT FROM first_own AS f WHERE f.schema_name = s.schema_name)
        UNION ALL
        SELECT s.schema_name, 1000000 + s.position
        FROM _pggit.worktree_schemas AS s
        WHERE s.worktree_id = p_worktree_id
            AND s.live_name <> s.schema_name
            AND _pggit.holds_extension_objects(s.schema_name)
    )
    SELECT array_agg(quote_ident(o.item) ORDER BY o.place)
    INTO v_path
    FROM (SELECT p.item, min(p.place) AS place FROM placed AS p GROUP BY p.item) AS o;
    RETURN array_to_string(v_path, ', ');
END;
$$;
COMMENT ON FUNCTION _pggit.worktree_path(integer, text) IS $$
A search_path with every tracked schema, of whichever worktree, replaced by that of one worktree; missing ones are added behind
those present. A live schema stands last on it if extensions keep objects there.
p_setting: the search_path of the session.
$$;
