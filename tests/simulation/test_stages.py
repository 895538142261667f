from collections import Counter
from random import Random

from ops.simulation.desk_model import Application
from ops.simulation.making import few_actions
from ops.simulation.scenario import scenario
from ops.simulation.world import World
from rules import states
from schemas.ids import QuestionId
from sms.conversation import stages
from sms.conversation.line import Line
from sms.conversation.stages import Stage, stage_of


def questions(line: Line) -> set[QuestionId]:
    current = [line.current] if line.current else []
    return {question.question_id for question in (*line.past, *current, *line.waiting)}


class Watched(World):
    """A world that counts the steps of questions and of cases."""

    seen: Counter[tuple[Stage, Stage]]

    def _watch_line(self, done: Application[Line]) -> None:
        super()._watch_line(done)
        for question_id in questions(done.before) | questions(done.after):
            step = stage_of(done.before, question_id), stage_of(done.after, question_id)
            if step[0] is not step[1]:
                self.seen[step] += 1


def test_the_tables_of_steps_are_what_the_cores_do() -> None:
    steps: Counter[tuple[Stage, Stage]] = Counter()
    cases: Counter[tuple[str, str]] = Counter()
    for seed in range(50_000, 50_300):
        chance = Random(seed)  # noqa: S311 - repeatable, not secret
        town = scenario(chance)
        world = Watched(town)
        world.seen = steps
        world.play(few_actions(chance, town))
        for told in world.invariants.steps.values():
            cases.update((step.from_, step.to) for step in told.values())
    # A worker has to die at a rare moment for this one; the conversation's own tests take it.
    rare = {(Stage.HELD, Stage.PUT)}
    assert set(stages.TRANSITIONS) - rare <= set(steps) <= set(stages.TRANSITIONS)
    moved = {step for step in cases if step[0] != step[1]}
    known = {(start.value, end.value) for start, end in states.TRANSITIONS}
    assert moved <= known
