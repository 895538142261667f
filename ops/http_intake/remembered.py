"""Which ids came within the window and what was said under them: the log of digests as memory holds it.

A claim says that somebody sent this content under this id. The first claim of an id counts, whoever reads the
log; one that says that its content was published counts before all others, so that compaction, which leaves
of a claim only its last word, changes nothing.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from ops.http_intake import metrics

DIGEST = 16
"""Bytes of a digest: that two of a million million million are alike is not to be expected."""
NONCE = 8
"""Bytes by which the claims of one id are told apart."""

_VERSION = b"\1"
_CLAIMED, _PUBLISHED = b"c", b"p"
_GENERATIONS = 32


@dataclass(frozen=True, slots=True)
class Claim:
    """What is in the log about an id. `at` is the broker's time, in milliseconds since 1970."""

    id: bytes
    nonce: bytes
    content: bytes
    published: bool
    at: int

    @property
    def key(self) -> bytes:
        """The record's key."""
        return self.id + self.nonce

    @property
    def value(self) -> bytes:
        """The record's value."""
        return _VERSION + (_PUBLISHED if self.published else _CLAIMED) + self.content


def read_claim(key: bytes | None, value: bytes | None, at: int) -> Claim | None:
    """A claim as its record holds it; None for a record that is none, or of a version that is not known."""
    if key is None or value is None or len(key) != DIGEST + NONCE or len(value) != 2 + DIGEST:
        return None
    if value[:1] != _VERSION or value[1:2] not in (_CLAIMED, _PUBLISHED):
        return None
    return Claim(key[:DIGEST], key[DIGEST:], value[2:], value[1:2] == _PUBLISHED, at)


@dataclass(slots=True)
class _Generation:
    begins: int
    newest: int
    claims: dict[bytes, bytes] = field(default_factory=dict)


class Remembered:
    """The claims of the last `window`, at most about `most` of them.

    They are kept in generations, which are forgotten as a whole: a lookup asks a few dictionaries more, and
    forgetting costs nothing. Values are packed, for there may be millions.
    """

    def __init__(self, window: timedelta, most: int) -> None:
        self._window = window // timedelta(milliseconds=1)
        self._most = most
        self._generations: deque[_Generation] = deque()
        self.count = 0

    def take(self, claim: Claim) -> None:
        """Take a claim, in the order of its partition."""
        for generation in self._holding(claim.id):
            former = _unpacked(claim.id, generation.claims[claim.id])
            if claim.at - former.at < self._window:
                if claim.published:
                    generation.claims[claim.id] = _packed(claim)
                    generation.newest = max(generation.newest, claim.at)
                return
            del generation.claims[claim.id]
            self.count -= 1
        self._begin(claim.at)
        self._generations[-1].newest = max(self._generations[-1].newest, claim.at)
        self._generations[-1].claims[claim.id] = _packed(claim)
        self.count += 1

    def get(self, id_: bytes, now: int) -> Claim | None:
        """The claim that counts for this id, where its window is not over at `now`."""
        for generation in self._holding(id_):
            found = _unpacked(id_, generation.claims[id_])
            return found if now - found.at < self._window else None
        return None

    def forget(self, now: int) -> None:
        """Forget what is older than the window."""
        while self._generations and now - self._generations[0].newest >= self._window:
            self.count -= len(self._generations.popleft().claims)
        metrics.REMEMBERED.set(self.count)

    def _holding(self, id_: bytes) -> Iterator[_Generation]:
        for generation in reversed(self._generations):
            if id_ in generation.claims:
                yield generation
                return

    def _begin(self, at: int) -> None:
        last = self._generations[-1] if self._generations else None
        if (
            last is None
            or at - last.begins > self._window // _GENERATIONS
            or len(last.claims) >= self._most // _GENERATIONS
        ):
            self._generations.append(_Generation(at, at))
        while self.count >= self._most:
            lost = len(self._generations.popleft().claims)
            self.count -= lost
            metrics.FORGOTTEN.inc(lost)


def _packed(claim: Claim) -> bytes:
    return claim.value[1:] + claim.nonce + claim.at.to_bytes(6, "big")


def _unpacked(id_: bytes, packed: bytes) -> Claim:
    content, nonce = packed[1 : 1 + DIGEST], packed[1 + DIGEST : -6]
    return Claim(id_, nonce, content, packed[:1] == _PUBLISHED, int.from_bytes(packed[-6:], "big"))
