"""What runs beside the API: the ticker that wakes, the deliverer that sends. Any number of them share one PostgreSQL."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable

import psycopg

_log = logging.getLogger("pggit.workers")

Worker = Callable[[asyncio.Event], Awaitable[None]]

# Waits between attempts to reach PostgreSQL, in seconds: no hot loop while it is away, and soon there when it is back.
FIRST_WAIT, LAST_WAIT = 0.2, 5.0


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not beyond the signal to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def keep(name: str, work: Worker, stop: asyncio.Event) -> None:
    """Run a worker until it is told to stop, and start it anew where PostgreSQL went away or it broke."""
    wait = FIRST_WAIT
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        started = loop.time()
        try:
            await work(stop)
        except psycopg.Error as error:
            _log.warning("%s: %s", name, str(error).strip() or type(error).__name__)
        except Exception as error:
            _log.error("%s broke", name, exc_info=error)
        if loop.time() - started > LAST_WAIT:
            wait = FIRST_WAIT
        await pause(stop, random.uniform(wait / 2, wait))  # noqa: S311  not a secret
        wait = min(wait * 2, LAST_WAIT)


async def run_workers(workers: dict[str, Worker], stop: asyncio.Event) -> None:
    """Run these until stop is set; each ends what it has under way."""
    async with asyncio.TaskGroup() as group:
        for name, work in workers.items():
            group.create_task(keep(name, work, stop), name=f"pggit {name}")
