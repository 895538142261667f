"""The decision on a case, with the evidence that it rests on (R5, R10, R12)."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from rules import benefit_on_record
from rules.person import Case, ConsentGiven, Person, Source
from rules.policy import RULES_VERSION
from rules.terms import local_day
from schemas.ids import decision_id_of
from schemas.outcomes import Decision, Evidence
from schemas.times import ALMATY
from schemas.values import Scheme


def decision(person: Person, case: Case, now: datetime, zone: ZoneInfo = ALMATY) -> Decision:
    """Grant, or refuse on ground 4 where the benefit is on record (R12).

    A refusal needs no account, and is of the benefit alone where no choice was made yet. The decision is the
    case's next step.

    The application date is the local day on which the consent was received (R5). Another consent makes
    another decision id, so that no signature meets a draft whose consent was taken back. Raises `ValueError`
    without a consent, and for a grant without a scheme or an account: there is no decision without them.
    """
    consent, refused = case.consent, benefit_on_record.refuses(person, case, zone)
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
        application_date=local_day(consent.received_at, zone),
        iban=None if refused else case.account,
        account_source=None if refused else case.account_source,
        decided_at=now,
        rules_version=RULES_VERSION,
        evidence=_evidence(case.source, consent),
    )


def _evidence(source: Source, consent: ConsentGiven) -> Evidence:
    offer = consent.offer
    if offer.sent_at is None or offer.text is None or offer.message_id is None:
        raise ValueError("no consent without an offer that was sent")
    return Evidence(
        source_event_id=source.id,
        source_event_source=source.source,
        source_event_time=source.time,
        source_event_sha256=source.sha256,
        offer_message_id=offer.message_id,
        offer_sent_at=offer.sent_at,
        offer_text=offer.text,
        offer_sha256=_digest(offer.text),
        answer_message_id=consent.message_id,
        answer_received_at=consent.received_at,
        answer_text=consent.text,
        answer_sha256=_digest(consent.text),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
