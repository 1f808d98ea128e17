-- Privileges: who may call what. Runs last in every install and step, so that rights of ours cannot drift.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.callers()
RETURNS TABLE (routine name, role name)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- The least role that may call each public routine; a writer may do what a reader may, an admin what a writer may.
    SELECT unnest(ARRAY[
        'version', 'current_branch', 'use', 'checkout', 'status', 'log', 'diff', 'migration', 'lint', 'blame',
        'list_branches', 'get_branch', 'find_worktree', 'get_worktree', 'get_commit', 'branch_log', 'list_tags',
        'branch_status', 'get_diff', 'get_migration', 'migration_script', 'online_migration', 'get_merge', 'list_merges', 'list_conflicts',
        'open_conflicts', 'get_conflict'
    ]::name[]), 'pggit_reader'::name
    UNION ALL
    SELECT unnest(ARRAY[
        'read_events', 'event_position', 'list_webhooks', 'get_webhook', 'get_webhook_health', 'list_deliveries', 'get_delivery',
        'list_dead_letters'
    ]::name[]), 'pggit_reader'::name
    UNION ALL
    SELECT unnest(ARRAY[
        'create_webhook', 'update_webhook', 'delete_webhook', 'rotate_webhook_secret', 'ping_webhook', 'retry_delivery',
        'replay_deliveries', 'expunge_delivery', 'publish_event'
    ]::name[]), 'pggit_writer'::name
    UNION ALL
    SELECT unnest(ARRAY[
        'tick', 'lead_ticker', 'claim_deliveries', 'finish_deliveries', 'exchange_deliveries', 'sweep_deliveries',
        'blocked_networks'
    ]::name[]), 'pggit_admin'::name
    UNION ALL
    SELECT unnest(ARRAY['follow_events', 'feed_position', 'list_feed', 'feed_status', 'list_cache_rules']::name[]), 'pggit_reader'::name
    UNION ALL
    SELECT unnest(ARRAY['invalidate_cache']::name[]), 'pggit_writer'::name
    UNION ALL
    SELECT unnest(ARRAY[
        'create_branch', 'delete_branch', 'commit', 'create_tag', 'build_worktree', 'drop_worktree',
        'merge', 'preview_merge', 'resolve_conflict', 'resolve_conflicts', 'complete_merge', 'abort_merge',
        'cherry_pick', 'revert', 'rebase', 'reset', 'rebaseline',
        'add_branch', 'remove_branch', 'commit_branch', 'merge_branch', 'preview_branch_merge', 'get_preview',
        'settle_conflict', 'finish_merge', 'give_up_merge'
    ]::name[]), 'pggit_writer'::name
    UNION ALL
    SELECT unnest(ARRAY[
        'list_alerts', 'get_alert', 'health_facts', 'metrics_facts', 'dashboard', 'dashboard_overview', 'dashboard_performance',
        'dashboard_webhooks', 'dashboard_anomalies', 'system_info'
    ]::name[]), 'pggit_reader'::name
    UNION ALL
    SELECT unnest(ARRAY['recalculate_baselines', 'report_health', 'claim_job', 'run_job', 'fail_job', 'schedule_job']::name[]),
        'pggit_admin'::name
    UNION ALL
    SELECT unnest(ARRAY['raise_alert', 'acknowledge_alerts', 'acknowledge_alert', 'resolve_alert']::name[]), 'pggit_writer'::name
    UNION ALL
    SELECT unnest(ARRAY['init', 'setup_roles']::name[]), 'pggit_admin'::name
    UNION ALL
    SELECT unnest(ARRAY[
        'create_api_key', 'list_api_keys', 'revoke_api_key', 'authenticate_key', 'admit_key', 'take_request', 'find_good_keys',
        'protect_branch', 'unprotect_branch', 'list_audit'
    ]::name[]), 'pggit_admin'::name
    UNION ALL
    SELECT 'list_protected_branches'::name, 'pggit_reader'::name
    UNION ALL
    SELECT unnest(ARRAY['check_login', 'service_metrics']::name[]), 'pggit_reader'::name
    UNION ALL
    SELECT unnest(ARRAY['setup_login']::name[]), 'pggit_admin'::name;
END;
COMMENT ON FUNCTION _pggit.callers() IS 'Every public routine and the least role that may call it.';

CREATE OR REPLACE FUNCTION _pggit.table_rights()
RETURNS TABLE (relation name, reader text, writer text, admin text)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Functions run with their caller's rights, so a table behind a call is open to those who may call it: but only as far as
    -- the call needs. In the letters of an ACL: r SELECT, a INSERT, w UPDATE, d DELETE. A table that is not listed: readers r,
    -- writers and admins rawd. Partitions are as their parent.
    VALUES
        -- what the install script alone writes
        ('versions'::name, 'r', 'r', 'r'),
        ('error_codes', 'r', 'r', 'r'),
        -- through write_tree and patch_tree alone, which give what they store its hash
        ('blobs', 'r', 'r', 'r'),
        ('pages', 'r', 'r', 'r'),
        ('trees', 'r', 'r', 'r'),
        -- through write_commit alone, which gives a commit its author, time, hash and place
        ('commits', 'r', 'r', 'r'),
        ('commit_parents', 'r', 'r', 'r'),
        ('commit_changes', 'r', 'r', 'r'),
        -- by a trigger of the branches
        ('reflog', 'r', 'r', 'r'),
        ('tags', 'r', 'ra', 'ra'),
        ('branches', 'r', 'raw', 'raw'),
        -- through insert_merge and write_merge alone, which say who, when, and whether it is done
        ('merges', 'r', 'r', 'r'),
        -- pggit.init is an admin's call
        ('repository', 'r', 'r', 'ra'),
        -- the stream is written through emit_event alone
        ('events', 'r', 'r', 'r'),
        ('event_horizon', 'r', 'r', 'r'),
        ('cache_rules', 'r', 'r', 'r'),
        -- webhooks and what is sent to them are for the calls, and for workers
        ('webhooks', 'r', 'r', 'r'),
        ('webhook_health_metrics', 'r', 'r', 'r'),
        ('deliveries', 'r', 'r', 'r'),
        ('attempts', 'r', 'r', 'r'),
        ('event_keys', 'r', 'r', 'r'),
        ('alerts', 'r', 'r', 'rawd'),
        ('dead_letters', 'r', 'r', 'r'),
        -- whoever reads a secret can sign as pggit does
        ('webhook_secrets', '', '', ''),
        -- what jobs of the service compute
        ('operation_timings', 'r', 'r', 'rad'),
        ('operation_hours', 'r', 'r', 'rawd'),
        ('baselines', 'r', 'r', 'rawd'),
        ('baseline_recalc_schedule', 'r', 'r', 'rawd'),
        ('scheduled_jobs', 'r', 'r', 'rawd'),
        ('scheduled_job_execution', 'r', 'r', 'rawd'),
        ('workers', 'r', 'r', 'rawd'),
        -- who may is for admins to say, and to see
        ('api_keys', '', '', 'raw'),
        ('rate_limits', '', '', 'rawd'),
        ('protected_branches', 'r', 'r', 'rawd'),
        -- written by triggers, with the rights of the owner
        ('audit_log', '', '', 'r');
END;
COMMENT ON FUNCTION _pggit.table_rights() IS 'What each role may do with the tables of _pggit where it is not the usual.';

CREATE OR REPLACE FUNCTION _pggit.grant_tables(p_role name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_relation regclass;
    v_rights   text;
BEGIN
    FOR v_relation, v_rights IN
        SELECT c.oid::regclass,
            CASE
                WHEN t.relation IS NULL THEN
                    CASE p_role WHEN 'pggit_reader' THEN 'r' ELSE 'rawd' END
                ELSE CASE p_role WHEN 'pggit_reader' THEN t.reader WHEN 'pggit_writer' THEN t.writer ELSE t.admin END
            END
        FROM pg_class AS c
        LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND c.relispartition
        JOIN pg_class AS p ON p.oid = coalesce(i.inhparent, c.oid)
        LEFT JOIN _pggit.table_rights() AS t ON t.relation = p.relname
        WHERE c.relnamespace = '_pggit'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        ORDER BY c.oid
    LOOP
        IF v_rights ~ 'r' THEN
            EXECUTE format('GRANT SELECT ON %s TO %I', v_relation, p_role);
        END IF;
        IF v_rights ~ 'a' THEN
            EXECUTE format('GRANT INSERT ON %s TO %I', v_relation, p_role);
        END IF;
        IF v_rights ~ 'w' THEN
            EXECUTE format('GRANT UPDATE ON %s TO %I', v_relation, p_role);
        END IF;
        IF v_rights ~ 'd' THEN
            EXECUTE format('GRANT DELETE ON %s TO %I', v_relation, p_role);
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.grant_tables(name) IS 'Grants a role what _pggit.table_rights says, after everything was taken from it.';

CREATE OR REPLACE FUNCTION _pggit.revoke_definers(p_role name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_routine regprocedure;
BEGIN
    FOR v_routine IN
        SELECT p.oid::regprocedure
        FROM pg_proc AS p
        WHERE p.pronamespace = '_pggit'::regnamespace
            AND p.prosecdef
            -- what a reader does is measured, too; what a writer does makes commits and merges; an admin's jobs make events
            AND p.proname <> 'record_timing'
            AND (p_role = 'pggit_reader' OR p.proname NOT IN (
                'write_tree', 'patch_tree', 'write_commit', 'insert_merge', 'lock_merge', 'write_merge'))
            AND (p_role <> 'pggit_admin' OR p.proname <> 'emit_event')
    LOOP
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM %I', v_routine, p_role);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.revoke_definers(name) IS 'Takes the helpers that run with the owner''s rights from a role.';

CREATE OR REPLACE FUNCTION _pggit.grant_privileges()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_roles name[] := ARRAY(
        SELECT r.rolname
        FROM pg_roles AS r
        WHERE r.rolname IN ('pggit_reader', 'pggit_writer', 'pggit_admin')
        ORDER BY r.rolname
    );
    v_role  name;
BEGIN
    REVOKE ALL ON ALL ROUTINES IN SCHEMA pggit, _pggit FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA pggit, _pggit, pggit_analytics FROM PUBLIC;
    REVOKE ALL ON SCHEMA pggit, _pggit, pggit_analytics FROM PUBLIC;
    FOREACH v_role IN ARRAY v_roles LOOP
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA pggit, _pggit FROM %I', v_role);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA pggit, _pggit, pggit_analytics FROM %I', v_role);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA pggit, _pggit FROM %I', v_role);
        -- Functions run with the caller's rights, so the caller needs the helpers and tables behind the calls as well.
        EXECUTE format('GRANT USAGE ON SCHEMA pggit, _pggit, pggit_analytics TO %I', v_role);
        EXECUTE format('GRANT EXECUTE ON ALL ROUTINES IN SCHEMA _pggit TO %I', v_role);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA pggit, pggit_analytics TO %I', v_role);
        PERFORM _pggit.grant_tables(v_role);
        -- Who may not call them must not make them triggers of a table of their own either.
        EXECUTE format('REVOKE ALL ON FUNCTION _pggit.record_change(), _pggit.refuse_rewrite() FROM %I', v_role);
        PERFORM _pggit.revoke_definers(v_role);
        -- It counts the events, and tells nothing of them.
        EXECUTE format('GRANT SELECT ON SEQUENCE _pggit.events_event_id_seq TO %I', v_role);
        IF v_role <> 'pggit_reader' THEN
            EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA _pggit TO %I', v_role);
        END IF;
        IF v_role <> 'pggit_admin' THEN
            EXECUTE format('REVOKE ALL ON pggit.audit_log FROM %I', v_role);
        END IF;
    END LOOP;
    PERFORM _pggit.grant_calls(v_roles);
END;
$$;
COMMENT ON FUNCTION _pggit.grant_privileges() IS $$
Takes everything from PUBLIC and the three roles and grants it anew. Grants to other roles stay.
$$;

CREATE OR REPLACE FUNCTION _pggit.grant_calls(p_roles name[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_routine regprocedure;
    v_role    name;
BEGIN
    FOR v_routine, v_role IN
        SELECT p.oid::regprocedure, r.name
        FROM _pggit.callers() AS c
        JOIN pg_proc AS p ON p.proname = c.routine AND p.pronamespace = 'pggit'::regnamespace
        JOIN unnest(p_roles) AS r(name)
            ON c.role = 'pggit_reader'
            OR c.role = 'pggit_writer' AND r.name <> 'pggit_reader'
            OR r.name = 'pggit_admin'
        ORDER BY p.oid, r.name
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', v_routine, v_role);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.grant_calls(name[]) IS $$
Grants each public routine to those of p_roles that _pggit.callers names.
$$;

CREATE OR REPLACE FUNCTION pggit.setup_roles()
RETURNS SETOF name
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_role name;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['pggit_reader', 'pggit_writer', 'pggit_admin']::name[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            RETURN NEXT v_role;
        END IF;
    END LOOP;
    PERFORM _pggit.grant_privileges();
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = format('role "%s" may not create role "%s"', current_user, v_role),
            HINT = 'Let a role with CREATEROLE run: CREATE ROLE pggit_reader; CREATE ROLE pggit_writer; '
                'CREATE ROLE pggit_admin; then call pggit.setup_roles() again as the owner of pggit.';
END;
$$;
COMMENT ON FUNCTION pggit.setup_roles() IS $$
Makes the roles pggit_reader, pggit_writer and pggit_admin where they are missing, and gives them their rights.
Returns: the roles that it made.
Errors: 42501 if a role is missing and the caller may not create roles, or does not own pggit.
$$;

-- An installer who may not create roles gets pggit for itself alone; whoever installs at the same moment in another
-- database of the server may make the same role first.
DO $$
BEGIN
    PERFORM pggit.setup_roles();
EXCEPTION
    WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
        PERFORM _pggit.grant_privileges();
END;
$$;
