"""The full case as a workflow; answers are its signals."""

from collections import deque
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import benefit
    from outside import Outside

_CALL = timedelta(seconds=30)


@workflow.defn(name="case")
class Case:
    """Offer, consent, account, decision."""

    def __init__(self) -> None:
        self._answers: deque[str] = deque()
        self._taken: set[str] = set()

    @workflow.run
    async def run(self, iin: str, phone: str) -> str:
        """How it ended."""
        await self._send(phone, benefit.OFFER)
        text = await self._next()
        if text is None:
            return "expired"
        if text != benefit.YES:
            return "refused"
        await self._send(phone, benefit.ACCOUNT)
        while not benefit.is_iban(iban := await self._next() or ""):
            if not iban:
                return "expired"
            await self._send(phone, benefit.AGAIN)
        decision = benefit.decision(iin, str(workflow.uuid4()), iban)
        await workflow.execute_activity_method(Outside.make_known, decision, start_to_close_timeout=_CALL)
        await self._send(phone, benefit.DECIDED)
        return "granted"

    @workflow.signal
    def answer(self, sid: str, text: str) -> None:
        """An answer; the same again is none."""
        if sid not in self._taken:
            self._taken.add(sid)
            self._answers.append(text)

    async def _next(self) -> str | None:
        try:
            await workflow.wait_condition(lambda: bool(self._answers), timeout=benefit.PATIENCE)
        except TimeoutError:
            return None
        return self._answers.popleft()

    async def _send(self, phone: str, text: str) -> None:
        await workflow.execute_activity_method(Outside.send, args=[phone, text], start_to_close_timeout=_CALL)
