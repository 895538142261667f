"""What each kind of id is, and how it is formed: here, and nowhere else.

Keys and ids name nobody: they are HMAC-SHA256 of what would, under a configured key. The others are derived
from their cause, so that a repeat of it has the same id.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Container
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NewType

PersonId = NewType("PersonId", str)
"""A person, by pseudonym."""

PhoneId = NewType("PhoneId", str)
"""A phone number, by pseudonym."""

CaseId = NewType("CaseId", str)
"""One entitlement of a person."""

QuestionId = NewType("QuestionId", str)
"""A question of a case, however often it is sent."""

MessageId = NewType("MessageId", str)
"""A message of ours: what puts a question, tells a notice or explains."""

Sid = NewType("Sid", str)
"""A message as the SMS API names it, ours or a citizen's."""

DecisionId = NewType("DecisionId", str)
"""A decision on a case, made or drafted."""

NOBODY = PersonId("")
"""The person whom effects are about that are for nobody outside."""

SERVICE = "service"
"""The key under which each partition of the case desk keeps what is in force of the whole service.

It is nobody's: a `person_id` has 64 hex digits.
"""


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key of before, and the pseudonyms under it that are in use still."""

    key: bytes = field(repr=False)
    in_use: Container[str] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Computes `person_id` and `phone_id`, 64 lower-case hex digits each, and what stands for other ids.

    All are under a key: without it, a hash of the twelve digits of an IIN is undone by trying them all. Who
    is known by a pseudonym under a former key keeps it: states, cases and decisions are found by it.
    """

    key: bytes = field(repr=False)
    former: tuple[FormerKey, ...] = ()

    def person(self, iin: str) -> PersonId:
        """The `person_id` of an IIN."""
        return PersonId(_hmac(self._key_of(iin), iin))

    def phone(self, phone: str) -> PhoneId:
        """The `phone_id` of a phone number in E.164."""
        return PhoneId(_hmac(self._key_of(phone), phone))

    def id(self, text: str, of: str = "") -> str:
        """What stands for an event's id or source that could name a person: the same for the same text.

        `of` is the IIN or the number whose event it is, so that a repeat is known by the key of its first.
        """
        return _id(self._key_of(of), text)

    def ids(self, text: str) -> tuple[str, ...]:
        """What has stood for it under any of the keys, the present one's first."""
        return tuple(_id(key, text) for key in self.keys)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The present key, then those of before."""
        return self.key, *(each.key for each in self.former)

    def _key_of(self, name: str) -> bytes:
        for each in self.former:
            if name and _hmac(each.key, name) in each.in_use:
                return each.key
        return self.key


def _id(key: bytes, text: str) -> str:
    return "hmac-sha256:" + hmac.digest(key, b"id:" + text.encode(), "sha256").hex()


_LONGEST_REMEMBERED = 128


def _hmac(key: bytes, text: str) -> str:
    """Remembered, because a number is asked for with each of its events, and they come close together."""
    return _remembered(key, text) if len(text) <= _LONGEST_REMEMBERED else _computed(key, text)


def _computed(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


_remembered = lru_cache(maxsize=16_384)(_computed)


_NAMESPACE = uuid.UUID("5a0e9f0e-4f0b-5b0c-9c57-6a61726d656d")
_NAMED = hashlib.sha1(_NAMESPACE.bytes, usedforsecurity=False)
_VARIANTS = "89ab"
_quoted = json.encoder.encode_basestring_ascii


def derived_id(*parts: str) -> str:
    """An id that is the same whenever its parts are: a repeat of the cause has the same id.

    >>> derived_id("a question", "reminder")
    '2a196669-a159-5f20-b17f-43d574be438a'
    >>> derived_id("a", "question") == derived_id("a question")
    False
    """
    return _uuid5("[" + ", ".join(map(_quoted, parts)) + "]")


def _uuid5(name: str) -> str:
    """`str(uuid.uuid5(...))` in our namespace, without the objects in between: every event needs several."""
    digest = _NAMED.copy()
    digest.update(name.encode())
    text = digest.hexdigest()
    variant = _VARIANTS[int(text[16], 16) % len(_VARIANTS)]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


RecordKind = Literal["award", "certificate"]
"""What an entitlement rests on, as the ids of cases are made of it."""


def case_id_of(person_id: PersonId, record: RecordKind, record_id: str) -> CaseId:
    """The case of a person's entitlement: the same record gives the same case."""
    return CaseId(derived_id(person_id, record, record_id))


def question_id_of(case_id: CaseId, number: int) -> QuestionId:
    """The question that a case asks after this many others."""
    return QuestionId(derived_id(case_id, "question", str(number)))


def notice_id_of(case_id: CaseId, kind: str, step: int) -> MessageId:
    """The notice of this kind that a case gives at this step."""
    return MessageId(derived_id(case_id, kind, str(step)))


def message_id_of(question_id: QuestionId) -> MessageId:
    """The message that first puts a question."""
    return MessageId(derived_id(question_id, "message"))


def explanation_id_of(question_id: QuestionId, number: str) -> MessageId:
    """The message that says how a question is answered: the one with this number, or the "echo"."""
    return MessageId(derived_id(question_id, "explanation", number))


def resent_id_of(message_id: MessageId) -> MessageId:
    """What a message is sent again as: the carrier takes a message once."""
    return MessageId(derived_id(message_id, "again"))


def decision_id_of(person_id: PersonId, case_id: CaseId, consent: Sid, draft: int = 0) -> DecisionId:
    """The decision that rests on the consent given in this text, in the case's draft with this number.

    It carries the person: see `person_of`.
    """
    number = (str(draft),) if draft else ()
    return DecisionId(f"{person_id}.{derived_id(case_id, 'decision', consent, *number)}")


def person_of(decision_id: DecisionId) -> PersonId:
    """The `person_id` that a decision id carries, so that a signature finds its person.

    >>> person_of(DecisionId("9f2c.5b1e"))
    '9f2c'
    """
    return PersonId(decision_id.partition(".")[0])
