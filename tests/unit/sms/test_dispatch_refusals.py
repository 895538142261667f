"""What the API answers when it takes no SMS: ends, is tried again, or holds the queue."""

import pytest
from aiohttp import web

from schemas.messages import MessageAccepted, MessageDeferred, MessageRejected
from sms import metrics
from sms.sending.dispatcher import Dispatcher
from tests.unit.sms.bad_api import BadApi, Trouble, reset, status
from tests.unit.sms.dispatching import PHONE, message


async def test_what_the_api_asks_for_is_handed_on(api: BadApi, dispatcher: Dispatcher) -> None:
    api.troubles.append(status(429, 20429, Retry_After="60"))
    [report] = await dispatcher.dispatch([message()])
    assert isinstance(report, MessageDeferred)
    assert report.retry_after_seconds == 60
    assert not api.messages


@pytest.mark.parametrize("code", [21211, 21614, 21635])
async def test_a_permanent_refusal_is_reported_once(api: BadApi, dispatcher: Dispatcher, code: int) -> None:
    api.always = status(400, code)
    [report] = await dispatcher.dispatch([message()])
    assert isinstance(report, MessageRejected)
    assert report.code == code
    assert PHONE not in report.reason
    assert [report] == await dispatcher.dispatch([message()])
    assert len(api.creates()) == 1


async def test_an_opt_out_is_told_apart_from_a_number_that_cannot_be_reached(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    api.troubles.extend([status(400, 21610), status(400, 21614)])
    [opted_out] = await dispatcher.dispatch([message("m1")])
    [no_mobile] = await dispatcher.dispatch([message("m2")])
    assert isinstance(opted_out, MessageRejected)
    assert isinstance(no_mobile, MessageRejected)
    assert (opted_out.opted_out, no_mobile.opted_out) == (True, False)
    assert [opted_out] == await dispatcher.dispatch([message("m1")])


def refusing(phones: set[str], trouble: Trouble) -> Trouble:
    async def some(api: BadApi, request: web.Request, form: dict[str, str]) -> web.Response:
        if form["To"] in phones:
            return await trouble(api, request, form)
        return web.json_response(api.take(form), status=201)

    return some


@pytest.mark.parametrize("code", [None, 31337])
async def test_a_code_that_nobody_knows_holds_its_own_message_only(
    api: BadApi, dispatcher: Dispatcher, code: int | None
) -> None:
    api.always = refusing({PHONE}, status(400, code))
    counter = metrics.UNKNOWN_CODES.labels(str(code or "none"))
    before = counter._value.get()
    for attempt in range(1, 10):
        [report] = await dispatcher.dispatch([message(attempt=attempt)])
        assert isinstance(report, MessageDeferred)
        # Without a wish of the API's the desk lets the pause grow.
        assert (report.reason, report.retry_after_seconds) == ("unknown_code", None)
    assert len(api.creates()) == 9
    others = [message(f"m{n}", f"+770155502{n:02}") for n in range(20)]
    assert {type(report) for report in await dispatcher.dispatch(others)} == {MessageAccepted}
    assert counter._value.get() - before == 9
    api.always = None
    [report] = await dispatcher.dispatch([message(attempt=10)])
    assert isinstance(report, MessageAccepted)


async def test_from_the_fifth_number_in_a_row_on_nobody_is_called(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    api.always = status(400, 31337)
    for n in range(12):
        await dispatcher.dispatch([message(f"m{n}", f"+770155502{n:02}")])
    assert len(api.creates()) == 5
    api.always = None
    [report] = await dispatcher.dispatch([message("m12")])
    assert isinstance(report, MessageDeferred)
    assert report.reason == "resting"
    dispatcher._sender._breaker._until = 0.0
    [report] = await dispatcher.dispatch([message("m12", attempt=2)])
    assert isinstance(report, MessageAccepted)
    others = [message(f"m{n}", f"+770155502{n:02}", attempt=2) for n in range(12)]
    assert {type(report) for report in await dispatcher.dispatch(others)} == {MessageAccepted}


async def test_a_look_up_that_fails_leaves_the_count_of_numbers_as_it_is(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    unknown = status(400, 31337)
    api.list_trouble = status(503)
    api.troubles.extend([unknown] * 4 + [reset, unknown])
    for n in range(6):
        await dispatcher.dispatch([message(f"m{n}", f"+770155502{n:02}")])
    assert len(api.lists()) == 1
    [report] = await dispatcher.dispatch([message("m6", "+77015550206")])
    assert isinstance(report, MessageDeferred)
    assert report.reason == "resting"


async def test_what_the_api_takes_in_between_starts_the_count_of_numbers_anew(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    for n in range(20):
        if n % 5:
            api.troubles.append(status(400, 31337))
        await dispatcher.dispatch([message(f"m{n}", f"+770155502{n:02}")])
    assert len(api.creates()) == 20


async def test_a_sender_that_is_held_calls_nobody_and_counts_why(
    api: BadApi, dispatcher: Dispatcher, capsys: pytest.CaptureFixture[str]
) -> None:
    before = metrics.OURS.labels("30034")._value.get()
    dispatcher._sender.hold(30034, "our sender is not registered for this traffic")
    reports = await dispatcher.dispatch([message(f"m{n}", f"+770155502{n:02}") for n in range(20)])
    assert not api.calls
    for report in reports:
        assert isinstance(report, MessageDeferred)
        assert report.retry_after_seconds
        assert 29 < report.retry_after_seconds < 50
    assert metrics.OURS.labels("30034")._value.get() - before == 1
    assert "our sender is not registered for this traffic" in "".join(capsys.readouterr())
