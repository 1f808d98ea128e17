-- Plan of grants: GRANT and REVOKE from one access list to another, and what new objects get by default.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.acl_changes(p_old jsonb, p_new jsonb)
RETURNS TABLE (deed text, grantee text, privileges text[])
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    WITH item AS (
        SELECT
            substring(coalesce(o.key, n.key) FROM '^acl:(.*):[^:]*$') AS grantee,
            substring(coalesce(o.key, n.key) FROM '[^:]*$') AS privilege,
            o.value #>> '{}' AS old_state,
            n.value #>> '{}' AS new_state
        FROM (SELECT e.key, e.value FROM jsonb_each(p_old) AS e WHERE e.key LIKE 'acl:%') AS o
        FULL JOIN (SELECT e.key, e.value FROM jsonb_each(p_new) AS e WHERE e.key LIKE 'acl:%') AS n
            ON n.key = o.key
        WHERE o.value IS DISTINCT FROM n.value
    ), deed AS (
        SELECT
            i.grantee,
            i.privilege,
            CASE
                WHEN i.new_state = 'grantable' THEN 'grant option'
                WHEN i.new_state = 'granted' AND i.old_state = 'grantable' THEN 'revoke option'
                WHEN i.new_state = 'granted' THEN 'grant'
                WHEN i.new_state = 'revoked' THEN 'revoke'
                WHEN i.old_state = 'revoked' THEN 'grant'
                ELSE 'revoke'
            END AS deed
        FROM item AS i
    )
    SELECT d.deed, d.grantee, array_agg(d.privilege ORDER BY d.privilege)
    FROM deed AS d
    -- who has become the owner has the owner's rights
    WHERE NOT coalesce(d.deed LIKE 'revoke%' AND d.grantee = quote_ident(p_new->>'owner'), false)
    GROUP BY d.grantee, d.deed
    ORDER BY d.deed DESC, d.grantee;
END;
COMMENT ON FUNCTION _pggit.acl_changes(jsonb, jsonb) IS $$
What to grant and to revoke, per grantee, to come from the grants in one set of attributes to those in the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.acl_statement(
    p_deed text,
    p_privileges text,
    p_target text,
    p_grantee text,
    p_owner text
)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_deed
        WHEN 'revoke option' THEN 'REVOKE GRANT OPTION FOR '
        WHEN 'revoke' THEN 'REVOKE '
        ELSE 'GRANT '
    END
    || p_privileges || ' ON ' || p_target
    || CASE WHEN p_deed LIKE 'revoke%' THEN ' FROM ' ELSE ' TO ' END
    || CASE WHEN p_grantee = '@owner' THEN coalesce(quote_ident(p_owner), 'CURRENT_USER') ELSE p_grantee END
    || CASE WHEN p_deed = 'grant option' THEN ' WITH GRANT OPTION' ELSE '' END;
COMMENT ON FUNCTION _pggit.acl_statement(text, text, text, text, text) IS $$
One GRANT or REVOKE.
$$;

CREATE OR REPLACE FUNCTION _pggit.acl_statements(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.acl_statement(
        c.deed,
        (
            SELECT string_agg(
                p.privilege || CASE WHEN (p_new).kind = 'column' THEN ' (' || quote_ident((p_new).name) || ')' ELSE '' END,
                ', ' ORDER BY p.privilege)
            FROM unnest(c.privileges) AS p(privilege)
        ),
        _pggit.grant_target(p_new), c.grantee, (p_new).attrs->>'owner'),
        CASE WHEN _pggit.is_relation_kind((p_new).kind) OR (p_new).kind = 'column' THEN 'ACCESS SHARE' ELSE '' END)
    FROM _pggit.acl_changes(coalesce((p_old).attrs, '{}'), (p_new).attrs) AS c;
END;
COMMENT ON FUNCTION _pggit.acl_statements(_pggit.object, _pggit.object) IS $$
GRANT and REVOKE statements that turn the grants of one version into those of the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.grant_class(p_kind text)
RETURNS "char"
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_kind IN ('table', 'view', 'materialized_view') THEN 'r'
    WHEN p_kind = 'sequence' THEN 'S'
    WHEN p_kind IN ('function', 'procedure', 'aggregate') THEN 'f'
    WHEN p_kind IN ('enum', 'domain', 'composite', 'range') THEN 'T'
    WHEN p_kind = 'schema' THEN 'n'
END::"char";
COMMENT ON FUNCTION _pggit.grant_class(text) IS $$
The letter under which pg_default_acl keeps default privileges for a kind.
$$;

CREATE OR REPLACE FUNCTION _pggit.implied_grants()
RETURNS TABLE (objects "char", schema_name text, attrs jsonb)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT t.objects, n.nspname::text, _pggit.acl_attrs(
        coalesce(g.defaclacl, i.initial) || coalesce(s.defaclacl, '{}'), i.initial, r.oid)
    FROM pg_roles AS r
    CROSS JOIN unnest('{r,S,f,T,n}'::"char"[]) AS t(objects)
    CROSS JOIN LATERAL (
        SELECT acldefault(CASE t.objects WHEN 'S' THEN 's' ELSE t.objects END, r.oid) AS initial
    ) AS i
    CROSS JOIN pg_namespace AS n
    LEFT JOIN pg_default_acl AS g
        ON g.defaclrole = r.oid AND g.defaclobjtype = t.objects AND g.defaclnamespace = 0
    LEFT JOIN pg_default_acl AS s
        ON s.defaclrole = r.oid AND s.defaclobjtype = t.objects AND s.defaclnamespace = n.oid
    WHERE r.rolname = current_user
      AND (g.oid IS NOT NULL OR s.oid IS NOT NULL)
      -- schemas live in no schema: one row is enough
      AND (t.objects <> 'n' OR n.nspname = 'pg_catalog');
END;
COMMENT ON FUNCTION _pggit.implied_grants() IS $$
The grants that new objects of the current user get by ALTER DEFAULT PRIVILEGES, so that those not wanted are revoked.
$$;
