"""What a desk can be sent it also handles: the catalogue and the cores name the same events."""

from rules import lifecycle
from schemas import catalogue
from sms.conversation import converse


def test_every_event_of_the_case_inbox_has_a_handler_and_no_other() -> None:
    assert set(lifecycle._HANDLERS) == set(catalogue.CASE_EVENTS.values())


def test_every_event_of_the_sms_inbox_has_a_handler_and_no_other() -> None:
    assert set(converse._HANDLERS) == set(catalogue.LINE_EVENTS.values())
