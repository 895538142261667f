"""Several workers and one sender: whatever their shares are, together they keep to the sender's rate."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import combinations

from schemas.ids import MessageId
from schemas.messages import MessageAccepted, MessageToSend
from sms.sending.sender import Limits
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import BadApi
from tests.unit.sms.dispatching import MemoryJournal, new_dispatcher

RATE, BURST = 40.0, 4
# What a call takes on its way through this machine, where other tests run beside it.
JITTER = 0.15


class Workers:
    """Three dispatchers beside each other. `held` are the partitions of each, of four."""

    def __init__(self, api: BadApi, carrier: TwilioCarrier) -> None:
        self.held = [4, 0, 0]
        self._numbers = iter(range(10_000))
        self.dispatchers = [
            new_dispatcher(
                carrier,
                MemoryJournal(api),
                Limits(per_second=RATE, burst=BURST, share=self._share_of(worker), unasked_seconds=0.5),
                seed=worker,
            )
            for worker in range(3)
        ]

    def _share_of(self, worker: int) -> Callable[[], float]:
        return lambda: self.held[worker] / 4

    async def work(self, worker: int, until: float) -> int:
        """Send as much as goes until an instant of the loop's clock; how many messages left."""
        loop, count = asyncio.get_running_loop(), 0
        while loop.time() < until:
            reports = await self.dispatchers[worker].dispatch(list(self._messages()))
            count += sum(isinstance(report, MessageAccepted) for report in reports)
        return count

    def _messages(self) -> Iterator[MessageToSend]:
        for _ in range(30):
            number = next(self._numbers)
            yield MessageToSend(
                message_id=MessageId(f"m{number}"),
                phone=f"+77015{number:06}",
                text="сәлем",
                attempt=1,
                requested_at=datetime.now(UTC),
            )


async def test_the_sum_of_all_workers_is_the_senders_rate_through_rebalances(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    await carrier.send("+77015999999", "The first call of a process takes longer than others.")
    workers = Workers(api, carrier)
    loop = asyncio.get_running_loop()
    counts: list[list[int]] = []
    for held in ([4, 0, 0], [2, 1, 1], [0, 3, 1]):
        workers.held[:] = held
        until = loop.time() + 1.0
        holders = [worker for worker in range(3) if held[worker]]
        counts.append(await asyncio.gather(*(workers.work(worker, until) for worker in holders)))
    calls = [call.at for call in api.creates()[1:]]
    assert len(calls) == sum(map(sum, counts))
    for first, last in combinations(range(len(calls)), 2):
        # Each of three workers has a burst of its own, which is one message at least.
        most = RATE * (calls[last] - calls[first] + JITTER) + BURST + 2
        assert last - first + 1 <= most
    # They are not much slower either, and who holds more sends more.
    assert len(calls) >= 0.7 * RATE * (calls[-1] - calls[0])
    _, (half, *quarters), (most_of_it, rest) = counts
    assert half > max(quarters)
    assert most_of_it > rest
