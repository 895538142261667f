"""The sample: made-up people, what is published about them, how they answer, and what must come of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from schemas.values import check_iin

TITLE = "registry.title-awarded.v1"
DISABILITY = "registry.disability-established.v1"
PHONE = "portal.phone-registered.v1"
ACCOUNT = "statecorp.account-known.v1"
BENEFIT = "statecorp.benefit-recorded.v1"
DEATH = "registry.death-registered.v1"

IBAN = "KZ86125KZT5004100100"
_LOOKALIKE_IBAN = "кz86 125к zт50 0410 0100"
"""The same, typed with the Cyrillic letters that look like the Latin ones."""


@dataclass(frozen=True, slots=True)
class Published:
    """An event to publish: its type and its data."""

    type: str
    data: Mapping[str, Any]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Citizen:
    """A made-up person.

    `answers` gives, for each kind of message, what the person writes back. `before` and `events` are
    published at the start, the facts first. `on_message` is published when a message of that kind arrives,
    before the answer; `on_ending` when the process ended. `expected` are the outcomes in their order.
    """

    story: str
    iin: str
    phone: str | None
    events: Sequence[Published]
    expected: Sequence[str]
    before: Sequence[Published] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    on_message: Mapping[str, Published] = field(default_factory=dict)
    on_ending: Published | None = None


def citizens(now: datetime, start: int = 0) -> list[Citizen]:
    """The sample's people; their awards and certificates are of the day before `now`.

    Another `start` makes other people with the same stories.
    """
    return _Maker(now, start).everybody()


class _Maker:
    def __init__(self, now: datetime, start: int) -> None:
        self._now = now
        self._yesterday = now.date() - timedelta(days=1)
        self._people = start

    def _iin(self) -> str:
        self._people += 1
        for digit in range(10):
            try:
                return check_iin(f"{self._born():%y%m%d}3{self._people % 10_000:04d}{digit}")
            except ValueError:
                continue
        self._people += 100
        return self._iin()

    def _born(self) -> date:
        return date(1950, 1, 1) + timedelta(days=397 * self._people % 12000)

    def _phone(self) -> str:
        return f"+7701{self._people:07d}"

    def _registered(self, iin: str, phone: str | None) -> Published:
        when = (self._now - timedelta(days=400)).isoformat()
        return Published(PHONE, {"iin": iin, "phone": phone, "registered_at": when})

    def _title(self, iin: str, title: str, **more: Any) -> Published:  # noqa: ANN401 - JSON
        award = {"award_id": f"A-{iin[-5:]}", "awarded_on": self._day(), **more}
        return Published(TITLE, {"iin": iin, "title": title, **award})

    def _disability(self, iin: str, ground: str) -> Published:
        return Published(
            DISABILITY,
            {
                "iin": iin,
                "certificate_id": f"C-{iin[-5:]}",
                "established_on": self._day(),
                "group": "2",
                "legal_ground": ground,
                "first_time": True,
            },
        )

    def _day(self, back: int = 0) -> str:
        day: date = self._yesterday - timedelta(days=back)
        return day.isoformat()

    def _account(self, iin: str) -> Published:
        return Published(ACCOUNT, {"iin": iin, "iban": IBAN})

    def _benefit(self, iin: str, status: str, back: int = 0) -> Published:
        record = {"benefit": "special_state_benefit", "status": status, "recorded_on": self._day(back)}
        return Published(BENEFIT, {"iin": iin, **record})

    def _citizen(
        self,
        story: str,
        right: str,
        *expected: str,
        before: Sequence[str] = (),
        **more: Any,  # noqa: ANN401 - the fields of Citizen
    ) -> Citizen:
        """A citizen with a phone of their own and one right: a title, or the ground of a disability."""
        iin, phone = self._iin(), self._phone()
        event = self._title(iin, right) if "_" in right else self._disability(iin, right)
        facts = [self._registered(iin, phone)]
        facts += [self._account(iin)] if "account" in before else []
        facts += [self._benefit(iin, "paid", 200)] if "benefit" in before else []
        return Citizen(story, iin, phone, [event], expected, before=facts, **more)

    def everybody(self) -> list[Citizen]:
        """All of them."""
        return [
            self._citizen(
                "a hero agrees in Kazakh and sends an account in lookalike letters",
                "peoples_hero",
                "granted kk standalone",
                answers={"offer": "1", "account": _LOOKALIKE_IBAN},
            ),
            self._citizen(
                "a hero of labour agrees in Russian and confirms the known account",
                "hero_of_labour",
                "granted ru standalone",
                before=["account"],
                answers={"offer": "да", "account_known": "5"},
            ),
            self._citizen(
                "a disability, one application together with the allowance",
                "7",
                "granted kk one_application",
                answers={"offer": "ИӘ", "one_application": "3", "account": IBAN},
            ),
            self._citizen(
                "does not know what to answer, is helped, and goes on alone",
                "1-1",
                "granted ru standalone",
                before=["account"],
                answers={
                    "offer": "а что это такое",
                    "explain_offer": "2",
                    "one_application": "4",
                    "account_known": "5",
                },
            ),
            self._refused(),
            self._citizen("says no", "peoples_hero", "ended declined", answers={"offer": "жоқ"}),
            self._citizen("never answers", "8", "ended no_reply"),
            self._citizen("answers too late", "8-1", "ended no_reply", answers={"no_reply": "1"}),
            self._citizen(
                "receives the benefit already",
                "hero_of_labour",
                "ended already_receiving",
                before=["benefit"],
            ),
            self._without_phone(),
            self._phone_later(),
            self._posthumous(),
            self._dies(),
            *self._family(),
            self._told_twice(),
        ]

    def _refused(self) -> Citizen:
        citizen = self._citizen(
            "applies elsewhere between consent and decision",
            "7",
            "refused 4",
            answers={"offer": "2", "one_application": "4", "account": IBAN},
        )
        applied = self._benefit(citizen.iin, "applied")
        return replace(citizen, on_message={"account": applied})

    def _without_phone(self) -> Citizen:
        iin = self._iin()
        title = self._title(iin, "peoples_hero")
        return Citizen("has no phone on the portal", iin, None, [title], ["ended phone_not_registered"])

    def _phone_later(self) -> Citizen:
        iin, phone = self._iin(), self._phone()
        registration = {"iin": iin, "phone": phone, "registered_at": self._now.isoformat()}
        return Citizen(
            "registers a phone only after the process ended",
            iin,
            phone,
            [self._title(iin, "hero_of_labour")],
            ["ended phone_not_registered", "granted kk standalone"],
            answers={"offer": "1", "account": IBAN},
            on_ending=Published(PHONE, registration),
        )

    def _posthumous(self) -> Citizen:
        iin, phone = self._iin(), self._phone()
        title = self._title(iin, "peoples_hero", posthumous=True)
        return Citizen(
            "a posthumous title: the family gets no SMS",
            iin,
            phone,
            [title],
            ["ended deceased"],
            before=[self._registered(iin, phone)],
        )

    def _dies(self) -> Citizen:
        citizen = self._citizen("dies while the account is asked for", "7", "ended deceased")
        death = Published(DEATH, {"iin": citizen.iin, "died_on": self._now.date().isoformat()})
        answers = {"offer": "1", "one_application": "4"}
        return replace(citizen, answers=answers, on_message={"account": death})

    def _family(self) -> list[Citizen]:
        """Two people who share a phone; the questions come one after the other."""
        mother = self._citizen(
            "shares a phone: the mother agrees",
            "peoples_hero",
            "granted kk standalone",
            before=["account"],
            answers={"offer": "1", "account_known": "5"},
        )
        iin = self._iin()
        son = Citizen(
            "shares a phone: the son says no",
            iin,
            mother.phone,
            [self._disability(iin, "7")],
            ["ended declined"],
            before=[self._registered(iin, mother.phone)],
            answers={"offer": "0"},
        )
        return [mother, son]

    def _told_twice(self) -> Citizen:
        citizen = self._citizen(
            "the registry tells the same award three times",
            "hero_of_labour",
            "granted ru standalone",
            before=["account"],
            answers={"offer": "2", "account_known": "5"},
        )
        award = citizen.events[0]
        twice = Published(award.type, award.data, id=f"award-{citizen.iin[-4:]}")
        return replace(citizen, events=[twice, twice, award])


def lines(events: Sequence[Published]) -> str:
    """The events as `jardem publish` reads them."""
    told = [
        {"type": event.type, "data": dict(event.data), **({"id": event.id} if event.id else {})}
        for event in events
    ]
    return "".join(json.dumps(line) + "\n" for line in told)
