"""For which case a message is, and what it is: it may be an explanation, and be one that was sent again."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.tables import asked, former, messages

_FARTHEST_BACK = 100
Whence = tuple[str | None, str | None]


async def asked_for(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Whence]:
    """Case and kind of each of these messages, None where they are not known."""
    found: dict[str, Whence] = {}
    # Of each message the one that is looked at in its place, and what it is called.
    open_: dict[str, Whence] = {id_: (id_, None) for id_ in ids}
    for _ in range(_FARTHEST_BACK):
        if not open_:
            break
        looked_at = [str(id_) for id_, _ in open_.values()]
        cases = await _by(connection, asked.c.message_id, [asked.c.case_id, asked.c.what], looked_at)
        explained = await _by(
            connection, former.c.message_id, [former.c.of_message, former.c.what], looked_at
        )
        again = await _by(connection, messages.c.again_id, [messages.c.message_id], looked_at)
        following: dict[str, Whence] = {}
        for id_, (current, what) in open_.items():
            if (case := cases.get(str(current))) is not None:
                found[id_] = (case[0], what or case[1])
            elif (question := explained.get(str(current))) is not None:
                following[id_] = (question[0], what or question[1])
            elif (before := again.get(str(current))) is not None:
                following[id_] = (before[0], what)
        open_ = following
    return {id_: found.get(id_, (None, None)) for id_ in ids}


async def _by(
    connection: AsyncConnection,
    key: ColumnElement[Any],
    columns: Sequence[Any],
    keys: Sequence[str],
) -> Mapping[str, Any]:
    rows = await connection.execute(select(key, *columns).where(key.in_(keys)))
    return {row[0]: row[1:] for row in rows.all()}
