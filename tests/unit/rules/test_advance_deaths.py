"""Deaths, wards, and rights that begin anew."""

from datetime import date, timedelta

from rules.policy import Policy
from rules.states import State
from schemas.questions import Consent, Decline, NoticeRequested, QuestionAsked, QuestionSentTime
from schemas.registry import DeathAnnulled, DeathRegistered, EntitlementRestored, EntitlementRevoked
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    CASE,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    PERSON,
    REGISTERED,
    TITLE,
    Desk,
    notes,
    only,
)

DAY = timedelta(days=1)
LIVES = DeathAnnulled(iin=IIN)


def test_a_death_of_somebody_without_a_phone_withdraws_from_none(desk: Desk) -> None:
    assert desk.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 22))) == []


def test_an_annulled_death_begins_anew_only_what_it_had_ended(offered: Desk) -> None:
    offered.hears(Decline())
    offered.now += MINUTE
    offered.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 21)))
    offered.now += MINUTE
    assert offered.reads(LIVES) == []
    assert (offered.person.dead, offered.person.died_on) == (False, None)
    assert offered.case.reason is EndReason.DECLINED


def test_of_two_annulments_the_later_holds_in_whatever_order_they_are_read(desk: Desk) -> None:
    desk.now += 9 * MINUTE
    for at in (3, 1):
        desk.reads(LIVES, at=NOON + at * MINUTE)
    assert desk.person.death_annulled_at == NOON + 3 * MINUTE
    # A death of the very instant was known to be an error, too; one of later was not.
    for at, dead in ((3, False), (4, True)):
        desk.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 21)), at=NOON + at * MINUTE)
        assert desk.person.dead is dead


def test_nothing_is_offered_to_whom_another_posthumous_award_says_dead(desk: Desk) -> None:
    desk.reads(REGISTERED)
    for award in ("A", "B"):
        desk.reads(TITLE.model_copy(update={"award_id": award, "posthumous": True}))
    desk.now += MINUTE
    desk.reads(EntitlementRevoked(iin=IIN, record_id="A"))
    assert desk.person.dead
    desk.reads(EntitlementRevoked(iin=IIN, record_id="B"))
    assert not desk.person.dead


def test_an_award_to_a_ward_who_has_died_speaks_of_the_death_alone() -> None:
    desk = Desk(Policy(invited_by_sms=True))
    posthumous = TITLE.model_copy(update={"posthumous": True, "legal_capacity": "guardian"})
    effects = desk.reads(REGISTERED, posthumous)
    assert notes(effects) == [None, "deceased"]
    assert only(effects, NoticeRequested) == []


def test_a_record_that_is_published_again_for_a_ward_is_not_offered(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(EntitlementRevoked(iin=IIN, record_id="A"))
    desk.now += MINUTE
    effects = desk.reads(TITLE.model_copy(update={"legal_capacity": "guardian"}))
    assert only(effects, QuestionAsked) == []
    assert desk.case.reason is EndReason.MANUAL_ROUTE


def test_what_was_answered_before_a_right_began_anew_is_no_answer_to_its_offer(offered: Desk) -> None:
    offered.now += 3 * MINUTE
    offered.reads(EntitlementRevoked(iin=IIN, record_id="A"))
    offered.now += MINUTE
    offered.reads(EntitlementRestored(iin=IIN, record_id="A"))
    assert offered.case.answered_at == offered.now
    yes = Consent(language=Language.KAZAKH)
    assert notes(offered.hears(yes, OFFER, NOON + MINUTE)) == ["answered_anew_before"]
    assert offered.case.consent is None


def test_who_was_told_too_late_once_is_told_again_where_the_right_began_anew(offered: Desk) -> None:
    offered.rings("term")
    offered.now += DAY
    offered.hears(Consent(language=Language.KAZAKH))
    assert offered.case.late_told
    offered.reads(
        QuestionSentTime(question_id=OFFER, case_id=CASE, person_id=PERSON, sent_at=offered.now - MINUTE)
    )
    assert (offered.case.state, offered.case.late_told) == (State.ACCOUNT_ASKED, True)
    for said in (EntitlementRevoked, EntitlementRestored):
        offered.now += MINUTE
        offered.reads(said(iin=IIN, record_id="A"))
    assert (offered.case.state, offered.case.late_told) == (State.OFFER_ASKED, False)
