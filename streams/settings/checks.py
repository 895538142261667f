"""What each command needs of the settings, what contradicts what, and what production refuses."""

import difflib
import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from streams.certificate_dates import authorities_out_of_date
from streams.errors import UserError
from streams.kafka_access import tls_context
from streams.key_set import DEMO_KEY, KeyFolder
from streams.officer_signatures import OfficersError, load_officers
from streams.pseudonym_keys import PseudonymKeysError, pseudonyms_of
from streams.registry_signatures import RegistryKeysError, load_registry_keys
from streams.settings.console import console_faults
from streams.settings.encryption import encryption_faults
from streams.settings.intake import intake_faults
from streams.settings.settings import Settings
from streams.settings.smpp_checks import smpp_contradictions
from streams.settings.values import PREFIX, variable

_KEYED = ("kafka", "pseudonym_key")
_SMS = ("twilio_account_sid", "twilio_auth_token", "sms_from", "public_url")

_TWILIOS = ("twilio_account_sid", "twilio_auth_token", "public_url")
_SMPP = ("smpp_address", "smpp_system_id", "smpp_password")
_SENDING = ("worker", "doctor")

NEEDS: dict[str, tuple[str, ...]] = {
    "topics": ("kafka",),
    "worker": (*_KEYED, *_SMS),
    "webhooks": (*_KEYED, "twilio_auth_token", "public_url"),
    "http-intake": _KEYED,
    "console": (*_KEYED, "console_key"),
    "status": ("pseudonym_key", "console_key"),
    "case": _KEYED,
    "person": _KEYED,
    "keys pseudonyms": _KEYED,
    "dead-letters": ("kafka",),
    "publish": _KEYED,
    "verify --log": ("kafka",),
}
"""Which settings a command cannot do without, with an API of Twilio's shape. Those not named need none."""

NEEDS_IN_PRODUCTION: dict[str, tuple[str, ...]] = {
    "worker": ("signing_keys", "document_issuer"),
    "webhooks": ("signing_keys",),
    "http-intake": ("intake_callers", "intake_tls_cert", "intake_tls_key"),
    "console": ("signing_keys",),
}
"""What a command cannot do without in production, and has of its own in development."""

SHORTEST_KEY = 32
_SECRETS = ("pseudonym_key", "console_key", "encryption_key")
_DATABASES = ("postgresql", "postgresql+asyncpg", "sqlite", "sqlite+aiosqlite")

_BY_THE_CARRIER = ("worker", "webhooks", "doctor")
"""The commands through which citizens' numbers and texts go to the carrier, or come from it."""

_PUBLIC_KEYS_DO = ("webhooks", "http-intake", "verify", "verify --log", "case", "keys pseudonyms")
"""The commands that sign nothing: of the folder of keys they read the public ones alone."""

_DECIDE_NOTHING = ("topics", "publish", "http-intake")
"""The commands that know nothing of decisions, and are given no keys that sign them."""

_ABROAD = "twilio.com"
"""Whose hosts are outside Kazakhstan. Of any other address its owner knows where it is."""


class SettingsError(UserError):
    """Settings that are missing, unreadable or contradictory: a line for each, with what to put there."""

    exit_code = 2


def missing(settings: Settings, command: str | None, *, but: Collection[str] = ()) -> Iterator[str]:
    """A line for each setting that `command` needs and that is not there, except those named in `but`."""
    more = NEEDS_IN_PRODUCTION if settings.profile == "production" else {}
    names = (*_needed(settings, command or ""), *more.get(command or "", ()))
    yield from missing_of(settings, [name for name in names if name not in but])


def missing_of(settings: Settings, names: Collection[str]) -> Iterator[str]:
    """A line for each of these settings that is not there."""
    for name in names:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not text:
            field = type(settings).model_fields[name]
            file = " (or name a file that holds it in " + variable(name) + "_FILE)"
            where = file if isinstance(value, SecretStr) else ""
            yield f"{variable(name)} is missing: set it to {field.description}{where}"


def _needed(settings: Settings, command: str) -> Iterator[str]:
    """What `NEEDS` has, by the carrier that there is: an operator calls no webhooks."""
    needed = NEEDS.get(command, ())
    yield from (name for name in needed if settings.calls_twilio or name not in _TWILIOS)
    if settings.binds and command in _SENDING:
        yield from _SMPP


def contradictions(settings: Settings, command: str | None = None) -> Iterator[str]:
    """A line for each setting that does not go with another, the profile included.

    Whether keys and certificates can be read is not asked for the command that makes the keys.
    """
    production = settings.profile == "production"
    if settings.time_scale != 1 and settings.time_origin is None and not production:
        origin = type(settings).model_fields["time_origin"]
        yield (
            f"JARDEM_TIME_ORIGIN is missing while JARDEM_TIME_SCALE is {settings.time_scale:g}: "
            f"set it to {origin.description}, the same in every process"
        )
    yield from _time(settings)
    yield from _twice()
    yield from _access(settings)
    yield from _certificates(settings)
    yield from smpp_contradictions(settings)
    yield from _database(settings)
    yield from encryption_faults(settings, command)
    yield from _pseudonyms(settings, command)
    yield from console_faults(settings, command)
    yield from intake_faults(settings, command)
    if command != "keys":
        yield from _signing(settings, command)
    if production:
        yield from _refused_in_production(settings)
        yield from _unlawful(settings, command)


def _pseudonyms(settings: Settings, command: str | None) -> Iterator[str]:
    if command is None or "pseudonym_key" in NEEDS.get(command, ()):
        try:
            pseudonyms_of(settings)
        except PseudonymKeysError as error:
            yield from error.problems


def _time(settings: Settings) -> Iterator[str]:
    if settings.time_scale == 1 or settings.time_origin is None:
        return
    clock = settings.clock()
    try:
        clock.virtual(datetime.now(UTC) + timedelta(days=1))
        clock.real(settings.time_origin + timedelta(days=1))
    except OverflowError:
        yield (
            "JARDEM_TIME_ORIGIN lies so far from now that at a JARDEM_TIME_SCALE of "
            f"{settings.time_scale:g} the calendar ends within a day: set it to the time at which you start"
        )


def _twice() -> Iterator[str]:
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and os.environ[name] and os.environ.get(name + "_FILE"):
            yield f"{name} and {name}_FILE are both set: keep one of them"


def _access(settings: Settings) -> Iterator[str]:
    if not settings.kafka_tls:
        for name in ("kafka_tls_ca", "kafka_tls_cert", "kafka_tls_key"):
            if getattr(settings, name):
                yield f"{variable(name)} is set but JARDEM_KAFKA_TLS is not: set that to true, or unset this"
    elif settings.kafka_plaintext:
        yield "JARDEM_KAFKA_PLAINTEXT is allow and JARDEM_KAFKA_TLS is true: unset one of them"
    for name in ("kafka_tls_ca", "kafka_tls_cert", "kafka_tls_key"):
        path = getattr(settings, name)
        if path and not path.is_file():
            yield f"{variable(name)} names {path}, which is no file"
    if bool(settings.kafka_tls_cert) != bool(settings.kafka_tls_key):
        yield "JARDEM_KAFKA_TLS_CERT and JARDEM_KAFKA_TLS_KEY go together: set both or none"
    signed = (
        settings.kafka_sasl_mechanism,
        settings.kafka_sasl_username,
        settings.kafka_sasl_password.get_secret_value(),
    )
    if any(signed) and not all(signed):
        yield (
            "JARDEM_KAFKA_SASL_MECHANISM, JARDEM_KAFKA_SASL_USERNAME and JARDEM_KAFKA_SASL_PASSWORD "
            "go together: set all of them or none"
        )


def _database(settings: Settings) -> Iterator[str]:
    """Whether the console's database is of a kind that it can be kept in; what it is may hold a password."""
    address = settings.console_database.get_secret_value()
    if address and address.partition(":")[0] not in _DATABASES:
        field = type(settings).model_fields["console_database"]
        name = variable("console_database")
        yield f"{name} names neither PostgreSQL nor SQLite: set it to {field.description}"


def _certificates(settings: Settings) -> Iterator[str]:
    """Whether TLS can be had from the files that are named and there."""
    files = (settings.kafka_tls_ca, settings.kafka_tls_cert, settings.kafka_tls_key)
    if not settings.kafka_tls or not all(path is None or path.is_file() for path in files):
        return
    if bool(settings.kafka_tls_cert) != bool(settings.kafka_tls_key):
        return
    try:
        tls_context(settings.model_copy(update={"kafka_tls_cert": None, "kafka_tls_key": None}))
    except OSError:
        yield f"JARDEM_KAFKA_TLS_CA names {settings.kafka_tls_ca}, which holds no certificates in PEM"
        return
    if settings.kafka_tls_ca and (
        line := authorities_out_of_date("JARDEM_KAFKA_TLS_CA", settings.kafka_tls_ca)
    ):
        yield line
    try:
        tls_context(settings)
    except OSError:
        yield (
            f"JARDEM_KAFKA_TLS_CERT names {settings.kafka_tls_cert} and JARDEM_KAFKA_TLS_KEY names "
            f"{settings.kafka_tls_key}, which are no certificate in PEM and its key without a password"
        )


def _signing(settings: Settings, command: str | None) -> Iterator[str]:
    if settings.signing_keys:
        folder = KeyFolder(settings.signing_keys)
        faults = list(folder.public_faults() if command in _PUBLIC_KEYS_DO else folder.faults())
        yield from (f"{variable('signing_keys')}: {fault}" for fault in faults)
        if not faults and settings.profile == "production":
            yield from _demo_keys(settings.signing_keys)
    if settings.officer_crl and not settings.officer_roots:
        yield "JARDEM_OFFICER_CRL is set but JARDEM_OFFICER_ROOTS is not: set both, or unset this"
    try:
        load_registry_keys(settings.registry_keys)
    except RegistryKeysError as error:
        yield from (f"{variable('registry_keys')}: {problem}" for problem in error.problems)
    try:
        load_officers(settings.officer_keys, settings.officer_roots, settings.officer_crl)
    except OfficersError as error:
        yield from (
            f"{variable('officer_keys')} or {variable('officer_roots')}: {problem}"
            for problem in error.problems
        )


def _demo_keys(folder: Path) -> Iterator[str]:
    if any(key.jardem_demo or key.x == DEMO_KEY.x for key in KeyFolder(folder).key_set().keys):
        yield (
            "JARDEM_SIGNING_KEYS holds the demo's key, which everybody knows: make another folder "
            "with jardem keys new"
        )


def _refused_in_production(settings: Settings) -> Iterator[str]:
    if settings.kafka and not settings.kafka_tls and not settings.kafka_plaintext:
        yield (
            "JARDEM_KAFKA_TLS is false: production sends nothing to brokers in the clear; set it to true, or "
            "JARDEM_KAFKA_PLAINTEXT to allow where the way there is guarded otherwise"
        )
    for name in ("twilio_api_url", "public_url"):
        address = getattr(settings, name)
        if address and urlsplit(address).scheme != "https":
            yield f"{variable(name)} is {address}: production needs https there"
    if settings.time_scale != 1:
        yield f"JARDEM_TIME_SCALE is {settings.time_scale:g}: in production time runs as it does; unset it"
    if settings.time_origin is not None:
        yield "JARDEM_TIME_ORIGIN is set: in production time runs as it does; unset it"
    for name in (*_SECRETS, "twilio_auth_token", "smpp_password", "kafka_sasl_password"):
        if getattr(settings, name).get_secret_value().startswith("demo-"):
            field = type(settings).model_fields[name]
            yield f"{variable(name)} is the demo's, which everybody knows: set it to {field.description}"
    for name in _SECRETS:
        key = getattr(settings, name).get_secret_value()
        if key and not key.startswith("demo-") and len(key) < SHORTEST_KEY:
            field = type(settings).model_fields[name]
            yield f"{variable(name)} is too short: set it to {field.description}"


def _unlawful(settings: Settings, command: str | None) -> Iterator[str]:
    """What the law's reading does not allow where it is meant in earnest."""
    if settings.draft_rules_count:
        yield "JARDEM_DRAFT_RULES is allow: production decides by no rules that nobody has verified; unset it"
    if settings.term_policy == "hours_72":
        yield "JARDEM_TERM_POLICY is hours_72, which is no reading of calendar days: set it to exclusive_roll"
    if (
        command in _BY_THE_CARRIER
        and settings.calls_twilio
        and settings.cross_border_sms is None
        and is_abroad(settings.twilio_api_url)
    ):
        yield (
            f"JARDEM_CROSS_BORDER_SMS is not set, and the carrier at {settings.twilio_api_url} is outside "
            "Kazakhstan: set JARDEM_TWILIO_API_URL to one inside the country, or this to allow where the law "
            "lets citizens' numbers and texts leave it"
        )
    if settings.decides == "auto" and command not in _DECIDE_NOTHING and not _authorised(settings):
        yield (
            "JARDEM_DECISION_MODE is auto, and no act lets the key that signs now decide: set it to officer, "
            "or name the act with jardem keys authorise"
        )
    signers = settings.officer_keys or settings.officer_roots
    if settings.decides == "officer" and command in ("worker", "doctor") and not signers:
        yield (
            "JARDEM_DECISION_MODE is officer, and nothing says whose signatures are right: set "
            "JARDEM_OFFICER_KEYS or JARDEM_OFFICER_ROOTS"
        )


def _authorised(settings: Settings) -> bool:
    """Whether an act lets the key that signs now decide without an officer (R10)."""
    if settings.signing_keys is None or list(KeyFolder(settings.signing_keys).public_faults()):
        return False
    key = KeyFolder(settings.signing_keys).key_set().signing_at(datetime.now(UTC))
    return key is not None and bool(key.jardem_authorised_by)


def is_abroad(address: str) -> bool:
    """Whether an address is one of Twilio's own, in whatever region (R34).

    >>> is_abroad("https://API.ashburn.us1.Twilio.com.:443"), is_abroad("https://sms.example.kz/twilio.com")
    (True, False)
    """
    host = (urlsplit(address).hostname or "").rstrip(".")
    return host == _ABROAD or host.endswith("." + _ABROAD)


def unknown_variables(settings: Settings) -> Iterator[str]:
    """A line for each variable that begins like ours and is none: most are mistyped."""
    fields = type(settings).model_fields
    variables = {variable(name) for name in fields}
    variables |= {variable(name) + "_FILE" for name, field in fields.items() if field.annotation is SecretStr}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in variables:
            near = difflib.get_close_matches(name, variables, n=1)
            yield f"{name} is no setting of jardem" + (f"; {near[0]} is" if near else "")
