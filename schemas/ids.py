"""Keys and ids that do not name anybody: HMAC-SHA256 of what would, under a configured key."""

import hmac
import json
import uuid
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Computes `person_id` and `phone_id`, 64 lower-case hex digits each, and what stands for other ids.

    All are under the key: without it, a hash of the twelve digits of an IIN is undone by trying them all.
    """

    key: bytes = field(repr=False)

    def person(self, iin: str) -> str:
        """The `person_id` of an IIN."""
        return hmac.digest(self.key, iin.encode(), "sha256").hex()

    def phone(self, phone: str) -> str:
        """The `phone_id` of a phone number in E.164."""
        return hmac.digest(self.key, phone.encode(), "sha256").hex()

    def id(self, text: str) -> str:
        """What stands for an event's id or source that could name a person: the same for the same text."""
        return "hmac-sha256:" + hmac.digest(self.key, b"id:" + text.encode(), "sha256").hex()


_NAMESPACE = uuid.UUID("5a0e9f0e-4f0b-5b0c-9c57-6a61726d656d")


@lru_cache(maxsize=4096)
def derived_id(*parts: str) -> str:
    """An id that is the same whenever its parts are: a repeat of the cause has the same id.

    >>> derived_id("a question", "reminder")
    '2a196669-a159-5f20-b17f-43d574be438a'
    >>> derived_id("a", "question") == derived_id("a question")
    False
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def person_of(decision_id: str) -> str:
    """The `person_id` that a decision id carries, so that a signature finds its person.

    >>> person_of("9f2c.5b1e")
    '9f2c'
    """
    return decision_id.partition(".")[0]
