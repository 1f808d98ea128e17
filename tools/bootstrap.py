"""Make .venv hold what the lock file says, and pggit itself; does nothing where that is so already.

    python3 tools/bootstrap.py [run|dev]

Standard library only. pip's own settings (index, certificates, caches) hold; hashes make them safe to trust.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}


def state(kind: str) -> str:
    """A digest of everything that decides what the environment holds."""
    digest = hashlib.sha256(sys.version.encode())
    digest.update(str(ROOT).encode())
    for path in (LOCKS[kind], ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main() -> int:
    kind = sys.argv[1] if len(sys.argv) > 1 else "dev"
    if sys.version_info < (3, 11):  # noqa: UP036  this file runs before anything checks
        print("pggit needs Python 3.11 or later", file=sys.stderr)
        return 1
    folder = ROOT / ".venv"
    marks = {one: folder / f".pggit-{one}" for one in LOCKS}
    satisfied = [one for one in ([kind, "dev"] if kind == "run" else [kind]) if marks[one].exists()]
    if any(marks[one].read_text() == state(one) for one in satisfied):
        return 0
    python = folder / "bin" / "python"
    if (
        not python.exists()
        or subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode
    ):
        try:
            venv.create(folder, clear=True, with_pip=True)
        except subprocess.CalledProcessError:
            print(
                "this Python cannot make environments; on Debian: apt-get install python3-venv",
                file=sys.stderr,
            )
            return 1
    for mark in marks.values():
        mark.unlink(missing_ok=True)
    print(f"installing the locked packages into {folder.name} (once) ...", flush=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    for arguments in (
        ["--require-hashes", "-r", str(LOCKS[kind])],
        ["--no-deps", "--no-build-isolation", "-e", str(ROOT)],
    ):
        done = subprocess.run([*pip, *arguments], env=environment, check=False)
        if done.returncode:
            return done.returncode
    subprocess.run(
        [python, str(ROOT / "tools" / "docs_ui.py")], check=False
    )  # /docs works without it, with internet
    marks[kind].write_text(state(kind))
    return 0


if __name__ == "__main__":
    sys.exit(main())
