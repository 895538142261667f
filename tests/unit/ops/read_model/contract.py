"""What the read model promises on every database, as tests; those of a database inherit them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ops.bench.histories import NOW
from ops.bench.people import Log, somebody
from ops.read_model import control
from ops.read_model.database import DatabaseError
from ops.read_model.folds import local_day
from ops.read_model.queries import BadCursorError
from ops.read_model.store import Store, open_store
from ops.read_model.views import CaseFilter, CaseRow
from ops.read_model.writing import NotFollowingError, Place
from schemas.ids import CaseId, MessageId, message_id_of, question_id_of, resent_id_of
from streams.clock import real_now
from streams.records import NotUnpacked
from tests.read_model import (
    all_rows,
    history,
    interleaved,
    opened,
    settings_in,
    tell,
    told_of_every_plot,
)
from tests.unit.ops.read_model.contract_of_erasing import ErasingContract
from tests.unit.ops.read_model.contract_of_hostility import HostileContract
from tests.unit.ops.read_model.contract_of_work import WorkContract


class ReadModelContract(HostileContract, WorkContract, ErasingContract):
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    async def store(self, tmp_path: Path, url: str) -> AsyncIterator[Store]:
        async with opened(settings_in(tmp_path, url)) as store:
            yield store

    # -- rows

    @pytest.mark.parametrize("seed", range(3))
    async def test_rows_do_not_depend_on_the_order_in_which_partitions_were_read(
        self, store: Store, tmp_path: Path, seed: int
    ) -> None:
        records = told_of_every_plot(Log())
        await tell(store, records)
        async with opened(settings_in(tmp_path / "other")) as other:
            await tell(other, interleaved(records, seed), batch=seed * 40 + 7)
            assert await all_rows(other) == await all_rows(store)
        filled = {name for name, rows in (await all_rows(store)).items() if rows}
        assert {"steps", "cases", "subjects", "decisions", "drafts", "documents", "journal"} <= filled

    async def test_a_repeat_changes_nothing_wherever_it_stands(self, store: Store) -> None:
        records = told_of_every_plot(Log(), each=1)
        await tell(store, records)
        before = await all_rows(store)
        moved = [replace(record, offset=record.offset + 10_000) for record in records]
        await tell(store, [*records, *reversed(moved)])
        assert await all_rows(store) == before

    async def test_what_cannot_be_read_is_counted_and_stops_nobody(self, store: Store) -> None:
        log = Log()
        (first, *rest) = list(history(1, log).plays("waits"))
        junk = replace(first, value=b"no JSON 850101300015", offset=900)
        torn = NotUnpacked("case.advanced.v1", 0, 7, 9, "its checksum is wrong", b"x", "batch")
        await tell(store, [first, junk, torn, *rest])
        found = await store.queries.freshness()
        assert found.unread == 2
        assert await store.queries.count_cases(CaseFilter(), at=NOW) == 1

    async def test_offsets_and_rows_are_written_together_or_not_at_all(self, store: Store) -> None:
        generation = await store.generation()
        writer = replace(generation.writer(), holder="another")
        records = list(history(1, Log()).plays("waits"))
        with pytest.raises(NotFollowingError):
            await writer.write(records, [Place("case.advanced.v1", 0, None, 5, 5)], now=real_now())
        assert await generation.places() == {}
        assert not any((await all_rows(store)).values())

    async def test_only_one_follows_until_it_is_silent(self, tmp_path: Path, url: str, store: Store) -> None:
        async with open_store(settings_in(tmp_path, url)) as other:
            rival = await other.generation()
            assert not await rival.take_over(real_now())
            assert await rival.take_over(real_now() + timedelta(seconds=11))
            with pytest.raises(NotFollowingError):
                await tell(store, list(history(1, Log()).plays("waits")))

    # -- lists of cases

    async def test_pages_go_on_and_back_and_miss_nobody(self, store: Store) -> None:
        await tell(store, told_of_every_plot(Log(), each=3))
        seen, pages, after = [], [], None
        while True:
            page = await store.queries.cases(CaseFilter(), at=NOW, after=after, limit=10)
            seen += [row.case_id for row in page.rows]
            pages.append(page)
            if page.next is None:
                break
            after = page.next
        assert len(seen) == len(set(seen)) == 42
        ats = [row.at for page in pages for row in page.rows]
        assert ats == sorted(ats, reverse=True)
        back = await store.queries.cases(CaseFilter(), at=NOW, after=pages[2].before, limit=10)
        assert back.rows == pages[1].rows
        first = await store.queries.cases(CaseFilter(), at=NOW, after=back.before, limit=10)
        assert (first.rows, first.before) == (pages[0].rows, None)

    @pytest.mark.parametrize("cursor", ["x", "AAAA", "ÿ", "е"])
    async def test_a_broken_cursor_is_refused_and_not_repeated(self, store: Store, cursor: str) -> None:
        with pytest.raises(BadCursorError) as refused:
            await store.queries.cases(CaseFilter(), at=NOW, after=cursor)
        assert str(refused.value) == "this is no place in the list; begin at its first page"

    async def test_a_cursor_of_another_list_is_refused(self, store: Store) -> None:
        await tell(store, told_of_every_plot(Log(), each=1))
        cursor = (await store.queries.cases(CaseFilter(), at=NOW, limit=2)).next
        with pytest.raises(BadCursorError):
            await store.queries.acts(cursor)

    async def test_each_filter_finds_its_cases_and_counts_them(self, store: Store) -> None:
        await tell(store, told_of_every_plot(Log(), each=3))
        every = (await store.queries.cases(CaseFilter(), at=NOW, limit=100)).rows
        one = history(0, Log())
        since, until = NOW - timedelta(days=20), NOW - timedelta(days=10)
        wanted: dict[CaseFilter, Callable[[CaseRow], bool]] = {
            CaseFilter(state="granted"): lambda row: row.state == "granted",
            CaseFilter(ground="7"): lambda row: row.ground == "7",
            CaseFilter(reason="declined"): lambda row: row.reason == "declined",
            CaseFilter(language="kk"): lambda row: row.language == "kk",
            CaseFilter(person_id=one.person): lambda row: row.case_id == one.case,
            CaseFilter(phone_id=one.phone): lambda row: row.case_id == one.case,
            CaseFilter(overdue=True): lambda row: row.overdue,
            CaseFilter(not_understood=True): lambda row: row.not_understood,
            CaseFilter(held=True): lambda row: row.held,
            CaseFilter(waits_for_service=True): lambda row: (
                row.held or row.note in ("shadow", "offers_paused", "outside_pilot")
            ),
            CaseFilter(since=since, until=until): lambda row: since <= row.at < until,
            CaseFilter(state="ended", reason="declined"): lambda row: row.reason == "declined",
        }
        for asked, belongs in wanted.items():
            expected = [row.case_id for row in every if belongs(row)]
            found = await store.queries.cases(asked, at=NOW, limit=100)
            assert [row.case_id for row in found.rows] == expected
            assert expected, f"nothing would be found whatever {asked} did"
            assert await store.queries.count_cases(asked, at=NOW) == len(expected)
        assert await store.queries.count_cases(CaseFilter(), at=NOW, most=5) == 5

    async def test_nobody_is_named_unless_it_is_asked_for(self, store: Store) -> None:
        await tell(store, list(history(3, Log()).plays("granted")))
        who = somebody(3)
        (masked,) = (await store.queries.cases(CaseFilter(), at=NOW)).rows
        (clear,) = (await store.queries.cases(CaseFilter(), at=NOW, unmask=True)).rows
        assert (masked.iin, clear.iin) == (f"*{who.iin[-4:]}", who.iin)
        hidden = repr(await store.queries.case(masked.case_id, at=NOW))
        shown = repr(await store.queries.case(masked.case_id, at=NOW, unmask=True, texts=True))
        for number in (who.iin, who.phone, who.iban):
            assert number not in hidden
            assert number in shown

    # -- one case

    async def test_a_case_shows_its_chain_its_messages_and_what_comes_next(self, store: Store) -> None:
        case = history(5, Log())
        await tell(store, list(case.plays("granted")))
        found = await store.queries.case(case.case, at=NOW, unmask=True, texts=True)
        assert found is not None
        steps = [entry.step for entry in found.timeline if entry.step]
        assert [step.step for step in steps] == list(range(1, len(steps) + 1))
        assert all(step.sound for step in steps)
        assert not found.unread
        sms = [entry.sms for entry in found.timeline if entry.sms]
        assert [(one.outgoing, one.what) for one in sms] == [
            (True, "offer"),
            (False, None),
            (True, "account"),
            (False, None),
        ]
        assert sms[0].status == "delivered"
        assert sms[0].text is not None
        assert sms[1].understood == f"consent_{found.row.language}"
        assert [entry.document.kind for entry in found.timeline if entry.document] == ["accepted"]
        assert all(entry.document.verified for entry in found.timeline if entry.document)
        assert found.next.what == "nothing"
        assert (found.iban, found.rules_version) == (case.who.iban, "order-225-2021/1")
        assert [entry.at for entry in found.timeline] == sorted(entry.at for entry in found.timeline)

    @pytest.mark.parametrize("hurt", ["missing", "altered", "told twice"])
    async def test_a_broken_chain_is_seen(self, store: Store, hurt: str) -> None:
        case = history(5, Log())
        records = list(case.plays("granted"))
        log = [record for record in records if record.topic == "case.advanced.v1"]
        second = log[1]
        altered = replace(second, value=(second.value or b"").replace(b"offer_asked", b"queued"))
        match hurt:
            case "missing":
                records.remove(second)
            case "altered":
                records[records.index(second)] = altered
            case _:
                records.append(altered)
        await tell(store, records)
        found = await store.queries.case(case.case, at=NOW)
        assert found is not None
        assert found.unread
        assert any(not entry.step.sound for entry in found.timeline if entry.step)

    async def test_texts_on_a_shared_phone_stay_with_the_case_that_they_moved(self, store: Store) -> None:
        log = Log()
        one, other = history(1, log), history(2, log)
        other.who, other.phone = replace(other.who, phone=one.who.phone), one.phone
        await tell(store, [*one.plays("granted"), *other.plays("misunderstood")])
        mine = await store.queries.case(one.case, at=NOW, unmask=True, texts=True)
        theirs = await store.queries.case(other.case, at=NOW, unmask=True, texts=True)
        assert mine is not None
        assert theirs is not None
        came = [entry.sms.text for entry in theirs.timeline if entry.sms and not entry.sms.outgoing]
        assert len(came) == 1
        assert came[0] not in [entry.sms.text for entry in mine.timeline if entry.sms]

    async def test_an_explanation_and_a_message_sent_again_are_the_cases(self, store: Store) -> None:
        case = history(4, Log())
        records = list(case.plays("misunderstood"))
        case.later(minutes=15)
        records.append(case.sent(derived_again(case.case), "the offer again"))
        await tell(store, records)
        found = await store.queries.case(case.case, at=NOW, texts=True)
        assert found is not None
        sent = [entry.sms for entry in found.timeline if entry.sms and entry.sms.outgoing]
        assert [one.what for one in sent] == ["offer", "explain_offer", "offer"]
        assert found.row.not_understood

    async def test_there_is_no_such_case(self, store: Store) -> None:
        assert await store.queries.case("0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11", at=NOW) is None

    async def test_a_purged_case_keeps_its_steps_and_nobody(self, store: Store, tmp_path: Path) -> None:
        case = history(6, Log())
        records = list(case.plays("granted"))
        case.later(days=40)
        records.append(case.moved("granted", note="purged"))
        await tell(store, records)
        found = await store.queries.case(case.case, at=NOW, unmask=True, texts=True)
        assert found is not None
        assert (found.iin, found.phone, found.iban) == (None, None, None)
        assert not [entry for entry in found.timeline if entry.document]
        assert {entry.sms.text for entry in found.timeline if entry.sms} == {None}
        async with opened(settings_in(tmp_path / "other")) as other:
            await tell(other, interleaved(records, 3), batch=4)
            assert await all_rows(other) == await all_rows(store)

    # -- the overview

    async def test_the_overview_counts_what_the_lists_hold(self, store: Store) -> None:
        await tell(store, interleaved(told_of_every_plot(Log(), each=3), 1))
        found = await store.queries.overview(NOW)
        rows = (await store.queries.cases(CaseFilter(), at=NOW, limit=100)).rows
        assert found.cases == len(rows) == 42
        for state, count in found.by_state.items():
            assert count == sum(row.state == state for row in rows)
        assert sum(found.by_state.values()) == 42
        assert found.endings["declined"] == 3
        assert found.not_understood == sum(row.not_understood for row in rows)
        assert dict(found.funnel)["entitled"] == 42
        counts = [count for _, count in found.funnel]
        assert counts == sorted(counts, reverse=True)
        assert dict(found.funnel)["granted"] == found.by_state["granted"] == 3
        assert found.in_doubt == 3
        assert found.waiting["held"] == 3
        late = [row for row in rows if row.overdue and row.state == "offer_sent"]
        assert found.overdue["terms"] == len(late)
        entitled = next(series for series in found.per_day if series.name == "entitled")
        first = local_day(NOW, store.means.zone) - timedelta(days=29)
        assert sum(entitled.values) == sum(local_day(row.began_at, store.means.zone) >= first for row in rows)

    async def test_a_case_that_moves_on_is_counted_once(self, store: Store) -> None:
        case = history(1, Log())
        for record in case.plays("granted"):
            await tell(store, [record])
        rows = (await all_rows(store))["tallies"]
        assert all(count > 0 for _, count in rows)
        assert sum(count for what, count in rows if what.startswith("case|")) == 1

    # -- keys and generations

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"console_key": "another-key-of-more-than-32-characters"}, "JARDEM_CONSOLE_KEY"),
            ({"pseudonym_key": "another-key-of-more-than-32-characters"}, "JARDEM_PSEUDONYM_KEY"),
            ({"zone": "Asia/Aqtau"}, "JARDEM_ZONE"),
        ],
    )
    async def test_another_key_is_refused_with_what_to_do(
        self, store: Store, tmp_path: Path, url: str, changed: dict[str, str], named: str
    ) -> None:
        del store
        with pytest.raises(DatabaseError, match="run jardem console --rebuild") as refused:
            async with open_store(settings_in(tmp_path, url, **changed)):
                pass
        assert named in str(refused.value)
        assert "another-key" not in str(refused.value)

    async def test_an_open_store_goes_over_to_the_next_generation(self, store: Store) -> None:
        await tell(store, list(history(1, Log()).plays("waits")))
        number = await control.add(store.control, control.BUILDING, real_now())
        store._looked_at = 0.0
        assert (await store.queries.freshness()).problem == "rebuilding"
        assert await store.queries.count_cases(CaseFilter(), at=NOW) == 1
        await control.note(store.control, number, control.SERVING, real_now())
        store._looked_at = 0.0
        assert await store.queries.count_cases(CaseFilter(), at=NOW) == 0
        assert await control.outdated(store.control, real_now()) == [1]

    async def test_freshness_says_who_is_away(self, store: Store) -> None:
        generation = await store.generation()
        at = Place("case.advanced.v1", 0, None, 5, 8)
        await generation.writer().write((), [at], now=real_now())
        found = await store.queries.freshness()
        assert (found.behind, found.problem, found.fresh) == (3, None, False)
        heard = found.as_of
        await generation.writer().write((), (), now=real_now(), heard=False, problem="broker_away")
        found = await store.queries.freshness()
        assert (found.problem, found.as_of) == ("broker_away", heard)
        await generation.writer().write((), (), now=real_now() - timedelta(seconds=20))
        assert (await store.queries.freshness()).problem == "nobody_follows"

    async def test_who_waits_for_a_change_is_woken(self, store: Store) -> None:
        assert not await store.wait_changed(0.05)
        before = await store.changes()
        await tell(store, list(history(1, Log()).plays("waits")))
        assert await store.changes() > before


def derived_again(case_id: CaseId) -> MessageId:
    return resent_id_of(message_id_of(question_id_of(case_id, 0)))
