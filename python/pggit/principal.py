"""Who asks: the one name and the one role that a request, or a worker, has in PostgreSQL."""

import enum
from contextvars import ContextVar

import msgspec


class Role(enum.StrEnum):
    """The roles of the API; each is a role of PostgreSQL, and each may do what those before it may."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"

    @property
    def in_database(self) -> str:
        """The role in PostgreSQL."""
        return f"pggit_{self.value}"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody known: by a token, a key, or because it is the service itself."""

    name: str
    role: Role
    # None: the role that the connection has anyway. So it is where AUTH_MODE is none.
    database_role: str | None = None
    kind: str = "none"
    key_id: int | None = None
    # Seconds since the epoch after which a feed that this principal opened must end.
    expires_at: float | None = None


# Where nobody is asked who they are.
EVERYONE = Principal(name="", role=Role.ADMIN)
# The service's own work under AUTH_MODE=jwt: workers, the limiter, the look-up of keys.
SERVICE = Principal(
    name="pggit", role=Role.ADMIN, database_role=Role.ADMIN.in_database, kind="service"
)
# Before somebody is known, and on routes that ask nobody: the least that the database knows.
NOBODY = Principal(name="", role=Role.READER, database_role=Role.READER.in_database)

_acting: ContextVar[Principal | None] = ContextVar("principal", default=None)


def acting() -> Principal | None:
    """On whose behalf this task runs; None outside of a request."""
    return _acting.get()


def act_as(principal: Principal) -> None:
    """From here on this task, and those that it starts, run on behalf of the principal."""
    _acting.set(principal)
