"""The pages say the truth: their examples run, and what they name is there."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

import streams.logs
import streams.worker
from schemas.cloudevents import decode
from streams.key_set import PrivateKey
from streams.registry_signatures import load_registry_keys, public_jwk
from streams.settings.settings import Settings
from streams.settings.values import variable
from tests.unit.docs.pages import (
    PAGES,
    ROOT,
    anchors,
    blocks,
    json_faults,
    link_faults,
    name_faults,
    python_faults,
    shell_faults,
    spans,
    variable_faults,
)

UPSTREAM = ROOT / "docs" / "upstream"
HISTORY = (ROOT / "docs" / "decisions", ROOT / "docs" / "reports")
"""What was decided or measured then is not rewritten when a file moves."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_page = pytest.mark.parametrize("path", PAGES, ids=named)


@every_page
def test_commands_options_targets_and_events_in_examples_are_there(path: Path) -> None:
    scripts = [block.text for block in blocks(text(path)) if block.language == "sh"]
    # A command that is only named has no arguments yet.
    named_only = re.compile(r"jardem [a-z ]+")
    scripts += [
        f"{span} --help" if named_only.fullmatch(span) else span
        for span in spans(text(path))
        if span.startswith(("jardem ", "make ", "python -m "))
    ]
    assert [fault for script in scripts for fault in shell_faults(script)] == []


@every_page
def test_json_is_json_and_an_event_one_of_ours(path: Path) -> None:
    found = [block.text for block in blocks(text(path)) if block.language == "json"]
    assert [fault for block in found for fault in json_faults(block)] == []


@every_page
def test_variables_links_and_names_lead_somewhere(path: Path) -> None:
    faults = [*variable_faults(text(path)), *link_faults(text(path), path.parent)]
    faults += [] if path.parent in HISTORY else name_faults(text(path))
    assert faults == []


SIGNED = ROOT / "docs" / "producers.md"
OURS = [path for path in PAGES if path.parent != UPSTREAM and path != SIGNED]
PYTHON = [(path, block.text) for path in OURS for block in blocks(text(path)) if block.language == "python"]


@pytest.mark.parametrize(("path", "code"), PYTHON, ids=[named(path) for path, _ in PYTHON])
def test_python_runs_up_to_the_worker_that_it_would_start(
    path: Path, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[Any] = []

    def run_worker(app: object, _bind: object) -> int:
        started.append(app)
        return 0

    monkeypatch.setattr(streams.worker, "run_worker", run_worker)
    monkeypatch.setattr(streams.logs, "configure_logging", lambda: None)
    for name, value in (("KAFKA", "localhost:9092"), ("TWILIO_ACCOUNT_SID", "AC1"), ("SMS_FROM", "1414")):
        monkeypatch.setenv(f"JARDEM_{name}", value)
    monkeypatch.setenv("JARDEM_TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setenv("JARDEM_PUBLIC_URL", "https://sms.example.kz")
    monkeypatch.setenv("JARDEM_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        exec(compile(code, str(path), "exec"), {"__name__": "example"})  # noqa: S102 - that is the test
    assert ended.value.code == 0
    assert len(started) == 1


def test_what_producers_are_shown_signs_an_event_that_is_taken(tmp_path: Path) -> None:
    (code,) = [block.text for block in blocks(text(SIGNED)) if block.language == "python"]
    (shown,) = [block.text for block in blocks(text(SIGNED)) if block.language == "json"]
    made: dict[str, Any] = {}
    exec(compile(code, str(SIGNED), "exec"), made)  # noqa: S102 - that is the test
    (tmp_path / "titles.json").write_text(shown)
    load_registry_keys(tmp_path)
    keys = json.loads(shown)
    keys["keys"][0] = {**public_jwk(PrivateKey(made["key"])), "kid": keys["keys"][0]["kid"]}
    (tmp_path / "titles.json").write_text(json.dumps(keys))
    event = decode(made["value"], made["headers"], timestamp=None)
    load_registry_keys(tmp_path).check("registry.title-awarded.v1", event, datetime.now(UTC))


QUOTED = [
    (path, block.text)
    for path in sorted(UPSTREAM.glob("*.md"))
    for block in blocks(text(path))
    if block.language == "python"
]


@pytest.mark.parametrize(("path", "code"), QUOTED, ids=[named(path) for path, _ in QUOTED])
def test_what_is_quoted_for_upstream_is_python(path: Path, code: str) -> None:
    assert list(python_faults(code)) == [], path


def test_what_a_cause_quotes_stands_in_the_pinned_faust() -> None:
    page = text(UPSTREAM / "m2-commit-over-a-hole.md")
    source = distribution("faust-streaming").locate_file("faust/transport/consumer.py").read_text()
    quoted = [line.strip() for line in blocks(page)[0].text.splitlines()]
    assert "\n".join(quoted) in "\n".join(line.strip() for line in source.splitlines())


def test_every_setting_stands_in_its_page() -> None:
    page = text(ROOT / "docs" / "settings.md")
    assert [variable(name) for name in Settings.model_fields if f"| `{variable(name)}` |" not in page] == []


def test_blocks_name_a_language_that_is_looked_at_here_or_is_no_code() -> None:
    languages = {block.language for path in PAGES for block in blocks(text(path))}
    # What is TOML is the file of carriers, which tests/unit/sms/test_routing.py reads, and that of
    # callers over HTTP, which tests/unit/ops/test_http_intake.py reads.
    assert languages == {"", "sh", "json", "python", "mermaid", "toml"}


PUBLISHED = """echo '{"type": "portal.phone-registered.v1", "data": {"iin": "850101300015", "phone": null,
"registered_at": "2021-07-12T10:00:00Z"}}' | jardem publish -"""
Faults = Callable[[str], Iterator[str]]


@pytest.mark.parametrize(
    ("faults", "right", "wrong", "said"),
    [
        (shell_faults, "jardem simulate --seeds 1 --from SEED", "jardem simulate --seed 1", "No such option"),
        (shell_faults, "jardem topics apply --check", "jardem topics check", "no command check"),
        (shell_faults, "jardem publish -  # a comment", "jardem publish", "Missing parameter"),
        (shell_faults, "jardem --help", "A=1 true && jardem nothing", "no command nothing"),
        (shell_faults, 'make demo DEMO="--fast"', 'make demo DEMO="--faster"', "No such option"),
        (shell_faults, 'make soak SOAK="--from N"', 'make soak MORE="--from N"', "knows no MORE"),
        (shell_faults, "make test # all\nmake help", "make test # all\nmake nothing", "no target nothing"),
        (shell_faults, "python -m ops.docs", "python -m ops.doc", "no module ops.doc"),
        (shell_faults, PUBLISHED, PUBLISHED.replace(', "phone": null', ""), "no event: "),
        (json_faults, '{"any": [1, 2]}', '{"any": [1, 2}', "no JSON"),
        (json_faults, '{"any": 1}', '{"type": "registry.nothing.v1", "data": {}}', "not one that is read"),
        (python_faults, "return 1", "return return", "no Python"),
        (variable_faults, "`JARDEM_KAFKA`, `JARDEM_*`", "`JARDEM_KAFKAS`", "JARDEM_KAFKAS is no setting"),
        (variable_faults, "JARDEM_PSEUDONYM_KEY_FILE", "JARDEM_KAFKA_FILE", "is no setting"),
        (name_faults, "`rules/terms.py`, `faust/x.py`", "`rules/term.py`", "no rules/term.py"),
        (
            name_faults,
            "`schemas.ids.derived_id`",
            "`schemas.ids.derived`",
            "nothing named schemas.ids.derived",
        ),
    ],
)
def test_what_is_wrong_is_found(faults: Faults, right: str, wrong: str, said: str) -> None:
    assert list(faults(right)) == []
    assert said in "\n".join(faults(wrong))


def test_a_link_that_leads_nowhere_is_found() -> None:
    page = "## To add: a `text`, or two\n[up](#to-add-a-text-or-two) [there](docs/data.md#times-and-days)"
    assert list(link_faults(page, ROOT)) == []
    assert anchors(page) == {"to-add-a-text-or-two"}
    wrong = "[a](#a) [b](docs/b.md) [c](docs/data.md#c) [d](https://example.kz/#d) `[e](e)`"
    assert [fault.partition(":")[0] for fault in link_faults(wrong, ROOT)] == [
        "#a",
        "docs/b.md",
        "docs/data.md#c",
    ]
