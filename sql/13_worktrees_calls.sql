-- The calls on branches and worktrees: init, create_branch, delete_branch, checkout, use, current_branch, create_tag.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.check_trackable(p_schemas name[])
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_schema name;
BEGIN
    IF coalesce(cardinality(p_schemas), 0) = 0 OR array_position(p_schemas, NULL) IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCV05', 'no schema was named', 'The list of schemas is empty or holds a NULL.',
            'Name the schemas to track, as in pggit.init(''app'').');
    END IF;
    FOREACH v_schema IN ARRAY p_schemas LOOP
        IF v_schema IN ('pggit', '_pggit', 'pggit_analytics', 'pggit_online', 'information_schema') OR v_schema ~ '^pg_' THEN
            PERFORM _pggit.raise_error('VCV04', format('schema "%s" cannot be tracked', v_schema),
                'It belongs to PostgreSQL or to pggit.', 'Name schemas of your own.');
        ELSIF NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = v_schema) THEN
            PERFORM _pggit.raise_error('VCN02', format('schema "%s" does not exist', v_schema),
                format('Database "%s" has no schema of that name.', current_database()),
                'SELECT nspname FROM pg_namespace lists the schemas.');
        ELSIF cardinality(array_positions(p_schemas, v_schema)) > 1 THEN
            PERFORM _pggit.raise_error('VCV04', format('schema "%s" is named twice', v_schema),
                format('The list is %s.', array_to_string(p_schemas, ', ')),
                'Name every schema once.');
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.check_trackable(name[]) IS $$
Raises for schemas that pggit.init cannot track.
Errors: VCV05 for none, VCV04 for a system schema or one named twice, VCN02 for one that does not exist.
$$;

CREATE OR REPLACE FUNCTION _pggit.branch_row(p_branch_id integer)
RETURNS SETOF pggit.branches
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        b.branch_id, b.name, b.head_commit_id, encode(c.hash, 'hex'), b.description, b.is_active, b.created_at,
        b.updated_at, b.created_by, w.state
    FROM _pggit.branches AS b
    JOIN _pggit.commits AS c ON c.commit_id = b.head_commit_id
    LEFT JOIN _pggit.worktrees AS w ON w.branch_id = b.branch_id
    WHERE b.branch_id = p_branch_id;
END;
COMMENT ON FUNCTION _pggit.branch_row(integer) IS 'The public row of a branch, also of one that was deleted.';

CREATE OR REPLACE FUNCTION pggit.init(VARIADIC p_schemas name[])
RETURNS pggit.branches
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET work_mem = '64MB'
AS $$
DECLARE
    v_reading     _pggit.worktree_anchors;
    v_read        _pggit.identified[];
    v_tree        bytea;
    v_commit_id   integer;
    v_branch_id   integer;
    v_worktree_id integer;
    v_branch      pggit.branches;
BEGIN
    PERFORM _pggit.check_trackable(p_schemas);
    -- A second caller waits here for the first and then finds its row.
    INSERT INTO _pggit.repository (created_by) VALUES (_pggit.current_author()) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM _pggit.raise_error('VCS02', format('database "%s" has a repository already', current_database()),
            format('It tracks %s.', array_to_string(_pggit.tracked_schemas(), ', ')),
            'A database has one repository; pggit.create_branch begins a branch in it.');
    END IF;
    v_reading := _pggit.begin_reading(p_schemas, p_schemas, NULL);
    v_read := ARRAY(
        SELECT ROW(i.*)::_pggit.identified FROM _pggit.read_objects(p_schemas, p_schemas, '{}', '{}') AS i);
    v_tree := _pggit.write_tree(ARRAY(SELECT i.object FROM unnest(v_read) AS i));
    v_commit_id := _pggit.write_commit(v_tree, '{}', format('Track %s', array_to_string(p_schemas, ', ')));
    v_branch_id := _pggit.add_branch('main', v_commit_id, 'init');
    INSERT INTO _pggit.worktrees (branch_id, commit_id, state)
    VALUES (v_branch_id, v_commit_id, 'ready')
    RETURNING worktree_id INTO v_worktree_id;
    INSERT INTO _pggit.worktree_schemas (worktree_id, position, schema_name, live_name)
    SELECT v_worktree_id, s.position, s.name, s.name
    FROM unnest(p_schemas) WITH ORDINALITY AS s(name, position);
    PERFORM _pggit.store_identities(v_worktree_id, v_read, v_reading, v_tree);
    PERFORM _pggit.emit_event('repository.created', array_to_string(p_schemas, ', '), jsonb_build_object(
        'schemas', p_schemas, 'branch_id', v_branch_id, 'commit_id', v_commit_id));
    SELECT b.* INTO v_branch FROM _pggit.branch_row(v_branch_id) AS b;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION pggit.init(VARIADIC name[]) IS $$
Takes schemas under version control: makes the repository, the branch main, and its first commit.
p_schemas: existing schemas; they stay as they are, and are main's worktree.
Returns: main.
Errors: VCV05, VCV04, VCN02 for what cannot be tracked; VCS02 if the database has a repository.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_branch(p_name text, p_from text, p_path name[])
RETURNS pggit.branches
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch_id integer;
    v_branch    pggit.branches;
BEGIN
    PERFORM _pggit.check_ref_name(p_name, 'branch');
    PERFORM _pggit.check_initialised();
    v_branch_id := _pggit.add_branch(
        p_name,
        _pggit.resolve_ref(p_from, _pggit.session_ref(p_path)),
        format('branch from %s', coalesce(p_from, 'HEAD')));
    SELECT b.* INTO v_branch FROM _pggit.branch_row(v_branch_id) AS b;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.create_branch(text, text, name[]) IS 'Behind pggit.create_branch.';

CREATE OR REPLACE FUNCTION pggit.create_branch(p_name text, p_from text DEFAULT NULL)
RETURNS pggit.branches
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.create_branch(p_name, p_from, current_schemas(false));
COMMENT ON FUNCTION pggit.create_branch(text, text) IS $$
Makes a branch; its worktree is built by the first checkout.
p_name: any name that git would accept.
p_from: the ref at which it begins; NULL for where the session stands.
Errors: VCV01 for a bad name, VCC02 for a taken one, VCN03 or VCN06 for an unknown ref, VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_clean(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_label    text;
    v_changes  text[];
BEGIN
    SELECT w.* INTO STRICT v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
    v_changes := ARRAY(
        SELECT concat_ws(' ', c.action, c.kind, concat_ws('.', c.schema_name, c.table_name, c.name))
        FROM _pggit.worktree_changes(p_worktree_id) AS c);
    IF v_changes <> '{}' THEN
        v_label := _pggit.worktree_label(v_worktree.branch_id, v_worktree.commit_id);
        PERFORM _pggit.raise_error('VCS11', format('the worktree of "%s" has uncommitted changes', v_label),
            array_to_string(v_changes[1:20], E'\n'),
            format('Commit them, undo them with pggit.reset(''HEAD'', %L), or force the call.', v_label));
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_clean(integer) IS $$
Raises where a worktree differs from its head.
Errors: VCS11 naming the changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_merged(p_branch _pggit.branches)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_others integer[];
BEGIN
    -- Mostly another branch stands at the same commit, or main holds it: the others need not be gathered.
    IF EXISTS (
        SELECT FROM _pggit.branches AS b
        WHERE b.head_commit_id = p_branch.head_commit_id AND b.is_active AND b.branch_id <> p_branch.branch_id)
        OR _pggit.is_ancestor(p_branch.head_commit_id, (SELECT m.head_commit_id FROM _pggit.find_branch('main') AS m))
    THEN
        RETURN;
    END IF;
    v_others := ARRAY(
        SELECT b.head_commit_id FROM _pggit.branches AS b WHERE b.is_active AND b.branch_id <> p_branch.branch_id
        UNION
        SELECT t.commit_id FROM _pggit.tags AS t);
    -- The oldest that can hold it first: main is most often among them.
    IF NOT EXISTS (
        SELECT FROM (SELECT o.id FROM unnest(v_others) AS o(id) WHERE o.id >= p_branch.head_commit_id ORDER BY o.id) AS o
        WHERE _pggit.is_ancestor(p_branch.head_commit_id, o.id))
    THEN
        PERFORM _pggit.raise_error('VCS05', format('branch "%s" is not merged', p_branch.name),
            format('Commit %s is in no other branch or tag.', p_branch.head_commit_id),
            format('Merge it, or pggit.delete_branch(%L, true) to lose its work.', p_branch.name));
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_merged(_pggit.branches) IS $$
Raises where a branch holds commits that no other branch or tag reaches.
Errors: VCS05.
$$;

CREATE OR REPLACE FUNCTION _pggit.delete_branch(p_name text, p_force boolean, p_path name[])
RETURNS pggit.branches
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch   _pggit.branches := _pggit.get_branch(p_name);
    v_worktree _pggit.worktrees;
    v_row      pggit.branches;
BEGIN
    IF p_name = 'main' THEN
        PERFORM _pggit.raise_error('VCS04', 'branch "main" cannot be deleted', 'Its worktree is the live schemas.',
            'Only other branches can be deleted.');
    ELSIF (_pggit.session_worktree(p_path)).branch_id = v_branch.branch_id THEN
        PERFORM _pggit.raise_error('VCS06', format('branch "%s" is checked out in this session', p_name),
            'Its schemas stand on the search_path.',
            'Call pggit.checkout(''main'') first.');
    END IF;
    SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.branch_id = v_branch.branch_id FOR UPDATE;
    IF NOT coalesce(p_force, false) THEN
        PERFORM _pggit.check_merged(v_branch);
    END IF;
    IF v_worktree.worktree_id IS NOT NULL THEN
        IF _pggit.live_locks(v_worktree.worktree_id) > _pggit.lock_limit() THEN
            PERFORM _pggit.raise_error('VCL01', format('the worktree of "%s" is too large for one transaction', p_name),
                format('Dropping it takes about %s locks; a quarter of the lock table is %s.',
                    _pggit.live_locks(v_worktree.worktree_id), _pggit.lock_limit()),
                format('CALL pggit.drop_worktree(%L) first, which drops it in batches.', p_name));
        END IF;
        IF NOT coalesce(p_force, false) AND v_worktree.state = 'ready' THEN
            PERFORM _pggit.check_clean(v_worktree.worktree_id);
        END IF;
        PERFORM _pggit.check_droppable(v_worktree.worktree_id);
        PERFORM _pggit.drop_schemas(v_worktree.worktree_id);
    END IF;
    PERFORM set_config('pggit.reason', 'delete', true);
    UPDATE _pggit.branches AS b
    SET is_active = false,
        updated_at = clock_timestamp()
    WHERE b.branch_id = v_branch.branch_id
        AND b.is_active
        AND b.head_commit_id = v_branch.head_commit_id;
    IF NOT FOUND THEN
        PERFORM _pggit.raise_error('VCC01', format('branch "%s" has moved', p_name),
            'Another session committed to it or deleted it meanwhile.', 'Look at it with pggit.log and try again.');
    END IF;
    SELECT b.* INTO v_row FROM _pggit.branch_row(v_branch.branch_id) AS b;
    RETURN v_row;
END;
$$;
COMMENT ON FUNCTION _pggit.delete_branch(text, boolean, name[]) IS 'Behind pggit.delete_branch.';

CREATE OR REPLACE FUNCTION pggit.delete_branch(p_name text, p_force boolean DEFAULT false)
RETURNS pggit.branches
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.delete_branch(p_name, p_force, current_schemas(false));
COMMENT ON FUNCTION pggit.delete_branch(text, boolean) IS $$
Deletes a branch and its worktree. Its commits stay, and pggit.create_branch with the last one brings it back.
p_force: also where that leaves commits that no other branch or tag reaches, or loses uncommitted changes.
Errors: VCN01, VCN06 for an unknown branch; VCS04 for main; VCS06 for the session's own; VCS05 for unmerged work; VCS11 for
uncommitted changes; VCS10 where something outside depends on the worktree; VCL01 where it needs CALL pggit.drop_worktree.
$$;

CREATE OR REPLACE FUNCTION _pggit.checkout(p_ref text, p_path name[], p_setting text)
RETURNS pggit.worktree
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_started     timestamptz := clock_timestamp();
    v_ref         text := p_ref;
    v_branch      _pggit.branches;
    v_worktree_id integer;
    v_result      pggit.worktree;
BEGIN
    PERFORM _pggit.check_initialised();
    IF v_ref IS NULL OR v_ref IN ('HEAD', '@') THEN
        v_ref := _pggit.session_ref(p_path);
    END IF;
    SELECT b.* INTO v_branch FROM _pggit.find_branch(v_ref) AS b;
    v_result.commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(v_ref, _pggit.session_ref(p_path)));
    v_worktree_id := _pggit.ensure_worktree(v_branch.branch_id, v_result.commit_id);
    v_result.branch := v_branch.name;
    v_result.schemas := _pggit.live_schemas(v_worktree_id);
    v_result.search_path := _pggit.worktree_path(v_worktree_id, p_setting);
    IF v_worktree_id <> _pggit.main_worktree_id() THEN
        RAISE NOTICE 'on %: unqualified names mean %',
            coalesce('branch ' || quote_ident(v_branch.name), 'commit ' || v_result.commit_id),
            (SELECT string_agg(quote_ident(s.name), ', ') FROM unnest(v_result.schemas) AS s(name))
            USING HINT = format('A name qualified with %s still means the live schema.',
                array_to_string(ARRAY(SELECT quote_ident(t) FROM unnest(_pggit.tracked_schemas()) AS t), ' or '));
    END IF;
    PERFORM _pggit.record_timing('checkout', v_started);
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.checkout(text, name[], text) IS $$
Behind pggit.checkout and pggit.use: builds the worktree if need be and says which search_path leads to it.
$$;

CREATE OR REPLACE FUNCTION _pggit.apply_path(p_worktree pggit.worktree, p_is_local boolean)
RETURNS pggit.worktree
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    -- No SET clause: one would undo the setting on return.
    SELECT p_worktree.branch, p_worktree.commit_id, p_worktree.schemas,
        set_config('search_path', p_worktree.search_path, p_is_local);
END;
COMMENT ON FUNCTION _pggit.apply_path(pggit.worktree, boolean) IS 'Sets the search_path of a worktree.';

CREATE OR REPLACE FUNCTION pggit.checkout(p_ref text)
RETURNS pggit.worktree
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.apply_path(
    _pggit.checkout(p_ref, current_schemas(false), current_setting('search_path')), false);
COMMENT ON FUNCTION pggit.checkout(text) IS $$
Puts this session on a branch: in its search_path the branch's schemas take the place of the tracked ones, so that unqualified
names mean the branch. Builds the branch's schemas if they are missing. A name qualified with a tracked schema still means the
live schema.
p_ref: a branch; or a tag or commit, to look at it detached; HEAD for where the session stands.
Errors: VCN03, VCN06 for an unknown ref; VCL01 where it is too large for one transaction and needs CALL pggit.build_worktree;
VCS07 while that is under way; VCC04 where a foreign schema has the name; VCS09 where PostgreSQL built something else.
$$;

CREATE OR REPLACE FUNCTION pggit.use(p_ref text)
RETURNS pggit.worktree
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.apply_path(
    _pggit.checkout(p_ref, current_schemas(false), current_setting('search_path')), true);
COMMENT ON FUNCTION pggit.use(text) IS $$
pggit.checkout for the current transaction only, as a transaction pooler needs it.
Errors: as pggit.checkout.
$$;

CREATE OR REPLACE FUNCTION _pggit.current_branch(p_path name[])
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT b.name
    FROM _pggit.session_worktree(p_path) AS w
    -- Not an inner join: finding no branch at all, that may leave out the function and with it the error before init.
    LEFT JOIN _pggit.branches AS b USING (branch_id));
COMMENT ON FUNCTION _pggit.current_branch(name[]) IS 'Behind pggit.current_branch.';

CREATE OR REPLACE FUNCTION pggit.current_branch()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.current_branch(current_schemas(false));
COMMENT ON FUNCTION pggit.current_branch() IS $$
The branch that this session's search_path leads to; NULL on a detached commit.
Errors: VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.emit_tag()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF _pggit.is_restoring() THEN
        RETURN NULL;
    END IF;
    PERFORM _pggit.emit_event('tag.created', NEW.name, jsonb_build_object(
        'tag_id', NEW.tag_id, 'name', NEW.name, 'commit_id', NEW.commit_id, 'hash', encode(c.hash, 'hex')))
    FROM _pggit.commits AS c
    WHERE c.commit_id = NEW.commit_id;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.emit_tag() IS 'Trigger of _pggit.tags: the event of a tag that is made.';

CREATE OR REPLACE TRIGGER tags_emit
AFTER INSERT ON _pggit.tags
FOR EACH ROW
EXECUTE FUNCTION _pggit.emit_tag();

CREATE OR REPLACE FUNCTION _pggit.create_tag(p_name text, p_ref text, p_path name[])
RETURNS pggit.tags
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_tag_id integer;
    v_tag    pggit.tags;
BEGIN
    PERFORM _pggit.check_ref_name(p_name, 'tag');
    PERFORM _pggit.check_initialised();
    INSERT INTO _pggit.tags (name, commit_id, created_by)
    VALUES (p_name, _pggit.resolve_ref(p_ref, _pggit.session_ref(p_path)), _pggit.current_author())
    ON CONFLICT (name) DO NOTHING
    RETURNING tag_id INTO v_tag_id;
    IF v_tag_id IS NULL THEN
        PERFORM _pggit.raise_error('VCC03', format('tag "%s" already exists', p_name),
            (SELECT format('It names commit %s.', t.commit_id) FROM _pggit.tags AS t WHERE t.name = p_name),
            'Tags do not move; choose another name.');
    END IF;
    SELECT t.* INTO v_tag FROM pggit.tags AS t WHERE t.tag_id = v_tag_id;
    RETURN v_tag;
END;
$$;
COMMENT ON FUNCTION _pggit.create_tag(text, text, name[]) IS 'Behind pggit.create_tag.';

CREATE OR REPLACE FUNCTION pggit.create_tag(p_name text, p_ref text DEFAULT NULL)
RETURNS pggit.tags
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.create_tag(p_name, p_ref, current_schemas(false));
COMMENT ON FUNCTION pggit.create_tag(text, text) IS $$
Names a commit for good.
p_ref: what to name; NULL for where the session stands.
Errors: VCV01 for a bad name, VCC03 for a taken one, VCN03 or VCN06 for an unknown ref.
$$;
