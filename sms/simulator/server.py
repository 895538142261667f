"""The simulated SMS API as a server: embedded in the demo, or on its own in tests."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from sms.simulator.about import About, ReadQuestion, asks_nothing
from sms.simulator.api import Api
from sms.simulator.control import Control
from sms.simulator.handsets import Handsets, Message
from sms.simulator.network import Listener, Network
from sms.simulator.smsc import Smsc
from sms.smpp.commands import Bind
from streams.clock import Clock
from streams.serving import listen
from streams.settings.values import Address

_SECONDS_TO_END = 2.0


class Simulator:
    """Use as a context manager; then it listens at `url`, and its page of handsets is there in a browser.

    `inbound_url` is the webhook that citizens' answers are taken to, with what it asks for behind a #; where
    statuses go each message says.
    `delay` is how long a message takes, in seconds of real time. Port 0 takes a free one. `clock` gives the
    times that the page shows; the API's own are real. `asked` says which answers the page offers at a press.
    With `smpp` it is an SMSC too, for who binds with these credentials, and answers and statuses go there.
    """

    def __init__(  # noqa: PLR0913 - an account, a place, a pace
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        inbound_url: str,
        host: str = "127.0.0.1",
        port: int = 0,
        delay: float = 0.05,
        clock: Clock | None = None,
        smpp: Bind | None = None,
        asked: ReadQuestion = asks_nothing,
    ) -> None:
        self.handsets = Handsets()
        self._network = Network(
            self.handsets,
            account_sid=account_sid,
            auth_token=auth_token,
            sender=sender,
            inbound_url=inbound_url,
            delay=delay,
        )
        self._api = Api(
            self.handsets,
            account_sid=account_sid,
            auth_token=auth_token,
            sender=sender,
            is_down=lambda: self._network.down,
            accepted=self._network.take,
        )
        self.smsc: Smsc | None = None
        if smpp is not None:
            self.smsc = self._network.outlet = Smsc(
                self.handsets,
                system_id=smpp.system_id,
                password=smpp.password,
                sender=sender,
                is_down=lambda: self._network.down,
                accepted=self._network.take,
                host=host,
            )
        self._clock = clock or Clock()
        self._asked = asked
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens: the SMS API's address, and the page's."""
        return f"http://{Address(self._host, self._port)}"

    @property
    def down(self) -> bool:
        """Whether the carrier is down, for all."""
        return self._network.down

    @down.setter
    def down(self, down: bool) -> None:
        self._network.down = down
        self._network.switched()

    async def __aenter__(self) -> Self:
        """Listen. Raises `CannotListenError`."""
        app = web.Application(client_max_size=64 * 1024)
        self._api.add_to(app)
        Control(self.handsets, self._network, self._clock, self._asked).add_to(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SECONDS_TO_END)
        bind = Address(self._host, self._port)
        self._port = (await listen(self._runner, bind, "the simulated SMS API's address")).port
        await self._network.open()
        if self.smsc is not None:
            await self.smsc.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more; what is under way is dropped."""
        await self._network.close()
        if self.smsc is not None:
            await self.smsc.__aexit__(None, None, None)
        if self._runner is not None:
            await self._runner.cleanup()

    def on_message(self, listener: Listener) -> None:
        """Call `listener(phone, text)` with each message that arrives on a handset: a scripted citizen."""
        self._network.listen(listener)

    async def answer(self, phone: str, text: str) -> Message:
        """Write on a handset; return when the webhook has the answer, or has refused it for good."""
        return await self._network.answer(phone, text)

    def describe(self, phone: str, about: Sequence[About]) -> None:
        """Say whose handset it is, which is there from then on. Raises `ValueError` for what is no number."""
        handset = self.handsets.at(phone)
        handset.about = tuple(about)
        self.handsets.changed(handset)

    def answered(self, phone: str) -> int:
        """How many messages were written on a handset, by a person or a script."""
        handset = self.handsets.get(phone)
        return handset.written() if handset else 0

    def received(self, phone: str) -> list[str]:
        """The texts that arrived on a handset, in their order."""
        handset = self.handsets.get(phone)
        return [message.text for message in handset.messages if message.arrived_at] if handset else []
