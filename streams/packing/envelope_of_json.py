r"""The envelope of version 1, as 0.1.0 wrote it: JSON in lines. It is read, and never written any more.

    {"version":1,"state":
    {...the core's own JSON...}
    ,"handled":[
    ["id",timestamp_ms,offset,[[topic,key,value,headers,partition],...]],
    ...
    ]}

Keys, values and header values of effects are base64.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from streams.records import Outgoing

_HEAD = b'{"version":1,"state":'
_MIDDLE = b',"handled":['
_TAIL = b"]}"
_FEWEST = 4

Row = tuple[str, int, int, list[Outgoing]]
"""An event handled: its id, its record's timestamp in milliseconds and offset, and its effects."""


def load(data: bytes) -> tuple[bytes, Iterator[Row]]:
    """The state's JSON, and the events handled. Raises `ValueError`, for an event when its turn comes."""
    lines = data.split(b"\n")
    if len(lines) < _FEWEST or lines[0] != _HEAD or lines[2] != _MIDDLE or lines[-1] != _TAIL:
        raise ValueError("not an envelope of version 1")
    return lines[1], (_row(line.removesuffix(b",")) for line in lines[3:-1])


def _row(line: bytes) -> Row:
    event_id, timestamp, offset, effects = json.loads(line)
    return str(event_id), int(timestamp), int(offset), [_effect(raw) for raw in effects]


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)


def _effect(raw: list[Any]) -> Outgoing:
    topic, key, value, headers, partition = raw
    return Outgoing(
        topic, _bytes(key), _bytes(value), tuple((n, b64decode(v)) for n, v in headers), partition
    )
