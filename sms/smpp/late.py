"""What an operator took after nobody waited for its response any more, for whoever looks the message up.

SMPP can't be asked what was taken, but a response that is late is an answer all the same: with it a message
that was left in doubt is known to have left. It is kept in memory alone: after a crash the doubt stays.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from schemas.ids import Sid
from schemas.values import Phone
from sms.carrier import Accepted

_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Taken:
    phone: Phone
    text: str
    submitted_at: datetime
    accepted: Accepted


class LateResponses:
    """The last thousand messages that were accepted late, by number and text."""

    def __init__(self) -> None:
        self._taken: deque[_Taken] = deque(maxlen=_MOST)

    def note(self, phone: Phone, text: str, submitted_at: datetime, accepted: Accepted) -> None:
        """The operator took a text, which was submitted at this instant (real time, UTC)."""
        self._taken.append(_Taken(phone, text, submitted_at, accepted))

    def find(
        self, phone: Phone, text: str, *, since: datetime, except_sids: Collection[Sid]
    ) -> Accepted | None:
        """The newest that was submitted since then, and is no other message's.

        None says nothing: what was taken without a word of it is not here.
        """
        for taken in reversed(self._taken):
            alike = (taken.phone, taken.text) == (phone, text) and taken.submitted_at >= since
            if alike and taken.accepted.sid not in except_sids:
                return taken.accepted
        return None
