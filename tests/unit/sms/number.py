"""One phone number for tests, and the events that it hears."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from schemas.base import Event
from schemas.ids import MessageId, QuestionId, Sid, message_id_of
from schemas.messages import (
    MessageAccepted,
    MessageDeferred,
    MessageReceived,
    MessageStatusReported,
    MessageToSend,
)
from schemas.questions import (
    Details,
    NoticeKind,
    NoticeRequested,
    QuestionAsked,
    QuestionKind,
)
from schemas.received import ReceivedEvent
from schemas.values import Language
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy, converse, deadlines
from sms.conversation.hours import SendingHours
from sms.conversation.line import Line

PHONE = "+77011234567"
SENDER = "+77010000000"
NOON = datetime(2021, 7, 15, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOURS = SendingHours(time(9), time(21))


class Number:
    """One number and what came out of its conversation."""

    def __init__(self, *, time_scale: float = 1.0, quiet: bool = True) -> None:
        self.line = Line()
        self.now = NOON
        self.policy = LinePolicy(load_texts(), HOURS if quiet else None, time_scale=time_scale)
        self.remarks: Sequence[str] = ()
        self._count = 0

    def hears(self, data: Event, *, event_id: str = "") -> list[Event]:
        """An event comes, by default one that did not come before."""
        self._count += 1
        event = ReceivedEvent(event_id or str(self._count), "urn:test", str(self._count), self.now, "", data)
        done = converse(self.line, event, self.now, self.policy)
        self.line, self.remarks = done.state, done.remarks
        return list(done.effects)

    @property
    def wake(self) -> tuple[datetime, int] | None:
        """When the line must be woken, and the version of that wish."""
        return next(((each.at, each.version) for each in deadlines(self.line)), None)

    def asks(self, name: str = "q", *, case: str = "case", **changes: object) -> list[Event]:
        return self.hears(asked(name, case=case, **changes))

    def takes(self, name: str = "q", attempt: int = 1) -> list[Event]:
        """The carrier takes a question's message."""
        return self.hears(accepted(message_id_of(QuestionId(name)), self.now, attempt=attempt))

    def carries(self, message: MessageToSend) -> list[Event]:
        """The carrier takes a message."""
        return self.hears(accepted(message.message_id, self.now, attempt=message.attempt))

    def reads(self, text: str, at: datetime | None = None, *, sid: str | None = None) -> list[Event]:
        return self.hears(
            MessageReceived(phone=PHONE, text=text, sid=Sid(sid or f"IN-{text}"), received_at=at or self.now)
        )


def asked(name: str = "q", *, case: str = "case", **changes: object) -> QuestionAsked:
    content: dict[str, object] = {
        "question_id": name,
        "case_id": case,
        "person_id": f"person of {case}",
        "phone": PHONE,
        "kind": QuestionKind.OFFER,
        "language": None,
        "details": Details(iin_tail="0015"),
    }
    return QuestionAsked.model_validate(content | changes)


def accepted(
    message_id: MessageId, at: datetime, *, sid: str | None = None, attempt: int = 1
) -> MessageAccepted:
    taken = Sid(sid or f"SM-{message_id}")
    return MessageAccepted(
        message_id=message_id,
        phone=PHONE,
        attempt=attempt,
        sid=taken,
        accepted_at=at,
        carrier="twilio",
        sender=SENDER,
    )


def deferred(message_id: MessageId, attempt: int = 1, after: float | None = None) -> MessageDeferred:
    return MessageDeferred(
        message_id=message_id, phone=PHONE, attempt=attempt, reason="busy", retry_after_seconds=after, at=NOON
    )


def notice(kind: NoticeKind, name: str = "n", case: str = "case", **changes: object) -> NoticeRequested:
    content: dict[str, object] = {
        "notice_id": name,
        "case_id": case,
        "person_id": f"person of {case}",
        "phone": PHONE,
        "kind": kind,
        "language": Language.RUSSIAN,
        "details": Details(iin_tail="0015"),
    }
    return NoticeRequested.model_validate(content | changes)


def status(sid: Sid, name: str, *, undeliverable: bool = False) -> MessageStatusReported:
    return MessageStatusReported(
        phone=PHONE, sid=sid, status=name, error_code=30005, undeliverable=undeliverable, at=NOON + SECOND
    )
