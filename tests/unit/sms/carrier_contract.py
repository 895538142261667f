"""What every carrier promises, as tests. Those of a carrier inherit them and bring a world for it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from schemas.ids import Sid
from sms.carrier import Accepted, CannotBeAskedError, Carrier, NotNow, Outcome, Text, Uncertain

PHONE, OTHER = "+77015550101", "+77015550102"
LONG = timedelta(hours=2)


class World(ABC):
    """A carrier, and the SMS API behind it in the hand of a test."""

    carrier: Carrier

    @abstractmethod
    def another(self) -> Carrier:
        """Another carrier of this API that was never opened."""

    @abstractmethod
    def taken(self) -> list[tuple[str, str]]:
        """Numbers and texts of what the API took, in their order."""

    @abstractmethod
    async def writes(self, phone: str, text: str) -> None:
        """A citizen writes to us; return when the API has it."""

    @abstractmethod
    async def leaves(self, sid: Sid) -> None:
        """The API sends what it took under this sid."""

    @abstractmethod
    def goes_down(self) -> None:
        """From now on the API can do nothing of what it is asked, for a passing reason."""


class CarrierContract(ABC):
    """Inherit it under a name with Test, and override the fixture `world`."""

    @pytest.fixture
    @abstractmethod
    def world(self) -> AsyncIterator[World]:
        """The world with the carrier, ready to be used."""

    async def test_send_hands_the_message_over_once_and_tells_its_sid(self, world: World) -> None:
        before = datetime.now(UTC)
        outcome = await world.carrier.send(PHONE, "сәлем")
        assert isinstance(outcome, Accepted)
        assert outcome.sid
        assert before <= outcome.at <= datetime.now(UTC)
        assert world.taken() == [(PHONE, "сәлем")]

    async def test_it_says_what_evidence_names_also_before_it_is_opened(self, world: World) -> None:
        unopened = world.another()
        assert unopened.name.isalpha()
        assert unopened.sender
        assert (unopened.name, unopened.sender) == (world.carrier.name, world.carrier.sender)

    async def test_each_message_has_a_sid_of_its_own(self, world: World) -> None:
        sids = [await sent(world, PHONE, "1"), await sent(world, PHONE, "1"), await sent(world, OTHER, "1")]
        assert len(set(sids)) == 3

    async def test_send_raises_nothing_for_what_the_api_does(self, world: World) -> None:
        world.goes_down()
        assert isinstance(await world.carrier.send(PHONE, "1"), NotNow | Uncertain)

    async def test_a_carrier_that_is_opened_twice_works_until_it_is_closed(self, world: World) -> None:
        async with world.carrier:
            await sent(world, PHONE, "1")
        await takes_nothing(world)
        await world.carrier.__aexit__(None, None, None)
        await takes_nothing(world)

    async def test_a_carrier_takes_nothing_before_it_is_opened(self, world: World) -> None:
        world.carrier = world.another()
        await takes_nothing(world)
        async with world.carrier:
            await sent(world, PHONE, "1")
        assert world.taken() == [(PHONE, "1")]

    async def test_a_carrier_that_was_closed_can_be_opened_again(self, world: World) -> None:
        await world.carrier.__aexit__(None, None, None)
        await takes_nothing(world)
        async with world.carrier as again:
            assert again is world.carrier
            assert await sent(world, PHONE, "1")

    async def test_what_is_under_way_when_a_carrier_is_closed_ends_and_says_what_it_knows(
        self, world: World
    ) -> None:
        """Closed at every turn of the loop from the first on, until a call has come to its end before."""
        outcomes: list[Outcome] = []
        for turns in range(400):
            async with world.carrier:
                sending = asyncio.ensure_future(world.carrier.send(PHONE, str(turns)))
                for _ in range(turns):
                    await asyncio.sleep(0)
            outcomes.append(await asyncio.wait_for(sending, 2))
            if isinstance(outcomes[-1], Accepted):
                break
        await asyncio.sleep(0.1)
        taken = [text for _, text in world.taken()]
        for number, outcome in enumerate(outcomes):
            assert isinstance(outcome, Accepted | NotNow | Uncertain)
            if isinstance(outcome, NotNow):
                assert str(number) not in taken
            elif isinstance(outcome, Accepted):
                assert str(number) in taken
        assert isinstance(outcomes[0], NotNow)
        assert isinstance(outcomes[-1], Accepted)

    async def test_every_code_has_a_meaning(self, world: World) -> None:
        for code in (None, 0, 1, 30003, 99999):
            assert world.carrier.meaning_of(code)


class AskedCarrierContract(CarrierContract):
    """The same for a carrier that can be asked what it has."""

    async def test_a_carrier_that_was_opened_again_finds_what_it_sent_before(self, world: World) -> None:
        sid = await sent(world, PHONE, "1")
        await world.carrier.__aexit__(None, None, None)
        async with world.carrier:
            found = await find(world, PHONE, "1")
        assert found
        assert found.sid == sid

    async def test_find_knows_what_the_api_took(self, world: World) -> None:
        sid = await sent(world, PHONE, "сәлем")
        found = await find(world, PHONE, "сәлем")
        assert found
        assert found.sid == sid
        assert abs(found.at - datetime.now(UTC)) < LONG

    async def test_find_wants_exactly_this_number_and_this_text(self, world: World) -> None:
        await sent(world, PHONE, "сәлем")
        await world.writes(PHONE, "written by the citizen")
        assert await find(world, OTHER, "сәлем") is None
        assert await find(world, PHONE, "сәлем!") is None
        assert await find(world, PHONE, "written by the citizen") is None

    async def test_find_takes_a_text_with_another_moment_only_if_asked(self, world: World) -> None:
        sid = await sent(world, PHONE, "until 18:00 03.02.2027")
        other = "until 17:59 03.02.2027"
        assert await find(world, PHONE, other) is None
        assert await find(world, PHONE, "until 17:59", moments_aside=True) is None
        found = await find(world, PHONE, other, moments_aside=True)
        assert found
        assert found.sid == sid

    async def test_find_gives_the_newest(self, world: World) -> None:
        first, second = await sent(world, PHONE, "1"), await sent(world, PHONE, "1")
        found = await find(world, PHONE, "1")
        assert found
        assert found.sid == second
        found = await find(world, PHONE, "1", second)
        assert found
        assert found.sid == first
        assert await find(world, PHONE, "1", first, second) is None

    async def test_find_looks_back_no_further_than_it_is_asked(self, world: World) -> None:
        await sent(world, PHONE, "1")
        later = datetime.now(UTC) + LONG
        assert await world.carrier.find(PHONE, "1", since=later, except_sids=()) is None

    async def test_received_lists_what_citizens_wrote_the_newest_first(self, world: World) -> None:
        assert await texts(world) == []
        for number, text in enumerate("abc"):
            await world.writes(OTHER if number else PHONE, text)
        await sent(world, PHONE, "written by us")
        listed = await texts(world)
        assert [(text.phone, text.text) for text in listed] == [(OTHER, "c"), (OTHER, "b"), (PHONE, "a")]
        assert len({text.sid for text in listed}) == 3
        assert all(abs(text.at - datetime.now(UTC)) < LONG for text in listed)

    async def test_received_tells_a_text_under_the_same_sid_again(self, world: World) -> None:
        await world.writes(PHONE, "1")
        assert await texts(world) == await texts(world)

    async def test_received_looks_back_no_further_than_it_is_asked(self, world: World) -> None:
        await world.writes(PHONE, "1")
        assert await texts(world, since=datetime.now(UTC) + LONG) == []

    async def test_sent_at_is_told_when_the_message_has_left_and_not_before(self, world: World) -> None:
        sid = await sent(world, PHONE, "1")
        assert await world.carrier.sent_at(sid) is None
        await world.leaves(sid)
        sent_at = await world.carrier.sent_at(sid)
        assert sent_at
        assert abs(sent_at - datetime.now(UTC)) < LONG

    async def test_asking_sends_nothing(self, world: World) -> None:
        sid = await sent(world, PHONE, "1")
        await find(world, PHONE, "1")
        await find(world, OTHER, "2")
        await texts(world)
        await world.carrier.sent_at(sid)
        assert world.taken() == [(PHONE, "1")]

    async def test_an_api_that_is_down_is_told_to_be_so_for_a_while(self, world: World) -> None:
        sid = await sent(world, PHONE, "1")
        world.goes_down()
        for asking in (find(world, PHONE, "1"), texts(world), world.carrier.sent_at(sid)):
            with pytest.raises(CannotBeAskedError) as problem:
                await asking
            assert problem.value.passing

    async def test_an_inquiry_under_way_when_a_carrier_is_closed_can_be_made_later(
        self, world: World
    ) -> None:
        sid = await sent(world, PHONE, "1")
        for turns in range(400):
            async with world.carrier:
                asking = [
                    asyncio.ensure_future(each)
                    for each in (find(world, PHONE, "1"), texts(world), world.carrier.sent_at(sid))
                ]
                for _ in range(turns):
                    await asyncio.sleep(0)
            answers = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 2)
            problems = [answer for answer in answers if isinstance(answer, BaseException)]
            assert all(isinstance(each, CannotBeAskedError) and each.passing for each in problems), problems
            if not problems:
                return
        raise AssertionError("no inquiry has come to its end")


class UnaskedCarrierContract(CarrierContract):
    """The same for a carrier that can never be asked: what it may have is in doubt, at once."""

    async def test_nobody_can_tell_what_it_took_and_that_does_not_pass(self, world: World) -> None:
        await sent(world, PHONE, "1")
        for asking in (find(world, PHONE, "1"), texts(world)):
            with pytest.raises(CannotBeAskedError) as problem:
                await asking
            assert not problem.value.passing

    async def test_it_tells_no_sent_time_by_itself(self, world: World) -> None:
        assert await world.carrier.sent_at(await sent(world, PHONE, "1")) is None


async def takes_nothing(world: World) -> None:
    """As it is while it is not open."""
    before = world.taken()
    assert isinstance(await world.carrier.send(PHONE, "2"), NotNow)
    for asking in (find(world, PHONE, "1"), texts(world), world.carrier.sent_at(Sid("SM1"))):
        with pytest.raises(CannotBeAskedError) as problem:
            await asking
        assert problem.value.passing
    assert world.taken() == before


async def sent(world: World, phone: str, text: str) -> Sid:
    outcome = await world.carrier.send(phone, text)
    assert isinstance(outcome, Accepted)
    return outcome.sid


async def find(
    world: World, phone: str, text: str, *except_sids: Sid, moments_aside: bool = False
) -> Accepted | None:
    since = datetime.now(UTC) - LONG
    return await world.carrier.find(
        phone, text, since=since, except_sids=except_sids, moments_aside=moments_aside
    )


async def texts(world: World, since: datetime | None = None) -> list[Text]:
    """The whole list, part by part."""
    since = since or datetime.now(UTC) - LONG
    part = await world.carrier.received(since)
    found = list(part.texts)
    while part.following is not None:
        part = await world.carrier.received(since, part.following)
        found += part.texts
    return found
