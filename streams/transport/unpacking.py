"""Takes what a broker has sent of a partition apart into records, and never raises but for want of memory.

aiokafka's own unpacking raises at the first thing that it cannot read, and stands before it for ever. Here
what cannot be unpacked becomes a `NotUnpacked` with its place and its bytes, and the partition goes on
behind it. What an aborted transaction has written, and the broker's own marks, are passed over.

Nor is a record simply believed where it says that it stands. Whoever writes a batch may put any offsets into
its records, and a broker takes them as they are where the batch is not compressed: it looks only whether it
has as many records as places. Where that is so, a record stands in its turn; where compaction has taken some
away, it is believed as far as the batch goes.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence

from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.util import calc_crc32c
from faust.types import TP

from streams.records import LARGEST_RECORD, NotUnpacked, Record, instant
from streams.transport.codecs import DecompressionError, decompress

Item = Record | NotUnpacked

_LARGEST_READ = 2 * LARGEST_RECORD
_MOST_HEADERS = 1 << 18
_EACH = 200
_EACH_HEADER = 100


def weight(item: Item) -> int:
    """Bytes of memory that an item takes, more or less: its content, and what Python holds it in."""
    if isinstance(item, NotUnpacked):
        return _EACH + len(item.data)
    total = _EACH + len(item.key or b"") + len(item.value or b"") + _EACH_HEADER * len(item.headers)
    for name, content in item.headers:
        total += len(name) + len(content)
    return total


_LOG_OVERHEAD = 12
_MAGIC = 16
_HEADER = struct.Struct(">qiibIhiqqqhii")
_ATTRIBUTES = 21
_AFTER_ATTRIBUTES = 23
_CODEC, _APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_SMALLEST_LEGACY = 26
_NEWEST_FORMAT = 2
_ABORT = 0
_MORE = 0x80
_WIDEST = 63
_OUT_OF_PLACE = "a record in it says that it stands where it cannot stand"


class Unpacking:
    """What one fetch brought of a partition, as an iterator of what stands in it from `start` on.

    `aborted` are the transactions that did not come about: producer and first offset of each. `end` is where
    the log ended at the fetch; `all_there` says that more will not come if less than a batch has come.
    `next_fetch_offset` is where to go on; aiokafka looks at it between items.
    """

    def __init__(
        self,
        tp: TP,
        data: bytes,
        aborted: Sequence[tuple[int, int]] | None,
        start: int,
        end: int,
        *,
        all_there: bool = False,
    ) -> None:
        self.next_fetch_offset = start
        self._tp = tp
        self._data = data
        self._end = end
        self._all_there = all_there
        self._behind_last = 0
        self._to_abort = sorted(aborted or (), key=lambda entry: entry[1])
        self._aborting: set[int] = set()
        self._items = self._unpack()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        return next(self._items)

    def _unpack(self) -> Iterator[Item]:
        place, data = 0, self._data
        while len(data) - place > _LOG_OVERHEAD and self.next_fetch_offset < self._end:
            base, length = struct.unpack_from(">qi", data, place)
            stop = place + _LOG_OVERHEAD + length
            if stop < place + _SMALLEST_LEGACY:
                yield self._not_unpacked(data[place:], "it says that it is shorter than any record can be")
                return
            if stop > len(data):
                if self._all_there:
                    yield self._not_unpacked(data[place:], "it says that it is longer than what there is")
                return  # cut off by the broker, and whole in the next fetch
            yield from self._batch(base, data[place:stop], self._following(stop))
            place = stop

    def _following(self, place: int) -> int | None:
        """Where the batch at this place begins in the log, if there is one."""
        if len(self._data) - place < _LOG_OVERHEAD:
            return None
        (base,) = struct.unpack_from(">q", self._data, place)
        return int(base)

    def _batch(self, base: int, batch: bytes, following: int | None) -> Iterator[Item]:
        magic = batch[_MAGIC]
        if magic < _NEWEST_FORMAT:
            yield from self._legacy(base, batch, magic)
        elif magic > _NEWEST_FORMAT or len(batch) < _HEADER.size:
            last = min(following or base + 1, self._end) - 1
            yield self._not_unpacked(batch, f"its format has the number {magic}, unknown here", last)
        else:
            yield from self._current(base, batch, following)

    def _current(self, base: int, batch: bytes, following: int | None) -> Iterator[Item]:
        """A batch in the format that all brokers of today write."""
        header = _HEADER.unpack_from(batch)
        crc, attributes, delta, first, latest, producer = header[4:10]
        last, count = base + delta, header[12]
        if wrong := self._wrong(base, last, sound=calc_crc32c(batch[_ATTRIBUTES:]) == crc):
            # How many records it says it has may be what is wrong in it.
            bound = self._end if following is None else min(following, self._end)
            yield self._not_unpacked(batch, wrong, min(max(last, base), bound - 1))
            return
        self._behind_last = last + 1
        if self._passed_over(base, batch, attributes, producer) or last < self.next_fetch_offset:
            self._move_behind(last)
            return
        self.next_fetch_offset = max(self.next_fetch_offset, base)
        time = latest if attributes & _APPEND_TIME else first
        if count > delta + 1:
            yield self._rest(batch, "it says that it has more records than offsets", last, time)
            return
        if codec := attributes & _CODEC:
            try:
                opened = _opened(batch, codec)
            except DecompressionError as error:
                yield self._not_unpacked(batch, error.reason, last, time)
                return
        else:
            opened = batch
        # aiokafka would make objects of all headers of a record before anybody could count them.
        large = len(opened) > LARGEST_RECORD
        yield from self._one_by_one(opened, batch) if large else self._all(opened, batch, time)
        self._move_behind(last)

    def _all(self, opened: bytes, batch: bytes, time: int) -> Iterator[Item]:
        """The records of a batch, as aiokafka reads them wherever it can."""
        header = _HEADER.unpack_from(opened)
        expected, last = header[0], header[0] + header[6]
        full = header[12] == header[6] + 1
        try:
            for record in DefaultRecordBatch(opened):
                offset = expected if full else record.offset
                if not expected <= offset <= last:
                    yield self._rest(batch, _OUT_OF_PLACE, last, time)
                    return
                expected = offset + 1
                if offset >= self.next_fetch_offset:
                    found = self._record(offset, record.timestamp, record.key, record.value, record.headers)
                    self.next_fetch_offset = expected
                    yield found
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - aiokafka raises many things, and some of them hold the record
            yield from self._one_by_one(opened, batch)

    def _wrong(self, base: int, last: int, *, sound: bool) -> str | None:
        """What is wrong with a batch, before anything in it is looked at. Its place is in no checksum."""
        if not sound:
            return "its checksum is wrong"
        if not self._behind_last <= base <= last < self._end:
            return "it says that it stands where it cannot stand"
        return None

    def _passed_over(self, base: int, batch: bytes, attributes: int, producer: int) -> bool:
        """Whether the batch holds nothing for a reader: a mark, or what an aborted transaction wrote."""
        while self._to_abort and self._to_abort[0][1] <= base:
            self._aborting.add(self._to_abort.pop(0)[0])
        if attributes & _CONTROL:
            if _mark(batch) == _ABORT:
                self._aborting.discard(producer)
            return True
        return bool(attributes & _TRANSACTIONAL) and producer in self._aborting

    def _one_by_one(self, opened: bytes, batch: bytes) -> Iterator[Item]:
        """The records of a batch that is large, or of which one at least is not as aiokafka wants it."""
        header = _HEADER.unpack_from(opened)
        base, attributes, delta, first, latest = header[0], *header[5:9]
        count, place, expected = header[12], _HEADER.size, base
        last, full = base + delta, count == delta + 1
        time = latest if attributes & _APPEND_TIME else first
        for _ in range(count):
            try:
                body, place = _bytes(opened, place)
            except (IndexError, ValueError):
                body = None
            if not body:
                yield self._rest(batch, "its records end before the last one", last, time)
                return
            try:
                since, offset, place_of_key = _place(body)
                offset = expected if full else base + offset
                timestamp = latest if attributes & _APPEND_TIME else first + since
                found: Item
                if len(body) > _LARGEST_READ:
                    found = self._too_large(offset, body, timestamp)
                else:
                    found = self._record(offset, timestamp, *_content(body, place_of_key))
            except (IndexError, ValueError):
                reason = "its fields do not fit into it"
                found = NotUnpacked(*self._tp, expected, expected, reason, body, "record", latest)
            if not expected <= found.offset <= last:
                yield self._rest(batch, _OUT_OF_PLACE, last, time)
                return
            expected = found.offset + 1
            if found.offset >= self.next_fetch_offset:
                self.next_fetch_offset = expected
                yield found
        if place < len(opened):
            yield self._rest(batch, "there is more in it than the records that it says it has", last, time)

    def _legacy(self, base: int, batch: bytes, magic: int) -> Iterator[Item]:
        """A record, or several compressed into one, in a format from before Kafka 0.11."""
        try:
            opened = LegacyRecordBatch(batch, magic)
            wrong = self._wrong(base, base, sound=opened.validate_crc())
        except Exception as error:  # noqa: BLE001 - aiokafka raises many things, and some of them hold the record
            opened, wrong = None, _misbuilt(magic, error)
        if wrong:
            yield self._not_unpacked(batch, wrong, min(base, self._end - 1))
            return
        # Which offset is its first, it does not say; only that it is its last that it stands at.
        expected, self._behind_last = self._behind_last, base + 1
        if base < self.next_fetch_offset:
            return
        try:
            _bounded(batch, magic)
            for record in opened:
                if not expected <= record.offset <= base:
                    yield self._rest(batch, _OUT_OF_PLACE, base)
                    return
                expected = record.offset + 1
                if record.offset >= self.next_fetch_offset:
                    found = self._record(record.offset, record.timestamp, record.key, record.value, ())
                    self.next_fetch_offset = expected
                    yield found
        except DecompressionError as error:
            yield self._rest(batch, error.reason, base)
        except Exception as error:  # noqa: BLE001 - the same
            yield self._rest(batch, _misbuilt(magic, error), base)
        self._move_behind(base)

    def _record(
        self,
        offset: int,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> Record:
        time = instant(timestamp)
        nulls = frozenset(number for number, (_, content) in enumerate(headers) if content is None)
        return Record(
            self._tp.topic,
            self._tp.partition,
            offset,
            time,
            key,
            value,
            tuple((name, content or b"") for name, content in headers) if nulls else tuple(headers),  # type: ignore[arg-type]
            None if time else timestamp,
            nulls,
        )

    def _too_large(self, offset: int, body: bytes, timestamp: int) -> NotUnpacked:
        """A record of which no more is kept than a dead letter can bear."""
        reason = f"it is larger than {_LARGEST_READ >> 20} MiB"
        missing = f"the record had {len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}"
        kept = body[: LARGEST_RECORD // 2]
        return NotUnpacked(*self._tp, offset, offset, reason, kept, "record", timestamp, missing)

    def _not_unpacked(
        self, data: bytes, reason: str, last: int | None = None, timestamp: int | None = None
    ) -> NotUnpacked:
        """What stands at the present offset up to `last`, and move behind it."""
        offset = self.next_fetch_offset
        last = offset if last is None else max(last, offset)
        self._move_behind(last)
        return NotUnpacked(*self._tp, offset, last, reason, data, "batch", timestamp)

    def _rest(self, batch: bytes, reason: str, last: int, timestamp: int | None = None) -> NotUnpacked:
        """What is left of a batch that is known to end at `last`. The reading never goes beyond that.

        Where the records read have taken the last offset already, it is told of at that offset too: better
        than not at all.
        """
        offset = min(self.next_fetch_offset, last)
        self._move_behind(last)
        return NotUnpacked(*self._tp, offset, last, reason, batch, "batch", timestamp)

    def _move_behind(self, offset: int) -> None:
        self.next_fetch_offset = max(self.next_fetch_offset, offset + 1)


def _mark(batch: bytes) -> int | None:
    """What a broker's mark says: 0 that the transaction was aborted, 1 that it was committed."""
    try:
        _, begin = _varint(batch, _HEADER.size)
        body = batch[begin:]
        key, _, _ = _content(body, _place(body)[2])
        return int(struct.unpack_from(">HH", key or b"")[1])
    except (IndexError, ValueError, struct.error):
        return None


def _opened(batch: bytes, codec: int) -> bytes:
    """A batch as it was before it was compressed. Raises `DecompressionError`."""
    attributes = int.from_bytes(batch[_ATTRIBUTES:_AFTER_ATTRIBUTES]) & ~_CODEC
    head = batch[:_ATTRIBUTES] + attributes.to_bytes(2) + batch[_AFTER_ATTRIBUTES : _HEADER.size]
    return decompress(codec, batch[_HEADER.size :], head=head)


def _place(body: bytes) -> tuple[int, int, int]:
    """Timestamp and offset, both relative to the batch's first, and where what is behind them begins.

    Raises IndexError or ValueError where they are not in it.
    """
    time, place = _varint(body, 1)
    offset, place = _varint(body, place)
    return time, offset, place


_Content = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


def _content(body: bytes, place: int) -> _Content:
    """Key, value and headers, which begin there. Raises as `_place` does."""
    key, place = _bytes(body, place)
    value, place = _bytes(body, place)
    count, place = _varint(body, place)
    if count > _MOST_HEADERS:
        raise ValueError
    headers = []
    for _ in range(count):
        name, place = _bytes(body, place)
        content, place = _bytes(body, place)
        headers.append(((name or b"").decode("utf-8", "surrogateescape"), content))
    return key, value, headers


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number and the place behind it. aiokafka's own reads on behind the end of what it is given."""
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place += 1
        if byte < _MORE:
            return (number >> 1) ^ -(number & 1), place
        shift += 7
        if shift > _WIDEST:
            raise ValueError


def _bytes(body: bytes, place: int) -> tuple[bytes | None, int]:
    length, place = _varint(body, place)
    if length < 0:
        return None, place
    if place + length > len(body):
        raise IndexError
    return body[place : place + length], place + length


def _misbuilt(magic: int, error: Exception) -> str:
    """Why a record of an old format cannot be read. Want of memory is no reason, and raised again."""
    if isinstance(error, MemoryError):
        raise error
    return f"it is not built as format {magic} is ({type(error).__name__})"


def _bounded(batch: bytes, magic: int) -> None:
    """See that a compressed record of an old format stays within bounds. Raises `DecompressionError`."""
    codec = batch[_MAGIC + 1] & _CODEC
    if codec:
        place = _MAGIC + 2 + (8 if magic else 0)
        (key_size,) = struct.unpack_from(">i", batch, place)
        place += 4 + max(key_size, 0)
        decompress(codec, batch[place + 4 :])
