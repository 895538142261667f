"""What the carrier remembers of each number's last messages, so that none is ever sent twice."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from schemas.base import Instant
from schemas.ids import MessageId, Sid
from schemas.messages import (
    MessageAccepted,
    MessageDeferred,
    MessageInDoubt,
    MessageRejected,
)
from schemas.stored import Stored, dump_stored, load_stored

Report = MessageAccepted | MessageDeferred | MessageRejected | MessageInDoubt

_KEPT = 20

VERSION = 2
"""The version of the shape in which pages are stored. Those before had fewer fields, and no others."""


class Journal(Protocol):
    """A table keyed by `phone_id`."""

    def get(self, key: bytes) -> bytes | None:
        """What was last written under this key."""
        ...

    async def write(self, entries: Mapping[bytes, bytes]) -> None:
        """Write; return when the broker has acknowledged all of it."""
        ...


class Entry(Stored):
    """One message. All instants are real ones.

    `open`: a call may have got through, and nobody knows what came of it. `intended_at` is the first intent
    to call, `called_at` when a call was last begun or cut off, `touched_at` when anything last happened.
    The reports hold what was told to the desk.
    """

    message_id: MessageId
    attempt: int
    intended_at: Instant | None = None
    called_at: Instant | None = None
    touched_at: Instant
    open: bool = False
    accepted: MessageAccepted | None = None
    deferred: MessageDeferred | None = None
    rejected: MessageRejected | None = None
    in_doubt: MessageInDoubt | None = None

    @property
    def report(self) -> Report | None:
        """What was last told of the message."""
        return self.accepted or self.rejected or self.deferred or self.in_doubt

    @property
    def final(self) -> bool:
        """Whether nothing more will become of the message here."""
        return self.accepted is not None or self.rejected is not None

    def begun(self, attempt: int, at: datetime) -> "Entry":
        """The entry while an attempt is under way of which nothing is reported yet."""
        return Entry(
            message_id=self.message_id,
            attempt=attempt,
            intended_at=self.intended_at or at,
            called_at=self.called_at,
            touched_at=at,
            open=True,
        )

    def bare(self) -> "Entry":
        """The entry without what was told of it, which names the number. What is open stays open."""
        return Entry(
            message_id=self.message_id,
            attempt=self.attempt,
            intended_at=self.intended_at,
            called_at=self.called_at,
            touched_at=self.touched_at,
            open=self.open,
        )

    def reported(self, report: Report, at: datetime, *, open_: bool) -> "Entry":
        """The entry after this report."""
        return Entry(
            message_id=self.message_id,
            attempt=report.attempt,
            intended_at=self.intended_at,
            called_at=self.called_at,
            touched_at=at,
            open=open_,
            accepted=report if isinstance(report, MessageAccepted) else None,
            deferred=report if isinstance(report, MessageDeferred) else None,
            rejected=report if isinstance(report, MessageRejected) else None,
            in_doubt=report if isinstance(report, MessageInDoubt) else None,
        )


class Page(Stored):
    """What is remembered of one number, the most recently touched last."""

    entries: tuple[Entry, ...] = ()

    def find(self, message_id: MessageId) -> Entry | None:
        """What is remembered of a message."""
        return next((entry for entry in self.entries if entry.message_id == message_id), None)

    def sids(self) -> frozenset[Sid]:
        """The sids that belong to messages already."""
        return frozenset(entry.accepted.sid for entry in self.entries if entry.accepted)

    def noted(self, entry: Entry, keep_for: timedelta) -> "Page":
        """The page with this entry, without what is old.

        Kept are the last 20 messages as far as they are younger than `keep_for`, and open ones in any case.
        """
        others = [other for other in self.entries if other.message_id != entry.message_id]
        recent = {
            other.message_id
            for other in others[-_KEPT + 1 :]
            if other.touched_at > entry.touched_at - keep_for
        }
        kept = [other for other in others if other.open or other.message_id in recent]
        return Page(entries=(*kept, entry))

    def since(self, instant: datetime) -> "Page":
        """The page of a number to which nothing was sent since this instant, without its name.

        What came of older messages is forgotten. That a call may have got through is not, whatever its age: a
        message that is tried once more is looked up first.
        """
        return Page(
            entries=tuple(
                entry if entry.touched_at >= instant else entry.bare()
                for entry in self.entries
                if entry.open or entry.touched_at >= instant
            )
        )


def load(value: bytes | None) -> Page:
    """Read a journal's value. Raises `UnreadableValueError`: nobody can tell what was sent to the number."""
    return Page() if value is None else load_stored(Page, value, VERSION, {})


def dump(page: Page) -> bytes:
    """The value to be written."""
    return dump_stored(page, VERSION)
