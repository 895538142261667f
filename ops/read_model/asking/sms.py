"""The SMS of a case as the citizen saw and wrote them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.asking.base import Asking
from ops.read_model.effects import ANSWERS, effects_of
from ops.read_model.masking import masked
from ops.read_model.tables import asked, deliveries, former, journal, messages, received
from ops.read_model.views import Sms, Step
from schemas.questions import QuestionNotUnderstood

_RESENT_AT_MOST = 100
TOO_LATE = "too_late"
"""What a text was taken for that came when no question was open any more: it changes nothing."""
_SAID_NO = {"declined": "decline", "withdrawn": "decline"}
Row = RowMapping


@dataclass(frozen=True, slots=True)
class Line:
    """What went to the numbers of a case and came from them, and the last number, as it may be shown."""

    phone: str | None
    sms: Sequence[Sms]

    def messages(self, meanings: Mapping[str, str]) -> list[Sms]:
        """The messages in their order; `meanings` of those that came are known from documents."""
        found = [
            one if one.outgoing else replace(one, understood=meanings.get(one.message_id, one.understood))
            for one in self.sms
        ]
        return sorted(found, key=lambda one: (one.at, one.message_id))


class AskingSms(Asking):
    """Messages by case."""

    async def _line(
        self, connection: AsyncConnection, case_id: str, log: Sequence[Step], *, unmask: bool, texts: bool
    ) -> Line:
        wanted = select(asked).where(asked.c.case_id == case_id).order_by(asked.c.at, asked.c.message_id)
        mine = (await connection.execute(wanted)).mappings().all()
        if not mine:
            return Line(None, ())
        phones = sorted({row["phone_id"] for row in mine})
        sent = await self._sent(connection, mine, phones, unmask=unmask, texts=texts)
        came = await self._came(connection, case_id, phones, log, unmask=unmask, texts=texts)
        last = mine[-1]
        phone = self._shown(asked, "phone", last["message_id"], last["phone"], unmask=unmask)
        return Line(phone, (*sent, *came))

    async def _sent(
        self,
        connection: AsyncConnection,
        mine: Sequence[Row],
        phones: Sequence[str],
        *,
        unmask: bool,
        texts: bool,
    ) -> list[Sms]:
        there = await _by(connection, messages, phones, "message_id")
        told = await _by(connection, journal, phones, "message_id")
        status = await _by(connection, deliveries, phones, "sid")
        ids = [row["message_id"] for row in mine]
        explains = select(former).where(former.c.of_message.in_(ids))
        first = [(row["message_id"], row["what"], row) for row in mine]
        by_id = {row["message_id"]: row for row in mine}
        first += [
            (row["message_id"], row["what"], by_id[row["of_message"]])
            for row in (await connection.execute(explains)).mappings()
            if row["message_id"] in there
        ]
        return [
            self._message(each, what, whence, there, told, status, unmask=unmask, texts=texts)
            for id_, what, whence in first
            for each in _with_resent(id_, there)
        ]

    def _message(  # noqa: PLR0913 - what is known of a message stands in four tables
        self,
        id_: str,
        what: str,
        whence: Row,
        there: Mapping[str, Row],
        told: Mapping[str, Row],
        status: Mapping[str, Row],
        *,
        unmask: bool,
        texts: bool,
    ) -> Sms:
        letter, one = there.get(id_), told.get(id_)
        report = None if one is None or one["sid"] is None else status.get(one["sid"])
        table, row = (asked, whence) if letter is None else (messages, letter)
        text = None if letter is None else self._text(messages, "text", id_, letter["text"])
        return Sms(
            message_id=id_,
            outgoing=True,
            what=what,
            text=_words(text, unmask=unmask) if texts else None,
            phone=self._shown(table, "phone", row["message_id"], row["phone"], unmask=unmask),
            phone_id=whence["phone_id"],
            at=row["at"],
            status=_status(letter, one, report),
            error_code=_code(one, report),
        )

    async def _came(
        self,
        connection: AsyncConnection,
        case_id: str,
        phones: Sequence[str],
        log: Sequence[Step],
        *,
        unmask: bool,
        texts: bool,
    ) -> list[Sms]:
        """The texts that caused a step of the case; on a number of this case alone, all that came."""
        there = await _by(connection, received, phones, "sid")
        others = select(asked.c.phone_id).where(asked.c.phone_id.in_(phones), asked.c.case_id != case_id)
        shared = set((await connection.execute(others.distinct())).scalars())
        caused = {step.cause_id: step for step in log if step.cause in ANSWERS}
        found = []
        for sid, row in there.items():
            # A step names its cause as nobody: an id with many digits in a row stands there as a pseudonym.
            effects = map(self._means.nameless, effects_of(row))
            step = next((caused[id_] for id_ in effects if id_ in caused), None)
            if step is None and row["phone_id"] in shared:
                continue
            text = self._text(received, "text", sid, row["text"])
            found.append(
                Sms(
                    message_id=sid,
                    outgoing=False,
                    what=None,
                    text=_words(text, unmask=unmask) if texts else None,
                    phone=self._shown(received, "phone", sid, row["phone"], unmask=unmask),
                    phone_id=row["phone_id"],
                    at=row["at"],
                    status="received",
                    error_code=None,
                    understood=None if step is None else _understood(step),
                )
            )
        return found


async def _by(connection: AsyncConnection, table: Any, phones: Sequence[str], key: str) -> dict[str, Row]:  # noqa: ANN401
    rows = await connection.execute(select(table).where(table.c.phone_id.in_(phones)))
    return {row[key]: row for row in rows.mappings()}


def _with_resent(message_id: str, there: Mapping[str, Row]) -> list[str]:
    """A message, and all as which it was sent again."""
    found = [message_id]
    while len(found) < _RESENT_AT_MOST and (last := there.get(found[-1])) and last["again_id"] in there:
        found.append(last["again_id"])
    return found


def _understood(step: Step) -> str | None:
    """What a text was taken for, as far as its step says; documents know it exactly."""
    if step.cause == QuestionNotUnderstood.name:
        return None
    if (step.note or "").startswith("answered_"):
        return TOO_LATE
    if step.note in _SAID_NO:
        return _SAID_NO[step.note]
    of_offer = step.from_state.startswith("offer_") and step.language is not None
    return f"consent_{step.language}" if of_offer else None


def _status(letter: Row | None, one: Row | None, report: Row | None) -> str:
    if report is not None:
        return str(report["status"])
    if one is not None and (letter is None or one["attempt"] >= letter["attempt"]):
        return str(one["state"])
    return "asked" if letter is None else "handed_over"


def _code(one: Row | None, report: Row | None) -> int | None:
    return next((row["code"] for row in (report, one) if row is not None and row["code"] is not None), None)


def _words(text: str | None, *, unmask: bool) -> str | None:
    return text if unmask or text is None else masked(text)
