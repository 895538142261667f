"""All days are those of the zone that the policy names, whatever the machine's and the country's are."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from rules import decisions, service_term
from rules.officers import UnfitReportError
from rules.policy import DecisionMode, Policy, TermPolicy
from rules.rule_sets import Permissions
from rules.signatures import UnfitSignatureError
from rules.states import State
from rules.terms import local_day, reminder_at, term_end
from schemas.base import Event
from schemas.deadlines import Deadline
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.outcomes import BenefitDecided, DecisionDrafted, DecisionQuestioned, ProcessEnded
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    NoticeRequested,
    QuestionNotReached,
    QuestionSentTime,
)
from schemas.registry import DeathRegistered
from schemas.statecorp import BenefitRecorded
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    CASE,
    IBAN,
    IIN,
    MINUTE,
    OFFER,
    PERSON,
    REGISTERED,
    TITLE,
    Desk,
    notes,
    only,
)

KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
"""Fourteen hours ahead of UTC: at noon of UTC it is the 23rd already there, and still the 22nd in Almaty."""
NOW = datetime(2021, 7, 22, 12, tzinfo=UTC)
DAY_BEFORE, DAY = date(2021, 7, 22), date(2021, 7, 23)
YES = Consent(language=Language.KAZAKH)
PAY_HERE = AccountGiven(iban=IBAN)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=KIRITIMATI).astimezone(UTC)


def desk_there(mode: DecisionMode = DecisionMode.AUTO) -> Desk:
    desk = Desk(Policy(term=TermPolicy.EXCLUSIVE, zone=KIRITIMATI, decision_mode=mode))
    desk.now = NOW
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    return desk


def drafted() -> tuple[Desk, DecisionDrafted]:
    desk = desk_there(DecisionMode.OFFICER)
    desk.answers(YES)
    [draft] = only(desk.answers(PAY_HERE), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    return desk, draft


def applied(day: date) -> BenefitRecorded:
    return BenefitRecorded(iin=IIN, benefit="special_state_benefit", status="applied", recorded_on=day)


def test_the_term_of_a_question_and_its_reminder() -> None:
    desk = desk_there()
    assert {wait.name.rpartition("/")[2]: wait.at for wait in desk.waits()} == {
        "term": midnight(date(2021, 7, 27)),
        "reminder": datetime(2021, 7, 26, 10, tzinfo=KIRITIMATI),
    }
    later = NOW + timedelta(days=1)
    desk.reads(QuestionSentTime(question_id=OFFER, case_id=CASE, person_id=PERSON, sent_at=later))
    assert desk.case.questions[0].term_ends == midnight(date(2021, 7, 28))


@pytest.mark.parametrize("policy", list(TermPolicy))
def test_the_term_of_what_is_answered_though_it_is_said_not_to_have_come(policy: TermPolicy) -> None:
    desk = desk_there()
    desk.policy = Policy(term=policy, zone=KIRITIMATI)
    failed = QuestionNotReached(
        question_id=OFFER,
        case_id=CASE,
        person_id=PERSON,
        message_id=desk.case.questions[0].message_id or "",  # type: ignore[arg-type]
        code=30003,
        at=NOW,
    )
    desk.reads(failed)
    desk.answers(Decline())
    assert desk.case.questions[0].term_ends == term_end(NOW, policy, KIRITIMATI)
    assert desk.case.version == 3


def test_the_terms_themselves() -> None:
    assert term_end(NOW, TermPolicy.EXCLUSIVE, KIRITIMATI) == midnight(date(2021, 7, 27))
    # The 22nd in UTC is the 23rd there: no full day lies between.
    assert reminder_at(NOW, midnight(date(2021, 7, 24)), KIRITIMATI) is None
    ends, at = midnight(date(2021, 7, 25)), datetime(2021, 7, 24, 10, tzinfo=KIRITIMATI)
    assert reminder_at(NOW, ends, KIRITIMATI) == at


def test_the_day_of_the_application_and_of_its_ending() -> None:
    desk = desk_there()
    desk.answers(YES)
    [decided] = only(desk.answers(PAY_HERE), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.application_date == DAY
    ending = desk_there()
    ending.answers(YES)
    [ended] = only(ending.answers(Decline()), ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert ended.consented_on == DAY


def test_the_term_of_the_service_and_how_far_it_reaches() -> None:
    desk, draft = drafted()
    due = date(2021, 8, 4)
    assert service_term.decision_due(desk.case, desk.policy) == due
    assert service_term.over_at(desk.case, desk.policy) == midnight(date(2021, 8, 5))
    assert desk.waits() == [
        Deadline(midnight(due), f"{CASE}/decision_due", due.toordinal()),
        Deadline(midnight(date(2021, 8, 5)), f"{CASE}/decision_overdue", due.toordinal()),
    ]
    # The fifth working day, the 30th, has just begun there, and the sixth at the same hour of that day.
    fifth = midnight(date(2021, 7, 30))
    assert service_term.told_in_time(desk.case, fifth + timedelta(hours=23), desk.policy)
    assert not service_term.told_in_time(desk.case, fifth + timedelta(hours=24), desk.policy)
    extension = TermExtended(decision_id=draft.decision_id, until=date(2021, 8, 20), reason="r", officer="o")
    [notice] = only(desk.reads(extension), NoticeRequested)
    assert isinstance(notice, NoticeRequested)
    assert notice.details.until == midnight(date(2021, 8, 21))


def test_the_day_of_a_hearing() -> None:
    desk, draft = drafted()
    early = HearingRecorded(decision_id=draft.decision_id, held_on=DAY_BEFORE, objection=False, officer="o")
    with pytest.raises(ValueError, match="before the draft was made"):
        desk.reads(early)
    told = desk_there(DecisionMode.OFFICER)
    told.answers(YES)
    told.reads(applied(DAY_BEFORE).model_copy(update={"status": "paid"}))
    hearing = told.case.hearing
    assert hearing
    # Friday the 23rd: the third working day after it is Wednesday.
    assert (hearing.not_before, hearing.until) == (date(2021, 7, 29), midnight(date(2021, 7, 29)))


def test_a_hearing_of_the_day_that_has_begun_there_has_been_held_and_may_be_signed_upon() -> None:
    desk, draft = drafted()
    held = HearingRecorded(decision_id=draft.decision_id, held_on=DAY, objection=False, officer="o")
    with pytest.raises(UnfitReportError, match=r"^held_on: the day has not come$"):
        desk.reads(held.model_copy(update={"held_on": DAY + timedelta(days=1)}))
    desk.reads(held)
    refused = DecisionSigned(
        decision_id=draft.decision_id, outcome="refused", refusal_ground=1, officer="o", signed_at=desk.now
    )
    [decided] = only(desk.reads(refused), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.refusal_ground == 1


def test_whether_a_death_was_before_the_decision() -> None:
    desk = desk_there()
    desk.answers(YES)
    desk.answers(PAY_HERE)
    assert _reason(desk.reads(DeathRegistered(iin=IIN, died_on=DAY))) == "died_before_decision"


def _reason(effects: list[Event]) -> str:
    [questioned] = only(effects, DecisionQuestioned)
    assert isinstance(questioned, DecisionQuestioned)
    return questioned.reason


def test_the_morning_on_which_rules_are_looked_for() -> None:
    desk = Desk(Policy(zone=KIRITIMATI, allowed=Permissions()))
    # The order is in force from the 20th on; there it is the 19th, four hours before the 20th begins.
    desk.now = datetime(2021, 7, 19, 6, tzinfo=UTC)
    desk.reads(REGISTERED, TITLE)
    assert desk.case.state is State.AWAITING_RULES
    assert desk.case.rules_at == datetime(2021, 7, 20, 9, tzinfo=KIRITIMATI)
    begins = Desk(Policy(zone=KIRITIMATI, allowed=Permissions()))
    begins.now = midnight(date(2021, 7, 20))
    begins.reads(REGISTERED, TITLE)
    assert begins.case.state is State.OFFER_ASKED


def test_rules_are_looked_for_again_each_morning_there() -> None:
    desk = Desk(Policy(zone=KIRITIMATI, allowed=Permissions()))
    desk.now = datetime(2021, 7, 17, 12, tzinfo=UTC)
    desk.reads(REGISTERED, TITLE)
    assert desk.case.rules_at == datetime(2021, 7, 19, 9, tzinfo=KIRITIMATI)
    desk.rings("rules")
    assert desk.case.rules_at == datetime(2021, 7, 20, 9, tzinfo=KIRITIMATI)
    assert desk.waits()[0].name == f"{CASE}/rules"


def test_a_morning_that_is_read_in_the_night_after_it_is_followed_by_the_next() -> None:
    """An hour after midnight there; in Almaty it is the afternoon of the day before."""
    desk = Desk(Policy(zone=KIRITIMATI, allowed=Permissions()))
    desk.now = datetime(2021, 7, 16, 12, tzinfo=UTC)
    desk.reads(REGISTERED, TITLE)
    assert desk.case.rules_at == datetime(2021, 7, 18, 9, tzinfo=KIRITIMATI)
    desk.now = datetime(2021, 7, 19, 1, tzinfo=KIRITIMATI)
    desk.reads(REGISTERED)
    assert desk.case.rules_at == datetime(2021, 7, 20, 9, tzinfo=KIRITIMATI)


# An application of the day before the consent's is another one: in Almaty it would be of the same day.


def test_an_application_of_the_day_before_is_another_one_when_the_consent_is_read() -> None:
    desk = desk_there()
    desk.reads(applied(DAY_BEFORE))
    assert desk.case.reason is EndReason.ALREADY_RECEIVING
    assert notes(desk.hears(YES)) == ["answered_after_already_receiving"]
    assert (desk.case.reason, desk.case.consent) == (EndReason.ALREADY_RECEIVING, None)
    own = desk_there()
    own.reads(applied(DAY))
    own.hears(YES)
    assert own.case.consent


def test_a_consent_after_its_term_was_processed_finds_an_application_of_the_day_before() -> None:
    desk = desk_there()
    desk.rings("term")
    desk.reads(applied(DAY_BEFORE))
    desk.hears(YES, at=NOW + MINUTE)
    assert (desk.case.reason, desk.case.consent) == (EndReason.ALREADY_RECEIVING, None)


def test_an_application_of_the_day_before_refuses_after_the_consent_and_at_the_signature() -> None:
    auto = desk_there()
    auto.answers(YES)
    assert notes(auto.reads(applied(DAY_BEFORE))) == ["refused_at_once", None]
    assert auto.case.state is State.REFUSED
    desk, draft = drafted()
    desk.now += MINUTE
    before = desk.person
    [again] = only(desk.reads(applied(DAY_BEFORE)), DecisionDrafted)
    assert isinstance(again, DecisionDrafted)
    assert (again.outcome, again.refusal_ground) == ("refused", 4)
    desk.person = before.with_(benefit="applied", benefit_as_of=DAY_BEFORE)
    signed = DecisionSigned(decision_id=draft.decision_id, outcome="granted", officer="o", signed_at=desk.now)
    with pytest.raises(UnfitSignatureError, match="on record"):
        desk.reads(signed)


def test_an_application_of_the_consents_day_goes_to_an_officer() -> None:
    desk = desk_there()
    desk.answers(YES)
    desk.reads(applied(DAY))
    assert only(desk.answers(PAY_HERE), BenefitDecided) == []
    assert desk.case.state is State.AWAITING_SIGNATURE


def test_the_decision_itself_looks_at_the_days_of_the_zone() -> None:
    desk, _ = drafted()
    person = desk.person.with_(benefit="applied", benefit_as_of=DAY_BEFORE)
    made = decisions.decision(person, desk.case, NOW, desk.policy, "any/1")
    assert (made.outcome, made.application_date) == ("refused", DAY)
    assert local_day(NOW, KIRITIMATI) == DAY
