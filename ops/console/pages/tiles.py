"""The numbers at the top of the first page, each with how it should be looked at."""

from dataclasses import dataclass

from ops.console.access import May, User
from ops.read_model.views import Overview


@dataclass(frozen=True, slots=True)
class Tile:
    """A number, the key of its name, its mood (`good`, `warn`, `bad` or none), and where it leads."""

    number: int
    key: str
    mood: str
    href: str | None


_OVERDUE = {
    "terms": ("bad", "/cases?overdue=1", May.BROWSE),
    "drafts_due": ("warn", "/decisions", May.SIGN),
    "drafts_overdue": ("bad", "/decisions", May.SIGN),
    "awaiting_rules": ("warn", "/cases?state=awaiting_rules", May.BROWSE),
    "unrecorded": ("warn", "/reconciliation", May.BROWSE),
}


def tiles_of(overview: Overview, user: User) -> list[Tile]:
    """The tiles for this user: a number leads only where the user may go. A zero is good news."""
    found = [Tile(overview.cases, "now.cases", "", _for(user, May.BROWSE, "/cases"))]
    for name, (mood, path, may) in _OVERDUE.items():
        number = overview.overdue.get(name, 0)
        found.append(Tile(number, f"now.overdue.{name}", _mood(number, mood), _for(user, may, path)))
    for number, key, mood, path, may in (
        (overview.dead_letters, "now.dead_letters", "bad", "/dead-letters", May.OPERATE),
        (overview.in_doubt, "now.in_doubt", "warn", "/doubts", May.OPERATE),
        (overview.questioned, "now.questioned", "warn", "/questioned", May.BROWSE),
        (overview.not_understood, "now.not_understood", "warn", "/cases?not_understood=1", May.BROWSE),
    ):
        found.append(Tile(number, key, _mood(number, mood), _for(user, may, path)))
    return found


def _mood(number: int, mood: str) -> str:
    return mood if number else "good"


def _for(user: User, may: May, path: str) -> str | None:
    return path if user.may(may) else None
