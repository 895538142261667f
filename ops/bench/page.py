"""`python -m ops.bench.page`: writes docs/performance.md from the reports of the benchmarks.

What limits each figure, and what was tried where a goal is missed, is written by hand: in NOTES.md beside the
reports, under a heading with the benchmark's name. Everything else comes from the reports.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.bench.figures import number
from ops.bench.goals import GOALS, Reports
from ops.bench.measured import OURS, Report, read_report
from ops.bench.plots import plots

REPORTS = Path("docs/reports/performance")
PAGE = Path("docs/performance.md")
ORDER: Mapping[str, str] = {
    "rivals": "Beside other systems",
    "rivals_others": "Beside those of which no goal speaks",
    "lifecycle": "Full cases at saturation",
    "guarded": "With TLS and encryption",
    "latency": "From an award to its first SMS",
    "rest": "With nothing to do",
    "log": "On the log",
    "desk": "A desk alone",
    "workers": "More workers",
    "growth": "Beside many open cases",
    "recovery": "A worker comes back",
    "timers": "Timers beside many open cases",
    "waiting": "Many deadlines at one instant",
}
"""The reports in the order of the page, with their headings; each has the name of its benchmark but one."""

_OTHERS = "rivals_others"

_HEAD = """\
# Performance

Written by `make performance` from the reports in `{folder}`, {day}.
A figure is the median of its rounds, with the least and the most in brackets; versions of a report ran in
turn, and a ratio is that of each round by itself. Processor time is user and system time; the load, which
shares the machine, is told of too.
"""
_NO_NOTES = "Nothing is written about what limits this yet (`{folder}/NOTES.md`)."


def page(reports: Reports, notes: Mapping[str, str], folder: Path = REPORTS) -> str:
    """The page, as it is committed."""
    days = sorted({report.began[:10] for report in reports.values()})
    lines = [_HEAD.format(folder=folder, day=" and ".join(days) or "which are not there yet"), "## Goals", ""]
    lines += ["| goal | measured | |", "|---|---|---|"]
    for goal in GOALS:
        measured, verdict = goal.verdict(reports)
        shown = f"**{verdict}**" if verdict == "missed" else verdict
        lines.append(f"| {goal.words} | {measured} | {shown} |")
    lines += ["", *_machine(reports)]
    for name, heading in ORDER.items():
        if name in reports:
            lines += ["", f"## {heading}", "", *_section(reports[name], folder, drawn=name != _OTHERS)]
            lines += ["", notes.get(name) or _NO_NOTES.format(folder=folder)]
    return "\n".join(lines) + "\n"


def _machine(reports: Reports) -> list[str]:
    told = []
    for report in reports.values():
        machine = report.machine
        words = (
            f"{machine['processors']} processors ({machine['model']}), "
            f"{number(machine['memory_bytes'] / 2**30)} GiB of memory, {machine['system']}"
        )
        if words not in told:
            told.append(words)
    versions = {
        f"{name} {version}" for report in reports.values() for name, version in report.versions[OURS].items()
    }
    return [
        "## Machine and versions",
        "",
        *(f"- {words}" for words in told),
        f"- {', '.join(sorted(versions))}" if versions else "",
    ]


def _section(report: Report, folder: Path, *, drawn: bool = True) -> list[str]:
    lines = [_made(report), ""]
    others = [name for name in report.systems if name != OURS]
    heads = [report.systems.get(OURS, OURS)]
    for other in others:
        heads += [report.systems[other], "ratio"]
    lines.append(f"| | figure | {' | '.join(heads)} |")
    lines.append("|---|---|" + "---:|" * len(heads))
    for point in report.points():
        for figure in report.names(point):
            cells = [str(report.spread(figure, point) or "-")]
            for other in others:
                cells.append(str(report.spread(figure, point, other) or "-"))
                cells.append(str(report.ratio(figure, point, other) or "-"))
            lines.append(f"| {point} | {_words(figure)} | {' | '.join(cells)} |")
    lines += [f"\nLeft out: {title}: {why}." for title, why in report.left_out.items()]
    lines += [f"\nNo figure: {fault}" for fault in report.faults()]
    for name, picture in plots(report).items() if drawn else ():
        (folder / name).write_text(picture, encoding="utf-8")
        lines.append(f"\n![{name.removesuffix('.svg')}]({_beside(folder)}/{name})")
    return lines


def _beside(folder: Path) -> str:
    """The folder as the page names it, which stands in docs/."""
    return str(folder).removeprefix("docs/")


def _made(report: Report) -> str:
    rounds, size = report.options.get("rounds", 1), report.options.get("quick")
    told = [f"`jardem bench {report.benchmark}`", f"{rounds} round{'' if rounds == 1 else 's'}"]
    told += ["small sizes (`--quick`)"] if size else []
    told += [f"tables in {report.options['store']}"] if "store" in report.options else []
    return (
        f"{', '.join(told)}; load average of the machine before it {number(report.machine['load_before'])}."
    )


def _words(figure: str) -> str:
    """A figure's name as it is read: `cpu_ms.worker` is cpu ms, worker."""
    return figure.replace(".", ", ").replace("_", " ")


def read_notes(file: Path) -> dict[str, str]:
    """What is written by hand under each heading `## NAME`."""
    if not file.is_file():
        return {}
    parts = re.split(r"^## (\w+)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def read_reports(folder: Path) -> dict[str, Report]:
    """All reports of a folder, by their files' names. Raises `UnreadableReportError`."""
    return {file.stem: read_report(file) for file in sorted(folder.glob("*.json"))}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options and write the page. Raises `UnreadableReportError`."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.page", description=__doc__)
    parser.add_argument("--reports", type=Path, default=REPORTS, help=f"where the reports are ({REPORTS})")
    parser.add_argument("--into", type=Path, default=PAGE, help=f"where the page goes ({PAGE})")
    options = parser.parse_args(arguments)
    reports, notes = read_reports(options.reports), read_notes(options.reports / "NOTES.md")
    options.into.write_text(page(reports, notes, options.reports), encoding="utf-8")


if __name__ == "__main__":
    main()
