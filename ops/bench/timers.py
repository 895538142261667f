"""`jardem bench timers`: how late a timer goes off in a worker with a million open cases.

The timer is the moment of grace, after which the offer is sent: it begins with each award, whenever that is,
while the terms of those who wait all end at a midnight.
"""

import asyncio
from collections.abc import AsyncIterator

from ops.bench.latency import at_rate
from ops.bench.running import Options, Point, Screen
from ops.bench.stand import stand
from ops.bench.standing import QUICK_RECOVERED, RECOVERED, open_cases, system_of
from ops.bench.subject import Subject

_GRACE_SECONDS = 2
_RATE = 20
_SECONDS, _QUICK = 60, 15
_CALM_SECONDS = 3.0


async def timers(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """From the end of each moment of grace to the first SMS, beside many who wait."""
    count = options.cases or (QUICK_RECOVERED if options.quick else RECOVERED)
    async with stand(options.kafka, screen) as on:
        system = system_of(subject, on, options.store, {"JARDEM_FACTS_GRACE": str(_GRACE_SECONDS)})
        try:
            await open_cases(on, system, count)
            screen.doing(f"recovering {count} open cases")
            await system.start_worker(on.beside)
            on.wired = system.wired(on.beside)
            await asyncio.sleep(_CALM_SECONDS)
            seconds = _QUICK if options.quick else _SECONDS
            played, steady = await at_rate(on, system, _RATE, seconds, f"{count} open")
            if not steady:
                why = played.faults or [f"it does not keep up with {_RATE} cases a second"]
                yield Point(played.name, {}, why)
                return
            late = {
                f"late_{quantile}_ms": played.figures[f"first_sms_{quantile}_ms"] - _GRACE_SECONDS * 1000
                for quantile in ("p50", "p99", "max")
            }
            early = min(late.values()) < 0
            yield Point(
                played.name, late, ["an offer was sent before its moment of grace was over"] if early else []
            )
        finally:
            await system.stop()
