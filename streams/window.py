"""How many keys of one partition are told of an elapsed deadline at once, and not handled yet.

A hundred thousand terms may end at one midnight. Were all of them put into the inbox at once, an answer that
comes then would be read behind them. So only a few are under way, earliest first, and the answer waits behind
those alone.
"""

from streams.revisions import RESEND_SECONDS


class Window:
    """The keys told and not handled yet. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._told: dict[bytes, float] = {}

    def room(self, most: int, now: float) -> int:
        """How many more may be told, where there may be `most` at once.

        What nobody has handled for a minute is not waited for any longer: it is told again then.
        """
        while self._told:
            key, told_at = next(iter(self._told.items()))
            if now - told_at < RESEND_SECONDS:
                break
            del self._told[key]
        return max(0, most - len(self._told))

    def tell(self, key: bytes, now: float) -> None:
        """The key is told now."""
        self._told.pop(key, None)
        self._told[key] = now

    def handled(self, key: bytes) -> bool:
        """The key has been handled; whether it was waited for."""
        return self._told.pop(key, None) is not None

    def __len__(self) -> int:
        return len(self._told)
