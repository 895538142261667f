"""Cases that wait for each other, in the orders that hurt."""

from datetime import date, datetime, timedelta

import pytest

from rules import benefit_on_record
from rules.one_ground import in_the_way
from rules.person import Case, Person, Source
from rules.policy import DecisionMode, Policy, TermPolicy
from rules.signatures import UnfitSignatureError
from rules.states import State
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned
from schemas.ids import CaseId, QuestionId, Sid, case_id_of, question_id_of
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, DecisionQuestioned, DraftVoided
from schemas.portal import PhoneRegistered
from schemas.questions import AccountGiven, Consent, QuestionAsked, QuestionClosed, Together
from schemas.registry import DeathAnnulled, DeathRegistered, EntitlementRevoked, TitleAwarded
from schemas.statecorp import BenefitRecorded
from schemas.values import EndReason, Ground, Language, Scheme
from tests.unit.rules.case_desk import (
    CASE,
    DISABILITY,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PERSON,
    PHONE,
    REGISTERED,
    TERM_ENDS,
    TITLE,
    Desk,
    only,
)

SECOND_TITLE = TitleAwarded(iin=IIN, title="hero_of_labour", award_id="B", awarded_on=date(2021, 7, 19))
SECOND = case_id_of(PERSON, "award", "B")
YES = Consent(language=Language.KAZAKH)


def last(desk: Desk, case_id: CaseId) -> QuestionId:
    return desk.person.cases[case_id].questions[-1].question_id


@pytest.fixture
def crossed() -> Desk:
    """A consent to the first is read late, and one to the second, which was offered meanwhile, after it."""
    desk = Desk()
    desk.reads(REGISTERED, TITLE, SECOND_TITLE)
    desk.sent()
    desk.now = TERM_ENDS
    desk.reads(DeadlineElapsed(deadline=f"{CASE}/term", version=1, due=TERM_ENDS))
    second = question_id_of(SECOND, 0)
    desk.sent(second, case_id=SECOND)
    desk.now += 2 * MINUTE
    desk.hears(YES, OFFER, TERM_ENDS - MINUTE)
    desk.hears(YES, second, TERM_ENDS + MINUTE, case_id=SECOND)
    return desk


def test_a_consent_that_comes_to_a_waiting_case_is_void(crossed: Desk) -> None:
    second = crossed.person.cases[SECOND]
    assert (second.state, second.consent) == (State.QUEUED, None)
    assert crossed.case.state is State.ACCOUNT_ASKED
    crossed.sent(last(crossed, CASE))
    [decided] = only(crossed.hears(AccountGiven(iban=IBAN), last(crossed, CASE)), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.case_id == CASE
    assert crossed.person.cases[SECOND].reason is EndReason.ANOTHER_GROUND


def test_cases_that_wait_for_each_other_come_to_rest(crossed: Desk) -> None:
    moved = PhoneRegistered(iin=IIN, phone=OTHER, registered_at=crossed.now)
    asked = only(crossed.reads(moved), QuestionAsked)
    assert len(asked) == 1
    for _ in range(5):
        assert only(crossed.reads(moved), QuestionAsked) == []


def consented_to_both(state: State) -> Person:
    """As it could be stored before cases waited for each other."""
    mode = DecisionMode.OFFICER if state is State.AWAITING_SIGNATURE else DecisionMode.AUTO
    cases, person = {}, Person(person_id=PERSON)
    for title, case_id in ((TITLE, CASE), (SECOND_TITLE, SECOND)):
        desk = Desk(Policy(term=TermPolicy.EXCLUSIVE, decision_mode=mode))
        desk.reads(REGISTERED, title)
        offer, account = question_id_of(case_id, 0), question_id_of(case_id, 1)
        desk.sent(offer, case_id=case_id)
        desk.hears(YES, offer, case_id=case_id)
        desk.sent(account, case_id=case_id)
        if state is State.AWAITING_SIGNATURE:
            desk.hears(AccountGiven(iban=IBAN), account, case_id=case_id)
        cases[case_id] = desk.person.cases[case_id]
        person = desk.person
    return person.with_(cases=cases)


def test_of_two_consents_of_before_one_waits_and_nothing_raises() -> None:
    desk = Desk()
    desk.person = consented_to_both(State.ACCOUNT_SENT)
    desk.now = NOON + MINUTE
    desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=desk.now))
    assert desk.person.phone == OTHER
    assert sum(case.binding for case in desk.person.cases.values()) <= 1


def test_of_two_drafts_of_before_one_is_signed_and_the_other_is_void() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.person = consented_to_both(State.AWAITING_SIGNATURE)
    drafts = [case.draft for case in desk.person.cases.values() if case.draft]
    desk.now = NOON + MINUTE

    def signed(number: int) -> DecisionSigned:
        return DecisionSigned(
            decision_id=drafts[number].decision_id, outcome="granted", officer="o", signed_at=desk.now
        )

    effects = desk.reads(signed(0))
    assert len(only(effects, BenefitDecided)) == 1
    assert len(only(effects, DraftVoided)) == 1
    assert desk.person.cases[SECOND].reason is EndReason.ANOTHER_GROUND
    with pytest.raises(UnfitSignatureError):
        desk.reads(signed(1))


def test_a_draft_of_before_is_not_granted_where_the_benefit_is_on_record_by_now() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.person = consented_to_both(State.AWAITING_SIGNATURE).with_(benefit="paid", benefit_as_of=NOON.date())
    draft = desk.case.draft
    assert draft is not None
    signed = DecisionSigned(
        decision_id=draft.decision_id, outcome="granted", officer="o", signed_at=NOON + MINUTE
    )
    with pytest.raises(UnfitSignatureError, match="on record"):
        desk.reads(signed)


@pytest.mark.parametrize("annulled_first", [True, False])
@pytest.mark.parametrize(("capacity", "state"), [("full", State.OFFER_ASKED), ("guardian", State.ENDED)])
def test_an_annulled_death_offers_nothing_to_a_ward_in_whatever_order_it_is_read(
    annulled_first: bool,  # noqa: FBT001
    capacity: str,
    state: State,
) -> None:
    content = {**TITLE.model_dump(), "posthumous": True, "legal_capacity": capacity}
    title, desk = TitleAwarded.model_validate(content), Desk()
    desk.reads(REGISTERED)
    desk.now += 5 * MINUTE
    facts = [(title, NOON + MINUTE), (DeathAnnulled(iin=IIN), NOON + 2 * MINUTE)]
    for fact, at in reversed(facts) if annulled_first else facts:
        desk.reads(fact, at=at)
    assert (desk.case.state, desk.person.dead) == (state, False)
    if state is State.ENDED:
        assert desk.case.reason is EndReason.MANUAL_ROUTE


def test_an_award_that_is_said_to_be_posthumous_later_can_take_that_back_too() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE, SECOND_TITLE)
    desk.now += MINUTE
    desk.reads(SECOND_TITLE.model_copy(update={"posthumous": True}))
    assert desk.case.reason is EndReason.DECEASED
    desk.now += MINUTE
    desk.reads(EntitlementRevoked(iin=IIN, record_id=SECOND_TITLE.award_id))
    assert (desk.case.state, desk.person.dead) == (State.OFFER_ASKED, False)


def test_a_posthumous_award_that_is_revoked_says_no_longer_that_anybody_died() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    desk.reads(SECOND_TITLE.model_copy(update={"posthumous": True}))
    assert desk.case.reason is EndReason.DECEASED
    desk.now += MINUTE
    desk.reads(EntitlementRevoked(iin=IIN, record_id="B"))
    assert (desk.case.state, desk.person.dead) == (State.OFFER_ASKED, False)


def test_nobody_lives_again_because_another_record_is_revoked() -> None:
    desk = Desk()
    desk.reads(REGISTERED)
    # As version 2 stored it: dead by the word of a posthumous award, without saying which.
    desk.person = desk.person.with_(dead=True)
    desk.reads(TITLE, SECOND_TITLE)
    desk.now += MINUTE
    assert only(desk.reads(EntitlementRevoked(iin=IIN, record_id="B")), QuestionAsked) == []
    assert (desk.person.dead, desk.case.reason) == (True, EndReason.DECEASED)


@pytest.mark.parametrize("applied_first", [True, False])
def test_a_consent_counts_beside_an_application_of_its_day_in_whatever_order_they_are_read(
    offered: Desk,
    applied_first: bool,  # noqa: FBT001
) -> None:
    offered.now += 5 * MINUTE
    applied = BenefitRecorded(
        iin=IIN, benefit="special_state_benefit", status="applied", recorded_on=NOON.date()
    )
    if applied_first:
        offered.reads(applied)
    offered.hears(YES, OFFER, NOON + MINUTE)
    if not applied_first:
        offered.reads(applied)
    account = last(offered, CASE)
    offered.sent(account)
    [draft] = only(offered.hears(AccountGiven(iban=IBAN), account), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    assert draft.outcome == "granted"


def test_what_was_granted_before_can_be_questioned() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES)
    account = last(desk, CASE)
    desk.sent(account)
    desk.hears(AccountGiven(iban=IBAN), account)
    made = desk.case.decision
    assert made is not None
    before = made.with_(decided_at=None)
    desk.person = desk.person.with_(cases={CASE: desk.case.with_(decision=before)})
    effects = desk.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 1)))
    assert [
        getattr(effect, "reason", None) for effect in effects if effect.name.endswith("questioned.v1")
    ] == ["died_before_consent"]


def case_in(state: State, number: int) -> Case:
    return Case(
        case_id=CaseId(str(number)),
        ground=Ground.PEOPLES_HERO,
        record="award",
        record_id=str(number),
        source=Source(id="e", source="s", time=NOON, sha256="d"),
        state=state,
    )


@pytest.mark.parametrize(
    ("states", "number", "blocked"),
    [
        # Of two that are not offered yet the first goes first.
        ((State.RECEIVED, State.RECEIVED), 0, False),
        ((State.RECEIVED, State.RECEIVED), 1, True),
        # What is under way is waited for, whichever arose first.
        ((State.RECEIVED, State.OFFER_SENT), 0, True),
        ((State.OFFER_SENT, State.RECEIVED), 1, True),
        ((State.RECEIVED, State.AWAITING_SIGNATURE, State.ENDED), 0, True),
        # What is at rest is not; but what is granted stays in the way.
        ((State.ENDED, State.RECEIVED, State.QUEUED), 1, False),
        ((State.REFUSED, State.RECEIVED), 1, False),
        ((State.GRANTED, State.RECEIVED), 1, True),
        ((State.RECEIVED, State.GRANTED), 0, True),
    ],
)
def test_what_another_case_has_to_wait_for(
    states: tuple[State, ...],
    number: int,
    blocked: bool,  # noqa: FBT001
) -> None:
    cases = [case_in(state, n) for n, state in enumerate(states)]
    person = Person(person_id=PERSON, cases={case.case_id: case for case in cases})
    assert in_the_way(person, cases[number]) is blocked


def test_a_consent_to_one_case_has_the_other_wait_at_once_and_closes_its_offer() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE, SECOND_TITLE)
    desk.sent()
    desk.rings("term")
    second = question_id_of(SECOND, 0)
    desk.sent(second, case_id=SECOND)
    desk.now += MINUTE
    effects = desk.hears(YES, OFFER, TERM_ENDS - MINUTE)
    assert desk.person.cases[SECOND].state is State.QUEUED
    assert [step.note for step in effects if isinstance(step, CaseAdvanced)] == ["accepted", None, "queued"]
    assert only(effects, QuestionClosed) == [
        QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=TERM_ENDS, closed_by=Sid("IN")),
        QuestionClosed(question_id=second, phone=PHONE, closed_at=desk.now),
    ]
    # A consent that comes to it is void, which is noted; what else comes changes nothing.
    effects = desk.hears(YES, second, case_id=SECOND)
    assert [step.note for step in effects if isinstance(step, CaseAdvanced)] == ["queued"]
    assert only(effects, QuestionClosed) != []


def test_what_has_ended_or_is_not_offered_yet_stays_so_when_another_case_is_granted() -> None:
    desk = Desk(Policy(term=TermPolicy.EXCLUSIVE, facts_grace=timedelta(days=30)))
    desk.reads(REGISTERED, SECOND_TITLE, TITLE)
    desk.reads(DeadlineElapsed(deadline=f"{CASE}/grace", version=0, due=NOON + timedelta(days=30)))
    assert desk.case.state is State.QUEUED
    desk.reads(DeadlineElapsed(deadline=f"{SECOND}/grace", version=0, due=NOON + timedelta(days=30)))
    offer = last(desk, SECOND)
    desk.sent(offer, case_id=SECOND)
    third = TITLE.model_copy(update={"award_id": "C"})
    desk.reads(third)
    waiting = case_id_of(PERSON, "award", "C")
    assert desk.person.cases[waiting].state is State.RECEIVED
    desk.hears(YES, offer, case_id=SECOND)
    account = last(desk, SECOND)
    desk.sent(account, case_id=SECOND)
    desk.hears(AccountGiven(iban=IBAN), account, case_id=SECOND)
    assert desk.person.cases[SECOND].state is State.GRANTED
    assert desk.case.reason is EndReason.ANOTHER_GROUND
    assert desk.person.cases[waiting].state is State.RECEIVED
    before = desk.case
    desk.reads(
        BenefitRecorded(iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=NOON.date())
    )
    assert desk.case == before


def test_a_draft_that_another_ground_voids_says_so() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.person = consented_to_both(State.AWAITING_SIGNATURE)
    draft = desk.case.draft
    assert draft
    signed = DecisionSigned(
        decision_id=draft.decision_id, outcome="granted", officer="o", signed_at=NOON + MINUTE
    )
    desk.now += MINUTE
    effects = desk.reads(signed)
    [voided] = only(effects, DraftVoided)
    assert isinstance(voided, DraftVoided)
    assert (voided.case_id, voided.reason) == (SECOND, "another_ground")
    # Its questions were answered, and closed by that.
    assert only(effects, QuestionClosed) == []


@pytest.mark.parametrize(
    ("status", "own", "day", "questioned"),
    [
        ("paid", False, date(2021, 7, 1), ["second_grant"]),
        ("ended", False, date(2021, 7, 1), []),
        ("paid", True, date(2021, 7, 1), []),
        ("paid", False, NOON.date(), []),
    ],
)
def test_a_record_questions_a_grant_where_it_is_of_before_and_of_another_application(
    status: str,
    own: bool,  # noqa: FBT001
    day: date,
    questioned: list[str],
) -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    for answer in (YES, AccountGiven(iban=IBAN)):
        desk.answers(answer)
    record = {"iin": IIN, "benefit": "special_state_benefit", "status": status, "recorded_on": day}
    effects = desk.reads(BenefitRecorded.model_validate(record | {"case_id": CASE if own else None}))
    assert [each.reason for each in effects if isinstance(each, DecisionQuestioned)] == questioned


@pytest.mark.parametrize("stored", [CaseId(CASE.upper()), CaseId(f"urn:uuid:{CASE}")])
def test_a_record_of_the_cases_own_grant_that_was_stored_in_another_spelling_questions_nothing(
    stored: CaseId,
) -> None:
    """Before, a `case_id` was kept as it came."""
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    for answer in (YES, AccountGiven(iban=IBAN)):
        desk.answers(answer)
    paid = desk.person.with_(benefit="paid", benefit_as_of=date(2021, 7, 1))
    zone = desk.policy.zone
    assert benefit_on_record.refuses(paid.with_(benefit_case_id=CaseId("another")), desk.case, zone)
    assert not benefit_on_record.refuses(paid.with_(benefit_case_id=stored), desk.case, zone)


@pytest.mark.parametrize(("left", "questioned"), [(NOON, True), (NOON + MINUTE, False)])
def test_a_number_that_was_left_questions_a_grant_whose_consent_came_after(
    left: datetime,
    questioned: bool,  # noqa: FBT001
) -> None:
    desk = Desk()
    desk.reads(REGISTERED.model_copy(update={"registered_at": NOON - MINUTE}), TITLE)
    for answer in (YES, AccountGiven(iban=IBAN)):
        desk.answers(answer)
    desk.now += 2 * MINUTE
    effects = desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=left))
    reasons = [each.reason for each in effects if isinstance(each, DecisionQuestioned)]
    assert reasons == (["number_not_registered_at_consent"] if questioned else [])


def test_nothing_is_questioned_of_a_refusal() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE)
    desk.answers(YES)
    desk.reads(
        BenefitRecorded(iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=date(2021, 7, 1))
    )
    made = desk.case.decision
    assert made
    assert (made.outcome, made.refusal_ground, made.decided_at) == ("refused", 4, desk.now)
    effects = desk.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 1)))
    assert only(effects, DecisionQuestioned) == []


@pytest.mark.parametrize("undone", ["consent", "account"])
def test_what_came_at_the_instant_at_which_the_number_was_left_is_undone(undone: str) -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED.model_copy(update={"registered_at": NOON - MINUTE}), TITLE)
    desk.answers(YES)
    desk.leaves()
    desk.now += MINUTE
    desk.answers(AccountGiven(iban=IBAN))
    left = desk.now if undone == "account" else NOON
    desk.now += MINUTE
    effects = desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=left))
    [voided] = only(effects, DraftVoided)
    assert isinstance(voided, DraftVoided)
    assert voided.reason == "number_not_registered"
    assert (desk.case.consent is None, desk.case.account) == (undone == "consent", None)


def test_a_choice_of_the_instant_at_which_the_number_was_left_is_undone() -> None:
    desk = Desk()
    desk.reads(REGISTERED, DISABILITY)
    desk.answers(YES)
    desk.leaves()
    desk.now += MINUTE
    desk.answers(Together())
    assert desk.last.scheme is Scheme.ONE_APPLICATION
    left = desk.now
    desk.now += MINUTE
    desk.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=left))
    assert desk.last.scheme is None
