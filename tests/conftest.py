"""Fixtures of every test: the servers, and databases with and without pggit on them. tests/README.md says how to use them."""

import json
import os
import re
import signal
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgtap import collect_tap_file, drop_tap_databases
from servers import OwnServers, PgServer, given_servers

SERVERS = pytest.StashKey[dict[int, PgServer]]()
SPREAD = {"compare", "merge"}
OWN = pytest.StashKey[OwnServers]()


def pytest_configure(config: pytest.Config) -> None:
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        known = json.loads(worker_input["servers"])
        config.stash[SERVERS] = {
            int(major): PgServer(int(major), url, Path(path))
            for major, (url, path) in known.items()
        }
        return
    if config.option.collectonly or config.option.help:
        config.stash[SERVERS] = {major: PgServer(major, "", Path()) for major in (15, 18)}
        return
    servers = given_servers()
    if not servers:
        # Ended from outside, we still stop the servers and drop their data.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        config.stash[OWN] = OwnServers()
        servers = config.stash[OWN].start()
    config.stash[SERVERS] = servers


def pytest_unconfigure(config: pytest.Config) -> None:
    drop_tap_databases()
    if (own := config.stash.get(OWN, None)) is not None:
        own.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: every worker uses the servers that the first process started."""
    known = {
        major: (one.maintenance_url, str(one.bin))
        for major, one in node.config.stash[SERVERS].items()
    }
    node.workerinput["servers"] = json.dumps(known)


def is_left_to_another(item: pytest.Item, majors: list[int]) -> bool:
    """Of two servers each takes half of the many cases; one in eight runs on both, and with PGGIT_BOTH all do."""
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    case = parameters.get("case") or parameters.get("pair")
    if case is None or len(majors) != 2 or "PGGIT_BOTH" in os.environ or "18" in case.flags:
        return False
    number = zlib.crc32(case.name.encode())
    return number % 8 != 0 and parameters["pg"].major != majors[number // 8 % 2]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """xdist: the many cases go one by one to whoever is free; elsewhere a file stays together, on each server."""
    majors = sorted(config.stash[SERVERS])
    spread = [item for item in items if item.path.parent.name in SPREAD]
    left = {item for item in spread if is_left_to_another(item, majors)}
    config.hook.pytest_deselected(items=list(left))
    items[:] = [item for item in items if item not in left]
    for item in items:
        if item.path.parent.name not in SPREAD:
            major = next((word for word in re.findall(r"pg\d+", item.name)), "")
            item.add_marker(pytest.mark.xdist_group(f"{item.path.name}-{major}"))


def pytest_report_header(config: pytest.Config) -> str:
    return "servers: PostgreSQL " + ", ".join(str(major) for major in config.stash[SERVERS])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return collect_tap_file(file_path, parent, parent.config.stash[SERVERS])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pg" in metafunc.fixturenames:
        servers = metafunc.config.stash[SERVERS]
        metafunc.parametrize(
            "pg",
            list(servers.values()),
            ids=[f"pg{major}" for major in servers],
            indirect=True,
            scope="session",
        )


@pytest.fixture(scope="session")
def pg(request: pytest.FixtureRequest) -> PgServer:
    """The server under test; a test that asks for it, or for a fixture below, runs once on each."""
    server: PgServer = request.param
    return server


@pytest.fixture(scope="session")
def newest_pg(pytestconfig: pytest.Config) -> PgServer:
    """The newest server alone: for tests of the service that the version of PostgreSQL has no part in."""
    servers = pytestconfig.stash[SERVERS]
    return servers[max(servers)]


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> dict[int, PgServer]:
    """Every server, for a test that needs two of them."""
    found: dict[int, PgServer] = request.config.stash[SERVERS]
    return found


@pytest.fixture
def database(pg: PgServer) -> Iterator[str]:
    """URL of a database with pggit of the test's own."""
    with pg.database(pg.template()) as url:
        yield url


@pytest.fixture
def empty_database(pg: PgServer) -> Iterator[str]:
    """URL of a database without pggit of the test's own."""
    with pg.database() as url:
        yield url


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to `database`, in autocommit."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def connect(database: str) -> Iterator[Callable[..., psycopg.Connection]]:
    """Opens further connections to `database` (autocommit unless told otherwise) and closes them."""
    opened: list[psycopg.Connection] = []

    def open_one(
        url: str = database, *, autocommit: bool = True, **options: Any
    ) -> psycopg.Connection:
        opened.append(psycopg.connect(url, autocommit=autocommit, **options))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()
