"""The screen of `jardem status`, for a terminal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ops.read_model.views import Freshness, Service
from ops.status.standing import Standing

_SHOWN_ENDS = 7


def screen(standing: Standing, zone: str) -> RenderableType:
    """All of it, in panels that flow side by side."""
    overview = standing.overview
    attention = {
        "dead letters": overview.dead_letters,
        "messages in doubt": overview.in_doubt,
        "decisions questioned": overview.questioned,
        "not understood": overview.not_understood,
        **{name.replace("_", " "): count for name, count in overview.overdue.items()},
    }
    panels = [
        _panel("From entitlement to outcome", _counts(overview.funnel)),
        _panel("Cases by state", _counts(overview.by_state.items())),
        _panel("Endings", _counts(overview.endings.items())),
        _panel("To look at", _counts(attention.items(), alarming=True)),
        _panel("Terms that end", _counts((f"{day}", n) for day, n in overview.term_ends[:_SHOWN_ENDS])),
        _panel("SMS", _counts({**overview.sms_status, **_errors(overview.sms_errors)}.items())),
        _panel("The service", _counts(_service(standing.service))),
    ]
    return Group(_heading(standing, zone), Columns(panels, expand=False))


def _heading(standing: Standing, zone: str) -> Text:
    said = Text(f"jardem, {_times(standing.at, zone)}, {standing.overview.cases} cases. ")
    return said.append_text(_freshness(standing.freshness, zone))


def _freshness(freshness: Freshness, zone: str) -> Text:
    if freshness.fresh:
        return Text("Up to date.", style="green")
    as_of = "never read" if freshness.as_of is None else f"as of {_times(freshness.as_of, zone)}"
    behind = "" if freshness.behind is None else f", {freshness.behind} records behind"
    why = "" if freshness.problem is None else f": {freshness.problem.replace('_', ' ')}"
    return Text(f"NOT up to date, {as_of}{behind}{why}.", style="bold red")


def _service(service: Service) -> Iterable[tuple[str, object]]:
    yield "offers", "paused" if service.paused else "on"
    if service.paused_grounds:
        yield "paused grounds", ", ".join(service.paused_grounds)
    if service.pilot:
        share = "" if service.pilot_share is None else f"{service.pilot_share:g} %, "
        yield "pilot", f"{share}{service.pilot_persons} listed"
    if service.shadow:
        yield "shadow mode", "nothing is sent"
    if service.daily_sms is not None:
        yield "SMS a day", service.daily_sms
    for why, count in service.waiting.items():
        yield f"waiting: {why.replace('_', ' ')}", count


def _errors(errors: Mapping[str, int]) -> dict[str, int]:
    return {f"error {code}": count for code, count in errors.items()}


def _counts(rows: Iterable[tuple[str, object]], *, alarming: bool = False) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows:
        style = "bold red" if alarming and value else ""
        table.add_row(name.replace("_", " "), Text(str(value), style=style))
    return table if table.row_count else _nothing()


def _nothing() -> Table:
    table = Table.grid()
    table.add_row(Text("none", style="dim"))
    return table


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", expand=False)


def _times(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"
