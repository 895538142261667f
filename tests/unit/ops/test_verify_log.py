import json
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from ops.verify.chain import Fault, _Chain, _whole
from ops.verify.log import LogError, NamedStep, check_log, read_log
from schemas.canonical import digest
from tests.documents import CASE, CHAIN, chain

OTHER = "11111111-3c0a-5d6b-9a51-3f6f2f0a9c11"
Log = list[dict[str, Any]]
ALTERED, ADDED, MISSING, TWICE = Fault.ALTERED, Fault.ADDED, Fault.MISSING, Fault.TOLD_TWICE


def faults(log: Log, *named: NamedStep) -> list[tuple[int, Fault]]:
    report = check_log(log, named)
    assert all(one.case_id == CASE for one in report.findings)
    return [(one.step, one.fault) for one in report.findings]


def names(log: Log, *numbers: int) -> list[NamedStep]:
    return [NamedStep(CASE, number, digest(log[number - 1])) for number in numbers]


def renumbered(log: Log) -> Log:
    return [{**step, "step": number} for number, step in enumerate(log, 1)]


def test_a_whole_log_has_no_fault_in_whatever_order_and_however_often_it_is_told() -> None:
    log = [*chain(), *chain(), *chain(OTHER, 3)]
    log = log[1::2] + log[::2]
    report = check_log(log, names(chain(), 2, 6))
    assert (report.findings, report.cases, report.steps) == ((), 2, 9)
    assert list(report.lines()) == ["2 cases, 9 steps, no faults"]
    assert faults(CHAIN) == []


@pytest.mark.parametrize("number", range(1, 6))
def test_a_missing_step_is_told_as_such(number: int) -> None:
    log = chain()
    del log[number - 1]
    assert faults(log) == [(number, MISSING)]


@pytest.mark.parametrize("number", range(2, 5))
def test_a_step_cut_out_is_missing_though_the_rest_was_numbered_anew(number: int) -> None:
    log = chain()
    del log[number - 1]
    assert faults(renumbered(log)) == [(number, MISSING)]


def test_an_end_cut_off_is_found_by_the_documents() -> None:
    log = chain()
    assert faults(log[:4]) == []
    assert faults(log[:4], *names(log, 6)) == [(5, MISSING), (6, MISSING)]
    assert faults([], *names(log, 2)) == [(1, MISSING), (2, MISSING)]


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize(
    "field", ["from", "to", "cause", "rule", "note", "ground", "language", "until", "at", "previous", "more"]
)
def test_an_altered_step_is_told_as_such_whatever_was_altered(number: int, field: str) -> None:
    log = chain()
    log[number - 1][field] = {"type": "x", "id": "y"} if field == "cause" else "f0" * 32
    assert faults(log) == [(number, ALTERED)]


def test_a_field_taken_away_is_an_alteration() -> None:
    log = chain()
    del log[2]["until"]
    assert faults(log) == [(3, ALTERED)]


def test_the_last_step_altered_is_found_by_its_document() -> None:
    log = chain()
    named = names(log, 6)
    log[5]["at"] = "2021-07-22T05:00:00Z"
    assert faults(log) == []
    assert faults(log, *named) == [(6, ALTERED)]


def test_whoever_makes_all_digests_anew_is_found_by_a_document() -> None:
    log = chain()
    named = names(log, 4)
    log[1]["note"] = "forged"
    for before, step in pairwise(log[1:]):
        step["previous"] = digest(before)
    assert faults(log) == []
    assert faults(log, *named) == [(4, ALTERED)]


@pytest.mark.parametrize("number", range(2, 7))
def test_a_step_put_in_is_added_though_the_rest_was_numbered_anew(number: int) -> None:
    log = chain()
    for previous in ("f0" * 32, digest(log[number - 2])):
        forged = {**log[number - 1], "previous": previous, "cause": {"type": "x", "id": "y"}, "from": "x"}
        assert faults(renumbered([*log[: number - 1], forged, *log[number - 1 :]])) == [(number, ADDED)]


@pytest.mark.parametrize("number", range(1, 7))
def test_a_step_put_in_under_a_number_that_is_taken_is_added(number: int) -> None:
    log = chain()
    forged = {**log[number - 1], "cause": {"type": "x", "id": "y"}, "previous": "f0" * 32}
    assert faults([forged, *log]) == [(number, ADDED)]
    assert faults([*log, forged]) == [(number, ADDED)]


def test_a_step_put_behind_the_end_is_added() -> None:
    log = chain()
    forged = {**log[5], "step": 7, "from": "x", "to": "y", "previous": "f0" * 32}
    assert faults([*log, forged]) == [(7, ADDED)]
    assert faults([*log, {**forged, "from": "granted"}], *names(log, 6)) == [(7, ADDED)]


def test_a_number_out_of_all_order_is_one_fault() -> None:
    log = chain()
    assert faults([*log, {**log[5], "step": 10**9}]) == [(10**9, ADDED)]


@pytest.mark.parametrize("number", range(1, 7))
def test_one_step_told_twice_differently_is_told_as_such(number: int) -> None:
    log = chain()
    again = {**log[number - 1], "at": "2021-07-22T05:00:00Z"}
    assert faults([again, *log]) == [(number, TWICE)]
    assert faults([*log, again, log[number - 1]]) == [(number, TWICE)]


def test_each_of_several_faults_is_told() -> None:
    log = chain(steps=6)
    twice = {**log[5], "note": "x"}
    log[1]["note"] = "x"
    del log[3]
    assert faults([*log, twice]) == [(2, ALTERED), (4, MISSING), (6, TWICE)]


def touched(log: Log, chance: Random) -> Log:
    """The log with something done to it, or as it is."""
    place = chance.randrange(len(log))
    match chance.randrange(8):
        case 0:
            return log[:place] + log[place + 1 :]
        case 1:
            return renumbered(log[:place] + log[place + 1 :])
        case 2:
            return [*log[:place], {**log[place], "previous": "f0" * 32}, *log[place + 1 :]]
        case 3:
            return renumbered([*log[:place], {**log[place], "from": "x"}, *log[place:]])
    return log


@pytest.mark.parametrize("seed", range(200))
def test_a_log_is_whole_exactly_where_no_fault_would_explain_it(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a seed is to give the same again
    log = touched(chain(steps=chance.randint(1, 6)), chance)
    named = {step["step"]: {digest(step)} for step in chain() if chance.random() < 0.2}
    assert _whole(log, named) is (_Chain(log, named).explained() == ())


def test_one_case_can_be_looked_at_alone() -> None:
    broken = chain(OTHER, 3)
    broken[0]["note"] = "x"
    report = check_log([*chain(), *broken], case_id=CASE)
    assert (report.findings, report.cases, report.steps) == ((), 1, 6)
    assert list(check_log([*chain(), *broken]).lines()) == [
        f"{OTHER} step 1: altered",
        "2 cases, 9 steps, 1 faults",
    ]


def test_lines_are_data_or_structured_events() -> None:
    event = {"specversion": "1.0", "type": "kz.jardem.case.advanced.v1", "id": "a", "data": CHAIN[1]}
    lines = "\n".join([json.dumps(CHAIN[0]), "", json.dumps(event)])
    assert list(read_log(lines.encode())) == CHAIN


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 1 is not JSON"),
        ("[]", "line 1: it is no JSON object"),
        ('{"type": "kz.jardem.x", "data": {}}', "line 1: it is not of the type"),
        ('{"case_id": "a"}', "line 1 is no step of a case"),
        ('{"case_id": "a", "step": true}', "line 1 is no step of a case"),
        ('{"case_id": "a", "step": 1, "x": 0.5}', "line 1 is no step of a case: a number that is not whole"),
    ],
)
def test_what_is_no_step_is_refused_with_its_line(line: str, why: str) -> None:
    with pytest.raises(LogError, match=why):
        list(read_log(line.encode()))
