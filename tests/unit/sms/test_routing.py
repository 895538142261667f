"""Several carriers at once: the file of routes, ported numbers, and failover without a message twice."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agents.carriers import choose_carrier
from schemas.ids import MessageId, Pseudonyms, Sid
from sms.carrier import Accepted, CannotBeAskedError, NotNow, Outcome, Refused, Texts, Uncertain
from sms.routes import RoutesError, load_routes
from sms.routing import RoutedCarrier
from sms.smpp.carrier import SmppCarrier
from streams.settings.settings import Settings
from tests.unit.sms.memory_carrier import MemoryCarrier
from tests.unit.sms.smpp_world import MemoryInbox, account, simulated_operator, smpp_carrier

PHONE, PORTED, ABROAD = "+77015550101", "+77015550102", "+4915550101"
NOON = datetime(2026, 11, 24, 7, tzinfo=UTC)
FILE = """
ported = "ported.csv"

[operators.kcell]
address = "smsc.kcell.example.kz:2775"
system_id = "egov"
password_file = "{password}"
sender = "1414"
tls = "tunnel"

[operators.beeline]
address = "smsc.beeline.example.kz:2775"
system_id = "egov"
password_file = "{password}"
receipt_ids = "hex_to_decimal"

[[routes]]
prefixes = ["+7701", "+7702"]
carriers = ["kcell", "beeline"]

[[routes]]
prefixes = ["+7"]
carriers = ["beeline"]
"""


class Told(MemoryCarrier):
    """A carrier that answers as it is told; what it took is in `taken`."""

    def __init__(self, name: str, *outcomes: Outcome, asked: bool | None = True) -> None:
        super().__init__()
        self._name = name
        self.outcomes = list(outcomes)
        self.asked_for = asked
        self.tried = 0
        self.ids: list[MessageId | None] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def sender(self) -> str:
        return f"{self._name}'s"

    def meaning_of(self, code: int | None) -> str:
        return "known here" if code == len(self._name) else "unknown"

    async def send(self, phone: str, text: str, *, message_id: MessageId | None = None) -> Outcome:
        self.tried += 1
        self.ids.append(message_id)
        return self.outcomes.pop(0) if self.outcomes else await super().send(phone, text)

    async def find(self, phone: str, text: str, **more: Any) -> Accepted | None:
        self._refuse()
        self.ids.append(more.get("message_id"))
        return await super().find(phone, text, **more)

    async def received(self, since: datetime, following: str | None = None) -> Texts:
        self._refuse()
        return await super().received(since, following)

    def _refuse(self) -> None:
        if self.asked_for is not True:
            raise CannotBeAskedError("no list", passing=self.asked_for is None)


AWAY = NotNow("not_bound", answered=False)


async def sent(first: Told, second: Told) -> Outcome:
    async with RoutedCarrier({"first": first, "second": second}, lambda _: ["first", "second"]) as routed:
        return await routed.send(PHONE, "1")


async def test_a_number_waits_for_its_own_operators_turn() -> None:
    first, second = Told("kcell"), Told("altel")
    first.away = 9.0
    both = {"first": first, "second": second}
    routed = RoutedCarrier(both, lambda phone: ["first", "second"] if phone == PHONE else ["second"])
    assert routed.seconds_away(PHONE) == 9.0
    assert routed.seconds_away("+77010000001") == 0.0
    assert RoutedCarrier(both, lambda _: []).seconds_away(PHONE) == 0.0


@pytest.mark.parametrize(
    "outcome", [AWAY, NotNow("our account", ours=True), Refused(0x0B, "no number of ours")]
)
async def test_what_surely_was_not_taken_goes_to_the_next(outcome: Outcome) -> None:
    first, second = Told("kcell", outcome), Told("altel")
    accepted = await sent(first, second)
    assert isinstance(accepted, Accepted)
    assert (accepted.carrier, accepted.sender) == ("altel", "altel's")
    assert len(second.taken) == 1


@pytest.mark.parametrize(
    "outcome",
    [
        Uncertain("no_response", ended=False),
        NotNow("throttled", 1.0),
        NotNow("unknown_code", unknown=True),
        Refused(21610, "stop", opted_out=True),
    ],
)
async def test_what_may_have_been_taken_and_what_only_waits_goes_nowhere_else(outcome: Outcome) -> None:
    first, second = Told("kcell", outcome), Told("altel")
    assert await sent(first, second) is outcome
    assert second.tried == 0


async def test_each_is_told_by_which_id_it_may_know_the_message() -> None:
    first, second = Told("kcell", AWAY), Told("altel")
    routed, known_by = RoutedCarrier({"a": first, "b": second}, lambda _: ["a", "b"]), MessageId("m1")
    async with routed:
        await routed.send(PHONE, "1", message_id=known_by)
        await routed.find(PHONE, "1", since=NOON, except_sids=(), message_id=known_by)
    assert first.ids == second.ids == [known_by, known_by]


async def test_a_number_is_given_up_once_all_have_refused_it() -> None:
    refused = Refused(0x0B, "no number of ours")
    assert await sent(Told("kcell", refused), Told("altel", refused)) is refused
    assert await sent(Told("kcell", refused), Told("altel", AWAY)) is AWAY


async def test_a_number_without_a_route_waits_and_somebody_has_to_look() -> None:
    async with RoutedCarrier({"first": Told("kcell")}, lambda _: []) as routed:
        outcome = await routed.send(PHONE, "1")
    assert isinstance(outcome, NotNow)
    assert outcome.ours


async def test_all_carriers_of_a_number_are_asked_what_they_took() -> None:
    listed, unlisted = Told("twilio"), Told("kcell", asked=False)
    for names in (["kcell", "twilio"], ["twilio", "kcell"], ["twilio"]):
        carriers = {"kcell": unlisted, "twilio": listed}
        async with RoutedCarrier(carriers, lambda _, names=names: names) as routed:  # type: ignore[misc]
            await listed.send(PHONE, "1")
            found = await routed.find(PHONE, "1", since=NOON, except_sids=())
            assert found
            assert found.carrier == "twilio"
            if names == ["twilio"]:
                assert await routed.find(PHONE, "2", since=NOON, except_sids=()) is None
                continue
            with pytest.raises(CannotBeAskedError) as problem:
                await routed.find(PHONE, "2", since=NOON, except_sids=())
            assert not problem.value.passing


async def test_nobody_waits_for_a_list_when_another_can_never_tell() -> None:
    passing, never = Told("twilio", asked=None), Told("kcell", asked=False)
    async with RoutedCarrier({"a": passing, "b": never}, lambda _: ["a", "b"]) as routed:
        with pytest.raises(CannotBeAskedError) as problem:
            await routed.find(PHONE, "1", since=NOON, except_sids=())
        assert not problem.value.passing
        with pytest.raises(CannotBeAskedError) as problem:
            await routed.received(NOON)
        assert problem.value.passing


async def test_texts_come_from_who_lists_them_and_codes_are_read_by_who_knows_them() -> None:
    listed, unlisted = Told("twilio"), Told("kcell", asked=False)
    listed.receive(PHONE, "1", NOON)
    async with RoutedCarrier({"kcell": unlisted, "twilio": listed}, lambda _: []) as routed:
        assert len((await routed.received(NOON)).texts) == 1
        assert (routed.meaning_of(6), routed.meaning_of(7)) == ("known here", "unknown")
        await listed.send(PHONE, "1")
        listed.sends(Sid("SM1"), NOON)
        assert await routed.sent_at(Sid("SM1")) == NOON
        assert await routed.sent_at(Sid("kcell-SM1")) is None


async def test_a_bind_that_is_down_leaves_its_numbers_to_the_next_and_gets_them_back() -> None:
    """Two operators; the first goes away in the middle, and no message is on a handset twice."""
    async with simulated_operator() as first, simulated_operator() as second:
        assert first.smsc
        assert second.smsc
        carriers: dict[str, SmppCarrier] = {
            "kcell": smpp_carrier(account(first.smsc.port, name="kcell"), MemoryInbox()),
            "altel": smpp_carrier(account(second.smsc.port, name="altel"), MemoryInbox()),
        }
        async with RoutedCarrier(carriers, lambda _: ["kcell", "altel"]) as routed:
            took = [await routed.send(PHONE, str(number)) for number in range(5)]
            await first.smsc.__aexit__(None, None, None)
            took += [await routed.send(PHONE, str(number)) for number in range(5, 10)]
    texts = [
        message.text
        for simulator in (first, second)
        for handset in simulator.handsets
        for message in handset.messages
    ]
    carried = [outcome.carrier for outcome in took if isinstance(outcome, Accepted)]
    assert carried[:5] == ["kcell"] * 5
    assert carried[-4:] == ["altel"] * 4
    assert len(set(texts)) == len(texts) >= 9


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "ported.csv").write_text(f"# number,carrier\n{PORTED},beeline\n\n")
    file = tmp_path / "routes.toml"
    file.write_text(FILE.format(password=tmp_path / "password"))
    return file


def test_a_number_goes_by_its_longest_prefix_and_a_ported_one_by_its_own_line(routes: Path) -> None:
    found = load_routes(routes)
    assert found.carriers_of(PHONE) == ["kcell", "beeline"]
    assert found.carriers_of(PORTED) == ["beeline", "kcell"]
    assert found.carriers_of("+77470000000") == ["beeline"]
    assert found.carriers_of(ABROAD) == []
    assert PORTED not in repr(found)


def test_the_worker_has_a_carrier_for_each_operator(routes: Path) -> None:
    settings = Settings(carrier_routes=routes, sms_from="+77000000000")
    chosen = choose_carrier(settings, Pseudonyms(b"k"), float)
    assert (chosen.binds, chosen.lists, chosen.intents) == (True, False, 10)
    assert chosen.carrier.sender == "1414,+77000000000"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("", "nonsense ="), "is no TOML"),
        (('"+7701"', '"7701"'), r"routes.0.prefixes.0"),
        (('["beeline"]', '["altel"]'), "a route names altel"),
        (("operators.kcell", "operators.twilio"), "may be called twilio"),
        (('system_id = "egov"\n', ""), r"operators.kcell.system_id: Field required"),
        (('tls = "tunnel"', "tls_on = 1"), r"operators.kcell.tls_on: Extra inputs"),
        (('"ported.csv"', '"missing.csv"'), "ported numbers, cannot be read"),
    ],
)
def test_a_fault_in_the_file_is_told_by_its_place(
    change: tuple[str, str], complaint: str, routes: Path
) -> None:
    routes.write_text(routes.read_text().replace(*change, 1))
    with pytest.raises(RoutesError, match=complaint):
        load_routes(routes)


def test_a_ported_number_that_is_none_is_told_by_its_line_and_not_repeated(routes: Path) -> None:
    (routes.parent / "ported.csv").write_text(f"{PORTED},kcell\n8701555010,kcell\n")
    with pytest.raises(RoutesError, match="line 2") as problem:
        load_routes(routes)
    assert "8701555010" not in str(problem.value)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"sms_from": ""}, "beeline in JARDEM_CARRIER_ROUTES has no sender"),
        (
            {"profile": "production"},
            "beeline in JARDEM_CARRIER_ROUTES: production sends no texts in the clear",
        ),
    ],
)
def test_what_a_worker_lacks_for_the_routes_is_told(
    more: dict[str, str], complaint: str, routes: Path
) -> None:
    settings = Settings.model_validate({"carrier_routes": routes, "sms_from": "1414", **more})
    with pytest.raises(RoutesError, match=complaint):
        choose_carrier(settings, Pseudonyms(b"k"), float)


def test_twilio_among_the_routes_needs_its_settings_and_in_production_the_word_that_it_may(
    routes: Path,
) -> None:
    routes.write_text(
        routes.read_text()
        .replace('["beeline"]', '["beeline", "twilio"]')
        .replace('receipt_ids = "hex_to_decimal"', 'tls = "true"')
    )
    with pytest.raises(RoutesError, match="JARDEM_TWILIO_ACCOUNT_SID is missing"):
        choose_carrier(Settings(carrier_routes=routes, sms_from="1414"), Pseudonyms(b"k"), float)
    given = {
        "carrier_routes": routes,
        "sms_from": "+77000000000",
        "twilio_account_sid": "AC0",
        "twilio_auth_token": "t",
        "public_url": "https://sms.example.kz",
    }
    settings = Settings.model_validate({**given, "profile": "production"})
    with pytest.raises(RoutesError, match="JARDEM_CROSS_BORDER_SMS"):
        choose_carrier(settings, Pseudonyms(b"k"), float)
    chosen = choose_carrier(Settings.model_validate(given), Pseudonyms(b"k"), float)
    assert (chosen.binds, chosen.lists) == (True, True)


def test_the_example_of_the_page_is_such_a_file(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "carriers.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    assert "/run/secrets/" in example
    file = tmp_path / "routes.toml"
    file.write_text(example.replace("/run/secrets/", f"{tmp_path}/"), encoding="utf-8")
    (tmp_path / "ported.csv").write_text("+77011234567,altel\n")
    for name in ("kcell", "altel"):
        (tmp_path / name).write_text("secret\n")
    routes = load_routes(file)
    assert routes.carriers_of("+77011234567") == ["altel", "kcell"]
    assert routes.carriers_of("+77470000000") == ["altel", "twilio"]
    settings = Settings(
        profile="production",
        carrier_routes=file,
        sms_from="+77001234567",
        twilio_account_sid="AC0",
        twilio_auth_token=SecretStr("t"),
        public_url="https://sms.example.kz",
        cross_border_sms="allow",
    )
    assert choose_carrier(settings, Pseudonyms(b"k"), float).intents == 10
