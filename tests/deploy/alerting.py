"""The alert rules as they are written, and what an expression names."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "deploy" / "runbooks"
FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))

_RULE = re.compile(
    r"^      - alert: (?P<name>\w+)\n"
    r"        expr:(?: (?P<line>[^|\n][^\n]*)\n| \|-\n(?P<block>(?:          [^\n]*\n)+))"
    r"(?P<rest>.*?)(?=^      - alert: |\Z)",
    re.MULTILINE | re.DOTALL,
)
_METRIC = re.compile(r"\b(jardem_\w+|process_\w+|up)\b")


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. `rest` is what stands behind its expression."""

    file: Path
    name: str
    expr: str
    rest: str

    def said(self, field: str) -> str:
        """An annotation or the severity."""
        found = re.search(rf'^ +{field}: "?(.*?)"?$', self.rest, re.MULTILINE)
        return found[1] if found else ""


def alerts() -> list[Alert]:
    """Every alert of every file."""
    return [
        Alert(path, found["name"], (found["line"] or found["block"]).strip(), found["rest"])
        for path in FILES
        for found in _RULE.finditer(path.read_text(encoding="utf-8"))
    ]


def metrics_in(expression: str) -> set[str]:
    """The metrics that an expression names."""
    without_texts = re.sub(r'"[^"]*"', '""', expression)
    return set(_METRIC.findall(re.sub(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)", "", without_texts)))


def program(name: str) -> str:
    """Where a program of Prometheus is; the test is skipped, and says so, where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing here: it is in Debian's package prometheus")
    return found
