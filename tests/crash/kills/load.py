"""Registries that publish, and citizens who answer, whatever happens to the system meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic

import aiohttp
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ops.demo.recognise import kind_of
from schemas.ids import Pseudonyms
from streams.clock import Clock
from streams.records import Outgoing
from tests.crash.kills.people import Person
from tests.crash.kills.sms_record import Recorded, RecordReader

_AGAIN = 0.5
_LOOK = 0.1
_UNDER_WAY = 200
_MOST_SECONDS = 180.0
_READS_FOR = 2.0
"""Seconds before somebody answers. The API's list of texts has whole seconds, so that who answered within one
would, by that list, have answered before the question left."""


class Registries:
    """Publishes people's facts, then their entitlements, until each is acknowledged by two brokers.

    An event that was not acknowledged is published again with its id, as `docs/producers.md` asks.
    """

    def __init__(self, kafka: str, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._kafka = kafka
        self._pseudonyms = pseudonyms
        self._clock = clock
        self.published: dict[int, datetime] = {}
        self.repeats = 0

    async def run(self, people: Sequence[Person], rate: float, ending: asyncio.Event) -> list[Person]:
        """Publish one after the other at this rate until it is to end; who was published in the end."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka, acks="all", enable_idempotence=True, linger_ms=5
        )
        await producer.start()
        tasks: set[asyncio.Task[None]] = set()
        began = monotonic()
        try:
            for number, person in enumerate(people):
                if ending.is_set():
                    break
                await asyncio.sleep(max(0.0, began + number / rate - monotonic()))
                if len(tasks) >= _UNDER_WAY:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                task = asyncio.create_task(self._publish(producer, person))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            if tasks:
                await asyncio.wait_for(asyncio.gather(*tasks), _MOST_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await producer.stop()
        return [person for person in people if person.number in self.published]

    async def _publish(self, producer: AIOKafkaProducer, person: Person) -> None:
        for fact in person.facts(self._pseudonyms, self._clock.now()):
            await self._until_acknowledged(producer, fact)
        entitlement = person.entitlement(self._pseudonyms, self._clock.now())
        await self._until_acknowledged(producer, entitlement)
        self.published[person.number] = self._clock.now()

    async def _until_acknowledged(self, producer: AIOKafkaProducer, record: Outgoing) -> None:
        while True:
            try:
                await producer.send_and_wait(
                    record.topic, key=record.key, value=record.value, headers=list(record.headers)
                )
            except KafkaError:
                self.repeats += 1
                await asyncio.sleep(_AGAIN)
            else:
                return


@dataclass
class Citizens:
    """Reads on the handsets what has arrived, and answers until the SMS API has the answer."""

    url: str
    record: Path
    people: Mapping[str, Person]
    arrived: int = 0
    answered: int = 0
    kinds: dict[str, str | None] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        reader = RecordReader(self.record)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            try:
                while True:
                    for message in reader.read():
                        self._read(session, message)
                    await asyncio.sleep(_LOOK)
            finally:
                for task in self._tasks:
                    task.cancel()

    def busy(self) -> bool:
        """Whether an answer is under way."""
        return bool(self._tasks)

    def _read(self, session: aiohttp.ClientSession, message: Recorded) -> None:
        if message.inbound or message.done_at is None:
            return
        self.arrived += 1
        kind = self.kinds[message.sid] = kind_of(message.text)
        text = self.people[message.phone].story.answers.get(kind or "")
        if text is None:
            return
        task = asyncio.create_task(self._answer(session, message, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, session: aiohttp.ClientSession, message: Recorded, text: str) -> None:
        # The same id again is the same text: who writes does not know whether it left before a crash.
        content = {"id": f"to-{message.sid}", "phone": message.phone, "text": text}
        await asyncio.sleep(_READS_FOR)
        while True:
            try:
                async with session.post(f"{self.url}/texts", json=content) as response:
                    if response.ok:
                        self.answered += 1
                        return
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(_AGAIN)
