"""What the console asks of the read model."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from ops.read_model.views import (
    ActShown,
    CaseDetail,
    CaseFilter,
    CaseRow,
    DayTotal,
    DeadLetter,
    Doubt,
    Draft,
    Freshness,
    Looked,
    Outcome,
    Overview,
    Page,
    Questioned,
    Service,
    Unrecorded,
    YearRow,
)


class Queries(Protocol):
    """The questions. Everything is masked unless it is asked for unmasked; `at` is the virtual present."""

    async def freshness(self) -> Freshness:
        """How far behind the read model is."""
        ...

    async def overview(self, at: datetime) -> Overview:
        """The first page."""
        ...

    async def cases(
        self,
        wanted: CaseFilter,
        *,
        at: datetime,
        after: str | None = None,
        limit: int = 50,
        unmask: bool = False,
    ) -> Page[CaseRow]:
        """Cases, those whose last step is the newest first."""
        ...

    async def count_cases(self, wanted: CaseFilter, *, at: datetime, most: int = 10_000) -> int:
        """How many there are, at most so many."""
        ...

    async def case(
        self, case_id: str, *, at: datetime, unmask: bool = False, texts: bool = False
    ) -> CaseDetail | None:
        """One case."""
        ...

    async def drafts(
        self, *, at: datetime, after: str | None = None, limit: int = 50, unmask: bool = False
    ) -> Page[Draft]:
        """Decisions that wait for an officer."""
        ...

    async def draft(self, decision_id: str, *, at: datetime, unmask: bool = False) -> Draft | None:
        """One of them."""
        ...

    async def questioned(
        self, after: str | None = None, limit: int = 50, *, unmask: bool = False
    ) -> Page[Questioned]:
        """What was learnt after decisions."""
        ...

    async def doubts(self, after: str | None = None, limit: int = 50, *, unmask: bool = False) -> Page[Doubt]:
        """Messages of which nobody can tell whether they left."""
        ...

    async def dead_letters(
        self,
        *,
        topic: str | None = None,
        reason: str | None = None,
        done: bool | None = False,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[DeadLetter]:
        """Records that could not be read."""
        ...

    async def dead_letter(self, id_: str, /) -> DeadLetter | None:
        """One of them."""
        ...

    async def service(self) -> Service:
        """How the service is set."""
        ...

    async def day_totals(self, first: date, last: date) -> Sequence[DayTotal]:
        """Registries' control totals against what arrived."""
        ...

    async def unrecorded(
        self, days: int, *, at: datetime, after: str | None = None, limit: int = 50, unmask: bool = False
    ) -> Page[Unrecorded]:
        """Grants that the State Corporation has not recorded."""
        ...

    async def outcomes(self, day: date, after: str | None = None, limit: int = 500) -> Page[Outcome]:
        """The outcomes of a local day."""
        ...

    async def year(self, year: int) -> Sequence[YearRow]:
        """The yearly report."""
        ...

    async def acts(self, after: str | None = None, limit: int = 50) -> Page[ActShown]:
        """What operators did."""
        ...

    async def looks(
        self,
        *,
        who: str | None = None,
        person_id: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Looked]:
        """Who looked at whom."""
        ...

    def person_id_of(self, iin: str) -> str:
        """The pseudonym of an IIN."""
        ...

    def phone_id_of(self, phone: str) -> str:
        """The pseudonym of a number."""
        ...


class Store(Protocol):
    """The read model's database, whichever generation of it is in use."""

    @property
    def queries(self) -> Queries:
        """Asks the generation that is in use now."""
        ...

    async def wait_changed(self, timeout: float) -> bool:
        """Wait until something was read; false where nothing was for so many seconds."""
        ...
