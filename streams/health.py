"""`/healthz`, `/readyz` and `/metrics` of a worker, on a port of their own; nothing else is served."""

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from streams.errors import cannot_listen
from streams.settings.values import Address, variable

if TYPE_CHECKING:
    from streams.app import StreamApp


class Health:
    """A small web server beside the app.

    `/healthz`: 200 while the process's main loop answers. `/readyz`: 200 when the tables are recovered and
    partitions are held; 503 with the reason before that, during a rebalance, while stopping, and (`idle`)
    when there are more workers than partitions, so that this one has nothing to do. `/metrics`: what the
    process counts, for Prometheus.
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
        """Listen; port 0 takes a free one. Returns `host:port`. Raises a `UserError`."""
        server = web.Application()
        server.router.add_get("/healthz", self._healthz)
        server.router.add_get("/readyz", self._readyz)
        server.router.add_get("/metrics", make_aiohttp_handler())
        self._runner = web.AppRunner(server, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, bind.host, bind.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise cannot_listen(variable("health_bind"), str(bind), error, may_be_off=True) from None
        return str(Address(bind.host, self._runner.addresses[0][1]))

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _: web.Request) -> web.Response:
        reason = self.reason()
        body = {
            "status": reason or "ready",
            "partitions": self._app.held() if self._app.ready.is_set() else 0,
        }
        return web.json_response(body, status=200 if reason is None else 503)
