-- Inspection and repair: reset, blame, lint, and rebaseline after a server upgrade.

-- == relations ==

-- One row of pggit.lint.
CREATE TYPE pggit.finding AS (
    rule        text,
    kind        text,
    identity    text,
    description text
);

-- One row of pggit.blame.
CREATE TYPE pggit.blame_line AS (
    attribute    text,
    value        jsonb,
    commit_id    integer,
    hash         text,
    author       text,
    committed_at timestamptz,
    message      text
);

-- == routines ==
COMMENT ON TYPE pggit.finding IS 'One thing that pggit cannot vouch for.';
COMMENT ON TYPE pggit.blame_line IS 'One attribute of an object, with the commit that gave it its value.';

CREATE OR REPLACE FUNCTION _pggit.holds_data(p_schema name, p_table name, p_column name)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_exists boolean;
BEGIN
    IF to_regclass(format('%I.%I', p_schema, p_table)) IS NULL THEN
        RETURN false;
    END IF;
    IF p_column IS NULL THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', p_schema, p_table) INTO v_exists;
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I WHERE %I IS NOT NULL)', p_schema, p_table, p_column)
        INTO v_exists;
    END IF;
    RETURN v_exists;
END;
$$;
COMMENT ON FUNCTION _pggit.holds_data(name, name, name) IS $$
Whether a live table holds rows, or one of its columns values.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_losses(p_steps _pggit.step[], p_live _pggit.object[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        -- Materialized: else every live table would be asked for its rows before the steps are looked at.
        WITH lost AS MATERIALIZED (
            SELECT s.identity, o.kind, o.schema_name, o.table_name, o.name
            FROM unnest(p_steps) AS s
            JOIN unnest(p_live) AS o ON o.object_id = s.object_id
            WHERE 'data_loss' = ANY (s.hazards)
              AND o.kind IN ('table', 'column')
        )
        SELECT DISTINCT s.identity
        FROM lost AS s
        WHERE CASE s.kind
            WHEN 'table' THEN _pggit.holds_data(s.schema_name::name, s.name::name, NULL)
            ELSE _pggit.holds_data(s.schema_name::name, s.table_name::name, s.name::name)
        END
        ORDER BY s.identity);
END;
$$;
COMMENT ON FUNCTION _pggit.list_losses(_pggit.step[], _pggit.object[]) IS $$
The tables and columns with data that a plan would lose something of.
p_live: the objects as they stand, under the names of the schemas that the steps change.
$$;

CREATE OR REPLACE FUNCTION _pggit.reset_worktree(p_worktree_id integer, p_head integer, p_to integer, p_allow_data_loss boolean)
RETURNS _pggit.identified[]
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_to     _pggit.object[] := _pggit.tree_array(p_to);
    v_now    _pggit.object[];
    v_steps  _pggit.step[];
    v_losses text[];
    v_read   _pggit.identified[];
    v_faults text[];
BEGIN
    v_now := ARRAY(SELECT i.object FROM _pggit.read_worktree(p_worktree_id, p_head) AS i);
    v_steps := _pggit.plan_worktree(p_worktree_id, v_now, v_to);
    IF NOT coalesce(p_allow_data_loss, false) THEN
        v_losses := _pggit.list_losses(v_steps, _pggit.live_objects(v_now, p_worktree_id));
        IF v_losses <> '{}' THEN
            PERFORM _pggit.raise_error('VCS12', format('the reset would lose the data of %s', v_losses[1]),
                array_to_string(v_losses, E'\n'), 'Save the data, or pass p_allow_data_loss => true.');
        END IF;
    END IF;
    PERFORM _pggit.execute_steps(v_steps);
    v_read := ARRAY(SELECT ROW(i.*)::_pggit.identified FROM _pggit.read_worktree(p_worktree_id, p_to) AS i);
    v_faults := _pggit.list_faults(v_to, ARRAY(SELECT i.object FROM unnest(v_read) AS i));
    IF v_faults <> '{}' THEN
        PERFORM _pggit.raise_error('VCS09', format('the worktree differs from commit %s at %s', p_to, v_faults[1]),
            array_to_string(v_faults[1:20], E'\n'),
            'pggit could not reproduce these objects; pggit.lint names what it does not cover.');
    END IF;
    RETURN v_read;
END;
$$;
COMMENT ON FUNCTION _pggit.reset_worktree(integer, integer, integer, boolean) IS $$
Leads a worktree to a commit, reads it back and compares; gives what it read.
p_head: the commit on which it stood.
Errors: VCS12 where data would be lost without consent, VCS09 where PostgreSQL made something else, and PostgreSQL's own.
$$;

CREATE OR REPLACE FUNCTION _pggit.reset(p_ref text, p_branch text, p_allow_data_loss boolean, p_path name[])
RETURNS pggit.branches
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch      _pggit.branches := _pggit.session_branch(p_branch, p_path);
    v_to          integer := _pggit.resolve_ref(p_ref, v_branch.name);
    v_worktree_id integer := _pggit.find_worktree(v_branch.branch_id);
    v_reading     _pggit.worktree_anchors;
    v_read        _pggit.identified[];
    v_row         pggit.branches;
BEGIN
    -- First of all, so that a second mover of this branch waits and then loses.
    PERFORM _pggit.move_branch(v_branch.branch_id, v_branch.head_commit_id, v_to,
        format('reset to %s', coalesce(p_ref, 'HEAD')));
    IF v_worktree_id IS NOT NULL THEN
        v_reading := _pggit.begin_reading(v_worktree_id);
        v_read := _pggit.reset_worktree(v_worktree_id, v_branch.head_commit_id, v_to, p_allow_data_loss);
        PERFORM _pggit.store_identities(v_worktree_id, v_read, v_reading);
    END IF;
    SELECT b.* INTO v_row FROM _pggit.branch_row(v_branch.branch_id) AS b;
    RETURN v_row;
END;
$$;
COMMENT ON FUNCTION _pggit.reset(text, text, boolean, name[]) IS 'Behind pggit.reset.';

CREATE OR REPLACE FUNCTION pggit.reset(
    p_ref text,
    p_branch text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS pggit.branches
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.reset(p_ref, p_branch, p_allow_data_loss, current_schemas(false));
COMMENT ON FUNCTION pggit.reset(text, text, boolean) IS $$
Moves a branch to a commit and leads its worktree there; uncommitted changes are undone.
p_ref: where to; HEAD is the branch's own head, which only undoes.
p_branch: NULL for the session's.
p_allow_data_loss: also where tables or columns that hold data go.
Errors: VCN03, VCN06 for an unknown ref or branch; VCS12 for data that would be lost; VCC01 where the branch moved meanwhile;
VCS09 where PostgreSQL made something else; 42501 where the DDL needs rights that the caller lacks.
Locks: as the DDL takes them, each waited for no longer than pggit.lock_timeout.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_names(p_object _pggit.object)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    WITH forms AS (
        SELECT
            q.schema_name, q.table_name, q.name
        FROM (VALUES
            ((p_object).schema_name, (p_object).table_name, (p_object).name),
            (quote_ident((p_object).schema_name), quote_ident((p_object).table_name), quote_ident((p_object).name)),
            -- as programs write them, quoted whether need be or not
            ('"' || replace((p_object).schema_name, '"', '""') || '"', '"' || replace((p_object).table_name, '"', '""') || '"',
                '"' || replace((p_object).name, '"', '""') || '"')) AS q(schema_name, table_name, name)
    ), paths AS (
        SELECT concat_ws('.', f.table_name, f.name) AS path FROM forms AS f
        UNION
        SELECT concat_ws('.', f.schema_name, f.table_name, f.name) FROM forms AS f
        UNION
        SELECT concat_ws('.', f.schema_name, f.name) FROM forms AS f WHERE (p_object).kind = 'index'
        UNION
        SELECT f.name FROM forms AS f WHERE (p_object).kind = 'index'
    ), signed AS (
        SELECT p.path FROM paths AS p
        UNION
        SELECT p.path || '(' || (p_object).signature || ')' FROM paths AS p WHERE (p_object).signature IS NOT NULL
    )
    SELECT array_agg(s.path) || array_agg(replace((p_object).kind, '_', ' ') || ' ' || s.path) FROM signed AS s);
COMMENT ON FUNCTION _pggit.object_names(_pggit.object) IS $$
Every way to name an object: with or without its schema, kind, arguments and quotes.
$$;

CREATE OR REPLACE FUNCTION _pggit.get_object(p_name text, p_commit_id integer)
RETURNS _pggit.object
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_found _pggit.object[];
    v_first _pggit.object[];
BEGIN
    v_found := ARRAY(
        SELECT ROW(o.*)::_pggit.object
        FROM _pggit.look_up_tree(_pggit.commit_tree(p_commit_id)) AS o
        -- The last part of a name stands in every way to write it: a cheap test first.
        WHERE strpos(p_name, replace(o.name, '"', '""')) > 0
            AND p_name = ANY (_pggit.object_names(ROW(o.*)::_pggit.object)));
    -- A bare name is a relation, type or routine before it is a column, and that before a constraint or an index.
    v_first := ARRAY(
        SELECT f FROM unnest(v_found) AS f
        WHERE f.table_name IS NULL AND f.kind <> 'schema');
    IF v_first = '{}' THEN
        v_first := ARRAY(SELECT f FROM unnest(v_found) AS f WHERE f.kind = 'column');
    END IF;
    IF v_first = '{}' THEN
        v_first := v_found;
    END IF;
    IF v_first = '{}' THEN
        PERFORM _pggit.raise_error('VCN05', format('object "%s" does not exist', p_name),
            format('Commit %s holds nothing of that name.', p_commit_id),
            'Name it as app.users, app.users.email or app.add_user(text).');
    ELSIF cardinality(v_first) > 1 THEN
        PERFORM _pggit.raise_error('VCV03', format('"%s" is ambiguous', p_name),
            (SELECT string_agg(concat_ws(' ', f.kind, concat_ws('.', f.schema_name, f.table_name, f.name))
                || coalesce('(' || f.signature || ')', ''), ', ') FROM unnest(v_first) AS f),
            'Put the kind before the name, the schema into it, or a function''s argument types behind it.');
    END IF;
    RETURN v_first[1];
END;
$$;
COMMENT ON FUNCTION _pggit.get_object(text, integer) IS $$
The object of a commit that a text names.
Errors: VCN05 for none, VCV03 for several.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_blame(p_object text, p_ref text, p_path name[])
RETURNS SETOF pggit.blame_line
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit_id integer := _pggit.resolve_ref(p_ref, _pggit.session_ref(p_path));
    v_object_id uuid := (_pggit.get_object(p_object, v_commit_id)).object_id;
BEGIN
    RETURN QUERY
    SELECT a.key, a.value, c.commit_id, c.hash, c.author, c.committed_at, c.message
    FROM jsonb_each(_pggit.object_at(v_commit_id, v_object_id)) AS a
    CROSS JOIN LATERAL _pggit.find_origin(v_commit_id, v_object_id, a.key) AS o(commit_id)
    JOIN pggit.commits AS c ON c.commit_id = o.commit_id
    ORDER BY a.key;
END;
$$;
COMMENT ON FUNCTION _pggit.list_blame(text, text, name[]) IS 'Behind pggit.blame.';

CREATE OR REPLACE FUNCTION pggit.blame(p_object text, p_ref text DEFAULT NULL)
RETURNS SETOF pggit.blame_line
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT b.* FROM _pggit.list_blame(p_object, p_ref, current_schemas(false)) AS b;
END;
COMMENT ON FUNCTION pggit.blame(text, text) IS $$
Who gave each attribute of an object its value, and when.
p_object: as app.users, app.users.email, app.add_user(text), or with its kind before it.
p_ref: NULL for where the session stands.
Errors: VCN05 for an unknown object, VCV03 for an ambiguous one; VCN03, VCN06 for an unknown ref.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_findings(p_branch text, p_path name[])
RETURNS SETOF pggit.finding
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch  _pggit.branches := _pggit.session_branch(p_branch, p_path);
    v_tracked name[] := _pggit.tracked_schemas();
    v_live    name[] := _pggit.live_schemas(_pggit.find_worktree(v_branch.branch_id));
    v_pattern text;
BEGIN
    RETURN QUERY
    SELECT 'not_covered', u.kind, u.identity, u.reason FROM _pggit.uncovered(v_tracked, v_live) AS u;

    RETURN QUERY
    SELECT 'depends_on_live', d.kind, d.identity,
        format('It needs %s %s of the live schema, so it cannot be merged.', d.referenced_kind, d.referenced)
    FROM _pggit.list_live_dependencies(v_branch.branch_id) AS d;

    RETURN QUERY
    SELECT 'schema_missing', 'schema', quote_ident(s.name), 'The worktree''s schema does not exist any more.'
    FROM unnest(v_live) AS s(name)
    WHERE NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = s.name);

    SELECT string_agg(format('(?:\m%1$s|"%1$s")\s*\.', regexp_replace(t.name, '([^[:alnum:]_])', '\\\1', 'g')), '|')
    INTO v_pattern
    FROM unnest(v_tracked) AS t(name);
    RETURN QUERY
    SELECT 'schema_in_text', o.kind, format('%I.%I(%s)', o.schema_name, o.name, o.signature),
        'Its body names a tracked schema literally, and so means the live schema in every worktree.'
    FROM _pggit.snapshot(v_branch.branch_id) AS o
    WHERE o.kind IN ('function', 'procedure') AND o.attrs->>'body' ~ v_pattern
    ORDER BY 3;

    RETURN QUERY
    SELECT 'server_upgraded', 'branch', quote_ident(v_branch.name),
        format('Its head was read on PostgreSQL %s, and this is %s: call pggit.rebaseline().',
            c.server_major, _pggit.server_major())
    FROM _pggit.commits AS c
    WHERE c.commit_id = v_branch.head_commit_id AND c.server_major <> _pggit.server_major();
END;
$$;
COMMENT ON FUNCTION _pggit.list_findings(text, name[]) IS 'Behind pggit.lint.';

CREATE OR REPLACE FUNCTION pggit.lint(p_branch text DEFAULT NULL)
RETURNS SETOF pggit.finding
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT f.* FROM _pggit.list_findings(p_branch, current_schemas(false)) AS f;
END;
COMMENT ON FUNCTION pggit.lint(text) IS $$
What pggit cannot vouch for in a branch: objects it does not cover, dependencies on live objects, schema names in string bodies.
p_branch: NULL for the session's.
Returns: one row each; rule is not_covered, depends_on_live, schema_missing, schema_in_text or server_upgraded.
Errors: VCN01, VCN06 for an unknown branch; VCS08 where the session is detached.
$$;

CREATE OR REPLACE FUNCTION pggit.rebaseline()
RETURNS SETOF pggit.commits
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch    _pggit.branches;
    v_commit_id integer;
BEGIN
    PERFORM _pggit.check_initialised();
    FOR v_branch IN
        SELECT b.*
        FROM _pggit.branches AS b
        JOIN _pggit.commits AS c ON c.commit_id = b.head_commit_id
        WHERE b.is_active
            AND c.server_major <> _pggit.server_major()
            AND _pggit.find_worktree(b.branch_id) IS NOT NULL
        ORDER BY b.branch_id
    LOOP
        v_commit_id := _pggit.commit_worktree(
            v_branch, format('Read again on PostgreSQL %s', _pggit.server_major()), true);
        RETURN QUERY SELECT c.* FROM pggit.commits AS c WHERE c.commit_id = v_commit_id;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION pggit.rebaseline() IS $$
After an upgrade of the server to another major version: commits every worktree as this server prints it, because two versions
print one definition differently. Old commits stay as they are.
Returns: the commits made; none where every head was read on this version.
Errors: VCS01 before pggit.init.
$$;
