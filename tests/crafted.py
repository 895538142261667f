"""Record batches put together by hand: what a client of Kafka's would refuse to write, brokers take."""

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam
import lz4.frame
import zstandard
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "snappy blocks": 2, "lz4": 3, "zstd": 4}
_TRANSACTIONAL, CONTROL = 0x10, 0x20
XERIAL = b"\x82SNAPPY\x00"


@dataclass(frozen=True)
class Raw:
    """A record as bytes; `timestamp` is whatever number is to stand there."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    timestamp: int = 1_626_084_000_000


def varint(number: int) -> bytes:
    left, found = (number << 1) ^ (number >> 63), bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


def sized(data: bytes | None) -> bytes:
    return varint(-1) if data is None else varint(len(data)) + data


def body(record: Raw, offset: int, first: int) -> bytes:
    headers = b"".join(sized(name) + sized(value) for name, value in record.headers)
    return b"".join(
        (
            b"\x00",
            varint(record.timestamp - first),
            varint(offset),
            sized(record.key),
            sized(record.value),
            varint(len(record.headers)),
            headers,
        )
    )


def numbered(records: Sequence[Raw], deltas: Sequence[int]) -> bytes:
    """The records as they stand in a batch, each with the offset it is to say that it has."""
    first = records[0].timestamp
    return b"".join(sized(body(record, delta, first)) for record, delta in zip(records, deltas, strict=True))


def compressed(data: bytes, codec: str) -> bytes:
    match codec:
        case "gzip":
            return gzip.compress(data)
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(data))
        case "snappy blocks":
            # As Java writes it, but for the version, which some clients write in the other byte order.
            blocks = [
                bytes(cramjam.snappy.compress_raw(data[n : n + 32768])) for n in range(0, len(data), 32768)
            ]
            return XERIAL + struct.pack("<ii", 1, 1) + b"".join(struct.pack(">i", len(b)) + b for b in blocks)
        case "lz4":
            return bytes(lz4.frame.compress(data, block_linked=False))
        case "zstd":
            return bytes(zstandard.ZstdCompressor().compress(data))
        case _:
            return data


def batch(
    records: Sequence[Raw],
    codec: str = "none",
    *,
    base: int = 0,
    attributes: int = 0,
    producer: tuple[int, int, int] = (-1, -1, -1),
    payload: bytes | None = None,
    says: tuple[int, int] | None = None,
) -> bytes:
    """A batch of the format that brokers of today write, with a right checksum.

    `says` is how far behind the first offset its header puts the last one, and how many records it counts.
    """
    first = records[0].timestamp
    content = compressed(numbered(records, range(len(records))), codec) if payload is None else payload
    delta, count = says or (len(records) - 1, len(records))
    checked = struct.pack(
        ">hiqqqhii",
        attributes | CODECS[codec],
        delta,
        first,
        max(record.timestamp for record in records),
        *producer,
        count,
    )
    checked += content
    tail = struct.pack(">ib", -1, 2) + struct.pack(">I", calc_crc32c(checked)) + checked
    return struct.pack(">qi", base, len(tail)) + tail


class Crafted(BatchBuilder):  # type: ignore[misc] # aiokafka has no types
    """Such a batch, for aiokafka's `send_batch`, which knows of transactions and sequences."""

    def __init__(
        self, records: Sequence[Raw], codec: str, *, transactional: bool, payload: bytes | None = None
    ) -> None:
        super().__init__(1, 0)
        self._records, self._codec, self._payload = records, codec, payload
        self._attributes = _TRANSACTIONAL if transactional else 0
        self._relative_offset = len(records)
        self._producer = (-1, -1, -1)
        self.close()

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._producer = (producer_id, producer_epoch, base_sequence)

    def _build(self) -> bytes:
        return batch(
            self._records,
            self._codec,
            attributes=self._attributes,
            producer=self._producer,
            payload=self._payload,
        )

    def size(self) -> int:
        return len(self._build())
