"""When the SMS API first brought a text that the broker could not take at that time."""

from datetime import datetime

from schemas.ids import Sid


class FirstReceived:
    """Remembers first instants by the texts' sids, in this process only, and at most `most` of them.

    The oldest is forgotten first.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._instants: dict[Sid, datetime] = {}

    def first(self, sid: Sid, now: datetime) -> datetime:
        """When the text came first: now, where nothing else is known."""
        return self._instants.get(sid, now)

    def refused(self, sid: Sid, first: datetime) -> None:
        """The text was not taken; the SMS API is expected to bring it again."""
        self._instants[sid] = first
        while len(self._instants) > self._most:
            del self._instants[next(iter(self._instants))]

    def taken(self, sid: Sid) -> None:
        """The text is safe; when it came first need not be known any longer."""
        self._instants.pop(sid, None)
