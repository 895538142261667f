"""Makes topics and writes to them with aiokafka, for rivals that use it."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_BATCH_BYTES = 1 << 20
_PAUSE_SECONDS = 0.1


async def make_topics(admin: AIOKafkaAdminClient, topics: Sequence[NewTopic]) -> None:
    """Return when all have leaders: a consumer that starts before sees them after five minutes only."""
    await admin.create_topics(topics)
    while True:
        found = await admin.describe_topics([topic.name for topic in topics])
        parts = [part for topic in found for part in topic["partitions"]]
        if len(parts) == sum(topic.num_partitions for topic in topics) and not any(
            one["error_code"] for one in [*found, *parts]
        ):
            return
        await asyncio.sleep(_PAUSE_SECONDS)


class Writer:
    """One batch after the other: aiokafka's sender turns round with all of a processor while one waits."""

    def __init__(self, kafka: str) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_batch_size=_BATCH_BYTES)
        self._waiting: list[tuple[str, bytes, bytes | None, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Write until it is cancelled."""
        await self._producer.start()
        while await self._wake.wait():
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            sent = [await self._producer.send(topic, value, key) for topic, key, value, _ in waiting]
            await asyncio.gather(*sent)
            for *_, written in waiting:
                written.set_result(None)

    async def write(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Return when a record is acknowledged."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((topic, key, value, written))
        self._wake.set()
        await written
