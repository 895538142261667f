"""What documents say of the rules by which they were made: those of the application date (R20)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from rules.issuing import Issued, documents
from rules.policy import Policy, Retention, TermPolicy
from rules.turn import Advanced
from schemas.cabinet import Claims, Decided
from schemas.canonical import data_of
from schemas.deadlines import DeadlineElapsed
from schemas.ids import question_id_of
from schemas.outcomes import CaseAdvanced
from schemas.questions import AccountGiven, Answer, Consent, Decline, Separately
from schemas.received import ReceivedEvent
from schemas.registry import DeathRegistered, DisabilityEstablished
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

    def turn(self, cause: ReceivedEvent) -> Advanced:
        done = super().turn(cause)
        self.documents += documents(done, cause, self.policy, Issued("1", {}))
        return done

    def rules(self) -> Sequence[tuple[str, str]]:
        return [(each.kind, each.rules_version) for each in self.documents]


CERTIFICATE = DisabilityEstablished(
    iin=IIN, certificate_id="B", established_on=date(2023, 6, 1), group="2", legal_ground="7", first_time=True
)
YES = Consent(language=Language.KAZAKH)


def consented(desk: Cabinet) -> None:
    desk.reads(REGISTERED.model_copy(update={"registered_at": LAST_DAY}), TITLE)
    desk.sent()
    desk.hears(YES)
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


def test_answers_stand_in_the_order_of_their_receipt_in_whatever_order_they_were_read() -> None:
    desk = Cabinet()
    desk.reads(REGISTERED.model_copy(update={"registered_at": LAST_DAY}), CERTIFICATE)
    [case_id] = desk.person.cases

    def hears(answer: Answer, number: int, minute: int) -> None:
        desk.hears(answer, question_id_of(case_id, number), LAST_DAY + minute * MINUTE, case_id=case_id)

    def sent(number: int) -> None:
        desk.sent(question_id_of(case_id, number), case_id=case_id)

    sent(0)
    hears(YES, 0, 0)
    sent(1)
    hears(Separately(), 1, 0)
    sent(2)
    desk.now += 9 * MINUTE
    hears(Decline(), 2, 1)
    hears(YES, 0, 2)
    sent(3)
    # The account was asked for under the consent of before; its answer is read before the choice of now.
    hears(AccountGiven(iban=IBAN), 2, 4)
    hears(Separately(), 3, 3)
    decided = desk.documents[-1]
    assert isinstance(decided, Decided)
    answers = data_of(decided)["decision"]["evidence"]["answers"]
    assert [each["meaning"] for each in answers] == ["consent_kk", "separately", "account_given"]
