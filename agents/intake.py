"""Intake: turns what registries, the portal and the State Corporation publish into events of the case inbox.

It validates and re-keys; it decides nothing. What it can't read goes to the dead letters with the reason.
What is about nobody is checked and counted; it stays in its own topic. What is said of the whole service goes
to every partition of the topic whose reader obeys it, so that it has its place among the events of everybody.
What an operator sends back from the dead letters is taken as if it had come where it came first.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from time import time_ns

import structlog

from agents import redriven
from agents.traces import IntakeTraces
from schemas.base import Event
from schemas.catalogue import ABOUT_PERSONS, LINE_EVENTS, PUBLIC_IN
from schemas.cloudevents import CloudEvent, NotACloudEventError, decode, encode
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import SERVICE, CaseId, PersonId, Pseudonyms, derived_id, person_of
from schemas.operators import OperatorActed
from schemas.personal import nameless, trace_names_somebody
from schemas.plausible import check_not_ahead
from schemas.received import SOURCE_DIGEST, UnknownEventError, received_event
from schemas.registry import DisabilityEstablished, TitleAwarded, case_id_of_right
from schemas.routes import PublicKept
from streams import metrics
from streams.clock import Clock
from streams.dead_letters import PARTITION, REDRIVEN_LETTERS, UnreadableRecordError, Why, dead_letter
from streams.events import number_key, read
from streams.jws import NotVerifiedError
from streams.metric_labels import counter
from streams.records import Outgoing, Record
from streams.registry_signatures import EXTENSION, RegistrySignatures
from streams.topics import CASE_INBOX, COMPACTED_IN, SMS_INBOX, SMS_OUTBOX
from streams.tracing import Tracer
from streams.transport.batch import Batch

TOPICS = (*PUBLIC_IN, REDRIVEN_LETTERS)
_PERSON_ID = re.compile(r"[0-9a-f]{64}")

TOMBSTONES = counter(
    "jardem_tombstones",
    "Tombstones of compacted public topics, passed over",
    {"topic": tuple(sorted(COMPACTED_IN))},
)
KEPT = counter(
    "jardem_kept",
    "Public events that are about nobody, checked and left in their topic",
    {"topic": tuple(sorted(PUBLIC_IN.keys() - ABOUT_PERSONS.keys() | {OperatorActed.name}))},
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Fact:
    """A record read: the event, and what it says. `began` is when reading it began, in nanoseconds."""

    record: Record
    event: CloudEvent
    data: Event
    began: int


class Intake:
    """Re-keys public events by `person_id`.

    The event keeps its data byte for byte, and its source and its id unless they could name a person; of its
    extensions it keeps the trace, unless that does. `partitions_of` asks the broker how many a topic has.
    With a `tracer` every event has a trace, and its span. By `signatures` sources are known that sign.
    """

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        clock: Clock,
        partitions_of: Callable[[str], Awaitable[int]],
        tracer: Tracer | None = None,
        signatures: RegistrySignatures | None = None,
    ) -> None:
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._partitions_of = partitions_of
        self._signatures = signatures or RegistrySignatures()
        self._traces = IntakeTraces(tracer) if tracer is not None else None

    async def handle(self, batch: Batch) -> Sequence[Outgoing]:
        """An inbox event or a dead letter for each record, but for what is about nobody and for tombstones.

        Of an act on the whole service there is one for each partition.
        """
        sent: list[Outgoing] = []
        for record in batch:
            sent += await self._sent_for(record)
        return sent

    async def _sent_for(self, record: Record) -> Sequence[Outgoing]:
        try:
            if record.topic != REDRIVEN_LETTERS:
                return await self._take(record)
            former = redriven.as_it_was(record)
            return await self._put_back(former) or await self._take(former)
        except UnreadableRecordError as error:
            metrics.DEAD_LETTERS.labels(record.topic, error.why).inc()
            _log.warning("record dead-lettered", at=record.position, reason=error.reason)
            return [dead_letter(record, error.reason)]

    async def _put_back(self, former: Record) -> Sequence[Outgoing]:
        """The record for the inbox that it came from, if any. Raises `UnreadableRecordError`.

        A partition that there is not would end the worker at every start.
        """
        sent = redriven.put_back(former)
        for each in sent:
            if each.partition not in (None, *range(await self._partitions_of(each.topic))):
                raise UnreadableRecordError(f"{PARTITION}: the topic that it came from has no such partition")
        key = self._number_key(former)
        return sent if key is None else [replace(each, key=key) for each in sent]

    def _number_key(self, former: Record) -> bytes | None:
        """The key of what a carrier told: what sent it may have had other keys of pseudonyms than we have."""
        if former.topic != SMS_INBOX:
            return None
        try:
            _, event = read(former, LINE_EVENTS)
        except UnreadableRecordError:
            return None
        key = number_key(event.data, self._pseudonyms)
        return None if key is None else key.encode()

    async def _take(self, record: Record) -> Sequence[Outgoing]:
        """What is to be sent for a record of a public topic. Raises `UnreadableRecordError`.

        A tombstone of a compacted topic says that the topic's owner keeps the last fact no longer, not that
        it became untrue: it is counted.
        """
        if record.topic in COMPACTED_IN and record.value is None:
            TOMBSTONES.labels(record.topic).inc()
            return []
        fact = self._read(record)
        if isinstance(fact.data, OperatorActed):
            return await self._obeyed(fact, fact.data)
        if isinstance(fact.data, PublicKept):
            return self._kept(record)
        return [self._rekeyed(fact, CASE_INBOX, self._person_id(fact.data))]

    async def _obeyed(self, fact: _Fact, act: OperatorActed) -> Sequence[Outgoing]:
        """The act for those who have to obey it: one desk, or every partition of a topic."""
        if act.of_a_case:
            return [self._rekeyed(fact, CASE_INBOX, act.person_id or "")]
        if act.of_a_message:
            return [self._rekeyed(fact, SMS_INBOX, act.phone_id or "")]
        if not act.of_the_service:
            return self._kept(fact.record)
        topic = SMS_OUTBOX if act.of_the_carrier else CASE_INBOX
        told = self._rekeyed(fact, topic, SERVICE)
        return [replace(told, partition=number) for number in range(await self._partitions_of(topic))]

    def _kept(self, record: Record) -> Sequence[Outgoing]:
        KEPT.labels(record.topic).inc()
        _log.info("record checked and left in its topic", at=record.position)
        return []

    def _read(self, record: Record) -> _Fact:
        """Raises `UnreadableRecordError` with a reason that repeats no data."""
        began = time_ns()
        try:
            event = decode(record.value, record.headers, timestamp=record.timestamp)
            self._signatures.check(record.topic, event, self._clock.now())
            fact = received_event(event, {record.topic: PUBLIC_IN[record.topic]})
            check_not_ahead(fact.data, self._clock.now(), happened_at=fact.time)
        except NotACloudEventError as error:
            raise UnreadableRecordError(str(error), Why.ENVELOPE) from None
        except NotVerifiedError as error:
            raise UnreadableRecordError(f"{EXTENSION}: {error}", Why.REFUSED) from None
        except (UnknownEventError, ValueError) as error:
            raise UnreadableRecordError(str(error)) from None
        return _Fact(record, event, fact.data, began)

    def _rekeyed(self, fact: _Fact, inbox: str, key: str) -> Outgoing:
        """The event for the desk that has to hear of it, under the pseudonym whose desk it is."""
        event = fact.event
        trace = event.extensions.get("traceparent")
        extensions = {SOURCE_DIGEST: hashlib.sha256(fact.record.value or b"").hexdigest()}
        if trace is not None and trace_names_somebody(trace, fact.data):
            trace = None
        of: str = getattr(fact.data, "iin", "")
        # Headers and the audit log carry them.
        id_ = nameless(event.id, of, self._pseudonyms)
        told = replace(event, id=id_, source=nameless(event.source, of, self._pseudonyms))
        if self._traces:
            event_id, case_id = derived_id(told.source, told.id), _case_id(key, fact.data)
            trace = self._traces.taken(fact.record.topic, trace, event_id, case_id, fact.began, time_ns())
        if trace is not None:
            extensions["traceparent"] = trace
        headers, value = encode(replace(told, extensions=extensions))
        return Outgoing(topic=inbox, key=key.encode(), value=value, headers=headers)

    def _person_id(self, fact: Event) -> PersonId:
        """Whom it is about. Raises `UnreadableRecordError` where that is nobody whom we could know."""
        if isinstance(fact, OperatorActed):
            return PersonId(fact.person_id or "")
        if isinstance(fact, DecisionSigned | HearingRecorded | TermExtended):
            person_id = person_of(fact.decision_id)
            if not _PERSON_ID.fullmatch(person_id):
                raise UnreadableRecordError("decision_id: no decision of ours has such an id", Why.KEY)
            return person_id
        iin: str = getattr(fact, "iin")  # noqa: B009 - every other one about a person
        return self._pseudonyms.person(iin)


def _case_id(key: str, fact: Event) -> CaseId | None:
    """The case that a fact gives rise to, if it does."""
    if isinstance(fact, TitleAwarded | DisabilityEstablished):
        return case_id_of_right(PersonId(key), fact)
    return None
