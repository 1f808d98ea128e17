"""Merges of pure schema, both ways: what merges, what conflicts, and what every resolution leads to.

The cases stand in cases/*.sql. `--# words` opens a group, followed by the ancestor's SQL; `--= words` a case with its parts:
`--: ours`, `--: theirs`, then either `--: merged` with an SQL boolean, or `--: conflict` with the types expected (`type` or
`type/attribute`; none: any), and booleans for the state after all conflicts went one way: `--: ours wins`, `--: theirs wins`.
`--: merged or conflict` leaves the outcome open. `--: says N` is a number in the description of a violation. The flag
`--! one-way` keeps the two sides as they are; every other case is merged in both directions. A schema that the ancestor makes is
tracked beside public. The functions see.… stand in see.sql.
"""

import os
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from servers import PgServer

HERE = Path(__file__).parent


@dataclass
class Case:
    name: str
    ancestor: str
    parts: dict[str, str] = field(default_factory=dict)
    conflicts: list[str] | None = None
    flags: set[str] = field(default_factory=set)

    @property
    def outcomes(self) -> set[str]:
        return {word for part in self.parts if "wins" not in part for word in part.split()}


def read_cases() -> list[Case]:
    cases: list[Case] = []
    for path in sorted(HERE.joinpath("cases").glob("*.sql")):
        ancestor, part = "", None
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            mark, words = line[:4], line[4:].strip()
            if mark == "--# ":
                ancestor, part = "", None
            elif mark == "--= ":
                cases.append(Case(f"{path.stem}: {words}", ancestor))
            elif mark == "--! ":
                cases[-1].flags |= set(words.split())
            elif mark == "--: ":
                part, types = words, None
                if words.startswith("conflict"):
                    part, types = "conflict", words.split()[1:]
                elif words.startswith("merged or conflict"):
                    part, types = "merged or conflict", words.split()[3:]
                elif words.startswith("says "):
                    part = "says"
                cases[-1].conflicts = types if types is not None else cases[-1].conflicts
                cases[-1].parts[part] = words[5:] if part == "says" else ""
            elif part is None:
                ancestor += line
            else:
                cases[-1].parts[part] += line
    return cases


CASES = read_cases()


def set_up(pg: PgServer, name: str, case: Case, ours: str, theirs: str) -> None:
    """The state before the merge: both branches changed and committed, each statement on its own as in any psql session."""
    others = re.findall(r"CREATE SCHEMA (\w+)", case.ancestor)
    tracked = ", ".join(f"'{one}'" for one in ("public", *others))
    for one in others:
        theirs = re.sub(rf"\b{one}(?=\.)|(?<=SCHEMA ){one}\b", f'"{one}@side"', theirs)
    statements = (
        "SET client_min_messages = warning; SET search_path = public;",
        case.ancestor,
        f"SELECT pggit.init({tracked}); SELECT pggit.create_branch('side'); SELECT pggit.checkout('side');",
        theirs,
        "SELECT pggit.commit('theirs', 'side', true); SELECT pggit.checkout('main');",
        ours,
        "SELECT pggit.commit('ours', 'main', true); SELECT pggit.protect_branch('main', 'writer');",
    )
    pg.psql(name, text="\n".join(statements))


def is_true(conn: psycopg.Connection, expression: str, what: str) -> None:
    conn.execute("SET search_path = public")
    try:
        row = conn.execute(f"SELECT {expression}").fetchone()
    except psycopg.Error as error:
        raise AssertionError(f"{what}: {error}") from None
    if not (row and row[0]):
        found = []
        for call in re.findall(r"see\.\w+\([^()]*\)", expression):
            with suppress(psycopg.Error):
                found.append(f"{call} = {conn.execute(f'SELECT {call}').fetchone()[0]!r}")  # type: ignore[index]
        raise AssertionError(f"{what}: not so: {expression.strip()}\n" + "\n".join(found))


def check_merged(conn: psycopg.Connection, case: Case) -> list[str]:
    expression = case.parts.get("merged") or case.parts.get("merged or conflict") or "true"
    is_true(conn, expression, "merged")
    assert conn.execute("SELECT count(*) FROM pggit.status('main')").fetchone() == (0,), (
        "the worktree is not clean"
    )
    again = conn.execute("SELECT status::text, message FROM pggit.merge('side', 'main')").fetchone()
    assert again is not None
    assert again[0] == "completed"
    assert "up to date" in again[1]
    # Equal both ways but for the order of columns, and for owners: who made an object on main owns it.
    row = conn.execute(
        "SELECT array_agg(concat_ws(' ', o.kind, o.table_name, o.name, o.signature, o.attrs - '{owner,position,columns}'::text[])"
        " ORDER BY o.object_id) FROM _pggit.commits AS c JOIN pggit.branches AS b ON b.head_commit_id = c.commit_id"
        " CROSS JOIN _pggit.tree_objects(c.tree_hash) AS o WHERE b.name = 'main'"
    ).fetchone()
    assert row is not None
    return list(row[0])


def check_conflict(
    conn: psycopg.Connection, case: Case, merge_id: str, before: str, is_flipped: bool
) -> None:
    assert conn.execute("SELECT see.fingerprint()").fetchone() == (before,), (
        "the target was touched"
    )
    found = conn.execute(
        "SELECT conflict_type, coalesce(attribute, ''), description FROM pggit.conflicts WHERE merge_id = %s",
        [merge_id],
    ).fetchall()
    wanted = case.conflicts or []
    got = sorted(f"{kind}/{attribute}" for kind, attribute, _ in found)
    if wanted:
        left = list(got)
        for one in wanted:
            hit = next((g for g in left if g == one or g.split("/")[0] == one), None)
            assert hit, f"{one} is missing in {got}"
            left.remove(hit)
        assert not left, f"unexpected: {left}"
    if "says" in case.parts:
        assert re.search(rf"\b{case.parts['says']}\b", found[0][2]), (
            f"no {case.parts['says']} in {found[0][2]!r}"
        )
    for side, strategy in (("ours wins", "use_target"), ("theirs wins", "use_source")):
        if side not in case.parts:
            continue
        if is_flipped:
            strategy = "use_source" if strategy == "use_target" else "use_target"
        try:
            with conn.transaction(force_rollback=True):
                conn.execute("SELECT pggit.resolve_conflicts(%s, %s)", [merge_id, strategy])
                done = conn.execute(
                    "SELECT status, message FROM pggit.complete_merge(%s, 'resolved', true)",
                    [merge_id],
                ).fetchone()
                assert done is not None
                assert done[0] == "completed", f"{side} ({strategy}): {done}"
                is_true(conn, case.parts[side], f"{side} ({strategy})")
                dirty = conn.execute("SELECT count(*) FROM pggit.status('main')").fetchone()
                assert dirty == (0,), "the worktree is not clean"
        except psycopg.Error as error:
            raise AssertionError(f"{side} ({strategy}): {error}\nconflicts: {found}") from None
    if set(case.conflicts or []) & {"data_violation", "dependency_broken"}:
        with pytest.raises(psycopg.Error) as refused:
            conn.execute("SELECT pggit.complete_merge(%s, 'too early', true)", [merge_id])
        assert str(refused.value.sqlstate).startswith("VC")
    conn.execute("SELECT pggit.abort_merge(%s)", [merge_id])
    assert conn.execute("SELECT see.fingerprint()").fetchone() == (before,), (
        "the target was touched by the end"
    )


def merge_once(pg: PgServer, template: str, case: Case, is_flipped: bool) -> tuple[str, object]:
    ours, theirs = case.parts["ours"], case.parts["theirs"]
    if is_flipped:
        ours, theirs = theirs, ours
    with pg.database(template) as url:
        set_up(pg, url.rpartition("/")[2], case, ours, theirs)
        with psycopg.connect(url, autocommit=True) as conn:
            before = conn.execute("SELECT see.fingerprint()").fetchone()
            assert before is not None
            row = conn.execute(
                "SELECT merge_id, status::text FROM pggit.merge('side', 'main', 'merge', 'auto', NULL, true)"
            ).fetchone()
            assert row is not None
            if row[1] == "completed":
                found = conn.execute(
                    "SELECT message FROM pggit.merges WHERE merge_id = %s", [row[0]]
                ).fetchone()
                assert "merged" in case.outcomes, f"merged: {found}"
                return "merged", check_merged(conn, case)
            found = conn.execute(
                "SELECT conflict_type, attribute, description FROM pggit.conflicts WHERE merge_id = %s",
                [row[0]],
            ).fetchall()
            assert "conflict" in case.outcomes, f"conflicts: {found}"
            check_conflict(conn, case, row[0], before[0], is_flipped)
            return "conflict", sorted((kind, attribute or "") for kind, attribute, _ in found)


def directions(case: Case, pg: PgServer) -> tuple[bool, ...]:
    """Whether to exchange the sides: with two servers each takes one direction, unless PGGIT_BOTH asks for both on both."""
    if "one-way" in case.flags:
        return (False,)
    if "PGGIT_BOTH" in os.environ or zlib.crc32(case.name.encode()) % 8 == 0:
        return (False, True)
    return ((zlib.crc32(case.name.encode()) + pg.major) % 2 == 0,)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case_in_both_directions(pg: PgServer, merge_template: str, case: Case) -> None:
    failed: list[str] = []
    results = []
    for is_flipped in directions(case, pg):
        try:
            results.append(merge_once(pg, merge_template, case, is_flipped))
        except (AssertionError, psycopg.Error) as error:
            failed.append(f"{'flipped: ' if is_flipped else ''}{error}")
    assert not failed, "\n\n".join(failed)
    assert all(one == results[0] for one in results), "the directions differ"
