"""Where a table's content becomes the bytes that are written, and is read again: compressed, and how, said.

    one byte     the number of the dictionary
    two bytes    from dictionary 2 on: how many bytes of ids lie apart, the lowest byte first
    the ids      (`streams.packing.ids_apart`)
    the rest     a frame of Zstandard, without the dictionary's id in it

Small values hold little that repeats, so they are compressed against a dictionary of what such values hold:
the names of fields, texts, headers. It is a part of the format: a dictionary that was used once stays for
ever, and a better one gets the next number. JSON as it was written before begins with `{`, which is the
number of none, and is read as it is.
"""

from functools import cache
from pathlib import Path

from zstandard import (
    ZstdCompressionDict,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
    frame_content_size,
)

from streams.packing.ids_apart import lay_apart, put_back
from streams.records import LARGEST_RECORD

DICTIONARY = 2
"""The number of the dictionary by which values are written now."""

LEVEL = 3
KNOWN = frozenset({1, 2})
"""The numbers of all dictionaries by which values were ever written."""
_WITHOUT_IDS = 1
_SIZE = 2
_JSON = b"{"
_DAMAGED = "the value is damaged: its compressed data cannot be read"
# A value has no more than a record; what it holds may be several times as much, but not without a bound.
_LARGEST = 16 * LARGEST_RECORD


class NotPackedError(ValueError):
    """A value that is not packed as this release packs, or is damaged."""


def pack(content: bytes, number: int = DICTIONARY) -> bytes:
    """The bytes to be written. With another number they are what a release before would write."""
    if number == _WITHOUT_IDS:
        return b"%c%b" % (number, _compressor(number).compress(content))
    ids, text = lay_apart(content)
    return b"%c%b%b%b" % (number, len(ids).to_bytes(_SIZE, "little"), ids, _compressor(number).compress(text))


def unpack(value: bytes) -> bytes:
    """The content of what was written, by this release or one before.

    Raises:
        NotPackedError: it is damaged, or a newer release has written it.
    """
    if value[:1] == _JSON:
        return value
    number = value[0] if value else 0
    if number not in KNOWN:
        raise NotPackedError(
            "the value is not packed in a way that this jardem knows: run the one that wrote it"
        )
    begin = 1 if number == _WITHOUT_IDS else 1 + _SIZE + int.from_bytes(value[1 : 1 + _SIZE], "little")
    frame = value[begin:]
    try:
        grown = frame_content_size(frame)
    except ZstdError:
        raise NotPackedError(_DAMAGED) from None
    if grown > _LARGEST:
        raise NotPackedError(f"the value grows beyond {_LARGEST >> 20} MiB when it is unpacked")
    try:
        text = _decompressor(number).decompress(frame, max_output_size=_LARGEST, allow_extra_data=False)
        return put_back(value[1 + _SIZE : begin], text, _LARGEST)
    except (ZstdError, ValueError):
        raise NotPackedError(_DAMAGED) from None


def dictionary_file(number: int) -> Path:
    """Where the dictionary with this number lies."""
    return Path(__file__).with_name(f"{number}.zdict")


@cache
def _compressor(number: int) -> ZstdCompressor:
    known = ZstdCompressionDict(dictionary_file(number).read_bytes())
    known.precompute_compress(level=LEVEL)
    return ZstdCompressor(level=LEVEL, dict_data=known, write_dict_id=False)


@cache
def _decompressor(number: int) -> ZstdDecompressor:
    return ZstdDecompressor(dict_data=ZstdCompressionDict(dictionary_file(number).read_bytes()))
