"""The database that merges are tried in."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from servers import PgServer

ROLES = ("pggit_test_alice", "pggit_test_bob")


@pytest.fixture(scope="session")
def merge_template(pg: PgServer) -> Iterator[str]:
    """A database with pggit and the functions that look at results."""
    with psycopg.connect(pg.maintenance_url, autocommit=True) as conn:
        for role in ROLES:
            with suppress(errors.DuplicateObject, errors.UniqueViolation):
                conn.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    name = pg.create_database(pg.template())
    pg.psql(name, "-f", str(Path(__file__).with_name("see.sql")))
    yield name
    pg.drop_database(name)
