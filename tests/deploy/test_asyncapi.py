"""AsyncAPI's own parser reads the document that others generate their code from."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import PUBLIC_IN, PUBLIC_OUT

HERE = Path(__file__).parent / "asyncapi"
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WARNING = 1
"""Of the parser's severities: 0 is an error, 1 a warning, 2 a hint such as "there is a newer AsyncAPI"."""

pytestmark = pytest.mark.timeout(300)

Validate = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def validate() -> Validate:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("AsyncAPI's parser needs Node.js with npm, and there is none on this machine")
    folder = ROOT / ".jardem" / "asyncapi"
    folder.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        shutil.copy(file, folder)
    install = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    try:
        installed = subprocess.run(
            install, cwd=folder, capture_output=True, text=True, timeout=200, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("AsyncAPI's parser could not be fetched within 200 s")
    if installed.returncode:
        pytest.skip(f"AsyncAPI's parser could not be fetched: {installed.stderr.strip()[:200]}")

    def run(path: Path) -> dict[str, Any]:
        command = [node, "validate.mjs", str(path)]
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
        found: dict[str, Any] = json.loads(said.stdout)
        return found

    return run


def test_the_document_is_one_for_asyncapis_own_tools(validate: Validate) -> None:
    found = validate(DOCS / "asyncapi.json")
    assert [one for one in found["findings"] if one["severity"] <= WARNING] == []
    assert set(found["channels"]) == {*PUBLIC_IN, *PUBLIC_OUT}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("operations", "receive portal.phone-registered.v1", "channel"), {"$ref": "#/channels/nowhere"}),
        (
            ("channels", "portal.phone-registered.v1", "messages", "event", "payload"),
            {"$ref": "./schemas/no.json"},
        ),
        (("operations", "receive portal.phone-registered.v1", "action"), "listen"),
        (("asyncapi",), "4.0.0"),
    ],
)
def test_the_parser_notices_what_is_wrong(
    validate: Validate, tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    document = json.loads((DOCS / "asyncapi.json").read_text(encoding="utf-8"))
    shutil.copytree(DOCS / "schemas", tmp_path / "schemas")
    part = document
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    (tmp_path / "asyncapi.json").write_text(json.dumps(document), encoding="utf-8")
    found = validate(tmp_path / "asyncapi.json")
    assert [one for one in found["findings"] if one["severity"] == 0]
