"""Put Swagger UI and ReDoc into python/pggit/static, from a wheel that carries both, so that /docs needs no internet.

Run when the package is built; pip fetches the wheel with the user's own settings and checks its hash. Standard library only.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "python" / "pggit" / "static"
# Swagger UI 5.33.1 (Apache-2.0) and ReDoc 2.5.4 (MIT). The wheel's own requirement (Django) is not needed for its files.
WHEEL = "drf-spectacular-sidecar==2026.10.1"
HASH = "sha256:fe1d005d8ac9b5d0472f2fe5deeb2e7d6dcffaa24118044f22578b4b8c4b31f2"
# The one picture that ReDoc would load from elsewhere.
OUTSIDE = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
FILES = (
    "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui-standalone-preset.js",
    "swagger-ui-dist/swagger-ui.css",
    "swagger-ui-dist/favicon-32x32.png",
    "redoc/bundles/redoc.standalone.js",
)


def main() -> int:
    """Fetch and unpack, unless that was done before."""
    marker = STATIC / "version.txt"
    if marker.exists() and marker.read_text(encoding="utf-8").strip() == WHEEL:
        return 0
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "requirements.txt"
        wanted.write_text(f"{WHEEL} --hash={HASH}\n", encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
        ]
        done = subprocess.run(
            [*command, "--dest", directory, "--requirement", str(wanted)], check=False
        )
        if done.returncode:
            print("Swagger UI could not be fetched: /docs will ask a CDN for it", file=sys.stderr)
            return 0
        STATIC.mkdir(exist_ok=True)
        with zipfile.ZipFile(next(Path(directory).glob("*.whl"))) as wheel:
            for name in FILES:
                source = f"drf_spectacular_sidecar/static/drf_spectacular_sidecar/{name}"
                content = wheel.read(source).replace(OUTSIDE, b"/static/favicon-32x32.png")
                (STATIC / Path(name).name).write_bytes(content)
        marker.write_text(WHEEL + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
