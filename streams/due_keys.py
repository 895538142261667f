"""Which keys are to be looked at, and when: a heap of one partition.

An entry is one `bytes`, the instant in eight bytes and then the key: about 120 bytes of memory for a key, and
nothing that the garbage collector has to look at. What a key really waits for is its state's to say; an entry
that does not hold any more is dropped when it surfaces, and sooner where such entries become many.
"""

import heapq
from collections.abc import Callable

_TIME = 8
_FEW = 10_000


class DueKeys:
    """A heap of instants and keys; a step takes O(log n). Instants are real microseconds since 1970."""

    def __init__(self) -> None:
        self._heap: list[bytes] = []
        # While it is being sifted: what has still to be looked at. It stays a heap when its last is taken.
        self._old: list[bytes] = []
        self._sift_above = _FEW

    def __len__(self) -> int:
        return len(self._heap) + len(self._old)

    def push(self, due: int, key: bytes) -> None:
        """Look at the key at this instant."""
        heapq.heappush(self._heap, _entry(due, key))

    @property
    def first(self) -> int | None:
        """The instant of the earliest entry."""
        heap = self._earliest()
        return int.from_bytes(heap[0][:_TIME]) if heap else None

    def pop(self, now: int) -> bytes | None:
        """The key of the earliest entry, if its instant has come; the same entry again is dropped with it."""
        heap = self._earliest()
        if not heap or int.from_bytes(heap[0][:_TIME]) > now:
            return None
        entry = heapq.heappop(heap)
        for each in (self._heap, self._old):
            while each and each[0] == entry:
                heapq.heappop(each)
        return entry[_TIME:]

    def needs_sifting(self, live: int) -> bool:
        """Whether so many entries are stale that they are to be sifted; `live` keys have a deadline."""
        return bool(self._old) or len(self._heap) > max(self._sift_above, 2 * live)

    def sift(self, holds: Callable[[int, bytes], bool], most: int) -> None:
        """Look at some entries more, and drop those that do not hold. Nothing is missed meanwhile."""
        if not self._old:
            self._old, self._heap = self._heap, []
        for _ in range(min(most, len(self._old))):
            entry = self._old.pop()
            if holds(int.from_bytes(entry[:_TIME]), entry[_TIME:]):
                heapq.heappush(self._heap, entry)
        if not self._old:
            # Where most of them hold all the same, it is not done again before they are twice as many.
            self._sift_above = max(_FEW, 2 * len(self._heap))

    def _earliest(self) -> list[bytes]:
        heap, old = self._heap, self._old
        return old if old and (not heap or old[0] < heap[0]) else heap


def _entry(due: int, key: bytes) -> bytes:
    return max(0, due).to_bytes(_TIME) + key
