"""Pages from templates: in the visitor's language, with their form token, and with how fresh they are."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ops.console.navigation import links_for
from ops.console.visit import visit_of
from ops.console.words import LANGUAGES, Words, choose
from ops.read_model.views import Freshness
from streams.clock import Clock

LANGUAGE_COOKIE = "jardem_language"
"""The language that was chosen; it says nothing else."""

PRIVATE = {"Cache-Control": "no-store"}
"""Of every page: whoever comes to the machine afterwards finds nothing in its cache."""


STATIC = Path(str(resources.files("ops.console"))) / "static"
"""The folder of static files."""


class Renderer:
    """Renders templates. `freshness` is asked for each page of a signed-in user.

    Every template is given `_` (the words, see `Words`), `language`, `languages`, `csrf`, `user` (None where
    nobody is signed in), `links` (of the navigation), `here` (the path), `back` (where the language form
    returns to), `zone`, `freshness` (None where nobody is signed in; as of an instant of the installation's
    time, as all instants of a page are), `asset` (the address of a static file), and `live` (false unless a
    page says otherwise).
    """

    def __init__(self, zone: str, clock: Clock, freshness: Callable[[], Awaitable[Freshness]]) -> None:
        self._zone = ZoneInfo(zone)
        self._clock = clock
        self._freshness = freshness
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(STATIC.parent / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = asset

    def words(self, request: Request) -> Words:
        """The words of the language that was chosen, else of the first that the browser accepts."""
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        return Words(choose(chosen, request.headers.get("accept-language", "")), self._zone)

    async def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,  # noqa: ANN401 - whatever the template needs
    ) -> HTMLResponse:
        """A page, never kept by any cache."""
        content = await self.text(request, template, **values)
        # Headers of dead letters may hold halves of characters, which no page can say.
        said = content.encode("utf-8", "backslashreplace")
        return HTMLResponse(said, status, {**PRIVATE, **(headers or {})})

    async def plain(
        self,
        request: Request,
        *,
        status: int,
        headers: Mapping[str, str] | None = None,
        **values: Any,  # noqa: ANN401 - as above
    ) -> HTMLResponse:
        """A page with a message: `title`, `text`, and the way on. It asks nothing of any database."""
        common = {**self._without_freshness(request), "freshness": None}
        content = self._templates.get_template("message.html").render({**common, **values})
        return HTMLResponse(content, status, {**PRIVATE, **(headers or {})})

    async def text(self, request: Request, template: str, **values: Any) -> str:  # noqa: ANN401 - as above
        """A page, or a part of one, as text: for what is sent to a page that is open."""
        return self._templates.get_template(template).render({**await self._common(request), **values})

    async def _common(self, request: Request) -> dict[str, Any]:
        values = self._without_freshness(request)
        return {**values, "freshness": None if values["user"] is None else await self._how_fresh()}

    async def _how_fresh(self) -> Freshness:
        found = await self._freshness()
        return found if found.as_of is None else replace(found, as_of=self._clock.virtual(found.as_of))

    def _without_freshness(self, request: Request) -> dict[str, Any]:
        visit = visit_of(request)
        words = self.words(request)
        user = None if visit is None else visit.user
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return {
            "_": words,
            "language": words.language,
            "languages": LANGUAGES,
            "csrf": "" if visit is None else visit.csrf,
            "user": user,
            "links": () if user is None else links_for(user),
            "here": request.url.path,
            "back": back if request.method == "GET" else "/",
            "zone": self._zone.key,
            "live": False,
        }


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content so that caches may keep it for ever."""
    content = (STATIC / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
