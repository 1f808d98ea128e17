BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(16);

CREATE TEMPORARY VIEW routines AS
SELECT p.oid, p.oid::regprocedure::text AS routine, n.nspname, p.proname, p.prolang, p.provolatile, p.proparallel,
    p.proconfig, p.prosecdef, p.proacl, p.proowner, p.prosrc, p.prosqlbody, p.prokind, p.prorettype, l.lanname
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
WHERE n.nspname IN ('pggit', '_pggit');

CREATE TEMPORARY VIEW relations AS
SELECT c.oid, c.oid::regclass::text AS relation, n.nspname, c.relname, c.relkind, c.relacl, c.relowner
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('pggit', '_pggit', 'pggit_analytics') AND c.relkind IN ('r', 'p', 'v', 'm');

SELECT is_empty(
    $$SELECT routine FROM routines WHERE obj_description(oid, 'pg_proc') IS NULL$$,
    'every routine has a comment'
);
SELECT is_empty(
    $$SELECT relation FROM relations WHERE obj_description(oid, 'pg_class') IS NULL$$,
    'every table and view has a comment'
);
SELECT is_empty(
    $$SELECT routine
      FROM routines, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
      WHERE a.grantee = 0$$,
    'PUBLIC executes nothing'
);
SELECT is_empty(
    $$SELECT relation
      FROM relations, aclexplode(coalesce(relacl, acldefault('r', relowner))) AS a
      WHERE a.grantee = 0$$,
    'PUBLIC reads and writes nothing'
);
-- Procedures commit, which PostgreSQL forbids to a routine with SET; they qualify every name instead.
SELECT is_empty(
    $$SELECT routine
      FROM routines
      WHERE lanname = 'plpgsql'
        AND prokind <> 'p'
        AND NOT coalesce('search_path=pg_catalog, pggit, _pggit, pg_temp' = ANY (proconfig), false)$$,
    'every PL/pgSQL routine pins its search_path'
);
SELECT is_empty(
    $$SELECT routine FROM routines WHERE lanname NOT IN ('plpgsql', 'sql')$$,
    'every routine is PL/pgSQL or SQL'
);
SELECT is_empty(
    $$SELECT routine FROM routines WHERE lanname = 'sql' AND prosqlbody IS NULL$$,
    'no SQL routine has a string body, so its names are bound when it is created'
);
SELECT is_empty(
    $$SELECT routine FROM routines WHERE provolatile <> 'v' AND proparallel = 'u'$$,
    'what only reads is parallel safe, or says why it is restricted'
);
-- The allow-list of SECURITY DEFINER. A row here needs its reason.
SELECT is_empty(
    $$SELECT routine FROM routines WHERE prosecdef AND proname NOT IN (
        'record_change',      -- a trigger that adds to the audit log, which nobody may write otherwise
        -- nobody adds to the stream or the reflog by hand: what happens does, and those calls that say so
        'emit_event', 'log_branch', 'emit_tag', 'emit_merge', 'alert_of_merge', 'alert_of_webhook', 'publish_event',
        'invalidate_cache', 'raise_alert', 'acknowledge_alerts', 'acknowledge_alert', 'resolve_alert',
        'expire_events', 'sweep_deliveries',  -- TRUNCATE is the owner's right
        'add_secret', 'remove_webhook',       -- nobody else reads or writes secrets
        -- webhooks are changed by these calls alone, which call the helpers that nobody may call directly
        'create_webhook', 'update_webhook', 'delete_webhook', 'rotate_webhook_secret', 'ping_webhook', 'retry_delivery',
        'replay_deliveries',
        'write_tree', 'patch_tree',  -- what is stored gets its hash here, and by no INSERT
        'write_commit',       -- a commit gets its author, time, hash and place here, and by no INSERT
        'insert_merge',       -- a merge is recorded with who began it, when, and as what begins; by no INSERT
        'lock_merge',         -- holding a row takes the right to write it
        'write_merge',        -- how a merge ended is checked here against where its target stands
        -- deliveries and their log are written by workers and these calls alone
        'hold_deliveries', 'add_ping', 'requeue', 'make_due', 'expunge_delivery',
        'claim_deliveries', 'finish_deliveries', 'tick',
        'record_timing'  -- a reader's diff is measured, though readers write nothing
    )$$,
    'every routine runs with the rights of its caller'
);
SELECT is_empty(
    $$SELECT conrelid::regclass || '.' || conname
      FROM pg_constraint AS k
      WHERE k.contype = 'f'
        AND k.connamespace = '_pggit'::regnamespace
        AND NOT EXISTS (
            SELECT FROM pg_index AS i
            WHERE i.indrelid = k.conrelid
              AND i.indpred IS NULL
              AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
        )$$,
    'every foreign key has an index'
);
SELECT is_empty(
    $$SELECT DISTINCT proname FROM routines WHERE nspname = 'pggit' AND proname NOT IN (SELECT routine FROM _pggit.callers())$$,
    'every public routine is granted to a role'
);
SELECT is_empty(
    $$SELECT routine FROM _pggit.callers() WHERE routine NOT IN (SELECT proname FROM routines WHERE nspname = 'pggit')$$,
    'every granted call exists'
);
SELECT is_empty(
    $$SELECT DISTINCT routine, found[1]
      FROM routines, regexp_matches(coalesce(pg_get_function_sqlbody(oid), prosrc), '''(VC[A-Z][0-9]{2})''', 'g') AS found
      WHERE found[1] NOT IN (SELECT error_code FROM _pggit.error_codes)$$,
    'every code that is raised is listed'
);
SELECT is_empty(
    $$SELECT error_code
      FROM _pggit.error_codes AS e
      WHERE NOT EXISTS (
          SELECT FROM routines WHERE coalesce(pg_get_function_sqlbody(oid), prosrc) ~ e.error_code
      )$$,
    'every listed code is raised somewhere'
);

-- Rows of these come too often, are made anew from others, or are addressed by what they hold.
SELECT is_empty(
    $$SELECT c.relname
      FROM pg_class AS c
      WHERE c.relnamespace = '_pggit'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = c.relname || '_audit')
        AND c.relname NOT IN (
            'versions', 'error_codes', 'cache_rules',                              -- the install script's
            'blobs', 'pages', 'trees', 'commits', 'commit_parents', 'commit_changes', -- addressed by their hash; the branch that moves is audited
            'reflog', 'events', 'event_horizon', 'audit_log',       -- records themselves
            'conflicts',                                            -- found by a merge, which is audited
            'deliveries', 'attempts', 'dead_letters', 'event_keys', 'webhook_health_metrics', -- records themselves
            'worktree_anchors', 'worktrees', 'worktree_schemas', 'worktree_objects', 'worktree_steps', -- what is built, not what is decided
            'operation_timings', 'operation_hours', 'baselines', 'scheduled_job_execution', 'workers', -- measured
            'organizations', 'packages', 'repositories', 'dependencies', -- facts about others
            'rate_limits'                                           -- counters
        )$$,
    'every table that holds decisions is audited, or says why not'
);

-- plpgsql_check knows the bodies: wrong columns, missing returns, wrong volatility, injectable EXECUTE.
CREATE FUNCTION pg_temp.check_bodies()
RETURNS SETOF text
LANGUAGE plpgsql
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check') THEN
        RETURN NEXT tap.skip('this server has no plpgsql_check');
        RETURN;
    END IF;
    CREATE EXTENSION plpgsql_check SCHEMA tap;
    RETURN NEXT tap.is_empty(
        $q$SELECT r.routine, f.lineno, f.sqlstate, f.level, f.message
           FROM routines AS r,
               LATERAL tap.plpgsql_check_function_tb(
                   r.oid,
                   coalesce((SELECT t.tgrelid FROM pg_trigger AS t WHERE t.tgfoid = r.oid LIMIT 1), 0),
                   security_warnings => true,
                   performance_warnings => true,
                   extra_warnings => true
               ) AS f
           WHERE r.lanname = 'plpgsql'$q$,
        'plpgsql_check has nothing to say, security and performance warnings included'
    );
END;
$$;
SELECT pg_temp.check_bodies();

SELECT * FROM finish();
ROLLBACK;
