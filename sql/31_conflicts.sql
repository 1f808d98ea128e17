-- Conflicts: what a merge could not decide, and how each was resolved.

-- == relations ==
CREATE TABLE _pggit.conflicts (
    conflict_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merge_id      text NOT NULL REFERENCES _pggit.merges,
    conflict_type text NOT NULL CHECK (conflict_type IN (
        'schema_mismatch', 'both_added', 'modify_delete', 'rename_rename', 'name_collision', 'dependency_broken',
        'data_violation')),
    -- NULL only where PostgreSQL refused a step that concerns no object of its own.
    object_id     uuid,
    -- The second object of a collision, the missing one of a broken dependency.
    other_id      uuid,
    attribute     text,
    object_kind   text,
    schema_name   text,
    table_name    text,
    column_name   text,
    object_name   text,
    base          jsonb,
    source        jsonb,
    target        jsonb,
    description   text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT conflicts_merge_id_key
        UNIQUE NULLS NOT DISTINCT (merge_id, conflict_type, object_id, other_id, attribute)
);

CREATE TABLE _pggit.resolutions (
    resolution_id text PRIMARY KEY
        DEFAULT 'res_' || left(replace(gen_random_uuid()::text, '-', ''), 16)
        CHECK (resolution_id ~ '^res_[0-9a-f]{16}$'),
    conflict_id   bigint NOT NULL UNIQUE REFERENCES _pggit.conflicts ON DELETE CASCADE,
    strategy      text NOT NULL CHECK (strategy IN ('use_source', 'use_target', 'custom')),
    -- As given, and as the merge uses it: {"attrs": {…}}, {"objects": […]}, {"name": …}.
    custom        jsonb,
    built         jsonb,
    notes         text,
    resolved_by   text NOT NULL,
    resolved_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT resolutions_custom_check CHECK ((strategy = 'custom') = (custom IS NOT NULL))
);

-- == routines ==
COMMENT ON TABLE _pggit.conflicts IS 'What the two sides of a merge do not agree on.';
COMMENT ON TABLE _pggit.resolutions IS 'How conflicts were resolved; at most one resolution per conflict.';

CREATE OR REPLACE VIEW pggit.conflicts AS
SELECT
    c.merge_id,
    c.conflict_id,
    c.conflict_type,
    c.object_kind,
    c.schema_name,
    c.table_name,
    c.column_name,
    c.object_name,
    c.attribute,
    c.base,
    c.source,
    c.target,
    c.description,
    CASE WHEN r.resolution_id IS NULL THEN 'pending' ELSE 'resolved' END AS resolution_status,
    r.resolution_id,
    r.strategy AS resolution_strategy,
    r.custom AS resolution_custom,
    r.notes AS resolution_notes,
    r.resolved_by,
    r.resolved_at
FROM _pggit.conflicts AS c
LEFT JOIN _pggit.resolutions AS r USING (conflict_id);
COMMENT ON VIEW pggit.conflicts IS 'The conflicts of all merges, with their resolutions.';

CREATE OR REPLACE FUNCTION _pggit.merge_choices(p_merge_id text)
RETURNS _pggit.merge_choice[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(c.conflict_type, c.object_id, c.other_id, c.attribute, r.strategy, r.built)::_pggit.merge_choice
    FROM _pggit.conflicts AS c
    JOIN _pggit.resolutions AS r USING (conflict_id)
    WHERE c.merge_id = p_merge_id
    ORDER BY r.resolved_at, c.conflict_id
);
COMMENT ON FUNCTION _pggit.merge_choices(text) IS 'The resolutions of a merge, as the merge function takes them.';

CREATE OR REPLACE FUNCTION _pggit.store_conflicts(p_merge_id text, p_conflicts _pggit.merge_conflict[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    -- A violation that the caller declared settled in the rows, and that is still there, is open again.
    DELETE FROM _pggit.resolutions AS r
    USING _pggit.conflicts AS c, unnest(p_conflicts) AS n
    WHERE c.conflict_id = r.conflict_id
        AND c.merge_id = p_merge_id
        AND (c.conflict_type, c.object_id, c.other_id, c.attribute)
            IS NOT DISTINCT FROM (n.conflict_type, n.object_id, n.other_id, n.attribute);
    -- What an earlier choice made pointless asks for no resolution any more.
    DELETE FROM _pggit.conflicts AS c
    WHERE c.merge_id = p_merge_id
        AND NOT EXISTS (SELECT FROM _pggit.resolutions AS r WHERE r.conflict_id = c.conflict_id)
        AND NOT EXISTS (
            SELECT FROM unnest(p_conflicts) AS n
            WHERE (c.conflict_type, c.object_id, c.other_id, c.attribute)
                IS NOT DISTINCT FROM (n.conflict_type, n.object_id, n.other_id, n.attribute));
    INSERT INTO _pggit.conflicts (
        merge_id, conflict_type, object_id, other_id, attribute, object_kind, schema_name, table_name, column_name,
        object_name, base, source, target, description)
    SELECT p_merge_id, n.conflict_type, n.object_id, n.other_id, n.attribute, n.object_kind, n.schema_name, n.table_name,
        n.column_name, n.object_name, n.base, n.source, n.target, n.description
    FROM unnest(p_conflicts) AS n
    ORDER BY n.schema_name, n.table_name NULLS FIRST, n.object_name, n.attribute
    ON CONFLICT ON CONSTRAINT conflicts_merge_id_key DO UPDATE
    SET description = EXCLUDED.description;
END;
$$;
COMMENT ON FUNCTION _pggit.store_conflicts(text, _pggit.merge_conflict[]) IS $$
Makes the open conflicts of a merge those given; resolved ones stay, unless they are among them.
$$;

CREATE OR REPLACE FUNCTION _pggit.count_open_conflicts(p_merge_id text)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT count(*)::integer
    FROM _pggit.conflicts AS c
    WHERE c.merge_id = p_merge_id
        AND NOT EXISTS (SELECT FROM _pggit.resolutions AS r WHERE r.conflict_id = c.conflict_id)
);
COMMENT ON FUNCTION _pggit.count_open_conflicts(text) IS 'How many conflicts of a merge still wait for a resolution.';
