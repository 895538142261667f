"""Fetches in sessions (KIP-227): requests name what has changed since the last one, and so does the answer.

aiokafka names every partition in every request, and the broker answers for every one. Both sides pack and
unpack all of that in order to say that one record has come.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka.protocol.fetch import FetchRequest

_SINCE = 7
"""The version of the request that knows sessions; an older broker is told everything each time."""

_Partition = tuple[str, int]
_Asked = Mapping[_Partition, tuple[int, int]]
"""The offset and the bytes that are asked for, by partition."""


@dataclass(slots=True)
class FetchSession:
    """What one broker remembers of our requests. `id` 0: there is no session, and the next request opens one.

    There is one request under way at a time.
    """

    id: int = 0
    epoch: int = 0
    known: _Asked = field(default_factory=dict)

    def request(self, whole: FetchRequest) -> "SessionRequest":
        """The request that says the same as `whole`."""
        asked = {
            (topic, number): (offset, most)
            for topic, partitions in whole.topics
            for number, offset, most in partitions
        }
        return SessionRequest(whole, self, asked)

    def answered(self, request: "SessionRequest", answer: Any) -> None:  # noqa: ANN401 - aiokafka has no types
        """The broker has answered: the session goes on, or it has forgotten it."""
        if answer.API_VERSION < _SINCE or answer.error_code or not answer.session_id:
            self.lost()
            return
        self.id = answer.session_id
        self.epoch = self.epoch + 1 if self.epoch < 2**31 - 1 else 1
        self.known = request.asked

    def lost(self) -> None:
        """Nobody knows what the broker has heard: begin anew."""
        self.id, self.epoch, self.known = 0, 0, {}


class SessionRequest(FetchRequest):  # type: ignore[misc] # the same
    """A request in a session."""

    def __init__(self, whole: FetchRequest, session: FetchSession, asked: _Asked) -> None:
        self._whole = whole
        self._session = session
        self.asked = asked

    @property
    def topics(self) -> Any:  # noqa: ANN401 - as aiokafka's
        """All that is asked for."""
        return self._whole.topics

    def build(self, request_struct_class: Any) -> Any:  # noqa: ANN401 - as aiokafka's
        """The request as it goes to a broker of that version."""
        if request_struct_class.API_VERSION < _SINCE:
            return self._whole.build(request_struct_class)
        known, whole = self._session.known, self._whole
        changed = {tp: asked for tp, asked in self.asked.items() if known.get(tp) != asked}
        struct = FetchRequest(
            whole._max_wait_ms,  # noqa: SLF001 - aiokafka's own
            whole._min_bytes,  # noqa: SLF001
            whole._max_bytes,  # noqa: SLF001
            whole._isolation_level,  # noqa: SLF001
            [
                (topic, [(number, *changed[topic, number]) for number in numbers])
                for topic, numbers in _by_topic(changed)
            ],
            rack_id=whole._rack_id,  # noqa: SLF001
        ).build(request_struct_class)
        struct.session_id, struct.session_epoch = self._session.id, self._session.epoch
        struct.forgotten_topics_data = _by_topic(known.keys() - self.asked.keys())
        return struct


def _by_topic(partitions: Iterable[_Partition]) -> list[tuple[str, list[int]]]:
    topics: defaultdict[str, list[int]] = defaultdict(list)
    for topic, number in partitions:
        topics[topic].append(number)
    return list(topics.items())
