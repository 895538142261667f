"""The registered number: late, changed, foreign, given up, unreachable."""

from datetime import timedelta

import pytest

from ops.simulation.scenario import IBANS
from rules.states import State
from schemas.values import EndReason
from tests.simulation.town import OTHER_PHONE, PHONE, Town, at


def test_without_a_phone_the_process_ends_and_goes_on_when_one_is_registered(town: Town) -> None:
    town.learns("title")
    assert town.case().reason is EndReason.PHONE_NOT_REGISTERED
    town.learns("phone0")
    assert town.told() == ["offer"]
    assert town.case().state is State.OFFER_SENT


def test_a_foreign_number_is_no_number(town: Town) -> None:
    town.learns("foreign", "title")
    assert town.case().reason is EndReason.NUMBER_NOT_REACHABLE
    assert town.told("+79161234567") == []
    town.learns("phone0")
    assert town.told() == ["offer"]


def test_a_changed_number_is_asked_anew_and_the_former_one_is_not_heard(asked: Town) -> None:
    asked.passes(hours=1)
    asked.learns("phone1")
    assert asked.told(OTHER_PHONE) == ["offer"]
    asked.passes(hours=1)
    asked.reads("1", PHONE)
    assert asked.case().consent is None
    assert asked.notes()[-1] == "answered_from_a_former_number"
    asked.reads("1", OTHER_PHONE)
    assert asked.case().consent is not None


def test_a_registration_dated_ahead_gives_the_former_number_no_more_time(asked: Town) -> None:
    asked.passes(hours=1)
    asked.learns("phone1", ago=-timedelta(hours=20))
    asked.passes(hours=1)
    asked.reads("1", PHONE)
    assert asked.case().consent is None
    assert asked.notes()[-1] == "answered_from_a_former_number"


def test_an_answer_from_before_the_change_counts_and_goes_on_at_the_new_number(asked: Town) -> None:
    asked.passes(hours=1)
    asked.world.write(PHONE, "1", late=True)
    asked.passes(hours=1)
    asked.learns("phone1")
    asked.texts_land()
    assert asked.case().consent is not None
    assert asked.told(OTHER_PHONE) == ["offer", "account"]
    assert asked.told(PHONE) == ["offer"]


def test_a_no_from_a_former_number_is_not_taken_back_from_it(asked: Town) -> None:
    asked.reads("0")
    asked.passes(hours=1)
    asked.learns("phone1")
    asked.passes(hours=1)
    asked.reads("1")
    assert asked.case().reason is EndReason.DECLINED
    assert asked.case().consent is None


def test_a_late_text_from_a_former_number_is_not_answered_to_the_new_one(asked: Town) -> None:
    asked.passes(days=5)
    asked.learns("phone1")
    asked.passes(hours=12)
    asked.reads("1")
    assert asked.told(OTHER_PHONE) == []


def test_what_follows_on_another_number_waits_for_the_morning(asked: Town) -> None:
    asked.reaches(at(15, 22))
    asked.world.write(PHONE, "1", late=True)
    asked.passes(minutes=1)
    asked.learns("phone1")
    asked.texts_land()
    assert asked.told(OTHER_PHONE) == []
    asked.passes(days=1)
    assert asked.sent_at(OTHER_PHONE)[0] == "16.07 09:00"


@pytest.mark.parametrize(
    ("word", "reason"),
    [("no_phone", EndReason.PHONE_NOT_REGISTERED), ("foreign", EndReason.NUMBER_NOT_REACHABLE)],
)
def test_a_number_that_is_given_up_ends_the_open_question(
    consented: Town, word: str, reason: EndReason
) -> None:
    consented.passes(minutes=1)
    consented.learns(word)
    assert consented.case().reason is reason
    consented.learns("phone1")
    assert consented.told(OTHER_PHONE) == ["account"]
    consented.reads(IBANS[0], OTHER_PHONE)
    assert consented.case().state is State.GRANTED


def test_an_older_registration_changes_nothing(asked: Town) -> None:
    asked.learns("phone1", ago=timedelta(days=30))
    assert asked.told(OTHER_PHONE) == []
    assert asked.person().phone == PHONE


def test_the_same_number_again_changes_nothing(asked: Town) -> None:
    asked.passes(hours=1)
    asked.learns("phone0")
    assert asked.told() == ["offer"]
    assert asked.person().phone_as_of == at(15, 11)


def test_undeliverable_ends_the_process_and_a_new_number_goes_on(asked: Town) -> None:
    asked.world.status(asked.world.carrier.api[0], "undelivered", failure="permanent")
    asked.world.settle()
    assert asked.case().reason is EndReason.UNDELIVERABLE
    asked.learns("phone1")
    assert asked.told(OTHER_PHONE) == ["offer"]
