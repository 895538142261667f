"""Cases that wait for operators are looked at again at every event of the person.

What is in force of the service, and whatever else has become of the case, is then what it was when the event
came; an event says that the service has changed. Where the case waits for the same reason nothing is told.
"""

from rules import steps
from rules.turn import Turn


def settle(turn: Turn) -> None:
    """Let every case that waits for operators go on, or on waiting, after whatever an event has done."""
    for case_id in list(turn.person.cases):
        case = turn.person.cases[case_id]
        if case.withheld:
            steps.proceed(turn, case)
