"""The wheel's packages stand at the top level: where one of them is somebody else's, jardem says so."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import jardem

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as the wheel makes one, with hollow packages."""
    folder = tmp_path.resolve() / "installed"
    for name in jardem.PACKAGES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
    shutil.copy(ROOT / "jardem.py", folder)
    return folder


def run(installed: Path, *arguments: str, before: Path | None = None) -> tuple[int, str]:
    path = os.pathsep.join(str(folder) for folder in (before, installed) if folder)
    done = subprocess.run(
        [sys.executable, "-c", "import jardem; jardem.main()", *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=installed.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_ours_are_those_of_the_wheel() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    included = [name for name in wheel["targets"]["wheel"]["only-include"] if (ROOT / name).is_dir()]
    assert sorted(set(included) - {"deploy/kafka"}) == list(jardem.PACKAGES)


def test_here_all_packages_are_ours() -> None:
    assert jardem._strangers() == ()


@pytest.mark.parametrize("name", jardem.PACKAGES)
@pytest.mark.parametrize("form", ["{}/__init__.py", "{}.py"])
def test_anothers_package_in_the_place_of_ours_is_named(
    installed: Path, tmp_path: Path, name: str, form: str
) -> None:
    stranger = tmp_path.resolve() / "elsewhere" / form.format(name)
    stranger.parent.mkdir(parents=True)
    stranger.touch()
    code, said = run(installed, "doctor", before=tmp_path / "elsewhere")
    assert code == 1
    assert f"wrong the package {name} is {stranger}, not jardem's in {installed}: install jardem into" in said
    assert len(said.splitlines()) == 1


def test_a_command_that_cannot_be_imported_for_that_reason_says_so(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "ops").mkdir(parents=True)
    (tmp_path / "elsewhere" / "ops" / "__init__.py").touch()
    code, said = run(installed, "worker", before=tmp_path / "elsewhere")
    assert code == 1
    assert said.startswith("the package ops is ")
    assert "Traceback" not in said


def test_what_cannot_be_imported_for_another_reason_is_ours_to_explain(installed: Path) -> None:
    code, said = run(installed, "worker")
    assert code == 1
    assert "Traceback" in said


def test_a_package_that_is_missing_is_named(installed: Path) -> None:
    shutil.rmtree(installed / "sms")
    code, said = run(installed, "doctor")
    assert code == 1
    # A checkout may be on the path too, and have one.
    assert said.startswith("wrong the package sms is ")
    assert f", not jardem's in {installed}: " in said


@pytest.mark.parametrize(("project", "wrong"), [("other", True), ("jardem", False)])
def test_anothers_files_among_ours_are_named(installed: Path, project: str, wrong: bool) -> None:  # noqa: FBT001
    about = installed / f"{project}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n", encoding="utf-8"
    )
    (about / "RECORD").write_text("agents/loop.py,,\n", encoding="utf-8")
    _, said = run(installed, "doctor")
    assert (f"other has installed files into jardem's {installed / 'agents'}" in said) is wrong
