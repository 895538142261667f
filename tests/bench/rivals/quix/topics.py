"""The topics that are read and written. The first three are the contract's, the others our own."""

FACTS, AWARDS, DECISIONS = "portal.phone-registered.v1", "registry.title-awarded.v1", "benefit.decided.v1"

INPUTS = "quix.inputs.v1"
"""What moves a case, by phone: an award, an answer, a deadline that has come."""

MESSAGES = "quix.messages.v1"
"""What is to be sent, by phone."""

TIMERS = "quix.timers.v1"
"""Deadlines by phone; one without an instant is taken back."""

OURS = (INPUTS, MESSAGES, TIMERS)
CONFIGS = {TIMERS: {"cleanup.policy": "compact"}}
PARTITIONS = 4
GROUP = "quix-cases"
