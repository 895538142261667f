"""What an operator does to a case, for a reason that the console has asked for (R7, R30).

A case that is held stands still before its offer, and before its decision; no term stops for it.
"""

from typing import get_args

from rules import deciding, steps
from rules.hearing import RefusalGround
from rules.person import Case
from rules.states import State
from rules.turn import Turn, find_case
from schemas.ids import CaseId
from schemas.operators import OperatorActed
from schemas.turned import RefusedEventError
from schemas.values import EndReason


class UnfitActError(RefusedEventError):
    """An act that fits no case; the message says why."""


def acted(turn: Turn, act: OperatorActed) -> None:
    """Obey. Raises `UnfitActError`, and changes nothing, where that can't be."""
    match act.act, act.object.kind:
        case "manual_route", "case":
            _to_manual_route(turn, act)
        case "hold", "case":
            _hold(turn, act)
        case "resume", "case":
            _resume(turn, act)
        case "note", "case":
            _case(turn, act)
            turn.remarks.append("an operator's note on a case, which changes nothing")
        case "intend_refusal", "decision":
            _intend_refusal(turn, act)
        case _:
            turn.remarks.append(f"an operator's act that no case obeys: {act.act} on a {act.object.kind}")


def _case(turn: Turn, act: OperatorActed) -> Case:
    case = find_case(turn, CaseId(act.object.id))
    if case is None:
        raise UnfitActError("object: the person has no such case")
    return case


def _open_case(turn: Turn, act: OperatorActed) -> Case:
    """The case, under way or about to be offered anew. Raises `UnfitActError`."""
    case = _case(turn, act)
    if not case.open and not case.withheld:
        raise UnfitActError("object: the case has its outcome already")
    return case


def _hold(turn: Turn, act: OperatorActed) -> None:
    case = _open_case(turn, act)
    if case.held:
        turn.remarks.append("the case is held already")
        return
    turn.remark(case.with_(held=True), "held")


def _resume(turn: Turn, act: OperatorActed) -> None:
    """End the hold. A case that ended meanwhile may yet be taken up again, so that it can be resumed too."""
    case = _case(turn, act)
    if case.decided or not case.held:
        _open_case(turn, act)
        turn.remarks.append("the case is not held")
        return
    turn.remark(case.with_(held=False), "resumed")


def _to_manual_route(turn: Turn, act: OperatorActed) -> None:
    if _case(turn, act).reason is EndReason.MANUAL_ROUTE:
        turn.remarks.append("the case goes the manual way already")
        return
    case = _open_case(turn, act)
    barred = turn.remark(case.with_(obstacle="operator"), "barred_operator")
    steps.end(turn, barred, EndReason.MANUAL_ROUTE, close_at=turn.at)


def _intend_refusal(turn: Turn, act: OperatorActed) -> None:
    ground = _ground(act)
    case = next((each for each in turn.person.cases.values() if _drafted(each, act.object.id)), None)
    if case is None:
        raise UnfitActError("object: no draft with this decision_id awaits a signature")
    known = case.hearing
    if known and known.told_at and known.refusal_ground == ground:
        turn.remarks.append("the person was told of this intention already")
        return
    if case.state is State.AWAITING_HEARING:
        raise UnfitActError("object: a refusal on another ground is intended already")
    deciding.hear(turn, case, ground, "refusal_intended")


def _ground(act: OperatorActed) -> RefusalGround:
    given = act.details.get("refusal_ground")
    for ground in get_args(RefusalGround):
        if given == ground and type(given) is int:
            return ground  # type: ignore[no-any-return]
    raise UnfitActError("details: refusal_ground is a number from 1 to 4")


def _drafted(case: Case, decision_id: str) -> bool:
    return case.draft is not None and case.draft.decision_id == decision_id
