"""An SMPP carrier under the dispatcher: what may have left is in doubt at once, and never sent again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from schemas.ids import MessageId, Sid
from schemas.messages import MessageAccepted, MessageDeferred, MessageInDoubt, MessageToSend
from sms.carrier import Accepted
from sms.sending import journal
from sms.sending.dispatcher import Dispatcher
from sms.smpp import carrier as carrier_module
from sms.smpp import user_data
from sms.smpp.commands import Command, ShortMessage, response_to
from sms.smpp.late import LateResponses
from sms.smpp.pdu import Pdu
from tests.unit.sms.dispatching import PSEUDONYMS, QUICK, MemoryJournal, new_dispatcher
from tests.unit.sms.smpp.raw_smsc import BINDS, Answer, RawSmsc, refusing, usual
from tests.unit.sms.smpp_world import MemoryInbox, account, smpp_carrier, until

WINDOW = 3
LIMITS = replace(QUICK, intents=WINDOW)
LONG, PARTS = "ә" * 200, 3


def message(number: int, attempt: int = 1) -> MessageToSend:
    return MessageToSend(
        message_id=MessageId(f"m{number}"),
        phone=f"+7701555{number:04d}",
        text=f"text {number}",
        attempt=attempt,
        requested_at=datetime.now(UTC),
    )


def intended(kept: MemoryJournal) -> int:
    """Of how many numbers the journal has an intent without an outcome."""
    pages = [kept.get(PSEUDONYMS.phone(message(number).phone).encode()) for number in range(100)]
    return sum(entry.open for page in pages for entry in journal.load(page).entries)


def silent(pdu: Pdu) -> bytes | None:
    return None if pdu.command == Command.SUBMIT_SM else usual(pdu)


async def test_a_crash_leaves_no_more_in_doubt_than_the_window_and_nothing_is_sent_again() -> None:
    """The process dies while responses are awaited; the next one knows the journal alone."""
    kept = MemoryJournal()
    async with RawSmsc(silent) as smsc:
        async with smpp_carrier(account(smsc.port, window=WINDOW), MemoryInbox()) as carrier:
            dying = asyncio.create_task(
                new_dispatcher(carrier, kept, LIMITS).dispatch([message(number) for number in range(10)])
            )
            await smsc.until(Command.SUBMIT_SM, WINDOW)
            await asyncio.sleep(0.05)
            dying.cancel()
            await asyncio.gather(dying, return_exceptions=True)
            written = intended(kept)
        smsc.answer = usual
        async with smpp_carrier(account(smsc.port, window=WINDOW), MemoryInbox()) as carrier:
            messages = [message(number) for number in range(10)]
            reports = await new_dispatcher(carrier, kept, LIMITS).dispatch(messages)
        submitted = sum(pdu.command == Command.SUBMIT_SM for pdu in smsc.heard)
    doubts = [report for report in reports if isinstance(report, MessageInDoubt)]
    assert written == len(doubts) == WINDOW
    assert sum(isinstance(report, MessageAccepted) for report in reports) == 10 - WINDOW
    assert submitted == 10


async def test_a_message_in_doubt_stays_so_however_often_it_is_tried() -> None:
    kept = MemoryJournal()
    async with RawSmsc(silent) as smsc:
        quick = account(smsc.port, response_seconds=0.2)
        async with smpp_carrier(quick, MemoryInbox()) as carrier:
            for attempt in range(1, 4):
                [report] = await new_dispatcher(carrier, kept, LIMITS).dispatch([message(1, attempt)])
                assert isinstance(report, MessageInDoubt)
        assert sum(pdu.command == Command.SUBMIT_SM for pdu in smsc.heard) == 1


class Slow:
    """An SMSC that keeps its responses to submit_sm, or to some of them, until it is told to let them go."""

    def __init__(self, status: int = 0, only: int | None = None) -> None:
        """`only`: which one it keeps, counted from 0."""
        self._status = status
        self._only = only
        self._heard: list[Pdu] = []

    def __call__(self, pdu: Pdu) -> bytes | None:
        if pdu.command != Command.SUBMIT_SM:
            return usual(pdu)
        self._heard.append(pdu)
        return None if self._only in (None, len(self._heard) - 1) else usual(pdu)

    def respond(self, smsc: RawSmsc, *, number: int = 0, sid: str = "late1") -> None:
        """Write the response to the submit_sm with this number, counted from 0."""
        command, sequence = response_to(Command.SUBMIT_SM), self._heard[number].sequence
        smsc.write(Pdu(command, self._status, sequence, sid.encode() + b"\0").encode())


def read_part(body: bytes) -> tuple[int, int]:
    """Of how many parts this is which."""
    part = user_data.read(ShortMessage.read(body)).part
    assert part
    return part.count, part.number


def submitted(smsc: RawSmsc) -> int:
    return sum(pdu.command == Command.SUBMIT_SM for pdu in smsc.heard)


async def taken_late(smsc: RawSmsc, slow: Slow, *, number: int = 0, sid: str = "late1") -> bool:
    """Let a response go for which nobody waits any more: whether it was told that it took the message."""
    with capture_logs() as logs:
        slow.respond(smsc, number=number, sid=sid)
        await until(lambda: logs)
    [line] = logs
    assert line["event"] in ("a response came too late", "a response came to no request that waits")
    assert message(1).phone not in str(line)
    return bool(line.get("taken"))


@asynccontextmanager
async def dispatching(answer: Answer, seconds: float = 0.2) -> AsyncIterator[tuple[RawSmsc, Dispatcher]]:
    """An operator that answers so, and who sends there and waits so many seconds for each response."""
    async with (
        RawSmsc(answer) as smsc,
        smpp_carrier(account(smsc.port, response_seconds=seconds), MemoryInbox()) as carrier,
    ):
        yield smsc, new_dispatcher(carrier, MemoryJournal(), LIMITS)


async def test_a_response_that_comes_late_ends_the_doubt_and_nothing_is_sent_again() -> None:
    slow, began = Slow(), datetime.now(UTC)
    async with dispatching(slow) as (smsc, dispatcher):
        [doubt] = await dispatcher.dispatch([message(1)])
        assert isinstance(doubt, MessageInDoubt)
        assert await taken_late(smsc, slow)
        [report] = await dispatcher.dispatch([message(1, 2)])
        again = await dispatcher.dispatch([message(1, 2)])
        assert submitted(smsc) == 1
    assert isinstance(report, MessageAccepted)
    assert again == [report]
    assert (report.sid, report.carrier, report.sender) == ("smpp-late1", "smpp", "1414")
    assert began < report.accepted_at <= datetime.now(UTC)


async def test_a_late_response_is_no_other_message_s() -> None:
    """Neither another text's, nor another number's, nor once more the same text's to the same number."""
    slow = Slow()
    alike = message(1).with_(message_id=MessageId("alike"))
    others = [message(1).with_(message_id=MessageId("other"), text="another"), message(2), alike]
    async with dispatching(slow) as (smsc, dispatcher):
        for each in (message(1), *others):
            await dispatcher.dispatch([each])
        assert await taken_late(smsc, slow)
        rest = [(await dispatcher.dispatch([each.with_(attempt=2)]))[0] for each in others]
        assert [type(report) for report in rest] == [MessageInDoubt] * 3
        [first] = await dispatcher.dispatch([message(1, 2)])
        assert isinstance(first, MessageAccepted)
        assert await taken_late(smsc, slow, number=3, sid="late2")
        [last] = await dispatcher.dispatch([alike.with_(attempt=3)])
        assert submitted(smsc) == 4
    assert isinstance(last, MessageAccepted)
    assert last.sid == "smpp-late2"


async def test_what_is_known_to_have_left_is_not_sent_again_whatever_an_operator_says() -> None:
    slow = Slow()
    async with dispatching(slow) as (smsc, dispatcher):
        await dispatcher.dispatch([message(1)])
        assert await taken_late(smsc, slow)
        not_sent = message(1, 2).with_(unsent_before=datetime.now(UTC))
        [report] = await dispatcher.dispatch([not_sent])
        assert submitted(smsc) == 1
    assert isinstance(report, MessageAccepted)
    assert report.sid == "smpp-late1"


async def test_a_text_whose_other_parts_are_under_way_is_not_begun_anew() -> None:
    slow = Slow()
    async with dispatching(slow, 0.5) as (smsc, dispatcher):
        await dispatcher.dispatch([message(1).with_(text=LONG)])
        slow.respond(smsc)
        await smsc.until(Command.SUBMIT_SM, 2)
        not_sent = message(1, 2).with_(text=LONG, unsent_before=datetime.now(UTC))
        [report] = await dispatcher.dispatch([not_sent])
        assert submitted(smsc) == 2
    assert isinstance(report, MessageDeferred)
    assert not report.may_have_left


async def test_a_response_that_came_while_the_process_stood_still_is_taken() -> None:
    slow = Slow()
    async with dispatching(slow, 0.3) as (smsc, dispatcher):
        sending = asyncio.create_task(dispatcher.dispatch([message(1)]))
        await smsc.until(Command.SUBMIT_SM)
        slow.respond(smsc)
        time.sleep(0.5)  # noqa: ASYNC251 - that is what is tried
        [report] = await sending
    assert isinstance(report, MessageAccepted)
    assert report.sid == "smpp-late1"


async def test_in_a_session_that_is_about_to_end_no_text_is_gone_on_with() -> None:
    """Workers that take turns: the bind is left as soon as nothing is under way."""
    slow = Slow(only=0)
    answer = lambda pdu: None if pdu.command == Command.UNBIND else slow(pdu)  # noqa: E731
    async with (
        RawSmsc(answer) as smsc,
        smpp_carrier(account(smsc.port, response_seconds=0.3), MemoryInbox()) as carrier,
    ):
        dispatcher = new_dispatcher(carrier, MemoryJournal(), LIMITS)
        session = carrier._bindings[0].session
        assert session
        sending = asyncio.create_task(dispatcher.dispatch([message(1).with_(text=LONG)]))
        await smsc.until(Command.SUBMIT_SM)
        leaving = asyncio.create_task(session.leave())
        await smsc.until(Command.UNBIND)
        assert await taken_late(smsc, slow)
        await leaving
        [report] = await sending
        assert submitted(smsc) == 1
    assert isinstance(report, MessageInDoubt)


@pytest.mark.parametrize("text", ["short", LONG])
async def test_a_late_refusal_leaves_the_doubt(text: str) -> None:
    slow = Slow(0x58)
    async with dispatching(slow) as (smsc, dispatcher):
        await dispatcher.dispatch([message(1).with_(text=text)])
        assert not await taken_late(smsc, slow)
        [report] = await dispatcher.dispatch([message(1, 2).with_(text=text)])
        assert submitted(smsc) == 1
    assert isinstance(report, MessageInDoubt)


@pytest.mark.parametrize(("slow_part", "sid"), [(0, "smpp-id1"), (1, "smpp-id1"), (2, "smpp-late1")])
async def test_of_a_text_whose_part_is_answered_late_the_others_follow(slow_part: int, sid: str) -> None:
    slow = Slow(only=slow_part)
    async with dispatching(slow) as (smsc, dispatcher):
        [doubt] = await dispatcher.dispatch([message(1).with_(text=LONG)])
        assert submitted(smsc) == slow_part + 1
        slow.respond(smsc, number=slow_part)
        await smsc.until(Command.SUBMIT_SM, PARTS)
        async with asyncio.timeout(20):
            while isinstance(doubt, MessageInDoubt):
                await asyncio.sleep(0.05)
                [doubt] = await dispatcher.dispatch([message(1, doubt.attempt + 1).with_(text=LONG)])
        assert submitted(smsc) == PARTS
        bodies = [pdu.body for pdu in smsc.heard if pdu.command == Command.SUBMIT_SM]
    assert isinstance(doubt, MessageAccepted)
    assert doubt.sid == sid
    assert [read_part(body) for body in bodies] == [(PARTS, number) for number in range(1, PARTS + 1)]


async def test_what_was_begun_long_ago_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator may have decided meanwhile."""
    monkeypatch.setattr(carrier_module, "_SECONDS_TO_GO_ON", 0.1)
    slow = Slow(only=0)
    async with dispatching(slow) as (smsc, dispatcher):
        await dispatcher.dispatch([message(1).with_(text=LONG)])
        assert await taken_late(smsc, slow)
        [report] = await dispatcher.dispatch([message(1, 2).with_(text=LONG)])
        assert submitted(smsc) == 1
    assert isinstance(report, MessageInDoubt)


def test_of_late_responses_no_more_than_a_thousand_are_kept() -> None:
    late, now = LateResponses(), datetime.now(UTC)
    for number in range(1001):
        late.note(MessageId(str(number)), Accepted(Sid(f"smpp-{number}"), now))
    found = [late.accepted(MessageId(number)) for number in ("0", "1", "1000")]
    assert [accepted and accepted.sid for accepted in found] == [None, "smpp-1", "smpp-1000"]


async def test_a_message_that_found_no_bind_is_not_in_doubt() -> None:
    kept = MemoryJournal()
    refusal = refusing(BINDS[0], 0x0E)
    async with RawSmsc(refusal) as smsc, smpp_carrier(account(smsc.port), MemoryInbox()) as carrier:
        [report] = await new_dispatcher(carrier, kept, LIMITS).dispatch([message(1)])
    assert isinstance(report, MessageDeferred)
    assert not report.may_have_left
    [page] = [journal.load(kept.get(PSEUDONYMS.phone(message(1).phone).encode()))]
    assert not page.entries[0].open


@pytest.mark.parametrize("refused_from", [2, 3])
async def test_a_text_of_which_a_part_was_taken_and_another_refused_is_in_doubt(refused_from: int) -> None:
    parts: list[int] = []

    def answer(pdu: Pdu) -> bytes | None:
        if pdu.command != Command.SUBMIT_SM:
            return usual(pdu)
        parts.append(pdu.sequence)
        return refusing(Command.SUBMIT_SM, 0x0A)(pdu) if len(parts) >= refused_from else usual(pdu)

    async with RawSmsc(answer) as smsc, smpp_carrier(account(smsc.port), MemoryInbox()) as carrier:
        long = message(1).with_(text=LONG)
        [report] = await new_dispatcher(carrier, MemoryJournal(), LIMITS).dispatch([long])
    assert isinstance(report, MessageInDoubt)
    assert len(parts) == refused_from


async def test_the_window_counts_for_all_batches_together() -> None:
    """The partitions of a worker are handed over side by side; each of them would fill the window alone."""
    kept = MemoryJournal()
    async with RawSmsc(silent) as smsc, smpp_carrier(account(smsc.port, window=50), MemoryInbox()) as carrier:
        dispatcher = new_dispatcher(carrier, kept, LIMITS)
        batches = [
            asyncio.create_task(dispatcher.dispatch([message(10 * batch + n) for n in range(5)]))
            for batch in range(4)
        ]
        await smsc.until(Command.SUBMIT_SM, WINDOW)
        await asyncio.sleep(0.05)
        assert intended(kept) == WINDOW
        for batch in batches:
            batch.cancel()
        await asyncio.gather(*batches, return_exceptions=True)
    assert sum(pdu.command == Command.SUBMIT_SM for pdu in smsc.heard) == WINDOW
