"""What the read model promises of odd, hostile and forged records, as tests of every database."""

import base64
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ops.bench.histories import NOW
from ops.bench.people import Log, somebody
from ops.read_model.store import Store
from ops.read_model.views import CaseFilter
from schemas.registry import DayTotalled, TitleAwarded
from streams.dead_letters import dead_letter
from streams.records import Record
from tests.read_model import all_rows, history, tell
from tests.unit.ops.read_model.contract_of_work import act, letter


def changed(record: Record, **fields: object) -> bytes:
    """The value of a record with other fields."""
    return json.dumps({**json.loads(record.value or b""), **fields}).encode()


class HostileContract:
    async def test_what_no_database_takes_is_counted_and_stops_nobody(self, store: Store) -> None:
        log = Log()
        total = {"topic": "registry.title-awarded.v1", "day": "2021-07-12", "digest": "0" * 64}
        endless = DayTotalled.model_validate({**total, "source": "urn:registry:awards", "count": 10**40})
        records = list(history(1, log).plays("waits"))
        step = next(record for record in records if record.topic == "case.advanced.v1")
        said = {"step": (2**31, 2**63), "note": ("a\0b", "я" * 9000), "rule": ("\0",)}
        told = [log.record(endless.name, "k", endless, NOW, "1", "urn:registry:awards")]
        for name, values in said.items():
            told += [replace(step, value=changed(step, **{name: value})) for value in values]
        far = changed(step, step=99, to="offer_sent", until="9999-12-31T23:59:59Z")
        for batch in (told, [replace(step, value=far), *records]):
            await tell(store, batch)
        assert (await store.queries.freshness()).unread == len(told)
        assert await store.queries.count_cases(CaseFilter(), at=NOW) == 1

    async def test_ids_that_no_database_takes_are_told_apart_all_the_same(self, store: Store) -> None:
        log = Log()
        award = TitleAwarded(iin=somebody(1).iin, title="peoples_hero", award_id="a", awarded_on=NOW.date())
        for number in range(2):
            record = log.record(award.name, "k", award, NOW, f"award\0{number}", "urn:registry\0awards")
            await tell(store, [record])
        assert len((await all_rows(store))["entitlements"]) == 2
        assert (await store.queries.freshness()).unread == 0

    @pytest.mark.parametrize(
        "value",
        [
            '{"iin": "850101300015"}'.encode("utf-16"),
            '{"iin": "850101300015"}'.encode("utf-32"),
            b'{"data_base64": "' + base64.b64encode(b'{"iin": "850101300015"}') + b'"}',
            '{"text" : "ауылым \\"Абай\\"", "sid": "S'.encode(),
            '{"sid": "S", "text": "Абай'.encode(),
        ],
        ids=["utf-16", "utf-32", "base64", "text", "torn"],
    )
    async def test_a_dead_letter_names_nobody_and_tells_no_text_however_it_is_written(
        self, store: Store, value: bytes
    ) -> None:
        bad = Record("sms.inbox.v1", 1, 5, NOW, value, value, (("x", value),))
        await tell(store, [letter(0, dead_letter(bad, "it cannot be read"))])
        shown = await store.queries.dead_letter("dead-letter.v1/0/0")
        assert shown is not None
        for said in (shown.key, shown.value, shown.headers[0][1]):
            assert said is not None
            assert not any(told in said for told in ("85010130", "Абай", "ODUwMTAxM"))
            assert "*" in said

    async def test_what_an_act_says_beside_its_reason_names_nobody(self, store: Store) -> None:
        log, who = Log(), somebody(1)
        details: dict[str, Any] = {
            "to": [who.iin],
            "iban": who.iban,
            who.phone: 850101300015,
            "persons": ["9f2c" * 16],
        }
        told = [act(log, "pause", "offers", "all", **details)]
        case = list(history(1, log).plays("held"))
        case_id = next(row for row in case if row.topic == "case.advanced.v1")
        told += [*case, act(log, "note", "case", json.loads(case_id.value or b"")["case_id"], **details)]
        await tell(store, told)
        service = await store.queries.service()
        (row,) = (await store.queries.cases(CaseFilter(), at=NOW)).rows
        shown = await store.queries.case(row.case_id, at=NOW)
        for said in (repr(service), repr(shown)):
            assert "'to'" in said
            for hidden in (who.iin, who.iban, who.phone[1:], "850101300015", "9f2c" * 16):
                assert hidden not in said

    @pytest.mark.parametrize("topic", ["case.inbox.v1", "sms.inbox.v1", "sms.outbox.v1"])
    async def test_what_intake_puts_back_can_be_redriven(self, store: Store, topic: str) -> None:
        bad = Record(topic, 1, 5, NOW, b"k", b"{}", ())
        await tell(store, [letter(0, dead_letter(bad, "no CloudEvent"))])
        assert (await store.queries.dead_letters()).rows[0].redrivable

    async def test_a_dead_letter_with_a_forged_place_is_shown(self, store: Store) -> None:
        forged = (("jardem_topic", b"a\0"), ("jardem_reason", b"\0"), ("jardem_partition", b"9" * 18))
        await tell(store, [Record("dead-letter.v1", 0, 7, NOW, b"k", b"v", forged)])
        found = await store.queries.dead_letter("dead-letter.v1/0/7")
        assert found is not None
        assert not found.redrivable

    @pytest.mark.parametrize("day", [date.min, date.max])
    async def test_at_either_end_of_the_calendar_there_are_no_outcomes(self, store: Store, day: date) -> None:
        assert (await store.queries.outcomes(day)).rows == []
