"""The table is whole: a row for each rule of the order, each deviation found in it and each pitfall.

A row is a test of this folder that is named after what it shows: `test_r5_...` shows rule R5, `test_d20_...`
deviation D20, `test_p3_...` pitfall 3. Its docstring says it in a plain sentence. One theme is in one file.
"""

import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from tests.unit.docs.pages import ROOT

WANTED = {
    *(f"R{number}" for number in range(1, 35)),
    *(f"D{number}" for number in range(1, 28)),
    *(f"P{number}" for number in range(1, 11)),
}


def rows() -> Iterator[tuple[str, str]]:
    """Every row: what it shows, and its sentence."""
    for path in Path(__file__).parent.glob("test_*.py"):
        for name, test in vars(import_module(f"tests.unit.every_rule.{path.stem}")).items():
            found = re.match(r"test_([rdp]\d+)_", name)
            if found:
                yield found[1].upper(), test.__doc__ or ""


def test_each_rule_deviation_and_pitfall_has_a_row_of_its_own() -> None:
    assert {id_ for id_, _ in rows()} == WANTED


def test_each_row_says_what_it_shows() -> None:
    assert [id_ for id_, sentence in rows() if not re.match(r"[A-Z].*\.$", sentence, re.DOTALL)] == []


def test_each_row_was_seen_failing() -> None:
    report = (ROOT / "docs" / "reports" / "every-rule.md").read_text(encoding="utf-8")
    seen = Counter(re.findall(r"^\| ([RDP]\d+) \|", report, re.MULTILINE))
    assert seen == Counter(id_ for id_, _ in rows())
