"""Fresh equals upgraded: in both forms, from every frozen release, before and after pg_dump and restore."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pggit import migrate
from pgtap import parse, pgtap_script
from servers import ROOT, PgServer

HERE = Path(__file__).resolve().parent
MANIFEST = ROOT / "tests" / "sql" / "manifest.sql"
CHECKED_IN = HERE / "manifest.txt"
HEAD = migrate.available()[-1]
RELEASES = migrate.available()[:-1]
FORMS = ("plain", "extension")


def manifest(pg: PgServer, url: str) -> list[str]:
    return pg.psql(url.rsplit("/", 1)[1], "-f", str(MANIFEST)).stdout.splitlines()


def install(url: str, form: str, version: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        if form == "plain":
            migrate.upgrade(conn, version)
        else:
            conn.execute(f"CREATE EXTENSION pggit VERSION '{version}'")


def upgrade(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        migrate.upgrade(conn)


def load(pg: PgServer, url: str, version: str) -> None:
    pg.psql(url.rsplit("/", 1)[1], "-f", str(HERE / f"data_{version}.sql"))


def history(url: str) -> list[object]:
    """What has to survive: commits with their hashes and parents, branches, tags, merges, and all trees read back."""
    queries = (
        "SELECT commit_id, hash, parents, message, author, committed_at FROM pggit.commits ORDER BY commit_id",
        "SELECT branch_id, name, head_commit_id FROM pggit.branches ORDER BY branch_id",
        "SELECT name, commit_id FROM pggit.tags ORDER BY name",
        "SELECT merge_id, status FROM pggit.merges ORDER BY merge_id",
        "SELECT merge_id, conflict_id, conflict_type, resolution_status FROM pggit.conflicts ORDER BY conflict_id",
        "SELECT c.commit_id, o.* FROM pggit.commits AS c, _pggit.tree_objects(decode(c.tree_hash, 'hex')) AS o "
        "ORDER BY c.commit_id, o.object_id",
    )
    with psycopg.connect(url) as conn:
        return [conn.execute(query).fetchall() for query in queries]


def dump_and_restore(pg: PgServer, source: str, target: str) -> None:
    dump = subprocess.run(
        [pg.bin / "pg_dump", "-d", source], capture_output=True, text=True, check=True
    ).stdout
    pg.psql(target.rsplit("/", 1)[1], text=dump)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, pg: PgServer) -> str:
    with psycopg.connect(pg.maintenance_url) as conn:
        found = conn.execute(
            "SELECT 1 FROM pg_available_extensions WHERE name = 'pggit'"
        ).fetchone()
    if request.param == "extension" and found is None:
        pytest.skip("this server was given, and does not have the extension's files")
    return str(request.param)


@pytest.fixture
def second(pg: PgServer) -> Iterator[str]:
    with pg.database() as url:
        yield url


def test_the_fresh_install_is_the_checked_in_manifest(pg: PgServer, database: str) -> None:
    found = "".join(line + "\n" for line in manifest(pg, database) if not line.startswith("text "))
    if os.environ.get("PGGIT_UPDATE_MANIFEST"):
        CHECKED_IN.write_text(found, encoding="utf-8")
    assert found == CHECKED_IN.read_text(encoding="utf-8"), (
        "run: make manifest, and look at what changed"
    )


def test_both_forms_give_the_same_catalog(
    pg: PgServer, database: str, second: str, form: str
) -> None:
    install(second, form, HEAD)
    mine = [line for line in manifest(pg, second) if not line.startswith("extension ")]
    assert mine == manifest(pg, database)


@pytest.mark.parametrize("release", RELEASES)
def test_an_upgraded_install_equals_a_fresh_one(
    pg: PgServer, empty_database: str, second: str, form: str, release: str
) -> None:
    install(second, form, HEAD)
    install(empty_database, form, release)
    load(pg, empty_database, release)
    before = history(empty_database)
    upgrade(empty_database)
    assert manifest(pg, empty_database) == manifest(pg, second)
    assert history(empty_database) == before


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES[-1:])
def test_the_suite_passes_on_an_upgraded_install(
    pg: PgServer, empty_database: str, release: str
) -> None:
    # One form and the last step: the catalogs are equal, as the test above shows.
    install(empty_database, "plain", release)
    upgrade(empty_database)
    name = empty_database.rsplit("/", 1)[1]
    pg.psql(
        name, "-c", "CREATE SCHEMA tap", "-c", "SET search_path = tap", "-f", str(pgtap_script())
    )
    failed = []
    for path in sorted((ROOT / "tests" / "sql").glob("*.sql")):
        if path == MANIFEST:
            continue
        done = pg.psql(name, "-f", str(path), check=False)
        run = parse(done.stdout, done.stderr)
        plan = re.search(r"\bplan\s*\(\s*(\d+)", path.read_text(encoding="utf-8"))
        assert plan is not None
        failed += [
            f"{path.name}: {line.title}"
            for line in run.lines.values()
            if not line.ok and not line.directive
        ]
        if len(run.lines) != int(plan.group(1)):
            failed.append(f"{path.name}: {run.error}")
    assert failed == []


@pytest.mark.parametrize("release", [*RELEASES, HEAD])
def test_a_dump_restores_to_the_same_catalog_and_history(
    pg: PgServer, empty_database: str, second: str, form: str, release: str
) -> None:
    install(empty_database, form, release)
    load(pg, empty_database, release if release in RELEASES else "head")
    upgrade(empty_database)
    dump_and_restore(pg, empty_database, second)
    # Of SQL bodies a dump holds the parsed form, which PostgreSQL may print otherwise once it was read again.
    skipped = ("text routine", "text view") if form == "plain" else ()
    restored = [line for line in manifest(pg, second) if not line.startswith(skipped)]
    assert restored == [
        line for line in manifest(pg, empty_database) if not line.startswith(skipped)
    ]
    assert history(second) == history(empty_database)
    with psycopg.connect(second, autocommit=True) as conn:
        changes = conn.execute("SELECT * FROM pggit.status('main')").fetchall()
        assert changes == []
        conn.execute("SELECT pggit.checkout('feature/long-email')")
        conn.execute("ALTER TABLE customers ADD COLUMN restored boolean")
        conn.execute("SELECT pggit.commit('after the restore')")


def test_the_extension_installs_for_a_database_owner_without_superuser(
    pg: PgServer, empty_database: str, form: str
) -> None:
    name = empty_database.rsplit("/", 1)[1]
    owner = f"owner_{name}"
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute(f'CREATE ROLE "{owner}" LOGIN')
        conn.execute(f'ALTER DATABASE "{name}" OWNER TO "{owner}"')
    try:
        install(pg.url(name, owner), form, HEAD)
        with psycopg.connect(pg.url(name, owner), autocommit=True) as conn:
            conn.execute("CREATE SCHEMA app CREATE TABLE t (id int PRIMARY KEY)")
            conn.execute("SELECT pggit.init('app')")
            assert conn.execute("SELECT name FROM pggit.branches").fetchall() == [("main",)]
            owners = conn.execute(
                "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = '_pggit'::regnamespace"
            ).fetchall()
            assert owners == [(owner,)]
            migrate.downgrade(conn, "base")
    finally:
        with psycopg.connect(empty_database, autocommit=True) as conn:
            conn.execute(f'ALTER DATABASE "{name}" OWNER TO postgres')
            conn.execute(f'REASSIGN OWNED BY "{owner}" TO postgres')
            conn.execute(f'DROP OWNED BY "{owner}"')
            conn.execute(f'DROP ROLE "{owner}"')
