"""The table of the texts and what they cost: for those who write them, and those who pay for them."""

from rich.table import Table

from sms.every_text import all_texts
from sms.texts import Texts


def table(texts: Texts, price: float | None) -> Table:
    """The texts with their parts; with a price of one part, in whatever currency, also what each costs."""
    title = f"What citizens are sent, version {texts.version}"
    shown = Table(title=title, title_justify="left", show_lines=True)
    for column in ("text", "language", "parts", *(["cost"] if price else []), "as it reads"):
        shown.add_column(column)
    for each in all_texts(texts):
        cost = [f"{each.parts * price:.2f}"] if price else []
        shown.add_row(each.name, each.language or "both", str(each.parts), *cost, each.text)
    return shown
