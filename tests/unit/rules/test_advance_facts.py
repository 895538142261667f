"""Which facts the lifecycle keeps, and what it remarks about what changes nothing."""

from datetime import date

import pytest

from rules.deadlines import deadlines
from rules.deciding import decide
from rules.decisions import decision
from rules.person import Standing
from rules.policy import DecisionMode, Policy
from rules.refusals import withdrawn
from rules.rule_sets import RuleSets
from rules.signatures import UnfitSignatureError
from rules.states import TRANSITIONS, State
from rules.steps import ask
from rules.turn import Turn
from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned
from schemas.ids import CaseId, MessageId, QuestionId, Sid, person_of
from schemas.messages import MessageReceived
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, DraftVoided, ProcessEnded
from schemas.questions import (
    AccountGiven,
    Consent,
    Decline,
    NoticeKind,
    NoticeRequested,
    QuestionAnswered,
    QuestionClosed,
    QuestionKind,
    QuestionSent,
    QuestionUndeliverable,
)
from schemas.received import ReceivedEvent
from schemas.registry import DeathAnnulled, DeathRegistered, EntitlementRestored, EntitlementRevoked
from schemas.statecorp import AccountKnown, BenefitRecorded
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
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
    notes,
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
        (DeathAnnulled(iin=IIN), "death_annulled_at", NOON),
        (
            EntitlementRestored(iin=IIN, record_id="A"),
            "standings",
            (Standing(record_id="A", restored_at=NOON),),
        ),
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
    assert person_of(decided.decision_id) == PERSON
    assert decided.decided_at == NOON + 2 * MINUTE
    evidence = decided.evidence
    source = evidence.source
    assert (source.event, source.id, source.source) == ("registry.title-awarded.v1", "e2", "urn:test")
    assert (source.time, source.sha256) == (NOON, "d" * 64)
    assert (source.record, source.record_id, source.record_date) == ("title", "A", TITLE.awarded_on)
    number = consented.policy.pseudonyms.phone(PHONE)
    assert (evidence.number.phone_id, evidence.number.registered_at) == (number, NOON)
    assert evidence.number.event_sha256 == "d" * 64
    offer, account = evidence.questions
    assert (offer.kind, offer.message_id, offer.text, offer.phone_id) == ("offer", "m", "the text", number)
    assert (offer.sent_at, offer.term_ends, account.kind) == (NOON, TERM_ENDS, "account")
    assert offer.sha256 == "41a1f654dc79a9ac645afa553c31d51fd115eca8dd1cb9e6c67ae03e52718e8b"
    assert [answer.meaning for answer in evidence.answers] == ["consent_ru", "account_given"]
    assert [answer.received_at for answer in evidence.answers] == [NOON + MINUTE, NOON + 2 * MINUTE]
    assert [answer.message_id for answer in evidence.answers] == ["IN", "IN2"]
    assert {answer.text for answer in evidence.answers} == {"as written"}
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
    lacking: list[tuple[dict[str, object], str]] = [
        ({"consent": None}, "no decision without a consent"),
        ({"scheme": None}, "no grant without a scheme and an account"),
        ({"account": None}, "no grant without a scheme and an account"),
        (
            {"questions": (case.questions[0].with_(text=None), *case.questions[1:])},
            "no answer to a question that has not left",
        ),
        ({"questions": case.questions[1:]}, "no consent without the offer that it answers"),
    ]
    for without, why in lacking:
        with pytest.raises(ValueError, match=f"^{why}$"):
            decision(consented.person, case.model_copy(update=without), NOON, policy, "any/1")
    with pytest.raises(ValueError, match=r"^no decision without a consent$"):
        decision(consented.person.model_copy(update={"iin": None}), case, NOON, policy, "any/1")


def test_a_step_that_no_rule_allows_is_an_error_of_the_program(offered: Desk) -> None:
    cause = ReceivedEvent("h", "urn:test", "e", NOON, "", TITLE)
    turn = Turn(offered.person, cause, NOON, Policy())
    with pytest.raises(ValueError, match="no rule leads from offer_sent to granted"):
        turn.move(offered.case, State.GRANTED)
    turn.person = turn.person.model_copy(update={"phone": None})
    with pytest.raises(ValueError, match=r"^nothing is asked without a registered phone$"):
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


def test_a_term_that_is_processed_late_has_ended_the_case_when_it_ran_out(offered: Desk) -> None:
    offered.now = TERM_ENDS + 5 * MINUTE
    late = offered.hears(Consent(language=Language.KAZAKH), at=TERM_ENDS + MINUTE)
    [ended] = only(late, ProcessEnded)
    assert isinstance(ended, ProcessEnded)
    assert (ended.ended_at, ended.reason) == (TERM_ENDS, EndReason.NO_REPLY)


def test_a_case_that_ended_before_its_grace_waits_for_it_no_more() -> None:
    desk = Desk(Policy(facts_grace=5 * MINUTE))
    desk.reads(REGISTERED, TITLE)
    desk.reads(DeathRegistered(iin=IIN, died_on=date(2021, 7, 21)))
    assert desk.case.grace_until
    assert desk.waits() == []


def test_nothing_is_decided_or_taken_back_without_what_it_rests_on(offered: Desk) -> None:
    cause = ReceivedEvent("h", "urn:test", "e", NOON, "", TITLE)
    turn = Turn(offered.person, cause, NOON, Policy())
    with pytest.raises(ValueError, match=r"^nothing can be withdrawn before a consent$"):
        withdrawn(turn, offered.case, offered.case.questions[0])
    none = Turn(offered.person, cause, NOON, Policy(rule_sets=RuleSets(())))
    with pytest.raises(ValueError, match=r"^nothing is decided while no rules are in force$"):
        decide(none, offered.case)


@pytest.mark.parametrize(
    ("right", "noted", "invited"),
    [
        (DISABILITY.model_copy(update={"in_baikonur": True}), "barred_baikonur", True),
        (DISABILITY.model_copy(update={"first_time": False}), "barred_not_first_time", True),
        (DISABILITY.model_copy(update={"group": "child"}), "barred_child", False),
        (DISABILITY.model_copy(update={"legal_capacity": "guardian"}), "barred_guardian", False),
        (TITLE.model_copy(update={"legal_capacity": "minor"}), "barred_minor", False),
    ],
)
def test_who_may_be_written_to_is_told_where_to_apply_if_that_is_wanted(
    right: Event,
    noted: str,
    invited: bool,  # noqa: FBT001
) -> None:
    for wanted in (True, False):
        desk = Desk(Policy(invited_by_sms=wanted))
        effects = desk.reads(REGISTERED, right)
        assert notes(effects) == [None, noted, "manual_route"]
        told = [notice.kind for notice in effects if isinstance(notice, NoticeRequested)]
        assert told == ([NoticeKind.MANUAL_ROUTE] if wanted and invited else [])
        assert noted == f"barred_{desk.last.obstacle}"


def test_a_record_of_the_benefit_waits_for_the_end_of_the_grace() -> None:
    desk = Desk(Policy(facts_grace=5 * MINUTE))
    desk.reads(REGISTERED, TITLE)
    paid = BenefitRecorded(
        iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=date(2021, 7, 1)
    )
    assert desk.reads(paid) == []
    assert desk.case.state is State.RECEIVED
    desk.rings("grace")
    assert desk.case.reason is EndReason.ALREADY_RECEIVING


def test_a_record_that_says_nothing_new_leaves_a_draft_alone() -> None:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE)
    desk.answers(Consent(language=Language.RUSSIAN))
    desk.answers(AccountGiven(iban=IBAN))
    ended = BenefitRecorded(
        iin=IIN, benefit="special_state_benefit", status="ended", recorded_on=date(2021, 7, 1)
    )
    assert desk.reads(ended) == []
    [voided] = only(desk.reads(ended.model_copy(update={"status": "paid"})), DraftVoided)
    assert isinstance(voided, DraftVoided)
    assert voided.reason == "benefit_recorded"
    assert desk.reads(ended.model_copy(update={"status": "assigned"})) == []
