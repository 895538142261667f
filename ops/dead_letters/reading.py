"""What is read for the commands: the dead letters, and what operators have done about them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from ops.dead_letters.acting import DISCARD, REDRIVE
from ops.dead_letters.errors import NoLetterError
from ops.dead_letters.letter import DeadLetter, Place, letter_from
from ops.topic_records import Item, event_data, read_topics
from schemas.operators import OperatorActed
from streams.dead_letters import DEAD_LETTERS
from streams.records import NotUnpacked
from streams.settings.settings import Settings
from streams.topics import ACTS


@dataclass(frozen=True, slots=True)
class Done:
    """What an operator did about a dead letter: `redrive` or `discard`, when (as it was written), and why."""

    act: str
    at: str
    operator: str
    reason: str


@dataclass(slots=True)
class LettersTaken:
    """Takes dead letters and the acts on them.

    `whole` are those whose values are kept; None: of none, so that however many there are, they are small.
    """

    whole: Collection[Place] | None = None
    letters: dict[Place, DeadLetter] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _done: dict[str, list[Done]] = field(default_factory=lambda: defaultdict(list))

    def take(self, item: Item) -> None:
        """Take a record."""
        if item.topic == ACTS:
            self._take_act(item)
        elif isinstance(item, NotUnpacked):
            self.notes.append(f"{item.position} cannot be read: {item.reason}")
        else:
            letter = letter_from(item)
            if self.whole is None or letter.place not in self.whole:
                letter = replace(letter, record=replace(letter.record, value=None))
            self.letters[letter.place] = letter

    def done(self, place: Place) -> list[Done]:
        """What was done about a dead letter, in the order in which it was told."""
        return self._done.get(place.id, [])

    def letter(self, place: Place) -> DeadLetter:
        """A dead letter. Raises `NoLetterError`."""
        if place not in self.letters:
            raise NoLetterError(
                f"there is no dead letter {place.id}: jardem dead-letters list --all shows them"
            )
        return self.letters[place]

    def _take_act(self, item: Item) -> None:
        try:
            acted = OperatorActed.model_validate(event_data(item, ACTS))
        except ValueError:
            return  # It is a dead letter of its own.
        if acted.object.kind == "dead_letter" and acted.act in (REDRIVE, DISCARD):
            at = "" if isinstance(item, NotUnpacked) else dict(item.headers).get("ce_time", b"").decode()
            self._done[acted.object.id].append(Done(acted.act, at, acted.operator, acted.reason))


def read_letters(settings: Settings, whole: Collection[Place] | None = None) -> LettersTaken:
    """All dead letters, with the values of those in `whole`. Raises `TopicError`."""
    taken = LettersTaken(whole)
    read_topics(settings, [DEAD_LETTERS, ACTS], taken.take)
    return taken
