"""Shows how the service stands: once, or live until it is interrupted."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime

from rich.console import Console
from rich.live import Live

from ops.read_model.database import DatabaseError
from ops.read_model.store import Store, open_store
from ops.status.screen import screen
from ops.status.standing import Standing, standing_of
from streams.errors import UserError
from streams.settings.settings import Settings

REFRESH_SECONDS = 1.0


class NoStatusError(UserError):
    """The read model can't be asked: exit code 2."""

    exit_code = 2


def show_status(settings: Settings, console: Console, *, once: bool, as_json: bool) -> None:
    """Show it on the console. Raises `NoStatusError`."""
    try:
        asyncio.run(_show(settings, console, once=once, as_json=as_json))
    except DatabaseError as error:
        raise NoStatusError(
            f"{error}: `jardem console` makes the read model that this shows, and JARDEM_CONSOLE_DATABASE "
            "says where it is"
        ) from None
    except KeyboardInterrupt:
        return


async def _show(settings: Settings, console: Console, *, once: bool, as_json: bool) -> None:
    async with open_store(settings) as store:
        if as_json:
            found = await _standing(store, settings)
            console.out(written(found), highlight=False)
        elif once:
            console.print(screen(await _standing(store, settings), settings.zone))
        else:
            await _live(console, lambda: _standing(store, settings), settings.zone)


async def _live(console: Console, ask: Callable[[], Awaitable[Standing]], zone: str) -> None:
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while True:
            live.update(screen(await ask(), zone), refresh=True)
            await asyncio.sleep(REFRESH_SECONDS)


async def _standing(store: Store, settings: Settings) -> Standing:
    return await standing_of(store.queries, settings.clock().now())


def written(standing: Standing) -> str:
    """All of it as one JSON object."""
    return json.dumps(standing.content(), default=_text, ensure_ascii=False)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
