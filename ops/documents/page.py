"""What stands on a printed document: a title, rows of label and value, and sentences below."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ops.documents import words
from ops.documents.words import LABELS, Both, Tongue
from schemas.cabinet import (
    Accepted,
    Appeal,
    Decided,
    Document,
    Ended,
    HearingNotice,
    Questioned,
    TermExtended,
)
from schemas.canonical import data_of
from schemas.times import ALMATY, read_day, read_instant
from streams.signing import VerifiedDocument

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One language's page."""

    title: str
    rows: tuple[Row, ...]
    sentences: tuple[str, ...]


def page(found: VerifiedDocument, tongue: Tongue, *, with_qr: bool) -> Page:
    """The page of a verified document in one language."""
    claims = found.claims
    return Page(
        title=_title(claims).in_(tongue),
        rows=tuple((LABELS[name].in_(tongue), value) for name, value in _rows(claims, tongue) if value),
        sentences=tuple(sentence.in_(tongue) for sentence in _sentences(found, with_qr=with_qr)),
    )


def _title(claims: Document) -> Both:
    if isinstance(claims, Decided):
        return words.TITLES[str(claims.decision.get("outcome"))]
    return words.TITLES[claims.kind]


def _rows(claims: Document, tongue: Tongue) -> Iterator[Row]:
    yield "issuer", claims.issuer
    yield "issued", _day_of(data_of(claims)["issued_at"])
    yield "iin", claims.iin
    yield "ground", words.GROUND.in_(tongue).format(claims.ground)
    yield from _own_rows(claims, tongue)
    yield "case_id", claims.case_id
    yield "document_id", claims.document_id
    yield "rules", claims.rules_version


def _own_rows(claims: Document, tongue: Tongue) -> Iterator[Row]:
    match claims:
        case Accepted():
            yield "application_date", _day(claims.application_date)
            yield "decision_due", _day(claims.decision_due)
            yield "scheme", _among(words.SCHEMES, claims.scheme, tongue)
            yield from _evidence(claims.evidence)
        case Decided():
            yield from _decision(claims, tongue)
        case Ended():
            yield "reason", _among(words.REASONS, claims.ending.get("reason"), tongue)
            yield from _where(claims.ending, tongue)
            yield from _evidence(claims.evidence)
        case Questioned():
            yield "reason", _among(words.REASONS, claims.questioned.get("reason"), tongue)
            yield "decision_id", _text(claims.questioned.get("decision_id"))
        case HearingNotice():
            yield "intended_ground", _among(words.REFUSALS, claims.refusal_ground, tongue)
            yield "objections_until", f"{claims.until.astimezone(ALMATY):%d.%m.%Y %H:%M}"
            yield "hearing_from", _day(claims.not_before)
            yield "decision_id", claims.decision_id
        case TermExtended():
            yield "extended_until", _day(claims.until)
            yield "reason", claims.reason
            yield "officer", claims.officer
            yield "decision_id", claims.decision_id


def _decision(claims: Decided, tongue: Tongue) -> Iterator[Row]:
    decision = claims.decision
    yield "application_date", _written_day(decision.get("application_date"))
    yield "refusal_ground", _among(words.REFUSALS, decision.get("refusal_ground"), tongue)
    yield "scheme", _among(words.SCHEMES, decision.get("scheme"), tongue)
    yield "iban", _text(decision.get("iban"))
    if claims.hearing is not None:
        yield "hearing_held", _day(claims.hearing.held_on)
    yield "officer", _text(decision.get("officer"))
    if decision.get("signature") is not None:
        yield "officer_signature", words.YES_SIGNED.in_(tongue)
    if claims.appeal is not None:
        yield from _appeal(claims.appeal, tongue)
    yield "decision_id", _text(decision.get("decision_id"))
    yield from _evidence(decision.get("evidence"))


def _appeal(appeal: Appeal, tongue: Tongue) -> Iterator[Row]:
    for name, said in (("body", appeal.body), ("term", appeal.term), ("court", appeal.court)):
        yield f"appeal_{name}", said.kk if tongue == "kk" else said.ru


def _where(ending: Mapping[str, Any], tongue: Tongue) -> Iterator[Row]:
    route = ending.get("ordinary_route")
    places = route.get("where") if isinstance(route, dict) else None
    for place in places if isinstance(places, list) else ():
        name = place.get("name") if isinstance(place, dict) else None
        if isinstance(name, dict):
            yield "where", _text(name.get(tongue))


def _evidence(evidence: object) -> Iterator[Row]:
    if not isinstance(evidence, dict):
        return
    source = evidence.get("source")
    if isinstance(source, dict):
        yield "record", f"{_text(source.get('record_id'))}, {_written_day(source.get('record_date'))}"
    for label, name, when in (("question", "questions", "sent_at"), ("answer", "answers", "received_at")):
        listed = evidence.get(name)
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict):
                yield label, f"{_day_of(one.get(when))}: {_text(one.get('text'))}"


def _sentences(found: VerifiedDocument, *, with_qr: bool) -> Iterator[Both]:
    claims = found.claims
    if claims.demo:
        yield words.DEMO
    if isinstance(claims, Ended):
        yield words.NO_REFUSAL
    if isinstance(claims, HearingNotice):
        yield words.HEARD
    yield Both(*(sentence.format(found.key.kid) for sentence in words.SIGNED))
    if isinstance(claims, Decided):
        yield words.WITH_QR if with_qr else words.WITHOUT_QR


def _among(known: Mapping[str, Both], value: object, tongue: Tongue) -> str:
    """The words for a value; the value itself where a newer release has it."""
    if value is None:
        return ""
    found = known.get(str(value))
    return str(value) if found is None else found.in_(tongue)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _written_day(text: object) -> str:
    try:
        return _day(read_day(str(text)))
    except ValueError:
        return _text(text)


def _day_of(instant: object) -> str:
    try:
        return _day(read_instant(str(instant)).astimezone(ALMATY).date())
    except ValueError:
        return _text(instant)
