"""`jardem console --rebuild`: builds a generation from the topics beside the one that is served, and swaps.

Consoles go over to it by themselves within seconds. A builder that dies leaves a generation that nobody
serves; the next rebuild takes it away.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.read_model import control
from ops.read_model.database import CONTROL, Database, DatabaseError, InUseError
from ops.read_model.follow import Following
from ops.read_model.generation import Generation, means_of
from ops.read_model.migrate import CONTROL as CONTROL_MIGRATIONS
from ops.read_model.migrate import migrate
from ops.read_model.reader import Reader
from streams.clock import real_now
from streams.errors import NoBrokerError
from streams.key_store.store import KeyStoreAwayError
from streams.settings.settings import Settings

_TELL_SECONDS = 1.0
GRACE_SECONDS = 5.0
"""For so long the former generation stays, for consoles that are just answering from it."""
_DROPS = 10
_DROP_PAUSE = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is, in offsets: `read` so far, and how many are left, as far as that is known."""

    read: int
    left: int | None


async def rebuild(settings: Settings, progress: Callable[[Progress], None]) -> None:
    """Build the read model anew and have it served; `progress` is told every second.

    Raises `DatabaseError` and `NoBrokerError`; what was served until then is served on.
    """
    database = Database.of(settings)
    engine = database.engine(CONTROL)
    try:
        await database.create(CONTROL)
        await migrate(engine, CONTROL_MIGRATIONS)
        await clear(database, engine)
        number = await control.add(engine, control.BUILDING, real_now())
        await _build(settings, database, engine, number, progress)
        await control.note(engine, number, control.SERVING, real_now())
        progress(Progress(0, 0))
        await asyncio.sleep(GRACE_SECONDS)
        await clear(database, engine)
    except (KafkaError, TimeoutError) as error:
        raise NoBrokerError(
            f"the topics cannot be read to their end from {settings.kafka} ({type(error).__name__}): look "
            "whether the broker runs, and run jardem console --rebuild again"
        ) from None
    except KeyStoreAwayError as error:
        raise DatabaseError(
            f"the store of keys does not answer ({error}): look at JARDEM_KEYS_DATABASE, and run jardem "
            "console --rebuild again"
        ) from None
    except (SQLAlchemyError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseError(
            f"the console's database fails ({type(cause).__name__}): look at JARDEM_CONSOLE_DATABASE, and "
            "run jardem console --rebuild again"
        ) from None
    finally:
        await engine.dispose()


async def clear(database: Database, engine: AsyncEngine) -> None:
    """Take away the generations that nobody needs any more.

    One that somebody reads for longer than we wait stays noted, and goes with the next rebuild.
    """
    for number in await control.outdated(engine, real_now()):
        if await _dropped(database, control.name_of(number)):
            await control.forget(engine, number)
            _log.info("a generation of the read model was taken away", generation=number)
        else:
            _log.warning("a former generation is read still: the next rebuild takes it", generation=number)


async def _dropped(database: Database, name: str) -> bool:
    """Whether a generation could be taken away, as soon as nobody is in it."""
    for again in range(_DROPS):
        if again:
            await asyncio.sleep(_DROP_PAUSE)
        with contextlib.suppress(InUseError):
            await database.drop(name)
            return True
    return False


async def _build(
    settings: Settings,
    database: Database,
    engine: AsyncEngine,
    number: int,
    progress: Callable[[Progress], None],
) -> None:
    """Fill a new generation until it has all that stood in the topics when they were asked last."""
    told_at = 0.0
    # A file of that number may be left from a database whose control was lost.
    await database.drop(control.name_of(number))
    generation = await Generation.open(database, number, means_of(settings))

    async def caught_up(reader: Reader) -> bool:
        nonlocal told_at
        done = reader.asked and not reader.behind
        if done or time.monotonic() - told_at >= _TELL_SECONDS:
            told_at = time.monotonic()
            await control.note(engine, number, control.BUILDING, real_now())
            read = sum(place.position for place in reader.places.values())
            progress(Progress(read, reader.behind if reader.asked else None))
        return done

    try:
        await generation.take_over(real_now())
        await Following(generation, settings, caught_up).run()
        await generation.let_go()
    finally:
        await generation.close()
