"""What the State Corporation records of our own application, and of another one (R12, R29)."""

from datetime import date

import pytest

from ops.simulation.scenario import IBANS, IINS, Scenario
from rules.policy import DecisionMode
from rules.states import State
from schemas.ids import CaseId
from schemas.statecorp import BenefitRecorded
from schemas.values import EndReason
from tests.simulation.town import Town

CONSENTED = date(2021, 7, 22)
BEFORE = date(2021, 6, 1)


def records(town: Town, status: str, day: date, case_id: CaseId | None = None) -> None:
    town.publishes(
        BenefitRecorded.model_validate(
            {
                "iin": IINS[0],
                "benefit": "special_state_benefit",
                "status": status,
                "recorded_on": day,
                "case_id": case_id,
            }
        )
    )


@pytest.fixture
def consented() -> Town:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reads("1")
    return town


def test_our_own_application_hides_no_other_one(consented: Town) -> None:
    records(consented, "applied", CONSENTED, consented.case().case_id)
    consented.passes(hours=1)
    records(consented, "paid", BEFORE)
    assert consented.case().state is State.REFUSED


def test_nor_does_it_after_the_grant(consented: Town) -> None:
    consented.reads(IBANS[0])
    records(consented, "assigned", CONSENTED, consented.case().case_id)
    consented.passes(hours=1)
    records(consented, "paid", BEFORE)
    assert [each.reason for each in consented.questioned()] == ["second_grant"]


def test_nor_does_it_take_back_a_refusal_that_was_drafted_for_another_one() -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.reads(IBANS[0])
    town.passes(hours=5)
    records(town, "paid", BEFORE)
    assert town.drafts()[-1].outcome == "refused"
    voided = len(town.voided())
    town.passes(days=1)
    records(town, "applied", CONSENTED, town.case().case_id)
    assert town.drafts()[-1].outcome == "refused"
    assert len(town.voided()) == voided


def test_an_application_that_may_be_ours_is_ours_once_it_is_named(consented: Town) -> None:
    records(consented, "applied", CONSENTED)
    records(consented, "assigned", CONSENTED, consented.case().case_id)
    consented.reads(IBANS[0])
    assert consented.case().state is State.GRANTED
    assert consented.questioned() == []


def test_an_older_word_that_another_benefit_has_ended_changes_nothing(consented: Town) -> None:
    records(consented, "applied", CONSENTED, consented.case().case_id)
    records(consented, "ended", BEFORE)
    assert consented.person().benefit == "applied"


@pytest.mark.parametrize("ending", ["withdrawn", "no_reply"])
def test_our_application_for_one_ground_that_came_to_nothing_bars_no_other_ground(ending: str) -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title", "disability")
    town.reads("1")
    records(town, "applied", CONSENTED, town.case().case_id)
    if ending == "withdrawn":
        town.passes(minutes=5)
        town.reads("0")
    else:
        town.passes(days=5)
    assert town.case().reason is EndReason(ending)
    town.passes(hours=3)
    assert town.case("disability").state is State.OFFER_SENT
    assert town.told()[-1] == "offer"


def test_what_is_paid_for_one_ground_bars_another_one() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title", "disability")
    town.reads("1")
    records(town, "paid", CONSENTED, town.case().case_id)
    town.passes(days=5)
    assert town.case().reason is EndReason.NO_REPLY
    assert town.case("disability").reason is EndReason.ALREADY_RECEIVING


def test_what_may_be_ours_is_ours_when_the_same_record_names_us() -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.reads(IBANS[0])
    town.passes(days=1)
    records(town, "assigned", date(2021, 7, 23))
    assert town.drafts()[-1].outcome == "refused"
    town.passes(hours=1)
    records(town, "assigned", date(2021, 7, 23), town.case().case_id)
    assert town.drafts()[-1].outcome == "granted"


def test_an_older_application_that_is_told_late_and_has_ended_refuses_nothing() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    records(town, "ended", date(2021, 6, 10))
    town.reads("1")
    records(town, "applied", CONSENTED, town.case().case_id)
    records(town, "applied", BEFORE)
    town.reads(IBANS[0])
    assert town.case().state is State.GRANTED
