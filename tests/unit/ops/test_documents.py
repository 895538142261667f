import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.documents import words
from ops.documents.command import printed
from ops.documents.pdf import NoPrinterError, to_pdf
from ops.keys.folder import new_key
from ops.verify.document import DocumentError
from schemas.cabinet import Claims
from schemas.canonical import text_digest
from schemas.values import EndReason
from streams.key_set import DEMO_KEYS
from streams.signing import load_signer, verify_qr_code
from tests.command import run
from tests.documents import AT, IBAN, IIN, decision, every_kind

pdfium = pytest.importorskip("pypdfium2")
zxing = pytest.importorskip("zxingcpp")
ttlib = pytest.importorskip("fontTools.ttLib")

DEMO = load_signer(None, "")
KAZAKH = "ӘҒҚҢӨҰҮҺІәғқңөұүһі"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)


def text_of(pdf: bytes) -> str:
    """The text of all pages, as a reader of PDF takes it out."""
    document = pdfium.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", " ")
    finally:
        document.close()


def qr_codes_in(pdf: bytes) -> list[str]:
    """What a camera would read off the pages."""
    document = pdfium.PdfDocument(pdf)
    try:
        pictures = [page.render(scale=3).to_pil() for page in document]
        return [code.text for picture in pictures for code in zxing.read_barcodes(picture)]
    finally:
        document.close()


def pdf_of(claims: Claims, language: str | None = None, *, signed: bool = True) -> bytes:
    content = DEMO.issue(claims).document.encode()
    return printed(content, DEMO_KEYS, DEMO if signed else None, AT, language)


@pytest.mark.parametrize("language", ["kk", "ru", None])
@pytest.mark.parametrize("claims", every_kind(None), ids=lambda claims: claims.kind)
def test_each_kind_is_printed_in_each_language(claims: Claims, language: Any) -> None:
    text = text_of(pdf_of(claims, language))
    titles = words.TITLES.get(claims.kind) or words.TITLES[_outcome(claims)]
    assert (titles.kk in text) == (language in ("kk", None))
    assert (titles.ru in text) == (language in ("ru", None))
    assert IIN in text
    assert (words.DEMO.kk in text) == (language in ("kk", None))


def _outcome(claims: Any) -> str:
    return str(claims.decision["outcome"])


def test_by_default_it_is_in_the_documents_language() -> None:
    assert words.DEMO.ru not in text_of(pdf_of(every_kind()[1]))


def test_a_decision_says_what_was_decided() -> None:
    text = text_of(pdf_of(every_kind()[1], "ru"))
    for part in (
        IBAN,
        "23.07.2021",
        "подпункт 4-2) статьи 4 Закона",
        str(decision()["decision_id"])[:60],
        "award-17",
    ):
        assert part in text
    refused = text_of(pdf_of(every_kind()[2], "kk"))
    for part in (
        "жәрдемақы бұрын тағайындалған",
        "Жоғары тұрған орган",
        "Үш ай ішінде",
        "Әкімшілік сот",
        "29.07.2021",
    ):
        assert part in refused
    assert IBAN not in refused


def test_every_letter_of_kazakh_is_in_the_text_and_the_fonts_inside() -> None:
    claims = every_kind()[6].with_(reason=KAZAKH)
    pdf = pdf_of(claims, "kk")
    text = text_of(pdf)
    assert [letter for letter in KAZAKH if letter not in text] == []
    assert pdf.count(b"/FontFile2") >= 2
    assert b"DejaVuSans" in pdf


def test_the_letters_are_drawn_and_not_empty_boxes() -> None:
    folder = Path(words.__file__).parent / "fonts"
    for file in sorted(folder.glob("*.ttf")):
        known = ttlib.TTFont(file).getBestCmap()
        assert [letter for letter in KAZAKH + "№«»“”–—…" if ord(letter) not in known] == []


def test_the_qr_code_is_read_off_the_page_and_verifies() -> None:
    claims = every_kind()[1]
    pdf = pdf_of(claims, "ru")
    [token] = qr_codes_in(pdf)
    found = verify_qr_code(token, DEMO_KEYS)
    assert found.claims.document_sha256 == text_digest(DEMO.issue(claims).document)
    assert (found.claims.decision_id, found.claims.outcome) == (decision()["decision_id"], "granted")
    assert words.WITH_QR.ru[:20] in text_of(pdf)


def test_who_has_no_key_prints_without_a_qr_code_and_the_paper_says_so() -> None:
    pdf = pdf_of(every_kind()[1], "ru", signed=False)
    assert qr_codes_in(pdf) == []
    assert "Напечатано без QR-кода" in text_of(pdf)
    assert qr_codes_in(pdf_of(every_kind()[0], "ru")) == []
    assert "QR" not in text_of(pdf_of(every_kind()[0], "ru"))


def test_the_same_document_gives_the_same_pdf() -> None:
    assert pdf_of(every_kind()[1]) == pdf_of(every_kind()[1])


def test_every_reason_has_words_in_both_languages() -> None:
    assert [reason for reason in EndReason if reason not in words.REASONS] == []
    for table in (words.TITLES, words.LABELS, words.SCHEMES, words.REFUSALS, words.REASONS):
        assert all(both.kk and both.ru for both in table.values())


def test_the_command_verifies_and_prints(tmp_path: Path) -> None:
    file, pdf = tmp_path / "document", tmp_path / "a.pdf"
    file.write_text(DEMO.issue(every_kind()[1]).document)
    code, said = run("document", str(file), "--pdf", str(pdf), "--language", "ru")
    assert (code, "decided: granted" in said) == (0, True)
    assert words.TITLES["granted"].ru in text_of(pdf.read_bytes())
    pdf.unlink()
    file.write_text(file.read_text()[:-1] + "!")
    code, said = run("document", str(file), "--pdf", str(pdf))
    assert (code, said.startswith("does not verify")) == (1, True)
    assert not pdf.exists()
    assert run("document", str(tmp_path / "none"), "--pdf", str(pdf))[0] == 2
    assert run("document", str(file))[0] == 2


def test_outside_development_a_demo_document_is_not_printed(tmp_path: Path) -> None:
    file, pdf = tmp_path / "document", tmp_path / "a.pdf"
    file.write_text(DEMO.issue(every_kind()[1]).document)
    (tmp_path / "keys.json").write_text(DEMO_KEYS.written())
    code, said = run("document", str(file), "--pdf", str(pdf), PROFILE="production")
    assert (code, "a demo document" in said, pdf.exists()) == (1, True, False)


def test_whoever_verifies_by_public_keys_alone_prints_without_a_qr_code(tmp_path: Path) -> None:
    folder, file, pdf = tmp_path / "keys", tmp_path / "document", tmp_path / "a.pdf"
    new_key(folder, datetime(2021, 7, 1, tzinfo=UTC), None)
    file.write_text(load_signer(folder, "Біз").issue(every_kind()[1]).document)
    (tmp_path / "keys.json").write_text((folder / "keys.json").read_text())
    assert run("document", str(file), "--pdf", str(pdf), PROFILE="production")[0] == 0
    assert "QR кодсыз басылған" in text_of(pdf.read_bytes())
    assert run("document", str(file), "--pdf", str(pdf), SIGNING_KEYS=str(folder))[0] == 0
    assert len(qr_codes_in(pdf.read_bytes())) == 1
    assert words.DEMO.kk not in text_of(pdf.read_bytes())


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fpdf", None)
    with pytest.raises(NoPrinterError, match="pip install"):
        to_pdf([], None, AT)


def test_what_does_not_verify_is_not_printed() -> None:
    with pytest.raises(DocumentError):
        printed(b"a.b.c", DEMO_KEYS, DEMO, AT)
