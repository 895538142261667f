"""Follows the topics for the generation that is served: one process does, the others stand by."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

from ops.read_model.database import DatabaseError
from ops.read_model.generation import Generation
from ops.read_model.projections.project import FOLLOWED
from ops.read_model.reader import Reader
from ops.read_model.store import Store
from ops.read_model.writing import NotFollowingError
from streams.clock import real_now
from streams.key_store.store import KeyStoreAwayError
from streams.settings.settings import Settings

ASK_SECONDS = 2.0
"""Every how many seconds the broker is asked where its logs end."""
BATCH = 2000
"""Records that are written in one transaction at most."""
_LOOK_SECONDS = 5.0
_TIDY_SECONDS = 1800.0
_PAUSE = 1.0
BROKER_AWAY = "broker_away"

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Following:
    """Reads and writes for one generation, for as long as this process is the one who does.

    `enough` is asked after each turn: whether to stop.
    """

    generation: Generation
    settings: Settings
    enough: Callable[[Reader], Awaitable[bool]]
    most: int = BATCH
    _asked_at: float = 0.0
    _looked_at: float = 0.0
    _tidied_at: float | None = None

    async def run(self) -> None:
        """Follow until it is enough. Raises `NotFollowingError`, `KafkaError`, `TimeoutError`, SQL errors."""
        reader = Reader(self.settings, FOLLOWED, self.most)
        try:
            await reader.start(await self.generation.places())
            self._looked_at = time.monotonic()
            while not await self.enough(reader):
                await self._turn(reader)
        finally:
            await reader.stop()

    async def _turn(self, reader: Reader) -> None:
        found = await reader.poll()
        asked = time.monotonic() - self._asked_at >= ASK_SECONDS
        if asked:
            await reader.ask_ends()
            self._asked_at = time.monotonic()
        if found.items or found.places or asked:
            places = list(reader.places.values()) if asked else found.places
            await self.generation.writer().write(found.items, places, now=real_now())
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            await reader.look_for_partitions()
            self._looked_at = time.monotonic()
        if asked and not reader.behind:
            await self._tidy()

    async def _tidy(self) -> None:
        """As soon as all is read, and now and then: forget by age, and look how rows are spread."""
        if self._tidied_at is None or time.monotonic() - self._tidied_at >= _TIDY_SECONDS:
            self._tidied_at = time.monotonic()
            await self.generation.forget_old(self.settings, self.settings.clock().now())
            await self.generation.analyse()


class Follower:
    """Follows for the store's generation, and goes over to the next one when a rebuild has ended.

    `most` records are written in one transaction.
    """

    def __init__(self, store: Store, settings: Settings, most: int = BATCH) -> None:
        self._store = store
        self._settings = settings
        self._most = most

    async def run(self) -> None:
        """Follow until cancelled. Nothing that fails ends it: it says so, and tries again."""
        while True:
            try:
                generation = await self._store.generation()
                if await generation.take_over(real_now()):
                    await self._follow(generation)
            except NotFollowingError:
                _log.info("another console follows the topics now")
            except (SQLAlchemyError, DatabaseError, OSError) as error:
                _log.warning("the read model cannot be written; tried again", error=type(error).__name__)
            await asyncio.sleep(_PAUSE)

    async def _follow(self, generation: Generation) -> None:
        async def over(_: Reader) -> bool:
            await self._store.wake()
            return (await self._store.generation()).number != generation.number

        try:
            await Following(generation, self._settings, over, self._most).run()
        except (KafkaError, TimeoutError) as error:
            _log.warning("the broker is away; tried again", error=type(error).__name__, told=str(error))
            writer = generation.writer()
            await writer.write((), (), now=real_now(), heard=False, problem=BROKER_AWAY)
        except KeyStoreAwayError as error:
            _log.warning("the store of keys is away; tried again", error=str(error))
        except asyncio.CancelledError:
            with contextlib.suppress(SQLAlchemyError, OSError):
                await generation.let_go()
            raise
