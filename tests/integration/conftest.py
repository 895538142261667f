"""One Apache Kafka for all integration tests of a run; a test that kills brokers starts its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ops.brokers.kafka import KafkaBroker
from tests.integration.ledger import Ledger


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
async def in_memory(kafka: KafkaBroker, tmp_path: Path) -> AsyncIterator[Ledger]:
    """A ledger whose table is in memory."""
    async with Ledger(kafka.address, tmp_path) as ledger:
        yield ledger


@pytest.fixture
def ledger(in_memory: Ledger) -> Ledger:
    """The same, where no test asks which store it is."""
    return in_memory
