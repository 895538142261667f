"""The audit log of a whole story is a chain, and `jardem verify --log` finds what was done to it."""

import json
from typing import Any

import pytest

from ops.simulation.scenario import IBANS
from ops.verify.log import check_log, read_log
from schemas.canonical import data_of
from tests.simulation.town import Town


def lines(steps: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(step, ensure_ascii=False) for step in steps).encode()


@pytest.fixture
def log(town: Town) -> list[dict[str, Any]]:
    town.learns("phone0", "title")
    town.reads("кто это?")
    town.reads("2")
    town.reads("0")
    town.reads("1")
    town.reads(IBANS[0])
    town.learns("disability")
    town.comes_to_rest()
    return [data_of(step) for steps in town.world.invariants.steps.values() for step in steps.values()]


def test_the_log_is_whole_and_names_its_rules(log: list[dict[str, Any]]) -> None:
    report = check_log(read_log(lines(log)))
    assert (report.findings, report.cases, report.steps) == ((), 2, len(log))
    first = [(step["to"], step["rule"], step["language"]) for step in log if step["ground"] == "4-2"]
    assert first[:3] == [
        ("received", "R1, R7", None),
        ("offer_asked", "R2, R3", None),
        ("offer_sent", "R6", None),
    ]
    assert ("account_asked", "R5, R8, R4", "ru") in first
    assert ("ended", "R8, R34", "ru") in first
    assert first[-1] == ("granted", "R10", "kk")
    [offered] = [step for step in log if step["to"] == "offer_sent" and step["note"] is None]
    assert offered["until"] == "2021-07-25T18:00:00Z"


@pytest.mark.parametrize("fault", ["missing", "altered", "added"])
def test_what_is_done_to_the_log_is_found(log: list[dict[str, Any]], fault: str) -> None:
    if fault == "missing":
        del log[2]
    elif fault == "altered":
        log[2] = {**log[2], "note": "answered_late"}
    else:
        log.insert(3, {**log[2], "cause": {"type": "case.invented", "id": "x"}})
    findings = check_log(read_log(lines(log))).findings
    assert [str(finding.fault) for finding in findings] == [fault]
