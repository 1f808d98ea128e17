-- Catalog, spelling: definitions as PostgreSQL prints them once they have been read back.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.spread_cast(p_tokens text[], p_first integer, p_last integer, p_type text, p_is_pretty boolean)
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_tokens text[] := p_tokens;
    v_start  integer := p_first;
    v_depth  integer := 0;
    v_item   text;
    v_bare   boolean;
BEGIN
    FOR v_i IN p_first .. p_last + 1 LOOP
        IF v_i > p_last OR v_depth = 0 AND v_tokens[v_i] = ',' THEN
            v_item := ltrim(array_to_string(v_tokens[v_start:v_i - 1], ''));
            v_bare := p_is_pretty AND v_item ~ $re$^(?:E?'(?:[^']|'')*'|[\w.$]+|"(?:[^"]|"")*")(?:::[\w ."$]+(?:\(\d+(?:,\d+)?\))?)*\Z$re$;
            v_tokens[v_start] := CASE WHEN v_start = p_first THEN '' ELSE ' ' END
                || CASE WHEN v_bare THEN v_item ELSE '(' || v_item || ')' END || '::' || p_type;
            FOR v_j IN v_start + 1 .. v_i - 1 LOOP
                v_tokens[v_j] := '';
            END LOOP;
            v_start := v_i + 1;
        ELSIF v_tokens[v_i] IN ('(', '[', 'ARRAY[') THEN
            v_depth := v_depth + 1;
        ELSIF v_tokens[v_i] IN (')', ']') THEN
            v_depth := v_depth - 1;
        END IF;
    END LOOP;
    RETURN v_tokens;
END;
$$;
COMMENT ON FUNCTION _pggit.spread_cast(text[], integer, integer, text, boolean) IS $$
Casts each element of an array constructor, its tokens standing from p_first to p_last.
$$;

CREATE OR REPLACE FUNCTION _pggit.reparse(p_text text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    c_word CONSTANT text := $re$(?:"(?:[^"]|"")*"|[\w$]+$re$;
    c_type CONSTANT text := $re$^(\)?)(::($re$ || '(?:' || c_word || $re$)\.)?$re$ || c_word
        || $re$(?: (?:varying|precision|with|without|time|zone))*)(?:\(\d+(?:,\d+)?\))?)\[\])$re$;
    v_tokens text[] := ARRAY(
        SELECT m.found[1]
        FROM regexp_matches(
            p_text, $re$('(?:[^']|'')*'|"(?:[^"]|"")*"|\mARRAY\[|[][(),]|\s(?:AND|OR)(?=\s)|\s+|[^][(),'"\s]+)$re$, 'g')
            WITH ORDINALITY AS m(found, place)
        ORDER BY m.place);
    v_bare   text;
    v_open   integer[] := '{}'::integer[];  -- the groups that are open
    v_word   text[] := '{}'::text[];        -- what joins the operands of each: AND, OR, or ? for a mixture
    v_first  integer[] := '{}'::integer[];  -- where the first operand of each ends, if that is a group
    v_inner  text[] := '{}'::text[];        -- and what joins the operands of that
    v_depth  integer := 0;
    v_cast   text[];
    v_rest   integer;
BEGIN
    FOR v_i IN 1 .. cardinality(v_tokens) LOOP
        v_bare := btrim(v_tokens[v_i], E' \n\t');
        CASE
            WHEN v_bare IN ('(', '[', 'ARRAY[') THEN
                v_depth := v_depth + 1;
                v_open[v_depth] := v_i;
                v_word[v_depth] := NULL;
                v_first[v_depth] := NULL;
                v_inner[v_depth] := NULL;
            WHEN v_bare IN ('AND', 'OR') AND v_depth > 0 THEN
                v_word[v_depth] := CASE WHEN coalesce(v_word[v_depth], v_bare) = v_bare THEN v_bare ELSE '?' END;
            WHEN v_bare = ')' AND v_depth > 0 THEN
                -- (a AND b) AND c is read as a AND b AND c
                IF v_word[v_depth] IN ('AND', 'OR') AND v_inner[v_depth] = v_word[v_depth]
                    AND btrim(v_tokens[v_first[v_depth] + 1], E' \n\t') = v_word[v_depth] THEN
                    v_tokens[v_open[v_depth] + 1] := '';
                    v_tokens[v_first[v_depth]] := '';
                END IF;
                v_depth := v_depth - 1;
                IF v_depth > 0 AND v_open[v_depth + 1] = v_open[v_depth] + 1 THEN
                    v_first[v_depth] := v_i;
                    v_inner[v_depth] := v_word[v_depth + 1];
                END IF;
            WHEN v_bare = ']' AND v_depth > 0 THEN
                v_depth := v_depth - 1;
                CONTINUE WHEN v_tokens[v_open[v_depth + 1]] <> 'ARRAY[' OR v_i = v_open[v_depth + 1] + 1;
                -- a cast of an array constructor is read as a cast of each element
                v_cast := regexp_match(array_to_string(v_tokens[v_i + 1:v_i + 14], ''), c_type);
                CONTINUE WHEN v_cast IS NULL
                    OR v_cast[1] = ')' AND (v_depth = 0 OR v_tokens[v_open[v_depth + 1] - 1] <> '(');
                v_tokens := _pggit.spread_cast(v_tokens, v_open[v_depth + 1] + 1, v_i - 1, v_cast[3], v_cast[1] = '');
                v_rest := length(v_cast[1] || v_cast[2]);
                FOR v_j IN v_i + 1 .. cardinality(v_tokens) LOOP
                    EXIT WHEN v_rest <= 0;
                    v_rest := v_rest - length(v_tokens[v_j]);
                    v_tokens[v_j] := CASE WHEN v_rest < 0 THEN right(v_tokens[v_j], -v_rest) ELSE '' END;
                END LOOP;
                IF v_cast[1] = ')' THEN
                    v_tokens[v_open[v_depth]] := '';
                    v_depth := v_depth - 1;
                END IF;
            ELSE NULL;
        END CASE;
    END LOOP;
    RETURN array_to_string(v_tokens, '');
END;
$$;
COMMENT ON FUNCTION _pggit.reparse(text) IS $$
The text of an expression or query as PostgreSQL prints it once it has read it back. Two of its prints are no fixed points:
ARRAY[…]::text[], which IN makes of a list beside a varchar, and AND or OR whose first operand is another of its kind, which BETWEEN makes.
$$;

CREATE OR REPLACE FUNCTION _pggit.settled(p_text text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_text ~ '\]\)?::' OR strpos(p_text, '((') > 0 AND p_text ~ '\s(AND|OR)\s.*\s(AND|OR)\s' THEN _pggit.reparse(p_text)
    ELSE p_text
END;
COMMENT ON FUNCTION _pggit.settled(text) IS $$
A definition as it reads in every worktree: however often PostgreSQL reads and prints it.
$$;
