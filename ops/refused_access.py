"""Why a broker that listens does not let us in: asked step by step, as clients only say that they failed."""

import asyncio
import contextlib
import logging
import socket
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.admin import SaslHandShakeRequest
from cryptography import x509

from streams.certificate_dates import out_of_date
from streams.kafka_access import client_options, tls_context
from streams.settings.values import Address

if TYPE_CHECKING:
    from streams.settings.settings import Settings

_SECONDS = 1.5

_EXPIRED, _NOT_YET, _OTHER_NAME, _OTHER_ADDRESS = 10, 9, 62, 64
_OF_NO_AUTHORITY = (2, 7, 18, 19, 20, 21)
"""OpenSSL's numbers of what can be wrong with a certificate."""


def why_refused(settings: "Settings", address: str) -> str | None:
    """What is wrong with how these settings reach the broker at `host:port`; None where nothing is found.

    It takes up to some three seconds.
    """
    where = Address.parse(address)
    own = settings.kafka_tls_cert if settings.kafka_tls else None
    if own and (dates := out_of_date("JARDEM_KAFKA_TLS_CERT", own)):
        return dates
    if settings.kafka_tls:
        found = _tls(settings, where)
    elif _speaks_tls(where):
        found = "it speaks TLS: set JARDEM_KAFKA_TLS to true"
    else:
        found = None
    return found or asyncio.run(_sign_in(settings, where))


def _connect(where: Address) -> socket.socket:
    return socket.create_connection((where.host, where.port), _SECONDS)


def _speaks_tls(where: Address) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connect(where) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLError as error:
        # One that speaks it and refuses us says so in TLS; what else comes back is no TLS at all.
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def _tls(settings: "Settings", where: Address) -> str | None:
    try:
        with (
            _connect(where) as plain,
            tls_context(settings).wrap_socket(plain, server_hostname=where.host) as secured,
            # A broker that asks for a certificate refuses ours, or that there is none, after the handshake.
            contextlib.suppress(TimeoutError),
        ):
            secured.recv(1)
    except ssl.SSLCertVerificationError as error:
        return _their_certificate(settings, where, error)
    except ssl.SSLError as error:
        return _alert(settings, error.reason or str(error))
    except ConnectionResetError:
        # Some hang up before what they say has left.
        return _alert(settings, "ALERT: it hung up")
    except OSError:
        return None
    return None


def _their_certificate(settings: "Settings", where: Address, error: ssl.SSLCertVerificationError) -> str:
    match error.verify_code:
        case code if code == _EXPIRED:
            return _expired(settings, where)
        case code if code == _NOT_YET:
            return "the broker's certificate is not valid yet: look at its dates, and at this machine's clock"
        case code if code in (_OTHER_NAME, _OTHER_ADDRESS):
            return (
                f"the broker's certificate is not for {where.host}: name the broker in JARDEM_KAFKA as its "
                "certificate does"
            )
        case code if code in _OF_NO_AUTHORITY:
            trusted = (
                settings.kafka_tls_ca or "the authorities of this machine (JARDEM_KAFKA_TLS_CA is not set)"
            )
            return (
                f"the broker's certificate is not signed by {trusted}: set JARDEM_KAFKA_TLS_CA to the file "
                "of the authority that did"
            )
        case _:
            return f"the broker's certificate is refused: {error.verify_message}"


def _expired(settings: "Settings", where: Address) -> str:
    """Which certificate has: OpenSSL says the same of the broker's and of what it is signed by."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    shown = None
    with (
        contextlib.suppress(OSError),
        _connect(where) as plain,
        unchecked.wrap_socket(plain, server_hostname=where.host) as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
    if shown and x509.load_der_x509_certificate(shown).not_valid_after_utc >= datetime.now(UTC):
        trusted = settings.kafka_tls_ca or "this machine's own"
        return f"the authority that signed the broker's certificate has expired ({trusted}): have it renewed"
    return "the broker's certificate has expired: have it renewed"


def _alert(settings: "Settings", reason: str) -> str:
    """What a broker said in TLS before it hung up."""
    if "ALERT" not in reason:
        return f"it speaks no TLS that is read here ({reason}): check JARDEM_KAFKA and JARDEM_KAFKA_TLS"
    own = settings.kafka_tls_cert
    if own is None:
        return (
            "it asks for a client certificate: set JARDEM_KAFKA_TLS_CERT and JARDEM_KAFKA_TLS_KEY "
            f"({reason.lower()})"
        )
    return (
        f"it refuses the certificate in {own} ({reason.lower()}): let it be signed by the authority that the "
        "brokers trust"
    )


async def _sign_in(settings: "Settings", where: Address) -> str | None:
    """Sign in as our clients do, and have the broker's own answer."""
    options = client_options(settings)
    del options["bootstrap_servers"]
    # It says in a traceback what is said here in a line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        connection = await create_conn(
            where.host, where.port, request_timeout_ms=int(_SECONDS * 1000), **options
        )
    except SaslAuthenticationFailed:
        return (
            f"it does not let {settings.kafka_sasl_username} in by {settings.kafka_sasl_mechanism}: check "
            "JARDEM_KAFKA_SASL_USERNAME and JARDEM_KAFKA_SASL_PASSWORD"
        )
    except UnsupportedSaslMechanismError:
        return (
            f"it takes no {settings.kafka_sasl_mechanism}: set JARDEM_KAFKA_SASL_MECHANISM to one that the "
            "brokers take"
        )
    except (KafkaError, OSError, TimeoutError) as error:
        wants_none = isinstance(error, IllegalSaslStateError)
        return "it asks for no password: unset JARDEM_KAFKA_SASL_MECHANISM" if wants_none else None
    try:
        return None if settings.kafka_sasl_mechanism else await _asks_for(connection)
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await connection.close()


async def _asks_for(connection: AIOKafkaConnection) -> str | None:
    """Whether a broker that we have reached without a password wants one."""
    answer = await connection.send(SaslHandShakeRequest("PLAIN"))
    if answer.error_code == IllegalSaslStateError.errno:
        return None
    return (
        f"it asks for a name and a password ({', '.join(answer.enabled_mechanisms)}): set "
        "JARDEM_KAFKA_SASL_MECHANISM, JARDEM_KAFKA_SASL_USERNAME and JARDEM_KAFKA_SASL_PASSWORD"
    )
