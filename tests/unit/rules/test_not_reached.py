"""A sending that failed starts no term (R6): the next one does."""

from datetime import datetime, timedelta

import pytest

from rules.deadlines import deadlines
from rules.states import State
from schemas.base import Event
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import MessageId, QuestionId, Sid
from schemas.outcomes import CaseAdvanced, ProcessEnded
from schemas.questions import (
    Answer,
    Consent,
    Decline,
    NoticeKind,
    NoticeRequested,
    QuestionAsked,
    QuestionKind,
    QuestionNotReached,
    QuestionNotUnderstood,
    QuestionSent,
    QuestionSentTime,
    QuestionUndeliverable,
)
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import CASE, MINUTE, NOON, OFFER, PERSON, TERM_ENDS, Desk, notes, only

_FIRST = MessageId("m")


def failed(message_id: MessageId = _FIRST, question_id: QuestionId = OFFER) -> QuestionNotReached:
    return QuestionNotReached(
        question_id=question_id, case_id=CASE, person_id=PERSON, message_id=message_id, code=30003, at=NOON
    )


def sent_again(desk: Desk) -> list[Event]:
    return desk.reads(
        QuestionSent(
            question_id=OFFER,
            case_id=CASE,
            person_id=PERSON,
            message_id=MessageId("again"),
            text="the text",
            sent_at=desk.now,
        )
    )


def undeliverable(*, opted_out: bool = False) -> QuestionUndeliverable:
    return QuestionUndeliverable(
        question_id=OFFER, case_id=CASE, person_id=PERSON, code=30003, opted_out=opted_out, at=NOON
    )


def test_the_failed_sending_is_a_step_and_leaves_no_term(offered: Desk) -> None:
    [step] = offered.reads(failed())
    assert isinstance(step, CaseAdvanced)
    assert (step.from_, step.to, step.note) == ("offer_sent", "offer_asked", "not_reached")
    assert list(deadlines(offered.person, offered.policy)) == []


def test_the_next_sending_starts_the_term(offered: Desk) -> None:
    offered.reads(failed())
    offered.now = NOON + timedelta(days=2)
    sent_again(offered)
    assert offered.case.state is State.OFFER_SENT
    ends = TERM_ENDS + timedelta(days=2)
    assert Deadline(ends, f"{CASE}/term", offered.case.version) in list(
        deadlines(offered.person, offered.policy)
    )


def test_the_end_of_the_failed_sendings_term_ends_nothing(offered: Desk) -> None:
    due = [wait for wait in deadlines(offered.person, offered.policy) if wait.name == f"{CASE}/term"]
    offered.reads(failed())
    offered.now = NOON + timedelta(days=2)
    sent_again(offered)
    offered.now = due[0].at
    offered.reads(DeadlineElapsed(deadline=due[0].name, version=due[0].version, due=due[0].at))
    assert offered.case.state is State.OFFER_SENT


def test_the_same_failure_twice_and_the_report_of_the_failed_sending_again_change_nothing(
    offered: Desk,
) -> None:
    offered.reads(failed())
    before = offered.case.questions
    offered.reads(failed())
    offered.sent()
    assert offered.case.questions == before


def test_a_case_that_ended_without_an_answer_to_what_never_came_is_asked_anew(offered: Desk) -> None:
    offered.now = TERM_ENDS
    term = next(wait for wait in deadlines(offered.person, offered.policy) if wait.name.endswith("/term"))
    offered.reads(DeadlineElapsed(deadline=term.name, version=term.version, due=term.at))
    assert offered.case.reason is EndReason.NO_REPLY
    [asked] = only(offered.reads(failed()), QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert asked.question_id != OFFER
    assert offered.case.state is State.OFFER_ASKED


@pytest.mark.parametrize(
    ("answer", "stands"),
    [
        (Consent(language=Language.KAZAKH), (State.ACCOUNT_ASKED, None)),
        (Decline(), (State.ENDED, EndReason.DECLINED)),
    ],
)
def test_an_answer_that_seemed_too_late_counts_once_the_sending_is_said_to_have_failed(
    offered: Desk, answer: Answer, stands: tuple[State, EndReason | None]
) -> None:
    offered.now = TERM_ENDS + MINUTE
    offered.hears(answer)
    assert (offered.case.state, offered.case.reason) == (State.ENDED, EndReason.NO_REPLY)
    offered.reads(failed())
    assert (offered.case.state, offered.case.reason) == stands
    assert [each.kind for each in offered.case.questions].count(QuestionKind.OFFER) == 1


def test_an_answer_to_what_is_said_not_to_have_come_counts(offered: Desk) -> None:
    offered.reads(failed())
    offered.now = NOON + timedelta(days=5)
    offered.hears(Consent(language=Language.KAZAKH))
    assert offered.case.state is State.ACCOUNT_ASKED


def test_a_no_to_what_is_said_not_to_have_come_can_be_taken_back_for_three_days(offered: Desk) -> None:
    offered.reads(failed())
    offered.now = NOON + timedelta(days=5)
    [notice] = only(offered.hears(Decline()), NoticeRequested)
    assert isinstance(notice, NoticeRequested)
    assert notice.details.until == TERM_ENDS + timedelta(days=5)


def test_a_failure_after_the_answer_changes_nothing(consented: Desk) -> None:
    before = consented.case.questions
    consented.reads(failed())
    assert consented.case.questions == before
    assert consented.case.state is State.ACCOUNT_SENT


def test_what_can_never_reach_ends_also_a_case_that_had_ended_without_an_answer(offered: Desk) -> None:
    offered.now = TERM_ENDS
    term = next(wait for wait in deadlines(offered.person, offered.policy) if wait.name.endswith("/term"))
    offered.reads(DeadlineElapsed(deadline=term.name, version=term.version, due=term.at))
    [ended] = only(offered.reads(undeliverable()), ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert ended.reason is EndReason.UNDELIVERABLE


def test_a_number_that_opted_out_is_not_undeliverable(offered: Desk) -> None:
    offered.now += MINUTE
    [ended] = only(offered.reads(undeliverable(opted_out=True)), ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert ended.reason is EndReason.NUMBER_NOT_REACHABLE


def test_what_was_read_of_a_failed_sending_is_forgotten_with_its_term(offered: Desk) -> None:
    offered.reads(not_understood(NOON))
    offered.rings("reminder")
    question = offered.case.questions[0]
    assert (question.reminded, question.not_understood_at) == (True, NOON)
    offered.reads(failed())
    [question] = offered.case.questions
    assert (question.term_ends, question.reminded, question.not_understood_at) == (None, False, None)
    assert (question.moves, offered.case.version) == (1, 2)
    sent_again(offered)
    assert {wait.name.rpartition("/")[2] for wait in offered.waits()} == {"term", "reminder"}


def test_a_text_that_came_in_time_and_is_read_late_was_no_silence(offered: Desk) -> None:
    offered.rings("term")
    offered.now += MINUTE
    effects = offered.reads(not_understood(TERM_ENDS - MINUTE))
    assert notes(effects) == ["not_understood", "not_understood"]
    [ended], [notice] = only(effects, ProcessEnded), only(effects, NoticeRequested)
    assert isinstance(ended, ProcessEnded)
    assert isinstance(notice, NoticeRequested)
    assert (ended.reason, ended.ended_at) == (EndReason.NOT_UNDERSTOOD, TERM_ENDS)
    assert notice.kind is NoticeKind.NOT_UNDERSTOOD
    assert notes(offered.reads(not_understood(TERM_ENDS - 2 * MINUTE))) == ["not_understood"]


def test_a_text_that_came_too_late_leaves_the_silence(offered: Desk) -> None:
    offered.rings("term")
    assert notes(offered.reads(not_understood(TERM_ENDS))) == ["not_understood"]
    assert offered.case.reason is EndReason.NO_REPLY


def test_a_text_that_is_in_time_for_the_term_as_it_moves_was_no_silence(offered: Desk) -> None:
    offered.rings("term")
    offered.now += timedelta(days=1)
    assert notes(offered.hears(None)) == ["answered_late"]
    moved = QuestionSentTime(
        question_id=OFFER, case_id=CASE, person_id=PERSON, sent_at=NOON + timedelta(days=2)
    )
    assert notes(offered.reads(moved)) == ["sent_later", "not_understood"]
    assert offered.case.reason is EndReason.NOT_UNDERSTOOD


def not_understood(received_at: datetime) -> QuestionNotUnderstood:
    return QuestionNotUnderstood(
        question_id=OFFER, case_id=CASE, person_id=PERSON, message_id=Sid("IN"), received_at=received_at
    )
