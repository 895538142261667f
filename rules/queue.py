"""The cases of a person that wait for each other (R29).

While one is under way the others wait unasked. When it is granted they end, and the person is told that
another ground can be chosen at the State Corporation; when it ends otherwise the next is offered.
"""

from rules import steps
from rules.one_ground import in_the_way, others, rival
from rules.person import Case
from rules.states import BEFORE_CONSENT, State
from rules.turn import Turn
from schemas.values import EndReason


def settle(turn: Turn) -> None:
    """Let the cases wait, or go on, after whatever an event has done."""
    for case in list(turn.person.cases.values()):
        granted = any(each.state is State.GRANTED for each in others(turn.person, case))
        asked = case.open and case.state not in (State.RECEIVED, State.QUEUED)
        unbound = case.state in BEFORE_CONSENT and rival(turn.person, case)
        if asked and (granted or unbound):
            steps.wait_behind(turn, case)
    for case_id in list(turn.person.cases):
        case = turn.person.cases[case_id]
        if case.state is State.QUEUED:
            _go_on(turn, case)


def _go_on(turn: Turn, case: Case) -> None:
    if any(each.state is State.GRANTED for each in others(turn.person, case)):
        steps.end(turn, case, EndReason.ANOTHER_GROUND)
    elif not case.withheld and not in_the_way(turn.person, case):
        steps.proceed(turn, turn.remark(case, "turn_came"))
