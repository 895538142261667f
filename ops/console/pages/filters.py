"""The filters of the list of cases, as they stand in an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ops.console.pages.forms import BadFieldError, complaint, day_in
from ops.console.words import Words
from ops.read_model.views import CaseFilter
from schemas.values import EndReason, Ground

STATES = (
    "new",
    "received",
    "awaiting_rules",
    "queued",
    "offer_asked",
    "offer_sent",
    "choice_asked",
    "choice_sent",
    "account_asked",
    "account_sent",
    "awaiting_hearing",
    "awaiting_signature",
    "granted",
    "refused",
    "ended",
)
"""As section 4 of the contract has them, in the order in which a case passes through them."""
CHOICES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("state", STATES, "state"),
    ("ground", tuple(ground.value for ground in Ground), "ground"),
    ("reason", tuple(reason.value for reason in EndReason), "reason"),
    ("language", ("kk", "ru"), "spoken"),
)
"""Each filter with a list: its name, its values, and among which words they stand."""
TICKS = ("overdue", "not_understood", "held", "waits_for_service")
"""The filters that are on or off."""
DAYS = ("since", "until")


@dataclass(frozen=True, slots=True)
class Filtered:
    """The filter that counts, how it stands in an address, and what was wrong with the one that was given."""

    wanted: CaseFilter
    given: Mapping[str, str]
    problems: list[str]


def filter_of(query: Mapping[str, str], words: Words, zone: ZoneInfo) -> Filtered:
    """Read the filters. What is wrong is left out and said; days are local ones, the last one included."""
    problems: list[str] = []
    chosen = _chosen(query, words, problems)
    ticked = _ticked(query, words, problems)
    days = _days(query, words, problems)
    values: dict[str, Any] = {**chosen, **dict.fromkeys(ticked, True)}
    if "since" in days:
        values["since"] = _midnight(days["since"], zone)
    if "until" in days and days["until"] < date.max:
        values["until"] = _midnight(days["until"] + timedelta(days=1), zone)
    given = {**chosen, **dict.fromkeys(ticked, "1"), **{name: day.isoformat() for name, day in days.items()}}
    return Filtered(CaseFilter(**values), given, problems)


def _chosen(query: Mapping[str, str], words: Words, problems: list[str]) -> dict[str, str]:
    chosen = {}
    for name, known, _ in CHOICES:
        value = query.get(name, "")
        if value in known:
            chosen[name] = value
        elif value:
            problems.append(words("filter.bad_value", value=value[:40], name=words(f"col.{name}")))
    return chosen


def _ticked(query: Mapping[str, str], words: Words, problems: list[str]) -> list[str]:
    ticked = []
    for name in TICKS:
        value = query.get(name, "")
        if value == "1":
            ticked.append(name)
        elif value:
            problems.append(words("filter.bad_value", value=value[:40], name=words(f"filter.{name}")))
    return ticked


def _days(query: Mapping[str, str], words: Words, problems: list[str]) -> dict[str, date]:
    days = {}
    for name in DAYS:
        try:
            day = day_in(query.get(name, ""))
        except BadFieldError as error:
            problems.append(complaint(words, error))
        else:
            days.update({} if day is None else {name: day})
    if len(days) == len(DAYS) and days["since"] > days["until"]:
        problems.append(words("filter.days_order"))
        return {}
    return days


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
