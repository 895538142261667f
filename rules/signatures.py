"""What an officer signs, and what a changed fact does to a draft that nobody has signed yet (R10, R12).

The outcome and its ground are the signed ones or nothing. A signature that does not fit is refused, and
changes nothing.
"""

from zoneinfo import ZoneInfo

from rules import benefit_on_record, deciding, steps
from rules.person import Case
from rules.states import DRAFTED
from rules.terms import local_day
from rules.turn import Turn
from schemas.emaket import DecisionSigned
from schemas.turned import RefusedEventError

_ON_RECORD = 4


class UnfitSignatureError(RefusedEventError):
    """A signature that fits no draft; the message says why."""


def decision_signed(turn: Turn, report: DecisionSigned) -> None:
    """An officer has signed a draft. Raises `UnfitSignatureError` and changes nothing where that can't be."""
    for case in turn.person.cases.values():
        if case.decision and case.decision.decision_id == report.decision_id:
            _signed_again(turn, case, report)
            return
        if case.draft and case.draft.decision_id == report.decision_id:
            _sign(turn, case, report)
            return
    raise UnfitSignatureError("decision_id: no draft with it awaits a signature: it is unknown, or void")


def _signed_again(turn: Turn, case: Case, report: DecisionSigned) -> None:
    """The same signature again changes nothing; another one comes too late."""
    made = case.decision
    signed = (report.outcome, report.refusal_ground, report.signed_at)
    other = made is not None and made.officer not in (None, report.officer)
    if made is None or other or made.outcome != report.outcome:
        raise UnfitSignatureError("decision_id: the draft was decided already, and otherwise")
    if made.decided_at and (made.outcome, made.refusal_ground, made.decided_at) != signed:
        raise UnfitSignatureError("decision_id: the draft was decided already, and otherwise")
    turn.remarks.append("a decision was signed again")


def _sign(turn: Turn, case: Case, report: DecisionSigned) -> None:
    draft = case.draft
    if draft is None or case.state not in DRAFTED:
        raise UnfitSignatureError("decision_id: no draft with it awaits a signature")
    if report.signed_at < draft.decided_at:
        raise UnfitSignatureError("signed_at: it is before the draft was made")
    granted = report.outcome == "granted"
    on_record = benefit_on_record.refuses(turn.person, case, turn.policy.zone)
    if granted and (on_record or draft.refusal_ground == _ON_RECORD):
        raise UnfitSignatureError("outcome: the benefit is on record (ground 4), it can't be granted again")
    if not granted:
        _heard(case, report, turn.policy.zone)
    signed = draft.with_(
        step=case.step + 1,
        outcome=report.outcome,
        refusal_ground=report.refusal_ground,
        iban=draft.iban if granted else None,
        account_source=draft.account_source if granted else None,
        decided_at=report.signed_at,
        officer=report.officer,
        signature=report.signature,
    )
    deciding.pronounce(turn, case, signed)


def _heard(case: Case, report: DecisionSigned, zone: ZoneInfo) -> None:
    """Nobody is refused unheard, nor on another ground than the one they were told of (R30)."""
    hearing = case.hearing
    if hearing is None or hearing.held_on is None:
        raise UnfitSignatureError(
            "outcome: a refusal is signed after the hearing: publish emaket.hearing-recorded.v1 before it"
        )
    if hearing.refusal_ground not in (None, report.refusal_ground):
        raise UnfitSignatureError("refusal_ground: the person was heard on another ground")
    if local_day(report.signed_at, zone) < hearing.held_on:
        raise UnfitSignatureError("signed_at: it is before the hearing was held")


def draft_anew(turn: Turn, case: Case, reason: str) -> None:
    """A fact has changed: where the draft would say something else now, it is void, and another is made."""
    draft = case.draft
    if draft is None:
        return
    zone = turn.policy.zone
    refuses = benefit_on_record.refuses(turn.person, case, zone)
    if (draft.refusal_ground == _ON_RECORD) == refuses:
        return
    voided = deciding.void_draft(turn, turn.remark(case, f"draft_voided_{reason}"), reason)
    steps.proceed(turn, voided)
