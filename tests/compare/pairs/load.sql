--# a partitioned table with rows, partitions of partitions
CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p SELECT generate_series(1, 1000);
CREATE TABLE t (id int NOT NULL, region text NOT NULL, n int, p_id int) PARTITION BY LIST (region);
CREATE TABLE t_eu PARTITION OF t FOR VALUES IN ('eu');
CREATE TABLE t_us PARTITION OF t FOR VALUES IN ('us') PARTITION BY RANGE (id);
CREATE TABLE t_us_low PARTITION OF t_us FOR VALUES FROM (0) TO (500);
CREATE TABLE t_us_high PARTITION OF t_us FOR VALUES FROM (500) TO (2000);
INSERT INTO t SELECT i, CASE WHEN i % 2 = 0 THEN 'eu' ELSE 'us' END, i, i FROM generate_series(1, 1000) AS i;
--= an index
-->
CREATE INDEX t_n ON t (n DESC) INCLUDE (p_id) WHERE n > 0;
--= an index over an expression, unnamed, twice
CREATE INDEX ON t_eu (lower(region), n);
-->
CREATE INDEX ON t_eu (lower(region), n);
CREATE INDEX ON t (lower(region), id); CREATE INDEX ON t (lower(region), id);
--= an index with parameters, its parts under names of their own
-->
CREATE INDEX t_n ON t (n); ALTER INDEX t_eu_n_idx RENAME TO european; ALTER INDEX t_us_n_idx RENAME TO american;
COMMENT ON INDEX european IS 'one';
--= an index under a name as long as names are
-->
CREATE INDEX ON t (id, region, n, p_id, id, region, n, p_id, id, region, n, p_id, id, region, n, p_id);
--= an index on other columns
CREATE INDEX t_n ON t (n);
-->
CREATE INDEX t_n ON t (n, id);
--= an index that a partition has already
CREATE INDEX already ON t_eu (n);
-->
CREATE INDEX already ON t_eu (n); CREATE INDEX t_n ON t (n);
--= a unique index
-->
CREATE UNIQUE INDEX t_one ON t (region, id);
--= a primary key
-->
ALTER TABLE t ADD PRIMARY KEY (id, region);
--= a primary key over what was nullable
--! one-way
-->
ALTER TABLE t ADD PRIMARY KEY (id, region, n);
--= a unique key that can be deferred
-->
ALTER TABLE t ADD UNIQUE (region, id) DEFERRABLE INITIALLY DEFERRED;
--= a unique key on other columns
ALTER TABLE t ADD CONSTRAINT k UNIQUE (region, id);
-->
ALTER TABLE t ADD CONSTRAINT k UNIQUE (region, id, n);
--= a foreign key
-->
ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p ON DELETE CASCADE;
--= a check and a column that is required
-->
ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0), ALTER p_id SET NOT NULL;
--= a reference to it
ALTER TABLE t ADD PRIMARY KEY (id, region); ALTER TABLE p ADD region text; UPDATE p SET region = 'eu' WHERE id % 2 = 0;
-->
ALTER TABLE t ADD PRIMARY KEY (id, region); ALTER TABLE p ADD region text; UPDATE p SET region = 'eu' WHERE id % 2 = 0;
ALTER TABLE p ADD FOREIGN KEY (id, region) REFERENCES t;
--= an index and another partition
-->
CREATE TABLE t_asia PARTITION OF t FOR VALUES IN ('asia'); CREATE INDEX t_n ON t (n);
--= an index and a partition less
-->
ALTER TABLE t DETACH PARTITION t_eu; CREATE INDEX t_n ON t (n);
--= a key of the upper partition alone
-->
ALTER TABLE t_us ADD UNIQUE (id);

--# a table with rows, referenced
CREATE TABLE p (id int PRIMARY KEY, code text NOT NULL, other text NOT NULL); INSERT INTO p SELECT i, i, i FROM generate_series(1, 500) AS i;
CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, code text, "a NOT NULL b" int, "a ADD COLUMN b" int DEFAULT 1);
INSERT INTO t SELECT i, i, i, i FROM generate_series(1, 500) AS i;
CREATE MATERIALIZED VIEW m AS SELECT id, n FROM t;
--= an index on other columns
CREATE INDEX t_n ON t (n);
-->
CREATE INDEX t_n ON t (n, id) WHERE n > 3;
--= an index that becomes unique and is told from the others
CREATE INDEX t_n ON t (n);
-->
CREATE UNIQUE INDEX t_n ON t (n); ALTER TABLE t REPLICA IDENTITY USING INDEX t_n; COMMENT ON INDEX t_n IS 'one';
--= the index of the replica identity on other columns
CREATE UNIQUE INDEX t_n ON t (n); ALTER TABLE t REPLICA IDENTITY USING INDEX t_n;
-->
CREATE UNIQUE INDEX t_n ON t (n, id); ALTER TABLE t REPLICA IDENTITY USING INDEX t_n;
--= an index of a materialized view
-->
CREATE UNIQUE INDEX m_id ON m (id);
--= a unique key on other columns
ALTER TABLE t ADD CONSTRAINT k UNIQUE (n, id);
-->
ALTER TABLE t ADD CONSTRAINT k UNIQUE (n);
--= a key on other columns, with what references it
ALTER TABLE p ADD CONSTRAINT k UNIQUE (code); ALTER TABLE t ADD FOREIGN KEY (code) REFERENCES p (code);
-->
ALTER TABLE p ADD CONSTRAINT k UNIQUE (other); ALTER TABLE t ADD FOREIGN KEY (code) REFERENCES p (other);
--= a check with another condition
ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0);
-->
ALTER TABLE t ADD CONSTRAINT c CHECK (n > -1);
--= a foreign key with another action
ALTER TABLE t ADD CONSTRAINT r FOREIGN KEY (n) REFERENCES p;
-->
ALTER TABLE t ADD CONSTRAINT r FOREIGN KEY (n) REFERENCES p ON DELETE CASCADE;
--= an index on a column that gives its name to another
--! order
CREATE INDEX t_n ON t (code);
-->
ALTER TABLE t DROP code; ALTER TABLE t ADD code int; CREATE INDEX t_n ON t (code, id);
--= names that look like statements
CREATE TYPE "a ADD VALUE b" AS ENUM ('x'); ALTER TABLE t ADD CONSTRAINT "a ADD CONSTRAINT b" CHECK (n > 0);
-->
CREATE TYPE "a ADD VALUE b" AS ENUM ('x', 'y'); ALTER TABLE t ADD CONSTRAINT "a ADD CONSTRAINT b" CHECK (n > -1);
ALTER TABLE t ALTER "a NOT NULL b" SET NOT NULL;
--= a column whose default differs from row to row
-->
ALTER TABLE t ADD "a SET DEFAULT b" timestamptz DEFAULT clock_timestamp() NOT NULL;
--= a primary key on other columns
ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (n);
-->
ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ALTER n SET NOT NULL, ALTER id SET NOT NULL; ALTER TABLE t ADD PRIMARY KEY (id, n);
