"""Several entitlements, the manual route, the grace, the officer, and what makes no sense."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ops.simulation.ground_truth import Text
from ops.simulation.scenario import IBANS, IINS, Scenario
from rules.policy import DecisionMode
from rules.states import State
from rules.terms import local_day
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned
from schemas.ids import CaseId, DecisionId, MessageId, QuestionId, Sid
from schemas.portal import PhoneRegistered
from schemas.questions import (
    AccountGiven,
    Consent,
    QuestionAnswered,
    QuestionSent,
    QuestionUndeliverable,
)
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.statecorp import BenefitRecorded
from schemas.values import EndReason, Language
from tests.simulation.town import PHONE, Town, at

NEVER = datetime(2021, 7, 1, tzinfo=UTC)


# Several entitlements, manual routes, the grace.


# One benefit, one ground.


def test_a_second_right_waits_unasked_and_ends_when_the_first_is_granted(town: Town) -> None:
    town.learns("phone0", "title", "disability")
    assert (town.told(), town.case("disability").state) == (["offer"], State.QUEUED)
    town.reads("1")
    town.reads(IBANS[0])
    assert town.told() == ["offer", "account", "granted", "another_ground"]
    assert town.case("disability").reason is EndReason.ANOTHER_GROUND
    town.comes_to_rest()


def test_a_right_that_arises_after_the_grant_is_not_offered_but_told_of(town: Town) -> None:
    town.learns("phone0", "title")
    town.reads("1")
    town.reads(IBANS[0])
    town.learns("disability")
    assert town.told() == ["offer", "account", "granted", "another_ground"]
    assert town.case("disability").reason is EndReason.ANOTHER_GROUND


@pytest.mark.parametrize("ending", ["0", "silence", "revoked"])
def test_when_the_first_ends_otherwise_the_second_is_offered(town: Town, ending: str) -> None:
    town.learns("phone0", "title", "disability")
    if ending == "silence":
        town.passes(days=5)
    elif ending == "revoked":
        town.learns("revoked_title")
    else:
        town.reads(ending)
    assert town.told()[-1] == "offer"
    assert town.case("disability").state is State.OFFER_SENT
    assert "turn_came" in town.notes("disability")
    town.comes_to_rest()


def test_a_no_that_is_taken_back_sends_the_second_to_wait_again(town: Town) -> None:
    town.learns("phone0", "title", "disability")
    town.reads("0")
    assert town.case("disability").state is State.OFFER_SENT
    case = town.case()
    town.truth.texts[Sid("taken-back")] = Text(PHONE, "1", town.now)
    town.publishes(
        QuestionAnswered(
            question_id=case.questions[0].question_id,
            case_id=case.case_id,
            person_id=town.person().person_id,
            answer=Consent(language=Language.KAZAKH),
            text="1",
            message_id=Sid("taken-back"),
            received_at=town.now,
        )
    )
    assert (town.case().state, town.case("disability").state) == (State.ACCOUNT_SENT, State.QUEUED)


def test_a_second_consent_beside_the_first_waits_and_binds_nobody(town: Town) -> None:
    town.learns("phone0", "title", "disability")
    first = town.case().questions[0]
    town.reads("0")
    town.reads("2")
    assert town.case("disability").consent is not None
    town.truth.texts[Sid("again")] = Text(PHONE, "1", town.now)
    town.publishes(
        QuestionAnswered(
            question_id=first.question_id,
            case_id=town.case().case_id,
            person_id=town.person().person_id,
            answer=Consent(language=Language.KAZAKH),
            text="1",
            message_id=Sid("again"),
            received_at=town.now,
        )
    )
    assert (town.case().state, town.case().consent) == (State.QUEUED, None)
    town.reads("4")
    town.reads(IBANS[0])
    assert [decision.ground for decision in town.decisions()] == ["7"]
    assert town.case().reason is EndReason.ANOTHER_GROUND


def test_the_same_award_again_is_no_second_case(asked: Town) -> None:
    asked.learns("title")
    assert len(asked.person().cases) == 1
    assert asked.told() == ["offer"]


@pytest.mark.parametrize(
    "changes", [{"group": "child"}, {"in_baikonur": True}, {"first_time": False}], ids=str
)
def test_minors_baikonur_and_repeated_disabilities_go_the_manual_route(
    town: Town, changes: dict[str, object]
) -> None:
    facts = {
        "iin": IINS[0],
        "certificate_id": "C",
        "established_on": "2021-07-19",
        "group": "2",
        "legal_ground": "8",
        "first_time": True,
    }
    town.learns("phone0")
    town.publishes(DisabilityEstablished.model_validate(facts | changes))
    assert town.case("C").reason is EndReason.MANUAL_ROUTE
    assert town.told() == []
    assert town.endings()[0].ordinary_route.documents is None


def test_the_grace_lets_facts_from_other_topics_be_read_first() -> None:
    town = Town(Scenario(grace=timedelta(minutes=5)))
    town.learns("title")
    assert town.case().state is State.RECEIVED
    town.passes(minutes=4)
    town.learns("phone0")
    assert town.told() == []
    town.passes(minutes=1)
    assert town.told() == ["offer"]


def test_during_the_grace_a_benefit_or_a_death_is_waited_out_or_ends_the_case() -> None:
    town = Town(Scenario(people=2, grace=timedelta(minutes=5)))
    for person, word in ((0, "applied"), (1, "death")):
        town.learns("phone0", "title", word, person=person)
    assert town.case(person=1).reason is EndReason.DECEASED
    assert town.case().state is State.RECEIVED
    town.passes(minutes=5)
    assert town.case().reason is EndReason.ALREADY_RECEIVING


# The officer.


@pytest.fixture
def drafted() -> Town:
    town = Town(Scenario(mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("2")
    town.reads(IBANS[0])
    return town


def test_an_officer_signs_the_draft(drafted: Town) -> None:
    assert drafted.case().state is State.AWAITING_SIGNATURE
    assert not drafted.decisions()
    drafted.passes(days=2)
    drafted.world.sign(drafted.drafts()[0])
    drafted.world.settle()
    [decision] = drafted.decisions()
    assert decision.decided_at == at(24, 10)
    assert (decision.decision_id, decision.outcome) == (drafted.drafts()[0].decision_id, "granted")
    assert drafted.told()[-1] == "granted"


def test_an_officer_refuses_on_a_ground_of_their_own(drafted: Town) -> None:
    drafted.world.sign(drafted.drafts()[0], granted=False)
    drafted.world.settle()
    assert not drafted.decisions()
    drafted.world.hear(drafted.drafts()[0])
    drafted.world.sign(drafted.drafts()[0], granted=False)
    drafted.world.settle()
    assert (drafted.decisions()[0].outcome, drafted.decisions()[0].refusal_ground) == ("refused", 1)


def test_a_benefit_recorded_by_then_voids_the_draft_and_makes_another(drafted: Town) -> None:
    first = drafted.drafts()[0]
    drafted.publishes(
        BenefitRecorded(
            iin=IINS[0],
            benefit="special_state_benefit",
            status="assigned",
            recorded_on=local_day(drafted.now),
        )
    )
    assert [voided.reason for voided in drafted.voided()] == ["benefit_recorded"]
    second = drafted.drafts()[1]
    assert (second.outcome, second.refusal_ground, second.iban) == ("refused", 4, None)
    assert second.decision_id != first.decision_id
    for draft, granted in ((first, True), (second, True)):
        drafted.world.sign(draft, granted=granted)
        drafted.world.settle()
        assert not drafted.decisions()
    drafted.world.hear(second)
    drafted.world.sign(second, granted=False)
    drafted.world.settle()
    assert not drafted.decisions()
    hearing = drafted.case().hearing
    assert hearing is not None
    assert hearing.until is not None
    drafted.reaches(hearing.until)
    drafted.world.hear(second)
    drafted.world.sign(second, granted=False)
    drafted.world.settle()
    assert (drafted.decisions()[0].outcome, drafted.decisions()[0].refusal_ground) == ("refused", 4)
    drafted.comes_to_rest()


def test_a_record_that_has_ended_by_then_voids_the_refusal(drafted: Town) -> None:
    for status in ("assigned", "ended"):
        drafted.publishes(
            BenefitRecorded.model_validate(
                {
                    "iin": IINS[0],
                    "benefit": "special_state_benefit",
                    "status": status,
                    "recorded_on": local_day(drafted.now),
                }
            )
        )
    assert [voided.reason for voided in drafted.voided()] == ["benefit_recorded", "benefit_record_changed"]
    assert [draft.outcome for draft in drafted.drafts()] == ["granted", "refused", "granted"]
    drafted.comes_to_rest()


def test_a_signature_counts_once_and_only_for_its_draft(drafted: Town) -> None:
    draft = drafted.drafts()[0]
    drafted.world.sign(draft.model_copy(update={"decision_id": f"{drafted.person().person_id}.other"}))
    drafted.world.settle()
    assert not drafted.decisions()
    for granted in (True, False):
        drafted.world.sign(draft, granted=granted)
        drafted.world.settle()
    assert [decision.outcome for decision in drafted.decisions()] == ["granted"]


def test_a_death_before_the_signature_withdraws_the_draft(drafted: Town) -> None:
    first = drafted.drafts()[0]
    drafted.learns("death")
    drafted.world.sign(first)
    drafted.world.settle()
    assert drafted.case().reason is EndReason.DECEASED
    assert not drafted.decisions()


def test_what_comes_while_the_draft_waits_changes_no_account(drafted: Town) -> None:
    drafted.reads("KZ75125KZT1001300335")
    assert drafted.case().account == IBANS[0]
    assert drafted.notes()[-1] == "answered_already"


# What makes no sense changes nothing.


def test_what_makes_no_sense_changes_nothing(asked: Town) -> None:
    before = asked.person()
    case_id, question = asked.case().case_id, asked.case().question
    assert question is not None
    nonsense = [
        QuestionAnswered(
            question_id=QuestionId("unknown"),
            case_id=case_id,
            person_id=before.person_id,
            answer=AccountGiven(iban=IBANS[0]),
            text="",
            message_id=Sid("IN"),
            received_at=NEVER,
        ),
        QuestionSent(
            question_id=QuestionId("unknown"),
            case_id=case_id,
            person_id=before.person_id,
            message_id=MessageId("m"),
            text="",
            sent_at=NEVER,
        ),
        QuestionSent(
            question_id=question.question_id,
            case_id=CaseId("unknown"),
            person_id=before.person_id,
            message_id=MessageId("m"),
            text="",
            sent_at=NEVER,
        ),
        QuestionUndeliverable(
            question_id=question.question_id,
            case_id=CaseId("unknown"),
            person_id=before.person_id,
            code=None,
            at=NEVER,
        ),
        DeadlineElapsed(deadline=f"{case_id}/grace", version=0, due=NEVER),
        DeadlineElapsed(deadline=f"{case_id}/term", version=2, due=asked.waits_for("term")),
        DeadlineElapsed(deadline=f"{case_id}/term", version=1, due=NEVER),
        DeadlineElapsed(deadline="unknown/term", version=1, due=NEVER),
        DecisionSigned(decision_id=DecisionId("unknown"), outcome="granted", officer="o", signed_at=NEVER),
    ]
    for event in nonsense:
        asked.publishes(event)
        assert asked.person() == before, event.name


def test_what_comes_twice_or_too_late_is_told_as_what_it_was(asked: Town) -> None:
    case, person = asked.case(), asked.person()
    question = case.question
    assert question is not None
    sent = QuestionSent(
        question_id=question.question_id,
        case_id=case.case_id,
        person_id=person.person_id,
        message_id=MessageId("another"),
        text="",
        sent_at=at(23, 10),
    )
    asked.publishes(sent)
    assert asked.case().question == question
    lost = QuestionUndeliverable(
        question_id=QuestionId("an older one"),
        case_id=case.case_id,
        person_id=person.person_id,
        code=30005,
        at=at(23, 10),
    )
    asked.publishes(lost)
    assert asked.notes() == ["sent_already", "undeliverable_after_closing"]
    assert asked.case().state is State.OFFER_SENT


def test_a_hero_of_labour_has_a_ground_and_documents_of_their_own(town: Town) -> None:
    award = TitleAwarded(iin=IINS[0], title="hero_of_labour", award_id="A", awarded_on=date(2021, 7, 19))
    town.publishes(award)
    [ending] = town.endings()
    assert (ending.ground, ending.ordinary_route.category) == ("4-3", 5)
    town.publishes(PhoneRegistered(iin=IINS[0], phone=PHONE, registered_at=town.now))
    assert town.told() == ["offer"]
