"""What is listed and shown of dead letters, what is masked, and what is sent when they are closed."""

import base64
import json
import os
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.dead_letters import acting, reading
from ops.dead_letters.acting import Said
from ops.dead_letters.errors import AskedWronglyError, NotTakenBackError
from ops.dead_letters.letter import DeadLetter, letter_from, place_from
from ops.dead_letters.masking import masked
from ops.topic_records import Item, Read
from schemas.operators import OperatorActed
from streams.dead_letters import DEAD_LETTERS, dead_letter, packed_dead_letter
from streams.records import LARGEST_RECORD, NotUnpacked, Outgoing, Record
from streams.settings.settings import Settings
from tests.command import run

TOPIC = "registry.title-awarded.v1"
ACTS = "operator.acted.v1"
IIN = "850101300015"
NOW = datetime(2021, 7, 23, tzinfo=UTC)
THEN = datetime(2021, 7, 20, 5, tzinfo=UTC)
SAID = Said("operator-3", "the registry's fault is mended", NOW)
VALUE = json.dumps({"iin": IIN, "awarded_on": "2021-07-12"}).encode()


def record(topic: str = TOPIC, value: bytes | None = VALUE, offset: int = 77) -> Record:
    return Record(topic, 4, offset, THEN, b"key", value, (("n", b""), ("ce_id", b"1")), None, frozenset({0}))


def as_read(sent: Outgoing, offset: int = 0) -> Record:
    return Record(
        sent.topic, 0, offset, NOW, sent.key, sent.value, sent.headers, null_headers=sent.null_headers
    )


def letter(topic: str = TOPIC, reason: str = "why", offset: int = 0) -> DeadLetter:
    return letter_from(as_read(dead_letter(record(topic), reason), offset))


class Sent(list[Outgoing]):
    """A producer that keeps what it was given."""

    async def send(self, outgoing: Outgoing) -> None:
        self.append(outgoing)


Told = Callable[..., None]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Puts records into the two topics that the commands then read."""
    for name in [name for name in os.environ if name.startswith("JARDEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JARDEM_KAFKA", "127.0.0.1:1")
    topics: dict[str, list[Item]] = {DEAD_LETTERS: [], ACTS: []}

    def read(_: Settings, names: Collection[str], take: Callable[[Item], None]) -> Read:
        for name in names:
            for item in topics[name]:
                take(item)
        return Read({}, ())

    monkeypatch.setattr(reading, "read_topics", read)

    def tell(*sent: Outgoing) -> None:
        for each in sent:
            topics[each.topic].append(as_read(each, len(topics[each.topic])))

    return tell


def listed(*arguments: str) -> Any:
    code, said = run("dead-letters", "list", "--json", *arguments)
    assert code == 0, said
    return json.loads(said.splitlines()[-1])


def ids(*arguments: str) -> list[str]:
    return [one["id"].rpartition("/")[2] for one in listed(*arguments)["letters"]]


async def test_open_ones_are_listed_the_newest_first_and_closed_ones_where_they_are_asked_for(
    told: Told,
) -> None:
    topics = [TOPIC, "case.inbox.v1", TOPIC, TOPIC]
    told(*(dead_letter(record(topic), f"Reason {n}") for n, topic in enumerate(topics)))
    sent = Sent()
    await acting.redrive(letter(offset=0), SAID, sent.send)
    await acting.discard(letter(offset=2), SAID, sent.send)
    told(*(each for each in sent if each.topic == ACTS))
    assert ids() == ["3", "1"]
    assert ids("--all") == ["3", "2", "1", "0"]
    assert ids("--topic", TOPIC) == ["3"]
    assert ids("--reason", "reason 1") == ["1"]
    assert listed("--limit", "1")["more"] == 1
    assert [done["act"] for done in listed("--all")["letters"][-1]["done"]] == ["redrive"]
    code, lines = run("dead-letters", "list", "--all")
    assert code == 0
    assert f"dead-letter.v1/0/0  2021-07-23 00:00:00 UTC  {TOPIC}  redriven 2021-07-23 00:00:00" in lines
    assert "dead-letter.v1/0/2" in lines
    assert "discarded" in lines
    assert "    Reason 3" in lines


def test_an_empty_list_says_so(told: Told) -> None:
    assert run("dead-letters", "list")[1] == "there are no dead letters\n"
    told(dead_letter(record(), "why"))
    assert "no such dead letter among 1" in run("dead-letters", "list", "--reason", "other")[1]


def test_a_letter_is_shown_with_its_place_and_masked(told: Told) -> None:
    told(dead_letter(record(), "title: it is wrong"))
    code, said = run("dead-letters", "show", "0/0")
    assert code == 0
    assert f"came from: {TOPIC}[4]@77, 2021-07-20T05:00:00Z" in said
    assert '{"iin": "*0015", "awarded_on": "2021-07-12"}' in said
    assert IIN not in said
    assert "header ce_id: 1" in said
    code, said = run("dead-letters", "show", "0", "--raw")
    assert (code, said.encode()) == (0, VALUE)
    found = json.loads(run("dead-letters", "show", "0", "--json")[1])
    assert (found["value"], found["reason"]) == (masked(VALUE.decode()), "title: it is wrong")
    found = json.loads(run("dead-letters", "show", "0", "--json", "--raw")[1])
    assert base64.b64decode(found["value_base64"]) == VALUE
    assert "value" not in found


@pytest.mark.parametrize("forged", [b"--5", b"9" * 5000, b"-", "²".encode()])
def test_a_forged_time_hides_no_letter(forged: bytes) -> None:
    sent = dead_letter(record(), "why")
    headers = tuple((name, forged if name == "jardem_timestamp" else value) for name, value in sent.headers)
    assert letter_from(as_read(replace(sent, headers=headers))).came_at is None


def test_an_id_that_is_not_there_is_1_and_one_that_is_none_is_2(told: Told) -> None:
    told(dead_letter(record(), "why"))
    for arguments in (["show"], ["redrive", *REASONED], ["discard", *REASONED]):
        code, said = run("dead-letters", *arguments, "dead-letter.v1/0/5")
        assert (code, "there is no dead letter dead-letter.v1/0/5" in said) == (1, True)
        assert run("dead-letters", *arguments, "dead-letter.v2/0/5")[0] == 2


REASONED = ["--reason", "mended", "--operator", "me"]


async def test_what_was_closed_already_is_not_closed_again(told: Told) -> None:
    told(*(dead_letter(record(), "why") for _ in range(2)))
    sent = Sent()
    await acting.redrive(letter(), SAID, sent.send)
    await acting.discard(letter(), SAID, sent.send)
    told(*(each for each in sent if each.topic == ACTS))
    code, said = run("dead-letters", "redrive", "0", "1", *REASONED)
    assert (code, said) == (1, "dead-letter.v1/0/0 was redriven already: --again sends it once more")
    assert run("dead-letters", "discard", "0", *REASONED) == (1, "dead-letter.v1/0/0 was discarded already")


def test_a_cut_or_packed_letter_is_not_redriven_and_why_is_said(told: Told) -> None:
    item = NotUnpacked(TOPIC, 0, 3, 9, "its batch cannot be read", b"\xff", "batch")
    told(packed_dead_letter(item), dead_letter(record(value=b"x" * LARGEST_RECORD), "too large"))
    told(dead_letter(record("benefit.decided.v1"), "why"))
    said = [run("dead-letters", "redrive", str(n), *REASONED) for n in range(3)]
    assert [code for code, _ in said] == [1, 1, 1]
    for (_, text), why in zip(said, ("could not be unpacked", "it is cut", "nothing is taken"), strict=True):
        assert why in text
    assert "cannot be redriven" in run("dead-letters", "list")[1]
    assert "cannot be redriven: it is a batch" in run("dead-letters", "show", "0")[1]


async def test_the_record_is_sent_back_before_it_is_told() -> None:
    sent = Sent()
    act_id = await acting.redrive(letter(), SAID, sent.send)
    back, act = sent
    assert (back.topic, back.key, back.value) == ("intake.redriven.v1", b"key", VALUE)
    assert dict(back.headers) == {
        "n": b"",
        "ce_id": b"1",
        "jardem_topic": TOPIC.encode(),
        "jardem_partition": b"4",
        "jardem_offset": b"77",
        "jardem_timestamp": str(int(THEN.timestamp() * 1000)).encode(),
    }
    assert back.null_headers == {0}
    assert (act.topic, act.key) == (ACTS, b"dead-letter.v1/0/0")
    assert dict(act.headers)["ce_id"] == act_id.encode()
    acted = OperatorActed.model_validate_json(act.value or b"")
    assert (acted.act, acted.object.kind, acted.operator) == ("redrive", "dead_letter", "operator-3")


async def test_nothing_is_told_where_the_record_was_not_taken() -> None:
    sent = Sent()

    async def refuse(outgoing: Outgoing) -> None:
        if outgoing.topic != ACTS:
            raise ConnectionError
        await sent.send(outgoing)

    with pytest.raises(ConnectionError):
        await acting.redrive(letter(), SAID, refuse)
    assert sent == []


async def test_nothing_is_sent_without_a_nameless_reason_or_an_operator_or_for_what_is_not_taken_back() -> (
    None
):
    sent = Sent()
    for said in (
        replace(SAID, reason=" "),
        replace(SAID, operator=""),
        replace(SAID, reason=f"of {IIN}"),
        replace(SAID, operator=f"{IIN}@gov.kz"),
    ):
        with pytest.raises(AskedWronglyError):
            await acting.redrive(letter(), said, sent.send)
        with pytest.raises(AskedWronglyError):
            await acting.discard(letter(), said, sent.send)
    with pytest.raises(NotTakenBackError):
        await acting.redrive(letter("benefit.decided.v1"), SAID, sent.send)
    assert sent == []


def test_what_failed_again_says_so(told: Told) -> None:
    back = acting.redriven_record(letter())
    again = dead_letter(Record(back.topic, 1, 9, NOW, back.key, back.value, back.headers), "still wrong")
    told(again)
    [one] = listed()["letters"]
    assert (one["topic"], one["failed_again_at"]) == (TOPIC, "intake.redriven.v1[1]@9")
    assert "failed again" in run("dead-letters", "list")[1]


@pytest.mark.parametrize("text", ["", "x", "1/2/3", "dead-letter.v1/1", "-1", "1/-2"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(AskedWronglyError):
        place_from(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (IIN, "*0015"),
        ("850101-300015", "*0015"),
        ("+77011234567", "*4567"),
        ("8 (701) 123-45-67", "*4567"),
        ("KZ86125KZT5004100100", "*0100"),
        ("kz86 125k zt50 0410 0100", "*0100"),
        ("2021-07-12", "2021-07-12"),
        ("2021-07-12T10:00:00+06:00", "2021-07-12T10:00:00+06:00"),
        ("0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11", "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"),
        ("1" * 64, "1" * 64),
        ("award-17", "award-17"),
        ("2021-07-12850101300015", "*0015"),
        ("8\x005\x000\x001\x000\x001\x003\x000\x000\x000\x001\x005\x00", "*0015"),
        ("850101\u2013300015", "*0015"),
    ],
)
def test_numbers_that_name_a_person_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(f'{{"a": "{text}"}}') == f'{{"a": "{shown}"}}'
