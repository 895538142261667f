"""Where Java or Maven is missing, what needs Apache Kafka itself is skipped, with the reason.

That is what runs several workers or kills brokers. The pipeline runs on the embedded broker then.

A machine that stands still for a moment is no fault of anything: no property has to hold within milliseconds,
and what was imported and collected is not looked through for garbage in the middle of a test.
"""

import gc

import pytest
from hypothesis import HealthCheck, settings

from ops.brokers.kafka_files import obstacles

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

_FOLDERS, _MODULES = {"integration", "crash"}, {"test_running_system"}
_ON_EITHER = {"test_pipeline", "test_doctor", "test_topic_admin"}


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    concerned = [item for item in items if item.path.parent.name in _FOLDERS or item.path.stem in _MODULES]
    missing = obstacles() if concerned else []
    if not missing:
        return
    reason = f"needs Apache Kafka, which cannot run here: {'; '.join(missing)}"
    for item in concerned:
        if item.path.stem not in _ON_EITHER:
            item.add_marker(pytest.mark.skip(reason=reason))
