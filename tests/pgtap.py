"""Makes one pytest item of each line of a pgTAP file, on each server.

The number of items is the file's plan(N), read at collection; the file runs once per server, in one psql session.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from servers import PgServer

PLAN = re.compile(r"\bplan\s*\(\s*(\d+)\s*\)", re.IGNORECASE)
LINE = re.compile(r"^(not )?ok (\d+)(?: - (.*?))?(?:\s*# (TODO|SKIP)\b:?\s*(.*))?$", re.IGNORECASE)
SOURCES = "the server's own, Debian's postgresql-15-pgtap, or npm's @electric-sql/pglite-pgtap"


@dataclass
class TapLine:
    ok: bool
    title: str
    directive: str
    reason: str
    notes: list[str] = field(default_factory=list)


@dataclass
class TapRun:
    lines: dict[int, TapLine]
    error: str


def collect_tap_file(
    path: Path, parent: pytest.Collector, servers: dict[int, PgServer]
) -> pytest.Collector | None:
    if path.suffix != ".sql" or path.parent.name != "sql" or path.name == "manifest.sql":
        return None
    collector = TapFile.from_parent(parent, path=path)
    collector.servers = servers
    return collector


class TapFile(pytest.File):
    servers: dict[int, PgServer]

    def collect(self) -> Iterator[pytest.Item]:
        plan = PLAN.search(self.path.read_text(encoding="utf-8"))
        if plan is None:
            raise self.CollectError(f"{self.path.name}: no plan(N)")
        for server in self.servers.values():
            last = int(plan.group(1))
            for number in range(1, last + 1):
                name = f"{number}[pg{server.major}]"
                yield TapItem.from_parent(
                    self, name=name, server=server, number=number, is_last=number == last
                )


class TapFailure(Exception):
    """What a failed line said."""


class TapItem(pytest.Item):
    def __init__(self, *, server: PgServer, number: int, is_last: bool, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.server = server
        self.number = number
        self.is_last = is_last
        self.title = ""

    def runtest(self) -> None:
        run = run_file(self.path, self.server)
        line = run.lines.get(self.number)
        if line is None:
            raise TapFailure(f"line {self.number} never came\n{run.error}")
        self.title = line.title
        if line.directive == "SKIP":
            pytest.skip(line.reason or line.title)
        if line.directive == "TODO" and not line.ok:
            pytest.xfail(line.reason or line.title)
        if not line.ok:
            raise TapFailure("\n".join([line.title, *line.notes]))
        if run.error and self.is_last:
            raise TapFailure(run.error)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        if isinstance(excinfo.value, TapFailure):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.stem} {self.number} [pg{self.server.major}] {self.title}"


@cache
def run_file(path: Path, server: PgServer) -> TapRun:
    try:
        name = tap_database(server)
    except AssertionError as failure:
        return TapRun({}, str(failure))
    done = server.psql(name, "-f", str(path), check=False)
    return parse(done.stdout, done.stderr.strip())


def parse(output: str, error: str) -> TapRun:
    lines: dict[int, TapLine] = {}
    current: TapLine | None = None
    for text in output.splitlines():
        if found := LINE.match(text):
            failed, number, title, directive, reason = found.groups()
            current = lines[int(number)] = TapLine(
                not failed, title or "", (directive or "").upper(), reason or ""
            )
        elif text.startswith("#") and current:
            current.notes.append(text)
    return TapRun(lines, error)


MADE: list[tuple[PgServer, str]] = []


@cache
def tap_database(server: PgServer) -> str:
    """One database per process and server, with pgTAP in schema tap; files roll back, so they share it."""
    name = server.create_database(server.template())
    MADE.append((server, name))
    server.psql(
        name, "-c", "CREATE SCHEMA tap", "-c", "SET search_path = tap", "-f", str(pgtap_script())
    )
    return name


def drop_tap_databases() -> None:
    while MADE:
        server, name = MADE.pop()
        server.drop_database(name)


@cache
def pgtap_script() -> Path:
    """pgTAP as a plain script, fetched once into build/ where no server here has it."""
    kept = Path(__file__).resolve().parent.parent / "build" / "pgtap.sql"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            for source in (installed, from_debian, from_npm):
                if text := source(Path(folder)):
                    kept.write_text(as_script(text), encoding="utf-8")
                    break
            else:
                raise TapFailure(f"pgTAP is needed for tests/sql: {SOURCES}")
    return kept


def as_script(text: str) -> str:
    """Without psql's commands, and with the values that PGXS would fill in."""
    text = re.sub(r"^\\.*$", "", text, flags=re.MULTILINE)
    return text.replace("MODULE_PATHNAME", "$libdir/pgtap")


def newest(folder: Path) -> str | None:
    scripts = [path for path in folder.rglob("pgtap--*.sql") if path.name.count("--") == 1]
    return max(scripts, key=lambda path: path.name).read_text(encoding="utf-8") if scripts else None


def installed(_: Path) -> str | None:
    for pattern in ("usr/share/postgresql/*/extension", "opt/homebrew/share/postgresql*/extension"):
        for folder in Path("/").glob(pattern):
            if text := newest(folder):
                return text
    return None


def from_debian(folder: Path) -> str | None:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    quietly = {"cwd": folder, "capture_output": True, "check": False}
    subprocess.run(["apt-get", "download", "postgresql-15-pgtap"], **quietly)  # type: ignore[call-overload]
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder], **quietly)  # type: ignore[call-overload]
    return newest(folder)


def from_npm(folder: Path) -> str | None:
    npm = shutil.which("npm")
    if not npm:
        return None
    quietly = {"cwd": folder, "capture_output": True, "check": False}
    subprocess.run([npm, "pack", "@electric-sql/pglite-pgtap"], **quietly)  # type: ignore[call-overload]
    for archive in folder.glob("*.tgz"):
        shutil.unpack_archive(
            archive, folder / "npm", **({"filter": "data"} if sys.version_info >= (3, 12) else {})
        )
        for inner in (folder / "npm").rglob("*.tar.gz"):
            shutil.unpack_archive(
                inner, folder / "npm", **({"filter": "data"} if sys.version_info >= (3, 12) else {})
            )
    return newest(folder)
