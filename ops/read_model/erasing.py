"""What goes of a person who was erased: all that was sealed about them up to then, wherever it stands.

`operator.acted.v1` says who was, and when (`jardem person erase`). It is asked at the end of each batch of
the persons whom the batch was about, so that an act wins over what is older than it, whichever is read first,
and what is newer stays: it came under a new key. What counts and names nobody stays too: states, times,
grounds, outcomes, and the pseudonyms under which public topics tell of them.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, func, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.chunks import chunks
from ops.read_model.effects import ANSWERS, effects_of
from ops.read_model.forgetting import forget_case, forget_messages
from ops.read_model.preparing import LOOKED_UP, Prepared
from ops.read_model.projections.reading import Means
from ops.read_model.tables import (
    acts,
    asked,
    cases,
    dead_letters,
    decisions,
    drafts,
    entitlements,
    extensions,
    messages,
    received,
    steps,
    subjects,
)
from schemas.ids import DecisionId, person_of

ERASED_ID = b""
"""What stands in the place of an id that was erased: a day's digest cannot be told of it any more."""

IS_ERASURE = and_(acts.c.object_kind == "person", acts.c.act == "erase")
"""The acts that say that a person was erased."""


def erased_since() -> ColumnElement[bool]:
    """Whether the person of a case was erased after its last step."""
    return exists().where(IS_ERASURE, acts.c.object_id == cases.c.person_id, acts.c.at >= cases.c.at)


async def erase_told(connection: AsyncConnection, prepared: Prepared, means: Means) -> None:
    """Obey every erasure of a person about whom the batch tells anything."""
    if (await connection.execute(select(acts.c.act_id).where(IS_ERASURE).limit(1))).first() is None:
        return
    for person_id, at in (await _erasures(connection, await _persons(connection, prepared))).items():
        mine = [id_ for id_ in prepared.decisions if person_of(DecisionId(id_)) == person_id]
        await _erase(connection, person_id, at, mine, means)


async def _persons(connection: AsyncConnection, prepared: Prepared) -> set[str]:
    """Whom the batch is about: by name of a person, a case, a number, or by what an act was done to."""
    persons, phones = set(prepared.persons), set(prepared.phones)
    for whose in await _found(connection, dead_letters.c.whose, dead_letters.c.letter_id, prepared.objects):
        persons.add(whose)
        phones.add(whose)
    phones |= await _found(connection, messages.c.phone_id, messages.c.message_id, prepared.objects)
    persons |= await _found(connection, cases.c.person_id, cases.c.case_id, prepared.cases)
    persons |= await _found(connection, asked.c.person_id, asked.c.phone_id, phones)
    return persons


async def _found(connection: AsyncConnection, wanted: Any, by: Any, of: Iterable[str]) -> set[str]:  # noqa: ANN401 - columns
    found: set[str] = set()
    for some in chunks(sorted(of)):
        rows = await connection.execute(select(wanted).where(by.in_(some), wanted.is_not(None)).distinct())
        found |= set(rows.scalars())
    return found


async def _erasures(connection: AsyncConnection, persons: Collection[str]) -> dict[str, datetime]:
    """When each of these was erased last; who was not is not among them."""
    found: dict[str, datetime] = {}
    for some in chunks(sorted(persons)):
        last = select(acts.c.object_id, func.max(acts.c.at).label("at"))
        rows = await connection.execute(
            last.where(IS_ERASURE, acts.c.object_id.in_(some)).group_by(acts.c.object_id)
        )
        found |= {row.object_id: row.at for row in rows}
    return found


async def _erase(
    connection: AsyncConnection, person_id: str, at: datetime, decision_ids: Sequence[str], means: Means
) -> None:
    """Blank what is sealed of a person. `decision_ids` are those of which the batch tells something."""
    case_ids = await _cases_of(connection, person_id)
    sent: list[str] = []
    phones: set[str] = set()
    for case_id in case_ids:
        step = await _last_step(connection, case_id, at)
        if step is not None:
            await forget_case(connection, case_id, step)
        of_case = await forget_messages(connection, case_id, at)
        sent += of_case.message_ids
        phones |= of_case.phones
    shared = {phone for phone in phones if await _is_shared(connection, phone, person_id)}
    await _blank(connection, received, received.c.phone_id, phones - shared, at, "text", "phone")
    caused = await _texts_of(connection, case_ids, shared, means)
    await _blank(connection, received, received.c.sid, caused, at, "text", "phone")
    papers = await _decisions_of(connection, case_ids)
    await _blank(connection, extensions, extensions.c.decision_id, {*papers, *decision_ids}, at, "reason")
    letters = await _blank_letters(connection, {person_id, *(phones - shared)}, at)
    await _blank_acts(connection, person_id, {*sent, *letters}, at)
    told = or_(entitlements.c.whose == person_id, entitlements.c.case_id.in_(case_ids))
    named = and_(told, entitlements.c.at <= at, entitlements.c.clear_id.is_not(None))
    await connection.execute(update(entitlements).where(named).values(clear_id=ERASED_ID))


async def _cases_of(connection: AsyncConnection, person_id: str) -> list[str]:
    every = (select(table.c.case_id).where(table.c.person_id == person_id) for table in _CASES)
    return sorted((await connection.execute(union(*every))).scalars())


_CASES: Sequence[Table] = (cases, subjects, asked)


async def _last_step(connection: AsyncConnection, case_id: str, at: datetime) -> int | None:
    """The last step up to an instant, 0 where a registry alone had told of the case; None: it is newer."""
    known = select(func.max(steps.c.step)).where(steps.c.case_id == case_id, steps.c.at <= at)
    last: int | None = (await connection.execute(known)).scalar_one()
    if last is not None:
        return last
    of_case = select(entitlements.c.event_id).where(
        entitlements.c.case_id == case_id, entitlements.c.at <= at
    )
    return None if (await connection.execute(of_case.limit(1))).first() is None else 0


async def _is_shared(connection: AsyncConnection, phone_id: str, person_id: str) -> bool:
    """Whether anybody else was asked on the number of whom something is kept."""
    others = select(asked.c.message_id).where(
        asked.c.phone_id == phone_id, asked.c.person_id != person_id, asked.c.phone.is_not(None)
    )
    return (await connection.execute(others.limit(1))).first() is not None


async def _texts_of(
    connection: AsyncConnection, case_ids: Sequence[str], phones: Collection[str], means: Means
) -> set[str]:
    """Of the texts that came from shared numbers those that moved a case of the person."""
    if not phones:
        return set()
    answers = and_(steps.c.case_id.in_(case_ids), steps.c.cause.in_(ANSWERS))
    causes = set((await connection.execute(select(steps.c.cause_id).where(answers))).scalars())
    came = select(received).where(received.c.phone_id.in_(phones), received.c.text.is_not(None))
    return {
        row["sid"]
        for row in (await connection.execute(came)).mappings()
        if not causes.isdisjoint(map(means.nameless, effects_of(row)))
    }


async def _decisions_of(connection: AsyncConnection, case_ids: Sequence[str]) -> list[str]:
    every = (select(table.c.decision_id).where(table.c.case_id.in_(case_ids)) for table in _PAPERS)
    return sorted((await connection.execute(union(*every))).scalars())


_PAPERS: Sequence[Table] = (decisions, drafts)


async def _blank_letters(connection: AsyncConnection, whose: Collection[str], at: datetime) -> list[str]:
    """Blank the records that could not be read; their ids."""
    old = or_(dead_letters.c.at.is_(None), dead_letters.c.at <= at)
    mine = and_(dead_letters.c.whose.in_(sorted(whose)), old)
    ids = list((await connection.execute(select(dead_letters.c.letter_id).where(mine))).scalars())
    await connection.execute(update(dead_letters).where(mine).values(key=None, headers=None, value=None))
    return ids


async def _blank_acts(
    connection: AsyncConnection, person_id: str, objects: Collection[str], at: datetime
) -> None:
    """Blank why operators acted, and with what details. Who they are, and why they erased, stays."""
    by_person = and_(acts.c.person_id == person_id, acts.c.at <= at, ~IS_ERASURE)
    await connection.execute(update(acts).where(by_person).values(reason=None, details=None))
    for some in chunks(sorted(objects)):
        on_them = and_(acts.c.object_kind.in_(LOOKED_UP), acts.c.object_id.in_(some), acts.c.at <= at)
        await connection.execute(update(acts).where(on_them).values(reason=None, details=None))


async def _blank(
    connection: AsyncConnection,
    table: Table,
    by: Any,  # noqa: ANN401 - a column of the table
    of: Iterable[str],
    at: datetime,
    *columns: str,
) -> None:
    """Blank columns of the rows whose `by` is one of these and that are not newer than this."""
    told_at = table.c.at if "at" in table.c else table.c.told_at
    for some in chunks(sorted(of)):
        await connection.execute(
            update(table).where(by.in_(some), told_at <= at).values(dict.fromkeys(columns))
        )
