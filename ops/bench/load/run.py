"""The load itself: publishes as it is told, lets citizens answer, and says what came of it and how fast."""

import asyncio
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiokafka.errors import KafkaError

from ops.bench.load.cases import Case, Cases
from ops.bench.load.events import Events
from ops.bench.load.http_client import CallFailedError
from ops.bench.load.http_server import HttpServer, Request, Response
from ops.bench.load.people import citizen
from ops.bench.load.sms_api import Answers, SmsApi
from ops.bench.load.wires import DecisionTopic, Publisher, note_decision, publisher

DECISIONS_PATH = "/decisions"
_UNDER_WAY = 2_000
_PROGRESS_SECONDS = 0.5

Say = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cases, and how fast.

    `count` citizens from number `first` on. With `in_flight` a case begins when another is complete; else
    `rate` begin a second. The first `warm_up` are not measured. With `silent` nobody answers, and a case is
    complete when its offer arrived. `patience` is after how many seconds without any progress it is given up.
    """

    first: int
    count: int
    in_flight: int = 0
    rate: float = 0.0
    warm_up: int = 0
    silent: bool = False
    patience: float = 60.0


class Load:
    """The registry, the SMS API and the citizens before one system. `say` tells whoever has started it."""

    def __init__(self, say: Say, sms_port: int = 0) -> None:
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._cases = Cases(self._write, self._loop.time)
        self._api = SmsApi(self._cases.text_arrived)
        self._server = HttpServer(self._handle, sms_port)
        self._events = Events()
        self._awards: Publisher | None = None
        self._facts: Publisher | None = None
        self._answers: Answers | None = None
        self._stack = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._done = 0

    async def open(self) -> dict[str, str]:
        """Listen; where the SMS API and the decisions are awaited."""
        await self._stack.enter_async_context(self._server)
        return {"sms": self._server.url, "decisions": self._server.url + DECISIONS_PATH}

    async def connect(self, *, awards: str, facts: str, answers: str, decisions: str | None) -> None:
        """Say where the system is; without a topic decisions come by HTTP. Raises `BadAddressError`."""
        self._awards, self._facts = publisher(awards), publisher(facts)
        self._answers = Answers(answers)
        for opened in (self._awards, self._facts):
            self._stack.push_async_callback(opened.close)
        self._stack.callback(self._answers.close)
        if decisions:
            await self._stack.enter_async_context(DecisionTopic(decisions, self._cases.decided))

    async def close(self) -> None:
        """End all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def facts(self, first: int, count: int) -> dict[str, Any]:
        """Publish the numbers of so many citizens; returns when the system has taken all."""
        began = self._loop.time()
        waiting: list[asyncio.Future[None]] = []
        for number in range(first, first + count):
            waiting.append(await _connected(self._facts).publish(*self._events.fact(citizen(number))))
            if len(waiting) >= _UNDER_WAY:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
        return {"facts": count, "seconds": self._loop.time() - began}

    async def cases(self, plan: Plan) -> dict[str, Any]:
        """Play the plan to its end, or until nothing moves any more."""
        cases = self._cases
        cases.forget()
        self._done = 0
        numbers = iter(range(plan.first, plan.first + plan.count))
        marks = _Marks(self._say, plan, self._loop.time)

        def ended(_: Case) -> None:
            self._done += 1
            self._moved.set()
            if plan.in_flight:
                marks.done(self._done)
                self._begin_next(plan, numbers)

        cases.ended = ended
        if plan.in_flight:
            for _ in range(min(plan.in_flight, plan.count)):
                self._begin_next(plan, numbers)
            ended_in_time = await self._await_all(plan)
        else:
            pacing = asyncio.create_task(self._pace(plan, numbers, marks))
            ended_in_time = await self._await_all(plan)
            pacing.cancel()
        faults = [f"{what} ({count} times)" for what, count in sorted(cases.faults.items())]
        if not ended_in_time:
            faults += [f"nothing came for {plan.patience:g} s", *cases.missing()]
        return {
            "cases": plan.count,
            "complete": self._done,
            "seconds": marks.seconds,
            "measured": marks.measured,
            "rate": marks.measured / marks.seconds if marks.seconds else 0.0,
            "backlog": marks.backlog,
            "first_sms_ms": quantiles(cases.first),
            "answer_ms": quantiles(cases.next),
            "case_ms": quantiles(cases.whole),
            "other_sms": cases.others,
            "faults": faults,
        }

    def _begin_next(self, plan: Plan, numbers: Iterator[int]) -> None:
        number = next(numbers, None)
        if number is not None:
            self._spawn(self._begin(number, plan))

    async def _begin(self, number: int, plan: Plan) -> None:
        who = citizen(number)
        event = self._events.award(who)
        measured = number - plan.first >= plan.warm_up
        self._cases.begin(who, silent=plan.silent, measured=measured)
        try:
            await (await _connected(self._awards).publish(*event))
        except (CallFailedError, KafkaError) as error:
            self._cases.faults[f"an award was not taken: {error}"] += 1

    async def _pace(self, plan: Plan, numbers: Iterator[int], marks: "_Marks") -> None:
        began = self._loop.time()
        for place, number in enumerate(numbers):
            pause = began + place / plan.rate - self._loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            marks.begun(place, self._cases.under_way)
            self._spawn(self._begin(number, plan))
        marks.begun(plan.count, self._cases.under_way)

    async def _await_all(self, plan: Plan) -> bool:
        """Whether all became complete; progress is told now and then."""
        moved_at, told_at = self._loop.time(), 0.0
        while self._done < plan.count:
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), _PROGRESS_SECONDS)
                moved_at = self._loop.time()
            except TimeoutError:
                if self._loop.time() - moved_at > plan.patience:
                    return False
            if self._loop.time() - told_at > _PROGRESS_SECONDS:
                told_at = self._loop.time()
                self._say({"progress": self._done, "of": plan.count})
        # Whatever comes too much comes soon after.
        await asyncio.sleep(_PROGRESS_SECONDS)
        return True

    def _write(self, case: Case, text: str) -> None:
        self._spawn(self._bring(case, text))

    async def _bring(self, case: Case, text: str) -> None:
        if self._answers is None:
            return
        try:
            await self._answers.bring(case.citizen.phone, text)
        except CallFailedError as error:
            self._cases.faults[f"an answer was not taken: {error}"] += 1

    def _handle(self, request: Request) -> Response:
        if urlsplit(request.target).path != DECISIONS_PATH:
            return self._api.handle(request)
        try:
            note_decision(request.body, self._cases.decided)
        except (ValueError, KeyError, TypeError):
            return Response(400, b'{"error": "iin, decision_id and outcome are wanted, in JSON"}')
        return Response(204)

    def _spawn(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Marks:
    """Where measuring begins and ends: whoever has started the load reads processor times there.

    Of a closed loop the cases at the end are left out, when fewer and fewer are in flight.
    """

    def __init__(self, say: Say, plan: Plan, now: Callable[[], float]) -> None:
        self._say, self._plan, self._now = say, plan, now
        self._last = max(plan.warm_up + 1, plan.count - plan.in_flight)
        self._began = now() if not plan.warm_up else 0.0
        self.seconds, self.measured, self.backlog = 0.0, 0, 0
        if not plan.warm_up:
            say({"mark": "begin"})

    def done(self, count: int) -> None:
        """So many are complete, in a closed loop."""
        if count == self._plan.warm_up:
            self._begin()
        elif count == self._last:
            self._end(self._last - self._plan.warm_up)

    def begun(self, count: int, under_way: int) -> None:
        """So many were begun, at a rate; of which so many are under way."""
        if count and count == self._plan.warm_up:
            self._begin()
        elif count == self._plan.count:
            self.backlog = under_way
            self._end(self._plan.count - self._plan.warm_up)

    def _begin(self) -> None:
        self._began = self._now()
        self._say({"mark": "begin"})

    def _end(self, measured: int) -> None:
        self.seconds, self.measured = self._now() - self._began, measured
        self._say({"mark": "end"})


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds: the median, the 99th percentile and the most; nothing where nothing was measured."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return {"p50": statistics.median(ordered) * 1000, "p99": p99 * 1000, "max": ordered[-1] * 1000}


def _connected(found: Publisher | None) -> Publisher:
    if found is None:
        raise RuntimeError("the load is not connected to any system yet")
    return found
