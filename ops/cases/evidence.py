"""What a document rests on, in lines: the record, the number, each text with its digest, the consents."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ops.cases.reading import CaseDocument

Times = Callable[[object], str]
"""Shows an instant, whatever was written in its place."""

_TEXTS = (("questions", "sent_at", "kind"), ("answers", "received_at", "meaning"))


def latest_evidence(documents: Sequence[CaseDocument]) -> dict[str, Any] | None:
    """The evidence of the last document that has any: of several documents the last one holds.

    Of an IIN that stands in a text, as in one that a citizen wrote, the last four digits are left.
    """
    found = [document for document in documents if document.evidence]
    if not found:
        return None
    iin = found[-1].claims.iin
    text = json.dumps(found[-1].evidence, ensure_ascii=False).replace(iin, f"*{iin[-4:]}")
    evidence: dict[str, Any] = json.loads(text)
    return evidence


def evidence_lines(documents: Sequence[CaseDocument], times: Times) -> Iterator[str]:
    """The documents, and what the last one that has evidence rests on."""
    for document in documents:
        yield f"document {document.claims.kind} of step {document.claims.step}: verifies"
    evidence = latest_evidence(documents)
    if evidence is None:
        yield "no document that verifies holds evidence"
        return
    yield from list(_lines(evidence, times)) or ["its evidence is in no form that is read here"]


def _lines(evidence: Mapping[str, Any], times: Times) -> Iterator[str]:
    if source := _part(evidence, "source"):
        yield f"record {source.get('record_id')}, {source.get('event')}, {times(source.get('time'))}"
        yield f"    SHA-256 {source.get('sha256')}"
    if number := _part(evidence, "number"):
        yield f"number registered by the portal, {times(number.get('registered_at'))}"
        yield f"    SHA-256 {number.get('event_sha256')}, pseudonym {number.get('phone_id')}"
    for name, when, what in _TEXTS:
        listed = evidence.get(name)
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict):
                yield f"{name.removesuffix('s')} {one.get(what)}, {times(one.get(when))}: {one.get('text')}"
                yield f"    SHA-256 {one.get('sha256')}"
    for name in ("consent_to_service", "consent_to_data"):
        if consent := _part(evidence, name):
            yield f"{name}, {times(consent.get('at'))}, by the answer {consent.get('message_id')}"
    if sender := _part(evidence, "sender"):
        yield f"sent from {sender.get('from')} through {sender.get('carrier')}"


def _part(evidence: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = evidence.get(name)
    return found if isinstance(found, dict) else {}
