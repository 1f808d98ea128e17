"""Sessions of browsers in Valkey: the cookie names one, and what it stands for can be forgotten at once, in every process."""

import asyncio
import hashlib
import logging
import secrets
from collections import OrderedDict

from pggit.shared_cache import WAIT, SharedCache

_log = logging.getLogger("pggit.sessions")

PREFIX = "ses_"
# Seconds for which a session lasts whose token or key has no end of its own.
LONGEST = 12 * 3600
_REMEMBERED = 1024


def is_session(value: str) -> bool:
    """Whether a cookie names a session, rather than being a token."""
    return value.startswith(PREFIX)


class Sessions:
    """The sessions; without Valkey there are none, and cookies hold tokens themselves."""

    def __init__(self, shared: SharedCache | None) -> None:
        self._shared = shared
        # What was found a moment ago, for while Valkey does not answer.
        self._known: OrderedDict[str, str] = OrderedDict()

    async def keep(self, credential: str, seconds: float | None) -> str:
        """The cookie's value for a token or key."""
        if self._shared is None or is_session(credential):
            return credential
        value = PREFIX + secrets.token_urlsafe(32)
        lasts = LONGEST if seconds is None else max(1, min(LONGEST, int(seconds)))
        try:
            async with asyncio.timeout(WAIT):
                await self._shared.client.set(_place(value), credential, ex=lasts)
        except self._shared.errors as error:
            _log.warning("Valkey keeps no session, the cookie holds the token: %s", error)
            return credential
        return value

    async def find(self, value: str) -> str | None:
        """The token or key behind a session; None if it has ended."""
        if self._shared is None:
            return None
        try:
            async with asyncio.timeout(WAIT):
                found = await self._shared.client.get(_place(value))
        except self._shared.errors:
            return self._known.get(value)
        if found is None:
            self._known.pop(value, None)
            return None
        credential: str = found.decode()
        self._known[value] = credential
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return credential

    async def forget(self, value: str) -> bool:
        """End a session, everywhere; False if Valkey did not take it, so that other processes go on with it."""
        self._known.pop(value, None)
        if self._shared is not None:
            try:
                async with asyncio.timeout(WAIT):
                    await self._shared.client.delete(_place(value))
            except self._shared.errors as error:
                _log.warning("Valkey could not end a session: %s", error)
                return False
        return True


def _place(value: str) -> str:
    """Who can read Valkey's keys learns no cookie."""
    return "pggit:session:" + hashlib.sha256(value.encode()).hexdigest()
