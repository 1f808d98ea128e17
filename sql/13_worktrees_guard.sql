-- What a row of a worktree may say: whoever drops or builds a worktree acts on these rows, which others wrote.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.owns_pggit()
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT pg_has_role(current_user, c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = '_pggit.worktrees'::regclass);
COMMENT ON FUNCTION _pggit.owns_pggit() IS 'Whether the current user has the rights of pggit''s owner, as who restores a dump has.';

CREATE OR REPLACE FUNCTION _pggit.refuse_worktree(p_what text)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM _pggit.raise_error('VCA04', 'the worktree is not rewritten', p_what,
        'Call pggit.checkout, pggit.build_worktree or pggit.drop_worktree.');
END;
$$;
COMMENT ON FUNCTION _pggit.refuse_worktree(text) IS $$
Raises for a row that no call of pggit writes.
Errors: VCA04.
$$;

CREATE OR REPLACE FUNCTION _pggit.guard_worktree()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF _pggit.owns_pggit() THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.worktree_id = _pggit.main_worktree_id() THEN
            PERFORM _pggit.refuse_worktree('The worktree of main is the live schemas.');
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.worktree_id, NEW.branch_id, NEW.owner_name) IS DISTINCT FROM (OLD.worktree_id, OLD.branch_id, OLD.owner_name) THEN
        PERFORM _pggit.refuse_worktree(format('Worktree %s stays that of its branch and of its owner.', OLD.worktree_id));
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION _pggit.guard_worktree() IS $$
Trigger of _pggit.worktrees: none goes over to another branch or owner, and that of main does not go.
Errors: VCA04.
$$;

CREATE OR REPLACE TRIGGER worktrees_guard
BEFORE UPDATE OR DELETE ON _pggit.worktrees
FOR EACH ROW
EXECUTE FUNCTION _pggit.guard_worktree();

CREATE OR REPLACE FUNCTION _pggit.guard_worktree_schema()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
BEGIN
    IF _pggit.owns_pggit() THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.worktree_id = _pggit.main_worktree_id() THEN
            PERFORM _pggit.refuse_worktree('The worktree of main is the live schemas.');
        END IF;
        RETURN OLD;
    END IF;
    SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = NEW.worktree_id;
    IF NEW.worktree_id = _pggit.main_worktree_id() THEN
        -- pggit.init is an admin's call.
        IF NEW.live_name <> NEW.schema_name OR NOT _pggit.has_role('admin') THEN
            PERFORM _pggit.refuse_worktree('What is tracked, pggit.init says.');
        END IF;
    ELSIF NEW.live_name <> _pggit.worktree_schema_name(NEW.schema_name,
        _pggit.worktree_label(v_worktree.branch_id, v_worktree.commit_id),
        format('~%s.%s', coalesce(v_worktree.branch_id::text, 'c' || v_worktree.commit_id), NEW.position))
    THEN
        PERFORM _pggit.refuse_worktree(format('"%s" is no schema of that worktree.', NEW.live_name));
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION _pggit.guard_worktree_schema() IS $$
Trigger of _pggit.worktree_schemas: a worktree has schemas of its own name, and no others, which its dropping would take along.
Errors: VCA04.
$$;

CREATE OR REPLACE TRIGGER worktree_schemas_guard
BEFORE INSERT OR UPDATE OR DELETE ON _pggit.worktree_schemas
FOR EACH ROW
EXECUTE FUNCTION _pggit.guard_worktree_schema();
