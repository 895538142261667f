"""What the read model promises on every database, as tests; those of a database inherit them."""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ops.bench.histories import NOW, Log, somebody
from ops.read_model import control
from ops.read_model.database import DatabaseError
from ops.read_model.folds import local_day
from ops.read_model.queries import BadCursorError
from ops.read_model.store import Store, open_store
from ops.read_model.views import CaseFilter, CaseRow
from ops.read_model.writing import NotFollowingError, Place
from schemas.audit import ConsoleAudited
from schemas.base import Event
from schemas.ids import CaseId, MessageId, derived_id, message_id_of, question_id_of, resent_id_of
from schemas.messages import MessageGivenUp, MessageInDoubt
from schemas.operators import OperatorActed
from schemas.outcomes import DraftVoided
from schemas.registry import DayTotalled, TitleAwarded
from streams.clock import real_now
from streams.dead_letters import dead_letter, packed_dead_letter
from streams.records import NotUnpacked, Outgoing, Record
from tests.read_model import (
    all_rows,
    history,
    interleaved,
    opened,
    settings_in,
    tell,
    told_of_every_plot,
)

OPERATOR = "operator-3"


def act(log: Log, name: str, kind: str, id_: str, *, minutes: int = 0, **details: object) -> Record:
    event = OperatorActed.model_validate(
        {
            "act": name,
            "object": {"kind": kind, "id": id_},
            "person_id": "a" * 64 if kind in {"case", "decision"} else None,
            "phone_id": "b" * 64 if kind == "message" else None,
            "details": details,
            "reason": "звонил 850101300015",
            "operator": OPERATOR,
        }
    )
    at = NOW + timedelta(minutes=minutes)
    return log.record(event.name, id_, event, at, derived_id(name, id_, str(minutes)), "urn:jardem:console")


def letter(offset: int, outgoing: Outgoing) -> Record:
    return Record("dead-letter.v1", 0, offset, NOW, outgoing.key, outgoing.value, outgoing.headers)


class ReadModelContract:
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

    # -- decisions

    async def test_drafts_wait_until_they_are_voided_or_decided(self, store: Store) -> None:
        log = Log()
        cases = [history(number, log) for number in range(3)]
        for case in cases:
            await tell(store, list(case.plays("to_sign")))
        one, other, last = cases
        voided = DraftVoided(decision_id=one.decision_id(), case_id=one.case, reason="withdrawn")
        await tell(store, [one._out(voided, "v")])
        assert {draft.case_id for draft in (await store.queries.drafts(at=NOW)).rows} == {
            other.case,
            last.case,
        }
        await tell(store, [other.moved("granted")])
        (left,) = (await store.queries.drafts(at=NOW)).rows
        assert (left.case_id, left.content, left.iin) == (last.case, None, f"*{last.who.iin[-4:]}")
        whole = await store.queries.draft(last.decision_id(), at=NOW, unmask=True)
        assert whole is not None
        assert whole.content is not None
        assert whole.content["iban"] == last.who.iban
        assert whole.due == last.until
        assert await store.queries.draft(one.decision_id(), at=NOW) is None

    async def test_a_grant_is_unrecorded_until_the_state_corporation_says_it(self, store: Store) -> None:
        records = [record for number in range(20) for record in history(number, Log()).plays("granted")]
        silent = [record for record in records if record.topic != "statecorp.benefit-recorded.v1"]
        await tell(store, silent)
        at = NOW + timedelta(days=40)
        assert len((await store.queries.unrecorded(30, at=at)).rows) == 20
        assert len((await store.queries.unrecorded(60, at=at)).rows) == 0
        told = [record for record in records if record.topic == "statecorp.benefit-recorded.v1"]
        await tell(store, told)
        left = (await store.queries.unrecorded(30, at=at, unmask=True)).rows
        assert len(left) == 20 - len(told)

    async def test_outcomes_of_a_day_and_of_a_year(self, store: Store) -> None:
        await tell(store, told_of_every_plot(Log(), each=2))
        rows = (await store.queries.cases(CaseFilter(), at=NOW, limit=100)).rows
        ended = [row for row in rows if row.outcome]
        days = {row.at.astimezone(store.means.zone).date() for row in ended}
        found = [one for day in days for one in (await store.queries.outcomes(day)).rows]
        assert {one.case_id for one in found} == {row.case_id for row in ended}
        assert {one.refusal_ground for one in found if one.outcome == "refused"} == {4}
        assert sum(row.count for row in await store.queries.year(2026)) == len(ended)
        assert await store.queries.year(2019) == []

    # -- operators

    async def test_dead_letters_are_shown_masked_until_they_are_dealt_with(self, store: Store) -> None:
        bad = Record("registry.death-registered.v1", 1, 5, NOW, b"k", b'{"iin": "850101300016"}', ())
        torn = NotUnpacked("case.inbox.v1", 0, 7, 9, "its checksum is wrong", b"x", "batch")
        log = Log()
        await tell(
            store,
            [
                letter(0, dead_letter(bad, "the check digit of the IIN is wrong")),
                letter(1, packed_dead_letter(torn)),
            ],
        )
        second, first = (await store.queries.dead_letters()).rows
        assert (first.id, first.topic, first.offset, first.redrivable) == (
            "dead-letter.v1/0/0",
            "registry.death-registered.v1",
            5,
            True,
        )
        assert (second.redrivable, first.value) == (False, None)
        whole = await store.queries.dead_letter(first.id)
        assert whole is not None
        assert whole.value == '{"iin": "*0016"}'
        await tell(store, [act(log, "redrive", "dead_letter", first.id)])
        assert [one.id for one in (await store.queries.dead_letters()).rows] == [second.id]
        (done,) = (await store.queries.dead_letters(done=True)).rows
        assert (done.done, done.acts[0].operator) == ("redriven", OPERATOR)
        assert len((await store.queries.dead_letters(done=None, topic="case.inbox.v1")).rows) == 1
        assert (await store.queries.dead_letters(reason="another")).rows == []
        assert await store.queries.dead_letter("dead-letter.v1/0/99") is None

    async def test_a_message_is_in_doubt_until_an_operator_says_what_became_of_it(self, store: Store) -> None:
        case, log = history(1, Log()), Log()
        await tell(store, list(case.plays("doubt")))
        (doubt,) = (await store.queries.doubts(unmask=True)).rows
        assert (doubt.case_id, doubt.what, doubt.phone) == (case.case, "offer", case.who.phone)
        (hidden,) = (await store.queries.doubts()).rows
        assert (hidden.text, hidden.phone) == (None, f"*{case.who.phone[-4:]}")
        await tell(store, [act(log, "not_sent", "message", doubt.message_id)])
        assert (await store.queries.doubts()).rows == []
        later = NOW + timedelta(hours=1)
        again = MessageInDoubt(
            phone=case.who.phone, message_id=message_id_of(question_id_of(case.case, 0)), attempt=2, at=later
        )
        await tell(store, [case._line(again, "again")])
        (anew,) = (await store.queries.doubts()).rows
        assert anew.act is not None
        assert anew.act.act == "not_sent"
        given_up = MessageGivenUp(phone=case.who.phone, message_id=MessageId(anew.message_id), at=later)
        await tell(store, [case._line(given_up, "given up")])
        assert (await store.queries.doubts()).rows == []

    async def test_the_service_is_as_its_acts_left_it(self, store: Store) -> None:
        log = Log()
        await tell(
            store,
            [
                act(log, "daily_sms", "offers", "all", minutes=3, number=100),
                act(log, "pause", "ground", "4-2", minutes=1),
                act(log, "pause", "ground", "7", minutes=1),
                act(log, "resume", "ground", "7", minutes=2),
                act(log, "pilot", "offers", "all", minutes=4, share=5, persons=["a" * 64]),
                act(log, "shadow", "offers", "all", minutes=5),
            ],
        )
        found = await store.queries.service()
        assert (found.paused, found.paused_grounds, found.shadow) == (False, ("4-2",), True)
        assert (found.pilot, found.pilot_share, found.pilot_persons, found.daily_sms) == (True, 5.0, 1, 100)
        await tell(store, [act(log, "end_pilot", "offers", "all", minutes=6)])
        assert not (await store.queries.service()).pilot
        assert (await store.queries.acts()).rows[0].act == "end_pilot"

    async def test_looks_are_found_by_who_and_by_whom(self, store: Store) -> None:
        log, person = Log(), "b" * 64
        looks = [
            ConsoleAudited.model_validate(
                {"who": who, "role": "caseworker", "at": NOW, "what": "looked", "person_id": whom}
            )
            for who, whom in (("aigerim", person), ("daniyar", person), ("aigerim", None))
        ]
        told: list[Event] = list(looks)
        await tell(
            store,
            [
                log.record(one.name, person, one, NOW, f"look-{number}", "urn:jardem:console")
                for number, one in enumerate(told)
            ],
        )
        assert len((await store.queries.looks()).rows) == 3
        assert {one.who for one in (await store.queries.looks(person_id=person)).rows} == {
            "aigerim",
            "daniyar",
        }
        assert len((await store.queries.looks(who="aigerim")).rows) == 2
        assert (await store.queries.looks(who="nobody")).rows == []

    # -- reconciliation

    async def test_a_days_total_is_held_against_what_arrived(self, store: Store) -> None:
        log, ids = Log(), ["award-1", "award-850101300015", "award-3"]
        records = [self._award(log, number, id_) for number, id_ in enumerate(ids)]
        told = b"".join(sorted(id_.encode() + b"\n" for id_ in [*ids, "award-4"]))
        total = DayTotalled(
            topic="registry.title-awarded.v1",
            source="urn:registry",
            day=NOW.date(),
            count=4,
            digest=hashlib.sha256(told).hexdigest(),
        )
        said = log.record(total.name, "t", total, NOW, "total-1", "urn:registry")
        await tell(store, [*records, said])
        (day,) = await store.queries.day_totals(NOW.date(), NOW.date())
        assert (day.count, day.arrived, day.missing, day.digest_matches) == (4, 3, 1, False)
        assert day.outcomes == {"none": 3}
        late = self._award(log, 9, "award-4")
        bad = dead_letter(late, "award_id: wrong")
        await tell(store, [late, letter(0, bad)])
        (day,) = await store.queries.day_totals(NOW.date(), NOW.date())
        assert (day.missing, day.digest_matches, day.dead_letters) == (0, True, 1)

    def _award(self, log: Log, number: int, id_: str) -> Record:
        event = TitleAwarded(
            iin=somebody(number).iin, title="peoples_hero", award_id=f"A-{number}", awarded_on=NOW.date()
        )
        return log.record(event.name, id_, event, NOW, id_, "urn:registry")

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
