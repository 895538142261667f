"""Which rules are in force on which day."""

from datetime import datetime

import pytest

from agents.bootstrap import rule_permissions
from rules.rule_sets import Permissions
from rules.states import State
from schemas.questions import QuestionAsked
from streams.settings.checks import contradictions
from streams.settings.settings import Settings
from tests.unit.every_rule.story import PAY_HERE, YES, Story, almaty, decisions, notes
from tests.unit.rules.case_desk import REGISTERED, TITLE, only

IN_FORCE_ALONE = Permissions()


def at(now: datetime, allowed: Permissions = IN_FORCE_ALONE) -> Story:
    story = Story(allowed=allowed)
    story.now = now
    return story


@pytest.mark.parametrize(
    ("now", "offers"), [(almaty(6, 30, 23, 59, year=2023), 1), (almaty(7, 1, year=2023), 0)]
)
def test_r20_the_order_is_repealed_from_the_first_of_july_2023(now: datetime, offers: int) -> None:
    """On its last day an offer goes out; from the next midnight on a right waits for other rules."""
    story = at(now)
    assert len(only(story.reads(REGISTERED, TITLE), QuestionAsked)) == offers
    assert story.last.state is (State.OFFER_ASKED if offers else State.AWAITING_RULES)


@pytest.mark.parametrize(("now", "offers"), [(almaty(7, 19, 23, 59), 0), (almaty(7, 20), 1)])
def test_r21_nothing_is_offered_before_the_order_was_in_force(now: datetime, offers: int) -> None:
    """Ten days after its publication, which was not before the 20th of July 2021."""
    assert len(only(at(now).reads(REGISTERED, TITLE), QuestionAsked)) == offers


def test_d17_the_rules_of_the_application_date_decide() -> None:
    """A consent of the last day is decided by the order, whenever the account comes."""
    story = at(almaty(6, 30, 23, year=2023)).consented()
    story.now = almaty(7, 1, 12, year=2023)
    [decided] = decisions(story.answers(PAY_HERE))
    assert decided.rules_version == "order-225-2021/1"


def test_d17_past_the_repeal_nothing_is_decided_that_does_not_say_so() -> None:
    """A consent after it waits, and operators see it; where it is allowed the version says what it was."""
    story = at(almaty(6, 30, 23, year=2023)).offered()
    story.now = almaty(7, 1, 12, year=2023)
    assert "rules_awaited" in notes(story.answers(YES))
    assert story.last.state is State.AWAITING_RULES
    allowed = at(almaty(7, 1, 12, year=2023), Permissions(repealed=True)).consented()
    [decided] = decisions(allowed.answers(PAY_HERE))
    assert decided.rules_version == "order-225-2021/1+repealed"


def test_d17_production_lets_repealed_rules_count_only_where_it_is_said_and_drafts_never() -> None:
    """Nobody has verified a draft."""
    production = Settings(profile="production")
    assert rule_permissions(production) == Permissions()
    assert rule_permissions(Settings(profile="production", repealed_rules="allow")).repealed
    drafts = contradictions(Settings(profile="production", draft_rules="allow"))
    assert any(line.startswith("JARDEM_DRAFT_RULES") for line in drafts)
