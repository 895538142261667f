"""One benefit, one ground (R29): a person has at most one case that is consented to or granted."""

from rules.person import Case, Person
from rules.states import State

_AT_REST = frozenset({State.ENDED, State.GRANTED, State.REFUSED, State.QUEUED})


def rival(person: Person, case: Case) -> Case | None:
    """Another case of the person that is consented to, or granted."""
    return next((each for each in others(person, case) if each.binding), None)


def in_the_way(person: Person, case: Case) -> bool:
    """Whether another case has to come to its end before this one is offered.

    Of two that are not offered yet the one goes first that arose first, unless its offer waits for operators.
    """
    before = True
    for each in person.cases.values():
        if each.case_id == case.case_id:
            before = False
            continue
        under_way = each.state not in _AT_REST and (before or each.state is not State.RECEIVED)
        under_way = under_way and not each.unoffered
        if under_way or each.state is State.GRANTED:
            return True
    return False


def others(person: Person, case: Case) -> list[Case]:
    """The person's other cases."""
    return [each for each in person.cases.values() if each.case_id != case.case_id]
