"""The examples of docs/api.md verify what the deliverer signs, and the shell's delivery is one that they accept."""

import json
import re
import shutil
import subprocess
import time
from typing import Any

import pytest

from pggit.workers.deliverer import sign
from servers import ROOT
from workers.receiver import Exchange, receiving

SECRETS = ["whsec_" + "QUJD" * 11, "whsec_" + "REVG" * 11]
BODY = '{"id": "evt_x", "data": {"name": "Ada, Gräfin"}}'.encode()
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def example(language: str, name: str) -> str:
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.S) if name in text]
    assert len(found) == 1
    return str(found[0])


def headers(stamp: int | None = None) -> dict[str, str]:
    at = int(time.time()) if stamp is None else stamp
    return {
        "webhook-id": "evt_x",
        "webhook-timestamp": str(at),
        "webhook-signature": sign(SECRETS, "evt_x", at, BODY),
    }


def cases() -> list[tuple[str, dict[str, str], bytes, bool]]:
    """Secret, headers, body, and whether that is ours; signed now, since the examples refuse what is old."""
    return [
        (SECRETS[0], headers(), BODY, True),
        (SECRETS[1], headers(), BODY, True),
        ("whsec_" + "eHl6" * 11, headers(), BODY, False),
        (SECRETS[0], headers(), BODY + b" ", False),
        (SECRETS[0], headers(1_700_000_000), BODY, False),
        (SECRETS[0], headers() | {"webhook-id": "evt_y"}, BODY, False),
        (SECRETS[0], headers() | {"webhook-signature": "v1,QUJD v1"}, BODY, False),
    ]


def test_the_python_example_tells_what_is_ours() -> None:
    names: dict[str, Any] = {}
    exec(example("python", "def verify"), names)  # noqa: S102  the page's own text
    asked = cases()
    assert [names["verify"](secret, given, body) for secret, given, body, _ in asked] == [
        one[3] for one in asked
    ]


def test_the_javascript_example_tells_what_is_ours() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine")
    asked = cases()
    calls = [
        f"verify({json.dumps(secret)}, {json.dumps(given)}, Buffer.from({json.dumps(body.decode())}))"
        for secret, given, body, _ in asked
    ]
    script = (
        example("javascript", "function verify")
        + f"\nconsole.log(JSON.stringify([{', '.join(calls)}]));"
    )
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [one[3] for one in asked]


def test_the_shell_example_sends_what_the_others_accept() -> None:
    if not all(shutil.which(program) for program in ("curl", "openssl", "bash")):
        pytest.skip("there is no curl or openssl on this machine")
    names: dict[str, Any] = {}
    exec(example("python", "def verify"), names)  # noqa: S102  the page's own text
    with receiving() as receiver:
        script = example("bash", "deliver()") + '\ndeliver "$1" "$2" "$3"\n'
        subprocess.run(
            ["bash", "-c", script, "bash", receiver.url("/shell"), SECRETS[0], BODY.decode()],
            check=True,
            capture_output=True,
        )
        one: Exchange = receiver.at("/shell")[0]
        assert one.body == BODY
        assert names["verify"](SECRETS[0], one.headers, one.body)
        assert not names["verify"](SECRETS[1], one.headers, one.body)
