"""What the settings of the HTTP intake need of each other: TLS, and who may call."""

import ssl
from collections.abc import Iterator

from streams.certificate_dates import authorities_out_of_date, out_of_date
from streams.http_callers import CallersError, load_callers
from streams.registry_signatures import RegistryKeysError, load_registry_keys
from streams.settings.console import is_loopback
from streams.settings.settings import Settings
from streams.settings.values import variable

COMMAND = "http-intake"
_FILES = ("intake_tls_cert", "intake_tls_key", "intake_client_ca")


def intake_faults(settings: Settings, command: str | None) -> Iterator[str]:
    """A line for each setting of the HTTP intake that does not go with another."""
    tls = list(_tls(settings))
    yield from tls
    yield from _callers(settings)
    if command == COMMAND and settings.intake_callers is None and not is_loopback(settings.intake_bind.host):
        yield (
            f"JARDEM_INTAKE_BIND is {settings.intake_bind}, which others reach too: set "
            "JARDEM_INTAKE_CALLERS to a file that says who may publish what"
        )


def server_tls(settings: Settings) -> ssl.SSLContext | None:
    """TLS as the intake speaks it; None without a certificate. Raises OSError.

    A client need not show a certificate, so that who has none is told so in words, and whoever looks after
    the process needs none; one that is shown must be of an authority that is believed.
    """
    if settings.intake_tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=settings.intake_client_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.intake_tls_cert, settings.intake_tls_key)
    context.verify_mode = ssl.CERT_OPTIONAL if settings.intake_client_ca else ssl.CERT_NONE
    return context


def _tls(settings: Settings) -> Iterator[str]:
    if bool(settings.intake_tls_cert) != bool(settings.intake_tls_key):
        yield "JARDEM_INTAKE_TLS_CERT and JARDEM_INTAKE_TLS_KEY go together: set both or none"
        return
    if settings.intake_client_ca and not settings.intake_tls_cert:
        yield (
            "JARDEM_INTAKE_CLIENT_CA is set but JARDEM_INTAKE_TLS_CERT is not: without TLS nobody shows a "
            "certificate; set both, or unset this"
        )
        return
    absent = [name for name in _FILES if (path := getattr(settings, name)) and not path.is_file()]
    yield from (f"{variable(name)} names {getattr(settings, name)}, which is no file" for name in absent)
    if absent:
        return
    try:
        server_tls(settings)
    except OSError:
        yield (
            "JARDEM_INTAKE_TLS_CERT and JARDEM_INTAKE_TLS_KEY name no certificate in PEM and its key without "
            "a password, or JARDEM_INTAKE_CLIENT_CA names no certificates"
        )
        return
    if settings.intake_tls_cert and (line := out_of_date("JARDEM_INTAKE_TLS_CERT", settings.intake_tls_cert)):
        yield line
    if settings.intake_client_ca and (
        line := authorities_out_of_date("JARDEM_INTAKE_CLIENT_CA", settings.intake_client_ca)
    ):
        yield line


def _callers(settings: Settings) -> Iterator[str]:
    if settings.intake_callers is None:
        return
    try:
        callers = load_callers(settings.intake_callers, load_registry_keys(settings.registry_keys))
    except CallersError as error:
        yield from (f"{variable('intake_callers')}: {problem}" for problem in error.problems)
        return
    except RegistryKeysError:
        # What is wrong with the keys is said where they are looked at.
        return
    known = [name for name, each in callers.named.items() if each.certificates]
    if known and settings.intake_client_ca is None:
        yield (
            f"JARDEM_INTAKE_CALLERS knows {', '.join(known)} by certificates: set JARDEM_INTAKE_CLIENT_CA to "
            f"{type(settings).model_fields['intake_client_ca'].description}"
        )
