"""What a desk counts of its aggregates, over the partitions that this worker owns: for gauges.

Counted at each write and after each recovery, as deadlines are, so that asking costs nothing. Only the sums
are kept: what was counted of a key before stands in the summary of its value.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from streams.summary import Counted


class Counts:
    """Sums by name."""

    def __init__(self) -> None:
        self._partitions: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def change(self, partition: int, before: Counted, after: Counted) -> None:
        """Count a key so, in place of what was counted of it before."""
        if before == after:
            return
        sums = self._partitions[partition]
        for name, count in before:
            sums[name] -= count
        for name, count in after:
            sums[name] += count

    def drop(self, partition: int) -> None:
        """Forget a partition."""
        self._partitions.pop(partition, None)

    def keep_only(self, partitions: Iterable[int]) -> None:
        """Forget all partitions but these."""
        for partition in set(self._partitions) - set(partitions):
            del self._partitions[partition]

    def total(self, name: str) -> int:
        """How many there are of this name."""
        return sum(sums[name] for sums in self._partitions.values())
