"""How the service is set: what operators' acts on it come to, in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ops.read_model.views import ActShown, Service

_ALL = "all"


def service_of(acted: Sequence[ActShown], waiting: Mapping[str, int], *, most: int) -> Service:
    """The service after these acts; of them the last `most` are shown, the newest first."""
    service = Service(
        paused=False,
        paused_grounds=(),
        pilot=False,
        pilot_share=None,
        pilot_persons=0,
        shadow=False,
        daily_sms=None,
        waiting=waiting,
        acts=list(reversed(acted[-most:])),
    )
    for act in acted:
        service = _after(service, act)
    return service


def _after(service: Service, act: ActShown) -> Service:
    match act.act:
        case "pause" | "resume":
            return _paused(service, act.object_id, paused=act.act == "pause")
        case "pilot":
            return _pilot(service, act.details)
        case "end_pilot":
            return replace(service, pilot=False, pilot_share=None, pilot_persons=0)
        case "shadow" | "end_shadow":
            return replace(service, shadow=act.act == "shadow")
        case "daily_sms":
            number = act.details.get("number")
            return replace(service, daily_sms=number if _is_number(number) else None)
    return service


def _paused(service: Service, ground: str, *, paused: bool) -> Service:
    if ground == _ALL:
        return replace(service, paused=paused)
    others = {each for each in service.paused_grounds if each != ground}
    return replace(service, paused_grounds=tuple(sorted(others | {ground} if paused else others)))


def _pilot(service: Service, details: Mapping[str, Any]) -> Service:
    persons = details.get("persons")
    return replace(
        service,
        pilot=True,
        pilot_share=_percent(details.get("share")),
        pilot_persons=len(persons) if isinstance(persons, list) else 0,
    )


def _percent(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
