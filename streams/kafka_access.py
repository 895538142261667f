"""How our clients reach the brokers: addresses, TLS and SASL, as kafka-python and aiokafka both name them."""

import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streams.settings.settings import Settings


def tls_context(settings: "Settings") -> ssl.SSLContext:
    """TLS that checks the brokers' certificates and names, and shows ours where there is one."""
    context = ssl.create_default_context(cafile=settings.kafka_tls_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.kafka_tls_cert:
        context.load_cert_chain(settings.kafka_tls_cert, settings.kafka_tls_key)
    return context


def client_options(settings: "Settings") -> dict[str, Any]:
    """What kafka-python's and aiokafka's clients are made with to reach the brokers of these settings."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(","),
        "security_protocol": ("SASL_" if settings.kafka_sasl_mechanism else "")
        + ("SSL" if settings.kafka_tls else "PLAINTEXT"),
    }
    if settings.kafka_tls:
        options["ssl_context"] = tls_context(settings)
    if settings.kafka_sasl_mechanism:
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": settings.kafka_sasl_password.get_secret_value(),
        }
    return options
