--# views
CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t VALUES (1, 2, 'x');
--= a new one
-->
CREATE VIEW v AS SELECT id, a FROM t;
--= another condition
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE VIEW v AS SELECT id, a FROM t WHERE a > 1;
--= a column more at the end
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE VIEW v AS SELECT id, a, b FROM t;
--= a column in the middle
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE VIEW v AS SELECT id, b, a FROM t;
--= a column of another type
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE VIEW v AS SELECT id, a::bigint FROM t;
--= a column of another name
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE VIEW v AS SELECT id, a AS aa FROM t;
--= options
CREATE VIEW v WITH (security_barrier) AS SELECT id, a FROM t;
-->
CREATE VIEW v WITH (security_invoker) AS SELECT id, a FROM t;
--= check option
CREATE VIEW v AS SELECT id, a FROM t WHERE a > 0;
-->
CREATE VIEW v AS SELECT id, a FROM t WHERE a > 0 WITH LOCAL CHECK OPTION;
--= column default and comments
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE VIEW v AS SELECT id, a FROM t; ALTER VIEW v ALTER a SET DEFAULT 3; COMMENT ON VIEW v IS 'view'; COMMENT ON COLUMN v.a IS 'col';
--= grants
CREATE VIEW v AS SELECT id, a FROM t; GRANT SELECT ON v TO pggit_test_alice;
-->
CREATE VIEW v AS SELECT id, a FROM t; GRANT SELECT (a) ON v TO pggit_test_bob; GRANT INSERT ON v TO pggit_test_alice;
--= grants and comments survive being re-created
CREATE VIEW v AS SELECT id, a FROM t; GRANT SELECT ON v TO pggit_test_alice; COMMENT ON VIEW v IS 'keep';
CREATE VIEW w AS SELECT id FROM v; GRANT SELECT ON w TO pggit_test_bob;
-->
CREATE VIEW v AS SELECT a, id FROM t; GRANT SELECT ON v TO pggit_test_alice; COMMENT ON VIEW v IS 'keep';
CREATE VIEW w AS SELECT id FROM v; GRANT SELECT ON w TO pggit_test_bob;
--= a chain of four whose first changes
CREATE VIEW v1 AS SELECT id, a FROM t; CREATE VIEW v2 AS SELECT * FROM v1; CREATE VIEW v3 AS SELECT v1.id, v2.a FROM v1 JOIN v2 USING (id); CREATE VIEW v4 AS SELECT * FROM v3, v1 AS z(q, r);
-->
CREATE VIEW v1 AS SELECT b, id, a FROM t; CREATE VIEW v2 AS SELECT id, a FROM v1; CREATE VIEW v3 AS SELECT v1.id, v2.a FROM v1 JOIN v2 USING (id); CREATE VIEW v4 AS SELECT v3.id, v3.a, z.id AS q, z.a AS r FROM v3, v1 AS z;
--= instead-of trigger and rule
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE VIEW v AS SELECT id, a FROM t; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER v_t INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f(); CREATE RULE v_r AS ON DELETE TO v DO INSTEAD NOTHING;
--= a view that a function reads
CREATE VIEW v AS SELECT id, a FROM t; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS $$ SELECT * FROM v $$;
-->
CREATE VIEW v AS SELECT id, a, b FROM t; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS $$ SELECT * FROM v $$;
--= a view becomes a table
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE TABLE v (id int, a int);
--= a view becomes a materialized view
CREATE VIEW v AS SELECT id, a FROM t;
-->
CREATE MATERIALIZED VIEW v AS SELECT id, a FROM t;
--= a recursive view
-->
CREATE RECURSIVE VIEW v (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM v WHERE n < 5;
--= a view over functions, windows and subqueries
-->
CREATE FUNCTION inc(int) RETURNS int LANGUAGE sql RETURN $1 + 1;
CREATE VIEW v AS WITH q AS (SELECT id, row_number() OVER (PARTITION BY a ORDER BY id DESC) AS rn FROM t) SELECT q.*, inc(q.id) AS i, (SELECT max(b) FROM t AS t2 WHERE t2.id = q.id) AS m FROM q;
--= the table behind gets and uses a column
CREATE VIEW v AS SELECT id FROM t;
-->
ALTER TABLE t ADD z int; CREATE VIEW v AS SELECT id, z FROM t;
--= a column of the table goes from both
CREATE VIEW v AS SELECT id, b FROM t;
-->
ALTER TABLE t DROP b; CREATE VIEW v AS SELECT id FROM t;

--# materialized views
CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t VALUES (1, 2, 'x');
--= a new one without data
-->
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t WITH NO DATA;
--= another query with indexes, comments, grants
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t; CREATE UNIQUE INDEX m_id ON m (id); COMMENT ON MATERIALIZED VIEW m IS 'm'; GRANT SELECT ON m TO pggit_test_alice;
-->
CREATE MATERIALIZED VIEW m AS SELECT id, a, b FROM t; CREATE UNIQUE INDEX m_id ON m (id); COMMENT ON MATERIALIZED VIEW m IS 'm'; GRANT SELECT ON m TO pggit_test_alice;
--! recreates
--= options
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t;
-->
CREATE MATERIALIZED VIEW m WITH (fillfactor = 60) AS SELECT id, a FROM t; ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 77;
--= one over another
-->
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t; CREATE MATERIALIZED VIEW n AS SELECT max(a) AS a FROM m; CREATE VIEW o AS SELECT * FROM n;
--= clustering, and statistics under another
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t; CREATE INDEX m_id ON m (id); CREATE MATERIALIZED VIEW n AS SELECT max(a) AS a FROM m;
ALTER MATERIALIZED VIEW m CLUSTER ON m_id; ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 20;
-->
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t; CREATE INDEX m_id ON m (id); CREATE MATERIALIZED VIEW n AS SELECT max(a) AS a FROM m;
