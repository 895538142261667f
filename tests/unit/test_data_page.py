"""docs/data.md says the truth."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from schemas.base import Model
from schemas.catalogue import PUBLIC_IN
from schemas.ids import Pseudonyms
from schemas.json_text import NotJSONError, read_json
from schemas.times import read_day, read_instant

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
REGISTRIES = (Path(__file__).parents[2] / "docs" / "registries.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(.+)` \| (read|refused).* \| (read|refused).* \|$", PAGE, re.MULTILINE)


COMMANDS = re.findall(r"```sh\n(.+)\n```", PAGE)


def is_read(reads: object, text: str) -> str:
    assert callable(reads)
    try:
        reads(text)
    except ValueError:
        return "refused"
    return "read"


def test_the_table_of_times_is_found() -> None:
    assert len(ROWS) == 15


@pytest.mark.parametrize(("text", "as_time", "as_day"), ROWS)
def test_times_and_days_are_read_as_the_page_says(text: str, as_time: str, as_day: str) -> None:
    assert (is_read(read_instant, text), is_read(read_day, text)) == (as_time, as_day)


def test_the_page_names_every_field_that_may_be_left_out() -> None:
    models: list[type[Model]] = list(PUBLIC_IN.values())
    optional = {
        name for model in models for name, field in model.model_fields.items() if not field.is_required()
    }
    (named,) = re.findall(r"\*\*with a default\*\* \(([^)]+)\)", PAGE)
    assert set(re.findall("`([a-z_]+)`", named)) == optional


def test_the_page_names_how_deep_is_too_deep() -> None:
    (deepest,) = re.findall(r"more than (\d+) objects and lists in one another", PAGE)
    read_json(b"[" * int(deepest) + b"]" * int(deepest))
    with pytest.raises(NotJSONError):
        read_json(b"[" * (int(deepest) + 1) + b"]" * (int(deepest) + 1))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the page's command needs openssl")
def test_the_command_finds_the_id_again() -> None:
    command = COMMANDS[1]
    environment = {"ID": "portal-87011234567-1", "JARDEM_PSEUDONYM_KEY": "a key", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    digest = ran.stdout.split()[-1]
    assert Pseudonyms(b"a key").id("portal-87011234567-1") == f"hmac-sha256:{digest}"


def test_the_command_totals_a_day_as_the_example_has_it(tmp_path: Path) -> None:
    def totalled(*ids: str) -> str:
        (tmp_path / "ids").write_text("".join(f"{name}\n" for name in ids), encoding="utf-8")
        ran = subprocess.run(
            ["/bin/sh", "-c", COMMANDS[0]], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return ran.stdout.split()[0]

    for page in (PAGE, REGISTRIES):
        assert f'"count": 1, "digest": "{totalled("award-17")}"' in page
    ids = ["ж", "b", "B", "a-1", "a1", "b"]
    in_order = sorted({name.encode() for name in ids})
    assert totalled(*ids) == hashlib.sha256(b"".join(name + b"\n" for name in in_order)).hexdigest()
