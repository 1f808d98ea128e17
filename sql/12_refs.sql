-- Refs: branches, tags, the reflog, and the grammar by which a text names a commit.

-- == relations ==
CREATE TABLE _pggit.branches (
    branch_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text NOT NULL CHECK (name <> ''),
    head_commit_id integer NOT NULL REFERENCES _pggit.commits,
    description    text,
    -- A deleted branch keeps its row: merges name it by its id.
    is_active      boolean NOT NULL DEFAULT true,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX branches_name_key ON _pggit.branches (name) WHERE is_active;
CREATE INDEX branches_head_commit_id_idx ON _pggit.branches (head_commit_id);

CREATE TABLE _pggit.tags (
    tag_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name <> ''),
    commit_id  integer NOT NULL REFERENCES _pggit.commits,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX tags_commit_id_idx ON _pggit.tags (commit_id);

CREATE TABLE _pggit.reflog (
    reflog_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch_id     integer NOT NULL REFERENCES _pggit.branches,
    old_commit_id integer REFERENCES _pggit.commits,
    new_commit_id integer REFERENCES _pggit.commits,
    reason        text NOT NULL,
    actor         text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX reflog_branch_id_idx ON _pggit.reflog (branch_id, reflog_id);
CREATE INDEX reflog_old_commit_id_idx ON _pggit.reflog (old_commit_id);
CREATE INDEX reflog_new_commit_id_idx ON _pggit.reflog (new_commit_id);

-- == routines ==
COMMENT ON TABLE _pggit.branches IS 'Named pointers to commits, moved by compare-and-swap only.';
COMMENT ON TABLE _pggit.tags IS 'Named commits, never moved.';
COMMENT ON TABLE _pggit.reflog IS 'Every move of every branch.';

CREATE OR REPLACE VIEW pggit.branches AS
SELECT
    b.branch_id,
    b.name,
    b.head_commit_id,
    encode(c.hash, 'hex') AS head_hash,
    b.description,
    b.is_active,
    b.created_at,
    b.updated_at,
    b.created_by,
    w.state AS worktree_state
FROM _pggit.branches AS b
JOIN _pggit.commits AS c ON c.commit_id = b.head_commit_id
LEFT JOIN _pggit.worktrees AS w ON w.branch_id = b.branch_id
WHERE b.is_active;
COMMENT ON VIEW pggit.branches IS 'The branches, with the state of the worktree: building, ready, dropping, or NULL for none.';

CREATE OR REPLACE VIEW pggit.tags AS
SELECT t.tag_id, t.name, t.commit_id, encode(c.hash, 'hex') AS hash, t.created_at, t.created_by
FROM _pggit.tags AS t
JOIN _pggit.commits AS c USING (commit_id);
COMMENT ON VIEW pggit.tags IS 'The tags and their commits.';

CREATE OR REPLACE VIEW pggit.reflog AS
SELECT
    r.reflog_id,
    r.branch_id,
    b.name AS branch,
    r.old_commit_id,
    r.new_commit_id,
    r.reason,
    r.actor,
    r.created_at
FROM _pggit.reflog AS r
JOIN _pggit.branches AS b USING (branch_id);
COMMENT ON VIEW pggit.reflog IS 'Every move of every branch, deleted ones included.';

CREATE OR REPLACE FUNCTION _pggit.check_initialised()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM _pggit.repository) THEN
        PERFORM _pggit.raise_error('VCS01', format('database "%s" has no repository', current_database()),
            'No schema is tracked yet.', 'Call pggit.init with the names of the schemas to track.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_initialised() IS $$
Raises unless pggit.init has been called.
Errors: VCS01.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_name_fault(p_name text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_name IS NULL OR p_name = '' THEN 'It is empty.'
    WHEN octet_length(p_name) > 250 THEN 'It is longer than 250 bytes.'
    WHEN p_name ~ '[\x01-\x20\x7f]' THEN 'It holds a space or a control character.'
    WHEN p_name ~ '[~^:?*\[\\]' THEN 'It holds one of ~ ^ : ? * [ \, which have a meaning in refs.'
    WHEN p_name ~ '(^|/)\.' THEN 'A part of it begins with a dot.'
    WHEN p_name ~ '\.lock(/|$)' THEN 'A part of it ends in ".lock".'
    WHEN p_name ~ '\.\.' THEN 'It holds two dots in a row.'
    WHEN p_name ~ '(^/|/$|//)' THEN 'A slash stands at its beginning, at its end, or twice in a row.'
    WHEN p_name ~ '\.$' THEN 'It ends with a dot.'
    WHEN p_name ~ '@\{' THEN 'It holds "@{".'
    WHEN p_name ~ '^-' THEN 'It begins with a hyphen.'
    WHEN p_name IN ('@', 'HEAD') THEN 'It is the name of the current commit.'
END;
COMMENT ON FUNCTION _pggit.find_name_fault(text) IS $$
What git check-ref-format would say against a branch or tag name; NULL for a good one.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_ref_name(p_name text, p_what text)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_fault text := _pggit.find_name_fault(p_name);
BEGIN
    IF v_fault IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCV01', format('"%s" is not a valid %s name', p_name, p_what), v_fault,
            'Use letters, digits, hyphens, dots and slashes, as in feature/login-page.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_ref_name(text, text) IS $$
Raises for a name that git would refuse.
p_what: "branch" or "tag", for the message.
Errors: VCV01.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_branch(p_name text)
RETURNS SETOF _pggit.branches
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT b.* FROM _pggit.branches AS b WHERE b.name = p_name AND b.is_active;
END;
COMMENT ON FUNCTION _pggit.find_branch(text) IS 'The branch of that name, or no row.';

CREATE OR REPLACE FUNCTION _pggit.get_branch(p_name text)
RETURNS _pggit.branches
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_name) AS b;
    IF v_branch.branch_id IS NULL THEN
        PERFORM _pggit.check_initialised();
        SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.name = p_name ORDER BY b.branch_id DESC LIMIT 1;
        IF v_branch.branch_id IS NULL THEN
            PERFORM _pggit.raise_error('VCN01', format('branch "%s" does not exist', p_name), 'There never was one of that name.',
                'SELECT name FROM pggit.branches lists the branches.');
        ELSE
            PERFORM _pggit.raise_error('VCN06', format('branch "%s" has been deleted', p_name),
                format('Its last commit was %s.', v_branch.head_commit_id),
                format('pggit.create_branch(%L, %L) brings it back.', p_name, v_branch.head_commit_id::text));
        END IF;
    END IF;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.get_branch(text) IS $$
The branch of that name.
Errors: VCN01 if there never was one, VCN06 if it was deleted.
$$;

CREATE OR REPLACE FUNCTION _pggit.resolve_name(p_name text, p_head text)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- in variables: as expressions they would be computed for every branch, and no index would be used
    v_branch text := regexp_replace(p_name, '^(refs/)?heads/', '');
    v_tag    text := regexp_replace(p_name, '^(refs/)?tags/', '');
    v_ids    integer[];
BEGIN
    IF p_name IN ('HEAD', '@', '') THEN
        RETURN _pggit.resolve_ref(coalesce(nullif(p_head, 'HEAD'), 'main'), 'main');
    END IF;
    SELECT ARRAY(
        SELECT b.head_commit_id
        FROM _pggit.branches AS b
        WHERE b.is_active AND b.name IN (p_name, v_branch)
        ORDER BY b.name = p_name DESC
    ) INTO v_ids;
    IF v_ids = '{}' THEN
        SELECT ARRAY(
            SELECT t.commit_id
            FROM _pggit.tags AS t
            WHERE t.name IN (p_name, v_tag)
            ORDER BY t.name = p_name DESC
        ) INTO v_ids;
    END IF;
    IF v_ids = '{}' AND p_name ~ '^[0-9]{1,9}$' THEN
        SELECT ARRAY(SELECT c.commit_id FROM _pggit.commits AS c WHERE c.commit_id = p_name::integer) INTO v_ids;
    END IF;
    IF v_ids = '{}' AND p_name ~* '^[0-9a-f]{4,64}$' THEN
        SELECT ARRAY(
            SELECT c.commit_id FROM _pggit.commits AS c
            WHERE c.hash BETWEEN decode(rpad(p_name, 64, '0'), 'hex') AND decode(rpad(p_name, 64, 'f'), 'hex')
            ORDER BY c.commit_id
        ) INTO v_ids;
        IF cardinality(v_ids) > 1 THEN
            PERFORM _pggit.raise_error('VCV03', format('"%s" is ambiguous', p_name),
                format('It begins the hashes of the commits %s.', array_to_string(v_ids, ', ')),
                'Give more digits of the hash, or the commit id.');
        END IF;
    END IF;
    RETURN v_ids[1];
END;
$$;
COMMENT ON FUNCTION _pggit.resolve_name(text, text) IS $$
The commit that a ref without suffixes names: branch before tag before commit id before hash prefix; NULL for none.
p_head: the ref that HEAD stands for.
Errors: VCV03 for a hash prefix that several commits share.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_ref(p_ref text, p_head text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit_id integer;
    v_suffix    text;
    v_count     integer;
BEGIN
    v_commit_id := _pggit.resolve_name(regexp_replace(coalesce(p_ref, 'HEAD'), '[~^].*$', ''), p_head);
    FOR v_suffix IN
        SELECT m.match[1] FROM regexp_matches(coalesce(p_ref, ''), '([~^][^~^]*)', 'g') AS m(match)
    LOOP
        IF v_suffix !~ '^[~^][0-9]{0,6}$' THEN
            RETURN NULL;
        END IF;
        v_count := coalesce(nullif(substr(v_suffix, 2), '')::integer, 1);
        IF left(v_suffix, 1) = '^' THEN
            IF v_count > 0 THEN
                v_commit_id := (
                    SELECT p.parent_commit_id FROM _pggit.commit_parents AS p
                    WHERE p.commit_id = v_commit_id AND p.ordinality = v_count);
            END IF;
        ELSE
            SELECT _pggit.chain_ancestor(c.commit_id, greatest(c.generation - v_count, b.generation)),
                v_count - c.generation + greatest(c.generation - v_count, b.generation)
            INTO v_commit_id, v_count
            FROM _pggit.commits AS c
            JOIN _pggit.commits AS b ON b.commit_id = c.chain_commit_id
            WHERE c.commit_id = v_commit_id;
            WHILE v_count > 0 AND v_commit_id IS NOT NULL LOOP
                v_count := v_count - 1;
                v_commit_id := (
                    SELECT p.parent_commit_id FROM _pggit.commit_parents AS p
                    WHERE p.commit_id = v_commit_id AND p.ordinality = 1);
            END LOOP;
        END IF;
    END LOOP;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.find_ref(text, text) IS $$
The commit that a ref names, NULL for none.
p_ref: branch, tag, commit id, hash prefix or HEAD, with any number of ~n and ^n behind it; NULL is HEAD.
p_head: the ref that HEAD stands for, main if NULL.
Errors: VCV03 for a hash prefix that several commits share.
$$;

CREATE OR REPLACE FUNCTION _pggit.resolve_ref(p_ref text, p_branch text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit_id integer := _pggit.find_ref(p_ref, p_branch);
    v_base      text := regexp_replace(coalesce(p_ref, 'HEAD'), '[~^].*$', '');
BEGIN
    IF v_commit_id IS NOT NULL THEN
        RETURN v_commit_id;
    END IF;
    PERFORM _pggit.check_initialised();
    IF _pggit.resolve_name(v_base, p_branch) IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCN03', format('ref "%s" does not exist', p_ref),
            format('"%s" has no such ancestor.', v_base), 'pggit.log lists a ref''s ancestors.');
    ELSIF EXISTS (SELECT FROM _pggit.branches AS b WHERE b.name = v_base) THEN
        PERFORM _pggit.get_branch(v_base);
    END IF;
    PERFORM _pggit.raise_error('VCN03', format('ref "%s" does not exist', p_ref),
        'There is no branch, tag or commit of that name.',
        'pggit.branches, pggit.tags and pggit.log list what there is.');
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.resolve_ref(text, text) IS $$
The commit that a ref names.
p_ref, p_branch: as in _pggit.find_ref.
Errors: VCN03 if it names nothing, VCN06 if it names a deleted branch, VCV03 if it is ambiguous.
$$;

CREATE OR REPLACE FUNCTION _pggit.log_branch()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_reason text := coalesce(nullif(current_setting('pggit.reason', true), ''), 'by hand');
    v_old    integer := CASE WHEN TG_OP = 'UPDATE' THEN OLD.head_commit_id END;
    v_new    integer := CASE WHEN NEW.is_active THEN NEW.head_commit_id END;
BEGIN
    IF _pggit.is_restoring() THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('pggit.reason', '', true);
    INSERT INTO _pggit.reflog (branch_id, old_commit_id, new_commit_id, reason, actor)
    VALUES (NEW.branch_id, v_old, v_new, v_reason, _pggit.current_author());
    IF v_old IS NULL OR v_new IS NULL THEN
        PERFORM _pggit.emit_event(CASE WHEN v_old IS NULL THEN 'branch.created' ELSE 'branch.deleted' END, NEW.name,
            jsonb_build_object('branch_id', NEW.branch_id, 'name', NEW.name, 'commit_id', NEW.head_commit_id));
    ELSE
        PERFORM _pggit.emit_event(
            CASE WHEN v_reason LIKE 'reset to %' THEN 'branch.moved' ELSE 'commit.created' END,
            NEW.name,
            jsonb_build_object(
                'branch_id', NEW.branch_id, 'name', NEW.name, 'reason', v_reason, 'old_commit_id', v_old,
                'commit_id', v_new, 'hash', encode(c.hash, 'hex'), 'author', c.author, 'message', left(c.message, 1000)))
        FROM _pggit.commits AS c
        WHERE c.commit_id = v_new;
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.log_branch() IS $$
Trigger of _pggit.branches: the reflog's entry and the event of a branch that is made, moves or goes, whoever does that and however.
The setting pggit.reason says why.
$$;

CREATE OR REPLACE TRIGGER branches_log_new
AFTER INSERT ON _pggit.branches
FOR EACH ROW
EXECUTE FUNCTION _pggit.log_branch();

CREATE OR REPLACE TRIGGER branches_log_change
AFTER UPDATE OF head_commit_id, is_active ON _pggit.branches
FOR EACH ROW
WHEN (OLD.head_commit_id <> NEW.head_commit_id OR OLD.is_active <> NEW.is_active)
EXECUTE FUNCTION _pggit.log_branch();

CREATE OR REPLACE FUNCTION _pggit.add_branch(p_name text, p_commit_id integer, p_reason text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch_id integer;
BEGIN
    PERFORM set_config('pggit.reason', p_reason, true);
    INSERT INTO _pggit.branches (name, head_commit_id, created_by)
    VALUES (p_name, p_commit_id, _pggit.current_author())
    ON CONFLICT (name) WHERE is_active DO NOTHING
    RETURNING branch_id INTO v_branch_id;
    IF v_branch_id IS NULL THEN
        PERFORM _pggit.raise_error('VCC02', format('branch "%s" already exists', p_name),
            (SELECT format('It stands at commit %s.', b.head_commit_id) FROM _pggit.find_branch(p_name) AS b),
            format('Choose another name, or pggit.checkout(%L).', p_name));
    END IF;
    RETURN v_branch_id;
END;
$$;
COMMENT ON FUNCTION _pggit.add_branch(text, integer, text) IS $$
Writes the row of a new branch and gives its id.
Errors: VCC02 if the name is taken.
$$;

CREATE OR REPLACE FUNCTION _pggit.move_branch(
    p_branch_id integer,
    p_from_commit integer,
    p_to_commit integer,
    p_reason text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches;
BEGIN
    PERFORM set_config('pggit.reason', p_reason, true);
    UPDATE _pggit.branches AS b
    SET head_commit_id = p_to_commit,
        updated_at = clock_timestamp()
    WHERE b.branch_id = p_branch_id
        AND b.head_commit_id = p_from_commit
        AND b.is_active
    RETURNING b.* INTO v_branch;
    IF NOT FOUND THEN
        SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id;
        IF NOT v_branch.is_active THEN
            PERFORM _pggit.get_branch(v_branch.name);
        END IF;
        PERFORM _pggit.raise_error('VCC01', format('branch "%s" has moved', v_branch.name),
            format('Its head was commit %s and is now %s.', p_from_commit, v_branch.head_commit_id),
            'Look at the new head with pggit.log and try again.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.move_branch(integer, integer, integer, text) IS $$
Moves a branch from one commit to another, if it still stands at the first.
Errors: VCC01 if it moved meanwhile, VCN06 if it was deleted.
Locks: the branch's row; a second mover waits for the first and then loses.
$$;
