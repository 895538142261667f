"""When deadlines are told, how many at once, and to whom again."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.deadlines import Deadline
from streams import deadlines as module
from streams.app import StreamApp
from streams.clock import Clock
from streams.deadlines import Deadlines
from streams.records import Outgoing
from streams.revisions import RESEND_SECONDS
from streams.summary import NOTHING, Summary, microseconds
from streams.tuning import Tuning

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = 1_000_000

Told = tuple[bytes, Deadline]


@dataclass
class Time:
    """The wall's time and a monotonic one, in seconds from the start."""

    passed: float = 0.0

    def wall(self) -> int:
        return microseconds(START) + int(self.passed * SECOND)

    def monotonic(self) -> float:
        return self.passed


time = Time()


@pytest.fixture(autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_now", time.wall)
    monkeypatch.setattr(module, "monotonic", time.monotonic)
    time.passed = 0
    yield
    time.passed = 0


def at(seconds: float, name: str = "term", version: int = 1) -> Deadline:
    return Deadline(START + timedelta(seconds=seconds), name, version)


def summarised(found: Sequence[Deadline]) -> Summary:
    first = min((microseconds(each.at) for each in found), default=None)
    return Summary(first, len(found))


@dataclass
class States:
    """One partition's keys and what they wait for, with the deadlines that look at it."""

    most: int = 64
    clock: Clock = field(default_factory=Clock)
    pressed: bool = False
    held: dict[bytes, Sequence[Deadline]] = field(default_factory=dict)
    deadlines: Deadlines = field(init=False)

    def __post_init__(self) -> None:
        tuning = Tuning(most_elapsed=self.most)
        app = SimpleNamespace(task=lambda _: None, clock=self.clock, tuning=tuning)
        self.deadlines = Deadlines(cast("StreamApp", app), "inbox", self, lambda: self.pressed)

    def summary_of(self, partition: int, key: bytes) -> Summary:
        assert partition == 0
        return summarised(self.held.get(key, ()))

    async def deadlines_of(
        self, partition: int, names: Sequence[bytes]
    ) -> Mapping[bytes, Sequence[Deadline]]:
        assert partition == 0
        return {name: self.held.get(name, ()) for name in names}

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        raise AssertionError((key, deadline))

    def write(self, key: bytes, *found: Deadline) -> None:
        before = self.summary_of(0, key)
        self.held[key] = found
        self.deadlines.change(0, key, before, summarised(found))

    def recover(self) -> None:
        self.deadlines.drop(0)
        for key, found in self.held.items():
            self.deadlines.change(0, key, NOTHING, summarised(found))

    def due(self, passed: float, most: int = 64) -> list[Told]:
        time.passed = passed
        return asyncio.run(self.deadlines._due(0, most))


def test_what_elapses_comes_in_order_and_nothing_comes_early() -> None:
    states = States()
    states.write(b"late", at(20))
    states.write(b"soon", at(5))
    assert states.due(4.999999) == []
    assert [key for key, _ in states.due(5)] == [b"soon"]
    assert [key for key, _ in states.due(20)] == [b"late"]


def test_a_deadline_that_was_moved_or_lifted_does_not_come() -> None:
    states = States()
    states.write(b"moved", at(5))
    states.write(b"moved", at(9, version=2))
    states.write(b"lifted", at(5))
    states.write(b"lifted")
    assert states.due(8) == []
    assert [(key, d.version) for key, d in states.due(9)] == [(b"moved", 2)]


def test_what_the_state_still_holds_comes_again_later_and_the_next_one_at_its_own_instant() -> None:
    states = States()
    states.write(b"key", at(0), at(30, "next"))
    assert [d.name for _, d in states.due(0)] == ["term"]
    assert states.due(29.9) == []
    assert [d.name for _, d in states.due(30)] == ["term", "next"]
    assert states.due(30 + RESEND_SECONDS - 1) == []
    assert len(states.due(30 + RESEND_SECONDS)) == 2
    states.write(b"key")
    assert states.due(3 * RESEND_SECONDS) == []


def test_virtual_time_is_turned_into_real_time() -> None:
    states = States(clock=Clock(scale=86_400, origin=START))
    states.write(b"three days", at(3 * 86_400))
    assert states.due(2.99) == []
    assert len(states.due(3)) == 1


def test_only_so_many_are_under_way_and_the_earliest_come_first() -> None:
    states = States(most=64)
    for number in range(200):
        states.write(b"%03d" % number, at(number / 1000))
    first = states.due(1)
    assert [key for key, _ in first] == [b"%03d" % number for number in range(64)]
    assert states.due(2) == []
    for key, _ in first[:10]:
        states.write(key)
    states.deadlines.handled(0, first[10][0])
    assert [key for key, _ in states.due(3)] == [b"%03d" % number for number in range(64, 75)]


def test_what_nobody_handles_keeps_the_others_waiting_for_a_minute_at_most() -> None:
    states = States(most=8)
    for number in range(16):
        states.write(b"%02d" % number, at(0))
    assert len(states.due(0, 8)) == 8
    assert states.due(RESEND_SECONDS - 1, 8) == []
    assert {key for key, _ in states.due(RESEND_SECONDS, 8)} == {b"%02d" % number for number in range(8, 16)}


def test_a_recovery_knows_what_was_armed_and_no_more() -> None:
    states = States()
    states.write(b"a", at(5), at(9, "next"))
    states.write(b"b", at(7))
    states.write(b"b")
    states.recover()
    assert states.deadlines.waiting() == 2
    assert [key for key, _ in states.due(8)] == [b"a"]


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.integers(0, 5),
                st.lists(st.tuples(st.integers(0, 50), st.sampled_from("ab")), max_size=3),
            ),
            st.just("recover"),
            st.just("sift"),
        )
    ),
    st.integers(0, 50),
)
def test_exactly_what_is_armed_and_past_comes(
    steps: list[tuple[int, list[tuple[int, str]]] | str], passed: int
) -> None:
    time.passed = 0
    states = States()
    for version, step in enumerate(steps):
        if isinstance(step, tuple):
            # A core gives each name once, and a new version with each change.
            found = [at(seconds, name, version) for name, seconds in {n: s for s, n in step[1]}.items()]
            states.write(b"%d" % step[0], *found)
        elif step == "recover":
            states.recover()
        else:
            states.deadlines._partitions[0].due._sift_above = 0
            states.deadlines._sift()
    wanted = {
        (k, d) for k, ds in states.held.items() for d in ds if d.at <= START + timedelta(seconds=passed)
    }
    assert set(states.due(passed)) == wanted


async def test_a_burst_is_told_as_it_is_handled_and_under_pressure_less_at_once() -> None:
    sent: list[int] = []
    states = States(most=64)

    async def send_all(outgoing: Sequence[Outgoing]) -> None:
        sent.append(len(outgoing))

    states.elapsed = lambda key, _: Outgoing("inbox", key, b"")  # type: ignore[method-assign,assignment]
    states.deadlines._app.send_all = send_all  # type: ignore[method-assign,assignment]
    for number in range(100):
        states.write(b"%02d" % number, at(0))
    states.pressed = True
    await states.deadlines._send()
    states.pressed = False
    await states.deadlines._send()
    assert sent == [8, 56]
    states.deadlines._sooner.clear()
    for key in list(states.deadlines._partitions[0].window._told)[:32]:
        states.write(key)
    assert states.deadlines._sooner.is_set()
    await asyncio.sleep(0)
    assert states.summary_of(0, b"00") == NOTHING
