"""What a carrier is: it takes a message or does not, and can be asked what it has taken."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from schemas.ids import MessageId, Sid
from schemas.values import Phone


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier took the message under this sid, at this real instant (UTC).

    `sent_at` is when it says that it sent the message, if it says so already: by its own clock, in whole
    seconds. Where one of several carriers took it, `carrier` and `sender` are that one's.
    """

    sid: Sid
    at: datetime
    sent_at: datetime | None = None
    carrier: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier will never take this message for this number.

    `opted_out`: not because the number can't be reached, but because its owner told the carrier that they
    want nothing more from us.
    """

    code: int | None
    reason: str
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class NotNow:
    """The carrier certainly did not take the message and may take it later.

    `retry_after` is what the carrier asked for, in seconds of real time. `ours` says that our own account or
    settings are the cause, so that somebody has to look; `unknown`, that the carrier refused for a reason
    which we do not know, and which may be this message's alone. `code` is its own for that, if it told one.
    `answered`: the carrier said so itself; else nobody could ask it. `others_turn`: other workers of ours use
    it meanwhile, which is no failure; `retry_after` is then until our turn.
    """

    reason: str
    retry_after: float | None = None
    ours: bool = False
    unknown: bool = False
    code: int | None = field(default=None, compare=False)
    answered: bool = field(default=True, compare=False)
    others_turn: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The carrier may have taken the message.

    `ended` says that it answered, so that it is not still at work on our call, and that what it has can be
    asked at once. `taken`: it said that it took it, but not under which sid. `retry_after` is what it asked
    for, in seconds of real time.
    """

    reason: str
    ended: bool
    taken: bool = False
    retry_after: float | None = None


Outcome = Accepted | Refused | NotNow | Uncertain


@dataclass(frozen=True, slots=True)
class Text:
    """A citizen's text as the carrier's list has it. `phone` is as the carrier writes it, so perhaps none.

    `at` is when the carrier received it: by its own clock, real time, cut to whole seconds.
    """

    sid: Sid
    phone: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Texts:
    """A part of the carrier's list of texts, newest first; `following` is what to ask for the next with."""

    texts: Sequence[Text]
    following: str | None


class CannotBeAskedError(Exception):
    """The carrier can't tell what it has. `passing`: it may be able to later."""

    def __init__(self, reason: str, *, passing: bool) -> None:
        super().__init__(reason)
        self.passing = passing


class Carrier(Protocol):
    """Hands messages to an SMS API. Another API is another class of this shape.

    Used as a context manager, inside the loop in which it is called. While it is not open it takes nothing:
    `send` gives `NotNow`, and what asks raises `CannotBeAskedError` with `passing`.
    """

    @property
    def name(self) -> str:
        """What evidence calls this carrier, like `twilio`: the same for ever."""
        ...

    @property
    def sender(self) -> str:
        """What messages leave from: a number, a short code, or the id of a messaging service."""
        ...

    async def __aenter__(self) -> Self:
        """Open the connections. What is open stays as it is; what was closed may be opened again."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, if they are open, however often that was asked for.

        A call that is under way ends at once, like one whose connection was lost: what may have been taken is
        `Uncertain`.
        """
        ...

    def meaning_of(self, code: int | None) -> str:
        """What a code of the API says, for operators."""
        ...

    def seconds_away(self, phone: Phone) -> float:
        """For how many seconds of real time it surely takes nothing for this number; 0: it may be called.

        That is no failure, so that nothing is tried or noted meanwhile.
        """
        ...

    async def send(self, phone: Phone, text: str, *, message_id: MessageId | None = None) -> Outcome:
        """Call once. Never raises for what the API or the network does.

        `message_id` is ours: by it a carrier knows again what it may have sent already.
        """
        ...

    async def find(
        self,
        phone: Phone,
        text: str,
        *,
        since: datetime,
        except_sids: Collection[Sid],
        moments_aside: bool = False,
        message_id: MessageId | None = None,
    ) -> Accepted | None:
        """The newest message with this text that the API took for this number since then (real time).

        The text is exactly this one or, `moments_aside`, one that may name another time and date. A carrier
        that has no list to look at may know the message by its id.

        Raises `CannotBeAskedError`.
        """
        ...

    async def received(self, since: datetime, following: str | None = None) -> Texts:
        """What citizens wrote to us since then (real time), one part of the list at a time.

        Raises `CannotBeAskedError`.
        """
        ...

    async def sent_at(self, sid: Sid) -> datetime | None:
        """When the API says that it sent this message (real time); None where it does not say, or not yet.

        Raises `CannotBeAskedError`.
        """
        ...
