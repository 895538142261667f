from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ops.doctor.machine import Line, Verdict, data_folder, local_brokers, python, zones


def verdicts(lines: list[Line]) -> list[Verdict]:
    return [line.verdict for line in lines]


def test_this_interpreter_and_its_pinned_packages_are_right() -> None:
    lines = list(python())
    assert set(verdicts(lines)) == {Verdict.OK}
    assert {line.text.split()[0] for line in lines} == {
        "Python",
        "faust-streaming",
        "aiokafka",
        "mode-streaming",
    }


def test_another_version_of_a_pinned_package_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.doctor.machine.metadata.version", lambda _: "9.9")
    wrong = [line.text for line in python() if line.verdict is Verdict.WRONG]
    assert "aiokafka 9.9: jardem needs exactly 0.14.0" in wrong


def test_a_private_folder_is_fine_and_is_made_where_it_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    assert verdicts(list(data_folder(folder))) == [Verdict.OK]
    assert list(folder.iterdir()) == []


def test_a_folder_that_others_can_read_is_noted(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert verdicts(list(data_folder(tmp_path))) == [Verdict.OK, Verdict.NOTE]


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (line,) = data_folder(tmp_path / "file" / "data")
    assert line.verdict is Verdict.WRONG
    assert "JARDEM_DATA_DIR" in line.text


def test_the_zone_database_here_is_new_enough() -> None:
    assert verdicts(list(zones())) == [Verdict.OK]


def test_an_old_zone_database_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.doctor.machine.ZoneInfo", lambda _: ZoneInfo("Asia/Omsk"))
    (line,) = zones()
    assert line.verdict is Verdict.WRONG


def test_without_java_and_maven_only_notes_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines = list(local_brokers())
    assert verdicts(lines)[:2] == [Verdict.NOTE, Verdict.NOTE]
    assert Verdict.WRONG not in verdicts(lines)
