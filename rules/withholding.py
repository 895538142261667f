"""Offers and decisions that wait for operators: on one case, or because of what is in force of the service.

The case keeps its state, and says in the log once why it waits. Only what has not left yet waits: an offer
that is out goes its way, and so does the question that replaces it on another number.
"""

from typing import Literal

from rules.person import Case, Person, Withheld
from rules.states import State
from rules.turn import Turn

Reason = Literal["held", "offers_paused", "outside_pilot", "shadow"]

_BEFORE_OFFER = frozenset({State.RECEIVED, State.QUEUED, State.AWAITING_RULES, State.ENDED})


def of_offer(turn: Turn, case: Case) -> Reason | None:
    """Why the case's offer must not leave now, if it must not."""
    service = turn.service
    if case.state not in _BEFORE_OFFER:
        return None
    if case.held:
        return "held"
    if service.paused or case.ground in service.grounds:
        return "offers_paused"
    if service.pilot and not service.pilot.has(turn.person.person_id):
        return "outside_pilot"
    return "shadow" if service.shadow else None


def withhold_offer(turn: Turn, case: Case, reason: Reason, before: Withheld | None) -> Case:
    """Let the offer wait. That a case is held was told by the act; every other reason is told once."""
    revision = -1 if reason == "held" else turn.service.revision
    waits = case.with_(withheld=Withheld(reason=reason, revision=revision))
    if reason == "held" or (before and before.reason == reason):
        return turn.keep(waits)
    return turn.remark(waits, reason)


def withhold_decision(turn: Turn, case: Case, before: Withheld | None) -> Case:
    """Let the decision on a case that is held wait; the log says once that nothing else is missing."""
    waits = case.with_(withheld=Withheld(reason="held"))
    told = before is not None and before.reason == "held"
    return turn.keep(waits) if told else turn.remark(waits, "held")


def gone_on(turn: Turn, case: Case, before: Withheld | None) -> Case:
    """Say that the case waits for the service no longer; that it is held no longer the act has said."""
    return turn.remark(case, "service_resumed") if before and before.reason != "held" else case


def seen(person: Person) -> int | None:
    """The oldest revision of the service for which a case of the person waits; None where none does."""
    waits = [case.withheld for case in person.cases.values() if case.withheld]
    return min((each.revision for each in waits if each.reason != "held"), default=None)
