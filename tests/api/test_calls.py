"""Every call that Python makes exists in PostgreSQL with those arguments, and stands in no other module."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg

import pggit

PACKAGE = Path(pggit.__file__).parent
CALLS = {
    "call_json",
    "call_one",
    "call_list",
    "call_value",
    "call_none",
    "call_procedure",
    "call_seen",
    "call_rows",
}
# They speak SQL to databases that have no pggit yet, or none at all.
OTHERS = {"statements.py", "migrate.py", "compare.py", "embedded.py"}
DOORS = {"db.py", "session.py"}
SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|SET\s+LOCAL)\b"
)


def calls() -> Iterator[tuple[str, str, set[str]]]:
    """(place, function, arguments) of every literal call."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in CALLS or path.name in DOORS:
                continue
            names = [a for a in node.args if isinstance(a, ast.Constant)]
            place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
            assert len(names) == 1, f"{place}: the function must be a literal"
            keywords = [keyword.arg for keyword in node.keywords]
            assert None not in keywords, f"{place}: the arguments must be literal"
            yield place, str(names[0].value), {str(k) for k in keywords}


def fault(conn: psycopg.Connection, function: str, given: set[str]) -> str | None:
    """What PostgreSQL would say to such a call."""
    found = conn.execute(
        """
        SELECT proargnames[1:pronargs], pronargdefaults
        FROM pg_proc WHERE pronamespace = 'pggit'::regnamespace AND proname = %s
        """,
        [function],
    ).fetchall()
    known = [([name.removeprefix("p_") for name in names or []], n) for names, n in found]
    for names, defaults in known:
        if set(names[: len(names) - defaults]) <= given <= set(names):
            return None
    return f"pggit.{function} takes {known}, not {sorted(given)}"


def test_every_function_exists_and_takes_these_arguments(conn: psycopg.Connection) -> None:
    faults = {place: fault(conn, function, given) for place, function, given in calls()}
    assert {place: said for place, said in faults.items() if said} == {}


def test_no_sql_stands_outside_its_module() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name in OTHERS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if "pggit.checkout(" in text or "ALTER TABLE" in text or "\n" in text.strip():
                    continue  # help for people
                assert not SQL.search(text), f"{path.name}:{node.lineno}: {text}"
