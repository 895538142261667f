"""What is known of a person, and their cases: the case desk's aggregate."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from rules.grounds import Obstacle
from rules.states import DECIDED, State
from schemas.base import Instant
from schemas.ids import CaseId, DecisionId, MessageId, PersonId, QuestionId, Sid, decision_id_of
from schemas.outcomes import Decision
from schemas.questions import NoticeKind, QuestionAnswered, QuestionKind
from schemas.stored import Stored, Upcast
from schemas.times import ALMATY, read_instant
from schemas.values import EndReason, Ground, Language, Scheme

_KEPT_LATE = 24
_EARLY = "1970-01-01T00:00:00Z"
# The table leaves out what is a default, and an answer's kind is one.
_Whole = PlainSerializer(lambda answer: answer.model_dump(mode="json"))


class Source(Stored):
    """The registry's event from which a case arose, for the evidence."""

    id: str
    source: str
    time: Instant
    sha256: str


class Question(Stored):
    """A question of a case, from its asking on.

    The term runs from `sent_at` to `term_ends`; `withdrawn_at` is set where the number was no longer the
    registered one. An answer counts if it was received before both. A sending that is reported to have failed
    leaves no term; the next one starts it. The carrier may tell afterwards that it sent the question later.
    `moves` counts how often either changed the term, and `late` are the answers that were too late for it, in
    case it moves. `not_understood_at` is when the first text was received that was not understood.
    """

    question_id: QuestionId
    kind: QuestionKind
    phone: str
    account: str | None = None
    sent_at: Instant | None = None
    message_id: MessageId | None = None
    text: str | None = None
    term_ends: Instant | None = None
    withdrawn_at: Instant | None = None
    reminded: bool = False
    not_understood_at: Instant | None = None
    moves: int = 0
    late: tuple[Annotated[QuestionAnswered, _Whole], ...] = ()

    def open_at(self, received_at: Instant) -> bool:
        """Whether an answer that the carrier received at this instant was in time (R6)."""
        bounds = [bound for bound in (self.term_ends, self.withdrawn_at) if bound is not None]
        return all(received_at < bound for bound in bounds)

    @property
    def misunderstood(self) -> bool:
        """Whether a text came in time that was not understood: that is no silence (R6)."""
        return self.not_understood_at is not None and self.open_at(self.not_understood_at)

    def misread(self, received_at: Instant) -> "Question":
        """The question with a text that was not understood."""
        return self.with_(not_understood_at=min(self.not_understood_at or received_at, received_at))

    def with_late(self, answer: QuestionAnswered) -> "Question":
        """The question with an answer that was too late for it.

        Of a row of the same answers the first is kept, because it is in time first; and the first of all,
        however often a person writes.
        """
        late = sorted((*self.late, answer), key=lambda each: each.received_at)
        kept = [
            each for number, each in enumerate(late) if number == 0 or late[number - 1].answer != each.answer
        ]
        return self.with_(late=tuple(kept[:_KEPT_LATE]))


class ConsentGiven(Stored):
    """The consent: when the carrier received it, its exact text and the offer it answers (R5)."""

    language: Language
    received_at: Instant
    text: str
    message_id: Sid
    offer: Question


class DecisionMade(Stored):
    """What was decided, to compare with what is learnt afterwards."""

    decision_id: DecisionId
    outcome: Literal["granted", "refused"]
    refusal_ground: int | None
    application_date: date
    consented_at: Instant
    decided_at: Instant | None


class Case(Stored):
    """One entitlement of a person on its way to an outcome.

    `answered_at` is when the carrier received the newest "yes" or "no": the one received last counts, in
    whatever order they are read. `outcome_told` is how the decision was told, if it was. `drafts` counts the
    drafts that were made, so that each has an id of its own. `questioned` are the reasons for which the
    decision was questioned. `log_sha256` is the digest of the last step, on which the next one hangs.
    `obstacle` stands in the way of an offer whatever else is known; `posthumous`: the award said that its
    holder had died.
    """

    case_id: CaseId
    ground: Ground
    record: str
    record_id: str
    source: Source
    state: State = State.NEW
    reason: EndReason | None = None
    step: int = 0
    grace_until: Instant | None = None
    questions: tuple[Question, ...] = ()
    consent: ConsentGiven | None = None
    scheme: Scheme | None = None
    account: str | None = None
    account_source: Literal["confirmed", "given"] | None = None
    account_at: Instant | None = None
    draft: Decision | None = None
    drafts: int = 0
    decision: DecisionMade | None = None
    questioned: tuple[str, ...] = ()
    log_sha256: str | None = None
    obstacle: Obstacle | None = None
    posthumous: bool = False
    answered_at: Instant | None = None
    late_told: bool = False
    outcome_told: NoticeKind | None = None

    @property
    def question(self) -> Question | None:
        """The question asked last."""
        return self.questions[-1] if self.questions else None

    def find(self, question_id: QuestionId) -> Question | None:
        """The question with this id, however long ago it was asked."""
        return next((known for known in self.questions if known.question_id == question_id), None)

    @property
    def version(self) -> int:
        """The version of what the case waits for: another one with each question and each move of a term."""
        return len(self.questions) + sum(question.moves for question in self.questions)

    @property
    def decided(self) -> bool:
        """Whether a decision was made; nothing changes the case any more."""
        return self.state in DECIDED

    @property
    def open(self) -> bool:
        """Whether the process is under way."""
        return self.state not in DECIDED and self.state is not State.ENDED

    @property
    def binding(self) -> bool:
        """Whether the case is consented to or granted: a person has at most one such (R29)."""
        under_way = self.open and self.state is not State.QUEUED
        return self.state is State.GRANTED or (under_way and self.consent is not None)


class Standing(Stored):
    """What the registry said of a record after its award: when it was revoked, and when restored.

    `record` is None where the registry did not say which kind of record the id is of.
    """

    record_id: str
    record: Literal["award", "certificate"] | None = None
    revoked_at: Instant | None = None
    restored_at: Instant | None = None

    def concerns(self, record: str, record_id: str) -> bool:
        """Whether this is said of the record of this kind with this id."""
        return self.record_id == record_id and self.record in (None, record)

    def same_record(self, other: "Standing") -> bool:
        """Whether both were said of the same record in the same words."""
        return (self.record_id, self.record) == (other.record_id, other.record)


class Person(Stored):
    """The facts known of a person, each with the time it is as of, and their cases by case id.

    `dead` without `died_on`: a title was awarded posthumously and no death was registered yet. What was said
    of a death before `death_annulled_at` was an error.
    """

    person_id: PersonId
    iin: str | None = None
    phone: str | None = None
    phone_as_of: Instant | None = None
    benefit: Literal["applied", "assigned", "paid", "ended"] | None = None
    benefit_as_of: date | None = None
    benefit_case_id: CaseId | None = None
    account: str | None = None
    died_on: date | None = None
    dead: bool = False
    death_annulled_at: Instant | None = None
    standings: tuple[Standing, ...] = ()
    cases: dict[CaseId, Case] = Field(default_factory=dict)

    def revoked(self, record: str, record_id: str) -> bool:
        """Whether this record stands revoked: of a revocation and a restoration the later one holds."""
        said = [each for each in self.standings if each.concerns(record, record_id)]
        revoked = max((each.revoked_at for each in said if each.revoked_at), default=None)
        restored = max((each.restored_at for each in said if each.restored_at), default=None)
        return revoked is not None and (restored is None or restored < revoked)

    @property
    def receives(self) -> bool:
        """Whether the benefit is on record as applied for, assigned or paid (R12, ground 4)."""
        return self.benefit in ("applied", "assigned", "paid")


def _with_standings(stored: dict[str, Any]) -> dict[str, Any]:
    """In version 1 the ids of revoked records were kept, of whatever kind and time."""
    revoked = sorted(stored.pop("revoked", ()))
    return {**stored, "standings": [{"record_id": each, "revoked_at": _EARLY} for each in revoked]}


def _with_decisions(stored: dict[str, Any]) -> dict[str, Any]:
    """In version 2 a draft bore no step, and what was decided stood in the consent and the state alone."""
    for case in stored.get("cases", {}).values():
        # What is no case is for the model to refuse, in words.
        if not isinstance(case, dict):
            continue
        if isinstance(case.get("draft"), dict):
            case["draft"] = {"step": case["step"], "account_source": None, **case["draft"]}
            case["drafts"] = 1
        consent = case.get("consent")
        if case.get("state") in DECIDED and isinstance(consent, dict):
            case["decision"] = _decision_of_before(stored, case, consent)
    return stored


def _decision_of_before(
    stored: dict[str, Any], case: dict[str, Any], consent: dict[str, Any]
) -> dict[str, Any]:
    """The decision as far as it is known. Version 2 counted days in Almaty, and forgot when it decided."""
    received_at = read_instant(consent["received_at"])
    return {
        "decision_id": decision_id_of(stored["person_id"], case["case_id"], consent["message_id"]),
        "outcome": case["state"],
        "refusal_ground": None,
        "application_date": received_at.astimezone(ALMATY).date().isoformat(),
        "consented_at": consent["received_at"],
        "decided_at": None,
    }


VERSION = 3
"""The version of the shape in which people are stored."""

UPCASTS: dict[int, Upcast] = {1: _with_standings, 2: _with_decisions}
"""What leads from each version to the next; kept for ever."""
