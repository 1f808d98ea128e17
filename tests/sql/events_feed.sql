BEGIN;
SET LOCAL search_path = public, tap;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;
SELECT plan(9);

SELECT matches(
    pggit.feed_position(), '^[0-9a-f]{1,16}~\d+:\d+:[\d,]*$',
    'a position names the database and a snapshot'
);
SELECT throws_ok(
    $$SELECT pggit.follow_events('12-3')$$, 'VCV30', '"12-3" is no position of the feed',
    'what is no position is refused'
);
SELECT throws_ok(
    $$SELECT pggit.follow_events('abc~1:1:')$$, 'VCS30', NULL,
    'a position of another database is refused'
);
SELECT throws_ok(
    $$SELECT pggit.follow_events(split_part(pggit.feed_position(), '~', 1) || '~1:9000000000000000000:')$$, 'VCS30', NULL,
    'a position that this server has not come to yet is refused'
);
INSERT INTO _pggit.event_horizon (xid) VALUES (pg_current_xact_id());
SELECT throws_ok(
    $$SELECT pggit.follow_events(split_part(pggit.feed_position(), '~', 1) || '~2:2:')$$, 'VCS30', NULL,
    'a position from before the events that are kept is refused'
);
-- Other transactions of the server may be older than this horizon.
DELETE FROM _pggit.event_horizon;
SELECT is_empty(
    $$SELECT pggit.follow_events(pggit.feed_position())$$,
    'after the position of now there is nothing'
);

SET LOCAL ROLE pggit_reader;
SELECT is(
    pggit.list_feed(pggit.feed_position()) -> 'items', '[]'::jsonb,
    'a reader follows the stream'
);
SELECT throws_ok(
    $$SELECT pggit.invalidate_cache('{webhooks_list}')$$, '42501', NULL,
    'a reader may not empty the cache'
);
SET LOCAL ROLE pggit_writer;
SELECT throws_ok(
    $$DELETE FROM _pggit.cache_rules$$, '42501', NULL,
    'what makes answers stale is nobody''s to change'
);

SELECT * FROM finish();
ROLLBACK;
