"""What is forgotten of a case that was purged (R34): whom it is about, its texts, numbers and documents.

A case that goes on after that is told anew, so what belongs to a later step or instant stays. It is asked at
the end of each batch of the cases and numbers that the batch was about: in whatever order it was read, the
same is left.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Table, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.tables import (
    asked,
    cases,
    decisions,
    documents,
    drafts,
    former,
    messages,
    received,
    subjects,
)
from schemas.ids import MessageId, resent_id_of

_RESENT_AT_MOST = 100


async def forget_purged(
    connection: AsyncConnection, case_ids: Collection[str], phone_ids: Collection[str]
) -> None:
    """Forget what is to be forgotten of the purged ones among these cases, and of those on these numbers."""
    any_purged = select(cases.c.case_id).where(cases.c.purged_step > 0).limit(1)
    if (await connection.execute(any_purged)).first() is None:
        return
    on_phones = select(asked.c.case_id).where(asked.c.phone_id.in_(list(phone_ids)))
    touched = or_(cases.c.case_id.in_(list(case_ids)), cases.c.case_id.in_(on_phones))
    found = select(cases.c.case_id, cases.c.purged_step, cases.c.purged_at).where(
        cases.c.purged_step > 0, touched
    )
    for case_id, step, at in (await connection.execute(found)).all():
        await _forget(connection, case_id, step)
        await _forget_sms(connection, case_id, at)


async def _forget(connection: AsyncConnection, case_id: str, step: int) -> None:
    for table in (subjects, documents):
        mine = (table.c.case_id == case_id) & (table.c.step <= step)
        await connection.execute(delete(table).where(mine))
    for table, columns in _PERSONAL:
        mine = (table.c.case_id == case_id) & (table.c.step <= step)
        await connection.execute(update(table).where(mine).values(dict.fromkeys(columns)))


_PERSONAL: Sequence[tuple[Table, tuple[str, ...]]] = ((decisions, ("iban",)), (drafts, ("content", "iban")))


async def _forget_sms(connection: AsyncConnection, case_id: str, at: Any) -> None:  # noqa: ANN401 - an instant
    mine = (asked.c.case_id == case_id) & (asked.c.at <= at)
    rows = (await connection.execute(select(asked.c.message_id, asked.c.phone_id).where(mine))).all()
    await connection.execute(update(asked).where(mine).values(phone=None))
    first = [row.message_id for row in rows]
    explains = select(former.c.message_id).where(former.c.of_message.in_(first))
    ids = [*first, *(await connection.execute(explains)).scalars()]
    every = list(dict.fromkeys(again for id_ in ids for again in _with_resent(id_)))
    for start in range(0, len(every), 500):
        sent = messages.c.message_id.in_(every[start : start + 500])
        await connection.execute(update(messages).where(sent).values(text=None, phone=None))
    other = asked.alias()
    for phone_id in {row.phone_id for row in rows}:
        # Texts that came are kept for whichever case of the number is not purged.
        kept = exists().where(
            other.c.phone_id == phone_id,
            other.c.case_id == cases.c.case_id,
            or_(cases.c.purged_step == 0, other.c.at > cases.c.purged_at),
        )
        came = (received.c.phone_id == phone_id) & (received.c.at <= at) & ~kept
        await connection.execute(update(received).where(came).values(text=None, phone=None))


def _with_resent(message_id: str) -> list[str]:
    """A message and all as which it may have been sent again."""
    found = [message_id]
    while len(found) <= _RESENT_AT_MOST:
        found.append(resent_id_of(MessageId(found[-1])))
    return found
