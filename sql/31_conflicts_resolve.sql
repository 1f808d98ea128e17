-- Resolving conflicts: by side, or by a definition that is built before it is accepted.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.conflict_row(p_conflict_id bigint)
RETURNS pggit.conflicts
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_row pggit.conflicts;
BEGIN
    SELECT c.* INTO v_row FROM pggit.conflicts AS c WHERE c.conflict_id = p_conflict_id;
    RETURN v_row;
END;
$$;
COMMENT ON FUNCTION _pggit.conflict_row(bigint) IS 'The public row of a conflict, as just written.';

CREATE OR REPLACE FUNCTION _pggit.column_attrs(p_custom jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := p_custom - '{column_name,data_type,max_length,nullable,unique}'::text[];
    v_type text := coalesce(p_custom ->> 'data_type', p_custom ->> 'type');
BEGIN
    IF v_type IS NOT NULL THEN
        IF p_custom ->> 'max_length' IS NOT NULL AND v_type !~ '\(' THEN
            v_type := format('%s(%s)', v_type, (p_custom ->> 'max_length')::integer);
        END IF;
        v_attrs := v_attrs || jsonb_build_object('type', v_type);
    END IF;
    IF p_custom ? 'nullable' THEN
        v_attrs := v_attrs || jsonb_build_object('not_null',
            CASE WHEN NOT (p_custom ->> 'nullable')::boolean THEN true END);
    END IF;
    -- of default, identity and generation a column has one: what is given takes the place of the others
    IF EXISTS (SELECT FROM unnest('{default,identity,generated}'::text[]) AS k WHERE p_custom ->> k IS NOT NULL) THEN
        v_attrs := '{"default": null, "identity": null, "generated": null, "expression": null}'::jsonb || v_attrs;
    END IF;
    RETURN v_attrs;
END;
$$;
COMMENT ON FUNCTION _pggit.column_attrs(jsonb) IS $$
A column's definition as the API words it, as attributes; a null takes an attribute away.
$$;

CREATE OR REPLACE FUNCTION _pggit.scratch_definition(p_objects _pggit.object[], p_object _pggit.object, p_ddl text)
RETURNS _pggit.object[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
SET client_min_messages = warning
AS $$
DECLARE
    v_logical name[] := _pggit.tracked_schemas();
    v_live name[] := ARRAY(SELECT format('%s@~%s.%s', left(s.name, 20), pg_backend_pid(), s.place)::name
        FROM unnest(v_logical) WITH ORDINALITY AS s(name, place) ORDER BY s.place);
    v_around _pggit.object[];
    v_read _pggit.object[];
    v_schema name;
    v_path text;
    v_step _pggit.step;
    v_ddl _pggit.step;
BEGIN
    -- All but the object itself, its parts and what depends on it: its definition shall make it anew.
    WITH RECURSIVE gone AS (
        SELECT p_object.object_id AS object_id
        UNION
        SELECT o.object_id FROM gone AS g JOIN unnest(p_objects) AS o
            ON g.object_id = ANY (o.deps) OR o.parent_id = g.object_id
    )
    SELECT array_agg(o) INTO v_around
    FROM unnest(_pggit.bare_objects(p_objects, ARRAY(SELECT i.object_id FROM unnest(p_objects) AS i))) AS o
    WHERE o.object_id NOT IN (SELECT g.object_id FROM gone AS g);
    SELECT string_agg(quote_ident(l.live), ', ' ORDER BY (l.logical = p_object.schema_name) DESC, l.place)
        || coalesce(', ' || string_agg(quote_ident(l.logical), ', ') FILTER (
            WHERE _pggit.holds_extension_objects(l.logical)), '')
    INTO v_path
    FROM unnest(v_logical, v_live) WITH ORDINALITY AS l(logical, live, place);
    BEGIN
        FOREACH v_schema IN ARRAY v_live LOOP
            EXECUTE format('CREATE SCHEMA %I', v_schema);
        END LOOP;
        PERFORM _pggit.execute_steps(ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan_transaction(
            _pggit.relocate(ARRAY(SELECT o FROM unnest(v_around) AS o WHERE o.kind = 'schema'), v_logical, v_live),
            _pggit.relocate(v_around, v_logical, v_live)) AS s ORDER BY s.step_no));
        v_step.sql := 'SET search_path = ' || v_path;
        v_ddl.sql := p_ddl;
        PERFORM _pggit.execute_steps(ARRAY[v_step, v_ddl]);
        v_read := ARRAY(SELECT i.object FROM _pggit.read_objects(
            v_logical, v_live, ARRAY[]::_pggit.known_identity[], p_objects) AS i);
        -- always undone: only the definition is wanted
        RAISE EXCEPTION USING ERRCODE = 'transaction_rollback', MESSAGE = 'end of trial';
    EXCEPTION
        WHEN transaction_rollback THEN
            NULL;
    END;
    RETURN ARRAY(
        SELECT r
        FROM unnest(_pggit.bare_objects(v_read, ARRAY(SELECT i.object_id FROM unnest(v_read) AS i))) AS r
        WHERE r.object_id NOT IN (SELECT a.object_id FROM unnest(v_around) AS a));
END;
$$;
COMMENT ON FUNCTION _pggit.scratch_definition(_pggit.object[], _pggit.object, text) IS $$
Runs DDL in a scratch copy of the merged state without one object, and gives what it made; all of it is rolled back.
Errors: PostgreSQL's own where the DDL fails.
$$;

CREATE OR REPLACE FUNCTION _pggit.shape_ddl(p_object _pggit.object, p_custom jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind = 'table' AND jsonb_typeof(p_custom -> 'columns') = 'array' THEN (
        SELECT format('CREATE TABLE %I (%s)', (p_object).name, string_agg(format('%I %s%s%s%s%s%s%s', c ->> 'column_name',
            a ->> 'type',
            ' COLLATE ' || (c ->> 'collation'),
            ' DEFAULT ' || (c ->> 'default'),
            ' GENERATED ' || upper(c ->> 'identity') || ' AS IDENTITY',
            ' GENERATED ALWAYS AS (' || (c ->> 'expression') || ') STORED',
            CASE WHEN (a ->> 'not_null')::boolean THEN ' NOT NULL' END,
            CASE WHEN (c ->> 'unique')::boolean THEN ' UNIQUE' END), ', ' ORDER BY n))
        FROM jsonb_array_elements(p_custom -> 'columns') WITH ORDINALITY AS u(c, n)
        CROSS JOIN LATERAL _pggit.column_attrs(c) AS a)
    WHEN (p_object).kind IN ('view', 'materialized_view') AND p_custom ? 'query'
        THEN format('CREATE %s %I AS %s', upper(replace((p_object).kind, '_', ' ')), (p_object).name, p_custom ->> 'query')
END;
COMMENT ON FUNCTION _pggit.shape_ddl(_pggit.object, jsonb) IS $$
The statement that makes a table of the columns, or a view of the query, that a resolution gives; NULL where it gives neither.
$$;

CREATE OR REPLACE FUNCTION _pggit.with_kept_parts(
    p_made _pggit.object[],
    p_objects _pggit.object[],
    p_object _pggit.object,
    p_custom jsonb
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object('objects', jsonb_agg(to_jsonb(o)))
    FROM (
        SELECT m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature,
            CASE WHEN m.object_id = (p_object).object_id
                THEN jsonb_strip_nulls(((p_object).attrs - 'query') || (p_custom - '{name,schema,columns,query}'::text[]) || m.attrs)
                ELSE m.attrs END AS attrs,
            CASE WHEN m.object_id = (p_object).object_id AND p_custom ?| '{inherits,partition_of,of_type,server}'
                THEN m.deps || (p_object).deps ELSE m.deps END AS deps
        FROM unnest(p_made) AS m
        UNION ALL
        -- Constraints, indexes, triggers and the like stay as far as the columns that they need are still there.
        SELECT o.*
        FROM unnest(p_objects) AS o
        WHERE o.parent_id = (p_object).object_id
            AND o.kind <> 'column'
            AND NOT EXISTS (SELECT FROM unnest(p_made) AS m WHERE m.object_id = o.object_id)
            AND NOT EXISTS (SELECT FROM unnest(p_objects) AS c
                WHERE c.object_id = ANY (o.deps) AND c.parent_id = o.parent_id AND c.kind = 'column'
                    AND NOT EXISTS (SELECT FROM unnest(p_made) AS m WHERE m.object_id = c.object_id))
    ) AS o
);
COMMENT ON FUNCTION _pggit.with_kept_parts(_pggit.object[], _pggit.object[], _pggit.object, jsonb) IS $$
What the statement of a resolution made, with the attributes that it does not speak of and the parts that still fit.
$$;

CREATE OR REPLACE FUNCTION _pggit.deps_named(p_merge _pggit.merges, p_object_id uuid, p_text text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN (
        WITH version AS MATERIALIZED (
            SELECT v.*
            FROM unnest(_pggit.tree_array(p_merge.source_commit_id) || _pggit.tree_array(p_merge.ours_commit_id)) AS v
        )
        SELECT coalesce(jsonb_agg(DISTINCT n.object_id), '[]')
        FROM version AS o
        JOIN version AS n ON n.object_id = ANY (o.deps)
        WHERE o.object_id = p_object_id
            -- a key or a column may be meant by its table
            AND (_pggit.mentions(p_text, n.name) OR n.kind <> 'column' AND _pggit.mentions(p_text, n.table_name)));
END;
$$;
COMMENT ON FUNCTION _pggit.deps_named(_pggit.merges, uuid, text) IS $$
What either side's version of an object needs, as far as a text names it.
$$;

CREATE OR REPLACE FUNCTION _pggit.unset_attrs(p_merge _pggit.merges, p_object_id uuid)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_object_agg(k, NULL), '{}')
        FROM unnest(_pggit.tree_array(p_merge.source_commit_id) || _pggit.tree_array(p_merge.ours_commit_id)) AS v
        CROSS JOIN LATERAL jsonb_object_keys(_pggit.core_attrs(v.attrs)) AS k
        WHERE v.object_id = p_object_id);
END;
$$;
COMMENT ON FUNCTION _pggit.unset_attrs(_pggit.merges, uuid) IS $$
A null for every attribute that either side's definition of an object sets.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_unique(p_objects _pggit.object[], p_column _pggit.object, p_is_unique boolean)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_dummy _pggit.object;
    v_key   text := (
        SELECT k.name
        FROM unnest(p_objects) AS k
        WHERE k.kind = 'constraint' AND k.parent_id = p_column.parent_id
            AND k.attrs ->> 'type' IN ('unique', 'primary_key')
            AND ARRAY(SELECT c.object_id FROM unnest(p_objects) AS c WHERE c.kind = 'column' AND c.object_id = ANY (k.deps))
                = ARRAY[p_column.object_id]
        LIMIT 1);
BEGIN
    IF p_is_unique IS NULL OR p_is_unique = (v_key IS NOT NULL) THEN
        RETURN '{}'::jsonb;
    ELSIF NOT p_is_unique THEN
        PERFORM _pggit.raise_error('VCV13', format('column %I is unique by the constraint %I', p_column.name, v_key),
            'The resolution says that it is not.', 'Drop the constraint on one of the branches, and merge again.');
    END IF;
    v_dummy.object_id := gen_random_uuid();
    v_dummy.schema_name := p_column.schema_name;
    RETURN jsonb_build_object('more', (
        SELECT jsonb_agg(to_jsonb(m))
        FROM unnest(_pggit.scratch_definition(p_objects, v_dummy,
            format('ALTER TABLE %I ADD UNIQUE (%I)', p_column.table_name, p_column.name))) AS m));
END;
$$;
COMMENT ON FUNCTION _pggit.build_unique(_pggit.object[], _pggit.object, boolean) IS $$
What a resolution that says whether a column is unique brings along: {"more": the constraint}, or nothing where it is so already.
Errors: VCV13 where the column is unique and shall not be; PostgreSQL's own where the constraint does not build.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_custom(
    p_merge _pggit.merges,
    p_conflict _pggit.conflicts,
    p_custom jsonb
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attempt _pggit.merge_result := _pggit.merge_now(p_merge, _pggit.merge_choices(p_merge.merge_id));
    v_object _pggit.object;
    v_made _pggit.object[];
    v_ddl text := p_custom ->> 'ddl';
    v_shape text;
BEGIN
    IF jsonb_typeof(p_custom) IS DISTINCT FROM 'object' OR p_custom = '{}' THEN
        PERFORM _pggit.raise_error('VCV13', format('the resolution of conflict %s is empty', p_conflict.conflict_id),
            'A custom resolution is a JSON object.', 'Give a definition of the shape the conflict shows, or {"ddl": "CREATE …"}.');
    END IF;
    v_object := coalesce(
        (SELECT o FROM unnest(v_attempt.objects) AS o WHERE o.object_id = p_conflict.object_id),
        (SELECT o FROM unnest(_pggit.tree_array(p_merge.source_commit_id)) AS o WHERE o.object_id = p_conflict.object_id),
        (SELECT o FROM unnest(_pggit.tree_array(p_merge.ours_commit_id)) AS o WHERE o.object_id = p_conflict.object_id));
    v_shape := CASE WHEN v_ddl IS NULL AND (v_object.kind = 'table' OR p_conflict.conflict_type = 'dependency_broken')
        THEN _pggit.shape_ddl(v_object, p_custom) END;
    IF coalesce(v_ddl, v_shape) IS NOT NULL THEN
        v_made := _pggit.scratch_definition(v_attempt.objects, v_object, coalesce(v_ddl, v_shape));
        IF NOT EXISTS (SELECT FROM unnest(v_made) AS m WHERE m.object_id = v_object.object_id) THEN
            PERFORM _pggit.raise_error('VCV13', format('the DDL does not make %s', _pggit.object_label(v_object)),
                v_ddl, 'Give the statement that creates this very object, under its own name.');
        END IF;
        RETURN CASE WHEN v_shape IS NOT NULL THEN _pggit.with_kept_parts(v_made, v_attempt.objects, v_object, p_custom)
            ELSE jsonb_build_object('objects', (SELECT jsonb_agg(to_jsonb(m)) FROM unnest(v_made) AS m)) END;
    ELSIF p_conflict.conflict_type IN ('rename_rename', 'name_collision') THEN
        v_ddl := coalesce(p_custom ->> 'name', p_custom ->> 'column_name');
        IF v_ddl IS NULL THEN
            PERFORM _pggit.raise_error('VCV13', format('the resolution of conflict %s names no name', p_conflict.conflict_id),
                p_custom::text, 'Give {"name": "…"}.');
        END IF;
        RETURN jsonb_build_object('name', v_ddl);
    END IF;
    RETURN jsonb_build_object(
        'attrs', CASE
            -- a whole column that leaves out what the conflict is about does without it
            WHEN v_object.kind = 'column' AND p_custom ?& '{column_name,data_type,nullable,default}'
                AND p_conflict.attribute NOT IN ('type', 'not_null', 'default') AND NOT p_custom ? p_conflict.attribute
                THEN _pggit.column_attrs(p_custom || jsonb_build_object(p_conflict.attribute, NULL))
            WHEN v_object.kind = 'column' THEN _pggit.column_attrs(p_custom)
            -- with name and schema it is the whole definition as the conflict shows it: what it leaves out is not set
            WHEN p_custom ?& '{name,schema}' THEN _pggit.unset_attrs(p_merge, v_object.object_id)
                || (p_custom - '{name,schema}'::text[])
            -- a body is either a string or parsed
            WHEN p_custom ?| '{body,sql_body}' THEN '{"body": null, "sql_body": null}'::jsonb || (p_custom - '{name,schema}'::text[])
            ELSE p_custom - '{name,schema}'::text[]
        END,
        'deps', _pggit.deps_named(p_merge, v_object.object_id, p_custom::text))
        || CASE WHEN v_object.kind = 'column'
            THEN _pggit.build_unique(v_attempt.objects, v_object, (p_custom ->> 'unique')::boolean) ELSE '{}' END;
END;
$$;
COMMENT ON FUNCTION _pggit.build_custom(_pggit.merges, _pggit.conflicts, jsonb) IS $$
A custom resolution as the merge takes it.
Errors: VCV13 where it does not have the shape of the conflict; PostgreSQL's own where its DDL fails.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_now(p_merge _pggit.merges, p_choices _pggit.merge_choice[])
RETURNS _pggit.merge_result
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    RETURN _pggit.merge_sides(
        CASE WHEN p_merge.base_commit_id IS NULL AND p_merge.operation = 'merge'
            THEN _pggit.merge_base_objects(p_merge.ours_commit_id, p_merge.source_commit_id)
            ELSE _pggit.tree_array(p_merge.base_commit_id) END,
        _pggit.tree_array(p_merge.ours_commit_id), _pggit.tree_array(p_merge.source_commit_id),
        p_choices, p_merge.merge_strategy);
END;
$$;
COMMENT ON FUNCTION _pggit.merge_now(_pggit.merges, _pggit.merge_choice[]) IS $$
The merged trees under the given choices, neither proven nor applied.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_custom(p_merge _pggit.merges, p_conflict _pggit.conflicts)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_result _pggit.merge_result := _pggit.merge_now(p_merge, _pggit.merge_choices(p_merge.merge_id));
    v_object _pggit.object;
    v_ids uuid[];
    v_to _pggit.object[];
    v_trial _pggit.trial;
BEGIN
    v_object := (SELECT o FROM unnest(v_result.objects) AS o WHERE o.object_id = coalesce(
        CASE WHEN p_conflict.conflict_type = 'name_collision' THEN p_conflict.other_id END, p_conflict.object_id));
    IF v_object.object_id IS NULL THEN
        RETURN;
    ELSIF p_conflict.conflict_type IN ('name_collision', 'rename_rename') AND EXISTS (
        SELECT FROM unnest(v_result.objects) AS o
        WHERE o.name = v_object.name AND o.object_id <> v_object.object_id
            AND o.signature IS NOT DISTINCT FROM v_object.signature
            AND _pggit.name_keys(o) && _pggit.name_keys(v_object)
            AND o.schema_name IS NOT DISTINCT FROM v_object.schema_name)
    THEN
        PERFORM _pggit.raise_error('VCV13', format('the name "%s" is taken', v_object.name),
            format('Conflict %s is about two things of one name.', p_conflict.conflict_id), 'Give a name that nothing has.');
    END IF;
    -- The object alone, with what it needs and its parts.
    WITH RECURSIVE needed AS (
        SELECT o.object_id, o.deps, o.parent_id
        FROM unnest(v_result.objects) AS o
        WHERE v_object.object_id IN (o.object_id, o.parent_id)
            -- a definition given may name what only one of the sides needs
            OR o.object_id IN (
                SELECT unnest(s.deps)
                FROM unnest(_pggit.tree_array(p_merge.source_commit_id) || _pggit.tree_array(p_merge.ours_commit_id)) AS s
                WHERE s.object_id = v_object.object_id)
            OR o.kind = 'column' AND v_object.attrs ->> 'owned_by' IN (
                quote_ident(o.table_name) || '.' || quote_ident(o.name),
                concat_ws('.', quote_ident(o.schema_name), quote_ident(o.table_name), quote_ident(o.name)))
        UNION
        SELECT o.object_id, o.deps, o.parent_id
        FROM needed AS n
        JOIN unnest(v_result.objects) AS o
            ON o.object_id = ANY (n.deps || n.parent_id) OR o.parent_id = n.object_id AND o.kind = 'column'
    )
    SELECT array_agg(n.object_id) INTO v_ids FROM needed AS n;
    v_to := _pggit.bare_objects(v_result.objects, v_ids);
    v_trial := _pggit.try_plan(ARRAY(SELECT o FROM unnest(v_to) AS o WHERE o.kind = 'schema'), v_to);
    IF v_trial.error_state IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCV13', format('the resolution of conflict %s does not build', p_conflict.conflict_id),
            v_trial.error_message, 'Correct the definition and try again.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_custom(_pggit.merges, _pggit.conflicts) IS $$
Builds the object of a conflict as its resolution defines it, in scratch schemas.
Errors: VCV13 with PostgreSQL's message where it does not build.
$$;

CREATE OR REPLACE FUNCTION _pggit.store_resolution(
    p_conflict_id bigint,
    p_strategy text,
    p_custom jsonb,
    p_built jsonb,
    p_notes text
)
RETURNS void
LANGUAGE sql
VOLATILE
BEGIN ATOMIC
    INSERT INTO _pggit.resolutions (conflict_id, strategy, custom, built, notes, resolved_by)
    VALUES (p_conflict_id, p_strategy, p_custom, p_built, p_notes, _pggit.current_author())
    ON CONFLICT (conflict_id) DO UPDATE
    SET strategy = EXCLUDED.strategy,
        custom = EXCLUDED.custom,
        built = EXCLUDED.built,
        notes = EXCLUDED.notes,
        resolved_by = EXCLUDED.resolved_by,
        resolved_at = clock_timestamp();
END;
COMMENT ON FUNCTION _pggit.store_resolution(bigint, text, jsonb, jsonb, text) IS 'Records or replaces the resolution of a conflict.';

CREATE OR REPLACE FUNCTION pggit.resolve_conflict(
    p_merge_id text,
    p_conflict_id bigint,
    p_strategy text,
    p_custom jsonb DEFAULT NULL,
    p_notes text DEFAULT NULL
)
RETURNS pggit.conflicts
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges := _pggit.get_open_merge(p_merge_id);
    v_conflict _pggit.conflicts;
    v_custom jsonb := CASE WHEN p_strategy = 'custom' THEN coalesce(p_custom, 'null'::jsonb) END;
    v_built jsonb;
BEGIN
    SELECT c.* INTO v_conflict FROM _pggit.conflicts AS c
    WHERE c.merge_id = p_merge_id AND c.conflict_id = p_conflict_id;
    IF v_conflict.conflict_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN07', format('merge "%s" has no conflict %s', p_merge_id, p_conflict_id), NULL,
            format('SELECT * FROM pggit.conflicts WHERE merge_id = %L lists them.', p_merge_id));
    ELSIF p_strategy IS NULL OR p_strategy NOT IN ('use_source', 'use_target', 'custom') THEN
        PERFORM _pggit.raise_error('VCV11', format('"%s" is not a way to resolve a conflict', p_strategy), NULL,
            'Use use_source, use_target or custom.');
    ELSIF p_strategy <> 'custom' AND p_custom IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCV13', format('%s takes no definition', p_strategy), 'p_custom is not NULL.',
            'Use the strategy custom, or leave the definition out.');
    ELSIF EXISTS (SELECT FROM _pggit.resolutions AS r WHERE r.conflict_id = p_conflict_id
        AND r.strategy = p_strategy AND r.custom IS NOT DISTINCT FROM v_custom)
    THEN
        PERFORM _pggit.raise_error('VCS22', format('conflict %s is resolved with %s already', p_conflict_id, p_strategy),
            NULL, 'Another resolution would replace it; pggit.complete_merge goes on.');
    END IF;
    IF p_strategy = 'custom' THEN
        BEGIN
            v_built := _pggit.build_custom(v_merge, v_conflict, v_custom);
        EXCEPTION
            WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported
                OR integrity_constraint_violation OR dependent_objects_still_exist OR invalid_schema_name
            THEN
                PERFORM _pggit.raise_error('VCV13', format('the resolution of conflict %s does not build', p_conflict_id),
                    SQLERRM, 'Correct the definition and try again.');
        END;
    END IF;
    PERFORM _pggit.store_resolution(p_conflict_id, p_strategy, v_custom, v_built, p_notes);
    IF v_built ? 'objects' THEN
        -- a whole definition answers every question about the object
        PERFORM _pggit.store_resolution(c.conflict_id, p_strategy, v_custom, v_built, p_notes)
        FROM _pggit.conflicts AS c
        WHERE c.merge_id = p_merge_id AND c.object_id = v_conflict.object_id AND c.conflict_id <> p_conflict_id;
    END IF;
    IF p_strategy = 'custom' THEN
        PERFORM _pggit.check_custom(v_merge, v_conflict);
    END IF;
    v_merge.status := CASE WHEN _pggit.count_open_conflicts(p_merge_id) = 0 THEN 'in_progress' ELSE 'pending_conflicts' END;
    PERFORM _pggit.write_merge(v_merge);
    RETURN _pggit.conflict_row(p_conflict_id);
END;
$$;
COMMENT ON FUNCTION pggit.resolve_conflict(text, bigint, text, jsonb, text) IS $$
Resolves one conflict of a merge; until the merge completes, another resolution replaces it.
p_strategy: use_source, use_target or custom. Of a dependency_broken, the side that has the needing object brings back what it
needs, the other gives the needing object up. Of a data_violation, use_source asks the rows again, use_target leaves them be.
p_custom: for custom: a definition of the shape the conflict shows (a column's data_type, max_length, nullable, default, …), {"name":
…} for names, or {"ddl": "CREATE …"}; it is built before it is accepted.
Returns: the conflict with its resolution.
Errors: VCN04, VCN07 for unknown ids; VCS20 for a merge that has ended; VCS22 for the same resolution again; VCV11 for an
unknown strategy; VCV13 for a definition that is missing, misplaced or does not build.
$$;

CREATE OR REPLACE FUNCTION pggit.resolve_conflicts(p_merge_id text, p_strategy text)
RETURNS SETOF pggit.conflicts
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges := _pggit.get_open_merge(p_merge_id);
    v_id bigint;
BEGIN
    IF p_strategy IS NULL OR p_strategy NOT IN ('use_source', 'use_target') THEN
        PERFORM _pggit.raise_error('VCV11', format('"%s" is not a way to resolve all conflicts', p_strategy), NULL,
            'Use use_source or use_target.');
    END IF;
    FOR v_id IN
        SELECT c.conflict_id FROM pggit.conflicts AS c
        WHERE c.merge_id = v_merge.merge_id AND c.resolution_status = 'pending'
        ORDER BY c.conflict_id
    LOOP
        RETURN NEXT pggit.resolve_conflict(p_merge_id, v_id, p_strategy);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION pggit.resolve_conflicts(text, text) IS $$
Resolves every open conflict of a merge the same way: use_source or use_target.
Returns: the conflicts that were open.
Errors: VCN04 for an unknown merge, VCS20 for one that has ended, VCV11 for an unknown strategy.
$$;
