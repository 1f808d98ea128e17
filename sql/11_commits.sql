-- Commits: content-addressed storage of objects (blobs), of whole states (pages, trees) and of their history.

-- == relations ==

-- One version of one object. The hash covers every other column, so equal versions are stored once.
CREATE TABLE _pggit.blobs (
    hash        bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    object_id   uuid NOT NULL,
    kind        text NOT NULL,
    parent_id   uuid,
    schema_name text,
    table_name  text,
    name        text NOT NULL,
    signature   text,
    attrs       jsonb NOT NULL,
    deps        uuid[] NOT NULL
);
CREATE INDEX blobs_object_id_idx ON _pggit.blobs (object_id);
-- The way back, from what is needed to what needs it. Without a pending list: it would be gone through in each of many look-ups.
CREATE INDEX blobs_parent_id_idx ON _pggit.blobs (parent_id);
CREATE INDEX blobs_deps_idx ON _pggit.blobs USING gin (deps) WITH (fastupdate = off);

-- The blobs of all objects whose top-level container falls into one bucket, ascending by hash.
CREATE TABLE _pggit.pages (
    hash        bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    blob_hashes bytea[] NOT NULL
);

-- A whole state: one page per bucket, NULL for an empty one. Element 1 is bucket 0.
CREATE TABLE _pggit.trees (
    hash         bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    page_hashes  bytea[] NOT NULL CHECK (cardinality(page_hashes) = 256),
    object_count integer NOT NULL CHECK (object_count >= 0)
);

CREATE TABLE _pggit.commits (
    commit_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    tree_hash    bytea NOT NULL REFERENCES _pggit.trees,
    message      text NOT NULL CHECK (btrim(message) <> ''),
    author       text NOT NULL,
    committed_at timestamptz NOT NULL,
    -- Deparsed text differs between major versions, so a tree is comparable with a catalog of its own major only.
    server_major integer NOT NULL,
    -- One more than the greatest of the parents: an ancestor always has the smaller one.
    generation   integer NOT NULL CHECK (generation >= 1),
    -- The commit with which its chain begins: the nearest one behind it, or itself, that has not exactly one parent.
    chain_commit_id integer NOT NULL,
    -- A commit of the same chain further back, to jump to; itself at the beginning.
    jump_commit_id  integer NOT NULL
);
CREATE INDEX commits_tree_hash_idx ON _pggit.commits (tree_hash);

CREATE TABLE _pggit.commit_parents (
    commit_id        integer NOT NULL REFERENCES _pggit.commits,
    ordinality       integer NOT NULL CHECK (ordinality >= 1),
    parent_commit_id integer NOT NULL REFERENCES _pggit.commits CHECK (parent_commit_id <> commit_id),
    PRIMARY KEY (commit_id, ordinality)
);
CREATE INDEX commit_parents_parent_commit_id_idx ON _pggit.commit_parents (parent_commit_id);

-- == routines ==
COMMENT ON TABLE _pggit.blobs IS 'Versions of objects, by the hash of their canonical form.';
COMMENT ON TABLE _pggit.pages IS 'Lists of blobs, one list per bucket of a tree.';
COMMENT ON TABLE _pggit.trees IS 'Whole states of the tracked schemas.';
COMMENT ON TABLE _pggit.commits IS 'The history: one state, its author, time and message.';
COMMENT ON TABLE _pggit.commit_parents IS 'The parents of a commit, in order.';

CREATE OR REPLACE VIEW pggit.commits AS
SELECT
    c.commit_id,
    encode(c.hash, 'hex') AS hash,
    encode(c.tree_hash, 'hex') AS tree_hash,
    ARRAY(
        SELECT p.parent_commit_id
        FROM _pggit.commit_parents AS p
        WHERE p.commit_id = c.commit_id
        ORDER BY p.ordinality
    ) AS parents,
    c.message,
    c.author,
    c.committed_at,
    c.server_major,
    c.generation
FROM _pggit.commits AS c;
COMMENT ON VIEW pggit.commits IS 'Every commit of the repository.';

CREATE OR REPLACE FUNCTION _pggit.server_major()
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN current_setting('server_version_num')::integer / 10000;
COMMENT ON FUNCTION _pggit.server_major() IS 'The major version of this server.';

CREATE OR REPLACE FUNCTION _pggit.object_hash(p_object _pggit.object)
RETURNS bytea
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN sha256(convert_to(jsonb_build_array(
    (p_object).object_id, (p_object).kind, (p_object).parent_id, (p_object).schema_name, (p_object).table_name,
    (p_object).name, (p_object).signature, (p_object).attrs, (p_object).deps)::text, 'UTF8'));
COMMENT ON FUNCTION _pggit.object_hash(_pggit.object) IS $$
The hash of one version of an object. jsonb prints its keys in one fixed order, so equal objects give equal text.
$$;

CREATE OR REPLACE FUNCTION _pggit.bucket(p_object_id uuid, p_parent_id uuid, p_is_part boolean)
RETURNS integer
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN get_byte(uuid_send(CASE WHEN coalesce(p_is_part, false) THEN p_parent_id ELSE p_object_id END), 0);
COMMENT ON FUNCTION _pggit.bucket(uuid, uuid, boolean) IS $$
The page of a tree on which an object lies: that of its table, domain or type, if it is a part of one.
$$;

CREATE OR REPLACE FUNCTION _pggit.write_tree(p_objects _pggit.object[])
RETURNS bytea
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET work_mem = '64MB'
SET jit = off
AS $$
DECLARE
    v_hashes bytea[] := ARRAY(SELECT _pggit.object_hash(o) FROM unnest(p_objects) AS o);
    v_pages  bytea[];
    v_tree   bytea;
BEGIN
    -- Ascending by hash everywhere: two writers of the same new rows then wait for each other instead of deadlocking.
    INSERT INTO _pggit.blobs (
        hash, object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps)
    SELECT o.hash, o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
        coalesce(o.attrs, '{}'), coalesce(o.deps, '{}')
    FROM unnest(p_objects, v_hashes) AS o(object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps, hash)
    WHERE NOT EXISTS (SELECT FROM _pggit.blobs AS b WHERE b.hash = o.hash)
    ORDER BY o.hash
    ON CONFLICT (hash) DO NOTHING;

    WITH container AS MATERIALIZED (
        SELECT p.object_id FROM unnest(p_objects) AS p WHERE p.kind <> 'schema'
    ), members AS (
        SELECT
            _pggit.bucket(o.object_id, o.parent_id, o.parent_id IN (SELECT c.object_id FROM container AS c)) AS bucket,
            o.hash
        FROM unnest(p_objects, v_hashes)
            AS o(object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps, hash)
    ), hashed AS MATERIALIZED (
        SELECT m.bucket, array_agg(m.hash ORDER BY m.hash) AS blob_hashes,
            sha256(string_agg(m.hash, ''::bytea ORDER BY m.hash)) AS hash
        FROM members AS m
        GROUP BY m.bucket
    ), written AS (
        INSERT INTO _pggit.pages (hash, blob_hashes)
        SELECT h.hash, h.blob_hashes
        FROM hashed AS h
        ORDER BY h.hash
        ON CONFLICT (hash) DO NOTHING
    )
    SELECT array_agg(h.hash ORDER BY s.bucket)
    INTO v_pages
    FROM generate_series(0, 255) AS s(bucket)
    LEFT JOIN hashed AS h USING (bucket);

    SELECT sha256(string_agg(coalesce(p.hash, sha256(''::bytea)), ''::bytea ORDER BY p.ordinality))
    INTO v_tree
    FROM unnest(v_pages) WITH ORDINALITY AS p(hash, ordinality);

    INSERT INTO _pggit.trees (hash, page_hashes, object_count)
    VALUES (v_tree, v_pages, coalesce(cardinality(p_objects), 0))
    ON CONFLICT (hash) DO NOTHING;
    RETURN v_tree;
END;
$$;
COMMENT ON FUNCTION _pggit.write_tree(_pggit.object[]) IS $$
Stores a whole state, or finds it stored, and gives its hash. What it shares with earlier states is not written again.
p_objects: every object; parents must be among them, because a part lies in the bucket of its table.
It runs as the owner: who could write a version under a hash that is not its own could say beforehand what others will commit.
$$;

CREATE OR REPLACE FUNCTION _pggit.patch_tree(
    p_tree bytea,
    p_old _pggit.object[],
    p_new _pggit.object[]
)
RETURNS bytea
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    v_schemas uuid[] := ARRAY(SELECT o.object_id FROM unnest(p_old || p_new) AS o WHERE o.kind = 'schema');
    v_pages   bytea[];
    v_count   integer;
    v_tree    bytea;
    v_slot    record;
    v_page    bytea;
BEGIN
    SELECT t.page_hashes, t.object_count INTO STRICT v_pages, v_count FROM _pggit.trees AS t WHERE t.hash = p_tree;
    INSERT INTO _pggit.blobs (hash, object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps)
    SELECT h.hash, n.object_id, n.kind, n.parent_id, n.schema_name, n.table_name, n.name, n.signature,
        coalesce(n.attrs, '{}'), coalesce(n.deps, '{}')
    FROM unnest(p_new) AS n
    CROSS JOIN LATERAL (SELECT _pggit.object_hash(n)) AS h(hash)
    WHERE NOT EXISTS (SELECT FROM _pggit.blobs AS b WHERE b.hash = h.hash)
    ORDER BY h.hash
    ON CONFLICT (hash) DO NOTHING;

    FOR v_slot IN
        WITH old AS (
            SELECT _pggit.bucket(o.object_id, o.parent_id, o.parent_id <> ALL (v_schemas)) AS bucket,
                _pggit.object_hash(o) AS hash
            FROM unnest(p_old) AS o
        ), new AS (
            SELECT _pggit.bucket(n.object_id, n.parent_id, n.parent_id <> ALL (v_schemas)) AS bucket,
                _pggit.object_hash(n) AS hash
            FROM unnest(p_new) AS n
        ), gone AS (
            SELECT o.bucket, o.hash FROM old AS o EXCEPT SELECT n.bucket, n.hash FROM new AS n
        ), come AS (
            SELECT n.bucket, n.hash FROM new AS n EXCEPT SELECT o.bucket, o.hash FROM old AS o
        )
        SELECT b.bucket, ARRAY(
            SELECT m.hash
            FROM (
                SELECT unnest(p.blob_hashes) FROM _pggit.pages AS p WHERE p.hash = v_pages[b.bucket + 1]
                EXCEPT
                SELECT g.hash FROM gone AS g WHERE g.bucket = b.bucket
                UNION
                SELECT c.hash FROM come AS c WHERE c.bucket = b.bucket
            ) AS m(hash)
            ORDER BY m.hash) AS blob_hashes
        FROM (SELECT g.bucket FROM gone AS g UNION SELECT c.bucket FROM come AS c) AS b
        ORDER BY b.bucket
    LOOP
        v_page := NULL;
        IF v_slot.blob_hashes <> '{}' THEN
            SELECT sha256(string_agg(e.hash, ''::bytea ORDER BY e.hash)) INTO v_page
            FROM unnest(v_slot.blob_hashes) AS e(hash);
            INSERT INTO _pggit.pages (hash, blob_hashes) VALUES (v_page, v_slot.blob_hashes) ON CONFLICT (hash) DO NOTHING;
        END IF;
        v_pages[v_slot.bucket + 1] := v_page;
    END LOOP;

    SELECT sha256(string_agg(coalesce(p.hash, sha256(''::bytea)), ''::bytea ORDER BY p.ordinality))
    INTO v_tree
    FROM unnest(v_pages) WITH ORDINALITY AS p(hash, ordinality);
    INSERT INTO _pggit.trees (hash, page_hashes, object_count)
    VALUES (v_tree, v_pages, v_count - coalesce(cardinality(p_old), 0) + coalesce(cardinality(p_new), 0))
    ON CONFLICT (hash) DO NOTHING;
    RETURN v_tree;
END;
$$;
COMMENT ON FUNCTION _pggit.patch_tree(bytea, _pggit.object[], _pggit.object[]) IS $$
Stores the state that comes from another by replacing some of its objects, as _pggit.write_tree would store it.
p_old: versions that the tree holds, all its schemas among them.
p_new: what stands in their place.
$$;

CREATE OR REPLACE FUNCTION _pggit.tree_objects(p_tree bytea)
RETURNS SETOF _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature, b.attrs, b.deps
    FROM _pggit.trees AS t
    CROSS JOIN LATERAL unnest(t.page_hashes) AS h(hash)
    JOIN _pggit.pages AS p ON p.hash = h.hash
    CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    JOIN _pggit.blobs AS b ON b.hash = m.hash
    WHERE t.hash = p_tree;
END;
COMMENT ON FUNCTION _pggit.tree_objects(bytea) IS 'The objects of a tree, in no order.';

CREATE OR REPLACE FUNCTION _pggit.tree_hashes(p_tree bytea)
RETURNS TABLE (object_id uuid, hash bytea)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20000
BEGIN ATOMIC
    -- Materialized: else the versions may be scanned once for each page.
    WITH member AS MATERIALIZED (
        SELECT m.hash
        FROM _pggit.trees AS t
        CROSS JOIN LATERAL unnest(t.page_hashes) AS h(hash)
        JOIN _pggit.pages AS p ON p.hash = h.hash
        CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
        WHERE t.hash = p_tree
    )
    SELECT b.object_id, b.hash
    FROM member AS m
    JOIN _pggit.blobs AS b ON b.hash = m.hash;
END;
COMMENT ON FUNCTION _pggit.tree_hashes(bytea) IS 'Which version of each object a tree holds.';

CREATE OR REPLACE FUNCTION _pggit.is_tree_of(p_tree bytea, p_objects _pggit.object[])
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (SELECT t.object_count = cardinality(p_objects) FROM _pggit.trees AS t WHERE t.hash = p_tree)
    AND NOT EXISTS (
        -- no join: expecting few objects, the planner would hold each against all
        SELECT o.* FROM unnest(p_objects) AS o
        EXCEPT
        SELECT t.* FROM _pggit.tree_objects(p_tree) AS t);
COMMENT ON FUNCTION _pggit.is_tree_of(bytea, _pggit.object[]) IS 'Whether a tree is that of a state, to the last detail.';

CREATE OR REPLACE FUNCTION _pggit.look_up_tree(p_tree bytea)
RETURNS SETOF _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature, b.attrs, b.deps
    FROM _pggit.trees AS t
    CROSS JOIN LATERAL unnest(t.page_hashes) AS h(hash)
    CROSS JOIN LATERAL (SELECT g.blob_hashes FROM _pggit.pages AS g WHERE g.hash = h.hash OFFSET 0) AS p
    CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    CROSS JOIN LATERAL (SELECT v.* FROM _pggit.blobs AS v WHERE v.hash = m.hash OFFSET 0) AS b
    WHERE t.hash = p_tree;
END;
COMMENT ON FUNCTION _pggit.look_up_tree(bytea) IS $$
As _pggit.tree_objects, with one look-up for each object: takes no longer as the history grows, and longer where the tree is large.
$$;

CREATE OR REPLACE FUNCTION _pggit.tree_changes(p_from bytea, p_to bytea)
RETURNS TABLE (old_object _pggit.object, new_object _pggit.object)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Pages and versions are looked up one by one: their tables grow with the history, and the planner, who does not know how few
    -- are wanted, would read them whole.
    WITH slots AS (
        SELECT f.hash AS from_page, t.hash AS to_page
        FROM unnest((SELECT x.page_hashes FROM _pggit.trees AS x WHERE x.hash = p_from))
            WITH ORDINALITY AS f(hash, bucket)
        FULL JOIN unnest((SELECT x.page_hashes FROM _pggit.trees AS x WHERE x.hash = p_to))
            WITH ORDINALITY AS t(hash, bucket) USING (bucket)
        WHERE f.hash IS DISTINCT FROM t.hash
    ), old_hashes AS (
        SELECT m.hash
        FROM slots AS s
        CROSS JOIN LATERAL (SELECT g.blob_hashes FROM _pggit.pages AS g WHERE g.hash = s.from_page OFFSET 0) AS p
        CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    ), new_hashes AS (
        SELECT m.hash
        FROM slots AS s
        CROSS JOIN LATERAL (SELECT g.blob_hashes FROM _pggit.pages AS g WHERE g.hash = s.to_page OFFSET 0) AS p
        CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    ), olds AS (
        SELECT b.object_id, ROW(b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature,
            b.attrs, b.deps)::_pggit.object AS object
        FROM (SELECT o.hash FROM old_hashes AS o EXCEPT SELECT n.hash FROM new_hashes AS n) AS d
        CROSS JOIN LATERAL (SELECT v.* FROM _pggit.blobs AS v WHERE v.hash = d.hash OFFSET 0) AS b
    ), news AS (
        SELECT b.object_id, ROW(b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature,
            b.attrs, b.deps)::_pggit.object AS object
        FROM (SELECT n.hash FROM new_hashes AS n EXCEPT SELECT o.hash FROM old_hashes AS o) AS d
        CROSS JOIN LATERAL (SELECT v.* FROM _pggit.blobs AS v WHERE v.hash = d.hash OFFSET 0) AS b
    )
    SELECT o.object, n.object
    FROM olds AS o
    FULL JOIN news AS n USING (object_id);
END;
COMMENT ON FUNCTION _pggit.tree_changes(bytea, bytea) IS $$
The objects whose versions differ between two trees, paired by identity; a NULL side is an added or dropped object.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit_tree(p_commit_id integer)
RETURNS bytea
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (SELECT c.tree_hash FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id);
COMMENT ON FUNCTION _pggit.commit_tree(integer) IS 'The tree of a commit; NULL for NULL.';

CREATE OR REPLACE FUNCTION _pggit.current_author()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce(nullif(btrim(current_setting('pggit.author', true)), ''), nullif(current_setting('role'), 'none'), session_user::text);
COMMENT ON FUNCTION _pggit.current_author() IS $$
Who commits: the setting pggit.author, which the API sets to the person behind a token, else the role that the session has taken, else
its user; also inside of functions that run as somebody else.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_message(p_message text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_message IS NULL OR p_message !~ '[^[:space:]]' THEN
        PERFORM _pggit.raise_error('VCV02', 'the commit message is empty',
            CASE WHEN p_message IS NULL THEN 'The message is NULL.' ELSE 'The message holds only white space.' END,
            'Say in a few words what the commit changes.');
    END IF;
    RETURN p_message;
END;
$$;
COMMENT ON FUNCTION _pggit.check_message(text) IS $$
The message itself, if it says something.
Errors: VCV02 for an empty one.
$$;

CREATE OR REPLACE FUNCTION _pggit.write_commit(p_tree bytea, p_parents integer[], p_message text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_message    text := _pggit.check_message(p_message);
    v_author     text := _pggit.current_author();
    v_time       timestamptz := clock_timestamp();
    v_generation integer;
    v_hashes     text;
    v_hash       bytea;
    v_commit_id  integer;
BEGIN
    IF cardinality(p_parents) > 1 AND NOT EXISTS (
        SELECT FROM _pggit.merges AS m
        WHERE m.status IN ('in_progress', 'pending_conflicts')
            AND m.ours_commit_id = p_parents[1]
            AND m.source_commit_id = p_parents[2])
    THEN
        PERFORM _pggit.raise_error('VCA03', format('commits %s are not being merged', array_to_string(p_parents, ', ')),
            'A commit with two parents is written by a merge.', 'Call pggit.merge.');
    END IF;
    SELECT coalesce(max(c.generation), 0) + 1, string_agg(encode(c.hash, 'hex'), ' ' ORDER BY p.ordinality)
    INTO v_generation, v_hashes
    FROM unnest(p_parents) WITH ORDINALITY AS p(commit_id, ordinality)
    JOIN _pggit.commits AS c USING (commit_id);

    v_hash := sha256(convert_to(concat_ws(E'\n',
        'tree ' || encode(p_tree, 'hex'), 'parents ' || v_hashes, 'author ' || v_author,
        'time ' || extract(epoch FROM v_time), 'major ' || _pggit.server_major(), '', v_message), 'UTF8'));

    v_commit_id := nextval(pg_get_serial_sequence('_pggit.commits', 'commit_id'))::integer;
    INSERT INTO _pggit.commits (
        commit_id, hash, tree_hash, message, author, committed_at, server_major, generation, chain_commit_id, jump_commit_id)
    OVERRIDING SYSTEM VALUE
    SELECT
        v_commit_id, v_hash, p_tree, v_message, v_author, v_time, _pggit.server_major(), v_generation,
        p.chain_commit_id, p.jump_commit_id
    FROM _pggit.place_of_commit(v_commit_id, p_parents) AS p
    ON CONFLICT (hash) DO NOTHING
    RETURNING commit_id INTO v_commit_id;

    IF v_commit_id IS NULL THEN
        SELECT c.commit_id INTO STRICT v_commit_id FROM _pggit.commits AS c WHERE c.hash = v_hash;
        RETURN v_commit_id;
    END IF;

    INSERT INTO _pggit.commit_parents (commit_id, ordinality, parent_commit_id)
    SELECT v_commit_id, p.ordinality, p.commit_id
    FROM unnest(p_parents) WITH ORDINALITY AS p(commit_id, ordinality);
    IF p_parents <> '{}' THEN
        PERFORM _pggit.write_changes(v_commit_id, _pggit.commit_tree(p_parents[1]), p_tree);
    END IF;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.write_commit(bytea, integer[], text) IS $$
Writes a commit and gives its id; moves no branch.
p_parents: in order, the target's head first in a merge; empty for the first commit.
It runs as the owner: nobody else adds to history, or gives a commit another author, time or hash than its own.
Errors: VCV02 for an empty message; VCA03 for two parents that no merge is about.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_ancestors(p_commit_ids integer[])
RETURNS SETOF integer
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE reached (commit_id) AS (
        SELECT c.commit_id FROM unnest(p_commit_ids) AS c(commit_id)
        UNION
        SELECT p.parent_commit_id
        FROM reached AS r
        JOIN _pggit.commit_parents AS p ON p.commit_id = r.commit_id
    )
    SELECT r.commit_id FROM reached AS r;
END;
COMMENT ON FUNCTION _pggit.list_ancestors(integer[]) IS 'The commits reachable from some commits, these included.';
