import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import envelope
from streams.envelope import Envelope, UnreadableEnvelopeError
from streams.records import Outgoing

effects = st.builds(
    Outgoing,
    topic=st.text(min_size=1, max_size=8),
    key=st.none() | st.binary(max_size=8),
    value=st.none() | st.binary(max_size=20),
    headers=st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=8)), max_size=3).map(tuple),
    partition=st.none() | st.integers(0, 1000),
)
events = st.dictionaries(
    st.text(max_size=8),
    st.tuples(st.integers(0, 2**41), st.integers(0, 2**62), st.lists(effects, max_size=2)),
    max_size=4,
)
states = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(states, events)
def test_what_is_put_together_comes_apart_the_same(
    state: object, handled: dict[str, tuple[int, int, list[Outgoing]]]
) -> None:
    whole = Envelope(b"")
    for event_id, (timestamp, offset, sent) in handled.items():
        whole.remember(event_id, timestamp, offset, sent)
    written = envelope.dump(json.dumps(state, indent=1).encode(), whole.handled.values())
    parsed = json.loads(written)
    assert (parsed["version"], parsed["state"]) == (1, state)
    assert [line[:3] for line in parsed["handled"]] == [[i, t, o] for i, (t, o, _) in handled.items()]
    read = envelope.load(written)
    assert json.loads(read.state) == state
    assert {i: (h.timestamp, h.offset, h.effects()) for i, h in read.handled.items()} == handled
    assert envelope.dump(read.state, read.handled.values()) == written


@given(st.binary())
def test_what_is_no_envelope_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UnreadableEnvelopeError):
        envelope.load(data)


@given(st.data())
def test_a_cut_envelope_is_unreadable(data: st.DataObject) -> None:
    whole = Envelope(b"")
    whole.remember("one", 1, 1, [Outgoing("topic", b"k", b"v")])
    written = envelope.dump(b"{}", whole.handled.values())
    cut = data.draw(st.integers(0, len(written) - 1))
    with pytest.raises(UnreadableEnvelopeError):
        envelope.load(written[:cut])


def test_prune_forgets_the_old_but_never_the_uncommitted() -> None:
    whole = Envelope(b"")
    whole.remember("old", timestamp=10, offset=1, effects=[])
    whole.remember("old too", timestamp=11, offset=2, effects=[])
    whole.remember("old but not committed", timestamp=12, offset=7, effects=[])
    whole.prune(before=50, committed=7, most=100)
    assert set(whole.handled) == {"old but not committed"}


def test_prune_ends_at_the_first_that_is_young() -> None:
    whole = Envelope(b"")
    for number, timestamp in enumerate([10, 100, 20]):
        whole.remember(f"event-{number}", timestamp=timestamp, offset=number, effects=[])
    whole.prune(before=50, committed=7, most=100)
    assert list(whole.handled) == ["event-1", "event-2"], "a clock that went back loses nothing"


def test_prune_forgets_the_oldest_of_too_many() -> None:
    whole = Envelope(b"")
    for number in range(10):
        whole.remember(f"event-{number}", timestamp=100, offset=number, effects=[])
    whole.prune(before=50, committed=5, most=3)
    assert list(whole.handled) == [f"event-{number}" for number in range(5, 10)], "the rest is not committed"
    whole.prune(before=50, committed=10, most=3)
    assert list(whole.handled) == ["event-7", "event-8", "event-9"]


def test_effects_are_forgotten_up_to_what_is_committed_and_ids_are_not() -> None:
    sent = [Outgoing("topic", b"k", b"v")]
    whole = Envelope(b"{}")
    for number in range(4):
        whole.remember(f"event, {number}", timestamp=number, offset=number, effects=sent)
    whole.forget_effects(2)
    remembered = {key: (h.timestamp, h.offset, h.effects()) for key, h in whole.handled.items()}
    assert remembered == {f"event, {n}": (n, n, [] if n < 2 else sent) for n in range(4)}
    again = envelope.load(envelope.dump(whole.state, whole.handled.values()))
    again.forget_effects(4)
    assert [h.effects() for h in again.handled.values()] == [[]] * 4
