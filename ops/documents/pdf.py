"""A document as a PDF, with fonts that have the letters of Kazakh inside, and a QR code if there is one."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from ops.documents.page import Page
from streams.errors import UserError

if TYPE_CHECKING:
    from fpdf import FPDF

_FONTS = Path(__file__).parent / "fonts"
_FONT = "DejaVu Sans"
_LABEL, _LINE, _SIDE = 52.0, 5.2, 45.0


class NoPrinterError(UserError):
    """What prints documents is not installed."""

    exit_code = 2


def to_pdf(pages: Sequence[Page], qr_code: str | None, issued_at: datetime) -> bytes:
    """The PDF, the same for the same document and QR code. Raises `NoPrinterError`."""
    try:
        from fpdf import FPDF  # noqa: PLC0415 - it is of an extra
    except ImportError:
        raise NoPrinterError("printing needs more packages: pip install 'jardem[documents]'") from None
    pdf = FPDF(format="A4")
    pdf.set_creation_date(issued_at)
    pdf.set_title(pages[0].title)
    pdf.add_font(_FONT, "", _FONTS / "DejaVuSans.ttf")
    pdf.add_font(_FONT, "B", _FONTS / "DejaVuSans-Bold.ttf")
    pdf.set_auto_page_break(auto=True, margin=15)
    for page in pages:
        _draw(pdf, page, qr_code)
    return bytes(pdf.output())


def _draw(pdf: "FPDF", page: Page, qr_code: str | None) -> None:
    pdf.add_page()
    pdf.set_font(_FONT, "B", 14)
    pdf.multi_cell(0, 7, page.title, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    for label, value in page.rows:
        _row(pdf, label, value)
    pdf.ln(4)
    pdf.set_font(_FONT, "", 9)
    for sentence in page.sentences:
        pdf.multi_cell(0, _LINE, sentence, align="L", new_x="LMARGIN", new_y="NEXT")
    if qr_code is not None:
        _draw_qr_code(pdf, qr_code)


def _row(pdf: "FPDF", label: str, value: str) -> None:
    wide = pdf.epw - _LABEL
    # Both cells begin at one height, so the row is kept on one page.
    height = max(_height(pdf, "B", _LABEL, label), _height(pdf, "", wide, value))
    if pdf.will_page_break(height):
        pdf.add_page()
    top = pdf.get_y()
    pdf.set_font(_FONT, "B", 9)
    pdf.multi_cell(_LABEL, _LINE, label, align="L", new_x="RIGHT", new_y="TOP")
    pdf.set_font(_FONT, "", 9)
    pdf.multi_cell(wide, _LINE, value, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.set_y(max(pdf.get_y(), top + height) + 0.8)


def _height(pdf: "FPDF", style: Literal["", "B"], width: float, text: str) -> float:
    pdf.set_font(_FONT, style, 9)
    lines = pdf.multi_cell(width, _LINE, text, align="L", dry_run=True, output="LINES")
    return _LINE * len(cast("list[str]", lines))


def _draw_qr_code(pdf: "FPDF", token: str) -> None:
    try:
        import segno  # noqa: PLC0415 - it is of an extra
    except ImportError:
        raise NoPrinterError("printing needs more packages: pip install 'jardem[documents]'") from None
    rows = [list(row) for row in segno.make(token, error="m", micro=False, boost_error=False).matrix]
    if pdf.will_page_break(_SIDE + 6):
        pdf.add_page()
    dot = _SIDE / len(rows)
    left, top = pdf.l_margin + 4, pdf.get_y() + 4
    for down, row in enumerate(rows):
        across = 0
        while across < len(row):
            end = across
            while end < len(row) and row[end]:
                end += 1
            if end > across:
                pdf.rect(left + across * dot, top + down * dot, (end - across) * dot, dot, style="F")
            across = end + 1
