BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(10);

CREATE FUNCTION pg_temp.object(p_number integer, p_kind text, p_parent integer, p_name text, p_attrs jsonb)
RETURNS _pggit.object LANGUAGE sql AS $$
    SELECT (
        ('00000000-0000-0000-0000-' || lpad(p_number::text, 12, '0'))::uuid, p_kind,
        ('00000000-0000-0000-0000-' || lpad(p_parent::text, 12, '0'))::uuid, 'app', 't', p_name, NULL, p_attrs, '{}'
    )::_pggit.object
$$;
CREATE FUNCTION pg_temp.told(p_from _pggit.object, p_to _pggit.object) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(
        concat_ws(' ', c.action, c.kind, c.old_name, c.name, '[' || array_to_string(c.attributes, ',') || ']'), '; ')
    FROM _pggit.diff_objects(ARRAY[p_from], ARRAY[p_to]) AS c
$$;

SELECT is_empty(
    $$SELECT * FROM _pggit.diff_objects(
        ARRAY[pg_temp.object(1, 'column', 9, 'a', '{"type": "integer"}')],
        ARRAY[pg_temp.object(1, 'column', 9, 'a', '{"type": "integer"}')])$$,
    'equal trees do not differ'
);
SELECT is(
    pg_temp.told(
        pg_temp.object(1, 'column', 9, 'a', '{"type": "integer"}'), pg_temp.object(1, 'column', 9, 'a', '{"type": "bigint"}')),
    'modified column a [type]', 'a changed attribute is named'
);
SELECT is(
    pg_temp.told(pg_temp.object(1, 'column', 9, 'a', '{"type": "integer"}'), pg_temp.object(1, 'column', 9, 'b', '{"type": "integer"}')),
    'renamed column a b [name]', 'an object is known by its identity, not by its name'
);
SELECT is(
    pg_temp.told(
        pg_temp.object(1, 'column', 9, 'a', '{"type": "integer"}'), pg_temp.object(1, 'column', 9, 'b', '{"type": "bigint"}')),
    'modified column a b [name,type]', 'what is renamed and changed, too, is modified'
);
SELECT is(
    pg_temp.told(pg_temp.object(1, 'table', 8, 'a', '{}'), pg_temp.object(1, 'table', 7, 'a', '{}')),
    'renamed table a [schema]', 'a move to another schema is a rename'
);
SELECT results_eq(
    $$SELECT c.action, c.name FROM _pggit.diff_objects(
        ARRAY[pg_temp.object(1, 'column', 9, 'a', '{}')], ARRAY[pg_temp.object(2, 'column', 9, 'b', '{}')]) AS c$$,
    $$VALUES ('dropped', 'a'), ('added', 'b')$$,
    'other identities are other objects, in the order of their paths'
);
SELECT is(
    pg_temp.told(
        pg_temp.object(1, 'column', 9, 'a', '{"position": 1}'), pg_temp.object(1, 'column', 9, 'a', '{"position": 4}')),
    NULL, 'the place of a column makes no difference'
);
SELECT is(
    pg_temp.told(
        pg_temp.object(1, 'view', 9, 'v', '{"query": "SELECT a", "columns": [["a", "integer"]]}'),
        pg_temp.object(1, 'view', 9, 'v', '{"query": "SELECT a", "columns": [["a", "text"]]}')),
    NULL, 'the output columns of a view follow from its query and make no difference of their own'
);
SELECT is(
    pg_temp.told(pg_temp.object(1, 'table', 9, 't', '{"owner": "bob"}'), pg_temp.object(1, 'table', 9, 't', '{}')),
    NULL, 'an owner that one side does not know is no difference'
);
SELECT is(
    pg_temp.told(
        pg_temp.object(1, 'table', 9, 't', '{"owner": "bob", "acl:PUBLIC:SELECT": "granted"}'),
        pg_temp.object(1, 'table', 9, 't', '{"owner": "eve", "acl:PUBLIC:INSERT": "granted"}')),
    'modified table t [acl:PUBLIC:INSERT,acl:PUBLIC:SELECT,owner]', 'grants differ one by one'
);

SELECT * FROM finish();
ROLLBACK;
