from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.deadlines import Deadline
from streams.clock import Clock
from streams.deadlines import _Heap
from streams.revisions import RESEND_SECONDS

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START.timestamp()
real = Clock().real


def at(seconds: float, name: str = "term", version: int = 1) -> Deadline:
    return Deadline(START + timedelta(seconds=seconds), name, version)


def test_what_elapses_comes_in_order_and_nothing_comes_early() -> None:
    heap = _Heap()
    heap.arm(b"late", [at(20)], real)
    heap.arm(b"soon", [at(5)], real)
    assert heap.due(NOW + 4.999) == []
    assert [key for key, _ in heap.due(NOW + 5)] == [b"soon"]
    assert [key for key, _ in heap.due(NOW + 20)] == [b"late"]


def test_a_deadline_that_was_moved_or_lifted_does_not_come() -> None:
    heap = _Heap()
    heap.arm(b"moved", [at(5)], real)
    heap.arm(b"moved", [at(9, version=2)], real)
    heap.arm(b"lifted", [at(5)], real)
    heap.arm(b"lifted", [], real)
    assert heap.due(NOW + 8) == []
    assert [(key, d.version) for key, d in heap.due(NOW + 9)] == [(b"moved", 2)]


def test_what_the_state_still_holds_comes_again_later() -> None:
    heap = _Heap()
    heap.arm(b"key", [at(0)], real)
    assert len(heap.due(NOW)) == 1
    assert heap.due(NOW + RESEND_SECONDS - 1) == []
    assert len(heap.due(NOW + RESEND_SECONDS)) == 1
    heap.arm(b"key", [], real)
    assert heap.due(NOW + 3 * RESEND_SECONDS) == []


def test_virtual_time_is_turned_into_real_time() -> None:
    clock = Clock(scale=86_400, origin=START)
    heap = _Heap()
    heap.arm(b"three days", [at(3 * 86_400)], clock.real)
    assert heap.due(NOW + 2.99) == []
    assert len(heap.due(NOW + 3)) == 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.lists(st.tuples(st.integers(0, 50), st.sampled_from("ab")), max_size=3)
        )
    ),
    st.integers(0, 60),
)
def test_exactly_what_is_armed_and_past_comes(
    arms: list[tuple[int, list[tuple[int, str]]]], passed: int
) -> None:
    heap, expected = _Heap(), {}
    for version, (key, wanted) in enumerate(arms):
        # A core gives each name once, and a new version with each change.
        deadlines = [at(seconds, name, version) for name, seconds in {n: s for s, n in wanted}.items()]
        heap.arm(b"%d" % key, deadlines, real)
        expected[b"%d" % key] = deadlines
    wanted_now = {
        (k, d) for k, ds in expected.items() for d in ds if d.at <= START + timedelta(seconds=passed)
    }
    assert set(heap.due(NOW + passed)) == wanted_now
