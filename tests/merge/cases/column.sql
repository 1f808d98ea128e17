--# a table with two rows
CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(20), c int NOT NULL DEFAULT 1);
INSERT INTO t VALUES (1, 10, 'one', 5), (2, 20, 'two', 6);
--= each side adds a column of its own
--: ours
ALTER TABLE t ADD x int;
--: theirs
ALTER TABLE t ADD y text DEFAULT 'q';
--: merged
see.columns('t') = 'a integer, b character varying(20), c integer NN =1, id integer NN, x integer, y text =''q''::text'
AND see.rows('t') = '{"a": 10, "b": "one", "c": 5, "x": null, "y": "q", "id": 1} {"a": 20, "b": "two", "c": 6, "x": null, "y": "q", "id": 2}'
--= both add the same column
--: ours
ALTER TABLE t ADD x int DEFAULT 3;
--: theirs
ALTER TABLE t ADD x int DEFAULT 3;
--: merged
see.column('t', 'x') = 'integer =3' AND see.count('t') = 2
--= both add a column of one name and different types
--: ours
ALTER TABLE t ADD x int;
--: theirs
ALTER TABLE t ADD x text;
--: conflict both_added
--: ours wins
see.column('t', 'x') = 'integer'
--: theirs wins
see.column('t', 'x') = 'text'
--= both add a column with different defaults
--: ours
ALTER TABLE t ADD x int DEFAULT 1;
--: theirs
ALTER TABLE t ADD x int DEFAULT 2;
--: conflict both_added
--: ours wins
see.column('t', 'x') = 'integer =1'
--: theirs wins
see.column('t', 'x') = 'integer =2'
--= both add a column, one of them NOT NULL
--: ours
ALTER TABLE t ADD x int NOT NULL DEFAULT 1;
--: theirs
ALTER TABLE t ADD x int DEFAULT 1;
--: conflict both_added
--: ours wins
see.column('t', 'x') = 'integer NN =1'
--: theirs wins
see.column('t', 'x') = 'integer =1'
--= both add the same columns in another order
--: ours
ALTER TABLE t ADD x int, ADD y text;
--: theirs
ALTER TABLE t ADD y text, ADD x int;
--: merged
see.column('t', 'x') = 'integer' AND see.column('t', 'y') = 'text'
--= each side drops another column
--: ours
ALTER TABLE t DROP a;
--: theirs
ALTER TABLE t DROP b;
--: merged
see.columns('t') = 'c integer NN =1, id integer NN'
--= both drop the same column
--: ours
ALTER TABLE t DROP a;
--: theirs
ALTER TABLE t DROP a;
--: merged
see.columns('t') = 'b character varying(20), c integer NN =1, id integer NN'
--= one drops, the other adds
--: ours
ALTER TABLE t DROP a;
--: theirs
ALTER TABLE t ADD x int;
--: merged
see.columns('t') = 'b character varying(20), c integer NN =1, id integer NN, x integer'
--= drop against another type
--: ours
ALTER TABLE t DROP a;
--: theirs
ALTER TABLE t ALTER a TYPE bigint;
--: conflict modify_delete
--: ours wins
see.column('t', 'a') IS NULL
--: theirs wins
see.column('t', 'a') = 'bigint' AND see.count('t') = 2
--= drop against another default
--: ours
ALTER TABLE t DROP c;
--: theirs
ALTER TABLE t ALTER c SET DEFAULT 7;
--: conflict modify_delete
--: ours wins
see.column('t', 'c') IS NULL
--: theirs wins
see.column('t', 'c') = 'integer NN =7'
--= drop against rename
--: ours
ALTER TABLE t DROP a;
--: theirs
ALTER TABLE t RENAME a TO aa;
--: conflict modify_delete
--: ours wins
see.columns('t') = 'b character varying(20), c integer NN =1, id integer NN'
--: theirs wins
see.column('t', 'aa') = 'integer' AND see.column('t', 'a') IS NULL
--= drop against a comment
--: ours
ALTER TABLE t DROP a;
--: theirs
COMMENT ON COLUMN t.a IS 'x';
--: conflict modify_delete
--: ours wins
see.column('t', 'a') IS NULL
--: theirs wins
see.column('t', 'a') = 'integer' AND see.comment('t', 'a') = 'x'
--= drop and add anew under the same name is another column
--: ours
ALTER TABLE t DROP a; ALTER TABLE t ADD a text;
--: theirs
ALTER TABLE t ADD x int;
--: merged
see.column('t', 'a') = 'text' AND see.column('t', 'x') = 'integer'
--= one renames, the other retypes
--: ours
ALTER TABLE t RENAME b TO bb;
--: theirs
ALTER TABLE t ALTER b TYPE text;
--: merged
see.columns('t') = 'a integer, bb text, c integer NN =1, id integer NN' AND (SELECT bb FROM t WHERE id = 1) = 'one'
--= one renames, the other adds an index on it
--: ours
ALTER TABLE t RENAME a TO aa;
--: theirs
CREATE INDEX i ON t (a) WHERE a > 3;
--: merged
see.indexes('t') = 'i (aa) WHERE (aa > 3)'
--= one renames, the other adds a check on it
--: ours
ALTER TABLE t RENAME a TO aa;
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0 AND c > 0);
--: merged
see.constraints('t') = 'k CHECK (aa > 0 AND c > 0); t_pkey PRIMARY KEY (id)'
--= one renames, the other sets default, nullability and comment
--: ours
ALTER TABLE t RENAME a TO aa;
--: theirs
ALTER TABLE t ALTER a SET DEFAULT 9, ALTER a SET NOT NULL; COMMENT ON COLUMN t.a IS 'hm';
--: merged
see.column('t', 'aa') = 'integer NN =9' AND see.comment('t', 'aa') = 'hm' AND (SELECT sum(aa) FROM t) = 30
--= both rename to the same name
--: ours
ALTER TABLE t RENAME a TO aa;
--: theirs
ALTER TABLE t RENAME a TO aa;
--: merged
see.column('t', 'aa') = 'integer' AND see.column('t', 'a') IS NULL AND (SELECT sum(aa) FROM t) = 30
--= both rename to different names
--: ours
ALTER TABLE t RENAME a TO x;
--: theirs
ALTER TABLE t RENAME a TO y;
--: conflict rename_rename
--: ours wins
see.column('t', 'x') = 'integer' AND see.column('t', 'y') IS NULL AND (SELECT sum(x) FROM t) = 30
--: theirs wins
see.column('t', 'y') = 'integer' AND see.column('t', 'x') IS NULL AND (SELECT sum(y) FROM t) = 30
--= two columns renamed to one name
--: ours
ALTER TABLE t RENAME a TO z;
--: theirs
ALTER TABLE t RENAME b TO z;
--: conflict name_collision
--: ours wins
(SELECT z::text FROM t WHERE id = 1) = '10'
--: theirs wins
(SELECT z::text FROM t WHERE id = 1) = 'one'
--= a column renamed to the name of one that the other side adds
--: ours
ALTER TABLE t RENAME a TO z;
--: theirs
ALTER TABLE t ADD z date;
--: conflict name_collision
--= columns trade names
--: ours
ALTER TABLE t RENAME a TO tmp; ALTER TABLE t RENAME c TO a; ALTER TABLE t RENAME tmp TO c;
--: theirs
ALTER TABLE t ADD x int;
--: merged
(SELECT a = 5 AND c = 10 AND x IS NULL FROM t WHERE id = 1)
--= rename into a name that the other side drops
--: ours
ALTER TABLE t DROP b;
--: theirs
ALTER TABLE t DROP b; ALTER TABLE t RENAME a TO b;
--: merged
see.columns('t') = 'b integer, c integer NN =1, id integer NN' AND (SELECT sum(b) FROM t) = 30
--= type and default of one column from two sides
--: ours
ALTER TABLE t ALTER c TYPE bigint;
--: theirs
ALTER TABLE t ALTER c SET DEFAULT 7;
--: merged
see.column('t', 'c') = 'bigint NN =7'
--= type and nullability of one column from two sides
--: ours
ALTER TABLE t ALTER a TYPE numeric(10,2);
--: theirs
ALTER TABLE t ALTER a SET NOT NULL;
--: merged
see.column('t', 'a') = 'numeric(10,2) NN' AND see.count('t') = 2
--= default and nullability of one column from two sides
--: ours
ALTER TABLE t ALTER c DROP DEFAULT;
--: theirs
ALTER TABLE t ALTER c DROP NOT NULL;
--: merged
see.column('t', 'c') = 'integer'
--= the same type from two sides
--: ours
ALTER TABLE t ALTER a TYPE bigint;
--: theirs
ALTER TABLE t ALTER a TYPE int8;
--: merged
see.column('t', 'a') = 'bigint'
--= different types
--: ours
ALTER TABLE t ALTER a TYPE bigint;
--: theirs
ALTER TABLE t ALTER a TYPE numeric;
--: conflict schema_mismatch/type
--: ours wins
see.column('t', 'a') = 'bigint'
--: theirs wins
see.column('t', 'a') = 'numeric'
--= different lengths
--: ours
ALTER TABLE t ALTER b TYPE varchar(50);
--: theirs
ALTER TABLE t ALTER b TYPE varchar(100);
--: conflict schema_mismatch/type
--: ours wins
see.column('t', 'b') = 'character varying(50)'
--: theirs wins
see.column('t', 'b') = 'character varying(100)'
--= different defaults
--: ours
ALTER TABLE t ALTER c SET DEFAULT 2;
--: theirs
ALTER TABLE t ALTER c SET DEFAULT 3;
--: conflict schema_mismatch/default
--: ours wins
see.column('t', 'c') = 'integer NN =2'
--: theirs wins
see.column('t', 'c') = 'integer NN =3'
--= default dropped and changed
--: ours
ALTER TABLE t ALTER c DROP DEFAULT;
--: theirs
ALTER TABLE t ALTER c SET DEFAULT 3;
--: conflict schema_mismatch/default
--: ours wins
see.column('t', 'c') = 'integer NN'
--: theirs wins
see.column('t', 'c') = 'integer NN =3'
--= the same default written differently
--: ours
ALTER TABLE t ALTER b SET DEFAULT 'x';
--: theirs
ALTER TABLE t ALTER b SET DEFAULT E'\x78'::varchar;
--: merged
see.column('t', 'b') LIKE '%=''x''::character varying'
--= type and default conflict together
--: ours
ALTER TABLE t ALTER c TYPE bigint, ALTER c SET DEFAULT 2;
--: theirs
ALTER TABLE t ALTER c TYPE smallint, ALTER c SET DEFAULT 3;
--: conflict schema_mismatch/default schema_mismatch/type
--: ours wins
see.column('t', 'c') = 'bigint NN =2'
--: theirs wins
see.column('t', 'c') = 'smallint NN =3'
--= nullability both ways is the same change
--: ours
ALTER TABLE t ALTER c DROP NOT NULL;
--: theirs
ALTER TABLE t ALTER c DROP NOT NULL;
--: merged
see.column('t', 'c') = 'integer =1'
--= different comments
--: ours
COMMENT ON COLUMN t.a IS 'ours';
--: theirs
COMMENT ON COLUMN t.a IS 'theirs';
--: conflict schema_mismatch/comment
--: ours wins
see.comment('t', 'a') = 'ours'
--: theirs wins
see.comment('t', 'a') = 'theirs'
--= comment and type
--: ours
COMMENT ON COLUMN t.a IS 'ours';
--: theirs
ALTER TABLE t ALTER a TYPE bigint;
--: merged
see.comment('t', 'a') = 'ours' AND see.column('t', 'a') = 'bigint'
--= identity and comment
--: ours
ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
--: theirs
COMMENT ON COLUMN t.id IS 'key';
--: merged
see.column('t', 'id') = 'integer NN IDENTITY d' AND see.comment('t', 'id') = 'key'
--= identity always and by default
--: ours
ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
--: theirs
ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY;
--: conflict schema_mismatch
--: ours wins
see.column('t', 'id') = 'integer NN IDENTITY d'
--: theirs wins
see.column('t', 'id') = 'integer NN IDENTITY a'
--= both add a generated column with different expressions
--: ours
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 1) STORED;
--: theirs
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 2) STORED;
--: conflict both_added
--: ours wins
(SELECT g FROM t WHERE id = 1) = 11
--: theirs wins
(SELECT g FROM t WHERE id = 1) = 12
--= a generated column against the drop of what it reads
--: ours
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 1) STORED;
--: theirs
ALTER TABLE t DROP a;
--: conflict dependency_broken
--: ours wins
see.column('t', 'g') IS NOT NULL AND see.column('t', 'a') = 'integer'
--= a generated column over a renamed one
--: ours
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 1) STORED;
--: theirs
ALTER TABLE t RENAME a TO aa;
--: merged
(SELECT g FROM t WHERE id = 1) = 11 AND see.column('t', 'aa') = 'integer'
--= storage and statistics from two sides
--: ours
ALTER TABLE t ALTER b SET STORAGE EXTERNAL;
--: theirs
ALTER TABLE t ALTER b SET STATISTICS 55;
--: merged
(SELECT attstorage = 'e' AND attstattarget = 55 FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b')
--= collation and rename
--: ours
ALTER TABLE t ALTER b TYPE varchar(20) COLLATE "C";
--: theirs
ALTER TABLE t RENAME b TO bb;
--: merged
(SELECT collation_name = 'C' FROM information_schema.columns WHERE table_name = 't' AND table_schema = 'public' AND column_name = 'bb')
--= column grants item by item
--: ours
GRANT SELECT (a) ON t TO pggit_test_alice;
--: theirs
GRANT UPDATE (a) ON t TO pggit_test_alice;
--: merged
has_column_privilege('pggit_test_alice', 't', 'a', 'SELECT') AND has_column_privilege('pggit_test_alice', 't', 'a', 'UPDATE')
--= nothing on one side
--: ours
--: theirs
ALTER TABLE t ADD x int NOT NULL DEFAULT 3, DROP b, ALTER a TYPE text; ALTER TABLE t RENAME c TO cc;
--: merged
see.columns('t') = 'a text, cc integer NN =1, id integer NN, x integer NN =3' AND (SELECT sum(cc) FROM t) = 11

--# rows that refuse
CREATE TABLE t (id int PRIMARY KEY, a int, b text, d text); INSERT INTO t VALUES (1, NULL, 'x', '12'), (2, 5, 'x', 'no'), (3, NULL, 'y', '7');
CREATE TABLE o (id int PRIMARY KEY); INSERT INTO o VALUES (5);
--= NOT NULL against existing NULLs
--: ours
--: theirs
ALTER TABLE t ALTER a SET NOT NULL;
--: conflict data_violation
--: says 2
--! one-way
--= a new NOT NULL column without a default
--: ours
--: theirs
ALTER TABLE t ADD n int NOT NULL;
--: conflict data_violation
--: says 3
--! one-way
--= unique against duplicates
--: ours
--: theirs
ALTER TABLE t ADD CONSTRAINT t_b UNIQUE (b);
--: conflict data_violation
--! one-way
--= a unique index against duplicates
--: ours
--: theirs
CREATE UNIQUE INDEX t_b ON t (lower(b));
--: conflict data_violation
--! one-way
--= a check that rows break
--: ours
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (id < 3);
--: conflict data_violation
--: says 1
--! one-way
--= a foreign key with orphans
--: ours
--: theirs
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES o;
--: conflict data_violation
--: says 3
--! one-way
--= a cast that a row refuses
--: ours
--: theirs
ALTER TABLE t ALTER d TYPE int USING d::int;
--: conflict data_violation
--: says 1
--! one-way
--= a shorter type that a row does not fit
--: ours
--: theirs
ALTER TABLE t ALTER d TYPE varchar(1) USING d::varchar(1);
--: merged or conflict data_violation
--! one-way
--= a primary key over NULLs
--: ours
--: theirs
ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (a);
--: conflict data_violation
--! one-way
--= an exclusion that rows break
--: ours
--: theirs
ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING btree (b WITH =);
--: conflict data_violation
--: says 2
--! one-way
--= a check that only both sides together break
--: ours
UPDATE t SET a = 1 WHERE a IS NULL;
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (a >= 5);
--: conflict data_violation
--: says 2
--! one-way
--= NOT NULL after the rows were mended
--: ours
UPDATE t SET a = 1 WHERE a IS NULL;
--: theirs
ALTER TABLE t ALTER a SET NOT NULL;
--: merged
see.column('t', 'a') = 'integer NN'
--! one-way
--= a check that is not valid asks no row
--: ours
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (id < 3) NOT VALID;
--: merged
see.constraints('t') = 'k CHECK (id < 3) NOT VALID; t_pkey PRIMARY KEY (id)'
--! one-way
--= NULLs do not break a check or a key
--: ours
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0), ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES o, ADD CONSTRAINT u UNIQUE (a);
--: merged
see.constraints('t') = 'fk FOREIGN KEY (a) REFERENCES o(id); k CHECK (a > 0); t_pkey PRIMARY KEY (id); u UNIQUE (a)'
--! one-way
--= a check of one side and a type of the other
--: ours
ALTER TABLE t ALTER id TYPE bigint;
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (id < 30);
--: merged
see.column('t', 'id') = 'bigint NN' AND see.constraints('t') = 'k CHECK (id < 30); t_pkey PRIMARY KEY (id)'
--= NOT NULL with a default set on the other side
--: ours
ALTER TABLE t ALTER b SET NOT NULL;
--: theirs
ALTER TABLE t ALTER b SET DEFAULT 'z';
--: merged
see.column('t', 'b') = 'text NN =''z''::text'
--# columns of built-in types, for defaults
CREATE TABLE t (id int PRIMARY KEY, f double precision, d numeric(20,10), v varchar(20), n numeric);
--= one number written in two ways
--: ours
ALTER TABLE t ALTER f SET DEFAULT 1.5; ALTER TABLE t ALTER d SET DEFAULT '1.23000'; ALTER TABLE t ADD z real DEFAULT 1.50;
--: theirs
ALTER TABLE t ALTER f SET DEFAULT '1.50'; ALTER TABLE t ALTER d SET DEFAULT '1.23000000000'; ALTER TABLE t ADD z real DEFAULT '1.5';
--: merged
see.column('t', 'f') ~ '1.5' AND see.column('t', 'd') ~ '1.23' AND see.column('t', 'z') ~ '1.5'
--= one string written in two ways
--: ours
ALTER TABLE t ALTER v SET DEFAULT 'it''s';
--: theirs
ALTER TABLE t ALTER v SET DEFAULT 'it''s'::text;
--: merged
see.column('t', 'v') ~ 'it''''s'
--= two numbers that differ behind the scale of one of them
--: ours
ALTER TABLE t ALTER n SET DEFAULT 1.0;
--: theirs
ALTER TABLE t ALTER n SET DEFAULT 1.00;
--: conflict schema_mismatch/default
--: ours wins
see.column('t', 'n') ~ '=1.0$'
--: theirs wins
see.column('t', 'n') ~ '=1.00$'
--= both add a table, its default written in two ways
--: ours
CREATE TABLE u (id int, x double precision DEFAULT 2.5);
--: theirs
CREATE TABLE u (id int, x double precision DEFAULT '2.50');
--: merged
see.column('u', 'x') ~ '2.5'
--# a table and a function of integers
CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 1';
CREATE TABLE t (id int PRIMARY KEY, a int, z int); CREATE INDEX t_a ON t (a);
--= a check of a type that the other side takes away
--: ours
ALTER TABLE t ALTER z TYPE text;
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (f(z) > 0); CREATE INDEX z_i ON t (z);
--: conflict dependency_broken
--: ours wins
see.column('t', 'z') = 'text' AND see.constraint('t', 'k') IS NULL AND see.indexes('t') ~ 'z_i'
--: theirs wins
see.column('t', 'z') = 'integer' AND see.constraint('t', 'k') IS NOT NULL AND see.indexes('t') ~ 'z_i'
--= an index over two columns, of which the other side retypes one
--: ours
CREATE INDEX i2 ON t ((a + z)) WHERE a > 0;
--: theirs
ALTER TABLE t ALTER z TYPE text; ALTER TABLE t ADD q int;
--: conflict dependency_broken
--: ours wins
see.column('t', 'z') = 'integer' AND see.indexes('t') ~ 'i2' AND see.column('t', 'q') = 'integer'
--: theirs wins
see.column('t', 'z') = 'text' AND see.indexes('t') !~ 'i2' AND see.column('t', 'q') = 'integer'
--= a view over a column that the other side retypes
--: ours
CREATE VIEW v AS SELECT f(z) AS fz FROM t;
--: theirs
ALTER TABLE t ALTER z TYPE text;
--: conflict dependency_broken
--: ours wins
see.column('t', 'z') = 'integer' AND to_regclass('v') IS NOT NULL
--: theirs wins
see.column('t', 'z') = 'text' AND to_regclass('v') IS NULL
--= a default that a new type does not take
--: ours
ALTER TABLE t ALTER z SET DEFAULT f(3);
--: theirs
ALTER TABLE t ALTER z TYPE date USING NULL;
--: conflict
--= a foreign key whose target the other side retypes
--: ours
CREATE TABLE u (t_id int REFERENCES t);
--: theirs
ALTER TABLE t ALTER id TYPE text;
--: conflict
--: ours wins
see.column('t', 'id') ~ 'integer' AND see.constraints('u') ~ 'REFERENCES'
--: theirs wins
see.column('t', 'id') ~ 'text'
