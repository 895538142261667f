"""Faust tables of bytes, partition by partition."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import faust
from faust.stores.base import Store
from faust.types import TP

from streams import metrics
from streams.exits import Exit, end_process
from streams.transport.stores import MemoryPartition, NotOwnedError, PartitionStore, RocksPartition, Size


class PartitionedStore(Store[bytes, bytes]):
    """Faust's idea of a store, as a set of partition stores: those of the partitions that this worker owns.

    A partition that stays with the worker through a rebalance keeps its store; one that goes away is closed
    (and forgotten, if in memory), so that no revoked key can be seen.
    """

    lock_wait_seconds: ClassVar[float] = 30.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self._partitions: dict[int, PartitionStore] = {}
        self._changed: set[int] = set()
        metrics.TABLE_KEYS.labels(self.table_name).set_function(lambda: self._sizes().keys)
        metrics.TABLE_BYTES.labels(self.table_name).set_function(lambda: self._sizes().bytes)

    def _sizes(self) -> Size:
        """How large the partitions owned are together."""
        sizes = [store.size() for store in self._partitions.values()]
        return Size(sum(size.keys for size in sizes), sum(size.bytes for size in sizes))

    def partition(self, number: int) -> PartitionStore:
        """The store of a partition that this worker owns.

        Raises:
            NotOwnedError: it does not own it.
        """
        try:
            return self._partitions[number]
        except KeyError:
            raise NotOwnedError(f"{self.table_name}[{number}]") from None

    def partitions(self) -> list[int]:
        """The partitions owned."""
        return sorted(self._partitions)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Close what went away and open what came."""
        del revoked, newly_assigned, generation_id
        changelog = self.table.changelog_topic.get_topic_name()
        wanted = {tp.partition for tp in assigned if tp.topic == changelog}
        for number in set(self._partitions) - wanted:
            self._partitions.pop(number).close()
        for number in sorted(wanted - set(self._partitions)):
            self._partitions[number] = await self._open(number)
            self._changed.add(number)

    def mark_changed(self, number: int) -> None:
        """Recovery has written to the partition."""
        self._changed.add(number)

    def take_changed(self) -> set[int]:
        """The partitions that were opened, or written by recovery, since this was asked last."""
        changed, self._changed = self._changed & set(self._partitions), set()
        return changed

    async def _open(self, number: int) -> PartitionStore:
        if self.url.scheme == "memory":
            return MemoryPartition()
        path = Path(self.app.conf.tabledir) / self.table_name / str(number)
        deadline = self.loop.time() + self.lock_wait_seconds
        while True:
            try:
                return RocksPartition(path)
            except BlockingIOError:
                if self.loop.time() > deadline:
                    end_process(
                        Exit.RECOVERY_FAILED,
                        "store folder is locked by another process: give each worker of this machine a data "
                        "folder of its own",
                        path=str(path),
                    )
                await asyncio.sleep(0.1)

    async def on_stop(self) -> None:
        """Close all partitions."""
        for store in self._partitions.values():
            store.close()
        self._partitions.clear()

    def persisted_offset(self, tp: TP) -> int | None:
        """The last changelog offset that is in the store."""
        store = self._partitions.get(tp.partition)
        return None if store is None or store.next_offset is None else store.next_offset - 1

    def reset_state(self) -> None:
        """Forget everything, so that the changelogs are read anew."""
        for store in self._partitions.values():
            store.clear()

    def apply_changelog_batch(self, batch: Iterable[Any], to_key: Any, to_value: Any) -> None:  # noqa: ANN401
        """Not used: our recovery writes partition stores itself."""
        raise NotImplementedError

    async def backup_partition(self, tp: Any, flush: bool = True, purge: bool = False, keep: int = 1) -> None:  # noqa: ANN401, FBT001, FBT002
        """Not offered: the changelog is the backup."""
        raise NotImplementedError

    def restore_backup(self, tp: Any, latest: bool = True, backup_id: int = 0) -> None:  # noqa: ANN401, FBT001, FBT002
        """Not offered: the changelog is the backup."""
        raise NotImplementedError

    def __getitem__(self, key: bytes) -> bytes:
        for store in self._partitions.values():
            value = store.get(key)
            if value is not None:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[bytes]:
        for store in self._partitions.values():
            yield from (key for key, _ in store.items())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and any(
            store.get(key) is not None for store in self._partitions.values()
        )


class BytesTable(faust.Table[bytes, bytes]):
    """A table of bytes, written by desks only.

    A value set the Faust way, as in a mapping, would go to the store before the broker has it.
    """

    def _new_store(self) -> PartitionedStore:
        return PartitionedStore(
            self._store or self.app.conf.store, self.app, self, table_name=self.name, loop=self.loop
        )

    def partition(self, number: int) -> PartitionStore:
        """The store of a partition that this worker owns."""
        return cast("PartitionedStore", self.data).partition(number)

    def partitions_owned(self) -> list[int]:
        """The partitions that this worker owns."""
        return cast("PartitionedStore", self.data).partitions()

    def mark_changed(self, number: int) -> None:
        """Recovery has written to the partition."""
        cast("PartitionedStore", self.data).mark_changed(number)

    def take_changed(self) -> set[int]:
        """The partitions that were opened, or written by recovery, since this was asked last."""
        return cast("PartitionedStore", self.data).take_changed()

    def on_key_set(self, key: Any, value: Any) -> None:  # noqa: ANN401, ARG002 - Faust's own signature
        """Refuse to be written as a mapping."""
        raise TypeError("tables are written by desks only")

    def on_key_del(self, key: Any) -> None:  # noqa: ANN401, ARG002 - Faust's own signature
        """Refuse to be written as a mapping."""
        raise TypeError("tables are written by desks only")
