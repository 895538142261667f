"""Runs an application in the foreground: checks its topics, starts it, and stops it in an orderly way."""

import asyncio
import contextlib
import gc
import signal

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list

from streams.app import StreamApp
from streams.errors import UserError, make_folder
from streams.exits import Exit, end_process
from streams.health import Health
from streams.settings.values import Address, variable
from streams.transport.membership import Membership
from streams.transport.stores import leave_folder, prepare_folder

log = structlog.get_logger()


class UnfitTopicsError(UserError):
    """Topics that are missing or do not fit each other; the message says what to do."""


def run_worker(app: StreamApp, bind: Address | None = None) -> int:
    """Run the application until a signal; returns the exit code.

    `bind` is where health is answered, if anywhere. Raises `CannotListenError`.

    SIGTERM and SIGINT stop it in an orderly way: what is in flight is finished (or given up after
    `revoke_wait`), committed, and the group is left at once. If that takes longer than `stop_seconds`, or at
    a second signal, the process ends as it is; nothing is lost by that, only read again.
    """
    # A table in memory is millions of objects that never become garbage; looking through them is for rarely.
    gc.set_threshold(50_000, 20, 100)
    return asyncio.run(_run(app, bind))


async def _run(app: StreamApp, bind: Address | None) -> int:
    make_folder(app.conf.datadir, variable("data_dir"))
    try:
        await check_topics(app)
    except (UnfitTopicsError, KafkaError) as error:
        log.critical("worker refused to start", error=str(error), exit_code=int(Exit.CONFIGURATION))
        return int(Exit.CONFIGURATION)
    # Before anything in the data folder is touched: a second worker by mistake goes no further.
    health = Health(app)
    listening = await health.start(bind) if bind else "off"
    if app.conf.store.scheme == "rocksdb":
        make_folder(app.conf.tabledir, variable("data_dir"))
        prepare_folder(app.conf.tabledir, app.conf.id)
    membership = Membership.claim(app.conf.datadir, {*app.source_topics, *app.tables_of_inboxes.values()})
    app.conf.consumer_group_instance_id = membership.instance_id
    stopping = _watch_signals()
    log.info("worker starts", app=app.conf.id, store=app.conf.store.scheme, health=listening)
    app.finalize()
    idle = asyncio.create_task(_say_when_idle(app))
    starting = asyncio.create_task(app.start())
    stopped = asyncio.create_task(stopping.wait())
    ended = asyncio.create_task(_until_ended(app, starting))
    try:
        await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            reason = ended.exception() or app.crash_reason
            end_process(Exit.CRASHED, "worker crashed", error=f"{type(reason).__name__}: {reason}")
        log.info("worker stops")
        await _stop(app)
        leave_folder(app.conf.tabledir)
    finally:
        idle.cancel()
        ended.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await health.stop()
        membership.release()
    log.info("worker stopped", records=app.records_handled, batches=app.batches_handled)
    return 0


async def _until_ended(app: StreamApp, starting: "asyncio.Task[None]") -> None:
    await starting
    await app.wait_until_stopped()


async def _stop(app: StreamApp) -> None:
    stop = asyncio.create_task(app.stop())
    _, late = await asyncio.wait({stop}, timeout=app.tuning.stop_seconds)
    if late:
        end_process(Exit.STOP_TIMED_OUT, "the orderly stop took too long", seconds=app.tuning.stop_seconds)
    stop.result()


def _watch_signals() -> asyncio.Event:
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            end_process(Exit.STOPPED_TWICE, "second signal: not waiting any longer")
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stopping


async def _say_when_idle(app: StreamApp) -> None:
    while True:
        await app.ready.wait()
        if app.held():
            log.info("worker ready", partitions=app.held())
        else:
            log.warning("worker idle: there are more workers than partitions, so this one was given none")
        await app.not_ready.wait()


async def check_topics(app: StreamApp) -> None:
    """See that all topics are there, and each changelog with as many partitions as the inbox beside it.

    Raises:
        UnfitTopicsError: they are not; the message says what to do.
    """
    counts = await _partition_counts(app, {*app.source_topics, *app.tables_of_inboxes.values()})
    missing = sorted(topic for topic, count in counts.items() if not count)
    if missing:
        raise UnfitTopicsError(f"topics are missing: {', '.join(missing)}. Run `jardem topics apply`.")
    for inbox, changelog in app.tables_of_inboxes.items():
        if counts[inbox] != counts[changelog]:
            raise UnfitTopicsError(
                f"{changelog} has {counts[changelog]} partitions and {inbox} has {counts[inbox]}; they must "
                f"have the same: a key's events and its table value live in the partition of one number. "
                f"Make {inbox} with {counts[changelog]} partitions; docs/streams.md says how to get more."
            )


async def _partition_counts(app: StreamApp, topics: set[str]) -> dict[str, int]:
    auth = credentials_to_aiokafka_auth(app.conf.broker_credentials, app.conf.ssl_context)
    admin = AIOKafkaAdminClient(bootstrap_servers=server_list(app.conf.broker, 9092), **auth)
    try:
        await admin.start()
        found = await admin.describe_topics(sorted(topics))
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in found}
