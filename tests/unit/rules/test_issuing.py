"""What documents say of the rules by which they were made: those of the application date (R20)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from rules.issuing import Issued, documents
from rules.person import Person
from rules.policy import Policy, Retention, TermPolicy
from schemas.cabinet import Claims
from schemas.deadlines import DeadlineElapsed
from schemas.outcomes import CaseAdvanced
from schemas.questions import AccountGiven, Consent, Decline
from schemas.received import ReceivedEvent
from schemas.registry import DeathRegistered
from schemas.turned import Turned
from schemas.values import Language
from tests.unit.rules.case_desk import ACCOUNT, IBAN, IIN, MINUTE, REGISTERED, TITLE, Desk

LAST_DAY = datetime(2023, 6, 30, 6, tzinfo=UTC)
REPEALED = datetime(2023, 7, 1, 6, tzinfo=UTC)


class Cabinet(Desk):
    """A desk whose documents are kept."""

    def __init__(self, retention: Retention | None = None) -> None:
        super().__init__(Policy(term=TermPolicy.EXCLUSIVE, retention=retention or Retention()))
        self.now = LAST_DAY
        self.documents: list[Claims] = []

    def turn(self, cause: ReceivedEvent) -> Turned[Person]:
        done = super().turn(cause)
        self.documents += documents(done.state, cause, done.effects, self.policy, Issued("1", {}))
        return done

    def rules(self) -> Sequence[tuple[str, str]]:
        return [(each.kind, each.rules_version) for each in self.documents]


def consented(desk: Cabinet) -> None:
    desk.reads(REGISTERED.model_copy(update={"registered_at": LAST_DAY}), TITLE)
    desk.sent()
    desk.hears(Consent(language=Language.KAZAKH))
    desk.sent(ACCOUNT)


def test_a_withdrawal_goes_by_the_rules_of_the_consent_that_it_takes_back() -> None:
    desk = Cabinet()
    consented(desk)
    desk.now = REPEALED
    desk.hears(Decline(), ACCOUNT)
    assert desk.rules() == [("accepted", "order-225-2021/1"), ("ended", "order-225-2021/1")]


def test_a_grant_is_questioned_by_the_rules_by_which_it_was_made_when_it_is_purged_too() -> None:
    desk = Cabinet(Retention(granted=timedelta(days=30)))
    consented(desk)
    desk.hears(AccountGiven(iban=IBAN), ACCOUNT)
    desk.now += timedelta(days=30)
    purged = desk.reads(
        DeadlineElapsed(deadline=f"{desk.case.case_id}/purge", version=desk.case.step, due=desk.now)
    )
    assert [each.note for each in purged if isinstance(each, CaseAdvanced)] == ["purged"]
    desk.now += MINUTE
    desk.reads(DeathRegistered(iin=IIN, died_on=date(2023, 6, 29)))
    assert desk.rules()[-1] == ("questioned", "order-225-2021/1")
