"""The image's recipe is linted, and its steps are taken by hand: nothing here builds or starts an image."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "deploy" / "container" / "Dockerfile"


def test_the_linter_has_nothing_to_say() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    run = subprocess.run([linter, RECIPE], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_only_the_wheel_and_the_lock_go_in() -> None:
    ignored = RECIPE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert ignored == ["*", "!dist/*.whl", "!deploy/container/requirements.lock"]


def python_for_everybody() -> str:
    """A Python that another user than this one may run."""
    for base in (getattr(sys, "_base_executable", ""), "/usr/bin/python3"):
        wanted = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
        try:
            tried = subprocess.run(
                [base, "-c", wanted], user=10001, group=10001, extra_groups=[], check=False
            )
        except (OSError, ValueError):
            continue
        if tried.returncode == 0:
            return base
    pytest.skip("there is no Python 3.11 with venv on this machine that another user may run")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run as another user")
def test_what_the_image_holds_runs_as_nobody_on_a_tree_that_it_can_not_write(tmp_path: Path) -> None:
    base = python_for_everybody()
    built, home, data = tmp_path / "built", tmp_path / "opt", tmp_path / "data"
    source = tmp_path / "source"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)  # noqa: S607
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", built],
        cwd=source,
        check=True,
        capture_output=True,
    )
    subprocess.run([base, "-m", "venv", home], check=True)
    python = home / "bin" / "python"
    install: list[str | Path] = [
        *(python, "-m", "pip", "install"),
        *("--quiet", "--disable-pip-version-check", "--no-deps"),
    ]
    lock = ROOT / "deploy" / "container" / "requirements.lock"
    fetched = subprocess.run(
        [*install, "--require-hashes", "--only-binary", ":all:", "-r", lock],
        capture_output=True,
        text=True,
        check=False,
    )
    assert fetched.returncode == 0, fetched.stderr
    subprocess.run([*install, "--no-index", *built.glob("*.whl")], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True, capture_output=True)
    data.mkdir(mode=0o700)
    os.chown(data, 10001, 10001)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.is_relative_to("/tmp/pytest-of-root"):  # noqa: S108
            folder.chmod(0o755)
    environment = {
        "PATH": str(home / "bin"),
        "JARDEM_DATA_DIR": str(data),
        "HOME": str(data),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for arguments, code, said in (
        (["--help"], 0, "jardem"),
        (["rules", "show"], 0, ""),
        (["worker"], 2, "JARDEM_KAFKA is missing"),
        (["webhooks"], 2, "JARDEM_KAFKA is missing"),
        (["console"], 2, "JARDEM_KAFKA is missing"),
    ):
        run = subprocess.run(
            [home / "bin" / "jardem", *arguments],
            cwd=data,
            env=environment,
            user=10001,
            group=10001,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == code, (arguments, run.stdout, run.stderr)
        assert said in run.stdout + run.stderr
    assert {path.name for path in data.iterdir()} <= {"jardem"}
