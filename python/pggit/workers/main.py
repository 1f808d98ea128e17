"""Every worker of the service, to be run together: by `pggit worker`, and by `pggit up` beside the API."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from pggit.logins import url_as
from pggit.principal import Role
from pggit.settings import Settings
from pggit.workers import Worker, run_workers
from pggit.workers.deliverer import Deliverer
from pggit.workers.scheduler import Scheduler
from pggit.workers.ticker import Ticker


def workers_of(settings: Settings) -> dict[str, Worker]:
    """The workers by name."""
    if settings.auth_mode != "none":
        own = url_as(settings.database_url, Role.ADMIN)
        settings = msgspec.structs.replace(settings, database_url=own)
    return {
        "ticker": Ticker(settings.database_url).run,
        "scheduler": Scheduler(settings.database_url).run,
        "deliverer": Deliverer(settings, grace=settings.worker_grace).run,
    }


def serve(settings: Settings) -> None:
    """Run them in this process until SIGTERM or Ctrl-C, which let end what is under way."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run_workers(workers_of(settings), stop)

    asyncio.run(main())


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """Run them in a thread of their own, until the block ends."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run_workers(workers_of(settings), stop))

    thread = threading.Thread(target=run, name="pggit workers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(settings.worker_grace + 5)
