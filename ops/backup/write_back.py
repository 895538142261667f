"""Writes a topic's records where they stood.

Before the first offset stand records that are deleted afterwards. Between two offsets nothing can be left out
but by transactions, whose marks take an offset each and which nobody sees: a hole of one offset is the mark
of a transaction that is committed with the record before it, a larger one is a transaction that is aborted.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ops.backup.manifest import Part, TopicPart
from ops.backup.record_file import BackupError, Kept, records_of
from streams.kafka_access import client_options
from streams.records import LARGEST_RECORD
from streams.settings.settings import Settings
from streams.transport.exact_headers import ExactBuilder, exact, odd

_AT_ONCE = 2000
_FILLER = b""
_LONG_AGO = 1
_MARK_SECONDS, _MARK_PAUSE = 60.0, 0.05


async def written_back(settings: Settings, folder: Path, topic: TopicPart) -> dict[int, int | None]:
    """Write all partitions of a topic; up to where the group has read each, in the offsets that hold now.

    Raises `BackupError` where a record does not come to stand where it stood.
    """
    async with _Writer(settings, topic.name) as writer:
        found: dict[int, int | None] = {}
        for part in topic.partitions:
            records = records_of(folder / part.file)
            if topic.compacted:
                found[part.partition] = await _dense(writer, part, records)
            else:
                await _exact(writer, part, records)
                found[part.partition] = part.committed
        return found


async def _dense(writer: "_Writer", part: Part, records: Iterator[Kept]) -> int | None:
    """Write without holes; how many of the records the group has read, None where it reads none of them."""
    read = 0
    for run in _runs(records, contiguous=False):
        await writer.plain(part.partition, run)
        if part.committed is not None:
            read += sum(record[0] < part.committed for record in run)
    return None if part.committed is None else read


async def _exact(writer: "_Writer", part: Part, records: Iterator[Kept]) -> None:
    """Write each record at the offset that it had, and nothing that anybody sees in between."""
    here = part.partition
    runs = _runs(records, contiguous=True)
    run = next(runs, None)
    await writer.fill(here, run[0][0] if run else part.end)
    while run:
        after = next(runs, None)
        hole = range(run[-1][0] + 1, after[0][0] if after else part.end)
        alone = run[-1:] if len(hole) == 1 else []
        await writer.plain(here, run[: len(run) - len(alone)], at=run[0][0])
        if alone:
            await writer.committed(here, alone[0])
        elif hole:
            await writer.aborted(here, hole)
        run = after


def _runs(records: Iterator[Kept], *, contiguous: bool) -> Iterator[list[Kept]]:
    """The records in groups that are sent together: some thousand, and without a hole where that is asked."""
    run: list[Kept] = []
    for record in records:
        if run and (len(run) >= _AT_ONCE or (contiguous and record[0] != run[-1][0] + 1)):
            yield run
            run = []
        run.append(record)
    if run:
        yield run


class _Writer:
    """Writes one topic, with transactions where there is need of them. Use as a context manager."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._plain = self._producer(enable_idempotence=True)
        self._transactions: AIOKafkaProducer | None = None
        self._ends: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        await self._plain.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._plain, self._transactions, self._ends):
            if each is not None:
                await each.stop()

    def _producer(self, **more: Any) -> AIOKafkaProducer:  # noqa: ANN401 - aiokafka has no types
        return AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            compression_type="zstd",
            max_batch_size=LARGEST_RECORD,
            max_request_size=LARGEST_RECORD,
            **more,
        )

    async def plain(self, partition: int, run: list[Kept], at: int | None = None) -> None:
        """Write records; `at` is where the first of them must come to stand."""
        sent = [await self._send(self._plain, partition, record) for record in run]
        for number, done in enumerate(await asyncio.gather(*sent)):
            self._check(partition, done.offset, None if at is None else at + number)

    async def committed(self, partition: int, record: Kept) -> None:
        """Write a record in a transaction of its own, whose mark stands behind it."""
        producer = await self._begun()
        done = await (await self._send(producer, partition, record))
        await producer.commit_transaction()
        self._check(partition, done.offset, record[0])
        await self._marked(partition, record[0] + 2)

    async def aborted(self, partition: int, hole: range) -> None:
        """Take up these offsets, two at least, with what nobody sees."""
        producer = await self._begun()
        await self._fill(producer, partition, len(hole) - 1)
        await producer.abort_transaction()
        await self._marked(partition, hole.stop)

    async def _marked(self, partition: int, end: int) -> None:
        """Wait for a transaction's mark: brokers write it some time after they have said that it is over."""
        here, deadline = TopicPartition(self._topic, partition), monotonic() + _MARK_SECONDS
        if self._ends is None:
            self._ends = AIOKafkaConsumer(
                **client_options(self._settings), isolation_level="read_uncommitted", enable_auto_commit=False
            )
            await self._ends.start()
        while (await self._ends.end_offsets([here]))[here] < end:
            if monotonic() > deadline:
                raise BackupError(f"{self._topic}[{partition}] does not come to its end at {end}")
            await asyncio.sleep(_MARK_PAUSE)

    async def fill(self, partition: int, count: int) -> None:
        """Take up the first offsets of a partition with what is deleted afterwards."""
        await self._fill(self._plain, partition, count)

    async def _begun(self) -> AIOKafkaProducer:
        if self._transactions is None:
            self._transactions = self._producer(transactional_id=f"jardem-restore-{self._topic}")
            await self._transactions.start()
        await self._transactions.begin_transaction()
        return self._transactions

    async def _fill(self, producer: AIOKafkaProducer, partition: int, count: int) -> None:
        while count:
            batch = producer.create_batch()
            while count and batch.append(timestamp=_LONG_AGO, key=None, value=_FILLER) is not None:
                count -= 1
            await (await producer.send_batch(batch, self._topic, partition=partition))

    async def _send(self, producer: AIOKafkaProducer, partition: int, record: Kept) -> Any:  # noqa: ANN401 - a future
        _, timestamp, key, value, headers = record
        named = exact(headers)
        if not odd(named):
            return await producer.send(
                self._topic, value, key, partition=partition, timestamp_ms=timestamp, headers=named
            )
        batch = ExactBuilder(LARGEST_RECORD, 0)
        batch.append(timestamp=timestamp, key=key, value=value, headers=named)
        batch.close()
        return await producer.send_batch(batch, self._topic, partition=partition)

    def _check(self, partition: int, offset: int, wanted: int | None) -> None:
        if wanted is not None and offset != wanted:
            raise BackupError(
                f"{self._topic}[{partition}]: a record that stood at {wanted} came to stand at {offset}: "
                "somebody else writes there. Delete the topics that were made, and begin anew"
            )
