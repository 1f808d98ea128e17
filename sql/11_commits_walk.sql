-- The commit graph: ancestors, merge bases and the origin of an attribute, found without walking every commit.

-- == relations ==

-- Which attributes of which objects a commit has otherwise than its first parent; '' stands for an object that came or went.
-- The commits are never deleted; a foreign key would need an index as large as the table.
CREATE TABLE _pggit.commit_changes (
    object_id uuid NOT NULL,
    attribute text NOT NULL,
    commit_id integer NOT NULL,
    PRIMARY KEY (object_id, attribute, commit_id)
);

-- == routines ==
COMMENT ON TABLE _pggit.commit_changes IS 'What each commit changed against its first parent; the first commit of all has no rows.';

CREATE OR REPLACE FUNCTION _pggit.blamed_attrs(p_object _pggit.object)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_object).attrs - 'position' || jsonb_strip_nulls(jsonb_build_object(
    'name', (p_object).name, 'schema', (p_object).schema_name, 'table', (p_object).table_name, 'signature', (p_object).signature));
COMMENT ON FUNCTION _pggit.blamed_attrs(_pggit.object) IS $$
An object's attributes, its name and place among them; its position is no attribute of its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.write_changes(p_commit_id integer, p_parent_tree bytea, p_tree bytea)
RETURNS void
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO _pggit.commit_changes (object_id, attribute, commit_id)
    SELECT coalesce((t.old_object).object_id, (t.new_object).object_id), a.name, p_commit_id
    FROM _pggit.tree_changes(p_parent_tree, p_tree) AS t
    CROSS JOIN LATERAL (
        SELECT '' WHERE (t.old_object).object_id IS NULL OR (t.new_object).object_id IS NULL
        UNION ALL
        SELECT key
        FROM jsonb_each(_pggit.blamed_attrs(t.old_object)) AS o(key, value)
        FULL JOIN jsonb_each(_pggit.blamed_attrs(t.new_object)) AS n(key, value) USING (key)
        WHERE o.value IS DISTINCT FROM n.value
          AND (t.old_object).object_id IS NOT NULL
          AND (t.new_object).object_id IS NOT NULL
    ) AS a(name)
    WHERE p_parent_tree <> p_tree
    ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION _pggit.write_changes(integer, bytea, bytea) IS $$
Records what a commit has otherwise than its first parent.
$$;

CREATE OR REPLACE FUNCTION _pggit.place_of_commit(p_commit_id integer, p_parents integer[])
RETURNS TABLE (chain_commit_id integer, jump_commit_id integer)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    -- Jumps as in a skew-binary list (Myers, 1983): any ancestor along the chain is a logarithmic number of jumps away.
    SELECT
        coalesce(p.chain_commit_id, p_commit_id),
        CASE
            WHEN p.commit_id IS NULL THEN p_commit_id
            WHEN p.generation - j.generation = j.generation - k.generation THEN k.commit_id
            ELSE p.commit_id
        END
    FROM (SELECT CASE WHEN cardinality(p_parents) = 1 THEN p_parents[1] END) AS o(parent_id)
    LEFT JOIN _pggit.commits AS p ON p.commit_id = o.parent_id
    LEFT JOIN _pggit.commits AS j ON j.commit_id = p.jump_commit_id
    LEFT JOIN _pggit.commits AS k ON k.commit_id = j.jump_commit_id;
END;
COMMENT ON FUNCTION _pggit.place_of_commit(integer, integer[]) IS $$
The chain that a commit of one parent goes on with, and its jump; every other one begins a chain.
$$;

CREATE OR REPLACE FUNCTION _pggit.chain_ancestor(p_commit_id integer, p_generation integer)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_at   record;
    v_jump record;
BEGIN
    SELECT c.commit_id, c.generation, c.jump_commit_id INTO STRICT v_at
    FROM _pggit.commits AS c
    WHERE c.commit_id = p_commit_id;
    WHILE v_at.generation > p_generation LOOP
        SELECT c.commit_id, c.generation, c.jump_commit_id INTO STRICT v_jump
        FROM _pggit.commits AS c
        WHERE c.commit_id = v_at.jump_commit_id;
        IF v_jump.generation < p_generation THEN
            SELECT c.commit_id, c.generation, c.jump_commit_id INTO STRICT v_jump
            FROM _pggit.commit_parents AS p
            JOIN _pggit.commits AS c ON c.commit_id = p.parent_commit_id
            WHERE p.commit_id = v_at.commit_id;
        END IF;
        v_at := v_jump;
    END LOOP;
    RETURN v_at.commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.chain_ancestor(integer, integer) IS $$
The ancestor of a commit in one generation of its chain.
p_generation: at least that of the commit with which the chain begins.
$$;

CREATE OR REPLACE FUNCTION _pggit.chain_meeting(p_left integer, p_right integer)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_low   integer;
    v_high  integer;
    v_try   integer;
    v_left  integer;
    v_right integer;
BEGIN
    SELECT min(c.generation), min(b.generation) INTO v_high, v_low
    FROM _pggit.commits AS c
    JOIN _pggit.commits AS b ON b.commit_id = c.chain_commit_id
    WHERE c.commit_id IN (p_left, p_right);
    v_left := _pggit.chain_ancestor(p_left, v_high);
    v_right := _pggit.chain_ancestor(p_right, v_high);
    IF v_left = v_right THEN
        RETURN v_left;
    END IF;
    -- The two lines differ in the higher generation and are one in the lower: by halves to where they part.
    WHILE v_high - v_low > 1 LOOP
        v_try := (v_low + v_high) / 2;
        IF _pggit.chain_ancestor(v_left, v_try) = _pggit.chain_ancestor(v_right, v_try) THEN
            v_low := v_try;
        ELSE
            v_high := v_try;
        END IF;
    END LOOP;
    RETURN _pggit.chain_ancestor(v_left, v_low);
END;
$$;
COMMENT ON FUNCTION _pggit.chain_meeting(integer, integer) IS $$
The latest common ancestor of two commits of one chain.
$$;

CREATE OR REPLACE FUNCTION _pggit.chain_before(p_commit_id integer, p_id integer)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_at   _pggit.commits;
    v_next integer;
BEGIN
    SELECT c.* INTO STRICT v_at FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id;
    WHILE v_at.commit_id > p_id AND v_at.commit_id <> v_at.chain_commit_id LOOP
        v_next := v_at.jump_commit_id;
        IF v_next < p_id THEN
            SELECT p.parent_commit_id INTO STRICT v_next FROM _pggit.commit_parents AS p WHERE p.commit_id = v_at.commit_id;
        END IF;
        SELECT c.* INTO STRICT v_at FROM _pggit.commits AS c WHERE c.commit_id = v_next;
    END LOOP;
    RETURN v_at.commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.chain_before(integer, integer) IS $$
The first commit down a chain whose id is not above another; the chain's first commit if there is none.
$$;

CREATE OR REPLACE FUNCTION _pggit.next_stops(p_commit_id integer, p_others integer[])
RETURNS integer[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit  _pggit.commits;
    v_meeting integer;
    v_foreign integer;
BEGIN
    SELECT c.* INTO STRICT v_commit FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id;
    IF v_commit.chain_commit_id = p_commit_id THEN
        RETURN ARRAY(
            SELECT p.parent_commit_id FROM _pggit.commit_parents AS p WHERE p.commit_id = p_commit_id ORDER BY p.ordinality);
    END IF;
    -- Another of this chain joins its line where the two meet; one of elsewhere may come in anywhere below itself.
    SELECT
        max(_pggit.chain_meeting(p_commit_id, c.commit_id)) FILTER (WHERE c.chain_commit_id = v_commit.chain_commit_id),
        max(c.commit_id) FILTER (WHERE c.chain_commit_id <> v_commit.chain_commit_id)
    INTO v_meeting, v_foreign
    FROM _pggit.commits AS c
    WHERE c.commit_id = ANY (p_others);
    RETURN ARRAY[greatest(
        v_meeting,
        CASE WHEN v_foreign IS NOT NULL THEN _pggit.chain_before(p_commit_id, v_foreign) END,
        v_commit.chain_commit_id)];
END;
$$;
COMMENT ON FUNCTION _pggit.next_stops(integer, integer[]) IS $$
Where to go on from a commit in search of what it has in common with others.
p_others: all that are still to be looked at, none of them later.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_bases(p_left integer, p_right integer)
RETURNS integer[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_queue integer[] := ARRAY[p_left, p_right];
    -- of each commit in the queue: 1 reached from the left, 2 from the right, 4 from a base that was found
    v_marks integer[] := ARRAY[1, 2];
    v_bases integer[] := '{}'::integer[];
    v_at    integer;
    v_mark  integer;
    v_rest  integer[];
BEGIN
    -- Newest first, as git does: a parent always has the smaller id, so nothing comes back to what was left.
    WHILE EXISTS (SELECT FROM unnest(v_marks) AS m WHERE m < 4) LOOP
        v_at := (SELECT max(q) FROM unnest(v_queue) AS q);
        SELECT bit_or(m.mark) FILTER (WHERE q.id = v_at),
            array_agg(q.id) FILTER (WHERE q.id <> v_at),
            array_agg(m.mark) FILTER (WHERE q.id <> v_at)
        INTO v_mark, v_queue, v_marks
        FROM unnest(v_queue) WITH ORDINALITY AS q(id, place)
        JOIN unnest(v_marks) WITH ORDINALITY AS m(mark, place) USING (place);
        IF v_mark = 3 THEN
            v_bases := v_bases || v_at;
            v_mark := 7;
        END IF;
        EXIT WHEN v_queue IS NULL AND v_mark = 7;
        v_rest := _pggit.next_stops(v_at, v_queue);
        v_queue := v_queue || v_rest;
        v_marks := v_marks || array_fill(v_mark, ARRAY[cardinality(v_rest)]);
    END LOOP;
    RETURN ARRAY(
        SELECT c.commit_id FROM _pggit.commits AS c WHERE c.commit_id = ANY (v_bases) ORDER BY c.hash);
END;
$$;
COMMENT ON FUNCTION _pggit.merge_bases(integer, integer) IS $$
The best common ancestors of two commits: one, or several where histories criss-cross; in an order both directions share.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_ancestor(p_commit_id integer, p_of_commit_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN p_commit_id <= p_of_commit_id AND p_commit_id = ANY (_pggit.merge_bases(p_commit_id, p_of_commit_id));
COMMENT ON FUNCTION _pggit.is_ancestor(integer, integer) IS 'Whether the first commit is the second or one of its ancestors.';

CREATE OR REPLACE FUNCTION _pggit.newest_ancestors(p_commit_id integer, p_count integer)
RETURNS SETOF integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 50
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_queue integer[] := ARRAY[p_commit_id];
    v_at    integer;
BEGIN
    FOR v_i IN 1 .. p_count LOOP
        v_at := (SELECT max(q) FROM unnest(v_queue) AS q);
        EXIT WHEN v_at IS NULL;
        RETURN NEXT v_at;
        v_queue := array_remove(v_queue, v_at)
            || ARRAY(SELECT p.parent_commit_id FROM _pggit.commit_parents AS p WHERE p.commit_id = v_at);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.newest_ancestors(integer, integer) IS $$
The newest of the commits that a commit reaches, itself first.
$$;

CREATE OR REPLACE FUNCTION _pggit.count_ancestors(p_commit_id integer)
RETURNS bigint
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT CASE
        -- a chain that begins with the first commit of all has one commit in each generation
        WHEN b.generation = 1 THEN c.generation::bigint
        ELSE (SELECT count(*) FROM _pggit.list_ancestors(ARRAY[p_commit_id]))
    END
    FROM _pggit.commits AS c
    JOIN _pggit.commits AS b ON b.commit_id = c.chain_commit_id
    WHERE c.commit_id = p_commit_id);
COMMENT ON FUNCTION _pggit.count_ancestors(integer) IS 'How many commits a commit reaches, itself among them.';

CREATE OR REPLACE FUNCTION _pggit.object_at(p_commit_id integer, p_object_id uuid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT _pggit.blamed_attrs(ROW(
        b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature, b.attrs, b.deps)::_pggit.object)
    FROM (
        -- on the page of its own, or of the object of which it is a part
        SELECT DISTINCT i.id
        FROM (SELECT x.object_id, x.parent_id FROM _pggit.blobs AS x WHERE x.object_id = p_object_id LIMIT 1) AS v
        CROSS JOIN LATERAL unnest(ARRAY[
            _pggit.bucket(v.object_id, v.parent_id, false), _pggit.bucket(v.object_id, v.parent_id, v.parent_id IS NOT NULL)
        ]) AS i(id)
    ) AS bucket
    CROSS JOIN _pggit.trees AS t
    JOIN _pggit.pages AS p ON p.hash = t.page_hashes[bucket.id + 1]
    CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    JOIN _pggit.blobs AS b ON b.hash = m.hash AND b.object_id = p_object_id
    WHERE t.hash = _pggit.commit_tree(p_commit_id)
    LIMIT 1);
COMMENT ON FUNCTION _pggit.object_at(integer, uuid) IS $$
An object's attributes, name and place in a commit; NULL where it does not exist.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_change(p_commit_id integer, p_object_id uuid, p_attribute text)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_chain  integer;
    v_change record;
BEGIN
    SELECT c.chain_commit_id INTO STRICT v_chain FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id;
    FOR v_change IN
        SELECT h.commit_id, c.generation
        FROM (
            SELECT x.commit_id FROM _pggit.commit_changes AS x
            WHERE x.object_id = p_object_id AND x.attribute = p_attribute AND x.commit_id BETWEEN v_chain + 1 AND p_commit_id
            UNION ALL
            SELECT x.commit_id FROM _pggit.commit_changes AS x
            WHERE x.object_id = p_object_id AND x.attribute = '' AND x.commit_id BETWEEN v_chain + 1 AND p_commit_id
        ) AS h
        JOIN _pggit.commits AS c ON c.commit_id = h.commit_id AND c.chain_commit_id = v_chain
        ORDER BY h.commit_id DESC
    LOOP
        -- another line of the same chain may have changed it, too
        IF _pggit.chain_ancestor(p_commit_id, v_change.generation) = v_change.commit_id THEN
            RETURN v_change.commit_id;
        END IF;
    END LOOP;
    RETURN v_chain;
END;
$$;
COMMENT ON FUNCTION _pggit.find_change(integer, uuid, text) IS $$
The nearest commit down a chain that changed an attribute of an object; the chain's first commit where none did.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_origin(p_commit_id integer, p_object_id uuid, p_attribute text)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_value jsonb := _pggit.object_at(p_commit_id, p_object_id)->p_attribute;
    v_at    integer := p_commit_id;
    v_next  integer;
BEGIN
    -- From a commit to the first parent in which the attribute has the same value, as far as there is one.
    LOOP
        v_at := _pggit.find_change(v_at, p_object_id, p_attribute);
        SELECT p.parent_commit_id INTO v_next
        FROM _pggit.commit_parents AS p
        WHERE p.commit_id = v_at
            AND _pggit.object_at(p.parent_commit_id, p_object_id)->p_attribute = v_value
        ORDER BY p.ordinality
        LIMIT 1;
        EXIT WHEN v_next IS NULL;
        v_at := v_next;
    END LOOP;
    RETURN v_at;
END;
$$;
COMMENT ON FUNCTION _pggit.find_origin(integer, uuid, text) IS $$
The commit in which an attribute got the value that it has in another.
$$;
