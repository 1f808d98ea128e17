"""Where a delivery may go: a name is resolved once, its addresses are checked, and one that was checked is dialled."""

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]

# A name that is resolved is taken as it is for that long, so that a busy receiver costs no lookup a delivery.
KEPT = 10.0
LOOKUPS = 64


class Blocked(Exception):
    """None of the addresses of a host may be dialled."""


class Unresolved(Exception):
    """The name has no address, or nobody says."""


def parse_networks(texts: Sequence[str]) -> list[Network]:
    """Networks in CIDR form."""
    return [ipaddress.ip_network(text) for text in texts]


class AddressRule:
    """All but what is blocked, and of the blocked what is opened."""

    def __init__(self, blocked: Sequence[Network], opened: Sequence[Network]) -> None:
        self._blocked = blocked
        self._opened = opened

    def allows(self, text: str) -> bool:
        """Whether an address may be dialled; one that cannot be read may not."""
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if any(address in network for network in self._opened):
            return True
        return not any(address in network for network in self._blocked)


class Resolver:
    """Looks names up in threads of its own: one for a name, so that a resolver that does not answer holds up nobody else."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._places = asyncio.Semaphore(LOOKUPS)
        self._resolve = resolve or self._system
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._running: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def _system(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[list[str]] = loop.create_future()

        def tell(found: list[str] | None, error: Exception | None) -> None:
            if answered.done():
                return
            if error is not None:
                answered.set_exception(error)
            else:
                answered.set_result(found or [])

        def look_up() -> None:
            found, failed = None, None
            try:
                entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
            except (OSError, UnicodeError) as error:
                failed = error
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(tell, found, failed)

        async with self._places:
            # A daemon: an executor's threads are waited for when the process ends, however long a lookup hangs.
            threading.Thread(target=look_up, name="pggit-dns", daemon=True).start()
            return await answered

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a name; those of an address are itself."""
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        key = (host, port)
        now = asyncio.get_running_loop().time()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._look_up(key))
            # Where everybody gave up waiting, nobody hears how it ended.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._running[key] = task
        try:
            # Whoever gives up waiting does not take the answer from the others.
            return await asyncio.shield(task)
        except OSError as error:
            raise Unresolved(f"the name cannot be resolved ({error.strerror or error})") from None
        except UnicodeError:
            raise Unresolved("the name cannot be resolved") from None

    async def _look_up(self, key: tuple[str, int]) -> list[str]:
        try:
            found = await self._resolve(*key)
            if not found:
                raise OSError(socket.EAI_NONAME, "no address")
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = (asyncio.get_running_loop().time() + KEPT, found)
            return found
        finally:
            del self._running[key]

    async def allowed(self, host: str, port: int, rule: AddressRule) -> list[str]:
        """The addresses of a host that may be dialled; the others are dropped unseen."""
        found = [one for one in await self.addresses(host, port) if rule.allows(one)]
        if not found:
            # Which address it was is nothing that the owner of the webhook should learn.
            raise Blocked("the host has no public address")
        return found

    def close(self) -> None:
        """Leave lookups that still wait for an answer behind."""
        for task in self._running.values():
            task.cancel()
