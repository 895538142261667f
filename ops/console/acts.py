"""What operators may do, from what their forms say: the act, checked, without any page around it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from ops.console.access import May, NotAllowedError, User
from ops.console.publisher import Act
from schemas.times import read_instant
from schemas.values import Ground, check_iin

ON_CASES = ("hold", "resume", "manual_route", "note")
"""What may be done to one case."""

_OFFERS = ("pause", "resume", "pilot", "end_pilot", "shadow", "end_shadow", "daily_sms")
_BY_GROUND = ("pause", "resume")
_LONGEST_REASON = 1000
_MOST_PERSONS = 10_000
_WHOLE = 100.0


class BadActError(ValueError):
    """The form is not as the act needs it. `key` is that of the page's words, `bad_act.KEY`."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def on_case(user: User, act: str, *, case_id: str, person_id: str, reason: str) -> Act:
    """Hold a case, let it go on, send it to the manual route, or note something.

    Raises `NotAllowedError` and `BadActError`, as all of these do.
    """
    _allow(user, May.OPERATE)
    if act not in ON_CASES:
        raise BadActError("unknown")
    return _checked(
        user,
        Act(act, "case", case_id, said(reason), person_id=person_id, case_id=case_id),
    )


def intend_refusal(
    user: User, *, decision_id: str, case_id: str, person_id: str, ground: str, reason: str
) -> Act:
    """Intend to refuse a drafted grant, by a ground from 1 to 4: the person is told and heard first (R30)."""
    _allow(user, May.SIGN)
    return _checked(
        user,
        Act(
            "intend_refusal",
            "decision",
            decision_id,
            said(reason),
            may=May.SIGN,
            person_id=person_id,
            case_id=case_id,
            details={"refusal_ground": refusal_ground(ground)},
        ),
    )


def on_offers(  # noqa: PLR0913 - the fields of the form
    user: User,
    act: str,
    *,
    reason: str,
    ground: str = "",
    share: str = "",
    persons: str = "",
    number: str = "",
    pseudonym: Callable[[str], str] | None = None,
) -> Act:
    """Start, stop or narrow the service.

    `ground` is of a pause or its end alone, empty for all. `share` (percent) and `persons` (IINs, or
    pseudonyms, parted by blanks) are of a pilot; `pseudonym` makes the one of the other, so that no IIN goes
    into the event. `number` is the daily one of SMS, empty for no limit.
    """
    _allow(user, May.OPERATE)
    if act not in _OFFERS:
        raise BadActError("unknown")
    details: Mapping[str, Any] = {}
    if act == "pilot":
        details = _pilot(share, persons, pseudonym)
    elif act == "daily_sms":
        details = {"number": _number(number)}
    kind, id_ = ("ground", _ground(ground)) if ground and act in _BY_GROUND else ("offers", "all")
    return _checked(user, Act(act, kind, id_, said(reason), details=details))


def on_message(
    user: User, *, message_id: str, phone_id: str, reason: str, sent_at: str | None, now: datetime
) -> Act:
    """Say of a message in doubt that it left at this time, or (None) that it did not."""
    _allow(user, May.OPERATE)
    if sent_at is None:
        return _checked(user, Act("not_sent", "message", message_id, said(reason), phone_id=phone_id))
    try:
        instant = read_instant(sent_at)
    except ValueError:
        raise BadActError("bad_time") from None
    if instant > now:
        raise BadActError("time_ahead")
    details = {"sent_at": instant.isoformat().replace("+00:00", "Z")}
    return _checked(
        user, Act("sent", "message", message_id, said(reason), phone_id=phone_id, details=details)
    )


def said(reason: str) -> str:
    """A reason, without blanks around it. Raises `BadActError` where there is none, or too much of it."""
    text = reason.strip()
    if not text:
        raise BadActError("no_reason")
    if len(text) > _LONGEST_REASON:
        raise BadActError("long_reason", most=_LONGEST_REASON)
    return text


def refusal_ground(text: str) -> int:
    """The ground of a refusal (R12). Raises `BadActError`."""
    if text not in ("1", "2", "3", "4"):
        raise BadActError("no_ground")
    return int(text)


def _allow(user: User, may: May) -> None:
    if not user.may(may):
        raise NotAllowedError(may)


def _checked(user: User, act: Act) -> Act:
    """The act, if the event can say it."""
    try:
        act.event(user)
    except ValidationError:
        raise BadActError("unreadable") from None
    return act


def _ground(text: str) -> str:
    if text not in {ground.value for ground in Ground}:
        raise BadActError("unknown_ground")
    return text


def _number(text: str) -> int | None:
    if not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdecimal()) or len(text.strip()) > len("1000000000"):
        raise BadActError("bad_number")
    return int(text)


def _pilot(share: str, persons: str, pseudonym: Callable[[str], str] | None) -> Mapping[str, Any]:
    details: dict[str, Any] = {}
    if share.strip():
        try:
            percent = float(share.strip().rstrip("%").replace(",", "."))
        except ValueError:
            raise BadActError("bad_share") from None
        if not 0 <= percent <= _WHOLE:
            raise BadActError("bad_share")
        # Whole numbers stay whole: what is signed over an act later knows no fractions.
        details["share"] = int(percent) if percent.is_integer() else percent
    listed = persons.replace(",", " ").replace(";", " ").split()
    if len(listed) > _MOST_PERSONS:
        raise BadActError("many_persons", most=_MOST_PERSONS)
    if listed:
        found = [_person(text, place, pseudonym) for place, text in enumerate(listed, start=1)]
        details["persons"] = sorted(set(found))
    if not details:
        raise BadActError("empty_pilot")
    return details


def _person(text: str, place: int, pseudonym: Callable[[str], str] | None) -> str:
    """A pseudonym of what was typed. The complaint says where it stands, never what it is."""
    if len(text) == _PSEUDONYM and set(text) <= set("0123456789abcdef"):
        return text
    try:
        iin = check_iin(text)
    except ValueError:
        raise BadActError("bad_person", place=place) from None
    if pseudonym is None:
        raise BadActError("bad_person", place=place)
    return pseudonym(iin)


_PSEUDONYM = 64
