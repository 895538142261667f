"""Answers that no call of the webhook brought are fetched, each under the id that the call would have had."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.cloudevents import decode
from schemas.ids import Pseudonyms, Sid
from schemas.messages import MessageReceived
from schemas.questions import Decline
from sms import metrics
from sms.carrier import CannotBeAskedError
from sms.reading.answers import read_offer
from sms.sending import catch_up
from sms.sending.catch_up import CLOCKS_APART, OVERLAP, CatchUp, Mark, Part
from sms.simulator import Simulator
from sms.twilio.carrier import TwilioCarrier
from streams.clock import Clock
from streams.records import Outgoing
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN, BadApi, reset, status
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.webhook_calls import INBOUND, Caller

PSEUDONYMS = Pseudonyms(b"key")
PHONE = "+77015550101"
NOW = datetime(2021, 7, 15, 6, 0, 0, 250_000, tzinfo=UTC)
NO_TIME, MINUTE, SECOND = timedelta(0), timedelta(minutes=1), timedelta(seconds=1)


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Worker:
    """What a worker does with the parts: it sends the texts, then stores the mark."""

    def __init__(
        self,
        carrier: TwilioCarrier,
        stored: bytes | None = None,
        *,
        clock: Clock | None = None,
        leave: timedelta = NO_TIME,
    ) -> None:
        self.time = Time()
        self.stored = stored
        self.inbox: list[Outgoing] = []
        self.parts: list[Part] = []
        self.catch_up = CatchUp(carrier, PSEUDONYMS, clock or Clock(), leave=leave, now=self.time)

    async def check(self) -> list[str]:
        """The texts that a whole reading brought."""
        before = len(self.inbox)
        while True:
            part = await self.catch_up.read(self.stored)
            self.parts.append(part)
            self.inbox += part.texts
            self.stored = part.mark or self.stored
            if not part.more:
                return [event.text for event in self.events()[before:]]

    def events(self) -> list[MessageReceived]:
        return [
            MessageReceived.model_validate_json(decode(each.value, each.headers, timestamp=NOW).data)
            for each in self.inbox
        ]

    def read_to(self) -> datetime:
        assert self.stored
        return catch_up.load(self.stored).read_to


@pytest.fixture
async def worker(carrier: TwilioCarrier) -> Worker:
    return Worker(carrier)


async def test_the_event_is_the_one_that_a_call_would_have_brought(
    api: BadApi, worker: Worker, caller: Caller
) -> None:
    api.receive(INBOUND["Body"], NOW - MINUTE, INBOUND["From"], sid=INBOUND["MessageSid"])
    await worker.check()
    assert (await caller.form("/sms/inbound", INBOUND))[0] == 200
    [fetched], [called] = worker.inbox, caller.inbox.records
    assert (fetched.topic, fetched.key) == (called.topic, called.key)
    one, other = (decode(each.value, each.headers, timestamp=NOW) for each in (fetched, called))
    assert (one.id, one.source, one.type) == (other.id, other.source, other.type)
    [text] = worker.events()
    told = MessageReceived.model_validate_json(other.data)
    assert text == told.model_copy(update={"received_at": (NOW - MINUTE).replace(microsecond=0)})


async def test_a_text_was_received_when_the_api_had_it_and_never_in_the_future(
    api: BadApi, worker: Worker
) -> None:
    api.receive("past", NOW - 5 * MINUTE)
    api.receive("future", NOW + SECOND)
    worker.time.now = NOW
    await worker.check()
    # What the API's clock puts ahead of ours is left until then.
    worker.time.now = NOW + 2 * SECOND
    await worker.check()
    assert {event.text: event.received_at for event in worker.events()} == {
        "past": (NOW - 5 * MINUTE).replace(microsecond=0),
        "future": (NOW + SECOND).replace(microsecond=0),
    }


async def test_real_instants_become_virtual_ones(api: BadApi, carrier: TwilioCarrier) -> None:
    clock = Clock(1440, NOW - timedelta(hours=1))
    worker = Worker(carrier, clock=clock)
    api.receive("1", NOW - MINUTE)
    await worker.check()
    [event] = worker.events()
    assert event.received_at == clock.virtual((NOW - MINUTE).replace(microsecond=0))


async def test_the_first_reading_begins_an_hour_and_the_overlap_before(api: BadApi, worker: Worker) -> None:
    api.receive("long before", NOW - CLOCKS_APART - OVERLAP - MINUTE)
    api.receive("while we were updated", NOW - CLOCKS_APART - OVERLAP + MINUTE)
    assert await worker.check() == ["while we were updated"]
    assert worker.read_to() == NOW - CLOCKS_APART


async def test_what_came_while_no_worker_ran_is_fetched(
    api: BadApi, worker: Worker, carrier: TwilioCarrier
) -> None:
    await worker.check()
    for hours in range(1, 80):
        api.receive(f"after {hours} h", NOW + timedelta(hours=hours))
    later = Worker(carrier, worker.stored)
    later.time.now = NOW + timedelta(hours=90)
    assert await later.check() == [f"after {hours} h" for hours in range(1, 80)]


async def test_a_text_is_handed_over_once_a_process_and_again_by_the_next(
    api: BadApi, worker: Worker, carrier: TwilioCarrier
) -> None:
    api.receive("1", NOW - MINUTE)
    assert [await worker.check() for _ in range(3)] == [["1"], [], []]
    api.receive("2", NOW)
    assert await worker.check() == ["2"]
    later = Worker(carrier, worker.stored)
    assert await later.check() == ["1", "2"]
    assert [each.headers for each in later.inbox] == [each.headers for each in worker.inbox]


async def test_a_text_that_the_list_shows_late_is_found_within_the_overlap(
    api: BadApi, worker: Worker
) -> None:
    api.receive("2", NOW)
    await worker.check()
    api.receive("1", NOW - OVERLAP + SECOND)
    api.messages.reverse()
    assert await worker.check() == ["1"]


async def test_the_mark_follows_the_texts_and_where_there_are_none_the_clock_an_hour_behind(
    api: BadApi, worker: Worker
) -> None:
    api.receive("0", NOW)
    await worker.check()
    assert worker.read_to() == NOW.replace(microsecond=0)
    api.receive("1", NOW + 30 * SECOND)
    worker.time.now = NOW + MINUTE
    await worker.check()
    # Less than a minute on is not worth a write.
    assert worker.read_to() == NOW.replace(microsecond=0)
    api.receive("2", NOW + 5 * MINUTE)
    worker.time.now = NOW + 6 * MINUTE
    await worker.check()
    assert worker.read_to() == (NOW + 5 * MINUTE).replace(microsecond=0)
    worker.time.now = NOW + timedelta(hours=9)
    await worker.check()
    assert worker.read_to() == NOW + timedelta(hours=8)


@pytest.mark.parametrize("apart", [50, -50, 0])
async def test_an_api_whose_clock_is_wrong_loses_nothing(api: BadApi, worker: Worker, apart: int) -> None:
    await worker.check()
    found = []
    for minute in range(1, 600, 20):
        api.receive(str(minute), NOW + (minute + apart) * MINUTE)
        worker.time.now = NOW + minute * MINUTE
        found += await worker.check()
    worker.time.now = NOW + timedelta(hours=12)
    found += await worker.check()
    assert found == [str(minute) for minute in range(1, 600, 20)]


async def test_a_text_is_left_to_the_webhook_for_a_while(api: BadApi, carrier: TwilioCarrier) -> None:
    worker = Worker(carrier, leave=30 * SECOND)
    api.receive("old", NOW - 40 * SECOND)
    api.receive("new", NOW - 20 * SECOND)
    assert await worker.check() == ["old"]
    worker.time.now = NOW + 15 * SECOND
    assert await worker.check() == ["new"]


async def test_a_long_outage_is_read_part_by_part_and_stored_at_its_end(api: BadApi, worker: Worker) -> None:
    await worker.check()
    for number in range(534):
        api.receive(str(number), NOW + number * SECOND, f"+77015{number % 7:06}")
    worker.time.now = NOW + timedelta(hours=1)
    found = await worker.check()
    assert list(map(int, found)) == list(range(534))
    parts = worker.parts[1:]
    assert [len(part.texts) for part in parts] == [0, 0, 134, 200, 200]
    assert [part.mark is not None for part in parts] == [False] * 4 + [True]
    assert [part.more for part in parts] == [True] * 4 + [False]


async def test_of_what_is_too_long_to_be_held_each_row_of_parts_is_in_its_order(
    api: BadApi, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "_MOST_HELD", 2)
    await worker.check()
    for number in range(1000):
        api.receive(str(number), NOW + number * SECOND)
    worker.time.now = NOW + timedelta(hours=1)
    found = list(map(int, await worker.check()))
    assert found == [*range(600, 1000), *range(200, 600), *range(200)]
    assert worker.parts[-1].mark
    assert await worker.check() == []


@pytest.mark.parametrize("trouble", [status(503), status(429, 20429), reset])
async def test_after_a_passing_failure_the_reading_goes_on_with_the_same_part(
    api: BadApi, worker: Worker, trouble: object
) -> None:
    await worker.check()
    for number in range(500):
        api.receive(str(number), NOW + number * SECOND)
    worker.time.now = NOW + timedelta(hours=1)
    assert (await worker.catch_up.read(worker.stored)).texts == []
    failed = metrics.INBOUND_CHECKS.labels("not_now")._value.get()
    api.list_trouble = trouble  # type: ignore[assignment]
    for _ in range(3):
        with pytest.raises(CannotBeAskedError):
            await worker.catch_up.read(worker.stored)
    assert metrics.INBOUND_CHECKS.labels("not_now")._value.get() - failed == 3
    api.list_trouble = None
    asked = len(api.lists())
    await worker.check()
    assert len(api.lists()) - asked == 2
    assert [int(event.text) for event in worker.events()] == list(range(500))


async def test_after_an_outage_of_the_api_the_first_reading_has_what_came_in_it(
    api: BadApi, worker: Worker
) -> None:
    await worker.check()
    api.list_trouble = status(503)
    with pytest.raises(CannotBeAskedError):
        await worker.check()
    api.receive("1", NOW + timedelta(hours=1))
    worker.time.now = NOW + timedelta(hours=2)
    api.list_trouble = None
    assert await worker.check() == ["1"]


@pytest.mark.parametrize(
    "odd",
    [
        {"body": "\ud83d"},
        {"body": "1\x00\ud83d"},
        {"body": None},
        {"body": 5},
        {"from": None},
        {"from": "МЧС"},
        {"sid": None},
        {"sid": "SM" + "a" * 70},
    ],
)
async def test_one_odd_text_keeps_no_other_from_being_read(
    api: BadApi, worker: Worker, odd: dict[str, Any]
) -> None:
    await worker.check()
    api.receive("1", NOW + SECOND)
    api.receive("2", NOW + 2 * SECOND, **odd)
    api.receive("3", NOW + 3 * SECOND)
    worker.time.now = NOW + timedelta(hours=1)
    await worker.check()
    texts = [event.text for event in worker.events()]
    assert texts[0] == "1"
    assert texts[-1] == "3"
    worker.time.now = NOW + timedelta(days=4)
    api.receive("4", NOW + timedelta(days=4) - timedelta(minutes=10))
    await worker.check()
    assert [event.text for event in worker.events()][-1] == "4"
    await worker.check()
    assert len(worker.events()) == len(texts) + 1


async def test_after_a_failure_for_good_the_reading_begins_anew(api: BadApi, worker: Worker) -> None:
    await worker.check()
    for number in range(300):
        api.receive(str(number), NOW + number * SECOND)
    worker.time.now = NOW + timedelta(hours=1)
    worker.inbox += (await worker.catch_up.read(worker.stored)).texts
    api.list_trouble = status(400, 21481)
    with pytest.raises(CannotBeAskedError):
        await worker.catch_up.read(worker.stored)
    api.list_trouble = None
    asked = len(api.lists())
    await worker.check()
    assert len(api.lists()) - asked == 2
    assert sorted(int(event.text) for event in worker.events()) == list(range(300))


async def test_who_takes_over_begins_with_what_is_stored(api: BadApi, worker: Worker) -> None:
    for number in range(300):
        api.receive(str(number), NOW - 299 * SECOND + number * SECOND)
    assert (await worker.catch_up.read(worker.stored)).more
    worker.catch_up.forget()
    asked = len(api.lists())
    await worker.check()
    assert len(api.lists()) - asked == 2


async def test_what_may_not_have_reached_the_broker_is_handed_over_again(api: BadApi, worker: Worker) -> None:
    api.receive("1", NOW - MINUTE)
    lost = await worker.catch_up.read(worker.stored)
    assert len(lost.texts) == 1
    worker.catch_up.forget()
    assert await worker.check() == ["1"]


async def test_what_is_no_text_of_a_number_is_passed_over_and_counted(api: BadApi, worker: Worker) -> None:
    unusable = metrics.INBOUND_TEXTS.labels("unusable")._value.get()
    for phone in ("1414", "Kaspi", "whatsapp:+77015550101", ""):
        api.receive("1", NOW - MINUTE, phone)
    api.receive("1", NOW - MINUTE, sid="not a sid")
    api.receive("", NOW - MINUTE)
    api.receive("2", NOW - MINUTE)
    assert await worker.check() == ["", "2"]
    assert await worker.check() == []
    assert metrics.INBOUND_TEXTS.labels("unusable")._value.get() - unusable == 5


@pytest.mark.parametrize(
    "said", ["STOP", "stopall", "Unsubscribe", " cancel ", "END", "quit", "REVOKE", "OPTOUT"]
)
async def test_the_apis_own_words_for_an_opt_out_are_a_no(api: BadApi, worker: Worker, said: str) -> None:
    api.receive(said, NOW - MINUTE)
    [text] = await worker.check()
    assert read_offer(text) == Decline(stop=True)


@pytest.mark.parametrize("said", ["1", "stop it", "the end", "Жоқ", " 2 ", ""])
async def test_every_other_text_is_left_as_it_is(api: BadApi, worker: Worker, said: str) -> None:
    api.receive(said, NOW - MINUTE)
    assert await worker.check() == [said]


def test_the_mark_is_written_as_it_will_be_read_for_ever() -> None:
    golden = b'{"version":1,"read_to":"2021-07-15T06:00:00.250000Z"}'
    assert catch_up.dump(Mark(read_to=NOW)) == golden
    assert catch_up.load(golden) == Mark(read_to=NOW)


@pytest.mark.parametrize(
    "stored", [b"", b"not a mark", b'{"version":2,"read_to":"2021-07-15T06:00:00Z"}', b'{"version":1}']
)
async def test_a_mark_that_cannot_be_read_is_said_and_begun_anew(
    api: BadApi, carrier: TwilioCarrier, stored: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    api.receive("1", NOW - MINUTE)
    worker = Worker(carrier, stored)
    assert await worker.check() == ["1"]
    assert worker.read_to() == (NOW - MINUTE).replace(microsecond=0)
    assert "beginning anew" in "".join(capsys.readouterr())


async def test_neither_numbers_nor_texts_are_logged(
    api: BadApi, worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    api.receive("secret", NOW - MINUTE, "7705-not-a-number")
    await worker.check()
    out = "".join(capsys.readouterr())
    assert "can't be used" in out
    assert "secret" not in out
    assert "7705" not in out


async def test_the_simulated_api_lists_what_its_webhook_did_not_take() -> None:
    async with (
        Simulator(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            sender=SENDER,
            inbound_url="http://127.0.0.1:1/sms/inbound",
            delay=0.01,
        ) as simulator,
        twilio_carrier(simulator.url, status_callback="http://127.0.0.1:1/sms/status") as carrier,
    ):
        await carrier.send(PHONE, "сәлем")
        answer = await simulator.answer(PHONE, "Иә")
        assert answer.status == "failed"
        simulator.handsets.at("+77015550102").switches.set({"off": True})
        catch_up = CatchUp(carrier, PSEUDONYMS, Clock(), leave=NO_TIME)
        part = await catch_up.read(None)
    [record] = part.texts
    event = MessageReceived.model_validate_json(decode(record.value, record.headers, timestamp=NOW).data)
    assert answer.listed_at
    assert event == MessageReceived(
        phone=PHONE, text="Иә", sid=Sid(answer.sid), received_at=answer.listed_at.replace(microsecond=0)
    )
