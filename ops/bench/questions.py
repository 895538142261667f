"""What the benchmark of the read model asks: every search and filter, as pages, deep pages and counts."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ops.bench.people import somebody
from ops.read_model.queries import Queries
from ops.read_model.views import CaseFilter, Page

Ask = Callable[[Queries, Random], Awaitable[Any]]

_DEEP = 5_000
"""Behind so many rows a page is deep; of a shorter list the last is."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is asked again and again, each time of something else."""

    name: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Known:
    """What can be asked for: persons are numbered from 0 up to `persons`, `at` is the present instant."""

    persons: int
    cases: Sequence[str]
    at: datetime


STATES = (
    *("received", "queued", "awaiting_rules", "offer_asked", "offer_sent"),
    *("awaiting_signature", "awaiting_hearing", "granted", "refused", "ended"),
)
GROUNDS = ("4-2", "4-3", "1-1", "7", "8", "8-1")
REASONS = ("no_reply", "not_understood", "declined", "phone_not_registered", "deceased", "undeliverable")


def filters(known: Known) -> Mapping[str, Callable[[Random], CaseFilter]]:
    """Every filter of lists of cases, and those that are set together."""
    at = known.at

    def days(chance: Random, wanted: CaseFilter) -> CaseFilter:
        first = at - timedelta(days=chance.randint(2, 110))
        return replace(wanted, since=first, until=first + timedelta(days=1))

    return {
        "all": lambda _: CaseFilter(),
        "state": lambda chance: CaseFilter(state=chance.choice(STATES)),
        "ground": lambda chance: CaseFilter(ground=chance.choice(GROUNDS)),
        "ending": lambda chance: CaseFilter(reason=chance.choice(REASONS)),
        "language": lambda chance: CaseFilter(language=chance.choice(("kk", "ru"))),
        "overdue": lambda _: CaseFilter(overdue=True),
        "not understood": lambda _: CaseFilter(not_understood=True),
        "held": lambda _: CaseFilter(held=True),
        "waits for the service": lambda _: CaseFilter(waits_for_service=True),
        "days": lambda chance: days(chance, CaseFilter()),
        "state, ground": lambda chance: CaseFilter(
            state=chance.choice(STATES), ground=chance.choice(GROUNDS)
        ),
        "state, language": lambda chance: CaseFilter(
            state=chance.choice(STATES), language=chance.choice(("kk", "ru"))
        ),
        "ending, ground": lambda chance: CaseFilter(
            reason=chance.choice(REASONS), ground=chance.choice(GROUNDS)
        ),
        "state, ground, language, days": lambda chance: days(
            chance,
            CaseFilter(
                state=chance.choice(STATES),
                ground=chance.choice(GROUNDS),
                language=chance.choice(("kk", "ru")),
            ),
        ),
        "overdue, ground": lambda chance: CaseFilter(overdue=True, ground=chance.choice(GROUNDS)),
        "not understood, language": lambda chance: CaseFilter(
            not_understood=True, language=chance.choice(("kk", "ru"))
        ),
    }


def questions(known: Known) -> Iterator[Question]:
    """All that is asked."""
    yield Question("search: a case by its id", lambda q, c: q.case(c.choice(known.cases), at=known.at))
    yield Question("search: cases of an IIN", _by_iin(known))
    yield Question("search: cases of a phone", _by_phone(known))
    for name, wanted in filters(known).items():
        yield Question(f"filter: {name}, first page", _first_page(wanted, known))
        yield Question(f"filter: {name}, deep page", _Deep(wanted, known))
        yield Question(f"filter: {name}, count", _count(wanted, known))
    at = known.at
    yield Question("overview", lambda q, _: q._overview(at))  # noqa: SLF001 - what is kept costs nothing
    yield Question("a case with its texts", lambda q, c: q.case(c.choice(known.cases), at=at, texts=True))
    yield Question("decisions to sign", lambda q, _: q.drafts(at=at))
    yield Question("questioned decisions", lambda q, _: q.questioned())
    yield Question("messages in doubt", lambda q, _: q.doubts())
    yield Question("not recorded after 30 days", lambda q, _: q.unrecorded(30, at=at))
    yield Question("a week of control totals", _week(known))
    yield Question("outcomes of a day", _day(known))
    yield Question("the yearly report", lambda q, _: q.year(at.year))


def _by_iin(known: Known) -> Ask:
    def ask(queries: Queries, chance: Random) -> Awaitable[Any]:
        person_id = queries.person_id_of(somebody(chance.randrange(known.persons)).iin)
        return queries.cases(CaseFilter(person_id=person_id), at=known.at)

    return ask


def _by_phone(known: Known) -> Ask:
    def ask(queries: Queries, chance: Random) -> Awaitable[Any]:
        phone_id = queries.phone_id_of(somebody(chance.randrange(known.persons)).phone)
        return queries.cases(CaseFilter(phone_id=phone_id), at=known.at)

    return ask


def _first_page(wanted: Callable[[Random], CaseFilter], known: Known) -> Ask:
    return lambda queries, chance: queries.cases(wanted(chance), at=known.at)


def _count(wanted: Callable[[Random], CaseFilter], known: Known) -> Ask:
    return lambda queries, chance: queries.count_cases(wanted(chance), at=known.at)


def _week(known: Known) -> Ask:
    def ask(queries: Queries, chance: Random) -> Awaitable[Any]:
        last = known.at.date() - timedelta(days=chance.randint(3, 110))
        return queries.day_totals(last - timedelta(days=6), last)

    return ask


def _day(known: Known) -> Ask:
    return lambda queries, chance: queries.outcomes(known.at.date() - timedelta(days=chance.randint(3, 110)))


class _Deep:
    """A page far from the first; where it begins is looked up once for each filter, and not measured."""

    def __init__(self, wanted: Callable[[Random], CaseFilter], known: Known) -> None:
        self._wanted = wanted
        self._at = known.at
        self.cursors: dict[CaseFilter, str | None] = {}

    def __call__(self, queries: Queries, chance: Random) -> Awaitable[Page[Any]]:
        wanted = self._wanted(chance)
        return queries.cases(wanted, at=self._at, after=self.cursors.get(wanted))

    async def prepare(self, queries: Queries, chance: Random, times: int) -> None:
        """Look up where the deep pages begin of what will be asked with this chance."""
        for _ in range(times):
            wanted = self._wanted(chance)
            if wanted in self.cursors:
                continue
            cursor, rows = None, 0
            while rows < _DEEP:
                page = await queries.cases(wanted, at=self._at, after=cursor, limit=1000)
                rows += len(page.rows)
                if page.next is None:
                    break
                cursor = page.next
            self.cursors[wanted] = cursor
