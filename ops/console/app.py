"""The application: its parts before and behind the routes, and what is answered where something is wrong."""

from fastapi import Depends, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from ops.console.address import hosts_of
from ops.console.api.app import create_api
from ops.console.context import Console, console_of
from ops.console.cookies import Cookies
from ops.console.guard import check_form
from ops.console.metrics import BEHIND
from ops.console.own_keys import key_for
from ops.console.pages.routers import PAGES
from ops.console.pages.sign_in import router as sign_in
from ops.console.refusals import add_refusals, unexpected
from ops.console.render import STATIC
from ops.console.security import Security, Visits, headers_of
from ops.read_model.database import DatabaseError
from streams.published_keys import CACHED, KEYS_PATH, MEDIA_TYPE


def create_app(console: Console) -> FastAPI:
    """The console as an ASGI application."""
    app = FastAPI(title="jardem console", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.console = console
    for router in (sign_in, *PAGES):
        app.include_router(router, dependencies=[Depends(check_form)])
    app.add_api_route("/healthz", _healthz)
    app.add_api_route("/readyz", _readyz)
    app.add_api_route("/metrics", _metrics)
    app.add_api_route(KEYS_PATH, _keys)
    app.mount("/static", Static(directory=STATIC))
    app.mount("/api/v1", create_api(console))
    add_refusals(app)
    cookies = Cookies.of(console.settings)
    origins = [] if console.provider is None else [console.provider.origin]
    # The last one added stands before the others.
    app.add_middleware(
        Visits,
        sessions=console.sessions,
        cookies=cookies,
        key=key_for(console.settings, "form tokens"),
    )
    app.add_middleware(
        Security,
        hosts=hosts_of(console.settings),
        headers=headers_of(cookies.secure, origins),
        failed=unexpected,
    )
    return app


class Static(StaticFiles):
    """Our files, which never change under one address."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """A file, to be kept."""
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type] # Starlette's own arguments
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


async def _healthz() -> Response:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    console = console_of(request)
    reason = None
    try:
        await console.queries.freshness()
    except (DatabaseError, SQLAlchemyError, OSError):
        reason = "the read model's database does not answer"
    else:
        if not await console.sink.is_ready():
            reason = "the broker does not answer"
    return JSONResponse({"status": reason or "ready"}, 503 if reason else 200)


async def _metrics(request: Request) -> Response:
    try:
        behind = (await console_of(request).queries.freshness()).behind
    except (DatabaseError, SQLAlchemyError, OSError):
        behind = None
    BEHIND.set(float("nan") if behind is None else behind)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _keys(request: Request) -> Response:
    content = console_of(request).keys.content()
    if content is None:
        return PlainTextResponse("the key set cannot be read\n", 503)
    return Response(content, media_type=MEDIA_TYPE, headers={"Cache-Control": CACHED})
