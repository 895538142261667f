"""`jardem demo`.

Everything on one machine, until every sample entitlement has its outcome or somebody ends it.
"""

import asyncio
import contextlib
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape

from ops.brokers.choose import choose
from ops.console.extra import ExtraMissingError, require_console
from ops.demo import sample
from ops.demo.captions import Captions
from ops.demo.installation import Installation
from ops.demo.outcomes import Outcomes, follow
from ops.demo.processes import DemoError, run_command
from ops.demo.sample import Published
from ops.demo.script import Script
from ops.demo.show import Show
from ops.demo.start_page import StartPage
from ops.demo.users import DemoUser, make_users
from ops.reach import free_port, obstacle
from schemas.ids import Pseudonyms
from sms.simulator import Handset
from streams.settings.settings import DEMO_PSEUDONYM_KEY

_DAY = 86_400
_SLOW_DAY, _FAST_DAY = 20.0, 5.0
_START_PORT, _HANDSETS_PORT, _CONSOLE_PORT = 8084, 8085, 8090
_USERS_FILE = "users.json"
_AFTERMATH = 3.0
_LONGEST_ONCE = 240.0
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Options:
    """`fast`: a day passes in five seconds, not in twenty. `once`: end by itself, with the table.

    `kafka` is a broker that runs already; without it one of the kind `broker` is started. `carrier` is what
    the SMS go through: an API of Twilio's shape, or an operator's SMSC.
    """

    fast: bool = False
    once: bool = False
    broker: str | None = None
    kafka: str = ""
    carrier: Literal["twilio", "smpp"] = "twilio"


async def run(options: Options) -> int:
    """Run the demo.

    Returns the exit code: 0 only if every outcome is as expected (with `once`), or on Ctrl-C.
    """
    show = Show(_console())
    folder = Path(tempfile.mkdtemp(prefix="jardem-demo-"))
    playing = asyncio.create_task(_play(options, show, folder))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    try:
        code = await playing
    except asyncio.CancelledError:
        show.say("The demo has ended; nothing is left running.")
        code = _INTERRUPTED if options.once else 0
    except DemoError as error:
        show.say(f"[red]{error}[/]\nThe logs are in {folder}.")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return code


async def _play(options: Options, show: Show, folder: Path) -> int:
    async with _broker(options, folder, show) as kafka:
        return await _Demo(options, show, folder, kafka).play()


def _console() -> Console:
    """The terminal, or a wide page where the output is kept in a file."""
    console = Console()
    return console if console.is_terminal else Console(width=140)


@contextlib.asynccontextmanager
async def _broker(options: Options, folder: Path, show: Show) -> AsyncIterator[str]:
    if options.kafka:
        show.say(f"The broker is yours, at {options.kafka}.")
        yield options.kafka
        return
    broker, note = choose(options.broker, folder)
    if note:
        show.say(f"[yellow]{note}[/]")
    show.say("Starting a broker; the first time it is fetched, which takes a minute.")
    starting = asyncio.create_task(asyncio.to_thread(broker.start))
    try:
        await asyncio.shield(starting)
        show.say(f"The broker ({broker.kind}) listens at {broker.address}.")
        yield broker.address
    finally:
        # A thread can't be called back: when the demo is ended this early, the broker is there first.
        await asyncio.wait({starting})
        await asyncio.to_thread(broker.stop)


class _Demo:
    def __init__(self, options: Options, show: Show, folder: Path, kafka: str) -> None:
        self._options = options
        self._show = show
        day = _FAST_DAY if options.fast else _SLOW_DAY
        self._users = _console_users(show, folder)
        self._installation = Installation(
            kafka,
            folder,
            scale=_DAY / day,
            page_port=_port(_HANDSETS_PORT),
            console_port=_port(_CONSOLE_PORT) if self._users else None,
            console_users=folder / _USERS_FILE if self._users else None,
            carrier=options.carrier,
        )
        self._simulator = self._installation.simulator
        self._clock = self._installation.clock
        # A broker that was there before may know the sample's people already: others are made up then.
        start = random.randrange(10_000) if options.kafka else 0  # noqa: S311 - made-up people
        self._citizens = sample.citizens(self._clock.now(), start)
        self._outcomes = Outcomes(self._citizens)
        pseudonyms = Pseudonyms(DEMO_PSEUDONYM_KEY.encode())
        self._captions = Captions(self._simulator, self._citizens, pseudonyms, self._installation.console_url)
        self._done = asyncio.Event()
        self._shown: dict[str, int] = {}
        self._script = Script(
            self._citizens,
            self._publish,
            self._simulator.answer,
            self._simulator.answered,
            pause=0.7 if options.fast else 8.0,
            settle=2.0,
        )

    async def play(self) -> int:
        """From the start of the processes to their end."""
        self._simulator.on_message(self._message)
        self._simulator.handsets.watch(self._changed)
        async with self._installation, self._start_page():
            self._captions.show()
            stepped = self._captions.stepped
            following = asyncio.create_task(follow(self._installation.kafka, self._came_out, stepped))
            try:
                await self._publish_all()
                return await self._wait(following)
            finally:
                self._show.table(self._outcomes)
                await self._script.stop()
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _start_page(self) -> AsyncIterator[None]:
        """Serve the page that leads to both, where there is a console, and say where to look."""
        handsets, console = self._simulator.url, self._installation.console_url
        if console is None:
            self._show.where(handsets)
            yield
            return
        async with StartPage(
            handsets_url=f"{handsets}/", console_url=console, users=self._users, port=_port(_START_PORT)
        ) as page:
            self._show.where(handsets, console=console, start=page.url, users=self._users)
            yield

    async def _publish_all(self) -> None:
        await self._publish([event for citizen in self._citizens for event in citizen.before])
        await self._publish([event for citizen in self._citizens for event in citizen.events])

    async def _publish(self, events: Sequence[Published]) -> None:
        self._show.published(self._clock.now(), list(events))
        await run_command(self._installation.env, "publish", "-", given=sample.lines(events))

    def _message(self, phone: str, text: str) -> None:
        self._show.message(self._clock.now(), phone, text)
        self._script.received(phone, text)

    def _changed(self, handset: Handset) -> None:
        """Show what was written on a handset, by the script or by a person."""
        written = [message for message in handset.messages if message.inbound]
        for message in written[self._shown.get(handset.phone, 0) :]:
            self._show.answer(self._clock.now(), handset.phone, message.text)
        self._shown[handset.phone] = len(written)

    def _came_out(self, topic: str, data: dict[str, Any]) -> None:
        outcome = self._outcomes.note(topic, data)
        self._show.came_out(self._clock.now(), topic, data, outcome)
        if outcome and outcome.startswith("ended"):
            self._script.ended(data["iin"])
        if self._outcomes.complete():
            self._done.set()

    async def _wait(self, following: "asyncio.Task[None]") -> int:
        """Wait for all outcomes (with `once`), or until something breaks or somebody ends the demo."""
        broken = asyncio.create_task(self._broken(following))
        complete = asyncio.create_task(self._done.wait())
        try:
            timeout = _LONGEST_ONCE if self._options.once else None
            await asyncio.wait({broken, complete}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if broken.done():
                broken.result()
            if not self._options.once:
                self._show.table(self._outcomes)
                self._show.say("Everybody has an outcome. The handsets stay open; Ctrl-C ends the demo.")
                await broken
            if not complete.done():
                self._show.say(f"[red]Not everybody had an outcome within {_LONGEST_ONCE:.0f} s.[/]")
                return 1
            # Whatever comes now would be one outcome too many.
            await asyncio.sleep(_AFTERMATH)
            return 0 if all(map(self._outcomes.as_expected, self._citizens)) else 1
        finally:
            broken.cancel()
            complete.cancel()

    async def _broken(self, following: "asyncio.Task[None]") -> None:
        while True:
            await asyncio.sleep(0.5)
            if service := self._installation.dead():
                raise DemoError(f"`jardem {service.name}` ended by itself:\n{service.tail()}")
            if following.done():
                raise DemoError(f"the outcomes can't be read any more: {following.exception()!r}")


def _port(wanted: int) -> int:
    """The same port each time, so that an open page finds the next demo; another one where it is taken."""
    return free_port() if obstacle(wanted) else wanted


def _console_users(show: Show, folder: Path) -> Sequence[DemoUser]:
    """The users of the console; nobody where what it stands on is not installed, which is said."""
    try:
        require_console()
    except ExtraMissingError as error:
        show.say(f"[yellow]{escape(str(error))}. The demo goes on without the console.[/]")
        return ()
    return make_users(folder / _USERS_FILE)
