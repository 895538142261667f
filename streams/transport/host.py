"""The application as its parts see it: what runs, by which clock, under which lease, and whether it is ready.

The transport's parts are handed a `Host`; the application that is made of them is `streams.app.StreamApp`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from collections.abc import Set as AbstractSet
from time import monotonic
from typing import Any

import faust

from streams import metrics
from streams.clock import Clock
from streams.transport.batch import Batch
from streams.transport.lease import Lease
from streams.tuning import Tuning


class Host(faust.App):
    """A Faust app with what its transport and its tables need of it.

    `handlers` maps each source topic to the work on a batch of it. `ready` is set while the tables are
    recovered and the partitions held; it is cleared at the first sign of a rebalance. `tables_of_inboxes`
    maps each desk's inbox to its table's changelog.
    """

    tuning: Tuning
    clock: Clock

    def __init__(self, *args: Any, tuning: Tuning, clock: Clock, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.tuning = tuning
        self.clock = clock
        self.lease = Lease(tuning.session_timeout)
        self.handlers: dict[str, Callable[[Batch], Coroutine[Any, Any, None]]] = {}
        self.tables_of_inboxes: dict[str, str] = {}
        self.ready = asyncio.Event()
        self.not_ready = asyncio.Event()
        self.batches_handled = 0
        self.records_handled = 0
        self._not_ready_since: float | None = monotonic()

    @property
    def source_topics(self) -> AbstractSet[str]:
        """The topics that agents read."""
        return self.handlers.keys()

    def on_rebalance_start(self) -> None:
        """The first sign of a rebalance. Faust calls it from the consumer's thread."""
        self.loop.call_soon_threadsafe(self._set_not_ready)
        super().on_rebalance_start()

    def _on_rebalance_when_stopped(self) -> None:
        """M10: nothing. Faust would close the consumer here, in the wrong loop, and never leave the group."""

    def _set_not_ready(self) -> None:
        metrics.REBALANCES.inc()
        metrics.READY.set(0)
        if self._not_ready_since is None:
            self._not_ready_since = monotonic()
        self.ready.clear()
        self.not_ready.set()

    def set_ready(self) -> None:
        """Tables recovered and partitions held."""
        metrics.READY.set(1)
        if self._not_ready_since is not None:
            metrics.NOT_READY.inc(monotonic() - self._not_ready_since)
            self._not_ready_since = None
        self.not_ready.clear()
        self.ready.set()
