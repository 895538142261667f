"""Where Java or Maven is missing, what needs Apache Kafka itself is skipped, with the reason.

That is what runs several workers or kills brokers. The pipeline runs on the embedded broker then.
"""

import pytest

from ops.brokers.kafka_files import obstacles

_FOLDERS, _MODULES = {"integration", "crash"}, {"test_running_system"}
_ON_EITHER = {"test_pipeline", "test_doctor", "test_topic_admin"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    concerned = [item for item in items if item.path.parent.name in _FOLDERS or item.path.stem in _MODULES]
    missing = obstacles() if concerned else []
    if not missing:
        return
    reason = f"needs Apache Kafka, which cannot run here: {'; '.join(missing)}"
    for item in concerned:
        if item.path.stem not in _ON_EITHER:
            item.add_marker(pytest.mark.skip(reason=reason))
