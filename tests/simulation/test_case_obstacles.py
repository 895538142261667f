"""Death, revocation and ground 4, at any point."""

from datetime import date, datetime, timedelta

import pytest

from ops.simulation.scenario import IBANS, IINS
from rules.states import State
from rules.terms import local_day
from schemas.registry import DeathRegistered
from schemas.statecorp import BenefitRecorded
from schemas.values import EndReason
from tests.simulation.town import OTHER_PHONE, PHONE, Town


def test_nobody_writes_to_the_dead(town: Town) -> None:
    town.learns("phone0", "death", "title", "disability")
    assert town.case().reason is EndReason.DECEASED
    assert town.case("disability").reason is EndReason.DECEASED
    assert town.told() == []


def test_a_death_while_a_question_is_open_ends_it_silently(asked: Town) -> None:
    asked.learns("death")
    asked.reads("1")
    asked.passes(days=5)
    assert asked.case().reason is EndReason.DECEASED
    assert asked.told() == ["offer"]
    assert asked.notes()[-1] == "answered_after_deceased"


def test_a_death_between_consent_and_decision_prevents_the_decision(consented: Town) -> None:
    consented.learns("death")
    consented.reads(IBANS[0])
    assert consented.case().reason is EndReason.DECEASED
    assert not consented.decisions()


@pytest.mark.parametrize(
    ("died_on", "reason"),
    [
        (date(2021, 7, 21), "died_before_consent"),
        (date(2021, 7, 22), "died_before_decision"),
        (date(2021, 7, 24), "died_before_decision"),
        (date(2021, 7, 25), "died_after_decision"),
    ],
)
def test_a_death_learnt_of_after_the_grant_is_questioned_once_and_reverses_nothing(
    consented: Town, died_on: date, reason: str
) -> None:
    consented.passes(days=2)
    consented.reads(IBANS[0])
    for _ in range(2):
        consented.publishes(DeathRegistered(iin=IINS[0], died_on=died_on))
    assert consented.case().state is State.GRANTED
    [questioned] = consented.questioned()
    assert (questioned.reason, questioned.decision_id) == (reason, consented.decisions()[0].decision_id)
    assert not consented.endings()


def test_a_revocation_learnt_of_after_the_grant_is_questioned(consented: Town) -> None:
    consented.reads(IBANS[0])
    consented.learns("revoked")
    assert [each.reason for each in consented.questioned()] == ["revoked"]


def test_a_death_that_was_annulled_lets_the_case_begin_anew(consented: Town) -> None:
    consented.learns("death")
    consented.passes(minutes=1)
    consented.learns("annulled")
    assert (consented.case().state, consented.case().consent) == (State.OFFER_SENT, None)
    assert "death_annulled" in consented.notes()
    assert consented.told()[-1] == "offer"
    consented.comes_to_rest()


@pytest.mark.parametrize("word", ["death", "posthumous"])
def test_of_a_death_and_its_annulment_the_later_holds_in_whatever_order_they_are_read(
    asked: Town, word: str
) -> None:
    asked.passes(hours=1)
    asked.learns("annulled")
    asked.learns(word, ago=timedelta(minutes=30))
    assert (asked.case().state, asked.person().dead) == (State.OFFER_SENT, False)
    asked.passes(hours=1)
    asked.learns(word)
    assert asked.person().dead


def test_a_death_or_a_revocation_after_the_end_is_only_recorded(asked: Town) -> None:
    asked.reads("0")
    asked.learns("revoked")
    asked.learns("death")
    assert asked.case().reason is EndReason.DECLINED
    assert asked.notes()[-2:] == ["revoked_after_end", "deceased_after_end"]


def test_a_timely_yes_of_somebody_who_died_since_is_no_consent_to_anything(asked: Town) -> None:
    asked.world.write(PHONE, "1", late=True)
    asked.passes(days=4)
    asked.learns("death")
    asked.texts_land()
    assert asked.case().reason is EndReason.DECEASED
    assert "account" not in asked.told()


def test_a_posthumous_title_is_offered_to_nobody_and_ends_what_else_is_open(town: Town) -> None:
    town.learns("phone0", "disability")
    town.passes(minutes=1)
    town.learns("posthumous")
    assert town.case("posthumous").reason is EndReason.DECEASED
    assert town.case("disability").reason is EndReason.DECEASED
    assert town.told() == ["offer"]
    town.learns("phone1", "title")
    assert town.case().reason is EndReason.DECEASED
    assert town.told(OTHER_PHONE) == []


def test_a_revocation_before_the_award_is_read_prevents_the_offer(town: Town) -> None:
    town.learns("phone0", "revoked", "title")
    assert town.case().reason is EndReason.REVOKED
    assert town.told() == []


def test_a_revocation_while_a_question_is_open_is_told(asked: Town) -> None:
    asked.learns("revoked")
    assert asked.case().reason is EndReason.REVOKED
    assert asked.told() == ["offer", "revoked"]
    asked.reads("1")
    assert asked.notes()[-1] == "answered_after_revoked"


def test_a_revocation_touches_no_other_case(town: Town) -> None:
    town.learns("phone0", "disability", "title", "revoked")
    assert town.case("disability").state is State.OFFER_SENT


def test_a_revocation_after_the_decision_is_only_recorded(consented: Town) -> None:
    consented.reads(IBANS[0])
    consented.learns("revoked")
    consented.learns("revoked")
    assert consented.case().state is State.GRANTED
    assert consented.notes()[-1] == "revoked_after_decision"


def test_a_benefit_on_record_before_the_offer_ends_the_process_silently(town: Town) -> None:
    town.learns("applied", "phone0", "title")
    assert town.case().reason is EndReason.ALREADY_RECEIVING
    assert town.told() == []


def test_a_benefit_recorded_while_the_offer_is_open_ends_it(asked: Town) -> None:
    asked.learns("applied")
    assert asked.case().reason is EndReason.ALREADY_RECEIVING
    assert asked.told() == ["offer", "already_receiving"]


def test_a_benefit_recorded_between_consent_and_decision_is_a_refusal_on_ground_4(consented: Town) -> None:
    consented.publishes(recorded("assigned", consented.now))
    [decision] = consented.decisions()
    assert (decision.outcome, decision.refusal_ground) == ("refused", 4)
    assert (decision.iban, decision.account_source, decision.officer) == (None, None, None)
    assert decision.step == consented.case().step
    assert consented.told() == ["offer", "account", "refused"]
    consented.reads(IBANS[0])
    assert len(consented.decisions()) == 1
    consented.comes_to_rest()


def test_an_application_of_before_the_consent_refuses_it(town: Town) -> None:
    town.learns("phone0", "title")
    town.passes(days=1)
    town.reads("2")
    town.publishes(recorded("applied", town.now - timedelta(days=1)))
    assert town.decisions()[0].refusal_ground == 4


def test_our_own_application_refuses_nothing(consented: Town) -> None:
    consented.publishes(recorded("applied", consented.now, consented.case().case_id))
    consented.publishes(recorded("assigned", consented.now, consented.case().case_id))
    assert consented.notes()[-1] == "own_application_recorded"
    consented.reads(IBANS[0])
    [decision] = consented.decisions()
    assert (decision.outcome, decision.iban, decision.account_source) == ("granted", IBANS[0], "given")
    consented.comes_to_rest()


def test_an_application_that_may_be_ours_is_for_an_officer_to_tell(consented: Town) -> None:
    consented.learns("applied")
    consented.reads(IBANS[0])
    assert not consented.decisions()
    [draft] = consented.drafts()
    assert (draft.outcome, draft.officer) == ("granted", None)
    assert consented.notes()[-1] == "for_officer"
    consented.world.sign(draft)
    consented.world.settle()
    [decision] = consented.decisions()
    assert (decision.outcome, decision.officer) == ("granted", "officer-7")
    consented.comes_to_rest()


def recorded(status: str, at: datetime, case_id: str | None = None) -> BenefitRecorded:
    return BenefitRecorded.model_validate(
        {
            "iin": IINS[0],
            "benefit": "special_state_benefit",
            "status": status,
            "recorded_on": local_day(at),
            "case_id": case_id,
        }
    )


def test_a_benefit_that_ended_is_no_obstacle(asked: Town) -> None:
    asked.learns("ended")
    asked.reads("2")
    asked.learns("applied")
    asked.learns("ended")
    asked.reads(IBANS[0])
    assert asked.decisions()[0].outcome == "granted"


def test_an_older_record_of_the_benefit_changes_nothing(asked: Town) -> None:
    asked.learns("ended")
    asked.learns("applied", ago=timedelta(days=9))
    assert asked.case().state is State.OFFER_SENT
