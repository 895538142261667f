"""Cases for which no rules are in force on the day that decides (R20, R21): they wait, operators are told.

It is looked at again at every event of the person, and each local morning.
"""

from datetime import datetime, timedelta

from rules import steps
from rules.person import Case
from rules.states import State
from rules.terms import at_local, local_day
from rules.turn import Turn


def look_again(turn: Turn, case: Case, at: datetime) -> None:
    """Go on where rules are in force now, else look again the next morning, if this one has come by `at`."""
    if turn.rules_for(case):
        steps.proceed(turn, turn.remark(case.with_(rules_at=None), "rules_found"))
        return
    if case.rules_at and case.rules_at > at:
        return
    tomorrow = local_day(at, turn.policy.zone) + timedelta(days=1)
    turn.keep(case.with_(rules_at=at_local(tomorrow, steps.LOOKED_AT, turn.policy.zone)))


def settle(turn: Turn) -> None:
    """Let every case that waits for rules be looked at after whatever an event has done."""
    for case in list(turn.person.cases.values()):
        if case.state is State.AWAITING_RULES and not case.withheld:
            look_again(turn, case, turn.at)
