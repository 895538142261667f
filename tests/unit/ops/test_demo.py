"""The demo's people: what is published about them is valid, and their script knows what it reads."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from ops.demo import sample
from ops.demo.outcomes import DECIDED, ENDED, Outcomes
from ops.demo.recognise import iin_tail, kind_of
from ops.demo.sample import Published
from ops.demo.script import Script
from schemas.catalogue import PUBLIC_IN
from schemas.plausible import check_not_ahead
from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.values import Language
from sms.catalogues import load_texts

TEXTS = load_texts()

NOW = datetime(2021, 7, 15, 6, tzinfo=UTC)
PEOPLE = sample.citizens(NOW)
DETAILS = Details(iin_tail="0014", account="KZ**0100", until=NOW)


@pytest.mark.parametrize("start", [0, 9_990])
def test_everything_published_is_valid_and_nobody_is_there_twice(start: int) -> None:
    people = sample.citizens(NOW, start)
    assert len({citizen.iin for citizen in people}) == len(people)
    for citizen in people:
        later = [citizen.on_ending] if citizen.on_ending else []
        for event in [*citizen.before, *citizen.events, *citizen.on_message.values(), *later]:
            check_not_ahead(PUBLIC_IN[event.type].model_validate(dict(event.data)), NOW)


def test_the_sample_holds_what_the_demo_promises() -> None:
    outcomes = {outcome for citizen in PEOPLE for outcome in citizen.expected}
    assert {"refused 4", "ended declined", "ended no_reply", "ended phone_not_registered"} <= outcomes
    granted = {c.events[0].type for c in PEOPLE if c.expected[-1].startswith("granted")}
    assert granted == {sample.TITLE, sample.DISABILITY}


@pytest.mark.parametrize("language", [None, *Language])
def test_a_citizen_recognises_every_text(language: Language | None) -> None:
    unknown_account = DETAILS.model_copy(update={"account": None})
    for kind in QuestionKind:
        assert kind_of(TEXTS.question(kind, language, unknown_account)) == kind
        assert kind_of(TEXTS.explanation(kind, language, unknown_account)) == f"explain_{kind}"
    assert kind_of(TEXTS.question(QuestionKind.ACCOUNT, language, DETAILS)) == "account_known"
    for notice in NoticeKind:
        assert kind_of(TEXTS.notice(notice, language, DETAILS)) == notice
    assert kind_of("something else") is None


def test_a_masked_account_is_no_iin() -> None:
    assert iin_tail(TEXTS.explanation(QuestionKind.ACCOUNT, Language.RUSSIAN, DETAILS)) is None
    assert iin_tail(TEXTS.question(QuestionKind.OFFER, None, DETAILS)) == "0014"


class Stage:
    """Takes down what the script does."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.written = 0
        self.script = Script(
            PEOPLE, self.publish, self.answer, lambda _phone: self.written, pause=0.01, settle=0
        )

    async def publish(self, events: Sequence[Published]) -> None:
        self.done += [event.type for event in events]

    async def answer(self, phone: str, text: str) -> None:
        self.done.append(f"{phone[-2:]} {text}")


async def test_citizens_answer_what_is_theirs_and_something_happens_first() -> None:
    stage = Stage()
    family = next(c for c in PEOPLE if "son" in c.story)
    refused = next(c for c in PEOPLE if c.expected == ("refused 4",))
    offer = TEXTS.question(QuestionKind.OFFER, None, Details(iin_tail=family.iin[-4:]))
    account = TEXTS.question(QuestionKind.ACCOUNT, Language.RUSSIAN, Details())
    assert family.phone
    assert refused.phone
    stage.script.received(family.phone, offer)
    await asyncio.sleep(0.1)
    assert stage.done == [f"{family.phone[-2:]} 0"]
    stage.script.received(refused.phone, account)
    await asyncio.sleep(0.1)
    assert stage.done[1:] == [sample.BENEFIT, f"{refused.phone[-2:]} {sample.IBAN}"]


async def test_a_person_who_presses_first_is_not_contradicted() -> None:
    stage = Stage()
    hero = PEOPLE[0]
    assert hero.phone
    stage.script.received(hero.phone, TEXTS.question(QuestionKind.ACCOUNT, Language.KAZAKH, Details()))
    await asyncio.sleep(0)
    stage.written = 1
    await asyncio.sleep(0.1)
    assert stage.done == []


def test_outcomes_are_held_against_what_is_expected() -> None:
    outcomes = Outcomes(PEOPLE[:1])
    hero = PEOPLE[0]
    granted = {"iin": hero.iin, "outcome": "granted", "language": "kk", "scheme": "standalone"}
    assert not outcomes.complete()
    assert outcomes.note(DECIDED, granted) == "granted kk standalone"
    assert outcomes.complete()
    assert outcomes.as_expected(hero)
    outcomes.note(ENDED, {"iin": hero.iin, "reason": "no_reply"})
    assert not outcomes.as_expected(hero)
    assert json.loads(sample.lines(hero.events))["type"] == sample.TITLE
