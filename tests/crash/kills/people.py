"""Made-up people: what registries publish of them, what they answer, and what must come of it."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.demo.sample import ACCOUNT, DISABILITY, IBAN, PHONE, TITLE
from ops.publish.lines import prepare
from schemas.ids import CaseId, PersonId, Pseudonyms, RecordKind, case_id_of
from schemas.values import check_iin
from streams.records import Outgoing

_MOST = 9_999
SOURCE = "urn:jardem:crash"


@dataclass(frozen=True, slots=True)
class Story:
    """How somebody answers, by the kind of the text, and what comes of it, in the words of the demo.

    `title` or else a disability; `account`: the State Corporation knows one.
    """

    name: str
    answers: Mapping[str, str]
    expected: str
    title: bool = True
    account: bool = False


_AGREES = {"offer": "1", "account": IBAN}
STORIES = (
    Story("agrees in Kazakh, sends an account", _AGREES, "granted kk standalone"),
    Story(
        "agrees in Russian, confirms the account",
        {"offer": "да", "account_known": "5"},
        "granted ru standalone",
        account=True,
    ),
    Story(
        "a disability, together with the allowance",
        {"offer": "ИӘ", "one_application": "3", "account": IBAN},
        "granted kk one_application",
        title=False,
    ),
    Story(
        "is helped first",
        {"offer": "а что это такое", "explain_offer": "2", "one_application": "4", "account_known": "5"},
        "granted ru standalone",
        title=False,
        account=True,
    ),
    Story("says no", {"offer": "жоқ"}, "ended declined"),
    Story("never answers", {}, "ended no_reply", title=False),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, by number: another number is another person."""

    number: int
    story: Story

    @property
    def iin(self) -> str:
        """The twelve digits."""
        born = datetime(1950, 1, 1) + timedelta(days=self.number // 1000 * 100)  # noqa: DTZ001 - a day
        for day in range(100):
            for digit in range(10):
                try:
                    text = f"{born + timedelta(days=day):%y%m%d}3{self.number % 10_000:04d}{digit}"
                    return check_iin(text)
                except ValueError:
                    continue
        raise AssertionError("nobody has such a number")

    @property
    def phone(self) -> str:
        """Their own."""
        return f"+7701{self.number:07d}"

    def person_id(self, pseudonyms: Pseudonyms) -> PersonId:
        """The pseudonym."""
        return pseudonyms.person(self.iin)

    def case_id(self, pseudonyms: Pseudonyms) -> CaseId:
        """The case of the one entitlement."""
        kind: RecordKind = "award" if self.story.title else "certificate"
        return case_id_of(self.person_id(pseudonyms), kind, f"R-{self.number}")

    def facts(self, pseudonyms: Pseudonyms, now: datetime) -> list[Outgoing]:
        """What the portal and the State Corporation know before."""
        registered = (now - timedelta(days=400)).isoformat()
        facts = [self._record(pseudonyms, now, PHONE, {"phone": self.phone, "registered_at": registered})]
        if self.story.account:
            facts.append(self._record(pseudonyms, now, ACCOUNT, {"iban": IBAN}))
        return facts

    def entitlement(self, pseudonyms: Pseudonyms, now: datetime) -> Outgoing:
        """The award or the disability."""
        day = (now - timedelta(days=1)).date().isoformat()
        if self.story.title:
            award = {"title": "peoples_hero", "award_id": f"R-{self.number}", "awarded_on": day}
            return self._record(pseudonyms, now, TITLE, award)
        certificate = {
            "certificate_id": f"R-{self.number}",
            "established_on": day,
            "group": "2",
            "legal_ground": "7",
            "first_time": True,
        }
        return self._record(pseudonyms, now, DISABILITY, certificate)

    def _record(
        self, pseudonyms: Pseudonyms, now: datetime, name: str, data: Mapping[str, object]
    ) -> Outgoing:
        """The record of an event; its id is the same whenever it is published again."""
        id_ = f"{name.split('.')[1]}-{self.number}"
        line = {"type": name, "id": id_, "source": SOURCE, "data": {"iin": self.iin, **data}}
        return prepare(1, json.dumps(line).encode(), pseudonyms, now).record


def people(seed: int, silent: int = _MOST) -> list[Person]:
    """As many as a run can use, each with a story. Of the first `silent` some never answer."""
    chance = random.Random(seed)  # noqa: S311
    answering = [story for story in STORIES if story.answers]
    return [
        Person(number, chance.choice(STORIES if number <= silent else answering))
        for number in range(1, _MOST)
    ]
