"""Where the spans of a process go, as the settings say; nothing of OpenTelemetry is imported before."""

from importlib.util import find_spec
from urllib.parse import urlsplit

from streams.errors import UserError
from streams.settings.settings import Settings
from streams.settings.values import variable
from streams.tracing import Tracer

_TRACES_PATH = "/v1/traces"


class TracingError(UserError):
    """Traces are wanted and cannot be had; the message says what to do."""

    exit_code = 2


def start_tracing(settings: Settings, process: str) -> Tracer | None:
    """What takes the spans of this process; None where no traces are wanted, and nothing is imported then.

    Raises `TracingError` where the extra that it needs is not installed.
    """
    if not settings.traces:
        return None
    needed = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")
    if not all(map(_installed, needed)):
        raise TracingError(
            f"{variable('traces')} is set, and what it needs is not installed: "
            "install jardem with its extra `tracing`, or unset it"
        )
    from streams.otlp import OtlpTracer  # noqa: PLC0415 - only where it is wanted

    return OtlpTracer(traces_url(settings.traces), process)


def traces_url(address: str) -> str:
    """Where spans are posted: the address itself, or OTLP's own path there.

    >>> traces_url("http://127.0.0.1:4318"), traces_url("https://collector/otlp/traces")
    ('http://127.0.0.1:4318/v1/traces', 'https://collector/otlp/traces')
    """
    return address if urlsplit(address).path else address + _TRACES_PATH


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
