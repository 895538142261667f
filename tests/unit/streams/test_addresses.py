"""Where a server of ours finds its address taken, it says which variable to set, and to what."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from streams.app import StreamApp
from streams.errors import AddressTakenError, AddressUnusableError, FolderError, UserError, make_folder
from streams.health import Health
from streams.settings.values import Address


@pytest.fixture
def taken() -> Iterator[Address]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield Address("127.0.0.1", listening.getsockname()[1])


async def test_a_worker_beside_another_is_told_to_answer_elsewhere(taken: Address) -> None:
    health = Health(cast("StreamApp", None))
    with pytest.raises(AddressTakenError) as refused:
        await health.start(taken)
    [problem] = refused.value.problems
    assert problem.startswith(f"JARDEM_HEALTH_BIND is {taken}, where something listens already")
    assert "set it to another address, to port 0 for any that is free, or to off" in problem
    assert refused.value.exit_code == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_an_address_that_is_not_this_machines_is_said(host: str) -> None:
    with pytest.raises(AddressUnusableError) as refused:
        await Health(cast("StreamApp", None)).start(Address(host, 0))
    [problem] = refused.value.problems
    assert problem.startswith(f"JARDEM_HEALTH_BIND is {host}:0, where this process cannot listen")


async def test_port_zero_takes_a_free_one(taken: Address) -> None:
    health = Health(cast("StreamApp", None))
    listening = await health.start(Address(taken.host, 0))
    try:
        assert Address.parse(listening).port not in (0, taken.port)
    finally:
        await health.stop()


def test_every_refusal_is_lines_for_the_user() -> None:
    error = UserError("one", "two")
    assert error.problems == ("one", "two")
    assert str(error) == "one; two"


def test_a_folder_is_made_or_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "a" / "b", "IT")
    assert (tmp_path / "a" / "b").is_dir()
    # Whoever runs the tests may be allowed to write everywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FolderError, match=r"b cannot be written \(Permission denied\): set IT to a folder"):
        make_folder(tmp_path / "a" / "b", "IT")
