"""What no case takes along when it is purged, and goes by its age: when its topic has forgotten it too."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import exists, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.tables import asked, dead_letters, messages, received
from streams.dead_letters import DEAD_LETTERS
from streams.settings.settings import Settings
from streams.topics import SMS_INBOX, all_topics


async def forget_old(connection: AsyncConnection, settings: Settings, at: datetime) -> None:
    """Forget what is older than its topic keeps it. `at` is the present instant of the installation.

    That is whatever came with a record that could not be read, and texts from and to numbers of which nothing
    is known that was asked there. Of a dead letter that bore no time the age is not known; it stays until a
    rebuild.
    """
    kept = {topic.name: topic.retention for topic in all_topics(settings)}
    letters = dead_letters.c.at < at - _of(kept, DEAD_LETTERS)
    content = dead_letters.c.value.is_not(None) | dead_letters.c.key.is_not(None)
    blank = {"key": None, "headers": None, "value": None}
    await connection.execute(update(dead_letters).where(letters, content).values(blank))
    for table in (received, messages):
        old = (table.c.at < at - _of(kept, SMS_INBOX)) & table.c.text.is_not(None)
        nobody = ~exists().where(asked.c.phone_id == table.c.phone_id)
        await connection.execute(update(table).where(old, nobody).values(text=None, phone=None))


def _of(kept: Mapping[str, timedelta | None], topic: str) -> timedelta:
    retention = kept[topic]
    if retention is None:
        raise ValueError(f"{topic} is never kept for ever")
    return retention
