"""What the tests of the streams need: topics, records, and a worker process of the ledger."""

import asyncio
import json
import re
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

REPOSITORY = Path(__file__).resolve().parents[2]
PARTITIONS = 2
_LINES_TOLD = 30


class Ledger:
    """One application on the tests' broker, with topics of its own, and its worker processes."""

    def __init__(self, kafka: str, folder: Path, store: str = "memory") -> None:
        self.kafka, self.folder, self.store = kafka, folder, store
        self.app_id = f"ledger-{secrets.token_hex(4)}"
        self.inbox, self.effects = f"{self.app_id}.inbox", f"{self.app_id}.effects"
        self.originals, self.copies = f"{self.app_id}.originals", f"{self.app_id}.copies"
        self.changelog = f"{self.app_id}-ledger-changelog"
        self.process: asyncio.subprocess.Process | None = None

    async def make_topics(
        self, changelog_partitions: int = PARTITIONS, effect_bytes: int = 1_048_588
    ) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            # Tests write records of years ago, which a broker would delete when it next looks at their age.
            kept = {"retention.ms": "-1"}
            small = {**kept, "max.message.bytes": str(effect_bytes)}
            topics = [
                NewTopic(topic, PARTITIONS, 1, topic_configs=kept)
                for topic in (self.inbox, self.originals, self.copies)
            ]
            topics.append(NewTopic(self.effects, PARTITIONS, 1, topic_configs=small))
            compact = {"cleanup.policy": "compact"}
            topics.append(NewTopic(self.changelog, changelog_partitions, 1, topic_configs=compact))
            if "dead-letter.v1" not in await admin.list_topics():
                topics.append(NewTopic("dead-letter.v1", 1, 1))
            # A node that stood still is fenced for a moment, and makes no topics.
            async with asyncio.timeout(30):
                while any(code for _, code, *_ in (await admin.create_topics(topics)).topic_errors):
                    await asyncio.sleep(0.5)
                    there = await admin.list_topics()
                    topics = [topic for topic in topics if topic.name not in there]
        finally:
            await admin.close()

    async def __aenter__(self) -> Self:
        await self.make_topics()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            await self.process.wait()

    async def start(self, *, ready: bool = True, folder: str = "data") -> None:
        self.log = self.folder / f"worker-{secrets.token_hex(2)}.log"
        command = [
            sys.executable,
            "-m",
            "tests.integration.ledger_worker",
            self.kafka,
            self.app_id,
            self.store,
        ]
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command, str(self.folder / folder), cwd=REPOSITORY, stdout=log, stderr=log
            )
        if ready:
            await self.until(self.is_ready)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await self.process.wait()

    def lines(self) -> list[dict[str, Any]]:
        """The worker's log. Every line is JSON, or the test fails."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def told(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log that tell this."""
        return [line for line in self.lines() if event in line["event"]]

    def _health_address(self) -> str | None:
        found = re.search(r'"health": "([^"]+)"', self.log.read_text())
        return found[1] if found else None

    async def health(self, path: str) -> tuple[int, dict[str, Any]]:
        address = self._health_address()
        if address is None:
            return 0, {}
        async with aiohttp.ClientSession() as session, session.get(f"http://{address}{path}") as answer:
            return answer.status, await answer.json()

    async def metrics(self) -> str:
        url = f"http://{self._health_address()}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()

    async def is_ready(self) -> bool:
        return (await self.health("/readyz"))[0] == 200

    async def until(self, condition: Any, seconds: float = 100) -> None:
        """Wait until an async condition holds."""
        try:
            async with asyncio.timeout(seconds):
                while not await condition():  # noqa: ASYNC110 - another process's state
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            if self.process is not None:
                code, last = self.process.returncode, self.log.read_text().splitlines()[-_LINES_TOLD:]
                error.add_note("\n".join([f"the worker's exit code: {code}; its log ends with", *last]))
            raise

    async def send(self, topic: str, *records: tuple[bytes | None, bytes | None]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all") as producer:
            futures = [await producer.send(topic, value, key=key) for key, value in records]
            await asyncio.gather(*futures)

    async def events(self, key: bytes, *events: dict[str, Any]) -> None:
        await self.send(self.inbox, *((key, json.dumps(event).encode()) for event in events))

    async def stream(self, key: bytes, *events: dict[str, Any]) -> None:
        """Send events with a little time between them."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all") as producer:
            for event in events:
                await producer.send_and_wait(self.inbox, json.dumps(event).encode(), key=key)

    async def read(self, topic: str, partitions: int = PARTITIONS) -> list[ConsumerRecord]:
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka, enable_auto_commit=False) as consumer:
            tps = [TopicPartition(topic, number) for number in range(partitions)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            records: list[ConsumerRecord] = []
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    records += [
                        r for found in (await consumer.getmany(timeout_ms=300)).values() for r in found
                    ]
        return records

    async def said(self) -> list[dict[str, Any]]:
        return [json.loads(record.value) for record in await self.read(self.effects)]

    async def until_said(self, *ids: str) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []

        async def all_said() -> bool:
            said[:] = await self.said()
            return set(ids) <= {effect["id"] for effect in said}

        await self.until(all_said)
        return said

    async def dead_letters(self) -> Sequence[ConsumerRecord]:
        """Those of this application's topics."""
        records = await self.read("dead-letter.v1", 1)
        return [r for r in records if dict(r.headers)["jardem_topic"].decode().startswith(self.app_id)]

    async def lag(self) -> int:
        async with AIOKafkaConsumer(
            bootstrap_servers=self.kafka, group_id=self.app_id, enable_auto_commit=False
        ) as consumer:
            tps = [
                TopicPartition(topic, n) for topic in (self.inbox, self.originals) for n in range(PARTITIONS)
            ]
            ends = await consumer.end_offsets(tps)
            return sum([ends[tp] - (await consumer.committed(tp) or 0) for tp in tps])

    async def no_lag(self) -> bool:
        return await self.lag() == 0
