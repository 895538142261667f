"""The page of all metrics, drawn from where they are declared."""

from agents import case_gauges, case_metrics, intake, line_metrics
from ops.http_intake import metrics as intake_metrics
from sms import metrics as sms_metrics
from streams import metrics as stream_metrics
from streams.metric_labels import Declared, Form, Values, declared

DECLARED_IN = (case_gauges, case_metrics, intake, intake_metrics, line_metrics, sms_metrics, stream_metrics)
"""The modules that declare metrics. Importing them is what makes the metrics known."""

_TOP = """\
# Metrics

Drawn by `make docs` from where the metrics are declared; a test keeps it fresh. Every process serves them
at `/metrics`: a worker at `JARDEM_HEALTH_BIND` has all but those of the HTTP intake, the webhooks at
their own address those of the SMS channel, the HTTP intake those that bear its name. Beside ours there are
`process_*` and `python_*`, as Prometheus's client for Python has them.
What they are for: [monitoring](monitoring.md).

Every worker counts what it did itself and what stands in the partitions that it holds, so whoever asks for
the whole takes the sum over all workers. Gauges are right after each rebalance and recovery. Counters begin
anew with each process, and what is done again after a crash is counted again: what has to add up is in the
topics, and in the console.

No label can hold an IIN, a phone, an account, a name or an id: its values are those listed here, or have the
form described.

| metric | kind | meaning | labels |
|---|---|---|---|
"""


def metrics_page() -> str:
    """The whole document."""
    ours = sorted(declared().values(), key=lambda metric: metric.name)
    return _TOP + "".join(_row(metric) for metric in ours)


def _row(metric: Declared) -> str:
    labels = "<br>".join(f"`{name}`: {_values(values)}" for name, values in metric.labels.items())
    return f"| `{metric.name}` | {metric.kind} | {metric.meaning} | {labels} |\n"


def _values(values: Values) -> str:
    if isinstance(values, Form):
        return values.meaning
    if set(values) == set(stream_metrics.TOPICS_READ):
        return "each topic that the worker reads"
    return ", ".join(f"`{value}`" for value in values)
