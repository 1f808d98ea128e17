--# a parent and its heir, in one of two tracked schemas
CREATE SCHEMA app;
CREATE TABLE animal (id int, name text, legs int DEFAULT 4); CREATE TABLE dog (breed varchar(20)) INHERITS (animal);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; INSERT INTO dog VALUES (1, 'rex', 4, 'pug');
--= an index of the heir beside its policy
--: ours
CREATE POLICY p ON dog USING (legs > 0);
--: theirs
CREATE INDEX dog_name ON dog (name);
--: merged
see.policies('dog') = 'p' AND see.indexes('dog') = 'dog_name (name)'
--= a view of the heir beside its check and trigger
--: ours
ALTER TABLE dog ADD CONSTRAINT k CHECK (id > 0); CREATE TRIGGER t BEFORE INSERT ON dog FOR EACH ROW EXECUTE FUNCTION f();
--: theirs
CREATE VIEW v AS SELECT id, breed FROM dog;
--: merged
see.constraint('dog', 'k') = 'CHECK (id > 0)' AND see.trigger('dog', 't') IS NOT NULL AND to_regclass('v') IS NOT NULL
--= a parent's column beside an heir's trigger
--: ours
CREATE TRIGGER t BEFORE INSERT ON dog FOR EACH ROW EXECUTE FUNCTION f(); CREATE POLICY p ON dog USING (legs > 0);
--: theirs
ALTER TABLE animal ADD tail int; ALTER TABLE animal RENAME legs TO feet;
--: merged
see.trigger('dog', 't') IS NOT NULL AND see.policies('dog') = 'p' AND see.column('dog', 'feet') = 'integer =4' AND see.column('dog', 'tail') = 'integer'
--= a column retyped under the other side's check, beside a policy of the heir
--: ours
ALTER TABLE dog ADD CONSTRAINT k CHECK (breed <> ''); CREATE POLICY p ON dog USING (legs > 0);
--: theirs
ALTER TABLE dog ALTER breed TYPE text;
--: merged
see.policies('dog') = 'p' AND see.constraint('dog', 'k') = 'CHECK (breed <> ''''::text)'
--# a partition, in one of two tracked schemas
CREATE SCHEMA app;
CREATE TABLE log (id bigint NOT NULL, at date NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE INDEX log_what ON log (what); INSERT INTO log VALUES (1, '2020-05-05', 'w');
--= a check of its own beside a view of it
--: ours
ALTER TABLE log_1 ADD CONSTRAINT k CHECK (id > 0);
--: theirs
CREATE VIEW v AS SELECT id, what FROM log_1;
--: merged
see.constraint('log_1', 'k') = 'CHECK (id > 0)' AND see.count('v') = 1
--= renamed against its statistics target
--: ours
ALTER TABLE log_1 RENAME TO log_2020;
--: theirs
ALTER TABLE log_1 ALTER what SET STATISTICS 50;
--: merged
see.count('log_2020') = 1 AND (SELECT attstattarget = 50 FROM pg_attribute WHERE attrelid = 'log_2020'::regclass AND attname = 'what')
--= moved to the other schema against a new column of the parent
--: ours
ALTER TABLE log_1 SET SCHEMA app;
--: theirs
ALTER TABLE log ADD who text DEFAULT 'me'; CREATE INDEX log_who ON log (who);
--: merged
see.column('app.log_1', 'who') = 'text =''me''::text' AND see.indexes('app.log_1') ~ 'log_1_who_idx'
--# a parent and its heir
CREATE TABLE animal (id int, name text, legs int DEFAULT 4); CREATE TABLE dog (breed text) INHERITS (animal);
INSERT INTO dog VALUES (1, 'rex', 4, 'pug');
--= the heir leaves its parent against a default of its own
--: ours
ALTER TABLE dog NO INHERIT animal;
--: theirs
ALTER TABLE dog ALTER name SET DEFAULT 'rex'; ALTER TABLE dog ALTER legs DROP DEFAULT;
--: merged
see.columns('dog') = 'breed text, id integer, legs integer, name text =''rex''::text' AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'dog'::regclass)
--= the heir leaves its parent, and both change the same default
--: ours
ALTER TABLE dog NO INHERIT animal; ALTER TABLE dog ALTER legs SET DEFAULT 3;
--: theirs
ALTER TABLE dog ALTER legs SET DEFAULT 5;
--: conflict schema_mismatch/default
--: ours wins
see.column('dog', 'legs') = 'integer =3'
--: theirs wins
see.column('dog', 'legs') = 'integer =5'
--# a partition
CREATE TABLE log (id bigint NOT NULL, at date NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); INSERT INTO log VALUES (1, '2020-05-05', 'w');
--= a parent's column dropped under a view of the partition
--: ours
ALTER TABLE log DROP what;
--: theirs
CREATE VIEW v AS SELECT id, what FROM log_1;
--: conflict dependency_broken
--: ours wins
to_regclass('v') IS NULL AND see.column('log', 'what') IS NULL
--: theirs wins
see.count('v') = 1
--= a parent's column dropped beside a view of the partition without it
--: ours
ALTER TABLE log DROP what;
--: theirs
CREATE VIEW v AS SELECT id FROM log_1;
--: merged
see.count('v') = 1 AND see.column('log', 'what') IS NULL
--= dropped with all partitions against a bound changed
--: ours
DROP TABLE log CASCADE;
--: theirs
ALTER TABLE log DETACH PARTITION log_1; ALTER TABLE log ATTACH PARTITION log_1 FOR VALUES FROM ('2020-01-01') TO ('2020-09-01');
--: conflict modify_delete
--: ours wins
to_regclass('log') IS NULL AND to_regclass('log_1') IS NULL
--: theirs wins
to_regclass('log') IS NOT NULL AND (SELECT pg_get_expr(relpartbound, oid) ~ '2020-09-01' FROM pg_class WHERE oid = 'log_1'::regclass)
--# what stands on what the other side drops
CREATE TABLE c (id int PRIMARY KEY, n text); CREATE TABLE o (id serial PRIMARY KEY, c_id int REFERENCES c, n text NOT NULL, p date);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION f();
CREATE STATISTICS st (dependencies) ON c_id, p FROM o; CREATE VIEW v AS SELECT o.id, c.n FROM o JOIN c ON c.id = o.c_id;
--= a table dropped against its trigger dropped
--: ours
DROP TABLE o CASCADE;
--: theirs
DROP TRIGGER t ON o;
--: conflict modify_delete
--: ours wins
to_regclass('o') IS NULL AND to_regclass('o_id_seq') IS NULL
--: theirs wins
see.column('o', 'id') ~ 'nextval' AND see.trigger('o', 't') IS NULL AND see.constraint('o', 'o_c_id_fkey') IS NOT NULL
--= a table dropped against its statistics redefined
--: ours
DROP TABLE o CASCADE;
--: theirs
DROP STATISTICS st; CREATE STATISTICS st (ndistinct) ON c_id, p FROM o;
--: conflict modify_delete
--: ours wins
to_regclass('o') IS NULL
--: theirs wins
to_regclass('o') IS NOT NULL AND EXISTS (SELECT FROM pg_statistic_ext WHERE stxname = 'st' AND stxkind = '{d}')
--= a view redefined on tables that the other side drops
--: ours
DROP TABLE o, c CASCADE;
--: theirs
CREATE OR REPLACE VIEW v AS SELECT o.id, c.n FROM o LEFT JOIN c ON c.id = o.c_id;
--: conflict modify_delete
--: ours wins
to_regclass('v') IS NULL
--: theirs wins
pg_get_viewdef('v') ~ 'LEFT JOIN' AND see.constraint('o', 'o_c_id_fkey') IS NOT NULL
--= a primary key over a column that the other side makes nullable
--: ours
ALTER TABLE o ALTER n DROP NOT NULL;
--: theirs
ALTER TABLE o DROP CONSTRAINT o_pkey, ADD PRIMARY KEY (id, n);
--: merged
see.column('o', 'n') = 'text NN' AND see.constraint('o', 'o_pkey') = 'PRIMARY KEY (id, n)'
