import itertools
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.read_model.folds import case_of, fold_case, fold_delivery, fold_journal, likenesses, rank_of
from ops.read_model.tables import cases

ZONE = ZoneInfo("Asia/Almaty")
AT = datetime(2026, 11, 26, 20, tzinfo=UTC)


def step(number: int, from_: str, to: str, note: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "case_id": "c",
        "person_id": "p",
        "ground": "7",
        "step": number,
        "from_state": from_,
        "to_state": to,
        "note": note,
        "language": None,
        "until": None,
        "cause": "deadline.elapsed",
        "at": AT + timedelta(hours=number),
    } | more


def case(*steps: dict[str, Any]) -> dict[str, Any]:
    return reduce(fold_case, (case_of(one, ZONE) for one in steps))


OFFERED = (
    step(1, "new", "received"),
    step(2, "received", "offer_asked"),
    step(3, "offer_asked", "offer_sent", until=AT + timedelta(days=3)),
)
MISUNDERSTOOD = (*OFFERED, step(4, "offer_sent", "offer_sent", "not_understood"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((), True),
        ((step(5, "offer_sent", "offer_sent", "reminded"),), True),
        ((step(5, "offer_sent", "account_asked", language="kk"),), False),
        ((step(5, "offer_sent", "ended", "declined"),), False),
        ((step(5, "offer_sent", "ended", "not_understood"),), True),
        ((step(5, "offer_sent", "ended", "revoked"),), True),
        ((step(5, "offer_sent", "ended", "no_reply"), step(6, "ended", "offer_asked")), False),
    ],
)
def test_not_understood_holds_until_another_question_or_a_no(
    more: tuple[dict[str, Any], ...],
    expected: bool,  # noqa: FBT001 - a row of the table
) -> None:
    assert bool(case(*MISUNDERSTOOD, *more)["not_understood"]) is expected


def test_an_answer_after_the_end_is_none_in_the_funnel() -> None:
    ended = (*OFFERED, step(4, "offer_sent", "ended", "no_reply"))
    late = step(5, "ended", "ended", "answered_late", cause="question.answered")
    assert case(*ended, late)["answered_step"] == 0
    answer = step(4, "offer_sent", "offer_sent", "accepted", cause="question.answered", language="kk")
    assert case(*OFFERED, answer)["answered_step"] == 4


@pytest.mark.parametrize(
    ("cause", "given"),
    [("question.answered", 6), ("statecorp.benefit-recorded.v1", 0), ("operator.acted.v1", 0)],
)
def test_an_account_is_given_by_an_answer_and_not_by_a_refusal_meanwhile(cause: str, given: int) -> None:
    asked = (*OFFERED, step(4, "offer_sent", "account_asked"), step(5, "account_asked", "account_sent"))
    assert case(*asked, step(6, "account_sent", "refused", cause=cause))["account_step"] == given


def test_an_ending_that_is_corrected_has_the_reason_that_was_told_last() -> None:
    ended = case(
        *OFFERED,
        step(4, "offer_sent", "ended", "no_reply"),
        step(5, "ended", "ended", "sent_later"),
        step(6, "ended", "ended", "not_understood"),
    )
    assert (ended["outcome"], ended["reason"], ended["outcome_step"]) == ("ended", "not_understood", 6)


def test_a_grant_after_an_ending_is_the_outcome() -> None:
    granted = case(
        *OFFERED,
        step(4, "offer_sent", "ended", "no_reply"),
        step(5, "ended", "account_asked", language="ru"),
        step(6, "account_asked", "granted", language="ru"),
    )
    assert (granted["outcome"], granted["reason"], granted["granted_step"]) == ("granted", None, 6)


@pytest.mark.parametrize(
    ("more", "waits"),
    [
        ((step(2, "received", "received", "offers_paused"),), True),
        (
            (step(2, "received", "received", "shadow"), step(3, "received", "received", "service_resumed")),
            False,
        ),
        ((step(2, "received", "received", "outside_pilot"), step(3, "received", "offer_asked")), False),
        ((step(2, "received", "received", "held"),), True),
        ((step(2, "received", "received", "held"), step(3, "received", "received", "resumed")), False),
        ((step(2, "received", "ended", "deceased"),), False),
        ((step(2, "received", "received", "shadow"), step(3, "received", "ended", "deceased")), False),
    ],
)
def test_a_case_waits_for_the_service_until_it_goes_on(more: tuple[dict[str, Any], ...], waits: bool) -> None:  # noqa: FBT001 - a row of the table
    assert bool(case(step(1, "new", "received"), *more)["waits"]) is waits


STEPS = (
    *MISUNDERSTOOD,
    step(5, "offer_sent", "ended", "not_understood"),
    step(6, "ended", "ended", "held"),
    step(7, "ended", "account_asked", language="kk"),
    step(8, "account_asked", "granted", language="kk", cause="question.answered"),
    step(9, "granted", "granted", "purged", language="kk"),
)


@given(st.permutations(STEPS), st.lists(st.sampled_from(STEPS)))
def test_steps_fold_to_the_same_in_any_order_and_however_often(
    order: list[dict[str, Any]], repeats: list[dict[str, Any]]
) -> None:
    assert case(*order, *repeats) == case(*STEPS)


@given(st.permutations(STEPS), st.integers(1, 8))
def test_steps_fold_to_the_same_however_they_are_grouped(order: list[dict[str, Any]], cut: int) -> None:
    assert fold_case(case(*order[:cut]), case(*order[cut:])) == case(*STEPS)


def test_a_case_is_counted_by_the_local_day_on_which_it_began() -> None:
    keys = set(likenesses(cases, case(*OFFERED), ZONE))
    assert "began|2026-11-27" in keys
    assert "term|2026-11-30" in keys
    assert sum(key.startswith("case|") for key in keys) == 1


REPORTS = [
    {"status": status, "rank": rank_of(status), "code": code, "at": AT + timedelta(seconds=number)}
    for number, (status, code) in enumerate(
        [("queued", None), ("sent", None), ("failed", 30003), ("delivered", None), ("unheard-of", 7)]
    )
]


@pytest.mark.parametrize("order", list(itertools.permutations(REPORTS)))
def test_the_first_final_report_stands_in_whatever_order_they_come(order: list[dict[str, Any]]) -> None:
    assert reduce(fold_delivery, order)["status"] == "failed"


TOLD = [
    {"attempt": attempt, "rank": rank, "state": state, "at": AT, "sid": None}
    for attempt, rank, state in [
        (1, 1, "deferred"),
        (1, 2, "in_doubt"),
        (2, 1, "deferred"),
        (2, 4, "accepted"),
    ]
]


@pytest.mark.parametrize("order", list(itertools.permutations(TOLD)))
def test_the_last_attempt_says_what_became_of_a_message(order: list[dict[str, Any]]) -> None:
    assert reduce(fold_journal, order)["state"] == "accepted"
