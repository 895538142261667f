"""What the documents of the personal cabinet say (R10, R11, R31).

Nothing here is the present instant, so that a step told twice makes the same document. Who issues it, and
whether under the demo's key, is said by whoever signs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from schemas.cabinet import (
    Accepted,
    Appeal,
    Decided,
    Ended,
    Heard,
    HearingNotice,
    Kind,
    Questioned,
    TermExtended,
)
from schemas.ids import derived_id
from schemas.values import Ground, Language, Scheme


@dataclass(frozen=True, slots=True)
class Occasion:
    """The step of a case that a document is issued with, and under which rules and texts.

    `at` and `sha256` are the step's own: its instant, and the digest that the next step bears as `previous`.
    """

    case_id: str
    step: int
    at: datetime
    sha256: str
    iin: str
    ground: Ground
    language: Language | None
    rules_version: str
    texts_version: str
    policies: Mapping[str, str] = field(default_factory=dict)

    def claims(self, kind: Kind) -> dict[str, Any]:
        """What every document of this occasion says."""
        return {
            "kind": kind,
            "document_id": document_id(self.case_id, kind, self.step),
            "case_id": self.case_id,
            "step": self.step,
            "issued_at": self.at,
            "step_sha256": self.sha256,
            "iin": self.iin,
            "ground": self.ground,
            "language": self.language,
            "rules_version": self.rules_version,
            "texts_version": self.texts_version,
            "policies": dict(self.policies),
        }


def document_id(case_id: str, kind: Kind, step: int) -> str:
    """The id of a document: the same whenever it is issued again."""
    return derived_id(case_id, "document", kind, str(step))


def accepted(
    occasion: Occasion,
    *,
    application_date: date,
    scheme: Scheme | None,
    decision_due: date,
    evidence: Mapping[str, Any],
) -> Accepted:
    """The consent counts: the day of registration and the day by which it is decided (R11, R24)."""
    return Accepted(
        **occasion.claims("accepted"),
        application_date=application_date,
        scheme=scheme,
        decision_due=decision_due,
        evidence=dict(evidence),
    )


def decided(
    occasion: Occasion, decision: Mapping[str, Any], *, hearing: Heard | None = None, appeal: Appeal | None
) -> Decided:
    """The decision, with the data of its event (R10, R31). A refusal says how to appeal (R32)."""
    refused = decision["outcome"] == "refused"
    return Decided(
        **occasion.claims("decided"),
        decision=dict(decision),
        hearing=hearing,
        appeal=appeal if refused else None,
    )


def ended(occasion: Occasion, ending: Mapping[str, Any], evidence: Mapping[str, Any] | None) -> Ended:
    """The process ended without a decision (R6); `evidence` is None where nothing was asked."""
    told = None if evidence is None else dict(evidence)
    return Ended(**occasion.claims("ended"), ending=dict(ending), evidence=told)


def questioned(occasion: Occasion, question: Mapping[str, Any]) -> Questioned:
    """What was learnt after the decision."""
    return Questioned(**occasion.claims("questioned"), questioned=dict(question))


def hearing_notice(
    occasion: Occasion,
    *,
    decision_id: str,
    refusal_ground: Literal[1, 2, 3, 4],
    until: datetime,
    not_before: date,
) -> HearingNotice:
    """A refusal is intended: the person is told at the instant of this step (R30)."""
    return HearingNotice(
        **occasion.claims("hearing"),
        decision_id=decision_id,
        refusal_ground=refusal_ground,
        told_at=occasion.at,
        until=until,
        not_before=not_before,
    )


def term_extended(
    occasion: Occasion, *, decision_id: str, until: date, reason: str, officer: str
) -> TermExtended:
    """An officer extended the term (R13)."""
    return TermExtended(
        **occasion.claims("term_extended"),
        decision_id=decision_id,
        until=until,
        reason=reason,
        officer=officer,
    )
