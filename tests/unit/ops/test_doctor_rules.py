"""What the doctor says of the rules of a day."""

from datetime import date

import pytest

from ops import rules_table
from ops.doctor.machine import Verdict
from ops.doctor.rules import rules
from streams.settings.settings import Settings

ORDER, DRAFT = "order-225-2021/1", "social-code-2023/0"
OURS, AFTER, EARLY = date(2021, 7, 20), date(2026, 1, 5), date(2021, 7, 19)
PRODUCTION = {"profile": "production"}


@pytest.mark.parametrize(
    ("day", "more", "verdict", "said"),
    [
        (OURS, PRODUCTION, Verdict.OK, f"the rules of today, 2021-07-20, are {ORDER}"),
        (EARLY, {}, Verdict.NOTE, "no rules are in force today, 2021-07-19: nobody is offered anything"),
        (AFTER, PRODUCTION, Verdict.NOTE, "what comes in waits (jardem_awaiting_rules counts it)"),
        (
            AFTER,
            PRODUCTION | {"repealed_rules": "allow"},
            Verdict.NOTE,
            f"{ORDER}, repealed since 2023-07-01, counts as {ORDER}+repealed because JARDEM_REPEALED_RULES",
        ),
        (AFTER, {}, Verdict.NOTE, f"counts as {ORDER}+repealed because this is no production"),
        (AFTER, {"draft_rules": "allow"}, Verdict.NOTE, f"are {DRAFT}, a draft that nobody has verified"),
    ],
)
def test_it_says_honestly_what_there_is_to_decide_by(
    day: date, more: dict[str, str], verdict: Verdict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_table, "today", lambda _: day)
    (line,) = rules(Settings.model_validate(more))
    assert (line.verdict, said in line.text) == (verdict, True), line.text
