"""What the conversation does with texts, notices, closings and withdrawals."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.deadlines import DeadlineElapsed
from schemas.ids import CaseId, MessageId, PersonId, QuestionId, Sid, derived_id, message_id_of
from schemas.messages import MessageToSend, SentTimeTold
from schemas.questions import (
    Consent,
    Details,
    NoticeKind,
    PersonWithdrawn,
    QuestionAnswered,
    QuestionClosed,
    QuestionKind,
    QuestionNotUnderstood,
    QuestionSent,
)
from schemas.received import ReceivedEvent
from schemas.values import Language
from sms.catalogues import load_texts
from sms.conversation.converse import converse
from tests.unit.sms.number import NOON, PHONE, SECOND, Number, accepted, deferred, notice, status

TEXTS = load_texts()


def test_a_text_waits_while_it_is_unknown_whether_the_question_has_left(put: Number) -> None:
    put.reads("1")
    put.now += SECOND
    put.asks("q2", kind=QuestionKind.ACCOUNT)
    put.now += SECOND
    assert put.reads("KZ86125KZT5004100100") == []
    assert len(put.line.held_texts) == 1
    _, answer = put.takes("q2")
    assert isinstance(answer, QuestionAnswered)
    assert answer.question_id == "q2"
    assert not put.line.model_dump()["held_texts"]


def test_a_text_from_before_the_next_question_belongs_to_the_one_before_it(put: Number) -> None:
    put.now += SECOND
    put.reads("1")
    put.now += SECOND
    put.asks("q2", kind=QuestionKind.ACCOUNT)
    put.reads("0", put.now - SECOND)
    _, answer = put.takes("q2")
    assert isinstance(answer, QuestionAnswered)
    assert answer.question_id == "q"


def test_what_was_put_before_a_question_that_may_have_left_hears_no_text(put: Number) -> None:
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + timedelta(days=3)))
    put.now += SECOND
    put.asks("q2", case="another")
    put.hears(deferred(message_id_of(QuestionId("q2"))))
    put.now += SECOND
    put.hears(PersonWithdrawn(person_id=PersonId("person of another"), phone=PHONE, at=put.now))
    put.now += SECOND
    [answer] = put.reads("1")
    assert isinstance(answer, QuestionAnswered)
    assert answer.question_id == "q2"


def test_a_question_that_surely_has_not_left_leaves_the_texts_to_the_one_before_it(put: Number) -> None:
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + timedelta(days=3)))
    put.asks("q2", case="another")
    put.now += SECOND
    put.reads("1")
    surely_not = {"may_have_left": False}
    [answer] = put.hears(deferred(message_id_of(QuestionId("q2"))).model_copy(update=surely_not))
    assert isinstance(answer, QuestionAnswered)
    assert answer.question_id == "q"


def test_what_may_have_left_did_so_after_it_last_surely_came_back(put: Number) -> None:
    """The carrier remembers its first try, of which it knew by then that it had come to nothing."""
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + timedelta(days=3)))
    put.asks("q2", case="another")
    message_id = message_id_of(QuestionId("q2"))
    surely_not = {"may_have_left": False, "at": NOON + SECOND}
    put.hears(deferred(message_id, after=2.0).model_copy(update=surely_not))
    put.now += 5 * SECOND
    put.hears(DeadlineElapsed(deadline="wake", version=1, due=put.now))
    put.hears(deferred(message_id, 2).model_copy(update={"tried_at": NOON}))
    put.reads("1", NOON + SECOND / 2)
    put.hears(PersonWithdrawn(person_id=PersonId("person of another"), phone=PHONE, at=put.now))
    assert put.line.question(QuestionId("q2")) is not None
    assert [question.put_at for question in put.line.past] == [NOON, NOON + SECOND]


@pytest.mark.parametrize("late", [timedelta(0), 20 * SECOND, timedelta(hours=12)])
def test_what_an_event_does_is_the_same_however_late_it_is_read(number: Number, late: timedelta) -> None:
    """At noon the notice may go out, at midnight not; and an inquiry is due 15 seconds after noon."""
    number.asks()
    number.takes()
    number.hears(status(sid := Sid(f"SM-{message_id_of(QuestionId('q'))}"), "sent"))
    number.hears(SentTimeTold(sid=sid, phone=PHONE, attempt=1, sent_at=None))
    asking = ReceivedEvent("another", "urn:test", "another", NOON, "", notice(NoticeKind.GRANTED))
    effects = converse(number.line, asking, NOON + late, number.policy).effects
    [handed] = effects
    assert isinstance(handed, MessageToSend)
    requested_at = NOON if late > timedelta(hours=1) else NOON + late
    assert (handed.message_id, handed.attempt, handed.requested_at) == ("n", 1, requested_at)


def test_a_second_text_after_the_answer_is_not_explained(put: Number) -> None:
    put.reads("1")
    assert [type(effect) for effect in put.reads("рахмет")] == [QuestionNotUnderstood]
    assert put.remarks == ("a text after the answer was not understood",)


def test_after_three_explanations_there_is_none(put: Number) -> None:
    for n in range(3):
        put.reads(f"что {n}")
    sent = [message.message_id for message in put.line.messages]
    assert sent == [derived_id("q", "explanation", str(n)) for n in (1, 2, 3)]
    put.reads("что")
    assert put.remarks == ("the question was explained often enough",)
    assert len(put.line.messages) == 3


def test_a_text_after_the_closing_is_told_even_where_it_is_not_understood(put: Number) -> None:
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON + SECOND))
    put.now += SECOND
    [answer] = put.reads("рахмет")
    assert isinstance(answer, QuestionAnswered)
    assert answer.answer is None
    [early] = put.reads("1", NOON + SECOND / 2)
    assert isinstance(early, QuestionAnswered)
    assert early.answer == Consent(language=Language.KAZAKH)


def test_closing_drops_what_was_still_to_be_said_about_the_question(put: Number) -> None:
    put.hears(notice(NoticeKind.GRANTED, case="another"))
    put.reads("что?")
    assert len(put.line.messages) == 2
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON))
    assert [message.message_id for message in put.line.messages] == ["n"]
    assert put.line.current is None
    assert put.line.past[-1].closed_at == NOON


def test_a_waiting_question_that_is_closed_is_forgotten(put: Number) -> None:
    put.asks("q2", case="another")
    put.asks("q3", case="a third")
    put.hears(QuestionClosed(question_id=QuestionId("q2"), phone=PHONE, closed_at=NOON))
    assert [question.question_id for question in put.line.waiting] == ["q3"]


def test_the_next_question_of_the_answered_case_goes_before_those_who_wait(put: Number) -> None:
    put.asks("q2", case="another")
    put.reads("1")
    put.asks("q3", kind=QuestionKind.ACCOUNT)
    assert put.line.current
    assert put.line.current.question_id == "q3"
    assert [question.question_id for question in put.line.waiting] == ["q2"]


def test_a_prompted_question_goes_first_in_the_queue(put: Number) -> None:
    put.asks("q2", case="another")
    put.asks("q3", case="a third", prompted_at=NOON)
    assert [question.question_id for question in put.line.waiting] == ["q3", "q2"]


@pytest.mark.parametrize("kind", [NoticeKind.NO_REPLY, NoticeKind.DECLINED, NoticeKind.ANSWERED_LATE])
def test_newer_word_takes_the_place_of_an_ending_that_was_not_told_yet(
    number: Number, kind: NoticeKind
) -> None:
    number.now = NOON + timedelta(hours=12)
    number.hears(notice(kind))
    number.hears(notice(kind, "other", case="another"))
    number.hears(notice(NoticeKind.REVOKED, "n2"))
    assert [message.message_id for message in number.line.messages] == ["other", "n2"]
    number.asks(case="another")
    assert number.line.messages[0].message_id == "n2"


def test_a_reminder_of_an_answered_question_is_not_sent(put: Number) -> None:
    reminder = notice(NoticeKind.REMINDER, question_id="q", details=Details(until=NOON + timedelta(days=1)))
    assert [type(effect) for effect in put.hears(reminder)] == [MessageToSend]
    put.hears(accepted(MessageId("n"), NOON))
    put.reads("1")
    assert put.hears(reminder.model_copy(update={"notice_id": "another"})) == []
    assert put.remarks == ("a reminder came for a question that is not open",)


@pytest.mark.parametrize(("left", "sent"), [(SECOND, 1), (timedelta(0), 0)])
def test_a_reminder_is_not_sent_when_the_term_is_over(put: Number, left: timedelta, sent: int) -> None:
    details = Details(until=NOON + left)
    assert len(put.hears(notice(NoticeKind.REMINDER, question_id="q", details=details))) == sent
    assert len(put.line.messages) == sent


def test_a_withdrawal_closes_and_clears_for_one_person_only(put: Number) -> None:
    put.asks("q2", case="another")
    put.hears(notice(NoticeKind.GRANTED, "mine"))
    put.hears(notice(NoticeKind.GRANTED, "other", case="another"))
    put.hears(deferred(MessageId("mine"), after=60.0))
    put.hears(PersonWithdrawn(person_id=PersonId("person of case"), phone=PHONE, at=NOON + SECOND))
    assert [message.message_id for message in put.line.messages] == ["other", message_id_of(QuestionId("q2"))]
    assert put.line.past[-1].closed_at == NOON + SECOND
    assert put.line.current
    assert put.line.current.question_id == "q2"


def test_a_withdrawal_that_is_told_again_long_after_concerns_nothing_that_was_asked_since(
    put: Number,
) -> None:
    withdrawn = PersonWithdrawn(person_id=PersonId("person of case"), phone=PHONE, at=NOON + SECOND)
    put.hears(withdrawn, event_id="withdrawn")
    put.asks("q2")
    put.hears(withdrawn, event_id="withdrawn")
    assert put.line.current
    assert put.line.current.question_id == "q2"
    assert put.remarks == ("the withdrawal is known already",)


def test_a_withdrawal_does_not_move_the_closing_that_was_told_before(put: Number) -> None:
    put.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON))
    put.hears(PersonWithdrawn(person_id=PersonId("person of case"), phone=PHONE, at=NOON + SECOND))
    assert put.line.past[-1].closed_at == NOON


def test_one_message_is_with_the_carrier_at_a_time_and_they_keep_their_order(put: Number) -> None:
    for name in ("a", "b", "c"):
        put.hears(notice(NoticeKind.GRANTED, name, case=name))
    assert [bool(message.handed_at) for message in put.line.messages] == [True, False, False]
    [sent] = put.hears(accepted(MessageId("a"), NOON))
    assert isinstance(sent, MessageToSend)
    assert sent.message_id == "b"


def test_the_last_forty_deliveries_and_twelve_questions_are_kept(number: Number) -> None:
    for n in range(45):
        number.hears(notice(NoticeKind.GRANTED, f"n{n}", case=f"n{n}"))
        number.hears(accepted(MessageId(f"n{n}"), NOON))
        number.asks(f"q{n}")
        number.takes(f"q{n}")
        number.hears(QuestionClosed(question_id=QuestionId(f"q{n}"), phone=PHONE, closed_at=NOON))
    assert len(number.line.deliveries) == 40
    assert number.line.deliveries[-1].asked == "q44"
    assert [question.question_id for question in number.line.past] == [f"q{n}" for n in range(33, 45)]


def test_the_waking_is_set_once_for_one_instant(number: Number) -> None:
    number.now = NOON + timedelta(hours=12)
    number.asks()
    assert number.wake == (datetime(2021, 7, 16, 3, tzinfo=UTC), 1)
    number.hears(notice(NoticeKind.GRANTED, case="another"))
    assert number.wake == (datetime(2021, 7, 16, 3, tzinfo=UTC), 1)


@pytest.mark.parametrize(
    ("late", "sent"),
    [(timedelta(0), 1), (timedelta(minutes=30), 1), (timedelta(minutes=30, microseconds=1), 0)],
)
def test_an_answer_passes_quiet_hours_for_half_an_hour(number: Number, late: timedelta, sent: int) -> None:
    number.now = NOON + timedelta(hours=12)
    assert len(number.hears(notice(NoticeKind.GRANTED, prompted_at=number.now - late))) == sent


def test_an_answer_passes_those_who_wait_for_the_morning(number: Number) -> None:
    number.now = NOON + timedelta(hours=12)
    number.hears(notice(NoticeKind.REVOKED, "held", case="another"))
    [sent] = number.hears(notice(NoticeKind.GRANTED, "now", prompted_at=number.now))
    assert isinstance(sent, MessageToSend)
    assert sent.message_id == "now"
    number.hears(accepted(MessageId("now"), number.now))
    assert number.wake == (datetime(2021, 7, 16, 3, tzinfo=UTC), 3)


def test_without_quiet_hours_nothing_waits() -> None:
    number = Number(quiet=False)
    number.now = NOON + timedelta(hours=12)
    assert len(number.asks()) == 1


def test_who_waits_and_is_withdrawn_is_forgotten_and_the_others_are_not(put: Number) -> None:
    for name in ("a", "b", "c"):
        put.asks(name, case=name)
    put.hears(PersonWithdrawn(person_id=PersonId("person of b"), phone=PHONE, at=NOON))
    assert [question.question_id for question in put.line.waiting] == ["a", "c"]


def test_an_explanation_is_in_the_language_of_its_question(number: Number) -> None:
    number.asks(kind=QuestionKind.ACCOUNT, language=Language.RUSSIAN)
    number.takes()
    told, sent = number.reads("что?")
    assert told == QuestionNotUnderstood(
        question_id=QuestionId("q"),
        case_id=CaseId("case"),
        person_id=PersonId("person of case"),
        message_id=Sid("IN-что?"),
        received_at=number.now,
    )
    assert isinstance(sent, MessageToSend)
    assert sent.text == TEXTS.explanation(QuestionKind.ACCOUNT, Language.RUSSIAN, Details(iin_tail="0015"))


def test_what_is_unwanted_while_it_is_with_the_carrier_still_holds_the_place(number: Number) -> None:
    number.asks()
    number.asks("q2", case="another")
    assert number.hears(QuestionClosed(question_id=QuestionId("q"), phone=PHONE, closed_at=NOON)) == []
    assert [message.unwanted for message in number.line.messages] == [True, False]
    [sent, next_] = number.takes()
    assert isinstance(sent, QuestionSent)
    assert isinstance(next_, MessageToSend)


def test_a_notice_that_comes_again_is_not_sent_again(put: Number) -> None:
    asked_for = notice(NoticeKind.GRANTED)
    [message] = put.hears(asked_for)
    assert isinstance(message, MessageToSend)
    assert put.hears(asked_for) == []
    put.carries(message)
    assert put.hears(asked_for) == []
    assert put.remarks == ("the notice is known already",)


def test_a_notice_is_in_its_language_and_names_its_question(put: Number) -> None:
    reminder = notice(NoticeKind.REMINDER, question_id="q", details=Details(until=NOON + SECOND))
    [sent] = put.hears(reminder)
    assert isinstance(sent, MessageToSend)
    assert sent.text == TEXTS.notice(NoticeKind.REMINDER, Language.RUSSIAN, reminder.details)
    assert put.line.messages[0].question_id == "q"


def test_a_text_to_a_number_that_was_asked_nothing_is_remarked(number: Number) -> None:
    assert number.reads("1") == []
    assert number.remarks == ("a text came from a number that was asked nothing",)
