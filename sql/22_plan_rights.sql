-- Plan and rights: roles that are missing where a plan is to run, and plans that leave owners and grants as they are.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.named_roles(p_object _pggit.object)
RETURNS SETOF text
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT (p_object).attrs->>'owner' WHERE (p_object).attrs ? 'owner'
    UNION
    SELECT (parse_ident(g.grantee))[1]
    FROM jsonb_object_keys((p_object).attrs) AS k(key)
    CROSS JOIN LATERAL (SELECT substring(k.key FROM '^(?:identity:)?acl:(.*):[^:]*$')) AS g(grantee)
    WHERE g.grantee NOT IN ('PUBLIC', '@owner')
    UNION
    SELECT (parse_ident(g.grantee))[1]
    FROM jsonb_each((p_object).attrs->'members') AS m
    CROSS JOIN LATERAL jsonb_object_keys(m.value) AS k(key)
    CROSS JOIN LATERAL (SELECT substring(k.key FROM '^acl:(.*):[^:]*$')) AS g(grantee)
    WHERE g.grantee NOT IN ('PUBLIC', '@owner')
    UNION
    SELECT r.role
    FROM jsonb_array_elements_text((p_object).attrs->'roles') AS r(role)
    WHERE (p_object).kind = 'policy'
    UNION
    SELECT (p_object).attrs->>'role' WHERE (p_object).kind = 'default_privilege'
    UNION
    SELECT (parse_ident((p_object).name))[1] WHERE (p_object).kind = 'user_mapping' AND (p_object).name <> 'PUBLIC';
END;
COMMENT ON FUNCTION _pggit.named_roles(_pggit.object) IS $$
The roles that a definition names: its owner, whom it grants to, for whom a policy or user mapping is.
$$;

CREATE OR REPLACE FUNCTION _pggit.names_role(p_sql text, p_role text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_sql ~ '^(GRANT|REVOKE|(CREATE|ALTER) (POLICY|USER MAPPING)|ALTER DEFAULT PRIVILEGES|ALTER .* OWNER TO) '
    AND strpos(translate(' ' || p_sql || ' ', ',();', '    '), translate(' ' || quote_ident(p_role) || ' ', ',();', '    ')) > 0;
COMMENT ON FUNCTION _pggit.names_role(text, text) IS 'Whether a statement that is about roles names this one.';

CREATE OR REPLACE FUNCTION _pggit.missing_roles(p_objects _pggit.object[], p_statements jsonb)
RETURNS TABLE (place bigint, role text)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH missing AS MATERIALIZED (
        SELECT DISTINCT n.role
        FROM unnest(p_objects) AS o
        CROSS JOIN LATERAL _pggit.named_roles(o) AS n(role)
        WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = n.role)
    )
    SELECT s.place, m.role
    FROM missing AS m
    JOIN jsonb_array_elements_text(p_statements) WITH ORDINALITY AS s(sql, place) ON _pggit.names_role(s.sql, m.role)
    ORDER BY s.place, m.role;
END;
COMMENT ON FUNCTION _pggit.missing_roles(_pggit.object[], jsonb) IS $$
The statements of a plan to some objects that name roles which this server does not have.
p_statements: an array of them, from place 1.
$$;

CREATE OR REPLACE FUNCTION _pggit.keep_rights(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_keep_owners boolean,
    p_keep_grants boolean
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH sides AS (
        SELECT n AS new, coalesce((o).attrs, '{}') AS old_attrs, CASE
            WHEN NOT p_keep_owners AND NOT p_keep_grants THEN '^$'
            WHEN NOT p_keep_grants THEN '^owner$'
            WHEN NOT p_keep_owners THEN '^(members$|(identity:)?acl:)'
            ELSE '^(owner$|members$|(identity:)?acl:)'
        END AS kept
        FROM unnest(p_to) AS n
        LEFT JOIN unnest(p_from) AS o ON (o).object_id = (n).object_id
        WHERE NOT ((n).kind = 'default_privilege' AND p_keep_grants)
    )
    SELECT coalesce(array_agg(q.object ORDER BY (q.object).object_id), '{}')
    FROM (
        SELECT ((s.new).object_id, (s.new).kind, (s.new).parent_id, (s.new).schema_name, (s.new).table_name, (s.new).name,
            (s.new).signature, (
                SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
                FROM (
                    SELECT e.key, e.value FROM jsonb_each((s.new).attrs) AS e WHERE e.key !~ s.kept
                    UNION ALL
                    SELECT e.key, e.value FROM jsonb_each(s.old_attrs) AS e WHERE e.key ~ s.kept
                ) AS a
            ), (s.new).deps)::_pggit.object
        FROM sides AS s
        UNION ALL
        SELECT o FROM unnest(p_from) AS o WHERE (o).kind = 'default_privilege' AND p_keep_grants
    ) AS q(object);
END;
COMMENT ON FUNCTION _pggit.keep_rights(_pggit.object[], _pggit.object[], boolean, boolean) IS $$
What is wanted, with the owners or grants that there are: what is new belongs to whom makes it, what is made anew keeps its own.
$$;
