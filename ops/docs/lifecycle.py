"""Draws the two state machines as Mermaid diagrams."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from rules import states
from rules.states import DECIDED, State
from sms.conversation import stages
from sms.conversation.stages import Stage

S = TypeVar("S", bound=StrEnum)

_TOP = """\
# The lifecycle, as the code has it

Drawn by `make docs` from `rules/states.py` and `sms/conversation/stages.py`; a test keeps it fresh. R numbers
are the rules of order No 225.
"""


def lifecycle() -> str:
    """The whole document."""
    return "\n".join(
        (
            _TOP,
            "## A case\n",
            "One entitlement of a person. An ended case can go on: a timely answer that was read late takes",
            "it up again, and so does a phone that is registered later. A term runs from the acceptance by",
            "the carrier, or from its own later sent time, which moves it, also where the case has ended.\n",
            _diagram(states.TRANSITIONS, State.NEW, DECIDED | {State.ENDED}),
            _table("rule", states.TRANSITIONS),
            "\n## A question on a phone number\n",
            "One question is open at a time on a number. `unknown` is a question that the line has not met,",
            "or has forgotten; in `past` it still hears late answers and a no that is taken back.\n",
            _diagram(stages.TRANSITIONS, Stage.UNKNOWN, frozenset({Stage.PAST})),
            _table("cause", stages.TRANSITIONS),
        )
    )


def _diagram(edges: Mapping[tuple[S, S], str], start: S, ends: frozenset[S]) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start.value}"]
    # Mermaid ends a label at a colon or a semicolon.
    lines += [
        f"    {a.value} --> {b.value}: {why.replace(':', ' -').replace(';', ',')}"
        for (a, b), why in edges.items()
    ]
    lines += [f"    {end.value} --> [*]" for end in sorted(ends)]
    return "\n".join((*lines, "```", ""))


def _table(what: str, edges: Mapping[tuple[S, S], str]) -> str:
    lines = [f"| from | to | {what} |", "|---|---|---|"]
    lines += [f"| {a.value} | {b.value} | {why} |" for (a, b), why in edges.items()]
    return "\n".join((*lines, ""))
