"""The term of the service (R13): 8 working days from the consent, extended to 30, overdue terms noted."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rules import service_term
from rules.deadlines import deadlines
from rules.officers import UnfitReportError
from rules.policy import DecisionMode, Extension, Policy, ServiceCalendar
from rules.states import State
from rules.terms import is_working_day, working_day_after
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import TermExtended
from schemas.ids import DecisionId
from schemas.outcomes import CaseAdvanced, DecisionDrafted
from schemas.questions import AccountGiven, Consent, NoticeKind, NoticeRequested
from schemas.times import ALMATY
from schemas.values import Language
from tests.unit.rules.case_desk import ACCOUNT, CASE, IBAN, MINUTE, NOON, REGISTERED, TITLE, Desk, notes, only

# The consent of Thursday 22.07.2021. The Constitution's day, 30.08.2021, is a Monday.
DUE = date(2021, 8, 3)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ALMATY)


def drafted(**policies: Any) -> tuple[Desk, DecisionDrafted]:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER, **policies))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(Consent(language=Language.KAZAKH))
    desk.sent(ACCOUNT)
    [draft] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    return desk, draft


def extended(draft: DecisionDrafted, until: date) -> TermExtended:
    return TermExtended(decision_id=draft.decision_id, until=until, reason="a record is checked", officer="o")


@pytest.mark.parametrize(
    ("calendar", "due"),
    [(ServiceCalendar.PROVIDER, DUE), (ServiceCalendar.STATE_CORPORATION, date(2021, 7, 31))],
)
def test_it_ends_with_the_eighth_working_day_after_the_consent(calendar: ServiceCalendar, due: date) -> None:
    desk, _ = drafted(service_calendar=calendar)
    assert service_term.decision_due(desk.case, desk.policy) == due
    assert service_term.over_at(desk.case, desk.policy) == midnight(due + timedelta(days=1))


def test_its_last_day_and_its_end_are_noted_and_decide_nothing() -> None:
    desk, _ = drafted()
    over = midnight(DUE + timedelta(days=1))
    for what, at in (("decision_due", midnight(DUE)), ("decision_overdue", over)):
        wait = next(each for each in deadlines(desk.person, desk.policy) if each.name == f"{CASE}/{what}")
        assert wait.at == at
        desk.now = at
        effects = desk.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at))
        assert notes(effects) == [what]
        [step] = only(effects, CaseAdvanced)
        assert isinstance(step, CaseAdvanced)
        assert (step.rule, step.until) == ("R13", over)
    assert desk.case.state is State.AWAITING_SIGNATURE
    assert not deadlines(desk.person, desk.policy)


def test_an_extension_is_told_and_moves_the_end() -> None:
    desk, draft = drafted()
    effects = desk.reads(extended(draft, date(2021, 8, 20)))
    assert notes(effects) == ["term_extended"]
    [notice] = only(effects, NoticeRequested)
    assert isinstance(notice, NoticeRequested)
    assert (notice.kind, notice.details.until) == (NoticeKind.TERM_EXTENDED, midnight(date(2021, 8, 21)))
    assert {each.at for each in deadlines(desk.person, desk.policy)} == {
        midnight(date(2021, 8, 20)),
        midnight(date(2021, 8, 21)),
    }
    before = desk.person
    assert desk.reads(extended(draft, date(2021, 8, 20))) == []
    assert desk.person == before


@pytest.mark.parametrize(
    ("extension", "latest"), [(Extension.IN_ALL, date(2021, 9, 3)), (Extension.BEYOND, date(2021, 9, 15))]
)
def test_no_extension_reaches_further_than_the_rules_let_it_or_not_at_all(
    extension: Extension, latest: date
) -> None:
    desk, draft = drafted(extension=extension)
    before = desk.person
    for until, why in ((latest + timedelta(days=1), f"no day after {latest}"), (DUE, f"not after {DUE}")):
        with pytest.raises(UnfitReportError, match=why):
            desk.reads(extended(draft, until))
    unknown = draft.model_copy(update={"decision_id": "person.unknown"})
    with pytest.raises(
        UnfitReportError,
        match=r"^decision_id: no draft with it awaits a signature: it is unknown, void or decided$",
    ):
        desk.reads(extended(unknown, latest))
    assert desk.person == before
    desk.reads(extended(draft, latest))
    assert desk.case.extended_until == latest


@pytest.mark.parametrize(("days", "noted"), [(7, []), (8, ["notice_overdue"])])
def test_an_extension_after_the_fifth_working_day_is_told_too_late(days: int, noted: list[str]) -> None:
    desk, draft = drafted()
    desk.now = NOON + timedelta(days=days)
    effects = desk.reads(extended(draft, date(2021, 8, 20)))
    assert notes(effects) == ["term_extended", *noted]


def test_how_far_it_reaches_and_until_when_it_is_told_goes_by_the_calendar() -> None:
    desk, _ = drafted(service_calendar=ServiceCalendar.STATE_CORPORATION)
    # Of thirty days five are Saturdays.
    assert service_term.latest(desk.case, desk.policy) == date(2021, 8, 26)
    over = midnight(date(2021, 7, 29))
    assert service_term.told_in_time(desk.case, over - MINUTE, desk.policy)
    assert not service_term.told_in_time(desk.case, over, desk.policy)
    assert service_term.told_in_time(desk.case.without_consent(), over, desk.policy)


def test_what_was_noted_is_noted_again_after_an_extension_and_the_end_includes_its_day() -> None:
    desk, draft = drafted()
    desk.rings("decision_due")
    assert [wait.name for wait in desk.waits()] == [f"{CASE}/decision_overdue"]
    desk.rings("decision_overdue")
    desk.reads(extended(draft, date(2021, 8, 20)))
    assert {wait.name.rpartition("/")[2] for wait in desk.waits()} == {"decision_due", "decision_overdue"}
    # Told in whatever order: when the term is over, its last day is no news.
    desk.rings("decision_overdue")
    assert desk.waits() == []


DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


@given(DAYS, st.integers(1, 40), st.sampled_from(ServiceCalendar))
def test_the_working_day_after_is_one_and_so_many_lie_up_to_it(
    day: date, count: int, calendar: ServiceCalendar
) -> None:
    found = working_day_after(day, count, calendar)
    between = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    assert sum(is_working_day(each, calendar) for each in between) == count
    assert is_working_day(found, calendar)


@given(DAYS)
def test_the_six_day_week_works_whenever_the_other_does_and_on_saturdays(day: date) -> None:
    five, six = is_working_day(day), is_working_day(day, ServiceCalendar.STATE_CORPORATION)
    assert six or not five
    assert not six or five or day.weekday() == 5


def test_an_extension_has_a_reason() -> None:
    with pytest.raises(ValidationError, match="it is blank"):
        TermExtended(decision_id=DecisionId("p.d"), until=DUE, reason=" \n", officer="o")
