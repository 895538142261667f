"""The pages that stand in the navigation, for those who may see them."""

from dataclasses import dataclass

from ops.console.access import May, User


@dataclass(frozen=True, slots=True)
class Link:
    """A page: its path, the key of its name, and what one must be allowed to be led there."""

    path: str
    key: str
    may: May


LINKS: tuple[Link, ...] = ()
"""In their order."""


def links_for(user: User) -> tuple[tuple[str, str], ...]:
    """The path and the key of each page that this user is led to."""
    return tuple((link.path, link.key) for link in LINKS if user.may(link.may))
