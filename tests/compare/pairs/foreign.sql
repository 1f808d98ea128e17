--# foreign tables
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_foreign_data_wrapper WHERE fdwname = 'pggit_w') THEN CREATE FOREIGN DATA WRAPPER pggit_w;
CREATE SERVER pggit_s FOREIGN DATA WRAPPER pggit_w; CREATE SERVER pggit_s2 FOREIGN DATA WRAPPER pggit_w; END IF; END $$;
--= a new one
-->
CREATE FOREIGN TABLE f (id int OPTIONS (column_name 'ID') NOT NULL, a text DEFAULT 'x' CHECK (a <> '')) SERVER pggit_s OPTIONS (table_name 'T');
COMMENT ON FOREIGN TABLE f IS 'f'; GRANT SELECT ON f TO pggit_test_alice; CREATE VIEW v AS SELECT * FROM f;
--= other columns and options
CREATE FOREIGN TABLE f (id int OPTIONS (column_name 'ID'), a text, b int) SERVER pggit_s OPTIONS (table_name 'T', x '1');
-->
CREATE FOREIGN TABLE f (id bigint OPTIONS (column_name 'Id', y '2'), a text NOT NULL, c int) SERVER pggit_s OPTIONS (table_name 'U', z '1');
ALTER FOREIGN TABLE f OWNER TO pggit_test_alice;
--= another server
CREATE FOREIGN TABLE f (id int) SERVER pggit_s; COMMENT ON FOREIGN TABLE f IS 'f'; CREATE VIEW v AS SELECT * FROM f;
-->
CREATE FOREIGN TABLE f (id int) SERVER pggit_s2; COMMENT ON FOREIGN TABLE f IS 'f'; CREATE VIEW v AS SELECT * FROM f;
--! recreates lossy
--= a partition elsewhere
CREATE TABLE p (id int, a text) PARTITION BY RANGE (id);
-->
CREATE TABLE p (id int, a text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9) SERVER pggit_s OPTIONS (table_name 'T');
