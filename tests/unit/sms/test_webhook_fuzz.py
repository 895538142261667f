"""Mutated webhook calls, none of them accepted.

Twenty thousand in every run. For more, and for another sequence:

    JARDEM_FUZZ_CALLS=100000 JARDEM_FUZZ_SEED=7 pytest tests/unit/sms/test_webhook_fuzz.py
"""

import hashlib
import itertools
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from sms.twilio.forms import BadRequestError, read_form, read_inbound
from sms.twilio.signature import sign
from tests.unit.sms.webhook_calls import FORM_TYPE, INBOUND, PUBLIC, STATUS, TOKEN, calling

CALLS = int(os.environ.get("JARDEM_FUZZ_CALLS", "20000"))
SEED = int(os.environ.get("JARDEM_FUZZ_SEED", "20261123"))
PATHS = {"/sms/inbound": INBOUND, "/sms/status": STATUS}


@dataclass(frozen=True)
class Call:
    target: str
    content_type: str
    body: bytes
    signature: str

    def meaning(self) -> object:
        """What is signed: calls of one meaning are one call, however they are written."""
        if self.content_type != FORM_TYPE:
            return self.target, self.content_type, self.body, self.signature
        fields = parse_qsl(self.body.decode("latin-1"), keep_blank_values=True, errors="replace")
        signed = "".join(name + value for name, value in sorted(set(fields)))
        doubled = len(fields) - len(set(fields))
        return self.target, self.content_type, signed, doubled, self.signature


def form_call(path: str, fields: dict[str, str]) -> Call:
    return Call(path, FORM_TYPE, urlencode(fields).encode(), sign(TOKEN, PUBLIC + path, fields))


def json_call(path: str, fields: dict[str, str]) -> Call:
    body = json.dumps(fields).encode()
    target = f"{path}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    return Call(target, "application/json", body, sign(TOKEN, PUBLIC + target, {}))


GOOD = [make(path, fields) for make in (form_call, json_call) for path, fields in PATHS.items()]


def bytes_changed(call: Call, chance: random.Random) -> Call:
    body = bytearray(call.body)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(body))
        change = chance.randrange(3)
        if change == 0:
            body[at] ^= 1 << chance.randrange(8)
        elif change == 1:
            del body[at]
        else:
            body.insert(at, chance.randrange(256))
    return replace(call, body=bytes(body))


def fields_changed(call: Call, chance: random.Random) -> Call:
    fields = dict(chance.choice(list(PATHS.values())))
    name = chance.choice(list(fields))
    change = chance.randrange(5)
    if change == 0:
        fields[name] = chance.choice(["", "1", "2", "да", "+77019999999", "delivered", fields[name] + " "])
    elif change == 1:
        del fields[name]
    elif change == 2:
        fields[chance.choice(["Body", "From", "To", "X", "MessageStatus", "OptOutType"])] = "1"
    elif change == 3:
        other = chance.choice(list(fields))
        fields[name], fields[other] = fields[other], fields[name]
    else:
        fields[name[:-1]] = fields.pop(name)
    body = json.dumps(fields) if call.content_type != FORM_TYPE else urlencode(fields)
    return replace(call, body=body.encode())


def field_doubled(call: Call, chance: random.Random) -> Call:
    pairs = list(chance.choice(list(PATHS.values())).items())
    pairs.insert(chance.randrange(len(pairs)), chance.choice(pairs))
    return replace(call, body=urlencode(pairs).encode())


def names_and_values_moved(call: Call, chance: random.Random) -> Call:
    """The same signed string, parted at other places."""
    fields = chance.choice(list(PATHS.values()))
    signed = "".join(name + fields[name] for name in sorted(fields))
    cuts = sorted(chance.sample(range(1, len(signed)), chance.choice([1, 3, 5, 7, 2 * len(fields) - 1])))
    parts = [signed[a:b] for a, b in zip([0, *cuts], [*cuts, len(signed)], strict=True)]
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    return replace(call, body=urlencode(pairs).encode())


def name_moved_by_some(path: str, chance: random.Random) -> Call:
    """One field's name cut short or lengthened by some characters of its value, in the signed order."""
    fields = PATHS[path]
    moved = chance.choice(list(fields))
    signed = moved + fields[moved]
    cut = chance.randrange(len(signed) + 1)
    pairs = [(name, value) for name, value in fields.items() if name != moved]
    pairs.insert(chance.randrange(len(pairs)), (signed[:cut], signed[cut:]))
    return replace(form_call(path, fields), body=urlencode(pairs).encode())


def signature_changed(call: Call, chance: random.Random) -> Call:
    good = call.signature
    at = chance.randrange(len(good) or 1)
    fields = chance.choice(list(PATHS.values()))
    letter = chance.choice("ABCDEFabcdef0123456789+/=")
    changed = [
        good[:at] + letter + good[at + 1 :],
        good[:at],
        good.rstrip("="),
        good + "=",
        good.swapcase(),
        good[::-1],
        f"{good},{good}",
        chance.choice(GOOD).signature,
        sign(TOKEN, PUBLIC, {}),
        sign("", PUBLIC + call.target, {}),
        sign("another token", PUBLIC + call.target, fields),
        sign(TOKEN, "https://evil.example" + call.target, fields),
    ]
    return replace(call, signature=chance.choice(changed))


def target_changed(call: Call, chance: random.Random) -> Call:
    path, _, query = call.target.partition("?")
    other = "/sms/status" if path == "/sms/inbound" else "/sms/inbound"
    changed = [
        other + (f"?{query}" if query else ""),
        f"{call.target}{'&' if query else '?'}x={chance.randrange(1000)}",
        f"{path}?bodySHA256={hashlib.sha256(b'').hexdigest()}",
        path + "/",
        path.upper(),
        "/" + call.target,
        path,
    ]
    return replace(call, target=chance.choice(changed))


def content_type_changed(call: Call, chance: random.Random) -> Call:
    types = ["application/json", FORM_TYPE, "text/plain", "multipart/form-data; boundary=x", "x"]
    return replace(call, content_type=chance.choice(types))


MUTATIONS: list[Callable[[Call, random.Random], Call]] = [
    bytes_changed,
    fields_changed,
    field_doubled,
    signature_changed,
    target_changed,
    content_type_changed,
]


@pytest.mark.timeout(600)
async def test_fields_parted_elsewhere_never_say_something_else() -> None:
    """The one weakness of the signature: the same signed string with other boundaries."""
    chance = random.Random(SEED)  # noqa: S311 - a seed replays a failure
    async with calling() as caller:
        for path, fields in PATHS.items():
            await caller.form(path, fields)
        ids = {event.id for event in caller.inbox.events()}
        for turn in range(CALLS // 4):
            path = chance.choice(list(PATHS))
            call = form_call(path, PATHS[path])
            parted = names_and_values_moved(call, chance) if turn % 2 else name_moved_by_some(path, chance)
            headers = {"X-Twilio-Signature": call.signature, "Content-Type": FORM_TYPE}
            await caller.raw(path, parted.body, headers)
        assert {event.id for event in caller.inbox.events()} == ids
        told = {(event.id, without_instants(event.data)) for event in caller.inbox.events()}
        assert len(told) == len(ids)


REAL = {
    "AccountSid": "ACc7e0b54d1f9a8a7f6b5d4c3e2a1b0f9e",
    "ApiVersion": "2010-04-01",
    "Body": "1 Darkhan",
    "From": "+77015550101",
    "FromCity": "",
    "FromCountry": "KZ",
    "FromState": "",
    "FromZip": "",
    "MessageSid": "SMa3f81b02e4c95d6770fe1ac2b3d4e5f6",
    "NumMedia": "0",
    "NumSegments": "1",
    "SmsMessageSid": "SMa3f81b02e4c95d6770fe1ac2b3d4e5f6",
    "SmsSid": "SMa3f81b02e4c95d6770fe1ac2b3d4e5f6",
    "SmsStatus": "received",
    "To": "+77010000000",
    "ToCountry": "KZ",
    "ToZip": "",
}


def boundaries_moved(fields: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same signed string with up to three neighbours taken together and parted in two anew, or not."""
    names = sorted(fields)
    for start, many in itertools.product(range(len(names)), (1, 2, 3)):
        taken = names[start : start + many]
        signed = "".join(name + fields[name] for name in taken)
        rest = {name: value for name, value in fields.items() if name not in taken}
        for first, cut in itertools.combinations(range(1, len(signed) + 1), 2):
            yield {**rest, signed[:first]: signed[first:cut]} | (
                {signed[cut:]: ""} if cut < len(signed) else {}
            )
            for second in range(cut + 1, min(cut + 12, len(signed))):
                yield {
                    **rest,
                    signed[:first]: signed[first:cut],
                    signed[cut:second]: signed[second:],
                }


@pytest.mark.timeout(600)
def test_no_boundary_of_a_real_call_can_be_moved_to_another_message_or_number() -> None:
    """A call that is caught once must not become another: its signature has no time in it."""
    signed, at = "".join(name + REAL[name] for name in sorted(REAL)), datetime(2026, 11, 27, tzinfo=UTC)
    told, tried = set(), 0
    for fields in boundaries_moved(REAL):
        if "".join(name + fields[name] for name in sorted(fields)) != signed:
            continue
        tried += 1
        try:
            event = read_inbound(read_form(urlencode(fields).encode()), at)
        except BadRequestError:
            continue
        told.add((event.sid, event.phone))
    assert tried > 10_000
    assert told == {(REAL["MessageSid"], REAL["From"])}


def without_instants(data: bytes) -> str:
    content = json.loads(data)
    return json.dumps({name: value for name, value in content.items() if not name.endswith("at")})


@pytest.mark.timeout(1200)
async def test_no_mutated_call_is_accepted() -> None:
    chance = random.Random(SEED)  # noqa: S311 - a seed replays a failure
    meanings = [call.meaning() for call in GOOD]
    statuses: Counter[int] = Counter()
    async with calling() as caller:
        for _ in range(CALLS):
            mutated = chance.choice(GOOD)
            while mutated.meaning() in meanings:
                mutated = chance.choice(MUTATIONS)(mutated, chance)
                if chance.random() < 0.2:
                    mutated = chance.choice(MUTATIONS)(mutated, chance)
            headers = {"X-Twilio-Signature": mutated.signature, "Content-Type": mutated.content_type}
            status, _ = await caller.raw(mutated.target, mutated.body, headers)
            statuses[status] += 1
            assert 400 <= status < 500, (status, mutated)
            assert not caller.inbox.records, mutated
        for call in GOOD:
            headers = {"X-Twilio-Signature": call.signature, "Content-Type": call.content_type}
            status, _ = await caller.raw(call.target, call.body, headers)
            assert status in (200, 204)
        assert len(caller.inbox.records) == len(GOOD)
    assert set(statuses) == {400, 403, 404}
