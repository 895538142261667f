"""The timeline of a case: steps, SMS, documents and acts in the order of their instants."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ops.read_model.views import ActShown, DocumentShown, Entry, Sms, Step

IDLE = timedelta(hours=1)
"""A gap that is longer is folded."""


def timeline(
    steps: Sequence[Step],
    messages: Sequence[Sms],
    documents: Sequence[DocumentShown],
    acts: Sequence[ActShown],
) -> list[Entry]:
    """All entries in order. What happened at one instant stands as it came about: acts and texts first."""
    last = max((step.at for step in steps), default=None)
    found = sorted(_entries(steps, messages, documents, acts, last), key=lambda one: (one[0].at, one[1]))
    folded, before = [], None
    for entry, _ in found:
        gap = entry.at - before if before is not None else timedelta()
        folded.append(replace(entry, idle_seconds=gap.total_seconds()) if gap > IDLE else entry)
        before = entry.at
    return folded


def _entries(
    steps: Sequence[Step],
    messages: Sequence[Sms],
    documents: Sequence[DocumentShown],
    acts: Sequence[ActShown],
    last: datetime | None,
) -> Iterator[tuple[Entry, tuple[int, int]]]:
    at_step = {step.step: step.at for step in steps}
    for number, act in enumerate(acts):
        yield Entry(act.at, act=act), (0, number)
    for number, sms in enumerate(messages):
        yield Entry(sms.at, sms=sms), (3 if sms.outgoing else 1, number)
    for step in steps:
        yield Entry(step.at, step=step), (2, step.step)
    for number, document in enumerate(documents):
        at = document.issued_at or at_step.get(document.step) or last
        if at is not None:
            yield Entry(at, document=document), (4, number)
