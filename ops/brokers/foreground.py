"""A local broker in the foreground: `jardem broker`."""

import signal
import threading
from collections.abc import Callable
from typing import Any

from ops.brokers.broker import Broker, BrokerError


def run_in_foreground(broker: Broker, tell: Callable[[str], None]) -> None:
    """Start the broker, tell its `host:port`, and keep it until SIGINT or SIGTERM.

    Raises `BrokerError` where it does not start, or ends by itself.
    """
    asked = threading.Event()

    def ask(*_: Any) -> None:  # noqa: ANN401 - what signal handlers are given
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        broker.start()
        tell(broker.address)
        while not asked.wait(0.5):
            if not broker.alive():
                raise BrokerError(f"the broker at {broker.address} has ended by itself")
    finally:
        broker.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
