"""What the demo prints: where to look, what happens, and at the end the table of outcomes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.demo.outcomes import ADVANCED, DEAD, ENDED, Outcomes
from ops.demo.sample import Citizen, Published
from ops.demo.users import DemoUser
from schemas.times import ALMATY


class Show:
    """Prints with the virtual time in front. The sample's people are made up, so they may be shown."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """Something about the demo itself."""
        self._console.print(text, highlight=False)

    def where(
        self,
        handsets: str,
        *,
        console: str | None = None,
        start: str | None = None,
        users: Sequence[DemoUser] = (),
    ) -> None:
        """Where to look; `start` leads to the others, and signs in as each of the users."""
        if start:
            self.say(f"\n  Start here: [bold]{start}/[/]   the handsets and the console, side by side")
        self.say(f"\n  Handsets: [bold]{handsets}/[/]   answer there, or watch")
        if console:
            self.say(f"  Console:  [bold]{console}/[/]   signed in by the start page, or by hand as")
        for user in users:
            self.say(f"            {user.name:<10}  {escape(user.password)}")
        self.say("")

    def _line(self, at: datetime, who: str, style: str, what: str) -> None:
        day = at.astimezone(ALMATY).strftime("%d.%m %H:%M")
        self._console.print(f"[dim]{day}[/]  [{style}]{who:<9}[/] {what}", highlight=False, soft_wrap=True)

    def published(self, at: datetime, events: list[Published]) -> None:
        """Events were published."""
        for event in events:
            hidden = ("iin", "registered_at")
            about = {name: value for name, value in event.data.items() if name not in hidden}
            short = ", ".join(f"{name} {value}" for name, value in about.items())
            self._line(at, "published", "cyan", f"{event.type}  {_person(event.data.get('iin'))}: {short}")

    def message(self, at: datetime, phone: str, text: str) -> None:
        """A message reached a handset."""
        self._line(at, "SMS", "magenta", f"to {_short(phone)}: {text.splitlines()[0]}")

    def answer(self, at: datetime, phone: str, text: str) -> None:
        """A citizen wrote."""
        self._line(at, "citizen", "yellow", f"from {_short(phone)}: {text}")

    def came_out(self, at: datetime, topic: str, data: dict[str, Any], outcome: str | None) -> None:
        """An event came out of the pipeline."""
        if topic == ADVANCED:
            return
        if topic == DEAD:
            self._line(at, "dead", "red", "a record could not be read and is kept in dead-letter.v1")
            return
        style = "blue" if topic == ENDED else "green"
        self._line(at, "outcome", style, f"{_person(data['iin'])}: [bold]{outcome}[/]")

    def table(self, outcomes: Outcomes) -> None:
        """What came of everybody, beside what was expected."""
        table = Table(title="Every sample entitlement and its outcome", title_justify="left")
        for column in ("person", "story", "outcome", ""):
            table.add_column(column)
        for citizen in outcomes.citizens:
            seen = outcomes.seen[citizen.iin]
            mark = "[green]as expected[/]" if outcomes.as_expected(citizen) else _unexpected(citizen)
            table.add_row(_person(citizen.iin), citizen.story, " → ".join(seen) or "none yet", mark)
        self._console.print(table)
        self.say(f"{outcomes.steps} steps in the audit log, {outcomes.dead_letters} dead letters.")


def _unexpected(citizen: Citizen) -> str:
    return f"[red]expected {' → '.join(citizen.expected)}[/]"


def _person(iin: str | None) -> str:
    return f"*{iin[-4:]}" if iin else "nobody"


def _short(phone: str) -> str:
    return f"…{phone[-4:]}"
