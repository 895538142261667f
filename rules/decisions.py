"""The decision on a case, with the evidence that it rests on (R5, R10, R12)."""

import hashlib
from datetime import datetime

from rules.person import Case, ConsentGiven, Person, Source
from rules.policy import RULES_VERSION
from rules.terms import local_day
from schemas.ids import decision_id_of
from schemas.outcomes import Decision, Evidence


def decision(person: Person, case: Case, now: datetime) -> Decision:
    """Grant, or refuse on ground 4 where the benefit is on record (R12).

    The application date is the local day on which the consent was received (R5). Another consent makes
    another decision id, so that no signature meets a draft whose consent was taken back. Raises `ValueError`
    without a consent, a scheme or an account: there is no decision without them.
    """
    consent = case.consent
    if consent is None or case.scheme is None or case.account is None or person.iin is None:
        raise ValueError("no decision without a consent, a scheme and an account")
    return Decision(
        decision_id=decision_id_of(person.person_id, case.case_id, consent.message_id),
        case_id=case.case_id,
        iin=person.iin,
        outcome="refused" if person.receives else "granted",
        ground=case.ground,
        refusal_ground=4 if person.receives else None,
        scheme=case.scheme,
        language=consent.language,
        application_date=local_day(consent.received_at),
        iban=case.account,
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
