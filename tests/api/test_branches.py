"""Branches over REST: created, listed, changed, committed, compared, deleted."""

from collections.abc import Callable

import httpx
import psycopg
import pytest

from api.service import assert_envelope

ON_BRANCH = Callable[[str, str], None]


def create(api: httpx.Client, name: str, **fields: object) -> dict[str, object]:
    response = api.post("/api/v1/branches", json={"name": name, **fields})
    assert response.status_code == 201, response.text
    body: dict[str, object] = response.json()
    return body


def test_a_new_branch_stands_at_main_s_head(api: httpx.Client, repository: str) -> None:
    branch = create(api, "feature/email", description="Longer addresses")
    main = api.get("/api/v1/branches/1").json()
    assert branch["name"] == branch["branch_name"] == "feature/email"
    assert branch["description"] == "Longer addresses"
    assert branch["is_active"] is True
    assert branch["head_commit_id"] == main["head_commit_id"]
    assert branch["head_hash"] == main["head_hash"]
    assert api.get(f"/api/v1/branches/{branch['branch_id']}").json() == branch


def test_branch_name_is_another_spelling_of_name(api: httpx.Client, repository: str) -> None:
    response = api.post("/api/v1/branches", json={"branch_name": "a", "description": None})
    assert response.status_code == 201
    assert response.json()["name"] == "a"
    both = {"name": "b", "branch_name": "c"}
    assert_envelope(api.post("/api/v1/branches", json=both), 400, "VALIDATION_ERROR")
    assert_envelope(api.post("/api/v1/branches", json={}), 400, "VALIDATION_ERROR")


def test_an_empty_database_lists_no_branches(empty_api: httpx.Client) -> None:
    assert empty_api.get("/api/v1/branches").json() == {"items": [], "total": 0}


def test_pages_share_one_total(api: httpx.Client, repository: str) -> None:
    for name in ("a", "b", "c"):
        create(api, name)
    page = api.get("/api/v1/branches", params={"limit": 2, "offset": 1}).json()
    assert ([item["name"] for item in page["items"]], page["total"]) == (["a", "b"], 4)
    beyond = api.get("/api/v1/branches", params={"offset": 100}).json()
    assert beyond == {"items": [], "total": 4}


def test_a_taken_name_is_409_and_an_unknown_start_404(api: httpx.Client, repository: str) -> None:
    create(api, "a")
    again = api.post("/api/v1/branches", json={"name": "a"})
    assert assert_envelope(again, 409, "RESOURCE_CONFLICT")["sqlstate"] == "VCC02"
    unknown = api.post("/api/v1/branches", json={"name": "b", "from_ref": "nowhere"})
    assert_envelope(unknown, 404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize("branch_id", [99, 2**31 - 1])
def test_an_unknown_branch_is_404_everywhere(
    api: httpx.Client, repository: str, branch_id: int
) -> None:
    for path in ("", "/status", "/log", "/commits", "/worktree"):
        response = api.get(f"/api/v1/branches/{branch_id}{path}")
        assert_envelope(response, 404, "RESOURCE_NOT_FOUND")
    gone = api.delete(f"/api/v1/branches/{branch_id}")
    assert_envelope(gone, 404, "RESOURCE_NOT_FOUND")


def test_a_branch_is_changed_committed_and_compared(
    api: httpx.Client, repository: str, on_branch: ON_BRANCH
) -> None:
    branch = create(api, "feature/email")
    path = f"/api/v1/branches/{branch['branch_id']}"
    worktree = api.post(f"{path}/worktree")
    assert worktree.status_code == 200
    assert worktree.json()["schemas"] == {"app": "app@feature/email"}
    with psycopg.connect(repository, options=worktree.json()["connection_options"]) as conn:
        conn.execute("ALTER TABLE users ADD COLUMN phone text")
    status = api.get(f"{path}/status").json()
    assert (status["is_clean"], status["total"]) == (False, 1)
    change = status["items"][0]
    assert (change["action"], change["kind"], change["name"]) == ("added", "column", "phone")

    commit = api.post(f"{path}/commits", json={"message": "Phones"})
    assert commit.status_code == 201
    assert commit.json()["parent_ids"] == [branch["head_commit_id"]]
    commit_id = commit.json()["commit_id"]
    assert api.get(f"/api/v1/commits/{commit_id}").json() == commit.json()
    assert api.get(f"{path}/status").json()["is_clean"] is True
    log = api.get(f"{path}/log").json()
    assert ([item["message"] for item in log["items"]], log["total"]) == (
        ["Phones", "Track app"],
        2,
    )
    assert api.get(f"{path}/commits", params={"limit": 1}).json()["total"] == 2

    refs = {"from": "main", "to": "feature/email"}
    diff = api.get("/api/v1/diff", params=refs).json()
    assert [item["name"] for item in diff["items"]] == ["phone"]
    plan = api.get("/api/v1/migration", params=refs).json()
    assert any("phone" in step["sql"] for step in plan["items"])
    script = api.get("/api/v1/migration", params=refs, headers={"Accept": "text/plain"})
    assert script.headers["content-type"].startswith("text/plain")
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute(script.text.encode())
        conn.execute("SELECT phone FROM app.users")


def test_an_empty_message_and_nothing_to_commit_are_refused(
    api: httpx.Client, repository: str
) -> None:
    path = "/api/v1/branches/1/commits"
    assert_envelope(api.post(path, json={"message": ""}), 400, "VALIDATION_ERROR")
    assert_envelope(api.post(path, json={"message": "  "}), 400, "VALIDATION_ERROR")
    assert_envelope(api.post(path, json={"message": "x"}), 409, "INVALID_STATE")
    empty = api.post(path, json={"message": "x", "allow_empty": True})
    assert empty.status_code == 201


def test_a_deleted_branch_is_gone_and_so_is_its_worktree(
    api: httpx.Client, repository: str
) -> None:
    branch = create(api, "a")
    path = f"/api/v1/branches/{branch['branch_id']}"
    api.post(f"{path}/worktree")
    response = api.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert_envelope(api.get(path), 404, "RESOURCE_NOT_FOUND")
    with psycopg.connect(repository) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'app@%'"
        ).fetchone()
    assert row == (0,)


def test_unmerged_work_needs_force_and_keeps_its_worktree(
    api: httpx.Client, repository: str, on_branch: ON_BRANCH
) -> None:
    branch = create(api, "a")
    path = f"/api/v1/branches/{branch['branch_id']}"
    on_branch("a", "ALTER TABLE users ADD COLUMN phone text")
    assert api.post(f"{path}/commits", json={"message": "x"}).status_code == 201
    assert_envelope(api.delete(path), 409, "INVALID_STATE")
    assert api.get(path).json()["worktree_state"] == "ready"
    assert api.delete(path, params={"force": True}).status_code == 204


def test_main_cannot_be_deleted(api: httpx.Client, repository: str) -> None:
    assert_envelope(api.delete("/api/v1/branches/1"), 409, "INVALID_STATE")


def test_a_diff_needs_a_start_and_known_refs(api: httpx.Client, repository: str) -> None:
    assert_envelope(api.get("/api/v1/diff"), 400, "VALIDATION_ERROR")
    assert_envelope(api.get("/api/v1/diff?from=main&to=x"), 404, "RESOURCE_NOT_FOUND")
    assert_envelope(api.get("/api/v1/migration?from=main"), 400, "VALIDATION_ERROR")


def test_a_request_s_transaction_carries_its_id(api: httpx.Client, repository: str) -> None:
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute(
            """
            CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.created_by := current_setting('application_name'); RETURN NEW; END $$;
            CREATE TRIGGER t BEFORE UPDATE ON _pggit.branches
            FOR EACH ROW EXECUTE FUNCTION public.remember();
            """
        )
        headers = {"X-Request-ID": "order-18"}
        api.post("/api/v1/branches", json={"name": "a", "description": "x"}, headers=headers)
        row = conn.execute("SELECT created_by FROM pggit.branches WHERE name = 'a'").fetchone()
        assert row == ("order-18",)
