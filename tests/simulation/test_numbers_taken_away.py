"""A number that was taken away, or given, at a bad moment: what was done for it is undone (R2)."""

import pytest

from ops.simulation.scenario import IBANS, IINS, Scenario
from rules.policy import DecisionMode
from rules.states import State
from schemas.messages import Failure
from schemas.portal import PhoneRegistered
from schemas.values import EndReason
from tests.simulation.town import OTHER_PHONE, PHONE, Town


@pytest.fixture
def hero() -> Town:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    return town


def moves(town: Town, hours_ago: float, to: str | None = OTHER_PHONE) -> None:
    """The portal tells late that another number was registered, or none."""
    now = town.now
    town.passes(hours=hours_ago)
    town.publishes(PhoneRegistered(iin=IINS[0], phone=to, registered_at=now))


@pytest.mark.parametrize("consented", [False, True])
def test_a_no_of_who_has_the_number_now_is_undone(hero: Town, *, consented: bool) -> None:
    if consented:
        hero.reads("1")
    hero.passes(hours=1)
    taken_away = hero.now
    hero.passes(hours=1)
    hero.reads("0")
    assert hero.case().reason in (EndReason.DECLINED, EndReason.WITHDRAWN)
    hero.passes(hours=1)
    hero.publishes(PhoneRegistered(iin=IINS[0], phone=OTHER_PHONE, registered_at=taken_away))
    assert hero.case().state is State.OFFER_SENT
    assert hero.told(OTHER_PHONE) == ["offer"]
    assert "refusal_undone" in hero.notes()
    hero.comes_to_rest()


def test_so_is_one_that_had_a_draft_void() -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.reads(IBANS[0])
    taken_away = town.now
    town.passes(hours=1)
    town.reads("0")
    town.publishes(PhoneRegistered(iin=IINS[0], phone=OTHER_PHONE, registered_at=taken_away))
    assert town.told(OTHER_PHONE) == ["offer"]
    town.comes_to_rest()


def test_a_no_that_the_person_said_before_that_stands(hero: Town) -> None:
    hero.reads("0")
    hero.passes(hours=1)
    taken_away = hero.now
    hero.passes(hours=1)
    hero.reads("нет")
    hero.publishes(PhoneRegistered(iin=IINS[0], phone=OTHER_PHONE, registered_at=taken_away))
    assert hero.case().reason is EndReason.DECLINED
    assert hero.told(OTHER_PHONE) == []
    hero.comes_to_rest()


@pytest.mark.parametrize("to", [OTHER_PHONE, None])
def test_the_silence_of_a_number_that_was_changed_within_the_term_is_none(hero: Town, to: str | None) -> None:
    hero.passes(days=2)
    moves(hero, hours_ago=72, to=to)
    if to is None:
        assert hero.case().reason is EndReason.PHONE_NOT_REGISTERED
        hero.learns("phone1")
    assert hero.case().state is State.OFFER_SENT
    assert hero.told(OTHER_PHONE) == ["offer"]
    hero.comes_to_rest()


def test_the_silence_of_a_number_that_was_changed_after_the_term_stays_one(hero: Town) -> None:
    hero.passes(days=5)
    moves(hero, hours_ago=1)
    assert hero.case().reason is EndReason.NO_REPLY
    assert hero.told(OTHER_PHONE) == []
    hero.comes_to_rest()


@pytest.mark.parametrize("failure", ["permanent", "passing"])
def test_who_has_another_number_by_the_report_is_asked_there(hero: Town, failure: Failure) -> None:
    hero.passes(days=5)
    hero.learns("phone1")
    assert hero.case().reason is EndReason.NO_REPLY
    hero.world.status(hero.world.carrier.api[0], "undelivered", failure=failure)
    hero.world.settle()
    assert hero.told(OTHER_PHONE) == ["offer"]
    hero.comes_to_rest()


def test_on_the_same_number_it_stays_undeliverable(hero: Town) -> None:
    hero.passes(days=5)
    hero.world.status(hero.world.carrier.api[0], "undelivered", failure="permanent")
    hero.world.settle()
    assert hero.case().reason is EndReason.UNDELIVERABLE
    hero.comes_to_rest()


@pytest.mark.parametrize("ended", [EndReason.PHONE_NOT_REGISTERED, EndReason.UNDELIVERABLE])
def test_a_number_that_is_registered_while_its_holder_is_wrongly_dead_is_asked(ended: EndReason) -> None:
    town = Town(Scenario(people=1))
    if ended is EndReason.UNDELIVERABLE:
        town.learns("phone0", "title")
        town.world.status(town.world.carrier.api[0], "undelivered", failure="permanent")
        town.world.settle()
    else:
        town.learns("title")
    assert town.case().reason is ended
    town.passes(hours=1)
    town.learns("death")
    town.learns("phone1")
    assert town.told(OTHER_PHONE) == []
    town.learns("annulled")
    assert town.told(OTHER_PHONE) == ["offer"]
    assert town.case().state is State.OFFER_SENT
    town.comes_to_rest()


@pytest.mark.parametrize("taken_away", [True, False])
def test_a_grant_to_an_account_of_a_number_that_was_taken_away_is_questioned(
    hero: Town, *, taken_away: bool
) -> None:
    hero.reads("1")
    hero.passes(hours=2)
    before = hero.now
    hero.passes(hours=1)
    hero.reads(IBANS[0])
    assert hero.case().state is State.GRANTED
    hero.passes(hours=1)
    at = before if taken_away else hero.now
    hero.publishes(PhoneRegistered(iin=IINS[0], phone=None, registered_at=at))
    assert [each.reason for each in hero.questioned()] == ["number_not_registered_at_consent"] * taken_away
    assert hero.told(PHONE) == ["offer", "account", "granted"]
    hero.comes_to_rest()


@pytest.mark.parametrize("between", [None, "+79161234567"])
def test_a_number_that_was_not_reached_is_asked_when_it_is_given_back(
    hero: Town, between: str | None
) -> None:
    hero.world.status(hero.world.carrier.api[0], "undelivered", failure="permanent")
    hero.world.settle()
    assert hero.case().reason is EndReason.UNDELIVERABLE
    for number in (between, PHONE):
        hero.passes(days=30)
        hero.publishes(PhoneRegistered(iin=IINS[0], phone=number, registered_at=hero.now))
    assert hero.case().state is State.OFFER_SENT
    hero.comes_to_rest()
