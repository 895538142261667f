"""Endings that no answer takes back, though it was in time."""

import pytest

from rules.states import State
from schemas.questions import Answer
from schemas.values import EndReason
from tests.unit.rules.case_desk import ACCOUNT, CASE, MINUTE, NOON, TERM_ENDS, Desk, notes
from tests.unit.rules.noted_desk import (
    DEAD,
    NO,
    PAY_HERE,
    REVOKED,
    SECOND_TITLE,
    YES,
    acted,
    consented,
    offered,
    recorded,
)

# What an ending bears of an answer that comes in time, but after it.


def ended_by(reason: EndReason) -> Desk:
    desk = offered()
    desk.now += 5 * MINUTE
    if reason is EndReason.ANOTHER_GROUND:
        desk.reads(SECOND_TITLE)
        desk.person = desk.person.with_(
            cases={**desk.person.cases, CASE: desk.case.with_(state=State.ENDED, reason=reason)}
        )
    elif reason is EndReason.MANUAL_ROUTE:
        desk.reads(acted("manual_route", "case", CASE))
    else:
        facts = {
            EndReason.DECEASED: DEAD,
            EndReason.REVOKED: REVOKED,
            EndReason.ALREADY_RECEIVING: recorded(),
        }
        desk.reads(facts[reason])
    return desk


@pytest.mark.parametrize("answer", [YES, NO])
@pytest.mark.parametrize(
    "reason",
    [
        EndReason.DECEASED,
        EndReason.REVOKED,
        EndReason.ALREADY_RECEIVING,
        EndReason.ANOTHER_GROUND,
        EndReason.MANUAL_ROUTE,
    ],
)
def test_no_answer_takes_these_endings_back_though_it_was_in_time(reason: EndReason, answer: Answer) -> None:
    desk = ended_by(reason)
    effects = desk.hears(answer, at=NOON + MINUTE)
    assert notes(effects)[0] == f"answered_after_{reason}"
    assert (desk.case.state, desk.case.reason, desk.case.consent) == (State.ENDED, reason, None)


def test_a_late_yes_takes_no_ending_back_though_the_application_on_record_may_be_its_own() -> None:
    desk = offered()
    desk.reads(recorded("applied", NOON.date()))
    assert desk.case.reason is EndReason.ALREADY_RECEIVING
    desk.now = TERM_ENDS + MINUTE
    assert notes(desk.hears(YES)) == ["answered_after_already_receiving"]


def test_an_account_takes_no_ending_back_though_the_application_on_record_may_be_its_own() -> None:
    desk = consented()
    desk.hears(NO)
    desk.now += MINUTE
    ended = desk.case.with_(reason=EndReason.ALREADY_RECEIVING)
    desk.person = desk.person.with_(cases={CASE: ended})
    assert notes(desk.hears(PAY_HERE, ACCOUNT)) == ["answered_after_already_receiving"]
