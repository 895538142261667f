"""One Apache Kafka for all integration tests of a run; a test that kills brokers starts its own."""

from collections.abc import Iterator

import pytest

from ops.brokers.kafka import KafkaBroker


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker
