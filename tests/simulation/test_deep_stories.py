"""What half a million seeds found: the shortest story of each, told in steps that no generator makes.

A worker dies after its effects left and before its table was written; its clock lags; a question goes to the
carrier and comes back.
"""

from datetime import timedelta

import pytest

from ops.simulation.actions import Carry, Crash, Office, Operate
from ops.simulation.scenario import Scenario, person_id
from rules.states import State
from schemas.messages import SentTimeWanted
from schemas.values import EndReason
from tests.simulation.town import OTHER_PHONE, PHONE, Town, at

LEFT_UNWRITTEN = Crash(wrote=False, sent=9)
LAG = timedelta(seconds=2.5)


def town_whose_offer_left_unwritten(hour: int, minute: int, outcome: str) -> Town:
    """The offer was handed over and taken, and the worker died before it could write that down."""
    town = Town()
    town.reaches(at(22, hour, minute))
    town.hears("phone0")
    town.hears("title")
    town.case_works(count=2)
    town.line_works(crash=LEFT_UNWRITTEN)
    town.world.carry(PHONE, outcome)
    return town


def declines(family: Town) -> None:
    """The first says no; the confirmation is with the carrier, and the next offer waits behind it."""
    family.world.write(PHONE, "0")
    family.line_works()
    family.case_works()
    family.line_works(count=2)


# An offer that left before its worker died, and the night.


@pytest.mark.parametrize("outcome", ["lose", "die"])
def test_an_answer_to_an_offer_that_no_table_knows_to_have_left_counts(outcome: str) -> None:
    town = town_whose_offer_left_unwritten(20, 59, outcome)
    town.reaches(at(23, 2, 5))
    town.world.write(PHONE, "1")
    town.comes_to_rest()
    consent, offer = town.case().consent, town.case().offer
    assert consent is not None
    assert offer is not None
    assert (consent.received_at, offer.sent_at) == (at(23, 2, 5), at(22, 20, 59))
    assert town.told()[:2] == ["offer", "account"]


def test_what_no_worker_had_sent_by_nightfall_still_waits_for_the_morning() -> None:
    town = Town()
    town.reaches(at(22, 20, 59))
    town.hears("phone0")
    town.hears("title")
    town.case_works(count=2)
    town.reaches(at(22, 21, 30))
    town.world.settle()
    assert town.told() == []
    town.passes(hours=12)
    assert town.sent_at() == ["23.07 09:00"]


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
    town = Town(Scenario(people=1))
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
    records = town.world.carrier.inboxes[PHONE].records
    events = [record.event for record in records if record.event]
    asked = {(event.id, event.data.sid) for event in events if isinstance(event.data, SentTimeWanted)}
    assert len({id_ for id_, _ in asked}) == len(asked)
    assert all(delivery.told for delivery in town.line().deliveries[:2])


# A question that has gone to the carrier and comes back.


@pytest.mark.parametrize("lag", [timedelta(0), LAG])
def test_a_text_is_no_answer_to_a_question_that_surely_never_left(family: Town, lag: timedelta) -> None:
    """The second offer lies with the carrier until it is stale; its person has left the number."""
    family.hears("death")
    family.case_works()
    family.line_works(lag=lag)
    family.reaches(at(22, 10, 10))
    family.world.write(PHONE, "1")
    family.hears("no_phone", person=1)
    family.world.settle()
    assert family.told() == ["offer"]
    assert family.notes()[-1] == "answered_after_deceased"
    assert family.case(person=1).reason is EndReason.PHONE_NOT_REGISTERED
    assert not any("answered" in note for note in family.notes(person=1))
    family.comes_to_rest()


def test_a_text_that_came_while_a_question_may_have_left_is_held_until_that_is_known(family: Town) -> None:
    declines(family)
    family.world.carry(PHONE)
    family.line_works()
    family.world.carry(PHONE, "doubt")
    family.world.write(PHONE, "1")
    family.line_works(count=9)
    assert len(family.line().held_texts) == 1


def test_a_no_is_taken_back_at_once_while_the_next_question_surely_has_not_left(family: Town) -> None:
    declines(family)
    family.world.carry(PHONE)
    family.line_works()
    family.world.carry(PHONE, "defer")
    family.world.write(PHONE, "1")
    family.works()
    assert family.told() == ["offer", "declined"]
    assert family.case().state is State.ACCOUNT_ASKED
    family.comes_to_rest()


def test_what_may_have_left_takes_answers_from_when_a_worker_that_died_had_it_tried(family: Town) -> None:
    """The second offer left at 10:01, unwritten; it is handed over once more at 10:20, and then given up."""
    declines(family)
    family.world.carry(PHONE)
    family.reaches(at(22, 10, 1))
    family.line_works(crash=LEFT_UNWRITTEN)
    family.world.carry(PHONE, "lose")
    family.reaches(at(22, 10, 5))
    family.world.write(PHONE, "1")
    family.reaches(at(22, 10, 20))
    family.hears("no_phone", person=1)
    family.world.settle()
    assert family.case().reason is EndReason.DECLINED
    assert family.case(person=1).consent is not None
    family.comes_to_rest()


# A person who writes often.


def test_the_first_of_many_answers_counts_when_the_term_moves_to_it() -> None:
    town = Town(Scenario(held=timedelta(hours=30)))
    town.learns("phone0", "title")
    town.reaches(at(26, 1))
    for _ in range(12):
        town.world.write(PHONE, "1")
        town.world.now += timedelta(hours=20)
    town.world.status(town.world.carrier.api[0], "sent")
    town.comes_to_rest()
    assert town.case().consent is not None


def test_whoever_reads_a_no_again_after_the_offers_term_says_the_same_again() -> None:
    town = Town()
    town.learns("phone0", "title")
    town.reads("1")
    town.world.write(PHONE, "СТОП")
    town.line_works()
    town.case_works(crash=LEFT_UNWRITTEN)
    town.reaches(at(27, 1))
    town.comes_to_rest()
    assert town.case().reason is EndReason.WITHDRAWN


# What the carrier tells again.


def test_a_refusal_that_is_told_again_settles_no_doubt_about_a_later_sending(town: Town) -> None:
    town.hears("phone0")
    town.hears("title")
    town.case_works(count=2)
    inbox = town.world.lines.inboxes[PHONE]
    asked = inbox.records[0]
    town.line_works()
    town.world.carry(PHONE, "opt_out")
    town.line_works()
    town.reaches(at(23, 9))
    town.world.ring()
    town.line_works(crash=LEFT_UNWRITTEN)
    town.world.write(PHONE, "1")
    town.world.carry(PHONE, "doubt")
    town.world.ring()
    town.world.settle()
    inbox.repeat(asked, town.now)
    town.line_works()
    town.hears("phone1")
    town.comes_to_rest()
    assert town.notes()[0] == "answered_from_a_former_number"
    assert town.told(OTHER_PHONE)[0] == "offer"


# A worker whose clock lags, and the registry's own times.


@pytest.mark.parametrize("lags", [True, False])
def test_a_clock_that_lags_makes_no_word_of_a_registry_younger_than_the_next(
    town: Town,
    lags: bool,  # noqa: FBT001
) -> None:
    town.hears("phone0")
    town.hears("revoked")
    town.world.batch(town.world.cases, person_id(0), 2, None, town.now - (LAG if lags else timedelta(0)))
    town.learns("title")
    assert town.case().reason is EndReason.REVOKED


def test_a_text_of_the_instant_at_which_two_workers_hand_over_may_answer_either_question(town: Town) -> None:
    town.reaches(at(22, 22))
    town.learns("phone0", "title")
    town.reaches(at(23, 9))
    town.world.write(PHONE, "2", late=True)
    town.world.ring()
    town.world.now += timedelta(milliseconds=1)
    town.line_works(crash=LEFT_UNWRITTEN)
    town.line_works(lag=LAG)
    town.texts_land()
    town.comes_to_rest()


# What was refused, by a worker that died over the next record.


def test_what_a_case_refused_is_refused_again_though_it_goes_on_by_then() -> None:
    town = Town()
    town.hears("title")
    town.world.settle()
    assert town.case().state is State.ENDED
    town.world.do(Operate(0, "hold"))
    town.hears("phone0")
    # The dead letter of the hold left, and nothing of what the phone led to; all is in the table.
    town.case_works(count=2, crash=Crash(wrote=True, sent=1))
    town.world.settle()
    assert town.told() == ["offer"]
    assert town.case().state is State.OFFER_SENT
    town.comes_to_rest()


def test_a_purged_case_that_waits_for_operators_is_ended_with_the_iin_that_it_waited_with() -> None:
    town = Town(Scenario(kept=timedelta(days=4)))
    town.learns("title")
    town.passes(days=5)
    assert town.case().purged_at
    town.world.do(Operate(1, "pause"))
    town.learns("phone0")
    assert town.case().withheld
    # The world demands that nothing raises: the ending's document could not be written without an IIN.
    town.world.do(Office(0, "manual_route"))
    town.world.settle()
    assert town.case().reason is EndReason.MANUAL_ROUTE
    assert town.person().iin is None
