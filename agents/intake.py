"""Intake: turns what registries, the portal and the State Corporation publish into events of the case inbox.

It validates and re-keys; it decides nothing. What it can't read goes to the dead letters with the reason.
What is about nobody is checked and counted; it stays in its own topic.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from time import time_ns

import structlog

from agents.traces import IntakeTraces
from schemas.base import Event
from schemas.catalogue import ABOUT_PERSONS, PUBLIC_IN
from schemas.cloudevents import CloudEvent, NotACloudEventError, decode, encode
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import CaseId, PersonId, Pseudonyms, case_id_of, derived_id, person_of
from schemas.operators import OperatorActed
from schemas.personal import could_name_somebody, trace_names_somebody
from schemas.plausible import check_not_ahead
from schemas.received import SOURCE_DIGEST, UnknownEventError, received_event
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.routes import PublicKept
from streams import metrics
from streams.clock import Clock
from streams.dead_letters import UnreadableRecordError, Why, dead_letter
from streams.metric_labels import counter
from streams.records import Outgoing, Record
from streams.topics import CASE_INBOX, COMPACTED_IN
from streams.tracing import Tracer
from streams.transport.batch import Batch

TOPICS = tuple(PUBLIC_IN)
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


class Intake:
    """Re-keys public events by `person_id`.

    The event keeps its data byte for byte, and its source and its id unless they could name a person; of its
    extensions it keeps the trace, unless that does. With a `tracer` every event has one, and its span.
    """

    def __init__(self, pseudonyms: Pseudonyms, clock: Clock, tracer: Tracer | None = None) -> None:
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._traces = IntakeTraces(tracer) if tracer is not None else None

    async def handle(self, batch: Batch) -> Sequence[Outgoing]:
        """An inbox event or a dead letter for each record, but for what is about nobody and for tombstones.

        A tombstone of a compacted topic says that the topic's owner keeps the last fact no longer, not that
        it became untrue: it is counted.
        """
        records = list(batch)
        if batch.topic in COMPACTED_IN:
            records = [record for record in batch if record.value is not None]
            TOMBSTONES.labels(batch.topic).inc(len(batch) - len(records))
        taken = (self._take(record) for record in records)
        return [outgoing for outgoing in taken if outgoing is not None]

    def _take(self, record: Record) -> Outgoing | None:
        began = time_ns() if self._traces else 0
        try:
            event, fact = self._read(record)
            if isinstance(fact, PublicKept) or (isinstance(fact, OperatorActed) and not fact.of_a_case):
                KEPT.labels(record.topic).inc()
                _log.info("record checked and left in its topic", at=record.position)
                return None
            return self._rekeyed(record, event, fact, began)
        except UnreadableRecordError as error:
            metrics.DEAD_LETTERS.labels(record.topic, error.why).inc()
            _log.warning("record dead-lettered", at=record.position, reason=error.reason)
            return dead_letter(record, error.reason)

    def _read(self, record: Record) -> tuple[CloudEvent, Event]:
        """Raises `UnreadableRecordError` with a reason that repeats no data."""
        try:
            event = decode(record.value, record.headers, timestamp=record.timestamp)
            fact = received_event(event, {record.topic: PUBLIC_IN[record.topic]})
            check_not_ahead(fact.data, self._clock.now(), happened_at=fact.time)
        except NotACloudEventError as error:
            raise UnreadableRecordError(str(error), Why.ENVELOPE) from None
        except (UnknownEventError, ValueError) as error:
            raise UnreadableRecordError(str(error)) from None
        return event, fact.data

    def _rekeyed(self, record: Record, event: CloudEvent, fact: Event, began: int) -> Outgoing:
        """Raises `UnreadableRecordError` where it names nobody whom we could know."""
        person_id = self._person_id(fact)
        trace = event.extensions.get("traceparent")
        extensions = {SOURCE_DIGEST: hashlib.sha256(record.value or b"").hexdigest()}
        if trace is not None and trace_names_somebody(trace, fact):
            trace = None
        told = replace(event, id=self._nameless(event.id), source=self._nameless(event.source))
        if self._traces:
            id_, case_id = derived_id(told.source, told.id), _case_id(person_id, fact)
            trace = self._traces.taken(record.topic, trace, id_, case_id, began, time_ns())
        if trace is not None:
            extensions["traceparent"] = trace
        told = replace(told, extensions=extensions)
        headers, value = encode(told)
        return Outgoing(topic=CASE_INBOX, key=person_id.encode(), value=value, headers=headers)

    def _person_id(self, fact: Event) -> PersonId:
        if isinstance(fact, OperatorActed):
            return PersonId(fact.person_id or "")
        if isinstance(fact, DecisionSigned | HearingRecorded | TermExtended):
            person_id = person_of(fact.decision_id)
            if not _PERSON_ID.fullmatch(person_id):
                raise UnreadableRecordError("decision_id: no decision of ours has such an id", Why.KEY)
            return person_id
        iin: str = getattr(fact, "iin")  # noqa: B009 - every other one about a person
        return self._pseudonyms.person(iin)

    def _nameless(self, name: str) -> str:
        """An id or a source that does not name a person: headers and the audit log carry it."""
        return self._pseudonyms.id(name) if could_name_somebody(name) else name


def _case_id(person_id: PersonId, fact: Event) -> CaseId | None:
    """The case that a fact gives rise to, if it does."""
    match fact:
        case TitleAwarded():
            return case_id_of(person_id, "award", fact.award_id)
        case DisabilityEstablished():
            return case_id_of(person_id, "certificate", fact.certificate_id)
    return None
