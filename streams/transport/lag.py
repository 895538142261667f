"""Looks now and then how far the logs of the partitions held go: how much is not handled, and why.

Whoever counts only what may be read sees no lag where a transaction hangs: nothing behind its first record
may be read before it ends, and every reader seems to be at the end. So the lag is counted to the end of the
log, and what a transaction holds back is counted too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from streams import metrics
from streams.transport.batch import AssignedPartition
from streams.transport.consumer import Consumer
from streams.transport.host import Host

log = structlog.get_logger()


@dataclass(slots=True)
class Standing:
    """Which partitions stand still somewhere, since when, and whether that was said already.

    `patience` is in seconds; times are monotonic seconds.
    """

    patience: float
    _since: dict[TP, tuple[int, float]] = field(default_factory=dict)
    _said: set[TP] = field(default_factory=set)

    def look(self, at: Mapping[TP, int], now: float) -> Iterator[tuple[TP, int, float]]:
        """See which partitions stand and at which offset; gives those that have for too long, each once."""
        for tp in list(self._since):
            if at.get(tp) != self._since[tp][0]:
                del self._since[tp]
                if tp in self._said:
                    self._said.discard(tp)
                    log.info("a partition goes on again", topic=tp.topic, partition=tp.partition)
        for tp, offset in at.items():
            _, since = self._since.setdefault(tp, (offset, now))
            if now - since >= self.patience and tp not in self._said:
                self._said.add(tp)
                yield tp, offset, now - since


class LagWatch:
    """Keeps the metrics of the partitions held, and has those read anew whose topic was made anew."""

    def __init__(self, app: Host) -> None:
        """Register the task with the application."""
        self._app = app
        self._held_back = Standing(app.tuning.standing_after)
        self._stuck = Standing(app.tuning.standing_after)
        app.task(self._run)

    async def _run(self) -> None:
        while not self._app.should_stop:
            await self._app.sleep(self._app.tuning.lag_check)
            if self._app.ready.is_set():
                try:
                    await self._look()
                except KafkaError as error:
                    log.info("the ends of the logs cannot be seen now", error=repr(error))

    async def _look(self) -> None:
        consumer = cast("Consumer", self._app.consumer)
        assigned = dict(consumer.assigned)
        topics = {tp.topic for tp in assigned}
        levels = await consumer.levels(assigned, topics)
        if not self._app.ready.is_set() or await self._made_anew(assigned, levels.ids):
            return
        ends, stable = levels.ends, levels.stable
        handled = {tp: assigned[tp].handled for tp in ends}
        self._measure(ends, stable, handled)
        for topic in topics:
            metrics.DELETED_UNREAD.labels(topic)
        held_back = {tp: stable[tp] for tp in ends if stable[tp] < ends[tp]}
        for tp, offset, seconds in self._held_back.look(held_back, monotonic()):
            log.warning(
                "a transaction holds back a partition: nothing from this offset on is read before it ends; "
                "ask whoever writes to the topic",
                **_place(tp, offset, seconds),
                records=ends[tp] - offset,
            )
        stuck = {tp: handled[tp] for tp in ends if handled[tp] < stable[tp] and not assigned[tp].busy}
        for tp, offset, seconds in self._stuck.look(stuck, monotonic()):
            log.error(
                "the broker gives nothing of a partition from this offset on, though it goes on: look at the "
                "broker's log and disk",
                **_place(tp, offset, seconds),
                records=ends[tp] - offset,
            )

    def _measure(self, ends: Mapping[TP, int], stable: Mapping[TP, int], handled: Mapping[TP, int]) -> None:
        metrics.LAG.clear()
        metrics.HELD_BACK.clear()
        for tp, end in ends.items():
            metrics.LAG.labels(*tp).set(max(0, end - handled[tp]))
            metrics.HELD_BACK.labels(*tp).set(max(0, end - stable[tp]))

    async def _made_anew(self, assigned: Mapping[TP, AssignedPartition], ids: Mapping[str, str]) -> bool:
        """Whether a topic has another id than when its partitions were taken; then the group is told."""
        known = {tp.topic: each.topic_id for tp, each in assigned.items() if each.topic_id}
        changed = sorted(topic for topic, topic_id in known.items() if ids.get(topic, topic_id) != topic_id)
        if changed:
            log.warning("topics were made anew; they are taken up from their beginnings", topics=changed)
            await cast("Consumer", self._app.consumer).rejoin()
        return bool(changed)


def _place(tp: TP, offset: int, seconds: float) -> dict[str, str | int]:
    return {"topic": tp.topic, "partition": tp.partition, "offset": offset, "seconds": round(seconds)}
