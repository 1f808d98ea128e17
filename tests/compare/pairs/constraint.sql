--# constraints on a table with rows
CREATE TABLE o (id int PRIMARY KEY, x int NOT NULL, y int NOT NULL, UNIQUE (x, y)); INSERT INTO o VALUES (1, 1, 1);
CREATE TABLE t (id int NOT NULL, o_id int, x int, y int, during int4range); INSERT INTO t VALUES (1, 1, 1, 1, '[1,2)');
--= primary key
-->
ALTER TABLE t ADD PRIMARY KEY (id);
--= primary key on more columns
ALTER TABLE t ADD PRIMARY KEY (id);
-->
ALTER TABLE t ADD PRIMARY KEY (id, x);
--= primary key on another column
ALTER TABLE t ALTER x SET NOT NULL; ALTER TABLE t ADD PRIMARY KEY (id);
-->
ALTER TABLE t ALTER x SET NOT NULL; ALTER TABLE t ADD PRIMARY KEY (x);
--= primary key of another name
ALTER TABLE t ADD CONSTRAINT t_one PRIMARY KEY (id);
-->
ALTER TABLE t ADD CONSTRAINT t_two PRIMARY KEY (id);
--= primary key that others reference
ALTER TABLE t ADD CONSTRAINT t_fk FOREIGN KEY (o_id) REFERENCES o (id);
-->
ALTER TABLE o DROP CONSTRAINT o_pkey CASCADE; ALTER TABLE o ADD CONSTRAINT o_pkey PRIMARY KEY (id) INCLUDE (x);
ALTER TABLE t ADD CONSTRAINT t_fk FOREIGN KEY (o_id) REFERENCES o (id);
--= unique
-->
ALTER TABLE t ADD UNIQUE (x);
--= unique with INCLUDE and NULLS NOT DISTINCT
ALTER TABLE t ADD CONSTRAINT u UNIQUE (x);
-->
ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (x) INCLUDE (y);
--= unique deferrable
ALTER TABLE t ADD CONSTRAINT u UNIQUE (x);
-->
ALTER TABLE t ADD CONSTRAINT u UNIQUE (x) DEFERRABLE INITIALLY DEFERRED;
--= unique constraint against unique index
ALTER TABLE t ADD CONSTRAINT u UNIQUE (x);
-->
CREATE UNIQUE INDEX u ON t (x);
--= check
-->
ALTER TABLE t ADD CHECK (x > 0);
--= check changed
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0);
-->
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0 AND y < 100);
--= check not valid
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0);
-->
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0) NOT VALID;
--= check inherited or not
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0);
-->
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0) NO INHERIT;
--= check that calls a function
-->
CREATE FUNCTION good(int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 > 0; ALTER TABLE t ADD CONSTRAINT k CHECK (good(x));
--= comment on a constraint
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0);
-->
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0); COMMENT ON CONSTRAINT k ON t IS 'why';
--= constraint renamed
ALTER TABLE t ADD CONSTRAINT k CHECK (x > 0);
-->
ALTER TABLE t ADD CONSTRAINT l CHECK (x > 0);
--= foreign key
-->
ALTER TABLE t ADD FOREIGN KEY (o_id) REFERENCES o;
--= foreign key of two columns
-->
ALTER TABLE t ADD FOREIGN KEY (x, y) REFERENCES o (x, y) MATCH FULL;
--= foreign key actions
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o;
-->
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o ON UPDATE CASCADE ON DELETE SET NULL;
--= foreign key sets some columns to null
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (x, y) REFERENCES o (x, y) ON DELETE SET NULL;
-->
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (x, y) REFERENCES o (x, y) ON DELETE SET NULL (y);
--= foreign key deferrable
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o;
-->
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o DEFERRABLE INITIALLY DEFERRED;
--= foreign key not valid
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o;
-->
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o NOT VALID;
--= foreign key to another table
CREATE TABLE o2 (id int PRIMARY KEY); INSERT INTO o2 VALUES (1); ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o;
-->
CREATE TABLE o2 (id int PRIMARY KEY); INSERT INTO o2 VALUES (1); ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o2;
--= foreign key's target goes
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o;
-->
DROP TABLE o;
--! one-way
--= types on both ends of a foreign key
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o;
-->
ALTER TABLE o ALTER id TYPE bigint; ALTER TABLE t ALTER o_id TYPE bigint; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (o_id) REFERENCES o;
--= exclusion
-->
ALTER TABLE t ADD EXCLUDE USING gist (during WITH &&) WHERE (x > 0);
--= exclusion changed
ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING gist (during WITH &&);
-->
ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING gist (during WITH &&) DEFERRABLE;
