"""Runs the scripts of a page as they stand there, by a shell in which `jardem` is this checkout's.

What a script sets for itself counts, except where it would lead away from this machine. A process that goes
on until it is stopped is started, waited for until it says that it is ready, and stopped in order.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.unit.docs.pages import ROOT, blocks

GIVEN = "DOCUMENTED_GIVEN"
"""Names the file with the variables that count before those of a script, and with what commands are told."""


def scripts(page: str) -> list[str]:
    """The shell scripts of a page below the checkout."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [block.text for block in blocks(text) if block.language == "sh"]


def play(
    script: str,
    folder: Path,
    given: Mapping[str, str],
    replaced: Mapping[str, str] | None = None,
    publish: str = "",
) -> "subprocess.CompletedProcess[str]":
    """Run a script in this folder.

    `replaced` are words of it that stand for something, and for what. `publish` is given to a command that
    publishes what it is given, where the script gives it nothing.
    """
    for word, meaning in (replaced or {}).items():
        assert word in script, f"{word} stands in no script any more"
        script = script.replace(word, meaning)
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    wrapper = tools / "jardem"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.integration.documented_jardem "$@"\n')
    wrapper.chmod(0o755)
    (folder / "given.json").write_text(json.dumps({"env": dict(given), "publish": publish}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")}
    environment |= {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        GIVEN: str(folder / "given.json"),
        "HOME": str(folder),
    }
    return subprocess.run(
        ["sh", "-euc", script],  # noqa: S607 - whatever shell the machine has
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
