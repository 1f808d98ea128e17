--# sequences
CREATE TABLE t (id int);
--= a new one
-->
CREATE SEQUENCE s;
--= a new one with all options
-->
CREATE SEQUENCE s AS smallint INCREMENT -2 MINVALUE -100 MAXVALUE 100 START 50 CACHE 7 CYCLE;
--= increment, bounds, cache
CREATE SEQUENCE s;
-->
CREATE SEQUENCE s INCREMENT 3 MINVALUE 2 MAXVALUE 500 START 4 CACHE 5;
--= cycle
CREATE SEQUENCE s;
-->
CREATE SEQUENCE s CYCLE;
--= type
CREATE SEQUENCE s AS int;
-->
CREATE SEQUENCE s AS bigint;
--= owned by a column
CREATE SEQUENCE s;
-->
CREATE SEQUENCE s OWNED BY t.id;
--= used by a default
CREATE SEQUENCE s;
-->
CREATE SEQUENCE s; ALTER TABLE t ALTER id SET DEFAULT nextval('s');
--= owned and used
-->
CREATE SEQUENCE s OWNED BY t.id; ALTER TABLE t ALTER id SET DEFAULT nextval('s');
--= ascending becomes descending
CREATE SEQUENCE s;
-->
CREATE SEQUENCE s INCREMENT -1;
--= comment, grants
CREATE SEQUENCE s;
-->
CREATE SEQUENCE s; COMMENT ON SEQUENCE s IS 'numbers'; GRANT USAGE, SELECT ON SEQUENCE s TO pggit_test_alice;
--= unlogged
CREATE SEQUENCE s;
-->
CREATE UNLOGGED SEQUENCE s;
--= with its table
-->
CREATE TABLE u (id serial PRIMARY KEY, big bigserial);
