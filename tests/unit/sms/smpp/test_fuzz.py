"""PDUs that were changed at random, none of which ends a session that can go on.

A hundred thousand in every run. For more, and for another sequence:

    JARDEM_FUZZ_PDUS=1000000 JARDEM_FUZZ_SEED=7 pytest tests/unit/sms/smpp/test_fuzz.py
"""

import asyncio
import os
import random
import struct

from structlog.testing import capture_logs

from sms.smpp.commands import RECEIPT, UDHI, Address, Command, ShortMessage, Tag, response_to
from sms.smpp.inbound import Inbound
from sms.smpp.pdu import HEADER, Pdu
from sms.smpp.repeats import Repeats
from sms.smpp.session import Response, Session
from sms.smpp.user_data import Part, header, sar
from streams.clock import Clock
from tests.unit.sms.smpp_world import PSEUDONYMS, MemoryInbox, account

PDUS = int(os.environ.get("JARDEM_FUZZ_PDUS", "100000"))
SEED = int(os.environ.get("JARDEM_FUZZ_SEED", "20261126"))
AT_ONCE = 500
CITIZEN, US = Address(1, 1, "77015550101"), Address(3, 0, "1414")
TELLING = b"id:12 sub:001 dlvrd:001 submit date:2611241059 done date:2611241100 stat:UNDELIV err:027 text:"
BODIES = [
    ShortMessage(CITIZEN, US, b"1"),
    ShortMessage(CITIZEN, US, "иә, маған да керек".encode("utf-16-be"), data_coding=8),
    ShortMessage(CITIZEN, US, header(Part(7, 2, 1)) + "иә".encode("utf-16-be"), UDHI, 8),
    ShortMessage(CITIZEN, US, b"\x05\x24\x01\x01\x25\x01\x01\x1bs", UDHI),
    ShortMessage(CITIZEN, US, b"1", parameters=sar(Part(7, 3, 2))),
    ShortMessage(CITIZEN, US, b"x" * 400, parameters={Tag.MESSAGE_PAYLOAD: b"x" * 400}),
    ShortMessage(CITIZEN, US, TELLING, RECEIPT),
    ShortMessage(
        CITIZEN, US, b"", RECEIPT, parameters={Tag.RECEIPTED_MESSAGE_ID: b"12\0", Tag.MESSAGE_STATE: b"\x05"}
    ),
]
COMMANDS = [*Command, *(response_to(each) for each in Command), 0x80000000, 0x777, 0xFFFFFFFF]


class Writer:
    """Where a session writes: it only counts."""

    def __init__(self) -> None:
        self.answers = 0

    def write(self, octets: bytes) -> None:
        self.answers += len(octets) >= HEADER

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False


def changed(octets: bytes, chance: random.Random) -> bytes:
    """A body with some octets changed, cut out, put in, or doubled."""
    body = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(body) + 1)
        match chance.randrange(5):
            case 0 if body:
                body[at % len(body)] = chance.randrange(256)
            case 1:
                del body[at : at + chance.randint(1, 9)]
            case 2:
                body[at:at] = chance.randbytes(chance.randint(1, 9))
            case 3:
                body[at:at] = body[: chance.randint(0, 40)]
            case _:
                del body[at:]
    return bytes(body)


def fuzzed(chance: random.Random, sequence: int) -> bytes:
    """A PDU that says how long it is, and may lie about everything else."""
    body = changed(chance.choice(BODIES).encode(), chance)
    command = Command.DELIVER_SM if chance.random() < 0.9 else chance.choice(COMMANDS)
    if command == Command.UNBIND:
        command = Command.DELIVER_SM
    return Pdu(command, chance.choice((0, 0, 0x58, 0xFFFFFFFF)), sequence % 0x7FFFFFFF, body).encode()


async def test_no_fuzzed_pdu_ends_a_session() -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same every time
    inbox = MemoryInbox()
    inbound = Inbound(account(1), PSEUDONYMS, Clock(), inbox, Repeats())
    unforeseen: list[Exception] = []

    async def serve(body: bytes) -> Response:
        try:
            return Response(await inbound.deliver(body), b"\0")
        except ValueError:
            raise
        except Exception as error:
            unforeseen.append(error)
            raise

    reader, writer = asyncio.StreamReader(), Writer()
    session = Session(reader, writer, {Command.DELIVER_SM: serve})  # type: ignore[arg-type]
    running = asyncio.create_task(session.run())
    with capture_logs():
        for begin in range(0, PDUS, AT_ONCE):
            for number in range(begin, min(begin + AT_ONCE, PDUS)):
                reader.feed_data(fuzzed(chance, number + 1))
            inbox.taken[:-1] = []
            while reader._buffer or session._at_work:  # type: ignore[attr-defined] # noqa: ASYNC110
                await asyncio.sleep(0)
            assert not session.ended, session.end_reason
    assert unforeseen == []
    assert writer.answers > PDUS * 0.9
    session.end("enough")
    reader.feed_eof()
    await running


async def test_whatever_it_takes_from_fuzzed_pdus_can_be_sent_and_read() -> None:
    chance = random.Random(SEED + 1)  # noqa: S311 - the same every time
    inbox = MemoryInbox()
    inbound = Inbound(account(1), PSEUDONYMS, Clock(), inbox, Repeats())
    kinds: set[str] = set()
    for number in range(5_000):
        try:
            await inbound.deliver(fuzzed(chance, number)[HEADER:])
        except ValueError:
            continue
        finally:
            kinds |= {type(event).__name__ for event in inbox.events()}
            inbox.taken.clear()
    assert kinds == {"MessageReceived", "MessageStatusReported", "TextPartReceived"}


async def test_lengths_that_lie_end_the_session_and_nothing_else() -> None:
    chance = random.Random(SEED + 2)  # noqa: S311 - the same every time
    for _ in range(2_000):
        reader = asyncio.StreamReader()
        inbound = Inbound(account(1), PSEUDONYMS, Clock(), MemoryInbox(), Repeats())

        async def serve(body: bytes, to: Inbound = inbound) -> Response:
            return Response(await to.deliver(body), b"\0")

        octets = bytearray(fuzzed(chance, 1))
        octets[:4] = struct.pack(
            ">I", chance.choice((0, 1, 15, 16, 17, 40, 2**16, 2**31, chance.randrange(2**32)))
        )
        session = Session(reader, Writer(), {Command.DELIVER_SM: serve})  # type: ignore[arg-type]
        reader.feed_data(bytes(octets))
        reader.feed_eof()
        with capture_logs():
            await asyncio.wait_for(session.run(), 5)
        assert session.end_reason
