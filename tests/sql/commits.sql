BEGIN;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, label text NOT NULL);
CREATE TABLE shop.sale (id integer PRIMARY KEY, item_id integer REFERENCES shop.item);
CREATE VIEW shop.sold AS SELECT i.label FROM shop.item AS i JOIN shop.sale AS s ON s.item_id = i.id;
SET LOCAL search_path = shop, public, tap;
SELECT plan(36);

SELECT lives_ok($$SELECT pggit.init('shop')$$, 'init');
CREATE TEMPORARY TABLE seen AS SELECT c.* FROM pggit.commits AS c;
SELECT is((SELECT count(*)::integer FROM seen), 1, 'init makes one commit');
SELECT is((SELECT parents FROM seen), '{}'::integer[], 'which has no parents');
SELECT matches((SELECT hash FROM seen), '^[0-9a-f]{64}$', 'and a hash in hex');
SELECT is((SELECT author FROM seen), current_user::text, 'and the caller as its author');

-- The same schema made in another order in another place must give the same tree on every server.
SELECT is(
    (SELECT tree_hash FROM seen),
    encode(_pggit.write_tree(ARRAY(
        SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(_pggit.commit_tree(
            (SELECT commit_id FROM seen))) AS o ORDER BY o.name DESC)), 'hex'),
    'the order of the objects makes no difference to a tree');
SELECT is(
    (SELECT count(*)::integer FROM _pggit.tree_objects(_pggit.commit_tree((SELECT commit_id FROM seen)))),
    (SELECT object_count FROM _pggit.trees), 'a tree gives back as many objects as it was written with');
SELECT set_eq(
    $$SELECT o.* FROM _pggit.tree_objects(_pggit.commit_tree((SELECT commit_id FROM seen))) AS o$$,
    $$SELECT (i.object).* FROM _pggit.read_objects('{shop}', '{shop}', '{}', '{}') AS i$$,
    'a tree gives back what was read');
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'after init nothing differs');

ALTER TABLE shop.item ADD COLUMN price numeric(9, 2);
SELECT results_eq(
    $$SELECT action, kind, schema_name, table_name, name FROM pggit.status()$$,
    $$VALUES ('added'::text, 'column'::text, 'shop'::text, 'item'::text, 'price'::text)$$,
    'status names what was added');
SELECT is((SELECT new->>'type' FROM pggit.status()), 'numeric(9,2)', 'with its definition');
CREATE TEMPORARY TABLE made AS SELECT * FROM pggit.commit('Price the items');
SELECT is((SELECT message FROM made), 'Price the items', 'commit gives the row of the commit');
SELECT is((SELECT parents FROM made), ARRAY[(SELECT commit_id FROM seen)], 'its parent is the former head');
SELECT is((SELECT head_commit_id FROM pggit.branches WHERE name = 'main'), (SELECT commit_id FROM made),
    'the branch stands on it');
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'after a commit nothing differs');
SELECT is((SELECT count(*)::integer FROM _pggit.pages), (
    SELECT count(DISTINCT p)::integer FROM _pggit.trees, unnest(page_hashes) AS p), 'pages are shared between trees');
SELECT cmp_ok((SELECT count(*)::integer FROM _pggit.tree_changes(
    _pggit.commit_tree((SELECT commit_id FROM seen)), _pggit.commit_tree((SELECT commit_id FROM made)))), '=', 1,
    'two trees that differ in one object give one pair');

ALTER TABLE shop.item RENAME COLUMN label TO title;
SELECT results_eq(
    $$SELECT action, name, old_name FROM pggit.status() WHERE kind = 'column'$$,
    $$VALUES ('renamed'::text, 'title'::text, 'label'::text)$$,
    'a rename is known as one');
SELECT lives_ok($$SELECT pggit.commit('Rename')$$, 'commit of the rename');
SELECT is((SELECT count(DISTINCT object_id)::integer FROM _pggit.blobs WHERE kind = 'column' AND name IN ('label', 'title')),
    1, 'a renamed column keeps its identity');
ALTER TABLE shop.item ADD COLUMN label integer;
SELECT lives_ok($$SELECT pggit.commit('A new label')$$, 'commit of a column under the old name');
SELECT is((SELECT count(DISTINCT object_id)::integer FROM _pggit.blobs WHERE kind = 'column' AND name IN ('label', 'title')),
    2, 'a new object under an old name has an identity of its own');

SELECT results_eq($$SELECT message FROM pggit.log()$$,
    ARRAY['A new label', 'Rename', 'Price the items', 'Track shop'], 'log gives the newest first');
SELECT is((SELECT count(*)::integer FROM pggit.log(NULL, 2)), 2, 'and no more than asked for');
SELECT results_eq(
    $$SELECT action, kind, name, old_name FROM pggit.diff('HEAD~3', 'HEAD') WHERE kind = 'column'$$,
    $$VALUES ('added'::text, 'column'::text, 'label'::text, NULL::text), ('added', 'column', 'price', NULL),
        ('renamed', 'column', 'title', 'label')$$,
    'diff sees through the name that changed hands');
SELECT is_empty($$SELECT * FROM pggit.diff('HEAD', 'HEAD')$$, 'a ref does not differ from itself');
SELECT is_empty($$SELECT * FROM pggit.diff('HEAD')$$, 'diff against the worktree is empty after a commit');
SELECT isnt_empty($$SELECT * FROM pggit.diff('HEAD~1')$$, 'and not against an older commit');
SELECT isnt_empty($$SELECT sql FROM pggit.migration('HEAD~3', 'HEAD')$$, 'migration prints the way up');
SELECT isnt_empty($$SELECT sql FROM pggit.migration('HEAD', 'HEAD~3')$$, 'and the way down');
SELECT is_empty($$SELECT sql FROM pggit.migration('HEAD', 'HEAD')$$, 'and nothing where nothing differs');

SELECT results_eq(
    $$SELECT attribute, message FROM pggit.blame('shop.item.title') WHERE attribute IN ('name', 'type') ORDER BY 1$$,
    $$VALUES ('name'::text, 'Rename'::text), ('type', 'Track shop')$$,
    'blame tells who named a column from who typed it');
SELECT throws_ok($$SELECT pggit.blame('shop.nothing')$$, 'VCN05', 'object "shop.nothing" does not exist',
    'blame of an unknown object names it');
SET LOCAL pggit.author = 'Ada <ada@example.org>';
SELECT is((pggit.commit('Signed', NULL, true)).author, 'Ada <ada@example.org>', 'the author can be set');
SELECT is((SELECT generation FROM pggit.log(NULL, 1)), 5, 'the generation counts the way from the first commit');
SELECT throws_ok($$SELECT pggit.commit('x', 'nowhere')$$, 'VCN01', 'branch "nowhere" does not exist',
    'commit on an unknown branch names it');

SELECT * FROM finish();
ROLLBACK;
