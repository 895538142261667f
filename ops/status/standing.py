"""How the service stands now, as the read model has it: what the screen and `--json` show."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ops.read_model.queries import Queries
from ops.read_model.views import Freshness, Overview, Service


@dataclass(frozen=True, slots=True)
class Standing:
    """The overview, how the service is set, and how far behind both are. `at` is virtual time, UTC."""

    at: datetime
    freshness: Freshness
    overview: Overview
    service: Service

    def content(self) -> dict[str, Any]:
        """The same for JSON: instants and days as text."""
        overview = asdict(self.overview)
        for row in ("funnel", "term_ends", "uptake"):
            overview[row] = [list(each) for each in overview[row]]
        return {
            "at": self.at,
            "fresh": self.freshness.fresh,
            "freshness": asdict(self.freshness),
            "overview": overview,
            "service": asdict(self.service),
        }


async def standing_of(queries: Queries, at: datetime) -> Standing:
    """Ask for all of it. Raises `DatabaseError` where the read model's database is away."""
    freshness = await queries.freshness()
    return Standing(at, freshness, await queries.overview(at), await queries.service())
