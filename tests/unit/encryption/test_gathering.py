"""Questions of several at once: few are asked, none gets an old answer, and a failure is everybody's."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from streams.key_store.gathering import Gathering


class Asked:
    """What was asked, and a door that lets the answers out."""

    def __init__(self) -> None:
        self.questions: list[set[str]] = []
        self.door = asyncio.Event()
        self.fails = False

    async def __call__(self, names: Collection[str]) -> Mapping[str, str]:
        self.questions.append(set(names))
        await self.door.wait()
        if self.fails:
            raise ConnectionError("gone")
        return {name: name.upper() for name in names if name != "nobody"}


async def began(asked: Asked, count: int) -> None:
    async with asyncio.timeout(5):
        while len(asked.questions) < count:  # noqa: ASYNC110 - another task's doing
            await asyncio.sleep(0)


async def test_who_asks_meanwhile_shares_the_next_question() -> None:
    asked = Asked()
    gathering = Gathering(asked)
    first = asyncio.create_task(gathering.of(["a"]))
    await began(asked, 1)
    # Who asks for the same now must not get what was asked before.
    others = [asyncio.create_task(gathering.of(names)) for names in (["a", "b"], ["c", "nobody"])]
    asked.door.set()
    assert await first == {"a": "A"}
    assert await asyncio.gather(*others) == [{"a": "A", "b": "B"}, {"c": "C"}]
    assert asked.questions == [{"a"}, {"a", "b", "c", "nobody"}]
    assert await gathering.of(["d"]) == {"d": "D"}


async def test_a_failure_is_told_to_all_who_asked_and_the_next_question_is_asked() -> None:
    asked = Asked()
    asked.fails = True
    asked.door.set()
    gathering = Gathering(asked)
    found = await asyncio.gather(gathering.of(["a"]), gathering.of(["b"]), return_exceptions=True)
    assert [type(each) for each in found] == [ConnectionError, ConnectionError]
    assert len(asked.questions) == 1
    asked.fails = False
    assert await gathering.of(["a"]) == {"a": "A"}


async def test_who_gives_up_takes_the_answer_from_nobody_else() -> None:
    asked = Asked()
    gathering = Gathering(asked)
    one, other = (asyncio.create_task(gathering.of([name])) for name in "ab")
    await began(asked, 1)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    asked.door.set()
    assert await other == {"b": "B"}


async def test_a_failure_that_nobody_waits_for_is_not_told_as_an_error_of_the_loop() -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    asked = Asked()
    asked.fails = True
    gathering = Gathering(asked)
    alone = asyncio.create_task(gathering.of(["a"]))
    await began(asked, 1)
    alone.cancel()
    await asyncio.gather(alone, return_exceptions=True)
    asked.door.set()
    with pytest.raises(ConnectionError):
        await gathering.of(["b"])
    del gathering
    await asyncio.sleep(0)
    assert told == []
