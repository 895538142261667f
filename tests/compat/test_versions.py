"""Stored values bear a version: older ones are brought up, newer and unknown ones are refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.desks import case_desk, sms_desk
from rules import person_versions
from rules.person import Case, Person, Source
from rules.policy import Policy
from schemas.ids import CaseId, MessageId, PersonId, Pseudonyms
from schemas.stored import NewerValueError, Stored, UnreadableValueError
from schemas.values import Ground
from sms.catalogues import load_texts
from sms.conversation import line
from sms.conversation.converse import LinePolicy
from sms.conversation.line import Line, Message
from sms.sending import journal
from tests.unit.rules.case_desk import NOON

PEOPLE = case_desk(Policy(), Pseudonyms(b"any"))
LINES = sms_desk(LinePolicy(load_texts()), Pseudonyms(b"any"))
PERSON = Person(
    person_id=PersonId("p"),
    cases={
        CaseId("c"): Case(
            case_id=CaseId("c"),
            ground=Ground.PEOPLES_HERO,
            record="award",
            record_id="A",
            source=Source(id="e", source="s", time=NOON, sha256="d"),
        )
    },
)
LINE = Line(
    phone="+77011234567",
    messages=(Message(message_id=MessageId("m"), text="t", case_id=CaseId("c"), person_id=PersonId("p")),),
)
DESKS: list[tuple[Callable[[bytes], Stored], bytes, int]] = [
    (PEOPLE.load, PEOPLE.dump(PERSON), person_versions.VERSION),
    (LINES.load, LINES.dump(LINE), line.VERSION),
]


@pytest.mark.parametrize(("load", "stored", "version"), DESKS)
def test_what_is_stored_bears_its_version_and_is_read_again(
    load: Callable[[bytes], Stored], stored: bytes, version: int
) -> None:
    assert json.loads(stored)["version"] == version
    assert load(stored) in (PERSON, LINE)


@pytest.mark.parametrize("empty", [Person(person_id=PersonId("p")), Line()])
def test_an_empty_value_is_read_again(empty: Person | Line) -> None:
    again: Stored = (
        PEOPLE.load(PEOPLE.dump(empty)) if isinstance(empty, Person) else LINES.load(LINES.dump(empty))
    )
    assert again == empty


@pytest.mark.parametrize(("load", "stored", "version"), DESKS)
def test_a_newer_version_is_refused_by_its_number_and_with_what_to_do(
    load: Callable[[bytes], Stored], stored: bytes, version: int
) -> None:
    newer = json.dumps({**json.loads(stored), "version": version + 1}).encode()
    with pytest.raises(UnreadableValueError, match=rf"version {version + 1}.*up to version {version}: run"):
        load(newer)


@pytest.mark.parametrize(("load", "stored", "version"), DESKS)
@pytest.mark.parametrize("back", [0, 1])
def test_an_unknown_field_is_refused_wherever_it_stands(
    load: Callable[[bytes], Stored], stored: bytes, version: int, back: int
) -> None:
    content = json.loads(stored)
    content["version"] = version - back
    inner = content["cases"]["c"] if "cases" in content else content["messages"][0]
    for place in (content, inner):
        place["surprise"] = "a secret"
        with pytest.raises(UnreadableValueError, match="surprise") as refused:
            load(json.dumps(content).encode())
        assert "a secret" not in str(refused.value)
        del place["surprise"]


@pytest.mark.parametrize("wrong", [b"", b"[]", b"null", b"{", b'{"version":"2"}', b'{"version":null}'])
def test_what_is_no_value_of_ours_is_refused(wrong: bytes) -> None:
    for load, _, _ in DESKS:
        with pytest.raises(UnreadableValueError):
            load(wrong)


def test_a_journal_of_a_newer_version_stops_the_sending() -> None:
    page = journal.dump(journal.Page()).replace(b'"version":2', b'"version":3')
    with pytest.raises(NewerValueError, match="version 3"):
        journal.load(page)
    with pytest.raises(UnreadableValueError) as refused:
        journal.load(b"{}}")
    assert not isinstance(refused.value, NewerValueError)


@pytest.mark.parametrize("name", ["granted", "refused"])
@pytest.mark.parametrize("release", ["c57ba95", "dd87ece"])
def test_a_decision_of_before_can_be_compared_with_what_is_learnt_later(release: str, name: str) -> None:
    stored = (Path(__file__).parent / release / "people" / f"{name}.stored").read_bytes()
    cases = [case for case in PEOPLE.load(stored).cases.values() if case.state == name]
    assert cases
    for case in cases:
        assert case.decision is not None
        assert (case.decision.outcome, case.decision.decided_at) == (name, None)
        assert case.consent is not None
        assert case.decision.consented_at == case.consent.received_at
