"""Terms by the carrier's own sent time, in whole towns: the SMS API takes its time, and tells when asked."""

from datetime import timedelta
from typing import Any

import pytest

from ops.simulation.actions import Carry
from ops.simulation.scenario import IBANS, Scenario
from rules import delivery as sending
from rules import evidence, lifecycle, turn
from rules.person import Question
from rules.policy import StandIns
from rules.states import State
from schemas.evidence import QuestionEvidence
from schemas.messages import SentTimeWanted
from schemas.questions import QuestionAnswered, QuestionSentTime
from schemas.values import EndReason
from sms.conversation import sent_time_inquiry as inquiries
from tests.simulation.test_seeds import first_failure
from tests.simulation.town import PHONE, Town, at

NIGHT = timedelta(hours=9)
DAYS = timedelta(hours=100)


def town_where_it_takes(held: timedelta, *, reports: bool = True) -> Town:
    town = Town(Scenario(people=3, held=held, reports=reports))
    town.learns("phone0", "title")
    return town


def inquiries_of(town: Town) -> int:
    records = town.world.carrier.inboxes[PHONE].records
    return sum(isinstance(record.data, SentTimeWanted) for record in records)


def test_the_term_starts_and_ends_with_the_sending() -> None:
    """Accepted at 20:00 and sent at 05:00: that is another day."""
    town = Town(Scenario(held=NIGHT, reports=True))
    town.reaches(at(22, 20))
    town.learns("phone0", "title")
    assert town.waits_for("term") == at(26, 0)
    town.passes(hours=10)
    assert town.waits_for("term") == at(26, 0)
    town.rings()
    assert town.case().questions[0].sent_at == at(23, 5)
    assert (town.waits_for("term"), town.waits_for("reminder")) == (at(27, 0), at(26, 10))
    town.passes(days=4, hours=4)
    assert town.told() == ["offer", "reminder", "no_reply"]
    assert "23:59 26.07.2021" in town.texts()[1]
    [ending] = town.endings()
    assert (ending.reason, ending.ended_at) == ("no_reply", at(27, 0))
    town.comes_to_rest()


def test_however_often_and_in_whatever_order_it_reports_there_is_one_move() -> None:
    town = town_where_it_takes(NIGHT, reports=False)
    town.passes(hours=10)
    offer = town.world.carrier.api[0]
    for status in ("delivered", "queued", "sent", "sent", "delivered", "undelivered"):
        town.world.status(offer, status)
        town.world.settle()
    assert inquiries_of(town) == 1
    assert town.notes() == ["sent_later"]
    assert town.case().questions[0].sent_at == at(22, 19)


def test_a_sending_right_after_the_acceptance_moves_nothing() -> None:
    town = town_where_it_takes(timedelta(0))
    assert inquiries_of(town) == 1
    assert town.notes() == []
    assert town.waits_for("term") == at(26, 0)


def test_where_it_can_not_be_asked_the_acceptance_stands() -> None:
    town = town_where_it_takes(NIGHT, reports=False)
    town.passes(hours=10)
    town.world.status(town.world.carrier.api[0], "sent")
    town.works()
    for attempt in range(7):
        if attempt:
            town.world.now = max(town.now, town.line().wake_at or town.now)
            town.world.ring()
            town.works()
        assert town.world.carrier.waiting() == [PHONE]
        town.world.do(Carry(0, "defer"))
        town.works()
    assert town.world.carrier.waiting() == []
    assert (inquiries_of(town), town.notes()) == (7, [])
    assert town.case().questions[0].sent_at == at(22, 10)


def test_an_answer_before_the_sent_time_is_known_counts_and_its_evidence_is_mended() -> None:
    town = town_where_it_takes(NIGHT, reports=False)
    town.passes(hours=10)
    town.reads("2")
    town.world.status(town.world.carrier.api[0], "delivered")
    town.world.settle()
    town.reads(IBANS[0])
    [decision] = town.decisions()
    assert decision.evidence.questions[0].sent_at == at(22, 19)
    town.comes_to_rest()


def test_an_answer_to_what_was_held_back_for_longer_than_a_term_counts() -> None:
    town = town_where_it_takes(DAYS)
    town.passes(days=4)
    assert town.case().reason is EndReason.NO_REPLY
    town.passes(hours=5)
    town.rings()
    assert town.case().reason is EndReason.NO_REPLY
    assert town.notes()[-1] == "sent_later"
    town.reads("2")
    assert town.case().state in {State.ACCOUNT_ASKED, State.ACCOUNT_SENT}
    town.reads(IBANS[0])
    assert [decision.outcome for decision in town.decisions()] == ["granted"]
    assert len(town.endings()) == 1
    town.comes_to_rest()


def test_an_answer_that_was_told_to_be_late_counts_as_soon_as_it_was_not() -> None:
    town = town_where_it_takes(DAYS, reports=False)
    town.passes(days=4, hours=5)
    town.reads("2")
    assert town.told()[-1] == "answered_late"
    town.world.status(town.world.carrier.api[0], "delivered")
    town.world.settle()
    assert town.told()[-1] == "account"
    assert town.notes()[-2:] == ["sent_later", "accepted"]
    town.comes_to_rest()


def test_a_no_that_was_taken_back_late_is_taken_back_once_the_offer_is_told_to_have_left_later() -> None:
    town = town_where_it_takes(DAYS, reports=False)
    town.reads("1")
    town.passes(days=1)
    town.reads("0")
    town.passes(days=3, hours=5)
    town.reads("1")
    assert (town.case().reason, town.notes()[-1]) == (EndReason.WITHDRAWN, "answered_late")
    town.world.status(town.world.carrier.api[0], "sent")
    town.world.settle()
    consent = town.case().consent
    assert consent is not None
    assert consent.received_at == at(26, 15)
    town.comes_to_rest()


def test_an_account_with_a_no_behind_it_decides_nothing_once_both_turn_out_to_be_in_time() -> None:
    town = town_where_it_takes(DAYS, reports=False)
    town.reads("1")
    town.passes(days=4, hours=5)
    town.reads(IBANS[0])
    town.passes(minutes=1)
    town.reads("0")
    assert town.case().reason is EndReason.NO_REPLY
    town.world.status(town.world.carrier.api[1], "sent")
    town.world.settle()
    assert (town.case().reason, town.decisions()) == (EndReason.WITHDRAWN, [])
    town.comes_to_rest()


def test_an_answer_after_the_moved_term_is_late() -> None:
    town = town_where_it_takes(DAYS)
    town.passes(days=9)
    town.rings()
    town.reads("2")
    assert town.case().reason is EndReason.NO_REPLY
    assert town.notes()[-1] == "answered_late"
    town.comes_to_rest()


def test_nobody_has_to_answer_what_was_held_back() -> None:
    town = town_where_it_takes(DAYS)
    town.comes_to_rest()
    assert town.case().reason is EndReason.NO_REPLY
    assert len(town.endings()) == 1


# What the simulation notices.


def test_a_term_that_does_not_move_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: dict[Any, Any] = {**lifecycle._HANDLERS, QuestionSentTime: lambda *_: None}
    monkeypatch.setattr(lifecycle, "_HANDLERS", handlers)
    failure = first_failure(50)
    assert failure is not None
    assert failure.promise in {
        "a term starts with the sending",
        "the evidence tells when the offer was sent",
    }


def test_a_sent_time_that_nobody_asks_for_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiries, "may_ask", lambda *_: False)
    failure = first_failure(50)
    assert failure is not None
    assert failure.promise == "the case is told when its question was sent"


def test_evidence_of_another_sending_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = evidence._question

    def a_day_early(question: Question, stand_ins: StandIns) -> QuestionEvidence:
        told = real(question, stand_ins)
        return told.with_(sent_at=told.sent_at - timedelta(days=1))

    monkeypatch.setattr(evidence, "_question", a_day_early)
    failure = first_failure(50)
    assert failure is not None
    assert failure.promise == "the evidence tells when the offer was sent"


def test_a_timely_answer_that_is_forgotten_as_late_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(made: turn.Turn, answer: QuestionAnswered) -> None:
        """Nothing is made of an answer that was late at first."""

    monkeypatch.setattr(sending, "take", forgetful)
    failure = first_failure(1000)
    assert failure is not None
    assert failure.promise == "a timely answer always counts"
