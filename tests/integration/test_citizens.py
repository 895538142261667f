"""A crowd of citizens on handsets: each ends in exactly one outcome, and each SMS is received once.

`JARDEM_CITIZENS=10000 pytest tests/integration/test_citizens.py` is the large one.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.outcomes import describe, follow
from ops.demo.processes import run_command
from ops.demo.recognise import kind_of
from ops.demo.sample import IBAN, PHONE, TITLE, Published, lines
from schemas.values import check_iin

CITIZENS = int(os.environ.get("JARDEM_CITIZENS", "150"))
SECONDS_A_DAY = max(8.0, CITIZENS / 100)
AT_ONCE = 50

ANSWERS: list[tuple[str, dict[str, str]]] = [
    ("granted kk standalone", {"offer": "1", "account": IBAN}),
    ("granted ru standalone", {"offer": "да", "account": "kz86 125k zt50 0410 0100"}),
    ("granted ru standalone", {"offer": "что?", "explain_offer": "2", "account": IBAN}),
    ("ended declined", {"offer": "жоқ"}),
    ("ended no_reply", {}),
]


def iin(number: int) -> str:
    for digit in range(10):
        try:
            return check_iin(f"70010{1 + number % 9}{3 + number // 9999 % 4}{number % 9999:04d}{digit}")
        except ValueError:
            continue
    return iin(number + 9999)


class Crowd:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.people = {
            f"+7701{number:07d}": (iin(number), *ANSWERS[number % 5]) for number in range(CITIZENS)
        }
        self.expected = {person: outcome for person, outcome, _ in self.people.values()}
        self.seen: dict[str, list[str]] = {}
        self.received: Counter[tuple[str, str]] = Counter()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Future[None]] = set()
        installation.simulator.on_message(self._message)

    def facts(self, now: datetime) -> str:
        registered = (now - timedelta(days=9)).isoformat()
        return lines(
            [
                Published(PHONE, {"iin": person, "phone": phone, "registered_at": registered})
                for phone, (person, _, _) in self.people.items()
            ]
        )

    def awards(self, now: datetime) -> str:
        awarded = {"title": "peoples_hero", "awarded_on": (now - timedelta(days=1)).date().isoformat()}
        return lines(
            [
                Published(TITLE, {"iin": person, "award_id": f"A-{person[-8:]}", **awarded})
                for person in self.expected
            ]
        )

    def _message(self, phone: str, text: str) -> None:
        if phone not in self.people:
            return  # another test of this broker has left somebody waiting
        self.received[phone, text] += 1
        answer = self.people[phone][2].get(kind_of(text) or "")
        if answer:
            self._spawn(self._answer(phone, answer))

    async def _answer(self, phone: str, text: str) -> None:
        async with self._gate:
            await self.installation.simulator.answer(phone, text)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def came_out(self, topic: str, data: dict[str, Any]) -> None:
        ended = topic in ("benefit.decided.v1", "benefit.process-ended.v1")
        if ended and data["iin"] in self.expected:
            self.seen.setdefault(data["iin"], []).append(describe(topic, data))

    async def everybody(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while len(self.seen) < len(self.expected):  # noqa: ASYNC110 - other processes' doing
                await asyncio.sleep(0.2)


@pytest.mark.timeout(1800)
async def test_each_citizen_ends_in_exactly_one_outcome(kafka: KafkaBroker, tmp_path: Path) -> None:
    # The topics may hold other tests' events: a crowd has a pseudonym key, and so people, of its own.
    more = {"JARDEM_SMS_PER_SECOND": "1000", "JARDEM_PSEUDONYM_KEY": f"a-crowd-of-its-own-{time.time_ns()}"}
    async with Installation(
        kafka.address, tmp_path, scale=86_400 / SECONDS_A_DAY, hours="off", more=more
    ) as installation:
        crowd = Crowd(installation)
        now = installation.clock.now()
        await run_command(installation.env, "publish", "-", given=crowd.facts(now))
        await run_command(installation.env, "publish", "-", given=crowd.awards(now))
        following = asyncio.create_task(follow(kafka.address, crowd.came_out))
        await crowd.everybody(150 + CITIZENS / 5)
        await asyncio.sleep(5)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    wrong = {
        person: crowd.seen.get(person)
        for person, outcome in crowd.expected.items()
        if crowd.seen.get(person) != [outcome]
    }
    assert wrong == {}
    assert {key: count for key, count in crowd.received.items() if count > 1} == {}
