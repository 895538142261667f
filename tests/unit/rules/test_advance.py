"""What the lifecycle does with single events, effect by effect."""

from datetime import UTC, date, datetime, timedelta

from rules.data.shipped import shipped
from rules.deadlines import deadlines
from rules.ordinary_route import ordinary_route
from rules.policy import DecisionMode, Policy
from rules.states import State
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.emaket import DecisionSigned
from schemas.ids import Sid, derived_id, notice_id_of
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, ProcessEnded
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    Details,
    NoticeKind,
    NoticeRequested,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
)
from schemas.registry import DisabilityEstablished
from schemas.statecorp import AccountKnown, BenefitRecorded
from schemas.values import EndReason, Ground, Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
    CASE,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    PERSON,
    PHONE,
    REGISTERED,
    TERM_ENDS,
    TITLE,
    Desk,
    only,
    step,
)


def test_a_title_is_received_and_offered_in_both_languages(desk: Desk) -> None:
    desk.reads(REGISTERED)
    assert desk.reads(TITLE) == [
        step(1, "new", "received", "registry.title-awarded.v1", "e2"),
        step(2, "received", "offer_asked", "registry.title-awarded.v1", "e2"),
        QuestionAsked(
            question_id=OFFER,
            case_id=CASE,
            person_id=PERSON,
            phone=PHONE,
            kind=QuestionKind.OFFER,
            language=None,
            details=Details(iin_tail="0015"),
        ),
    ]
    assert desk.case.source.model_dump() == {
        "event": "registry.title-awarded.v1",
        "record_date": TITLE.awarded_on,
        "id": "e2",
        "source": "urn:test",
        "time": NOON,
        "sha256": "d" * 64,
    }
    assert (desk.case.record, desk.case.record_id) == ("award", "A")


def test_a_consent_asks_for_the_account_in_its_language_and_closes_the_offer(offered: Desk) -> None:
    offered.reads(AccountKnown(iin=IIN, iban=IBAN))
    offered.now += MINUTE
    accepted, advanced, asked, closed = offered.hears(
        Consent(language=Language.RUSSIAN), at=NOON + MINUTE / 2
    )
    assert isinstance(accepted, CaseAdvanced)
    assert (accepted.note, accepted.rule, accepted.language) == ("accepted", "R11", Language.RUSSIAN)
    assert isinstance(advanced, CaseAdvanced)
    assert (advanced.from_, advanced.to, advanced.note) == ("offer_sent", "account_asked", None)
    assert asked == QuestionAsked(
        question_id=ACCOUNT,
        case_id=CASE,
        person_id=PERSON,
        phone=PHONE,
        kind=QuestionKind.ACCOUNT,
        language=Language.RUSSIAN,
        details=Details(iin_tail="0015", account="KZ**0100"),
        prompted_at=NOON + MINUTE / 2,
    )
    assert closed == QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=TERM_ENDS, closed_by=Sid("IN"))


def test_a_disability_is_routed_to_the_provider(desk: Desk) -> None:
    desk.reads(REGISTERED)
    disability = DisabilityEstablished(
        iin=IIN,
        certificate_id="C",
        established_on=date(2021, 7, 19),
        group="2",
        legal_ground="7",
        first_time=True,
    )
    [asked] = only(desk.reads(disability), QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert asked.details.route == "provider"


def test_the_expiry_ends_tells_and_closes_in_this_order(offered: Desk) -> None:
    offered.now = TERM_ENDS
    due = DeadlineElapsed(deadline=f"{CASE}/term", version=1, due=TERM_ENDS)
    advanced, ended, notice, closed = offered.reads(due)
    assert advanced == step(
        4, "offer_sent", "ended", "deadline.elapsed", "e4", at=TERM_ENDS, note="no_reply", rule="R6"
    )
    assert ended == ProcessEnded(
        case_id=CASE,
        step=4,
        iin=IIN,
        ground=offered.case.ground,
        reason=EndReason.NO_REPLY,
        ended_at=TERM_ENDS,
        scheme=None,
        consented_on=None,
        ordinary_route=ordinary_route(Ground.PEOPLES_HERO, shipped().sets[0]),
    )
    assert notice == NoticeRequested(
        notice_id=notice_id_of(CASE, "no_reply", 4),
        case_id=CASE,
        person_id=PERSON,
        phone=PHONE,
        kind=NoticeKind.NO_REPLY,
        language=None,
        details=Details(iin_tail="0015"),
    )
    assert closed == QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=TERM_ENDS)


def test_a_deadline_told_by_a_faster_clock_counts(offered: Desk) -> None:
    offered.now = TERM_ENDS - timedelta(seconds=2)
    offered.reads(DeadlineElapsed(deadline=f"{CASE}/term", version=1, due=TERM_ENDS))
    assert offered.case.reason is EndReason.NO_REPLY


def test_the_reminder_is_told_once_and_noted(offered: Desk) -> None:
    reminder = datetime(2021, 7, 25, 4, tzinfo=UTC)
    assert list(deadlines(offered.person, offered.policy)) == [
        Deadline(TERM_ENDS, f"{CASE}/term", 1),
        Deadline(reminder, f"{CASE}/reminder", 1),
    ]
    due = DeadlineElapsed(deadline=f"{CASE}/reminder", version=1, due=reminder)
    advanced, notice = offered.reads(due)
    assert isinstance(advanced, CaseAdvanced)
    assert advanced.note == "reminded"
    assert isinstance(notice, NoticeRequested)
    assert (notice.kind, notice.question_id) == (NoticeKind.REMINDER, OFFER)
    assert (notice.details.until, notice.prompted_at) == (TERM_ENDS, None)
    assert list(deadlines(offered.person, offered.policy)) == [Deadline(TERM_ENDS, f"{CASE}/term", 1)]
    assert offered.reads(due) == []


def test_the_grace_is_waited_for_once() -> None:
    desk = Desk(Policy(facts_grace=5 * MINUTE))
    desk.reads(TITLE, REGISTERED)
    assert list(deadlines(desk.person, desk.policy)) == [Deadline(NOON + 5 * MINUTE, f"{CASE}/grace", 0)]
    desk.reads(DeadlineElapsed(deadline=f"{CASE}/grace", version=0, due=NOON + 5 * MINUTE))
    assert desk.case.state is State.OFFER_ASKED
    assert desk.case.grace_until is None
    assert list(deadlines(desk.person, desk.policy)) == []


def test_a_no_tells_until_when_and_closes_the_offer_only_then(consented: Desk) -> None:
    consented.now = NOON + 5 * MINUTE
    effects = consented.hears(Decline(), at=NOON + 2 * MINUTE)
    [notice] = only(effects, NoticeRequested)
    assert isinstance(notice, NoticeRequested)
    assert (notice.kind, notice.details.until) == (NoticeKind.DECLINED, TERM_ENDS)
    assert notice.language is Language.RUSSIAN
    assert notice.prompted_at == NOON + 2 * MINUTE
    assert only(effects, QuestionClosed) == [
        QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=TERM_ENDS, closed_by=Sid("IN2")),
        QuestionClosed(question_id=ACCOUNT, phone=PHONE, closed_at=NOON + 2 * MINUTE, closed_by=Sid("IN2")),
    ]


def test_a_no_to_the_only_question_closes_it_once(offered: Desk) -> None:
    assert len(only(offered.hears(Decline()), QuestionClosed)) == 1


def test_a_late_answer_ends_the_case_and_closes_at_the_term(offered: Desk) -> None:
    offered.now = TERM_ENDS + MINUTE
    effects = offered.hears(Consent(language=Language.KAZAKH), at=TERM_ENDS)
    assert [type(effect) for effect in effects] == [
        CaseAdvanced,
        ProcessEnded,
        CaseAdvanced,
        NoticeRequested,
        QuestionClosed,
    ]
    assert effects[-1] == QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=TERM_ENDS)
    assert offered.case.late_told


def test_a_late_answer_of_somebody_without_a_phone_is_not_counted_as_told(offered: Desk) -> None:
    offered.now = TERM_ENDS
    offered.reads(DeadlineElapsed(deadline=f"{CASE}/term", version=1, due=TERM_ENDS))
    offered.person = offered.person.model_copy(update={"phone": None})
    assert [type(effect) for effect in offered.hears(None)] == [CaseAdvanced]
    assert not offered.case.late_told


def test_what_is_not_understood_in_time_is_noted(offered: Desk) -> None:
    [advanced] = offered.hears(None)
    assert isinstance(advanced, CaseAdvanced)
    assert advanced.note == "not_understood"


def test_a_decision_has_an_id_that_follows_from_its_case_and_its_consent(consented: Desk) -> None:
    [decided] = only(consented.hears(AccountGiven(iban=IBAN), ACCOUNT), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.decision_id == f"{PERSON}.{derived_id(CASE, 'decision', 'IN')}"


def test_a_decision_on_an_ended_case_leaves_no_reason_and_no_draft_behind(consented: Desk) -> None:
    [term] = [each for each in deadlines(consented.person, consented.policy) if each.name.endswith("/term")]
    received_at, consented.now = consented.now, term.at
    consented.reads(DeadlineElapsed(deadline=term.name, version=term.version, due=term.at))
    assert consented.case.reason is EndReason.NO_REPLY
    consented.hears(AccountGiven(iban=IBAN), ACCOUNT, at=received_at)
    decided_case = consented.case.model_dump(include={"state", "reason"})
    assert decided_case == {"state": State.GRANTED, "reason": None}


def test_a_signed_case_keeps_no_draft() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(Consent(language=Language.RUSSIAN))
    desk.sent(ACCOUNT)
    [draft] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    desk.reads(DecisionSigned(decision_id=draft.decision_id, outcome="granted", officer="o", signed_at=NOON))
    assert (desk.case.state, desk.case.draft) == (State.GRANTED, None)


def test_a_consent_of_somebody_without_a_number_now_is_kept_and_the_case_stays_ended(offered: Desk) -> None:
    offered.now += MINUTE
    offered.reads(REGISTERED.model_copy(update={"phone": None, "registered_at": offered.now}))
    effects = offered.hears(Consent(language=Language.RUSSIAN), at=NOON + MINUTE / 2)
    assert [effect.note for effect in effects if isinstance(effect, CaseAdvanced)] == [
        "accepted",
        "remains_phone_not_registered",
    ]
    assert only(effects, ProcessEnded) == []
    assert offered.case.consent


def test_a_consent_that_is_read_after_a_record_of_the_benefit_finds_nothing_to_refuse(offered: Desk) -> None:
    offered.now = TERM_ENDS
    offered.reads(DeadlineElapsed(deadline=f"{CASE}/term", version=1, due=TERM_ENDS))
    record = {"benefit": "special_state_benefit", "status": "paid", "recorded_on": "2021-07-01"}
    offered.reads(BenefitRecorded.model_validate({"iin": IIN, **record}))
    effects = offered.hears(Consent(language=Language.RUSSIAN), at=NOON + MINUTE)
    assert offered.case.reason is EndReason.ALREADY_RECEIVING
    assert offered.case.consent is None
    assert len(only(effects, ProcessEnded)) == 1


def test_every_case_of_a_person_is_waited_for(offered: Desk) -> None:
    second = TITLE.model_copy(update={"title": "hero_of_labour", "award_id": "B"})
    offered.person = offered.person.model_copy(update={"phone": None})
    offered.reads(second)
    offered.person = offered.person.model_copy(update={"cases": dict(reversed(offered.person.cases.items()))})
    assert [wait.name.rpartition("/")[2] for wait in deadlines(offered.person, offered.policy)] == [
        "term",
        "reminder",
    ]
