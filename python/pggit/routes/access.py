"""Who may: the caller, API keys, protected branches, the audit trail. All but the first two routes are for admins."""

from datetime import datetime
from time import time
from typing import Annotated, Any, Literal

from litestar import Request, Response, Router, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import ServiceUnavailableException
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT
from msgspec import Meta

from pggit.auth import Unauthenticated, find_credential
from pggit.db import Database
from pggit.gate import principal_of
from pggit.principal import EVERYONE
from pggit.routes import BranchNumber, Limit, Offset, as_is, errors
from pggit.sessions import Sessions, is_session
from pggit.settings import Settings
from pggit.structs import Answer, Branch
from pggit.structs import Request as Body

KeyNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="Id of an API key")]
RoleName = Literal["reader", "writer", "admin"]


class Me(Answer, frozen=True, kw_only=True):
    """Who asks."""

    name: str
    role: RoleName
    kind: Annotated[
        Literal["none", "token", "key"],
        Meta(description="How the caller is known; none: AUTH_MODE is none"),
    ]


class NewKey(Body, frozen=True, kw_only=True):
    """A key to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: RoleName = "reader"
    tier: Literal["standard", "premium", "unlimited"] = "standard"
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    rate_limit: (
        Annotated[
            int, Meta(ge=1, le=2**31 - 1, description="Requests per window, instead of the tier's")
        ]
        | None
    ) = None


class Key(Answer, frozen=True, kw_only=True):
    """An API key, without the key itself."""

    key_id: int
    name: str
    key_prefix: str
    role: RoleName
    tier: Literal["standard", "premium", "unlimited"]
    rate_limit: int | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ShownKey(Key, frozen=True, kw_only=True):
    """An API key when it is made."""

    key: Annotated[str, Meta(description="Shown this once, and stored nowhere")]


class Protection(Answer, frozen=True, kw_only=True):
    """A protected branch."""

    branch_id: int
    branch_name: str
    merge_role: Annotated[
        Literal["writer", "admin"], Meta(description="The least role that may merge into it")
    ]
    created_by: str
    created_at: datetime


class ProtectionList(Answer, frozen=True, kw_only=True):
    """The protected branches."""

    items: list[Protection]
    total: int


class NewProtection(Body, frozen=True, kw_only=True):
    """How a branch is to be protected."""

    merge_role: Literal["writer", "admin"] = "admin"


class AuditEntry(Answer, frozen=True, kw_only=True):
    """One change, and who made it."""

    audit_id: int
    occurred_at: datetime
    role_name: Annotated[str, Meta(description="The role in PostgreSQL that acted")]
    session_name: Annotated[str, Meta(description="The login behind it")]
    author: Annotated[str, Meta(description="Whom the service vouched for, else the role")]
    request_id: Annotated[str, Meta(description="X-Request-ID, or the application_name in psql")]
    client: str | None
    xid: str
    action: str
    subject: str
    details: Annotated[
        dict[str, Any], Meta(description="The row; of a change, each column's old and new value")
    ]


class AuditPage(Answer, frozen=True, kw_only=True):
    """Entries of the audit log, newest first."""

    items: list[AuditEntry]


class KeyPage(Answer, frozen=True, kw_only=True):
    """A page of keys."""

    items: list[Key]
    total: int


@get("/me", responses=errors(), summary="Show who asks")
async def get_me(request: Request) -> Me:  # type: ignore[type-arg]
    """The name and role that the token or key gives."""
    found = principal_of(request.scope) or EVERYONE
    return Me(name=found.name, role=found.role.value, kind=found.kind)  # type: ignore[arg-type]


@post(
    "/session",
    responses=errors(),
    status_code=HTTP_204_NO_CONTENT,
    summary="Keep a token in a cookie",
)
async def open_session(
    request: Request,  # type: ignore[type-arg]
    settings: NamedDependency[Settings],
    sessions: NamedDependency[Sessions],
) -> Response[None]:
    """Sets a session cookie for the token or key that came with this request, out of reach of scripts.

    Where Valkey is configured the cookie names a session there; else it holds the token itself.
    """
    try:
        found = find_credential(
            request.scope["headers"], request.scope["query_string"], settings.session_cookie
        )
    except Unauthenticated:
        found = None
    principal = principal_of(request.scope)
    ends = None if principal is None else principal.expires_at
    cookies = [
        Cookie(
            key=settings.session_cookie,
            value=await sessions.keep(found.value, None if ends is None else ends - time()),
            httponly=True,
            samesite="strict",
            secure=settings.environment == "production",
        )
        for _ in [found]
        if found is not None
    ]
    return Response(None, status_code=HTTP_204_NO_CONTENT, cookies=cookies)


@delete("/session", responses=errors(), summary="Forget the cookie")
async def close_session(
    request: Request,  # type: ignore[type-arg]
    settings: NamedDependency[Settings],
    sessions: NamedDependency[Sessions],
) -> Response[None]:
    """Ends the session, and removes its cookie from the browser. The token itself is good until it expires.

    503 while Valkey, which keeps the session, does not answer: then it goes on.
    """
    value = request.cookies.get(settings.session_cookie, "")
    if is_session(value) and not await sessions.forget(value):
        raise ServiceUnavailableException("the session could not be ended: Valkey does not answer")
    gone = Cookie(
        key=settings.session_cookie, value="", max_age=0, httponly=True, samesite="strict"
    )
    return Response(None, status_code=HTTP_204_NO_CONTENT, cookies=[gone])


@get("/api-keys", responses=errors(), summary="List API keys")
async def list_api_keys(
    db: NamedDependency[Database], limit: Limit = 20, offset: Offset = 0
) -> Response[KeyPage]:
    """The keys in use, oldest first."""
    return as_is(await db.call_json("list_api_keys", limit=limit, offset=offset))


@post("/api-keys", responses=errors(409), summary="Make an API key")
async def create_api_key(
    db: NamedDependency[Database], data: JSONBody[NewKey]
) -> Response[ShownKey]:
    """The answer is the only place where the key itself ever stands."""
    made = await db.call_json(
        "create_api_key",
        name=data.name,
        role=data.role,
        tier=data.tier,
        expires_at=data.expires_at,
        rate_limit=data.rate_limit,
    )
    return as_is(made, HTTP_201_CREATED)


@delete("/api-keys/{key_id:int}", responses=errors(404), summary="Revoke an API key")
async def revoke_api_key(db: NamedDependency[Database], key_id: KeyNumber) -> None:
    """At once and for good."""
    await db.call_none("revoke_api_key", key_id=key_id)


@get("/protected-branches", responses=errors(), summary="List protected branches")
async def list_protected_branches(db: NamedDependency[Database]) -> Response[ProtectionList]:
    """Branches that move by merges only."""
    return as_is(await db.call_json("list_protected_branches"))


@put("/branches/{branch_id:int}/protection", responses=errors(404), summary="Protect a branch")
async def protect_branch(
    db: NamedDependency[Database], branch_id: BranchNumber, data: JSONBody[NewProtection]
) -> Response[Protection]:
    """From now on it moves by merges only, of those who may; admins commit to it directly no more than others."""
    branch = await db.call_value(Branch, "get_branch", branch_id=branch_id)
    return as_is(
        await db.call_json("protect_branch", branch=branch.name, merge_role=data.merge_role)
    )


@delete("/branches/{branch_id:int}/protection", responses=errors(404), summary="Unprotect a branch")
async def unprotect_branch(db: NamedDependency[Database], branch_id: BranchNumber) -> None:
    """Ends the protection."""
    branch = await db.call_value(Branch, "get_branch", branch_id=branch_id)
    await db.call_none("unprotect_branch", branch=branch.name)


@get("/audit", responses=errors(), summary="Read the audit log")
async def list_audit(
    db: NamedDependency[Database],
    limit: Limit = 50,
    before: Annotated[
        int | None,
        QueryParameter(ge=1, le=2**63 - 1, description="Only entries older than this audit_id"),
    ] = None,
    action: Annotated[
        str | None, QueryParameter(max_length=100, description="As in branch.changed")
    ] = None,
    author: Annotated[
        str | None, QueryParameter(max_length=200, description="Only by this author")
    ] = None,
) -> Response[AuditPage]:
    """Who changed what, when, in which request. Nobody can change it, admins included."""
    return as_is(
        await db.call_json("list_audit", limit=limit, before=before, action=action, author=author)
    )


router = Router(
    path="/",
    tags=["access"],
    route_handlers=[
        get_me,
        open_session,
        close_session,
        list_api_keys,
        create_api_key,
        revoke_api_key,
        list_protected_branches,
        protect_branch,
        unprotect_branch,
        list_audit,
    ],
)
