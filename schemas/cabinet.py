"""What the personal cabinet is sent: signed documents, and what each kind of them says (R10, R11, R31)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, TypeAdapter

from schemas.base import Day, Instant, Model
from schemas.routes import PublicOut
from schemas.values import Ground, Iin, Language, Scheme, Sha256
from schemas.words import Words

Kind = Literal["accepted", "decided", "ended", "questioned", "hearing", "term_extended"]
"""The kinds of documents."""

Data = dict[str, JsonValue]
"""The data of an event or a part of it, whole: with the fields that this release does not know, too."""


class CabinetNotified(PublicOut):
    """A document for the personal cabinet.

    `document` is a compact JWS whose payload are the document's claims; of several documents of a case that
    with the highest `step` holds.
    """

    name: ClassVar[str] = "cabinet.notified.v1"

    case_id: str
    iin: Iin
    kind: Kind
    document: str


class Claims(Model):
    """What every document says.

    `document_id` is derived from case, kind and step. `step` is the step of the log to which the document
    belongs, `step_sha256` the digest of that step, and `issued_at` its instant: a repeat says the same.
    `language` is null before a consent; then the document is in both. `issuer` and `demo` are said by whoever
    signs, so they are empty until then.
    """

    kind: Kind
    document_id: str
    issuer: str = ""
    case_id: str
    step: int = Field(ge=1)
    issued_at: Instant
    step_sha256: Sha256
    iin: Iin
    ground: Ground
    language: Language | None
    rules_version: str
    texts_version: str
    policies: dict[str, str]
    demo: bool = False


class Accepted(Claims):
    """The consent counts, the application is registered (R11); `scheme` is null until it is chosen (R7)."""

    kind: Literal["accepted"]
    application_date: Day
    scheme: Scheme | None
    decision_due: Day
    evidence: Data


class Heard(Model):
    """The hearing before a refusal (R30); `told_at` is null where E-maket held it without our notice."""

    told_at: Instant | None
    held_on: Day
    objection: bool
    officer: str


class Appeal(Model):
    """Where a refusal is appealed against, how long, and the court behind that (R32)."""

    body: Words
    term: Words
    court: Words


class Decided(Claims):
    """The decision (R10, R31). `decision` is the data of `benefit.decided.v1`, whole."""

    kind: Literal["decided"]
    decision: Data
    hearing: Heard | None
    appeal: Appeal | None


class Ended(Claims):
    """The process ended without a decision (R6). `ending` is the data of `benefit.process-ended.v1`."""

    kind: Literal["ended"]
    ending: Data
    evidence: Data | None


class Questioned(Claims):
    """Something was learnt after it; `questioned` is the data of `benefit.decision-questioned.v1`."""

    kind: Literal["questioned"]
    questioned: Data


class HearingNotice(Claims):
    """A refusal is intended: until when to object, and the first day on which a hearing may be (R30)."""

    kind: Literal["hearing"]
    decision_id: str
    refusal_ground: Literal[1, 2, 3, 4]
    told_at: Instant
    until: Instant
    not_before: Day


class TermExtended(Claims):
    """An officer extended the term of the service (R13)."""

    kind: Literal["term_extended"]
    decision_id: str
    until: Day
    reason: str
    officer: str


Document = Accepted | Decided | Ended | Questioned | HearingNotice | TermExtended
"""The claims of a document, of whatever kind."""

DOCUMENTS: TypeAdapter[Document] = TypeAdapter(Annotated[Document, Field(discriminator="kind")])
"""Reads the claims of a document by its kind."""


class QrClaims(Model):
    """What the QR code on a printed decision says; `document_sha256` is of the document's compact JWS."""

    decision_id: str
    outcome: Literal["granted", "refused"]
    document_sha256: Sha256
