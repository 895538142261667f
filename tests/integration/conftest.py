"""One Apache Kafka for all integration tests of a run; a test that kills brokers starts its own.

Where Java or Maven is missing the pipeline runs on the embedded broker, and the tests that need Apache Kafka
(several workers, brokers that are killed) are skipped with the reason.
"""

from collections.abc import Iterator

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.brokers.kafka_files import obstacles

_ON_EITHER = {"test_pipeline", "test_doctor", "test_topic_admin"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = obstacles()
    if not missing:
        return
    reason = f"needs Apache Kafka, which cannot run here: {'; '.join(missing)}"
    for item in items:
        if item.path.parent.name == "integration" and item.path.stem not in _ON_EITHER:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker
