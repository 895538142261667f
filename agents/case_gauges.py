"""What operators are told of cases that wait for somebody: served at `/metrics`.

Each worker tells of the people whose partitions it holds; all of them together tell of everybody.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial

from prometheus_client import Gauge

from rules.person import Person
from rules.states import DRAFTED, State
from streams.counts import Counts

_GAUGES = {
    "drafts_due": Gauge(
        "jardem_drafts_due", "Drafts on the last day of the service's term, which are to be decided today"
    ),
    "drafts_overdue": Gauge("jardem_drafts_overdue", "Drafts whose service term is over, not decided yet"),
    "awaiting_rules": Gauge("jardem_awaiting_rules", "Cases that wait because no rules are in force"),
}


def counts(person: Person) -> Mapping[str, int]:
    """What is counted of a person's cases: drafts due and overdue (R13), and cases without rules (R20)."""
    found: Counter[str] = Counter()
    for case in person.cases.values():
        if case.state is State.AWAITING_RULES:
            found["awaiting_rules"] += 1
        elif case.state in DRAFTED and case.overdue_told:
            found["drafts_overdue"] += 1
        elif case.state in DRAFTED and case.due_told:
            found["drafts_due"] += 1
    return found


def show(counted: Counts) -> None:
    """Let the gauges show what a desk counts."""
    for name, gauge in _GAUGES.items():
        gauge.set_function(partial(counted.total, name))
