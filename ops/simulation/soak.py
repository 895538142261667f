"""`make soak`: millions of seeds of the simulation; the report goes to a file.

python -m ops.simulation.soak docs/reports/soak.md --from 5000000 --seeds 2000000

So many seeds want some six hours of two cores, so the run may be played in several sittings, on
several machines. One that is stopped (Ctrl-C, SIGTERM) reports how far it has come, and keeps that beside the
report (`soak.json`, to be committed with it). The same command goes on there as long as the code that plays
is the same, whatever else of the project has changed since.
"""

import argparse
import hashlib
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

_ROOT = Path(__file__).resolve().parents[2]
_PLAYING = ("agents", "ops/simulation", "rules", "schemas", "sms", "streams")
_LOCK = "requirements.lock"
_DATA = (".toml", ".po", ".zdict")
_LIST_MODULES = """
import sys
import ops.simulation.runner
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None) or "")
"""
_SAVED_EVERY = 1_000
_TOLD_EVERY = 50_000
_STORIES = 3
_STOPPED = 130

_HEAD = """\
# The soak

Both pure cores play seeds of `jardem simulate` through a troubled network: workers that die before and
after every effect, clocks that lag, a carrier that loses its answers, texts that come late. Each promise is
checked at every step. A seed is a run of its own; `jardem simulate --seeds 1 --from SEED` plays it again and
tells its shortest story. `make soak` wrote this, a line for each sitting.

"""
_TABLE = """
| date | commit | machine | from | seeds | broken promises | duration | seeds a second |
|---|---|---|---|---|---|---|---|
"""


class Sitting(BaseModel):
    """A part of a run that was played in one go. `seconds` is the real time that it took."""

    day: date
    commit: str
    machine: str
    first: int
    played: int = 0
    seconds: float = 0.0
    broken: int = 0

    @property
    def per_second(self) -> float:
        """How many seeds were played in a second."""
        return self.played / self.seconds if self.seconds else 0.0


class Soak(BaseModel):
    """How far a run has come: all sittings were played by the same `code`."""

    code: str
    first: int
    seeds: int
    sittings: list[Sitting] = []
    failures: list[Failure] = []

    @property
    def played(self) -> int:
        """How many seeds were played in all sittings."""
        return sum(sitting.played for sitting in self.sittings)

    @property
    def seconds(self) -> float:
        """The real time that all sittings took."""
        return sum(sitting.seconds for sitting in self.sittings)

    @property
    def stopped(self) -> bool:
        """Whether there are seeds that were not played yet."""
        return self.played < self.seeds


def playing_code(root: Path = _ROOT) -> str:
    """Names the code that plays a seed: all its modules, its data, and the libraries in the lock file.

    What else the project holds (the console, the tests, the docs) doesn't count.
    """
    command = [sys.executable, "-c", _LIST_MODULES]
    loaded = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    modules = {Path(line).resolve() for line in loaded.stdout.splitlines() if line}
    folders = [root / name for name in _PLAYING]
    files = [each for each in modules if any(folder in each.parents for folder in folders)]
    files += [each for folder in folders for each in folder.rglob("*") if each.suffix in _DATA]
    digest = hashlib.sha256()
    for file in sorted({*files, root / _LOCK}):
        digest.update(f"{file.relative_to(root).as_posix()} {len(content := file.read_bytes())}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def commit() -> str:
    """The commit that is checked out, ending in `-dirty` where code that may play was changed since."""
    head = _git("rev-parse", "--short", "HEAD")
    if head is None:
        return "unknown-dirty"
    return head + ("-dirty" if _git("status", "--porcelain", "--", *_PLAYING, _LOCK) else "")


def _git(*arguments: str) -> str | None:
    """What git said, or None where this is no checkout."""
    answer = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
    return answer.stdout.strip() if answer.returncode == 0 else None


def machine() -> str:
    """What plays: the cores, the system and the interpreter."""
    cores = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return f"{cores}, {platform.python_implementation()} {platform.python_version()}"


def begun(soak: Soak, progress: Path) -> Soak:
    """The same run as far as it has come, or else a new one. Other code always begins anew."""
    try:
        known = Soak.model_validate_json(progress.read_bytes())
    except (FileNotFoundError, ValidationError):
        return soak
    same = (known.code, known.first, known.seeds) == (soak.code, soak.first, soak.seeds)
    return known if same else soak


def run(soak: Soak, progress: Path, console: Console, *, processes: int | None = None) -> Soak:
    """Play what is left, and save how far it has come every thousand seeds and when it ends or is stopped."""
    progress.parent.mkdir(parents=True, exist_ok=True)
    since, today = monotonic(), datetime.now(UTC).date()
    sitting = Sitting(day=today, commit=commit(), machine=machine(), first=soak.first + soak.played)
    playing = play_many(sitting.first, soak.seeds - soak.played, processes)
    soak.sittings.append(sitting)
    with _stop_asked() as stop, closing(playing):
        # Where it can't be saved, that is known at once.
        progress.write_text(_saved(soak))
        try:
            for count, found in playing:
                sitting.played += count
                sitting.broken += len(found)
                sitting.seconds = monotonic() - since
                soak.failures += found
                _tell(soak, sitting, found, count, console)
                if sitting.played % _SAVED_EVERY < count:
                    progress.write_text(_saved(soak))
                if stop.is_set():
                    break
        except BrokenProcessPool:
            # A SIGTERM may have ended the processes that play, too.
            if not stop.is_set():
                raise
        finally:
            progress.write_text(_saved(soak))
    return soak


def _saved(soak: Soak) -> str:
    return soak.model_dump_json(indent=2) + "\n"


def _tell(soak: Soak, sitting: Sitting, found: Sequence[Failure], count: int, console: Console) -> None:
    """Tell of the last `count` seeds: each broken promise, and now and then how far it has come."""
    for failure in found:
        console.print(f"seed {failure.seed} broke a promise: {failure.promise}")
    if soak.played % _TOLD_EVERY < count:
        console.print(f"{soak.played} of {soak.seeds}, {sitting.per_second:.0f} a second")


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


def report(soak: Soak) -> str:
    """The report in Markdown, with the shortest stories of the first broken promises."""
    seeds = f"{soak.played} of {soak.seeds}" if soak.stopped else f"{soak.seeds}"
    broken = len(soak.failures) or "none"
    duration = timedelta(seconds=round(soak.seconds))
    lines = [_HEAD + f"**{seeds} seeds from {soak.first}, broken promises: {broken}**, in {duration}."]
    if soak.stopped:
        lines += ["The same command plays the rest, as long as the code that plays is the same"]
        lines[-1] += f" (`{soak.code}`)."
    lines += [_TABLE + "\n".join(map(_row, soak.sittings))]
    lines += [f"\nSeed {failure.seed}: {failure.promise}. {failure.detail}" for failure in soak.failures]
    for failure in soak.failures[:_STORIES]:
        lines += ["", "```", *shortest_story(failure), "```"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(sitting: Sitting) -> str:
    duration, rate = timedelta(seconds=round(sitting.seconds)), f"{sitting.per_second:.0f}"
    played = (sitting.first, sitting.played, sitting.broken or "none", duration, rate)
    return "| " + " | ".join(map(str, (sitting.day, sitting.commit, sitting.machine, *played))) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, write the report, and return 130 where it was stopped, else 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--from", dest="first", type=int, required=True, help="the first seed: your choice")
    parser.add_argument("--seeds", type=int, default=2_000_000, help="how many (default: two million)")
    parser.add_argument("--progress", type=Path, help="where a stopped run goes on from (beside the report)")
    parser.add_argument("--processes", type=int, help="how many at once (default: one for each core)")
    chosen = parser.parse_args(arguments)
    if chosen.first < 0 or chosen.seeds < 1:
        parser.error("--from is 0 or more, --seeds 1 or more")
    console = Console()
    progress = chosen.progress or chosen.report.with_suffix(".json")
    soak = begun(Soak(code=playing_code(), first=chosen.first, seeds=chosen.seeds), progress)
    if soak.played:
        console.print(f"goes on after {soak.played} of {soak.seeds}")
    if soak.stopped:
        run(soak, progress, console, processes=chosen.processes)
    chosen.report.write_text(report(soak))
    if soak.stopped:
        console.print(f"stopped after {soak.played} of {soak.seeds}; the same command goes on")
    console.print(f"{len(soak.failures)} of {soak.played} runs broke a promise; {chosen.report} tells more")
    if soak.stopped:
        return _STOPPED
    return 1 if soak.failures else 0


if __name__ == "__main__":
    sys.exit(main())
