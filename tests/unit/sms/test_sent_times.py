"""Asking the SMS API when it sent a message: on the wire, and through every trouble that it may have."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from schemas.ids import MessageId, Sid
from schemas.messages import (
    MessageAccepted,
    MessageToSend,
    SentTimeTold,
    SentTimeWanted,
)
from sms.carrier import Accepted, CannotBeAskedError
from sms.sending.sender import Limits
from sms.sending.sent_time_lookup import SentTimes
from sms.twilio.carrier import TwilioCarrier
from streams.clock import Clock
from tests.unit.sms.bad_api import ACCOUNT, BadApi, Trouble, garbage, reset, slow, status
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.dispatching import MemoryJournal, new_dispatcher
from tests.unit.sms.published import Published

PHONE = "+77015550101"
TEXT = "Е-макет: сізге жәрдемақы"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SENT = datetime(2021, 7, 15, 6, 0, 7, tzinfo=UTC)
UNKNOWN = Sid("SM" + "0" * 32)


@pytest.fixture
def times(carrier: TwilioCarrier) -> SentTimes:
    return SentTimes(carrier, Clock(), Limits())


async def taken(carrier: TwilioCarrier) -> Sid:
    outcome = await carrier.send(PHONE, TEXT)
    assert isinstance(outcome, Accepted)
    return outcome.sid


def wanted(sid: Sid, attempt: int = 1) -> SentTimeWanted:
    return SentTimeWanted(sid=sid, phone=PHONE, attempt=attempt)


def with_date_sent(instant: datetime | None) -> Trouble:
    """Take the message and tell at once when it is sent."""

    async def trouble(api: BadApi, _: web.Request, form: dict[str, str]) -> web.Response:
        message = api.take(form)
        message["date_sent"] = format_datetime(instant) if instant else None
        return web.json_response(message, status=201)

    return trouble


async def test_one_message_is_fetched_as_the_published_description_says(
    api: BadApi, carrier: TwilioCarrier, published: Published
) -> None:
    sid = await taken(carrier)
    assert await carrier.sent_at(sid) is None
    api.sends(sid, SENT)
    assert await carrier.sent_at(sid) == SENT
    for call in api.fetches():
        published.check_request(call.method, call.path, call.query, call.form)
        published.check_response("GET", call.path, 200, api.messages[0])
        assert call.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json"
        assert (call.method, call.query, call.form) == ("GET", [], {})


@pytest.mark.parametrize(
    ("trouble", "passing"),
    [
        (status(503), True),
        (status(429, 20429), True),
        (reset, True),
        (slow(3), True),
        (status(401, 20003), False),
        (status(404, 20404), False),
        (garbage, True),
    ],
)
async def test_what_goes_wrong_is_told_apart_and_tells_no_sent_time(
    api: BadApi,
    carrier: TwilioCarrier,
    times: SentTimes,
    trouble: Trouble,
    passing: bool,  # noqa: FBT001
) -> None:
    sid = await taken(carrier)
    api.sends(sid, SENT)

    async def without_a_form(bad: BadApi, request: web.Request, _: dict[str, str]) -> web.Response:
        return await trouble(bad, request, {"To": PHONE, "Body": TEXT})

    api.fetch_trouble = without_a_form
    with pytest.raises(CannotBeAskedError) as problem:
        await carrier.sent_at(sid)
    assert problem.value.passing is passing
    assert await times.ask([wanted(sid)]) == [SentTimeTold(sid=sid, phone=PHONE, attempt=1, sent_at=None)]
    api.fetch_trouble = None
    assert await times.ask([wanted(sid, 2)]) == [SentTimeTold(sid=sid, phone=PHONE, attempt=2, sent_at=SENT)]


async def test_a_sent_time_that_can_not_be_read_is_none(api: BadApi, carrier: TwilioCarrier) -> None:
    sid = await taken(carrier)
    api.messages[0]["date_sent"] = "yesterday"
    assert await carrier.sent_at(sid) is None
    api.messages[0]["date_sent"] = "Thu, 99 Jul 2021 06:00:07 +0000"
    with pytest.raises(CannotBeAskedError):
        await carrier.sent_at(sid)


async def test_each_is_answered_in_its_place_and_repeats_do_no_harm(
    api: BadApi, carrier: TwilioCarrier, times: SentTimes
) -> None:
    first, second = await taken(carrier), await taken(carrier)
    api.sends(second, SENT)
    asked = [wanted(first), wanted(second), wanted(UNKNOWN), wanted(second)]
    told = await times.ask(asked)
    assert [(each.sid, each.sent_at) for each in told] == [
        (first, None),
        (second, SENT),
        (UNKNOWN, None),
        (second, SENT),
    ]
    assert told == await times.ask(asked)
    assert len(api.creates()) == 2


async def test_a_sent_time_that_is_still_to_come_is_not_believed(
    api: BadApi, carrier: TwilioCarrier, times: SentTimes
) -> None:
    sid = await taken(carrier)
    api.sends(sid, datetime.now(UTC) + timedelta(days=3))
    before = datetime.now(UTC)
    [told] = await times.ask([wanted(sid)])
    assert told.sent_at
    assert before <= told.sent_at <= datetime.now(UTC)


async def test_sent_times_are_told_in_virtual_time(api: BadApi, carrier: TwilioCarrier) -> None:
    clock = Clock(86_400, datetime.now(UTC) - timedelta(hours=1))
    sid = await taken(carrier)
    sent_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    api.sends(sid, sent_at)
    [told] = await SentTimes(carrier, clock, Limits()).ask([wanted(sid)])
    assert told.sent_at == clock.virtual(sent_at)


async def test_an_api_that_hangs_holds_up_no_batch(api: BadApi, carrier: TwilioCarrier) -> None:
    """What has not been asked when the batch's time is over is left for another time."""
    sid = await taken(carrier)

    async def hangs(_: BadApi, __: web.Request, ___: dict[str, str]) -> web.Response:
        await asyncio.sleep(3)
        return web.Response()

    api.fetch_trouble = hangs
    times = SentTimes(carrier, Clock(), Limits(in_flight=4, batch_seconds=0.1))
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = await times.ask([wanted(sid)] * 200)
    assert loop.time() - began < 2
    assert [each.sent_at for each in told] == [None] * 200
    assert len(api.fetches()) == 4


async def test_nothing_listens_there() -> None:
    async with twilio_carrier("http://127.0.0.1:1") as carrier:
        [told] = await SentTimes(carrier, Clock(), Limits()).ask([wanted(UNKNOWN)])
    assert told.sent_at is None


# Where the acceptance or the look-up tells it.


@pytest.mark.parametrize("instant", [SENT, None])
async def test_a_create_that_tells_the_sent_time_is_believed(
    api: BadApi, carrier: TwilioCarrier, instant: datetime | None
) -> None:
    api.troubles.append(with_date_sent(instant))
    outcome = await carrier.send(PHONE, TEXT)
    assert isinstance(outcome, Accepted)
    assert outcome.sent_at == instant


async def test_a_message_that_is_looked_up_tells_when_it_was_sent(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    sid = await taken(carrier)
    found = await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
    assert found
    assert found.sent_at is None
    api.sends(sid, SENT)
    found = await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
    assert found
    assert (found.sid, found.sent_at) == (sid, SENT)


async def test_the_report_of_an_acceptance_tells_it_in_virtual_time(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    clock = Clock(86_400, datetime.now(UTC) - timedelta(hours=1))
    dispatcher = new_dispatcher(carrier, MemoryJournal(api), Limits(), clock=clock)
    in_time = datetime.now(UTC).replace(microsecond=0)
    for sent_at in (in_time, in_time + timedelta(days=3), None):
        api.troubles.append(with_date_sent(sent_at))
        message_id = MessageId(f"m {sent_at}")
        [report] = await dispatcher.dispatch(
            [
                MessageToSend(
                    message_id=message_id, phone=PHONE, text=TEXT, attempt=1, requested_at=clock.now()
                )
            ]
        )
        assert isinstance(report, MessageAccepted)
        if sent_at is None:
            assert report.sent_at is None
        elif sent_at == in_time:
            assert report.sent_at == clock.virtual(in_time)
        else:
            assert report.sent_at
            assert report.accepted_at <= report.sent_at <= clock.now()


async def test_a_message_found_after_its_worker_died_bears_its_sent_time(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    kept = MemoryJournal(api)
    kept.fail_on = lambda write: write == 1
    message = MessageToSend(
        message_id=MessageId("m"), phone=PHONE, text=TEXT, attempt=1, requested_at=datetime.now(UTC)
    )
    dispatcher = new_dispatcher(carrier, kept, Limits())
    with pytest.raises(ConnectionError):
        await dispatcher.dispatch([message])
    sent_at = datetime.now(UTC).replace(microsecond=0)
    api.sends(api.messages[0]["sid"], sent_at)
    [report] = await dispatcher.dispatch([message])
    assert isinstance(report, MessageAccepted)
    assert report.sent_at == sent_at
    assert [report] == await dispatcher.dispatch([message])
