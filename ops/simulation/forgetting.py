"""What must be gone of a number when all its cases are purged: all but the ids that tell a repeat."""

from ops.simulation.promises import demand
from sms.conversation.line import Line
from streams import envelope


def check_forgotten(line: Line, value: bytes) -> None:
    """Check a line, and what its table's value remembers beside it."""
    ids = line.with_(heard=(), requested=(), wakes=0, stopped_until=None)
    demand(ids == Line(), "a number of which all is purged is empty")
    remembered = [each.effects() for each in envelope.load(value).handled.values()]
    demand(not any(remembered), "what is purged is not remembered beside the line either")
