"""Who may publish what by HTTP: the file of callers, read and held against the key sets of sources."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.x509 import Name
from pydantic import ConfigDict, Field, ValidationError

from schemas.base import Model
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import explain
from schemas.operators import OperatorActed
from streams.errors import UserError
from streams.registry_signatures import RegistrySignatures

TYPES = tuple(name for name in PUBLIC_IN if name != OperatorActed.name)
"""What can come by HTTP: what operators do comes from the console and the terminal alone."""


class CallersError(UserError):
    """The file of callers cannot be read: a line for each thing that is wrong with it."""

    exit_code = 2


class Caller(Model):
    """Who calls: as which sources it speaks, which types it publishes, and by what it is known.

    With `certificates` (subjects as RFC 4514 writes them) it needs one of them; with `signed` each of its
    events bears a signature by a key of its source. `per_second` bounds its events in one process.
    """

    model_config = ConfigDict(extra="forbid")

    sources: tuple[str, ...] = Field(min_length=1)
    types: tuple[str, ...] = Field(min_length=1)
    certificates: tuple[str, ...] = ()
    signed: bool = False
    per_second: float | None = Field(None, gt=0, le=100_000, allow_inf_nan=False)


class _File(Model):
    model_config = ConfigDict(extra="forbid")

    callers: dict[str, Caller] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Callers:
    """All callers by name. Where `anybody` is true there is no file: on one machine, for a first look."""

    named: Mapping[str, Caller] = field(default_factory=dict)
    anybody: bool = False

    def of_certificate(self, subject: str) -> str | None:
        """The name of the caller that has this subject."""
        return next((name for name, each in self.named.items() if subject in each.certificates), None)

    def of_source(self, source: str) -> str | None:
        """The name of the caller that speaks as this source."""
        return next((name for name, each in self.named.items() if source in each.sources), None)


def load_callers(path: Path | None, signatures: RegistrySignatures) -> Callers:
    """Read the file. Raises `CallersError` with a line for each fault, by the caller's name."""
    if path is None:
        return Callers(anybody=True)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        named = _File.model_validate(content, strict=False).callers
    except OSError as error:
        raise CallersError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise CallersError(f"{path} is no file of callers: {explain(error)}") from None
    except ValueError as error:
        raise CallersError(f"{path} is no TOML: {error}") from None
    faults = [fault for name, each in named.items() for fault in _faults(name, each, signatures)]
    if faults := [*faults, *_shared(named)]:
        raise CallersError(*(f"{path}: {fault}" for fault in faults))
    return Callers(named)


def _faults(name: str, caller: Caller, signatures: RegistrySignatures) -> Iterator[str]:
    if not caller.certificates and not caller.signed:
        yield f"by nothing is {name} known: give it certificates, or signed = true"
    for type_ in sorted(set(caller.types) - set(TYPES)):
        yield f"{name} would publish {type_}, which cannot come by HTTP; there are {', '.join(TYPES)}"
    for subject in caller.certificates:
        try:
            right = Name.from_rfc4514_string(subject).rfc4514_string()
        except ValueError:
            yield f"{name} has a certificate whose subject is not written like CN=titles,O=KZ (RFC 4514)"
            continue
        if right != subject:
            yield f"{name} has a certificate whose subject is written otherwise than here: write {right}"
    for source in caller.sources if caller.signed else ():
        keys = signatures.sources.get(source)
        if keys is None:
            yield f"{name} signs as {source}, of which JARDEM_REGISTRY_KEYS has no key set"
        elif strange := sorted(set(caller.types) - set(keys.jardem_topics)):
            yield f"{name} would publish {', '.join(strange)}, which the key set of {source} does not name"


def _shared(named: Mapping[str, Caller]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, caller in named.items():
        for each in (*caller.sources, *caller.certificates):
            other = seen.setdefault(each, name)
            if other != name:
                yield f"{name} and {other} have {each} in common: each has its own"
