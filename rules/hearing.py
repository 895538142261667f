"""When a person is heard before a refusal (R30).

The person is told of the intention at least 3 working days before. Objections are taken until the local
midnight after the last of them, and the hearing may be held from the day on that begins then.
"""

from datetime import datetime, timedelta
from typing import Literal

from rules.person import Hearing
from rules.policy import Policy
from rules.terms import at_local, local_day, working_day_after

RefusalGround = Literal[1, 2, 3, 4]


def intended(told_at: datetime, ground: RefusalGround, policy: Policy) -> Hearing:
    """The hearing on a refusal of which the person is told at this instant."""
    day = local_day(told_at, policy.zone)
    not_before = working_day_after(day, policy.hearing_days, policy.service_calendar) + timedelta(days=1)
    return Hearing(
        told_at=told_at,
        until=at_local(not_before, zone=policy.zone),
        not_before=not_before,
        refusal_ground=ground,
    )
