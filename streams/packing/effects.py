"""Records to be sent, as they lie in a table's value until the broker is known to have them.

    topic, key, value, headers, one after the other, each with its length before it, and the partition

A signed document is base64 in JSON, in which no compression finds what stands beside it in the clear. So its
parts lie there as what they encode, and are encoded again when they are read; where that would not give back
the same bytes they are left as they are.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64Error
from collections.abc import Iterable, Sequence
from struct import Struct

from streams.records import Outgoing

_NONE = -1
_HEAD = Struct("<iiiiI")
_LENGTHS = Struct("<II")
_PIECE = Struct("<I")
# A JSON string that begins as every JWS does: with `{"` in base64.
_DOCUMENT = b'"eyJ'
_FOLDED = 1


def dump(effects: Iterable[Outgoing]) -> bytes:
    """The records as bytes. What `null_headers` says is not kept: no desk sends such headers."""
    return b"".join([_one(effect) for effect in effects])


def load(data: bytes) -> list[Outgoing]:
    """The records again. Raises `ValueError` and `struct.error` where they are cut or damaged."""
    found, place = [], 0
    while place < len(data):
        topic_size, key_size, value_size, partition, count = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        sizes = [_LENGTHS.unpack_from(data, place + n * _LENGTHS.size) for n in range(count)]
        place += count * _LENGTHS.size
        topic, place = _take(data, place, topic_size)
        key, place = _take(data, place, max(key_size, 0))
        value, place = _take(data, place, max(value_size, 0))
        headers = []
        for name_size, content_size in sizes:
            name, place = _take(data, place, name_size)
            content, place = _take(data, place, content_size)
            headers.append((name.decode(errors="surrogateescape"), content))
        found.append(
            Outgoing(
                topic.decode(),
                None if key_size == _NONE else key,
                None if value_size == _NONE else _folded(value),
                tuple(headers),
                None if partition == _NONE else partition,
            )
        )
    return found


def _one(effect: Outgoing) -> bytes:
    topic = effect.topic.encode()
    key = b"" if effect.key is None else effect.key
    value = b"" if effect.value is None else _unfolded(effect.value)
    headers = [(name.encode(errors="surrogateescape"), content) for name, content in effect.headers]
    head = _HEAD.pack(
        len(topic),
        _NONE if effect.key is None else len(key),
        _NONE if effect.value is None else len(value),
        _NONE if effect.partition is None else effect.partition,
        len(headers),
    )
    sizes = [_LENGTHS.pack(len(name), len(content)) for name, content in headers]
    texts = [part for header in headers for part in header]
    return b"".join((head, *sizes, topic, key, value, *texts))


def _take(data: bytes, place: int, size: int) -> tuple[bytes, int]:
    if size < 0 or place + size > len(data):
        raise ValueError("a record that is cut")
    return data[place : place + size], place + size


def _unfolded(value: bytes) -> bytes:
    """The value in pieces: each with its length before it, in whose last bit stands whether it was base64."""
    begin = value.find(_DOCUMENT)
    end = value.find(b'"', begin + 1) if begin >= 0 else -1
    if end < 0:
        return _pieces([(value, 0)])
    before, token, after = value[: begin + 1], value[begin + 1 : end], value[end:]
    pieces = [(before, 0)]
    for number, part in enumerate(token.split(b".")):
        pieces += [(b".", 0)] if number else []
        content = _decoded(part)
        pieces.append((part, 0) if content is None else (content, _FOLDED))
    return _pieces([*pieces, (after, 0)])


def _pieces(pieces: Sequence[tuple[bytes, int]]) -> bytes:
    return b"".join([_PIECE.pack(len(piece) << 1 | folded) + piece for piece, folded in pieces])


def _decoded(part: bytes) -> bytes | None:
    """What this base64 stands for, where encoding that gives the same."""
    try:
        content = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except NotBase64Error:
        return None
    return content if _encoded(content) == part else None


def _encoded(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _folded(value: bytes) -> bytes:
    parts, place = [], 0
    while place < len(value):
        (size,) = _PIECE.unpack_from(value, place)
        piece, place = _take(value, place + _PIECE.size, size >> 1)
        parts.append(_encoded(piece) if size & _FOLDED else piece)
    return b"".join(parts)
