"""Whether a case was told by the clock of these settings: by another one every instant would differ."""

from ops.replay.recorded import Recorded
from ops.replay.told import cause_of, event_of
from schemas.times import read_instant
from streams.clock import Clock
from streams.errors import UserError


class OtherClockError(UserError):
    """No step was told by this clock: exit code 2."""

    exit_code = 2


def require_clock(recorded: Recorded, clock: Clock) -> None:
    """Return where a step was told at the instant that this clock gives its cause.

    Raises `OtherClockError`.
    """
    put_at = {
        (event_of(record), clock.virtual(record.timestamp)) for record in recorded.events if record.timestamp
    }
    if not any((cause_of(step), read_instant(str(step.get("at")))) in put_at for step in recorded.told.steps):
        raise OtherClockError(
            "the case was told by another clock: set JARDEM_TIME_SCALE and JARDEM_TIME_ORIGIN as the worker's"
        )
