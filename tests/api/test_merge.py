"""Merging over REST, as the contract words it: merge, conflicts, resolutions, completion, abortion."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from api.service import assert_envelope

ON_BRANCH = Callable[[str, str], None]


@pytest.fixture
def branch_id(api: httpx.Client, repository: str) -> int:
    """A branch beside main, both at the first commit."""
    created = api.post("/api/v1/branches", json={"name": "feature/email"})
    identity: int = created.json()["branch_id"]
    return identity


@pytest.fixture
def diverged(api: httpx.Client, branch_id: int, on_branch: ON_BRANCH) -> int:
    """Both sides changed the length of one column; the branch added one of its own."""
    on_branch("feature/email", "ALTER TABLE users ALTER email TYPE varchar(320), ADD phone text")
    on_branch("main", "ALTER TABLE app.users ALTER email TYPE varchar(254)")
    commit(api, branch_id)
    commit(api, 1)
    return branch_id


def commit(api: httpx.Client, branch_id: int) -> None:
    made = api.post(f"/api/v1/branches/{branch_id}/commits", json={"message": "change"})
    assert made.status_code == 201, made.text


def merge(api: httpx.Client, source: int, **fields: Any) -> httpx.Response:
    body = {"source_branch_id": source, "merge_message": "Merge feature/email", **fields}
    return api.post("/api/v1/merge/1/merge", json=body)


def pending(api: httpx.Client, source: int) -> str:
    response = merge(api, source)
    assert response.status_code == 409, response.text
    merge_id: str = response.json()["merge_id"]
    return merge_id


def email_type(url: str) -> str:
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'app.users'::regclass AND attname = 'email'"
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_a_merge_without_conflicts_completes(
    api: httpx.Client, branch_id: int, on_branch: ON_BRANCH, repository: str
) -> None:
    on_branch("feature/email", "ALTER TABLE users ALTER email TYPE varchar(320)")
    commit(api, branch_id)
    response = merge(api, branch_id)
    assert response.status_code == 200, response.text
    body = response.json()
    assert set(body) == {
        "merge_id",
        "status",
        "conflicts_detected",
        "merge_commit_id",
        "message",
        "created_at",
        "completed_at",
    }
    assert re.fullmatch(r"mrg_[0-9a-f]+", body["merge_id"])
    assert (body["status"], body["conflicts_detected"]) == ("completed", False)
    assert isinstance(body["merge_commit_id"], int)
    assert email_type(repository) == "character varying(320)"
    head = api.get("/api/v1/branches/1").json()["head_commit_id"]
    assert head == body["merge_commit_id"]
    assert api.get(f"/api/v1/commits/{head}").json()["message"] == "Merge feature/email"


def test_merging_again_is_already_up_to_date(
    api: httpx.Client, branch_id: int, on_branch: ON_BRANCH
) -> None:
    on_branch("feature/email", "ALTER TABLE users ADD phone text")
    commit(api, branch_id)
    merge(api, branch_id)
    again = merge(api, branch_id)
    assert again.status_code == 200
    assert again.json()["status"] == "completed"
    assert "already up to date" in again.json()["message"]


def test_conflicts_are_409_with_the_merge_and_the_error_in_one_body(
    api: httpx.Client, diverged: int, repository: str
) -> None:
    response = merge(api, diverged)
    body = assert_envelope(response, 409, "MERGE_CONFLICT")
    assert body["status"] == "pending_conflicts"
    assert body["conflicts_detected"] is True
    conflicts = body["conflicts"]
    assert isinstance(conflicts, list)
    assert len(conflicts) == 1
    assert set(conflicts[0]) == {"conflict_id", "table_name", "conflict_type", "description"}
    assert (conflicts[0]["table_name"], conflicts[0]["conflict_type"]) == (
        "users",
        "schema_mismatch",
    )
    assert email_type(repository) == "character varying(254)"
    # It is stored, although the answer is an error.
    detail = api.get(f"/api/v1/merge/{body['merge_id']}").json()
    assert detail["status"] == "pending_conflicts"
    assert detail["source_branch_id"] == diverged
    assert detail["target_branch_id"] == 1
    assert detail["merge_base_branch_id"] is None
    assert detail["merge_strategy"] == "auto"
    assert detail["merge_commit_id"] is None
    assert detail["completed_at"] is None


def test_a_conflict_shows_both_sides_in_a_column_s_words(api: httpx.Client, diverged: int) -> None:
    merge_id = pending(api, diverged)
    listed = api.get(f"/api/v1/merge/{merge_id}/conflicts").json()
    assert (listed["merge_id"], listed["total_conflicts"]) == (merge_id, 1)
    conflict = listed["conflicts"][0]
    one = api.get(f"/api/v1/merge/{merge_id}/conflicts/{conflict['conflict_id']}").json()
    assert one == conflict
    assert (one["merge_id"], one["column_name"]) == (merge_id, "email")
    assert one["resolution_status"] == "pending"
    expected = {"column_name": "email", "data_type": "character varying", "nullable": False}
    for side, length in (("base", 100), ("source", 320), ("target", 254)):
        assert expected.items() <= one[f"{side}_schema"].items()
        assert one[f"{side}_schema"]["max_length"] == length


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ({"resolution_strategy": "use_source"}, "character varying(320)"),
        ({"resolution_strategy": "use_target"}, "character varying(254)"),
        (
            {
                "resolution_strategy": "custom",
                "custom_schema": {
                    "column_name": "email",
                    "data_type": "varchar",
                    "max_length": 300,
                    "nullable": False,
                },
            },
            "character varying(300)",
        ),
    ],
    ids=["source", "target", "custom"],
)
def test_a_resolved_merge_completes(
    api: httpx.Client, diverged: int, repository: str, resolution: dict[str, Any], expected: str
) -> None:
    merge_id = pending(api, diverged)
    path = f"/api/v1/merge/{merge_id}"
    conflict_id = api.get(f"{path}/conflicts").json()["conflicts"][0]["conflict_id"]
    early = api.post(f"{path}/complete", json={"merge_message": "x"})
    assert_envelope(early, 409, "INVALID_STATE")

    body = resolution | {"resolution_notes": "agreed with the team"}
    resolved = api.post(f"{path}/conflicts/{conflict_id}/resolve", json=body)
    assert resolved.status_code == 200, resolved.text
    answer = resolved.json()
    assert re.fullmatch(r"res_[0-9a-f]+", answer.pop("resolution_id"))
    assert answer.pop("resolved_at")
    assert answer == {
        "conflict_id": conflict_id,
        "resolution_strategy": resolution["resolution_strategy"],
        "resolution_notes": "agreed with the team",
    }
    completed = api.post(f"{path}/complete", json={"merge_message": "Merge, settled"})
    assert completed.status_code == 200, completed.text
    done = completed.json()
    assert (done["status"], done["conflicts_detected"], done["conflicts_resolved"]) == (
        "completed",
        True,
        1,
    )
    assert isinstance(done["merge_commit_id"], int)
    assert done["completed_at"]
    assert email_type(repository) == expected
    assert (
        api.get(f"/api/v1/commits/{done['merge_commit_id']}").json()["message"] == "Merge, settled"
    )

    for action, sent in (("complete", {"merge_message": "x"}), ("abort", None)):
        again = api.post(f"{path}/{action}", json=sent)
        assert_envelope(again, 409, "INVALID_STATE")


def test_a_custom_column_may_be_unique(api: httpx.Client, diverged: int, repository: str) -> None:
    """Every word of the custom schema counts: unique makes the constraint, and no word of it is passed over."""
    merge_id = pending(api, diverged)
    path = f"/api/v1/merge/{merge_id}"
    conflict_id = api.get(f"{path}/conflicts").json()["conflicts"][0]["conflict_id"]
    column = {"column_name": "email", "data_type": "varchar", "max_length": 320, "nullable": False}
    for is_unique in (False, True):
        body = {
            "resolution_strategy": "custom",
            "custom_schema": column | {"unique": is_unique},
        }
        settled = api.post(f"{path}/conflicts/{conflict_id}/resolve", json=body)
        assert settled.status_code == 200, settled.text
    done = api.post(f"{path}/complete", json={"merge_message": "unique"})
    assert done.status_code == 200, done.text
    assert email_type(repository) == "character varying(320)"
    with psycopg.connect(repository) as conn:
        made = conn.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = 'app.users'::regclass AND contype = 'u'"
        ).fetchall()
        clean = conn.execute("SELECT * FROM pggit.status('main')").fetchall()
    assert made == [("UNIQUE (email)",)]
    assert clean == []


def test_a_custom_column_that_is_unique_does_not_cease_to_be_unseen(
    api: httpx.Client, diverged: int, repository: str
) -> None:
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute("ALTER TABLE app.users ADD CONSTRAINT one_address UNIQUE (email)")
        conn.execute("SELECT pggit.commit('unique', 'main')")
    merge_id = pending(api, diverged)
    path = f"/api/v1/merge/{merge_id}/conflicts"
    conflict_id = api.get(path).json()["conflicts"][0]["conflict_id"]
    body = {
        "resolution_strategy": "custom",
        "custom_schema": {"data_type": "text", "unique": False},
    }
    refused = api.post(f"{path}/{conflict_id}/resolve", json=body)
    assert "one_address" in str(assert_envelope(refused, 400, "VALIDATION_ERROR")["message"])
    body["custom_schema"] = {"data_type": "text", "unique": True}
    assert api.post(f"{path}/{conflict_id}/resolve", json=body).status_code == 200


def test_a_resolution_can_be_changed_until_completion(
    api: httpx.Client, diverged: int, repository: str
) -> None:
    merge_id = pending(api, diverged)
    conflict_id = api.get(f"/api/v1/merge/{merge_id}/conflicts").json()["conflicts"][0][
        "conflict_id"
    ]
    path = f"/api/v1/merge/{merge_id}/conflicts/{conflict_id}"
    for strategy in ("use_target", "use_source"):
        assert (
            api.post(f"{path}/resolve", json={"resolution_strategy": strategy}).status_code == 200
        )
    assert api.get(path).json()["resolution_strategy"] == "use_source"
    api.post(f"/api/v1/merge/{merge_id}/complete", json={"merge_message": "x"})
    assert email_type(repository) == "character varying(320)"


@pytest.mark.parametrize(
    "body",
    [
        {"resolution_strategy": "custom"},
        {"resolution_strategy": "custom", "custom_schema": {"data_type": "no_such_type"}},
        {"resolution_strategy": "both"},
        {},
    ],
)
def test_a_resolution_that_cannot_be_is_400(
    api: httpx.Client, diverged: int, body: dict[str, Any]
) -> None:
    merge_id = pending(api, diverged)
    conflict_id = api.get(f"/api/v1/merge/{merge_id}/conflicts").json()["conflicts"][0][
        "conflict_id"
    ]
    path = f"/api/v1/merge/{merge_id}/conflicts/{conflict_id}"
    assert_envelope(api.post(f"{path}/resolve", json=body), 400, "VALIDATION_ERROR")
    assert api.get(path).json()["resolution_status"] == "pending"


def test_an_aborted_merge_leaves_the_target_as_it_was(
    api: httpx.Client, diverged: int, repository: str
) -> None:
    merge_id = pending(api, diverged)
    response = api.post(f"/api/v1/merge/{merge_id}/abort")
    assert response.status_code == 200, response.text
    assert set(response.json()) == {"merge_id", "status", "message", "aborted_at"}
    assert response.json()["status"] == "aborted"
    assert email_type(repository) == "character varying(254)"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("ours", "character varying(254)"), ("theirs", "character varying(320)")],
)
def test_ours_and_theirs_settle_the_conflicts(
    api: httpx.Client, diverged: int, repository: str, strategy: str, expected: str
) -> None:
    response = merge(api, diverged, merge_strategy=strategy)
    assert response.status_code == 200, response.text
    assert email_type(repository) == expected


def test_three_way_needs_a_base(api: httpx.Client, diverged: int) -> None:
    assert_envelope(merge(api, diverged, merge_strategy="three-way"), 400, "VALIDATION_ERROR")
    base = api.post("/api/v1/branches", json={"name": "base", "from_ref": "main~1"}).json()
    named = merge(api, diverged, merge_strategy="three-way", base_branch_id=base["branch_id"])
    body = assert_envelope(named, 409, "MERGE_CONFLICT")
    detail = api.get(f"/api/v1/merge/{body['merge_id']}").json()
    assert detail["merge_base_branch_id"] == base["branch_id"]
    assert detail["merge_strategy"] == "three-way"


def test_fast_forward_is_only_without_divergence(api: httpx.Client, diverged: int) -> None:
    assert_envelope(merge(api, diverged, merge_strategy="fast-forward"), 409, "INVALID_STATE")
    start = api.post("/api/v1/branches", json={"name": "ahead", "from_ref": "feature/email"}).json()
    path = f"/api/v1/merge/{start['branch_id']}/merge"
    body = {"source_branch_id": diverged, "merge_message": "x", "merge_strategy": "fast-forward"}
    assert api.post(path, json=body).status_code == 200


def test_a_preview_shows_conflicts_and_plan_and_leaves_no_trace(
    api: httpx.Client, diverged: int
) -> None:
    response = api.post("/api/v1/merge/1/preview", json={"source_branch_id": diverged})
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["conflicts_detected"] is True
    assert body["conflicts"][0]["conflict_type"] == "schema_mismatch"
    assert any("phone" in step["sql"] for step in body["steps"])
    assert api.get("/api/v1/merge").json()["total"] == 0


def test_merges_are_listed_newest_first_and_filtered(api: httpx.Client, diverged: int) -> None:
    first = pending(api, diverged)
    api.post(f"/api/v1/merge/{first}/abort")
    second = pending(api, diverged)
    page = api.get("/api/v1/merge").json()
    assert ([item["merge_id"] for item in page["items"]], page["total"]) == ([second, first], 2)
    assert set(page["items"][0]) == {
        "merge_id",
        "source_branch_id",
        "target_branch_id",
        "status",
        "conflicts_detected",
        "created_at",
    }
    aborted = api.get("/api/v1/merge", params={"status": "aborted"}).json()
    assert [item["merge_id"] for item in aborted["items"]] == [first]
    assert api.get("/api/v1/merge", params={"source_branch_id": 1}).json()["total"] == 0
    assert api.get("/api/v1/merge", params={"target_branch_id": 1}).json()["total"] == 2
    assert api.get("/api/v1/merge", params={"limit": 1, "offset": 1}).json()["total"] == 2
    assert_envelope(api.get("/api/v1/merge?status=odd"), 400, "VALIDATION_ERROR")


def test_unknown_ids_are_404(api: httpx.Client, branch_id: int) -> None:
    assert_envelope(api.get("/api/v1/merge/mrg_0"), 404, "RESOURCE_NOT_FOUND")
    assert_envelope(api.get("/api/v1/merge/mrg_0/conflicts"), 404, "RESOURCE_NOT_FOUND")
    assert_envelope(api.get("/api/v1/merge/mrg_0/conflicts/1"), 404, "RESOURCE_NOT_FOUND")
    assert_envelope(api.post("/api/v1/merge/mrg_0/abort"), 404, "RESOURCE_NOT_FOUND")
    missing = api.post("/api/v1/merge/mrg_0/complete", json={"merge_message": "x"})
    assert_envelope(missing, 404, "RESOURCE_NOT_FOUND")
    resolution = {"resolution_strategy": "use_source"}
    unresolved = api.post("/api/v1/merge/mrg_0/conflicts/1/resolve", json=resolution)
    assert_envelope(unresolved, 404, "RESOURCE_NOT_FOUND")
    assert_envelope(merge(api, 99), 404, "RESOURCE_NOT_FOUND")
    body = {"source_branch_id": branch_id, "merge_message": "x"}
    assert_envelope(api.post("/api/v1/merge/99/merge", json=body), 404, "RESOURCE_NOT_FOUND")


def test_an_unknown_conflict_of_a_known_merge_is_404(api: httpx.Client, diverged: int) -> None:
    merge_id = pending(api, diverged)
    assert_envelope(api.get(f"/api/v1/merge/{merge_id}/conflicts/999"), 404, "RESOURCE_NOT_FOUND")


def test_a_branch_is_not_merged_into_itself(api: httpx.Client, repository: str) -> None:
    assert_envelope(merge(api, 1), 400, "VALIDATION_ERROR")


def test_a_target_that_moved_meanwhile_is_a_conflict_without_effect(
    api: httpx.Client, diverged: int, on_branch: ON_BRANCH, repository: str
) -> None:
    merge_id = pending(api, diverged)
    conflict_id = api.get(f"/api/v1/merge/{merge_id}/conflicts").json()["conflicts"][0][
        "conflict_id"
    ]
    path = f"/api/v1/merge/{merge_id}"
    api.post(f"{path}/conflicts/{conflict_id}/resolve", json={"resolution_strategy": "use_source"})
    on_branch("main", "ALTER TABLE app.users ADD COLUMN late text")
    commit(api, 1)
    response = api.post(f"{path}/complete", json={"merge_message": "x"})
    assert_envelope(response, 409, "RESOURCE_CONFLICT")
    assert email_type(repository) == "character varying(254)"


def test_a_lock_that_is_held_is_409_and_worth_another_try(
    api: httpx.Client, branch_id: int, on_branch: ON_BRANCH, repository: str
) -> None:
    on_branch("feature/email", "ALTER TABLE users ADD phone text")
    commit(api, branch_id)
    with psycopg.connect(repository) as holder:
        holder.execute("LOCK TABLE app.users IN ROW EXCLUSIVE MODE")
        response = merge(api, branch_id)
        body = assert_envelope(response, 409, "LOCK_TIMEOUT")
    assert body["sqlstate"] == "55P03"
    assert int(response.headers["retry-after"]) > 0
    assert merge(api, branch_id).status_code == 200
