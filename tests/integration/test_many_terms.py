"""Many terms end at one midnight, and somebody answers while their notices wait for the carrier's rate."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.processes import run_command
from ops.demo.recognise import kind_of
from ops.demo.sample import PHONE, TITLE, Published, lines
from schemas.values import check_iin

SILENT = 300
RATE = 15.0
SECONDS_A_DAY = 15.0
ANSWERER = f"+7702{SILENT:07d}"


def iin(number: int) -> str:
    for digit in range(10):
        try:
            return check_iin(f"64010{1 + number % 9}{3 + number // 9999 % 4}{number % 9999:04d}{digit}")
        except ValueError:
            continue
    return iin(number + 4999)


class Numbers:
    """What came to each number, and when; the one who answers says yes once many have heard the end."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.came: dict[str, list[tuple[str, float]]] = {}
        self.answered_at: float | None = None
        installation.simulator.on_message(self._message)

    def _message(self, phone: str, text: str) -> None:
        if phone.startswith("+7702"):  # and no citizen of another test of this broker
            self.came.setdefault(phone, []).append((kind_of(text) or text, time.monotonic()))

    def heard(self, kind: str) -> int:
        return sum(kind in [each for each, _ in came] for came in self.came.values())

    async def until(self, kind: str, count: int, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while self.heard(kind) < count:  # noqa: ASYNC110 - other processes' doing
                await asyncio.sleep(0.02)


def facts(people: range, now: datetime) -> str:
    registered = (now - timedelta(days=9)).isoformat()
    award = {"title": "peoples_hero", "awarded_on": now.date().isoformat()}
    known = [
        Published(PHONE, {"iin": iin(n), "phone": f"+7702{n:07d}", "registered_at": registered})
        for n in people
    ]
    return lines(
        known + [Published(TITLE, {"iin": iin(n), "award_id": f"A-{iin(n)}", **award}) for n in people]
    )


@pytest.mark.timeout(300)
async def test_an_answer_is_answered_while_hundreds_of_notices_wait(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    more = {
        "JARDEM_PSEUDONYM_KEY": f"many-terms-of-their-own-{time.time_ns()}",
        "JARDEM_SMS_PER_SECOND": str(RATE),
        # Each day's offers end together. By the default policy those of three days may, the answerer's too.
        "JARDEM_TERM_POLICY": "exclusive",
    }
    scale = 86_400 / SECONDS_A_DAY
    async with Installation(
        kafka.address, tmp_path, scale=scale, hours="off", more=more, grace=0.2
    ) as installation:
        numbers = Numbers(installation)
        now = installation.clock.now()
        await run_command(installation.env, "publish", "-", given=facts(range(SILENT), now))
        await numbers.until("offer", SILENT, 120)
        await run_command(
            installation.env,
            "publish",
            "-",
            given=facts(range(SILENT, SILENT + 1), installation.clock.now()),
        )
        await numbers.until("offer", SILENT + 1, 60)
        await numbers.until("no_reply", 20, 120)
        await installation.simulator.answer(ANSWERER, "1")
        async with asyncio.timeout(20):
            while len([each for each, _ in numbers.came[ANSWERER] if each == "account"]) < 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        behind = SILENT - numbers.heard("no_reply")
        await numbers.until("no_reply", SILENT, 120)
    # It passed those that waited. That holds on a slow machine too, where seconds would say little.
    assert behind > 50
    assert all([kind for kind, _ in came].count("no_reply") <= 1 for came in numbers.came.values())
