"""How people of earlier releases are brought up to the shape of today, step by step, as JSON."""

import json
from typing import Any

from rules.person import Question
from rules.states import DECIDED, State
from schemas.ids import decision_id_of
from schemas.stored import Upcast
from schemas.times import ALMATY, read_instant

_EARLY = "1970-01-01T00:00:00Z"
_AT_REST = DECIDED | {State.ENDED}
_RECORDS = {
    "award": ("title", "registry.title-awarded.v1"),
    "certificate": ("disability", "registry.disability-established.v1"),
}


def _with_standings(stored: dict[str, Any]) -> dict[str, Any]:
    """In version 1 the ids of revoked records were kept, of whatever kind and time."""
    revoked = sorted(stored.pop("revoked", ()))
    return {**stored, "standings": [{"record_id": each, "revoked_at": _EARLY} for each in revoked]}


def _with_decisions(stored: dict[str, Any]) -> dict[str, Any]:
    """In version 2 a draft bore no step, and what was decided stood in the consent and the state alone."""
    for case in stored.get("cases", {}).values():
        # What is no case is for the model to refuse, in words.
        if not isinstance(case, dict):
            continue
        if isinstance(case.get("draft"), dict):
            case["draft"] = {"step": case["step"], "account_source": None, **case["draft"]}
            case["drafts"] = 1
        consent = case.get("consent")
        if case.get("state") in DECIDED and isinstance(consent, dict):
            case["decision"] = _decision_of_before(stored, case, consent)
    return stored


def _decision_of_before(
    stored: dict[str, Any], case: dict[str, Any], consent: dict[str, Any]
) -> dict[str, Any]:
    """The decision as far as it is known. Version 2 counted days in Almaty, and forgot when it decided."""
    received_at = read_instant(consent["received_at"])
    return {
        "decision_id": decision_id_of(stored["person_id"], case["case_id"], consent["message_id"]),
        "outcome": case["state"],
        "refusal_ground": None,
        "application_date": received_at.astimezone(ALMATY).date().isoformat(),
        "consented_at": consent["received_at"],
        "decided_at": None,
    }


def _with_evidence(stored: dict[str, Any]) -> dict[str, Any]:
    """In version 3 evidence was flat, a consent held its offer, and nobody noted when a case came to rest."""
    for case in stored.get("cases", {}).values():
        if not isinstance(case, dict):
            continue
        _name_the_offer(case)
        if case.get("state") in _AT_REST:
            case["rested_at"] = _last_known(case)
        draft = case.get("draft")
        if isinstance(draft, dict) and isinstance(draft.get("evidence"), dict):
            case["draft"] = {**draft, "evidence": _nested(case, dict(draft["evidence"]), draft["language"])}
    return stored


def _name_the_offer(case: dict[str, Any]) -> None:
    """A consent kept a copy of its offer; now it names it. A field of it that is not known is refused."""
    consent = case.get("consent")
    if isinstance(consent, dict) and isinstance(consent.get("offer"), dict):
        offer = consent["offer"]
        Question.model_validate_json(json.dumps(offer), extra="forbid")
        rest = {name: value for name, value in consent.items() if name != "offer"}
        case["consent"] = {**rest, "question_id": offer["question_id"]}
        asked = case.get("questions", [])
        if not any(question.get("question_id") == offer["question_id"] for question in asked):
            case["questions"] = [offer, *asked]


def _last_known(case: dict[str, Any]) -> str:
    """The last instant that a case knew of: it came to rest then, or later."""
    known = [case["source"]["time"]]
    for question in case.get("questions", ()):
        known += [question[name] for name in ("sent_at", "term_ends") if question.get(name)]
    decision = case.get("decision") or {}
    known += [decision["decided_at"]] if decision.get("decided_at") else []
    return str(max(known, key=read_instant))


def _nested(case: dict[str, Any], flat: dict[str, Any], language: str) -> dict[str, Any]:
    """The evidence in its parts of today. A field that was not known then is left over, and refused."""
    offer_id = case["consent"]["question_id"]
    offer = next(question for question in case["questions"] if question["question_id"] == offer_id)
    record, event = _RECORDS[case["record"]]
    consent = {
        "at": flat["answer_received_at"],
        "question_id": offer["question_id"],
        "message_id": flat["answer_message_id"],
        "text_version": None,
        "text_sha256": flat["offer_sha256"],
    }
    nested = {
        "source": {
            "event": event,
            "record": record,
            "record_id": case["record_id"],
            "record_date": None,
            **{name: flat.pop(f"source_event_{name}") for name in ("id", "source", "time", "sha256")},
        },
        "number": {"phone_id": None, "registered_at": None, "event_sha256": None},
        "questions": [
            {
                "question_id": offer["question_id"],
                "kind": "offer",
                "phone_id": None,
                "language": None,
                "text_version": None,
                "term_ends": offer.get("term_ends"),
                **{name: flat.pop(f"offer_{name}") for name in ("text", "sha256", "sent_at", "message_id")},
            }
        ],
        "answers": [
            {
                "question_id": offer["question_id"],
                "meaning": f"consent_{'kk' if language == 'kk' else 'ru'}",
                "phone_id": None,
                **{
                    name: flat.pop(f"answer_{name}")
                    for name in ("text", "sha256", "received_at", "message_id")
                },
            }
        ],
        "consent_to_service": consent,
        "consent_to_data": consent,
        "sender": {"carrier": None, "from": None},
    }
    return {**flat, **nested}


VERSION = 5
"""The version of the shape in which people are stored."""

UPCASTS: dict[int, Upcast] = {1: _with_standings, 2: _with_decisions, 3: _with_evidence}
"""What leads from each version to the next; kept for ever."""
