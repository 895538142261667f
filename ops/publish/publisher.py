"""The reference publisher: JSON lines to the public topics, each acknowledged by the broker."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from ops.publish.acknowledgements import Acknowledgements
from ops.publish.lines import LineRefusedError, Prepared, prepare
from ops.reach import admin_client, require_broker
from schemas.catalogue import PUBLIC_IN
from streams.errors import UserError
from streams.kafka_access import client_options
from streams.key_set import PrivateKey
from streams.pseudonym_keys import pseudonyms_of
from streams.settings.settings import Settings

_UNDER_WAY = 10_000
_PATIENCE = 60.0
_NAMED = 20
_TOLD_EVERY = 1000
_BOM = b"\xef\xbb\xbf"


class UnreadyTopicsError(UserError):
    """Public topics are missing; the message says what to do."""


@dataclass(slots=True)
class Outcome:
    """What came of the lines: how many each topic has taken, and the numbers of the other lines."""

    published: Counter[str] = field(default_factory=Counter)
    refused: list[int] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    held_back: int = 0
    stopped_at: int | None = None

    @property
    def complete(self) -> bool:
        """Whether every line was published."""
        return not (self.refused or self.lost or self.held_back or self.stopped_at)

    def lines(self) -> Iterator[str]:
        """The outcome in words."""
        for topic, count in sorted(self.published.items()):
            yield f"{topic}: {count} published"
        refused, lost = len(self.refused), len(self.lost)
        yield f"{self.published.total()} published, {refused} refused, {lost} not acknowledged"
        if self.stopped_at:
            yield f"the broker has gone away: line {self.stopped_at} and those after it were not sent"
        if self.held_back:
            yield f"{self.held_back} good lines were held back because of the refused ones (--all-or-nothing)"
        if self.lost:
            numbers = ", ".join(map(str, sorted(self.lost)[:_NAMED]))
            more = ", ..." if lost > _NAMED else ""
            yield f"not acknowledged: {numbers}{more}; publish these lines again (safe where they have ids)"


class Publisher:
    """Prepares and sends lines. `tell` is given a line of words for each one that is refused.

    After `patience` seconds without any answer from the broker it gives up. With a `key` events are signed.
    """

    def __init__(
        self,
        settings: Settings,
        tell: Callable[[str], None],
        *,
        patience: float = _PATIENCE,
        key: PrivateKey | None = None,
    ) -> None:
        self._settings = settings
        self._patience = patience
        self._key = key
        self._topics: frozenset[str] = frozenset()
        self._tell = tell
        self._pseudonyms = pseudonyms_of(settings)
        self._clock = settings.clock()
        self._seen: dict[tuple[str, str], bytes] = {}
        self._outcome = Outcome()
        self._known: Callable[[int], None] = _nobody
        self.published_to = 0

    def publish(self, lines: Iterable[bytes], *, all_or_nothing: bool = False) -> Outcome:
        """Send every good line, or with `all_or_nothing` none where one is refused, and wait for all answers.

        Raises `NoBrokerError` and `UnreadyTopicsError` before anything is sent.
        """
        self.ready()
        prepared = self._prepared(lines)
        if all_or_nothing:
            good = list(prepared)
            if self._outcome.refused:
                self._outcome.held_back = len(good)
                return self._outcome
            prepared = iter(good)
        self._send(prepared)
        return self._outcome

    def publish_from(
        self, lines: Iterable[bytes], *, first: int, only: Collection[str], known: Callable[[int], None]
    ) -> Outcome:
        """Send lines of these types, of which there may be millions; the first has the number `first`.

        A line that names no id gets one of its number and content. `known` hears now and then up to which
        line all is acknowledged or refused, which is `published_to` in the end. To be called after `ready`.
        """
        self._known, self.published_to = known, first - 1
        self._send(self._prepared_from(lines, first, only))
        gone = self._outcome.lost | ({self._outcome.stopped_at} if self._outcome.stopped_at else set())
        if gone:
            self.published_to = min(gone) - 1
        return self._outcome

    def ready(self) -> None:
        """Look for the broker and the topics. Raises `NoBrokerError` and `UnreadyTopicsError`."""
        require_broker(self._settings)
        self._require_topics()

    def _prepared_from(self, lines: Iterable[bytes], first: int, only: Collection[str]) -> Iterator[Prepared]:
        for number, line in enumerate(lines, start=first):
            text = (line.removeprefix(_BOM) if number == 1 else line).strip()
            self.published_to = number
            if not text:
                continue
            digest = hashlib.sha256(b"%d %b" % (number, text)).hexdigest()
            try:
                ready = prepare(
                    number,
                    text,
                    self._pseudonyms,
                    self._clock.now(),
                    only=only,
                    id_if_none=digest,
                    key=self._key,
                )
                self._check_topic(ready)
                yield ready
            except LineRefusedError as error:
                self._refuse(number, str(error))

    def _require_topics(self) -> None:
        """See which topics are there for us: one that may only write its own is shown no others."""
        admin = admin_client(self._settings)
        try:
            self._topics = frozenset(PUBLIC_IN).intersection(admin.list_topics())
        finally:
            admin.close()
        if not self._topics:
            raise UnreadyTopicsError(
                f"topics are missing, or not for us to write ({', '.join(PUBLIC_IN)}): run jardem topics "
                "apply, with --acls where the brokers have an authoriser"
            )

    def _prepared(self, lines: Iterable[bytes]) -> Iterator[Prepared]:
        for number, line in enumerate(lines, start=1):
            text = (line.removeprefix(_BOM) if number == 1 else line).strip()
            if not text:
                continue
            try:
                ready = prepare(number, text, self._pseudonyms, self._clock.now(), key=self._key)
                self._check_topic(ready)
                self._check_identity(ready)
            except LineRefusedError as error:
                self._refuse(number, str(error))
            else:
                yield ready

    def _check_topic(self, ready: Prepared) -> None:
        if ready.record.topic not in self._topics:
            raise LineRefusedError(
                f"type: the topic {ready.record.topic} is missing, or not for us to write: run jardem topics "
                "apply, with --acls where the brokers have an authoriser"
            )

    def _check_identity(self, ready: Prepared) -> None:
        """The same id again says the same event again: with other data it would never be read."""
        if not ready.given_id:
            return
        digest = hashlib.sha256(ready.record.topic.encode() + (ready.record.value or b"")).digest()
        if self._seen.setdefault(ready.identity, digest) != digest:
            raise LineRefusedError("id: an earlier line has this id and source, but says something else")

    def _refuse(self, number: int, why: str) -> None:
        self._outcome.refused.append(number)
        self._tell(f"line {number}: {why}")

    def _send(self, prepared: Iterable[Prepared]) -> None:
        """Send all and wait for the answers. The producer's thread counts what is acknowledged."""
        waiting = Acknowledgements(_UNDER_WAY, self._patience)
        outcome = self._outcome

        def answered(ready: Prepared) -> None:
            outcome.published[ready.record.topic] += 1
            waiting.end(ready.number)

        def lost(ready: Prepared) -> None:
            outcome.lost.add(ready.number)
            waiting.end(ready.number)

        producer = _producer(self._settings)
        try:
            for ready in prepared:
                if not waiting.begin(ready.number):
                    outcome.stopped_at = ready.number
                    break
                record = ready.record
                try:
                    future = producer.send(
                        record.topic, key=record.key, value=record.value, headers=list(record.headers)
                    )
                except KafkaError as error:
                    waiting.end(ready.number)
                    self._refuse(ready.number, f"the client cannot send it: {error}")
                    continue
                future.add_callback(lambda _, ready=ready: answered(ready))
                future.add_errback(lambda _, ready=ready: lost(ready))
                if not ready.number % _TOLD_EVERY:
                    self._known((waiting.first_open() or ready.number) - 1)
            outcome.lost |= waiting.unanswered()
        finally:
            _close(producer)


def _nobody(line: int) -> None:
    """For whoever wants to hear of no line."""


def _producer(settings: Settings) -> Any:  # noqa: ANN401 - kafka-python has no types
    """Idempotent: what is sent again after a lost answer is written once, and in order."""
    return KafkaProducer(**client_options(settings), acks="all", enable_idempotence=True, linger_ms=100)


def _close(producer: Any) -> None:  # noqa: ANN401
    """Close the producer without waiting for a broker that has gone away."""
    try:
        producer.close(timeout=1)
    except KafkaError:
        producer._sender.force_close()  # noqa: SLF001 - `close` gives up before it comes to this
        producer._sender.join(5)  # noqa: SLF001
