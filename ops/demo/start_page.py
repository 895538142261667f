"""The demo's start page: leads to the handsets, and to the console as a user of each role, at a press.

Whoever presses is signed in by the password, as in a browser: the page does it at the console and hands the
session's cookie on. Browsers keep cookies by host and not by port, so one set here is the console's too; the
console itself has no other way in than in production.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout, CookieJar, web

from ops.console.access import Role
from ops.demo.processes import DemoError
from ops.demo.users import DemoUser
from streams.serving import listen
from streams.settings.values import Address

_PAGE = Path(__file__).parent / "page"
_FILES = {"start.css": "text/css", "start.js": "text/javascript"}
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_ABOUT: Mapping[Role, str] = {
    Role.VIEWER: "sees the overview and, by an exact search, a case; everything is masked",
    Role.CASEWORKER: "lists cases and sees persons unmasked; each look is recorded",
    Role.OFFICER: "signs decisions and hearings, and sees persons unmasked",
    Role.OPERATOR: "runs the service: dead letters, pilots, pauses; reads about nobody",
}
_HOST = "127.0.0.1"
_SEE_OTHER = 303
_TIMEOUT = ClientTimeout(total=20)


class StartPage:
    """Use as a context manager; then the page is at `url`. Port 0 takes a free one.

    The console has to be at the same host, or the cookie would not be its own.
    """

    def __init__(
        self, *, handsets_url: str, console_url: str, users: Sequence[DemoUser], port: int = 0
    ) -> None:
        self.handsets_url = handsets_url
        self.console_url = console_url
        self._users = {user.name: user for user in users}
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{Address(_HOST, self._port)}"

    async def __aenter__(self) -> Self:
        """Listen. Raises `CannotListenError`."""
        app = web.Application(client_max_size=4096)
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._file)
        app.router.add_post("/sign-in", self._sign_in)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        self._port = (await listen(self._runner, Address(_HOST, self._port), "the demo's start page")).port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _index(self, request: web.Request) -> web.Response:
        self._check_host(request)
        roles = Template((_PAGE / "role.html").read_text(encoding="utf-8"))
        page = Template((_PAGE / "start.html").read_text(encoding="utf-8"))
        text = page.substitute(
            handsets=escape(self.handsets_url),
            console=escape(self.console_url),
            roles="".join(
                roles.substitute(
                    name=escape(user.name), about=escape(_ABOUT[user.role]), password=escape(user.password)
                )
                for user in self._users.values()
            ),
        )
        return self._answer(text, "text/html")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in _FILES:
            raise web.HTTPNotFound
        return self._answer((_PAGE / name).read_text(encoding="utf-8"), _FILES[name])

    async def _sign_in(self, request: web.Request) -> web.Response:
        self._check_host(request)
        if request.headers.get("Origin") != self.url:
            raise web.HTTPForbidden(text="press a button of the demo's start page\n")
        user = self._users.get(str((await request.post()).get("name", "")))
        if user is None:
            raise web.HTTPNotFound(text="the demo has no such user\n")
        try:
            cookies = await signed_in(self.console_url, user)
        except DemoError as error:
            raise web.HTTPBadGateway(text=f"{error}\n") from None
        answer = web.Response(status=_SEE_OTHER, headers={"Location": f"{self.console_url}/"})
        for cookie in cookies:
            answer.headers.add("Set-Cookie", cookie)
        return answer

    def _check_host(self, request: web.Request) -> None:
        """Passwords are shown to this machine alone, under whichever name another site may call it."""
        if request.headers.get("Host") != str(Address(_HOST, self._port)):
            raise web.HTTPMisdirectedRequest(text=f"the page is at {self.url}\n")

    def _answer(self, text: str, content_type: str) -> web.Response:
        policy = (
            "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
            f"form-action 'self' {self.console_url}"
        )
        headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return web.Response(text=text, content_type=content_type, charset="utf-8", headers=headers)


async def signed_in(console_url: str, user: DemoUser) -> Sequence[str]:
    """Sign in at a console as a browser does; the headers `Set-Cookie` that it answered with.

    Raises `DemoError` where it does not answer, or lets nobody in.
    """
    try:
        async with ClientSession(
            cookie_jar=CookieJar(unsafe=True), headers={"Origin": console_url}, timeout=_TIMEOUT
        ) as session:
            async with session.get(f"{console_url}/sign-in") as page:
                token = _TOKEN.search(await page.text())
            form = {"csrf": token[1] if token else "", "name": user.name, "password": user.password}
            async with session.post(f"{console_url}/sign-in", data=form, allow_redirects=False) as answer:
                if answer.status != _SEE_OTHER:
                    raise DemoError(
                        f"the console does not let {user.name} in: HTTP {answer.status}; its log says why"
                    )
                return answer.headers.getall("Set-Cookie", [])
    except (ClientError, TimeoutError, OSError) as error:
        raise DemoError(f"the console at {console_url} does not answer: {type(error).__name__}") from None
