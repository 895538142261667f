"""Who may see and do what in the console: roles, and what each of them may."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """A role that a user bears, as `audit.console.v1` names it."""

    VIEWER = "viewer"
    CASEWORKER = "caseworker"
    OFFICER = "officer"
    OPERATOR = "operator"


class May(StrEnum):
    """What somebody may do.

    `look`: the overview, an exact search, a case with everything masked. `browse`: lists of cases by filters,
    and their CSV. `unmask`: IINs, numbers, accounts and texts in the clear, each look recorded. `sign`:
    decisions, hearings, extensions. `operate`: dead letters, messages in doubt, the service, acts on cases.
    """

    LOOK = "look"
    BROWSE = "browse"
    UNMASK = "unmask"
    SIGN = "sign"
    OPERATE = "operate"


class NotAllowedError(Exception):
    """None of the user's roles allows this."""


GRANTS: dict[Role, frozenset[May]] = {
    Role.VIEWER: frozenset({May.LOOK}),
    Role.CASEWORKER: frozenset({May.LOOK, May.BROWSE, May.UNMASK}),
    Role.OFFICER: frozenset({May.LOOK, May.BROWSE, May.UNMASK, May.SIGN}),
    Role.OPERATOR: frozenset({May.LOOK, May.BROWSE, May.OPERATE}),
}
"""What each role may. An operator runs the service without reading about persons."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is signed in: under which name, and with which roles."""

    name: str
    roles: frozenset[Role]

    def may(self, what: May) -> bool:
        """Whether one of the roles may do this."""
        return self.role_for(what) is not None

    def role_for(self, what: May) -> Role | None:
        """The role under which the user does this, as it is recorded: the first in order that may."""
        return next((role for role in Role if role in self.roles and what in GRANTS[role]), None)
