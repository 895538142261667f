"""Whether there are rules today that anything could be decided by, as `jardem doctor` tells it (R20)."""

from collections.abc import Iterator

from ops import rules_table
from ops.doctor.machine import Line, Verdict
from streams.settings.settings import Settings


def rules(settings: Settings) -> Iterator[Line]:
    """A line on the rules of today. That there are none is no fault of the installation's: it waits."""
    day = rules_table.today(settings)
    found = rules_table.rules_on(day, settings)
    if found is None:
        yield Line(
            Verdict.NOTE,
            f"no rules are in force today, {day}: nobody is offered anything, and what comes in waits "
            "(jardem_awaiting_rules counts it); jardem rules show says which rules there are",
        )
    elif not found.rules.in_force(day):
        why = "JARDEM_REPEALED_RULES is allow" if settings.repealed_rules else "this is no production"
        yield Line(
            Verdict.NOTE,
            f"no rules are in force today, {day}: {found.rules.version}, repealed since "
            f"{found.rules.repealed_from}, counts as {found.version} because {why}",
        )
    elif found.rules.draft:
        yield Line(
            Verdict.NOTE,
            f"the rules of today, {day}, are {found.version}, a draft that nobody has verified: it counts "
            "because JARDEM_DRAFT_RULES is allow",
        )
    else:
        yield Line(Verdict.OK, f"the rules of today, {day}, are {found.version}")
