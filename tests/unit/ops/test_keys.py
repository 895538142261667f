import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.bootstrap import case_documents
from ops.keys.folder import authorise, listed, new_key, rotate
from schemas.cabinet import CabinetNotified
from streams.jws import read_compact
from streams.key_set import DEMO_KEYS, KeyFolder, KeysError, PrivateKey, VerifyingKey
from streams.settings.settings import Settings
from streams.signing import load_signer, verify_document
from tests.command import run
from tests.documents import every_kind

NOW = datetime(2021, 7, 1, tzinfo=UTC)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)


def test_a_new_key_signs_from_its_beginning_on(tmp_path: Path) -> None:
    kid = new_key(tmp_path / "keys", NOW, None)
    event = load_signer(tmp_path / "keys", "Біз").issue(every_kind()[0])
    keys = KeyFolder(tmp_path / "keys").key_set()
    assert verify_document(event.document, keys).key.kid == kid
    assert (keys.keys[0].jardem_from, keys.keys[0].jardem_until) == (NOW, None)


def test_a_beginning_in_the_past_and_one_that_is_taken_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="is past"):
        new_key(tmp_path, NOW, NOW - timedelta(seconds=1))
    assert list(tmp_path.iterdir()) == []
    new_key(tmp_path, NOW, NOW)
    with pytest.raises(KeysError, match="begins at 2021-07-01T00:00:00Z already"):
        new_key(tmp_path, NOW, NOW)


def test_a_worker_that_runs_signs_with_the_next_key_once_that_has_begun(tmp_path: Path) -> None:
    first = new_key(tmp_path, NOW, NOW)
    documents = case_documents(Settings(signing_keys=tmp_path), "1")
    assert documents.signer
    claims = every_kind()[0]
    assert kid_of(documents.signer.issue(claims.with_(issued_at=NOW))) == first
    second, _ = rotate(tmp_path, NOW, NOW + WEEK, MONTH)
    signed = [
        kid_of(documents.signer.issue(claims.with_(issued_at=at)))
        for at in (NOW, NOW + WEEK - timedelta(seconds=1), NOW + WEEK)
    ]
    assert signed == [first, first, second]
    (tmp_path / "keys.json").unlink()
    with pytest.raises(KeysError, match=r"keys\.json cannot be read"):
        documents.signer.issue(claims.with_(issued_at=NOW))


def kid_of(notified: CabinetNotified) -> str:
    kid = read_compact(notified.document).header["kid"]
    assert isinstance(kid, str)
    return kid


def test_a_rotated_key_verifies_what_it_signed_and_the_new_one_signs(tmp_path: Path) -> None:
    first = new_key(tmp_path, NOW, None)
    before = load_signer(tmp_path, "x").issue(every_kind()[0])
    second, former = rotate(tmp_path, NOW, NOW + WEEK, MONTH)
    assert former == first != second
    keys = KeyFolder(tmp_path).key_set()
    assert [key.kid for key in keys.keys] == [first, second]
    assert keys.keys[0].jardem_until == NOW + WEEK + MONTH
    assert keys.signing_at(NOW + WEEK - timedelta(seconds=1)) == keys.keys[0]
    assert keys.signing_at(NOW + WEEK) == keys.keys[1]
    assert verify_document(before.document, keys).key.kid == first
    assert load_signer(tmp_path, "x").issue(every_kind()[0]).document != before.document
    with pytest.raises(KeysError, match="no key to follow"):
        rotate(tmp_path / "none", NOW, NOW + WEEK, MONTH)


def test_an_act_lets_a_key_decide(tmp_path: Path) -> None:
    kid = new_key(tmp_path, NOW, None)
    authorise(tmp_path, kid, " Приказ № 7 ")
    assert KeyFolder(tmp_path).key_set().keys[0].jardem_authorised_by == "Приказ № 7"
    with pytest.raises(KeysError, match="has no key x"):
        authorise(tmp_path, "x", "Приказ")
    with pytest.raises(KeysError, match="--by is empty"):
        authorise(tmp_path, kid, " ")


def test_the_list_says_which_signs_now(tmp_path: Path) -> None:
    assert list(listed(KeyFolder(tmp_path).key_set(), NOW)) == ["no keys"]
    kid = new_key(tmp_path, NOW, None)
    authorise(tmp_path, kid, "Приказ № 7")
    rotate(tmp_path, NOW, NOW + WEEK, MONTH)
    first, second = listed(KeyFolder(tmp_path).key_set(), NOW)
    until = "until 2021-08-07T00:00:00Z"
    assert first == f"{kid}  from 2021-07-01T00:00:00Z, {until}, authorised by Приказ № 7, signs now"
    assert second.endswith("from 2021-07-08T00:00:00Z, no end")
    assert "the demo's, signs now" in next(listed(DEMO_KEYS, NOW))


def test_the_commands_do_it(tmp_path: Path) -> None:
    folder = str(tmp_path / "keys")
    code, kid = run("keys", "new", SIGNING_KEYS=folder)
    assert (code, len(kid)) == (0, 44)
    code, said = run("keys", "rotate", SIGNING_KEYS=folder)
    assert code == 0
    assert len(said.split()[0]) == 43
    code, said = run("keys", "list", "--json", SIGNING_KEYS=folder)
    found = json.loads(said)["keys"]
    assert [key["signs_now"] for key in found] == [True, False]
    assert found[0]["kid"] == kid.strip()
    assert run("keys", "authorise", kid.strip(), "--by", "Приказ", SIGNING_KEYS=folder)[0] == 0
    code, said = run("keys", "list", SIGNING_KEYS=folder)
    assert "authorised by Приказ" in said
    code, exported = run("keys", "export", "-", SIGNING_KEYS=folder)
    assert exported == (tmp_path / "keys" / "keys.json").read_text()
    assert run("keys", "export", str(tmp_path / "public.json"), SIGNING_KEYS=folder)[0] == 0
    assert (tmp_path / "public.json").read_text() == exported
    assert '"d"' not in exported


def test_a_kid_that_begins_with_a_hyphen_is_authorised(tmp_path: Path) -> None:
    private = PrivateKey.new()
    while not private.kid.startswith("-"):
        private = PrivateKey.new()
    made = VerifyingKey(x=private.x, kid=private.kid, jardem_from=NOW)
    folder = KeyFolder(tmp_path)
    folder.add(private, folder.key_set().with_key(made))
    assert run("keys", "authorise", private.kid, "--by", "Приказ", SIGNING_KEYS=str(tmp_path))[0] == 0
    assert folder.key_set().keys[0].jardem_authorised_by == "Приказ"
    code, said = run("keys", "authorise", private.kid, "--buy", "Приказ", SIGNING_KEYS=str(tmp_path))
    assert (code, "--by" in said) == (2, True)


def test_what_cannot_be_done_ends_with_two(tmp_path: Path) -> None:
    assert run("keys", "new", "--into", str(tmp_path), "--from", "2021-01-01T00:00:00Z")[0] == 2
    assert run("keys", "new", "--into", str(tmp_path), "--from", "tomorrow")[0] == 2
    code, said = run("keys", "rotate")
    assert (code, said.startswith("JARDEM_SIGNING_KEYS is missing")) == (2, True)
    assert run("keys", "export", str(tmp_path / "none" / "x"))[0] == 2
