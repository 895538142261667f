"""What `jardem` is in the shell in which `tests.integration.documented` runs the scripts of a page.

It imports nothing of ours: what a script has set is read by the command alone.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_PASSWORD = "a password that is long enough"
_SERVERS = {
    "worker": "JARDEM_HEALTH_BIND",
    "webhooks": "JARDEM_WEBHOOKS_BIND",
    "http-intake": "JARDEM_INTAKE_BIND",
    "console": "JARDEM_CONSOLE_BIND",
}
_READY_SECONDS = 90


def main(arguments: list[str]) -> int:
    """What `jardem` is in the shell."""
    given = json.loads(Path(os.environ["DOCUMENTED_GIVEN"]).read_text())
    environment = {**os.environ, **given["env"]}
    command = [sys.executable, "-m", "jardem", *arguments]
    if len(arguments) == 1 and arguments[0] in _SERVERS:
        return _serve(command, environment, environment[_SERVERS[arguments[0]]])
    # The one key that there is, whose name nobody knows before.
    command = [str(next(Path().glob("titles-keys/*.jwk"))) if "KID" in word else word for word in command]
    told = None
    if arguments[:2] == ["console", "users"] and arguments[2] in ("add", "password"):
        told = _PASSWORD + "\n"
    elif arguments[:3] == ["publish", "-", "--sign"]:
        told = given["publish"]
    return subprocess.run(command, env=environment, input=told, text=True, check=False).returncode


def _serve(command: list[str], environment: Mapping[str, str], bind: str) -> int:
    started = subprocess.Popen(command, env=environment)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while started.poll() is None and not _is_ready(f"http://{bind}/readyz"):
            if time.monotonic() > deadline:
                return 124
            time.sleep(0.2)
    finally:
        started.terminate()
    return started.wait(30)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - of this machine
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
