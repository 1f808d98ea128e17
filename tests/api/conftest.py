"""Fixtures of the API tests: a client of a real server, on a database of the test's own."""

import socket
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest

from api.service import SCHEMA, serve, settings_for
from pggit.settings import Settings
from servers import PgServer


@pytest.fixture(scope="module")
def empty_api(pg: PgServer) -> Iterator[httpx.Client]:
    """A client of a service on a database where nothing is tracked; for tests that change nothing."""
    with pg.database(pg.template()) as url, serve(settings_for(url)) as client:
        yield client


@pytest.fixture
def api(database: str) -> Iterator[httpx.Client]:
    """A client of a service on a database with pggit."""
    with serve(settings_for(database)) as client:
        yield client


@pytest.fixture
def repository(database: str) -> str:
    """A database in which pggit tracks a small schema; gives its URL."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute("SELECT pggit.init('app')")
    return database


@pytest.fixture
def away() -> Iterator[httpx.Client]:
    """A client of a service whose PostgreSQL does not answer."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{closed.getsockname()[1]}/nothing"
        settings = Settings(
            database_url=url,
            database_pool_min=1,
            health_timeout=0.3,
            log_level="CRITICAL",
            rate_limit_enabled=False,
        )
        with serve(settings) as client:
            yield client


@pytest.fixture
def on_branch(repository: str) -> Callable[[str, str], None]:
    """Run DDL on a branch's worktree, unqualified, as a user would."""

    def run(branch: str, ddl: str) -> None:
        with psycopg.connect(repository, autocommit=True) as connection:
            connection.execute("SELECT pggit.checkout(%s)", [branch])
            connection.execute(ddl.encode())

    return run
