"""Several carriers as one: each number's messages go to its operator, or to another where that is away.

A message is offered to the next carrier only where the one before surely did not take it. Where nobody knows
that, it is in doubt, as with one carrier.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self

from schemas.ids import MessageId, Sid
from schemas.values import Phone
from sms.carrier import Accepted, CannotBeAskedError, Carrier, NotNow, Outcome, Refused, Texts


class RoutedCarrier:
    """Hands each message to one of the `carriers`, by the names that `route` gives for its number, in order.

    What it accepts bears the name and the sender of the carrier that took it.
    """

    def __init__(self, carriers: Mapping[str, Carrier], route: Callable[[str], Sequence[str]]) -> None:
        self._carriers = carriers
        self._route = route

    @property
    def name(self) -> str:
        """What it is called where no carrier has taken anything."""
        return "routed"

    @property
    def sender(self) -> str:
        """The senders of all, parted by commas."""
        return ",".join(dict.fromkeys(carrier.sender for carrier in self._carriers.values()))

    async def __aenter__(self) -> Self:
        """Open all of them."""
        await asyncio.gather(*(carrier.__aenter__() for carrier in self._carriers.values()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all of them."""
        closing = (carrier.__aexit__(kind, error, trace) for carrier in self._carriers.values())
        await asyncio.gather(*closing)

    def meaning_of(self, code: int | None) -> str:
        """What the first of them says that knows the code."""
        meanings = [(each.meaning_of(code), each.meaning_of(None)) for each in self._carriers.values()]
        return next((meaning for meaning, unknown in meanings if meaning != unknown), meanings[0][1])

    def seconds_away(self, phone: Phone) -> float:
        """For how long the number's own operator takes nothing: it keeps its messages."""
        return next((carrier.seconds_away(phone) for carrier in self._for(phone)), 0.0)

    async def send(self, phone: Phone, text: str, *, message_id: MessageId | None = None) -> Outcome:
        """Offer the message to one after the other, as long as it surely was not taken.

        An operator that is busy keeps its numbers' messages; one that is away, or that refuses our account,
        leaves them to the next. That a number can't be reached is true once all have said so.
        """
        told: list[Outcome] = []
        for carrier in self._for(phone):
            outcome = await carrier.send(phone, text, message_id=message_id)
            if isinstance(outcome, Accepted):
                return replace(outcome, carrier=carrier.name, sender=carrier.sender)
            told.append(outcome)
            if not _may_go_on(outcome):
                return outcome
        if not told:
            return NotNow("no_route", ours=True, answered=False)
        return next((outcome for outcome in told if isinstance(outcome, NotNow)), told[0])

    async def find(
        self,
        phone: Phone,
        text: str,
        *,
        since: datetime,
        except_sids: Collection[Sid],
        moments_aside: bool = False,
        message_id: MessageId | None = None,
    ) -> Accepted | None:
        """The message where one of its carriers has it; None only where all of them can be asked.

        Raises `CannotBeAskedError`.
        """
        problems: list[CannotBeAskedError] = []
        for carrier in self._for(phone):
            try:
                found = await carrier.find(
                    phone,
                    text,
                    since=since,
                    except_sids=except_sids,
                    moments_aside=moments_aside,
                    message_id=message_id,
                )
            except CannotBeAskedError as problem:
                problems.append(problem)
                continue
            if found is not None:
                return replace(found, carrier=carrier.name, sender=carrier.sender)
        if problems:
            raise min(problems, key=lambda problem: problem.passing)
        return None

    async def received(self, since: datetime, following: str | None = None) -> Texts:
        """What the first lists that has a list; those that have none bring their texts by themselves.

        Raises `CannotBeAskedError`.
        """
        problem = CannotBeAskedError("no_carrier_has_a_list", passing=False)
        for carrier in self._carriers.values():
            try:
                return await carrier.received(since, following)
            except CannotBeAskedError as unlisted:
                problem = min(unlisted, problem, key=lambda each: not each.passing)
        raise problem

    async def sent_at(self, sid: Sid) -> datetime | None:
        """What the carrier says that took the message. Raises `CannotBeAskedError`."""
        named = [carrier for carrier in self._carriers.values() if sid.startswith(f"{carrier.name}-")]
        others = [carrier for carrier in self._carriers.values() if carrier not in named]
        for carrier in named or others:
            sent_at = await carrier.sent_at(sid)
            if sent_at is not None or named:
                return sent_at
        return None

    def _for(self, phone: str) -> Iterator[Carrier]:
        return (self._carriers[name] for name in self._route(phone))


def _may_go_on(outcome: Outcome) -> bool:
    """Whether the message may be offered to the next carrier."""
    match outcome:
        case NotNow():
            return outcome.ours or not outcome.answered
        case Refused():
            return not outcome.opted_out
        case _:
            return False
