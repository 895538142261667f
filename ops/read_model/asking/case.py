"""One case with all that is known of it."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.cases.errors import AskedWronglyError
from ops.cases.reading import our_keys
from ops.read_model.asking.cases import ROWS, AskingCases
from ops.read_model.asking.decisions import AskingDecisions
from ops.read_model.asking.documents import shown_documents
from ops.read_model.asking.next_step import next_of
from ops.read_model.asking.sms import AskingSms
from ops.read_model.asking.timeline import timeline
from ops.read_model.erasing import IS_ERASURE, erased_since
from ops.read_model.folds import DRAFTED, waits_for_service
from ops.read_model.tables import acts, cases, decisions, documents, drafts, endings, steps, subjects
from ops.read_model.views import ActShown, CaseDetail, Step
from streams.key_set import KeysError, KeySet


class AskingCase(AskingCases, AskingDecisions, AskingSms):
    """A case by its id."""

    async def case(
        self, case_id: str, *, at: datetime, unmask: bool = False, texts: bool = False
    ) -> CaseDetail | None:
        """A case, with its timeline; None where there is none. `at` is the installation's present instant.

        `texts` asks for the words of SMS; unless `unmask`, the numbers in them are masked. Documents are
        verified with the installation's own keys each time.
        """
        async with self._store.reading() as connection:
            found = await connection.execute(ROWS.where(cases.c.case_id == case_id))
            row = found.mappings().first()
            if row is None:
                return None
            log = await _steps(connection, case_id)
            told = await self._acts_of(connection, case_id, unmask=unmask)
            papers = await _all(connection, select(documents).where(documents.c.case_id == case_id))
            decided = await _all(connection, _last(decisions, case_id))
            drafted = await _all(connection, _last(drafts, case_id))
            ended = await _all(connection, _last(endings, case_id))
            erased = await self._erased(connection, row, unmask=unmask)
            same = ROWS.where(cases.c.person_id == row["person_id"], cases.c.case_id != case_id)
            same = same.where(~erased_since()).order_by(cases.c.at.desc()).limit(50)
            others = await _all(connection, same) if erased is None else []
            line = await self._line(connection, case_id, log, unmask=unmask, texts=texts)
            waits = row["state"] in DRAFTED
            draft = await self._draft_of(connection, case_id, at, unmask=unmask) if waits else None
            learnt = await self._questioned_of(connection, case_id, unmask=unmask) if decided else []
        iin = self._text(subjects, "iin", case_id, row["iin"])
        shown = await asyncio.to_thread(
            shown_documents, self._opened(papers), self._keys(), iin, unmask=unmask
        )
        one = self._row(row, at, unmask=unmask)
        decision = decided[0] if decided else None
        decisive = decision or (drafted[0] if drafted else None)
        return CaseDetail(
            row=one,
            timeline=timeline(log, line.messages(shown.meanings), shown.documents, told),
            next=next_of(one, row["waiting_for"] if waits_for_service(row) else None, draft),
            iin=one.iin,
            phone=line.phone,
            iban=self._iban(decisive, decision is not None, unmask=unmask),
            scheme=_first(decisive, ended, "scheme"),
            application_date=_application_date(decisive, ended),
            rules_version=None if decisive is None else decisive["rules_version"],
            decision_id=None if decisive is None else decisive["decision_id"],
            draft=draft,
            questioned=learnt,
            others=[self._row(other, at, unmask=unmask) for other in others],
            unread=any(not step.sound for step in log),
            erased=erased,
        )

    async def _erased(self, connection: AsyncConnection, row: RowMapping, *, unmask: bool) -> ActShown | None:
        """By what act the person of a case was erased since its last step."""
        mine = select(acts).where(IS_ERASURE, acts.c.object_id == row["person_id"], acts.c.at >= row["at"])
        last = mine.order_by(acts.c.at.desc(), acts.c.act_id.desc()).limit(1)
        found = (await connection.execute(last)).mappings().first()
        return None if found is None else self._act(found, unmask=unmask)

    def _opened(self, papers: Sequence[RowMapping]) -> list[tuple[RowMapping, str | None]]:
        return [(row, self._text(documents, "jws", row["sha256"], row["jws"])) for row in papers]

    def _keys(self) -> KeySet | str:
        """Our keys, or why there are none to verify with."""
        try:
            return our_keys(self._settings)
        except (AskedWronglyError, KeysError) as error:
            return str(error)

    def _iban(self, row: RowMapping | None, decided: bool, *, unmask: bool) -> str | None:  # noqa: FBT001
        if row is None:
            return None
        table = decisions if decided else drafts
        return self._shown(table, "iban", row["decision_id"], row["iban"], unmask=unmask)

    async def _acts_of(self, connection: AsyncConnection, case_id: str, *, unmask: bool) -> list[ActShown]:
        """What operators did to the case and to its decisions."""
        of_case = (acts.c.object_kind == "case") & (acts.c.object_id == case_id)
        ids = select(drafts.c.decision_id).where(drafts.c.case_id == case_id)
        of_decision = (acts.c.object_kind == "decision") & acts.c.object_id.in_(ids)
        found = await connection.execute(
            select(acts).where(of_case).union_all(select(acts).where(of_decision))
        )
        return sorted(
            (self._act(row, unmask=unmask) for row in found.mappings()),
            key=lambda act: (act.at, act.act_id),
        )


async def _all(connection: AsyncConnection, statement: Any) -> Sequence[RowMapping]:  # noqa: ANN401
    return (await connection.execute(statement)).mappings().all()


def _last(table: Any, case_id: str) -> Any:  # noqa: ANN401 - a table with steps
    return select(table).where(table.c.case_id == case_id).order_by(table.c.step.desc()).limit(1)


async def _steps(connection: AsyncConnection, case_id: str) -> list[Step]:
    """The steps of a case. Each is sound where its `previous` is the digest of the step before."""
    mine = select(steps).where(steps.c.case_id == case_id).order_by(steps.c.step)
    found, number, digest = [], 0, None
    for row in await _all(connection, mine):
        follows = row["step"] == number + 1 and row["previous"] == digest
        named = (
            "step",
            "from_state",
            "to_state",
            "cause",
            "cause_id",
            "rule",
            "note",
            "language",
            "until",
            "at",
        )
        sound = follows and not row["twice"]
        found.append(Step(**{name: row[name] for name in named}, sound=sound))
        number, digest = row["step"], row["digest"]
    return found


def _first(row: RowMapping | None, ended: Sequence[RowMapping], name: str) -> str | None:
    for each in (row, *ended):
        if each is not None:
            return each[name]  # type: ignore[no-any-return]
    return None


def _application_date(row: RowMapping | None, ended: Sequence[RowMapping]) -> date | None:
    if row is not None:
        return row["application_date"]  # type: ignore[no-any-return]
    return ended[0]["consented_on"] if ended else None
