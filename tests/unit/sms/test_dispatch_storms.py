"""A crowd of numbers through a storm of troubles, and after an outage."""

import asyncio
import random
from collections import Counter

import pytest
from aiohttp import web

from schemas.messages import MessageAccepted, MessageDeferred, MessageToSend
from sms.sending.journal import Report
from sms.sending.sender import Limits
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import BadApi, Trouble, reset, status, taken_then
from tests.unit.sms.dispatching import MemoryJournal, message, new_dispatcher


class Desk:
    """As far as the carrier sees it: one message of a number at a time, the next attempt after a deferral."""

    def __init__(self, messages: list[MessageToSend]) -> None:
        self.lines: dict[str, list[MessageToSend]] = {}
        self.done: dict[str, Report] = {}
        for each in messages:
            self.lines.setdefault(each.phone, []).append(each)

    def batch(self) -> list[MessageToSend]:
        return [line[0] for line in self.lines.values() if line]

    def heard(self, reports: list[Report]) -> None:
        for report in reports:
            line = self.lines[report.phone]
            if isinstance(report, MessageDeferred):
                again = line[0].attempt + 1
                line[0] = message(report.message_id, report.phone, line[0].text, again)
            else:
                self.done[report.message_id] = report
                line.pop(0)


def stormy(chance: random.Random) -> Trouble:
    troubles = [
        taken_then(reset),
        taken_then(status(500)),
        taken_then(status(504)),
        reset,
        status(500),
        status(429, 20429),
        status(503),
    ]

    async def any_of_them(api: BadApi, request: web.Request, form: dict[str, str]) -> web.Response:
        if chance.random() < 0.5:
            return await chance.choice(troubles)(api, request, form)
        return web.json_response(api.take(form), status=201)

    return any_of_them


async def down_once(api: BadApi, request: web.Request, form: dict[str, str]) -> web.Response:
    api.list_trouble = None
    return await status(503)(api, request, form)


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm_with_deaths_of_workers_ends_with_one_sms_each(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed replays a failure
    api.always = stormy(chance)
    desk = Desk([message(f"m{n}", f"+77015{n % 40:06}", f"text {n % 2}") for n in range(120)])
    dispatcher = new_dispatcher(carrier, kept)
    while batch := desk.batch():
        if chance.random() < 0.2:
            api.list_trouble = down_once
        dies_at = len(kept.writes) + 1 if chance.random() < 0.2 else -1
        kept.fail_on = lambda write, dies_at=dies_at: write == dies_at  # type: ignore[misc]
        try:
            desk.heard(await dispatcher.dispatch(batch))
        except ConnectionError:
            dispatcher = new_dispatcher(carrier, kept)
        await asyncio.sleep(0.05)
        # The storm never ends here, so that the rest between the tries would only make the test long.
        dispatcher._sender._breaker.succeeded()
    assert Counter(type(report) for report in desk.done.values()) == {MessageAccepted: 120}
    sids = {report.sid for report in desk.done.values() if isinstance(report, MessageAccepted)}
    assert sids == {sent["sid"] for sent in api.messages}
    assert len(api.messages) == 120


async def test_after_an_outage_the_queues_drain_in_order_and_at_the_rate_limit(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    limits = Limits(per_second=100, burst=1, settle_seconds=0.1)
    dispatcher = new_dispatcher(carrier, kept, limits)
    desk = Desk([message(f"m{n}", f"+77015{n % 10:06}", f"text {n}") for n in range(40)])
    api.always = status(503)
    for _ in range(3):
        desk.heard(await dispatcher.dispatch(desk.batch()))
    assert not desk.done
    refused = len(api.creates())
    assert refused <= 2 * limits.in_flight
    api.always = None
    # Half a minute of rest is over.
    dispatcher._sender._breaker.succeeded()
    while batch := desk.batch():
        desk.heard(await dispatcher.dispatch(batch))
    for number in range(10):
        phone = f"+77015{number:06}"
        texts = [sent["body"] for sent in api.sent() if sent["to"] == phone]
        assert texts == [f"text {n}" for n in range(number, 40, 10)]
    calls = [call.at for call in api.creates()[refused:]]
    assert len(calls) == 40
    assert calls[-1] - calls[0] >= 39 / 100 - 0.02
