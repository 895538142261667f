"""Traces over Kafka: what led to an event, and what it led to, for whoever looks at them with OpenTelemetry.

Nothing random goes into an event, so that the same event on the same state has the same bytes: ids of traces
and spans are digests of what they are about. A case has a trace of its own, which every process can name: it
holds what follows from its instants too, days after the registry's event and in whichever worker. Other
events carry on the trace that they came with.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from schemas.ids import CaseId

_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 1

Kind = Literal["server", "client", "consumer", "internal"]
Attributes = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Place:
    """A span in a trace, by its ids in lower-case hex: what a `traceparent` that is sampled names."""

    trace_id: str
    span_id: str

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"

    def child(self, *names: str) -> "Place":
        """A span in the same trace, the same whenever the names are."""
        return Place(self.trace_id, _digest("span", self.trace_id, *names)[:16])


@dataclass(frozen=True, slots=True)
class Span:
    """Something that was done. `began` and `ended` are nanoseconds of Unix time.

    Attributes and links name nobody: no IIN, phone or IBAN, and no text.
    """

    place: Place
    name: str
    kind: Kind
    began: int
    ended: int
    parent: Place | None = None
    attributes: Attributes | None = None
    links: Sequence[Place] = ()
    failed: bool = False


class Tracer(Protocol):
    """Takes spans. It never waits, and never raises."""

    def record(self, span: Span) -> None:
        """Take a span; where they cannot be sent for long, some are lost."""

    def close(self) -> None:
        """Send what there is, for a few seconds at most."""


def read_trace(traceparent: str | None) -> Place | None:
    """The span that a `traceparent` names; None where it is none, or not sampled.

    >>> read_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").span_id
    'b7ad6b7169203331'
    """
    found = _FORM.fullmatch(traceparent or "")
    return Place(found[1], found[2]) if found and int(found[3], 16) & _SAMPLED else None


def trace_of_case(case_id: CaseId) -> Place:
    """The root of a case's own trace."""
    return _root("case", case_id)


def trace_of_event(event_id: str) -> Place:
    """The root of the trace that an event begins, by its derived id."""
    return _root("event", event_id)


def _root(*names: str) -> Place:
    digest = _digest("trace", *names)
    return Place(digest[:32], digest[32:48])


def _digest(*names: str) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
