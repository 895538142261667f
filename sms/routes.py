"""Which of several carriers takes which numbers: a file in TOML, and what it may say.

A number's prefix tells which operator it was given to, not where it is: people take their numbers with them.
So the file may name ported numbers, and what one operator refuses as no number of its own goes to the next.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.values import check_phone
from streams.errors import UserError
from streams.settings.values import OptionalAddress, Zone

TWILIO = "twilio"
"""The carrier that is the SMS API of JARDEM_TWILIO_*."""

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,20}$")]
_Prefix = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,14}$")]


class RoutesError(UserError):
    """The file of routes is not as it must be: a line for each fault."""

    exit_code = 2


class _Told(BaseModel):
    """A part of the file. A field that it does not have is a slip of the pen."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Operator(_Told):
    """An account at an operator: the settings JARDEM_SMPP_* of the same names and defaults."""

    address: OptionalAddress
    system_id: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,15}$")]
    password_file: Path
    sender: Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,15}$")] | None = None
    tls: Literal["true", "false", "tunnel"] = "false"
    tls_ca: Path | None = None
    system_type: str = ""
    bind: Literal["transceiver", "pair"] = "transceiver"
    binds: int | None = Field(None, ge=1, le=1000)
    window: int = Field(10, ge=1, le=100)
    per_second: float = Field(0, ge=0)
    enquire: float = Field(30, ge=1, le=600)
    source_ton: int | None = Field(None, ge=0, le=6)
    source_npi: int | None = Field(None, ge=0, le=18)
    destination_ton: int = Field(1, ge=0, le=6)
    destination_npi: int = Field(1, ge=0, le=18)
    long_texts: Literal["udh", "sar", "payload"] = "udh"
    alphabet: Literal["gsm", "latin1"] = "gsm"
    receipt_ids: Literal["same", "hex_to_decimal", "decimal_to_hex"] = "same"
    receipt_errors: Literal["own", "gsm"] = "own"
    receipt_zone: Zone = "Asia/Almaty"


class Route(_Told):
    """The numbers with one of these prefixes go to the first of the carriers that can be reached."""

    prefixes: Annotated[list[_Prefix], Field(min_length=1)]
    carriers: Annotated[list[_Name], Field(min_length=1)]


class _File(_Told):
    operators: dict[_Name, Operator]
    routes: Annotated[list[Route], Field(min_length=1)]
    ported: Path | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """The accounts by their names, and the order in which carriers are tried for a number.

    `ported` has the carriers of single numbers, which go before those of the number's prefix.
    """

    operators: Mapping[str, Operator]
    routes: tuple[Route, ...]
    ported: Mapping[str, str] = field(default_factory=dict, repr=False)

    def carriers_of(self, phone: str) -> list[str]:
        """The carriers for a number, the first choice first: of its longest prefix, but for ported ones."""
        matching = [
            (len(prefix), route)
            for route in self.routes
            for prefix in route.prefixes
            if phone.startswith(prefix)
        ]
        named = max(matching, key=lambda match: match[0])[1].carriers if matching else []
        ported = self.ported.get(phone)
        return [ported, *(name for name in named if name != ported)] if ported else list(named)

    def names(self) -> list[str]:
        """All carriers that there are routes to."""
        named = [name for route in self.routes for name in route.carriers]
        return list(dict.fromkeys([*named, *self.ported.values()]))


def load_routes(path: Path) -> Routes:
    """Read the file, and the file of ported numbers that it names. Raises `RoutesError`."""
    try:
        told = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RoutesError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        told_of = error.errors(include_input=False)
        raise RoutesError(*(f"{path}: {_where(each['loc'])}: {each['msg']}" for each in told_of)) from None
    except ValueError as error:
        raise RoutesError(f"{path} is no TOML: {error}") from None
    ported = dict(_ported(path.parent / told.ported)) if told.ported else {}
    routes = Routes(told.operators, tuple(told.routes), ported)
    unknown = [name for name in routes.names() if name not in told.operators and name != TWILIO]
    faults = [f"{path}: a route names {name}, which is no operator there and not twilio" for name in unknown]
    if TWILIO in told.operators:
        faults.append(f"{path}: no operator may be called twilio, which is the SMS API of JARDEM_TWILIO_*")
    if faults:
        raise RoutesError(*faults)
    return routes


def _ported(path: Path) -> Iterator[tuple[str, str]]:
    """Numbers and their carriers. A fault is told by its line, and never repeats what stands there."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        raise RoutesError(f"{path}, the file of ported numbers, cannot be read") from None
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            phone, _, carrier = line.partition(",")
            try:
                yield check_phone(phone.strip()), carrier.strip()
            except ValueError:
                raise RoutesError(
                    f"{path}, line {number}: write a number and its carrier, like +77011234567,altel"
                ) from None


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))
