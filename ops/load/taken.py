"""Whether the workers have taken what was published: the offsets they have committed, against the ends."""

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)

from ops.reach import admin_client
from streams.kafka_access import client_options
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX, COMPACTED_IN
from streams.tuning import Tuning

_PAUSE = 1.0
GROUP = Tuning().app_id

Ends = Mapping[TopicPartition, int]


class Taken:
    """Looks at the group's offsets. To be closed after use; raises kafka-python's `KafkaError`."""

    def __init__(self, settings: Settings, group: str = GROUP) -> None:
        """Connect to the broker."""
        self._admin: Any = admin_client(settings)
        self._consumer: Any = KafkaConsumer(**client_options(settings), isolation_level="read_committed")
        self._group = group

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()
        self._admin.close()

    def ends(self, topics: Collection[str]) -> Ends:
        """Where the logs of these topics end now."""
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(self._consumer.partitions_for_topic(topic) or ())
        ]
        return dict(self._consumer.end_offsets(partitions))

    def left(self, ends: Ends) -> int:
        """How many records before these ends the workers have not handled yet."""
        begins = self._consumer.beginning_offsets(list(ends))
        committed = self._committed()
        return sum(max(0, end - max(committed.get(tp, 0), begins[tp])) for tp, end in ends.items())

    def _committed(self) -> dict[TopicPartition, int]:
        """What the group has committed; nothing where no worker has ever run, or its coordinator moves."""
        try:
            found = self._admin.list_group_offsets({self._group: None})
        except (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError):
            return {}
        return {tp: offset.offset for tp, offset in found[self._group].items()}

    def wait(self, ends: Ends, told: Callable[[int], None], patience: float) -> int:
        """Wait until all of it is handled; how many are left where nothing moves for `patience` seconds."""
        least, moved_at = self.left(ends), time.monotonic()
        told(least)
        while least and time.monotonic() - moved_at < patience:
            time.sleep(_PAUSE)
            left = self.left(ends)
            told(left)
            if left < least:
                least, moved_at = left, time.monotonic()
        return least


def wait_until_taken(taken: Taken, told: Callable[[str, int], None], patience: float) -> dict[str, int]:
    """Wait until intake and then the case desk have all that stands in the topics of facts now.

    Returns how many records each has left, where it stopped: nothing where the load is complete.
    """
    steps = (("intake", tuple(COMPACTED_IN)), ("case desk", (CASE_INBOX,)))
    for name, topics in steps:
        # The inbox's end is asked for when the intake has put all of it there.
        left = taken.wait(taken.ends(topics), partial(told, name), patience)
        if left:
            return {name: left}
    return {}
