"""TLS and SASL for the brokers, as Faust names them."""

from typing import TYPE_CHECKING

from faust.auth import SASLCredentials, SSLCredentials

from streams.kafka_access import tls_context

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT

    from streams.settings.settings import Settings


def broker_credentials(settings: "Settings") -> "CredentialsT | None":
    """The credentials that the settings ask for; None for plaintext."""
    context = tls_context(settings) if settings.kafka_tls else None
    if settings.kafka_sasl_mechanism:
        return SASLCredentials(
            username=settings.kafka_sasl_username,
            password=settings.kafka_sasl_password.get_secret_value(),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context) if context else None
