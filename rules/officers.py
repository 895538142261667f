"""What officers say of a draft before it is signed: the person was heard, the term is extended (R13, R30).

What does not fit a draft is refused, and changes nothing.
"""

from datetime import timedelta

from rules import service_term, telling
from rules.person import Case, Hearing
from rules.states import DRAFTED, State
from rules.terms import at_local, local_day
from rules.turn import Turn
from schemas.emaket import HearingRecorded, TermExtended
from schemas.questions import NoticeKind
from schemas.turned import RefusedEventError


class UnfitReportError(RefusedEventError):
    """What an officer says fits no draft; the message says why."""


def hearing_recorded(turn: Turn, report: HearingRecorded) -> None:
    """The hearing was held. Raises `UnfitReportError` where that can't be.

    One that E-maket held on its own, without our notice, is taken as it is recorded.
    """
    case = _drafted(turn, report.decision_id)
    known = case.hearing or Hearing()
    said = known.with_(held_on=report.held_on, objection=report.objection, officer=report.officer)
    if known.held_on:
        if said != known:
            raise UnfitReportError("decision_id: its hearing was recorded already, and otherwise")
        turn.remarks.append("a hearing was recorded again")
        return
    if known.not_before and report.held_on < known.not_before:
        raise UnfitReportError(f"held_on: the notice allows no hearing before {known.not_before}")
    if case.draft and report.held_on < local_day(case.draft.decided_at, turn.policy.zone):
        raise UnfitReportError("held_on: it is before the draft was made")
    if report.held_on > local_day(turn.at, turn.policy.zone):
        raise UnfitReportError("held_on: the day has not come")
    heard = turn.remark(case.with_(hearing=said), "hearing_objected" if said.objection else "hearing_held")
    if heard.state is State.AWAITING_HEARING:
        turn.move(heard, State.AWAITING_SIGNATURE)


def term_extended(turn: Turn, report: TermExtended) -> None:
    """The term of the service is extended; the person is told at once. Raises `UnfitReportError`."""
    case = _drafted(turn, report.decision_id)
    if case.extended_until == report.until:
        turn.remarks.append("the term was extended so already")
        return
    due, latest = service_term.decision_due(case, turn.policy), service_term.latest(case, turn.policy)
    if due is None or latest is None or report.until <= due:
        raise UnfitReportError(f"until: it is not after {due}, by which the draft is to be decided anyhow")
    if report.until > latest:
        raise UnfitReportError(f"until: the rules allow no day after {latest}")
    extended = case.with_(extended_until=report.until, due_told=False, overdue_told=False)
    noted = turn.remark(extended, "term_extended")
    ends = at_local(report.until + timedelta(days=1), zone=turn.policy.zone)
    noted = telling.notify(turn, noted, NoticeKind.TERM_EXTENDED, until=ends)
    if not service_term.told_in_time(case, turn.happened_at, turn.policy):
        turn.remark(noted, "notice_overdue")


def _drafted(turn: Turn, decision_id: str) -> Case:
    for case in turn.person.cases.values():
        if case.state in DRAFTED and case.draft and case.draft.decision_id == decision_id:
            return case
    raise UnfitReportError("decision_id: no draft with it awaits a signature: it is unknown, void or decided")
