"""Many handsets: the dispatcher, the simulated SMS API and the webhooks together, and each SMS received once.

`JARDEM_HANDSETS=10000 pytest tests/unit/sms/test_many_handsets.py` for more.
"""

import asyncio
import os
import random
from collections import Counter

import pytest

from ops.reach import free_port
from schemas.ids import MessageId, Pseudonyms
from schemas.messages import (
    MessageAccepted,
    MessageDeferred,
    MessageReceived,
    MessageToSend,
)
from sms.sending.sender import Limits
from sms.simulator import Simulator
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.dispatching import MemoryJournal, new_dispatcher
from tests.unit.sms.webhook_calls import MemoryInbox

HANDSETS = int(os.environ.get("JARDEM_HANDSETS", "300"))
PSEUDONYMS = Pseudonyms(b"key")


async def until(reached: int, inbox: MemoryInbox) -> None:
    async with asyncio.timeout(900):
        while len(inbox.records) < reached or len(ids(inbox)) < reached:  # noqa: ASYNC110 - HTTP calls
            await asyncio.sleep(0.2)


def ids(inbox: MemoryInbox) -> set[bytes]:
    return {dict(record.headers)["ce_id"] for record in inbox.records}


@pytest.mark.timeout(1200)
async def test_each_citizen_gets_one_sms_and_each_answer_comes_once() -> None:
    chance = random.Random(5)  # noqa: S311 - a seed replays a failure
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    inbox = MemoryInbox()
    clock = Clock()
    webhooks = Webhooks(inbox, Account(TOKEN, own), PSEUDONYMS, clock)
    limits = Limits(per_second=5000, burst=500, in_flight=32, batch_seconds=300, stale_seconds=600)
    async with (
        WebhookServer(webhooks, "127.0.0.1", port),
        Simulator(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            sender=SENDER,
            inbound_url=f"{own}/sms/inbound",
            delay=0.01,
        ) as simulator,
        twilio_carrier(simulator.url, status_callback=f"{own}/sms/status", timeout=60) as carrier,
    ):
        simulator.on_message(lambda phone, _: simulator.answer(phone, "1"))
        dispatcher = new_dispatcher(carrier, MemoryJournal(), limits, clock=clock)
        waiting = [
            MessageToSend(
                message_id=MessageId(f"m{n}"),
                phone=f"+77015{n:06}",
                text="сәлем",
                attempt=1,
                requested_at=clock.now(),
            )
            for n in range(HANDSETS)
        ]
        for message in waiting:
            switches = simulator.handsets.at(message.phone).switches
            switches.callbacks_twice = chance.random() < 0.3
            switches.callbacks_shuffled = chance.random() < 0.3
        sids: Counter[str] = Counter()
        while waiting:
            reports = await dispatcher.dispatch(waiting[:500])
            again = [report for report in reports if isinstance(report, MessageDeferred)]
            sids.update(report.sid for report in reports if isinstance(report, MessageAccepted))
            by_id = {message.message_id: message for message in waiting[:500]}
            waiting = waiting[500:] + [
                by_id[report.message_id].model_copy(
                    update={"attempt": report.attempt + 1, "requested_at": clock.now()}
                )
                for report in again
            ]
        await until(3 * HANDSETS, inbox)
        received = {handset.phone: simulator.received(handset.phone) for handset in simulator.handsets}
    assert len(sids) == HANDSETS
    assert received == {f"+77015{n:06}": ["сәлем"] for n in range(HANDSETS)}
    events = {event.id: event for event in inbox.events()}
    answers = [event for event in events.values() if event.name == MessageReceived.name]
    assert len(answers) == HANDSETS
    assert len(events) == 3 * HANDSETS
