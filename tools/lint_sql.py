"""Check the form of sql/ and migrations/next.sql: what a reviewer should not have to look for.

Tabs, trailing blanks, width, the section marks, file and function length, functions that are not CREATE OR REPLACE,
keywords in lower case, RAISE without ERRCODE. The bodies themselves are plpgsql_check's (tests/sql/house.sql).
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 140
FILE_LINES = 800
FUNCTION_LINES = 80
KEYWORDS = (
    "select|from|where|join|left|group by|order by|having|insert into|update|delete from|values|returning|union all|union|"
    "create or replace function|create table|create type|create view|language|returns|begin|end|declare|loop|perform|"
    "execute|raise"
)
LOWER = re.compile(rf"^\s*({KEYWORDS})\b(?!\s*[=:(.])")
START = re.compile(r"^CREATE (?:OR REPLACE )?(FUNCTION|PROCEDURE)\s+(\S+?)\(")
END = re.compile(r"^(?:\$[a-z_]*\$|END);\s*$|^RETURN .*;\s*$")


def problems(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if not text.endswith("\n"):
        yield len(lines), "no newline at the end"
    if not re.match(r"^-- \S.*[.:]$", lines[0]):
        yield 1, "the first line is one sentence about the file, as a comment"
    if len(lines) > FILE_LINES:
        yield FILE_LINES, f"{len(lines)} lines: a module over {FILE_LINES} is two"
    start = 0
    name = ""
    routines = path.name == "next.sql"
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "tab"
        if line != line.rstrip():
            yield number, "blanks at the end"
        if len(line) > WIDTH:
            yield number, f"{len(line)} columns, {WIDTH} at most"
        if line == "-- == routines ==":
            routines = True
        if LOWER.match(line) and not line.lstrip().startswith("--"):
            yield number, f"keyword in lower case: {line.strip()[:40]}"
        if (
            routines
            and re.match(
                r"^CREATE (FUNCTION|PROCEDURE|VIEW|TRIGGER|TABLE|TYPE) (_?pggit\.|\w+$)", line
            )
            and path.name != "next.sql"
        ):
            yield number, "routines are CREATE OR REPLACE; what is made once stands in relations"
        if found := START.match(line):
            start, name = number, found.group(2)
        elif start and END.match(line):
            if number - start > FUNCTION_LINES:
                yield start, f"{name}: {number - start} lines, {FUNCTION_LINES} at most"
            start = 0
    yield from raises(text)


def raises(text: str) -> Iterator[tuple[int, str]]:
    for found in re.finditer(r"\bRAISE (?:EXCEPTION\b|USING\b)?[^;]*;", text):
        statement = found.group()
        if (
            re.match(r"RAISE (?:NOTICE|WARNING|DEBUG|LOG|INFO)\b", statement)
            or statement == "RAISE;"
        ):
            continue
        if "ERRCODE" not in statement and not re.match(r"RAISE SQLSTATE\b", statement):
            yield text.count("\n", 0, found.start()) + 1, "RAISE without ERRCODE"


def main() -> int:
    bad = 0
    for path in [*sorted((ROOT / "sql").glob("*.sql")), ROOT / "migrations" / "next.sql"]:
        for number, problem in problems(path):
            print(f"{path.relative_to(ROOT)}:{number}: {problem}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
