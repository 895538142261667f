"""What is over in the carrier's journal is forgotten in silence, and nothing is ever sent twice for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from agents.inbound_check import MARK
from agents.silent_numbers import SILENT, SilentNumbers
from schemas.ids import MessageId, Sid
from schemas.messages import MessageAccepted, MessageInDoubt, MessageToSend
from sms.sending import catch_up, daily_number, journal
from sms.sending.catch_up import Mark
from sms.sending.journal import Entry, Page
from streams.encryption.vault import Vault
from streams.packing.packed import pack, unpack
from streams.transport.stores import MemoryPartition, NotOwnedError
from tests.unit.sms.dispatching import PSEUDONYMS, MemoryJournal, new_dispatcher
from tests.unit.sms.memory_carrier import MemoryCarrier

PHONE = "+77015550101"
NOW = datetime.now(UTC)
OLD, YOUNG = NOW - SILENT - timedelta(hours=1), NOW - SILENT + timedelta(hours=1)


def accepted(id_: str, at: datetime) -> Entry:
    taken = MessageAccepted(
        message_id=MessageId(id_), phone=PHONE, attempt=1, sid=Sid(f"SM{id_}"), accepted_at=at
    )
    return Entry(message_id=taken.message_id, attempt=1, touched_at=at).reported(taken, at, open_=False)


def in_doubt(id_: str, at: datetime) -> Entry:
    doubt = MessageInDoubt(message_id=MessageId(id_), phone=PHONE, attempt=1, tried_at=at, at=at)
    begun = Entry(message_id=doubt.message_id, attempt=1, touched_at=at).begun(1, at)
    return begun.reported(doubt, at, open_=True)


def page(*entries: Entry) -> bytes:
    return pack(journal.dump(Page(entries=entries)))


class App:
    """As much of the application as is seen by whoever looks through its tables."""

    name = "attempts"

    def __init__(self) -> None:
        self.vault = Vault()
        self.stores = {0: MemoryPartition(), 1: MemoryPartition()}
        self.ready = asyncio.Event()
        self.ready.set()
        self.lease = SimpleNamespace(valid=lambda: True)
        self.should_stop = False
        self.looks = 0
        self.written: list[dict[bytes, bytes | None]] = []
        self.run: Any = None

    # The table's.

    def partitions_owned(self) -> list[int]:
        return [0, 1, 2]

    def partition(self, number: int) -> MemoryPartition:
        if number not in self.stores:
            raise NotOwnedError(str(number))
        return self.stores[number]

    # The application's.

    def task(self, function: Any) -> None:
        self.run = function

    async def sleep(self, seconds: float) -> None:
        self.looks += 1
        await asyncio.sleep(seconds)

    async def send_table(
        self, table: "App", partition: int, values: Mapping[bytes, bytes | None], outgoing: list[object]
    ) -> None:
        assert outgoing == []
        await asyncio.sleep(0)
        self.written.append(dict(values))
        table.partition(partition).write(values.items(), None)


@asynccontextmanager
async def looking(app: App, looks: int = 1) -> AsyncIterator[SilentNumbers]:
    """Lets it look as often after what happens inside."""
    silent = SilentNumbers(app, app, first=0.01, every=0.01)  # type: ignore[arg-type]
    task = asyncio.ensure_future(app.run())
    yield silent
    async with asyncio.timeout(5):
        began = app.looks
        while app.looks <= began + looks:  # noqa: ASYNC110 - it is the other's own task
            await asyncio.sleep(0.005)
    app.should_stop = True
    await asyncio.wait_for(task, 1)


def stored(app: App, partition: int = 0) -> dict[bytes, bytes]:
    return dict(app.stores[partition].items())


async def test_a_number_to_which_nothing_goes_any_more_is_forgotten() -> None:
    app = App()
    app.stores[0].write([(b"old", page(accepted("a", OLD)))], None)
    app.stores[1].write([(b"old too", page(accepted("b", OLD)))], None)
    async with looking(app):
        pass
    assert stored(app) == stored(app, 1) == {}


async def test_what_may_come_again_what_is_no_page_and_the_mark_stay_as_they_are() -> None:
    app = App()
    kept = {
        b"young": page(accepted("a", YOUNG)),
        b"unreadable": b"{",
        b"newer": b'{"version":99}',
        MARK: catch_up.dump(Mark(read_to=OLD)),
        daily_number.KEY: daily_number.dump(daily_number.DailyNumber(number=7, said_at=OLD, count=3)),
    }
    app.stores[0].write(kept.items(), None)
    async with looking(app):
        pass
    assert stored(app) == kept
    assert app.written == []


async def test_of_a_page_only_what_is_old_goes() -> None:
    app = App()
    app.stores[0].write([(b"k", page(accepted("a", OLD), accepted("b", YOUNG)))], None)
    with capture_logs() as logged:
        async with looking(app):
            pass
    assert stored(app) == {b"k": page(accepted("b", YOUNG))}
    assert logged == [], "a partition that went away meanwhile is nothing to tell of"


async def test_a_doubt_stays_without_the_number_and_is_written_once() -> None:
    app = App()
    app.stores[0].write([(b"k", page(in_doubt("a", OLD), in_doubt("b", YOUNG)))], None)
    async with looking(app, looks=3):
        pass
    left = journal.load(unpack(stored(app)[b"k"]))
    assert [entry.open for entry in left.entries] == [True, True]
    assert [entry.intended_at for entry in left.entries] == [OLD, YOUNG]
    assert [entry.report is None for entry in left.entries] == [True, False]
    assert len(app.written) == 1


async def test_what_is_handed_over_meanwhile_is_not_overwritten() -> None:
    """The intent that a batch has written is all that keeps its message from being sent twice."""
    app = App()
    old = accepted("a", OLD)
    app.stores[0].write([(b"k", page(old))], None)
    intent = page(old, Entry(message_id=MessageId("b"), attempt=1, touched_at=NOW, open=True))
    async with looking(app) as silent, silent.turn(0):
        await asyncio.sleep(0.05)
        assert stored(app) == {b"k": page(old)}
        app.stores[0].write([(b"k", intent)], None)
    assert [entry.message_id for entry in journal.load(unpack(stored(app)[b"k"])).entries] == ["b"]


async def test_whoever_may_have_lost_the_partition_writes_nothing() -> None:
    for lose in (lambda app: app.ready.clear(), lambda app: setattr(app.lease, "valid", lambda: False)):
        app = App()
        lose(app)
        app.stores[0].write([(b"k", page(accepted("a", OLD)))], None)
        async with looking(app):
            pass
        assert app.written == []


async def test_a_look_that_fails_is_no_end() -> None:
    app = App()
    app.stores[0].write([(b"k", page(accepted("a", OLD)))], None)
    whole = app.stores.pop(0)
    app.stores[0] = None  # type: ignore[assignment]
    async with looking(app):
        await asyncio.sleep(0.05)
        app.stores[0] = whole
    assert stored(app) == {}


async def test_a_message_in_doubt_that_is_tried_again_after_all_is_one_sms() -> None:
    async with MemoryCarrier() as carrier:
        kept = MemoryJournal()
        dispatcher = new_dispatcher(carrier, kept)
        await carrier.send(PHONE, "сәлем")
        old = in_doubt("a", carrier.taken[0].at).model_copy(update={"touched_at": OLD})
        key = PSEUDONYMS.phone(PHONE).encode()
        kept.values[key] = journal.dump(Page(entries=(old,)).since(YOUNG))
        assert PHONE[1:].encode() not in kept.values[key]
        for attempt in (1, 2):
            again = MessageToSend(
                message_id=MessageId("a"), phone=PHONE, text="сәлем", attempt=attempt, requested_at=NOW
            )
            [report] = await dispatcher.dispatch([again])
            assert isinstance(report, MessageAccepted)
    assert len(carrier.taken) == 1
