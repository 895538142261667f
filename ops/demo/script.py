"""The scripted citizens.

They read what arrives on their handset and answer, unless a person presses first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ops.demo.recognise import iin_tail, kind_of
from ops.demo.sample import Citizen, Published

Publish = Callable[[Sequence[Published]], Awaitable[None]]
Answer = Callable[[str, str], Awaitable[object]]
Answered = Callable[[str], int]


class Script:
    """Plays all citizens.

    `pause` is how long a citizen takes to answer and `settle` how long something that happens to them in the
    middle is given to be read, both in seconds of real time. `answered(phone)` counts what was written on a
    handset so far, by the script or by a person.
    """

    def __init__(
        self,
        citizens: Sequence[Citizen],
        publish: Publish,
        answer: Answer,
        answered: Answered,
        *,
        pause: float,
        settle: float,
    ) -> None:
        self._citizens = citizens
        self._publish = publish
        self._answer = answer
        self._answered = answered
        self._pause = pause
        self._settle = settle
        self._told: set[str] = set()
        self._ended: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def received(self, phone: str, text: str) -> None:
        """A message arrived on a handset."""
        kind = kind_of(text)
        citizen = self._who(phone, text, kind)
        if citizen and kind:
            self._spawn(self._react(citizen, kind, phone))

    def ended(self, iin: str) -> None:
        """The process of a citizen's entitlement ended."""
        for citizen in self._citizens:
            if citizen.iin == iin and citizen.on_ending and iin not in self._ended:
                self._ended.add(iin)
                self._spawn(self._publish([citizen.on_ending]))

    async def stop(self) -> None:
        """Nobody answers any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _who(self, phone: str, text: str, kind: str | None) -> Citizen | None:
        tail = iin_tail(text)
        owners = [citizen for citizen in self._citizens if citizen.phone == phone]
        if tail:
            owners = [citizen for citizen in owners if citizen.iin.endswith(tail)]
        return next((citizen for citizen in owners if kind in citizen.answers), owners[0] if owners else None)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _react(self, citizen: Citizen, kind: str, phone: str) -> None:
        before = self._answered(phone)
        happens = citizen.on_message.get(kind)
        if happens and citizen.iin not in self._told:
            self._told.add(citizen.iin)
            await self._publish([happens])
            await asyncio.sleep(self._settle)
        answer = citizen.answers.get(kind)
        if answer is None:
            return
        await asyncio.sleep(self._pause)
        if self._answered(phone) == before:
            await self._answer(phone, answer)
