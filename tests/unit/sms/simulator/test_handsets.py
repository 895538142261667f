"""What the carrier sends, and what a handset gets, as its switches have it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession

from sms.carrier import Accepted, CannotBeAskedError, Uncertain
from sms.simulator import Simulator
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import SENDER
from tests.unit.sms.published import Published
from tests.unit.sms.simulator.hooks import OTHER, PATH, PHONE, Hooks


async def test_the_carrier_sends_and_the_handset_gets_it(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks
) -> None:
    heard: list[tuple[str, str]] = []
    simulator.on_message(lambda phone, text: heard.append((phone, text)))
    outcome = await carrier.send(PHONE, "сәлем")
    assert isinstance(outcome, Accepted)
    await hooks.wait_for(2)
    assert heard == [(PHONE, "сәлем")]
    assert simulator.received(PHONE) == ["сәлем"]
    assert hooks.statuses(outcome.sid) == ["sent", "delivered"]
    found = await carrier.find(PHONE, "сәлем", since=datetime.now(UTC) - timedelta(minutes=1), except_sids=())
    assert found is not None
    assert found.sid == outcome.sid


async def test_a_listener_may_answer(simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks) -> None:
    async def citizen(phone: str, text: str) -> None:
        await simulator.answer(phone, f"{text}? 1")

    simulator.on_message(citizen)
    await carrier.send(PHONE, "сәлем")
    await hooks.wait_for(3)
    [inbound] = [fields for path, fields in hooks.calls if path == "/sms/inbound"]
    assert (inbound["From"], inbound["To"], inbound["Body"]) == (PHONE, SENDER, "сәлем? 1")
    assert simulator.answered(PHONE) == 1
    assert simulator.answered(OTHER) == 0


@pytest.mark.parametrize(
    ("switch", "statuses", "arrived"),
    [
        ("out_of_reach", ["sent", "undelivered"], 0),
        ("wrong_number", ["sent", "undelivered"], 0),
        ("callbacks_twice", ["sent", "sent", "delivered", "delivered"], 1),
        ("callbacks_shuffled", ["delivered", "sent"], 1),
    ],
)
async def test_the_switches_of_a_handset(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, switch: str, statuses: list[str], arrived: int
) -> None:
    simulator.handsets.at(PHONE).switches.set({switch: True})
    await carrier.send(PHONE, "сәлем")
    await carrier.send(OTHER, "сәлем")
    await hooks.wait_for(len(statuses) + 2)
    [message] = simulator.handsets.at(PHONE).messages
    assert hooks.statuses(message.sid) == statuses
    assert len(simulator.received(PHONE)) == arrived
    assert simulator.received(OTHER) == ["сәлем"]
    codes = {"out_of_reach": "30003", "wrong_number": "30005"}
    told = [fields.get("ErrorCode") for _, fields in hooks.calls if fields["MessageSid"] == message.sid]
    assert told[-1] == codes.get(switch)


async def test_what_is_sent_to_a_handset_that_is_off_arrives_when_it_is_on_in_order(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, session: ClientSession
) -> None:
    simulator.handsets.at(PHONE).switches.set({"off": True})
    for text in ("1", "2", "3"):
        await carrier.send(PHONE, text)
    await hooks.wait_for(1)
    assert hooks.statuses() == ["sent"]
    assert simulator.received(PHONE) == []
    url = f"{simulator.url}/control/handsets/{PHONE}"
    async with session.patch(url, json={"off": False}) as response:
        assert response.status == 200
    await hooks.wait_for(6)
    assert simulator.received(PHONE) == ["1", "2", "3"]
    assert simulator.handsets.at(PHONE).unread == 3


async def test_the_carrier_down(simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks) -> None:
    simulator.down = True
    assert isinstance(await carrier.send(PHONE, "сәлем"), Uncertain)
    answer = asyncio.create_task(simulator.answer(PHONE, "1"))
    await asyncio.sleep(0.1)
    assert not hooks.calls
    simulator.down = False
    assert (await answer).status == "received"
    assert isinstance(await carrier.send(PHONE, "сәлем"), Accepted)


async def test_a_message_tells_when_it_was_sent_only_when_it_was(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, session: ClientSession, published: Published
) -> None:
    simulator.handsets.at(PHONE).switches.slow = True
    outcome = await carrier.send(PHONE, "сәлем")
    assert isinstance(outcome, Accepted)
    assert (outcome.sent_at, await carrier.sent_at(outcome.sid)) == (None, None)
    await hooks.wait_for(1)
    assert hooks.statuses() == ["sent"]
    sent_at = await carrier.sent_at(outcome.sid)
    assert sent_at
    assert sent_at.microsecond == 0
    assert sent_at - outcome.at > timedelta(seconds=1.5)
    one = f"{PATH}/{outcome.sid}.json"
    async with session.get(simulator.url + one) as response:
        published.check_response("GET", one, response.status, await response.json())


async def test_a_carrier_that_is_down_sends_nothing_that_it_has_accepted(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks
) -> None:
    outcome = await carrier.send(PHONE, "сәлем")
    assert isinstance(outcome, Accepted)
    simulator.down = True
    await asyncio.sleep(0.2)
    assert hooks.statuses() == []
    with pytest.raises(CannotBeAskedError):
        await carrier.sent_at(outcome.sid)
    up_again = datetime.now(UTC)
    simulator.down = False
    await hooks.wait_for(2)
    sent_at = await carrier.sent_at(outcome.sid)
    assert sent_at
    assert sent_at >= up_again.replace(microsecond=0)
