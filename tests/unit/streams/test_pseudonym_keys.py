"""Keys of pseudonyms of before: who is in use under them stays, and what does not fit together is said."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from schemas.ids import FormerKey, Pseudonyms
from streams.pseudonym_keys import WIDTH, PseudonymKeysError, fingerprint, pseudonyms_of, read, write
from streams.settings.settings import Settings

OLDER, FORMER, PRESENT = (name * 4 for name in ("an-older-key", "the-former-key", "the-present-key"))
names = st.sets(st.binary(min_size=WIDTH, max_size=WIDTH), max_size=40)


def kept(*pseudonyms: str) -> list[bytes]:
    return sorted(bytes.fromhex(each)[:WIDTH] for each in pseudonyms)


def settings_with(path: Path | None, previous: str = "", key: str = PRESENT) -> Settings:
    return Settings(
        pseudonym_key=SecretStr(key), pseudonym_key_previous=SecretStr(previous), pseudonyms_in_use=path
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Of one person under each of two keys."""
    older, former = Pseudonyms(OLDER.encode()), Pseudonyms(FORMER.encode())
    write(
        tmp_path / "in-use",
        {
            fingerprint(FORMER.encode()): kept(former.person("2"), former.phone("+7")),
            fingerprint(OLDER.encode()): kept(older.person("1")),
        },
    )
    return tmp_path / "in-use"


@with_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(one=names, two=names, others=names)
def test_what_is_written_is_found_and_nothing_else(
    tmp_path: Path, one: set[bytes], two: set[bytes], others: set[bytes]
) -> None:
    path = tmp_path / "in-use"
    twice = sorted([*one, *one])
    assert write(path, {"a": twice, "b": sorted(two)}) == {"a": len(one), "b": len(two)}
    found = read(path)
    for key, expected in (("a", one), ("b", two)):
        assert [found[key][number] for number in range(len(found[key]))] == sorted(expected)
        for each in one | two | others:
            assert ((each + bytes(24)).hex() in found[key]) == (each in expected)


def test_whoever_is_in_use_keeps_the_pseudonym_and_others_are_under_the_present_key(file: Path) -> None:
    older, former, present = (Pseudonyms(key.encode()) for key in (OLDER, FORMER, PRESENT))
    found = pseudonyms_of(settings_with(file, f"{FORMER} {OLDER}"))
    assert found.person("1") == older.person("1")
    assert found.person("2") == former.person("2")
    assert found.phone("+7") == former.phone("+7")
    assert found.person("3") == present.person("3")
    assert found.phone("2") != found.phone("+7")


def test_the_newest_key_is_first_however_they_are_typed(file: Path) -> None:
    typed = (f"{FORMER} {OLDER}", f"{OLDER} {FORMER}")
    assert {pseudonyms_of(settings_with(file, each)).keys for each in typed} == {
        (PRESENT.encode(), FORMER.encode(), OLDER.encode())
    }


def test_an_event_of_somebody_known_has_the_id_of_before() -> None:
    former = Pseudonyms(b"f")
    found = Pseudonyms(b"p", (FormerKey(b"f", {former.person("1")}),))
    assert found.id("portal-1", "1") == former.id("portal-1", "1") == former.id("portal-1")
    assert found.id("portal-2", "2") == Pseudonyms(b"p").id("portal-2")
    assert found.ids("aigul") == (Pseudonyms(b"p").id("aigul"), former.id("aigul"))


def test_without_former_keys_nothing_is_asked() -> None:
    assert pseudonyms_of(settings_with(None)) == Pseudonyms(PRESENT.encode())


@pytest.mark.parametrize(
    ("previous", "key", "with_file", "line"),
    [
        (FORMER, PRESENT, "", "JARDEM_PSEUDONYMS_IN_USE is missing while JARDEM_PSEUDONYM_KEY_PREVIOUS"),
        ("", PRESENT, "with it", "JARDEM_PSEUDONYM_KEY_PREVIOUS is missing while JARDEM_PSEUDONYMS_IN_USE"),
        (f"{FORMER} {OLDER}", FORMER, "with it", "name a key twice"),
        (f"{FORMER} {FORMER}", PRESENT, "with it", "name a key twice"),
        (FORMER, PRESENT, "with it", "lacks the key with the fingerprint " + fingerprint(OLDER.encode())),
        (f"{FORMER} {OLDER} x", PRESENT, "with it", "not written under the key with the fingerprint"),
    ],
)
def test_keys_and_file_that_do_not_go_together_are_refused(
    file: Path, previous: str, key: str, with_file: str, line: str
) -> None:
    with pytest.raises(PseudonymKeysError, match=line):
        pseudonyms_of(settings_with(file if with_file else None, previous, key))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda content: content[:0], "it is no file of pseudonyms"),
        (lambda content: b"iin,phone\n" + content, "it is no file of pseudonyms"),
        (lambda content: content[:-1], "it is cut or was changed"),
        (lambda content: content + bytes(WIDTH), "it is cut or was changed"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "it is cut or was changed"),
        (lambda content: content.replace(b'"count": 2', b'"count": 9'), "it is cut or was changed"),
        (lambda content: content.replace(b'"keys"', b'"kids"'), "its head cannot be read"),
        (lambda content: content[: content.index(b"\n") + 1] + b"[]\n", "its head cannot be read"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused(file: Path, spoil: object, why: str) -> None:
    assert callable(spoil)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(PseudonymKeysError, match=why):
        read(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PseudonymKeysError, match=r"in-use cannot be used .*No such file"):
        read(tmp_path / "in-use")
    with pytest.raises(PseudonymKeysError, match="its folder cannot be written"):
        write(tmp_path / "nowhere" / "in-use", {})


def test_the_file_is_for_its_owner_alone_and_a_failure_leaves_the_former_one(file: Path) -> None:
    assert file.stat().st_mode & 0o077 == 0
    before = file.read_bytes()
    with pytest.raises(ValueError, match="ascending"):
        write(file, {"a": [b"b" * WIDTH, b"a" * WIDTH]})
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
