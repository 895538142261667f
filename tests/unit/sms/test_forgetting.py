"""What a number forgets of a purged case, what it keeps for the others, and what it holds for nobody."""

from datetime import timedelta

import pytest

from schemas.catalogue import LINE_EVENTS
from schemas.deadlines import DeadlineElapsed
from schemas.ids import CaseId, MessageId, Pseudonyms, QuestionId, Sid, message_id_of
from schemas.messages import MessageToSend
from schemas.questions import (
    CasePurged,
    NoticeKind,
    QuestionAnswered,
    QuestionClosed,
    QuestionKind,
)
from schemas.values import Language
from sms.conversation.line import Line
from streams.events import Cause, Effects, read
from streams.records import Record
from streams.topics import SMS_INBOX
from tests.unit.sms.number import NOON, PHONE, Number, accepted, notice, status

MONTHS = timedelta(days=91)


def purged(case: str = "case") -> CasePurged:
    return CasePurged(phone=PHONE, case_id=CaseId(case))


def closes(number: Number, name: str = "q") -> None:
    number.hears(QuestionClosed(question_id=QuestionId(name), phone=PHONE, closed_at=number.now))


def over(number: Number, name: str = "q", case: str = "case") -> None:
    """A question of a case is put, and nobody answers it."""
    number.asks(name, case=case)
    number.takes(name)
    number.now += timedelta(days=4)
    closes(number, name)


def content(line: Line) -> Line:
    """The line without the ids by which it knows repeats."""
    return line.with_(heard=(), requested=(), wakes=0)


def test_all_of_a_purged_case_is_forgotten_and_the_number_too(number: Number) -> None:
    over(number)
    number.reads("кто это?")
    number.hears(notice(NoticeKind.NO_REPLY))
    number.hears(accepted(MessageId("n"), number.now))
    number.now += MONTHS
    assert number.hears(purged()) == []
    assert content(number.line) == Line()
    assert number.wake is None


def test_what_is_forgotten_is_known_when_it_comes_again(number: Number) -> None:
    over(number)
    number.reads("нет", sid="IN1")
    number.now += MONTHS
    number.hears(purged())
    before = number.line
    sid = Sid(f"SM-{message_id_of(QuestionId('q'))}")
    for effects in (
        number.asks(),
        number.reads("нет", sid="IN1"),
        number.takes(),
        number.hears(status(sid, "delivered")),
        number.hears(purged()),
    ):
        assert effects == []
    assert content(number.line) == Line()
    assert (number.line.heard, number.line.requested) == (before.heard, before.requested)


@pytest.mark.parametrize("where", ["current", "waiting"])
def test_an_open_question_is_never_lost(number: Number, where: str) -> None:
    over(number)
    if where == "waiting":
        number.asks("other", case="another")
    number.asks("q2")
    before = number.line
    assert number.hears(purged()) == []
    assert number.remarks == ("a case was purged whose question is open here",)
    assert number.line == before
    closes(number, "q2")
    number.hears(purged())
    assert [known.case_id for known in number.line.past] == []


def test_no_late_text_is_taken_for_an_answer_to_another_case(number: Number) -> None:
    over(number, "first", "one")
    over(number, "last", "two")
    number.now += MONTHS
    number.hears(purged("two"))
    left = number.line.past[-1]
    assert (left.details.iin_tail, left.person_id, left.language) == ("", "", None)
    assert number.reads("1") == []
    assert number.remarks == ("a text came to a question whose case is purged",)
    number.hears(purged("one"))
    assert content(number.line) == Line()
    assert number.reads("2") == []
    assert number.remarks == ("a text came from a number that was asked nothing",)


def test_a_stop_is_heard_whatever_was_purged(number: Number) -> None:
    over(number, "first", "one")
    over(number, "last", "two")
    number.hears(purged("two"))
    number.reads("STOP")
    until = number.line.stopped_until
    number.hears(purged("one"))
    assert content(number.line) == Line(stopped_until=until), "offers of others wait still"
    number.now += timedelta(days=2)
    number.hears(purged("one"))
    assert content(number.line) == Line(stopped_until=until), "a text of then may still be read"


def test_what_other_cases_need_stays(number: Number) -> None:
    over(number, "first", "one")
    number.asks("last", case="two")
    number.takes("last")
    before = number.line.current
    number.hears(purged("one"))
    assert number.line.past == (), "nothing was put before it whose answer it could take"
    assert number.line.current == before
    assert [known.asked for known in number.line.deliveries] == ["last"]
    [answered] = number.reads("1")
    assert isinstance(answered, QuestionAnswered)
    assert answered.case_id == "two"


def test_a_message_of_a_purged_case_is_sent_no_more(number: Number) -> None:
    number.now = NOON + timedelta(hours=12)
    number.hears(notice(NoticeKind.GRANTED))
    number.hears(notice(NoticeKind.GRANTED, "other", case="another"))
    number.hears(purged())
    assert [waiting.case_id for waiting in number.line.messages] == ["another"]
    wake = number.wake
    assert wake
    number.now = wake[0]
    [sent] = number.hears(DeadlineElapsed(deadline="wake", version=wake[1], due=wake[0]))
    assert isinstance(sent, MessageToSend)
    assert sent.message_id == "other"


def test_a_message_that_is_with_the_carrier_is_forgotten_and_its_report_does_no_harm(number: Number) -> None:
    over(number, "first", "one")
    number.asks("last", case="two")
    closes(number, "last")
    assert [message.unwanted for message in number.line.messages] == [True]
    number.hears(purged("two"))
    assert number.line.messages == ()
    # It may have left: no later text answers what was put before it.
    assert [known.question_id for known in number.line.past if known.put_at] == ["first", "last"]
    assert number.takes("last") == []
    assert number.reads("1") == []
    assert number.remarks == ("a text came to a question whose case is purged",)


def test_of_another_cases_messages_only_the_purged_case_s_deliveries_go(number: Number) -> None:
    over(number, "first", "one")
    number.hears(notice(NoticeKind.GRANTED, "n1", case="one"))
    number.hears(accepted(MessageId("n1"), number.now))
    number.hears(notice(NoticeKind.GRANTED, "n2", case="two"))
    number.hears(accepted(MessageId("n2"), number.now))
    number.hears(purged("one"))
    assert [known.message_id for known in number.line.deliveries] == ["n2"]
    failed = status(Sid("SM-n2"), "undelivered").with_(at=number.now)
    number.hears(failed)
    assert [waiting.resent for waiting in number.line.messages] == [1]


def test_a_number_that_was_asked_nothing_is_not_kept(number: Number) -> None:
    number.reads("кто это?")
    assert content(number.line) == Line()
    assert number.line.heard == ("IN-кто это?",)


def test_a_text_that_is_not_sent_again_any_more_is_forgotten_in_silence(number: Number) -> None:
    number.hears(notice(NoticeKind.GRANTED))
    number.hears(accepted(MessageId("n"), NOON))
    assert number.line.phone == PHONE
    wake = number.wake
    assert wake
    assert wake[0] == NOON + number.policy.keep_trying
    number.now = wake[0]
    assert number.hears(DeadlineElapsed(deadline="wake", version=wake[1], due=wake[0])) == []
    assert content(number.line) == Line()
    assert number.wake is None


def test_what_is_delivered_is_forgotten_at_once(number: Number) -> None:
    number.hears(notice(NoticeKind.GRANTED))
    number.hears(accepted(MessageId("n"), NOON))
    number.hears(status(Sid("SM-n"), "delivered"))
    assert content(number.line) == Line()


def test_who_is_told_to_forget_a_number_is_not_told_it_again() -> None:
    pseudonyms = Pseudonyms(b"any")
    [sent] = Effects("urn:test", pseudonyms).outgoing([purged()], Cause("1"), NOON)
    assert (sent.topic, sent.key) == (SMS_INBOX, pseudonyms.phone(PHONE).encode())
    assert PHONE[1:].encode() not in b"".join((sent.value or b"", *(each for _, each in sent.headers)))
    _, received = read(Record(sent.topic, 0, 0, NOON, sent.key, sent.value, sent.headers), LINE_EVENTS)
    assert received.data == CasePurged(case_id=CaseId("case"))


def test_an_account_is_forgotten_with_the_question_that_showed_it(number: Number) -> None:
    shown = {"kind": QuestionKind.ACCOUNT, "language": Language.RUSSIAN}
    over(number, "first", "one")
    number.asks("q", details={"iin_tail": "0015", "account": "KZ**0100"}, **shown)
    number.takes("q")
    closes(number, "q")
    number.hears(purged())
    assert "KZ" not in number.line.model_dump_json()
