"""What everybody can read of the cases, checked as a stranger reads it: from the bytes, knowing no rules."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ops.simulation.desk_model import attribute
from ops.simulation.ground_truth import GroundTruth
from ops.simulation.promises import BrokenPromiseError, demand
from rules.policy import DecisionMode
from schemas.times import read_instant
from streams.jws import NotVerifiedError
from streams.key_set import DEMO_KEYS
from streams.records import Outgoing
from streams.signing import verify_document

_DRAFTED = frozenset({None, "drafted_again", "for_officer"})
_OFFICERS = frozenset({"awaiting_hearing", "awaiting_signature"})
_TOLD = frozenset({"granted", "refused", "ended"})
_OUTCOMES = _OFFICERS | {"granted", "refused", "ended"}

_Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Named:
    """What the step must be that an outcome names: where it leads to, and one of these notes."""

    to: str
    notes: frozenset[str | None]

    def fits(self, step: _Content) -> bool:
        """Whether the step is such a one."""
        return step["to"] == self.to and step["note"] in self.notes


_DRAFTS = {
    "granted": _Named("awaiting_signature", _DRAFTED),
    "refused": _Named("awaiting_hearing", _DRAFTED - {None} | {"refusal_intended"}),
}


@dataclass(slots=True)
class _Case:
    """A case's steps in order, the last one's digest, and by number what outcomes and documents say."""

    steps: list[_Content] = field(default_factory=list)
    digest: str | None = None
    named: dict[int, _Named] = field(default_factory=dict)
    documents: dict[int, str] = field(default_factory=dict)


class PublicRecord:
    """Every public event that has left. `mode` is who decides; `truth` knows what was signed."""

    def __init__(self, mode: DecisionMode, truth: GroundTruth) -> None:
        self.questioned: dict[str, set[str]] = {}
        self._mode = mode
        self._truth = truth
        self._seen: dict[str, bytes | None] = {}
        self._cases: dict[str, _Case] = {}
        self._granted: dict[bytes | None, set[str]] = {}
        self._drafts: set[str] = set()
        self._void: set[str] = set()

    def heard(self, sent: Outgoing) -> None:
        """An event has left, for the first time or again."""
        id_ = attribute(sent, "id")
        if id_ in self._seen:
            demand(self._seen[id_] == sent.value, "what is published again is published alike", sent.topic)
            return
        self._seen[id_] = sent.value
        content = json.loads(sent.value or b"")
        match sent.topic:
            case "case.advanced.v1":
                self._advanced(content)
            case "benefit.process-ended.v1":
                self._names(content, _Named("ended", frozenset({content["reason"]})))
            case "cabinet.notified.v1":
                self._documented(content)
            case "benefit.decision-drafted.v1":
                self._drafts.add(content["decision_id"])
                self._names(content, _DRAFTS[content["outcome"]])
            case "benefit.draft-voided.v1":
                demand(content["decision_id"] in self._drafts, "only a draft is void")
                self._void.add(content["decision_id"])
            case "benefit.decided.v1":
                self._decided(sent.key, content)
            case "benefit.decision-questioned.v1":
                self.questioned.setdefault(content["decision_id"], set()).add(content["reason"])

    def log_of(self, case_id: str) -> tuple[int, str | None]:
        """How many steps of a case were told, and the digest of the last one."""
        case = self._of(case_id)
        return len(case.steps), case.digest

    def complete(self) -> None:
        """Check what must be true when all has left."""
        for case in self._cases.values():
            demand(max(case.named, default=0) <= len(case.steps), "an outcome names a step that is told")
            for step in case.steps:
                # A draft stays the same while its person is heard.
                leads = step["to"] in _OUTCOMES and step["from"] != step["to"]
                leads = leads and not {step["from"], step["to"]} <= _OFFICERS
                named = step["step"] in case.named
                demand(named or not leads, "every outcome in the log is told", step["to"])
                self._check_document(case, step)

    def _check_document(self, case: _Case, step: _Content) -> None:
        """Each outcome and each consent that counts has its document, and that names its step."""
        number = step["step"]
        decides = step["from"] != step["to"] and step["to"] in _TOLD
        due = step["note"] == "accepted" or decides
        demand(number in case.documents or not due, "every outcome and consent has a document", step["to"])
        canonical = json.dumps(step, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = sha256(canonical.encode()).hexdigest()
        demand(case.documents.get(number, digest) == digest, "a document names its step")

    def _documented(self, notified: _Content) -> None:
        try:
            claims = verify_document(notified["document"], DEMO_KEYS).claims
        except NotVerifiedError as error:
            raise BrokenPromiseError("no document that does not verify", str(error)) from None
        same = (claims.case_id, claims.kind, claims.iin) == tuple(
            notified[name] for name in ("case_id", "kind", "iin")
        )
        demand(same, "a document says what its event says")
        self._of(claims.case_id).documents[claims.step] = claims.step_sha256

    def _of(self, case_id: str) -> _Case:
        return self._cases.setdefault(case_id, _Case())

    def _advanced(self, step: _Content) -> None:
        case = self._of(step["case_id"])
        chained = step["step"] == len(case.steps) + 1 and step["previous"] == case.digest
        demand(chained, "the log of a case is an unbroken chain", f"step {step['step']}")
        case.steps.append(step)
        canonical = json.dumps(step, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        case.digest = sha256(canonical.encode()).hexdigest()
        self._check_name(case, step["step"])

    def _names(self, outcome: _Content, named: _Named) -> None:
        """An outcome names the step that it belongs to, which is told before it or after it."""
        case, number = self._of(outcome["case_id"]), outcome["step"]
        demand(number not in case.named, "no two outcomes name the same step", f"step {number}")
        case.named[number] = named
        self._check_name(case, number)

    def _check_name(self, case: _Case, number: int) -> None:
        if number in case.named and number <= len(case.steps):
            fits = case.named[number].fits(case.steps[number - 1])
            demand(fits, "an outcome names the step that it belongs to", f"step {number}")

    def _decided(self, person: bytes | None, decision: _Content) -> None:
        self._names(decision, _Named(decision["outcome"], frozenset({None})))
        if decision["outcome"] == "granted":
            granted = self._granted.setdefault(person, set())
            granted.add(decision["case_id"])
            demand(len(granted) == 1, "at most one case of a person is granted")
        if self._mode is DecisionMode.OFFICER or decision["officer"] is not None:
            self._check_signed(decision)

    def _check_signed(self, decision: _Content) -> None:
        """An officer has signed a draft that was told, that was not void, and that says this."""
        id_ = decision["decision_id"]
        demand(id_ in self._drafts - self._void, "nothing is decided by a draft that is not there")
        decided_at = read_instant(decision["decided_at"])
        said = decision["outcome"], decision["refusal_ground"], decision["officer"], decided_at
        signed = [
            (each.outcome, each.refusal_ground, each.officer, each.signed_at)
            for each in self._truth.signed
            if each.decision_id == id_
        ]
        demand(said in signed, "no decision in officer mode that nobody signed")
