"""Terms: of a question, and of the service."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from agents.bootstrap import case_policy
from rules.officers import UnfitReportError
from rules.policy import Extension, ServiceCalendar, TermPolicy
from rules.states import State
from schemas.emaket import TermExtended
from schemas.ids import MessageId
from schemas.outcomes import CaseAdvanced, DecisionDrafted
from schemas.questions import Decline, NoticeKind, QuestionNotReached
from schemas.values import EndReason
from streams.settings.checks import contradictions
from streams.settings.settings import Settings
from tests.simulation.town import Town
from tests.unit.every_rule.story import (
    YES,
    Story,
    almaty,
    decisions,
    drafted,
    endings,
    notes,
    notices,
)
from tests.unit.rules.case_desk import OFFER, PERSON, REGISTERED, TITLE, only


def extended(draft: DecisionDrafted, until: date) -> TermExtended:
    return TermExtended(decision_id=draft.decision_id, until=until, reason="a record is checked", officer="o")


def test_r6_without_an_answer_in_three_calendar_days_the_process_ends() -> None:
    """A millisecond before the end of the third day counts, its midnight does not; it is no refusal."""
    for late, reason in ((timedelta(milliseconds=-1), None), (timedelta(0), EndReason.NO_REPLY)):
        story = Story().offered()
        story.now = almaty(7, 26) + late
        story.answers(YES)
        assert story.last.reason is reason
    story = Story().offered()
    effects = story.rings("term")
    assert [each.reason for each in endings(effects)] == [EndReason.NO_REPLY]
    assert decisions(effects) == []


def test_r13_the_service_takes_8_working_days_and_is_extended_to_30_in_all() -> None:
    """Counted from the consent; an extension is told at once, and after 5 working days too late."""
    story, draft = drafted()
    due = next(each for each in story.waits() if each.name.endswith("decision_overdue"))
    assert due.at == almaty(8, 4)
    for until in (date(2021, 8, 3), date(2021, 9, 4)):
        with pytest.raises(UnfitReportError, match="until"):
            story.reads(extended(draft, until))
    effects = story.reads(extended(draft, date(2021, 9, 3)))
    assert (notices(effects), notes(effects)) == ([NoticeKind.TERM_EXTENDED], ["term_extended"])
    late, draft = drafted()
    late.now = almaty(7, 30, 12)
    assert notes(late.reads(extended(draft, date(2021, 8, 20)))) == ["term_extended", "notice_overdue"]


def test_d15_a_draft_that_waits_for_its_signature_has_a_clock() -> None:
    """Its last day and its end are noted for operators, and decide nothing."""
    story, _ = drafted()
    for name, at in (("decision_due", almaty(8, 3)), ("decision_overdue", almaty(8, 4))):
        effects = story.rings(name)
        assert (story.now, notes(effects)) == (at, [name])
        [step] = only(effects, CaseAdvanced)
        assert isinstance(step, CaseAdvanced)
        assert step.until == almaty(8, 4)
    assert story.last.state is State.AWAITING_SIGNATURE


def test_d15_whose_working_days_count_and_how_far_an_extension_reaches_are_policies() -> None:
    """The State Corporation works on Saturdays; "extended by 30" may be 30 beyond the 8."""
    story, _ = drafted(service_calendar=ServiceCalendar.STATE_CORPORATION)
    story.rings("decision_overdue")
    assert story.now == almaty(8, 1)
    story, draft = drafted(extension=Extension.BEYOND)
    story.reads(extended(draft, date(2021, 9, 15)))
    assert story.last.extended_until == date(2021, 9, 15)


def test_d20_of_the_readings_of_three_days_the_longest_is_the_default() -> None:
    """A last day that is not worked rolls on, and production refuses 72 hours, which are no days."""
    assert case_policy(Settings()).term is TermPolicy.EXCLUSIVE_ROLL
    story = Story(term=TermPolicy.EXCLUSIVE_ROLL).offered()
    assert story.last.question
    assert story.last.question.term_ends == almaty(7, 27)
    refused = list(contradictions(Settings(profile="production", term_policy="hours_72"), "worker"))
    assert [line for line in refused if line.startswith("JARDEM_TERM_POLICY")]


def test_d20_the_zone_whose_days_count_has_a_name() -> None:
    """In 2021 a day of Aqtau ended an hour after Almaty's, and so does a term that is counted there."""
    assert case_policy(Settings(zone="Asia/Aqtau")).zone == ZoneInfo("Asia/Aqtau")
    story = Story(zone=ZoneInfo("Asia/Aqtau")).offered()
    story.rings("term")
    assert story.now == almaty(7, 26, 1)


def test_d21_an_ending_bears_the_instant_at_which_it_ended() -> None:
    """The term's end, or the answer's own instant, however late either is read."""
    town = Town()
    town.learns("phone0", "title")
    town.reaches(town.waits_for("term") + timedelta(days=2))
    town.rings()
    [ended] = town.endings()
    assert ended.ended_at == almaty(7, 26)
    story = Story().offered()
    story.now += timedelta(hours=2)
    [declined] = endings(story.answers(Decline(), story.now - timedelta(hours=1)))
    assert declined.ended_at == story.now - timedelta(hours=1)


def test_d11_who_answered_but_was_never_understood_was_not_silent() -> None:
    """An operator sees it in the log before the term is over, and the ending and its text say so."""
    town = Town()
    town.learns("phone0", "title")
    town.reads("кто это?")
    assert town.notes() == ["not_understood"]
    town.passes(days=5)
    assert [each.reason for each in town.endings()] == [EndReason.NOT_UNDERSTOOD]
    assert town.told()[-1] == "not_understood"


def test_p1_an_expiry_is_no_refusal_a_no_is_a_third_outcome_and_a_late_yes_is_no_grant() -> None:
    """A late answer is told the ordinary route, and decides nothing."""
    town = Town()
    town.learns("phone0", "title")
    town.learns("phone1", "title", person=1)
    town.reads("0", "+77471234567")
    town.passes(days=5)
    town.reads("1")
    assert [each.reason for each in town.endings()] == [EndReason.DECLINED, EndReason.NO_REPLY]
    assert town.told()[-1] == "answered_late"
    assert (town.case().state, town.decisions()) == (State.ENDED, [])


def test_p2_the_term_starts_when_the_sms_is_sent() -> None:
    """Not when the right arises, and not when it is read that it was sent; unsent, it has no term."""
    story = Story()
    story.reads(REGISTERED, TITLE)
    story.now = almaty(7, 29, 12)
    assert not story.waits()
    story.leaves(at=almaty(7, 28, 12))
    story.rings("term")
    assert story.now == almaty(8, 1)


def test_p2_a_sending_that_failed_starts_no_term_and_the_next_one_does() -> None:
    """Where it is reported later that the SMS did not reach, the term of the next sending is the term."""
    story = Story().offered()
    story.now += timedelta(days=1)
    failed = QuestionNotReached(
        question_id=OFFER,
        case_id=story.last.case_id,
        person_id=PERSON,
        message_id=MessageId("m"),
        code=30003,
        at=story.now,
    )
    assert notes(story.reads(failed)) == ["not_reached"]
    assert not story.waits()
    story.leaves(message="the next")
    story.rings("term")
    assert story.now == almaty(7, 27)
