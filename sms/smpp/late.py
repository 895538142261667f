"""What an operator took after nobody waited for its response any more.

SMPP can't be asked what was taken, but a response that is late is an answer all the same: with it a message
that was left in doubt is known to have left. It is kept in memory alone: after a crash the doubt stays.
"""

from schemas.ids import MessageId
from sms.carrier import Accepted

_MOST = 1000


class LateResponses:
    """The last thousand messages that were accepted late, and those that are just being gone on with."""

    def __init__(self) -> None:
        self._accepted: dict[MessageId, Accepted] = {}
        self._under_way: set[MessageId] = set()

    def begin(self, message_id: MessageId) -> None:
        """The other parts of a message are submitted from now on, since one of them was accepted late."""
        self._under_way.add(message_id)

    def end(self, message_id: MessageId) -> None:
        """They are submitted, or given up."""
        self._under_way.discard(message_id)

    def is_under_way(self, message_id: MessageId | None) -> bool:
        """Whether other parts of a message are being submitted."""
        return message_id in self._under_way

    def note(self, message_id: MessageId, accepted: Accepted) -> None:
        """The operator has all of a message."""
        self._accepted[message_id] = accepted
        if len(self._accepted) > _MOST:
            del self._accepted[next(iter(self._accepted))]

    def accepted(self, message_id: MessageId | None) -> Accepted | None:
        """What became of a message late; None says nothing: what was taken without a word is not here."""
        return self._accepted.get(message_id) if message_id else None
