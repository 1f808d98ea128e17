"""The shell command: every call, tables and JSON, exit codes, help."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import psycopg
import pytest

from pggit.cli import COMMANDS, cli, main
from servers import PgServer

SCHEMA = """
CREATE SCHEMA app;
CREATE TABLE app.users (user_id bigint PRIMARY KEY, email varchar(100) NOT NULL);
"""


class Ran(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Run]:
    """Run commands in this process, on that database."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)

    def on(url: str) -> Run:
        monkeypatch.setenv("DATABASE_URL", url)

        def run(*arguments: str) -> Ran:
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            said = capsys.readouterr()
            code = ended.value.code
            return Ran(code if isinstance(code, int) else 0, said.out, said.err)

        return run

    return on


@pytest.fixture
def pggit(database: str, run_on: Callable[[str], Run]) -> Run:
    """Run a command on a database with pggit."""
    return run_on(database)


@pytest.fixture(scope="module")
def tracked(pg: PgServer) -> Iterator[str]:
    """A database with a repository, for tests that change nothing."""
    with pg.database(pg.template()) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(SCHEMA)
            conn.execute("SELECT pggit.init('app')")
        yield url


@pytest.fixture
def repository(pggit: Run, database: str) -> str:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SCHEMA)
    assert pggit("init", "app").code == 0
    return database


def options(pggit: Run, branch: str) -> str:
    """The value that `pggit env` gives PGOPTIONS, as a shell reads it."""
    line = pggit("env", branch).out
    script = f'{line}\nprintf %s "$PGOPTIONS"'
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout


def diverge(pggit: Run, url: str) -> None:
    """Both sides change one column differently."""
    assert pggit("branch", "feature/email").code == 0
    assert pggit("checkout", "feature/email").code == 0
    with psycopg.connect(url, autocommit=True, options=options(pggit, "feature/email")) as conn:
        conn.execute("ALTER TABLE users ALTER email TYPE varchar(320), ADD phone text")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("ALTER TABLE app.users ALTER email TYPE varchar(254)")
    assert pggit("commit", "-m", "longer", "-b", "feature/email").code == 0
    assert pggit("commit", "-m", "shorter").code == 0


def column_type(url: str, column: str) -> str | None:
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'app.users'::regclass AND attname = %s",
            [column],
        ).fetchone()
    return row and str(row[0])


def test_the_whole_walk_with_a_conflict(pggit: Run, repository: str) -> None:
    diverge(pggit, repository)
    assert pggit("status").code == 0
    assert pggit("status", "-b", "feature/email").code == 0

    difference = pggit("diff", "main", "feature/email")
    assert difference.code == 1
    assert "phone" in difference.out
    preview = pggit("merge", "feature/email", "--into", "main", "--preview")
    assert preview.code == 1
    assert "schema_mismatch" in preview.out
    assert pggit("conflicts").out.strip() == "no conflicts"

    merged = pggit("merge", "feature/email", "--into", "main", "--json")
    assert merged.code == 1
    merge_id = merged.json["merge_id"]
    conflict_id = str(merged.json["conflicts"][0]["conflict_id"])
    assert column_type(repository, "email") == "character varying(254)"

    listed = pggit("conflicts")
    assert (listed.code, merge_id in listed.out) == (1, True)
    shown = pggit("conflicts", merge_id, conflict_id)
    assert "320" in shown.out
    assert "254" in shown.out
    assert pggit("complete", merge_id).code == 2
    assert pggit("resolve", merge_id, conflict_id, "--source").code == 0
    assert pggit("conflicts").code == 0
    assert "in_progress" in pggit("merge").out
    assert pggit("complete", merge_id, "-m", "both").code == 0
    assert column_type(repository, "email") == "character varying(320)"
    assert column_type(repository, "phone") == "text"
    assert pggit("merge", "feature/email", "--into", "main").code == 0
    assert "both" in pggit("log").out


def test_a_custom_resolution_and_all_at_once(pggit: Run, repository: str) -> None:
    diverge(pggit, repository)
    merge_id = pggit("merge", "feature/email", "--json").json["merge_id"]
    conflict_id = str(pggit("conflicts", merge_id, "--json").json[0]["conflict_id"])
    custom = '{"data_type": "varchar", "max_length": 300}'
    assert pggit("resolve", merge_id, conflict_id, "--custom", custom).code == 0
    assert pggit("resolve", merge_id, conflict_id, "--custom", "{").code == 2
    assert pggit("resolve", merge_id, conflict_id).code == 2
    assert pggit("resolve", merge_id, "--all", conflict_id, "--source").code == 2
    assert pggit("complete", merge_id).code == 0
    assert column_type(repository, "email") == "character varying(300)"


def test_every_conflict_can_be_settled_one_way(pggit: Run, repository: str) -> None:
    diverge(pggit, repository)
    merge_id = pggit("merge", "feature/email", "--json").json["merge_id"]
    assert pggit("resolve", merge_id, "--all", "--target").code == 0
    assert pggit("complete", merge_id).code == 0
    assert column_type(repository, "email") == "character varying(254)"


def test_an_aborted_merge_changes_nothing(pggit: Run, repository: str) -> None:
    diverge(pggit, repository)
    merge_id = pggit("merge", "feature/email", "--json").json["merge_id"]
    assert pggit("abort", merge_id).code == 0
    assert pggit("abort", merge_id).code == 2
    assert column_type(repository, "email") == "character varying(254)"


def test_the_printed_migration_runs_up_and_down(pggit: Run, repository: str) -> None:
    assert pggit("tag", "v1").code == 0
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute("ALTER TABLE app.users ADD phone text")
    assert pggit("status").code == 1
    assert pggit("commit", "-m", "phones").code == 0
    down = pggit("migration", "main", "v1")
    up = pggit("migration", "v1", "main")
    assert down.code == up.code == 0
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute(down.out.encode())
        assert column_type(repository, "phone") is None
        conn.execute(up.out.encode())
    assert column_type(repository, "phone") == "text"
    assert pggit("status").code == 0
    assert "v1" in pggit("tag").out
    steps = pggit("migration", "v1", "main", "--json").json["items"]
    assert any("phone" in step["sql"] for step in steps)


def test_env_puts_every_session_of_the_shell_on_the_branch(
    pggit: Run, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pggit("branch", "feature/email", "-m", "longer")
    pggit("checkout", "feature/email")
    monkeypatch.setenv("PGOPTIONS", options(pggit, "feature/email"))
    current = [row["name"] for row in pggit("branch", "--json").json if row["current"] == "*"]
    assert current == ["feature/email"]
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute("ALTER TABLE users ADD phone text")
    assert pggit("commit", "-m", "phones").code == 0
    assert column_type(repository, "phone") is None
    monkeypatch.setenv("PGOPTIONS", options(pggit, "main"))
    assert pggit("status").out.startswith("on branch main")
    assert pggit("merge", "feature/email").code == 0
    assert column_type(repository, "phone") == "text"


def test_branches_are_deleted_with_their_worktrees(pggit: Run, repository: str) -> None:
    pggit("branch", "a")
    pggit("checkout", "a")
    assert pggit("branch", "-d", "a").code == 0
    with psycopg.connect(repository) as conn:
        assert conn.execute("SELECT to_regnamespace('\"app@a\"')").fetchone() == (None,)
    gone = pggit("checkout", "a")
    assert gone.code == 2
    assert "deleted" in gone.err


def test_hostile_branch_names_work(
    pggit: Run, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["o'hara", 'say"so"', "ünï/ço∂é", "SELECT", "a.b", "$(reboot)", "x;y", "Ω" * 60]
    for number, name in enumerate(names):
        monkeypatch.delenv("PGOPTIONS", raising=False)
        assert pggit("branch", name).code == 0, name
        assert pggit("checkout", name).code == 0, name
        monkeypatch.setenv("PGOPTIONS", options(pggit, name))
        assert pggit("status").out.splitlines()[0] == f"on branch {name}"
        with psycopg.connect(repository, autocommit=True) as conn:
            conn.execute(f"ALTER TABLE users ADD column_{number} text")
        assert pggit("commit", "-m", "x").code == 0, name
        monkeypatch.setenv("PGOPTIONS", options(pggit, "main"))
        assert pggit("merge", name).code == 0, name
        assert column_type(repository, f"column_{number}") == "text"
        assert pggit("branch", "-d", name).code == 0, name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["checkout", "nowhere"], "nowhere"),
        (["branch", "a b"], "a b"),
        (["commit", "-m", ""], "message"),
        (["commit", "-m", "x"], "nothing to commit"),
        (["merge", "main"], "main"),
        (["init", "app"], "already"),
        (["diff", "main", "nowhere"], "nowhere"),
        (["resolve", "mrg_0", "1", "--source"], "mrg_0"),
        (["log", "nowhere"], "nowhere"),
        (["init"], "SCHEMA"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_an_error_is_2_and_names_the_thing(
    run_on: Callable[[str], Run], tracked: str, arguments: list[str], said: str
) -> None:
    ran = run_on(tracked)(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert said in ran.err


def test_an_error_in_json_has_code_and_hint(run_on: Callable[[str], Run], tracked: str) -> None:
    error = json.loads(run_on(tracked)("checkout", "nowhere", "--json").err)
    assert error["sqlstate"].startswith("VCN")
    assert error["hint"]


def test_history_commands_answer(pggit: Run, repository: str) -> None:
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute("ALTER TABLE app.users ADD phone text")
    pggit("commit", "-m", "phones")
    assert "phones" in pggit("blame", "app.users.phone").out
    assert pggit("lint").code in (0, 1)
    assert pggit("reset", "HEAD~1", "--allow-data-loss").code == 0
    assert column_type(repository, "phone") is None
    pggit("branch", "side")
    pggit("checkout", "side")
    with psycopg.connect(repository, autocommit=True, options=options(pggit, "side")) as conn:
        conn.execute("ALTER TABLE users ADD fax text")
    pggit("commit", "-m", "fax", "-b", "side")
    assert pggit("cherry-pick", "side", "--into", "main").code == 0
    assert column_type(repository, "fax") == "text"
    assert pggit("revert", "main", "--into", "main").code == 0
    assert column_type(repository, "fax") is None
    assert pggit("rebase", "side", "main").code in (0, 1)


def test_installing_and_removing(
    pggit: Run, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ["--dsn", empty_database]
    assert pggit("db", "current", *there).code == 1
    hint = pggit("branch", *there)
    assert (hint.code, "db upgrade" in hint.err) == (2, True)
    assert pggit("db", "upgrade", *there).code == 0
    assert pggit("db", "upgrade", *there).code == 0
    version = pggit("db", "current", "--json", *there).json["version"]
    assert version in pggit("db", "history", *there).out
    assert pggit("--dsn", empty_database, "db", "downgrade", "base").code == 0
    assert pggit("db", "current", *there).code == 1


def test_compare_prints_the_migration_between_two_databases(
    pggit: Run, database: str, empty_database: str
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute(SCHEMA)
    ran = pggit("compare", database, empty_database, "--schema", "app")
    assert ran.code == 1
    assert "CREATE TABLE app.users" in ran.out
    assert pggit("compare", empty_database, empty_database).code == 0
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(ran.out.encode())
    assert pggit("compare", database, empty_database, "--schema", "app", "--json").json == []


def test_no_database_is_2_with_a_hint(pggit: Run) -> None:
    ran = pggit("branch", "--dsn", "postgresql://nobody@127.0.0.1:1/nothing")
    assert ran.code == 2
    assert "pggit up" in ran.err


def test_control_characters_do_not_reach_the_terminal(pggit: Run, repository: str) -> None:
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute('ALTER TABLE app.users ADD "\x1b[31mred" text')
    assert "\x1b" not in pggit("status").out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    command = cli.get_command(cli.make_context("pggit", ["up"], resilient_parsing=True), name)
    assert command is not None
    assert command.help
    assert len(text) > 150


def test_help_needs_neither_the_driver_nor_the_framework() -> None:
    code = (
        "import sys\nfrom pggit.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'psycopg', 'litestar', 'uvicorn', 'msgspec'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def completed(words: str, count: int, **extra: str) -> list[str]:
    """What the shell would offer."""
    environment = os.environ | {
        "_PGGIT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(count),
        **extra,
    }
    code = "from pggit.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    return [line.removeprefix("plain,") for line in ran.stdout.splitlines() if line]


def test_completion_knows_the_commands_and_the_branches(pggit: Run, repository: str) -> None:
    pggit("branch", "feature/email")
    assert completed("pggit me", 1) == ["merge"]
    assert completed("pggit merge fe", 2, DATABASE_URL=repository) == ["feature/email"]
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    assert completed("pggit merge fe", 2, DATABASE_URL=nowhere) == []


def test_colours_only_on_a_terminal_that_wants_them(repository: str) -> None:
    pty = pytest.importorskip("pty")

    def on_terminal(**extra: str) -> bytes:
        leader, follower = pty.openpty()
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        environment |= {"DATABASE_URL": repository, **extra}
        command = [sys.executable, "-m", "pggit.cli", "branch"]
        subprocess.run(command, env=environment, stdout=follower, stderr=follower, check=True)
        said = os.read(leader, 10000)
        os.close(leader)
        os.close(follower)
        return bytes(said)

    assert b"\x1b[1m" in on_terminal()
    assert b"\x1b" not in on_terminal(NO_COLOR="1")
