"""Puts the parts of long texts together, pure: they come in any order, repeated, and by any process.

A part is acknowledged to the operator as soon as the broker has it, because many operators bring the next one
only then. So parts are kept in the carrier's table until all are there, or until it is too late for that.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from schemas.base import Instant
from schemas.ids import Sid
from schemas.messages import MessageReceived, TextPartReceived
from schemas.stored import Stored, dump_stored, load_stored

PATIENCE = timedelta(minutes=10)
"""How long after its first part a text waits for the others, in real time."""
MOST_PARTS = 20
"""No text of more parts is waited for: no answer is as long, and a table's value has bounds."""
MISSING = "\ufffd"
"""Stands where a part is missing: what holds it is understood as no answer."""
_KEPT = timedelta(hours=1)
_MOST = 40

VERSION = 1
"""The version of the shape in which they are stored."""

Name = Callable[[str], str]
"""Makes of what a text is known by something that names nobody."""


class Part(Stored):
    """A part of a text."""

    number: int
    text: str


class LongText(Stored):
    """A text of which parts have come.

    `began_at` is when the first of them came, in real time, and `received_at` the same in virtual time.
    `whole`: all have come, and it was handed over; it is kept to know a part that comes again.
    """

    phone: str
    carrier: str
    reference: int
    count: int
    began_at: Instant
    received_at: Instant
    parts: tuple[Part, ...] = ()
    whole: bool = False

    def is_of(self, part: TextPartReceived) -> bool:
        """Whether a part may belong to it: what it says of itself is alike, and no other is in its place."""
        alike = (part.phone, part.carrier, part.reference, part.count)
        if alike != (self.phone, self.carrier, self.reference, self.count):
            return False
        known = self.part(part.number)
        return known in (None, part.text)

    def part(self, number: int) -> str | None:
        """The part with this number, if it has come."""
        return next((part.text for part in self.parts if part.number == number), None)

    def read(self, name: Name) -> MessageReceived:
        """The text, under the same sid however often it is read."""
        texts = [self.part(number) for number in range(1, self.count + 1)]
        known_by = f"{self.phone} {self.reference} {self.count} {self.began_at.isoformat()}"
        return MessageReceived(
            phone=self.phone,
            text="".join(MISSING if text is None else text for text in texts),
            sid=Sid(f"{self.carrier}-{name(known_by).rpartition(':')[2][:32]}"),
            received_at=self.received_at,
        )


class LongTexts(Stored):
    """The long texts of some numbers, the first begun first."""

    texts: tuple[LongText, ...] = ()

    def take(
        self, part: TextPartReceived, now: datetime, name: Name
    ) -> tuple["LongTexts", list[MessageReceived]]:
        """Note a part that came now (real time); and what is to be handed over for it.

        A part of a whole text hands it over again, under its sid: the first time may have been lost.
        """
        found = next((text for text in self.texts if text.is_of(part)), None)
        text = found or LongText(
            phone=part.phone,
            carrier=part.carrier,
            reference=part.reference,
            count=part.count,
            began_at=now,
            received_at=part.received_at,
        )
        if text.part(part.number) is None:
            text = text.with_(parts=(*text.parts, Part(number=part.number, text=part.text)))
        text = text.with_(whole=len(text.parts) == text.count)
        others = tuple(other for other in self.texts if other is not found)
        kept, late = LongTexts(texts=(*others, text)).due(now, name)
        return kept, [*([text.read(name)] if text.whole else []), *late]

    def due(self, now: datetime, name: Name) -> tuple["LongTexts", list[MessageReceived]]:
        """Without what is over now (real time), and what is to be handed over with parts missing."""
        begin = max(0, len(self.texts) - _MOST)
        over = [
            text
            for number, text in enumerate(self.texts)
            if number < begin or now - text.began_at >= (_KEPT if text.whole else PATIENCE)
        ]
        kept = tuple(text for text in self.texts if text not in over)
        return LongTexts(texts=kept), [text.read(name) for text in over if not text.whole]


def load(value: bytes | None) -> LongTexts:
    """Read a stored value. Raises `UnreadableValueError`."""
    return LongTexts() if value is None else load_stored(LongTexts, value, VERSION, {})


def dump(texts: LongTexts) -> bytes | None:
    """The value to be stored; None where nothing needs to be."""
    return dump_stored(texts, VERSION) if texts.texts else None
