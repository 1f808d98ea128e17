--# tables
CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 10), (2, 20); CREATE TABLE u (id int PRIMARY KEY);
--= each side adds one
--: ours
CREATE TABLE x (id int PRIMARY KEY);
--: theirs
CREATE TABLE y (id int PRIMARY KEY, t_id int REFERENCES t);
--: merged
see.columns('x') = 'id integer NN' AND see.constraint('y', 'y_t_id_fkey') = 'FOREIGN KEY (t_id) REFERENCES t(id)'
--= both add the same
--: ours
CREATE TABLE x (id serial PRIMARY KEY, n text UNIQUE CHECK (n <> ''));
--: theirs
CREATE TABLE x (id serial PRIMARY KEY, n text UNIQUE CHECK (n <> ''));
--: merged
see.constraints('x') = 'x_n_check CHECK (n <> ''''::text); x_n_key UNIQUE (n); x_pkey PRIMARY KEY (id)'
--= both add the same with columns in another order
--: ours
CREATE TABLE x (id int, n text);
--: theirs
CREATE TABLE x (n text, id int);
--: merged
see.columns('x') = 'id integer, n text'
--= both add one of the same name, its columns differ in type
--: ours
CREATE TABLE x (id int PRIMARY KEY, v int);
--: theirs
CREATE TABLE x (id int PRIMARY KEY, v text);
--: conflict both_added
--: ours wins
see.column('x', 'v') = 'integer'
--: theirs wins
see.column('x', 'v') = 'text'
--= both add one of the same name, with columns of their own
--: ours
CREATE TABLE x (id int PRIMARY KEY, v int);
--: theirs
CREATE TABLE x (id int PRIMARY KEY, w int);
--: conflict both_added
--: ours wins
see.columns('x') = 'id integer NN, v integer'
--: theirs wins
see.columns('x') = 'id integer NN, w integer'
--= a table and a view of one name
--: ours
CREATE TABLE x (id int);
--: theirs
CREATE VIEW x AS SELECT id FROM t;
--: conflict
--= each side drops another
--: ours
DROP TABLE t;
--: theirs
DROP TABLE u;
--: merged
to_regclass('t') IS NULL AND to_regclass('u') IS NULL
--= both drop it
--: ours
DROP TABLE t;
--: theirs
DROP TABLE t;
--: merged
to_regclass('t') IS NULL
--= drop against a new column
--: ours
DROP TABLE t;
--: theirs
ALTER TABLE t ADD x int;
--: conflict modify_delete
--: ours wins
to_regclass('t') IS NULL
--: theirs wins
see.columns('t') = 'a integer, id integer NN, x integer'
--= drop against a new index
--: ours
DROP TABLE t;
--: theirs
CREATE INDEX i ON t (a);
--: conflict
--: ours wins
to_regclass('t') IS NULL
--: theirs wins
see.indexes('t') = 'i (a)'
--= drop against a comment
--: ours
DROP TABLE t;
--: theirs
COMMENT ON TABLE t IS 'keep me';
--: conflict modify_delete
--: ours wins
to_regclass('t') IS NULL
--: theirs wins
obj_description('t'::regclass) = 'keep me'
--= drop against rename
--: ours
DROP TABLE t;
--: theirs
ALTER TABLE t RENAME TO tt;
--: conflict modify_delete
--: ours wins
to_regclass('t') IS NULL AND to_regclass('tt') IS NULL
--: theirs wins
see.columns('tt') = 'a integer, id integer NN' AND to_regclass('t') IS NULL
--= drop against a foreign key to it
--: ours
DROP TABLE u;
--: theirs
ALTER TABLE t ADD u_id int REFERENCES u;
--: conflict dependency_broken
--: theirs wins
see.constraint('t', 't_u_id_fkey') IS NOT NULL
--= drop against a view over it
--: ours
DROP TABLE t;
--: theirs
CREATE VIEW v AS SELECT a FROM t;
--: conflict dependency_broken
--: ours wins
to_regclass('t') IS NULL AND to_regclass('v') IS NULL
--: theirs wins
to_regclass('v') IS NOT NULL
--= drop against a function over its row type
--: ours
DROP TABLE t;
--: theirs
CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT $1.a $$;
--: conflict dependency_broken
--= renamed on one side, a column added on the other
--: ours
ALTER TABLE t RENAME TO tt;
--: theirs
ALTER TABLE t ADD x int DEFAULT 4;
--: merged
see.columns('tt') = 'a integer, id integer NN, x integer =4' AND see.count('tt') = 2 AND to_regclass('t') IS NULL
--= renamed on both sides to the same name
--: ours
ALTER TABLE t RENAME TO tt;
--: theirs
ALTER TABLE t RENAME TO tt;
--: merged
see.count('tt') = 2 AND to_regclass('t') IS NULL
--= renamed two ways
--: ours
ALTER TABLE t RENAME TO x;
--: theirs
ALTER TABLE t RENAME TO y;
--: conflict rename_rename
--: ours wins
see.count('x') = 2 AND to_regclass('y') IS NULL
--: theirs wins
see.count('y') = 2 AND to_regclass('x') IS NULL
--= two tables renamed to one name
--: ours
ALTER TABLE t RENAME TO x;
--: theirs
ALTER TABLE u RENAME TO x;
--: conflict name_collision
--= renamed to the name of one that the other side adds
--: ours
ALTER TABLE t RENAME TO x;
--: theirs
CREATE TABLE x (z int);
--: conflict name_collision
--= tables trade names
--: ours
ALTER TABLE t RENAME TO tmp; ALTER TABLE u RENAME TO t; ALTER TABLE tmp RENAME TO u;
--: theirs
ALTER TABLE t ADD x int;
--: merged
see.columns('u') = 'a integer, id integer NN, x integer' AND see.columns('t') = 'id integer NN' AND see.count('u') = 2
--= table and column renamed from two sides
--: ours
ALTER TABLE t RENAME TO tt;
--: theirs
ALTER TABLE t RENAME a TO aa;
--: merged
see.columns('tt') = 'aa integer, id integer NN' AND (SELECT sum(aa) FROM tt) = 30
--= options item by item
--: ours
ALTER TABLE t SET (fillfactor = 70);
--: theirs
ALTER TABLE t SET (autovacuum_enabled = false);
--: merged
(SELECT reloptions @> '{fillfactor=70,autovacuum_enabled=false}' FROM pg_class WHERE oid = 't'::regclass)
--= one option two ways
--: ours
ALTER TABLE t SET (fillfactor = 70);
--: theirs
ALTER TABLE t SET (fillfactor = 80);
--: conflict schema_mismatch
--: ours wins
(SELECT reloptions = '{fillfactor=70}' FROM pg_class WHERE oid = 't'::regclass)
--: theirs wins
(SELECT reloptions = '{fillfactor=80}' FROM pg_class WHERE oid = 't'::regclass)
--= comments on both sides
--: ours
COMMENT ON TABLE t IS 'ours';
--: theirs
COMMENT ON TABLE t IS 'theirs';
--: conflict schema_mismatch/comment
--: ours wins
obj_description('t'::regclass) = 'ours'
--: theirs wins
obj_description('t'::regclass) = 'theirs'
--= grants item by item
--: ours
GRANT SELECT ON t TO pggit_test_alice;
--: theirs
GRANT SELECT ON t TO pggit_test_bob; GRANT INSERT ON t TO pggit_test_alice;
--: merged
has_table_privilege('pggit_test_alice', 't', 'SELECT') AND has_table_privilege('pggit_test_bob', 't', 'SELECT') AND has_table_privilege('pggit_test_alice', 't', 'INSERT')
--= one grant with and without grant option
--: ours
GRANT SELECT ON t TO pggit_test_alice;
--: theirs
GRANT SELECT ON t TO pggit_test_alice WITH GRANT OPTION;
--: conflict schema_mismatch
--: ours wins
has_table_privilege('pggit_test_alice', 't', 'SELECT') AND NOT has_table_privilege('pggit_test_alice', 't', 'SELECT WITH GRANT OPTION')
--: theirs wins
has_table_privilege('pggit_test_alice', 't', 'SELECT WITH GRANT OPTION')
--= unlogged and a column
--: ours
ALTER TABLE t SET UNLOGGED;
--: theirs
ALTER TABLE t ADD x int;
--: merged
(SELECT relpersistence = 'u' FROM pg_class WHERE oid = 't'::regclass) AND see.column('t', 'x') = 'integer'
--= replaced by one of the same name against a change
--: ours
DROP TABLE u; CREATE TABLE u (k text);
--: theirs
CREATE TABLE z (id int);
--: merged
see.columns('u') = 'k text' AND to_regclass('z') IS NOT NULL
--= hostile names
--: ours
CREATE TABLE "a.b""c" ("sel ect" int PRIMARY KEY, "Ü" text); ALTER TABLE t RENAME a TO "A'; DROP TABLE u; --";
--: theirs
CREATE TABLE "user" ("order" int); ALTER TABLE t ADD "a.b" int; CREATE INDEX "i""x" ON t (a);
--: merged
see.columns('t') LIKE '%"A''; DROP TABLE u; --" integer%' AND see.column('"a.b""c"', 'Ü') = 'text' AND to_regclass('"i""x"') IS NOT NULL AND to_regclass('u') IS NOT NULL

--# partitions and heirs
CREATE TABLE p (id int NOT NULL, k int NOT NULL, v text) PARTITION BY RANGE (k);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20);
INSERT INTO p VALUES (1, 1, 'a'), (2, 11, 'b');
CREATE TABLE alone (id int NOT NULL, k int NOT NULL, v text); INSERT INTO alone VALUES (3, 21, 'c');
CREATE TABLE named (k int NOT NULL); CREATE UNIQUE INDEX named_k ON named (k);
CREATE TABLE counted (id serial PRIMARY KEY); INSERT INTO counted SELECT FROM generate_series(1, 5);
CREATE TABLE animal (id int, name text); CREATE TABLE dog (breed text) INHERITS (animal); INSERT INTO dog VALUES (1, 'a', 'b');
--= each side adds a partition
--: ours
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (30);
--: theirs
CREATE TABLE p_4 PARTITION OF p FOR VALUES FROM (30) TO (40);
--: merged
(SELECT count(*) FROM pg_inherits WHERE inhparent = 'p'::regclass) = 4
--= partitions that overlap
--: ours
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (30);
--: theirs
CREATE TABLE p_4 PARTITION OF p FOR VALUES FROM (25) TO (40);
--: conflict
--= one partition with two bounds
--: ours
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (30);
--: theirs
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (40);
--: conflict both_added
--: ours wins
(SELECT pg_get_expr(relpartbound, oid) = 'FOR VALUES FROM (20) TO (30)' FROM pg_class WHERE relname = 'p_3' AND relnamespace = 'public'::regnamespace)
--: theirs wins
(SELECT pg_get_expr(relpartbound, oid) = 'FOR VALUES FROM (20) TO (40)' FROM pg_class WHERE relname = 'p_3' AND relnamespace = 'public'::regnamespace)
--= a column of the parent and a partition
--: ours
ALTER TABLE p ADD w int DEFAULT 1;
--: theirs
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (30);
--: merged
see.column('p_3', 'w') = 'integer =1' AND see.column('p_1', 'w') = 'integer =1' AND (SELECT count(*) FROM p WHERE w = 1) = 2
--= an index on all and a partition
--: ours
CREATE INDEX p_v ON p (v);
--: theirs
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (30);
--: merged
see.indexes('p_3') LIKE '%(v)' AND see.indexes('p_1') LIKE '%(v)'
--= a type on all and an index on all
--: ours
ALTER TABLE p ALTER id TYPE bigint;
--: theirs
CREATE INDEX p_id ON p (id);
--: merged
see.column('p_1', 'id') = 'bigint NN' AND see.indexes('p_2') LIKE '%(id)'
--= detached against a column of all
--: ours
ALTER TABLE p DETACH PARTITION p_2;
--: theirs
ALTER TABLE p ALTER v SET DEFAULT 'q';
--: merged
(SELECT count(*) FROM pg_inherits WHERE inhparent = 'p'::regclass) = 1 AND see.column('p', 'v') = 'text =''q''::text' AND see.count('p_2') = 1
--= a partition dropped and one added
--: ours
DROP TABLE p_2;
--: theirs
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (30);
--: merged
to_regclass('p_2') IS NULL AND to_regclass('p_3') IS NOT NULL
--= a partition dropped and a column of all
--: ours
DROP TABLE p_2;
--: theirs
ALTER TABLE p ADD w int;
--: merged
to_regclass('p_2') IS NULL AND see.column('p_1', 'w') = 'integer'
--= a table attached and a column of all
--: ours
CREATE TABLE p_3 (id int NOT NULL, k int NOT NULL, v text); ALTER TABLE p ATTACH PARTITION p_3 FOR VALUES FROM (20) TO (30);
--: theirs
ALTER TABLE p ADD w int NOT NULL DEFAULT 3, ADD CHECK (w > 0);
--: merged
see.column('p_3', 'w') = 'integer NN =3' AND see.constraint('p_3', 'p_w_check') = 'CHECK (w > 0)'
--= a table of the base attached and a column of all
--: ours
ALTER TABLE p ATTACH PARTITION alone FOR VALUES FROM (20) TO (30);
--: theirs
ALTER TABLE p ADD w int NOT NULL DEFAULT 3;
--: merged
see.column('alone', 'w') = 'integer NN =3' AND see.count('p') = 3
--= a table of the base attached, and then a column of all renamed
--! one-way
--: ours
ALTER TABLE p ATTACH PARTITION alone FOR VALUES FROM (20) TO (30);
--: theirs
ALTER TABLE p RENAME v TO words;
--: merged
see.column('alone', 'words') = 'text' AND (SELECT words FROM alone) = 'c'
--= a column of all renamed, and then a table of the base attached
--! one-way
--: ours
ALTER TABLE p RENAME v TO words;
--: theirs
ALTER TABLE p ATTACH PARTITION alone FOR VALUES FROM (20) TO (30);
--: conflict dependency_broken
--: ours wins
see.column('alone', 'v') = 'text' AND see.column('p', 'words') = 'text' AND see.count('p') = 2
--: theirs wins
see.count('p') = 3
--= a default of the parent alone and one of the child
--: ours
ALTER TABLE ONLY p ALTER v SET DEFAULT 'all';
--: theirs
ALTER TABLE p_1 ALTER v SET DEFAULT 'one';
--: merged
see.column('p_1', 'v') = 'text =''one''::text' AND see.column('p_2', 'v') = 'text' AND see.column('p', 'v') = 'text =''all''::text'
--= two defaults of one child
--: ours
ALTER TABLE p_1 ALTER v SET DEFAULT 'a';
--: theirs
ALTER TABLE p_1 ALTER v SET DEFAULT 'b';
--: conflict schema_mismatch/default
--: ours wins
see.column('p_1', 'v') = 'text =''a''::text'
--: theirs wins
see.column('p_1', 'v') = 'text =''b''::text'
--= replica identity by an index against DROP NOT NULL
--: ours
ALTER TABLE named REPLICA IDENTITY USING INDEX named_k;
--: theirs
ALTER TABLE named ALTER k DROP NOT NULL;
--: conflict dependency_broken
--: ours wins
see.column('named', 'k') = 'integer NN' AND (SELECT relreplident FROM pg_class WHERE oid = 'named'::regclass) = 'i'
--: theirs wins
see.column('named', 'k') = 'integer' AND (SELECT relreplident FROM pg_class WHERE oid = 'named'::regclass) = 'd'
--= serial becomes identity and goes on counting
--! one-way
--: ours
ALTER TABLE counted ADD z int;
--: theirs
ALTER TABLE counted ALTER id DROP DEFAULT; DROP SEQUENCE counted_id_seq; ALTER TABLE counted ALTER id ADD GENERATED ALWAYS AS IDENTITY;
--: merged
nextval(pg_get_serial_sequence('counted', 'id')) = 6
--= parent and child columns
--: ours
ALTER TABLE animal ADD age int;
--: theirs
ALTER TABLE dog ADD good boolean;
--: merged
see.columns('dog') = 'age integer, breed text, good boolean, id integer, name text'
--= two children
--: ours
CREATE TABLE cat (lives int) INHERITS (animal);
--: theirs
CREATE TABLE cow (milk int) INHERITS (animal); ALTER TABLE animal ADD age int;
--: merged
see.columns('cat') = 'age integer, id integer, lives integer, name text' AND see.columns('cow') = 'age integer, id integer, milk integer, name text'
