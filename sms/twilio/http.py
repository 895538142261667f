"""The Twilio package's own asynchronous HTTP client, led to a configured API, with timeouts and with no log.

The package builds `https://api.twilio.com/...` itself. Here the configured origin takes that one's place;
paths, forms, queries and basic auth stay as the package made them.
"""

import base64
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from yarl import URL

_FIRST_REFUSAL = 300
_FORM = "application/x-www-form-urlencoded"
_MESSAGES = "/Messages.json"
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~ -]+")
_SECONDS_TO_CONNECT = 5.0
_LONGEST_PAUSE = 3600.0

# The package writes numbers and texts into its log; none of that may ever come out.
_silent = logging.getLogger("sms.twilio.http.silent")
_silent.disabled = True


class ApiRefusalError(Exception):
    """The API did not answer with success. Its own message is left out: it may repeat the number."""

    def __init__(self, status: int, code: int | None, retry_after: float | None) -> None:
        super().__init__(f"HTTP {status}, code {code}")
        self.status = status
        self.code = code
        self.retry_after = retry_after


class NotOpenError(Exception):
    """The client is not open, so that nothing has left."""


class TwilioHttpClient(AsyncTwilioHttpClient):
    """Use as a context manager: the session lives as long as it. To open or close it twice does nothing.

    `timeout` bounds a whole call, in seconds of real time.
    """

    def __init__(self, api_url: str, *, timeout: float, connections: int) -> None:
        super().__init__(pool_connections=False, logger=_silent)
        self._api_url = api_url.rstrip("/")
        self._call_timeout = ClientTimeout(total=timeout, sock_connect=min(timeout, _SECONDS_TO_CONNECT))
        self._connections = connections
        self._known: dict[str, URL] = {}

    async def __aenter__(self) -> Self:
        """Open the session."""
        if self.session is None:
            # The API sets no cookies that we would send, and to look for them costs at each call.
            self.session = ClientSession(
                connector=TCPConnector(limit=self._connections),
                cookie_jar=DummyCookieJar(),
                timeout=self._call_timeout,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        session, self.session = self.session, None
        if session is not None:
            await session.close()

    async def request(  # type: ignore[override] # noqa: PLR0913, PLR0917 - the package's signature
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 - ours holds for all calls
        allow_redirects: bool = False,  # noqa: FBT001, FBT002
    ) -> Response:
        """Make one call. Raises `ApiRefusalError`, `NotOpenError`, and what aiohttp raises.

        The package's own way goes over a copy of the call for its log and one for its tests.
        """
        if self.session is None:
            raise NotOpenError
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = _basic(*auth)
        body = None
        if data is not None:
            sent["Content-Type"] = _FORM
            body = form(data)
        async with self.session.request(
            method,
            self._led(url),
            params=params,  # type: ignore[arg-type] # the package's own, as it passes them on
            data=body,
            headers=sent,
            allow_redirects=allow_redirects,
        ) as response:
            # A gateway writes its error page in whatever encoding; the status says what it means.
            text = (await response.read()).decode("utf-8", "replace")
        if response.status >= _FIRST_REFUSAL:
            raise ApiRefusalError(response.status, _code(text), _seconds(response.headers.get("Retry-After")))
        return Response(response.status, text, response.headers)

    def _led(self, url: str) -> URL:
        """The package's address of a resource, at the API that is ours."""
        led = self._known.get(url)
        if led is None:
            parts = urlsplit(url)
            led = URL(self._api_url + parts.path + (f"?{parts.query}" if parts.query else ""))
            if not parts.query and url.endswith(_MESSAGES):
                self._known[url] = led
        return led


def form(fields: Mapping[str, object]) -> bytes:
    """The fields as `urlencode` writes them with `doseq`, which takes a text letter by letter.

    Nearly every byte of a text in Kazakh is to be escaped, so here they are taken in runs.
    """
    pairs = [
        (name, each)
        for name, value in fields.items()
        for each in (value if isinstance(value, list | tuple) else (value,))
    ]
    return b"&".join([b"%b=%b" % (_escaped(name), _escaped(str(value))) for name, value in pairs])


def _escaped(text: str) -> bytes:
    return _UNSAFE.sub(_escape, text.encode()).replace(b" ", b"+")


def _escape(run: re.Match[bytes]) -> bytes:
    return b"%" + run[0].hex("%").upper().encode()


@cache
def _basic(user: str, password: str) -> str:
    """The package's own way of saying this is deprecated in aiohttp."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _code(body: str) -> int | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = content.get("code") if isinstance(content, dict) else None
    return code if isinstance(code, int) else None


def _seconds(retry_after: str | None) -> float | None:
    """`Retry-After` in seconds: it may be a number or an HTTP date."""
    if retry_after is None:
        return None
    try:
        return min(max(0.0, float(retry_after)), _LONGEST_PAUSE)
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), _LONGEST_PAUSE)
