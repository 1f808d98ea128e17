\echo Use "CREATE EXTENSION pggit" to load this file. \quit

-- 00_schema.sql
-- Not IF NOT EXISTS: a schema that somebody planted beforehand makes the install fail rather than be trusted.
CREATE SCHEMA pggit;
CREATE SCHEMA _pggit;

CREATE TABLE _pggit.versions (
    version      text PRIMARY KEY CHECK (version ~ '^\d+\.\d+\.\d+$'),
    installed_at timestamptz NOT NULL DEFAULT now(),
    installed_by text NOT NULL DEFAULT session_user
);

-- 01_errors.sql
-- not dumped: the install script fills it
CREATE TABLE _pggit.error_codes (
    error_code  text PRIMARY KEY CHECK (error_code ~ '^[0-9A-Z]{5}$'),
    condition   text NOT NULL UNIQUE CHECK (condition ~ '^[a-z_]+$'),
    description text NOT NULL
);

-- 10_objects.sql
-- One versioned thing. attrs maps attribute -> value; two objects are equal when kind, parent, name, signature and attrs are.
-- Sets (grants, options) are spread over keys such as "acl:alice:SELECT" or "option:fillfactor", so that they merge item by item.
CREATE TYPE _pggit.object AS (
    object_id   uuid,    -- stable identity, kept through RENAME and SET SCHEMA
    kind        text,
    parent_id   uuid,    -- schema of a table, table of a column, domain of a constraint; NULL at the top
    schema_name text,    -- path, as main's worktree names it (NULL for what lives in no schema)
    table_name  text,    -- the relation or domain of a column, constraint, index, trigger, policy, rule
    name        text,
    signature   text,    -- identity arguments of a routine or aggregate, else NULL
    attrs       jsonb,
    deps        uuid[]   -- the objects it needs, ascending
);

-- An object as the catalog gives it, before it has a stable identity.
CREATE TYPE _pggit.catalog_row AS (
    classid         oid,
    objid           oid,
    objsubid        integer,
    kind            text,
    parent_classid  oid,
    parent_objid    oid,
    schema_name     text,
    table_name      text,
    name            text,
    signature       text,
    attrs           jsonb
);

-- An edge of pg_depend between two catalog rows, internal objects (rules, defaults, row types, array types) folded into their owners.
CREATE TYPE _pggit.catalog_edge AS (
    classid     oid,
    objid       oid,
    objsubid    integer,
    refclassid  oid,
    refobjid    oid,
    refobjsubid integer
);

-- The identity that a catalog address had when the worktree was last read.
CREATE TYPE _pggit.known_identity AS (
    classid   oid,
    objid     oid,
    objsubid  integer,
    object_id uuid
);

-- One difference between two trees. action: added, dropped, renamed (only its name or schema differ), modified.
CREATE TYPE _pggit.change AS (
    action      text,
    kind        text,
    object_id   uuid,
    schema_name text,
    table_name  text,
    name        text,
    old_name    text,
    attributes  text[],  -- the attributes that differ, "name" and "schema" among them
    old         _pggit.object,
    new         _pggit.object
);

-- One DDL statement with what it costs; lock_level is PostgreSQL's lock name on the strongest-locked existing table, '' if none.
CREATE TYPE _pggit.ddl AS (
    sql            text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean
);

-- One step of a plan, in execution order.
CREATE TYPE _pggit.step AS (
    step_no        integer,
    sql            text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean,
    action         text,
    kind           text,
    object_id      uuid,
    identity       text   -- what it acts on, for people: 'column app.users.email'
);

-- 11_commits.sql
-- One version of one object. The hash covers every other column, so equal versions are stored once.
CREATE TABLE _pggit.blobs (
    hash        bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    object_id   uuid NOT NULL,
    kind        text NOT NULL,
    parent_id   uuid,
    schema_name text,
    table_name  text,
    name        text NOT NULL,
    signature   text,
    attrs       jsonb NOT NULL,
    deps        uuid[] NOT NULL
);
CREATE INDEX blobs_object_id_idx ON _pggit.blobs (object_id);

-- The blobs of all objects whose top-level container falls into one bucket, ascending by hash.
CREATE TABLE _pggit.pages (
    hash        bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    blob_hashes bytea[] NOT NULL
);

-- A whole state: one page per bucket, NULL for an empty one. Element 1 is bucket 0.
CREATE TABLE _pggit.trees (
    hash         bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    page_hashes  bytea[] NOT NULL CHECK (cardinality(page_hashes) = 256),
    object_count integer NOT NULL CHECK (object_count >= 0)
);

CREATE TABLE _pggit.commits (
    commit_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    tree_hash    bytea NOT NULL REFERENCES _pggit.trees,
    message      text NOT NULL CHECK (btrim(message) <> ''),
    author       text NOT NULL,
    committed_at timestamptz NOT NULL,
    -- Deparsed text differs between major versions, so a tree is comparable with a catalog of its own major only.
    server_major integer NOT NULL,
    -- One more than the greatest of the parents: an ancestor always has the smaller one.
    generation   integer NOT NULL CHECK (generation >= 1)
);
CREATE INDEX commits_tree_hash_idx ON _pggit.commits (tree_hash);

CREATE TABLE _pggit.commit_parents (
    commit_id        integer NOT NULL REFERENCES _pggit.commits,
    ordinality       integer NOT NULL CHECK (ordinality >= 1),
    parent_commit_id integer NOT NULL REFERENCES _pggit.commits CHECK (parent_commit_id <> commit_id),
    PRIMARY KEY (commit_id, ordinality)
);
CREATE INDEX commit_parents_parent_commit_id_idx ON _pggit.commit_parents (parent_commit_id);

-- 12_refs.sql
CREATE TABLE _pggit.branches (
    branch_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text NOT NULL CHECK (name <> ''),
    head_commit_id integer NOT NULL REFERENCES _pggit.commits,
    description    text,
    -- A deleted branch keeps its row: merges name it by its id.
    is_active      boolean NOT NULL DEFAULT true,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX branches_name_key ON _pggit.branches (name) WHERE is_active;
CREATE INDEX branches_head_commit_id_idx ON _pggit.branches (head_commit_id);

CREATE TABLE _pggit.tags (
    tag_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name <> ''),
    commit_id  integer NOT NULL REFERENCES _pggit.commits,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX tags_commit_id_idx ON _pggit.tags (commit_id);

CREATE TABLE _pggit.reflog (
    reflog_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch_id     integer NOT NULL REFERENCES _pggit.branches,
    old_commit_id integer REFERENCES _pggit.commits,
    new_commit_id integer REFERENCES _pggit.commits,
    reason        text NOT NULL,
    actor         text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX reflog_branch_id_idx ON _pggit.reflog (branch_id, reflog_id);
CREATE INDEX reflog_old_commit_id_idx ON _pggit.reflog (old_commit_id);
CREATE INDEX reflog_new_commit_id_idx ON _pggit.reflog (new_commit_id);

-- 13_worktrees.sql
-- One row once pggit.init was called.
CREATE TABLE _pggit.repository (
    is_singleton boolean PRIMARY KEY DEFAULT true CHECK (is_singleton),
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- main's worktree is the tracked schemas themselves. A worktree without a branch is a detached commit.
CREATE TABLE _pggit.worktrees (
    worktree_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch_id   integer UNIQUE REFERENCES _pggit.branches,
    -- What it was built from.
    commit_id   integer NOT NULL REFERENCES _pggit.commits,
    state       text NOT NULL CHECK (state IN ('building', 'ready', 'dropping')),
    -- Who owns what pggit built in it; NULL for main, whose owners are its own.
    owner_name  text,
    -- The server and database whose OIDs worktree_objects holds; elsewhere (after a restore) they mean nothing.
    oid_origin  text,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX worktrees_detached_key ON _pggit.worktrees (commit_id) WHERE branch_id IS NULL;
CREATE INDEX worktrees_commit_id_idx ON _pggit.worktrees (commit_id);

CREATE TABLE _pggit.worktree_schemas (
    worktree_id integer NOT NULL REFERENCES _pggit.worktrees ON DELETE CASCADE,
    position    integer NOT NULL,
    schema_name name NOT NULL,
    live_name   name NOT NULL UNIQUE,
    PRIMARY KEY (worktree_id, position),
    UNIQUE (worktree_id, schema_name)
);

-- not dumped: OIDs mean nothing in another database
CREATE TABLE _pggit.worktree_objects (
    worktree_id integer NOT NULL REFERENCES _pggit.worktrees ON DELETE CASCADE,
    classid     oid NOT NULL,
    objid       oid NOT NULL,
    objsubid    integer NOT NULL,
    object_id   uuid NOT NULL,
    PRIMARY KEY (worktree_id, classid, objid, objsubid)
);

-- What is left to do on a worktree that is built in batches.
CREATE TABLE _pggit.worktree_steps (
    worktree_id integer NOT NULL REFERENCES _pggit.worktrees ON DELETE CASCADE,
    step_no     integer NOT NULL,
    step        jsonb NOT NULL,
    PRIMARY KEY (worktree_id, step_no)
);

CREATE TYPE pggit.worktree AS (
    branch      text,     -- NULL when detached
    commit_id   integer,
    schemas     name[],
    search_path text
);



-- 13_worktrees_drop.sql
-- An object that needs one of another worktree. Both are named as PostgreSQL names them.
CREATE TYPE _pggit.crossing AS (
    kind            text,
    identity        text,
    referenced_kind text,
    referenced      text
);

-- 20_catalog.sql
-- An object beside the catalog address it was read from.
CREATE TYPE _pggit.identified AS (
    classid  oid,
    objid    oid,
    objsubid integer,
    object   _pggit.object
);







-- 22_plan.sql
-- What the plan does with one object. action: keep, create, drop, alter, rebuild (drop and create).
CREATE TYPE _pggit.plan_item AS (
    object_id    uuid,
    kind         text,
    action       text,
    is_renamed   boolean,        -- its name or its parent changes
    is_retyped   boolean,        -- a column whose type is rebuilt: cast by way of text
    is_loosened  boolean,        -- a column whose default goes before, and comes back after, what it needs is rebuilt
    is_set_aside boolean,        -- a type renamed out of the way until nothing uses it
    parent_kind  text,
    first        _pggit.object,  -- as the old tree has it
    old          _pggit.object,  -- the same under the names that it has after all renames
    new          _pggit.object
);

-- One unit of execution. op: rename, settle (second half of a rename), loosen, drop, create, alter, late (a default or an
-- ownership that closes a cycle), purge (a type that was set aside).
CREATE TYPE _pggit.plan_node AS (
    node_no   integer,
    object_id uuid,
    op        text,
    is_folded boolean  -- happens with its parent: gives no statement
);

CREATE TYPE _pggit.plan_statement AS (
    node_no integer,
    part_no integer,
    ddl     _pggit.ddl
);


-- 22_plan_order.sql
CREATE TYPE _pggit.plan_edge AS (
    before_no integer,
    after_no  integer
);

-- A node with its object. What is folded into another node acts as that one.
CREATE TYPE _pggit.plan_actor AS (
    node_no      integer,
    object_id    uuid,
    op           text,
    kind         text,
    is_set_aside boolean,
    first        _pggit.object,
    old          _pggit.object,
    new          _pggit.object,
    acts_as      integer
);

CREATE TYPE _pggit.plan_order AS (
    node_order    integer[],
    cycle_objects uuid[]  -- objects on both ends of the edges that had to be ignored
);









-- 24_history.sql
-- One row of pggit.status and pggit.diff. old and new hold the attributes that differ; the whole object where it is added or dropped.
CREATE TYPE pggit.change AS (
    action      text,     -- added, dropped, renamed, modified
    kind        text,
    schema_name text,
    table_name  text,
    name        text,
    old_name    text,
    attributes  text[],
    old         jsonb,
    new         jsonb,
    object_id   uuid
);

-- One row of pggit.migration.
CREATE TYPE pggit.migration_step AS (
    "position"     integer,
    sql            text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean,
    action         text,
    kind           text,
    identity       text
);

-- 24_inspect.sql
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

-- 30_merge.sql
-- One attempt to bring a source into a target. Every commit it speaks of is pinned here.
CREATE TABLE _pggit.merges (
    merge_id             text PRIMARY KEY
        DEFAULT 'mrg_' || left(replace(gen_random_uuid()::text, '-', ''), 16)
        CHECK (merge_id ~ '^mrg_[0-9a-f]{16}$'),
    operation            text NOT NULL DEFAULT 'merge'
        CHECK (operation IN ('merge', 'cherry_pick', 'revert', 'rebase')),
    -- NULL where the source is a tag or a commit.
    source_branch_id     integer REFERENCES _pggit.branches,
    source_ref           text NOT NULL,
    target_branch_id     integer NOT NULL REFERENCES _pggit.branches,
    merge_base_branch_id integer REFERENCES _pggit.branches,
    -- NULL where several best ancestors were merged first, and for a commit without parent.
    base_commit_id       integer REFERENCES _pggit.commits,
    source_commit_id     integer NOT NULL REFERENCES _pggit.commits,
    -- The target's head, which must still stand when the merge completes.
    target_commit_id     integer NOT NULL REFERENCES _pggit.commits,
    -- What the source is merged into: the target's head, in a rebase the last commit that was replayed.
    ours_commit_id       integer NOT NULL REFERENCES _pggit.commits,
    -- What a rebase still has to replay after source_commit_id.
    todo_commit_ids      integer[] NOT NULL DEFAULT '{}',
    merge_strategy       text NOT NULL DEFAULT 'auto'
        CHECK (merge_strategy IN ('auto', 'three-way', 'fast-forward', 'ours', 'theirs')),
    merge_message        text NOT NULL CHECK (merge_message <> ''),
    status               text NOT NULL
        CHECK (status IN ('pending_conflicts', 'in_progress', 'completed', 'aborted', 'failed')),
    conflicts_detected   boolean NOT NULL DEFAULT false,
    message              text NOT NULL DEFAULT '',
    -- NULL while it is open, and where there was nothing to do.
    merge_commit_id      integer REFERENCES _pggit.commits,
    created_by           text NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at         timestamptz,
    aborted_at           timestamptz
);
CREATE INDEX merges_source_branch_id_idx ON _pggit.merges (source_branch_id);
CREATE INDEX merges_target_branch_id_idx ON _pggit.merges (target_branch_id);
CREATE INDEX merges_merge_base_branch_id_idx ON _pggit.merges (merge_base_branch_id);
CREATE INDEX merges_base_commit_id_idx ON _pggit.merges (base_commit_id);
CREATE INDEX merges_source_commit_id_idx ON _pggit.merges (source_commit_id);
CREATE INDEX merges_target_commit_id_idx ON _pggit.merges (target_commit_id);
CREATE INDEX merges_ours_commit_id_idx ON _pggit.merges (ours_commit_id);
CREATE INDEX merges_merge_commit_id_idx ON _pggit.merges (merge_commit_id);
CREATE INDEX merges_created_at_idx ON _pggit.merges (created_at, merge_id);


-- 30_merge_data.sql
-- A question to the rows. query gives one row per offending row, with its key in the column k.
CREATE TYPE _pggit.row_question AS (
    object_id uuid,
    attribute text,
    path      text,
    query     text,
    state     text,
    message   text
);

-- 30_merge_names.sql
-- One object's name in a tree and the name that it gets.
CREATE TYPE _pggit.merge_name AS (
    object_id uuid,
    old_name  text,
    new_name  text
);

-- 30_merge_objects.sql
-- One object as base, target (ours) and source (theirs) have it; NULL where it does not exist.
CREATE TYPE _pggit.merge_pair AS (
    object_id uuid,
    base      _pggit.object,
    ours      _pggit.object,
    theirs    _pggit.object
);

-- Two sides that do not agree. other_id: the second object of a collision, the missing one of a broken dependency.
CREATE TYPE _pggit.merge_conflict AS (
    conflict_type text,
    object_id     uuid,
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
    description   text
);

-- How one conflict was settled. custom: {"attrs": {…}} laid over the object, {"objects": […]} in its place, {"name": …}.
CREATE TYPE _pggit.merge_choice AS (
    conflict_type text,
    object_id     uuid,
    other_id      uuid,
    attribute     text,
    strategy      text,
    custom        jsonb
);

-- A merged set of objects; while a conflict is open its object stands as in the target.
CREATE TYPE _pggit.merge_result AS (
    objects   _pggit.object[],
    conflicts _pggit.merge_conflict[],
    notes     text[]
);

-- 30_merge_proof.sql
-- What became of a trial in scratch schemas; error_step is the number of the step that failed, 0 before the plan began.
CREATE TYPE _pggit.trial AS (
    objects       _pggit.object[],
    error_state   text,
    error_message text,
    error_step    integer
);


-- 30_merge_run.sql
-- What a merge comes to before anything is changed. steps lead the target's worktree (or its head) to objects.
CREATE TYPE _pggit.merge_attempt AS (
    objects   _pggit.object[],
    conflicts _pggit.merge_conflict[],
    notes     text[],
    steps     _pggit.step[]
);

-- How the last step of a merge ended: with a commit, or with what PostgreSQL refused.
CREATE TYPE _pggit.merge_applied AS (
    commit_id integer,
    conflict  _pggit.merge_conflict
);

-- One row of pggit.preview_merge. item: conflict, step or note.
CREATE TYPE pggit.merge_preview AS (
    item           text,
    "position"     integer,
    conflict_type  text,
    object_kind    text,
    schema_name    text,
    table_name     text,
    column_name    text,
    object_name    text,
    attribute      text,
    base           jsonb,
    source         jsonb,
    target         jsonb,
    description    text,
    sql            text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean
);


-- 30_merge_tree.sql
-- Two objects that cannot both stand. target_id came from ours, source_id from theirs.
CREATE TYPE _pggit.merge_contest AS (
    conflict_type text,
    target_id     uuid,
    source_id     uuid,
    description   text
);

-- An object that needs one which is no longer there.
CREATE TYPE _pggit.merge_break AS (
    object_id  uuid,
    missing_id uuid
);


-- 31_conflicts.sql
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




-- 00_schema.sql
COMMENT ON SCHEMA pggit IS 'Git for PostgreSQL: the calls and views that users use.';
COMMENT ON SCHEMA _pggit IS 'Tables and helpers of pggit; not for use from outside.';
COMMENT ON TABLE _pggit.versions IS 'Every version of pggit that this database has had, one row each.';

-- 01_errors.sql
COMMENT ON TABLE _pggit.error_codes IS
    'Codes of pggit''s own error class: VCN not found, VCC conflict, VCS wrong state, VCV invalid, VCA not allowed, VCL limit.';

INSERT INTO _pggit.error_codes (error_code, condition, description)
VALUES
    ('VCN01', 'branch_not_found', 'No branch has this name.'),
    ('VCN03', 'ref_not_found', 'The text names no branch, tag or commit.'),
    ('VCN06', 'branch_deleted', 'The branch existed, and was deleted.'),
    ('VCN11', 'worktree_not_found', 'The branch has no worktree.'),
    ('VCC01', 'branch_moved', 'The branch moved while the caller worked on an older head.'),
    ('VCC02', 'branch_exists', 'A branch of this name exists already.'),
    ('VCS01', 'no_repository', 'The database has pggit, but pggit.init has not been called.'),
    ('VCS08', 'no_branch_checked_out', 'The search_path names no worktree, or those of several branches.'),
    ('VCV01', 'invalid_ref_name', 'The name of a branch or tag breaks the rules of git check-ref-format.'),
    ('VCV02', 'empty_message', 'A commit needs a message.'),
    ('VCV03', 'ambiguous_ref', 'The text fits several commits.'),
    ('VCN02', 'schema_not_found', 'No schema has this name.'),
    ('VCN05', 'object_not_found', 'No object of the tree has this name.'),
    ('VCC03', 'tag_exists', 'A tag of this name exists already.'),
    ('VCC04', 'worktree_schema_exists', 'A schema that pggit did not make has the name that a worktree needs.'),
    ('VCS02', 'repository_exists', 'The database has a repository already.'),
    ('VCS03', 'nothing_to_commit', 'The worktree equals the head of its branch.'),
    ('VCS04', 'main_is_live', 'The call would remove the live schemas.'),
    ('VCS05', 'branch_not_merged', 'The branch holds commits that no other branch or tag reaches.'),
    ('VCS06', 'branch_checked_out', 'The branch is the one that this session stands on.'),
    ('VCS07', 'worktree_incomplete', 'The worktree is being built or dropped in batches.'),
    ('VCS09', 'worktree_differs', 'What PostgreSQL built differs from the commit.'),
    ('VCS10', 'worktree_in_use', 'Objects outside of a worktree depend on it.'),
    ('VCS11', 'uncommitted_changes', 'The worktree differs from the head of its branch.'),
    ('VCS12', 'data_loss', 'The change would lose rows or columns that hold data.'),
    ('VCV04', 'schema_not_trackable', 'The schema cannot be put under version control.'),
    ('VCV05', 'no_schema_named', 'The list of schemas is empty.'),
    ('VCN04', 'merge_not_found', 'No merge has this id.'),
    ('VCN07', 'conflict_not_found', 'The merge has no conflict of this id.'),
    ('VCS20', 'merge_ended', 'The merge is completed, aborted or failed.'),
    ('VCS21', 'conflicts_open', 'Conflicts of the merge still wait for a resolution.'),
    ('VCS22', 'conflict_resolved', 'The conflict is resolved in just this way already.'),
    ('VCS23', 'not_fast_forward', 'Both branches have commits that the other has not.'),
    ('VCS24', 'target_in_use', 'This session itself holds pending trigger events or open cursors on a table of the target.'),
    ('VCS25', 'depends_on_live', 'Objects of a branch use tracked objects of the live schema instead of the branch''s own.'),
    ('VCV10', 'merge_into_itself', 'Source and target are one branch.'),
    ('VCV11', 'invalid_strategy', 'The strategy is none of those that exist.'),
    ('VCV12', 'merge_argument_missing', 'The merge lacks its source or, for three-way, its base.'),
    ('VCV13', 'invalid_resolution', 'The custom resolution does not have the shape of the conflict, or does not build.'),
    ('VCV14', 'no_parent', 'The first commit has no parent to compare with.'),
    ('VCL01', 'worktree_too_large', 'The worktree takes more locks than one transaction should hold.')
ON CONFLICT (error_code) DO UPDATE
SET condition = EXCLUDED.condition,
    description = EXCLUDED.description;

CREATE OR REPLACE FUNCTION _pggit.raise_error(
    p_code text,
    p_message text,
    p_detail text DEFAULT NULL,
    p_hint text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
-- If it were immutable, the planner would call it for constants and raise where no row ever gets there.
-- @plpgsql_check_options: performance_warnings = false
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = p_code,
        MESSAGE = p_message,
        DETAIL = coalesce(p_detail, ''),
        HINT = coalesce(p_hint, '');
END;
$$;
COMMENT ON FUNCTION _pggit.raise_error(text, text, text, text) IS $$
Raises the error p_code with its message, detail and hint; callable from SQL bodies, which have no RAISE.
$$;


-- 20_catalog.sql
CREATE OR REPLACE FUNCTION _pggit.new_object_id(
    p_kind text,
    p_parent_id uuid,
    p_name text,
    p_signature text,
    p_salt integer DEFAULT 0
)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN encode(substr(sha256(convert_to(
    p_kind || '|' || coalesce(p_parent_id::text, '') || '|"' || replace(p_name, '"', '""') || '"'
    || coalesce('(' || p_signature || ')', '')
    || CASE WHEN p_salt = 0 THEN '' ELSE '|' || p_salt END, 'UTF8')), 1, 16), 'hex')::uuid;
COMMENT ON FUNCTION _pggit.new_object_id(text, uuid, text, text, integer) IS $$
The identity of an object at its first appearance: the same on every server for the same path.
$$;

CREATE OR REPLACE FUNCTION _pggit.acl_attrs(p_acl aclitem[], p_default aclitem[], p_owner oid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH granted AS (
        SELECT a.grantee, a.privilege_type, bool_or(a.is_grantable) AS is_grantable
        FROM aclexplode(p_acl) AS a
        GROUP BY a.grantee, a.privilege_type
    ), initial AS (
        SELECT d.grantee, d.privilege_type, bool_or(d.is_grantable) AS is_grantable
        FROM aclexplode(p_default) AS d
        GROUP BY d.grantee, d.privilege_type
    )
    SELECT coalesce(jsonb_object_agg(
        'acl:' || CASE grantee
            WHEN 0 THEN 'PUBLIC'
            WHEN p_owner THEN '@owner'
            ELSE quote_ident(pg_get_userbyid(grantee))
        END || ':' || privilege_type,
        CASE WHEN g.is_grantable THEN 'grantable' WHEN g.is_grantable IS NULL THEN 'revoked' ELSE 'granted' END
    ), '{}')
    FROM granted AS g
    FULL JOIN initial AS i USING (grantee, privilege_type)
    WHERE g.is_grantable IS DISTINCT FROM i.is_grantable;
END;
COMMENT ON FUNCTION _pggit.acl_attrs(aclitem[], aclitem[], oid) IS $$
What an access list grants or lacks against the default one, as "acl:<grantee>:<privilege>" attributes.
$$;

CREATE OR REPLACE FUNCTION _pggit.option_attrs(p_options text[], p_prefix text DEFAULT 'option:')
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(
        p_prefix || split_part(o.item, '=', 1),
        substr(o.item, strpos(o.item, '=') + 1)
    ), '{}')
    FROM unnest(p_options) AS o(item)
    -- The server's own stamps, such as pg_attver of the minor releases of November 2026: no DDL sets them, pg_dump skips them.
    WHERE NOT starts_with(o.item, 'pg_');
END;
COMMENT ON FUNCTION _pggit.option_attrs(text[], text) IS $$
Spreads "name=value" options over one attribute each; those that the server keeps for itself are not the user's.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_scope(p_logical name[], p_live name[])
RETURNS TABLE (nspoid oid, logical name, live name, path text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    -- Materialized: inlined, the search for extensions would run again for every row that is read.
    WITH place AS MATERIALIZED (
        SELECT
            n.oid,
            s.logical,
            s.live,
            quote_ident(s.live)
            || CASE
                WHEN s.live <> s.logical AND EXISTS (
                    SELECT
                    FROM pg_namespace AS main
                    JOIN pg_depend AS held ON held.refclassid = 'pg_namespace'::regclass AND held.refobjid = main.oid
                    JOIN pg_depend AS member ON member.classid = held.classid AND member.objid = held.objid
                        AND member.deptype = 'e'
                    WHERE main.nspname = s.logical
                ) THEN ', ' || quote_ident(s.logical)
                ELSE ''
            END || ', pg_temp' AS path
        FROM unnest(p_logical, p_live) AS s(logical, live)
        JOIN pg_namespace AS n ON n.nspname = s.live
    )
    SELECT p.oid, p.logical, p.live, p.path FROM place AS p;
END;
COMMENT ON FUNCTION _pggit.read_scope(name[], name[]) IS $$
The schemas to read, each with the search_path under which its definitions print without their location.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_pattern(p_name text, p_after text DEFAULT '(?![\w$".])')
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN '(?<![\w$"])' || regexp_replace(p_name, '([][\\^$.|?*+(){}])', '\\\1', 'g') || p_after;
COMMENT ON FUNCTION _pggit.name_pattern(text, text) IS $$
A regular expression for a whole name, not for a part of a longer one.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_probe(p_schema name)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN '%' || regexp_replace(
    regexp_replace(to_jsonb(quote_ident(p_schema))::text, '^"|"$', '', 'g'), '([\\%_])', '\\\1', 'g') || '%';
COMMENT ON FUNCTION _pggit.name_probe(name) IS $$
A LIKE pattern for the text of a jsonb in which a schema may be named.
$$;

CREATE OR REPLACE FUNCTION _pggit.map_text(p_text text, p_from text[], p_to text[])
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_text text := p_text;
BEGIN
    FOR v_i IN 1 .. coalesce(cardinality(p_from), 0) LOOP
        v_text := regexp_replace(v_text, p_from[v_i], replace(p_to[v_i], '\', '\\'), 'g');
    END LOOP;
    RETURN v_text;
END;
$$;
COMMENT ON FUNCTION _pggit.map_text(text, text[], text[]) IS $$
Replaces patterns one after the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.map_attrs(
    p_attrs jsonb,
    p_from text[],
    p_to text[],
    p_path_from text[] DEFAULT '{}',
    p_path_to text[] DEFAULT '{}'
)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN CASE jsonb_typeof(p_attrs)
        WHEN 'string' THEN to_jsonb(_pggit.map_text(p_attrs #>> '{}', p_from, p_to))
        WHEN 'array' THEN (
            SELECT coalesce(jsonb_agg(_pggit.map_attrs(e.item, p_from, p_to) ORDER BY e.place), '[]')
            FROM jsonb_array_elements(p_attrs) WITH ORDINALITY AS e(item, place)
        )
        WHEN 'object' THEN (
            SELECT coalesce(jsonb_object_agg(e.key, CASE
                -- what people wrote: a name in it is not a reference
                WHEN e.key IN ('comment', 'owner', 'body') THEN e.value
                WHEN e.key = 'config:search_path' THEN to_jsonb(_pggit.map_text(e.value #>> '{}', p_path_from, p_path_to))
                ELSE _pggit.map_attrs(e.value, p_from, p_to)
            END), '{}')
            FROM jsonb_each(p_attrs) AS e
        )
        ELSE p_attrs
    END;
END;
$$;
COMMENT ON FUNCTION _pggit.map_attrs(jsonb, text[], text[], text[], text[]) IS $$
Replaces patterns in the definitions among an object's attributes.
p_path_from, p_path_to: the same for the items of a function's own search_path.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_rows(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    v_probe     text[];
    v_from      text[];
    v_to        text[];
    v_path_from text[];
    v_path_to   text[];
BEGIN
    SELECT
        array_agg(_pggit.name_probe(s.live) ORDER BY s.place),
        array_agg(_pggit.name_pattern(quote_ident(s.live) || '.', '') ORDER BY s.place),
        array_agg(quote_ident(s.logical) || '.' ORDER BY s.place),
        array_agg(_pggit.name_pattern(quote_ident(s.live)) ORDER BY s.place),
        array_agg(quote_ident(s.logical) ORDER BY s.place)
    INTO v_probe, v_from, v_to, v_path_from, v_path_to
    FROM unnest(p_logical, p_live) WITH ORDINALITY AS s(logical, live, place)
    WHERE s.logical <> s.live;
    RETURN QUERY
    SELECT
        r.classid, r.objid, r.objsubid, r.kind, r.parent_classid, r.parent_objid, r.schema_name, r.table_name, r.name,
        CASE WHEN r.signature IS NULL OR v_from IS NULL THEN r.signature ELSE _pggit.map_text(r.signature, v_from, v_to) END,
        CASE
            WHEN v_from IS NULL OR NOT r.attrs::text LIKE ANY (v_probe) THEN r.attrs
            ELSE _pggit.map_attrs(r.attrs, v_from, v_to, v_path_from, v_path_to)
        END
    FROM (
        SELECT * FROM _pggit._read_schemas(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_extensions(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_tables(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_columns(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_constraints(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_indexes(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_sequences(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_triggers(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_policies(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_rules(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_enums(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_domains(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_composites(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_ranges(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_collations(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_views(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_routines(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_aggregates(p_logical, p_live)
        UNION ALL
        SELECT * FROM _pggit._read_default_privileges(p_logical, p_live)
    ) AS r;
END;
$$;
COMMENT ON FUNCTION _pggit.read_rows(name[], name[]) IS $$
Every object of the live schemas, as the catalog gives it, with the tracked schemas' names in its definitions.
$$;

CREATE OR REPLACE FUNCTION _pggit.relocate(p_objects _pggit.object[], p_logical name[], p_live name[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_probe     text[];
    v_path_from text[];
    v_path_to   text[];
BEGIN
    SELECT
        array_agg(_pggit.name_probe(s.logical)),
        array_agg(_pggit.name_pattern(quote_ident(s.logical)) ORDER BY s.place),
        array_agg(quote_ident(s.live) ORDER BY s.place)
    INTO v_probe, v_path_from, v_path_to
    FROM unnest(p_logical, p_live) WITH ORDINALITY AS s(logical, live, place)
    WHERE s.logical <> s.live;
    IF v_probe IS NULL THEN
        RETURN p_objects;
    END IF;
    RETURN (
        WITH item AS MATERIALIZED (
            SELECT o AS object, (o).object_id AS object_id, (o).schema_name AS schema_name,
                (o).attrs::text LIKE ANY (v_probe) OR to_jsonb((o).signature)::text LIKE ANY (v_probe) AS is_naming
            FROM unnest(p_objects) AS o
        ), place AS MATERIALIZED (
            SELECT s.logical::text AS logical, s.live::text AS live FROM unnest(p_logical, p_live) AS s(logical, live)
        ), token AS (
            -- an alias may be called as a schema is: only schema.name of what is depended on is a reference
            SELECT DISTINCT
                n.object_id,
                _pggit.name_pattern(
                    quote_ident(t.schema_name) || '.' || quote_ident(coalesce((t.object).table_name, (t.object).name)),
                    '(?![\w$"])') AS pattern,
                quote_ident(m.live) || '.' || quote_ident(coalesce((t.object).table_name, (t.object).name)) AS value
            FROM item AS n
            CROSS JOIN LATERAL unnest((n.object).deps) AS d(object_id)
            JOIN item AS t ON t.object_id = d.object_id
            JOIN place AS m ON m.logical = t.schema_name
            WHERE n.is_naming
                -- what lies in an object's own schema stands unqualified: there such a text is an alias
                AND t.schema_name IS DISTINCT FROM n.schema_name
        ), tokens AS (
            SELECT
                k.object_id,
                array_agg(k.pattern ORDER BY k.pattern) AS patterns,
                array_agg(k.value ORDER BY k.pattern) AS values
            FROM token AS k
            GROUP BY k.object_id
        )
        SELECT array_agg((
            i.object_id, (i.object).kind, (i.object).parent_id, coalesce(m.live, i.schema_name), (i.object).table_name,
            CASE WHEN (i.object).kind = 'schema' THEN coalesce(own.live, (i.object).name) ELSE (i.object).name END,
            CASE WHEN i.is_naming THEN _pggit.map_text((i.object).signature, t.patterns, t.values)
                ELSE (i.object).signature END,
            CASE WHEN i.is_naming THEN _pggit.map_attrs((i.object).attrs, t.patterns, t.values, v_path_from, v_path_to)
                ELSE (i.object).attrs END,
            (i.object).deps
        )::_pggit.object)
        FROM item AS i
        LEFT JOIN place AS m ON m.logical = i.schema_name
        LEFT JOIN place AS own ON own.logical = (i.object).name AND (i.object).kind = 'schema'
        LEFT JOIN tokens AS t ON t.object_id = i.object_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.relocate(_pggit.object[], name[], name[]) IS $$
The objects as they are to be built in other schemas: paths, and the names in definitions that a dependency proves to be references.
p_objects: with all that they depend on.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_aliases()
RETURNS TABLE (classid oid, objid oid, to_classid oid, to_objid oid, to_objsubid integer, is_part boolean)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20000
BEGIN ATOMIC
    WITH RECURSIVE inherited(indexrelid, root) AS (
        SELECT h.inhrelid, h.inhparent
        FROM pg_inherits AS h
        JOIN pg_index AS x ON x.indexrelid = h.inhrelid
        UNION ALL
        SELECT u.indexrelid, h.inhparent
        FROM inherited AS u
        JOIN pg_inherits AS h ON h.inhrelid = u.root
    ), copied(conid, root, contype) AS (
        SELECT k.oid, k.conparentid, k.contype
        FROM pg_constraint AS k
        WHERE k.conparentid <> 0
        UNION ALL
        SELECT c.conid, k.conparentid, c.contype
        FROM copied AS c
        JOIN pg_constraint AS k ON k.oid = c.root AND k.conparentid <> 0
    )
    SELECT 'pg_attrdef'::regclass::oid, d.oid, 'pg_class'::regclass::oid, d.adrelid, d.adnum::integer, false
    FROM pg_attrdef AS d
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 'pg_class'::regclass, w.ev_class, 0, false
    FROM pg_rewrite AS w
    WHERE w.rulename = '_RETURN'
    UNION ALL
    SELECT 'pg_class'::regclass, k.conindid, 'pg_constraint'::regclass, k.oid, 0, false
    FROM pg_constraint AS k
    WHERE k.contype IN ('p', 'u', 'x')
    UNION ALL
    -- a foreign key is repeated for every partition on either side
    SELECT 'pg_constraint'::regclass, c.conid, 'pg_constraint'::regclass, c.root, 0, c.contype <> 'f'
    FROM copied AS c
    UNION ALL
    -- an index that a partition has from its parent counts as the parent's
    SELECT
        'pg_class'::regclass, u.indexrelid,
        CASE WHEN k.oid IS NULL THEN 'pg_class'::regclass ELSE 'pg_constraint'::regclass END,
        coalesce(k.oid, u.root), 0, true
    FROM inherited AS u
    LEFT JOIN pg_constraint AS k ON k.conindid = u.root AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'pg_class'::regclass, t.typrelid, 0, false
    FROM pg_type AS t
    JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE c.relkind <> 'c'
    UNION ALL
    SELECT 'pg_class'::regclass, t.typrelid, 'pg_type'::regclass, t.oid, 0, false
    FROM pg_type AS t
    JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE c.relkind = 'c'
    UNION ALL
    SELECT
        'pg_type'::regclass, t.typarray,
        CASE WHEN c.oid IS NULL THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END, coalesce(c.oid, t.oid), 0, false
    FROM pg_type AS t
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind <> 'c'
    WHERE t.typarray <> 0
    UNION ALL
    SELECT 'pg_type'::regclass, r.rngmultitypid, 'pg_type'::regclass, r.rngtypid, 0, false
    FROM pg_range AS r
    UNION ALL
    SELECT m.classid, m.objid, m.refclassid, m.refobjid, 0, false
    FROM pg_depend AS m
    WHERE m.deptype = 'e'
    UNION ALL
    SELECT i.classid, i.objid, i.refclassid, i.refobjid, i.refobjsubid, false
    FROM pg_depend AS i
    WHERE i.deptype = 'i'
      AND i.classid = 'pg_class'::regclass
      AND i.refclassid = 'pg_class'::regclass
      AND i.refobjsubid > 0;
END;
COMMENT ON FUNCTION _pggit.read_aliases() IS $$
What PostgreSQL makes inside another object (defaults, rewrite rules, row and array types, indexes of constraints, identity
sequences, members of extensions), with the object that it counts as. is_part: only as what others need.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_edges(p_addresses _pggit.known_identity[])
RETURNS SETOF _pggit.catalog_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20000
SET jit = off
SET enable_nestloop = off
BEGIN ATOMIC
    WITH address AS MATERIALIZED (
        SELECT k.classid, k.objid, k.objsubid FROM unnest(p_addresses) AS k
    ), alias AS MATERIALIZED (
        SELECT l.classid, l.objid, l.to_classid, l.to_objid, l.to_objsubid, l.is_part FROM _pggit.read_aliases() AS l
    ), folded AS MATERIALIZED (
        SELECT DISTINCT
            coalesce(a.to_classid, d.classid) AS classid,
            coalesce(a.to_objid, d.objid) AS objid,
            coalesce(a.to_objsubid, d.objsubid) AS objsubid,
            coalesce(r.to_classid, d.refclassid) AS refclassid,
            coalesce(r.to_objid, d.refobjid) AS refobjid,
            coalesce(r.to_objsubid, d.refobjsubid) AS refobjsubid
        FROM pg_depend AS d
        LEFT JOIN alias AS a ON a.classid = d.classid AND a.objid = d.objid AND NOT a.is_part
        LEFT JOIN alias AS r ON r.classid = d.refclassid AND r.objid = d.refobjid
        LEFT JOIN pg_class AS q ON d.classid = 'pg_class'::regclass AND q.oid = d.objid AND q.relkind = 'S'
        WHERE d.deptype IN ('n', 'a', 'i', 'x')
          AND (d.refclassid <> 'pg_namespace'::regclass OR d.classid = 'pg_extension'::regclass)
          AND NOT (d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND q.oid IS NOT NULL)
    ), anchored AS MATERIALIZED (
        SELECT
            f.classid, f.objid,
            coalesce(exact.objsubid, 0) AS objsubid,
            f.refclassid, f.refobjid,
            coalesce(target.objsubid, 0) AS refobjsubid
        FROM folded AS f
        LEFT JOIN address AS exact
            ON exact.classid = f.classid AND exact.objid = f.objid AND exact.objsubid = f.objsubid
        LEFT JOIN address AS target
            ON target.classid = f.refclassid AND target.objid = f.refobjid AND target.objsubid = f.refobjsubid
        WHERE (exact.objid IS NOT NULL OR f.objsubid <> 0)
          AND (target.objid IS NOT NULL OR f.refobjsubid <> 0)
    )
    SELECT DISTINCT n.classid, n.objid, n.objsubid, n.refclassid, n.refobjid, n.refobjsubid
    FROM anchored AS n
    JOIN address AS one ON one.classid = n.classid AND one.objid = n.objid AND one.objsubid = n.objsubid
    JOIN address AS two ON two.classid = n.refclassid AND two.objid = n.refobjid AND two.objsubid = n.refobjsubid
    WHERE (n.classid, n.objid, n.objsubid) <> (n.refclassid, n.refobjid, n.refobjsubid);
END;
COMMENT ON FUNCTION _pggit.read_edges(_pggit.known_identity[]) IS $$
The dependencies among the given addresses.
$$;

CREATE OR REPLACE FUNCTION _pggit.assign_level(
    p_rows _pggit.catalog_row[],
    p_ids _pggit.known_identity[],
    p_known _pggit.known_identity[],
    p_expected _pggit.object[],
    p_level integer
)
RETURNS _pggit.known_identity[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_new  _pggit.known_identity[];
    v_salt integer := 0;
BEGIN
    WITH placed AS MATERIALIZED (
        SELECT
            r.classid, r.objid, r.objsubid, r.kind, r.name, r.signature, p.object_id AS parent_id, k.object_id AS known_id
        FROM unnest(p_rows) AS r
        LEFT JOIN unnest(p_ids) AS p
            ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
        LEFT JOIN unnest(p_known) AS k
            ON k.classid = r.classid AND k.objid = r.objid AND k.objsubid = r.objsubid
        LEFT JOIN unnest(p_ids) AS done
            ON done.classid = r.classid AND done.objid = r.objid AND done.objsubid = r.objsubid
        WHERE done.objid IS NULL
          AND (p.objid IS NOT NULL OR coalesce(r.parent_objid, 0) = 0 OR p_level = 3)
    ), free AS MATERIALIZED (
        SELECT e.object_id, e.kind, e.parent_id, e.name, e.signature
        FROM unnest(p_expected) AS e
        LEFT JOIN (
            SELECT k.object_id
            FROM unnest(p_known) AS k
            JOIN unnest(p_rows) AS r ON r.classid = k.classid AND r.objid = k.objid AND r.objsubid = k.objsubid
        ) AS taken ON taken.object_id = e.object_id
        WHERE taken.object_id IS NULL
    )
    SELECT array_agg((w.classid, w.objid, w.objsubid, coalesce(w.known_id, f.object_id))::_pggit.known_identity)
    INTO v_new
    FROM placed AS w
    LEFT JOIN free AS f
        ON w.known_id IS NULL
        AND f.kind = w.kind
        AND f.name = w.name
        AND coalesce(f.parent_id::text, '') = coalesce(w.parent_id::text, '')
        AND coalesce(f.signature, '') = coalesce(w.signature, '');

    WHILE v_salt < 1000 AND EXISTS (SELECT FROM unnest(v_new) AS n WHERE n.object_id IS NULL) LOOP
        WITH named AS MATERIALIZED (
            SELECT n.classid, n.objid, n.objsubid, n.object_id,
                _pggit.new_object_id(r.kind, p.object_id, r.name, r.signature, v_salt) AS candidate
            FROM unnest(v_new) AS n
            JOIN unnest(p_rows) AS r ON r.classid = n.classid AND r.objid = n.objid AND r.objsubid = n.objsubid
            LEFT JOIN unnest(p_ids) AS p
                ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
        ), used AS MATERIALIZED (
            SELECT k.object_id FROM unnest(p_known) AS k
            UNION
            SELECT e.object_id FROM unnest(p_expected) AS e
            UNION
            SELECT d.object_id FROM unnest(p_ids) AS d
            UNION
            SELECT v.object_id FROM unnest(v_new) AS v WHERE v.object_id IS NOT NULL
        )
        SELECT array_agg((
            m.classid, m.objid, m.objsubid,
            coalesce(m.object_id, CASE WHEN u.object_id IS NULL THEN m.candidate END)
        )::_pggit.known_identity)
        INTO v_new
        FROM named AS m
        LEFT JOIN used AS u ON u.object_id = m.candidate;
        v_salt := v_salt + 1;
    END LOOP;
    RETURN p_ids || coalesce(v_new, '{}');
END;
$$;
COMMENT ON FUNCTION _pggit.assign_level(
    _pggit.catalog_row[], _pggit.known_identity[], _pggit.known_identity[], _pggit.object[], integer
) IS $$
Gives identities to the rows whose parents have one: by catalog address, else by path from the expected tree, else a new one.
$$;

CREATE OR REPLACE FUNCTION _pggit.identify(
    p_rows _pggit.catalog_row[],
    p_known _pggit.known_identity[],
    p_expected _pggit.object[]
)
RETURNS SETOF _pggit.identified
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_ids _pggit.known_identity[] := '{}'::_pggit.known_identity[];
BEGIN
    FOR v_level IN 1 .. 3 LOOP
        v_ids := _pggit.assign_level(p_rows, v_ids, p_known, p_expected, v_level);
    END LOOP;
    RETURN QUERY
    WITH ids AS MATERIALIZED (
        SELECT i.classid, i.objid, i.objsubid, i.object_id FROM unnest(v_ids) AS i
    ), needs AS MATERIALIZED (
        SELECT e.classid, e.objid, e.objsubid, array_agg(DISTINCT t.object_id ORDER BY t.object_id) AS deps
        FROM _pggit.read_edges(v_ids) AS e
        JOIN ids AS t ON t.classid = e.refclassid AND t.objid = e.refobjid AND t.objsubid = e.refobjsubid
        GROUP BY e.classid, e.objid, e.objsubid
    )
    SELECT r.classid, r.objid, r.objsubid, (
        i.object_id, r.kind, p.object_id, r.schema_name, r.table_name, r.name, r.signature, r.attrs,
        coalesce(array_remove(n.deps, p.object_id), '{}')
    )::_pggit.object
    FROM unnest(p_rows) AS r
    JOIN ids AS i ON i.classid = r.classid AND i.objid = r.objid AND i.objsubid = r.objsubid
    LEFT JOIN ids AS p ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
    LEFT JOIN needs AS n ON n.classid = r.classid AND n.objid = r.objid AND n.objsubid = r.objsubid;
END;
$$;
COMMENT ON FUNCTION _pggit.identify(_pggit.catalog_row[], _pggit.known_identity[], _pggit.object[]) IS $$
Catalog rows to objects: identities, parents and dependencies. A parent is not repeated among the dependencies.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_objects(
    p_logical name[],
    p_live name[],
    p_known _pggit.known_identity[] DEFAULT '{}',
    p_expected _pggit.object[] DEFAULT '{}'
)
RETURNS SETOF _pggit.identified
LANGUAGE plpgsql
VOLATILE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT * FROM _pggit.identify(
        ARRAY(SELECT r FROM _pggit.read_rows(p_logical, p_live) AS r),
        coalesce(p_known, '{}'),
        coalesce(p_expected, '{}')
    );
END;
$$;
COMMENT ON FUNCTION _pggit.read_objects(name[], name[], _pggit.known_identity[], _pggit.object[]) IS $$
The objects of the live schemas as they are now, under the names of main's worktree.
p_logical: the tracked schemas.
p_live: the schemas in which they live, place by place.
p_known: identities by catalog address, from the last read of this worktree.
p_expected: the tree to pair with by path where no address is known.
$$;

-- 20_catalog_programs.sql
CREATE OR REPLACE FUNCTION _pggit.is_extension_member(p_classid oid, p_objid oid)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM pg_depend AS x
    WHERE x.classid = p_classid
      AND x.objid = p_objid
      AND x.objsubid = 0
      AND x.deptype = 'e'
);
COMMENT ON FUNCTION _pggit.is_extension_member(oid, oid) IS $$
Whether an extension owns the object, so that it is left alone.
$$;

CREATE OR REPLACE FUNCTION _pggit.common_attrs(
    p_owner oid,
    p_comment text,
    p_acl aclitem[],
    p_acl_type "char"
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_strip_nulls(jsonb_build_object('owner', pg_get_userbyid(p_owner), 'comment', p_comment))
    || CASE
        WHEN p_acl IS NULL THEN '{}'
        ELSE _pggit.acl_attrs(p_acl, acldefault(p_acl_type, p_owner), p_owner)
    END;
COMMENT ON FUNCTION _pggit.common_attrs(oid, text, aclitem[], "char") IS $$
The attributes that every owned object has: owner, comment, grants.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_schemas(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT
        'pg_namespace'::regclass::oid, n.oid, 0, 'schema', NULL::oid, NULL::oid,
        NULL::text, NULL::text, s.logical::text, NULL::text,
        _pggit.common_attrs(n.nspowner, obj_description(n.oid, 'pg_namespace'), n.nspacl, 'n')
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_namespace AS n ON n.oid = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_namespace'::regclass, n.oid);
END;
COMMENT ON FUNCTION _pggit._read_schemas(name[], name[]) IS $$
The schemas themselves.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_extensions(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT
        'pg_extension'::regclass::oid, e.oid, 0, 'extension', NULL::oid, NULL::oid,
        NULL::text, NULL::text, e.extname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'version', e.extversion,
            'schema', n.nspname,
            'comment', nullif(obj_description(e.oid, 'pg_extension'), a.comment)
        ))
    FROM pg_extension AS e
    JOIN pg_namespace AS n ON n.oid = e.extnamespace
    LEFT JOIN pg_available_extensions AS a ON a.name = e.extname
    WHERE e.extname NOT IN ('plpgsql', 'pggit');
END;
COMMENT ON FUNCTION _pggit._read_extensions(name[], name[]) IS $$
The extensions of the database, whatever their schema; without the one every database has, and ourselves.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_types(p_logical name[], p_live name[])
RETURNS TABLE (nspoid oid, logical name, path text, type pg_type, common jsonb)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 100
BEGIN ATOMIC
    SELECT
        s.nspoid, s.logical, s.path, t,
        _pggit.common_attrs(t.typowner, obj_description(t.oid, 'pg_type'), t.typacl, 'T')
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_type AS t ON t.typnamespace = s.nspoid
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
      AND NOT _pggit.is_extension_member('pg_type'::regclass, t.oid);
END;
COMMENT ON FUNCTION _pggit.read_types(name[], name[]) IS $$
The types that users make: enums, domains, ranges and free-standing composites.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_enums(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 50
BEGIN ATOMIC
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'enum', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || jsonb_build_object('labels', coalesce((
            SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder)
            FROM pg_enum AS e
            WHERE e.enumtypid = (r.type).oid
        ), '[]'))
    FROM _pggit.read_types(p_logical, p_live) AS r
    WHERE (r.type).typtype = 'e';
END;
COMMENT ON FUNCTION _pggit._read_enums(name[], name[]) IS $$
Enums with their labels in order.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_domains(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 50
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'domain', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'base', format_type((r.type).typbasetype, (r.type).typtypmod),
                'collation', CASE WHEN (r.type).typcollation <> b.typcollation
                    THEN (r.type).typcollation::regcollation::text END,
                'default', pg_get_expr((r.type).typdefaultbin, 0, true),
                'not_null', nullif((r.type).typnotnull, false)
            ))
        END
    FROM _pggit.read_types(p_logical, p_live) AS r
    JOIN pg_type AS b ON b.oid = (r.type).typbasetype
    WHERE (r.type).typtype = 'd';
END;
$$;
COMMENT ON FUNCTION _pggit._read_domains(name[], name[]) IS $$
Domains; their checks are constraints of their own.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_composites(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 50
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'composite', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_build_object('attributes', coalesce((
                SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                    'name', a.attname,
                    'type', format_type(a.atttypid, a.atttypmod),
                    'collation', CASE WHEN a.attcollation <> t.typcollation
                        THEN a.attcollation::regcollation::text END,
                    'comment', col_description(a.attrelid, a.attnum)
                )) ORDER BY a.attnum)
                FROM pg_attribute AS a
                JOIN pg_type AS t ON t.oid = a.atttypid
                WHERE a.attrelid = (r.type).typrelid
                  AND a.attnum > 0
                  AND NOT a.attisdropped
            ), '[]'))
        END
    FROM _pggit.read_types(p_logical, p_live) AS r
    WHERE (r.type).typtype = 'c';
END;
$$;
COMMENT ON FUNCTION _pggit._read_composites(name[], name[]) IS $$
Composite types with their attributes in order.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_ranges(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_type'::regclass::oid, (r.type).oid, 0, 'range', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, (r.type).typname::text, NULL::text,
        r.common || CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'subtype', format_type(g.rngsubtype, NULL),
                'opclass', CASE WHEN NOT o.opcdefault THEN
                    CASE WHEN pg_opclass_is_visible(o.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END
                    || quote_ident(o.opcname) END,
                'collation', CASE WHEN g.rngcollation <> t.typcollation THEN g.rngcollation::regcollation::text END,
                'canonical', CASE WHEN g.rngcanonical <> 0 THEN g.rngcanonical::regproc::text END,
                'subtype_diff', CASE WHEN g.rngsubdiff <> 0 THEN g.rngsubdiff::regproc::text END,
                'multirange', m.typname
            ))
        END
    FROM _pggit.read_types(p_logical, p_live) AS r
    JOIN pg_range AS g ON g.rngtypid = (r.type).oid
    JOIN pg_type AS t ON t.oid = g.rngsubtype
    JOIN pg_type AS m ON m.oid = g.rngmultitypid
    JOIN pg_opclass AS o ON o.oid = g.rngsubopc
    JOIN pg_namespace AS n ON n.oid = o.opcnamespace;
END;
$$;
COMMENT ON FUNCTION _pggit._read_ranges(name[], name[]) IS $$
Range types.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_collations(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT
        'pg_collation'::regclass::oid, c.oid, 0, 'collation', 'pg_namespace'::regclass::oid, s.nspoid,
        s.logical::text, NULL::text, c.collname::text, NULL::text,
        jsonb_strip_nulls(jsonb_build_object(
            'owner', pg_get_userbyid(c.collowner),
            'comment', obj_description(c.oid, 'pg_collation'),
            'provider', CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'd' THEN 'default' ELSE 'libc' END,
            -- the column of ICU locales was renamed twice
            'locale', coalesce(
                to_jsonb(c)->>'colllocale', to_jsonb(c)->>'colliculocale',
                CASE WHEN c.collcollate = c.collctype THEN c.collcollate END),
            'lc_collate', CASE WHEN c.collcollate <> c.collctype THEN c.collcollate END,
            'lc_ctype', CASE WHEN c.collcollate <> c.collctype THEN c.collctype END,
            'rules', to_jsonb(c)->>'collicurules',
            'nondeterministic', nullif(NOT c.collisdeterministic, false)
        ))
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_collation AS c ON c.collnamespace = s.nspoid
    WHERE NOT _pggit.is_extension_member('pg_collation'::regclass, c.oid);
END;
COMMENT ON FUNCTION _pggit._read_collations(name[], name[]) IS $$
Collations that users made.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_default_privileges(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT
        'pg_default_acl'::regclass::oid, d.oid, 0, 'default_privilege',
        CASE WHEN s.nspoid IS NOT NULL THEN 'pg_namespace'::regclass::oid END, s.nspoid,
        s.logical::text, NULL::text, quote_ident(pg_get_userbyid(d.defaclrole)) || ' ' || o.word, NULL::text,
        jsonb_build_object('role', pg_get_userbyid(d.defaclrole), 'objects', o.word)
        || _pggit.acl_attrs(
            d.defaclacl,
            CASE
                WHEN d.defaclnamespace = 0 AND d.defaclobjtype = 'S' THEN acldefault('s', d.defaclrole)
                WHEN d.defaclnamespace = 0 THEN acldefault(d.defaclobjtype, d.defaclrole)
                ELSE acldefault('c', d.defaclrole)  -- nothing
            END,
            d.defaclrole)
    FROM pg_default_acl AS d
    CROSS JOIN LATERAL (
        SELECT CASE d.defaclobjtype
            WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
            WHEN 'n' THEN 'schemas' ELSE 'large objects'
        END AS word
    ) AS o
    LEFT JOIN _pggit.read_scope(p_logical, p_live) AS s ON s.nspoid = d.defaclnamespace
    -- Whole databases have them; those of a tracked schema would ask for the rights of their roles at every checkout.
    WHERE current_setting('pggit.whole_database', true) = 'on'
      AND (d.defaclnamespace = 0 OR s.nspoid IS NOT NULL);
END;
COMMENT ON FUNCTION _pggit._read_default_privileges(name[], name[]) IS $$
ALTER DEFAULT PRIVILEGES, where two whole databases are compared.
$$;

-- 20_catalog_programs_code.sql
CREATE OR REPLACE FUNCTION _pggit.output_columns(p_relation oid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_build_array(
        a.attname,
        format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END
    ) ORDER BY a.attnum)
    FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = p_relation
      AND a.attnum > 0
      AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION _pggit.output_columns(oid) IS $$
Names and types of the columns of a view. They follow from its query: told apart to know what CREATE OR REPLACE can do.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_views(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 500
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, 0,
        CASE r.relkind WHEN 'm' THEN 'materialized_view' ELSE 'view' END,
        'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, r.relname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'query', rtrim(pg_get_viewdef(r.oid), E'; \n'),
                'columns', _pggit.output_columns(r.oid),
                'tablespace', t.spcname,
                'access_method', nullif(a.amname, 'heap')
            ))
        END
        || _pggit.common_attrs(r.relowner, obj_description(r.oid, 'pg_class'), r.relacl, 'r')
        || CASE WHEN r.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(r.reloptions) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_class AS c ON c.oid = r.oid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_am AS a ON a.oid = c.relam
    WHERE r.relkind IN ('v', 'm');
    RETURN QUERY SELECT * FROM _pggit.read_view_columns(p_logical, p_live);
END;
$$;
COMMENT ON FUNCTION _pggit._read_views(name[], name[]) IS $$
Views and materialized views, with those of their columns of which something is said.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_view_columns(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, a.attnum::integer, 'column', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, a.attname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'position', a.attnum,
                'default', pg_get_expr(e.adbin, e.adrelid, true),
                'statistics', nullif(a.attstattarget, -1),
                'comment', d.description
            ))
        END
        || CASE WHEN a.attacl IS NULL THEN '{}' ELSE _pggit.acl_attrs(a.attacl, acldefault('c', r.relowner), r.relowner) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    LEFT JOIN pg_description AS d
        ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
    WHERE r.relkind IN ('v', 'm')
      AND (e.oid IS NOT NULL OR d.description IS NOT NULL OR a.attacl IS NOT NULL
          OR a.attstattarget >= 0 AND r.relkind = 'm');
END;
$$;
COMMENT ON FUNCTION _pggit.read_view_columns(name[], name[]) IS $$
Columns of views that have a default, comment, statistics target or grants of their own.
$$;

CREATE OR REPLACE FUNCTION _pggit.routine_arguments(p_routine pg_proc)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'mode', CASE a.mode WHEN 'o' THEN 'out' WHEN 'b' THEN 'inout' WHEN 'v' THEN 'variadic' END,
        'name', nullif(a.name, ''),
        'type', format_type(a.type, NULL),
        'default', pg_get_function_arg_default((p_routine).oid, a.place::integer)
    )) ORDER BY a.place)
    FROM unnest(
        coalesce((p_routine).proallargtypes, (p_routine).proargtypes::oid[]),
        (p_routine).proargmodes,
        (p_routine).proargnames
    ) WITH ORDINALITY AS a(type, mode, name, place)
    WHERE a.type IS NOT NULL
      AND a.mode IS DISTINCT FROM 't';
END;
COMMENT ON FUNCTION _pggit.routine_arguments(pg_proc) IS $$
Modes, names, types and defaults of a routine's arguments; output columns of RETURNS TABLE belong to its result.
$$;

CREATE OR REPLACE FUNCTION _pggit.routine_signature(p_types oid[])
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(format_type(t.type, NULL), ', ' ORDER BY t.place), '')
    FROM unnest(p_types) WITH ORDINALITY AS t(type, place);
END;
COMMENT ON FUNCTION _pggit.routine_signature(oid[]) IS $$
The types by which a routine is told from others of its name.
$$;

CREATE OR REPLACE FUNCTION _pggit.routine_attrs(p_routine pg_proc)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'arguments', _pggit.routine_arguments(p_routine),
        'result', CASE WHEN (p_routine).prokind <> 'p' THEN pg_get_function_result((p_routine).oid) END,
        'language', l.lanname,
        'body', CASE WHEN b.sql_body IS NULL THEN (p_routine).prosrc END,
        'sql_body', b.sql_body,
        'library', (p_routine).probin,
        'window', CASE WHEN (p_routine).prokind = 'w' THEN true END,
        'volatility', CASE (p_routine).provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END,
        'parallel', CASE (p_routine).proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END,
        'strict', nullif((p_routine).proisstrict, false),
        'security_definer', nullif((p_routine).prosecdef, false),
        'leakproof', nullif((p_routine).proleakproof, false),
        'cost', CASE
            WHEN (p_routine).procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END
                THEN (p_routine).procost END,
        'rows', CASE WHEN (p_routine).proretset AND (p_routine).prorows <> 1000 THEN (p_routine).prorows END,
        'support', CASE WHEN (p_routine).prosupport <> 0 THEN (p_routine).prosupport::regproc::text END,
        'transforms', (
            SELECT jsonb_agg(format_type(t.type, NULL) ORDER BY t.place)
            FROM unnest((p_routine).protrftypes) WITH ORDINALITY AS t(type, place)
        )
    ))
    FROM pg_language AS l
    CROSS JOIN LATERAL (SELECT pg_get_function_sqlbody((p_routine).oid) AS sql_body) AS b
    WHERE l.oid = (p_routine).prolang;
END;
COMMENT ON FUNCTION _pggit.routine_attrs(pg_proc) IS $$
The attributes of a function or procedure.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_routines(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 500
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_proc'::regclass::oid, p.oid, 0,
        CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
        'pg_namespace'::regclass::oid, s.nspoid, s.logical::text, NULL::text, p.proname::text,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN
            _pggit.routine_signature(p.proargtypes::oid[])
        END,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN
            _pggit.routine_attrs(p)
            || _pggit.common_attrs(p.proowner, obj_description(p.oid, 'pg_proc'), p.proacl, 'f')
            || CASE WHEN p.proconfig IS NULL THEN '{}' ELSE _pggit.option_attrs(p.proconfig, 'config:') END
        END
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_proc AS p ON p.pronamespace = s.nspoid
    WHERE p.prokind <> 'a'
      AND NOT EXISTS (
          -- members of extensions, and the constructors that belong to a range type
          SELECT
          FROM pg_depend AS x
          WHERE x.classid = 'pg_proc'::regclass
            AND x.objid = p.oid
            AND x.deptype IN ('e', 'i')
      );
END;
$$;
COMMENT ON FUNCTION _pggit._read_routines(name[], name[]) IS $$
Functions and procedures.
$$;

CREATE OR REPLACE FUNCTION _pggit.aggregate_attrs(p_routine pg_proc, p_aggregate pg_aggregate)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_strip_nulls(jsonb_build_object(
    'arguments', _pggit.routine_arguments(p_routine),
    'direct_arguments', CASE WHEN (p_aggregate).aggkind <> 'n' THEN (p_aggregate).aggnumdirectargs END,
    'hypothetical', CASE WHEN (p_aggregate).aggkind = 'h' THEN true END,
    'parallel', CASE (p_routine).proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END,
    'sfunc', (p_aggregate).aggtransfn::regproc::text,
    'stype', format_type((p_aggregate).aggtranstype, NULL),
    'sspace', nullif((p_aggregate).aggtransspace, 0),
    'finalfunc', CASE WHEN (p_aggregate).aggfinalfn <> 0 THEN (p_aggregate).aggfinalfn::regproc::text END,
    'finalfunc_extra', nullif((p_aggregate).aggfinalextra, false),
    'finalfunc_modify', CASE
        WHEN (p_aggregate).aggfinalmodify <> CASE WHEN (p_aggregate).aggkind = 'n' THEN 'r' ELSE 'w' END
            THEN (p_aggregate).aggfinalmodify::text END,
    'combinefunc', CASE WHEN (p_aggregate).aggcombinefn <> 0 THEN (p_aggregate).aggcombinefn::regproc::text END,
    'serialfunc', CASE WHEN (p_aggregate).aggserialfn <> 0 THEN (p_aggregate).aggserialfn::regproc::text END,
    'deserialfunc', CASE WHEN (p_aggregate).aggdeserialfn <> 0 THEN (p_aggregate).aggdeserialfn::regproc::text END,
    'initcond', (p_aggregate).agginitval,
    'msfunc', CASE WHEN (p_aggregate).aggmtransfn <> 0 THEN (p_aggregate).aggmtransfn::regproc::text END,
    'minvfunc', CASE WHEN (p_aggregate).aggminvtransfn <> 0 THEN (p_aggregate).aggminvtransfn::regproc::text END,
    'mstype', CASE WHEN (p_aggregate).aggmtranstype <> 0 THEN format_type((p_aggregate).aggmtranstype, NULL) END,
    'msspace', nullif((p_aggregate).aggmtransspace, 0),
    'mfinalfunc', CASE WHEN (p_aggregate).aggmfinalfn <> 0 THEN (p_aggregate).aggmfinalfn::regproc::text END,
    'mfinalfunc_extra', nullif((p_aggregate).aggmfinalextra, false),
    'mfinalfunc_modify', CASE
        WHEN (p_aggregate).aggmtransfn <> 0
            AND (p_aggregate).aggmfinalmodify <> CASE WHEN (p_aggregate).aggkind = 'n' THEN 'r' ELSE 'w' END
            THEN (p_aggregate).aggmfinalmodify::text END,
    'minitcond', (p_aggregate).aggminitval,
    'sortop', CASE WHEN (p_aggregate).aggsortop <> 0 THEN (p_aggregate).aggsortop::regoper::text END
));
COMMENT ON FUNCTION _pggit.aggregate_attrs(pg_proc, pg_aggregate) IS $$
The attributes of an aggregate.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_aggregates(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_proc'::regclass::oid, p.oid, 0, 'aggregate',
        'pg_namespace'::regclass::oid, s.nspoid, s.logical::text, NULL::text, p.proname::text,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN CASE
            WHEN g.aggkind <> 'n' THEN concat_ws(' ',
                nullif(_pggit.routine_signature((p.proargtypes::oid[])[0:g.aggnumdirectargs - 1]), ''),
                'ORDER BY',
                _pggit.routine_signature((p.proargtypes::oid[])[g.aggnumdirectargs:]))
            WHEN p.pronargs = 0 THEN '*'
            ELSE _pggit.routine_signature(p.proargtypes::oid[])
        END END,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN
            _pggit.aggregate_attrs(p, g)
            || _pggit.common_attrs(p.proowner, obj_description(p.oid, 'pg_proc'), p.proacl, 'f')
        END
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_proc AS p ON p.pronamespace = s.nspoid
    JOIN pg_aggregate AS g ON g.aggfnoid = p.oid
    WHERE NOT _pggit.is_extension_member('pg_proc'::regclass, p.oid);
END;
$$;
COMMENT ON FUNCTION _pggit._read_aggregates(name[], name[]) IS $$
Aggregates.
$$;

-- 20_catalog_relations.sql
CREATE OR REPLACE FUNCTION _pggit.read_relations(p_logical name[], p_live name[])
RETURNS TABLE (
    oid oid, nspoid oid, logical name, path text, relname name, relkind "char", relowner oid, relacl aclitem[],
    relispartition boolean, reloptions text[]
)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 5000
BEGIN ATOMIC
    SELECT c.oid, s.nspoid, s.logical, s.path, c.relname, c.relkind, c.relowner, c.relacl, c.relispartition, c.reloptions
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_class AS c ON c.relnamespace = s.nspoid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I', 'c')
      AND NOT EXISTS (
          SELECT
          FROM pg_depend AS x
          WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.objsubid = 0 AND x.deptype = 'e'
      );
END;
COMMENT ON FUNCTION _pggit.read_relations(name[], name[]) IS $$
The relations of the live schemas, members of extensions left out.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_tables(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 2000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, 0, 'table', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, r.relname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'owner', pg_get_userbyid(r.relowner),
                'comment', d.description,
                'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
                'partition_by', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
                'partition_of', CASE WHEN c.relispartition THEN (
                    SELECT h.inhparent::regclass::text FROM pg_inherits AS h WHERE h.inhrelid = c.oid) END,
                'bound', pg_get_expr(c.relpartbound, c.oid, true),
                'inherits', CASE WHEN NOT c.relispartition AND n.has_parents THEN (
                    SELECT jsonb_agg(h.inhparent::regclass::text ORDER BY h.inhseqno)
                    FROM pg_inherits AS h
                    WHERE h.inhrelid = c.oid) END,
                'of_type', CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype::text END,
                'tablespace', t.spcname,
                'access_method', nullif(a.amname, 'heap'),
                'row_security', nullif(c.relrowsecurity, false),
                'force_row_security', nullif(c.relforcerowsecurity, false),
                'replica_identity', CASE c.relreplident
                    WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN 'index' END,
                'clustered', CASE WHEN i.indrelid IS NOT NULL THEN true END
            ))
        END
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || CASE WHEN o.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(o.reloptions, 'option:toast.') END
        || CASE WHEN r.relacl IS NULL THEN '{}'
            ELSE _pggit.acl_attrs(r.relacl, acldefault('r', r.relowner), r.relowner) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_class AS c ON c.oid = r.oid
    LEFT JOIN pg_class AS o ON o.oid = c.reltoastrelid
    LEFT JOIN pg_am AS a ON a.oid = c.relam
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d
        ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    LEFT JOIN (SELECT DISTINCT x.indrelid FROM pg_index AS x WHERE x.indisclustered) AS i ON i.indrelid = c.oid
    LEFT JOIN (SELECT DISTINCT h.inhrelid, true AS has_parents FROM pg_inherits AS h) AS n ON n.inhrelid = c.oid
    WHERE r.relkind IN ('r', 'p');
END;
$$;
COMMENT ON FUNCTION _pggit._read_tables(name[], name[]) IS $$
Tables, partitioned ones and partitions among them.
$$;

CREATE OR REPLACE FUNCTION _pggit.default_name(p_table text, p_column text, p_label text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_table  text := p_table;
    v_column text := p_column;
    v_room   integer := 62 - octet_length(p_label) - CASE WHEN p_column IS NULL THEN 0 ELSE 1 END;
BEGIN
    -- makeObjectName() of commands/indexcmds.c: shorten the longer part, byte by byte, then to whole characters.
    WHILE octet_length(v_table) + coalesce(octet_length(v_column), 0) > v_room LOOP
        IF octet_length(v_table) > coalesce(octet_length(v_column), 0) THEN
            v_table := left(v_table, -1);
        ELSE
            v_column := left(v_column, -1);
        END IF;
    END LOOP;
    RETURN concat_ws('_', v_table, v_column, p_label);
END;
$$;
COMMENT ON FUNCTION _pggit.default_name(text, text, text) IS $$
The name that PostgreSQL gives to a constraint, index or sequence if none is said (and it is free).
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_attrs(
    p_type oid,
    p_start bigint,
    p_increment bigint,
    p_min bigint,
    p_max bigint,
    p_cache bigint,
    p_cycle boolean
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'type', nullif(p_type::regtype::text, 'bigint'),
        'increment', nullif(p_increment, 1),
        'minimum', nullif(p_min, b.low),
        'maximum', nullif(p_max, b.high),
        'start', CASE WHEN p_start <> CASE WHEN p_increment > 0 THEN p_min ELSE p_max END THEN p_start END,
        'cache', nullif(p_cache, 1),
        'cycle', nullif(p_cycle, false)
    ))
    FROM (
        SELECT
            CASE WHEN p_increment > 0 THEN 1 ELSE -t.top - 1 END AS low,
            CASE WHEN p_increment > 0 THEN t.top ELSE -1 END AS high
        FROM (
            SELECT CASE p_type
                WHEN 'smallint'::regtype THEN 32767::bigint
                WHEN 'integer'::regtype THEN 2147483647
                ELSE 9223372036854775807
            END
        ) AS t(top)
    ) AS b;
END;
COMMENT ON FUNCTION _pggit.sequence_attrs(oid, bigint, bigint, bigint, bigint, bigint, boolean) IS $$
The parameters of a sequence that differ from what CREATE SEQUENCE alone gives.
$$;

CREATE OR REPLACE FUNCTION _pggit.identity_attrs(p_table oid, p_attnum integer, p_kind "char")
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'identity', CASE p_kind WHEN 'a' THEN 'always' ELSE 'by default' END,
        'identity:sequence', quote_ident(c.relname)
    ) || coalesce((
        SELECT jsonb_object_agg('identity:' || a.key, a.value)
        FROM jsonb_each(_pggit.sequence_attrs(
            s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)) AS a
        WHERE a.key <> 'type'
    ), '{}')
    FROM pg_depend AS d
    JOIN pg_sequence AS s ON s.seqrelid = d.objid
    JOIN pg_class AS c ON c.oid = s.seqrelid
    WHERE d.classid = 'pg_class'::regclass
      AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = p_table
      AND d.refobjsubid = p_attnum
      AND d.deptype = 'i';
END;
COMMENT ON FUNCTION _pggit.identity_attrs(oid, integer, "char") IS $$
What an identity column says of its sequence.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_columns(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 15000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, a.attnum::integer, 'column', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, a.attname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'position', row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
                'type', format_type(a.atttypid, a.atttypmod),
                'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
                'not_null', CASE WHEN a.attnotnull THEN true END,
                'not_null_name', quote_ident(n.conname),
                'not_null_no_inherit', nullif(n.connoinherit, false),
                'not_null_not_valid', CASE WHEN NOT n.convalidated THEN true END,
                'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(e.adbin, e.adrelid, true) END,
                'expression', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(e.adbin, e.adrelid, true) END,
                'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
                'storage', CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage
                    WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END END,
                'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
                'statistics', nullif(a.attstattarget, -1),
                'comment', d.description
            ))
        END
        || CASE WHEN a.attidentity = '' THEN '{}'
            ELSE _pggit.identity_attrs(a.attrelid, a.attnum, a.attidentity) END
        || CASE WHEN a.attoptions IS NULL THEN '{}' ELSE _pggit.option_attrs(a.attoptions) END
        || CASE WHEN a.attacl IS NULL THEN '{}' ELSE _pggit.acl_attrs(a.attacl, acldefault('c', r.relowner), r.relowner) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    LEFT JOIN pg_constraint AS n
        ON n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum
    LEFT JOIN pg_description AS d
        ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
    JOIN pg_class AS c ON c.oid = r.oid
    WHERE r.relkind IN ('r', 'p')
      AND a.attislocal
      AND NOT r.relispartition
      AND c.reloftype = 0
    UNION ALL
    SELECT i.* FROM _pggit._read_inherited_columns(p_logical, p_live) AS i;
END;
$$;
COMMENT ON FUNCTION _pggit._read_columns(name[], name[]) IS $$
Columns of tables.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_inherited_columns(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT v.classid, v.objid, v.objsubid, v.kind, v.classid, v.objid, v.logical, v.relname, v.attname, NULL::text, v.attrs
    FROM (
        SELECT
            'pg_class'::regclass::oid AS classid, r.oid AS objid, a.attnum::integer AS objsubid, 'column' AS kind,
            r.logical::text AS logical, r.relname::text AS relname, a.attname::text AS attname,
            CASE WHEN set_config('search_path', r.path, true) <> '' THEN jsonb_strip_nulls(jsonb_build_object(
                'inherited', true,
                'not_null', CASE WHEN a.attnotnull AND (
                    NOT coalesce(u.attnotnull, false) OR n.conname <> y.conname) THEN true END,
                'not_null_name', CASE WHEN n.conname IS DISTINCT FROM y.conname THEN quote_ident(n.conname) END,
                'default', CASE
                    WHEN a.attgenerated = '' AND e.adbin::text IS DISTINCT FROM o.adbin::text
                        AND pg_get_expr(e.adbin, e.adrelid, true) IS DISTINCT FROM pg_get_expr(o.adbin, o.adrelid, true)
                    THEN pg_get_expr(e.adbin, e.adrelid, true) END,
                'no_default', CASE WHEN e.oid IS NULL AND o.oid IS NOT NULL THEN true END,
                'storage', CASE WHEN a.attstorage <> coalesce(u.attstorage, t.typstorage) THEN CASE a.attstorage
                    WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END END,
                'compression', CASE WHEN a.attcompression <> coalesce(u.attcompression, '') THEN
                    CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END END,
                'statistics', nullif(a.attstattarget, -1),
                'comment', d.description
            )) END
            || CASE WHEN a.attoptions IS NULL THEN '{}' ELSE _pggit.option_attrs(a.attoptions) END
            || CASE WHEN a.attacl IS NULL THEN '{}'
                ELSE _pggit.acl_attrs(a.attacl, acldefault('c', r.relowner), r.relowner) END AS attrs
        FROM _pggit.read_relations(p_logical, p_live) AS r
        JOIN pg_class AS c ON c.oid = r.oid
        JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
        LEFT JOIN (
            SELECT DISTINCT ON (h.inhrelid) h.inhrelid, h.inhparent FROM pg_inherits AS h ORDER BY h.inhrelid, h.inhseqno
        ) AS p ON p.inhrelid = r.oid
        LEFT JOIN pg_attribute AS u ON u.attrelid = p.inhparent AND u.attname = a.attname
        LEFT JOIN pg_attrdef AS o ON o.adrelid = u.attrelid AND o.adnum = u.attnum
        LEFT JOIN pg_constraint AS n ON n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum
        LEFT JOIN pg_constraint AS y ON y.conrelid = u.attrelid AND y.contype = 'n' AND y.conkey[1] = u.attnum
        LEFT JOIN pg_description AS d
            ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
        WHERE r.relkind IN ('r', 'p')
          AND (NOT a.attislocal OR r.relispartition OR c.reloftype <> 0)
    ) AS v
    WHERE v.attrs <> '{"inherited": true}';
END;
$$;
COMMENT ON FUNCTION _pggit._read_inherited_columns(name[], name[]) IS $$
Columns of partitions, heirs and typed tables, as far as they differ from what their table gives them.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_sequences(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, r.oid, 0, 'sequence', 'pg_namespace'::regclass::oid, r.nspoid,
        r.logical::text, NULL::text, r.relname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            jsonb_strip_nulls(jsonb_build_object(
                'owner', pg_get_userbyid(r.relowner),
                'comment', d.description,
                'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
                'owned_by', CASE WHEN o.refobjid IS NOT NULL THEN
                    o.refobjid::regclass::text || '.' || quote_ident(a.attname) END
            ))
            || _pggit.sequence_attrs(
                s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
        END
        || CASE WHEN r.relacl IS NULL THEN '{}'
            ELSE _pggit.acl_attrs(r.relacl, acldefault('s', r.relowner), r.relowner) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_class AS c ON c.oid = r.oid
    JOIN pg_sequence AS s ON s.seqrelid = r.oid
    LEFT JOIN pg_depend AS o
        ON o.classid = 'pg_class'::regclass
        AND o.objid = r.oid
        AND o.refclassid = 'pg_class'::regclass
        AND o.refobjsubid > 0
        AND o.deptype IN ('a', 'i')
    LEFT JOIN pg_attribute AS a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
    LEFT JOIN pg_description AS d
        ON d.objoid = r.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    WHERE r.relkind = 'S'
      AND o.deptype IS DISTINCT FROM 'i';
END;
$$;
COMMENT ON FUNCTION _pggit._read_sequences(name[], name[]) IS $$
Sequences; those of identity columns belong to their column.
$$;

-- 20_catalog_relations_parts.sql
CREATE OR REPLACE FUNCTION _pggit.column_names(p_relation oid, p_numbers smallint[])
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(quote_ident(a.attname) ORDER BY k.place)
    FROM unnest(p_numbers) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute AS a ON a.attrelid = p_relation AND a.attnum = k.number;
END;
COMMENT ON FUNCTION _pggit.column_names(oid, smallint[]) IS $$
The names of a relation's columns, quoted, in the order asked for.
$$;

CREATE OR REPLACE FUNCTION _pggit.constraint_attrs(p_constraint pg_constraint, p_index pg_index, p_definition text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'type', CASE (p_constraint).contype
            WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign_key' WHEN 'c' THEN 'check'
            WHEN 'x' THEN 'exclusion' END,
        'definition', CASE WHEN (p_constraint).contype = 'x' THEN p_definition END,
        'expression', CASE WHEN (p_constraint).contype = 'c' THEN
            pg_get_expr((p_constraint).conbin, (p_constraint).conrelid, true) END,
        'no_inherit', CASE WHEN (p_constraint).contype = 'c' THEN nullif((p_constraint).connoinherit, false) END,
        'key_columns', CASE WHEN (p_constraint).contype IN ('p', 'u', 'f') THEN
            _pggit.column_names((p_constraint).conrelid, (p_constraint).conkey) END,
        'include', CASE WHEN (p_index).indnatts > (p_index).indnkeyatts THEN _pggit.column_names(
            (p_constraint).conrelid, ((p_index).indkey::smallint[])[(p_index).indnkeyatts:]) END,
        'nulls_not_distinct', nullif((p_index).indnullsnotdistinct, false),
        'period', CASE
            WHEN (p_constraint).contype = 'f' AND strpos(p_definition, ', PERIOD ') > 0 THEN true
            WHEN (p_constraint).contype IN ('p', 'u') AND strpos(p_definition, ' WITHOUT OVERLAPS)') > 0 THEN true END,
        'target', CASE WHEN (p_constraint).confrelid <> 0 THEN (p_constraint).confrelid::regclass::text END,
        'target_columns', _pggit.column_names((p_constraint).confrelid, (p_constraint).confkey),
        'match', CASE (p_constraint).confmatchtype WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial' END,
        'on_update', CASE (p_constraint).confupdtype
            WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END,
        'on_delete', CASE (p_constraint).confdeltype
            WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END,
        'on_delete_columns', _pggit.column_names((p_constraint).conrelid, (p_constraint).confdelsetcols),
        'deferrable', CASE
            WHEN (p_constraint).condeferred THEN 'initially deferred'
            WHEN (p_constraint).condeferrable THEN 'initially immediate' END,
        'not_enforced', CASE WHEN p_definition LIKE '%NOT ENFORCED' THEN true END,
        'not_valid', CASE
            WHEN NOT (p_constraint).convalidated AND p_definition NOT LIKE '%NOT ENFORCED' THEN true END,
        'clustered', nullif((p_index).indisclustered, false),
        'replica_identity', nullif((p_index).indisreplident, false)
    ));
END;
COMMENT ON FUNCTION _pggit.constraint_attrs(pg_constraint, pg_index, text) IS $$
The attributes of a constraint, its index among them.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_constraints(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 5000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_constraint'::regclass::oid, k.oid, 0, 'constraint', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, k.conname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            _pggit.constraint_attrs(k, i, pg_get_constraintdef(k.oid, true))
        END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('comment', d.description) END
        || CASE WHEN t.spcname IS NULL THEN '{}' ELSE jsonb_build_object('tablespace', t.spcname) END
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || CASE WHEN c.relispartition THEN '{"attached": true}'::jsonb ELSE '{}' END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
    LEFT JOIN pg_index AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class AS c ON c.oid = i.indexrelid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass AND d.objsubid = 0
    WHERE r.relkind IN ('r', 'p')
      AND k.conparentid = 0
      AND (k.conislocal OR k.contype <> 'c')
      AND (k.coninhcount = 0 OR NOT r.relispartition)
    UNION ALL
    SELECT
        'pg_constraint'::regclass::oid, k.oid, 0, 'constraint', 'pg_type'::regclass::oid, y.oid,
        s.logical::text, y.typname::text, k.conname::text, NULL::text,
        CASE WHEN set_config('search_path', s.path, true) <> '' THEN jsonb_strip_nulls(jsonb_build_object(
            'type', 'check',
            'expression', pg_get_expr(k.conbin, 0, true),
            'not_valid', CASE WHEN NOT k.convalidated THEN true END,
            'comment', d.description
        )) END
    FROM _pggit.read_scope(p_logical, p_live) AS s
    JOIN pg_type AS y ON y.typnamespace = s.nspoid
    JOIN pg_constraint AS k ON k.contypid = y.oid AND k.contype = 'c'
    LEFT JOIN pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass AND d.objsubid = 0
    WHERE NOT EXISTS (
        SELECT
        FROM pg_depend AS x
        WHERE x.classid = 'pg_type'::regclass AND x.objid = y.oid AND x.deptype = 'e'
    );
END;
$$;
COMMENT ON FUNCTION _pggit._read_constraints(name[], name[]) IS $$
Constraints of tables and domains; what partitions and heirs have from their parents is left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.index_attrs(
    p_index pg_index,
    p_definition text,
    p_head text,
    p_where text,
    p_options text[]
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH part AS (
        SELECT
            CASE WHEN (p_index).indnatts > (p_index).indnkeyatts THEN ' INCLUDE (' || (
                SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
                FROM unnest(((p_index).indkey::smallint[])[(p_index).indnkeyatts:])
                    WITH ORDINALITY AS k(number, place)
                JOIN pg_attribute AS a ON a.attrelid = (p_index).indrelid AND a.attnum = k.number
            ) || ')' ELSE '' END
            || CASE WHEN (p_index).indnullsnotdistinct THEN ' NULLS NOT DISTINCT' ELSE '' END
            || coalesce(' WITH (' || (
                SELECT string_agg(
                    quote_ident(split_part(o.item, '=', 1)) || '='
                    || CASE WHEN quote_ident(v.value) = v.value THEN v.value ELSE quote_literal(v.value) END,
                    ', ' ORDER BY o.place)
                FROM unnest(p_options) WITH ORDINALITY AS o(item, place)
                CROSS JOIN LATERAL (SELECT substr(o.item, strpos(o.item, '=') + 1)) AS v(value)
            ) || ')', '')
            || coalesce(' WHERE ' || p_where, '') AS tail,
            substr(p_definition, length(p_head) + 1) AS body
    ), cut AS (
        SELECT left(p.body, length(p.body) - length(p.tail)) AS body FROM part AS p
    )
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'method', nullif(split_part(c.body, ' (', 1), 'btree'),
        'unique', nullif((p_index).indisunique, false),
        'keys', substr(c.body, strpos(c.body, ' (') + 1),
        'include', CASE WHEN (p_index).indnatts > (p_index).indnkeyatts THEN _pggit.column_names(
            (p_index).indrelid, ((p_index).indkey::smallint[])[(p_index).indnkeyatts:]) END,
        'nulls_not_distinct', nullif((p_index).indnullsnotdistinct, false),
        'where', p_where,
        'invalid', CASE WHEN NOT (p_index).indisvalid THEN true END,
        'clustered', nullif((p_index).indisclustered, false),
        'replica_identity', nullif((p_index).indisreplident, false)
    ))
    FROM cut AS c;
END;
COMMENT ON FUNCTION _pggit.index_attrs(pg_index, text, text, text, text[]) IS $$
The attributes of an index, its keys cut out of the definition that PostgreSQL prints.
p_head: the definition up to and including USING; the printed tail is known exactly from the other attributes.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_indexes(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 5000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_class'::regclass::oid, c.oid, 0, 'index', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, c.relname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN _pggit.index_attrs(
            i,
            pg_get_indexdef(c.oid, 0, true),
            'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(c.relname)
                || ' ON ' || CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END || r.oid::regclass::text || ' USING ',
            pg_get_expr(i.indpred, i.indrelid, true),
            c.reloptions
        ) END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('comment', d.description) END
        || CASE WHEN t.spcname IS NULL THEN '{}' ELSE jsonb_build_object('tablespace', t.spcname) END
        || CASE WHEN c.reloptions IS NULL THEN '{}' ELSE _pggit.option_attrs(c.reloptions) END
        || coalesce(g.attrs, '{}')
        || CASE WHEN held.inhparent IS NULL THEN '{}' ELSE '{"holds_keys": true}'::jsonb END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_index AS i ON i.indrelid = r.oid
    JOIN pg_class AS c ON c.oid = i.indexrelid
    LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
    LEFT JOIN pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    LEFT JOIN (
        SELECT a.attrelid, jsonb_object_agg('statistics:' || a.attnum, a.attstattarget) AS attrs
        FROM pg_attribute AS a
        WHERE a.attstattarget >= 0 AND a.attnum > 0
        GROUP BY a.attrelid
    ) AS g ON g.attrelid = c.oid
    LEFT JOIN (
        SELECT DISTINCT h.inhparent
        FROM pg_inherits AS h
        JOIN pg_constraint AS x ON x.conindid = h.inhrelid AND x.conparentid = 0 AND x.contype IN ('p', 'u')
    ) AS held ON held.inhparent = c.oid AND c.relkind = 'I'
    LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
    WHERE r.relkind IN ('r', 'p', 'm')
      AND k.oid IS NULL
      AND NOT c.relispartition;
END;
$$;
COMMENT ON FUNCTION _pggit._read_indexes(name[], name[]) IS $$
Indexes, those of constraints and those attached to the index of a partitioned table left out.
$$;

CREATE OR REPLACE FUNCTION _pggit.trigger_attrs(p_trigger pg_trigger, p_definition text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'timing', CASE
            WHEN (p_trigger).tgtype & 2 <> 0 THEN 'before' WHEN (p_trigger).tgtype & 64 <> 0 THEN 'instead of'
            ELSE 'after' END,
        'events', concat_ws(' or ',
            CASE WHEN (p_trigger).tgtype & 4 <> 0 THEN 'insert' END,
            CASE WHEN (p_trigger).tgtype & 8 <> 0 THEN 'delete' END,
            CASE WHEN (p_trigger).tgtype & 16 <> 0 THEN 'update' END,
            CASE WHEN (p_trigger).tgtype & 32 <> 0 THEN 'truncate' END),
        'update_of', _pggit.column_names((p_trigger).tgrelid, (p_trigger).tgattr::smallint[]),
        'level', CASE WHEN (p_trigger).tgtype & 1 <> 0 THEN 'row' END,
        'old_table', (p_trigger).tgoldtable,
        'new_table', (p_trigger).tgnewtable,
        'when', CASE WHEN (p_trigger).tgqual IS NOT NULL THEN
            substring(r.rest FROM ' FOR EACH (?:ROW|STATEMENT) WHEN \((.*)\) EXECUTE FUNCTION ') END,
        'function', CASE
            WHEN (p_trigger).tgqual IS NULL
                THEN substring(r.rest FROM ' FOR EACH (?:ROW|STATEMENT) EXECUTE FUNCTION (.*)$')
            WHEN (p_trigger).tgnargs = 0
                THEN substring(r.rest FROM '^.*\) EXECUTE FUNCTION (.*)$')
            ELSE substring(r.rest FROM '^.*?\) EXECUTE FUNCTION (.*)$') END,
        'constraint', CASE WHEN (p_trigger).tgconstraint <> 0 THEN true END,
        'from_table', CASE WHEN (p_trigger).tgconstrrelid <> 0 THEN (p_trigger).tgconstrrelid::regclass::text END,
        'deferrable', CASE
            WHEN (p_trigger).tginitdeferred THEN 'initially deferred'
            WHEN (p_trigger).tgdeferrable THEN 'initially immediate' END,
        'enabled', CASE (p_trigger).tgenabled
            WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END
    ))
    FROM (
        SELECT substr(p_definition, length(
            'CREATE ' || CASE WHEN (p_trigger).tgconstraint <> 0 THEN 'CONSTRAINT ' ELSE '' END
            || 'TRIGGER ' || quote_ident((p_trigger).tgname)) + 1)
    ) AS r(rest);
END;
COMMENT ON FUNCTION _pggit.trigger_attrs(pg_trigger, text) IS $$
The attributes of a trigger; condition and call are cut out of the definition that PostgreSQL prints.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_triggers(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_trigger'::regclass::oid, t.oid, 0, 'trigger', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, t.tgname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN
            _pggit.trigger_attrs(t, pg_get_triggerdef(t.oid, true))
        END
        || CASE WHEN d.description IS NULL THEN '{}' ELSE jsonb_build_object('comment', d.description) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_trigger AS t ON t.tgrelid = r.oid
    LEFT JOIN pg_description AS d ON d.objoid = t.oid AND d.classoid = 'pg_trigger'::regclass AND d.objsubid = 0
    WHERE NOT t.tgisinternal
      AND t.tgparentid = 0;
END;
$$;
COMMENT ON FUNCTION _pggit._read_triggers(name[], name[]) IS $$
Triggers of tables and views.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_policies(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_policy'::regclass::oid, p.oid, 0, 'policy', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, p.polname::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN jsonb_strip_nulls(jsonb_build_object(
            'restrictive', CASE WHEN NOT p.polpermissive THEN true END,
            'command', CASE p.polcmd
                WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' END,
            'roles', CASE WHEN p.polroles <> '{0}' THEN (
                SELECT jsonb_agg(pg_get_userbyid(m.role) ORDER BY pg_get_userbyid(m.role))
                FROM unnest(p.polroles) AS m(role)) END,
            'using', pg_get_expr(p.polqual, p.polrelid, true),
            'check', pg_get_expr(p.polwithcheck, p.polrelid, true),
            'comment', d.description
        )) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_policy AS p ON p.polrelid = r.oid
    LEFT JOIN pg_description AS d ON d.objoid = p.oid AND d.classoid = 'pg_policy'::regclass AND d.objsubid = 0;
END;
$$;
COMMENT ON FUNCTION _pggit._read_policies(name[], name[]) IS $$
Row-level security policies.
$$;

CREATE OR REPLACE FUNCTION _pggit._read_rules(p_logical name[], p_live name[])
RETURNS SETOF _pggit.catalog_row
LANGUAGE plpgsql
VOLATILE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'pg_rewrite'::regclass::oid, w.oid, 0, 'rule', 'pg_class'::regclass::oid, r.oid,
        r.logical::text, r.relname::text, w.rulename::text, NULL::text,
        CASE WHEN set_config('search_path', r.path, true) <> '' THEN jsonb_strip_nulls(jsonb_build_object(
            'definition', rtrim(substr(
                pg_get_ruledef(w.oid, true), length('CREATE RULE ' || quote_ident(w.rulename) || ' AS') + 1), ';'),
            'enabled', CASE w.ev_enabled
                WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END,
            'comment', d.description
        )) END
    FROM _pggit.read_relations(p_logical, p_live) AS r
    JOIN pg_rewrite AS w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
    LEFT JOIN pg_description AS d ON d.objoid = w.oid AND d.classoid = 'pg_rewrite'::regclass AND d.objsubid = 0;
END;
$$;
COMMENT ON FUNCTION _pggit._read_rules(name[], name[]) IS $$
Rewrite rules; those that are a view's query belong to the view.
$$;

-- 20_catalog_uncovered.sql
CREATE OR REPLACE FUNCTION _pggit.uncovered(p_logical name[], p_live name[])
RETURNS TABLE (kind text, identity text, reason text)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
SET jit = off
BEGIN ATOMIC
    WITH scope AS MATERIALIZED (
        SELECT s.nspoid FROM _pggit.read_scope(p_logical, p_live) AS s
    ), found(classid, objid, reason) AS (
        SELECT d.classid, d.objid, 'objects of this kind are not versioned'
        FROM pg_depend AS d
        JOIN scope AS s ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.nspoid
        WHERE d.deptype = 'n'
          AND d.classid IN (
              'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_conversion'::regclass,
              'pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass,
              'pg_statistic_ext'::regclass)
        UNION ALL
        SELECT 'pg_class'::regclass, c.oid, 'foreign tables are not versioned'
        FROM pg_class AS c
        JOIN scope AS s ON s.nspoid = c.relnamespace
        WHERE c.relkind = 'f'
        UNION ALL
        SELECT 'pg_type'::regclass, t.oid, 'base types are not versioned'
        FROM pg_type AS t
        JOIN scope AS s ON s.nspoid = t.typnamespace
        LEFT JOIN pg_type AS e ON e.typarray = t.oid
        WHERE t.typtype IN ('b', 'p')
          AND e.oid IS NULL
        UNION ALL
        SELECT 'pg_cast'::regclass, c.oid, 'casts are not versioned'
        FROM pg_cast AS c
        WHERE EXISTS (
            SELECT
            FROM pg_type AS t
            JOIN scope AS s ON s.nspoid = t.typnamespace
            WHERE t.oid IN (c.castsource, c.casttarget)
              AND t.typtype <> 'm'
        )
        UNION ALL
        SELECT 'pg_publication_rel'::regclass, p.oid, 'what a publication contains is not versioned'
        FROM pg_publication_rel AS p
        JOIN pg_class AS c ON c.oid = p.prrelid
        JOIN scope AS s ON s.nspoid = c.relnamespace
        UNION ALL
        SELECT 'pg_publication_namespace'::regclass, p.oid, 'what a publication contains is not versioned'
        FROM pg_publication_namespace AS p
        JOIN scope AS s ON s.nspoid = p.pnnspid
    )
    SELECT i.type, i.identity, f.reason
    FROM found AS f
    CROSS JOIN LATERAL pg_identify_object(f.classid, f.objid, 0) AS i
    WHERE NOT EXISTS (
        SELECT
        FROM pg_depend AS x
        WHERE x.classid = f.classid AND x.objid = f.objid AND x.deptype IN ('e', 'i')
    )
    UNION ALL
    SELECT 'security label', l.objnamespace::regnamespace || '.' || l.objname, 'security labels are not versioned'
    FROM pg_seclabels AS l
    JOIN scope AS s ON s.nspoid = l.objnamespace
    ORDER BY 1, 2;
END;
COMMENT ON FUNCTION _pggit.uncovered(name[], name[]) IS $$
What lives in the schemas without being versioned, each with the reason; members of extensions are left to their extension.
$$;

-- 21_diff.sql
CREATE OR REPLACE FUNCTION _pggit.compared_attrs(p_attrs jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_attrs - CASE WHEN p_attrs ? 'query' THEN '{position,columns}'::text[] ELSE '{position}' END;
COMMENT ON FUNCTION _pggit.compared_attrs(jsonb) IS $$
The attributes that make a difference: without a column's position and a view's derived output columns, which follow from the rest.
$$;

CREATE OR REPLACE FUNCTION _pggit.changed_attributes(p_old jsonb, p_new jsonb)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(k.key ORDER BY k.key), '{}')
    FROM (
        SELECT o.key
        FROM jsonb_each(_pggit.compared_attrs(p_old)) AS o
        WHERE p_new->o.key IS DISTINCT FROM o.value
          AND (o.key <> 'owner' OR p_new ? 'owner')
        UNION
        SELECT n.key
        FROM jsonb_each(_pggit.compared_attrs(p_new)) AS n
        WHERE NOT p_old ? n.key
          AND n.key <> 'owner'
    ) AS k
);
COMMENT ON FUNCTION _pggit.changed_attributes(jsonb, jsonb) IS $$
Names of the attributes that differ; an owner that only one side knows is not a difference.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_attributes_changed(p_old _pggit.object, p_new _pggit.object)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN (p_old).name IS DISTINCT FROM (p_new).name THEN '{name}'::text[] ELSE '{}' END
    || CASE
        WHEN (p_old).parent_id IS DISTINCT FROM (p_new).parent_id THEN '{schema}'::text[]
        ELSE '{}'
    END
    || CASE
        WHEN (p_old).signature IS DISTINCT FROM (p_new).signature THEN '{signature}'::text[]
        ELSE '{}'
    END
    || CASE
        WHEN (p_old).attrs = (p_new).attrs THEN '{}'::text[]
        ELSE _pggit.changed_attributes((p_old).attrs, (p_new).attrs)
    END;
COMMENT ON FUNCTION _pggit.object_attributes_changed(_pggit.object, _pggit.object) IS $$
What differs between two versions of one object: attributes, and "name", "schema" (its parent) and "signature".
$$;

CREATE OR REPLACE FUNCTION _pggit.diff_objects(p_from _pggit.object[], p_to _pggit.object[])
RETURNS SETOF _pggit.change
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH pairs AS (
        SELECT
            o AS old,
            n AS new,
            CASE
                WHEN (o).object_id IS NULL OR (n).object_id IS NULL THEN '{}'::text[]
                ELSE _pggit.object_attributes_changed(o, n)
            END AS attributes
        FROM unnest(p_from) AS o
        FULL JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
    )
    SELECT
        CASE
            WHEN (p.old).object_id IS NULL THEN 'added'
            WHEN (p.new).object_id IS NULL THEN 'dropped'
            WHEN p.attributes <@ '{name,schema}' THEN 'renamed'
            ELSE 'modified'
        END,
        coalesce((p.new).kind, (p.old).kind),
        coalesce((p.new).object_id, (p.old).object_id),
        coalesce((p.new).schema_name, (p.old).schema_name),
        coalesce((p.new).table_name, (p.old).table_name),
        coalesce((p.new).name, (p.old).name),
        CASE WHEN (p.old).name <> (p.new).name THEN (p.old).name END,
        p.attributes,
        p.old,
        p.new
    FROM pairs AS p
    WHERE (p.old).object_id IS NULL
       OR (p.new).object_id IS NULL
       OR p.attributes <> '{}'
    ORDER BY 4 NULLS FIRST, 5 NULLS FIRST, 2, 6, 3;
END;
COMMENT ON FUNCTION _pggit.diff_objects(_pggit.object[], _pggit.object[]) IS $$
The differences between two trees, paired by stable identity, one row per object, ordered by path.
$$;

-- 22_plan.sql
CREATE OR REPLACE FUNCTION _pggit.make_ddl(
    p_sql text,
    p_lock_level text DEFAULT '',
    p_hazards text[] DEFAULT '{}'
)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_sql, p_lock_level, coalesce(p_hazards, '{}'), true)::_pggit.ddl;
COMMENT ON FUNCTION _pggit.make_ddl(text, text, text[]) IS $$
One statement that runs inside a transaction.
$$;

CREATE OR REPLACE FUNCTION _pggit.qualified_name(p_schema text, p_name text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce(quote_ident(p_schema) || '.', '') || quote_ident(p_name);
COMMENT ON FUNCTION _pggit.qualified_name(text, text) IS $$
A name quoted for SQL, with its schema if there is one.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_address(p_object _pggit.object, p_parent_kind text DEFAULT NULL)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind IN ('schema', 'extension') THEN upper((p_object).kind) || ' ' || quote_ident((p_object).name)
    WHEN (p_object).kind IN ('enum', 'composite', 'range')
        THEN 'TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    WHEN (p_object).kind = 'column' THEN 'COLUMN '
        || _pggit.qualified_name((p_object).schema_name, (p_object).table_name) || '.' || quote_ident((p_object).name)
    WHEN (p_object).kind IN ('function', 'procedure', 'aggregate') THEN upper((p_object).kind) || ' '
        || _pggit.qualified_name((p_object).schema_name, (p_object).name) || '(' || (p_object).signature || ')'
    WHEN (p_object).kind IN ('constraint', 'trigger', 'policy', 'rule') THEN upper((p_object).kind) || ' '
        || quote_ident((p_object).name) || ' ON ' || CASE WHEN p_parent_kind = 'domain' THEN 'DOMAIN ' ELSE '' END
        || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
    ELSE upper(replace((p_object).kind, '_', ' ')) || ' '
        || _pggit.qualified_name((p_object).schema_name, (p_object).name)
END;
COMMENT ON FUNCTION _pggit.object_address(_pggit.object, text) IS $$
How DDL names the object: 'TABLE app.users', 'COLUMN app.users.id', 'FUNCTION app.f(integer)', 'TRIGGER t ON app.users'.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_title(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN replace((p_object).kind, '_', ' ') || ' '
    || concat_ws('.', quote_ident((p_object).schema_name), quote_ident((p_object).table_name), quote_ident((p_object).name))
    || coalesce('(' || (p_object).signature || ')', '');
COMMENT ON FUNCTION _pggit.object_title(_pggit.object) IS $$
What people call the object: 'column app.users.email'.
$$;

CREATE OR REPLACE FUNCTION _pggit.grant_target(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind IN ('table', 'view', 'materialized_view')
        THEN 'TABLE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    WHEN (p_object).kind = 'column'
        THEN 'TABLE ' || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
    WHEN (p_object).kind = 'domain'
        THEN 'TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    WHEN (p_object).kind = 'aggregate' THEN 'FUNCTION '
        || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || '(' || replace(replace((p_object).signature, '*', ''), ' ORDER BY ', ', ') || ')'
    ELSE _pggit.object_address(p_object)
END;
COMMENT ON FUNCTION _pggit.grant_target(_pggit.object) IS $$
How GRANT names the object.
$$;

CREATE OR REPLACE FUNCTION _pggit.kind_weight(p_kind text)
RETURNS integer
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce(array_position(
    '{schema,extension,collation,enum,domain,composite,range,sequence,table,column,function,procedure,aggregate,'
    'view,materialized_view,constraint,index,statistics,trigger,rule,policy,default_privilege}'::text[], p_kind), 50);
COMMENT ON FUNCTION _pggit.kind_weight(text) IS $$
The order in which kinds are created where no dependency says otherwise.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_type_kind(p_kind text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_kind IN ('enum', 'domain', 'composite', 'range', 'collation');
COMMENT ON FUNCTION _pggit.is_type_kind(text) IS $$
Whether objects of this kind are what columns are typed with: types, and collations that go with them.
$$;

CREATE OR REPLACE FUNCTION _pggit.set_aside_name(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN 'pggit_old_' || replace((p_object).object_id::text, '-', '');
COMMENT ON FUNCTION _pggit.set_aside_name(_pggit.object) IS $$
The name an object has while it makes room for another of its own name.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_items(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH pairs AS MATERIALIZED (
        SELECT o AS first, n AS new, coalesce((n).object_id, (o).object_id) AS object_id
        FROM unnest(p_from) AS o
        FULL JOIN unnest(p_to) AS n ON (n).object_id = (o).object_id
    ), placed AS (
        SELECT
            p.object_id, p.first, p.new,
            coalesce((q.new).kind, (q.first).kind) AS parent_kind,
            CASE
                WHEN (p.first).object_id IS NULL THEN NULL
                ELSE (
                    (p.first).object_id, (p.first).kind, (p.first).parent_id,
                    CASE
                        WHEN (p.new).object_id IS NOT NULL THEN (p.new).schema_name
                        WHEN (q.new).object_id IS NULL THEN (p.first).schema_name
                        WHEN (q.new).kind = 'schema' THEN (q.new).name
                        ELSE (q.new).schema_name
                    END,
                    CASE
                        WHEN (p.new).object_id IS NOT NULL THEN (p.new).table_name
                        WHEN (q.new).object_id IS NULL OR (q.new).kind = 'schema' THEN (p.first).table_name
                        ELSE (q.new).name
                    END,
                    coalesce((p.new).name, (p.first).name),
                    coalesce((p.new).signature, (p.first).signature),
                    (p.first).attrs, (p.first).deps
                )::_pggit.object
            END AS old
        FROM pairs AS p
        LEFT JOIN pairs AS q ON q.object_id = coalesce((p.new).parent_id, (p.first).parent_id)
    )
    SELECT array_agg((
        p.object_id,
        coalesce((p.new).kind, (p.first).kind),
        CASE
            WHEN (p.first).object_id IS NULL THEN 'create'
            WHEN (p.new).object_id IS NULL THEN 'drop'
            WHEN (p.first).attrs = (p.new).attrs THEN 'keep'
            WHEN _pggit.changed_attributes((p.first).attrs, (p.new).attrs) = '{}' THEN 'keep'
            ELSE 'alter'
        END,
        (p.first).object_id IS NOT NULL AND (p.new).object_id IS NOT NULL
            AND ((p.first).name <> (p.new).name OR (p.first).parent_id IS DISTINCT FROM (p.new).parent_id),
        false, false, false,
        p.parent_kind, p.first, p.old, p.new
    )::_pggit.plan_item)
    FROM placed AS p;
END;
COMMENT ON FUNCTION _pggit.plan_items(_pggit.object[], _pggit.object[]) IS $$
Every object of either tree with what is to be done to it, before dependents are looked at.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_rebuilds(p_items _pggit.plan_item[], p_rebuild uuid[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_rebuilt uuid[] := p_rebuild;
    v_some    uuid[];
    v_kind    text;
    v_changed _pggit.plan_item[];
BEGIN
    FOR v_kind, v_changed IN
        SELECT CASE WHEN i.kind = 'constraint' AND i.parent_kind = 'domain' THEN 'domain_constraint' ELSE i.kind END, array_agg(i)
        FROM unnest(p_items) AS i
        WHERE i.action = 'alter'
        GROUP BY 1
    LOOP
        CONTINUE WHEN to_regprocedure(
            format('_pggit.%I(_pggit.object, _pggit.object)', 'rebuild_' || v_kind)) IS NULL;
        EXECUTE format(
            'SELECT array_agg(i.object_id) FROM unnest($1) AS i WHERE _pggit.%I(i.old, i.new)',
            'rebuild_' || v_kind)
        INTO v_some
        USING v_changed;
        v_rebuilt := v_rebuilt || coalesce(v_some, '{}');
    END LOOP;
    IF v_rebuilt = '{}' THEN
        RETURN p_items;
    END IF;
    RETURN (
        SELECT array_agg((
            i.object_id, i.kind, CASE WHEN r.object_id IS NULL THEN i.action ELSE 'rebuild' END, i.is_renamed,
            i.is_retyped, i.is_loosened, i.is_set_aside, i.parent_kind, i.first, i.old, i.new
        )::_pggit.plan_item)
        FROM unnest(p_items) AS i
        LEFT JOIN unnest(v_rebuilt) AS r(object_id) ON r.object_id = i.object_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.mark_rebuilds(_pggit.plan_item[], uuid[]) IS $$
Turns alterations that ALTER cannot express into rebuilds, as the rebuild_<kind> functions say, and those of p_rebuild.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_path(p_schema text, p_extra_path jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_schema IS NOT NULL THEN (
        SELECT string_agg(quote_ident(s.name), ', ' ORDER BY s.place)
        FROM (
            SELECT p_schema AS name, 0 AS place
            UNION ALL
            SELECT e.name, e.place
            FROM jsonb_array_elements_text(p_extra_path->p_schema) WITH ORDINALITY AS e(name, place)
            UNION ALL
            SELECT 'pg_temp', 1000000
        ) AS s
    )
END;
COMMENT ON FUNCTION _pggit.plan_path(text, jsonb) IS $$
The search_path under which the definitions of a schema were printed, and are read back.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_extra_path jsonb DEFAULT '{}',
    p_rebuild uuid[] DEFAULT '{}'
)
RETURNS SETOF _pggit.step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
-- Arrays have no statistics: the planner would loop over tens of thousands of items for each of them.
SET enable_nestloop = off
AS $$
DECLARE
    v_items      _pggit.plan_item[] := _pggit.plan_items(
        _pggit.spell_out_heirs(p_from, p_to),
        _pggit.mark_targets(p_from, _pggit.spell_out_defaults(p_from, _pggit.spell_out_heirs(p_to, p_from))));
    v_nodes      _pggit.plan_node[];
    v_order      integer[];
    v_cycle      uuid[] := '{}'::uuid[];
    v_more       uuid[];
    v_statements _pggit.plan_statement[];
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(v_items) AS i WHERE i.action <> 'keep' OR i.is_renamed) THEN
        RETURN;
    END IF;
    v_items := _pggit.mark_rebuilds(_pggit.adopt_indexes(_pggit.follow_renames(v_items)), p_rebuild);
    v_items := _pggit.spread_rebuilds(_pggit.rebuild_held_domains(v_items));
    v_items := ARRAY(SELECT i FROM unnest(v_items) AS i WHERE i.action <> 'keep' OR i.is_renamed);
    FOR v_try IN 1 .. 3 LOOP
        v_nodes := _pggit.plan_nodes(v_items, v_cycle);
        SELECT s.node_order, s.cycle_objects
        INTO v_order, v_more
        FROM _pggit.order_nodes(v_items, v_nodes) AS s;
        EXIT WHEN v_more = '{}' OR v_more <@ v_cycle;
        v_cycle := v_cycle || v_more;
    END LOOP;
    v_statements := _pggit.plan_statements(v_items, v_nodes);
    RETURN QUERY SELECT * FROM _pggit.lay_out_steps(v_items, v_nodes, v_order, v_statements, p_extra_path);
END;
$$;
COMMENT ON FUNCTION _pggit.plan(_pggit.object[], _pggit.object[], jsonb, uuid[]) IS $$
The ordered DDL from one tree to another. Objects equal in both trees are context: dependents are found among them.
p_extra_path: per schema, the schemas that its definitions see besides their own: {"app@feature/x": ["app"]}.
p_rebuild: objects to make anew although ALTER would do.
Returns: steps in execution order; SET and RESET among them keep the search_path that the definitions need.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_transaction(
    p_from _pggit.object[],
    p_to _pggit.object[],
    p_extra_path jsonb DEFAULT '{}'
)
RETURNS SETOF _pggit.step
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_steps _pggit.step[] := ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan(p_from, p_to, p_extra_path) AS s);
    v_late  uuid[] := ARRAY(SELECT s.object_id FROM unnest(v_steps) AS s WHERE s.kind = 'enum' AND NOT s.in_transaction);
BEGIN
    IF v_late <> '{}' THEN
        v_steps := ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan(p_from, p_to, p_extra_path, v_late) AS s);
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_steps) AS s ORDER BY s.step_no;
END;
$$;
COMMENT ON FUNCTION _pggit.plan_transaction(_pggit.object[], _pggit.object[], jsonb) IS $$
A plan that runs in one transaction: an enum whose new label the plan uses is built anew, because PostgreSQL lets a label be used
only after the transaction that added it (ALTER TYPE, Notes).
$$;

-- 22_plan_grants.sql
CREATE OR REPLACE FUNCTION _pggit.acl_changes(p_old jsonb, p_new jsonb)
RETURNS TABLE (deed text, grantee text, privileges text[])
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    WITH item AS (
        SELECT
            substring(coalesce(o.key, n.key) FROM '^acl:(.*):[^:]*$') AS grantee,
            substring(coalesce(o.key, n.key) FROM '[^:]*$') AS privilege,
            o.value #>> '{}' AS old_state,
            n.value #>> '{}' AS new_state
        FROM (SELECT e.key, e.value FROM jsonb_each(p_old) AS e WHERE e.key LIKE 'acl:%') AS o
        FULL JOIN (SELECT e.key, e.value FROM jsonb_each(p_new) AS e WHERE e.key LIKE 'acl:%') AS n
            ON n.key = o.key
        WHERE o.value IS DISTINCT FROM n.value
    ), deed AS (
        SELECT
            i.grantee,
            i.privilege,
            CASE
                WHEN i.new_state = 'grantable' THEN 'grant option'
                WHEN i.new_state = 'granted' AND i.old_state = 'grantable' THEN 'revoke option'
                WHEN i.new_state = 'granted' THEN 'grant'
                WHEN i.new_state = 'revoked' THEN 'revoke'
                WHEN i.old_state = 'revoked' THEN 'grant'
                ELSE 'revoke'
            END AS deed
        FROM item AS i
    )
    SELECT d.deed, d.grantee, array_agg(d.privilege ORDER BY d.privilege)
    FROM deed AS d
    -- who has become the owner has the owner's rights
    WHERE NOT coalesce(d.deed LIKE 'revoke%' AND d.grantee = quote_ident(p_new->>'owner'), false)
    GROUP BY d.grantee, d.deed
    ORDER BY d.deed DESC, d.grantee;
END;
COMMENT ON FUNCTION _pggit.acl_changes(jsonb, jsonb) IS $$
What to grant and to revoke, per grantee, to come from the grants in one set of attributes to those in the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.acl_statement(
    p_deed text,
    p_privileges text,
    p_target text,
    p_grantee text,
    p_owner text
)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_deed
        WHEN 'revoke option' THEN 'REVOKE GRANT OPTION FOR '
        WHEN 'revoke' THEN 'REVOKE '
        ELSE 'GRANT '
    END
    || p_privileges || ' ON ' || p_target
    || CASE WHEN p_deed LIKE 'revoke%' THEN ' FROM ' ELSE ' TO ' END
    || CASE WHEN p_grantee = '@owner' THEN coalesce(quote_ident(p_owner), 'CURRENT_USER') ELSE p_grantee END
    || CASE WHEN p_deed = 'grant option' THEN ' WITH GRANT OPTION' ELSE '' END;
COMMENT ON FUNCTION _pggit.acl_statement(text, text, text, text, text) IS $$
One GRANT or REVOKE.
$$;

CREATE OR REPLACE FUNCTION _pggit.acl_statements(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.acl_statement(
        c.deed,
        (
            SELECT string_agg(
                p.privilege || CASE WHEN (p_new).kind = 'column' THEN ' (' || quote_ident((p_new).name) || ')' ELSE '' END,
                ', ' ORDER BY p.privilege)
            FROM unnest(c.privileges) AS p(privilege)
        ),
        _pggit.grant_target(p_new), c.grantee, (p_new).attrs->>'owner'))
    FROM _pggit.acl_changes(coalesce((p_old).attrs, '{}'), (p_new).attrs) AS c;
END;
COMMENT ON FUNCTION _pggit.acl_statements(_pggit.object, _pggit.object) IS $$
GRANT and REVOKE statements that turn the grants of one version into those of the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.grant_class(p_kind text)
RETURNS "char"
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_kind IN ('table', 'view', 'materialized_view') THEN 'r'
    WHEN p_kind = 'sequence' THEN 'S'
    WHEN p_kind IN ('function', 'procedure', 'aggregate') THEN 'f'
    WHEN p_kind IN ('enum', 'domain', 'composite', 'range') THEN 'T'
    WHEN p_kind = 'schema' THEN 'n'
END::"char";
COMMENT ON FUNCTION _pggit.grant_class(text) IS $$
The letter under which pg_default_acl keeps default privileges for a kind.
$$;

CREATE OR REPLACE FUNCTION _pggit.implied_grants()
RETURNS TABLE (objects "char", schema_name text, attrs jsonb)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    SELECT t.objects, n.nspname::text, _pggit.acl_attrs(
        coalesce(g.defaclacl, i.initial) || coalesce(s.defaclacl, '{}'), i.initial, r.oid)
    FROM pg_roles AS r
    CROSS JOIN unnest('{r,S,f,T,n}'::"char"[]) AS t(objects)
    CROSS JOIN LATERAL (
        SELECT acldefault(CASE t.objects WHEN 'S' THEN 's' ELSE t.objects END, r.oid) AS initial
    ) AS i
    CROSS JOIN pg_namespace AS n
    LEFT JOIN pg_default_acl AS g
        ON g.defaclrole = r.oid AND g.defaclobjtype = t.objects AND g.defaclnamespace = 0
    LEFT JOIN pg_default_acl AS s
        ON s.defaclrole = r.oid AND s.defaclobjtype = t.objects AND s.defaclnamespace = n.oid
    WHERE r.rolname = current_user
      AND (g.oid IS NOT NULL OR s.oid IS NOT NULL)
      -- schemas live in no schema: one row is enough
      AND (t.objects <> 'n' OR n.nspname = 'pg_catalog');
END;
COMMENT ON FUNCTION _pggit.implied_grants() IS $$
The grants that new objects of the current user get by ALTER DEFAULT PRIVILEGES, so that those not wanted are revoked.
$$;

-- 22_plan_order.sql
CREATE OR REPLACE FUNCTION _pggit.owned_sequences(p_items _pggit.plan_item[])
RETURNS TABLE (sequence_id uuid, old_column_id uuid, new_column_id uuid)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 100
BEGIN ATOMIC
    WITH seq AS MATERIALIZED (
        SELECT s.object_id, s.first, s.new
        FROM unnest(p_items) AS s
        WHERE s.kind = 'sequence'
          AND ((s.first).attrs ? 'owned_by' OR (s.new).attrs ? 'owned_by')
    ), col AS MATERIALIZED (
        SELECT
            c.object_id,
            quote_ident((c.first).schema_name) AS old_schema,
            quote_ident((c.first).table_name) || '.' || quote_ident((c.first).name) AS old_path,
            quote_ident((c.new).schema_name) AS new_schema,
            quote_ident((c.new).table_name) || '.' || quote_ident((c.new).name) AS new_path
        FROM unnest(p_items) AS c
        WHERE c.kind = 'column'
          AND EXISTS (SELECT FROM seq)
    ), named AS MATERIALIZED (
        -- an owner in the sequence's own schema stands without it
        SELECT s.object_id, n.old_name, n.new_name
        FROM seq AS s
        CROSS JOIN LATERAL (
            VALUES
                ((s.first).attrs->>'owned_by', (s.new).attrs->>'owned_by'),
                (quote_ident((s.first).schema_name) || '.' || ((s.first).attrs->>'owned_by'),
                    quote_ident((s.new).schema_name) || '.' || ((s.new).attrs->>'owned_by'))
        ) AS n(old_name, new_name)
    ), old_owner AS MATERIALIZED (
        SELECT m.object_id, c.object_id AS column_id
        FROM named AS m
        JOIN col AS c ON c.old_schema || '.' || c.old_path = m.old_name
    ), new_owner AS MATERIALIZED (
        SELECT m.object_id, c.object_id AS column_id
        FROM named AS m
        JOIN col AS c ON c.new_schema || '.' || c.new_path = m.new_name
    )
    SELECT s.object_id, o.column_id, n.column_id
    FROM seq AS s
    LEFT JOIN old_owner AS o ON o.object_id = s.object_id
    LEFT JOIN new_owner AS n ON n.object_id = s.object_id;
END;
COMMENT ON FUNCTION _pggit.owned_sequences(_pggit.plan_item[]) IS $$
The owned sequences with their columns, before and after, as far as these are among the items.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_facts(p_items _pggit.plan_item[], p_cycle uuid[])
RETURNS TABLE (
    object_id uuid, kind text, action text, is_renamed boolean, is_loosened boolean, is_set_aside boolean,
    old _pggit.object, new _pggit.object, parent_kind text, parent_action text, is_cyclic boolean,
    is_owned_by_dropped boolean, is_owned_by_identity boolean, is_regiven boolean
)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        i.object_id, i.kind, i.action, i.is_renamed, i.is_loosened, i.is_set_aside, i.old, i.new, i.parent_kind,
        p.action AS parent_action,
        i.object_id = ANY (p_cycle) AS is_cyclic,
        -- what is dropped with its parent: all that lives in a table, and the sequence of a column
        o.object_id IS NOT NULL AS is_owned_by_dropped,
        -- or with the alteration that puts an identity's sequence of the same name in its place
        y.object_id IS NOT NULL AS is_owned_by_identity,
        i.kind = 'sequence' AND (
            i.action IN ('create', 'rebuild')
            OR (i.old).attrs->'owned_by' IS DISTINCT FROM (i.new).attrs->'owned_by'
            OR o.object_id IS NOT NULL
        ) AS is_regiven
    FROM unnest(p_items) AS i
    LEFT JOIN unnest(p_items) AS p ON p.object_id = coalesce((i.old).parent_id, (i.new).parent_id)
    LEFT JOIN _pggit.owned_sequences(p_items) AS w ON w.sequence_id = i.object_id
    LEFT JOIN unnest(p_items) AS o ON o.action IN ('drop', 'rebuild') AND o.object_id = w.old_column_id
    LEFT JOIN unnest(p_items) AS y
        ON y.object_id = w.old_column_id
        AND y.action = 'alter'
        AND (y.old).attrs->>'default' LIKE 'nextval(%'
        AND (y.new).attrs->>'identity:sequence' = quote_ident((i.old).name);
END;
COMMENT ON FUNCTION _pggit.plan_facts(_pggit.plan_item[], uuid[]) IS $$
The items with what their parents and owners undergo, from which their nodes follow.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_nodes(p_items _pggit.plan_item[], p_cycle uuid[])
RETURNS _pggit.plan_node[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS (
        SELECT i.object_id, v.op, v.phase, coalesce(v.is_folded, false) AS is_folded, i.kind, coalesce(i.new, i.old) AS object
        FROM _pggit.plan_facts(p_items, p_cycle) AS i
        CROSS JOIN LATERAL (
            SELECT 'create' AS op, 0 AS phase, false AS is_folded
            WHERE i.action = 'create' AND i.kind = 'schema'
            UNION ALL
            -- an inherited column is renamed with its origin's, a view's with the view that is made anew
            SELECT v.op, v.phase, false
            FROM (VALUES ('rename', 1), ('settle', 3)) AS v(op, phase)
            WHERE i.is_renamed
              AND NOT (i.kind = 'column' AND (
                  (i.new).attrs ? 'inherited'
                  OR i.parent_kind IN ('view', 'materialized_view') AND coalesce(i.parent_action = 'rebuild', false)))
            UNION ALL
            SELECT 'loosen', 2, false
            WHERE i.is_loosened
               OR i.action = 'drop' AND i.kind = 'column' AND i.is_cyclic AND (i.old).attrs ? 'default'
               OR i.action = 'alter' AND i.is_regiven AND (i.old).attrs ? 'owned_by'
               -- an identity lets go of its sequence's name before another takes it
               OR i.action = 'alter' AND i.kind = 'column' AND (i.old).attrs ? 'identity' AND NOT (i.new).attrs ? 'identity'
            UNION ALL
            SELECT
                'drop', 2,
                (i.parent_kind IS DISTINCT FROM 'schema' OR i.kind = 'default_privilege')
                    AND coalesce(i.parent_action IN ('drop', 'rebuild'), false)
                    AND NOT (i.is_cyclic AND i.kind = 'constraint')
                OR (i.is_owned_by_dropped OR i.is_owned_by_identity) AND i.action = 'drop'
            WHERE i.action IN ('drop', 'rebuild')
            UNION ALL
            SELECT 'create', 4, i.kind = 'column' AND coalesce(i.parent_action IN ('create', 'rebuild'), false) AND i.parent_kind = 'table'
            WHERE i.action IN ('create', 'rebuild') AND NOT (i.action = 'create' AND i.kind = 'schema')
            UNION ALL
            SELECT 'alter', 4, false WHERE i.action = 'alter'
            UNION ALL
            SELECT 'late', 5, false
            WHERE i.action IN ('create', 'rebuild') AND i.kind = 'column' AND i.is_cyclic AND (i.new).attrs ? 'default'
               OR i.action IN ('create', 'rebuild', 'alter') AND i.is_regiven AND (i.new).attrs ? 'owned_by'
               OR i.kind = 'table' AND (i.new).attrs ? 'partition_of' AND (
                   i.action IN ('create', 'rebuild') AND (i.new).attrs ? 'attached'
                   OR i.action = 'alter' AND ((i.old).attrs->'partition_of', (i.old).attrs->'bound')
                       IS DISTINCT FROM ((i.new).attrs->'partition_of', (i.new).attrs->'bound'))
            UNION ALL
            SELECT 'purge', 6, false WHERE i.is_set_aside
        ) AS v
    )
    SELECT array_agg((
        n.node_no, n.object_id, n.op, n.is_folded
    )::_pggit.plan_node ORDER BY n.node_no)
    FROM (
        SELECT
            row_number() OVER (
                ORDER BY
                    -- what later objects get by default changes after all are made
                    CASE WHEN w.kind = 'default_privilege' THEN 9 ELSE w.phase END,
                    CASE WHEN w.phase = 2 THEN -_pggit.kind_weight(w.kind) ELSE _pggit.kind_weight(w.kind) END,
                    (w.object).schema_name, (w.object).table_name,
                    ((w.object).attrs->>'position')::numeric, (w.object).name, (w.object).signature, w.object_id
            )::integer AS node_no,
            w.object_id, w.op, w.is_folded
        FROM node AS w
    ) AS n;
END;
COMMENT ON FUNCTION _pggit.plan_nodes(_pggit.plan_item[], uuid[]) IS $$
What is to be done, numbered in the order that reads best where nothing demands another.
p_cycle: objects whose defaults (columns) or foreign keys are handled apart, to open a cycle.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_class(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind IN ('table', 'view', 'materialized_view', 'sequence', 'index') THEN 'relation'
    WHEN (p_object).kind IN ('enum', 'domain', 'composite', 'range') THEN 'relation'
    WHEN (p_object).kind IN ('function', 'procedure', 'aggregate') THEN 'routine'
    ELSE (p_object).kind
END;
COMMENT ON FUNCTION _pggit.name_class(_pggit.object) IS $$
The namespace in which a name must be free: relations and types share one, since a relation has a row type.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_actors(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS SETOF _pggit.plan_actor
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH owned AS MATERIALIZED (
        SELECT w.sequence_id, w.old_column_id, w.new_column_id FROM _pggit.owned_sequences(p_items) AS w
    ), raw AS MATERIALIZED (
        SELECT n.node_no, n.object_id, n.op, n.is_folded, i.kind, i.first, i.old, i.new, i.is_set_aside
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
    )
    -- a folded node stands for its parent's (a column's sequence: for the parent's parent)
    SELECT (
        r.node_no, r.object_id, r.op, r.kind, r.is_set_aside, r.first, r.old, r.new,
        CASE WHEN r.is_folded THEN coalesce(CASE WHEN p.is_folded THEN g.node_no ELSE p.node_no END, r.node_no)
            ELSE r.node_no END
    )::_pggit.plan_actor
    FROM raw AS r
    LEFT JOIN owned AS w ON r.is_folded AND w.sequence_id = r.object_id
    LEFT JOIN raw AS p
        ON r.is_folded AND p.op = r.op
        AND p.object_id = CASE
            WHEN r.kind = 'sequence' THEN w.old_column_id
            WHEN r.op = 'drop' THEN (r.old).parent_id
            ELSE (r.new).parent_id
        END
    LEFT JOIN raw AS g ON p.is_folded AND g.op = p.op AND g.object_id = (p.old).parent_id;
END;
COMMENT ON FUNCTION _pggit.plan_actors(_pggit.plan_item[], _pggit.plan_node[]) IS $$
The nodes with their objects, and with the node that does their work.
$$;

CREATE OR REPLACE FUNCTION _pggit.make_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    ), late AS (
        SELECT n.object_id FROM node AS n WHERE n.op = 'late' AND n.kind = 'column'
    ), heir AS MATERIALIZED (
        -- columns and checks of its own that a table gets or loses while its parents change
        SELECT t.object_id, n.acts_as AS node_no, n.object_id AS part_id, n.op = 'create' AS is_added
        FROM node AS t
        JOIN node AS n
            ON n.op IN ('create', 'drop')
            AND n.kind IN ('column', 'constraint')
            AND (coalesce(n.new, n.old)).parent_id = t.object_id
            AND NOT (coalesce(n.new, n.old)).attrs ? 'inherited'
        WHERE t.op = 'alter'
          AND t.kind = 'table'
          AND (t.old).attrs->'inherits' IS DISTINCT FROM (t.new).attrs->'inherits'
    ), new_need AS MATERIALIZED (
        SELECT n.node_no, n.acts_as, n.object_id, n.op, d.object_id AS needed_id
        FROM node AS n
        CROSS JOIN LATERAL unnest((n.new).deps || (n.new).parent_id) AS d(object_id)
        WHERE n.op IN ('create', 'alter', 'late')
    )
    -- what is needed is made first
    SELECT m.acts_as, w.acts_as
    FROM new_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op IN ('create', 'alter')
    LEFT JOIN late AS l ON l.object_id = w.object_id AND w.op = 'create'
    LEFT JOIN heir AS h ON h.object_id = m.object_id AND h.node_no = w.node_no
    WHERE (l.object_id IS NULL OR m.kind NOT IN ('function', 'procedure', 'aggregate', 'sequence'))
      AND h.object_id IS NULL
    UNION
    -- what an heir must have by itself comes before it joins its parent, and goes after it has left
    SELECT
        CASE WHEN h.is_added THEN h.node_no ELSE m.acts_as END,
        CASE WHEN h.is_added THEN m.acts_as ELSE h.node_no END
    FROM heir AS h
    JOIN node AS m ON m.object_id = h.object_id AND m.op = 'alter'
    UNION
    -- a domain is whole before it is used: arrays of it forbid new checks
    SELECT m.acts_as, w.acts_as
    FROM new_need AS w
    JOIN node AS p ON p.object_id = w.needed_id AND p.kind = 'domain'
    JOIN node AS m ON m.op = 'create' AND m.kind = 'constraint' AND (m.new).parent_id = p.object_id
    JOIN node AS n ON n.node_no = w.node_no
    WHERE (n.new).parent_id IS DISTINCT FROM p.object_id
    UNION
    SELECT m.acts_as, w.acts_as
    FROM new_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op = 'settle';
END;
COMMENT ON FUNCTION _pggit.make_edges(_pggit.plan_actor[]) IS $$
What must be there before something that needs it is made or changed.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    ), loose AS (
        SELECT n.object_id FROM node AS n WHERE n.op = 'loosen' AND n.kind = 'column' AND n.new IS NULL
    ), heir AS MATERIALIZED (
        -- columns and checks of its own that a table gets or loses while its parents change
        SELECT t.object_id, n.acts_as AS node_no, n.object_id AS part_id, n.op = 'create' AS is_added
        FROM node AS t
        JOIN node AS n
            ON n.op IN ('create', 'drop')
            AND n.kind IN ('column', 'constraint')
            AND (coalesce(n.new, n.old)).parent_id = t.object_id
            AND NOT (coalesce(n.new, n.old)).attrs ? 'inherited'
        WHERE t.op = 'alter'
          AND t.kind = 'table'
          AND (t.old).attrs->'inherits' IS DISTINCT FROM (t.new).attrs->'inherits'
    ), old_need AS MATERIALIZED (
        SELECT n.acts_as, n.object_id, n.op, n.new, d.object_id AS needed_id
        FROM node AS n
        CROSS JOIN LATERAL unnest((n.old).deps || (n.old).parent_id) AS d(object_id)
        WHERE n.op IN ('drop', 'loosen', 'alter', 'purge')
    )
    -- what depends goes before what it depends on goes or changes
    SELECT w.acts_as, m.acts_as
    FROM old_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op IN ('drop', 'alter')
    LEFT JOIN loose AS l ON l.object_id = w.object_id AND w.op = 'drop'
    LEFT JOIN heir AS h ON h.object_id = m.object_id AND h.part_id = w.object_id AND m.op = 'alter'
    WHERE h.object_id IS NULL AND (w.op = 'drop'
        AND (l.object_id IS NULL OR m.kind NOT IN ('function', 'procedure', 'aggregate', 'sequence'))
       OR w.op = 'loosen' AND m.op = 'drop'
       OR w.op = 'alter' AND m.op = 'drop' AND NOT m.is_set_aside
           AND w.needed_id <> ALL ((w.new).deps) AND w.needed_id IS DISTINCT FROM (w.new).parent_id)
    UNION
    -- a type set aside goes when its columns have left it
    SELECT w.acts_as, m.acts_as
    FROM old_need AS w
    JOIN node AS m ON m.object_id = w.needed_id AND m.op = 'purge'
    WHERE w.op IN ('alter', 'drop', 'purge');
END;
COMMENT ON FUNCTION _pggit.drop_edges(_pggit.plan_actor[]) IS $$
What must be gone, or changed, before something that it needs goes or changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.heir_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    )
    -- what an heir says of an inherited column comes after the column, and goes before it
    SELECT
        CASE WHEN n.op = 'drop' THEN n.acts_as ELSE m.acts_as END,
        CASE WHEN n.op = 'drop' THEN m.acts_as ELSE n.acts_as END
    FROM node AS n
    JOIN node AS m
        ON m.kind = 'column' AND m.object_id <> n.object_id
        AND m.op IN ('drop', 'create', 'alter')
        AND (m.op = 'drop') = (n.op = 'drop')
        AND coalesce((m.new).name, (m.old).name) = coalesce((n.new).name, (n.old).name)
        AND NOT (coalesce(m.new, m.old)).attrs ? 'inherited'
    WHERE n.kind = 'column'
      AND n.op IN ('create', 'alter', 'drop')
      AND (coalesce(n.new, n.old)).attrs ? 'inherited'
    UNION
    -- a table to be attached copies the checks of its parent
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    CROSS JOIN LATERAL unnest((n.new).deps) AS d(object_id)
    JOIN node AS m
        ON m.op = 'create' AND m.kind = 'constraint' AND (m.new).parent_id = d.object_id
        AND (m.new).attrs->>'type' = 'check'
    WHERE n.op = 'create' AND n.kind = 'table' AND (n.new).attrs ? 'attached'
    UNION
    -- a table becomes a partition when it has all that a partition must have
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    JOIN node AS m
        ON m.op IN ('create', 'alter') AND m.kind IN ('column', 'constraint', 'index')
        AND (m.new).parent_id = n.object_id
        AND (m.new).attrs->>'type' IS DISTINCT FROM 'foreign_key'
    WHERE n.op = 'late' AND n.kind = 'table'
    UNION
    -- what a foreign key refers to may come with the attachment
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    CROSS JOIN LATERAL unnest((n.new).deps) AS d(object_id)
    JOIN node AS i ON i.object_id = d.object_id
    JOIN node AS m
        ON m.op = 'late' AND m.kind = 'table'
        AND m.object_id = CASE WHEN i.kind = 'column' THEN (i.new).parent_id ELSE i.object_id END
    WHERE n.op = 'create' AND n.kind = 'constraint' AND (n.new).attrs->>'type' = 'foreign_key'
      AND m.object_id <> (n.new).parent_id;
END;
COMMENT ON FUNCTION _pggit.heir_edges(_pggit.plan_actor[]) IS $$
The order among partitions, heirs and their parents.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_edges(p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    )
    -- steps of one object
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b ON b.object_id = a.object_id
    WHERE (a.op, b.op) IN (
        ('drop', 'create'), ('loosen', 'drop'), ('loosen', 'alter'), ('loosen', 'late'), ('create', 'late'), ('alter', 'late'),
        ('create', 'purge'), ('rename', 'settle'),
        ('settle', 'create'), ('settle', 'alter')
    )
    UNION
    -- a name is free before it is taken
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b
        ON b.op IN ('create', 'settle')
        AND _pggit.name_class(b.new) = _pggit.name_class(a.old)
        AND (b.new).name = (a.old).name
        AND (b.new).schema_name IS NOT DISTINCT FROM (a.old).schema_name
        AND ((b.new).table_name IS NOT DISTINCT FROM (a.old).table_name OR b.kind = 'index')
        AND (b.new).signature IS NOT DISTINCT FROM (a.old).signature
    WHERE a.op = 'drop'
      AND a.object_id <> b.object_id
    UNION
    SELECT a.acts_as, b.acts_as
    FROM node AS a
    JOIN node AS b
        ON b.op = 'settle'
        AND _pggit.name_class(b.new) = _pggit.name_class(a.first)
        AND (b.new).name = (a.first).name
        AND ((b.new).parent_id = (a.first).parent_id OR b.kind = 'index' AND (b.new).schema_name = (a.first).schema_name)
    WHERE a.op = 'rename'
      AND a.object_id <> b.object_id
    UNION
    -- a table has its final name before anything in it, or on it, is named
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    JOIN node AS m ON m.op = 'settle' AND m.object_id = coalesce((n.new).parent_id, (n.old).parent_id)
    UNION
    -- schemas are there before anything moves into them
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    JOIN node AS m ON m.object_id = (n.new).parent_id AND m.op = 'create'
    WHERE n.op = 'rename';
END;
COMMENT ON FUNCTION _pggit.name_edges(_pggit.plan_actor[]) IS $$
The order among the steps of one object, and among objects that have one name after the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.owner_edges(p_items _pggit.plan_item[], p_actors _pggit.plan_actor[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT a.* FROM unnest(p_actors) AS a
    ), owned AS MATERIALIZED (
        SELECT w.sequence_id, w.old_column_id, w.new_column_id FROM _pggit.owned_sequences(p_items) AS w
    )
    -- an owned sequence is tied to its column when that exists
    SELECT m.acts_as, n.acts_as
    FROM node AS n
    JOIN owned AS w ON w.sequence_id = n.object_id
    JOIN node AS m ON m.op IN ('create', 'alter') AND m.object_id = w.new_column_id
    WHERE n.op = 'late' AND n.kind = 'sequence'
    UNION
    -- and let go before its column goes
    SELECT n.acts_as, m.acts_as
    FROM node AS n
    JOIN owned AS w ON w.sequence_id = n.object_id
    JOIN node AS m ON m.op = 'drop' AND m.object_id = w.old_column_id
    WHERE n.op IN ('loosen', 'drop') AND n.kind = 'sequence';
END;
COMMENT ON FUNCTION _pggit.owner_edges(_pggit.plan_item[], _pggit.plan_actor[]) IS $$
Sequences are tied to columns that exist, and let go of those that go.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_edges(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS SETOF _pggit.plan_edge
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_actors _pggit.plan_actor[] := ARRAY(SELECT a FROM _pggit.plan_actors(p_items, p_nodes) AS a);
BEGIN
    RETURN QUERY
    SELECT e.before_no, e.after_no
    FROM (
        SELECT * FROM _pggit.make_edges(v_actors)
        UNION
        SELECT * FROM _pggit.drop_edges(v_actors)
        UNION
        SELECT * FROM _pggit.heir_edges(v_actors)
        UNION
        SELECT * FROM _pggit.name_edges(v_actors)
        UNION
        SELECT * FROM _pggit.owner_edges(p_items, v_actors)
    ) AS e
    WHERE e.before_no <> e.after_no;
END;
$$;
COMMENT ON FUNCTION _pggit.plan_edges(_pggit.plan_item[], _pggit.plan_node[]) IS $$
What must come before what, from the dependencies of both trees.
$$;

CREATE OR REPLACE FUNCTION _pggit.sort_nodes(p_count integer, p_before integer[], p_after integer[])
RETURNS TABLE (node_order integer[], ignored integer[])
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
-- Depth first: each node in the order of its number, after all that it waits for. p_before and p_after come sorted by
-- (after, before). ignored: places of edges that close a cycle.
DECLARE
    v_first   integer[] := array_fill(0, ARRAY[p_count + 1]);
    v_next    integer[];
    v_state   integer[] := array_fill(0, ARRAY[p_count + 1]);  -- 0 not seen, 1 on the stack, 2 done
    v_stack   integer[] := array_fill(0, ARRAY[p_count + 1]);
    v_order   integer[] := array_fill(0, ARRAY[p_count]);
    v_ignored integer[] := '{}'::integer[];
    v_edges   integer := coalesce(cardinality(p_before), 0);
    v_depth   integer;
    v_done    integer := 0;
    v_node    integer;
    v_edge    integer;
    v_need    integer;
BEGIN
    FOR v_edge IN REVERSE v_edges .. 1 LOOP
        v_first[p_after[v_edge]] := v_edge;
    END LOOP;
    v_next := v_first;
    FOR v_root IN 1 .. p_count LOOP
        CONTINUE WHEN v_state[v_root] <> 0;
        v_depth := 1;
        v_stack[1] := v_root;
        v_state[v_root] := 1;
        WHILE v_depth > 0 LOOP
            v_node := v_stack[v_depth];
            v_edge := v_next[v_node];
            IF v_edge > 0 AND v_edge <= v_edges AND p_after[v_edge] = v_node THEN
                v_next[v_node] := v_edge + 1;
                v_need := p_before[v_edge];
                IF v_state[v_need] = 0 THEN
                    v_depth := v_depth + 1;
                    v_stack[v_depth] := v_need;
                    v_state[v_need] := 1;
                ELSIF v_state[v_need] = 1 THEN
                    v_ignored := v_ignored || v_edge;
                    -- all between the two ends belong to the cycle
                    FOR v_i IN 1 .. v_depth LOOP
                        IF v_stack[v_i] = v_need OR v_ignored[array_upper(v_ignored, 1)] < 0 THEN
                            v_ignored := v_ignored || -v_stack[v_i];
                        END IF;
                    END LOOP;
                END IF;
            ELSE
                v_state[v_node] := 2;
                v_done := v_done + 1;
                v_order[v_done] := v_node;
                v_depth := v_depth - 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN QUERY SELECT v_order, v_ignored;
END;
$$;
COMMENT ON FUNCTION _pggit.sort_nodes(integer, integer[], integer[]) IS $$
A topological order of the nodes 1 .. p_count that stays near their numbers.
Edges say that p_before[i] comes before p_after[i], sorted by (p_after, p_before).
Returns: the order, and for every edge that closes a cycle its place, followed by the negated numbers of the cycle's nodes.
$$;

CREATE OR REPLACE FUNCTION _pggit.order_nodes(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS _pggit.plan_order
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH edges AS MATERIALIZED (
        SELECT
            array_agg(e.before_no ORDER BY e.after_no, e.before_no) AS befores,
            array_agg(e.after_no ORDER BY e.after_no, e.before_no) AS afters
        FROM _pggit.plan_edges(p_items, p_nodes) AS e
    )
    SELECT (
        s.node_order,
        ARRAY(
            SELECT DISTINCT i.object_id
            FROM unnest(s.ignored) AS g(node_no)
            JOIN unnest(p_nodes) AS n ON n.node_no = -g.node_no
            JOIN unnest(p_items) AS i ON i.object_id = n.object_id OR (coalesce(i.new, i.old)).parent_id = n.object_id
            ORDER BY i.object_id
        )
    )::_pggit.plan_order
    FROM edges AS e
    CROSS JOIN LATERAL _pggit.sort_nodes(cardinality(p_nodes), e.befores, e.afters) AS s;
END;
COMMENT ON FUNCTION _pggit.order_nodes(_pggit.plan_item[], _pggit.plan_node[]) IS $$
The order of the nodes, and the objects on cycles (with what lives in them).
$$;

-- 22_plan_programs.sql
CREATE OR REPLACE FUNCTION _pggit.create_schema(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('CREATE SCHEMA ' || quote_ident((p_object).name));
END;
COMMENT ON FUNCTION _pggit.create_schema(_pggit.object, _pggit.object[]) IS $$
CREATE SCHEMA.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_schema(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT NULL::_pggit.ddl WHERE false;
END;
COMMENT ON FUNCTION _pggit.alter_schema(_pggit.object, _pggit.object) IS $$
Nothing: a schema has only owner, grants, comment and name.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_schema(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP SCHEMA ' || quote_ident((p_object).name));
END;
COMMENT ON FUNCTION _pggit.drop_schema(_pggit.object) IS $$
DROP SCHEMA.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_extension(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE EXTENSION ' || quote_ident((p_object).name)
        || ' SCHEMA ' || quote_ident((p_object).attrs->>'schema')
        || ' VERSION ' || quote_literal((p_object).attrs->>'version'));
END;
COMMENT ON FUNCTION _pggit.create_extension(_pggit.object, _pggit.object[]) IS $$
CREATE EXTENSION at the recorded version.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_extension(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER EXTENSION ' || quote_ident((p_new).name) || ' SET SCHEMA ' || quote_ident((p_new).attrs->>'schema'),
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->>'schema' <> (p_new).attrs->>'schema'
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER EXTENSION ' || quote_ident((p_new).name) || ' UPDATE TO ' || quote_literal((p_new).attrs->>'version'),
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->>'version' <> (p_new).attrs->>'version';
END;
COMMENT ON FUNCTION _pggit.alter_extension(_pggit.object, _pggit.object) IS $$
Moves an extension to another schema or version.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_extension(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'DROP EXTENSION ' || quote_ident((p_object).name), 'ACCESS EXCLUSIVE', '{data_loss}');
END;
COMMENT ON FUNCTION _pggit.drop_extension(_pggit.object) IS $$
DROP EXTENSION.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_enum(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' AS ENUM ('
        || coalesce(string_agg(quote_literal(l.label), ', ' ORDER BY l.place), '') || ')')
    FROM jsonb_array_elements_text((p_object).attrs->'labels') WITH ORDINALITY AS l(label, place);
END;
COMMENT ON FUNCTION _pggit.create_enum(_pggit.object, _pggit.object[]) IS $$
CREATE TYPE … AS ENUM.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_enum(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    -- ALTER TYPE can only add: what was there must still be there, in the same order
    SELECT
    FROM jsonb_array_elements_text((p_old).attrs->'labels') WITH ORDINALITY AS o(label, place)
    FULL JOIN (
        SELECT n.label, row_number() OVER (ORDER BY n.place) AS place
        FROM jsonb_array_elements_text((p_new).attrs->'labels') WITH ORDINALITY AS n(label, place)
        WHERE (p_old).attrs->'labels' ? n.label
    ) AS k ON k.label = o.label AND k.place = o.place
    WHERE o.label IS NULL
       OR k.label IS NULL
);
COMMENT ON FUNCTION _pggit.rebuild_enum(_pggit.object, _pggit.object) IS $$
Whether labels went away or changed places.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_enum(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    WITH label AS (
        SELECT
            n.label, n.place,
            lag(n.label) OVER (ORDER BY n.place) AS previous,
            (
                SELECT f.label
                FROM jsonb_array_elements_text((p_new).attrs->'labels') WITH ORDINALITY AS f(label, place)
                WHERE f.place > n.place
                  AND (p_old).attrs->'labels' ? f.label
                ORDER BY f.place
                LIMIT 1
            ) AS next_old
        FROM jsonb_array_elements_text((p_new).attrs->'labels') WITH ORDINALITY AS n(label, place)
    )
    SELECT _pggit.make_ddl(
        'ALTER TYPE ' || _pggit.qualified_name((p_new).schema_name, (p_new).name)
        || ' ADD VALUE ' || quote_literal(l.label)
        || CASE
            WHEN l.next_old IS NULL THEN ''
            WHEN l.previous IS NULL THEN ' BEFORE ' || quote_literal(l.next_old)
            ELSE ' AFTER ' || quote_literal(l.previous)
        END)
    FROM label AS l
    WHERE NOT (p_old).attrs->'labels' ? l.label
    ORDER BY l.place;
END;
COMMENT ON FUNCTION _pggit.alter_enum(_pggit.object, _pggit.object) IS $$
ALTER TYPE … ADD VALUE, each in its place.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_type(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_type(_pggit.object) IS $$
DROP of anything whose address is all that DROP needs.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_enum(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_enum(_pggit.object) IS $$
DROP TYPE.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_domain(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE DOMAIN ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || ' AS ' || ((p_object).attrs->>'base')
        || coalesce(' COLLATE ' || ((p_object).attrs->>'collation'), '')
        || coalesce(' DEFAULT ' || ((p_object).attrs->>'default'), '')
        || CASE WHEN (p_object).attrs ? 'not_null' THEN ' NOT NULL' ELSE '' END);
END;
COMMENT ON FUNCTION _pggit.create_domain(_pggit.object, _pggit.object[]) IS $$
CREATE DOMAIN.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_domain(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'base' IS DISTINCT FROM (p_new).attrs->'base'
    OR (p_old).attrs->'collation' IS DISTINCT FROM (p_new).attrs->'collation';
COMMENT ON FUNCTION _pggit.rebuild_domain(_pggit.object, _pggit.object) IS $$
Whether the type beneath changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_domain(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new)
        || coalesce(' SET DEFAULT ' || ((p_new).attrs->>'default'), ' DROP DEFAULT'))
    WHERE (p_old).attrs->>'default' IS DISTINCT FROM (p_new).attrs->>'default'
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || CASE WHEN (p_new).attrs ? 'not_null' THEN ' SET' ELSE ' DROP' END || ' NOT NULL',
        CASE WHEN (p_new).attrs ? 'not_null' THEN 'SHARE' ELSE '' END,
        CASE WHEN (p_new).attrs ? 'not_null' THEN '{may_fail}'::text[] ELSE '{}' END)
    WHERE (p_old).attrs ? 'not_null' <> (p_new).attrs ? 'not_null';
END;
COMMENT ON FUNCTION _pggit.alter_domain(_pggit.object, _pggit.object) IS $$
ALTER DOMAIN: default and NOT NULL.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_domain(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_domain(_pggit.object) IS $$
DROP DOMAIN.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_domain_constraint(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DOMAIN ' || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
        || ' ADD CONSTRAINT ' || quote_ident((p_object).name)
        || ' CHECK (' || ((p_object).attrs->>'expression') || ')'
        || CASE WHEN (p_object).attrs ? 'not_valid' THEN ' NOT VALID' ELSE '' END,
        'SHARE',
        CASE WHEN (p_object).attrs ? 'not_valid' THEN '{}' ELSE '{may_fail}'::text[] END);
END;
COMMENT ON FUNCTION _pggit.create_domain_constraint(_pggit.object, _pggit.object[]) IS $$
ALTER DOMAIN … ADD CONSTRAINT.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_domain_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'expression' IS DISTINCT FROM (p_new).attrs->'expression'
    OR NOT (p_old).attrs ? 'not_valid' AND (p_new).attrs ? 'not_valid';
COMMENT ON FUNCTION _pggit.rebuild_domain_constraint(_pggit.object, _pggit.object) IS $$
Whether the condition changes, or is no longer known to hold.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_domain_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DOMAIN ' || _pggit.qualified_name((p_new).schema_name, (p_new).table_name)
        || ' VALIDATE CONSTRAINT ' || quote_ident((p_new).name),
        'SHARE', '{may_fail}')
    WHERE (p_old).attrs ? 'not_valid'
      AND NOT (p_new).attrs ? 'not_valid';
END;
COMMENT ON FUNCTION _pggit.alter_domain_constraint(_pggit.object, _pggit.object) IS $$
Validates a domain's check; its other changes are rebuilds.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_domain_constraint(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DOMAIN ' || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
        || ' DROP CONSTRAINT ' || quote_ident((p_object).name));
END;
COMMENT ON FUNCTION _pggit.drop_domain_constraint(_pggit.object) IS $$
ALTER DOMAIN … DROP CONSTRAINT.
$$;

CREATE OR REPLACE FUNCTION _pggit.composite_comment(p_object _pggit.object, p_attribute jsonb)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.make_ddl(
    'COMMENT ON COLUMN ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || '.'
    || quote_ident(p_attribute->>'name') || ' IS ' || coalesce(quote_literal(p_attribute->>'comment'), 'NULL'));
COMMENT ON FUNCTION _pggit.composite_comment(_pggit.object, jsonb) IS $$
COMMENT on an attribute of a composite type.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_composite(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' AS ('
        || coalesce(string_agg(
            quote_ident(a.item->>'name') || ' ' || (a.item->>'type') || coalesce(' COLLATE ' || (a.item->>'collation'), ''),
            ', ' ORDER BY a.place), '')
        || ')')
    FROM jsonb_array_elements((p_object).attrs->'attributes') WITH ORDINALITY AS a(item, place)
    UNION ALL
    SELECT _pggit.composite_comment(p_object, a.item)
    FROM jsonb_array_elements((p_object).attrs->'attributes') AS a(item)
    WHERE a.item ? 'comment';
END;
COMMENT ON FUNCTION _pggit.create_composite(_pggit.object, _pggit.object[]) IS $$
CREATE TYPE … AS, with the comments of its attributes.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_composite(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    -- attributes that stay must keep type and order, and new ones come last
    SELECT coalesce(array_agg(o.item - 'comment' ORDER BY o.place), '{}')
    FROM jsonb_array_elements((p_old).attrs->'attributes') WITH ORDINALITY AS o(item, place)
    WHERE EXISTS (
        SELECT
        FROM jsonb_array_elements((p_new).attrs->'attributes') AS n(item)
        WHERE n.item->>'name' = o.item->>'name'
    )
) <> (
    SELECT coalesce((array_agg(n.item - 'comment' ORDER BY n.place))[:(
        SELECT count(*)
        FROM jsonb_array_elements((p_old).attrs->'attributes') AS o(item)
        WHERE EXISTS (
            SELECT
            FROM jsonb_array_elements((p_new).attrs->'attributes') AS k(item)
            WHERE k.item->>'name' = o.item->>'name'
        )
    )], '{}')
    FROM jsonb_array_elements((p_new).attrs->'attributes') WITH ORDINALITY AS n(item, place)
);
COMMENT ON FUNCTION _pggit.rebuild_composite(_pggit.object, _pggit.object) IS $$
Whether an attribute changes its type or place: ALTER TYPE refuses the one while columns use it, and cannot do the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_composite(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    WITH pair AS (
        SELECT o.item AS old, n.item AS new, coalesce(n.place, 0) AS place
        FROM jsonb_array_elements((p_old).attrs->'attributes') AS o(item)
        FULL JOIN jsonb_array_elements((p_new).attrs->'attributes') WITH ORDINALITY AS n(item, place)
            ON n.item->'name' = o.item->'name'
    ), deed AS (
        SELECT string_agg(
            CASE
                WHEN p.new IS NULL THEN 'DROP ATTRIBUTE ' || quote_ident(p.old->>'name')
                ELSE 'ADD ATTRIBUTE ' || quote_ident(p.new->>'name') || ' ' || (p.new->>'type')
                    || coalesce(' COLLATE ' || (p.new->>'collation'), '')
            END, ', ' ORDER BY p.place) AS sql
        FROM pair AS p
        WHERE p.old IS NULL
           OR p.new IS NULL
    )
    SELECT _pggit.make_ddl(
        'ALTER TYPE ' || _pggit.qualified_name((p_new).schema_name, (p_new).name) || ' ' || d.sql, 'ACCESS EXCLUSIVE')
    FROM deed AS d
    WHERE d.sql IS NOT NULL
    UNION ALL
    SELECT _pggit.composite_comment(p_new, p.new)
    FROM pair AS p
    WHERE p.new IS NOT NULL
      AND p.old->>'comment' IS DISTINCT FROM p.new->>'comment';
END;
COMMENT ON FUNCTION _pggit.alter_composite(_pggit.object, _pggit.object) IS $$
ALTER TYPE: drops and appends attributes, and comments them.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_composite(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_composite(_pggit.object) IS $$
DROP TYPE.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_range(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' AS RANGE ('
        || concat_ws(', ',
            'SUBTYPE = ' || ((p_object).attrs->>'subtype'),
            'SUBTYPE_OPCLASS = ' || ((p_object).attrs->>'opclass'),
            'COLLATION = ' || ((p_object).attrs->>'collation'),
            'CANONICAL = ' || ((p_object).attrs->>'canonical'),
            'SUBTYPE_DIFF = ' || ((p_object).attrs->>'subtype_diff'),
            'MULTIRANGE_TYPE_NAME = ' || _pggit.qualified_name((p_object).schema_name, (p_object).attrs->>'multirange'))
        || ')');
END;
COMMENT ON FUNCTION _pggit.create_range(_pggit.object, _pggit.object[]) IS $$
CREATE TYPE … AS RANGE.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_range(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
    WHERE c.attribute IN ('subtype', 'opclass', 'collation', 'canonical', 'subtype_diff', 'multirange')
);
COMMENT ON FUNCTION _pggit.rebuild_range(_pggit.object, _pggit.object) IS $$
Whether anything of the range itself changes: ALTER TYPE has nothing for that.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_range(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT NULL::_pggit.ddl WHERE false;
END;
COMMENT ON FUNCTION _pggit.alter_range(_pggit.object, _pggit.object) IS $$
Nothing: see rebuild_range.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_range(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_range(_pggit.object) IS $$
DROP TYPE.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_collation(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE COLLATION ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' ('
        || concat_ws(', ',
            'PROVIDER = ' || ((p_object).attrs->>'provider'),
            'LOCALE = ' || quote_literal((p_object).attrs->>'locale'),
            'LC_COLLATE = ' || quote_literal((p_object).attrs->>'lc_collate'),
            'LC_CTYPE = ' || quote_literal((p_object).attrs->>'lc_ctype'),
            'RULES = ' || quote_literal((p_object).attrs->>'rules'),
            CASE WHEN (p_object).attrs ? 'nondeterministic' THEN 'DETERMINISTIC = false' END)
        || ')');
END;
COMMENT ON FUNCTION _pggit.create_collation(_pggit.object, _pggit.object[]) IS $$
CREATE COLLATION.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_collation(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
    WHERE c.attribute NOT IN ('owner', 'comment')
);
COMMENT ON FUNCTION _pggit.rebuild_collation(_pggit.object, _pggit.object) IS $$
Whether anything of the collation itself changes: ALTER COLLATION has nothing for that.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_collation(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT NULL::_pggit.ddl WHERE false;
END;
COMMENT ON FUNCTION _pggit.alter_collation(_pggit.object, _pggit.object) IS $$
Nothing: see rebuild_collation.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_collation(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_collation(_pggit.object) IS $$
DROP COLLATION.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_default_privilege(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DEFAULT PRIVILEGES FOR ROLE ' || quote_ident((o.object).attrs->>'role')
        || coalesce(' IN SCHEMA ' || quote_ident((o.object).schema_name), '') || ' '
        || _pggit.acl_statement(
            c.deed, array_to_string(c.privileges, ', '), upper((o.object).attrs->>'objects'), c.grantee,
            (o.object).attrs->>'role'))
    FROM (SELECT coalesce(p_new, p_old) AS object) AS o
    CROSS JOIN LATERAL _pggit.acl_changes(coalesce((p_old).attrs, '{}'), coalesce((p_new).attrs, '{}')) AS c;
END;
COMMENT ON FUNCTION _pggit.alter_default_privilege(_pggit.object, _pggit.object) IS $$
ALTER DEFAULT PRIVILEGES; either version may be missing.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_default_privilege(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.alter_default_privilege(NULL, p_object);
END;
COMMENT ON FUNCTION _pggit.create_default_privilege(_pggit.object, _pggit.object[]) IS $$
ALTER DEFAULT PRIVILEGES for what had none.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_default_privilege(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.alter_default_privilege(p_object, NULL);
END;
COMMENT ON FUNCTION _pggit.drop_default_privilege(_pggit.object) IS $$
ALTER DEFAULT PRIVILEGES back to none.
$$;

-- 22_plan_programs_code.sql
CREATE OR REPLACE FUNCTION _pggit.view_options(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT ' WITH (' || string_agg(
        quote_ident(substr(a.key, 8)) || '=' || quote_literal(a.value), ', ' ORDER BY a.key) || ')'
    FROM jsonb_each_text(p_attrs) AS a
    WHERE a.key LIKE 'option:%';
END;
COMMENT ON FUNCTION _pggit.view_options(jsonb) IS $$
The WITH clause of a view, NULL if it has no options.
$$;

CREATE OR REPLACE FUNCTION _pggit.view_option_changes(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' RESET ('
        || string_agg(quote_ident(substr(o.key, 8)), ', ' ORDER BY o.key) || ')', 'ACCESS EXCLUSIVE')
    FROM jsonb_each_text((p_old).attrs) AS o
    WHERE o.key LIKE 'option:%'
      AND NOT (p_new).attrs ? o.key
    HAVING count(*) > 0
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' SET ('
        || string_agg(quote_ident(substr(n.key, 8)) || '=' || quote_literal(n.value), ', ' ORDER BY n.key) || ')',
        'ACCESS EXCLUSIVE')
    FROM jsonb_each_text((p_new).attrs) AS n
    WHERE n.key LIKE 'option:%'
      AND (p_old).attrs->>n.key IS DISTINCT FROM n.value
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION _pggit.view_option_changes(_pggit.object, _pggit.object) IS $$
ALTER … SET and RESET of the options of a view.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_view(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE VIEW ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || coalesce(_pggit.view_options((p_object).attrs), '') || E' AS\n' || ((p_object).attrs->>'query'));
END;
COMMENT ON FUNCTION _pggit.create_view(_pggit.object, _pggit.object[]) IS $$
CREATE VIEW.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_view(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'query' IS DISTINCT FROM (p_new).attrs->'query' AND EXISTS (
    -- CREATE OR REPLACE VIEW can only append columns
    SELECT
    FROM jsonb_array_elements((p_old).attrs->'columns') WITH ORDINALITY AS c(item, place)
    WHERE (p_new).attrs->'columns'->(c.place - 1)::integer IS DISTINCT FROM c.item
);
COMMENT ON FUNCTION _pggit.rebuild_view(_pggit.object, _pggit.object) IS $$
Whether a column of the view goes away, or changes its name or type.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_view(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE OR REPLACE VIEW ' || _pggit.qualified_name((p_new).schema_name, (p_new).name)
        || coalesce(_pggit.view_options((p_new).attrs), '') || E' AS\n' || ((p_new).attrs->>'query'), 'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->'query' IS DISTINCT FROM (p_new).attrs->'query'
    UNION ALL
    SELECT c FROM _pggit.view_option_changes(p_old, p_new) AS c
    WHERE (p_old).attrs->'query' IS NOT DISTINCT FROM (p_new).attrs->'query';
END;
COMMENT ON FUNCTION _pggit.alter_view(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE VIEW, or only its options.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_view(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object), 'ACCESS EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.drop_view(_pggit.object) IS $$
DROP VIEW.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_materialized_view(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE MATERIALIZED VIEW ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || coalesce(' USING ' || quote_ident((p_object).attrs->>'access_method'), '')
        || coalesce(_pggit.view_options((p_object).attrs), '')
        || coalesce(' TABLESPACE ' || quote_ident((p_object).attrs->>'tablespace'), '')
        || E' AS\n' || ((p_object).attrs->>'query'));
END;
COMMENT ON FUNCTION _pggit.create_materialized_view(_pggit.object, _pggit.object[]) IS $$
CREATE MATERIALIZED VIEW, filled.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_materialized_view(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'query' IS DISTINCT FROM (p_new).attrs->'query';
COMMENT ON FUNCTION _pggit.rebuild_materialized_view(_pggit.object, _pggit.object) IS $$
Whether the query changes: there is no CREATE OR REPLACE for it.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_materialized_view(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT c FROM _pggit.view_option_changes(p_old, p_new) AS c
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' SET TABLESPACE '
        || coalesce(quote_ident((p_new).attrs->>'tablespace'), 'pg_default'), 'ACCESS EXCLUSIVE', '{table_rewrite}')
    WHERE (p_old).attrs->'tablespace' IS DISTINCT FROM (p_new).attrs->'tablespace'
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' SET ACCESS METHOD '
        || coalesce(quote_ident((p_new).attrs->>'access_method'), 'heap'), 'ACCESS EXCLUSIVE', '{table_rewrite}')
    WHERE (p_old).attrs->'access_method' IS DISTINCT FROM (p_new).attrs->'access_method';
END;
COMMENT ON FUNCTION _pggit.alter_materialized_view(_pggit.object, _pggit.object) IS $$
ALTER MATERIALIZED VIEW: options, tablespace, access method.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_materialized_view(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object), 'ACCESS EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.drop_materialized_view(_pggit.object) IS $$
DROP MATERIALIZED VIEW; its rows can be had again from its query.
$$;

CREATE OR REPLACE FUNCTION _pggit.dollar_quote(p_text text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_tag text := 'function';
BEGIN
    -- the closing tag must not begin in the text, nor across its end
    WHILE strpos(p_text || '$', '$' || v_tag || '$') > 0 LOOP
        v_tag := v_tag || 'x';
    END LOOP;
    RETURN '$' || v_tag || '$' || p_text || '$' || v_tag || '$';
END;
$$;
COMMENT ON FUNCTION _pggit.dollar_quote(text) IS $$
The text as a dollar-quoted string, with a tag that it does not contain.
$$;

CREATE OR REPLACE FUNCTION _pggit.setting_value(p_name text, p_value text)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_name IN (
        'search_path', 'temp_tablespaces', 'session_preload_libraries', 'shared_preload_libraries',
        'local_preload_libraries', 'unix_socket_directories'
    ) THEN (
        -- these hold lists of quoted identifiers; SET wants each as a string
        SELECT coalesce(string_agg(quote_literal(CASE
            WHEN m.item[1] LIKE '"%' THEN replace(substr(m.item[1], 2, length(m.item[1]) - 2), '""', '"')
            ELSE m.item[1]
        END), ', ' ORDER BY m.place), '''''')
        FROM regexp_matches(p_value, '("(?:[^"]|"")*"|[^", ]+)', 'g') WITH ORDINALITY AS m(item, place)
    )
    ELSE quote_literal(p_value)
END;
COMMENT ON FUNCTION _pggit.setting_value(text, text) IS $$
The value of a routine's setting as SET writes it.
$$;

CREATE OR REPLACE FUNCTION _pggit.setting_name(p_name text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(quote_ident(n.part), '.' ORDER BY n.place)
    FROM regexp_split_to_table(p_name, '\.') WITH ORDINALITY AS n(part, place);
END;
COMMENT ON FUNCTION _pggit.setting_name(text) IS $$
The name of a setting, each part quoted.
$$;

CREATE OR REPLACE FUNCTION _pggit.argument_list(p_arguments jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(
        concat_ws(' ',
            upper(a.item->>'mode'), quote_ident(a.item->>'name'), a.item->>'type', 'DEFAULT ' || (a.item->>'default')),
        ', ' ORDER BY a.place), '')
    FROM jsonb_array_elements(p_arguments) WITH ORDINALITY AS a(item, place);
END;
COMMENT ON FUNCTION _pggit.argument_list(jsonb) IS $$
The arguments of a routine as CREATE writes them.
$$;

CREATE OR REPLACE FUNCTION _pggit.routine_statement(p_object _pggit.object, p_verb text)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN p_verb || ' ' || upper((p_object).kind) || ' '
    || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    || '(' || _pggit.argument_list((p_object).attrs->'arguments') || ')'
    || concat_ws(E'\n ', '',
        'RETURNS ' || ((p_object).attrs->>'result'),
        'LANGUAGE ' || quote_ident((p_object).attrs->>'language'),
        (
            SELECT 'TRANSFORM ' || string_agg('FOR TYPE ' || t.type, ', ' ORDER BY t.place)
            FROM jsonb_array_elements_text((p_object).attrs->'transforms') WITH ORDINALITY AS t(type, place)
        ),
        nullif(concat_ws(' ',
            CASE WHEN (p_object).attrs ? 'window' THEN 'WINDOW' END,
            upper((p_object).attrs->>'volatility'),
            CASE WHEN (p_object).attrs ? 'strict' THEN 'STRICT' END,
            CASE WHEN (p_object).attrs ? 'security_definer' THEN 'SECURITY DEFINER' END,
            CASE WHEN (p_object).attrs ? 'leakproof' THEN 'LEAKPROOF' END,
            'PARALLEL ' || upper((p_object).attrs->>'parallel'),
            'COST ' || ((p_object).attrs->>'cost'),
            'ROWS ' || ((p_object).attrs->>'rows'),
            'SUPPORT ' || ((p_object).attrs->>'support')), ''),
        (
            SELECT string_agg(
                'SET ' || _pggit.setting_name(substr(c.key, 8)) || ' TO ' || _pggit.setting_value(substr(c.key, 8), c.value),
                E'\n ' ORDER BY c.key)
            FROM jsonb_each_text((p_object).attrs) AS c
            WHERE c.key LIKE 'config:%'
        ),
        coalesce(
            (p_object).attrs->>'sql_body',
            'AS ' || CASE
                WHEN (p_object).attrs ? 'library' THEN quote_literal((p_object).attrs->>'library') || ', '
                    || quote_literal((p_object).attrs->>'body')
                ELSE _pggit.dollar_quote((p_object).attrs->>'body')
            END));
COMMENT ON FUNCTION _pggit.routine_statement(_pggit.object, text) IS $$
CREATE or CREATE OR REPLACE of a function or procedure.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_function(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.routine_statement(p_object, 'CREATE'));
END;
COMMENT ON FUNCTION _pggit.create_function(_pggit.object, _pggit.object[]) IS $$
CREATE FUNCTION.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_procedure(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.routine_statement(p_object, 'CREATE'));
END;
COMMENT ON FUNCTION _pggit.create_procedure(_pggit.object, _pggit.object[]) IS $$
CREATE PROCEDURE.
$$;

CREATE OR REPLACE FUNCTION _pggit.arguments_clash(p_old jsonb, p_new jsonb)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    -- replacing may name what had no name and add defaults, nothing else
    SELECT
    FROM jsonb_array_elements(p_old) WITH ORDINALITY AS o(item, place)
    FULL JOIN jsonb_array_elements(p_new) WITH ORDINALITY AS n(item, place) ON n.place = o.place
    WHERE o.item IS NULL
       OR n.item IS NULL
       OR o.item->'type' <> n.item->'type'
       OR o.item->'mode' IS DISTINCT FROM n.item->'mode'
       OR o.item ? 'name' AND o.item->'name' IS DISTINCT FROM n.item->'name'
       OR o.item ? 'default' AND NOT n.item ? 'default'
       OR NOT o.item ? 'name' AND n.item ? 'name' AND o.item->>'mode' IN ('out', 'inout')
);
COMMENT ON FUNCTION _pggit.arguments_clash(jsonb, jsonb) IS $$
Whether CREATE OR REPLACE refuses the change of arguments.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_function(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'result' IS DISTINCT FROM (p_new).attrs->'result'
    OR (p_old).attrs->'window' IS DISTINCT FROM (p_new).attrs->'window'
    OR _pggit.arguments_clash(
        coalesce((p_old).attrs->'arguments', '[]'), coalesce((p_new).attrs->'arguments', '[]'));
COMMENT ON FUNCTION _pggit.rebuild_function(_pggit.object, _pggit.object) IS $$
Whether the result changes, or arguments do in a way that CREATE OR REPLACE refuses.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_procedure(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.arguments_clash(
    coalesce((p_old).attrs->'arguments', '[]'), coalesce((p_new).attrs->'arguments', '[]'));
COMMENT ON FUNCTION _pggit.rebuild_procedure(_pggit.object, _pggit.object) IS $$
Whether arguments change in a way that CREATE OR REPLACE refuses.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_function(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.routine_statement(p_new, 'CREATE OR REPLACE'))
    WHERE EXISTS (
        SELECT
        FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
        WHERE c.attribute NOT IN ('owner', 'comment')
          AND c.attribute NOT LIKE 'acl:%'
    );
END;
COMMENT ON FUNCTION _pggit.alter_function(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE FUNCTION.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_procedure(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.alter_function(p_old, p_new);
END;
COMMENT ON FUNCTION _pggit.alter_procedure(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE PROCEDURE.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_function(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_function(_pggit.object) IS $$
DROP FUNCTION.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_procedure(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_procedure(_pggit.object) IS $$
DROP PROCEDURE.
$$;

CREATE OR REPLACE FUNCTION _pggit.aggregate_arguments(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_attrs ? 'direct_arguments' THEN concat_ws(' ',
        nullif(_pggit.argument_list(jsonb_path_query_array(
            p_attrs->'arguments', '$[0 to $last]',
            jsonb_build_object('last', (p_attrs->>'direct_arguments')::integer - 1))), ''),
        'ORDER BY',
        _pggit.argument_list(jsonb_path_query_array(
            p_attrs->'arguments', '$[$first to last]',
            jsonb_build_object('first', (p_attrs->>'direct_arguments')::integer))))
    WHEN p_attrs ? 'arguments' THEN _pggit.argument_list(p_attrs->'arguments')
    ELSE '*'
END;
COMMENT ON FUNCTION _pggit.aggregate_arguments(jsonb) IS $$
The arguments of an aggregate as CREATE writes them: direct ones, ORDER BY, aggregated ones.
$$;

CREATE OR REPLACE FUNCTION _pggit.finalfunc_modify(p_letter text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_letter WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' WHEN 'w' THEN 'READ_WRITE' END;
COMMENT ON FUNCTION _pggit.finalfunc_modify(text) IS $$
The word for what a final function does to the state.
$$;

CREATE OR REPLACE FUNCTION _pggit.aggregate_statement(p_object _pggit.object, p_verb text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_verb || ' AGGREGATE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
    || '(' || _pggit.aggregate_arguments((p_object).attrs) || E') (\n    '
    || concat_ws(E',\n    ',
        'SFUNC = ' || ((p_object).attrs->>'sfunc'),
        'STYPE = ' || ((p_object).attrs->>'stype'),
        'SSPACE = ' || ((p_object).attrs->>'sspace'),
        'FINALFUNC = ' || ((p_object).attrs->>'finalfunc'),
        CASE WHEN (p_object).attrs ? 'finalfunc_extra' THEN 'FINALFUNC_EXTRA' END,
        'FINALFUNC_MODIFY = ' || _pggit.finalfunc_modify((p_object).attrs->>'finalfunc_modify'),
        'COMBINEFUNC = ' || ((p_object).attrs->>'combinefunc'),
        'SERIALFUNC = ' || ((p_object).attrs->>'serialfunc'),
        'DESERIALFUNC = ' || ((p_object).attrs->>'deserialfunc'),
        'INITCOND = ' || quote_literal((p_object).attrs->>'initcond'),
        'MSFUNC = ' || ((p_object).attrs->>'msfunc'),
        'MINVFUNC = ' || ((p_object).attrs->>'minvfunc'),
        'MSTYPE = ' || ((p_object).attrs->>'mstype'),
        'MSSPACE = ' || ((p_object).attrs->>'msspace'),
        'MFINALFUNC = ' || ((p_object).attrs->>'mfinalfunc'),
        CASE WHEN (p_object).attrs ? 'mfinalfunc_extra' THEN 'MFINALFUNC_EXTRA' END,
        'MFINALFUNC_MODIFY = ' || _pggit.finalfunc_modify((p_object).attrs->>'mfinalfunc_modify'),
        'MINITCOND = ' || quote_literal((p_object).attrs->>'minitcond'),
        'SORTOP = OPERATOR(' || ((p_object).attrs->>'sortop') || ')',
        'PARALLEL = ' || upper((p_object).attrs->>'parallel'),
        CASE WHEN (p_object).attrs ? 'hypothetical' THEN 'HYPOTHETICAL' END)
    || E'\n)';
COMMENT ON FUNCTION _pggit.aggregate_statement(_pggit.object, text) IS $$
CREATE or CREATE OR REPLACE of an aggregate.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_aggregate(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.aggregate_statement(p_object, 'CREATE'));
END;
COMMENT ON FUNCTION _pggit.create_aggregate(_pggit.object, _pggit.object[]) IS $$
CREATE AGGREGATE.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_aggregate(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    -- the result type follows from these
    SELECT
    FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
    WHERE c.attribute IN ('arguments', 'direct_arguments', 'hypothetical', 'stype', 'finalfunc')
);
COMMENT ON FUNCTION _pggit.rebuild_aggregate(_pggit.object, _pggit.object) IS $$
Whether arguments or, perhaps, the result change, so that CREATE OR REPLACE might refuse.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_aggregate(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.aggregate_statement(p_new, 'CREATE OR REPLACE'))
    WHERE EXISTS (
        SELECT
        FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
        WHERE c.attribute NOT IN ('owner', 'comment')
          AND c.attribute NOT LIKE 'acl:%'
    );
END;
COMMENT ON FUNCTION _pggit.alter_aggregate(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE AGGREGATE.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_aggregate(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_aggregate(_pggit.object) IS $$
DROP AGGREGATE.
$$;

-- 22_plan_relations.sql
CREATE OR REPLACE FUNCTION _pggit.table_target(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN quote_ident((p_object).schema_name) || '.' || quote_ident((p_object).table_name);
COMMENT ON FUNCTION _pggit.table_target(_pggit.object) IS $$
The relation or domain in which an object lives, as DDL names it.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_target(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN quote_ident((p_object).schema_name) || '.' || quote_ident((p_object).name);
COMMENT ON FUNCTION _pggit.object_target(_pggit.object) IS $$
An object of a schema, as DDL names it.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_list(p_names jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(n.name, ', ' ORDER BY n.place)
    FROM jsonb_array_elements_text(p_names) WITH ORDINALITY AS n(name, place);
END;
COMMENT ON FUNCTION _pggit.name_list(jsonb) IS $$
Names that are stored quoted, with commas between.
$$;

CREATE OR REPLACE FUNCTION _pggit.option_list(p_attrs jsonb, p_prefix text DEFAULT 'option:')
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(
        (
            SELECT string_agg(quote_ident(w.word), '.' ORDER BY w.place)
            FROM regexp_split_to_table(substr(o.key, length(p_prefix) + 1), '\.') WITH ORDINALITY AS w(word, place)
        ) || ' = ' || quote_literal(o.value),
        ', ' ORDER BY o.key)
    FROM jsonb_each_text(p_attrs) AS o
    WHERE starts_with(o.key, p_prefix);
END;
COMMENT ON FUNCTION _pggit.option_list(jsonb, text) IS $$
Storage options as WITH and SET write them; NULL if there are none.
$$;

CREATE OR REPLACE FUNCTION _pggit.option_changes(
    p_head text,
    p_old jsonb,
    p_new jsonb,
    p_lock_level text DEFAULT 'SHARE UPDATE EXCLUSIVE'
)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (q.ddl).* FROM (
        WITH gone AS (
            SELECT jsonb_object_agg(o.key, o.value) AS attrs
            FROM jsonb_each_text(p_old) AS o
            WHERE starts_with(o.key, 'option:') AND NOT p_new ? o.key
        ), fresh AS (
            SELECT jsonb_object_agg(n.key, n.value) AS attrs
            FROM jsonb_each_text(p_new) AS n
            WHERE starts_with(n.key, 'option:') AND p_old->>n.key IS DISTINCT FROM n.value
        )
        SELECT _pggit.make_ddl(
            p_head || ' RESET (' || regexp_replace(_pggit.option_list(g.attrs), ' = ''[^'']*''', '', 'g') || ')', p_lock_level)
        FROM gone AS g
        WHERE g.attrs IS NOT NULL
        UNION ALL
        SELECT _pggit.make_ddl(p_head || ' SET (' || _pggit.option_list(f.attrs) || ')', p_lock_level)
        FROM fresh AS f
        WHERE f.attrs IS NOT NULL
    ) AS q(ddl);
END;
$$;
COMMENT ON FUNCTION _pggit.option_changes(text, jsonb, jsonb, text) IS $$
SET and RESET of the storage options that differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_options(p_attrs jsonb, p_prefix text DEFAULT '')
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(' ',
    'INCREMENT BY ' || (p_attrs->>(p_prefix || 'increment')),
    'MINVALUE ' || (p_attrs->>(p_prefix || 'minimum')),
    'MAXVALUE ' || (p_attrs->>(p_prefix || 'maximum')),
    'START WITH ' || (p_attrs->>(p_prefix || 'start')),
    'CACHE ' || (p_attrs->>(p_prefix || 'cache')),
    CASE WHEN p_attrs ? (p_prefix || 'cycle') THEN 'CYCLE' END
);
COMMENT ON FUNCTION _pggit.sequence_options(jsonb, text) IS $$
The parameters of a new sequence that are not the default.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_range(p_attrs jsonb, p_prefix text)
RETURNS numrange
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN coalesce((p_attrs->>(p_prefix || 'increment'))::numeric, 1) > 0
    THEN numrange(
        coalesce((p_attrs->>(p_prefix || 'minimum'))::numeric, 1), (p_attrs->>(p_prefix || 'maximum'))::numeric, '[]')
    ELSE numrange(
        (p_attrs->>(p_prefix || 'minimum'))::numeric, coalesce((p_attrs->>(p_prefix || 'maximum'))::numeric, -1), '[]')
END;
COMMENT ON FUNCTION _pggit.sequence_range(jsonb, text) IS $$
The values that a sequence can have; without end where its type is the bound.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_rewind(p_old jsonb, p_new jsonb, p_prefix text, p_sequence text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT format('SELECT pg_catalog.setval(%1$s, %2$s, false) WHERE pg_catalog.pg_sequence_last_value(%1$s) IS NULL',
        p_sequence, coalesce(CASE WHEN r.both @> r.new_start THEN r.new_start END, lower(r.both)))
    FROM (
        SELECT
            _pggit.sequence_range(p_old, p_prefix) * _pggit.sequence_range(p_new, p_prefix) AS both,
            coalesce((p_old->>(p_prefix || 'start'))::numeric, b.old_first) AS old_start,
            coalesce((p_new->>(p_prefix || 'start'))::numeric, b.new_first) AS new_start
        FROM (
            SELECT
                CASE WHEN coalesce((p_old->>(p_prefix || 'increment'))::numeric, 1) > 0
                    THEN lower(_pggit.sequence_range(p_old, p_prefix)) ELSE upper(_pggit.sequence_range(p_old, p_prefix)) END,
                CASE WHEN coalesce((p_new->>(p_prefix || 'increment'))::numeric, 1) > 0
                    THEN lower(_pggit.sequence_range(p_new, p_prefix)) ELSE upper(_pggit.sequence_range(p_new, p_prefix)) END
        ) AS b(old_first, new_first)
    ) AS r
    WHERE NOT isempty(r.both)
      AND NOT r.both @> r.old_start;
END;
COMMENT ON FUNCTION _pggit.sequence_rewind(jsonb, jsonb, text, text) IS $$
Moves a sequence that has not counted yet to where the new bounds allow it to stand; no row where they leave it alone.
p_sequence: an expression of type regclass.
$$;

CREATE OR REPLACE FUNCTION _pggit.sequence_changes(p_old jsonb, p_new jsonb, p_prefix text, p_set text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(CASE c.key WHEN 'restart' THEN '' ELSE p_set END || c.phrase, ' ' ORDER BY c.place)
    FROM (
        VALUES
            (1, 'increment', 'INCREMENT BY ' || coalesce(p_new->>(p_prefix || 'increment'), '1')),
            (2, 'minimum', coalesce('MINVALUE ' || (p_new->>(p_prefix || 'minimum')), 'NO MINVALUE')),
            (3, 'maximum', coalesce('MAXVALUE ' || (p_new->>(p_prefix || 'maximum')), 'NO MAXVALUE')),
            (4, 'start', 'START WITH ' || coalesce(
                p_new->>(p_prefix || 'start'),
                CASE WHEN coalesce((p_new->>(p_prefix || 'increment'))::bigint, 1) > 0
                    THEN coalesce(p_new->>(p_prefix || 'minimum'), '1')
                    ELSE coalesce(p_new->>(p_prefix || 'maximum'), '-1') END)),
            (5, 'cache', 'CACHE ' || coalesce(p_new->>(p_prefix || 'cache'), '1')),
            (6, 'cycle', CASE WHEN p_new ? (p_prefix || 'cycle') THEN 'CYCLE' ELSE 'NO CYCLE' END),
            (7, 'restart', 'RESTART')
    ) AS c(place, key, phrase)
    WHERE c.key = 'restart' AND CASE
            -- it began beyond the new bound, so whatever it counted to is beyond it, too
            WHEN coalesce((p_old->>(p_prefix || 'increment'))::bigint, 1) > 0
                THEN coalesce(p_old->>(p_prefix || 'start'), p_old->>(p_prefix || 'minimum'), '1')::bigint
                    > coalesce((p_new->>(p_prefix || 'maximum'))::bigint,
                        CASE WHEN (p_new->>(p_prefix || 'increment'))::bigint < 0 THEN -1 END)
            ELSE coalesce(p_old->>(p_prefix || 'start'), p_old->>(p_prefix || 'maximum'), '-1')::bigint
                < coalesce((p_new->>(p_prefix || 'minimum'))::bigint,
                    CASE WHEN coalesce((p_new->>(p_prefix || 'increment'))::bigint, 1) > 0 THEN 1 END)
        END
       OR p_old->(p_prefix || c.key) IS DISTINCT FROM p_new->(p_prefix || c.key)
       -- the default bounds follow the direction
       OR c.key IN ('minimum', 'maximum', 'start')
           AND sign(coalesce((p_old->>(p_prefix || 'increment'))::numeric, 1))
               <> sign(coalesce((p_new->>(p_prefix || 'increment'))::numeric, 1))
       OR c.key = 'start' AND (
           p_old->(p_prefix || 'minimum') IS DISTINCT FROM p_new->(p_prefix || 'minimum')
           OR p_old->(p_prefix || 'maximum') IS DISTINCT FROM p_new->(p_prefix || 'maximum')
           OR p_old->(p_prefix || 'increment') IS DISTINCT FROM p_new->(p_prefix || 'increment'));
END;
COMMENT ON FUNCTION _pggit.sequence_changes(jsonb, jsonb, text, text) IS $$
The phrases of ALTER SEQUENCE, or with p_set = 'SET ' of ALTER COLUMN, for the parameters that differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_sequence(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(concat_ws(' ',
        'CREATE',
        upper((p_object).attrs->>'persistence'),
        'SEQUENCE',
        _pggit.object_target(p_object),
        'AS ' || ((p_object).attrs->>'type'),
        nullif(_pggit.sequence_options((p_object).attrs), '')
    ));
END;
COMMENT ON FUNCTION _pggit.create_sequence(_pggit.object, _pggit.object[]) IS $$
CREATE SEQUENCE; its column takes it later, when both exist.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_sequence(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER SEQUENCE ' || _pggit.object_target(p_new) || ' SET '
            || CASE WHEN (p_new).attrs ? 'persistence' THEN 'UNLOGGED' ELSE 'LOGGED' END,
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->'persistence' IS DISTINCT FROM (p_new).attrs->'persistence'
      AND NOT (p_new).attrs ? 'owned_by'
    UNION ALL
    SELECT _pggit.make_ddl(r.rewind, 'ROW EXCLUSIVE')
    FROM _pggit.sequence_rewind(
        (p_old).attrs, (p_new).attrs, '', quote_literal(_pggit.object_target(p_new)) || '::pg_catalog.regclass') AS r(rewind)
    WHERE r.rewind IS NOT NULL
    UNION ALL
    SELECT _pggit.make_ddl(
        concat_ws(' ', 'ALTER SEQUENCE', _pggit.object_target(p_new), c.type, c.rest),
        'SHARE ROW EXCLUSIVE', '{may_fail}')
    FROM (
        SELECT
            CASE WHEN (p_old).attrs->'type' IS DISTINCT FROM (p_new).attrs->'type'
                THEN 'AS ' || coalesce((p_new).attrs->>'type', 'bigint') END,
            _pggit.sequence_changes((p_old).attrs, (p_new).attrs, '', '')
    ) AS c(type, rest)
    WHERE c.type IS NOT NULL OR c.rest IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.alter_sequence(_pggit.object, _pggit.object) IS $$
ALTER SEQUENCE for all but its owner column, which is settled apart.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_sequence(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    'DROP SEQUENCE IF EXISTS ' || _pggit.object_target(p_object), 'ACCESS EXCLUSIVE', '{data_loss}');
COMMENT ON FUNCTION _pggit.drop_sequence(_pggit.object) IS $$
DROP SEQUENCE; IF EXISTS because an owned sequence goes with its column.
$$;

CREATE OR REPLACE FUNCTION _pggit.identity_clause(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN 'GENERATED ' || upper((p_object).attrs->>'identity') || ' AS IDENTITY' || coalesce(' (' || nullif(concat_ws(' ',
    CASE
        WHEN (p_object).attrs->>'identity:sequence'
            <> quote_ident(_pggit.default_name((p_object).table_name, (p_object).name, 'seq'))
        THEN 'SEQUENCE NAME ' || quote_ident((p_object).schema_name) || '.' || ((p_object).attrs->>'identity:sequence')
    END,
    nullif(_pggit.sequence_options((p_object).attrs, 'identity:'), '')
), '') || ')', '');
COMMENT ON FUNCTION _pggit.identity_clause(_pggit.object) IS $$
GENERATED … AS IDENTITY with the parameters that are not the default.
$$;

CREATE OR REPLACE FUNCTION _pggit.not_null_clause(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN (p_object).attrs ? 'not_null' THEN concat_ws(' ',
    CASE
        WHEN (p_object).attrs ? 'not_null_spelled' OR (p_object).attrs->>'not_null_name'
            <> quote_ident(_pggit.default_name((p_object).table_name, (p_object).name, 'not_null'))
        THEN 'CONSTRAINT ' || ((p_object).attrs->>'not_null_name')
    END,
    'NOT NULL',
    CASE WHEN (p_object).attrs ? 'not_null_no_inherit' THEN 'NO INHERIT' END
) END;
COMMENT ON FUNCTION _pggit.not_null_clause(_pggit.object) IS $$
NOT NULL, with the name of its constraint (PostgreSQL 18) where that is not the default one.
$$;

CREATE OR REPLACE FUNCTION _pggit.column_definition(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(' ',
    quote_ident((p_object).name),
    (p_object).attrs->>'type',
    'COMPRESSION ' || ((p_object).attrs->>'compression'),
    'COLLATE ' || ((p_object).attrs->>'collation'),
    CASE
        WHEN (p_object).attrs ? 'generated'
            THEN 'GENERATED ALWAYS AS (' || ((p_object).attrs->>'expression') || ') '
                || upper((p_object).attrs->>'generated')
        WHEN (p_object).attrs ? 'identity' THEN _pggit.identity_clause(p_object)
        WHEN (p_object).attrs ? 'default' THEN 'DEFAULT ' || ((p_object).attrs->>'default')
    END,
    CASE WHEN NOT (p_object).attrs ? 'not_null_not_valid' THEN _pggit.not_null_clause(p_object) END
);
COMMENT ON FUNCTION _pggit.column_definition(_pggit.object) IS $$
A column as CREATE TABLE and ADD COLUMN write it.
$$;

CREATE OR REPLACE FUNCTION _pggit.column_tuning(p_old jsonb, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_head text := format('ALTER TABLE %s ALTER COLUMN %I', _pggit.table_target(p_new), (p_new).name);
    v_new  jsonb := (p_new).attrs;
BEGIN
    IF p_old->'statistics' IS DISTINCT FROM v_new->'statistics' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET STATISTICS ' || coalesce(v_new->>'statistics', '-1'), 'SHARE UPDATE EXCLUSIVE');
    END IF;
    IF p_old->'storage' IS DISTINCT FROM v_new->'storage'
        OR p_old ? 'storage' AND p_old->'type' IS DISTINCT FROM v_new->'type' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET STORAGE ' || upper(coalesce(v_new->>'storage', (
                SELECT CASE t.typstorage
                    WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END
                FROM pg_type AS t
                WHERE t.oid = to_regtype(regexp_replace(v_new->>'type', '\(.*\)', ''))
            ), 'extended')),
            'ACCESS EXCLUSIVE');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.option_changes(v_head, p_old, v_new);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.column_tuning(jsonb, _pggit.object) IS $$
The statements for statistics target, storage and options of a column.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_table(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 3
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs  jsonb := (p_object).attrs;
    v_target text := _pggit.object_target(p_object);
    v_lines  text;
    v_part   _pggit.object;
BEGIN
    SELECT string_agg('    ' || _pggit.column_definition(c), E',\n'
        ORDER BY ((c).attrs->>'position')::numeric, (c).name)
    INTO v_lines
    FROM unnest(p_parts) AS c
    WHERE (c).kind = 'column' AND NOT (c).attrs ? 'inherited';
    RETURN NEXT _pggit.make_ddl(
        concat_ws(' ',
            'CREATE', upper(v_attrs->>'persistence'), 'TABLE', v_target,
            CASE
                WHEN v_attrs ? 'attached' THEN '(LIKE ' || (v_attrs->>'partition_of')
                    || ' INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)'
                WHEN v_attrs ? 'partition_of' THEN 'PARTITION OF ' || (v_attrs->>'partition_of')
                    || coalesce(' (' || (
                        SELECT string_agg(quote_ident((c).name) || ' ' || _pggit.not_null_clause(c), ', ' ORDER BY (c).name)
                        FROM unnest(p_parts) AS c
                        WHERE (c).kind = 'column' AND (c).attrs ? 'not_null'
                    ) || ')', '') || ' ' || (v_attrs->>'bound')
                WHEN v_attrs ? 'of_type' THEN 'OF ' || (v_attrs->>'of_type')
                ELSE '(' || coalesce(E'\n' || v_lines || E'\n', '') || ')'
            END,
            'INHERITS (' || _pggit.name_list(v_attrs->'inherits') || ')',
            'PARTITION BY ' || (v_attrs->>'partition_by'),
            'USING ' || quote_ident(v_attrs->>'access_method'),
            'WITH (' || _pggit.option_list(v_attrs) || ')',
            'TABLESPACE ' || quote_ident(v_attrs->>'tablespace')),
        CASE WHEN v_attrs ? 'partition_of' THEN 'ACCESS EXCLUSIVE' WHEN v_attrs ? 'inherits' THEN 'SHARE UPDATE EXCLUSIVE'
            ELSE '' END);
    FOREACH v_part IN ARRAY coalesce(p_parts, '{}') LOOP
        CONTINUE WHEN (v_part).kind <> 'column';
        IF (v_part).attrs ? 'inherited' THEN
            IF v_attrs ? 'partition_of' AND NOT v_attrs ? 'attached' THEN
                v_part.attrs := v_part.attrs - '{not_null,not_null_name}'::text[];
            ELSIF v_attrs ? 'attached' AND (v_part).attrs ? 'not_null_name' THEN
                -- LIKE has copied the constraint under the parent's name
                RETURN NEXT _pggit.make_ddl(format(
                    'ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', v_target, (v_part).name));
            END IF;
            RETURN QUERY SELECT * FROM _pggit.add_column(v_part);
        ELSE
            RETURN QUERY SELECT * FROM _pggit.column_tuning('{}', v_part);
            RETURN QUERY SELECT * FROM _pggit.not_valid_not_null(v_part);
        END IF;
    END LOOP;
    RETURN QUERY SELECT * FROM _pggit.table_flags('{}', p_object);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.create_table(_pggit.object, _pggit.object[]) IS $$
CREATE TABLE with its columns.
p_parts: the columns.
$$;

CREATE OR REPLACE FUNCTION _pggit.not_valid_not_null(p_column _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (q.ddl).* FROM (
        SELECT _pggit.make_ddl(format(
            'ALTER TABLE %s ADD CONSTRAINT %s NOT NULL %I%s NOT VALID',
            _pggit.table_target(p_column), (p_column).attrs->>'not_null_name', (p_column).name,
            CASE WHEN (p_column).attrs ? 'not_null_no_inherit' THEN ' NO INHERIT' ELSE '' END), 'ACCESS EXCLUSIVE')
        WHERE (p_column).attrs ? 'not_null_not_valid'
    ) AS q(ddl);
END;
$$;
COMMENT ON FUNCTION _pggit.not_valid_not_null(_pggit.object) IS $$
A NOT NULL that existing rows need not meet (PostgreSQL 18) can only be added afterwards.
$$;

CREATE OR REPLACE FUNCTION _pggit.table_flags(p_old jsonb, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT _pggit.make_ddl('ALTER TABLE ' || _pggit.object_target(p_new) || ' ' || f.phrase, f.lock_level)
    FROM (
        VALUES
            (
                'row_security',
                CASE WHEN (p_new).attrs ? 'row_security' THEN 'ENABLE' ELSE 'DISABLE' END || ' ROW LEVEL SECURITY',
                'ACCESS EXCLUSIVE'
            ),
            (
                'force_row_security',
                CASE WHEN (p_new).attrs ? 'force_row_security' THEN 'FORCE' ELSE 'NO FORCE' END || ' ROW LEVEL SECURITY',
                'ACCESS EXCLUSIVE'
            ),
            (
                'replica_identity',
                -- an index says so itself, when it exists
                CASE WHEN (p_new).attrs->>'replica_identity' = 'index' THEN NULL
                    ELSE 'REPLICA IDENTITY ' || upper(coalesce((p_new).attrs->>'replica_identity', 'default')) END,
                'ACCESS EXCLUSIVE'
            ),
            (
                'clustered',
                CASE WHEN NOT (p_new).attrs ? 'clustered' THEN 'SET WITHOUT CLUSTER' END,
                'SHARE UPDATE EXCLUSIVE'
            )
    ) AS f(key, phrase, lock_level)
    WHERE p_old->f.key IS DISTINCT FROM (p_new).attrs->f.key
      AND f.phrase IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.table_flags(jsonb, _pggit.object) IS $$
The statements for row-level security, replica identity and clustering of a table.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_table(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 3
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old  jsonb := (p_old).attrs;
    v_new  jsonb := (p_new).attrs;
    v_head text := 'ALTER TABLE ' || _pggit.object_target(p_new);
    v_name text;
BEGIN
    IF (v_old->'partition_of', v_old->'bound') IS DISTINCT FROM (v_new->'partition_of', v_new->'bound') THEN
        IF v_old ? 'partition_of' THEN
            RETURN NEXT _pggit.make_ddl(
                format('ALTER TABLE %s DETACH PARTITION %s', v_old->>'partition_of', _pggit.object_target(p_new)),
                'ACCESS EXCLUSIVE');
        END IF;
    END IF;
    FOR v_name IN SELECT jsonb_array_elements_text(v_old->'inherits') LOOP
        IF NOT coalesce(v_new->'inherits' ? v_name, false) THEN
            RETURN NEXT _pggit.make_ddl(v_head || ' NO INHERIT ' || v_name, 'ACCESS EXCLUSIVE');
        END IF;
    END LOOP;
    FOR v_name IN SELECT jsonb_array_elements_text(v_new->'inherits') LOOP
        IF NOT coalesce(v_old->'inherits' ? v_name, false) THEN
            RETURN NEXT _pggit.make_ddl(v_head || ' INHERIT ' || v_name, 'ACCESS EXCLUSIVE', '{may_fail}');
        END IF;
    END LOOP;
    IF v_old->'of_type' IS DISTINCT FROM v_new->'of_type' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || coalesce(' OF ' || (v_new->>'of_type'), ' NOT OF'), 'ACCESS EXCLUSIVE', '{may_fail}');
    END IF;
    IF v_old->'persistence' IS DISTINCT FROM v_new->'persistence' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || CASE WHEN v_new ? 'persistence' THEN ' SET UNLOGGED' ELSE ' SET LOGGED' END,
            'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    IF v_old->'access_method' IS DISTINCT FROM v_new->'access_method' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s SET ACCESS METHOD %I', v_head, coalesce(v_new->>'access_method', 'heap')),
            'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    IF v_old->'tablespace' IS DISTINCT FROM v_new->'tablespace' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s SET TABLESPACE %I', v_head, coalesce(v_new->>'tablespace', 'pg_default')),
            'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.option_changes(v_head, v_old, v_new);
    RETURN QUERY SELECT * FROM _pggit.table_flags(v_old, p_new);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_table(_pggit.object, _pggit.object) IS $$
ALTER TABLE for what is the table's own.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_table(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'partition_by' IS DISTINCT FROM (p_new).attrs->'partition_by';
COMMENT ON FUNCTION _pggit.rebuild_table(_pggit.object, _pggit.object) IS $$
A table cannot become partitioned, or partitioned differently, in place.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_table(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl('DROP TABLE ' || _pggit.object_target(p_object), 'ACCESS EXCLUSIVE', '{data_loss}');
COMMENT ON FUNCTION _pggit.drop_table(_pggit.object) IS $$
DROP TABLE.
$$;

-- 22_plan_relations_columns.sql
CREATE OR REPLACE FUNCTION _pggit.retype_using(p_column text, p_old_type text, p_new_type text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old oid := to_regtype(regexp_replace(p_old_type, '\(.*?\)', ''))::oid;
    v_new oid := to_regtype(regexp_replace(p_new_type, '\(.*?\)', ''))::oid;
BEGIN
    IF v_old = v_new THEN
        RETURN NULL;
    END IF;
    -- the element decides for arrays
    SELECT coalesce(max(e.oid), v_old) INTO v_old FROM pg_type AS e WHERE e.typarray = v_old AND v_old <> 0;
    SELECT coalesce(max(e.oid), v_new) INTO v_new FROM pg_type AS e WHERE e.typarray = v_new AND v_new <> 0;
    IF v_new IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
        OR EXISTS (
            SELECT FROM pg_cast AS c WHERE c.castsource = v_old AND c.casttarget = v_new AND c.castcontext IN ('i', 'a')
        ) THEN
        RETURN NULL;
    END IF;
    IF v_old IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
        OR EXISTS (SELECT FROM pg_cast AS c WHERE c.castsource = v_old AND c.casttarget = v_new) THEN
        RETURN p_column || '::' || p_new_type;
    END IF;
    RETURN p_column || '::text' || CASE WHEN p_old_type LIKE '%[]' AND p_new_type LIKE '%[]' THEN '[]' ELSE '' END
        || '::' || p_new_type;
END;
$$;
COMMENT ON FUNCTION _pggit.retype_using(text, text, text) IS $$
The USING expression for a change of type, NULL where PostgreSQL converts by itself.
$$;

CREATE OR REPLACE FUNCTION _pggit.retype_hazards(p_old_type text, p_new_type text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_old_type = p_new_type THEN '{}'::text[]
    WHEN p_new_type IN ('text', 'character varying') AND p_old_type ~ '^(text|character varying(\(\d+\))?)$' THEN '{}'
    WHEN p_old_type ~ '^character varying\(\d+\)$' AND p_new_type ~ '^character varying\(\d+\)$'
        AND substring(p_old_type FROM '\d+')::integer <= substring(p_new_type FROM '\d+')::integer THEN '{}'
    WHEN p_old_type ~ '^numeric\(' AND p_new_type = 'numeric' THEN '{}'
    WHEN p_new_type IN ('text', 'character varying')
        OR (p_old_type, p_new_type) IN (('smallint', 'integer'), ('smallint', 'bigint'), ('integer', 'bigint'))
        THEN '{table_rewrite}'
    ELSE '{table_rewrite,may_fail}'
END;
COMMENT ON FUNCTION _pggit.retype_hazards(text, text) IS $$
What a change of type costs: widening a text only changes the catalog.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_column(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := (p_object).attrs;
    v_bare  _pggit.object := p_object;
BEGIN
    IF v_attrs ? 'inherited' THEN
        v_bare.attrs := '{"inherited": true}';
        RETURN QUERY SELECT * FROM _pggit.alter_column(v_bare, p_object);
        RETURN;
    END IF;
    RETURN NEXT _pggit.make_ddl(
        format('ALTER TABLE %s ADD COLUMN %s', _pggit.table_target(p_object), _pggit.column_definition(p_object)),
        'ACCESS EXCLUSIVE',
        CASE
            WHEN v_attrs ? 'identity' OR v_attrs->>'generated' = 'stored'
                OR v_attrs->>'default' ~ '(nextval|random|uuid\w*|clock_timestamp|timeofday)\(' THEN '{table_rewrite}'::text[]
            ELSE '{}'
        END || CASE
            WHEN v_attrs ? 'not_null' AND NOT v_attrs ?| '{default,identity,generated,not_null_not_valid}'
                THEN '{may_fail}'::text[]
            ELSE '{}'
        END);
    RETURN QUERY SELECT * FROM _pggit.column_tuning('{}', p_object);
    RETURN QUERY SELECT * FROM _pggit.not_valid_not_null(p_object);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.add_column(_pggit.object) IS $$
ADD COLUMN on a table that exists; an inherited column is only told what differs.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_column(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 2
BEGIN ATOMIC
    SELECT d.sql, d.lock_level, d.hazards, d.in_transaction FROM _pggit.add_column(p_object) AS d;
END;
COMMENT ON FUNCTION _pggit.create_column(_pggit.object, _pggit.object[]) IS $$
ADD COLUMN, as the planner calls it.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_not_null(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old    jsonb := (p_old).attrs;
    v_new    jsonb := (p_new).attrs;
    v_table  text := 'ALTER TABLE ' || _pggit.table_target(p_new);
    v_column text := v_table || ' ALTER COLUMN ' || quote_ident((p_new).name);
BEGIN
    IF v_old ? 'not_null' AND v_new ? 'not_null' THEN
        IF v_old->>'not_null_name' <> v_new->>'not_null_name' THEN
            RETURN NEXT _pggit.make_ddl(
                format('%s RENAME CONSTRAINT %s TO %s', v_table, v_old->>'not_null_name', v_new->>'not_null_name'),
                'ACCESS EXCLUSIVE');
        END IF;
        IF v_old ? 'not_null_not_valid' AND NOT v_new ? 'not_null_not_valid' THEN
            RETURN NEXT _pggit.make_ddl(
                format('%s VALIDATE CONSTRAINT %s', v_table, v_new->>'not_null_name'),
                'SHARE UPDATE EXCLUSIVE', '{may_fail,long_lock}');
        END IF;
        IF v_old->'not_null_no_inherit' IS NOT DISTINCT FROM v_new->'not_null_no_inherit'
            AND (v_old ? 'not_null_not_valid' OR NOT v_new ? 'not_null_not_valid') THEN
            RETURN;
        END IF;
    END IF;
    IF v_old ? 'not_null' THEN
        RETURN NEXT _pggit.make_ddl(v_column || ' DROP NOT NULL', 'ACCESS EXCLUSIVE');
    END IF;
    IF v_new ? 'not_null_not_valid' THEN
        RETURN QUERY SELECT * FROM _pggit.not_valid_not_null(p_new);
    ELSIF v_new ? 'not_null' THEN
        RETURN NEXT _pggit.make_ddl(
            CASE
                WHEN v_new ?| '{not_null_no_inherit,not_null_spelled}'
                    OR v_new->>'not_null_name'
                        <> quote_ident(_pggit.default_name((p_new).table_name, (p_new).name, 'not_null'))
                    THEN format('%s ADD CONSTRAINT %s NOT NULL %I%s', v_table, v_new->>'not_null_name', (p_new).name,
                        CASE WHEN v_new ? 'not_null_no_inherit' THEN ' NO INHERIT' ELSE '' END)
                ELSE v_column || ' SET NOT NULL'
            END,
            'ACCESS EXCLUSIVE', '{may_fail,long_lock}');
    END IF;
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_not_null(_pggit.object, _pggit.object) IS $$
NOT NULL set, dropped, renamed or validated.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_identity(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old   jsonb := (p_old).attrs;
    v_new   jsonb := (p_new).attrs;
    v_head  text := format('ALTER TABLE %s ALTER COLUMN %I', _pggit.table_target(p_new), (p_new).name);
    v_parts text;
BEGIN
    IF NOT v_old ? 'identity' AND v_new ? 'identity' THEN
        -- the sequence of a serial column often holds the very name
        IF v_old->>'default' LIKE 'nextval(%' THEN
            RETURN NEXT _pggit.make_ddl(format(
                'DROP SEQUENCE IF EXISTS %I.%s', (p_new).schema_name, v_new->>'identity:sequence'), 'ACCESS EXCLUSIVE');
        END IF;
        RETURN NEXT _pggit.make_ddl(v_head || ' ADD ' || _pggit.identity_clause(p_new), 'ACCESS EXCLUSIVE');
    ELSIF v_old ? 'identity' AND v_new ? 'identity' THEN
        IF v_old->>'identity:sequence' <> v_new->>'identity:sequence' THEN
            RETURN NEXT _pggit.make_ddl(
                format('ALTER SEQUENCE %I.%s RENAME TO %s', (p_new).schema_name, v_old->>'identity:sequence',
                    v_new->>'identity:sequence'),
                'ACCESS EXCLUSIVE');
        END IF;
        v_parts := concat_ws(' ',
            CASE WHEN v_old->'identity' <> v_new->'identity' THEN 'SET GENERATED ' || upper(v_new->>'identity') END,
            _pggit.sequence_changes(v_old, v_new, 'identity:', 'SET '));
        IF v_parts <> '' THEN
            RETURN QUERY
            SELECT d.*
            FROM _pggit.sequence_rewind(v_old, v_new, 'identity:',
                quote_literal(format('%I.%s', (p_new).schema_name, v_new->>'identity:sequence')) || '::pg_catalog.regclass') AS r(rewind)
            CROSS JOIN LATERAL _pggit.make_ddl(r.rewind, 'ROW EXCLUSIVE') AS d
            WHERE r.rewind IS NOT NULL;
            RETURN NEXT _pggit.make_ddl(v_head || ' ' || v_parts, 'ACCESS EXCLUSIVE');
        END IF;
    END IF;
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_identity(_pggit.object, _pggit.object) IS $$
Identity added or changed; it is dropped elsewhere, before NOT NULL and default are looked at.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_column(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old     jsonb := (p_old).attrs;
    v_new     jsonb := (p_new).attrs;
    v_head    text := format('ALTER TABLE %s ALTER COLUMN %I', _pggit.table_target(p_new), (p_new).name);
    v_retype  boolean := v_old->'type' <> v_new->'type'
        OR v_old->'collation' IS DISTINCT FROM v_new->'collation' AND v_new ? 'type';
    v_default boolean := v_old->'default' IS DISTINCT FROM v_new->'default';
    v_using   text := CASE WHEN NOT v_new ? 'generated' THEN
        _pggit.retype_using(quote_ident((p_new).name), v_old->>'type', v_new->>'type') END;
BEGIN
    IF v_old ? 'identity' AND NOT v_new ? 'identity' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP IDENTITY', 'ACCESS EXCLUSIVE');
    END IF;
    IF v_old ? 'generated' AND NOT v_new ? 'generated' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP EXPRESSION', 'ACCESS EXCLUSIVE');
    END IF;
    IF v_old ? 'default' AND (v_retype OR v_default AND NOT v_new ? 'default') THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP DEFAULT', 'ACCESS EXCLUSIVE');
        v_default := true;
    END IF;
    IF v_retype THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' TYPE ' || (v_new->>'type') || coalesce(' COLLATE ' || (v_new->>'collation'), '')
                || coalesce(' USING ' || v_using, ''),
            'ACCESS EXCLUSIVE', _pggit.retype_hazards(v_old->>'type', v_new->>'type'));
    END IF;
    IF v_new ? 'generated' AND v_old->'expression' <> v_new->'expression' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET EXPRESSION AS (' || (v_new->>'expression') || ')', 'ACCESS EXCLUSIVE', '{table_rewrite}');
    END IF;
    IF v_default AND v_new ? 'default' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' SET DEFAULT ' || (v_new->>'default'), 'ACCESS EXCLUSIVE');
    END IF;
    IF v_new ? 'no_default' AND NOT v_old ? 'no_default' THEN
        RETURN NEXT _pggit.make_ddl(v_head || ' DROP DEFAULT', 'ACCESS EXCLUSIVE');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.alter_not_null(p_old, p_new);
    RETURN QUERY SELECT * FROM _pggit.alter_identity(p_old, p_new);
    IF v_old->'compression' IS DISTINCT FROM v_new->'compression' THEN
        RETURN NEXT _pggit.make_ddl(
            v_head || ' SET COMPRESSION ' || coalesce(v_new->>'compression', 'default'), 'ACCESS EXCLUSIVE');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.column_tuning(v_old, p_new);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_column(_pggit.object, _pggit.object) IS $$
ALTER COLUMN: what stands in the way goes first, then the type, then what rests on it.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_column(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_old).attrs ? 'inherited' OR (p_new).attrs ? 'inherited' THEN false
    WHEN NOT (p_new).attrs ? 'generated' THEN (p_old).attrs->>'generated' = 'virtual'
    ELSE (p_old).attrs->'generated' IS DISTINCT FROM (p_new).attrs->'generated'
        OR (p_old).attrs->'expression' IS DISTINCT FROM (p_new).attrs->'expression'
            AND current_setting('server_version_num')::integer < 170000
        OR (p_old).attrs->'type' IS DISTINCT FROM (p_new).attrs->'type'
END;
COMMENT ON FUNCTION _pggit.rebuild_column(_pggit.object, _pggit.object) IS $$
A computed column is computed anew where PostgreSQL cannot turn one form into the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_column(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old  _pggit.object := p_object;
    v_bare _pggit.object := p_object;
BEGIN
    IF (p_object).attrs ? 'inherited' THEN
        v_old.attrs := v_old.attrs - 'default';
        v_bare.attrs := '{"inherited": true}';
        RETURN QUERY SELECT * FROM _pggit.alter_column(v_old, v_bare);
        RETURN;
    END IF;
    RETURN NEXT _pggit.make_ddl(
        format('ALTER TABLE %s DROP COLUMN %I', _pggit.table_target(p_object), (p_object).name),
        'ACCESS EXCLUSIVE',
        CASE WHEN (p_object).attrs ? 'generated' THEN '{}'::text[] ELSE '{data_loss}' END);
END;
$$;
COMMENT ON FUNCTION _pggit.drop_column(_pggit.object) IS $$
DROP COLUMN; an inherited column stays and only loses what its table said of it.
$$;

-- 22_plan_relations_heirs.sql
CREATE OR REPLACE FUNCTION _pggit.is_same_part(p_part _pggit.object, p_model _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_part).kind = (p_model).kind AND CASE
    WHEN (p_part).kind = 'column' THEN (p_part).name = (p_model).name
    WHEN (p_part).attrs->>'type' = 'check' THEN (p_part).name = (p_model).name
        AND (p_part).attrs - 'comment'::text = (p_model).attrs - 'comment'::text
    ELSE (p_part).attrs - 'comment'::text = (p_model).attrs - 'comment'::text
END;
COMMENT ON FUNCTION _pggit.is_same_part(_pggit.object, _pggit.object) IS $$
Whether a table's own column, constraint or index is what its parent would give it.
$$;

CREATE OR REPLACE FUNCTION _pggit.qualify_names(p_object _pggit.object, p_tree _pggit.object[])
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN count(*) = 0 THEN (p_object).attrs
        ELSE _pggit.map_attrs(
            (p_object).attrs,
            array_agg(_pggit.name_pattern(quote_ident((d).name)) ORDER BY (d).object_id),
            array_agg(quote_ident((d).schema_name) || '.' || quote_ident((d).name) ORDER BY (d).object_id))
    END
    FROM unnest(p_tree) AS d
    WHERE (d).object_id = ANY ((p_object).deps)
      AND (d).schema_name = (p_object).schema_name
      AND (d).table_name IS NULL;
END;
COMMENT ON FUNCTION _pggit.qualify_names(_pggit.object, _pggit.object[]) IS $$
The attributes as another schema would write them: what it needs of its own schema under qualified names.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_out_heirs(p_this _pggit.object[], p_other _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_heirs uuid[];
BEGIN
    SELECT array_agg((t).object_id)
    INTO v_heirs
    FROM unnest(p_this) AS t
    JOIN unnest(p_other) AS o ON (o).object_id = (t).object_id
    WHERE (t).kind = 'table'
      AND (t).attrs ?| '{partition_of,inherits}'
      AND ((t).attrs->'partition_of', (t).attrs->'inherits')
          IS DISTINCT FROM ((o).attrs->'partition_of', (o).attrs->'inherits');
    IF v_heirs IS NULL THEN
        RETURN p_this;
    END IF;
    RETURN p_this || ARRAY(
        WITH RECURSIVE line AS (
            SELECT t AS heir, t AS member, 0 AS distance
            FROM unnest(p_this) AS t
            WHERE (t).object_id = ANY (v_heirs)
            UNION ALL
            SELECT l.heir, p, l.distance + 1
            FROM line AS l
            JOIN unnest(p_this) AS p ON (p).object_id = ANY ((l.member).deps)
            WHERE (l.member).attrs ?| '{partition_of,inherits}'
              AND (p).kind = 'table'
              AND l.distance < 50
        )
        SELECT DISTINCT ON ((x).object_id) (
            (x).object_id, (x).kind, (x).parent_id, (l.heir).schema_name, (l.heir).name, (x).name, (x).signature,
            CASE
                WHEN (x).kind <> 'column' THEN (x).attrs
                ELSE (
                    SELECT jsonb_object_agg(a.key, a.value)
                    FROM jsonb_each(CASE
                        WHEN (l.heir).schema_name = (l.member).schema_name THEN (m).attrs
                        ELSE _pggit.qualify_names(m, p_this)
                    END) AS a
                    WHERE a.key <> 'comment' AND a.key <> 'identity' AND NOT starts_with(a.key, 'identity:')
                      AND NOT starts_with(a.key, 'acl:')
                )
            END,
            CASE WHEN (x).kind = 'column' THEN (m).deps ELSE (x).deps END
        )::_pggit.object
        FROM line AS l
        JOIN unnest(p_other) AS x ON (x).parent_id = (l.heir).object_id
        JOIN unnest(p_this) AS m ON (m).parent_id = (l.member).object_id AND _pggit.is_same_part(x, m)
        LEFT JOIN unnest(p_this) AS k ON (k).object_id = (x).object_id
        WHERE l.distance > 0
          AND (x).kind IN ('column', 'constraint', 'index')
          AND NOT (x).attrs ? 'inherited'
          AND (k).object_id IS NULL
        ORDER BY (x).object_id, l.distance
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_heirs(_pggit.object[], _pggit.object[]) IS $$
The tree with the inherited parts of those tables whose parents are others in p_other, as far as they are its own there: a table
that leaves its parent keeps its columns and keys, and one that joins a parent brings its own.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell_out_defaults(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_lost _pggit.object[];
BEGIN
    SELECT array_agg(f)
    INTO v_lost
    FROM (
        SELECT f
        FROM unnest(p_from) AS f
        WHERE (f).kind = 'column'
          AND (f).attrs ? 'inherited'
          AND (f).attrs ?| '{default,no_default}'
    ) AS f
    JOIN unnest(p_to) AS h ON (h).object_id = (f.f).parent_id AND (h).attrs ?| '{partition_of,inherits}'
    LEFT JOIN unnest(p_to) AS t ON (t).object_id = (f.f).object_id
    WHERE (t).object_id IS NULL;
    IF v_lost IS NULL THEN
        RETURN p_to;
    END IF;
    RETURN p_to || ARRAY(
        WITH RECURSIVE line AS (
            SELECT f AS lost, h AS heir, h AS member, 0 AS distance
            FROM unnest(v_lost) AS f
            JOIN unnest(p_to) AS h ON (h).object_id = (f).parent_id
            UNION ALL
            SELECT l.lost, l.heir, p, l.distance + 1
            FROM line AS l
            JOIN unnest(p_to) AS p ON (p).object_id = ANY ((l.member).deps)
            WHERE (l.member).attrs ?| '{partition_of,inherits}'
              AND (p).kind = 'table'
              AND l.distance < 50
        )
        SELECT DISTINCT ON ((l.lost).object_id) (
            (l.lost).object_id, 'column', (l.lost).parent_id, (l.heir).schema_name, (l.heir).name, (l.lost).name, NULL,
            jsonb_strip_nulls(jsonb_build_object('inherited', true, 'default', (CASE
                WHEN (l.heir).schema_name = (l.member).schema_name THEN (m).attrs
                ELSE _pggit.qualify_names(m, p_to)
            END)->'default')),
            ARRAY(SELECT d FROM unnest((m).deps || (l.heir).object_id) AS d WHERE d <> (m).parent_id ORDER BY d)
        )::_pggit.object
        FROM line AS l
        JOIN unnest(p_to) AS m ON (m).parent_id = (l.member).object_id AND (m).kind = 'column' AND (m).name = (l.lost).name
        WHERE l.distance > 0
        ORDER BY (l.lost).object_id, l.distance
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell_out_defaults(_pggit.object[], _pggit.object[]) IS $$
The new tree with the inherited defaults of those columns whose table said something else of them before.
$$;

CREATE OR REPLACE FUNCTION _pggit.adopt_indexes(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_adopted uuid[];
BEGIN
    SELECT array_agg(DISTINCT g.object_id)
    INTO v_adopted
    FROM unnest(p_items) AS g
    JOIN unnest(p_items) AS h ON h.object_id = (g.old).parent_id AND h.action <> 'drop' AND (h.new).attrs ? 'partition_of'
    JOIN unnest(p_items) AS m ON (m.new).parent_id = ANY ((h.new).deps) AND m.kind = 'index' AND m.action = 'create'
    WHERE g.kind = 'index'
      AND g.action = 'drop'
      AND _pggit.is_same_part(g.old, m.new);
    IF v_adopted IS NULL THEN
        RETURN p_items;
    END IF;
    RETURN ARRAY(SELECT i FROM unnest(p_items) AS i WHERE i.object_id <> ALL (v_adopted));
END;
$$;
COMMENT ON FUNCTION _pggit.adopt_indexes(_pggit.plan_item[]) IS $$
Leaves a partition's own index where its parent gets the same one: CREATE INDEX on the parent attaches it.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_targets(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_later uuid[];
    v_named uuid[];
BEGIN
    SELECT array_agg(DISTINCT (t).object_id)
    INTO v_later
    FROM unnest(p_to) AS t
    JOIN unnest(p_to) AS k ON (k).parent_id = (t).object_id AND (
        (k).kind = 'index' OR (k).kind = 'constraint' AND (k).attrs->>'type' IN ('primary_key', 'unique', 'exclusion'))
    LEFT JOIN unnest(p_from) AS f ON (f).object_id = (t).object_id
    WHERE (t).kind = 'table'
      AND (t).attrs ? 'partition_of'
      AND (f).object_id IS NULL;
    SELECT array_agg(c.object_id)
    INTO v_named
    FROM (
        SELECT (o).object_id, count(*) OVER (PARTITION BY (o).schema_name, (o).attrs->>'not_null_name') AS namesakes
        FROM unnest(p_to) AS o
        WHERE (o).kind = 'column' AND (o).attrs ? 'not_null_name'
    ) AS c
    LEFT JOIN unnest(p_from) AS f ON (f).object_id = c.object_id
    WHERE c.namesakes > 1
      AND NOT coalesce((f).attrs ? 'not_null_name', false);
    IF v_later IS NULL AND v_named IS NULL THEN
        RETURN p_to;
    END IF;
    RETURN ARRAY(
        SELECT CASE
            WHEN (o).object_id = ANY (v_named) THEN (
                (o).object_id, (o).kind, (o).parent_id, (o).schema_name, (o).table_name, (o).name, (o).signature,
                (o).attrs || '{"not_null_spelled": true}', (o).deps
            )::_pggit.object
            WHEN (o).object_id = ANY (v_later) THEN (
                (o).object_id, (o).kind, (o).parent_id, (o).schema_name, (o).table_name, (o).name, (o).signature,
                (o).attrs || '{"attached": true}', (o).deps
            )::_pggit.object
            ELSE o
        END
        FROM unnest(p_to) AS o
    );
END;
$$;
COMMENT ON FUNCTION _pggit.mark_targets(_pggit.object[], _pggit.object[]) IS $$
Marks the new partitions that have keys or indexes of their own: these are made first and the table is attached then, so that
PostgreSQL takes them for those that its parent asks for instead of making others. Marks, too, the columns whose NOT NULL has a
namesake in its schema (PostgreSQL 18): left to itself, PostgreSQL would choose another name.
$$;

CREATE OR REPLACE FUNCTION _pggit.attach_partition(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s ATTACH PARTITION %s %s', (p_object).attrs->>'partition_of',
            _pggit.qualified_name((p_object).schema_name, (p_object).name), (p_object).attrs->>'bound'),
        'ACCESS EXCLUSIVE', '{may_fail,long_lock}')
    WHERE (p_object).attrs ? 'partition_of';
END;
COMMENT ON FUNCTION _pggit.attach_partition(_pggit.object) IS $$
ATTACH PARTITION, when the table has all that its parent asks for.
$$;

-- 22_plan_relations_parts.sql
CREATE OR REPLACE FUNCTION _pggit.period_list(p_names jsonb, p_attrs jsonb, p_before text, p_after text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(
        CASE WHEN p_attrs ? 'period' AND n.place = jsonb_array_length(p_names) THEN p_before || n.name || p_after
            ELSE n.name END,
        ', ' ORDER BY n.place)
    FROM jsonb_array_elements_text(p_names) WITH ORDINALITY AS n(name, place);
END;
COMMENT ON FUNCTION _pggit.period_list(jsonb, jsonb, text, text) IS $$
The columns of a key, the last marked as its period if it has one (PostgreSQL 18).
$$;

CREATE OR REPLACE FUNCTION _pggit.constraint_definition(p_attrs jsonb)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN CASE p_attrs->>'type'
        WHEN 'check' THEN concat_ws(' ',
            'CHECK (' || (p_attrs->>'expression') || ')',
            CASE WHEN p_attrs ? 'no_inherit' THEN 'NO INHERIT' END)
        WHEN 'exclusion' THEN p_attrs->>'definition'
        WHEN 'foreign_key' THEN concat_ws(' ',
            'FOREIGN KEY (' || _pggit.period_list(p_attrs->'key_columns', p_attrs, 'PERIOD ', '')
                || ') REFERENCES ' || (p_attrs->>'target')
                || ' (' || _pggit.period_list(p_attrs->'target_columns', p_attrs, 'PERIOD ', '') || ')',
            'MATCH ' || upper(p_attrs->>'match'),
            'ON UPDATE ' || upper(p_attrs->>'on_update'),
            'ON DELETE ' || upper(p_attrs->>'on_delete'),
            '(' || _pggit.name_list(p_attrs->'on_delete_columns') || ')')
        ELSE concat_ws(' ',
            upper(replace(p_attrs->>'type', '_', ' ')),
            CASE WHEN p_attrs ? 'nulls_not_distinct' THEN 'NULLS NOT DISTINCT' END,
            '(' || _pggit.period_list(p_attrs->'key_columns', p_attrs, '', ' WITHOUT OVERLAPS') || ')',
            'INCLUDE (' || _pggit.name_list(p_attrs->'include') || ')',
            'WITH (' || _pggit.option_list(p_attrs) || ')',
            'USING INDEX TABLESPACE ' || quote_ident(p_attrs->>'tablespace'))
    END || CASE
        WHEN p_attrs->>'type' = 'exclusion' THEN ''
        ELSE coalesce(CASE p_attrs->>'deferrable'
            WHEN 'initially deferred' THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN 'initially immediate' THEN ' DEFERRABLE' END, '')
            || CASE WHEN p_attrs ? 'not_enforced' THEN ' NOT ENFORCED' WHEN p_attrs ? 'not_valid' THEN ' NOT VALID' ELSE '' END
    END;
END;
$$;
COMMENT ON FUNCTION _pggit.constraint_definition(jsonb) IS $$
A table constraint without its name, as ADD CONSTRAINT writes it.
$$;

CREATE OR REPLACE FUNCTION _pggit.index_marks(p_old jsonb, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT (q.ddl).* FROM (
        SELECT _pggit.make_ddl(format('ALTER TABLE %s CLUSTER ON %I', _pggit.table_target(p_new), (p_new).name),
            'SHARE UPDATE EXCLUSIVE')
        WHERE (p_new).attrs ? 'clustered' AND NOT p_old ? 'clustered'
        UNION ALL
        SELECT _pggit.make_ddl(format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', _pggit.table_target(p_new), (p_new).name),
            'ACCESS EXCLUSIVE')
        WHERE (p_new).attrs ? 'replica_identity' AND NOT p_old ? 'replica_identity'
        UNION ALL
        SELECT _pggit.make_ddl(
            format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', (p_new).schema_name, (p_new).name,
                substr(s.key, length('statistics:') + 1), coalesce((p_new).attrs->>s.key, '-1')),
            'SHARE UPDATE EXCLUSIVE')
        FROM (
            SELECT o.key FROM jsonb_object_keys(p_old) AS o(key)
            UNION
            SELECT n.key FROM jsonb_object_keys((p_new).attrs) AS n(key)
        ) AS s
        WHERE starts_with(s.key, 'statistics:')
          AND p_old->s.key IS DISTINCT FROM (p_new).attrs->s.key
    ) AS q(ddl);
END;
$$;
COMMENT ON FUNCTION _pggit.index_marks(jsonb, _pggit.object) IS $$
What is said of an index by statements of its own: clustering, replica identity, statistics targets.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_constraint(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', _pggit.table_target(p_object), (p_object).name,
            _pggit.constraint_definition((p_object).attrs)),
        CASE WHEN (p_object).attrs->>'type' = 'foreign_key' THEN 'SHARE ROW EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END,
        CASE WHEN (p_object).attrs ?| '{not_valid,not_enforced}' THEN '{}'::text[] ELSE '{may_fail,long_lock}' END)
    UNION ALL
    SELECT m FROM _pggit.index_marks('{}', p_object) AS m;
END;
COMMENT ON FUNCTION _pggit.create_constraint(_pggit.object, _pggit.object[]) IS $$
ADD CONSTRAINT on a table.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old  jsonb := (p_old).attrs;
    v_new  jsonb := (p_new).attrs;
    v_head text := 'ALTER TABLE ' || _pggit.table_target(p_new);
BEGIN
    IF v_old->'deferrable' IS DISTINCT FROM v_new->'deferrable' OR v_old ? 'not_enforced' AND NOT v_new ? 'not_enforced' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s ALTER CONSTRAINT %I%s%s', v_head, (p_new).name,
                CASE WHEN v_old->'deferrable' IS NOT DISTINCT FROM v_new->'deferrable' THEN ''
                    ELSE coalesce(
                        ' DEFERRABLE ' || upper(v_new->>'deferrable'), ' NOT DEFERRABLE') END,
                CASE WHEN v_old ? 'not_enforced' AND NOT v_new ? 'not_enforced' THEN ' ENFORCED' ELSE '' END),
            'ACCESS EXCLUSIVE');
    END IF;
    IF v_old ? 'not_valid' AND NOT v_new ? 'not_valid' THEN
        RETURN NEXT _pggit.make_ddl(
            format('%s VALIDATE CONSTRAINT %I', v_head, (p_new).name),
            'SHARE UPDATE EXCLUSIVE', '{may_fail,long_lock}');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.option_changes(
        format('ALTER INDEX %I.%I', (p_new).schema_name, (p_new).name), v_old, v_new);
    IF v_old->'tablespace' IS DISTINCT FROM v_new->'tablespace' THEN
        RETURN NEXT _pggit.make_ddl(
            format('ALTER INDEX %I.%I SET TABLESPACE %I', (p_new).schema_name, (p_new).name,
                coalesce(v_new->>'tablespace', 'pg_default')),
            'ACCESS EXCLUSIVE', '{long_lock}');
    END IF;
    RETURN QUERY SELECT * FROM _pggit.index_marks(v_old, p_new);
    RETURN;
END;
$$;
COMMENT ON FUNCTION _pggit.alter_constraint(_pggit.object, _pggit.object) IS $$
What can change in a constraint that stays.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(bool_or(CASE
        WHEN k.key IN ('comment', 'attached', 'clustered', 'replica_identity', 'tablespace') OR starts_with(k.key, 'option:') THEN false
        WHEN k.key = 'deferrable' THEN (p_new).attrs->>'type' <> 'foreign_key'
        WHEN k.key = 'not_valid' THEN (p_new).attrs ? 'not_valid'
        WHEN k.key = 'not_enforced' THEN (p_new).attrs ? 'not_enforced' OR (p_new).attrs->>'type' <> 'foreign_key'
        ELSE true
    END), false)
    FROM (
        SELECT o.key FROM jsonb_object_keys((p_old).attrs) AS o(key)
        UNION
        SELECT n.key FROM jsonb_object_keys((p_new).attrs) AS n(key)
    ) AS k
    WHERE (p_old).attrs->k.key IS DISTINCT FROM (p_new).attrs->k.key;
END;
COMMENT ON FUNCTION _pggit.rebuild_constraint(_pggit.object, _pggit.object) IS $$
Whether a constraint must be dropped and added anew.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_constraint(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('ALTER TABLE %s DROP CONSTRAINT %s%I', _pggit.table_target(p_object),
        -- its index belongs to the parent's, and goes with that
        CASE WHEN (p_object).attrs ? 'attached' THEN 'IF EXISTS ' ELSE '' END, (p_object).name),
    'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_constraint(_pggit.object) IS $$
DROP CONSTRAINT of a table.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_index(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        concat_ws(' ',
            'CREATE',
            CASE WHEN (p_object).attrs ? 'unique' THEN 'UNIQUE' END,
            'INDEX',
            quote_ident((p_object).name),
            'ON',
            CASE WHEN (p_object).attrs ? 'only' THEN 'ONLY' END,
            _pggit.table_target(p_object),
            'USING ' || coalesce((p_object).attrs->>'method', 'btree'),
            (p_object).attrs->>'keys',
            'INCLUDE (' || _pggit.name_list((p_object).attrs->'include') || ')',
            CASE WHEN (p_object).attrs ? 'nulls_not_distinct' THEN 'NULLS NOT DISTINCT' END,
            'WITH (' || _pggit.option_list((p_object).attrs) || ')',
            'TABLESPACE ' || quote_ident((p_object).attrs->>'tablespace'),
            'WHERE ' || ((p_object).attrs->>'where')),
        'SHARE',
        CASE WHEN (p_object).attrs ? 'unique' THEN '{may_fail,long_lock}'::text[] ELSE '{long_lock}' END)
    UNION ALL
    SELECT m FROM _pggit.index_marks('{}', p_object) AS m;
END;
COMMENT ON FUNCTION _pggit.create_index(_pggit.object, _pggit.object[]) IS $$
CREATE INDEX.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_index(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT o FROM _pggit.option_changes(
        'ALTER INDEX ' || _pggit.object_target(p_new), (p_old).attrs, (p_new).attrs) AS o
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER INDEX %s SET TABLESPACE %I', _pggit.object_target(p_new),
            coalesce((p_new).attrs->>'tablespace', 'pg_default')),
        'ACCESS EXCLUSIVE', '{long_lock}')
    WHERE (p_old).attrs->'tablespace' IS DISTINCT FROM (p_new).attrs->'tablespace'
    UNION ALL
    SELECT m FROM _pggit.index_marks((p_old).attrs, p_new) AS m;
END;
COMMENT ON FUNCTION _pggit.alter_index(_pggit.object, _pggit.object) IS $$
What can change in an index that stays.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_index(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each((p_old).attrs) AS o
    WHERE o.key IN ('method', 'unique', 'keys', 'include', 'nulls_not_distinct', 'where', 'only', 'invalid')
) IS DISTINCT FROM (
    SELECT jsonb_object_agg(n.key, n.value) FROM jsonb_each((p_new).attrs) AS n
    WHERE n.key IN ('method', 'unique', 'keys', 'include', 'nulls_not_distinct', 'where', 'only', 'invalid')
);
COMMENT ON FUNCTION _pggit.rebuild_index(_pggit.object, _pggit.object) IS $$
Whether an index must be built anew.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_index(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    'DROP INDEX ' || _pggit.object_target(p_object) || CASE WHEN (p_object).attrs ? 'holds_keys' THEN ' CASCADE' ELSE '' END,
    'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_index(_pggit.object) IS $$
DROP INDEX.
$$;

CREATE OR REPLACE FUNCTION _pggit.enabled_phrase(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE p_attrs->>'enabled'
    WHEN 'disabled' THEN 'DISABLE' WHEN 'replica' THEN 'ENABLE REPLICA' WHEN 'always' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END;
COMMENT ON FUNCTION _pggit.enabled_phrase(jsonb) IS $$
When a trigger or rule fires, as ALTER TABLE says it.
$$;

CREATE OR REPLACE FUNCTION _pggit.trigger_statement(p_object _pggit.object, p_verb text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN concat_ws(' ',
    p_verb,
    CASE WHEN (p_object).attrs ? 'constraint' THEN 'CONSTRAINT' END,
    'TRIGGER',
    quote_ident((p_object).name),
    upper((p_object).attrs->>'timing'),
    replace(
        upper((p_object).attrs->>'events'), 'UPDATE',
        'UPDATE' || coalesce(' OF ' || _pggit.name_list((p_object).attrs->'update_of'), '')),
    'ON',
    _pggit.table_target(p_object),
    'FROM ' || ((p_object).attrs->>'from_table'),
    'DEFERRABLE ' || upper((p_object).attrs->>'deferrable'),
    CASE WHEN (p_object).attrs ?| '{old_table,new_table}' THEN 'REFERENCING' END,
    'OLD TABLE AS ' || quote_ident((p_object).attrs->>'old_table'),
    'NEW TABLE AS ' || quote_ident((p_object).attrs->>'new_table'),
    'FOR EACH',
    upper(coalesce((p_object).attrs->>'level', 'statement')),
    'WHEN (' || ((p_object).attrs->>'when') || ')',
    'EXECUTE FUNCTION',
    (p_object).attrs->>'function');
COMMENT ON FUNCTION _pggit.trigger_statement(_pggit.object, text) IS $$
CREATE [OR REPLACE] TRIGGER.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_trigger(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.trigger_statement(p_object, 'CREATE'), 'SHARE ROW EXCLUSIVE')
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s TRIGGER %I', _pggit.table_target(p_object), _pggit.enabled_phrase((p_object).attrs),
            (p_object).name),
        'SHARE ROW EXCLUSIVE')
    WHERE (p_object).attrs ? 'enabled';
END;
COMMENT ON FUNCTION _pggit.create_trigger(_pggit.object, _pggit.object[]) IS $$
CREATE TRIGGER.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_trigger(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.trigger_statement(p_new, 'CREATE OR REPLACE'), 'SHARE ROW EXCLUSIVE')
    WHERE (p_old).attrs - '{enabled,comment}'::text[] <> (p_new).attrs - '{enabled,comment}'::text[]
    UNION ALL
    -- CREATE OR REPLACE enables the trigger
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s TRIGGER %I', _pggit.table_target(p_new), _pggit.enabled_phrase((p_new).attrs), (p_new).name),
        'SHARE ROW EXCLUSIVE')
    WHERE (p_old).attrs->'enabled' IS DISTINCT FROM (p_new).attrs->'enabled'
       OR (p_new).attrs ? 'enabled'
           AND (p_old).attrs - '{enabled,comment}'::text[] <> (p_new).attrs - '{enabled,comment}'::text[];
END;
COMMENT ON FUNCTION _pggit.alter_trigger(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE TRIGGER, and when it fires.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_trigger(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs - '{enabled,comment}'::text[] <> (p_new).attrs - '{enabled,comment}'::text[]
    AND ((p_old).attrs ? 'constraint' OR (p_new).attrs ? 'constraint');
COMMENT ON FUNCTION _pggit.rebuild_trigger(_pggit.object, _pggit.object) IS $$
Constraint triggers cannot be replaced.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_trigger(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('DROP TRIGGER %I ON %s', (p_object).name, _pggit.table_target(p_object)), 'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_trigger(_pggit.object) IS $$
DROP TRIGGER.
$$;

CREATE OR REPLACE FUNCTION _pggit.policy_roles(p_attrs jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(quote_ident(r.role), ', ' ORDER BY r.place), 'PUBLIC')
    FROM jsonb_array_elements_text(p_attrs->'roles') WITH ORDINALITY AS r(role, place);
END;
COMMENT ON FUNCTION _pggit.policy_roles(jsonb) IS $$
The roles of a policy as its TO clause.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_policy(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        concat_ws(' ',
            'CREATE POLICY', quote_ident((p_object).name), 'ON', _pggit.table_target(p_object),
            CASE WHEN (p_object).attrs ? 'restrictive' THEN 'AS RESTRICTIVE' END,
            'FOR ' || upper((p_object).attrs->>'command'),
            CASE WHEN (p_object).attrs ? 'roles' THEN 'TO ' || _pggit.policy_roles((p_object).attrs) END,
            'USING (' || ((p_object).attrs->>'using') || ')',
            'WITH CHECK (' || ((p_object).attrs->>'check') || ')'),
        'ACCESS EXCLUSIVE');
END;
COMMENT ON FUNCTION _pggit.create_policy(_pggit.object, _pggit.object[]) IS $$
CREATE POLICY.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_policy(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        concat_ws(' ',
            'ALTER POLICY', quote_ident((p_new).name), 'ON', _pggit.table_target(p_new),
            CASE WHEN (p_old).attrs->'roles' IS DISTINCT FROM (p_new).attrs->'roles'
                THEN 'TO ' || _pggit.policy_roles((p_new).attrs) END,
            'USING (' || ((p_new).attrs->>'using') || ')',
            'WITH CHECK (' || ((p_new).attrs->>'check') || ')'),
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs - 'comment'::text <> (p_new).attrs - 'comment'::text;
END;
COMMENT ON FUNCTION _pggit.alter_policy(_pggit.object, _pggit.object) IS $$
ALTER POLICY.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_policy(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'restrictive' IS DISTINCT FROM (p_new).attrs->'restrictive'
    OR (p_old).attrs->'command' IS DISTINCT FROM (p_new).attrs->'command'
    OR (p_old).attrs ? 'using' AND NOT (p_new).attrs ? 'using'
    OR (p_old).attrs ? 'check' AND NOT (p_new).attrs ? 'check';
COMMENT ON FUNCTION _pggit.rebuild_policy(_pggit.object, _pggit.object) IS $$
ALTER POLICY cannot change the command or kind, nor take an expression away.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_policy(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('DROP POLICY %I ON %s', (p_object).name, _pggit.table_target(p_object)), 'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_policy(_pggit.object) IS $$
DROP POLICY.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_rule(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE OR REPLACE RULE ' || quote_ident((p_object).name) || ' AS' || ((p_object).attrs->>'definition'),
        'ACCESS EXCLUSIVE')
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s RULE %I', _pggit.table_target(p_object), _pggit.enabled_phrase((p_object).attrs),
            (p_object).name),
        'SHARE ROW EXCLUSIVE')
    WHERE (p_object).attrs ? 'enabled';
END;
COMMENT ON FUNCTION _pggit.create_rule(_pggit.object, _pggit.object[]) IS $$
CREATE RULE.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_rule(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE OR REPLACE RULE ' || quote_ident((p_new).name) || ' AS' || ((p_new).attrs->>'definition'),
        'ACCESS EXCLUSIVE')
    WHERE (p_old).attrs->'definition' <> (p_new).attrs->'definition'
    UNION ALL
    SELECT _pggit.make_ddl(
        format('ALTER TABLE %s %s RULE %I', _pggit.table_target(p_new), _pggit.enabled_phrase((p_new).attrs), (p_new).name),
        'SHARE ROW EXCLUSIVE')
    WHERE (p_old).attrs->'enabled' IS DISTINCT FROM (p_new).attrs->'enabled';
END;
COMMENT ON FUNCTION _pggit.alter_rule(_pggit.object, _pggit.object) IS $$
CREATE OR REPLACE RULE, which keeps its enabled state.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_rule(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('DROP RULE %I ON %s', (p_object).name, _pggit.table_target(p_object)), 'ACCESS EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_rule(_pggit.object) IS $$
DROP RULE.
$$;

-- 22_plan_spread.sql
CREATE OR REPLACE FUNCTION _pggit.rename_words(p_text text, p_from text, p_to text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    -- Not inside string constants but those of regclass and its like; quoted names are taken whole, for an apostrophe in one
    -- begins no constant.
    SELECT string_agg(CASE WHEN p.piece LIKE '''%' AND NOT coalesce(p.next_piece LIKE '::reg%', false) THEN p.piece ELSE regexp_replace(
        p.piece,
        '(^|[^[:alnum:]_$])' || regexp_replace(p_from, '([][\\^$.|?*+(){}])', '\\\1', 'g') || '(?![[:alnum:]_$])',
        '\1' || replace(p_to, '\', '\\'),
        'g'
    ) END, '' ORDER BY p.place)
    FROM (
        SELECT m.found[1] AS piece, m.place, lead(m.found[1]) OVER (ORDER BY m.place) AS next_piece
        FROM regexp_matches(p_text, '((?:[^''"]|"(?:[^"]|"")*")+|''(?:[^'']|'''')*''?|")', 'g') WITH ORDINALITY AS m(found, place)
    ) AS p
);
COMMENT ON FUNCTION _pggit.rename_words(text, text, text) IS $$
The SQL text with a whole name replaced wherever it is not part of a string constant.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_in_query(p_query text, p_from text[], p_to text[])
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_query text := p_query;
    v_name  text;
BEGIN
    FOR v_i IN 1 .. coalesce(cardinality(p_from), 0) LOOP
        v_name := regexp_replace(p_from[v_i], '([][\\^$.|?*+(){}])', '\\\1', 'g');
        -- An output column keeps its name: chr(1) stands for it until the others are renamed.
        v_query := regexp_replace(v_query, '\mAS ' || v_name || '(?![[:alnum:]_$])', 'AS ' || chr(1), 'g');
        v_query := regexp_replace(
            v_query,
            '((?:\mSELECT\s+(?:DISTINCT\s+(?:ON \([^()]*\)\s+)?)?|,\n\s*)(?:(?:[[:alnum:]_$]+|"(?:[^"]|"")*")\.)*)'
                || v_name || '(?=,\n|\n|;|$)',
            '\1' || replace(p_to[v_i], '\', '\\') || ' AS ' || chr(1),
            'g'
        );
        v_query := replace(_pggit.rename_words(v_query, p_from[v_i], p_to[v_i]), chr(1), p_from[v_i]);
    END LOOP;
    RETURN v_query;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_in_query(text, text[], text[]) IS $$
A view's query with names replaced as PostgreSQL prints it after a rename: what it puts out keeps its name.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_tokens(p_attrs jsonb, p_from text[], p_to text[])
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := '{}'::jsonb;
    v_key   text;
    v_value jsonb;
    v_text  text;
    v_from  text[] := ARRAY(
        SELECT ('"' || f.name || '"')::jsonb #>> '{}' FROM unnest(p_from) WITH ORDINALITY AS f(name, n) ORDER BY f.n);
    v_to    text[] := ARRAY(
        SELECT ('"' || f.name || '"')::jsonb #>> '{}' FROM unnest(p_to) WITH ORDINALITY AS f(name, n) ORDER BY f.n);
BEGIN
    FOR v_key, v_value IN SELECT a.key, a.value FROM jsonb_each(p_attrs) AS a LOOP
        IF v_key IN ('comment', 'owner') THEN
            NULL;
        ELSIF jsonb_typeof(v_value) = 'string' THEN
            v_text := v_value #>> '{}';
            IF v_key = 'query' THEN
                v_text := _pggit.rename_in_query(v_text, v_from, v_to);
            ELSE
                FOR v_i IN 1 .. coalesce(cardinality(v_from), 0) LOOP
                    v_text := _pggit.rename_words(v_text, v_from[v_i], v_to[v_i]);
                END LOOP;
            END IF;
            v_value := to_jsonb(coalesce(v_text, ''));
        ELSE
            v_text := v_value::text;
            FOR v_i IN 1 .. coalesce(cardinality(p_from), 0) LOOP
                v_text := regexp_replace(
                    v_text,
                    '(^|[^[:alnum:]_$])' || regexp_replace(p_from[v_i], '([][\\^$.|?*+(){}])', '\\\1', 'g')
                        || '(?![[:alnum:]_$])',
                    '\1' || replace(p_to[v_i], '\', '\\'),
                    'g'
                );
            END LOOP;
            v_value := v_text::jsonb;
        END IF;
        v_attrs := v_attrs || jsonb_build_object(v_key, v_value);
    END LOOP;
    RETURN v_attrs;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_tokens(jsonb, text[], text[]) IS $$
The attributes with whole names replaced, as PostgreSQL rewrites definitions when something in them is renamed.
The names come as they stand in the text of the jsonb: quoted for SQL, then for JSON.
$$;

CREATE OR REPLACE FUNCTION _pggit.follow_renames(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.is_renamed) THEN
        RETURN p_items;
    END IF;
    RETURN (
        WITH token AS (
            SELECT
                i.object_id, i.kind, (i.first).parent_id AS parent_id,
                regexp_replace(to_jsonb(quote_ident((i.first).name))::text, '^"|"$', '', 'g') AS token_from,
                regexp_replace(to_jsonb(quote_ident((i.new).name))::text, '^"|"$', '', 'g') AS token_to
            FROM unnest(p_items) AS i
            WHERE i.is_renamed
              AND (i.first).name <> (i.new).name
        ), token_use AS (
            SELECT DISTINCT i.object_id, t.token_from, t.token_to
            FROM unnest(p_items) AS i
            LEFT JOIN unnest(p_items) AS h ON h.object_id = (i.first).parent_id
            JOIN token AS t
                ON t.object_id = ANY ((i.first).deps || (i.first).parent_id || i.object_id)
                -- a partition key names the table's own columns; those of an heir are its ancestors'
                OR t.parent_id = i.object_id
                OR t.kind = 'column' AND ((i.first).attrs ?| '{partition_of,inherits}' OR (h.first).attrs ?| '{partition_of,inherits}')
            WHERE i.action = 'alter'
        ), touched AS (
            SELECT
                u.object_id,
                array_agg(u.token_from ORDER BY u.token_from) AS tokens_from,
                array_agg(u.token_to ORDER BY u.token_from) AS tokens_to
            FROM token_use AS u
            GROUP BY u.object_id
        )
        SELECT array_agg(
            CASE
                WHEN t.object_id IS NULL THEN i
                ELSE (
                    i.object_id, i.kind,
                    CASE WHEN _pggit.changed_attributes(r.attrs, (i.new).attrs) = '{}' THEN 'keep' ELSE i.action END,
                    i.is_renamed, i.is_retyped, i.is_loosened, i.is_set_aside, i.parent_kind, i.first,
                    (
                        (i.old).object_id, (i.old).kind, (i.old).parent_id, (i.old).schema_name, (i.old).table_name,
                        (i.old).name, (i.old).signature, r.attrs, (i.old).deps
                    )::_pggit.object,
                    i.new
                )::_pggit.plan_item
            END
        )
        FROM unnest(p_items) AS i
        LEFT JOIN touched AS t ON t.object_id = i.object_id
        LEFT JOIN LATERAL (
            -- a value in which the names arrive at the new one was rewritten by PostgreSQL; any other is compared as it was
            SELECT jsonb_object_agg(a.key, CASE WHEN a.value = (i.new).attrs->a.key THEN a.value ELSE (i.old).attrs->a.key END)
            FROM jsonb_each(_pggit.rename_tokens((i.old).attrs, t.tokens_from, t.tokens_to)) AS a
        ) AS r(attrs) ON t.object_id IS NOT NULL
    );
END;
$$;
COMMENT ON FUNCTION _pggit.follow_renames(_pggit.plan_item[]) IS $$
Leaves alone what differs only because PostgreSQL rewrites it when a thing it names is renamed.
$$;

CREATE OR REPLACE FUNCTION _pggit.spread_effect(
    p_event text,
    p_on _pggit.plan_item,
    p_item _pggit.plan_item
)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_item.kind IN ('schema', 'extension', 'table', 'default_privilege') THEN NULL
    WHEN p_event = 'rebuild' AND p_item.parent_kind = p_on.kind
        AND (p_item.old).parent_id = p_on.object_id THEN 'rebuild'
    WHEN p_event = 'rebuild' AND p_item.kind = 'column' THEN CASE
        WHEN _pggit.is_type_kind(p_on.kind) THEN 'retype'
        WHEN (p_item.new).attrs ? 'generated' OR p_on.kind = 'column' AND (p_item.old).attrs ? 'generated' THEN 'rebuild'
        ELSE 'loosen'
    END
    WHEN p_event = 'rebuild' AND p_item.kind = 'sequence' THEN NULL
    WHEN p_event = 'rebuild' THEN 'rebuild'
    WHEN p_event = 'retype' AND (
        p_item.kind IN ('view', 'materialized_view', 'rule', 'policy', 'trigger', 'function', 'procedure')
        OR p_item.kind = 'column' AND (p_item.old).attrs ? 'generated'
    ) THEN 'rebuild'
END;
COMMENT ON FUNCTION _pggit.spread_effect(text, _pggit.plan_item, _pggit.plan_item) IS $$
What a dependent must undergo when p_on is rebuilt or, for a column, retyped; NULL if PostgreSQL keeps it.
$$;

CREATE OR REPLACE FUNCTION _pggit.spread_rebuilds(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_items   _pggit.plan_item[] := p_items;
    v_ids     uuid[];
    v_events  text[];
    v_targets uuid[];
    v_effects text[];
BEGIN
    SELECT array_agg(i.object_id), array_agg(CASE
        WHEN i.action = 'rebuild' THEN 'rebuild'
        WHEN i.action = 'alter' THEN 'retype'
        WHEN n.object_id IS NOT NULL THEN 'replace'
        ELSE 'drop'
    END)
    INTO v_ids, v_events
    FROM unnest(p_items) AS i
    LEFT JOIN unnest(p_items) AS n
        ON i.action = 'drop'
        AND n.action = 'create'
        AND _pggit.name_class(n.new) = _pggit.name_class(i.old)
        AND (n.new).name = (i.old).name
        AND (n.new).schema_name IS NOT DISTINCT FROM (i.old).schema_name
        AND (n.new).table_name IS NOT DISTINCT FROM (i.old).table_name
        AND (n.new).signature IS NOT DISTINCT FROM (i.old).signature
    WHERE i.action IN ('rebuild', 'drop')
       OR i.action = 'alter' AND i.kind = 'column' AND _pggit.is_retyping(i.old, i.new);
    WHILE v_ids IS NOT NULL LOOP
        SELECT array_agg(e.object_id), array_agg(e.effect)
        INTO v_targets, v_effects
        FROM (
            SELECT x.object_id, min(s.effect) AS effect, bool_or(s.effect = 'rebuild') AS is_rebuilt,
                bool_or(s.effect = 'retype') AS is_retyped
            FROM unnest(v_items) AS x
            CROSS JOIN LATERAL unnest((x.old).deps || (x.old).parent_id) AS d(object_id)
            JOIN unnest(v_ids, v_events) AS v(object_id, event) ON v.object_id = d.object_id
            JOIN unnest(v_items) AS o ON o.object_id = v.object_id
            CROSS JOIN LATERAL (
                -- what loses its need by its own alteration is only in the way of a replacement of the same name
                SELECT CASE
                    WHEN v.event = 'drop' AND x.action = 'alter' THEN NULL
                    WHEN v.event = 'replace' AND x.action = 'alter' AND x.kind = 'column'
                        AND (_pggit.is_retyping(x.old, x.new) OR NOT _pggit.is_type_kind(o.kind)) THEN NULL
                    WHEN v.event IN ('drop', 'replace') THEN _pggit.spread_effect('rebuild', o, x)
                    ELSE _pggit.spread_effect(v.event, o, x)
                END AS effect
            ) AS s
            WHERE x.action IN ('keep', 'alter')
              AND s.effect IS NOT NULL
              AND NOT (s.effect = 'retype' AND x.is_retyped)
              AND NOT (s.effect = 'loosen' AND x.is_loosened)
              AND NOT (
                  x.action = 'alter' AND v.event = 'rebuild' AND d.object_id <> (x.new).parent_id
                  AND d.object_id <> ALL ((x.new).deps)
              )
            GROUP BY x.object_id
        ) AS g
        CROSS JOIN LATERAL (
            SELECT CASE WHEN g.is_rebuilt THEN 'rebuild' WHEN g.is_retyped THEN 'retype' ELSE g.effect END AS effect
        ) AS c
        CROSS JOIN LATERAL (SELECT g.object_id, c.effect) AS e;
        v_items := _pggit.apply_spread(v_items, v_targets, v_effects);
        SELECT array_agg(t.object_id), array_agg(t.effect)
        INTO v_ids, v_events
        FROM unnest(v_targets, v_effects) AS t(object_id, effect)
        WHERE t.effect IN ('rebuild', 'retype');
    END LOOP;
    RETURN _pggit.set_types_aside(_pggit.regive_sequences(_pggit.restore_heirs(_pggit.rebuild_foreign_keys(v_items))));
END;
$$;
COMMENT ON FUNCTION _pggit.spread_rebuilds(_pggit.plan_item[]) IS $$
Follows rebuilds and changes of column types to whatever PostgreSQL would refuse to keep beside them.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_retyping(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'type' IS DISTINCT FROM (p_new).attrs->'type'
    OR (p_old).attrs->'collation' IS DISTINCT FROM (p_new).attrs->'collation';
COMMENT ON FUNCTION _pggit.is_retyping(_pggit.object, _pggit.object) IS $$
Whether a column changes its type or collation, so that ALTER COLUMN TYPE runs.
$$;

CREATE OR REPLACE FUNCTION _pggit.apply_spread(p_items _pggit.plan_item[], p_targets uuid[], p_effects text[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(CASE
        WHEN t.object_id IS NULL THEN i
        ELSE (
            i.object_id, i.kind, CASE WHEN t.effect = 'rebuild' THEN 'rebuild' ELSE 'alter' END, i.is_renamed,
            i.is_retyped OR t.effect = 'retype',
            i.is_loosened OR t.effect = 'loosen',
            i.is_set_aside, i.parent_kind, i.first, i.old, i.new
        )::_pggit.plan_item
    END)
    FROM unnest(p_items) AS i
    LEFT JOIN unnest(p_targets, p_effects) AS t(object_id, effect) ON t.object_id = i.object_id;
END;
COMMENT ON FUNCTION _pggit.apply_spread(_pggit.plan_item[], uuid[], text[]) IS $$
Writes the effects of one round of spreading into the items.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_foreign_keys(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Materialized: else every foreign key would be met with every column before either is filtered.
    WITH retyped AS MATERIALIZED (
        SELECT c.object_id
        FROM unnest(p_items) AS c
        WHERE c.kind = 'column'
          AND c.action = 'alter'
          AND (c.is_retyped OR _pggit.is_retyping(c.old, c.new))
    ), need AS MATERIALIZED (
        SELECT k.object_id, d.object_id AS needed_id
        FROM unnest(p_items) AS k
        CROSS JOIN LATERAL unnest((k.old).deps) AS d(object_id)
        WHERE k.kind = 'constraint'
          AND k.action IN ('keep', 'alter')
          AND (k.old).attrs->>'type' = 'foreign_key'
          AND EXISTS (SELECT FROM retyped)
    ), torn AS (
        SELECT n.object_id
        FROM need AS n
        JOIN retyped AS r ON r.object_id = n.needed_id
        GROUP BY n.object_id
        HAVING count(*) > 1
    )
    SELECT _pggit.apply_spread(p_items, array_agg(t.object_id), array_agg('rebuild'::text))
    FROM torn AS t;
END;
COMMENT ON FUNCTION _pggit.rebuild_foreign_keys(_pggit.plan_item[]) IS $$
A foreign key whose columns change their type on both ends cannot hold in between.
$$;

CREATE OR REPLACE FUNCTION _pggit.restore_heirs(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH overrun AS (
        SELECT DISTINCT c.object_id
        FROM unnest(p_items) AS c
        JOIN unnest(p_items) AS t ON t.object_id = (c.new).parent_id
        JOIN unnest(p_items) AS o
            ON o.kind = 'column' AND o.action = 'alter'
            AND (o.new).name = (c.new).name
            AND (o.new).parent_id = ANY ((t.new).deps)
            AND (o.old).attrs->'default' IS DISTINCT FROM (o.new).attrs->'default'
        WHERE c.kind = 'column'
          AND c.action = 'keep'
          AND (c.new).attrs ? 'inherited'
          AND (c.new).attrs ? 'default'
    )
    SELECT _pggit.apply_spread(p_items, array_agg(r.object_id), array_agg('loosen'::text))
    FROM overrun AS r;
END;
COMMENT ON FUNCTION _pggit.restore_heirs(_pggit.plan_item[]) IS $$
A new default runs down to partitions and heirs: those with a default of their own get it back.
$$;

CREATE OR REPLACE FUNCTION _pggit.regive_sequences(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH orphan AS (
        SELECT w.sequence_id
        FROM _pggit.owned_sequences(p_items) AS w
        JOIN unnest(p_items) AS c ON c.object_id = w.old_column_id
        JOIN unnest(p_items) AS s ON s.object_id = w.sequence_id
        WHERE c.action IN ('drop', 'rebuild')
          AND s.action = 'keep'
    )
    SELECT _pggit.apply_spread(p_items, array_agg(o.sequence_id), array_agg('alter'::text))
    FROM orphan AS o;
END;
COMMENT ON FUNCTION _pggit.regive_sequences(_pggit.plan_item[]) IS $$
A sequence that stays while its column is made anew must be taken from the one and given to the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_held_domains(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH tightened AS (
        SELECT i.object_id
        FROM unnest(p_items) AS i
        WHERE i.kind = 'domain'
          AND i.action = 'alter'
          AND (i.new).attrs ? 'not_null'
          AND NOT (i.old).attrs ? 'not_null'
        UNION
        SELECT (i.new).parent_id
        FROM unnest(p_items) AS i
        WHERE i.kind = 'constraint'
          AND i.parent_kind = 'domain'
          AND i.action IN ('create', 'rebuild', 'alter')
    ), held AS (
        -- ALTER DOMAIN reads the rows of columns of the domain, but refuses those that hold it inside a value
        SELECT d.object_id
        FROM unnest(p_items) AS x
        CROSS JOIN LATERAL unnest((x.old).deps) AS n(object_id)
        JOIN tightened AS d ON d.object_id = n.object_id
        JOIN unnest(p_items) AS o ON o.object_id = d.object_id AND o.action IN ('keep', 'alter')
        WHERE (x.new).object_id IS NOT NULL
          AND (x.kind = 'composite' OR x.kind = 'column' AND (x.old).attrs->>'type' LIKE '%]')
        GROUP BY d.object_id
    )
    SELECT CASE
        WHEN EXISTS (SELECT FROM held) THEN _pggit.apply_spread(
            p_items, ARRAY(SELECT h.object_id FROM held AS h ORDER BY h.object_id),
            ARRAY(SELECT 'rebuild' FROM held AS h))
        ELSE p_items
    END;
END;
COMMENT ON FUNCTION _pggit.rebuild_held_domains(_pggit.plan_item[]) IS $$
A domain that arrays or composites hold cannot be tightened in place.
$$;

CREATE OR REPLACE FUNCTION _pggit.set_types_aside(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH aside AS (
        SELECT DISTINCT t.object_id
        FROM unnest(p_items) AS c
        CROSS JOIN LATERAL unnest((c.old).deps) AS d(object_id)
        JOIN unnest(p_items) AS t ON t.object_id = d.object_id
        LEFT JOIN unnest(p_items) AS n
            ON n.action = 'create' AND _pggit.is_type_kind(n.kind)
            AND (n.new).schema_name = (t.old).schema_name AND (n.new).name = (t.old).name
        WHERE c.kind = 'column'
          AND c.action = 'alter'
          AND _pggit.is_type_kind(t.kind)
          AND (t.action = 'rebuild' OR t.action = 'drop' AND n.object_id IS NOT NULL)
    )
    SELECT array_agg(CASE
        WHEN a.object_id IS NULL THEN i
        ELSE (
            i.object_id, i.kind, i.action, i.is_renamed, i.is_retyped, i.is_loosened, true, i.parent_kind,
            i.first, i.old, i.new
        )::_pggit.plan_item
    END)
    FROM unnest(p_items) AS i
    LEFT JOIN aside AS a ON a.object_id = i.object_id;
END;
COMMENT ON FUNCTION _pggit.set_types_aside(_pggit.plan_item[]) IS $$
A type that surviving columns leave for its replacement of the same name is renamed away first and dropped last.
$$;

-- 22_plan_statements.sql
CREATE OR REPLACE FUNCTION _pggit.common_statements(
    p_old _pggit.object,
    p_new _pggit.object,
    p_parent_kind text
)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 2
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_address text := _pggit.object_address(p_new, p_parent_kind);
    v_owner   text := (p_new).attrs->>'owner';
BEGIN
    -- Owner first: ALTER OWNER rewrites the grants of the old owner.
    IF v_owner <> coalesce((p_old).attrs->>'owner', current_user) AND (p_new).kind <> 'extension'
        -- the sequence of a column follows its table
        AND NOT coalesce((p_old).attrs ? 'owned_by' AND (p_old).attrs->'owned_by' = (p_new).attrs->'owned_by', false) THEN
        RETURN NEXT (
            'ALTER ' || v_address || ' OWNER TO ' || quote_ident(v_owner), 'ACCESS EXCLUSIVE', '{}', true
        )::_pggit.ddl;
    END IF;
    IF (p_old).attrs::text LIKE '%"acl:%' OR (p_new).attrs::text LIKE '%"acl:%' THEN
        RETURN QUERY SELECT * FROM _pggit.acl_statements(p_old, p_new);
    END IF;
    IF (p_old).attrs->>'comment' IS DISTINCT FROM (p_new).attrs->>'comment' THEN
        RETURN NEXT (
            'COMMENT ON ' || v_address || ' IS ' || coalesce(quote_literal((p_new).attrs->>'comment'), 'NULL'),
            '', '{}', true
        )::_pggit.ddl;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.common_statements(_pggit.object, _pggit.object, text) IS $$
Owner, grants and comment, as every kind has them. A new object belongs to the current user until this gives it away.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_statements(
    p_item _pggit.plan_item,
    p_name text,
    p_moves boolean
)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- parents, and types in signatures, have their new names by now; only its own name is the old one
    v_now    _pggit.object := p_item.new;
    v_lock   text := CASE WHEN p_item.kind IN ('index') THEN 'SHARE UPDATE EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END;
    v_table  text := _pggit.qualified_name((p_item.new).schema_name, (p_item.new).table_name);
    v_parent text;
BEGIN
    v_now.name := (p_item.first).name;
    IF p_moves THEN
        v_now.schema_name := (p_item.first).schema_name;
        RETURN NEXT (
            'ALTER ' || _pggit.object_address(v_now) || ' SET SCHEMA ' || quote_ident((p_item.new).schema_name),
            v_lock, '{}', true
        )::_pggit.ddl;
        v_now.schema_name := (p_item.new).schema_name;
    END IF;
    IF v_now.name = p_name THEN
        RETURN;
    END IF;
    v_parent := CASE p_item.parent_kind
        WHEN 'view' THEN 'VIEW '
        WHEN 'materialized_view' THEN 'MATERIALIZED VIEW '
        WHEN 'domain' THEN 'DOMAIN '
        ELSE 'TABLE '
    END || v_table;
    RETURN NEXT (
        CASE
            WHEN p_item.kind IN ('column', 'constraint') THEN
                'ALTER ' || v_parent || ' RENAME ' || upper(p_item.kind) || ' ' || quote_ident(v_now.name)
            ELSE 'ALTER ' || _pggit.object_address(v_now, p_item.parent_kind) || ' RENAME'
        END || ' TO ' || quote_ident(p_name),
        v_lock, '{}', true
    )::_pggit.ddl;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_statements(_pggit.plan_item, text, boolean) IS $$
ALTER … SET SCHEMA and RENAME TO p_name.
$$;

CREATE OR REPLACE FUNCTION _pggit.retype_statements(p_item _pggit.plan_item)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT (
        'ALTER TABLE ' || _pggit.qualified_name((p_item.new).schema_name, (p_item.new).table_name)
        || CASE
            WHEN (p_item.old).attrs ? 'default' AND NOT p_item.is_loosened
                THEN ' ALTER COLUMN ' || quote_ident((p_item.new).name) || ' DROP DEFAULT,'
            ELSE ''
        END
        || ' ALTER COLUMN ' || quote_ident((p_item.new).name) || ' TYPE ' || ((p_item.new).attrs->>'type')
        || coalesce(' COLLATE ' || ((p_item.new).attrs->>'collation'), '')
        || ' USING ' || quote_ident((p_item.new).name) || '::text::' || ((p_item.new).attrs->>'type'),
        'ACCESS EXCLUSIVE', '{table_rewrite,may_fail}', true
    )::_pggit.ddl;
END;
COMMENT ON FUNCTION _pggit.retype_statements(_pggit.plan_item) IS $$
Moves a column onto the rebuilt version of its type; the default returns with the column's own alteration.
$$;

CREATE OR REPLACE FUNCTION _pggit.node_alterations(p_item _pggit.plan_item, p_op text)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_name  text := _pggit.qualified_name((p_item.new).schema_name, (p_item.new).name);
    v_table text := _pggit.qualified_name((p_item.new).schema_name, (p_item.new).table_name);
    v_moves boolean := (p_item.first).parent_id IS DISTINCT FROM (p_item.new).parent_id
        AND NOT (p_item.kind = 'sequence' AND (p_item.new).attrs ? 'owned_by');
BEGIN
    CASE p_op
        WHEN 'rename' THEN
            RETURN QUERY SELECT * FROM _pggit.rename_statements(p_item, (p_item.new).name, v_moves);
        WHEN 'loosen' THEN
            RETURN NEXT CASE p_item.kind
                WHEN 'sequence' THEN ('ALTER SEQUENCE ' || v_name || ' OWNED BY NONE', 'ACCESS EXCLUSIVE', '{}', true)::_pggit.ddl
                ELSE (
                    'ALTER TABLE ' || coalesce(v_table, _pggit.qualified_name((p_item.old).schema_name, (p_item.old).table_name))
                        || ' ALTER COLUMN ' || quote_ident((p_item.old).name)
                        || CASE WHEN (p_item.old).attrs ? 'identity' THEN ' DROP IDENTITY' ELSE ' DROP DEFAULT' END,
                    'ACCESS EXCLUSIVE', '{}', true
                )::_pggit.ddl
            END;
        WHEN 'late' THEN
            IF p_item.kind = 'table' THEN
                RETURN QUERY SELECT * FROM _pggit.attach_partition(p_item.new);
                RETURN;
            END IF;
            RETURN NEXT CASE p_item.kind
                WHEN 'sequence' THEN (
                    'ALTER SEQUENCE ' || v_name || ' OWNED BY ' || ((p_item.new).attrs->>'owned_by'),
                    'ACCESS EXCLUSIVE', '{}', true
                )::_pggit.ddl
                ELSE (
                    'ALTER TABLE ' || v_table || ' ALTER COLUMN ' || quote_ident((p_item.new).name)
                        || ' SET DEFAULT ' || ((p_item.new).attrs->>'default'),
                    'ACCESS EXCLUSIVE', '{}', true
                )::_pggit.ddl
            END;
        WHEN 'purge' THEN
            RETURN NEXT (
                'DROP ' || CASE p_item.kind WHEN 'domain' THEN 'DOMAIN ' WHEN 'collation' THEN 'COLLATION ' ELSE 'TYPE ' END
                    || _pggit.qualified_name((p_item.old).schema_name, _pggit.set_aside_name(p_item.old)),
                '', '{}', true
            )::_pggit.ddl;
        WHEN 'drop' THEN
            IF p_item.kind = 'range' THEN
                RETURN NEXT (
                    'ALTER TYPE ' || _pggit.qualified_name((p_item.old).schema_name, (p_item.old).attrs->>'multirange')
                        || ' RENAME TO ' || quote_ident(left(_pggit.set_aside_name(p_item.old), -1) || 'm'),
                    '', '{}', true
                )::_pggit.ddl;
            END IF;
            RETURN NEXT (
                'ALTER ' || _pggit.object_address(p_item.old) || ' RENAME TO '
                    || quote_ident(_pggit.set_aside_name(p_item.old)),
                '', '{}', true
            )::_pggit.ddl;
        ELSE
            RETURN;
    END CASE;
END;
$$;
COMMENT ON FUNCTION _pggit.node_alterations(_pggit.plan_item, text) IS $$
Statements of the nodes that mean the same for all kinds. "drop" here is a type set aside.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_statements(p_item _pggit.plan_item)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_item _pggit.plan_item := p_item;
BEGIN
    v_item.first.name := _pggit.set_aside_name(p_item.new);
    RETURN QUERY SELECT * FROM _pggit.rename_statements(v_item, (p_item.new).name, false);
END;
$$;
COMMENT ON FUNCTION _pggit.settle_statements(_pggit.plan_item) IS $$
The second half of a rename to a name that was taken: from the interim name to the final one.
$$;

CREATE OR REPLACE FUNCTION _pggit.view_column_statements(
    p_old _pggit.object,
    p_new _pggit.object,
    p_parent_kind text
)
RETURNS SETOF _pggit.ddl
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_bare _pggit.object := p_old;
BEGIN
    IF (p_new).object_id IS NULL THEN
        v_bare.attrs := '{}';
        RETURN QUERY SELECT * FROM _pggit.common_statements(p_old, v_bare, p_parent_kind);
    END IF;
    IF (p_old).attrs->>'default' IS DISTINCT FROM (p_new).attrs->>'default' THEN
        RETURN NEXT (
            'ALTER VIEW ' || _pggit.qualified_name(
                coalesce((p_new).schema_name, (p_old).schema_name), coalesce((p_new).table_name, (p_old).table_name))
            || ' ALTER COLUMN ' || quote_ident(coalesce((p_new).name, (p_old).name))
            || coalesce(' SET DEFAULT ' || ((p_new).attrs->>'default'), ' DROP DEFAULT'),
            'ACCESS EXCLUSIVE', '{}', true
        )::_pggit.ddl;
    END IF;
    IF (p_old).attrs->>'statistics' IS DISTINCT FROM (p_new).attrs->>'statistics' AND p_parent_kind = 'materialized_view' THEN
        RETURN NEXT (
            'ALTER MATERIALIZED VIEW ' || _pggit.qualified_name(
                coalesce((p_new).schema_name, (p_old).schema_name), coalesce((p_new).table_name, (p_old).table_name))
            || ' ALTER COLUMN ' || quote_ident(coalesce((p_new).name, (p_old).name))
            || ' SET STATISTICS ' || coalesce((p_new).attrs->>'statistics', '-1'),
            'SHARE UPDATE EXCLUSIVE', '{}', true
        )::_pggit.ddl;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.view_column_statements(_pggit.object, _pggit.object, text) IS $$
What can be said of a column of a view: its default, and the comment and grants that all kinds have.
$$;

CREATE OR REPLACE FUNCTION _pggit.dispatch_ddl(p_function text, p_items _pggit.plan_item[], p_nodes integer[], p_parts _pggit.object[])
RETURNS SETOF _pggit.plan_statement
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
BEGIN
    IF p_function LIKE 'alter%' THEN
        RETURN QUERY EXECUTE format($sql$
            SELECT n.node_no, d.part_no::integer + 10,
                (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
            FROM unnest($1, $2) AS n(object_id, kind, action, is_renamed, is_retyped, is_loosened, is_set_aside,
                parent_kind, first, old, new, node_no)
            CROSS JOIN LATERAL _pggit.%I(
                _pggit.altered_from(n.old, n.is_retyped, n.is_loosened, n.new), _pggit.altered_to(n.new))
                WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
            $sql$, p_function)
        USING p_items, p_nodes;
    ELSIF p_function LIKE 'drop%' THEN
        RETURN QUERY EXECUTE format($sql$
            SELECT n.node_no, d.part_no::integer + 10,
                (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
            FROM unnest($1, $2) AS n(object_id, kind, action, is_renamed, is_retyped, is_loosened, is_set_aside,
                parent_kind, first, old, new, node_no)
            CROSS JOIN LATERAL _pggit.%I(n.old)
                WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
            $sql$, p_function)
        USING p_items, p_nodes;
    ELSE
        RETURN QUERY EXECUTE format($sql$
            SELECT n.node_no, d.part_no::integer + 10,
                (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
            FROM unnest($1, $2) AS n(object_id, kind, action, is_renamed, is_retyped, is_loosened, is_set_aside,
                parent_kind, first, old, new, node_no)
            LEFT JOIN (
                SELECT (p).parent_id, array_agg(p ORDER BY ((p).attrs->>'position')::numeric, (p).name) AS parts
                FROM unnest($3) AS p
                GROUP BY 1
            ) AS a ON a.parent_id = n.object_id
            CROSS JOIN LATERAL _pggit.%I(_pggit.altered_to(n.new), coalesce(a.parts, '{}'))
                WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
            $sql$, p_function)
        USING p_items, p_nodes, p_parts;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.dispatch_ddl(text, _pggit.plan_item[], integer[], _pggit.object[]) IS $$
Calls create_<kind>, alter_<kind> or drop_<kind> for all items of that kind in one query.
$$;

CREATE OR REPLACE FUNCTION _pggit.altered_to(p_object _pggit.object)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind <> 'sequence' THEN p_object
    ELSE (
        (p_object).object_id, (p_object).kind, (p_object).parent_id, (p_object).schema_name, (p_object).table_name,
        (p_object).name, (p_object).signature, (p_object).attrs - 'owned_by', (p_object).deps
    )::_pggit.object
END;
COMMENT ON FUNCTION _pggit.altered_to(_pggit.object) IS $$
The object as its kind's functions see it: sequences without their owner column, which nodes of its own tie and untie.
$$;

CREATE OR REPLACE FUNCTION _pggit.altered_from(
    p_old _pggit.object,
    p_is_retyped boolean,
    p_is_loosened boolean,
    p_new _pggit.object
)
RETURNS _pggit.object
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_is_retyped OR p_is_loosened
        OR (p_old).kind = 'column' AND (p_old).attrs ? 'identity' AND NOT (p_new).attrs ? 'identity' THEN (
        (p_old).object_id, (p_old).kind, (p_old).parent_id, (p_old).schema_name, (p_old).table_name,
        (p_old).name, (p_old).signature,
        (p_old).attrs - CASE WHEN p_is_retyped OR p_is_loosened THEN 'default' ELSE '' END
        - CASE WHEN (p_new).attrs ? 'identity' THEN '' ELSE 'identity' END
        || CASE
            WHEN p_is_retyped THEN jsonb_strip_nulls(jsonb_build_object(
                'type', (p_new).attrs->'type', 'collation', (p_new).attrs->'collation'))
            ELSE '{}'
        END
        - CASE WHEN p_is_retyped AND NOT (p_new).attrs ? 'collation' THEN 'collation' ELSE '' END,
        (p_old).deps
    )::_pggit.object
    ELSE _pggit.altered_to(p_old)
END;
COMMENT ON FUNCTION _pggit.altered_from(_pggit.object, boolean, boolean, _pggit.object) IS $$
The old version as it stands when the alteration runs: default or identity taken off, type already moved.
$$;

CREATE OR REPLACE FUNCTION _pggit.mark_uncommitted_labels(
    p_items _pggit.plan_item[],
    p_nodes _pggit.plan_node[],
    p_statements _pggit.plan_statement[]
)
RETURNS _pggit.plan_statement[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH added AS MATERIALIZED (
        SELECT i.object_id, l.label, regexp_replace(to_jsonb(quote_literal(l.label))::text, '^"|"$', '', 'g') AS token
        FROM unnest(p_items) AS i
        CROSS JOIN LATERAL jsonb_array_elements_text((i.new).attrs->'labels') AS l(label)
        WHERE i.kind = 'enum'
          AND i.action = 'alter'
          AND NOT (i.old).attrs->'labels' ? l.label
    ), used AS MATERIALIZED (
        SELECT DISTINCT n.node_no
        FROM unnest(p_items) AS i
        CROSS JOIN LATERAL unnest((i.new).deps || (i.new).parent_id) AS d(object_id)
        JOIN added AS a ON a.object_id = d.object_id OR a.object_id IN (
            -- by way of a domain
            SELECT e.object_id FROM unnest(p_items) AS o CROSS JOIN LATERAL unnest((o.new).deps) AS e(object_id)
            WHERE o.object_id = d.object_id)
        JOIN unnest(p_nodes) AS n ON n.object_id = a.object_id AND n.op = 'alter'
        WHERE i.action IN ('create', 'alter', 'rebuild')
          AND strpos((i.new).attrs::text, a.token) > 0
    )
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM used) THEN p_statements
        ELSE (
            SELECT array_agg((
                s.node_no, s.part_no,
                ((s.ddl).sql, (s.ddl).lock_level, (s.ddl).hazards,
                    (s.ddl).in_transaction AND (u.node_no IS NULL OR (s.ddl).sql NOT LIKE '% ADD VALUE %'))::_pggit.ddl
            )::_pggit.plan_statement)
            FROM unnest(p_statements) AS s
            LEFT JOIN used AS u ON u.node_no = s.node_no
        )
    END;
END;
COMMENT ON FUNCTION _pggit.mark_uncommitted_labels(_pggit.plan_item[], _pggit.plan_node[], _pggit.plan_statement[]) IS $$
A label of an enum can be used only after the transaction that added it: where the plan uses it, adding stands outside.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_statements(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS _pggit.plan_statement[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_done     _pggit.plan_statement[] := '{}'::_pggit.plan_statement[];
    v_some     _pggit.plan_statement[];
    v_parts    _pggit.object[];
    v_function text;
    v_items    _pggit.plan_item[];
    v_nodes    integer[];
BEGIN
    v_parts := ARRAY(
        SELECT CASE
            WHEN l.node_no IS NULL THEN i.new
            ELSE (
                (i.new).object_id, (i.new).kind, (i.new).parent_id, (i.new).schema_name, (i.new).table_name,
                (i.new).name, (i.new).signature, (i.new).attrs - 'default', (i.new).deps
            )::_pggit.object
        END
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        LEFT JOIN unnest(p_nodes) AS l ON l.object_id = n.object_id AND l.op = 'late'
        WHERE n.op = 'create' AND n.is_folded
    );
    FOR v_function, v_items, v_nodes IN
        SELECT
            n.op || '_' || CASE WHEN i.kind = 'constraint' AND i.parent_kind = 'domain' THEN 'domain_' ELSE '' END || i.kind,
            array_agg(i ORDER BY n.node_no),
            array_agg(n.node_no ORDER BY n.node_no)
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        WHERE n.op IN ('create', 'alter', 'drop')
          AND NOT n.is_folded
          AND NOT (n.op = 'drop' AND i.is_set_aside)
          AND NOT (i.kind = 'column' AND i.parent_kind IN ('view', 'materialized_view'))
        GROUP BY 1
    LOOP
        v_some := ARRAY(
            SELECT s FROM _pggit.dispatch_ddl(v_function, v_items,
                v_nodes, CASE v_function WHEN 'create_table' THEN v_parts ELSE '{}' END) AS s);
        v_done := v_done || v_some;
    END LOOP;
    RETURN _pggit.mark_uncommitted_labels(
        p_items, p_nodes, v_done || ARRAY(SELECT s FROM _pggit.plan_common_statements(p_items, p_nodes) AS s));
END;
$$;
COMMENT ON FUNCTION _pggit.plan_statements(_pggit.plan_item[], _pggit.plan_node[]) IS $$
The statements of all nodes.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_common_statements(p_items _pggit.plan_item[], p_nodes _pggit.plan_node[])
RETURNS SETOF _pggit.plan_statement
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH node AS MATERIALIZED (
        SELECT
            n.node_no, n.op, n.is_folded, i AS item, i.kind, i.parent_kind, i.action, i.old, i.new,
            coalesce(p.node_no, n.node_no) AS acts_as,
            i.is_renamed AND EXISTS (
                SELECT
                FROM unnest(p_items) AS o
                WHERE o.object_id <> i.object_id
                  AND o.first IS DISTINCT FROM NULL
                  AND (o.first).name = (i.new).name
                  AND (o.old).schema_name IS NOT DISTINCT FROM (i.new).schema_name
                  AND ((o.old).table_name IS NOT DISTINCT FROM (i.new).table_name OR i.kind = 'index')
                  AND _pggit.name_class(o.old) = _pggit.name_class(i.new)
                  AND (o.old).signature IS NOT DISTINCT FROM (i.new).signature
            ) AS is_occupied
        FROM unnest(p_nodes) AS n
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        LEFT JOIN unnest(p_nodes) AS p
            ON n.is_folded AND n.op = 'create' AND p.object_id = (i.new).parent_id AND p.op = 'create'
    )
    SELECT n.acts_as, (100 + row_number() OVER (PARTITION BY n.acts_as ORDER BY n.node_no, d.part_no))::integer,
        (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    LEFT JOIN _pggit.implied_grants() AS g
        ON n.op = 'create'
        AND g.objects = _pggit.grant_class(n.kind)
        AND g.schema_name IS NOT DISTINCT FROM coalesce((n.new).schema_name, g.schema_name)
    CROSS JOIN LATERAL _pggit.common_statements(
        CASE
            WHEN n.op = 'alter' THEN n.old
            WHEN g.attrs IS NOT NULL THEN (NULL, NULL, NULL, NULL, NULL, NULL, NULL, g.attrs, NULL)::_pggit.object
        END,
        n.new, n.parent_kind) WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op IN ('create', 'alter')
      AND n.kind <> 'default_privilege'
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.node_alterations(n.item, n.op)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op IN ('loosen', 'late', 'purge')
       OR n.op = 'drop' AND (n.item).is_set_aside
       OR n.op = 'rename' AND NOT n.is_occupied
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.rename_statements(
        n.item, _pggit.set_aside_name(n.new), (n.old).parent_id IS DISTINCT FROM (n.new).parent_id)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op = 'rename' AND n.is_occupied
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.settle_statements(n.item)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.op = 'settle' AND n.is_occupied
    UNION ALL
    SELECT n.node_no, 1, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.retype_statements(n.item) AS d
    WHERE n.op = 'alter' AND (n.item).is_retyped
    UNION ALL
    SELECT n.node_no, d.part_no::integer, (d.sql, d.lock_level, d.hazards, d.in_transaction)::_pggit.ddl
    FROM node AS n
    CROSS JOIN LATERAL _pggit.view_column_statements(
        CASE WHEN n.op <> 'create' THEN n.old END, CASE WHEN n.op <> 'drop' THEN n.new END, n.parent_kind)
        WITH ORDINALITY AS d(sql, lock_level, hazards, in_transaction, part_no)
    WHERE n.kind = 'column'
      AND n.parent_kind IN ('view', 'materialized_view')
      AND n.op IN ('create', 'alter', 'drop')
      AND NOT n.is_folded;
END;
COMMENT ON FUNCTION _pggit.plan_common_statements(_pggit.plan_item[], _pggit.plan_node[]) IS $$
The statements that no kind has for itself: owners, grants, comments, renames, and what opens and closes cycles.
$$;

CREATE OR REPLACE FUNCTION _pggit.lay_out_steps(
    p_items _pggit.plan_item[],
    p_nodes _pggit.plan_node[],
    p_order integer[],
    p_statements _pggit.plan_statement[],
    p_extra_path jsonb
)
RETURNS SETOF _pggit.step
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH ordered AS MATERIALIZED (
        SELECT
            row_number() OVER (ORDER BY o.place, s.part_no) AS place,
            (s.ddl).sql, (s.ddl).lock_level, (s.ddl).hazards, (s.ddl).in_transaction,
            n.op, i.kind, i.object_id,
            _pggit.object_title(coalesce(i.new, i.old)) AS identity,
            _pggit.plan_path(CASE
                WHEN n.op IN ('drop', 'loosen', 'purge') THEN (i.old).schema_name
                ELSE (i.new).schema_name
            END, p_extra_path) AS path
        FROM unnest(p_order) WITH ORDINALITY AS o(node_no, place)
        JOIN unnest(p_nodes) AS n ON n.node_no = o.node_no
        JOIN unnest(p_items) AS i ON i.object_id = n.object_id
        JOIN unnest(p_statements) AS s ON s.node_no = n.node_no
    ), pathed AS (
        SELECT d.*, lag(d.path) OVER (ORDER BY d.place) AS previous_path
        FROM ordered AS d
        WHERE d.path IS NOT NULL
    ), lines(place, part, sql, lock_level, hazards, in_transaction, op, kind, object_id, identity) AS (
        SELECT
            0::bigint, 0, 'SET check_function_bodies = off', '', '{}'::text[], true, 'set', NULL::text, NULL::uuid, NULL::text
        WHERE EXISTS (
            SELECT FROM ordered AS d WHERE d.kind IN ('function', 'procedure') AND d.sql LIKE 'CREATE %'
        )
        UNION ALL
        SELECT p.place, 0, 'SET search_path = ' || p.path, '', '{}', true, 'set', NULL, NULL, NULL
        FROM pathed AS p
        WHERE p.path IS DISTINCT FROM p.previous_path
        UNION ALL
        SELECT
            d.place, 1, d.sql, coalesce(d.lock_level, ''), coalesce(d.hazards, '{}'), coalesce(d.in_transaction, true),
            d.op, d.kind, d.object_id, d.identity
        FROM ordered AS d
        UNION ALL
        SELECT 9000000000, 0, 'RESET check_function_bodies', '', '{}', true, 'set', NULL, NULL, NULL
        WHERE EXISTS (
            SELECT FROM ordered AS d WHERE d.kind IN ('function', 'procedure') AND d.sql LIKE 'CREATE %'
        )
        UNION ALL
        SELECT 9000000000, 1, 'RESET search_path', '', '{}', true, 'set', NULL, NULL, NULL
        WHERE EXISTS (SELECT FROM pathed)
    )
    SELECT
        (row_number() OVER (ORDER BY l.place, l.part))::integer,
        l.sql, l.lock_level, l.hazards, l.in_transaction, l.op, l.kind, l.object_id, l.identity
    FROM lines AS l
    ORDER BY l.place, l.part;
END;
COMMENT ON FUNCTION _pggit.lay_out_steps(
    _pggit.plan_item[], _pggit.plan_node[], integer[], _pggit.plan_statement[], jsonb
) IS $$
Statements in their order, with the settings that they need between them.
$$;

-- 11_commits.sql
COMMENT ON TABLE _pggit.blobs IS 'Versions of objects, by the hash of their canonical form.';
COMMENT ON TABLE _pggit.pages IS 'Lists of blobs, one list per bucket of a tree.';
COMMENT ON TABLE _pggit.trees IS 'Whole states of the tracked schemas.';
COMMENT ON TABLE _pggit.commits IS 'The history: one state, its author, time and message.';
COMMENT ON TABLE _pggit.commit_parents IS 'The parents of a commit, in order.';

CREATE OR REPLACE VIEW pggit.commits AS
SELECT
    c.commit_id,
    encode(c.hash, 'hex') AS hash,
    encode(c.tree_hash, 'hex') AS tree_hash,
    ARRAY(
        SELECT p.parent_commit_id
        FROM _pggit.commit_parents AS p
        WHERE p.commit_id = c.commit_id
        ORDER BY p.ordinality
    ) AS parents,
    c.message,
    c.author,
    c.committed_at,
    c.server_major,
    c.generation
FROM _pggit.commits AS c;
COMMENT ON VIEW pggit.commits IS 'Every commit of the repository.';

CREATE OR REPLACE FUNCTION _pggit.server_major()
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN current_setting('server_version_num')::integer / 10000;
COMMENT ON FUNCTION _pggit.server_major() IS 'The major version of this server.';

CREATE OR REPLACE FUNCTION _pggit.object_hash(p_object _pggit.object)
RETURNS bytea
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN sha256(convert_to(jsonb_build_array(
    (p_object).object_id, (p_object).kind, (p_object).parent_id, (p_object).schema_name, (p_object).table_name,
    (p_object).name, (p_object).signature, (p_object).attrs, (p_object).deps)::text, 'UTF8'));
COMMENT ON FUNCTION _pggit.object_hash(_pggit.object) IS $$
The hash of one version of an object. jsonb prints its keys in one fixed order, so equal objects give equal text.
$$;

CREATE OR REPLACE FUNCTION _pggit.write_tree(p_objects _pggit.object[])
RETURNS bytea
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_hashes bytea[];
    v_pages  bytea[];
    v_tree   bytea;
BEGIN
    v_hashes := ARRAY(SELECT _pggit.object_hash(ROW(o.*)::_pggit.object) FROM unnest(p_objects) AS o);

    -- Ascending by hash everywhere: two writers of the same new rows then wait for each other instead of deadlocking.
    INSERT INTO _pggit.blobs (
        hash, object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps)
    SELECT h.hash, o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
        coalesce(o.attrs, '{}'), coalesce(o.deps, '{}')
    FROM unnest(p_objects) WITH ORDINALITY
        AS o(object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps, ordinality)
    JOIN unnest(v_hashes) WITH ORDINALITY AS h(hash, ordinality) USING (ordinality)
    WHERE NOT EXISTS (SELECT FROM _pggit.blobs AS b WHERE b.hash = h.hash)
    ORDER BY h.hash
    ON CONFLICT (hash) DO NOTHING;

    WITH members AS (
        SELECT
            get_byte(uuid_send(CASE WHEN p.kind <> 'schema' THEN p.object_id ELSE o.object_id END), 0) AS bucket,
            h.hash
        FROM unnest(p_objects) WITH ORDINALITY
            AS o(object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps, ordinality)
        JOIN unnest(v_hashes) WITH ORDINALITY AS h(hash, ordinality) USING (ordinality)
        LEFT JOIN unnest(p_objects)
            AS p(object_id, kind, parent_id, schema_name, table_name, name, signature, attrs, deps)
            ON p.object_id = o.parent_id
    ), buckets AS (
        SELECT m.bucket, array_agg(m.hash ORDER BY m.hash) AS blob_hashes
        FROM members AS m
        GROUP BY m.bucket
    ), hashed AS (
        SELECT b.bucket, b.blob_hashes, sha256(string_agg(e.hash, ''::bytea ORDER BY e.hash)) AS hash
        FROM buckets AS b, unnest(b.blob_hashes) AS e(hash)
        GROUP BY b.bucket, b.blob_hashes
    ), written AS (
        INSERT INTO _pggit.pages (hash, blob_hashes)
        SELECT h.hash, h.blob_hashes
        FROM hashed AS h
        ORDER BY h.hash
        ON CONFLICT (hash) DO NOTHING
    )
    SELECT array_agg(h.hash ORDER BY s.bucket)
    INTO v_pages
    FROM generate_series(0, 255) AS s(bucket)
    LEFT JOIN hashed AS h USING (bucket);

    SELECT sha256(string_agg(coalesce(p.hash, sha256(''::bytea)), ''::bytea ORDER BY p.ordinality))
    INTO v_tree
    FROM unnest(v_pages) WITH ORDINALITY AS p(hash, ordinality);

    INSERT INTO _pggit.trees (hash, page_hashes, object_count)
    VALUES (v_tree, v_pages, coalesce(cardinality(p_objects), 0))
    ON CONFLICT (hash) DO NOTHING;
    RETURN v_tree;
END;
$$;
COMMENT ON FUNCTION _pggit.write_tree(_pggit.object[]) IS $$
Stores a whole state, or finds it stored, and gives its hash. What it shares with earlier states is not written again.
p_objects: every object; parents must be among them, because a part lies in the bucket of its table.
$$;

CREATE OR REPLACE FUNCTION _pggit.tree_objects(p_tree bytea)
RETURNS SETOF _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature, b.attrs, b.deps
    FROM _pggit.trees AS t
    CROSS JOIN LATERAL unnest(t.page_hashes) AS h(hash)
    JOIN _pggit.pages AS p ON p.hash = h.hash
    CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    JOIN _pggit.blobs AS b ON b.hash = m.hash
    WHERE t.hash = p_tree;
END;
COMMENT ON FUNCTION _pggit.tree_objects(bytea) IS 'The objects of a tree, in no order.';

CREATE OR REPLACE FUNCTION _pggit.tree_changes(p_from bytea, p_to bytea)
RETURNS TABLE (old_object _pggit.object, new_object _pggit.object)
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH slots AS (
        SELECT f.hash AS from_page, t.hash AS to_page
        FROM unnest((SELECT x.page_hashes FROM _pggit.trees AS x WHERE x.hash = p_from))
            WITH ORDINALITY AS f(hash, bucket)
        FULL JOIN unnest((SELECT x.page_hashes FROM _pggit.trees AS x WHERE x.hash = p_to))
            WITH ORDINALITY AS t(hash, bucket) USING (bucket)
        WHERE f.hash IS DISTINCT FROM t.hash
    ), old_hashes AS (
        SELECT m.hash
        FROM slots AS s
        JOIN _pggit.pages AS p ON p.hash = s.from_page
        CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    ), new_hashes AS (
        SELECT m.hash
        FROM slots AS s
        JOIN _pggit.pages AS p ON p.hash = s.to_page
        CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
    ), olds AS (
        SELECT b.object_id, ROW(b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature,
            b.attrs, b.deps)::_pggit.object AS object
        FROM (SELECT o.hash FROM old_hashes AS o EXCEPT SELECT n.hash FROM new_hashes AS n) AS d
        JOIN _pggit.blobs AS b ON b.hash = d.hash
    ), news AS (
        SELECT b.object_id, ROW(b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature,
            b.attrs, b.deps)::_pggit.object AS object
        FROM (SELECT n.hash FROM new_hashes AS n EXCEPT SELECT o.hash FROM old_hashes AS o) AS d
        JOIN _pggit.blobs AS b ON b.hash = d.hash
    )
    SELECT o.object, n.object
    FROM olds AS o
    FULL JOIN news AS n USING (object_id);
END;
COMMENT ON FUNCTION _pggit.tree_changes(bytea, bytea) IS $$
The objects whose versions differ between two trees, paired by identity; a NULL side is an added or dropped object.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit_tree(p_commit_id integer)
RETURNS bytea
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (SELECT c.tree_hash FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id);
COMMENT ON FUNCTION _pggit.commit_tree(integer) IS 'The tree of a commit; NULL for NULL.';

CREATE OR REPLACE FUNCTION _pggit.current_author()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce(nullif(btrim(current_setting('pggit.author', true)), ''), current_user::text);
COMMENT ON FUNCTION _pggit.current_author() IS $$
Who commits: the setting pggit.author, which the API sets to the person behind a token, else the current role.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_message(p_message text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_message IS NULL OR p_message !~ '[^[:space:]]' THEN
        PERFORM _pggit.raise_error('VCV02', 'the commit message is empty',
            CASE WHEN p_message IS NULL THEN 'The message is NULL.' ELSE 'The message holds only white space.' END,
            'Say in a few words what the commit changes.');
    END IF;
    RETURN p_message;
END;
$$;
COMMENT ON FUNCTION _pggit.check_message(text) IS $$
The message itself, if it says something.
Errors: VCV02 for an empty one.
$$;

CREATE OR REPLACE FUNCTION _pggit.write_commit(p_tree bytea, p_parents integer[], p_message text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_message    text := _pggit.check_message(p_message);
    v_author     text := _pggit.current_author();
    v_time       timestamptz := clock_timestamp();
    v_generation integer;
    v_hashes     text;
    v_hash       bytea;
    v_commit_id  integer;
BEGIN
    SELECT coalesce(max(c.generation), 0) + 1, string_agg(encode(c.hash, 'hex'), ' ' ORDER BY p.ordinality)
    INTO v_generation, v_hashes
    FROM unnest(p_parents) WITH ORDINALITY AS p(commit_id, ordinality)
    JOIN _pggit.commits AS c USING (commit_id);

    v_hash := sha256(convert_to(concat_ws(E'\n',
        'tree ' || encode(p_tree, 'hex'), 'parents ' || v_hashes, 'author ' || v_author,
        'time ' || extract(epoch FROM v_time), 'major ' || _pggit.server_major(), '', v_message), 'UTF8'));

    INSERT INTO _pggit.commits (hash, tree_hash, message, author, committed_at, server_major, generation)
    VALUES (v_hash, p_tree, v_message, v_author, v_time, _pggit.server_major(), v_generation)
    ON CONFLICT (hash) DO NOTHING
    RETURNING commit_id INTO v_commit_id;

    IF v_commit_id IS NULL THEN
        SELECT c.commit_id INTO STRICT v_commit_id FROM _pggit.commits AS c WHERE c.hash = v_hash;
        RETURN v_commit_id;
    END IF;

    INSERT INTO _pggit.commit_parents (commit_id, ordinality, parent_commit_id)
    SELECT v_commit_id, p.ordinality, p.commit_id
    FROM unnest(p_parents) WITH ORDINALITY AS p(commit_id, ordinality);
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.write_commit(bytea, integer[], text) IS $$
Writes a commit and gives its id; moves no branch.
p_parents: in order, the target's head first in a merge; empty for the first commit.
Errors: VCV02 for an empty message.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_ancestors(p_commit_ids integer[])
RETURNS SETOF integer
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE reached (commit_id) AS (
        SELECT c.commit_id FROM unnest(p_commit_ids) AS c(commit_id)
        UNION
        SELECT p.parent_commit_id
        FROM reached AS r
        JOIN _pggit.commit_parents AS p ON p.commit_id = r.commit_id
    )
    SELECT r.commit_id FROM reached AS r;
END;
COMMENT ON FUNCTION _pggit.list_ancestors(integer[]) IS 'The commits reachable from some commits, these included.';

CREATE OR REPLACE FUNCTION _pggit.is_ancestor(p_commit_id integer, p_of_commit_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN p_commit_id IN (SELECT a.commit_id FROM _pggit.list_ancestors(ARRAY[p_of_commit_id]) AS a(commit_id));
COMMENT ON FUNCTION _pggit.is_ancestor(integer, integer) IS 'Whether the first commit is the second or one of its ancestors.';

-- 12_refs.sql
COMMENT ON TABLE _pggit.branches IS 'Named pointers to commits, moved by compare-and-swap only.';
COMMENT ON TABLE _pggit.tags IS 'Named commits, never moved.';
COMMENT ON TABLE _pggit.reflog IS 'Every move of every branch.';

CREATE OR REPLACE VIEW pggit.branches AS
SELECT
    b.branch_id,
    b.name,
    b.head_commit_id,
    encode(c.hash, 'hex') AS head_hash,
    b.description,
    b.is_active,
    b.created_at,
    b.updated_at,
    b.created_by,
    w.state AS worktree_state
FROM _pggit.branches AS b
JOIN _pggit.commits AS c ON c.commit_id = b.head_commit_id
LEFT JOIN _pggit.worktrees AS w ON w.branch_id = b.branch_id
WHERE b.is_active;
COMMENT ON VIEW pggit.branches IS 'The branches, with the state of the worktree: building, ready, dropping, or NULL for none.';

CREATE OR REPLACE VIEW pggit.tags AS
SELECT t.tag_id, t.name, t.commit_id, encode(c.hash, 'hex') AS hash, t.created_at, t.created_by
FROM _pggit.tags AS t
JOIN _pggit.commits AS c USING (commit_id);
COMMENT ON VIEW pggit.tags IS 'The tags and their commits.';

CREATE OR REPLACE VIEW pggit.reflog AS
SELECT
    r.reflog_id,
    r.branch_id,
    b.name AS branch,
    r.old_commit_id,
    r.new_commit_id,
    r.reason,
    r.actor,
    r.created_at
FROM _pggit.reflog AS r
JOIN _pggit.branches AS b USING (branch_id);
COMMENT ON VIEW pggit.reflog IS 'Every move of every branch, deleted ones included.';

CREATE OR REPLACE FUNCTION _pggit.check_initialised()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM _pggit.repository) THEN
        PERFORM _pggit.raise_error('VCS01', format('database "%s" has no repository', current_database()),
            'No schema is tracked yet.', 'Call pggit.init with the names of the schemas to track.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_initialised() IS $$
Raises unless pggit.init has been called.
Errors: VCS01.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_name_fault(p_name text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_name IS NULL OR p_name = '' THEN 'It is empty.'
    WHEN octet_length(p_name) > 250 THEN 'It is longer than 250 bytes.'
    WHEN p_name ~ '[\x01-\x20\x7f]' THEN 'It holds a space or a control character.'
    WHEN p_name ~ '[~^:?*\[\\]' THEN 'It holds one of ~ ^ : ? * [ \, which have a meaning in refs.'
    WHEN p_name ~ '(^|/)\.' THEN 'A part of it begins with a dot.'
    WHEN p_name ~ '\.lock(/|$)' THEN 'A part of it ends in ".lock".'
    WHEN p_name ~ '\.\.' THEN 'It holds two dots in a row.'
    WHEN p_name ~ '(^/|/$|//)' THEN 'A slash stands at its beginning, at its end, or twice in a row.'
    WHEN p_name ~ '\.$' THEN 'It ends with a dot.'
    WHEN p_name ~ '@\{' THEN 'It holds "@{".'
    WHEN p_name ~ '^-' THEN 'It begins with a hyphen.'
    WHEN p_name IN ('@', 'HEAD') THEN 'It is the name of the current commit.'
END;
COMMENT ON FUNCTION _pggit.find_name_fault(text) IS $$
What git check-ref-format would say against a branch or tag name; NULL for a good one.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_ref_name(p_name text, p_what text)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_fault text := _pggit.find_name_fault(p_name);
BEGIN
    IF v_fault IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCV01', format('"%s" is not a valid %s name', p_name, p_what), v_fault,
            'Use letters, digits, hyphens, dots and slashes, as in feature/login-page.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_ref_name(text, text) IS $$
Raises for a name that git would refuse.
p_what: "branch" or "tag", for the message.
Errors: VCV01.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_branch(p_name text)
RETURNS SETOF _pggit.branches
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT b.* FROM _pggit.branches AS b WHERE b.name = p_name AND b.is_active;
END;
COMMENT ON FUNCTION _pggit.find_branch(text) IS 'The branch of that name, or no row.';

CREATE OR REPLACE FUNCTION _pggit.get_branch(p_name text)
RETURNS _pggit.branches
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_name) AS b;
    IF v_branch.branch_id IS NULL THEN
        PERFORM _pggit.check_initialised();
        SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.name = p_name ORDER BY b.branch_id DESC LIMIT 1;
        IF v_branch.branch_id IS NULL THEN
            PERFORM _pggit.raise_error('VCN01', format('branch "%s" does not exist', p_name), 'There never was one of that name.',
                'SELECT name FROM pggit.branches lists the branches.');
        ELSE
            PERFORM _pggit.raise_error('VCN06', format('branch "%s" has been deleted', p_name),
                format('Its last commit was %s.', v_branch.head_commit_id),
                format('pggit.create_branch(%L, %L) brings it back.', p_name, v_branch.head_commit_id::text));
        END IF;
    END IF;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.get_branch(text) IS $$
The branch of that name.
Errors: VCN01 if there never was one, VCN06 if it was deleted.
$$;

CREATE OR REPLACE FUNCTION _pggit.resolve_name(p_name text, p_head text)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_ids integer[];
BEGIN
    IF p_name IN ('HEAD', '@', '') THEN
        RETURN _pggit.resolve_ref(coalesce(nullif(p_head, 'HEAD'), 'main'), 'main');
    END IF;
    SELECT ARRAY(
        SELECT b.head_commit_id
        FROM _pggit.branches AS b
        WHERE b.is_active AND b.name IN (p_name, regexp_replace(p_name, '^(refs/)?heads/', ''))
        ORDER BY b.name = p_name DESC
    ) INTO v_ids;
    IF v_ids = '{}' THEN
        SELECT ARRAY(
            SELECT t.commit_id
            FROM _pggit.tags AS t
            WHERE t.name IN (p_name, regexp_replace(p_name, '^(refs/)?tags/', ''))
            ORDER BY t.name = p_name DESC
        ) INTO v_ids;
    END IF;
    IF v_ids = '{}' AND p_name ~ '^[0-9]{1,9}$' THEN
        SELECT ARRAY(SELECT c.commit_id FROM _pggit.commits AS c WHERE c.commit_id = p_name::integer) INTO v_ids;
    END IF;
    IF v_ids = '{}' AND p_name ~* '^[0-9a-f]{4,64}$' THEN
        SELECT ARRAY(
            SELECT c.commit_id FROM _pggit.commits AS c
            WHERE encode(c.hash, 'hex') LIKE lower(p_name) || '%'
            ORDER BY c.commit_id
        ) INTO v_ids;
        IF cardinality(v_ids) > 1 THEN
            PERFORM _pggit.raise_error('VCV03', format('"%s" is ambiguous', p_name),
                format('It begins the hashes of the commits %s.', array_to_string(v_ids, ', ')),
                'Give more digits of the hash, or the commit id.');
        END IF;
    END IF;
    RETURN v_ids[1];
END;
$$;
COMMENT ON FUNCTION _pggit.resolve_name(text, text) IS $$
The commit that a ref without suffixes names: branch before tag before commit id before hash prefix; NULL for none.
p_head: the ref that HEAD stands for.
Errors: VCV03 for a hash prefix that several commits share.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_ref(p_ref text, p_head text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit_id integer;
    v_suffix    text;
    v_count     integer;
BEGIN
    v_commit_id := _pggit.resolve_name(regexp_replace(coalesce(p_ref, 'HEAD'), '[~^].*$', ''), p_head);
    FOR v_suffix IN
        SELECT m.match[1] FROM regexp_matches(coalesce(p_ref, ''), '([~^][^~^]*)', 'g') AS m(match)
    LOOP
        IF v_suffix !~ '^[~^][0-9]{0,6}$' THEN
            RETURN NULL;
        END IF;
        v_count := coalesce(nullif(substr(v_suffix, 2), '')::integer, 1);
        IF left(v_suffix, 1) = '^' THEN
            IF v_count > 0 THEN
                v_commit_id := (
                    SELECT p.parent_commit_id FROM _pggit.commit_parents AS p
                    WHERE p.commit_id = v_commit_id AND p.ordinality = v_count);
            END IF;
        ELSE
            WHILE v_count > 0 AND v_commit_id IS NOT NULL LOOP
                v_count := v_count - 1;
                v_commit_id := (
                    SELECT p.parent_commit_id FROM _pggit.commit_parents AS p
                    WHERE p.commit_id = v_commit_id AND p.ordinality = 1);
            END LOOP;
        END IF;
    END LOOP;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.find_ref(text, text) IS $$
The commit that a ref names, NULL for none.
p_ref: branch, tag, commit id, hash prefix or HEAD, with any number of ~n and ^n behind it; NULL is HEAD.
p_head: the ref that HEAD stands for, main if NULL.
Errors: VCV03 for a hash prefix that several commits share.
$$;

CREATE OR REPLACE FUNCTION _pggit.resolve_ref(p_ref text, p_branch text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit_id integer := _pggit.find_ref(p_ref, p_branch);
    v_base      text := regexp_replace(coalesce(p_ref, 'HEAD'), '[~^].*$', '');
BEGIN
    IF v_commit_id IS NOT NULL THEN
        RETURN v_commit_id;
    END IF;
    PERFORM _pggit.check_initialised();
    IF _pggit.resolve_name(v_base, p_branch) IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCN03', format('ref "%s" does not exist', p_ref),
            format('"%s" has no such ancestor.', v_base), 'pggit.log lists a ref''s ancestors.');
    ELSIF EXISTS (SELECT FROM _pggit.branches AS b WHERE b.name = v_base) THEN
        PERFORM _pggit.get_branch(v_base);
    END IF;
    PERFORM _pggit.raise_error('VCN03', format('ref "%s" does not exist', p_ref),
        'There is no branch, tag or commit of that name.',
        'pggit.branches, pggit.tags and pggit.log list what there is.');
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.resolve_ref(text, text) IS $$
The commit that a ref names.
p_ref, p_branch: as in _pggit.find_ref.
Errors: VCN03 if it names nothing, VCN06 if it names a deleted branch, VCV03 if it is ambiguous.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_branch(p_name text, p_commit_id integer, p_reason text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch_id integer;
BEGIN
    INSERT INTO _pggit.branches (name, head_commit_id, created_by)
    VALUES (p_name, p_commit_id, _pggit.current_author())
    ON CONFLICT (name) WHERE is_active DO NOTHING
    RETURNING branch_id INTO v_branch_id;
    IF v_branch_id IS NULL THEN
        PERFORM _pggit.raise_error('VCC02', format('branch "%s" already exists', p_name),
            (SELECT format('It stands at commit %s.', b.head_commit_id) FROM _pggit.find_branch(p_name) AS b),
            format('Choose another name, or pggit.checkout(%L).', p_name));
    END IF;
    INSERT INTO _pggit.reflog (branch_id, old_commit_id, new_commit_id, reason, actor)
    VALUES (v_branch_id, NULL, p_commit_id, p_reason, _pggit.current_author());
    RETURN v_branch_id;
END;
$$;
COMMENT ON FUNCTION _pggit.add_branch(text, integer, text) IS $$
Writes the row of a new branch and gives its id.
Errors: VCC02 if the name is taken.
$$;

CREATE OR REPLACE FUNCTION _pggit.move_branch(
    p_branch_id integer,
    p_from_commit integer,
    p_to_commit integer,
    p_reason text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches;
BEGIN
    UPDATE _pggit.branches AS b
    SET head_commit_id = p_to_commit,
        updated_at = clock_timestamp()
    WHERE b.branch_id = p_branch_id
        AND b.head_commit_id = p_from_commit
        AND b.is_active;
    IF NOT FOUND THEN
        SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id;
        IF NOT v_branch.is_active THEN
            PERFORM _pggit.get_branch(v_branch.name);
        END IF;
        PERFORM _pggit.raise_error('VCC01', format('branch "%s" has moved', v_branch.name),
            format('Its head was commit %s and is now %s.', p_from_commit, v_branch.head_commit_id),
            'Look at the new head with pggit.log and try again.');
    END IF;
    INSERT INTO _pggit.reflog (branch_id, old_commit_id, new_commit_id, reason, actor)
    VALUES (p_branch_id, p_from_commit, p_to_commit, p_reason, _pggit.current_author());
END;
$$;
COMMENT ON FUNCTION _pggit.move_branch(integer, integer, integer, text) IS $$
Moves a branch from one commit to another, if it still stands at the first.
Errors: VCC01 if it moved meanwhile, VCN06 if it was deleted.
Locks: the branch's row; a second mover waits for the first and then loses.
$$;

-- 13_worktrees.sql
COMMENT ON TABLE _pggit.repository IS 'The repository of this database.';
COMMENT ON TABLE _pggit.worktrees IS 'Which branches and commits have schemas of their own.';
COMMENT ON TABLE _pggit.worktree_schemas IS
    'The schema in which a tracked schema lives, per worktree; main''s rows are the tracked schemas.';
COMMENT ON TABLE _pggit.worktree_objects IS 'The identities of a worktree''s objects by catalog address.';
COMMENT ON TABLE _pggit.worktree_steps IS 'The steps that a worktree under construction still needs.';
COMMENT ON TYPE pggit.worktree IS 'Where a session stands after a checkout.';

CREATE OR REPLACE FUNCTION _pggit.oid_origin()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT format('%s/%s', s.system_identifier, d.oid)
    FROM pg_control_system() AS s, pg_database AS d
    WHERE d.datname = current_database());
COMMENT ON FUNCTION _pggit.oid_origin() IS 'This server and this database: OIDs are comparable only where it is equal.';

CREATE OR REPLACE FUNCTION _pggit.shorten_name(p_name text, p_bytes integer)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_name text := p_name;
BEGIN
    WHILE octet_length(v_name) > p_bytes LOOP
        v_name := left(v_name, -1);
    END LOOP;
    RETURN v_name;
END;
$$;
COMMENT ON FUNCTION _pggit.shorten_name(text, integer) IS 'The longest beginning of a text within so many bytes.';

CREATE OR REPLACE FUNCTION _pggit.worktree_schema_name(p_schema name, p_label text, p_suffix text)
RETURNS name
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN octet_length(p_schema || '@' || p_label) <= 63 THEN (p_schema || '@' || p_label)::name
    ELSE (_pggit.shorten_name(p_schema || '@' || p_label, 63 - octet_length(p_suffix)) || p_suffix)::name
END;
COMMENT ON FUNCTION _pggit.worktree_schema_name(name, text, text) IS $$
The schema in which a tracked schema lives in a worktree: "app@feature/x"; beyond 63 bytes its end gives way to the suffix.
p_label: the branch's name, or a commit's hash.
p_suffix: what is different for every branch and tracked schema; begins with a tilde, which branch names never hold.
$$;

CREATE OR REPLACE FUNCTION _pggit.holds_extension_objects(p_schema name)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM pg_namespace AS n
    JOIN pg_depend AS held ON held.refclassid = 'pg_namespace'::regclass AND held.refobjid = n.oid
    JOIN pg_depend AS member
        ON member.classid = held.classid AND member.objid = held.objid AND member.deptype = 'e'
    WHERE n.nspname = p_schema);
COMMENT ON FUNCTION _pggit.holds_extension_objects(name) IS $$
Whether a schema holds objects of extensions, so that worktrees need it on their search_path.
$$;

CREATE OR REPLACE FUNCTION _pggit.main_worktree_id()
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT w.worktree_id
    FROM _pggit.worktrees AS w
    JOIN _pggit.branches AS b USING (branch_id)
    WHERE b.name = 'main' AND b.is_active);
COMMENT ON FUNCTION _pggit.main_worktree_id() IS 'The worktree of main, whose schemas are the tracked ones.';

CREATE OR REPLACE FUNCTION _pggit.tracked_schemas()
RETURNS name[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT s.schema_name
    FROM _pggit.worktree_schemas AS s
    WHERE s.worktree_id = _pggit.main_worktree_id()
    ORDER BY s.position);
COMMENT ON FUNCTION _pggit.tracked_schemas() IS 'The schemas under version control, in the order given to pggit.init.';

CREATE OR REPLACE FUNCTION _pggit.live_schemas(p_worktree_id integer)
RETURNS name[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT s.live_name FROM _pggit.worktree_schemas AS s WHERE s.worktree_id = p_worktree_id ORDER BY s.position);
COMMENT ON FUNCTION _pggit.live_schemas(integer) IS 'The schemas of a worktree, in the order of the tracked schemas.';

CREATE OR REPLACE FUNCTION _pggit.session_worktree(p_path name[])
RETURNS _pggit.worktrees
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
BEGIN
    PERFORM _pggit.check_initialised();
    SELECT w.* INTO v_worktree
    FROM unnest(p_path) WITH ORDINALITY AS p(name, ordinality)
    JOIN _pggit.worktree_schemas AS s ON s.live_name = p.name
    JOIN _pggit.worktrees AS w USING (worktree_id)
    ORDER BY p.ordinality
    LIMIT 1;
    IF v_worktree.worktree_id IS NULL THEN
        SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = _pggit.main_worktree_id();
    END IF;
    RETURN v_worktree;
END;
$$;
COMMENT ON FUNCTION _pggit.session_worktree(name[]) IS $$
The worktree that a search_path leads to: that of its first schema that belongs to one, else main's.
p_path: current_schemas(false) of the session.
Errors: VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.session_ref(p_path name[])
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(b.name, w.commit_id::text)
    FROM _pggit.session_worktree(p_path) AS w
    LEFT JOIN _pggit.branches AS b USING (branch_id));
COMMENT ON FUNCTION _pggit.session_ref(name[]) IS $$
What HEAD is in a session: its branch, or the commit that it is detached at.
$$;

CREATE OR REPLACE FUNCTION _pggit.session_branch(p_branch text, p_path name[])
RETURNS _pggit.branches
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_branch   _pggit.branches;
BEGIN
    IF p_branch IS NOT NULL THEN
        RETURN _pggit.get_branch(p_branch);
    END IF;
    v_worktree := _pggit.session_worktree(p_path);
    IF v_worktree.branch_id IS NULL THEN
        PERFORM _pggit.raise_error('VCS08', format('no branch is checked out, but commit %s', v_worktree.commit_id),
            'This session is detached.', 'Name a branch, or pggit.checkout one.');
    END IF;
    SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.branch_id = v_worktree.branch_id;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.session_branch(text, name[]) IS $$
The branch of that name; for NULL the session's.
Errors: VCN01, VCN06 for an unknown one; VCS08 where the session is detached.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_worktree(p_branch_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (SELECT w.worktree_id FROM _pggit.worktrees AS w WHERE w.branch_id = p_branch_id AND w.state = 'ready');
COMMENT ON FUNCTION _pggit.find_worktree(integer) IS 'The finished worktree of a branch, NULL for none.';

CREATE OR REPLACE FUNCTION _pggit.is_worktree_role(p_role text, p_owner text)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN p_role = p_owner OR coalesce((
    SELECT pg_has_role(m.oid, r.oid, 'MEMBER')
    FROM pg_roles AS m, pg_roles AS r
    WHERE m.rolname = p_role AND r.rolname = p_owner), false);
COMMENT ON FUNCTION _pggit.is_worktree_role(text, text) IS $$
Whether what a role owns in a worktree is owned so only because it was made there.
$$;

CREATE OR REPLACE FUNCTION _pggit.logical_attrs(p_read jsonb, p_expected jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
    FROM (
        SELECT r.key, r.value
        FROM jsonb_each(p_read - 'owner') AS r
        WHERE NOT starts_with(r.key, 'acl:' || quote_ident(p_read->>'owner') || ':')
        UNION ALL
        SELECT e.key, e.value
        FROM jsonb_each(p_expected) AS e
        WHERE e.key = 'owner' OR starts_with(e.key, 'acl:' || quote_ident(p_read->>'owner') || ':')
    ) AS a);
COMMENT ON FUNCTION _pggit.logical_attrs(jsonb, jsonb) IS $$
An object's attributes as read in a worktree, with the owner that the branch's head names and the grants to the role that owns
it here: both cannot be seen in a worktree.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_worktree(p_worktree_id integer, p_commit_id integer)
RETURNS SETOF _pggit.identified
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_known    _pggit.known_identity[] := '{}'::_pggit.known_identity[];
    v_expected _pggit.object[];
    v_roles    text[];
    v_read     _pggit.identified[];
BEGIN
    SELECT w.* INTO STRICT v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
    IF v_worktree.oid_origin = _pggit.oid_origin() THEN
        v_known := ARRAY(
            SELECT ROW(k.classid, k.objid, k.objsubid, k.object_id)::_pggit.known_identity
            FROM _pggit.worktree_objects AS k
            WHERE k.worktree_id = p_worktree_id);
    END IF;
    v_expected := ARRAY(
        SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(_pggit.commit_tree(p_commit_id)) AS o);
    v_read := ARRAY(
        SELECT ROW(i.*)::_pggit.identified
        FROM _pggit.read_objects(
            _pggit.tracked_schemas(), _pggit.live_schemas(p_worktree_id), v_known, v_expected) AS i);
    IF v_worktree.owner_name IS NULL THEN
        RETURN QUERY SELECT i.classid, i.objid, i.objsubid, i.object FROM unnest(v_read) AS i;
        RETURN;
    END IF;
    WITH owners AS MATERIALIZED (
        SELECT DISTINCT (i.object).attrs->>'owner' AS name FROM unnest(v_read) AS i
    )
    SELECT array_agg(r.name) INTO v_roles
    FROM owners AS r
    WHERE _pggit.is_worktree_role(r.name, v_worktree.owner_name);
    RETURN QUERY
    SELECT i.classid, i.objid, i.objsubid,
        CASE
            WHEN (i.object).attrs->>'owner' = ANY (v_roles) THEN ROW(
                (i.object).object_id, (i.object).kind, (i.object).parent_id, (i.object).schema_name,
                (i.object).table_name, (i.object).name, (i.object).signature,
                _pggit.logical_attrs((i.object).attrs, e.attrs), (i.object).deps)::_pggit.object
            ELSE i.object
        END
    FROM unnest(v_read) AS i
    LEFT JOIN unnest(v_expected) AS e ON e.object_id = (i.object).object_id;
END;
$$;
COMMENT ON FUNCTION _pggit.read_worktree(integer, integer) IS $$
A worktree as it is now, with catalog addresses.
p_commit_id: the commit with whose objects it pairs by path where no address is known, and whose owners it keeps.
$$;

CREATE OR REPLACE FUNCTION _pggit.store_identities(p_worktree_id integer, p_read _pggit.identified[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    DELETE FROM _pggit.worktree_objects AS k
    WHERE k.worktree_id = p_worktree_id
        AND NOT EXISTS (
            SELECT
            FROM unnest(p_read) AS i
            WHERE i.classid = k.classid AND i.objid = k.objid AND i.objsubid = k.objsubid
                AND (i.object).object_id = k.object_id);
    INSERT INTO _pggit.worktree_objects (worktree_id, classid, objid, objsubid, object_id)
    SELECT p_worktree_id, i.classid, i.objid, i.objsubid, (i.object).object_id
    FROM unnest(p_read) AS i
    ON CONFLICT DO NOTHING;
    UPDATE _pggit.worktrees AS w
    SET oid_origin = _pggit.oid_origin()
    WHERE w.worktree_id = p_worktree_id
        AND w.oid_origin IS DISTINCT FROM _pggit.oid_origin();
END;
$$;
COMMENT ON FUNCTION _pggit.store_identities(integer, _pggit.identified[]) IS $$
Remembers which identity every catalog address of a worktree has.
$$;

CREATE OR REPLACE FUNCTION _pggit.snapshot(p_branch_id integer)
RETURNS SETOF _pggit.object
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
ROWS 20000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_head        integer;
    v_worktree_id integer := _pggit.find_worktree(p_branch_id);
BEGIN
    SELECT b.head_commit_id INTO STRICT v_head FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id;
    IF v_worktree_id IS NULL THEN
        RETURN QUERY SELECT * FROM _pggit.tree_objects(_pggit.commit_tree(v_head));
    ELSE
        RETURN QUERY SELECT (i.object).* FROM _pggit.read_worktree(v_worktree_id, v_head) AS i;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.snapshot(integer) IS $$
The objects of a branch's worktree as they are now; of its head where no worktree is built.
$$;

CREATE OR REPLACE FUNCTION _pggit.assign_identities(p_branch_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_head        integer;
    v_worktree_id integer := _pggit.find_worktree(p_branch_id);
BEGIN
    IF v_worktree_id IS NOT NULL THEN
        SELECT b.head_commit_id INTO STRICT v_head FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id;
        PERFORM _pggit.store_identities(v_worktree_id, ARRAY(
            SELECT ROW(i.*)::_pggit.identified FROM _pggit.read_worktree(v_worktree_id, v_head) AS i));
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.assign_identities(integer) IS $$
Reads a branch's worktree and remembers the identities; to be called after its head has moved.
$$;

CREATE OR REPLACE FUNCTION _pggit.split_path(p_setting text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT CASE
        WHEN btrim(m.match[1]) LIKE '"%' THEN replace(substr(btrim(m.match[1]), 2, length(btrim(m.match[1])) - 2), '""', '"')
        ELSE lower(btrim(m.match[1]))
    END
    FROM regexp_matches(p_setting, '("(?:[^"]|"")*"|[^,"]+)', 'g') WITH ORDINALITY AS m(match, ordinality)
    WHERE btrim(m.match[1]) <> ''
    ORDER BY m.ordinality);
COMMENT ON FUNCTION _pggit.split_path(text) IS 'The names in a search_path setting.';

CREATE OR REPLACE FUNCTION _pggit.worktree_path(p_worktree_id integer, p_setting text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_path text[];
BEGIN
    WITH items AS (
        SELECT s.schema_name, p.ordinality,
            coalesce(mine.live_name::text, p.item) AS item
        FROM unnest(_pggit.split_path(p_setting)) WITH ORDINALITY AS p(item, ordinality)
        LEFT JOIN _pggit.worktree_schemas AS s
            ON s.live_name = CASE WHEN p.item = '$user' THEN current_user::text ELSE p.item END
        LEFT JOIN _pggit.worktree_schemas AS mine
            ON mine.worktree_id = p_worktree_id AND mine.schema_name = s.schema_name
    ), first_own AS (
        -- A path from another worktree may end in live schemas of extensions: only first mentions count.
        SELECT i.schema_name, min(i.ordinality) AS ordinality
        FROM items AS i
        WHERE i.schema_name IS NOT NULL
        GROUP BY i.schema_name
    ), placed AS (
        SELECT i.item, i.ordinality::numeric AS place FROM items AS i
        UNION ALL
        SELECT s.live_name,
            coalesce((SELECT max(f.ordinality) FROM first_own AS f), 0) + s.position / 1000000.0
        FROM _pggit.worktree_schemas AS s
        WHERE s.worktree_id = p_worktree_id
            AND NOT EXISTS (SELECT FROM first_own AS f WHERE f.schema_name = s.schema_name)
        UNION ALL
        SELECT s.schema_name, 1000000 + s.position
        FROM _pggit.worktree_schemas AS s
        WHERE s.worktree_id = p_worktree_id
            AND s.live_name <> s.schema_name
            AND _pggit.holds_extension_objects(s.schema_name)
    )
    SELECT array_agg(quote_ident(o.item) ORDER BY o.place)
    INTO v_path
    FROM (SELECT p.item, min(p.place) AS place FROM placed AS p GROUP BY p.item) AS o;
    RETURN array_to_string(v_path, ', ');
END;
$$;
COMMENT ON FUNCTION _pggit.worktree_path(integer, text) IS $$
A search_path with every tracked schema, of whichever worktree, replaced by that of one worktree; missing ones are added behind
those present. A live schema stands last on it if extensions keep objects there.
p_setting: the search_path of the session.
$$;

-- 13_worktrees_build.sql
CREATE OR REPLACE FUNCTION _pggit.lock_limit()
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN current_setting('max_locks_per_transaction')::integer * current_setting('max_connections')::integer / 4;
COMMENT ON FUNCTION _pggit.lock_limit() IS $$
How many locks one worktree may hold in one transaction: a quarter of the lock table, so that several can be built at once.
$$;

CREATE OR REPLACE FUNCTION _pggit.tree_locks(p_tree bytea)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(sum(CASE o.kind
        -- The table, its TOAST table and index, its row type and array type.
        WHEN 'table' THEN 5
        WHEN 'materialized_view' THEN 5
        WHEN 'constraint' THEN 2
        WHEN 'column' THEN 0
        ELSE 1
    END), 0)::integer
    FROM _pggit.tree_objects(p_tree) AS o);
COMMENT ON FUNCTION _pggit.tree_locks(bytea) IS 'About how many locks building or dropping a tree takes.';

CREATE OR REPLACE FUNCTION _pggit.worktree_owner()
RETURNS name
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT r.rolname
    FROM pg_roles AS r
    WHERE r.rolname = 'pggit_writer'
        AND pg_has_role(r.oid, CASE WHEN _pggit.server_major() >= 16 THEN 'SET' ELSE 'MEMBER' END)
), current_user);
COMMENT ON FUNCTION _pggit.worktree_owner() IS $$
The role that owns a new worktree: pggit_writer where it exists and the caller can become it, else the caller.
$$;

CREATE OR REPLACE FUNCTION _pggit.execute_steps(p_steps _pggit.step[], p_role name DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET check_function_bodies = off
SET client_min_messages = warning
SET default_tablespace = ''
SET default_table_access_method = 'heap'
AS $$
DECLARE
    v_step    _pggit.step;
    v_role    text := current_setting('role');
    v_timeout text := current_setting('lock_timeout');
    v_message text;
    v_detail  text;
    v_hint    text;
    v_state   text;
BEGIN
    PERFORM set_config('lock_timeout', coalesce(nullif(current_setting('pggit.lock_timeout', true), ''), '2s'), true);
    IF p_role IS NOT NULL AND p_role <> current_user THEN
        PERFORM set_config('role', p_role, true);
    END IF;
    FOR v_place IN 1 .. coalesce(cardinality(p_steps), 0) LOOP
        v_step := p_steps[v_place];
        -- A plain SET or RESET would outlive this function, whose own SET clauses end with it. Of the planner's settings
        -- only the path matters here: the other is pinned above.
        CASE
            WHEN v_step.sql = 'RESET search_path' THEN
                PERFORM set_config('search_path', 'pg_catalog, pggit, _pggit, pg_temp', true);
            WHEN starts_with(v_step.sql, 'SET search_path = ') THEN
                PERFORM set_config('search_path', substr(v_step.sql, length('SET search_path = ') + 1), true);
            WHEN v_step.sql ~ '^(RE)?SET ' THEN
                NULL;
            ELSE
                -- The planner's own text: it quotes every name in it.
                EXECUTE (p_steps[v_place]).sql;
        END CASE;
    END LOOP;
    PERFORM set_config('role', v_role, true);
    PERFORM set_config('lock_timeout', v_timeout, true);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS
        v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    RAISE EXCEPTION USING
        ERRCODE = v_state,
        MESSAGE = v_message,
        DETAIL = concat_ws(E'\n', nullif(v_detail, ''), format('In step %s, %s %s: %s',
            v_step.step_no, v_step.action, v_step.identity, v_step.sql)),
        HINT = coalesce(nullif(v_hint, ''), 'Nothing of this call has had an effect.');
END;
$$;
COMMENT ON FUNCTION _pggit.execute_steps(_pggit.step[], name) IS $$
Runs the steps of a plan in the current transaction.
p_role: the role that shall own what they create; NULL for the caller.
Errors: PostgreSQL's own, with the step in the detail.
Locks: what the steps take, each waited for no longer than the setting pggit.lock_timeout (2 s).
$$;

CREATE OR REPLACE FUNCTION _pggit.live_objects(p_objects _pggit.object[], p_worktree_id integer)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_owner   text;
    v_prefix  text;
    v_objects _pggit.object[];
BEGIN
    SELECT w.owner_name INTO v_owner FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
    IF v_owner IS NULL THEN
        RETURN p_objects;
    END IF;
    v_prefix := 'acl:' || quote_ident(v_owner) || ':';
    v_objects := ARRAY(
        SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
            (o.attrs - 'owner') - ARRAY(SELECT k.key FROM jsonb_object_keys(o.attrs) AS k(key)
                WHERE starts_with(k.key, v_prefix)),
            o.deps)::_pggit.object
        FROM unnest(p_objects) AS o
        -- An extension is the database's: worktrees use the one there is.
        WHERE o.kind <> 'extension');
    RETURN _pggit.relocate(v_objects, _pggit.tracked_schemas(), _pggit.live_schemas(p_worktree_id));
END;
$$;
COMMENT ON FUNCTION _pggit.live_objects(_pggit.object[], integer) IS $$
The objects of a tree as they must stand in a worktree: in its schemas, with its owner.
$$;

CREATE OR REPLACE FUNCTION _pggit.extra_path(p_worktree_id integer)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(s.live_name, jsonb_build_array(s.schema_name)), '{}')
    FROM _pggit.worktree_schemas AS s
    WHERE s.worktree_id = p_worktree_id
        AND s.live_name <> s.schema_name
        AND _pggit.holds_extension_objects(s.schema_name));
COMMENT ON FUNCTION _pggit.extra_path(integer) IS $$
For the planner: which live schemas the definitions in a worktree need behind their own, because extensions keep objects there.
$$;

CREATE OR REPLACE FUNCTION _pggit.plan_worktree(p_worktree_id integer, p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.step[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(s.*)::_pggit.step
        FROM _pggit.plan_transaction(
            _pggit.live_objects(p_from, p_worktree_id), _pggit.live_objects(p_to, p_worktree_id),
            _pggit.extra_path(p_worktree_id)) AS s
        ORDER BY s.step_no);
END;
$$;
COMMENT ON FUNCTION _pggit.plan_worktree(integer, _pggit.object[], _pggit.object[]) IS $$
The steps that lead a worktree from one state to another.
$$;

CREATE OR REPLACE FUNCTION _pggit.add_worktree(p_branch_id integer, p_commit_id integer, p_label text, p_suffix text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_owner       name := _pggit.worktree_owner();
    v_worktree_id integer;
    v_schema      record;
BEGIN
    INSERT INTO _pggit.worktrees (branch_id, commit_id, state, owner_name)
    VALUES (p_branch_id, p_commit_id, 'building', v_owner)
    ON CONFLICT DO NOTHING
    RETURNING worktree_id INTO v_worktree_id;
    IF v_worktree_id IS NULL THEN
        RETURN NULL;
    END IF;
    FOR v_schema IN
        SELECT t.name, t.position,
            _pggit.worktree_schema_name(t.name, p_label, format('~%s.%s', p_suffix, t.position)) AS live_name
        FROM unnest(_pggit.tracked_schemas()) WITH ORDINALITY AS t(name, position)
        ORDER BY t.position
    LOOP
        IF EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = v_schema.live_name) THEN
            PERFORM _pggit.raise_error('VCC04', format('schema "%s" already exists', v_schema.live_name),
                format('A worktree of "%s" would need that name, and pggit takes no schema over.', p_label),
                'Rename or drop that schema, or give the branch another name.');
        END IF;
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', v_schema.live_name, v_owner);
        INSERT INTO _pggit.worktree_schemas (worktree_id, position, schema_name, live_name)
        VALUES (v_worktree_id, v_schema.position, v_schema.name, v_schema.live_name);
    END LOOP;
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.add_worktree(integer, integer, text, text) IS $$
Makes the row and the empty schemas of a worktree, state building; gives its id, or NULL if another session was first.
Errors: VCC04 where a schema of the worktree's name exists.
$$;

CREATE OR REPLACE FUNCTION _pggit.build_steps(p_worktree_id integer, p_tree bytea)
RETURNS _pggit.step[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_objects _pggit.object[] := ARRAY(SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(p_tree) AS o);
BEGIN
    -- The schemas stand already, bare.
    RETURN _pggit.plan_worktree(
        p_worktree_id,
        ARRAY(
            SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
                '{}'::jsonb, o.deps)::_pggit.object
            FROM unnest(v_objects) AS o
            WHERE o.kind = 'schema'),
        v_objects);
END;
$$;
COMMENT ON FUNCTION _pggit.build_steps(integer, bytea) IS 'The steps that build a tree in the empty schemas of a worktree.';

CREATE OR REPLACE FUNCTION _pggit.finish_worktree(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_read     _pggit.identified[];
    v_faults   text[];
BEGIN
    SELECT w.* INTO STRICT v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id FOR UPDATE;
    v_read := ARRAY(
        SELECT ROW(i.*)::_pggit.identified FROM _pggit.read_worktree(p_worktree_id, v_worktree.commit_id) AS i);
    v_faults := _pggit.list_faults(
        ARRAY(SELECT ROW(o.*)::_pggit.object
            FROM _pggit.tree_objects(_pggit.commit_tree(v_worktree.commit_id)) AS o),
        ARRAY(SELECT i.object FROM unnest(v_read) AS i));
    IF v_faults <> '{}' THEN
        PERFORM _pggit.raise_error('VCS09',
            format('the worktree differs from commit %s at %s', v_worktree.commit_id, v_faults[1]),
            array_to_string(v_faults[1:20], E'\n'),
            'pggit could not reproduce these objects; pggit.lint names what it does not cover.');
    END IF;
    PERFORM _pggit.store_identities(p_worktree_id, v_read);
    UPDATE _pggit.worktrees AS w SET state = 'ready' WHERE w.worktree_id = p_worktree_id;
    DELETE FROM _pggit.worktree_steps AS s WHERE s.worktree_id = p_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.finish_worktree(integer) IS $$
Reads a built worktree back, compares it with its commit and makes it ready.
Errors: VCS09 naming what differs.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_faults(p_expected _pggit.object[], p_read _pggit.object[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT concat_ws(' ', c.kind, concat_ws('.', c.schema_name, c.table_name, c.name)) || CASE c.action
            WHEN 'dropped' THEN ': it is missing'
            WHEN 'added' THEN ': it should not exist'
            ELSE (
                SELECT ': ' || string_agg(format('%s is %s, not %s', a.name,
                    coalesce((c.new).attrs->>a.name, 'unset'), coalesce((c.old).attrs->>a.name, 'unset')), '; ')
                FROM unnest(c.attributes) AS a(name))
        END
        FROM _pggit.diff_objects(p_expected, p_read) AS c);
END;
$$;
COMMENT ON FUNCTION _pggit.list_faults(_pggit.object[], _pggit.object[]) IS $$
In words, where what was read differs from what should stand.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_locks(p_tree bytea, p_what text, p_hint text)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_locks integer := _pggit.tree_locks(p_tree);
BEGIN
    IF v_locks > _pggit.lock_limit() THEN
        PERFORM _pggit.raise_error('VCL01', format('%s is too large for one transaction', p_what),
            format('It takes about %s locks; a quarter of the lock table is %s.', v_locks, _pggit.lock_limit()),
            p_hint);
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_locks(bytea, text, text) IS $$
Raises where building or dropping a tree in one transaction would take too much of the lock table.
Errors: VCL01.
$$;

CREATE OR REPLACE FUNCTION _pggit.ensure_worktree(p_branch_id integer, p_commit_id integer)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree    _pggit.worktrees;
    v_label       text;
    v_suffix      text;
    v_worktree_id integer;
BEGIN
    SELECT w.* INTO v_worktree
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = p_branch_id
        OR p_branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = p_commit_id;
    IF v_worktree.state = 'ready' THEN
        RETURN v_worktree.worktree_id;
    END IF;
    v_label := _pggit.worktree_label(p_branch_id, p_commit_id);
    v_suffix := coalesce(p_branch_id::text, 'c' || p_commit_id);
    IF v_worktree.state IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCS07', format('the worktree of "%s" is not complete', v_label),
            format('Its state is %s.', v_worktree.state),
            CASE v_worktree.state
                WHEN 'building' THEN format('CALL pggit.build_worktree(%L) completes it.', v_label)
                ELSE format('CALL pggit.drop_worktree(%L) completes its removal.', v_label)
            END);
    END IF;
    PERFORM _pggit.check_locks(_pggit.commit_tree(p_commit_id), format('the worktree of "%s"', v_label),
        format('CALL pggit.build_worktree(%L) builds it in batches.', v_label));
    v_worktree_id := _pggit.add_worktree(p_branch_id, p_commit_id, v_label, v_suffix);
    IF v_worktree_id IS NULL THEN
        RETURN _pggit.ensure_worktree(p_branch_id, p_commit_id);
    END IF;
    PERFORM _pggit.execute_steps(
        _pggit.build_steps(v_worktree_id, _pggit.commit_tree(p_commit_id)),
        (SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = v_worktree_id));
    PERFORM _pggit.finish_worktree(v_worktree_id);
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.ensure_worktree(integer, integer) IS $$
The ready worktree of a branch (or, for a NULL branch, of a commit); builds it in this transaction if it is missing.
Errors: VCL01 if it is too large for that, VCS07 while it is built or dropped in batches, VCC04 for a foreign schema of its name,
VCS09 if what PostgreSQL built differs from the commit.
$$;

CREATE OR REPLACE FUNCTION _pggit.worktree_label(p_branch_id integer, p_commit_id integer)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce(
    (SELECT b.name FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id),
    (SELECT left(encode(c.hash, 'hex'), 12) FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id));
COMMENT ON FUNCTION _pggit.worktree_label(integer, integer) IS $$
What stands behind the @ in the names of a worktree's schemas: the branch, or the beginning of the commit's hash.
$$;

CREATE OR REPLACE FUNCTION _pggit.begin_worktree(p_branch text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch      _pggit.branches;
    v_commit_id   integer;
    v_worktree    _pggit.worktrees;
    v_worktree_id integer;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_branch) AS b;
    v_commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(p_branch));
    SELECT w.* INTO v_worktree
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = v_branch.branch_id
        OR v_branch.branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = v_commit_id
    FOR UPDATE;
    IF v_worktree.worktree_id IS NOT NULL THEN
        IF v_worktree.state = 'building' AND v_worktree.commit_id <> v_commit_id THEN
            PERFORM _pggit.raise_error('VCS07', format('the worktree of "%s" is not complete', p_branch),
                format('Its building began at commit %s, and the branch is at %s now.',
                    v_worktree.commit_id, v_commit_id),
                format('CALL pggit.drop_worktree(%L) and build it again.', p_branch));
        ELSIF v_worktree.state = 'dropping' THEN
            PERFORM _pggit.raise_error('VCS07', format('the worktree of "%s" is not complete', p_branch),
                'Its removal has begun.', format('CALL pggit.drop_worktree(%L) completes it.', p_branch));
        END IF;
        RETURN v_worktree.worktree_id;
    END IF;
    v_worktree_id := _pggit.add_worktree(v_branch.branch_id, v_commit_id,
        _pggit.worktree_label(v_branch.branch_id, v_commit_id),
        coalesce(v_branch.branch_id::text, 'c' || v_commit_id));
    IF v_worktree_id IS NULL THEN
        RETURN _pggit.begin_worktree(p_branch);
    END IF;
    INSERT INTO _pggit.worktree_steps (worktree_id, step_no, step)
    SELECT v_worktree_id, s.step_no, to_jsonb(s)
    FROM unnest(_pggit.build_steps(v_worktree_id, _pggit.commit_tree(v_commit_id))) AS s;
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.begin_worktree(text) IS $$
Begins a worktree that is built in batches: its schemas and the list of its steps. Finds one begun earlier.
Errors: VCN03, VCN06 for an unknown branch; VCS07 if another building or removal is in its way; VCC04.
$$;

CREATE OR REPLACE FUNCTION _pggit.advance_worktree(p_worktree_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_last     integer;
    v_steps    _pggit.step[];
BEGIN
    SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id FOR UPDATE;
    IF v_worktree.worktree_id IS NULL OR v_worktree.state <> 'building' THEN
        RETURN false;
    END IF;
    SELECT max(n.step_no) INTO v_last
    FROM (
        SELECT s.step_no
        FROM _pggit.worktree_steps AS s
        WHERE s.worktree_id = p_worktree_id
        ORDER BY s.step_no
        LIMIT greatest(20, _pggit.lock_limit() / 4)
    ) AS n;
    IF v_last IS NULL THEN
        PERFORM _pggit.finish_worktree(p_worktree_id);
        RETURN false;
    END IF;
    v_steps := ARRAY(
        SELECT jsonb_populate_record(NULL::_pggit.step, s.step)
        FROM _pggit.worktree_steps AS s
        WHERE s.worktree_id = p_worktree_id AND s.step_no <= v_last
        ORDER BY s.step_no);
    PERFORM _pggit.execute_steps(v_steps, v_worktree.owner_name);
    DELETE FROM _pggit.worktree_steps AS s
    WHERE s.worktree_id = p_worktree_id AND s.step_no <= v_last
        -- The next batch starts under the search_path that the last one left.
        AND s.step_no <> coalesce((
            SELECT max(p.step_no)
            FROM _pggit.worktree_steps AS p
            WHERE p.worktree_id = p_worktree_id AND p.step_no <= v_last
                AND p.step->>'sql' ~ '^(RE)?SET search_path'
                AND EXISTS (SELECT FROM _pggit.worktree_steps AS n
                    WHERE n.worktree_id = p_worktree_id AND n.step_no > v_last)), -1);
    RETURN true;
END;
$$;
COMMENT ON FUNCTION _pggit.advance_worktree(integer) IS $$
Executes the next batch of a worktree under construction; false when it is ready.
Locks: the worktree's row, so that several builders take turns.
$$;

CREATE OR REPLACE PROCEDURE pggit.build_worktree(p_branch text)
LANGUAGE plpgsql
AS $$
DECLARE
    v_worktree_id integer;
BEGIN
    v_worktree_id := _pggit.begin_worktree(p_branch);
    COMMIT;
    WHILE _pggit.advance_worktree(v_worktree_id) LOOP
        COMMIT;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE pggit.build_worktree(text) IS $$
Builds the worktree of a branch in batches that commit; continues one that was begun; does nothing where it is ready.
p_branch: a branch; or a tag or commit, whose worktree is detached.
Errors: VCN03, VCN06 for an unknown branch; VCS07, VCC04, VCS09 as in checkout.
$$;

-- 13_worktrees_calls.sql
CREATE OR REPLACE FUNCTION _pggit.check_trackable(p_schemas name[])
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_schema name;
BEGIN
    IF coalesce(cardinality(p_schemas), 0) = 0 OR array_position(p_schemas, NULL) IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCV05', 'no schema was named', 'The list of schemas is empty or holds a NULL.',
            'Name the schemas to track, as in pggit.init(''app'').');
    END IF;
    FOREACH v_schema IN ARRAY p_schemas LOOP
        IF v_schema IN ('pggit', '_pggit', 'information_schema') OR v_schema ~ '^pg_' THEN
            PERFORM _pggit.raise_error('VCV04', format('schema "%s" cannot be tracked', v_schema),
                'It belongs to PostgreSQL or to pggit.', 'Name schemas of your own.');
        ELSIF NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = v_schema) THEN
            PERFORM _pggit.raise_error('VCN02', format('schema "%s" does not exist', v_schema),
                format('Database "%s" has no schema of that name.', current_database()),
                'SELECT nspname FROM pg_namespace lists the schemas.');
        ELSIF cardinality(array_positions(p_schemas, v_schema)) > 1 THEN
            PERFORM _pggit.raise_error('VCV04', format('schema "%s" is named twice', v_schema),
                format('The list is %s.', array_to_string(p_schemas, ', ')),
                'Name every schema once.');
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.check_trackable(name[]) IS $$
Raises for schemas that pggit.init cannot track.
Errors: VCV05 for none, VCV04 for a system schema or one named twice, VCN02 for one that does not exist.
$$;

CREATE OR REPLACE FUNCTION _pggit.branch_row(p_branch_id integer)
RETURNS SETOF pggit.branches
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        b.branch_id, b.name, b.head_commit_id, encode(c.hash, 'hex'), b.description, b.is_active, b.created_at,
        b.updated_at, b.created_by, w.state
    FROM _pggit.branches AS b
    JOIN _pggit.commits AS c ON c.commit_id = b.head_commit_id
    LEFT JOIN _pggit.worktrees AS w ON w.branch_id = b.branch_id
    WHERE b.branch_id = p_branch_id;
END;
COMMENT ON FUNCTION _pggit.branch_row(integer) IS 'The public row of a branch, also of one that was deleted.';

CREATE OR REPLACE FUNCTION pggit.init(VARIADIC p_schemas name[])
RETURNS pggit.branches
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_read        _pggit.identified[];
    v_commit_id   integer;
    v_branch_id   integer;
    v_worktree_id integer;
    v_branch      pggit.branches;
BEGIN
    PERFORM _pggit.check_trackable(p_schemas);
    -- A second caller waits here for the first and then finds its row.
    INSERT INTO _pggit.repository (created_by) VALUES (_pggit.current_author()) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM _pggit.raise_error('VCS02', format('database "%s" has a repository already', current_database()),
            format('It tracks %s.', array_to_string(_pggit.tracked_schemas(), ', ')),
            'A database has one repository; pggit.create_branch begins a branch in it.');
    END IF;
    v_read := ARRAY(
        SELECT ROW(i.*)::_pggit.identified FROM _pggit.read_objects(p_schemas, p_schemas, '{}', '{}') AS i);
    v_commit_id := _pggit.write_commit(
        _pggit.write_tree(ARRAY(SELECT i.object FROM unnest(v_read) AS i)), '{}',
        format('Track %s', array_to_string(p_schemas, ', ')));
    v_branch_id := _pggit.add_branch('main', v_commit_id, 'init');
    INSERT INTO _pggit.worktrees (branch_id, commit_id, state)
    VALUES (v_branch_id, v_commit_id, 'ready')
    RETURNING worktree_id INTO v_worktree_id;
    INSERT INTO _pggit.worktree_schemas (worktree_id, position, schema_name, live_name)
    SELECT v_worktree_id, s.position, s.name, s.name
    FROM unnest(p_schemas) WITH ORDINALITY AS s(name, position);
    PERFORM _pggit.store_identities(v_worktree_id, v_read);
    SELECT b.* INTO v_branch FROM _pggit.branch_row(v_branch_id) AS b;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION pggit.init(VARIADIC name[]) IS $$
Takes schemas under version control: makes the repository, the branch main, and its first commit.
p_schemas: existing schemas; they stay as they are, and are main's worktree.
Returns: main.
Errors: VCV05, VCV04, VCN02 for what cannot be tracked; VCS02 if the database has a repository.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_branch(p_name text, p_from text, p_path name[])
RETURNS pggit.branches
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch_id integer;
    v_branch    pggit.branches;
BEGIN
    PERFORM _pggit.check_ref_name(p_name, 'branch');
    PERFORM _pggit.check_initialised();
    v_branch_id := _pggit.add_branch(
        p_name,
        _pggit.resolve_ref(p_from, _pggit.session_ref(p_path)),
        format('branch from %s', coalesce(p_from, 'HEAD')));
    SELECT b.* INTO v_branch FROM _pggit.branch_row(v_branch_id) AS b;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.create_branch(text, text, name[]) IS 'Behind pggit.create_branch.';

CREATE OR REPLACE FUNCTION pggit.create_branch(p_name text, p_from text DEFAULT NULL)
RETURNS pggit.branches
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.create_branch(p_name, p_from, current_schemas(false));
COMMENT ON FUNCTION pggit.create_branch(text, text) IS $$
Makes a branch; its worktree is built by the first checkout.
p_name: any name that git would accept.
p_from: the ref at which it begins; NULL for where the session stands.
Errors: VCV01 for a bad name, VCC02 for a taken one, VCN03 or VCN06 for an unknown ref, VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_clean(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_label    text;
    v_changes  text[];
BEGIN
    SELECT w.* INTO STRICT v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
    v_changes := ARRAY(
        SELECT concat_ws(' ', c.action, c.kind, concat_ws('.', c.schema_name, c.table_name, c.name))
        FROM _pggit.worktree_changes(p_worktree_id) AS c);
    IF v_changes <> '{}' THEN
        v_label := _pggit.worktree_label(v_worktree.branch_id, v_worktree.commit_id);
        PERFORM _pggit.raise_error('VCS11', format('the worktree of "%s" has uncommitted changes', v_label),
            array_to_string(v_changes[1:20], E'\n'),
            format('Commit them, undo them with pggit.reset(''HEAD'', %L), or force the call.', v_label));
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_clean(integer) IS $$
Raises where a worktree differs from its head.
Errors: VCS11 naming the changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_merged(p_branch _pggit.branches)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_others integer[] := ARRAY(
        SELECT b.head_commit_id FROM _pggit.branches AS b WHERE b.is_active AND b.branch_id <> p_branch.branch_id
        UNION
        SELECT t.commit_id FROM _pggit.tags AS t);
BEGIN
    IF p_branch.head_commit_id NOT IN (SELECT a.commit_id FROM _pggit.list_ancestors(v_others) AS a(commit_id)) THEN
        PERFORM _pggit.raise_error('VCS05', format('branch "%s" is not merged', p_branch.name),
            format('Commit %s is in no other branch or tag.', p_branch.head_commit_id),
            format('Merge it, or pggit.delete_branch(%L, true) to lose its work.', p_branch.name));
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_merged(_pggit.branches) IS $$
Raises where a branch holds commits that no other branch or tag reaches.
Errors: VCS05.
$$;

CREATE OR REPLACE FUNCTION _pggit.delete_branch(p_name text, p_force boolean, p_path name[])
RETURNS pggit.branches
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch   _pggit.branches := _pggit.get_branch(p_name);
    v_worktree _pggit.worktrees;
    v_row      pggit.branches;
BEGIN
    IF p_name = 'main' THEN
        PERFORM _pggit.raise_error('VCS04', 'branch "main" cannot be deleted', 'Its worktree is the live schemas.',
            'Only other branches can be deleted.');
    ELSIF (_pggit.session_worktree(p_path)).branch_id = v_branch.branch_id THEN
        PERFORM _pggit.raise_error('VCS06', format('branch "%s" is checked out in this session', p_name),
            'Its schemas stand on the search_path.',
            'Call pggit.checkout(''main'') first.');
    END IF;
    SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.branch_id = v_branch.branch_id FOR UPDATE;
    IF NOT coalesce(p_force, false) THEN
        PERFORM _pggit.check_merged(v_branch);
    END IF;
    IF v_worktree.worktree_id IS NOT NULL THEN
        IF _pggit.live_locks(v_worktree.worktree_id) > _pggit.lock_limit() THEN
            PERFORM _pggit.raise_error('VCL01', format('the worktree of "%s" is too large for one transaction', p_name),
                format('Dropping it takes about %s locks; a quarter of the lock table is %s.',
                    _pggit.live_locks(v_worktree.worktree_id), _pggit.lock_limit()),
                format('CALL pggit.drop_worktree(%L) first, which drops it in batches.', p_name));
        END IF;
        IF NOT coalesce(p_force, false) AND v_worktree.state = 'ready' THEN
            PERFORM _pggit.check_clean(v_worktree.worktree_id);
        END IF;
        PERFORM _pggit.check_droppable(v_worktree.worktree_id);
        PERFORM _pggit.drop_schemas(v_worktree.worktree_id);
    END IF;
    UPDATE _pggit.branches AS b
    SET is_active = false,
        updated_at = clock_timestamp()
    WHERE b.branch_id = v_branch.branch_id
        AND b.is_active
        AND b.head_commit_id = v_branch.head_commit_id;
    IF NOT FOUND THEN
        PERFORM _pggit.raise_error('VCC01', format('branch "%s" has moved', p_name),
            'Another session committed to it or deleted it meanwhile.', 'Look at it with pggit.log and try again.');
    END IF;
    INSERT INTO _pggit.reflog (branch_id, old_commit_id, new_commit_id, reason, actor)
    VALUES (v_branch.branch_id, v_branch.head_commit_id, NULL, 'delete', _pggit.current_author());
    SELECT b.* INTO v_row FROM _pggit.branch_row(v_branch.branch_id) AS b;
    RETURN v_row;
END;
$$;
COMMENT ON FUNCTION _pggit.delete_branch(text, boolean, name[]) IS 'Behind pggit.delete_branch.';

CREATE OR REPLACE FUNCTION pggit.delete_branch(p_name text, p_force boolean DEFAULT false)
RETURNS pggit.branches
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.delete_branch(p_name, p_force, current_schemas(false));
COMMENT ON FUNCTION pggit.delete_branch(text, boolean) IS $$
Deletes a branch and its worktree. Its commits stay, and pggit.create_branch with the last one brings it back.
p_force: also where that leaves commits that no other branch or tag reaches, or loses uncommitted changes.
Errors: VCN01, VCN06 for an unknown branch; VCS04 for main; VCS06 for the session's own; VCS05 for unmerged work; VCS11 for
uncommitted changes; VCS10 where something outside depends on the worktree; VCL01 where it needs CALL pggit.drop_worktree.
$$;

CREATE OR REPLACE FUNCTION _pggit.checkout(p_ref text, p_path name[], p_setting text)
RETURNS pggit.worktree
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_ref         text := p_ref;
    v_branch      _pggit.branches;
    v_worktree_id integer;
    v_result      pggit.worktree;
BEGIN
    PERFORM _pggit.check_initialised();
    IF v_ref IS NULL OR v_ref IN ('HEAD', '@') THEN
        v_ref := _pggit.session_ref(p_path);
    END IF;
    SELECT b.* INTO v_branch FROM _pggit.find_branch(v_ref) AS b;
    v_result.commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(v_ref, _pggit.session_ref(p_path)));
    v_worktree_id := _pggit.ensure_worktree(v_branch.branch_id, v_result.commit_id);
    v_result.branch := v_branch.name;
    v_result.schemas := _pggit.live_schemas(v_worktree_id);
    v_result.search_path := _pggit.worktree_path(v_worktree_id, p_setting);
    IF v_worktree_id <> _pggit.main_worktree_id() THEN
        RAISE NOTICE 'on %: unqualified names mean %',
            coalesce('branch ' || quote_ident(v_branch.name), 'commit ' || v_result.commit_id),
            (SELECT string_agg(quote_ident(s.name), ', ') FROM unnest(v_result.schemas) AS s(name))
            USING HINT = format('A name qualified with %s still means the live schema.',
                array_to_string(ARRAY(SELECT quote_ident(t) FROM unnest(_pggit.tracked_schemas()) AS t), ' or '));
    END IF;
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.checkout(text, name[], text) IS $$
Behind pggit.checkout and pggit.use: builds the worktree if need be and says which search_path leads to it.
$$;

CREATE OR REPLACE FUNCTION _pggit.apply_path(p_worktree pggit.worktree, p_is_local boolean)
RETURNS pggit.worktree
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    -- No SET clause: one would undo the setting on return.
    SELECT p_worktree.branch, p_worktree.commit_id, p_worktree.schemas,
        set_config('search_path', p_worktree.search_path, p_is_local);
END;
COMMENT ON FUNCTION _pggit.apply_path(pggit.worktree, boolean) IS 'Sets the search_path of a worktree.';

CREATE OR REPLACE FUNCTION pggit.checkout(p_ref text)
RETURNS pggit.worktree
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.apply_path(
    _pggit.checkout(p_ref, current_schemas(false), current_setting('search_path')), false);
COMMENT ON FUNCTION pggit.checkout(text) IS $$
Puts this session on a branch: in its search_path the branch's schemas take the place of the tracked ones, so that unqualified
names mean the branch. Builds the branch's schemas if they are missing. A name qualified with a tracked schema still means the
live schema.
p_ref: a branch; or a tag or commit, to look at it detached; HEAD for where the session stands.
Errors: VCN03, VCN06 for an unknown ref; VCL01 where it is too large for one transaction and needs CALL pggit.build_worktree;
VCS07 while that is under way; VCC04 where a foreign schema has the name; VCS09 where PostgreSQL built something else.
$$;

CREATE OR REPLACE FUNCTION pggit.use(p_ref text)
RETURNS pggit.worktree
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.apply_path(
    _pggit.checkout(p_ref, current_schemas(false), current_setting('search_path')), true);
COMMENT ON FUNCTION pggit.use(text) IS $$
pggit.checkout for the current transaction only, as a transaction pooler needs it.
Errors: as pggit.checkout.
$$;

CREATE OR REPLACE FUNCTION _pggit.current_branch(p_path name[])
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT b.name
    FROM _pggit.session_worktree(p_path) AS w
    -- Not an inner join: finding no branch at all, that may leave out the function and with it the error before init.
    LEFT JOIN _pggit.branches AS b USING (branch_id));
COMMENT ON FUNCTION _pggit.current_branch(name[]) IS 'Behind pggit.current_branch.';

CREATE OR REPLACE FUNCTION pggit.current_branch()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.current_branch(current_schemas(false));
COMMENT ON FUNCTION pggit.current_branch() IS $$
The branch that this session's search_path leads to; NULL on a detached commit.
Errors: VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_tag(p_name text, p_ref text, p_path name[])
RETURNS pggit.tags
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_tag_id integer;
    v_tag    pggit.tags;
BEGIN
    PERFORM _pggit.check_ref_name(p_name, 'tag');
    PERFORM _pggit.check_initialised();
    INSERT INTO _pggit.tags (name, commit_id, created_by)
    VALUES (p_name, _pggit.resolve_ref(p_ref, _pggit.session_ref(p_path)), _pggit.current_author())
    ON CONFLICT (name) DO NOTHING
    RETURNING tag_id INTO v_tag_id;
    IF v_tag_id IS NULL THEN
        PERFORM _pggit.raise_error('VCC03', format('tag "%s" already exists', p_name),
            (SELECT format('It names commit %s.', t.commit_id) FROM _pggit.tags AS t WHERE t.name = p_name),
            'Tags do not move; choose another name.');
    END IF;
    SELECT t.* INTO v_tag FROM pggit.tags AS t WHERE t.tag_id = v_tag_id;
    RETURN v_tag;
END;
$$;
COMMENT ON FUNCTION _pggit.create_tag(text, text, name[]) IS 'Behind pggit.create_tag.';

CREATE OR REPLACE FUNCTION pggit.create_tag(p_name text, p_ref text DEFAULT NULL)
RETURNS pggit.tags
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.create_tag(p_name, p_ref, current_schemas(false));
COMMENT ON FUNCTION pggit.create_tag(text, text) IS $$
Names a commit for good.
p_ref: what to name; NULL for where the session stands.
Errors: VCV01 for a bad name, VCC03 for a taken one, VCN03 or VCN06 for an unknown ref.
$$;

-- 13_worktrees_drop.sql
CREATE OR REPLACE FUNCTION _pggit.list_crossings(p_from name[], p_to name[])
RETURNS SETOF _pggit.crossing
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    RETURN QUERY
    WITH owned AS MATERIALIZED (
        -- Every address with the schema it lies in; parts lie in the schema of their table.
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, c.relnamespace AS nspoid FROM pg_class AS c
        UNION ALL
        SELECT 'pg_proc'::regclass, p.oid, p.pronamespace FROM pg_proc AS p
        UNION ALL
        SELECT 'pg_type'::regclass, t.oid, t.typnamespace FROM pg_type AS t
        UNION ALL
        SELECT 'pg_operator'::regclass, o.oid, o.oprnamespace FROM pg_operator AS o
        UNION ALL
        SELECT 'pg_constraint'::regclass, k.oid, k.connamespace FROM pg_constraint AS k
        UNION ALL
        SELECT 'pg_attrdef'::regclass, a.oid, c.relnamespace
        FROM pg_attrdef AS a
        JOIN pg_class AS c ON c.oid = a.adrelid
        UNION ALL
        SELECT 'pg_rewrite'::regclass, w.oid, c.relnamespace
        FROM pg_rewrite AS w
        JOIN pg_class AS c ON c.oid = w.ev_class
        UNION ALL
        SELECT 'pg_trigger'::regclass, g.oid, c.relnamespace
        FROM pg_trigger AS g
        JOIN pg_class AS c ON c.oid = g.tgrelid
        UNION ALL
        SELECT 'pg_policy'::regclass, y.oid, c.relnamespace
        FROM pg_policy AS y
        JOIN pg_class AS c ON c.oid = y.polrelid
        UNION ALL
        SELECT 'pg_statistic_ext'::regclass, e.oid, e.stxnamespace FROM pg_statistic_ext AS e
    ), target AS MATERIALIZED (
        SELECT o.classid, o.objid
        FROM owned AS o
        JOIN pg_namespace AS n ON n.oid = o.nspoid
        WHERE n.nspname = ANY (p_to)
    ), source AS MATERIALIZED (
        SELECT o.classid, o.objid
        FROM owned AS o
        JOIN pg_namespace AS n ON n.oid = o.nspoid
        WHERE CASE WHEN p_from IS NULL THEN n.nspname <> ALL (p_to) ELSE n.nspname = ANY (p_from) END
    )
    SELECT DISTINCT f.type, f.identity, t.type, t.identity
    FROM pg_depend AS d
    JOIN source AS s ON s.classid = d.classid AND s.objid = d.objid
    JOIN target AS r ON r.classid = d.refclassid AND r.objid = d.refobjid
    -- A view's query is a rule: name the view.
    LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
    CROSS JOIN LATERAL pg_identify_object(
        CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass END, coalesce(w.ev_class, d.objid),
        d.objsubid) AS f
    CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) AS t
    WHERE d.deptype IN ('n', 'a')
        AND f.schema IS DISTINCT FROM 'pg_toast'
        AND NOT EXISTS (
            SELECT
            FROM pg_depend AS x
            WHERE x.classid = d.refclassid AND x.objid = d.refobjid AND x.deptype = 'e')
    ORDER BY 1, 2, 3, 4;
END;
$$;
COMMENT ON FUNCTION _pggit.list_crossings(name[], name[]) IS $$
What in some schemas depends on objects of others; members of extensions are nobody's.
p_from: the schemas of the dependents; NULL for all but p_to.
p_to: the schemas of what they need.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_live_dependencies(p_branch_id integer)
RETURNS SETOF _pggit.crossing
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_branch_id);
BEGIN
    IF v_worktree_id IS NOT NULL AND v_worktree_id <> _pggit.main_worktree_id() THEN
        RETURN QUERY
        SELECT c.* FROM _pggit.list_crossings(_pggit.live_schemas(v_worktree_id), _pggit.tracked_schemas()) AS c;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.list_live_dependencies(integer) IS $$
What in a branch's worktree depends on a live tracked object, which no merge can take over; nothing for main.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_droppable(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_crossings text[] := ARRAY(
        SELECT format('%s %s needs %s %s', c.kind, c.identity, c.referenced_kind, c.referenced)
        FROM _pggit.list_crossings(NULL, _pggit.live_schemas(p_worktree_id)) AS c);
BEGIN
    IF v_crossings <> '{}' THEN
        PERFORM _pggit.raise_error('VCS10',
            format('objects outside depend on the worktree %s', array_to_string(_pggit.live_schemas(p_worktree_id), ', ')),
            array_to_string(v_crossings[1:20], E'\n'),
            'Drop or change these objects first; pggit drops nothing outside of a worktree.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_droppable(integer) IS $$
Raises where removing a worktree would take along something outside of it.
Errors: VCS10 naming the dependents.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_schemas(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_schema name;
BEGIN
    FOREACH v_schema IN ARRAY _pggit.live_schemas(p_worktree_id) LOOP
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', v_schema);
    END LOOP;
    DELETE FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.drop_schemas(integer) IS $$
Drops the schemas of a worktree with all that is in them, and its row. _pggit.check_droppable comes first.
$$;

CREATE OR REPLACE FUNCTION _pggit.live_locks(p_worktree_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT count(*)::integer
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN _pggit.worktree_schemas AS s ON s.live_name = n.nspname
    WHERE s.worktree_id = p_worktree_id)
    + (
    -- Types, TOAST tables and their indexes are locked as well when they go.
    SELECT 4 * count(*)::integer
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN _pggit.worktree_schemas AS s ON s.live_name = n.nspname
    WHERE s.worktree_id = p_worktree_id AND c.relkind IN ('r', 'm'));
COMMENT ON FUNCTION _pggit.live_locks(integer) IS 'About how many locks dropping a worktree takes.';

CREATE OR REPLACE FUNCTION _pggit.begin_drop(p_branch text, p_force boolean)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch    _pggit.branches;
    v_commit_id integer;
    v_worktree  _pggit.worktrees;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_branch) AS b;
    v_commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(p_branch));
    IF v_branch.name = 'main' THEN
        PERFORM _pggit.raise_error('VCS04', 'the worktree of branch "main" cannot be dropped',
            'It is the live schemas.', 'Only worktrees of other branches can be dropped.');
    END IF;
    SELECT w.* INTO v_worktree
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = v_branch.branch_id
        OR v_branch.branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = v_commit_id
    FOR UPDATE;
    IF v_worktree.state = 'ready' THEN
        IF NOT p_force THEN
            PERFORM _pggit.check_clean(v_worktree.worktree_id);
        END IF;
        PERFORM _pggit.check_droppable(v_worktree.worktree_id);
    END IF;
    UPDATE _pggit.worktrees AS w
    SET state = 'dropping'
    WHERE w.worktree_id = v_worktree.worktree_id;
    RETURN v_worktree.worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.begin_drop(text, boolean) IS $$
Marks a worktree as going; gives its id, NULL where there is none.
Errors: VCN03, VCN06 for an unknown branch; VCS04 for main; VCS11 for uncommitted changes without force; VCS10 for dependents.
$$;

CREATE OR REPLACE FUNCTION _pggit.advance_drop(p_worktree_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_state  text;
    v_tables text[];
    v_limit  integer := greatest(5, _pggit.lock_limit() / 60);
BEGIN
    SELECT w.state INTO v_state FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id FOR UPDATE;
    IF v_state IS DISTINCT FROM 'dropping' THEN
        RETURN false;
    END IF;
    -- Partitions before their parents: a parent takes all of its partitions along.
    v_tables := ARRAY(
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN _pggit.worktree_schemas AS s ON s.live_name = n.nspname
        WHERE s.worktree_id = p_worktree_id AND c.relkind IN ('r', 'p')
            AND NOT EXISTS (SELECT FROM pg_inherits AS h WHERE h.inhparent = c.oid)
        ORDER BY c.oid DESC
        LIMIT v_limit);
    IF v_tables = '{}' THEN
        PERFORM _pggit.drop_schemas(p_worktree_id);
        RETURN false;
    END IF;
    EXECUTE 'DROP TABLE ' || array_to_string(v_tables, ', ') || ' CASCADE';
    RETURN true;
END;
$$;
COMMENT ON FUNCTION _pggit.advance_drop(integer) IS $$
Drops the next batch of a worktree's tables; false when nothing is left of it.
$$;

CREATE OR REPLACE PROCEDURE pggit.drop_worktree(p_branch text, p_force boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    v_worktree_id integer;
BEGIN
    v_worktree_id := _pggit.begin_drop(p_branch, p_force);
    COMMIT;
    WHILE _pggit.advance_drop(v_worktree_id) LOOP
        COMMIT;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE pggit.drop_worktree(text, boolean) IS $$
Drops the worktree of a branch in batches that commit; the branch and its commits stay. Does nothing where there is none.
p_branch: a branch; or a tag or commit, for a detached worktree.
p_force: also where that loses uncommitted changes.
Errors: VCN03, VCN06 for an unknown branch; VCS04 for main; VCS11 for uncommitted changes; VCS10 for dependents elsewhere.
$$;

-- 24_history.sql
COMMENT ON TYPE pggit.change IS 'One object that differs between two states.';
COMMENT ON TYPE pggit.migration_step IS 'One statement of a migration, with what it costs.';

CREATE OR REPLACE FUNCTION _pggit.shown_attrs(p_object _pggit.object, p_attributes text[], p_action text)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).object_id IS NULL THEN NULL
    WHEN p_action IN ('added', 'dropped') THEN (p_object).attrs
    ELSE (
        SELECT coalesce(jsonb_object_agg(a.name, CASE a.name
            WHEN 'name' THEN to_jsonb((p_object).name)
            WHEN 'schema' THEN to_jsonb(coalesce((p_object).table_name, (p_object).schema_name))
            WHEN 'signature' THEN to_jsonb((p_object).signature)
            ELSE (p_object).attrs->a.name
        END), '{}')
        FROM unnest(p_attributes) AS a(name))
END;
COMMENT ON FUNCTION _pggit.shown_attrs(_pggit.object, text[], text) IS $$
One side of a change as people see it.
$$;

CREATE OR REPLACE FUNCTION _pggit.shown_change(p_change _pggit.change)
RETURNS pggit.change
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ROW(
    (p_change).action, (p_change).kind, (p_change).schema_name, (p_change).table_name, (p_change).name,
    (p_change).old_name, (p_change).attributes,
    _pggit.shown_attrs((p_change).old, (p_change).attributes, (p_change).action),
    _pggit.shown_attrs((p_change).new, (p_change).attributes, (p_change).action),
    (p_change).object_id)::pggit.change;
COMMENT ON FUNCTION _pggit.shown_change(_pggit.change) IS 'A difference in its public form.';

CREATE OR REPLACE FUNCTION _pggit.worktree_head(p_worktree_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(b.head_commit_id, w.commit_id)
    FROM _pggit.worktrees AS w
    LEFT JOIN _pggit.branches AS b USING (branch_id)
    WHERE w.worktree_id = p_worktree_id);
COMMENT ON FUNCTION _pggit.worktree_head(integer) IS 'The commit against which a worktree is compared.';

CREATE OR REPLACE FUNCTION _pggit.tree_array(p_commit_id integer)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(_pggit.commit_tree(p_commit_id)) AS o);
COMMENT ON FUNCTION _pggit.tree_array(integer) IS 'The objects of a commit.';

CREATE OR REPLACE FUNCTION _pggit.worktree_changes(p_worktree_id integer)
RETURNS SETOF _pggit.change
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_head integer := _pggit.worktree_head(p_worktree_id);
BEGIN
    RETURN QUERY
    SELECT d.*
    FROM _pggit.diff_objects(
        _pggit.tree_array(v_head),
        ARRAY(SELECT i.object FROM _pggit.read_worktree(p_worktree_id, v_head) AS i)) AS d;
END;
$$;
COMMENT ON FUNCTION _pggit.worktree_changes(integer) IS 'What differs in a worktree from its head.';

CREATE OR REPLACE FUNCTION _pggit.list_status(p_branch text, p_path name[])
RETURNS SETOF pggit.change
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree_id integer;
BEGIN
    IF p_branch IS NULL THEN
        v_worktree_id := (_pggit.session_worktree(p_path)).worktree_id;
    ELSE
        v_worktree_id := _pggit.find_worktree((_pggit.get_branch(p_branch)).branch_id);
    END IF;
    IF v_worktree_id IS NOT NULL THEN
        RETURN QUERY
        SELECT s.*
        FROM _pggit.worktree_changes(v_worktree_id) AS c
        CROSS JOIN LATERAL _pggit.shown_change(c) AS s;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.list_status(text, name[]) IS 'Behind pggit.status.';

CREATE OR REPLACE FUNCTION pggit.status(p_branch text DEFAULT NULL)
RETURNS SETOF pggit.change
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT s.* FROM _pggit.list_status(p_branch, current_schemas(false)) AS s;
END;
COMMENT ON FUNCTION pggit.status(text) IS $$
What differs in a branch's worktree from its last commit; nothing where the worktree is not built.
p_branch: NULL for where the session stands.
Errors: VCN01, VCN06 for an unknown branch; VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit_worktree(
    p_branch _pggit.branches,
    p_message text,
    p_allow_empty boolean
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_branch.branch_id);
    v_old_tree    bytea := _pggit.commit_tree(p_branch.head_commit_id);
    v_tree        bytea := v_old_tree;
    v_read        _pggit.identified[];
    v_is_changed  boolean := false;
    v_commit_id   integer;
BEGIN
    IF v_worktree_id IS NOT NULL THEN
        v_read := ARRAY(
            SELECT ROW(i.*)::_pggit.identified
            FROM _pggit.read_worktree(v_worktree_id, p_branch.head_commit_id) AS i);
        v_tree := _pggit.write_tree(ARRAY(SELECT i.object FROM unnest(v_read) AS i));
        IF v_tree <> v_old_tree THEN
            v_is_changed := EXISTS (
                SELECT
                FROM _pggit.diff_objects(
                    ARRAY(SELECT t.old_object FROM _pggit.tree_changes(v_old_tree, v_tree) AS t
                        WHERE (t.old_object).object_id IS NOT NULL),
                    ARRAY(SELECT t.new_object FROM _pggit.tree_changes(v_old_tree, v_tree) AS t
                        WHERE (t.new_object).object_id IS NOT NULL)));
        END IF;
    END IF;
    IF NOT v_is_changed AND NOT coalesce(p_allow_empty, false) THEN
        PERFORM _pggit.raise_error('VCS03', format('nothing to commit on branch "%s"', p_branch.name),
            CASE
                WHEN v_worktree_id IS NULL THEN 'Its worktree is not built.'
                ELSE format('Its worktree equals commit %s.', p_branch.head_commit_id)
            END,
            'Change it first, or pass p_allow_empty => true.');
    END IF;
    v_commit_id := _pggit.write_commit(v_tree, ARRAY[p_branch.head_commit_id], p_message);
    PERFORM _pggit.move_branch(p_branch.branch_id, p_branch.head_commit_id, v_commit_id, 'commit');
    IF v_read IS NOT NULL THEN
        PERFORM _pggit.store_identities(v_worktree_id, v_read);
    END IF;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.commit_worktree(_pggit.branches, text, boolean) IS $$
Commits a branch's worktree as it is now and gives the commit's id.
p_branch: the branch as the caller saw it; if it moved since, the commit fails.
Errors: VCS03 where nothing changed, VCC01 where another session was first, VCV02 for an empty message.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit(p_message text, p_branch text, p_allow_empty boolean, p_path name[])
RETURNS pggit.commits
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit_id integer;
    v_commit    pggit.commits;
BEGIN
    PERFORM _pggit.check_message(p_message);
    v_commit_id := _pggit.commit_worktree(_pggit.session_branch(p_branch, p_path), p_message, p_allow_empty);
    SELECT c.* INTO v_commit FROM pggit.commits AS c WHERE c.commit_id = v_commit_id;
    RETURN v_commit;
END;
$$;
COMMENT ON FUNCTION _pggit.commit(text, text, boolean, name[]) IS 'Behind pggit.commit.';

CREATE OR REPLACE FUNCTION pggit.commit(
    p_message text,
    p_branch text DEFAULT NULL,
    p_allow_empty boolean DEFAULT false
)
RETURNS pggit.commits
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.commit(p_message, p_branch, p_allow_empty, current_schemas(false));
COMMENT ON FUNCTION pggit.commit(text, text, boolean) IS $$
Records a branch's worktree as it is now.
p_branch: NULL for the session's.
p_allow_empty: also where nothing changed.
Errors: VCV02 for an empty message; VCS03 where nothing changed; VCC01 where another session committed meanwhile; VCS08 where the
session is detached; VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_log(p_ref text, p_limit integer, p_path name[])
RETURNS SETOF pggit.commits
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_limit < 0 THEN
        PERFORM _pggit.raise_error('22023', format('a limit of %s makes no sense', p_limit), 'It is negative.',
            'Give a number from 0, or NULL for all commits.');
    END IF;
    RETURN QUERY
    SELECT c.*
    FROM _pggit.list_ancestors(ARRAY[_pggit.resolve_ref(p_ref, _pggit.session_ref(p_path))]) AS a(commit_id)
    JOIN pggit.commits AS c USING (commit_id)
    ORDER BY c.commit_id DESC
    LIMIT p_limit;
END;
$$;
COMMENT ON FUNCTION _pggit.list_log(text, integer, name[]) IS 'Behind pggit.log.';

CREATE OR REPLACE FUNCTION pggit.log(p_ref text DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS SETOF pggit.commits
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.* FROM _pggit.list_log(p_ref, p_limit, current_schemas(false)) AS c;
END;
COMMENT ON FUNCTION pggit.log(text, integer) IS $$
The commits that a ref reaches, newest first.
p_ref: NULL for where the session stands.
p_limit: how many at most; NULL for all.
Errors: VCN03, VCN06 for an unknown ref; VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.state_objects(p_ref text, p_path name[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees := _pggit.session_worktree(p_path);
BEGIN
    IF p_ref IS NOT NULL THEN
        RETURN _pggit.tree_array(_pggit.resolve_ref(p_ref, _pggit.session_ref(p_path)));
    END IF;
    RETURN ARRAY(
        SELECT i.object
        FROM _pggit.read_worktree(v_worktree.worktree_id, _pggit.worktree_head(v_worktree.worktree_id)) AS i);
END;
$$;
COMMENT ON FUNCTION _pggit.state_objects(text, name[]) IS $$
The objects of a ref; for NULL, of the session's worktree as it is now.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_diff(p_from text, p_to text, p_path name[])
RETURNS SETOF pggit.change
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_head text := _pggit.session_ref(p_path);
    v_from bytea;
    v_to   bytea;
BEGIN
    IF p_from IS NULL OR p_to IS NULL THEN
        RETURN QUERY
        SELECT s.*
        FROM _pggit.diff_objects(_pggit.state_objects(p_from, p_path), _pggit.state_objects(p_to, p_path)) AS c
        CROSS JOIN LATERAL _pggit.shown_change(c) AS s;
        RETURN;
    END IF;
    v_from := _pggit.commit_tree(_pggit.resolve_ref(p_from, v_head));
    v_to := _pggit.commit_tree(_pggit.resolve_ref(p_to, v_head));
    RETURN QUERY
    SELECT s.*
    FROM _pggit.diff_objects(
        ARRAY(SELECT t.old_object FROM _pggit.tree_changes(v_from, v_to) AS t
            WHERE (t.old_object).object_id IS NOT NULL),
        ARRAY(SELECT t.new_object FROM _pggit.tree_changes(v_from, v_to) AS t
            WHERE (t.new_object).object_id IS NOT NULL)) AS c
    CROSS JOIN LATERAL _pggit.shown_change(c) AS s;
END;
$$;
COMMENT ON FUNCTION _pggit.list_diff(text, text, name[]) IS 'Behind pggit.diff.';

CREATE OR REPLACE FUNCTION pggit.diff(p_from text, p_to text DEFAULT NULL)
RETURNS SETOF pggit.change
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT d.* FROM _pggit.list_diff(p_from, p_to, current_schemas(false)) AS d;
END;
COMMENT ON FUNCTION pggit.diff(text, text) IS $$
What changes from one ref to another, one row per object.
p_from, p_to: refs; NULL for the session's worktree as it is now.
Errors: VCN03, VCN06 for an unknown ref; VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_migration(p_from text, p_to text, p_path name[])
RETURNS SETOF pggit.migration_step
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    SELECT s.step_no, s.sql, s.lock_level, s.hazards, s.in_transaction, s.action, s.kind, s.identity
    FROM _pggit.plan(_pggit.state_objects(p_from, p_path), _pggit.state_objects(p_to, p_path), '{}') AS s
    ORDER BY s.step_no;
END;
$$;
COMMENT ON FUNCTION _pggit.list_migration(text, text, name[]) IS 'Behind pggit.migration.';

CREATE OR REPLACE FUNCTION pggit.migration(p_from text, p_to text)
RETURNS SETOF pggit.migration_step
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT m.* FROM _pggit.list_migration(p_from, p_to, current_schemas(false)) AS m;
END;
COMMENT ON FUNCTION pggit.migration(text, text) IS $$
The DDL that leads the live schemas from one ref to another, in execution order.
p_from, p_to: refs; NULL for the session's worktree as it is now.
Errors: VCN03, VCN06 for an unknown ref; VCS01 before pggit.init.
$$;

-- 24_inspect.sql
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
        SELECT DISTINCT s.identity
        FROM unnest(p_steps) AS s
        JOIN unnest(p_live) AS o ON o.object_id = s.object_id
        WHERE 'data_loss' = ANY (s.hazards)
            AND o.kind IN ('table', 'column')
            AND CASE o.kind
                WHEN 'table' THEN _pggit.holds_data(o.schema_name::name, o.name::name, NULL)
                ELSE _pggit.holds_data(o.schema_name::name, o.table_name::name, o.name::name)
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
    v_read        _pggit.identified[];
    v_row         pggit.branches;
BEGIN
    -- First of all, so that a second mover of this branch waits and then loses.
    PERFORM _pggit.move_branch(v_branch.branch_id, v_branch.head_commit_id, v_to,
        format('reset to %s', coalesce(p_ref, 'HEAD')));
    IF v_worktree_id IS NOT NULL THEN
        v_read := _pggit.reset_worktree(v_worktree_id, v_branch.head_commit_id, v_to, p_allow_data_loss);
        PERFORM _pggit.store_identities(v_worktree_id, v_read);
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
            CASE WHEN q THEN quote_ident((p_object).schema_name) ELSE (p_object).schema_name END AS schema_name,
            CASE WHEN q THEN quote_ident((p_object).table_name) ELSE (p_object).table_name END AS table_name,
            CASE WHEN q THEN quote_ident((p_object).name) ELSE (p_object).name END AS name
        FROM unnest(ARRAY[true, false]) AS u(q)
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
        FROM _pggit.tree_objects(_pggit.commit_tree(p_commit_id)) AS o
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

CREATE OR REPLACE FUNCTION _pggit.object_at(p_commit_id integer, p_object_id uuid)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT b.attrs - 'position' || jsonb_strip_nulls(jsonb_build_object(
        'name', b.name, 'schema', b.schema_name, 'table', b.table_name, 'signature', b.signature))
    FROM _pggit.blobs AS b
    WHERE b.object_id = p_object_id
        AND EXISTS (
            SELECT
            FROM _pggit.trees AS t
            CROSS JOIN LATERAL unnest(t.page_hashes) AS h(hash)
            JOIN _pggit.pages AS p ON p.hash = h.hash
            WHERE t.hash = _pggit.commit_tree(p_commit_id)
                AND b.hash = ANY (p.blob_hashes)));
COMMENT ON FUNCTION _pggit.object_at(integer, uuid) IS $$
An object's attributes, name and place in a commit; NULL where it does not exist.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_origin(p_commit_id integer, p_object_id uuid, p_attribute text)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- From a commit to the first parent in which the attribute has the same value, as far as there is one.
    WITH RECURSIVE walk (commit_id, value) AS (
        SELECT p_commit_id, _pggit.object_at(p_commit_id, p_object_id)->p_attribute
        UNION ALL
        SELECT n.parent_commit_id, w.value
        FROM walk AS w
        CROSS JOIN LATERAL (
            SELECT p.parent_commit_id
            FROM _pggit.commit_parents AS p
            WHERE p.commit_id = w.commit_id
                AND _pggit.object_at(p.parent_commit_id, p_object_id)->p_attribute = w.value
            ORDER BY p.ordinality
            LIMIT 1
        ) AS n
    )
    SELECT min(w.commit_id) FROM walk AS w;
END;
COMMENT ON FUNCTION _pggit.find_origin(integer, uuid, text) IS $$
The commit in which an attribute got the value that it has in another.
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

-- 30_merge.sql
COMMENT ON TABLE _pggit.merges IS 'Merges, cherry-picks, reverts and rebases: what was asked, and how it stands.';

CREATE OR REPLACE VIEW pggit.merges AS
SELECT
    m.merge_id,
    m.operation,
    m.status,
    m.conflicts_detected,
    m.merge_commit_id,
    m.message,
    m.source_branch_id,
    m.target_branch_id,
    m.merge_base_branch_id,
    coalesce(s.name, m.source_ref) AS source,
    t.name AS target,
    m.merge_strategy,
    m.merge_message,
    m.base_commit_id,
    m.source_commit_id,
    m.target_commit_id,
    (SELECT count(*)::integer FROM _pggit.conflicts AS c WHERE c.merge_id = m.merge_id) AS total_conflicts,
    (
        SELECT count(*)::integer
        FROM _pggit.conflicts AS c
        JOIN _pggit.resolutions AS r USING (conflict_id)
        WHERE c.merge_id = m.merge_id
    ) AS conflicts_resolved,
    m.created_by,
    m.created_at,
    m.completed_at,
    m.aborted_at
FROM _pggit.merges AS m
JOIN _pggit.branches AS t ON t.branch_id = m.target_branch_id
LEFT JOIN _pggit.branches AS s ON s.branch_id = m.source_branch_id;
COMMENT ON VIEW pggit.merges IS 'Every merge, cherry-pick, revert and rebase with its state.';

CREATE OR REPLACE FUNCTION _pggit.get_merge(p_merge_id text, p_is_locked boolean DEFAULT false)
RETURNS _pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges;
BEGIN
    IF p_is_locked THEN
        SELECT m.* INTO v_merge FROM _pggit.merges AS m WHERE m.merge_id = p_merge_id FOR UPDATE;
    ELSE
        SELECT m.* INTO v_merge FROM _pggit.merges AS m WHERE m.merge_id = p_merge_id;
    END IF;
    IF v_merge.merge_id IS NULL THEN
        PERFORM _pggit.check_initialised();
        PERFORM _pggit.raise_error('VCN04', format('merge "%s" does not exist', p_merge_id), NULL,
            'SELECT merge_id, status FROM pggit.merges lists the merges.');
    END IF;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.get_merge(text, boolean) IS $$
The merge of that id.
p_is_locked: hold its row until the end of the transaction.
Errors: VCN04 if there is none.
Locks: the merge's row, if asked.
$$;

CREATE OR REPLACE FUNCTION _pggit.get_open_merge(p_merge_id text)
RETURNS _pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges := _pggit.get_merge(p_merge_id, true);
BEGIN
    IF v_merge.status NOT IN ('pending_conflicts', 'in_progress') THEN
        PERFORM _pggit.raise_error('VCS20', format('merge "%s" is %s', p_merge_id, v_merge.status),
            'Only a merge that waits for its conflicts can be resolved, completed or aborted.',
            CASE v_merge.status
                WHEN 'completed' THEN 'pggit.revert takes a commit back.'
                ELSE 'Start again with pggit.merge.'
            END);
    END IF;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.get_open_merge(text) IS $$
The merge of that id, its row locked, if it can still be worked on.
Errors: VCN04 if there is none, VCS20 if it has ended.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_bases(p_left integer, p_right integer)
RETURNS integer[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH common AS (
        SELECT a FROM _pggit.list_ancestors(ARRAY[p_left]) AS a
        INTERSECT
        SELECT a FROM _pggit.list_ancestors(ARRAY[p_right]) AS a
    )
    -- The common set holds all ancestors of its members, so its best members are those without a child in it.
    SELECT coalesce(array_agg(c.a ORDER BY k.hash), '{}')
    FROM common AS c
    JOIN _pggit.commits AS k ON k.commit_id = c.a
    WHERE NOT EXISTS (
        SELECT
        FROM _pggit.commit_parents AS p
        JOIN common AS child ON child.a = p.commit_id
        WHERE p.parent_commit_id = c.a)
);
COMMENT ON FUNCTION _pggit.merge_bases(integer, integer) IS $$
The best common ancestors of two commits: one, or several where histories criss-cross; in an order both directions share.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_base_objects(p_left integer, p_right integer)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_bases integer[] := _pggit.merge_bases(p_left, p_right);
    v_objects _pggit.object[] := _pggit.tree_array(v_bases[1]);
    v_result _pggit.merge_result;
BEGIN
    -- As git's recursive strategy: the bases are merged two by two, over their own base. What they disagree on is taken from
    -- that base, so that it is a change on both sides and no side wins unseen.
    FOR v_i IN 2 .. cardinality(v_bases) LOOP
        v_result := _pggit.merge_trees(
            _pggit.merge_base_objects(v_bases[1], v_bases[v_i]),
            v_objects, _pggit.tree_array(v_bases[v_i]), ARRAY[]::_pggit.merge_choice[], 'base');
        v_objects := v_result.objects;
    END LOOP;
    RETURN v_objects;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_base_objects(integer, integer) IS $$
The objects to merge over: those of the best common ancestor, or of the merge of several.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_trees(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_changed uuid[];
    v_context _pggit.object[];
    v_result _pggit.merge_result;
BEGIN
    v_changed := ARRAY(
        SELECT coalesce(b.object_id, o.object_id, t.object_id)
        FROM unnest(p_base) AS b
        FULL JOIN unnest(p_ours) AS o ON o.object_id = b.object_id
        FULL JOIN unnest(p_theirs) AS t ON t.object_id = coalesce(b.object_id, o.object_id)
        WHERE b IS DISTINCT FROM o OR b IS DISTINCT FROM t);
    v_context := ARRAY(
        SELECT o FROM unnest(p_ours) AS o
        LEFT JOIN unnest(v_changed) AS c(object_id) ON c.object_id = o.object_id
        WHERE c.object_id IS NULL);
    v_result := _pggit.merge_objects(
        ARRAY(SELECT b FROM unnest(p_base) AS b JOIN unnest(v_changed) AS c(object_id) ON c.object_id = b.object_id),
        ARRAY(SELECT o FROM unnest(p_ours) AS o JOIN unnest(v_changed) AS c(object_id) ON c.object_id = o.object_id),
        ARRAY(SELECT t FROM unnest(p_theirs) AS t JOIN unnest(v_changed) AS c(object_id) ON c.object_id = t.object_id),
        p_choices, p_strategy, v_context);
    v_result.objects := v_result.objects || v_context;
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_trees(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text) IS $$
Merges whole trees; only what a side changed is looked at one by one.
$$;

-- 30_merge_calls.sql
CREATE OR REPLACE FUNCTION _pggit.merge_row(p_merge_id text)
RETURNS pggit.merges
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_row pggit.merges;
BEGIN
    SELECT m.* INTO v_row FROM pggit.merges AS m WHERE m.merge_id = p_merge_id;
    RETURN v_row;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_row(text) IS 'The public row of a merge, as just written.';

CREATE OR REPLACE FUNCTION _pggit.is_shipped(
    p_merge _pggit.merges,
    p_attempt _pggit.merge_attempt,
    p_is_preview boolean
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_changes _pggit.change[];
    v_now _pggit.object[];
BEGIN
    IF v_worktree_id IS NULL THEN
        RETURN false;
    END IF;
    v_changes := ARRAY(SELECT ROW(c.*)::_pggit.change FROM _pggit.worktree_changes(v_worktree_id) AS c);
    IF v_changes = '{}' THEN
        RETURN false;
    END IF;
    -- What another way shipped has the same paths, so the same identities, unless the branch made and then renamed it.
    IF p_attempt.conflicts = '{}' THEN
        v_now := ARRAY(SELECT i.object FROM _pggit.read_worktree(v_worktree_id, p_merge.source_commit_id) AS i);
        IF NOT EXISTS (SELECT FROM _pggit.diff_objects(p_attempt.objects, v_now)) THEN
            RETURN true;
        END IF;
    END IF;
    IF p_is_preview THEN
        RETURN NULL;
    END IF;
    PERFORM _pggit.raise_error('VCS11',
        format('branch "%s" has uncommitted changes', (SELECT b.name FROM _pggit.branches AS b
            WHERE b.branch_id = p_merge.target_branch_id)),
        (SELECT string_agg(format('%s %s %s', c.action, c.kind, concat_ws('.', c.schema_name, c.table_name, c.name)),
            E'\n' ORDER BY c.schema_name, c.table_name, c.name) FROM unnest(v_changes) AS c),
        'Commit or undo them, then merge again.');
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.is_shipped(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Whether the target's worktree already is what the merge would make of it; false where it is just its head.
p_is_preview: NULL instead of an error for other uncommitted changes.
Errors: VCS11 naming uncommitted changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.source_note(p_merge _pggit.merges)
RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.source_branch_id);
    v_names text[];
BEGIN
    IF v_worktree_id IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;
    v_names := ARRAY(
        SELECT format('%s %s', c.kind, concat_ws('.', c.schema_name, c.table_name, c.name))
        FROM _pggit.worktree_changes(v_worktree_id) AS c);
    RETURN CASE WHEN v_names = '{}' THEN '{}' ELSE ARRAY[format(
        'not merged: %s uncommitted change%s of the source (%s%s)', cardinality(v_names),
        CASE WHEN cardinality(v_names) = 1 THEN '' ELSE 's' END, array_to_string(v_names[1:5], ', '),
        CASE WHEN cardinality(v_names) > 5 THEN ', …' ELSE '' END)] END;
END;
$$;
COMMENT ON FUNCTION _pggit.source_note(_pggit.merges) IS $$
A note about the source's uncommitted changes, or none.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_losses(
    p_merge _pggit.merges,
    p_attempt _pggit.merge_attempt,
    p_allow_data_loss boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_losses text[];
BEGIN
    IF v_worktree_id IS NULL OR coalesce(p_allow_data_loss, false) THEN
        RETURN;
    END IF;
    v_losses := _pggit.list_losses(p_attempt.steps,
        _pggit.live_objects(_pggit.tree_array(p_merge.target_commit_id), v_worktree_id));
    IF v_losses <> '{}' THEN
        PERFORM _pggit.raise_error('VCS12', format('the merge would lose the data of %s', v_losses[1]),
            array_to_string(v_losses, E'\n'), 'Save the data, or pass p_allow_data_loss => true.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_losses(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Raises where a merge would drop tables or columns that hold data, without consent.
Errors: VCS12 listing them.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_rights(p_merge _pggit.merges, p_attempt _pggit.merge_attempt)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_missing text[];
BEGIN
    SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = _pggit.find_worktree(p_merge.target_branch_id);
    -- Other worktrees belong to one role, as which the steps run.
    IF v_worktree.worktree_id IS NULL OR v_worktree.owner_name IS NOT NULL THEN
        RETURN;
    END IF;
    WITH head AS (
        SELECT o.* FROM unnest(_pggit.tree_array(p_merge.target_commit_id)) AS o
    ), wanted AS (
        SELECT DISTINCT coalesce(o.parent_id, m.parent_id) AS parent_id, s.object_id, o.object_id IS NULL AS is_new, m.schema_name
        FROM unnest(p_attempt.steps) AS s
        LEFT JOIN head AS o ON o.object_id = s.object_id
        LEFT JOIN unnest(p_attempt.objects) AS m ON m.object_id = s.object_id
        WHERE s.object_id IS NOT NULL
    )
    SELECT array_agg(DISTINCT r.missing ORDER BY r.missing)
    INTO v_missing
    FROM (
        SELECT format('the rights of %s, who owns %s', h.attrs ->> 'owner', concat_ws('.', h.schema_name, h.name)) AS missing
        FROM wanted AS w
        JOIN head AS h ON h.object_id = w.object_id OR h.object_id = w.parent_id AND h.kind <> 'schema'
        JOIN pg_roles AS r ON r.rolname = h.attrs ->> 'owner'
        WHERE h.kind <> 'schema' AND NOT pg_has_role(r.oid, 'USAGE')
        UNION ALL
        SELECT format('CREATE on schema %s', n.nspname)
        FROM wanted AS w
        JOIN head AS h ON h.object_id = w.parent_id AND h.kind = 'schema'
        JOIN pg_namespace AS n ON n.nspname = h.name
        WHERE w.is_new AND NOT has_schema_privilege(n.oid, 'CREATE')
    ) AS r;
    IF v_missing IS NOT NULL THEN
        PERFORM _pggit.raise_error('42501', format('role "%s" may not do what the merge needs', current_user),
            'It lacks ' || array_to_string(v_missing, '; ') || '.',
            'Grant what is missing, or let a role merge that has it.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_rights(_pggit.merges, _pggit.merge_attempt) IS $$
Raises where the caller lacks rights on the live schemas that the plan needs, before any effect.
Errors: 42501 listing all of them.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_live_dependencies(p_branch_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_found text[];
BEGIN
    IF _pggit.find_worktree(p_branch_id) IS NULL THEN
        RETURN;
    END IF;
    v_found := ARRAY(
        SELECT format('%s %s needs %s %s', d.kind, d.identity, d.referenced_kind, d.referenced)
        FROM _pggit.list_live_dependencies(p_branch_id) AS d);
    IF v_found <> '{}' THEN
        PERFORM _pggit.raise_error('VCS25',
            format('branch "%s" uses objects of the live schema', (SELECT b.name FROM _pggit.branches AS b
                WHERE b.branch_id = p_branch_id)),
            array_to_string(v_found, E'\n'), 'Make these objects again with unqualified names, commit, and merge.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_live_dependencies(integer) IS $$
Raises where objects of a branch's worktree use tracked objects of the live schemas: what they mean on the branch is not what
they would mean after the merge.
Errors: VCS25 naming them.
$$;

CREATE OR REPLACE FUNCTION _pggit.insert_merge(p_merge _pggit.merges)
RETURNS _pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges;
BEGIN
    INSERT INTO _pggit.merges (
        operation, source_branch_id, source_ref, target_branch_id, merge_base_branch_id, base_commit_id,
        source_commit_id, target_commit_id, ours_commit_id, todo_commit_ids, merge_strategy, merge_message, status,
        message, created_by, completed_at)
    VALUES (
        p_merge.operation, p_merge.source_branch_id, p_merge.source_ref, p_merge.target_branch_id,
        p_merge.merge_base_branch_id, p_merge.base_commit_id, p_merge.source_commit_id, p_merge.target_commit_id,
        p_merge.ours_commit_id, p_merge.todo_commit_ids, p_merge.merge_strategy, p_merge.merge_message,
        coalesce(p_merge.status, 'in_progress'), coalesce(p_merge.message, ''), _pggit.current_author(),
        CASE WHEN p_merge.status = 'completed' THEN clock_timestamp() END)
    RETURNING * INTO v_merge;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.insert_merge(_pggit.merges) IS 'Records a prepared merge.';

CREATE OR REPLACE FUNCTION _pggit.leave_conflicts(
    p_merge _pggit.merges,
    p_conflicts _pggit.merge_conflict[],
    p_notes text[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM _pggit.store_conflicts(p_merge.merge_id, p_conflicts);
    v_count := _pggit.count_open_conflicts(p_merge.merge_id);
    UPDATE _pggit.merges AS m
    SET status = 'pending_conflicts',
        conflicts_detected = true,
        message = array_to_string(format('%s conflict%s to resolve', v_count, CASE WHEN v_count = 1 THEN '' ELSE 's' END)
            || p_notes, '; ')
    WHERE m.merge_id = p_merge.merge_id;
END;
$$;
COMMENT ON FUNCTION _pggit.leave_conflicts(_pggit.merges, _pggit.merge_conflict[], text[]) IS $$
Records the open conflicts of a merge, which now waits for them.
$$;

CREATE OR REPLACE FUNCTION _pggit.run_merge(p_merge _pggit.merges, p_allow_data_loss boolean)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_attempt _pggit.merge_attempt := _pggit.attempt_merge(p_merge, _pggit.merge_choices(p_merge.merge_id));
    v_is_shipped boolean := _pggit.is_shipped(p_merge, v_attempt, false);
    v_notes text[] := v_attempt.notes || _pggit.source_note(p_merge);
    v_applied _pggit.merge_applied;
BEGIN
    IF v_attempt.conflicts = '{}' THEN
        IF NOT v_is_shipped THEN
            PERFORM _pggit.check_rights(p_merge, v_attempt);
            PERFORM _pggit.check_losses(p_merge, v_attempt, p_allow_data_loss);
        END IF;
        IF p_merge.operation IN ('cherry_pick', 'revert') AND v_attempt.steps = '{}'
            AND NOT EXISTS (SELECT FROM _pggit.diff_objects(
                _pggit.tree_array(p_merge.target_commit_id), v_attempt.objects))
        THEN
            UPDATE _pggit.merges AS m
            SET status = 'completed', message = 'already up to date', completed_at = clock_timestamp()
            WHERE m.merge_id = p_merge.merge_id;
            RETURN _pggit.merge_row(p_merge.merge_id);
        END IF;
        v_applied := _pggit.try_apply(p_merge, v_attempt, v_is_shipped);
        IF v_applied.commit_id IS NULL THEN
            v_attempt.conflicts := ARRAY[v_applied.conflict];
        END IF;
    END IF;
    IF v_attempt.conflicts <> '{}' THEN
        PERFORM _pggit.leave_conflicts(p_merge, v_attempt.conflicts, v_notes);
        RETURN _pggit.merge_row(p_merge.merge_id);
    END IF;
    -- conflicts that the resolutions of others made pointless
    PERFORM _pggit.store_conflicts(p_merge.merge_id, ARRAY[]::_pggit.merge_conflict[]);
    UPDATE _pggit.merges AS m
    SET status = 'completed',
        merge_commit_id = v_applied.commit_id,
        completed_at = clock_timestamp(),
        merge_message = p_merge.merge_message,
        message = array_to_string(ARRAY[format('%s %s %s %s',
            CASE m.operation WHEN 'cherry_pick' THEN 'picked' WHEN 'revert' THEN 'reverted'
                WHEN 'rebase' THEN 'rebased' ELSE 'merged' END,
            m.source_ref, CASE m.operation WHEN 'revert' THEN 'on' ELSE 'into' END,
            (SELECT b.name FROM _pggit.branches AS b WHERE b.branch_id = m.target_branch_id))] || v_notes, '; ')
    WHERE m.merge_id = p_merge.merge_id;
    RETURN _pggit.merge_row(p_merge.merge_id);
END;
$$;
COMMENT ON FUNCTION _pggit.run_merge(_pggit.merges, boolean) IS $$
Attempts a recorded merge with the resolutions that it has, and completes it or records the open conflicts.
Errors: VCS11, VCS12, VCC01, VCS09, VCS24, 42501, 55P03.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge(
    p_source text,
    p_target text,
    p_message text,
    p_strategy text,
    p_base text,
    p_allow_data_loss boolean,
    p_path name[]
)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches := _pggit.session_branch(p_target, p_path);
    v_merge _pggit.merges := _pggit.prepare_merge(p_source, v_target, p_message, p_strategy, p_base);
BEGIN
    PERFORM _pggit.check_live_dependencies(v_merge.source_branch_id);
    PERFORM _pggit.check_live_dependencies(v_merge.target_branch_id);
    v_merge := _pggit.insert_merge(v_merge);
    IF v_merge.status = 'completed' THEN
        UPDATE _pggit.merges AS m
        SET message = array_to_string(m.message || _pggit.source_note(v_merge), '; ')
        WHERE m.merge_id = v_merge.merge_id;
        RETURN _pggit.merge_row(v_merge.merge_id);
    END IF;
    RETURN _pggit.run_merge(v_merge, p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION _pggit.merge(text, text, text, text, text, boolean, name[]) IS 'Behind pggit.merge.';

CREATE OR REPLACE FUNCTION pggit.merge(
    p_source text,
    p_target text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_strategy text DEFAULT 'auto',
    p_base text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS pggit.merges
LANGUAGE sql
VOLATILE
RETURN _pggit.merge(p_source, p_target, p_message, p_strategy, p_base, p_allow_data_loss, current_schemas(false));
COMMENT ON FUNCTION pggit.merge(text, text, text, text, text, boolean) IS $$
Brings the commits of a source into a branch; leaves the merge pending where conflicts need a decision.
p_source: a branch, tag or commit.
p_target: a branch; NULL for the session's.
p_message: of the merge commit.
p_strategy: auto, three-way (over p_base), fast-forward, ours or theirs (which settle conflicts).
p_base: the ancestor to merge over; NULL to find it.
p_allow_data_loss: whether tables and columns that hold data may be dropped.
Returns: the merge; status completed, or pending_conflicts with its rows in pggit.conflicts.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV02, VCV10, VCV11, VCV12 for bad arguments; VCS23 where no fast-forward is
possible; VCS25 for a branch that uses live objects; VCS11 for uncommitted changes of the target; VCS12 for data that would be
lost; VCC01 where the target moved; VCS09,
VCS24, 42501, 55P03.
Locks: as the DDL of the merge, each waited for no longer than the setting pggit.lock_timeout.
$$;

CREATE OR REPLACE FUNCTION _pggit.preview_merge(
    p_source text,
    p_target text,
    p_message text,
    p_strategy text,
    p_base text,
    p_allow_data_loss boolean,
    p_path name[]
)
RETURNS SETOF pggit.merge_preview
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_target _pggit.branches := _pggit.session_branch(p_target, p_path);
    v_merge _pggit.merges := _pggit.prepare_merge(p_source, v_target, p_message, p_strategy, p_base);
    v_attempt _pggit.merge_attempt;
    v_notes text[] := _pggit.source_note(v_merge);
    v_losses text[];
    v_worktree_id integer := _pggit.find_worktree(v_target.branch_id);
BEGIN
    PERFORM _pggit.check_live_dependencies(v_merge.source_branch_id);
    PERFORM _pggit.check_live_dependencies(v_merge.target_branch_id);
    IF v_merge.status = 'completed' THEN
        v_notes := v_merge.message || v_notes;
    ELSE
        v_attempt := _pggit.attempt_merge(v_merge, ARRAY[]::_pggit.merge_choice[]);
        v_notes := v_attempt.notes || v_notes;
        IF _pggit.is_shipped(v_merge, v_attempt, true) IS NULL THEN
            v_notes := v_notes || format('branch "%s" has uncommitted changes: the merge would refuse', v_target.name);
        END IF;
        IF v_worktree_id IS NOT NULL AND NOT coalesce(p_allow_data_loss, false) THEN
            v_losses := _pggit.list_losses(v_attempt.steps,
                _pggit.live_objects(_pggit.tree_array(v_merge.target_commit_id), v_worktree_id));
            v_notes := v_notes || ARRAY(SELECT 'needs consent to lose the data of ' || l FROM unnest(v_losses) AS l);
        END IF;
    END IF;
    RETURN QUERY
    SELECT 'conflict', c.n::integer, c.conflict_type, c.object_kind, c.schema_name, c.table_name, c.column_name, c.object_name,
        c.attribute, c.base, c.source, c.target, c.description, NULL::text, NULL::text, NULL::text[], NULL::boolean
    FROM unnest(v_attempt.conflicts) WITH ORDINALITY AS c(
        conflict_type, object_id, other_id, attribute, object_kind, schema_name, table_name, column_name, object_name,
        base, source, target, description, n);
    RETURN QUERY
    SELECT 'step', s.step_no, NULL::text, s.kind, NULL::text, NULL::text, NULL::text, s.identity, NULL::text, NULL::jsonb,
        NULL::jsonb, NULL::jsonb, s.action, s.sql, s.lock_level, s.hazards, s.in_transaction
    FROM unnest(v_attempt.steps) AS s;
    RETURN QUERY
    SELECT 'note', n.n::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::jsonb,
        NULL::jsonb, NULL::jsonb, n.note, NULL::text, NULL::text, NULL::text[], NULL::boolean
    FROM unnest(v_notes) WITH ORDINALITY AS n(note, n);
END;
$$;
COMMENT ON FUNCTION _pggit.preview_merge(text, text, text, text, text, boolean, name[]) IS 'Behind pggit.preview_merge.';

CREATE OR REPLACE FUNCTION pggit.preview_merge(
    p_source text,
    p_target text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_strategy text DEFAULT 'auto',
    p_base text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS SETOF pggit.merge_preview
LANGUAGE sql
VOLATILE
BEGIN ATOMIC
    SELECT p.*
    FROM _pggit.preview_merge(
        p_source, p_target, p_message, p_strategy, p_base, p_allow_data_loss, current_schemas(false)) AS p;
END;
COMMENT ON FUNCTION pggit.preview_merge(text, text, text, text, text, boolean) IS $$
Says what pggit.merge would do, by the same code without its last step: its conflicts, its plan, and notes. Leaves no trace.
Parameters: as of pggit.merge.
Errors: as pggit.merge, save those of the last step.
Locks: ACCESS SHARE on the tables whose rows it asks.
$$;

CREATE OR REPLACE FUNCTION pggit.complete_merge(
    p_merge_id text,
    p_message text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges := _pggit.get_open_merge(p_merge_id);
    v_open integer := _pggit.count_open_conflicts(p_merge_id);
    v_target _pggit.branches;
BEGIN
    IF v_open > 0 THEN
        PERFORM _pggit.raise_error('VCS21', format('merge "%s" has %s open conflict%s', p_merge_id, v_open,
                CASE WHEN v_open = 1 THEN '' ELSE 's' END),
            (SELECT string_agg(format('%s: %s', c.conflict_id, c.description), E'\n' ORDER BY c.conflict_id)
                FROM pggit.conflicts AS c WHERE c.merge_id = p_merge_id AND c.resolution_status = 'pending'),
            'Resolve them with pggit.resolve_conflict or pggit.resolve_conflicts.');
    END IF;
    SELECT b.* INTO v_target FROM _pggit.branches AS b WHERE b.branch_id = v_merge.target_branch_id;
    IF v_target.head_commit_id <> v_merge.target_commit_id OR NOT v_target.is_active THEN
        PERFORM _pggit.raise_error('VCC01', format('branch "%s" has moved', v_target.name),
            format('Its head was commit %s when the merge began and is now %s.',
                v_merge.target_commit_id, v_target.head_commit_id),
            format('pggit.abort_merge(%L), then merge again.', p_merge_id));
    END IF;
    v_merge.merge_message := coalesce(_pggit.check_message(coalesce(p_message, v_merge.merge_message)));
    IF v_merge.operation = 'rebase' THEN
        RETURN _pggit.run_rebase(v_merge, p_allow_data_loss);
    END IF;
    RETURN _pggit.run_merge(v_merge, p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION pggit.complete_merge(text, text, boolean) IS $$
Completes a merge whose conflicts are resolved: proves it, changes the target, reads it back, commits.
p_message: of the merge commit; NULL for the one given to pggit.merge.
p_allow_data_loss: whether tables and columns that hold data may be dropped.
Returns: the merge; pending_conflicts again where the resolutions brought new conflicts to light.
Errors: VCN04 for an unknown merge; VCS20 for one that has ended; VCS21 while conflicts are open; VCC01 where the target
moved; VCV02 for an empty message; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION pggit.abort_merge(p_merge_id text)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges := _pggit.get_open_merge(p_merge_id);
BEGIN
    UPDATE _pggit.merges AS m
    SET status = 'aborted',
        message = 'aborted; nothing was changed',
        aborted_at = clock_timestamp()
    WHERE m.merge_id = v_merge.merge_id;
    RETURN _pggit.merge_row(p_merge_id);
END;
$$;
COMMENT ON FUNCTION pggit.abort_merge(text) IS $$
Gives up a merge that waits for its conflicts. The target was never touched.
Errors: VCN04 for an unknown merge, VCS20 for one that has ended.
$$;

-- 30_merge_data.sql
CREATE OR REPLACE FUNCTION _pggit.row_key(p_columns _pggit.object[], p_parts _pggit.object[], p_alias text)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT 'jsonb_build_object(' || string_agg(format('%L, %s.%I', k.name, p_alias, k.name), ', ' ORDER BY k.n) || ')'
    FROM unnest(p_parts) AS p
    CROSS JOIN LATERAL jsonb_array_elements_text(p.attrs -> 'key_columns') WITH ORDINALITY AS k(name, n)
    WHERE p.kind = 'constraint' AND p.attrs ->> 'type' = 'primary_key'
), format('jsonb_build_object(''ctid'', %s.ctid)', p_alias));
COMMENT ON FUNCTION _pggit.row_key(_pggit.object[], _pggit.object[], text) IS $$
An expression for the key of a live row: its primary key, else its place.
$$;

CREATE OR REPLACE FUNCTION _pggit.future_rows(
    p_table _pggit.object,
    p_old_parts _pggit.object[],
    p_new_parts _pggit.object[]
)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT format('SELECT %s AS pggit_key%s FROM %I.%I AS r',
        _pggit.row_key(p_old_parts, p_old_parts, 'r'),
        coalesce(string_agg(', ' || CASE
            WHEN o.object_id IS NOT NULL AND o.attrs ->> 'type' = n.attrs ->> 'type'
                THEN format('r.%I AS %I', o.name, n.name)
            WHEN o.object_id IS NOT NULL THEN format('CAST(r.%I AS %s) AS %I', o.name, n.attrs ->> 'type', n.name)
            -- a new column: its default where that is a constant, else nothing can be said of it yet
            WHEN n.attrs ->> 'default' ~ '^[^(]*$'
                THEN format('CAST(%s AS %s) AS %I', n.attrs ->> 'default', n.attrs ->> 'type', n.name)
            ELSE format('CAST(NULL AS %s) AS %I', n.attrs ->> 'type', n.name)
        END, '' ORDER BY n.name), ''),
        (p_table).schema_name, (p_table).name)
    FROM unnest(p_new_parts) AS n
    LEFT JOIN unnest(p_old_parts) AS o ON o.object_id = n.object_id AND o.kind = 'column'
    WHERE n.kind = 'column'
);
COMMENT ON FUNCTION _pggit.future_rows(_pggit.object, _pggit.object[], _pggit.object[]) IS $$
A query for a table's live rows as they will be after the merge, with their key as pggit_key.
$$;

CREATE OR REPLACE FUNCTION _pggit.column_questions(
    p_old _pggit.object,
    p_new _pggit.object,
    p_table _pggit.object,
    p_old_parts _pggit.object[]
)
RETURNS SETOF _pggit.row_question
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key text := _pggit.row_key(p_old_parts, p_old_parts, 'r');
    v_from text := format('%I.%I AS r', p_table.schema_name, p_table.name);
    v_length integer := substring(p_new.attrs ->> 'type' FROM '^character(?: varying)?\(([0-9]+)\)$')::integer;
BEGIN
    IF p_new.attrs ? 'not_null' AND NOT coalesce(p_old.attrs ? 'not_null', false) AND NOT p_new.attrs ? 'not_null_not_valid'
    THEN
        IF p_old.object_id IS NOT NULL THEN
            RETURN NEXT ROW(p_new.object_id, 'not_null', NULL,
                format('SELECT %s AS k FROM %s WHERE r.%I IS NULL', v_key, v_from, p_old.name), '23502',
                format('column "%s" of relation "%s" contains null values', p_new.name, p_table.name))::_pggit.row_question;
        ELSIF NOT p_new.attrs ?| '{default,identity,generated}' THEN
            RETURN NEXT ROW(p_new.object_id, 'not_null', NULL, format('SELECT %s AS k FROM %s', v_key, v_from), '23502',
                format('column "%s" of relation "%s" contains null values', p_new.name, p_table.name))::_pggit.row_question;
        END IF;
    END IF;
    IF p_old.attrs ->> 'type' <> p_new.attrs ->> 'type' AND NOT p_new.attrs ? 'generated' THEN
        IF v_length IS NOT NULL THEN
            -- an assignment cuts off blanks only
            RETURN NEXT ROW(p_new.object_id, 'type', NULL, format(
                'SELECT %s AS k FROM %s WHERE rtrim(substr(r.%I::text, %s)) <> ''''',
                v_key, v_from, p_old.name, v_length + 1), '22001',
                format('value too long for type %s', p_new.attrs ->> 'type'))::_pggit.row_question;
        ELSE
            RETURN NEXT ROW(p_new.object_id, 'type', 'cast', format(
                'SELECT %s AS k, r.%I::text AS v FROM %s WHERE r.%I IS NOT NULL', v_key, p_old.name, v_from, p_old.name),
                p_old.attrs ->> 'type', p_new.attrs ->> 'type')::_pggit.row_question;
        END IF;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.column_questions(_pggit.object, _pggit.object, _pggit.object, _pggit.object[]) IS $$
What to ask the rows about a new or changed column. A question with the path "cast" is put value by value.
$$;

CREATE OR REPLACE FUNCTION _pggit.key_list(p_keys text)
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_depth integer := 0;
    v_is_quoted boolean := false;
    v_part text := '';
    v_parts text[] := ARRAY[]::text[];
    v_char text;
BEGIN
    FOREACH v_char IN ARRAY string_to_array(substr(p_keys, 2, length(p_keys) - 2), NULL) LOOP
        v_is_quoted := v_is_quoted <> (v_char IN ('"', ''''));
        v_depth := v_depth + CASE WHEN v_is_quoted THEN 0 WHEN v_char = '(' THEN 1 WHEN v_char = ')' THEN -1 ELSE 0 END;
        IF v_char = ',' AND v_depth = 0 AND NOT v_is_quoted THEN
            v_parts := v_parts || v_part;
            v_part := '';
        ELSE
            v_part := v_part || v_char;
        END IF;
    END LOOP;
    RETURN ARRAY(SELECT regexp_replace(btrim(p),
        '( [a-z_]+_ops)?( DESC| ASC)?( NULLS (FIRST|LAST))?$', '') FROM unnest(v_parts || v_part) AS p);
END;
$$;
COMMENT ON FUNCTION _pggit.key_list(text) IS $$
The expressions in the key list of an index, without operator class and order.
$$;

CREATE OR REPLACE FUNCTION _pggit.unique_question(
    p_new _pggit.object,
    p_rows text,
    p_expressions text[],
    p_is_distinct boolean
)
RETURNS _pggit.row_question
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ROW((p_new).object_id, NULL, NULL,
    format('SELECT jsonb_build_object(%s) AS k FROM (%s) AS q WHERE %s%s GROUP BY %s HAVING count(*) > 1',
        (SELECT string_agg(format('%L, %s', e, e), ', ' ORDER BY n) FROM unnest(p_expressions) WITH ORDINALITY AS u(e, n)),
        p_rows,
        CASE WHEN (p_new).attrs ? 'where' THEN format('(%s)', (p_new).attrs ->> 'where') ELSE 'true' END,
        CASE WHEN p_is_distinct THEN (SELECT string_agg(format(' AND (%s) IS NOT NULL', e), '') FROM unnest(p_expressions) AS e)
            ELSE '' END,
        array_to_string(p_expressions, ', ')),
    '23505', format('could not create unique index "%s"', (p_new).name))::_pggit.row_question;
COMMENT ON FUNCTION _pggit.unique_question(_pggit.object, text, text[], boolean) IS $$
Asks for keys that would be there twice.
$$;

CREATE OR REPLACE FUNCTION _pggit.constraint_question(
    p_new _pggit.object,
    p_table _pggit.object,
    p_rows text,
    p_target_rows text
)
RETURNS _pggit.row_question
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_columns text[] := ARRAY(SELECT quote_ident(c) FROM jsonb_array_elements_text(p_new.attrs -> 'key_columns') AS c);
    v_targets text[] := ARRAY(SELECT quote_ident(c) FROM jsonb_array_elements_text(p_new.attrs -> 'target_columns') AS c);
BEGIN
    IF p_new.attrs ?| '{not_valid,not_enforced,period}' THEN
        RETURN NULL;
    END IF;
    CASE p_new.attrs ->> 'type'
        WHEN 'check' THEN
            RETURN ROW(p_new.object_id, NULL, NULL,
                format('SELECT q.pggit_key AS k FROM (%s) AS q WHERE NOT (%s)', p_rows, p_new.attrs ->> 'expression'),
                '23514', format('check constraint "%s" of relation "%s" is violated by some row',
                    p_new.name, p_table.name))::_pggit.row_question;
        WHEN 'primary_key', 'unique' THEN
            RETURN _pggit.unique_question(p_new, p_rows, v_columns, NOT p_new.attrs ? 'nulls_not_distinct');
        WHEN 'foreign_key' THEN
            RETURN ROW(p_new.object_id, NULL, NULL, format(
                'SELECT q.pggit_key AS k FROM (%s) AS q WHERE %s AND NOT EXISTS (SELECT FROM (%s) AS t WHERE %s)',
                p_rows,
                (SELECT string_agg(format('q.%s IS NOT NULL', c), ' AND ') FROM unnest(v_columns) AS c),
                coalesce(p_target_rows, format('SELECT 1 AS none, %s WHERE false',
                    (SELECT string_agg('NULL AS ' || t, ', ') FROM unnest(v_targets) AS t))),
                (SELECT string_agg(format('t.%s = q.%s', t, c), ' AND ') FROM unnest(v_columns, v_targets) AS u(c, t))),
                '23503', format('insert or update on table "%s" violates foreign key constraint "%s"',
                    p_table.name, p_new.name))::_pggit.row_question;
        ELSE
            RETURN NULL;
    END CASE;
END;
$$;
COMMENT ON FUNCTION _pggit.constraint_question(_pggit.object, _pggit.object, text, text) IS $$
What to ask the rows about a new or changed constraint; NULL where only PostgreSQL itself can tell.
$$;

CREATE OR REPLACE FUNCTION _pggit.type_questions(
    p_old _pggit.object,
    p_new _pggit.object,
    p_ours _pggit.object[],
    p_merged _pggit.object[]
)
RETURNS SETOF _pggit.row_question
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH use AS (
        -- the live columns of an enum or domain
        SELECT t.schema_name, t.name AS table_name, o.name AS column_name,
            _pggit.row_key(parts.list, parts.list, 'r') AS key
        FROM unnest(p_ours) AS o
        JOIN unnest(p_merged) AS m ON m.object_id = o.object_id
        JOIN unnest(p_ours) AS t ON t.object_id = o.parent_id AND t.kind = 'table'
        CROSS JOIN LATERAL (SELECT ARRAY(SELECT x FROM unnest(p_ours) AS x WHERE x.parent_id = t.object_id) AS list) AS parts
        WHERE o.kind = 'column'
            AND o.deps @> ARRAY[CASE WHEN (p_new).kind = 'constraint' THEN (p_new).parent_id ELSE (p_new).object_id END]
            AND o.attrs ->> 'type' NOT LIKE '%[]'
    )
    SELECT (p_new).object_id, 'labels', NULL::text,
        format('SELECT %s AS k FROM %I.%I AS r WHERE r.%I::text = ANY (ARRAY[%s])', u.key, u.schema_name, u.table_name,
            u.column_name, (SELECT string_agg(quote_literal(l), ', ')
                FROM jsonb_array_elements_text((p_old).attrs -> 'labels') AS l
                WHERE NOT (p_new).attrs -> 'labels' ? l)),
        '22P02', format('rows of "%s" hold labels that enum "%s" loses', u.table_name, (p_new).name)
    FROM use AS u
    WHERE (p_new).kind = 'enum'
        AND EXISTS (SELECT FROM jsonb_array_elements_text((p_old).attrs -> 'labels') AS l
            WHERE NOT (p_new).attrs -> 'labels' ? l)
    UNION ALL
    SELECT (p_new).object_id, 'not_null', NULL,
        format('SELECT %s AS k FROM %I.%I AS r WHERE r.%I IS NULL', u.key, u.schema_name, u.table_name, u.column_name),
        '23502', format('column "%s" of table "%s" contains null values', u.column_name, u.table_name)
    FROM use AS u
    WHERE (p_new).kind = 'domain' AND (p_new).attrs ? 'not_null' AND NOT (p_old).attrs ? 'not_null'
    UNION ALL
    SELECT (p_new).object_id, NULL, NULL,
        format('SELECT r.pggit_key AS k FROM (SELECT %s AS pggit_key, r.%I AS value FROM %I.%I AS r) AS r WHERE NOT (%s)',
            u.key, u.column_name, u.schema_name, u.table_name,
            regexp_replace((p_new).attrs ->> 'expression', '\mVALUE\M', 'r.value', 'g')),
        '23514', format('column "%s" of table "%s" contains values that violate the new constraint "%s"',
            u.column_name, u.table_name, (p_new).name)
    FROM use AS u
    WHERE (p_new).kind = 'constraint' AND NOT (p_new).attrs ? 'not_valid';
END;
COMMENT ON FUNCTION _pggit.type_questions(_pggit.object, _pggit.object, _pggit.object[], _pggit.object[]) IS $$
What to ask the rows about an enum that loses labels and a domain that becomes stricter.
$$;

CREATE OR REPLACE FUNCTION _pggit.table_questions(
    p_table_id uuid,
    p_ours _pggit.object[],
    p_merged _pggit.object[],
    p_changes _pggit.change[],
    p_extra_path jsonb
)
RETURNS SETOF _pggit.row_question
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_table _pggit.object := (SELECT o FROM unnest(p_ours) AS o WHERE o.object_id = p_table_id);
    v_old _pggit.object[] := ARRAY(SELECT o FROM unnest(p_ours) AS o WHERE o.parent_id = p_table_id);
    v_rows text := _pggit.future_rows(v_table, v_old,
        ARRAY(SELECT m FROM unnest(p_merged) AS m WHERE m.parent_id = p_table_id));
    v_change _pggit.change;
    v_target _pggit.object;
    v_question _pggit.row_question;
    v_path text := _pggit.plan_path(v_table.schema_name, p_extra_path);
BEGIN
    FOR v_change IN
        SELECT c.* FROM unnest(p_changes) AS c
        WHERE (c.new).parent_id = p_table_id AND c.action IN ('added', 'modified')
    LOOP
        IF v_change.kind = 'column' THEN
            FOR v_question IN SELECT * FROM _pggit.column_questions(v_change.old, v_change.new, v_table, v_old) LOOP
                v_question.path := concat_ws('|', v_question.path, v_path);
                RETURN NEXT v_question;
            END LOOP;
            CONTINUE;
        END IF;
        CONTINUE WHEN v_change.action = 'modified'
            AND _pggit.core_attrs((v_change.old).attrs) = _pggit.core_attrs((v_change.new).attrs);
        v_question := NULL;
        IF v_change.kind = 'index' AND (v_change.new).attrs ? 'unique' THEN
            v_question := _pggit.unique_question(v_change.new, v_rows,
                _pggit.key_list((v_change.new).attrs ->> 'keys'), NOT (v_change.new).attrs ? 'nulls_not_distinct');
        ELSIF v_change.kind = 'constraint' THEN
            v_target := (
                SELECT t FROM unnest(p_merged) AS t
                WHERE t.kind = 'table' AND (
                    t.object_id = ANY ((v_change.new).deps)
                    OR EXISTS (SELECT FROM unnest(p_merged) AS c
                        WHERE c.parent_id = t.object_id AND c.object_id = ANY ((v_change.new).deps)))
                ORDER BY t.object_id = p_table_id
                LIMIT 1);
            v_target := CASE WHEN v_target.object_id IS NULL THEN v_table
                ELSE (SELECT o FROM unnest(p_ours) AS o WHERE o.object_id = v_target.object_id) END;
            v_question := _pggit.constraint_question(v_change.new, v_table, v_rows,
                CASE WHEN v_target.object_id IS NOT NULL THEN _pggit.future_rows(v_target,
                    ARRAY(SELECT o FROM unnest(p_ours) AS o WHERE o.parent_id = v_target.object_id),
                    ARRAY(SELECT m FROM unnest(p_merged) AS m WHERE m.parent_id = v_target.object_id)) END);
        END IF;
        IF v_question.query IS NOT NULL THEN
            v_question.path := v_path;
            RETURN NEXT v_question;
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.table_questions(uuid, _pggit.object[], _pggit.object[], _pggit.change[], jsonb) IS $$
What to ask a live table's rows about the changes of its parts.
$$;

CREATE OR REPLACE FUNCTION _pggit.ask_casts(p_question _pggit.row_question, OUT violations bigint, OUT sample jsonb, OUT message text)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_key jsonb;
    v_value text;
    v_cast text := format('SELECT CAST(CAST($1 AS %s) AS %s)', (p_question).state, (p_question).message);
BEGIN
    violations := 0;
    sample := '[]'::jsonb;
    BEGIN
        EXECUTE format('SELECT count(CAST(CAST(q.v AS %s) AS %s)) FROM (%s) AS q',
            (p_question).state, (p_question).message, (p_question).query);
        RETURN;
    EXCEPTION
        WHEN cannot_coerce OR undefined_object THEN
            -- no cast between the types: the plan goes by way of text
            v_cast := format('SELECT CAST($1 AS %s)', (p_question).message);
        WHEN data_exception OR integrity_constraint_violation THEN
            NULL;
    END;
    FOR v_key, v_value IN EXECUTE (p_question).query LOOP
        BEGIN
            EXECUTE v_cast USING v_value;
        EXCEPTION
            WHEN data_exception OR integrity_constraint_violation THEN
                message := coalesce(message, SQLERRM);
                violations := violations + 1;
                IF violations <= 3 THEN
                    sample := sample || v_key;
                END IF;
        END;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.ask_casts(_pggit.row_question) IS $$
Counts the values of a column that its new type refuses.
$$;

CREATE OR REPLACE FUNCTION _pggit.ask_rows(p_question _pggit.row_question, OUT violations bigint, OUT sample jsonb, OUT message text)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    message := (p_question).message;
    PERFORM set_config('search_path', regexp_replace((p_question).path, '^cast\|', ''), true);
    IF (p_question).path LIKE 'cast|%' THEN
        SELECT a.violations, a.sample, a.message INTO violations, sample, message FROM _pggit.ask_casts(p_question) AS a;
    ELSE
        EXECUTE format(
            'SELECT count(*), jsonb_agg(q.k) FILTER (WHERE q.n <= 3)'
            ' FROM (SELECT k, row_number() OVER () AS n FROM (%s) AS r) AS q',
            (p_question).query) INTO violations, sample;
    END IF;
EXCEPTION
    WHEN syntax_error_or_access_rule_violation OR feature_not_supported OR data_exception OR internal_error THEN
        -- The question needs what the merge only brings (a function, a type): the live run answers it.
        violations := 0;
END;
$$;
COMMENT ON FUNCTION _pggit.ask_rows(_pggit.row_question) IS $$
Puts a question to the rows: how many offend, the keys of three of them, and what PostgreSQL would say.
Locks: ACCESS SHARE on what the question reads.
$$;

CREATE OR REPLACE FUNCTION _pggit.data_conflicts(
    p_worktree_id integer,
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_merged _pggit.object[]
)
RETURNS SETOF _pggit.merge_conflict
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_ours _pggit.object[] := _pggit.live_objects(p_ours, p_worktree_id);
    v_merged _pggit.object[] := _pggit.live_objects(p_merged, p_worktree_id);
    v_changes _pggit.change[];
    v_extra jsonb := _pggit.extra_path(p_worktree_id);
    v_question _pggit.row_question;
    v_answer record;
    v_conflict _pggit.merge_conflict;
    v_timeout text := current_setting('lock_timeout');
BEGIN
    -- a table that leaves or joins a parent keeps the columns it has
    v_ours := _pggit.spell_out_heirs(v_ours, v_merged);
    v_merged := _pggit.spell_out_heirs(v_merged, v_ours);
    v_changes := ARRAY(SELECT ROW(c.*)::_pggit.change FROM _pggit.diff_objects(v_ours, v_merged) AS c);
    PERFORM set_config('lock_timeout', coalesce(nullif(current_setting('pggit.lock_timeout', true), ''), '2s'), true);
    FOR v_question IN
        SELECT q.*
        FROM (SELECT DISTINCT (c.new).parent_id AS table_id FROM unnest(v_changes) AS c
            WHERE c.kind IN ('column', 'constraint', 'index') AND c.action IN ('added', 'modified')) AS t
        JOIN unnest(v_ours) AS o ON o.object_id = t.table_id AND o.kind = 'table'
        CROSS JOIN LATERAL _pggit.table_questions(t.table_id, v_ours, v_merged, v_changes, v_extra) AS q
        UNION ALL
        SELECT q.object_id, q.attribute, _pggit.plan_path((c.new).schema_name, v_extra), q.query, q.state, q.message
        FROM unnest(v_changes) AS c
        CROSS JOIN LATERAL _pggit.type_questions(c.old, c.new, v_ours, v_merged) AS q
        WHERE c.kind IN ('enum', 'domain') AND c.action = 'modified'
            OR c.kind = 'constraint' AND c.action IN ('added', 'modified')
                AND EXISTS (SELECT FROM unnest(v_ours) AS d WHERE d.object_id = (c.new).parent_id AND d.kind = 'domain')
    LOOP
        SELECT * INTO v_answer FROM _pggit.ask_rows(v_question);
        CONTINUE WHEN coalesce(v_answer.violations, 0) = 0;
        v_conflict := _pggit.refusal(p_base, p_ours, p_theirs, p_merged, v_question.object_id, 'data_violation',
            format('%s (%s rows, such as %s)', v_answer.message, v_answer.violations, coalesce(v_answer.sample, '[]')));
        v_conflict.attribute := v_question.attribute;
        RETURN NEXT v_conflict;
    END LOOP;
    PERFORM set_config('lock_timeout', v_timeout, true);
END;
$$;
COMMENT ON FUNCTION _pggit.data_conflicts(
    integer, _pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[]) IS $$
What the rows of the target's worktree refuse of a merged tree, with counts and keys.
Locks: ACCESS SHARE on the tables it asks, waited for no longer than pggit.lock_timeout.
$$;

-- 30_merge_names.sql
CREATE OR REPLACE FUNCTION _pggit.keep_output_names(p_before jsonb, p_after jsonb, p_from text[], p_to text[])
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_query text := p_after ->> 'query';
BEGIN
    IF v_query IS NULL OR p_before = p_after THEN
        RETURN p_after;
    END IF;
    -- pg_get_viewdef prints one output column a line, with AS only where its name is not the column's own.
    FOR v_i IN 1 .. cardinality(p_from) LOOP
        v_query := regexp_replace(
            v_query,
            '^( SELECT |    )(([[:alnum:]_$]+|"[^"]+")\.)?('
                || regexp_replace(p_to[v_i], '([][\\^$.|?*+(){}])', '\\\1', 'g') || ')(,?)$',
            '\1\2\4 AS ' || replace(p_from[v_i], '\', '\\') || '\5',
            'gn');
    END LOOP;
    RETURN p_after || jsonb_build_object('query', v_query, 'columns', p_before -> 'columns');
END;
$$;
COMMENT ON FUNCTION _pggit.keep_output_names(jsonb, jsonb, text[], text[]) IS $$
A view's attributes after a column under it was renamed: its own columns keep their names, as PostgreSQL keeps them.
$$;

CREATE OR REPLACE FUNCTION _pggit.spell(p_objects _pggit.object[], p_names _pggit.merge_name[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_names = '{}' THEN
        RETURN p_objects;
    END IF;
    RETURN (
        WITH token AS (
            SELECT
                n.object_id,
                regexp_replace(to_jsonb(quote_ident(n.old_name))::text, '^"|"$', '', 'g') AS token_from,
                -- by way of a name that nothing has: two objects may exchange theirs
                'pggit_' || replace(n.object_id::text, '-', '') AS token_by,
                regexp_replace(to_jsonb(quote_ident(n.new_name))::text, '^"|"$', '', 'g') AS token_to,
                quote_ident(n.old_name) AS name_from,
                quote_ident(n.new_name) AS name_to,
                EXISTS (SELECT FROM unnest(p_objects) AS c
                    WHERE c.object_id = n.object_id AND c.kind = 'column') AS is_column
            FROM unnest(p_names) AS n
        ), columns AS (
            SELECT o.object_id, o.parent_id FROM unnest(p_objects) AS o JOIN token AS t ON t.object_id = o.parent_id
        ), touched AS (
            SELECT
                o.object_id,
                array_agg(t.token_from ORDER BY t.token_by) AS tokens_from,
                array_agg(t.token_by ORDER BY t.token_by) AS tokens_by,
                array_agg(t.token_to ORDER BY t.token_by) AS tokens_to,
                coalesce(array_agg(t.name_from ORDER BY t.token_by) FILTER (WHERE t.is_column), '{}') AS columns_from,
                coalesce(array_agg(t.name_to ORDER BY t.token_by) FILTER (WHERE t.is_column), '{}') AS columns_to
            FROM unnest(p_objects) AS o
            CROSS JOIN LATERAL (
                SELECT d FROM unnest(o.deps) AS d
                UNION SELECT o.parent_id
                UNION SELECT o.object_id
                -- who needs a column names its table as well
                UNION SELECT c.parent_id FROM columns AS c WHERE c.object_id = ANY (o.deps)
            ) AS d(needed_id)
            JOIN token AS t ON t.object_id = d.needed_id
            GROUP BY o.object_id
        )
        SELECT array_agg(CASE WHEN t.object_id IS NULL THEN o ELSE ROW(
            o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
            _pggit.keep_output_names(o.attrs,
                _pggit.rename_tokens(_pggit.rename_tokens(o.attrs, t.tokens_from, t.tokens_by), t.tokens_by, t.tokens_to),
                t.columns_from, t.columns_to),
            o.deps)::_pggit.object END)
        FROM unnest(p_objects) AS o
        LEFT JOIN touched AS t ON t.object_id = o.object_id
    );
END;
$$;
COMMENT ON FUNCTION _pggit.spell(_pggit.object[], _pggit.merge_name[]) IS $$
The objects with the names of what they need replaced in their definitions, as PostgreSQL does on a rename.
$$;

CREATE OR REPLACE FUNCTION _pggit.final_names(
    p_pairs _pggit.merge_pair[],
    p_choices _pggit.merge_choice[],
    p_strategy text,
    p_side text
)
RETURNS _pggit.merge_name[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(n.object_id, n.old_name, n.new_name)::_pggit.merge_name
        FROM (
            SELECT
                p.object_id,
                CASE p_side
                    WHEN 'base' THEN (p.base).name WHEN 'ours' THEN (p.ours).name ELSE (p.theirs).name
                END AS old_name,
                CASE
                    WHEN (p.ours).object_id IS NULL THEN (p.theirs).name
                    WHEN (p.theirs).object_id IS NULL THEN (p.ours).name
                    ELSE (((_pggit.merge_place(p, p_choices, p_strategy)).objects)[1]).name
                END AS new_name
            FROM unnest(p_pairs) AS p
            WHERE (p.base).name <> (p.ours).name
                OR (p.base).name <> (p.theirs).name
                OR (p.ours).name <> (p.theirs).name
        ) AS n
        WHERE n.old_name <> n.new_name
    );
END;
$$;
COMMENT ON FUNCTION _pggit.final_names(_pggit.merge_pair[], _pggit.merge_choice[], text, text) IS $$
The objects that one side (base, ours, theirs) names otherwise than the merge will.
$$;

CREATE OR REPLACE FUNCTION _pggit.pairs_spelled_alike(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_pair[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_pairs _pggit.merge_pair[] := _pggit.merge_pairs(p_base, p_ours, p_theirs);
BEGIN
    IF NOT EXISTS (
        SELECT FROM unnest(v_pairs) AS p
        WHERE (p.base).name <> (p.ours).name OR (p.base).name <> (p.theirs).name OR (p.ours).name <> (p.theirs).name)
    THEN
        RETURN v_pairs;
    END IF;
    RETURN _pggit.merge_pairs(
        _pggit.spell(p_base, _pggit.final_names(v_pairs, p_choices, p_strategy, 'base')),
        _pggit.spell(p_ours, _pggit.final_names(v_pairs, p_choices, p_strategy, 'ours')),
        _pggit.spell(p_theirs, _pggit.final_names(v_pairs, p_choices, p_strategy, 'theirs')));
END;
$$;
COMMENT ON FUNCTION _pggit.pairs_spelled_alike(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text) IS $$
The pairs of three trees, their definitions spelled with the merged names, so that what a rename rewrote is no change.
$$;

CREATE OR REPLACE FUNCTION _pggit.respell(p_before _pggit.object[], p_after _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.spell(p_after, ARRAY(
    SELECT ROW(a.object_id, b.name, a.name)::_pggit.merge_name
    FROM unnest(p_before) AS b
    JOIN unnest(p_after) AS a ON a.object_id = b.object_id
    WHERE a.name <> b.name
));
COMMENT ON FUNCTION _pggit.respell(_pggit.object[], _pggit.object[]) IS $$
The later objects, spelled with the names that changed between both.
$$;

-- 30_merge_objects.sql
CREATE OR REPLACE FUNCTION _pggit.core_attrs(p_attrs jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT jsonb_object_agg(a.key, a.value)
    FROM jsonb_each(_pggit.compared_attrs(p_attrs)) AS a
    WHERE a.key NOT IN ('comment', 'owner') AND a.key NOT LIKE 'acl:%'
), '{}'::jsonb);
COMMENT ON FUNCTION _pggit.core_attrs(jsonb) IS $$
The attributes that make a definition: without position, comment, owner and grants.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_same_object(p_left _pggit.object, p_right _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_left).object_id IS NULL OR (p_right).object_id IS NULL
        THEN (p_left).object_id IS NULL AND (p_right).object_id IS NULL
    ELSE _pggit.object_attributes_changed(p_left, p_right) = '{}'
END;
COMMENT ON FUNCTION _pggit.is_same_object(_pggit.object, _pggit.object) IS $$
Whether the differ finds nothing between both; two absent objects are the same.
$$;

CREATE OR REPLACE FUNCTION _pggit.object_label(p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_object).kind || ' ' || pg_catalog.concat_ws('.',
    (p_object).schema_name, (p_object).table_name, (p_object).name)
    || CASE WHEN (p_object).signature IS NULL THEN '' ELSE '(' || (p_object).signature || ')' END;
COMMENT ON FUNCTION _pggit.object_label(_pggit.object) IS $$
An object's name for people, such as 'column app.users.email'.
$$;

CREATE OR REPLACE FUNCTION _pggit.conflict_shape(p_object _pggit.object, p_parts _pggit.object[] DEFAULT '{}')
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := (p_object).attrs - 'position';
    v_type text := (p_object).attrs ->> 'type';
BEGIN
    IF (p_object).object_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF (p_object).kind = 'column' THEN
        RETURN jsonb_build_object(
            'column_name', (p_object).name,
            'data_type', regexp_replace(v_type, '^(character varying|character|bit varying|bit)\(\d+\)', '\1'),
            'max_length', substring(v_type FROM '^(?:character|bit)[a-z ]*\((\d+)\)')::integer,
            'nullable', NOT coalesce((v_attrs ->> 'not_null')::boolean, false),
            'default', v_attrs -> 'default'
        ) || (v_attrs - ARRAY['not_null', 'default']);
    END IF;
    IF p_parts <> '{}' THEN
        v_attrs := v_attrs || (
            SELECT jsonb_strip_nulls(jsonb_build_object('columns', jsonb_agg(_pggit.conflict_shape(p)
                ORDER BY (p.attrs ->> 'position')::numeric, p.name COLLATE "C")))
            FROM unnest(p_parts) AS p
            WHERE p.kind = 'column');
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'name', (p_object).name, 'schema', (p_object).schema_name)) || v_attrs;
END;
$$;
COMMENT ON FUNCTION _pggit.conflict_shape(_pggit.object, _pggit.object[]) IS $$
One side of a conflict as its reader sees it; a column in the words of the API, a table with its columns.
$$;

CREATE OR REPLACE FUNCTION _pggit.new_conflict(
    p_type text,
    p_pair _pggit.merge_pair,
    p_attribute text,
    p_description text,
    p_other_id uuid DEFAULT NULL
)
RETURNS _pggit.merge_conflict
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_object _pggit.object;
BEGIN
    v_object := CASE
        WHEN ((p_pair).base).object_id IS NOT NULL THEN (p_pair).base
        WHEN ((p_pair).ours).object_id IS NOT NULL THEN (p_pair).ours
        ELSE (p_pair).theirs END;
    RETURN ROW(
        p_type, v_object.object_id, p_other_id, p_attribute, v_object.kind, v_object.schema_name,
        CASE WHEN v_object.kind IN ('table', 'foreign_table', 'view', 'materialized_view')
            THEN v_object.name ELSE v_object.table_name END,
        CASE WHEN v_object.kind = 'column' THEN v_object.name END,
        v_object.name || CASE WHEN v_object.signature IS NULL THEN '' ELSE '(' || v_object.signature || ')' END,
        _pggit.conflict_shape((p_pair).base),
        _pggit.conflict_shape((p_pair).theirs),
        _pggit.conflict_shape((p_pair).ours),
        p_description)::_pggit.merge_conflict;
END;
$$;
COMMENT ON FUNCTION _pggit.new_conflict(text, _pggit.merge_pair, text, text, uuid) IS $$
A conflict over one object, with its three versions.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_choice(
    p_choices _pggit.merge_choice[],
    p_strategy text,
    p_type text,
    p_object_id uuid,
    p_attribute text DEFAULT NULL,
    p_other_id uuid DEFAULT NULL
)
RETURNS _pggit.merge_choice
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT c
    FROM unnest(p_choices) AS c
    WHERE c.conflict_type = p_type
        AND c.object_id = p_object_id
        AND c.attribute IS NOT DISTINCT FROM p_attribute
        AND c.other_id IS NOT DISTINCT FROM p_other_id
    LIMIT 1
), CASE
    WHEN p_type IN ('dependency_broken', 'data_violation') THEN NULL
    WHEN p_strategy = 'ours'
        THEN ROW(p_type, p_object_id, p_other_id, p_attribute, 'use_target', NULL)::_pggit.merge_choice
    WHEN p_strategy = 'theirs'
        THEN ROW(p_type, p_object_id, p_other_id, p_attribute, 'use_source', NULL)::_pggit.merge_choice
    WHEN p_strategy = 'base'
        THEN ROW(p_type, p_object_id, p_other_id, p_attribute, 'use_base', NULL)::_pggit.merge_choice
END);
COMMENT ON FUNCTION _pggit.find_choice(_pggit.merge_choice[], text, text, uuid, text, uuid) IS $$
How a conflict was settled: by its resolution, else by the strategies ours, theirs and base; NULL while it is open.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_lists(p_base jsonb, p_ours jsonb, p_theirs jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_base jsonb[] := ARRAY(SELECT value FROM jsonb_array_elements(coalesce(p_base, '[]')));
    v_kept jsonb[];
    v_sides jsonb[];
    v_gaps jsonb[] := ARRAY[]::jsonb[];
    v_result jsonb := '[]'::jsonb;
    v_ours jsonb;
    v_theirs jsonb;
    v_item jsonb;
BEGIN
    -- What both keep, in the base's order: a side that reorders it cannot be merged.
    v_kept := ARRAY(SELECT b FROM unnest(v_base) WITH ORDINALITY AS u(b, n)
        WHERE p_ours @> jsonb_build_array(b) AND p_theirs @> jsonb_build_array(b) ORDER BY n);
    FOREACH v_item IN ARRAY ARRAY[p_ours, p_theirs] LOOP
        IF v_kept <> ARRAY(SELECT value FROM jsonb_array_elements(v_item) WITH ORDINALITY AS u(value, n)
            WHERE value = ANY (v_kept) ORDER BY n)
        THEN
            RETURN NULL;
        END IF;
    END LOOP;
    -- Per side one list of additions for each gap between kept items; the last gap is the end.
    FOREACH v_item IN ARRAY ARRAY[p_ours, p_theirs] LOOP
        v_sides := ARRAY(
            SELECT coalesce(jsonb_agg(e.value ORDER BY e.n) FILTER (WHERE e.value IS NOT NULL), '[]')
            FROM generate_series(0, cardinality(v_kept)) AS g(gap)
            LEFT JOIN (
                SELECT u.value, u.n,
                    count(*) FILTER (WHERE u.value = ANY (v_kept)) OVER (ORDER BY u.n) AS gap
                FROM jsonb_array_elements(v_item) WITH ORDINALITY AS u(value, n)
            ) AS e ON e.gap = g.gap AND e.value <> ALL (v_kept) AND e.value <> ALL (v_base)
            GROUP BY g.gap
            ORDER BY g.gap);
        v_gaps := v_gaps || to_jsonb(v_sides);
    END LOOP;
    FOR i IN 0 .. cardinality(v_kept) LOOP
        v_ours := v_gaps[1] -> i;
        v_theirs := v_gaps[2] -> i;
        -- Both replaced the same item by something else, or put the same item in two places.
        IF v_ours <> v_theirs AND (
            EXISTS (SELECT FROM unnest(v_base) AS b
                WHERE NOT p_ours @> jsonb_build_array(b) AND NOT p_theirs @> jsonb_build_array(b))
            AND v_ours <> '[]' AND v_theirs <> '[]'
            OR EXISTS (SELECT FROM jsonb_array_elements(v_ours) AS a
                WHERE p_theirs @> jsonb_build_array(a) AND NOT v_theirs @> jsonb_build_array(a))
            OR EXISTS (SELECT FROM jsonb_array_elements(v_theirs) AS a
                WHERE p_ours @> jsonb_build_array(a) AND NOT v_ours @> jsonb_build_array(a)))
        THEN
            RETURN NULL;
        END IF;
        v_item := _pggit.merge_runs(v_ours, v_theirs);
        IF v_item IS NULL THEN
            RETURN NULL;
        END IF;
        v_result := v_result || v_item;
        IF i < cardinality(v_kept) THEN
            v_result := v_result || jsonb_build_array(v_kept[i + 1]);
        END IF;
    END LOOP;
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_lists(jsonb, jsonb, jsonb) IS $$
Merges two ordered sets over their base: both sides' additions in place, both sides' removals gone.
Returns: NULL if the orders contradict or one item was replaced in two ways.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_runs(p_ours jsonb, p_theirs jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_common jsonb;
    v_shorter jsonb;
    v_longer jsonb;
BEGIN
    v_shorter := CASE WHEN jsonb_array_length(p_ours) <= jsonb_array_length(p_theirs) THEN p_ours ELSE p_theirs END;
    v_longer := CASE WHEN v_shorter = p_ours THEN p_theirs ELSE p_ours END;
    SELECT coalesce(jsonb_agg(l.value ORDER BY l.n), '[]')
    INTO v_common
    FROM jsonb_array_elements(v_longer) WITH ORDINALITY AS l(value, n)
    WHERE v_shorter @> jsonb_build_array(l.value);
    IF v_common = v_shorter THEN
        RETURN v_longer;
    ELSIF v_common <> '[]' THEN
        -- a shared beginning, then each side's own
        IF v_shorter -> 0 = v_longer -> 0 THEN
            RETURN jsonb_build_array(v_shorter -> 0) || _pggit.merge_runs(v_shorter - 0, v_longer - 0);
        END IF;
        RETURN NULL;
    END IF;
    -- Nothing in common: the order must not depend on which side is called ours.
    RETURN CASE WHEN (p_ours ->> 0) COLLATE "C" < (p_theirs ->> 0) COLLATE "C"
        THEN p_ours || p_theirs ELSE p_theirs || p_ours END;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_runs(jsonb, jsonb) IS $$
Joins what two sides added at one place, in an order that does not depend on the direction; NULL if their orders contradict.
$$;

-- 30_merge_proof.sql
CREATE OR REPLACE FUNCTION _pggit.affected_ids(p_ours _pggit.object[], p_merged _pggit.object[])
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_ids uuid[];
BEGIN
    WITH RECURSIVE
    edge AS MATERIALIZED (
        SELECT DISTINCT e.object_id, e.needed_id
        FROM (
            SELECT o.object_id, unnest(o.deps || o.parent_id) AS needed_id FROM unnest(p_ours) AS o
            UNION ALL
            SELECT m.object_id, unnest(m.deps || m.parent_id) FROM unnest(p_merged) AS m
            UNION ALL
            -- a sequence's owner is no dependency of its own: it would close a circle with the default
            SELECT w.sequence_id, o.column_id
            FROM _pggit.owned_sequences(_pggit.plan_items(p_ours, p_merged)) AS w
            CROSS JOIN LATERAL (VALUES (w.old_column_id), (w.new_column_id)) AS o(column_id)
        ) AS e
        WHERE e.needed_id IS NOT NULL
    ), change AS (
        SELECT c.object_id, c.kind,
            c.action <> 'modified' OR EXISTS (SELECT FROM unnest(c.attributes) AS a
                WHERE a NOT IN ('comment', 'owner') AND a NOT LIKE 'acl:%') AS is_spreading
        FROM _pggit.diff_objects(p_ours, p_merged) AS c
    ), dependent AS (
        SELECT c.object_id FROM change AS c WHERE c.is_spreading AND c.kind <> 'schema'
        UNION
        SELECT e.object_id FROM dependent AS d JOIN edge AS e ON e.needed_id = d.object_id
    ), part AS MATERIALIZED (
        -- a table is built with its columns
        SELECT p.parent_id, p.object_id
        FROM (SELECT o.* FROM unnest(p_ours) AS o UNION ALL SELECT m.* FROM unnest(p_merged) AS m) AS p
        WHERE p.kind = 'column'
    ), sibling AS MATERIALIZED (
        -- the bounds of partitions stand against each other
        SELECT b.object_id AS parent_id, s.object_id
        FROM change AS c
        JOIN unnest(p_merged) AS b ON b.object_id = c.object_id AND b.attrs ? 'bound'
        JOIN unnest(p_merged) AS s ON s.attrs ->> 'partition_of' = b.attrs ->> 'partition_of'
            AND s.deps && b.deps AND s.object_id <> b.object_id
    ), supply AS MATERIALIZED (
        SELECT e.object_id, e.needed_id FROM edge AS e
        UNION ALL
        SELECT p.parent_id, p.object_id FROM part AS p
        UNION ALL
        SELECT s.parent_id, s.object_id FROM sibling AS s
    ), needed AS (
        SELECT d.object_id FROM dependent AS d
        UNION
        SELECT c.object_id FROM change AS c
        UNION
        SELECT s.needed_id FROM needed AS n JOIN supply AS s ON s.object_id = n.object_id
    )
    SELECT array_agg(n.object_id) INTO v_ids FROM needed AS n;
    RETURN coalesce(v_ids, '{}');
END;
$$;
COMMENT ON FUNCTION _pggit.affected_ids(_pggit.object[], _pggit.object[]) IS $$
The objects that a change touches: the changed ones, what depends on them, and what all these need.
$$;

CREATE OR REPLACE FUNCTION _pggit.bare_objects(p_objects _pggit.object[], p_ids uuid[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
        CASE WHEN o.kind = 'schema' THEN '{}'::jsonb ELSE (o.attrs - 'owner') - ARRAY(
            SELECT k FROM jsonb_object_keys(o.attrs) AS k WHERE k LIKE 'acl:%') END,
        o.deps)::_pggit.object
    FROM unnest(p_objects) AS o
    JOIN unnest(p_ids) AS i(object_id) ON i.object_id = o.object_id
    WHERE o.kind NOT IN ('extension', 'default_privilege')
);
COMMENT ON FUNCTION _pggit.bare_objects(_pggit.object[], uuid[]) IS $$
Some of the objects as a scratch copy holds them: without owners and grants, which the live run proves.
$$;

CREATE OR REPLACE FUNCTION _pggit.try_plan(p_from _pggit.object[], p_to _pggit.object[])
RETURNS _pggit.trial
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
SET client_min_messages = warning
AS $$
DECLARE
    v_logical name[] := _pggit.tracked_schemas();
    -- Branch names hold no tilde and a backend runs one transaction: the name is free.
    v_live name[] := ARRAY(SELECT format('%s@~%s.%s', left(s.name, 20), pg_backend_pid(), s.place)::name
        FROM unnest(v_logical) WITH ORDINALITY AS s(name, place) ORDER BY s.place);
    v_extra jsonb := coalesce((SELECT jsonb_object_agg(s.live, jsonb_build_array(s.logical))
        FROM unnest(v_logical, v_live) AS s(logical, live)
        WHERE _pggit.holds_extension_objects(s.logical)), '{}');
    v_from _pggit.object[] := _pggit.relocate(p_from, v_logical, v_live);
    v_to _pggit.object[] := _pggit.relocate(p_to, v_logical, v_live);
    v_trial _pggit.trial;
    v_schema name;
    v_detail text;
    v_phase integer := 0;
BEGIN
    BEGIN
        FOREACH v_schema IN ARRAY v_live LOOP
            EXECUTE format('CREATE SCHEMA %I', v_schema);
        END LOOP;
        PERFORM _pggit.execute_steps(ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan_transaction(
            ARRAY(SELECT o FROM unnest(v_from) AS o WHERE o.kind = 'schema'), v_from, v_extra) AS s ORDER BY s.step_no));
        v_phase := 1;
        PERFORM _pggit.execute_steps(ARRAY(SELECT ROW(s.*)::_pggit.step
            FROM _pggit.plan_transaction(v_from, v_to, v_extra) AS s ORDER BY s.step_no));
        v_trial.objects := _pggit.bare_objects(r.objects, ARRAY(SELECT o.object_id FROM unnest(r.objects) AS o))
            FROM (SELECT array_agg(i.object) AS objects
                FROM _pggit.read_objects(v_logical, v_live, ARRAY[]::_pggit.known_identity[], p_to) AS i) AS r;
        -- always undone: this is a trial
        RAISE EXCEPTION USING ERRCODE = 'transaction_rollback', MESSAGE = 'end of trial';
    EXCEPTION
        WHEN transaction_rollback OR lock_not_available OR insufficient_resources THEN
            IF SQLSTATE <> '40000' THEN
                RAISE;
            END IF;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                v_trial.error_state = RETURNED_SQLSTATE,
                v_trial.error_message = MESSAGE_TEXT,
                v_detail = PG_EXCEPTION_DETAIL;
            v_trial.error_step := CASE WHEN v_phase = 1
                THEN coalesce(substring(v_detail FROM 'In step ([0-9]+),')::integer, 0) ELSE 0 END;
            v_trial.error_message := concat_ws(': ', v_trial.error_message, nullif(split_part(v_detail, 'In step ', 1), ''));
            v_trial.objects := NULL;
    END;
    RETURN v_trial;
END;
$$;
COMMENT ON FUNCTION _pggit.try_plan(_pggit.object[], _pggit.object[]) IS $$
Builds one state in scratch schemas, leads it to another by its plan, and reads the result back; all of it is rolled back.
Errors: 55P03 and class 53 are raised, every other failure is in the result.
$$;

CREATE OR REPLACE FUNCTION _pggit.adopt_text(p_merged _pggit.object[], p_read _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT CASE WHEN c.object_id IS NULL THEN m ELSE ROW(
        m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature,
        (c.new).attrs || coalesce((
            SELECT jsonb_object_agg(a.key, a.value) FROM jsonb_each(m.attrs) AS a
            WHERE a.key IN ('owner', 'position') OR a.key LIKE 'acl:%'), '{}'),
        m.deps)::_pggit.object END
    FROM unnest(p_merged) AS m
    LEFT JOIN _pggit.diff_objects(
        _pggit.bare_objects(p_merged, ARRAY(SELECT r.object_id FROM unnest(p_read) AS r)), p_read) AS c
        ON c.object_id = m.object_id AND c.action = 'modified'
);
COMMENT ON FUNCTION _pggit.adopt_text(_pggit.object[], _pggit.object[]) IS $$
The merged objects with the definitions as PostgreSQL printed them when it had built them.
$$;

CREATE OR REPLACE FUNCTION _pggit.refusal(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_merged _pggit.object[],
    p_object_id uuid,
    p_type text,
    p_message text,
    p_other_id uuid DEFAULT NULL
)
RETURNS _pggit.merge_conflict
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_pair _pggit.merge_pair;
    v_object _pggit.object;
BEGIN
    v_pair.object_id := p_object_id;
    v_pair.base := (SELECT o FROM unnest(p_base) AS o WHERE o.object_id = p_object_id);
    v_pair.ours := (SELECT o FROM unnest(p_ours) AS o WHERE o.object_id = p_object_id);
    v_pair.theirs := (SELECT o FROM unnest(p_theirs) AS o WHERE o.object_id = p_object_id);
    v_object := (SELECT o FROM unnest(p_merged || p_ours) AS o WHERE o.object_id = p_object_id LIMIT 1);
    RETURN _pggit.new_conflict(p_type, v_pair, NULL,
        coalesce(_pggit.object_label(v_object) || ': ', '') || p_message, p_other_id);
END;
$$;
COMMENT ON FUNCTION _pggit.refusal(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[], uuid, text, text, uuid) IS $$
A conflict over an object that PostgreSQL or the rows refuse.
$$;

CREATE OR REPLACE FUNCTION _pggit.prove_merge(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_merged _pggit.object[]
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_ids uuid[] := _pggit.affected_ids(p_ours, p_merged);
    v_from _pggit.object[] := _pggit.bare_objects(p_ours, v_ids);
    v_to _pggit.object[] := _pggit.bare_objects(p_merged, v_ids);
    v_trial _pggit.trial;
    v_fresh _pggit.trial;
    v_object_id uuid;
    v_faults text[];
    v_result _pggit.merge_result := ROW(p_merged, '{}', '{}')::_pggit.merge_result;
BEGIN
    IF v_ids = '{}' THEN
        RETURN v_result;
    END IF;
    v_trial := _pggit.try_plan(v_from, v_to);
    IF v_trial.error_state IS NOT NULL AND v_trial.error_step = 0 THEN
        -- the target as it stands cannot be copied: what the live run says must do
        v_result.notes := ARRAY[format('not tried on a scratch copy: %s', v_trial.error_message)];
        RETURN v_result;
    ELSIF v_trial.error_state IS NOT NULL THEN
        SELECT s.object_id INTO v_object_id
        FROM _pggit.plan_transaction(v_from, v_to) AS s
        WHERE s.step_no = v_trial.error_step;
        v_result.conflicts := ARRAY[_pggit.refusal(p_base, p_ours, p_theirs, p_merged, v_object_id,
            'dependency_broken', v_trial.error_message, (
                -- the target's partition that the source's overlaps
                SELECT m.object_id FROM unnest(v_to) AS m
                WHERE m.name = substring(v_trial.error_message FROM 'would overlap partition "(.*)"')
                    AND m.kind = 'table' AND m.object_id <> v_object_id
                LIMIT 1))];
        RETURN v_result;
    END IF;
    IF EXISTS (SELECT FROM _pggit.diff_objects(v_to, v_trial.objects)) THEN
        -- A type changed under an expression, say: PostgreSQL prints it otherwise. Then building the merged objects from
        -- nothing must print the same, and that print is what is merged.
        v_fresh := _pggit.try_plan(ARRAY(SELECT o FROM unnest(v_to) AS o WHERE o.kind = 'schema'), v_to);
        v_faults := CASE WHEN v_fresh.error_state IS NULL
            THEN _pggit.list_faults(v_fresh.objects, v_trial.objects)
            ELSE _pggit.list_faults(v_to, v_trial.objects) END;
        IF v_faults <> '{}' THEN
            SELECT c.object_id INTO v_object_id FROM _pggit.diff_objects(v_to, v_trial.objects) AS c LIMIT 1;
            v_result.conflicts := ARRAY[_pggit.refusal(p_base, p_ours, p_theirs, p_merged, v_object_id,
                'dependency_broken', array_to_string(v_faults[1:5], '; '))];
            RETURN v_result;
        END IF;
        v_result.objects := _pggit.adopt_text(p_merged, v_trial.objects);
    END IF;
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.prove_merge(_pggit.object[], _pggit.object[], _pggit.object[], _pggit.object[]) IS $$
Tries the way from the target to the merged tree on a scratch copy of what it touches.
Returns: the merged tree as PostgreSQL prints it, or the conflict that it found.
$$;

-- 30_merge_replay.sql
CREATE OR REPLACE FUNCTION _pggit.first_parent(p_commit_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT p.parent_commit_id
    FROM _pggit.commit_parents AS p
    WHERE p.commit_id = p_commit_id AND p.ordinality = 1
);
COMMENT ON FUNCTION _pggit.first_parent(integer) IS 'The first parent of a commit; NULL for the first commit.';

CREATE OR REPLACE FUNCTION _pggit.replay(p_operation text, p_commit text, p_target text, p_path name[])
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches := _pggit.session_branch(p_target, p_path);
    v_commit _pggit.commits;
    v_parent integer;
    v_merge _pggit.merges;
BEGIN
    IF p_commit IS NULL THEN
        PERFORM _pggit.raise_error('VCV12', 'no commit to ' || replace(p_operation, '_', '-'), 'p_commit is NULL.',
            'Name a commit.');
    END IF;
    SELECT c.* INTO STRICT v_commit FROM _pggit.commits AS c WHERE c.commit_id = _pggit.resolve_ref(p_commit, v_target.name);
    v_parent := _pggit.first_parent(v_commit.commit_id);
    IF v_parent IS NULL THEN
        PERFORM _pggit.raise_error('VCV14', format('commit %s has no parent', v_commit.commit_id),
            'It is the first commit of the repository.', 'Name a later commit.');
    END IF;
    v_merge.operation := p_operation;
    v_merge.merge_strategy := 'auto';
    v_merge.source_ref := p_commit;
    v_merge.target_branch_id := v_target.branch_id;
    v_merge.target_commit_id := v_target.head_commit_id;
    v_merge.ours_commit_id := v_target.head_commit_id;
    v_merge.todo_commit_ids := '{}';
    v_merge.base_commit_id := CASE p_operation WHEN 'revert' THEN v_commit.commit_id ELSE v_parent END;
    v_merge.source_commit_id := CASE p_operation WHEN 'revert' THEN v_parent ELSE v_commit.commit_id END;
    v_merge.merge_message := CASE p_operation WHEN 'revert' THEN format('Revert "%s"', v_commit.message) ELSE v_commit.message END;
    RETURN _pggit.run_merge(_pggit.insert_merge(v_merge), true);
END;
$$;
COMMENT ON FUNCTION _pggit.replay(text, text, text, name[]) IS $$
Behind pggit.cherry_pick and pggit.revert. A merge commit counts as what it brought to its first parent.
$$;

CREATE OR REPLACE FUNCTION pggit.cherry_pick(p_commit text, p_target text DEFAULT NULL)
RETURNS pggit.merges
LANGUAGE sql
VOLATILE
RETURN _pggit.replay('cherry_pick', p_commit, p_target, current_schemas(false));
COMMENT ON FUNCTION pggit.cherry_pick(text, text) IS $$
Applies to a branch what one commit changed: a merge over that commit's parent. Dropped data is dropped: the commit says so.
p_commit: any ref.
p_target: a branch; NULL for the session's.
Returns: the merge; may wait for conflicts as any other.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV12 without a commit; VCV14 for the first commit; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION pggit.revert(p_commit text, p_target text DEFAULT NULL)
RETURNS pggit.merges
LANGUAGE sql
VOLATILE
RETURN _pggit.replay('revert', p_commit, p_target, current_schemas(false));
COMMENT ON FUNCTION pggit.revert(text, text) IS $$
Takes back on a branch what one commit changed: a merge of that commit's parent over the commit.
p_commit: any ref.
p_target: a branch; NULL for the session's.
Returns: the merge; may wait for conflicts as any other.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV12 without a commit; VCV14 for the first commit; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION _pggit.commits_to_replay(p_head integer, p_onto integer)
RETURNS integer[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH RECURSIVE line (commit_id) AS (
        SELECT p_head
        UNION ALL
        SELECT p.parent_commit_id
        FROM line AS l
        JOIN _pggit.commit_parents AS p ON p.commit_id = l.commit_id AND p.ordinality = 1
    )
    SELECT coalesce(array_agg(c.commit_id ORDER BY c.generation), '{}')
    FROM line AS l
    JOIN _pggit.commits AS c ON c.commit_id = l.commit_id
    WHERE c.commit_id NOT IN (SELECT a FROM _pggit.list_ancestors(ARRAY[p_onto]) AS a)
);
COMMENT ON FUNCTION _pggit.commits_to_replay(integer, integer) IS $$
The commits on a branch's own line that another commit does not have, oldest first; a merge commit counts as one.
$$;

CREATE OR REPLACE FUNCTION _pggit.run_rebase(p_merge _pggit.merges, p_allow_data_loss boolean)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_choices _pggit.merge_choice[] := _pggit.merge_choices(p_merge.merge_id);
    v_todo integer[] := p_merge.source_commit_id || p_merge.todo_commit_ids;
    v_result _pggit.merge_result;
    v_ours _pggit.object[];
    v_message text;
    v_ours_id integer := p_merge.ours_commit_id;
BEGIN
    -- Commit by commit, in the store only: the worktree is led to the end in one go.
    WHILE v_todo <> '{}' LOOP
        v_ours := _pggit.tree_array(v_ours_id);
        v_result := _pggit.merge_trees(_pggit.tree_array(_pggit.first_parent(v_todo[1])), v_ours,
            _pggit.tree_array(v_todo[1]), v_choices, 'auto');
        IF v_result.conflicts <> '{}' THEN
            UPDATE _pggit.merges AS m
            SET ours_commit_id = v_ours_id,
                source_commit_id = v_todo[1],
                base_commit_id = _pggit.first_parent(v_todo[1]),
                todo_commit_ids = v_todo[2:]
            WHERE m.merge_id = p_merge.merge_id;
            PERFORM _pggit.leave_conflicts(p_merge, v_result.conflicts, v_result.notes);
            RETURN _pggit.merge_row(p_merge.merge_id);
        END IF;
        IF EXISTS (SELECT FROM _pggit.diff_objects(v_ours, v_result.objects)) THEN
            v_message := (SELECT c.message FROM _pggit.commits AS c WHERE c.commit_id = v_todo[1]);
            v_ours_id := _pggit.write_commit(_pggit.write_tree(v_result.objects), ARRAY[v_ours_id], v_message);
        END IF;
        v_todo := v_todo[2:];
    END LOOP;
    RETURN _pggit.finish_rebase(p_merge, v_ours_id, p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION _pggit.run_rebase(_pggit.merges, boolean) IS $$
Replays what a rebase has left, up to the first conflict or to the end.
$$;

CREATE OR REPLACE FUNCTION _pggit.finish_rebase(p_merge _pggit.merges, p_commit_id integer, p_allow_data_loss boolean)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_head _pggit.object[] := _pggit.tree_array(p_merge.target_commit_id);
    v_final _pggit.object[] := _pggit.tree_array(p_commit_id);
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_attempt _pggit.merge_attempt;
    v_proof _pggit.merge_result := _pggit.prove_merge(v_head, v_head, v_final, v_final);
BEGIN
    v_attempt.objects := v_final;
    v_attempt.conflicts := v_proof.conflicts;
    IF v_worktree_id IS NOT NULL THEN
        v_attempt.conflicts := v_attempt.conflicts || ARRAY(
            SELECT d FROM _pggit.data_conflicts(v_worktree_id, v_head, v_head, v_final, v_final) AS d);
        v_attempt.steps := _pggit.plan_worktree(v_worktree_id, v_head, v_final);
    END IF;
    IF v_attempt.conflicts <> '{}' THEN
        PERFORM _pggit.raise_error('VCS09', format('the rebase of "%s" does not build', p_merge.source_ref),
            (SELECT string_agg(c.description, E'\n') FROM unnest(v_attempt.conflicts) AS c),
            'Merge instead: its conflicts can be resolved one by one.');
    END IF;
    PERFORM _pggit.is_shipped(p_merge, v_attempt, false);
    PERFORM _pggit.check_losses(p_merge, v_attempt, p_allow_data_loss);
    PERFORM _pggit.move_branch(p_merge.target_branch_id, p_merge.target_commit_id, p_commit_id,
        format('rebase onto %s', p_merge.source_ref));
    IF v_worktree_id IS NOT NULL THEN
        PERFORM _pggit.execute_steps(v_attempt.steps,
            (SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = v_worktree_id));
        PERFORM _pggit.read_back(p_merge, v_worktree_id, p_commit_id, v_final, NULL);
    END IF;
    PERFORM _pggit.store_conflicts(p_merge.merge_id, ARRAY[]::_pggit.merge_conflict[]);
    UPDATE _pggit.merges AS m
    SET status = 'completed', merge_commit_id = p_commit_id, completed_at = clock_timestamp(),
        message = format('rebased %s onto %s', (SELECT b.name FROM _pggit.branches AS b
            WHERE b.branch_id = m.target_branch_id), m.source_ref)
    WHERE m.merge_id = p_merge.merge_id;
    RETURN _pggit.merge_row(p_merge.merge_id);
END;
$$;
COMMENT ON FUNCTION _pggit.finish_rebase(_pggit.merges, integer, boolean) IS $$
Moves a rebased branch to its last replayed commit and leads its worktree there.
Errors: VCS09 where the result does not build; VCS11, VCS12, VCC01.
$$;

CREATE OR REPLACE FUNCTION pggit.rebase(p_branch text, p_onto text)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches := _pggit.get_branch(p_branch);
    v_onto integer := _pggit.resolve_ref(p_onto, p_branch);
    v_todo integer[] := _pggit.commits_to_replay(v_branch.head_commit_id, v_onto);
    v_merge _pggit.merges;
BEGIN
    IF p_branch = p_onto THEN
        PERFORM _pggit.raise_error('VCV10', format('branch "%s" cannot be rebased onto itself', p_branch), NULL,
            'Name another branch, tag or commit.');
    END IF;
    v_merge.operation := 'rebase';
    v_merge.merge_strategy := 'auto';
    v_merge.source_ref := p_onto;
    v_merge.source_branch_id := (SELECT b.branch_id FROM _pggit.find_branch(p_onto) AS b);
    v_merge.target_branch_id := v_branch.branch_id;
    v_merge.target_commit_id := v_branch.head_commit_id;
    v_merge.ours_commit_id := v_onto;
    v_merge.source_commit_id := coalesce(v_todo[1], v_branch.head_commit_id);
    v_merge.base_commit_id := _pggit.first_parent(v_todo[1]);
    v_merge.todo_commit_ids := coalesce(v_todo[2:], '{}');
    v_merge.merge_message := format('Rebase %s onto %s', p_branch, p_onto);
    IF _pggit.is_ancestor(v_onto, v_branch.head_commit_id) THEN
        v_merge.status := 'completed';
        v_merge.message := 'already up to date';
        v_merge := _pggit.insert_merge(v_merge);
        RETURN _pggit.merge_row(v_merge.merge_id);
    END IF;
    v_merge := _pggit.insert_merge(v_merge);
    IF v_todo = '{}' THEN
        RETURN _pggit.finish_rebase(v_merge, v_onto, true);
    END IF;
    RETURN _pggit.run_rebase(v_merge, true);
END;
$$;
COMMENT ON FUNCTION pggit.rebase(text, text) IS $$
Replays a branch's own commits on another commit and moves the branch there, its worktree with it.
p_onto: any ref.
Returns: the merge; waits for conflicts at the first commit that has some, and pggit.complete_merge goes on from there.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV10 for a branch onto itself; VCS09 where the result does not build; VCS11,
VCS12, VCC01.
$$;

-- 30_merge_run.sql
COMMENT ON TYPE pggit.merge_preview IS 'A conflict that a merge would leave, a step that it would run, or a note.';

CREATE OR REPLACE FUNCTION _pggit.prepare_merge(
    p_source text,
    p_target _pggit.branches,
    p_message text,
    p_strategy text,
    p_base text
)
RETURNS _pggit.merges
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges;
    v_source _pggit.branches;
    v_bases integer[];
BEGIN
    SELECT b.* INTO v_source FROM _pggit.find_branch(p_source) AS b;
    v_merge.operation := 'merge';
    v_merge.merge_strategy := coalesce(p_strategy, 'auto');
    v_merge.source_branch_id := v_source.branch_id;
    v_merge.source_ref := p_source;
    v_merge.target_branch_id := p_target.branch_id;
    v_merge.todo_commit_ids := '{}';
    IF v_merge.merge_strategy NOT IN ('auto', 'three-way', 'fast-forward', 'ours', 'theirs') THEN
        PERFORM _pggit.raise_error('VCV11', format('"%s" is not a merge strategy', p_strategy), NULL,
            'Use auto, three-way, fast-forward, ours or theirs.');
    ELSIF p_source IS NULL THEN
        PERFORM _pggit.raise_error('VCV12', 'no source to merge', 'p_source is NULL.', 'Name a branch, a tag or a commit.');
    ELSIF v_source.branch_id = p_target.branch_id THEN
        PERFORM _pggit.raise_error('VCV10', format('branch "%s" cannot be merged into itself', p_source), NULL,
            'Name another branch as source or as target.');
    ELSIF v_merge.merge_strategy = 'three-way' AND p_base IS NULL THEN
        PERFORM _pggit.raise_error('VCV12', 'the strategy three-way needs a base', 'p_base is NULL.',
            'Name a base, or use the strategy auto, which finds the merge base itself.');
    END IF;
    v_merge.source_commit_id := coalesce(v_source.head_commit_id, _pggit.resolve_ref(p_source, p_target.name));
    v_merge.target_commit_id := p_target.head_commit_id;
    v_merge.ours_commit_id := p_target.head_commit_id;
    v_merge.merge_message := coalesce(_pggit.check_message(coalesce(p_message,
        format('Merge %s into %s', p_source, p_target.name))));
    IF p_base IS NOT NULL THEN
        v_merge.base_commit_id := _pggit.resolve_ref(p_base, p_target.name);
        v_merge.merge_base_branch_id := (SELECT b.branch_id FROM _pggit.find_branch(p_base) AS b);
    ELSE
        v_bases := _pggit.merge_bases(v_merge.ours_commit_id, v_merge.source_commit_id);
        v_merge.base_commit_id := CASE WHEN cardinality(v_bases) = 1 THEN v_bases[1] END;
    END IF;
    IF _pggit.is_ancestor(v_merge.source_commit_id, v_merge.target_commit_id) AND p_base IS NULL THEN
        v_merge.status := 'completed';
        v_merge.message := 'already up to date';
    ELSIF v_merge.merge_strategy = 'fast-forward'
        AND NOT _pggit.is_ancestor(v_merge.target_commit_id, v_merge.source_commit_id)
    THEN
        PERFORM _pggit.raise_error('VCS23', format('branch "%s" cannot be fast-forwarded to "%s"', p_target.name, p_source),
            'Both have commits that the other has not.', 'Use the strategy auto.');
    END IF;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.prepare_merge(text, _pggit.branches, text, text, text) IS $$
A merge as it would be recorded, its commits pinned; completed at once where there is nothing to merge.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV02 for an empty message; VCV10 for a branch into itself; VCV11 for an unknown
strategy; VCV12 where the source or the base is missing; VCS23 where no fast-forward is possible.
$$;

CREATE OR REPLACE FUNCTION _pggit.attempt_merge(p_merge _pggit.merges, p_choices _pggit.merge_choice[])
RETURNS _pggit.merge_attempt
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_base _pggit.object[];
    v_head _pggit.object[] := _pggit.tree_array(p_merge.target_commit_id);
    v_ours _pggit.object[] := v_head;
    v_theirs _pggit.object[] := _pggit.tree_array(p_merge.source_commit_id);
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_result _pggit.merge_result;
    v_proof _pggit.merge_result;
BEGIN
    IF p_merge.ours_commit_id <> p_merge.target_commit_id THEN
        v_ours := _pggit.tree_array(p_merge.ours_commit_id);
    END IF;
    IF p_merge.merge_strategy = 'fast-forward' THEN
        v_base := v_ours;
    ELSIF p_merge.base_commit_id IS NULL AND p_merge.operation = 'merge' THEN
        v_base := _pggit.merge_base_objects(p_merge.ours_commit_id, p_merge.source_commit_id);
    ELSE
        v_base := _pggit.tree_array(p_merge.base_commit_id);
    END IF;
    v_result := _pggit.merge_trees(v_base, v_ours, v_theirs, p_choices, p_merge.merge_strategy);
    IF v_worktree_id IS NOT NULL THEN
        v_result.conflicts := v_result.conflicts || ARRAY(
            SELECT d FROM _pggit.data_conflicts(v_worktree_id, v_base, v_head, v_theirs, v_result.objects) AS d);
    END IF;
    IF v_result.conflicts = '{}' THEN
        v_proof := _pggit.prove_merge(v_base, v_head, v_theirs, v_result.objects);
        v_result.objects := v_proof.objects;
        v_result.conflicts := v_proof.conflicts;
        v_result.notes := v_result.notes || v_proof.notes;
    END IF;
    RETURN ROW(v_result.objects, v_result.conflicts, v_result.notes, CASE
        WHEN v_worktree_id IS NOT NULL THEN _pggit.plan_worktree(v_worktree_id, v_head, v_result.objects)
        ELSE ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan_transaction(v_head, v_result.objects) AS s ORDER BY s.step_no)
    END)::_pggit.merge_attempt;
END;
$$;
COMMENT ON FUNCTION _pggit.attempt_merge(_pggit.merges, _pggit.merge_choice[]) IS $$
Everything of a merge but its last step: the merged tree, the open conflicts, the proof, and the plan for the target.
Locks: ACCESS SHARE on the target's tables whose rows are asked.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_back(
    p_merge _pggit.merges,
    p_worktree_id integer,
    p_commit_id integer,
    p_objects _pggit.object[],
    p_parents integer[]
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_read _pggit.identified[] := ARRAY(
        SELECT ROW(i.*)::_pggit.identified FROM _pggit.read_worktree(p_worktree_id, p_commit_id) AS i);
    v_objects _pggit.object[] := ARRAY(SELECT i.object FROM unnest(v_read) AS i);
    v_added uuid[] := ARRAY(
        SELECT m.object_id FROM unnest(p_objects) AS m
        WHERE NOT EXISTS (SELECT FROM unnest(_pggit.tree_array(p_merge.target_commit_id)) AS o
            WHERE o.object_id = m.object_id));
    v_faults text[];
    v_commit_id integer := p_commit_id;
BEGIN
    IF EXISTS (
        SELECT FROM _pggit.diff_objects(p_objects, v_objects) AS c
        WHERE c.action <> 'modified' OR c.object_id <> ALL (v_added)
            OR EXISTS (SELECT FROM unnest(c.attributes) AS a WHERE a NOT LIKE 'acl:%'))
    THEN
        v_faults := _pggit.list_faults(p_objects, v_objects);
        PERFORM _pggit.raise_error('VCS09', format('the target differs from the merged tree at %s', v_faults[1]),
            array_to_string(v_faults[1:20], E'\n'), 'Nothing was changed; pggit.lint names what pggit does not cover.');
    ELSIF EXISTS (SELECT FROM _pggit.diff_objects(p_objects, v_objects)) AND p_parents IS NOT NULL THEN
        -- Default privileges of the target's schema came with the new objects: they are part of the merged state.
        v_commit_id := _pggit.write_commit(_pggit.write_tree(v_objects), p_parents, p_merge.merge_message);
        PERFORM _pggit.move_branch(p_merge.target_branch_id, p_commit_id, v_commit_id, p_merge.operation);
    END IF;
    PERFORM _pggit.store_identities(p_worktree_id, v_read);
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.read_back(_pggit.merges, integer, integer, _pggit.object[], integer[]) IS $$
Reads the target's worktree after the merge, compares it with the merged tree, and remembers the identities.
Returns: the commit that holds what was read; another than p_commit_id where default privileges gave new objects grants.
Errors: VCS09 naming what differs.
$$;

CREATE OR REPLACE FUNCTION _pggit.apply_merge(p_merge _pggit.merges, p_attempt _pggit.merge_attempt, p_is_shipped boolean)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_parents integer[] := CASE WHEN p_merge.operation = 'merge'
        THEN ARRAY[p_merge.ours_commit_id, p_merge.source_commit_id] ELSE ARRAY[p_merge.ours_commit_id] END;
    v_tree bytea := _pggit.write_tree(p_attempt.objects);
    v_commit_id integer;
BEGIN
    IF p_merge.operation = 'merge' AND _pggit.is_ancestor(p_merge.target_commit_id, p_merge.source_commit_id)
        AND (p_merge.merge_strategy = 'fast-forward' OR v_tree = _pggit.commit_tree(p_merge.target_commit_id)
            AND v_tree = _pggit.commit_tree(p_merge.source_commit_id))
    THEN
        v_commit_id := p_merge.source_commit_id;
        v_parents := NULL;
    ELSE
        v_commit_id := _pggit.write_commit(v_tree, v_parents, p_merge.merge_message);
    END IF;
    -- The row first: who comes second waits here, before any lock on a live table, and then loses.
    PERFORM _pggit.move_branch(p_merge.target_branch_id, p_merge.target_commit_id, v_commit_id,
        format('%s %s', p_merge.operation, p_merge.source_ref));
    IF v_worktree_id IS NOT NULL THEN
        IF NOT p_is_shipped THEN
            PERFORM _pggit.execute_steps(p_attempt.steps,
                (SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = v_worktree_id));
        END IF;
        v_commit_id := _pggit.read_back(p_merge, v_worktree_id, v_commit_id, p_attempt.objects, v_parents);
    END IF;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.apply_merge(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Commits the merged tree, moves the target to it, leads its worktree there and reads it back.
p_is_shipped: the worktree is at the merged tree already.
Errors: VCC01 where the target moved; VCS09 where PostgreSQL made something else; PostgreSQL's own.
Locks: the target's branch row; on live tables what the plan says.
$$;

CREATE OR REPLACE FUNCTION _pggit.try_apply(
    p_merge _pggit.merges,
    p_attempt _pggit.merge_attempt,
    p_is_shipped boolean
)
RETURNS _pggit.merge_applied
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_state text;
    v_message text;
    v_detail text;
    v_object_id uuid;
    v_applied _pggit.merge_applied;
BEGIN
    v_applied.commit_id := _pggit.apply_merge(p_merge, p_attempt, p_is_shipped);
    RETURN v_applied;
EXCEPTION
    WHEN object_in_use THEN
        PERFORM _pggit.raise_error('VCS24', 'a table of the target is in use by this session', SQLERRM,
            'Commit or end the transaction that holds pending trigger events or open cursors, then merge again.');
        RETURN NULL;
    WHEN integrity_constraint_violation OR data_exception OR dependent_objects_still_exist OR feature_not_supported
        OR undefined_object OR undefined_column OR undefined_table OR undefined_function OR datatype_mismatch
        OR duplicate_object OR duplicate_table OR invalid_table_definition OR invalid_object_definition
        OR invalid_foreign_key OR cannot_coerce OR wrong_object_type OR invalid_column_definition
    THEN
        GET STACKED DIAGNOSTICS
            v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
        v_object_id := (SELECT s.object_id FROM unnest(p_attempt.steps) AS s
            WHERE s.step_no = substring(v_detail FROM 'In step ([0-9]+),')::integer);
        v_applied.conflict := _pggit.refusal(ARRAY[]::_pggit.object[], _pggit.tree_array(p_merge.ours_commit_id),
            _pggit.tree_array(p_merge.source_commit_id), p_attempt.objects, v_object_id,
            CASE WHEN v_state ~ '^2[23]' THEN 'data_violation' ELSE 'dependency_broken' END, v_message);
        RETURN v_applied;
END;
$$;
COMMENT ON FUNCTION _pggit.try_apply(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Applies a merge; what PostgreSQL refuses for the sake of rows or definitions undoes all of it and becomes a conflict.
Errors: VCC01, VCS09, VCS24 where this session itself uses a table, 42501, 55P03.
$$;

-- 30_merge_steps.sql
CREATE OR REPLACE FUNCTION _pggit.merge_pairs(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[]
)
RETURNS _pggit.merge_pair[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(coalesce(b.object_id, o.object_id, t.object_id), b, o, t)::_pggit.merge_pair
    FROM unnest(p_base) AS b
    FULL JOIN unnest(p_ours) AS o ON o.object_id = b.object_id
    FULL JOIN unnest(p_theirs) AS t ON t.object_id = coalesce(b.object_id, o.object_id)
);
COMMENT ON FUNCTION _pggit.merge_pairs(_pggit.object[], _pggit.object[], _pggit.object[]) IS $$
Puts the three versions of each object side by side, by identity.
$$;

CREATE OR REPLACE FUNCTION _pggit.pair_container(p_pair _pggit.merge_pair)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN coalesce(((p_pair).base).table_name, ((p_pair).ours).table_name, ((p_pair).theirs).table_name) IS NULL
        THEN (p_pair).object_id
    ELSE coalesce(((p_pair).base).parent_id, ((p_pair).ours).parent_id, ((p_pair).theirs).parent_id)
END;
COMMENT ON FUNCTION _pggit.pair_container(_pggit.merge_pair) IS $$
The table, view or domain that an object is a part of; else the object itself.
$$;

CREATE OR REPLACE FUNCTION _pggit.contested_containers(p_pairs _pggit.merge_pair[])
RETURNS TABLE (container_id uuid, conflict_type text)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH parts AS (
        SELECT
            _pggit.pair_container(p) AS container_id,
            p.object_id,
            coalesce((p.ours).kind, (p.theirs).kind, (p.base).kind) AS kind,
            (p.base).object_id IS NOT NULL AS in_base,
            (p.ours).object_id IS NOT NULL AS in_ours,
            (p.theirs).object_id IS NOT NULL AS in_theirs,
            NOT _pggit.is_same_object(p.base, p.ours) AS ours_changed,
            NOT _pggit.is_same_object(p.base, p.theirs) AS theirs_changed,
            _pggit.core_attrs((p.ours).attrs) AS ours_core,
            _pggit.core_attrs((p.theirs).attrs) AS theirs_core
        FROM unnest(p_pairs) AS p
    ), containers AS (
        SELECT
            c.container_id,
            bool_or(c.in_base) FILTER (WHERE c.object_id = c.container_id) AS in_base,
            bool_or(c.in_ours) FILTER (WHERE c.object_id = c.container_id) AS in_ours,
            bool_or(c.in_theirs) FILTER (WHERE c.object_id = c.container_id) AS in_theirs,
            bool_or(c.ours_changed) AS ours_changed,
            bool_or(c.theirs_changed) AS theirs_changed,
            bool_or(c.ours_core IS DISTINCT FROM c.theirs_core)
                FILTER (WHERE c.kind = 'column' OR c.object_id = c.container_id) AS is_different,
            array_agg(c.ours_core ORDER BY c.ours_core)
                FILTER (WHERE c.kind = 'constraint' AND c.in_ours) AS ours_constraints,
            array_agg(c.theirs_core ORDER BY c.theirs_core)
                FILTER (WHERE c.kind = 'constraint' AND c.in_theirs) AS theirs_constraints
        FROM parts AS c
        GROUP BY c.container_id
    )
    SELECT
        c.container_id,
        CASE WHEN c.in_base THEN 'modify_delete' ELSE 'both_added' END
    FROM containers AS c
    WHERE CASE
        WHEN c.in_base THEN c.in_ours AND c.ours_changed AND NOT c.in_theirs
            OR c.in_theirs AND c.theirs_changed AND NOT c.in_ours
        ELSE c.in_ours AND c.in_theirs
            AND (c.is_different OR c.ours_constraints IS DISTINCT FROM c.theirs_constraints)
    END;
END;
COMMENT ON FUNCTION _pggit.contested_containers(_pggit.merge_pair[]) IS $$
What one side deleted and the other changed, and what both added differently; a table counts with all its parts.
$$;

CREATE OR REPLACE FUNCTION _pggit.side_object(p_pair _pggit.merge_pair, p_choice _pggit.merge_choice)
RETURNS _pggit.object
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_choice).custom ? 'objects' THEN (
        SELECT o
        FROM jsonb_populate_recordset(NULL::_pggit.object, (p_choice).custom -> 'objects') AS o
        WHERE o.object_id = (p_pair).object_id
    )
    WHEN (p_choice).strategy = 'use_source' THEN (p_pair).theirs
    WHEN (p_choice).strategy = 'use_base' THEN (p_pair).base
    ELSE (p_pair).ours
END;
COMMENT ON FUNCTION _pggit.side_object(_pggit.merge_pair, _pggit.merge_choice) IS $$
The version of an object that a choice takes; the target's while nothing is chosen.
$$;

CREATE OR REPLACE FUNCTION _pggit.overlay_object(p_object _pggit.object, p_choice _pggit.merge_choice)
RETURNS _pggit.object
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF (p_choice).custom ? 'attrs' THEN
        p_object.attrs := jsonb_strip_nulls(p_object.attrs || ((p_choice).custom -> 'attrs'));
    END IF;
    IF (p_choice).custom ? 'name' THEN
        p_object.name := (p_choice).custom ->> 'name';
    END IF;
    RETURN p_object;
END;
$$;
COMMENT ON FUNCTION _pggit.overlay_object(_pggit.object, _pggit.merge_choice) IS $$
Lays the attributes and the name of a custom resolution over an object.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_deps(p_base uuid[], p_ours uuid[], p_theirs uuid[])
RETURNS uuid[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT d
    FROM (SELECT unnest(p_ours) UNION SELECT unnest(p_theirs)) AS u(d)
    WHERE d = ANY (p_ours) AND d = ANY (p_theirs) OR d <> ALL (coalesce(p_base, '{}'))
    ORDER BY d
);
COMMENT ON FUNCTION _pggit.merge_deps(uuid[], uuid[], uuid[]) IS $$
What a merged object needs: what both need and what either side added.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_place(
    p_pair _pggit.merge_pair,
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_base _pggit.object := (p_pair).base;
    v_ours _pggit.object := (p_pair).ours;
    v_theirs _pggit.object := (p_pair).theirs;
    v_choice _pggit.merge_choice;
    v_conflicts _pggit.merge_conflict[] := ARRAY[]::_pggit.merge_conflict[];
BEGIN
    IF v_theirs.name <> v_ours.name AND v_ours.name = v_base.name THEN
        v_ours.name := v_theirs.name;
    ELSIF v_theirs.name <> v_ours.name AND v_theirs.name IS DISTINCT FROM v_base.name THEN
        v_choice := _pggit.find_choice(p_choices, p_strategy, 'rename_rename', v_ours.object_id, 'name');
        IF v_choice.strategy IS NULL THEN
            v_conflicts := v_conflicts || _pggit.new_conflict('rename_rename', p_pair, 'name', format(
                '%s was renamed to "%s" in the target and to "%s" in the source',
                _pggit.object_label(CASE WHEN v_base.object_id IS NULL THEN v_ours ELSE v_base END),
                v_ours.name, v_theirs.name));
        ELSIF v_choice.strategy = 'use_source' THEN
            v_ours.name := v_theirs.name;
        ELSIF v_choice.strategy = 'use_base' THEN
            v_ours.name := coalesce(v_base.name, v_ours.name);
        END IF;
        v_ours := _pggit.overlay_object(v_ours, v_choice);
    END IF;
    IF v_theirs.parent_id <> v_ours.parent_id AND v_ours.parent_id = v_base.parent_id THEN
        v_ours.parent_id := v_theirs.parent_id;
    ELSIF v_theirs.parent_id <> v_ours.parent_id AND v_theirs.parent_id IS DISTINCT FROM v_base.parent_id THEN
        v_choice := _pggit.find_choice(p_choices, p_strategy, 'rename_rename', v_ours.object_id, 'schema');
        IF v_choice.strategy IS NULL THEN
            v_conflicts := v_conflicts || _pggit.new_conflict('rename_rename', p_pair, 'schema', format(
                '%s was moved to schema "%s" in the target and to "%s" in the source',
                _pggit.object_label(v_base), v_ours.schema_name, v_theirs.schema_name));
        ELSIF v_choice.strategy = 'use_source' THEN
            v_ours.parent_id := v_theirs.parent_id;
        END IF;
    END IF;
    IF v_ours.signature IS NOT DISTINCT FROM v_base.signature THEN
        v_ours.signature := v_theirs.signature;
    END IF;
    RETURN ROW(ARRAY[v_ours], v_conflicts, '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_place(_pggit.merge_pair, _pggit.merge_choice[], text) IS $$
Merges name, schema and signature of an object that both sides have; the attributes stay the target's.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_attribute(
    p_key text,
    p_base jsonb,
    p_ours jsonb,
    p_theirs jsonb,
    OUT merged jsonb,
    OUT is_conflict boolean
)
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    is_conflict := false;
    merged := p_ours;
    IF p_ours IS NOT DISTINCT FROM p_theirs OR p_theirs IS NOT DISTINCT FROM p_base THEN
        RETURN;
    ELSIF p_ours IS NOT DISTINCT FROM p_base THEN
        merged := p_theirs;
    ELSIF p_key = 'position' THEN
        -- no difference between states, but one answer for both directions
        merged := least(p_ours, p_theirs);
    ELSIF p_key = 'owner' AND (p_ours IS NULL OR p_theirs IS NULL) THEN
        -- an owner that one side does not know is no change of that side
        merged := coalesce(p_ours, p_theirs);
    ELSIF p_key IN ('labels', 'attributes')
        AND jsonb_typeof(p_base) = 'array' AND jsonb_typeof(p_ours) = 'array' AND jsonb_typeof(p_theirs) = 'array'
    THEN
        merged := _pggit.merge_lists(p_base, p_ours, p_theirs);
        IF merged IS NULL THEN
            merged := p_ours;
            is_conflict := true;
        END IF;
    ELSE
        is_conflict := true;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_attribute(text, jsonb, jsonb, jsonb) IS $$
Merges one attribute: a change of one side wins over none, equal changes agree, lists merge as ordered sets.
$$;

CREATE OR REPLACE FUNCTION _pggit.value_source_clash(p_base jsonb, p_ours jsonb, p_theirs jsonb, p_merged jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN (
        SELECT count(*) > 1 FROM unnest('{default,identity,generated}'::text[]) AS k WHERE p_merged ? k
    ) THEN (
        SELECT min(k) FROM unnest('{default,identity,generated}'::text[]) AS k
        WHERE p_ours ->> k IS DISTINCT FROM p_theirs ->> k AND p_merged ? k
    ) END;
COMMENT ON FUNCTION _pggit.value_source_clash(jsonb, jsonb, jsonb, jsonb) IS $$
Where a merged column has two of default, identity and generation, of which PostgreSQL takes one: the attribute to decide on.
$$;

CREATE OR REPLACE FUNCTION _pggit.take_value_source(p_attrs jsonb, p_from jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN coalesce((
    SELECT jsonb_object_agg(a.key, a.value)
    FROM (
        SELECT k.key, k.value FROM jsonb_each(p_attrs) AS k
        WHERE k.key NOT IN ('default', 'expression', 'generated') AND k.key NOT LIKE 'identity%'
        UNION ALL
        SELECT f.key, f.value FROM jsonb_each(p_from) AS f
        WHERE f.key IN ('default', 'expression', 'generated') OR f.key LIKE 'identity%'
    ) AS a
), '{}');
COMMENT ON FUNCTION _pggit.take_value_source(jsonb, jsonb) IS $$
A column's attributes with default, identity and generation as another version has them.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_versions(
    p_pair _pggit.merge_pair,
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_base jsonb := coalesce(((p_pair).base).attrs, '{}');
    v_ours jsonb := ((p_pair).ours).attrs;
    v_theirs jsonb := ((p_pair).theirs).attrs;
    v_place _pggit.merge_result := _pggit.merge_place(p_pair, p_choices, p_strategy);
    v_object _pggit.object := v_place.objects[1];
    v_choice _pggit.merge_choice;
    v_conflicts _pggit.merge_conflict[] := v_place.conflicts;
    v_attrs jsonb := v_ours;
    v_custom _pggit.merge_choice[] := ARRAY[]::_pggit.merge_choice[];
    v_key text;
    v_merged jsonb;
    v_is_conflict boolean;
BEGIN
    FOR v_key IN
        SELECT k FROM (SELECT jsonb_object_keys(v_ours) UNION SELECT jsonb_object_keys(v_theirs)
            UNION SELECT jsonb_object_keys(v_base)) AS u(k) ORDER BY k COLLATE "C"
    LOOP
        SELECT m.merged, m.is_conflict INTO v_merged, v_is_conflict
        FROM _pggit.merge_attribute(v_key, v_base -> v_key, v_ours -> v_key, v_theirs -> v_key) AS m;
        -- a view's output columns follow from its query
        IF v_is_conflict AND NOT (v_key = 'columns' AND v_ours ? 'query') THEN
            v_choice := _pggit.find_choice(p_choices, p_strategy, 'schema_mismatch', v_object.object_id, v_key);
            IF v_choice.strategy IS NULL THEN
                v_conflicts := v_conflicts || _pggit.new_conflict('schema_mismatch', p_pair, v_key,
                    _pggit.describe_mismatch(p_pair, v_key));
            ELSIF v_choice.strategy = 'use_source' THEN
                v_merged := v_theirs -> v_key;
            ELSIF v_choice.strategy = 'use_base' THEN
                v_merged := v_base -> v_key;
            ELSIF v_choice.strategy = 'custom' THEN
                v_custom := v_custom || v_choice;
            END IF;
        END IF;
        v_attrs := CASE WHEN v_merged IS NULL THEN v_attrs - v_key
            ELSE v_attrs || jsonb_build_object(v_key, v_merged) END;
    END LOOP;
    v_key := _pggit.value_source_clash(v_base, v_ours, v_theirs, v_attrs);
    IF v_key IS NOT NULL AND v_object.kind = 'column' THEN
        v_choice := _pggit.find_choice(p_choices, p_strategy, 'schema_mismatch', v_object.object_id, v_key);
        IF v_choice.strategy IS NULL THEN
            v_conflicts := v_conflicts || _pggit.new_conflict('schema_mismatch', p_pair, v_key,
                _pggit.describe_mismatch(p_pair, v_key));
        ELSIF v_choice.strategy = 'custom' THEN
            v_custom := v_custom || v_choice;
        END IF;
        v_attrs := _pggit.take_value_source(v_attrs, CASE v_choice.strategy
            WHEN 'use_source' THEN v_theirs WHEN 'use_base' THEN v_base ELSE v_ours END);
    END IF;
    v_object.attrs := v_attrs;
    v_object.deps := _pggit.merge_deps(((p_pair).base).deps, v_object.deps, ((p_pair).theirs).deps);
    FOREACH v_choice IN ARRAY v_custom LOOP
        v_object := CASE WHEN v_choice.custom ? 'objects' THEN _pggit.side_object(p_pair, v_choice)
            ELSE _pggit.overlay_object(v_object, v_choice) END;
    END LOOP;
    RETURN ROW(ARRAY[v_object], v_conflicts, '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_versions(_pggit.merge_pair, _pggit.merge_choice[], text) IS $$
Merges an object that both sides have, attribute by attribute.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_mismatch(p_pair _pggit.merge_pair, p_attribute text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN format(
    '%s: %s was %s, is %s in the target and %s in the source',
    _pggit.object_label(CASE WHEN ((p_pair).base).object_id IS NULL THEN (p_pair).ours ELSE (p_pair).base END),
    p_attribute,
    coalesce(((p_pair).base).attrs ->> p_attribute, 'not set'),
    coalesce(((p_pair).ours).attrs ->> p_attribute, 'not set'),
    coalesce(((p_pair).theirs).attrs ->> p_attribute, 'not set'));
COMMENT ON FUNCTION _pggit.describe_mismatch(_pggit.merge_pair, text) IS $$
Says what an attribute was and what each side made of it.
$$;

-- 30_merge_tree.sql
CREATE OR REPLACE FUNCTION _pggit.merge_single(
    p_pair _pggit.merge_pair,
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_in_base boolean := ((p_pair).base).object_id IS NOT NULL;
    v_in_ours boolean := ((p_pair).ours).object_id IS NOT NULL;
    v_in_theirs boolean := ((p_pair).theirs).object_id IS NOT NULL;
    v_type text;
    v_choice _pggit.merge_choice;
    v_object _pggit.object;
BEGIN
    IF NOT v_in_ours AND NOT v_in_theirs THEN
        RETURN ROW('{}', '{}', '{}')::_pggit.merge_result;
    ELSIF NOT v_in_base AND NOT v_in_theirs THEN
        RETURN ROW(ARRAY[(p_pair).ours], '{}', '{}')::_pggit.merge_result;
    ELSIF NOT v_in_base AND NOT v_in_ours THEN
        RETURN ROW(ARRAY[(p_pair).theirs], '{}', '{}')::_pggit.merge_result;
    ELSIF v_in_base AND NOT (v_in_ours AND v_in_theirs) THEN
        IF _pggit.is_same_object((p_pair).base, CASE WHEN v_in_ours THEN (p_pair).ours ELSE (p_pair).theirs END) THEN
            RETURN ROW('{}', '{}', '{}')::_pggit.merge_result;
        END IF;
        v_type := 'modify_delete';
    ELSIF NOT v_in_base AND _pggit.core_attrs(((p_pair).ours).attrs) <> _pggit.core_attrs(((p_pair).theirs).attrs) THEN
        v_type := 'both_added';
    ELSE
        RETURN _pggit.merge_versions(p_pair, p_choices, p_strategy);
    END IF;
    v_choice := _pggit.find_choice(p_choices, p_strategy, v_type, (p_pair).object_id);
    v_object := _pggit.side_object(p_pair, v_choice);
    IF v_choice.custom ? 'attrs' THEN
        v_object := CASE WHEN v_object.object_id IS NULL THEN (p_pair).theirs ELSE v_object END;
        v_object := _pggit.overlay_object(v_object, v_choice);
    END IF;
    RETURN ROW(
        CASE WHEN v_object.object_id IS NULL THEN '{}' ELSE ARRAY[v_object] END,
        CASE WHEN v_choice.strategy IS NULL THEN ARRAY[_pggit.new_conflict(v_type, p_pair, NULL,
            CASE
                WHEN v_type = 'both_added' THEN _pggit.describe_both_added(p_pair)
                WHEN v_in_ours THEN _pggit.object_label((p_pair).base) || ' was changed in the target and dropped in the source'
                ELSE _pggit.object_label((p_pair).base) || ' was dropped in the target and changed in the source'
            END)] ELSE '{}' END,
        '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_single(_pggit.merge_pair, _pggit.merge_choice[], text) IS $$
Merges one object that no contested container decides.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_both_added(p_pair _pggit.merge_pair)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.object_label((p_pair).ours) || ' was added on both sides with different definitions'
    || coalesce((
        SELECT ': ' || string_agg(format('%s is %s in the target and %s in the source', k,
            coalesce(((p_pair).ours).attrs ->> k, 'not set'), coalesce(((p_pair).theirs).attrs ->> k, 'not set')),
            ', ' ORDER BY k)
        FROM unnest(_pggit.changed_attributes(
            _pggit.core_attrs(((p_pair).ours).attrs), _pggit.core_attrs(((p_pair).theirs).attrs))) AS k
    ), '');
COMMENT ON FUNCTION _pggit.describe_both_added(_pggit.merge_pair) IS $$
Says in which attributes two additions of one path differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_container(
    p_pairs _pggit.merge_pair[],
    p_container_id uuid,
    p_type text,
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_choice _pggit.merge_choice := _pggit.find_choice(p_choices, p_strategy, p_type, p_container_id);
    v_members _pggit.merge_pair[];
    v_self _pggit.merge_pair;
    v_conflict _pggit.merge_conflict;
    v_objects _pggit.object[];
BEGIN
    v_members := ARRAY(SELECT p FROM unnest(p_pairs) AS p WHERE _pggit.pair_container(p) = p_container_id);
    v_self := (SELECT p FROM unnest(v_members) AS p WHERE p.object_id = p_container_id);
    IF v_choice.custom ? 'objects' THEN
        v_objects := ARRAY(SELECT o FROM jsonb_populate_recordset(NULL::_pggit.object, v_choice.custom -> 'objects') AS o);
        RETURN ROW(v_objects, '{}', '{}')::_pggit.merge_result;
    END IF;
    v_objects := ARRAY(
        SELECT s
        FROM unnest(v_members) AS p
        CROSS JOIN LATERAL _pggit.side_object(p, v_choice) AS s
        WHERE s.object_id IS NOT NULL);
    IF v_choice.strategy IS NOT NULL THEN
        IF v_choice.custom IS NOT NULL THEN
            v_objects := ARRAY(SELECT CASE WHEN o.object_id = p_container_id
                THEN _pggit.overlay_object(o, v_choice) ELSE o END FROM unnest(v_objects) AS o);
        END IF;
        RETURN ROW(v_objects, '{}', '{}')::_pggit.merge_result;
    END IF;
    v_conflict := _pggit.new_conflict(p_type, v_self, NULL, _pggit.describe_container(v_members, v_self, p_type));
    v_conflict.base := _pggit.conflict_shape((v_self).base, ARRAY(SELECT (p).base FROM unnest(v_members) AS p));
    v_conflict.source := _pggit.conflict_shape((v_self).theirs, ARRAY(SELECT (p).theirs FROM unnest(v_members) AS p));
    v_conflict.target := _pggit.conflict_shape((v_self).ours, ARRAY(SELECT (p).ours FROM unnest(v_members) AS p));
    RETURN ROW(v_objects, ARRAY[v_conflict], '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_container(_pggit.merge_pair[], uuid, text, _pggit.merge_choice[], text) IS $$
Merges a contested container: it and all its parts come from one side, under one conflict.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_container(
    p_members _pggit.merge_pair[],
    p_self _pggit.merge_pair,
    p_type text
)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH side AS (
        SELECT ((p_self).ours).object_id IS NOT NULL AS is_ours
    ), changed AS (
        SELECT m.object_id, coalesce(m.ours, m.theirs, m.base) AS object, s.is_ours
        FROM unnest(p_members) AS m
        CROSS JOIN side AS s
        WHERE CASE
            WHEN p_type = 'both_added' THEN NOT _pggit.is_same_object(m.ours, m.theirs)
            ELSE NOT _pggit.is_same_object(m.base, CASE WHEN s.is_ours THEN m.ours ELSE m.theirs END)
        END
    )
    SELECT CASE
        WHEN p_type = 'both_added' THEN format('%s was added on both sides with different definitions: %s',
            _pggit.object_label((p_self).ours), c.list)
        ELSE format('%s was changed in the %s and dropped in the %s: %s', _pggit.object_label((p_self).base),
            CASE WHEN s.is_ours THEN 'target' ELSE 'source' END,
            CASE WHEN s.is_ours THEN 'source' ELSE 'target' END, c.list)
    END
    FROM side AS s
    CROSS JOIN (
        SELECT string_agg(CASE WHEN object_id = (p_self).object_id THEN 'its own attributes'
            ELSE _pggit.object_label(object) END, ', ' ORDER BY _pggit.object_label(object)) AS list
        FROM (SELECT * FROM changed ORDER BY _pggit.object_label(object) LIMIT 10) AS few
    ) AS c
);
COMMENT ON FUNCTION _pggit.describe_container(_pggit.merge_pair[], _pggit.merge_pair, text) IS $$
Says which parts of a contested container make the difference.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_all_pairs(
    p_pairs _pggit.merge_pair[],
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_objects _pggit.object[] := ARRAY[]::_pggit.object[];
    v_conflicts _pggit.merge_conflict[] := ARRAY[]::_pggit.merge_conflict[];
    v_contested uuid[] := ARRAY[]::uuid[];
    v_result _pggit.merge_result;
    v_container record;
    v_pair _pggit.merge_pair;
BEGIN
    FOR v_container IN SELECT * FROM _pggit.contested_containers(p_pairs) AS c
    LOOP
        -- a single object without parts goes the way of single objects
        IF (SELECT count(*) FROM unnest(p_pairs) AS p
            WHERE _pggit.pair_container(p) = v_container.container_id) > 1
        THEN
            v_contested := v_contested || v_container.container_id;
            v_result := _pggit.merge_container(p_pairs, v_container.container_id,
                v_container.conflict_type, p_choices, p_strategy);
            v_objects := v_objects || v_result.objects;
            v_conflicts := v_conflicts || v_result.conflicts;
        END IF;
    END LOOP;
    FOR v_pair IN
        SELECT p.* FROM unnest(p_pairs) AS p WHERE _pggit.pair_container(p) <> ALL (v_contested)
    LOOP
        v_result := _pggit.merge_single(v_pair, p_choices, p_strategy);
        v_objects := v_objects || v_result.objects;
        v_conflicts := v_conflicts || v_result.conflicts;
    END LOOP;
    RETURN ROW(v_objects, v_conflicts, '{}')::_pggit.merge_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_all_pairs(_pggit.merge_pair[], _pggit.merge_choice[], text) IS $$
Merges each pair on its own; what only shows in the whole is not looked at yet.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_twins(p_pairs _pggit.merge_pair[], p_result _pggit.merge_result)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_twin record;
BEGIN
    FOR v_twin IN
        SELECT
            CASE WHEN (o.ours).name COLLATE "C" < (t.theirs).name COLLATE "C" THEN o.ours ELSE t.theirs END AS kept,
            CASE WHEN (o.ours).name COLLATE "C" < (t.theirs).name COLLATE "C" THEN t.theirs ELSE o.ours END AS gone
        FROM unnest(p_pairs) AS o
        JOIN unnest(p_pairs) AS t
            ON (t.theirs).parent_id = (o.ours).parent_id
            AND (t.theirs).kind = (o.ours).kind
            AND (t.theirs).name <> (o.ours).name
            AND _pggit.core_attrs((t.theirs).attrs) = _pggit.core_attrs((o.ours).attrs)
        WHERE (o.ours).kind IN ('index', 'constraint')
            AND (o.base).object_id IS NULL AND (o.theirs).object_id IS NULL
            AND (t.base).object_id IS NULL AND (t.ours).object_id IS NULL
    LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM unnest(p_result.objects) AS m WHERE m.object_id = (v_twin.gone).object_id)
            OR NOT EXISTS (SELECT FROM unnest(p_result.objects) AS m WHERE m.object_id = (v_twin.kept).object_id);
        p_result.objects := ARRAY(
            SELECT CASE WHEN m.deps @> ARRAY[(v_twin.gone).object_id] THEN ROW(
                m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature, m.attrs,
                ARRAY(SELECT DISTINCT CASE WHEN d = (v_twin.gone).object_id
                    THEN (v_twin.kept).object_id ELSE d END AS d
                    FROM unnest(m.deps) AS d ORDER BY d))::_pggit.object ELSE m END
            FROM unnest(p_result.objects) AS m
            WHERE m.object_id <> (v_twin.gone).object_id);
        p_result.notes := p_result.notes || format('%s and %s are the same; kept the first',
            _pggit.object_label(v_twin.kept), _pggit.object_label(v_twin.gone));
    END LOOP;
    RETURN p_result;
END;
$$;
COMMENT ON FUNCTION _pggit.drop_twins(_pggit.merge_pair[], _pggit.merge_result) IS $$
Keeps one of two equal indexes or constraints that both sides added under different names, the first by name, and notes it.
$$;

-- 30_merge_whole.sql
CREATE OR REPLACE FUNCTION _pggit.name_keys(p_object _pggit.object)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).kind IN ('table', 'foreign_table', 'view', 'materialized_view', 'composite')
        THEN ARRAY['relation', 'type']
    WHEN (p_object).kind IN ('sequence', 'index') THEN ARRAY['relation']
    WHEN (p_object).kind = 'constraint' AND (p_object).attrs ->> 'type' IN ('primary_key', 'unique', 'exclusion')
        THEN ARRAY['relation', 'constraint|' || (p_object).parent_id]
    WHEN (p_object).kind IN ('enum', 'domain', 'range') THEN ARRAY['type']
    WHEN (p_object).kind IN ('function', 'procedure', 'aggregate') THEN ARRAY['routine']
    ELSE ARRAY[(p_object).kind || '|' || coalesce((p_object).parent_id::text, '')]
END;
COMMENT ON FUNCTION _pggit.name_keys(_pggit.object) IS $$
The name spaces in which PostgreSQL wants an object's name to be unique.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_contests(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_context _pggit.object[]
)
RETURNS SETOF _pggit.merge_contest
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH named AS (
        SELECT o, true AS is_merged FROM unnest(p_objects) AS o
        UNION ALL
        SELECT c, false FROM unnest(p_context) AS c
    ), keyed AS (
        SELECT n.o, n.is_merged,
            k || CASE WHEN k LIKE '%|%' THEN '' ELSE '|' || (n.o).schema_name END
                || '|' || (n.o).name || coalesce('(' || (n.o).signature || ')', '') AS key
        FROM named AS n
        CROSS JOIN LATERAL unnest(_pggit.name_keys(n.o)) AS k
    ), clashes AS (
        SELECT DISTINCT ON ((a.o).object_id, (b.o).object_id)
            a.o AS target, b.o AS source
        FROM keyed AS a
        JOIN keyed AS b ON b.key = a.key AND (b.o).object_id <> (a.o).object_id AND b.is_merged
        JOIN unnest(p_pairs) AS p ON p.object_id = (b.o).object_id
        LEFT JOIN unnest(p_pairs) AS q ON q.object_id = (a.o).object_id
        -- the source brought b to this name, the target has a there
        WHERE ((p.ours).object_id IS NULL OR (p.ours).name <> (b.o).name
                OR (p.ours).parent_id IS DISTINCT FROM (b.o).parent_id)
            AND (NOT a.is_merged OR (q.ours).object_id IS NOT NULL AND (q.ours).name = (a.o).name)
        ORDER BY (a.o).object_id, (b.o).object_id
    )
    SELECT 'name_collision', (c.target).object_id, (c.source).object_id,
        format('%s in the target and %s in the source both come to be named "%s"',
            _pggit.object_label(coalesce(tp.base, c.target)), _pggit.object_label(coalesce(sp.base, c.source)), (c.target).name)
    FROM clashes AS c
    LEFT JOIN unnest(p_pairs) AS tp ON tp.object_id = (c.target).object_id
    LEFT JOIN unnest(p_pairs) AS sp ON sp.object_id = (c.source).object_id
    UNION ALL
    SELECT 'both_added', a.object_id, b.object_id,
        format('table %s has two primary keys: %s in the target and %s in the source',
            a.table_name, a.name, b.name)
    FROM unnest(p_objects) AS a
    JOIN unnest(p_objects) AS b ON b.parent_id = a.parent_id AND b.object_id <> a.object_id
    JOIN unnest(p_pairs) AS p ON p.object_id = a.object_id AND (p.ours).object_id IS NOT NULL
    JOIN unnest(p_pairs) AS q ON q.object_id = b.object_id AND (q.ours).object_id IS NULL
    WHERE a.kind = 'constraint' AND a.attrs ->> 'type' = 'primary_key'
        AND b.kind = 'constraint' AND b.attrs ->> 'type' = 'primary_key';
END;
COMMENT ON FUNCTION _pggit.name_contests(_pggit.merge_pair[], _pggit.object[], _pggit.object[]) IS $$
Different objects that the two sides brought to one name, and two primary keys of one table.
$$;

CREATE OR REPLACE FUNCTION _pggit.take_version(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_object_id uuid,
    p_side text
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT m FROM unnest(p_objects) AS m WHERE m.object_id <> p_object_id AND m.parent_id IS DISTINCT FROM p_object_id
    UNION ALL
    -- parts stay merged while their container stays
    SELECT m FROM unnest(p_objects) AS m
    WHERE m.parent_id = p_object_id AND EXISTS (
        SELECT FROM unnest(p_pairs) AS p
        WHERE p.object_id = p_object_id
            AND (CASE WHEN p_side = 'ours' THEN p.ours ELSE p.theirs END).object_id IS NOT NULL)
    UNION ALL
    SELECT s.object
    FROM (
        SELECT p.object_id, CASE WHEN p_side = 'ours' THEN p.ours ELSE p.theirs END AS object
        FROM unnest(p_pairs) AS p
    ) AS s
    WHERE (s.object).object_id = p_object_id
        OR (s.object).parent_id = p_object_id
            AND NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id IN (s.object_id, p_object_id))
);
COMMENT ON FUNCTION _pggit.take_version(_pggit.merge_pair[], _pggit.object[], uuid, text) IS $$
The objects with one of them as one side has it: replaced, added with its parts, or removed with them.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_contests(
    p_pairs _pggit.merge_pair[],
    p_result _pggit.merge_result,
    p_context _pggit.object[],
    p_choices _pggit.merge_choice[],
    p_strategy text
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_contest _pggit.merge_contest;
    v_choice _pggit.merge_choice;
    v_conflict _pggit.merge_conflict;
    v_pair _pggit.merge_pair;
    v_other _pggit.merge_pair;
BEGIN
    FOR v_contest IN
        SELECT c.*
        FROM _pggit.name_contests(p_pairs, p_result.objects, p_context) AS c
        ORDER BY c.target_id, c.source_id
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM unnest(p_result.conflicts) AS k
            WHERE k.object_id IN (v_contest.target_id, v_contest.source_id)
                AND k.conflict_type IN ('rename_rename', 'both_added', 'modify_delete'));
        v_choice := _pggit.find_choice(p_choices, p_strategy, v_contest.conflict_type,
            v_contest.target_id, NULL, v_contest.source_id);
        IF v_choice.custom ? 'name' THEN
            p_result.objects := ARRAY(SELECT CASE WHEN m.object_id = v_contest.source_id
                THEN _pggit.overlay_object(m, v_choice) ELSE m END FROM unnest(p_result.objects) AS m);
        ELSIF v_choice.strategy = 'use_source' THEN
            p_result.objects := _pggit.take_version(p_pairs, p_result.objects, v_contest.target_id, 'theirs');
        ELSE
            p_result.objects := _pggit.take_version(p_pairs, p_result.objects, v_contest.source_id, 'ours');
        END IF;
        IF v_choice.strategy IS NULL THEN
            v_pair := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_contest.target_id);
            v_other := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_contest.source_id);
            v_pair := coalesce(v_pair, ROW(v_contest.target_id, NULL,
                (SELECT c FROM unnest(p_context) AS c WHERE c.object_id = v_contest.target_id), NULL)::_pggit.merge_pair);
            v_conflict := _pggit.new_conflict(v_contest.conflict_type, v_pair, NULL,
                v_contest.description, v_contest.source_id);
            v_conflict.object_name := ((v_pair).ours).name;
            v_conflict.column_name := CASE WHEN v_conflict.object_kind = 'column' THEN ((v_pair).ours).name END;
            v_conflict.source := _pggit.conflict_shape((v_other).theirs);
            p_result.conflicts := p_result.conflicts || v_conflict;
        END IF;
    END LOOP;
    RETURN p_result;
END;
$$;
COMMENT ON FUNCTION _pggit.settle_contests(
    _pggit.merge_pair[], _pggit.merge_result, _pggit.object[], _pggit.merge_choice[], text) IS $$
Settles what name_contests finds: the loser is as the winner's side has it; while it is open the target wins.
$$;

CREATE OR REPLACE FUNCTION _pggit.mentions(p_text text, p_name text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN p_text ~ (
    '(^|[^[:alnum:]_$])' || regexp_replace(quote_ident(p_name), '([][\\^$.|?*+(){}])', '\\\1', 'g') || '(?![[:alnum:]_$])');
COMMENT ON FUNCTION _pggit.mentions(text, text) IS $$
Whether a text holds a name as a whole word, as SQL writes it.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_body_breaks(p_pairs _pggit.merge_pair[], p_objects _pggit.object[])
RETURNS SETOF _pggit.merge_break
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- PostgreSQL does not look into a body that is a string, so the names in it are looked for: what one side dropped and the
    -- other side's new body still says. A column counts only beside the name of its table.
    WITH gone AS (
        SELECT p.object_id, coalesce(p.ours, p.theirs) AS object, (p.ours).object_id IS NULL AS is_ours
        FROM unnest(p_pairs) AS p
        WHERE (p.base).object_id IS NOT NULL
            AND ((p.ours).object_id IS NULL) <> ((p.theirs).object_id IS NULL)
            AND coalesce((p.ours).kind, (p.theirs).kind) IN (
                'table', 'foreign_table', 'view', 'materialized_view', 'sequence', 'function', 'procedure', 'enum', 'domain',
                'composite', 'range', 'column')
            AND NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    ), body AS (
        SELECT m.object_id, m.attrs ->> 'body' AS text,
            (p.ours).attrs ->> 'body' IS DISTINCT FROM m.attrs ->> 'body' AS is_new_to_ours,
            (p.theirs).attrs ->> 'body' IS DISTINCT FROM m.attrs ->> 'body' AS is_new_to_theirs
        FROM unnest(p_objects) AS m
        JOIN unnest(p_pairs) AS p ON p.object_id = m.object_id
        WHERE m.kind IN ('function', 'procedure') AND m.attrs ? 'body'
    )
    SELECT b.object_id, g.object_id
    FROM gone AS g
    JOIN body AS b ON CASE WHEN g.is_ours THEN b.is_new_to_ours ELSE b.is_new_to_theirs END
    WHERE _pggit.mentions(b.text, (g.object).name)
        AND ((g.object).kind <> 'column' OR _pggit.mentions(b.text, (g.object).table_name));
END;
COMMENT ON FUNCTION _pggit.find_body_breaks(_pggit.merge_pair[], _pggit.object[]) IS $$
Routines whose new body, a string, names what the other side dropped.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_breaks(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_conflicts _pggit.merge_conflict[]
)
RETURNS SETOF _pggit.merge_break
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH gone AS (
        SELECT p.object_id, _pggit.pair_container(p) AS container_id
        FROM unnest(p_pairs) AS p
        WHERE NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    )
    SELECT DISTINCT m.object_id, coalesce(c.object_id, g.object_id)
    FROM (
        SELECT o.object_id, o.parent_id, unnest(o.deps || o.parent_id) AS needed_id FROM unnest(p_objects) AS o
        UNION ALL
        SELECT b.object_id, NULL, b.missing_id FROM _pggit.find_body_breaks(p_pairs, p_objects) AS b
    ) AS m
    CROSS JOIN LATERAL (SELECT m.needed_id) AS d
    JOIN gone AS g ON g.object_id = d.needed_id
    -- a part that went with its table is named by the table
    LEFT JOIN gone AS c ON c.object_id = g.container_id
    WHERE NOT EXISTS (
        SELECT FROM unnest(p_conflicts) AS k
        WHERE k.object_id IN (m.object_id, m.parent_id, g.object_id, g.container_id)
            OR k.other_id IN (m.object_id, m.parent_id, g.object_id, g.container_id))
    ORDER BY 1, 2;
END;
COMMENT ON FUNCTION _pggit.find_breaks(_pggit.merge_pair[], _pggit.object[], _pggit.merge_conflict[]) IS $$
Merged objects that need one which is gone; what an open conflict touches is left for later.
$$;

CREATE OR REPLACE FUNCTION _pggit.restore_needed(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_missing_id uuid,
    p_side text
)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH RECURSIVE side AS (
        SELECT p.object_id, _pggit.pair_container(p) AS container_id,
            CASE WHEN p_side = 'ours' THEN p.ours ELSE p.theirs END AS object
        FROM unnest(p_pairs) AS p
        WHERE NOT EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = p.object_id)
    ), needed AS (
        SELECT s.object_id, s.object
        FROM side AS s
        WHERE p_missing_id IN (s.object_id, s.container_id) AND (s.object).object_id IS NOT NULL
        UNION
        SELECT s.object_id, s.object
        FROM needed AS n
        JOIN side AS s ON s.object_id = ANY ((n.object).deps || (n.object).parent_id)
            OR s.container_id = n.object_id
        WHERE (s.object).object_id IS NOT NULL
    )
    SELECT p_objects || coalesce(array_agg(n.object), '{}') FROM needed AS n
);
COMMENT ON FUNCTION _pggit.restore_needed(_pggit.merge_pair[], _pggit.object[], uuid, text) IS $$
Brings an object back from one side, with its parts and all that these need.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_breaks(
    p_pairs _pggit.merge_pair[],
    p_result _pggit.merge_result,
    p_choices _pggit.merge_choice[]
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_break _pggit.merge_break;
    v_choice _pggit.merge_choice;
    v_pair _pggit.merge_pair;
    v_missing _pggit.merge_pair;
    v_holder text;
    v_is_settled boolean := true;
BEGIN
    -- Settling one break can heal or make another: start over after each, every choice is used at most once.
    WHILE v_is_settled LOOP
        v_is_settled := false;
        FOR v_break IN SELECT b.* FROM _pggit.find_breaks(p_pairs, p_result.objects, p_result.conflicts) AS b
        LOOP
            v_choice := _pggit.find_choice(p_choices, 'auto', 'dependency_broken', v_break.object_id, NULL, v_break.missing_id);
            CONTINUE WHEN v_choice.strategy IS NULL;
            p_choices := ARRAY(SELECT c FROM unnest(p_choices) AS c WHERE c IS DISTINCT FROM v_choice);
            v_missing := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_break.missing_id);
            v_holder := CASE WHEN ((v_missing).ours).object_id IS NOT NULL THEN 'ours' ELSE 'theirs' END;
            IF v_choice.custom ? 'objects' THEN
                p_result.objects := ARRAY(SELECT m FROM unnest(p_result.objects) AS m
                        WHERE m.object_id <> v_break.object_id)
                    || ARRAY(SELECT o FROM jsonb_populate_recordset(
                        NULL::_pggit.object, v_choice.custom -> 'objects') AS o);
            ELSIF (v_holder = 'ours') = (v_choice.strategy = 'use_target') THEN
                p_result.objects := _pggit.restore_needed(p_pairs, p_result.objects, v_break.missing_id, v_holder);
            ELSE
                p_result.objects := _pggit.take_version(p_pairs, p_result.objects, v_break.object_id,
                    CASE v_holder WHEN 'ours' THEN 'theirs' ELSE 'ours' END);
            END IF;
            v_is_settled := true;
            EXIT;
        END LOOP;
    END LOOP;
    FOR v_break IN SELECT b.* FROM _pggit.find_breaks(p_pairs, p_result.objects, p_result.conflicts) AS b
    LOOP
        v_pair := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_break.object_id);
        v_missing := (SELECT p FROM unnest(p_pairs) AS p WHERE p.object_id = v_break.missing_id);
        v_holder := CASE WHEN ((v_missing).ours).object_id IS NOT NULL THEN 'target' ELSE 'source' END;
        p_result.conflicts := p_result.conflicts || _pggit.new_conflict('dependency_broken', v_pair, NULL,
            format('%s in the %s needs %s, which the %s dropped',
                _pggit.object_label((SELECT m FROM unnest(p_result.objects) AS m WHERE m.object_id = v_break.object_id)),
                v_holder,
                _pggit.object_label(CASE v_holder WHEN 'target' THEN (v_missing).ours ELSE (v_missing).theirs END),
                CASE v_holder WHEN 'target' THEN 'source' ELSE 'target' END),
            v_break.missing_id);
    END LOOP;
    RETURN p_result;
END;
$$;
COMMENT ON FUNCTION _pggit.settle_breaks(_pggit.merge_pair[], _pggit.merge_result, _pggit.merge_choice[]) IS $$
Settles broken dependencies by their choices (bring back what is needed, or give up what needs it); the rest are conflicts.
$$;

CREATE OR REPLACE FUNCTION _pggit.overrule(
    p_pairs _pggit.merge_pair[],
    p_objects _pggit.object[],
    p_choices _pggit.merge_choice[]
)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_choice _pggit.merge_choice;
    v_ours _pggit.object;
BEGIN
    -- What PostgreSQL or the rows refused: no rule finds these again, so their choices are laid over the result.
    FOR v_choice IN
        SELECT c.* FROM unnest(p_choices) AS c
        WHERE c.conflict_type = 'data_violation'
            OR c.conflict_type = 'dependency_broken' AND (c.other_id IS NULL
                OR EXISTS (SELECT FROM unnest(p_objects) AS m WHERE m.object_id = c.other_id))
    LOOP
        v_ours := (SELECT (p).ours FROM unnest(p_pairs) AS p WHERE p.object_id = v_choice.object_id);
        IF v_choice.custom IS NOT NULL THEN
            p_objects := CASE WHEN v_choice.custom ? 'objects'
                THEN ARRAY(SELECT m FROM unnest(p_objects) AS m WHERE m.object_id <> v_choice.object_id
                        AND m.object_id NOT IN (SELECT o.object_id FROM jsonb_populate_recordset(
                            NULL::_pggit.object, v_choice.custom -> 'objects') AS o))
                    || ARRAY(SELECT o FROM jsonb_populate_recordset(NULL::_pggit.object, v_choice.custom -> 'objects') AS o)
                ELSE ARRAY(SELECT CASE WHEN m.object_id = v_choice.object_id
                    THEN _pggit.overlay_object(m, v_choice) ELSE m END FROM unnest(p_objects) AS m) END;
        ELSIF v_choice.strategy = 'use_target' AND v_choice.attribute IS NOT NULL AND v_ours.object_id IS NOT NULL THEN
            p_objects := ARRAY(SELECT CASE WHEN m.object_id <> v_choice.object_id THEN m ELSE ROW(
                m.object_id, m.kind, m.parent_id, m.schema_name, m.table_name, m.name, m.signature,
                jsonb_strip_nulls(m.attrs || jsonb_build_object(v_choice.attribute, v_ours.attrs -> v_choice.attribute)),
                m.deps)::_pggit.object END FROM unnest(p_objects) AS m);
        ELSIF v_choice.strategy = 'use_target' THEN
            p_objects := _pggit.take_version(p_pairs, p_objects, v_choice.object_id, 'ours');
        ELSIF v_choice.other_id IS NOT NULL THEN
            -- two that stand in each other's way: the target's gives way
            p_objects := _pggit.take_version(p_pairs, p_objects, v_choice.other_id, 'theirs');
        ELSIF v_choice.conflict_type = 'dependency_broken' THEN
            p_objects := _pggit.take_version(p_pairs, p_objects, v_choice.object_id, 'theirs');
        END IF;
    END LOOP;
    RETURN p_objects;
END;
$$;
COMMENT ON FUNCTION _pggit.overrule(_pggit.merge_pair[], _pggit.object[], _pggit.merge_choice[]) IS $$
Lays the choices over data violations and over what PostgreSQL refused to build; use_source of a violation asks the rows again.
$$;

CREATE OR REPLACE FUNCTION _pggit.settle_paths(p_objects _pggit.object[], p_context _pggit.object[])
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT ROW(m.object_id, m.kind, m.parent_id,
        CASE
            WHEN m.kind = 'schema' OR p.object_id IS NULL THEN m.schema_name
            WHEN p.kind = 'schema' THEN p.name
            ELSE coalesce(g.name, p.schema_name)
        END,
        CASE WHEN p.kind <> 'schema' THEN p.name ELSE m.table_name END,
        m.name, m.signature, m.attrs, m.deps)::_pggit.object
    FROM unnest(p_objects) AS m
    LEFT JOIN unnest(p_objects || p_context) AS p ON p.object_id = m.parent_id
    LEFT JOIN unnest(p_objects || p_context) AS g ON g.object_id = p.parent_id AND g.kind = 'schema'
);
COMMENT ON FUNCTION _pggit.settle_paths(_pggit.object[], _pggit.object[]) IS $$
Gives each object the path that follows from its container's merged name.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_objects(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_choices _pggit.merge_choice[] DEFAULT '{}',
    p_strategy text DEFAULT 'auto',
    p_context _pggit.object[] DEFAULT '{}'
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_pairs _pggit.merge_pair[] := _pggit.pairs_spelled_alike(
        p_base, p_ours, p_theirs, p_choices, p_strategy);
    v_result _pggit.merge_result := _pggit.merge_all_pairs(v_pairs, p_choices, p_strategy);
    v_named _pggit.object[];
BEGIN
    v_result := _pggit.drop_twins(v_pairs, v_result);
    v_result.objects := _pggit.overrule(v_pairs, v_result.objects, p_choices);
    v_result.objects := _pggit.settle_paths(v_result.objects, p_context);
    v_named := v_result.objects;
    v_result := _pggit.settle_contests(v_pairs, v_result, p_context, p_choices, p_strategy);
    v_result.objects := _pggit.respell(v_named, v_result.objects);
    v_result := _pggit.settle_breaks(v_pairs, v_result, p_choices);
    v_result.objects := _pggit.settle_paths(v_result.objects, p_context);
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_objects(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text, _pggit.object[]) IS $$
Merges target and source over their base: per object, per attribute, aware of renames; reads nothing but its arguments.
p_base, p_ours, p_theirs: whole trees, or the objects that either side changed.
p_choices, p_strategy: how conflicts were settled.
p_context: the objects that no side changed, where the others hold only the changed ones; not returned.
Returns: the merged objects, the conflicts that are open (their objects stand as in the target), notes for people.
$$;

-- 31_conflicts.sql
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

-- 31_conflicts_resolve.sql
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
BEGIN
    IF jsonb_typeof(p_custom) IS DISTINCT FROM 'object' OR p_custom = '{}' THEN
        PERFORM _pggit.raise_error('VCV13', format('the resolution of conflict %s is empty', p_conflict.conflict_id),
            'A custom resolution is a JSON object.', 'Give a definition of the shape the conflict shows, or {"ddl": "CREATE …"}.');
    END IF;
    v_object := coalesce(
        (SELECT o FROM unnest(v_attempt.objects) AS o WHERE o.object_id = p_conflict.object_id),
        (SELECT o FROM unnest(_pggit.tree_array(p_merge.source_commit_id)) AS o WHERE o.object_id = p_conflict.object_id),
        (SELECT o FROM unnest(_pggit.tree_array(p_merge.ours_commit_id)) AS o WHERE o.object_id = p_conflict.object_id));
    IF v_ddl IS NOT NULL THEN
        v_made := _pggit.scratch_definition(v_attempt.objects, v_object, v_ddl);
        IF NOT EXISTS (SELECT FROM unnest(v_made) AS m WHERE m.object_id = v_object.object_id) THEN
            PERFORM _pggit.raise_error('VCV13', format('the DDL does not make %s', _pggit.object_label(v_object)),
                v_ddl, 'Give the statement that creates this very object, under its own name.');
        END IF;
        RETURN jsonb_build_object('objects', (SELECT jsonb_agg(to_jsonb(m)) FROM unnest(v_made) AS m));
    ELSIF p_conflict.conflict_type IN ('rename_rename', 'name_collision') THEN
        v_ddl := coalesce(p_custom ->> 'name', p_custom ->> 'column_name');
        IF v_ddl IS NULL THEN
            PERFORM _pggit.raise_error('VCV13', format('the resolution of conflict %s names no name', p_conflict.conflict_id),
                p_custom::text, 'Give {"name": "…"}.');
        END IF;
        RETURN jsonb_build_object('name', v_ddl);
    ELSIF v_object.kind = 'column' THEN
        RETURN jsonb_build_object('attrs', _pggit.column_attrs(p_custom));
    END IF;
    RETURN jsonb_build_object('attrs', p_custom - '{name,schema}'::text[]);
END;
$$;
COMMENT ON FUNCTION _pggit.build_custom(_pggit.merges, _pggit.conflicts, jsonb) IS $$
A custom resolution as the merge takes it.
Errors: VCV13 where it does not have the shape of the conflict; PostgreSQL's own where its DDL fails.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_now(p_merge _pggit.merges, p_choices _pggit.merge_choice[])
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    RETURN _pggit.merge_trees(
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
    v_object := (SELECT o FROM unnest(v_result.objects) AS o WHERE o.object_id = p_conflict.object_id);
    IF v_object.object_id IS NULL THEN
        RETURN;
    END IF;
    -- The object alone, with what it needs and its parts.
    WITH RECURSIVE needed AS (
        SELECT o.object_id, o.deps, o.parent_id
        FROM unnest(v_result.objects) AS o
        WHERE v_object.object_id IN (o.object_id, o.parent_id)
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
    UPDATE _pggit.merges AS m
    SET status = CASE WHEN _pggit.count_open_conflicts(p_merge_id) = 0 THEN 'in_progress' ELSE 'pending_conflicts' END
    WHERE m.merge_id = p_merge_id;
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

-- 32_api.sql
CREATE OR REPLACE FUNCTION _pggit.branch_of_id(p_branch_id bigint)
RETURNS _pggit.branches
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id;
    IF v_branch.branch_id IS NULL THEN
        PERFORM _pggit.check_initialised();
        PERFORM _pggit.raise_error('VCN01', format('branch %s does not exist', p_branch_id), NULL,
            'The list of branches shows their ids.');
    ELSIF NOT v_branch.is_active THEN
        PERFORM _pggit.raise_error('VCN06', format('branch %s ("%s") has been deleted', p_branch_id, v_branch.name),
            format('Its last commit was %s.', v_branch.head_commit_id),
            format('A new branch from %s brings it back.', v_branch.head_commit_id));
    END IF;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.branch_of_id(bigint) IS $$
The branch of that id.
Errors: VCN01 if there never was one, VCN06 if it was deleted, VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.branch_document(p_branch pggit.branches)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN to_jsonb(p_branch) || jsonb_build_object('branch_name', (p_branch).name);
COMMENT ON FUNCTION _pggit.branch_document(pggit.branches) IS 'A branch as the API shows it.';

CREATE OR REPLACE FUNCTION pggit.list_branches(p_limit integer DEFAULT NULL, p_offset integer DEFAULT 0)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(_pggit.branch_document(p.branch) ORDER BY p.branch_id), '[]'),
        'total', (SELECT count(*) FROM pggit.branches))
    FROM (
        SELECT b.branch_id, ROW(b.*)::pggit.branches AS branch
        FROM pggit.branches AS b
        ORDER BY b.branch_id
        LIMIT p_limit OFFSET p_offset
    ) AS p;
END;
COMMENT ON FUNCTION pggit.list_branches(integer, integer) IS $$
A page of the branches, oldest first, as a document.
p_limit: NULL for all.
Returns: {items, total}.
$$;

CREATE OR REPLACE FUNCTION pggit.get_branch(p_branch_id bigint)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT _pggit.branch_document(ROW(r.*)::pggit.branches)
    FROM _pggit.branch_of_id(p_branch_id) AS b, _pggit.branch_row(b.branch_id) AS r);
COMMENT ON FUNCTION pggit.get_branch(bigint) IS $$
One branch as a document.
Errors: VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_new_branch(
    p_name text,
    p_other_name text,
    p_description text,
    p_from text,
    p_path name[]
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch pggit.branches;
BEGIN
    IF p_name <> p_other_name THEN
        PERFORM _pggit.raise_error('VCV01', format('"%s" and "%s" are two names', p_name, p_other_name), NULL,
            'Give name or branch_name, not both.');
    END IF;
    v_branch := _pggit.create_branch(coalesce(p_name, p_other_name), p_from, p_path);
    UPDATE _pggit.branches AS b
    SET description = nullif(p_description, '')
    WHERE b.branch_id = v_branch.branch_id;
    v_branch.description := nullif(p_description, '');
    RETURN _pggit.branch_document(v_branch);
END;
$$;
COMMENT ON FUNCTION _pggit.describe_new_branch(text, text, text, text, name[]) IS 'Behind pggit.add_branch.';

CREATE OR REPLACE FUNCTION pggit.add_branch(
    p_name text,
    p_branch_name text DEFAULT NULL,
    p_description text DEFAULT NULL,
    p_from_ref text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.describe_new_branch(p_name, p_branch_name, p_description, p_from_ref, current_schemas(false));
COMMENT ON FUNCTION pggit.add_branch(text, text, text, text) IS $$
pggit.create_branch with a description, as a document.
p_branch_name: another spelling of p_name; one of both is given.
p_from_ref: where it begins; NULL for where the session stands.
Errors: VCV01 for a bad name or two of them, VCC02 for a taken one, VCN03 or VCN06 for an unknown ref, VCS01 before pggit.init.
$$;

CREATE OR REPLACE PROCEDURE pggit.remove_branch(p_name text, p_force boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
BEGIN
    -- What delete_branch would refuse is refused before the worktree goes.
    IF NOT p_force THEN
        PERFORM _pggit.check_merged(_pggit.get_branch(p_name));
    END IF;
    IF pggit.current_branch() = p_name THEN
        PERFORM pggit.delete_branch(p_name, p_force);
    END IF;
    CALL pggit.drop_worktree(p_name, p_force);
    PERFORM pggit.delete_branch(p_name, p_force);
END;
$$;
COMMENT ON PROCEDURE pggit.remove_branch(text, boolean) IS $$
pggit.delete_branch for worktrees of any size: drops the worktree in batches that commit, then deletes the branch.
p_force: also where that leaves commits that no other branch or tag reaches, or loses uncommitted changes.
Errors: as pggit.delete_branch.
$$;

CREATE OR REPLACE FUNCTION _pggit.worktree_document(p_worktree_id integer, p_setting text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object(
        'branch_id', w.branch_id,
        'name', coalesce(b.name, w.commit_id::text),
        'commit_id', coalesce(b.head_commit_id, w.commit_id),
        'worktree_state', w.state,
        'schemas', (
            SELECT jsonb_object_agg(s.schema_name, s.live_name)
            FROM _pggit.worktree_schemas AS s
            WHERE s.worktree_id = w.worktree_id),
        'search_path', p.path,
        -- In libpq's options a backslash protects a space.
        'connection_options', '-c search_path=' || regexp_replace(p.path, '([\\ ])', '\\\1', 'g'))
    FROM _pggit.worktrees AS w
    LEFT JOIN _pggit.branches AS b USING (branch_id)
    CROSS JOIN LATERAL _pggit.worktree_path(w.worktree_id, p_setting) AS p(path)
    WHERE w.worktree_id = p_worktree_id);
COMMENT ON FUNCTION _pggit.worktree_document(integer, text) IS $$
A worktree as the API shows it, with the connection options that lead to it.
p_setting: the search_path in which the tracked schemas are to be replaced.
$$;

CREATE OR REPLACE FUNCTION _pggit.worktree_of_ref(p_ref text)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch      _pggit.branches;
    v_commit_id   integer;
    v_worktree_id integer;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_ref) AS b;
    v_commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(p_ref));
    SELECT w.worktree_id INTO v_worktree_id
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = v_branch.branch_id
        OR v_branch.branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = v_commit_id;
    IF v_worktree_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN11', format('"%s" has no worktree', p_ref), 'It has not been built.',
            format('CALL pggit.build_worktree(%L) builds it.', p_ref));
    END IF;
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.worktree_of_ref(text) IS $$
The worktree of a branch, or the detached one of another ref.
Errors: VCN03, VCN06 for an unknown ref; VCN11 if it has none.
$$;

CREATE OR REPLACE FUNCTION pggit.find_worktree(p_branch text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.worktree_document(_pggit.worktree_of_ref(p_branch), current_setting('search_path'));
COMMENT ON FUNCTION pggit.find_worktree(text) IS $$
A worktree as a document: its schemas, and how a session gets there.
p_branch: a branch; or another ref, for a detached worktree.
Errors: VCN03, VCN06 for an unknown ref; VCN11 if it has no worktree.
$$;

CREATE OR REPLACE FUNCTION pggit.get_worktree(p_branch_id bigint)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.worktree_document(
    _pggit.worktree_of_ref((_pggit.branch_of_id(p_branch_id)).name), current_setting('search_path'));
COMMENT ON FUNCTION pggit.get_worktree(bigint) IS $$
The worktree of a branch as a document.
Errors: VCN01, VCN06 for an unknown branch; VCN11 if it has no worktree.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit_document(p_commit pggit.commits)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'commit_id', (p_commit).commit_id,
    'hash', (p_commit).hash,
    'tree_hash', (p_commit).tree_hash,
    'parent_ids', (p_commit).parents,
    'author', (p_commit).author,
    'message', (p_commit).message,
    'created_at', (p_commit).committed_at);
COMMENT ON FUNCTION _pggit.commit_document(pggit.commits) IS 'A commit as the API shows it.';

CREATE OR REPLACE FUNCTION pggit.get_commit(p_commit_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit pggit.commits;
BEGIN
    SELECT c.* INTO v_commit FROM pggit.commits AS c WHERE c.commit_id = p_commit_id;
    IF v_commit.commit_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN03', format('commit %s does not exist', p_commit_id), NULL,
            'The log of a branch shows the ids of its commits.');
    END IF;
    RETURN _pggit.commit_document(v_commit);
END;
$$;
COMMENT ON FUNCTION pggit.get_commit(bigint) IS $$
One commit as a document.
Errors: VCN03 if there is none of that id.
$$;

CREATE OR REPLACE FUNCTION pggit.branch_log(p_branch_id bigint, p_limit integer DEFAULT 50, p_offset integer DEFAULT 0)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH reached AS MATERIALIZED (
        SELECT a.commit_id
        FROM _pggit.branch_of_id(p_branch_id) AS b, _pggit.list_ancestors(ARRAY[b.head_commit_id]) AS a(commit_id)
    ), page AS (
        SELECT ROW(c.*)::pggit.commits AS commit, c.commit_id
        FROM reached AS r
        JOIN pggit.commits AS c ON c.commit_id = r.commit_id
        ORDER BY c.commit_id DESC
        LIMIT p_limit OFFSET p_offset
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(_pggit.commit_document(p.commit) ORDER BY p.commit_id DESC), '[]'),
        'total', (SELECT count(*) FROM reached))
    FROM page AS p;
END;
COMMENT ON FUNCTION pggit.branch_log(bigint, integer, integer) IS $$
A page of the commits of a branch, newest first, as a document.
Returns: {items, total}.
Errors: VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION pggit.list_tags()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.name), '[]') FROM pggit.tags AS t);
COMMENT ON FUNCTION pggit.list_tags() IS 'Every tag, by name, as a document.';

CREATE OR REPLACE FUNCTION pggit.branch_status(p_branch_id bigint)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    WITH changes AS MATERIALIZED (
        SELECT b.name AS branch_name, s.action, to_jsonb(s) AS change
        FROM _pggit.branch_of_id(p_branch_id) AS b
        LEFT JOIN LATERAL _pggit.list_status(b.name, '{}') AS s ON true
    )
    SELECT jsonb_build_object(
        'branch_id', p_branch_id,
        'name', max(c.branch_name),
        'is_clean', count(c.action) = 0,
        'items', coalesce(jsonb_agg(c.change) FILTER (WHERE c.action IS NOT NULL), '[]'),
        'total', count(c.action))
    FROM changes AS c;
END;
COMMENT ON FUNCTION pggit.branch_status(bigint) IS $$
pggit.status of a branch, as a document.
Returns: {branch_id, name, is_clean, items, total}.
Errors: VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION pggit.commit_branch(p_branch_id bigint, p_message text, p_allow_empty boolean DEFAULT false)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.commit_document(
    _pggit.commit(p_message, (_pggit.branch_of_id(p_branch_id)).name, p_allow_empty, '{}'));
COMMENT ON FUNCTION pggit.commit_branch(bigint, text, boolean) IS $$
pggit.commit of a branch, as a document.
Errors: VCN01, VCN06 for an unknown branch; VCV02 for an empty message; VCS03 where nothing changed; VCC01 where another session
was first.
$$;

CREATE OR REPLACE FUNCTION pggit.get_diff(p_from_ref text, p_to_ref text DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'from_ref', p_from_ref,
        'to_ref', p_to_ref,
        'items', coalesce(jsonb_agg(to_jsonb(d)), '[]'),
        'total', count(*))
    FROM _pggit.list_diff(p_from_ref, p_to_ref, current_schemas(false)) AS d;
END;
COMMENT ON FUNCTION pggit.get_diff(text, text) IS $$
pggit.diff as a document.
Returns: {from_ref, to_ref, items, total}.
Errors: as pggit.diff.
$$;

CREATE OR REPLACE FUNCTION pggit.get_migration(p_from_ref text, p_to_ref text)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'from_ref', p_from_ref,
        'to_ref', p_to_ref,
        'items', coalesce(jsonb_agg(to_jsonb(m) ORDER BY m.position), '[]'),
        'total', count(*))
    FROM _pggit.list_migration(p_from_ref, p_to_ref, current_schemas(false)) AS m;
END;
COMMENT ON FUNCTION pggit.get_migration(text, text) IS $$
pggit.migration as a document.
Returns: {from_ref, to_ref, items, total}.
Errors: as pggit.migration.
$$;

CREATE OR REPLACE FUNCTION _pggit.comment_line(p_text text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
-- A name may hold a line feed, and what follows it would be run.
RETURN '-- ' || regexp_replace(p_text, '[\n\r]+', ' ', 'g');
COMMENT ON FUNCTION _pggit.comment_line(text) IS 'A text as one line of SQL comment.';

CREATE OR REPLACE FUNCTION _pggit.script_of_steps(p_title text, p_steps pggit.migration_step[])
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH steps AS (
        SELECT s.*,
            lag(s.in_transaction) OVER w AS was_in_transaction,
            lead(s.in_transaction) OVER w AS is_next_in_transaction
        FROM unnest(p_steps) AS s
        WINDOW w AS (ORDER BY s.position)
    )
    SELECT concat_ws(E'\n',
        _pggit.comment_line(p_title),
        coalesce(
            string_agg(concat_ws(E'\n',
                CASE WHEN s.in_transaction AND s.was_in_transaction IS NOT TRUE THEN 'BEGIN;' END,
                CASE WHEN s.hazards <> '{}'
                    THEN _pggit.comment_line(format('%s: %s', s.identity, array_to_string(s.hazards, ', '))) END,
                rtrim(s.sql, E'; \n\t') || ';',
                CASE WHEN s.in_transaction AND s.is_next_in_transaction IS NOT TRUE THEN 'COMMIT;' END
            ), E'\n' ORDER BY s.position),
            '-- Nothing to do.')) || E'\n'
    FROM steps AS s;
END;
COMMENT ON FUNCTION _pggit.script_of_steps(text, pggit.migration_step[]) IS $$
Steps as a script for psql: in transactions, except for what PostgreSQL refuses there; hazards as comments.
$$;

CREATE OR REPLACE FUNCTION pggit.migration_script(p_from_ref text, p_to_ref text)
RETURNS text
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.script_of_steps(
    format('Migration from %s to %s', p_from_ref, p_to_ref),
    ARRAY(
        SELECT ROW(m.*)::pggit.migration_step
        FROM _pggit.list_migration(p_from_ref, p_to_ref, current_schemas(false)) AS m));
COMMENT ON FUNCTION pggit.migration_script(text, text) IS $$
pggit.migration as a script for psql.
Errors: as pggit.migration.
$$;

CREATE OR REPLACE FUNCTION _pggit.conflict_document(p_conflict pggit.conflicts)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN to_jsonb(p_conflict) - ARRAY['base', 'source', 'target'] || jsonb_build_object(
    'base_schema', (p_conflict).base,
    'source_schema', (p_conflict).source,
    'target_schema', (p_conflict).target);
COMMENT ON FUNCTION _pggit.conflict_document(pggit.conflicts) IS 'A conflict as the API shows it.';

CREATE OR REPLACE FUNCTION _pggit.conflict_documents(p_merge_id text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_agg(_pggit.conflict_document(ROW(c.*)::pggit.conflicts) ORDER BY c.conflict_id), '[]')
    FROM pggit.conflicts AS c
    WHERE c.merge_id = p_merge_id);
COMMENT ON FUNCTION _pggit.conflict_documents(text) IS 'The conflicts of a merge as the API shows them.';

CREATE OR REPLACE FUNCTION pggit.merge_branch(
    p_target_branch_id bigint,
    p_source_branch_id bigint,
    p_message text,
    p_strategy text DEFAULT 'auto',
    p_base_branch_id bigint DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches := _pggit.branch_of_id(p_target_branch_id);
    v_source _pggit.branches := _pggit.branch_of_id(p_source_branch_id);
    v_base   text;
    v_merge  pggit.merges;
BEGIN
    IF p_base_branch_id IS NOT NULL THEN
        v_base := (_pggit.branch_of_id(p_base_branch_id)).name;
    END IF;
    v_merge := pggit.merge(v_source.name, v_target.name, p_message, p_strategy, v_base, p_allow_data_loss);
    RETURN to_jsonb(v_merge) || jsonb_build_object('conflicts', _pggit.conflict_documents(v_merge.merge_id));
END;
$$;
COMMENT ON FUNCTION pggit.merge_branch(bigint, bigint, text, text, bigint, boolean) IS $$
pggit.merge of branches by id, as a document with its conflicts.
Errors: VCN01, VCN06 for an unknown branch; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION pggit.preview_branch_merge(
    p_target_branch_id bigint,
    p_source_branch_id bigint,
    p_strategy text DEFAULT 'auto',
    p_base_branch_id bigint DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches := _pggit.branch_of_id(p_target_branch_id);
    v_source _pggit.branches := _pggit.branch_of_id(p_source_branch_id);
    v_base   text;
BEGIN
    IF p_base_branch_id IS NOT NULL THEN
        v_base := (_pggit.branch_of_id(p_base_branch_id)).name;
    END IF;
    RETURN pggit.get_preview(v_source.name, v_target.name, NULL, p_strategy, v_base, p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION pggit.preview_branch_merge(bigint, bigint, text, bigint, boolean) IS $$
pggit.preview_merge of branches by id, as a document.
Errors: VCN01, VCN06 for an unknown branch; else as pggit.preview_merge.
$$;

CREATE OR REPLACE FUNCTION pggit.get_merge(p_merge_id text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge pggit.merges;
BEGIN
    PERFORM _pggit.get_merge(p_merge_id, false);
    SELECT m.* INTO v_merge FROM pggit.merges AS m WHERE m.merge_id = p_merge_id;
    RETURN to_jsonb(v_merge);
END;
$$;
COMMENT ON FUNCTION pggit.get_merge(text) IS $$
One merge as a document.
Errors: VCN04 if there is none of that id.
$$;

CREATE OR REPLACE FUNCTION pggit.list_merges(
    p_status text DEFAULT NULL,
    p_source_branch_id bigint DEFAULT NULL,
    p_target_branch_id bigint DEFAULT NULL,
    p_limit integer DEFAULT 20,
    p_offset integer DEFAULT 0
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH found AS (
        SELECT m.merge_id, m.created_at
        FROM _pggit.merges AS m
        WHERE (p_status IS NULL OR m.status = p_status)
            AND (p_source_branch_id IS NULL OR m.source_branch_id = p_source_branch_id)
            AND (p_target_branch_id IS NULL OR m.target_branch_id = p_target_branch_id)
    ), page AS (
        SELECT f.merge_id, f.created_at
        FROM found AS f
        ORDER BY f.created_at DESC, f.merge_id DESC
        LIMIT p_limit OFFSET p_offset
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(to_jsonb(m) ORDER BY p.created_at DESC, p.merge_id DESC), '[]'),
        'total', (SELECT count(*) FROM found))
    FROM page AS p
    JOIN pggit.merges AS m ON m.merge_id = p.merge_id;
END;
COMMENT ON FUNCTION pggit.list_merges(text, bigint, bigint, integer, integer) IS $$
A page of the merges, newest first, as a document.
p_status, p_source_branch_id, p_target_branch_id: only those; NULL for all.
Returns: {items, total}.
$$;

CREATE OR REPLACE FUNCTION pggit.list_conflicts(p_merge_id text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_conflicts jsonb;
BEGIN
    PERFORM _pggit.get_merge(p_merge_id, false);
    v_conflicts := _pggit.conflict_documents(p_merge_id);
    RETURN jsonb_build_object(
        'merge_id', p_merge_id,
        'conflicts', v_conflicts,
        'total_conflicts', jsonb_array_length(v_conflicts));
END;
$$;
COMMENT ON FUNCTION pggit.list_conflicts(text) IS $$
Every conflict of a merge, as a document.
Returns: {merge_id, conflicts, total_conflicts}.
Errors: VCN04 for an unknown merge.
$$;

CREATE OR REPLACE FUNCTION pggit.open_conflicts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(
        jsonb_agg(_pggit.conflict_document(ROW(c.*)::pggit.conflicts) ORDER BY m.created_at, c.conflict_id), '[]')
    FROM pggit.conflicts AS c
    JOIN _pggit.merges AS m ON m.merge_id = c.merge_id
    WHERE m.status = 'pending_conflicts' AND c.resolution_status = 'pending');
COMMENT ON FUNCTION pggit.open_conflicts() IS 'Every conflict that waits for a resolution, as a document.';

CREATE OR REPLACE FUNCTION pggit.get_conflict(p_merge_id text, p_conflict_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_conflict pggit.conflicts;
BEGIN
    PERFORM _pggit.get_merge(p_merge_id, false);
    SELECT c.* INTO v_conflict
    FROM pggit.conflicts AS c
    WHERE c.merge_id = p_merge_id AND c.conflict_id = p_conflict_id;
    IF v_conflict.conflict_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN07', format('conflict %s of merge "%s" does not exist', p_conflict_id, p_merge_id),
            NULL, 'pggit.conflicts lists the conflicts.');
    END IF;
    RETURN _pggit.conflict_document(v_conflict);
END;
$$;
COMMENT ON FUNCTION pggit.get_conflict(text, bigint) IS $$
One conflict as a document.
Errors: VCN04 for an unknown merge, VCN07 for an unknown conflict.
$$;

CREATE OR REPLACE FUNCTION pggit.settle_conflict(
    p_merge_id text,
    p_conflict_id bigint,
    p_strategy text,
    p_custom jsonb DEFAULT NULL,
    p_notes text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM pggit.resolve_conflict(p_merge_id, p_conflict_id, p_strategy, p_custom, p_notes);
    RETURN pggit.get_conflict(p_merge_id, p_conflict_id);
END;
$$;
COMMENT ON FUNCTION pggit.settle_conflict(text, bigint, text, jsonb, text) IS $$
pggit.resolve_conflict; gives the conflict with its resolution as a document.
Errors: as pggit.resolve_conflict.
$$;

CREATE OR REPLACE FUNCTION pggit.finish_merge(p_merge_id text, p_message text, p_allow_data_loss boolean DEFAULT false)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge pggit.merges := pggit.complete_merge(p_merge_id, p_message, p_allow_data_loss);
BEGIN
    RETURN to_jsonb(v_merge) || jsonb_build_object('conflicts', _pggit.conflict_documents(v_merge.merge_id));
END;
$$;
COMMENT ON FUNCTION pggit.finish_merge(text, text, boolean) IS $$
pggit.complete_merge as a document with its conflicts.
Errors: as pggit.complete_merge.
$$;

CREATE OR REPLACE FUNCTION pggit.give_up_merge(p_merge_id text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge pggit.merges := pggit.abort_merge(p_merge_id);
BEGIN
    RETURN to_jsonb(v_merge);
END;
$$;
COMMENT ON FUNCTION pggit.give_up_merge(text) IS $$
pggit.abort_merge as a document.
Errors: as pggit.abort_merge.
$$;

CREATE OR REPLACE FUNCTION pggit.get_preview(
    p_source text,
    p_target text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_strategy text DEFAULT 'auto',
    p_base text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'conflicts_detected', count(*) FILTER (WHERE p.item = 'conflict') > 0,
        'conflicts', coalesce(jsonb_agg(jsonb_build_object(
            'conflict_type', p.conflict_type,
            'object_kind', p.object_kind,
            'schema_name', p.schema_name,
            'table_name', p.table_name,
            'column_name', p.column_name,
            'object_name', p.object_name,
            'attribute', p.attribute,
            'base_schema', p.base,
            'source_schema', p.source,
            'target_schema', p.target,
            'description', p.description) ORDER BY p.position) FILTER (WHERE p.item = 'conflict'), '[]'),
        'steps', coalesce(jsonb_agg(jsonb_build_object(
            'position', p.position,
            'sql', p.sql,
            'lock_level', p.lock_level,
            'hazards', p.hazards,
            'in_transaction', p.in_transaction,
            'action', p.description,
            'kind', p.object_kind,
            'identity', p.object_name) ORDER BY p.position) FILTER (WHERE p.item = 'step'), '[]'),
        'notes', coalesce(jsonb_agg(p.description ORDER BY p.position) FILTER (WHERE p.item = 'note'), '[]'))
    FROM _pggit.preview_merge(
        p_source, p_target, p_message, p_strategy, p_base, p_allow_data_loss, current_schemas(false)) AS p;
END;
COMMENT ON FUNCTION pggit.get_preview(text, text, text, text, text, boolean) IS $$
pggit.preview_merge as a document.
Returns: {conflicts_detected, conflicts, steps, notes}.
Errors: as pggit.preview_merge.
$$;

-- version
CREATE OR REPLACE FUNCTION pggit.version()
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN '0.1.0'::text;
COMMENT ON FUNCTION pggit.version() IS $$
Says which version of pggit this database has.
$$;
INSERT INTO _pggit.versions (version) VALUES ('0.1.0');

-- what pg_dump takes along
DO $$
DECLARE
    v_relation regclass;
BEGIN
    FOR v_relation IN
        SELECT c.oid
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = '_pggit'::regnamespace
          AND c.relkind IN ('r', 'p', 'S')
          AND c.relname <> ALL (ARRAY['error_codes', 'worktree_objects']::name[])
        ORDER BY c.oid
    LOOP
        PERFORM pg_catalog.pg_extension_config_dump(v_relation, '');
    END LOOP;
    PERFORM pg_catalog.pg_extension_config_dump(
        '_pggit.versions'::regclass, 'WHERE version <> pggit.version()'
    );
END;
$$;

-- 90_privileges.sql
CREATE OR REPLACE FUNCTION _pggit.callers()
RETURNS TABLE (routine name, role name)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- The least role that may call each public routine; a writer may do what a reader may, an admin what a writer may.
    SELECT unnest(ARRAY[
        'version', 'current_branch', 'use', 'checkout', 'status', 'log', 'diff', 'migration', 'lint', 'blame',
        'list_branches', 'get_branch', 'find_worktree', 'get_worktree', 'get_commit', 'branch_log', 'list_tags',
        'branch_status', 'get_diff', 'get_migration', 'migration_script', 'get_merge', 'list_merges', 'list_conflicts',
        'open_conflicts', 'get_conflict'
    ]::name[]), 'pggit_reader'::name
    UNION ALL
    SELECT unnest(ARRAY[
        'create_branch', 'delete_branch', 'commit', 'create_tag', 'build_worktree', 'drop_worktree',
        'merge', 'preview_merge', 'resolve_conflict', 'resolve_conflicts', 'complete_merge', 'abort_merge',
        'cherry_pick', 'revert', 'rebase', 'reset', 'rebaseline',
        'add_branch', 'remove_branch', 'commit_branch', 'merge_branch', 'preview_branch_merge', 'get_preview',
        'settle_conflict', 'finish_merge', 'give_up_merge'
    ]::name[]), 'pggit_writer'::name
    UNION ALL
    SELECT unnest(ARRAY['init', 'setup_roles']::name[]), 'pggit_admin'::name;
END;
COMMENT ON FUNCTION _pggit.callers() IS 'Every public routine and the least role that may call it.';

CREATE OR REPLACE FUNCTION _pggit.grant_privileges()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_roles name[] := ARRAY(
        SELECT r.rolname
        FROM pg_roles AS r
        WHERE r.rolname IN ('pggit_reader', 'pggit_writer', 'pggit_admin')
        ORDER BY r.rolname
    );
    v_role  name;
BEGIN
    REVOKE ALL ON ALL ROUTINES IN SCHEMA pggit, _pggit FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA pggit, _pggit FROM PUBLIC;
    REVOKE ALL ON SCHEMA pggit, _pggit FROM PUBLIC;
    FOREACH v_role IN ARRAY v_roles LOOP
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA pggit, _pggit FROM %I', v_role);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA pggit, _pggit FROM %I', v_role);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA pggit, _pggit FROM %I', v_role);
        -- Functions run with the caller's rights, so the caller needs the helpers and tables behind the calls as well.
        EXECUTE format('GRANT USAGE ON SCHEMA pggit, _pggit TO %I', v_role);
        EXECUTE format('GRANT EXECUTE ON ALL ROUTINES IN SCHEMA _pggit TO %I', v_role);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA pggit, _pggit TO %I', v_role);
        IF v_role <> 'pggit_reader' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA _pggit TO %I', v_role);
            EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA _pggit TO %I', v_role);
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON _pggit.versions, _pggit.error_codes FROM %I', v_role);
        END IF;
    END LOOP;
    PERFORM _pggit.grant_calls(v_roles);
END;
$$;
COMMENT ON FUNCTION _pggit.grant_privileges() IS $$
Takes everything from PUBLIC and the three roles and grants it anew. Grants to other roles stay.
$$;

CREATE OR REPLACE FUNCTION _pggit.grant_calls(p_roles name[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_routine regprocedure;
    v_role    name;
BEGIN
    FOR v_routine, v_role IN
        SELECT p.oid::regprocedure, r.name
        FROM _pggit.callers() AS c
        JOIN pg_proc AS p ON p.proname = c.routine AND p.pronamespace = 'pggit'::regnamespace
        JOIN unnest(p_roles) AS r(name)
            ON c.role = 'pggit_reader'
            OR c.role = 'pggit_writer' AND r.name <> 'pggit_reader'
            OR r.name = 'pggit_admin'
        ORDER BY p.oid, r.name
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', v_routine, v_role);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _pggit.grant_calls(name[]) IS $$
Grants each public routine to those of p_roles that _pggit.callers names.
$$;

CREATE OR REPLACE FUNCTION pggit.setup_roles()
RETURNS SETOF name
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_role name;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['pggit_reader', 'pggit_writer', 'pggit_admin']::name[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            RETURN NEXT v_role;
        END IF;
    END LOOP;
    PERFORM _pggit.grant_privileges();
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = format('role "%s" may not create role "%s"', current_user, v_role),
            HINT = 'Let a role with CREATEROLE run: CREATE ROLE pggit_reader; CREATE ROLE pggit_writer; '
                'CREATE ROLE pggit_admin; then call pggit.setup_roles() again as the owner of pggit.';
END;
$$;
COMMENT ON FUNCTION pggit.setup_roles() IS $$
Makes the roles pggit_reader, pggit_writer and pggit_admin where they are missing, and gives them their rights.
Returns: the roles that it made.
Errors: 42501 if a role is missing and the caller may not create roles, or does not own pggit.
$$;

-- An installer who may not create roles gets pggit for itself alone; whoever installs at the same moment in another
-- database of the server may make the same role first.
DO $$
BEGIN
    PERFORM pggit.setup_roles();
EXCEPTION
    WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
        PERFORM _pggit.grant_privileges();
END;
$$;
