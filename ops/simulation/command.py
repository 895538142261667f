"""`jardem simulate`: plays many seeds of the simulation, and tells the shortest story of what fails."""

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops.simulation.runner import Failure, play_many
from ops.simulation.shrinking import shortest_story

_STORIES = 3


def simulate(seeds: int, first: int, console: Console, *, processes: int | None = None) -> int:
    """Play `seeds` runs from the seed `first` on, with a progress bar; return how many broke a promise.

    The first few failures are told as the shortest story that was found for them. `jardem simulate --seeds 1
    --from SEED` plays one again.
    """
    failures: list[Failure] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("playing", total=seeds)
        for count, found in play_many(first, seeds, processes):
            failures += found
            progress.update(task, advance=count, description=f"playing ({len(failures)} broken)")
    for failure in failures[:_STORIES]:
        _tell(failure, console)
    broke = f"{len(failures)} of {seeds} runs broke a promise"
    told = broke if failures else f"{seeds} runs kept every promise"
    console.print(told)
    return len(failures)


def _tell(failure: Failure, console: Console) -> None:
    console.print(f"[bold]seed {failure.seed}: {escape(failure.promise)}[/bold] {escape(failure.detail)}")
    for line in shortest_story(failure):
        console.print(escape(line), highlight=False)
    console.print()
