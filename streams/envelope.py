"""The one value that a table keeps of an aggregate: its state, the ids handled, and the effects of the last.

One changelog record, so that the three cannot part. A record that was refused is remembered with its offset
and the reason, as long as it may be read again: the state has gone on by then, and might take it. A handled
event is remembered in one of two ways:

- **settled**, once its record is committed: only that it was handled is kept, for as long as a sender may
  repeat itself;
- **open**, as long as its record may be read again: with its record's offset, and with its effects until the
  broker has acknowledged the batch that they left with. Till then they are sent again with each repeat.

    byte 2                      the version
    number of settled events    4 bytes, as all numbers the lowest byte first
    each settled event          the digest of its id, 8 bytes, and its record's time in seconds, 4 bytes
    the rest, packed together by `streams.packing.packed`: what effects repeat of the state then costs little
        number of open events   4 bytes
        length of the state     4 bytes
        each open event         digest, 8 bytes; its record's time in milliseconds, its offset, and the length
                                of its effects, 8 bytes each; a refused record with the time -1, and its
                                reason in place of effects
        the state               the core's own JSON
        the effects             of each open event in turn (`streams.packing.effects`)

A summary may stand in front of it (`streams/summary.py`), which is not looked at here.

Of ids only digests are kept. That a new event has the digest of one of the 256 ids that a key remembers at
most, and is taken for its repeat, happens to one event in 10^16.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from struct import Struct
from struct import error as StructError  # noqa: N812 - an error of the standard library

from streams import summary
from streams.packing import effects as effects_bytes
from streams.packing import envelope_of_json
from streams.packing.packed import NotPackedError, pack, unpack
from streams.records import Outgoing

VERSION = 2
_HEAD = Struct("<BI")
_SETTLED = Struct("<8sI")
_SIZES = Struct("<II")
_OPEN = Struct("<8sqqQ")
_DIGEST = 8
_JSON = b"{"
_SECOND = 1000
_SETTLED_OFFSET = -1
_REFUSED = -1
_LATEST = 2**32 - 1


class UnreadableEnvelopeError(ValueError):
    """A table's value that is not an envelope of this version or one before."""


@dataclass(slots=True)
class Handled:
    """An event handled: its record's time in milliseconds UTC, and while it is open the record's offset.

    `packed` are its effects, as they are to be sent again; none once the broker has them.
    """

    timestamp: int
    offset: int = _SETTLED_OFFSET
    packed: bytes = b""

    def effects(self) -> list[Outgoing]:
        """The effects of the event, to be sent again."""
        return effects_bytes.load(self.packed)

    @property
    def settled(self) -> bool:
        """Whether its record is committed, so that it is never read again by its offset."""
        return self.offset == _SETTLED_OFFSET


@dataclass(slots=True)
class Envelope:
    """An aggregate's value, taken apart.

    `handled` are the events by their ids' digests, in their order, and `open` those of them that are open.
    `refused` are the reasons by the digests of a refused event's id and its record's offset, which is kept.
    """

    state: bytes
    handled: dict[bytes, Handled] = field(default_factory=dict)
    open: dict[bytes, Handled] = field(default_factory=dict)
    refused: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)

    def find(self, event_id: str) -> Handled | None:
        """The event with this id, if it was handled."""
        return self.handled.get(digest(event_id))

    def remember(self, event_id: str, timestamp: int, offset: int, effects: Sequence[Outgoing]) -> None:
        """Remember an event and its effects."""
        self.add(digest(event_id), Handled(timestamp, offset, effects_bytes.dump(effects)))

    def remember_again(self, event_id: str, timestamp: int, offset: int, acknowledged: int) -> Handled:
        """Remember a handled event by its repeat, which may be read again as well, for as long as a new one.

        What of its effects is not acknowledged is still to be sent again.
        """
        key = digest(event_id)
        handled = self.handled.pop(key)
        self.open.pop(key, None)
        packed = b"" if handled.offset < acknowledged else handled.packed
        again = Handled(max(handled.timestamp, timestamp), max(handled.offset, offset), packed)
        self.add(key, again)
        return again

    def refuse(self, event_id: str, offset: int, reason: str) -> None:
        """Remember that the record at this offset was refused. The same event in another one may be taken."""
        self.refused[_of_record(event_id, offset)] = offset, reason.encode(errors="surrogatepass")

    def refusal(self, event_id: str, offset: int) -> str | None:
        """Why the record at this offset was refused; None where it was not, or cannot be read again."""
        if not self.refused:
            return None
        found = self.refused.get(_of_record(event_id, offset))
        return found[1].decode(errors="surrogatepass") if found else None

    def settle(self, committed: int, acknowledged: int | None = None) -> None:
        """Forget the effects of events before the offset `acknowledged`: the broker has them.

        Events before `committed` are settled, since their records are never read again; without
        `acknowledged`, no more is known to be acknowledged. Effects hold what was said of people, and are
        most of a value.
        """
        for key in [key for key, handled in self.open.items() if handled.offset < committed]:
            handled = self.open.pop(key)
            handled.offset, handled.packed = _SETTLED_OFFSET, b""
        for handled in self.open.values():
            if handled.offset < (acknowledged or 0):
                handled.packed = b""
        for key in [key for key, (offset, _) in self.refused.items() if offset < committed]:
            del self.refused[key]

    def prune(self, before: int, most: int) -> None:
        """Forget the first events while they are settled, and older than `before` (ms) or beyond `most`.

        Open ones are kept whatever their time and number: they may be read again. It ends at the first event
        to be kept, since the others came after it; looking at all of them at each write would cost more than
        the rest of the writing.
        """
        many, old = len(self.handled) - most, []
        for number, (key, handled) in enumerate(self.handled.items()):
            if not handled.settled or (handled.timestamp >= before and number >= many):
                break
            old.append(key)
        for key in old:
            del self.handled[key]

    def add(self, key: bytes, handled: Handled) -> None:
        """Add an event by its id's digest."""
        self.handled[key] = handled
        if not handled.settled:
            self.open[key] = handled


def digest(event_id: str) -> bytes:
    """By what an event is remembered."""
    return blake2b(event_id.encode(errors="surrogatepass"), digest_size=_DIGEST).digest()


def _of_record(event_id: str, offset: int) -> bytes:
    """By what a refused record is remembered."""
    return digest(f"{offset} {event_id}")


def load(data: bytes) -> Envelope:
    """Take a table's value apart.

    Raises:
        UnreadableEnvelopeError: it is none of this release or one before.
    """
    data = summary.body(data)
    try:
        return _load_json(data) if data[:1] == _JSON else _load(data)
    except NotPackedError as error:
        raise UnreadableEnvelopeError(str(error)) from None
    except (ValueError, TypeError, StructError) as error:
        raise UnreadableEnvelopeError(f"not an envelope of version {VERSION} or before") from error


def dump(whole: Envelope, state: bytes) -> bytes:
    """Put a table's value together, with this state in place of the one that it had. It is JSON."""
    settled = [
        _SETTLED.pack(key, _seconds(each.timestamp))
        for key, each in whole.handled.items()
        if key not in whole.open
    ]
    return b"".join((_HEAD.pack(VERSION, len(settled)), *settled, pack(content(whole, state))))


def content(whole: Envelope, state: bytes) -> bytes:
    """What of a value is packed: all that is said of anybody."""
    heads = [
        _OPEN.pack(key, each.timestamp, each.offset, len(each.packed)) for key, each in whole.open.items()
    ]
    effects = [each.packed for each in whole.open.values()]
    for key, (offset, reason) in whole.refused.items():
        heads.append(_OPEN.pack(key, _REFUSED, offset, len(reason)))
        effects.append(reason)
    return b"".join((_SIZES.pack(len(heads), len(state)), *heads, state, *effects))


def _seconds(timestamp: int) -> int:
    """The next whole second, so that nothing is forgotten early."""
    return min(max(0, -(-timestamp // _SECOND)), _LATEST)


def _load(data: bytes) -> Envelope:
    version, count = _HEAD.unpack_from(data)
    if version != VERSION:
        raise NotPackedError(f"an envelope of version {version}: run the jardem that wrote it")
    place = _HEAD.size + count * _SETTLED.size
    if place > len(data):
        raise ValueError("an envelope that is cut")
    whole = Envelope(b"")
    for key, seconds in _SETTLED.iter_unpack(data[_HEAD.size : place]):
        whole.handled[key] = Handled(seconds * _SECOND)
    unpacked = unpack(data[place:])
    number, size = _SIZES.unpack_from(unpacked)
    begin = _SIZES.size + number * _OPEN.size
    whole.state = unpacked[begin : begin + size]
    place = begin + size
    for key, timestamp, offset, length in _OPEN.iter_unpack(unpacked[_SIZES.size : begin]):
        bytes_ = unpacked[place : place + length]
        if timestamp == _REFUSED:
            whole.refused[key] = offset, bytes_
        else:
            whole.add(key, Handled(timestamp, offset, bytes_))
        place += length
    if place != len(unpacked):
        raise ValueError("an envelope that is cut, or has something behind it")
    return whole


def _load_json(data: bytes) -> Envelope:
    state, rows = envelope_of_json.load(data)
    whole = Envelope(state)
    for event_id, timestamp, offset, effects in rows:
        whole.remember(event_id, timestamp, offset, effects)
    return whole
