"""What a user can mend is said by every command in lines, with an exit code, and never in a traceback."""

import importlib
import json
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
from ops.acls import own_rights
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
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "version").write_text("other\n")
    for language in ("kk", "ru"):
        words = {"revoked": "{iin_tail} жаңа", "granted": "{iin_tail}: 7"}
        (tmp_path / "texts" / f"{language}.json").write_text(json.dumps(words), encoding="utf-8")
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
        # Migrations run when they are imported.
        if not found.name.endswith("__main__") and ".migrations." not in found.name
    ]
    errors = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == module.__name__
    }
    assert {error.__name__ for error in errors} >= {"BrokerError", "DemoError", "SettingsError"}
    # A promise that the simulation sees broken is ours to mend.
    others = [error for error in errors if not issubclass(error, UserError)]
    # What happens while a page is asked for is told on it, what the follower meets it gets over, and a caller
    # over HTTP has an answer; the load of a benchmark tells its parent; a page
    # says which figure is still to come.
    within = ("ops.console.", "ops.read_model.", "ops.http_intake.", "ops.bench.load", "ops.capacity")
    assert [error for error in others if not error.__module__.startswith(within)] == [BrokenPromiseError]


REACHING = [
    ["worker"],
    ["webhooks"],
    ["http-intake"],
    ["publish", "-"],
    ["topics", "apply"],
    ["topics", "apply", "--check"],
]


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
        (["bench", "lifecycle", "--kafka", NOWHERE], {}, 1, NOWHERE),
        (["bench", "growth", "--against", "file"], {}, 2, "file has no jardem.py"),
        (["bench", "rest", "--against", ".", "--kafka", NOWHERE], {}, 2, "leave out --kafka"),
        (["bench", "rivals", "nobody"], {}, 1, "there is no rival nobody"),
        (["handset", "--url", "http://127.0.0.1:1"], {}, 1, "no simulated SMS API answers"),
        (["handset", "--url", "nowhere"], {}, 1, "no simulated SMS API answers"),
        (["handset", "--url", "http://[::1", "+77010000001"], {}, 1, "no simulated SMS API answers"),
        (["handset", "12"], {}, 2, "E.164"),
        (["doctor"], COMPLETE | {"TIME_SCALE": "fast"}, 1, "JARDEM_TIME_SCALE cannot be read"),
        (["doctor"], COMPLETE, 1, NOWHERE),
        (["doctor"], COMPLETE, 1, "the texts are ours, version 1 "),
        (["doctor"], COMPLETE | {"TEXTS_DIR": "texts"}, 1, "JARDEM_TEXTS_DIR: kk.json, granted: offers 7"),
        (["worker"], COMPLETE | {"TEXTS_DIR": "texts"}, 2, "JARDEM_TEXTS_DIR: kk.json, granted: offers 7"),
        (["worker"], COMPLETE | {"TRACES": "collector:4318"}, 2, "JARDEM_TRACES cannot be read"),
        (["texts"], {"TEXTS_DIR": "texts"}, 2, "JARDEM_TEXTS_DIR: kk.json, granted: offers 7"),
        (["texts"], {"TEXTS_DIR": "nowhere"}, 2, "JARDEM_TEXTS_DIR: nowhere cannot be read"),
        (["texts"], {"TIME_SCALE": "fast"}, 2, "JARDEM_TIME_SCALE cannot be read"),
        (["doctor"], COMPLETE | {"DATA_DIR": "file"}, 1, "file"),
        (["doctor"], COMPLETE | {"KAFKA_TLS": "true", "KAFKA_TLS_CA": "nowhere"}, 1, "JARDEM_KAFKA_TLS_CA"),
    ],
)
def test_other_arguments_folders_and_addresses(
    command: Command, arguments: list[str], settings: dict[str, str], code: int, said: str
) -> None:
    ended, lines = command.run(arguments, settings)
    assert (ended, said in lines) == (code, True), lines


IIN = "850101300015"
CASE = "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"
THERE = {"KAFKA": NOWHERE}
PRODUCTION = {
    "PROFILE": "production",
    "ENCRYPTION": "off",
    "KAFKA": NOWHERE,
    "KAFKA_TLS": "true",
    "PSEUDONYM_KEY": COMPLETE["PSEUDONYM_KEY"],
}


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["verify", "--log"], {}, "JARDEM_KAFKA is missing"),
        (["verify", "--log"], THERE, NOWHERE),
        (["verify", "--log", "--documents", "nowhere"], THERE, "nowhere cannot be read"),
        (["verify", "--log"], THERE | {"SIGNING_KEYS": "nowhere"}, "nowhere has no keys.json"),
        (["status", "--once"], {"CONSOLE_DATABASE": "mysql://somewhere"}, "JARDEM_CONSOLE_DATABASE"),
        (["status", "--once"], {"CONSOLE_DATABASE": "postgresql://127.0.0.1:1/none"}, "does not answer"),
        (["status", "--once"], PRODUCTION | {"CONSOLE_KEY": ""}, "JARDEM_CONSOLE_KEY is missing"),
        (["case", "nothing"], THERE, "No such command"),
        (["case", "list"], {}, "JARDEM_KAFKA is missing"),
        (["case", "list"], THERE, NOWHERE),
        (["case", "list"], {"KAFKA": "no.such.host.invalid:9092"}, "no.such.host.invalid:9092"),
        (["case", "list", "--limit", "0"], THERE, "--limit"),
        (["case", "show"], THERE, "CASE"),
        (["case", "show", CASE], {}, "JARDEM_KAFKA is missing"),
        (["case", "show", CASE], THERE, NOWHERE),
        (["case", "show", IIN], THERE, "CASE is no id of a case"),
        (["case", "show", CASE, "--evidence"], PRODUCTION, "JARDEM_SIGNING_KEYS is missing"),
        (["case", "show", CASE, "--evidence"], THERE | {"SIGNING_KEYS": "file"}, "file/keys.json"),
        (["case", "consent"], THERE, "name a CASE, or give --person -"),
        (["case", "consent", CASE, "--person", "-"], THERE, "name a CASE, or give --person -"),
        (["case", "consent", IIN], THERE, "CASE is no id of a case"),
        (["case", "consent", "--person", IIN], THERE, "--person takes - and nothing else"),
        (["case", "consent", CASE], PRODUCTION, "JARDEM_SIGNING_KEYS is missing"),
        (["case", "consent", CASE], THERE, NOWHERE),
        (["case", "replay"], THERE, "CASE"),
        (["case", "replay", CASE], {}, "JARDEM_KAFKA is missing"),
        (["case", "replay", CASE], THERE, NOWHERE),
        (["case", "replay", IIN], THERE, "CASE is no id of a case"),
        (
            ["case", "replay", CASE, "--rules", "order-225"],
            THERE,
            "no rules 'order-225'; there are: order-225-2021/1, social-code-2023/0",
        ),
        (["case", "replay", CASE, "--rules", "social-code-2023/0"], THERE, NOWHERE),
        (["case", "replay", CASE], THERE | {"TEXTS_DIR": "nowhere"}, "JARDEM_TEXTS_DIR: nowhere"),
        (["case", "replay", CASE], THERE | {"OFFICER_KEYS": "nowhere"}, "nowhere"),
        (["webhooks"], COMPLETE | {"SIGNING_KEYS": "nowhere"}, "nowhere has no keys.json"),
        (["dead-letters", "nothing"], THERE, "No such command"),
        (["dead-letters", "list"], {}, "JARDEM_KAFKA is missing"),
        (["dead-letters", "list"], THERE, NOWHERE),
        (["dead-letters", "list", "--limit", "0"], THERE, "--limit"),
        (["dead-letters", "show"], THERE, "ID"),
        (["dead-letters", "show", "0/12"], THERE, NOWHERE),
        (["dead-letters", "show", IIN + "x"], THERE, "ID is no id of a dead letter"),
        (["dead-letters", "redrive", "12", "--reason", "mended"], THERE, "--operator"),
        (["dead-letters", "redrive", "12", "--operator", "me"], THERE, "--reason"),
        (["dead-letters", "redrive", "--reason", "mended", "--operator", "me"], THERE, "ID"),
        (["dead-letters", "redrive", "12", "--reason", "mended", "--operator", "me"], THERE, NOWHERE),
        (["dead-letters", "discard", "a/b", "--reason", "junk", "--operator", "me"], THERE, "ID is no id"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else None,
)
def test_what_the_topics_cannot_be_asked(
    command: Command, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    """Exit code 1 is kept for an answer that is no: here there is none at all."""
    ended, lines = command.run(arguments, settings)
    assert (ended, said in lines) == (2, True), lines
    assert IIN not in lines


ABROAD = COMPLETE | {
    "PROFILE": "production",
    "ENCRYPTION": "off",
    "TWILIO_API_URL": "https://api.us1.twilio.com",
}


@pytest.mark.parametrize(("arguments", "code"), [("worker", 2), ("webhooks", 2), ("doctor", 1)])
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ABROAD,
            "JARDEM_CROSS_BORDER_SMS is not set, and the carrier at https://api.us1.twilio.com is outside",
        ),
        (ABROAD | {"CROSS_BORDER_SMS": "no"}, "JARDEM_CROSS_BORDER_SMS cannot be read (no): set it to allow"),
    ],
)
def test_a_carrier_abroad_that_is_not_allowed(
    command: Command, arguments: str, code: int, settings: dict[str, str], said: str
) -> None:
    ended, lines = command.run([arguments], settings)
    assert (ended, said in lines) == (code, True), lines


def test_a_data_folder_that_cannot_be_written(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "require_broker", lambda _: None)
    monkeypatch.setattr(own_rights, "require_rights", lambda *_: None)
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


def test_the_texts_in_the_place_of_ours_are_shown_with_their_version(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ended, lines = command.run(["texts"], {})
    assert (ended, "What citizens are sent, version 1 " in lines, "жаңа" in lines) == (0, True, False)
    for language in ("kk", "ru"):
        (tmp_path / "texts" / f"{language}.json").write_text(
            '{"revoked": "{iin_tail} жаңа"}', encoding="utf-8"
        )
    ended, lines = command.run(["texts"], {"TEXTS_DIR": "texts"})
    assert (ended, "sent, version 1+other" in lines, "0017 жаңа" in lines) == (0, True, True)
    _, lines = command.run(["doctor"], COMPLETE | {"TEXTS_DIR": "texts"})
    assert "ok the texts are ours and those of texts, version 1+other" in lines


def test_a_handset_of_another_service(command: Command, stranger: str) -> None:
    ended, lines = command.run(["handset", "--url", stranger], {})
    assert ended == 1
    assert "no simulated SMS API answers" in lines


@pytest.mark.parametrize("command_name", ["worker", "webhooks"])
def test_traces_without_their_extra_are_refused_before_the_broker_is_looked_for(
    command: Command, command_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.tracer.find_spec", lambda _: None)
    ended, lines = command.run([command_name], COMPLETE | {"TRACES": "http://127.0.0.1:4318"})
    assert ended == 2
    assert "JARDEM_TRACES is set" in lines
    assert "extra `tracing`" in lines
