"""What browsers load: from us alone, unchanged, and kept by them until it changes."""

import hashlib
import re
from pathlib import Path

import pytest

from ops.console.render import asset
from tests.unit.console_pages.conftest import Told

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATIC = Path("ops/console/static")
LISTED = re.findall(
    r"^\| (\S+) \| (\S+) \| (\S+) \| (\S+) \(\[text\]\((\S+)\)\) \| ([0-9a-f]{64}) \|$",
    (STATIC / "ASSETS.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
TEMPLATES = {
    file.name: file.read_text(encoding="utf-8") for file in Path("ops/console/templates").glob("*.html")
}
SERVED = {file.name: file.read_bytes() for file in STATIC.iterdir()}
OURS = {"console.css", "console.js", "mark.svg"}


async def test_every_file_that_others_wrote_is_listed_with_its_licence_and_digest() -> None:
    assert len(LISTED) == 2
    for name, package, version, licence, text, digest in LISTED:
        assert hashlib.sha256(SERVED[name]).hexdigest() == digest
        assert name == f"{package.removesuffix('.org')}-{version}.min.js"
        assert licence == "0BSD"
        assert b"BSD" in SERVED[text]


async def test_no_other_file_is_served() -> None:
    known = OURS | {"ASSETS.md"} | {one[0] for one in LISTED} | {one[4] for one in LISTED}
    assert set(SERVED) == known


async def test_nothing_is_loaded_from_elsewhere() -> None:
    for name, said in (TEMPLATES | {name: SERVED[name].decode() for name in OURS}).items():
        text = said.replace("http://www.w3.org/2000/svg", "")
        assert re.findall(r"(?:https?:)?//[a-z]", text.replace("// ", "")) == [], name
        assert "@import" not in text
        assert "url(" not in text


@pytest.mark.parametrize("name", sorted(OURS | {one[0] for one in LISTED}))
async def test_an_asset_is_kept_under_an_address_that_changes_with_it(told: Told, name: str) -> None:
    answer = await told.running.browser().get(asset(name))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert hashlib.sha256(answer.content).hexdigest()[:12] in asset(name)


async def test_htmx_may_neither_run_what_is_sent_nor_keep_what_was_shown() -> None:
    base = TEMPLATES["base.html"]
    for wanted in (
        '"allowEval":false',
        '"allowScriptTags":false',
        '"historyCacheSize":0',
        '"selfRequestsOnly":true',
    ):
        assert wanted in base
