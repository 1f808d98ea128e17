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
