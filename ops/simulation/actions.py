"""What may happen in a scenario, one action at a time.

A number that picks something (a person, an inbox, a report) is taken modulo what there is, so that any
sequence of actions can be played: a story stays a story when actions are left out of it.
"""

from dataclasses import dataclass
from typing import Literal

from schemas.messages import Failure

Spoiled = Literal["no value", "no JSON", "no event", "a stranger", "half of it"]
"""How a record can't be read."""


@dataclass(frozen=True, slots=True)
class Publish:
    """A fact about a person is published, which became true `ago` minutes before."""

    person: int
    fact: str
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """A text comes from a number. `late`: it reaches the inbox by a `Land`.

    Then it is found in the SMS API's list, with the instant at which it was written. `called`: the API calls
    us with it as well, so late that it is received at that call's own instant, if that is read first.

    `text` None: whatever agrees with the message that this number got last.
    """

    phone: int
    text: str | None
    late: bool = False
    called: bool = False


@dataclass(frozen=True, slots=True)
class Land:
    """A late text reaches the inbox."""

    pick: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Edge:
    """Time passes up to this many milliseconds from the next instant that anything waits for."""

    milliseconds: int


@dataclass(frozen=True, slots=True)
class Ring:
    """The deadlines that have come are told to their inboxes."""


Half = Literal["shared", "own"] | None
"""Of what a dying worker wrote: only what a partition's people share, only what they do not, or all."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A worker dies in the middle: whether it wrote its table, and how many effects it sent."""

    wrote: bool
    sent: int
    half: Half = None


@dataclass(frozen=True, slots=True)
class Work:
    """A desk takes a batch from one of the inboxes where something waits. `lag`: its clock's, in seconds."""

    pick: int
    count: int = 1
    crash: Crash | None = None
    lag: float = 0.0


@dataclass(frozen=True, slots=True)
class Carry:
    """The carrier is handed a message that waits for it.

    `outcome`: `accept`, `lose` (taken, but the answer is lost), `defer`, `reject`, `opt_out` (the number
    wants nothing of us), `doubt` (nobody can tell), or `die` (taken, and the worker dies before it can say
    so).
    """

    pick: int
    outcome: str = "accept"


@dataclass(frozen=True, slots=True)
class Status:
    """The carrier tells what became of an SMS, in any order and as often as it likes.

    `failure` is why, where it did not reach its number.
    """

    pick: int
    status: str
    failure: Failure = "passing"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A record that was read long ago is in its inbox once more."""

    pick: int


@dataclass(frozen=True, slots=True)
class Sign:
    """An officer signs a draft, be it the newest or one of long ago."""

    pick: int
    granted: bool = True


OfficeAct = Literal["hear", "object", "intend", "extend", "manual_route"]
"""What officers and operators do."""


@dataclass(frozen=True, slots=True)
class Office:
    """Officers and operators say something of a draft, or of a case: be it the newest or one of long ago.

    `what`: the person was heard today (`hear`, `object`), a refusal is intended (`intend`), the term is
    extended (`extend`), or a case goes the manual way (`manual_route`).
    """

    pick: int
    what: OfficeAct


ServiceAct = Literal[
    "pause",
    "resume",
    "pause_ground",
    "resume_ground",
    "pilot_share",
    "pilot_persons",
    "end_pilot",
    "shadow",
    "end_shadow",
]
"""What operators do to the whole service."""
CaseAct = Literal["hold", "resume_case", "note"]
"""What they do to a case, beside what they say of drafts."""


@dataclass(frozen=True, slots=True)
class Operate:
    """An operator starts or stops the service, or a case."""

    pick: int
    what: ServiceAct | CaseAct


@dataclass(frozen=True, slots=True)
class Spoil:
    """A record enters an inbox that can't be read, or whose effects are too large."""

    pick: int
    how: Spoiled | Literal["large"]


@dataclass(frozen=True, slots=True)
class Settle:
    """All that waits is worked through, without trouble."""


_OfPeople = Publish | Write | Land | Sign | Office | Operate
_OfMachines = Work | Carry | Status | Repeat | Spoil
_OfTime = Pass | Edge | Ring | Settle
Action = _OfPeople | _OfMachines | _OfTime
