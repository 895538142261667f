"""What everybody can read is watched: each of these faults of the law is noticed, and soon."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from agents.documents import Documents
from ops.simulation.runner import Failure, kind_of, play, story, try_actions
from ops.simulation.shrinking import shortest_story
from rules import deciding, decisions, facts, issuing, numbers, steps, turn
from rules.cabinet import Occasion
from rules.person import Case
from rules.states import State
from schemas.cabinet import CabinetNotified, Claims
from schemas.outcomes import CaseAdvanced, Decision, ProcessEnded
from streams.signing import Signer


def _without_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making them would find out first that there is no such step."""
    monkeypatch.setattr(Documents, "with_documents", lambda _self, turned, *_: turned)


def promise_broken_in(seeds: int) -> str:
    return next(failure.promise for seed in range(seeds) if (failure := play(seed)))


def test_a_step_that_hangs_on_another_than_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    real = turn.Turn.move

    def forgetful(self: turn.Turn, case: Case, to: State, **others: Any) -> Case:
        moved = real(self, case, to, **others)
        return self.keep(moved.with_(log_sha256=case.log_sha256)) if to is State.QUEUED else moved

    monkeypatch.setattr(turn.Turn, "move", forgetful)
    assert promise_broken_in(60) == "the log of a case is an unbroken chain"


def test_a_decision_that_names_another_step(monkeypatch: pytest.MonkeyPatch) -> None:
    real = decisions.decision

    def behind(*given: Any) -> Decision:
        made = real(*given)
        return made.with_(step=made.step - 1)

    monkeypatch.setattr(decisions, "decision", behind)
    _without_documents(monkeypatch)
    # Without documents another promise is broken too.
    broken = {failure.promise for seed in range(60) if (failure := play(seed))}
    assert "an outcome names the step that it belongs to" in broken


def test_an_ending_that_names_another_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def ahead(*, step: int, **content: Any) -> ProcessEnded:
        return ProcessEnded(step=step + 1, **content)

    monkeypatch.setattr(steps, "ProcessEnded", ahead)
    _without_documents(monkeypatch)
    assert promise_broken_in(60) in {
        "an outcome names the step that it belongs to",
        "an outcome names a step that is told",
        "every outcome and consent has a document",
    }


def test_a_decision_that_says_something_else_than_what_was_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = deciding.pronounce

    def forged(made: turn.Turn, case: Case, signed: Decision) -> Case:
        return real(made, case, signed.with_(officer="officer-8") if signed.officer else signed)

    monkeypatch.setattr(deciding, "pronounce", forged)
    assert promise_broken_in(60) == "no decision in officer mode that nobody signed"


def test_a_grant_by_a_number_that_was_taken_away_and_no_officer_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numbers, "question_number", lambda _turn, case, _since: case)
    promise = "a grant by a number that was not the registered one is questioned"
    assert promise_broken_in(400) == promise


def test_a_grant_on_a_revoked_right_and_no_officer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "question", lambda _turn, case, _reason: case)
    assert promise_broken_in(1000) == "a grant on a right that is revoked is questioned"


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_a_failure_in_a_town_is_a_short_story_of_few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "question_death", lambda _turn, case, _died_on: case)
    towns = (seed for seed in range(2000) if kind_of(seed) == "town")
    failure = next(each for seed in towns if (each := try_actions(seed, *story(seed))))
    assert failure == Failure(failure.seed, "a grant to somebody who has died is questioned", "")
    told = shortest_story(failure)
    assert told[0].startswith(("Scenario(people=1,", "Scenario(people=2,"))
    assert len([line for line in told if line.startswith("*")]) <= 16
    assert told[-1] == f"BROKEN: {failure.promise}"


def test_a_document_that_was_altered_after_its_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Signer.issue

    def altered(self: Signer, claims: Claims) -> CabinetNotified:
        told = real(self, claims)
        head, payload, signature = told.document.split(".")
        return told.with_(document=f"{head}.{payload[:-1]}{'A' if payload[-1] != 'A' else 'B'}.{signature}")

    monkeypatch.setattr(Signer, "issue", altered)
    assert promise_broken_in(20) == "no document that does not verify"


def test_a_document_that_names_another_step(monkeypatch: pytest.MonkeyPatch) -> None:
    real = issuing._Issuing.occasion

    def elsewhere(self: issuing._Issuing, step: CaseAdvanced, applied_on: date | None = None) -> Occasion:
        return replace(real(self, step, applied_on), sha256="0" * 64)

    monkeypatch.setattr(issuing._Issuing, "occasion", elsewhere)
    assert promise_broken_in(20) == "a document names its step"


def test_a_consent_without_its_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing._Issuing, "of_step", lambda *_: iter(()))
    assert promise_broken_in(60) == "every outcome and consent has a document"
