"""Citizens answer while nobody takes the SMS API's calls, and nothing is repeated: each answer counts, once.

On a real broker, with a worker that is killed in between, and webhooks that are down or answer with 503.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from ops.brokers.kafka import KafkaBroker
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.outcomes import DEAD, DECIDED, ENDED, follow
from ops.demo.processes import run_command
from ops.demo.recognise import kind_of
from ops.demo.sample import IBAN, Published
from schemas.ids import Pseudonyms
from sms.simulator.handsets import Message
from tests.integration.reader import records_in
from tests.integration.waiting import until

# Of these tests alone: the worker also reads what other tests have left on the broker.
CITIZENS = {
    "down": ("+77015550188", "680303300186"),
    "503": ("+77015550189", "690404400193"),
    "late": ("+77015550190", "700505300211"),
}
SECONDS_A_DAY = 10.0


class Story:
    """One citizen, and what came of them."""

    def __init__(self, installation: Installation, phone: str, iin: str) -> None:
        self.installation = installation
        self.phone, self.iin = phone, iin
        self.came_out: list[tuple[str, dict[str, Any]]] = []

    def note(self, topic: str, data: dict[str, Any]) -> None:
        if data.get("iin") == self.iin:
            self.came_out.append((topic, data))

    def outcomes(self) -> list[dict[str, Any]]:
        return [data for topic, data in self.came_out if topic in {DECIDED, ENDED}]

    def asked(self) -> list[str | None]:
        return [kind_of(text) for text in self.installation.simulator.received(self.phone)]

    async def award(self) -> None:
        now = self.installation.clock.now()
        registered = {
            "iin": self.iin,
            "phone": self.phone,
            "registered_at": (now - timedelta(days=9)).isoformat(),
        }
        award = {
            "iin": self.iin,
            "title": "peoples_hero",
            "award_id": f"A-{self.iin}",
            "awarded_on": now.date().isoformat(),
        }
        events = [Published(sample.PHONE, registered), Published(sample.TITLE, award)]
        await run_command(self.installation.env, "publish", "-", given=sample.lines(events))

    async def until_asked(self, kind: str) -> None:
        await until(lambda: kind in self.asked())
        # The list has whole seconds, and nobody reads and answers faster than that.
        await asyncio.sleep(1.1)

    async def answer(self, text: str) -> Message:
        message = await self.installation.simulator.answer(self.phone, text)
        assert message.status == "failed", "the webhooks took a call that nobody should have taken"
        return message

    async def webhook_brings(self, message: Message) -> bool:
        """The SMS API calls after all, when somebody answers again."""
        network = self.installation.simulator._network
        return await network._webhooks.call(network._inbound_url, network._inbound_fields(message))


@asynccontextmanager
async def nobody_takes_calls(installation: Installation, how: str) -> AsyncIterator[None]:
    await installation.webhooks.stop()
    runner = web.AppRunner(web.Application(), access_log=None)
    if how == "503":

        async def unavailable(_: web.Request) -> web.Response:
            return web.Response(status=503)

        app = web.Application()
        app.router.add_post("/sms/{name}", unavailable)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        host, _, port = installation.env["JARDEM_WEBHOOKS_BIND"].rpartition(":")
        await web.TCPSite(runner, host, int(port)).start()
    try:
        yield
    finally:
        await runner.cleanup()
        await installation.webhooks.start()


async def counted(installation: Installation, name: str) -> float:
    url = f"http://{installation.env['JARDEM_HEALTH_BIND']}/metrics"
    async with ClientSession() as session, session.get(url) as response:
        found = re.search(rf"^{re.escape(name)} (\S+)$", await response.text(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def received(message: Message) -> datetime:
    assert message.listed_at
    return message.listed_at.replace(microsecond=0)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("how", ["down", "503"])
async def test_answers_that_nobody_took_count_once_and_when_they_were_received(
    kafka: KafkaBroker, tmp_path: Path, how: str
) -> None:
    more = {
        "JARDEM_PSEUDONYM_KEY": f"an-outage-of-its-own-{time.time_ns()}",
        "JARDEM_INBOUND_CHECK": "1",
    }
    async with Installation(
        kafka.address, tmp_path, grace=0, hours="off", asked="rc=0&rp=ct", more=more
    ) as installation:
        story = Story(installation, *CITIZENS[how])
        following = asyncio.create_task(follow(kafka.address, story.note))
        await story.award()
        await story.until_asked("offer")

        async with nobody_takes_calls(installation, how):
            consent = await story.answer("1")
            await story.until_asked("account")
            installation.worker.kill()
            account = await story.answer(IBAN)
            await asyncio.sleep(1)
            await installation.worker.start()
            await until(lambda: bool(story.outcomes()))
            texts = installation.simulator.received(story.phone)
        assert await counted(installation, 'jardem_sms_inbound_texts_total{result="handed"}') >= 1
        assert await counted(installation, 'jardem_sms_inbound_checks_total{result="impossible"}') == 0

        # Both come by the webhook too, late, as a repeat of the SMS API's would.
        assert await story.webhook_brings(consent)
        assert await story.webhook_brings(account)
        await asyncio.sleep(4)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert installation.simulator.received(story.phone)[: len(texts)] == texts

    [decided] = story.outcomes()
    assert (decided["outcome"], decided["language"], decided["iban"]) == ("granted", "kk", IBAN)
    evidence = decided["evidence"]
    assert evidence["answers"][0]["text"] == "1"
    assert datetime.fromisoformat(evidence["consent_to_data"]["at"]) == received(consent)
    assert story.asked() == ["offer", "account", "granted"]
    # Others use this broker: of these two nothing is a dead letter.
    pseudonyms = Pseudonyms(more["JARDEM_PSEUDONYM_KEY"].encode())
    names = {pseudonyms.person(story.iin).encode(), pseudonyms.phone(story.phone).encode()}
    dead = await records_in(kafka.address, DEAD)
    assert not [each for each in dead if each.key in names or story.iin.encode() in (each.value or b"")]


@pytest.mark.timeout(240)
async def test_an_answer_in_time_counts_though_its_call_came_after_the_end_of_the_term(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    """All of the installation is away when it is written, and the SMS API calls once more days later."""
    more = {
        "JARDEM_PSEUDONYM_KEY": f"an-outage-of-its-own-{time.time_ns()}",
        "JARDEM_INBOUND_CHECK": "1",
    }
    async with Installation(
        kafka.address,
        tmp_path,
        scale=86_400 / SECONDS_A_DAY,
        hours="off",
        asked="rc=0&rp=ct",
        more=more,
    ) as installation:
        story = Story(installation, *CITIZENS["late"])
        following = asyncio.create_task(follow(kafka.address, story.note))
        await story.award()
        await story.until_asked("offer")
        installation.worker.kill()
        async with nobody_takes_calls(installation, "down"):
            consent = await story.answer("1")
            await asyncio.sleep(5 * SECONDS_A_DAY)
        assert await story.webhook_brings(consent)
        await installation.worker.start()
        await story.until_asked("account")
        await installation.simulator.answer(story.phone, IBAN)
        await until(lambda: any("iban" in outcome for outcome in story.outcomes()))
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        counted_at = installation.clock.virtual(received(consent))

    *ended, decided = story.outcomes()
    assert [each["reason"] for each in ended] == ["no_reply"]
    assert (decided["outcome"], decided["iban"]) == ("granted", IBAN)
    assert datetime.fromisoformat(decided["evidence"]["consent_to_data"]["at"]) == counted_at
