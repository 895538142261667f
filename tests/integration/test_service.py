"""Starting and stopping the service on a real broker, with a worker that is killed in the middle."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.outcomes import follow
from ops.demo.processes import run_command
from ops.demo.sample import PHONE, TITLE, Published, lines
from schemas.ids import Pseudonyms
from schemas.values import check_iin
from tests.integration.waiting import until

KEY = "a key of the test's own, for its pseudonyms"
ACTS = "operator.acted.v1"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker of its own: what is in force of the service is everybody's."""
    with KafkaBroker(tmp_path / "kafka") as broker:
        yield broker


def iin(number: int) -> str:
    for digit in range(10):
        try:
            return check_iin(f"700101300{number:02d}{digit}")
        except ValueError:
            continue
    return iin(number + 50)


class Town:
    """People by their numbers, what they were sent, and the steps of their cases."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.people = {f"+77010000{number:03d}": iin(number) for number in range(27)}
        self.received: Counter[str] = Counter()
        self.steps: defaultdict[str, dict[int, str | None]] = defaultdict(dict)
        installation.simulator.on_message(lambda phone, _: self.received.update([phone]))

    def came_out(self, topic: str, data: dict[str, Any]) -> None:
        # Whether the SMS API tells a sent time of its own in time is chance.
        if topic == "case.advanced.v1" and data["note"] != "sent_later":
            self.steps[data["case_id"]][data["step"]] = data["note"] or data["to"]

    def told(self, note: str) -> int:
        """How many cases have said this."""
        return sum(note in steps.values() for steps in self.steps.values())

    async def publish(self, *events: Published) -> None:
        await run_command(self.installation.env, "publish", "-", given=lines(events))

    async def register(self) -> None:
        registered = (self.installation.clock.now() - timedelta(days=9)).isoformat()
        await self.publish(
            *(
                Published(PHONE, {"iin": person, "phone": phone, "registered_at": registered})
                for phone, person in self.people.items()
            )
        )

    async def award(self, phones: Sequence[str]) -> None:
        day = (self.installation.clock.now() - timedelta(days=1)).date().isoformat()
        title = {"title": "peoples_hero", "awarded_on": day}
        await self.publish(
            *(
                Published(TITLE, {"iin": self.people[phone], "award_id": f"A{phone}", **title})
                for phone in phones
            )
        )

    async def act(self, act: str, **details: Any) -> None:
        """An operator acts. Acts and awards are of different topics: the acts are taken a second before."""
        content = {
            "act": act,
            "object": {"kind": "offers", "id": "all"},
            "details": details,
            "reason": "so the test wants it",
            "operator": "operator-3",
        }
        await self.publish(Published(ACTS, content))
        await asyncio.sleep(1)

    async def die(self) -> None:
        self.installation.worker.kill()
        await self.installation.worker.start()


@pytest.mark.timeout(420)
async def test_the_service_is_stopped_and_started_and_each_is_offered_once(
    broker: KafkaBroker, tmp_path: Path
) -> None:
    more = {"JARDEM_PSEUDONYM_KEY": KEY, "JARDEM_SMS_PER_SECOND": "100"}
    async with Installation(broker.address, tmp_path, hours="off", more=more) as installation:
        town = Town(installation)
        following = asyncio.create_task(follow(broker.address, town.came_out))
        everybody = list(town.people)
        paused, listed, unlisted, shadowed = (
            everybody[:20],
            everybody[20:22],
            everybody[22:24],
            everybody[24:],
        )
        await town.register()

        await town.act("pause")
        await town.award(paused)
        await until(lambda: town.told("offers_paused") == len(paused), 90)
        await town.die()
        await asyncio.sleep(2)
        assert town.received == {}
        await town.act("resume")
        await town.die()
        await until(lambda: len(town.received) == len(paused), 90)

        pseudonyms = Pseudonyms(KEY.encode())
        await town.act("pilot", persons=[pseudonyms.person(town.people[phone]) for phone in listed])
        await town.award([*listed, *unlisted])
        await until(lambda: town.told("outside_pilot") == len(unlisted), 90)
        await until(lambda: all(town.received[phone] for phone in listed), 90)
        await asyncio.sleep(2)
        assert not any(town.received[phone] for phone in unlisted)
        await town.act("end_pilot")
        await until(lambda: all(town.received[phone] for phone in unlisted), 90)

        await town.act("shadow")
        await town.award(shadowed)
        await until(lambda: town.told("shadow") == len(shadowed), 90)
        await asyncio.sleep(2)
        assert not any(town.received[phone] for phone in shadowed)
        await town.act("end_shadow")
        await until(lambda: len(town.received) == len(everybody), 90)
        await asyncio.sleep(4)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    assert town.received == dict.fromkeys(everybody, 1)
    told = Counter(tuple(steps[number] for number in sorted(steps)) for steps in town.steps.values())
    assert told == {
        ("received", note, "service_resumed", "offer_asked", "offer_sent"): len(people)
        for note, people in (("offers_paused", paused), ("outside_pilot", unlisted), ("shadow", shadowed))
    } | {("received", "offer_asked", "offer_sent"): len(listed)}
