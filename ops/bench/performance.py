"""`python -m ops.bench.performance`: runs all benchmarks one after the other, and writes docs/performance.md.

With `--quick` in about 25 minutes on two processors that do nothing else; with the full sizes in some hours.
A benchmark that fails is told of, and the others go on.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ops.bench import page
from ops.bench.installed import OUR_CODE

_PLAIN = ("desk",)
"""Those that have one size alone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options and run; 1 where a benchmark failed."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.performance", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and one round")
    parser.add_argument("--rounds", type=int, default=None, help="how many rounds (5; 1 with --quick)")
    parser.add_argument("--only", nargs="+", choices=list(page.ORDER), help="these benchmarks alone")
    parser.add_argument("--reports", type=Path, default=page.REPORTS, help="where the reports go")
    options = parser.parse_args(arguments)
    rounds = options.rounds or (1 if options.quick else 5)
    failed = []
    options.reports.mkdir(parents=True, exist_ok=True)
    for name in options.only or page.ORDER:
        told = [sys.executable, str(OUR_CODE / "jardem.py"), "bench", name, "--rounds", str(rounds)]
        told += ["--json", str(options.reports / f"{name}.json")]
        told += ["--quick"] if options.quick and name not in _PLAIN else []
        began = time.monotonic()
        code = subprocess.run(told, check=False).returncode  # noqa: S603 - our own command
        _tell(f"{name}: {'done' if code == 0 else 'FAILED'} in {(time.monotonic() - began) / 60:.1f} minutes")
        failed += [name] if code else []
    page.main(["--reports", str(options.reports)])
    _tell(f"{page.PAGE} is written" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return int(bool(failed))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
