BEGIN;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, label varchar(10));
SET LOCAL search_path = shop, public, tap;
SELECT plan(79);
GRANT USAGE ON SCHEMA tap, shop TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

CREATE FUNCTION pg_temp.measured()
RETURNS text
LANGUAGE sql
RETURN (SELECT string_agg(o.operation_type || ' ' || o.n, ', ' ORDER BY o.operation_type)
    FROM (SELECT t.operation_type, count(*) AS n FROM _pggit.operation_timings AS t GROUP BY 1) AS o);
CREATE FUNCTION pg_temp.latency(p_operation_type text)
RETURNS jsonb
LANGUAGE sql
RETURN (SELECT to_jsonb(a) FROM _pggit.alerts AS a WHERE a.dedupe_key = 'latency ' || p_operation_type AND a.status <> 'resolved');

-- Operations are measured.
SELECT is(_pggit.check_drift(), NULL, 'before init there is no drift to check');
SELECT pggit.init('shop');
SELECT pggit.create_branch('side');
SELECT lives_ok($$SELECT pggit.checkout('side')$$, 'checkout');
ALTER TABLE item ADD price numeric;
SELECT lives_ok($$SELECT * FROM pggit.diff(NULL, 'main')$$, 'diff');
SELECT lives_ok($$SELECT pggit.commit('price')$$, 'commit');
SELECT lives_ok($$SELECT * FROM pggit.diff('main', 'side')$$, 'diff of commits');
SELECT lives_ok($$SELECT * FROM pggit.migration('main', 'side')$$, 'migration');
SELECT lives_ok($$SELECT * FROM pggit.preview_merge('side', 'main')$$, 'preview');
SELECT lives_ok($$SELECT pggit.merge('side', 'main')$$, 'merge');
SELECT lives_ok($$SELECT pggit.merge('side', 'main')$$, 'merge of what is merged');
SELECT is(pg_temp.measured(), 'checkout 1, commit 1, diff 2, merge 2, migration 1', 'each is measured once, a preview is not');
SELECT ok((SELECT bool_and(t.duration_ms > 0) FROM _pggit.operation_timings AS t), 'and took its time');

SET LOCAL ROLE pggit_reader;
SELECT lives_ok($$SELECT * FROM pggit.diff('main~1', 'side')$$, 'a reader diffs');
SELECT throws_ok($$INSERT INTO _pggit.operation_timings (operation_type, duration_ms) VALUES ('diff', 1)$$, '42501', NULL,
    'and writes nothing itself');
RESET ROLE;
SELECT is((SELECT count(*)::integer FROM _pggit.operation_timings WHERE operation_type = 'diff'), 3, 'but is measured');

-- Baselines.
SELECT is(pggit.recalculate_baselines('diff'), '{"items": [], "total": 0}', 'too few samples make no baseline');
SELECT results_eq(
    $$SELECT recalc_frequency_hours, min_samples, lookback_days, count(*)::integer
      FROM _pggit.baseline_recalc_schedule GROUP BY 1, 2, 3$$,
    $$VALUES (24, 10, 7, 5)$$, 'the schedule has its defaults');
SELECT throws_ok($$SELECT pggit.recalculate_baselines('status')$$, 'VCV60', NULL, 'another word has no baseline');
DELETE FROM _pggit.operation_timings;
INSERT INTO _pggit.operation_timings (operation_type, duration_ms, recorded_at)
SELECT 'diff', n, clock_timestamp() - interval '1 day' FROM generate_series(1, 101) AS n;
INSERT INTO _pggit.operation_timings (operation_type, duration_ms, recorded_at)
SELECT 'diff', 9999, clock_timestamp() - interval '8 days' FROM generate_series(1, 50);
SELECT is(_pggit.perform_job('recalculate_baselines'), 1, 'the job computes what has enough samples');
SELECT results_eq($$SELECT operation_type, p50_ms, p95_ms, p99_ms, sample_count FROM _pggit.baselines$$,
    $$VALUES ('diff', 51::double precision, 96::double precision, 100::double precision, 101)$$,
    'percentiles of the lookback, and of nothing before it');
SELECT is(_pggit.perform_job('recalculate_baselines'), 0, 'not again before it is due');
UPDATE _pggit.baseline_recalc_schedule SET last_recalculated_at = last_recalculated_at - interval '25 hours';
SELECT is(_pggit.perform_job('recalculate_baselines'), 1, 'but after a day');
UPDATE _pggit.baseline_recalc_schedule SET last_recalculated_at = clock_timestamp() + interval '1 day';
SELECT is(_pggit.perform_job('recalculate_baselines'), 1, 'and when the clock was set back');
SELECT is(pggit.recalculate_baselines('diff') #>> '{items,0,sample_count}', '101', 'on request at once');
SELECT isnt_empty($$SELECT FROM _pggit.events WHERE type = 'metrics.recalculated'$$, 'which is an event');

-- The P95 is exceeded.
INSERT INTO _pggit.operation_timings (operation_type, duration_ms) SELECT 'diff', 96 FROM generate_series(1, 5);
SELECT is(_pggit.check_latency(), 0, 'what equals the P95 is usual');
INSERT INTO _pggit.operation_timings (operation_type, duration_ms) VALUES ('diff', 97);
SELECT is(_pggit.check_latency(), 1, 'what exceeds it raises an alert');
SELECT is(pg_temp.latency('diff') ->> 'severity', 'INFO', 'of which one in twenty is no trouble');
SELECT is(pg_temp.latency('diff') #- '{context,last_operation_at}' -> 'context',
    '{"p99_ms": 96.950, "baseline_ms": 96.000, "affected_operations": 1, "operations": 6}', 'with the numbers');
SELECT is(_pggit.check_latency(), 0, 'an operation is told of once');
INSERT INTO _pggit.operation_timings (operation_type, duration_ms) SELECT 'diff', 150 FROM generate_series(1, 4);
SELECT is(_pggit.check_latency(), 1, 'more of them');
SELECT is(pg_temp.latency('diff') ->> 'severity', 'WARNING', 'are a warning');
SELECT is(pg_temp.latency('diff') ->> 'occurrences', '2', 'of the same alert');
INSERT INTO _pggit.operation_timings (operation_type, duration_ms) VALUES ('diff', 5000);
SELECT is(_pggit.check_latency(), 1, 'a very slow one');
SELECT is(pg_temp.latency('diff') ->> 'severity', 'CRITICAL', 'is critical');
SELECT lives_ok($$SELECT pggit.resolve_alert(alert_id) FROM _pggit.alerts WHERE dedupe_key = 'latency diff'$$, 'resolved');
SELECT is(_pggit.check_latency(), 0, 'what was resolved is not raised for the same operations');
INSERT INTO _pggit.operation_timings (operation_type, duration_ms) VALUES ('diff', 5000);
SELECT is(_pggit.check_latency(), 1, 'but for new ones');
UPDATE _pggit.alerts SET last_raised_at = clock_timestamp() - interval '61 minutes' WHERE status <> 'resolved';
SELECT lives_ok($$SELECT _pggit.check_latency()$$, 'an hour later');
SELECT is(pg_temp.latency('diff'), NULL, 'a quiet one is resolved');

-- Drift.
SELECT is(_pggit.check_drift(), 0, 'the live schema equals main');
ALTER TABLE shop.item ADD drifted integer;
SELECT is(_pggit.check_drift(), 1, 'a change that nobody committed is drift');
SELECT is((SELECT context -> 'affected_objects' FROM _pggit.alerts WHERE dedupe_key = 'drift main'), '1', 'which is an alert');
ALTER TABLE shop.item DROP drifted;
SELECT is(_pggit.check_drift(), 0, 'taken back');
SELECT is((SELECT status FROM _pggit.alerts WHERE dedupe_key = 'drift main'), 'resolved', 'it is resolved');

-- Health.
SELECT pggit.report_health('api host:1', 'degraded', 12, '{"cache": "away"}');
SELECT is((SELECT severity || ' ' || message FROM _pggit.alerts WHERE dedupe_key = 'health api host:1'),
    'CRITICAL api host:1 is degraded', 'a degraded process is an alert');
SELECT pggit.report_health('api host:1', 'healthy', 100.5);
SELECT is((SELECT status FROM _pggit.alerts WHERE dedupe_key = 'health api host:1'), 'resolved', 'until it is healthy');
SELECT is((SELECT severity FROM _pggit.alerts WHERE dedupe_key = 'response time api host:1'), 'WARNING',
    'more than 100 ms is too slow');
SELECT pggit.report_health('api host:1', 'healthy', 100);
SELECT is((SELECT status FROM _pggit.alerts WHERE dedupe_key = 'response time api host:1'), 'resolved', '100 ms are not');
SELECT is(_pggit.check_server(), 0, 'a server without trouble raises none');

-- The rest of the jobs.
SELECT is(_pggit.roll_up_timings(), 1, 'hours are rolled up');
SELECT results_eq($$SELECT operations, max_ms FROM _pggit.operation_hours WHERE hour = date_trunc('hour', clock_timestamp())$$,
    $$VALUES (12, 5000::double precision)$$, 'with the operations of the hour');
DELETE FROM _pggit.operation_timings WHERE duration_ms > 97 AND recorded_at > clock_timestamp() - interval '1 hour';
SELECT is(_pggit.roll_up_timings(), 0, 'fewer measurements than before, as after a crash, change nothing');
SELECT is(_pggit.prune_metrics(), 50, 'what lies before the lookback is thrown away');

SELECT results_eq(
    $$SELECT s, _pggit.next_time(s, '2024-02-28 23:59:30+00')
      FROM unnest(ARRAY['@every 30 seconds', '* * * * *', '*/15 * * * *', '0 0 29 2 *', '5,10 3-4 * * 1', '0 12 1 * 5',
          '0 0 1 3 7', '0 0 * * 0']) WITH ORDINALITY AS u(s, n) ORDER BY n$$,
    $$VALUES ('@every 30 seconds', '2024-02-29 00:00:00+00'::timestamptz), ('* * * * *', '2024-02-29 00:00:00+00'),
        ('*/15 * * * *', '2024-02-29 00:00:00+00'), ('0 0 29 2 *', '2024-02-29 00:00:00+00'),
        ('5,10 3-4 * * 1', '2024-03-04 03:05:00+00'), ('0 12 1 * 5', '2024-03-01 12:00:00+00'),
        ('0 0 1 3 7', '2024-03-01 00:00:00+00'), ('0 0 * * 0', '2024-03-03 00:00:00+00')$$,
    'schedules come round when cron says');
SELECT is_empty(
    $$SELECT s FROM unnest(ARRAY['', '* * * *', '60 * * * *', '* 24 * * *', '*/0 * * * *', '5-3 * * * *', '* * 0 * *',
          'a * * * *', '0 0 31 2 *', '* * * * * *', '1,, * * * *']) AS u(s)
      WHERE _pggit.cron_time(s, now()) IS NOT NULL$$,
    'what is no cron line is known as none');
SELECT throws_ok($$SELECT pggit.schedule_job('tidy')$$, 'VCN61', NULL, 'so is an unknown job');
SELECT throws_ok($$SELECT pggit.schedule_job('check_drift', '@every second')$$, 'VCV61', NULL, 'a bad schedule is refused');


-- Runs of jobs.
CREATE FUNCTION pg_temp.runs(p_job_name text)
RETURNS text
LANGUAGE sql
RETURN (SELECT string_agg(e.status, ' ' ORDER BY e.execution_id)
    FROM _pggit.scheduled_job_execution AS e WHERE e.job_name = p_job_name);
CREATE TEMPORARY TABLE claimed (doc jsonb);

INSERT INTO claimed SELECT pggit.claim_job('w1') FROM generate_series(1, 7);
SELECT is((SELECT count(DISTINCT doc ->> 'job_name')::integer FROM claimed), 7, 'at first every job is due, each once');
SELECT is(pggit.claim_job('w2'), NULL, 'then none');
SELECT is(
    (SELECT string_agg(pggit.run_job((doc ->> 'execution_id')::bigint), ' ' ORDER BY doc ->> 'job_name') FROM claimed),
    'SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS', 'each runs');
SELECT results_eq($$SELECT DISTINCT status, worker FROM _pggit.scheduled_job_execution$$, $$VALUES ('SUCCESS', 'w1')$$,
    'and is recorded');
SELECT ok((SELECT bool_and(e.duration_ms >= 0 AND e.rows_affected >= 0) FROM _pggit.scheduled_job_execution AS e),
    'with its time and its rows');
SELECT throws_ok(format('SELECT pggit.run_job(%s)', (SELECT max(doc ->> 'execution_id') FROM claimed)), 'VCS61', NULL,
    'a run that has ended does not run again');
SELECT throws_ok('SELECT pggit.run_job(0)', 'VCS61', NULL, 'nor one that never was');

UPDATE _pggit.scheduled_jobs SET next_run_at = clock_timestamp() - interval '1 day' WHERE job_name = 'check_drift';
DELETE FROM claimed;
INSERT INTO claimed SELECT pggit.claim_job('w1');
SELECT is((SELECT doc ->> 'job_name' FROM claimed), 'check_drift', 'a missed time is made up for');
SELECT is(pggit.claim_job('w1'), NULL, 'once');
UPDATE _pggit.scheduled_jobs SET next_run_at = clock_timestamp() WHERE job_name = 'check_drift';
SELECT is(pggit.claim_job('w2'), NULL, 'a job that runs is not run beside itself');
SELECT is(pg_temp.runs('check_drift'), 'SUCCESS RUNNING SKIPPED', 'which is recorded');
SELECT pggit.fail_job((doc ->> 'execution_id')::bigint, 'no disk') FROM claimed;
SELECT is(pg_temp.runs('check_drift'), 'SUCCESS FAILED SKIPPED', 'a failure is recorded');
SELECT is((SELECT message FROM _pggit.alerts WHERE dedupe_key = 'job check_drift'), 'job check_drift failed: no disk', 'and alerted');
SELECT pggit.fail_job((doc ->> 'execution_id')::bigint, 'again') FROM claimed;
SELECT is((SELECT occurrences FROM _pggit.alerts WHERE dedupe_key = 'job check_drift'), 1, 'once');

DELETE FROM claimed;
UPDATE _pggit.scheduled_jobs SET next_run_at = clock_timestamp() WHERE job_name = 'check_drift';
INSERT INTO claimed SELECT pggit.claim_job('w1');
UPDATE _pggit.scheduled_job_execution SET started_at = clock_timestamp() - interval '16 seconds' WHERE status = 'RUNNING';
SELECT is(pggit.claim_job('w2') ->> 'job_name', 'check_drift', 'what a dead worker left is taken up');
SELECT is(pg_temp.runs('check_drift'), 'SUCCESS FAILED SKIPPED FAILED RUNNING', 'and its run recorded as failed');
SELECT is((SELECT string_agg(pggit.run_job(e.execution_id), ' ') FROM _pggit.scheduled_job_execution AS e WHERE status = 'RUNNING'),
    'SUCCESS', 'a success');
SELECT is((SELECT status FROM _pggit.alerts WHERE dedupe_key = 'job check_drift'), 'resolved', 'resolves the alert');

UPDATE _pggit.scheduled_jobs SET next_run_at = clock_timestamp() + interval '1 year';
SELECT is(pggit.claim_job('w1'), NULL, 'after the clock was set back nothing is due');
SELECT ok((SELECT max(next_run_at) FROM _pggit.scheduled_jobs) < clock_timestamp() + interval '25 hours',
    'but soon will be');
SELECT ok(pggit.schedule_job('check_server', '0 5 * * *', false) > clock_timestamp(), 'a site says when a job runs, and whether');
UPDATE _pggit.scheduled_jobs SET next_run_at = clock_timestamp() WHERE job_name = 'check_server';
SELECT is(pggit.claim_job('w1'), NULL, 'a job that is off is never due');

SELECT * FROM finish();
ROLLBACK;
