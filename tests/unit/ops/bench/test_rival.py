"""A rival from its folder: described, prepared, run and stopped; or why it cannot be."""

import textwrap
from pathlib import Path

import pytest

from ops.bench.rival import Manifest, Rival, RivalError, rivals
from ops.bench.systems import Beside

RUN = """
import json, sys
command = sys.argv[1]
if command == "prepare":
    print("preparing")
    print(json.dumps({"versions": {"thing": 1}}))
else:
    addresses = json.loads(sys.argv[4])
    wired = {"awards": "http://a/", "facts": "http://f/", "answers": addresses["sms"]}
    wired |= {"decisions": addresses["kafka"], "processes": {"service": [1]}}
    print(json.dumps({"ready": wired}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"settled": line == "settled\\n"}), flush=True)
"""


def rival(folder: Path, run: str = RUN, needs: str = "[]") -> Manifest:
    home = folder / "thing"
    home.mkdir()
    (home / "run.py").write_text(textwrap.dedent(run), encoding="utf-8")
    described = f'title = "Thing"\nneeds = {needs}\nkafka = false\ndurability = "none"\n'
    (home / "rival.toml").write_text(described, encoding="utf-8")
    (found,) = rivals(folder)
    return found


async def test_a_rival_is_prepared_started_asked_and_stopped(tmp_path: Path) -> None:
    one = Rival(rival(tmp_path), tmp_path / "cache", tmp_path / "data")
    assert await one.prepare() == {"thing": "1"}
    wired = await one.start(Beside("host:1", "http://sms", "http://decisions"))
    assert (wired.answers, wired.decisions, wired.processes) == ("http://sms", None, {"service": [1]})
    assert await one.settled()
    await one.stop()


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("import sys; sys.exit('no compiler')", "no compiler"),
        ("print('hello')", "something else than a JSON object"),
    ],
)
async def test_a_rival_that_cannot_be_prepared_says_why(tmp_path: Path, run: str, told: str) -> None:
    with pytest.raises(RivalError, match=told):
        await Rival(rival(tmp_path, run), tmp_path / "cache", tmp_path / "data").prepare()


async def test_a_rival_that_ends_is_told_of_with_its_log(tmp_path: Path) -> None:
    one = Rival(rival(tmp_path, "import sys; sys.exit('it broke')"), tmp_path / "cache", tmp_path / "data")
    with pytest.raises(RivalError, match=r"(?s)has ended.*it broke"):
        await one.start(Beside("host:1", "http://sms", "http://decisions"))
    await one.stop()


def test_what_a_machine_lacks_is_named(tmp_path: Path) -> None:
    assert rival(tmp_path, needs='["no-such-program", "sh"]').obstacles() == ["no-such-program"]


def test_a_rival_that_is_not_described_as_it_must_be_is_named(tmp_path: Path) -> None:
    home = tmp_path / "thing"
    home.mkdir()
    (home / "rival.toml").write_text('title = "Thing"\n', encoding="utf-8")
    with pytest.raises(RivalError, match=r"rival\.toml.*needs"):
        rivals(tmp_path)
