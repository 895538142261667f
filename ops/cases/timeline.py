"""The timeline of one case as the console shows it, made of the topics alone: no console has to run."""

import asyncio
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from ops.read_model.projections.project import FOLLOWED
from ops.read_model.store import open_store
from ops.read_model.views import CaseDetail
from ops.read_model.writing import Place
from ops.topic_records import Item, read_topics
from ops.verify.topic import TOPIC
from streams.clock import real_now
from streams.dead_letters import DEAD_LETTERS
from streams.records import NotUnpacked, Record
from streams.settings.settings import Settings
from streams.topics import ACTS, SMS_INBOX, SMS_OUTBOX

_OF_NUMBERS = (SMS_INBOX, SMS_OUTBOX)
_LEFT_OUT = (DEAD_LETTERS, "audit.console.v1")
_TOPICS = tuple(
    name for name in FOLLOWED if name not in _LEFT_OUT and not name.startswith(("registry.", "statecorp."))
)


@dataclass(slots=True)
class _Keys:
    """Under which keys the records of a case stand: the person's pseudonym, and those of their numbers."""

    case_id: bytes
    found: dict[str, set[bytes]] = field(default_factory=lambda: {TOPIC: set(), SMS_INBOX: set()})

    def take(self, item: Item) -> None:
        """Take a record."""
        if isinstance(item, Record) and item.key and item.value and self.case_id in item.value:
            self.found[item.topic].add(item.key)


@dataclass(slots=True)
class _Records:
    """Takes what may be about the case."""

    keys: _Keys
    taken: list[Record] = field(default_factory=list)

    def take(self, item: Item) -> None:
        """Take a record."""
        if isinstance(item, NotUnpacked) or item.key is None:
            return
        keys = self.keys.found[SMS_INBOX if item.topic in _OF_NUMBERS else TOPIC]
        named = item.topic == ACTS and self.keys.case_id in (item.value or b"")
        if named or item.key in keys:
            self.taken.append(item)


def case_detail(case_id: str, settings: Settings, texts: bool) -> CaseDetail | None:  # noqa: FBT001 - one of three
    """The case as the console has it, everything masked; None where there is none.

    The SMS are those that their topics still hold. Raises `TopicError`.
    """
    keys = _Keys(case_id.encode())
    read_topics(settings, [TOPIC, SMS_INBOX], keys.take)
    records = _Records(keys)
    read_topics(settings, _TOPICS, records.take)
    with tempfile.TemporaryDirectory(prefix="jardem-case-") as folder:
        alone = settings.model_copy(
            update={
                "data_dir": Path(folder),
                "console_database": SecretStr(""),
                "console_key": SecretStr(secrets.token_hex(32)),
            }
        )
        return asyncio.run(_projected(case_id, alone, records.taken, texts=texts))


async def _projected(
    case_id: str, settings: Settings, records: list[Record], *, texts: bool
) -> CaseDetail | None:
    ends = {(record.topic, record.partition): record.offset + 1 for record in records}
    places = [Place(topic, partition, None, end, end) for (topic, partition), end in ends.items()]
    async with open_store(settings) as store:
        generation = await store.generation()
        await generation.take_over(real_now())
        await generation.writer().write(records, places, now=real_now())
        return await store.queries.case(case_id, at=settings.clock().now(), texts=texts)
