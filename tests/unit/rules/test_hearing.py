"""Nobody is refused unheard (R30): three working days, the hearing, only then the signature."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from rules.issuing import Issued, documents
from rules.officers import UnfitReportError
from rules.operators import UnfitActError
from rules.policy import DecisionMode, Policy, ServiceCalendar
from rules.signatures import UnfitSignatureError
from rules.states import State
from schemas.base import Event
from schemas.cabinet import HearingNotice
from schemas.emaket import DecisionSigned, HearingRecorded
from schemas.ids import derived_id
from schemas.operators import ActObject, OperatorActed
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, DraftVoided
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    NoticeKind,
    NoticeRequested,
    QuestionAsked,
    QuestionClosed,
)
from schemas.received import ReceivedEvent
from schemas.statecorp import BenefitRecorded
from schemas.times import ALMATY
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
    CASE,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    PHONE,
    REGISTERED,
    TITLE,
    Desk,
    only,
)

NO_DRAFT = "decision_id: no draft with it awaits a signature"
PAID = BenefitRecorded(iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=NOON.date())


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ALMATY)


def desk_of(**policies: Any) -> Desk:
    return Desk(Policy(decision_mode=DecisionMode.OFFICER, **policies))


def drafted(desk: Desk, *, on_record: bool) -> DecisionDrafted:
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    effects = desk.hears(Consent(language=Language.KAZAKH))
    desk.sent(ACCOUNT)
    effects = desk.reads(PAID) if on_record else desk.hears(AccountGiven(iban=IBAN), ACCOUNT)
    [draft] = only(effects, DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    return draft


def intend(draft: DecisionDrafted, ground: object = 1) -> OperatorActed:
    return OperatorActed(
        act="intend_refusal",
        object=ActObject(kind="decision", id=draft.decision_id),
        person_id="0" * 64,
        details={"refusal_ground": ground},  # type: ignore[dict-item]
        reason="the record is another person's",
        operator="operator-3",
    )


def held(
    draft: DecisionDrafted, day: date, *, objection: bool = False, officer: str = "o"
) -> HearingRecorded:
    return HearingRecorded(decision_id=draft.decision_id, held_on=day, objection=objection, officer=officer)


def refusal(desk: Desk, draft: DecisionDrafted, ground: int = 4) -> DecisionSigned:
    return DecisionSigned.model_validate(
        {
            "decision_id": draft.decision_id,
            "outcome": "refused",
            "refusal_ground": ground,
            "officer": "o",
            "signed_at": desk.now,
        }
    )


def notices(effects: list[Any]) -> list[tuple[NoticeKind, datetime | None]]:
    return [(each.kind, each.details.until) for each in effects if isinstance(each, NoticeRequested)]


# 22.07.2021 is a Thursday: the three working days are Friday, Monday and Tuesday; in a six-day week Friday,
# Saturday and Monday.
@pytest.mark.parametrize(
    ("policies", "first_day"),
    [
        ({}, date(2021, 7, 28)),
        ({"service_calendar": ServiceCalendar.STATE_CORPORATION}, date(2021, 7, 27)),
        ({"hearing_days": 5}, date(2021, 7, 30)),
    ],
)
def test_ground_4_is_drafted_at_once_and_the_person_is_told_until_when_to_object(
    policies: dict[str, Any], first_day: date
) -> None:
    desk = desk_of(**policies)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(Consent(language=Language.KAZAKH))
    effects = desk.reads(PAID)
    assert desk.case.state is State.AWAITING_HEARING
    assert only(effects, QuestionAsked) == []
    assert notices(effects) == [(NoticeKind.HEARING, midnight(first_day))]
    [*_, step] = only(effects, CaseAdvanced)
    assert isinstance(step, CaseAdvanced)
    assert (step.to, step.rule, step.until) == ("awaiting_hearing", "R12, R30", midnight(first_day))
    hearing = desk.case.hearing
    assert hearing
    assert (hearing.told_at, hearing.not_before, hearing.refusal_ground) == (desk.now, first_day, 4)


def test_in_auto_ground_4_refuses_at_once_without_a_hearing(consented: Desk) -> None:
    [decided] = only(consented.reads(PAID), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert (decided.outcome, decided.iban, consented.case.hearing) == ("refused", None, None)


def test_a_refusal_can_be_signed_after_the_hearing_only() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=True)
    desk.now = NOON + timedelta(days=5)
    unheard = "outcome: a refusal is signed after the hearing: publish emaket.hearing-recorded.v1 before it"
    early = "held_on: the notice allows no hearing before 2021-07-28"
    for too_early, why in ((refusal(desk, draft), unheard), (held(draft, date(2021, 7, 27)), early)):
        before = desk.person
        with pytest.raises((UnfitSignatureError, UnfitReportError), match=f"^{why}$"):
            desk.reads(too_early)
        assert desk.person == before
    desk.now = NOON + timedelta(days=6)
    effects = desk.reads(held(draft, date(2021, 7, 28), objection=True))
    told = [(step.to, step.note, step.rule) for step in effects if isinstance(step, CaseAdvanced)]
    assert told == [
        ("awaiting_hearing", "hearing_objected", "R30"),
        ("awaiting_signature", None, "R10, R12"),
    ]
    [decided] = only(desk.reads(refusal(desk, draft)), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert (decided.outcome, decided.refusal_ground) == ("refused", 4)


@pytest.mark.parametrize("ground", [1, 2, 3])
def test_an_officer_who_intends_to_refuse_a_drafted_grant_has_the_person_told_first(ground: int) -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=False)
    awaited = State.AWAITING_HEARING
    assert notices(desk.reads(intend(draft, ground))) == [(NoticeKind.HEARING, midnight(date(2021, 7, 28)))]
    assert desk.case.state is awaited
    assert desk.reads(intend(draft, ground)) == []
    with pytest.raises(UnfitActError, match=r"^object: a refusal on another ground is intended already$"):
        desk.reads(intend(draft, 4 - ground if ground != 2 else 1))
    desk.now = NOON + timedelta(days=6)
    desk.reads(held(draft, date(2021, 7, 28)))
    with pytest.raises(
        UnfitSignatureError, match=r"^refusal_ground: the person was heard on another ground$"
    ):
        desk.reads(refusal(desk, draft, 4))
    [decided] = only(desk.reads(refusal(desk, draft, ground)), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert (decided.refusal_ground, decided.iban) == (ground, None)


def test_an_officer_who_is_convinced_grants_while_the_hearing_is_awaited() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=False)
    desk.reads(intend(draft))
    granted = DecisionSigned(
        decision_id=draft.decision_id, outcome="granted", officer="o", signed_at=desk.now
    )
    [decided] = only(desk.reads(granted), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert (decided.outcome, decided.iban) == ("granted", IBAN)


def test_a_hearing_that_was_held_without_our_notice_is_taken_as_recorded() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=False)
    with pytest.raises(UnfitReportError, match=r"^held_on: it is before the draft was made$"):
        desk.reads(held(draft, date(2021, 7, 21)))
    desk.now = NOON + timedelta(days=1)
    desk.reads(held(draft, date(2021, 7, 23)))
    assert desk.case.hearing
    assert (desk.case.hearing.told_at, desk.case.hearing.held_on) == (None, date(2021, 7, 23))
    [decided] = only(desk.reads(refusal(desk, draft, 3)), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.refusal_ground == 3


def test_a_hearing_recorded_again_changes_nothing_and_otherwise_is_refused() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=False)
    desk.now = NOON + timedelta(days=1)
    desk.reads(held(draft, date(2021, 7, 23)))
    before = desk.person
    assert desk.reads(held(draft, date(2021, 7, 23))) == []
    for other in (held(draft, date(2021, 7, 26)), held(draft, date(2021, 7, 23), officer="another")):
        with pytest.raises(
            UnfitReportError, match=r"^decision_id: its hearing was recorded already, and otherwise$"
        ):
            desk.reads(other)
    assert desk.person == before


@pytest.mark.parametrize("ground", [0, 5, "1", True, None, 1.5, 1.0])
def test_an_intention_names_a_ground(ground: object) -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=False)
    with pytest.raises(UnfitActError, match=r"^details: refusal_ground is a number from 1 to 4$"):
        desk.reads(intend(draft, ground))
    assert desk.case.state is State.AWAITING_SIGNATURE


def test_what_fits_no_draft_is_refused() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=False)
    unknown = draft.model_copy(update={"decision_id": "person.unknown"})
    with pytest.raises(UnfitReportError, match=f"^{NO_DRAFT}: it is unknown, void or decided$"):
        desk.reads(held(unknown, date(2021, 7, 28)))
    with pytest.raises(UnfitActError, match=r"^object: no draft with this decision_id awaits a signature$"):
        desk.reads(intend(unknown))


def test_the_record_ends_while_the_hearing_is_awaited_and_the_case_goes_on() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=True)
    desk.now += MINUTE
    effects = desk.reads(PAID.model_copy(update={"status": "ended"}))
    [voided] = only(effects, DraftVoided)
    assert isinstance(voided, DraftVoided)
    assert (voided.decision_id, voided.reason) == (draft.decision_id, "benefit_record_changed")
    assert desk.case.state is State.ACCOUNT_ASKED
    with pytest.raises(UnfitReportError):
        desk.reads(held(draft, date(2021, 7, 28)))


def test_a_record_that_comes_while_another_refusal_is_intended_makes_another_notice_of_its_own() -> None:
    desk = desk_of()
    first = drafted(desk, on_record=False)
    desk.reads(intend(first, 1))
    desk.now += MINUTE
    cause = ReceivedEvent("id", "urn:test", "id", desk.now, "d" * 64, PAID, appended_at=desk.now)
    done = desk.turn(cause)
    effects: list[Event] = list(done.effects)
    [draft] = only(effects, DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    assert draft.decision_id != first.decision_id
    [*_, told] = only(effects, CaseAdvanced)
    assert isinstance(told, CaseAdvanced)
    assert (told.from_, told.to, told.note, told.rule) == (
        "awaiting_hearing",
        "awaiting_hearing",
        "drafted_again",
        "R12, R30",
    )
    [notice] = documents(done, cause, desk.policy, Issued("1", {}))
    assert isinstance(notice, HearingNotice)
    assert (notice.decision_id, notice.refusal_ground) == (draft.decision_id, 4)


@pytest.mark.parametrize("reports", ["hearing", "intention", "hearing, intention"])
def test_in_auto_a_record_refuses_at_once_what_an_officer_was_to_hear(reports: str) -> None:
    desk = Desk(Policy(verified_only=True))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(Consent(language=Language.KAZAKH))
    desk.sent(ACCOUNT)
    desk.reads(PAID.model_copy(update={"status": "applied"}))
    [draft] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    told = {"hearing": held(draft, NOON.date()), "intention": intend(draft, 1)}
    desk.reads(*(told[report] for report in reports.split(", ")))
    effects = desk.reads(PAID)
    [voided] = only(effects, DraftVoided)
    [decided] = only(effects, BenefitDecided)
    assert isinstance(voided, DraftVoided)
    assert isinstance(decided, BenefitDecided)
    assert (voided.decision_id, voided.reason) == (draft.decision_id, "benefit_recorded")
    assert (decided.outcome, decided.refusal_ground, desk.case.state) == ("refused", 4, State.REFUSED)
    # The hearing was on the draft that is void.
    assert desk.case.hearing is None


def test_a_no_while_the_hearing_is_awaited_withdraws() -> None:
    desk = desk_of()
    drafted(desk, on_record=True)
    desk.now += timedelta(days=4)
    effects = desk.hears(Decline(), ACCOUNT)
    assert len(only(effects, DraftVoided)) == 1
    assert (desk.case.reason, desk.case.hearing) == (EndReason.WITHDRAWN, None)


def test_an_operator_sends_a_case_the_manual_way() -> None:
    desk = desk_of()
    drafted(desk, on_record=False)
    act = OperatorActed(
        act="manual_route",
        object=ActObject(kind="case", id=CASE),
        person_id="0" * 64,
        reason="a ward, as the court has said",
        operator="operator-3",
    )
    effects = desk.reads(act)
    notes = [step.note for step in effects if isinstance(step, CaseAdvanced)]
    assert notes == ["barred_operator", "manual_route"]
    assert (desk.case.reason, desk.case.draft) == (EndReason.MANUAL_ROUTE, None)
    assert desk.reads(act) == []
    with pytest.raises(UnfitActError, match=r"^object: the person has no such case$"):
        desk.reads(act.model_copy(update={"object": ActObject(kind="case", id=derived_id("another"))}))
    assert desk.reads(act.model_copy(update={"act": "praise"})) == []
    assert desk.remarks == ("an operator's act that no case obeys: praise on a case",)


def test_an_operator_who_sends_a_case_the_manual_way_closes_its_question_and_decides_nothing_twice(
    consented: Desk,
) -> None:
    act = OperatorActed(
        act="manual_route",
        object=ActObject(kind="case", id=CASE),
        person_id="0" * 64,
        reason="a ward, as the court has said",
        operator="operator-3",
    )
    consented.now += MINUTE
    effects = consented.reads(act)
    assert effects[-1] == QuestionClosed(question_id=ACCOUNT, phone=PHONE, closed_at=consented.now)
    assert consented.case.obstacle == "operator"
    refused = Desk()
    refused.reads(REGISTERED, TITLE)
    refused.answers(Consent(language=Language.KAZAKH))
    refused.reads(PAID)
    assert refused.case.state is State.REFUSED
    with pytest.raises(UnfitActError, match=r"^object: the case has its outcome already$"):
        refused.reads(act)


def test_each_draft_has_a_number_of_its_own_and_is_heard_anew() -> None:
    desk = desk_of()
    first = drafted(desk, on_record=False)
    assert desk.case.model_dump(include={"drafts"}) == {"drafts": 1}
    desk.now += timedelta(days=1)
    desk.reads(held(first, date(2021, 7, 23)))
    [second] = only(desk.reads(PAID), DecisionDrafted)
    assert isinstance(second, DecisionDrafted)
    told = desk.case
    assert told.hearing
    assert (told.drafts, told.hearing.held_on) == (2, None)
    [third] = only(desk.reads(PAID.model_copy(update={"status": "ended"})), DecisionDrafted)
    assert isinstance(third, DecisionDrafted)
    assert (desk.case.drafts, desk.case.hearing) == (3, None)
    assert len({first.decision_id, second.decision_id, third.decision_id}) == 3


def test_after_the_hearing_the_term_of_the_service_runs_as_before() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=True)
    desk.now = NOON + timedelta(days=6)
    [*_, step] = only(desk.reads(held(draft, date(2021, 7, 28))), CaseAdvanced)
    assert isinstance(step, CaseAdvanced)
    assert (step.to, step.until) == ("awaiting_signature", midnight(date(2021, 8, 4)))


@pytest.mark.parametrize("on_record", [True, False])
def test_a_case_that_had_ended_is_drafted_without_a_reason(
    on_record: bool,  # noqa: FBT001
) -> None:
    """The account was given in time, and is read when the term is over and the benefit on record."""
    desk = desk_of()
    desk.reads(REGISTERED, TITLE)
    desk.answers(Consent(language=Language.KAZAKH))
    desk.leaves()
    desk.rings("term")
    if on_record:
        desk.reads(PAID)
    assert desk.case.model_dump(include={"reason"}) == {"reason": EndReason.NO_REPLY}
    desk.hears(AccountGiven(iban=IBAN), ACCOUNT, NOON + MINUTE)
    awaited = State.AWAITING_HEARING if on_record else State.AWAITING_SIGNATURE
    assert (desk.case.state, desk.case.reason) == (awaited, None)


def test_no_refusal_was_signed_before_the_day_of_the_hearing_however_late_it_is_published() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=False)
    desk.reads(intend(draft))
    early = [refusal(desk, draft, 1)]
    desk.now = midnight(date(2021, 7, 28)) - timedelta(microseconds=1)
    early.append(refusal(desk, draft, 1))
    desk.now = NOON + timedelta(days=6)
    desk.reads(held(draft, date(2021, 7, 28)))
    for signed in early:
        before = desk.person
        with pytest.raises(UnfitSignatureError, match=r"^signed_at: it is before the hearing was held$"):
            desk.reads(signed)
        assert desk.person == before
    desk.reads(early[-1].with_(signed_at=midnight(date(2021, 7, 28))))
    assert desk.case.state is State.REFUSED


def test_no_hearing_was_held_on_a_day_that_has_not_come() -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=True)
    # The last day for objections: the earliest hearing is tomorrow.
    desk.now = midnight(date(2021, 7, 28)) - MINUTE
    before = desk.person
    with pytest.raises(UnfitReportError, match="held_on: the day has not come"):
        desk.reads(held(draft, date(2021, 7, 28)))
    assert desk.person == before
    desk.now += MINUTE
    desk.reads(held(draft, date(2021, 7, 28)))
    assert desk.case.state is State.AWAITING_SIGNATURE


@pytest.mark.parametrize("hearing_held", [False, True])
def test_an_account_that_comes_after_a_refusal_was_drafted_drafts_nothing_anew(*, hearing_held: bool) -> None:
    desk = desk_of()
    draft = drafted(desk, on_record=True)
    desk.now = NOON + MINUTE
    given = desk.now
    if hearing_held:
        desk.now = NOON + timedelta(days=6)
        desk.reads(held(draft, date(2021, 7, 28)))
    before = desk.case
    [step] = desk.hears(AccountGiven(iban=IBAN), ACCOUNT, given)
    assert isinstance(step, CaseAdvanced)
    assert (step.to, step.note) == (before.state, "answered_already")
    assert (desk.case.draft, desk.case.hearing, desk.case.account) == (before.draft, before.hearing, None)
