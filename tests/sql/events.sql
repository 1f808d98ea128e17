BEGIN;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, label text);
SET LOCAL search_path = shop, public, tap;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;
SELECT plan(27);

SELECT pggit.init('shop');
SELECT pggit.create_branch('side');
SELECT pggit.create_branch('gone');
SELECT pggit.delete_branch('gone');
SELECT pggit.create_tag('v1');
ALTER TABLE shop.item ADD COLUMN price numeric;
SELECT pggit.commit('price', 'main');
SELECT pggit.checkout('side');
ALTER TABLE item ADD COLUMN price text;
SELECT pggit.commit('price as text');
SELECT pggit.checkout('main');
SELECT pggit.merge('side', 'main');
SELECT pggit.abort_merge(merge_id) FROM pggit.merges;
SELECT pggit.merge('side', 'main', NULL, 'ours');
SELECT results_eq(
    $$SELECT type, subject FROM _pggit.events WHERE type !~ '^(merge|alert)\.' ORDER BY event_id$$,
    $$VALUES ('branch.created', 'main'), ('repository.created', 'shop'), ('branch.created', 'side'), ('branch.created', 'gone'), ('branch.deleted', 'gone'),
        ('tag.created', 'v1'), ('commit.created', 'main'), ('commit.created', 'side'), ('commit.created', 'main')$$,
    'branches, tags and commits make events'
);
SELECT results_eq(
    $$SELECT type, data->>'conflicts' FROM _pggit.events WHERE type LIKE 'merge.%' ORDER BY event_id$$,
    $$VALUES ('merge.conflicted', '1'), ('merge.aborted', '0'), ('merge.completed', '0')$$,
    'merges make events'
);
SELECT is((SELECT data->>'message' FROM _pggit.events WHERE type = 'commit.created' ORDER BY event_id LIMIT 1), 'price',
    'an event carries what its readers need');
SELECT pggit.reset('main~1', 'main', true);
SELECT is((SELECT data->>'reason' FROM _pggit.events WHERE type = 'branch.moved'), 'reset to main~1',
    'a reset moves a branch without a commit');
SELECT is_empty($$SELECT * FROM pggit.read_events()$$, 'what is not committed yet is not read, not even by its writer');

-- As if their transactions had ended long ago.
DELETE FROM _pggit.events;
INSERT INTO _pggit.events (event_id, xid, slot, type, data, actor, message_id)
VALUES (1, '10', 0, 'a.one', '{}', 'x', 'm1'), (2, '9', 0, 'a.two', '{}', 'x', 'm2'), (3, '10', 1, 'b.one', '{}', 'x', 'm3'),
    (4, pg_snapshot_xmin(pg_current_snapshot()), 1, 'b.two', '{}', 'x', 'm4');
SELECT results_eq($$SELECT event_id FROM pggit.read_events()$$, ARRAY[2, 1, 3]::bigint[],
    'events come in the order of their transactions, and only from below the oldest that runs');
SELECT results_eq(
    $$SELECT event_id FROM pggit.read_events((SELECT cursor FROM pggit.read_events(NULL, NULL, 1)))$$, ARRAY[1, 3]::bigint[],
    'a cursor reads on behind its event');
SELECT results_eq($$SELECT event_id FROM pggit.read_events(NULL, '{a.*}')$$, ARRAY[2, 1]::bigint[], 'a filter may name a group');
SELECT results_eq($$SELECT event_id FROM pggit.read_events(NULL, '{b.one,a.two}')$$, ARRAY[2, 3]::bigint[],
    'a filter may name types');
SELECT is_empty($$SELECT event_id FROM pggit.read_events(NULL, '{}')$$, 'an empty filter takes nothing');
SELECT results_eq($$SELECT event_id FROM pggit.read_events(NULL, '{*}', 2)$$, ARRAY[2, 1]::bigint[], 'a limit holds');
SELECT is_empty($$SELECT event_id FROM pggit.read_events(pggit.event_position())$$, 'after the position of now there is nothing');
SELECT throws_ok($$SELECT pggit.read_events('x')$$, 'VCV30', '"x" is not a cursor', 'another text is no cursor');
SELECT throws_ok($$SELECT pggit.read_events('99999999999999999999-1')$$, 'VCV30', NULL, 'nor is a number beyond all');

SELECT throws_ok($$SELECT _pggit.emit_event('Nonsense', NULL, '{}')$$, '23514', NULL, 'a type has a form');
SELECT isnt(_pggit.emit_event('a.one', NULL, NULL), NULL, 'an event may do without subject and data');
SELECT matches((SELECT message_id FROM _pggit.events ORDER BY event_id DESC LIMIT 1), '^evt_[0-9a-f]{32}$',
    'an event has an id of its own for receivers');

SET LOCAL ROLE pggit_reader;
SELECT is((SELECT count(*)::integer FROM pggit.read_events()), 3, 'a reader reads events');
SELECT throws_ok($$SELECT _pggit.emit_event('a.one', NULL, NULL)$$, '42501', NULL, 'a reader makes none');
SELECT throws_ok($$SELECT _pggit.expire_events()$$, '42501', NULL, 'a reader throws none away');
RESET ROLE;
SET LOCAL ROLE pggit_writer;
SELECT lives_ok($$SELECT pggit.publish_event('custom.three', NULL)$$, 'a writer makes events through the call');
SELECT throws_ok($$INSERT INTO _pggit.events (event_id, slot, type, data, actor) VALUES (1, 0, 'a.b', '{}', 'me')$$, '42501',
    NULL, 'a writer forges none');
SELECT throws_ok($$DELETE FROM _pggit.events_0$$, '42501', NULL, 'a writer deletes none');
RESET ROLE;
SELECT is((SELECT actor FROM _pggit.events WHERE type = 'custom.three'), 'pggit_writer', 'an event says whose role made it');

SELECT is(_pggit.expire_events(), 0, 'events of this week stay');
UPDATE _pggit.events SET created_at = now() - interval '7 days' WHERE slot = 1 AND type LIKE 'b.%';
DELETE FROM _pggit.events WHERE type LIKE 'a.%' OR type LIKE 'custom.%';
UPDATE _pggit.events SET slot = _pggit.ring_slot(now() + interval '1 day');
SELECT is(_pggit.expire_events(), 1, 'events of the week before go');
SELECT throws_ok($$SELECT pggit.read_events('9-2')$$, 'VCS30', NULL, 'a cursor from before them says that it missed some');

SELECT * FROM finish();
ROLLBACK;
