"""What must be true of a run, whatever was killed in it. Each breach is a line that says where to look."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ops.demo.outcomes import DECIDED, describe
from schemas.ids import Pseudonyms
from schemas.outcomes import CaseAdvanced
from schemas.times import read_instant
from streams.clock import Clock
from streams.dead_letters import DEAD_LETTERS
from tests.crash.kills.evidence import OUTCOMES, Evidence, Told
from tests.crash.kills.people import Person
from tests.crash.kills.sms_record import Recorded

_FOR_WANT_OF_AN_ANSWER = {"ended no_reply", "ended not_understood"}
_MOST_LATE = 0.1
_SLACK = timedelta(seconds=2)
"""How exactly an answer's instant is known: the API's list has whole seconds, a webhook its own instant."""
_SHORTLY, _TERM_PART = timedelta(seconds=60), timedelta(days=1.5)
"""Who was heard of so shortly before a term's end may not have been asked in time (half the term at most)."""


@dataclass
class Judged:
    """What was held against what, and what was wrong."""

    breaches: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    entitlements: int = 0
    lost: int = 0
    doubled: int = 0
    late: int = 0
    sms: int = 0
    sms_twice: int = 0
    in_doubt: int = 0
    repeats: int = 0


def outcome_of_each(evidence: Evidence) -> dict[str, Told]:
    """The outcome of each case: the one with the highest step."""
    found: dict[str, Told] = {}
    for topic in OUTCOMES:
        for event in evidence.told(topic):
            case = event.data["case_id"]
            if case not in found or event.data["step"] > found[case].data["step"]:
                found[case] = event
    return found


def unfinished(evidence: Evidence, people: Sequence[Person], pseudonyms: Pseudonyms) -> list[Person]:
    """Whose entitlements have no outcome, or not the expected one."""
    outcomes = outcome_of_each(evidence)
    return [
        person
        for person in people
        if (event := outcomes.get(person.case_id(pseudonyms))) is None
        or describe(event.name, event.data) != person.story.expected
    ]


class Invariants:
    """Judges a run by its evidence."""

    def __init__(
        self, evidence: Evidence, people: Sequence[Person], pseudonyms: Pseudonyms, clock: Clock
    ) -> None:
        self._evidence = evidence
        self._people = {person.case_id(pseudonyms): person for person in people}
        self._clock = clock
        self._shortly = min(_SHORTLY, _TERM_PART / clock.scale)
        self._by_phone: dict[str, list[Recorded]] = defaultdict(list)
        for message in evidence.sms.values():
            self._by_phone[message.phone].append(message)
        self._steps: dict[str, list[Told]] = defaultdict(list)
        for event in evidence.told(CaseAdvanced.name):
            self._steps[event.data["case_id"]].append(event)

    def judge(self) -> Judged:
        """All of it."""
        judged = Judged(entitlements=len(self._people))
        self._outcomes(judged)
        self._decisions(judged)
        self._messages(judged)
        judged.breaches += [f"cannot be unpacked: {each}" for each in self._evidence.strange]
        for letter in self._evidence.records[DEAD_LETTERS]:
            reason = {name: value.decode(errors="replace") for name, value in letter.headers}
            judged.breaches.append(f"a dead letter at {letter.position}: {reason}")
        return judged

    def _outcomes(self, judged: Judged) -> None:
        """Set equality of entitlements and outcomes, each the one that the answers call for."""
        outcomes = outcome_of_each(self._evidence)
        for case, person in self._people.items():
            event = outcomes.get(case)
            if event is None:
                judged.lost += 1
                judged.breaches.append(f"no outcome: {self._tale(case, person)}")
                continue
            outcome = describe(event.name, event.data)
            judged.outcomes[outcome] += 1
            if outcome == person.story.expected:
                continue
            if outcome in _FOR_WANT_OF_AN_ANSWER and self._answered_late(case, person):
                judged.late += 1
            else:
                judged.lost += 1
                judged.breaches.append(
                    f"{outcome} in the place of {person.story.expected}: {self._tale(case, person)}"
                )
        if judged.late > _MOST_LATE * len(self._people):
            judged.breaches.append(
                f"{judged.late} of {len(self._people)} were too late: the run shows little"
            )
        judged.breaches += [f"an outcome of nobody: {case}" for case in outcomes.keys() - self._people.keys()]

    def _answered_late(self, case: str, person: Person) -> bool:
        """Whether an answer reached the SMS API only after the end of a term, as the log tells it.

        Or whether a question came so shortly before that end that it could not be answered any more.
        """
        ends = [
            self._clock.real(read_instant(until))
            for step in self._steps[case]
            if (until := step.data["until"]) is not None
        ]
        if not ends:
            return False
        answers = [message.at for message in self._by_phone[person.phone] if message.inbound]
        if len(answers) >= len(person.story.answers):
            return max(answers) > max(ends) - _SLACK
        began = self._real(min(step.data["at"] for step in self._steps[case]))
        return max([began, *answers]) > max(ends) - self._shortly

    def _decisions(self, judged: Judged) -> None:
        """No two decisions of a case, no event told twice differently, no grant without consent."""
        by_case: dict[str, set[str]] = defaultdict(set)
        by_step: dict[tuple[str, int], set[bytes]] = defaultdict(set)
        by_id: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        for topic in OUTCOMES:
            for event in self._evidence.told(topic):
                case = event.data["case_id"]
                judged.repeats += event.value in by_id[event.id]
                by_id[event.id].add(event.value)
                by_step[case, event.data["step"]].add(event.value)
                if topic == DECIDED:
                    by_case[case].add(event.data["decision_id"])
                    judged.breaches += self._without_consent(event)
        doubled = [f"two decisions of one case: {case}" for case, ids in by_case.items() if len(ids) > 1]
        doubled += [
            f"two outcomes at step {n}: {case}" for (case, n), told in by_step.items() if len(told) > 1
        ]
        doubled += [
            f"one event told twice differently: {id_}" for id_, told in by_id.items() if len(told) > 1
        ]
        judged.doubled += len(doubled)
        judged.breaches += doubled

    def _without_consent(self, event: Told) -> Iterator[str]:
        person = self._people.get(event.data["case_id"])
        if person is None or event.data["outcome"] != "granted":
            return
        decided = self._clock.real(read_instant(event.data["decided_at"]))
        written = {
            message.text
            for message in self._by_phone[person.phone]
            if message.inbound and message.at <= decided + _SLACK
        }
        if not set(person.story.answers.values()) <= written:
            yield f"granted without the answers: {self._tale(event.data['case_id'], person)}"

    def _messages(self, judged: Judged) -> None:
        """Each SMS in the API's record belongs to one message, and each message is there once."""
        doubted = self._evidence.in_doubt()
        judged.in_doubt = len(doubted)
        messages: dict[str, set[str]] = defaultdict(set)
        sids: dict[str, set[str]] = defaultdict(set)
        for event in self._evidence.accepted():
            messages[event.data["sid"]].add(event.data["message_id"])
            sids[event.data["message_id"]].add(event.data["sid"])
        ours = {sid: message for sid, message in self._evidence.sms.items() if not message.inbound}
        judged.sms = len(ours)
        told: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
        for message in ours.values():
            told[message.phone, message.text].append(message)
        doubted_texts = {
            (event.data["phone"], event.data["text"])
            for event in self._evidence.to_send()
            if event.data["message_id"] in doubted
        }
        for (phone, text), copies in told.items():
            if len(copies) > 1 and (phone, text) not in doubted_texts:
                judged.sms_twice += len(copies) - 1
                times = ", ".join(f"{copy.sid} {copy.at:%H:%M:%S.%f}" for copy in copies)
                judged.breaches.append(f"an SMS sent {len(copies)} times: {phone}: {times}: {text[:40]!r}")
        for sid, message in ours.items():
            if len(messages[sid]) != 1 and (message.phone, message.text) not in doubted_texts:
                judged.breaches.append(
                    f"the API's {sid} of {message.at:%H:%M:%S} to {message.phone} belongs to "
                    f"{len(messages[sid])} messages"
                )
        for message_id, its in sids.items():
            if len(its) > 1 and message_id not in doubted:
                judged.breaches.append(f"message {message_id} was accepted as {sorted(its)}")
            if strangers := its - ours.keys():
                judged.breaches.append(f"message {message_id}: the API's record has no {sorted(strangers)}")

    def _tale(self, case: str, person: Person) -> str:
        """What is known of a case, for whoever looks for the fault."""
        steps = sorted(self._steps[case], key=lambda step: int(step.data["step"]))
        path = "; ".join(
            f"{self._real(step.data['at']):%H:%M:%S} {step.data['to']} by {step.data['cause']['type']}"
            for step in steps
        )
        texts = "; ".join(
            f"{message.at:%H:%M:%S} {'<' if message.inbound else '>'} {message.text[:20]!r}"
            for message in sorted(self._by_phone[person.phone], key=lambda each: each.at)
        )
        return f"case {case} of person {person.number} ({person.story.name}): {path} | SMS: {texts}"

    def _real(self, text: str) -> datetime:
        return self._clock.real(read_instant(text))
