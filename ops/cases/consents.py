"""`jardem case consent`: the consents that documents of cases hold, with what proves them (R8, R33)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ops.cases.errors import AskedWronglyError, NoConsentError
from ops.cases.reading import (
    DOCUMENTS,
    CaseDocument,
    DocumentsTaken,
    case_id_from,
    of_case,
    of_person,
    our_keys,
)
from ops.files import read_file
from ops.topic_records import read_topics
from schemas.values import check_iin
from streams.pseudonym_keys import pseudonyms_of
from streams.settings.settings import Settings

_PARTS = ("consent_to_service", "consent_to_data", "questions", "answers", "number", "sender")


@dataclass(frozen=True, slots=True)
class Export:
    """The consents by case, and what is to be told beside them."""

    cases: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def json(self) -> str:
        """As it is written."""
        content = {"cases": list(self.cases), "left_out": list(self.notes)}
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def export_consents(case: str | None, person: str | None, settings: Settings) -> Export:
    """Read the consents of a case, or of the person whose IIN standard input holds.

    Raises `AskedWronglyError`, `NoConsentError` and `TopicError`.
    """
    if (case is None) == (person is None):
        raise AskedWronglyError("name a CASE, or give --person - and an IIN on standard input")
    if case is not None:
        wanted = of_case(case_id_from(case))
    else:
        pseudonyms = pseudonyms_of(settings)
        wanted = of_person(_iin(str(person)), pseudonyms)
    taken = DocumentsTaken(our_keys(settings), wanted)
    read_topics(settings, [DOCUMENTS], taken.take)
    cases = [consents_of(case_id, taken.of(case_id)) for case_id in sorted(taken.by_case)]
    found = tuple(one for one in cases if one is not None)
    if not found:
        raise NoConsentError(*taken.notes, "no document that verifies holds a consent")
    return Export(found, tuple(taken.notes))


def consents_of(case_id: str, documents: Sequence[CaseDocument]) -> dict[str, Any] | None:
    """The latest consent of a case, and the former ones; None where its documents, by step, hold none."""
    consents = list(_consents(documents))
    if not consents:
        return None
    *former, latest = consents
    claims = documents[-1].claims
    about = {"case_id": case_id, "ground": claims.ground, "iin_tail": claims.iin[-4:]}
    return about | latest | {"former": former}


def _consents(documents: Sequence[CaseDocument]) -> Iterator[dict[str, Any]]:
    """Each consent as the last document has it that holds it. What ends before the next one ends this one."""
    held: dict[tuple[str, str], list[CaseDocument]] = {}
    for document in documents:
        consent = document.evidence.get("consent_to_service")
        if isinstance(consent, dict) and consent.get("given") is True:
            which = str(consent.get("question_id")), str(consent.get("message_id"))
            held.setdefault(which, []).append(document)
    holders = list(held.values())
    for holding, following in zip_longest(holders, holders[1:]):
        begins = holding[0].claims.step
        ends = following[0].claims.step if following else documents[-1].claims.step + 1
        during = (document for document in documents if begins <= document.claims.step < ends)
        withdrawn = [document.withdrawn_at for document in during if document.withdrawn_at is not None]
        evidence = holding[-1].evidence
        yield {
            **{name: evidence.get(name) for name in _PARTS},
            "withdrawn_at": withdrawn[0] if withdrawn else None,
        }


def _iin(option: str) -> str:
    if option != "-":
        raise AskedWronglyError("--person takes - and nothing else: an IIN is read from standard input")
    try:
        return check_iin(read_file("-").decode("ascii", errors="replace").strip())
    except ValueError as error:
        raise AskedWronglyError(f"standard input: {error}") from None
