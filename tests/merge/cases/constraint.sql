--# two tables and a key between them
CREATE TABLE o (id int PRIMARY KEY, code text NOT NULL, CONSTRAINT o_code UNIQUE (code)); INSERT INTO o VALUES (1, 'a');
CREATE TABLE t (id int PRIMARY KEY, o_id int CONSTRAINT t_o REFERENCES o, a int CONSTRAINT t_a CHECK (a > 0), b int); INSERT INTO t VALUES (1, 1, 1, 1);
CREATE TABLE free (id int PRIMARY KEY, o_id int, p_id int); INSERT INTO free VALUES (1, 1, 1);
--= different checks
--: ours
ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0);
--: theirs
ALTER TABLE t ADD CONSTRAINT l CHECK (b < 10);
--: merged
see.constraints('t') = 'k CHECK (b > 0); l CHECK (b < 10); t_a CHECK (a > 0); t_o FOREIGN KEY (o_id) REFERENCES o(id); t_pkey PRIMARY KEY (id)'
--= the same check
--: ours
ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0);
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK ((b) > (0));
--: merged
see.constraint('t', 'k') = 'CHECK (b > 0)'
--= the same check under two names
--: ours
ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0);
--: theirs
ALTER TABLE t ADD CONSTRAINT l CHECK (b > 0);
--: merged
(see.constraint('t', 'k') IS NULL) <> (see.constraint('t', 'l') IS NULL)
--= one name, two checks
--: ours
ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0);
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (b >= 0);
--: conflict both_added
--: ours wins
see.constraint('t', 'k') = 'CHECK (b > 0)'
--: theirs wins
see.constraint('t', 'k') = 'CHECK (b >= 0)'
--= check dropped and kept
--: ours
ALTER TABLE t DROP CONSTRAINT t_a;
--: theirs
ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0);
--: merged
see.constraint('t', 't_a') IS NULL AND see.constraint('t', 'k') IS NOT NULL
--= check dropped and changed
--: ours
ALTER TABLE t DROP CONSTRAINT t_a;
--: theirs
ALTER TABLE t DROP CONSTRAINT t_a; ALTER TABLE t ADD CONSTRAINT t_a CHECK (a > -5);
--: conflict modify_delete
--: ours wins
see.constraint('t', 't_a') IS NULL
--: theirs wins
see.constraint('t', 't_a') = 'CHECK (a > ''-5''::integer)'
--= check changed two ways
--: ours
ALTER TABLE t DROP CONSTRAINT t_a; ALTER TABLE t ADD CONSTRAINT t_a CHECK (a > -4);
--: theirs
ALTER TABLE t DROP CONSTRAINT t_a; ALTER TABLE t ADD CONSTRAINT t_a CHECK (a > -5);
--: conflict schema_mismatch
--: ours wins
see.constraint('t', 't_a') = 'CHECK (a > ''-4''::integer)'
--: theirs wins
see.constraint('t', 't_a') = 'CHECK (a > ''-5''::integer)'
--= check on a column that the other side drops
--: ours
ALTER TABLE t ADD CONSTRAINT k CHECK (b >= a);
--: theirs
ALTER TABLE t DROP b;
--: conflict dependency_broken
--: ours wins
see.constraint('t', 'k') = 'CHECK (b >= a)'
--= the column and its check of the base go together
--: ours
ALTER TABLE t DROP a;
--: theirs
ALTER TABLE t ADD z int;
--: merged
see.constraint('t', 't_a') IS NULL AND see.column('t', 'z') = 'integer'
--= both add the same foreign key
--: ours
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o;
--: theirs
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o (id);
--: merged
see.constraint('free', 'f') = 'FOREIGN KEY (o_id) REFERENCES o(id)'
--= the same foreign key under two names
--: ours
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o;
--: theirs
ALTER TABLE free ADD CONSTRAINT g FOREIGN KEY (o_id) REFERENCES o;
--: merged
(see.constraint('free', 'f') IS NULL) <> (see.constraint('free', 'g') IS NULL)
--= two foreign keys
--: ours
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o;
--: theirs
ALTER TABLE free ADD CONSTRAINT g FOREIGN KEY (p_id) REFERENCES o;
--: merged
see.constraint('free', 'f') IS NOT NULL AND see.constraint('free', 'g') IS NOT NULL
--= one name, two actions
--: ours
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o ON DELETE CASCADE;
--: theirs
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o ON DELETE SET NULL;
--: conflict both_added
--: ours wins
see.constraint('free', 'f') = 'FOREIGN KEY (o_id) REFERENCES o(id) ON DELETE CASCADE'
--: theirs wins
see.constraint('free', 'f') = 'FOREIGN KEY (o_id) REFERENCES o(id) ON DELETE SET NULL'
--= two actions of one key from two sides
--: ours
ALTER TABLE t DROP CONSTRAINT t_o; ALTER TABLE t ADD CONSTRAINT t_o FOREIGN KEY (o_id) REFERENCES o ON DELETE CASCADE;
--: theirs
ALTER TABLE t DROP CONSTRAINT t_o; ALTER TABLE t ADD CONSTRAINT t_o FOREIGN KEY (o_id) REFERENCES o ON UPDATE CASCADE;
--: merged
see.constraint('t', 't_o') = 'FOREIGN KEY (o_id) REFERENCES o(id) ON UPDATE CASCADE ON DELETE CASCADE'
--= one action of one key changed two ways
--: ours
ALTER TABLE t DROP CONSTRAINT t_o; ALTER TABLE t ADD CONSTRAINT t_o FOREIGN KEY (o_id) REFERENCES o ON DELETE CASCADE;
--: theirs
ALTER TABLE t DROP CONSTRAINT t_o; ALTER TABLE t ADD CONSTRAINT t_o FOREIGN KEY (o_id) REFERENCES o ON DELETE SET NULL;
--: conflict schema_mismatch
--: ours wins
see.constraint('t', 't_o') LIKE '%CASCADE'
--: theirs wins
see.constraint('t', 't_o') LIKE '%SET NULL'
--= a foreign key to a table that the other side drops
--: ours
DELETE FROM free; ALTER TABLE t DROP CONSTRAINT t_o; DROP TABLE o;
--: theirs
DELETE FROM free; ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o;
--: conflict dependency_broken
--: theirs wins
see.constraint('free', 'f') IS NOT NULL
--= a foreign key to a key that the other side drops
--: ours
ALTER TABLE o DROP CONSTRAINT o_code; ALTER TABLE free ADD code text;
--: theirs
ALTER TABLE t ADD code text CONSTRAINT f REFERENCES o (code);
--: conflict dependency_broken
--= a foreign key from a column that the other side drops
--: ours
ALTER TABLE free DROP p_id;
--: theirs
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (p_id) REFERENCES o;
--: conflict dependency_broken
--: theirs wins
see.constraint('free', 'f') IS NOT NULL
--= a foreign key whose column the other side retypes to what has no comparison
--: ours
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o;
--: theirs
ALTER TABLE free ALTER o_id TYPE text;
--: conflict dependency_broken
--= a foreign key whose column the other side widens
--: ours
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o;
--: theirs
ALTER TABLE free ALTER o_id TYPE bigint;
--: merged
see.constraint('free', 'f') IS NOT NULL AND see.column('free', 'o_id') = 'bigint'
--= a foreign key whose columns both sides rename
--: ours
ALTER TABLE t RENAME o_id TO owner_id;
--: theirs
ALTER TABLE o RENAME id TO key;
--: merged
see.constraint('t', 't_o') = 'FOREIGN KEY (owner_id) REFERENCES o(key)'
--= a foreign key into a table that the other side renames
--: ours
ALTER TABLE o RENAME TO owners;
--: theirs
ALTER TABLE free ADD CONSTRAINT f FOREIGN KEY (o_id) REFERENCES o;
--: merged
see.constraint('free', 'f') = 'FOREIGN KEY (o_id) REFERENCES owners(id)'
--= primary key extended on one side, a column added on the other
--: ours
ALTER TABLE free ALTER o_id SET NOT NULL; ALTER TABLE free DROP CONSTRAINT free_pkey; ALTER TABLE free ADD CONSTRAINT free_pkey PRIMARY KEY (id, o_id);
--: theirs
ALTER TABLE free ADD z int;
--: merged
see.constraint('free', 'free_pkey') = 'PRIMARY KEY (id, o_id)' AND see.column('free', 'z') = 'integer'
--= primary key changed two ways
--: ours
ALTER TABLE free DROP CONSTRAINT free_pkey; ALTER TABLE free ADD CONSTRAINT free_pkey PRIMARY KEY (id, o_id);
--: theirs
ALTER TABLE free DROP CONSTRAINT free_pkey; ALTER TABLE free ADD CONSTRAINT free_pkey PRIMARY KEY (id, p_id);
--: conflict schema_mismatch
--: ours wins
see.constraint('free', 'free_pkey') = 'PRIMARY KEY (id, o_id)'
--: theirs wins
see.constraint('free', 'free_pkey') = 'PRIMARY KEY (id, p_id)'
--= primary key dropped and changed
--: ours
ALTER TABLE free DROP CONSTRAINT free_pkey;
--: theirs
ALTER TABLE free DROP CONSTRAINT free_pkey; ALTER TABLE free ADD CONSTRAINT free_pkey PRIMARY KEY (id, p_id);
--: conflict modify_delete
--: ours wins
see.constraint('free', 'free_pkey') IS NULL
--: theirs wins
see.constraint('free', 'free_pkey') = 'PRIMARY KEY (id, p_id)'
--= both give a primary key to one table under two names
--: ours
CREATE TABLE n (a int NOT NULL, b int NOT NULL, CONSTRAINT one PRIMARY KEY (a));
--: theirs
CREATE TABLE n (a int NOT NULL, b int NOT NULL, CONSTRAINT two PRIMARY KEY (b));
--: conflict
--= unique both sides
--: ours
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);
--: theirs
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, b);
--: conflict both_added
--: ours wins
see.constraint('t', 'u') = 'UNIQUE (a)'
--: theirs wins
see.constraint('t', 'u') = 'UNIQUE (a, b)'
--= deferrable and comment of one key
--: ours
ALTER TABLE t ALTER CONSTRAINT t_o DEFERRABLE INITIALLY DEFERRED;
--: theirs
COMMENT ON CONSTRAINT t_o ON t IS 'why';
--: merged
see.constraint('t', 't_o') LIKE '%DEFERRABLE INITIALLY DEFERRED'
--= a constraint renamed and the table altered
--: ours
ALTER TABLE t RENAME CONSTRAINT t_a TO positive;
--: theirs
ALTER TABLE t RENAME a TO amount;
--: merged
see.constraint('t', 'positive') = 'CHECK (amount > 0)'
--= validated on one side only
--: ours
ALTER TABLE free ADD CONSTRAINT k CHECK (id > 0) NOT VALID;
--: theirs
ALTER TABLE free ADD CONSTRAINT k CHECK (id > 0);
--: conflict both_added
--: ours wins
see.constraint('free', 'k') = 'CHECK (id > 0) NOT VALID'
--: theirs wins
see.constraint('free', 'k') = 'CHECK (id > 0)'
