import io
from typing import Any

import pytest
from rich.console import Console

from agents import event_desk
from ops.simulation import promises
from ops.simulation import runner as runs
from ops.simulation.command import simulate
from ops.simulation.runner import Failure, play, play_many
from ops.simulation.shrinking import shortest_story
from rules import answers, facts, lifecycle, turn
from rules.person import Person, Question
from schemas.registry import DeathRegistered
from schemas.stored import Stored, dump_stored
from sms.conversation import earlier_copies
from sms.conversation.line import Line
from sms.conversation.turn import Turn

SEEDS = 10_000


@pytest.mark.timeout(1800)
@pytest.mark.slow
def test_ten_thousand_seeds_keep_every_promise() -> None:
    played, failures = 0, []
    for count, found in play_many(0, SEEDS):
        played += count
        failures += found
    assert played == SEEDS
    assert not failures, "\n".join(shortest_story(failures[0]))


def first_failure(seeds: int) -> Failure | None:
    return next((failure for seed in range(seeds) if (failure := play(seed))), None)


def test_a_late_answer_that_counts_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Question, "open_at", lambda *_: True)
    failure = first_failure(200)
    assert failure is not None
    assert failure.promise in {
        "a late answer never counts",
        "an answer counts from the registered number only",
    }


def test_a_timely_answer_that_does_not_count_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = answers._in_time

    def forgetful(made: turn.Turn, case: object, question: Question, report: object) -> None:
        if len(made.person.cases) == 1 and question.kind == "account":
            return
        real(made, case, question, report)  # type: ignore[arg-type]

    monkeypatch.setattr(answers, "_in_time", forgetful)
    failure = first_failure(200)
    assert failure is not None
    assert failure.promise in {"a timely answer always counts", "every question ends"}


def test_a_message_to_the_dead_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn.Turn, "phone", property(lambda self: self.person.phone))
    failure = first_failure(300)
    assert failure is not None
    assert "registered number only" in failure.promise


def test_a_number_that_is_not_withdrawn_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "without_number", lambda case, *_: case)
    failure = first_failure(1000)
    assert failure is not None
    assert failure.promise == "an answer counts from the registered number only"


def test_a_grant_to_whom_receives_already_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person, "receives", property(lambda _: False))
    failure = first_failure(300)
    assert failure is not None
    assert failure.promise in {
        "no grant where the benefit is on record",
        "an officer looks at an application that may be ours",
    }


def test_a_message_at_night_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turn, "_is_answer", lambda *_: True)
    failure = first_failure(100)
    assert failure is not None
    assert failure.promise == "in quiet hours only answers go out"


def test_two_open_questions_on_a_number_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def eager(turn: Turn) -> None:
        if turn.line.waiting:
            first, *others = turn.line.waiting
            turn.retire()
            turn.change(waiting=tuple(others))
            turn.make_current(first)

    monkeypatch.setattr(Turn, "open_next", eager)
    failure = first_failure(100)
    assert failure is not None
    assert failure.promise == "one open question per number"


def test_an_answer_given_to_another_question_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Line, "put_by", lambda line, _: [each for each in (*line.past, line.current) if each][:1]
    )
    failure = first_failure(100)
    assert failure is not None
    assert failure.promise in {
        "a timely answer always counts",
        "a text answers the question that left last before it, or the no before that",
        "who wrote was not silent",
    }


def test_a_call_that_is_believed_though_the_list_tells_of_an_earlier_instant_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(earlier_copies, "is_earlier", lambda *_: False)
    failure = first_failure(300)
    assert failure is not None
    assert failure.promise in {"a timely answer always counts", "a no is taken back within the term"}


def test_a_core_that_raises_is_told_as_a_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no")

    handlers: dict[Any, Any] = {**lifecycle._HANDLERS, DeathRegistered: broken}
    monkeypatch.setattr(lifecycle, "_HANDLERS", handlers)
    failure = first_failure(100)
    assert failure is not None
    assert (failure.promise, failure.detail) == ("nothing raises", "applying raised ValueError")


def test_a_table_that_keeps_a_field_as_another_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(state: Stored, version: int) -> bytes:
        kept = state.model_copy(update={"dead": False}) if isinstance(state, Person) else state
        return dump_stored(kept, version)

    monkeypatch.setattr(event_desk, "dump_stored", forgetful)
    failure = first_failure(100)
    assert failure is not None
    assert failure.promise.endswith("a state read back from its table is another")


def test_the_story_of_a_failure_is_short_and_ends_with_the_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turn, "_is_answer", lambda *_: True)
    failure = first_failure(100)
    assert failure is not None
    story = shortest_story(failure)
    actions = [line for line in story if line.startswith("*")]
    assert story[-1] == f"BROKEN: {failure.promise}"
    assert len(actions) <= 6


def test_the_same_seed_is_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turn, "_is_answer", lambda *_: True)
    failure = first_failure(100)
    assert failure is not None
    assert play(failure.seed) == failure


def test_the_command_counts_the_runs_and_tells_the_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    assert simulate(60, 100, Console(file=said, width=200), processes=1) == 0
    assert "60 runs kept every promise" in said.getvalue()

    monkeypatch.setattr(Turn, "_is_answer", lambda *_: True)
    said = io.StringIO()
    broken = simulate(60, 0, Console(file=said, width=200), processes=1)
    assert broken > 0
    assert f"{broken} of 60 runs broke a promise" in said.getvalue()
    assert "in quiet hours only answers go out" in said.getvalue()
    assert "BROKEN" in said.getvalue()


def test_a_promise_names_what_was_broken_and_where() -> None:
    with pytest.raises(promises.BrokenPromiseError, match="no SMS twice: to the first number"):
        promises.demand(None, "no SMS twice", "to the first number")
    assert runs.promise_of(promises.BrokenPromiseError("p", "d")) == "p"
