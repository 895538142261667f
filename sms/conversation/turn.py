"""One event's turn on a line: the moves that the conversation is made of, and the effects that they leave."""

from collections.abc import Callable
from datetime import datetime, timedelta

from schemas.ids import message_id_of
from schemas.messages import MessageGivenUp, MessageToSend
from schemas.questions import QuestionKind
from schemas.routes import Effect
from sms.conversation.hours import SendingHours
from sms.conversation.line import Delivery, Line, LineQuestion, Message
from sms.texts import Texts

_KEPT_QUESTIONS = 12
# How long after a text a message still is an answer to it, so that quiet hours do not hold it.
_JUST = timedelta(minutes=30)


class Turn:
    """The line as the event finds it, changed move by move.

    `event_id` is the event's, `now` its instant, by which all is decided, and `read_at` the present one, both
    in UTC.
    `remarks` says what was done with an event that changed nothing.
    """

    def __init__(
        self,
        line: Line,
        event_id: str,
        now: datetime,
        read_at: datetime,
        texts: Texts,
        hours: SendingHours | None,
    ) -> None:
        self.line = line
        self.event_id = event_id
        self.now = now
        self.read_at = read_at
        self.texts = texts
        self.hours = hours
        self.effects: list[Effect] = []
        self.remarks: list[str] = []

    def change(self, **changes: object) -> None:
        """Change the line. What is so already is left as it is: most of what an event asks for is."""
        line = self.line
        if any(getattr(line, name) != value for name, value in changes.items()):
            self.line = line.with_(**changes)

    # Questions.

    def update(self, question: LineQuestion, **changes: object) -> LineQuestion:
        """Change a question where it stands."""
        changed = question.with_(**changes)

        def place(known: LineQuestion) -> LineQuestion:
            return changed if known.question_id == question.question_id else known

        self.change(
            current=place(self.line.current) if self.line.current else None,
            waiting=tuple(place(known) for known in self.line.waiting),
            past=tuple(place(known) for known in self.line.past),
        )
        return changed

    def retire(self) -> None:
        """Move the current question to the past; late answers may still come to it.

        It is put no more, so that its words need not be kept.
        """
        if self.line.current:
            past = (*self.line.past, self.line.current.with_(text=None))[-_KEPT_QUESTIONS:]
            self.change(past=past, current=None)

    def step_back(self) -> None:
        """Let the current question, whose message was never handed over, wait as the first again."""
        current = self.line.current
        if current:
            waits = tuple(each for each in self.line.messages if each.question_id != current.question_id)
            self.change(current=None, waiting=(current, *self.line.waiting), messages=waits)

    def message_of(self, question: LineQuestion) -> Message:
        """The message that puts a question: in the words in which it was put before, if it was."""
        text, version = question.text, question.text_version
        if text is None:
            text = self.texts.question(question.kind, question.language, question.details)
            version = self.texts.version
        return Message(
            message_id=message_id_of(question.question_id),
            text=text,
            text_version=version,
            prompted_at=question.prompted_at,
            case_id=question.case_id,
            person_id=question.person_id,
            question_id=question.question_id,
            asks=True,
        )

    def make_current(self, question: LineQuestion) -> None:
        """Put this question to the citizen, in words that it keeps whatever becomes of the texts."""
        message = self.message_of(question)
        self.change(current=question.with_(text=message.text, text_version=message.text_version))
        self.say(message)

    def open_next(self) -> datetime | None:
        """Put the next waiting question, if none is open; return when to look again, if one must wait."""
        if self.line.current is not None:
            return None
        ready = [question for question in self.line.waiting if self.opening(question, self.now) <= self.now]
        if ready:
            self.change(waiting=tuple(known for known in self.line.waiting if known != ready[0]))
            self.make_current(ready[0])
            return None
        return min((self.opening(question, self.now) for question in self.line.waiting), default=None)

    def opening(self, question: LineQuestion | None, at: datetime) -> datetime:
        """When the question may be put: an offer not before the morning after the number said STOP."""
        stopped = self.line.stopped_until
        return stopped if stopped and question and question.kind is QuestionKind.OFFER else at

    # Deliveries.

    def note_delivery(self, delivery: Delivery, **changes: object) -> None:
        """Note what became of an accepted message."""
        changed = delivery.with_(**changes)
        self.change(
            deliveries=tuple(
                changed if known.sid == delivery.sid else known for known in self.line.deliveries
            )
        )

    # Messages.

    def say(self, message: Message, *, first: bool = False) -> None:
        """Queue a message, behind the others or before them."""
        waiting = self.line.messages
        self.change(messages=(message, *waiting) if first else (*waiting, message))

    def replace(self, message: Message, *by: Message) -> None:
        """Put other messages, or none, in a message's place."""
        messages: list[Message] = []
        for known in self.line.messages:
            messages.extend(by if known.message_id == message.message_id else (known,))
        self.change(messages=tuple(messages))

    def drop(self, unwanted: Callable[[Message], bool]) -> None:
        """Send no message of this description; one that is with the carrier can only not be retried."""
        deliveries = tuple(
            known.with_(message=None) if known.message and unwanted(known.message) else known
            for known in self.line.deliveries
        )
        if deliveries != self.line.deliveries:
            self.change(deliveries=deliveries)
        for message in self.line.messages:
            if unwanted(message):
                if message.handed_at:
                    self.replace(message, message.with_(unwanted=True))
                else:
                    self.give_up(message)

    def give_up(self, message: Message) -> None:
        """Try a message no more. If it may have left, no later text answers what was put before."""
        self.replace(message)
        if message.doubted_at:
            self.effects.append(
                MessageGivenUp(message_id=message.message_id, phone=self.line.phone or "", at=self.now)
            )
        question = self.line.question(message.question_id) if message.asks else None
        if question and message.tried_at and not question.put_at:
            self.mark_put(question, message.tried_at)
        elif question and message.tried_at and question.unreached_at and not question.again_at:
            self.update(question, again_at=message.tried_at)

    def mark_put(self, question: LineQuestion, at: datetime) -> None:
        """Note when a question left.

        None left before the one before it, whatever the clocks of the workers that handed them over say.
        """
        before = self.line.last_put_at
        self.update(question, put_at=max(at, before) if before else at)

    def hand_over(self) -> datetime | None:
        """Hand the next message to the carrier if none is with it, and return when to look again.

        What might have gone out at the event's instant and may not now is handed over as of that instant: so
        old a request the carrier gives back, unless a worker that died had it sent by then.
        """
        wake_at = None
        self.drop(lambda message: message.is_over(self.now))
        if self.line.in_flight is None:
            message, wake_at = self._next_message()
            if message:
                handed = message.with_(
                    handed_at=self.read_at,
                    tried_at=message.tried_at or self.read_at,
                    attempt=message.attempt + 1,
                    retry_at=None,
                )
                self.replace(message, handed)
                self.effects.append(
                    MessageToSend(
                        message_id=handed.message_id,
                        phone=self.line.phone or "",
                        text=handed.text,
                        attempt=handed.attempt,
                        requested_at=self.read_at if self._may_go(message, self.read_at) else self.now,
                        offer=self._offers(handed),
                        unsent_before=handed.unsent_before,
                        answers=handed.prompted_at is not None,
                    )
                )
        return wake_at

    def wake(self, *instants: datetime | None) -> None:
        """Be woken at the earliest of these instants, if there is any."""
        wake_at = min((instant for instant in instants if instant), default=None)
        if wake_at != self.line.wake_at:
            self.change(wake_at=wake_at, wakes=self.line.wakes + 1)

    def _next_message(self) -> tuple[Message | None, datetime | None]:
        """The message to hand over now, or when to look again.

        An answer may pass what waits for the morning, and everything may pass what is tried alone.
        """
        wakes: list[datetime] = []
        for message in self.line.messages:
            if message.retry_at and message.retry_at > self.now:
                wakes.append(message.retry_at)
                if not message.alone:
                    break
            elif self._may_go(message, self.now):
                return message, None
            else:
                wakes.append(self._opening(message, self.now))
        return None, min(wakes, default=None)

    def _may_go(self, message: Message, at: datetime) -> bool:
        """Whether this message may go out at an instant, and is of use then."""
        return not message.is_over(at) and self._opening(message, at) <= at

    def _opening(self, message: Message, at: datetime) -> datetime:
        """When the message may go out, as far as the hour and the number's STOP let it."""
        question = self.line.question(message.question_id) if message.asks else None
        opening = self.opening(question, at)
        if self.hours and not self._is_answer(message, at):
            opening = self.hours.next_opening(max(opening, at))
        return opening

    def _offers(self, message: Message) -> bool:
        question = self.line.question(message.question_id) if message.asks else None
        return question is not None and question.kind is QuestionKind.OFFER

    def _is_answer(self, message: Message, at: datetime) -> bool:
        """Whether the citizen has just asked for this message."""
        return message.prompted_at is not None and at - message.prompted_at <= _JUST
