"""`jardem bench guarded`: full cases in the clear, and with TLS, a password, an authoriser and encryption."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from ops.bench.goals import BESIDE, CLEAR, GUARDED
from ops.bench.lifecycle import cases_of, saturate
from ops.bench.measured import AGAINST
from ops.bench.running import Options, Point, Screen
from ops.bench.stand import Stand, stand, stand_with, started
from ops.bench.subject import Subject
from ops.brokers.secured import ADMIN, SecuredKafka
from streams.errors import UserError

_USERS = {ADMIN: "a-password-of-a-benchmark"}


async def guarded(subject: Subject, options: Options, screen: Screen) -> AsyncIterator[Point]:
    """One worker, once on a plain broker, and once on a guarded one with all that is personal encrypted.

    The load, which is no part of what is measured, speaks with either in the clear. Beside another checkout
    there is a third point: ours with all that on, and the other in the clear. One of before the encryption is
    measured in the clear alone.

    Raises `UserError` where a broker is named: it needs two of its own.
    """
    if options.kafka is not None:
        raise UserError("bench guarded starts its own brokers, one with TLS: leave --kafka out")
    store = {"JARDEM_STORE": options.store}
    async with stand(None, screen) as on:
        clear = await _saturated(on, subject, options, store, CLEAR)
    yield clear
    other = subject.name == AGAINST
    if other:
        yield replace(clear, name=BESIDE)
    if not (subject.code / "streams" / "encryption").is_dir():
        return
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jardem-bench-")))
        screen.doing("starting Apache Kafka with TLS")
        broker = SecuredKafka(folder / "kafka", _USERS, clear=True)
        on = await stack.enter_async_context(stand_with(broker, broker.clear_address, folder, screen))
        sealed = await _saturated(on, subject, options, store | _settings(broker, folder), GUARDED)
    yield sealed
    if options.against is not None and not other:
        yield replace(sealed, name=BESIDE)


async def _saturated(
    on: Stand, subject: Subject, options: Options, more: Mapping[str, str], point: str
) -> Point:
    system = subject.on(on, more=more)
    async with started(on, system):
        return await saturate(on, system, cases_of(options), point)


def _settings(broker: SecuredKafka, folder: Path) -> dict[str, str]:
    return {
        "JARDEM_KAFKA": broker.address,
        "JARDEM_KAFKA_TLS": "true",
        "JARDEM_KAFKA_TLS_CA": str(broker.authority.certificate),
        "JARDEM_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "JARDEM_KAFKA_SASL_USERNAME": ADMIN,
        "JARDEM_KAFKA_SASL_PASSWORD": _USERS[ADMIN],
        "JARDEM_ENCRYPTION": "on",
        "JARDEM_ENCRYPTION_KEY": "a-key-for-the-encryption-of-a-benchmark",
        "JARDEM_KEYS_DATABASE": f"sqlite:///{folder}/keys.sqlite",
    }
