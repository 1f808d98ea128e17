"""Before the router: who asks, and whether they may ask again already. One thin layer of ASGI."""

from typing import cast

import psycopg
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send, WebSocketScope

from pggit.auth import Credential, Tokens, Unauthenticated, find_credential, principal_of_key
from pggit.db import Database
from pggit.limits import Addresses, Admission, Admitted, Limiter, too_many
from pggit.principal import EVERYONE, Principal, act_as
from pggit.refusals import database_error, send_error, unauthorized
from pggit.sessions import Sessions, is_session
from pggit.settings import Settings

# Everything else asks for neither token nor place: health, metrics, documentation; inbound webhooks have signatures.
GUARDED = "/api/"
SIGNED = "/api/v1/webhooks/github"
SAFE = {"GET", "HEAD", "OPTIONS"}
# Where the gate leaves what it found, in the scope.
PRINCIPAL = "pggit.principal"
REASON = "pggit.unauthenticated"
HEADERS = "pggit.headers"

_CHALLENGE = [(b"www-authenticate", b'Bearer realm="pggit"')]
_GOOD_KEYS = 1024


class Gate:
    """ASGI middleware: 401 for who is not known, 429 for who asks too often, and the principal for the rest."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        database: Database,
        limiter: Limiter,
        sessions: Sessions,
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._sessions = sessions
        self._limits = settings.rate_limit_enabled
        self._tokens = Tokens(settings) if settings.auth_mode != "none" else None
        self._cookie = settings.session_cookie
        self._origins = set(settings.cors_origins)
        self._addresses = Addresses(settings.trusted_proxies)
        self._good_keys: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer."""
        kind: str = scope["type"]
        if kind == "websocket" and self._tokens is not None:
            await self._recognise(cast("WebSocketScope", scope))
        elif kind == "http" and str(scope["path"]).startswith(GUARDED) and scope["path"] != SIGNED:
            http = cast("HTTPScope", scope)
            try:
                admission, reason = await self._judge(http)
            except psycopg.Error as error:
                await send_error(database_error(error, http["path"]), send)
                return
            if admission is not None:
                _note(scope, HEADERS, admission.headers())
                if not admission.is_allowed:
                    await send_error(too_many(admission, http["path"]), send)
                    return
            if reason is not None:
                await send_error(unauthorized(reason, http["path"]), send, _CHALLENGE)
                return
        await self._app(scope, receive, send)

    async def _judge(self, scope: HTTPScope) -> tuple[Admission | None, str | None]:
        """The place in the window, and why the caller is not known, if so."""
        if self._tokens is None:
            act_as(EVERYONE)
            _note(scope, PRINCIPAL, EVERYONE)
            if not self._limits:
                return None, None
            return await self._limiter.take("ip:" + self._address(scope)), None
        try:
            credential = await self._credential(scope)
            if credential.is_key:
                return await self._judge_key(scope, credential)
            principal = self._tokens.check(credential.value)
        except Unauthenticated as error:
            if not self._limits:
                return None, str(error)
            return await self._limiter.take("ip:" + self._address(scope)), str(error)
        self._let(scope, principal)
        if not self._limits:
            return None, None
        return await self._limiter.take("user:" + principal.name), None

    async def _judge_key(
        self, scope: HTTPScope, credential: Credential
    ) -> tuple[Admission | None, str | None]:
        address = self._address(scope)
        found = await self._take_key(credential.key_hash, address)
        if found.key is None:
            return found.admission, "the API key is not valid"
        self._let(scope, principal_of_key(found.key))
        return found.admission, None

    async def _take_key(self, key_hash: str, address: str) -> Admitted:
        if not self._limits:
            return Admitted(await self._limiter.find_key(key_hash), None)
        # Who guesses keys costs PostgreSQL nothing once the address has used up its window; keys that were good go on.
        if key_hash not in self._good_keys:
            refused = self._limiter.refused("ip:" + address)
            if refused is not None:
                return Admitted(None, refused)
        found = await self._limiter.take_key(key_hash, address)
        if found.key is not None:
            if len(self._good_keys) >= _GOOD_KEYS:
                self._good_keys.clear()
            self._good_keys.add(key_hash)
        return found

    async def _credential(self, scope: HTTPScope | WebSocketScope) -> Credential:
        credential = find_credential(scope["headers"], scope["query_string"], self._cookie)
        if credential is None:
            raise Unauthenticated("a token or an API key is required")
        if credential.way == "cookie" and not self._is_own(scope):
            # A browser sends cookies for any page; only pages of ours may change something with them.
            raise Unauthenticated("a session cookie does not count for a page of another origin")
        if credential.way == "cookie" and is_session(credential.value):
            found = await self._sessions.find(credential.value)
            if found is None:
                raise Unauthenticated("the session has ended")
            return Credential(found, "cookie")
        return credential

    def _is_own(self, scope: HTTPScope | WebSocketScope) -> bool:
        if scope.get("method", "") in SAFE:
            return True
        origin = _header(scope, b"origin")
        if origin is None or origin in self._origins:
            return True
        return origin.partition("://")[2] == _header(scope, b"host")

    def _address(self, scope: HTTPScope | WebSocketScope) -> str:
        client = scope.get("client")
        return self._addresses.of(client[0] if client else "", _header(scope, b"x-forwarded-for"))

    @staticmethod
    def _let(scope: HTTPScope | WebSocketScope, principal: Principal) -> None:
        act_as(principal)
        _note(scope, PRINCIPAL, principal)

    async def _recognise(self, scope: WebSocketScope) -> None:
        """A feed decides by itself whether it serves who is not known."""
        assert self._tokens is not None
        try:
            credential = await self._credential(scope)
            if credential.is_key:
                found = await self._take_key(credential.key_hash, self._address(scope))
                if found.key is None:
                    raise Unauthenticated("the API key is not valid")
                self._let(scope, principal_of_key(found.key))
            else:
                self._let(scope, self._tokens.check(credential.value))
        except Unauthenticated as error:
            _note(scope, REASON, str(error))
        except psycopg.Error:
            _note(scope, REASON, "the database does not answer")


def _note(scope: Scope | HTTPScope | WebSocketScope, key: str, value: object) -> None:
    """Leave something in the scope for those behind."""
    cast("dict[str, object]", scope)[key] = value


def _header(scope: HTTPScope | WebSocketScope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None


def principal_of(scope: Scope) -> Principal | None:
    """Whom the gate let through; None for one who is not known, whose feed may still be open to everybody."""
    return cast("dict[str, Principal | None]", scope).get(PRINCIPAL)
