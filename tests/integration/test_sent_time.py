"""A question that is accepted, and sent noticeably later: its term is the sending's, on a real broker."""

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from ops.brokers.kafka import KafkaBroker
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.outcomes import ADVANCED, ENDED, follow
from ops.demo.processes import run_command
from ops.demo.sample import Published
from rules.person import Case, Person
from rules.person_versions import UPCASTS, VERSION
from schemas.base import Instant, Model
from schemas.ids import Pseudonyms
from schemas.stored import load_stored
from streams import envelope

# Of this test alone: the worker also reads what other tests have left on the broker.
PHONE, IIN = "+77015550177", "660315301007"
SECONDS_A_DAY = 6.0
TERM = timedelta(hours=72)


class Ended(Model):
    reason: str
    ended_at: Instant


async def person(kafka: str, key: bytes) -> Person:
    """The person as the case desk's table has them."""
    consumer = AIOKafkaConsumer(
        "jardem-people-changelog",
        bootstrap_servers=kafka,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        group_id=None,
    )
    await consumer.start()
    found = None
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found = next((record.value for record in reversed(records) if record.key == key), found)
    finally:
        await consumer.stop()
    assert found is not None
    return load_stored(Person, envelope.load(found).state, VERSION, UPCASTS)


async def publish(installation: Installation) -> None:
    now = installation.clock.now()
    registered = {"iin": IIN, "phone": PHONE, "registered_at": (now - timedelta(days=9)).isoformat()}
    award = {"iin": IIN, "title": "peoples_hero", "award_id": "A-177", "awarded_on": now.date().isoformat()}
    events = [Published(sample.PHONE, registered), Published(sample.TITLE, award)]
    await run_command(installation.env, "publish", "-", given=sample.lines(events))


@pytest.mark.timeout(240)
async def test_the_term_runs_from_the_carriers_own_sent_time(kafka: KafkaBroker, tmp_path: Path) -> None:
    pseudonym_key = f"a-late-carrier-of-its-own-{time.time_ns()}"
    more = {"JARDEM_PSEUDONYM_KEY": pseudonym_key, "JARDEM_TERM_POLICY": "hours_72"}
    came_out: list[tuple[str, Mapping[str, Any]]] = []

    async with Installation(
        kafka.address, tmp_path, scale=86_400 / SECONDS_A_DAY, grace=6, hours="off", more=more
    ) as installation:
        handset = installation.simulator.handsets.at(PHONE)
        # Three seconds at the carrier are half a day here; and each callback comes twice.
        handset.switches.set({"slow": True, "callbacks_twice": True})
        following = asyncio.create_task(follow(kafka.address, lambda *event: came_out.append(event)))
        await publish(installation)
        async with asyncio.timeout(150):
            while not any(topic == ENDED and data["iin"] == IIN for topic, data in came_out):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        key = Pseudonyms(pseudonym_key.encode()).person(IIN).encode()
        [case] = (await person(kafka.address, key)).cases.values()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        clock, offer = installation.clock, handset.messages[0]

    accepted_at = clock.virtual(offer.created_at)
    assert offer.sent_at
    sent_at = clock.virtual(offer.sent_at.replace(microsecond=0))
    assert sent_at - accepted_at > timedelta(hours=7)
    [question] = case.questions
    assert (question.sent_at, question.term_ends) == (sent_at, sent_at + TERM)
    _the_case_ended_at(sent_at + TERM, case, came_out)


def _the_case_ended_at(end: Instant, case: Case, came_out: list[tuple[str, Mapping[str, Any]]]) -> None:
    """Once, when the moved term was over, and after one move."""
    [ended] = [
        Ended.model_validate(data) for topic, data in came_out if topic == ENDED and data["iin"] == IIN
    ]
    assert ended.reason == "no_reply"
    assert end <= ended.ended_at < end + timedelta(days=2)
    steps = [data for topic, data in came_out if topic == ADVANCED and data["case_id"] == case.case_id]
    assert [step["note"] for step in steps if step["note"]] == ["sent_later", "reminded", "no_reply"]
