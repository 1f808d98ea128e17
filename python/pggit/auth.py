"""Who asks: tokens are checked here, keys in PostgreSQL. What they may do is PostgreSQL's to say."""

import hashlib
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from time import time
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec

from pggit.principal import Principal, Role
from pggit.settings import Settings

KEY_PREFIX = "pggit_"
_KNOWN_TOKENS = 1024
_RANKS = {Role.READER: 0, Role.WRITER: 1, Role.ADMIN: 2}


class Unauthenticated(Exception):
    """The reason why nobody knows who asks, for them to read."""


class Credential(msgspec.Struct, frozen=True):
    """What came with a request, and by which way."""

    value: str
    way: str

    @property
    def is_key(self) -> bool:
        """Whether it is an API key rather than a token."""
        return self.way == "key" or self.value.startswith(KEY_PREFIX)

    @property
    def key_hash(self) -> str:
        """What PostgreSQL knows the key by: the key itself reaches no statement and no log."""
        return hashlib.sha256(self.value.encode()).hexdigest()


def find_credential(
    headers: Iterable[tuple[bytes, bytes]], query: bytes, cookie_name: str
) -> Credential | None:
    """The first of: Authorization: Bearer, X-API-Key, ?token=, the session cookie."""
    found = {name: value for name, value in headers if name in _HEADERS}
    authorization = found.get(b"authorization")
    if authorization is not None:
        scheme, _, value = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise Unauthenticated("Authorization must be: Bearer and a token")
        return Credential(value.strip(), "bearer")
    if b"x-api-key" in found:
        return Credential(found[b"x-api-key"].decode("latin-1").strip(), "key")
    if b"token=" in query:
        values = parse_qs(query.decode("latin-1")).get("token")
        if values:
            return Credential(values[0], "query")
    if b"cookie" in found:
        try:
            cookie = SimpleCookie(found[b"cookie"].decode("latin-1")).get(cookie_name)
        except CookieError:
            return None
        if cookie is not None and cookie.value:
            return Credential(cookie.value, "cookie")
    return None


_HEADERS = {b"authorization", b"x-api-key", b"cookie"}


def _role_of(claims: dict[str, Any]) -> Role:
    """The highest role that the claims name; a token that names none may read."""
    named: list[object] = []
    for claim in ("role", "roles", "scope", "scopes"):
        value = claims.get(claim, [])
        named.extend(value.replace(",", " ").split() if isinstance(value, str) else value or [])
    roles = [role for role in Role for name in named if name in (role.value, role.in_database)]
    if named and not roles:
        raise Unauthenticated("the token names no role of pggit: reader, writer or admin")
    return max(roles, key=_RANKS.__getitem__, default=Role.READER)


def principal_of_key(key: dict[str, Any]) -> Principal:
    """Somebody known by an API key, as pggit.authenticate_key says."""
    role = Role(key["role"])
    return Principal(
        name=key["name"],
        role=role,
        database_role=role.in_database,
        kind="key",
        key_id=key["key_id"],
        expires_at=key["expires_at"],
    )


class Tokens:
    """Checks JSON Web Tokens, with one algorithm and one key: what a token says of its own algorithm decides nothing."""

    def __init__(self, settings: Settings) -> None:
        self._algorithm = settings.jwt_algorithm
        is_rsa = settings.jwt_algorithm == "RS256"
        # An environment file holds a key of several lines as one, with \\n.
        public = settings.jwt_public_key.replace("\\n", "\n")
        self._key = public if is_rsa else settings.jwt_secret
        self._audience = settings.jwt_audience or None
        self._issuer = settings.jwt_issuer or None
        self._leeway = settings.jwt_leeway
        self._known: dict[str, Principal] = {}

    def check(self, token: str) -> Principal:
        """Somebody known by a token; one that was good before is good until it expires."""
        known = self._known.get(token)
        if known is not None and known.expires_at is not None:
            if known.expires_at + self._leeway > time():
                return known
            del self._known[token]
        principal = self._decoded(token)
        if len(self._known) >= _KNOWN_TOKENS:
            self._known.clear()
        self._known[token] = principal
        return principal

    def _decoded(self, token: str) -> Principal:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway,
                # When it was issued ends nothing: to a clock that was set back every fresh token is one of the future.
                options={
                    "require": ["exp"],
                    "verify_aud": self._audience is not None,
                    "verify_iat": False,
                },
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired") from None
        except jwt.ImmatureSignatureError:
            raise Unauthenticated("the token is not valid yet") from None
        except jwt.InvalidAudienceError:
            raise Unauthenticated("the token is for another audience") from None
        except jwt.InvalidIssuerError:
            raise Unauthenticated("the token is from another issuer") from None
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise Unauthenticated("the token is not valid") from None
        name = next((claims[c] for c in ("sub", "username", "email") if claims.get(c)), None)
        if not isinstance(name, str) or "\0" in name or len(name) > 200:
            raise Unauthenticated("the token does not say whose it is (sub)")
        role = _role_of(claims)
        return Principal(
            name=name,
            role=role,
            database_role=role.in_database,
            kind="token",
            expires_at=float(claims["exp"]),
        )
