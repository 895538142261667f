"""`jardem rules show`, as it is typed."""

import json
import re
import sys
from datetime import date
from typing import Any

import pytest

import jardem
from ops import rules_table
from rules.data.shipped import read
from rules.rule_sets import RuleSets

ORDER, DRAFT = "order-225-2021/1", "social-code-2023/0"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROFILE", "REPEALED_RULES", "DRAFT_RULES", "TIME_SCALE", "TIME_ORIGIN"):
        monkeypatch.delenv(f"JARDEM_{name}", raising=False)


class Shell:
    """Types the command and reads what it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.said = self.complained = ""

    def types(self, *arguments: str) -> int:
        """The exit code of `jardem rules show` with these arguments."""
        self._monkeypatch.setattr(sys, "argv", ["jardem", "rules", "show", *arguments])
        with pytest.raises(SystemExit) as ended:
            jardem.main()
        self.said, self.complained = self._capsys.readouterr()
        return int(ended.value.code or 0)

    @property
    def object(self) -> dict[str, Any]:
        """What it said, read as one JSON object."""
        read: dict[str, Any] = json.loads(self.said)
        return read


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("day", "variables", "version"),
    [
        ("2021-07-19", {}, None),
        ("2021-07-20", {}, ORDER),
        ("2023-06-30", {}, ORDER),
        ("2023-07-01", {}, f"{ORDER}+repealed"),
        ("2023-07-01", {"JARDEM_DRAFT_RULES": "allow"}, DRAFT),
        ("2023-06-30", {"JARDEM_PROFILE": "production", "JARDEM_PSEUDONYM_KEY": "k" * 32}, ORDER),
        ("2023-07-01", {"JARDEM_PROFILE": "production", "JARDEM_PSEUDONYM_KEY": "k" * 32}, None),
    ],
)
def test_the_rules_of_a_day_are_shown_as_the_settings_count_them(
    day: str, variables: dict[str, str], version: str | None, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code = 0 if version else 1
    assert shell.types(day, "--json") == code
    assert (shell.object["day"], shell.object["rules_version"]) == (day, version)
    assert (shell.object["set"] is None) is (version is None)
    assert shell.types(day) == code
    assert shell.said.startswith(f"{day}: {version or 'no rules are in force'}")
    assert ("a draft, unverified" in shell.said) is (version == DRAFT)
    assert ("repealed by then" in shell.said) is (version == f"{ORDER}+repealed")


def test_json_has_the_dates_grounds_categories_and_policies(shell: Shell) -> None:
    assert shell.types("2021-07-20", "--json") == 0
    told = shell.object["set"]
    assert (told["version"], told["in_force_from"], told["repealed_from"], told["draft"]) == (
        ORDER,
        "2021-07-20",
        "2023-07-01",
        False,
    )
    assert told["grounds"]["4-2"] == {"categories": [4], "verified": True}
    assert told["grounds"]["8-1"] == {"categories": [15, 16], "verified": False}
    assert len(told["categories"]) == 18
    assert told["categories"][5]["sub"][5]["documents"]["any"][2] == "ussr_certificate"
    assert told["policies"] == {"term_policy": ["hours_72"]}
    assert set(told["appeal"]) == {"body", "term", "court"}
    assert told["titles"]["peoples_hero"]["ground"] == "4-2"


def test_lines_say_what_is_verified(shell: Shell) -> None:
    assert shell.types("2021-07-20") == 0
    lines = shell.said.splitlines()
    assert "  in force from 2021-07-20 to 2023-06-30" in lines
    assert "  4-2 category 4, verified; the title Халық қаһарманы" in lines
    assert "  1-1 category 7 or 8, unverified: told to nobody" in lines
    assert [line.split()[0] for line in lines if line.endswith("; verified for 4-3")] == ["5"]
    assert len([line for line in lines if re.search(r" L\d+-", line)]) == 18 + 22
    assert lines[-1] == "  term_policy: hours_72"


def test_where_none_are_in_force_the_dates_of_all_are_told(shell: Shell) -> None:
    assert shell.types("2021-01-01") == 1
    assert shell.said.splitlines()[1:] == [
        f"  from 2021-07-20 to 2023-06-30: {ORDER}",
        f"  from 2023-07-01 on: {DRAFT} (a draft)",
    ]


def test_without_a_day_it_is_today_as_the_clock_of_the_settings_has_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell.types("--json") == 0
    assert shell.object["rules_version"] == f"{ORDER}+repealed"
    monkeypatch.setattr(rules_table, "today", lambda _: date(2021, 7, 20))
    assert shell.types("--json") == 0
    assert shell.object["rules_version"] == ORDER


@pytest.mark.parametrize("day", ["tomorrow", "20.07.2021", "2021-02-30"])
def test_what_is_no_day_is_a_wrong_argument(day: str, shell: Shell) -> None:
    assert shell.types(day) == 2
    assert shell.said == ""
    assert "DATE" in shell.complained


def test_a_file_that_cannot_be_used_is_refused_by_name(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> RuleSets:
        return read(b'[[set]]\nversion = "order-1/1"\nfollows = "order-0/1"')

    monkeypatch.setattr(rules_table, "shipped", broken)
    assert shell.types() == 2
    assert shell.said == ""
    assert shell.complained == "order-1/1: follows order-0/1, which does not stand before it\n"
