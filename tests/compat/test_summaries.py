"""What stands in front of values holds only as long as deadlines and counts are worked out as they were."""

import hashlib
from pathlib import Path
from typing import Any

from agents import bootstrap, case_gauges, line_metrics
from agents.desks import case_desk, sms_desk
from rules.policy import Policy
from schemas.ids import Pseudonyms
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy

FOLDER = Path(__file__).parent
_WORKED_OUT = {1: "3100b5b612747f3c"}
"""For each number of `SUMMARISED_AS`, the digest of what was worked out of all golden states under it."""


def _worked_out(desk: Any, kind: str, count: Any) -> list[str]:
    found = []
    for path in sorted(FOLDER.glob(f"v0.1.0/{kind}/*.stored")):
        state = desk.shape.load(path.read_bytes())
        found.append(f"{path.name} {desk.deadlines(state)!r} {sorted(count(state).items())!r}")
    assert found
    return found


def test_whoever_changes_deadlines_or_counts_raises_the_number_of_their_summaries() -> None:
    pseudonyms = Pseudonyms(b"any")
    people = _worked_out(case_desk(Policy(), pseudonyms).desk, "people", case_gauges.counts)
    lines = _worked_out(sms_desk(LinePolicy(load_texts()), pseudonyms), "lines", line_metrics.counts)
    digest = hashlib.sha256("\n".join(people + lines).encode()).hexdigest()[:16]
    assert _WORKED_OUT.get(bootstrap.SUMMARISED_AS) == digest, (
        "deadlines or counts are worked out otherwise than before: raise SUMMARISED_AS, and note the digest"
    )
