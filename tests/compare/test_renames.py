"""Renames between two databases without a common history: told, offered, never guessed."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from servers import PgServer

BEFORE = """
CREATE SCHEMA app;
CREATE TABLE app.users (id integer PRIMARY KEY, mail text, n integer, UNIQUE (mail));
CREATE TABLE app.orders (user_id integer CONSTRAINT buyer REFERENCES app.users);
CREATE INDEX mails ON app.users (mail);
CREATE FUNCTION app.f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE VIEW app.v AS SELECT mail FROM app.users;
INSERT INTO app.users VALUES (1, 'a', 1);
"""
AFTER = """
CREATE SCHEMA app;
CREATE TABLE app.people (id integer PRIMARY KEY, "e=mail" text, n integer NOT NULL, UNIQUE ("e=mail"));
CREATE TABLE app.orders (user_id integer CONSTRAINT customer REFERENCES app.people);
CREATE INDEX mails ON app.people ("e=mail");
CREATE FUNCTION app.g(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE VIEW app.v AS SELECT "e=mail" FROM app.people;
"""
TOLD = (
    *("--rename", "app.users=app.people"),
    *("--rename", 'app.users.mail=app.people."e=mail"'),
    *("--rename", "app.f(integer)=app.g(integer)"),
)


@pytest.fixture
def two(pg: PgServer) -> Iterator[tuple[str, str]]:
    with pg.database() as old, pg.database() as new:
        for url, script in ((old, BEFORE), (new, AFTER)):
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute(script)
        yield old, new


def compare(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pggit.cli", "compare", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("mode", [(), ("--online",)], ids=["plain", "online"])
def test_what_is_told_is_renamed_and_keeps_its_rows(
    pg: PgServer, two: tuple[str, str], mode: tuple[str, ...]
) -> None:
    old, new = two
    found = compare(old, new, *TOLD, *mode)
    assert found.returncode == 1, found.stdout + found.stderr
    with psycopg.connect(old, autocommit=True) as conn:
        before = conn.execute("SELECT 'app.users'::regclass::oid").fetchone()
        pg.psql(conn.info.dbname, text=f"SET client_min_messages = warning;\n{found.stdout}")
        assert conn.execute("SELECT 'app.people'::regclass::oid").fetchone() == before
        assert conn.execute('SELECT "e=mail" FROM app.people').fetchall() == [("a",)]
    again = compare(old, new)
    assert (again.returncode, again.stdout) == (0, "")


def test_without_a_word_nothing_is_renamed_but_likely_renames_are_named(
    two: tuple[str, str],
) -> None:
    found = compare(*two)
    assert "RENAME" not in found.stdout
    assert "DROP TABLE app.users" in found.stdout
    assert "-- perhaps a rename: --rename app.f(integer)=app.g(integer)" in found.stdout
    # of the column only where its table is the same
    told = compare(*two, "--rename", "app.users=app.people")
    assert '--rename app.users.mail=app.people."e=mail"' in told.stdout


@pytest.mark.parametrize(
    ("rename", "said"),
    [
        ("app.nobody=app.people", "nothing is called app.nobody"),
        ("app.users=app.nobody", "nothing is called app.nobody"),
        ("app.users", "OLD=NEW"),
    ],
)
def test_a_rename_that_names_nothing_is_refused(
    two: tuple[str, str], rename: str, said: str
) -> None:
    found = compare(*two, "--rename", rename)
    assert found.returncode == 2
    assert found.stdout == ""
    assert said in found.stdout + found.stderr
