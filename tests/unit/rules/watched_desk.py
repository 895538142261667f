"""A desk of which every turn is looked at: what is told, kept and promised."""

from collections import Counter
from datetime import timedelta

from rules import person_versions
from rules.deadlines import deadlines
from rules.issuing import Issued, documents
from rules.person import Case, Person
from rules.policy import DecisionMode, Policy, Retention, TermPolicy
from rules.rule_sets import Permissions
from rules.states import DECIDED, DRAFTED, WAITING, State
from rules.turn import Advanced
from schemas.canonical import data_of, digest
from schemas.deadlines import DeadlineElapsed
from schemas.outcomes import BenefitDecided, CaseAdvanced, ProcessEnded
from schemas.questions import NoticeRequested, QuestionAsked, QuestionKind
from schemas.received import ReceivedEvent
from schemas.stored import dump_stored, load_stored
from tests.unit.rules.case_desk import IIN, MINUTE, Desk


class Watched(Desk):
    """A desk of which every turn is looked at."""

    def __init__(self, mode: DecisionMode, grace: timedelta = timedelta(0)) -> None:
        kept = timedelta(days=30)
        super().__init__(
            Policy(
                term=TermPolicy.EXCLUSIVE,
                decision_mode=mode,
                facts_grace=grace,
                retention=Retention(kept, kept, kept, kept, kept),
                allowed=Permissions(),
            )
        )
        self.seen_last: dict[str, tuple[int, str | None]] = {}

    def turn(self, cause: ReceivedEvent) -> Advanced:
        done = super().turn(cause)
        told = [data_of(effect) for effect in done.effects]
        late = self.now
        self.now += MINUTE
        again = super().turn(cause)
        self.now = late
        assert [data_of(effect) for effect in again.effects] == told, "another clock tells something else"
        made = documents(done, cause, self.policy, Issued("1", {}))
        kinds: Counter[str] = Counter(each.kind for each in made)
        heard = [
            each for each in done.effects if isinstance(each, NoticeRequested) and each.kind == "hearing"
        ]
        assert kinds["hearing"] >= len(heard), "a hearing without a document"
        for kind, event in (("ended", ProcessEnded), ("decided", BenefitDecided)):
            assert kinds[kind] == len([each for each in done.effects if isinstance(each, event)])
        version = person_versions.VERSION
        assert load_stored(Person, dump_stored(done.state, version), version, {}) == done.state
        for effect in done.effects:
            if isinstance(effect, CaseAdvanced):
                assert (effect.step - 1, effect.previous) == self.seen_last.get(effect.case_id, (0, None))
                self.seen_last[effect.case_id] = (effect.step, digest(data_of(effect)))
        for case in done.state.cases.values():
            assert (case.step, case.log_sha256) == self.seen_last[case.case_id], "a step was lost"
        for effect in done.effects:
            if isinstance(effect, QuestionAsked | NoticeRequested):
                assert effect.phone == done.state.phone
            if isinstance(effect, BenefitDecided | ProcessEnded):
                assert effect.iin == IIN
        _keeps_its_promises(done.state)
        return done

    def waits_until(self, name: str) -> None:
        """Let time pass up to this deadline, and tell it."""
        wait = next(each for each in deadlines(self.person, self.policy) if each.name.endswith(f"/{name}"))
        self.now = max(self.now, wait.at)
        self.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at))

    def copy(self) -> "Watched":
        twin = Watched(self.policy.decision_mode)
        twin.person, twin.policy, twin.now, twin.seen_last = (
            self.person,
            self.policy,
            self.now,
            dict(self.seen_last),
        )
        twin._count = self._count
        twin.service = self.service
        return twin


def _keeps_its_promises(person: Person) -> None:
    cases = person.cases.values()
    assert len([case for case in cases if case.binding]) <= 1, "two cases are consented to"
    for case in cases:
        _is_sound(person, case)
    if any(case.state is State.QUEUED and not case.withheld for case in cases):
        assert any(case.open and case.state is not State.QUEUED for case in cases), "queued behind nobody"


def _is_sound(person: Person, case: Case) -> None:
    assert (case.state in DRAFTED) == (case.draft is not None or (case.state in DRAFTED and case.held))
    assert not (case.open and person.dead) or case.state is State.RECEIVED
    if case.withheld:
        assert not person.dead
        assert case.state not in DECIDED
        assert (case.withheld.reason == "held") == case.held
        assert case.consent is None or case.held
    # What is answered, and waits for an operator, hangs on no number any more.
    if case.state in WAITING and not case.withheld:
        assert case.question
        assert (case.question.phone, case.question.withdrawn_at) == (person.phone, None)
        assert (case.consent is None) == (case.question.kind is QuestionKind.OFFER)
    if case.state in DRAFTED:
        assert case.consent
    if case.state is State.QUEUED:
        assert case.consent is None
    if case.state is State.AWAITING_HEARING and case.draft:
        assert case.hearing
        assert (case.hearing.held_on, case.hearing.told_at is None) == (None, False)
    if case.purged_at:
        assert (case.questions, case.consent, case.open) == ((), None, False)
