-- Dependencies: which repositories of which organizations need which packages, and where a package can be sponsored.

-- == relations ==
CREATE TABLE _pggit.organizations (
    organization_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE CHECK (btrim(name) <> ''),
    url             text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE _pggit.repositories (
    repository_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id integer NOT NULL REFERENCES _pggit.organizations ON DELETE CASCADE,
    name            text NOT NULL CHECK (btrim(name) <> ''),
    url             text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (organization_id, name)
);

CREATE TABLE _pggit.packages (
    package_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- As in pypi, npm, postgresql (its extensions).
    ecosystem       text NOT NULL CHECK (ecosystem ~ '^[a-z][a-z0-9._-]*$'),
    name            text NOT NULL CHECK (btrim(name) <> ''),
    -- Where it is developed, if that is known.
    repository_id   integer REFERENCES _pggit.repositories ON DELETE SET NULL,
    sponsorship_url text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (ecosystem, name)
);
CREATE INDEX packages_repository_id_idx ON _pggit.packages (repository_id);

CREATE TABLE _pggit.dependencies (
    dependency_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id integer NOT NULL REFERENCES _pggit.repositories ON DELETE CASCADE,
    package_id    integer NOT NULL REFERENCES _pggit.packages,
    -- The versions that will do, in the words of the ecosystem; NULL for any.
    version_range text,
    -- The file that says so.
    manifest_path text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (repository_id, package_id, manifest_path)
);
CREATE INDEX dependencies_package_id_idx ON _pggit.dependencies (package_id);

-- == routines ==
COMMENT ON TABLE _pggit.organizations IS 'Who owns repositories.';
COMMENT ON TABLE _pggit.repositories IS 'Repositories of source code whose manifests name packages.';
COMMENT ON TABLE _pggit.packages IS 'Packages of an ecosystem, extensions of PostgreSQL among them.';
COMMENT ON TABLE _pggit.dependencies IS 'Which repository needs which package, in which versions.';

CREATE OR REPLACE VIEW pggit.dependents AS
SELECT p.ecosystem, p.name AS package, o.name AS organization, r.name AS repository, d.version_range, d.manifest_path, p.sponsorship_url
FROM _pggit.dependencies AS d
JOIN _pggit.packages AS p USING (package_id)
JOIN _pggit.repositories AS r ON r.repository_id = d.repository_id
JOIN _pggit.organizations AS o USING (organization_id);
COMMENT ON VIEW pggit.dependents IS 'Who depends on each package, and where it can be sponsored.';
