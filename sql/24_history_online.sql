-- History, online: migrations between refs for a database under load.

-- == relations ==

-- One row of pggit.online_migration.
CREATE TYPE pggit.online_migration_step AS (
    "position"     integer,
    sql            text,
    is_done        text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean,
    action         text,
    kind           text,
    identity       text,
    advice         text
);

-- == routines ==
COMMENT ON TYPE pggit.online_migration_step IS 'One step of a migration for a database under load.';

CREATE OR REPLACE FUNCTION _pggit.label_condition(p_enum _pggit.object, p_label text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN format('EXISTS (SELECT FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = pg_catalog.to_regtype(%L) AND e.enumlabel = %L)',
    _pggit.qualified_name((p_enum).schema_name, (p_enum).name), p_label);
COMMENT ON FUNCTION _pggit.label_condition(_pggit.object, text) IS 'An SQL condition that says whether an enum has a label.';

CREATE OR REPLACE FUNCTION _pggit.list_online_migration(p_from text, p_to text, p_path name[])
RETURNS SETOF pggit.online_migration_step
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_from  _pggit.object[];
    v_to    _pggit.object[];
    v_first pggit.online_migration_step[];
BEGIN
    SELECT m.before_objects, m.after_objects INTO v_from, v_to FROM _pggit.migration_sides(p_from, p_to, p_path) AS m;
    v_first := ARRAY(
        SELECT ROW(
            (s.step).step_no, (s.step).sql, _pggit.label_condition(s.enum, s.new_label), (s.step).lock_level, (s.step).hazards,
            (s.step).in_transaction, (s.step).action, (s.step).kind, (s.step).identity, NULL)::pggit.online_migration_step
        FROM _pggit.label_steps(v_from, v_to) AS s);
    RETURN QUERY SELECT * FROM unnest(v_first);
    RETURN QUERY
    SELECT s.step_no + cardinality(v_first), s.sql, s.is_done, s.lock_level, s.hazards, s.in_transaction, s.action, s.kind, s.identity,
        s.advice
    FROM _pggit.plan_online(_pggit.rename_labels(_pggit.rename_equal_parts(v_from, v_to), v_to), v_to) AS s
    ORDER BY s.step_no;
END;
$$;
COMMENT ON FUNCTION _pggit.list_online_migration(text, text, name[]) IS 'Behind pggit.online_migration.';

CREATE OR REPLACE FUNCTION pggit.online_migration(p_from text, p_to text)
RETURNS SETOF pggit.online_migration_step
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT m.* FROM _pggit.list_online_migration(p_from, p_to, current_schemas(false)) AS m;
END;
COMMENT ON FUNCTION pggit.online_migration(text, text) IS $$
pggit.migration for a database under load: indexes built concurrently, constraints added NOT VALID and validated, NOT NULL through
a validated check, keys from finished indexes. Each step is a transaction of its own.
Returns: as pggit.migration; is_done is a condition that is true where an earlier run did the step (NULL: it can be done again),
advice what a person could do instead.
Errors: as pggit.migration.
$$;
