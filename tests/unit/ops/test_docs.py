import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from ops.docs.__main__ import broken, documents, main
from ops.docs.chart import CHART_SCHEMA, chart_schema, chart_settings
from ops.docs.compatible import incompatibilities
from ops.docs.schemas import asyncapi, public_schemas
from schemas.catalogue import PUBLIC_IN, PUBLIC_OUT
from streams.settings.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", sorted(documents()))
def test_the_committed_documents_are_fresh(name: str) -> None:
    committed = (DOCS / name).read_text(encoding="utf-8")
    assert committed == documents()[name], "run: make docs"


def test_the_chart_knows_every_setting_as_it_is_now() -> None:
    committed = DOCS.parent / CHART_SCHEMA
    assert committed.read_text(encoding="utf-8") == chart_schema(committed), "run: make docs"


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("JARDEM_PROFILE", "production", ["prod", ""]),
        ("JARDEM_DECISION_MODE", "officer", ["maybe"]),
        ("JARDEM_MANUAL_ROUTE_SMS", "true", ["perhaps", "2"]),
        ("JARDEM_PUBLIC_URL", "https://sms.example.kz/x#rc=5", ["sms.example.kz", "ftp://sms.example.kz"]),
        ("JARDEM_QUIET_HOURS", "09:00-21:00", ["25:00-26:00", "night"]),
        ("JARDEM_RETENTION_REFUSED", "1825", ["5 years", "-1"]),
        ("JARDEM_HEARING_DAYS", "3", ["three", "-3", "3.5"]),
        ("JARDEM_SMS_PER_SECOND", "0.5", ["fast", "-1"]),
        ("JARDEM_SMS_FROM", "1414", ["Government"]),
        ("JARDEM_SMPP_PASSWORD_FILE", "/keys/jardem/x", ["x"]),
        ("JARDEM_DATA_DIR", "/data", []),
    ],
)
def test_the_chart_refuses_values_that_no_process_would_read(
    name: str, right: str, wrong: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = {"JARDEM_PROFILE": "development"}
    validator = Draft202012Validator(chart_settings())
    assert validator.is_valid(profile | {name: right})
    assert name.endswith("_PROFILE") or validator.is_valid(profile | {name: ""})
    for value in wrong:
        (error,) = validator.iter_errors(profile | {name: value})
        assert [*error.path] == [name]
        monkeypatch.setenv(name, value)
        if value and not name.endswith("_FILE"):
            with pytest.raises(ValidationError):
                Settings()
    (error,) = validator.iter_errors(profile | {"JARDEM_NO_SUCH": "1"})
    assert "JARDEM_NO_SUCH" in error.message


def test_no_committed_schema_is_broken() -> None:
    assert broken(DOCS) == []


def test_every_public_event_has_its_schema() -> None:
    assert {path.stem for path in (DOCS / "schemas").iterdir()} == {*PUBLIC_IN, *PUBLIC_OUT}
    for schema in public_schemas().values():
        Draft202012Validator.check_schema(schema)


OLD: dict[str, Any] = {
    "properties": {
        "iin": {"type": "string"},
        "status": {"$ref": "#/$defs/Status"},
        "phone": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "route": {"$ref": "#/$defs/Route"},
        "documents": {"type": "array", "items": {"type": "string"}},
        "note": {"type": "string"},
    },
    "required": ["iin", "status", "route"],
    "$defs": {
        "Status": {"type": "string", "enum": ["paid", "ended"]},
        "Route": {"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]},
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    new = deepcopy(OLD)
    *parents, last = path.split("/")
    place: Any = new
    for parent in parents:
        place = place[int(parent) if isinstance(place, list) else parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return new


@pytest.mark.parametrize(
    ("path", "value", "incoming", "outgoing"),
    [
        ("properties/note", ..., ["note is removed"], ["note is removed"]),
        ("$defs/Route/properties", {}, ["route.where is removed"], ["route.where is removed"]),
        (
            "properties/iin/type",
            "integer",
            ["iin: type was string, is integer"],
            ["iin: type was string, is integer"],
        ),
        (
            "properties/documents/items/type",
            "integer",
            ["documents[]: type was string, is integer"],
            ["documents[]: type was string, is integer"],
        ),
        (
            "properties/phone",
            {"type": "string"},
            ["phone: type was null or string, is string"],
            [],
        ),
        (
            "properties/note",
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            [],
            ["note: type was string, is null or string"],
        ),
        (
            "properties/status",
            {"anyOf": [{"$ref": "#/$defs/Status"}, {"type": "null"}]},
            [],
            ["status: type was string, is null or string"],
        ),
        (
            "properties/phone/anyOf/0/maxLength",
            12,
            ["phone: maxLength was None, is 12"],
            ["phone: maxLength was None, is 12"],
        ),
        (
            "properties/iin/format",
            "date",
            ["iin: format was None, is date"],
            ["iin: format was None, is date"],
        ),
        ("required", ["iin", "status", "route", "note"], ["note is required now"], []),
        ("required", ["iin", "status"], [], ["route is not always there any more"]),
        ("$defs/Status/enum", ["paid"], ["status: no longer read: ended"], []),
        ("$defs/Status/enum", ["paid", "ended", "new"], [], ["status: never sent before: new"]),
        (
            "$defs/Status",
            {"type": "string"},
            ["status: its values are listed on one side only"],
            ["status: its values are listed on one side only"],
        ),
        ("properties/more", {"type": "string"}, [], []),
        ("properties/iin/title", "IIN", [], []),
    ],
)
def test_what_breaks_others_is_named(
    path: str, value: object, incoming: list[str], outgoing: list[str]
) -> None:
    new = changed(path, value)
    assert incompatibilities(OLD, new, incoming=True) == incoming
    assert incompatibilities(OLD, new, incoming=False) == outgoing


def test_a_new_required_field_breaks_the_senders_only() -> None:
    new = changed("properties/more", {"type": "string"})
    new["required"] = [*OLD["required"], "more"]
    assert incompatibilities(OLD, new, incoming=True) == ["more is new and required"]
    assert incompatibilities(OLD, new, incoming=False) == []


def test_documents_are_written_unless_they_would_break_a_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 0
    assert (tmp_path / "lifecycle.md").read_text(encoding="utf-8") == documents()["lifecycle.md"]
    path = tmp_path / "schemas" / "portal.phone-registered.v1.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["properties"]["operator"] = {"type": "string"}
    path.write_text(json.dumps(schema), encoding="utf-8")
    (tmp_path / "schemas" / "portal.gone.v1.json").write_text("{}", encoding="utf-8")
    assert main(tmp_path) == 1
    said = capsys.readouterr().err
    assert "portal.phone-registered.v1: operator is removed; an incompatible event" in said
    assert "portal.gone.v1: the event is gone" in said


def test_the_diagrams_name_a_rule_or_cause_at_every_edge() -> None:
    text = documents()["lifecycle.md"]
    edges = [line for line in text.splitlines() if "-->" in line and "[*]" not in line]
    assert len(edges) > 50
    for edge in edges:
        _, _, why = edge.partition(": ")
        assert len(why) > 3
        assert ":" not in why
        assert ";" not in why


def test_the_asyncapi_document_holds_together() -> None:
    document = asyncapi("1.0.0")
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == {*PUBLIC_IN, *PUBLIC_OUT}
    for operation in document["operations"].values():
        name = operation["channel"]["$ref"].rpartition("/")[2]
        message = document["channels"][name]["messages"]["event"]
        assert operation["action"] == ("receive" if name in PUBLIC_IN else "send")
        assert operation["messages"] == [{"$ref": f"#/channels/{name}/messages/event"}]
        assert (DOCS / message["payload"]["$ref"]).exists()
        assert message["summary"].endswith(".")
