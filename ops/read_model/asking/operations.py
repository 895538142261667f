"""What operators work on: dead letters, messages in doubt, acts, looks, and how the service is set."""

import json
import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.asking.base import Asking
from ops.read_model.asking.conditions import dead_letters_open, in_doubt
from ops.read_model.asking.paging import Asked, Listing
from ops.read_model.asking.service import service_of
from ops.read_model.asking.whence import asked_for
from ops.read_model.folds import parts_of
from ops.read_model.masking import masked
from ops.read_model.tables import acts, dead_letters, journal, looks, messages, tallies
from ops.read_model.views import ActShown, DeadLetter, Doubt, Looked, Page, Service

_LETTERS = Listing("dead_letters", (dead_letters.c.position, dead_letters.c.letter_id))
_DOUBTS = Listing("doubts", (journal.c.at, journal.c.message_id))
_ACTS = Listing("acts", (acts.c.at, acts.c.act_id))
_LOOKS = Listing("looks", (looks.c.at, looks.c.look_id))
_IN_LISTS = [column for column in dead_letters.c if column.name not in {"key", "headers", "value"}]
_ACTS_OF_SERVICE = 50
_WRITTEN = re.compile(r'("(?:text|data_base64)"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.DOTALL)


class AskingOperations(Asking):
    """What operators do something about."""

    async def dead_letters(
        self,
        *,
        topic: str | None = None,
        reason: str | None = None,
        done: bool | None = False,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[DeadLetter]:
        """Records that could not be read, the newest first; `done` None: also those that are dealt with.

        Raises `BadCursorError`.
        """
        page = Asked.of(_LETTERS, self._means.sealer, after, limit)
        wanted: list[ColumnElement[bool]] = []
        if topic is not None:
            wanted.append(dead_letters.c.topic == topic)
        if reason is not None:
            wanted.append(dead_letters.c.reason == reason)
        if done is not None:
            wanted.append(~dead_letters_open() if done else dead_letters_open())
        async with self._store.reading() as connection:
            found = await connection.execute(page.select(select(*_IN_LISTS).where(*wanted)))
            rows = found.mappings().all()
            acted = await self._acts_on(connection, "dead_letter", [row["letter_id"] for row in rows])
        return page.page(
            rows,
            lambda row: (row["position"], row["letter_id"]),
            lambda row: _letter(row, acted.get(row["letter_id"], ())),
        )

    async def dead_letter(self, id_: str) -> DeadLetter | None:
        """A record that could not be read, with all that came with it, masked."""
        async with self._store.reading() as connection:
            mine = select(dead_letters).where(dead_letters.c.letter_id == id_)
            row = (await connection.execute(mine)).mappings().first()
            if row is None:
                return None
            acted = await self._acts_on(connection, "dead_letter", [id_])
        headers = json.loads(self._bytes(dead_letters, "headers", id_, row["headers"]) or b"[]")
        opened = {name: self._bytes(dead_letters, name, id_, row[name]) for name in ("key", "value")}
        shown = {name: None if found is None else _as_text(found) for name, found in opened.items()}
        pairs = [(_nameless(name), _nameless(content)) for name, content in headers]
        return _letter(row, acted.get(id_, ()), key=shown["key"], headers=pairs, value=shown["value"])

    async def doubts(self, after: str | None = None, limit: int = 50, *, unmask: bool = False) -> Page[Doubt]:
        """Messages of which nobody can tell whether they left, the newest first. Raises `BadCursorError`."""
        page = Asked.of(_DOUBTS, self._means.sealer, after, limit)
        async with self._store.reading() as connection:
            rows = (await connection.execute(page.select(in_doubt()))).mappings().all()
            ids = [row["message_id"] for row in rows]
            mine = select(messages).where(messages.c.message_id.in_(ids))
            sent = {row["message_id"]: row for row in (await connection.execute(mine)).mappings()}
            whence = await asked_for(connection, ids)
            acted = await self._acts_on(connection, "message", ids)
        return page.page(
            rows,
            lambda row: (row["at"], row["message_id"]),
            lambda row: self._doubt(
                row,
                sent.get(row["message_id"]),
                whence[row["message_id"]],
                acted.get(row["message_id"], ()),
                unmask=unmask,
            ),
        )

    def _doubt(
        self,
        row: RowMapping,
        sent: RowMapping | None,
        whence: tuple[str | None, str | None],
        acted: Sequence[ActShown],
        *,
        unmask: bool,
    ) -> Doubt:
        id_ = row["message_id"]
        phone, text = (None, None) if sent is None else (sent["phone"], sent["text"])
        return Doubt(
            message_id=id_,
            phone_id=row["phone_id"],
            phone=self._shown(messages, "phone", id_, phone, unmask=unmask),
            case_id=whence[0],
            what=whence[1],
            text=self._text(messages, "text", id_, text) if unmask else None,
            since=row["tried_at"],
            reported_at=row["at"],
            act=acted[-1] if acted else None,
        )

    async def acts(self, after: str | None = None, limit: int = 50) -> Page[ActShown]:
        """What operators did, the newest first. Raises `BadCursorError`."""
        page = Asked.of(_ACTS, self._means.sealer, after, limit)
        async with self._store.reading() as connection:
            rows = (await connection.execute(page.select(select(acts)))).mappings().all()
        return page.page(rows, lambda row: (row["at"], row["act_id"]), self._act)

    async def looks(
        self,
        *,
        who: str | None = None,
        person_id: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Looked]:
        """What the console recorded of looks and acts, the newest first. Raises `BadCursorError`."""
        page = Asked.of(_LOOKS, self._means.sealer, after, limit)
        wanted: list[ColumnElement[bool]] = []
        if who is not None:
            wanted.append(looks.c.who_id.in_(self._means.pseudonyms.ids(who)))
        if person_id is not None:
            wanted.append(looks.c.person_id == person_id)
        async with self._store.reading() as connection:
            rows = (await connection.execute(page.select(select(looks).where(*wanted)))).mappings().all()
        named = ("at", "role", "what", "act_id", "person_id", "case_id")
        return page.page(
            rows,
            lambda row: (row["at"], row["look_id"]),
            lambda row: Looked(
                who=self._text(looks, "who", row["look_id"], row["who"]) or "",
                **{name: row[name] for name in named},
            ),
        )

    async def service(self) -> Service:
        """How the service is set: by its acts, in their order."""
        mine = select(acts).where(or_(acts.c.object_kind == "offers", acts.c.object_kind == "ground"))
        counted = select(tallies).where(tallies.c.what.startswith("waits|", autoescape=True))
        async with self._store.reading() as connection:
            found = (await connection.execute(mine.order_by(acts.c.at, acts.c.act_id))).mappings()
            acted = [self._act(row) for row in found]
            waiting = (await connection.execute(counted)).all()
        by_why = {str(parts_of(row.what)[1]): row.number for row in waiting}
        return service_of(acted, by_why, most=_ACTS_OF_SERVICE)

    async def _acts_on(
        self, connection: AsyncConnection, kind: str, ids: Sequence[str]
    ) -> dict[str, list[ActShown]]:
        """The acts on objects of a kind, in their order."""
        mine = select(acts).where(acts.c.object_kind == kind, acts.c.object_id.in_(list(ids)))
        found: dict[str, list[ActShown]] = {}
        for row in (await connection.execute(mine.order_by(acts.c.at, acts.c.act_id))).mappings():
            found.setdefault(row["object_id"], []).append(self._act(row))
        return found


def _letter(
    row: RowMapping,
    acted: Sequence[ActShown],
    *,
    key: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    value: str | None = None,
) -> DeadLetter:
    done = {"redrive": "redriven", "discard": "discarded"}
    named = ("topic", "partition", "offset", "reason", "at", "size")
    return DeadLetter(
        id=row["letter_id"],
        **{name: row[name] for name in named},
        redrivable=bool(row["redrivable"]),
        done=next((done[act.act] for act in reversed(acted) if act.act in done), None),
        acts=list(acted),
        key=key,
        headers=headers,
        value=value,
    )


def _as_text(content: bytes) -> str:
    return _nameless(content.decode("utf-8", "backslashreplace"))


def _nameless(text: str) -> str:
    """What came with a record, without numbers and without what a citizen wrote.

    What is UTF-16 in truth has a zero byte between two digits; and base64 hides whatever is in it.
    """
    return masked(_WRITTEN.sub(r'\1"*"', text.replace("\0", "")))
