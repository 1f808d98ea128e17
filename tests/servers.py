"""The PostgreSQL servers that tests run on, and the databases made from one template on each."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from pggit.embedded import Binaries, EmbeddedError, Server, find_binaries

ROOT = Path(__file__).resolve().parent.parent
INSTALL = ROOT / "build" / "pggit.sql"
MAJORS = (15, 18)
# URLs of running servers to use instead of our own, separated by spaces (superuser, trust).
GIVEN = "PGGIT_TEST_SERVERS"
# Majors without which the run fails instead of testing on the others.
REQUIRED = "PGGIT_REQUIRE"
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "1h",
}


@dataclass(frozen=True)
class PgServer:
    """A server under test."""

    major: int
    maintenance_url: str
    bin: Path  # its own psql, pg_dump, …

    def url(self, database: str, user: str | None = None) -> str:
        url = re.sub(r"/[^/]*$", f"/{database}", self.maintenance_url)
        return re.sub(r"//[^@]*@", f"//{user}@", url) if user else url

    def psql(
        self, database: str, *arguments: str, text: str | None = None, check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """Run the server's own psql, stopping at the first error."""
        command = [
            self.bin / "psql",
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            self.url(database),
            *arguments,
        ]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"psql failed: {done.stderr}")
        return done

    def create_database(self, template: str = "template0") -> str:
        name = f"t_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.maintenance_url, autocommit=True) as conn:
            strategy = "FILE_COPY" if template != "template0" else "WAL_LOG"
            conn.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
                    sql.Identifier(name), sql.Identifier(template), sql.SQL(strategy)
                )
            )
        return name

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.maintenance_url, autocommit=True) as conn:
            conn.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """URL of a database of its own, dropped afterwards."""
        name = self.create_database(template)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def template(self) -> str:
        """A template database with pggit, made once per build of the install script."""
        name = "pggit_template_" + hashlib.sha256(INSTALL.read_bytes()).hexdigest()[:12]
        with psycopg.connect(self.maintenance_url, autocommit=True) as conn:
            conn.execute("SELECT pg_advisory_lock(724711)")  # workers of one run
            if not conn.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name]
            ).fetchone():
                conn.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
                conn.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
                )
                self.psql(name, "-f", str(INSTALL))
                # What the installation wrote twice doubles the size, and each test copies it.
                self.psql(name, "-c", "VACUUM FULL")
                conn.execute(
                    sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name))
                )
        return name


def given_servers() -> dict[int, PgServer]:
    found = {}
    for url in os.environ.get(GIVEN, "").split():
        with psycopg.connect(url) as conn:
            major = conn.info.server_version // 10000
        found[major] = PgServer(major, url, find_binaries(major).path)
    return found


def with_extension(binaries: Binaries, home: Path) -> tuple[Binaries, dict[str, str]]:
    """Let a server of ours see build/extension without writing into the system's directories."""
    files = home / "share" / "extension"
    if not files.exists():
        shutil.copytree(ROOT / "build" / "extension", files)
    if binaries.major >= 18:
        return binaries, {"extension_control_path": f"$system:{home / 'share'}"}
    # Before 18 the directory is fixed relative to the program: a tree of links with our files among the system's.
    places = [binaries.path.parent / "share" / "postgresql", binaries.path.parent / "share"]
    places.append(Path(f"/usr/share/postgresql/{binaries.major}"))
    share = next((one for one in places if (one / "extension" / "plpgsql.control").exists()), None)
    if share is None:
        return binaries, {}
    common = Path(os.path.commonpath([binaries.path, share]))
    overlay = home / f"overlay{binaries.major}"
    overlaid_bin = overlay / binaries.path.relative_to(common)
    overlaid_share = overlay / share.relative_to(common)
    for origin, links in (
        (binaries.path, overlaid_bin),
        (share, overlaid_share),
        (share / "extension", overlaid_share / "extension"),
    ):
        links.mkdir(parents=True)
        for entry in origin.iterdir():
            if entry.name == "postgres":
                shutil.copy2(
                    entry, links / entry.name
                )  # it finds its files from where it really is
            elif entry != share / "extension":
                (links / entry.name).symlink_to(entry)
    for entry in files.iterdir():
        (overlaid_share / "extension" / entry.name).unlink(missing_ok=True)
        (overlaid_share / "extension" / entry.name).symlink_to(entry)
    libraries = binaries.path.parent / "lib"
    if libraries.is_dir() and not (overlaid_bin.parent / "lib").exists():
        (overlaid_bin.parent / "lib").symlink_to(libraries)
    return Binaries(overlaid_bin, binaries.major), {}


def throw_away_folder() -> Path:
    """A new folder for a cluster, in memory where /dev/shm can be written."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a tmpfs, not a guessable file
    return Path(tempfile.mkdtemp(prefix="pggit-test-", dir=base))


@contextmanager
def own_server(major: int, **settings: str) -> Iterator[Server]:
    """A server of the test's own, which it may stop or kill: what it has committed is in its log by then."""
    home = throw_away_folder()
    every = {**SETTINGS, "synchronous_commit": "on", **settings}
    try:
        with Server(home, find_binaries(major), settings=every, trust=True) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


class OwnServers:
    """Throw-away clusters, one of each major version."""

    def __init__(self) -> None:
        self.home = throw_away_folder()
        self.running: dict[int, Server] = {}

    def start(self) -> dict[int, PgServer]:
        found = {}
        required = {int(one) for one in os.environ.get(REQUIRED, "").replace(",", " ").split()}
        for major in sorted({*MAJORS, *required}):
            try:
                binaries = find_binaries(major)
            except EmbeddedError:
                if major in required:
                    raise
                continue
            found[major] = self._run(binaries)
        if not found:
            binaries = find_binaries()
            found[binaries.major] = self._run(binaries)
        return found

    def _run(self, binaries: Binaries) -> PgServer:
        overlaid, settings = with_extension(binaries, self.home)
        server = Server(self.home, overlaid, settings={**SETTINGS, **settings}, trust=True)
        self.running[binaries.major] = server
        server.start()
        return PgServer(binaries.major, server.url(), binaries.path)

    def stop(self) -> None:
        for server in self.running.values():
            server.stop()
        shutil.rmtree(self.home, ignore_errors=True)
