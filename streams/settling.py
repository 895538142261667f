"""Which values are to be written once more when their last events are committed, though no event comes.

A value keeps the effects of the batch that wrote it, until it is written again. After a decision those are
its document and its evidence, twice what the state itself takes, and with the case over nothing may come for
years that would have the value written without them.
"""

from collections import defaultdict
from collections.abc import Collection

from streams.envelope import Envelope

_MANY = 100


class Settling:
    """The keys of each partition whose effects have `heavy` bytes or more; others wait for an event."""

    def __init__(self, heavy: int) -> None:
        self._heavy = heavy
        self._waiting: defaultdict[int, dict[bytes, int]] = defaultdict(dict)

    def last_heavy(self, written: Envelope) -> int | None:
        """The offset of a value's last event, where its effects are heavy."""
        if sum(len(each.packed) for each in written.open.values()) < self._heavy:
            return None
        return max((each.offset for each in written.open.values()), default=None)

    def note(self, partition: int, key: bytes, last_heavy: int | None) -> None:
        """A value was written, or found where another worker had written it."""
        waiting = self._waiting[partition]
        waiting.pop(key, None)
        if last_heavy is not None:
            waiting[key] = last_heavy

    def due(self, partition: int, committed: int) -> list[bytes]:
        """Keys all of whose events are before this offset, which is committed; of very many, some.

        They stand in the order of their writing, so that only the first have to be looked at.
        """
        found: list[bytes] = []
        for key, last in self._waiting[partition].items():
            if last >= committed or len(found) == _MANY:
                break
            found.append(key)
        return found

    def keep_only(self, owned: Collection[int]) -> None:
        """Forget the keys of all other partitions."""
        for partition in set(self._waiting) - set(owned):
            del self._waiting[partition]
