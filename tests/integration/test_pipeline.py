"""The whole pipeline on a real broker, with real processes, while the worker is killed in the middle."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ops.brokers.broker import Broker
from ops.brokers.choose import choose
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.outcomes import Outcomes, follow
from ops.demo.processes import run_command
from ops.demo.sample import Published
from ops.demo.script import Script

DAY = 86_400
SECONDS_A_DAY = 5.0


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


class Play:
    """The demo's people on an installation, with everything written down that came of them."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.citizens = sample.citizens(installation.clock.now())
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


async def until(condition: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is other processes' doing
            await asyncio.sleep(0.1)


@pytest.mark.timeout(300)
async def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    broker: Broker, tmp_path: Path
) -> None:
    async with Installation(broker.address, tmp_path, scale=DAY / SECONDS_A_DAY) as installation:
        play = Play(installation)
        following = asyncio.create_task(follow(broker.address, play.came_out))
        await play.publish([event for citizen in play.citizens for event in citizen.before])
        await play.publish([event for citizen in play.citizens for event in citizen.events])
        await until(lambda: len(play.messages) >= 8, 60)
        installation.worker.kill()
        await asyncio.sleep(1)
        await installation.worker.start()
        await until(play.outcomes.complete, 150)
        await asyncio.sleep(4)
        await play.script.stop()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    unexpected = {
        citizen.story: play.outcomes.seen[citizen.iin]
        for citizen in play.citizens
        if not play.outcomes.as_expected(citizen)
    }
    assert unexpected == {}
    assert play.outcomes.dead_letters == 0
    doubled = {text: count for text, count in Counter(play.messages).items() if count > 1}
    assert doubled == {}
    _every_step_is_told_once_and_in_order(play.events)


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
