"""The public events that come out: decisions, endings, what the cabinet shows, and the audit log."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from schemas.base import Instant, Model
from schemas.evidence import Evidence
from schemas.ids import CaseId, DecisionId
from schemas.routes import PublicOut
from schemas.values import EndReason, Ground, Iban, Iin, Language, Place, Scheme
from schemas.words import Words


class Decision(PublicOut):
    """The content of a decision on one case.

    `step` is the step of the case by which it was made. A refusal names no account. `account_source` says
    whether the account was shown and confirmed, or given; whose it is the payer verifies (R4). `officer` and
    `signature` are those of who signed it, null in a draft and where the rules decide alone.
    """

    decision_id: DecisionId
    case_id: CaseId
    step: int
    iin: Iin
    outcome: Literal["granted", "refused"]
    ground: Ground
    refusal_ground: Literal[1, 2, 3, 4] | None
    scheme: Scheme
    language: Language
    application_date: date
    iban: Iban | None
    account_source: Literal["confirmed", "given"] | None
    decided_at: Instant
    rules_version: str
    officer: str | None = None
    signature: str | None = None
    evidence: Evidence


class BenefitDecided(Decision):
    """The benefit was granted or refused (R10, R12).

    `application_date` is the local day of the consent (R5).
    """

    name: ClassVar[str] = "benefit.decided.v1"


class DecisionDrafted(Decision):
    """The same, before the officer signs (officer mode only)."""

    name: ClassVar[str] = "benefit.decision-drafted.v1"


class DraftVoided(PublicOut):
    """A draft must not be signed any more: a fact changed, or the person withdrew. Another draft may follow.

    `reason` is open to further values.
    """

    name: ClassVar[str] = "benefit.draft-voided.v1"

    decision_id: DecisionId
    case_id: CaseId
    reason: str


class DecisionQuestioned(PublicOut):
    """Something was learnt that puts a grant in question; an officer corrects it, never a machine (R10).

    `at` is when that happened, as its sender says.
    """

    name: ClassVar[str] = "benefit.decision-questioned.v1"

    case_id: CaseId
    decision_id: DecisionId
    iin: Iin
    reason: Literal[
        "died_before_consent",
        "died_before_decision",
        "died_after_decision",
        "revoked",
        "number_not_registered_at_consent",
        "second_grant",
    ]
    at: Instant


class RoutePlace(Model):
    """A place to apply at (R19, R27, R28). `condition`: on what it depends, null where on nothing."""

    place: Place
    name: Words
    hours: Words
    condition: Words | None


class RouteForm(Model):
    """The form of application that a place takes (R23)."""

    place: Place
    name: Words


class OrdinaryRoute(Model):
    """Where to apply instead, in the order in which to go, and with what (R16-R19, R22, R23).

    `verified` is false while no source confirms which category belongs to the ground: then `category` and
    `documents` are null, and who calls is told. `documents` are those that state systems do not confirm.
    """

    where: tuple[RoutePlace, ...]
    call: tuple[str, ...]
    home_visit: Words
    representative: Words
    forms: tuple[RouteForm, ...]
    category: int | None
    documents: tuple[Words, ...] | None
    verified: bool


class ProcessEnded(PublicOut):
    """The proactive process ended without a decision (R6). It is not a refusal.

    `ended_at` is when it ended, not when that was read: the term's end, the answer's receipt, the event's
    time. `scheme` and `consented_on` (a local day) are those of the consent, where there was one: the request
    for the other benefit of one application must not be lost (R7). Of several outcomes of a case the one with
    the highest `step` holds.
    """

    name: ClassVar[str] = "benefit.process-ended.v1"

    case_id: CaseId
    step: int
    iin: Iin
    ground: Ground
    reason: EndReason
    ended_at: Instant
    scheme: Scheme | None
    consented_on: date | None
    ordinary_route: OrdinaryRoute


class AdvanceCause(Model):
    """The event that moved a case: its type, without the prefix, and its id."""

    type: str
    id: str


class CaseAdvanced(PublicOut):
    """One step of a case, for the audit log. It holds no IIN, no phone and no text.

    The steps of a case are a chain: `previous` is the SHA-256 of the canonical bytes of the step before, null
    at the first. `rule` names the rules that the step carries out; `note` says, where state alone does not,
    what was done with the event ("answered_late", "reminded"). `language` is that of the consent, `until` the
    end of the term that runs after the step. `at` is when the event was put into the case's inbox.
    """

    name: ClassVar[str] = "case.advanced.v1"
    model_config = ConfigDict(populate_by_name=True)

    case_id: CaseId
    step: int
    previous: str | None
    from_: str = Field(alias="from")
    to: str
    cause: AdvanceCause
    rule: str | None
    note: str | None
    ground: Ground
    language: Language | None
    until: Instant | None
    at: Instant
