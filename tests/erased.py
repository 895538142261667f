"""A person of whom all is known that may be, and the act that erases them."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ops.bench.histories import NOW, History, Plot
from ops.bench.people import Log
from schemas.emaket import TermExtended
from schemas.ids import derived_id
from schemas.operators import ActObject, OperatorActed
from schemas.registry import TitleAwarded
from streams.dead_letters import dead_letter
from streams.records import Record

AT = NOW - timedelta(days=1)
"""When the person is erased."""


def erasure(case: History, log: Log, at: datetime = AT) -> Record:
    """`jardem person erase`, as it tells of it."""
    act = OperatorActed(
        act="erase",
        object=ActObject(kind="person", id=case.person),
        person_id=case.person,
        reason="asked for on 2026-11-20",
        operator="officer-7",
    )
    return log.record(act.name, case.person, act, at, f"erase-{at.isoformat()}", "urn:jardem:commands")


def told_of(case: History, log: Log, plot: Plot = "granted") -> list[Record]:
    """All that may be known of a person: a case, acts and texts about it, and what nobody could read."""
    records = list(case.plays(plot))
    award = TitleAwarded(
        iin=case.who.iin, title="peoples_hero", award_id=case.record_id, awarded_on=case.at.date()
    )
    records.append(log.record(award.name, "k", award, case.at, f"award of {case.who.iin}", "urn:registry"))
    extended = TermExtended(
        decision_id=case.decision_id(),
        until=case.at.date(),
        reason=f"{case.who.iin} is ill",
        officer="officer-1",
    )
    id_ = derived_id(case.case, "extended")
    records.append(log.record(extended.name, "k", extended, case.at, id_, "urn:emaket"))
    sent = next(record for record in records if record.topic == "sms.outbox.v1")
    message: str = json.loads(sent.value or b"")["message_id"]
    of_person, of_number = {"person_id": case.person}, {"phone_id": case.phone}
    records += [
        _act(case, log, "note", {"kind": "case", "id": case.case}, of_person),
        _act(case, log, "note", {"kind": "decision", "id": case.decision_id()}, of_person),
        _act(case, log, "sent", {"kind": "message", "id": message}, of_number),
    ]
    keys = (case.person, case.phone, case.who.iin, "k")
    return [*records, *(_letter(case, log, key, f"type-{number}") for number, key in enumerate(keys))]


def _act(case: History, log: Log, act: str, object_: Mapping[str, str], of: Mapping[str, str]) -> Record:
    content: dict[str, Any] = {
        "act": act,
        "object": object_,
        **of,
        "details": {"said": case.who.phone},
        "reason": f"called from {case.who.phone}",
        "operator": "operator-3",
    }
    acted = OperatorActed.model_validate(content)
    id_ = derived_id(case.case, object_["kind"])
    return log.record(acted.name, case.person, acted, case.at, id_, "urn:jardem:console")


def _letter(case: History, log: Log, key: str, kind: str) -> Record:
    """A record about the person that could not be read, with this key."""
    value = json.dumps({"iin": case.who.iin, "title": "earl"}).encode()
    named = {"ce_id": kind, "ce_source": "s", "ce_specversion": "1.0", "ce_type": kind}
    headers = tuple((name, content.encode()) for name, content in named.items())
    bad = Record("registry.title-awarded.v1", 0, 1, case.at, key.encode(), value, headers)
    out = dead_letter(bad, "no such title")
    offset = log.ends["dead-letter.v1", 0]
    log.ends["dead-letter.v1", 0] += 1
    return Record("dead-letter.v1", 0, offset, case.at, out.key, out.value, out.headers)
