"""How many messages may be on their way to the carrier: as many are in doubt after a crash."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Intents:
    """Room for so many intents at once, whichever batches they are of; who comes first takes all there is."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def some(self, wanted: int) -> AsyncIterator[int]:
        """Room for at least one and at most so many, once there is any; how many. It is given back."""
        async with self._turn:
            while self._free <= 0:
                self._freed.clear()
                await self._freed.wait()
            taken = min(wanted, self._free)
            self._free -= taken
        try:
            yield taken
        finally:
            self._free += taken
            self._freed.set()
