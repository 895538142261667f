"""The log in its topic: what is no step, and what the topic has forgotten."""

from typing import Any

import pytest

from ops.topic_records import Item, Read
from ops.verify.chain import Fault
from ops.verify.log import NamedStep
from ops.verify.topic import StepsTaken, TopicReport, judged
from schemas.canonical import digest
from streams.records import NotUnpacked
from tests.documents import CASE, IIN, chain
from tests.told import CABINET, LOG, accepted, notified, outgoing, record, rests_on, step

OTHER = "11111111-3c0a-5d6b-9a51-3f6f2f0a9c11"
KEPT = Read({(LOG, 0): 0, (LOG, 1): 0}, ())
FORGETFUL = Read({(LOG, 0): 5, (LOG, 1): 0}, {LOG})


def report(*items: Item, read: Read = KEPT, case: str | None = None, named: Any = ()) -> TopicReport:
    taken = StepsTaken(case)
    for item in items:
        taken.take(item)
    return judged(taken, read, named)


def steps(*data: dict[str, Any], partition: int = 0) -> list[Item]:
    return [step(each, offset, partition) for offset, each in enumerate(data, 5)]


def test_a_whole_topic_has_no_fault() -> None:
    found = report(*steps(*chain(), *chain()), *steps(*chain(OTHER, 3), partition=1))
    assert found.whole
    assert list(found.lines()) == ["2 cases, 9 steps, no faults"]


def test_one_case_of_many_is_looked_at_alone() -> None:
    broken = chain(OTHER, 3)
    broken[0]["note"] = "x"
    assert list(report(*steps(*chain(), *broken), case=CASE).lines()) == ["1 cases, 6 steps, no faults"]
    fault, _ = report(*steps(*chain(), *broken), case=OTHER).lines()
    assert fault == f"{OTHER} step 1: altered"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (NotUnpacked(LOG, 0, 9, 12, "its checksum is wrong", b"", "batch"), "its checksum is wrong"),
        (
            record(outgoing("case.advanced.v2", chain()[0]), 9),
            "it is not of the type kz.jardem.case.advanced.v1",
        ),
        (record(outgoing(LOG, {"case_id": CASE}), 9), "it has no case_id or step"),
        (record(outgoing(LOG, chain()[0] | {"step": True}), 9), "it has no case_id or step"),
        (record(notified(accepted(2, rests_on())), 9), "it is not of the type kz.jardem.case.advanced.v1"),
    ],
)
def test_a_record_that_is_no_step_is_a_fault_with_its_place(item: Item, why: str) -> None:
    found = report(*steps(*chain()), item)
    assert not found.whole
    assert list(found.lines()) == [
        f"{item.topic}[0]@9: no step of a case: {why}",
        "1 cases, 6 steps, no faults, 1 records that are no steps",
    ]
    assert found.content()["unread"] == [{"at": f"{item.topic}[0]@9", "why": why}]
    assert IIN not in "".join(found.lines())
    assert item.topic in (LOG, CABINET, "case.advanced.v2")


def test_what_the_topic_deletes_by_its_age_is_no_fault_and_is_said() -> None:
    found = report(*steps(*chain()[3:]), read=FORGETFUL)
    assert found.whole
    assert list(found.lines()) == [
        f"{CASE} steps 1 to 3: not kept any longer by the topic, not looked at",
        "1 cases, 3 steps, no faults, 1 cases without their beginning",
    ]
    assert found.content()["forgotten"] == [{"case_id": CASE, "up_to": 3}]


@pytest.mark.parametrize(
    ("read", "partition"),
    [
        (Read({(LOG, 0): 5}, ()), 0),  # it deletes nothing by itself
        (Read({(LOG, 0): 0}, {LOG}), 0),  # it has deleted nothing yet
        (FORGETFUL, 1),  # nothing in this partition
    ],
)
def test_else_a_beginning_that_is_gone_is_missing(read: Read, partition: int) -> None:
    found = report(*steps(*chain()[2:], partition=partition), read=read)
    assert [(one.step, one.fault) for one in found.log.findings] == [(1, Fault.MISSING), (2, Fault.MISSING)]
    assert found.forgotten == ()


def test_a_gap_behind_the_beginning_is_missing_whatever_the_topic_forgets() -> None:
    log = chain()
    found = report(*steps(log[2], log[4], log[5]), read=FORGETFUL)
    assert [(one.step, one.fault) for one in found.log.findings] == [(4, Fault.MISSING)]
    assert [one.up_to for one in found.forgotten] == [2]


def test_a_beginning_cut_out_whose_rest_was_numbered_anew_is_not_forgotten() -> None:
    renumbered = [{**each, "step": each["step"] - 1} for each in chain()[1:]]
    found = report(*steps(*renumbered), read=FORGETFUL)
    assert [(one.step, one.fault) for one in found.log.findings] == [(1, Fault.MISSING)]
    assert found.forgotten == ()


def test_documents_are_held_against_what_is_left() -> None:
    log = chain()
    named = [NamedStep(CASE, 6, digest(log[5]))]
    assert report(*steps(*log[2:]), read=FORGETFUL, named=named).whole
    log[5]["at"] = "2021-07-22T05:00:00Z"
    found = report(*steps(*log[2:]), read=FORGETFUL, named=named)
    assert [(one.step, one.fault) for one in found.log.findings] == [(6, Fault.ALTERED)]
