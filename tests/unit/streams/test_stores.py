"""What every partition store promises: tests that each inherits; and what RocksDB does beside that."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.transport.stores import MemoryPartition, PartitionStore, RocksPartition


class StoreContract(ABC):
    """Inherit it under a name with Test, and override the fixture `store`."""

    @pytest.fixture
    @abstractmethod
    def store(self) -> Iterator[PartitionStore]:
        """A store that was never written."""

    def test_a_new_store_is_empty_and_lacks_all_of_its_changelog(self, store: PartitionStore) -> None:
        assert list(store.items()) == []
        assert store.get(b"a") is None
        assert store.next_offset is None
        assert store.topic_id == ""

    def test_what_was_written_last_is_there(self, store: PartitionStore) -> None:
        store.write([(b"a", b"1"), (b"b", b"1")], 2)
        store.write([(b"a", b"2"), (b"c", b"")], 4)
        assert [store.get(key) for key in (b"a", b"b", b"c", b"d")] == [b"2", b"1", b"", None]

    def test_within_a_write_the_last_value_of_a_key_stands(self, store: PartitionStore) -> None:
        store.write([(b"a", b"1"), (b"b", None), (b"a", b"2"), (b"b", b"1"), (b"c", b"1"), (b"c", None)], 6)
        assert dict(store.items()) == {b"a": b"2", b"b": b"1"}

    def test_nothing_deletes(self, store: PartitionStore) -> None:
        store.write([(b"a", b"1"), (b"b", b"1")], 2)
        store.write([(b"a", None), (b"never there", None)], 4)
        assert store.get(b"a") is None
        assert dict(store.items()) == {b"b": b"1"}

    def test_the_offset_is_the_one_of_the_last_write(self, store: PartitionStore) -> None:
        store.write([(b"a", b"1")], 7)
        assert store.next_offset == 7
        store.write([], 9)
        assert store.next_offset == 9
        store.write([(b"a", b"2")], None)
        assert store.next_offset is None

    def test_items_are_the_values_and_nothing_of_the_stores_own(self, store: PartitionStore) -> None:
        written = {b"%d" % number: b"value %d" % number for number in range(300)}
        store.write(written.items(), 300)
        store.topic_id = "an id"
        assert dict(store.items()) == written
        assert len(list(store.items())) == 300

    def test_a_cleared_store_lacks_all_and_can_be_written_again(self, store: PartitionStore) -> None:
        store.write([(b"a", b"1"), (b"b", b"1")], 2)
        store.clear()
        assert list(store.items()) == []
        assert store.get(b"a") is None
        assert store.next_offset is None
        store.write([(b"b", b"2")], 1)
        assert dict(store.items()) == {b"b": b"2"}
        assert store.next_offset == 1

    def test_the_id_of_its_changelog_is_the_one_that_was_set_last(self, store: PartitionStore) -> None:
        store.topic_id = "one"
        store.topic_id = "other"
        store.write([(b"a", b"1")], 1)
        assert store.topic_id == "other"


class TestMemoryPartition(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[PartitionStore]:
        store = MemoryPartition()
        yield store
        store.close()


class TestRocksPartition(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[PartitionStore]:
        store = RocksPartition(tmp_path / "table" / "0")
        yield store
        store.close()

    def test_it_survives_the_process(self, tmp_path: Path) -> None:
        store = RocksPartition(tmp_path / "1")
        store.write([(b"a", b"1")], 5)
        store.topic_id = "an id"
        store.close()
        store = RocksPartition(tmp_path / "1")
        assert (store.get(b"a"), store.next_offset, store.topic_id) == (b"1", 5, "an id")
        store.close()

    def test_that_it_lacks_all_survives_the_process_too(self, tmp_path: Path) -> None:
        store = RocksPartition(tmp_path / "1")
        store.write([(b"a", b"1")], 5)
        store.write([], None)
        store.close()
        store = RocksPartition(tmp_path / "1")
        assert store.next_offset is None
        store.close()

    def test_it_is_locked_until_it_is_closed(self, tmp_path: Path) -> None:
        store = RocksPartition(tmp_path / "1")
        with pytest.raises(BlockingIOError):
            RocksPartition(tmp_path / "1")
        store.close()
        RocksPartition(tmp_path / "1").close()
