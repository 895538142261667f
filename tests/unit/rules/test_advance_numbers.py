"""What a changed or unreachable number does to a case."""

from datetime import date

from schemas.outcomes import CaseAdvanced, ProcessEnded
from schemas.questions import (
    Consent,
    Decline,
    NoticeRequested,
    PersonWithdrawn,
    QuestionAsked,
    QuestionClosed,
    QuestionUndeliverable,
)
from schemas.registry import DeathRegistered
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    CASE,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PERSON,
    PHONE,
    REGISTERED,
    TITLE,
    Desk,
    only,
)


def test_a_changed_number_withdraws_closes_and_asks_anew_unprompted(offered: Desk) -> None:
    offered.now += MINUTE
    moved = REGISTERED.model_copy(update={"phone": OTHER, "registered_at": offered.now})
    withdrawn, advanced, asked, closed = offered.reads(moved)
    assert closed == QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=offered.now)
    assert withdrawn == PersonWithdrawn(person_id=PERSON, phone=PHONE, at=offered.now)
    assert isinstance(advanced, CaseAdvanced)
    assert isinstance(asked, QuestionAsked)
    assert (asked.phone, asked.prompted_at) == (OTHER, None)
    assert offered.case.questions[0].withdrawn_at == offered.now
    assert offered.case.questions[1].withdrawn_at is None


def test_a_number_that_was_left_twice_keeps_the_first_instant_for_its_questions(offered: Desk) -> None:
    first = NOON + MINUTE
    for n, phone in enumerate((OTHER, PHONE, OTHER)):
        offered.now = first + n * MINUTE
        offered.reads(REGISTERED.model_copy(update={"phone": phone, "registered_at": offered.now}))
    on_phone = [question for question in offered.case.questions if question.phone == PHONE]
    assert [question.withdrawn_at for question in on_phone] == [first, first + 2 * MINUTE]


def test_a_death_withdraws_from_every_number_that_was_ever_asked(offered: Desk) -> None:
    offered.now += MINUTE
    offered.reads(REGISTERED.model_copy(update={"phone": OTHER, "registered_at": offered.now}))
    offered.now += MINUTE
    effects = offered.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 22)))
    withdrawn = [effect for effect in effects if isinstance(effect, PersonWithdrawn)]
    assert [(each.phone, each.at) for each in withdrawn] == [(PHONE, offered.now), (OTHER, offered.now)]
    assert only(effects, NoticeRequested) == []


def test_undeliverable_closes_the_question_when_it_was_found_out(offered: Desk) -> None:
    lost = QuestionUndeliverable(
        question_id=OFFER, case_id=CASE, person_id=PERSON, code=30005, at=NOON + MINUTE
    )
    effects = offered.reads(lost)
    assert offered.case.reason is EndReason.UNDELIVERABLE
    assert effects[-1] == QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=NOON + MINUTE)
    assert only(effects, NoticeRequested) == []


def test_a_number_that_changes_closes_nothing_of_what_has_ended(offered: Desk) -> None:
    offered.hears(Decline())
    offered.now += MINUTE
    effects = offered.reads(REGISTERED.model_copy(update={"phone": OTHER, "registered_at": offered.now}))
    assert effects == [PersonWithdrawn(person_id=PERSON, phone=PHONE, at=offered.now)]
    assert offered.case.reason is EndReason.DECLINED


def test_a_consent_on_the_former_number_that_is_read_late_leaves_the_offer_on_the_new_one(
    offered: Desk,
) -> None:
    offered.now += 5 * MINUTE
    offered.reads(REGISTERED.model_copy(update={"phone": OTHER, "registered_at": offered.now}))
    [step] = offered.hears(Consent(language=Language.KAZAKH), OFFER, NOON + MINUTE)
    assert isinstance(step, CaseAdvanced)
    assert (step.to, step.note) == ("offer_asked", "consent_of_former_number")
    assert offered.case.consent is None


def test_a_question_that_can_not_reach_ends_the_case_when_that_was_found_out(offered: Desk) -> None:
    offered.now += 5 * MINUTE
    lost = QuestionUndeliverable(
        question_id=OFFER, case_id=CASE, person_id=PERSON, code=30005, at=NOON + MINUTE
    )
    [ended] = only(offered.reads(lost), ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert ended.ended_at == NOON + MINUTE
    after = Desk()
    after.reads(REGISTERED, TITLE)
    after.sent()
    after.rings("term")
    [ended] = only(after.reads(lost), ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert ended.ended_at == NOON + MINUTE
