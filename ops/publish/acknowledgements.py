"""Counting the broker's answers, and giving up on those that do not come."""

import threading
import time


class Acknowledgements:
    """Which lines are under way: at most `most` at a time.

    Without any answer for `patience` seconds we give up. kafka-python alone would wait for ever for a
    broker that has gone away.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._most = most
        self._patience = patience
        self._changed = threading.Condition()
        self._under_way: set[int] = set()
        self._last_answer = 0.0

    def begin(self, number: int) -> bool:
        """Wait for room and take a line up; False when no answer has come for too long."""
        if not self._wait(self._most - 1):
            return False
        with self._changed:
            if not self._under_way:
                self._last_answer = time.monotonic()
            self._under_way.add(number)
        return True

    def end(self, number: int) -> None:
        """An answer has come for a line, of whatever kind. Called from the client's thread."""
        with self._changed:
            self._under_way.discard(number)
            self._last_answer = time.monotonic()
            self._changed.notify_all()

    def first_open(self) -> int | None:
        """The first line under way; None where none is."""
        with self._changed:
            return min(self._under_way, default=None)

    def unanswered(self) -> set[int]:
        """Wait for all answers; the lines for which none came."""
        self._wait(0)
        with self._changed:
            return set(self._under_way)

    def _wait(self, room: int) -> bool:
        with self._changed:
            while len(self._under_way) > room:
                left = self._last_answer + self._patience - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True
