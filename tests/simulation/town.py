"""A scenario in which a test tells a story: both cores on an in-memory network, and a willing carrier."""

from datetime import datetime, timedelta

from ops.simulation import office
from ops.simulation.actions import CaseAct, Crash, Land, Publish, Work, Write
from ops.simulation.facts import fact
from ops.simulation.ground_truth import GroundTruth
from ops.simulation.scenario import PHONES, Scenario, person_id
from ops.simulation.world import World
from rules.deadlines import deadlines
from rules.person import Case, Person
from schemas.base import Event
from schemas.ids import message_id_of, resent_id_of
from schemas.outcomes import (
    BenefitDecided,
    CaseAdvanced,
    DecisionDrafted,
    DecisionQuestioned,
    DraftVoided,
    ProcessEnded,
)
from schemas.questions import NoticeRequested, QuestionAsked
from schemas.times import ALMATY
from sms.conversation.line import Line

PHONE, OTHER_PHONE = PHONES[:2]


class Town:
    """The town of one story. All is settled after each thing that happens, unless the story says not."""

    def __init__(self, scenario: Scenario | None = None) -> None:
        self.world = World(scenario or Scenario(people=3))

    @property
    def now(self) -> datetime:
        return self.world.now

    @property
    def truth(self) -> GroundTruth:
        return self.world.truth

    # What happens.

    def learns(self, *words: str, person: int = 0, ago: timedelta = timedelta(0)) -> None:
        """Facts about a person are published."""
        for word in words:
            self.publishes(fact(word, person, self.now - ago), person=person)

    def publishes(self, event: Event, *, person: int = 0) -> None:
        self.world.publish(person_id(person), event)
        self.world.settle()

    def reads(self, text: str, phone: str = PHONE) -> None:
        """A text comes from a number and is read at once."""
        self.world.write(phone, text)
        self.world.settle()

    def passes(self, **time: float) -> None:
        """Time passes, and every deadline on the way comes when it is due."""
        end = self.now + timedelta(**time)
        while coming := [due.at for _, _, due in self.world.waits() if due.at <= end]:
            self.world.now = max(self.now, min(coming))
            self.world.ring()
            self.world.settle()
        self.world.now = end

    def reaches(self, instant: datetime) -> None:
        """Time passes until an instant; nothing is told to anybody on the way."""
        assert instant >= self.now
        self.world.now = instant

    def rings(self) -> None:
        """The deadlines that have come are told."""
        self.world.ring()
        self.world.settle()

    def writes(self, text: str) -> None:
        """A citizen writes; neither the call nor the list has brought it yet."""
        self.world.do(Write(0, text, late=True, called=True))

    def lands(self, *, settled: bool = True) -> None:
        """The call of the first kept text comes while there is one, then what the list has of it."""
        self.world.do(Land(0))
        if settled:
            self.world.settle()

    def operates(self, act: CaseAct) -> None:
        """An operator does something to the case."""
        self.world.publish(person_id(0), office.on_case(act, self.case().case_id))
        self.world.settle()

    def texts_land(self) -> None:
        """The webhooks bring what they kept."""
        while self.world.kept_texts:
            self.world.do(Land(0))
        self.world.settle()

    def has_an_offer_on_its_way(self) -> None:
        """A hero's offer has been handed to the carrier, who has not taken it yet."""
        self.world.do(Publish(0, "phone0"))
        self.world.do(Publish(0, "title"))
        self.works()

    def works(self) -> None:
        """Both desks work until nothing waits for them; the carrier does not."""
        while self.world.cases.waiting() or self.world.lines.waiting():
            self.world.do(Work(0))

    def hears(self, word: str, *, person: int = 0) -> None:
        """A fact about a person is published; nobody has read it yet."""
        self.world.do(Publish(person, word))

    def case_works(self, *, person: int = 0, count: int = 1, crash: Crash | None = None) -> None:
        """The case desk reads this many events about a person, and may die over it."""
        self.world.batch(self.world.cases, person_id(person), count, crash, self.now)

    def line_works(
        self, *, count: int = 1, crash: Crash | None = None, lag: timedelta = timedelta(0)
    ) -> None:
        """The SMS desk reads this many events of the number, by a clock that lags, and may die over it."""
        self.world.batch(self.world.lines, PHONE, count, crash, self.now - lag)

    def purges(self, *, person: int = 0) -> None:
        """Every number is told that a person's cases are purged."""
        for phone in self.world.lines.inboxes:
            for case_id in self.person(person).cases:
                self.world.purge(phone, case_id)
        self.world.settle()

    # What can be seen.

    def person(self, number: int = 0) -> Person:
        return self.world.cases.state(person_id(number))

    def case(self, record: str = "title", person: int = 0) -> Case:
        return next(case for case in self.person(person).cases.values() if case.record_id == record)

    def line(self, phone: str = PHONE) -> Line:
        return self.world.lines.state(phone)

    def told(self, phone: str = PHONE) -> list[str]:
        """What kinds of messages the number got, in order."""
        kinds: dict[str, str] = {}
        inbox = self.world.lines.inboxes.get(phone)
        for record in inbox.records if inbox else ():
            match record.data:
                case QuestionAsked() as asked:
                    kinds[message_id_of(asked.question_id)] = asked.kind.value
                case NoticeRequested() as notice:
                    kinds[notice.notice_id] = notice.kind.value
                case _:
                    pass
        told = []
        for message in (sms.message for sms in self.world.carrier.api if sms.message.phone == phone):
            told.append(kinds.get(message.message_id, "explanation"))
            kinds[resent_id_of(message.message_id)] = told[-1]
        return told

    def texts(self, phone: str = PHONE) -> list[str]:
        return [sms.message.text for sms in self.world.carrier.api if sms.message.phone == phone]

    def sent_at(self, phone: str = PHONE) -> list[str]:
        """When each message left, in Almaty."""
        sent = [sms for sms in self.world.carrier.api if sms.message.phone == phone]
        return [f"{sms.at.astimezone(ALMATY):%d.%m %H:%M}" for sms in sent]

    def notes(self, record: str = "title", person: int = 0) -> list[str]:
        """What the audit log notes about a case beside its states."""
        steps = self.world.invariants.steps[self.case(record, person).case_id]
        return [note for number in sorted(steps) if (note := steps[number].note)]

    def steps(self, record: str = "title", person: int = 0) -> list[CaseAdvanced]:
        steps = self.world.invariants.steps[self.case(record, person).case_id]
        return [steps[number] for number in sorted(steps)]

    def decisions(self) -> list[BenefitDecided]:
        return [one.data for one in self.world.published if isinstance(one.data, BenefitDecided)]

    def drafts(self) -> list[DecisionDrafted]:
        return [one.data for one in self.world.published if isinstance(one.data, DecisionDrafted)]

    def voided(self) -> list[DraftVoided]:
        return [one.data for one in self.world.published if isinstance(one.data, DraftVoided)]

    def questioned(self) -> list[DecisionQuestioned]:
        return [one.data for one in self.world.published if isinstance(one.data, DecisionQuestioned)]

    def endings(self) -> list[ProcessEnded]:
        return [one.data for one in self.world.published if isinstance(one.data, ProcessEnded)]

    def waits_for(self, what: str, record: str = "title", person: int = 0) -> datetime:
        """When a deadline of a case comes."""
        case_id = self.case(record, person).case_id
        return next(
            each.at
            for each in deadlines(self.person(person), self.world.scenario.policy)
            if each.name == f"{case_id}/{what}"
        )

    def comes_to_rest(self) -> None:
        self.world.rest()


def at(day: int, hour: int, minute: int = 0, second: int = 0, month: int = 7) -> datetime:
    """A local instant of the year in which most stories happen."""
    return datetime(2021, month, day, hour, minute, second, tzinfo=ALMATY)
