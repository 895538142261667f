"""The SMS API's calls of webhooks: signed, and repeated as far as the webhook's address asks for it."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urldefrag

import structlog
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
)

from sms.backoff import backoff
from sms.twilio.signature import sign
from streams.webhook_urls import Overrides, read_overrides

_log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.2
_SUCCESS = range(200, 300)
_NO_CONNECTION = (ClientConnectorError, ConnectionTimeoutError)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Of which kind, as an address names those that it wants repeated, and in words."""

    kind: str
    problem: str


class WebhookCaller:
    """Calls webhooks for one account. To be opened and closed."""

    def __init__(self, auth_token: str) -> None:
        self._auth_token = auth_token
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Get ready."""
        self._session = ClientSession()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def call(self, address: str, fields: Mapping[str, str]) -> bool:
        """Whether the webhook took the call, at once or when it was repeated.

        What stands behind a # in the address is for us: it is neither sent nor signed.
        """
        url, fragment = urldefrag(address)
        try:
            overrides = read_overrides(fragment)
        except ValueError as error:
            _log.warning("a webhook can't be called", problem=str(error))
            return False
        headers = {
            "X-Twilio-Signature": sign(self._auth_token, url, fields),
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
        }
        loop = asyncio.get_running_loop()
        ends = loop.time() + overrides.total_seconds
        for number in range(overrides.repeats + 1):
            failure = await self._once(url, fields, headers, overrides, ends - loop.time())
            if failure is None:
                return True
            pause = backoff(_FIRST_PAUSE, number)
            wanted = number < overrides.repeats and overrides.repeat_after(failure.kind)
            if not wanted or loop.time() + pause >= ends:
                _log.warning("a webhook did not take a call", problem=failure.problem, calls=number + 1)
                return False
            await asyncio.sleep(pause)
        raise AssertionError("the last call returns")

    async def _once(
        self,
        url: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
        overrides: Overrides,
        seconds: float,
    ) -> _Failure | None:
        if self._session is None:
            raise RuntimeError("the simulator is not running")
        timeout = ClientTimeout(
            total=seconds, sock_connect=overrides.connect_seconds, sock_read=overrides.read_seconds
        )
        try:
            async with self._session.post(url, data=fields, headers=headers, timeout=timeout) as response:
                await response.read()
        except _NO_CONNECTION as error:
            return _Failure("ct", type(error).__name__)
        except (ClientError, TimeoutError, OSError) as error:
            return _Failure("rt", type(error).__name__)
        if response.status in _SUCCESS:
            return None
        return _Failure(f"{response.status // 100}xx", f"HTTP {response.status}")
