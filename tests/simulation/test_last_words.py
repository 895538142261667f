"""Which "yes" or "no" is the last, where a call tells late of a text and the SMS API's list in time."""

from datetime import timedelta

import pytest

from ops.simulation.actions import Land, Write
from ops.simulation.scenario import IBANS, Scenario, person_id
from rules import answers
from rules.policy import DecisionMode
from rules.states import State
from schemas.values import EndReason
from tests.simulation.town import PHONE, Town

SECOND = timedelta(seconds=1)


def test_a_no_behind_a_consent_whose_call_comes_late_is_not_taken_back_by_it() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("1")
    town.passes(seconds=5)
    town.reads("0")
    assert town.case().reason is EndReason.DECLINED
    town.passes(seconds=5)
    town.lands()
    assert town.case().consent is not None
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    town.passes(minutes=1)
    town.reads(IBANS[0])
    assert town.decisions() == []
    town.reads("1")
    assert town.case().consent is not None
    town.comes_to_rest()


def test_a_consent_behind_a_no_whose_call_comes_late_stands() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(seconds=5)
    agreed = town.now
    town.reads("1")
    town.passes(seconds=5)
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    town.lands()
    consent = town.case().consent
    assert consent is not None
    assert consent.received_at == agreed
    town.passes(minutes=1)
    town.reads(IBANS[0])
    assert town.case().state is State.GRANTED
    town.comes_to_rest()


@pytest.mark.parametrize("mode", list(DecisionMode))
def test_a_consent_that_was_sent_twice_does_not_take_a_no_back_by_its_late_call(mode: DecisionMode) -> None:
    """By the list the second "1" was an echo at the account question."""
    town = Town(Scenario(people=1, mode=mode))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    town.writes("1")
    town.passes(seconds=5)
    town.reads("0")
    town.passes(seconds=5)
    town.lands()
    assert town.case().consent is not None
    if mode is DecisionMode.OFFICER:
        town.reads(IBANS[0])
        assert len(town.drafts()) == 1
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    assert town.case().draft is None
    town.comes_to_rest()


def test_a_consent_that_only_the_list_brings_is_behind_a_no_that_was_written_before_it() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(minutes=5)
    town.world.do(Write(0, "1", late=True))
    town.passes(minutes=5)
    town.lands()
    assert town.case().reason is EndReason.DECLINED
    town.lands()
    assert town.case().reason is EndReason.DECLINED
    town.lands()
    assert town.case().consent is not None
    town.comes_to_rest()


def test_a_no_that_was_late_by_its_call_counts_once_where_the_term_is_moved_behind_it() -> None:
    town = Town(Scenario(people=1, held=timedelta(hours=30)))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.reaches(town.waits_for("term") + 10 * SECOND)
    town.rings()
    town.reads("1")
    town.lands()
    assert town.case().reason is EndReason.NO_REPLY
    town.lands()
    assert town.case().reason is EndReason.DECLINED
    town.world.status(town.world.carrier.api[0], "sent")
    town.world.settle()
    assert town.case().consent is not None
    assert town.case().state is State.ACCOUNT_SENT
    town.comes_to_rest()


def test_of_two_that_say_the_same_nothing_is_told_again() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(seconds=5)
    town.reads("0")
    town.passes(seconds=5)
    town.lands()
    steps, told = len(town.steps()), town.told()
    town.lands()
    assert (len(town.steps()), town.told()) == (steps, told)
    town.reads("1")
    assert town.case().consent is not None
    town.comes_to_rest()


def test_fractions_of_a_second_put_nothing_in_another_order() -> None:
    """The list says that the "no" came at the full second, in which the "yes" was written before it."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(seconds=0.2)
    town.reads("1")
    town.passes(seconds=0.7)
    town.lands()
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


def test_a_no_that_the_list_finds_in_time_voids_a_draft() -> None:
    """Its call came when the number was another's already, and the account was read just before."""
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    town.reads(IBANS[0])
    assert town.case().state is State.AWAITING_SIGNATURE
    town.writes("0")
    town.passes(minutes=1)
    town.learns("no_phone")
    town.passes(minutes=1)
    town.lands()
    assert town.case().state is State.AWAITING_SIGNATURE
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


@pytest.mark.parametrize("together", [True, False])
def test_a_no_of_the_instant_of_another_answer_is_known_to_have_been_before_a_consent(
    *, together: bool
) -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "disability")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(minutes=1)
    town.reads("1")
    town.passes(minutes=1)
    town.world.write(PHONE, "4")
    town.lands(settled=False)
    town.lands(settled=not together)
    town.lands()
    town.world.settle()
    case = town.case("disability")
    assert (case.consent is not None, case.reason) == (True, None)
    town.comes_to_rest()


def test_of_two_calls_that_are_prompt_the_list_puts_none_in_another_order() -> None:
    """Both were written in the second of which the list tells, and their calls took more than one."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("1")
    town.writes("0")
    town.passes(seconds=1.1)
    town.lands()
    town.passes(seconds=0.2)
    town.world.do(Land(1))
    town.world.settle()
    assert town.case().reason is EndReason.WITHDRAWN
    for pick in (1, 0):
        town.world.do(Land(pick))
        town.world.settle()
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


def test_a_no_of_before_a_revocation_in_error_lets_nothing_of_before_it_count() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("0")
    town.passes(minutes=1)
    town.world.do(Write(0, "1", late=True))
    town.passes(minutes=1)
    town.learns("revoked_title")
    town.passes(minutes=1)
    town.learns("restored")
    town.passes(minutes=1)
    town.lands()
    town.lands()
    town.lands()
    assert town.case().consent is None
    assert town.case().reason is EndReason.DECLINED
    town.comes_to_rest()


def test_a_no_of_another_of_the_family_moves_no_consent_before_its_offer(family: Town) -> None:
    family.passes(hours=13, minutes=58)
    family.writes("1")
    family.passes(minutes=1)
    family.reads("0")
    family.passes(hours=10, minutes=5)
    family.lands()
    family.lands()
    family.reads(IBANS[0])
    [decision] = family.decisions()
    assert decision.evidence.consent_to_service.at >= decision.evidence.questions[0].sent_at
    family.comes_to_rest()


def test_a_consent_that_was_stored_before_its_word_was_is_moved_before_a_no(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("1")
    town.passes(minutes=1)
    town.world.do(Write(0, "0", late=True))
    town.passes(minutes=3)
    with monkeypatch.context() as before:
        before.setattr(answers, "note_yes_or_no", lambda _turn, case, _report: case)
        town.lands()
    town.lands()
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


def test_what_the_line_tells_again_a_day_later_does_nothing_again() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("1")
    town.passes(minutes=1)
    town.reads("0")
    town.passes(minutes=3)
    town.lands()
    town.lands()
    inbox = town.world.cases.inboxes[person_id(0)]
    told = [each for each in inbox.records if each.event and each.event.name == "question.answered"]
    assert len(told) == 3
    for _ in range(26):
        # Until the desk has forgotten the ids.
        town.passes(hours=1)
        town.learns("account", "closed")
    before = town.told(), town.notes()
    for each in told:
        inbox.repeat(each, town.now)
    town.world.settle()
    assert (town.told(), town.notes()) == before


@pytest.mark.parametrize("happened", ["a no of the same instant", "revoked"])
def test_a_word_that_stands_already_is_not_noted_once_more(happened: str) -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.writes("1")
    town.passes(minutes=1)
    if happened == "revoked":
        town.reads("0")
        town.passes(minutes=1)
        town.lands()
        town.learns("revoked_title")
    else:
        town.lands(settled=False)
        town.world.write(PHONE, "0")
        town.world.settle()
    steps, told = len(town.steps()), town.told()
    town.lands()
    assert (len(town.steps()), town.told()) == (steps, told)


def test_a_no_when_nothing_is_consented_to_is_the_last_word_before_what_only_the_list_brings() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    town.reads("0")
    town.passes(minutes=1)
    town.world.do(Write(0, "1", late=True))
    town.passes(minutes=1)
    town.reads("0")
    assert town.notes()[-1] == "answered_without_consent"
    town.lands()
    assert town.case().consent is None
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


def test_a_no_after_the_benefit_is_on_record_is_the_last_word_before_what_only_the_list_brings() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    town.world.do(Write(0, "1", late=True))
    town.learns("applied")
    town.passes(hours=1)
    town.reads("0")
    assert town.case().reason is EndReason.ALREADY_RECEIVING
    town.lands()
    assert town.case().consent is None
    town.comes_to_rest()


@pytest.mark.parametrize("asked", [False, True], ids=["before anything was asked", "to the offer"])
def test_a_no_that_its_late_call_has_void_a_draft_does_not_stand_before_the_consent(*, asked: bool) -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    if not asked:
        town.writes("0")
        town.passes(minutes=1)
    town.learns("phone0", "title")
    town.passes(minutes=1)
    if asked:
        town.writes("0")
        town.passes(minutes=1)
    town.reads("1")
    town.passes(minutes=1)
    town.reads(IBANS[0])
    assert town.case().state is State.AWAITING_SIGNATURE
    town.passes(hours=1)
    town.lands()
    assert town.case().reason is EndReason.WITHDRAWN
    town.lands()
    assert town.case().consent is not None
    town.reads(IBANS[0])
    assert town.case().state is State.AWAITING_SIGNATURE
    town.comes_to_rest()


@pytest.mark.parametrize("relative", [False, True], ids=["when nobody was asked", "to a relative's question"])
def test_a_no_of_before_the_offer_whose_call_comes_after_the_term_is_none(*, relative: bool) -> None:
    town = Town(Scenario(people=2))
    if relative:
        town.learns("phone0", "title")
        town.reads("0")
        town.passes(days=5)
    town.writes("0")
    town.passes(minutes=1)
    town.learns("phone0", "title", person=1)
    town.passes(days=5)
    told = town.told()
    town.lands()
    assert len(town.told()) == len(told) + 1
    town.lands()
    assert town.case(person=1).reason is EndReason.NO_REPLY
    assert len(town.told()) == len(told) + 1
    town.comes_to_rest()


def test_a_no_of_before_the_offer_is_none_where_a_yes_behind_it_was_too_late_as_well() -> None:
    town = Town(Scenario(people=1))
    town.writes("0")
    town.passes(minutes=1)
    town.learns("phone0", "title")
    town.passes(days=5)
    town.reads("1")
    town.lands()
    town.lands()
    assert town.case().reason is EndReason.NO_REPLY
    town.comes_to_rest()
