"""A case is played again as it was told, and the gauges tell of its draft that an officer signs."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from kafka import KafkaAdminClient, TopicPartition

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.processes import run_command
from ops.demo.recognise import kind_of
from ops.demo.sample import IBAN, PHONE, TITLE, Published, lines
from ops.topic_records import Item, event_data, read_topics
from schemas.ids import Pseudonyms
from streams.records import Record
from streams.settings.settings import DEMO_PSEUDONYM_KEY, Settings
from streams.topics import CASE_INBOX
from tests.command import run

SECONDS_A_DAY = 3.0
YES, NO = "850101300015", "900101300017"
ANSWERS = {
    "+77010000001": {"offer": "1", "account": IBAN},
    "+77010000002": {"offer": "жоқ"},
}
DRAFT = "social-code-2023/0"


class Office:
    """An installation whose drafts an officer signs, with two citizens: one agrees, one does not."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._variables = {name.removeprefix("JARDEM_"): value for name, value in installation.env.items()}
        self._answers: set[asyncio.Future[Any]] = set()
        installation.simulator.on_message(self._message)

    def _message(self, phone: str, text: str) -> None:
        answer = ANSWERS[phone].get(kind_of(text) or "")
        if answer:
            self._answers.add(asyncio.ensure_future(self.installation.simulator.answer(phone, answer)))

    async def publish(self, *events: Published) -> None:
        await run_command(self.installation.env, "publish", "-", given=lines(events))

    async def award(self) -> None:
        """Both citizens are awarded a title, after their numbers were registered."""
        now = self.installation.clock.now()
        registered = (now - timedelta(days=9)).isoformat()
        awarded = {"title": "peoples_hero", "awarded_on": (now - timedelta(days=1)).date().isoformat()}
        for iin, phone in zip((YES, NO), ANSWERS, strict=True):
            await self.publish(Published(PHONE, {"iin": iin, "phone": phone, "registered_at": registered}))
            await self.publish(Published(TITLE, {"iin": iin, "award_id": f"A-{iin}", **awarded}))

    async def sign(self, decision_id: str) -> None:
        """An officer grants it."""
        at = self.installation.clock.now().isoformat()
        signed = {"outcome": "granted", "refusal_ground": None, "officer": "o", "signed_at": at}
        await self.publish(Published("emaket.decision-signed.v1", {"decision_id": decision_id, **signed}))

    async def _gauges(self) -> dict[str, float]:
        url = f"http://{self.installation.env['JARDEM_HEALTH_BIND']}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            said = [line.split() for line in (await answer.text()).splitlines() if line.startswith("jardem_")]
        return {name.removeprefix("jardem_"): float(value) for name, value, *_ in said}

    async def shows(self, **gauges: int) -> None:
        """Wait until the worker shows this."""
        async with asyncio.timeout(90):
            while not (await self._gauges()).items() >= gauges.items():  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.2)

    async def told(self, topic: str) -> list[Any]:
        """What stands in a topic: the data of its events, or the records of the inbox."""
        found: list[Any] = []

        def take(item: Item) -> None:
            found.append(item if topic == CASE_INBOX else event_data(item, topic))

        await asyncio.to_thread(read_topics, Settings(kafka=self.installation.kafka), [topic], take)
        return found

    async def replay(self, *arguments: str) -> tuple[int, str]:
        return await self.case("replay", *arguments)

    async def case(self, *arguments: str) -> tuple[int, str]:
        words = ("case", *arguments)
        return await asyncio.to_thread(lambda: run(*words, given=b"", **self._variables))

    def delete(self, before: Record) -> None:
        """As retention does."""
        admin = KafkaAdminClient(bootstrap_servers=self.installation.kafka)
        admin.delete_records({TopicPartition(before.topic, before.partition): before.offset})
        admin.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """One of its own: what stands in the inbox is deleted."""
    with KafkaBroker(tmp_path / "broker") as started:
        yield started


@pytest.fixture
async def office(broker: KafkaBroker, tmp_path: Path) -> AsyncIterator[Office]:
    async with Installation(
        broker.address,
        tmp_path,
        scale=86_400 / SECONDS_A_DAY,
        hours="off",
        more={"JARDEM_DECISION_MODE": "officer"},
    ) as installation:
        yield Office(installation)


@pytest.mark.timeout(300)
async def test_a_draft_is_counted_signed_and_played_again(office: Office) -> None:
    await office.award()
    await office.shows(drafts_due=0, drafts_overdue=1, awaiting_rules=0)
    office.installation.worker.kill()
    await office.installation.worker.start()
    await office.shows(drafts_due=0, drafts_overdue=1)
    (draft,) = await office.told("benefit.decision-drafted.v1")
    (ended,) = await office.told("benefit.process-ended.v1")
    await office.sign(draft["decision_id"])
    await office.shows(drafts_due=0, drafts_overdue=0)

    for case in (draft["case_id"], ended["case_id"]):
        code, said = await office.replay(case)
        assert (code, said.splitlines()[-1]) == (0, "nothing differs"), said
    await _is_shown_as_the_console_has_it(office, draft["case_id"])
    code, said = await office.replay(draft["case_id"], "--rules", DRAFT, "--json")
    found = json.loads(said)
    assert (code, found["verdict"], found["steps"], found["texts"]) == (
        1,
        "differs",
        [],
        {"told": [], "again": []},
    )
    versions = {"rules_version": {"told": draft["rules_version"], "again": DRAFT}}
    assert [(each["name"], each["fields"]) for each in found["outcomes"]] == [
        ("benefit.decision-drafted.v1", versions),
        ("benefit.decided.v1", versions),
    ]
    code, said = await office.replay(ended["case_id"], "--rules", DRAFT)
    assert code == 1
    assert "ordinary_route.verified: told true, again false" in said

    person = Pseudonyms(DEMO_PSEUDONYM_KEY.encode()).person(YES).encode()
    inbox = [record for record in await office.told(CASE_INBOX) if record.key == person]
    office.delete(inbox[1])
    code, said = await office.replay(draft["case_id"])
    assert code == 2
    assert "what was known of the person before it is not in case.inbox.v1 any more" in said
    office.delete(inbox[3])
    code, said = await office.replay(draft["case_id"])
    assert code == 2
    assert "step 1: its cause, registry.title-awarded.v1" in said
    assert "step 2: its cause, deadline.elapsed" in said
    assert "step 3" not in said


async def _is_shown_as_the_console_has_it(office: Office, case_id: str) -> None:
    code, said = await office.case("show", case_id, "--timeline", "--evidence")
    assert code == 0, said
    lines = said.splitlines()
    places = [
        next(number for number, line in enumerate(lines) if words in line)
        for words in ("received -> offer_asked", "SMS offer to *", "SMS from *", ": verifies", "next: ")
    ]
    assert places == sorted(places), said
    assert any("taken for consent_" in line for line in lines)
    assert any(line.strip().startswith("| Е-макет") for line in lines)
    code, said = await office.case("show", case_id, "--timeline", "--json")
    shown = json.loads(said)
    assert (code, shown["next"]["what"]) == (0, "nothing")
    texts = [entry["sms"]["text"] for entry in shown["timeline"] if entry["sms"]]
    assert texts
    assert set(texts) == {None}
    assert [entry["step"]["step"] for entry in shown["timeline"] if entry["step"]] == [
        step["step"] for step in shown["steps"]
    ]
