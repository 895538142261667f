"""Trains the dictionary by which tables' values are compressed: `python -m ops.bench.dictionary NUMBER`.

It writes `streams/packing/NUMBER.zdict`, from what full cases leave in the tables of an installation, and
from the stories of the simulation, which come to every state. All of them are about made-up people. A
dictionary that a release has written with is never changed: a better one gets the next number, and
`packed.py` is told.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from zstandard import train_dictionary

from ops.bench.log_size import play
from ops.brokers.kafka import KafkaBroker
from ops.simulation.runner import story
from ops.simulation.world import World
from ops.topic_records import Item, read_topics
from streams import envelope
from streams.packing.ids_apart import lay_apart
from streams.packing.packed import LEVEL, dictionary_file, unpack
from streams.records import NotUnpacked
from streams.settings.settings import Settings
from streams.topics import CHANGELOGS

_BYTES = 64 * 1024
_CASES = 200
_SEEDS = range(400)
_STORIES = 300
# The journal's values are small and of their own kind; as they are, the others leave them no place.
_JOURNAL_COUNTS = 3
_FEW_PEOPLE = 3
_JOURNAL = "jardem-attempts-changelog"


def main(number: int) -> None:
    """Train and write the dictionary with this number. Raises `FileExistsError` where it is there."""
    told = list(_of_stories())
    Random(0).shuffle(told)  # noqa: S311 - a choice to be repeated, not a secret
    samples = [lay_apart(each)[1] for each in (*told[:_STORIES], *_of_cases())]
    trained = train_dictionary(_BYTES, [*samples], level=LEVEL)
    with dictionary_file(number).open("xb") as file:
        file.write(trained.as_bytes())


def _of_cases() -> list[bytes]:
    found: list[bytes] = []

    def take(item: Item) -> None:
        if isinstance(item, NotUnpacked):
            raise RuntimeError(f"{item.position} cannot be unpacked: {item.reason}")  # noqa: TRY004
        if item.value and item.topic == _JOURNAL:
            found.extend([unpack(item.value)] * _JOURNAL_COUNTS)
        elif item.value:
            found.append(_content(item.value))

    with (
        tempfile.TemporaryDirectory(prefix="jardem-bench-") as folder,
        KafkaBroker(Path(folder) / "kafka") as broker,
    ):
        asyncio.run(play(broker.address, Path(folder) / "jardem", _CASES))
        read_topics(Settings(kafka=broker.address), list(CHANGELOGS), take)
    return found


def _of_stories() -> Iterator[bytes]:
    known: set[bytes] = set()
    for seed in _SEEDS:
        setting, made = story(seed)
        if setting.people > _FEW_PEOPLE:
            continue
        world = World(setting)
        for action in made:
            world.do(action)
            values = {*world.cases.table.values(), *world.lines.table.values()} - known
            known |= values
            yield from map(_content, sorted(values))


def _content(value: bytes) -> bytes:
    whole = envelope.load(value)
    return envelope.content(whole, whole.state)


if __name__ == "__main__":
    main(int(sys.argv[1]))
