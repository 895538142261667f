"""`make soak`: millions of seeds of the simulation; the report goes to a file.

python -m ops.simulation.soak docs/reports/soak.md --from 5000000 --seeds 2000000

A run that is stopped (Ctrl-C, SIGTERM) reports how far it has come. It goes on there when the same command is
given again, on the same commit.
"""

import argparse
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic

from pydantic import BaseModel, ValidationError
from rich.console import Console

from ops.simulation.runner import Failure, play_many
from ops.simulation.shrinking import shortest_story

PROGRESS = Path(".jardem/soak.json")
_SAVED_EVERY = 1_000
_TOLD_EVERY = 50_000
_STORIES = 3
_STOPPED = 130

_HEAD = """\
# The soak

Both pure cores play seeds of `jardem simulate` through a troubled network: workers that die before and
after every effect, clocks that lag, a carrier that loses its answers, texts that come late. Each promise is
checked at every step. A seed is a run of its own; `jardem simulate --seeds 1 --from SEED` plays it again and
tells its shortest story. `make soak` wrote this.

| date | commit | machine | from | seeds | broken promises | duration | seeds a second |
|---|---|---|---|---|---|---|---|
"""


class Soak(BaseModel):
    """How far a run has come. `seconds` is the real time that it has taken so far, in all its sittings."""

    commit: str
    first: int
    seeds: int
    played: int = 0
    seconds: float = 0.0
    failures: list[Failure] = []

    @property
    def stopped(self) -> bool:
        """Whether there are seeds that were not played yet."""
        return self.played < self.seeds

    @property
    def per_second(self) -> float:
        """How many seeds were played in a second."""
        return self.played / self.seconds if self.seconds else 0.0


def commit() -> str:
    """The commit whose code plays, ending in `-dirty` where something was changed since."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return answer.stdout.strip() if answer.returncode == 0 else "unknown-dirty"


def begun(soak: Soak, progress: Path) -> Soak:
    """The same run as far as it has come, or else a new one. Changed code always begins anew."""
    try:
        known = Soak.model_validate_json(progress.read_bytes())
    except (FileNotFoundError, ValidationError):
        return soak
    same = (known.commit, known.first, known.seeds) == (soak.commit, soak.first, soak.seeds)
    return known if same and not soak.commit.endswith("-dirty") else soak


def run(soak: Soak, progress: Path, console: Console, *, processes: int | None = None) -> Soak:
    """Play what is left, and save how far it has come every thousand seeds and when it ends or is stopped."""
    progress.parent.mkdir(parents=True, exist_ok=True)
    before, since = soak.seconds, monotonic()
    playing = play_many(soak.first + soak.played, soak.seeds - soak.played, processes)
    with _stop_asked() as stop, closing(playing):
        # Where it can't be saved, that is known at once.
        progress.write_text(soak.model_dump_json())
        try:
            for count, found in playing:
                soak.played += count
                soak.failures += found
                soak.seconds = before + monotonic() - since
                _tell(soak, found, count, console)
                if soak.played % _SAVED_EVERY < count:
                    progress.write_text(soak.model_dump_json())
                if stop.is_set():
                    break
        except BrokenProcessPool:
            # A SIGTERM may have ended the processes that play, too.
            if not stop.is_set():
                raise
        finally:
            progress.write_text(soak.model_dump_json())
    return soak


def _tell(soak: Soak, found: Sequence[Failure], count: int, console: Console) -> None:
    """Tell of the last `count` seeds: each broken promise, and now and then how far it has come."""
    for failure in found:
        console.print(f"seed {failure.seed} broke a promise: {failure.promise}")
    if soak.played % _TOLD_EVERY < count:
        console.print(f"{soak.played} of {soak.seeds}, {soak.per_second:.0f} a second")


@contextmanager
def _stop_asked() -> Iterator[Event]:
    """Set by Ctrl-C and SIGTERM: raised anywhere, they could part the seeds played from what they broke."""
    asked = Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, lambda *_: asked.set()) for each in signals]
    try:
        yield asked
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def report(soak: Soak, day: date) -> str:
    """The report in Markdown, with the shortest stories of the first broken promises."""
    cores = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    machine = f"{cores}, {platform.python_implementation()} {platform.python_version()}"
    broken = len(soak.failures) or "none"
    duration = timedelta(seconds=round(soak.seconds))
    seeds = f"{soak.played} of {soak.seeds}" if soak.stopped else soak.seeds
    cells = (day, soak.commit, machine, soak.first, seeds, broken, duration, f"{soak.per_second:.0f}")
    lines = [_HEAD + "| " + " | ".join(map(str, cells)) + " |"]
    if soak.stopped:
        lines += ["", f"Stopped after {soak.played} of {soak.seeds} seeds; the same command plays the rest."]
    lines += [f"\nSeed {failure.seed}: {failure.promise}. {failure.detail}" for failure in soak.failures]
    for failure in soak.failures[:_STORIES]:
        lines += ["", "```", *shortest_story(failure), "```"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, write the report, and return 130 where it was stopped, else 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--from", dest="first", type=int, required=True, help="the first seed: your choice")
    parser.add_argument("--seeds", type=int, default=2_000_000, help="how many (default: two million)")
    parser.add_argument("--progress", type=Path, default=PROGRESS, help="where a stopped run goes on from")
    parser.add_argument("--processes", type=int, help="how many at once (default: one for each core)")
    chosen = parser.parse_args(arguments)
    if chosen.first < 0 or chosen.seeds < 1:
        parser.error("--from is 0 or more, --seeds 1 or more")
    console = Console()
    soak = begun(Soak(commit=commit(), first=chosen.first, seeds=chosen.seeds), chosen.progress)
    if soak.played:
        console.print(f"goes on after {soak.played} of {soak.seeds}")
    run(soak, chosen.progress, console, processes=chosen.processes)
    chosen.report.write_text(report(soak, datetime.now(UTC).date()))
    if soak.stopped:
        console.print(f"stopped after {soak.played} of {soak.seeds}; the same command goes on")
    console.print(f"{len(soak.failures)} of {soak.played} runs broke a promise; {chosen.report} tells more")
    if soak.stopped:
        return _STOPPED
    return 1 if soak.failures else 0


if __name__ == "__main__":
    sys.exit(main())
