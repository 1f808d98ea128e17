"""Run Locust's clients on a service with a PostgreSQL of its own: tests/load/clients.py LOCUST [options of locust]."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from api.service import SCHEMA, serve, settings_for
from pggit import migrate
from pggit.embedded import Server, find_binaries

SCENARIOS = Path(__file__).with_name("locustfile.py")


def main(locust: str, *options: str) -> int:
    """The exit code of Locust: 1 where a request failed."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a tmpfs, not a guessable file
    home = Path(tempfile.mkdtemp(prefix="pggit-load-", dir=base))
    try:
        with Server(home, find_binaries(), trust=True) as server:
            with psycopg.connect(server.url(), autocommit=True) as conn:
                migrate.upgrade(conn)
                conn.execute(SCHEMA)
                conn.execute("SELECT pggit.init('app')")
            with serve(settings_for(server.url())) as client:
                command = [locust, "-f", str(SCENARIOS), "--host", str(client.base_url)]
                given = options or ("-u", "50", "-r", "25", "-t", "30s")
                return subprocess.run(
                    [*command, "--headless", "--only-summary", *given], check=False
                ).returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
