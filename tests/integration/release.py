"""The code of a release that was, out of this repository's history."""

import asyncio
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def code_of(release: str, folder: Path) -> Path:
    """Lay a release's code into the folder, which is returned. Skips where the history has it not."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", release]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except OSError as error:
        pytest.skip(f"{release} cannot be had: {error}")
    if answer.returncode != 0:
        pytest.skip(
            f"{release} is not in this copy of the repository (git fetch --unshallow): "
            f"{answer.stderr.decode(errors='replace').strip()}"
        )
    with tarfile.open(fileobj=io.BytesIO(answer.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


async def run_of(code: Path, env: Mapping[str, str], *arguments: str) -> None:
    """Run a command of a release's code to its end. Raises where it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(code / "jardem.py"),
        *arguments,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode(errors="replace")
