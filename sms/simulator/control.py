"""The page of handsets, its live updates, and the same for scripts: a small JSON API under `/control`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from sms.segments import count_segments
from sms.simulator.about import ReadQuestion, read_description
from sms.simulator.handsets import Handset, Handsets, Message
from sms.simulator.network import Network
from sms.twilio.errors import meaning_of
from streams.clock import Clock

_PAGE = Path(__file__).parent / "page"
_FILES = {"handsets.css": "text/css", "handsets.js": "text/javascript", "filter.js": "text/javascript"}
_MOST_SHOWN = 200
_MESSAGES_SHOWN = 60
_SECONDS_BETWEEN_UPDATES = 0.05
_SECONDS_BETWEEN_SIGNS_OF_LIFE = 15.0
_LONGEST_ANSWER = 1600
_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Routes for people and scripts. Changes are taken as JSON only, so that no other site can make them.

    `clock` gives the times shown, which may be virtual ones; `asked` says what can be answered at a press.
    """

    def __init__(self, handsets: Handsets, network: Network, clock: Clock, asked: ReadQuestion) -> None:
        self._handsets = handsets
        self._network = network
        self._clock = clock
        self._asked = asked
        self._closing = asyncio.Event()

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._file)
        app.router.add_get("/control/handsets", self._list)
        app.router.add_get("/control/handsets/{phone}", self._show)
        app.router.add_get("/control/events", self._events)
        app.router.add_get("/control/carrier", self._carrier)
        app.router.add_put("/control/handsets/{phone}", _changing(self._add))
        app.router.add_patch("/control/handsets/{phone}", _changing(self._switch))
        app.router.add_put("/control/handsets/{phone}/about", _changing(self._describe))
        app.router.add_post("/control/handsets/{phone}/answers", _changing(self._answer))
        app.router.add_post("/control/handsets/{phone}/read", _changing(self._read))
        app.router.add_patch("/control/carrier", _changing(self._switch_carrier))
        app.on_shutdown.append(self._close)

    async def _close(self, _: web.Application) -> None:
        self._closing.set()

    async def _index(self, _: web.Request) -> web.Response:
        return _static("index.html", "text/html")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in _FILES:
            raise web.HTTPNotFound
        return _static(name, _FILES[name])

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response([self._view(handset) for handset in self._handsets])

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self._view(self._known(request)))

    async def _add(self, request: web.Request) -> web.Response:
        handset = self._wanted(request)
        self._handsets.changed(handset)
        return web.json_response(self._view(handset))

    async def _switch(self, request: web.Request) -> web.Response:
        handset = self._wanted(request)
        try:
            handset.switches.set(await request.json())
        except (ValueError, AttributeError) as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        self._handsets.changed(handset)
        self._network.switched()
        return web.json_response(self._view(handset))

    async def _describe(self, request: web.Request) -> web.Response:
        handset = self._wanted(request)
        try:
            handset.about = read_description(await request.read())
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        self._handsets.changed(handset)
        return web.json_response(self._view(handset))

    async def _answer(self, request: web.Request) -> web.Response:
        text = (await request.json()).get("text")
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_ANSWER:
            raise web.HTTPBadRequest(text=f"text: 1 to {_LONGEST_ANSWER} characters\n")
        message = await self._network.answer(self._wanted(request).phone, text)
        return web.json_response(self._message(message))

    async def _read(self, request: web.Request) -> web.Response:
        handset = self._known(request)
        if handset.unread:
            handset.unread = 0
            self._handsets.changed(handset)
        return web.json_response(self._view(handset))

    async def _carrier(self, _: web.Request) -> web.Response:
        return web.json_response({"down": self._network.down})

    async def _switch_carrier(self, request: web.Request) -> web.Response:
        down = (await request.json()).get("down")
        if not isinstance(down, bool):
            raise web.HTTPBadRequest(text="down: true or false\n")
        self._network.down = down
        self._network.switched()
        for handset in self._handsets:
            self._handsets.changed(handset)
            break
        return await self._carrier(request)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: each is a list of handsets that changed, and whether the carrier is down."""
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        changed: dict[str, Handset] = {}
        awake = asyncio.Event()

        def note(handset: Handset) -> None:
            changed[handset.phone] = handset
            awake.set()

        for known in list(self._handsets)[:_MOST_SHOWN][::-1]:
            note(known)
        awake.set()
        unwatch = self._handsets.watch(note)
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            while not closing.done():
                waiting = asyncio.ensure_future(awake.wait())
                await asyncio.wait(
                    [waiting, closing],
                    timeout=_SECONDS_BETWEEN_SIGNS_OF_LIFE,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                waiting.cancel()
                awake.clear()
                views = [self._view(handset) for handset in changed.values()]
                changed.clear()
                content = json.dumps({"handsets": views, "down": self._network.down}, ensure_ascii=False)
                await stream.write(f"data: {content}\n\n".encode())
                await asyncio.sleep(_SECONDS_BETWEEN_UPDATES)
        except ConnectionResetError:
            pass
        finally:
            closing.cancel()
            unwatch()
        return stream

    def _known(self, request: web.Request) -> Handset:
        handset = self._handsets.get(request.match_info["phone"])
        if handset is None:
            raise web.HTTPNotFound(text="no such handset\n")
        return handset

    def _wanted(self, request: web.Request) -> Handset:
        try:
            return self._handsets.at(request.match_info["phone"])
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None

    def _view(self, handset: Handset) -> dict[str, Any]:
        return {
            "phone": handset.phone,
            "unread": handset.unread,
            "switches": handset.switched(),
            "about": [each.model_dump() for each in handset.about],
            "answers": [asdict(each) for each in self._asked(handset.phone, handset.unanswered())],
            "messages": [self._message(message) for message in handset.messages[-_MESSAGES_SHOWN:]],
        }

    def _message(self, message: Message) -> dict[str, Any]:
        at = message.arrived_at or message.created_at
        return {
            "sid": message.sid,
            "text": message.text,
            "written_here": message.inbound,
            "status": message.status,
            "error_code": message.error_code,
            "why": meaning_of(message.error_code) if message.error_code else None,
            "parts": count_segments(message.text),
            "at": self._clock.virtual(at).isoformat().replace("+00:00", "Z"),
        }


def _changing(handle: Handler) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="changes are made as application/json\n")
        try:
            if not isinstance(await request.json(), dict):
                raise web.HTTPBadRequest(text="a JSON object is wanted\n")
        except json.JSONDecodeError:
            raise web.HTTPBadRequest(text="the body is no JSON\n") from None
        return await handle(request)

    return handler


def _static(name: str, content_type: str) -> web.Response:
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    text = (_PAGE / name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=content_type, charset="utf-8", headers=headers)
