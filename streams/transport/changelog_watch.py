"""Looks now and then whether another worker has written to a changelog of ours.

An owner that goes on writing notices it by the hole between its own writes (see
`streams.transport.changelog_writer`). One that has nothing to write would find out at its next event, and
whoever recovers the table before that would believe what is not true.
"""

from typing import cast

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.transport.consumer import Consumer
from streams.transport.host import Host
from streams.transport.producer import Producer
from streams.transport.stores import NotOwnedError
from streams.transport.tables import BytesTable

log = structlog.get_logger()


class ChangelogWatch:
    """Compares the ends of the changelogs owned with what this worker has written to them."""

    def __init__(self, app: Host) -> None:
        """Register the task with the application."""
        self._app = app
        app.task(self._run)

    async def _run(self) -> None:
        while not self._app.should_stop:
            await self._app.sleep(self._app.tuning.changelog_check)
            if self._app.ready.is_set():
                try:
                    await self._look()
                except (KafkaError, NotOwnedError) as error:
                    log.info("the changelogs' ends cannot be compared now", error=repr(error))

    async def _look(self) -> None:
        app = self._app
        consumer, changelogs = cast("Consumer", app.consumer), cast("Producer", app.producer).changelogs
        written: dict[TP, tuple[BytesTable, int]] = {}
        for table in cast("dict[str, BytesTable]", app.tables).values():
            for number in table.partitions_owned():
                offset = changelogs.settled(table, number)
                if offset is not None:
                    written[TP(table.changelog_topic_name, number)] = table, offset
        generation = app.consumer_generation_id
        ends = await consumer.highwaters(*written) if written else {}
        if app.should_stop or not app.ready.is_set() or app.consumer_generation_id != generation:
            return
        if not app.lease.valid():
            # Whoever stood still sees the writes of the new owner, before hearing that there is one.
            return
        for tp, (table, offset) in written.items():
            # What was written since the question was put would look like another's.
            if ends[tp] > offset and changelogs.settled(table, tp.partition) == offset:
                changelogs.repair_from(table, tp.partition, ends[tp])
