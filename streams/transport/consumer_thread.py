"""The thread in which aiokafka's consumer lives, apart from the main one, so that heartbeats always go on."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import cast

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.transport.beginnings import Committed
from streams.transport.fetching import Fetched, Fetching, end_without_fetches
from streams.transport.host import Host
from streams.transport.membership import end_when_expelled, leave_when_stopping
from streams.transport.topic_ids import topic_ids

log = structlog.get_logger()

_COMMIT_SECONDS = 10.0
_LEVELS_SECONDS = 5.0
_CHANGELOG_WAIT_MS = 100
_SECONDS_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True, slots=True)
class Levels:
    """How far logs go: to their ends, and as far as they can be read now; and the ids of topics."""

    ends: Mapping[TP, int]
    stable: Mapping[TP, int]
    ids: Mapping[str, str]


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka's consumer lives: heartbeats go on whatever the main thread does."""

    app: Host
    _wake: asyncio.Event | None = None
    _epoch: int = 0
    _fetching: Fetching

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        """M11: read what is committed, and nothing else.

        Faust reads what is committed only where it writes transactions itself; else it acts upon what a
        registry has sent and taken back.

        It reads changelogs at recovery, and what it has to do at rest can wait: sources are read in the main
        loop (see `streams.transport.source_reader`).
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _CHANGELOG_WAIT_MS  # noqa: SLF001
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        return consumer

    async def on_start(self) -> None:
        """Start aiokafka's consumer, and learn of every heartbeat (see `streams.transport.lease`).

        M12: take its fetches apart ourselves, so that none can end the worker (see
        `streams.transport.fetching`).
        """
        await super().on_start()
        self._fetching = Fetching(self._ensure_consumer())
        self._fetching.when_it_ends(end_without_fetches)
        self._ensure_consumer()._fetcher._fetcher_timeout = _SECONDS_BETWEEN_LOOKS  # noqa: SLF001
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        self.app.lease.watch(coordinator)
        end_when_expelled(coordinator)

    async def on_thread_stop(self) -> None:
        """Stop aiokafka's consumer, and leave the group."""
        if self._consumer is not None and self._consumer._coordinator is not None:  # noqa: SLF001
            leave_when_stopping(self._consumer._coordinator)  # noqa: SLF001
        await super().on_thread_stop()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """A new assignment is a new lease, and the end of the epoch before."""
        self._epoch += 1
        self.app.lease.take()
        consumer = self._ensure_consumer()
        for tp in assigned & consumer.assignment():
            if tp.topic in self.app.source_topics:
                # Else aiokafka would ask where to begin with it.
                consumer.seek(driver.ensure_aiokafka_TP(tp), 0)
                consumer.pause(driver.ensure_aiokafka_TP(tp))
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_all(self, offsets: Mapping[TP, int]) -> int:
        """Seek, and from then on let only fetches that bear the epoch returned move the positions.

        M8: a fetch that waits knows nothing of a rebalance. Where one is over before the wait is (in some
        milliseconds, on a quiet machine), the fetch takes records after the seek to what is committed; they
        are dropped, because they were asked for in another assignment, and nobody reads them again.
        """
        return cast("int", await self.call_thread(self._seek_all, offsets))

    async def _seek_all(self, offsets: Mapping[TP, int]) -> int:
        # No fetch can come between, because nothing waits until all are sought.
        self._epoch += 1
        epoch = self._epoch
        self._fetching.sought(offsets)
        await self._seek_wait(self._ensure_consumer(), offsets)
        return epoch

    async def fetch(self, epoch: int, tps: frozenset[TP], timeout: float, most: int) -> Mapping[TP, Fetched]:  # noqa: ASYNC109
        """At most so many records of these partitions; nothing once their epoch is over.

        Waits for the first at most `timeout` seconds, or until `wake`.
        """
        return cast("Mapping[TP, Fetched]", await self.call_thread(self._fetch, epoch, tps, timeout, most))

    async def _fetch(self, epoch: int, tps: frozenset[TP], timeout: float, most: int) -> Mapping[TP, Fetched]:  # noqa: ASYNC109
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher  # noqa: SLF001 - what Faust itself uses
        if consumer._closed or fetcher._closed:  # noqa: SLF001
            raise ConsumerStoppedError
        if self._wake is None:
            self._wake = asyncio.Event()
        # Being in this context is what counts as polling; without it the group would drop us as idle.
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001
            taken = await self._take(fetcher, epoch, tps, most)
            if taken:
                return taken
            arrived = fetcher._create_fetch_waiter()  # noqa: SLF001
            woken = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait({arrived, woken}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            self._wake.clear()
            if not arrived.done():
                arrived.cancel()
            return await self._take(fetcher, epoch, tps, most)

    def polled(self) -> None:
        """The main loop is alive: what counts as polling, without which the group would drop us as idle."""
        if self._consumer is not None:
            self._consumer._subscription._last_fetch_ended = monotonic()  # noqa: SLF001

    async def _take(
        self, fetcher: Fetcher, epoch: int, tps: frozenset[TP], most: int
    ) -> Mapping[TP, Fetched]:
        """What is there of these partitions. It never waits, so that the epoch is over before it or after.

        Faust hands an empty set on to aiokafka, which reads it as "all partitions"; here it fetches nothing.
        While an assignment is under way aiokafka would wait for it, and then give what is another epoch's.
        """
        under_way = fetcher._subscriptions.reassignment_in_progress  # noqa: SLF001
        if epoch != self._epoch or under_way or not tps:
            return {}
        return self._fetching.take(tps, most)

    def wake(self) -> None:
        """End a wait in `fetch`: another epoch has begun."""
        if self._wake is not None:
            self.thread_loop.call_soon_threadsafe(self._wake.set)

    async def pause_fetching(self, tps: Iterable[TP]) -> None:
        """Tell aiokafka not to read ahead in these partitions."""
        await self.call_thread(self._pause, tps)

    async def _pause(self, tps: Iterable[TP]) -> None:
        consumer = self._ensure_consumer()
        consumer.pause(*(consumer.assignment() & {driver.ensure_aiokafka_TP(tp) for tp in tps}))

    async def committed(self, tps: Iterable[TP]) -> dict[TP, Committed | None]:
        """What was committed, asked of the broker in one request."""
        return cast("dict[TP, Committed | None]", await self.call_thread(self._committed, list(tps)))

    async def _committed(self, tps: list[TP]) -> dict[TP, Committed | None]:
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        wanted = {driver.ensure_aiokafka_TP(tp): tp for tp in tps}
        found = await coordinator.fetch_committed_offsets(list(wanted))
        return {
            tp: Committed(found[raw].offset, found[raw].metadata or "") if raw in found else None
            for raw, tp in wanted.items()
        }

    async def commit_offsets(self, offsets: Mapping[TP, tuple[int, str]]) -> bool:
        """Commit offsets, each with the id of its topic.

        False if the group has moved on meanwhile, or the broker knows a topic no more: then the records are
        read again.
        """
        return cast("bool", await self.call_thread(self._commit_offsets, offsets))

    async def _commit_offsets(self, offsets: Mapping[TP, tuple[int, str]]) -> bool:
        consumer = self._ensure_consumer()
        known = {
            driver.ensure_aiokafka_TP(tp): entry
            for tp, entry in offsets.items()
            if tp.partition in (consumer.partitions_for_topic(tp.topic) or ())
        }
        try:
            # aiokafka would ask for ever where a partition is no more, and all other commits would wait.
            async with asyncio.timeout(_COMMIT_SECONDS):
                if known:
                    await consumer.commit(known)
        except (CommitFailedError, IllegalStateError, TimeoutError) as error:
            log.info("commit refused, records will be read again", reason=str(error) or "no answer")
            return False
        return True

    async def _highwaters(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Where the logs end, whether or not what stands there is committed."""
        return await self._fetching.ends(partitions)

    async def stable_ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Up to where the logs can be read now: no further than the first transaction that is under way."""
        return cast("dict[TP, int]", await self.call_thread(self._fetching.stable_ends, list(tps)))

    async def levels(self, tps: Iterable[TP], topics: Iterable[str]) -> Levels:
        """How far the logs of partitions go, and the ids of topics.

        It goes by the side of the thread's queue of calls, which it must not hold up while brokers are away.

        Raises:
            KafkaError: they were not told in time.
        """
        asking = self._levels(list(tps), list(topics))
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asking, self.thread_loop))

    async def _levels(self, tps: list[TP], topics: list[str]) -> Levels:
        cluster = self._ensure_consumer()._client.cluster  # noqa: SLF001
        # One partition without a leader would keep those of all the others from being seen.
        led = [tp for tp in tps if cluster.leader_for_partition(tp) not in (None, -1)]
        ids = await self._topic_ids(topics)
        stable = await self._fetching.stable_ends(led, _LEVELS_SECONDS)
        return Levels(await self._fetching.ends(led, _LEVELS_SECONDS), stable, ids)

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """The ids of those of the topics that there are, where the broker tells them."""
        return cast("dict[str, str]", await self.call_thread(self._topic_ids, sorted(topics)))

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        return await topic_ids(self._ensure_consumer()._client, topics)  # noqa: SLF001

    async def rejoin(self) -> None:
        """Have the group assign its partitions anew."""
        await self.call_thread(self._rejoin)

    async def _rejoin(self) -> None:
        self._ensure_consumer()._coordinator.request_rejoin()  # noqa: SLF001
