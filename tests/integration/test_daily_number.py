"""A daily number of SMS on the real pipeline, with a worker that is killed: no day has an offer too many."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.recognise import kind_of
from schemas.times import ALMATY
from tests.integration.acts import Somebody, act
from tests.integration.waiting import until

SECONDS_A_DAY = 12.0
NUMBER = 4
"""One for each of the four partitions."""
IINS = (
    "730303300019",
    "730303300029",
    "730303300039",
    "730303300049",
    "730303300059",
    "730303300069",
    "730303300079",
    "730303300089",
    "730303300099",
    "730303300108",
)
OFFERS = {"kind": "offers", "id": "all"}


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaBroker]:
    """What is said of the service would hold for the other tests' workers too."""
    with KafkaBroker(tmp_path / "kafka") as broker:
        yield broker


@pytest.mark.timeout(300)
async def test_offers_wait_for_the_next_local_day_and_go_when_the_number_is_lifted(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    people = [Somebody(f"+7701555{number:04}", iin) for number, iin in enumerate(IINS)]
    offered: set[str] = set()
    async with Installation(
        own_kafka.address, tmp_path, scale=86_400 / SECONDS_A_DAY, hours="off"
    ) as installation:
        clock = installation.clock

        def note(phone: str, text: str) -> None:
            if kind_of(text) == "offer":
                offered.add(phone)

        installation.simulator.on_message(note)
        await act(installation, "daily_sms", OFFERS, details={"number": NUMBER})
        # A place is of the day in which it was taken, and an SMS of that in which it left.
        await until(lambda: clock.now().astimezone(ALMATY).hour < 4, 30)
        for somebody in people:
            await somebody.award(installation)
        await until(lambda: len(offered) > NUMBER, 90)
        installation.worker.kill()
        await installation.worker.start()
        await act(installation, "daily_sms", OFFERS, details={"number": None})
        await until(lambda: len(offered) == len(people), 90)
        sent = [
            message
            for somebody in people
            for message in installation.simulator.handsets.at(somebody.phone).messages
            if kind_of(message.text) == "offer"
        ]
    assert len(sent) == len(people)
    days = Counter(clock.virtual(message.created_at).astimezone(ALMATY).date() for message in sent)
    first, *_ = sorted(days)
    assert days[first] <= NUMBER
    assert len(days) > 1
