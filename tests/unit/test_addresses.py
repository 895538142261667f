"""Where a server of ours cannot listen, it says which variable or option to set, and to what."""

import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from ops.brokers.broker import BrokerError
from ops.brokers.embedded import EmbeddedBroker
from ops.brokers.kafka import KafkaBroker
from ops.brokers.local import LocalBroker
from ops.demo import run as demo
from ops.reach import free_port, obstacle
from schemas.ids import Pseudonyms
from sms.inbox_producer import EventSink
from sms.simulator import Simulator
from sms.simulator.terminal import HandsetTerminal, NoSimulatorError
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.app import StreamApp
from streams.clock import Clock
from streams.errors import CannotListenError, UserError
from streams.health import Health
from streams.settings.values import Address

NOT_OURS = Address("192.0.2.1", 8080)
"""An address for documentation, which no machine has."""

ELSEWHERE = "set it to another address of this machine, to port 0 for any that is free"


@pytest.fixture
def taken() -> Iterator[Address]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield Address("127.0.0.1", listening.getsockname()[1])


def webhooks(bind: Address) -> WebhookServer:
    app = Webhooks(
        cast("EventSink", None), Account("token", "http://x"), Pseudonyms(b"k"), Clock(1, datetime.now(UTC))
    )
    return WebhookServer(app, bind.host, bind.port)


def simulator(bind: Address) -> Simulator:
    return Simulator(
        account_sid="AC1",
        auth_token="token",
        sender="+77000000000",
        inbound_url="http://x",
        host=bind.host,
        port=bind.port,
    )


async def refusal_of_health(bind: Address) -> CannotListenError:
    with pytest.raises(CannotListenError) as refused:
        await Health(cast("StreamApp", None)).start(bind)
    return refused.value


async def refusal_of_webhooks(bind: Address) -> CannotListenError:
    with pytest.raises(CannotListenError) as refused:
        async with webhooks(bind):
            pass
    return refused.value


async def refusal_of_simulator(bind: Address) -> CannotListenError:
    with pytest.raises(CannotListenError) as refused:
        async with simulator(bind):
            pass
    return refused.value


Refusal = Callable[[Address], Awaitable[CannotListenError]]
SERVERS = pytest.mark.parametrize(
    ("setting", "refusal", "off"),
    [
        ("JARDEM_HEALTH_BIND", refusal_of_health, ", or to off"),
        ("JARDEM_WEBHOOKS_BIND", refusal_of_webhooks, ""),
        ("the simulated SMS API's address", refusal_of_simulator, ""),
    ],
)


@SERVERS
async def test_a_server_beside_another_is_told_to_listen_elsewhere(
    taken: Address, setting: str, refusal: Refusal, off: str
) -> None:
    refused = await refusal(taken)
    [problem] = refused.problems
    assert problem.startswith(f"{setting} is {taken}, where something listens already")
    assert problem.endswith(f"{ELSEWHERE}{off}")
    assert refused.exit_code == 1


@SERVERS
async def test_a_server_on_an_address_of_another_machine_is_told_so(
    setting: str, refusal: Refusal, off: str
) -> None:
    [problem] = (await refusal(NOT_OURS)).problems
    assert problem.startswith(f"{setting} is {NOT_OURS}, where we cannot listen (")
    assert problem.endswith(f"): {ELSEWHERE}{off}")


async def test_port_zero_takes_a_free_one(taken: Address) -> None:
    health = Health(cast("StreamApp", None))
    listening = await health.start(Address(taken.host, 0))
    try:
        assert Address.parse(listening).port not in (0, taken.port)
    finally:
        await health.stop()


@pytest.mark.parametrize("kind", [KafkaBroker, EmbeddedBroker])
def test_a_broker_names_the_option_for_its_port(
    taken: Address, kind: type[LocalBroker], tmp_path: Path
) -> None:
    with pytest.raises(BrokerError) as refused:
        kind(tmp_path, port=taken.port).start()
    [problem] = refused.value.problems
    assert f"cannot listen at {taken} (" in problem
    assert problem.endswith("give another --port, or 0 for any that is free")
    assert list(tmp_path.iterdir()) == []


def test_the_demos_pages_go_elsewhere_where_their_port_is_taken(taken: Address) -> None:
    assert demo._port(taken.port) not in (0, taken.port)
    free = free_port()
    assert demo._port(free) == free


def test_a_port_that_is_taken_without_listening_is_no_free_one() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert obstacle(silent.getsockname()[1]) is not None
    assert obstacle(free_port()) is None


async def test_a_handset_names_the_option_for_where_to_look() -> None:
    terminal = HandsetTerminal(f"http://127.0.0.1:{free_port()}", Console())
    with pytest.raises(NoSimulatorError, match="give with --url where"):
        await terminal.list()


def test_every_refusal_is_lines_for_the_user() -> None:
    error = UserError("one", "two")
    assert error.problems == ("one", "two")
    assert str(error) == "one; two"
