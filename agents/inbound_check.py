"""The worker's own look at the SMS API's list of texts: one worker does it, at a pace of its own.

It is the one that owns partition 0 of the outbox. Up to when the list is read stands in that partition of the
carrier's table, under a key that no number has.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from agents.rows import opened_rows
from sms.carrier import CannotBeAskedError
from sms.sending.catch_up import CatchUp
from streams.app import StreamApp
from streams.transport.stores import NotOwnedError
from streams.transport.tables import BytesTable

_log = structlog.get_logger(__name__)

MARK = b"inbound-read-to"
_PARTITION = 0
_SECONDS_TO_LOOK_AGAIN = 1.0


class InboundCheck:
    """Reads the list every `every` seconds of real time, as long as this worker is the one to do it."""

    def __init__(
        self,
        app: StreamApp,
        table: BytesTable,
        catch_up: CatchUp,
        *,
        every: float,
        ready: Callable[[], Awaitable[object]],
    ) -> None:
        """Register the task. `ready` is awaited before the SMS API is asked."""
        self._app = app
        self._table = table
        self._catch_up = catch_up
        self._every = every
        self._ready = ready
        self._ending = asyncio.Event()
        self._runs = asyncio.Lock()
        app.task(self._run)

    async def stop(self) -> None:
        """Ask the SMS API nothing more, and return when nothing is under way."""
        self._ending.set()
        async with self._runs:
            pass

    async def _run(self) -> None:
        async with self._runs:
            ending = asyncio.ensure_future(self._ending.wait())
            while not ending.done():
                checking = asyncio.ensure_future(self._check())
                await asyncio.wait({checking, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not checking.done():
                    checking.cancel()
                    await asyncio.wait({checking})
                    return
                await asyncio.wait({ending}, timeout=checking.result())

    async def _check(self) -> float:
        """Read the list to its end, if that is ours to do. Seconds until it is to be looked at again."""
        try:
            await self._ready()
            while self._is_ours():
                row = {MARK: self._table.partition(_PARTITION).get(MARK)}
                mark = (await opened_rows(self._app, self._table, row))[MARK]
                part = await self._catch_up.read(mark)
                await self._app.send_all(part.texts)
                if part.mark is not None and self._is_ours():
                    await self._app.send_table(self._table, _PARTITION, {MARK: part.mark}, [])
                if not part.more:
                    return self._every
        except CannotBeAskedError as problem:
            _log.warning("the SMS API's list of texts can't be read now", reason=str(problem))
            return self._every
        except NotOwnedError:
            pass
        except Exception as error:  # noqa: BLE001 - it must neither stop the worker nor itself
            # Its message may hold what was read.
            _log.error("reading the SMS API's list of texts failed", error=type(error).__name__)
            self._catch_up.forget()
            return self._every
        self._catch_up.forget()
        return _SECONDS_TO_LOOK_AGAIN

    def _is_ours(self) -> bool:
        return self._app.ready.is_set() and _PARTITION in self._table.partitions_owned()
