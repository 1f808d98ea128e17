-- Logins: as whom the service connects. Code of a branch can take whatever its session's login may take, so that must be little.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION pggit.check_login(p_role text)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_role name := ('pggit_' || p_role)::name;
    v_more text[];
BEGIN
    IF p_role IS NULL OR p_role NOT IN ('reader', 'writer', 'admin') THEN
        PERFORM _pggit.raise_error('VCV40', format('"%s" is no role', p_role), NULL, 'Use reader, writer or admin.');
    END IF;
    -- RESET ROLE and SET SESSION AUTHORIZATION lead back to the session's user, and SET ROLE to what that is a member of.
    v_more := ARRAY(
        SELECT format('it may act as "%s"', r.rolname)
        FROM pg_roles AS r
        WHERE pg_has_role(session_user, r.oid, 'MEMBER')
            AND NOT pg_has_role(v_role, r.oid, 'MEMBER')
            AND r.rolname <> session_user
        ORDER BY r.rolname
        LIMIT 5)
        || ARRAY(
        SELECT h.what
        FROM pg_roles AS r
        CROSS JOIN LATERAL (VALUES
            (r.rolsuper, 'it is a superuser'),
            (r.rolcreaterole, 'it may create roles'),
            (r.rolcreatedb, 'it may create databases'),
            (r.rolreplication, 'it may replicate'),
            (r.rolbypassrls, 'it bypasses row security'),
            (r.oid = (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = '_pggit'), 'it owns pggit')) AS h(has_it, what)
        WHERE r.rolname = session_user AND h.has_it);
    IF v_more <> '{}' THEN
        PERFORM _pggit.raise_error('42501', format('login "%s" is more than %s', session_user, v_role),
            array_to_string(v_more, E'\n'),
            format('Let the service log in as a role of its own: CREATE ROLE … LOGIN NOINHERIT IN ROLE %s.', v_role));
    END IF;
END;
$$;
COMMENT ON FUNCTION pggit.check_login(text) IS $$
Raises where the session's login could become more than one role of pggit.
p_role: reader, writer or admin.
Errors: 42501 saying what it could become; VCV40 for another role.
$$;

CREATE OR REPLACE FUNCTION pggit.setup_login(p_login name, p_role text, p_password text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_role name := ('pggit_' || p_role)::name;
    v_made boolean := false;
BEGIN
    IF p_role IS NULL OR p_role NOT IN ('reader', 'writer', 'admin') THEN
        PERFORM _pggit.raise_error('VCV40', format('"%s" is no role', p_role), NULL, 'Use reader, writer or admin.');
    END IF;
    -- Several processes of the service start at once.
    PERFORM pg_advisory_xact_lock(hashtextextended('pggit.setup_login', 0));
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = p_login) THEN
        EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT IN ROLE %I', p_login, v_role);
        v_made := true;
    ELSIF NOT pg_has_role(p_login, v_role, 'MEMBER') OR EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = p_login AND r.rolinherit)
    THEN
        PERFORM _pggit.raise_error('42710', format('role "%s" exists and is no login of pggit', p_login),
            format('A login for %s is NOINHERIT and a member of that role alone.', v_role), 'Choose another name, or drop that role.');
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', p_login, p_password);
    RETURN v_made;
END;
$$;
COMMENT ON FUNCTION pggit.setup_login(name, text, text) IS $$
Makes a login that may become one role of pggit and nobody else, or gives it another password.
p_password: the password or, so that it reaches no log, its SCRAM verifier.
Returns: whether it was made.
Errors: VCV40 for another role; 42710 if the name is taken by another kind of role; 42501 if the caller may not create roles.
$$;
