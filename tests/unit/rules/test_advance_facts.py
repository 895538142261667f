"""Which facts the lifecycle keeps, and what it remarks about what changes nothing."""

from datetime import date

import pytest

from rules.deadlines import deadlines
from rules.decisions import decision
from rules.person import Standing
from rules.policy import DecisionMode, Policy
from rules.signatures import UnfitSignatureError
from rules.states import TRANSITIONS, State
from rules.steps import ask
from rules.turn import Turn
from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned
from schemas.ids import CaseId, MessageId, QuestionId, Sid, person_of
from schemas.messages import MessageReceived
from schemas.outcomes import (
    BenefitDecided,
    CaseAdvanced,
    DecisionDrafted,
    DraftVoided,
)
from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Consent,
    Decline,
    NoticeKind,
    NoticeRequested,
    PersonWithdrawn,
    QuestionAnswered,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
    QuestionSent,
    QuestionUndeliverable,
)
from schemas.received import ReceivedEvent
from schemas.registry import DeathRegistered, EntitlementRevoked
from schemas.statecorp import AccountKnown, BenefitRecorded
from schemas.values import EndReason, Language
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
    PHONE,
    REGISTERED,
    TERM_ENDS,
    TITLE,
    Desk,
    only,
)


@pytest.mark.parametrize(
    ("fact", "field", "value"),
    [
        (TITLE, "iin", IIN),
        (REGISTERED, "phone_as_of", NOON),
        (
            EntitlementRevoked(iin=IIN, record_id="A"),
            "standings",
            (Standing(record_id="A", revoked_at=NOON),),
        ),
        (DeathRegistered(iin=IIN, died_on=date(2021, 7, 21)), "died_on", date(2021, 7, 21)),
        (DeathRegistered(iin=IIN, died_on=date(2021, 7, 21)), "dead", True),
        (AccountKnown(iin=IIN, iban=IBAN), "account", IBAN),
        (
            BenefitRecorded(
                iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=date(2021, 7, 1)
            ),
            "benefit",
            "paid",
        ),
    ],
)
def test_every_fact_is_kept_with_the_iin(desk: Desk, fact: Event, field: str, value: object) -> None:
    desk.reads(fact)
    assert getattr(desk.person, field) == value
    assert desk.person.iin == IIN


def test_the_first_date_of_death_stands(desk: Desk) -> None:
    for day in (21, 17):
        desk.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, day)))
    assert desk.person.died_on == date(2021, 7, 21)


def test_of_two_records_of_a_day_the_one_read_last_stands(desk: Desk) -> None:
    for status in ("applied", "ended"):
        desk.reads(
            BenefitRecorded.model_validate(
                {
                    "iin": IIN,
                    "benefit": "special_state_benefit",
                    "status": status,
                    "recorded_on": "2021-07-01",
                }
            )
        )
    assert desk.person.benefit == "ended"
    assert not desk.person.receives


def test_of_two_registrations_of_an_instant_the_one_read_last_stands(desk: Desk) -> None:
    desk.reads(REGISTERED, REGISTERED.model_copy(update={"phone": OTHER}))
    assert desk.person.phone == OTHER


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


def test_a_death_of_somebody_without_a_phone_withdraws_from_none(desk: Desk) -> None:
    assert desk.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 22))) == []


def test_undeliverable_closes_the_question_when_it_was_found_out(offered: Desk) -> None:
    lost = QuestionUndeliverable(
        question_id=OFFER, case_id=CASE, person_id=PERSON, code=30005, at=NOON + MINUTE
    )
    effects = offered.reads(lost)
    assert offered.case.reason is EndReason.UNDELIVERABLE
    assert effects[-1] == QuestionClosed(question_id=OFFER, phone=PHONE, closed_at=NOON + MINUTE)
    assert only(effects, NoticeRequested) == []


def test_a_question_that_leaves_after_its_closing_is_noted_and_starts_no_waiting(offered: Desk) -> None:
    offered.reads(REGISTERED.model_copy(update={"phone": OTHER, "registered_at": NOON + MINUTE}))
    offered.reads(EntitlementRevoked(iin=IIN, record_id="A"))
    second = offered.case.questions[1].question_id
    [advanced] = offered.sent(second)
    assert isinstance(advanced, CaseAdvanced)
    assert advanced.note == "sent_after_closing"
    assert list(deadlines(offered.person, offered.policy)) == []


UNKNOWN_QUESTION, UNKNOWN_CASE = QuestionId("unknown"), CaseId("unknown")


@pytest.mark.parametrize(
    ("fact", "remark"),
    [
        (
            MessageReceived(phone=PHONE, text="1", sid=Sid("IN"), received_at=NOON),
            "message.received is nothing that a case waits for",
        ),
        (TITLE, "the entitlement is known already"),
        (
            REGISTERED.model_copy(update={"registered_at": NOON - MINUTE}),
            "a newer registration is known already",
        ),
        (
            BenefitRecorded(
                iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=date(2021, 6, 30)
            ),
            "a newer record of the benefit is known already",
        ),
        (
            QuestionSent(
                question_id=UNKNOWN_QUESTION,
                case_id=CASE,
                person_id=PERSON,
                message_id=MessageId(""),
                text="",
                sent_at=NOON,
            ),
            "a question was sent that no case asked",
        ),
        (
            QuestionUndeliverable(question_id=OFFER, case_id=UNKNOWN_CASE, person_id=PERSON, code=1, at=NOON),
            "a question was undeliverable that no case asked",
        ),
        (
            QuestionAnswered(
                question_id=OFFER,
                case_id=UNKNOWN_CASE,
                person_id=PERSON,
                answer=Decline(),
                text="0",
                message_id=Sid("IN"),
                received_at=NOON,
            ),
            "an answer came to a question that no case asked",
        ),
        (
            DeadlineElapsed(deadline=f"{CASE}/term", version=2, due=TERM_ENDS),
            "a deadline elapsed that nobody waits for any longer",
        ),
    ],
)
def test_what_changes_nothing_is_remarked_as_what_it_was(offered: Desk, fact: Event, remark: str) -> None:
    offered.reads(
        BenefitRecorded(
            iin=IIN, benefit="special_state_benefit", status="ended", recorded_on=date(2021, 7, 1)
        )
    )
    before = offered.person
    assert offered.reads(fact) == []
    assert offered.remarks == (remark,)
    assert offered.person == before


def test_a_draft_that_was_withdrawn_with_its_consent_cannot_be_signed() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(Consent(language=Language.RUSSIAN))
    desk.sent(ACCOUNT)
    [first] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(first, DecisionDrafted)
    assert desk.case.state is State.AWAITING_SIGNATURE
    desk.now += MINUTE
    desk.hears(Decline())
    assert (desk.case.draft, desk.case.account, desk.case.consent) == (None, None, None)
    signed = DecisionSigned(decision_id=first.decision_id, outcome="granted", officer="o", signed_at=desk.now)
    with pytest.raises(UnfitSignatureError, match="no draft with it awaits a signature"):
        desk.reads(signed)
    assert desk.case.reason is EndReason.WITHDRAWN


def test_the_decision_finds_its_person_and_names_what_it_rests_on(consented: Desk) -> None:
    consented.now += MINUTE
    effects = consented.hears(AccountGiven(iban=IBAN), ACCOUNT)
    [decided] = only(effects, BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert person_of(decided.decision_id) == "person"
    assert decided.decided_at == NOON + 2 * MINUTE
    evidence = decided.evidence
    source = evidence.source
    assert (source.event, source.id, source.source) == ("registry.title-awarded.v1", "e2", "urn:test")
    assert (source.time, source.sha256) == (NOON, "d" * 64)
    assert (source.record, source.record_id, source.record_date) == ("title", "A", TITLE.awarded_on)
    number = consented.policy.phone_id(PHONE)
    assert (evidence.number.phone_id, evidence.number.registered_at) == (number, NOON)
    assert evidence.number.event_sha256 == "d" * 64
    offer, account = evidence.questions
    assert (offer.kind, offer.message_id, offer.text, offer.phone_id) == ("offer", "m", "the text", number)
    assert (offer.sent_at, offer.term_ends, account.kind) == (NOON, TERM_ENDS, "account")
    assert offer.sha256 == "41a1f654dc79a9ac645afa553c31d51fd115eca8dd1cb9e6c67ae03e52718e8b"
    assert [answer.meaning for answer in evidence.answers] == ["consent_ru", "account_given"]
    assert [answer.received_at for answer in evidence.answers] == [NOON + MINUTE, NOON + 2 * MINUTE]
    assert {(answer.text, answer.message_id) for answer in evidence.answers} == {("as written", "IN")}
    consent = evidence.consent_to_service
    assert (consent.at, consent.question_id, consent.text_sha256) == (NOON + MINUTE, OFFER, offer.sha256)
    assert evidence.consent_to_data == consent
    [notice] = only(effects, NoticeRequested)
    assert isinstance(notice, NoticeRequested)
    assert (notice.kind, notice.language) == (NoticeKind.GRANTED, Language.RUSSIAN)


def test_there_is_no_decision_without_a_consent_a_scheme_and_an_account(consented: Desk) -> None:
    case = consented.case.model_copy(update={"account": IBAN})
    policy = consented.policy
    assert decision(consented.person, case, NOON, policy, "any/1").rules_version == "any/1"
    assert case.consent
    unsent = {"questions": (case.questions[0].with_(text=None), *case.questions[1:])}
    no_offer = {"questions": case.questions[1:]}
    for lacking in ({"consent": None}, {"scheme": None}, {"account": None}, unsent, no_offer):
        with pytest.raises(ValueError, match=r"no \w+ without|a question that has not left"):
            decision(consented.person, case.model_copy(update=lacking), NOON, policy, "any/1")
    with pytest.raises(ValueError, match="no decision without"):
        decision(consented.person.model_copy(update={"iin": None}), case, NOON, policy, "any/1")


def test_a_step_that_no_rule_allows_is_an_error_of_the_program(offered: Desk) -> None:
    cause = ReceivedEvent("h", "urn:test", "e", NOON, "", TITLE)
    turn = Turn(offered.person, cause, NOON, Policy())
    with pytest.raises(ValueError, match="no rule leads from offer_sent to granted"):
        turn.move(offered.case, State.GRANTED)
    turn.person = turn.person.model_copy(update={"phone": None})
    with pytest.raises(ValueError, match="nothing is asked without a registered phone"):
        ask(turn, offered.case, QuestionKind.OFFER)


@pytest.mark.parametrize(
    "fact",
    [
        DeathRegistered(iin=IIN, died_on=date(2021, 7, 22)),
        BenefitRecorded(
            iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=date(2021, 7, 22)
        ),
        EntitlementRevoked(iin=IIN, record_id="A"),
    ],
)
def test_a_closing_is_told_last_because_it_makes_room_for_the_next_question(
    offered: Desk, fact: Event
) -> None:
    effects = offered.reads(fact)
    assert offered.case.state is State.ENDED
    assert [isinstance(effect, QuestionClosed) for effect in effects] == [False] * (len(effects) - 1) + [True]


def test_every_edge_names_a_rule() -> None:
    for (start, _), rule in TRANSITIONS.items():
        assert rule.startswith("R"), rule
        assert start not in {State.GRANTED, State.REFUSED}


def test_an_account_that_is_closed_before_the_decision_is_asked_for_anew() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE, AccountKnown(iin=IIN, iban=IBAN))
    desk.sent()
    desk.hears(Consent(language=Language.RUSSIAN))
    desk.sent(ACCOUNT)
    desk.now += MINUTE
    [draft] = only(desk.hears(AccountConfirmed(), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    effects = desk.reads(AccountKnown(iin=IIN, iban=None))
    [voided] = only(effects, DraftVoided)
    assert isinstance(voided, DraftVoided)
    assert (voided.decision_id, voided.reason) == (draft.decision_id, "account_closed")
    [asked] = only(effects, QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, asked.details.account) == (QuestionKind.ACCOUNT, None)
    assert (desk.case.account, [answer.meaning for answer in desk.case.answers]) == (None, ["consent_ru"])


def test_an_account_that_is_closed_while_it_is_shown_is_asked_for_anew() -> None:
    desk = Desk()
    desk.reads(REGISTERED, TITLE, AccountKnown(iin=IIN, iban=IBAN))
    desk.sent()
    desk.hears(Consent(language=Language.RUSSIAN))
    desk.sent(ACCOUNT)
    desk.now += MINUTE
    effects = desk.reads(AccountKnown(iin=IIN, iban=None))
    [asked], [closed] = only(effects, QuestionAsked), only(effects, QuestionClosed)
    assert isinstance(asked, QuestionAsked)
    assert isinstance(closed, QuestionClosed)
    assert (asked.details.account, closed.question_id) == (None, ACCOUNT)
    desk.now += MINUTE
    assert only(desk.hears(AccountConfirmed(), ACCOUNT), BenefitDecided) == []


def test_an_account_of_which_nothing_is_closed_stays(consented: Desk) -> None:
    consented.reads(AccountKnown(iin=IIN, iban=None))
    consented.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert consented.case.state is State.GRANTED
    consented.reads(AccountKnown(iin=IIN, iban=IBAN), AccountKnown(iin=IIN, iban=None))
    assert consented.case.state is State.GRANTED
