"""The report of a hundred kills says what was counted, and shows each breach."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.crash.kills.invariants import Judged
from tests.crash.kills.plan import Plan, schedule
from tests.crash.kills.report import report
from tests.crash.kills.run_verdict import Verdict, told
from tests.crash.kills.standstill import Row, Wait
from tests.crash.kills.story import Hurt

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLAN = Plan(seed=3, kills=100)


def verdict() -> Verdict:
    hurts = [Hurt(fault, "x", NOW, NOW + MINUTE, NOW + MINUTE) for fault in schedule(PLAN)]
    wait = Wait("case.inbox.v1", 2, NOW, NOW + timedelta(seconds=7), "clean stop of worker", 7.0)
    return Verdict(
        plan=PLAN,
        folder=Path("/nowhere"),
        began=NOW,
        ended=NOW + 40 * MINUTE,
        judged=Judged(outcomes=Counter({"ended declined": 3}), entitlements=3, sms=9, in_doubt=1),
        hurts=hurts,
        exits=Counter({"worker with 74": 2}),
        skipped=["a full disk, because this machine allows no mount: not permitted"],
        table=[Row("clean stop of worker", 14, 99, 0.1, 2.0, 7.0, 7.0)],
        longest=[wait],
        unmatched=0,
        republished=1,
        answers=5,
        log="3 cases, 9 steps, no faults",
    )


def test_it_says_what_was_done_and_counted() -> None:
    page = report(verdict())
    assert 'make crash CRASH="--kills 100 --seed 3"' in page
    assert "| kills, clean stops and freezes | 100 |" in page
    assert "this machine allows no mount" in page
    assert "| clean stop of worker | 14 | 99 | 0.10 | 2.00 | 7.00 | 7.00 |" in page
    assert "| breaches | 0 |" in page
    assert "2 worker with 74" in page


def test_a_breach_stands_in_the_report_and_in_the_terminal() -> None:
    wrong = replace(verdict(), breaches=["no outcome: case 1"])
    assert not wrong.sound
    assert "- no outcome: case 1" in report(wrong)
    assert "BREACH: no outcome: case 1" in told(wrong)
