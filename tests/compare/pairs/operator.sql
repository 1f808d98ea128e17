--# operators
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_lt(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE FUNCTION pair_gt(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a > $2.a';
CREATE FUNCTION pair_gt(int, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > $2.a';
CREATE FUNCTION pair_eq(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a = $2.a';
CREATE FUNCTION pair_cmp(pair, pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a - $2.a';
--= operators that name each other
-->
CREATE OPERATOR <# (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = #>, RESTRICT = scalarltsel);
CREATE OPERATOR #> (FUNCTION = pair_gt, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = <#);
COMMENT ON OPERATOR <# (pair, pair) IS 'less';
--= another estimator
CREATE OPERATOR <# (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair, RESTRICT = scalarltsel);
-->
CREATE OPERATOR <# (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair, JOIN = scalarltjoinsel);
--= another function under a view
CREATE OPERATOR <# (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair); CREATE TABLE t (p pair);
CREATE VIEW v AS SELECT p <# p AS x FROM t;
-->
CREATE OPERATOR <# (FUNCTION = pair_gt, LEFTARG = pair, RIGHTARG = pair); CREATE TABLE t (p pair);
CREATE VIEW v AS SELECT p <# p AS x FROM t;
--= an overloaded function and a prefix operator
-->
CREATE FUNCTION neg(pair) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE OPERATOR #> (FUNCTION = pair_gt, LEFTARG = int, RIGHTARG = pair);
CREATE OPERATOR @@@ (FUNCTION = neg, RIGHTARG = pair);
--= a class with its family, in use
-->
CREATE OPERATOR <# (FUNCTION = pair_lt, LEFTARG = pair, RIGHTARG = pair); CREATE OPERATOR #= (FUNCTION = pair_eq, LEFTARG = pair, RIGHTARG = pair);
CREATE OPERATOR FAMILY pair_ops USING btree; COMMENT ON OPERATOR FAMILY pair_ops USING btree IS 'f';
CREATE OPERATOR CLASS pair_ops FOR TYPE pair USING btree FAMILY pair_ops AS OPERATOR 1 <#, OPERATOR 3 #=, FUNCTION 1 pair_cmp(pair, pair);
COMMENT ON OPERATOR CLASS pair_ops USING btree IS 'c';
CREATE TABLE t (p pair); CREATE INDEX i ON t (p pair_ops);
--= members that belong to a family alone
CREATE OPERATOR FAMILY f USING btree;
-->
CREATE OPERATOR FAMILY f USING btree;
ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (int, bigint), FUNCTION 1 (int, bigint) btint48cmp(int, bigint);

--# casts and conversions
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE FUNCTION to_mood(int) RETURNS mood LANGUAGE sql IMMUTABLE AS $$SELECT 'a'::SELF.mood$$;
CREATE FUNCTION to_mood2(int) RETURNS mood LANGUAGE sql IMMUTABLE AS $$SELECT 'b'::SELF.mood$$;
--= a cast with a function
-->
CREATE CAST (int AS mood) WITH FUNCTION to_mood(int) AS ASSIGNMENT; COMMENT ON CAST (int AS mood) IS 'c';
--! beside
--= another function and context
CREATE CAST (int AS mood) WITH FUNCTION to_mood(int) AS ASSIGNMENT;
-->
CREATE CAST (int AS mood) WITH FUNCTION to_mood2(int) AS IMPLICIT;
--! beside
--= a cast by way of text
-->
CREATE CAST (varchar AS mood) WITH INOUT AS IMPLICIT;
--! beside
--= a conversion
-->
CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8; COMMENT ON CONVERSION c IS 'c';
