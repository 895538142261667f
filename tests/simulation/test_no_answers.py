"""Texts that by a late call are too late for a question, and by the SMS API's list no answer to it (R6)."""

from datetime import timedelta

import pytest

from ops.simulation.actions import Write
from ops.simulation.scenario import IBANS, Scenario
from rules.policy import DecisionMode
from rules.states import State
from schemas.values import EndReason
from tests.simulation.town import Town, at


@pytest.mark.parametrize("text", ["0", "1"])
@pytest.mark.parametrize("relative", [False, True], ids=["when nobody was asked", "to a relative's question"])
def test_a_text_of_before_an_offer_that_did_not_reach_is_no_answer_to_it(
    text: str, *, relative: bool
) -> None:
    """By its late call it would be in time, since a sending that failed starts no term."""
    town = Town(Scenario(people=2))
    if relative:
        town.learns("phone0", "title")
    town.writes(text)
    town.passes(minutes=1)
    if relative:
        town.learns("revoked")
    town.learns("phone0", "title", person=1)
    town.passes(days=5)
    offer = max(number for number, kind in enumerate(town.told()) if kind == "offer")
    town.lands()
    town.lands()
    assert town.case(person=1).reason is EndReason.NO_REPLY
    town.world.status(town.world.carrier.api[offer], "undelivered")
    town.world.settle()
    assert town.case(person=1).state is State.OFFER_SENT
    assert town.case(person=1).consent is None
    town.comes_to_rest()


def test_a_no_of_before_the_consent_does_not_take_it_back_when_the_next_question_did_not_reach() -> None:
    """By its late call it would be in time at the question for the account, which started no term."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(minutes=1)
    town.reads("1")
    assert town.told() == ["offer", "account"]
    town.passes(days=5)
    town.lands()
    town.lands()
    assert town.case().reason is EndReason.NO_REPLY
    town.world.status(town.world.carrier.api[1], "undelivered")
    town.world.settle()
    assert town.case().state is State.ACCOUNT_SENT
    assert town.case().consent is not None
    town.reads(IBANS[0])
    assert town.case().state is State.GRANTED
    town.comes_to_rest()


def test_an_account_of_before_it_was_asked_for_is_none_when_the_question_did_not_reach() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes(IBANS[0])
    town.passes(minutes=1)
    town.reads("1")
    town.passes(days=5)
    town.lands()
    town.lands()
    town.world.status(town.world.carrier.api[1], "undelivered")
    town.world.settle()
    assert town.case().state is State.ACCOUNT_SENT
    assert town.case().account is None
    town.comes_to_rest()


def test_a_no_of_before_the_consent_that_its_late_call_has_void_a_draft_has_its_effect_once() -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(minutes=1)
    town.reads("1")
    town.reads(IBANS[0])
    assert town.case().state is State.AWAITING_SIGNATURE
    town.passes(days=5)
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    steps = len(town.steps())
    town.lands()
    assert [(step.to, step.note) for step in town.steps()[steps:]] == [
        ("ended", "accepted"),
        ("account_asked", None),
        ("account_sent", None),
    ]
    town.comes_to_rest()


@pytest.fixture
def choosing() -> Town:
    """The choice comes at night, by the list alone, and the question for the account waits for the morning.

    In between a "0" is written. The term of the account is over when its call comes.
    """
    town = Town(Scenario(people=1, held=timedelta(hours=60)))
    town.learns("phone0", "disability")
    town.reads("1")
    town.reaches(at(22, 20, 55))
    town.world.do(Write(0, "4", late=True))
    town.reaches(at(22, 21, 40))
    town.lands()
    town.passes(minutes=5)
    assert town.told() == ["offer", "one_application"]
    town.writes("0")
    town.passes(days=4, hours=12)
    assert town.told() == ["offer", "one_application", "account", "reminder", "no_reply"]
    town.lands()
    return town


def test_a_no_of_before_the_account_was_asked_for_is_one_to_the_question_before(choosing: Town) -> None:
    choosing.lands()
    case = choosing.case("disability")
    assert (case.reason, case.consent) == (EndReason.WITHDRAWN, None)
    choosing.comes_to_rest()


def test_such_a_no_stands_before_an_account_that_a_later_sending_finds_in_time(choosing: Town) -> None:
    choosing.reads(IBANS[0])
    choosing.lands()
    choosing.world.status(choosing.world.carrier.api[2], "sent")
    choosing.world.settle()
    assert choosing.case("disability").reason is EndReason.WITHDRAWN
    assert choosing.decisions() == []
    choosing.comes_to_rest()


def test_a_no_after_the_decision_is_noted_once() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(minutes=1)
    town.reads("1")
    town.reads(IBANS[0])
    assert town.case().state is State.GRANTED
    town.passes(hours=1)
    town.lands()
    told, notes = town.told(), town.notes()
    assert notes[-1] == "declined_after_decision"
    town.lands()
    assert (town.told(), town.notes()) == (told, notes)
    town.comes_to_rest()


def test_a_consent_sent_twice_that_came_to_the_next_question_is_none_when_the_term_moves() -> None:
    town = Town(Scenario(people=1, held=timedelta(hours=60)))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.reads("1")
    town.passes(minutes=1)
    town.writes("1")
    town.passes(minutes=1)
    town.reads("0")
    assert town.case().reason is EndReason.WITHDRAWN
    end = town.case().questions[0].term_ends
    assert end
    town.passes(seconds=(end - town.now).total_seconds() + 60)
    town.lands()
    assert town.case().questions[0].late
    town.lands()
    assert not town.case().questions[0].late
    town.world.status(town.world.carrier.api[0], "sent")
    town.world.settle()
    assert town.case().consent is None
    town.comes_to_rest()
