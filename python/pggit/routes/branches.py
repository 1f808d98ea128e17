"""Branches: create, list, change through their worktrees, commit, delete."""

from typing import Annotated

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from pggit.db import Database
from pggit.routes import BranchNumber, Limit, Offset, errors
from pggit.structs import (
    Branch,
    BranchPage,
    BranchStatus,
    Commit,
    CommitPage,
    NewBranch,
    NewCommit,
    Worktree,
)


@get("/", responses=errors(), summary="List branches")
async def list_branches(
    db: NamedDependency[Database],
    limit: Limit = 20,
    offset: Offset = 0,
) -> BranchPage:
    """Branches by id, oldest first."""
    return await db.call_value(BranchPage, "list_branches", limit=limit, offset=offset)


@post("/", responses=errors(404, 409), summary="Create a branch")
async def create_branch(db: NamedDependency[Database], data: JSONBody[NewBranch]) -> Branch:
    """Writes the pointer only; `POST /branches/{branch_id}/worktree` builds its schemas."""
    return await db.call_value(
        Branch,
        "add_branch",
        name=data.name,
        branch_name=data.branch_name,
        description=data.description,
        from_ref=data.from_ref,
    )


@get("/{branch_id:int}", responses=errors(404), summary="Get a branch")
async def get_branch(db: NamedDependency[Database], branch_id: BranchNumber) -> Branch:
    """One branch with its head."""
    return await db.call_value(Branch, "get_branch", branch_id=branch_id)


@delete("/{branch_id:int}", responses=errors(404, 409), summary="Delete a branch")
async def delete_branch(
    db: NamedDependency[Database],
    branch_id: BranchNumber,
    force: Annotated[
        bool, QueryParameter(description="Delete even if its commits are on no other branch")
    ] = False,
) -> None:
    """Deletes the branch and its worktree. Work that is on no other branch needs `force`."""
    branch = await db.call_value(Branch, "get_branch", branch_id=branch_id)
    await db.call_procedure("remove_branch", name=branch.name, force=force)


@post(
    "/{branch_id:int}/worktree",
    responses=errors(404, 409),
    status_code=HTTP_200_OK,
    summary="Build a branch's worktree",
)
async def build_worktree(db: NamedDependency[Database], branch_id: BranchNumber) -> Worktree:
    """Builds the schemas of the branch in batches that commit, and says how to connect to them."""
    branch = await db.call_value(Branch, "get_branch", branch_id=branch_id)
    await db.call_procedure("build_worktree", branch=branch.name)
    return await db.call_value(Worktree, "get_worktree", branch_id=branch_id)


@get("/{branch_id:int}/worktree", responses=errors(404), summary="Get a branch's worktree")
async def get_worktree(db: NamedDependency[Database], branch_id: BranchNumber) -> Worktree:
    """Its schemas, and the connection options that put a session on the branch."""
    return await db.call_value(Worktree, "get_worktree", branch_id=branch_id)


@get("/{branch_id:int}/status", responses=errors(404), summary="Show uncommitted changes")
async def get_status(db: NamedDependency[Database], branch_id: BranchNumber) -> BranchStatus:
    """What the worktree holds beyond the head."""
    return await db.call_value(BranchStatus, "branch_status", branch_id=branch_id)


@get("/{branch_id:int}/log", responses=errors(404), summary="Show a branch's history")
async def get_log(
    db: NamedDependency[Database],
    branch_id: BranchNumber,
    limit: Limit = 20,
    offset: Offset = 0,
) -> CommitPage:
    """Commits, newest first."""
    return await db.call_value(
        CommitPage, "branch_log", branch_id=branch_id, limit=limit, offset=offset
    )


@get("/{branch_id:int}/commits", responses=errors(404), summary="List a branch's commits")
async def list_commits(
    db: NamedDependency[Database],
    branch_id: BranchNumber,
    limit: Limit = 20,
    offset: Offset = 0,
) -> CommitPage:
    """The same as log."""
    return await db.call_value(
        CommitPage, "branch_log", branch_id=branch_id, limit=limit, offset=offset
    )


@post("/{branch_id:int}/commits", responses=errors(404, 409), summary="Commit a branch's worktree")
async def create_commit(
    db: NamedDependency[Database], branch_id: BranchNumber, data: JSONBody[NewCommit]
) -> Commit:
    """Records the worktree of the branch as it is now."""
    return await db.call_value(
        Commit,
        "commit_branch",
        branch_id=branch_id,
        message=data.message,
        allow_empty=data.allow_empty,
    )


router = Router(
    path="/branches",
    tags=["branches"],
    route_handlers=[
        list_branches,
        create_branch,
        get_branch,
        delete_branch,
        build_worktree,
        get_worktree,
        get_status,
        get_log,
        list_commits,
        create_commit,
    ],
)
