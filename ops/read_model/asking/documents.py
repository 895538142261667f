"""The documents of a case as they are shown: verified each time, with our own keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from ops.read_model.views import DocumentShown
from ops.verify.document import verify_event
from streams.jws import NotVerifiedError
from streams.key_set import KeySet


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents, and what the answers in their evidence were taken for, by the text's id."""

    documents: Sequence[DocumentShown]
    meanings: Mapping[str, str]


def shown_documents(
    papers: Sequence[tuple[RowMapping, str | None]],
    keys: KeySet | str,
    iin: str | None,
    *,
    unmask: bool,
) -> Papers:
    """The documents by their steps; `keys` may be why there are none. The document itself only unmasked.

    `iin` is that of the person whom the case is about.
    """
    found, meanings = [], dict[str, str]()
    for row, jws in papers:
        verified, fault = None, keys if isinstance(keys, str) else None
        if jws is None:
            fault = "the document cannot be opened"
        elif isinstance(keys, KeySet):
            try:
                content = _verified(row, jws, keys, iin)
                verified = True
                meanings |= _meanings(content)
            except NotVerifiedError as error:
                verified, fault = False, str(error)
        named = {name: row[name] for name in ("kind", "step", "document_id", "issued_at")}
        found.append(DocumentShown(**named, verified=verified, fault=fault, jws=jws if unmask else None))
    found.sort(key=lambda one: (one.step, one.kind, one.document_id))
    return Papers(found, meanings)


def _verified(row: RowMapping, jws: str, keys: KeySet, iin: str | None) -> Mapping[str, Any]:
    event = {"case_id": row["case_id"], "iin": iin, "kind": row["kind"], "document": jws}
    return verify_event(event, keys).content


def _meanings(content: Mapping[str, Any]) -> dict[str, str]:
    holder = content.get("decision", content)
    evidence = holder.get("evidence") if isinstance(holder, dict) else None
    answers = evidence.get("answers") if isinstance(evidence, dict) else None
    return {
        str(each.get("message_id")): str(each.get("meaning"))
        for each in answers or ()
        if isinstance(each, dict)
    }
