"""Fetches what citizens wrote while nobody answered, so that no answer depends on a call that is repeated.

The SMS API's own list is read from a stored instant on, less an overlap. What the webhook brought too has the
same id there, and the SMS desk knows it: the earlier of the two instants counts. Nothing here is a decision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from schemas.base import Instant
from schemas.ids import Pseudonyms, Sid
from schemas.stored import Stored, UnreadableValueError, dump_stored, load_stored
from sms import metrics
from sms.carrier import CannotBeAskedError, Carrier, Text
from sms.twilio.forms import BadRequestError, read_listed
from streams.clock import Clock, real_now
from streams.events import inbox_record
from streams.records import Outgoing

_log = structlog.get_logger(__name__)

OVERLAP = timedelta(minutes=10)
"""How late the list may show a text that was received before others that it shows already."""
CLOCKS_APART = timedelta(hours=1)
"""How far the SMS API's clock may be from ours."""
_WORTH_STORING = timedelta(minutes=1)
_MOST_PARTS = 5000
_MOST_HELD = 50
_MOST_REMEMBERED = 20_000


VERSION = 1
"""The version of the shape in which marks are stored."""


class Mark(Stored):
    """Up to when the list is read whole (real time): what was received before is in the SMS desk's inbox."""

    read_to: Instant


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of the list brought.

    `texts` are records for the SMS desk's inbox. `mark` is to be stored once the broker has them, if there is
    one. `more`: the list goes on.
    """

    texts: Sequence[Outgoing]
    mark: bytes | None
    more: bool


@dataclass(slots=True)
class _Reading:
    """A reading of the list, which may be interrupted and go on with the part at which it was.

    `held` are the texts of the parts that were read and are not handed over yet, the newest part first.
    """

    stored: datetime | None
    since: datetime
    began: datetime
    newest: datetime
    following: str | None = None
    parts: int = 0
    held: list[list[Text]] = field(default_factory=list)
    handing_over: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether there is more of the list to be read."""
        return self.following is not None and self.parts < _MOST_PARTS


class CatchUp:
    """Reads the list part by part. `leave` is how long a text is left to the webhook before it is taken.

    The list is newest first, and a number's texts are handed over in the order in which they were written, so
    that a "yes" and a "no" of an outage are not taken for the last word in turn. So a reading is held until
    its end, up to 10,000 texts; of a longer one each 10,000 are in their order.

    `traced`: a text begins the same trace that it would have begun there.
    """

    def __init__(
        self,
        carrier: Carrier,
        pseudonyms: Pseudonyms,
        clock: Clock,
        *,
        leave: timedelta,
        now: Callable[[], datetime] = real_now,
        traced: bool = False,
    ) -> None:
        self._carrier = carrier
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._leave = leave
        self._traced = traced
        self._now = now
        self._reading: _Reading | None = None
        self._handed_over: dict[Sid, None] = {}

    def forget(self) -> None:
        """Begin anew the next time, with what is stored then: another worker may have read on meanwhile.

        What was handed over may not have reached the broker, so it is handed over again.
        """
        self._reading = None
        self._handed_over.clear()

    async def read(self, stored: bytes | None) -> Part:
        """Read the next part of the list, or hand one over. `stored` is the last mark, if any was stored.

        After a failure that may pass the next call asks for the same part. Raises `CannotBeAskedError`.
        """
        reading = self._reading = self._reading or self._begin(stored)
        if not reading.handing_over:
            await self._read_on(reading)
            if reading.goes_on and len(reading.held) < _MOST_HELD:
                return Part([], None, more=True)
        return self._hand_over(reading)

    async def _read_on(self, reading: _Reading) -> None:
        try:
            part = await self._carrier.received(reading.since, reading.following)
        except CannotBeAskedError as problem:
            # Where nothing was read yet, the next reading is to have what has come until then. And the name
            # of the next part may be what is not understood any more.
            if reading.following is None or not problem.passing:
                self._reading = None
            metrics.INBOUND_CHECKS.labels("not_now" if problem.passing else "impossible").inc()
            raise
        reading.parts += 1
        due = [text for text in part.texts if text.at <= reading.began - self._leave]
        reading.newest = max([reading.newest, *(text.at for text in due)])
        reading.held.append(due)
        reading.following = part.following

    def _hand_over(self, reading: _Reading) -> Part:
        """The oldest part that is held, and the mark with the last of all."""
        oldest = reversed(reading.held.pop())
        texts = [record for text in oldest if (record := self._record(text)) is not None]
        reading.handing_over = bool(reading.held)
        if reading.handing_over or reading.goes_on:
            return Part(texts, None, more=True)
        self._reading = None
        return Part(texts, self._end(reading), more=False)

    def _begin(self, stored: bytes | None) -> _Reading:
        """From the stored instant on, less the overlap.

        Where none is stored nobody has been asked anything before, except by a jardem that stored none and is
        updated now: what came while it was stopped is in the last hour.
        """
        now = self._now()
        read_to = _read_to(stored)
        newest = min(read_to or now - CLOCKS_APART, now + CLOCKS_APART)
        return _Reading(stored=read_to, since=newest - OVERLAP, began=now, newest=newest)

    def _end(self, reading: _Reading) -> bytes | None:
        """The mark after a whole reading: the newest text by the list's own clock, or an hour ago by ours."""
        if reading.following:
            _log.error("the SMS API's list of texts does not end", parts=reading.parts)
            metrics.INBOUND_CHECKS.labels("impossible").inc()
            return None
        metrics.INBOUND_CHECKS.labels("complete").inc()
        metrics.INBOUND_READ.set(reading.began.timestamp())
        read_to = max(reading.newest, reading.began - CLOCKS_APART)
        if reading.stored is not None and read_to - reading.stored < _WORTH_STORING:
            return None
        return dump(Mark(read_to=read_to))

    def _record(self, text: Text) -> Outgoing | None:
        """The text for the inbox, once until `forget`; None for what was handed over, or can't be one."""
        if text.sid in self._handed_over:
            return None
        # What is to come was not received, whatever the API's clock says.
        received_at = self._clock.virtual(min(text.at, self._now()))
        try:
            record = inbox_record(read_listed(text, received_at), self._pseudonyms, traced=self._traced)
        except Exception as problem:  # noqa: BLE001 - one odd text keeps no other from being read
            metrics.INBOUND_TEXTS.labels("unusable").inc()
            # Only our own refusal is known to repeat nothing of the text.
            reason = str(problem) if isinstance(problem, BadRequestError) else type(problem).__name__
            _log.warning("a text in the SMS API's list can't be used", reason=reason)
            record = None
        else:
            metrics.INBOUND_TEXTS.labels("handed").inc()
        self._handed_over[text.sid] = None
        while len(self._handed_over) > _MOST_REMEMBERED:
            del self._handed_over[next(iter(self._handed_over))]
        return record


def load(stored: bytes) -> Mark:
    """Read a mark's value. Raises `UnreadableValueError`."""
    return load_stored(Mark, stored, VERSION, {})


def dump(mark: Mark) -> bytes:
    """The value to be stored."""
    return dump_stored(mark, VERSION)


def _read_to(stored: bytes | None) -> datetime | None:
    if stored is None:
        return None
    try:
        return load(stored).read_to
    except UnreadableValueError:
        _log.error("up to when the SMS API's list of texts was read can't be told: beginning anew")
        return None
