"""Posts to strangers over HTTP/1.1: to checked addresses only, no redirects, everything within one deadline.

The client is our own because the limits are the point: how far a head, a body and a wait may go, and that a socket which is
used again has the address that was checked. What a receiver may not do is in `response.py`.
"""

import asyncio
import errno
import functools
import ipaddress
import re
import socket
import ssl
from collections import OrderedDict
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import msgspec

from pggit.workers.addresses import AddressRule, Blocked, Resolver, Unresolved
from pggit.workers.response import BadResponse, ResponseReader

CONNECT_TIMEOUT = 5.0
IDLE_SECONDS = 30.0
IDLE_CONNECTIONS = 1024


class Failure(Exception):
    """An attempt that got no verdict from the receiver."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver said, as far as it was read."""

    status: int
    body: bytes
    is_truncated: bool
    retry_after: list[bytes]


class Target(NamedTuple):
    """A URL, taken apart."""

    scheme: str
    host: str
    port: int
    authority: bytes
    path: bytes


class Place(NamedTuple):
    """What a connection must have in common with a request to carry it."""

    scheme: str
    host: str
    port: int
    address: str
    is_verified: bool


_UNSAFE = re.compile(r"[^\x21-\x7e]")
PORTS = {"http": 80, "https": 443}


@functools.lru_cache(maxsize=4096)
def target_of(url: str) -> Target:
    """The parts of a URL that was checked when it was stored; a row that somebody wrote by hand is checked again."""
    if _UNSAFE.search(url):
        raise Failure("invalid_url", "the URL holds characters that cannot be sent")
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise Failure("invalid_url", "the URL cannot be used") from None
    if not parts.hostname or parts.username is not None:
        raise Failure("invalid_url", "the URL cannot be used")
    host = parts.hostname.rstrip(".")
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port == PORTS[parts.scheme] else f"{shown}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, authority.encode(), path.encode())


def _network_failure(error: OSError) -> Failure:
    code = error.errno
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "verify_message", "") or error.reason or "no common protocol"
        return Failure("tls_error", f"TLS failed: {reason}")
    if code == errno.ECONNREFUSED:
        return Failure("connect_refused", "the receiver refused the connection")
    if code in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EACCES):
        return Failure("unreachable", "the receiver cannot be reached")
    if code == errno.ETIMEDOUT:
        return Failure("connect_timeout", "the receiver did not take the connection in time")
    return Failure("connect_reset", "the receiver broke the connection off")


class _Connection(asyncio.Protocol):
    """One connection and, at most, the one exchange under way on it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.reader: ResponseReader | None = None
        self.done: asyncio.Future[None] | None = None
        self.is_open = False
        self.is_used = False
        self.idle_since = 0.0
        self.place: Place | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self.reader is None or self.done is None or self.done.done():
            self.close()  # nobody asked
            return
        try:
            self.reader.feed(data)
        except BadResponse as error:
            self._fail(error)
            return
        if self.reader.is_done:
            if not self.reader.can_stay:
                self.close()
            self.done.set_result(None)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self.done is None or self.done.done():
            return
        reader = cast("ResponseReader", self.reader)
        try:
            if exc is None or (reader.status is None and reader.has_begun):
                reader.end()
        except BadResponse as error:
            self._fail(error)
            return
        if reader.is_done:
            self.done.set_result(None)
        elif reader.has_begun:
            self._fail(
                BadResponse("response_incomplete", "the connection broke inside of the response")
            )
        else:
            self._fail(
                ConnectionResetError(errno.ECONNRESET, "the connection ended before a response")
            )

    def _fail(self, error: Exception) -> None:
        self.close()
        if self.done is not None and not self.done.done():
            self.done.set_exception(error)

    def close(self) -> None:
        """Break it off at once; what the other side still sends is not waited for."""
        self.is_open = False
        if self.transport is not None:
            self.transport.abort()

    async def exchange(self, request: bytes, reader: ResponseReader) -> None:
        """Send a request, and wait until the reader knows the verdict."""
        self.reader = reader
        self.done = asyncio.get_running_loop().create_future()
        try:
            if not self.is_open or self.transport is None or self.transport.is_closing():
                raise ConnectionResetError(
                    errno.ECONNRESET, "the connection ended before a response"
                )
            self.is_used = True
            self.transport.write(request)
            await self.done
        except BaseException:
            self.close()
            raise
        finally:
            self.done = None


@functools.cache
def _tls(is_verified: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Client:
    """Posts, and keeps connections for the next one to the same place."""

    def __init__(
        self, rule: AddressRule, resolver: Resolver, *, allow_http: bool, tls: Any = _tls
    ) -> None:
        self._rule = rule
        self._resolver = resolver
        self._allow_http = allow_http
        self._tls = tls
        self._idle: OrderedDict[int, _Connection] = OrderedDict()
        self._by_place: dict[Place, list[_Connection]] = {}

    async def post(
        self, url: str, head: bytes, body: bytes, *, is_verified: bool, timeout: float
    ) -> Answer:
        """One exchange; head holds further header lines. Raises Failure where there is no verdict."""
        target = target_of(url)
        if target.scheme != "https" and not self._allow_http:
            raise Failure("insecure_scheme", "only https is allowed here")
        request = b"".join(
            (
                b"POST ", target.path, b" HTTP/1.1\r\nHost: ", target.authority, b"\r\n", head,
                b"Content-Length: ", str(len(body)).encode(), b"\r\n\r\n", body,
            )
        )  # fmt: skip
        reader = ResponseReader()
        phase = ["connect"]
        try:
            async with asyncio.timeout(timeout):
                await self._exchange(target, request, reader, is_verified, phase)
        except TimeoutError:
            at = phase[0]
            if at == "response":
                at = "body" if reader.status is not None else "headers"
            raise Failure("timeout", f"no complete answer in {timeout:g} s (phase={at})") from None
        except BadResponse as error:
            shown = reader.first.decode("latin-1").encode("unicode_escape").decode("ascii")
            begun = f"; it began with: {shown}" if reader.status is None and shown else ""
            raise Failure(error.error_class, f"{error}{begun}") from None
        return Answer(
            status=cast("int", reader.status),
            body=bytes(reader.stored),
            is_truncated=reader.is_truncated,
            retry_after=reader.fields.get(b"retry-after", []),
        )

    async def _exchange(
        self,
        target: Target,
        request: bytes,
        reader: ResponseReader,
        is_verified: bool,
        phase: list[str],
    ) -> None:
        try:
            addresses = await self._resolver.allowed(target.host, target.port, self._rule)
        except Unresolved as error:
            raise Failure("dns_error", str(error)) from None
        except Blocked as error:
            raise Failure("blocked_address", str(error)) from None
        places = [
            Place(target.scheme, target.host, target.port, address, is_verified)
            for address in addresses
        ]
        connection = self._take(places)
        for is_last in (False, True):
            if connection is None:
                connection = await self._connect(places)
            was_used = connection.is_used
            phase[0] = "response"
            try:
                await connection.exchange(request, reader)
            except ConnectionResetError as error:
                # A kept connection that ended without a word had ended before: once more, on a new one.
                if was_used and not is_last and not reader.has_begun:
                    connection = None
                    continue
                raise Failure("connect_reset", str(error.strerror)) from None
            self._give_back(connection, reader)
            return

    def _take(self, places: list[Place]) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        for place in places:
            kept = self._by_place.get(place)
            while kept:
                connection = kept.pop()
                self._idle.pop(id(connection), None)
                if not kept:
                    self._by_place.pop(place, None)
                if connection.is_open and now - connection.idle_since < IDLE_SECONDS:
                    return connection
                connection.close()
        return None

    def _give_back(self, connection: _Connection, reader: ResponseReader) -> None:
        if not (reader.can_stay and connection.is_open) or connection.place is None:
            connection.close()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        connection.reader = None
        self._idle[id(connection)] = connection
        self._by_place.setdefault(connection.place, []).append(connection)
        while self._idle:
            oldest = next(iter(self._idle.values()))
            age = connection.idle_since - oldest.idle_since
            if len(self._idle) <= IDLE_CONNECTIONS and age < IDLE_SECONDS:
                break
            self._idle.pop(id(oldest))
            kept = self._by_place.get(cast("Place", oldest.place), [])
            if oldest in kept:
                kept.remove(oldest)
            if not kept:
                self._by_place.pop(cast("Place", oldest.place), None)
            oldest.close()

    async def _connect(self, places: list[Place]) -> _Connection:
        failure = Failure("unreachable", "the receiver cannot be reached")
        for place in places:
            try:
                return await self._dial(place)
            except OSError as error:
                failure = _network_failure(error)
            except Failure as error:
                failure = error
        raise failure

    async def _dial(self, place: Place) -> _Connection:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
        dialled = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            dialled.setblocking(False)
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await loop.sock_connect(dialled, (place.address, place.port))
            except TimeoutError:
                raise Failure(
                    "connect_timeout", "the receiver did not take the connection in time"
                ) from None
            # What answers is what was checked, whatever lies between.
            peer = str(dialled.getpeername()[0])
            if ipaddress.ip_address(peer.partition("%")[0]) != ipaddress.ip_address(place.address):
                raise Failure("blocked_address", "the connection leads to another address")
            tls: dict[str, Any] = {}
            if place.scheme == "https":
                tls = {"ssl": self._tls(place.is_verified), "server_hostname": place.host}
            _, connection = await loop.create_connection(_Connection, sock=dialled, **tls)
        except BaseException:
            dialled.close()
            raise
        connection.place = place
        return connection

    def close(self) -> None:
        """Close what is kept."""
        for connection in self._idle.values():
            connection.close()
        self._idle.clear()
        self._by_place.clear()
        self._resolver.close()
