"""The journals keep what a journal promises: the agent's, in both kinds of stores, and the tests' own."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from agents.carrier import TableJournal
from streams.packing.packed import unpack
from streams.records import Outgoing
from streams.transport.stores import MemoryPartition, PartitionStore, RocksPartition
from tests.unit.sms.dispatching import MemoryJournal
from tests.unit.sms.journal_contract import A, B, Bench, JournalContract

HERE, ELSEWHERE = 3, 5


class Table:
    """As much of a table as a journal sees: one store each for the partitions that this worker owns."""

    def __init__(self, stores: Mapping[int, PartitionStore]) -> None:
        self.stores = stores

    def partition(self, number: int) -> PartitionStore:
        return self.stores[number]


class Broker:
    """As much of the application as a journal sees: it writes the store when the broker has acknowledged."""

    def __init__(self) -> None:
        self.changelog: dict[int, dict[bytes, bytes]] = {HERE: {}, ELSEWHERE: {}}
        self.broken = False

    async def send_table(
        self, table: Table, partition: int, values: Mapping[bytes, bytes], outgoing: Sequence[Outgoing]
    ) -> None:
        assert list(outgoing) == []
        if self.broken:
            raise ConnectionError("the broker is gone")
        self.changelog[partition].update(values)
        table.partition(partition).write(values.items(), len(self.changelog[partition]))


class TableBench(Bench):
    def __init__(self, here: PartitionStore, elsewhere: PartitionStore) -> None:
        self.broker = Broker()
        table = Table({HERE: here, ELSEWHERE: elsewhere})
        self.journal = TableJournal(self.broker, table, HERE)  # type: ignore[arg-type]
        self.other = TableJournal(self.broker, table, ELSEWHERE)  # type: ignore[arg-type]

    def acknowledged(self) -> dict[bytes, bytes]:
        return {key: unpack(value) for key, value in self.broker.changelog[HERE].items()}

    def breaks(self) -> None:
        self.broker.broken = True


class TableJournalContract(JournalContract):
    async def test_it_keeps_to_its_partition(self, bench: TableBench) -> None:
        await bench.journal.write({A: b"1"})
        await bench.other.write({A: b"2", B: b"2"})
        assert (bench.journal.get(A), bench.journal.get(B)) == (b"1", None)
        assert bench.acknowledged() == {A: b"1"}


class TestTableJournalInMemory(TableJournalContract):
    @pytest.fixture
    def bench(self) -> TableBench:
        return TableBench(MemoryPartition(), MemoryPartition())


class TestTableJournalInRocksDb(TableJournalContract):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[TableBench]:
        stores = [RocksPartition(tmp_path / str(number)) for number in (HERE, ELSEWHERE)]
        yield TableBench(*stores)
        for store in stores:
            store.close()


class MemoryBench(Bench):
    def __init__(self) -> None:
        self.journal = self.memory = MemoryJournal()

    def acknowledged(self) -> dict[bytes, bytes]:
        return self.memory.values

    def breaks(self) -> None:
        self.memory.fail_on = lambda _: True


class TestMemoryJournal(JournalContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return MemoryBench()
