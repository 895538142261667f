"""Who looked at whom, and did what: `audit.console.v1`, acknowledged before anything is shown or done."""

from dataclasses import dataclass
from uuid import uuid4

from ops.console.access import May, NotAllowedError, User
from ops.console.metrics import AUDITED
from ops.console.producer import NotRecordedError, Sink
from schemas.audit import ConsoleAudited
from schemas.cloudevents import encode, wrap
from schemas.ids import CaseId, PersonId, derived_id
from streams.clock import Clock
from streams.records import Outgoing

SOURCE = "urn:jardem:console"
"""The `ce_source` of every event of the console."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Tells of looks and acts. Each method returns when the broker has the event.

    Each raises `NotRecordedError` where it has not within seconds: then nothing may be shown or done; and
    `NotAllowedError` where no role of the user's allows it. The first that does is told.
    """

    sink: Sink
    clock: Clock

    async def looked(self, user: User, *, person_id: str | None = None, case_id: str | None = None) -> None:
        """Somebody looks at a person or a case, masked."""
        await self._tell(user, May.LOOK, "looked", person_id=person_id, case_id=case_id)

    async def unmasked(self, user: User, *, person_id: str | None = None, case_id: str | None = None) -> None:
        """Somebody looks at what names a person: IINs, numbers, accounts, texts."""
        await self._tell(user, May.UNMASK, "unmasked", person_id=person_id, case_id=case_id)

    async def searched(self, user: User, *, person_id: str | None = None) -> None:
        """Somebody looks for a person, who may be unknown here."""
        await self._tell(user, May.LOOK, "searched", person_id=person_id)

    async def exported(self, user: User, *, person_id: str | None = None, case_id: str | None = None) -> None:
        """Somebody takes a list with them: a CSV, a day's outcomes, a year's report."""
        await self._tell(user, May.BROWSE, "exported", person_id=person_id, case_id=case_id)

    async def acted(
        self,
        user: User,
        may: May,
        act_id: str,
        *,
        person_id: str | None = None,
        case_id: str | None = None,
    ) -> None:
        """Somebody does the act with this `ce_id`, which `may` allows. Told twice, it is one event."""
        await self._tell(user, may, "acted", act_id=act_id, person_id=person_id, case_id=case_id)

    async def _tell(
        self,
        user: User,
        may: May,
        what: str,
        *,
        act_id: str | None = None,
        person_id: str | None = None,
        case_id: str | None = None,
    ) -> None:
        role = user.role_for(may)
        if role is None:
            raise NotAllowedError(may)
        now = self.clock.now()
        event = ConsoleAudited(
            who=user.name,
            role=role.value,
            at=now,
            what=what,
            act_id=act_id,
            person_id=None if person_id is None else PersonId(person_id),
            case_id=None if case_id is None else CaseId(case_id),
        )
        id_ = str(uuid4()) if act_id is None else derived_id("audit", act_id)
        headers, value = encode(wrap(event, id_=id_, source=SOURCE, time=now, extensions={}))
        key = None if person_id is None else person_id.encode()
        try:
            await self.sink.send(Outgoing(topic=event.name, key=key, value=value, headers=headers))
        except NotRecordedError:
            AUDITED.labels(what, "refused").inc()
            raise
        AUDITED.labels(what, "recorded").inc()
