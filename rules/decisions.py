"""The decision on a case, with the evidence that it rests on (R5, R10, R12)."""

from datetime import datetime

from rules import benefit_on_record
from rules.evidence import evidence
from rules.person import Case, Person
from rules.policy import Policy
from rules.terms import local_day
from schemas.ids import decision_id_of
from schemas.outcomes import Decision
from schemas.values import Scheme


def decision(person: Person, case: Case, now: datetime, policy: Policy, rules_version: str) -> Decision:
    """Grant, or refuse on ground 4 where the benefit is on record (R12).

    A refusal needs no account, and is of the benefit alone where no choice was made yet. The decision is the
    case's next step. `rules_version` is that of the rules in force on the application date.

    The application date is the local day on which the consent was received (R5). Another consent makes
    another decision id, so that no signature meets a draft whose consent was taken back. Raises `ValueError`
    without a consent, and for a grant without a scheme or an account: there is no decision without them.
    """
    consent, refused = case.consent, benefit_on_record.refuses(person, case, policy.zone)
    if consent is None or person.iin is None:
        raise ValueError("no decision without a consent")
    if not refused and (case.scheme is None or case.account is None):
        raise ValueError("no grant without a scheme and an account")
    return Decision(
        decision_id=decision_id_of(person.person_id, case.case_id, consent.message_id, case.drafts),
        case_id=case.case_id,
        iin=person.iin,
        step=case.step + 1,
        outcome="refused" if refused else "granted",
        ground=case.ground,
        refusal_ground=4 if refused else None,
        scheme=case.scheme or Scheme.STANDALONE,
        language=consent.language,
        application_date=local_day(consent.received_at, policy.zone),
        iban=None if refused else case.account,
        account_source=None if refused else case.account_source,
        decided_at=now,
        rules_version=rules_version,
        evidence=evidence(case, consent, policy.stand_ins(person.iin)),
    )
