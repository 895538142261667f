"""The worker's look through the carrier's journal for numbers to which nothing goes any more (R34).

A number's page is written again only with its next message. What nobody writes any more would name the number
for ever, so what is over there is forgotten here.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

import structlog

from agents.rows import opened_rows
from schemas.stored import UnreadableValueError
from sms.sending import journal
from streams.app import StreamApp
from streams.clock import real_now
from streams.packing.packed import NotPackedError, pack, unpack
from streams.transport.stores import NotOwnedError, PartitionStore
from streams.transport.tables import BytesTable

_log = structlog.get_logger(__name__)

SILENT = timedelta(days=30)
"""How long after its last try nothing is remembered of a message that is not in doubt, in real time.

A message that the outbox brings once more must be known. The outbox keeps it for two weeks, and up to one
more until the file that it stands in is deleted.
"""
_FIRST = 15 * 60.0
_EVERY = 6 * 3600.0
_MANY = 500


class SilentNumbers:
    """Looks through the partitions that this worker owns, each while nothing is handed over in it.

    `first` and `every` are seconds of real time: what was not committed when all workers stopped is read
    again before the first look, however old it is.
    """

    def __init__(
        self, app: StreamApp, table: BytesTable, *, first: float = _FIRST, every: float = _EVERY
    ) -> None:
        """Register the task."""
        self._app = app
        self._table = table
        self._first = first
        self._every = every
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        app.task(self._run)

    def turn(self, partition: int) -> asyncio.Lock:
        """To be held by whoever reads pages of a partition and writes them afterwards."""
        return self._turns[partition]

    async def _run(self) -> None:
        await self._app.sleep(self._first)
        while not self._app.should_stop:
            await self._look(real_now() - SILENT)
            await self._app.sleep(self._every)

    async def _look(self, since: datetime) -> None:
        for partition in self._table.partitions_owned():
            try:
                store = self._table.partition(partition)
                found = await self._silent(store, since)
                for begin in range(0, len(found), _MANY):
                    await self._forget(partition, found[begin : begin + _MANY], since)
            except NotOwnedError:
                continue
            except Exception as error:  # noqa: BLE001 - it must not stop the worker; the next look does it
                _log.error("looking for silent numbers failed", error=type(error).__name__)

    async def _silent(self, store: PartitionStore, since: datetime) -> list[bytes]:
        """The keys of the pages that are not to stay as they are, those of erased numbers too."""
        found: list[bytes] = []
        rows = iter(store.items())
        while part := list(islice(rows, _MANY)):
            pages = await opened_rows(self._app, self._table, dict(part))
            found += [key for key, page in pages.items() if page is None or _left(page, since) != page]
            await asyncio.sleep(0)
        return found

    async def _forget(self, partition: int, keys: Iterable[bytes], since: datetime) -> None:
        async with self.turn(partition):
            store = self._table.partition(partition)
            # Whoever stood still may have lost the partition without having heard of it.
            if not (self._app.ready.is_set() and self._app.lease.valid()):
                return
            pages = await opened_rows(self._app, self._table, {key: store.get(key) for key in keys})
            values = {key: _left(page, since) for key, page in pages.items()}
            await self._app.send_table(self._table, partition, values, [])


def _left(value: bytes | None, since: datetime) -> bytes | None:
    """What is to be left of a page.

    What cannot be read as one stays: nobody can tell what was sent, or it is the mark of `InboundCheck`, or
    what is kept of the daily number of SMS.
    """
    try:
        page = journal.load(None if value is None else unpack(value))
    except (UnreadableValueError, NotPackedError):
        return value
    left = page.since(since)
    if left == page:
        return value
    return pack(journal.dump(left)) if left.entries else None
