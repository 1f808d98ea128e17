BEGIN;
SET LOCAL search_path = public, tap;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;
SELECT plan(4);

SELECT set_has(
    $$SELECT r.cache_key, r.event_type FROM pggit.list_cache_rules() AS r$$,
    $$VALUES ('webhooks_list', 'webhook.*'), ('alerts_summary', 'alert.*'), ('dashboard_metrics', 'alert.*')$$,
    'webhooks and alerts make their lists stale'
);
SELECT set_eq(
    $$SELECT DISTINCT r.cache_key FROM pggit.list_cache_rules() AS r$$,
    ARRAY['webhooks_list', 'alerts_summary', 'dashboard_metrics'],
    'every kept answer has events that make it stale'
);
SELECT lives_ok(
    $$SELECT pggit.invalidate_cache('{webhooks_list,x}', 'alerts_*')$$,
    'the cache is emptied from SQL'
);
SELECT results_eq(
    $$SELECT e.data FROM _pggit.events AS e WHERE e.type = 'cache.invalidated'$$,
    $$VALUES ('{"keys": ["webhooks_list", "x"], "pattern": "alerts_*"}'::jsonb)$$,
    'and the stream tells every process'
);

SELECT * FROM finish();
ROLLBACK;
