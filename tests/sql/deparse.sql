-- Definitions whose print PostgreSQL changes when it reads it back, and what that would do to worktrees.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public, tap;
SELECT plan(14);

SELECT is(_pggit.settled('a = 1'), 'a = 1', 'most definitions stay as they are');
SELECT is(_pggit.settled($$s::text = ANY (ARRAY['a'::character varying, 'b,]'::character varying]::text[])$$),
    $$s::text = ANY (ARRAY['a'::character varying::text, 'b,]'::character varying::text])$$, 'a list beside a varchar is cast item by item');
SELECT is(_pggit.settled($$((t.s)::text = ANY ((ARRAY['a'::character varying, 'it''s'::character varying])::text[]))$$),
    $$((t.s)::text = ANY (ARRAY[('a'::character varying)::text, ('it''s'::character varying)::text]))$$, 'in queries, too');
SELECT is(_pggit.settled('((((a = 1) OR (b = 2)) OR (c = 3)) OR (d = 4))'), '((a = 1) OR (b = 2) OR (c = 3) OR (d = 4))',
    'OR of OR is one OR');
SELECT is(_pggit.settled('(((a = 1) OR (b = 2)) AND (c = 3))'), '(((a = 1) OR (b = 2)) AND (c = 3))', 'AND of OR stays');
SELECT is(_pggit.settled('((a = 1) AND ((b = 2) AND (c = 3)))'), '((a = 1) AND ((b = 2) AND (c = 3)))',
    'and so does what PostgreSQL reads as it stands');
SELECT is(_pggit.settled($$((x = 'ARRAY[1]::text[] ((a AND b) AND c)') AND b AND c)$$),
    $$((x = 'ARRAY[1]::text[] ((a AND b) AND c)') AND b AND c)$$, 'constants are nobody''s syntax');

CREATE SCHEMA spelled;
SET LOCAL search_path = spelled, tap;
CREATE DOMAIN grade AS varchar CHECK (VALUE IN ('a', 'b'));
CREATE TABLE t (
    id integer, s varchar(20) CHECK (s IN ('a', 'b')), v varchar, n numeric CHECK (n = ANY (ARRAY[1, 2])), b boolean,
    d varchar[] DEFAULT ARRAY['a', 'b']::varchar[], e text GENERATED ALWAYS AS (CASE WHEN s IN ('a', v) THEN 'x' END) STORED,
    EXCLUDE USING btree (id WITH =) WHERE (s NOT IN ('a', 'b') AND n BETWEEN 1 AND 2 AND b)
);
CREATE INDEX ON t ((CASE WHEN s IN ('a', 'b') THEN 1 END)) WHERE v IN ('c', 'd');
CREATE VIEW w AS
SELECT id, n BETWEEN 1 AND 2 AND s IN ('a', v || 'c') AS flag, sum(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS total
FROM t WHERE (n NOT BETWEEN 1 AND 2 OR b OR id = 3) AND s IN ('a', 'b');
CREATE MATERIALIZED VIEW m AS SELECT s FROM t GROUP BY s HAVING min(n) BETWEEN 1 AND 2 AND s IN ('a', 'b');
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (s IN ('a', 'b')) WITH CHECK (n BETWEEN 1 AND 2 AND b);
CREATE RULE r AS ON UPDATE TO t WHERE new.s IN ('a', 'b') AND old.n BETWEEN 1 AND 2 DO INSTEAD NOTHING;
CREATE FUNCTION f(x varchar DEFAULT 'a') RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT n BETWEEN 1 AND 2 AND b AND x IN ('a', 'b') FROM t; END;
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER k BEFORE UPDATE ON t FOR EACH ROW WHEN (new.s IN ('a', 'b') AND old.n BETWEEN 1 AND 2) EXECUTE FUNCTION g();


SELECT lives_ok($$SELECT pggit.init('spelled')$$, 'a schema full of them is tracked');
SELECT lives_ok($$SELECT pggit.create_branch('copy'), pggit.checkout('copy')$$, 'a branch of it is checked out');
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'and has nothing changed');
SELECT is_empty($$SELECT * FROM pggit.status('main')$$, 'nor has main');
ALTER TABLE t DROP CONSTRAINT t_s_check, ADD CONSTRAINT t_s_check CHECK (s IN ('a', 'b'));
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'the same check made anew is no change');
ALTER TABLE t DROP CONSTRAINT t_s_check, ADD CONSTRAINT t_s_check CHECK (s IN ('a', 'c'));
SELECT lives_ok($$SELECT pggit.commit('c'), pggit.checkout('main'), pggit.merge('copy')$$, 'another one merges');
SELECT is((SELECT pg_get_constraintdef(c.oid, true) ~ '''c''' FROM pg_constraint AS c WHERE c.conname = 't_s_check'
    AND c.conrelid = 'spelled.t'::regclass), true, 'into main');

SELECT * FROM finish();
ROLLBACK;
