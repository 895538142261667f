"""A guarded broker for tests: every role as a user, and how a process is told to be one of them."""

from ops.acls.granting import grant
from ops.acls.roles import load_roles
from ops.brokers.secured import ADMIN, SecuredKafka
from ops.topics import apply_topics
from streams.settings.settings import Settings

ROLES = (
    "registry-titles",
    "registry-disabilities",
    "registry-deaths",
    "portal",
    "statecorp",
    "emaket",
    "cabinet",
    "worker",
    "webhooks",
    "http-intake",
    "console",
    "terminal",
    "keeper",
    "auditor",
    "observer",
    "topics",
)
USERS = {name: f"{name}-has-a-password" for name in (ADMIN, "stranger", *ROLES)}


def env_of(broker: SecuredKafka, user: str) -> dict[str, str]:
    """The environment of a process that signs in as this user."""
    return {
        "JARDEM_KAFKA": broker.address,
        "JARDEM_KAFKA_TLS": "true",
        "JARDEM_KAFKA_TLS_CA": str(broker.authority.certificate),
        "JARDEM_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "JARDEM_KAFKA_SASL_USERNAME": user,
        "JARDEM_KAFKA_SASL_PASSWORD": USERS[user],
    }


def prepare(broker: SecuredKafka) -> Settings:
    """Make the topics, and grant the roles; the administrator's settings."""
    apply_topics(broker.admin)
    grant(broker.admin, load_roles(broker.admin))
    return broker.admin
