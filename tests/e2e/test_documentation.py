"""The README and the tutorial do what they say: every sql and sh block runs, and what a text block shows comes out."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from servers import PgServer

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(sql|sh|text)\n(.*?)^```$", re.M | re.S)


def blocks(page: str) -> list[tuple[str, str]]:
    """The (language, text) of each fenced block that says what to run or what comes out."""
    return [(m[1], m[2]) for m in BLOCK.finditer((ROOT / page).read_text())]


def squeeze(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text)


def run_block(language: str, text: str, pg: PgServer, url: str, folder: Path) -> str:
    """Runs one block as a reader would, and gives all that it prints."""
    path = f"{Path(sys.executable).parent}:{pg.bin}:{os.environ['PATH']}"
    environment = dict(os.environ, PATH=path, DATABASE_URL=url, NO_COLOR="1", PAGER="")
    environment.pop("PGOPTIONS", None)
    shell = ["bash"]
    if language == "sh":  # 1 means differences or conflicts, which a reader is meant to see
        text = "trap 'test $? -eq 1 || exit 2' ERR\n" + text + "true\n"
    psql = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", url]
    done = subprocess.run(
        psql if language == "sql" else shell,
        input=text,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def run_page(page: str, pg: PgServer, url: str, folder: Path, port: int) -> None:
    """Runs a page's blocks in order and compares what they print with the text blocks behind them."""
    (folder / "python").symlink_to(ROOT / "python")
    printed = ""
    for language, text in blocks(page):
        if language != "text":
            printed = run_block(
                language, text.replace("localhost:8000", f"127.0.0.1:{port}"), pg, url, folder
            )
            continue
        for line in filter(None, map(str.strip, text.splitlines())):
            assert squeeze(line) in squeeze(printed), f"{page}: {line!r} is not in\n{printed}"


@pytest.fixture
def service(database: str) -> Iterator[int]:
    """The port of a service on the test's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = dict(os.environ, DATABASE_URL=database)
    process = subprocess.Popen(
        [sys.executable, "-m", "pggit.cli", "up", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
                break
            except OSError:
                assert process.poll() is None, "the service ended"
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def test_the_first_merge_of_the_readme_does_what_it_says(
    pg: PgServer, database: str, tmp_path: Path
) -> None:
    text = next(text for language, text in blocks("README.md") if language == "sql")
    printed = run_block("sql", text + "\\d app.users\n", pg, database, tmp_path)
    assert "completed" in printed
    assert re.search(r"mail\s*\|\s*text\s*\|\s*\|\s*not null", printed)
    assert "full_name" in printed


def test_the_tutorial_does_what_it_says(
    pg: PgServer, database: str, service: int, tmp_path: Path
) -> None:
    run_page("docs/merge-tutorial.md", pg, database, tmp_path, service)


def test_the_quickstart_does_what_it_says(
    pg: PgServer, database: str, service: int, tmp_path: Path
) -> None:
    with psycopg.connect(database) as conn:
        conn.execute((ROOT / "python" / "pggit" / "sample.sql").read_bytes())
    run_page("docs/quickstart.md", pg, database, tmp_path, service)
