"""Asks an advisory service about every package of an image: 0, none is known to be vulnerable; 1, some are.

What the service does not know, or does not answer, is not audited: exit code 3, in words, and never "nothing
found". The tool by itself says "no known vulnerabilities" of packages that it has skipped.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "deploy" / "container" / "requirements.lock"
CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3


def verdict(report: dict[str, Any], wanted: int) -> tuple[int, list[str]]:
    """The exit code, and what to say, of the tool's report on a lock with so many packages."""
    packages = report.get("dependencies", [])
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}"
        + (f", mended in {', '.join(flaw['fix_versions'])}" if flaw.get("fix_versions") else "")
        for package in packages
        for flaw in package.get("vulns", [])
    ]
    answered = sum("vulns" in package for package in packages)
    missing = max(0, wanted - answered)
    if missing:
        found.append(f"not audited: the advisory service did not answer for {missing} of {wanted} packages")
    if any(package.get("vulns") for package in packages):
        return VULNERABLE, found
    if missing or not wanted:
        return NOT_AUDITED, found or ["not audited: the lock names no package"]
    return CLEAN, [f"audited: no vulnerability is known of {wanted} packages"]


def main(arguments: list[str]) -> int:
    """Run the tool at this path."""
    (tool,) = arguments
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    wanted = sum(not line.startswith((" ", "#")) for line in lines if line)
    hashed = ["--require-hashes", "--disable-pip", "--format", "json", "--timeout", "20"]
    command = [tool, "--requirement", str(LOCK), *hashed]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - our tool
        report = json.loads(run.stdout)
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        print(f"not audited: the tool did not end with a report ({type(error).__name__})")
        return NOT_AUDITED
    code, lines = verdict(report, wanted)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
