"""Code of a branch runs when a merge over REST applies it: in a session that is no more than whoever merges."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import httpx
import msgspec
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from api.service import SCHEMA, assert_envelope, bearer, guarded_settings, serve, token
from pggit.app import create_app
from pggit.cli_up import prepare
from pggit.logins import with_logins
from pggit.settings import Settings, SettingsError
from pggit.workers.main import beside
from servers import PgServer

# What it tries, and as whom it was when it had: in the call, and once more when the transaction commits.
HOSTILE = """
CREATE FUNCTION grab_{n}(p_when text) RETURNS integer LANGUAGE plpgsql AS $f$
DECLARE
    v_try text;
BEGIN
    FOREACH v_try IN ARRAY ARRAY[
        'SELECT 1', 'RESET ROLE', 'SET SESSION AUTHORIZATION postgres', 'SET ROLE postgres',
        $t$SELECT set_config('role', 'none', false)$t$, 'RESET SESSION AUTHORIZATION', 'SET ROLE pggit_admin',
        $t$SELECT pggit.create_api_key('stolen ' || clock_timestamp(), 'admin')$t$, 'SELECT * FROM _pggit.api_keys',
        $t$SELECT pggit.unprotect_branch('main')$t$
    ] LOOP
        BEGIN
            EXECUTE v_try;
            INSERT INTO public.loot VALUES (p_when, v_try, current_user, session_user);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    IF p_when = 'call' AND to_regclass('public.trap_{n}') IS NULL THEN
        -- left for whoever has this session next
        SET default_transaction_read_only = on;
        SET search_path = nowhere;
        SET ROLE pggit_writer;
        CREATE TABLE app.trap_{n} (n integer);
        CREATE CONSTRAINT TRIGGER spring AFTER INSERT ON app.trap_{n} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION app.spring_{n}();
        INSERT INTO app.trap_{n} VALUES (1);
        ALTER TABLE app.trap_{n} SET SCHEMA public;
    END IF;
    RETURN 1;
END $f$;
CREATE FUNCTION spring_{n}() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM app.grab_{n}(''commit''); RETURN NULL; END';
ALTER TABLE users ADD grabbed_{n} integer DEFAULT grab_{n}('call');
"""


@pytest.fixture(scope="module")
def url(pg: PgServer) -> Iterator[str]:
    """A database whose live schema a writer may change, and two branches that hold hostile code."""
    with pg.database(pg.template()) as made, psycopg.connect(made, autocommit=True) as conn:
        name = conn.info.dbname
        conn.execute(f'GRANT CREATE ON DATABASE "{name}" TO pggit_writer'.encode())
        conn.execute("GRANT CREATE ON SCHEMA public TO pggit_writer")
        conn.execute("SET ROLE pggit_writer")
        conn.execute(SCHEMA)
        conn.execute("RESET ROLE")
        conn.execute("CREATE TABLE public.loot (at text, tried text, became text, login text)")
        conn.execute("GRANT ALL ON public.loot TO PUBLIC")
        conn.execute("SELECT pggit.init('app')")
        for number in (1, 2):
            conn.execute("SELECT pggit.create_branch(%s, 'main')", [f"evil{number}"])
            conn.execute("SET ROLE pggit_writer")
            conn.execute("SELECT pggit.checkout(%s)", [f"evil{number}"])
            conn.execute(HOSTILE.replace("{n}", str(number)).encode())
            conn.execute("SELECT pggit.commit('looks harmless', %s)", [f"evil{number}"])
            conn.execute("RESET ROLE; SET search_path = public")
        yield made


@pytest.fixture(scope="module")
def role_url(url: str, pg: PgServer) -> Iterator[str]:
    """Logins of a service, one for each role."""
    prefix = f"login_{uuid.uuid4().hex[:8]}_"
    roles = ("reader", "writer", "admin")
    with psycopg.connect(url, autocommit=True) as conn:
        for role in roles:
            conn.execute("SELECT pggit.setup_login(%s, %s, 'secret')", [prefix + role, role])
        yield pg.url(conn.info.dbname, prefix + "{role}")
    with psycopg.connect(pg.maintenance_url, autocommit=True) as conn:
        for role in roles:
            conn.execute(f"DROP ROLE {prefix}{role}".encode())


def merge(client: httpx.Client, number: int) -> None:
    body = {"source_branch_id": 1 + number, "merge_message": "merge what looks harmless"}
    done = client.post("/api/v1/merge/1/merge", json=body, headers=bearer(token("writer")))
    assert done.json()["status"] == "completed", done.text


@contextmanager
def served(settings: Settings, url: str) -> Iterator[tuple[httpx.Client, psycopg.Connection]]:
    """A client of a service that has one session for each, and a superuser's connection."""
    small = msgspec.structs.replace(settings, database_pool_size=1, database_max_overflow=0)
    with serve(small) as client, psycopg.connect(url, autocommit=True) as conn:
        yield client, conn


def loot(conn: psycopg.Connection, column: str) -> set[str]:
    found = conn.execute(f"SELECT DISTINCT {column} FROM public.loot".encode()).fetchall()
    return {row[0] for row in found}


def test_code_of_a_branch_gains_nothing_by_its_login(url: str, role_url: str) -> None:
    # The service's own login is a superuser: that is what there would be to gain.
    settings = guarded_settings(url, database_role_url=role_url)
    with served(settings, url) as (client, conn):
        merge(client, 1)
        login = conninfo_to_dict(role_url.replace("{role}", "writer"))["user"]
        assert loot(conn, "at") == {"call", "commit"}
        assert loot(conn, "login") == {login}
        assert loot(conn, "became") == {"pggit_writer", login}
        assert client.get("/api/v1/api-keys", headers=bearer(token("admin"))).json()["total"] == 0
        # What it left in its session is nobody's.
        made = client.post("/api/v1/branches", json={"name": "x"}, headers=bearer(token("writer")))
        assert made.status_code == 201, made.text
        refused = client.get("/api/v1/api-keys", headers=bearer(token("writer")))
        assert_envelope(refused, 403, "FORBIDDEN")
        conn.execute("TRUNCATE public.loot")


def test_one_login_for_all_would_be_taken_so_production_refuses_it(url: str) -> None:
    settings = guarded_settings(url)
    with served(settings, url) as (client, conn):
        merge(client, 2)
        assert "pggit_admin" in loot(conn, "became")
    with pytest.raises(SettingsError, match="DATABASE_ROLE_URL"):
        create_app(msgspec.structs.replace(settings, environment="production"))


def test_a_login_that_may_become_more_than_its_role_is_not_used(url: str, role_url: str) -> None:
    # Every role would come through the login of admins.
    wrong = role_url.replace("{role}", "admin") + "?application_name={role}"
    settings = guarded_settings(url, database_role_url=wrong, database_pool_timeout=2)
    with serve(settings) as client:
        answers = {
            role: client.get("/api/v1/branches", headers=bearer(token(role))).status_code
            for role in ("reader", "writer", "admin")
        }
    assert answers == {"reader": 503, "writer": 503, "admin": 200}


def test_logins_are_made_where_the_service_may_make_them(url: str, pg: PgServer) -> None:
    settings = with_logins(guarded_settings(url))
    logins = [
        str(conninfo_to_dict(settings.database_role_url.replace("{role}", role))["user"])
        for role in ("reader", "writer", "admin")
    ]
    try:
        # Another process finds the same.
        assert with_logins(guarded_settings(url)) == settings
        with serve(settings) as client, psycopg.connect(url, autocommit=True) as conn:
            for role in ("reader", "writer", "admin"):
                got = client.get("/api/v1/branches", headers=bearer(token(role)))
                assert got.status_code == 200, got.text
            acting = conn.execute("SELECT DISTINCT usename FROM pg_stat_activity").fetchall()
            assert set(logins) <= {row[0] for row in acting}
    finally:
        with psycopg.connect(pg.maintenance_url, autocommit=True) as conn:
            for login in logins:
                conn.execute(f"DROP ROLE {login}".encode())


def test_a_login_that_may_only_act_for_others_serves_what_its_owner_installed(
    url: str, pg: PgServer
) -> None:
    name = f"login_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as conn:
        roles = "pggit_reader, pggit_writer, pggit_admin"
        conn.execute(f"CREATE ROLE {name} LOGIN NOINHERIT IN ROLE {roles}".encode())
        try:
            restricted = guarded_settings(pg.url(conn.info.dbname, name))
            prepare(restricted.database_url, sample=False)
            # It may make no logins.
            assert with_logins(restricted) == restricted
            with pytest.raises(SettingsError, match="DATABASE_ROLE_URL"):
                with_logins(msgspec.structs.replace(restricted, environment="production"))
            with beside(restricted), serve(restricted) as client:
                limit = monotonic() + 60
                while client.get("/health").json()["checks_summary"]["celery"] != "healthy":
                    assert monotonic() < limit
                    sleep(0.2)
        finally:
            conn.execute(f"DROP ROLE {name}".encode())
