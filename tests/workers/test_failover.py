"""The primary dies under load and its standby takes over: nothing that was committed is lost, and nobody is restarted by hand."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from api.service import serve, settings_for
from pggit import migrate
from pggit.embedded import Server
from servers import SETTINGS, PgServer, own_server, throw_away_folder
from workers.bench import bench_on, eventually, open_loopback, settings_of, working
from workers.test_killed import expire_leases


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """A server that follows the primary."""
    home = throw_away_folder()
    server = Server(home, primary.binaries, settings=SETTINGS, trust=True)
    try:
        server._make_home()
        copy = [str(primary.binaries.program("pg_basebackup")), "-d", primary.url()]
        subprocess.run(
            [*copy, "-D", str(server.data), "-R", "-X", "stream", "-c", "fast"],
            check=True,
            capture_output=True,
            **server._run_as(),
        )
        with server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def kill(server: Server) -> None:
    """As a machine that loses its power: no goodbye to anybody."""
    with psycopg.connect(server.url(), autocommit=True) as conn:
        row = conn.execute(
            "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"
        ).fetchone()
    assert row is not None
    os.kill(int(row[0]), signal.SIGQUIT)


@pytest.mark.slow
def test_a_standby_takes_over_and_nothing_committed_is_lost(pg: PgServer) -> None:
    with own_server(pg.major) as primary, psycopg.connect(primary.url(), autocommit=True) as conn:
        migrate.upgrade(conn)
        with standby_of(primary) as standby:
            conn.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            conn.execute("SELECT pg_reload_conf()")
            both = (
                f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
            )
            url = f"{both}?target_session_attrs=read-write&connect_timeout=2"
            with (
                serve(settings_for(url)) as api,
                working(settings_of(url)),
                bench_on(primary.url()) as before,
            ):
                hook = before.hook(retry_policy={"max_retries": 5, "backoff_base": 1})
                committed: set[int] = set()
                stop = threading.Event()

                def publish() -> None:
                    number = 0
                    while not stop.is_set():
                        try:
                            with psycopg.connect(url, autocommit=True) as client:
                                while not stop.is_set():
                                    number += 1
                                    client.execute(
                                        "SELECT pggit.publish_event(%s, jsonb_build_object('n', %s::int))",
                                        [hook.kind, number],
                                    )
                                    committed.add(number)
                                    stop.wait(0.005)
                        except psycopg.Error:
                            stop.wait(0.1)

                publisher = threading.Thread(target=publish)
                publisher.start()
                try:
                    eventually(lambda: len(hook.seen) > 50, "load")
                    kill(primary)
                    with psycopg.connect(standby.url(), autocommit=True) as other:
                        other.execute("SELECT pg_promote()")
                        other.execute("ALTER SYSTEM RESET synchronous_standby_names")
                        other.execute("SELECT pg_reload_conf()")
                        count = len(committed)
                        eventually(lambda: len(committed) > count + 50, "load on the new primary")
                finally:
                    stop.set()
                    publisher.join()
                with bench_on(standby.url()) as after:
                    open_loopback(after.conn)

                    def is_done() -> bool:
                        expire_leases(after)
                        waiting = after.value("SELECT count(*) FROM _pggit.deliveries")
                        return bool(waiting == 0)

                    eventually(is_done, "the last delivery")
                seen = {json.loads(one.body)["data"]["n"] for one in hook.seen}
                assert committed <= seen
                eventually(lambda: api.get("/api/v1/alerts").status_code == 200, "the API")
                assert api.post(f"/api/v1/webhooks/{hook.id}/ping").status_code == 202
