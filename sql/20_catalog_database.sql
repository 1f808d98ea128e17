-- Catalog of what lives beside the schemas of a database: foreign servers, publications, event triggers, read into catalog rows.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.reads_whole_database()
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce(current_setting('pggit.whole_database', true) = 'on', false);
COMMENT ON FUNCTION _pggit.reads_whole_database() IS $$
Whether two whole databases are compared. What lives in no schema exists once beside all worktrees, so no branch has a version of it.
$$;

CREATE OR REPLACE FUNCTION _pggit.extension_grants(p_extension oid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_object_agg(g.target, g.grants || jsonb_build_object('owner', pg_get_userbyid(g.owner)))
    FROM (
        SELECT m.target, m.owner, _pggit.acl_attrs(coalesce(m.acl, m.usual), coalesce(i.initprivs, m.usual), m.owner) AS grants
        FROM pg_depend AS d
        CROSS JOIN LATERAL (
            SELECT 'TABLE ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relowner, c.relacl,
                acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner)
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            UNION ALL
            SELECT CASE f.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || quote_ident(n.nspname) || '.' || quote_ident(f.proname)
                    || '(' || (
                        SELECT coalesce(string_agg(t.type::regtype::text, ', ' ORDER BY t.place), '')
                        FROM unnest(f.proargtypes::oid[]) WITH ORDINALITY AS t(type, place)) || ')',
                f.proowner, f.proacl, acldefault('f', f.proowner)
            FROM pg_proc AS f
            JOIN pg_namespace AS n ON n.oid = f.pronamespace
            WHERE d.classid = 'pg_proc'::regclass AND f.oid = d.objid
            UNION ALL
            SELECT 'TYPE ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname), t.typowner, t.typacl, acldefault('T', t.typowner)
            FROM pg_type AS t
            JOIN pg_namespace AS n ON n.oid = t.typnamespace
            WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid
            UNION ALL
            SELECT 'SCHEMA ' || quote_ident(n.nspname), n.nspowner, n.nspacl, acldefault('n', n.nspowner)
            FROM pg_namespace AS n
            WHERE d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
            UNION ALL
            SELECT 'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
            FROM pg_foreign_data_wrapper AS w
            WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND w.oid = d.objid
            UNION ALL
            SELECT 'LANGUAGE ' || quote_ident(l.lanname), l.lanowner, l.lanacl, acldefault('l', l.lanowner)
            FROM pg_language AS l
            WHERE d.classid = 'pg_language'::regclass AND l.oid = d.objid
        ) AS m(target, owner, acl, usual)
        LEFT JOIN pg_init_privs AS i ON i.classoid = d.classid AND i.objoid = d.objid AND i.objsubid = 0
        WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = p_extension AND d.deptype = 'e'
          AND (m.acl IS NOT NULL OR i.initprivs IS NOT NULL)
    ) AS g
    WHERE g.grants <> '{}';
END;
COMMENT ON FUNCTION _pggit.extension_grants(oid) IS $$
What has been granted and revoked on the members of an extension since it was made (pg_init_privs), by how GRANT names them.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_secret_option(p_name text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN lower(p_name) ~ '(passw|passfile|secret|token|sslkey|private_key|api_?key|credential)';
COMMENT ON FUNCTION _pggit.is_secret_option(text) IS $$
Whether the value of an option must not be read, stored or printed.
$$;

CREATE OR REPLACE FUNCTION _pggit.foreign_option_attrs(p_options text[])
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(
        CASE WHEN o.is_secret THEN 'secret:' ELSE 'foreign:' END || o.name,
        CASE WHEN o.is_secret THEN 'set' ELSE o.value END
    ), '{}')
    FROM (
        SELECT
            split_part(i.item, '=', 1) AS name,
            substr(i.item, strpos(i.item, '=') + 1) AS value,
            _pggit.is_secret_option(split_part(i.item, '=', 1)) AS is_secret
        FROM unnest(p_options) AS i(item)
    ) AS o;
END;
COMMENT ON FUNCTION _pggit.foreign_option_attrs(text[]) IS $$
Spreads OPTIONS of foreign objects over one attribute each; of a secret only that it is set.
$$;

CREATE OR REPLACE FUNCTION _pggit.require_user_mappings()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- the rule by which the view pg_user_mappings shows no options
    v_hidden text := (
        SELECT min(format('%s on server %I', CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END, m.srvname))
        FROM pg_user_mappings AS m
        JOIN pg_foreign_server AS s ON s.oid = m.srvid
        WHERE NOT _pggit.is_extension_member('pg_foreign_server'::regclass, m.srvid)
          AND NOT CASE
              WHEN m.umuser = 0 THEN pg_has_role(s.srvowner, 'USAGE')
              WHEN m.usename = current_user THEN pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')
              ELSE false
          END);
BEGIN
    IF v_hidden IS NULL OR (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = '42501',
        MESSAGE = format('user mappings of database %I cannot be read by role %I', current_database(), current_user),
        DETAIL = format('PostgreSQL hides the options of the mapping of %s.', v_hidden),
        HINT = 'Connect as a superuser, or compare schemas alone with --schema.';
END;
$$;
COMMENT ON FUNCTION _pggit.require_user_mappings() IS $$
Refuses where the options of a user mapping are hidden from the current role: a plan would lack them unsaid.
Errors: 42501.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_foreign_servers()
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT _pggit.reads_whole_database() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        'pg_foreign_data_wrapper'::regclass::oid, w.oid, 0, 'foreign_data_wrapper', NULL::oid, NULL::oid,
        NULL::text, NULL::text, w.fdwname::text, NULL::text,
        _pggit.common_attrs(w.fdwowner, obj_description(w.oid, 'pg_foreign_data_wrapper'), w.fdwacl, 'F')
        || jsonb_strip_nulls(jsonb_build_object(
            'handler', _pggit.routine_name(w.fdwhandler),
            'validator', _pggit.routine_name(w.fdwvalidator)
        ))
        || _pggit.foreign_option_attrs(w.fdwoptions)
    FROM pg_foreign_data_wrapper AS w
    WHERE NOT _pggit.is_extension_member('pg_foreign_data_wrapper'::regclass, w.oid);
    RETURN QUERY
    SELECT
        'pg_foreign_server'::regclass::oid, s.oid, 0, 'server', NULL::oid, NULL::oid,
        NULL::text, NULL::text, s.srvname::text, NULL::text,
        _pggit.common_attrs(s.srvowner, obj_description(s.oid, 'pg_foreign_server'), s.srvacl, 'S')
        || jsonb_strip_nulls(jsonb_build_object(
            'wrapper', quote_ident(w.fdwname),
            'type', s.srvtype,
            'version', s.srvversion
        ))
        || _pggit.foreign_option_attrs(s.srvoptions)
    FROM pg_foreign_server AS s
    JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
    WHERE NOT _pggit.is_extension_member('pg_foreign_server'::regclass, s.oid);
    PERFORM _pggit.require_user_mappings();
    RETURN QUERY
    SELECT
        'pg_user_mapping'::regclass::oid, m.umid, 0, 'user_mapping', 'pg_foreign_server'::regclass::oid, m.srvid,
        NULL::text, NULL::text, CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END, NULL::text,
        jsonb_build_object('server', quote_ident(m.srvname)) || _pggit.foreign_option_attrs(m.umoptions)
    FROM pg_user_mappings AS m
    WHERE NOT _pggit.is_extension_member('pg_foreign_server'::regclass, m.srvid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_foreign_servers() IS $$
Foreign data wrappers, servers and user mappings, where two whole databases are compared.
$$;

CREATE OR REPLACE FUNCTION _pggit.relation_name(p_relation oid)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = p_relation;
END;
COMMENT ON FUNCTION _pggit.relation_name(oid) IS $$
A relation under its full name, whatever the search_path.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_publications()
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT _pggit.reads_whole_database() THEN
        RETURN;
    END IF;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    RETURN QUERY
    SELECT
        'pg_publication'::regclass::oid, p.oid, 0, 'publication', NULL::oid, NULL::oid,
        NULL::text, NULL::text, p.pubname::text, NULL::text,
        _pggit.common_attrs(p.pubowner, obj_description(p.oid, 'pg_publication'), NULL, 'f')
        || jsonb_strip_nulls(jsonb_build_object(
            'all_tables', nullif(p.puballtables, false),
            'publish', nullif(concat_ws(', ',
                CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
                'insert, update, delete, truncate'),
            'via_root', nullif(p.pubviaroot, false),
            'generated_columns', CASE to_jsonb(p)->>'pubgencols' WHEN 's' THEN 'stored' END
        ))
    FROM pg_publication AS p
    WHERE NOT _pggit.is_extension_member('pg_publication'::regclass, p.oid);
    RETURN QUERY
    SELECT
        'pg_publication_rel'::regclass::oid, r.oid, 0, 'publication_table', 'pg_publication'::regclass::oid, r.prpubid,
        NULL::text, NULL::text, _pggit.relation_name(r.prrelid), NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'publication', quote_ident(p.pubname),
            -- a set: PostgreSQL keeps it in the order of the table
            'columns', (SELECT jsonb_agg(c.name ORDER BY c.name)
                FROM jsonb_array_elements_text(_pggit.column_names(r.prrelid, r.prattrs::smallint[])) AS c(name)),
            'where', _pggit.settled(pg_get_expr(r.prqual, r.prrelid))
        ))
    FROM pg_publication_rel AS r
    JOIN pg_publication AS p ON p.oid = r.prpubid
    WHERE NOT _pggit.is_extension_member('pg_publication'::regclass, r.prpubid);
    RETURN QUERY
    SELECT
        'pg_publication_namespace'::regclass::oid, r.oid, 0, 'publication_schema', 'pg_publication'::regclass::oid, r.pnpubid,
        NULL::text, NULL::text, n.nspname::text, NULL::text, jsonb_build_object('publication', quote_ident(p.pubname))
    FROM pg_publication_namespace AS r
    JOIN pg_publication AS p ON p.oid = r.pnpubid
    JOIN pg_namespace AS n ON n.oid = r.pnnspid
    WHERE NOT _pggit.is_extension_member('pg_publication'::regclass, r.pnpubid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_publications() IS $$
Publications with their tables and schemas, each an object of its own, where two whole databases are compared.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_subscriptions()
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT _pggit.reads_whole_database() OR NOT EXISTS (
        SELECT
        FROM pg_subscription AS s
        JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
    ) THEN
        RETURN;
    END IF;
    -- Connection strings are for superusers and, in part, pg_read_all_data: without them a plan would lack the subscriptions unsaid.
    IF NOT has_column_privilege('pg_subscription', 'subconninfo', 'SELECT') THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = format('subscriptions of database %I cannot be read by role %I', current_database(), current_user),
            DETAIL = 'SELECT on pg_subscription.subconninfo is missing.',
            HINT = 'Connect as a superuser, or compare schemas alone with --schema.';
    END IF;
    RETURN QUERY
    SELECT
        'pg_subscription'::regclass::oid, s.oid, 0, 'subscription', NULL::oid, NULL::oid,
        NULL::text, NULL::text, s.subname::text, NULL::text,
        _pggit.common_attrs(s.subowner, obj_description(s.oid, 'pg_subscription'), NULL, 'f')
        || jsonb_strip_nulls(jsonb_build_object(
            'connection', regexp_replace(s.subconninfo,
                '(^|\s)(password|passfile|sslpassword|sslkey)\s*=\s*(''(?:[^''\\]|\\.)*''|\S*)', '', 'gi'),
            'publications', (SELECT jsonb_agg(quote_ident(u.name) ORDER BY u.name) FROM unnest(s.subpublications) AS u(name)),
            'slot_name', coalesce(s.subslotname::text, 'NONE'),
            'synchronous_commit', nullif(s.subsynccommit, 'off'),
            'binary', nullif(s.subbinary, false),
            'streaming', CASE to_jsonb(s)->>'substream'
                WHEN 'true' THEN 'on' WHEN 't' THEN 'on' WHEN 'p' THEN 'parallel' WHEN 'f' THEN 'off' WHEN 'false' THEN 'off' END,
            'two_phase', CASE WHEN s.subtwophasestate <> 'd' THEN true END,
            'disable_on_error', nullif(s.subdisableonerr, false),
            'password_required', CASE WHEN to_jsonb(s)->>'subpasswordrequired' = 'false' THEN false END,
            'run_as_owner', CASE WHEN to_jsonb(s)->>'subrunasowner' = 'true' THEN true END,
            'origin', nullif(to_jsonb(s)->>'suborigin', 'any'),
            'failover', CASE WHEN to_jsonb(s)->>'subfailover' = 'true' THEN true END
        ))
    FROM pg_subscription AS s
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database();
END;
$$;
COMMENT ON FUNCTION _pggit._read_subscriptions() IS $$
Subscriptions without the secrets of their connections, where two whole databases are compared. Whether one is enabled is a state of
operation, not of the schema.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_event_triggers()
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT _pggit.reads_whole_database() THEN
        RETURN;
    END IF;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    RETURN QUERY
    SELECT
        'pg_event_trigger'::regclass::oid, e.oid, 0, 'event_trigger', NULL::oid, NULL::oid,
        NULL::text, NULL::text, e.evtname::text, NULL::text,
        _pggit.common_attrs(e.evtowner, obj_description(e.oid, 'pg_event_trigger'), NULL, 'f')
        || jsonb_strip_nulls(jsonb_build_object(
            'event', e.evtevent,
            'tags', (SELECT jsonb_agg(t.tag ORDER BY t.place) FROM unnest(e.evttags) WITH ORDINALITY AS t(tag, place)),
            'function', _pggit.routine_name(e.evtfoid),
            'enabled', CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END
        ))
    FROM pg_event_trigger AS e
    WHERE NOT _pggit.is_extension_member('pg_event_trigger'::regclass, e.oid);
    RETURN QUERY
    SELECT
        'pg_am'::regclass::oid, a.oid, 0, 'access_method', NULL::oid, NULL::oid,
        NULL::text, NULL::text, a.amname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'comment', obj_description(a.oid, 'pg_am'),
            'type', CASE a.amtype WHEN 't' THEN 'table' ELSE 'index' END,
            'handler', _pggit.routine_name(a.amhandler)
        ))
    FROM pg_am AS a
    WHERE a.oid >= 16384
      AND NOT _pggit.is_extension_member('pg_am'::regclass, a.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_event_triggers() IS $$
Event triggers and access methods, where two whole databases are compared.
$$;
