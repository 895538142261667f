"""Deciding, drafting for an officer, and what becomes of a draft (R10, R12, R30)."""

from rules import benefit_on_record, decisions
from rules.hearing import RefusalGround, intended
from rules.person import Case, DecisionMade
from rules.policy import DecisionMode
from rules.states import State
from rules.telling import notify
from rules.turn import Turn
from schemas.outcomes import BenefitDecided, Decision, DecisionDrafted, DraftVoided
from schemas.questions import NoticeKind

INTENDED = frozenset({"refusal_intended", "drafted_again", "for_officer"})
"""Notes of a step to `awaiting_hearing` by which the person is told; others only tell what came meanwhile."""
_REFUSED: dict[int | None, NoticeKind] = {
    1: NoticeKind.REFUSED_1,
    2: NoticeKind.REFUSED_2,
    3: NoticeKind.REFUSED_3,
    4: NoticeKind.REFUSED,
}


def decide(turn: Turn, case: Case) -> Case:
    """Decide, or draft for the officer (R10). Ground 4 is checked here once more (R12)."""
    rules = turn.rules_for(case)
    if rules is None:
        raise ValueError("nothing is decided while no rules are in force")
    decision = decisions.decision(turn.person, case, turn.at, turn.policy, rules.version)
    doubt = benefit_on_record.wants_officer(turn.person, case, turn.policy.zone)
    doubt = doubt or (turn.policy.verified_only and not rules.rules.grounds[case.ground].verified)
    if doubt or turn.policy.decision_mode is DecisionMode.OFFICER:
        return _draft(turn, case, decision)
    return pronounce(turn, case, decision)


def _draft(turn: Turn, case: Case, decision: Decision) -> Case:
    """Draft for the officer. Before a refusal the person is heard (R30)."""
    turn.effects.append(DecisionDrafted(**dict(decision)))
    again = "drafted_again" if case.drafts else None
    note = again or ("for_officer" if turn.policy.decision_mode is DecisionMode.AUTO else None)
    drafted = case.with_(draft=decision, drafts=case.drafts + 1, hearing=None)
    if decision.refusal_ground is not None:
        return hear(turn, drafted, decision.refusal_ground, note or "refusal_intended")
    return turn.move(drafted, State.AWAITING_SIGNATURE, reason=None, note=note)


def hear(turn: Turn, case: Case, ground: RefusalGround, note: str) -> Case:
    """Tell the person that a refusal on this ground is intended, and wait for the hearing (R30)."""
    hearing = intended(turn.at, ground, turn.policy)
    told = turn.move(case, State.AWAITING_HEARING, hearing=hearing, reason=None, note=note)
    return notify(turn, told, NoticeKind.HEARING, until=hearing.until)


def void_draft(turn: Turn, case: Case, reason: str) -> Case:
    """The draft must not be signed any more (R10). Who was heard on it is heard on another one anew."""
    if case.draft is None:
        return case
    turn.effects.append(DraftVoided(decision_id=case.draft.decision_id, case_id=case.case_id, reason=reason))
    return turn.keep(case.with_(draft=None, hearing=None))


def pronounce(turn: Turn, case: Case, decision: Decision) -> Case:
    """Emit the decision and tell the person (R9, R10)."""
    granted = decision.outcome == "granted"
    turn.effects.append(BenefitDecided(**dict(decision)))
    state = State.GRANTED if granted else State.REFUSED
    notice = NoticeKind.GRANTED if granted else _REFUSED[decision.refusal_ground]
    made = DecisionMade(
        decision_id=decision.decision_id,
        outcome=decision.outcome,
        refusal_ground=decision.refusal_ground,
        application_date=decision.application_date,
        consented_at=case.consent.received_at if case.consent else decision.decided_at,
        decided_at=decision.decided_at,
        officer=decision.officer,
    )
    decided = turn.move(case, state, draft=None, decision=made, reason=None, outcome_told=notice)
    return notify(turn, decided, notice)
