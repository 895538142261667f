"""The data of each public event that comes in, as a producer writes it."""

from typing import Any

from schemas.catalogue import ABOUT_PERSONS
from schemas.ids import Pseudonyms

IIN = "850101300015"
PHONE = "+77011234567"
IBAN = "KZ86125KZT5004100100"
PSEUDONYMS = Pseudonyms(b"a key for tests")
PERSON = PSEUDONYMS.person(IIN)

DATA: dict[str, dict[str, Any]] = {
    "registry.title-awarded.v1": {
        "iin": IIN,
        "title": "peoples_hero",
        "award_id": "A-17",
        "awarded_on": "2021-07-12",
    },
    "registry.disability-established.v1": {
        "iin": IIN,
        "certificate_id": "C-77",
        "established_on": "2021-07-12",
        "group": "2",
        "legal_ground": "7",
        "first_time": True,
    },
    "registry.entitlement-revoked.v1": {
        "iin": IIN,
        "record_id": "A-17",
        "record": "title",
        "reason": "awarded in error",
    },
    "registry.entitlement-restored.v1": {
        "iin": IIN,
        "record_id": "C-77",
        "record": "disability",
        "reason": "another person was meant",
    },
    "registry.death-registered.v1": {"iin": IIN, "died_on": "2021-07-13"},
    "registry.death-annulled.v1": {"iin": IIN, "reason": "another person of the same name"},
    "registry.day-totalled.v1": {
        "topic": "registry.title-awarded.v1",
        "source": "urn:registry:awards",
        "day": "2021-07-12",
        "count": 2,
        "digest": "5c" * 32,
    },
    "portal.phone-registered.v1": {"iin": IIN, "phone": PHONE, "registered_at": "2021-07-01T00:00:00Z"},
    "statecorp.benefit-recorded.v1": {
        "iin": IIN,
        "benefit": "special_state_benefit",
        "status": "paid",
        "recorded_on": "2021-07-01",
    },
    "statecorp.account-known.v1": {"iin": IIN, "iban": IBAN},
    "emaket.decision-signed.v1": {
        "decision_id": f"{PERSON}.one",
        "outcome": "granted",
        "refusal_ground": None,
        "officer": "A. B.",
        "signed_at": "2021-07-15T04:00:00Z",
    },
    "emaket.hearing-recorded.v1": {
        "decision_id": f"{PERSON}.one",
        "held_on": "2021-07-14",
        "objection": False,
        "officer": "A. B.",
    },
    "emaket.term-extended.v1": {
        "decision_id": f"{PERSON}.one",
        "until": "2021-07-14",
        "reason": "a record is checked",
        "officer": "A. B.",
    },
    "operator.acted.v1": {
        "act": "manual_route",
        "object": {"kind": "case", "id": "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"},
        "person_id": PERSON,
        "phone_id": None,
        "details": {},
        "reason": "lives abroad",
        "operator": "operator-3",
    },
}

OF_PERSONS = {name: data for name, data in DATA.items() if name in ABOUT_PERSONS}
"""Those about somebody."""
