"""The scheduler: takes jobs that are due and runs them, each in a transaction of its own that records how it went."""

import asyncio
import itertools
import logging
import os
import socket
from collections.abc import AsyncIterator

import msgspec
import psycopg

from pggit.workers import pause
from pggit.workers.link import Link, connected

_log = logging.getLogger("pggit.scheduler")

# Seconds between two looks.
INTERVAL = 1.0
_number = itertools.count(1)


class JobRun(msgspec.Struct, frozen=True):
    """A run that this worker has claimed."""

    execution_id: int
    job_name: str


class Scheduler:
    """Any number of them share the jobs of a database; PostgreSQL gives each run to one."""

    def __init__(self, dsn: str, *, interval: float = INTERVAL) -> None:
        self._dsn = dsn
        self._interval = interval
        # Two in one process are two workers.
        self.name = f"{socket.gethostname()}:{os.getpid()}:{next(_number)}"

    async def run(self, stop: asyncio.Event) -> None:
        """Run what is due until told to stop; a job that is under way ends first."""
        async with connected(self._dsn, "pggit scheduler") as link:
            while not stop.is_set():
                async for job in self._due(link):
                    await self._run(link, job)
                    if stop.is_set():
                        return
                await pause(stop, self._interval)

    async def _due(self, link: Link) -> AsyncIterator[JobRun]:
        while True:
            job = await link.call_value(
                JobRun | None,  # type: ignore[arg-type]  # a union is a type, too
                "claim_job",
                worker=self.name,
            )
            if job is None:
                return
            yield job

    async def _run(self, link: Link, job: JobRun) -> None:
        try:
            await link.call_value(str, "run_job", execution_id=job.execution_id)
        except psycopg.Error as error:
            # Where the connection is gone, this fails as well, and the run is found left behind.
            await self._fail(link, job, error)

    async def _fail(self, link: Link, job: JobRun, error: psycopg.Error) -> None:
        _log.error("job %s failed: %s", job.job_name, error)
        message = error.diag.message_primary or str(error) or type(error).__name__
        await link.call_value(object, "fail_job", execution_id=job.execution_id, error=message)
