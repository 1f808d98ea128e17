"""House rules that no database sees."""

import re

from servers import ROOT

UNPROVOKED = {
    "VCS09": "stands for a mistake of ours: what PostgreSQL built is not what was planned",
}


def test_every_error_code_is_provoked_by_a_test() -> None:
    listed = re.findall(
        r"^    \('([0-9A-Z]{5})', ", (ROOT / "sql" / "01_errors.sql").read_text(), re.M
    )
    tests = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "tests").rglob("*"))
        if path.suffix in {".py", ".sql"} and path.name not in {"manifest.sql", "test_house.py"}
    )
    assert listed
    assert [code for code in listed if code not in tests and code not in UNPROVOKED] == []


def test_no_file_of_the_project_names_a_machine_or_a_package_index() -> None:
    named = [
        path.name
        for folder in ("sql", "python", "tests", "tools", "docs", "docker", "migrations")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".md", ".yaml", ".txt", ".Dockerfile"}
        and path.name != "test_house.py"
        and re.search(
            r"--(extra-)?index-url|/site-packages/|/home/\w+/", path.read_text(encoding="utf-8")
        )
    ]
    assert named == []
