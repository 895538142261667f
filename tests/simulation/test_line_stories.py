"""Every turn that a phone line can take."""

from datetime import timedelta

import pytest

from ops.simulation.actions import Publish
from ops.simulation.scenario import IBANS, Scenario, person_id
from rules.states import State
from schemas.deadlines import DeadlineElapsed
from schemas.ids import PersonId, QuestionId
from schemas.questions import (
    Details,
    NoticeKind,
    PersonWithdrawn,
    QuestionClosed,
)
from schemas.values import EndReason
from sms.catalogues import load_texts
from tests.simulation.town import PHONE, Town, at

TEXTS = load_texts()

# Families.


def test_one_question_is_open_and_the_next_waits_behind_it(family: Town) -> None:
    assert family.told() == ["offer"]
    assert "*0015" in family.texts()[0]
    assert family.case(person=1).state is State.OFFER_ASKED


def test_an_answer_belongs_to_the_open_question_and_to_nobody_else(family: Town) -> None:
    family.reads("1")
    assert family.case().consent is not None
    assert family.case(person=1).consent is None
    family.reads(IBANS[0])
    assert family.told() == ["offer", "account", "granted", "offer"]
    assert "*0022" in family.texts()[-1]
    family.reads("0")
    assert family.case(person=1).reason is EndReason.DECLINED
    assert family.case().state is State.GRANTED


def test_the_one_behind_has_the_whole_term_from_its_own_sending(family: Town) -> None:
    family.passes(days=3, hours=23)
    assert family.case().reason is EndReason.NO_REPLY
    assert family.told() == ["offer", "reminder", "no_reply", "offer"]
    assert family.waits_for("term", person=1) == at(30, 0)


def test_a_no_can_be_taken_back_until_the_next_question_is_put(family: Town) -> None:
    family.reads("0")
    assert family.told() == ["offer", "declined", "offer"]
    family.reads("1")
    assert family.case().reason is EndReason.DECLINED
    assert family.case(person=1).consent is not None


def test_a_death_clears_the_line_for_the_others_only(family: Town) -> None:
    family.learns("death")
    assert family.told() == ["offer", "offer"]
    assert "*0022" in family.texts()[-1]


def test_who_waits_behind_and_dies_is_never_asked(family: Town) -> None:
    family.learns("death", person=1)
    family.reads("0")
    family.passes(days=5)
    assert family.told() == ["offer", "declined"]


def test_who_waits_behind_and_is_revoked_or_moves_is_not_asked_here(family: Town) -> None:
    family.learns("phone0", "title", person=2)
    family.learns("revoked", person=1)
    family.learns("phone1", person=2)
    family.reads("0")
    family.passes(days=5)
    assert family.told() == ["offer", "declined"]
    assert family.told("+77471234567") == ["offer", "reminder", "no_reply"]


def test_a_reopened_case_goes_before_those_who_wait(family: Town) -> None:
    family.learns("phone0", "title", person=2)
    family.reaches(family.waits_for("term") - timedelta(milliseconds=1))
    family.world.write(PHONE, "1", late=True)
    family.passes(hours=1)
    family.texts_land()
    current = family.line().current
    assert current is not None
    assert current.person_id == person_id(0)
    assert [question.person_id for question in family.line().waiting] == [person_id(1), person_id(2)]


# Explanations.


def test_three_texts_are_explained_and_the_fourth_is_not(town: Town) -> None:
    town.learns("phone0", "title")
    for text in ("кто это?", "1 или 2", "не знаю", "что?"):
        town.passes(minutes=1)
        town.reads(text)
    assert town.told() == ["offer", *["explanation"] * 3]
    assert town.waits_for("term") == at(26, 0)
    town.reads("1")
    assert town.case().consent is not None


def test_who_answered_but_was_never_understood_was_not_silent(town: Town) -> None:
    town.learns("phone0", "title")
    town.reads("кто это?")
    assert town.notes() == ["not_understood"]
    town.passes(days=5)
    assert town.told() == ["offer", "explanation", "reminder", "not_understood"]
    [ended] = town.endings()
    assert (ended.reason, ended.ended_at) == (EndReason.NOT_UNDERSTOOD, at(26, 0))
    town.comes_to_rest()


def test_what_was_not_understood_at_one_question_is_not_held_against_the_next(town: Town) -> None:
    town.learns("phone0", "title")
    for text in ("?", "2"):
        town.reads(text)
    town.passes(days=5)
    assert town.case().reason is EndReason.NO_REPLY
    town.comes_to_rest()


def test_a_text_in_time_that_is_read_after_the_expiry_and_not_understood_mends_the_ending(town: Town) -> None:
    town.learns("phone0", "title")
    town.world.write(PHONE, "кто это?", late=True)
    town.passes(days=5)
    assert town.case().reason is EndReason.NO_REPLY
    town.texts_land()
    assert [(ended.reason, ended.ended_at) for ended in town.endings()] == [
        (EndReason.NO_REPLY, at(26, 0)),
        (EndReason.NOT_UNDERSTOOD, at(26, 0)),
    ]
    town.comes_to_rest()


def test_each_question_is_explained_anew(town: Town) -> None:
    town.learns("phone0", "title")
    for text in ("?", "?", "?", "2", "?"):
        town.reads(text)
    assert town.told() == ["offer", *["explanation"] * 3, "account", "explanation"]


def test_a_thank_you_after_the_end_gets_nothing(town: Town) -> None:
    town.learns("phone0", "title")
    for text in ("2", IBANS[0], "рахмет"):
        town.reads(text)
    assert town.told() == ["offer", "account", "granted"]
    assert town.notes()[-1] == "answered_after_decision"


def test_a_text_from_a_number_that_was_asked_nothing_is_answered_nothing(town: Town) -> None:
    town.reads("1")
    assert town.told() == []
    town.learns("phone0", "title")
    assert town.told() == ["offer"]


def test_a_text_from_before_the_question_is_no_answer_to_it(town: Town) -> None:
    town.world.write(PHONE, "1", late=True)
    town.passes(seconds=1)
    town.learns("phone0", "title")
    town.texts_land()
    assert town.case().consent is None


# Quiet hours.


@pytest.fixture
def night() -> Town:
    town = Town(Scenario(people=3))
    town.reaches(at(22, 23))
    return town


def test_an_offer_of_the_night_waits_for_the_morning_and_so_does_its_term(night: Town) -> None:
    night.learns("phone0", "title")
    assert night.told() == []
    night.passes(hours=9, minutes=59)
    assert night.told() == []
    night.passes(minutes=1)
    assert night.sent_at() == ["23.07 09:00"]
    assert night.waits_for("term") == at(27, 0)


def test_held_messages_go_out_in_order_in_the_morning(town: Town) -> None:
    town.learns("phone0", "title")
    town.passes(days=3, hours=14)
    town.learns("phone0", "title", person=1)
    town.passes(hours=9)
    assert town.told() == ["offer", "reminder", "no_reply", "offer"]
    assert town.sent_at()[2:] == ["26.07 09:00", "26.07 09:00"]


def test_an_answer_of_the_night_is_answered_at_once(town: Town) -> None:
    town.learns("phone0", "title")
    town.reaches(at(22, 23))
    town.reads("?")
    town.reads("2")
    assert town.sent_at()[1:] == ["22.07 23:00", "22.07 23:00"]


def test_an_answer_passes_what_waits_for_the_morning(town: Town) -> None:
    town.learns("phone0", "title")
    town.reaches(at(22, 22))
    town.learns("applied")
    town.learns("ended")
    town.learns("phone0", "disability", person=1)
    town.reads("1")
    town.passes(hours=12)
    assert town.told() == ["offer", "account"]
    assert town.sent_at()[1] == "22.07 22:00"


def test_what_answers_a_text_of_long_ago_waits_for_the_morning(town: Town) -> None:
    town.learns("phone0", "title")
    town.reaches(at(22, 20))
    town.world.write(PHONE, "2", late=True)
    town.reaches(at(22, 22))
    town.texts_land()
    assert town.told() == ["offer"]
    town.passes(hours=12)
    assert town.sent_at()[1] == "23.07 09:00"


def test_half_an_hour_after_the_text_is_still_at_once(town: Town) -> None:
    town.learns("phone0", "title")
    town.reaches(at(22, 22))
    town.world.write(PHONE, "2", late=True)
    town.reaches(at(22, 22, 30))
    town.texts_land()
    assert town.sent_at()[1] == "22.07 22:30"


def test_without_quiet_hours_everything_goes_out_at_once() -> None:
    town = Town(Scenario(quiet=False))
    town.reaches(at(22, 23))
    town.learns("phone0", "title")
    assert town.sent_at() == ["22.07 23:00"]


# The reminder.


def test_the_reminder_comes_at_ten_on_the_last_full_day_and_moves_nothing(town: Town) -> None:
    town.learns("phone0", "title")
    term = town.waits_for("term")
    town.passes(days=3)
    assert town.sent_at() == ["22.07 10:00", "25.07 10:00"]
    assert "23:59 25.07.2021" in town.texts()[1]
    assert town.waits_for("term") == term
    town.passes(hours=1)
    assert len(town.told()) == 2


def test_who_answered_is_not_reminded(town: Town) -> None:
    town.learns("phone0", "title")
    town.reads("0")
    town.passes(days=3)
    assert town.told() == ["offer", "declined"]


def test_a_reminder_that_comes_when_the_term_is_over_is_not_sent(town: Town) -> None:
    town.learns("phone0", "title")
    reminder = town.waits_for("reminder")
    case = town.case()
    town.reaches(town.waits_for("term"))
    deadline = DeadlineElapsed(deadline=f"{case.case_id}/reminder", version=1, due=reminder)
    town.publishes(deadline)
    assert town.told() == ["offer"]
    assert not town.line().messages


# The carrier.


def test_a_deferred_question_keeps_its_place_and_starts_no_term(town: Town) -> None:
    town.has_an_offer_on_its_way()
    town.world.carry(PHONE, "defer")
    town.works()
    assert town.line().wake_at == town.now + timedelta(seconds=5)
    town.passes(minutes=10)
    assert town.told() == ["offer"]
    assert town.waits_for("term") == at(26, 0)
    assert town.case().questions[0].sent_at == at(22, 10, 0, 5)


def test_an_sms_that_left_although_nobody_knew_is_found_and_its_term_runs_from_its_sending(
    town: Town,
) -> None:
    town.has_an_offer_on_its_way()
    town.world.carry(PHONE, "lose")
    town.works()
    town.reaches(at(22, 10, 0, 3))
    town.world.write(PHONE, "2")
    town.works()
    assert town.case().consent is None
    town.passes(minutes=1)
    assert town.told() == ["offer", "account"]
    assert town.case().questions[0].sent_at == at(22, 10)
    assert town.case().consent is not None


def test_a_message_in_doubt_is_looked_up_again(town: Town) -> None:
    town.has_an_offer_on_its_way()
    town.world.carry(PHONE, "doubt")
    town.works()
    assert town.line().wake_at == town.now + timedelta(minutes=5)
    town.passes(minutes=5)
    assert town.told() == ["offer"]


def test_a_rejected_question_is_undeliverable(town: Town) -> None:
    town.has_an_offer_on_its_way()
    town.world.carry(PHONE, "reject")
    town.world.settle()
    assert town.case().reason is EndReason.UNDELIVERABLE
    assert town.line().current is None


def test_what_is_closed_while_it_is_with_the_carrier_is_not_tried_again(town: Town) -> None:
    town.has_an_offer_on_its_way()
    town.world.do(Publish(0, "death"))
    town.works()
    town.world.carry(PHONE, "defer")
    town.world.settle()
    assert town.told() == []
    assert not town.line().messages


def test_statuses_climb_in_any_order(town: Town) -> None:
    town.learns("phone0", "title")
    offer = town.world.carrier.api[0]
    for status in ("delivered", "sent", "queued", "undelivered", "unheard of"):
        town.world.status(offer, status, failure="permanent")
        town.world.settle()
    assert town.line().deliveries[0].status == "delivered"
    assert town.case().state is State.OFFER_SENT


def test_undeliverable_is_told_once(town: Town) -> None:
    town.learns("phone0", "title")
    for status in ("undelivered", "failed", "undelivered"):
        town.world.status(town.world.carrier.api[0], status, failure="permanent")
        town.world.settle()
    assert town.notes() == ["undeliverable"]


def test_a_passing_failure_ends_nothing_and_its_term_starts_with_the_next_sending(town: Town) -> None:
    town.learns("phone0", "title")
    town.world.status(town.world.carrier.api[0], "undelivered")
    town.world.settle()
    assert town.case().state is State.OFFER_ASKED
    town.passes(minutes=15)
    assert town.told() == ["offer", "offer"]
    assert town.case().state is State.OFFER_SENT
    question = town.case().question
    assert question is not None
    assert question.sent_at == town.now


def test_a_notice_that_does_not_arrive_changes_no_case(town: Town) -> None:
    town.learns("phone0", "title")
    town.reads("0")
    town.world.status(town.world.carrier.api[-1], "undelivered", failure="permanent")
    town.world.settle()
    assert town.case().reason is EndReason.DECLINED


def test_a_status_that_overtakes_the_carrier_is_read_when_its_report_comes(town: Town) -> None:
    town.has_an_offer_on_its_way()
    town.world.carry(PHONE, "die")
    town.world.status(town.world.carrier.api[0], "undelivered", failure="permanent")
    town.world.settle()
    assert town.case().reason is EndReason.UNDELIVERABLE


# What makes no sense.


def test_what_the_line_does_not_know_changes_nothing(town: Town) -> None:
    town.learns("phone0", "title")
    before = town.line()
    strange = [
        QuestionClosed(question_id=QuestionId("unknown"), phone=PHONE, closed_at=town.now),
        PersonWithdrawn(person_id=PersonId("nobody"), phone=PHONE, at=town.now),
        DeadlineElapsed(deadline="wake", version=77, due=town.now),
    ]
    for event in strange:
        town.world.lines.post(PHONE, town.world.event("urn:test", event), town.now)
        town.world.settle()
        assert town.line().with_(requested=before.requested) == before, event.name


def test_every_notice_kind_has_its_text(town: Town) -> None:
    for kind in NoticeKind:
        assert TEXTS.notice(kind, None, Details(iin_tail="0015", until=town.now))


def has_an_offer_that_an_operator_says_was_not_sent(town: Town) -> None:
    """It was in doubt, and is with the carrier once more."""
    town.has_an_offer_on_its_way()
    town.world.carry(PHONE, "doubt")
    town.works()
    assert town.world.settle_doubt(0)
    town.works()


def test_an_operator_says_that_a_message_in_doubt_was_not_sent_and_it_is_sent_once(town: Town) -> None:
    has_an_offer_that_an_operator_says_was_not_sent(town)
    town.world.carry(PHONE, "accept")
    town.world.settle()
    assert town.told() == ["offer"]
    assert town.case().questions[0].sent_at == town.now
    assert not town.world.settle_doubt(0)


def test_what_left_after_an_operators_word_is_not_taken_for_unsent(town: Town) -> None:
    has_an_offer_that_an_operator_says_was_not_sent(town)
    # All at the instant of the doubt, and the carrier's answer is lost.
    town.world.carry(PHONE, "lose")
    town.works()
    town.reaches(town.now + timedelta(minutes=1))
    town.world.ring()
    town.works()
    town.world.carry(PHONE, "accept")
    town.world.settle()
    assert town.told() == ["offer"]


def test_an_operator_says_when_a_message_in_doubt_was_sent_and_its_term_runs_from_then(town: Town) -> None:
    town.has_an_offer_on_its_way()
    town.world.carry(PHONE, "lose")
    town.works()
    sent_at = town.now
    town.reaches(town.now + timedelta(minutes=1))
    town.world.ring()
    town.works()
    town.world.carry(PHONE, "doubt")
    town.works()
    town.reaches(town.now + timedelta(hours=2))
    assert town.world.settle_doubt(0)
    town.works()
    assert town.case().questions[0].sent_at == sent_at
    town.reads("2")
    assert town.told() == ["offer", "account"]
    assert town.case().consent is not None
    town.passes(minutes=10)
    assert town.told() == ["offer", "account"]
