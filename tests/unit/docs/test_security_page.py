"""Each row of SECURITY.md names the tests that show it, and they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def there_are() -> list[str]:
    return [
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def test_every_test_that_is_named_is_there_and_no_other_has_its_name() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 20
    found = there_are()
    assert {name: found.count(name) for name in named if found.count(name) != 1} == {}


def test_everybody_who_might_attack_has_a_row() -> None:
    who = [line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("|")][2:]
    for attacker in (
        "a citizen",
        "a thief with the phone",
        "a registry's operator",
        "a carrier",
        "an insider with console access",
        "an insider with broker access",
    ):
        assert any(each.startswith(attacker) for each in who), attacker


def test_every_row_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 12
    for row in rows:
        shown = row.rstrip("|").rpartition("|")[2]
        assert re.search(r"`tests?[_/]\w+", shown), row
