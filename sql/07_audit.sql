-- Audit: who changed what, when, and in which request; written by triggers in the transaction of the change, and by nobody else.

-- == relations ==
CREATE TABLE _pggit.audit_log (
    audit_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The role that acted, the login behind it, and the person that the service vouched for, if it is a service.
    role_name    text NOT NULL,
    session_name text NOT NULL,
    author       text NOT NULL,
    request_id   text NOT NULL,
    client       inet,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    action       text NOT NULL CHECK (action ~ '^[a-z_]+\.(created|changed|deleted)$'),
    subject      text NOT NULL,
    details      jsonb NOT NULL
);
CREATE INDEX audit_log_action_idx ON _pggit.audit_log (action, audit_id);
CREATE INDEX audit_log_author_idx ON _pggit.audit_log (author, audit_id);

-- == routines ==
COMMENT ON TABLE _pggit.audit_log IS 'Every change of what pggit keeps; rows are added by triggers with the rights of the owner, and stay.';

CREATE OR REPLACE VIEW pggit.audit_log AS
SELECT
    a.audit_id,
    a.occurred_at,
    a.role_name,
    a.session_name,
    a.author,
    a.request_id,
    a.client,
    a.xid,
    a.action,
    a.subject,
    a.details
FROM _pggit.audit_log AS a;
COMMENT ON VIEW pggit.audit_log IS 'Who changed what, when, and in which request.';

CREATE OR REPLACE FUNCTION _pggit.is_restoring()
RETURNS boolean
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
-- pg_dump's scripts set this and load rows by statements of their own; a session that only ran such a script calls functions.
RETURN current_setting('check_function_bodies') = 'off'
    AND current_query() ~* '^\s*(COPY|INSERT)\M'
    AND pg_has_role(coalesce(nullif(current_setting('role'), 'none'), session_user::text), current_user, 'MEMBER');
COMMENT ON FUNCTION _pggit.is_restoring() IS $$
For triggers that run as the owner: whether a dump is being restored, whose rows are no news.
$$;

CREATE OR REPLACE FUNCTION _pggit.record_change()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- Arguments of the trigger: what the row is, the column that names it, columns that are secret.
    v_secret  text[] := coalesce(TG_ARGV[2], '{}')::text[];
    -- In here the current user is the owner; the setting still says as whom the session acts.
    v_role    text := coalesce(nullif(current_setting('role'), 'none'), session_user::text);
    v_old     jsonb := '{}'::jsonb;
    v_new     jsonb := '{}'::jsonb;
    v_details jsonb;
BEGIN
    -- A restored dump brings its own entries along.
    IF _pggit.is_restoring() THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        v_old := to_jsonb(OLD) - v_secret;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        v_new := to_jsonb(NEW) - v_secret;
    END IF;
    v_details := CASE TG_OP
        WHEN 'INSERT' THEN v_new
        WHEN 'DELETE' THEN v_old
        ELSE (
            SELECT coalesce(jsonb_object_agg(n.key, jsonb_build_array(v_old -> n.key, n.value)), '{}'::jsonb)
            FROM jsonb_each(v_new) AS n
            WHERE n.value IS DISTINCT FROM v_old -> n.key)
    END;
    INSERT INTO _pggit.audit_log (role_name, session_name, author, request_id, client, action, subject, details)
    VALUES (
        v_role,
        session_user,
        coalesce(nullif(btrim(current_setting('pggit.author', true)), ''), v_role),
        current_setting('application_name'),
        inet_client_addr(),
        TG_ARGV[0] || '.' || CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END,
        coalesce((v_old || v_new) ->> TG_ARGV[1], ''),
        v_details);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.record_change() IS $$
Trigger AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW: writes the change into the audit log.
Arguments: what the row is, as in "branch"; the column that names it; an array of columns that are secret.
An update says old and new of each column that changed.
$$;

CREATE OR REPLACE FUNCTION _pggit.refuse_rewrite()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM _pggit.raise_error('VCA02', 'the audit log is not rewritten', format('%s was refused.', TG_OP),
        'Copy what you need from pggit.audit_log.');
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.refuse_rewrite() IS $$
Trigger of the audit log: nobody changes or removes an entry. Roles lack the right anyhow; this stops the owner's mistakes.
Errors: VCA02.
$$;

CREATE OR REPLACE TRIGGER audit_log_refuse_rewrite
BEFORE UPDATE OR DELETE OR TRUNCATE ON _pggit.audit_log
FOR EACH STATEMENT
EXECUTE FUNCTION _pggit.refuse_rewrite();

-- What is audited. Tables of the engine's storage are not: what they hold is addressed by its hash, and a reflog names it.
CREATE OR REPLACE TRIGGER repository_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.repository
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('repository', 'created_by');

CREATE OR REPLACE TRIGGER branches_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.branches
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('branch', 'name');

CREATE OR REPLACE TRIGGER tags_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.tags
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('tag', 'name');

CREATE OR REPLACE TRIGGER merges_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.merges
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('merge', 'merge_id');

CREATE OR REPLACE TRIGGER resolutions_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.resolutions
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('resolution', 'resolution_id', '{built}');

CREATE OR REPLACE TRIGGER api_keys_audit
AFTER INSERT OR DELETE OR UPDATE OF name, role, tier, rate_limit, expires_at, revoked_at, key_hash ON _pggit.api_keys
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('api_key', 'name', '{key_hash}');

CREATE OR REPLACE TRIGGER protected_branches_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.protected_branches
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('protection', 'branch_id');

CREATE OR REPLACE TRIGGER webhooks_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.webhooks
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('webhook', 'name');

CREATE OR REPLACE TRIGGER webhook_secrets_audit
AFTER INSERT OR UPDATE OR DELETE ON _pggit.webhook_secrets
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('webhook_secret', 'webhook_id', '{secret}');

-- Repeats of an open alert only count up, and say nothing about anybody.
CREATE OR REPLACE TRIGGER alerts_audit
AFTER INSERT OR DELETE OR UPDATE OF status ON _pggit.alerts
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('alert', 'alert_id');

CREATE OR REPLACE TRIGGER scheduled_jobs_audit
AFTER DELETE OR UPDATE OF cron_schedule, is_enabled ON _pggit.scheduled_jobs
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('job', 'job_name');

CREATE OR REPLACE TRIGGER baseline_recalc_schedule_audit
AFTER DELETE OR UPDATE OF recalc_frequency_hours, min_samples, lookback_days, is_enabled ON _pggit.baseline_recalc_schedule
FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('baseline_schedule', 'operation_type');

CREATE OR REPLACE FUNCTION pggit.list_audit(
    p_limit integer DEFAULT 50,
    p_before bigint DEFAULT NULL,
    p_action text DEFAULT NULL,
    p_author text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(
        to_jsonb(p) || jsonb_build_object('occurred_at', _pggit.json_time(p.occurred_at)) ORDER BY p.audit_id DESC), '[]'))
    FROM (
        SELECT a.*
        FROM pggit.audit_log AS a
        WHERE (p_before IS NULL OR a.audit_id < p_before)
            AND (p_action IS NULL OR a.action = p_action)
            AND (p_author IS NULL OR a.author = p_author)
        ORDER BY a.audit_id DESC
        LIMIT p_limit
    ) AS p;
END;
COMMENT ON FUNCTION pggit.list_audit(integer, bigint, text, text) IS $$
Entries of the audit log, newest first.
p_before: only those older than this audit_id, to go on from a page before.
p_action: as in branch.changed.
Returns: {items}.
$$;
