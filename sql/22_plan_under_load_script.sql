-- Script under load: the online steps of a plan as one script for psql, which goes on where it was stopped.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.online_script_head(p_migration text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN replace($head$-- For psql. Each step is a transaction of its own and waits at most 2 s for a lock, again and again.
-- After an error, run the script once more: it goes on with the step that failed. Until its end it keeps in pggit_online.steps what is
-- done; drop that schema to begin anew.
\set ON_ERROR_STOP on
CREATE PROCEDURE pg_temp.pggit_begin()
LANGUAGE plpgsql
AS $pggit$
DECLARE
    v_is_alone boolean;
BEGIN
    FOR v_try IN 1 .. 60 LOOP  -- of a run that was killed, the server may still be at the last step
        v_is_alone := pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('pggit_online', 0));
        EXIT WHEN v_is_alone;
        RAISE NOTICE 'another run is at work, try %', v_try;
        COMMIT;
        PERFORM pg_catalog.pg_sleep(1);
    END LOOP;
    IF NOT v_is_alone THEN
        RAISE EXCEPTION 'another online migration is at work in this database' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('pggit_online.steps') IS NOT NULL THEN
        DELETE FROM pggit_online.steps WHERE migration <> '@migration@';
    ELSIF pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') THEN
        CREATE SCHEMA pggit_online;
        CREATE TABLE pggit_online.steps (migration text, step_no integer, PRIMARY KEY (migration, step_no));
    ELSE
        RAISE NOTICE 'no right to create a schema in this database: what is done is not written down, only looked for';
    END IF;
END
$pggit$;
CREATE FUNCTION pg_temp.pggit_is_done(p_step integer, p_is_done text)
RETURNS boolean
LANGUAGE plpgsql
AS $pggit$
DECLARE
    v_is_done boolean := false;
BEGIN
    IF pg_catalog.to_regclass('pggit_online.steps') IS NOT NULL THEN
        v_is_done := EXISTS (
            SELECT FROM pggit_online.steps AS s WHERE s.migration = '@migration@' AND s.step_no = p_step);
    END IF;
    IF NOT v_is_done THEN
        EXECUTE 'SELECT ' || p_is_done INTO v_is_done;
    END IF;
    RETURN v_is_done;
END
$pggit$;
CREATE PROCEDURE pg_temp.pggit_done(p_step integer)
LANGUAGE plpgsql
AS $pggit$
BEGIN
    IF pg_catalog.to_regclass('pggit_online.steps') IS NOT NULL THEN
        INSERT INTO pggit_online.steps (migration, step_no) VALUES ('@migration@', p_step) ON CONFLICT DO NOTHING;
    END IF;
END
$pggit$;
CREATE PROCEDURE pg_temp.pggit_step(p_step integer, p_sql text, p_is_done text)
LANGUAGE plpgsql
AS $pggit$
DECLARE
    v_is_done boolean := pg_temp.pggit_is_done(p_step, p_is_done);
BEGIN
    FOR v_try IN 1 .. 60 LOOP
        EXIT WHEN v_is_done;
        BEGIN
            SET LOCAL lock_timeout = '2s';
            EXECUTE p_sql;
            CALL pg_temp.pggit_done(p_step);
            v_is_done := true;
        EXCEPTION
            WHEN lock_not_available THEN
                IF v_try = 60 THEN
                    RAISE;
                END IF;
                RAISE NOTICE 'waiting for a lock, try %: %', v_try, p_sql;
        END;
        COMMIT;
        IF NOT v_is_done THEN
            PERFORM pg_catalog.pg_sleep(least(0.1 * v_try, 3) * (0.5 + pg_catalog.random()));
        END IF;
    END LOOP;
END
$pggit$;
CREATE PROCEDURE pg_temp.pggit_end()
LANGUAGE plpgsql
AS $pggit$
BEGIN
    IF pg_catalog.to_regclass('pggit_online.steps') IS NOT NULL THEN
        DROP TABLE pggit_online.steps;
        DROP SCHEMA pggit_online;
    END IF;
    PERFORM pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('pggit_online', 0));
END
$pggit$;
CALL pg_temp.pggit_begin();$head$, '@migration@', p_migration);
COMMENT ON FUNCTION _pggit.online_script_head(text) IS $$
What an online script does before its first step, and what its steps call.
p_migration: what it is written down under, of letters and digits.
$$;

CREATE OR REPLACE FUNCTION _pggit.online_script_step(p_step _pggit.online_step, p_count integer)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(E'\n',
    regexp_replace(concat('-- step ', (p_step).step_no, ' of ', p_count, ': ' || (p_step).identity,
        ': ' || array_to_string(nullif((p_step).hazards, '{}'), ', ')), '[\n\r]+', ' ', 'g'),
    regexp_replace((p_step).advice, '^', '-- ', 'ng'),
    CASE
        WHEN (p_step).action = 'set' THEN (p_step).sql || ';'
        WHEN (p_step).in_transaction THEN format('CALL pg_temp.pggit_step(%s, %s, %s);', (p_step).step_no,
            _pggit.dollar_quote((p_step).sql), _pggit.dollar_quote(coalesce((p_step).is_done, 'false')))
        -- what an interrupted build left may be there again after this was done
        WHEN (p_step).is_done IS NOT NULL AND (p_step).sql ~ '^DROP INDEX CONCURRENTLY '
            THEN format(E'SELECT %s WHERE NOT (%s) \\gexec', _pggit.dollar_quote((p_step).sql), (p_step).is_done)
        ELSE format(E'SELECT %1$s WHERE NOT pg_temp.pggit_is_done(%2$s, %3$s) \\gexec\nCALL pg_temp.pggit_done(%2$s);',
            _pggit.dollar_quote((p_step).sql), (p_step).step_no, _pggit.dollar_quote(coalesce((p_step).is_done, 'false')))
    END);
COMMENT ON FUNCTION _pggit.online_script_step(_pggit.online_step, integer) IS $$
One step of an online script, with what is to be known about it.
$$;

CREATE OR REPLACE FUNCTION _pggit.online_script(p_title text, p_steps _pggit.online_step[])
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT concat_ws(E'\n', '-- ' || regexp_replace(p_title, '[\n\r]+', ' ', 'g'),
        _pggit.online_script_head(md5(coalesce(string_agg(concat_ws(E'\n', s.sql, s.is_done), E'\n' ORDER BY s.step_no), ''))),
        string_agg(_pggit.online_script_step(s, array_length(p_steps, 1)), E'\n' ORDER BY s.step_no),
        'CALL pg_temp.pggit_end();',
        'DROP ROUTINE pg_temp.pggit_begin(), pg_temp.pggit_is_done(integer, text), pg_temp.pggit_done(integer),'
        ' pg_temp.pggit_step(integer, text, text), pg_temp.pggit_end();') || E'\n'
    FROM unnest(p_steps) AS s;
END;
COMMENT ON FUNCTION _pggit.online_script(text, _pggit.online_step[]) IS $$
The steps as a script for psql that tries locks again, and that goes on where it was stopped when it is run again.
$$;
