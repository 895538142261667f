"""The whole pipeline on a real broker, with real processes, while the worker is killed in the middle."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from ops.brokers.broker import Broker
from ops.brokers.choose import choose
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.outcomes import DEAD, Outcomes, follow
from ops.demo.processes import run_command
from ops.demo.sample import Published
from ops.demo.script import Script
from ops.verify.log import check_log
from schemas.cabinet import CabinetNotified
from streams.key_set import DEMO_KEYS
from streams.records import Record
from streams.signing import verify_document
from tests.integration.reader import records_in
from tests.integration.waiting import until

DAY = 86_400
# Slow enough that a term does not run out while the group waits for the killed worker.
SECONDS_A_DAY = 15.0

TITLE = {"iin": "850101300015", "title": "peoples_hero", "award_id": "A", "awarded_on": "2021-07-12"}
UNREADABLE = [
    b"not JSON",
    b"\xff\xfe\x00",
    b"as large as a broker takes it " * 34_666,
    json.dumps({**TITLE, "iin": "850101300016"}).encode(),
    json.dumps({**TITLE, "title": "earl"}).encode(),
    json.dumps({**TITLE, "awarded_on": "2999-01-01"}).encode(),
]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    chosen, note = choose(None, tmp_path)
    if note:
        sys.stderr.write(f"{note}\n")
    chosen.start()
    try:
        yield chosen
    finally:
        chosen.stop()


async def produce(kafka: str, values: Sequence[bytes]) -> None:
    """As a registry would that sends what nobody can read."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    attributes = {"specversion": "1.0", "source": "test", "type": f"kz.jardem.{sample.TITLE}"}
    try:
        for number, value in enumerate(values):
            headers = [(f"ce_{name}", content.encode()) for name, content in attributes.items()]
            headers.append(("ce_id", str(number).encode()))
            await producer.send_and_wait(sample.TITLE, value, b"key", headers=headers)
    finally:
        await producer.stop()


class Play:
    """The demo's people on an installation, with everything written down that came of them."""

    def __init__(self, installation: Installation, start: int = 0) -> None:
        self.installation = installation
        self.citizens = sample.citizens(installation.clock.now(), start)
        self.outcomes = Outcomes(self.citizens)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.messages: list[tuple[str, str]] = []
        simulator = installation.simulator
        self.script = Script(
            self.citizens, self.publish, simulator.answer, simulator.answered, pause=0.5, settle=3.0
        )
        simulator.on_message(self._message)

    async def publish(self, events: Sequence[Published]) -> None:
        await run_command(self.installation.env, "publish", "-", given=sample.lines(events))

    def _message(self, phone: str, text: str) -> None:
        self.messages.append((phone, text))
        self.script.received(phone, text)

    def came_out(self, topic: str, data: dict[str, Any]) -> None:
        self.events.append((topic, data))
        outcome = self.outcomes.note(topic, data)
        if outcome and outcome.startswith("ended"):
            self.script.ended(data["iin"])


@pytest.mark.timeout(420)
async def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    broker: Broker, tmp_path: Path
) -> None:
    async with Installation(broker.address, tmp_path, scale=DAY / SECONDS_A_DAY) as installation:
        play = Play(installation)
        following = asyncio.create_task(follow(broker.address, play.came_out))
        await produce(broker.address, UNREADABLE)
        await play.publish([event for citizen in play.citizens for event in citizen.before])
        await play.publish([event for citizen in play.citizens for event in citizen.events])
        await until(lambda: len(play.messages) >= 8, 90)
        if broker.kind == "kafka":
            installation.worker.kill()
            await asyncio.sleep(1)
            await installation.worker.start()
        else:
            sys.stderr.write("The worker is not killed: the embedded broker never lets a dead member go.\n")
        await until(play.outcomes.complete, 240)
        await asyncio.sleep(4)
        await play.script.stop()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        dead = [
            (record.value, dict(record.headers)["jardem_reason"])
            for record in await records_in(broker.address, DEAD)
        ]
        notified = await records_in(broker.address, CabinetNotified.name)

    unexpected = {
        citizen.story: play.outcomes.seen[citizen.iin]
        for citizen in play.citizens
        if not play.outcomes.as_expected(citizen)
    }
    assert unexpected == {}
    assert Counter(value for value, _ in dead) == Counter(UNREADABLE)
    assert all(reason for _, reason in dead)
    doubled = {text: count for text, count in Counter(play.messages).items() if count > 1}
    assert doubled == {}
    _every_step_is_told_once_and_in_order(play.events)
    _every_outcome_and_consent_has_a_document_that_verifies(play.events, notified)


def _every_step_is_told_once_and_in_order(events: list[tuple[str, dict[str, Any]]]) -> None:
    """A repeated record has the same content; the steps of a case have no hole."""
    steps: dict[str, dict[int, str]] = {}
    for topic, data in events:
        if topic == "case.advanced.v1":
            told = steps.setdefault(data["case_id"], {})
            content = json.dumps(data, sort_keys=True)
            assert told.setdefault(data["step"], content) == content
    for told in steps.values():
        assert sorted(told) == list(range(1, len(told) + 1))
    log = [data for topic, data in events if topic == "case.advanced.v1"]
    assert check_log(log).findings == ()


def _every_outcome_and_consent_has_a_document_that_verifies(
    events: list[tuple[str, dict[str, Any]]], notified: Sequence[Record]
) -> None:
    """A repeated document is the same byte for byte."""
    told = {
        (data["case_id"], data["step"])
        for topic, data in events
        if topic in ("benefit.decided.v1", "benefit.process-ended.v1")
        or (topic == "case.advanced.v1" and data["note"] == "accepted")
    }
    documents: dict[tuple[str, int], set[str]] = {}
    for record in notified:
        event = CabinetNotified.model_validate_json(record.value or b"")
        claims = verify_document(event.document, DEMO_KEYS).claims
        documents.setdefault((claims.case_id, claims.step), set()).add(event.document)
    assert documents.keys() == told
    assert all(len(alike) == 1 for alike in documents.values())
