"""What the pages and the API of a console stand on. It hangs at `request.app.state.console`."""

import asyncio
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from ops.console.audit import Audit
from ops.console.limits import Allowance, SignInLimits
from ops.console.oidc import Provider
from ops.console.producer import Sink
from ops.console.publisher import Publisher
from ops.console.render import Renderer
from ops.console.sessions import Sessions
from ops.console.tokens import Tokens
from ops.console.users import UsersFile
from ops.read_model.queries import Queries
from ops.read_model.store import Store
from streams.clock import Clock
from streams.officer_signatures import OfficerSignatures
from streams.published_keys import PublishedKeys
from streams.settings.settings import Settings

SEARCHES = 60
SEARCHES_WITHIN = 600.0
"""How many searches a user may make in so many seconds: enough for work, too few to try numbers out."""


def _searches() -> Allowance:
    return Allowance(SEARCHES, SEARCHES_WITHIN)


@dataclass(frozen=True, slots=True)
class Console:
    """A running console.

    `users` and `provider` are the ways to sign in, None where one is not configured. `clock` is the
    installation's, virtual in a demo; sessions, tokens and limits go by real time. Event streams end when
    `stopping` is set.
    """

    settings: Settings
    clock: Clock
    store: Store
    sink: Sink
    audit: Audit
    publisher: Publisher
    renderer: Renderer
    sessions: Sessions
    tokens: Tokens
    users: UsersFile | None
    provider: Provider | None
    keys: PublishedKeys
    officers: OfficerSignatures
    searches: Allowance = field(default_factory=_searches)
    sign_ins: SignInLimits = field(default_factory=SignInLimits)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def queries(self) -> Queries:
        """Asks the read model, in the generation that is in use now."""
        return self.store.queries


def console_of(connection: HTTPConnection) -> Console:
    """The console that a request is for."""
    console: Console = connection.app.state.console
    return console
