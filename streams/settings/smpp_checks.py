"""What contradicts what in the settings of operators, and what production refuses of them."""

import ssl
from collections.abc import Iterator
from pathlib import Path

from streams.certificate_dates import authorities_out_of_date
from streams.settings.settings import Settings

_LONGEST_SMPP_PASSWORD = 8


def smpp_contradictions(settings: Settings) -> Iterator[str]:
    """A line for each that does not go with another, in production what it refuses too."""
    if settings.carrier_routes and not settings.carrier_routes.is_file():
        yield f"JARDEM_CARRIER_ROUTES names {settings.carrier_routes}, which is no file"
    if len(settings.smpp_password.get_secret_value()) > _LONGEST_SMPP_PASSWORD:
        yield "JARDEM_SMPP_PASSWORD is longer than the 8 characters that SMPP has room for: ask for another"
    if settings.smpp_tls_ca and settings.smpp_tls != "true":
        yield "JARDEM_SMPP_TLS_CA is set but JARDEM_SMPP_TLS is not true: set that to true, or unset this"
    if settings.smpp_tls_ca:
        if not settings.smpp_tls_ca.is_file():
            yield f"JARDEM_SMPP_TLS_CA names {settings.smpp_tls_ca}, which is no file"
        elif not _holds_certificates(settings.smpp_tls_ca):
            yield f"JARDEM_SMPP_TLS_CA names {settings.smpp_tls_ca}, which holds no certificates in PEM"
        elif line := authorities_out_of_date("JARDEM_SMPP_TLS_CA", settings.smpp_tls_ca):
            yield line
    if settings.binds and settings.sms_from.startswith("MG"):
        yield "JARDEM_SMS_FROM is a messaging service of Twilio's: set it to our number or short code"
    if settings.profile == "production" and settings.binds and settings.smpp_tls == "false":
        yield (
            "JARDEM_SMPP_TLS is false: production sends no texts in the clear; set it to true, or to tunnel "
            "where the way to the operator is a VPN of yours"
        )


def _holds_certificates(file: Path) -> bool:
    try:
        ssl.create_default_context(cafile=file)
    except OSError:
        return False
    return True
