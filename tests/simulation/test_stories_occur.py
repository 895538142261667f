"""Each story that the simulation is there for occurs in its runs of every kind, and goes on doing so."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, count, islice, pairwise

import pytest

from ops.simulation.ground_truth import Known
from ops.simulation.runner import Kind, kind_of, story
from ops.simulation.world import World
from rules.policy import DecisionMode
from schemas.evidence import AnswerEvidence
from schemas.outcomes import BenefitDecided, DecisionDrafted, DraftVoided

FIRST = 210_000
RUNS: dict[Kind, int] = {"few": 800, "swarm": 1000, "town": 200}
"""How many runs of each kind are looked at, the first ones from that seed on."""

AT_LEAST: dict[Kind, dict[str, int]] = {
    "few": {
        "a second right": 160,
        "a right that waits for another": 75,
        "another right ends with a grant": 13,
        "a death that was annulled": 10,
        "a right that is revoked": 37,
        "a right that is restored": 11,
        "a number that changes hands": 45,
        "a consent that is withdrawn": 10,
        "a draft that is void": 8,
        "a draft that is signed": 28,
        "an answer that counts as of before its call": 8,
        "a grant": 76,
        "a refusal": 5,
        "a grant that is questioned": 10,
    },
    "swarm": {
        "a second right": 98,
        "a right that waits for another": 42,
        "another right ends with a grant": 2,
        "a death that was annulled": 21,
        "a right that is revoked": 39,
        "a right that is restored": 16,
        "a number that changes hands": 20,
        "a consent that is withdrawn": 33,
        "a draft that is void": 7,
        "a draft that is signed": 15,
        "an answer that counts as of before its call": 2,
        "a grant": 36,
        "a refusal": 7,
        "a grant that is questioned": 3,
    },
    "town": {
        "a second right": 90,
        "a right that waits for another": 90,
        "another right ends with a grant": 70,
        "a death that was annulled": 60,
        "a right that is revoked": 80,
        "a right that is restored": 22,
        "a number that changes hands": 90,
        "a consent that is withdrawn": 70,
        "a draft that is void": 20,
        "a draft that is signed": 38,
        "an answer that counts as of before its call": 4,
        "a grant": 90,
        "a refusal": 25,
        "a grant that is questioned": 48,
    },
}
"""In how many of these runs each story occurs at least: about half of what it did at first."""


def seeds(kind: Kind) -> Iterator[int]:
    return islice((seed for seed in count(FIRST) if kind_of(seed) == kind), RUNS[kind])


def told(seed: int) -> tuple[Kind, set[str]]:
    """The stories of a run."""
    setting, made = story(seed)
    world = World(setting)
    world.play(made)
    return kind_of(seed), {*from_steps(world), *from_outcomes(world)}


def from_steps(world: World) -> Iterator[str]:
    for steps in world.invariants.steps.values():
        for step in steps.values():
            moves, cause = step.from_ != step.to, step.cause.type
            if step.to == "queued":
                yield "a right that waits for another"
            if step.note == "another_ground" and step.to == "ended":
                yield "another right ends with a grant"
            if step.note == "death_annulled":
                yield "a death that was annulled"
            if step.note == "revoked" and moves:
                yield "a right that is revoked"
            if cause == "registry.entitlement-restored.v1" and step.from_ == "ended" and moves:
                yield "a right that is restored"
            if step.note == "withdrawn" and moves:
                yield "a consent that is withdrawn"


def from_outcomes(world: World) -> Iterator[str]:
    drafts = set()
    for event in world.published:
        match event.data:
            case DecisionDrafted() as draft:
                drafts.add(draft.decision_id)
            case DraftVoided() if world.scenario.mode is DecisionMode.OFFICER:
                yield "a draft that is void"
            case BenefitDecided() as decision:
                if any(counts_as_of_before_its_call(world, each) for each in decision.evidence.answers):
                    yield "an answer that counts as of before its call"
                yield "a grant" if decision.outcome == "granted" else "a refusal"
                if decision.decision_id in drafts:
                    yield "a draft that is signed"
    if world.invariants.public.questioned:
        yield "a grant that is questioned"
    if any(len(person.cases) > 1 for person in world.cases.states()):
        yield "a second right"
    if changes_hands(list(world.truth.people.values())):
        yield "a number that changes hands"


def counts_as_of_before_its_call(world: World, answer: AnswerEvidence) -> bool:
    """Whether the SMS API called us with an answer later than it counts."""
    called_at = world.truth.texts[answer.message_id].called_at
    return called_at is not None and answer.received_at < called_at


def changes_hands(people: list[Known]) -> bool:
    """Whether a number is registered for somebody after somebody else has left it for another or for none."""
    for known in people:
        for before, after in pairwise(known.registrations):
            others = [fact for other in people if other is not known for fact in other.registrations]
            taken = [fact for fact in others if fact.registered_at >= after.registered_at]
            if before.phone not in (None, after.phone) and before.phone in [fact.phone for fact in taken]:
                return True
    return False


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_every_story_occurs() -> None:
    found: dict[Kind, Counter[str]] = {kind: Counter() for kind in AT_LEAST}
    with ProcessPoolExecutor() as pool:
        played = chain.from_iterable(map(seeds, RUNS))
        for kind, stories in pool.map(told, played, chunksize=10):
            found[kind].update(stories)
    for kind, wanted in AT_LEAST.items():
        rare = {name: found[kind][name] for name, least in wanted.items() if found[kind][name] < least}
        assert not rare, f"{kind}: {rare}"
