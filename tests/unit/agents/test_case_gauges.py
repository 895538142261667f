"""The gauges of cases that wait for somebody go up with the case, and down with it."""

from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from agents import case_gauges
from rules.deadlines import deadlines
from rules.person import Person
from rules.policy import DecisionMode, Policy
from rules.rule_sets import Permissions
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned, TermExtended
from schemas.outcomes import DecisionDrafted
from schemas.questions import AccountGiven, Consent, Decline
from schemas.values import Language
from streams import summary
from streams.counts import Counts
from tests.unit.rules.case_desk import ACCOUNT, IBAN, REGISTERED, TITLE, Desk, only

YES = Consent(language=Language.KAZAKH)
Shown = dict[str, float | None]


def shown(person: Person) -> Shown:
    counted = Counts()
    counted.change(0, (), summary.counted(case_gauges.counts(person)))
    case_gauges.show(counted)
    names = ("drafts_due", "drafts_overdue", "awaiting_rules")
    return {name: found for name in names if (found := REGISTRY.get_sample_value(f"jardem_{name}"))}


def drafted() -> tuple[Desk, DecisionDrafted]:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES)
    desk.sent(ACCOUNT)
    [draft] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    return desk, draft


def elapse(desk: Desk) -> None:
    """The next deadline comes."""
    wait = min(deadlines(desk.person, desk.policy), key=lambda each: each.at)
    desk.now = wait.at
    desk.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at))


def test_a_draft_is_due_then_overdue_and_nothing_once_it_is_decided() -> None:
    desk, draft = drafted()
    assert shown(desk.person) == {}
    elapse(desk)
    assert shown(desk.person) == {"drafts_due": 1}
    elapse(desk)
    assert shown(desk.person) == {"drafts_overdue": 1}
    signed = DecisionSigned(
        decision_id=draft.decision_id,
        outcome="granted",
        refusal_ground=None,
        officer="o",
        signed_at=desk.now,
    )
    desk.reads(signed)
    assert shown(desk.person) == {}


@pytest.mark.parametrize("elapsed", [1, 2])
def test_an_extended_draft_is_not_due_and_a_void_one_is_none(elapsed: int) -> None:
    for way_out in ("extended", "withdrawn"):
        desk, draft = drafted()
        for _ in range(elapsed):
            elapse(desk)
        assert len(shown(desk.person)) == 1
        until = (desk.now + timedelta(days=14)).date()
        if way_out == "extended":
            desk.reads(
                TermExtended(decision_id=draft.decision_id, until=until, reason="looked at", officer="o")
            )
        else:
            desk.hears(Decline(), ACCOUNT)
        assert shown(desk.person) == {}
        if way_out == "extended":
            elapse(desk)
            assert shown(desk.person) == {"drafts_due": 1}


def test_a_case_without_rules_is_counted_until_there_are_some() -> None:
    desk = Desk(Policy(allowed=Permissions()))
    desk.now = datetime.fromisoformat("2021-07-19T06:00:00Z")
    desk.reads(REGISTERED, TITLE)
    assert shown(desk.person) == {"awaiting_rules": 1}
    elapse(desk)
    assert shown(desk.person) == {}
