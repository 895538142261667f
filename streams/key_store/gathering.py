"""One question at a time: who asks while one is under way is answered by the next, with all others."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Question(Generic[K, V]):
    names: set[K] = field(default_factory=set)
    answer: "asyncio.Future[Mapping[K, V]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Gathering(Generic[K, V]):
    """Asks for what several need in one question. `ask` gives what there is of some names.

    An answer is never older than the call that gets it.
    """

    def __init__(self, ask: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._next: _Question[K, V] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def of(self, names: Collection[K]) -> dict[K, V]:
        """What there is of these names. Raises whatever `ask` raises."""
        question = self._next = self._next or _Question()
        question.names.update(names)
        if self._asking is None:
            self._asking = asyncio.create_task(self._run())
        # One who gives up takes the answer from nobody else.
        found = await asyncio.shield(question.answer)
        return {name: found[name] for name in names if name in found}

    async def _run(self) -> None:
        try:
            while (question := self._next) is not None:
                self._next = None
                await self._put(question)
        finally:
            self._asking = None

    async def _put(self, question: _Question[K, V]) -> None:
        try:
            question.answer.set_result(await self._ask(question.names))
        except Exception as error:  # noqa: BLE001 - it is told to all who asked
            question.answer.set_exception(error)
            # All who asked may have given up meanwhile: then it is nobody's.
            question.answer.exception()
        finally:
            question.answer.cancel()
