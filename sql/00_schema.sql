-- The two schemas: pggit holds what users call, _pggit the tables and helpers behind it.

-- == relations ==
CREATE SCHEMA pggit;
CREATE SCHEMA _pggit;

-- == routines ==
COMMENT ON SCHEMA pggit IS 'Git for PostgreSQL: the calls and views that users use.';
COMMENT ON SCHEMA _pggit IS 'Tables and helpers of pggit; not for use from outside.';
