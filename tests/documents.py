"""Documents as the contract has them, for whoever tests their signature, their check and their print."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from rules import cabinet
from rules.cabinet import Occasion
from schemas.cabinet import Appeal, Claims, Heard
from schemas.canonical import digest, text_digest
from schemas.values import Ground, Language, Scheme
from schemas.words import Words

CASE = "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"
PERSON = "9f2c" * 16
IIN = "850101300015"
IBAN = "KZ86125KZT5004100100"
AT = datetime(2021, 7, 23, 5, 0, 1, tzinfo=UTC)
OFFER = "Е-макет. ЖСН *0015: Сізге арнаулы мемлекеттік жәрдемақы тағайындалуы мүмкін. 1: келісемін."
QUESTION = "a2b4c6d8-0000-5000-8000-000000000001"
ACCOUNT = "Е-макет. ЖСН *0015: жәрдемақыны KZ**0100 шотыңызға аударамыз ба? Иә: 1."
ACCOUNT_QUESTION = "a2b4c6d8-0000-5000-8000-000000000002"
PHONE_ID = "7a" * 32

CHAIN: list[dict[str, Any]] = [
    {
        "case_id": CASE,
        "step": 1,
        "previous": None,
        "from": "new",
        "to": "received",
        "cause": {"type": "registry.title-awarded.v1", "id": "award-17"},
        "rule": "R1, R7",
        "note": None,
        "ground": "4-2",
        "language": None,
        "until": None,
        "at": "2021-07-22T04:00:00Z",
    },
    {
        "case_id": CASE,
        "step": 2,
        "previous": "13e7e7954e5e21e51d8d5cd1e0f0862122a4afe29354fb97fccb7fc3a82df59f",
        "from": "received",
        "to": "offer_asked",
        "cause": {"type": "deadline.elapsed", "id": "f0"},
        "rule": "R2, R3",
        "note": None,
        "ground": "4-2",
        "language": None,
        "until": None,
        "at": "2021-07-22T04:00:03Z",
    },
]
"""The chain of the contract, section 3."""

_STATES = ("new", "received", "offer_asked", "offer_sent", "account_asked", "account_sent", "granted")


def chain(case_id: str = CASE, steps: int = 6) -> list[dict[str, Any]]:
    """A log of one case, as it was told."""
    log: list[dict[str, Any]] = []
    for number in range(1, steps + 1):
        log.append(
            {
                **CHAIN[0],
                "case_id": case_id,
                "step": number,
                "previous": digest(log[-1]) if log else None,
                "from": _STATES[number - 1],
                "to": _STATES[number],
                "cause": {"type": "deadline.elapsed", "id": f"{case_id}/{number}"},
                "at": f"2021-07-22T04:00:{number:02}Z",
            }
        )
    return log


def evidence() -> dict[str, Any]:
    def consent() -> dict[str, Any]:
        return {
            "given": True,
            "at": "2021-07-23T05:00:00Z",
            "question_id": QUESTION,
            "message_id": "SM02",
            "text_version": "1",
            "text_sha256": text_digest(OFFER),
        }

    return {
        "source": {
            "event": "registry.title-awarded.v1",
            "id": "award-17",
            "source": "urn:registry",
            "time": "2021-07-22T04:00:00Z",
            "sha256": "1d" * 32,
            "record": "title",
            "record_id": "award-17",
            "record_date": "2021-07-20",
        },
        "number": {
            "phone_id": PHONE_ID,
            "registered_at": "2021-01-01T00:00:00Z",
            "event_sha256": "2e" * 32,
        },
        "questions": [
            _question(QUESTION, "offer", OFFER, None),
            _question(ACCOUNT_QUESTION, "account", ACCOUNT, "kk"),
        ],
        "answers": [
            _answer(QUESTION, "consent_kk", "1", "SM02"),
            _answer(ACCOUNT_QUESTION, "account_confirmed", "Иә", "SM04"),
        ],
        "consent_to_service": consent(),
        "consent_to_data": consent(),
        "sender": {"carrier": "twilio", "from": "+77001234567"},
    }


def _question(question_id: str, kind: str, text: str, language: str | None) -> dict[str, Any]:
    return {
        "question_id": question_id,
        "kind": kind,
        "phone_id": PHONE_ID,
        "language": language,
        "text": text,
        "sha256": text_digest(text),
        "text_version": "1",
        "sent_at": "2021-07-22T04:00:05Z",
        "term_ends": "2021-07-26T18:00:00Z",
        "message_id": "SM01",
    }


def _answer(question_id: str, meaning: str, text: str, message_id: str) -> dict[str, Any]:
    return {
        "question_id": question_id,
        "meaning": meaning,
        "phone_id": PHONE_ID,
        "text": text,
        "sha256": text_digest(text),
        "received_at": "2021-07-23T05:00:00Z",
        "message_id": message_id,
    }


def decision(**changes: Any) -> dict[str, Any]:
    """The data of a granted decision; a draft has neither an officer nor a signature."""
    return {
        "decision_id": f"{PERSON}.3f6f2f0a-9c11-5d6b-9a51-0b7e1f523c0a",
        "case_id": CASE,
        "step": 7,
        "iin": IIN,
        "outcome": "granted",
        "refusal_ground": None,
        "ground": "4-2",
        "scheme": "standalone",
        "language": "kk",
        "application_date": "2021-07-23",
        "iban": IBAN,
        "account_source": "confirmed",
        "decided_at": "2021-07-23T05:00:01Z",
        "rules_version": "order-225-2021/1",
        "officer": None,
        "signature": None,
        "evidence": evidence(),
        **changes,
    }


def refusal(**changes: Any) -> dict[str, Any]:
    return decision(outcome="refused", refusal_ground=4, iban=None, account_source=None) | changes


def occasion(language: Language | None = Language.KAZAKH, at: datetime = AT) -> Occasion:
    return Occasion(
        case_id=CASE,
        step=7,
        at=at,
        sha256="3c" * 32,
        iin=IIN,
        ground=Ground.PEOPLES_HERO,
        language=language,
        rules_version="order-225-2021/1",
        texts_version="1",
        policies={"term_policy": "exclusive_roll"},
    )


def appeal() -> Appeal:
    body = Words(kk="Жоғары тұрған орган", ru="Вышестоящий орган", en="The higher body")
    term = Words(kk="Үш ай ішінде", ru="В течение трёх месяцев", en="Within three months")
    court = Words(kk="Әкімшілік сот", ru="Административный суд", en="The administrative court")
    return Appeal(body=body, term=term, court=court)


def every_kind(language: Language | None = Language.KAZAKH) -> list[Claims]:
    """A document of each kind, a refusal with its hearing among them."""
    when = occasion(language)
    decision_id = str(decision()["decision_id"])
    heard = Heard(told_at=AT, held_on=date(2021, 7, 29), objection=True, officer="officer-7")
    ending = {
        "case_id": CASE,
        "step": 7,
        "iin": IIN,
        "ground": "4-2",
        "reason": "no_reply",
        "ended_at": "2021-07-26T18:00:00Z",
        "scheme": None,
        "consented_on": None,
        "ordinary_route": {
            "where": [
                {
                    "place": "state_corporation",
                    "name": {"kk": "Мемлекеттік корпорация", "ru": "Государственная корпорация", "en": "x"},
                    "hours": {"kk": "Дс-Сб 9-20", "ru": "Пн-Сб 9-20", "en": "x"},
                    "condition": None,
                }
            ],
            "call": ["1414", "8 800 080 77 77"],
        },
    }
    questioned = {
        "case_id": CASE,
        "decision_id": decision_id,
        "iin": IIN,
        "reason": "died_before_consent",
        "at": "2021-08-01T00:00:00Z",
    }
    return [
        cabinet.accepted(
            when,
            application_date=date(2021, 7, 23),
            scheme=Scheme.STANDALONE,
            decision_due=date(2021, 8, 4),
            evidence=evidence(),
        ),
        cabinet.decided(when, decision(), appeal=appeal()),
        cabinet.decided(when, refusal(), hearing=heard, appeal=appeal()),
        cabinet.ended(when, ending, None),
        cabinet.questioned(when, questioned),
        cabinet.hearing_notice(
            when,
            decision_id=decision_id,
            refusal_ground=1,
            until=AT + timedelta(days=5),
            not_before=date(2021, 7, 29),
        ),
        cabinet.term_extended(
            when, decision_id=decision_id, until=date(2021, 9, 3), reason="Архив іздеу", officer="officer-7"
        ),
    ]
