"""Merges: start, list, look at conflicts, resolve, complete, abort."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from pggit.db import Database
from pggit.errors import ErrorCode, ErrorResponse, envelope
from pggit.routes import (
    BranchNumber,
    ConflictNumber,
    Limit,
    MergeName,
    Offset,
    errors,
)
from pggit.structs import (
    Abortion,
    Completion,
    Conflict,
    ConflictList,
    ConflictSummary,
    Merge,
    MergeDetail,
    MergePage,
    MergeStatus,
    NewCompletion,
    NewMerge,
    NewPreview,
    NewResolution,
    Preview,
    Resolution,
)
from pggit.telemetry import request_id


class MergeConflicts(ErrorResponse, frozen=True, kw_only=True):
    """Conflicts: the fields of the merge and those of every error, in one body."""

    merge_id: str
    status: MergeStatus
    conflicts_detected: bool
    conflicts: list[ConflictSummary]


class MergeOutcome(Merge, frozen=True, kw_only=True):
    """A merge and its conflicts, as the database answers."""

    conflicts: list[ConflictSummary]


class CompletionOutcome(Completion, frozen=True, kw_only=True):
    """A completion and its conflicts, as the database answers."""

    conflicts: list[ConflictSummary]


# A merge that waits for resolutions is the one answer that is stored and an error at once.
STATUS_OF_MERGE: dict[str, int] = {"pending_conflicts": 409}


def _answer(
    body: type[Merge] | type[Completion], outcome: MergeOutcome | CompletionOutcome, path: str
) -> Response[Any]:
    status = STATUS_OF_MERGE.get(outcome.status, 200)
    bodies: dict[int, Callable[[], object]] = {
        200: lambda: msgspec.convert(outcome, body, from_attributes=True),
        409: lambda: _conflicts(outcome, path),
    }
    return Response(bodies[status](), status_code=status)


def _conflicts(outcome: MergeOutcome | CompletionOutcome, path: str) -> MergeConflicts:
    error = envelope(
        message=outcome.message or "",
        code=ErrorCode.MERGE_CONFLICT,
        status=409,
        path=path,
        request_id=request_id.get(),
    )
    return MergeConflicts(
        **{name: getattr(error, name) for name in ErrorResponse.__struct_fields__},
        merge_id=outcome.merge_id,
        status=outcome.status,
        conflicts_detected=outcome.conflicts_detected,
        conflicts=outcome.conflicts,
    )


_EXAMPLE = MergeOutcome(
    merge_id="mrg_3f2a9c1d",
    status="pending_conflicts",
    conflicts_detected=True,
    merge_commit_id=None,
    message="1 conflict: resolve it, then complete the merge",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    completed_at=None,
    conflicts=[
        ConflictSummary(
            conflict_id=1,
            table_name="users",
            conflict_type="schema_mismatch",
            description='column "users.email": type differs on both sides',
        )
    ],
)
_MERGED = {
    200: ResponseSpec(data_container=Merge, generate_examples=False, description="Merged"),
    409: ResponseSpec(
        data_container=MergeConflicts | ErrorResponse,
        generate_examples=False,
        description="Conflicts, stored under merge_id; or the state of the branches forbids it",
        examples=[
            Example(
                summary="MERGE_CONFLICT",
                value=_conflicts(_EXAMPLE, "/api/v1/merge/1/merge"),
            )
        ],
    ),
}

_COMPLETED = ResponseSpec(data_container=Completion, generate_examples=False, description="Merged")


@post(
    "/{target_branch_id:int}/merge",
    status_code=HTTP_200_OK,
    responses=errors(404) | _MERGED,
    summary="Merge a branch into another",
)
async def merge_branch(
    db: NamedDependency[Database],
    request: Request,  # type: ignore[type-arg]
    target_branch_id: BranchNumber,
    data: JSONBody[NewMerge],
) -> Response[Merge | MergeConflicts]:
    """Merges, or answers 409 with the conflicts and leaves the target as it is.

    `auto` merges what can be merged; `three-way` takes the base you name; `fast-forward` only moves the
    target forward; `ours` and `theirs` settle conflicts with the target's or the source's version.
    """
    outcome = await db.call_value(
        MergeOutcome,
        "merge_branch",
        target_branch_id=target_branch_id,
        source_branch_id=data.source_branch_id,
        message=data.merge_message,
        strategy=data.merge_strategy,
        base_branch_id=data.base_branch_id,
        allow_data_loss=data.allow_data_loss,
    )
    return _answer(Merge, outcome, request.url.path)


@post(
    "/{target_branch_id:int}/preview",
    status_code=HTTP_200_OK,
    responses=errors(404, 409),
    summary="Preview a merge",
)
async def preview_merge(
    db: NamedDependency[Database], target_branch_id: BranchNumber, data: JSONBody[NewPreview]
) -> Preview:
    """The merge without its last step: conflicts and plan; nothing is kept, nothing is blocked."""
    return await db.call_value(
        Preview,
        "preview_branch_merge",
        target_branch_id=target_branch_id,
        source_branch_id=data.source_branch_id,
        strategy=data.merge_strategy,
        base_branch_id=data.base_branch_id,
        allow_data_loss=data.allow_data_loss,
    )


@get("/", responses=errors(), summary="List merges")
async def list_merges(
    db: NamedDependency[Database],
    status: Annotated[
        MergeStatus | None, QueryParameter(description="Only merges in this state")
    ] = None,
    source_branch_id: Annotated[
        int | None, QueryParameter(ge=1, le=2**31 - 1, description="Only from this branch")
    ] = None,
    target_branch_id: Annotated[
        int | None, QueryParameter(ge=1, le=2**31 - 1, description="Only into this branch")
    ] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> MergePage:
    """Merges, newest first."""
    return await db.call_value(
        MergePage,
        "list_merges",
        status=status,
        source_branch_id=source_branch_id,
        target_branch_id=target_branch_id,
        limit=limit,
        offset=offset,
    )


@get("/{merge_id:str}", responses=errors(404), summary="Get a merge")
async def get_merge(db: NamedDependency[Database], merge_id: MergeName) -> MergeDetail:
    """One merge with its branches and its state."""
    return await db.call_value(MergeDetail, "get_merge", merge_id=merge_id)


@get("/{merge_id:str}/conflicts", responses=errors(404), summary="List a merge's conflicts")
async def list_conflicts(db: NamedDependency[Database], merge_id: MergeName) -> ConflictList:
    """Every conflict, settled or not, with the three versions."""
    return await db.call_value(ConflictList, "list_conflicts", merge_id=merge_id)


@get(
    "/{merge_id:str}/conflicts/{conflict_id:int}",
    responses=errors(404),
    summary="Get a conflict",
)
async def get_conflict(
    db: NamedDependency[Database], merge_id: MergeName, conflict_id: ConflictNumber
) -> Conflict:
    """One conflict with its base, source and target version."""
    return await db.call_value(Conflict, "get_conflict", merge_id=merge_id, conflict_id=conflict_id)


@post(
    "/{merge_id:str}/conflicts/{conflict_id:int}/resolve",
    status_code=HTTP_200_OK,
    responses=errors(404, 409),
    summary="Resolve a conflict",
)
async def resolve_conflict(
    db: NamedDependency[Database],
    merge_id: MergeName,
    conflict_id: ConflictNumber,
    data: JSONBody[NewResolution],
) -> Resolution:
    """Takes the source's version, the target's, or the definition that you give."""
    return await db.call_value(
        Resolution,
        "settle_conflict",
        merge_id=merge_id,
        conflict_id=conflict_id,
        strategy=data.resolution_strategy,
        custom=data.custom_schema,
        notes=data.resolution_notes,
    )


@post(
    "/{merge_id:str}/complete",
    status_code=HTTP_200_OK,
    responses=errors(404) | {200: _COMPLETED, 409: _MERGED[409]},
    summary="Complete a merge",
)
async def complete_merge(
    db: NamedDependency[Database],
    request: Request,  # type: ignore[type-arg]
    merge_id: MergeName,
    data: JSONBody[NewCompletion],
) -> Response[Completion | MergeConflicts]:
    """Applies the merge to the target once no conflict is open.

    What comes to light only now (rows that refuse the merged type, say) is a conflict, and 409 again.
    """
    outcome = await db.call_value(
        CompletionOutcome,
        "finish_merge",
        merge_id=merge_id,
        message=data.merge_message,
        allow_data_loss=data.allow_data_loss,
    )
    return _answer(Completion, outcome, request.url.path)


@post(
    "/{merge_id:str}/abort",
    status_code=HTTP_200_OK,
    responses=errors(404, 409),
    summary="Abort a merge",
)
async def abort_merge(db: NamedDependency[Database], merge_id: MergeName) -> Abortion:
    """Gives the merge up; its target is as before."""
    return await db.call_value(Abortion, "give_up_merge", merge_id=merge_id)


router = Router(
    path="/merge",
    tags=["merge"],
    route_handlers=[
        merge_branch,
        preview_merge,
        list_merges,
        get_merge,
        list_conflicts,
        get_conflict,
        resolve_conflict,
        complete_merge,
        abort_merge,
    ],
)
