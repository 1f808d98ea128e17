-- Objects: the shapes in which the engine hands versioned things from reader to differ, planner and merge.

-- == relations ==

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

-- An object by where the catalog keeps it, its columns included.
CREATE TYPE _pggit.catalog_address AS (
    classid oid,
    objid   oid
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

-- == routines ==
