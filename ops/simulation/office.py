"""What officers and operators say, as the events that carry it."""

from datetime import date, datetime
from typing import Literal

from pydantic import JsonValue

from ops.simulation.actions import CaseAct, ServiceAct
from ops.simulation.scenario import IINS, person_id
from rules.hearing import RefusalGround
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import MessageId
from schemas.operators import ALL_OFFERS, ActObject, OperatorActed
from schemas.outcomes import DecisionDrafted
from schemas.values import Ground

_OFFICER = "officer-7"
_GROUNDS = (Ground.PEOPLES_HERO, Ground.DISABILITY_7)
"""Those on which somebody in a scenario has a right."""
_SHARES = (0, 30, 70, 100)


def signed(draft: DecisionDrafted, at: datetime, refused_on: RefusalGround | None = None) -> DecisionSigned:
    """An officer grants what is drafted, or refuses it on a ground."""
    return DecisionSigned(
        decision_id=draft.decision_id,
        outcome="refused" if refused_on else "granted",
        refusal_ground=refused_on,
        officer=_OFFICER,
        signed_at=at,
    )


def heard(draft: DecisionDrafted, day: date, *, objection: bool = False) -> HearingRecorded:
    """An officer records that the person was heard on a day (R30)."""
    return HearingRecorded(decision_id=draft.decision_id, held_on=day, objection=objection, officer=_OFFICER)


def extended(draft: DecisionDrafted, until: date) -> TermExtended:
    """An officer extends the term of a draft (R13)."""
    return TermExtended(
        decision_id=draft.decision_id, until=until, reason="a record is checked", officer=_OFFICER
    )


def intended(draft: DecisionDrafted, ground: RefusalGround) -> OperatorActed:
    """An operator says that a refusal is intended (R30)."""
    return _acted("intend_refusal", "decision", draft.decision_id, {"refusal_ground": ground})


def manual(case_id: str) -> OperatorActed:
    """An operator sends a case the manual way."""
    return _acted("manual_route", "case", case_id, {})


def on_case(what: CaseAct, case_id: str) -> OperatorActed:
    """An operator holds a case, resumes it, or notes something of it."""
    return _acted(what.removesuffix("_case"), "case", case_id, {})


def on_service(what: ServiceAct, pick: int) -> OperatorActed:
    """An operator starts or stops the whole service, or a part of it."""
    match what:
        case "pause_ground" | "resume_ground":
            ground = _GROUNDS[pick % len(_GROUNDS)]
            return _acted(what.removesuffix("_ground"), "ground", ground, {})
        case "pilot_share":
            return _acted("pilot", "offers", ALL_OFFERS, {"share": _SHARES[pick % len(_SHARES)]})
        case "pilot_persons":
            return _acted("pilot", "offers", ALL_OFFERS, {"persons": [person_id(pick % len(IINS))]})
        case _:
            return _acted(what, "offers", ALL_OFFERS, {})


def everything_goes_on() -> list[OperatorActed]:
    """The acts that end all that may be in force of the service."""
    ends: tuple[ServiceAct, ...] = ("resume", "end_pilot", "end_shadow")
    grounds = [_acted("resume", "ground", ground, {}) for ground in _GROUNDS]
    return [on_service(what, 0) for what in ends] + grounds


def settled(message_id: MessageId, sent_at: datetime | None) -> OperatorActed:
    """An operator says of a message in doubt that it was sent, or where there is no time, that it was not."""
    if sent_at is None:
        return _acted("not_sent", "message", message_id, {})
    return _acted("sent", "message", message_id, {"sent_at": sent_at.isoformat()})


def _acted(
    act: str,
    kind: Literal["case", "decision", "message", "offers", "ground"],
    id_: str,
    details: dict[str, JsonValue],
) -> OperatorActed:
    return OperatorActed(
        act=act,
        object=ActObject(kind=kind, id=id_),
        person_id="0" * 64,
        phone_id="0" * 64,
        details=details,
        reason="a reason",
        operator="operator-3",
    )
