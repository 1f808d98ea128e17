"""What is found along the commit graph by jumping is what walking every commit finds."""

import random

import psycopg
import pytest

# Without it nobody writes a commit with two parents.
MERGE = """
INSERT INTO _pggit.merges (
    source_ref, target_branch_id, source_commit_id, target_commit_id, ours_commit_id, merge_message, status, created_by)
SELECT 'x', b.branch_id, %s, %s, %s, 'm', 'in_progress', 'x' FROM _pggit.branches AS b
"""


def build(conn: psycopg.Connection, dice: random.Random, size: int) -> dict[int, list[int]]:
    """Write commits of one tree: lines, forks from anywhere, and merges. Gives the parents of each."""
    parents: dict[int, list[int]] = {}
    ids: list[int] = []
    for _ in range(size):
        roll = dice.random()
        if not ids:
            chosen = []
        elif roll < 0.2 and len(ids) > 2:
            chosen = dice.sample(ids[-8:], 2)
        elif roll < 0.3:
            chosen = [dice.choice(ids)]
        elif roll < 0.6:
            chosen = [dice.choice(ids[-6:])]
        else:
            chosen = [ids[-1]]
        if len(chosen) == 2:
            conn.execute(MERGE, [chosen[1], chosen[0], chosen[0]])
        row = conn.execute(
            "SELECT _pggit.write_commit(c.tree_hash, %s::integer[], 'm') FROM _pggit.commits AS c LIMIT 1",
            [chosen],
        ).fetchone()
        assert row is not None
        conn.execute("DELETE FROM _pggit.merges")
        ids.append(row[0])
        parents[row[0]] = chosen
    return parents


@pytest.mark.parametrize("seed", range(2))
def test_jumping_finds_what_walking_finds(conn: psycopg.Connection, seed: int) -> None:
    dice = random.Random(seed)
    conn.execute("CREATE SCHEMA app")
    conn.execute("SELECT pggit.init('app')")
    parents = build(conn, dice, 50)
    ids = list(parents)
    ancestors: dict[int, set[int]] = {}
    for commit in ids:
        ancestors[commit] = {commit}.union(*(ancestors[parent] for parent in parents[commit]))
    for _ in range(150):
        left, right = dice.choice(ids), dice.choice(ids)
        common = ancestors[left] & ancestors[right]
        best = {
            one
            for one in common
            if not any(one != other and one in ancestors[other] for other in common)
        }
        found = conn.execute(
            "SELECT _pggit.merge_bases(%(l)s, %(r)s), _pggit.is_ancestor(%(l)s, %(r)s)",
            {"l": left, "r": right},
        ).fetchone()
        assert found is not None
        assert set(found[0]) == best
        assert found[1] == (left in ancestors[right])
    for _ in range(20):
        commit, count = dice.choice(ids), dice.randrange(1, 60)
        newest = conn.execute(
            "SELECT * FROM _pggit.newest_ancestors(%s, %s)", [commit, count]
        ).fetchall()
        assert [row[0] for row in newest] == sorted(ancestors[commit], reverse=True)[:count]
        assert conn.execute("SELECT _pggit.count_ancestors(%s)", [commit]).fetchone() == (
            len(ancestors[commit]),
        )
        steps, at = dice.randrange(30), [commit]
        for _ in range(steps):
            at = parents[at[0]][:1] if at else []
        assert conn.execute("SELECT _pggit.find_ref(%s)", [f"{commit}~{steps}"]).fetchone() == (
            at[0] if at else None,
        )


def test_blame_names_the_commit_that_gave_the_value(conn: psycopg.Connection) -> None:
    conn.execute("CREATE SCHEMA app CREATE TABLE t (a integer, b integer)")
    conn.execute("SELECT pggit.init('app')")

    def commit(ddl: str) -> int:
        conn.execute(ddl.encode())
        row = conn.execute("SELECT commit_id FROM pggit.commit('m')").fetchone()
        assert row is not None
        return int(row[0])

    def blame(name: str) -> dict[str, int]:
        return dict(
            conn.execute("SELECT attribute, commit_id FROM pggit.blame(%s)", [name]).fetchall()
        )

    first = commit("COMMENT ON COLUMN app.t.a IS 'one'")
    commit("COMMENT ON COLUMN app.t.a IS 'two'")
    back = commit("COMMENT ON COLUMN app.t.a IS 'one'")
    other = commit("ALTER TABLE app.t ALTER b SET NOT NULL")
    renamed = commit("ALTER TABLE app.t RENAME COLUMN a TO c")
    added = commit("ALTER TABLE app.t ADD COLUMN d text")
    assert blame("app.t.c") == {
        "comment": back,
        "name": renamed,
        "schema": 1,
        "table": 1,
        "type": 1,
    }
    assert blame("app.t.b")["not_null"] == other
    assert set(blame("app.t.d").values()) == {added}
    assert first < back
