--# functions
CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 2);
--= a new one
-->
CREATE FUNCTION f(a int, b text DEFAULT 'x', VARIADIC c int[] DEFAULT '{}') RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
--= body
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
--= body with dollars and backslashes
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '1' $$;
-->
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $x$ SELECT '$$ $_$ $function$ \ it''s' $x$;
--= volatility, parallel, strict, leakproof, cost, rows, security
CREATE FUNCTION f(a int) RETURNS SETOF int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(a int) RETURNS SETOF int LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT LEAKPROOF COST 7 ROWS 3 SECURITY DEFINER AS $$ SELECT 1 $$;
--= settings
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET work_mem = '1MB' AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$ SELECT 1 $$;
--= language
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
--= string body becomes parsed body
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM t $$;
-->
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;
--= result type
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$;
--= result type of one that a view, a check and a default use
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$; CREATE VIEW v AS SELECT f(id) AS x FROM t; ALTER TABLE t ADD CONSTRAINT k CHECK (f(a) < 5); ALTER TABLE t ALTER a SET DEFAULT f(1); CREATE INDEX i ON t (f(a));
-->
CREATE FUNCTION f(int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 1::bigint $$; CREATE VIEW v AS SELECT f(id) AS x FROM t; ALTER TABLE t ADD CONSTRAINT k CHECK (f(a) < 5); ALTER TABLE t ALTER a SET DEFAULT f(1); CREATE INDEX i ON t (f(a));
--= returns table
CREATE FUNCTION f() RETURNS TABLE (a int) LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f() RETURNS TABLE (a int, b text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
--= out and inout arguments
CREATE FUNCTION f(IN a int, OUT b int) LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(IN a int, OUT b int, OUT c text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
--= argument name
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
--= argument default added
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(a int DEFAULT 3) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
--= argument default changed
CREATE FUNCTION f(a int DEFAULT 3) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(a int DEFAULT 4) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
--= argument added is another function
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
--= overloads
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 3 $$;
--= comment, grants, owner
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-->
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; COMMENT ON FUNCTION f(int) IS 'c'; REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION f(int) TO pggit_test_bob; ALTER FUNCTION f(int) OWNER TO pggit_test_alice;
--= functions that call each other
-->
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql RETURN $1; CREATE FUNCTION f(int) RETURNS int LANGUAGE sql RETURN g($1); CREATE FUNCTION a(int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT f($1) + g($1); END;
--= a function over a table that comes with it
-->
CREATE TABLE z (id int); CREATE FUNCTION a(z) RETURNS SETOF z LANGUAGE sql AS $$ SELECT $1 $$; CREATE FUNCTION b() RETURNS z.id%TYPE LANGUAGE sql AS $$ SELECT 1 $$; ALTER TABLE z ADD k int DEFAULT b();
--= a function kept while its table changes
CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT $1.id $$;
-->
CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT $1.id $$; ALTER TABLE t ADD z int;
--= a function becomes a procedure
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT $$;
-->
CREATE PROCEDURE f() LANGUAGE sql AS $$ SELECT $$;
--= procedures
CREATE PROCEDURE p(a int, INOUT b text DEFAULT 'x') LANGUAGE plpgsql AS $$ BEGIN b := 'y'; END $$;
-->
CREATE PROCEDURE p(a int, INOUT b text DEFAULT 'z') LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN b := 'w'; END $$; COMMENT ON PROCEDURE p(int, text) IS 'p'; GRANT EXECUTE ON PROCEDURE p(int, text) TO pggit_test_alice;
--= a new aggregate
-->
CREATE AGGREGATE my_sum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE); COMMENT ON AGGREGATE my_sum(int) IS 'a';
--= an aggregate changed
CREATE AGGREGATE my_sum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
-->
CREATE AGGREGATE my_sum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '5');
--= an aggregate over functions of our own, with a view
-->
CREATE FUNCTION step(text, text) RETURNS text LANGUAGE sql AS $$ SELECT $1 || $2 $$; CREATE FUNCTION fin(text) RETURNS text LANGUAGE sql AS $$ SELECT upper($1) $$;
 CREATE AGGREGATE cat(text) (SFUNC = step, STYPE = text, FINALFUNC = fin); CREATE VIEW v AS SELECT cat(a::text ORDER BY id) AS c FROM t;
--= an aggregate over any arguments, with grants
CREATE FUNCTION step(internal, VARIADIC "any") RETURNS internal LANGUAGE internal IMMUTABLE AS 'ordered_set_transition_multi';
CREATE FUNCTION last(internal, VARIADIC "any") RETURNS bigint LANGUAGE internal IMMUTABLE AS 'hypothetical_rank_final';
-->
CREATE FUNCTION step(internal, VARIADIC "any") RETURNS internal LANGUAGE internal IMMUTABLE AS 'ordered_set_transition_multi';
CREATE FUNCTION last(internal, VARIADIC "any") RETURNS bigint LANGUAGE internal IMMUTABLE AS 'hypothetical_rank_final';
CREATE AGGREGATE pos(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = step, STYPE = internal, FINALFUNC = last, FINALFUNC_EXTRA, HYPOTHETICAL);
COMMENT ON AGGREGATE pos(VARIADIC "any" ORDER BY VARIADIC "any") IS 'p'; REVOKE EXECUTE ON FUNCTION pos(VARIADIC "any") FROM PUBLIC;
--= an overload with defaults that a default calls
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE u (x int DEFAULT f(1));
-->
CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE u (x int DEFAULT f(1));
--= a parsed body over a view that gives its place to another
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE u (k e); CREATE VIEW v AS SELECT k FROM u; CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(k) FROM v; END;
-->
CREATE TYPE e AS ENUM ('b', 'a'); CREATE TABLE u (k e); CREATE VIEW w AS SELECT k FROM u; CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(k) FROM w; END;
