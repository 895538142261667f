"""Sends spans to an OpenTelemetry collector, from a thread of its own. Needs the extra `tracing`."""

import threading
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from streams.tracing import Kind, Place, Span

_KINDS: dict[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
_SECONDS_OF_A_POST = 5
_SECONDS_TO_CLOSE = 3.0


class _Given(IdGenerator):
    """Gives spans the ids that they have already. Spans are recorded in one thread only."""

    def __init__(self) -> None:
        self.place = Place("0" * 32, "0" * 16)

    def generate_span_id(self) -> int:
        return int(self.place.span_id, 16)

    def generate_trace_id(self) -> int:
        return int(self.place.trace_id, 16)


class OtlpTracer:
    """Takes spans into a bounded queue, which a thread empties: nothing here waits for a network."""

    def __init__(self, url: str, process: str) -> None:
        resource = Resource.create(
            {"service.name": f"jardem-{process}", "service.version": version("jardem")}
        )
        self._ids = _Given()
        self._provider = TracerProvider(id_generator=self._ids, resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=url, timeout=_SECONDS_OF_A_POST)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self._tracer = self._provider.get_tracer("jardem")

    def record(self, span: Span) -> None:
        """Take a span."""
        self._ids.place = span.place
        context = Context()
        if span.parent is not None:
            context = set_span_in_context(NonRecordingSpan(_context(span.parent)), context)
        taken = self._tracer.start_span(
            span.name,
            context=context,
            kind=_KINDS[span.kind],
            attributes=dict(span.attributes or {}),
            links=[Link(_context(place)) for place in span.links],
            start_time=span.began,
        )
        if span.failed:
            taken.set_status(StatusCode.ERROR)
        taken.end(span.ended)

    def close(self) -> None:
        """Send what there is; where nobody takes it, it is given up after a few seconds."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_SECONDS_TO_CLOSE)


def _context(place: Place) -> SpanContext:
    return SpanContext(
        int(place.trace_id, 16),
        int(place.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
