"""Writes golden states: what the code of today stores and sends inside, for the code of every later day.

    python -m tests.compat.write RELEASE

plays seeds of the simulation and keeps, under `tests/compat/RELEASE/`, one stored value of each kind: a
person in each state, the service, a number with a question in each stage, a journal page, a mark of the
inbound check, the daily number of SMS, the envelopes of both tables, and a record of each event that travels
between the desks. Beside each stored value stand its fields, read by the code that wrote it. A folder that is
there is never written again.
"""

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

from agents.desks import case_desk, sms_desk
from ops.simulation.runner import story
from ops.simulation.world import World
from rules.person import Person
from rules.policy import Policy
from rules.service import Service
from schemas.base import Event, Model
from schemas.cloudevents import encode, wrap
from schemas.ids import MessageId, Pseudonyms, Sid
from schemas.messages import (
    MessageAccepted,
    MessageDeferred,
    MessageInDoubt,
    MessageRejected,
)
from schemas.received import ReceivedEvent
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.conversation.line import Line
from sms.conversation.stages import Stage, stage_of
from sms.sending import catch_up, daily_number, journal
from sms.sending.catch_up import Mark
from sms.sending.daily_number import DailyNumber
from sms.sending.journal import Entry, Page
from streams import envelope

FOLDER = Path(__file__).parent
_SEEDS = range(4_000)
_PSEUDONYMS = Pseudonyms(b"the key of the golden states")
_FEW = 12
_FEW_PEOPLE = 3
_A_CASE = uuid.UUID(int=0)
_AT = datetime(2021, 7, 15, 4, tzinfo=UTC)


def main(release: str) -> None:
    """Write the folder of this release. Raises `FileExistsError` where it is there already."""
    folder = FOLDER / release
    folder.mkdir()
    states = _States()
    for seed in _SEEDS:
        world = None
        for world in _played(seed):
            states.look(world)
        if world:
            states.look_back(world)
    for kind, values in (("people", states.people), ("service", states.service), ("lines", states.lines)):
        for name, model in values.items():
            _keep(folder / kind / name, _stored(model), model)
    page = _page()
    _keep(folder / "journal" / "page", journal.dump(page), page)
    mark = Mark(read_to=_AT.replace(microsecond=120_000))
    _keep(folder / "marks" / "mark", catch_up.dump(mark), mark)
    daily = DailyNumber(number=500, said_at=_AT, day=_AT.date(), count=17)
    _keep(folder / "daily" / "daily", daily_number.dump(daily), daily)
    for name, kept in states.envelopes.items():
        value = with_a_refused_record(kept)
        _write(folder / "envelopes" / f"{name}.stored", value)
        fields = json.dumps(envelope_fields(value), ensure_ascii=False, indent=1)
        _write(folder / "envelopes" / f"{name}.fields.json", fields.encode())
    for name, record in states.records.items():
        _write(folder / "records" / f"{name}.json", _record(record))


def _played(seed: int) -> Iterator[World]:
    """The world of a seed after each of its actions; of a whole town none, which would take too long."""
    setting, made = story(seed)
    if setting.people > _FEW_PEOPLE:
        return
    world = World(setting)
    for action in made:
        world.do(action)
        yield world
    world.rest()
    yield world


class _States:
    """The richest value seen of each kind (the longer its JSON, the more it fills), and one of each field."""

    def __init__(self) -> None:
        self.people: dict[str, Model] = {}
        self.service: dict[str, Model] = {}
        self.lines: dict[str, Model] = {}
        self.records: dict[str, ReceivedEvent] = {}
        self.envelopes: dict[str, bytes] = {}
        self._longest: dict[tuple[str, str], int] = {}
        self._fields: set[str] = set()

    def look(self, world: World) -> None:
        """See whether there is anything richer than what is kept, after an action."""
        for person in world.cases.states():
            for case in person.cases.values():
                self._keep_longer("people", case.state, person, self.people)
            self._keep_fields("people", person, self.people)
            shared = world.cases.shared(person.person_id)
            if shared:
                self._keep_longer("service", "service", shared[1], self.service)
                self._keep_fields("service", shared[1], self.service)
        for line in world.lines.states():
            for stage in _stages(line):
                self._keep_longer("lines", stage, line, self.lines)
            self._keep_fields("lines", line, self.lines)

    def look_back(self, world: World) -> None:
        """See which records and envelopes a run has left."""
        for name, desk in (("people", world.cases), ("lines", world.lines)):
            for value, state in zip(desk.table.values(), desk.states(), strict=True):
                few = len(envelope.load(value).handled) <= _FEW
                if few and self._longer("envelopes", name, state):
                    self.envelopes[name] = value
        for inboxes in (world.cases.inboxes, world.lines.inboxes, world.carrier.inboxes):
            for event in (posted.event for inbox in inboxes.values() for posted in inbox.records):
                if event and self._longer("records", event.name, event.data):
                    self.records[event.name] = event

    def _keep_longer(self, kind: str, name: str, model: Model, among: dict[str, Model]) -> None:
        if self._longer(kind, name, model):
            among[name] = model

    def _longer(self, kind: str, name: str, model: Model) -> bool:
        length = len(model.model_dump_json(exclude_defaults=True))
        if length <= self._longest.get((kind, name), 0):
            return False
        self._longest[kind, name] = length
        return True

    def _keep_fields(self, kind: str, model: Model, among: dict[str, Model]) -> None:
        filled = {f"{kind}{path}" for path in _filled(model.model_dump(mode="json", exclude_defaults=True))}
        new = sorted(filled - self._fields, key=len)
        if new:
            self._fields |= filled
            among["field-" + new[-1].removeprefix(f"{kind}.").replace(".", "-")] = model


def _filled(content: object, path: str = "") -> Iterator[str]:
    """The paths of all fields that hold something; the key of a case is no field."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _filled(value, f"{path}.{'case' if len(name) == len(str(_A_CASE)) else name}")
    elif isinstance(content, list):
        for value in content:
            yield from _filled(value, path)
    elif content not in (None, False, 0, ""):
        yield path


def _stored(state: Model) -> bytes:
    """The value as its desk writes it."""
    match state:
        case Person():
            return case_desk(Policy(), _PSEUDONYMS).dump(state)
        case Service():
            return case_desk(Policy(), _PSEUDONYMS).dump(state)
        case Line():
            return sms_desk(LinePolicy(load_texts()), _PSEUDONYMS).dump(state)
        case _:
            raise TypeError(f"{type(state).__name__} is stored by no desk")


def _stages(line: Line) -> set[Stage]:
    known = [*line.past, *([line.current] if line.current else []), *line.waiting]
    return {stage_of(line, question.question_id) for question in known}


class _Names(TypedDict):
    message_id: MessageId
    phone: str
    attempt: int


def _page() -> Page:
    """A journal page with an entry of each kind."""
    page = Page()
    at = _AT.replace(microsecond=120_000)

    def names(number: int) -> _Names:
        return {"message_id": MessageId(f"message-{number}"), "phone": "+77011234567", "attempt": number}

    reports = (
        MessageAccepted(**names(1), sid=Sid("SM0001"), accepted_at=at, sent_at=_AT),
        MessageDeferred(**names(2), reason="busy", retry_after_seconds=2.5, at=at),
        MessageRejected(**names(3), code=30005, reason="unknown handset", at=at),
        MessageInDoubt(**names(4), at=at),
    )
    for report in reports:
        begun = Entry(
            message_id=report.message_id, attempt=report.attempt, called_at=at, touched_at=at
        ).begun(report.attempt, at)
        page = page.noted(
            begun.reported(report, at, open_=isinstance(report, MessageInDoubt)), timedelta(days=14)
        )
    open_ = Entry(message_id=MessageId("message-5"), attempt=1, touched_at=at).begun(1, at)
    return page.noted(open_, timedelta(days=14))


def envelope_fields(value: bytes) -> dict[str, object]:
    """What is read of an envelope: its state, and of each event handled what is remembered, as text."""
    whole = envelope.load(value)
    handled = [
        {
            "digest": key.hex(),
            "timestamp": each.timestamp,
            "offset": each.offset,
            "effects": [repr(effect) for effect in each.effects()],
        }
        for key, each in whole.handled.items()
    ]
    fields = {"state": json.loads(whole.state), "handled": handled}
    refused = {key.hex(): [offset, reason.decode()] for key, (offset, reason) in whole.refused.items()}
    # Those of before records were remembered as refused do not speak of it.
    return fields | ({"refused": refused} if refused else {})


def with_a_refused_record(value: bytes) -> bytes:
    """The envelope, with a record that was refused and may be read again."""
    whole = envelope.load(value)
    whole.refuse("a refused event", 7, "refused case: it has ended")
    return envelope.dump(whole, whole.state)


def _record(record: ReceivedEvent) -> bytes:
    """The record that carries the event, as text."""
    event: Event = record.data
    headers, value = encode(
        wrap(
            event,
            id_=record.id,
            source=record.source,
            time=record.time,
            extensions={"traceparent": "00-1-2-00"},
        )
    )
    content = {"headers": [[name, text.decode()] for name, text in headers], "value": value.decode()}
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _keep(path: Path, stored: bytes, model: Model) -> None:
    _write(path.with_suffix(".stored"), stored)
    fields = json.dumps(model.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=1)
    _write(path.with_suffix(".fields.json"), fields.encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1])
