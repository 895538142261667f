"""The Twilio package's own asynchronous HTTP client, led to a configured API, with timeouts and with no log.

The package builds `https://api.twilio.com/...` itself. Here the configured origin takes that one's place;
paths, forms, queries and basic auth stay as the package made them.
"""

import base64
import json
import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response

_FIRST_REFUSAL = 300
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


class _TimedSession:
    """A session as far as the package uses one, with a timeout: the package passes None, which means none."""

    def __init__(self, timeout: ClientTimeout, connections: int) -> None:
        self._session = ClientSession(connector=TCPConnector(limit=connections))
        self._timeout = timeout

    async def request(self, **call: Any) -> ClientResponse:  # noqa: ANN401 - the package's arguments
        return await self._session.request(**{**call, "timeout": self._timeout})

    async def close(self) -> None:
        await self._session.close()


class TwilioHttpClient(AsyncTwilioHttpClient):
    """Use as a context manager: the session lives as long as it. To open or close it twice does nothing.

    `timeout` bounds a whole call, in seconds of real time.
    """

    def __init__(self, api_url: str, *, timeout: float, connections: int) -> None:
        super().__init__(pool_connections=False, logger=_silent)
        self._api_url = api_url.rstrip("/")
        self._call_timeout = ClientTimeout(total=timeout, sock_connect=min(timeout, _SECONDS_TO_CONNECT))
        self._connections = connections

    async def __aenter__(self) -> Self:
        """Open the session."""
        if self.session is None:
            self.session = _TimedSession(self._call_timeout, self._connections)  # type: ignore[assignment]
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
        """Make one call. Raises `ApiRefusalError`, `NotOpenError`, and what aiohttp raises."""
        if self.session is None:
            # The package would make a session of its own, without our timeout.
            raise NotOpenError
        parts = urlsplit(url)
        led = self._api_url + parts.path + (f"?{parts.query}" if parts.query else "")
        sent = dict(headers or {})
        if auth is not None:
            # The package's own way of saying this is deprecated in aiohttp.
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        response = await super().request(
            method, led, params=params, data=data, headers=sent, allow_redirects=allow_redirects
        )
        if response.status_code >= _FIRST_REFUSAL:
            retry_after = _seconds(response.headers.get("Retry-After")) if response.headers else None
            raise ApiRefusalError(response.status_code, _code(response.text), retry_after)
        return response


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
