import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from ops.brokers.broker import Broker, BrokerError
from ops.brokers.choose import choose
from ops.brokers.embedded import EmbeddedBroker
from ops.brokers.kafka import KafkaBroker
from ops.reach import answers, free_port
from tests.integration.command import JARDEM

# Each start of a broker is one of a JVM.
pytestmark = pytest.mark.timeout(300)


def create(address: str, topic: str, partitions: int = 2) -> None:
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics([NewTopic(topic, partitions, 1)])
    admin.close()


def produce(address: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    for acknowledged in [producer.send(topic, key=value, value=value) for value in values]:
        acknowledged.get(timeout=30)
    producer.close()


def everything(address: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=address, auto_offset_reset="earliest", consumer_timeout_ms=15_000
    )
    values = []
    for record in consumer:
        values.append(record.value)
        if len(values) == count:
            break
    consumer.close()
    return sorted(values)


def ended_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_what_kafka_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    values = sorted(b"%05d" % number for number in range(2_000))
    broker = KafkaBroker(tmp_path)
    with broker:
        create(broker.address, "survives")
        produce(broker.address, "survives", values)
        address, pid = broker.address, broker.pid
        broker.kill()
        assert not broker.alive()
        assert not answers(address)
        broker.start()
        assert broker.address == address
        assert broker.pid != pid
        assert everything(address, "survives", len(values)) == values
        broker.stop()
        broker.start()
        assert everything(address, "survives", len(values)) == values


async def test_aiokafka_and_its_groups_work_on_this_kafka(kafka: KafkaBroker) -> None:
    create(kafka.address, "by-aiokafka", partitions=4)
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.address, acks="all", enable_idempotence=True
    ) as producer:
        for number in range(100):
            await producer.send_and_wait("by-aiokafka", value=b"%d" % number, partition=number % 4)

    async def read(count: int) -> int:
        async with AIOKafkaConsumer(
            "by-aiokafka",
            bootstrap_servers=kafka.address,
            group_id="readers",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        ) as consumer:
            found = 0
            while found < count:
                batches = await consumer.getmany(timeout_ms=1000)
                found += sum(len(records) for records in batches.values())
            await consumer.commit()
            committed = [await consumer.committed(TopicPartition("by-aiokafka", n)) for n in range(4)]
            assert committed == [found // 4] * 4
            return found

    assert await read(100) == 100


async def test_kafka_makes_no_topic_by_itself(kafka: KafkaBroker) -> None:
    with pytest.raises(Exception, match=r"(?i)unknown.?topic|metadata|timed? ?out"):
        KafkaProducer(bootstrap_servers=kafka.address, max_block_ms=2000).send("nobody-made-me", b"x").get(5)
    admin = KafkaAdminClient(bootstrap_servers=kafka.address)
    assert "nobody-made-me" not in admin.list_topics()
    admin.close()


def test_the_embedded_broker_takes_and_gives_back(tmp_path: Path) -> None:
    values = sorted(b"%03d" % number for number in range(200))
    broker = EmbeddedBroker(tmp_path)
    with broker:
        create(broker.address, "first-look")
        produce(broker.address, "first-look", values)
        assert everything(broker.address, "first-look", len(values)) == values
        broker.stop()
        assert not broker.alive()
        broker.start()
        assert everything(broker.address, "first-look", len(values)) == values


@pytest.mark.parametrize("kind", ["kafka", "embedded"])
def test_the_command_prints_its_address_and_takes_its_broker_along(kind: str, tmp_path: Path) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        port = free_port()
        command = [str(JARDEM), "broker", "--kind", kind, "--port", str(port), "--data", str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with process:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address == f"127.0.0.1:{port}"
            assert answers(address)
            (broker_pid,) = processes_on(tmp_path) - {process.pid}
            process.send_signal(ending)
            assert process.wait(30) == (0 if ending == signal.SIGTERM else -signal.SIGKILL)
        assert ended_within(broker_pid, 10)


def processes_on(folder: Path) -> set[int]:
    """The processes that have something in `folder` on their command line."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(part.startswith(bytes(folder) + b"/") for part in command):
                found.add(int(entry.name))
    return found


def test_a_broker_that_cannot_start_says_why_with_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    with pytest.raises(BrokerError, match=r"data"):
        KafkaBroker(tmp_path).start()


def test_a_port_that_a_broker_has_already_is_refused(kafka: KafkaBroker, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"already answers|cannot listen"):
        KafkaBroker(tmp_path, port=kafka.port).start()


@pytest.mark.parametrize("kind", ["kafka", "embedded"])
def test_a_broker_is_chosen_by_its_kind(kind: str, tmp_path: Path) -> None:
    broker: Broker = choose(kind, tmp_path)[0]
    assert broker.kind == kind


def test_without_java_the_embedded_broker_is_chosen_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose(None, tmp_path)[0].kind == "kafka"
    monkeypatch.setenv("PATH", str(tmp_path))
    broker, note = choose(None, tmp_path)
    assert broker.kind == "embedded"
    assert note is not None
    assert "Java is missing" in note
    with pytest.raises(BrokerError, match="Java is missing"):
        choose("kafka", tmp_path)
