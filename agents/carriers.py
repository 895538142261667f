"""The carrier of an installation, by its settings: Twilio's API, an operator's SMSC, or several of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from schemas.ids import Pseudonyms
from sms.carrier import Carrier
from sms.inbox_producer import InboxProducer
from sms.routes import TWILIO, Operator, Routes, RoutesError, load_routes
from sms.routing import RoutedCarrier
from sms.smpp.account import Account
from sms.smpp.carrier import SmppCarrier
from sms.smpp.inbound import Inbound
from sms.smpp.repeats import Repeats
from sms.smpp.turns import Turns
from sms.twilio.carrier import TwilioCarrier
from streams.settings.checks import is_abroad, missing_of
from streams.settings.settings import Settings
from streams.webhook_urls import STATUS, webhook_url

_ALL_AT_ONCE = 1000
_TWILIOS = ("twilio_account_sid", "twilio_auth_token", "public_url", "sms_from")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The carrier, and what follows from its kind.

    `binds`: it holds binds, which a worker without numbers gives up. `lists`: it has a list of citizens'
    texts. `intents` is of how many messages at once an intent may be written: those would be in doubt after a
    crash, where the carrier can't be asked.
    """

    carrier: Carrier
    binds: bool
    lists: bool
    intents: int


def choose_carrier(settings: Settings, pseudonyms: Pseudonyms, share: Callable[[], float]) -> Chosen:
    """What the settings say. `share` tells which part of the outbox this worker has now.

    Raises `RoutesError`.
    """
    if settings.carrier_routes is not None:
        return _routed(settings, load_routes(settings.carrier_routes), pseudonyms, share)
    if settings.carrier == "smpp":
        account = smpp_account(settings)
        carrier = _smpp(account, settings, pseudonyms, share)
        return Chosen(carrier, binds=True, lists=False, intents=account.window)
    return Chosen(twilio_carrier(settings), binds=False, lists=True, intents=_ALL_AT_ONCE)


def twilio_carrier(settings: Settings) -> TwilioCarrier:
    """The SMS API of these settings."""
    return TwilioCarrier(
        api_url=settings.twilio_api_url,
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sender=settings.sms_from,
        status_callback=webhook_url(settings.public_url, STATUS),
    )


def smpp_account(settings: Settings) -> Account:
    """The operator's account of these settings, which are complete."""
    address = settings.smpp_address
    return Account(
        name=settings.smpp_name,
        host=address.host if address else "",
        port=address.port if address else 0,
        system_id=settings.smpp_system_id,
        password=settings.smpp_password.get_secret_value(),
        sender=settings.sms_from,
        system_type=settings.smpp_system_type,
        bind=settings.smpp_bind,
        binds=settings.smpp_binds,
        tls=settings.smpp_tls == "true",
        tls_ca=settings.smpp_tls_ca,
        source_ton=settings.smpp_source_ton,
        source_npi=settings.smpp_source_npi,
        destination_ton=settings.smpp_destination_ton,
        destination_npi=settings.smpp_destination_npi,
        window=settings.smpp_window,
        per_second=settings.smpp_per_second,
        enquire_seconds=settings.smpp_enquire,
        long_texts=settings.smpp_long_texts,
        default_alphabet=settings.smpp_alphabet,
        receipt_ids=settings.smpp_receipt_ids,
        gsm_errors=settings.smpp_receipt_errors == "gsm",
        zone=ZoneInfo(settings.smpp_receipt_zone),
    )


def _smpp(
    account: Account, settings: Settings, pseudonyms: Pseudonyms, share: Callable[[], float]
) -> SmppCarrier:
    inbox = InboxProducer(settings)
    repeats = Repeats(settings.data_dir / f"smpp-{account.name}.repeats")
    inbound = Inbound(account, pseudonyms, settings.clock(), inbox, repeats)
    turns = Turns(account.binds, account.binds_of_a_worker, share)
    return SmppCarrier(account, inbound, inbox, turns=turns)


def _routed(settings: Settings, routes: Routes, pseudonyms: Pseudonyms, share: Callable[[], float]) -> Chosen:
    names = routes.names()
    problems = list(_problems(settings, routes))
    if problems:
        raise RoutesError(*problems)
    accounts = {name: _account(name, routes.operators[name], settings) for name in names if name != TWILIO}
    carriers: Mapping[str, Carrier] = {
        name: twilio_carrier(settings)
        if name == TWILIO
        else _smpp(accounts[name], settings, pseudonyms, share)
        for name in names
    }
    return Chosen(
        RoutedCarrier(carriers, routes.carriers_of),
        binds=bool(accounts),
        lists=TWILIO in names,
        intents=min((account.window for account in accounts.values()), default=_ALL_AT_ONCE),
    )


def _problems(settings: Settings, routes: Routes) -> list[str]:
    """What a worker with these routes lacks, or may not do."""
    problems: list[str] = []
    production = settings.profile == "production"
    if TWILIO in routes.names():
        problems += missing_of(settings, _TWILIOS)
        if production and settings.cross_border_sms is None and is_abroad(settings.twilio_api_url):
            problems.append(
                "JARDEM_CARRIER_ROUTES leads to twilio, which is outside Kazakhstan: take it out, or set "
                "JARDEM_CROSS_BORDER_SMS to allow where the law lets citizens' numbers and texts leave it"
            )
    for name, operator in routes.operators.items():
        if operator.address is None:
            problems.append(f"{name} in JARDEM_CARRIER_ROUTES: address is missing, as host:port")
        if operator.sender is None and not settings.sms_from:
            problems.append(f"{name} in JARDEM_CARRIER_ROUTES has no sender, and JARDEM_SMS_FROM is not set")
        if production and operator.tls == "false":
            problems.append(
                f"{name} in JARDEM_CARRIER_ROUTES: production sends no texts in the clear; set tls to true, "
                "or to tunnel"
            )
    return problems


def _account(name: str, operator: Operator, settings: Settings) -> Account:
    """The account of a file's operator. Raises `RoutesError` where its password can't be read."""
    try:
        password = operator.password_file.read_text(encoding="ascii").removesuffix("\n")
    except (OSError, ValueError):
        raise RoutesError(f"{name} in JARDEM_CARRIER_ROUTES: password_file cannot be read") from None
    address = operator.address
    return Account(
        name=name,
        host=address.host if address else "",
        port=address.port if address else 0,
        system_id=operator.system_id,
        password=password,
        sender=operator.sender or settings.sms_from,
        system_type=operator.system_type,
        bind=operator.bind,
        binds=operator.binds,
        tls=operator.tls == "true",
        tls_ca=operator.tls_ca,
        source_ton=operator.source_ton,
        source_npi=operator.source_npi,
        destination_ton=operator.destination_ton,
        destination_npi=operator.destination_npi,
        window=operator.window,
        per_second=operator.per_second,
        enquire_seconds=operator.enquire,
        long_texts=operator.long_texts,
        default_alphabet=operator.alphabet,
        receipt_ids=operator.receipt_ids,
        gsm_errors=operator.receipt_errors == "gsm",
        zone=ZoneInfo(operator.receipt_zone),
    )
