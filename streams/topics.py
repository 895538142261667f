"""Every topic of the contract: its partitions, what is kept of it and for how long, and why."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from schemas.catalogue import ABOUT_PERSONS, PUBLIC_IN
from streams.dead_letters import DEAD_LETTERS, REDRIVEN_LETTERS
from streams.records import LARGEST_RECORD

if TYPE_CHECKING:
    from streams.settings.settings import Settings

CASE_INBOX = "case.inbox.v1"
SMS_INBOX = "sms.inbox.v1"
SMS_OUTBOX = "sms.outbox.v1"
ACTS = "operator.acted.v1"
AUDIT = "audit.console.v1"
DIGESTS = "intake.digests.v1"

CHANGELOGS = {
    "jardem-people-changelog": "people and their cases: the case desk's table",
    "jardem-lines-changelog": "phone numbers and their questions: the SMS desk's table",
    "jardem-attempts-changelog": "what was sent and what came of it, what was heard: the carrier's table",
}
"""The tables' topics. Their names are Faust's: the app's id, the table's name, `changelog`."""

COMPACTED_IN = {"portal.phone-registered.v1", "statecorp.benefit-recorded.v1", "statecorp.account-known.v1"}

_DECIDED = ("granted", "refused")
_ENDED = ("declined", "unasked", "ended")
_ALL = (*_DECIDED, *_ENDED)

_OF_CASES = {
    "benefit.decided.v1": ("the record of decisions; the benefit is paid by it", _DECIDED),
    "benefit.process-ended.v1": ("the record of what ended without a decision", _ENDED),
    "benefit.decision-questioned.v1": ("what an officer has to look at again", _DECIDED),
    "cabinet.notified.v1": ("the documents that the personal cabinet shows", _ALL),
}
"""What holds the personal data of cases: why, and of cases with which outcomes (R34)."""

_THREE_MONTHS = timedelta(days=90)
_TWO_WEEKS = timedelta(days=14)
_A_WEEK = timedelta(days=7)
_HALF_AN_HOUR = timedelta(minutes=30)
COMPACTION_LAG = "min.compaction.lag.ms"
"""How long a value that was replaced stays in a compacted topic at least."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be.

    `retention` is how long a record is kept, None for ever; a `compacted` topic keeps each key's last record.
    `ours` says whether jardem decides about it: a public topic that others made stays as they made it.
    `counted` says whether the number of partitions matters. `broker_time` stamps records with the broker's
    time in place of the sender's.
    """

    name: str
    partitions: int
    why: str
    compacted: bool = False
    retention: timedelta | None = None
    ours: bool = True
    counted: bool = True
    broker_time: bool = False
    more: Mapping[str, str] = field(default_factory=dict)

    def config(self, replication: int) -> dict[str, str]:
        """The topic's settings as Kafka names them, for topics kept on `replication` brokers."""
        milliseconds = -1 if self.retention is None else self.retention // timedelta(milliseconds=1)
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(milliseconds),
            # A write is acknowledged when all but one of the brokers have it, so that one of them may fail.
            "min.insync.replicas": str(max(1, replication - 1)),
            "message.timestamp.type": "LogAppendTime" if self.broker_time else "CreateTime",
            **({"max.message.bytes": str(LARGEST_RECORD)} if self.ours else {}),
            **self.more,
        }


def all_topics(settings: "Settings") -> tuple[Topic, ...]:
    """Every topic of the contract for these settings.

    Inboxes, outbox and changelogs have the same number of partitions: a key's events and its table value live
    in the partition of one number.
    """
    return tuple(_topics(settings, settings.inbox_partitions))


def _longest(settings: "Settings", outcomes: Iterable[str]) -> timedelta | None:
    """The longest retention of cases with these outcomes; None: for ever (R34)."""
    days = [getattr(settings, f"retention_{outcome}") for outcome in outcomes]
    return None if None in days else timedelta(days=max(days))


def _topics(settings: "Settings", partitions: int) -> Iterator[Topic]:
    for name in PUBLIC_IN:
        if name == ACTS:
            continue
        compacted = name in COMPACTED_IN
        for_ever = compacted or name not in ABOUT_PERSONS
        yield Topic(
            name,
            partitions,
            _why_in(name),
            compacted=compacted,
            retention=None if for_ever else timedelta(days=30),
            ours=False,
            counted=False,
        )
    for name, why in (
        (CASE_INBOX, "all that moves a case; two weeks, so that no outage loses any"),
        (SMS_INBOX, "all that moves a phone number's questions; two weeks"),
        (SMS_OUTBOX, "messages for the carrier; two weeks, because they hold numbers and texts"),
    ):
        # Handled ids are forgotten by age, which a sender's clock must not decide.
        yield Topic(name, partitions, why, retention=_TWO_WEEKS, broker_time=True)
    for name, why in CHANGELOGS.items():
        yield Topic(name, partitions, why, compacted=True, more=_COMPACTED_OFTEN)
    for name, (why, outcomes) in _OF_CASES.items():
        yield Topic(name, partitions, why, retention=_longest(settings, outcomes))
    # Reasons may name somebody; what was done to a case is looked at as long as the case is.
    acts = "what operators did, and why; the desks obey it"
    yield Topic(ACTS, partitions, acts, retention=_longest(settings, _ALL), counted=False)
    # Who looked at a person is asked as long as anything of the person is kept; it names nobody but users.
    looks = "who looked at whom in the console, and did what; persons by pseudonym"
    yield Topic(AUDIT, partitions, looks, retention=_longest(settings, _ALL), counted=False)
    # It holds pseudonyms and no personal data, and is verified from its beginning.
    yield Topic("case.advanced.v1", partitions, "the audit log; the console reads it from its beginning")
    yield _digests(settings, partitions)
    # Whatever was drafted, or could not be read, may be of a case that ends in any way.
    longest = _longest(settings, _ALL)
    months = _THREE_MONTHS if longest is None else min(longest, _THREE_MONTHS)
    for name, why in (
        ("benefit.decision-drafted.v1", "drafts for officers; signed ones are decisions"),
        ("benefit.draft-voided.v1", "drafts that must not be signed any more; kept as long as they are"),
    ):
        yield Topic(name, partitions, why, retention=months)
    redriven = "dead letters that an operator sends back; only the intake reads it"
    yield Topic(REDRIVEN_LETTERS, partitions, redriven, counted=False, retention=months)
    yield Topic(
        DEAD_LETTERS,
        1,
        "three months to look at what could not be read; in one order",
        counted=False,
        retention=months,
    )


def _digests(settings: "Settings", partitions: int) -> Topic:
    """Each claim has its own key: compaction takes it away only for its word that it was published."""
    return Topic(
        DIGESTS,
        partitions,
        "which ids came by HTTP, and digests of what they said; names nobody",
        compacted=True,
        retention=timedelta(days=settings.intake_window),
        counted=False,
        broker_time=True,
        more={"cleanup.policy": "compact,delete", **_READ_WHOLE},
    )


def _why_in(name: str) -> str:
    if name in COMPACTED_IN:
        return "the last fact about each person"
    if name not in ABOUT_PERSONS:
        return "small, about nobody, and held against what came as long as there is anything to hold against"
    return "a month, so that a long outage loses nothing"


_READ_WHOLE = {
    # What is not compacted yet is read at each recovery, and the newest segment never is.
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(timedelta(hours=6) // timedelta(milliseconds=1)),
    "min.cleanable.dirty.ratio": "0.2",
}

_COMPACTED_OFTEN = {
    **_READ_WHOLE,
    # A backup reads what stood there when it was begun, while newer values come.
    COMPACTION_LAG: str(_HALF_AN_HOUR // timedelta(milliseconds=1)),
    # What was purged from a table is still in the log until then; without a bound it may be for years.
    "max.compaction.lag.ms": str(_A_WEEK // timedelta(milliseconds=1)),
}
