"""Copies of a stored state, and the clock under which they end."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ops.bench.load.people import citizen
from ops.bench.many import CannotCopyError, Names, Template
from ops.bench.waiting import clock_that_shows
from streams.clock import Clock
from streams.packing.packed import KNOWN, pack, unpack

WHO = citizen(7)
NAMES = Names.of(WHO)
CASE, SID = "0d4b1f2a-1c2d-5e3f-8a9b-0123456789ab", "SM" + "0123456789abcdef" * 2
STATE = {
    "person_id": NAMES.person.decode(),
    "phone_id": NAMES.phone_id.decode(),
    "iin": WHO.iin,
    "phone": WHO.phone,
    "cases": {CASE: {"id": CASE, "sid": SID, "note": "100 % of it"}},
}


HEAD = b"summary and settled events, of which there may be many" * 9


@pytest.mark.parametrize("packed", [None, *KNOWN])
def test_a_copy_is_another_citizens_throughout(packed: int | None) -> None:
    """As it lies in the tables of today, and of any release before, which reads the copies itself."""
    stored = json.dumps(STATE).encode()
    if packed:
        stored = HEAD + pack(stored, packed)
    template = Template(stored, NAMES)
    other = citizen(1_000_003)
    names = Names.of(other)
    filled = template.filled(names, other.number)
    if packed:
        assert filled.startswith(HEAD + bytes([packed]))
        filled = unpack(filled.removeprefix(HEAD))
    copied = json.loads(filled)
    case = f"{CASE[:-12]}{other.number:012x}"
    assert copied == {
        "person_id": names.person.decode(),
        "phone_id": names.phone_id.decode(),
        "iin": other.iin,
        "phone": other.phone,
        "cases": {case: {"id": case, "sid": f"{SID[:-12]}{other.number:012x}", "note": "100 % of it"}},
    }
    assert template.filled(NAMES, 1) != template.filled(NAMES, 2)


def test_a_value_without_names_cannot_be_copied() -> None:
    with pytest.raises(CannotCopyError, match="as text"):
        Template(b"\x00\x01 packed", NAMES)
    with pytest.raises(CannotCopyError, match="unpacked"):
        Template(HEAD + pack(json.dumps(STATE).encode())[:-3], NAMES)


def test_a_clock_shows_the_end_of_the_term_at_the_chosen_instant() -> None:
    due = datetime(2026, 11, 26, 12, tzinfo=UTC)
    until = due + timedelta(days=3, hours=5)
    chosen = clock_that_shows(until, due)
    shown = Clock(chosen.scale, chosen.origin)
    assert abs(shown.virtual(due) - until) < timedelta(milliseconds=1)
    assert abs(chosen.real(until) - due) < timedelta(milliseconds=1)
    assert abs(shown.virtual(due + timedelta(seconds=100)) - until) < timedelta(seconds=101.1)
