"""Claim and finish with other queues, as their documentation has it; run by queues.py in their environment.

python queue_peers.py NAME DSN ROWS      prints rows a second, three times
"""

import asyncio
import sys
import time
from datetime import timedelta

PAYLOAD = {"pad": "x" * 200}


async def procrastinate(dsn: str, rows: int) -> None:
    """One job at a time: that is all it has."""
    from procrastinate import App, PsycopgConnector
    from procrastinate.jobs import Status

    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=1))

    @app.task(name="work")
    def work(n: int, pad: str) -> None:
        pass

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        worker = await app.job_manager.register_worker()
        for _ in range(3):
            await work.batch_defer_async(*({"n": n} | PAYLOAD for n in range(rows)))
            started = time.perf_counter()
            while job := await app.job_manager.fetch_job(None, worker):
                await app.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=True)
            print(rows / (time.perf_counter() - started))


async def pgqueuer(dsn: str, rows: int) -> None:
    """A hundred at a time, as its workers do."""
    import json
    import uuid

    import asyncpg
    from pgqueuer.ports.repository import EntrypointExecutionParameter
    from pgqueuer.queries import Queries

    queries = Queries.from_asyncpg_connection(await asyncpg.connect(dsn))
    await queries.install()
    worker, points = uuid.uuid4(), {"work": EntrypointExecutionParameter(0)}
    bodies = [json.dumps({"n": n} | PAYLOAD).encode() for n in range(rows)]
    for _ in range(3):
        await queries.enqueue(["work"] * rows, bodies, [0] * rows)
        started = time.perf_counter()
        while jobs := await queries.dequeue(100, points, worker, None, timedelta(minutes=1)):
            await queries.log_jobs([(job, "successful", None) for job in jobs])
        print(rows / (time.perf_counter() - started))


if __name__ == "__main__":
    asyncio.run(
        {"procrastinate": procrastinate, "pgqueuer": pgqueuer}[sys.argv[1]](
            sys.argv[2], int(sys.argv[3])
        )
    )
