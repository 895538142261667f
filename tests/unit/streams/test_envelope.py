import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import envelope
from streams.envelope import Envelope, UnreadableEnvelopeError
from streams.packing import packed
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

_SENT = [Outgoing("topic", b"k", b"v")]


def _of(handled: dict[str, tuple[int, int, list[Outgoing]]]) -> Envelope:
    whole = Envelope(b"")
    for event_id, (timestamp, offset, sent) in handled.items():
        whole.remember(event_id, timestamp, offset, sent)
    return whole


def _names(whole: Envelope, *known: str) -> list[str]:
    """Which of the ids that are known to have been handled are remembered, in their order."""
    by_digest = {envelope.digest(name): name for name in known}
    return [by_digest[each] for each in whole.handled]


@given(st.binary(), events, st.integers(0, 2**62))
def test_what_is_put_together_comes_apart_the_same(
    state: bytes, handled: dict[str, tuple[int, int, list[Outgoing]]], committed: int
) -> None:
    whole = _of(handled)
    whole.settle(committed)
    written = envelope.dump(whole, state)
    read = envelope.load(written)
    assert read.state == state
    assert read.handled.keys() == whole.handled.keys() == set(map(envelope.digest, handled))
    for event_id, (timestamp, offset, sent) in handled.items():
        found = read.find(event_id)
        assert found is not None
        if offset < committed:
            assert (found.settled, found.effects()) == (True, [])
            assert 0 <= found.timestamp - timestamp < 1000, "it is remembered a second longer at most"
        else:
            assert (found.timestamp, found.offset, found.effects()) == (timestamp, offset, sent)
    assert envelope.dump(read, read.state) == written


def test_a_value_of_before_is_read_and_written_anew() -> None:
    before = (
        b'{"version":1,"state":\n{"a":1}\n,"handled":[\n'
        b'["one, \\"1\\"",5000,7,[]],\n["two",6000,8,[["t","aw==","dg==",[["h","eA=="]],null]]]\n]}'
    )
    read = envelope.load(before)
    sent = [Outgoing("t", b"k", b"v", (("h", b"x"),))]
    assert json.loads(read.state) == {"a": 1}
    assert _names(read, 'one, "1"', "two") == ['one, "1"', "two"]
    for whole in (read, envelope.load(envelope.dump(read, read.state))):
        assert [h.effects() for h in whole.handled.values()] == [[], sent]
        assert [(h.timestamp, h.offset) for h in whole.handled.values()] == [(5000, 7), (6000, 8)]


@given(st.binary())
def test_what_is_no_envelope_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UnreadableEnvelopeError):
        envelope.load(data)


@given(st.data())
def test_a_cut_envelope_is_unreadable(data: st.DataObject) -> None:
    whole = _of({"one": (1, 1, _SENT), "two": (2, 2, _SENT)})
    whole.settle(2)
    written = envelope.dump(whole, b"{}")
    cut = data.draw(st.integers(0, len(written) - 1))
    with pytest.raises(UnreadableEnvelopeError):
        envelope.load(written[:cut])
    with pytest.raises(UnreadableEnvelopeError):
        envelope.load(written + b"more")


def test_a_newer_value_says_what_to_do() -> None:
    newer_envelope = bytes([envelope.VERSION + 1]) + bytes(8)
    newer_dictionary = envelope.dump(Envelope(b""), b"{}").replace(bytes([packed.DICTIONARY]), b"\xff", 1)
    for value in (newer_envelope, newer_dictionary):
        with pytest.raises(UnreadableEnvelopeError, match="run the"):
            envelope.load(value)


def test_every_dictionary_that_was_used_is_there() -> None:
    shipped = {int(each.stem) for each in Path(packed.__file__).parent.glob("*.zdict")}
    assert shipped == packed.KNOWN
    assert packed.DICTIONARY in packed.KNOWN


def test_prune_forgets_the_old_but_never_the_uncommitted() -> None:
    whole = _of({"old": (10, 1, []), "old too": (11, 2, []), "old but not committed": (12, 7, [])})
    whole.settle(7)
    whole.prune(before=50, most=100)
    assert _names(whole, "old but not committed") == ["old but not committed"]


def test_prune_ends_at_the_first_that_is_young() -> None:
    whole = _of({f"event-{n}": (timestamp, n, []) for n, timestamp in enumerate([10, 100, 20])})
    whole.settle(7)
    whole.prune(before=50, most=100)
    left = ["event-1", "event-2"]
    assert _names(whole, *left) == left, "a clock that went back loses nothing"


def test_prune_forgets_the_oldest_of_too_many() -> None:
    known = [f"event-{n}" for n in range(10)]
    whole = _of({name: (100, n, []) for n, name in enumerate(known)})
    whole.settle(5)
    whole.prune(before=50, most=3)
    assert _names(whole, *known) == known[5:], "the rest is not committed"
    whole.settle(10)
    whole.prune(before=50, most=3)
    assert _names(whole, *known) == known[7:]


def test_effects_are_forgotten_up_to_what_is_committed_and_ids_are_not() -> None:
    whole = _of({f"event, {n}": (n, n, _SENT) for n in range(4)})
    whole.settle(2)
    assert [h.effects() for h in whole.handled.values()] == [[], [], _SENT, _SENT]
    again = envelope.load(envelope.dump(whole, b"{}"))
    again.settle(4)
    assert [h.effects() for h in again.handled.values()] == [[]] * 4
    assert again.find("event, 0")
    assert again.find("event, 3")
    assert again.find("event, 4") is None


def test_effects_are_forgotten_up_to_what_is_acknowledged_and_their_records_stay_open() -> None:
    whole = _of({f"event, {n}": (n, n, _SENT) for n in range(4)})
    whole.settle(1, 3)
    read = envelope.load(envelope.dump(whole, b"{}"))
    assert [(h.settled, h.effects()) for h in read.handled.values()] == [
        (True, []),
        (False, []),
        (False, []),
        (False, _SENT),
    ]
    read.prune(before=50, most=0)
    assert len(read.handled) == 3, "whatever may be read again is known"


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_repeat_is_open_as_its_own_record_is(offset: int, repeat: int, acknowledged: int) -> None:
    whole = _of({"one": (1000, offset, _SENT), "two": (2000, 4, _SENT)})
    again = whole.remember_again("one", 3000, repeat, acknowledged)
    assert again.effects() == (_SENT if offset >= acknowledged else [])
    assert (again.timestamp, again.offset) == (3000, max(offset, repeat))
    assert _names(whole, "one", "two") == ["two", "one"]
    assert set(whole.open) == set(whole.handled)
    whole.settle(max(offset, repeat))
    assert not whole.handled[envelope.digest("one")].settled


def test_a_partition_that_was_made_anew_settles_what_is_its_own() -> None:
    """Offsets begin again; what was open before stays so, and stands in no other's way."""
    whole = _of({"before": (10, 1000, _SENT), "after": (20, 5, _SENT)})
    whole.settle(6)
    whole.remember("later", 30, 7, _SENT)
    whole.settle(8)
    kept = {name: found.effects() for name in ("before", "after", "later") if (found := whole.find(name))}
    assert kept == {"before": _SENT, "after": [], "later": []}


@given(st.binary(), st.text(), st.integers(0, 2**62), st.text())
def test_a_refused_record_is_known_by_its_offset_until_it_is_committed(
    state: bytes, event_id: str, offset: int, reason: str
) -> None:
    whole = Envelope(b"")
    whole.remember("taken", 1, offset + 1, _SENT)
    whole.refuse(event_id, offset, reason)
    read = envelope.load(envelope.dump(whole, state))
    assert (read.state, read.refusal(event_id, offset)) == (state, reason)
    assert read.refusal(event_id, offset + 1) is None
    taken = read.find("taken")
    assert taken is not None
    assert taken.effects() == _SENT
    assert read.handled.keys() == {envelope.digest("taken")}
    read.settle(offset)
    assert read.refusal(event_id, offset) == reason
    read.settle(offset + 1)
    assert read.refusal(event_id, offset) is None
    assert envelope.load(envelope.dump(read, state)).refused == {}


def test_a_value_with_a_refused_record_stays_readable() -> None:
    written = base64.b64decode(
        "AgAAAAABKLUv/SCONQMAtAQCAAAADQAAAJ2Mf18qx5Z0AIBuh3QBAAAIAB8A4QdvuGA1OF7/BwAaADF9BQAFdG9waWNrAgAAAHZj"
        "YXNlOiBpdCBoYXMgZW5kZWQK/CFkU2ajWsHPgEZVwFugIAR22HQSjzWf"
    )
    read = envelope.load(written)
    assert read.state == b'{"version":1}'
    assert read.refusal("refused", 7) == "refused case: it has ended"
    assert [found.offset for found in read.open.values()] == [8]
