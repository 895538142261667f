"""What tests of operators' acts share: one citizen, what was said of their case, and what operators say."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.processes import run_command
from ops.demo.sample import Published
from schemas.ids import Pseudonyms
from tests.integration.reader import records_in

ADVANCED = "case.advanced.v1"


class Somebody:
    """A citizen of one test alone, by a key of its own: the broker holds what other tests have left."""

    def __init__(self, phone: str, iin: str) -> None:
        self.phone, self.iin = phone, iin
        self.key = f"the-key-of-one-test-of-acts-{time.time_ns()}"
        pseudonyms = Pseudonyms(self.key.encode())
        self.person_id, self.phone_id = pseudonyms.person(iin), pseudonyms.phone(phone)
        self.award_id = "A-17"

    async def award(self, installation: Installation) -> None:
        """Their number and their title are published."""
        now = installation.clock.now()
        registered = {
            "iin": self.iin,
            "phone": self.phone,
            "registered_at": (now - timedelta(days=9)).isoformat(),
        }
        award = {
            "iin": self.iin,
            "title": "peoples_hero",
            "award_id": self.award_id,
            "awarded_on": (now - timedelta(days=1)).date().isoformat(),
        }
        events = [Published(sample.PHONE, registered), Published(sample.TITLE, award)]
        await run_command(installation.env, "publish", "-", given=sample.lines(events))

    async def steps(self, kafka: str) -> list[dict[str, Any]]:
        """The steps of their cases, each once, in order."""
        found = {}
        for record in await records_in(kafka, ADVANCED):
            if record.key == self.person_id.encode():
                step = json.loads(record.value or b"")
                found[step["case_id"], step["step"]] = step
        return [found[key] for key in sorted(found)]

    async def told(self, kafka: str, topic: str, name: str) -> list[dict[str, Any]]:
        """The events of this name about them, or their number, in a topic."""
        return [
            json.loads(record.value or b"")
            for record in await records_in(kafka, topic)
            if record.key in (self.person_id.encode(), self.phone_id.encode())
            and dict(record.headers).get("ce_type") == f"kz.jardem.{name}".encode()
        ]


async def until_told(
    found: Callable[[], Awaitable[list[dict[str, Any]]]], count: int = 1, seconds: float = 60
) -> list[dict[str, Any]]:
    """What is found, once there is so much of it. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while len(told := await found()) < count:  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.5)
    return told


async def act(
    installation: Installation,
    what: str,
    about: Mapping[str, str],
    *,
    at: datetime | None = None,
    id_: str | None = None,
    **more: Any,
) -> None:
    """An operator acts."""
    data = {"act": what, "object": about, "reason": "looked at it", "operator": "operator-3", **more}
    line = {"type": "operator.acted.v1", "source": "urn:jardem:console", "data": data}
    line["time"] = (at or installation.clock.now()).isoformat()
    if id_:
        line["id"] = id_
    await run_command(installation.env, "publish", "-", given=json.dumps(line) + "\n")
