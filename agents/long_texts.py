"""Where the parts of long texts are kept: a row in each partition of the carrier's table.

The row stands under a key that no number has. A part comes by the outbox, whose partition is its number's, so
that all parts of a text meet here, whichever processes the operator brought them to.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import structlog

from agents.rows import opened_rows
from schemas.ids import Pseudonyms
from schemas.messages import MessageReceived, TextPartReceived
from schemas.stored import NewerValueError, UnreadableValueError
from sms.sending import long_texts
from streams.app import StreamApp
from streams.clock import real_now
from streams.events import inbox_record
from streams.records import Outgoing
from streams.transport.stores import NotOwnedError
from streams.transport.tables import BytesTable

_log = structlog.get_logger(__name__)

KEY = b"long-texts"
_SECONDS_BETWEEN_LOOKS = 5.0


class LongTextsTable:
    """Keeps the parts of the partitions that this worker owns, and looks for those that wait in vain."""

    def __init__(self, app: StreamApp, table: BytesTable, pseudonyms: Pseudonyms) -> None:
        """Register the task."""
        self._app = app
        self._table = table
        self._pseudonyms = pseudonyms
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        app.task(self._run)

    async def take(self, partition: int, parts: Sequence[TextPartReceived]) -> None:
        """Note parts of numbers of this partition, and send the texts that are whole to the SMS desk.

        Returns when the broker has it all.
        """
        if not parts:
            return
        async with self._turns[partition]:
            texts = await self._load(partition)
            events: list[MessageReceived] = []
            for part in parts:
                now = self._app.clock.real(part.received_at)
                texts, ready = texts.take(part, now, self._pseudonyms.id)
                events += ready
            rows = {KEY: long_texts.dump(texts)}
            await self._app.send_table(self._table, partition, rows, self._records(events))

    async def _run(self) -> None:
        while not self._app.should_stop:
            await self._app.sleep(_SECONDS_BETWEEN_LOOKS)
            for partition in self._table.partitions_owned():
                try:
                    await self._look(partition)
                except NotOwnedError:
                    continue
                except Exception as error:  # noqa: BLE001 - it must not stop the worker; the next look does it
                    _log.error("looking for unfinished texts failed", error=type(error).__name__)

    async def _look(self, partition: int) -> None:
        async with self._turns[partition]:
            # Whoever stood still may have lost the partition without having heard of it.
            if not (self._app.ready.is_set() and self._app.lease.valid()):
                return
            texts = await self._load(partition)
            kept, late = texts.due(real_now(), self._pseudonyms.id)
            if kept != texts:
                if late:
                    _log.warning("texts are read without the parts that did not come", texts=len(late))
                # First the texts: a worker that dies in between hands them over again, under the same sids.
                await self._app.send_all(self._records(late))
                await self._app.send_table(self._table, partition, {KEY: long_texts.dump(kept)}, [])

    async def _load(self, partition: int) -> long_texts.LongTexts:
        rows = await opened_rows(self._app, self._table, {KEY: self._table.partition(partition).get(KEY)})
        try:
            return long_texts.load(rows[KEY])
        except NewerValueError:
            raise
        except UnreadableValueError:
            _log.error("the parts of long texts can't be read: beginning anew", partition=partition)
            return long_texts.LongTexts()

    def _records(self, events: Sequence[MessageReceived]) -> list[Outgoing]:
        return [inbox_record(event, self._pseudonyms) for event in events]
