--# moves between two tracked schemas
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE SEQUENCE seq; CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i';
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE c (id int PRIMARY KEY, n text); CREATE TABLE o (id int PRIMARY KEY DEFAULT nextval('seq'), c_id int REFERENCES c, m mood DEFAULT 'ok', q int CHECK (q > 0), CONSTRAINT fk CHECK (f(c_id) > 0));
CREATE VIEW v AS SELECT o.id, c.n FROM o JOIN c ON c.id = o.c_id; CREATE TRIGGER t BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION trg();
CREATE TABLE p (id int, k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE h () INHERITS (c);
INSERT INTO c VALUES (1, 'x'); INSERT INTO o (c_id, q) VALUES (1, 1); INSERT INTO p VALUES (1, 1);
--= a view moved, its query changed
--: ours
ALTER VIEW v SET SCHEMA app;
--: theirs
CREATE OR REPLACE VIEW v AS SELECT o.id, c.n FROM o LEFT JOIN c ON c.id = o.c_id;
--: merged
pg_get_viewdef('app.v') ~ 'LEFT JOIN' AND to_regclass('public.v') IS NULL
--= a table moved, a view over it changed
--: ours
ALTER TABLE c SET SCHEMA app;
--: theirs
CREATE OR REPLACE VIEW v AS SELECT o.id, c.n FROM o LEFT JOIN c ON c.id = o.c_id;
--: merged
pg_get_viewdef('v') ~ 'LEFT JOIN app.c' AND see.count('v') = 1
--= a table moved, columns and keys changed
--: ours
ALTER TABLE o SET SCHEMA app;
--: theirs
ALTER TABLE o ADD note text DEFAULT 'n', ALTER q TYPE bigint, ALTER m SET DEFAULT 'sad', ADD CONSTRAINT k CHECK (f(id) > 0); CREATE INDEX o_q ON o (f(c_id));
--: merged
see.column('app.o', 'note') = 'text =''n''::text' AND see.column('app.o', 'q') = 'bigint' AND see.column('app.o', 'm') ~ 'sad' AND see.count('app.o') = 1
--= a table moved, its trigger and its foreign key changed
--: ours
ALTER TABLE o SET SCHEMA app;
--: theirs
CREATE OR REPLACE TRIGGER t BEFORE INSERT OR UPDATE ON o FOR EACH ROW EXECUTE FUNCTION trg(); ALTER TABLE o DROP CONSTRAINT o_c_id_fkey, ADD CONSTRAINT o_c_id_fkey FOREIGN KEY (c_id) REFERENCES c ON DELETE CASCADE;
--: merged
see.trigger('app.o', 't') ~ 'INSERT OR UPDATE' AND see.constraint('app.o', 'o_c_id_fkey') ~ 'ON DELETE CASCADE'
--= a key's target moved, the key changed
--: ours
ALTER TABLE c SET SCHEMA app;
--: theirs
ALTER TABLE o DROP CONSTRAINT o_c_id_fkey, ADD CONSTRAINT o_c_id_fkey FOREIGN KEY (c_id) REFERENCES c ON DELETE CASCADE;
--: merged
see.constraint('o', 'o_c_id_fkey') = 'FOREIGN KEY (c_id) REFERENCES app.c(id) ON DELETE CASCADE'
--= a function moved, what uses it added
--: ours
ALTER FUNCTION f(int) SET SCHEMA app;
--: theirs
ALTER TABLE c ADD CONSTRAINT k CHECK (f(id) > 0); CREATE VIEW w AS SELECT f(id) AS i FROM c;
--: merged
see.constraint('c', 'k') = 'CHECK (app.f(id) > 0)' AND pg_get_viewdef('w') ~ 'app.f'
--= a function moved, its body changed
--: ours
ALTER FUNCTION f(int) SET SCHEMA app;
--: theirs
CREATE OR REPLACE FUNCTION f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 1';
--: merged
app.f(1) = 2 AND to_regprocedure('public.f(int)') IS NULL
--= a type moved, a column of it added and a default changed
--: ours
ALTER TYPE mood SET SCHEMA app;
--: theirs
ALTER TABLE c ADD m mood DEFAULT 'ok'; ALTER TABLE o ALTER m SET DEFAULT 'sad';
--: merged
see.column('c', 'm') = 'app.mood =''ok''::app.mood' AND see.column('o', 'm') = 'app.mood =''sad''::app.mood'
--= a sequence moved, another default over it
--: ours
ALTER SEQUENCE seq SET SCHEMA app;
--: theirs
ALTER TABLE c ALTER id SET DEFAULT nextval('seq');
--: merged
see.column('c', 'id') ~ 'app.seq' AND see.column('o', 'id') ~ 'app.seq'
--= a partition moved, the parent renamed and given a column
--: ours
ALTER TABLE p1 SET SCHEMA app;
--: theirs
ALTER TABLE p RENAME TO parted; ALTER TABLE parted ADD x int;
--: merged
see.column('app.p1', 'x') = 'integer' AND see.count('parted') = 1
--= a parent moved, its heir changed
--: ours
ALTER TABLE c SET SCHEMA app;
--: theirs
ALTER TABLE h ADD x int; ALTER TABLE c RENAME n TO label;
--: merged
see.columns('h') = 'id integer NN, label text, x integer' AND see.column('app.c', 'label') = 'text'
--= moved to where the other side makes one
--: ours
ALTER TABLE c SET SCHEMA app;
--: theirs
CREATE TABLE app.c (id int);
--: conflict name_collision
--# a view over a table of a second schema
CREATE SCHEMA app; CREATE TABLE t (id int, a int, b int); CREATE VIEW v AS SELECT id, b FROM t; CREATE VIEW w AS SELECT id FROM v;
--= a column dropped with its views against the table's move
--: ours
ALTER TABLE t DROP b CASCADE;
--: theirs
ALTER TABLE t SET SCHEMA app;
--: merged
to_regclass('v') IS NULL AND to_regclass('w') IS NULL AND see.columns('app.t') = 'a integer, id integer'
--= a view dropped against the table's move
--: ours
DROP VIEW w; DROP VIEW v;
--: theirs
ALTER TABLE t SET SCHEMA app; ALTER VIEW w SET SCHEMA app;
--: conflict modify_delete
--: ours wins
to_regclass('v') IS NULL AND to_regclass('app.w') IS NULL AND to_regclass('app.t') IS NOT NULL
--: theirs wins
to_regclass('app.w') IS NOT NULL AND pg_get_viewdef('v'::regclass) ~ 'FROM app.t'
--= a view moved and its table moved on both sides
--: ours
ALTER TABLE t SET SCHEMA app; ALTER VIEW v SET SCHEMA app;
--: theirs
ALTER TABLE t SET SCHEMA app;
--: merged
pg_get_viewdef('app.v'::regclass) ~ 'FROM app.t'
--= a view and its table, moved on one side each
--: ours
ALTER VIEW v SET SCHEMA app;
--: theirs
ALTER TABLE t SET SCHEMA app; ALTER TABLE app.t RENAME TO u;
--: merged
pg_get_viewdef('app.v'::regclass) ~ 'FROM app.u'
