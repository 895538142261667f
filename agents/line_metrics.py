"""What is counted of phone numbers: the messages that wait there, and how late a number was woken."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import partial

from agents.case_metrics import observe_lateness
from schemas.deadlines import DeadlineElapsed
from schemas.received import ReceivedEvent
from schemas.turned import Turned
from sms.conversation.line import Line, Message
from streams.clock import Clock
from streams.counts import Counts
from streams.metric_labels import gauge

_WHERE = ("held", "with_carrier", "in_doubt")

MESSAGES = gauge(
    "jardem_sms_messages",
    "Messages that the SMS API has not taken: held (quiet hours, another try, behind others), with the "
    "carrier, or in doubt: it may have left, and nobody knows. One whose call was cut off a moment ago is so "
    "too, until it was looked up",
    {"where": _WHERE},
)


def counts(line: Line) -> Mapping[str, int]:
    """What is counted of a number's messages, by name."""
    return Counter(_where(message) for message in line.messages) if line.messages else {}


def _where(message: Message) -> str:
    if message.handed_at:
        return "with_carrier"
    return "in_doubt" if message.tried_at else "held"


def show(counted: Counts) -> None:
    """Let the gauges show what the SMS desk counts."""
    for where in _WHERE:
        MESSAGES.labels(where).set_function(partial(counted.total, where))


class LineMetrics:
    """Counts what the SMS desk handles."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def count(self, before: Line, event: ReceivedEvent, turned: Turned[Line], now: datetime) -> None:
        """Count one event. `now` is the present instant in UTC of virtual time."""
        del before, turned
        if isinstance(event.data, DeadlineElapsed):
            observe_lateness(self._clock, event.data, now)
