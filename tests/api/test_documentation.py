"""docs/api.md and .env.example say what there is, all of it, and nothing else."""

import re
from pathlib import Path

import httpx
import msgspec

from pggit.errors import FAMILIES, SQLSTATES, ErrorCode
from pggit.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_page_lists_every_route(empty_api: httpx.Client) -> None:
    document = empty_api.get("/openapi.json").json()
    known = {(m.upper(), path) for path, item in document["paths"].items() for m in item}
    written = set(re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) ([^`?]+)", API, re.M))
    assert written == known


def test_the_page_lists_every_error_code() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", API, re.M))
    assert set(rows) == {code.value for code in ErrorCode}
    for outcome in [*FAMILIES.values(), *SQLSTATES.values()]:
        assert rows[outcome.code] == str(outcome.status)


def test_the_example_lists_every_setting_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    written = dict(re.findall(r"^#([A-Z_]+)=(.*)$", text, re.M))
    assert {name.upper() for name in Settings.__struct_fields__} <= set(written)
    given = {name: value for name, value in written.items() if name != "DATABASE_URL"}
    assert msgspec.structs.asdict(load_settings(given)) == msgspec.structs.asdict(Settings())
