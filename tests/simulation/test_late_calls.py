"""A text of which a call tells late, and the SMS API's list when it was written: the earlier counts."""

from datetime import timedelta

import pytest

from ops.simulation.actions import Crash, Land
from ops.simulation.scenario import IBANS, Scenario, person_id
from rules.policy import DecisionMode
from rules.states import State
from schemas.messages import MessageReceived
from schemas.values import EndReason
from tests.simulation.town import PHONE, Town, at

SECOND = timedelta(seconds=1)
END = at(26, 0)
"""When the term of an offer of the 22nd is over."""


@pytest.fixture
def asked() -> Town:
    """A hero was offered at ten of the 22nd, and it is two seconds to the end of the term."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    assert town.waits_for("term") == END
    town.passes(days=3, hours=13, minutes=59, seconds=58)
    return town


def test_a_consent_in_time_whose_call_comes_late_counts_once_the_list_tells_it(asked: Town) -> None:
    asked.writes("1")
    asked.passes(seconds=4)
    asked.lands()
    assert asked.case().reason is EndReason.NO_REPLY
    assert asked.told()[-1] in ("no_reply", "answered_late")
    asked.lands()
    consent = asked.case().consent
    assert consent is not None
    assert consent.received_at == END - 2 * SECOND
    assert asked.case().state is State.ACCOUNT_SENT
    asked.reads(IBANS[0])
    assert asked.case().state is State.GRANTED
    asked.comes_to_rest()


def test_it_counts_too_where_the_line_reads_both_before_it_hears_of_the_end(asked: Town) -> None:
    """As after an outage: the end of the term is told to the case after the answers to the line."""
    asked.writes("1")
    asked.reaches(END + 2 * SECOND)
    asked.lands(settled=False)
    asked.lands(settled=False)
    asked.line_works(count=2)
    assert [each.received_at for each in asked.line().told_earlier] == [END - 2 * SECOND]
    asked.rings()
    assert asked.case().consent is not None
    assert asked.line().told_earlier == ()
    asked.comes_to_rest()


@pytest.mark.parametrize("text", ["1", "кто это?"])
def test_an_earlier_instant_that_changes_nothing_tells_the_case_nothing(asked: Town, text: str) -> None:
    asked.world.now -= timedelta(hours=5)
    asked.writes(text)
    asked.passes(seconds=20)
    asked.lands()
    steps, told = len(asked.steps()), asked.told()
    asked.lands()
    assert (len(asked.steps()), asked.told()) == (steps, told)
    asked.passes(hours=10)
    assert asked.told().count("explanation") == (text != "1")
    asked.comes_to_rest()


def test_who_wrote_in_time_what_nobody_understood_was_not_silent(asked: Town) -> None:
    asked.writes("кто это?")
    asked.passes(seconds=4)
    asked.lands()
    asked.lands()
    assert asked.case().reason is EndReason.NOT_UNDERSTOOD
    asked.comes_to_rest()


def test_it_answers_what_was_asked_when_it_was_written(family: Town) -> None:
    """The first of a family has a second left, the text is told of when the next has been asked."""
    family.passes(days=3, hours=13, minutes=59, seconds=59)
    family.writes("0")
    family.passes(hours=12)
    assert family.told()[-1] == "offer"
    assert family.case(person=1).state is State.OFFER_SENT
    family.world.do(Land(1))
    family.world.do(Land(0))
    family.world.settle()
    assert family.case().reason is EndReason.DECLINED
    assert family.case(person=1).state is State.OFFER_SENT
    family.comes_to_rest()


def test_what_was_taken_for_an_answer_in_time_answers_nothing_else_as_well(family: Town) -> None:
    """The clock of the SMS API may be behind, and the text an answer to what was asked last after all."""
    family.passes(days=3, hours=13, minutes=59, seconds=59)
    family.writes("0")
    family.passes(hours=12)
    family.lands()
    assert family.case(person=1).reason is EndReason.DECLINED
    family.lands()
    assert family.case().reason is EndReason.NO_REPLY
    family.comes_to_rest()


@pytest.mark.parametrize("text", ["0", "1"])
def test_an_answer_in_time_to_a_later_question_is_told_once(asked: Town, text: str) -> None:
    """A "no" closes its question itself, and was in time all the same."""
    asked.world.now -= timedelta(hours=5)
    asked.reads("1")
    asked.passes(minutes=1)
    asked.writes(text)
    asked.passes(seconds=20)
    asked.lands()
    before, steps = asked.told(), len(asked.steps())
    asked.lands()
    assert (asked.told(), len(asked.steps())) == (before, steps)
    asked.comes_to_rest()
    answers = [done.data for done in asked.world.lines.inboxes[PHONE].records if done.data]
    assert sum(isinstance(each, MessageReceived) for each in answers) == 3


@pytest.mark.parametrize("text", ["0", "1", "бас тартамын"])
@pytest.mark.parametrize("question", ["offer", "account"])
@pytest.mark.parametrize("read", ["together", "one by one", "behind the end"])
def test_a_call_at_the_very_end_is_too_late_and_the_list_is_not(
    asked: Town, question: str, text: str, read: str
) -> None:
    """A "no" that closes its question, and the end of the term, may be of the same instant."""
    if question == "account":
        asked.world.now -= timedelta(hours=5)
        asked.reads("1")
        text = IBANS[0] if text == "1" else text
    asked.writes(text)
    asked.reaches(asked.waits_for("term"))
    if read == "behind the end":
        asked.rings()
    asked.lands(settled=read != "together")
    asked.lands(settled=read != "together")
    if read == "together":
        asked.line_works(count=2)
    asked.rings()
    expected = (None,) if text in ("1", IBANS[0]) else (EndReason.DECLINED, EndReason.WITHDRAWN)
    assert asked.case().reason in expected
    asked.comes_to_rest()


@pytest.mark.parametrize("ending", ["waits for a signature", "is decided", "has ended"])
def test_what_was_too_late_by_both_is_told_once(ending: str) -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    if ending != "has ended":
        town.reads("1")
        town.passes(minutes=1)
        town.reads(IBANS[0])
    town.passes(days=4, hours=5)
    if ending == "is decided":
        town.world.sign(town.drafts()[-1])
        town.world.settle()
    town.writes("1" if ending == "has ended" else "0")
    town.passes(seconds=2)
    town.lands()
    told, notes = town.told(), town.notes()
    town.passes(minutes=1)
    town.lands()
    assert (town.told(), town.notes()) == (told, notes)
    town.comes_to_rest()
    assert len(town.told()) == len(told)


def test_what_was_too_late_by_both_counts_where_the_term_is_moved_behind_it() -> None:
    """The SMS API held the offer back, and tells of it only when the texts have come."""
    town = Town(Scenario(people=1, held=timedelta(hours=30)))
    town.learns("phone0", "title")
    end = town.waits_for("term")
    town.passes(days=3, hours=14, seconds=10)
    assert town.now > end
    town.writes("1")
    town.passes(days=1)
    town.lands()
    town.lands()
    assert town.case().consent is None
    # Moved by a day and more: behind the text, and before the call.
    town.world.status(town.world.carrier.api[0], "sent")
    town.world.settle()
    consent = town.case().consent
    assert consent is not None
    assert consent.received_at == end + 10 * SECOND
    town.comes_to_rest()


@pytest.mark.parametrize("late", [True, False])
def test_the_evidence_tells_the_earlier_instant(*, late: bool) -> None:
    """A consent of the last seconds of a day is of that day, though its call came on the next one."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(hours=13, minutes=59, seconds=58)
    town.writes("1")
    town.passes(seconds=5)
    town.lands()
    written = at(23, 0) - 2 * SECOND
    if late:
        steps = len(town.steps())
        town.lands()
        assert len(town.steps()) == steps
    town.passes(minutes=1)
    town.reads(IBANS[0])
    if not late:
        # Decided by then, on what was known.
        town.lands()
    [decision] = town.decisions()
    assert decision.outcome == "granted"
    expected = written if late else written + 5 * SECOND
    assert decision.evidence.consent_to_service.at == expected
    assert decision.evidence.answers[0].received_at == expected
    assert decision.application_date.day == (22 if late else 23)
    town.comes_to_rest()


def test_of_a_prompt_call_nothing_is_told_again(asked: Town) -> None:
    asked.world.now -= timedelta(hours=5)
    asked.writes("1")
    asked.passes(seconds=0.9)
    asked.lands()
    inbox = asked.world.cases.inboxes[person_id(0)]
    before = len(inbox.records)
    asked.lands()
    assert len(inbox.records) == before


def test_an_answer_in_time_is_not_forgotten_behind_forty_others(asked: Town) -> None:
    asked.writes("1")
    asked.reaches(END + 2 * SECOND)
    asked.lands(settled=False)
    asked.lands(settled=False)
    for _ in range(50):
        asked.world.write(PHONE, "рахмет")
    asked.line_works(count=52)
    asked.rings()
    assert asked.case().consent is not None
    asked.comes_to_rest()


def test_a_later_copy_and_the_same_once_more_change_nothing(asked: Town) -> None:
    asked.writes("1")
    asked.passes(seconds=4)
    asked.lands()
    asked.lands()
    before, sent = asked.line(), asked.texts()
    [sid] = asked.truth.texts
    for seconds in (0, 1, 60):
        copy = MessageReceived(phone=PHONE, text="1", sid=sid, received_at=END + seconds * SECOND)
        asked.world.text_lands(copy)
        asked.world.settle()
    assert (asked.line(), asked.texts()) == (before, sent)


@pytest.mark.parametrize("crash", [Crash(wrote, sent) for wrote in (False, True) for sent in (0, 1, 5)])
def test_a_worker_that_dies_over_the_earlier_copy_loses_nothing(asked: Town, crash: Crash) -> None:
    asked.writes("1")
    asked.passes(seconds=4)
    asked.lands()
    asked.lands(settled=False)
    asked.line_works(crash=crash)
    asked.world.settle()
    assert asked.case().state is State.ACCOUNT_SENT
    assert asked.told().count("account") == 1
    asked.comes_to_rest()


def test_who_was_put_back_by_an_older_registration_is_asked_in_time_by_the_list() -> None:
    """The number turns out to have been another's since an instant between the text and its call."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    town.operates("hold")
    town.passes(minutes=1)
    written = town.now
    town.writes(IBANS[0])
    town.passes(seconds=1.5)
    town.lands()
    town.passes(seconds=60)
    town.learns("no_phone", ago=town.now - written - SECOND)
    town.lands()
    town.operates("resume_case")
    assert town.case().account == IBANS[0]


@pytest.mark.parametrize("mode", list(DecisionMode))
def test_an_account_that_is_closed_does_not_come_back_with_the_list(mode: DecisionMode) -> None:
    town = Town(Scenario(people=1, mode=mode))
    town.learns("phone0", "account", "title")
    town.reads("1")
    town.operates("hold")
    town.passes(minutes=1)
    town.writes(IBANS[1])
    town.passes(seconds=10)
    town.lands()
    town.passes(minutes=1)
    town.learns("closed")
    town.lands()
    town.operates("resume_case")
    assert town.decisions() == []
    assert town.case().account is None


@pytest.mark.parametrize("happened", ["a no of the same instant", "a no behind it", "revoked before"])
def test_what_was_in_time_by_the_call_is_not_noted_twice(happened: str) -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    if happened == "revoked before":
        town.learns("revoked_title")
    town.writes(IBANS[0] if happened == "a no behind it" else "0")
    town.passes(seconds=10)
    if happened == "a no of the same instant":
        town.world.write(PHONE, "0")
    town.lands()
    if happened == "a no behind it":
        town.passes(minutes=1)
        town.reads("0")
    steps, told = len(town.steps()), town.told()
    town.lands()
    assert (len(town.steps()), town.told()) == (steps, told)
    town.comes_to_rest()


def test_who_confirmed_a_closed_account_is_asked_for_another_one_once() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "account", "title")
    town.reads("1")
    town.reaches(town.waits_for("term") - 10 * SECOND)
    town.writes("5")
    town.reaches(town.now + 5 * SECOND)
    town.lands(settled=False)
    town.reaches(town.waits_for("term"))
    town.world.ring()
    town.hears("closed")
    while town.world.cases.waiting():
        town.case_works()
    town.world.settle()
    steps, told = len(town.steps()), town.told()
    town.lands()
    assert (len(town.steps()), town.told()) == (steps, told)
    town.comes_to_rest()


def test_a_prompt_call_over_midnight_is_of_the_day_before() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(hours=13, minutes=59, seconds=59.5)
    town.writes("1")
    town.passes(seconds=1)
    town.lands()
    town.lands()
    town.passes(minutes=1)
    town.reads(IBANS[0])
    [decision] = town.decisions()
    assert decision.application_date.day == 22
    town.comes_to_rest()


def test_of_two_accounts_that_were_late_by_their_calls_the_first_written_counts(asked: Town) -> None:
    asked.world.now -= timedelta(hours=5)
    asked.reads("1")
    asked.passes(minutes=1)
    asked.reaches(asked.waits_for("term") - 20 * SECOND)
    asked.writes(IBANS[0])
    asked.reaches(asked.now + SECOND)
    asked.writes(IBANS[1])
    asked.reaches(asked.now + 60 * SECOND)
    for pick in (2, 0, 1, 0):
        asked.world.do(Land(pick))
    asked.line_works(count=4)
    asked.rings()
    assert asked.case().account == IBANS[0]
    asked.comes_to_rest()
