import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from sms.carrier import Accepted, CannotBeAskedError, NotNow, Refused, Text, Uncertain
from sms.twilio.carrier import TwilioCarrier
from sms.twilio.errors import Effect, effect_of, effect_of_refusal, meaning_of
from tests.unit.sms.bad_api import (
    SENDER,
    BadApi,
    Trouble,
    garbage,
    of_a_gateway,
    reset,
    slow,
    status,
    truncated,
)
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.published import Published

PHONE = "+77015550101"
TEXT = "Е-макет: сізге жәрдемақы"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_a_message_is_created_as_the_published_description_says(
    api: BadApi, carrier: TwilioCarrier, published: Published
) -> None:
    outcome = await carrier.send(PHONE, TEXT)
    assert isinstance(outcome, Accepted)
    assert outcome.sid == api.messages[0]["sid"]
    assert api.calls[0].form == {
        "To": PHONE,
        "From": SENDER,
        "Body": TEXT,
        "StatusCallback": "https://jardem.example/sms/status",
    }
    assert await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=()) is not None
    for call in api.calls:
        published.check_request(call.method, call.path, call.query, call.form)
        if call.method == "POST":
            assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_a_messaging_service_sends_in_place_of_a_number(api: BadApi, published: Published) -> None:
    service = "MG" + "a" * 32
    async with twilio_carrier(f"{api.url}/", sender=service) as carrier:
        assert (carrier.name, carrier.sender) == ("twilio", service)
        assert isinstance(await carrier.send(PHONE, TEXT), Accepted)
        assert await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=()) is not None
    assert api.creates()[0].form["MessagingServiceSid"] == service
    assert "From" not in api.creates()[0].form
    assert "From" not in dict(api.lists()[0].query)
    for call in api.calls:
        published.check_request(call.method, call.path, call.query, call.form)


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (status(400, 21211), Refused(21211, meaning_of(21211))),
        (status(400, 21610), Refused(21610, meaning_of(21610), opted_out=True)),
        (status(400, 21614), Refused(21614, meaning_of(21614))),
        (status(400, 99999), NotNow("unknown_code", unknown=True)),
        (status(400, 99999, Retry_After="60"), NotNow("unknown_code", 60.0, unknown=True)),
        (status(400), NotNow("unknown_code", unknown=True)),
        (status(403, 99999), NotNow("unknown_code", unknown=True)),
        (status(422), NotNow("unknown_code", unknown=True)),
        (status(429, 20429), NotNow("throttled")),
        (status(429, 20429, Retry_After="7"), NotNow("throttled", 7.0)),
        (status(429, Retry_After="nonsense"), NotNow("throttled")),
        (status(429, Retry_After="inf"), NotNow("throttled", 3600.0)),
        (status(400, 21611), NotNow("throttled")),
        (status(401, 20003), NotNow(meaning_of(20003), ours=True)),
        (status(400, 21606), NotNow(meaning_of(21606), ours=True)),
        (status(404, None), NotNow(meaning_of(None), ours=True)),
        (status(301, None, Location="/elsewhere"), NotNow(meaning_of(None), ours=True)),
        (status(500, 20500), Uncertain("http_500", ended=False)),
        (status(503, None, Retry_After="3"), Uncertain("http_503", ended=False, retry_after=3.0)),
        (of_a_gateway(503, Retry_After="3"), Uncertain("http_503", ended=False, retry_after=3.0)),
        (of_a_gateway(429, Retry_After="60"), NotNow("throttled", 60.0)),
        (status(502), Uncertain("http_502", ended=False)),
        (status(504), Uncertain("http_504", ended=False)),
        (reset, Uncertain("connection_lost", ended=False)),
        (slow(3), Uncertain("timeout", ended=False)),
        (garbage, Uncertain("unreadable_response", ended=False, taken=True)),
        (truncated, Uncertain("unreadable_response", ended=False, taken=True)),
        (of_a_gateway(201), Uncertain("unreadable_response", ended=False, taken=True)),
    ],
)
async def test_what_goes_wrong_is_told_apart(
    api: BadApi, carrier: TwilioCarrier, trouble: Trouble, outcome: object
) -> None:
    api.troubles.append(trouble)
    assert await carrier.send(PHONE, TEXT) == outcome


async def test_a_date_as_retry_after_counts_from_now(api: BadApi, carrier: TwilioCarrier) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    api.troubles.append(status(429, None, Retry_After=when))
    outcome = await carrier.send(PHONE, TEXT)
    assert isinstance(outcome, NotNow)
    assert outcome.retry_after is not None
    assert 25 < outcome.retry_after <= 30


async def test_nothing_listens_there() -> None:
    async with twilio_carrier("http://127.0.0.1:1") as carrier:
        assert await carrier.send(PHONE, TEXT) == NotNow("unreachable")
        with pytest.raises(CannotBeAskedError) as problem:
            await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
        assert problem.value.passing


async def test_only_our_own_message_is_found(api: BadApi, carrier: TwilioCarrier) -> None:
    first = api.take({"To": PHONE, "From": SENDER, "Body": TEXT})
    api.take({"To": PHONE, "From": SENDER, "Body": TEXT + " "})["direction"] = "inbound"
    api.take({"To": PHONE, "From": "+77019999999", "Body": TEXT})
    api.take({"To": "+77015550102", "From": SENDER, "Body": TEXT})
    api.take({"To": PHONE, "From": SENDER, "Body": TEXT + "!"})
    found = await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
    assert found is not None
    assert found.sid == first["sid"]
    assert await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids={first["sid"]}) is None
    assert await carrier.find(PHONE, "another", since=LONG_AGO, except_sids=()) is None
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert await carrier.find(PHONE, TEXT, since=later, except_sids=()) is None


async def test_the_list_is_paged_through(api: BadApi, carrier: TwilioCarrier, published: Published) -> None:
    wanted = api.take({"To": PHONE, "From": SENDER, "Body": TEXT})
    for number in range(150):
        api.take({"To": PHONE, "From": SENDER, "Body": f"another {number}"})
    found = await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
    assert found is not None
    assert found.sid == wanted["sid"]
    assert len(api.lists()) == 2
    for call in api.lists():
        published.check_request(call.method, call.path, call.query, call.form)


async def test_more_messages_than_can_be_looked_at_is_said(api: BadApi, carrier: TwilioCarrier) -> None:
    for number in range(500):
        api.take({"To": PHONE, "From": SENDER, "Body": f"another {number}"})
    with pytest.raises(CannotBeAskedError) as problem:
        await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
    assert not problem.value.passing


@pytest.mark.parametrize(
    ("trouble", "passing"),
    [
        (status(503), True),
        (status(429, 20429), True),
        (reset, True),
        (status(401, 20003), False),
        (status(404), False),
        (garbage, True),
        (truncated, True),
        (of_a_gateway(200), True),
        (of_a_gateway(503), True),
    ],
)
async def test_a_list_that_cannot_be_read(
    api: BadApi,
    carrier: TwilioCarrier,
    trouble: Trouble,
    passing: bool,  # noqa: FBT001
) -> None:
    api.list_trouble = trouble
    with pytest.raises(CannotBeAskedError) as problem:
        await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
    assert problem.value.passing is passing


NOON = datetime(2021, 7, 15, 6, tzinfo=UTC)


async def texts(carrier: TwilioCarrier, since: datetime) -> list[Text]:
    found: list[Text] = []
    following = None
    while True:
        part = await carrier.received(since, following)
        found += part.texts
        following = part.following
        if following is None:
            return found


async def test_citizens_texts_are_listed_newest_first_with_when_they_were_received(
    api: BadApi, carrier: TwilioCarrier, published: Published
) -> None:
    early = api.receive("early", NOON - timedelta(seconds=2))
    first = api.receive("1", NOON)
    api.take({"To": PHONE, "From": SENDER, "Body": TEXT})
    api.take({"To": SENDER, "From": PHONE, "Body": "of ours, to ourselves"})
    api.receive("still coming", NOON + timedelta(seconds=1), status="receiving")
    second = api.receive("2", NOON + timedelta(seconds=1), phone="+77015550102")
    assert await texts(carrier, NOON) == [
        Text(second["sid"], "+77015550102", "2", NOON + timedelta(seconds=1)),
        Text(first["sid"], PHONE, "1", NOON),
    ]
    assert early["sid"] in {text.sid for text in await texts(carrier, NOON - timedelta(minutes=1))}
    for call in api.lists():
        assert dict(call.query)["To"] == SENDER
        published.check_request(call.method, call.path, call.query, call.form)


async def test_a_text_is_found_whatever_the_api_says_of_when_it_called_us(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    api.receive("1", NOON, date_sent=None)
    api.receive("2", NOON, date_sent=format_datetime(NOON - timedelta(days=3)))
    api.receive("3", NOON, date_created=None)
    api.receive("4", NOON, date_created=None, date_sent=None)
    api.receive("5", NOON, body=None)
    assert [text.text for text in await texts(carrier, NOON)] == ["", "3", "2", "1"]


async def test_a_long_list_of_texts_is_read_up_to_the_instant_and_no_further(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    for number in range(2200):
        api.receive(str(number), NOON + timedelta(seconds=number))
    found = await texts(carrier, NOON + timedelta(seconds=1000))
    assert [text.text for text in found] == [str(number) for number in range(2199, 998, -1)]
    assert len(api.lists()) == 7


async def test_a_list_that_begins_with_the_oldest_is_read_to_its_end(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    for number in range(500):
        api.receive(str(number), NOON - timedelta(seconds=number))
    assert len(await texts(carrier, NOON - timedelta(seconds=100))) == 102
    assert len(api.lists()) == 3


async def test_a_messaging_service_hears_what_came_to_its_numbers(api: BadApi, published: Published) -> None:
    service = "MG" + "a" * 32
    api.receive("to another service", NOON, messaging_service_sid="MG" + "b" * 32)
    api.receive("to none", NOON, messaging_service_sid=None)
    api.receive("to ours", NOON, messaging_service_sid=service, to="+77019999999")
    async with twilio_carrier(api.url, sender=service) as carrier:
        assert [text.text for text in await texts(carrier, NOON)] == ["to ours", "to none"]
    [call] = api.lists()
    assert "To" not in dict(call.query)
    published.check_request(call.method, call.path, call.query, call.form)


@pytest.mark.parametrize(
    ("trouble", "passing"),
    [(status(503), True), (status(429, 20429), True), (status(401, 20003), False), (garbage, False)],
)
async def test_a_list_of_texts_that_cannot_be_read(
    api: BadApi,
    carrier: TwilioCarrier,
    trouble: Trouble,
    passing: bool,  # noqa: FBT001
) -> None:
    api.list_trouble = trouble
    with pytest.raises(CannotBeAskedError) as problem:
        await carrier.received(NOON)
    assert problem.value.passing is passing


async def test_no_number_and_no_text_in_any_log(
    api: BadApi, carrier: TwilioCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        api.troubles.append(status(400, 21211))
        outcomes = [await carrier.send(PHONE, TEXT), await carrier.send(PHONE, TEXT)]
        await carrier.find(PHONE, TEXT, since=LONG_AGO, except_sids=())
    assert PHONE[1:] not in caplog.text
    assert TEXT not in caplog.text
    assert not any(PHONE in str(outcome) for outcome in outcomes)


async def test_a_call_is_made_once_only(api: BadApi, carrier: TwilioCarrier) -> None:
    async def unavailable(_: BadApi, __: web.Request, ___: dict[str, str]) -> web.Response:
        return web.Response(status=503)

    api.always = unavailable
    await carrier.send(PHONE, TEXT)
    assert len(api.creates()) == 1


async def test_an_outcome_tells_the_code_and_whether_the_api_answered(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    api.troubles.extend([status(400, 99999), status(401, 20003), status(429, 20429)])
    outcomes = [await carrier.send(PHONE, TEXT) for _ in range(3)]
    assert [outcome.code for outcome in outcomes if isinstance(outcome, NotNow)] == [99999, 20003, 20429]
    assert all(outcome.answered for outcome in outcomes if isinstance(outcome, NotNow))


NEVER = {21211, 21217, 21265, 21266, 21268, 21614, 21635, 30005, 30006}


def test_only_what_says_that_this_number_can_never_get_an_sms_is_permanent() -> None:
    codes = [None, *range(100_000)]
    assert {code for code in codes if effect_of(code) is Effect.PERMANENT} == NEVER
    for http in (400, 403, 404, 422, 499):
        assert {code for code in codes if effect_of_refusal(http, code) is Effect.PERMANENT} == NEVER


def test_an_opt_out_is_neither_permanent_nor_passing() -> None:
    assert effect_of(21610) is effect_of_refusal(400, 21610) is Effect.OPTED_OUT


@pytest.mark.parametrize("code", [20429, 21612, 30001, 30003, 30004, 30008, 30036, 30450, None, 0, 31337])
def test_passing_codes_do_not(code: int | None) -> None:
    assert effect_of(code) is Effect.PASSING


@pytest.mark.parametrize("code", [20003, 21408, 21421, 21602, 21617, 21703, 30002, 30007, 30034, 30038])
def test_our_account_sender_and_text_are_ours_to_mend(code: int) -> None:
    assert effect_of(code) is effect_of_refusal(400, code) is Effect.OURS
    assert meaning_of(code) != meaning_of(31337)


@pytest.mark.parametrize(
    ("http", "code", "effect"),
    [
        (400, None, Effect.UNKNOWN),
        (400, 31337, Effect.UNKNOWN),
        (403, 31337, Effect.UNKNOWN),
        (404, 31337, Effect.UNKNOWN),
        (403, None, Effect.OURS),
        (401, 31337, Effect.OURS),
        (302, None, Effect.OURS),
        (429, None, Effect.PASSING),
        (429, 31337, Effect.PASSING),
        (400, 20429, Effect.PASSING),
    ],
)
def test_a_refusal_without_a_code_that_we_know_ends_nothing(
    http: int, code: int | None, effect: Effect
) -> None:
    assert effect_of_refusal(http, code) is effect
