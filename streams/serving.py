"""What our HTTP servers have in common: how they listen, and the routes for whoever looks after them."""

import ssl
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web, web_server
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client.aiohttp import make_aiohttp_handler

from streams.errors import CannotListenError
from streams.settings.values import Address


class _Quiet(web.RequestHandler):
    """Repeats nothing of what is no HTTP.

    aiohttp quotes the line that it can't read, in its answer and in its log: a header of an event, say.
    """

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, message="it is no HTTP that is read here")
        return super().handle_error(request, status, exc, message)


# There is no other way to have it: a server makes its handlers by this name.
web_server.RequestHandler = _Quiet  # type: ignore[attr-defined]


async def listen(
    runner: web.AppRunner,
    bind: Address,
    setting: str,
    *,
    may_be_off: bool = False,
    tls: ssl.SSLContext | None = None,
) -> Address:
    """Listen, by TLS where it is given, and say where: port 0 takes a free one.

    Raises `CannotListenError`, which says what to set `setting` to; the runner is cleaned up then.
    """
    await runner.setup()
    try:
        await web.TCPSite(runner, bind.host, bind.port, ssl_context=tls).start()
    except OSError as error:
        await runner.cleanup()
        raise CannotListenError(setting, str(bind), error, may_be_off=may_be_off) from None
    return Address(bind.host, int(runner.addresses[0][1]))


def add_health(
    app: web.Application,
    reason: Callable[[], Awaitable[str | None]],
    details: Callable[[], Mapping[str, int]] = dict,
) -> None:
    """Add three routes.

    `/healthz`: 200 while the process's main loop answers. `/readyz`: 200 when it is ready, 503 with the
    `reason` why not, and the `details` in either case. `/metrics`: what it counts, for Prometheus.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_: web.Request) -> web.Response:
        why_not = await reason()
        body = {"status": why_not or "ready", **details()}
        return web.json_response(body, status=503 if why_not else 200)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", make_aiohttp_handler())
