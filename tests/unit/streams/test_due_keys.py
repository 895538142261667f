"""The heap of keys: like a list that is sorted anew each time, also while it is being sifted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import due_keys
from streams.due_keys import DueKeys

_ENTRY = st.tuples(st.integers(0, 40), st.sampled_from([b"", b"a", b"b", b"\x00", b"\xff" * 32]))


def filled(entries: list[tuple[int, bytes]]) -> DueKeys:
    due = DueKeys()
    for entry in entries:
        due.push(*entry)
    return due


@given(
    st.lists(_ENTRY, max_size=20),
    st.lists(st.one_of(_ENTRY, st.integers(0, 40), st.just("sift")), max_size=60),
)
def test_it_gives_what_a_sorted_list_would(
    begun: list[tuple[int, bytes]], steps: list[tuple[int, bytes] | int | str]
) -> None:
    """Each step pushes an entry, or pops what has come by an instant, or sifts a little."""
    due, model = filled(begun), set(begun)
    for step in steps:
        if isinstance(step, tuple):
            due.push(*step)
            model.add(step)
        elif isinstance(step, int):
            popped, first = due.pop(step), min(model, default=None)
            if first is None or first[0] > step:
                assert popped is None
            else:
                assert popped == first[1]
                model.remove(first)
        else:
            due.sift(lambda *_: True, 3)
        assert due.first == (min(model)[0] if model else None)


@given(st.lists(_ENTRY, min_size=1, max_size=50, unique=True), st.integers(1, 60))
def test_sifting_drops_what_does_not_hold_and_nothing_else(
    entries: list[tuple[int, bytes]], some: int
) -> None:
    due = filled(entries)
    held = set(entries[::2])
    for _ in range(len(entries)):
        due.sift(lambda at, key: (at, key) in held, some)
        if not due._old:
            break
    assert len(due) == len(held)
    found = []
    while (key := due.pop(40)) is not None:
        found.append(key)
    assert found == [key for _, key in sorted(held)]


def test_it_is_sifted_when_most_are_stale_and_not_over_and_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(due_keys, "_FEW", 10)
    due = DueKeys()
    for number in range(25):
        due.push(number, b"%d" % number)
    assert not due.needs_sifting(live=13)
    assert due.needs_sifting(live=3)
    due.sift(lambda *_: True, 100)
    assert not due.needs_sifting(live=3)
    for number in range(26):
        due.push(number, b"more")
    assert due.needs_sifting(live=3)
