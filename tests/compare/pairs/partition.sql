--# NOT NULL of partitions and heirs: in PostgreSQL 18 it has a name that is inherited
CREATE TABLE north (k int NOT NULL, v text) PARTITION BY LIST (k); CREATE TABLE south (k int NOT NULL, v text) PARTITION BY LIST (k);
CREATE TABLE loose (k int, v text) PARTITION BY LIST (k);
--= a partition goes over to another parent
CREATE TABLE part PARTITION OF north FOR VALUES IN (1); INSERT INTO north VALUES (1, 'x');
-->
CREATE TABLE part PARTITION OF south FOR VALUES IN (1); INSERT INTO south VALUES (1, 'x');
--= a partition goes over to a parent that asks for less
CREATE TABLE part PARTITION OF north FOR VALUES IN (1); INSERT INTO north VALUES (1, 'x');
-->
CREATE TABLE part PARTITION OF loose FOR VALUES IN (1); INSERT INTO loose VALUES (1, 'x');
--= a subtree goes over
CREATE TABLE part PARTITION OF north FOR VALUES IN (1) PARTITION BY LIST (v); CREATE TABLE leaf PARTITION OF part FOR VALUES IN ('x');
-->
CREATE TABLE part PARTITION OF south FOR VALUES IN (1) PARTITION BY LIST (v); CREATE TABLE leaf PARTITION OF part FOR VALUES IN ('x');
--= a partition goes over that names it by itself
CREATE TABLE part PARTITION OF north (k CONSTRAINT one NOT NULL, v NOT NULL) FOR VALUES IN (1);
-->
CREATE TABLE part PARTITION OF south (k CONSTRAINT two NOT NULL) FOR VALUES IN (1);
--= the parent gets what a partition has
CREATE TABLE part PARTITION OF loose (v NOT NULL) FOR VALUES IN (1);
-->
ALTER TABLE loose ALTER v SET NOT NULL, ALTER k SET NOT NULL; CREATE TABLE part PARTITION OF loose FOR VALUES IN (1);
--= the parent gets what a partition has, which keeps a name for it
CREATE TABLE part PARTITION OF loose (v NOT NULL) FOR VALUES IN (1);
-->
ALTER TABLE loose ALTER v SET NOT NULL; CREATE TABLE part PARTITION OF loose (v CONSTRAINT own NOT NULL) FOR VALUES IN (1);
--= the top gets what a partition of a partition has
CREATE TABLE part PARTITION OF loose FOR VALUES IN (1) PARTITION BY LIST (v); CREATE TABLE leaf PARTITION OF part (v NOT NULL) FOR VALUES IN ('x');
-->
ALTER TABLE loose ALTER v SET NOT NULL;
CREATE TABLE part PARTITION OF loose FOR VALUES IN (1) PARTITION BY LIST (v); CREATE TABLE leaf PARTITION OF part FOR VALUES IN ('x');
--= the parent gets what an heir has
--! 18
CREATE TABLE elder (a int, b text); CREATE TABLE heir (CONSTRAINT first NOT NULL b) INHERITS (elder); CREATE TABLE grandchild () INHERITS (heir);
-->
CREATE TABLE elder (a int, b text NOT NULL); CREATE TABLE heir () INHERITS (elder); CREATE TABLE grandchild () INHERITS (heir);

--# indexes ON ONLY a partitioned table, with rows
CREATE TABLE p (k int, v text) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
INSERT INTO p VALUES (1, 'x'), (2, 'y');
--= one part attached
-->
CREATE INDEX i ON ONLY p (v); CREATE INDEX ON p1 (v); ALTER INDEX i ATTACH PARTITION p1_v_idx;
--= an index of its own is attached
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); CREATE INDEX x2 ON p2 (v);
-->
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); CREATE INDEX x2 ON p2 (v); ALTER INDEX i ATTACH PARTITION x2;
--= another part is attached
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); CREATE INDEX x2 ON p2 (v); ALTER INDEX i ATTACH PARTITION x1;
-->
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); CREATE INDEX x2 ON p2 (v); ALTER INDEX i ATTACH PARTITION x2;
--= a part is missing
CREATE INDEX i ON p (v);
-->
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); ALTER INDEX i ATTACH PARTITION x1;
--= all parts are attached, one under its own parameters
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); CREATE INDEX x2 ON p2 (v); ALTER INDEX i ATTACH PARTITION x2;
-->
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v) WITH (fillfactor = 50); CREATE INDEX x2 ON p2 (v); COMMENT ON INDEX x2 IS 'two';
ALTER INDEX i ATTACH PARTITION x1; ALTER INDEX i ATTACH PARTITION x2;
--= the parts have other keys
CREATE UNIQUE INDEX i ON ONLY p (k); CREATE UNIQUE INDEX x2 ON p2 (k); ALTER INDEX i ATTACH PARTITION x2;
-->
CREATE UNIQUE INDEX i ON ONLY p (k, v); CREATE UNIQUE INDEX x2 ON p2 (k, v); ALTER INDEX i ATTACH PARTITION x2;
--= the type of a column
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); ALTER INDEX i ATTACH PARTITION x1; ALTER TABLE ONLY p ADD CONSTRAINT u UNIQUE (k, v);
-->
DROP TABLE p; CREATE TABLE p (k int, v varchar(9)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); INSERT INTO p VALUES (1, 'x'), (2, 'y');
CREATE INDEX i ON ONLY p (v); CREATE INDEX x1 ON p1 (v); ALTER INDEX i ATTACH PARTITION x1; ALTER TABLE ONLY p ADD CONSTRAINT u UNIQUE (k, v);
--= a part stays when the table leaves
CREATE INDEX i ON ONLY p (v); CREATE INDEX x2 ON p2 (v); ALTER INDEX i ATTACH PARTITION x2;
-->
CREATE INDEX i ON ONLY p (v); ALTER TABLE p DETACH PARTITION p2; CREATE INDEX x2 ON p2 (v);
--= a part stays when the whole goes
CREATE INDEX i ON ONLY p (v); CREATE INDEX x2 ON p2 (v); ALTER INDEX i ATTACH PARTITION x2;
-->
CREATE INDEX x2 ON p2 (v);

--# indexes equal to those of the parents
CREATE TABLE top (k int, v text, n int) PARTITION BY LIST (k); CREATE INDEX ti ON top (v); CREATE TABLE leaf (k int, v text, n int); INSERT INTO leaf VALUES (1, 'x', 1);
--= a table joins with one of its own beside the part
CREATE INDEX own ON leaf (v);
-->
ALTER TABLE top ATTACH PARTITION leaf FOR VALUES IN (1); CREATE INDEX own ON leaf (v);
--= a table joins two levels below with one of its own beside the part
CREATE TABLE middle PARTITION OF top FOR VALUES IN (1) PARTITION BY LIST (n); CREATE INDEX own ON leaf (v);
-->
CREATE TABLE middle PARTITION OF top FOR VALUES IN (1) PARTITION BY LIST (n);
ALTER TABLE middle ATTACH PARTITION leaf FOR VALUES IN (1); CREATE INDEX own ON leaf (v);
--= a table joins two levels below with the part
CREATE TABLE middle PARTITION OF top FOR VALUES IN (1) PARTITION BY LIST (n); CREATE INDEX own ON leaf (v);
-->
CREATE TABLE middle PARTITION OF top FOR VALUES IN (1) PARTITION BY LIST (n);
CREATE INDEX own ON leaf (v); ALTER TABLE middle ATTACH PARTITION leaf FOR VALUES IN (1);

--# comments of partitioned indexes, whose columns get another type
--= none for the parts
CREATE TABLE p (k int, v int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1, 2);
CREATE INDEX i ON p (v); COMMENT ON INDEX i IS 'whole';
-->
CREATE TABLE p (k int, v bigint) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1, 2);
CREATE INDEX i ON p (v); COMMENT ON INDEX i IS 'whole';
--= their own for some
CREATE TABLE p (k int, v int, UNIQUE (k, v)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (k);
CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1); CREATE INDEX i ON p (v); COMMENT ON INDEX i IS 'whole'; COMMENT ON INDEX p11_v_idx IS 'leaf';
COMMENT ON INDEX p_k_v_key IS 'key';
-->
CREATE TABLE p (k int, v bigint, UNIQUE (k, v)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (k);
CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1); CREATE INDEX i ON p (v); COMMENT ON INDEX i IS 'whole'; COMMENT ON INDEX p11_v_idx IS 'leaf';
COMMENT ON INDEX p_k_v_key IS 'key';
