"""`POST /events`: 202 only when the brokers have the event, and for what is not a line that says why."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ssl import SSLObject
from typing import Any

import structlog
from aiohttp import web
from cryptography import x509

from ops.http_intake import metrics
from ops.http_intake.gate import Admitted, Gate
from ops.http_intake.limits import Limits
from ops.http_intake.log import IntakeLog, Standing
from ops.http_intake.openapi import description
from ops.http_intake.remembered import Remembered
from ops.http_intake.requests import (
    BATCH,
    LARGEST_BATCH,
    MEDIA,
    RefusedError,
    read_batch,
    read_one,
)
from schemas.cloudevents import CloudEvent
from streams.http_callers import load_callers
from streams.pseudonym_keys import pseudonyms_of
from streams.registry_signatures import load_registry_keys
from streams.serving import add_health, listen
from streams.settings.intake import server_tls
from streams.settings.settings import Settings
from streams.settings.values import Address, variable

PATH = "/events"
_SECONDS_FOR_A_BODY = 10.0
_SECONDS_TO_END = 10.0
_SECONDS_TO_TRY_AGAIN = 5
_TAKEN, _CONFLICT, _MIXED, _TOO_MANY, _AWAY = 202, 409, 207, 429, 503
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one event. `wait` is after how many seconds it should come again."""

    status: int
    body: dict[str, Any]
    wait: int = 0


class HttpIntake:
    """The application's handlers."""

    def __init__(self, gate: Gate, log: IntakeLog, limits: Limits) -> None:
        self._gate = gate
        self._digests = log
        self._limits = limits

    def app(self) -> web.Application:
        """The application: events, their description, and routes for whoever looks after the process."""
        app = web.Application(client_max_size=LARGEST_BATCH)
        app.router.add_post(PATH, self._events)
        app.router.add_get("/openapi.json", self._described)
        add_health(app, self._digests.why_not_ready)
        return app

    async def _described(self, _: web.Request) -> web.Response:
        return web.json_response(description())

    async def _events(self, request: web.Request) -> web.Response:
        with metrics.SECONDS.time():
            try:
                subject = _subject(request)
                self._gate.require_somebody(subject)
                batch, events, now = await self._read(request)
                answers = await self._take(events, subject, now)
            except RefusedError as refused:
                batch, answers = False, [_refusal(refused)]
        for answer in answers:
            metrics.EVENTS.labels(str(answer.status)).inc()
        counted = Counter(answer.status for answer in answers)
        if set(counted) != {_TAKEN}:
            _log.warning("events by HTTP were not all taken", answers=dict(counted))
        return _response(answers, batch=batch)

    async def _read(self, request: web.Request) -> tuple[bool, list[CloudEvent | RefusedError], datetime]:
        """Whether it is a batch, its events, and when they came. Raises `RefusedError`."""
        media = request.content_type.lower()
        if media not in MEDIA or "Content-Type" not in request.headers:
            raise RefusedError(415, f"the content type is none of {', '.join(MEDIA)}")
        body = await _body(request)
        now = self._gate.now()
        if media == BATCH:
            return True, read_batch(body, now), now
        return False, [read_one(media, request.headers.items(), body, now)], now

    async def _take(
        self, events: Sequence[CloudEvent | RefusedError], subject: str | None, now: datetime
    ) -> list[Answer]:
        """Answer each event, in their order. What is taken keeps that order in its topic."""
        admitted = [self._admit(event, subject, now) for event in events]
        waits: dict[str, int] = {}
        brought = Counter(each.caller for each in admitted if isinstance(each, Admitted))
        for caller, count in brought.items():
            waits[caller] = self._limits.seconds_to_wait(caller, count, self._gate.per_second(caller))
        wanted = [each for each in admitted if isinstance(each, Admitted) and not waits[each.caller]]
        settled = iter(await self._publish(wanted))
        answers = []
        for each in admitted:
            if isinstance(each, RefusedError):
                answers.append(_refusal(each))
            elif wait := waits[each.caller]:
                answers.append(_problem(_TOO_MANY, f"{each.caller} sends more than it may", wait=wait))
            else:
                answers.append(next(settled))
        return answers

    def _admit(
        self, event: CloudEvent | RefusedError, subject: str | None, now: datetime
    ) -> Admitted | RefusedError:
        if isinstance(event, RefusedError):
            return event
        try:
            return self._gate.admit(event, subject, now)
        except RefusedError as refused:
            return refused

    async def _publish(self, wanted: Sequence[Admitted]) -> list[Answer]:
        """Claim the ids, publish what is new, and answer each."""
        identities = [self._digests.known_by(each.identities) for each in wanted]
        standings = await self._digests.settle(identities)
        new = [
            (identity, each.record)
            for each, identity, standing in zip(wanted, identities, standings, strict=True)
            if standing is Standing.NEW
        ]
        published = iter(await self._digests.publish(new))
        answers = []
        for each, standing in zip(wanted, standings, strict=True):
            if standing is Standing.OTHER:
                told = "another event came under this source and id: give yours an id of its own"
                answers.append(_problem(_CONFLICT, told))
            elif standing is Standing.KNOWN:
                metrics.REPEATS.inc()
                answers.append(_taken(each))
            elif standing is Standing.NEW and next(published):
                answers.append(_taken(each))
            else:
                away = "the brokers have not taken the event: send the same again"
                answers.append(_problem(_AWAY, away, wait=_SECONDS_TO_TRY_AGAIN))
        return answers


def _taken(admitted: Admitted) -> Answer:
    return Answer(_TAKEN, {"id": admitted.id, "source": admitted.source})


def _refusal(refused: RefusedError) -> Answer:
    problems = [{"field": each.field, "message": each.message} for each in refused.problems]
    return _problem(refused.status, refused.detail, problems)


def _problem(status: int, detail: str, problems: Sequence[dict[str, str]] = (), *, wait: int = 0) -> Answer:
    more: dict[str, Any] = {"problems": list(problems)} if problems else {}
    more |= {"retry_after": wait} if wait else {}
    return Answer(status, {"status": status, "detail": detail, **more}, wait)


def _response(answers: Sequence[Answer], *, batch: bool) -> web.Response:
    statuses = {answer.status for answer in answers}
    status = statuses.pop() if len(statuses) == 1 else _MIXED
    wait = max(answer.wait for answer in answers)
    headers = {"Retry-After": str(wait)} if wait and status != _MIXED else {}
    if batch:
        items = [{"status": answer.status, **answer.body} for answer in answers]
        return web.json_response(items, status=status, headers=headers)
    media = "application/json" if status == _TAKEN else "application/problem+json"
    return web.json_response(answers[0].body, status=status, headers=headers, content_type=media)


def _subject(request: web.Request) -> str | None:
    """The subject of the caller's certificate, which TLS has verified, as RFC 4514 writes it."""
    connection = request.get_extra_info("ssl_object")
    if not isinstance(connection, SSLObject):
        return None
    shown = connection.getpeercert(binary_form=True)
    return None if shown is None else x509.load_der_x509_certificate(shown).subject.rfc4514_string()


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(_SECONDS_FOR_A_BODY):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(413, f"the body is larger than {LARGEST_BATCH} bytes") from None
    except TimeoutError:
        raise RefusedError(408, "the body did not come in time") from None
    except web.RequestPayloadError:
        raise RefusedError(400, "the body can't be read") from None


async def serve(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """Run until SIGTERM or SIGINT (or `stop`), then stop in order: calls first, then the broker.

    Raises `NoBrokerError`, `NoDigestsError` and `CannotListenError`.
    """
    ended = stop or asyncio.Event()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, ended.set)
    signatures = load_registry_keys(settings.registry_keys)
    callers = load_callers(settings.intake_callers, signatures)
    pseudonyms = pseudonyms_of(settings)
    gate = Gate(callers, signatures, pseudonyms, settings.clock().now)
    remembered = Remembered(timedelta(days=settings.intake_window), settings.intake_remembered)
    async with IntakeLog(settings, remembered) as log:
        intake = HttpIntake(gate, log, Limits(settings.intake_rate))
        runner = web.AppRunner(
            intake.app(), access_log=None, shutdown_timeout=_SECONDS_TO_END, handle_signals=False
        )
        bind = Address(settings.intake_bind.host, settings.intake_bind.port)
        where = await listen(runner, bind, variable("intake_bind"), tls=server_tls(settings))
        _log.info("the HTTP intake listens", host=where.host, port=where.port)
        try:
            await ended.wait()
        finally:
            _log.info("the HTTP intake stops")
            await runner.cleanup()
