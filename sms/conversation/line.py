"""One phone number.

The open question, those behind it, the messages on their way. The SMS desk's aggregate.
"""

from datetime import datetime
from typing import Literal

from schemas.base import Instant
from schemas.ids import NOBODY, CaseId, MessageId, PersonId, QuestionId, Sid
from schemas.messages import DeliveryStatus, MessageReceived, MessageStatusReported
from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.stored import Stored
from schemas.values import Language

VERSION = 5
"""The version of the shape in which lines are stored. Those before had fewer fields, and no others."""


class LineQuestion(Stored):
    """A question on this number.

    `put_at` is when its message was handed to the carrier that then accepted it; a text received from then on
    may be its answer, up to `closed_at`, as the case says; `closed_by` is the text whose answer closed it. Up
    to `denied_at` it is closed here by a "no", whatever the case says. From `unreached_at` on it was known
    not to have reached the number, until it was handed over once more at `again_at`.
    `echoed`: an answer of an earlier question of the case came to it, and was explained. `text` is how it
    was put, while it may be put again, `text_version` the version of the texts of which it was made: both
    null before it is put, and where that was before they were kept.
    """

    question_id: QuestionId
    case_id: CaseId
    person_id: PersonId
    kind: QuestionKind
    language: Language | None
    details: Details
    prompted_at: Instant | None = None
    put_at: Instant | None = None
    answered: bool = False
    closed_at: Instant | None = None
    closed_by: Sid | None = None
    denied_at: Instant | None = None
    unreached_at: Instant | None = None
    again_at: Instant | None = None
    explained: int = 0
    echoed: bool = False
    text: str | None = None
    text_version: str | None = None

    def open_at(self, received_at: datetime) -> bool:
        """Whether a text received at this instant may answer it."""
        ends = [end for end in (self.closed_at, self.denied_at) if end is not None]
        return all(received_at < end for end in ends)

    def is_unreached(self, received_at: datetime) -> bool:
        """Whether it was known, when a text was received, not to have reached the number."""
        again = self.again_at is not None and self.again_at <= received_at
        return self.unreached_at is not None and self.unreached_at <= received_at and not again

    @property
    def is_purged(self) -> bool:
        """Whether its case is purged: it stands here only so that no text is taken for another's answer."""
        return self.person_id == NOBODY

    def purged(self) -> "LineQuestion":
        """What is left of it when its case is purged: when it was put, and nobody's name."""
        return self.with_(person_id=NOBODY, language=None, details=Details(), prompted_at=None)


class Message(Stored):
    """A message to this number that the carrier has not accepted yet.

    `text_version` is the version of the texts of which a question's `text` was made, where that is known.
    `prompted_at` is when the text came that it answers: at once, it may go out in quiet hours too.
    `tried_at` is since when it may have left, as far as is known here; `handed_at` is set while it is with
    the carrier, `retry_at` after the carrier gave it back, and `returned_at` is when it was last known that
    it had not left. `unwanted` means that it must not be tried again. From `until` on there is no use in
    sending it. `doubted_at` is when the carrier last said that nobody can tell whether it left, as long as
    that is so; `unsent_before` is up to when it had not left, as an operator has said.

    A message that was accepted and did not reach the number is sent again as another one: `resent` counts
    that, and `first_tried_at` is when the first of them was handed over. `alone`: others may pass it while it
    waits.
    """

    message_id: MessageId
    text: str
    text_version: str | None = None
    prompted_at: Instant | None = None
    case_id: CaseId
    person_id: PersonId
    question_id: QuestionId | None = None
    asks: bool = False
    until: Instant | None = None
    notice: NoticeKind | None = None
    attempt: int = 0
    tried_at: Instant | None = None
    handed_at: Instant | None = None
    retry_at: Instant | None = None
    returned_at: Instant | None = None
    doubted_at: Instant | None = None
    unsent_before: Instant | None = None
    unwanted: bool = False
    resent: int = 0
    first_tried_at: Instant | None = None
    alone: bool = False

    def is_over(self, at: datetime) -> bool:
        """Whether there is no use in sending it any more.

        How long a "no" may be taken back is told once all the same: it says that the "no" has come.
        """
        first = self.notice is NoticeKind.DECLINED and not self.resent
        return self.until is not None and self.until <= at and not first


class Inquiry(Stored):
    """The asking for a message's sent time, while it goes on.

    `left_by` is when the SMS API reported that the message had left. `attempt` counts the askings; `next_at`
    is when to ask, unless the carrier is asking now.
    """

    left_by: Instant
    attempt: int = 0
    next_at: Instant | None = None


class Delivery(Stored):
    """What became of an accepted message.

    `asked` is the question that it put, if it put one; `told` says whether its sent time is known. `message`
    is what would be sent again if it does not reach the number, as long as that is of use.
    """

    sid: Sid
    status: DeliveryStatus = "accepted"
    asked: QuestionId | None = None
    told: bool = False
    inquiry: Inquiry | None = None
    message_id: MessageId | None = None
    message: Message | None = None


class TextTaken(Stored):
    """When a text was received, for which question it was read, and as what, as far as was known then."""

    sid: Sid
    received_at: Instant
    question_id: QuestionId | None = None
    read_as: Literal["nothing", "answer", "no"] = "nothing"


class Line(Stored):
    """The conversation on one number. At most one message is with the carrier at a time.

    `wake_at` is the next instant at which something must be done without an event: a held message's
    morning, a retry, another inquiry; `wakes` counts its settings. `heard` are the sids of the texts that
    came: a signature has no time in it, so a call of the webhook that is replayed long after must be
    known by its sid. `taken` says of the last of them when they were received, and `told_earlier` are
    copies of them that tell of an earlier instant, kept until it shows whether that makes a difference.
    Until `stopped_until` no new offer is made here, because the number has said STOP. `requested` are the
    questions, notices and withdrawals that were asked for of late: one that comes again, because the first
    sending may have been lost, is no other, even where nothing else is left of it.
    """

    phone: str | None = None
    current: LineQuestion | None = None
    waiting: tuple[LineQuestion, ...] = ()
    past: tuple[LineQuestion, ...] = ()
    messages: tuple[Message, ...] = ()
    held_texts: tuple[MessageReceived, ...] = ()
    heard: tuple[Sid, ...] = ()
    taken: tuple[TextTaken, ...] = ()
    told_earlier: tuple[MessageReceived, ...] = ()
    requested: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    early: tuple[MessageStatusReported, ...] = ()
    wake_at: Instant | None = None
    wakes: int = 0
    stopped_until: Instant | None = None

    @property
    def in_flight(self) -> Message | None:
        """The message that is with the carrier now."""
        return next((message for message in self.messages if message.handed_at), None)

    def message(self, message_id: MessageId) -> Message | None:
        """The message with this id, if the carrier has not accepted it yet."""
        return next((message for message in self.messages if message.message_id == message_id), None)

    @property
    def last_put_at(self) -> datetime | None:
        """When the last question was put on this number."""
        known = [*self.past, *([self.current] if self.current else [])]
        return max((question.put_at for question in known if question.put_at), default=None)

    def put_by(self, received_at: datetime) -> list[LineQuestion]:
        """The questions that had been put when a text was received, the last first.

        Of two that were put at the same instant it is the one that was asked later. One that was known not to
        have reached is none where somebody else had been asked just before it: the text is for what they
        were asked, or told. Else who answers it proves that it has reached.
        """
        put = self._put(received_at)
        while put and self._is_passed_over(put, received_at):
            del put[0]
        return put

    def awaits_its_leaving(self, question: LineQuestion, at: datetime) -> bool:
        """Whether nobody can tell, while its message is with the carrier, if a text is for this question."""
        put = [each for each in self._put(at) if each.question_id != question.question_id]
        return question.put_at is None or self._is_passed_over([question, *put], at)

    def _put(self, received_at: datetime) -> list[LineQuestion]:
        known = [*self.past, *([self.current] if self.current else [])]
        put = [question for question in known if question.put_at and question.put_at <= received_at]
        put.sort(key=lambda question: question.put_at or received_at)
        return put[::-1]

    @staticmethod
    def _is_passed_over(put: list[LineQuestion], received_at: datetime) -> bool:
        before = put[1] if len(put) > 1 else None
        another = before is not None and before.case_id != put[0].case_id and not before.is_purged
        return put[0].is_unreached(received_at) and another

    def question(self, question_id: QuestionId | None) -> LineQuestion | None:
        """The question with this id, wherever it stands."""
        known = [*self.past, *([self.current] if self.current else []), *self.waiting]
        return next((question for question in known if question.question_id == question_id), None)
