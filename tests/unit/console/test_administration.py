"""`jardem console users` and `jardem console tokens`, as they are typed."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ops.console.extra import ExtraMissingError, require_console
from ops.console.users import UsersError, UsersFile, verified

ROOT = Path(__file__).parents[3]
PASSWORD = "a long password"


def jardem(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")}
    settings = {"JARDEM_CONSOLE_USERS": str(folder / "users.json"), "JARDEM_DATA_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, str(ROOT / "jardem.py"), "console", *arguments],
        input=given,
        env={**kept, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_user_is_added_shown_given_another_password_and_removed(tmp_path: Path) -> None:
    added = jardem(
        tmp_path, "users", "add", "aigul", "--role", "officer", "--role", "viewer", given=PASSWORD + "\n"
    )
    assert (added.returncode, added.stdout + added.stderr) == (0, "")
    path = tmp_path / "users.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert jardem(tmp_path, "users", "list").stdout == "aigul  viewer, officer\n"
    assert verified(UsersFile(path).find("aigul"), PASSWORD)
    again = jardem(tmp_path, "users", "add", "aigul", "--role", "viewer", given=PASSWORD)
    assert again.returncode == 2
    assert "jardem console users password" in again.stderr
    changed = jardem(tmp_path, "users", "password", "aigul", given="another long password")
    assert changed.returncode == 0
    assert not verified(UsersFile(path).find("aigul"), PASSWORD)
    assert verified(UsersFile(path).find("aigul"), "another long password")
    assert jardem(tmp_path, "users", "remove", "aigul").returncode == 0
    assert jardem(tmp_path, "users", "list").stdout == ""
    unknown = jardem(tmp_path, "users", "remove", "aigul")
    assert (unknown.returncode, "there is no user aigul" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("aigul", "--role", "viewer"), "short", "12 to 1000 characters"),
        (("aigul", "--role", "king"), PASSWORD, "viewer, caseworker, officer, operator"),
        (("870412300415", "--role", "viewer"), PASSWORD, "must not hold an IIN"),
        (("token:x", "--role", "viewer"), PASSWORD, "API tokens"),
        (("aigul",), PASSWORD, "--role"),
    ],
)
def test_a_user_that_can_not_be_is_refused_in_words(
    tmp_path: Path, arguments: tuple[str, ...], given: str, said: str
) -> None:
    refused = jardem(tmp_path, "users", "add", *arguments, given=given)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "users.json").exists()


def test_a_token_is_shown_once_and_listed_without_its_secret(tmp_path: Path) -> None:
    made = jardem(tmp_path, "tokens", "new", "--role", "caseworker", "--name", "report", "--days", "30")
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert secret.startswith("jardem_")
    listed = jardem(tmp_path, "tokens", "list").stdout
    assert "report  caseworker, until " in listed
    assert "never used" in listed
    assert secret not in listed + made.stderr
    token_id = listed.split()[0]
    assert jardem(tmp_path, "tokens", "revoke", token_id).returncode == 0
    assert "opens nothing any more" in jardem(tmp_path, "tokens", "list").stdout
    unknown = jardem(tmp_path, "tokens", "revoke", "nothing")
    assert (unknown.returncode, "jardem console tokens list" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, None, "jardem console users add"),
        ('{"users": []}', 0o640, "chmod 600"),
        ("[]", 0o600, "no file of users"),
        ('{"users": [{"name": "a", "roles": ["king"], "password": "$argon2id$x"}]}', 0o600, "users.0.roles"),
        ('{"users": [{"name": "a", "roles": [], "password": "plain secret"}]}', 0o600, "users.0.password"),
    ],
)
def test_a_file_that_can_not_be_used_says_what_to_do(
    tmp_path: Path, content: str | None, mode: int | None, said: str
) -> None:
    path = tmp_path / "users.json"
    if content is not None and mode is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(UsersError) as caught:
        UsersFile(path).users()
    assert said in str(caught.value)
    assert "plain secret" not in str(caught.value)


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    require_console()
    monkeypatch.setattr("ops.console.extra.find_spec", lambda name: None if name == "authlib" else name)
    with pytest.raises(ExtraMissingError) as caught:
        require_console()
    assert "(authlib)" in str(caught.value)
    assert 'pip install "jardem[console]"' in str(caught.value)
