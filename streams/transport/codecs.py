"""How records are compressed on the wire, and how that is undone: within bounds, whatever the bytes are.

aiokafka's own way decompresses at once and without a bound, so that a hundred kilobytes of somebody's zeros
can take the memory of the whole machine; and it takes a snappy stream's version for part of its mark, which
some clients write in the other byte order.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Literal

from aiokafka.codec import has_zstd

LARGEST_BATCH = 64 * 1024 * 1024
"""Bytes that a batch may have when it is decompressed. Brokers take a megabyte of it compressed."""

_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
_GZIP = 31
_GZIP_MARK = b"\x1f\x8b"
_STEP = 256 * 1024


def codec_to_write() -> Literal["zstd"] | None:
    """How what we send is compressed: not at all where the codec is not installed, which stops nobody."""
    return "zstd" if has_zstd() else None


class DecompressionError(Exception):
    """The reason, which quotes nothing of the bytes."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _gzip(data: bytes, most: int) -> Iterator[bytes]:
    while data:
        member = zlib.decompressobj(_GZIP)
        yield member.decompress(data, most + 1)
        while not member.eof:
            found = member.decompress(member.unconsumed_tail, most + 1)
            if not found and not member.eof:
                raise EOFError
            yield found
        data = member.unused_data
        if not data.startswith(_GZIP_MARK):
            return  # nothing that is compressed, and others pass over it too


def _snappy(data: bytes, most: int) -> Iterator[bytes]:
    from cramjam import snappy  # noqa: PLC0415 - a codec that is not installed must not stop the others

    if not data.startswith(_XERIAL):
        yield _snappy_block(snappy, data, most)
        return
    place = 0
    while place < len(data):
        if data.startswith(_XERIAL, place):
            # Streams may stand one behind the other. As the size of a block, the mark would be negative.
            place += _XERIAL_HEADER
            continue
        (size,) = struct.unpack_from(">i", data, place)
        place += 4
        if size < 0 or place + size > len(data):
            raise EOFError
        yield _snappy_block(snappy, data[place : place + size], most)
        place += size


def _snappy_block(snappy: object, block: bytes, most: int) -> bytes:
    if snappy.decompress_raw_len(block) > most:  # type: ignore[attr-defined]
        raise _too_large(most)
    return bytes(snappy.decompress_raw(block))  # type: ignore[attr-defined]


def _lz4(data: bytes, most: int) -> Iterator[bytes]:
    from lz4.frame import LZ4FrameDecompressor  # noqa: PLC0415 - the same

    frame = LZ4FrameDecompressor()
    yield frame.decompress(data, max_length=most + 1)
    while not frame.eof:
        found = frame.decompress(b"", max_length=most + 1)
        if not found and not frame.eof:
            raise EOFError
        yield found


def _zstd(data: bytes, most: int) -> Iterator[bytes]:
    from zstandard import ZstdDecompressor  # noqa: PLC0415 - the same

    del most  # it is read in small steps
    with ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        while found := reader.read(_STEP):
            yield found


CODECS: dict[int, tuple[str, Callable[[bytes, int], Iterator[bytes]]]] = {
    1: ("gzip", _gzip),
    2: ("snappy", _snappy),
    3: ("lz4", _lz4),
    4: ("zstd", _zstd),
}
"""Kafka's codecs by their number in a batch's attributes; 0 is none."""

_SAMPLE = b"jardem jardem jardem jardem jardem"
_SAMPLES = {
    1: "1f8b0800000000000203cb4a2c4a49cd55c8c24d0100b998775b22000000",
    2: "22186a617264656d206a0700",
    3: "04224d18684022000000000000002e110000007f6a617264656d2007000350617264656d00000000",
    4: "28b52ffd20226d0000386a617264656d2001000a8b11",
}


def decompress(codec: int, data: bytes, most: int = LARGEST_BATCH, head: bytes = b"") -> bytes:
    """Undo a codec of Kafka's, given by its number; what comes of it is put behind `head`.

    Raises:
        DecompressionError: it is unknown, not installed here, broken, or grows beyond `most`.
        MemoryError: memory is short, which says nothing of the data.
    """
    try:
        name, undo = CODECS[codec]
    except KeyError:
        raise DecompressionError(f"it is compressed in a way with the number {codec}, unknown here") from None
    try:
        return _together(head, undo(data, most), most)
    except (DecompressionError, MemoryError):
        raise
    except ImportError:
        raise DecompressionError(
            f"it is compressed with {name}, for which a library is missing here"
        ) from None
    except Exception as error:  # noqa: BLE001 - each library raises its own, and what it says may quote the data
        raise DecompressionError(f"its {name} data is broken ({type(error).__name__})") from None


def _together(head: bytes, parts: Iterator[bytes], most: int) -> bytes:
    found, size = [head], 0
    for part in parts:
        size += len(part)
        if size > most:
            raise _too_large(most)
        found.append(part)
    return b"".join(found)


def lacking() -> dict[str, str]:
    """The codecs that this installation cannot undo, by Kafka's names for them, each with the reason."""
    found = {}
    for number, (name, _) in CODECS.items():
        try:
            if decompress(number, bytes.fromhex(_SAMPLES[number])) != _SAMPLE:
                found[name] = "its library gives back something else than was compressed"
        except DecompressionError as error:
            found[name] = error.reason
    return found


def _too_large(most: int) -> DecompressionError:
    return DecompressionError(f"it grows beyond {most >> 20} MiB when it is decompressed")
