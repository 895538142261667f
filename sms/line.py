"""One phone number.

The open question, those behind it, the messages on their way. The SMS desk's aggregate.
"""

from schemas.base import Instant, Model
from schemas.sms import Details, MessageReceived, MessageStatusReported, NoticeKind, QuestionKind
from schemas.values import Language


class LineQuestion(Model):
    """A question on this number.

    `put_at` is when its message was handed to the carrier that then accepted it; a text received from then on
    may be its answer, up to `closed_at`.
    """

    question_id: str
    case_id: str
    person_id: str
    kind: QuestionKind
    language: Language | None
    details: Details
    prompted_at: Instant | None = None
    put_at: Instant | None = None
    answered: bool = False
    closed_at: Instant | None = None
    explained: int = 0


class Message(Model):
    """A message to this number that the carrier has not accepted yet.

    `prompted_at` is when the text came that it answers: at once, it may go out in quiet hours too.
    `handed_at` is set while it is with the carrier; `retry_at` after the carrier gave it back; `unwanted`
    means that it must not be tried again.
    """

    message_id: str
    text: str
    prompted_at: Instant | None = None
    case_id: str
    person_id: str
    question_id: str | None = None
    asks: bool = False
    notice: NoticeKind | None = None
    attempt: int = 0
    handed_at: Instant | None = None
    retry_at: Instant | None = None
    unwanted: bool = False


class Delivery(Model):
    """What became of an accepted message. `asked` is the question that it put, if it put one."""

    sid: str
    status: str = "accepted"
    asked: str | None = None


class Line(Model):
    """The conversation on one number. At most one message is with the carrier at a time.

    `wake_at` is the next instant at which something must be done without an event: a held message's morning,
    a retry; `wakes` counts its settings. `heard` are the sids of the texts that came: a signature has no time
    in it, so a call of the webhook that is replayed long after must be known by its sid.
    """

    phone: str | None = None
    current: LineQuestion | None = None
    waiting: tuple[LineQuestion, ...] = ()
    past: tuple[LineQuestion, ...] = ()
    messages: tuple[Message, ...] = ()
    held_texts: tuple[MessageReceived, ...] = ()
    heard: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    early: tuple[MessageStatusReported, ...] = ()
    wake_at: Instant | None = None
    wakes: int = 0

    @property
    def in_flight(self) -> Message | None:
        """The message that is with the carrier now."""
        return next((message for message in self.messages if message.handed_at), None)

    def message(self, message_id: str) -> Message | None:
        """The message with this id, if the carrier has not accepted it yet."""
        return next((message for message in self.messages if message.message_id == message_id), None)

    def put_before(self, received_at: Instant) -> LineQuestion | None:
        """The question that was put last when a text was received: the one that the text answers."""
        known = [*self.past, *([self.current] if self.current else [])]
        put = [(question.put_at, question) for question in known if question.put_at]
        before = [pair for pair in put if pair[0] <= received_at]
        return max(before, key=lambda pair: pair[0])[1] if before else None

    def question(self, question_id: str | None) -> LineQuestion | None:
        """The question with this id, wherever it stands."""
        known = [*self.past, *([self.current] if self.current else []), *self.waiting]
        return next((question for question in known if question.question_id == question_id), None)
