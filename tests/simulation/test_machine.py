"""Hypothesis plays the world, so that it can look for trouble in its own way and shrink what it finds."""

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from ops.simulation.actions import (
    Carry,
    Crash,
    Edge,
    Land,
    Pass,
    Publish,
    Repeat,
    Ring,
    Settle,
    Sign,
    Status,
    Work,
    Write,
)
from ops.simulation.making import FACTS, TEXTS
from ops.simulation.scenario import HELD, Scenario
from ops.simulation.world import World
from rules.policy import DecisionMode, TermPolicy

some = st.integers(0, 11)


class Machine(RuleBasedStateMachine):
    @initialize(
        people=st.integers(1, 3),
        term=st.sampled_from(TermPolicy),
        mode=st.sampled_from(DecisionMode),
        grace=st.sampled_from((timedelta(0), timedelta(minutes=5))),
        quiet=st.booleans(),
        held=st.sampled_from(HELD),
        reports=st.booleans(),
    )
    def begin(
        self,
        people: int,
        term: TermPolicy,
        mode: DecisionMode,
        grace: timedelta,
        quiet: bool,  # noqa: FBT001
        held: timedelta,
        reports: bool,  # noqa: FBT001
    ) -> None:
        scenario = Scenario(people, term, mode, grace, quiet, held=held, reports=reports)
        self.world = World(scenario)
        for person in range(people):
            self.world.do(Publish(person, "phone0"))
            self.world.do(Publish(person, "disability"))
        self.world.do(Settle())

    @rule(person=some, fact=st.sampled_from(FACTS), ago=st.sampled_from((0, 1, 600, 3000)))
    def publish(self, person: int, fact: str, ago: int) -> None:
        self.world.do(Publish(person, fact, ago))

    @rule(
        phone=some,
        text=st.none() | st.sampled_from(TEXTS),
        how=st.sampled_from(("at once", "late", "called")),
    )
    def write(self, phone: int, text: str | None, how: str) -> None:
        self.world.do(Write(phone, text, how != "at once", how == "called"))

    @rule(phone=some)
    def agree(self, phone: int) -> None:
        self.world.do(Write(phone, None))
        self.world.do(Settle())

    @rule(pick=some)
    def land(self, pick: int) -> None:
        self.world.do(Land(pick))

    @rule(seconds=st.sampled_from((0.001, 1.0, 20.0, 600.0, 3600.0, 86400.0)))
    def wait(self, seconds: float) -> None:
        self.world.do(Pass(seconds))

    @rule(milliseconds=st.sampled_from((-1, 0, 1)))
    def come_to_an_edge(self, milliseconds: int) -> None:
        self.world.do(Edge(milliseconds))

    @rule()
    def ring(self) -> None:
        self.world.do(Ring())

    @rule(
        pick=some,
        count=st.integers(1, 5),
        crash=st.none() | st.builds(Crash, wrote=st.booleans(), sent=st.integers(0, 6)),
        lag=st.sampled_from((0.0, 2.5)),
    )
    def work(self, pick: int, count: int, crash: Crash | None, lag: float) -> None:
        self.world.do(Work(pick, count, crash, lag))

    @rule(pick=some, outcome=st.sampled_from(("accept", "lose", "defer", "reject", "doubt", "die")))
    def carry(self, pick: int, outcome: str) -> None:
        self.world.do(Carry(pick, outcome))

    @rule(
        pick=some, status=st.sampled_from(("sent", "delivered", "undelivered", "failed")), dead=st.booleans()
    )
    def status(self, pick: int, status: str, dead: bool) -> None:  # noqa: FBT001 - hypothesis names it
        self.world.do(Status(pick, status, "permanent" if dead else "passing"))

    @rule(pick=st.integers(0, 60))
    def repeat(self, pick: int) -> None:
        self.world.do(Repeat(pick))

    @rule(pick=some, granted=st.booleans())
    def sign(self, pick: int, granted: bool) -> None:  # noqa: FBT001 - hypothesis names it
        self.world.do(Sign(pick, granted))

    @rule()
    def settle(self) -> None:
        self.world.do(Settle())

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.rest()


Machine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestMachine = Machine.TestCase
