--# views
CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t VALUES (1, 10, 'x'); CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW w AS SELECT id FROM v; CREATE MATERIALIZED VIEW m AS SELECT id, b FROM t;
--= redefined on one side
--: ours
CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 5;
--: theirs
ALTER TABLE t ADD x int;
--: merged
pg_get_viewdef('v') LIKE '%a > 5%' AND see.column('t', 'x') = 'integer'
--= redefined alike
--: ours
CREATE OR REPLACE VIEW v AS SELECT id, a, b FROM t;
--: theirs
CREATE OR REPLACE VIEW v AS select "t".id, t.a, b
from t;
--: merged
see.columns('v') = 'a integer, b text, id integer'
--= redefined two ways
--: ours
CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 5;
--: theirs
CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 6;
--: conflict schema_mismatch/query
--: ours wins
pg_get_viewdef('v') LIKE '%a > 5%'
--: theirs wins
pg_get_viewdef('v') LIKE '%a > 6%'
--= query and option
--: ours
CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 5;
--: theirs
ALTER VIEW v SET (security_barrier = true);
--: merged
pg_get_viewdef('v') LIKE '%a > 5%' AND (SELECT reloptions = '{security_barrier=true}' FROM pg_class WHERE oid = 'v'::regclass)
--= comment and grant
--: ours
COMMENT ON VIEW v IS 'see';
--: theirs
GRANT SELECT ON v TO pggit_test_alice;
--: merged
obj_description('v'::regclass) = 'see' AND has_table_privilege('pggit_test_alice', 'v', 'SELECT')
--= both add the same view
--: ours
CREATE VIEW n AS SELECT count(*) AS c FROM t;
--: theirs
CREATE VIEW n AS SELECT count(*) AS c FROM t;
--: merged
see.columns('n') = 'c bigint'
--= both add another view of one name
--: ours
CREATE VIEW n AS SELECT count(*) AS c FROM t;
--: theirs
CREATE VIEW n AS SELECT max(a) AS c FROM t;
--: conflict both_added
--: ours wins
see.columns('n') = 'c bigint'
--: theirs wins
see.columns('n') = 'c integer'
--= a new view over a column that the other side drops
--: ours
ALTER TABLE t DROP b CASCADE;
--: theirs
CREATE VIEW n AS SELECT b FROM t;
--: conflict dependency_broken
--: theirs wins
see.columns('n') = 'b text'
--= a new view over a column that the other side renames
--: ours
ALTER TABLE t RENAME a TO aa;
--: theirs
CREATE VIEW n AS SELECT a FROM t WHERE a > 3;
--: merged
see.columns('n') = 'a integer' AND (SELECT sum(a) FROM n) = 10
--= a column behind a view retyped on one side, another view over it on the other
--: ours
DROP VIEW w; DROP VIEW v; ALTER TABLE t ALTER a TYPE bigint; CREATE VIEW v AS SELECT id, a FROM t; CREATE VIEW w AS SELECT id FROM v;
--: theirs
CREATE VIEW n AS SELECT id FROM w;
--: merged
see.columns('v') = 'a bigint, id integer' AND see.columns('n') = 'id integer'
--= a view over a view that the other side drops
--: ours
DROP VIEW w;
--: theirs
CREATE VIEW n AS SELECT id FROM w;
--: conflict dependency_broken
--: ours wins
to_regclass('w') IS NULL
--: theirs wins
to_regclass('n') IS NOT NULL
--= a view over a view, the lower one redefined
--: ours
CREATE OR REPLACE VIEW v AS SELECT id, a, b FROM t;
--: theirs
CREATE OR REPLACE VIEW w AS SELECT id, a FROM v;
--: merged
see.columns('w') = 'a integer, id integer' AND see.columns('v') = 'a integer, b text, id integer'
--= dropped against redefined
--: ours
DROP VIEW w;
--: theirs
CREATE OR REPLACE VIEW w AS SELECT id, a FROM v;
--: conflict modify_delete
--: ours wins
to_regclass('w') IS NULL
--: theirs wins
see.columns('w') = 'a integer, id integer'
--= renamed and redefined
--: ours
ALTER VIEW w RENAME TO ww;
--: theirs
CREATE OR REPLACE VIEW w AS SELECT id, a FROM v;
--: merged
see.columns('ww') = 'a integer, id integer' AND to_regclass('w') IS NULL
--= a materialized view's query and its index
--: ours
CREATE UNIQUE INDEX m_id ON m (id);
--: theirs
COMMENT ON MATERIALIZED VIEW m IS 'mat';
--: merged
see.indexes('m') = 'UNIQUE m_id (id)' AND obj_description('m'::regclass) = 'mat'
--= a materialized view redefined, indexed on the other side
--: ours
DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT id, b, a FROM t;
--: theirs
CREATE UNIQUE INDEX m_id ON m (id);
--: merged
see.indexes('m') = 'UNIQUE m_id (id)' AND see.columns('m') = 'a integer, b text, id integer'
--= a materialized view redefined two ways
--: ours
DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT id, b, a FROM t;
--: theirs
DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
--: conflict schema_mismatch
--: ours wins
see.columns('m') = 'a integer, b text, id integer'
--: theirs wins
see.columns('m') = 'id integer'

--# functions
CREATE TABLE t (id int PRIMARY KEY, a int); CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT 5 $$; CREATE PROCEDURE p() LANGUAGE sql AS $$ SELECT 1 $$;
--= body on one side, volatility on the other
--: ours
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
--: theirs
ALTER FUNCTION f(int) IMMUTABLE STRICT;
--: merged
f(0) = 2 AND (SELECT provolatile = 'i' AND proisstrict FROM pg_proc WHERE oid = 'f(int)'::regprocedure)
--= body on one side, comment, grants and settings on the other
--: ours
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
--: theirs
COMMENT ON FUNCTION f(int) IS 'c'; GRANT EXECUTE ON FUNCTION f(int) TO pggit_test_alice; ALTER FUNCTION f(int) SET work_mem = '1MB';
--: merged
f(0) = 2 AND obj_description('f(int)'::regprocedure) = 'c' AND (SELECT proconfig = '{work_mem=1MB}' FROM pg_proc WHERE oid = 'f(int)'::regprocedure)
--= body two ways
--: ours
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
--: theirs
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT 3 $$;
--: conflict schema_mismatch
--: ours wins
f(0) = 2
--: theirs wins
f(0) = 3
--= body alike
--: ours
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
--: theirs
CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
--: merged
f(0) = 2
--= volatility two ways
--: ours
ALTER FUNCTION f(int) IMMUTABLE;
--: theirs
ALTER FUNCTION f(int) STABLE;
--: conflict schema_mismatch/volatility
--: ours wins
(SELECT provolatile = 'i' FROM pg_proc WHERE oid = 'f(int)'::regprocedure)
--: theirs wins
(SELECT provolatile = 's' FROM pg_proc WHERE oid = 'f(int)'::regprocedure)
--= overloads
--: ours
CREATE FUNCTION f(x text) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
--: theirs
CREATE FUNCTION f(x int, y int) RETURNS int LANGUAGE sql AS $$ SELECT 3 $$;
--: merged
f(0) = 1 AND f('x'::text) = 2 AND f(1, 2) = 3
--= one overload dropped, another changed
--: ours
DROP FUNCTION g();
--: theirs
CREATE FUNCTION g(x int) RETURNS int LANGUAGE sql AS $$ SELECT 3 $$;
--: merged
g(1) = 3 AND to_regprocedure('g()') IS NULL
--= dropped against changed
--: ours
DROP FUNCTION g();
--: theirs
CREATE OR REPLACE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT 6 $$;
--: conflict modify_delete
--: ours wins
to_regprocedure('g()') IS NULL
--: theirs wins
g() = 6
--= dropped against used in a default
--: ours
DROP FUNCTION g();
--: theirs
ALTER TABLE t ALTER a SET DEFAULT g();
--: conflict dependency_broken
--: theirs wins
see.column('t', 'a') = 'integer =g()'
--= dropped against used in a check and a view
--: ours
DROP FUNCTION f(int);
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (f(a) > 0); CREATE VIEW v AS SELECT f(a) FROM t;
--: conflict dependency_broken dependency_broken
--= result type on one side, use on the other
--: ours
DROP FUNCTION g(); CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS $$ SELECT 5::bigint $$;
--: theirs
ALTER TABLE t ALTER a SET DEFAULT g();
--: merged
see.column('t', 'a') = 'integer =g()' AND pg_typeof(g()) = 'bigint'::regtype
--= renamed and changed
--: ours
ALTER FUNCTION g() RENAME TO gg;
--: theirs
CREATE OR REPLACE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT 7 $$;
--: merged
gg() = 7 AND to_regprocedure('g()') IS NULL
--= renamed two ways
--: ours
ALTER FUNCTION g() RENAME TO g1;
--: theirs
ALTER FUNCTION g() RENAME TO g2;
--: conflict rename_rename
--: ours wins
g1() = 5
--: theirs wins
g2() = 5
--= a procedure's body and its security
--: ours
CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS $$ SELECT 2 $$;
--: theirs
ALTER PROCEDURE p() SECURITY DEFINER;
--: merged or conflict
(SELECT prosecdef AND prosrc LIKE '%2%' FROM pg_proc WHERE oid = 'p()'::regprocedure)
--= both add the same function
--: ours
CREATE FUNCTION n(a int DEFAULT 1) RETURNS SETOF t LANGUAGE sql AS $$ SELECT * FROM t $$;
--: theirs
CREATE FUNCTION n(a integer DEFAULT 1) RETURNS SETOF t LANGUAGE sql AS $$ SELECT * FROM t $$;
--: merged
to_regprocedure('n(int)') IS NOT NULL
--= both add another function of one signature
--: ours
CREATE FUNCTION n(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
--: theirs
CREATE FUNCTION n(a int) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
--: conflict both_added
--: ours wins
n(1)::text = '1'
--: theirs wins
n(1)::text = 'x'
--= an aggregate on each side
--: ours
CREATE AGGREGATE s1(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
--: theirs
CREATE AGGREGATE s2(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
--: merged
(SELECT count(*) FROM pg_aggregate WHERE aggfnoid::regproc::text IN ('s1', 's2')) = 2

--# a function that another is to return
CREATE FUNCTION base_of() RETURNS int LANGUAGE sql RETURN 1; CREATE TABLE t (id int PRIMARY KEY);
--= a body that returns what another function no longer gives
--: ours
CREATE FUNCTION over_it() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT base_of(); END;
--: theirs
DROP FUNCTION base_of(); CREATE FUNCTION base_of() RETURNS text LANGUAGE sql RETURN 'one'::text;
--: conflict dependency_broken
--: ours wins
over_it() = 1
--= a body that casts what another function gives otherwise now
--: ours
CREATE FUNCTION over_it() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT base_of()::text; END;
--: theirs
DROP FUNCTION base_of(); CREATE FUNCTION base_of() RETURNS bigint LANGUAGE sql RETURN 7;
--: merged
over_it() = '7'
--# triggers and policies
CREATE TABLE t (id int PRIMARY KEY, a int, who text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY po ON t USING (a > 0);
--= triggers from two sides
--: ours
CREATE TRIGGER t1 AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
--: theirs
CREATE TRIGGER t2 AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g();
--: merged
(SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass AND NOT tgisinternal) = 3
--= one trigger two ways
--: ours
CREATE TRIGGER t1 AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
--: theirs
CREATE TRIGGER t1 AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
--: conflict both_added
--: ours wins
see.trigger('t', 't1') LIKE '%f()'
--: theirs wins
see.trigger('t', 't1') LIKE '%g()'
--= the same trigger
--: ours
CREATE TRIGGER t1 AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
--: theirs
CREATE TRIGGER t1 AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
--: merged
see.trigger('t', 't1') LIKE '%f()'
--= trigger dropped and changed
--: ours
DROP TRIGGER tr ON t;
--: theirs
CREATE OR REPLACE TRIGGER tr BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
--: conflict modify_delete
--: ours wins
see.trigger('t', 'tr') IS NULL
--: theirs wins
see.trigger('t', 'tr') LIKE '%INSERT OR UPDATE%'
--= trigger disabled and its function changed
--: ours
ALTER TABLE t DISABLE TRIGGER tr;
--: theirs
CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.a := 1; RETURN new; END $$;
--: merged
(SELECT tgenabled = 'D' FROM pg_trigger WHERE tgname = 'tr' AND tgrelid = 't'::regclass) AND (SELECT prosrc LIKE '%new.a%' FROM pg_proc WHERE oid = 'f()'::regprocedure)
--= trigger disabled and commented
--: ours
ALTER TABLE t DISABLE TRIGGER tr;
--: theirs
COMMENT ON TRIGGER tr ON t IS 'x';
--: merged
(SELECT tgenabled = 'D' AND obj_description(oid, 'pg_trigger') = 'x' FROM pg_trigger WHERE tgname = 'tr' AND tgrelid = 't'::regclass)
--= a trigger whose function the other side drops
--: ours
DROP FUNCTION g();
--: theirs
CREATE TRIGGER t2 AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g();
--: conflict dependency_broken
--: theirs wins
see.trigger('t', 't2') IS NOT NULL
--= a trigger on a column that the other side drops
--: ours
ALTER TABLE t DROP who;
--: theirs
CREATE TRIGGER t2 AFTER UPDATE OF who ON t FOR EACH ROW WHEN (new.who <> '') EXECUTE FUNCTION g();
--: conflict dependency_broken
--= a trigger on a column that the other side renames
--: ours
ALTER TABLE t RENAME who TO person;
--: theirs
CREATE TRIGGER t2 AFTER UPDATE OF who ON t FOR EACH ROW WHEN (new.who <> '') EXECUTE FUNCTION g();
--: merged
see.trigger('t', 't2') LIKE '%UPDATE OF person%new.person%'
--= a trigger on a table that the other side renames
--: ours
ALTER TABLE t RENAME TO tt;
--: theirs
CREATE TRIGGER t2 AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g();
--: merged
see.trigger('tt', 't2') IS NOT NULL
--= policies from two sides
--: ours
CREATE POLICY p1 ON t FOR SELECT USING (who = current_user);
--: theirs
CREATE POLICY p2 ON t FOR INSERT WITH CHECK (a < 5);
--: merged
see.policies('t') = 'p1, p2, po'
--= one policy, its roles and its expression
--: ours
ALTER POLICY po ON t TO pggit_test_alice;
--: theirs
ALTER POLICY po ON t USING (a > 1);
--: merged
(SELECT roles = '{pggit_test_alice}' AND qual = '(a > 1)' FROM pg_policies WHERE tablename = 't' AND policyname = 'po' AND schemaname = 'public')
--= one policy's expression two ways
--: ours
ALTER POLICY po ON t USING (a > 2);
--: theirs
ALTER POLICY po ON t USING (a > 1);
--: conflict schema_mismatch
--: ours wins
(SELECT qual = '(a > 2)' FROM pg_policies WHERE policyname = 'po' AND schemaname = 'public')
--: theirs wins
(SELECT qual = '(a > 1)' FROM pg_policies WHERE policyname = 'po' AND schemaname = 'public')
--= a policy over a column that the other side drops
--: ours
ALTER TABLE t DROP who;
--: theirs
CREATE POLICY p1 ON t USING (who = current_user);
--: conflict dependency_broken
--: theirs wins
see.policies('t') = 'p1, po'
--= row security switched off and forced
--: ours
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
--: theirs
ALTER TABLE t FORCE ROW LEVEL SECURITY;
--: merged
(SELECT NOT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 't'::regclass)
--# overloaded functions under aggregates
CREATE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE FUNCTION plus(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT a || b';
CREATE AGGREGATE total(int) (SFUNC = plus, STYPE = int, INITCOND = '0');
CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2);
--= one renamed, an aggregate added over it
--: ours
ALTER FUNCTION plus(int, int) RENAME TO add;
--: theirs
CREATE AGGREGATE total2(int) (SFUNC = plus, STYPE = int, INITCOND = '10');
--: merged
(SELECT total(id) = 3 AND total2(id) = 13 FROM t) AND to_regprocedure('add(int,int)') IS NOT NULL
--= another overload against the aggregate dropped
--: ours
CREATE FUNCTION plus(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
--: theirs
DROP AGGREGATE total(int);
--: merged
to_regprocedure('total(int)') IS NULL
--= one body changed, another overload dropped
--: ours
CREATE OR REPLACE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b + 1';
--: theirs
DROP FUNCTION plus(text, text);
--: merged
(SELECT total(id) = 5 FROM t)
