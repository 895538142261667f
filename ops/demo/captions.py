"""Says on the handsets which sample person each is, and leads on to the person's case in the console."""

from collections.abc import Sequence

from ops.demo.sample import Citizen
from schemas.ids import CaseId, PersonId, Pseudonyms
from sms.simulator import About, Link, Simulator

_LINK = "case in the console"


class Captions:
    """The captions of all handsets. `console_url` is where the console listens: without one, no links."""

    def __init__(
        self,
        simulator: Simulator,
        citizens: Sequence[Citizen],
        pseudonyms: Pseudonyms,
        console_url: str | None,
    ) -> None:
        self._simulator = simulator
        self._console_url = console_url
        self._people = {pseudonyms.person(citizen.iin): citizen for citizen in citizens}
        self._cases: dict[PersonId, CaseId] = {}

    def show(self) -> None:
        """Put every sample person's handset on the page, the first of the sample foremost."""
        phones = dict.fromkeys(citizen.phone for citizen in self._people.values() if citizen.phone)
        for phone in reversed(phones):
            self._describe(phone)

    def stepped(self, person_id: PersonId, case_id: CaseId) -> None:
        """A case of a person took a step: from its first one on, it can be looked at."""
        citizen = self._people.get(person_id)
        if citizen is None or self._cases.get(person_id) == case_id:
            return
        self._cases[person_id] = case_id
        if citizen.phone:
            self._describe(citizen.phone)

    def _describe(self, phone: str) -> None:
        here = [
            About(caption=citizen.story, link=self._link(person_id))
            for person_id, citizen in self._people.items()
            if citizen.phone == phone
        ]
        self._simulator.describe(phone, here)

    def _link(self, person_id: PersonId) -> Link | None:
        case_id = self._cases.get(person_id)
        if case_id is None or self._console_url is None:
            return None
        return Link(text=_LINK, url=f"{self._console_url}/cases/{case_id}")
