import asyncio
import logging
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from schemas.ids import MessageId
from schemas.messages import (
    MessageAccepted,
    MessageDeferred,
    MessageInDoubt,
    MessageRejected,
    MessageToSend,
)
from schemas.stored import NewerValueError
from sms import metrics
from sms.sending import journal
from sms.sending.dispatcher import Dispatcher
from sms.sending.journal import Report
from sms.sending.sender import Limits
from sms.twilio.carrier import TwilioCarrier
from streams.clock import Clock
from tests.unit.sms.bad_api import SENDER, BadApi, Trouble, reset, slow, status, taken_then
from tests.unit.sms.dispatching import PSEUDONYMS, MemoryJournal, new_dispatcher
from tests.unit.sms.memory_carrier import MemoryCarrier

PHONE = "+77015550101"


@pytest.fixture
def kept(api: BadApi) -> MemoryJournal:
    return MemoryJournal(api)


@pytest.fixture
def dispatcher(carrier: TwilioCarrier, kept: MemoryJournal) -> Dispatcher:
    return new_dispatcher(carrier, kept)


def message(
    id_: str = "m1", phone: str = PHONE, text: str = "сәлем", attempt: int = 1, age: float = 0
) -> MessageToSend:
    requested_at = datetime.now(UTC) - timedelta(seconds=age)
    return MessageToSend(
        message_id=MessageId(id_), phone=phone, text=text, attempt=attempt, requested_at=requested_at
    )


async def send_until_done(dispatcher: Dispatcher, first: MessageToSend) -> Report:
    """What the desk does: a deferred message comes again as the next attempt."""
    next_ = first
    for attempt in range(2, 30):
        [report] = await dispatcher.dispatch([next_])
        if not isinstance(report, MessageDeferred):
            return report
        await asyncio.sleep(min(report.retry_after_seconds or 0.02, 1))
        next_ = message(first.message_id, first.phone, first.text, attempt)
    raise AssertionError("never done")


async def test_the_intent_is_written_before_the_call_and_the_outcome_after(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    [report] = await dispatcher.dispatch([message()])
    assert isinstance(report, MessageAccepted)
    assert report.sid == api.messages[0]["sid"]
    assert (report.carrier, report.sender) == ("twilio", SENDER)
    (intent, calls_before), (outcome, calls_after) = kept.writes
    assert (calls_before, calls_after) == (0, 1)
    key = PSEUDONYMS.phone(PHONE).encode()
    [entry] = journal.load(intent[key]).entries
    assert entry.open
    assert entry.report is None
    [entry] = journal.load(outcome[key]).entries
    assert not entry.open
    assert entry.report == report


async def test_the_intents_of_a_batch_are_one_write(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    batch = [message(f"m{n}", f"+770155501{n:02}") for n in range(50)]
    reports = await dispatcher.dispatch(batch)
    assert [report.message_id for report in reports] == [f"m{n}" for n in range(50)]
    assert len(kept.writes) == 2
    # The fifty intents, and the count of the day.
    assert len(kept.writes[0][0]) == 51
    assert kept.writes[0][1] == 0
    assert len(api.messages) == 50


async def test_a_repeat_reports_the_same_and_calls_nobody(api: BadApi, dispatcher: Dispatcher) -> None:
    first = await dispatcher.dispatch([message()])
    again = await dispatcher.dispatch([message(), message()])
    assert [*first, *first] == again
    assert len(api.creates()) == 1
    assert not api.lists()


async def test_a_number_in_order_even_within_a_batch(api: BadApi, dispatcher: Dispatcher) -> None:
    await dispatcher.dispatch([message(f"m{n}", text=f"text {n}") for n in range(5)])
    assert [sent["body"] for sent in api.sent()] == [f"text {n}" for n in range(5)]


async def test_what_stands_behind_a_message_that_was_put_off_waits(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    api.troubles.append(status(401, 20003))
    first, second, other = await dispatcher.dispatch(
        [message("m1"), message("m2"), message("m3", "+77015550102")]
    )
    assert isinstance(first, MessageDeferred)
    assert isinstance(second, MessageDeferred)
    assert second.reason == "behind_another"
    assert isinstance(other, MessageAccepted)
    assert [sent["sid"] for sent in api.messages] == [other.sid]


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


async def test_a_worker_that_died_after_the_call_left_one_sms(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    kept.fail_on = lambda write: write == 1
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message()])
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


async def test_a_worker_that_has_lost_the_partition_calls_nobody(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    with pytest.raises(asyncio.CancelledError):
        await dispatcher.dispatch([message()], may_call=lambda: False)
    assert not api.creates()
    [entry] = journal.load(kept.values[PSEUDONYMS.phone(PHONE).encode()]).entries
    assert entry.open


async def test_an_intent_that_is_not_acknowledged_is_no_call(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    kept.fail_on = lambda write: write == 0
    with pytest.raises(ConnectionError):
        await dispatcher.dispatch([message()])
    assert not api.calls


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
    kept.fail_on = lambda write: write == 1
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message()])
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
    kept.fail_on = lambda write: write == 1
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message()])
    api.list_trouble = status(503)
    [report] = await new_dispatcher(carrier, kept).dispatch([message()])
    assert isinstance(report, MessageDeferred)
    impatient = Limits(doubt_seconds=0)
    [report] = await new_dispatcher(carrier, kept, impatient).dispatch([message(attempt=2)])
    assert isinstance(report, MessageInDoubt)
    assert len(api.messages) == 1


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
    kept.fail_on = lambda write: write == 1
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message()])
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
    assert 18 <= kinds[MessageAccepted] <= 22
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


async def test_a_journal_that_a_newer_release_has_written_gives_the_batch_up(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    kept.values[PSEUDONYMS.phone(PHONE).encode()] = b'{"version":3}'
    with pytest.raises(NewerValueError):
        await dispatcher.dispatch([message("m2", "+77015550102"), message()])
    assert not api.calls
    assert not kept.writes


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


async def test_neither_number_nor_text_is_logged(
    api: BadApi, dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    api.troubles.extend([status(401, 20003), taken_then(reset)])
    with caplog.at_level(logging.DEBUG):
        await dispatcher.dispatch([message("m1")])
        await dispatcher.dispatch([message("m2")])
    out = caplog.text + "".join(capsys.readouterr())
    assert "refuses our account" in out
    assert PHONE[1:] not in out
    assert "сәлем" not in out


async def test_while_the_carrier_is_surely_away_nothing_is_tried_and_no_intent_is_written() -> None:
    """A crash would leave in doubt what has an intent; and it is no failure, so that nobody rests for it."""
    carrier, kept = MemoryCarrier(), MemoryJournal()
    async with carrier:
        carrier.away = 12.5
        dispatcher = new_dispatcher(carrier, kept)
        for attempt in range(1, 8):
            [report] = await dispatcher.dispatch([message(attempt=attempt)])
            assert isinstance(report, MessageDeferred)
            assert report.reason == "carrier_away"
            assert report.retry_after_seconds == pytest.approx(12.5, abs=0.2)
        [value] = kept.values.values()
        entry = journal.load(value).find(MessageId("m1"))
        assert entry
        assert not entry.open

        carrier.away = 0.0
        [report] = await dispatcher.dispatch([message(attempt=8)])
        assert isinstance(report, MessageAccepted)
    assert len(carrier.taken) == 1
