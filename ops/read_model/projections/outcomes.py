"""What is decided, drafted, ended, questioned and told to the cabinet."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ops.read_model.changes import Latest
from ops.read_model.changes import Told as Once
from ops.read_model.projections.reading import Changes, Means, Told
from ops.read_model.tables import (
    decisions,
    documents,
    drafts,
    endings,
    questioned,
    subjects,
    voided,
)
from schemas.cabinet import CabinetNotified
from schemas.canonical import text_digest
from schemas.json_text import NotJSONError, read_json, write_json
from schemas.outcomes import (
    BenefitDecided,
    Decision,
    DecisionDrafted,
    DecisionQuestioned,
    DraftVoided,
    ProcessEnded,
)
from schemas.times import read_day, read_instant
from streams.jws import NotVerifiedError, decode_part


def subject(means: Means, case_id: str, step: int, iin: str) -> Latest:
    """Whom a case is about, as a step of it says; whoever else says it says the same."""
    row = {"case_id": case_id, "person_id": means.pseudonyms.person(iin), "step": step}
    return Latest(subjects, {**row, "iin": means.seal(subjects, "iin", case_id, iin)}, by="step")


def decided(told: Told, means: Means) -> Changes:
    """A decision."""
    decision = told.data(BenefitDecided)
    id_ = decision.decision_id
    row = _decision(decision, means) | {"decided_at": decision.decided_at}
    yield Once(decisions, row | {"iban": means.seal(decisions, "iban", id_, decision.iban)})
    yield subject(means, decision.case_id, decision.step, decision.iin)


def drafted(told: Told, means: Means) -> Changes:
    """A draft, with its whole content for the officer who signs."""
    draft = told.data(DecisionDrafted)
    id_ = draft.decision_id
    row = _decision(draft, means) | {"ground": str(draft.ground), "drafted_at": draft.decided_at}
    content = means.seal(drafts, "content", id_, write_json(dict(told.content)))
    yield Once(drafts, row | {"content": content, "iban": means.seal(drafts, "iban", id_, draft.iban)})
    yield subject(means, draft.case_id, draft.step, draft.iin)


def _decision(decision: Decision, means: Means) -> dict[str, Any]:
    return {
        "decision_id": decision.decision_id,
        "case_id": decision.case_id,
        "step": decision.step,
        "person_id": means.pseudonyms.person(decision.iin),
        "outcome": decision.outcome,
        "refusal_ground": decision.refusal_ground,
        "scheme": str(decision.scheme),
        "application_date": decision.application_date,
        "rules_version": decision.rules_version,
    }


def draft_voided(told: Told, means: Means) -> Changes:
    """A draft that must not be signed any more."""
    del means
    draft = told.data(DraftVoided)
    row = {"decision_id": draft.decision_id, "case_id": draft.case_id, "reason": draft.reason}
    yield Once(voided, row)


def ended(told: Told, means: Means) -> Changes:
    """An ending: what of it the log does not say."""
    ending = told.data(ProcessEnded)
    row = {
        "case_id": ending.case_id,
        "step": ending.step,
        "scheme": None if ending.scheme is None else str(ending.scheme),
        "consented_on": ending.consented_on,
        "ended_at": ending.ended_at,
    }
    yield Once(endings, row)
    yield subject(means, ending.case_id, ending.step, ending.iin)


def decision_questioned(told: Told, means: Means) -> Changes:
    """Something was learnt after a decision."""
    learnt = told.data(DecisionQuestioned)
    row = {
        "case_id": learnt.case_id,
        "decision_id": learnt.decision_id,
        "reason": learnt.reason,
        "person_id": means.pseudonyms.person(learnt.iin),
        "at": learnt.at,
    }
    yield Once(questioned, row)
    yield subject(means, learnt.case_id, 0, learnt.iin)


def notified(told: Told, means: Means) -> Changes:
    """A document. Its claims are taken as they stand; whether it verifies is asked when it is shown."""
    notice = told.data(CabinetNotified)
    claims, sha256 = _claims(notice.document), text_digest(notice.document)
    step = claims.get("step")
    number = step if isinstance(step, int) else 0
    row = {
        "sha256": sha256,
        "case_id": notice.case_id,
        "kind": notice.kind,
        "step": number,
        "document_id": str(claims.get("document_id", "")),
        "issued_at": _instant(claims.get("issued_at")),
        "decision_due": _day(claims.get("decision_due" if notice.kind == "accepted" else "until")),
        "not_before": _day(claims.get("not_before")),
    }
    yield Once(documents, row | {"jws": means.seal(documents, "jws", sha256, notice.document)})
    yield subject(means, notice.case_id, number, notice.iin)


def _claims(document: str) -> Mapping[str, Any]:
    try:
        content = read_json(decode_part(document.split(".")[1]))
    except (IndexError, NotVerifiedError, NotJSONError, json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _instant(written: object) -> datetime | None:
    try:
        return read_instant(str(written))
    except ValueError:
        return None


def _day(written: object) -> date | None:
    try:
        return read_day(str(written))
    except ValueError:
        return None
