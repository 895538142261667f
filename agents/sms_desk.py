"""The SMS desk: the pure conversation on a phone number, bound to its inbox and its table."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from schemas import catalogue
from schemas.ids import Pseudonyms
from schemas.received import ReceivedEvent
from schemas.stored import dump_stored, load_stored
from sms.conversation import line
from sms.conversation.converse import LinePolicy, converse, wait
from sms.conversation.line import Line
from streams.deadlines import Deadline, elapsed
from streams.events import Effects, read
from streams.records import Outgoing, Record
from streams.topics import SMS_INBOX

_log = structlog.get_logger(__name__)


class SmsDesk:
    """What makes a desk the SMS desk."""

    name = "lines"
    inbox = SMS_INBOX

    def __init__(self, policy: LinePolicy, pseudonyms: Pseudonyms) -> None:
        self._policy = policy
        self._effects = Effects("urn:jardem:sms-desk", pseudonyms)

    def empty(self, key: bytes) -> Line:  # noqa: ARG002 - a line learns its number from its first event
        """A number on which nothing was said yet."""
        return Line()

    def load(self, data: bytes) -> Line:
        """The line from the table. Raises `UnreadableValueError`."""
        return load_stored(Line, data, line.VERSION, {})

    def dump(self, state: Line) -> bytes:
        """The line for the table."""
        return dump_stored(state, line.VERSION)

    def read(self, record: Record) -> tuple[str, ReceivedEvent]:
        """The event of an inbox record."""
        return read(record, catalogue.LINE_EVENTS)

    def apply(self, state: Line, event: ReceivedEvent, now: datetime) -> tuple[Line, Sequence[Outgoing]]:
        """Go on with the conversation."""
        conversed = converse(state, event, now, self._policy)
        for remark in conversed.remarks:
            _log.info(remark, about=event.name, id=event.id)
        return conversed.line, self._effects.outgoing(conversed.effects, event, now)

    def deadlines(self, state: Line) -> Sequence[Deadline]:
        """When the line must be woken."""
        wake = wait(state)
        return [Deadline(at=wake[0], name="wake", version=wake[1])] if wake else []

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """Tell this desk that a deadline elapsed."""
        return elapsed(self.inbox, key, deadline)
