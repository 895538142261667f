"""Which keys of a partition wait for a newer shared state, and what is to be told to them.

A change of the shared state may concern a million keys: they are told some at a time, and those that have
seen it by then are told nothing.
"""

from collections import deque

from schemas.deadlines import Deadline

RESEND_SECONDS = 60.0
"""What was told of, but what its state still waits for so long after, is told again."""


class Revisions:
    """The revisions of one partition's shared state. What a key waits for is its own state's to say."""

    def __init__(self) -> None:
        self._newest: Deadline | None = None
        self._seen: dict[bytes, int] = {}
        self._to_tell: list[bytes] = []
        self._told: deque[tuple[float, bytes, int]] = deque()

    def await_newer(self, key: bytes, seen: int | None) -> None:
        """Set that a key waits for a revision newer than this one; None: it does not wait."""
        before = self._seen.get(key)
        if seen == before:
            return
        if seen is None:
            del self._seen[key]
            return
        self._seen[key] = seen
        if self._newest and seen < self._newest.version:
            self._to_tell.append(key)

    def revised(self, revision: Deadline | None) -> None:
        """The newest revision of the shared state. The same once more tells nobody anything."""
        if revision == self._newest:
            return
        self._newest = revision
        self._to_tell = list(self._seen)
        self._told.clear()

    @property
    def pending(self) -> bool:
        """Whether somebody may still have to be told."""
        return bool(self._to_tell)

    def due(self, now: float, most: int) -> list[tuple[bytes, Deadline]]:
        """Whom to tell of the newest revision, at most so many. `now` is a monotonic clock's, in seconds.

        Whoever still waits long after was told is told once more, under the same version.
        """
        newest, found = self._newest, list[tuple[bytes, Deadline]]()
        if newest is None:
            return found
        while self._told and self._told[0][0] <= now:
            _, key, version = self._told.popleft()
            if version == newest.version:
                self._to_tell.append(key)
        while self._to_tell and len(found) < most:
            key = self._to_tell.pop()
            seen = self._seen.get(key)
            if seen is not None and seen < newest.version:
                found.append((key, newest))
                self._told.append((now + RESEND_SECONDS, key, newest.version))
        return found
