"""The spans of the agents: what was handled, and to which trace what follows from it belongs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.ids import CaseId
from schemas.messages import MessageToSend, SentTimeWanted
from schemas.received import ReceivedEvent
from schemas.routes import Effect
from sms.conversation.line import Line
from streams.tracing import Attributes, Place, Span, Tracer, read_trace, trace_of_case, trace_of_event

S = TypeVar("S")

CaseOf = Callable[[S, Effect], CaseId | None]


def case_of(_state: object, effect: Effect) -> CaseId | None:
    """The case that an effect is about, where it names one."""
    return getattr(effect, "case_id", None)


def case_of_message(line: Line, effect: Effect) -> CaseId | None:
    """The case that an effect of a number's is about: what goes to the carrier does not name it."""
    match effect:
        case MessageToSend():
            message = line.message(effect.message_id)
            return message.case_id if message else None
        case SentTimeWanted():
            asked = next((known.asked for known in line.deliveries if known.sid == effect.sid), None)
            question = line.question(asked)
            return question.case_id if question else None
    return case_of(line, effect)


@dataclass(frozen=True, slots=True)
class DeskTraces(Generic[S]):
    """What a desk of this name traces.

    An event that came with a trace carries it on. One that came with none, because it is an instant that has
    come, belongs to the traces of the cases that it moves.
    """

    tracer: Tracer
    desk: str
    case_of: CaseOf[S]

    def trace(self, event: ReceivedEvent, state: S) -> Callable[[Effect], str | None]:
        """To which trace an effect of an event belongs, as a `traceparent`. `state` is what it left."""
        came_with = event.traceparent

        def of(effect: Effect) -> str | None:
            if came_with:
                place = read_trace(came_with)
                return str(self._here(place, event)) if place else came_with
            case_id = self.case_of(state, effect)
            return str(self._here(trace_of_case(case_id), event)) if case_id else None

        return of

    def handled(
        self, event: ReceivedEvent, effects: Sequence[Effect], state: S, began: int, ended: int
    ) -> None:
        """Record what an event did, in its trace or in those of its cases."""
        cases = {case_id for effect in effects if (case_id := self.case_of(state, effect))}
        of_cases = [trace_of_case(case_id) for case_id in sorted(cases)]
        if event.traceparent:
            parent = read_trace(event.traceparent)
            if parent:
                links = [place for place in of_cases if place.trace_id != parent.trace_id]
                self._record(event, parent, began, ended, links)
        else:
            for place in of_cases:
                self._record(event, place, began, ended)

    def refused(self, event: ReceivedEvent, began: int, ended: int) -> None:
        """Record that an event became a dead letter."""
        parent = read_trace(event.traceparent)
        if parent:
            self._record(event, parent, began, ended, failed=True)

    def _here(self, parent: Place, event: ReceivedEvent) -> Place:
        return parent.child(self.desk, event.id)

    def _record(
        self,
        event: ReceivedEvent,
        parent: Place,
        began: int,
        ended: int,
        links: Sequence[Place] = (),
        *,
        failed: bool = False,
    ) -> None:
        self.tracer.record(
            Span(
                self._here(parent, event),
                f"{self.desk} {event.name}",
                "consumer",
                began,
                ended,
                parent,
                {"jardem.event": event.name, "jardem.event_id": event.id},
                links,
                failed,
            )
        )


@dataclass(frozen=True, slots=True)
class IntakeTraces:
    """What the intake traces: where each public event comes in."""

    tracer: Tracer

    def taken(
        self,
        name: str,
        traceparent: str | None,
        event_id: str,
        case_id: CaseId | None,
        began: int,
        ended: int,
    ) -> str | None:
        """Record that an event was taken; the `traceparent` to pass on.

        `case_id` is the case that it gives rise to, if it does. Without a trace of its sender's it begins
        that case's, or else its own; with one, the case's begins beside it, and each is linked to the other.
        """
        root = trace_of_case(case_id) if case_id else trace_of_event(event_id)
        attributes = {"jardem.event": name, "jardem.event_id": event_id}
        span = _Intake(self.tracer, f"intake {name}", began, ended, attributes)
        if not traceparent:
            span.record(root)
            return str(root)
        parent = read_trace(traceparent)
        if parent is None:
            return traceparent
        here = parent.child("intake", event_id)
        span.record(here, parent, [root] if case_id else [])
        if case_id:
            span.record(root, None, [here])
        return str(here)


@dataclass(frozen=True, slots=True)
class _Intake:
    tracer: Tracer
    name: str
    began: int
    ended: int
    attributes: Attributes

    def record(self, place: Place, parent: Place | None = None, links: Sequence[Place] = ()) -> None:
        self.tracer.record(
            Span(place, self.name, "consumer", self.began, self.ended, parent, self.attributes, links)
        )
