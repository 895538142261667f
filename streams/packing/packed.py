"""Where a table's content becomes the bytes that are written, and is read again: compressed, and how, said.

    one byte     the number of the dictionary
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

from streams.records import LARGEST_RECORD

DICTIONARY = 1
"""The number of the dictionary by which values are written now."""

LEVEL = 3
KNOWN = frozenset({1})
"""The numbers of all dictionaries by which values were ever written."""
_JSON = b"{"
# A value has no more than a record; what it holds may be several times as much, but not without a bound.
_LARGEST = 16 * LARGEST_RECORD


class NotPackedError(ValueError):
    """A value that is not packed as this release packs, or is damaged."""


def pack(content: bytes) -> bytes:
    """The bytes to be written."""
    return bytes((DICTIONARY,)) + _compressor().compress(content)


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
    frame = value[1:]
    try:
        if frame_content_size(frame) > _LARGEST:
            raise NotPackedError(f"the value grows beyond {_LARGEST >> 20} MiB when it is unpacked")
        return _decompressor(number).decompress(frame, max_output_size=_LARGEST, allow_extra_data=False)
    except ZstdError:
        raise NotPackedError("the value is damaged: its compressed data cannot be read") from None


def dictionary_file(number: int) -> Path:
    """Where the dictionary with this number lies."""
    return Path(__file__).with_name(f"{number}.zdict")


@cache
def _compressor() -> ZstdCompressor:
    known = ZstdCompressionDict(dictionary_file(DICTIONARY).read_bytes())
    known.precompute_compress(level=LEVEL)
    return ZstdCompressor(level=LEVEL, dict_data=known, write_dict_id=False)


@cache
def _decompressor(number: int) -> ZstdDecompressor:
    return ZstdDecompressor(dict_data=ZstdCompressionDict(dictionary_file(number).read_bytes()))
