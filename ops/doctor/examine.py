"""`jardem doctor`: what is missing or wrong with this installation, one line each."""

import asyncio
import socket
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urldefrag

import aiohttp
from kafka.errors import KafkaError

from ops.doctor.access import access
from ops.doctor.codecs import codecs
from ops.doctor.machine import Line, Verdict, data_folder, local_brokers, python, zones
from ops.doctor.rules import rules
from ops.doctor.texts import texts
from ops.reach import require_broker
from ops.topics import State, apply_topics
from streams.errors import UserError
from streams.settings.checks import SettingsError, missing, unknown_variables
from streams.settings.load import load_settings
from streams.settings.settings import Settings
from streams.webhook_urls import ASKED_FOR, INBOUND, read_overrides, webhook_url

_HTTP_SECONDS = 8.0
_SKEW_SECONDS = 5.0
_OK_BELOW = 400


def examine() -> Iterator[Line]:
    """Look at everything that can be looked at from here."""
    yield from python()
    yield from local_brokers()
    yield from zones()
    try:
        settings = load_settings("doctor")
    except SettingsError as error:
        yield from (Line(Verdict.WRONG, line) for line in error.problems)
        yield Line(
            Verdict.NOTE,
            "rules, texts, brokers, topics and the SMS API were not looked at: put the settings right first",
        )
        return
    yield from _settings(settings)
    yield from rules(settings)
    yield from texts(settings)
    yield from data_folder(settings.data_dir)
    yield from _webhooks(settings)
    yield from _operator(settings)
    yield from _clock(settings)
    yield from _kafka(settings)
    yield from asyncio.run(_sms_api(settings))


def healthy(lines: Iterable[Line]) -> bool:
    """Whether nothing was found wrong."""
    return all(line.verdict is not Verdict.WRONG for line in lines)


def _settings(settings: Settings) -> Iterator[Line]:
    yield from (Line(Verdict.SET, f"{name} = {shown}") for name, shown in settings.redacted().items())
    lacking = list(missing(settings, "worker"))
    yield from (Line(Verdict.WRONG, line) for line in lacking)
    yield from (Line(Verdict.NOTE, line) for line in unknown_variables(settings))
    if settings.demo_key:
        yield Line(
            Verdict.NOTE, "JARDEM_PSEUDONYM_KEY is not set: the demo's key is used, which everybody knows"
        )
    if settings.signing_keys is None:
        yield Line(Verdict.NOTE, "JARDEM_SIGNING_KEYS is not set: documents are signed with the demo's key")
    if settings.officer_roots and not settings.officer_crl:
        yield Line(
            Verdict.NOTE, "JARDEM_OFFICER_CRL is not set: a certificate that was revoked would still sign"
        )
    if settings.profile == "production" and settings.capacity == "full":
        yield Line(
            Verdict.NOTE,
            "JARDEM_CAPACITY_MISSING is full: a ward is offered the benefit where the registry says nothing",
        )
    if not lacking:
        yield Line(Verdict.OK, f"the settings are complete, profile {settings.profile}")


def _webhooks(settings: Settings) -> Iterator[Line]:
    """What is to be configured where citizens' answers come in, which no process of ours can do."""
    if not settings.public_url or settings.binds:
        return
    inbound = webhook_url(settings.public_url, INBOUND)
    sender = settings.sms_from or "our number"
    yield Line(
        Verdict.NOTE,
        f"messages to {sender} must be posted to {inbound}: set exactly this as its webhook for messages",
    )
    yield Line(
        Verdict.NOTE,
        f"citizens must not pay for what they send to {sender}, the service is free of charge (R15): "
        "ask the carrier, no program can see a tariff",
    )
    if not read_overrides(urldefrag(inbound).fragment).repeat_after("5xx"):
        yield Line(
            Verdict.NOTE,
            f"JARDEM_PUBLIC_URL asks for no repeat of what we answered with 5xx: end it with #{ASKED_FOR}",
        )
    if settings.inbound_check is None:
        yield Line(Verdict.NOTE, "JARDEM_INBOUND_CHECK is off: an answer that no call brings is lost")


def _operator(settings: Settings) -> Iterator[Line]:
    """What is to be agreed with an operator, and whether its SMSC can be reached; no bind is asked for."""
    if settings.carrier_routes:
        yield Line(Verdict.NOTE, f"the carriers are those of {settings.carrier_routes}; none was called")
    address = settings.smpp_address
    if not settings.binds or address is None:
        return
    try:
        socket.create_connection((address.host, address.port), _HTTP_SECONDS).close()
        yield Line(Verdict.OK, f"the operator's SMSC at {address} can be reached; no bind was asked for")
    except OSError as error:
        why = error.strerror or "no answer in time"
        yield Line(Verdict.WRONG, f"the operator's SMSC at {address} cannot be reached: {why}")
    binds = settings.smpp_binds
    each = 2 if settings.smpp_bind == "pair" else 1
    if binds is None:
        yield Line(
            Verdict.NOTE,
            "JARDEM_SMPP_BINDS is not set: workers take no turns, so run no more than there are binds",
        )
    elif binds < each * settings.inbox_partitions:
        yield Line(
            Verdict.NOTE,
            f"JARDEM_SMPP_BINDS is {binds}: more than {binds // each} workers take turns at them, and an SMS "
            "waits for its worker's turn",
        )
    yield Line(
        Verdict.NOTE,
        f"citizens must not pay for what they send to {settings.sms_from or 'our number'}, the service is "
        "free of charge (R15): ask the operator, no program can see a tariff",
    )


def _clock(settings: Settings) -> Iterator[Line]:
    if settings.time_scale == 1:
        yield Line(Verdict.OK, f"time runs as it does; it is {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        return
    now = settings.clock().now()
    yield Line(
        Verdict.NOTE, f"time runs {settings.time_scale:g} times as fast; it is {now:%Y-%m-%d %H:%M:%S} UTC"
    )


def _kafka(settings: Settings) -> Iterator[Line]:
    if not settings.kafka:
        return
    try:
        require_broker(settings)
        yield Line(Verdict.OK, f"a broker answers at {settings.kafka}")
        findings = apply_topics(settings, check_only=True)
    except (UserError, KafkaError) as error:
        yield Line(Verdict.WRONG, str(error))
        return
    wrong = [finding for finding in findings if finding.state not in (State.RIGHT, State.HIDDEN)]
    absent = sum(finding.state is State.MISSING for finding in wrong)
    if absent:
        yield Line(Verdict.WRONG, f"{absent} of {len(findings)} topics are missing: run jardem topics apply")
    for finding in wrong:
        if finding.state is not State.MISSING:
            verdict = Verdict.WRONG if finding.state is State.REFUSED else Verdict.NOTE
            yield Line(verdict, f"topic {finding.topic.name}: {finding.detail}")
    yield from access(settings)
    if not wrong:
        yield Line(Verdict.OK, f"all {len(findings)} topics are there and as they should be")
    try:
        yield from codecs(settings)
    except KafkaError as error:
        yield Line(Verdict.WRONG, f"codecs could not be tried: {error}")


async def _sms_api(settings: Settings) -> list[Line]:
    """Ask the SMS API for our last message, as the carrier would."""
    if not (settings.twilio_account_sid and settings.twilio_auth_token.get_secret_value()):
        return []
    url = f"{settings.twilio_api_url}/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json"
    account = f"{settings.twilio_account_sid}:{settings.twilio_auth_token.get_secret_value()}"
    sign_in = {"Authorization": "Basic " + b64encode(account.encode()).decode()}
    timeout = aiohttp.ClientTimeout(total=_HTTP_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=sign_in) as session,
            session.get(url, params={"PageSize": "1"}) as answer,
        ):
            status, date = answer.status, answer.headers.get("Date")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        why = str(error) or f"no answer within {_HTTP_SECONDS:.0f} s"
        return [Line(Verdict.WRONG, f"the SMS API at {settings.twilio_api_url} cannot be reached: {why}")]
    lines = [_known(settings, status)]
    if date and abs(skew := _skew(date)) > _SKEW_SECONDS:
        lines.append(
            Line(Verdict.WRONG, f"this machine's clock is {skew:+.0f} s off the SMS API's: set it by NTP")
        )
    return lines


def _known(settings: Settings, status: int) -> Line:
    where = f"the SMS API at {settings.twilio_api_url}"
    if status in (401, 403):
        return Line(
            Verdict.WRONG,
            f"{where} does not know us: check JARDEM_TWILIO_ACCOUNT_SID and JARDEM_TWILIO_AUTH_TOKEN",
        )
    if status < _OK_BELOW:
        return Line(Verdict.OK, f"{where} answers and knows our account")
    return Line(Verdict.NOTE, f"{where} answers, but does not list our messages (HTTP {status})")


def _skew(date: str) -> float:
    """Seconds that our clock is ahead of an HTTP date; 0 where that cannot be read."""
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
