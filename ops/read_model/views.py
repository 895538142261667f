"""What the read model answers, as plain values: for pages, the read API and the terminal.

Persons and numbers are named by their pseudonyms. What could name somebody (an IIN, a number, an account, a
text) is masked to its last four digits, or left out, unless it was asked for unmasked. Instants are aware, in
UTC and in the installation's virtual time; days are local days of its zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TopicProgress:
    """How far a topic is read. `behind` records stand in the log and are not read yet, None: not known.

    `unread` of its records could not be read, and were passed over.
    """

    topic: str
    read: int
    behind: int | None
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far behind the read model is.

    `as_of` is the real instant at which the broker was last heard and all was read up to `behind` records;
    None where that was never. `problem` says why it can't be said to be fresh, as a key of the page's words:
    `broker_away`, `nobody_follows`, `rebuilding` (a new generation is being built beside this one, which is
    followed on). `unread` records could not be read, and were passed over.
    """

    as_of: datetime | None
    behind: int | None
    problem: str | None
    topics: Sequence[TopicProgress] = ()
    unread: int = 0

    @property
    def fresh(self) -> bool:
        """Whether pages may be taken for the present state."""
        return self.problem is None and self.behind == 0


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a row of bars: a label for each value."""

    name: str
    labels: Sequence[str]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows.

    `funnel`: from entitlement to outcome, each step with how many cases have come so far: `entitled`,
    `offered`, `reached` (the offer left), `answered`, `consented`, `account_given`, `granted`. `by_state` and
    `endings` count cases by state and ended ones by reason. `term_ends`: how many waiting cases have their
    term end on each of the coming local days. `uptake`: by ground and language (`kk`, `ru`, None: not chosen
    yet), of how many offered cases how many consented. `sms_status` and `sms_errors` count messages by their
    last status and by error code. `overdue` counts what is late: `terms` (a term that ended more than a
    minute ago and whose case still waits), `drafts_due`, `drafts_overdue`, `awaiting_rules`, `unrecorded`.
    `per_day`: entitlements (`entitled`) and outcomes of each of the last 30 local days. `waiting`: cases
    whose offer waits because of how the service is set, by why: `offers_paused`, `outside_pilot`, `shadow`,
    `held`.
    """

    at: datetime
    cases: int
    funnel: Sequence[tuple[str, int]]
    by_state: Mapping[str, int]
    endings: Mapping[str, int]
    term_ends: Sequence[tuple[date, int]]
    uptake: Sequence[tuple[str, str | None, int, int]]
    sms_status: Mapping[str, int]
    sms_errors: Mapping[str, int]
    dead_letters: int
    in_doubt: int
    questioned: int
    not_understood: int
    overdue: Mapping[str, int]
    per_day: Sequence[Series]
    waiting: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are wanted; None or empty: all.

    `overdue`: its term, or its service term, is over. `not_understood`: who answered, but was not understood,
    at the question that is open or at which the case ended. `held`: held by an operator. `waits_for_service`:
    its offer waits because of a pause, a pilot, a hold or shadow mode. `since` and `until` are about the last
    step.
    """

    state: str | None = None
    ground: str | None = None
    reason: str | None = None
    language: str | None = None
    person_id: str | None = None
    phone_id: str | None = None
    overdue: bool = False
    not_understood: bool = False
    held: bool = False
    waits_for_service: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list. `next` goes on behind it, None at the end; `before` goes back, None at the start."""

    rows: Sequence[T]
    next: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list. `reason` is why it ended, `until` the end of the term that runs.

    `outcome` is that with the highest step: `granted`, `refused`, `ended`, or None. `note` is that of the
    last step. `iin` is None where no event of the case has told it yet.
    """

    case_id: str
    person_id: str
    ground: str
    state: str
    reason: str | None
    step: int
    language: str | None
    began_at: datetime
    at: datetime
    until: datetime | None
    outcome: str | None
    note: str | None
    iin: str | None
    overdue: bool
    not_understood: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a case, as the audit log has it. `sound` says whether its place in the chain is right."""

    step: int
    from_state: str
    to_state: str
    cause: str
    cause_id: str
    rule: str | None
    note: str | None
    language: str | None
    until: datetime | None
    at: datetime
    sound: bool


@dataclass(frozen=True, slots=True)
class Sms:
    """A message to the citizen, or a text from them, as they saw and wrote it.

    `what` is the kind of a question or notice (`offer`, `reminder` ...), None for a text that came. `text` is
    None where it was not asked for. `status` is the last word of the carrier, or `asked`, `handed_over`,
    `deferred`, `rejected`, `in_doubt`, `given_up`; of a text that came `received`. `understood` is what it
    was taken for (`consent_kk`, `decline` ..., `too_late`: no question was open any more), None where it was
    not understood or is no answer.
    """

    message_id: str
    outgoing: bool
    what: str | None
    text: str | None
    phone: str | None
    phone_id: str
    at: datetime
    status: str
    error_code: int | None
    understood: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentShown:
    """A document of the cabinet. `verified` is None where it was not checked; `fault` says why not."""

    kind: str
    step: int
    document_id: str
    issued_at: datetime | None
    verified: bool | None
    fault: str | None
    jws: str | None


@dataclass(frozen=True, slots=True)
class ActShown:
    """What an operator did, and why."""

    act_id: str
    act: str
    object_kind: str
    object_id: str
    reason: str
    operator: str
    details: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a case's timeline: exactly one of the four, and the instant at which it stands.

    `idle` is how long nothing had happened before, where that was more than an hour: the gap is folded.
    """

    at: datetime
    step: Step | None = None
    sms: Sms | None = None
    document: DocumentShown | None = None
    act: ActShown | None = None
    idle_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next with a case, and when; `what` is a key of the page's words.

    `what`: `offer_waits_for_<note>`, `offer_leaves`, `question_leaves`, `answer_until`, `hearing_until`,
    `officer_signs_until`, `turn_of_another_case`, `rules`, `held`, `nothing`.
    """

    what: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with all that is known of it. `others` are the person's other cases.

    `erased` is the act by which the person was erased since the last step: nobody is named any more then.
    """

    row: CaseRow
    timeline: Sequence[Entry]
    next: Next
    iin: str | None
    phone: str | None
    iban: str | None
    scheme: str | None
    application_date: date | None
    rules_version: str | None
    decision_id: str | None
    draft: "Draft | None"
    questioned: Sequence["Questioned"]
    others: Sequence[CaseRow]
    unread: bool = False
    erased: ActShown | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision that waits for an officer.

    `state` is `awaiting_signature` or `awaiting_hearing`. `due` is the end of the service term. `proposed` is
    what the rules propose, `content` the data of `benefit.decision-drafted.v1`, None unless asked for
    unmasked. `hearing_from` is the first day on which a hearing may be; `hearing` what was recorded of it,
    and the ground that the person was told.
    """

    decision_id: str
    case_id: str
    person_id: str
    ground: str
    state: str
    proposed: Literal["granted", "refused"]
    refusal_ground: int | None
    drafted_at: datetime
    due: datetime | None
    overdue: bool
    hearing_from: date | None
    hearing: Mapping[str, Any] | None
    iin: str | None
    content: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Questioned:
    """What was learnt after a decision."""

    case_id: str
    person_id: str
    decision_id: str
    reason: str
    at: datetime
    iin: str | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message of which nobody can tell whether it left. `since` is since when the SMS API may have it."""

    message_id: str
    phone_id: str
    phone: str | None
    case_id: str | None
    what: str | None
    text: str | None
    since: datetime | None
    reported_at: datetime
    act: ActShown | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be read. `id` is `dead-letter.v1/PARTITION/OFFSET`.

    `done` is `redriven` or `discarded`, None while it is open. `value` is shown masked, None in lists.
    """

    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    at: datetime | None
    size: int
    redrivable: bool
    done: str | None
    acts: Sequence[ActShown] = ()
    key: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """How the service is set by operators' acts. `pilot_share` is in percent."""

    paused: bool
    paused_grounds: Sequence[str]
    pilot: bool
    pilot_share: float | None
    pilot_persons: int
    shadow: bool
    daily_sms: int | None
    waiting: Mapping[str, int] = field(default_factory=dict)
    acts: Sequence[ActShown] = ()


@dataclass(frozen=True, slots=True)
class DayTotal:
    """A registry's control total of a day against what arrived, and how that ended.

    `count` and `digest_matches` are None where the registry said nothing of the day; the latter also where an
    id of the day was erased with a person, so that nobody can tell. `missing` is how many
    fewer arrived than were said, negative where more did.
    """

    topic: str
    source: str
    day: date
    count: int | None
    arrived: int
    digest_matches: bool | None
    outcomes: Mapping[str, int]
    dead_letters: int

    @property
    def missing(self) -> int | None:
        """How many did not arrive."""
        return None if self.count is None else self.count - self.arrived


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A grant that the State Corporation has not recorded so many days after it was made."""

    case_id: str
    person_id: str
    decision_id: str
    decided_at: datetime
    days: int
    iin: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome of a case: that with the highest step."""

    case_id: str
    person_id: str
    ground: str
    outcome: str
    reason: str | None
    refusal_ground: int | None
    language: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class YearRow:
    """A row of the yearly report: how many cases of a ground came to an outcome for a reason."""

    ground: str
    outcome: str
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A look or an act that `audit.console.v1` holds."""

    at: datetime
    who: str
    role: str
    what: str
    act_id: str | None
    person_id: str | None
    case_id: str | None
