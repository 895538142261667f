import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_to_bytes, urlencode

import pytest
from aiohttp import ClientSession
from twilio.request_validator import RequestValidator

from schemas.ids import Pseudonyms, Sid
from schemas.messages import MessageReceived, MessageStatusReported
from sms import metrics
from sms.twilio.first_received import FirstReceived
from sms.twilio.signature import is_signed, sign
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from streams.records import Outgoing
from tests.unit.sms.webhook_calls import (
    FORM_TYPE,
    INBOUND,
    PUBLIC,
    STATUS,
    TOKEN,
    Caller,
    MemoryInbox,
    calling,
)

IN, ST = "/sms/inbound", "/sms/status"


async def test_an_inbound_sms_becomes_an_event(caller: Caller) -> None:
    before = datetime.now(UTC)
    code, body = await caller.form(IN, INBOUND)
    assert (code, body) == (200, '<?xml version="1.0" encoding="UTF-8"?><Response/>')
    [record] = caller.inbox.records
    [event] = caller.inbox.events()
    assert record.topic == "sms.inbox.v1"
    assert record.key == Pseudonyms(b"key").phone(INBOUND["From"]).encode()
    assert event.name == "message.received"
    received = MessageReceived.model_validate_json(event.data)
    assert (received.phone, received.text, received.sid) == (
        INBOUND["From"],
        INBOUND["Body"],
        INBOUND["MessageSid"],
    )
    assert before <= received.received_at <= datetime.now(UTC)
    assert event.time == received.received_at


async def test_a_status_becomes_an_event(caller: Caller) -> None:
    assert await caller.form(ST, STATUS) == (204, "")
    [event] = caller.inbox.events()
    told = MessageStatusReported.model_validate_json(event.data)
    assert (told.phone, told.sid, told.status, told.error_code) == (
        STATUS["To"],
        STATUS["MessageSid"],
        "undelivered",
        30003,
    )


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        ("undelivered", "30005", "permanent"),
        ("failed", "30006", "permanent"),
        ("failed", "21610", "opted_out"),
        ("undelivered", "30003", "passing"),
        ("undelivered", "30001", "passing"),
        ("undelivered", "31337", "passing"),
        ("undelivered", "", "passing"),
        ("canceled", "", "passing"),
        ("failed", "30002", "ours"),
        ("undelivered", "30034", "ours"),
        ("undelivered", "30007", "ours"),
        ("delivered", "30005", None),
        ("sent", "", None),
        ("queued", "30034", None),
    ],
)
async def test_a_failure_is_read_by_its_code(
    caller: Caller, status: str, code: str, failure: str | None
) -> None:
    counted = metrics.FAILURES.labels(failure or "none")._value.get()
    await caller.form(ST, {**STATUS, "MessageStatus": status, "ErrorCode": code})
    [event] = caller.inbox.events()
    told = MessageStatusReported.model_validate_json(event.data)
    assert told.failure == failure
    assert told.undeliverable is (failure == "permanent")
    assert metrics.FAILURES.labels(failure or "none")._value.get() == counted + (failure is not None)


async def test_a_code_that_we_do_not_know_is_counted_by_itself(caller: Caller) -> None:
    for code in ("31338", "31338", "30003", ""):
        await caller.form(ST, {**STATUS, "ErrorCode": code})
    assert metrics.UNKNOWN_CODES.labels("31338")._value.get() == 2
    assert metrics.UNKNOWN_CODES.labels("30003")._value.get() == 0


def test_a_status_of_before_there_was_a_failure_is_read() -> None:
    old = (
        '{"phone":"+77015550101","sid":"SM2","status":"failed","error_code":30005,'
        '"undeliverable":true,"at":"2021-07-15T06:00:00Z"}'
    )
    told = MessageStatusReported.model_validate_json(old)
    assert (told.undeliverable, told.failure) == (True, None)


async def test_json_bodies_are_signed_by_their_digest(caller: Caller) -> None:
    assert (await caller.json(IN, INBOUND))[0] == 200
    assert (await caller.json(ST, {**STATUS, "ErrorCode": 30003, "RawDlrDoneDate": None}))[0] == 204
    assert len(caller.inbox.records) == 2


async def test_a_replay_has_the_same_id_and_another_message_another(caller: Caller) -> None:
    await caller.form(IN, INBOUND)
    await caller.form(IN, INBOUND)
    await caller.form(IN, {**INBOUND, "MessageSid": "SM" + "9" * 32})
    await caller.form(ST, STATUS)
    await caller.form(ST, STATUS)
    await caller.form(ST, {**STATUS, "MessageStatus": "delivered", "ErrorCode": ""})
    ids = [event.id for event in caller.inbox.events()]
    assert ids[0] == ids[1]
    assert ids[3] == ids[4]
    assert len(set(ids)) == 4


async def test_virtual_time_is_told() -> None:
    clock = Clock(scale=86_400, origin=datetime.now(UTC) - timedelta(minutes=1))
    async with calling(clock=clock) as caller:
        await caller.form(IN, INBOUND)
        [event] = caller.inbox.events()
        told = MessageReceived.model_validate_json(event.data).received_at
        assert abs(told - clock.now()) < timedelta(days=5)
        assert told > datetime.now(UTC) + timedelta(days=30)


@pytest.mark.parametrize(
    ("public_url", "signed_url"),
    [
        ("https://sms.example.kz", "https://sms.example.kz"),
        ("https://sms.example.kz", "https://sms.example.kz:443"),
        ("https://sms.example.kz:8443", "https://sms.example.kz:8443"),
        ("https://sms.example.kz:8443", "https://sms.example.kz"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://localhost", "http://localhost:80"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]"),
        ("https://sms.example.kz/jardem", "https://sms.example.kz/jardem"),
    ],
)
@pytest.mark.parametrize("query", ["", "?tenant=1&x=%20a+b"])
async def test_odd_ports_prefixes_and_queries(public_url: str, signed_url: str, query: str) -> None:
    async with calling(public_url) as caller:
        good = sign(TOKEN, signed_url + IN + query, INBOUND)
        code, _ = await caller.form(IN + query, INBOUND, signature=good)
        assert code == 200


@pytest.mark.parametrize("fragment", ["rc=5&rp=5xx,ct,rt", "rc=1&rp=all&e=frankfurt"])
@pytest.mark.parametrize("base", ["https://sms.example.kz", "https://sms.example.kz/jardem"])
async def test_what_the_address_asks_for_is_no_part_of_what_is_signed(base: str, fragment: str) -> None:
    async with calling(f"{base}#{fragment}") as caller:
        assert (await caller.form(IN, INBOUND, signature=sign(TOKEN, base + IN, INBOUND)))[0] == 200
        for wrong in (f"{base}{IN}#{fragment}", f"{base}#{fragment}{IN}"):
            assert (await caller.form(IN, INBOUND, signature=sign(TOKEN, wrong, INBOUND)))[0] == 403


async def test_headers_do_not_move_our_address(caller: Caller) -> None:
    evil = "https://evil.example"
    body = urlencode(INBOUND).encode()
    headers = {
        "X-Twilio-Signature": sign(TOKEN, evil + IN, INBOUND),
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Original-Url": evil + IN,
        "Forwarded": "host=evil.example;proto=https",
    }
    assert (await caller.raw(IN, body, headers))[0] == 403
    assert not caller.inbox.records


def test_our_signature_is_the_packages() -> None:
    theirs = RequestValidator(TOKEN).compute_signature(PUBLIC + IN, INBOUND)  # type: ignore[no-untyped-call]
    assert sign(TOKEN, PUBLIC + IN, INBOUND) == theirs
    assert is_signed(TOKEN, PUBLIC + IN, INBOUND, theirs)
    assert not is_signed(TOKEN, PUBLIC + IN, INBOUND, theirs[:-1])
    assert not is_signed(TOKEN, PUBLIC + IN, INBOUND, "не подпись")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"From": None}, "From is missing"),
        ({"From": ""}, "From is no phone number in E.164"),
        ({"From": "1414"}, "From is no phone number in E.164"),
        ({"From": "whatsapp:+77015550101"}, "From is no phone number in E.164"),
        ({"From": "+7701555010१"}, "From is no phone number in E.164"),
        ({"Body": None}, "Body is missing"),
        ({"MessageSid": None, "SmsSid": None}, "MessageSid is missing or is no sid"),
        ({"MessageSid": "SM 1\n"}, "MessageSid is missing or is no sid"),
        ({"MessageSid": "SM" + "a" * 30 + "NumMedia0"}, "MessageSid is missing or is no sid"),
        ({"MessageSid": "SM"}, "MessageSid is missing or is no sid"),
        ({"A b": "x"}, "the name of a field is not of letters and digits behind a capital letter"),
        ({"b1": "x"}, "the name of a field is not of letters and digits behind a capital letter"),
    ],
)
async def test_what_an_inbound_call_lacks_is_said(
    caller: Caller, change: dict[str, str | None], reason: str
) -> None:
    fields = {name: value for name, value in {**INBOUND, **change}.items() if value is not None}
    assert await caller.form(IN, fields) == (400, reason + "\n")
    assert not caller.inbox.records


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"To": None}, "To is missing"),
        ({"To": "x"}, "To is no phone number in E.164"),
        ({"MessageStatus": None, "SmsStatus": None}, "MessageStatus is missing or is no status"),
        ({"MessageStatus": "<b>"}, "MessageStatus is missing or is no status"),
        ({"ErrorCode": "many"}, "ErrorCode is no number"),
        ({"MessageSid": None, "SmsSid": None}, "MessageSid is missing or is no sid"),
    ],
)
async def test_what_a_status_call_lacks_is_said(
    caller: Caller, change: dict[str, str | None], reason: str
) -> None:
    fields = {name: value for name, value in {**STATUS, **change}.items() if value is not None}
    assert await caller.form(ST, fields) == (400, reason + "\n")
    assert not caller.inbox.records


async def test_a_call_without_a_good_signature_is_forbidden(caller: Caller) -> None:
    body = urlencode(INBOUND).encode()
    assert await caller.raw(IN, body, {}) == (403, "the signature is missing\n")
    assert await caller.form(IN, INBOUND, signature="") == (403, "the signature is missing\n")
    for wrong in ("x", "é", sign("another", PUBLIC + IN, INBOUND), sign(TOKEN, PUBLIC + ST, INBOUND)):
        assert await caller.form(IN, INBOUND, signature=wrong) == (403, "the signature is wrong\n")
    assert not caller.inbox.records


async def test_a_signature_is_not_moved_to_other_fields(caller: Caller) -> None:
    """A signature is of names and values without anything between them."""
    text = {"Body": "xFrom+77019999999", "From": "+77015550101", "MessageSid": INBOUND["MessageSid"]}
    good = sign(TOKEN, PUBLIC + IN, text)
    headers = {"X-Twilio-Signature": good}
    twice = urlencode(
        [
            ("Body", "x"),
            ("From", "+77019999999"),
            ("From", "+77015550101"),
            ("MessageSid", INBOUND["MessageSid"]),
        ]
    )
    assert (await caller.raw(IN, twice.encode(), headers))[0] == 400
    swallowed = {
        "Body": "x",
        "From": "+77019999999",
        "From+77015550101MessageSid": INBOUND["MessageSid"],
        "SmsSid": "SM",
    }
    assert (await caller.raw(IN, urlencode(swallowed).encode(), headers))[0] == 400
    assert not caller.inbox.records


async def test_json_without_its_digest_in_the_address_is_forbidden(caller: Caller) -> None:
    body = json.dumps(INBOUND).encode()
    for target in (IN, f"{IN}?bodySHA256=", f"{IN}?bodySHA256={'0' * 64}"):
        headers = {
            "X-Twilio-Signature": sign(TOKEN, PUBLIC + target, {}),
            "Content-Type": "application/json",
        }
        assert (await caller.raw(target, body, headers))[0] == 403
    assert not caller.inbox.records


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"From=x"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("", b"From=x"),
        ("application/json", b"[1]"),
        ("application/json", b"{"),
        ("application/json", b"\xff"),
        ("application/json", b'{"a": 1, "a": 2}'),
        ("application/json", b"[" * 50_000),
        ("application/x-www-form-urlencoded", b"From"),
        ("application/x-www-form-urlencoded", b"From=a&From=a"),
        ("application/x-www-form-urlencoded", b"a=1&&b=2"),
        ("application/x-www-form-urlencoded", "Body=сәлем".encode()),
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(300))),
    ],
)
async def test_bodies_that_are_no_form_and_no_json(caller: Caller, content_type: str, body: bytes) -> None:
    headers = {"X-Twilio-Signature": "x", "Content-Type": content_type}
    code, reason = await caller.raw(IN, body, headers)
    assert code == (403 if body == b"" else 400), reason
    assert not caller.inbox.records


HALF_AN_EMOJI = b"%ED%A0%BD"
RUSSIAN_OF_ANOTHER_ENCODING = b"%C4%E0"


@pytest.mark.parametrize("octets", [HALF_AN_EMOJI, RUSSIAN_OF_ANOTHER_ENCODING])
async def test_a_text_that_is_no_unicode_is_taken_as_far_as_it_is(caller: Caller, octets: bytes) -> None:
    fields = {**INBOUND, "Body": "1 " + unquote_to_bytes(octets).decode("utf-8", "surrogateescape")}
    body = urlencode(INBOUND | {"Body": "1 "}).encode().replace(b"Body=1+", b"Body=1+" + octets)
    headers = {
        "X-Twilio-Signature": sign(TOKEN, PUBLIC + IN, fields),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert (await caller.raw(IN, body, headers))[0] == 200
    [event] = caller.inbox.events()
    assert json.loads(event.data)["text"].startswith("1 \ufffd")
    headers["X-Twilio-Signature"] = sign(TOKEN, PUBLIC + IN, fields | {"Body": "1 \ufffd"})
    assert (await caller.raw(IN, body, headers))[0] == 403


async def test_half_an_emoji_in_json_is_taken_as_far_as_it_is(caller: Caller) -> None:
    body = json.dumps(INBOUND | {"Body": "\ud83d\ude00 1 \ud83d"}).encode()
    target = f"{IN}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"X-Twilio-Signature": sign(TOKEN, PUBLIC + target, {}), "Content-Type": "application/json"}
    assert (await caller.raw(target, body, headers))[0] == 200
    [event] = caller.inbox.events()
    assert json.loads(event.data)["text"] == "\U0001f600 1 \ufffd"


@pytest.mark.parametrize("signature", [b"\xff", "подпись".encode()])
async def test_a_signature_that_is_no_ascii_is_wrong(caller: Caller, signature: bytes) -> None:
    body = urlencode(INBOUND).encode()
    host, _, port = caller.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST "
        + IN.encode()
        + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Twilio-Signature: "
        + signature
        + b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        + str(len(body)).encode()
        + b"\r\n\r\n"
        + body
    )
    said = await reader.read()
    writer.close()
    assert said.startswith(b"HTTP/1.1 403 ")
    assert not caller.inbox.records


async def test_what_fails_in_us_is_said_without_what_the_call_holds(
    caller: Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(outgoing: Outgoing) -> None:
        raise RuntimeError(str(outgoing.value))

    monkeypatch.setattr(caller.inbox, "send", fails)
    status_code, said = await caller.form(IN, INBOUND)
    assert (status_code, said) == (500, "it failed with RuntimeError: that is a fault of ours\n")
    assert INBOUND["From"] not in caplog.text


async def test_a_large_body_is_refused_before_it_is_read(caller: Caller) -> None:
    fields = {**INBOUND, "Body": "x" * 70_000}
    assert (await caller.form(IN, fields))[0] == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1000

    headers = {"X-Twilio-Signature": "x", "Content-Type": "application/x-www-form-urlencoded"}
    async with caller.session.post(caller.url + IN, data=endless(), headers=headers) as response:
        assert response.status == 413
    fitting = {**INBOUND, "Body": "x" * 60_000}
    assert (await caller.form(IN, fitting))[0] == 200
    assert len(caller.inbox.records) == 1


async def test_503_while_the_broker_does_not_answer(caller: Caller) -> None:
    caller.inbox.down = True
    assert (await caller.form(IN, INBOUND))[0] == 503
    assert (await caller.form(ST, STATUS))[0] == 503
    async with caller.session.get(f"{caller.url}/readyz") as response:
        assert response.status == 503
    async with caller.session.get(f"{caller.url}/healthz") as response:
        assert response.status == 200
    caller.inbox.down = False
    async with caller.session.get(f"{caller.url}/readyz") as response:
        assert response.status == 200


async def test_what_is_refused_is_counted(caller: Caller) -> None:
    async def refused() -> float:
        async with caller.session.get(f"{caller.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        wanted = 'jardem_sms_webhooks_total{endpoint="inbound",result="403"} '
        return sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))

    before = await refused()
    async with caller.session.post(f"{caller.url}/sms/inbound", data={"From": "+77010000001"}) as response:
        assert response.status == 403
    assert await refused() == before + 1


async def received(caller: Caller, sid: str) -> datetime:
    """When the text with this sid was received, as the last event about it says."""
    found = [MessageReceived.model_validate_json(event.data) for event in caller.inbox.events()]
    return [message.received_at for message in found if message.sid == sid][-1]


async def test_a_text_that_comes_again_after_a_refusal_bears_the_instant_of_its_first_call(
    caller: Caller,
) -> None:
    sid, other = INBOUND["MessageSid"], "SM" + "7" * 32
    caller.inbox.down = True
    assert (await caller.form(IN, INBOUND))[0] == 503
    first_over = datetime.now(UTC)
    await asyncio.sleep(0.05)
    assert (await caller.form(IN, INBOUND))[0] == 503
    caller.inbox.down = False
    again = datetime.now(UTC)
    assert (await caller.form(IN, INBOUND))[0] == 200
    assert await received(caller, sid) < first_over
    [event] = caller.inbox.events()
    assert event.time == await received(caller, sid)
    assert (await caller.form(IN, {**INBOUND, "MessageSid": other}))[0] == 200
    assert await received(caller, other) >= again


async def test_the_instant_of_a_text_that_was_taken_is_not_kept(caller: Caller) -> None:
    caller.inbox.down = True
    await caller.form(IN, INBOUND)
    caller.inbox.down = False
    await caller.form(IN, INBOUND)
    again = datetime.now(UTC)
    await caller.form(IN, INBOUND)
    assert await received(caller, INBOUND["MessageSid"]) >= again


async def test_what_is_not_signed_is_not_remembered(caller: Caller) -> None:
    caller.inbox.down = True
    assert (await caller.form(IN, INBOUND, signature="x"))[0] == 403
    assert (await caller.form(ST, STATUS))[0] == 503
    caller.inbox.down = False
    now = datetime.now(UTC)
    assert (await caller.form(IN, INBOUND))[0] == 200
    assert await received(caller, INBOUND["MessageSid"]) >= now


def test_of_many_refused_texts_the_oldest_is_forgotten_first() -> None:
    heard = FirstReceived(most=3)
    instants = [datetime(2021, 7, 15, 6, minute, tzinfo=UTC) for minute in range(5)]
    for number, instant in enumerate(instants[:4]):
        heard.refused(Sid(f"SM{number}"), instant)
    now = instants[4]
    assert [heard.first(Sid(f"SM{number}"), now) for number in range(4)] == [now, *instants[1:4]]
    heard.refused(Sid("SM1"), heard.first(Sid("SM1"), now))
    heard.taken(Sid("SM2"))
    heard.taken(Sid("SM2"))
    assert [heard.first(Sid(f"SM{number}"), now) for number in range(4)] == [
        now,
        instants[1],
        now,
        instants[3],
    ]


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("ҚОЙЫҢЫЗ", "STOP", "STOP"),
        ("жоқ", "STOP", "STOP"),
        ("ТОҚТАТ", "STOP", "ТОҚТАТ"),
        ("стоп", "STOP", "стоп"),
        ("START", "START", "START"),
        ("1", "", "1"),
    ],
)
async def test_opt_outs_reach_us_as_such(caller: Caller, text: str, kind: str, told: str) -> None:
    await caller.form(IN, {**INBOUND, "Body": text, "OptOutType": kind})
    [event] = caller.inbox.events()
    assert MessageReceived.model_validate_json(event.data).text == told


async def test_other_paths_and_methods(caller: Caller) -> None:
    assert (await caller.form("/", INBOUND))[0] == 404
    assert (await caller.form("/sms/inbound/", INBOUND))[0] == 404
    async with caller.session.get(caller.url + IN) as response:
        assert response.status == 405


async def test_a_target_that_is_a_whole_address_is_refused(caller: Caller) -> None:
    """The path that is signed is the one that is routed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(caller.url.rsplit(":", 1)[1]))
    body = urlencode(INBOUND)
    good = sign(TOKEN, PUBLIC + IN, INBOUND)
    writer.write(
        f"POST http://evil.example{IN} HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: {good}\r\n"
        f"Content-Type: {FORM_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert not caller.inbox.records


async def test_no_number_and_no_text_is_logged(
    caller: Caller, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        await caller.form(IN, INBOUND)
        await caller.form(IN, INBOUND, signature="x")
        await caller.form(IN, {**INBOUND, "MessageSid": "?"})
        await caller.form(ST, {**STATUS, "To": "87015550101"})
    out = caplog.text + "".join(capsys.readouterr())
    assert "the signature is wrong" in out
    assert "7015550101" not in out
    assert "рахмет" not in out
    assert TOKEN not in out


async def test_without_a_token_nobody_can_call_for_the_sms_api() -> None:
    """As with an operator by SMPP: whoever knows that the token is empty could sign with it."""
    inbox = MemoryInbox()
    webhooks = Webhooks(inbox, Account("", PUBLIC), Pseudonyms(b"key"), Clock())
    async with WebhookServer(webhooks, "127.0.0.1", 0) as server, ClientSession() as session:
        called = Caller(session, f"http://127.0.0.1:{server.port}", inbox, PUBLIC)
        for path, fields in ((IN, INBOUND), (ST, STATUS)):
            signature = sign("", PUBLIC + path, fields)
            code, _ = await called.form(path, fields, signature=signature)
            assert code == 404
    assert inbox.records == []
