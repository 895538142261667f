"""The producer: idempotent, waiting for every send, and ending the process at the first lost one (M6, M7)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer as FaustProducerBuffer

from streams.records import Outgoing
from streams.transport.changelog_writer import ChangelogWriter
from streams.transport.host import Host
from streams.transport.lease import leased
from streams.transport.submission import Submission, end_at_lost_send


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
        if self.outstanding:
            await asyncio.wait(set(self.outstanding))


class Producer(driver.Producer):
    """An idempotent producer that waits for all replicas and ends the process at the first lost send.

    `changelogs` writes the tables through it.
    """

    app: Host

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.buffer = ProducerBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app
        self._submission = Submission(self._ensure_producer)
        self.changelogs = ChangelogWriter(self._submission, self.app.lease, self._access)

    def _settings_extra(self) -> Mapping[str, Any]:
        """M6: idempotent and acknowledged by all in-sync replicas: a retry neither doubles nor reorders."""
        return {"acks": "all", "enable_idempotence": True}

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        return leased(super()._new_producer(transactional_id), self.app.lease)

    def _access(self) -> dict[str, Any]:
        """What a reader beside this producer has to be told to get to the same brokers."""
        settings = self._settings_default()
        wanted = {"bootstrap_servers", "client_id", "security_protocol"}
        return {**{name: settings[name] for name in wanted}, **self._settings_auth()}

    async def send(self, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - as Faust's
        """Send one record; the future is done when the broker has it."""
        topic = args[0] if args else kwargs["topic"]
        try:
            future = cast("asyncio.Future[Any]", await super().send(*args, **kwargs))
        except Exception as error:
            end_at_lost_send(str(topic), error)
            raise
        future.add_done_callback(lambda done: self._check(str(topic), done))
        return future

    def _check(self, topic: str, done: asyncio.Future[Any]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            end_at_lost_send(topic, error)

    async def send_all(self, outgoing: Iterable[Outgoing]) -> None:
        """Send records and wait until the broker has every one of them."""
        await asyncio.gather(*await self._submission.submit(outgoing))

    async def partitions_of(self, topic: str) -> int:
        """How many partitions a topic has; it waits until the broker tells of any."""
        return len(await self._submission.partitions_of(topic))

    async def flush(self) -> None:
        """Wait until the broker has everything that was sent so far, and the stores too."""
        await super().flush()
        await self.changelogs.flush()
