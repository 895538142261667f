"""An account that is closed before the decision: nothing is granted to it, another one is asked for (R4)."""

from rules import deciding, steps
from rules.person import Case
from rules.states import WAITING
from rules.turn import Turn


def closed(turn: Turn, case: Case, iban: str) -> None:
    """Forget a closed account where the case shows it, or would pay to it, and ask anew what hung on it."""
    shown = any(question.account == iban for question in case.questions)
    if case.decided or not (shown or case.account == iban):
        return
    asked, drafted = case.question, case.draft
    # Whoever confirms it all the same, confirms nothing.
    forgotten = case.with_(
        questions=tuple(
            known.with_(account=None) if known.account == iban else known for known in case.questions
        )
    )
    if case.account == iban:
        forgotten = forgotten.without_account()
    forgotten = turn.remark(forgotten, "account_closed")
    if drafted and drafted.iban == iban:
        steps.proceed(turn, deciding.void_draft(turn, forgotten, "account_closed"))
    elif case.state in WAITING and asked and asked.account == iban:
        turn.close(asked, turn.at)
        steps.proceed(turn, forgotten)
