"""What is told of one case, by its topics or by a replay: steps, outcomes, and texts as they are rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ops.topic_records import Item, event_data
from ops.verify.chain import Step
from ops.verify.log import as_step
from schemas.cloudevents import NotACloudEventError, decode
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, ProcessEnded
from schemas.questions import NoticeRequested, QuestionAsked
from schemas.values import Language
from sms.texts import Texts
from streams.records import NotUnpacked, Record
from streams.topics import SMS_INBOX

STEPS = CaseAdvanced.name
OUTCOMES = (BenefitDecided.name, DecisionDrafted.name, ProcessEnded.name)
TOPICS = (STEPS, *OUTCOMES, SMS_INBOX)

Cause = tuple[str, str]
"""The type, without the prefix, and the id of the event that moved a case."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision, a draft or an ending: the event's name and its data."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """A question or a notice that the person is to be sent.

    `number` is the pseudonym of the phone. `asked_at` is the real time of the record, or of its cause; texts
    that were asked for at another time are the same.
    """

    what: str
    kind: str
    language: Language | None
    number: str
    text: str
    asked_at: datetime | None = field(default=None, compare=False)

    def __str__(self) -> str:
        language = self.language or "kk and ru"
        return f"{self.what} {self.kind}, {language}, to {self.number[:8]}: " + self.text.replace("\n", " / ")


@dataclass(slots=True)
class Told:
    """Takes records, and keeps what they tell of the case. What is told again alike is kept once."""

    case_id: str
    texts_of: Texts
    steps: list[Step] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def take(self, item: Item) -> None:
        """Take a record of one of the topics."""
        if item.topic == SMS_INBOX:
            self._take_text(item)
            return
        try:
            data = event_data(item, item.topic)
            if data.get("case_id") != self.case_id:
                return
            if item.topic == STEPS:
                self._once(self.steps, as_step(data))
            else:
                self._once(self.outcomes, Outcome(item.topic, data))
        except ValueError as error:
            self.notes.append(f"{item.position} cannot be read: {error}")

    def _once(self, kept: list[Any], one: object) -> None:
        if one not in kept:
            kept.append(one)

    def _take_text(self, item: Item) -> None:
        # Most of what stands there is of other cases, and need not be read to know that.
        if isinstance(item, NotUnpacked) or self.case_id.encode() not in (item.value or b""):
            return
        try:
            event = decode(item.value, item.headers, timestamp=item.timestamp)
            said = self._text(event.name, event.data, item)
        except (NotACloudEventError, ValueError) as error:
            self.notes.append(f"{item.position} cannot be read: {type(error).__name__}")
            return
        if said and (event.source, event.id) not in self._seen:
            self._seen.add((event.source, event.id))
            self.texts.append(said)

    def _text(self, name: str, data: bytes, item: Record) -> Text | None:
        """The text, where the event asks for one of this case. Raises `ValueError`."""
        asked: QuestionAsked | NoticeRequested
        if name == QuestionAsked.name:
            asked = QuestionAsked.model_validate_json(data)
            text = self.texts_of.question(asked.kind, asked.language, asked.details)
        elif name == NoticeRequested.name:
            asked = NoticeRequested.model_validate_json(data)
            text = self.texts_of.notice(asked.kind, asked.language, asked.details)
        else:
            return None
        if asked.case_id != self.case_id:
            return None
        number = (item.key or b"").decode()
        what = name.partition(".")[0]
        return Text(what, asked.kind, asked.language, number, text, item.timestamp)

    def by_number(self) -> list[Step]:
        """The steps in their order."""
        return sorted(self.steps, key=lambda step: int(step["step"]))

    def cause_of(self, outcome: Outcome) -> Cause | None:
        """What caused an outcome: the cause of its step, where that is there."""
        number = outcome.data.get("step")
        return next((cause_of(step) for step in self.steps if step["step"] == number), None)


def cause_of(step: Step) -> Cause:
    """What moved the case by this step."""
    cause = step.get("cause")
    told = cause if isinstance(cause, Mapping) else {}
    return str(told.get("type")), str(told.get("id"))


def event_of(record: Record) -> Cause:
    """The event of an inbox record, as a step names it; of one that cannot be read, what no step names."""
    try:
        event = decode(record.value, record.headers, timestamp=record.timestamp)
    except NotACloudEventError:
        return "", record.position
    return event.name, event.id
