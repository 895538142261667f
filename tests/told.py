"""What was told about cases, as records of our topics: steps of the log, and signed documents."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rules import cabinet
from schemas.cabinet import CabinetNotified, Claims
from schemas.canonical import canonical
from schemas.cloudevents import CloudEvent, encode
from schemas.ids import Pseudonyms, derived_id
from streams.records import Outgoing, Record
from streams.settings.settings import DEMO_PSEUDONYM_KEY
from streams.signing import Signer, load_signer
from tests.documents import CASE, IIN, appeal, decision, evidence, occasion

LOG, CABINET = "case.advanced.v1", "cabinet.notified.v1"
PERSON = Pseudonyms(DEMO_PSEUDONYM_KEY.encode()).person(IIN)
NOW = datetime(2021, 7, 23, tzinfo=UTC)


def outgoing(name: str, data: Mapping[str, Any], key: str = PERSON) -> Outgoing:
    """An event as it is sent."""
    value = canonical(data)
    id_ = derived_id(name, value.decode())
    headers, value = encode(CloudEvent(id_, "urn:jardem:case-desk", f"kz.jardem.{name}", NOW, value))
    return Outgoing(name, key.encode(), value, headers)


def record(sent: Outgoing, offset: int = 0, partition: int = 0) -> Record:
    """The same as it is read."""
    return Record(sent.topic, partition, offset, NOW, sent.key, sent.value, sent.headers)


def step(data: Mapping[str, Any], offset: int = 0, partition: int = 0) -> Record:
    """A step of the log."""
    return record(outgoing(LOG, data), offset, partition)


def notified(claims: Claims, signer: Signer | None = None) -> Outgoing:
    """A document for the cabinet, signed, by default with the demo's key."""
    event: CabinetNotified = (signer or load_signer(None, "")).issue(claims)
    return outgoing(CABINET, event.model_dump(mode="json"))


def rests_on(message: str = "SM02", at: str = "2021-07-23T05:00:00Z", **changes: Any) -> dict[str, Any]:
    """Evidence of the consent that this message gave."""
    found = evidence()
    for name in ("consent_to_service", "consent_to_data"):
        found[name] |= {"message_id": message, "at": at}
    found["answers"][0]["message_id"] = message
    return found | changes


def accepted(step: int, rests: dict[str, Any], case_id: str = CASE) -> Claims:
    """The document `accepted`."""
    when = replace(occasion(), step=step, case_id=case_id)
    return cabinet.accepted(
        when, application_date=NOW.date(), scheme=None, decision_due=NOW.date(), evidence=rests
    )


def decided(step: int, rests: dict[str, Any]) -> Claims:
    """The document `decided`."""
    when = replace(occasion(), step=step)
    return cabinet.decided(when, decision(step=step, evidence=rests), appeal=appeal())


def ended(step: int, reason: str, rests: dict[str, Any] | None, at: str) -> Claims:
    """The document `ended`."""
    ending = {
        "case_id": CASE,
        "step": step,
        "iin": IIN,
        "ground": "4-2",
        "reason": reason,
        "ended_at": at,
        "scheme": None,
        "consented_on": None,
        "ordinary_route": {},
    }
    return cabinet.ended(replace(occasion(), step=step), ending, rests)
