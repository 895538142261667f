"""The pages that stand in the navigation, for those who may see them."""

from dataclasses import dataclass

from ops.console.access import May, User


@dataclass(frozen=True, slots=True)
class Link:
    """A page: its path, the key of its name, and what one must be allowed to be led there."""

    path: str
    key: str
    may: May


LINKS: tuple[Link, ...] = (
    Link("/", "nav.now", May.LOOK),
    Link("/cases", "nav.cases", May.LOOK),
    Link("/decisions", "nav.decisions", May.SIGN),
    Link("/questioned", "nav.questioned", May.BROWSE),
    Link("/dead-letters", "nav.dead_letters", May.OPERATE),
    Link("/doubts", "nav.doubts", May.OPERATE),
    Link("/service", "nav.service", May.OPERATE),
    Link("/reconciliation", "nav.reconciliation", May.BROWSE),
    Link("/audit", "nav.audit", May.OPERATE),
    Link("/help", "nav.help", May.LOOK),
)
"""In their order."""


def links_for(user: User) -> tuple[tuple[str, str], ...]:
    """The path and the key of each page that this user is led to."""
    return tuple((link.path, link.key) for link in LINKS if user.may(link.may))
