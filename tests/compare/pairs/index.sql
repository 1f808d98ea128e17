--# indexes on a table with rows
CREATE TABLE t (id int PRIMARY KEY, a int, b text, j jsonb, p point, ts tsvector); INSERT INTO t VALUES (1, 1, 'x', '{}', '(1,1)', 'a');
--= a plain one
-->
CREATE INDEX i ON t (a);
--= columns changed
CREATE INDEX i ON t (a);
-->
CREATE INDEX i ON t (a, b);
--= unique
CREATE INDEX i ON t (a);
-->
CREATE UNIQUE INDEX i ON t (a);
--= nulls not distinct
CREATE UNIQUE INDEX i ON t (a);
-->
CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;
--= order and nulls
CREATE INDEX i ON t (a, b);
-->
CREATE INDEX i ON t (a DESC NULLS LAST, b NULLS FIRST);
--= predicate
CREATE INDEX i ON t (a) WHERE b IS NOT NULL;
-->
CREATE INDEX i ON t (a) WHERE b = 'x' OR a > 3;
--= expression
CREATE INDEX i ON t (lower(b));
-->
CREATE INDEX i ON t (upper(b), (a + 1));
--= expression by a function of our own
-->
CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN lower($1); CREATE INDEX i ON t (fold(b));
--= include
CREATE INDEX i ON t (a);
-->
CREATE INDEX i ON t (a) INCLUDE (b);
--= method
CREATE INDEX i ON t (a);
-->
CREATE INDEX i ON t USING hash (a);
--= operator class and collation
CREATE INDEX i ON t (b);
-->
CREATE INDEX i ON t (b COLLATE "C" text_pattern_ops);
--= gin, gist, brin, spgist
-->
CREATE INDEX i1 ON t USING gin (j jsonb_path_ops); CREATE INDEX i2 ON t USING gist (p); CREATE INDEX i3 ON t USING brin (a) WITH (pages_per_range = 16);
CREATE INDEX i4 ON t USING spgist (p); CREATE INDEX i5 ON t USING gin (ts) WITH (fastupdate = off);
--= storage parameters
CREATE INDEX i ON t (a) WITH (fillfactor = 70);
-->
CREATE INDEX i ON t (a) WITH (fillfactor = 80, deduplicate_items = off);
--= statistics of an expression
CREATE INDEX i ON t ((a + 1));
-->
CREATE INDEX i ON t ((a + 1)); ALTER INDEX i ALTER 1 SET STATISTICS 200;
--= comment
CREATE INDEX i ON t (a);
-->
CREATE INDEX i ON t (a); COMMENT ON INDEX i IS 'fast';
--= on a materialized view
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
-->
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t; CREATE UNIQUE INDEX m_a ON m (a);
--= another name
CREATE INDEX i ON t (a);
-->
CREATE INDEX k ON t (a);
--= the same indexes under other names, two of them alike
CREATE TABLE t1 (a integer, b integer);
CREATE INDEX one ON t1 (a); CREATE INDEX two ON t1 (a); CREATE UNIQUE INDEX three ON t1 (b) WHERE a > 0;
-->
CREATE TABLE t1 (a integer, b integer);
CREATE INDEX uno ON t1 (a); CREATE INDEX due ON t1 (a); CREATE UNIQUE INDEX tre ON t1 (b) WHERE a > 0;
--# indexes of partitions, each with its own parameters
CREATE TABLE line (id int NOT NULL, day date NOT NULL, words text[], PRIMARY KEY (id, day) WITH (fillfactor = 80)) PARTITION BY RANGE (day);
CREATE TABLE line_2024 PARTITION OF line FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE line_2025 PARTITION OF line FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX line_words ON line USING gin (words) WITH (gin_pending_list_limit = 128);
CREATE INDEX line_double ON line ((id * 2), day);
INSERT INTO line VALUES (1, '2024-05-05', '{a}'), (2, '2025-05-05', '{b}');
--= a partition's index gets a storage parameter that its parent's has not
-->
ALTER INDEX line_2024_words_idx SET (fastupdate = off);
--= the index of a partition's key has another fill factor than its parent's
ALTER INDEX line_2024_pkey SET (fillfactor = 60);
-->
ALTER INDEX line_2024_pkey RESET (fillfactor);
ALTER INDEX line_2025_pkey SET (fillfactor = 70);
--= parameters and names of a partition's index both
ALTER INDEX line_2025_words_idx RENAME TO words_of_2025;
ALTER INDEX words_of_2025 SET (fastupdate = off, gin_pending_list_limit = 256);
-->
ALTER INDEX line_2025_words_idx RENAME TO late_words;
ALTER INDEX late_words RESET (gin_pending_list_limit);
--= parameters of a partition's index go
ALTER INDEX line_2024_words_idx SET (fastupdate = off);
ALTER INDEX line_2024_words_idx RESET (gin_pending_list_limit);
COMMENT ON INDEX line_2024_words_idx IS 'waits for nobody';
-->
--= a parent's index gets other parameters, its part keeps its own
ALTER INDEX line_2024_words_idx SET (fastupdate = off);
-->
DROP INDEX line_words;
CREATE INDEX line_words ON line USING gin (words) WITH (gin_pending_list_limit = 512);
ALTER INDEX line_2024_words_idx SET (fastupdate = off);
ALTER INDEX line_2024_words_idx RESET (gin_pending_list_limit);
--= a parent's index is built anew, and its part's parameters change
ALTER INDEX line_2024_words_idx SET (fastupdate = off);
-->
DROP INDEX line_words;
CREATE INDEX line_words ON line USING gin (words) WHERE id > 0;
ALTER INDEX line_2024_words_idx SET (gin_pending_list_limit = 64);
--= the column under the index of a partition with parameters of its own gets another type
ALTER INDEX line_2024_expr_day_idx RENAME TO doubles;
ALTER INDEX doubles SET (fillfactor = 40);
ALTER INDEX line_2024_pkey SET (fillfactor = 60);
-->
ALTER TABLE line ALTER id TYPE bigint;
ALTER INDEX line_2024_expr_day_idx RENAME TO doubles;
ALTER INDEX doubles SET (fillfactor = 40);
ALTER INDEX line_2024_pkey SET (fillfactor = 60);
--= a partition is clustered by the index of its parent, another is replicated by it
-->
ALTER TABLE line_2024 CLUSTER ON line_2024_pkey;
ALTER TABLE line_2025 REPLICA IDENTITY USING INDEX line_2025_pkey;
--= a partition is clustered and replicated by one part, then by another
CREATE UNIQUE INDEX line_day ON line (day);
ALTER TABLE line_2024 CLUSTER ON line_2024_pkey;
ALTER TABLE line_2024 REPLICA IDENTITY USING INDEX line_2024_pkey;
-->
CREATE UNIQUE INDEX line_day ON line (day);
ALTER TABLE line_2024 CLUSTER ON line_2024_day_idx;
ALTER TABLE line_2024 REPLICA IDENTITY USING INDEX line_2024_day_idx;
--= an expression of a partition's index gets a statistics target
-->
ALTER INDEX line_2024_expr_day_idx ALTER COLUMN 1 SET STATISTICS 500;
ALTER INDEX line_double ALTER COLUMN 1 SET STATISTICS 200;
--= a table with an index of its own parameters joins
CREATE TABLE line_2026 (id int NOT NULL, day date NOT NULL, words text[], PRIMARY KEY (id, day));
CREATE INDEX line_2026_words_idx ON line_2026 USING gin (words) WITH (fastupdate = off);
CREATE INDEX line_2026_expr_day_idx ON line_2026 ((id * 2), day);
-->
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER INDEX line_2026_words_idx SET (fastupdate = off);
--= a partition leaves and keeps nothing of its parent's
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO line VALUES (3, '2026-05-05', '{c}');
-->
CREATE TABLE line_2026 (id int NOT NULL, day date NOT NULL, words text[]);
--= a partition leaves and keeps one index under another name, with a comment and parameters of its own
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
COMMENT ON INDEX line_2026_words_idx IS 'part';
-->
CREATE TABLE line_2026 (id int NOT NULL, day date NOT NULL, words text[]);
CREATE INDEX line_words_2026 ON line_2026 USING gin (words) WITH (gin_pending_list_limit = 128);
CREATE UNIQUE INDEX line_2026_pkey ON line_2026 (day);
COMMENT ON INDEX line_words_2026 IS 'whole';
--= a partition leaves a parent that loses an index, and keeps that index
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
-->
DROP INDEX line_double;
CREATE TABLE line_2026 (id int NOT NULL, day date NOT NULL, words text[]);
CREATE INDEX line_2026_expr_day_idx ON line_2026 ((id * 2), day);
--= a partition goes from one parent to another with other indexes
CREATE TABLE row (id int CONSTRAINT line_id_not_null NOT NULL, day date CONSTRAINT line_day_not_null NOT NULL, words text[], UNIQUE (day, id)) PARTITION BY RANGE (day);
CREATE INDEX row_words ON row USING gin (words) WITH (gin_pending_list_limit = 128);
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
-->
CREATE TABLE row (id int CONSTRAINT line_id_not_null NOT NULL, day date CONSTRAINT line_day_not_null NOT NULL, words text[], UNIQUE (day, id)) PARTITION BY RANGE (day);
CREATE INDEX row_words ON row USING gin (words) WITH (gin_pending_list_limit = 128);
CREATE TABLE line_2026 PARTITION OF row FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
--= a partition of a partition leaves, and its parent's foreign key
CREATE TABLE year (year date PRIMARY KEY);
ALTER TABLE line ADD born date REFERENCES year;
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (day);
CREATE TABLE line_2026_new_year PARTITION OF line_2026 FOR VALUES IN ('2026-01-01');
-->
CREATE TABLE year (year date PRIMARY KEY);
ALTER TABLE line ADD born date REFERENCES year;
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (day);
CREATE TABLE line_2026_new_year (id int NOT NULL, day date NOT NULL, words text[], born date);
--= a partition with such an index comes
-->
CREATE TABLE line_2026 (id int NOT NULL, day date NOT NULL, words text[]);
CREATE INDEX line_2026_words ON line_2026 USING gin (words) WITH (fastupdate = off);
ALTER TABLE line ATTACH PARTITION line_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
--= a partition of partitions with such indexes
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (day);
CREATE TABLE line_2026_new_year PARTITION OF line_2026 FOR VALUES IN ('2026-01-01');
-->
CREATE TABLE line_2026 PARTITION OF line FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (day);
CREATE TABLE line_2026_new_year PARTITION OF line_2026 FOR VALUES IN ('2026-01-01');
ALTER INDEX line_2026_new_year_words_idx SET (fastupdate = off);
ALTER INDEX line_2026_new_year_pkey RESET (fillfactor);
--= indexes of partitions in tablespaces
-->
ALTER INDEX line_2024_words_idx SET TABLESPACE pggit_test_space;
--= a parent's index moves to a tablespace with its parts
-->
DROP INDEX line_words;
CREATE INDEX line_words ON line USING gin (words) WITH (gin_pending_list_limit = 128) TABLESPACE pggit_test_space;
ALTER INDEX line_2025_words_idx SET TABLESPACE pg_default;
