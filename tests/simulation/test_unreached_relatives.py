"""A relative's offer that is known not to have reached: what comes is no answer to it (R3)."""

import pytest

from ops.simulation.scenario import IBANS
from rules.states import State
from schemas.messages import Failure
from schemas.values import EndReason
from tests.simulation.town import PHONE, Town


def fails(town: Town, failure: Failure = "passing") -> None:
    """The API reports that the last SMS has not reached."""
    town.passes(minutes=1)
    town.world.status(town.world.carrier.api[-1], "undelivered", failure=failure)
    town.world.settle()


@pytest.mark.parametrize("failure", ["ours", "passing"])
def test_a_no_is_taken_back_though_a_relative_was_to_be_asked(family: Town, failure: Failure) -> None:
    family.reads("0")
    assert family.told() == ["offer", "declined", "offer"]
    fails(family, failure)
    family.passes(minutes=2)
    family.reads("1")
    assert family.case().consent is not None
    assert family.case(person=1).consent is None
    family.comes_to_rest()


def test_thanks_for_a_grant_are_no_consent_of_a_relative(family: Town) -> None:
    family.reads("1")
    family.reads(IBANS[0])
    assert family.told()[-2:] == ["granted", "offer"]
    fails(family)
    family.reads("да, спасибо")
    assert family.case(person=1).consent is None
    family.comes_to_rest()


def test_the_relative_answers_once_the_offer_was_sent_again(family: Town) -> None:
    family.reads("0")
    fails(family)
    family.passes(minutes=15)
    assert family.told()[-1] == "offer"
    family.passes(minutes=1)
    family.reads("1")
    assert family.case().reason is EndReason.DECLINED
    assert family.case(person=1).consent is not None
    family.comes_to_rest()


def test_while_it_is_sent_again_texts_wait_until_it_is_known_to_have_left(family: Town) -> None:
    family.reads("0")
    fails(family)
    family.reaches(family.now.replace(minute=family.now.minute + 15))
    family.world.ring()
    family.works()
    assert family.world.carrier.waiting() == [PHONE]
    family.world.write(PHONE, "1")
    family.works()
    assert len(family.line().held_texts) == 1
    family.world.settle()
    assert family.line().held_texts == ()
    assert family.case(person=1).consent is not None
    assert family.case().consent is None
    family.comes_to_rest()


def test_who_is_alone_on_a_number_proves_the_report_wrong_by_answering(asked: Town) -> None:
    fails(asked)
    asked.reads("1")
    assert asked.case().state is State.ACCOUNT_SENT
    asked.comes_to_rest()


def test_a_relative_who_was_asked_long_before_takes_no_answer_of_the_one_who_was_asked_since(
    family: Town,
) -> None:
    family.passes(days=5)
    assert family.case(person=1).state is State.OFFER_SENT
    family.reads("1")
    assert family.case(person=1).state is State.ACCOUNT_SENT
    fails(family)
    family.reads(IBANS[0])
    assert family.case(person=1).state is State.GRANTED
    family.comes_to_rest()
