"""`jardem load`: publishes facts, and waits until the workers have them all."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops.load.publishing import Note, publish_facts
from ops.load.taken import Taken, wait_until_taken
from ops.publish.publisher import Outcome, Publisher
from streams.dead_letters import DEAD_LETTERS
from streams.key_set import PrivateKey
from streams.settings.settings import Settings


def load(
    settings: Settings, file: Path, console: Console, *, patience: float, key: PrivateKey | None = None
) -> bool:
    """Load a file of facts with a progress bar; whether it is complete, which is said.

    With a `key` each is signed.

    Raises `UserError`s of the broker, the topics and the note beside the file.
    """
    note = Note(file)
    note.read()
    publisher = Publisher(settings, lambda line: console.print(line, highlight=False), key=key)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        lines = _count(file)
        if note.lines:
            console.print(f"going on after line {note.lines}, as {note.path} says", highlight=False)
        task = progress.add_task("published", total=lines, completed=note.lines)
        publisher.ready()
        taken = Taken(settings)
        try:
            letters = sum(taken.ends([DEAD_LETTERS]).values())
            outcome = publish_facts(publisher, file, note, lambda done: progress.update(task, completed=done))
            if not (outcome.lost or outcome.stopped_at):
                progress.update(task, completed=lines)
            tasks = {name: progress.add_task(f"taken by {name}") for name in ("intake", "case desk")}
            totals: dict[str, int] = {}

            def told(name: str, left: int) -> None:
                total = totals.setdefault(name, left)
                progress.update(tasks[name], total=total, completed=total - left)

            left = wait_until_taken(taken, told, patience)
            letters = sum(taken.ends([DEAD_LETTERS]).values()) - letters
        finally:
            taken.close()
    before = note.refused - len(outcome.refused)
    if before:
        console.print(f"{before} lines were refused before: publish them corrected, in a file of their own")
    complete = _say(console, outcome, left, letters, patience) and not before
    console.print("complete: the workers have all of it" if complete else "not complete")
    return complete


def _count(file: Path) -> int:
    with file.open("rb") as content:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: content.read(1 << 20), b""))


def _say(console: Console, outcome: Outcome, left: dict[str, int], letters: int, patience: float) -> bool:
    for line in outcome.lines():
        console.print(line, highlight=False)
    if letters:
        console.print(f"{letters} dead letters came meanwhile: look with jardem dead-letters list")
    for name, count in left.items():
        console.print(
            f"the {name} has {count} records left, and none was taken for {patience:g} s: do workers run? "
            "Run this again; what is published is not published again"
        )
    return outcome.complete and not left and not letters
