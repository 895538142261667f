"""The calls of other systems, as activities: Temporal repeats them until they succeed."""

import benefit
from aiohttp import ClientSession
from temporalio import activity


class Outside:
    """Sends messages, and makes decisions known."""

    def __init__(self, session: ClientSession, sms: str, decisions: str) -> None:
        self._session, self._decisions = session, decisions
        self._messages = benefit.messages_url(sms)

    @activity.defn
    async def send(self, phone: str, text: str) -> None:
        """Hand a message over to the SMS API."""
        async with self._session.post(self._messages, data=benefit.message(phone, text)) as answer:
            answer.raise_for_status()
            await answer.read()

    @activity.defn
    async def make_known(self, decision: dict[str, str]) -> None:
        """Make a decision known."""
        async with self._session.post(self._decisions, json=decision) as answer:
            answer.raise_for_status()
