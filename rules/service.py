"""What is in force of the whole service: paused offers, a pilot, shadow mode, as operators have said.

Each partition of the case desk keeps it, with its own history: an event is decided by what stood before it in
its partition, however often and late it is read. So whoever reads an event again after a crash decides the
same, though the service may have gone on since.
"""

from collections.abc import Callable

from pydantic import Field

from schemas.base import Instant
from schemas.ids import PersonId
from schemas.operators import OperatorActed, PilotDetails
from schemas.received import ReceivedEvent
from schemas.stored import Stored, Upcast
from schemas.turned import Turned
from schemas.values import Ground

NO_ACT = -1
"""The revision of a service on which nobody has acted yet."""
_ALL_DIGITS = 16**8

VERSION = 1
"""The version of the shape in which the service is stored."""

UPCASTS: dict[int, Upcast] = {}
"""What leads from each version to the next; kept for ever."""


class Pilot(Stored):
    """Who takes part in a pilot: a share of all persons, in percent, and the persons named."""

    share: float = 0
    persons: tuple[PersonId, ...] = ()

    def has(self, person_id: PersonId) -> bool:
        """Whether this person takes part. A share is always made of the same persons: of the first ids."""
        return person_id in self.persons or int(person_id[:8], 16) / _ALL_DIGITS < self.share / 100


class InForce(Stored):
    """What is in force from an act on.

    `revision` is the offset of that act in the partition's inbox, and `at` when it was put there. `paused`
    are all offers, `grounds` those on these grounds.
    """

    revision: int = NO_ACT
    at: Instant | None = None
    paused: bool = False
    grounds: tuple[Ground, ...] = ()
    pilot: Pilot | None = None
    shadow: bool = False


OPEN = InForce()
"""What is in force where nobody has said anything: everything goes on."""


class Stretch(Stored):
    """A part of the history: what is in force but for the pilot, and the revision that said the pilot.

    A pilot may name thousands of persons, so that it is kept once.
    """

    in_force: InForce
    piloted_at: int | None = None


class Service(Stored):
    """The history of the service in one partition, oldest first; pilots by the revision that said them.

    It reaches as far back as events may be read again.
    """

    history: tuple[Stretch, ...] = ()
    pilots: dict[int, Pilot] = Field(default_factory=dict)

    def before(self, offset: int | None) -> InForce:
        """What was in force when the event at this offset came; None: what is in force now."""
        earlier = [
            stretch for stretch in self.history if offset is None or stretch.in_force.revision < offset
        ]
        return self._whole(earlier[-1]) if earlier else OPEN

    @property
    def now(self) -> InForce:
        """What is in force since the newest act."""
        return self.before(None)

    def _whole(self, stretch: Stretch) -> InForce:
        if stretch.piloted_at is None:
            return stretch.in_force
        return stretch.in_force.with_(pilot=self.pilots[stretch.piloted_at])

    def with_newest(self, newest: InForce) -> "Service":
        """The service with what is in force from now on."""
        pilots, said_at = self.pilots, None
        if newest.pilot:
            before = self.history[-1].piloted_at if self.history else None
            same = before is not None and pilots[before] == newest.pilot
            said_at = before if same else newest.revision
            pilots = pilots if same else {**pilots, newest.revision: newest.pilot}
        bare = Stretch(in_force=newest.with_(pilot=None), piloted_at=said_at)
        return self._with((*self.history, bare), pilots)

    def settled(self, committed: int) -> "Service":
        """The service without what only events before this offset were decided by; they are read no more."""
        over = sum(stretch.in_force.revision < committed for stretch in self.history)
        return self._with(self.history[over - 1 :], self.pilots) if over > 1 else self

    def _with(self, history: tuple[Stretch, ...], pilots: dict[int, Pilot]) -> "Service":
        used = {stretch.piloted_at for stretch in history}
        kept = {said_at: pilot for said_at, pilot in pilots.items() if said_at in used}
        return self.with_(history=history, pilots=kept)


def obey(service: Service, event: ReceivedEvent) -> Turned[Service]:
    """Apply an act on the whole service. What changes nothing makes no revision."""
    act = event.data
    said = _SAID.get((act.act, act.object.kind)) if isinstance(act, OperatorActed) else None
    if said is None or not isinstance(act, OperatorActed):
        return Turned(service, (), (f"{event.name} says nothing that the case desk's service obeys",))
    before = service.now
    after = said(before, act)
    if after == before:
        return Turned(service, (), ("the service is as the act says already",))
    revision = NO_ACT if event.offset is None else event.offset
    at = event.appended_at or event.time
    return Turned(service.with_newest(after.with_(revision=revision, at=at)), (), ())


def _ground(act: OperatorActed) -> Ground:
    return Ground(act.object.id)


def _pause_ground(before: InForce, act: OperatorActed) -> InForce:
    return before.with_(grounds=tuple(sorted({*before.grounds, _ground(act)})))


def _resume_ground(before: InForce, act: OperatorActed) -> InForce:
    return before.with_(grounds=tuple(each for each in before.grounds if each is not _ground(act)))


def _begin_pilot(before: InForce, act: OperatorActed) -> InForce:
    said = PilotDetails.model_validate(act.details)
    persons = tuple(sorted({PersonId(each) for each in said.persons}))
    return before.with_(pilot=Pilot(share=said.share, persons=persons))


_SAID: dict[tuple[str, str], Callable[[InForce, OperatorActed], InForce]] = {
    ("pause", "offers"): lambda before, _: before.with_(paused=True),
    ("resume", "offers"): lambda before, _: before.with_(paused=False),
    ("pause", "ground"): _pause_ground,
    ("resume", "ground"): _resume_ground,
    ("pilot", "offers"): _begin_pilot,
    ("end_pilot", "offers"): lambda before, _: before.with_(pilot=None),
    ("shadow", "offers"): lambda before, _: before.with_(shadow=True),
    ("end_shadow", "offers"): lambda before, _: before.with_(shadow=False),
}
"""What each act says of the service. No act says anything of what another one is about."""
