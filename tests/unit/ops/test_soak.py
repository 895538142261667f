from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ops.simulation import soak
from ops.simulation.runner import Failure, play_many
from ops.simulation.soak import Soak, begun, main, report
from sms.conversation.turn import Turn


@pytest.fixture(autouse=True)
def _on_a_clean_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "commit", lambda: "c0ffee0")


def play(folder: Path, *more: str) -> int:
    return main([str(folder / "soak.md"), "--progress", str(folder / "soak.json"), "--processes", "1", *more])


def test_the_report_says_which_seeds_of_which_commit_kept_every_promise(tmp_path: Path) -> None:
    assert play(tmp_path, "--from", "700", "--seeds", "120") == 0
    said = (tmp_path / "soak.md").read_text()
    assert "| c0ffee0 | " in said
    assert "| 700 | 120 | none | 0:00:0" in said


def test_a_run_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begins: list[int] = []

    def stopped(first: int, count: int, processes: int | None) -> Iterator[tuple[int, list[Failure]]]:
        begins.append(first)
        for number, played in enumerate(play_many(first, count, processes)):
            if number == 2 and len(begins) == 1:
                raise KeyboardInterrupt
            yield played

    monkeypatch.setattr(soak, "play_many", stopped)
    assert play(tmp_path, "--from", "700", "--seeds", "120") == 130
    assert not (tmp_path / "soak.md").exists()
    assert play(tmp_path, "--from", "700", "--seeds", "120") == 0
    assert begins == [700, 800]
    assert "goes on after 100 of 120" in capsys.readouterr().out
    assert "| 700 | 120 | none |" in (tmp_path / "soak.md").read_text()


@pytest.mark.parametrize(
    "other",
    [
        Soak(commit="another", first=7, seeds=9),
        Soak(commit="c0ffee0", first=8, seeds=9),
        Soak(commit="c0ffee0", first=7, seeds=10),
    ],
)
def test_another_run_or_other_code_begins_anew(tmp_path: Path, other: Soak) -> None:
    progress = tmp_path / "soak.json"
    progress.write_text(Soak(commit="c0ffee0", first=7, seeds=9, played=5).model_dump_json())
    assert begun(other, progress) == other
    assert begun(Soak(commit="c0ffee0", first=7, seeds=9), progress).played == 5


@pytest.mark.parametrize(
    "kept", ['{"commit": "c0ffee0-dirty", "first": 7, "seeds": 9, "played": 5}', "{", None]
)
def test_code_that_was_changed_and_progress_that_is_not_readable_begin_anew(
    tmp_path: Path, kept: str | None
) -> None:
    progress = tmp_path / "soak.json"
    if kept:
        progress.write_text(kept)
    assert begun(Soak(commit="c0ffee0-dirty", first=7, seeds=9), progress).played == 0


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


def test_the_rate_is_that_of_all_sittings() -> None:
    said = report(Soak(commit="c", first=1, seeds=3000, played=3000, seconds=6.0), date(2026, 11, 25))
    assert "| 0:00:06 | 500 |" in said
