-- Protected branches: they move by merges only, and only for those who may. A trigger says so, whichever way the change comes.

-- == relations ==
CREATE TABLE _pggit.protected_branches (
    branch_id  integer PRIMARY KEY REFERENCES _pggit.branches,
    merge_role text NOT NULL CHECK (merge_role IN ('writer', 'admin')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- == routines ==
COMMENT ON TABLE _pggit.protected_branches IS 'Branches that move by merges only, and the least role that may merge into each.';

CREATE OR REPLACE VIEW pggit.protected_branches AS
SELECT p.branch_id, b.name, p.merge_role, p.created_by, p.created_at
FROM _pggit.protected_branches AS p
JOIN _pggit.branches AS b USING (branch_id);
COMMENT ON VIEW pggit.protected_branches IS 'The protected branches, and the least role that may merge into each.';

CREATE OR REPLACE FUNCTION _pggit.has_role(p_role text)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- By name, so that a server without the roles, where the owner alone works, is no error.
    SELECT coalesce(bool_or(pg_has_role(current_user, r.oid, 'USAGE')), false)
    FROM pg_roles AS r
    WHERE r.rolname IN ('pggit_admin', 'pggit_' || p_role)
        OR r.oid = (SELECT c.relowner FROM pg_class AS c WHERE c.oid = '_pggit.branches'::regclass);
END;
COMMENT ON FUNCTION _pggit.has_role(text) IS $$
Whether the current user has a role of pggit (writer or admin), or a greater one, or is the owner of pggit.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_unprotected(p_branch_id integer, p_what text)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_name text;
BEGIN
    SELECT p.name INTO v_name FROM pggit.protected_branches AS p WHERE p.branch_id = p_branch_id;
    IF v_name IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCA01', format('branch "%s" is protected', v_name), p_what,
            format('Merge a branch into it; or an admin calls pggit.unprotect_branch(%L) first.', v_name));
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_unprotected(integer, text) IS $$
Raises for a protected branch.
p_what: the fact that it is protected against.
Errors: VCA01.
$$;

CREATE OR REPLACE FUNCTION _pggit.protect_branches()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_role text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM _pggit.check_unprotected(OLD.branch_id, 'It cannot be deleted.');
        RETURN OLD;
    END IF;
    IF OLD.is_active AND NOT NEW.is_active THEN
        PERFORM _pggit.check_unprotected(OLD.branch_id, 'It cannot be deleted.');
    ELSIF NEW.name <> OLD.name OR NEW.branch_id <> OLD.branch_id THEN
        PERFORM _pggit.check_unprotected(OLD.branch_id, 'It cannot be renamed.');
    END IF;
    IF NEW.head_commit_id <> OLD.head_commit_id THEN
        SELECT p.merge_role INTO v_role FROM _pggit.protected_branches AS p WHERE p.branch_id = OLD.branch_id;
        IF v_role IS NOT NULL AND NOT _pggit.has_role(v_role) THEN
            PERFORM _pggit.check_unprotected(OLD.branch_id,
                format('Merging into it takes the role %s, which "%s" has not.', v_role, current_user));
        ELSIF v_role IS NOT NULL AND NOT _pggit.is_merge(OLD.branch_id, OLD.head_commit_id, NEW.head_commit_id) THEN
            PERFORM _pggit.check_unprotected(OLD.branch_id, 'It takes no direct commits, and its history is not rewritten.');
        END IF;
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION _pggit.protect_branches() IS $$
Trigger of _pggit.branches: lets a protected branch move by merges only, and for those who may only.
Errors: VCA01.
$$;

CREATE OR REPLACE TRIGGER branches_protect
BEFORE UPDATE OR DELETE ON _pggit.branches
FOR EACH ROW
EXECUTE FUNCTION _pggit.protect_branches();

CREATE OR REPLACE FUNCTION _pggit.protection_document(p_branch_id integer)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object('branch_id', p.branch_id, 'branch_name', p.name, 'merge_role', p.merge_role,
        'created_by', p.created_by, 'created_at', _pggit.json_time(p.created_at))
    FROM pggit.protected_branches AS p
    WHERE p.branch_id = p_branch_id);
COMMENT ON FUNCTION _pggit.protection_document(integer) IS 'The protection of a branch as the API shows it; NULL for none.';

CREATE OR REPLACE FUNCTION pggit.protect_branch(p_branch text, p_merge_role text DEFAULT 'admin')
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches := _pggit.get_branch(p_branch);
BEGIN
    IF p_merge_role IS NULL OR p_merge_role NOT IN ('writer', 'admin') THEN
        PERFORM _pggit.raise_error('VCV40', format('"%s" is no role that merges', p_merge_role), NULL, 'Use writer or admin.');
    END IF;
    INSERT INTO _pggit.protected_branches AS p (branch_id, merge_role, created_by)
    VALUES (v_branch.branch_id, p_merge_role, _pggit.current_author())
    ON CONFLICT (branch_id) DO UPDATE
    SET merge_role = EXCLUDED.merge_role;
    RETURN _pggit.protection_document(v_branch.branch_id);
END;
$$;
COMMENT ON FUNCTION pggit.protect_branch(text, text) IS $$
From now on the branch moves by merges only: direct commits, resets, rebases and deletion are refused, to admins, too.
p_merge_role: the least role that may merge into it, writer or admin. Called again, it changes that.
Errors: VCN01, VCN06 for an unknown branch; VCV40 for another role.
$$;

CREATE OR REPLACE FUNCTION pggit.unprotect_branch(p_branch text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches := _pggit.get_branch(p_branch);
BEGIN
    DELETE FROM _pggit.protected_branches AS p WHERE p.branch_id = v_branch.branch_id;
    IF NOT FOUND THEN
        PERFORM _pggit.raise_error('VCN41', format('branch "%s" is not protected', p_branch), NULL,
            'SELECT name FROM pggit.protected_branches lists those that are.');
    END IF;
END;
$$;
COMMENT ON FUNCTION pggit.unprotect_branch(text) IS $$
Ends the protection of a branch.
Errors: VCN01, VCN06 for an unknown branch; VCN41 for one that is not protected.
$$;

CREATE OR REPLACE FUNCTION pggit.list_protected_branches()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(_pggit.protection_document(p.branch_id) ORDER BY p.branch_id), '[]'),
        'total', count(*))
    FROM _pggit.protected_branches AS p;
END;
COMMENT ON FUNCTION pggit.list_protected_branches() IS $$
The protected branches as a document.
Returns: {items, total}.
$$;
