-- The dashboard, and what health checks and monitoring ask: each one document; and the same numbers as views for analysts.

-- == relations ==
CREATE SCHEMA pggit_analytics;

-- == routines ==
COMMENT ON SCHEMA pggit_analytics IS 'Time series of pggit''s own work, as views.';

CREATE OR REPLACE VIEW pggit_analytics.operation_hours AS
SELECT h.hour, h.operation_type, h.operations, h.avg_ms, h.max_ms, h.p50_ms, h.p95_ms, h.p99_ms
FROM _pggit.operation_hours AS h;
COMMENT ON VIEW pggit_analytics.operation_hours IS 'Operations by the hour, for three months.';

CREATE OR REPLACE VIEW pggit_analytics.operations AS
SELECT o.recorded_at, o.operation_type, o.duration_ms
FROM _pggit.operation_timings AS o;
COMMENT ON VIEW pggit_analytics.operations IS 'Every operation of the last days; not on a standby.';

CREATE OR REPLACE VIEW pggit_analytics.baselines AS
SELECT s.operation_type, b.p50_ms, b.p95_ms, b.p99_ms, b.sample_count, b.calculated_at,
    s.recalc_frequency_hours, s.min_samples, s.lookback_days, s.is_enabled
FROM _pggit.baseline_recalc_schedule AS s
LEFT JOIN _pggit.baselines AS b USING (operation_type);
COMMENT ON VIEW pggit_analytics.baselines IS 'How long an operation usually takes, and how that is computed.';

CREATE OR REPLACE VIEW pggit_analytics.alert_days AS
SELECT date_trunc('day', a.created_at) AS day, a.operation_type, a.severity::text AS severity, count(*) AS alerts,
    sum(a.occurrences) AS occurrences, count(*) FILTER (WHERE a.status <> 'resolved') AS open,
    avg(a.resolved_at - a.created_at) AS avg_time_to_resolve
FROM _pggit.alerts AS a
GROUP BY 1, 2, 3;
COMMENT ON VIEW pggit_analytics.alert_days IS 'Alerts by the day on which they were raised.';

CREATE OR REPLACE VIEW pggit_analytics.jobs AS
SELECT d.job_name, coalesce(j.cron_schedule, d.cron_schedule) AS cron_schedule, coalesce(j.is_enabled, true) AS is_enabled,
    j.next_run_at, e.status AS last_status, e.started_at AS last_started_at, e.duration_ms AS last_duration_ms,
    e.rows_affected AS last_rows_affected, e.error_message AS last_error
FROM _pggit.job_definitions() AS d
LEFT JOIN _pggit.scheduled_jobs AS j USING (job_name)
LEFT JOIN LATERAL (
    SELECT x.*
    FROM _pggit.scheduled_job_execution AS x
    WHERE x.job_name = d.job_name
    ORDER BY x.execution_id DESC
    LIMIT 1
) AS e ON true;
COMMENT ON VIEW pggit_analytics.jobs IS 'The scheduled jobs, and how each last went.';

CREATE OR REPLACE VIEW pggit_analytics.job_runs AS
SELECT e.execution_id, e.job_name, e.cron_schedule, e.status, e.worker, e.started_at, e.finished_at, e.duration_ms,
    e.rows_affected, e.error_message
FROM _pggit.scheduled_job_execution AS e;
COMMENT ON VIEW pggit_analytics.job_runs IS 'The runs of the scheduled jobs of the last week.';

CREATE OR REPLACE VIEW pggit_analytics.attempt_hours AS
SELECT date_trunc('hour', a.created_at) AS hour, a.webhook_id, count(*) AS attempts,
    count(*) FILTER (WHERE a.outcome = 'delivered') AS delivered, count(*) FILTER (WHERE a.outcome = 'failed') AS failed,
    avg(a.duration_ms) AS avg_ms, max(a.duration_ms) AS max_ms
FROM _pggit.attempts AS a
GROUP BY 1, 2;
COMMENT ON VIEW pggit_analytics.attempt_hours IS 'Attempts to deliver by the hour and webhook, for a week.';

CREATE OR REPLACE FUNCTION _pggit.worker_facts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object(
        'known', count(*),
        'alive', count(*) FILTER (WHERE w.last_seen_at > clock_timestamp() - interval '1 minute'))
    FROM _pggit.workers AS w);
COMMENT ON FUNCTION _pggit.worker_facts() IS 'How many worker processes the last day has seen, and how many the last minute.';

CREATE OR REPLACE FUNCTION _pggit.webhook_facts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object(
        'active_count', count(*) FILTER (WHERE w.is_active),
        'failed_count', count(*) FILTER (WHERE w.disabled_reason IS NOT NULL OR w.is_active AND m.health_status = 'unavailable'),
        'delivered', coalesce(sum(m.successful_deliveries), 0),
        'failed', coalesce(sum(m.failed_deliveries), 0))
    FROM _pggit.webhooks AS w
    LEFT JOIN _pggit.webhook_health_metrics AS m USING (webhook_id));
COMMENT ON FUNCTION _pggit.webhook_facts() IS $$
Webhooks in numbers; it reads two small tables, so that a health check may ask it each second.
$$;

CREATE OR REPLACE FUNCTION _pggit.delivery_facts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.webhook_facts()
    || jsonb_build_object('pending_deliveries', (SELECT count(*) FROM (SELECT FROM _pggit.deliveries LIMIT 1000000) AS d));
COMMENT ON FUNCTION _pggit.delivery_facts() IS 'Webhooks in numbers, and how many deliveries wait (a million at most).';

CREATE OR REPLACE FUNCTION pggit.health_facts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object('workers', _pggit.worker_facts(), 'webhooks', _pggit.webhook_facts());
COMMENT ON FUNCTION pggit.health_facts() IS $$
What a health check asks.
Returns: {workers {known, alive}, webhooks {active_count, failed_count, …}}.
$$;

CREATE OR REPLACE FUNCTION _pggit.operation_facts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_agg(jsonb_build_object(
        'operation_type', o.operation_type,
        'operations_24h', coalesce(h.operations, 0),
        'avg_ms', round(h.avg_ms::numeric, 3),
        'max_ms', round(h.max_ms::numeric, 3),
        'p95_ms', round(l.p95_ms::numeric, 3),
        'p99_ms', round(l.p99_ms::numeric, 3),
        'baseline', CASE WHEN b.operation_type IS NOT NULL THEN jsonb_build_object(
            'p50_ms', round(b.p50_ms::numeric, 3), 'p95_ms', round(b.p95_ms::numeric, 3),
            'p99_ms', round(b.p99_ms::numeric, 3), 'sample_count', b.sample_count, 'calculated_at', b.calculated_at) END,
        'exceeds_baseline', coalesce(l.p95_ms > b.p95_ms, false)) ORDER BY o.operation_type)
    FROM unnest(_pggit.operation_types()) AS o(operation_type)
    LEFT JOIN _pggit.baselines AS b USING (operation_type)
    LEFT JOIN LATERAL (
        SELECT sum(x.operations) AS operations, sum(x.avg_ms * x.operations) / sum(x.operations) AS avg_ms, max(x.max_ms) AS max_ms
        FROM _pggit.operation_hours AS x
        WHERE x.operation_type = o.operation_type AND x.hour > clock_timestamp() - interval '1 day'
    ) AS h ON true
    LEFT JOIN LATERAL (
        SELECT x.p95_ms, x.p99_ms
        FROM _pggit.operation_hours AS x
        WHERE x.operation_type = o.operation_type
        ORDER BY x.hour DESC
        LIMIT 1
    ) AS l ON true);
COMMENT ON FUNCTION _pggit.operation_facts() IS 'Each operation: its last day, its last hour with any, its baseline.';

CREATE OR REPLACE FUNCTION _pggit.alert_facts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object(
        'pending', count(*) FILTER (WHERE a.status = 'pending'),
        'acknowledged', count(*) FILTER (WHERE a.status = 'acknowledged'),
        'info', count(*) FILTER (WHERE a.severity = 'INFO'),
        'warning', count(*) FILTER (WHERE a.severity = 'WARNING'),
        'critical', count(*) FILTER (WHERE a.severity = 'CRITICAL'))
    FROM _pggit.alerts AS a
    WHERE a.status IN ('pending', 'acknowledged'));
COMMENT ON FUNCTION _pggit.alert_facts() IS 'The open alerts in numbers.';

CREATE OR REPLACE FUNCTION pggit.metrics_facts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'workers', _pggit.worker_facts(),
    'webhooks', _pggit.delivery_facts(),
    'alerts', _pggit.alert_facts(),
    'operations', _pggit.operation_facts(),
    'due_jobs', (SELECT count(*) FROM _pggit.scheduled_jobs AS j WHERE j.is_enabled AND j.next_run_at <= clock_timestamp()),
    'merges_pending', (SELECT count(*) FROM _pggit.merges AS m WHERE m.status = 'pending_conflicts'));
COMMENT ON FUNCTION pggit.metrics_facts() IS 'The numbers of the database that monitoring asks for, in one call.';

CREATE OR REPLACE FUNCTION pggit.dashboard_overview()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'branches', (SELECT count(*) FROM pggit.branches),
    'commits', (SELECT count(*) FROM _pggit.commits),
    'merges', (
        SELECT coalesce(jsonb_object_agg(m.status, m.merges), '{}')
        FROM (SELECT x.status, count(*) AS merges FROM _pggit.merges AS x GROUP BY x.status) AS m),
    'alerts', _pggit.alert_facts(),
    'webhooks', _pggit.delivery_facts(),
    'workers', _pggit.worker_facts(),
    'has_drift', EXISTS (SELECT FROM _pggit.alerts AS a WHERE a.dedupe_key = 'drift main' AND a.status <> 'resolved'),
    'generated_at', clock_timestamp());
COMMENT ON FUNCTION pggit.dashboard_overview() IS $$
The repository and its service at a glance, as a document.
$$;

CREATE OR REPLACE FUNCTION pggit.dashboard_performance()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'operations', _pggit.operation_facts(),
    'hours', (
        SELECT coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.hour, h.operation_type), '[]')
        FROM pggit_analytics.operation_hours AS h
        WHERE h.hour > clock_timestamp() - interval '1 day'),
    'generated_at', clock_timestamp());
COMMENT ON FUNCTION pggit.dashboard_performance() IS $$
How long operations take, and how long they usually do, as a document.
$$;

CREATE OR REPLACE FUNCTION pggit.dashboard_webhooks(p_limit integer DEFAULT 20)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH page AS (
        SELECT w.webhook_id, jsonb_build_object(
                'id', w.webhook_id,
                'name', w.name,
                'is_active', w.is_active,
                'disabled_reason', w.disabled_reason,
                'health_status', coalesce(m.health_status, 'unknown'),
                'total_deliveries', coalesce(m.total_deliveries, 0),
                'successful_deliveries', coalesce(m.successful_deliveries, 0),
                'failed_deliveries', coalesce(m.failed_deliveries, 0),
                'avg_response_time_ms', m.avg_response_time_ms,
                'consecutive_failures', coalesce(m.consecutive_failures, 0),
                'last_success_at', m.last_success_at,
                'last_failure_at', m.last_failure_at) AS item,
            row_number() OVER (ORDER BY w.disabled_reason IS NULL,
                array_position(ARRAY['unavailable', 'degraded', 'unknown', 'healthy'], coalesce(m.health_status, 'unknown')),
                w.webhook_id) AS place
        FROM _pggit.webhooks AS w
        LEFT JOIN _pggit.webhook_health_metrics AS m USING (webhook_id)
        ORDER BY 3
        LIMIT p_limit
    )
    SELECT _pggit.delivery_facts() || jsonb_build_object(
        'items', coalesce(jsonb_agg(p.item ORDER BY p.place), '[]'),
        'total', (SELECT count(*) FROM _pggit.webhooks),
        'generated_at', clock_timestamp())
    FROM page AS p;
END;
COMMENT ON FUNCTION pggit.dashboard_webhooks(integer) IS $$
Webhooks and how their deliveries fare, the least healthy first, as a document.
$$;

CREATE OR REPLACE FUNCTION pggit.dashboard_anomalies(p_days integer DEFAULT 7)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH slow AS (
        SELECT h.hour, h.operation_type, h.operations, round(h.p95_ms::numeric, 3) AS p95_ms,
            round(b.p95_ms::numeric, 3) AS baseline_ms, round((h.p95_ms / nullif(b.p95_ms, 0))::numeric, 2) AS ratio
        FROM _pggit.operation_hours AS h
        JOIN _pggit.baselines AS b USING (operation_type)
        WHERE h.hour > clock_timestamp() - make_interval(days => p_days) AND h.p95_ms > b.p99_ms
    ), raised AS (
        SELECT a.alert_id, _pggit.alert_item(a) AS item
        FROM _pggit.alerts AS a
        WHERE a.last_raised_at > clock_timestamp() - make_interval(days => p_days) AND a.severity >= 'WARNING'
        ORDER BY a.alert_id DESC
        LIMIT 100
    )
    SELECT jsonb_build_object(
        'days', p_days,
        'slow_hours', (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.hour DESC, s.operation_type), '[]') FROM slow AS s),
        'alerts', (SELECT coalesce(jsonb_agg(r.item ORDER BY r.alert_id DESC), '[]') FROM raised AS r),
        'total', (SELECT count(*) FROM slow) + (SELECT count(*) FROM raised),
        'generated_at', clock_timestamp());
END;
COMMENT ON FUNCTION pggit.dashboard_anomalies(integer) IS $$
What was out of the ordinary, as a document: hours whose P95 lies beyond the baseline's P99, and the last hundred warnings.
p_days: how far back.
$$;

CREATE OR REPLACE FUNCTION pggit.dashboard()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'overview', pggit.dashboard_overview(),
    'performance', pggit.dashboard_performance(),
    'webhooks', pggit.dashboard_webhooks(20),
    'anomalies', pggit.dashboard_anomalies(7),
    'generated_at', clock_timestamp());
COMMENT ON FUNCTION pggit.dashboard() IS $$
All parts of the dashboard as one document.
$$;

CREATE OR REPLACE FUNCTION pggit.system_info()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    -- Not pggit.version(): the build makes that one last.
    'version', (SELECT v.version FROM _pggit.versions AS v ORDER BY string_to_array(v.version, '.')::integer[] DESC LIMIT 1),
    'server_version', current_setting('server_version'),
    'database', current_database(),
    'database_size_bytes', pg_database_size(current_database()),
    'is_replica', pg_is_in_recovery(),
    'server_started_at', pg_postmaster_start_time(),
    'max_connections', current_setting('max_connections')::integer,
    'tracked_schemas', (
        -- Not tracked_schemas(): before pggit.init that is an error.
        SELECT coalesce(jsonb_agg(DISTINCT s.schema_name), '[]') FROM _pggit.worktree_schemas AS s),
    'workers', _pggit.worker_facts());
COMMENT ON FUNCTION pggit.system_info() IS 'The database under the service, as a document.';

CREATE OR REPLACE FUNCTION _pggit.metric_value(p_name text, p_value double precision, p_unit text, p_labels jsonb DEFAULT '{}')
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN jsonb_build_object('name', p_name, 'value', p_value, 'unit', p_unit, 'labels', p_labels);
COMMENT ON FUNCTION _pggit.metric_value(text, double precision, text, jsonb) IS 'One number as the API shows it.';

CREATE OR REPLACE FUNCTION _pggit.metric_values()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH fact AS (
        SELECT _pggit.delivery_facts() AS webhooks, _pggit.alert_facts() AS alerts, _pggit.worker_facts() AS workers
    )
    SELECT jsonb_agg(m.metric ORDER BY m.metric ->> 'name', m.metric -> 'labels')
    FROM (
        SELECT _pggit.metric_value(v.name, v.value::double precision, 'count', v.labels) AS metric
        FROM fact AS f
        CROSS JOIN LATERAL (VALUES
            ('webhooks_active', f.webhooks ->> 'active_count', '{}'::jsonb),
            ('webhooks_failing', f.webhooks ->> 'failed_count', '{}'),
            ('deliveries_pending', f.webhooks ->> 'pending_deliveries', '{}'),
            ('deliveries_ended', f.webhooks ->> 'delivered', '{"outcome": "delivered"}'),
            ('deliveries_ended', f.webhooks ->> 'failed', '{"outcome": "failed"}'),
            ('alerts_open', f.alerts ->> 'info', '{"severity": "INFO"}'),
            ('alerts_open', f.alerts ->> 'warning', '{"severity": "WARNING"}'),
            ('alerts_open', f.alerts ->> 'critical', '{"severity": "CRITICAL"}'),
            ('workers_alive', f.workers ->> 'alive', '{}')) AS v(name, value, labels)
        UNION ALL
        SELECT _pggit.metric_value('operation_' || p.name, p.value::double precision, 'ms',
            jsonb_build_object('operation_type', o.operation ->> 'operation_type'))
        FROM jsonb_array_elements(_pggit.operation_facts()) AS o(operation)
        CROSS JOIN LATERAL (VALUES ('p95', o.operation ->> 'p95_ms'), ('p99', o.operation ->> 'p99_ms')) AS p(name, value)
        WHERE p.value IS NOT NULL
    ) AS m;
END;
COMMENT ON FUNCTION _pggit.metric_values() IS 'Webhooks, alerts, workers and operations as single numbers.';

CREATE OR REPLACE FUNCTION pggit.service_metrics()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- A task is a run of a job; a run has one execution. Events are counted by their ids, and by type only as far as that is cheap.
    WITH run AS (
        SELECT CASE x.status WHEN 'SUCCESS' THEN 'completed' WHEN 'SKIPPED' THEN 'cancelled' ELSE lower(x.status) END AS status,
            x.duration_ms, x.started_at > clock_timestamp() - interval '1 day' AS is_recent
        FROM _pggit.scheduled_job_execution AS x
    ), recent AS (
        SELECT e.type FROM _pggit.events AS e ORDER BY e.xid DESC, e.event_id DESC LIMIT 10000
    )
    SELECT jsonb_build_object(
        'webhook_events_total', (SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END FROM _pggit.events_event_id_seq AS s),
        'workflow_tasks_total', (SELECT count(*) FROM run),
        'task_executions_total', (SELECT count(*) FROM run),
        'tasks_by_status', '{"pending": 0, "running": 0, "completed": 0, "failed": 0}'::jsonb
            || (SELECT coalesce(jsonb_object_agg(r.status, r.runs), '{}')
                FROM (SELECT run.status, count(*) AS runs FROM run GROUP BY run.status) AS r)
            || jsonb_build_object('pending', (
                SELECT count(*) FROM _pggit.scheduled_jobs AS j WHERE j.is_enabled AND j.next_run_at <= clock_timestamp())),
        'events_by_type', (
            SELECT coalesce(jsonb_object_agg(t.type, t.events), '{}')
            FROM (SELECT recent.type, count(*) AS events FROM recent GROUP BY recent.type) AS t),
        'avg_processing_time_ms', (SELECT round(avg(run.duration_ms)::numeric, 3) FROM run WHERE run.is_recent),
        'metrics', coalesce(_pggit.metric_values(), '[]'),
        'start_time', _pggit.json_time(clock_timestamp() - interval '1 day'),
        'end_time', _pggit.json_time(clock_timestamp()));
END;
COMMENT ON FUNCTION pggit.service_metrics() IS $$
The service in numbers, as a document.
Returns: {webhook_events_total, workflow_tasks_total, task_executions_total, tasks_by_status, events_by_type (of the last 10,000 events),
avg_processing_time_ms, metrics [{name, value, unit, labels}], start_time, end_time}; averages are those of that time.
$$;
