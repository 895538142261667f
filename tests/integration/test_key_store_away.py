"""The store of keys goes away under a running system: nothing is lost, and nothing leaves in the clear."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.bench.postgres import NoPostgresError, PrivatePostgres
from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.outcomes import describe, follow
from ops.demo.processes import run_command
from ops.demo.sample import IBAN, PHONE, Published, lines
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX
from tests.integration.test_citizens import iin
from tests.integration.test_encryption import KEY, award, everything, found_in
from tests.integration.waiting import until

WHO, NUMBER = iin(9101), "+77019990101"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """One of its own: what is encrypted on it only this installation's workers read."""
    with KafkaBroker(tmp_path / "kafka") as running:
        yield running


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_while_the_store_of_keys_is_away_everything_waits(broker: KafkaBroker, tmp_path: Path) -> None:
    try:
        server = PrivatePostgres().__enter__()
    except NoPostgresError as error:
        sys.stderr.write(f"{error}\n")
        pytest.skip(str(error))
    more = {"JARDEM_ENCRYPTION_KEY": KEY, "JARDEM_KEYS_DATABASE": server.url}
    outcomes: list[str] = []

    def came_out(topic: str, data: dict[str, Any]) -> None:
        if data.get("iin") == WHO and topic in ("benefit.decided.v1", "benefit.process-ended.v1"):
            outcomes.append(describe(topic, data))

    try:
        async with Installation(
            broker.address, tmp_path, scale=86_400 / 60, hours="off", more=more
        ) as system:
            messages: list[str] = []
            system.simulator.on_message(
                lambda phone, text: messages.append(text) if phone == NUMBER else None
            )
            following = asyncio.create_task(follow(broker.address, came_out))
            now = system.clock.now()
            await asyncio.to_thread(server.kill)
            registered = {"iin": WHO, "phone": NUMBER, "registered_at": (now - timedelta(days=9)).isoformat()}
            await run_command(
                system.env, "publish", "-", given=lines([Published(PHONE, registered), award(WHO, now)])
            )
            await asyncio.sleep(12)
            assert messages == []
            assert system.dead() is None
            await asyncio.to_thread(server.start)
            await until(lambda: len(messages) == 1, 90)
            await system.simulator.answer(NUMBER, "2")
            await until(lambda: len(messages) == 2, 60)
            await system.simulator.answer(NUMBER, IBAN)
            await until(lambda: bool(outcomes), 90)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            for record in await everything(broker.address, (CASE_INBOX, SMS_INBOX, SMS_OUTBOX)):
                assert not found_in(record.value or b"", (WHO, NUMBER)), record.topic
    finally:
        server.__exit__(None, None, None)
    assert outcomes == ["granted ru standalone"]
    assert len(messages) == len(set(messages))
