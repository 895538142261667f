"""Stale requests, the rate, and how many numbers at once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from aiohttp import web

from schemas.messages import MessageAccepted, MessageDeferred, MessageInDoubt
from sms.sending.dispatcher import Dispatcher
from sms.sending.sender import Limits
from sms.twilio.carrier import TwilioCarrier
from streams.clock import Clock
from tests.unit.sms.bad_api import BadApi, reset, status, taken_then
from tests.unit.sms.dispatching import PHONE, MemoryJournal, call_and_die, message, new_dispatcher


async def test_a_stale_request_goes_back_unsent(api: BadApi, dispatcher: Dispatcher) -> None:
    [report] = await dispatcher.dispatch([message(age=61)])
    assert isinstance(report, MessageDeferred)
    assert report.reason == "stale"
    assert not api.calls
    [report] = await dispatcher.dispatch([message(attempt=2)])
    assert isinstance(report, MessageAccepted)


async def test_what_is_given_back_says_whether_the_api_may_have_it_and_since_when(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    dispatcher = new_dispatcher(carrier, kept)
    api.always = status(429, 20429)
    for message_ in (message("m1", age=61), message("m2", "+77015550102")):
        [report] = await dispatcher.dispatch([message_])
        assert isinstance(report, MessageDeferred)
        assert (report.may_have_left, report.tried_at) == (False, None)
    api.always = taken_then(reset)
    api.list_trouble = status(503)
    begun = datetime.now(UTC)
    first, behind = await dispatcher.dispatch([message("m3", "+77015550103"), message("m4", "+77015550103")])
    assert isinstance(first, MessageDeferred)
    assert first.may_have_left
    assert first.tried_at is not None
    assert begun <= first.tried_at <= datetime.now(UTC)
    assert isinstance(behind, MessageDeferred)
    assert not behind.may_have_left
    impatient = new_dispatcher(carrier, kept, Limits(doubt_seconds=0))
    [doubt] = await impatient.dispatch([message("m3", "+77015550103", attempt=2)])
    assert isinstance(doubt, MessageInDoubt)
    assert doubt.tried_at == first.tried_at


async def test_a_request_that_grows_stale_while_it_waits_its_turn_goes_back_too(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    dispatcher = new_dispatcher(
        carrier, kept, Limits(per_second=2, burst=1, stale_seconds=0.3, unasked_seconds=2)
    )
    first, second = await dispatcher.dispatch([message("m1"), message("m2", "+77015550102")])
    assert isinstance(first, MessageAccepted)
    assert isinstance(second, MessageDeferred)
    assert second.reason == "stale"
    assert len(api.messages) == 1


async def test_a_message_already_sent_is_found_however_stale_the_request(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    await call_and_die(carrier, kept)
    [report] = await new_dispatcher(carrier, kept).dispatch([message(age=3600)])
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1


async def test_staleness_is_a_matter_of_real_time(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    clock = Clock(scale=86_400, origin=datetime.now(UTC) - timedelta(hours=1))
    dispatcher = new_dispatcher(carrier, kept, clock=clock)
    two_days_ago = clock.now() - timedelta(days=2)
    [report] = await dispatcher.dispatch([message().model_copy(update={"requested_at": two_days_ago})])
    assert isinstance(report, MessageAccepted)
    assert abs(report.accepted_at - clock.now()) < timedelta(days=3)
    assert len(api.messages) == 1


async def test_the_rate_limit_holds_and_what_does_not_fit_goes_back(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    # The first call of a process takes longer, and would seem to leave together with the second.
    await carrier.send(PHONE, "before")
    limits = Limits(per_second=20, burst=1, unasked_seconds=1)
    dispatcher = new_dispatcher(carrier, kept, limits)
    reports = await dispatcher.dispatch([message(f"m{n}", f"+770155501{n:02}") for n in range(60)])
    kinds = Counter(type(report) for report in reports)
    # A machine that stands still makes it fewer, and never more.
    assert 10 <= kinds[MessageAccepted] <= 22
    assert kinds[MessageDeferred] == 60 - kinds[MessageAccepted]
    calls = [call.at for call in api.creates()[1:]]
    assert len(calls) == kinds[MessageAccepted]
    assert calls[-1] - calls[0] >= (len(calls) - 1) / 20 - 0.02


async def test_numbers_do_not_wait_for_each_other_and_in_flight_is_bounded(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    at_once, most = 0, 0

    async def counted(bad: BadApi, _: web.Request, form: dict[str, str]) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        return web.json_response(bad.take(form), status=201)

    api.always = counted
    limits = Limits(per_second=10_000, burst=1000, in_flight=8)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await new_dispatcher(carrier, kept, limits).dispatch(
        [message(f"m{n}", f"+770155501{n:02}") for n in range(40)]
    )
    assert most == 8
    assert loop.time() - began < 40 * 0.05


async def test_an_outage_is_not_called_into_for_every_message(api: BadApi, dispatcher: Dispatcher) -> None:
    api.always = status(429, 20429, Retry_After="30")
    batch = [message(f"m{n}", f"+77015{n:06}") for n in range(300)]
    reports = await dispatcher.dispatch(batch)
    assert all(isinstance(report, MessageDeferred) for report in reports)
    assert len(api.creates()) <= 32
    again = await dispatcher.dispatch([message("later", attempt=1)])
    assert isinstance(again[0], MessageDeferred)
    assert again[0].retry_after_seconds is not None
    assert again[0].retry_after_seconds > 20
