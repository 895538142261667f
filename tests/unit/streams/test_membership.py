import socket
from pathlib import Path
from typing import Any

import pytest

from streams.membership import Membership, leave_when_stopping


def test_whoever_comes_again_has_the_name_from_before(tmp_path: Path) -> None:
    first = Membership.claim(tmp_path / "streams")
    first.release()
    again = Membership.claim(tmp_path / "streams")
    assert again.instance_id == first.instance_id


def test_a_name_is_nobody_elses_while_its_process_lives(tmp_path: Path) -> None:
    living = [Membership.claim(tmp_path) for _ in range(3)]
    assert len({member.instance_id for member in living}) == 3
    living[1].release()
    assert Membership.claim(tmp_path).instance_id == living[1].instance_id


def test_a_folder_copied_to_another_machine_brings_no_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Membership.claim(tmp_path)
    here.release()
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    assert Membership.claim(tmp_path).instance_id != here.instance_id


@pytest.mark.parametrize("torn", [b"", b"5a1c", b"\xff\x00" * 40])
def test_a_torn_file_gets_a_new_name(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "member-0").write_bytes(torn)
    first = Membership.claim(tmp_path)
    first.release()
    assert Membership.claim(tmp_path).instance_id == first.instance_id


def test_an_orderly_stop_makes_a_static_member_leave() -> None:
    class Coordinator:
        _group_instance_id: Any = "name"

    coordinator = Coordinator()
    leave_when_stopping(coordinator)
    assert coordinator._group_instance_id is None
