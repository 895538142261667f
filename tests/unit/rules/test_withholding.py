"""Cases that wait for operators: what waits, what does not, what the log says, and how they go on."""

from datetime import timedelta
from typing import Any

import pytest

from rules import withholding
from rules.operators import UnfitActError
from rules.person import Withheld
from rules.policy import DecisionMode, DisabilityPath, Policy, Retention, TermPolicy
from rules.rule_sets import Permissions
from rules.service import Pilot
from rules.states import State
from schemas.base import Event
from schemas.emaket import DecisionSigned
from schemas.ids import MessageId, Sid, derived_id
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, DraftVoided, ProcessEnded
from schemas.portal import PhoneRegistered
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    NoticeRequested,
    QuestionAsked,
    QuestionNotReached,
    QuestionNotUnderstood,
    QuestionUndeliverable,
    Separately,
)
from schemas.registry import DeathAnnulled, DeathRegistered, EntitlementRevoked
from schemas.statecorp import AccountKnown
from schemas.values import EndReason, Ground, Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
    CASE,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PERSON,
    REGISTERED,
    TITLE,
    Desk,
    notes,
    on_case,
    only,
)
from tests.unit.rules.case_events import APPLIED, CERTIFICATE, LAST_DAY, PAID

YES = Consent(language=Language.KAZAKH)
STOPS: list[tuple[str, dict[str, Any]]] = [
    ("offers_paused", {"paused": True}),
    ("offers_paused", {"grounds": (Ground.PEOPLES_HERO,)}),
    ("outside_pilot", {"pilot": Pilot(share=1)}),
    ("shadow", {"shadow": True}),
]


def stopped(*facts: Event, **service: Any) -> Desk:
    desk = Desk()
    desk.changes(**(service or {"paused": True}))
    desk.reads(REGISTERED, *(facts or (TITLE,)))
    return desk


def consented(mode: DecisionMode = DecisionMode.AUTO) -> Desk:
    desk = Desk(Policy(term=TermPolicy.EXCLUSIVE, decision_mode=mode))
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    desk.answers(YES)
    desk.leaves()
    desk.now += MINUTE
    return desk


def steps(effects: list[Event]) -> list[tuple[str, str | None]]:
    return [(step.to, step.note) for step in effects if isinstance(step, CaseAdvanced)]


def asked(effects: list[Event]) -> list[tuple[str, str]]:
    return [(each.kind, each.case_id) for each in effects if isinstance(each, QuestionAsked)]


@pytest.mark.parametrize(("note", "service"), STOPS)
def test_an_offer_waits_where_it_is_and_says_once_why(note: str, service: dict[str, Any]) -> None:
    desk = Desk()
    desk.changes(**service)
    effects = desk.reads(REGISTERED, TITLE)
    assert steps(effects) == [("received", None), ("received", note)]
    assert asked(effects) == []
    waits = {"reason": note, "revision": desk.service.revision}
    assert desk.case.withheld == Withheld.model_validate(waits)
    assert desk.waits() == []
    # Whatever else happens, it is not said again.
    assert steps(desk.reads(REGISTERED, AccountKnown(iin=IIN, iban=IBAN))) == []
    open_again = {"paused": False, "grounds": (), "pilot": None, "shadow": False}
    effects = desk.changes(**open_again)
    assert steps(effects) == [("received", "service_resumed"), ("offer_asked", None)]
    assert asked(effects) == [("offer", CASE)]
    assert desk.case.withheld is None


@pytest.mark.parametrize(
    "service",
    [{"grounds": (Ground.DISABILITY_7,)}, {"pilot": Pilot(share=70)}, {"pilot": Pilot(persons=(PERSON,))}],
)
def test_who_is_not_meant_is_offered(service: dict[str, Any]) -> None:
    assert stopped(**service).case.state is State.OFFER_ASKED


def test_another_reason_is_told_and_the_same_one_only_seen() -> None:
    desk = stopped(paused=True, shadow=True)
    first = withholding.seen(desk.person)
    assert desk.changes(pilot=Pilot(share=1)) == []
    assert withholding.seen(desk.person) == desk.service.revision != first
    assert notes(desk.changes(paused=False)) == ["outside_pilot"]
    assert notes(desk.changes(pilot=None)) == ["shadow"]
    assert notes(desk.changes(shadow=False)) == ["service_resumed", None]
    assert withholding.seen(desk.person) is None


def test_a_change_is_seen_at_any_event_of_the_person_and_what_tells_of_it_changes_nothing_then() -> None:
    desk = stopped()
    desk.service = desk.service.with_(paused=False, revision=99)
    assert notes(desk.reads(AccountKnown(iin=IIN, iban=IBAN))) == ["service_resumed", None]
    assert desk.changes(shadow=True) == []


@pytest.mark.parametrize(("note", "service"), STOPS)
def test_an_offer_that_has_left_goes_its_way(note: str, service: dict[str, Any]) -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    assert desk.changes(**service) == []
    desk.now += MINUTE
    moved = desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=desk.now))
    assert asked(moved) == [("offer", CASE)]
    desk.answers(YES)
    decided = desk.answers(AccountGiven(iban=IBAN))
    assert only(decided, BenefitDecided)
    assert note not in notes(decided)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (DeathRegistered(iin=IIN, died_on=NOON.date()), EndReason.DECEASED),
        (EntitlementRevoked(iin=IIN, record_id="A"), EndReason.REVOKED),
        (PAID, EndReason.ALREADY_RECEIVING),
        (REGISTERED.model_copy(update={"phone": None}), EndReason.PHONE_NOT_REGISTERED),
        (REGISTERED.model_copy(update={"phone": "+79161234567"}), EndReason.NUMBER_NOT_REACHABLE),
        (on_case("manual_route", CASE), EndReason.MANUAL_ROUTE),
    ],
)
@pytest.mark.parametrize("how", ["paused", "held"])
def test_what_ends_a_case_that_was_not_offered_ends_it_while_it_waits(
    how: str, fact: Event, reason: EndReason
) -> None:
    desk = stopped()
    if how == "held":
        desk.acts("hold")
    effects = desk.reads(fact)
    [ended] = only(effects, ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert (ended.reason, desk.case.reason, desk.case.withheld) == (reason, reason, None)
    assert desk.changes(paused=False) == []


def test_a_case_that_begins_anew_waits_where_it_ended_and_is_not_purged_before_its_offer() -> None:
    kept = timedelta(days=2)
    desk = Desk(Policy(retention=Retention(kept, kept, kept, kept, kept)))
    desk.reads(REGISTERED, TITLE, DeathRegistered(iin=IIN, died_on=NOON.date()))
    desk.changes(shadow=True)
    effects = desk.reads(DeathAnnulled(iin=IIN))
    assert steps(effects) == [("ended", "death_annulled"), ("ended", "shadow")]
    assert desk.waits() == []
    assert desk.person.iin == IIN
    assert steps(desk.changes(shadow=False)) == [("ended", "service_resumed"), ("offer_asked", None)]
    assert desk.case.rested_at is None


def test_a_case_that_was_purged_and_gets_a_number_keeps_the_person_until_it_is_offered() -> None:
    kept = timedelta(days=2)
    desk = Desk(Policy(retention=Retention(kept, kept, kept, kept, kept)))
    desk.reads(TITLE)
    desk.rings("purge")
    desk.changes(paused=True)
    desk.reads(REGISTERED)
    [offer] = only(desk.changes(paused=False), QuestionAsked)
    assert isinstance(offer, QuestionAsked)
    assert offer.details.iin_tail == IIN[-4:]


def test_no_reply_to_what_did_not_reach_is_asked_anew_once_the_service_goes_on() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    desk.rings("term")
    desk.changes(paused=True)
    about: dict[str, Any] = {"question_id": OFFER, "case_id": CASE, "person_id": PERSON}
    assert desk.case.question
    message = desk.case.question.message_id or MessageId("none")
    effects = desk.reads(QuestionNotReached(**about, message_id=message, code=1, at=desk.now))
    assert steps(effects) == [("ended", "not_reached"), ("ended", "offers_paused")]
    # The offer of before is over: nothing that is said of it takes the waiting from the case.
    desk.reads(
        QuestionNotUnderstood(**about, message_id=Sid("IN"), received_at=desk.now),
        QuestionUndeliverable(**about, code=1, at=desk.now),
    )
    assert asked(desk.changes(paused=False)) == [("offer", CASE)]


def test_an_answer_that_proves_the_report_wrong_goes_on_whatever_waits() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    desk.rings("term")
    desk.changes(paused=True)
    about: dict[str, Any] = {"question_id": OFFER, "case_id": CASE, "person_id": PERSON}
    assert desk.case.question
    message = desk.case.question.message_id or MessageId("none")
    desk.reads(QuestionNotReached(**about, message_id=message, code=1, at=desk.now))
    assert asked(desk.hears(YES)) == [("account", CASE)]
    assert desk.case.withheld is None


def test_an_invitation_waits_like_an_offer() -> None:
    desk = Desk(Policy(disability_path=DisabilityPath.INVITE))
    desk.changes(paused=True)
    effects = desk.reads(REGISTERED, CERTIFICATE)
    assert (notes(effects), only(effects, NoticeRequested)) == ([None, "offers_paused"], [])
    effects = desk.changes(paused=False)
    assert notes(effects) == ["service_resumed", "barred_invited", "manual_route"]
    assert len(only(effects, NoticeRequested)) == 1


def test_the_grace_comes_first() -> None:
    desk = Desk(Policy(facts_grace=timedelta(seconds=3)))
    desk.changes(paused=True)
    assert notes(desk.reads(REGISTERED, TITLE)) == [None]
    assert desk.case.withheld is None
    assert notes(desk.rings("grace")) == ["offers_paused"]


# Several cases of a person (R29).


def test_two_cases_that_wait_are_offered_one_after_the_other_in_the_order_in_which_they_arose() -> None:
    desk = stopped(TITLE, CERTIFICATE)
    assert {case.state for case in desk.person.cases.values()} == {State.RECEIVED}
    effects = desk.changes(paused=False)
    assert asked(effects) == [("offer", CASE)]
    assert desk.last.state is State.QUEUED


def test_a_case_that_waits_stands_in_no_other_ones_way_and_waits_for_it_then() -> None:
    desk = stopped(TITLE, CERTIFICATE, grounds=(Ground.PEOPLES_HERO,))
    assert (desk.case.state, desk.last.state) == (State.QUEUED, State.OFFER_ASKED)
    assert desk.changes(grounds=()) == []
    desk.leaves()
    desk.answers(Decline())
    assert (desk.case.state, desk.last.reason) == (State.OFFER_ASKED, EndReason.DECLINED)


def test_a_case_whose_turn_comes_while_its_ground_is_paused_says_so_once_and_keeps_its_place() -> None:
    desk = stopped(TITLE, CERTIFICATE, grounds=(Ground.PEOPLES_HERO,))
    desk.leaves()
    effects = desk.answers(Decline())
    assert notes(effects)[-2:] == ["turn_came", "offers_paused"]
    assert desk.case.state is State.QUEUED
    assert notes(desk.reads(REGISTERED)) == []
    assert notes(desk.changes(grounds=())) == ["service_resumed", None]


def test_no_offer_goes_out_for_a_case_that_waited_while_another_was_granted() -> None:
    desk = stopped(TITLE, CERTIFICATE, grounds=(Ground.PEOPLES_HERO,))
    for answer in (YES, Separately(), AccountGiven(iban=IBAN)):
        desk.answers(answer)
    assert desk.last.state is State.GRANTED
    assert desk.case.reason is EndReason.ANOTHER_GROUND
    assert desk.changes(grounds=()) == []


# Rules awaited (R20, R21).


def test_no_rules_in_force_come_first_and_what_waits_for_operators_waits_for_rules_again() -> None:
    desk = Desk(Policy(term=TermPolicy.EXCLUSIVE, allowed=Permissions()))
    desk.now = NOON.replace(month=7, day=19)
    desk.changes(paused=True)
    desk.reads(REGISTERED, TITLE)
    assert (desk.case.state, desk.case.withheld) == (State.AWAITING_RULES, None)
    assert notes(desk.rings("rules")) == ["rules_found", "offers_paused"]
    assert notes(desk.reads(REGISTERED)) == []
    assert desk.waits() == []
    desk.now = LAST_DAY + timedelta(days=1)
    assert notes(desk.reads(REGISTERED)) == ["rules_awaited"]
    assert [wait.name.rpartition("/")[2] for wait in desk.waits()] == ["rules"]
    assert desk.changes(paused=False) == []
    desk.policy = Policy(allowed=Permissions(repealed=True))
    assert notes(desk.rings("rules")) == ["rules_found", None]


# On one case.


def test_a_held_case_is_not_offered_until_it_is_resumed() -> None:
    desk = Desk(Policy(facts_grace=timedelta(seconds=3)))
    desk.reads(REGISTERED, TITLE)
    assert notes(desk.acts("hold")) == ["held"]
    assert notes(desk.rings("grace")) == []
    assert desk.case.withheld == Withheld(reason="held")
    assert withholding.seen(desk.person) is None
    assert steps(desk.acts("resume")) == [("received", "resumed"), ("offer_asked", None)]


def test_a_hold_comes_before_whatever_the_service_says() -> None:
    desk = stopped()
    assert notes(desk.acts("hold")) == ["held"]
    assert desk.changes(paused=False) == []
    assert desk.case.state is State.RECEIVED
    assert notes(desk.changes(shadow=True)) == []
    assert notes(desk.acts("resume")) == ["resumed", "shadow"]


def test_holding_twice_and_resuming_what_is_not_held_is_remarked_and_does_nothing() -> None:
    desk = stopped()
    for act, remark in (
        ("resume", "the case is not held"),
        ("hold", None),
        ("hold", "the case is held already"),
    ):
        effects = desk.acts(act)
        assert (effects == []) is (remark is not None)
        assert desk.remarks == ((remark,) if remark else ())


@pytest.mark.parametrize("act", ["hold", "resume"])
def test_what_has_its_outcome_or_is_no_case_can_be_neither_held_nor_resumed(act: str) -> None:
    desk = Desk()
    desk.reads(TITLE)
    assert desk.case.reason is EndReason.PHONE_NOT_REGISTERED
    with pytest.raises(UnfitActError, match=r"^object: the case has its outcome already$"):
        desk.acts(act)
    with pytest.raises(UnfitActError, match=r"^object: the person has no such case$"):
        desk.reads(on_case(act, derived_id("another")))
    granted = consented()
    granted.answers(AccountGiven(iban=IBAN))
    with pytest.raises(UnfitActError, match=r"^object: the case has its outcome already$"):
        granted.acts(act)


def test_a_case_that_ended_and_waits_to_be_offered_anew_can_be_held_and_resumed() -> None:
    desk = Desk()
    desk.reads(TITLE)
    desk.changes(paused=True)
    desk.reads(REGISTERED)
    assert (desk.case.state, desk.case.withheld is None) == (State.ENDED, False)
    assert notes(desk.acts("hold")) == ["held"]
    assert desk.changes(paused=False) == []
    assert steps(desk.acts("resume")) == [("ended", "resumed"), ("offer_asked", None)]


def test_a_note_changes_nothing() -> None:
    desk = stopped()
    before = desk.person
    assert desk.acts("note") == []
    assert (desk.person, len(desk.remarks)) == (before, 1)


def test_a_held_case_takes_answers_and_is_decided_when_it_is_resumed() -> None:
    desk = consented()
    desk.acts("hold")
    effects = desk.answers(AccountGiven(iban=IBAN))
    assert steps(effects) == [("account_sent", "held")]
    assert only(effects, BenefitDecided) == []
    assert desk.case.account == IBAN
    # The term of what is answered is over for nobody.
    assert desk.waits() == []
    assert notes(desk.reads(REGISTERED)) == []
    effects = desk.acts("resume")
    assert steps(effects) == [("account_sent", "resumed"), ("granted", None)]


def test_the_questions_before_the_decision_are_asked_and_their_terms_run_while_a_case_is_held() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    desk.leaves()
    desk.acts("hold")
    assert asked(desk.answers(YES)) == [("account", CASE)]
    desk.leaves()
    desk.rings("term")
    assert desk.case.reason is EndReason.NO_REPLY


def answered_and_held() -> Desk:
    desk = consented()
    desk.acts("hold")
    desk.answers(AccountGiven(iban=IBAN))
    desk.now += MINUTE
    return desk


def test_what_is_said_late_of_an_answered_question_ends_no_case_that_is_held() -> None:
    desk = answered_and_held()
    assert desk.case.question
    about: dict[str, Any] = {"question_id": ACCOUNT, "case_id": CASE, "person_id": PERSON}
    message, ends = desk.case.question.message_id, desk.case.question.term_ends
    assert message
    assert ends
    desk.reads(
        QuestionNotReached(**about, message_id=message, code=1, at=desk.now),
        QuestionUndeliverable(**about, code=1, at=desk.now),
    )
    desk.now = ends + MINUTE
    assert notes(desk.hears(AccountGiven(iban=IBAN), ACCOUNT)) == ["answered_late"]
    assert desk.case.state is State.ACCOUNT_SENT
    assert only(desk.acts("resume"), BenefitDecided)


def test_a_consent_can_be_withdrawn_from_a_held_case_whatever_term_is_over() -> None:
    desk = answered_and_held()
    desk.now += timedelta(days=30)
    assert notes(desk.hears(Decline(), ACCOUNT)) == ["withdrawn"]
    assert desk.case.withheld is None


def test_an_account_that_is_closed_while_the_case_is_held_is_asked_for_again() -> None:
    desk = consented()
    desk.reads(AccountKnown(iin=IIN, iban=IBAN))
    desk.acts("hold")
    desk.answers(AccountGiven(iban=IBAN))
    effects = desk.reads(AccountKnown(iin=IIN, iban=None))
    assert asked(effects) == [("account", CASE)]
    assert desk.case.withheld is None


def test_nothing_is_refused_at_once_while_a_case_is_held() -> None:
    desk = consented(DecisionMode.OFFICER)
    desk.acts("hold")
    effects = desk.reads(PAID)
    assert (notes(effects), only(effects, DecisionDrafted)) == (["held"], [])
    ended = PAID.model_copy(update={"status": "ended", "recorded_on": NOON.date()})
    # The record has ended: the account is asked for again, as nothing was refused.
    assert asked(desk.reads(ended)) == [("account", CASE)]
    again = desk.reads(PAID.model_copy(update={"recorded_on": NOON.date()}))
    assert notes(again) == ["held"]
    assert notes(desk.acts("resume"))[:2] == ["resumed", "refused_at_once"]


def test_a_draft_of_before_is_signed_while_its_case_is_held() -> None:
    desk = consented(DecisionMode.OFFICER)
    [draft] = only(desk.answers(AccountGiven(iban=IBAN)), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    desk.acts("hold")
    assert {wait.name.rpartition("/")[2] for wait in desk.waits()} == {"decision_due", "decision_overdue"}
    signed = DecisionSigned(
        decision_id=draft.decision_id,
        outcome="granted",
        refusal_ground=None,
        officer="o",
        signed_at=desk.now,
    )
    assert only(desk.reads(signed), BenefitDecided)


def test_a_draft_that_is_void_while_its_case_is_held_is_made_again_only_then() -> None:
    desk = consented(DecisionMode.OFFICER)
    desk.answers(AccountGiven(iban=IBAN))
    desk.acts("hold")
    effects = desk.reads(PAID)
    assert (len(only(effects, DraftVoided)), only(effects, DecisionDrafted)) == (1, [])
    assert (desk.case.state, desk.case.draft) == (State.AWAITING_SIGNATURE, None)
    assert notes(effects) == ["draft_voided_benefit_recorded", "held"]
    effects = desk.acts("resume")
    assert notes(effects) == ["resumed", "drafted_again"]
    assert (desk.case.state, len(only(effects, DecisionDrafted))) == (State.AWAITING_HEARING, 1)


def test_an_application_of_which_only_an_officer_can_tell_is_not_drafted_while_held() -> None:
    desk = answered_and_held()
    effects = desk.reads(APPLIED.model_copy(update={"recorded_on": desk.now.date()}))
    assert only(effects, DecisionDrafted) == []
    assert len(only(desk.acts("resume"), DecisionDrafted)) == 1
