"""What is read for the commands of cases: the steps of the log, and the documents of the cabinet."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ops.cases.errors import AskedWronglyError
from ops.topic_records import Item, event_data
from ops.verify.document import verify_event
from ops.verify.log import NamedStep
from schemas.cabinet import CabinetNotified, Claims
from schemas.ids import Pseudonyms
from streams.jws import NotVerifiedError
from streams.key_set import DEMO_KEYS, KeyFolder, KeySet
from streams.records import NotUnpacked
from streams.settings.settings import Settings

DOCUMENTS = CabinetNotified.name

_CASE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def case_id_from(text: str) -> str:
    """The id of a case as it was typed. Raises `AskedWronglyError`, which does not repeat it."""
    case_id = text.strip().lower()
    if not _CASE.fullmatch(case_id):
        raise AskedWronglyError("CASE is no id of a case: jardem case list shows them")
    return case_id


def our_keys(settings: Settings) -> KeySet:
    """The keys that our documents are verified by. Raises `AskedWronglyError` and `KeysError`."""
    if settings.signing_keys is not None:
        return KeyFolder(settings.signing_keys).key_set()
    if settings.profile == "development":
        return DEMO_KEYS
    raise AskedWronglyError(
        "JARDEM_SIGNING_KEYS is missing: set it to a folder with keys.json, which documents are verified by"
    )


@dataclass(frozen=True, slots=True)
class CaseDocument:
    """A document that verifies, with its claims as they stand in it."""

    claims: Claims
    content: dict[str, Any]

    @property
    def evidence(self) -> dict[str, Any]:
        """What the document rests on; empty where it names nothing."""
        holder = self.content.get("decision") if self.claims.kind == "decided" else self.content
        found = holder.get("evidence") if isinstance(holder, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def withdrawn_at(self) -> str | None:
        """When the person withdrew, where this document says that."""
        ending = self.content.get("ending")
        if not isinstance(ending, dict) or ending.get("reason") != "withdrawn":
            return None
        return str(ending.get("ended_at"))


@dataclass(slots=True)
class DocumentsTaken:
    """Takes what is read of the cabinet's topic.

    `wanted` chooses by the record and its event's data. What does not verify is not taken, but told of in
    `notes`: whatever it says, it is not ours.
    """

    keys: KeySet
    wanted: Callable[[Item, dict[str, Any]], bool]
    by_case: dict[str, list[CaseDocument]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def take(self, item: Item) -> None:
        """Take a record; one that is told again is taken once."""
        try:
            event = event_data(item, DOCUMENTS)
        except ValueError as error:
            self.notes.append(f"{item.position} cannot be read: {error}")
            return
        token = str(event.get("document"))
        if not self.wanted(item, event) or token in self._seen:
            return
        self._seen.add(token)
        try:
            found = verify_event(event, self.keys)
        except NotVerifiedError as error:
            self.notes.append(f"the document at {item.position} does not verify and is left out: {error}")
            return
        self.by_case[found.claims.case_id].append(CaseDocument(found.claims, found.content))

    def of(self, case_id: str) -> list[CaseDocument]:
        """The documents of a case, by their steps."""
        return sorted(self.by_case.get(case_id, ()), key=lambda one: one.claims.step)

    def named(self, case_id: str) -> list[NamedStep]:
        """The steps of the log that the documents of a case name."""
        claims = [one.claims for one in self.of(case_id)]
        return [NamedStep(one.case_id, one.step, one.step_sha256) for one in claims]


def of_case(case_id: str) -> Callable[[Item, dict[str, Any]], bool]:
    """Chooses the documents of one case."""
    return lambda _, event: event.get("case_id") == case_id


def of_person(iin: str, pseudonyms: Pseudonyms) -> Callable[[Item, dict[str, Any]], bool]:
    """Chooses the documents of one person: the record's key is the pseudonym, and the event names the IIN."""
    key = pseudonyms.person(iin).encode()

    def chosen(item: Item, event: dict[str, Any]) -> bool:
        return not isinstance(item, NotUnpacked) and item.key == key and event.get("iin") == iin

    return chosen
