BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(14);

-- A step of the clock is told by moving what was written: back by an hour, all of it lies an hour ahead.
CREATE FUNCTION pg_temp.set_clock_back(p_by interval) RETURNS void LANGUAGE sql AS $$
    UPDATE _pggit.deliveries SET due_at = due_at + p_by, created_at = created_at + p_by;
    UPDATE _pggit.attempts SET next_at = next_at + p_by, created_at = created_at + p_by;
    UPDATE _pggit.webhook_health_metrics
    SET blocked_until = blocked_until + p_by, hour_started_at = hour_started_at + p_by, claimed_at = claimed_at + p_by,
        updated_at = updated_at + p_by, failing_since = failing_since + p_by;
    UPDATE _pggit.api_keys SET expires_at = expires_at + p_by;
$$;
CREATE FUNCTION pg_temp.claimed() RETURNS integer LANGUAGE sql AS $$
    SELECT json_array_length(pggit.claim_deliveries('w', 10) -> 'deliveries');
$$;
CREATE FUNCTION pg_temp.finished(p_attempt integer, p_delivered boolean) RETURNS integer LANGUAGE sql AS $$
    SELECT pggit.finish_deliveries('w', jsonb_agg(jsonb_build_object(
        'delivery_id', d.delivery_id, 'webhook_id', d.webhook_id, 'attempt', p_attempt, 'is_delivered', p_delivered,
        'status_code', CASE WHEN p_delivered THEN 200 ELSE 500 END, 'duration_ms', 1)))
    FROM _pggit.deliveries AS d;
$$;
SELECT pggit.create_webhook('hook', 'https://example.org/', p_event_types => '{custom.clock}',
    p_retry_policy => '{"max_retries": 9, "backoff_base": 2}');

SELECT pggit.publish_event('custom.clock', '{}');
SELECT pg_temp.set_clock_back('1 hour');
SELECT is(pg_temp.claimed(), 0, 'what was queued before the clock was set back is not due by the new one');
SELECT pggit.sweep_deliveries();
SELECT is(pg_temp.claimed(), 1, 'the next sweep makes it due');
SELECT is(pg_temp.claimed(), 0, 'once');

SELECT pg_temp.set_clock_back('1 hour');
SELECT pggit.sweep_deliveries();
SELECT ok((SELECT due_at FROM _pggit.deliveries) BETWEEN clock_timestamp() AND clock_timestamp() + interval '150 seconds',
    'a lease ends when the longest would');
SELECT is(pg_temp.finished(1, false), 1, 'its worker finishes it');
SELECT pg_temp.set_clock_back('1 hour');
SELECT pggit.sweep_deliveries();
SELECT ok((SELECT due_at FROM _pggit.deliveries) BETWEEN clock_timestamp() AND clock_timestamp() + interval '3 seconds',
    'a retry waits as long as it would have waited');
UPDATE _pggit.deliveries SET due_at = due_at - interval '1 second';
SELECT is((SELECT count(*) FROM _pggit.deliveries WHERE _pggit.follow_clock() = 0), 1::bigint, 'and no sweep puts it off or hastens it');

UPDATE _pggit.webhook_health_metrics
SET consecutive_failures = 5, blocked_until = clock_timestamp() + interval '30 seconds', updated_at = clock_timestamp();
SELECT pg_temp.set_clock_back('1 hour');
SELECT pggit.sweep_deliveries();
SELECT ok((SELECT blocked_until FROM _pggit.webhook_health_metrics)
    BETWEEN clock_timestamp() AND clock_timestamp() + interval '31 seconds', 'an open breaker stays open for its thirty seconds');
SELECT ok((SELECT hour_started_at <= clock_timestamp() FROM _pggit.webhook_health_metrics), 'and the hour of a limit has begun');

-- Forward by an hour: everything lies an hour back.
SELECT pg_temp.set_clock_back('-1 hour');
SELECT is(pg_temp.claimed(), 1, 'after a step forward a retry is due');
SELECT pg_temp.set_clock_back('-1 hour');
SELECT is(pg_temp.claimed(), 1, 'a lease that the step ended is taken again');
SELECT is(pg_temp.finished(2, true), 0, 'whoever had it before changes nothing');
SELECT is(pg_temp.finished(3, true), 1, 'and the delivery ends once');
SELECT is((SELECT array_agg(outcome ORDER BY attempt) FROM _pggit.attempts), '{failed,delivered}', 'with one attempt that arrived');

SELECT * FROM finish();
ROLLBACK;
