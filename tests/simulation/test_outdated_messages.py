"""Messages that wait for the morning, or are sent again, when something newer has happened."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from ops.simulation import office
from ops.simulation.actions import ServiceAct
from ops.simulation.scenario import IBANS, IINS, Scenario
from rules.policy import DecisionMode, Policy
from rules.states import State
from schemas.registry import DisabilityEstablished
from schemas.values import EndReason
from tests.simulation.town import PHONE, Town, at


@dataclass(frozen=True, slots=True)
class Inviting(Scenario):
    """Who has no right to an offer is told where to apply."""

    @property
    def policy(self) -> Policy:
        return replace(Scenario(people=self.people).policy, invited_by_sms=True)


def undelivered(town: Town, *numbers: int) -> None:
    for number in numbers:
        town.world.status(town.world.carrier.api[number], "undelivered")
    town.world.settle()


def test_who_takes_a_no_back_at_night_is_asked_before_a_relative(family: Town) -> None:
    family.reaches(at(22, 22))
    family.reads("0")
    family.passes(minutes=1)
    family.reads("1")
    assert family.told() == ["offer", "declined", "account"]
    family.reads(IBANS[0])
    assert family.case().state is State.GRANTED
    family.passes(hours=12)
    assert family.told() == ["offer", "declined", "account", "granted", "offer"]
    assert family.case(person=1).state is State.OFFER_SENT
    family.comes_to_rest()


def test_how_to_take_a_no_back_is_not_said_again_once_a_relative_is_asked(family: Town) -> None:
    family.reads("0")
    family.passes(minutes=1)
    undelivered(family, 1)
    family.passes(hours=12)
    assert family.told() == ["offer", "declined", "offer"]
    family.comes_to_rest()


def test_it_is_said_again_while_nobody_else_is_asked() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reads("0")
    undelivered(town, 1)
    town.passes(hours=1)
    assert town.told() == ["offer", "declined", "declined"]
    town.comes_to_rest()


def test_until_when_a_no_may_be_taken_back_is_not_said_after_that() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reaches(at(25, 23, 50))
    town.reads("0")
    town.passes(minutes=2)
    undelivered(town, -1)
    town.passes(hours=12)
    assert town.told().count("declined") == 1
    town.comes_to_rest()


def test_a_record_that_was_revoked_in_error_at_night_is_not_told_to_be_revoked(asked: Town) -> None:
    asked.reaches(at(22, 22))
    asked.learns("revoked")
    asked.passes(minutes=30)
    asked.learns("restored")
    asked.passes(hours=12)
    assert asked.told() == ["offer", "offer"]
    asked.comes_to_rest()


def test_nor_is_that_sent_again_behind_the_new_offer(asked: Town) -> None:
    asked.learns("revoked")
    asked.passes(hours=1)
    asked.learns("restored")
    undelivered(asked, 1, 2)
    asked.passes(hours=1)
    assert asked.told() == ["offer", "revoked", "offer", "offer"]
    asked.comes_to_rest()


@pytest.mark.parametrize("then", ["0", "ended"])
def test_a_hearing_that_is_over_by_the_morning_is_not_told(then: str) -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.reaches(at(22, 22))
    town.learns("applied", ago=timedelta(days=1))
    assert town.case().state is State.AWAITING_HEARING
    town.passes(minutes=5)
    if then == "0":
        town.reads("0")
        assert town.case().reason is EndReason.WITHDRAWN
    else:
        town.learns(then)
    town.passes(hours=12)
    assert "hearing" not in town.told()
    town.comes_to_rest()


def test_a_hearing_is_told_in_the_morning_beside_an_extension() -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.reaches(at(22, 22))
    town.learns("applied", ago=timedelta(days=1))
    town.publishes(office.extended(town.drafts()[-1], town.now.date() + timedelta(days=20)))
    town.passes(hours=12)
    assert town.told() == ["offer", "account", "hearing", "term_extended"]
    town.comes_to_rest()


@pytest.mark.parametrize("act", [None, "shadow", "pause", "pilot_share"])
def test_nobody_is_told_where_to_apply_while_offers_wait(act: ServiceAct | None) -> None:
    town = Town(Inviting(people=1))
    town.learns("phone0")
    if act:
        town.world.act(office.on_service(act, 0))
        town.world.settle()
    town.publishes(
        DisabilityEstablished(
            iin=IINS[0],
            certificate_id="c",
            established_on=town.now.date(),
            group="2",
            legal_ground="7",
            first_time=False,
        )
    )
    town.passes(hours=1)
    assert town.told() == ([] if act else ["manual_route"])
    town.comes_to_rest()


def test_that_a_no_has_come_is_told_after_its_term_as_well_if_it_was_not_told_before() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reaches(at(25, 23, 59, 57))
    town.world.write(PHONE, "0")
    town.works()
    town.world.carry(PHONE, "defer")
    town.works()
    town.passes(hours=20)
    assert town.told() == ["offer", "declined"]
    town.comes_to_rest()


def test_an_offer_that_waits_to_be_sent_again_keeps_its_place(family: Town) -> None:
    """Its number had opted out. It has another id by then, by which the carrier knows it."""
    family.world.write(PHONE, "0")
    family.works()
    family.world.carry(PHONE)
    family.works()
    while family.world.carrier.waiting():
        family.world.carry(PHONE, "opt_out")
        family.works()
    family.passes(minutes=5)
    family.reads("1")
    family.passes(days=1)
    assert family.case(person=1).state is State.OFFER_SENT
    family.passes(days=5)
    assert family.case(person=1).reason is EndReason.NO_REPLY
    assert family.told()[-1] == "account"
    family.comes_to_rest()
