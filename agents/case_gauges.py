"""What operators are told of cases: where they stand, whose terms run, which wait for somebody.

Each worker tells of the people whose partitions it holds; all of them together tell of everybody.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import product

from rules.person import Case, Person
from rules.states import DRAFTED, SENT, State
from schemas.questions import QuestionKind
from schemas.values import Ground
from streams.counts import Counts
from streams.metric_labels import gauge

_STATES = tuple(state for state in State if state is not State.NEW)
_SENT = frozenset(SENT.values())
_TERMS = (*QuestionKind, "objections", "service")
# Looked up, and not made, because that is done for every case with every event.
_CASES = {(state, ground): f"{state} {ground}" for state, ground in product(State, Ground)}

CASES = gauge(
    "jardem_cases",
    "Cases by their state and the ground of the benefit",
    {"state": _STATES, "ground": tuple(Ground)},
)
TERMS = gauge(
    "jardem_terms_running",
    "Terms that run: of questions (R6), of objections before a hearing (R30), of the service for a case that "
    "waits for a signature (R13)",
    {"term": _TERMS},
)
_GAUGES = {
    "drafts_due": gauge(
        "jardem_drafts_due",
        "Drafts on the last day of the service's term, which are to be decided today (R13)",
    ),
    "drafts_overdue": gauge(
        "jardem_drafts_overdue", "Drafts whose service term is over, not decided yet (R13)"
    ),
    "awaiting_rules": gauge("jardem_awaiting_rules", "Cases that wait because no rules are in force (R20)"),
}


def counts(person: Person) -> Mapping[str, int]:
    """What is counted of a person's cases, by name."""
    found: Counter[str] = Counter()
    for case in person.cases.values():
        found[_CASES[case.state, case.ground]] += 1
        term = _term(case)
        if term:
            found[term] += 1
        if case.state is State.AWAITING_RULES:
            found["awaiting_rules"] += 1
        elif case.state in DRAFTED and case.overdue_told:
            found["drafts_overdue"] += 1
        elif case.state in DRAFTED and case.due_told:
            found["drafts_due"] += 1
    return found


def _term(case: Case) -> str | None:
    """The term that runs, if one does: the one that the last step of the case told the end of."""
    if case.state in _SENT and case.question and case.question.term_ends:
        return case.question.kind
    if case.state is State.AWAITING_HEARING:
        return "objections"
    return "service" if case.state is State.AWAITING_SIGNATURE else None


def show(counted: Counts) -> None:
    """Let the gauges show what a desk counts."""
    for state, ground in product(_STATES, Ground):
        CASES.labels(state, ground).set_function(partial(counted.total, _CASES[state, ground]))
    for term in _TERMS:
        TERMS.labels(term).set_function(partial(counted.total, term))
    for name, shown in _GAUGES.items():
        shown.set_function(partial(counted.total, name))
