"""Commits, differences and migrations between any two refs."""

from typing import Annotated

from litestar import MediaType, Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter

from pggit.db import Database
from pggit.routes import CommitNumber, errors
from pggit.structs import Commit, Diff, Migration

From = Annotated[
    str,
    QueryParameter(
        name="from",
        min_length=1,
        max_length=255,
        description="Branch, tag, commit id, hash prefix, or one of these with ~n or ^",
    ),
]
To = Annotated[
    str,
    QueryParameter(name="to", min_length=1, max_length=255, description="Written like `from`"),
]
Until = Annotated[
    str | None,
    QueryParameter(name="to", min_length=1, max_length=255, description="Absent: the live schemas"),
]


@get("/commits/{commit_id:int}", responses=errors(404), summary="Get a commit")
async def get_commit(db: NamedDependency[Database], commit_id: CommitNumber) -> Commit:
    """One commit with its parents."""
    return await db.call_value(Commit, "get_commit", commit_id=commit_id)


@get("/diff", responses=errors(404), summary="Compare two refs")
async def get_diff(
    db: NamedDependency[Database],
    from_ref: From,
    to_ref: Until = None,
) -> Diff:
    """What was added, dropped, renamed and modified."""
    return await db.call_value(Diff, "get_diff", from_ref=from_ref, to_ref=to_ref)


@get(
    "/migration",
    responses=errors(404, 409)
    | {
        200: ResponseSpec(
            data_container=Migration, description="Steps; or SQL with `Accept: text/plain`"
        )
    },
    summary="Plan the migration between two refs",
)
async def get_migration(
    db: NamedDependency[Database],
    request: Request,  # type: ignore[type-arg]
    from_ref: From,
    to_ref: To,
    online: Annotated[
        bool, QueryParameter(description="Steps that a database under load bears")
    ] = False,
) -> Response:  # type: ignore[type-arg]
    """The ordered DDL from one ref to another: JSON, or with `Accept: text/plain` a script for psql."""
    best = request.accept.best_match([MediaType.JSON, MediaType.TEXT], default=MediaType.JSON)
    if best == MediaType.TEXT:
        script = await db.call_value(
            str, "migration_script", from_ref=from_ref, to_ref=to_ref, online=online
        )
        return Response(script, media_type=MediaType.TEXT)
    plan = await db.call_value(
        Migration, "get_migration", from_ref=from_ref, to_ref=to_ref, online=online
    )
    return Response(plan, media_type=MediaType.JSON)


router = Router(path="/", tags=["history"], route_handlers=[get_commit, get_diff, get_migration])
