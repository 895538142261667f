import asyncio
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from streams.exits import Exit
from streams.transport import membership
from streams.transport.membership import Membership, end_when_expelled, leave_when_stopping

TOPICS = ["inbox", "inbox-changelog"]


def test_whoever_comes_again_has_the_name_from_before(tmp_path: Path) -> None:
    first = Membership.claim(tmp_path / "streams", TOPICS)
    first.release()
    again = Membership.claim(tmp_path / "streams", TOPICS)
    assert again.instance_id == first.instance_id


def test_a_name_is_nobody_elses_while_its_process_lives(tmp_path: Path) -> None:
    living = [Membership.claim(tmp_path, TOPICS) for _ in range(3)]
    assert len({member.instance_id for member in living}) == 3
    living[1].release()
    assert Membership.claim(tmp_path, TOPICS).instance_id == living[1].instance_id


def test_a_folder_copied_to_another_machine_brings_no_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Membership.claim(tmp_path, TOPICS)
    here.release()
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    assert Membership.claim(tmp_path, TOPICS).instance_id != here.instance_id


def test_a_folder_copied_on_the_same_machine_brings_no_double(tmp_path: Path) -> None:
    here = Membership.claim(tmp_path / "here", TOPICS)
    shutil.copytree(tmp_path / "here", tmp_path / "copy")
    assert Membership.claim(tmp_path / "copy", TOPICS).instance_id != here.instance_id


def test_whoever_reads_other_topics_is_somebody_else(tmp_path: Path) -> None:
    before = Membership.claim(tmp_path, TOPICS)
    before.release()
    after = Membership.claim(tmp_path, [*TOPICS, "outbox"])
    after.release()
    assert after.instance_id != before.instance_id
    assert Membership.claim(tmp_path, reversed(TOPICS)).instance_id == before.instance_id


@pytest.mark.parametrize("torn", [b"", b"5a1c", b"\xff\x00" * 40])
def test_a_torn_file_gets_a_new_name(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "member-0").write_bytes(torn)
    first = Membership.claim(tmp_path, TOPICS)
    first.release()
    assert Membership.claim(tmp_path, TOPICS).instance_id == first.instance_id


def test_an_orderly_stop_makes_a_static_member_leave() -> None:
    class Coordinator:
        _group_instance_id: Any = "name"

    coordinator = Coordinator()
    leave_when_stopping(coordinator)
    assert coordinator._group_instance_id is None


async def test_a_group_that_cannot_be_joined_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[Exit] = []

    def end(code: Exit, *_: Any, **__: Any) -> None:
        ends.append(code)

    monkeypatch.setattr(membership, "end_process", end)

    class Coordinator:
        def __init__(self, routine: Any) -> None:
            self._coordination_task = asyncio.ensure_future(routine)

        async def _push_error_to_user(self, error: BaseException) -> None:
            raise AssertionError(error)

    async def fails() -> None:
        raise ZeroDivisionError

    failing, sound = Coordinator(fails()), Coordinator(asyncio.sleep(0))
    for coordinator in (failing, sound):
        end_when_expelled(coordinator)
        await asyncio.wait({coordinator._coordination_task})
        await asyncio.sleep(0)
    assert ends == [Exit.CRASHED], "only the one that failed"
    await sound._push_error_to_user(ValueError("fenced"))
    assert ends == [Exit.CRASHED] * 2
