"""`jardem dead-letters redrive` and `discard`: some dead letters, all or none of them."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ops.dead_letters import acting
from ops.dead_letters.acting import DISCARD, REDRIVE, Said, acknowledged
from ops.dead_letters.errors import NotTakenBackError
from ops.dead_letters.letter import DeadLetter, Place, place_from
from ops.dead_letters.reading import LettersTaken, read_letters
from ops.topic_records import TopicError, require_topics
from streams.dead_letters import REDRIVEN_LETTERS
from streams.settings.settings import Settings

_SAID = {REDRIVE: "redriven", DISCARD: "discarded"}


@dataclass(frozen=True, slots=True)
class Closed:
    """What was done, by dead letter: the ids of the acts."""

    act: str
    acts: dict[str, str]

    def lines(self) -> Iterator[str]:
        """A line for each."""
        yield from (f"{id_} {_SAID[self.act]}" for id_ in self.acts)

    def json(self) -> str:
        """The same as one JSON object."""
        return json.dumps({_SAID[self.act]: [{"id": id_, "act_id": act} for id_, act in self.acts.items()]})


def redrive_letters(ids: Sequence[str], settings: Settings, said: Said, *, again: bool = False) -> Closed:
    """Send dead letters back. `again`: also those that were sent back already.

    Raises `AskedWronglyError`, `NoLetterError`, `NotTakenBackError` and `TopicError`; but for the last one
    nothing is sent then.
    """
    taken, letters = _chosen(ids, settings)
    problems = [f"{each.place.id} cannot be redriven: {each.obstacle}" for each in letters if each.obstacle]
    if not again:
        problems += [
            f"{each.place.id} was redriven already: --again sends it once more"
            for each in letters
            if any(done.act == REDRIVE for done in taken.done(each.place))
        ]
    if problems:
        raise NotTakenBackError(*problems)
    require_topics(settings, [REDRIVEN_LETTERS])
    return _close(REDRIVE, letters, settings, said)


def discard_letters(ids: Sequence[str], settings: Settings, said: Said) -> Closed:
    """Lay dead letters aside.

    Raises `AskedWronglyError`, `NoLetterError`, `NotTakenBackError` where one is laid aside already, and
    `TopicError`; but for the last one nothing is said then.
    """
    taken, letters = _chosen(ids, settings)
    problems = [
        f"{each.place.id} was discarded already"
        for each in letters
        if any(done.act == DISCARD for done in taken.done(each.place))
    ]
    if problems:
        raise NotTakenBackError(*problems)
    return _close(DISCARD, letters, settings, said)


def _chosen(ids: Sequence[str], settings: Settings) -> tuple[LettersTaken, list[DeadLetter]]:
    places: list[Place] = list(dict.fromkeys(place_from(id_) for id_ in ids))
    taken = read_letters(settings, places)
    return taken, [taken.letter(place) for place in places]


def _close(act: str, letters: Sequence[DeadLetter], settings: Settings, said: Said) -> Closed:
    return Closed(act, asyncio.run(_closed(act, letters, settings, said)))


async def _closed(act: str, letters: Sequence[DeadLetter], settings: Settings, said: Said) -> dict[str, str]:
    closed: dict[str, str] = {}
    do = acting.redrive if act == REDRIVE else acting.discard
    async with acknowledged(settings) as send:
        for letter in letters:
            try:
                closed[letter.place.id] = await do(letter, said, send)
            except TopicError as error:
                done = f"; done before: {', '.join(closed)}" if closed else ""
                raise TopicError(*(f"{problem}{done}" for problem in error.problems)) from None
    return closed
