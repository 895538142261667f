"""Who receives an event: every event that is sent says so by its base class.

What is sent without one of them is a mistake that the type checker finds, and the catalogue of what each desk
understands follows from them.
"""

from schemas.base import Event
from schemas.ids import PersonId
from schemas.values import Phone


class ToCase(Event):
    """To the case desk, which keeps one person's events in order."""

    person_id: PersonId


class ToLine(Event):
    """To the SMS desk, which keeps one number's events in order."""

    phone: Phone


class ToCarrier(Event):
    """To the carrier, which keeps one number's messages in order."""

    phone: Phone


class PublicIn(Event):
    """From a registry, the portal, the State Corporation or E-maket: its name is its topic."""


class PublicKept(PublicIn):
    """Comes in as well, is checked, and stays where it is: it is about nobody, and no desk is told of it."""


class PublicOut(Event):
    """To everybody: its name is its topic, and its key the person whom it is about."""


Effect = ToCase | ToLine | ToCarrier | PublicOut
"""What a core may send."""
