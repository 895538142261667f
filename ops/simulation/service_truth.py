"""What operators truly said of the service, by partition, kept apart from the case desk's own word."""

from collections import defaultdict

from schemas.ids import PersonId
from schemas.operators import OperatorActed
from schemas.received import ReceivedEvent

_FOUR_BYTES = 2**32


class ServiceTruth:
    """The acts that were applied, by their offsets. One that is applied again after a crash is the same."""

    def __init__(self) -> None:
        self._acts: defaultdict[str, dict[int, OperatorActed]] = defaultdict(dict)

    def learn(self, partition: str, act: ReceivedEvent) -> None:
        """An act was applied."""
        if isinstance(act.data, OperatorActed) and act.offset is not None:
            self._acts[partition][act.offset] = act.data

    def stops(self, partition: str, event: ReceivedEvent, person: PersonId, ground: str) -> str:
        """What stood in the way of an offer when the event came, and nothing if nothing did."""
        paused: set[str] = set()
        pilot: OperatorActed | None = None
        shadow = False
        for offset, act in sorted(self._acts[partition].items()):
            if event.offset is None or offset >= event.offset:
                break
            match act.act:
                case "pause":
                    paused.add(act.object.id)
                case "resume":
                    paused.discard(act.object.id)
                case "pilot":
                    pilot = act
                case "end_pilot":
                    pilot = None
                case "shadow" | "end_shadow":
                    shadow = act.act == "shadow"
        if paused & {"all", ground}:
            return "paused"
        if pilot and not _takes_part(pilot, person):
            return "outside the pilot"
        return "shadow" if shadow else ""


def _takes_part(pilot: OperatorActed, person: PersonId) -> bool:
    named = pilot.details.get("persons")
    share = pilot.details.get("share", 0)
    listed = isinstance(named, list) and person in named
    return listed or (isinstance(share, int) and int(person[:8], 16) * 100 < share * _FOUR_BYTES)
