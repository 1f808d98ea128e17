BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public, tap;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;
SELECT plan(60);

-- Making, changing, removing
SELECT is(pggit.list_webhooks(), '{"items": [], "total": 0}', 'without webhooks the list is empty');
CREATE TEMPORARY TABLE made AS SELECT pggit.create_webhook('Deploys', 'https://Hooks.Example.org.?x=1') AS w;
GRANT SELECT ON made TO PUBLIC;
SELECT is(w - ARRAY['id', 'secret', 'created_at', 'updated_at'], '{"name": "Deploys", "url": "https://hooks.example.org/?x=1",
    "description": null, "is_active": true, "event_types": ["*"], "is_ordered": false, "timeout_seconds": 30, "ssl_verify": true,
    "retry_policy": {"max_retries": 3, "backoff_base": 2, "max_backoff": 3600}, "health_check_interval_seconds": 300,
    "hourly_limit": 1000, "disabled_reason": null, "last_used_at": null, "health_status": "unknown"}'::jsonb,
    'name and url are all it takes') FROM made;
SELECT matches(w->>'secret', '^whsec_[A-Za-z0-9+/]{43}=$', 'the secret is shown once') FROM made;
SELECT ok(NOT pggit.get_webhook((w->>'id')::bigint) ? 'secret', 'and not again') FROM made;
SELECT throws_ok($$SELECT pggit.create_webhook('Deploys', 'https://example.org/')$$, 'VCC30', NULL, 'a name is taken once');
SELECT throws_ok($$SELECT pggit.create_webhook(' ', 'https://example.org/')$$, 'VCV34', NULL, 'a name says something');
SELECT throws_ok($$SELECT pggit.create_webhook('x', 'https://example.org/', p_timeout_seconds => 0)$$, '23514', NULL,
    'a limit out of range is refused');
SELECT throws_ok($$SELECT pggit.create_webhook('x', 'https://example.org/', p_retry_policy => '{"tries": 3}')$$, 'VCV33', NULL,
    'a policy has its own keys only');
SELECT throws_ok($$SELECT pggit.create_webhook('x', 'https://example.org/', p_event_types => '{}')$$, 'VCV32', NULL,
    'a filter of nothing is refused');
SELECT is(pggit.update_webhook((w->>'id')::bigint, '{"description": "new", "is_active": false}')
    - ARRAY['updated_at', 'description', 'is_active'], w - ARRAY['secret', 'updated_at', 'description', 'is_active'],
    'a change leaves alone what it does not name') FROM made;
SELECT is(pggit.update_webhook((w->>'id')::bigint, '{"is_active": true, "retry_policy": {"max_retries": 7}}')->'retry_policy',
    '{"max_retries": 7, "backoff_base": 2, "max_backoff": 3600}', 'and so does a change of the policy') FROM made;
SELECT throws_ok($$SELECT pggit.get_webhook(99999)$$, 'VCN30', NULL, 'an unknown webhook is said so');
SELECT throws_ok($$SELECT pggit.update_webhook(99999, '{}')$$, 'VCN30', NULL, 'to change it, too');
SELECT throws_ok($$SELECT pggit.delete_webhook(99999)$$, 'VCN30', NULL, 'to delete it, too');

-- URLs: what cannot be dialled is not stored
CREATE FUNCTION pg_temp.faults(VARIADIC p_urls text[]) RETURNS text[] LANGUAGE sql
RETURN ARRAY(SELECT u.url FROM unnest(p_urls) AS u(url) WHERE _pggit.find_url_fault(u.url) IS NULL);
SELECT is(pg_temp.faults('https://10.0.0.1/', 'https://172.16.0.1/', 'https://172.31.255.254/', 'https://192.168.1.1/'), '{}',
    'private networks are refused');
SELECT is(cardinality(pg_temp.faults('https://172.32.0.1/', 'https://172.15.0.1/', 'https://8.8.8.8/', 'https://100.63.0.1/')), 4,
    'what lies beside them is not');
SELECT is(pg_temp.faults('https://100.64.0.1/', 'https://100.127.255.254/', 'https://127.0.0.1/', 'https://0.0.0.0/',
    'https://169.254.169.254/', 'https://224.0.0.1/', 'https://255.255.255.255/'), '{}', 'shared, loopback, link-local, multicast');
SELECT is(pg_temp.faults('https://192.0.0.8/', 'https://192.0.2.1/', 'https://192.88.99.1/', 'https://198.18.0.1/',
    'https://198.19.255.255/', 'https://198.51.100.1/', 'https://203.0.113.1/'), '{}', 'protocol assignments and documentation');
SELECT is(pg_temp.faults('https://[::1]/', 'https://[::]/', 'https://[0:0:0:0:0:0:0:1]/', 'https://[::ffff:8.8.8.8]/',
    'https://[64:ff9b::7f00:1]/', 'https://[64:ff9b::a9fe:a9fe]/', 'https://[64:ff9b:1::1]/', 'https://[2002:7f00:1::]/',
    'https://[2001:0:7f00:1::]/', 'https://[fd00:ec2::254]/', 'https://[fe80::1]/', 'https://[fec0::1]/', 'https://[ff02::1]/',
    'https://[2001:db8::1]/'), '{}', 'addresses of IPv6 that are not public, or hide one of IPv4');
SELECT is(cardinality(pg_temp.faults('https://[2606:4700::1111]/', 'https://[2a00:1450:4001:80b::200e]/')), 2, 'public ones are good');
SELECT is(pg_temp.faults('https://127.1/', 'https://0x7f.1/', 'https://2130706433/', 'https://0177.0.0.1/', 'https://8.8.8/',
    'https://08.8.8.8/', 'https://1.2.3.4.5/', 'https://[::1/', 'https://[fe80::1%eth0]/'), '{}', 'other spellings of addresses');
SELECT is(pg_temp.faults('http://example.org/', 'ftp://example.org/', 'file:///etc/passwd', 'example.org', '//example.org/',
    'https:///x', 'https://user:pw@example.org/', 'https://user@example.org/', 'https://example.org/#x', 'https://example.org:0/',
    'https://example.org:99999/', 'https://example.org:x/'), '{}', 'schemes, users, fragments and ports');
SELECT is(pg_temp.faults(E'https://example.org/\r\nX-Evil: 1', 'https://example.org/ x', E'https://example.org/\t', 'https://exa mple.org/',
    'https://a..b/', 'https://-a.org/', 'https://a-.org/', 'https://' || repeat('a', 64) || '.org/',
    'https://' || repeat('abcdefgh.', 30) || 'org/', 'https://example.org/' || repeat('a', 2048), 'https://bücher.example/',
    'https://example.org/ü', 'https://exa%6dple.org/', 'https://example.org\@10.0.0.1/'), '{}', 'what is malformed or too long');
SELECT is(cardinality(pg_temp.faults('https://example.org', 'https://example.org./', 'https://EXAMPLE.org:8443/a/b?c=d&e',
    'https://xn--bcher-kva.example/', 'https://example.org/%0d%0aX-Evil:1', 'https://localhost.example.org/')), 6, 'good ones are good');
SELECT is(_pggit.normal_url('HTTPS://Example.ORG.:443?x'), 'https://example.org:443/?x', 'one host has one spelling');
SET LOCAL pggit.webhook_allowed_networks = '10.1.0.0/16, 127.0.0.0/8';
SET LOCAL pggit.webhook_allow_http = 'on';
SELECT is(pg_temp.faults('http://10.1.2.3/', 'http://127.0.0.1:8080/', 'http://10.2.0.1/', 'http://[::1]/'),
    '{http://10.1.2.3/,http://127.0.0.1:8080/}', 'a setting opens networks, and no others');
RESET pggit.webhook_allowed_networks;
RESET pggit.webhook_allow_http;
SELECT throws_ok($$SELECT pggit.update_webhook((w->>'id')::bigint, '{"url": "https://10.0.0.1/"}') FROM made$$, 'VCV31',
    'url has a host that is not a public address', 'a change is checked as well');

-- Events become deliveries
DELETE FROM _pggit.webhooks;
DELETE FROM _pggit.deliveries;
CREATE TEMPORARY TABLE hook AS
SELECT n.name, (pggit.create_webhook(n.name, 'https://' || n.name || '.example.org/', p_event_types => n.types,
    p_is_ordered => n.name = 'ordered')->>'id')::integer AS id
FROM (VALUES ('all', '{*}'::text[]), ('ordered', '{custom.*}'), ('other', '{merge.*}'), ('news', '{webhook.*,delivery.failed}'))
    AS n(name, types);
GRANT SELECT ON hook TO PUBLIC;
CREATE FUNCTION pg_temp.hook(p_name text) RETURNS integer LANGUAGE sql STABLE RETURN (SELECT h.id FROM hook AS h WHERE h.name = p_name);
DELETE FROM _pggit.deliveries;
SELECT pggit.publish_event('custom.one', '{"n": 1}');
SELECT pggit.publish_event('custom.two', '{"n": 2}');
SELECT results_eq($$SELECT h.name, count(d.delivery_id)::integer FROM hook AS h LEFT JOIN _pggit.deliveries AS d ON d.webhook_id = h.id
    GROUP BY 1 ORDER BY 1$$, $$VALUES ('all', 2), ('news', 0), ('ordered', 2), ('other', 0)$$, 'an event waits for those whom it fits');
SELECT lives_ok($$SELECT pggit.update_webhook(pg_temp.hook('other'), '{"description": "x"}')$$, 'a webhook changes');
SELECT is((SELECT count(*)::integer FROM _pggit.deliveries WHERE webhook_id <> pg_temp.hook('news')), 4,
    'news of webhooks go to those who ask for them by name');
SELECT throws_ok($$SELECT pggit.publish_event('merge.completed', '{}')$$, 'VCV37', NULL, 'nobody publishes what only pggit can know');
SELECT throws_ok($$SELECT pggit.publish_event('custom.x', to_jsonb(repeat(md5('x'), 10000)))$$, 'VCV39', NULL, 'content has a limit');
SELECT is(pggit.publish_event('custom.quiet', '{}', NULL, 'k')->>'is_new', 'true', 'a key makes an event');
SELECT is(pggit.publish_event('custom.quiet', '{}', NULL, 'k')->>'is_new', 'false', 'and no second one');
SELECT throws_ok($$SELECT pggit.publish_event('custom.quiet', '{"a": 1}', NULL, 'k')$$, 'VCC31', NULL, 'nor one with another content');
SELECT throws_ok($$SELECT pggit.publish_event('custom.quiet', '{}', NULL, 'a.b')$$, 'VCV38', NULL, 'a key is safe in a header');

-- Claim and finish; the order of events rests on transactions that have ended, so the ordered webhook gives nothing here.
DELETE FROM _pggit.deliveries WHERE webhook_id <> pg_temp.hook('all');
CREATE TEMPORARY TABLE claim AS SELECT pggit.claim_deliveries('w', 2) AS given;
CREATE TEMPORARY TABLE claimed AS
SELECT d.delivery_id, d.webhook_id, d.attempt, e.body, e.message_id
FROM claim AS c
CROSS JOIN json_to_recordset(c.given->'deliveries') AS d(delivery_id bigint, webhook_id integer, attempt integer, event_id bigint)
LEFT JOIN json_to_recordset(c.given->'events') AS e(event_id bigint, body text, message_id text) USING (event_id);
SELECT is((SELECT count(*)::integer FROM claimed), 2, 'a worker claims as many as it asks for');
SELECT ok(bool_and(c.body::jsonb->>'id' = c.message_id AND c.attempt = 1), 'with what it takes to send them')
FROM claimed AS c;
SELECT ok(min(d.due_at) >= clock_timestamp() + interval '59 seconds', 'a lease outlives the longest attempt by half a minute')
FROM _pggit.deliveries AS d WHERE d.leased_by = 'w';
CREATE FUNCTION pg_temp.result(p_nth integer, p_delivered boolean, p_more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql
RETURN (SELECT jsonb_build_array(jsonb_build_object('delivery_id', c.delivery_id, 'webhook_id', c.webhook_id, 'attempt', c.attempt,
    'is_delivered', p_delivered, 'duration_ms', 5) || p_more)
    FROM (SELECT c.*, row_number() OVER (ORDER BY c.delivery_id) AS nth FROM claimed AS c) AS c WHERE c.nth = p_nth);
SELECT is(pggit.finish_deliveries('w', jsonb_set(pg_temp.result(1, true), '{0,attempt}', '2')), 0, 'who lost his lease changes nothing');
SELECT is(pggit.finish_deliveries('w', pg_temp.result(1, true, '{"status_code": 200}')), 1, 'a delivery is done once');
SELECT is(pggit.finish_deliveries('w', pg_temp.result(1, true, '{"status_code": 200}')), 0, 'and not twice');
SELECT is(pggit.finish_deliveries('w', pg_temp.result(2, false, '{"status_code": 500}')), 1, 'another fails');
SELECT results_eq($$SELECT a.outcome, a.status_code, a.next_at IS NULL FROM _pggit.attempts AS a ORDER BY a.delivery_id$$,
    $$VALUES ('delivered', 200, true), ('failed', 500, false)$$, 'both are logged');
SELECT is(pggit.get_webhook_health(pg_temp.hook('all')) - ARRAY['webhook_id', 'last_attempt_at', 'last_success_at', 'last_failure_at',
    'failing_since', 'blocked_until', 'waiting'], '{"health_status": "degraded", "is_active": true, "total_deliveries": 1,
    "successful_deliveries": 1, "failed_deliveries": 0, "total_attempts": 2, "avg_response_time_ms": 5, "max_response_time_ms": 5,
    "min_response_time_ms": 5, "consecutive_failures": 1, "breaker": "closed", "sent_this_hour": 2, "hourly_limit": 1000,
    "dead_letters": 0}'::jsonb, 'the health knows of both');
SELECT throws_ok($$SELECT pggit.get_delivery(pg_temp.hook('other'), (SELECT min(delivery_id) FROM claimed))$$, 'VCN31', NULL,
    'a delivery of another webhook does not exist');
SELECT throws_ok($$SELECT pggit.retry_delivery(pg_temp.hook('other'), (SELECT min(delivery_id) FROM claimed))$$, 'VCN31', NULL,
    'nor can it be sent again');
SELECT is(pggit.retry_delivery(pg_temp.hook('all'), (SELECT min(delivery_id) FROM claimed))->>'status', 'pending', 'a delivery can');
SELECT throws_ok($$SELECT pggit.retry_delivery(pg_temp.hook('all'), (SELECT min(delivery_id) FROM claimed))$$, 'VCS32', NULL,
    'but not while it is under way');
SELECT is(pggit.ping_webhook(pg_temp.hook('news'))->>'event_type', 'webhook.ping', 'a ping is a delivery');
SELECT is((SELECT count(*)::integer FROM _pggit.deliveries WHERE trigger = 'ping'), 1, 'for one webhook alone');
SELECT pggit.update_webhook(pg_temp.hook('news'), '{"is_active": false}');
SELECT throws_ok($$SELECT pggit.ping_webhook(pg_temp.hook('news'))$$, 'VCS31', NULL, 'what is switched off is not pinged');
SELECT throws_ok($$SELECT pggit.replay_deliveries(pg_temp.hook('news'))$$, 'VCS31', NULL, 'nor is anything sent again');
SELECT throws_ok($$SELECT pggit.replay_deliveries(pg_temp.hook('all'), now(), now() - interval '1 day')$$, 'VCV36', NULL,
    'a range does not end before it begins');

-- Secrets
SELECT throws_ok($$SELECT pggit.rotate_webhook_secret(pg_temp.hook('all'), 1000)$$, 'VCV35', NULL, 'an overlap has a limit');
SELECT pggit.rotate_webhook_secret(pg_temp.hook('all'));
SELECT pggit.rotate_webhook_secret(pg_temp.hook('all'));
SELECT is((SELECT count(*)::integer FROM _pggit.webhook_secrets WHERE webhook_id = pg_temp.hook('all')), 2, 'two secrets live at most');
SET LOCAL ROLE pggit_admin;
SELECT throws_ok($$SELECT * FROM _pggit.webhook_secrets$$, '42501', NULL, 'nobody but the owner reads secrets');
RESET ROLE;
SET LOCAL ROLE pggit_writer;
SELECT lives_ok($$SELECT pggit.create_webhook('by a writer', 'https://example.org/')$$, 'a writer makes webhooks');
SELECT throws_ok($$SELECT pggit.claim_deliveries('w')$$, '42501', NULL, 'but claims no deliveries');
RESET ROLE;

-- Time goes by
UPDATE _pggit.attempts SET created_at = now() - interval '7 days';
UPDATE _pggit.attempts SET slot = _pggit.ring_slot(now() + interval '1 day');
SELECT is(pggit.sweep_deliveries(), 1, 'attempts of the week before go');

SELECT * FROM finish();
ROLLBACK;
