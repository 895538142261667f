"""Two workers on a real broker, one sender: together they keep to its rate, and one alone has all of it."""

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from aiohttp import ClientSession

from ops.brokers.kafka import KafkaBroker
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.processes import Service, run_command
from ops.demo.sample import Published
from ops.reach import free_port
from schemas.values import check_iin

RATE, BURST = 4.0, 4
PEOPLE = 76
WITH_TWO = 36
# What a call takes on its way through this machine.
JITTER = timedelta(seconds=2)


def iin(number: int) -> str:
    for digit in range(10):
        try:
            return check_iin(f"750101300{number:02d}{digit}")
        except ValueError:
            continue
    return iin(number + 30)


async def publish(installation: Installation, people: Sequence[str]) -> None:
    now = installation.clock.now()
    registered = (now - timedelta(days=9)).isoformat()
    facts = [
        Published(sample.PHONE, {"iin": person, "phone": f"+7701{n:07d}", "registered_at": registered})
        for n, person in enumerate(people)
    ]
    award = {"title": "peoples_hero", "awarded_on": now.date().isoformat()}
    awards = [
        Published(sample.TITLE, {"iin": person, "award_id": f"A-{person}", **award}) for person in people
    ]
    await run_command(installation.env, "publish", "-", given=sample.lines(facts + awards))


async def taken_by(port: int) -> int:
    """How many messages the SMS API took from the worker whose health is answered here."""
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        text = await response.text()
    found = re.search(r'^jardem_sms_api_calls_total\{outcome="accepted"\} (\S+)', text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def created(installation: Installation) -> list[datetime]:
    """When the SMS API took each message."""
    return sorted(
        message.created_at for handset in installation.simulator.handsets for message in handset.messages
    )


async def until_created(installation: Installation, count: int) -> None:
    async with asyncio.timeout(60):
        while len(created(installation)) < count:  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
async def test_the_rate_is_the_senders_whoever_holds_what(kafka: KafkaBroker, tmp_path: Path) -> None:
    more = {
        "JARDEM_PSEUDONYM_KEY": f"a-rate-of-its-own-{time.time_ns()}",
        "JARDEM_SMS_PER_SECOND": str(RATE),
    }
    people = sorted({iin(number) for number in range(PEOPLE + 20)})[:PEOPLE]
    async with Installation(kafka.address, tmp_path / "one", grace=0, hours="off", more=more) as installation:
        ports = [int(installation.env["JARDEM_HEALTH_BIND"].rpartition(":")[2]), free_port()]
        environment = {
            **installation.env,
            "JARDEM_DATA_DIR": str(tmp_path / "two"),
            "JARDEM_HEALTH_BIND": f"127.0.0.1:{ports[1]}",
        }
        (tmp_path / "two").mkdir()
        second = Service("worker", tmp_path / "two", environment, f"http://127.0.0.1:{ports[1]}/readyz")
        await second.start()
        try:
            await asyncio.gather(*(until_ready(port) for port in ports))
            await publish(installation, people)
            await until_created(installation, WITH_TWO)
            taken = [await taken_by(port) for port in ports]
            together = created(installation)
        finally:
            await second.stop()
        # The other one has all partitions then, and the whole rate.
        stopped = datetime.now(UTC)
        await until_created(installation, PEOPLE)
        alone = [at for at in created(installation) if at > stopped]
    for first, last in combinations(range(len(together)), 2):
        seconds = (together[last] - together[first] + JITTER).total_seconds()
        assert last - first + 1 <= RATE * seconds + BURST
    assert min(taken) >= 5
    # Half of it would take twice as long for each eight in a row; a machine that stands still, for some.
    rows = [(alone[last] - alone[last - 7]).total_seconds() for last in range(7, len(alone))]
    assert min(rows) <= 1.5 * 7 / RATE


async def until_ready(port: int) -> None:
    """Ready for good: the rebalance that the second worker caused is over."""
    async with ClientSession() as session, asyncio.timeout(60):
        ready = 0
        while ready < 10:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                ready = ready + 1 if response.status == 200 else 0
            await asyncio.sleep(0.1)
