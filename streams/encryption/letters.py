"""Dead letters as one sealed value: their own keys and headers are as foreign as what they hold.

In the clear there remain the headers that we have put to it: where it came from, and why it is there.
"""

from dataclasses import replace

from streams.dead_letters import OURS
from streams.encryption.sealed import NotOpenedError
from streams.records import Outgoing, Record

_LENGTH = 4
_NULL = b"\xff\xff\xff\xff"


def packed(letter: Outgoing) -> bytes:
    """Key, value and foreign headers of a letter, each with its length before it."""
    fields: list[bytes | None] = [letter.key, letter.value]
    for number, (name, value) in enumerate(letter.headers):
        if name not in OURS:
            fields += [
                name.encode(errors="surrogateescape"),
                None if number in letter.null_headers else value,
            ]
    return b"".join(_NULL if each is None else len(each).to_bytes(_LENGTH) + each for each in fields)


def bare(letter: Outgoing, value: bytes) -> Outgoing:
    """The letter with nothing but our headers, and this value."""
    ours = tuple(header for header in letter.headers if header[0] in OURS)
    return replace(letter, key=None, value=value, headers=ours, null_headers=frozenset())


def unpacked(record: Record, content: bytes) -> Record:
    """The record as it was before it was sealed: its own headers first. Raises `NotOpenedError`."""
    fields = _fields(content)
    if len(fields) < 2 or len(fields) % 2:  # noqa: PLR2004 - key and value, then pairs
        raise NotOpenedError("it is no letter of ours")
    key, value, *rest = fields
    names, values = rest[::2], rest[1::2]
    foreign = tuple(
        ((name or b"").decode(errors="surrogateescape"), each or b"")
        for name, each in zip(names, values, strict=True)
    )
    nulls = frozenset(number for number, each in enumerate(values) if each is None)
    return replace(record, key=key, value=value, headers=(*foreign, *record.headers), null_headers=nulls)


def _fields(content: bytes) -> list[bytes | None]:
    fields: list[bytes | None] = []
    at = 0
    while at < len(content):
        length = content[at : at + _LENGTH]
        at += _LENGTH
        if length == _NULL:
            fields.append(None)
            continue
        end = at + int.from_bytes(length)
        if end > len(content):
            raise NotOpenedError("it is no letter of ours")
        fields.append(content[at:end])
        at = end
    return fields
