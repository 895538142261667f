"""The producer: idempotent, waiting for every send, and ending the process at the first lost one (M6, M7)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from aiokafka import AIOKafkaProducer
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer as FaustProducerBuffer

from streams.exits import Exit, end_process
from streams.lease import leased
from streams.records import Outgoing

if TYPE_CHECKING:
    from streams.app import StreamApp
    from streams.tables import BytesTable


class ProducerBuffer(FaustProducerBuffer):
    """Faust's buffer of messages sent with `send_soon`, which knows of each until the broker has it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.outstanding: set[asyncio.Future[Any]] = set()

    def put(self, fut: Any) -> None:  # noqa: ANN401 - Faust's own signature
        """Take a message, to be sent soon."""
        self.outstanding.add(fut)
        fut.add_done_callback(self.outstanding.discard)
        super().put(fut)

    async def flush(self) -> None:
        """M6: wait until the broker has answered for every message taken.

        `faust/transport/producer.py`, `flush_atmost`, gives up after 100 ms without progress, so that the
        commit runs while changelog writes are under way; they may still be lost, and their events are not
        read again.
        """
        while self.outstanding:
            await asyncio.wait(set(self.outstanding))


class Producer(driver.Producer):
    """An idempotent producer that waits for all replicas and ends the process at the first lost send."""

    app: "StreamApp"

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.buffer = ProducerBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app

    def _settings_extra(self) -> Mapping[str, Any]:
        """M6: idempotent and acknowledged by all in-sync replicas: a retry neither doubles nor reorders."""
        return {"acks": "all", "enable_idempotence": True}

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        return leased(super()._new_producer(transactional_id), self.app.lease)

    async def send(self, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - Faust's own signature
        """Send one record; the future is done when the broker has it."""
        topic = args[0] if args else kwargs["topic"]
        try:
            future = cast("asyncio.Future[Any]", await super().send(*args, **kwargs))
        except Exception as error:
            self.on_lost(str(topic), error)
            raise
        future.add_done_callback(lambda done: self._check(str(topic), done))
        return future

    def _check(self, topic: str, done: asyncio.Future[Any]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self.on_lost(topic, error)

    def on_lost(self, topic: str, error: BaseException) -> None:
        """M7: the first lost send ends the process, before anything is committed.

        `faust/topics.py`, `_on_published`, only logs a failed send; the event is acknowledged and its effect
        is gone. An orderly stop would commit and can hang, so the process is ended at once.
        """
        end_process(Exit.LOST_SEND, "a send was lost", topic=topic, error=f"{type(error).__name__}: {error}")

    async def send_all(self, outgoing: Iterable[Outgoing]) -> None:
        """Send records and wait until the broker has every one of them."""
        futures = [
            await self.send(o.topic, o.key, o.value, o.partition, None, list(o.headers)) for o in outgoing
        ]
        if futures:
            await asyncio.gather(*futures)

    async def send_table(
        self,
        table: "BytesTable",
        partition: int,
        values: Mapping[bytes, bytes],
        outgoing: Iterable[Outgoing],
    ) -> None:
        """Send a table's values and some records, wait until the broker has it all, then write the store."""
        changelog = table.changelog_topic_name
        writes = [
            await self.send(changelog, key, value, partition, None, None) for key, value in values.items()
        ]
        sends = [
            await self.send(o.topic, o.key, o.value, o.partition, None, list(o.headers)) for o in outgoing
        ]
        await asyncio.gather(*writes, *sends)
        if writes:
            last = max(write.result().offset for write in writes)
            table.partition(partition).write(values.items(), last + 1)
