"""What only a disk, or a broker of long ago, can bring about: written into the files of a stopped broker."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownError
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

from ops.brokers.kafka import KafkaBroker
from streams.dead_letters import DEAD_LETTERS, TOPIC
from streams.exits import Exit
from tests.crafted import Crafted, Raw
from tests.hidden import hide
from tests.integration.ledger import Ledger
from tests.integration.reader import records_in

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One of our own, because it is stopped again and again."""
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
async def ledger(broker: KafkaBroker, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger(broker.address, tmp_path) as ledger:
        yield ledger


async def write(kafka: str, topic: str, count: int, codec: str = "none") -> None:
    """So many batches of two records into partition 0."""
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for number in range(count):
            raws = [Raw(b"key", b"%d-%d" % (number, n)) for n in range(2)]
            batch = Crafted(raws, codec, transactional=False)
            await (await producer.send_batch(batch, topic, partition=0))


async def change(broker: KafkaBroker, topic: str, how: Callable[[list[bytearray]], None]) -> list[bytearray]:
    """Change the batches of partition 0 where they lie; what they are then."""
    await asyncio.to_thread(broker.stop)
    (file,) = (broker.folder / "data" / f"{topic}-0").glob("*.log")
    data, batches = file.read_bytes(), []
    while data:
        size = 12 + struct.unpack_from(">i", data, 8)[0]
        batches.append(bytearray(data[:size]))
        data = data[size:]
    how(batches)
    file.write_bytes(b"".join(batches))
    await asyncio.to_thread(broker.start)
    return batches


@pytest.mark.parametrize("codec", ["none", "zstd"])
async def test_a_batch_that_the_disk_has_changed_is_a_dead_letter_and_the_rest_is_read(
    broker: KafkaBroker, ledger: Ledger, codec: str
) -> None:
    await write(broker.address, ledger.originals, 4, codec)

    def flip(batches: list[bytearray]) -> None:
        batches[1][-3] ^= 0x40

    batches = await change(broker, ledger.originals, flip)
    await ledger.start()
    await ledger.until(ledger.no_lag)
    copies = await records_in(broker.address, ledger.copies)
    assert [copy.value for copy in copies] == [b"0-0", b"0-1", b"2-0", b"2-1", b"3-0", b"3-1"]
    letters = await records_in(broker.address, DEAD_LETTERS)
    (letter,) = [letter for letter in letters if dict(letter.headers)[TOPIC].decode() == ledger.originals]
    assert (letter.key, letter.value) == (None, bytes(batches[1]))
    headers = {name: value.decode() for name, value in letter.headers}
    assert headers == {
        "jardem_reason": "its checksum is wrong",
        "jardem_topic": ledger.originals,
        "jardem_partition": "0",
        "jardem_offset": "2",
        "jardem_timestamp": "-1",
        "jardem_form": "batch",
        "jardem_last_offset": "3",
    }
    assert 'jardem_not_unpacked_total{topic="' + ledger.originals + '"} 1.0' in await ledger.metrics()


async def test_a_desk_goes_on_behind_a_batch_that_the_disk_has_changed(
    broker: KafkaBroker, ledger: Ledger
) -> None:
    await ledger.stream(b"a", *({"id": f"a{n}", "add": 1} for n in range(6)))
    (partition,) = {record.partition for record in await records_in(broker.address, ledger.inbox)}
    await asyncio.to_thread(broker.stop)
    (file,) = (broker.folder / "data" / f"{ledger.inbox}-{partition}").glob("*.log")
    data = bytearray(file.read_bytes())
    data[data.index(b'"a3"') + 1] = ord("b")
    file.write_bytes(data)
    await asyncio.to_thread(broker.start)
    await ledger.start()
    said = await ledger.until_said("a5")
    assert [effect["id"] for effect in said] == ["a0", "a1", "a2", "a4", "a5"]
    await ledger.until(ledger.no_lag)


# Without zstandard no worker starts: tables are packed by it.
@pytest.mark.parametrize(("codec", "library"), [("snappy", "cramjam"), ("lz4", "lz4")])
async def test_a_batch_in_a_codec_that_is_not_installed_is_a_dead_letter(
    kafka: KafkaBroker, tmp_path: Path, codec: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(library, tmp_path, monkeypatch)
    async with Ledger(kafka.address, tmp_path) as ledger:
        await write(kafka.address, ledger.originals, 1, codec)
        await write(kafka.address, ledger.originals, 1)
        await ledger.start()

        async def copied() -> list[bytes | None]:
            return [copy.value for copy in await records_in(kafka.address, ledger.copies)]

        await ledger.until(copied)
        assert await copied() == [b"0-0", b"0-1"]
        letters = [dict(letter.headers) for letter in await ledger.dead_letters()]
        reason = f"it is compressed with {codec}, for which a library is missing here"
        assert [letter["jardem_reason"].decode() for letter in letters] == [reason]


class Old(Crafted):
    """A record in a format from before Kafka 0.11."""

    def __init__(self, magic: int) -> None:
        super().__init__([Raw(b"key", b"value")], "none", transactional=False)
        self._builder = LegacyRecordBatchBuilder(magic, 0, 1000)
        self._builder.append(0, timestamp=1_626_084_000_000, key=b"key", value=b"value")

    def _build(self) -> bytes:
        return bytes(self._builder.build())


@pytest.mark.parametrize("magic", [0, 1])
async def test_a_broker_of_today_takes_no_record_in_an_old_format(
    kafka: KafkaBroker, tmp_path: Path, magic: int
) -> None:
    async with (
        Ledger(kafka.address, tmp_path) as ledger,
        AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all") as producer,
    ):
        sending = await producer.send_batch(Old(magic), ledger.originals, partition=0)
        with pytest.raises(UnknownError):  # what aiokafka makes of INVALID_RECORD
            await sending
        assert await records_in(kafka.address, ledger.originals) == []


async def test_records_of_before_kafka_011_are_read_where_they_still_lie(
    broker: KafkaBroker, ledger: Ledger
) -> None:
    await write(broker.address, ledger.originals, 3)

    def old(batches: list[bytearray]) -> None:
        for magic, place in ((0, 0), (1, 2)):
            builder = LegacyRecordBatchBuilder(magic, 0, 1000)
            for n in range(2):
                builder.append(place + n, timestamp=1_626_084_000_000, key=b"key", value=b"old %d" % magic)
            batches[magic] = bytearray(builder.build())

    await change(broker, ledger.originals, old)
    await ledger.start()
    await ledger.until(ledger.no_lag)
    copies = await records_in(broker.address, ledger.copies)
    assert [copy.value for copy in copies] == [b"old 0"] * 2 + [b"old 1"] * 2 + [b"2-0", b"2-1"]


async def test_a_changelog_that_cannot_be_unpacked_ends_the_worker_with_a_clear_line(
    broker: KafkaBroker, ledger: Ledger
) -> None:
    await write(broker.address, ledger.changelog, 2)

    def flip(batches: list[bytearray]) -> None:
        batches[1][-3] ^= 0x40

    await change(broker, ledger.changelog, flip)
    await ledger.start(ready=False)
    assert ledger.process is not None
    async with asyncio.timeout(60):
        assert await ledger.process.wait() == Exit.UNREADABLE_TABLE
    last = ledger.lines()[-1]
    assert "changelog cannot be unpacked" in last["event"]
    assert (last["changelog"], last["partition"], last["offset"]) == (ledger.changelog, 0, 2)
    assert last["reason"] == "its checksum is wrong"


async def test_a_partition_of_which_the_broker_gives_nothing_is_told_of(
    broker: KafkaBroker, ledger: Ledger
) -> None:
    await write(broker.address, ledger.originals, 4)

    def longer(batches: list[bytearray]) -> None:
        batches[1][8:12] = struct.pack(">i", 1 << 20)

    await change(broker, ledger.originals, longer)
    await write(broker.address, ledger.originals, 1)
    await ledger.start()

    async def told() -> bool:
        return bool(ledger.told("the broker gives nothing"))

    await ledger.until(told)
    assert f'jardem_lag_records{{partition="0",topic="{ledger.originals}"}} 2.0' in await ledger.metrics()
