"""Rights are PostgreSQL's: what a role may not do in psql it may not do over REST."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import quote

import httpx
import psycopg
import pytest
from psycopg import sql

from api.service import assert_envelope, serve, settings_for

AS = Callable[[str], AbstractContextManager[httpx.Client]]


@pytest.fixture
def with_option(repository: str) -> AS:
    """A client of a service whose connections carry a setting."""

    def connect(option: str) -> AbstractContextManager[httpx.Client]:
        return serve(settings_for(f"{repository}?options={quote(f'-c {option}')}"))

    return connect


def test_a_reader_reads_and_may_not_write(with_option: AS) -> None:
    with with_option("role=pggit_reader") as api:
        assert api.get("/api/v1/branches").json()["total"] == 1
        assert api.get("/api/v1/branches/1/log").status_code == 200
        assert api.get("/api/v1/merge").status_code == 200
        assert api.get("/health").json()["status"] == "healthy"
        refused = api.post("/api/v1/branches", json={"name": "x"})
        assert assert_envelope(refused, 403, "FORBIDDEN")["sqlstate"] == "42501"
        body = {"source_branch_id": 1, "merge_message": "x"}
        assert_envelope(api.post("/api/v1/merge/1/merge", json=body), 403, "FORBIDDEN")


def test_a_writer_branches_and_commits(with_option: AS, repository: str) -> None:
    with psycopg.connect(repository, autocommit=True) as conn:
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO pggit_writer").format(name))
        conn.execute("GRANT USAGE ON SCHEMA app TO pggit_writer")
        conn.execute("SELECT pggit.commit('let writers in')")
    with with_option("role=pggit_writer") as api:
        made = api.post("/api/v1/branches", json={"name": "x"})
        assert made.status_code == 201, made.text
        path = f"/api/v1/branches/{made.json()['branch_id']}"
        built = api.post(f"{path}/worktree")
        assert built.status_code == 200, built.text
        options = built.json()["connection_options"]
        with psycopg.connect(repository, options=f"{options} -c role=pggit_writer") as conn:
            conn.execute("ALTER TABLE users ADD phone text")
        assert api.post(f"{path}/commits", json={"message": "x"}).status_code == 201
        # app.users belongs to somebody else
        body = {"source_branch_id": made.json()["branch_id"], "merge_message": "x"}
        assert_envelope(api.post("/api/v1/merge/1/merge", json=body), 403, "FORBIDDEN")


def test_a_read_only_database_is_503_for_writes_and_readable(with_option: AS) -> None:
    with with_option("default_transaction_read_only=on") as api:
        assert api.get("/api/v1/branches").json()["total"] == 1
        assert api.get("/api/v1/branches/1/status").json()["is_clean"] is True
        refused = api.post("/api/v1/branches", json={"name": "x"})
        assert_envelope(refused, 503, "READ_ONLY")


def test_a_database_without_pggit_says_so(empty_database: str) -> None:
    with serve(settings_for(empty_database)) as api:
        assert_envelope(api.get("/api/v1/branches"), 503, "NOT_INSTALLED")
