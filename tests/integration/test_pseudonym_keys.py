"""The key of pseudonyms is changed on a real broker: who is known stays, who is new is under the new one."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from httpx import AsyncClient

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.outcomes import describe, follow
from ops.demo.processes import DemoError, Service, run_command
from ops.demo.recognise import kind_of
from ops.demo.sample import IBAN, PHONE, Published, lines
from ops.reach import free_port
from schemas.ids import Pseudonyms, Sid
from schemas.messages import MessageReceived
from streams.events import inbox_record
from streams.pseudonym_keys import fingerprint, read
from tests.integration.acts import until_told
from tests.integration.test_citizens import iin
from tests.integration.test_encryption import award, everything, the_key_store
from tests.integration.test_redrive import Letters
from tests.integration.waiting import until
from tests.unit.console.running import users_file

FORMER, PRESENT = "the-former-key-" + "f" * 32, "the-present-key-" + "p" * 32
OFFERED, FACTS_ALONE, NEW, NO_CASE = (iin(number) for number in (9301, 9302, 9303, 9304))
NUMBERS = {who: f"+7701999030{number}" for number, who in enumerate((OFFERED, FACTS_ALONE, NEW, NO_CASE))}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path / "kafka") as running:
        yield running


class Heard:
    """What reached each number, and what came out for each person, in one life of the service."""

    def __init__(self, system: Installation) -> None:
        self.sms: dict[str, list[str]] = defaultdict(list)
        self.outcomes: dict[str, str] = {}
        system.simulator.on_message(lambda phone, text: self.sms[phone].append(kind_of(text) or text))

    def outcome(self, topic: str, data: dict[str, object]) -> None:
        if topic in ("benefit.decided.v1", "benefit.process-ended.v1"):
            self.outcomes[str(data["iin"])] = describe(topic, data)


def registered(who: str, now: datetime) -> Published:
    at = (now - timedelta(days=9)).isoformat()
    return Published(PHONE, {"iin": who, "phone": NUMBERS[who], "registered_at": at})


async def publish(system: Installation, *events: Published) -> None:
    await run_command(system.env, "publish", "-", given=lines(list(events)))


async def written(env: dict[str, str], file: Path, *more: str, seconds: float = 90) -> None:
    """Write the file as soon as the brokers have noticed that nobody runs any more."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(DemoError):
            await run_command(env, "keys", "pseudonyms", str(file), *more)
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(2)


async def of_nobody(env: dict[str, str], folder: Path) -> None:
    """Where no worker has ever run, nobody is in use, and that is no reason to refuse."""
    await run_command(env, "topics", "apply")
    await written(env, folder / "nobody")
    assert [len(found) for found in read(folder / "nobody").values()] == [0]


async def say(kafka: str, phone: str, text: str, at: datetime, pseudonyms: Pseudonyms) -> None:
    """What somebody writes, as webhooks with these keys hand it on."""
    told = inbox_record(
        MessageReceived(phone=phone, text=text, sid=Sid("SM9303"), received_at=at), pseudonyms
    )
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await producer.send_and_wait(told.topic, told.value, told.key, headers=list(told.headers))


async def of_numbers(letters: Letters) -> list[dict[str, Any]]:
    """The dead letters from the inbox of numbers."""
    listed: list[dict[str, Any]] = (await letters.json("list", "--topic", "sms.inbox.v1"))["letters"]
    return listed


async def keys_of(kafka: str, *topics: str) -> set[str]:
    return {(record.key or b"").decode() for record in await everything(kafka, topics)}


async def cases_at_the_console(
    env: dict[str, str], folder: Path, people: Sequence[str], seconds: float = 60
) -> dict[str, int]:
    """How many cases of each person the read API finds by the IIN, once it has read all of the topics."""
    port = free_port()
    env = {
        **env,
        "JARDEM_CONSOLE_BIND": f"127.0.0.1:{port}",
        "JARDEM_CONSOLE_USERS": str(users_file(folder / "users.json").path),
    }
    said = await run_command(env, "console", "tokens", "new", "--role", "viewer", "--name", "test")
    secret = next(line for line in said.splitlines() if re.fullmatch(r"\S{30,}", line))
    console = Service("console", folder, env, f"http://127.0.0.1:{port}/readyz")
    await console.start()
    try:
        headers = {"authorization": f"Bearer {secret}"}
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            deadline = time.monotonic() + seconds
            while True:
                found = {}
                for who in people:
                    answer = await client.post("/api/v1/persons/search", json={"iin": who})
                    found[who] = len(answer.raise_for_status().json()["cases"])
                if sum(found.values()) == len(people) - 1 or time.monotonic() > deadline:
                    return found
                # A user may look for so many people in ten minutes.
                await asyncio.sleep(5)
    finally:
        await console.stop()


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_who_is_known_stays_and_who_is_new_is_under_the_new_key(  # noqa: PLR0915 - one story
    broker: KafkaBroker, tmp_path: Path
) -> None:
    former, present = Pseudonyms(FORMER.encode()), Pseudonyms(PRESENT.encode())
    keys = the_key_store(tmp_path)
    file = tmp_path / "in-use"
    before = {**keys, "JARDEM_PSEUDONYM_KEY": FORMER}
    first = tmp_path / "first"
    first.mkdir()
    at_the_broker = {"JARDEM_KAFKA": broker.address, "JARDEM_PROFILE": "development"}
    await of_nobody({**before, **at_the_broker}, tmp_path)
    async with Installation(broker.address, first, hours="off", more=before) as system:
        heard = Heard(system)
        now = system.clock.now()
        await publish(system, registered(OFFERED, now), registered(FACTS_ALONE, now))
        await publish(system, award(OFFERED, now))
        await until(lambda: heard.sms[NUMBERS[OFFERED]] == ["offer"])
        with pytest.raises(DemoError, match="1 workers are running: stop everything"):
            await run_command(system.env, "keys", "pseudonyms", str(file))
        assert not file.exists()
        env = dict(system.env)
    await written(env, file)

    changed = {"JARDEM_PSEUDONYM_KEY": PRESENT, "JARDEM_PSEUDONYM_KEY_PREVIOUS": FORMER}
    with pytest.raises(DemoError, match="JARDEM_PSEUDONYMS_IN_USE is missing"):
        await run_command({**env, **changed}, "publish", "-", given=lines([registered(NEW, now)]))

    after = {**keys, **changed, "JARDEM_PSEUDONYMS_IN_USE": str(file)}
    second = tmp_path / "second"
    second.mkdir()
    async with Installation(broker.address, second, hours="off", more=after) as system:
        heard = Heard(system)
        following = asyncio.create_task(follow(broker.address, heard.outcome))
        now = system.clock.now()
        await system.simulator.answer(NUMBERS[OFFERED], "2")
        await until(lambda: heard.sms[NUMBERS[OFFERED]] == ["account"])
        await system.simulator.answer(NUMBERS[OFFERED], IBAN)
        await until(lambda: OFFERED in heard.outcomes)
        # The right of before, once more: it is known. Who is known by a fact alone is reached by it.
        await publish(system, registered(NEW, now), registered(NO_CASE, now), award(OFFERED, now))
        await publish(system, award(FACTS_ALONE, now), award(NEW, now))
        await until(lambda: all(heard.sms[NUMBERS[each]] == ["offer"] for each in (FACTS_ALONE, NEW)))
        await system.simulator.answer(NUMBERS[FACTS_ALONE], "0")
        # What webhooks send that were not started anew is not lost.
        await say(broker.address, NUMBERS[NEW], "0", system.clock.now(), former)
        letters = Letters(system)
        [letter] = await until_told(lambda: of_numbers(letters))
        await letters.close("redrive", letter["id"])
        await until(lambda: len(heard.outcomes) == 3)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        env = dict(system.env)
    assert heard.outcomes[OFFERED].startswith("granted ru")
    assert all("declined" in heard.outcomes[each] for each in (FACTS_ALONE, NEW))
    assert "offer" not in heard.sms[NUMBERS[OFFERED]]

    persons: set[str] = {former.person(OFFERED), former.person(FACTS_ALONE), present.person(NEW)}
    assert await keys_of(broker.address, "case.advanced.v1") == persons
    # A number on which nobody had been asked is new, whoever has it.
    numbers: set[str] = {
        former.phone(NUMBERS[OFFERED]),
        *(present.phone(NUMBERS[each]) for each in (FACTS_ALONE, NEW)),
    }
    assert await keys_of(broker.address, "sms.outbox.v1") == numbers

    # Whoever is looked for is found under the key that they are known by, in a console that starts now.
    cases = await cases_at_the_console(env, tmp_path, (OFFERED, FACTS_ALONE, NEW, NO_CASE))
    assert cases == {OFFERED: 1, FACTS_ALONE: 1, NEW: 1, NO_CASE: 0}

    # The next change: whoever has no case is left out where that is asked for, and begins anew.
    no_case = present.person(NO_CASE)
    in_use = {*persons, *numbers, no_case}
    of_before = {former.person(OFFERED), former.person(FACTS_ALONE), former.phone(NUMBERS[OFFERED])}
    await written(env, file := tmp_path / "everybody")
    assert found_of(file, in_use) == (in_use, of_before)
    await written(env, file := tmp_path / "with-cases", "--with-cases")
    assert found_of(file, in_use) == (in_use - {no_case}, of_before)


def found_of(file: Path, pseudonyms: set[str]) -> tuple[set[str], set[str]]:
    """Which of them the file has, and which of them under the former key. It has no others."""
    in_use = read(file)
    found = {each for each in pseudonyms if any(each in names for names in in_use.values())}
    assert sum(len(names) for names in in_use.values()) == len(found)
    return found, {each for each in found if each in in_use[fingerprint(FORMER.encode())]}
