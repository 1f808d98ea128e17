--# an enum in use
CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE t (id int, v e DEFAULT 'a', w e[]); INSERT INTO t VALUES (1, 'b', '{a,b}');
CREATE VIEW v AS SELECT id, v FROM t WHERE v = 'a'; CREATE INDEX t_v ON t (v) WHERE v <> 'b';
CREATE FUNCTION f(e) RETURNS e LANGUAGE sql AS $$ SELECT $1 $$;
--= value at the end
-->
ALTER TYPE e ADD VALUE 'd';
--= value before and between
-->
ALTER TYPE e ADD VALUE 'first' BEFORE 'a'; ALTER TYPE e ADD VALUE 'middle' AFTER 'b';
--= value renamed
-->
ALTER TYPE e RENAME VALUE 'c' TO 'z';
--= value that a new default uses
-->
ALTER TYPE e ADD VALUE 'd';
ALTER TABLE t ALTER v SET DEFAULT 'd';
--= comment and grants
-->
COMMENT ON TYPE e IS 'letters'; REVOKE USAGE ON TYPE e FROM PUBLIC; GRANT USAGE ON TYPE e TO pggit_test_alice;
--= another enum
-->
CREATE TYPE e2 AS ENUM ('x', 'it''s', 'ünï'); ALTER TABLE t ADD x e2 DEFAULT 'x';
--= an empty enum
-->
CREATE TYPE e2 AS ENUM ();
--= enum and all that uses it go
-->
DROP TYPE e CASCADE; DROP TABLE t;

--# enum order
CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE t (id int, v e DEFAULT 'a'); INSERT INTO t VALUES (1, 'b');
CREATE FUNCTION f(e) RETURNS e LANGUAGE sql AS $$ SELECT $1 $$;
--= values in another order
-->
DROP TABLE t; DROP FUNCTION f(e); DROP TYPE e;
CREATE TYPE e AS ENUM ('c', 'b', 'a'); CREATE TABLE t (id int, v e DEFAULT 'a'); INSERT INTO t VALUES (1, 'b');
CREATE FUNCTION f(e) RETURNS e LANGUAGE sql AS $$ SELECT $1 $$;

--# a domain in use
CREATE DOMAIN d AS int DEFAULT 1 CONSTRAINT pos CHECK (VALUE > 0); CREATE TABLE t (id d, n int); INSERT INTO t VALUES (5, 6);
CREATE VIEW v AS SELECT id FROM t; CREATE FUNCTION f(d) RETURNS d LANGUAGE sql AS $$ SELECT $1 $$;
--= default
-->
ALTER DOMAIN d SET DEFAULT 2;
--= default dropped
-->
ALTER DOMAIN d DROP DEFAULT;
--= nullability
-->
ALTER DOMAIN d SET NOT NULL;
--= check added
-->
ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 1000);
--= check changed
-->
ALTER DOMAIN d DROP CONSTRAINT pos; ALTER DOMAIN d ADD CONSTRAINT pos CHECK (VALUE >= 0);
--= check not valid
-->
ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 1000) NOT VALID;
--= comments
-->
COMMENT ON DOMAIN d IS 'id'; COMMENT ON CONSTRAINT pos ON DOMAIN d IS 'positive';
--= base type changed
-->
DROP DOMAIN d CASCADE; CREATE DOMAIN d AS bigint DEFAULT 1 CONSTRAINT pos CHECK (VALUE > 0); ALTER TABLE t ADD id d;
CREATE VIEW v AS SELECT id FROM t; CREATE FUNCTION f(d) RETURNS d LANGUAGE sql AS $$ SELECT $1 $$;
--! order
--= a column takes the domain
-->
ALTER TABLE t ALTER n TYPE d;
--= a domain over a domain
-->
CREATE DOMAIN dd AS d CHECK (VALUE <> 13); CREATE TABLE u (x dd);
--= a domain over text with collation
-->
CREATE DOMAIN email AS text COLLATE "C" NOT NULL CHECK (VALUE ~ '@');

--# composite types
CREATE TYPE c AS (x int, y text); CREATE FUNCTION f(c) RETURNS int LANGUAGE sql AS $$ SELECT ($1).x $$;
--= attribute added
-->
ALTER TYPE c ADD ATTRIBUTE z date;
--= attribute dropped
-->
ALTER TYPE c DROP ATTRIBUTE y;
--= attribute retyped
-->
ALTER TYPE c ALTER ATTRIBUTE x TYPE bigint;
--= comments
-->
COMMENT ON TYPE c IS 'pair'; COMMENT ON COLUMN c.x IS 'ex';
--= a composite in a composite
-->
CREATE TYPE cc AS (a c, b c[]); CREATE TABLE t (v cc);

--# range types
CREATE FUNCTION diff(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN a - b;
--= a new one
-->
CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = diff);
--= with its own multirange name
-->
CREATE TYPE r AS RANGE (subtype = int, multirange_type_name = many_r); CREATE TABLE t (v r, w many_r);
--= subtype changed
CREATE TYPE r AS RANGE (subtype = int);
-->
CREATE TYPE r AS RANGE (subtype = bigint);
--= another subtype under a column and an exclusion
CREATE TYPE r AS RANGE (subtype = int); CREATE TABLE t (v r, EXCLUDE USING gist (v WITH &&));
-->
CREATE TYPE r AS RANGE (subtype = bigint); CREATE TABLE t (v r, EXCLUDE USING gist (v WITH &&));

--# domains inside of values
CREATE DOMAIN d AS int; CREATE DOMAIN dd AS d; CREATE TYPE c AS (v dd); CREATE TABLE t (p c); INSERT INTO t VALUES (row(5));
--= a check of the inmost
-->
DROP TABLE t; DROP TYPE c; ALTER DOMAIN d ADD CONSTRAINT pos CHECK (VALUE > 0); CREATE TYPE c AS (v dd); CREATE TABLE t (p c); INSERT INTO t VALUES (row(5));
