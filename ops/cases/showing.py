"""`jardem case show`: what became of a case, step by step, and on request with the texts that it rests on."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import to_jsonable_python

from ops.cases.entries import entry_lines
from ops.cases.evidence import evidence_lines, latest_evidence
from ops.cases.listing import Standing
from ops.cases.reading import DOCUMENTS, CaseDocument, DocumentsTaken, case_id_from, of_case, our_keys
from ops.read_model.views import CaseDetail
from ops.topic_records import Item, read_topics
from ops.verify.chain import Step
from ops.verify.topic import TOPIC, NoSuchCaseError, StepsTaken, TopicReport, judged
from schemas.times import read_instant
from streams.key_set import KeySet
from streams.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """A case: its steps by number, the faults of its log, and its documents where they were asked for."""

    standing: Standing
    steps: Sequence[Step]
    report: TopicReport
    zone: str
    documents: Sequence[CaseDocument] | None
    notes: Sequence[str]
    detail: CaseDetail | None = None

    def lines(self) -> Iterator[str]:
        """For people: times in UTC and in the zone."""
        one = self.standing
        yield f"case {one.case_id}, ground {one.ground}: {one.outcome}"
        if self.detail is None:
            for step in self.steps:
                yield from self._step(step)
        else:
            yield from self._timeline(self.detail)
        *faults, _ = self.report.lines()
        yield from (*faults, *self.notes)
        if self.documents is not None:
            yield from evidence_lines(self.documents, self._times)

    def json(self) -> str:
        """The same as one JSON object, with the steps as they stand in the log."""
        one, report = self.standing, self.report.content()
        content: dict[str, Any] = {
            "case_id": one.case_id,
            "ground": one.ground,
            "state": one.state,
            "reason": one.reason,
            "zone": self.zone,
            "steps": [{**step, "at_local": self._local(step.get("at"))} for step in self.steps],
            **{name: report[name] for name in ("faults", "unread", "forgotten")},
        }
        if self.detail is not None:
            content["timeline"] = to_jsonable_python([asdict(entry) for entry in self.detail.timeline])
            content["next"] = to_jsonable_python(asdict(self.detail.next))
        if self.documents is not None:
            content["documents"] = [
                {"kind": one.claims.kind, "step": one.claims.step, "document_id": one.claims.document_id}
                for one in self.documents
            ]
            content["left_out"] = list(self.notes)
            content["evidence"] = latest_evidence(self.documents)
        return json.dumps(content, ensure_ascii=False)

    def _step(self, step: Step) -> Iterator[str]:
        moved = f"{step.get('from')} -> {step.get('to')}"
        yield f"step {step['step']}, {self._times(step.get('at'))}: {moved}"
        yield "    " + "; ".join(self._why(step))

    def _timeline(self, detail: CaseDetail) -> Iterator[str]:
        """The steps, with the SMS, documents and acts between them."""
        for entry in detail.timeline:
            if entry.idle_seconds:
                yield f"    ... {timedelta(seconds=round(entry.idle_seconds))} without anything"
            if entry.step is not None:
                told = (step for step in self.steps if step["step"] == entry.step.step)
                for step in told:
                    yield from self._step(step)
            else:
                first, *more = entry_lines(entry)
                yield f"{self._shown(entry.at)}: {first}"
                yield from more
        when = "" if detail.next.at is None else f", {self._shown(detail.next.at)}"
        yield f"next: {detail.next.what.replace('_', ' ')}{when}"

    def _why(self, step: Step) -> Iterator[str]:
        cause = step.get("cause")
        if isinstance(cause, Mapping):
            yield f"by {cause.get('type')} {cause.get('id')}"
        for name in ("rule", "note", "language"):
            if step.get(name) is not None:
                yield f"{name} {step[name]}"
        if step.get("until") is not None:
            yield f"until {self._times(step['until'])}"

    def _times(self, at: object) -> str:
        instant = _instant(at)
        if instant is None:
            return str(at)
        return self._shown(instant)

    def _shown(self, instant: datetime) -> str:
        local = instant.astimezone(ZoneInfo(self.zone))
        return f"{instant:%Y-%m-%d %H:%M:%S} UTC ({local:%Y-%m-%d %H:%M:%S} {self.zone})"

    def _local(self, at: object) -> str | None:
        instant = _instant(at)
        return None if instant is None else instant.astimezone(ZoneInfo(self.zone)).isoformat()


def _instant(at: object) -> datetime | None:
    try:
        return read_instant(str(at))
    except ValueError:
        return None


@dataclass(slots=True)
class _Taken:
    """Takes both topics' records."""

    steps: StepsTaken
    documents: DocumentsTaken | None

    def take(self, item: Item) -> None:
        if item.topic == TOPIC:
            self.steps.take(item)
        elif self.documents is not None:
            self.documents.take(item)


Detail = Callable[[str, Settings, bool], CaseDetail | None]
"""Finds the timeline of a case, with the texts of its SMS or without."""


def show_case(case: str, settings: Settings, *, evidence: bool, detail: Detail | None = None) -> Shown:
    """Read a case from the topics; `detail` finds what stands between its steps, where that is wanted.

    Raises `AskedWronglyError`, `NoSuchCaseError` and `TopicError`.
    """
    case_id = case_id_from(case)
    keys: KeySet | None = our_keys(settings) if evidence else None
    documents = None if keys is None else DocumentsTaken(keys, of_case(case_id))
    taken = _Taken(StepsTaken(case_id), documents)
    read = read_topics(settings, [TOPIC] if documents is None else [TOPIC, DOCUMENTS], taken.take)
    if not taken.steps.steps:
        raise NoSuchCaseError(f"there is no case {case_id} in {TOPIC}")
    steps = _by_number(taken.steps.steps)
    standing = Standing(case_id)
    for step in steps:
        standing.advance(step)
    named = () if documents is None else documents.named(case_id)
    return Shown(
        standing,
        steps,
        judged(taken.steps, read, named),
        settings.zone,
        None if documents is None else documents.of(case_id),
        () if documents is None else documents.notes,
        detail(case_id, settings, evidence) if detail else None,
    )


def _by_number(steps: Sequence[Step]) -> list[Step]:
    """Each step once; what was told twice differently stays twice."""
    once: list[Step] = []
    for step in steps:
        if step not in once:
            once.append(step)
    return sorted(once, key=lambda step: int(step["step"]))
