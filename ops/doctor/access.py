"""How this installation reaches the brokers, and what they let it do, as `jardem doctor` tells it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from kafka.errors import KafkaError

from ops.acls.own_rights import own_rights, shortened
from ops.doctor.machine import Line, Verdict
from streams.certificate_dates import own_certificate
from streams.errors import UserError
from streams.settings.settings import Settings

_SOON = timedelta(days=30)
_ROLE = "worker"
"""Whose settings the doctor reads."""


def access(settings: Settings) -> Iterator[Line]:
    """Lines on the way to the brokers and on our rights there. A broker answers."""
    if settings.profile == "production" and not settings.kafka_tls:
        yield Line(
            Verdict.NOTE, "JARDEM_KAFKA_PLAINTEXT is allow: everything goes to the brokers in the clear"
        )
    for path in filter(None, (settings.kafka_tls_cert, settings.kafka_tls_ca, settings.intake_tls_cert)):
        left = own_certificate(path).not_valid_after_utc - datetime.now(UTC)
        if left < _SOON:
            yield Line(Verdict.NOTE, f"the certificate in {path} expires in {left.days} days")
    try:
        rights = own_rights(settings, _ROLE)
    except (KafkaError, UserError) as error:
        yield Line(Verdict.NOTE, f"what we may do at the brokers could not be asked: {error}")
        return
    lacking, too_much = rights.lacking(), rights.too_much()
    for line in shortened([f"{line}: run jardem topics apply --acls" for line in lacking]):
        yield Line(Verdict.WRONG, line)
    if rights.everything:
        # On a machine of one's own that is how it is.
        if settings.kafka_tls or settings.profile == "production":
            yield Line(
                Verdict.NOTE,
                f"the brokers let {rights.who} read and write every topic: they have no authoriser, or this "
                "is a super user (docs/kafka-security.md)",
            )
        return
    for line in shortened([f"{line}: jardem topics apply --acls --check tells all" for line in too_much]):
        yield Line(Verdict.NOTE, line)
    if not lacking and not too_much and rights.allowed:
        yield Line(Verdict.OK, f"{rights.who} may do at the brokers what the role {_ROLE} may, and no more")
