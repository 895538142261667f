"""Says whether requirements.lock still answers pyproject.toml, without asking any registry."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
ADDRESS = re.compile(r"[a-z]+://\S+|^\s*--(?:extra-)?index-url.*", re.MULTILINE)


def wanted() -> list[Requirement]:
    """Every requirement that pyproject.toml names, those of the extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def complaints(lock: str) -> list[str]:
    """What is wrong with the text of the lock, one line each."""
    pins = {canonicalize_name(pin["name"]): pin["version"] for pin in PIN.finditer(lock)}
    found = [f"holds an address: {match.group().strip()}" for match in ADDRESS.finditer(lock)]
    for requirement in wanted():
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            found.append(f"has no {requirement.name}")
        elif not requirement.specifier.contains(version, prereleases=True):
            found.append(f"pins {requirement.name} {version}; pyproject.toml wants {requirement.specifier}")
    named = {canonicalize_name(requirement.name) for requirement in wanted()}
    for block in re.split(r"\n(?=\S)", lock):
        pin = PIN.match(block)
        if pin and "jardem (pyproject.toml)" in block and canonicalize_name(pin["name"]) not in named:
            found.append(f"still names {pin['name']} for jardem, which pyproject.toml no longer does")
    return found


if __name__ == "__main__":
    problems = complaints((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    for problem in problems:
        print(f"requirements.lock {problem}; run: make lock", file=sys.stderr)
    sys.exit(1 if problems else 0)
