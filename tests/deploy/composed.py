"""The compose file as Docker Compose understands it, and what a container of it would find."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.go_tools import compose_loader

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
WANTED = {
    "JARDEM_TWILIO_ACCOUNT_SID": "AC1",
    "JARDEM_SMS_FROM": "+77001234567",
    "JARDEM_PUBLIC_URL": "https://sms.example.kz",
}
"""What whoever starts it has to say."""


def load(given: Mapping[str, str], folder: Path = FOLDER) -> "subprocess.CompletedProcess[str]":
    """Load the compose file of a folder, with these variables and no others of ours."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")}
    command = [compose_loader(), folder / "compose.yaml"]
    return subprocess.run(command, env={**base, **given}, capture_output=True, text=True, check=False)


def project(folder: Path = FOLDER) -> dict[str, Any]:
    """The services, volumes and secrets of a folder's compose file."""
    run = load(WANTED, folder)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def rehearsal(folder: Path) -> dict[str, Any]:
    """A copy of the compose folder, with the secrets that its script makes and those that it asks for."""
    if shutil.which("openssl") is None:
        pytest.skip("secrets.sh needs openssl, which is missing here")
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("secrets"))
    made = subprocess.run([folder / "secrets.sh"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    for name in ("sms_token", "console_users"):
        assert f"secrets/{name} is yours to put in" in made.stderr
        (folder / "secrets" / name).write_text("of the installation")
        (folder / "secrets" / name).chmod(0o600)
    return project(folder)


def environment(found: dict[str, Any], name: str) -> dict[str, str]:
    """What a service's process is given, with files of this machine in the place of what is mounted."""
    service = found["services"][name]
    mounted = {
        f"/run/secrets/{secret['source']}": found["secrets"][secret["source"]]["file"]
        for secret in service.get("secrets") or []
    }
    mounted |= {volume["target"]: volume["source"] for volume in service.get("volumes") or []}
    return {variable: mounted.get(value, value) for variable, value in service["environment"].items()}
