"""Keys that do not name anybody: HMAC-SHA256 of an IIN or a phone number under a configured key."""

import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Computes `person_id` and `phone_id`: 64 lower-case hex digits each."""

    key: bytes = field(repr=False)

    def person(self, iin: str) -> str:
        """The `person_id` of an IIN."""
        return hmac.digest(self.key, iin.encode(), "sha256").hex()

    def phone(self, phone: str) -> str:
        """The `phone_id` of a phone number in E.164."""
        return hmac.digest(self.key, phone.encode(), "sha256").hex()
