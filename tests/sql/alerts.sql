BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public, tap;
SELECT plan(59);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

CREATE FUNCTION pg_temp.events(p_alert_id bigint)
RETURNS text[]
LANGUAGE sql
RETURN ARRAY(
    SELECT e.type FROM _pggit.events AS e WHERE e.subject = 'alert/' || p_alert_id ORDER BY e.event_id);

SELECT is(pggit.list_alerts(), '{"items": [], "total": 0}', 'before anything was raised the list is empty');
SELECT throws_ok($$SELECT pggit.get_alert(1)$$, 'VCN60', 'alert 1 does not exist', 'an unknown alert is named');
SELECT is(pggit.acknowledge_alerts('{}'), '{"acknowledged": 0, "failed": 0}', 'acknowledging nothing does nothing');
SELECT is(pggit.acknowledge_alerts(ARRAY[99, 98]), '{"acknowledged": 0, "failed": 2}', 'unknown alerts fail');
SELECT is(pggit.acknowledge_alerts(NULL), '{"acknowledged": 0, "failed": 0}', 'no list is an empty list');

SET LOCAL pggit.author = 'ada';
CREATE TEMPORARY TABLE a AS
SELECT (pggit.raise_alert('commit', 'WARNING', 'commit is slow', '{"p99_ms": 12}') ->> 'id')::bigint AS id;
SELECT is(pggit.get_alert(a.id) - ARRAY['id', 'created_at', 'last_raised_at'],
    '{"operation_type": "commit", "severity": "WARNING", "message": "commit is slow", "status": "pending", "occurrences": 1,
      "context": {"p99_ms": 12}, "raised_by": "ada", "acknowledged_at": null, "acknowledged_by": null, "resolved_at": null,
      "resolved_by": null, "note": null}', 'a raised alert is pending, with its context') FROM a;
SELECT is(pg_temp.events(a.id), '{alert.raised}', 'raising emits one event') FROM a;
SELECT bag_eq(
    $$SELECT jsonb_object_keys(e.data) FROM _pggit.events AS e, a WHERE e.subject = 'alert/' || a.id$$,
    ARRAY['id', 'operation_type', 'severity', 'message', 'timestamp', 'status', 'occurrences', 'context'],
    'the event carries what a feed shows');
SELECT is((pggit.raise_alert('commit', 'WARNING', 'commit is slow', '{"p99_ms": 14}') ->> 'id')::bigint, a.id,
    'a repeat finds the open alert') FROM a;
SELECT is(pggit.get_alert(a.id) ->> 'occurrences', '2', 'and counts up') FROM a;
SELECT is(pggit.get_alert(a.id) -> 'context', '{"p99_ms": 14}', 'and tells how it is now') FROM a;
SELECT is(pg_temp.events(a.id), '{alert.raised,alert.repeated}', 'the second time is an event') FROM a;
SELECT is((pggit.raise_alert('commit', 'WARNING', 'commit is slow') ->> 'occurrences')::integer, 3, 'the third is counted');
SELECT is(pg_temp.events(a.id), '{alert.raised,alert.repeated}', 'but is none') FROM a;
SELECT isnt((pggit.raise_alert('merge', 'WARNING', 'commit is slow') ->> 'id')::bigint, a.id,
    'another operation is another alert') FROM a;

SET LOCAL pggit.author = 'bob';
SELECT is(pggit.acknowledge_alert(a.id) - ARRAY['id', 'created_at', 'last_raised_at', 'acknowledged_at', 'context'],
    '{"operation_type": "commit", "severity": "WARNING", "message": "commit is slow", "status": "acknowledged",
      "occurrences": 3, "raised_by": "ada", "acknowledged_by": "bob", "resolved_at": null, "resolved_by": null, "note": null,
      "acknowledged": 1, "failed": 0}', 'acknowledging one gives it, and the counts') FROM a;
SELECT is((pg_temp.events(a.id))[3], 'alert.acknowledged', 'acknowledging is an event') FROM a;
SELECT is(pggit.acknowledge_alerts(ARRAY[a.id, 99, a.id]), '{"acknowledged": 2, "failed": 1}',
    'what is acknowledged already succeeds, what is unknown fails, and the counts add up') FROM a;
SELECT is(cardinality(pg_temp.events(a.id)), 3, 'acknowledging again is no event') FROM a;
SELECT is(pggit.raise_alert('commit', 'INFO', 'commit is slow') ->> 'status', 'acknowledged',
    'a repeat of an acknowledged alert stays acknowledged');
SELECT is(pggit.get_alert(a.id) ->> 'severity', 'WARNING', 'a milder repeat does not soften it') FROM a;
SELECT is(pggit.raise_alert('commit', 'CRITICAL', 'commit is slow') ->> 'status', 'pending',
    'a graver repeat is pending again');
SELECT is(pggit.get_alert(a.id) ->> 'severity', 'CRITICAL', 'and graver') FROM a;
SELECT is((pg_temp.events(a.id))[5], 'alert.raised', 'and is raised anew') FROM a;

SELECT is(pggit.resolve_alert(a.id, 'an index') ->> 'note', 'an index', 'resolving keeps what was done') FROM a;
SELECT is((pg_temp.events(a.id))[6], 'alert.resolved', 'resolving is an event') FROM a;
SELECT throws_ok(format('SELECT pggit.resolve_alert(%s)', a.id), 'VCS60', NULL, 'resolving again is refused') FROM a;
SELECT throws_ok(format('SELECT pggit.acknowledge_alert(%s)', a.id), 'VCS60', NULL,
    'acknowledging a resolved one is refused') FROM a;
SELECT is(pggit.acknowledge_alerts(ARRAY[a.id]), '{"acknowledged": 0, "failed": 1}', 'in a list it fails') FROM a;
SELECT isnt((pggit.raise_alert('commit', 'INFO', 'commit is slow') ->> 'id')::bigint, a.id,
    'after that the trouble is a new alert') FROM a;
SELECT throws_ok($$SELECT pggit.acknowledge_alert(99)$$, 'VCN60', NULL, 'acknowledging an unknown one is refused');

SELECT is(pggit.list_alerts() ->> 'total', '3', 'the list counts all');
SELECT is(pggit.list_alerts('resolved') #>> '{items,0,id}', a.id::text, 'and knows the state') FROM a;
SELECT is(pggit.list_alerts(NULL, 'WARNING') #>> '{items,0,operation_type}', 'merge', 'and the severity');
SELECT is(pggit.list_alerts(NULL, NULL, 20, 0, 'merge') ->> 'total', '1', 'and the operation');
SELECT ok((l.doc #>> '{items,0,id}')::bigint > (l.doc #>> '{items,1,id}')::bigint, 'newest first')
FROM pggit.list_alerts() AS l(doc);
SELECT is(l.doc - 'items' || jsonb_build_object('n', jsonb_array_length(l.doc -> 'items')), '{"total": 3, "n": 1}',
    'the total does not depend on the page')
FROM pggit.list_alerts(NULL, NULL, 2, 2) AS l(doc);
SELECT throws_ok($$SELECT pggit.list_alerts('open')$$, '22P02', NULL, 'an unknown state is refused');
SELECT throws_ok($$SELECT pggit.raise_alert('commit', 'FATAL', 'x')$$, '22P02', NULL, 'an unknown severity is refused');
SELECT throws_ok($$SELECT pggit.raise_alert('commit', 'INFO', ' ')$$, '23514', NULL, 'an empty message is refused');
SELECT throws_ok($$SELECT pggit.raise_alert('commit', 'INFO', 'x', '[]')$$, '23514', NULL,
    'a context that is no object is refused');

-- A merge that waits.
CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, label varchar(10));
SET LOCAL search_path = shop, public, tap;
SELECT pggit.init('shop');
SELECT pggit.create_branch('side');
SELECT pggit.checkout('side');
ALTER TABLE item ALTER label TYPE varchar(20);
SELECT pggit.commit('wider');
SELECT pggit.checkout('main');
ALTER TABLE item ALTER label TYPE varchar(30);
SELECT pggit.commit('wider still');
SELECT lives_ok($$SELECT * FROM pggit.preview_merge('side')$$, 'a preview');
SELECT is(pggit.list_alerts('pending', NULL, 20, 0, 'merge') ->> 'total', '1', 'raises nothing');
CREATE TEMPORARY TABLE m AS SELECT merge_id FROM pggit.merge('side');
SELECT is(
    pggit.get_alert((l.doc #>> '{items,0,id}')::bigint) #- '{context,conflicts}' -> 'context',
    jsonb_build_object('merge_id', m.merge_id, 'source', 'side', 'target', 'main', 'total_conflicts', 1),
    'a merge that waits for its conflicts raises an alert')
FROM m, pggit.list_alerts('pending', NULL, 20, 0, 'merge') AS l(doc);
SELECT is((SELECT status FROM pggit.abort_merge((SELECT merge_id FROM m))), 'aborted', 'given up');
SELECT is(l.doc #>> '{items,0,status}', 'resolved', 'it is resolved')
FROM pggit.list_alerts(NULL, NULL, 20, 0, 'merge') AS l(doc);

SET LOCAL ROLE pggit_reader;
SELECT is(pggit.list_alerts() ->> 'total', '4', 'a reader sees alerts');
SELECT throws_ok($$SELECT pggit.acknowledge_alerts('{1}')$$, '42501', NULL, 'and acknowledges none');
RESET ROLE;


-- Webhooks: what is sent of alerts, and alerts about webhooks.
CREATE TEMPORARY TABLE w AS
SELECT (pggit.create_webhook('pager', 'https://example.org/', p_event_types => '{alert.*}') ->> 'id')::integer AS id;
CREATE TEMPORARY TABLE sent AS SELECT (pggit.raise_alert('disk', 'CRITICAL', 'disk full') ->> 'id')::bigint AS id;
SELECT results_eq(
    $$SELECT q.alert_id, q.webhook_id, q.delivery_status, q.retry_count, q.max_retries FROM pggit.alert_delivery_queue AS q$$,
    $$SELECT sent.id, w.id, 'pending', 0, 3 FROM sent, w$$, 'an alert stands in the queue for each webhook that wants it');
SELECT is((SELECT message_body::jsonb ->> 'message' FROM pggit.alert_delivery_queue), 'disk full', 'with what is sent');
UPDATE _pggit.deliveries SET attempt = 2;
SELECT results_eq($$SELECT delivery_status, retry_count FROM pggit.alert_delivery_queue$$, $$VALUES ('retrying', 1)$$,
    'what was tried is retried');
SELECT is(_pggit.check_webhooks(), 0, 'a webhook that has sent nothing yet does not fail');
UPDATE _pggit.webhook_health_metrics SET health_status = 'unavailable', consecutive_failures = 12 WHERE webhook_id = (SELECT id FROM w);
SELECT is(_pggit.check_webhooks(), 1, 'one whose receiver is unavailable does');
SELECT results_eq($$SELECT severity::text, message FROM _pggit.alerts WHERE operation_type = 'webhook'$$,
    $$VALUES ('WARNING', 'webhook "pager" fails: 12 attempts in a row')$$, 'which is an alert');
UPDATE _pggit.webhooks SET is_active = false, disabled_reason = 'failing';
SELECT results_eq($$SELECT severity::text, status::text, message FROM _pggit.alerts WHERE operation_type = 'webhook'$$,
    $$VALUES ('CRITICAL', 'pending', 'webhook "pager" was switched off: it failed for days')$$,
    'that becomes critical when it is switched off');
SELECT is(_pggit.check_webhooks(), 0, 'it is not tried any more');
SELECT is((SELECT status FROM _pggit.alerts WHERE operation_type = 'webhook'), 'pending', 'but its alert stays');
UPDATE _pggit.webhooks SET is_active = true, disabled_reason = NULL;
UPDATE _pggit.webhook_health_metrics SET health_status = 'healthy';
SELECT is(_pggit.check_webhooks(), 0, 'switched on again and well');
SELECT is((SELECT status FROM _pggit.alerts WHERE operation_type = 'webhook'), 'resolved', 'it is resolved');

SELECT * FROM finish();
ROLLBACK;
