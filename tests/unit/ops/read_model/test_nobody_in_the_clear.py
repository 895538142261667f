"""The bytes that lie on the disk are read, with whatever the database has not put in its place yet."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ops.bench.histories import NOW
from ops.bench.people import Log, somebody
from ops.read_model.tables import acts, documents, messages, received, subjects
from schemas.operators import OperatorActed
from schemas.registry import TitleAwarded
from streams.dead_letters import dead_letter
from streams.records import Record
from tests.erased import erasure, told_of
from tests.read_model import history, opened, settings_in, tell, told_of_every_plot

TEXT = "менің мекенжайым: Абай көшесі"
OFFICER = "Серікбаев Ерлан Болатұлы"


def canaries() -> list[str]:
    people = [somebody(number) for number in range(28)]
    numbers = [number for who in people for number in (who.iin, who.phone, who.phone[1:], who.iban)]
    return [*numbers, TEXT, OFFICER, "Абай"]


def everything(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite" for path in files)
    return b"".join(path.read_bytes() for path in files)


def told_with_canaries() -> list[Record]:
    log, who = Log(), somebody(1)
    records = told_of_every_plot(log)
    award = TitleAwarded(iin=who.iin, title="peoples_hero", award_id=who.iin, awarded_on=NOW.date())
    records.append(
        log.record(award.name, who.iin, award, NOW, f"award of {who.iin}", f"urn:registry:{who.phone}")
    )
    content: dict[str, Any] = {
        "act": "note",
        "object": {"kind": "message", "id": f"the SMS to {who.phone}"},
        "phone_id": "b" * 64,
        "details": {"iban": who.iban},
        "reason": f"{TEXT} {who.iin}",
        "operator": OFFICER,
    }
    act = OperatorActed.model_validate(content)
    records.append(log.record(act.name, "k", act, NOW, f"act about {who.iin}", "urn:jardem:console"))
    case = history(2, log)
    records += case.wrote(f"{TEXT}, {case.who.iin}", {"to": "received"})
    bad = Record(
        "registry.death-registered.v1", 1, 5, NOW, who.iin.encode(), f"{who.iin} {TEXT}".encode(), ()
    )
    bad = replace(bad, headers=(("x-phone", who.phone.encode()),))
    out = dead_letter(bad, f"it says {who.iin}")
    records.append(Record("dead-letter.v1", 0, 0, NOW, out.key, out.value, out.headers))
    return records


@pytest.mark.parametrize("closed", [False, True])
async def test_no_number_and_no_text_lies_on_the_disk(tmp_path: Path, closed: bool) -> None:  # noqa: FBT001
    async with opened(settings_in(tmp_path)) as store:
        await tell(store, told_with_canaries())
        assert (await store.queries.freshness()).unread == 0
        found = everything(tmp_path)
    if closed:
        found = everything(tmp_path)
    assert b"offer_sent" in found
    for canary in canaries():
        assert canary.encode() not in found
        assert canary.encode("utf-16-le") not in found


async def test_what_was_sealed_of_who_was_erased_is_not_on_the_disk_either(tmp_path: Path) -> None:
    log = Log()
    case = history(6, log, NOW - timedelta(days=9))
    async with opened(settings_in(tmp_path)) as store:
        await tell(store, told_of(case, log))
        async with store.reading() as connection:
            sealed = [
                bytes(value)
                for column in (
                    subjects.c.iin,
                    documents.c.jws,
                    messages.c.text,
                    received.c.text,
                    acts.c.reason,
                )
                for value in (await connection.execute(select(column))).scalars()
            ]
        await (await store.generation()).let_go()
    assert len(sealed) > 5
    assert all(each in everything(tmp_path) for each in sealed)
    async with opened(settings_in(tmp_path)) as store:
        await tell(store, [erasure(case, log)])
    assert [each for each in sealed if each in everything(tmp_path)] == []


def test_what_is_looked_for_was_told() -> None:
    values = b"".join(record.value or b"" for record in told_with_canaries())
    for needle in (somebody(1).iin, somebody(1).phone, somebody(0).iban, TEXT, OFFICER):
        assert needle.encode() in values
