--# from nothing
--= a bare table
-->
CREATE TABLE t (id int);
--= a table without columns
-->
CREATE TABLE t ();
--= a table with everything
-->
CREATE TABLE p (id int PRIMARY KEY, code text NOT NULL, UNIQUE (code));
CREATE TABLE t (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, p_id int NOT NULL REFERENCES p ON DELETE CASCADE,
    qty int DEFAULT 1 CHECK (qty >= 0), total int GENERATED ALWAYS AS (qty * 2) STORED,
    name varchar(30) COLLATE "C" NOT NULL, during int4range, tags text[] DEFAULT '{}', meta jsonb DEFAULT '{}'::jsonb,
    stamp timestamptz NOT NULL DEFAULT now(), EXCLUDE USING gist (during WITH &&), UNIQUE (name, qty)
) WITH (fillfactor = 80);
COMMENT ON TABLE t IS 'everything'; COMMENT ON COLUMN t.id IS 'key';
CREATE INDEX ON t (name) INCLUDE (qty);
--= tables that reference each other
-->
CREATE TABLE a (id int PRIMARY KEY, b_id int); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b;
--= a table that references itself
-->
CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a ON DELETE SET NULL);
--= an unlogged table
-->
CREATE UNLOGGED TABLE t (id int);
--= a table of a composite type
-->
CREATE TYPE pair AS (x int, y int); CREATE TABLE t (p pair, q pair[]);
--= hostile names
-->
CREATE TABLE "we""ird.Tab le" ("sel.ect" int PRIMARY KEY, "Ünïcødé" text DEFAULT 'a''b', "user" int);
CREATE INDEX "in dex" ON "we""ird.Tab le" ("Ünïcødé"); COMMENT ON TABLE "we""ird.Tab le" IS $$a'b\c"d$$;
CREATE VIEW "order" AS SELECT "sel.ect", "user" FROM "we""ird.Tab le";
CREATE FUNCTION "f n"("in" int) RETURNS int LANGUAGE sql AS $$ SELECT "in" $$;

--# a table with rows
CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t VALUES (1, 2, 'x');
--= logged and unlogged
-->
ALTER TABLE t SET UNLOGGED;
--= storage options
ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled = false);
-->
ALTER TABLE t SET (fillfactor = 90, toast.autovacuum_enabled = false);
--= comment
COMMENT ON TABLE t IS 'one';
-->
COMMENT ON TABLE t IS 'two';
--= replica identity
-->
ALTER TABLE t REPLICA IDENTITY FULL;
--= replica identity by an index
ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX t_a ON t (a);
-->
ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX t_a ON t (a); ALTER TABLE t REPLICA IDENTITY USING INDEX t_a;
--= clustered on an index
CREATE INDEX t_a ON t (a);
-->
CREATE INDEX t_a ON t (a); ALTER TABLE t CLUSTER ON t_a;
--= row security
-->
ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
--= grants
GRANT SELECT, INSERT ON t TO pggit_test_alice; GRANT SELECT ON t TO PUBLIC;
-->
GRANT SELECT ON t TO pggit_test_alice WITH GRANT OPTION; GRANT ALL ON t TO pggit_test_bob;
--= owner
-->
ALTER TABLE t OWNER TO pggit_test_alice;
--= owner and grants
GRANT SELECT ON t TO pggit_test_bob;
-->
ALTER TABLE t OWNER TO pggit_test_alice; GRANT INSERT ON t TO pggit_test_bob; REVOKE DELETE ON t FROM pggit_test_alice;
--= one table goes, another comes
-->
DROP TABLE t; CREATE TABLE u (id int);

--# partitioned tables
CREATE TABLE p (id int NOT NULL, d date NOT NULL, v text) PARTITION BY RANGE (d);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
INSERT INTO p VALUES (1, '2020-05-05', 'x'), (2, '2021-05-05', 'y');
--= a partition more
-->
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
--= a default partition
-->
CREATE TABLE p_d PARTITION OF p DEFAULT;
--= a partition detached
-->
ALTER TABLE p DETACH PARTITION p_2;
--= a table becomes a partition and lacks columns and a check, or has others
ALTER TABLE p ADD CONSTRAINT early CHECK (id > 0), ADD w int DEFAULT 3; CREATE TABLE p_0 (id int, at date, lost int);
-->
ALTER TABLE p ADD CONSTRAINT early CHECK (id > 0), ADD w int DEFAULT 3;
CREATE TABLE p_0 PARTITION OF p FOR VALUES FROM ('2000-01-01') TO ('2001-01-01');
--! order
--= a partition with other bounds
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
-->
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM ('2022-01-01') TO ('2024-01-01');
--= partitions of a partition
-->
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01') PARTITION BY LIST (id);
CREATE TABLE p_3_1 PARTITION OF p_3 FOR VALUES IN (1, 2);
CREATE TABLE p_3_d PARTITION OF p_3 DEFAULT;
--= a column more
-->
ALTER TABLE p ADD w int DEFAULT 3;
--= a column less
-->
ALTER TABLE p DROP v;
--= a column's type
-->
ALTER TABLE p ALTER id TYPE bigint;
--= a column's default on one partition
-->
ALTER TABLE p_1 ALTER v SET DEFAULT 'one';
--= NOT NULL on all
-->
ALTER TABLE p ALTER v SET NOT NULL;
--= NOT NULL on one partition
-->
ALTER TABLE p_1 ALTER v SET NOT NULL;
--= a primary key on all
-->
ALTER TABLE p ADD PRIMARY KEY (id, d);
--= an index on all
-->
CREATE INDEX p_v ON p (v);
--= an index on one partition
-->
CREATE INDEX p_1_v ON p_1 (v);
--= an index that takes in a partition's own
CREATE INDEX p_1_own ON p_1 (v);
-->
CREATE INDEX p_1_own ON p_1 (v); CREATE INDEX p_v ON p (v);
--= a unique key on all
-->
ALTER TABLE p ADD CONSTRAINT p_key UNIQUE (id, d);
--= a check on all and one on a partition
-->
ALTER TABLE p ADD CONSTRAINT p_id CHECK (id > 0); ALTER TABLE p_1 ADD CONSTRAINT p_1_id CHECK (id < 1000);
--= a trigger on all
-->
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER p_t AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
--= a foreign key
DELETE FROM p;
-->
DELETE FROM p; CREATE TABLE o (id int PRIMARY KEY); ALTER TABLE p ADD FOREIGN KEY (id) REFERENCES o;
--= partitioned by hash and by list
-->
CREATE TABLE h (id int, k text) PARTITION BY HASH (id);
CREATE TABLE h_0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE h_1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE l (id int, k text) PARTITION BY LIST (lower(k));
CREATE TABLE l_a PARTITION OF l FOR VALUES IN ('a', 'b'); CREATE TABLE l_n PARTITION OF l FOR VALUES IN (NULL);
--= a partitioned table of a circle becomes a plain one, its partition stands alone with its key
--! recreates
CREATE TABLE a (id int NOT NULL, k int NOT NULL, UNIQUE (id, k)) PARTITION BY LIST (k); CREATE TABLE a1 PARTITION OF a FOR VALUES IN (1);
CREATE TABLE b (id int, k int, UNIQUE (id, k)) PARTITION BY LIST (k); CREATE TABLE b1 PARTITION OF b FOR VALUES IN (1);
ALTER TABLE a ADD FOREIGN KEY (id, k) REFERENCES b (id, k); ALTER TABLE b ADD FOREIGN KEY (id, k) REFERENCES a (id, k);
-->
CREATE TABLE a (id int NOT NULL, k int NOT NULL, UNIQUE (id, k)); CREATE TABLE a1 (id int NOT NULL, k int NOT NULL, UNIQUE (id, k));
CREATE TABLE b (id int, k int, UNIQUE (id, k)); CREATE TABLE b1 (id int, k int);
ALTER TABLE a ADD FOREIGN KEY (id, k) REFERENCES b (id, k); ALTER TABLE b ADD FOREIGN KEY (id, k) REFERENCES a (id, k);
--= all of it goes
-->
DROP TABLE p;

--# inheritance
CREATE TABLE animal (id int, name text DEFAULT 'x', CONSTRAINT positive CHECK (id > 0));
CREATE TABLE dog (breed text) INHERITS (animal); INSERT INTO dog VALUES (1, 'a', 'b');
CREATE TABLE stone (id int, name text, CONSTRAINT positive CHECK (id > 0));
--= a child more
-->
CREATE TABLE cat (lives int) INHERITS (animal);
--= a table becomes a child
-->
ALTER TABLE stone INHERIT animal;
--= a column of the parent
-->
ALTER TABLE animal ADD age int;
--! order
--= a check of the parent
-->
ALTER TABLE animal ADD CONSTRAINT named CHECK (name <> '');
--= a check that is not inherited
-->
ALTER TABLE animal ADD CONSTRAINT named CHECK (name <> '') NO INHERIT;
--= a default of the child
-->
ALTER TABLE dog ALTER name SET DEFAULT 'rex';
--= a type in the parent
-->
ALTER TABLE animal ALTER id TYPE bigint;
--= two parents
-->
CREATE TABLE pet (owner text); ALTER TABLE dog ADD owner text; ALTER TABLE dog INHERIT pet;
--= a parent loses a column that its only heir keeps
--! order one-way
CREATE TABLE parent (created_at timestamp, e int);
CREATE TABLE child (a int) INHERITS (parent);
-->
CREATE TABLE parent (created_at timestamp);
CREATE TABLE child (a int, e int) INHERITS (parent);
--# typed tables
CREATE TYPE c AS (a int, b text); CREATE TABLE t OF c (a DEFAULT 1, b NOT NULL);
--= defaults
-->
ALTER TABLE t ALTER a DROP DEFAULT, ALTER b SET DEFAULT 'x', ALTER b DROP NOT NULL;
--= another attribute
-->
ALTER TYPE c DROP ATTRIBUTE a CASCADE, ADD ATTRIBUTE z int CASCADE, ALTER ATTRIBUTE b TYPE varchar(9) CASCADE; ALTER TABLE t ALTER z SET DEFAULT 3;
--! one-way
--= becomes a table of its own
-->
ALTER TABLE t NOT OF; ALTER TABLE t ADD n int;

--# heirs and other parents
CREATE TABLE p (id serial, n int); CREATE TABLE q (m int); CREATE TABLE h (x int) INHERITS (p); CREATE TABLE both_own (id int, n int DEFAULT 7) INHERITS (p);
--= another parent with the same column
-->
CREATE TABLE r (id serial NOT NULL, n int DEFAULT 3); DROP TABLE h; CREATE TABLE h (x int) INHERITS (r); ALTER TABLE p DROP n;
--! order
--= a column that is also the heir's own
-->
ALTER TABLE p ALTER n TYPE text, ADD k int; ALTER TABLE both_own ALTER n SET DEFAULT 'y';

--# partitions that move
CREATE TABLE p (k int NOT NULL, r text DEFAULT 'x', CONSTRAINT pos CHECK (k > 0)) PARTITION BY LIST (k); CREATE INDEX p_r ON p (r);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (r); CREATE TABLE p1x PARTITION OF p1 FOR VALUES IN ('x'); INSERT INTO p VALUES (1, 'x');
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION tg();
--= a subtree stands alone
-->
ALTER TABLE p DETACH PARTITION p1;
--= a trigger fires otherwise on one of them
-->
ALTER TABLE p1x DISABLE TRIGGER tr; ALTER TABLE p ENABLE ALWAYS TRIGGER tr; ALTER TABLE p1x ENABLE REPLICA TRIGGER tr;
--= the type of what a table is partitioned by
--! recreates lossy
CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE q (id int, k int DEFAULT 3, n text NOT NULL, s int REFERENCES r, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (9); CREATE TABLE q2 PARTITION OF q FOR VALUES FROM (10) TO (19) PARTITION BY LIST (k);
CREATE TABLE q22 PARTITION OF q2 FOR VALUES IN (12); CREATE TABLE qd PARTITION OF q DEFAULT; CREATE INDEX q_n ON q (n); CREATE INDEX own ON q1 (k);
CREATE VIEW w AS SELECT k, n FROM q; COMMENT ON TABLE q IS 'c'; COMMENT ON COLUMN q.n IS 'cn'; GRANT SELECT ON q TO pggit_test_alice;
INSERT INTO q SELECT g, g, 'x' FROM generate_series(1, 8) AS g;
-->
CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE q (id int, k bigint DEFAULT 3, n text NOT NULL, s int REFERENCES r, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (9); CREATE TABLE q2 PARTITION OF q FOR VALUES FROM (10) TO (19) PARTITION BY LIST (k);
CREATE TABLE q22 PARTITION OF q2 FOR VALUES IN (12); CREATE TABLE qd PARTITION OF q DEFAULT; CREATE INDEX q_n ON q (n); CREATE INDEX own ON q1 (k);
CREATE VIEW w AS SELECT k, n FROM q; COMMENT ON TABLE q IS 'c'; COMMENT ON COLUMN q.n IS 'cn'; GRANT SELECT ON q TO pggit_test_alice;
INSERT INTO q SELECT g, g, 'x' FROM generate_series(1, 8) AS g;
--= a label goes from the enum that a table is partitioned by
--! recreates lossy
CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE q (id int, k e, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE qa PARTITION OF q FOR VALUES IN ('a'); CREATE TABLE qb PARTITION OF q FOR VALUES IN ('b'); INSERT INTO q VALUES (1, 'a'), (1, 'b');
-->
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE q (id int, k e, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE qa PARTITION OF q FOR VALUES IN ('a'); CREATE TABLE qb PARTITION OF q FOR VALUES IN ('b'); INSERT INTO q VALUES (1, 'a'), (1, 'b');
--= an index of one of them has a comment
-->
COMMENT ON INDEX p1x_r_idx IS 'one'; ALTER INDEX p1_r_idx RENAME TO named;
--= the parent is another
-->
ALTER TABLE p RENAME TO top;
--! recreates
