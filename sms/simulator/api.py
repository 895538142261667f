"""The SMS API's own routes: create, list and fetch messages."""

import base64
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from schemas.values import check_phone
from sms.simulator.handsets import Handsets, Message, new_sid
from sms.simulator.resources import begin_of, error, in_window, messages_path, page, resource

_LONGEST = 1600
_PAGE_SIZE, _LARGEST_PAGE = 50, 1000


class Api:
    """Answers as the published description says.

    `sender` is the only number that may send; a messaging service sends from it too. `accepted` is called
    with each message taken.
    """

    def __init__(
        self,
        handsets: Handsets,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        is_down: Callable[[], bool],
        accepted: Callable[[Message], None],
    ) -> None:
        self._handsets = handsets
        self._account_sid = account_sid
        self._authorization = b"Basic " + base64.b64encode(f"{account_sid}:{auth_token}".encode())
        self._sender = sender
        self._is_down = is_down
        self._accepted = accepted

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        path = messages_path("{account}")
        app.router.add_post(f"{path}.json", self._guarded(self._create))
        app.router.add_get(f"{path}.json", self._guarded(self._list))
        app.router.add_get(path + "/{sid}.json", self._guarded(self._fetch))

    def _guarded(
        self, handle: Callable[[web.Request, dict[str, str]], web.Response]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, self._authorization):
                return error(401, 20003, "Authenticate")
            if request.match_info["account"] != self._account_sid:
                return error(404, 20404, "The requested resource was not found")
            if self._is_down():
                return error(503, 20503, "Service unavailable")
            form = {name: str(value) for name, value in (await request.post()).items()}
            return handle(request, form)

        return handler

    def _create(self, request: web.Request, form: dict[str, str]) -> web.Response:
        del request
        refusal = self._refusal(form)
        if refusal is not None:
            return error(400, *refusal)
        now = datetime.now(UTC)
        message = Message(
            sid=new_sid(),
            sender=self._sender,
            to=form["To"],
            text=form["Body"],
            inbound=False,
            created_at=now,
            updated_at=now,
            status="queued",
            service_sid=form.get("MessagingServiceSid"),
            status_callback=form.get("StatusCallback"),
        )
        handset = self._handsets.add(message)
        self._handsets.listed(message)
        self._handsets.changed(handset)
        self._accepted(message)
        return web.json_response(resource(message, self._account_sid), status=201)

    def _refusal(self, form: dict[str, str]) -> tuple[int, str] | None:
        body, service = form.get("Body", ""), form.get("MessagingServiceSid")
        checks = [
            ("To" in form, 21604, "A 'To' phone number is required."),
            (_is_phone(form.get("To", "")), 21211, "Invalid 'To' Phone Number"),
            ("From" in form or service, 21603, "A 'From' phone number is required."),
            (service or form.get("From") == self._sender, 21606, "The 'From' number can't send messages."),
            (body, 21602, "Message body is required."),
            (len(body) <= _LONGEST, 21617, "The concatenated message body exceeds the 1600 character limit"),
        ]
        return next(((code, text) for passed, code, text in checks if not passed), None)

    def _list(self, request: web.Request, form: dict[str, str]) -> web.Response:
        del form
        query = dict(request.query)
        to, from_ = query.get("To"), query.get("From")
        try:
            size = min(max(int(query.get("PageSize", _PAGE_SIZE)), 1), _LARGEST_PAGE)
            number = max(int(query.get("Page", 0)), 0)
            found = [
                message
                for message in self._handsets.newest_first(self._handset_of(to, from_))
                if to in (None, message.to) and from_ in (None, message.sender) and in_window(message, query)
            ]
            begin = begin_of(found, query.get("PageToken"), number * size)
        except ValueError:
            return error(400, 20001, "Invalid parameter")
        return web.json_response(page(found, self._account_sid, query, number=number, size=size, begin=begin))

    def _handset_of(self, to: str | None, from_: str | None) -> str | None:
        """The handset whose messages are looked for, so that not all of them need be looked at."""
        return next((number for number in (to, from_) if number not in (None, self._sender)), None)

    def _fetch(self, request: web.Request, form: dict[str, str]) -> web.Response:
        del form
        message = self._handsets.message(request.match_info["sid"])
        if message is None:
            return error(404, 20404, "The requested resource was not found")
        return web.json_response(resource(message, self._account_sid))


def _is_phone(text: str) -> bool:
    try:
        check_phone(text)
    except ValueError:
        return False
    return True
