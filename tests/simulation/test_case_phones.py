"""The registered number: late, changed, foreign, given up, unreachable."""

from datetime import timedelta

import pytest

from ops.simulation.actions import Land, Write
from ops.simulation.scenario import IBANS, Scenario
from rules.policy import DecisionMode
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


def test_a_consent_from_before_the_change_lives_on_its_number_in_whatever_order_it_is_read(
    asked: Town,
) -> None:
    asked.passes(hours=1)
    asked.world.write(PHONE, "1", late=True)
    asked.passes(hours=1)
    asked.learns("phone1")
    asked.texts_land()
    assert (asked.case().consent, asked.case().state) == (None, State.OFFER_SENT)
    assert asked.notes()[-1] == "consent_of_former_number"
    assert asked.told(OTHER_PHONE) == ["offer"]
    asked.reads("1", OTHER_PHONE)
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
    asked.reaches(at(22, 22))
    asked.world.write(PHONE, "1", late=True)
    asked.passes(minutes=1)
    asked.learns("phone1")
    asked.texts_land()
    assert asked.told(OTHER_PHONE) == []
    asked.passes(days=1)
    assert asked.sent_at(OTHER_PHONE)[0] == "23.07 09:00"


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
    # A consent lives on its number: what ended before the account was given begins with the offer.
    assert consented.told(OTHER_PHONE) == ["offer"]
    assert (consented.case().consent, consented.notes()[-1]) == (None, "consent_of_former_number")
    consented.reads("1", OTHER_PHONE)
    consented.reads(IBANS[0], OTHER_PHONE)
    assert consented.case().state is State.GRANTED
    consented.comes_to_rest()


def test_a_number_that_changes_after_the_consent_begins_with_the_offer(consented: Town) -> None:
    consented.passes(minutes=1)
    consented.learns("phone1")
    assert consented.told(OTHER_PHONE) == ["offer"]
    consented.reads(IBANS[0], OTHER_PHONE)
    assert not consented.decisions()
    consented.comes_to_rest()


@pytest.mark.parametrize("mode", list(DecisionMode))
def test_a_consent_received_when_the_number_was_no_longer_the_registered_one_is_undone(
    mode: DecisionMode,
) -> None:
    town = Town(Scenario(people=1, mode=mode))
    town.learns("phone0", "title")
    town.passes(minutes=10)
    town.reads("1")
    if mode is DecisionMode.OFFICER:
        town.reads(IBANS[0])
    town.passes(minutes=10)
    town.learns("phone1", ago=timedelta(minutes=15))
    assert town.case().consent is None
    assert "consent_undone" in town.notes()
    assert town.told(OTHER_PHONE) == ["offer"]
    assert [each.reason for each in town.voided()] == (
        ["number_not_registered"] if mode is DecisionMode.OFFICER else []
    )
    town.comes_to_rest()


def test_an_account_received_after_the_number_was_taken_away_is_asked_for_again() -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=10)
    town.reads(IBANS[0])
    town.passes(minutes=10)
    town.learns("phone1", ago=timedelta(minutes=15))
    assert (town.case().account, town.case().consent is not None) == (None, True)
    assert [each.reason for each in town.voided()] == ["number_not_registered"]
    assert town.told(OTHER_PHONE) == ["account"]
    town.comes_to_rest()


def test_a_grant_whose_consent_came_from_a_number_that_was_taken_away_is_questioned(town: Town) -> None:
    town.learns("phone0", "title")
    town.passes(minutes=10)
    town.reads("1")
    town.reads(IBANS[0])
    town.passes(minutes=10)
    town.learns("phone1", ago=timedelta(minutes=15))
    assert town.case().state is State.GRANTED
    assert [each.reason for each in town.questioned()] == ["number_not_registered_at_consent"]


def test_an_older_registration_changes_nothing(asked: Town) -> None:
    asked.learns("phone1", ago=timedelta(days=30))
    assert asked.told(OTHER_PHONE) == []
    assert asked.person().phone == PHONE


def test_the_same_number_again_changes_nothing(asked: Town) -> None:
    asked.passes(hours=1)
    asked.learns("phone0")
    assert asked.told() == ["offer"]
    assert asked.person().phone_as_of == at(22, 11)


def test_undeliverable_ends_the_process_and_a_new_number_goes_on(asked: Town) -> None:
    asked.world.status(asked.world.carrier.api[0], "undelivered", failure="permanent")
    asked.world.settle()
    assert asked.case().reason is EndReason.UNDELIVERABLE
    asked.learns("phone1")
    assert asked.told(OTHER_PHONE) == ["offer"]


def test_a_no_to_the_offer_before_leaves_the_one_that_has_left_since_open_to_a_yes() -> None:
    """The number was another's for a moment, and the "no" of before is read when the new offer leaves."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.world.do(Write(0, "0", late=True))
    town.passes(minutes=1)
    town.hears("no_phone")
    town.hears("phone0")
    town.case_works(count=2)
    while town.world.lines.waiting():
        town.line_works()
    town.world.do(Land(0))
    town.world.settle()
    assert town.case().reason is EndReason.DECLINED
    # By a "1" to the offer before it could not be taken back.
    assert town.told()[-1] == "withdrawn"
    assert town.told().count("offer") == 2
    town.passes(hours=1)
    town.reads("1")
    consent = town.case().consent
    assert consent is not None
    assert consent.question_id == town.case().questions[1].question_id
    town.comes_to_rest()
