"""What is about no case is remarked, and no step is told."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from schemas.base import Event
from schemas.emaket import HearingRecorded, TermExtended
from schemas.ids import CaseId, MessageId, QuestionId, Sid
from schemas.questions import QuestionNotAnswered, QuestionSentTime
from schemas.registry import DeathAnnulled
from tests.unit.rules.case_desk import ACCOUNT, CASE, IIN, MINUTE, NOON, OFFER, PERSON, Desk
from tests.unit.rules.noted_desk import DEAD, PAY_HERE, YES, acted, drafted, failed, misread, offered

UNKNOWN = QuestionId("unknown")


def not_understood_at_the_offer_after_the_consent(desk: Desk) -> Event:
    desk.answers(YES)
    desk.leaves()
    return misread(OFFER, NOON)


def not_understood_after_the_decision(desk: Desk) -> Event:
    desk.answers(YES)
    desk.answers(PAY_HERE)
    return misread(ACCOUNT, NOON)


def not_understood_at_what_has_not_left(desk: Desk) -> Event:
    desk.answers(YES)
    return misread(ACCOUNT, NOON)


def no_answer(question_id: QuestionId = OFFER, message: str = "IN") -> QuestionNotAnswered:
    return QuestionNotAnswered(
        question_id=question_id,
        case_id=CASE,
        person_id=PERSON,
        message_id=Sid(message),
        received_at=NOON - MINUTE,
    )


def no_answer_again(desk: Desk) -> Event:
    desk.now = NOON + timedelta(days=5)
    desk.rings("term")
    desk.hears(YES, OFFER, desk.now, message="IN")
    assert desk.case.questions[0].late
    assert desk.reads(no_answer()) == []
    assert desk.remarks == ()
    assert not desk.case.questions[0].late
    return no_answer()


def sent_later_that_did_not_reach(desk: Desk) -> Event:
    desk.reads(failed())
    return QuestionSentTime(
        question_id=OFFER, case_id=CASE, person_id=PERSON, sent_at=NOON + timedelta(days=1)
    )


def sent_later_by_another_message(_: Desk) -> Event:
    return QuestionSentTime(
        question_id=OFFER,
        case_id=CASE,
        person_id=PERSON,
        message_id=MessageId("another"),
        sent_at=NOON + MINUTE,
    )


def a_death_annulled_before(desk: Desk) -> Event:
    desk.reads(DeathAnnulled(iin=IIN))
    return DEAD


def the_manual_way_again(desk: Desk) -> Event:
    desk.reads(acted("manual_route", "case", CASE))
    return acted("manual_route", "case", CASE)


@pytest.mark.parametrize(
    ("what", "remark"),
    [
        (
            lambda _: misread(UNKNOWN, NOON),
            "a text was not understood at a question that no case asked",
        ),
        (
            lambda _: misread(OFFER, NOON, CaseId("unknown")),
            "a text was not understood at a question that no case asked",
        ),
        (
            not_understood_at_the_offer_after_the_consent,
            "a text was not understood when that did not matter any more",
        ),
        (
            not_understood_after_the_decision,
            "a text was not understood when that did not matter any more",
        ),
        (
            not_understood_at_what_has_not_left,
            "a text was not understood when that did not matter any more",
        ),
        (lambda _: no_answer(UNKNOWN), "a text is no answer to a question that no case asked"),
        (lambda _: no_answer(), "it is known that the text is no answer"),
        (no_answer_again, "it is known that the text is no answer"),
        (lambda _: failed(UNKNOWN), "a question did not reach that no case asked"),
        (sent_later_that_did_not_reach, "a sent time came of a question that has not left"),
        (
            sent_later_by_another_message,
            "a sent time came of another sending than the one that starts the term",
        ),
        (a_death_annulled_before, "a death was registered that was annulled afterwards"),
        (the_manual_way_again, "the case goes the manual way already"),
    ],
)
def test_what_is_about_no_case_is_remarked(what: Callable[[Desk], Event], remark: str) -> None:
    desk = offered()
    fact = what(desk)
    before = desk.person
    assert desk.reads(fact) == []
    assert desk.remarks == (remark,)
    assert desk.person == before


def test_what_an_officer_says_twice_is_remarked() -> None:
    desk, draft = drafted()
    desk.now += timedelta(days=7)
    intended = acted("intend_refusal", "decision", draft, refusal_ground=2)
    extended = TermExtended(decision_id=draft, until=date(2021, 8, 20), reason="a check", officer="o")
    desk.reads(intended)
    desk.now += timedelta(days=7)
    held = HearingRecorded(decision_id=draft, held_on=desk.now.date(), objection=True, officer="o")
    for said, remark in (
        (intended, "the person was told of this intention already"),
        (extended, "the term was extended so already"),
        (held, "a hearing was recorded again"),
    ):
        desk.reads(said)
        before = desk.person
        assert desk.reads(said) == []
        assert desk.remarks == (remark,)
        assert desk.person == before
