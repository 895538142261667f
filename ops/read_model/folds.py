"""What is known of a case, of a message and of its delivery, folded from what was told, in any order.

A repeat changes nothing: of each thing the highest step, attempt or rank stands. States and notes are the
words of the log (docs/contract.md, section 8).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table

from ops.read_model.tables import cases, deliveries, journal
from schemas.values import EndReason

Known = dict[str, Any]

OUTCOMES = frozenset({"granted", "refused", "ended"})
DRAFTED = frozenset({"awaiting_signature", "awaiting_hearing"})
SENT = frozenset({"offer_sent", "choice_sent", "account_sent"})
BEFORE_OFFER = frozenset({"received", "queued", "awaiting_rules"})
SERVICE_NOTES = frozenset({"offers_paused", "outside_pilot", "shadow"})
"""Notes of cases whose offer waits because of how the service is set."""

_REASONS = frozenset(EndReason)
_ANSWERED = "question.answered"
_ACCOUNT_ASKED = frozenset({"account_asked", "account_sent"})

_RANKS = {"accepted": 0, "queued": 1, "sending": 2, "sent": 3, "delivered": 4}
_RANKS |= dict.fromkeys(("undelivered", "failed", "canceled"), 4)
_UNKNOWN_WORD = -1


def case_of(step: Mapping[str, Any], zone: ZoneInfo) -> Known:
    """A case of which this step alone is known."""
    at: datetime = step["at"]
    number, outcome = step["step"], _outcome(step)
    flags: dict[str, bool] = {
        "moved_step": step["from_state"] != step["to_state"] and _goes_on(step),
        "misunderstood_step": step["note"] == "not_understood",
        "held_step": step["note"] == "held",
        "resumed_step": step["note"] == "resumed",
        "waiting_step": step["note"] in SERVICE_NOTES,
        "served_step": step["note"] == "service_resumed",
        "purged_step": step["note"] == "purged",
        "offered_step": step["to_state"] == "offer_asked",
        "reached_step": step["to_state"] == "offer_sent",
        "answered_step": step["cause"] == _ANSWERED and step["from_state"] not in OUTCOMES,
        "consented_step": step["language"] is not None,
        "account_step": _has_account(step),
        "granted_step": step["to_state"] == "granted",
    }
    return _judged(
        {
            "case_id": step["case_id"],
            "person_id": step["person_id"],
            "ground": step["ground"],
            "state": step["to_state"],
            **{name: step[name] for name in ("step", "note", "language", "until", "at")},
            "first_step": number,
            "began_at": at,
            "began_on": local_day(at, zone),
            "outcome_step": number if outcome else 0,
            "outcome": outcome,
            "reason": step["note"] if outcome == "ended" else None,
            "outcome_at": at if outcome else None,
            "outcome_on": local_day(at, zone) if outcome else None,
            "waiting_for": step["note"] if flags["waiting_step"] else None,
            "purged_at": at if flags["purged_step"] else None,
            **{name: number if flag else 0 for name, flag in flags.items()},
        }
    )


def _outcome(step: Mapping[str, Any]) -> str | None:
    """The outcome that this step tells: a step to it, or the correction of why it ended."""
    to = step["to_state"]
    told = to in OUTCOMES and (step["from_state"] != to or (to == "ended" and step["note"] in _REASONS))
    return to if told else None


def _goes_on(step: Mapping[str, Any]) -> bool:
    """Whether a step leaves behind what was not understood: to another question, or by a "no"."""
    return step["to_state"] != "ended" or step["note"] in {"declined", "withdrawn"}


def _has_account(step: Mapping[str, Any]) -> bool:
    """Whether the account is there after this step: it was given, or the benefit granted."""
    to = step["to_state"]
    onward = to not in {*_ACCOUNT_ASKED, "ended", "offer_asked", "queued"} and step["cause"] == _ANSWERED
    return to in {"awaiting_signature", "granted"} or (step["from_state"] in _ACCOUNT_ASKED and onward)


_GROUPS: Mapping[str, tuple[str, ...]] = {
    "step": ("state", "ground", "note", "language", "until", "at"),
    "outcome_step": ("outcome", "reason", "outcome_at", "outcome_on"),
    "waiting_step": ("waiting_for",),
    "purged_step": ("purged_at",),
}
"""Which columns stand together, by the step that says which of two stands."""


def fold_case(one: Known, other: Known) -> Known:
    """What is known of a case after both."""
    folded = dict(one)
    for name, together in _GROUPS.items():
        if other[name] > one[name]:
            folded |= {column: other[column] for column in together}
    if other["first_step"] < one["first_step"]:
        folded |= {name: other[name] for name in ("first_step", "began_at", "began_on")}
    folded |= {name: max(one[name], other[name]) for name in one if name.endswith("_step") or name == "step"}
    folded["first_step"] = min(one["first_step"], other["first_step"])
    return _judged(folded)


def _judged(case: Known) -> Known:
    """The case with what follows from its steps."""
    case["not_understood"] = int(case["misunderstood_step"] > case["moved_step"])
    case["held"] = int(case["held_step"] > case["resumed_step"])
    waiting = waits_for_service(case) or (case["held"] and case["state"] in BEFORE_OFFER)
    case["waits"] = int(waiting)
    return case


def waits_for_service(case: Mapping[Any, Any]) -> bool:
    """Whether the last that was said of how the service is set is that the offer waits."""
    gone_on = max(case["served_step"], case["outcome_step"])
    return bool(case["waiting_step"] > gone_on and case["waiting_step"] >= case["moved_step"])


def fold_journal(one: Known, other: Known) -> Known:
    """What the carrier told of a message last: of its last attempt, and of that what settles most."""
    return max(one, other, key=lambda row: (row["attempt"], row["rank"], row["at"], row["sid"] or ""))


def fold_delivery(one: Known, other: Known) -> Known:
    """How far a message has come. It only climbs, and the first final report stands."""
    return min(one, other, key=lambda row: (-row["rank"], row["at"], row["status"]))


def rank_of(status: str) -> int:
    """How far a status says that a message has come; words that are not known say nothing of it."""
    return _RANKS.get(status, _UNKNOWN_WORD)


FOLDS: Mapping[str, Callable[[Known, Known], Known]] = {
    cases.name: fold_case,
    journal.name: fold_journal,
    deliveries.name: fold_delivery,
}


def likenesses(table: Table, row: Known, zone: ZoneInfo) -> Iterator[str]:
    """In which ways this row is counted: the keys of `tallies`."""
    if table is journal:
        yield _key("message", row["state"])
    elif table is deliveries:
        yield _key("delivery", row["status"], row["code"])
    elif table is cases:
        yield from _of_case(row, zone)


def _of_case(row: Known, zone: ZoneInfo) -> Iterator[str]:
    reached = [int(row[f"{name}_step"] > 0) for name in FUNNEL]
    yield _key("case", row["state"], row["ground"], row["language"], row["not_understood"], *reached)
    yield _key("began", row["began_on"])
    if row["outcome"]:
        yield _key("outcome", row["outcome_on"], row["outcome"])
        reason = row["reason"] if row["outcome"] == "ended" else None
        yield _key("year", row["outcome_on"].year, row["ground"], row["outcome"], reason)
    if row["state"] == "ended":
        yield _key("ending", row["reason"])
    if row["until"] and row["state"] in SENT:
        yield _key("term", local_day(row["until"], zone))
    if row["waits"]:
        yield _key("waits", row["waiting_for"] if waits_for_service(row) else "held")


FUNNEL = ("offered", "reached", "answered", "consented", "account", "granted")
"""The steps from entitlement to grant, as columns name them."""


def _key(*parts: object) -> str:
    return "|".join("" if part is None else str(part) for part in parts)


def parts_of(key: str) -> list[str | None]:
    """The parts of a key of `tallies`."""
    return [part or None for part in key.split("|")]


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The local day of an instant; at either end of the calendar, where there is none, that in UTC."""
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        return at.date()
