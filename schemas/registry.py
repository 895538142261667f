"""Events of the state registries: awards, disabilities, revocations and their undoing, deaths, totals."""

from typing import ClassVar, Literal

from pydantic import Field, StrictBool

from schemas.base import Day
from schemas.ids import CaseId, PersonId, case_id_of
from schemas.routes import PublicIn, PublicKept
from schemas.values import Iin, Sha256


class TitleAwarded(PublicIn):
    """A title was awarded (R1). `legal_capacity` says who may act for the person, where the registry knows.

    {"iin": "850101300015", "title": "peoples_hero", "award_id": "A-2021-17", "awarded_on": "2021-07-12"}
    """

    name: ClassVar[str] = "registry.title-awarded.v1"

    iin: Iin
    title: Literal["peoples_hero", "hero_of_labour"]
    award_id: str = Field(min_length=1, max_length=200)
    awarded_on: Day
    posthumous: StrictBool = False
    legal_capacity: Literal["full", "guardian", "minor"] | None = None


class DisabilityEstablished(PublicIn):
    """A disability was established (R7).

    The event names its legal ground; it is never derived from the group.

    {"iin": "850101300015", "certificate_id": "C-77", "established_on": "2021-07-12", "group": "2",
     "legal_ground": "7", "first_time": true}
    """

    name: ClassVar[str] = "registry.disability-established.v1"

    iin: Iin
    certificate_id: str = Field(min_length=1, max_length=200)
    established_on: Day
    group: Literal["1", "2", "3", "child"]
    legal_ground: Literal["1-1", "7", "8", "8-1"]
    first_time: StrictBool
    in_baikonur: StrictBool = False
    legal_capacity: Literal["full", "guardian", "minor"] | None = None


def case_id_of_right(person_id: PersonId, event: TitleAwarded | DisabilityEstablished) -> CaseId:
    """The case that an entitlement gives rise to."""
    if isinstance(event, TitleAwarded):
        return case_id_of(person_id, "award", event.award_id)
    return case_id_of(person_id, "certificate", event.certificate_id)


class EntitlementRevoked(PublicIn):
    """An award or a certificate was revoked.

    `record` says whether `record_id` is an award's or a certificate's; the two may be the same. Left out, an
    id that both bear ends neither.

    {"iin": "850101300015", "record_id": "A-2021-17", "record": "title", "reason": "awarded in error"}
    """

    name: ClassVar[str] = "registry.entitlement-revoked.v1"

    iin: Iin
    record_id: str = Field(min_length=1, max_length=200)
    record: Literal["title", "disability"] | None = None
    reason: str = ""


class EntitlementRestored(PublicIn):
    """A revocation was an error: the award or certificate stands, and what it ended starts anew.

    {"iin": "850101300015", "record_id": "A-2021-17", "record": "title", "reason": "revoked in error"}
    """

    name: ClassVar[str] = "registry.entitlement-restored.v1"

    iin: Iin
    record_id: str = Field(min_length=1, max_length=200)
    record: Literal["title", "disability"] | None = None
    reason: str = ""


class DeathRegistered(PublicIn):
    """A death was registered.

    {"iin": "850101300015", "died_on": "2021-07-14"}
    """

    name: ClassVar[str] = "registry.death-registered.v1"

    iin: Iin
    died_on: Day


class DeathAnnulled(PublicIn):
    """The registered death was an error: the person lives, and what the death ended starts anew.

    {"iin": "850101300015", "reason": "another person of the same name"}
    """

    name: ClassVar[str] = "registry.death-annulled.v1"

    iin: Iin
    reason: str = ""


class DayTotalled(PublicKept):
    """What a registry sent in a day, for reconciliation: nothing follows from it for anybody.

    `topic` and `source` (the `ce_source`) say which events are totalled: those whose `ce_time` lies in `day`,
    in UTC. `count` is how many there are, each id once; `digest` is the SHA-256 of their `ce_id`, sorted by
    bytes, each followed by a line feed. Totals are not totalled.

    {"topic": "registry.title-awarded.v1", "source": "urn:registry:awards", "day": "2021-07-12", "count": 1,
     "digest": "b064fdfba06d57c81182375f6adecaeaba3c1405f21693955dcde9f8f3a26bd2"}
    """

    name: ClassVar[str] = "registry.day-totalled.v1"

    topic: Literal[
        "registry.title-awarded.v1",
        "registry.disability-established.v1",
        "registry.entitlement-revoked.v1",
        "registry.entitlement-restored.v1",
        "registry.death-registered.v1",
        "registry.death-annulled.v1",
    ]
    source: str = Field(min_length=1)
    day: Day
    count: int = Field(strict=True, ge=0)
    digest: Sha256
