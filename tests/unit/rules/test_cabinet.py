import json

import pytest

from rules import cabinet
from schemas.cabinet import DOCUMENTS, Accepted, Claims, Decided
from schemas.canonical import canonical, data_of
from schemas.values import Language, Scheme
from tests.documents import CASE, appeal, decision, every_kind, occasion, refusal


@pytest.mark.parametrize("claims", every_kind(), ids=lambda claims: claims.kind)
def test_each_kind_is_read_as_it_was_written_and_has_canonical_bytes(claims: Claims) -> None:
    written = canonical(data_of(claims))
    assert DOCUMENTS.validate_python(json.loads(written)) == claims
    assert claims.document_id == cabinet.document_id(CASE, claims.kind, 7)


def test_a_step_told_twice_makes_the_same_document_and_other_kinds_and_steps_make_others() -> None:
    assert [data_of(claims) for claims in every_kind()] == [data_of(claims) for claims in every_kind()]
    ids = {cabinet.document_id(CASE, kind, step) for kind in ("accepted", "decided") for step in (1, 2)}
    assert len(ids) == 4


def test_before_a_consent_a_document_has_no_language() -> None:
    assert [claims.language for claims in every_kind(None)] == [None] * 7
    assert every_kind()[0].language is Language.KAZAKH


def test_a_refusal_says_how_to_appeal_and_a_grant_does_not() -> None:
    assert cabinet.decided(occasion(), decision(), appeal=appeal()).appeal is None
    assert cabinet.decided(occasion(), refusal(), appeal=appeal()).appeal == appeal()


def test_the_decision_stands_in_its_document_whole_unknown_fields_too() -> None:
    document = cabinet.decided(occasion(), decision(of_later={"a": [1]}), appeal=None)
    assert isinstance(document, Decided)
    assert data_of(document)["decision"] == decision(of_later={"a": [1]})


def test_who_signs_says_who_issues() -> None:
    accepted = every_kind()[0]
    assert isinstance(accepted, Accepted)
    assert (accepted.issuer, accepted.demo) == ("", False)
    assert accepted.scheme is Scheme.STANDALONE
