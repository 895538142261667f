"""Which pseudonyms are in use, written down while everything is stopped, so that their key can be changed.

A number is in use where the SMS desk or the carrier keeps a row of it, a person where the case desk does or
where a case of theirs is kept; and whoever an event is about that waits in an inbox.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from kafka.errors import GroupIdNotFoundError, KafkaError

from ops.handled import handled_up_to
from ops.persons.known import PURGED
from ops.reach import admin_client
from ops.topic_records import Item, event_data, read_topics
from ops.verify.topic import TOPIC as STEPS
from streams import summary
from streams.encryption.vault import INBOXES
from streams.errors import UserError
from streams.pseudonym_keys import WIDTH, InUse, fingerprint, read, write
from streams.records import Record
from streams.settings.settings import Settings
from streams.topics import CHANGELOGS
from streams.tuning import Tuning

PEOPLE, *_NUMBERS = CHANGELOGS

_PSEUDONYM = re.compile(rb"[0-9a-f]{64}")
_TAG = slice(3, 9)
_WHAT = 8
_ENTRY = WIDTH + _WHAT + 1


class StillRunningError(UserError):
    """Workers are running, or may be, so that pseudonyms come into use while they are being written down."""


def write_in_use(settings: Settings, path: Path, *, only_cases: bool) -> Iterator[str]:
    """Write the file; lines that say what is in it and what comes next.

    With `only_cases` a person of whom only facts are known is left out, and is somebody new afterwards.
    Raises `StillRunningError`, `PseudonymKeysError`, `TopicError`.
    """
    _require_stopped(settings)
    key = fingerprint(settings.pseudonym_key.get_secret_value().encode())
    former = read(settings.pseudonyms_in_use) if settings.pseudonyms_in_use else {}
    with _Spread() as spread:
        taking = _Taking(settings, spread, only_cases=only_cases)
        read_topics(settings, [STEPS, *CHANGELOGS, *INBOXES], taking.take, opens=False)
        counts = write(path, {key: spread.under(key, former), **_still(spread, former)})
    for name, count in counts.items():
        yield f"{count} pseudonyms in use under the key with the fingerprint {name}"
    yield (
        f"next, in every process, before any is started: JARDEM_PSEUDONYMS_IN_USE={path.absolute()}; "
        "JARDEM_PSEUDONYM_KEY a new secret; JARDEM_PSEUDONYM_KEY_PREVIOUS the key of now, and behind a "
        "blank those before it"
    )
    for name in (name for name, count in counts.items() if count == 0 and name != key):
        yield f"the key with the fingerprint {name} is needed no more: leave it out"


def _still(spread: "_Spread", former: Mapping[str, InUse]) -> dict[str, Iterator[bytes]]:
    return {name: spread.under(name, former) for name in former}


def _require_stopped(settings: Settings) -> None:
    group = Tuning().app_id
    admin = admin_client(settings)
    try:
        found = admin.describe_groups([group])[group]
    except KafkaError as error:
        raise _not_told(group, error) from None
    finally:
        admin.close()
    why = found.get("error") or ""
    if GroupIdNotFoundError.__name__ in why:
        # No worker has ever run. Brokers before 4.0 tell of a dead group without members instead.
        return
    if why:
        raise _not_told(group, why)
    if members := found.get("members"):
        raise StillRunningError(
            f"{len(members)} workers are running: stop everything, wait until the brokers have noticed, and "
            "try again"
        )


def _not_told(group: str, why: object) -> StillRunningError:
    return StillRunningError(
        f"whether workers run cannot be seen in the group {group}: {why}; try again, as a name that may "
        "describe the group (the role keeper)"
    )


class _Taking:
    """Takes records of the topics in their order, and notes what each says of its key."""

    def __init__(self, settings: Settings, spread: "_Spread", *, only_cases: bool) -> None:
        self._spread = spread
        self._only_cases = only_cases
        self._handled = handled_up_to(settings, INBOXES)

    def take(self, item: Item) -> None:
        """Take a record."""
        if not isinstance(item, Record) or item.key is None or not _PSEUDONYM.fullmatch(item.key):
            return
        if item.topic == STEPS:
            self._step(item, item.key)
        elif item.topic in INBOXES:
            if item.offset >= self._handled.get((item.topic, item.partition), 0):
                self._spread.note(item.key, "an event", in_use=True)
        else:
            self._spread.note(item.key, item.topic, in_use=self._row(item))

    def _step(self, item: Record, key: bytes) -> None:
        try:
            step = event_data(item, STEPS)
            case_id, purged = str(step["case_id"]), step.get("note") == PURGED
        except (KeyError, ValueError):
            case_id, purged = "a step that cannot be read", False
        self._spread.note(key, case_id, in_use=not purged)

    def _row(self, item: Record) -> bool:
        if item.value is None:
            return False
        if item.topic != PEOPLE or not self._only_cases:
            return True
        # Whoever waits for something is about to have a case, or has one.
        told = summary.read(item.value, item.value[_TAG])
        return told is None or told.waiting > 0


class _Spread:
    """Notes spread over files by the first byte of their pseudonyms, so that each is sorted in memory."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        """Make the files."""
        self._files = [self._stack.enter_context(_file()) for _ in range(256)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take them away."""
        self._stack.close()

    def note(self, key: bytes, what: str, *, in_use: bool) -> None:
        """That a pseudonym is in use for this, or is not any more."""
        name = bytes.fromhex(key.decode())[:WIDTH]
        digest = blake2b(what.encode(), digest_size=_WHAT).digest()
        self._files[name[0]].write(name + digest + bytes([in_use]))

    def under(self, key: str, former: Mapping[str, InUse]) -> Iterator[bytes]:
        """What is in use under the key with this fingerprint, ascending.

        What the former file has under a key stays under it; all else is of the present one.
        """
        for file in self._files:
            file.seek(0)
            for name in sorted(_in_use(file.read())):
                owner = next((each for each, found in former.items() if found.has(name)), None)
                if owner == key or (owner is None and key not in former):
                    yield name


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _in_use(notes: bytes) -> set[bytes]:
    """The names of which the last word on anything is that they are in use."""
    last: dict[bytes, dict[bytes, bool]] = defaultdict(dict)
    for at in range(0, len(notes), _ENTRY):
        name, what = notes[at : at + WIDTH], notes[at + WIDTH : at + _ENTRY - 1]
        last[name][what] = bool(notes[at + _ENTRY - 1])
    return {name for name, found in last.items() if any(found.values())}
