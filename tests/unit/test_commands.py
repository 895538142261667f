"""What a user can mend is said by every command in lines, with an exit code, and never in a traceback."""

import importlib
import logging
import os
import pkgutil
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import jardem
import ops
import sms.simulator
import streams.settings
from ops import reach
from ops.simulation.promises import BrokenPromiseError
from streams import logs
from streams.errors import UserError

NOWHERE = "127.0.0.1:1"
COMPLETE = {
    "KAFKA": NOWHERE,
    "PSEUDONYM_KEY": "0123456789abcdef0123456789abcdef",
    "PUBLIC_URL": "https://jardem.example",
    "SMS_FROM": "+77010000000",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token-of-a-test",
    "TWILIO_API_URL": "http://127.0.0.1:1",
}


class Nonsense(BaseHTTPRequestHandler):
    """Answers, but is no simulator."""

    kind, body = "application/json", b"{"

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)


class OtherJson(Nonsense):
    body = b'{"of": "another service"}'


class Page(Nonsense):
    kind, body = "text/html", b"<html>"


@pytest.fixture(params=[Nonsense, OtherJson, Page])
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Command:
    """The command in this process. Whatever else than an exit comes out of it would be a traceback."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, arguments: list[str], settings: dict[str, str]) -> tuple[int | str | None, str]:
        """The exit code, and what was said."""
        for name, value in settings.items():
            self._monkeypatch.setenv(f"JARDEM_{name}", value)
        self._monkeypatch.setattr(sys, "argv", ["jardem", *arguments])
        with pytest.raises(SystemExit) as ended:
            jardem.main()
        said = self._capsys.readouterr()
        return ended.value.code, " ".join((said.err + said.out).split())


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Command]:
    for name in [name for name in os.environ if name.startswith("JARDEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("a file is no folder")
    (tmp_path / "bad.pem").write_text("no certificate")
    monkeypatch.setenv("JARDEM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(reach, "LISTEN_SECONDS", 0.1)
    monkeypatch.setattr(logs, "configure_logging", lambda: None)
    level = logging.getLogger("kafka").level
    yield Command(monkeypatch, capsys)
    logging.getLogger("kafka").setLevel(level)


def without(name: str) -> dict[str, str]:
    return {known: value for known, value in COMPLETE.items() if known != name}


def test_every_error_of_the_commands_is_one_that_a_user_can_mend() -> None:
    packages = (ops, streams.settings, sms.simulator)
    modules = [
        importlib.import_module(found.name)
        for package in packages
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        if not found.name.endswith("__main__")
    ]
    errors = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == module.__name__
    }
    assert {error.__name__ for error in errors} >= {"BrokerError", "DemoError", "SettingsError"}
    # A promise that the simulation sees broken is ours to mend.
    assert [e for e in errors if not issubclass(e, UserError)] == [BrokenPromiseError]


REACHING = [["worker"], ["webhooks"], ["publish", "-"], ["topics", "apply"], ["topics", "apply", "--check"]]


@pytest.mark.parametrize("arguments", REACHING, ids=" ".join)
@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({}, 2, "JARDEM_KAFKA is missing"),
        (without("KAFKA"), 2, "JARDEM_KAFKA is missing"),
        (COMPLETE | {"TIME_SCALE": "fast"}, 2, "JARDEM_TIME_SCALE cannot be read"),
        (COMPLETE | {"HEALTH_BIND": "here"}, 2, "JARDEM_HEALTH_BIND cannot be read"),
        (without("PSEUDONYM_KEY") | {"PSEUDONYM_KEY_FILE": "nowhere"}, 2, "names nowhere, which cannot"),
        (COMPLETE, 1, NOWHERE),
        (COMPLETE | {"KAFKA": "no.such.host.invalid:9092"}, 1, "no.such.host.invalid:9092"),
        (COMPLETE | {"KAFKA_TLS": "true", "KAFKA_TLS_CA": "nowhere"}, 2, "JARDEM_KAFKA_TLS_CA"),
        (COMPLETE | {"KAFKA_TLS": "true", "KAFKA_TLS_CA": "bad.pem"}, 2, "JARDEM_KAFKA_TLS_CA"),
        (COMPLETE | {"KAFKA_TLS": "true", "KAFKA_TLS_CERT": "bad.pem"}, 2, "JARDEM_KAFKA_TLS_CERT"),
    ],
)
def test_settings_and_a_broker_that_are_not_there(
    command: Command, arguments: list[str], settings: dict[str, str], code: int, said: str
) -> None:
    ended, lines = command.run(arguments, settings)
    assert (ended, said in lines) == (code, True), lines


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "said"),
    [
        (["nothing"], {}, 2, "No such command"),
        (["simulate", "--seeds", "0"], {}, 2, "--seeds"),
        (["publish", "no-such-file"], COMPLETE, 2, "no-such-file"),
        (["publish", "."], COMPLETE, 2, "Is a directory"),
        (["broker", "--kind", "embedded", "--data", "file/below"], {}, 1, "file/below/embedded cannot be"),
        (["broker", "--kind", "embedded"], {"DATA_DIR": "file"}, 1, "cannot be written"),
        (["broker", "--port", "many"], {}, 2, "--port"),
        (["broker", "--kind", "embedded", "--port", "99999"], {}, 2, "--port"),
        (["broker"], {"TIME_SCALE": "fast"}, 2, "JARDEM_TIME_SCALE cannot be read"),
        (["demo"], {"KAFKA": NOWHERE}, 1, NOWHERE),
        (["demo"], {"TIME_SCALE": "fast"}, 2, "JARDEM_TIME_SCALE cannot be read"),
        (["bench", "desk"], {"KAFKA": NOWHERE}, 1, NOWHERE),
        (["bench", "desk"], {"TIME_SCALE": "fast"}, 2, "JARDEM_TIME_SCALE cannot be read"),
        (["handset", "--url", "http://127.0.0.1:1"], {}, 1, "no simulated SMS API answers"),
        (["handset", "--url", "nowhere"], {}, 1, "no simulated SMS API answers"),
        (["handset", "--url", "http://[::1", "+77010000001"], {}, 1, "no simulated SMS API answers"),
        (["handset", "12"], {}, 2, "E.164"),
        (["doctor"], COMPLETE | {"TIME_SCALE": "fast"}, 1, "JARDEM_TIME_SCALE cannot be read"),
        (["doctor"], COMPLETE, 1, NOWHERE),
        (["doctor"], COMPLETE | {"DATA_DIR": "file"}, 1, "file"),
        (["doctor"], COMPLETE | {"KAFKA_TLS": "true", "KAFKA_TLS_CA": "nowhere"}, 1, "JARDEM_KAFKA_TLS_CA"),
    ],
)
def test_other_arguments_folders_and_addresses(
    command: Command, arguments: list[str], settings: dict[str, str], code: int, said: str
) -> None:
    ended, lines = command.run(arguments, settings)
    assert (ended, said in lines) == (code, True), lines


def test_a_data_folder_that_cannot_be_written(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "require_broker", lambda _: None)
    ended, lines = command.run(["worker"], COMPLETE | {"DATA_DIR": "file/below"})
    assert ended == 1
    assert "file/below/streams cannot be written" in lines
    assert "JARDEM_DATA_DIR" in lines


def test_a_cache_folder_that_cannot_be_written(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mvn").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "bin" / "mvn").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    ended, lines = command.run(["broker", "--fetch-only"], {})
    assert ended == 1
    assert "cannot be written" in lines
    assert "XDG_CACHE_HOME" in lines


def test_a_handset_of_another_service(command: Command, stranger: str) -> None:
    ended, lines = command.run(["handset", "--url", stranger], {})
    assert ended == 1
    assert "no simulated SMS API answers" in lines
