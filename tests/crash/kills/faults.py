"""Does the faults of a plan, one after the other or two together, and waits until all are well again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from signal import SIGCONT, SIGSTOP
from time import monotonic

import aiohttp
from kafka.errors import KafkaError

from ops.brokers.broker import BrokerError
from ops.brokers.cluster import KafkaNode
from tests.crash.kills.cluster_state import in_role, out_of_sync
from tests.crash.kills.installation import Installation
from tests.crash.kills.plan import Act, Fault, Kind
from tests.crash.kills.processes import Supervised
from tests.crash.kills.story import Hurt, Story

_SLOW_SECONDS = 3.0
_BEAT = (0.7, 0.3)
"""Seconds for which a slow broker stands still, and for which it works."""
_IN_SYNC_SECONDS = 90.0
_LOOK = 0.5


class Faults:
    """Hurts an installation."""

    def __init__(self, installation: Installation, story: Story) -> None:
        self._installation = installation
        self._story = story
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def run(self, faults: Sequence[Fault]) -> None:
        """Do all of them; returns when everybody is well again."""
        for fault in faults:
            await asyncio.sleep(fault.pause)
            if fault.kind is Kind.BROKER:
                # One broker at a time: with two down there are not two copies for an acknowledgement.
                await self._until_over(Kind.BROKER)
                if not await self._in_sync():
                    self._story.trouble(f"copies were not in sync after {_IN_SYNC_SECONDS:.0f} s")
                    continue
            names = self._names(fault)
            for name in names:
                await self._until_over(name)
            task = asyncio.create_task(self._do(fault))
            for name in names:
                self._under_way[name] = task
            if not fault.together:
                await task
        for task in list(self._under_way.values()):
            await task

    async def _until_over(self, name: str) -> None:
        if (task := self._under_way.pop(name, None)) is not None:
            await task

    def _names(self, fault: Fault) -> list[str]:
        if fault.kind is Kind.BROKER:
            return [Kind.BROKER]
        return [one.name for one in self._victims(fault)]

    def _victims(self, fault: Fault) -> list[Supervised]:
        match fault.kind:
            case Kind.WORKER:
                some = self._installation.workers
            case Kind.WEBHOOKS:
                some = self._installation.webhooks
            case _:
                some = [self._installation.sms_api]
        return list(some) if fault.all else [some[fault.number % len(some)]]

    async def _do(self, fault: Fault) -> None:
        try:
            await self._done(fault)
        except (BrokerError, OSError, KafkaError) as error:
            self._story.trouble(f"{fault}: {error!r}")

    async def _done(self, fault: Fault) -> None:
        if fault.kind is Kind.BROKER:
            await self._hurt_broker(fault)
        elif fault.act is Act.DISK_FULL:
            await self._fill_disk(fault)
        elif fault.act is Act.SLOW:
            await self._slow_api(fault)
        else:
            await asyncio.gather(*(self._hurt(fault, victim) for victim in self._victims(fault)))

    async def _hurt(self, fault: Fault, victim: Supervised) -> None:
        if victim.pid is None:
            self._story.skip(f"{fault.act} of {victim.name}, which is down already")
            return
        hurt = self._story.begin(fault, victim.name)
        match fault.act:
            case Act.KILL:
                await victim.kill(fault.seconds)
            case Act.STOP:
                hurt.note = f"exit code {await victim.restart(fault.seconds)}"
            case _:
                await victim.freeze(fault.seconds)
        hurt.ended = datetime.now(UTC)
        await self._well(hurt, victim)

    async def _well(self, hurt: Hurt, victim: Supervised) -> None:
        if not await victim.ready():
            hurt.note += " not ready again"
            self._story.trouble(f"{victim.name} was not ready again within two minutes")
        hurt.ready = datetime.now(UTC)
        took = (hurt.ready - hurt.began).total_seconds()
        self._story.tell(f"    {victim.name} is ready again, {took:.1f} s after the beginning {hurt.note}")

    async def _fill_disk(self, fault: Fault) -> None:
        disk, victim = self._installation.disk, self._installation.workers[0]
        if disk.why_not is not None:
            self._story.skip(f"a full disk, because this machine allows no mount: {disk.why_not}")
            return
        hurt = self._story.begin(fault, victim.name)
        filled, ends = 0, monotonic() + fault.seconds
        while monotonic() < ends:
            # Whoever starts again makes room for itself, which is not to last.
            filled += await asyncio.to_thread(disk.fill)
            await asyncio.sleep(_LOOK)
        disk.empty()
        hurt.note = f"{filled} bytes were filled"
        hurt.ended = datetime.now(UTC)
        await self._well(hurt, victim)

    async def _slow_api(self, fault: Fault) -> None:
        hurt = self._story.begin(fault, "sms-api")
        ends = monotonic() + fault.seconds
        while monotonic() < ends:
            # Said again and again: one that is killed meanwhile does not know it any more.
            await self._slowness(_SLOW_SECONDS)
            await asyncio.sleep(1)
        while not await self._slowness(0):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(_LOOK)
        hurt.ended = hurt.ready = datetime.now(UTC)

    async def _slowness(self, seconds: float) -> bool:
        url, timeout = f"{self._installation.api_url}/slow", aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.put(url, json={"seconds": seconds}) as response,
            ):
                return response.ok
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _hurt_broker(self, fault: Fault) -> None:
        node = await asyncio.to_thread(self._broker, fault)
        hurt = self._story.begin(fault, f"broker-{node.number}")
        match fault.act:
            case Act.KILL | Act.STOP:
                await asyncio.to_thread(node.kill if fault.act is Act.KILL else node.stop)
                await asyncio.sleep(fault.seconds)
                await self._start_broker(node)
            case Act.FREEZE:
                await _stand_still(node, fault.seconds)
            case _:
                ends = monotonic() + fault.seconds
                while monotonic() < ends:
                    await _stand_still(node, _BEAT[0])
                    await asyncio.sleep(_BEAT[1])
        hurt.ended = datetime.now(UTC)
        if not await self._in_sync():
            hurt.note = "not in sync again"
        hurt.ready = datetime.now(UTC)
        took = (hurt.ready - hurt.began).total_seconds()
        self._story.tell(f"    all copies are in sync again, {took:.1f} s after the beginning")

    async def _start_broker(self, node: KafkaNode) -> None:
        try:
            await asyncio.to_thread(node.start)
        except BrokerError as error:
            # A supervisor would try again.
            self._story.tell(f"broker-{node.number} did not start: {error}")
            await asyncio.to_thread(node.start)

    def _broker(self, fault: Fault) -> KafkaNode:
        """The broker that has the fault's role just now, or one by its number."""
        brokers = self._installation.brokers
        try:
            number = in_role(brokers.address, fault.role, fault.number)
        except (KafkaError, OSError) as error:
            self._story.tell(f"nobody tells who is the {fault.role}: {error!r}")
            number = None
        return brokers.node(number or fault.number % len(brokers.nodes) + 1)

    async def _in_sync(self) -> bool:
        """Wait until every partition has all its copies in sync; whether it came to that."""
        deadline = monotonic() + _IN_SYNC_SECONDS
        while behind := await asyncio.to_thread(out_of_sync, self._installation.brokers.address):
            if monotonic() > deadline:
                break
            await asyncio.sleep(_LOOK)
        else:
            return True
        self._story.tell(f"not in sync: {behind[:5]}")
        return False


async def _stand_still(node: KafkaNode, seconds: float) -> None:
    node.signal(SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        node.signal(SIGCONT)
