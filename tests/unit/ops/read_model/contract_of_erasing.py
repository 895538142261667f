"""What the read model promises of people who were erased, as tests of every database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select

from ops.bench.histories import NOW, History, Plot, _total
from ops.bench.people import Log
from ops.read_model import tables
from ops.read_model.store import Store
from ops.read_model.views import CaseDetail, CaseFilter
from schemas.ids import MessageId, case_id_of, derived_id
from streams.records import Record
from tests.erased import AT, erasure, told_of
from tests.read_model import all_rows, history, interleaved, opened, settings_in, tell

_KEPT = {"who", "officer", "operator"}
"""Sealed columns of those who work here, not of citizens."""
_COUNTED = ("cases", "steps", "tallies", "journal", "deliveries", "endings", "questioned", "totals")


async def sealed_rows(store: Store) -> dict[str, int]:
    """How many values stand sealed, by table and column, of citizens."""
    found: dict[str, int] = {}
    async with store.reading() as connection:
        for table in tables.metadata.sorted_tables:
            for column in table.columns:
                wanted = isinstance(column.type, LargeBinary) and column.name not in _KEPT
                if not wanted or table.name in tables.BOOKKEEPING:
                    continue
                values = (await connection.execute(select(column).where(column.is_not(None)))).scalars()
                found[f"{table.name}.{column.name}"] = sum(bytes(value) != b"" for value in values)
    return {name: count for name, count in found.items() if count}


async def shown(store: Store, case: History) -> CaseDetail:
    found = await store.queries.case(case.case, at=NOW, unmask=True, texts=True)
    assert found is not None
    return found


class ErasingContract:
    @pytest.mark.parametrize(
        ("plot", "sealed"),
        [("granted", "decisions.iban"), ("to_sign", "drafts.iban"), ("to_sign", "drafts.content")],
    )
    async def test_nothing_sealed_is_left_of_who_was_erased_but_why(
        self, store: Store, plot: Plot, sealed: str
    ) -> None:
        log = Log()
        case = history(6, log, NOW - timedelta(days=9))
        await tell(store, told_of(case, log, plot))
        before = await all_rows(store)
        filled = set(await sealed_rows(store))
        assert {"acts.reason", "acts.details", "dead_letters.value", "dead_letters.key"} <= filled
        assert {"received.text", "messages.text", "asked.phone", sealed} <= filled
        assert {"subjects.iin", "documents.jws", "extensions.reason", "entitlements.clear_id"} <= filled
        await tell(store, [erasure(case, log)])
        assert await sealed_rows(store) == {"acts.reason": 1, "acts.details": 1}
        after = await all_rows(store)
        assert {name: after[name] for name in _COUNTED} == {name: before[name] for name in _COUNTED}

    async def test_a_case_says_who_erased_its_person_and_names_nobody(self, store: Store) -> None:
        log = Log()
        case = history(6, log, NOW - timedelta(days=9))
        await tell(store, [*told_of(case, log), erasure(case, log)])
        found = await shown(store, case)
        assert found.erased is not None
        assert (found.erased.at, found.erased.operator) == (AT, "officer-7")
        assert found.erased.reason == "asked for on 2026-11-20"
        assert (found.iin, found.phone, found.iban, found.row.iin) == (None, None, None, None)
        said = repr(replace(found, erased=None))
        for canary in (case.who.iin, case.who.phone, case.who.iban, "called from", "is ill"):
            assert canary not in said
        assert {entry.sms.text for entry in found.timeline if entry.sms} == {None}
        assert found.row.state == "granted"
        assert not found.unread

    async def test_the_search_finds_nobody_by_iin_or_number_and_lists_stay(self, store: Store) -> None:
        log = Log()
        case = history(6, log, NOW - timedelta(days=9))
        await tell(store, told_of(case, log))
        overview, year = await store.queries.overview(NOW), await store.queries.year(2026)
        by_who = [CaseFilter(person_id=case.person), CaseFilter(phone_id=case.phone)]
        assert [await store.queries.count_cases(each, at=NOW) for each in by_who] == [1, 1]
        await tell(store, [erasure(case, log)])
        assert [await store.queries.count_cases(each, at=NOW) for each in by_who] == [0, 0]
        assert await store.queries.count_cases(CaseFilter(), at=NOW) == 1
        store.queries._kept = None
        assert await store.queries.overview(NOW) == overview
        assert await store.queries.year(2026) == year

    @pytest.mark.parametrize("seed", range(4))
    async def test_it_wins_whichever_is_read_first_and_a_repeat_changes_nothing(
        self, store: Store, tmp_path: Path, seed: int
    ) -> None:
        log = Log()
        case, other = history(6, log, NOW - timedelta(days=9)), history(7, log, NOW - timedelta(days=9))
        records = [*told_of(case, log), *other.plays("granted")]
        erased = erasure(case, log)
        await tell(store, [*records, erased])
        rows = await all_rows(store)
        moved = [replace(record, offset=record.offset + 10_000) for record in records]
        again = [record for record in moved if record.topic not in {"sms.inbox.v1", "dead-letter.v1"}]
        await tell(store, again, batch=7)
        assert await all_rows(store) == rows
        mixed: Sequence[Record] = interleaved([erased, *records], seed)
        async with opened(settings_in(tmp_path / "first")) as rebuilt:
            await tell(rebuilt, [erased, *mixed], batch=1)
            assert await all_rows(rebuilt) == rows
        async with opened(settings_in(tmp_path / "mixed")) as rebuilt:
            await tell(rebuilt, mixed, batch=5)
            assert await all_rows(rebuilt) == rows

    async def test_others_keep_what_is_theirs(self, store: Store) -> None:
        log = Log()
        case, other = history(6, log, NOW - timedelta(days=9)), history(7, log, NOW - timedelta(days=9))
        await tell(store, list(other.plays("granted")))
        before = await shown(store, other)
        await tell(store, [*told_of(case, log), erasure(case, log)])
        assert await shown(store, other) == before

    async def test_on_a_shared_number_the_texts_go_that_moved_a_case_of_theirs(self, store: Store) -> None:
        log = Log()
        case, other = history(6, log, NOW - timedelta(days=9)), history(7, log, NOW - timedelta(days=9))
        other.who, other.phone = replace(other.who, phone=case.who.phone), case.phone
        mine, theirs = list(case.plays("granted")), list(other.plays("granted"))
        await tell(store, [*mine, *theirs])
        texts = [entry.sms.text for entry in (await shown(store, other)).timeline if entry.sms]
        assert None not in texts
        await tell(store, [erasure(case, log)])
        assert [entry.sms.text for entry in (await shown(store, other)).timeline if entry.sms] == texts
        assert {entry.sms.text for entry in (await shown(store, case)).timeline if entry.sms} == {None}
        assert await store.queries.count_cases(CaseFilter(phone_id=case.phone), at=NOW) == 1

    @pytest.mark.parametrize("first", [False, True])
    async def test_a_later_event_of_the_person_stays(self, store: Store, first: bool) -> None:  # noqa: FBT001
        log = Log()
        old = history(6, log, NOW - timedelta(days=9))
        new = history(6, log, AT + timedelta(hours=1))
        new.record_id = "A-later"
        new.case = case_id_of(
            new.person, "award" if new.ground.startswith("4-") else "certificate", "A-later"
        )
        records = [*told_of(old, log), erasure(old, log)]
        later = list(new.plays("waits"))
        await tell(store, [*later, *records] if first else [*records, *later], batch=3)
        found = await shown(store, new)
        assert (found.iin, found.phone, found.erased) == (new.who.iin, new.who.phone, None)
        assert found.others == []
        assert next(entry.sms.text for entry in found.timeline if entry.sms) is not None
        assert (await shown(store, old)).iin is None
        rows = (await store.queries.cases(CaseFilter(person_id=new.person), at=NOW)).rows
        assert [row.case_id for row in rows] == [new.case]

    async def test_the_digest_of_a_day_is_not_told_to_be_wrong_for_it(self, store: Store) -> None:
        log = Log()
        case = history(6, log, NOW - timedelta(days=9))
        records = told_of(case, log)
        await tell(store, records)
        day = case.at.date()
        (before,) = [
            one
            for one in await store.queries.day_totals(day, day)
            if one.topic == "registry.title-awarded.v1"
        ]
        await tell(store, [*_totalled(log, records, before.topic, day), erasure(case, log)])
        (after,) = [one for one in await store.queries.day_totals(day, day) if one.topic == before.topic]
        assert (after.count, after.missing, after.digest_matches) == (before.arrived, 0, None)

    # -- by age

    async def test_what_no_case_takes_along_goes_by_its_age(self, store: Store, tmp_path: Path) -> None:
        log = Log()
        case = history(6, log, NOW - timedelta(days=9))
        records = told_of(case, log)
        stranger = history(7, log, NOW - timedelta(days=9))
        records += [
            one for one in stranger.wrote("who are you?", {"to": "ended"}) if one.topic == "sms.inbox.v1"
        ]
        records.append(
            stranger.sent(MessageId(derived_id(stranger.case, "unasked")), "to whom it may concern")
        )
        await tell(store, records)
        before = await sealed_rows(store)
        generation, settings = await store.generation(), settings_in(tmp_path)
        await generation.forget_old(settings, case.at + timedelta(days=10))
        assert await sealed_rows(store) == before
        await generation.forget_old(settings, NOW + timedelta(days=14))
        gone = ("received.text", "received.phone", "messages.text", "messages.phone")
        without = before | {name: before[name] - 1 for name in gone}
        assert all(without[name] for name in gone)
        assert await sealed_rows(store) == without
        await generation.forget_old(settings, NOW + timedelta(days=91))
        assert set(without) - set(await sealed_rows(store)) == {
            "dead_letters.key",
            "dead_letters.headers",
            "dead_letters.value",
        }


def _totalled(log: Log, records: Sequence[Record], topic: str, day: date) -> list[Record]:
    ids = [
        dict(one.headers)["ce_id"].decode()
        for one in records
        if one.topic == topic and one.timestamp is not None and one.timestamp.date() == day
    ]
    return [_total(log, topic, day, ids)]
