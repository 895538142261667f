"""Fewer binds than workers: they take turns, and nothing that is under way is cut off for that."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count

import pytest
from structlog.testing import capture_logs

from sms import metrics
from sms.carrier import Accepted, NotNow, Outcome, Uncertain
from sms.smpp import binding
from sms.smpp.carrier import SmppCarrier
from sms.smpp.commands import Address, Command, ShortMessage, response_to
from sms.smpp.inbound import Inbound
from sms.smpp.pdu import Pdu
from sms.smpp.repeats import Repeats
from sms.smpp.status import Status
from sms.smpp.turns import Turns
from streams.clock import Clock
from tests.unit.sms.smpp.raw_smsc import BINDS, RawSmsc, deliver_sm, refusing, usual
from tests.unit.sms.smpp_world import (
    PSEUDONYMS,
    SENDER,
    MemoryInbox,
    account,
    simulated_operator,
    until,
)

PHONE = "+77015550101"
LONG = "Сізге арнаулы мемлекеттік жәрдемақы тағайындалуы мүмкін. " * 4
HELD = 0.4


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_SECONDS_BETWEEN_LOOKS", 0.02)
    monkeypatch.setattr(binding, "_SECONDS_UNTIL_A_TURN", 0.05)
    monkeypatch.setattr(binding, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(binding, "_LONGEST_PAUSE", 0.2)


@asynccontextmanager
async def worker(port: int, turns: Turns, **more: object) -> AsyncIterator[SmppCarrier]:
    account_ = account(port, **more)
    inbox = MemoryInbox()
    inbound = Inbound(account_, PSEUDONYMS, Clock(), inbox, Repeats(None))
    async with SmppCarrier(account_, inbound, inbox, turns=turns, seconds_to_bind=0.2) as carrier:
        yield carrier


def turns(binds: int | None, workers: int, each: int = 1, held: float = HELD) -> Turns:
    return Turns(binds, each, lambda: 1 / workers, seconds_held=held)


@pytest.mark.parametrize(
    ("binds", "workers", "each", "away"),
    [
        (None, 5, 1, 0),
        (3, 3, 1, 0),
        (4, 3, 1, 0),
        (2, 3, 1, 0.5),
        (1, 2, 1, 1),
        (1, 4, 1, 3),
        (4, 3, 2, 0.5),
        (6, 3, 2, 0),
    ],
)
def test_each_stays_away_as_long_as_the_others_need(
    binds: int | None, workers: int, each: int, away: float
) -> None:
    """Over a round all workers together hold as many binds as there are."""
    shared = turns(binds, workers, each, held=10)
    assert shared.taken is (away > 0)
    assert shared.seconds_away() == pytest.approx(10 * away)
    assert shared.over(10) is shared.taken
    assert not shared.over(9.9)
    if binds and away:
        assert workers * each * 10 / shared.seconds_between() == pytest.approx(binds)


def test_who_never_had_numbers_leaves_nothing_and_a_rebalance_changes_nothing() -> None:
    share = 0.0
    shared = Turns(1, 1, lambda: share)
    assert not shared.over(1000)
    share = 0.25
    away = shared.seconds_away()
    assert away > 0
    share = 0.0
    assert shared.over(1000)
    assert shared.seconds_away() == away


async def test_three_workers_share_one_bind_and_each_message_leaves_once() -> None:
    async with simulated_operator() as simulator:
        smsc = simulator.smsc
        assert smsc
        smsc.most_binds = 1
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, smsc.binds)
                await asyncio.sleep(0.005)

        async def send(carrier: SmppCarrier, number: int) -> Outcome:
            """As the sender does: nothing is tried while the carrier is surely away."""
            async with asyncio.timeout(20):
                while True:
                    if (away := carrier.seconds_away(PHONE)) > 0:
                        await asyncio.sleep(away)
                        continue
                    outcome = await carrier.send(f"+7701555{number:04}", LONG)
                    if not isinstance(outcome, NotNow):
                        return outcome

        numbers = count()
        port = smsc.port
        watching = asyncio.create_task(watch())
        async with (
            worker(port, turns(1, 3)) as one,
            worker(port, turns(1, 3)) as two,
            worker(port, turns(1, 3)) as three,
        ):
            for _ in range(3):
                sending = [send(carrier, next(numbers)) for carrier in (one, two, three) for _ in range(4)]
                outcomes = await asyncio.gather(*sending)
                assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
        watching.cancel()
        assert most == 1
        texts = [(m.to, m.text) for handset in simulator.handsets for m in handset.messages if not m.inbound]
        assert len(texts) == len(set(texts)) == 36


def slow_submits(seconds: float) -> tuple[RawSmsc, list[asyncio.Task[None]]]:
    """An operator that answers a submit_sm only after a while."""
    ids, tasks = count(1), []
    smsc = RawSmsc()

    def answer(pdu: Pdu) -> bytes | None:
        if pdu.command != Command.SUBMIT_SM:
            return usual(pdu)
        response = Pdu(response_to(pdu.command), 0, pdu.sequence, f"id{next(ids)}\0".encode()).encode()

        async def later() -> None:
            await asyncio.sleep(seconds)
            smsc.write(response)

        tasks.append(asyncio.create_task(later()))
        return None

    smsc.answer = answer
    return smsc, tasks


async def test_a_turn_does_not_end_in_the_middle_of_a_long_text() -> None:
    smsc, _ = slow_submits(HELD * 0.6)
    async with smsc, worker(smsc.port, turns(1, 2)) as carrier:
        assert isinstance(await carrier.send(PHONE, LONG), Accepted)
        parts = sum(pdu.command == Command.SUBMIT_SM for pdu in smsc.heard)
        assert parts > 2, "it took longer than a turn"
        await smsc.until(Command.UNBIND)
        commands = [pdu.command for pdu in smsc.heard]
        assert commands.index(Command.UNBIND) > max(
            n for n, command in enumerate(commands) if command == Command.SUBMIT_SM
        )


async def test_what_waits_longer_than_a_moment_is_given_back_as_surely_not_taken() -> None:
    async with RawSmsc() as smsc, worker(smsc.port, turns(1, 11)) as carrier:
        await smsc.until(Command.UNBIND)
        await until(lambda: carrier.seconds_away(PHONE) > 1)
        outcome = await carrier.send(PHONE, "1")
        assert isinstance(outcome, NotNow)
        # The operator is there, so no other one is offered the message.
        assert (outcome.answered, outcome.ours) == (True, False)
        assert outcome.retry_after is not None
        assert not any(pdu.command == Command.SUBMIT_SM for pdu in smsc.heard)


async def test_a_text_that_is_being_taken_is_acknowledged_before_the_bind_is_given_up() -> None:
    """Else it would be brought again to another worker, which can't know that it is the same."""
    async with RawSmsc() as smsc:
        account_ = account(smsc.port)
        inbox = MemoryInbox()
        inbound = Inbound(account_, PSEUDONYMS, Clock(), inbox, Repeats(None))
        taking, go_on = asyncio.Event(), asyncio.Event()
        deliver = inbound.deliver

        async def slowly(body: bytes) -> int:
            taking.set()
            await go_on.wait()
            return await deliver(body)

        inbound.deliver = slowly  # type: ignore[method-assign]
        async with SmppCarrier(account_, inbound, inbox, turns=turns(1, 2)):
            text = ShortMessage(Address(1, 1, PHONE[1:]), Address(3, 0, SENDER), b"1")
            smsc.write(deliver_sm(text, 7))
            await taking.wait()
            await asyncio.sleep(HELD * 2)
            assert not any(pdu.command == Command.UNBIND for pdu in smsc.heard)
            go_on.set()
            await smsc.until(Command.UNBIND)
    commands = [pdu.command for pdu in smsc.heard]
    assert commands.index(response_to(Command.DELIVER_SM)) < commands.index(Command.UNBIND)
    assert [event.text for event in inbox.texts()] == ["1"]


async def test_what_is_brought_when_the_bind_is_being_given_up_is_refused_and_not_taken() -> None:
    """The operator wrote it before it read our UNBIND, and may close before it reads our answer."""
    inbox = MemoryInbox()
    async with RawSmsc() as smsc:
        text = ShortMessage(Address(1, 1, PHONE[1:]), Address(3, 0, SENDER), b"1")

        def answer(pdu: Pdu) -> bytes | None:
            if pdu.command == Command.UNBIND:
                return deliver_sm(text, 9) + (usual(pdu) or b"")
            return usual(pdu)

        smsc.answer = answer
        account_ = account(smsc.port)
        inbound = Inbound(account_, PSEUDONYMS, Clock(), inbox, Repeats(None))
        async with SmppCarrier(account_, inbound, inbox, turns=turns(1, 2)):
            response = await smsc.until(response_to(Command.DELIVER_SM))
    assert response.status == Status.ESME_RX_T_APPN
    assert inbox.texts() == []


async def test_while_a_turn_ends_the_carrier_is_away_and_no_failure() -> None:
    smsc, _ = slow_submits(HELD * 4)
    async with smsc, worker(smsc.port, turns(1, 2), response_seconds=5.0) as carrier:
        sending = asyncio.create_task(carrier.send(PHONE, "1"))
        await smsc.until(Command.SUBMIT_SM)
        await until(lambda: not carrier.bound)
        assert not any(pdu.command == Command.UNBIND for pdu in smsc.heard)
        assert carrier.seconds_away(PHONE) > 0
        other = await carrier.send(PHONE, "2")
        assert isinstance(other, NotNow)
        assert (other.others_turn, other.answered) == (True, True)
        assert isinstance(await sending, Accepted)


@pytest.mark.parametrize("agrees", [True, False])
async def test_where_the_operator_does_not_agree_to_the_end_what_it_may_not_know_is_the_same_again(
    *, agrees: bool
) -> None:
    """It is told to whoever keeps which answers may have been lost, once."""
    lost = 0

    def told() -> None:
        nonlocal lost
        lost += 1

    def answer(pdu: Pdu) -> bytes | None:
        return None if pdu.command == Command.UNBIND and not agrees else usual(pdu)

    async with RawSmsc(answer) as smsc:
        account_ = account(smsc.port, response_seconds=0.3)
        inbox = MemoryInbox()
        inbound = Inbound(account_, PSEUDONYMS, Clock(), inbox, Repeats(None))
        inbound.session_lost = told  # type: ignore[method-assign]
        async with SmppCarrier(account_, inbound, inbox, turns=turns(1, 5)) as carrier:
            await smsc.until(Command.UNBIND)
            await asyncio.sleep(0.5)
            assert not carrier.bound
            assert lost == (0 if agrees else 1)


async def test_a_worker_that_stops_in_the_middle_of_a_turns_end_tells_of_the_lost_session() -> None:
    smsc, _ = slow_submits(60)
    lost = 0

    def told() -> None:
        nonlocal lost
        lost += 1

    async with smsc:
        account_ = account(smsc.port, response_seconds=30.0)
        inbox = MemoryInbox()
        inbound = Inbound(account_, PSEUDONYMS, Clock(), inbox, Repeats(None))
        inbound.session_lost = told  # type: ignore[method-assign]
        async with SmppCarrier(account_, inbound, inbox, turns=turns(1, 2)) as carrier:
            sending = asyncio.create_task(carrier.send(PHONE, "1"))
            await smsc.until(Command.SUBMIT_SM)
            await until(lambda: not carrier.bound)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 5
        assert isinstance(await sending, Uncertain)
    assert lost == 1
    assert metrics.SMPP_BOUND.labels("smpp", "transceiver")._value.get() == 0


async def test_whoever_waits_binds_at_once_when_there_are_binds_for_all() -> None:
    """The others have stopped: nobody has to wait for turns that they do not take."""
    workers = 200
    async with RawSmsc() as smsc:
        shared = Turns(1, 1, lambda: 1 / workers, seconds_held=HELD)
        async with worker(smsc.port, shared) as carrier:
            await smsc.until(Command.UNBIND)
            assert carrier.seconds_away(PHONE) > 20
            workers = 1
            await until(lambda: carrier.bound)


@pytest.fixture
def told() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as logs:
        yield logs  # type: ignore[misc]


async def test_who_is_refused_for_longer_than_all_turns_is_told_of_as_not_bound(
    told: list[dict[str, object]],
) -> None:
    """ESME_RBINDFAIL is said of a wrong password, too."""
    async with (
        RawSmsc(refusing(BINDS[0], Status.ESME_RBINDFAIL)) as smsc,
        worker(smsc.port, turns(1, 2, held=0.05)) as carrier,
    ):
        await until(lambda: any(line["event"] == "not bound" for line in told))
        assert not carrier.bound
        # Nor is it quiet again afterwards.
        told.clear()
        await until(lambda: sum(line["event"] == "not bound" for line in told) > 1)
        assert "others have the binds now" not in [line["event"] for line in told]


async def test_a_refused_bind_is_no_turn_where_there_are_binds_for_all(
    told: list[dict[str, object]],
) -> None:
    async with (
        RawSmsc(refusing(BINDS[0], Status.ESME_RALYBND)) as smsc,
        worker(smsc.port, turns(2, 2)),
    ):
        await until(lambda: any(line["event"] == "not bound" for line in told))
    assert "others have the binds now" not in [line["event"] for line in told]


async def test_a_worker_that_stops_gives_up_a_bind_whose_turn_is_ending() -> None:
    smsc, _ = slow_submits(HELD * 3)
    async with smsc:
        async with worker(smsc.port, turns(1, 2), response_seconds=5.0) as carrier:
            sending = asyncio.create_task(carrier.send(PHONE, "1"))
            await smsc.until(Command.SUBMIT_SM)
            await asyncio.sleep(HELD * 2)
        assert isinstance(await sending, Accepted), "a stop waits a second for responses"
        await smsc.until(Command.UNBIND)
