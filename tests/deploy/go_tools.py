"""Programs of others that a chart or a compose file is read by, built once from their pinned Go modules."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".jardem" / "tools"
HELM = "helm.sh/helm/v3/cmd/helm@v3.19.0"
KEDA = "github.com/kedacore/keda/v2@v2.17.2"


def go(*arguments: str, cwd: Path = ROOT, timeout: int = 1200) -> str:
    """Run Go; what it prints. Skips the test where there is no Go, or a module can not be fetched."""
    program = shutil.which("go")
    if program is None:
        pytest.skip("there is no Go on this machine to build the tools with")
    FOLDER.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env={**os.environ, "GOBIN": str(FOLDER)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if run.returncode:
        pytest.skip(f"a Go module could not be fetched or built: {run.stderr.strip()[-300:]}")
    return run.stdout


def helm() -> Path:
    """The program `helm`."""
    path = FOLDER / "helm"
    if not path.exists():
        go("install", HELM)
    return path


def compose_loader() -> Path:
    """A program that loads a compose file as Docker Compose does."""
    path = FOLDER / "compose-loader"
    if not path.exists():
        go("build", "-o", str(path), ".", cwd=Path(__file__).parent / "compose")
    return path
