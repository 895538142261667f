"""`/healthz`, `/readyz` and `/metrics` of a worker, on a port of their own; nothing else is served."""

from typing import TYPE_CHECKING

from aiohttp import web

from streams.serving import add_health, listen
from streams.settings.values import Address, variable

if TYPE_CHECKING:
    from streams.app import StreamApp


class Health:
    """A small web server beside the app.

    It is ready when the tables are recovered and partitions are held; not before that, during a rebalance,
    while stopping, and (`idle`) when there are more workers than partitions, so that this one has nothing to
    do.
    """

    def __init__(self, app: "StreamApp") -> None:
        self._app = app
        self._runner: web.AppRunner | None = None

    def reason(self) -> str | None:
        """Why the worker is not ready, or None."""
        app = self._app
        if app.should_stop:
            return "stopping"
        if app.in_recovery:
            return "recovering tables"
        if not app.ready.is_set():
            return "rebalancing" if app.started else "starting"
        if not app.held():
            return "idle"
        return None

    async def start(self, bind: Address) -> str:
        """Listen; port 0 takes a free one. Returns `host:port`. Raises `CannotListenError`."""
        server = web.Application()
        add_health(server, self._reason, self._details)
        self._runner = web.AppRunner(server, access_log=None)
        return str(await listen(self._runner, bind, variable("health_bind"), may_be_off=True))

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _reason(self) -> str | None:
        return self.reason()

    def _details(self) -> dict[str, int]:
        return {"partitions": self._app.held() if self._app.ready.is_set() else 0}
