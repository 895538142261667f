"""The one clock of all processes: real time, or virtual time that runs faster from a common origin."""

from dataclasses import dataclass
from datetime import UTC, datetime


def real_now() -> datetime:
    """The present instant in real time, an aware datetime in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns real instants into virtual ones and back. Both are aware datetimes in UTC.

    At `origin` the two are equal; from there virtual time runs `scale` times as fast. With a scale of 1 they
    are the same everywhere, which is the only setting that the production profile allows.

    >>> day_a_second = Clock(86_400, datetime(2021, 7, 1, tzinfo=UTC))
    >>> day_a_second.virtual(datetime(2021, 7, 1, 0, 0, 3, tzinfo=UTC)).isoformat()
    '2021-07-04T00:00:00+00:00'
    """

    scale: float = 1.0
    origin: datetime = datetime(2021, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The present instant in virtual time."""
        return self.virtual(real_now())

    def virtual(self, real: datetime) -> datetime:
        """The virtual instant that a real instant corresponds to."""
        if self.scale == 1:
            return real
        return self.origin + (real - self.origin) * self.scale

    def real(self, virtual: datetime) -> datetime:
        """The real instant at which virtual time reaches `virtual`."""
        if self.scale == 1:
            return virtual
        return self.origin + (virtual - self.origin) / self.scale
