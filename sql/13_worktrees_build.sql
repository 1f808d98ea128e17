-- Building worktrees: from a tree to live schemas and back to nothing, at once or in batches that commit.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.lock_limit()
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN current_setting('max_locks_per_transaction')::integer * current_setting('max_connections')::integer / 4;
COMMENT ON FUNCTION _pggit.lock_limit() IS $$
How many locks one worktree may hold in one transaction: a quarter of the lock table, so that several can be built at once.
$$;

CREATE OR REPLACE FUNCTION _pggit.tree_locks(p_tree bytea)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(sum(CASE o.kind
        -- The table, its TOAST table and index, its row type and array type.
        WHEN 'table' THEN 5
        WHEN 'materialized_view' THEN 5
        WHEN 'constraint' THEN 2
        WHEN 'column' THEN 0
        ELSE 1
    END), 0)::integer
    FROM _pggit.tree_objects(p_tree) AS o);
COMMENT ON FUNCTION _pggit.tree_locks(bytea) IS 'About how many locks building or dropping a tree takes.';

CREATE OR REPLACE FUNCTION _pggit.worktree_owner()
RETURNS name
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT r.rolname
    FROM pg_roles AS r
    WHERE r.rolname = 'pggit_writer'
        AND pg_has_role(r.oid, CASE WHEN _pggit.server_major() >= 16 THEN 'SET' ELSE 'MEMBER' END)
), current_user);
COMMENT ON FUNCTION _pggit.worktree_owner() IS $$
The role that owns a new worktree: pggit_writer where it exists and the caller can become it, else the caller.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_parsed_body(p_sql text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_sql ~ '\n\s*(BEGIN ATOMIC|RETURN)\M' AND p_sql !~ '\n\s*AS [$'']';
COMMENT ON FUNCTION _pggit.is_parsed_body(text) IS 'Whether a statement makes a routine whose body is SQL, and no string of it.';

CREATE OR REPLACE FUNCTION _pggit.execute_steps(
    p_steps _pggit.step[],
    p_role name DEFAULT NULL,
    p_is_shared boolean DEFAULT false,
    p_is_trial boolean DEFAULT false
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET check_function_bodies = off
SET client_min_messages = warning
SET default_tablespace = ''
SET default_table_access_method = 'heap'
AS $$
DECLARE
    v_step    _pggit.step;
    v_role    text := current_setting('role');
    v_timeout text := current_setting('lock_timeout');
    v_message text;
    v_detail  text;
    v_hint    text;
    v_state   text;
BEGIN
    PERFORM set_config('lock_timeout', coalesce(nullif(current_setting('pggit.lock_timeout', true), ''), '2s'), true);
    IF p_role IS NOT NULL AND p_role <> current_user THEN
        PERFORM set_config('role', p_role, true);
    END IF;
    FOR v_place IN 1 .. coalesce(cardinality(p_steps), 0) LOOP
        v_step := p_steps[v_place];
        IF p_is_trial THEN
            -- What a body that is parsed at once returns is known now; other bodies may name what comes later.
            PERFORM set_config('check_function_bodies', _pggit.is_parsed_body(v_step.sql)::text, true);
        END IF;
        -- A plain SET or RESET would outlive this function, whose own SET clauses end with it. Of the planner's settings
        -- only the path matters here: the other is pinned above.
        CASE
            WHEN v_step.sql = 'RESET search_path' THEN
                PERFORM set_config('search_path', 'pg_catalog, pggit, _pggit, pg_temp', true);
            WHEN starts_with(v_step.sql, 'SET search_path = ') THEN
                PERFORM set_config('search_path', substr(v_step.sql, length('SET search_path = ') + 1), true);
            WHEN v_step.sql ~ '^(RE)?SET ' THEN
                NULL;
            ELSE
                -- The planner's own text: it quotes every name in it.
                IF p_role IS NOT NULL
                    AND v_step.kind IN ('operator_class', 'operator_family', 'text_search_parser', 'text_search_template') THEN
                    -- only superusers may: if the caller is one, they are the caller's
                    PERFORM set_config('role', v_role, true);
                    EXECUTE (p_steps[v_place]).sql;
                    PERFORM set_config('role', p_role, true);
                ELSIF NOT p_is_shared OR p_role IS NULL THEN
                    EXECUTE (p_steps[v_place]).sql;
                ELSE
                    BEGIN
                        EXECUTE (p_steps[v_place]).sql;
                    EXCEPTION WHEN insufficient_privilege THEN
                        -- what a session made on the branch is that session's
                        IF current_setting('role') = v_role THEN
                            RAISE;
                        END IF;
                        PERFORM set_config('role', v_role, true);
                        EXECUTE (p_steps[v_place]).sql;
                        PERFORM set_config('role', p_role, true);
                    END;
                END IF;
        END CASE;
    END LOOP;
    PERFORM set_config('role', v_role, true);
    PERFORM set_config('lock_timeout', v_timeout, true);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS
        v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    RAISE EXCEPTION USING
        ERRCODE = v_state,
        MESSAGE = v_message,
        DETAIL = concat_ws(E'\n', nullif(v_detail, ''), format('In step %s, %s %s: %s',
            v_step.step_no, v_step.action, v_step.identity, v_step.sql)),
        HINT = coalesce(nullif(v_hint, ''), 'Nothing of this call has had an effect.');
END;
$$;
COMMENT ON FUNCTION _pggit.execute_steps(_pggit.step[], name, boolean, boolean) IS $$
Runs the steps of a plan in the current transaction.
p_role: the role that shall own what they create; NULL for the caller.
p_is_shared: whether they may concern objects that others made and own: what p_role may not do, the caller tries.
p_is_trial: whether bodies that PostgreSQL parses at once must return what they say, which it checks only if asked to.
Errors: PostgreSQL's own, with the step in the detail.
Locks: what the steps take, each waited for no longer than the setting pggit.lock_timeout (2 s).
$$;

CREATE OR REPLACE FUNCTION _pggit.live_objects(p_objects _pggit.object[], p_worktree_id integer)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_owner   text;
    v_prefix  text;
    v_objects _pggit.object[];
BEGIN
    SELECT w.owner_name INTO v_owner FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
    IF v_owner IS NULL THEN
        RETURN p_objects;
    END IF;
    v_prefix := 'acl:' || quote_ident(v_owner) || ':';
    v_objects := ARRAY(
        SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
            (o.attrs - 'owner') - ARRAY(SELECT k.key FROM jsonb_object_keys(o.attrs) AS k(key)
                WHERE starts_with(k.key, v_prefix)),
            o.deps)::_pggit.object
        FROM unnest(p_objects) AS o
        -- An extension is the database's: worktrees use the one there is.
        WHERE o.kind <> 'extension');
    RETURN _pggit.relocate(v_objects, _pggit.tracked_schemas(), _pggit.live_schemas(p_worktree_id));
END;
$$;
COMMENT ON FUNCTION _pggit.live_objects(_pggit.object[], integer) IS $$
The objects of a tree as they must stand in a worktree: in its schemas, with its owner.
$$;

CREATE OR REPLACE FUNCTION _pggit.extra_path(p_worktree_id integer)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(s.live_name, jsonb_build_array(s.schema_name)), '{}')
    FROM _pggit.worktree_schemas AS s
    WHERE s.worktree_id = p_worktree_id
        AND s.live_name <> s.schema_name
        AND _pggit.holds_extension_objects(s.schema_name));
COMMENT ON FUNCTION _pggit.extra_path(integer) IS $$
For the planner: which live schemas the definitions in a worktree need behind their own, because extensions keep objects there.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_worktree(p_worktree_id integer, p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.step[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET work_mem = '64MB'
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(s.*)::_pggit.step
        FROM _pggit.plan_transaction(
            _pggit.live_objects(p_from, p_worktree_id), _pggit.live_objects(p_to, p_worktree_id),
            _pggit.extra_path(p_worktree_id)) AS s
        ORDER BY s.step_no);
END;
$$;
COMMENT ON FUNCTION _pggit.plan_worktree(integer, _pggit.object[], _pggit.object[]) IS $$
The steps that lead a worktree from one state to another.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_worktree(p_branch_id integer, p_commit_id integer, p_label text, p_suffix text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_owner       name := _pggit.worktree_owner();
    v_worktree_id integer;
    v_schema      record;
BEGIN
    INSERT INTO _pggit.worktrees (branch_id, commit_id, state, owner_name)
    VALUES (p_branch_id, p_commit_id, 'building', v_owner)
    ON CONFLICT DO NOTHING
    RETURNING worktree_id INTO v_worktree_id;
    IF v_worktree_id IS NULL THEN
        RETURN NULL;
    END IF;
    FOR v_schema IN
        SELECT t.name, t.position,
            _pggit.worktree_schema_name(t.name, p_label, format('~%s.%s', p_suffix, t.position)) AS live_name
        FROM unnest(_pggit.tracked_schemas()) WITH ORDINALITY AS t(name, position)
        ORDER BY t.position
    LOOP
        IF EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = v_schema.live_name) THEN
            PERFORM _pggit.raise_error('VCC04', format('schema "%s" already exists', v_schema.live_name),
                format('A worktree of "%s" would need that name, and pggit takes no schema over.', p_label),
                'Rename or drop that schema, or give the branch another name.');
        END IF;
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', v_schema.live_name, v_owner);
        INSERT INTO _pggit.worktree_schemas (worktree_id, position, schema_name, live_name)
        VALUES (v_worktree_id, v_schema.position, v_schema.name, v_schema.live_name);
    END LOOP;
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.add_worktree(integer, integer, text, text) IS $$
Makes the row and the empty schemas of a worktree, state building; gives its id, or NULL if another session was first.
Errors: VCC04 where a schema of the worktree's name exists.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_steps(p_worktree_id integer, p_tree bytea)
RETURNS _pggit.step[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_objects _pggit.object[] := ARRAY(SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(p_tree) AS o);
BEGIN
    -- The schemas stand already, bare.
    RETURN _pggit.plan_worktree(
        p_worktree_id,
        ARRAY(
            SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
                '{}'::jsonb, o.deps)::_pggit.object
            FROM unnest(v_objects) AS o
            WHERE o.kind = 'schema'),
        v_objects);
END;
$$;
COMMENT ON FUNCTION _pggit.build_steps(integer, bytea) IS 'The steps that build a tree in the empty schemas of a worktree.';

CREATE OR REPLACE FUNCTION _pggit.finish_worktree(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_reading  _pggit.worktree_anchors;
    v_read     _pggit.identified[];
    v_objects  _pggit.object[];
    v_tree     bytea;
    v_faults   text[];
BEGIN
    SELECT w.* INTO STRICT v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id FOR UPDATE;
    v_reading := _pggit.begin_reading(p_worktree_id);
    v_read := _pggit.read_whole_worktree(p_worktree_id, v_worktree.commit_id);
    v_objects := ARRAY(SELECT i.object FROM unnest(v_read) AS i);
    v_tree := _pggit.commit_tree(v_worktree.commit_id);
    IF NOT _pggit.is_tree_of(v_tree, v_objects) THEN
        v_faults := _pggit.list_faults(
            ARRAY(SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(v_tree) AS o), v_objects);
        v_tree := NULL;
    END IF;
    IF v_faults <> '{}' THEN
        PERFORM _pggit.raise_error('VCS09',
            format('the worktree differs from commit %s at %s', v_worktree.commit_id, v_faults[1]),
            array_to_string(v_faults[1:20], E'\n'),
            'pggit could not reproduce these objects; pggit.lint names what it does not cover.');
    END IF;
    PERFORM _pggit.store_identities(p_worktree_id, v_read, v_reading, v_tree);
    UPDATE _pggit.worktrees AS w SET state = 'ready' WHERE w.worktree_id = p_worktree_id;
    DELETE FROM _pggit.worktree_steps AS s WHERE s.worktree_id = p_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.finish_worktree(integer) IS $$
Reads a built worktree back, compares it with its commit and makes it ready.
Errors: VCS09 naming what differs.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_fault(p_change _pggit.change)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN concat_ws(' ', (p_change).kind, concat_ws('.', (p_change).schema_name, (p_change).table_name, (p_change).name))
    || CASE (p_change).action
        WHEN 'dropped' THEN ': it is missing'
        WHEN 'added' THEN ': it should not exist'
        ELSE (
            SELECT ': ' || string_agg(format('%s is %s, not %s', a.name,
                coalesce(((p_change).new).attrs->>a.name, 'unset'), coalesce(((p_change).old).attrs->>a.name, 'unset')), '; ')
            FROM unnest((p_change).attributes) AS a(name))
    END;
COMMENT ON FUNCTION _pggit.describe_fault(_pggit.change) IS $$
In words, how an object that was read differs from the one that should stand.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_faults(p_expected _pggit.object[], p_read _pggit.object[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT _pggit.describe_fault(ROW(c.*)::_pggit.change) FROM _pggit.diff_objects(p_expected, p_read) AS c);
END;
$$;
COMMENT ON FUNCTION _pggit.list_faults(_pggit.object[], _pggit.object[]) IS $$
In words, where what was read differs from what should stand.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_locks(p_tree bytea, p_what text, p_hint text)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_locks integer := _pggit.tree_locks(p_tree);
BEGIN
    IF v_locks > _pggit.lock_limit() THEN
        PERFORM _pggit.raise_error('VCL01', format('%s is too large for one transaction', p_what),
            format('It takes about %s locks; a quarter of the lock table is %s.', v_locks, _pggit.lock_limit()),
            p_hint);
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_locks(bytea, text, text) IS $$
Raises where building or dropping a tree in one transaction would take too much of the lock table.
Errors: VCL01.
$$;

CREATE OR REPLACE FUNCTION _pggit.ensure_worktree(p_branch_id integer, p_commit_id integer)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree    _pggit.worktrees;
    v_label       text;
    v_suffix      text;
    v_worktree_id integer;
BEGIN
    SELECT w.* INTO v_worktree
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = p_branch_id
        OR p_branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = p_commit_id;
    IF v_worktree.state = 'ready' THEN
        RETURN v_worktree.worktree_id;
    END IF;
    v_label := _pggit.worktree_label(p_branch_id, p_commit_id);
    v_suffix := coalesce(p_branch_id::text, 'c' || p_commit_id);
    IF v_worktree.state IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCS07', format('the worktree of "%s" is not complete', v_label),
            format('Its state is %s.', v_worktree.state),
            CASE v_worktree.state
                WHEN 'building' THEN format('CALL pggit.build_worktree(%L) completes it.', v_label)
                ELSE format('CALL pggit.drop_worktree(%L) completes its removal.', v_label)
            END);
    END IF;
    PERFORM _pggit.check_locks(_pggit.commit_tree(p_commit_id), format('the worktree of "%s"', v_label),
        format('CALL pggit.build_worktree(%L) builds it in batches.', v_label));
    v_worktree_id := _pggit.add_worktree(p_branch_id, p_commit_id, v_label, v_suffix);
    IF v_worktree_id IS NULL THEN
        RETURN _pggit.ensure_worktree(p_branch_id, p_commit_id);
    END IF;
    PERFORM _pggit.execute_steps(
        _pggit.build_steps(v_worktree_id, _pggit.commit_tree(p_commit_id)),
        (SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = v_worktree_id));
    PERFORM _pggit.finish_worktree(v_worktree_id);
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.ensure_worktree(integer, integer) IS $$
The ready worktree of a branch (or, for a NULL branch, of a commit); builds it in this transaction if it is missing.
Errors: VCL01 if it is too large for that, VCS07 while it is built or dropped in batches, VCC04 for a foreign schema of its name,
VCS09 if what PostgreSQL built differs from the commit.
$$;

CREATE OR REPLACE FUNCTION _pggit.worktree_label(p_branch_id integer, p_commit_id integer)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce(
    (SELECT b.name FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id),
    (SELECT left(encode(c.hash, 'hex'), 12) FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id));
COMMENT ON FUNCTION _pggit.worktree_label(integer, integer) IS $$
What stands behind the @ in the names of a worktree's schemas: the branch, or the beginning of the commit's hash.
$$;

CREATE OR REPLACE FUNCTION _pggit.begin_worktree(p_branch text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch      _pggit.branches;
    v_commit_id   integer;
    v_worktree    _pggit.worktrees;
    v_worktree_id integer;
    v_steps       _pggit.step[];
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_branch) AS b;
    v_commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(p_branch));
    SELECT w.* INTO v_worktree
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = v_branch.branch_id
        OR v_branch.branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = v_commit_id
    FOR UPDATE;
    IF v_worktree.worktree_id IS NOT NULL THEN
        IF v_worktree.state = 'building' AND v_worktree.commit_id <> v_commit_id THEN
            PERFORM _pggit.raise_error('VCS07', format('the worktree of "%s" is not complete', p_branch),
                format('Its building began at commit %s, and the branch is at %s now.',
                    v_worktree.commit_id, v_commit_id),
                format('CALL pggit.drop_worktree(%L) and build it again.', p_branch));
        ELSIF v_worktree.state = 'dropping' THEN
            PERFORM _pggit.raise_error('VCS07', format('the worktree of "%s" is not complete', p_branch),
                'Its removal has begun.', format('CALL pggit.drop_worktree(%L) completes it.', p_branch));
        END IF;
        RETURN v_worktree.worktree_id;
    END IF;
    v_worktree_id := _pggit.add_worktree(v_branch.branch_id, v_commit_id,
        _pggit.worktree_label(v_branch.branch_id, v_commit_id),
        coalesce(v_branch.branch_id::text, 'c' || v_commit_id));
    IF v_worktree_id IS NULL THEN
        RETURN _pggit.begin_worktree(p_branch);
    END IF;
    -- Not inside of unnest: there PostgreSQL calls a stable function once more, to guess how many rows it gives.
    v_steps := _pggit.build_steps(v_worktree_id, _pggit.commit_tree(v_commit_id));
    INSERT INTO _pggit.worktree_steps (worktree_id, step_no, step)
    SELECT v_worktree_id, s.step_no, to_jsonb(s) FROM unnest(v_steps) AS s;
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.begin_worktree(text) IS $$
Begins a worktree that is built in batches: its schemas and the list of its steps. Finds one begun earlier.
Errors: VCN03, VCN06 for an unknown branch; VCS07 if another building or removal is in its way; VCC04.
$$;

CREATE OR REPLACE FUNCTION _pggit.advance_worktree(p_worktree_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_last     integer;
    v_steps    _pggit.step[];
BEGIN
    SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id FOR UPDATE;
    IF v_worktree.worktree_id IS NULL OR v_worktree.state <> 'building' THEN
        RETURN false;
    END IF;
    SELECT max(n.step_no) INTO v_last
    FROM (
        SELECT s.step_no
        FROM _pggit.worktree_steps AS s
        WHERE s.worktree_id = p_worktree_id
        ORDER BY s.step_no
        LIMIT greatest(20, _pggit.lock_limit() / 4)
    ) AS n;
    IF v_last IS NULL THEN
        PERFORM _pggit.finish_worktree(p_worktree_id);
        RETURN false;
    END IF;
    v_steps := ARRAY(
        SELECT jsonb_populate_record(NULL::_pggit.step, s.step)
        FROM _pggit.worktree_steps AS s
        WHERE s.worktree_id = p_worktree_id AND s.step_no <= v_last
        ORDER BY s.step_no);
    PERFORM _pggit.execute_steps(v_steps, v_worktree.owner_name);
    DELETE FROM _pggit.worktree_steps AS s
    WHERE s.worktree_id = p_worktree_id AND s.step_no <= v_last
        -- The next batch starts under the search_path that the last one left.
        AND s.step_no <> coalesce((
            SELECT max(p.step_no)
            FROM _pggit.worktree_steps AS p
            WHERE p.worktree_id = p_worktree_id AND p.step_no <= v_last
                AND p.step->>'sql' ~ '^(RE)?SET search_path'
                AND EXISTS (SELECT FROM _pggit.worktree_steps AS n
                    WHERE n.worktree_id = p_worktree_id AND n.step_no > v_last)), -1);
    RETURN true;
END;
$$;
COMMENT ON FUNCTION _pggit.advance_worktree(integer) IS $$
Executes the next batch of a worktree under construction; false when it is ready.
Locks: the worktree's row, so that several builders take turns.
$$;

CREATE OR REPLACE PROCEDURE pggit.build_worktree(p_branch text)
LANGUAGE plpgsql
AS $$
DECLARE
    v_worktree_id integer;
BEGIN
    v_worktree_id := _pggit.begin_worktree(p_branch);
    COMMIT;
    WHILE _pggit.advance_worktree(v_worktree_id) LOOP
        COMMIT;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE pggit.build_worktree(text) IS $$
Builds the worktree of a branch in batches that commit; continues one that was begun; does nothing where it is ready.
p_branch: a branch; or a tag or commit, whose worktree is detached.
Errors: VCN03, VCN06 for an unknown branch; VCS07, VCC04, VCS09 as in checkout.
$$;
