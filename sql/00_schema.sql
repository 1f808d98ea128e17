-- The two schemas: pggit holds what users call, _pggit the tables and helpers behind it.

-- == relations ==

-- Not IF NOT EXISTS: a schema that somebody planted beforehand makes the install fail rather than be trusted.
CREATE SCHEMA pggit;
CREATE SCHEMA _pggit;

CREATE TABLE _pggit.versions (
    version      text PRIMARY KEY CHECK (version ~ '^\d+\.\d+\.\d+$'),
    installed_at timestamptz NOT NULL DEFAULT now(),
    installed_by text NOT NULL DEFAULT session_user
);

-- == routines ==
COMMENT ON SCHEMA pggit IS 'Git for PostgreSQL: the calls and views that users use.';
COMMENT ON SCHEMA _pggit IS 'Tables and helpers of pggit; not for use from outside.';
COMMENT ON TABLE _pggit.versions IS 'Every version of pggit that this database has had, one row each.';
