"""The demo beside the console: its users, what it prints, and what it does where there is no console."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from ops.console import extra
from ops.console.access import Role
from ops.console.users import UsersFile, verified
from ops.demo import run as demo
from ops.demo.installation import Installation
from ops.demo.show import Show
from ops.demo.users import make_users


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def show(printed: io.StringIO) -> Show:
    return Show(Console(file=printed, width=200))


def test_there_is_a_user_for_each_role_with_another_password_each_time(tmp_path: Path) -> None:
    first, second = make_users(tmp_path / "first.json"), make_users(tmp_path / "second.json")
    assert [user.role for user in first] == list(Role)
    assert len({user.password for user in (*first, *second)}) == 2 * len(Role)
    file = UsersFile(tmp_path / "second.json")
    for user in second:
        found = file.find(user.name)
        assert found is not None
        assert found.roles == {user.role}
        assert verified(found, user.password)
        assert user.password not in repr(user)


def test_where_to_look_is_printed(show: Show, printed: io.StringIO, tmp_path: Path) -> None:
    users = make_users(tmp_path / "users.json")
    show.where("http://handsets", console="http://console", start="http://start", users=users)
    text = printed.getvalue()
    for told in ("http://handsets/", "http://console/", "http://start/", *(user.password for user in users)):
        assert told in text


def test_without_the_consoles_packages_the_demo_says_so_and_goes_on(
    show: Show, printed: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extra, "_NEEDED", ("a_package_that_nobody_has",))
    assert demo._console_users(show, tmp_path) == ()
    text = " ".join(printed.getvalue().split())
    assert "a_package_that_nobody_has" in text
    assert "jardem[console]" in text
    assert "goes on without the console" in text
    assert list(tmp_path.iterdir()) == []


def test_the_console_runs_only_where_it_is_asked_for(tmp_path: Path) -> None:
    without = Installation("127.0.0.1:9092", tmp_path)
    assert without.console_url is None
    assert not [name for name in without.env if "CONSOLE" in name]
    beside = Installation(
        "127.0.0.1:9092", tmp_path, console_port=8090, console_users=tmp_path / "users.json"
    )
    assert beside.console_url == "http://127.0.0.1:8090"
    assert beside.env["JARDEM_CONSOLE_BIND"] == "127.0.0.1:8090"
    assert beside.env["JARDEM_CONSOLE_USERS"] == str(tmp_path / "users.json")
