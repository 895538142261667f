"""What any release has stored or sent inside is read by the code of today, field by field."""

import json
from base64 import b64decode
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agents.desks import case_desk, sms_desk
from rules.policy import Policy
from schemas import catalogue
from schemas.ids import Pseudonyms
from schemas.stored import UnreadableValueError
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.sending import catch_up, daily_number, journal
from streams import envelope
from streams.events import read
from streams.records import Record
from tests.compat.write import envelope_fields

FOLDER = Path(__file__).parent
_PSEUDONYMS = Pseudonyms(b"any")
_LOADERS = {
    "people": case_desk(Policy(), _PSEUDONYMS).desk.shape.load,
    "service": case_desk(Policy(), _PSEUDONYMS).shared.desk.shape.load,
    "lines": sms_desk(LinePolicy(load_texts()), _PSEUDONYMS).shape.load,
    "journal": journal.load,
    "marks": catch_up.load,
    "daily": daily_number.load,
}
_KNOWN = catalogue.CASE_EVENTS | catalogue.LINE_EVENTS | catalogue.CARRIER_EVENTS


def _golden(pattern: str) -> list[Path]:
    found = sorted(FOLDER.glob(pattern))
    assert found, f"no golden file matches {pattern}"
    return found


def _golden_json() -> list[Path]:
    """The envelopes from before they were packed."""
    return [path for path in _golden("*/envelopes/*.stored") if path.read_bytes().startswith(b"{")]


def _named(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def _differences(before: object, now: object, where: str = "") -> Iterator[str]:
    """Where a field of before is missing or other now. Fields that are new are no difference."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            if name in now:
                yield from _differences(value, now[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is gone"
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from _differences(old, new, f"{where}[{number}]")
    elif before != now:
        yield f"{where}: {before!r} is read as {now!r}"


def _with_a_field_more(content: object, field: object) -> Iterator[tuple[list[str], Any]]:
    """Copies of a value, each with a field more in another of its objects, and where that object stands."""
    waiting: list[tuple[list[str | int], object]] = [([], content)]
    while waiting:
        path, place = waiting.pop()
        if isinstance(place, dict):
            copy: Any = deepcopy(content)
            inner = copy
            for step in path:
                inner = inner[step]
            inner["later_field"] = field
            yield [step for step in path if isinstance(step, str)], copy
            waiting += [([*path, name], each) for name, each in place.items()]
        elif isinstance(place, list):
            waiting += [([*path, number], each) for number, each in enumerate(place)]


def _in_this_order(wanted: list[str], found: list[str]) -> bool:
    rest = iter(found)
    return all(step in rest for step in wanted)


def _upcast(fields: dict[str, object]) -> dict[str, object]:
    """What fields of before are called and look like today, told apart from the code that reads them."""
    match fields:
        case {"revoked": [*ids], **rest}:
            early = datetime(1970, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z")
            unsaid = {"record": None, "revoked_at": early, "restored_at": None}
            told = [{"record_id": each, **unsaid} for each in sorted(map(str, ids))]
            return _upcast({**rest, "standings": told})
        case {"cases": {**cases}, **rest}:
            return {**rest, "cases": {case_id: _case_of_today(case) for case_id, case in cases.items()}}
        case _:
            return fields


def _case_of_today(given: object) -> object:
    """A case whose consent held its offer, and whose draft's evidence was flat."""
    case: Any = given
    consent, draft = case["consent"], case["draft"]
    if consent and "offer" in consent:
        offer = consent["offer"]
        rest = {name: value for name, value in consent.items() if name != "offer"}
        case = {**case, "consent": {**rest, "question_id": offer["question_id"]}}
    if draft and "offer_text" in draft["evidence"]:
        flat = draft["evidence"]
        told = {
            "source": {name: flat[f"source_event_{name}"] for name in ("id", "source", "time", "sha256")},
            "questions": [
                {name: flat[f"offer_{name}"] for name in ("message_id", "sent_at", "text", "sha256")}
            ],
            "answers": [
                {name: flat[f"answer_{name}"] for name in ("message_id", "received_at", "text", "sha256")}
            ],
        }
        case = {**case, "draft": {**draft, "evidence": told}}
    return case


_AGGREGATES = [path for kind in ("people", "service", "lines") for path in _golden(f"*/{kind}/*.stored")]


@pytest.mark.parametrize("stored", _AGGREGATES, ids=_named)
def test_every_aggregate_of_before_is_read_field_by_field(stored: Path) -> None:
    state = _LOADERS[stored.parent.name](stored.read_bytes())
    fields = json.loads(stored.with_suffix(".fields.json").read_text(encoding="utf-8"))
    assert list(_differences(_upcast(fields), state.model_dump(mode="json", by_alias=True))) == []


_OF_THE_CARRIER = [each for kind in ("journal", "marks", "daily") for each in _golden(f"*/{kind}/*.stored")]


@pytest.mark.parametrize("stored", _OF_THE_CARRIER, ids=_named)
def test_every_journal_page_and_mark_of_before_is_read_field_by_field(stored: Path) -> None:
    value = _LOADERS[stored.parent.name](stored.read_bytes())
    fields = json.loads(stored.with_suffix(".fields.json").read_text(encoding="utf-8"))
    # The version stands beside the fields now.
    assert fields.pop("version", 1) == 1
    assert list(_differences(fields, value.model_dump(mode="json", by_alias=True))) == []


_TABLES = _AGGREGATES + _OF_THE_CARRIER


@pytest.mark.parametrize("field", ["a secret", None, {"a": "secret"}])
@pytest.mark.parametrize("stored", _TABLES, ids=_named)
def test_a_field_of_a_later_release_is_refused_in_every_object_of_every_value(
    stored: Path, field: object
) -> None:
    load = _LOADERS[stored.parent.name]
    for path, newer in _with_a_field_more(json.loads(stored.read_bytes()), field):
        with pytest.raises(UnreadableValueError) as refused:
            load(json.dumps(newer).encode())
        places = str(refused.value).partition(": ")[2].partition(";")[0].split(", ")
        # Keys of mappings are not told; the kind of an answer is, too.
        told = [*(step for step in path if step.isidentifier()), "later_field"]
        if "offer" in told:
            # It stood in a consent, and is read on its own.
            told = told[told.index("offer") + 1 :]
        assert any(_in_this_order(told, place.split(".")) for place in places), (told, places)
        assert "secret" not in str(refused.value)


def test_the_values_hold_events_and_parts_of_events_at_many_places() -> None:
    inside = {
        tuple(step for step in path if step.isidentifier())
        for stored in _TABLES
        for path, _ in _with_a_field_more(json.loads(stored.read_bytes()), 1)
    }
    assert inside >= {
        ("held_texts",),
        ("early",),
        ("current", "details"),
        ("entries", "accepted"),
        ("cases", "draft", "evidence"),
        ("cases", "questions", "late", "answer"),
    }


@pytest.mark.parametrize("stored", _golden("*/records/*.json"), ids=_named)
def test_a_field_of_a_later_release_does_no_harm_to_an_event_under_way(stored: Path) -> None:
    content = json.loads(stored.read_text(encoding="utf-8"))
    headers = tuple((name, text.encode()) for name, text in content["headers"])
    at = datetime(2021, 7, 15, 4, tzinfo=UTC)
    _, before = read(Record("any", 0, 0, at, b"any", content["value"].encode(), headers), _KNOWN)
    for field in ("text", None, {"a": 1}):
        for path, newer in _with_a_field_more(json.loads(content["value"]), field):
            if path == ["details"] and stored.stem == "operator.acted.v1":
                continue  # whatever stands there is the act's
            _, now = read(Record("any", 0, 0, at, b"any", json.dumps(newer).encode(), headers), _KNOWN)
            assert now.data == before.data


@pytest.mark.parametrize("stored", _golden("*/envelopes/*.stored"), ids=_named)
def test_every_envelope_of_before_is_taken_apart_and_its_effects_are_known(stored: Path) -> None:
    opened = envelope.load(stored.read_bytes())
    _LOADERS[stored.stem](opened.state)
    assert opened.handled
    for handled in opened.handled.values():
        for effect in handled.effects():
            assert all((effect.topic, effect.key, effect.value, effect.headers))
    written = envelope.dump(opened, opened.state)
    again = envelope.load(written)
    assert again == opened


@pytest.mark.parametrize("fields", _golden("*/envelopes/*.fields.json"), ids=_named)
def test_every_packed_envelope_holds_what_it_held_when_it_was_written(fields: Path) -> None:
    stored = fields.with_name(fields.name.replace(".fields.json", ".stored"))
    assert envelope_fields(stored.read_bytes()) == json.loads(fields.read_text(encoding="utf-8"))


@pytest.mark.parametrize("stored", _golden_json(), ids=_named)
def test_what_an_envelope_of_json_holds_is_found_in_it(stored: Path) -> None:
    """Read here once more, by what the text itself says."""
    whole = json.loads(stored.read_bytes())
    opened = envelope.load(stored.read_bytes())
    assert json.loads(opened.state) == whole["state"]
    assert len(opened.handled) == len(whole["handled"])
    for event_id, timestamp, offset, sent in whole["handled"]:
        found = opened.find(event_id)
        assert found is not None
        assert (found.timestamp, found.offset) == (timestamp, offset)
        told = [[e.topic, e.key, e.value, [list(h) for h in e.headers], e.partition] for e in found.effects()]
        assert told == [
            [
                topic,
                b64decode(key),
                b64decode(value),
                [[name, b64decode(text)] for name, text in headers],
                place,
            ]
            for topic, key, value, headers, place in sent
        ]


@pytest.mark.parametrize("stored", _golden("*/records/*.json"), ids=_named)
def test_every_internal_record_of_before_is_read_field_by_field(stored: Path) -> None:
    content = json.loads(stored.read_text(encoding="utf-8"))
    headers = tuple((name, text.encode()) for name, text in content["headers"])
    at = datetime(2021, 7, 15, 4, tzinfo=UTC)
    record = Record("any", 0, 0, at, b"any", content["value"].encode(), headers)
    _, received = read(record, _KNOWN)
    now = received.data.model_dump(mode="json", by_alias=True)
    assert list(_differences(json.loads(content["value"]), now)) == []
    assert received.name == stored.stem


def test_a_field_that_is_gone_or_read_otherwise_is_told() -> None:
    before = {"a": 1, "b": [{"c": "x"}], "d": None}
    assert list(_differences(before, {"a": 1, "b": [{"c": "y"}], "e": 2})) == [
        ".b[0].c: 'x' is read as 'y'",
        ".d is gone",
    ]
