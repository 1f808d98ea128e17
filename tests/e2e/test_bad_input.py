"""Each bad input from psql, the shell and REST: a code of its own, a message that names the thing, a hint, and no effect."""

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psycopg
import pytest

from api.service import serve, settings_for
from pggit.cli import main
from servers import PgServer


@dataclass(frozen=True)
class Bad:
    """sql and shell: the same mistake; path and body: the same over REST, where it can be made there."""

    code: str
    names: str
    sql: str
    shell: str = ""
    path: str = ""
    body: object = None
    status: int = 0


CASES = {
    "an unknown ref": Bad(
        "VCN03",
        "nowhere",
        "SELECT pggit.log('nowhere')",
        "log nowhere",
        "GET /diff?from=nowhere",
        None,
        404,
    ),
    "an unknown branch": Bad(
        "VCN01", "nowhere", "SELECT pggit.status('nowhere')", "status -b nowhere"
    ),
    "an unknown schema": Bad("VCN02", "nowhere", "SELECT pggit.init('nowhere')", ""),
    "an unknown merge": Bad(
        "VCN04",
        "mrg_none",
        "SELECT pggit.abort_merge('mrg_none')",
        "abort mrg_none",
        "GET /merge/mrg_none",
        None,
        404,
    ),
    "an unknown conflict": Bad(
        "VCN07",
        "999",
        "SELECT pggit.resolve_conflict('{m}', 999, 'use_source')",
        "resolve {m} 999 --source",
    ),
    "an unknown object": Bad("VCN05", "no.such", "SELECT pggit.blame('no.such')", "blame no.such"),
    "an empty message": Bad(
        "VCV02",
        "empty",
        "SELECT pggit.commit(' ', 'main', true)",
        "commit -b main --allow-empty -m ' '",
        "POST /branches/1/commits",
        {"message": " ", "allow_empty": True},
        400,
    ),
    "a name that git refuses": Bad(
        "VCV01",
        "a..b",
        "SELECT pggit.create_branch('a..b')",
        "branch a..b",
        "POST /branches",
        {"name": "a..b"},
        400,
    ),
    "a name ending in .lock": Bad(
        "VCV01",
        "x.lock",
        "SELECT pggit.create_branch('x.lock')",
        "branch x.lock",
        "POST /branches",
        {"name": "x.lock"},
        400,
    ),
    "a taken name": Bad(
        "VCC02",
        "side",
        "SELECT pggit.create_branch('side')",
        "branch side",
        "POST /branches",
        {"name": "side"},
        409,
    ),
    "init twice": Bad("VCS02", "already", "SELECT pggit.init('app')", "init app"),
    "nothing to commit": Bad(
        "VCS03",
        "main",
        "SELECT pggit.commit('x', 'main')",
        "commit -m x -b main",
        "POST /branches/1/commits",
        {"message": "x"},
        409,
    ),
    "checkout of a deleted branch": Bad(
        "VCN06", "gone", "SELECT pggit.checkout('gone')", "checkout gone"
    ),
    "a resolution twice": Bad(
        "VCS22",
        "{c}",
        "SELECT pggit.resolve_conflict('{m}', {c}, 'use_source')",
        "resolve {m} {c} --source",
    ),
    "a definition that does not build": Bad(
        "VCV13",
        "no_such",
        "SELECT pggit.resolve_conflict('{m}', {c}, 'custom', '{{\"data_type\": \"no_such\"}}')",
        'resolve {m} {c} --custom \'{{"data_type": "no_such"}}\'',
    ),
    "a strategy that is none": Bad(
        "VCV11", "coin", "SELECT pggit.resolve_conflict('{m}', {c}, 'coin')"
    ),
    "a branch into itself": Bad(
        "VCV10",
        "main",
        "SELECT pggit.merge('main', 'main')",
        "merge main --into main",
        "POST /merge/1/merge",
        {"source_branch_id": 1, "merge_message": "x"},
        400,
    ),
    "a merge strategy that is none": Bad(
        "VCV11", "octopus", "SELECT pggit.merge('side', 'main', p_strategy => 'octopus')", ""
    ),
    "a merge that has ended": Bad(
        "VCS20",
        "{a}",
        "SELECT pggit.complete_merge('{a}')",
        "complete {a}",
        "POST /merge/{a}/complete",
        {"merge_message": "x"},
        409,
    ),
    "a rebase onto nothing known": Bad(
        "VCN03", "nowhere", "SELECT pggit.rebase('side', 'nowhere')", "rebase side nowhere"
    ),
    "a revert of the first commit": Bad(
        "VCV14", "1", "SELECT pggit.revert('1', 'main')", "revert 1 --into main"
    ),
    "a reset to nowhere": Bad(
        "VCN03", "main~99", "SELECT pggit.reset('main~99', 'main')", "reset main~99 -b main"
    ),
    "main deleted": Bad(
        "VCS04",
        "main",
        "SELECT pggit.delete_branch('main')",
        "branch -d main",
        "DELETE /branches/1",
        None,
        409,
    ),
    "a tag that moves": Bad("VCC03", "v1", "SELECT pggit.create_tag('v1')", "tag v1"),
}
STATE = """
SELECT jsonb_build_array(
    (SELECT jsonb_agg(to_jsonb(b) - 'worktree_state' ORDER BY b.branch_id) FROM pggit.branches AS b),
    (SELECT jsonb_agg(to_jsonb(m) ORDER BY m.merge_id) FROM pggit.merges AS m),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.conflict_id) FROM pggit.conflicts AS c),
    (SELECT count(*) FROM pggit.commits), (SELECT count(*) FROM pggit.tags), (SELECT count(*) FROM pggit.reflog),
    (SELECT jsonb_agg(nspname ORDER BY nspname) FROM pg_namespace))
"""


@pytest.fixture(scope="module")
def repository(pg: PgServer) -> Iterator[tuple[str, dict[str, str]]]:
    """Two branches, a merge that waits with its first conflict resolved, one that was aborted, a deleted branch, a tag."""
    with pg.database(pg.template()) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "CREATE SCHEMA app; CREATE TABLE app.users (id integer PRIMARY KEY, email varchar(20), phone text)"
        )
        conn.execute(
            "SELECT pggit.init('app'); SELECT pggit.create_branch('side'); SELECT pggit.create_branch('gone')"
        )
        conn.execute("SELECT pggit.delete_branch('gone'); SELECT pggit.create_tag('v1')")
        conn.execute(
            "SELECT pggit.checkout('side'); ALTER TABLE users ALTER email TYPE varchar(30), ALTER phone SET DEFAULT 1"
        )
        conn.execute("SELECT pggit.commit('side'); SELECT pggit.checkout('main')")
        conn.execute(
            "ALTER TABLE app.users ALTER email TYPE varchar(40), ALTER phone SET DEFAULT 2; SELECT pggit.commit('main', 'main')"
        )
        aborted = conn.execute("SELECT merge_id FROM pggit.merge('side', 'main')").fetchone()
        assert aborted is not None
        conn.execute("SELECT pggit.abort_merge(%s)", aborted)
        merge = conn.execute("SELECT merge_id FROM pggit.merge('side', 'main')").fetchone()
        assert merge is not None
        conflict = conn.execute(
            "SELECT c.conflict_id FROM pggit.conflicts AS c WHERE c.merge_id = %s AND c.column_name = 'email'",
            merge,
        ).fetchone()
        assert conflict is not None
        conn.execute("SELECT pggit.resolve_conflict(%s, %s, 'use_source')", [*merge, *conflict])
        yield url, {"m": merge[0], "c": str(conflict[0]), "a": aborted[0]}


@pytest.fixture(scope="module")
def api(repository: tuple[str, dict[str, str]]) -> Iterator[httpx.Client]:
    with serve(settings_for(repository[0])) as client:
        yield client


def state(url: str) -> object:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(STATE).fetchone()
        assert row is not None
        return row[0]


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_bad_input_says_what_is_wrong_and_does_nothing(
    repository: tuple[str, dict[str, str]],
    api: httpx.Client,
    case: Bad,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, ids = repository
    names = case.names.format(**ids)
    before = state(url)

    with (
        psycopg.connect(url, autocommit=True) as conn,
        pytest.raises(psycopg.DatabaseError) as refused,
    ):
        conn.execute(case.sql.format(**ids).encode())
    assert refused.value.sqlstate == case.code
    said = f"{refused.value.diag.message_primary} {refused.value.diag.message_detail}"
    assert names in said
    assert refused.value.diag.message_hint

    if case.shell:
        for name in [name for name in os.environ if name.startswith("PG")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("DATABASE_URL", url)
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(case.shell.format(**ids)))
        captured = capsys.readouterr()
        assert ended.value.code == 2
        assert names in captured.err
        assert "hint" in captured.err.lower()
        assert "Traceback" not in captured.err

    if case.path:
        method, path = case.path.format(**ids).split(" ")
        answer = api.request(method, f"/api/v1{path}", json=case.body)
        assert answer.status_code == case.status, answer.text
        assert case.code in answer.text
        assert names in json.dumps(answer.json(), ensure_ascii=False)

    assert state(url) == before
