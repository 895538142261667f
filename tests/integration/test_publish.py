import json
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from ops.brokers.kafka import KafkaBroker
from ops.publish.publisher import Publisher
from ops.topics import apply_topics
from schemas.cloudevents import decode
from streams.settings.settings import Settings
from tests.integration.command import JARDEM

NOW = datetime.now(UTC)
AWARDS = "registry.title-awarded.v1"


@pytest.fixture
def broker(kafka: KafkaBroker) -> KafkaBroker:
    apply_topics(Settings(kafka=kafka.address))
    return kafka


def award(**fields: Any) -> dict[str, Any]:
    data = {"iin": "850101300015", "title": "peoples_hero", "award_id": "A-17", "awarded_on": "2021-07-12"}
    return {"type": AWARDS, "data": data} | fields


def publish(
    broker: KafkaBroker, lines: str, *arguments: str, file: str = "-"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [JARDEM, "publish", file, *arguments],
        input=lines,
        env={"JARDEM_KAFKA": broker.address},
        text=True,
        capture_output=True,
        check=False,
    )


def ids_in(broker: KafkaBroker, topic: str) -> list[str]:
    consumer = KafkaConsumer(bootstrap_servers=broker.address, enable_auto_commit=False)
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    found = []
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=1000).values():
            for record in records:
                event = decode(record.value, record.headers, timestamp=NOW)
                found.append(event.id)
    consumer.close()
    return found


def test_good_lines_are_published_and_bad_ones_named_by_number(broker: KafkaBroker, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    lines = [
        json.dumps(award(id=f"{mark}-1")),
        "",
        "not JSON",
        json.dumps(award(id=f"{mark}-2")),
        json.dumps(award(id=f"{mark}-1", source="urn:other")),
        json.dumps(award(id=f"{mark}-1")),
        json.dumps(award(id=f"{mark}-1") | {"data": award()["data"] | {"award_id": "B"}}),
    ]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    answer = publish(broker, "", file=str(file))
    assert answer.returncode == 1
    assert answer.stdout.splitlines() == [
        f"{AWARDS}: 4 published",
        "4 published, 2 refused, 0 not acknowledged",
    ]
    first, second = answer.stderr.splitlines()
    assert first.startswith("line 3: it is not JSON")
    assert second == "line 7: id: an earlier line has this id and source, but says something else"
    ids = [id_ for id_ in ids_in(broker, AWARDS) if id_.startswith(mark)]
    assert sorted(ids) == [f"{mark}-1"] * 3 + [f"{mark}-2"]


def test_all_or_nothing_publishes_nothing_where_a_line_is_refused(broker: KafkaBroker) -> None:
    mark = uuid.uuid4().hex
    good = json.dumps(award(id=mark))
    answer = publish(broker, f"{good}\n{{}}\n", "--all-or-nothing")
    assert answer.returncode == 1
    assert "1 good lines were held back" in answer.stdout
    assert mark not in ids_in(broker, AWARDS)
    assert publish(broker, f"{good}\n", "--all-or-nothing").returncode == 0
    assert ids_in(broker, AWARDS).count(mark) == 1


def test_a_large_input_is_acknowledged_whole(broker: KafkaBroker) -> None:
    mark = uuid.uuid4().hex
    lines = "\n".join(json.dumps(award(id=f"{mark}-{number}")) for number in range(20_000))
    answer = publish(broker, lines)
    assert answer.returncode == 0, answer.stderr
    ids = [id_ for id_ in ids_in(broker, AWARDS) if id_.startswith(mark)]
    assert len(ids) == len(set(ids)) == 20_000


def test_nothing_personal_is_printed_of_a_refused_line(broker: KafkaBroker) -> None:
    wrong = award() | {"data": award()["data"] | {"iin": "850101300018"}}
    answer = publish(broker, json.dumps(wrong))
    assert answer.returncode == 1
    assert "850101300018" not in answer.stdout + answer.stderr


def test_a_broker_that_dies_on_the_way_leaves_lines_that_are_named(tmp_path: Path) -> None:
    with KafkaBroker(tmp_path) as own:
        settings = Settings(kafka=own.address)
        apply_topics(settings)

        def lines() -> Iterator[bytes]:
            for number in range(13_000):
                if number == 1_000:
                    own.kill()
                yield json.dumps(award()).encode()

        outcome = Publisher(settings, print, patience=3).publish(lines())
    assert not outcome.complete
    assert not outcome.refused
    assert outcome.stopped_at is not None
    assert 10_000 < outcome.stopped_at <= 11_001
    assert outcome.published.total() + len(outcome.lost) == outcome.stopped_at - 1
    assert any("has gone away" in line for line in outcome.lines())
