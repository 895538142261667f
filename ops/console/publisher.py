"""Publishes what operators and officers do, once for each form: first to the audit, then to who obeys."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.console.access import May, User
from ops.console.audit import SOURCE, Audit
from ops.console.producer import Sink
from schemas.cloudevents import encode, wrap
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import derived_id, person_of
from schemas.json_text import write_json
from schemas.operators import ActObject, OperatorActed
from schemas.routes import PublicIn
from streams.clock import Clock
from streams.records import Outgoing

Said = DecisionSigned | HearingRecorded | TermExtended
"""What an officer says of a draft."""

_STAMPED = {"signed_at"}
"""What the clock fills in, so that it differs between two clicks on one button."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act as a form asks for it. `may` is what allows it; `case_id` is for the audit alone."""

    act: str
    object_kind: str
    object_id: str
    reason: str
    may: May = May.OPERATE
    person_id: str | None = None
    phone_id: str | None = None
    case_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def event(self, user: User) -> OperatorActed:
        """The event. Raises `pydantic.ValidationError` where something in it is not as it should be."""
        return OperatorActed.model_validate(
            {
                "act": self.act,
                "object": ActObject.model_validate({"kind": self.object_kind, "id": self.object_id}),
                "person_id": self.person_id,
                "phone_id": self.phone_id,
                "details": dict(self.details),
                "reason": self.reason.strip(),
                "operator": user.name,
            }
        )


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes acts. `form_id` names the form that was sent: sent again unchanged, it is the same act.

    Every method returns the act's id (its `ce_id`) when the broker has acknowledged both the audit's event
    and the act. Raises `NotRecordedError` where it did not: sending the same form again is then safe,
    whatever the broker has of it.
    """

    sink: Sink
    audit: Audit
    clock: Clock

    async def act(self, user: User, act: Act, *, form_id: str) -> str:
        """Publish `operator.acted.v1`. Raises `ValidationError` for what the event does not allow."""
        event = act.event(user)
        act_id = act_id_of(user, event, form_id)
        await self.audit.acted(user, act.may, act_id, person_id=act.person_id, case_id=act.case_id)
        await self._publish(event, act_id, act.person_id or act.phone_id or act.object_id)
        return act_id

    async def say(self, user: User, event: Said, *, form_id: str, case_id: str | None = None) -> str:
        """Publish what an officer says of a draft: `emaket.*`."""
        person_id = person_of(event.decision_id)
        act_id = act_id_of(user, event, form_id)
        await self.audit.acted(user, May.SIGN, act_id, person_id=person_id, case_id=case_id)
        await self._publish(event, act_id, person_id)
        return act_id

    async def _publish(self, event: PublicIn, act_id: str, key: str) -> None:
        wrapped = wrap(event, id_=act_id, source=SOURCE, time=self.clock.now(), extensions={})
        headers, value = encode(wrapped)
        await self.sink.send(Outgoing(topic=event.name, key=key.encode(), value=value, headers=headers))


def act_id_of(user: User, event: PublicIn, form_id: str) -> str:
    """The id of an act: of one user, one form and one content, so that a changed form is another act."""
    content = event.model_dump(mode="json", exclude=_STAMPED)
    digest = hashlib.sha256(write_json(content)).hexdigest()
    return derived_id("console", user.name, form_id, event.name, digest)
