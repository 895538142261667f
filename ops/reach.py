"""Is a broker there? Asked before anything else, so that every command says so within ten seconds."""

import os
import socket
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from ops.refused_access import why_refused
from streams.errors import NoBrokerError
from streams.kafka_access import client_options
from streams.settings.values import Address

if TYPE_CHECKING:
    from streams.settings.settings import Settings

_FIRST_PORT, _MOST_PORTS = 10_000, 22_000
_APART = 601
"""How far apart the places are in which two processes begin that were started one after the other."""
_PORTS = (_FIRST_PORT + (os.getpid() * _APART + number) % _MOST_PORTS for number in count())

LISTEN_SECONDS = 3.0
"""How long to go on trying where nobody listens: a broker may just be starting."""

ANSWER_SECONDS = 4.0
"""How long a broker that listens may take to answer."""


def free_port() -> int:
    """A port of this machine that nobody listens on just now, and that was not given in this process before.

    It stays free while its server is down: it is below those that systems lend to clients, and each process
    begins to look in a place of its own.
    """
    return next(port for port in _PORTS if obstacle(port) is None)


def obstacle(port: int) -> str | None:
    """Why no server can listen at this port of 127.0.0.1; None where one can."""
    with socket.socket() as probe:
        # As servers do: what has just ended there is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError as error:
            return error.strerror or str(error)
    return None


def listens(address: str, *, timeout: float = 1.0) -> str | None:
    """Connect to `host:port`; None when that works, otherwise why it does not."""
    where = Address.parse(address)
    try:
        socket.create_connection((where.host, where.port), timeout).close()
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    return None


def ask(options: dict[str, Any], timeout: float) -> None:
    """Sign in and ask for the topics. Raises KafkaError and OSError."""
    milliseconds = int(timeout * 1000)
    admin = KafkaAdminClient(**options, bootstrap_timeout_ms=milliseconds, request_timeout_ms=milliseconds)
    try:
        admin.list_topics()
    finally:
        admin.close()


def answers(address: str, *, timeout: float = ANSWER_SECONDS) -> bool:
    """Whether a broker without TLS at `host:port` answers."""
    if listens(address) is not None:
        return False
    try:
        ask({"bootstrap_servers": [address]}, timeout)
    except (KafkaError, OSError):
        return False
    return True


def require_broker(settings: "Settings") -> None:
    """Return when a broker of these settings answers. Raises `NoBrokerError` within ten seconds."""
    _require_listener(settings.kafka.split(","))
    try:
        ask(client_options(settings), ANSWER_SECONDS)
    except (KafkaError, OSError) as error:
        listening = [each for each in settings.kafka.split(",") if listens(each) is None]
        address = (listening or settings.kafka.split(","))[0]
        if why := why_refused(settings, address):
            raise NoBrokerError(f"the broker at {address} does not let us in: {why}.") from error
        raise NoBrokerError(
            f"something listens at {settings.kafka}, but does not answer as these settings expect "
            f"({error}). Check JARDEM_KAFKA and its TLS and SASL settings, and the "
            "addresses that the brokers advertise."
        ) from error


def _require_listener(addresses: list[str]) -> None:
    deadline = time.monotonic() + LISTEN_SECONDS
    while True:
        with ThreadPoolExecutor(len(addresses)) as threads:
            reasons = dict(zip(addresses, threads.map(listens, addresses), strict=True))
        if None in reasons.values():
            return
        if time.monotonic() > deadline:
            told = "; ".join(f"{address}: {reason}" for address, reason in reasons.items())
            raise NoBrokerError(f"no broker answers ({told}). Check JARDEM_KAFKA, and that the broker runs.")
        time.sleep(0.2)


def admin_client(settings: "Settings") -> Any:  # noqa: ANN401 - kafka-python has no types
    """kafka-python's admin client for these settings; the caller closes it."""
    return KafkaAdminClient(**client_options(settings))


def missing_topics(settings: "Settings", names: Iterable[str]) -> str:
    """What is said of topics that the brokers do not show: guarded ones hide what a name may not see."""
    told = f"{', '.join(names)} is missing at {settings.kafka}"
    if settings.kafka_sasl_mechanism or settings.kafka_tls_cert:
        return (
            f"{told}, or hidden from the name that we sign in with: check JARDEM_KAFKA and the role of "
            "that name (docs/kafka-security.md), or run jardem topics apply"
        )
    return f"{told}: check JARDEM_KAFKA, or run jardem topics apply"
