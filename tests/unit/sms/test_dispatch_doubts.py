"""One SMS each, whatever the API or a worker does between the call and its answer."""

import asyncio

import pytest

from schemas.messages import MessageAccepted, MessageDeferred, MessageInDoubt
from sms.sending.dispatcher import Dispatcher
from sms.sending.sender import Limits
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import (
    BadApi,
    Trouble,
    garbage,
    of_a_gateway,
    reset,
    slow,
    status,
    taken_then,
    truncated,
)
from tests.unit.sms.dispatching import (
    PHONE,
    PSEUDONYMS,
    MemoryJournal,
    call_and_die,
    message,
    new_dispatcher,
    send_until_done,
)


async def test_a_short_storm_is_waited_out(api: BadApi, dispatcher: Dispatcher) -> None:
    api.troubles.extend([status(429, 20429, Retry_After="1"), status(429, 20429)])
    [report] = await dispatcher.dispatch([message()])
    assert isinstance(report, MessageAccepted)
    waits = [later.at - earlier.at for earlier, later in zip(api.creates(), api.creates()[1:], strict=False)]
    assert waits[0] >= 1
    assert len(api.messages) == 1


async def test_a_long_storm_goes_back_to_the_desk(api: BadApi, dispatcher: Dispatcher) -> None:
    api.always = status(429, 20429)
    [report] = await dispatcher.dispatch([message()])
    assert isinstance(report, MessageDeferred)
    assert len(api.creates()) == 3
    assert [report] == await dispatcher.dispatch([message()])
    assert len(api.creates()) == 3
    api.always = None
    [report] = await dispatcher.dispatch([message(attempt=2)])
    assert isinstance(report, MessageAccepted)
    assert not api.lists()


@pytest.mark.parametrize(
    "trouble",
    [
        taken_then(reset),
        taken_then(status(500, 20500)),
        taken_then(status(503)),
        taken_then(status(504)),
        slow(0.7),
        reset,
        status(500),
        status(502),
        status(429, 20429),
        status(401, 20003),
    ],
    ids=[
        "taken-reset",
        "taken-500",
        "taken-503",
        "taken-504",
        "slow",
        "reset",
        "500",
        "502",
        "429",
        "401",
    ],
)
async def test_one_sms_whatever_the_api_does_first(
    api: BadApi, dispatcher: Dispatcher, trouble: Trouble
) -> None:
    api.troubles.append(trouble)
    report = await send_until_done(dispatcher, message())
    assert isinstance(report, MessageAccepted)
    await asyncio.sleep(0.8)
    [sent] = api.messages
    assert report.sid == sent["sid"]


@pytest.mark.parametrize(
    "trouble",
    [reset, status(500), status(502), status(503), garbage, truncated, of_a_gateway(201), of_a_gateway(503)],
    ids=["reset", "500", "502", "503", "garbage", "truncated", "gateway-201", "gateway-503"],
)
async def test_one_sms_though_the_list_shows_it_late(
    api: BadApi, dispatcher: Dispatcher, trouble: Trouble
) -> None:
    api.list_lag = 0.25
    api.troubles.append(taken_then(trouble))
    report = await send_until_done(dispatcher, message())
    assert isinstance(report, MessageAccepted)
    [sent] = api.messages
    assert report.sid == sent["sid"]


async def test_what_the_api_says_it_took_and_never_shows_is_left_to_an_operator(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    api.troubles.append(garbage)
    report = await send_until_done(dispatcher, message())
    assert isinstance(report, MessageInDoubt)
    assert len(api.creates()) == 1


async def test_a_worker_that_died_after_the_call_left_one_sms(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    await call_and_die(carrier, kept)
    assert len(api.messages) == 1
    [report] = await new_dispatcher(carrier, kept).dispatch([message()])
    assert isinstance(report, MessageAccepted)
    assert report.sid == api.messages[0]["sid"]
    assert len(api.messages) == 1


async def test_a_worker_that_died_before_the_call_sends_after_all(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    first = new_dispatcher(carrier, kept)
    api.always = slow(60)
    task = asyncio.create_task(first.dispatch([message()]))
    await asyncio.wait([task], timeout=0.1)
    assert len(kept.writes) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    api.always = None
    report = await send_until_done(new_dispatcher(carrier, kept), message())
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1


async def test_a_worker_that_died_in_a_later_attempt_is_given_time_too(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    """The second attempt's call is still on its way when the next worker asks the API."""
    first = new_dispatcher(carrier, kept)
    api.troubles.append(reset)
    [report] = await first.dispatch([message()])
    assert isinstance(report, MessageDeferred)
    await asyncio.sleep(0.5)
    api.troubles.append(slow(0.3))
    task = asyncio.create_task(first.dispatch([message(attempt=2)]))
    await asyncio.wait([task], timeout=0.15)
    assert len(api.creates()) == 2
    task.cancel()
    await asyncio.wait([task])
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=2)])
    assert isinstance(report, MessageDeferred)
    assert report.reason == "unsettled"
    await asyncio.sleep(0.5)
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=3)])
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1


async def test_the_same_text_twice_is_two_sms_and_neither_is_taken_for_the_other(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    dispatcher = new_dispatcher(carrier, kept)
    [first] = await dispatcher.dispatch([message("m1")])
    kept.fail_on = lambda write: write == 3
    with pytest.raises(ConnectionError):
        await dispatcher.dispatch([message("m2")])
    [second] = await new_dispatcher(carrier, kept).dispatch([message("m2")])
    assert isinstance(first, MessageAccepted)
    assert isinstance(second, MessageAccepted)
    assert {first.sid, second.sid} == {sent["sid"] for sent in api.messages}
    assert len(api.messages) == 2


async def test_an_older_sms_with_the_same_text_is_not_taken_for_one_that_never_left(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    [first] = await dispatcher.dispatch([message("m1")])
    api.troubles.append(reset)
    second = await send_until_done(dispatcher, message("m2"))
    assert isinstance(first, MessageAccepted)
    assert isinstance(second, MessageAccepted)
    assert first.sid != second.sid
    assert len(api.messages) == 2


async def test_in_doubt_where_the_api_cannot_be_asked(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    await call_and_die(carrier, kept)
    api.list_trouble = status(401, 20003)
    [report] = await new_dispatcher(carrier, kept).dispatch([message()])
    assert isinstance(report, MessageInDoubt)
    assert [report] == await new_dispatcher(carrier, kept).dispatch([message()])
    assert len(api.lists()) == 1
    api.list_trouble = None
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=2)])
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1


async def test_a_list_that_is_down_is_asked_again_before_anybody_is_called(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    await call_and_die(carrier, kept)
    api.list_trouble = status(503)
    [report] = await new_dispatcher(carrier, kept).dispatch([message()])
    assert isinstance(report, MessageDeferred)
    impatient = Limits(doubt_seconds=0)
    [report] = await new_dispatcher(carrier, kept, impatient).dispatch([message(attempt=2)])
    assert isinstance(report, MessageInDoubt)
    assert len(api.messages) == 1


async def test_a_journal_that_cannot_be_read_is_a_doubt_and_is_left_as_it_is(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    key = PSEUDONYMS.phone(PHONE).encode()
    kept.values[key] = b"not a journal"
    first, second = await dispatcher.dispatch([message(), message("m2", "+77015550102")])
    assert isinstance(first, MessageInDoubt)
    assert isinstance(second, MessageAccepted)
    assert kept.values[key] == b"not a journal"
    assert len(api.messages) == 1
