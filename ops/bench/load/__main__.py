"""`python -m ops.bench.load`: the load as a process. Commands come in as JSON lines, answers go out as such.

    {"do": "connect", "awards": ADDRESS, "facts": ADDRESS, "answers": URL, "decisions": ADDRESS or null}
    {"do": "facts", "first": 0, "count": 1000}
    {"do": "cases", "first": 0, "count": 1000, "in_flight": 200, "warm_up": 100}
    {"do": "cases", "first": 0, "count": 1000, "rate": 100, "warm_up": 100, "silent": false}

First it says where it listens: {"listening": {"sms": URL, "decisions": URL}}. Each command is answered with
{"done": ...}, or {"error": ...}; in between come {"progress": N, "of": M} and {"mark": "begin" or "end"}.
It ends when its input does.
"""

import argparse
import asyncio
import json
import sys
from typing import Any

from aiokafka.errors import KafkaError

from ops.bench.load.run import Load, Plan
from ops.bench.load.wires import BadAddressError


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - what it is for


async def _run(port: int) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    load = Load(_say, port)
    try:
        _say({"listening": await load.open()})
        while line := await reader.readline():
            try:
                _say({"done": await _obey(load, json.loads(line))})
            except (BadAddressError, KafkaError, TypeError, ValueError, KeyError) as error:
                _say({"error": f"{type(error).__name__}: {error}"})
    finally:
        await load.close()


async def _obey(load: Load, told: dict[str, Any]) -> dict[str, Any]:
    what = told.pop("do")
    if what == "connect":
        await load.connect(**told)
        return {"connected": True}
    if what == "facts":
        return await load.facts(**told)
    if what == "cases":
        return await load.cases(Plan(**told))
    raise ValueError(f"there is no command {what}")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.load", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where the SMS API listens (any that is free)")
    asyncio.run(_run(parser.parse_args().port))


if __name__ == "__main__":
    main()
