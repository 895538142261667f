"""What a replay has found, in lines for people and as one JSON object."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ops.replay import missing
from ops.replay.differences import MOVED, Differences, OutcomeDiffers, StepsDiffer
from ops.replay.missing import Missing
from ops.replay.told import Text
from ops.verify.chain import Step
from schemas.deadlines import Deadline

_CODES = {"same": 0, "differs": 1, "missing": 2}
_SHOWN_ALWAYS = ("rule", "note")
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a case again.

    `rules` is the version it was replayed under, None for the rules of the day. `policies` are those of
    today's settings, which were used. `waits` is what the case would wait for at the end and does not under
    the rules of the day. Where records are missing nothing is compared.
    """

    case_id: str
    rules: str | None
    events: int
    policies: Mapping[str, str]
    found: Differences
    waits: tuple[Deadline, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Literal["same", "differs", "missing"]:
        """What was found, in a word."""
        if self.missing:
            return "missing"
        return "differs" if self.found or self.waits else "same"

    @property
    def exit_code(self) -> int:
        """0 nothing differs, 1 it does, 2 records are missing."""
        return _CODES[self.verdict]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield from (self._masked(line) for line in self._lines())

    def json(self) -> str:
        """The same as one JSON object."""
        found = self.found
        content: dict[str, Any] = {
            "case_id": self.case_id,
            "rules": self.rules,
            "verdict": self.verdict,
            "events": self.events,
            "policies": dict(self.policies),
            "steps": [
                {
                    "cause": {"type": each.cause[0], "id": each.cause[1]},
                    "told": each.told,
                    "again": each.again,
                }
                for each in found.steps
            ],
            "outcomes": [_outcome_content(each) for each in found.outcomes],
            "texts": {
                "told": [_text_content(each) for each in found.texts_told],
                "again": [_text_content(each) for each in found.texts_again],
            },
            "waits": [{"for": _what(each), "at": each.at.isoformat()} for each in self.waits],
            "missing": missing.content(self.missing),
            "notes": list(self.notes),
        }
        return self._masked(json.dumps(content, ensure_ascii=False))

    def _lines(self) -> Iterator[str]:
        rules = self.rules or "the rules of the day"
        policies = ", ".join(f"{name} {value}" for name, value in self.policies.items())
        yield f"case {self.case_id}: {self.events} events of its person, again under {rules}"
        yield f"by today's settings, whatever they were then: {policies}"
        yield from self.notes
        for each in self.found.steps:
            yield from _steps_lines(each)
        for outcome in self.found.outcomes:
            yield from _outcome_lines(outcome)
        yield from (f"text that was told and would not be: {each}" for each in self.found.texts_told)
        yield from (f"text that would be told and was not: {each}" for each in self.found.texts_again)
        yield from (
            f"it would wait for {_what(each)}, {each.at:%Y-%m-%d %H:%M:%S} UTC" for each in self.waits
        )
        yield from map(str, self.missing)
        yield self._summary()

    def _summary(self) -> str:
        if self.missing:
            return "records are missing: nothing is compared"
        found = self.found
        if self.verdict == "same":
            return "nothing differs"
        steps = sum(max(len(each.told), len(each.again)) for each in found.steps)
        texts = len(found.texts_told) + len(found.texts_again)
        return f"it differs: steps {steps}, outcomes {len(found.outcomes)}, texts {texts}"

    def _masked(self, text: str) -> str:
        """Of an IIN, which citizens write in their texts too, the last four digits are left."""
        for each in self.found.outcomes:
            iin = str((each.told or each.again or {}).get("iin") or "")
            text = text.replace(iin, f"*{iin[-4:]}") if iin else text
        return text


def _steps_lines(differs: StepsDiffer) -> Iterator[str]:
    numbers = ", ".join(str(step["step"]) for step in differs.told)
    yield f"step {numbers or '-'}, by {' '.join(differs.cause)}:"
    pairs = list(zip(differs.told, differs.again, strict=False))
    more = [name for name in MOVED[4:] if any(one.get(name) != other.get(name) for one, other in pairs)]
    for name, steps in (("told ", differs.told), ("again", differs.again)):
        yield from (f"    {name}  {_step(step, more)}" for step in steps)
        if not steps:
            yield f"    {name}  nothing"


def _step(step: Step, more: Sequence[str]) -> str:
    moved = f"{step.get('from')} -> {step.get('to')}"
    said = [f"{name} {step[name]}" for name in _SHOWN_ALWAYS if step.get(name) is not None]
    return "; ".join((moved, *said, *(f"{name} {step.get(name)}" for name in more)))


def _outcome_lines(differs: OutcomeDiffers) -> Iterator[str]:
    if differs.told is None or differs.again is None:
        yield f"{differs.name}: told {_outcome(differs.told)}; again {_outcome(differs.again)}"
        return
    yield f"{differs.name} of step {differs.told.get('step')}:"
    for name, told, again in _leaves(differs.fields):
        texts = json.dumps(told, ensure_ascii=False), json.dumps(again, ensure_ascii=False)
        if max(map(len, texts)) > _LONGEST:
            yield f"    {name}: differs, --json shows it"
        else:
            yield f"    {name}: told {texts[0]}, again {texts[1]}"


def _leaves(fields: Mapping[str, tuple[Any, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """The fields that differ, those inside of an object by their path."""
    for name, (told, again) in fields.items():
        if isinstance(told, dict) and isinstance(again, dict):
            inside = {
                f"{name}.{each}": (told.get(each), again.get(each))
                for each in dict.fromkeys((*told, *again))
                if told.get(each) != again.get(each)
            }
            yield from _leaves(inside)
        else:
            yield name, told, again


def _outcome(data: Mapping[str, Any] | None) -> str:
    if data is None:
        return "nothing"
    named = [str(data[name]) for name in ("outcome", "reason", "rules_version") if data.get(name) is not None]
    return ", ".join(named)


def _steps_content(differs: StepsDiffer) -> dict[str, Any]:
    cause = {"type": differs.cause[0], "id": differs.cause[1]}
    return {"cause": cause, "told": differs.told, "again": differs.again}


def _outcome_content(differs: OutcomeDiffers) -> dict[str, Any]:
    return {
        "name": differs.name,
        "told_step": (differs.told or {}).get("step"),
        "again_step": (differs.again or {}).get("step"),
        "fields": {name: {"told": told, "again": again} for name, (told, again) in differs.fields.items()},
    }


def _text_content(text: Text) -> dict[str, Any]:
    return {
        "what": text.what,
        "kind": text.kind,
        "language": text.language,
        "phone_id": text.number,
        "text": text.text,
    }


def _what(deadline: Deadline) -> str:
    """What is waited for: the deadline's name behind that of the case."""
    return deadline.name.partition("/")[2]
