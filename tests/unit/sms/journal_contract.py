"""What every journal promises the dispatcher, as tests. Those of a journal inherit them and bring one."""

from abc import ABC, abstractmethod

import pytest

from sms.sending.journal import Journal

A, B, C = b"a", b"b", b"c"


class Bench(ABC):
    """A journal, and the broker behind it in the hand of a test."""

    journal: Journal

    @abstractmethod
    def acknowledged(self) -> dict[bytes, bytes]:
        """What the broker has acknowledged, the last value of each key."""

    @abstractmethod
    def breaks(self) -> None:
        """From now on the broker acknowledges nothing."""


class JournalContract(ABC):
    """Inherit it under a name with Test, and override the fixture `bench`."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> Bench:
        """A bench with an empty journal."""

    async def test_of_a_key_that_was_never_put_it_knows_nothing(self, bench: Bench) -> None:
        await bench.journal.write({A: b"1"})
        assert bench.journal.get(B) is None

    async def test_it_gives_what_was_put_last(self, bench: Bench) -> None:
        await bench.journal.write({A: b"1", B: b"1"})
        await bench.journal.write({A: b"2"})
        assert (bench.journal.get(A), bench.journal.get(B)) == (b"2", b"1")

    async def test_the_broker_has_all_of_it_when_put_returns(self, bench: Bench) -> None:
        await bench.journal.write({A: b"1", B: b"2", C: b"3"})
        assert bench.acknowledged() == {A: b"1", B: b"2", C: b"3"}

    async def test_what_the_broker_did_not_acknowledge_raises_and_is_not_given(self, bench: Bench) -> None:
        await bench.journal.write({A: b"1"})
        bench.breaks()
        with pytest.raises(ConnectionError):
            await bench.journal.write({A: b"2", B: b"2"})
        assert (bench.journal.get(A), bench.journal.get(B)) == (b"1", None)
