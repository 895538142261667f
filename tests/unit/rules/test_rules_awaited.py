"""Rules by the day (R20, R21): an offer goes by those of its day, a decision by those of the consent's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rules.data.shipped import shipped
from rules.deadlines import deadlines
from rules.policy import Policy, TermPolicy
from rules.rule_sets import Permissions
from rules.states import State
from schemas.deadlines import DeadlineElapsed
from schemas.outcomes import BenefitDecided, CaseAdvanced, ProcessEnded
from schemas.questions import AccountGiven, Consent, Decline, NoticeKind, NoticeRequested, QuestionAsked
from schemas.registry import DeathRegistered
from schemas.times import ALMATY
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import ACCOUNT, CASE, IBAN, IIN, MINUTE, REGISTERED, TITLE, Desk, only

STRICT = Permissions()
YES = Consent(language=Language.KAZAKH)
BEFORE = datetime(2021, 7, 19, 6, tzinfo=UTC)
LAST_DAY = datetime(2023, 6, 30, 6, tzinfo=UTC)
REPEALED = datetime(2023, 7, 1, 6, tzinfo=UTC)


def desk_on(now: datetime, allowed: Permissions = STRICT) -> Desk:
    desk = Desk(Policy(term=TermPolicy.EXCLUSIVE, allowed=allowed))
    desk.now = now
    return desk


def told(effects: list[Any]) -> list[tuple[str, str | None, str | None]]:
    return [(step.to, step.note, step.rule) for step in effects if isinstance(step, CaseAdvanced)]


def version(effects: list[Any]) -> str:
    [decided] = only(effects, BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    return decided.rules_version


def test_nothing_is_offered_before_the_order_is_in_force_and_the_morning_of_its_day_is() -> None:
    desk = desk_on(BEFORE)
    effects = desk.reads(REGISTERED, TITLE)
    assert only(effects, QuestionAsked) == []
    assert told(effects)[-1] == ("awaiting_rules", "rules_awaited", "R20, R21")
    [wait] = deadlines(desk.person, desk.policy)
    assert wait.at == datetime(2021, 7, 20, 9, tzinfo=ALMATY)
    desk.now = wait.at
    effects = desk.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at))
    assert told(effects) == [
        ("awaiting_rules", "rules_found", "R20, R21"),
        ("offer_asked", None, "R2, R3"),
    ]
    assert len(only(effects, QuestionAsked)) == 1


def test_it_is_looked_at_again_each_morning_and_told_once() -> None:
    desk = desk_on(REPEALED)
    desk.reads(REGISTERED, TITLE)
    for day in (2, 3, 4):
        [wait] = deadlines(desk.person, desk.policy)
        assert wait.at == datetime(2023, 7, day, 9, tzinfo=ALMATY)
        desk.now = wait.at
        assert desk.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at)) == []
    assert desk.case.state is State.AWAITING_RULES


def test_a_morning_that_was_told_by_a_clock_ahead_of_the_inbox_is_not_told_for_ever() -> None:
    desk = desk_on(REPEALED)
    desk.reads(REGISTERED, TITLE)
    [wait] = deadlines(desk.person, desk.policy)
    desk.now = wait.at - timedelta(milliseconds=1)
    desk.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at))
    [next_morning] = deadlines(desk.person, desk.policy)
    assert next_morning.at == datetime(2023, 7, 3, 9, tzinfo=ALMATY)


def test_every_event_looks_again_when_an_installation_is_allowed_to() -> None:
    desk = desk_on(REPEALED)
    desk.reads(REGISTERED, TITLE)
    desk.policy = Policy(allowed=Permissions(repealed=True))
    desk.now += MINUTE
    effects = desk.reads(REGISTERED)
    assert [to for to, _, _ in told(effects)] == ["awaiting_rules", "offer_asked"]


@pytest.mark.parametrize(
    ("now", "allowed", "expected"),
    [
        (LAST_DAY, STRICT, "order-225-2021/1"),
        (LAST_DAY, Permissions(repealed=True), "order-225-2021/1"),
        (REPEALED, Permissions(repealed=True), "order-225-2021/1+repealed"),
        (REPEALED, Permissions(drafts=True), "social-code-2023/0"),
    ],
)
def test_a_decision_names_the_rules_of_the_application_date(
    now: datetime, allowed: Permissions, expected: str
) -> None:
    desk = desk_on(now, allowed)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES)
    desk.sent(ACCOUNT)
    # Decided two days later, when other rules may be in force.
    desk.now += timedelta(days=2)
    assert version(desk.hears(AccountGiven(iban=IBAN), ACCOUNT)) == expected


def test_a_consent_after_the_repeal_waits_and_counts_on_its_own_day() -> None:
    desk = desk_on(LAST_DAY)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.now = REPEALED
    effects = desk.hears(YES)
    assert told(effects) == [
        ("offer_sent", "accepted", "R11"),
        ("awaiting_rules", "rules_awaited", "R20, R21"),
    ]
    assert desk.case.consent
    assert only(effects, ProcessEnded) == []
    desk.policy = Policy(allowed=Permissions(repealed=True))
    desk.now += timedelta(days=9)
    desk.reads(REGISTERED)
    assert desk.case.state is State.ACCOUNT_ASKED


@pytest.mark.parametrize("ending", ["death", "no", "no, after the term"])
def test_who_waits_for_rules_can_still_come_to_an_end(ending: str) -> None:
    desk = desk_on(LAST_DAY)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.now = REPEALED
    desk.hears(YES)
    desk.now += timedelta(days=9) if ending == "no, after the term" else MINUTE
    if ending == "death":
        desk.reads(DeathRegistered(iin=IIN, died_on=date(2023, 6, 30)))
    else:
        desk.hears(Decline())
    assert desk.case.reason is (EndReason.DECEASED if ending == "death" else EndReason.WITHDRAWN)
    assert CASE in desk.person.cases
    assert not deadlines(desk.person, desk.policy)


def test_a_consent_that_waits_for_rules_can_be_withdrawn_whatever_term_is_over() -> None:
    desk = desk_on(LAST_DAY)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.now = REPEALED
    desk.hears(YES)
    assert desk.case.state is State.AWAITING_RULES
    desk.now = REPEALED + timedelta(days=30)
    effects = desk.hears(Decline())
    assert [ended.reason for ended in effects if isinstance(ended, ProcessEnded)] == [EndReason.WITHDRAWN]
    assert [notice.kind for notice in effects if isinstance(notice, NoticeRequested)] == [
        NoticeKind.WITHDRAWN
    ]
    assert (desk.case.consent, deadlines(desk.person, desk.policy)) == (None, [])


def test_an_ending_tells_the_route_of_the_nearest_rules_on_days_without_any() -> None:
    order, _ = shipped().sets
    for day in (date(2020, 1, 1), date(2021, 7, 20), date(2026, 1, 1)):
        assert shipped().nearest(day, STRICT) is order


def test_the_morning_reminds_nobody_of_the_offer_that_was_answered() -> None:
    desk = desk_on(LAST_DAY)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.now = REPEALED
    desk.hears(YES)
    assert desk.rings("rules") == []
    assert not desk.case.questions[0].reminded


def test_a_case_that_had_ended_waits_for_rules_without_a_reason() -> None:
    """The consent of a day without rules came in time, and is read after the end of its term."""
    desk = desk_on(LAST_DAY)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.rings("term")
    desk.hears(YES, at=REPEALED)
    assert desk.case.model_dump(include={"state", "reason"}) == {
        "state": State.AWAITING_RULES,
        "reason": None,
    }
