"""Whatever producers write, in whatever way a broker takes it: no partition stops, and nothing is lost.

`PRODUCERS=3000 make integration PYTEST="-k producers"` tries more, and `PRODUCERS_SEED=7` others.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownError
from psutil import Process

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from streams.dead_letters import CUT, DEAD_LETTERS, OFFSET, OURS, PARTITION, REASON, TIMESTAMP, TOPIC
from streams.records import Record
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX
from tests.crafted import Crafted, Raw, compressed, numbered
from tests.integration.producers import TOPICS, Combination, combinations
from tests.integration.reader import configure, records_in, unhandled

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

SEED = int(os.environ.get("PRODUCERS_SEED", "1"))
COUNT = int(os.environ.get("PRODUCERS", "250"))
ANY_TIME = str(2**63 - 1)
LARGE = "registry.title-awarded.v1"
INBOXES = (CASE_INBOX, SMS_INBOX, SMS_OUTBOX)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
async def installation(broker: KafkaBroker, tmp_path: Path) -> AsyncIterator[Installation]:
    async with Installation(broker.address, tmp_path, grace=3600) as installation:
        # Brokers before 4.0 take any time; since then one has to ask for it.
        configure(broker.address, TOPICS["producer's"], message_timestamp_after_max_ms=ANY_TIME)
        configure(broker.address, TOPICS["broker's"], message_timestamp_type="LogAppendTime")
        for topic in {*TOPICS.values(), LARGE, *INBOXES, DEAD_LETTERS}:
            # Records of years ago are deleted when the broker next looks at their age, which may be now.
            configure(broker.address, topic, retention_ms="-1")
        yield installation


class Producers:
    """One aiokafka producer for each way of using transactions."""

    def __init__(self, kafka: str) -> None:
        self._plain = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
        self._transactional = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id="registry")

    @classmethod
    @asynccontextmanager
    async def of(cls, kafka: str) -> AsyncIterator["Producers"]:
        producers = cls(kafka)
        async with producers._plain, producers._transactional:
            yield producers

    async def write(self, how: Combination, raws: Sequence[Raw], partition: int) -> int:
        """The offset of the first record."""
        topic, transactional = how.topic, how.transaction != "none"
        batch = Crafted(raws, how.codec, transactional=transactional)
        if not transactional:
            return await self._send(self._plain, batch, topic, partition)
        await self._transactional.begin_transaction()
        offset = await self._send(self._transactional, batch, topic, partition)
        if how.transaction == "committed":
            await self._transactional.commit_transaction()
        else:
            await self._transactional.abort_transaction()
        return offset

    @staticmethod
    async def _send(producer: AIOKafkaProducer, batch: Crafted, topic: str, partition: int) -> int:
        written = await (await producer.send_batch(batch, topic, partition=partition))
        return int(written.offset)


def named(record: Record) -> str:
    return dict(record.headers)["ce_id"].decode()


def exactly(record: Record) -> Raw:
    """A dead letter as what it was, without what it was given."""
    headers = [
        (name.encode("utf-8", "surrogateescape"), None if number in record.null_headers else value)
        for number, (name, value) in enumerate(record.headers)
        if name not in OURS
    ]
    timestamp = int(dict(record.headers)[TIMESTAMP])
    return Raw(record.key, record.value, headers, timestamp)


def as_letter(raw: Raw) -> Raw:
    """Kafka's client sends no record without key and value."""
    value = b"" if raw.key is None and raw.value is None else raw.value
    return Raw(raw.key, value, list(raw.headers), raw.timestamp)


async def test_no_way_of_writing_records_stops_a_partition(
    broker: KafkaBroker, installation: Installation
) -> None:
    sent: dict[str, tuple[Combination, Raw, tuple[str, int, int]]] = {}
    async with Producers.of(broker.address) as producers:
        for chosen in combinations(SEED, COUNT):
            ways = [chosen]
            if chosen.spelling == "junk":
                ways.append(chosen.to(INBOXES[chosen.number % len(INBOXES)]))
            for how in ways:
                raws, partition = how.raw(), how.number % 4
                offset = await producers.write(how, raws, partition)
                for number, raw in enumerate(raws):
                    sent[how.ids[number]] = how, raw, (how.topic, partition, offset + number)
    async with asyncio.timeout(120):
        while await unhandled(broker.address, "jardem", *TOPICS.values(), *INBOXES):  # noqa: ASYNC110 - it is other processes' doing
            await asyncio.sleep(0.3)

    letters = await records_in(broker.address, DEAD_LETTERS)
    direct = {name for name, (how, _, _) in sent.items() if how.topic == CASE_INBOX}
    taken = [record for record in await records_in(broker.address, CASE_INBOX) if named(record) in sent]
    outcomes = Counter(named(letter) for letter in letters)
    outcomes.update(named(record) for record in taken if named(record) not in direct)
    expected = {name for name, (how, _, _) in sent.items() if how.transaction != "aborted"}
    assert outcomes == dict.fromkeys(expected, 1)

    unread = {named(letter): letter for letter in letters}
    assert set(unread) == {name for name in expected if not sent[name][0].readable}
    for name, letter in unread.items():
        how, raw, place = sent[name]
        headers = dict(letter.headers)
        assert (headers[TOPIC].decode(), int(headers[PARTITION]), int(headers[OFFSET])) == place
        found, wanted = exactly(letter), as_letter(raw)
        assert (found.key, found.value, found.headers) == (wanted.key, wanted.value, wanted.headers), how
        if how.topic == TOPICS["producer's"]:
            assert found.timestamp == wanted.timestamp, how
    assert installation.dead() is None


def award(name: str, size: int) -> Raw:
    attributes = {"specversion": "1.0", "id": name, "source": "registry", "type": f"kz.jardem.{LARGE}"}
    attributes["time"] = "2021-07-12T10:00:00Z"
    headers = [(f"ce_{key}".encode(), value.encode()) for key, value in attributes.items()]
    data = {"iin": "850101300015", "title": "peoples_hero", "award_id": name, "awarded_on": "2021-07-12"}
    return Raw(b"key", json.dumps(data).encode().ljust(size), headers)


@pytest.mark.usefixtures("installation")
async def test_what_is_larger_than_our_own_topics_take_stops_nothing(broker: KafkaBroker) -> None:
    configure(broker.address, LARGE, max_message_bytes=str(12_000_000))
    before = len(await records_in(broker.address, DEAD_LETTERS))
    bomb = Raw(b"key", bytes(200_000_000), award("bomb", 0).headers)
    async with AIOKafkaProducer(
        bootstrap_servers=broker.address, acks="all", max_request_size=16_000_000
    ) as producer:
        for raw, codec in (
            (award("fits", 3_500_000), "none"),
            (award("large", 6_000_000), "none"),
            (replace(award("junk", 6_000_000), value=b"\xff" * 6_000_000), "none"),
            (award("packed", 6_000_000), "zstd"),
            (bomb, "zstd"),
            (award("after", 0), "none"),
        ):
            batch = Crafted([raw], codec, transactional=False)
            await (await producer.send_batch(batch, LARGE, partition=0))
    async with asyncio.timeout(60):
        while await unhandled(broker.address, "jardem", LARGE):  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.3)
    taken = {named(record) for record in await records_in(broker.address, CASE_INBOX)}
    assert {"fits", "after"} <= taken
    letters = [dict(letter.headers) for letter in (await records_in(broker.address, DEAD_LETTERS))[before:]]
    told = [(letter[REASON].decode(), CUT in letter) for letter in letters]
    assert told == [
        ("its effect is too large", True),
        ("the data: Invalid JSON: not UTF-8", True),
        ("its effect is too large", True),
        ("it grows beyond 64 MiB when it is decompressed", False),
    ]


async def test_batches_that_are_huge_only_when_they_are_unpacked_do_not_take_the_memory_of_a_worker(
    broker: KafkaBroker, installation: Installation
) -> None:
    count, before = 150, len(await records_in(broker.address, DEAD_LETTERS))
    bomb = Raw(b"key", bytes(62 << 20), award("bomb", 0).headers)
    payload = compressed(numbered([bomb], [0]), "zstd")
    worker = Process(installation.worker.pid)
    # All of it is to come with one fetch.
    worker.suspend()
    async with AIOKafkaProducer(bootstrap_servers=broker.address, acks="all") as producer:
        for _ in range(count):
            batch = Crafted([award("bomb", 0)], "zstd", transactional=False, payload=payload)
            await (await producer.send_batch(batch, LARGE, partition=0))
        behind = Crafted([award("behind the bombs", 0)], "none", transactional=False)
        await (await producer.send_batch(behind, LARGE, partition=0))
    worker.resume()
    most = 0
    async with asyncio.timeout(120):
        while await unhandled(broker.address, "jardem", LARGE):
            most = max(most, worker.memory_info().rss)
            await asyncio.sleep(0.05)
    assert "behind the bombs" in {named(record) for record in await records_in(broker.address, CASE_INBOX)}
    letters = [dict(letter.headers) for letter in (await records_in(broker.address, DEAD_LETTERS))[before:]]
    assert Counter(letter[REASON] for letter in letters) == {b"it is larger than 8 MiB": count}
    assert all(b"SHA-256" in letter[CUT] for letter in letters)
    assert most < 800 << 20


@pytest.mark.usefixtures("installation")
async def test_records_that_say_they_stand_elsewhere_are_read_and_the_partition_goes_on(
    broker: KafkaBroker,
) -> None:
    """The broker takes such a batch as it is, and puts the next one behind as many records as there are.

    It refuses one that is compressed: it would number the records anew, and cannot (an error of its own).
    """
    ways = {
        "far away": (0, 1, 1_000_000),
        "all in one place": (0, 0, 0),
        "backwards": (2, 1, 0),
        "before the batch": (-5, 0, 1),
    }
    sent, letters = [], len(await records_in(broker.address, DEAD_LETTERS))
    async with AIOKafkaProducer(bootstrap_servers=broker.address, acks="all") as producer:

        async def write(names: Sequence[str], deltas: Sequence[int], codec: str = "none") -> int:
            raws = [award(name, 0) for name in names]
            payload = compressed(numbered(raws, deltas), codec)
            batch = Crafted(raws, codec, transactional=False, payload=payload)
            return int((await (await producer.send_batch(batch, LARGE, partition=1))).offset)

        for way, deltas in ways.items():
            names, behind = [f"{way} {number}" for number in range(3)], f"{way}, behind"
            with pytest.raises(UnknownError):
                await write(names, deltas, "zstd")
            first = await write(names, deltas)
            assert await write([behind], [0]) == first + 3
            sent += [*names, behind]
    async with asyncio.timeout(60):
        while await unhandled(broker.address, "jardem", LARGE):  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.3)
    taken = [named(record) for record in await records_in(broker.address, CASE_INBOX)]
    assert [name for name in taken if name in sent] == sent
    assert len(await records_in(broker.address, DEAD_LETTERS)) == letters
