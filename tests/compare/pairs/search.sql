--# text search
CREATE TABLE t (a text);
--= a configuration of its own
-->
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, LANGUAGE = 'english', STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, word WITH d, simple;
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR numword WITH simple;
COMMENT ON TEXT SEARCH CONFIGURATION c IS 'c'; COMMENT ON TEXT SEARCH DICTIONARY d IS 'd';
CREATE INDEX i ON t USING gin (to_tsvector('SELF.c', a));
--= other mappings
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, word WITH simple; ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR int WITH simple;
-->
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, email WITH english_stem, simple; ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR int WITH simple;
--= other options of a dictionary
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, LANGUAGE = 'english');
-->
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, LANGUAGE = 'english', STOPWORDS = 'english');
--= another template
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, ACCEPT = false);
-->
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, LANGUAGE = 'english');
--= a parser and a template
-->
CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE TEXT SEARCH TEMPLATE m (INIT = dsimple_init, LEXIZE = dsimple_lexize); COMMENT ON TEXT SEARCH TEMPLATE m IS 'm';

--# extended statistics
CREATE TABLE t (a int, b int, c text);
--= new ones
-->
CREATE STATISTICS s ON b, a FROM t; CREATE STATISTICS s1 (mcv, ndistinct) ON a, b, (lower(c)) FROM t;
CREATE STATISTICS s2 ON (a + b) FROM t; COMMENT ON STATISTICS s IS 's'; ALTER STATISTICS s1 SET STATISTICS 99;
--= others of the same name
CREATE STATISTICS s ON a, b FROM t; ALTER STATISTICS s SET STATISTICS 10;
-->
CREATE STATISTICS s (mcv) ON a, c FROM t; ALTER STATISTICS s SET STATISTICS 20;
--= another target
CREATE STATISTICS s ON a, b FROM t;
-->
CREATE STATISTICS s ON a, b FROM t; ALTER STATISTICS s SET STATISTICS 20; ALTER STATISTICS s OWNER TO pggit_test_alice;
--= a column of them goes, another is retyped
CREATE STATISTICS s ON a, b FROM t;
-->
ALTER TABLE t DROP b, ALTER a TYPE bigint; CREATE STATISTICS s ON a, c FROM t;
--! order
