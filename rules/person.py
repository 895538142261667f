"""What is known of a person, and their cases: the case desk's aggregate."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from rules.grounds import Obstacle, scheme_without_choice
from rules.states import DECIDED, State
from schemas.base import Instant
from schemas.evidence import Meaning
from schemas.ids import CaseId, DecisionId, MessageId, PersonId, QuestionId, Sid
from schemas.outcomes import Decision
from schemas.questions import NoticeKind, QuestionAnswered, QuestionKind
from schemas.stored import Stored
from schemas.values import EndReason, Ground, Language, Scheme

_KEPT_LATE = 24
# The table leaves out what is a default, and an answer's kind is one.
_Whole = PlainSerializer(lambda answer: answer.model_dump(mode="json"))


class Source(Stored):
    """The registry's event from which a case arose, and its record's day, for the evidence."""

    event: str | None = None
    record_date: date | None = None
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
    `phone_registered_at` and `phone_event_sha256` are of the portal's record by which the number was the
    registered one; `language` is null where it was asked in both. `text_version`, `carrier` and `sender` say
    which wording left, and from where.
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
    phone_registered_at: Instant | None = None
    phone_event_sha256: str | None = None
    language: Language | None = None
    text_version: str | None = None
    carrier: str | None = None
    sender: str | None = None

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

        However often a person writes, no more than so many are kept: of a row of the same answers the first,
        because it is in time first, and the last, because another answer may turn out to stand before it.
        """
        others = [each for each in self.late if each.message_id != answer.message_id]
        late = sorted((*others, answer), key=lambda each: each.received_at)
        if len(late) > _KEPT_LATE:
            between = zip(late, late[1:], late[2:], strict=False)
            alike = [each for before, each, after in between if before.answer == each.answer == after.answer]
            late = [each for each in late if each not in alike]
        return self.with_(late=tuple(late[:_KEPT_LATE]))

    def without_late(self, message_id: Sid) -> "Question":
        """The question without an answer that was too late for it, because it was in time, or is none."""
        return self.with_(late=tuple(each for each in self.late if each.message_id != message_id))


class ConsentGiven(Stored):
    """The consent: when the carrier received it, its exact text and the offer that it answers (R5)."""

    language: Language
    received_at: Instant
    text: str
    message_id: Sid
    question_id: QuestionId


class Counted(Stored):
    """An answer that counted: what it meant, and its exact text."""

    question_id: QuestionId
    meaning: Meaning
    text: str
    received_at: Instant
    message_id: Sid


class TextRead(Stored):
    """A text that was read as an answer to one of the case's questions, and when it was received.

    `question_id` is null where it was read before that was kept. `yes_or_no` is what it said, where that was
    a "yes" or a "no" in time.
    """

    message_id: Sid
    received_at: Instant
    question_id: QuestionId | None = None
    yes_or_no: Annotated[QuestionAnswered, _Whole] | None = None


class Hearing(Stored):
    """The hearing before a refusal (R30).

    `told_at` is when the person was told of the intended refusal, and objections are taken until `until`; all
    three are null where E-maket held it without our notice. `held_on` is null until it was held.
    """

    told_at: Instant | None = None
    until: Instant | None = None
    not_before: date | None = None
    refusal_ground: Literal[1, 2, 3, 4] | None = None
    held_on: date | None = None
    objection: bool = False
    officer: str | None = None


class DecisionMade(Stored):
    """What was decided, to compare with what is learnt later. `officer` is null where the rules decided."""

    decision_id: DecisionId
    outcome: Literal["granted", "refused"]
    refusal_ground: int | None
    application_date: date
    consented_at: Instant
    decided_at: Instant | None
    officer: str | None = None


class Withheld(Stored):
    """Why a case waits though nothing of its own stands in the way.

    `held`: an operator holds it; the others say what is in force of the whole service, as of `revision`.
    """

    reason: Literal["held", "offers_paused", "outside_pilot", "shadow"]
    revision: int = -1


class Case(Stored):
    """One entitlement of a person on its way to an outcome.

    `answered_at` is when the carrier received the newest "yes" or "no": the one received last counts, in
    whatever order they are read; none of before `anew_at` does, when the case began anew. `outcome_told` is
    how the decision was told, if it was. `drafts` counts the drafts that were made, so that each has an id
    of its own. `questioned` are the reasons for which the decision was questioned. `log_sha256` is the
    digest of the last step, on which the next one hangs.
    `obstacle` stands in the way of an offer whatever else is known; `posthumous`: the award said that its
    holder had died, at `posthumous_at` for the last time (null: with the `source`). `published_at` is
    when the registry published the record last, if it did more than once. `answers` are those that
    counted, under the consent that stands. `rules_at` is when it is looked at again whether rules are in
    force. `extended_until` is the day to which an officer extended the term of the service, `due_told`
    and `overdue_told` whether its end was noted. `rested_at` is when the case came to rest, `purged_at`
    when what names the person was purged, and `forgotten` how many of its questions were. `held` says
    that an operator holds it, `withheld` why it waits for operators, if it does. `texts` are the last
    that were read as answers.
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
    answers: tuple[Counted, ...] = ()
    rules_at: Instant | None = None
    draft: Decision | None = None
    hearing: Hearing | None = None
    extended_until: date | None = None
    due_told: bool = False
    overdue_told: bool = False
    drafts: int = 0
    decision: DecisionMade | None = None
    questioned: tuple[str, ...] = ()
    log_sha256: str | None = None
    obstacle: Obstacle | None = None
    posthumous: bool = False
    posthumous_at: Instant | None = None
    published_at: Instant | None = None
    answered_at: Instant | None = None
    anew_at: Instant | None = None
    texts: tuple[TextRead, ...] = ()
    late_told: bool = False
    outcome_told: NoticeKind | None = None
    rested_at: Instant | None = None
    purged_at: Instant | None = None
    forgotten: int = 0
    held: bool = False
    withheld: Withheld | None = None

    @property
    def question(self) -> Question | None:
        """The question asked last."""
        return self.questions[-1] if self.questions else None

    @property
    def offer(self) -> Question | None:
        """The offer that the consent answers."""
        return self.find(self.consent.question_id) if self.consent else None

    def find(self, question_id: QuestionId) -> Question | None:
        """The question with this id, however long ago it was asked."""
        return next((known for known in self.questions if known.question_id == question_id), None)

    @property
    def version(self) -> int:
        """The version of what the case waits for: another one with each question and each move of a term."""
        return self.asked + sum(question.moves for question in self.questions)

    @property
    def asked(self) -> int:
        """How many questions were asked, those included that were purged."""
        return self.forgotten + len(self.questions)

    @property
    def decided(self) -> bool:
        """Whether a decision was made; nothing changes the case any more."""
        return self.state in DECIDED

    @property
    def open(self) -> bool:
        """Whether the process is under way."""
        return self.state not in DECIDED and self.state is not State.ENDED

    @property
    def published_last(self) -> Instant:
        """When the registry published the record last."""
        return self.published_at or self.source.time

    @property
    def said_dead_at(self) -> Instant | None:
        """When the award said last that its holder had died, if it did."""
        return (self.posthumous_at or self.source.time) if self.posthumous else None

    @property
    def unoffered(self) -> bool:
        """Whether its offer waits for operators: until then it stands in no other case's way (R29)."""
        return self.withheld is not None and self.consent is None

    @property
    def binding(self) -> bool:
        """Whether the case is consented to or granted: a person has at most one such (R29)."""
        under_way = self.open and self.state is not State.QUEUED
        return self.state is State.GRANTED or (under_way and self.consent is not None)

    @property
    def chosen_at(self) -> Instant | None:
        """When it was chosen whether there is one application (R7)."""
        chosen = ("together", "separately")
        return next((known.received_at for known in self.answers if known.meaning in chosen), None)

    def without_choice(self) -> "Case":
        """The case before it was chosen whether there is one application."""
        choices = {
            known.question_id for known in self.questions if known.kind is QuestionKind.ONE_APPLICATION
        }
        return self.with_(
            scheme=scheme_without_choice(self.ground),
            answers=tuple(known for known in self.answers if known.question_id not in choices),
        )

    def without_account(self) -> "Case":
        """The case without the account that was given for it."""
        accounts = {known.question_id for known in self.questions if known.kind is QuestionKind.ACCOUNT}
        return self.with_(
            account=None,
            account_source=None,
            account_at=None,
            answers=tuple(known for known in self.answers if known.question_id not in accounts),
        )

    def without_consent(self) -> "Case":
        """The case as it stands before a consent: all that rested on one is gone."""
        return self.with_(
            consent=None,
            account=None,
            account_source=None,
            account_at=None,
            answers=(),
            hearing=None,
            extended_until=None,
            due_told=False,
            overdue_told=False,
            scheme=scheme_without_choice(self.ground),
        )


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

    `dead` without `died_on`: a title was awarded posthumously and no death was registered yet.
    `death_told_at` is when a death was registered last, and what was said of one before `death_annulled_at`
    was an error.
    """

    person_id: PersonId
    iin: str | None = None
    phone: str | None = None
    phone_as_of: Instant | None = None
    phone_event_sha256: str | None = None
    benefit: Literal["applied", "assigned", "paid", "ended"] | None = None
    benefit_as_of: date | None = None
    benefit_case_id: CaseId | None = None
    account: str | None = None
    account_as_of: Instant | None = None
    died_on: date | None = None
    dead: bool = False
    death_told_at: Instant | None = None
    death_annulled_at: Instant | None = None
    standings: tuple[Standing, ...] = ()
    cases: dict[CaseId, Case] = Field(default_factory=dict)

    def revoked(self, record: str, record_id: str, *, published_at: Instant | None = None) -> bool:
        """Whether this record stands revoked.

        Of a revocation and a restoration the later one holds, and a record stands again as well where it was
        published after it was revoked: as its case says, or now, at `published_at`.
        """
        said = [each for each in self.standings if each.concerns(record, record_id)]
        revoked = max((each.revoked_at for each in said if each.revoked_at), default=None)
        if revoked is None:
            return False
        restored = max((each.restored_at for each in said if each.restored_at), default=None)
        if restored is not None and restored >= revoked:
            return False
        if published_at is not None and published_at > revoked:
            return False
        return all(
            case.published_last <= revoked
            for case in self.cases.values()
            if (case.record, case.record_id) == (record, record_id)
        )

    def says_dead(self, case: Case) -> bool:
        """Whether this case's award says that its holder has died, and nothing has taken that back."""
        said_at = case.said_dead_at
        if said_at is None or self.revoked(case.record, case.record_id):
            return False
        return self.death_annulled_at is None or said_at > self.death_annulled_at

    @property
    def receives(self) -> bool:
        """Whether the benefit is on record as applied for, assigned or paid (R12, ground 4)."""
        return self.benefit in ("applied", "assigned", "paid")
