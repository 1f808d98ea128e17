"""What the API takes and gives; every field is described here, and OpenAPI is made from it."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

BranchId = Annotated[int, Meta(ge=1, le=2**31 - 1, description="Id of a branch", examples=[2])]
MergeMessage = Annotated[
    str, Meta(min_length=1, max_length=500, description="Message of the merge commit")
]
MergeStatus = Literal["pending_conflicts", "in_progress", "completed", "aborted", "failed"]
MergeStrategy = Literal["auto", "three-way", "fast-forward", "ours", "theirs"]
ResolutionStrategy = Literal["use_source", "use_target", "custom"]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body; a field that it does not know is an error."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A response body."""


# -- branches and commits ---------------------------------------------------------------------


class Branch(Answer, frozen=True, kw_only=True):
    """A named pointer to a commit, with the schemas in which it can be changed."""

    branch_id: int
    name: Annotated[str, Meta(description="Its name", examples=["feature/email"])]
    branch_name: Annotated[str, Meta(description="The same as name")]
    description: str | None
    is_active: Annotated[bool, Meta(description="False once it is deleted")]
    created_at: datetime
    head_commit_id: int
    head_hash: Annotated[str, Meta(description="Content hash of the head commit, hex")]
    worktree_state: Annotated[
        str | None,
        Meta(description="building, ready, dropping; null: not built", examples=["ready"]),
    ]


class BranchPage(Answer, frozen=True, kw_only=True):
    """One page of branches."""

    items: list[Branch]
    total: Annotated[int, Meta(description="Branches there are, on all pages")]


class NewBranch(Request, frozen=True, kw_only=True):
    """A branch to create; name and branch_name are the same, and one of them is needed."""

    name: Annotated[str | None, Meta(description="Its name", examples=["feature/email"])] = None
    branch_name: Annotated[str | None, Meta(description="Other spelling of name")] = None
    description: Annotated[str, Meta(max_length=2000)] | None = None
    from_ref: Annotated[
        str | None, Meta(description="Where it starts; main's head if absent", examples=["main"])
    ] = None


class Worktree(Answer, frozen=True, kw_only=True):
    """Where a branch can be changed with ordinary DDL."""

    branch_id: int | None
    name: str
    commit_id: int
    worktree_state: str
    schemas: Annotated[
        dict[str, str], Meta(description="Tracked schema to the branch's own schema")
    ]
    search_path: Annotated[str, Meta(description="What a session on this branch sets")]
    connection_options: Annotated[
        str, Meta(description="Value of PGOPTIONS, or of `options` in a connection URL")
    ]


class Change(Answer, frozen=True, kw_only=True):
    """One difference between two states of the schema."""

    action: Annotated[str, Meta(description="added, dropped, renamed or modified")]
    kind: Annotated[str, Meta(examples=["column"])]
    schema_name: str | None
    table_name: str | None
    name: str
    old_name: str | None
    attributes: Annotated[list[str], Meta(description="What differs", examples=[["type"]])] | None
    old: Annotated[
        dict[str, Any] | None, Meta(description="Before: what differs, or all of a dropped object")
    ]
    new: Annotated[
        dict[str, Any] | None, Meta(description="After: what differs, or all of an added object")
    ]
    object_id: Annotated[str, Meta(description="Identity of the object, kept through renames")]


class BranchStatus(Answer, frozen=True, kw_only=True):
    """What a branch's worktree holds beyond its head."""

    branch_id: int
    name: str
    is_clean: bool
    items: list[Change]
    total: int


class Commit(Answer, frozen=True, kw_only=True):
    """A state of the tracked schemas, with its parents."""

    commit_id: int
    hash: Annotated[str, Meta(description="Content hash, hex")]
    tree_hash: Annotated[str, Meta(description="Hash of the state alone, hex")]
    parent_ids: Annotated[list[int], Meta(description="None, one, or two for a merge")]
    author: str
    message: str
    created_at: datetime


class CommitPage(Answer, frozen=True, kw_only=True):
    """Commits of a branch, newest first."""

    items: list[Commit]
    total: int


class NewCommit(Request, frozen=True, kw_only=True):
    """Records the branch's worktree as it is now."""

    message: Annotated[str, Meta(min_length=1, max_length=10000, examples=["Widen email"])]
    allow_empty: Annotated[bool, Meta(description="Commit even if nothing changed")] = False


class Diff(Answer, frozen=True, kw_only=True):
    """The differences from one ref to another."""

    from_ref: str
    to_ref: Annotated[str | None, Meta(description="null: the live schemas")]
    items: list[Change]
    total: int


class Step(Answer, frozen=True, kw_only=True):
    """One statement of a migration."""

    position: int
    sql: str
    lock_level: Annotated[
        str,
        Meta(description="Strongest lock on an existing table", examples=["ACCESS EXCLUSIVE"]),
    ]
    hazards: Annotated[list[str], Meta(description="What may hurt", examples=[["data_loss"]])]
    in_transaction: Annotated[bool, Meta(description="False: it must run outside a transaction")]
    action: Annotated[str | None, Meta(examples=["alter"])]
    kind: Annotated[str | None, Meta(examples=["column"])]
    identity: Annotated[str | None, Meta(description="What it acts on, for people")]
    is_done: Annotated[
        str | None,
        Meta(description="With online: a condition that is true where an earlier run did the step"),
    ] = None
    advice: Annotated[
        str | None, Meta(description="With online: what a person could do instead")
    ] = None


class Migration(Answer, frozen=True, kw_only=True):
    """The ordered DDL that leads from one ref to another."""

    from_ref: str
    to_ref: str
    items: list[Step]
    total: int


# -- merges -----------------------------------------------------------------------------------


class NewMerge(Request, frozen=True, kw_only=True):
    """Merges source_branch_id into the branch of the path."""

    source_branch_id: BranchId
    merge_message: MergeMessage
    merge_strategy: MergeStrategy = "auto"
    base_branch_id: (
        Annotated[
            int, Meta(ge=1, le=2**31 - 1, description="Common ancestor; required for three-way")
        ]
        | None
    ) = None
    allow_data_loss: Annotated[
        bool, Meta(description="Consent to steps that lose columns or tables with rows")
    ] = False


class Merge(Answer, frozen=True, kw_only=True):
    """A merge that was started."""

    merge_id: Annotated[str, Meta(examples=["mrg_3f2a9c1d"])]
    status: MergeStatus
    conflicts_detected: bool
    merge_commit_id: int | None
    message: str | None
    created_at: datetime
    completed_at: datetime | None


class MergeDetail(Answer, frozen=True, kw_only=True):
    """A merge with its branches."""

    merge_id: str
    source_branch_id: int | None
    target_branch_id: int | None
    merge_base_branch_id: Annotated[
        int | None, Meta(description="Only where the caller named a base")
    ]
    status: MergeStatus
    merge_strategy: MergeStrategy
    conflicts_detected: bool
    merge_commit_id: int | None
    message: str | None
    created_at: datetime
    completed_at: datetime | None


class MergeItem(Answer, frozen=True, kw_only=True):
    """A merge in a list."""

    merge_id: str
    source_branch_id: int | None
    target_branch_id: int | None
    status: MergeStatus
    conflicts_detected: bool
    created_at: datetime


class MergePage(Answer, frozen=True, kw_only=True):
    """One page of merges, newest first."""

    items: list[MergeItem]
    total: int


class ConflictSummary(Answer, frozen=True, kw_only=True):
    """A conflict, in short."""

    conflict_id: int
    table_name: str | None
    conflict_type: Annotated[str, Meta(examples=["schema_mismatch"])]
    description: str


Version = Annotated[
    dict[str, Any] | None,
    Meta(
        description="The object on one side; of a column column_name, data_type, max_length, "
        "nullable and what else it has. null: it is not there",
        examples=[
            {
                "column_name": "email",
                "data_type": "character varying",
                "max_length": 255,
                "nullable": False,
            }
        ],
    ),
]


class NewPreview(Request, frozen=True, kw_only=True):
    """The merge of source_branch_id into the branch of the path, to be looked at."""

    source_branch_id: BranchId
    merge_strategy: MergeStrategy = "auto"
    base_branch_id: (
        Annotated[
            int, Meta(ge=1, le=2**31 - 1, description="Common ancestor; required for three-way")
        ]
        | None
    ) = None
    allow_data_loss: bool = False


class PreviewedConflict(Answer, frozen=True, kw_only=True):
    """A conflict that a merge would leave."""

    conflict_type: str
    object_kind: str | None
    schema_name: str | None
    table_name: str | None
    column_name: str | None
    object_name: str | None
    attribute: str | None
    base_schema: Version
    source_schema: Version
    target_schema: Version
    description: str


class Preview(Answer, frozen=True, kw_only=True):
    """What a merge would do."""

    conflicts_detected: bool
    conflicts: list[PreviewedConflict]
    steps: Annotated[list[Step], Meta(description="The DDL that would run on the target")]
    notes: list[str]


class Conflict(Answer, frozen=True, kw_only=True):
    """A difference that pggit leaves to you."""

    merge_id: str
    conflict_id: int
    conflict_type: Annotated[str, Meta(examples=["schema_mismatch"])]
    object_kind: str | None
    schema_name: str | None
    table_name: str | None
    column_name: str | None
    object_name: str | None
    attribute: str | None
    base_schema: Version
    source_schema: Version
    target_schema: Version
    description: str
    resolution_status: Annotated[str, Meta(description="pending or resolved", examples=["pending"])]
    resolution_strategy: ResolutionStrategy | None
    resolution_notes: str | None
    resolved_at: datetime | None


class ConflictList(Answer, frozen=True, kw_only=True):
    """Every conflict of a merge."""

    merge_id: str
    conflicts: list[Conflict]
    total_conflicts: int


class NewResolution(Request, frozen=True, kw_only=True):
    """How to settle a conflict."""

    resolution_strategy: ResolutionStrategy
    resolution_notes: Annotated[str, Meta(max_length=2000)] | None = None
    custom_schema: Annotated[
        dict[str, Any] | None,
        Meta(
            description="Required for custom: the definition, in the words the conflict shows",
            examples=[
                {
                    "column_name": "email",
                    "data_type": "varchar",
                    "max_length": 320,
                    "nullable": False,
                }
            ],
        ),
    ] = None


class Resolution(Answer, frozen=True, kw_only=True):
    """A conflict that is settled."""

    conflict_id: int
    resolution_id: Annotated[str, Meta(examples=["res_5b1c77e0"])]
    resolution_strategy: ResolutionStrategy
    resolution_notes: str | None
    resolved_at: datetime


class NewCompletion(Request, frozen=True, kw_only=True):
    """Completes a merge whose conflicts are settled."""

    merge_message: MergeMessage
    allow_data_loss: Annotated[
        bool, Meta(description="Consent to steps that lose columns or tables with rows")
    ] = False


class Completion(Answer, frozen=True, kw_only=True):
    """A merge that is done."""

    merge_id: str
    status: MergeStatus
    conflicts_detected: bool
    conflicts_resolved: int
    merge_commit_id: int | None
    message: str | None
    created_at: datetime
    completed_at: datetime | None


class Abortion(Answer, frozen=True, kw_only=True):
    """A merge that was given up; its target is as before."""

    merge_id: str
    status: MergeStatus
    message: str | None
    aborted_at: datetime
