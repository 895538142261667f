"""What half a million seeds found: the shortest story of each, told in steps that no generator makes.

A worker dies after its effects left and before its table was written.
"""

from datetime import timedelta

import pytest

from ops.simulation.moves import Carry, Crash
from ops.simulation.town import Setting
from schemas.sms import SentTimeWanted
from tests.simulation.town import PHONE, Town, at

LEFT_UNWRITTEN = Crash(wrote=False, sent=9)


@pytest.fixture
def family(town: Town) -> Town:
    """Two heroes with one phone; the first has been asked, the second waits behind."""
    for person in (0, 1):
        town.learns("phone0", "title", person=person)
    return town


def town_whose_offer_left_unwritten(hour: int, minute: int, outcome: str) -> Town:
    """The offer was handed over and taken, and the worker died before it could write that down."""
    town = Town()
    town.reaches(at(15, hour, minute))
    town.hears("phone0")
    town.hears("title")
    town.case_works(count=2)
    town.line_works(crash=LEFT_UNWRITTEN)
    town.world.carry(PHONE, outcome)
    return town


# An offer that left before its worker died, and the night.


@pytest.mark.parametrize("outcome", ["lose", "die"])
def test_an_answer_to_an_offer_that_no_table_knows_to_have_left_counts(outcome: str) -> None:
    town = town_whose_offer_left_unwritten(20, 59, outcome)
    town.reaches(at(16, 2, 5))
    town.world.write(PHONE, "1")
    town.comes_to_rest()
    consent = town.case().consent
    assert consent is not None
    assert (consent.received_at, consent.offer.sent_at) == (at(16, 2, 5), at(15, 20, 59))
    assert town.told()[:2] == ["offer", "account"]


def test_what_no_worker_had_sent_by_nightfall_still_waits_for_the_morning() -> None:
    town = Town()
    town.reaches(at(15, 20, 59))
    town.hears("phone0")
    town.hears("title")
    town.case_works(count=2)
    town.reaches(at(15, 21, 30))
    town.world.settle()
    assert town.told() == []
    town.passes(hours=12)
    assert town.sent_at() == ["16.07 09:00"]


def test_a_reminder_that_is_read_after_its_term_is_not_sent(family: Town) -> None:
    family.reaches(family.waits_for("reminder"))
    family.world.ring()
    family.case_works()
    family.reaches(family.waits_for("term") + timedelta(hours=10))
    family.line_works()
    family.comes_to_rest()
    assert "reminder" not in family.told()[:2]


# A worker that takes over does what the one before it did.


def test_a_case_is_told_when_its_question_was_sent_although_a_worker_died_over_another() -> None:
    """The second message's inquiry left with a worker that died; when it is made again the first is due."""
    town = Town(Setting(people=1))
    town.learns("phone0", "disability")
    first = town.world.carrier.api[0]
    town.world.status(first, "delivered")
    town.line_works()
    town.world.do(Carry(0, "defer"))
    town.reads("1")
    town.world.status(town.world.carrier.api[1], "delivered")
    town.line_works(crash=LEFT_UNWRITTEN)
    town.reaches(town.now + timedelta(seconds=15))
    town.comes_to_rest()
    letters = town.world.carrier.inboxes[PHONE].letters
    asked = {(letter.id, letter.data.sid) for letter in letters if isinstance(letter.data, SentTimeWanted)}
    assert len({id_ for id_, _ in asked}) == len(asked)
    assert all(delivery.told for delivery in town.line().deliveries[:2])
