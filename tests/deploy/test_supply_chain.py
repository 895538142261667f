"""What a release is made of: one wheel, whoever builds it, its contents, and an audit that never flatters."""

import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(ROOT / ".ci" / "supply" / "audit.py"))
SOUND = {"name": "a", "version": "1", "vulns": []}
FLAWED = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([SOUND], 0, ["audited: no vulnerability is known of 1 packages"]),
        ([SOUND, FLAWED], 1, ["b 2: PYSEC-1, mended in 3"]),
        ([SOUND, SKIPPED], 3, ["not audited: the advisory service did not answer for 1 of 2 packages"]),
        ([SKIPPED], 3, ["not audited: the advisory service did not answer for 1 of 1 packages"]),
        (
            [FLAWED, SKIPPED],
            1,
            [
                "b 2: PYSEC-1, mended in 3",
                "not audited: the advisory service did not answer for 1 of 2 packages",
            ],
        ),
        ([], 3, ["not audited: the lock names no package"]),
    ],
)
def test_what_is_not_audited_is_never_called_sound(
    packages: list[dict[str, Any]], code: int, said: list[str]
) -> None:
    assert AUDIT["verdict"]({"dependencies": packages}, len(packages)) == (code, said)


def test_an_audit_without_its_tool_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert AUDIT["main"]([str(tmp_path / "pip-audit")]) == AUDIT["NOT_AUDITED"]
    assert "not audited" in capsys.readouterr().out


def source_in(folder: Path, mtime: int) -> Path:
    """The tracked files, as a clone at another time and under another umask would hold them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached"],  # noqa: S607 - the developers' git
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if not (ROOT / name).is_file():
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
        target.chmod(0o640 if mtime % 2 else 0o644)
        os.utime(target, (mtime, mtime))
    return folder


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs the git checkout"
)
def test_a_wheel_has_the_same_bytes_wherever_it_is_built(tmp_path: Path) -> None:
    digests = set()
    for number, mtime in enumerate((1_600_000_000, 1_700_000_001)):
        source = source_in(tmp_path / f"checkout-{number}" / ("x" * number), mtime)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "out"],
            cwd=source,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "TZ": ("UTC", "Asia/Almaty")[number]},
            capture_output=True,
            check=True,
            timeout=60,
        )
        (wheel,) = (source / "out").glob("*.whl")
        digests.add(hashlib.sha256(wheel.read_bytes()).hexdigest())
        assert len(ZipFile(wheel).namelist()) > 400
    assert len(digests) == 1


def pins(lock: str) -> dict[str, str]:
    lines = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    return dict(line.removesuffix(" \\").split(" ;")[0].split("==") for line in lines)


def test_an_image_holds_the_versions_that_are_tested_and_no_developers_tools() -> None:
    tested = pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    image = pins((ROOT / "deploy" / "container" / "requirements.lock").read_text(encoding="utf-8"))
    assert {name: version for name, version in image.items() if tested.get(name) != version} == {}
    assert not {"pytest", "ruff", "mypy", "playwright", "noida-db"} & set(image)
    assert {"faust-streaming", "aiokafka", "twilio", "fastapi"} <= set(image)


def test_the_list_of_contents_names_every_package() -> None:
    tool = ROOT / ".jardem" / "supply" / "bin" / "cyclonedx-py"
    try:
        made = subprocess.run(
            ["make", "--silent", "sbom"],  # noqa: S607 - the developers' make
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the tool could not be fetched within 300 s")
    if made.returncode and not tool.exists():
        pytest.skip(f"the tool could not be fetched: {made.stderr.strip()[-200:]}")
    assert made.returncode == 0, made.stderr
    listed = json.loads((ROOT / "dist" / "sbom.json").read_text(encoding="utf-8"))
    assert listed["bomFormat"] == "CycloneDX"
    found = {component["name"]: component["version"] for component in listed["components"]}
    image = pins((ROOT / "deploy" / "container" / "requirements.lock").read_text(encoding="utf-8"))
    assert found == image
    for component in listed["components"]:
        assert any(reference.get("hashes") for reference in component["externalReferences"]), component[
            "name"
        ]
