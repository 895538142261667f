"""The events that the load publishes: what the registry awards, and which numbers the portal has registered.

They are written as jardem's contract has them, in binary mode of CloudEvents.
"""

import json
import uuid
from datetime import UTC, datetime, timedelta

from ops.bench.load.people import Citizen
from ops.bench.load.wires import Headers

AWARD, FACT = "registry.title-awarded.v1", "portal.phone-registered.v1"


class Events:
    """Makes events, each with an id that no other load has."""

    def __init__(self) -> None:
        self._run = uuid.uuid4().hex[:12]

    def award(self, citizen: Citizen) -> tuple[str, Headers, bytes]:
        """A title was awarded yesterday: key, headers, value."""
        data = {
            "iin": citizen.iin,
            "title": "peoples_hero",
            "award_id": f"A-{self._run}-{citizen.number}",
            "awarded_on": (datetime.now(UTC) - timedelta(days=1)).date().isoformat(),
        }
        return self._event(AWARD, citizen, data)

    def fact(self, citizen: Citizen) -> tuple[str, Headers, bytes]:
        """The number was registered long ago: key, headers, value."""
        at = (datetime.now(UTC) - timedelta(days=90)).isoformat()
        return self._event(FACT, citizen, {"iin": citizen.iin, "phone": citizen.phone, "registered_at": at})

    def _event(self, name: str, citizen: Citizen, data: dict[str, str]) -> tuple[str, Headers, bytes]:
        attributes = {
            "ce_specversion": "1.0",
            "ce_id": f"{name}-{self._run}-{citizen.number}",
            "ce_source": "urn:jardem:bench",
            "ce_type": f"kz.jardem.{name}",
            "ce_time": datetime.now(UTC).isoformat(),
            "content-type": "application/json",
        }
        headers = tuple((key, value.encode()) for key, value in attributes.items())
        return f"{citizen.number:07d}", headers, json.dumps(data).encode()
