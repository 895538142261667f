"""A simulated SMS API of Twilio's shape, with handsets on which a person or a script answers."""

from sms.simulator.about import About, Link, QuickAnswer
from sms.simulator.handsets import Handset, Message, Switches
from sms.simulator.server import Simulator

__all__ = ["About", "Handset", "Link", "Message", "QuickAnswer", "Simulator", "Switches"]
