"""Texts for citizens that stand in data, not in an SMS: the same in three languages."""

from typing import Annotated

from pydantic import StringConstraints

from schemas.base import Model

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""A text that says something."""


class Words(Model):
    """The same in Kazakh, Russian and English; none of them is empty."""

    kk: Text
    ru: Text
    en: Text
