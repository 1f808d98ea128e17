--# a table to index
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int); INSERT INTO t VALUES (1, 1, 'x', 1), (2, 2, 'y', 2); CREATE INDEX old ON t (a);
--= each side adds its own
--: ours
CREATE INDEX i ON t (b);
--: theirs
CREATE INDEX j ON t (c);
--: merged
see.indexes('t') = 'i (b); j (c); old (a)'
--= both add the same
--: ours
CREATE INDEX i ON t (b) INCLUDE (c);
--: theirs
CREATE INDEX i ON t (b) INCLUDE (c);
--: merged
see.indexes('t') = 'i (b) INCLUDE (c); old (a)'
--= one name, other columns
--: ours
CREATE INDEX i ON t (b);
--: theirs
CREATE INDEX i ON t (c);
--: conflict both_added
--: ours wins
see.indexes('t') = 'i (b); old (a)'
--: theirs wins
see.indexes('t') = 'i (c); old (a)'
--= one name, other order of columns
--: ours
CREATE INDEX i ON t (b, c);
--: theirs
CREATE INDEX i ON t (c, b);
--: conflict both_added
--: ours wins
see.indexes('t') = 'i (b, c); old (a)'
--: theirs wins
see.indexes('t') = 'i (c, b); old (a)'
--= one name, one of them partial
--: ours
CREATE INDEX i ON t (b);
--: theirs
CREATE INDEX i ON t (b) WHERE c > 0;
--: conflict both_added
--: ours wins
see.indexes('t') = 'i (b); old (a)'
--: theirs wins
see.indexes('t') = 'i (b) WHERE (c > 0); old (a)'
--= one name, one of them unique
--: ours
CREATE UNIQUE INDEX i ON t (b);
--: theirs
CREATE INDEX i ON t (b);
--: conflict both_added
--: ours wins
see.indexes('t') = 'UNIQUE i (b); old (a)'
--: theirs wins
see.indexes('t') = 'i (b); old (a)'
--= one definition, two names
--: ours
CREATE INDEX i ON t (b);
--: theirs
CREATE INDEX j ON t (b);
--: merged
see.indexes('t') IN ('i (b); old (a)', 'j (b); old (a)')
--= unique and plain on the same column under two names are two
--: ours
CREATE UNIQUE INDEX i ON t (b);
--: theirs
CREATE INDEX j ON t (b);
--: merged
see.indexes('t') = 'UNIQUE i (b); j (b); old (a)'
--= two expressions
--: ours
CREATE INDEX i ON t (lower(b));
--: theirs
CREATE INDEX j ON t ((a + c));
--: merged
see.indexes('t') = 'i (lower(b)); j (((a + c))); old (a)'
--= drop against drop
--: ours
DROP INDEX old;
--: theirs
DROP INDEX old;
--: merged
see.indexes('t') = ''
--= drop against redefinition
--: ours
DROP INDEX old;
--: theirs
DROP INDEX old; CREATE INDEX old ON t (a, c);
--: conflict modify_delete
--: ours wins
see.indexes('t') = ''
--: theirs wins
see.indexes('t') = 'old (a, c)'
--= both redefine differently
--: ours
DROP INDEX old; CREATE INDEX old ON t (a, b);
--: theirs
DROP INDEX old; CREATE INDEX old ON t (a, c);
--: conflict schema_mismatch
--: ours wins
see.indexes('t') = 'old (a, b)'
--: theirs wins
see.indexes('t') = 'old (a, c)'
--= renamed and given a comment
--: ours
ALTER INDEX old RENAME TO new;
--: theirs
COMMENT ON INDEX old IS 'k';
--: merged
see.indexes('t') = 'new (a)' AND obj_description('new'::regclass) = 'k'
--= renamed and redefined
--: ours
ALTER INDEX old RENAME TO new;
--: theirs
ALTER INDEX old SET (fillfactor = 70);
--: merged
see.indexes('t') = 'new (a) WITH (fillfactor=''70'')'
--= renamed two ways
--: ours
ALTER INDEX old RENAME TO one;
--: theirs
ALTER INDEX old RENAME TO two;
--: conflict rename_rename
--: ours wins
see.indexes('t') = 'one (a)'
--: theirs wins
see.indexes('t') = 'two (a)'
--= a new index on a column that the other side drops
--: ours
CREATE INDEX i ON t (b);
--: theirs
ALTER TABLE t DROP b;
--: conflict dependency_broken
--: ours wins
see.indexes('t') = 'i (b); old (a)'
--: theirs wins
see.indexes('t') = 'old (a)' AND see.column('t', 'b') IS NULL
--= an index whose predicate reads a column that the other side drops
--: ours
CREATE INDEX i ON t (c) WHERE b <> 'q';
--: theirs
ALTER TABLE t DROP b;
--: conflict dependency_broken
--: ours wins
see.indexes('t') = 'i (c) WHERE (b <> ''q''::text); old (a)'
--= an index of the base goes with its column
--: ours
ALTER TABLE t DROP a;
--: theirs
ALTER TABLE t ADD x int;
--: merged
see.indexes('t') = '' AND see.column('t', 'x') = 'integer'
--= an index on a column that the other side retypes
--: ours
CREATE INDEX i ON t (c);
--: theirs
ALTER TABLE t ALTER c TYPE bigint;
--: merged
see.indexes('t') = 'i (c); old (a)' AND see.column('t', 'c') = 'bigint'
--= a column dropped that the other side takes out of the index
--: ours
ALTER TABLE t DROP a;
--: theirs
DROP INDEX old; CREATE INDEX old ON t (c);
--: conflict modify_delete
--= an index on a table that the other side renames
--: ours
ALTER TABLE t RENAME TO tt;
--: theirs
CREATE INDEX i ON t (b);
--: merged
see.indexes('tt') = 'i (b); old (a)'
--= one side's index name is the other side's table name
--: ours
CREATE INDEX thing ON t (b);
--: theirs
CREATE TABLE thing (id int);
--: conflict name_collision
--= an index moved to another table of the same name
--: ours
DROP INDEX old;
--: theirs
CREATE INDEX j ON t (a);
--: merged
see.indexes('t') = 'j (a)'
--# a partitioned table with an index of which each part has its own parameters
CREATE TABLE p (id int NOT NULL, day int NOT NULL, words text[]) PARTITION BY RANGE (day);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE INDEX p_words ON p USING gin (words) WITH (gin_pending_list_limit = 128);
INSERT INTO p VALUES (1, 1, '{a}'), (2, 12, '{b}');
--= each side sets a parameter of another part
--: ours
ALTER INDEX p_1_words_idx SET (fastupdate = off);
--: theirs
ALTER INDEX p_2_words_idx SET (fastupdate = off);
--: merged
see.options('p_1_words_idx') = 'fastupdate=off gin_pending_list_limit=128' AND see.options('p_2_words_idx') = 'fastupdate=off gin_pending_list_limit=128'
--= one renames a part's index, the other sets its parameter
--: ours
ALTER INDEX p_1_words_idx RENAME TO early_words;
--: theirs
ALTER INDEX p_1_words_idx SET (fastupdate = off);
--: merged
see.options('early_words') = 'fastupdate=off gin_pending_list_limit=128'
--= each side sets another parameter of a part that has a name of its own
--: ours
ALTER INDEX p_1_words_idx SET (fastupdate = off);
--: theirs
ALTER INDEX p_2_words_idx RESET (gin_pending_list_limit);
--: merged
see.options('p_1_words_idx') = 'fastupdate=off gin_pending_list_limit=128' AND see.options('p_2_words_idx') IS NULL
--= a part gets a parameter, and the other side adds a column and a partition
--: ours
ALTER INDEX p_1_words_idx SET (fastupdate = off);
--: theirs
ALTER TABLE p ADD note text;
CREATE TABLE p_3 PARTITION OF p FOR VALUES FROM (20) TO (30);
--: merged
see.options('p_1_words_idx') = 'fastupdate=off gin_pending_list_limit=128' AND see.options('p_3_words_idx') = 'gin_pending_list_limit=128'
--# a partitioned table, the index of whose part has nothing for itself
CREATE TABLE log (id int, at date) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE INDEX log_at ON log (at);
--= a new name of a part against its parameters
--: ours
ALTER INDEX log_1_at_idx RENAME TO other;
--: theirs
ALTER INDEX log_1_at_idx SET (fillfactor = 70);
--: merged
see.options('other') = 'fillfactor=70'
--= a comment on a part against the new name of its partition
--: ours
COMMENT ON INDEX log_1_at_idx IS 'x';
--: theirs
ALTER TABLE log_1 RENAME TO log_2020;
--: merged
obj_description('log_1_at_idx'::regclass) = 'x'
--= two parameters of a part
--: ours
ALTER INDEX log_1_at_idx SET (fillfactor = 80);
--: theirs
ALTER INDEX log_1_at_idx SET (fillfactor = 70);
--: conflict
--: ours wins
see.options('log_1_at_idx') = 'fillfactor=80'
--: theirs wins
see.options('log_1_at_idx') = 'fillfactor=70'
--= a parameter of a part against the dropped index
--: ours
ALTER INDEX log_1_at_idx SET (fillfactor = 80);
--: theirs
DROP INDEX log_at;
--: conflict dependency_broken
--: ours wins
see.options('log_1_at_idx') = 'fillfactor=80'
--: theirs wins
to_regclass('log_at') IS NULL AND to_regclass('log_1_at_idx') IS NULL
--= a part renamed on both sides
--: ours
ALTER INDEX log_1_at_idx RENAME TO a;
--: theirs
ALTER INDEX log_1_at_idx RENAME TO b;
--: conflict
--# a partitioned table, the index of whose part has parameters
CREATE TABLE log (id int, at date) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE INDEX log_at ON log (at); ALTER INDEX log_1_at_idx SET (fillfactor = 70);
--= a parameter of a part taken back against its new name
--: ours
ALTER INDEX log_1_at_idx RESET (fillfactor);
--: theirs
ALTER INDEX log_1_at_idx RENAME TO other;
--: merged
see.options('other') IS NULL
--= a parameter of a part taken back against a comment
--: ours
ALTER INDEX log_1_at_idx RESET (fillfactor);
--: theirs
COMMENT ON INDEX log_1_at_idx IS 'x';
--: merged
see.options('log_1_at_idx') IS NULL AND obj_description('log_1_at_idx'::regclass) = 'x'
