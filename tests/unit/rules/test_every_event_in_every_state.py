"""Whatever is read in whatever state: nothing raises, the steps are a chain, and no promise breaks."""

import pytest

from rules.deadlines import deadlines
from rules.states import State
from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.turned import RefusedEventError
from tests.unit.rules.case_desk import MINUTE
from tests.unit.rules.case_events import events
from tests.unit.rules.case_histories import HISTORIES
from tests.unit.rules.watched_desk import Watched


def _reads(desk: Watched, event: Event) -> bool:
    """Whether the event was taken; one that says what can't be is refused in words."""
    if isinstance(event, DeadlineElapsed):
        desk.now = max(desk.now, event.due)
    desk.now += MINUTE
    try:
        desk.reads(event)
    except RefusedEventError:
        return False
    return True


def test_every_state_has_a_history() -> None:
    reached = {case.state for history in HISTORIES.values() for case in history().person.cases.values()}
    assert reached == set(State) - {State.NEW}


@pytest.mark.parametrize("name", HISTORIES)
def test_every_event_in_every_state(name: str) -> None:
    desk = HISTORIES[name]()
    for event in events(desk):
        twin = desk.copy()
        _reads(twin, event)
        if isinstance(event, DeadlineElapsed):
            # What was waited for is waited for no more, or told for ever.
            assert event.due not in [
                wait.at for wait in deadlines(twin.person, twin.policy) if wait.name == event.deadline
            ]


@pytest.mark.slow
@pytest.mark.parametrize("name", HISTORIES)
def test_every_two_events_in_every_state(name: str) -> None:
    desk = HISTORIES[name]()
    for first in events(desk):
        once = desk.copy()
        if _reads(once, first):
            for second in events(once):
                _reads(once.copy(), second)
