"""What is forgotten of a case that was purged (R34): whom it is about, its texts, numbers and documents.

A case that goes on after that is told anew, so what belongs to a later step or instant stays. It is asked at
the end of each batch of the cases and numbers that the batch was about: in whatever order it was read, the
same is left.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.chunks import chunks
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


@dataclass(frozen=True, slots=True)
class Sent:
    """What went out for a case: the ids that its messages have, or would have if sent again; and whither."""

    message_ids: Sequence[str]
    phones: frozenset[str]


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
        await forget_case(connection, case_id, step)
        sent = await forget_messages(connection, case_id, at)
        await _forget_texts(connection, sent.phones, at)


async def forget_case(connection: AsyncConnection, case_id: str, step: int) -> None:
    """Forget whom a case is about, its documents and accounts, as far as they belong to steps up to this."""
    for table in (subjects, documents):
        mine = (table.c.case_id == case_id) & (table.c.step <= step)
        await connection.execute(delete(table).where(mine))
    for table, columns in _PERSONAL:
        mine = (table.c.case_id == case_id) & (table.c.step <= step)
        await connection.execute(update(table).where(mine).values(dict.fromkeys(columns)))


_PERSONAL: Sequence[tuple[Table, tuple[str, ...]]] = ((decisions, ("iban",)), (drafts, ("content", "iban")))


async def forget_messages(connection: AsyncConnection, case_id: str, at: datetime) -> Sent:
    """Forget the texts and numbers of what was asked and told for a case up to an instant."""
    mine = (asked.c.case_id == case_id) & (asked.c.at <= at)
    rows = (await connection.execute(select(asked.c.message_id, asked.c.phone_id).where(mine))).all()
    await connection.execute(update(asked).where(mine).values(phone=None))
    first = [row.message_id for row in rows]
    explains = select(former.c.message_id).where(former.c.of_message.in_(first))
    ids = [*first, *(await connection.execute(explains)).scalars()]
    every = list(dict.fromkeys(again for id_ in ids for again in _with_resent(id_)))
    for some in chunks(every):
        sent = messages.c.message_id.in_(some)
        await connection.execute(update(messages).where(sent).values(text=None, phone=None))
    return Sent(every, frozenset(row.phone_id for row in rows))


async def _forget_texts(connection: AsyncConnection, phones: Collection[str], at: datetime) -> None:
    """Texts that came are kept for whichever case of the number is not purged."""
    other = asked.alias()
    for phone_id in phones:
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
