"""The ticker: one connection that sees new events and wakes all who listen, so that no transaction carries a NOTIFY itself."""

import asyncio

from pggit.workers import pause
from pggit.workers.link import connected

# Seconds between two looks: while something happens, and while nothing does.
BUSY, IDLE = 0.005, 0.025
# Looks in a row without news before it is idle: an id is drawn before its transaction ends.
CALM = 40
STANDBY = 1.0


class Ticker:
    """Of all the tickers on a database one ticks; the next one follows when its connection ends."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until told to stop."""
        async with connected(self._dsn, "pggit ticker") as link:
            while not await link.call_value(bool, "lead_ticker"):
                await pause(stop, STANDBY)
                if stop.is_set():
                    return
            seen: str | None = None
            calm = CALM
            while not stop.is_set():
                now = await link.call_value(str, "tick", seen=seen)
                calm = 0 if now != seen else calm + 1
                seen = now
                await asyncio.sleep(BUSY if calm < CALM else IDLE)
