"""Write the installable SQL from sql/ and migrations/.

Every module of sql/ has two parts, `-- == relations ==` (created once) and `-- == routines ==` (all CREATE OR REPLACE):

    fresh install = relations + routines + version() + privileges
    upgrade step  = the step's own statements (migrations/next.sql) + all routines + version() + privileges

A line `-- relations of 51_webhooks.sql` in next.sql stands for that module's relations: a module that is new since the last
release says them once, in sql/.

Each script comes in two forms from one text: for the extension (build/extension/), and plain, in one transaction, for
`pggit db upgrade` (python/pggit/_sql/). build/pggit.sql is today's fresh install in its plain form. For `pggit compare`, the
engine alone stands beside them (see engine.py).
`--freeze` (make release) copies this version's scripts into migrations/ and opens the next version.
"""

import argparse
import pathlib
import re
import sys
import tomllib

import engine

ROOT = pathlib.Path(__file__).resolve().parent.parent
SQL = ROOT / "sql"
MIGRATIONS = ROOT / "migrations"
BUILD = ROOT / "build"
PACKAGED = ROOT / "python" / "pggit" / "_sql"
UPGRADE_TESTS = ROOT / "tests" / "upgrade"
PRIVILEGES = "90_privileges.sql"
# What `pggit compare` loads into a temporary schema: these modules touch no table of pggit.
ENGINE = re.compile(r"(10_objects|2[012]_.*)\.sql")
SECTION = re.compile(r"^-- == (?:relations|routines) ==$", re.M)
NEW_MODULE = re.compile(r"^-- relations of (\S+)$", re.M)
NEXT = MIGRATIONS / "next.sql"
NEXT_EMPTY = """\
-- What the coming upgrade step does beyond CREATE OR REPLACE of every routine: ALTER, moves of data, DROP.

SET LOCAL lock_timeout = '5s';
"""

CONTROL = """\
comment = 'Git for PostgreSQL schemas: branch, commit, diff and merge a database schema'
default_version = '{version}'
relocatable = false
superuser = false
"""

VERSION_SQL = """\
-- version
CREATE OR REPLACE FUNCTION pggit.version()
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN '{version}'::text;
COMMENT ON FUNCTION pggit.version() IS $$
Says which version of pggit this database has.
$$;
INSERT INTO _pggit.versions (version) VALUES ('{version}');
"""

# One call each: two pg_extension_config_dump in one SELECT overwrite each other's row of pg_extension. Identity sequences
# are listed, too: else a restored table would hand out used keys again.
DUMP_MARK = "-- what pg_dump takes along\n"
DUMP_SQL = """\
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
          AND NOT c.relispartition  -- logs, whose parents are not dumped
          AND c.relname <> ALL (ARRAY[{not_dumped}]::name[])
        ORDER BY c.oid
    LOOP
        PERFORM pg_catalog.pg_extension_config_dump(v_relation, '');
    END LOOP;
    PERFORM pg_catalog.pg_extension_config_dump(
        '_pggit.versions'::regclass, 'WHERE version <> pggit.version()'
    );
END;
$$;
"""


STEP_GUARD = """\
DO $$
BEGIN
    IF pggit.version() <> '{from}' THEN
        RAISE EXCEPTION USING
            ERRCODE = '55000',
            MESSAGE = pg_catalog.format('this step starts at version {from}, the database has %s', pggit.version());
    END IF;
END;
$$;
"""

# The lock makes installers queue; the empty path makes a name that is not qualified an error instead of a surprise.
PLAIN_HEAD = """\
BEGIN;
DO $$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(8244711560462187); END; $$;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL check_function_bodies = off;
SET LOCAL client_min_messages = warning;
"""


class BuildError(Exception):
    """A module that does not have the shape that the build needs."""


def project_version() -> str:
    """The one version, from pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def modules() -> list[tuple[str, str, str]]:
    """(file name, relations, routines) of each module in load order, privileges last."""
    found = []
    for path in sorted(SQL.glob("*.sql")):
        parts = SECTION.split(path.read_text(encoding="utf-8"))
        if len(parts) != 3:
            raise BuildError(
                f"{path.name}: needs the marks '-- == relations ==' and '-- == routines ==' once each"
            )
        found.append((path.name, parts[1].strip(), parts[2].strip()))
    return found


def with_new_modules(statements: str) -> str:
    """The statements of next.sql with the relations of each module that it names as new."""
    relations = {name: text for name, text, _ in modules()}
    unknown = [name for name in NEW_MODULE.findall(statements) if name not in relations]
    if unknown:
        raise BuildError(f"next.sql names modules that do not exist: {', '.join(unknown)}")
    return NEW_MODULE.sub(lambda found: section(found[1], relations[found[1]]), statements)


def section(name: str, text: str) -> str:
    return f"-- {name}\n{text}\n" if text else ""


def not_dumped(relations: str) -> list[str]:
    """Tables marked with a line `-- not dumped: <reason>` above their CREATE TABLE: seeds and maps of OIDs."""
    return re.findall(
        r"^-- not dumped: .+\n(?:-- .*\n)*CREATE (?:UNLOGGED )?TABLE _pggit\.(\w+)",
        relations,
        flags=re.M,
    )


class Release:
    """The modules of today, as the texts that scripts are put together from."""

    def __init__(self, version: str) -> None:
        parts = modules()
        self.version = version
        self.relations = "\n".join(section(name, text) for name, text, _ in parts)
        # The engine's routines stand before those that call it: views and SQL bodies bind their names when they are created.
        ordered = sorted(
            parts, key=lambda part: (part[0] > "10" and not ENGINE.fullmatch(part[0]), part[0])
        )
        self.routines = "\n".join(
            section(name, text) for name, _, text in ordered if name != PRIVILEGES
        )
        self.privileges = "\n".join(
            section(name, text) for name, _, text in parts if name == PRIVILEGES
        )
        own = [part for part in parts if ENGINE.fullmatch(part[0])]
        self.engine = "\n".join(
            [section(n, r) for n, r, _ in own] + [section(n, t) for n, _, t in own]
        )
        self.dump = DUMP_SQL.replace(
            "{not_dumped}", ", ".join(f"'{name}'" for name in not_dumped(self.relations))
        )

    def fresh(self) -> str:
        return self._script("CREATE EXTENSION pggit", self.relations)

    def step(self, from_version: str, statements: str) -> str:
        # A table dropped while it is a member would leave its oid in pg_extension.extconfig.
        statements = re.sub(
            r"^(?=DROP TABLE (?:IF EXISTS )?(_pggit\.\w+))",
            r"ALTER EXTENSION pggit DROP TABLE \1;\n",
            statements,
            flags=re.M,
        )
        guard = STEP_GUARD.replace("{from}", from_version)
        return self._script(
            f"ALTER EXTENSION pggit UPDATE TO '{self.version}'",
            guard + "\n" + statements.strip() + "\n",
        )

    def _script(self, command: str, first: str) -> str:
        version = VERSION_SQL.replace("{version}", self.version)
        # Privileges stand last: they must cover whatever the build itself adds.
        parts = [first, self.routines, version, self.dump, self.privileges]
        return f'\\echo Use "{command}" to load this file. \\quit\n\n' + "\n".join(parts)


def plain(script: str) -> str:
    """The plain form of an extension script: one transaction, nothing about membership."""
    guard, _, body = script.partition("\n\n")
    if not guard.startswith("\\echo "):
        raise BuildError("an extension script has lost its guard line")
    start = body.index(DUMP_MARK)
    end = body.index("\n$$;\n", start) + len("\n$$;\n")
    body = body[:start] + body[end:].lstrip("\n")
    body = re.sub(r"^ALTER EXTENSION pggit DROP TABLE .*;\n", "", body, flags=re.M)
    return PLAIN_HEAD + "\n" + body.rstrip("\n") + "\n\nCOMMIT;\n"


def version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def frozen() -> list[str]:
    """Versions of the frozen fresh installs in migrations/, oldest first."""
    names = (
        re.fullmatch(r"pggit--(\d+\.\d+\.\d+)\.sql", path.name)
        for path in MIGRATIONS.glob("pggit--*.sql")
    )
    return sorted((name.group(1) for name in names if name), key=version_key)


def today(version: str) -> dict[str, str]:
    """This version's own extension scripts: the fresh install, and the step from the release before."""
    release = Release(version)
    texts = {f"pggit--{version}.sql": release.fresh()}
    before = [one for one in frozen() if one != version]
    if before:
        texts[f"pggit--{before[-1]}--{version}.sql"] = release.step(
            before[-1], with_new_modules(NEXT.read_text(encoding="utf-8"))
        )
    return texts


def scripts(version: str) -> dict[str, str]:
    """Every extension script by file name: the frozen ones as they are, and this version's."""
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(MIGRATIONS.glob("pggit--*.sql"))
    }
    for name, text in today(version).items():
        if texts.get(name, text) != text:
            raise BuildError(
                f"{name} is frozen and sql/ has changed since: raise the version in pyproject.toml"
            )
        texts[name] = text
    return texts


def freeze(version: str) -> None:
    """Copy this version's scripts into migrations/ and open the next version."""
    if version in frozen():
        raise BuildError(f"version {version} is frozen already")
    write(
        MIGRATIONS,
        {
            **{
                path.name: path.read_text(encoding="utf-8")
                for path in MIGRATIONS.glob("pggit--*.sql")
            },
            **today(version),
        },
    )
    # What tests load into that release from now on: the sample of today, which may change.
    data = UPGRADE_TESTS / "data_head.sql"
    text = re.sub(
        r"^\\ir (.+)$",
        lambda found: (data.parent / found.group(1)).read_text(encoding="utf-8"),
        data.read_text(encoding="utf-8"),
        flags=re.M,
    )
    write(UPGRADE_TESTS, {f"data_{version}.sql": text})
    NEXT.write_text(NEXT_EMPTY, encoding="utf-8")
    major, minor, _ = version_key(version)
    coming = f"{major}.{minor + 1}.0"
    project = ROOT / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(
        text.replace(f'version = "{version}"', f'version = "{coming}"', 1), encoding="utf-8"
    )
    print(f"froze {version}; pyproject.toml now says {coming}")


def write(folder: pathlib.Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("pggit*"), *folder.glob("engine*")):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            temporary = path.with_name(path.name + ".new")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)  # never a half-written script for one who installs meanwhile


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--freeze", action="store_true", help="copy this version's scripts into migrations/"
    )
    options = parser.parse_args(arguments)
    try:
        if options.freeze:
            freeze(project_version())
        version = project_version()
        built = scripts(version)
        in_plain = {name: plain(text) for name, text in built.items()}
    except BuildError as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    write(BUILD / "extension", {**built, "pggit.control": CONTROL.format(version=version)})
    parts = engine.parts(Release(version).engine)
    write(PACKAGED, {**in_plain, **{f"engine_{name}.sql": text for name, text in parts.items()}})
    write(BUILD, {"pggit.sql": in_plain[f"pggit--{version}.sql"]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
