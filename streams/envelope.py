r"""The one value that a table keeps of an aggregate: its state, the ids handled, and the effects of each.

One changelog record, so that the three cannot part. It is JSON, laid out in lines so that it can be taken
apart and put together without parsing what has not changed (JSON text has no raw line break inside):

    {"version":1,"state":
    {...the core's own JSON...}
    ,"handled":[
    ["id",timestamp_ms,offset,[[topic,key,value,headers,partition],...]],
    ...
    ]}

Keys, values and header values of effects are base64. `timestamp_ms` and `offset` are those of the record by
which the event first came. Once that is committed nobody sends the effects again, and their list is empty.
"""

import json
from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams import summary
from streams.records import Outgoing

_quoted = json.encoder.encode_basestring_ascii

VERSION = 1
_HEAD = b'{"version":1,"state":'
_MIDDLE = b',"handled":['
_TAIL = b"]}"


class UnreadableEnvelopeError(ValueError):
    """A table's value that is not an envelope of this version."""


@dataclass(slots=True)
class Handled:
    """An event handled: when and where its record stood, and its effects as they were written."""

    timestamp: int
    offset: int
    line: bytes

    def effects(self) -> list[Outgoing]:
        """The effects of the event, to be sent again."""
        return [_effect(raw) for raw in json.loads(self.line)[3]]


@dataclass(slots=True)
class Envelope:
    """An aggregate's value, taken apart as far as needed; `handled` is in the order of the events.

    Of the records before offset `_bare_to` the effects are forgotten already.
    """

    state: bytes
    handled: dict[str, Handled] = field(default_factory=dict)
    _bare_to: int = 0

    def remember(self, event_id: str, timestamp: int, offset: int, effects: Sequence[Outgoing]) -> None:
        """Remember an event and its effects."""
        line = _line(event_id, timestamp, offset, effects)
        self.handled[event_id] = Handled(timestamp, offset, line)

    def prune(self, before: int, committed: int, most: int) -> None:
        """Forget the first events while their records are older than `before` (ms) or they are beyond `most`.

        Events whose records are not committed yet (from offset `committed` on) are kept whatever their
        timestamp and number: they may be read again. It ends at the first event to be kept, since the others
        came after it; looking at all of them at each write would cost more than the rest of the writing.
        """
        many, old = len(self.handled) - most, []
        for number, (key, h) in enumerate(self.handled.items()):
            if h.offset >= committed or (h.timestamp >= before and number >= many):
                break
            old.append(key)
        for key in old:
            del self.handled[key]

    def forget_effects(self, committed: int) -> None:
        """Forget the effects of events whose records are committed: they are never sent again.

        They hold what was said of people, and a value that nobody writes any more would keep them for ever.
        """
        for event_id, handled in reversed(self.handled.items()):
            if handled.offset < self._bare_to:
                break
            if handled.offset < committed:
                handled.line = _line(event_id, handled.timestamp, handled.offset, ())
        self._bare_to = committed


def load(data: bytes) -> Envelope:
    """Take a table's value apart.

    Raises:
        UnreadableEnvelopeError: it is not one of this version.
    """
    lines = summary.body(data).split(b"\n")
    if len(lines) < 4 or lines[0] != _HEAD or lines[2] != _MIDDLE or lines[-1] != _TAIL:  # noqa: PLR2004
        raise UnreadableEnvelopeError("not an envelope of version 1")
    handled = {}
    for line in lines[3:-1]:
        clean = line.removesuffix(b",")
        event_id, timestamp, offset = _line_head(clean)
        handled[event_id] = Handled(timestamp, offset, clean)
    return Envelope(lines[1], handled)


def dump(state: bytes, handled: Iterable[Handled]) -> bytes:
    """Put a table's value together. `state` is JSON."""
    if b"\n" in state:
        state = json.dumps(json.loads(state), ensure_ascii=False, separators=(",", ":")).encode()
    lines = b",\n".join([h.line for h in handled])
    return b"\n".join((_HEAD, state, _MIDDLE, lines, _TAIL) if lines else (_HEAD, state, _MIDDLE, _TAIL))


def _line(event_id: str, timestamp: int, offset: int, effects: Sequence[Outgoing]) -> bytes:
    raw = ",".join([_raw(effect) for effect in effects])
    return f"[{_quoted(event_id)},{timestamp},{offset},[{raw}]]".encode()


def _line_head(line: bytes) -> tuple[str, int, int]:
    try:
        event_id, timestamp, offset, _ = line.split(b",", 3)
        # An id with a comma or an escape in it has to be parsed.
        if len(event_id) < len('[""') or b"\\" in event_id or not event_id.endswith(b'"'):
            event_id, timestamp, offset, _ = json.loads(line)
            return str(event_id), timestamp, offset
        return event_id[2:-1].decode(), int(timestamp), int(offset)
    except ValueError as error:
        raise UnreadableEnvelopeError("a handled event that cannot be read") from error


def _text(data: bytes | None) -> str:
    return "null" if data is None else f'"{b2a_base64(data, newline=False).decode("ascii")}"'


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)


def _raw(effect: Outgoing) -> str:
    headers = ",".join([f"[{_quoted(name)},{_text(value)}]" for name, value in effect.headers])
    partition = "null" if effect.partition is None else effect.partition
    return f"[{_quoted(effect.topic)},{_text(effect.key)},{_text(effect.value)},[{headers}],{partition}]"


def _effect(raw: list[Any]) -> Outgoing:
    topic, key, value, headers, partition = raw
    return Outgoing(
        topic, _bytes(key), _bytes(value), tuple((n, b64decode(v)) for n, v in headers), partition
    )
