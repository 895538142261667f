"""HTTP for the SMS API: what citizens write and what became of our messages, signed by the API.

Beside it our public keys are answered, for everybody.

Stateless, but for what `sms.twilio.first_received` remembers as long as the process lives. 204 or TwiML only
after the broker has the event; 400 with a reason for what can't be read, 403 for a bad or missing signature,
408 for a body that does not come, 413 for a body over 64 kB, 503 where the broker does not answer.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import time_ns
from types import TracebackType
from typing import Self

import structlog
from aiohttp import web

from schemas.ids import Pseudonyms
from schemas.messages import MessageReceived, MessageStatusReported
from sms import metrics
from sms.inbox_producer import EventSink, InboxProducer, NotTakenError
from sms.twilio.errors import is_known
from sms.twilio.first_received import FirstReceived
from sms.twilio.forms import BadRequestError, read_form, read_inbound, read_json, read_status
from sms.twilio.signature import is_body_signed, is_signed
from streams.clock import Clock
from streams.events import inbox_id, inbox_record
from streams.pseudonym_keys import pseudonyms_of
from streams.published_keys import PublishedKeys, add_key_set
from streams.records import Outgoing
from streams.serving import add_health, listen
from streams.settings.settings import Settings
from streams.settings.values import Address, variable
from streams.tracing import Span, Tracer, trace_of_event
from streams.webhook_urls import INBOUND, STATUS, without_fragment

_log = structlog.get_logger(__name__)

LARGEST_BODY = 64 * 1024
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_SECONDS_FOR_A_BODY = 10.0
_SECONDS_TO_END = 10.0
_NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

_Event = MessageReceived | MessageStatusReported
Read = Callable[[dict[str, str], datetime], _Event]


@dataclass(frozen=True, slots=True)
class Account:
    """What signatures are checked with: our token, and our address as the SMS API knows it.

    What stands behind a # in the address is no part of what is signed.
    """

    auth_token: str
    public_url: str


class Webhooks:
    """The application's handlers. With `keys` they also answer our public keys.

    With a `tracer` each call that is taken begins a trace, the same for a repeat.
    """

    def __init__(
        self,
        inbox: EventSink,
        account: Account,
        pseudonyms: Pseudonyms,
        clock: Clock,
        keys: PublishedKeys | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._inbox = inbox
        self._auth_token = account.auth_token
        self._called_at = without_fragment(account.public_url)
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._keys = keys
        self._tracer = tracer
        self._first_received = FirstReceived()

    def app(self) -> web.Application:
        """The application: routes for the SMS API, for the keys, and for whoever looks after the process."""
        app = web.Application(client_max_size=LARGEST_BODY)
        if self._auth_token:
            # Without one everybody could sign, and no SMS API calls: an operator's SMSC brings what there is.
            app.router.add_post(INBOUND, self._inbound)
            app.router.add_post(STATUS, self._status)
        add_health(app, self._reason)
        if self._keys is not None:
            add_key_set(app, self._keys)
        return app

    async def _inbound(self, request: web.Request) -> web.Response:
        refusal = await self._take(request, "inbound", read_inbound)
        return refusal or web.Response(text=_NO_ANSWER, content_type="text/xml")

    async def _status(self, request: web.Request) -> web.Response:
        refusal = await self._take(request, "status", read_status)
        return refusal or web.Response(status=204)

    async def _reason(self) -> str | None:
        return None if await self._inbox.is_ready() else "the broker does not answer, or has no inbox"

    async def _take(self, request: web.Request, endpoint: str, read: Read) -> web.Response | None:
        """Handle a call; None: the broker has its event."""
        # The instant decides whether an answer is in time (R6), so it is taken before the body is waited for.
        arrived_at, began = self._clock.now(), time_ns()
        try:
            with metrics.WEBHOOK_SECONDS.labels(endpoint).time():
                body = await _body(request)
                fields = self._signed_fields(request, body)
                event = read(fields, arrived_at)
                await self._send(event)
        except _RefusedError as refused:
            return _refuse(endpoint, refused.status, refused.reason)
        except BadRequestError as problem:
            return _refuse(endpoint, 400, str(problem))
        except NotTakenError as problem:
            return _refuse(endpoint, 503, f"the broker has not taken the event: {problem}")
        except Exception as problem:  # noqa: BLE001 - its message and its trace may repeat a number or a text
            return _refuse(endpoint, 500, f"it failed with {type(problem).__name__}: that is a fault of ours")
        metrics.WEBHOOKS.labels(endpoint, "taken").inc()
        if self._tracer is not None:
            place = trace_of_event(inbox_id(event))
            self._tracer.record(
                Span(
                    place,
                    f"webhooks {endpoint}",
                    "server",
                    began,
                    time_ns(),
                    None,
                    {"jardem.event": event.name},
                )
            )
        return None

    async def _send(self, event: _Event) -> None:
        """Return when the broker has the event. Raises `NotTakenError`.

        A text that comes again after a refusal was received when it came first: that the broker was away is
        no fault of the citizen's, and may not make an answer late (R6).
        """
        if isinstance(event, MessageStatusReported):
            await self._inbox.send(self._record(event))
            _count(event)
            return
        first = self._first_received.first(event.sid, event.received_at)
        try:
            received = event.model_copy(update={"received_at": first})
            await self._inbox.send(self._record(received))
        except NotTakenError:
            self._first_received.refused(event.sid, first)
            raise
        self._first_received.taken(event.sid)

    def _record(self, event: _Event) -> Outgoing:
        return inbox_record(event, self._pseudonyms, traced=self._tracer is not None)

    def _signed_fields(self, request: web.Request, body: bytes) -> dict[str, str]:
        """The fields of a call whose signature is good. Raises `_RefusedError` and `BadRequestError`."""
        signature = request.headers.get("X-Twilio-Signature", "")
        if not signature:
            raise _RefusedError(403, "the signature is missing")
        if not request.raw_path.startswith("/"):
            raise _RefusedError(400, "the request's target is no path")
        url, token = self._called_at + request.raw_path, self._auth_token
        if request.content_type == _JSON:
            fields = read_json(body)
            good = is_body_signed(token, url, body, signature)
        elif request.content_type == _FORM:
            fields = read_form(body)
            good = is_signed(token, url, fields, signature)
        else:
            raise _RefusedError(400, f"the content type is neither {_FORM} nor {_JSON}")
        if not good:
            raise _RefusedError(403, "the signature is wrong")
        return fields


class _RefusedError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > LARGEST_BODY:
        raise _RefusedError(413, "the body is larger than 64 kB")
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS_FOR_A_BODY):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise _RefusedError(413, "the body is larger than 64 kB")
    except TimeoutError:
        raise _RefusedError(408, "the body did not come in time") from None
    except web.RequestPayloadError:
        raise _RefusedError(400, "the body can't be read") from None
    return bytes(body)


def _count(report: MessageStatusReported) -> None:
    status = report.status if report.status in metrics.STATUSES else "other"
    metrics.STATUS_REPORTS.labels(status, metrics.code_label(report.error_code)).inc()
    if report.failure is None:
        return
    metrics.FAILURES.labels(report.failure).inc()
    if report.error_code and not is_known(report.error_code):
        metrics.UNKNOWN_CODES.labels(metrics.code_label(report.error_code)).inc()
        _log.warning("a message failed with a code that we do not know", code=report.error_code)


def _refuse(endpoint: str, status: int, reason: str) -> web.Response:
    metrics.WEBHOOKS.labels(endpoint, str(status)).inc()
    _log.warning("a webhook call was refused", endpoint=endpoint, status=status, reason=reason)
    return web.Response(status=status, text=reason + "\n")


class WebhookServer:
    """Listens while the context lasts; a call that has begun is ended in order. Port 0 takes a free one."""

    def __init__(self, webhooks: Webhooks, host: str, port: int) -> None:
        self._runner = web.AppRunner(
            webhooks.app(), access_log=None, shutdown_timeout=_SECONDS_TO_END, handle_signals=False
        )
        self._bind = Address(host, port)
        self.port = port

    async def __aenter__(self) -> Self:
        """Listen. Raises `CannotListenError`."""
        self.port = (await listen(self._runner, self._bind, variable("webhooks_bind"))).port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more, and end what has begun."""
        await self._runner.cleanup()


async def serve(
    settings: Settings, *, stop: asyncio.Event | None = None, tracer: Tracer | None = None
) -> None:
    """Run the webhooks until SIGTERM or SIGINT (or `stop`), then stop in order: calls first, then the broker.

    Raises `NoBrokerError` within ten seconds, and `CannotListenError`.
    """
    ended = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, ended.set)
    account = Account(settings.twilio_auth_token.get_secret_value(), settings.public_url)
    pseudonyms = pseudonyms_of(settings)
    host, port = settings.webhooks_bind.host, settings.webhooks_bind.port
    async with InboxProducer(settings) as inbox:
        keys = PublishedKeys(settings.signing_keys)
        webhooks = Webhooks(inbox, account, pseudonyms, settings.clock(), keys, tracer)
        async with WebhookServer(webhooks, host, port) as server:
            _log.info("the webhooks listen", host=host, port=server.port, public_url=settings.public_url)
            await ended.wait()
            _log.info("the webhooks stop")
