"""Where Java or Maven is missing, what needs Apache Kafka itself is skipped, with the reason.

That is what runs several workers or kills brokers. The pipeline runs on the embedded broker then.

A machine that stands still for a moment is no fault of anything: no property has to hold within milliseconds,
and what was imported and collected is not looked through for garbage in the middle of a test.
"""

import gc
from pathlib import Path

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
    _longest_first(items)
    concerned = [item for item in items if item.path.parent.name in _FOLDERS or item.path.stem in _MODULES]
    missing = obstacles() if concerned else []
    if not missing:
        return
    reason = f"needs Apache Kafka, which cannot run here: {'; '.join(missing)}"
    for item in concerned:
        if item.path.stem not in _ON_EITHER:
            item.add_marker(pytest.mark.skip(reason=reason))


def _longest_first(items: list[pytest.Item]) -> None:
    """Files with a test that may take long come first, so that none of them runs alone in the end."""
    limits: dict[Path, float] = {}
    for item in items:
        marker = item.get_closest_marker("timeout")
        limit = float(marker.args[0]) if marker and marker.args else 0.0
        limits[item.path] = max(limit, limits.get(item.path, 0.0))
    items.sort(key=lambda item: -limits[item.path])
