"""What becomes of each case as the citizens and the registry see it: texts, answers, decisions, and when.

A full case is: the award is published; the offer arrives, `1` is answered; the question for the account
arrives, the IBAN is answered; the grant is decided, and the text that says so arrives. Which text it is is
known by its place: the first is the offer, the second asks for the account, the third tells the decision.
Anything else is a fault, and a run with faults has no figure.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ops.bench.load.people import Citizen

TEXTS = 3
"""How many texts arrive in a full case."""

_SHOWN = 5


@dataclass(slots=True)
class Case:
    """One case. Instants are seconds of the loop's clock; `answers` are what is written to each text."""

    citizen: Citizen
    begun_at: float
    answers: Sequence[str]
    measured: bool = True
    texts: int = 0
    answered_at: float = 0.0
    decisions: set[str] = field(default_factory=set)
    outcome: str = ""
    done_at: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing of it is to come."""
        if not self.answers:
            return self.texts > 0
        return self.texts >= TEXTS and bool(self.decisions)


class Cases:
    """All cases of the load. `write(case, text)` brings an answer, `ended` hears of each that is complete."""

    def __init__(self, write: Callable[[Case, str], None], now: Callable[[], float]) -> None:
        self._write = write
        self._now = now
        self._by_phone: dict[str, Case] = {}
        self._by_iin: dict[str, Case] = {}
        self.ended: Callable[[Case], None] = lambda _: None
        self.first: list[float] = []
        self.next: list[float] = []
        self.whole: list[float] = []
        self.others = 0
        self.faults: Counter[str] = Counter()
        self.under_way = 0

    def begin(self, citizen: Citizen, *, silent: bool, measured: bool) -> Case:
        """A case whose award is published now."""
        answers = () if silent else ("1", citizen.iban)
        case = Case(citizen, self._now(), answers, measured)
        self._by_phone[citizen.phone] = self._by_iin[citizen.iin] = case
        self.under_way += 1
        return case

    def forget(self) -> None:
        """Begin anew: what was measured is forgotten, the cases that are open too."""
        self._by_phone.clear()
        self._by_iin.clear()
        self.first, self.next, self.whole = [], [], []
        self.faults.clear()
        self.others = self.under_way = 0

    def text_arrived(self, phone: str) -> None:
        """A text arrived on a handset."""
        now, case = self._now(), self._by_phone.get(phone)
        if case is None:
            self.others += 1
            return
        place = case.texts
        case.texts += 1
        if case.measured:
            if place == 0:
                self.first.append(now - case.begun_at)
            elif case.answers and place < TEXTS:
                self.next.append(now - case.answered_at)
        if case.answers and place >= TEXTS:
            self.faults["a text more than a full case has"] += 1
        elif place < len(case.answers):
            case.answered_at = now
            self._write(case, case.answers[place])
        self._look(case, now)

    def decided(self, iin: str, decision_id: str, outcome: str) -> None:
        """A decision was seen; the same again is a repeat, and counts once."""
        case = self._by_iin.get(iin)
        if case is None or decision_id in case.decisions:
            return
        if case.decisions:
            self.faults["a second decision in one case"] += 1
        if outcome != "granted":
            self.faults[f"decided otherwise: {outcome}"] += 1
        case.decisions.add(decision_id)
        self._look(case, self._now())

    def _look(self, case: Case, now: float) -> None:
        if case.done_at or not case.complete:
            return
        case.done_at = now
        self.under_way -= 1
        if case.measured:
            self.whole.append(now - case.begun_at)
        self.ended(case)

    def missing(self) -> list[str]:
        """What is still to come of the cases that are open, in words; of a few of them by their numbers."""
        open_cases = [case for case in self._by_phone.values() if not case.done_at]
        stages = Counter(f"{case.texts} texts, {len(case.decisions)} decisions" for case in open_cases)
        told = [f"{count} cases stand at {stage}" for stage, count in sorted(stages.items())]
        if open_cases:
            few = ", ".join(str(case.citizen.number) for case in open_cases[:_SHOWN])
            told.append(f"of citizens number {few}{' and others' if len(open_cases) > _SHOWN else ''}")
        return told
