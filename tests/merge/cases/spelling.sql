--# what one side writes names what the other renames, in ways that replacing words would get wrong
CREATE TABLE t (id int, a int, c int);
CREATE TABLE l (id int, a int);
CREATE TABLE twin (twin int);
CREATE TABLE words (length text, "lower" text);
CREATE TYPE kind AS ENUM ('a');
CREATE TYPE pair AS (x int, y int);
CREATE VIEW shown AS SELECT id, a FROM t;
--= views, rules, policies, checks, indexes and routines
--: ours
ALTER TABLE l RENAME a TO c;
ALTER TABLE l RENAME id TO lid;
ALTER TABLE twin RENAME TO single;
ALTER TABLE words RENAME length TO len;
ALTER TABLE words RENAME "lower" TO low;
ALTER TYPE kind RENAME TO sort;
ALTER TYPE pair RENAME ATTRIBUTE x TO left_one;
ALTER VIEW shown RENAME a TO amount;
--: theirs
CREATE VIEW both_sides AS SELECT t.a AS x, l.a AS y FROM t JOIN l USING (id);
CREATE VIEW of_twin AS SELECT twin.twin AS x FROM twin;
CREATE VIEW over AS SELECT a + 1 AS more FROM shown;
CREATE OR REPLACE VIEW shown AS SELECT id, a FROM t WHERE a > 0;
CREATE RULE copy AS ON INSERT TO t DO ALSO INSERT INTO l (a) VALUES (new.a);
CREATE POLICY seen ON t USING (EXISTS (SELECT FROM l WHERE l.a = t.a));
ALTER TABLE words ADD CONSTRAINT long CHECK (length(length) > 2 AND length <> 'length');
CREATE INDEX low ON words (lower("lower")) WHERE "lower" <> 'lower';
CREATE FUNCTION top(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(l.id) FROM l WHERE l.a = top.a; END;
CREATE FUNCTION of_kind(kind) RETURNS kind LANGUAGE sql AS 'SELECT $1';
CREATE TABLE holder (p pair, CHECK ((p).x > 0));
--: merged
pg_get_viewdef('both_sides'::regclass) LIKE '%t.a AS x,%l.c AS y%' AND pg_get_viewdef('of_twin'::regclass) LIKE '%twin AS x%FROM single%'
AND pg_get_viewdef('over'::regclass) LIKE '%amount + 1%' AND pg_get_viewdef('shown'::regclass) LIKE '%a AS amount%a > 0%'
AND (SELECT definition LIKE '%INTO l (c)%new.a%' FROM pg_rules WHERE rulename = 'copy' AND schemaname = 'public')
AND (SELECT qual LIKE '%l.c = t.a%' FROM pg_policies WHERE policyname = 'seen' AND schemaname = 'public')
AND see.constraint('words', 'long') LIKE '%length(len) > 2%len <> ''length''%' AND see.indexes('words') LIKE '%(lower(low)) WHERE (low <> ''lower''%'
AND pg_get_function_sqlbody('top'::regproc) LIKE '%max(l.lid)%l.c = top.a%' AND to_regprocedure('of_kind(sort)') IS NOT NULL
AND see.constraint('holder', 'holder_p_check') LIKE '%(p).left_one > 0%'
--= columns of one view renamed from two sides
--: ours
ALTER VIEW shown RENAME a TO amount;
--: theirs
ALTER VIEW shown RENAME id TO key;
--: merged
pg_get_viewdef('shown'::regclass) LIKE '%id AS key,%a AS amount%'
--# a composite type, a clustered table, and one that is replicated by an index
CREATE TYPE pair AS (x int, y int);
CREATE TABLE t (a int NOT NULL, b int);
CREATE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (a);
CREATE TABLE u (a int NOT NULL, b int);
CREATE INDEX k ON u (a);
CREATE UNIQUE INDEX m ON u (a);
ALTER TABLE u CLUSTER ON k;
ALTER TABLE u REPLICA IDENTITY USING INDEX m;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE s;
--= one attribute renamed and retyped, columns added to what an index marks
--: ours
ALTER TYPE pair RENAME ATTRIBUTE x TO left_one;
ALTER TABLE u ADD c int;
--: theirs
ALTER TYPE pair ALTER ATTRIBUTE x TYPE bigint;
CREATE VIEW v AS SELECT a FROM u;
--: merged
(SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = 'pair'::regtype)) = 'left_one bigint,y integer'
AND (SELECT bool_and(indisclustered OR indisreplident) FROM pg_index WHERE indrelid = 'u'::regclass)
--= attributes and bodies as a whole, marks of which there is one, a sequence whose owner goes
--: ours
ALTER TYPE pair DROP ATTRIBUTE x;
ALTER TABLE t CLUSTER ON i;
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2; END';
ALTER SEQUENCE s OWNED BY t.b;
--: theirs
ALTER TYPE pair ALTER ATTRIBUTE x TYPE bigint;
ALTER TABLE t CLUSTER ON j;
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 3';
ALTER TABLE t DROP b;
--: conflict schema_mismatch/attributes schema_mismatch schema_mismatch/body dependency_broken
--: ours wins
f() = 2 AND (SELECT indexrelid = 'i'::regclass FROM pg_index WHERE indrelid = 't'::regclass AND indisclustered) AND see.column('t', 'b') = 'integer'
AND (SELECT count(*) = 1 FROM pg_attribute WHERE NOT attisdropped AND attrelid = (SELECT typrelid FROM pg_type WHERE oid = 'pair'::regtype))
--: theirs wins
f() = 3 AND (SELECT indexrelid = 'j'::regclass FROM pg_index WHERE indrelid = 't'::regclass AND indisclustered) AND see.column('t', 'b') IS NULL
AND (SELECT format_type(atttypid, atttypmod) = 'bigint' FROM pg_attribute
    WHERE attname = 'x' AND attrelid = (SELECT typrelid FROM pg_type WHERE oid = 'pair'::regtype))
--# heirs, whose columns are their parents'
CREATE TABLE p (a int, b int);
CREATE TABLE c (d int) INHERITS (p);
CREATE TABLE whole (a int, b int) PARTITION BY LIST (a);
CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);
--= a column renamed at the parent, read from the heir
--: ours
ALTER TABLE p RENAME a TO aa;
--: theirs
CREATE INDEX i ON c (a);
CREATE VIEW v AS SELECT a, d FROM c;
--: merged
see.indexes('c') = 'i (aa)' AND pg_get_viewdef('v'::regclass) LIKE '%aa AS a%FROM c%'
--= a column dropped at the parent, indexed at the heir
--: ours
ALTER TABLE whole DROP b;
ALTER TABLE p DROP b;
--: theirs
CREATE INDEX j ON part (b);
ALTER TABLE c ADD CONSTRAINT k CHECK (b > 0);
--: conflict dependency_broken dependency_broken
--: ours wins
see.column('whole', 'b') IS NULL AND see.indexes('part') = '' AND see.constraints('c') = ''
--: theirs wins
see.column('whole', 'b') = 'integer' AND see.indexes('part') = 'j (b)' AND see.constraints('c') LIKE 'k CHECK%'
