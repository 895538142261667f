import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from subprocess import PIPE
from time import monotonic, sleep

import pytest

from ops.simulation import soak
from ops.simulation.runner import Failure, Played, play_many
from ops.simulation.soak import Sitting, Soak, begun, main, playing_code, report
from sms.conversation.turn import Turn


@pytest.fixture(autouse=True)
def _on_a_clean_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "commit", lambda: "c0ffee0")
    monkeypatch.setattr(soak, "playing_code", lambda: "this code")


def play(folder: Path, *more: str) -> int:
    return main([str(folder / "soak.md"), "--progress", str(folder / "soak.json"), "--processes", "1", *more])


def test_the_report_says_which_seeds_of_which_commit_kept_every_promise(tmp_path: Path) -> None:
    assert play(tmp_path, "--from", "700", "--seeds", "120") == 0
    said = (tmp_path / "soak.md").read_text()
    assert "**120 seeds from 700, broken promises: none**" in said
    assert "| c0ffee0 | " in said
    assert "| 700 | 120 | none | 0:0" in said


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_was_stopped_reports_how_far_it_came_and_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by: signal.Signals
) -> None:
    begins: list[int] = []

    def stopped(first: int, count: int, processes: int | None) -> Played:
        begins.append(first)
        for number, played in enumerate(play_many(first, count, processes)):
            if number == 1 and len(begins) == 1:
                signal.raise_signal(by)
            yield played

    monkeypatch.setattr(soak, "play_many", stopped)
    assert play(tmp_path, "--from", "700", "--seeds", "120") == 130
    said = (tmp_path / "soak.md").read_text()
    assert "**100 of 120 seeds from 700, broken promises: none**" in said
    assert "| 700 | 100 | none |" in said
    assert "as long as the code that plays is the same (`this code`)" in said
    took = Soak.model_validate_json((tmp_path / "soak.json").read_bytes()).seconds
    assert play(tmp_path, "--from", "700", "--seeds", "120") == 0
    assert begins == [700, 800]
    assert "goes on after 100 of 120" in capsys.readouterr().out
    said = (tmp_path / "soak.md").read_text()
    assert "**120 seeds from 700, broken promises: none**" in said
    assert "| 700 | 100 | none |" in said
    assert "| 800 | 20 | none |" in said
    assert "plays the rest" not in said
    assert Soak.model_validate_json((tmp_path / "soak.json").read_bytes()).seconds > took > 0


def test_what_was_broken_before_the_stop_is_still_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [[Failure(3, "a promise", "")], [Failure(7, "another promise", "")]]

    def breaking(first: int, count: int, _: int | None) -> Played:
        signal.raise_signal(signal.SIGTERM)
        yield min(5, count), broken[first // 5]

    monkeypatch.setattr(soak, "play_many", breaking)
    monkeypatch.setattr(soak, "shortest_story", lambda failure: [f"the story of {failure.seed}"])
    assert play(tmp_path, "--from", "0", "--seeds", "10") == 130
    assert "| 0 | 5 | 1 |" in (tmp_path / "soak.md").read_text()
    assert play(tmp_path, "--from", "0", "--seeds", "10") == 1
    said = (tmp_path / "soak.md").read_text()
    assert "**10 seeds from 0, broken promises: 2**" in said
    assert "| 5 | 5 | 1 |" in said
    assert said.index("the story of 3") < said.index("the story of 7")


@pytest.mark.parametrize(
    ("ends", "by"),
    [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM), (os.killpg, signal.SIGTERM)],
    ids=["Ctrl-C", "SIGTERM", "SIGTERM to all"],
)
def test_a_real_stop_in_the_middle_leaves_a_report(
    tmp_path: Path, ends: Callable[[int, int], None], by: signal.Signals
) -> None:
    progress = tmp_path / "soak.json"
    command = [sys.executable, "-m", "ops.simulation.soak", str(tmp_path / "soak.md"), "--from", "1"]
    command += ["--progress", str(progress), "--processes", "2", "--seeds", "1000000"]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True) as running:
        until = monotonic() + 60
        while not progress.exists() and monotonic() < until:
            sleep(0.05)
        # Until both of its processes play.
        sleep(0.5)
        ends(running.pid, by)
        said, complaints = running.communicate(timeout=60)
    assert running.returncode == 130, complaints
    (played,) = re.findall(r"(\d+) of 1000000 seeds from 1,", (tmp_path / "soak.md").read_text())
    assert Soak.model_validate_json(progress.read_bytes()).played == int(played)
    assert f"stopped after {played} of 1000000" in said


def sat(played: int, seconds: float = 0.0) -> Sitting:
    return Sitting(day=date(2026, 11, 25), commit="c", machine="m", first=7, played=played, seconds=seconds)


@pytest.mark.parametrize(
    "other",
    [
        Soak(code="another", first=7, seeds=9),
        Soak(code="this code", first=8, seeds=9),
        Soak(code="this code", first=7, seeds=10),
    ],
)
def test_another_run_or_other_code_begins_anew(tmp_path: Path, other: Soak) -> None:
    progress = tmp_path / "soak.json"
    progress.write_text(Soak(code="this code", first=7, seeds=9, sittings=[sat(5)]).model_dump_json())
    assert begun(other, progress) == other
    assert begun(Soak(code="this code", first=7, seeds=9), progress).played == 5


@pytest.mark.parametrize("kept", ['{"commit": "c0ffee0", "first": 7, "seeds": 9, "played": 5}', "{", None])
def test_progress_that_is_not_readable_begins_anew(tmp_path: Path, kept: str | None) -> None:
    progress = tmp_path / "soak.json"
    if kept:
        progress.write_text(kept)
    assert begun(Soak(code="this code", first=7, seeds=9), progress).played == 0


def test_a_run_that_is_complete_plays_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(tmp_path, "--from", "700", "--seeds", "60") == 0
    said = (tmp_path / "soak.md").read_text()
    monkeypatch.setattr(soak, "play_many", lambda *_: pytest.fail("it plays again"))
    assert play(tmp_path, "--from", "700", "--seeds", "60") == 0
    assert (tmp_path / "soak.md").read_text() == said


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, copy = Path(soak.__file__).parents[2], tmp_path_factory.mktemp("copied")
    for name in ("agents", "ops", "rules", "schemas", "sms", "streams"):
        shutil.copytree(root / name, copy / name)
    shutil.copy(root / "requirements.lock", copy)
    return copy


@pytest.fixture(scope="module")
def code_that_plays(copied: Path) -> str:
    return playing_code(copied)


def with_a_line_more(copied: Path, path: str) -> str:
    before = (copied / path).read_bytes()
    (copied / path).write_bytes(before + b"\n")
    try:
        return playing_code(copied)
    finally:
        (copied / path).write_bytes(before)


@pytest.mark.parametrize(
    "path",
    [
        "rules/lifecycle.py",
        "streams/packing/2.zdict",
        "sms/locale/kk/LC_MESSAGES/jardem.po",
        "requirements.lock",
    ],
)
def test_what_plays_a_seed_is_the_code_that_plays(copied: Path, code_that_plays: str, path: str) -> None:
    assert with_a_line_more(copied, path) != code_that_plays


@pytest.mark.parametrize("path", ["ops/simulation/soak.py", "sms/simulator/page/index.html"])
def test_what_plays_no_seed_is_not(copied: Path, code_that_plays: str, path: str) -> None:
    assert with_a_line_more(copied, path) == code_that_plays


def test_a_broken_promise_is_told_with_its_seed_and_its_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Turn, "_is_answer", lambda *_: True)
    assert play(tmp_path, "--from", "0", "--seeds", "60") == 1
    said = (tmp_path / "soak.md").read_text()
    assert "in quiet hours only answers go out" in said
    assert "BROKEN: in quiet hours only answers go out" in said


@pytest.mark.parametrize("wrong", [["--from", "-1"], ["--from", "5", "--seeds", "0"], []])
def test_a_start_is_asked_for_and_must_make_sense(
    tmp_path: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        play(tmp_path, *wrong)
    assert "--from" in capsys.readouterr().err


def test_each_sitting_has_its_own_rate_and_the_run_the_time_of_all() -> None:
    said = report(Soak(code="c", first=1, seeds=3000, sittings=[sat(1000, 5.0), sat(2000, 4.0)]))
    assert "in 0:00:09." in said
    assert "| 0:00:05 | 200 |" in said
    assert "| 0:00:04 | 500 |" in said
