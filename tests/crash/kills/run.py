"""A hundred kills: the whole system as processes, hurt at random, and then everything is counted.

    python -m tests.crash.kills.run --kills 100 --seed 1

The seed makes the order of the faults, the people and their answers; it is printed, and can be given. All
logs, the story and the SMS API's record stay in a folder, which is printed too.
"""

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ops.demo.processes import DemoError, run_command
from schemas.ids import Pseudonyms
from streams.exits import Exit
from streams.settings.settings import DEMO_PSEUDONYM_KEY
from tests.crash.kills import evidence as evidence_of
from tests.crash.kills.faults import Faults
from tests.crash.kills.installation import Installation
from tests.crash.kills.invariants import Invariants
from tests.crash.kills.load import Citizens, Registries
from tests.crash.kills.people import Person, people
from tests.crash.kills.plan import Act, Plan, schedule
from tests.crash.kills.report import write
from tests.crash.kills.run_verdict import Verdict, told
from tests.crash.kills.settling import Settling
from tests.crash.kills.standstill import longest, rows, stood_too_long, waits
from tests.crash.kills.story import Story

_WARM_UP = 5.0
_PATIENCE = 90.0
_NEVER = {Exit.UNREADABLE_TABLE, Exit.RECOVERY_FAILED, Exit.CONFIGURATION}
"""Exit codes that no fault of these excuses, but a full disk."""


async def run(plan: Plan, folder: Path, *, quiet: bool = False) -> Verdict:
    """One run in this folder. Raises what keeps it from coming to an end."""
    story = Story(folder / "story.log", quiet)
    story.tell(f"seed {plan.seed}, {plan.kills} kills; logs in {folder}")
    began = datetime.now(UTC)
    async with Installation(plan, folder, story) as installation:
        return await _Run(plan, folder, story, installation).play(began)


class _Run:
    def __init__(self, plan: Plan, folder: Path, story: Story, installation: Installation) -> None:
        self._plan, self._folder, self._story, self._installation = plan, folder, story, installation
        self._pseudonyms = Pseudonyms(DEMO_PSEUDONYM_KEY.encode())
        self._people = people(plan.seed, plan.silent)
        by_phone = {person.phone: person for person in self._people}
        self._kafka = installation.brokers.address
        self._registries = Registries(self._kafka, self._pseudonyms, installation.clock)
        self._citizens = Citizens(installation.api_url, installation.record, by_phone)
        self._settling = Settling(
            self._kafka, installation.record, self._pseudonyms, self._citizens, self._story
        )

    async def play(self, began: datetime) -> Verdict:
        ending = asyncio.Event()
        answering = asyncio.create_task(self._citizens.run())
        publishing = asyncio.create_task(self._registries.run(self._people, self._plan.rate, ending))
        try:
            await asyncio.sleep(_WARM_UP)
            hurting = asyncio.create_task(Faults(self._installation, self._story).run(schedule(self._plan)))
            await asyncio.wait({hurting, answering, publishing}, return_when=asyncio.FIRST_COMPLETED)
            for task in (answering, publishing):
                if task.done():
                    task.result()
            await hurting
            ending.set()
            published = await publishing
            self._story.tell(f"no more faults; {len(published)} entitlements were published")
            behind = await self._settling.settle(published, _PATIENCE + 3 * self._plan.day)
            return await self._judge(began, published, behind)
        finally:
            for task in (answering, publishing):
                task.cancel()
            await asyncio.gather(answering, publishing, return_exceptions=True)

    async def _judge(self, began: datetime, published: Sequence[Person], behind: list[str]) -> Verdict:
        topics = [*evidence_of.ALL]
        found = await evidence_of.gather(self._kafka, topics, self._installation.record)
        judged = Invariants(found, published, self._pseudonyms, self._installation.clock).judge()
        story = self._story
        waited, unmatched = waits(found, story.hurts)
        log, faulty = await self._verify_log()
        exits = Counter(f"{one.name.partition('-')[0]} with {one.code}" for one in story.exits)
        verdict = Verdict(
            self._plan,
            self._folder,
            began,
            datetime.now(UTC),
            judged,
            story.hurts,
            exits,
            story.skipped,
            rows(waited, story.hurts),
            longest(waited),
            unmatched,
            self._registries.repeats,
            self._citizens.answered,
            log,
        )
        verdict.breaches = [
            *judged.breaches,
            *behind,
            *faulty,
            *self._ended_badly(),
            *story.troubles,
            *stood_too_long(waited),
        ]
        return verdict

    async def _verify_log(self) -> tuple[str, list[str]]:
        """What `jardem verify --log` says of the audit log."""
        try:
            said = (await run_command(self._installation.env, "verify", "--log")).strip()
        except DemoError as error:
            return str(error), [f"the audit log: {error}"]
        return said.splitlines()[-1], []

    def _ended_badly(self) -> list[str]:
        full = [hurt for hurt in self._story.hurts if hurt.fault.act is Act.DISK_FULL]
        return [
            f"{one.name} ended with {one.code} at {one.at:%H:%M:%S}: {one.tail.splitlines()[-1:]}"
            for one in self._story.exits
            if one.code in _NEVER
            and not any(
                hurt.victim == one.name and hurt.began <= one.at <= (hurt.ready or one.at) for hurt in full
            )
        ]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="without it, another one each time")
    parser.add_argument("--rate", type=float, default=1.0, help="entitlements a second")
    parser.add_argument("--day", type=float, default=60.0, help="seconds that a day of the law lasts")
    parser.add_argument("--folder", type=Path, default=None, help="for logs and data; without it, a new one")
    parser.add_argument("--report", type=Path, default=None, help="write the report to this file")
    return parser.parse_args(arguments)


def main() -> int:
    args = parse()
    seed = secrets.randbelow(1_000_000) if args.seed is None else args.seed
    folder = args.folder or Path(tempfile.mkdtemp(prefix="jardem-crash-"))
    folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=folder / "harness.log", level=logging.WARNING)
    plan = Plan(seed=seed, kills=args.kills, rate=args.rate, day=args.day)
    verdict = asyncio.run(run(plan, folder))
    text = told(verdict)
    (folder / "verdict.txt").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    if args.report is not None:
        write(verdict, args.report)
    return 0 if verdict.sound else 1


if __name__ == "__main__":
    sys.exit(main())
