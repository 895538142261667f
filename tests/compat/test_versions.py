"""Stored values bear a version: older ones are brought up, newer and unknown ones are refused."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.desks import case_desk, sms_desk
from rules import person_versions
from rules.person import Case, Person, Source
from rules.policy import Policy
from rules.terms import local_day
from schemas.ids import CaseId, MessageId, PersonId, Pseudonyms, decision_id_of
from schemas.stored import NewerValueError, Stored, UnreadableValueError
from schemas.times import read_instant
from schemas.values import Ground
from sms.catalogues import load_texts
from sms.conversation import line
from sms.conversation.converse import LinePolicy
from sms.conversation.line import Line, Message
from sms.sending import journal
from tests.unit.rules.case_desk import NOON

PEOPLE = case_desk(Policy(), Pseudonyms(b"any")).desk.shape
LINES = sms_desk(LinePolicy(load_texts()), Pseudonyms(b"any")).shape
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
        assert case.decision.application_date == local_day(case.consent.received_at)
        person_id = json.loads(stored)["person_id"]
        assert case.decision.decision_id == decision_id_of(person_id, case.case_id, case.consent.message_id)


OF_BEFORE = [
    path
    for release in ("c57ba95", "dd87ece", "b5d71dc")
    for path in sorted((Path(__file__).parent / release / "people").glob("*.stored"))
]
"""People of the versions 1, 2 and 3."""


def cases_of_before() -> Iterator[tuple[dict[str, Any], Case]]:
    """Each case of a golden person as it was stored, and as it is read today."""
    for path in OF_BEFORE:
        stored = path.read_bytes()
        raw, read = json.loads(stored), PEOPLE.load(stored)
        for case_id, case in read.cases.items():
            yield raw["cases"][case_id], case


def test_the_evidence_of_a_draft_of_before_is_that_of_its_offer_and_its_consent() -> None:
    languages = set()
    for raw, case in cases_of_before():
        if case.draft is None:
            continue
        [question], [answer] = case.draft.evidence.questions, case.draft.evidence.answers
        offer = raw["consent"]["offer"]
        assert (question.question_id, answer.question_id) == (offer["question_id"], offer["question_id"])
        assert question.term_ends == read_instant(offer["term_ends"])
        language = raw["draft"]["language"]
        assert (question.kind, answer.meaning) == ("offer", f"consent_{language}")
        assert case.draft.evidence.consent_to_service.text_sha256 == question.sha256
        assert case.drafts == raw.get("drafts", 1)
        languages.add(language)
    assert languages == {"kk", "ru"}


def test_a_case_of_before_came_to_rest_at_the_last_instant_that_it_knew_of() -> None:
    states = set()
    for raw, case in cases_of_before():
        if case.open:
            assert case.rested_at is None
            continue
        known = [raw["source"]["time"]]
        for question in raw.get("questions", ()):
            known += [question.get("sent_at"), question.get("term_ends")]
        known += [(raw.get("decision") or {}).get("decided_at")]
        assert case.rested_at == max(read_instant(each) for each in known if each)
        states.add(raw["state"])
    assert states == {"granted", "refused", "ended"}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_person_of_before_without_any_case_is_read(version: int) -> None:
    assert PEOPLE.load(json.dumps({"version": version, "person_id": "p"}).encode()).cases == {}


def test_days_of_before_were_those_of_almaty_and_instants_are_compared_as_such() -> None:
    stored = json.loads((Path(__file__).parent / "dd87ece" / "people" / "granted.stored").read_bytes())
    [raw] = [case for case in stored["cases"].values() if case["state"] == "granted"]
    # In Almaty the next day has begun; and a millisecond later is later, though Z sorts after a dot.
    raw["consent"]["received_at"] = "2021-07-15T19:00:00Z"
    for question, ends in zip(
        raw["questions"], ("2021-07-20T18:00:00.001Z", "2021-07-20T18:00:00Z"), strict=True
    ):
        question["term_ends"] = ends
    read = PEOPLE.load(json.dumps(stored).encode()).cases[raw["case_id"]]
    assert read.decision
    assert read.decision.application_date.isoformat() == "2021-07-16"
    assert read.rested_at == read_instant("2021-07-20T18:00:00.001Z")


def test_an_offer_that_only_the_consent_of_before_held_is_the_first_question() -> None:
    stored = json.loads((Path(__file__).parent / "dd87ece" / "people" / "granted.stored").read_bytes())
    [raw] = [case for case in stored["cases"].values() if case["state"] == "granted"]
    offer, account = raw["questions"]
    for left, asked in (([account], [offer, account]), (None, [offer])):
        raw["questions"] = left
        if left is None:
            del raw["questions"]
        case = PEOPLE.load(json.dumps(stored).encode()).cases[raw["case_id"]]
        assert [each.question_id for each in case.questions] == [each["question_id"] for each in asked]
        assert case.offer == case.questions[0]


def test_a_case_of_before_came_to_rest_with_its_decision_or_with_the_sending_of_what_has_no_term() -> None:
    stored = json.loads((Path(__file__).parent / "b5d71dc" / "people" / "granted.stored").read_bytes())
    [raw] = [case for case in stored["cases"].values() if case["state"] == "granted"]
    raw["decision"]["decided_at"] = "2021-09-01T00:00:00Z"
    case = PEOPLE.load(json.dumps(stored).encode()).cases[raw["case_id"]]
    assert case.rested_at == read_instant("2021-09-01T00:00:00Z")
    raw["questions"][-1] |= {"sent_at": "2021-09-02T00:00:00Z", "term_ends": None}
    case = PEOPLE.load(json.dumps(stored).encode()).cases[raw["case_id"]]
    assert case.rested_at == read_instant("2021-09-02T00:00:00Z")
