--# enums
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, v e DEFAULT 'a'); INSERT INTO t VALUES (1, 'b');
--= both append
--: ours
ALTER TYPE e ADD VALUE 'c';
--: theirs
ALTER TYPE e ADD VALUE 'd';
--: merged
enum_range(NULL::e)::text = '{a,b,c,d}' AND (SELECT v::text = 'b' FROM t)
--= both append the same
--: ours
ALTER TYPE e ADD VALUE 'c';
--: theirs
ALTER TYPE e ADD VALUE 'c';
--: merged
enum_range(NULL::e)::text = '{a,b,c}'
--= both append two, one of them shared
--: ours
ALTER TYPE e ADD VALUE 'c'; ALTER TYPE e ADD VALUE 'x';
--: theirs
ALTER TYPE e ADD VALUE 'c'; ALTER TYPE e ADD VALUE 'y';
--: merged
enum_range(NULL::e)::text = '{a,b,c,x,y}'
--= one in front, one behind
--: ours
ALTER TYPE e ADD VALUE 'first' BEFORE 'a';
--: theirs
ALTER TYPE e ADD VALUE 'last';
--: merged
enum_range(NULL::e)::text = '{first,a,b,last}'
--= one value in two places
--: ours
ALTER TYPE e ADD VALUE 'c' BEFORE 'a';
--: theirs
ALTER TYPE e ADD VALUE 'c';
--: conflict schema_mismatch
--: ours wins
enum_range(NULL::e)::text = '{c,a,b}'
--: theirs wins
enum_range(NULL::e)::text = '{a,b,c}'
--= a value renamed and one added
--: ours
ALTER TYPE e RENAME VALUE 'a' TO 'aa';
--: theirs
ALTER TYPE e ADD VALUE 'c';
--: merged
enum_range(NULL::e)::text = '{aa,b,c}' AND (SELECT v::text = 'b' FROM t) AND see.column('t', 'v') = 'e =''aa''::e'
--= a value renamed and one added before it
--: ours
DELETE FROM t; ALTER TYPE e RENAME VALUE 'b' TO 'bb';
--: theirs
DELETE FROM t; ALTER TYPE e ADD VALUE 'ab' AFTER 'a';
--: merged
enum_range(NULL::e)::text = '{a,ab,bb}'
--= another value renamed on each side
--: ours
DELETE FROM t; ALTER TYPE e RENAME VALUE 'b' TO 'bb';
--: theirs
DELETE FROM t; ALTER TYPE e RENAME VALUE 'a' TO 'aa'; ALTER TYPE e ADD VALUE 'c';
--: merged
enum_range(NULL::e)::text = '{aa,bb,c}'
--= a value renamed to what the other side adds
--: ours
DELETE FROM t; ALTER TYPE e RENAME VALUE 'b' TO 'c';
--: theirs
DELETE FROM t; ALTER TYPE e ADD VALUE 'c';
--: conflict schema_mismatch/labels
--: ours wins
(SELECT string_agg(x.enumlabel, ',' ORDER BY x.enumsortorder) FROM pg_enum AS x WHERE x.enumtypid = 'e'::regtype) = 'a,c'
--: theirs wins
(SELECT string_agg(x.enumlabel, ',' ORDER BY x.enumsortorder) FROM pg_enum AS x WHERE x.enumtypid = 'e'::regtype) = 'a,b,c'
--= a value renamed two ways
--: ours
UPDATE t SET v = 'a'; ALTER TYPE e RENAME VALUE 'b' TO 'x';
--: theirs
UPDATE t SET v = 'a'; ALTER TYPE e RENAME VALUE 'b' TO 'y';
--: conflict schema_mismatch
--: ours wins
enum_range(NULL::e)::text = '{a,x}'
--: theirs wins
enum_range(NULL::e)::text = '{a,y}'
--= a type dropped that the other side uses
--: ours
ALTER TABLE t ALTER v DROP DEFAULT, ALTER v TYPE text; DROP TYPE e;
--: theirs
CREATE TABLE n (v e);
--: conflict dependency_broken
--: theirs wins
see.column('n', 'v') = 'e'
--= a type renamed and used anew
--: ours
ALTER TYPE e RENAME TO ee;
--: theirs
ALTER TABLE t ADD w e; ALTER TABLE t ADD x e[];
--: merged
see.column('t', 'w') = 'ee' AND see.column('t', 'x') = 'ee[]'
--= both add one of the same name, alike
--: ours
CREATE TYPE n AS ENUM ('x', 'y');
--: theirs
CREATE TYPE n AS ENUM ('x', 'y');
--: merged
enum_range(NULL::n)::text = '{x,y}'
--= both add one of the same name with other values
--: ours
CREATE TYPE n AS ENUM ('x', 'y');
--: theirs
CREATE TYPE n AS ENUM ('x', 'z');
--: conflict both_added
--: ours wins
enum_range(NULL::n)::text = '{x,y}'
--: theirs wins
enum_range(NULL::n)::text = '{x,z}'
--= a value added, and a table with the type
--: ours
ALTER TYPE e ADD VALUE 'c';
--: theirs
CREATE TABLE n (v e DEFAULT 'b');
--: merged
enum_range(NULL::e)::text = '{a,b,c}' AND see.column('n', 'v') = 'e =''b''::e'
--= dropped against a value added
--: ours
ALTER TABLE t DROP v; DROP TYPE e;
--: theirs
ALTER TYPE e ADD VALUE 'c';
--: conflict modify_delete
--: ours wins
to_regtype('e') IS NULL

--# domains
CREATE DOMAIN d AS int DEFAULT 1 CONSTRAINT pos CHECK (VALUE > 0); CREATE TABLE t (id int PRIMARY KEY, v d); INSERT INTO t VALUES (1, 5);
--= default and check
--: ours
ALTER DOMAIN d SET DEFAULT 2;
--: theirs
ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 100);
--: merged
see.domain('d') = 'integer =2 pos CHECK (VALUE > 0); small CHECK (VALUE < 100)'
--= default two ways
--: ours
ALTER DOMAIN d SET DEFAULT 2;
--: theirs
ALTER DOMAIN d SET DEFAULT 3;
--: conflict schema_mismatch/default
--: ours wins
see.domain('d') = 'integer =2 pos CHECK (VALUE > 0)'
--: theirs wins
see.domain('d') = 'integer =3 pos CHECK (VALUE > 0)'
--= checks from two sides
--: ours
ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 100);
--: theirs
ALTER DOMAIN d ADD CONSTRAINT odd CHECK (VALUE % 2 = 1);
--: merged
see.domain('d') = 'integer =1 odd CHECK ((VALUE % 2) = 1); pos CHECK (VALUE > 0); small CHECK (VALUE < 100)'
--= one check two ways
--: ours
ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 100);
--: theirs
ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 200);
--: conflict both_added
--: ours wins
see.domain('d') = 'integer =1 pos CHECK (VALUE > 0); small CHECK (VALUE < 100)'
--: theirs wins
see.domain('d') = 'integer =1 pos CHECK (VALUE > 0); small CHECK (VALUE < 200)'
--= a check that rows break
--: ours
--: theirs
ALTER DOMAIN d ADD CONSTRAINT big CHECK (VALUE > 100);
--: conflict data_violation
--! one-way
--= dropped against used
--: ours
ALTER TABLE t DROP v; DROP DOMAIN d;
--: theirs
CREATE TABLE n (v d);
--: conflict dependency_broken
--= both add the same
--: ours
CREATE DOMAIN n AS text CHECK (VALUE <> '');
--: theirs
CREATE DOMAIN n AS text CHECK (VALUE <> '');
--: merged
see.domain('n') = 'text n_check CHECK (VALUE <> ''''::text)'

--# composites, ranges, sequences
CREATE TYPE c AS (x int, y text); CREATE TYPE r AS RANGE (subtype = int); CREATE SEQUENCE s; CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1);
--= attributes from two sides
--: ours
ALTER TYPE c ADD ATTRIBUTE z int;
--: theirs
ALTER TYPE c ADD ATTRIBUTE w int;
--: merged or conflict
see.columns('c') = 'w integer, x integer, y text, z integer'
--= one attribute two ways
--: ours
ALTER TYPE c ALTER ATTRIBUTE x TYPE bigint;
--: theirs
ALTER TYPE c ALTER ATTRIBUTE x TYPE text;
--: conflict schema_mismatch
--: ours wins
see.columns('c') = 'x bigint, y text'
--: theirs wins
see.columns('c') = 'x text, y text'
--= a composite used by the other side while it grows
--: ours
ALTER TYPE c ADD ATTRIBUTE z int;
--: theirs
CREATE FUNCTION f(c) RETURNS int LANGUAGE sql AS $$ SELECT ($1).x $$;
--: merged
see.columns('c') = 'x integer, y text, z integer' AND to_regprocedure('f(c)') IS NOT NULL
--= both add the same composite and range
--: ours
CREATE TYPE k AS (a int); CREATE TYPE q AS RANGE (subtype = numeric);
--: theirs
CREATE TYPE k AS (a int); CREATE TYPE q AS RANGE (subtype = numeric);
--: merged
see.columns('k') = 'a integer' AND to_regtype('q') IS NOT NULL
--= both add another range of one name
--: ours
CREATE TYPE q AS RANGE (subtype = numeric);
--: theirs
CREATE TYPE q AS RANGE (subtype = date);
--: conflict both_added
--: ours wins
(SELECT rngsubtype::regtype::text = 'numeric' FROM pg_range WHERE rngtypid = 'q'::regtype)
--: theirs wins
(SELECT rngsubtype::regtype::text = 'date' FROM pg_range WHERE rngtypid = 'q'::regtype)
--= a range used on the other side
--: ours
ALTER TABLE t ADD during r;
--: theirs
COMMENT ON TYPE r IS 'range';
--: merged
see.column('t', 'during') = 'r' AND obj_description('r'::regtype) = 'range'
--= a sequence's bounds and increment
--: ours
ALTER SEQUENCE s MAXVALUE 1000;
--: theirs
ALTER SEQUENCE s INCREMENT 5;
--: merged
(SELECT seqmax = 1000 AND seqincrement = 5 FROM pg_sequence WHERE seqrelid = 's'::regclass)
--= a sequence's increment two ways
--: ours
ALTER SEQUENCE s INCREMENT 2;
--: theirs
ALTER SEQUENCE s INCREMENT 5;
--: conflict schema_mismatch/increment
--: ours wins
(SELECT seqincrement = 2 FROM pg_sequence WHERE seqrelid = 's'::regclass)
--: theirs wins
(SELECT seqincrement = 5 FROM pg_sequence WHERE seqrelid = 's'::regclass)
--= a sequence dropped and used by a default
--: ours
DROP SEQUENCE s;
--: theirs
ALTER TABLE t ALTER a SET DEFAULT nextval('s');
--: conflict dependency_broken
--: theirs wins
see.column('t', 'a') LIKE 'integer =nextval(%'
--= a sequence owned and cycled
--: ours
ALTER SEQUENCE s OWNED BY t.a;
--: theirs
ALTER SEQUENCE s CYCLE;
--: merged
pg_get_serial_sequence('t', 'a') = 'public.s' AND (SELECT seqcycle FROM pg_sequence WHERE seqrelid = 's'::regclass)
--= a sequence renamed and used by a default
--: ours
ALTER SEQUENCE s RENAME TO ss;
--: theirs
ALTER TABLE t ALTER a SET DEFAULT nextval('s');
--: merged
see.column('t', 'a') LIKE '%ss%'
--# an enum with a table, whose labels one side renames
CREATE TYPE mood AS ENUM ('sad', 'Not ok', 'glad'); CREATE TABLE t (id int PRIMARY KEY, e mood DEFAULT 'glad');
--= a default with the old label
--: ours
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
--: theirs
ALTER TABLE t ALTER e SET DEFAULT 'sad';
--: merged
see.column('t', 'e') ~ 'blue'
--= a check, an index, a view and a policy with old labels
--: ours
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; ALTER TYPE mood RENAME VALUE 'Not ok' TO 'so so';
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (e <> 'Not ok'); CREATE INDEX i ON t (id) WHERE e = 'sad'; CREATE VIEW v AS SELECT id FROM t WHERE e IN ('sad', 'Not ok'); CREATE POLICY p ON t USING (e > 'sad');
--: merged
see.constraint('t', 'k') ~ 'so so' AND see.indexes('t') ~ 'blue' AND see.policies('t') = 'p' AND pg_get_viewdef('v'::regclass) !~ 'sad'
--= a label renamed and one added, and a default with each
--: ours
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; ALTER TABLE t ALTER e SET DEFAULT 'blue';
--: theirs
ALTER TYPE mood ADD VALUE 'mad'; ALTER TABLE t ADD f mood DEFAULT 'sad';
--: merged
see.column('t', 'e') ~ 'blue' AND see.column('t', 'f') ~ 'blue' AND enum_range(NULL::mood)::text ~ 'mad'
--= a default in a table of its own
--: ours
ALTER TYPE mood RENAME VALUE 'Not ok' TO 'ok';
--: theirs
CREATE TABLE u (e mood DEFAULT 'Not ok', CHECK (e < 'glad'));
--: merged
see.column('u', 'e') ~ 'ok' AND see.column('u', 'e') !~ 'Not'
--# enums whose labels rows and partitions hold
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad'); CREATE TABLE t (id int PRIMARY KEY, e mood DEFAULT 'sad', f mood[], CHECK (e <> 'glad'));
INSERT INTO t VALUES (1, 'sad', '{sad,ok}'), (2, 'ok', NULL);
CREATE TABLE p (e mood, g text GENERATED ALWAYS AS (CASE WHEN e = 'sad' THEN 's' ELSE 'o' END) STORED) PARTITION BY LIST (e);
CREATE TABLE p_sad PARTITION OF p FOR VALUES IN ('sad'); CREATE TABLE p_rest PARTITION OF p DEFAULT;
INSERT INTO p VALUES ('sad'), ('ok');
--= a label renamed under its rows
--: ours
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
--: theirs
ALTER TABLE t ADD x int;
--: merged
(SELECT string_agg(e::text || coalesce(f::text, ''), ',' ORDER BY id) FROM t) = 'blue{blue,ok},ok' AND see.column('t', 'e') ~ 'blue'
    AND (SELECT string_agg(tableoid::regclass || ' ' || e || g, ',' ORDER BY e) FROM p) = 'p_sad blues,p_rest oko'
--= a label renamed, one added before it, and rows
--: ours
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
--: theirs
ALTER TYPE mood ADD VALUE 'mad' BEFORE 'sad'; ALTER TABLE t ALTER e SET DEFAULT 'ok';
--: merged
enum_range(NULL::mood)::text = '{mad,blue,ok,glad}' AND (SELECT count(*) FROM t WHERE e = 'blue') = 1 AND see.column('t', 'e') ~ 'ok'
--= a label renamed in a type that gets another name
--: ours
ALTER TYPE mood RENAME TO temper;
--: theirs
ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';
--: merged
(SELECT string_agg(e::text, ',' ORDER BY id) FROM t) = 'sad,fine' AND enum_range(NULL::temper)::text = '{sad,fine,glad}'
--= a type that a generated column of partitions names, renamed
--: ours
ALTER TYPE mood RENAME TO temper;
--: theirs
ALTER TABLE t ADD x int;
--: merged
enum_range(NULL::temper)::text = '{sad,ok,glad}' AND (SELECT count(*) FROM p) = 2
--= a label renamed, and a partition less
--: ours
ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';
--: theirs
ALTER TABLE p DETACH PARTITION p_rest; DROP TABLE p_rest;
--: merged
(SELECT count(*) FROM t WHERE e = 'fine') = 1 AND to_regclass('p_rest') IS NULL AND (SELECT count(*) FROM p) = 1
--# an enum and labels that must be quoted
CREATE TYPE "Mood.x" AS ENUM ('it''s', 'a\b', '"q"::"Mood.x"', 'ok'); CREATE TABLE t (id int PRIMARY KEY, e "Mood.x" DEFAULT 'it''s');
INSERT INTO t (id) VALUES (1); INSERT INTO t VALUES (2, 'a\b'), (3, '"q"::"Mood.x"');
--= all of them renamed, and used
--: ours
ALTER TYPE "Mood.x" RENAME VALUE 'it''s' TO 'isn''t\'; ALTER TYPE "Mood.x" RENAME VALUE 'a\b' TO '"B"'; ALTER TYPE "Mood.x" RENAME VALUE '"q"::"Mood.x"' TO '$$ %I';
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (e <> 'ok');
--: merged
(SELECT string_agg(e::text, ',' ORDER BY id) FROM t) = 'isn''t\,"B",$$ %I' AND see.constraint('t', 'k') ~ 'ok'
--# types of two columns, and rows that hold what goes
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN word AS text; CREATE TABLE t (id int PRIMARY KEY, e mood, f mood, w word, x word);
INSERT INTO t VALUES (1, 'sad', 'sad', NULL, NULL), (2, 'ok', 'sad', 'a', NULL);
--= a domain that is NOT NULL and has a check
--! one-way
--: ours
ALTER TABLE t ADD y int;
--: theirs
ALTER DOMAIN word SET NOT NULL; ALTER DOMAIN word ADD CONSTRAINT k CHECK (VALUE <> 'a');
--: conflict data_violation/not_null data_violation
