"""What a desk counts of its aggregates, over the partitions that this worker owns: for gauges.

Counted at each write and after each recovery, as deadlines are armed, so that asking costs nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_Found = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Partition:
    by_key: dict[bytes, _Found] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)


class Counts:
    """Sums by name. An aggregate of which nothing is counted takes no room, and those alike share theirs."""

    def __init__(self) -> None:
        self._partitions: defaultdict[int, _Partition] = defaultdict(_Partition)
        self._alike: dict[_Found, _Found] = {}

    def put(self, partition: int, key: bytes, counted: Mapping[str, int]) -> None:
        """Count a key so, in place of what was counted of it before."""
        kept = self._partitions[partition]
        had = kept.by_key.get(key, ())
        found = tuple((name, count) for name, count in counted.items() if count)
        if found == had:
            return
        for name, count in had:
            kept.sums[name] -= count
        for name, count in found:
            kept.sums[name] += count
        if found:
            kept.by_key[key] = self._alike.setdefault(found, found)
        else:
            del kept.by_key[key]

    def drop(self, partition: int) -> None:
        """Forget a partition."""
        self._partitions.pop(partition, None)

    def keep_only(self, partitions: Iterable[int]) -> None:
        """Forget all partitions but these."""
        for partition in set(self._partitions) - set(partitions):
            del self._partitions[partition]

    def total(self, name: str) -> int:
        """How many there are of this name."""
        return sum(kept.sums[name] for kept in self._partitions.values())
