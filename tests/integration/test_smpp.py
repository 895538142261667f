"""SMPP on a real broker with real processes: killed in the middle, side by side, and the whole demo."""

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice, product
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import ClientSession

from ops.brokers.kafka import KafkaBroker
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.outcomes import follow
from ops.demo.processes import Service, run_command
from ops.demo.sample import Published
from ops.reach import free_port
from schemas import catalogue
from schemas.base import Event
from schemas.cloudevents import decode
from schemas.ids import Pseudonyms
from schemas.messages import MessageInDoubt, MessageReceived
from schemas.received import UnknownEventError, received_event
from schemas.values import check_iin
from sms.simulator.smsc import Smsc
from sms.smpp import user_data
from sms.smpp.commands import UDHI, Address, ShortMessage
from sms.smpp.user_data import Part
from streams.records import Record
from tests.integration.reader import records_in
from tests.integration.test_pipeline import Play
from tests.integration.waiting import until

PEOPLE, KILLS, WINDOW = 120, 3, 10


def iins() -> Iterator[str]:
    """People born in 1975, one after the other."""
    for born, number, digit in product(range(1, 29), range(10, 100), range(10)):
        with suppress(ValueError):
            yield check_iin(f"7505{born:02}300{number}{digit}")


def phone(number: int) -> str:
    return f"+7701444{number:04d}"


def smsc_of(installation: Installation) -> Smsc:
    smsc = installation.simulator.smsc
    assert smsc
    return smsc


async def publish(installation: Installation, people: Sequence[str], first: int = 0) -> None:
    """`first` is the number of the first one's phone."""
    now = installation.clock.now()
    registered = (now - timedelta(days=9)).isoformat()
    facts = [
        Published(sample.PHONE, {"iin": person, "phone": phone(n), "registered_at": registered})
        for n, person in enumerate(people, first)
    ]
    award = {"title": "peoples_hero", "awarded_on": now.date().isoformat()}
    awards = [
        Published(sample.TITLE, {"iin": person, "award_id": f"A-{person}", **award}) for person in people
    ]
    await run_command(installation.env, "publish", "-", given=sample.lines(facts + awards))


def taken(installation: Installation, numbers: Collection[str]) -> list[tuple[str, str]]:
    """What the SMSC took for these, by number and text. Others may be due on a broker that tests share."""
    return [
        (message.to, message.text)
        for handset in installation.simulator.handsets
        for message in handset.messages
        if not message.inbound and message.to in numbers
    ]


E = TypeVar("E", bound=Event)


def events(records: Sequence[Record], kind: type[E]) -> list[E]:
    found: list[E] = []
    for record in records:
        with suppress(UnknownEventError):
            event = decode(record.value, record.headers, timestamp=None)
            data = received_event(event, catalogue.LINE_EVENTS, 0).data
            if isinstance(data, kind):
                found.append(data)
    return found


def own_key(name: str) -> dict[str, str]:
    """Other tests of this broker leave records behind: this one's numbers are keyed for it alone."""
    return {"JARDEM_PSEUDONYM_KEY": f"{name}-of-its-own-{time.time_ns()}"}


async def counted_by(installation: Installation) -> float:
    """How many messages in doubt the worker that runs has counted."""
    address = f"http://{installation.env['JARDEM_HEALTH_BIND']}/metrics"
    async with ClientSession() as session, session.get(address) as response:
        found = re.search(r"^jardem_sms_in_doubt_total (\S+)", await response.text(), re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.timeout(300)
async def test_a_worker_killed_under_load_sends_each_sms_once_or_leaves_it_in_doubt(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    people = list(islice(iins(), PEOPLE))
    more = own_key("a-crash") | {"JARDEM_SMS_PER_SECOND": "40", "JARDEM_SMPP_WINDOW": str(WINDOW)}
    ours = Pseudonyms(more["JARDEM_PSEUDONYM_KEY"].encode())
    numbers = {phone(number) for number in range(PEOPLE)}
    keys = {ours.phone(number).encode() for number in numbers}

    async def in_doubt() -> set[str]:
        records = [each for each in await records_in(kafka.address, "sms.inbox.v1") if each.key in keys]
        return {event.phone for event in events(records, MessageInDoubt)}

    async with Installation(
        kafka.address, tmp_path, grace=0, hours="off", more=more, carrier="smpp"
    ) as installation:
        # So that there are always some on their way when the worker is killed.
        smsc_of(installation).answers_after = 0.3
        await publish(installation, people)
        for kill in range(1, KILLS + 1):
            reached = kill * PEOPLE // (KILLS + 2)
            await until(lambda reached=reached: len(taken(installation, numbers)) >= reached, 60)  # type: ignore[misc]
            installation.worker.kill()
            await installation.worker.start()
        async with asyncio.timeout(120):
            known = await in_doubt()
            while not numbers <= {to for to, _ in taken(installation, numbers)} | known:
                await asyncio.sleep(1)
                known = await in_doubt()
        # Whatever is sent again would come now: a message in doubt is tried each minute, and is looked up.
        await asyncio.sleep(10)
        reached_by = Counter(taken(installation, numbers))
        doubtful = await in_doubt()
        counted = await counted_by(installation)
    assert max(reached_by.values()) == 1
    assert Counter(to for to, _ in reached_by) == Counter({to for to, _ in reached_by})
    missing = numbers - {to for to, _ in reached_by}
    assert missing <= doubtful
    sys.stderr.write(
        f"{KILLS} kills: of {PEOPLE} SMS {len(doubtful)} in doubt, {len(doubtful - missing)} of them sent\n"
    )
    # The last worker has found what the last one killed left.
    assert 0 < len(doubtful) <= KILLS * WINDOW
    assert counted > 0


@pytest.mark.timeout(240)
async def test_a_long_answer_is_put_together_across_a_killed_worker(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    more = own_key("a-long-answer")
    citizen = "+77014449999"
    key = Pseudonyms(more["JARDEM_PSEUDONYM_KEY"].encode()).phone(citizen).encode()
    texts = ["Мен келісемін, бірақ алдымен жақсылап ойланып алайын деп едім, ", "содан кейін жазамын"]

    def part(number: int) -> ShortMessage:
        octets = user_data.header(Part(7, 2, number)) + texts[number - 1].encode("utf-16-be")
        return ShortMessage(
            Address(1, 1, citizen[1:]), Address(3, 0, "1414"), octets, esm_class=UDHI, data_coding=8
        )

    async def received() -> list[MessageReceived]:
        records = [each for each in await records_in(kafka.address, "sms.inbox.v1") if each.key == key]
        return events(records, MessageReceived)

    async with Installation(kafka.address, tmp_path, hours="off", more=more, carrier="smpp") as installation:
        smsc = smsc_of(installation)
        assert await smsc._deliver(part(2))
        installation.worker.kill()
        await installation.worker.start()
        assert await smsc._deliver(part(2))
        assert await smsc._deliver(part(1))
        async with asyncio.timeout(60):
            while not (found := await received()):  # noqa: ASYNC110
                await asyncio.sleep(0.5)
    assert [event.text for event in found] == ["".join(texts)]


@pytest.mark.timeout(240)
async def test_workers_side_by_side_hold_a_bind_each_and_one_that_stops_gives_its_own_up(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    more = own_key("two-binds")
    (tmp_path / "two").mkdir()
    async with Installation(
        kafka.address, tmp_path / "one", hours="off", more=more, carrier="smpp"
    ) as installation:
        smsc, port = smsc_of(installation), free_port()
        environment = {
            **installation.env,
            "JARDEM_DATA_DIR": str(tmp_path / "two"),
            "JARDEM_HEALTH_BIND": f"127.0.0.1:{port}",
        }
        await until(lambda: smsc.binds == 1, 30)
        second = Service("worker", tmp_path / "two", environment, f"http://127.0.0.1:{port}/readyz")
        await second.start()
        try:
            await until(lambda: smsc.binds == 2, 60)
            # Each text is brought by the next bind in turn, and each reaches the broker.
            answers = [await installation.simulator.answer(phone(number), "1") for number in range(6)]
        finally:
            await second.stop()
        assert {answer.status for answer in answers} == {"received"}
        await until(lambda: smsc.binds == 1, 30)
        assert (await installation.simulator.answer(phone(7), "1")).status == "received"
    assert smsc.binds == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_two_workers_take_turns_at_the_one_bind_that_the_operator_allows(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    """Each has numbers of its own, and without turns those of the second would wait until the first stops."""
    more = own_key("one-bind") | {"JARDEM_SMPP_BINDS": "1"}
    # Others than before: whose cases another test has left here would hear of their ends twice.
    people = list(islice(iins(), PEOPLE, PEOPLE + 24))
    numbers = [phone(PEOPLE + number) for number in range(len(people))]
    ours = Pseudonyms(more["JARDEM_PSEUDONYM_KEY"].encode())
    keys = {ours.phone(number).encode() for number in numbers}
    (tmp_path / "two").mkdir()
    async with Installation(
        kafka.address, tmp_path / "one", hours="off", more=more, carrier="smpp"
    ) as installation:
        smsc, port = smsc_of(installation), free_port()
        smsc.most_binds = 1
        environment = {
            **installation.env,
            "JARDEM_DATA_DIR": str(tmp_path / "two"),
            "JARDEM_HEALTH_BIND": f"127.0.0.1:{port}",
        }
        second = Service("worker", tmp_path / "two", environment, f"http://127.0.0.1:{port}/readyz")
        await second.start()
        try:
            await publish(installation, people, PEOPLE)
            await until(lambda: {to for to, _ in taken(installation, numbers)} == set(numbers), 150)
            # Each text is brought to whoever has the bind at that moment.
            answers = [await installation.simulator.answer(number, "1") for number in numbers[:6]]
            assert smsc.binds <= 1
        finally:
            await second.stop()
        assert {answer.status for answer in answers} == {"received"}
        sent = taken(installation, numbers)
        assert len(sent) == len(set(sent)), "nothing twice"
        records = [each for each in await records_in(kafka.address, "sms.inbox.v1") if each.key in keys]
        assert events(records, MessageInDoubt) == []


@pytest.mark.timeout(420)
async def test_every_citizen_of_the_demo_has_the_expected_outcome_by_smpp(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    async with Installation(
        kafka.address, tmp_path, scale=86_400 / 6.0, more=own_key("a-demo"), carrier="smpp"
    ) as installation:
        play = Play(installation, start=4000)
        following = asyncio.create_task(follow(kafka.address, play.came_out))
        await play.publish([event for citizen in play.citizens for event in citizen.before])
        await play.publish([event for citizen in play.citizens for event in citizen.events])
        await until(play.outcomes.complete, 240)
        await asyncio.sleep(3)
        await play.script.stop()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    unexpected = {
        citizen.story: play.outcomes.seen[citizen.iin]
        for citizen in play.citizens
        if not play.outcomes.as_expected(citizen)
    }
    assert unexpected == {}
    numbers = {citizen.phone for citizen in play.citizens}
    own = Counter((to, text) for to, text in play.messages if to in numbers)
    assert own
    assert {text: count for text, count in own.items() if count > 1} == {}
