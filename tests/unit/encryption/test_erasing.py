"""When a person may be erased, and what is left where something comes in between."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.persons import erasing
from ops.persons.erasing import AskedWronglyError, Erasure, NotErasedError, Said, erase, person_from
from ops.persons.known import Standings
from schemas.cloudevents import encode, wrap
from schemas.ids import PersonId, PhoneId, Pseudonyms
from schemas.outcomes import CaseAdvanced
from streams.key_store.store import StoredKey
from streams.records import Record
from streams.settings.settings import Settings
from tests.command import run
from tests.documents import chain
from tests.unit.encryption.keys import NUMBER, PERSON, SECRET, keyring, store_in

SAID = Said("operator-1", "asked by the person", datetime(2027, 3, 1, tzinfo=UTC))
ERASURE = Erasure(PersonId(PERSON), has_key=True, cases=1, numbers=frozenset({PhoneId(NUMBER)}))


def settings_in(folder: Path) -> Settings:
    return Settings.model_validate(
        {"encryption_key": SECRET, "keys_database": f"sqlite:///{folder / 'keys.sqlite'}"}
    )


async def keys_in(folder: Path) -> dict[str, StoredKey]:
    store = store_in(folder)
    await keyring(store).of_subjects([PERSON, NUMBER])
    found = dict(await store.of_subjects([PERSON, NUMBER]))
    await store.stop()
    return found


@pytest.mark.parametrize(("waiting", "open_cases"), [(1, []), (0, ["a case is open"])])
def test_what_comes_meanwhile_leaves_the_keys_as_they_were(
    waiting: int, open_cases: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asyncio.run(keys_in(tmp_path))

    class Found:
        def obstacles(self) -> list[str]:
            return open_cases

    def unhandled(_: Settings, subjects: Collection[str]) -> int:
        assert set(subjects) == {PERSON, NUMBER}
        return waiting

    monkeypatch.setattr(erasing, "unhandled", unhandled)
    monkeypatch.setattr(erasing, "standings_of", lambda *_: Found())
    with pytest.raises(NotErasedError, match=r"not handled yet|a case is open"):
        erase(settings_in(tmp_path), ERASURE, SAID, lambda _: None, seconds=0)
    assert asyncio.run(keys_in(tmp_path)) == before


def test_who_has_no_key_is_not_erased(tmp_path: Path) -> None:
    nobody = Erasure(PersonId(PERSON), has_key=False, cases=0)
    with pytest.raises(NotErasedError, match="has no key"):
        erase(settings_in(tmp_path), nobody, SAID, lambda _: None, seconds=0)


def test_a_case_may_be_forgotten_when_its_last_step_is_the_purge() -> None:
    found = Standings()
    steps = chain()
    for number, step in enumerate(steps):
        found.take(record(step, number))
    assert len(found.obstacles()) == len({step["case_id"] for step in steps})
    last = steps[-1]
    found.take(record({**last, "step": last["step"] + 1, "note": "purged"}, 99))
    assert len(found.obstacles()) == len({step["case_id"] for step in steps}) - 1


def record(step: dict[str, object], offset: int) -> Record:
    event = CaseAdvanced.model_validate(step)
    headers, value = encode(wrap(event, id_=str(offset), source="s", time=SAID.at, extensions={}))
    return Record("case.advanced.v1", 0, offset, SAID.at, PERSON.encode(), value, headers)


def test_an_iin_is_no_argument() -> None:
    pseudonyms = Pseudonyms(b"k")
    assert person_from(PERSON, pseudonyms) == PERSON
    with pytest.raises(AskedWronglyError, match="an IIN is never typed as an argument"):
        person_from("850101300015", pseudonyms)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["person", "erase", PERSON], "--reason and --operator are missing"),
        (["person", "erase", "--check", "850101300015"], "PERSON is a person_id of 64 hex digits"),
        (["person", "erase", "--check", PERSON], "nothing is encrypted here"),
    ],
)
def test_what_was_asked_wrongly_is_said(arguments: list[str], said: str) -> None:
    code, lines = run(*arguments, KAFKA="127.0.0.1:1")
    assert (code, said in lines) == (2, True), lines
    assert "850101300015" not in lines
