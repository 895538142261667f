"""Events of the e-government portal."""

from typing import ClassVar

from schemas.base import Instant
from schemas.routes import PublicIn
from schemas.values import Iin, Phone


class PhoneRegistered(PublicIn):
    """The phone number that is registered on the portal for a person, or null: none any longer (R2).

    {"iin": "850101300015", "phone": "+77011234567", "registered_at": "2021-07-01T09:00:00+06:00"}
    """

    name: ClassVar[str] = "portal.phone-registered.v1"

    iin: Iin
    phone: Phone | None
    registered_at: Instant
