"""How far a group has read.

Brokers of which nobody has asked that yet first make a place for it, which is waited for.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NoError,
    NotCoordinatorError,
)
from kafka.structs import OffsetAndMetadata

from ops.backup.record_file import BackupError

T = TypeVar("T")

_SOON = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)
_PATIENCE = 60.0
_PAUSE = 0.5


def committed(admin: Any, group: str) -> dict[TopicPartition, int]:  # noqa: ANN401 - kafka-python has no types
    """Up to where the group has read each partition."""
    found = _patiently(lambda: admin.list_group_offsets({group: None})[group])
    return {each: known.offset for each, known in found.items() if known.offset >= 0}


def commit(admin: Any, group: str, offsets: Mapping[TopicPartition, int]) -> None:  # noqa: ANN401 - the same
    """Note up to where the group has read. Raises `BackupError` where the group has members."""
    wanted = {each: OffsetAndMetadata(offset, "", -1) for each, offset in offsets.items()}
    answer = _patiently(lambda: admin.alter_group_offsets(group, wanted))
    if any(error is not NoError for error in answer.values()):
        raise BackupError(f"the brokers did not note how far {group} has read: is a worker running already?")


def _patiently(call: Callable[[], T]) -> T:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return call()
        except _SOON:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
