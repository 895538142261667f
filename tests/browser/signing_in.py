"""The console's own sign-in, served over HTTP without what a page of cases needs behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import uvicorn
from fastapi import Depends, FastAPI
from starlette.responses import PlainTextResponse

from ops.console.control import open_control
from ops.console.cookies import Cookies
from ops.console.guard import SignedInUser, check_form
from ops.console.limits import SignInLimits
from ops.console.own_keys import Sealed, key_for
from ops.console.pages.sign_in import router
from ops.console.render import Renderer
from ops.console.security import Security, Visits, headers_of
from ops.console.sessions import Sessions
from ops.console.users import UsersFile
from ops.reach import free_port
from ops.read_model.views import Freshness
from streams.settings.settings import Settings


@asynccontextmanager
async def console_signing_in(folder: Path, users: UsersFile) -> AsyncIterator[str]:
    """Serve it; its first page says who is signed in. Gives its address."""
    settings = Settings(data_dir=folder)
    async with open_control(settings) as engine:
        sessions = Sessions(engine, Sealed(settings), users)
        app = FastAPI()
        app.state.console = SimpleNamespace(
            settings=settings,
            renderer=Renderer(settings.zone, _no_read_model),
            sessions=sessions,
            users=users,
            provider=None,
            sign_ins=SignInLimits(),
        )
        app.include_router(router, dependencies=[Depends(check_form)])
        app.add_api_route("/", _who)
        cookies = Cookies.of(settings)
        app.add_middleware(Visits, sessions=sessions, cookies=cookies, key=key_for(settings, "form tokens"))
        app.add_middleware(Security, hosts=("127.0.0.1",), headers=headers_of(cookies.secure, []))
        async with _served(app) as url:
            yield url


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def _who(user: SignedInUser) -> PlainTextResponse:
    return PlainTextResponse(f"{user.name}: {', '.join(sorted(user.roles))}")


async def _no_read_model() -> Freshness:
    raise AssertionError("who has yet to sign in is shown no read model")
