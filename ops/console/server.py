"""`jardem console`: the read model's follower, the pages and the API in one process."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
import uvicorn

from ops.console.app import create_app
from ops.console.audit import Audit
from ops.console.context import Console
from ops.console.cookies import Cookies
from ops.console.oidc import Provider
from ops.console.own_keys import Sealed
from ops.console.producer import Producer, Sink
from ops.console.publisher import Publisher
from ops.console.render import Renderer
from ops.console.sessions import Sessions
from ops.console.tables import MIGRATIONS
from ops.console.tokens import Tokens
from ops.console.users import UsersFile
from ops.read_model.follow import Follower
from ops.read_model.migrate import migrate
from ops.read_model.rebuild import Progress, rebuild
from ops.read_model.store import Store, open_store
from streams.errors import CannotListenError
from streams.officer_signatures import load_officers
from streams.published_keys import PublishedKeys
from streams.settings.settings import Settings
from streams.settings.values import Address, variable

_log = structlog.get_logger(__name__)

_SECONDS_TO_END = 3
"""How long requests may go on after SIGTERM. Event streams are told before."""


def run_console(settings: Settings) -> int:
    """Run the console until SIGTERM or SIGINT; the exit code.

    Raises `CannotListenError`, `DatabaseError`, `UsersError` and `OfficersError` before it listens.
    """
    with _listening(settings.console_bind) as sock:
        return asyncio.run(_serve(settings, sock))


def rebuild_read_model(settings: Settings, tell: Callable[[str], None]) -> None:
    """Build the read model anew beside the one that is served, and have it served; `tell` is given lines.

    Raises `NoBrokerError` and `DatabaseError`; what was served until then is served on.
    """

    def progress(so_far: Progress) -> None:
        left = "some" if so_far.left is None else f"{so_far.left:,}"
        tell(f"{so_far.read:,} records read, {left} left" if so_far.left != 0 else "all is read")

    asyncio.run(rebuild(settings, progress))
    tell("the new read model is served")


@asynccontextmanager
async def open_console(settings: Settings) -> AsyncIterator[Console]:
    """Everything that pages and the API stand on; the follower is not started."""
    async with open_store(settings) as store:
        await migrate(store.control, MIGRATIONS)
        producer = Producer(settings)
        try:
            yield assemble(settings, store, producer)
        finally:
            await producer.stop()


def assemble(settings: Settings, store: Store, sink: Sink) -> Console:
    """A console of its parts."""
    clock = settings.clock()
    cookies = Cookies.of(settings)
    users = None if settings.console_users is None else UsersFile(settings.console_users)
    if users is not None:
        users.users()
    audit = Audit(sink, clock)
    provider = None
    if settings.oidc_issuer:
        provider = Provider(settings, cookie=cookies.state, secure=cookies.secure)
    return Console(
        settings=settings,
        clock=clock,
        store=store,
        sink=sink,
        audit=audit,
        publisher=Publisher(sink, audit, clock),
        renderer=Renderer(settings.zone, clock, store.queries.freshness),
        sessions=Sessions(store.control, Sealed(settings), users),
        tokens=Tokens(store.control),
        users=users,
        provider=provider,
        keys=PublishedKeys(settings.signing_keys),
        officers=load_officers(settings.officer_keys, settings.officer_roots, settings.officer_crl),
    )


class _Server(uvicorn.Server):
    """Ends the event streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, console: Console) -> None:
        super().__init__(config)
        self._console = console

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT for the wish to end in order.

        uvicorn's own way raises the signal again behind it, which would end the process before the follower
        has let go and the producer is closed.
        """
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests, and end what goes on."""
        _log.info("the console stops")
        self._console.stopping.set()
        await super().shutdown(sockets)


async def _serve(settings: Settings, sock: socket.socket) -> int:
    async with open_console(settings) as console:
        config = uvicorn.Config(
            create_app(console),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=bool(settings.console_proxies),
            forwarded_allow_ips=settings.console_proxies.replace(" ", "") or None,
            timeout_graceful_shutdown=_SECONDS_TO_END,
            timeout_keep_alive=30,
        )
        server = _Server(config, console)
        follower = asyncio.create_task(Follower(console.store, settings).run())
        follower.add_done_callback(lambda _: setattr(server, "should_exit", True))
        host, port = sock.getsockname()[:2]
        _log.info("the console listens", host=host, port=port, url=settings.console_url or None)
        try:
            await server.serve(sockets=[sock])
        finally:
            ended = follower.done() and not follower.cancelled()
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
        if ended:
            _log.error("the follower of the read model has ended", kind=type(follower.exception()).__name__)
            return 1
        return 0


def _listening(bind: Address) -> socket.socket:
    """A socket that listens there. Raises `CannotListenError`."""
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    try:
        return socket.create_server((bind.host, bind.port), family=family, backlog=128)
    except OSError as error:
        raise CannotListenError(variable("console_bind"), str(bind), error) from None
